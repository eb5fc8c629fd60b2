//! Matching a pattern's tree against a tree of the user's.

use nbfix_python::ast::{Arguments, ExprRef, Keyword};
use nbfix_python::{AnyNodeRef, dotted, range};
use nbfix_text::TextRange;

use crate::children::children;
use crate::hole_of;

/// Says what a name means where it stands.
pub trait Resolve {
    /// The dotted path that `expr` means, or `None` if nothing can be told.
    fn qualified(&self, expr: ExprRef<'_>) -> Option<String>;
}

/// What the holes of a pattern matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match<'a> {
    /// The whole match.
    pub range: TextRange,
    source: &'a str,
    bound: Vec<(String, TextRange)>,
}

impl<'a> Match<'a> {
    /// The text that the hole `name` matched; empty for a run of nothing.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.hole(name).map(|range| range.of(self.source))
    }

    /// Where the hole `name` matched.
    pub fn hole(&self, name: &str) -> Option<TextRange> {
        self.bound
            .iter()
            .find(|(bound, _)| bound == name)
            .map(|(_, range)| *range)
    }
}

pub(crate) fn matches<'a>(
    pattern: AnyNodeRef<'_>,
    pattern_text: &str,
    node: AnyNodeRef<'a>,
    source: &'a str,
    resolve: &dyn Resolve,
) -> Option<Match<'a>> {
    let mut matcher = Matcher {
        pattern_text,
        source,
        resolve,
        bound: Vec::new(),
    };
    matcher.node(pattern, node).then(|| Match {
        range: range(node),
        source,
        bound: matcher.bound,
    })
}

struct Matcher<'p, 'a> {
    pattern_text: &'p str,
    source: &'a str,
    resolve: &'p dyn Resolve,
    bound: Vec<(String, TextRange)>,
}

impl Matcher<'_, '_> {
    fn node(&mut self, pattern: AnyNodeRef<'_>, node: AnyNodeRef<'_>) -> bool {
        if let Some((name, _)) = hole_of(pattern) {
            return self.bind(name, range(node));
        }
        if let (Some(wanted), Some(expr)) = (self.plain_path(pattern), node.as_expr_ref()) {
            return self
                .resolve
                .qualified(expr)
                .is_some_and(|found| found == wanted);
        }
        if pattern.kind() != node.kind() || !same_operator(pattern, node) {
            return false;
        }
        if let (AnyNodeRef::Arguments(pattern), AnyNodeRef::Arguments(node)) = (pattern, node) {
            return self.arguments(pattern, node);
        }
        if let (AnyNodeRef::ExprStringLiteral(pattern), AnyNodeRef::ExprStringLiteral(node)) =
            (pattern, node)
        {
            return pattern.value.to_str() == node.value.to_str();
        }
        let (pattern_children, node_children) = (children(pattern), children(node));
        if pattern_children.is_empty() || node_children.is_empty() {
            return range(pattern).of(self.pattern_text) == range(node).of(self.source);
        }
        self.sequence(&pattern_children, &node_children)
    }

    /// The dotted path of a pattern's node that is one, holes excluded.
    fn plain_path(&self, pattern: AnyNodeRef<'_>) -> Option<String> {
        let (_, parts) = dotted(pattern.as_expr_ref()?)?;
        let plain = parts.iter().all(|part| crate::hole_name(part).is_none());
        plain.then(|| parts.join("."))
    }

    /// Matches runs, trying the shortest for each `$$$` first.
    fn sequence(&mut self, patterns: &[AnyNodeRef<'_>], nodes: &[AnyNodeRef<'_>]) -> bool {
        let Some((first, rest)) = patterns.split_first() else {
            return nodes.is_empty();
        };
        let before = self.bound.len();
        if let Some((name, true)) = hole_of(*first) {
            for taken in 0..=nodes.len() {
                let run = run_range(&nodes[..taken]);
                if self.bind(name, run) && self.sequence(rest, &nodes[taken..]) {
                    return true;
                }
                self.bound.truncate(before);
            }
            return false;
        }
        let Some((node, others)) = nodes.split_first() else {
            return false;
        };
        if self.node(*first, *node) && self.sequence(rest, others) {
            return true;
        }
        self.bound.truncate(before);
        false
    }

    /// Positional arguments in order; keywords in any order; a `$$$` takes what the others leave.
    fn arguments(&mut self, pattern: &Arguments, node: &Arguments) -> bool {
        let mut left: Vec<&Keyword> = node.keywords.iter().collect();
        for wanted in &pattern.keywords {
            let name = wanted.arg.as_ref().map(|arg| arg.as_str());
            let Some(at) = left
                .iter()
                .position(|keyword| keyword.arg.as_ref().map(|arg| arg.as_str()) == name)
            else {
                return false;
            };
            let found = left.remove(at);
            if !self.node(
                AnyNodeRef::from(&wanted.value),
                AnyNodeRef::from(&found.value),
            ) {
                return false;
            }
        }
        let patterns: Vec<_> = pattern.args.iter().map(AnyNodeRef::from).collect();
        let open = patterns
            .iter()
            .any(|each| hole_of(*each).is_some_and(|(_, many)| many));
        if !open && !left.is_empty() {
            return false;
        }
        let mut nodes: Vec<_> = node.args.iter().map(AnyNodeRef::from).collect();
        // The last `$$$` takes the remaining keywords, if they stand together as in `f(a, $$$rest)`.
        nodes.extend(left.into_iter().map(AnyNodeRef::from));
        nodes.sort_by_key(|each| range(*each));
        self.sequence(&patterns, &nodes)
    }

    /// Binds a hole; a hole that is bound already must match the same text again.
    fn bind(&mut self, name: &str, found: TextRange) -> bool {
        if name.is_empty() || name == "_" {
            return true;
        }
        match self.bound.iter().find(|(bound, _)| bound == name) {
            Some((_, earlier)) => earlier.of(self.source) == found.of(self.source),
            None => {
                self.bound.push((name.to_owned(), found));
                true
            }
        }
    }
}

fn run_range(nodes: &[AnyNodeRef<'_>]) -> TextRange {
    match (nodes.first(), nodes.last()) {
        (Some(first), Some(last)) => range(*first).cover(range(*last)),
        _ => TextRange::default(),
    }
}

fn same_operator(pattern: AnyNodeRef<'_>, node: AnyNodeRef<'_>) -> bool {
    use AnyNodeRef as N;
    match (pattern, node) {
        (N::ExprBinOp(a), N::ExprBinOp(b)) => a.op == b.op,
        (N::ExprBoolOp(a), N::ExprBoolOp(b)) => a.op == b.op,
        (N::ExprUnaryOp(a), N::ExprUnaryOp(b)) => a.op == b.op,
        (N::ExprCompare(a), N::ExprCompare(b)) => a.ops == b.ops,
        (N::StmtAugAssign(a), N::StmtAugAssign(b)) => a.op == b.op,
        (N::StmtFunctionDef(a), N::StmtFunctionDef(b)) => a.is_async == b.is_async,
        (N::StmtFor(a), N::StmtFor(b)) => a.is_async == b.is_async,
        (N::StmtWith(a), N::StmtWith(b)) => a.is_async == b.is_async,
        _ => true,
    }
}
