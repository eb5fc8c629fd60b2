//! What statements touch besides the names that they read and bind.

use nbfix_python::ast::{Expr, ExprContext, Stmt};
use nbfix_python::{AnyNodeRef, SourceOrderVisitor, TraversalSignal, range};
use nbfix_semantic::{BindingKind, Semantic, Unit};

/// Methods that change what they are called on, by the names that Python's own containers give them.
const CHANGERS: &[&str] = &[
    "add",
    "append",
    "appendleft",
    "clear",
    "discard",
    "extend",
    "extendleft",
    "insert",
    "pop",
    "popitem",
    "popleft",
    "put",
    "put_nowait",
    "remove",
    "reverse",
    "setdefault",
    "sort",
    "update",
];

/// The names whose values a statement changes in place, each once: `rows.append(x)`, `frame["x"] = y`. Where the
/// statement does not run, what is read from these later may be missing. Modules are not among them: what is set in
/// one (`os.environ["X"]`) makes nobody doubt the rest.
pub(super) fn changed<'a>(
    semantic: &Semantic<'a>,
    unit: &Unit<'a>,
    stmt: &'a Stmt,
) -> Vec<&'a str> {
    let mut finder = Changes(Vec::new());
    finder.visit_stmt(stmt);
    let is_module = |name: &str| {
        let bindings = semantic.bindings(unit.program, name);
        bindings.is_empty()
            || bindings
                .iter()
                .any(|binding| matches!(binding.kind, BindingKind::Import(_)))
    };
    finder.0.retain(|name| !is_module(name));
    finder.0
}

struct Changes<'a>(Vec<&'a str>);

impl<'a> Changes<'a> {
    /// The name at the root of `name.a["b"].c` is changed.
    fn add(&mut self, mut place: &'a Expr) {
        loop {
            place = match place {
                Expr::Attribute(attribute) => &attribute.value,
                Expr::Subscript(subscript) => &subscript.value,
                _ => break,
            };
        }
        if let Expr::Name(name) = place
            && !self.0.contains(&name.id.as_str())
        {
            self.0.push(name.id.as_str());
        }
    }
}

impl<'a> SourceOrderVisitor<'a> for Changes<'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        match node {
            // What a function does counts where it is called.
            AnyNodeRef::StmtFunctionDef(_)
            | AnyNodeRef::StmtClassDef(_)
            | AnyNodeRef::ExprLambda(_) => return TraversalSignal::Skip,
            AnyNodeRef::ExprSubscript(place) if place.ctx != ExprContext::Load => {
                self.add(&place.value);
            }
            AnyNodeRef::ExprAttribute(place) if place.ctx != ExprContext::Load => {
                self.add(&place.value);
            }
            AnyNodeRef::ExprCall(call) => {
                if let Expr::Attribute(method) = &*call.func
                    && CHANGERS.contains(&method.attr.as_str())
                {
                    self.add(&method.value);
                }
            }
            _ => {}
        }
        TraversalSignal::Traverse
    }
}

/// The names that the shell lines and magics of a statement take into their texts, as IPython does: `!cp x {URI}/y`,
/// `!echo $name`, `files = !ls {FOLDER}`.
pub(super) fn interpolated<'a>(unit: &Unit<'a>, stmt: &'a Stmt) -> Vec<&'a str> {
    let mut finder = Interpolated {
        source: unit.source,
        names: Vec::new(),
    };
    finder.visit_stmt(stmt);
    finder.names
}

struct Interpolated<'a> {
    source: &'a str,
    names: Vec<&'a str>,
}

impl<'a> Interpolated<'a> {
    fn line(&mut self, text: &'a str) {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        for (at, opening) in text.match_indices(['{', '$']) {
            let rest = text.get(at + opening.len()..).unwrap_or_default();
            let rest = rest.trim_start_matches('{');
            let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            let name = rest.get(..length).unwrap_or_default();
            let starts = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
            if starts && !self.names.contains(&name) {
                self.names.push(name);
            }
        }
    }
}

impl<'a> SourceOrderVisitor<'a> for Interpolated<'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        match node {
            AnyNodeRef::StmtFunctionDef(_)
            | AnyNodeRef::StmtClassDef(_)
            | AnyNodeRef::ExprLambda(_) => return TraversalSignal::Skip,
            AnyNodeRef::StmtIpyEscapeCommand(line) => self.line(range(line).of(self.source)),
            AnyNodeRef::ExprIpyEscapeCommand(line) => self.line(range(line).of(self.source)),
            _ => {}
        }
        TraversalSignal::Traverse
    }
}

/// Whether a statement does something by itself: no import, no definition, no constant, nothing that is only printed.
pub(super) fn works(stmt: &Stmt) -> bool {
    match stmt {
        Stmt::Import(_)
        | Stmt::ImportFrom(_)
        | Stmt::FunctionDef(_)
        | Stmt::ClassDef(_)
        | Stmt::IpyEscapeCommand(_)
        | Stmt::Pass(_) => false,
        Stmt::Assign(assign) => !assign.value.is_literal_expr(),
        Stmt::Expr(each) => match &*each.value {
            Expr::Call(call) => {
                !matches!(&*call.func, Expr::Name(name) if name.id.as_str() == "print")
            }
            value => !value.is_literal_expr() && !value.is_name_expr(),
        },
        _ => true,
    }
}

/// Whether a statement gives one name a short constant on one line, so that it can as well be given where the statement did not run.
pub(super) fn is_constant(source: &str, stmt: &Stmt) -> bool {
    const LONGEST: usize = 100;
    let Stmt::Assign(assign) = stmt else {
        return false;
    };
    let text = range(stmt).of(source);
    assign.value.is_literal_expr()
        && matches!(assign.targets.as_slice(), [Expr::Name(_)])
        && text.len() <= LONGEST
        && !text.contains('\n')
}
