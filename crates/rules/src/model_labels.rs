//! What a function does with a name: whether it reads it at all, and whether only to call what it makes by it.

use nbfix_python::ast::{AnyNodeRef, Stmt};
use nbfix_python::{SourceOrderVisitor, TraversalSignal, dotted};

/// Keywords that say what something new is to be called.
const LABELS: &[&str] = &["display_name", "name"];

/// How the statements of a function read a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    Never,
    /// At least once in `display_name=` or `name=`, and otherwise in f-strings that are printed or given to these.
    AsLabel,
    /// In any other way.
    Otherwise,
}

/// How these statements read a name. `locals()` reads every name.
pub(crate) fn reads(body: &[Stmt], name: &str) -> Reads {
    let mut finder = Finder {
        name,
        ancestors: Vec::new(),
        found: Reads::Never,
    };
    finder.visit_body(body);
    finder.found
}

struct Finder<'n, 'a> {
    name: &'n str,
    ancestors: Vec<AnyNodeRef<'a>>,
    found: Reads,
}

impl Finder<'_, '_> {
    /// Takes the read that stands below the ancestors.
    fn read(&mut self) {
        let mut around = self.ancestors.iter().rev();
        let inner = around.find(|node| {
            !matches!(
                node,
                AnyNodeRef::InterpolatedElement(_)
                    | AnyNodeRef::FString(_)
                    | AnyNodeRef::ExprFString(_)
                    | AnyNodeRef::Arguments(_)
            )
        });
        let is_text = matches!(
            self.ancestors.last(),
            Some(AnyNodeRef::InterpolatedElement(_))
        );
        match inner {
            Some(AnyNodeRef::Keyword(keyword))
                if keyword
                    .arg
                    .as_ref()
                    .is_some_and(|arg| LABELS.contains(&arg.as_str())) =>
            {
                if self.found == Reads::Never {
                    self.found = Reads::AsLabel;
                }
            }
            // A line that is printed makes it neither a label nor a model.
            Some(AnyNodeRef::ExprCall(call))
                if is_text && dotted(&*call.func).is_some_and(|(root, _)| root.id == "print") => {}
            _ => self.found = Reads::Otherwise,
        }
    }
}

impl<'a> SourceOrderVisitor<'a> for Finder<'_, 'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        if let AnyNodeRef::ExprName(name) = node
            && name.ctx.is_load()
        {
            match name.id.as_str() {
                "locals" | "vars" => self.found = Reads::Otherwise,
                id if id == self.name => self.read(),
                _ => {}
            }
        }
        self.ancestors.push(node);
        TraversalSignal::Traverse
    }

    fn leave_node(&mut self, _: AnyNodeRef<'a>) {
        self.ancestors.pop();
    }
}
