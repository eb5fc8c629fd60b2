//! Python with holes.
//!
//! A pattern is a piece of Python in which
//!
//! - `$name` stands for one expression or name, or, inside a string, for a part of its value;
//! - `$$$name` stands for any run of arguments, elements, statements, parameters, decorators or handlers;
//! - `...` is a `$$$` without a name, and `"..."` is any string; `$_` is a hole without a name.
//!
//! Dotted names are matched by what they mean, not by how they are spelled; who knows the meaning is handed in as a
//! [`Resolve`]. Keyword arguments and the entries of a dict may stand in any order. What a pattern does not name is
//! not there, with four exceptions: decorators, annotations, a class's bases if the pattern writes no brackets, and
//! the text between tokens. A hole that is written twice must match the same twice.
//!
//! What this crate does not know: notebooks, rules. Its invariant: after [`Template::parse`] nothing can be unbound.

mod binding;
mod hole;
mod matching;
mod pairs;
mod parts;
mod precedence;
mod runs;
mod same;
mod spell;
mod strings;
mod template;
mod words;

use nbfix_python::ast::{ExceptHandler, Stmt};
use nbfix_python::{AnyNodeRef, Module, NodeKind};
use nbfix_text::TextRange;

use crate::hole::{hole_of, many_of, path_of};
use crate::matching::Engine;
use crate::spell::{MANY, ONE, Spelled, identifier};

pub use binding::{Bound, Match};
pub use matching::{Options, Resolve};
pub use template::{Site, Template};
pub use words::{Reach, Word};

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
    spelled: Spelled,
    module: Module,
    is_handler: bool,
    options: Options,
}

impl Pattern {
    /// Reads a pattern: one expression, one statement, or one `except` clause.
    ///
    /// # Errors
    /// If it is no Python once its holes are names, not exactly one expression or statement, or a hole alone.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        Self::with(text, Options::default())
    }

    /// Reads a pattern that is matched in another way.
    ///
    /// # Errors
    /// As [`Pattern::parse`].
    pub fn with(text: &str, options: Options) -> Result<Self, PatternError> {
        let trimmed = text.trim();
        let skipped = text.len() - text.trim_start().len();
        let mut spelled = Spelled::of(trimmed, true);
        let is_handler = identifier(trimmed) == "except";
        if is_handler {
            spelled = spelled.behind("try:\n    pass\n");
        }
        let fail = |message: String, offset: usize| {
            let offset = offset + skipped;
            Err(PatternError { message, offset })
        };
        let whole = TextRange::new(0, spelled.text.len());
        let module = Module::cell(&spelled.text, whole);
        // `f(k=1, ...)` is refused by Python for its order alone; a run of arguments may stand anywhere here.
        let of_order = |at: TextRange| at.of(&spelled.text).starts_with(MANY);
        if let Some(error) = module.errors().iter().find(|error| !of_order(error.range)) {
            let at = error.range.start().min(spelled.text.len());
            return fail(
                format!("not Python: {}", holes_again(&error.message)),
                spelled.original(at),
            );
        }
        if module.body().len() != 1 {
            let second = module
                .body()
                .get(1)
                .map_or(0, |stmt| nbfix_python::range(stmt).start());
            let message = "a pattern is one expression or one statement; \
                           `any` and `all` join several, `inside` and `has` nest them";
            return fail(message.to_owned(), spelled.original(second));
        }
        let pattern = Self {
            spelled,
            module,
            is_handler,
            options,
        };
        match pattern.root() {
            None => fail(
                "a pattern is one `except` clause or something else".to_owned(),
                0,
            ),
            Some(root) if hole_of(root).is_some() || many_of(root).is_some() => {
                fail("a hole alone would match everything".to_owned(), 0)
            }
            Some(_) => Ok(pattern),
        }
    }

    /// The node that the pattern matches: the expression itself if it is one.
    fn root(&self) -> Option<AnyNodeRef<'_>> {
        match self.module.body().first()? {
            Stmt::Try(clause) if self.is_handler => match clause.handlers.as_slice() {
                [ExceptHandler::ExceptHandler(handler)]
                    if clause.orelse.is_empty() && clause.finalbody.is_empty() =>
                {
                    Some(AnyNodeRef::from(handler))
                }
                _ => None,
            },
            Stmt::Expr(statement) => Some(AnyNodeRef::from(&*statement.value)),
            statement => Some(AnyNodeRef::from(statement)),
        }
    }

    /// The kinds of node that it can match.
    pub fn kinds(&self) -> Vec<NodeKind> {
        let Some(root) = self.root() else {
            return Vec::new();
        };
        let named = [NodeKind::ExprName, NodeKind::ExprAttribute];
        // A dotted name may be spelled as a name or as an attribute.
        if path_of(root).is_some() {
            return named.to_vec();
        }
        match root.kind() {
            NodeKind::StmtAssign => vec![NodeKind::StmtAssign, NodeKind::StmtAnnAssign],
            NodeKind::ExprStringLiteral => {
                let mut kinds = vec![NodeKind::ExprStringLiteral, NodeKind::ExprFString];
                kinds.extend(named.iter().filter(|_| self.options.flow));
                kinds
            }
            kind => vec![kind],
        }
    }

    /// Whether the pattern is a whole statement, so that its template is one too.
    pub fn is_statement(&self) -> bool {
        self.root()
            .is_some_and(|root| root.as_expr_ref().is_none() && !self.is_handler)
    }

    /// The names of its holes, without `$`: each once, in order.
    pub fn holes(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for (at, prefix) in self.spelled.text.match_indices("__hole_") {
            let rest = self.spelled.text.get(at..).unwrap_or(prefix);
            let name = [ONE, MANY]
                .iter()
                .find_map(|prefix| rest.strip_prefix(prefix));
            let name = identifier(name.unwrap_or_default());
            if !name.is_empty() && name != "_" && !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// Words all of which stand in any text that it matches in, except those that an alias hides.
    pub fn words(&self) -> Vec<Word> {
        self.root().map(words::words).unwrap_or_default()
    }

    /// Matches `node`, which stands in `source`.
    pub fn matches<'a>(
        &'a self,
        node: AnyNodeRef<'a>,
        source: &'a str,
        resolve: &dyn Resolve,
    ) -> Option<Match<'a>> {
        let mut found = None;
        self.each(node, source, resolve, &[], &mut |each| {
            found = Some(each);
            true
        });
        found
    }

    /// Calls `done` with each way to match `node`, until it says `true`: then the answer is `true` too.
    /// Holes among `given` are bound already, and must match the same.
    pub fn each<'a>(
        &'a self,
        node: AnyNodeRef<'a>,
        source: &'a str,
        resolve: &dyn Resolve,
        given: &[Bound<'a>],
        done: &mut dyn FnMut(Match<'a>) -> bool,
    ) -> bool {
        let Some(root) = self.root() else {
            return false;
        };
        let place = nbfix_python::range(node);
        let mut engine = Engine {
            source,
            resolve,
            options: self.options,
            bound: given.to_vec(),
            done: &mut |bound| done(Match::new(source, place, Some(node), bound.to_vec())),
            steps: 0,
        };
        engine.run(root, node)
    }
}

/// A message of the parser with `$` for the names that stand for it.
fn holes_again(message: &str) -> String {
    message.replace(MANY, "$$$").replace(ONE, "$")
}
