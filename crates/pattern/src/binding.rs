//! What the holes of a pattern matched.

use std::borrow::Cow;

use nbfix_python::AnyNodeRef;
use nbfix_python::ast::ExprRef;
use nbfix_text::TextRange;

/// What one hole matched.
#[derive(Clone, Debug)]
pub struct Bound<'a> {
    /// The hole's name, without `$`.
    pub name: &'a str,
    /// The matched text. For a hole in a string: that part of the string's value.
    pub text: Cow<'a, str>,
    /// Where it stands.
    pub range: TextRange,
    /// Whether `text` is what stands at `range`, letter by letter, so that it can be edited there. Not so for parts
    /// of strings with escapes, and for what an alias or a constant stands for.
    pub exact: bool,
    /// The matched node, if it is one and no run or part of a string.
    pub node: Option<AnyNodeRef<'a>>,
    /// Whether it is a run of statements, which keeps its shape when it moves.
    pub(crate) statements: bool,
}

impl<'a> Bound<'a> {
    /// A text that is no part of a tree.
    pub fn of_text(
        name: &'a str,
        text: impl Into<Cow<'a, str>>,
        range: TextRange,
        exact: bool,
    ) -> Self {
        Self {
            name,
            text: text.into(),
            range,
            exact,
            node: None,
            statements: false,
        }
    }

    /// The expression, if the hole matched one.
    pub fn expr(&self) -> Option<ExprRef<'a>> {
        self.node?.as_expr_ref()
    }
}

/// One match: its place, and what the holes matched.
#[derive(Clone, Debug)]
pub struct Match<'a> {
    /// The whole match.
    pub range: TextRange,
    /// The matched node; `None` if the match is no part of a tree.
    pub node: Option<AnyNodeRef<'a>>,
    /// Which of several patterns it is, for whoever tried several.
    pub variant: usize,
    source: &'a str,
    bound: Vec<Bound<'a>>,
}

impl<'a> Match<'a> {
    /// A match in `source`.
    pub fn new(
        source: &'a str,
        range: TextRange,
        node: Option<AnyNodeRef<'a>>,
        bound: Vec<Bound<'a>>,
    ) -> Self {
        Self {
            range,
            node,
            variant: 0,
            source,
            bound,
        }
    }

    /// The text that the match stands in.
    pub fn source(&self) -> &'a str {
        self.source
    }

    /// The text that the hole `name` matched; empty for a run of nothing.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).map(|bound| &*bound.text)
    }

    /// Where the hole `name` matched.
    pub fn hole(&self, name: &str) -> Option<TextRange> {
        self.get(name).map(|bound| bound.range)
    }

    /// What the hole `name` matched.
    pub fn get(&self, name: &str) -> Option<&Bound<'a>> {
        self.bound.iter().find(|bound| bound.name == name)
    }

    /// What all holes matched.
    pub fn bound(&self) -> &[Bound<'a>] {
        &self.bound
    }

    /// Adds what a hole stands for.
    pub fn bind(&mut self, bound: Bound<'a>) {
        self.bound.push(bound);
    }
}
