//! Python with holes.
//!
//! A pattern is a piece of Python in which `$name` stands for one expression or name, `$$$name` (or `...`) for any
//! run of arguments, elements or statements. Dotted names are matched by what they mean, not by how they are spelled;
//! who knows the meaning is handed in as a [`Resolve`].
//!
//! What this crate does not know: notebooks, rules. Its invariant: after [`Pattern::parse`] nothing can be unbound;
//! a [`Template`] that names a hole which its pattern does not bind is refused.

mod children;
mod matching;
mod template;

use nbfix_python::ast::{Expr, Stmt};
use nbfix_python::{AnyNodeRef, Module, NodeKind};
use nbfix_text::TextRange;

pub use matching::{Match, Resolve};
pub use template::Template;

/// Why a pattern or template is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PatternError {
    /// What is wrong, and the way out.
    pub message: String,
    /// Where in the text that was given, in bytes.
    pub offset: usize,
}

/// A piece of Python with holes.
#[derive(Debug)]
pub struct Pattern {
    /// The text with its holes written as names, which is what was parsed.
    text: String,
    module: Module,
}

/// What stands for `$` in the text that is parsed. No user writes such names.
const ONE: &str = "__hole_one_";
const MANY: &str = "__hole_many_";

impl Pattern {
    /// Reads a pattern: one expression, or one statement.
    ///
    /// # Errors
    /// If it is no Python once its holes are names, or not exactly one expression or statement.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let text = holes_to_names(text.trim());
        let module = Module::cell(&text, TextRange::new(0, text.len()));
        // `f(k=1, ...)` is refused by Python for its order alone; a run of arguments may stand anywhere here.
        let of_order =
            |at: TextRange| matches!(at.of(&text), "...") || at.of(&text).starts_with(MANY);
        if let Some(error) = module.errors().iter().find(|error| !of_order(error.range)) {
            let offset = names_to_holes(&text[..error.range.start().min(text.len())]).len();
            return Err(PatternError {
                message: format!("not Python: {}", error.message),
                offset,
            });
        }
        if module.body().len() != 1 {
            let message = "a pattern is one expression or one statement".to_owned();
            return Err(PatternError { message, offset: 0 });
        }
        Ok(Self { text, module })
    }

    /// The node that the pattern matches: the expression itself if it is one.
    fn root(&self) -> AnyNodeRef<'_> {
        match &self.module.body()[0] {
            Stmt::Expr(statement) => AnyNodeRef::from(&*statement.value),
            statement => AnyNodeRef::from(statement),
        }
    }

    /// The kinds of node that it can match; empty if any.
    pub fn kinds(&self) -> Vec<NodeKind> {
        let root = self.root();
        match hole_of(root) {
            Some(_) => Vec::new(),
            // A dotted name may be spelled as a name or as an attribute.
            None if matches!(root.kind(), NodeKind::ExprName | NodeKind::ExprAttribute) => {
                vec![NodeKind::ExprName, NodeKind::ExprAttribute]
            }
            None => vec![root.kind()],
        }
    }

    /// The names of its holes, without `$`.
    pub fn holes(&self) -> Vec<&str> {
        hole_names(&self.text)
    }

    /// Matches `node`, which stands in `source`.
    pub fn matches<'a>(
        &self,
        node: AnyNodeRef<'a>,
        source: &'a str,
        resolve: &dyn Resolve,
    ) -> Option<Match<'a>> {
        matching::matches(self.root(), &self.text, node, source, resolve)
    }
}

/// A hole: its name, and whether it takes many.
fn hole_of(node: AnyNodeRef<'_>) -> Option<(&str, bool)> {
    match node {
        AnyNodeRef::ExprName(name) => hole_name(name.id.as_str()),
        AnyNodeRef::Identifier(name) => hole_name(name.as_str()),
        AnyNodeRef::ExprEllipsisLiteral(_) => Some(("", true)),
        AnyNodeRef::StmtExpr(statement) => match &*statement.value {
            Expr::Name(name) => hole_name(name.id.as_str()).filter(|(_, many)| *many),
            Expr::EllipsisLiteral(_) => Some(("", true)),
            _ => None,
        },
        _ => None,
    }
}

fn hole_name(name: &str) -> Option<(&str, bool)> {
    if let Some(many) = name.strip_prefix(MANY) {
        return Some((many, true));
    }
    name.strip_prefix(ONE).map(|one| (one, false))
}

fn holes_to_names(text: &str) -> String {
    text.replace("$$$", MANY).replace('$', ONE)
}

fn names_to_holes(text: &str) -> String {
    text.replace(MANY, "$$$").replace(ONE, "$")
}

fn hole_names(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for prefix in [ONE, MANY] {
        for (at, _) in text.match_indices(prefix) {
            let rest = &text[at + prefix.len()..];
            let end = rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            if end > 0 {
                names.push(&rest[..end]);
            }
        }
    }
    names
}
