//! Which names are global where.

use nbfix_python::Module;
use nbfix_text::TextRange;

use super::shape::scope_of;
use crate::binder::bind;
use crate::{BindingKind, Scope, ScopeKind, Unit};

/// What a name is where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// A name of the notebook.
    Global,
    /// A name of a function, a class or a comprehension.
    Local,
}

/// One scope below the top level.
pub(crate) enum Frame<'l, 'a> {
    /// One that the binder has seen.
    Bound(&'l Scope<'a>),
    /// One of a part that the binder has not seen with its unit, by kind and names.
    Own(ScopeKind, Vec<&'a str>, Vec<&'a str>),
    /// Names of type parameters.
    Plain(Vec<&'a str>),
}

impl Frame<'_, '_> {
    fn kind(&self) -> Option<ScopeKind> {
        match self {
            Frame::Bound(scope) => Some(scope.kind),
            Frame::Own(kind, ..) => Some(*kind),
            Frame::Plain(_) => None,
        }
    }

    fn has(&self, name: &str) -> bool {
        match self {
            Frame::Bound(scope) => scope.names.contains_key(name),
            Frame::Own(_, names, _) | Frame::Plain(names) => names.contains(&name),
        }
    }

    fn declares_global(&self, name: &str) -> bool {
        match self {
            Frame::Bound(scope) => scope.globals.contains(&name),
            Frame::Own(_, _, globals) => globals.contains(&name),
            Frame::Plain(_) => false,
        }
    }
}

/// The scopes of a unit, and those of them that are open.
pub(crate) struct Scopes<'l, 'a> {
    known: &'l [Scope<'a>],
    /// The scopes of a part, in place of the unit's, while it is lowered.
    part: Option<Vec<Scope<'a>>>,
    open: Vec<Frame<'l, 'a>>,
}

impl<'l, 'a> Scopes<'l, 'a> {
    pub(crate) fn of(unit: &'l Unit<'a>) -> Self {
        Self {
            known: &unit.scopes,
            part: None,
            open: Vec::new(),
        }
    }

    /// Looks at a part of the unit that has a tree of its own; what it gives must be restored afterwards.
    pub(crate) fn of_part(&mut self, module: &'a Module) -> Option<Vec<Scope<'a>>> {
        self.part.replace(bind(module, 0).scopes)
    }

    pub(crate) fn restore(&mut self, outer: Option<Vec<Scope<'a>>>) {
        self.part = outer;
    }

    pub(crate) fn open(&mut self, frame: Frame<'l, 'a>) {
        self.open.push(frame);
    }

    /// Opens the scope that stands at `range`; one that nobody knows has no names.
    pub(crate) fn enter(&mut self, kind: ScopeKind, range: TextRange) {
        let frame = match &self.part {
            Some(part) => match scope_of(part, kind, range) {
                Some(scope) => Frame::Own(
                    kind,
                    scope.names.keys().copied().collect(),
                    scope.globals.clone(),
                ),
                None => Frame::Own(kind, Vec::new(), Vec::new()),
            },
            None => match scope_of(self.known, kind, range) {
                Some(scope) => Frame::Bound(scope),
                None => Frame::Own(kind, Vec::new(), Vec::new()),
            },
        };
        self.open.push(frame);
    }

    pub(crate) fn close(&mut self) {
        self.open.pop();
    }

    /// What a read of `name` at `offset` means.
    pub(crate) fn meaning(&self, name: &str, offset: usize) -> Meaning {
        let mut inside_function = false;
        for frame in self.open.iter().rev() {
            if frame.declares_global(name) {
                return Meaning::Global;
            }
            match frame.kind() {
                Some(ScopeKind::Class) => {
                    // A class's own names are seen in its body only, and only once they are there.
                    if !inside_function && bound_before(frame, name, offset) {
                        return Meaning::Local;
                    }
                }
                kind => {
                    if frame.has(name) {
                        return Meaning::Local;
                    }
                    inside_function |= kind == Some(ScopeKind::Function);
                }
            }
        }
        Meaning::Global
    }

    /// Whether an assignment to `name` here binds a global one.
    pub(crate) fn binds_global(&self, name: &str) -> bool {
        for frame in self.open.iter().rev() {
            if frame.declares_global(name) {
                return true;
            }
            match frame.kind() {
                Some(ScopeKind::Function | ScopeKind::Class) => return false,
                // A comprehension's targets are its own; a walrus in it binds outside.
                Some(ScopeKind::Comprehension) if frame.has(name) => return false,
                _ => {}
            }
        }
        true
    }

    /// The place of the only function that binds `name` in a function around. What a decorator makes of a function is
    /// not known, and is none.
    pub(crate) fn inner_function(&self, name: &str) -> Option<usize> {
        let mut inside_function = false;
        let frame = self.open.iter().rev().find(|frame| {
            // The names of a class are not seen in its methods.
            let hidden = inside_function && frame.kind() == Some(ScopeKind::Class);
            inside_function |= frame.kind() == Some(ScopeKind::Function);
            !hidden && frame.has(name)
        })?;
        let Frame::Bound(scope) = frame else {
            return None;
        };
        match scope.names.get(name)?.as_slice() {
            [one] => match one.kind {
                BindingKind::Function(def) if def.decorator_list.is_empty() => {
                    Some(one.range.start())
                }
                _ => None,
            },
            _ => None,
        }
    }
}

fn bound_before(frame: &Frame<'_, '_>, name: &str, offset: usize) -> bool {
    match frame {
        Frame::Bound(scope) => scope
            .names
            .get(name)
            .is_some_and(|bindings| bindings.iter().any(|binding| binding.since <= offset)),
        frame => frame.has(name),
    }
}
