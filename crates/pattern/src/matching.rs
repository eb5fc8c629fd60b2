//! Matching a pattern's tree against a tree of the user's.
//!
//! What is still to be matched is a list of goals. A goal that can be met in several ways tries them in turn, each
//! with the goals behind it, so that a choice made early is taken back when a later hole refuses it.

use std::borrow::Cow;

use nbfix_python::ast::{ExprContext, ExprRef};
use nbfix_python::{AnyNodeRef, dotted, range};
use nbfix_text::TextRange;

use crate::binding::Bound;
use crate::hole::{Hole, hole_of, many_of, path_of};
use crate::pairs::{Pair, Pairs};
use crate::parts::{Part, parts, same_leaf};
use crate::runs::Row;
use crate::same::same;
use crate::strings::{Segment, Value, pattern_string, segments};

/// Says what a name means where it stands.
pub trait Resolve {
    /// The dotted path that `expr` means, or `None` if nothing can be told.
    fn qualified(&self, expr: ExprRef<'_>) -> Option<String>;

    /// The string that `expr` is, if it is bound to a constant.
    fn constant(&self, _expr: ExprRef<'_>) -> Option<String> {
        None
    }

    /// How the dotted path `path` is spelled at the offset `at`, if an import gives it another name there.
    fn spelled(&self, _path: &str, _at: usize) -> Option<String> {
        None
    }
}

/// How a pattern is matched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Names that are bound to constants count as those constants.
    pub flow: bool,
    /// Keyword arguments stand in the order of the pattern.
    pub ordered: bool,
}

/// More than any honest cell needs; a pattern with many runs over a hostile list stops here, and does not match.
const MAX_STEPS: u32 = 20_000;

/// What is still to be matched.
#[derive(Clone, Copy)]
pub(crate) enum Goal<'g, 'a> {
    Node(AnyNodeRef<'a>, AnyNodeRef<'a>),
    Parts(&'g [Part<'a>], &'g [Part<'a>]),
    Row(&'g [AnyNodeRef<'a>], &'g Row<'g, 'a>, usize),
    /// Pattern nodes each of which some node must match, in order: decorators.
    Some(&'g [AnyNodeRef<'a>], &'g [AnyNodeRef<'a>]),
    Pairs(&'g [Pair<'a>], &'g Pairs<'g, 'a>),
    Text(&'g [Segment<'a>], &'g Value<'a>, usize),
    /// The segments of a dotted path, and what they mean where the node stands.
    Path(&'g [&'a str], &'g [&'g str], AnyNodeRef<'a>),
}

pub(crate) struct Goals<'g, 'a> {
    pub(crate) first: Goal<'g, 'a>,
    pub(crate) rest: Option<&'g Goals<'g, 'a>>,
}

pub(crate) type Rest<'g, 'a> = Option<&'g Goals<'g, 'a>>;

pub(crate) struct Engine<'e, 'a> {
    pub(crate) source: &'a str,
    pub(crate) resolve: &'e dyn Resolve,
    pub(crate) options: Options,
    pub(crate) bound: Vec<Bound<'a>>,
    /// Called with each way to match; `true` ends the search.
    pub(crate) done: &'e mut dyn FnMut(&[Bound<'a>]) -> bool,
    pub(crate) steps: u32,
}

impl<'a> Engine<'_, 'a> {
    pub(crate) fn run(&mut self, pattern: AnyNodeRef<'a>, node: AnyNodeRef<'a>) -> bool {
        self.steps = MAX_STEPS;
        self.node(pattern, node, None)
    }

    pub(crate) fn solve(&mut self, goals: Rest<'_, 'a>) -> bool {
        let Some(steps) = self.steps.checked_sub(1) else {
            return false;
        };
        self.steps = steps;
        let Some(Goals { first, rest }) = goals else {
            return (self.done)(&self.bound);
        };
        match *first {
            Goal::Node(pattern, node) => self.node(pattern, node, *rest),
            Goal::Parts(patterns, nodes) => self.parts(patterns, nodes, *rest),
            Goal::Row(patterns, row, from) => self.row(patterns, row, from, *rest),
            Goal::Some(patterns, nodes) => self.some(patterns, nodes, *rest),
            Goal::Pairs(wanted, pairs) => self.pairs(wanted, pairs, *rest),
            Goal::Text(segments, value, at) => self.text(segments, value, at, *rest),
            Goal::Path(wanted, found, node) => self.path(wanted, found, node, *rest),
        }
    }

    pub(crate) fn then(&mut self, first: Goal<'_, 'a>, rest: Rest<'_, 'a>) -> bool {
        self.solve(Some(&Goals { first, rest }))
    }

    /// Binds a hole and goes on; a hole that is bound already must have matched the same.
    pub(crate) fn bind(&mut self, bound: Bound<'a>, rest: Rest<'_, 'a>) -> bool {
        if bound.name.is_empty() || bound.name == "_" {
            return self.solve(rest);
        }
        if let Some(earlier) = self.bound.iter().find(|each| each.name == bound.name) {
            return same(earlier, &bound) && self.solve(rest);
        }
        self.bound.push(bound);
        let found = self.solve(rest);
        self.bound.pop();
        found
    }

    fn bind_node(&mut self, name: &'a str, node: AnyNodeRef<'a>, rest: Rest<'_, 'a>) -> bool {
        let place = range(node);
        let bound = Bound {
            name,
            text: Cow::Borrowed(place.of(self.source)),
            range: place,
            exact: true,
            node: Some(node),
            statements: false,
        };
        self.bind(bound, rest)
    }

    pub(crate) fn node(
        &mut self,
        pattern: AnyNodeRef<'a>,
        node: AnyNodeRef<'a>,
        rest: Rest<'_, 'a>,
    ) -> bool {
        if let Some(hole) = hole_of(pattern) {
            let fits = hole.many
                || !matches!(
                    node,
                    AnyNodeRef::Keyword(_) | AnyNodeRef::ExprStarred(_) | AnyNodeRef::Alias(_)
                );
            return fits && self.bind_node(hole.name, node, rest);
        }
        if let Some(path) = path_of(pattern) {
            return self.named(pattern, &path, node, rest);
        }
        if let Some(wanted) = pattern_string(pattern) {
            return self.string(pattern, &wanted, node, rest);
        }
        match (pattern, node) {
            (AnyNodeRef::Identifier(wanted), AnyNodeRef::Identifier(found)) => {
                if wanted.id == found.id {
                    return self.solve(rest);
                }
                let wanted = segments(wanted.as_str());
                let has_hole = wanted.iter().any(|each| matches!(each, Segment::Hole(_)));
                let value = Value::verbatim(found.as_str(), range(found));
                has_hole && self.text(&wanted, &value, 0, rest)
            }
            (AnyNodeRef::ExprDict(wanted), AnyNodeRef::ExprDict(found)) => {
                self.dict(wanted, found, rest)
            }
            // `x: T = value` binds x as `x = value` does.
            (AnyNodeRef::StmtAssign(wanted), AnyNodeRef::StmtAnnAssign(found)) => {
                let (Some(value), [target]) = (&found.value, wanted.targets.as_slice()) else {
                    return false;
                };
                let target = Goal::Node(target.into(), AnyNodeRef::from(&*found.target));
                let value = Goals {
                    first: Goal::Node(AnyNodeRef::from(&*wanted.value), AnyNodeRef::from(&**value)),
                    rest,
                };
                self.then(target, Some(&value))
            }
            _ if pattern.kind() != node.kind() => false,
            _ => match (parts(pattern), parts(node)) {
                (Some(wanted), Some(found)) => self.parts(&wanted, &found, rest),
                _ => same_leaf(pattern, node).unwrap_or(false) && self.solve(rest),
            },
        }
    }

    /// A dotted path, which is matched by its meaning.
    fn named(
        &mut self,
        pattern: AnyNodeRef<'a>,
        wanted: &[&'a str],
        node: AnyNodeRef<'a>,
        rest: Rest<'_, 'a>,
    ) -> bool {
        let Some(expr) = node.as_expr_ref() else {
            return false;
        };
        let is_load = |node| {
            let context = match node {
                AnyNodeRef::ExprName(name) => name.ctx,
                AnyNodeRef::ExprAttribute(attribute) => attribute.ctx,
                _ => return None,
            };
            Some(matches!(context, ExprContext::Load))
        };
        match (is_load(pattern), is_load(node)) {
            (Some(true), Some(true)) => {}
            // A name that is being bound means nothing yet: it is what it is called.
            (Some(false), Some(false)) => {
                let same = dotted(expr).is_some_and(|(_, parts)| parts.as_slice() == wanted);
                return same && self.solve(rest);
            }
            _ => return false,
        }
        let Some(found) = self.resolve.qualified(expr) else {
            return false;
        };
        let found: Vec<&str> = found.split('.').collect();
        found.len() == wanted.len() && self.path(wanted, &found, node, rest)
    }

    fn path(
        &mut self,
        wanted: &[&'a str],
        found: &[&str],
        node: AnyNodeRef<'a>,
        rest: Rest<'_, 'a>,
    ) -> bool {
        let (Some((first, others)), Some((segment, further))) =
            (wanted.split_first(), found.split_first())
        else {
            return self.solve(rest);
        };
        let rest = Goals {
            first: Goal::Path(others, further, node),
            rest,
        };
        let Some(Hole { name, .. }) = Hole::named(first) else {
            return first == segment && self.solve(Some(&rest));
        };
        // The segment's own place, if it is spelled here and hidden by no alias.
        let mut at = node;
        for _ in 0..others.len() {
            if let AnyNodeRef::ExprAttribute(attribute) = at {
                at = AnyNodeRef::from(&*attribute.value);
            }
        }
        let place = match at {
            AnyNodeRef::ExprAttribute(attribute) => range(&attribute.attr),
            other => range(other),
        };
        let exact = place.of(self.source) == *segment;
        let bound = Bound::of_text(name, (*segment).to_owned(), place, exact);
        self.bind(bound, Some(&rest))
    }

    fn string(
        &mut self,
        pattern: AnyNodeRef<'a>,
        wanted: &[Segment<'a>],
        node: AnyNodeRef<'a>,
        rest: Rest<'_, 'a>,
    ) -> bool {
        if let Some(value) = Value::of(node, self.source) {
            return self.text(wanted, &value, 0, rest);
        }
        if !self.options.flow || matches!(pattern, AnyNodeRef::ExprFString(_)) {
            return false;
        }
        let constant = node
            .as_expr_ref()
            .and_then(|expr| self.resolve.constant(expr));
        let Some(constant) = constant else {
            return false;
        };
        let value = Value::plain(Cow::Owned(constant), range(node));
        self.text(wanted, &value, 0, rest)
    }

    fn text(
        &mut self,
        segments: &[Segment<'a>],
        value: &Value<'a>,
        at: usize,
        rest: Rest<'_, 'a>,
    ) -> bool {
        let Some((first, others)) = segments.split_first() else {
            return at == value.text.len() && self.solve(rest);
        };
        let left = value.text.get(at..).unwrap_or_default();
        match first {
            Segment::Literal(text) => {
                let end = at + text.len();
                left.starts_with(text)
                    && value.is_literal(TextRange::new(at, end))
                    && self.then(Goal::Text(others, value, end), rest)
            }
            Segment::Value(wanted) => {
                let Some((found, end)) = value.interpolation(at) else {
                    return false;
                };
                let spec = |element: &nbfix_python::ast::InterpolatedElement| {
                    element.format_spec.as_ref().map(|spec| range(&**spec))
                };
                let same_spec = match (spec(wanted), spec(found)) {
                    (None, None) => true,
                    // A format is compared by its length alone: nobody writes holes there.
                    (Some(a), Some(b)) => a.len() == b.len(),
                    _ => false,
                };
                if wanted.conversion != found.conversion || !same_spec {
                    return false;
                }
                let later = Goals {
                    first: Goal::Text(others, value, end),
                    rest,
                };
                self.node(
                    AnyNodeRef::from(&*wanted.expression),
                    AnyNodeRef::from(&*found.expression),
                    Some(&later),
                )
            }
            Segment::Hole(name) => {
                let ends: Vec<usize> = match others.first() {
                    None => vec![value.text.len()],
                    Some(Segment::Literal(next)) => left
                        .match_indices(next)
                        .map(|(offset, _)| at + offset)
                        .collect(),
                    Some(_) => left
                        .char_indices()
                        .map(|(offset, _)| at + offset)
                        .chain([value.text.len()])
                        .collect(),
                };
                ends.into_iter().any(|end| {
                    let part = TextRange::new(at, end);
                    let later = Goals {
                        first: Goal::Text(others, value, end),
                        rest,
                    };
                    !value.cuts(end) && self.bind(self.part(name, value, part), Some(&later))
                })
            }
        }
    }

    fn part(&self, name: &'a str, value: &Value<'a>, part: TextRange) -> Bound<'a> {
        match value.place(part) {
            Some(place) => Bound::of_text(name, place.of(self.source), place, true),
            None => Bound::of_text(name, part.of(&value.text).to_owned(), value.range, false),
        }
    }

    fn parts(&mut self, wanted: &[Part<'a>], found: &[Part<'a>], rest: Rest<'_, 'a>) -> bool {
        let ((first, wanted), (node, found)) = match (wanted.split_first(), found.split_first()) {
            (Some(wanted), Some(found)) => (wanted, found),
            (None, None) => return self.solve(rest),
            _ => return false,
        };
        let later = Goals {
            first: Goal::Parts(wanted, found),
            rest,
        };
        let rest = Some(&later);
        match (first, node) {
            (Part::Word(a), Part::Word(b)) => a == b && self.solve(rest),
            (Part::One(pattern), Part::One(node)) => self.node(*pattern, *node, rest),
            (Part::Maybe(None), Part::Maybe(None)) | (Part::Asked(None), Part::Asked(_)) => {
                self.solve(rest)
            }
            (Part::Maybe(Some(pattern)), Part::Maybe(Some(node)))
            | (Part::Asked(Some(pattern)), Part::Asked(Some(node))) => {
                self.node(*pattern, *node, rest)
            }
            (Part::Run(patterns), Part::Run(nodes)) => {
                let row = Row::new(&nodes.nodes, &[], nodes.within, range_of(&nodes.nodes));
                self.row(&patterns.nodes, &row, 0, rest)
            }
            (Part::Some(patterns), Part::Some(nodes)) => self.some(patterns, nodes, rest),
            (Part::Arguments(None), Part::Arguments(_)) => self.solve(rest),
            (Part::Arguments(Some(pattern)), Part::Arguments(Some(node))) => {
                self.arguments(pattern, node, rest)
            }
            (Part::Arguments(Some(pattern)), Part::Arguments(None)) => {
                pattern.is_empty() && self.solve(rest)
            }
            _ => false,
        }
    }

    /// Nodes in a row; the shortest run is tried first for each `$$$`.
    pub(crate) fn row(
        &mut self,
        patterns: &[AnyNodeRef<'a>],
        row: &Row<'_, 'a>,
        from: usize,
        rest: Rest<'_, 'a>,
    ) -> bool {
        let nodes = row.nodes.get(from..).unwrap_or_default();
        let Some((first, others)) = patterns.split_first() else {
            return nodes.is_empty() && row.extra.is_empty() && self.solve(rest);
        };
        if let Some(name) = many_of(*first) {
            let is_last = !others.iter().any(|other| many_of(*other).is_some());
            // What must stand behind it needs its room; the last `$$$` has no choice at all.
            let most = nodes
                .len()
                .checked_sub(if is_last { others.len() } else { 0 });
            let Some(most) = most else { return false };
            let bare = Row { extra: &[], ..*row };
            let (row_behind, extra) = if is_last {
                (&bare, row.extra)
            } else {
                (row, &[][..])
            };
            let least = if is_last { most } else { 0 };
            return (least..=most).any(|taken| {
                let run = nodes.get(..taken).unwrap_or_default();
                if self.steps == 0 {
                    return false;
                }
                // A long run costs more than a short one.
                self.steps = self.steps.saturating_sub(taken as u32 / 8);
                let bound = row.bind(name, run, from, extra, self.source);
                let later = Goals {
                    first: Goal::Row(others, row_behind, from + taken),
                    rest,
                };
                self.bind(bound, Some(&later))
            });
        }
        let Some(node) = nodes.first() else {
            return false;
        };
        let later = Goals {
            first: Goal::Row(others, row, from + 1),
            rest,
        };
        self.node(*first, *node, Some(&later))
    }

    fn some(
        &mut self,
        patterns: &[AnyNodeRef<'a>],
        nodes: &[AnyNodeRef<'a>],
        rest: Rest<'_, 'a>,
    ) -> bool {
        let Some((first, others)) = patterns.split_first() else {
            return self.solve(rest);
        };
        nodes.iter().enumerate().any(|(index, node)| {
            let behind = nodes.get(index + 1..).unwrap_or_default();
            let later = Goals {
                first: Goal::Some(others, behind),
                rest,
            };
            self.node(*first, *node, Some(&later))
        })
    }
}

fn range_of(nodes: &[AnyNodeRef<'_>]) -> TextRange {
    match (nodes.first(), nodes.last()) {
        (Some(first), Some(last)) => range(*first).cover(range(*last)),
        _ => TextRange::default(),
    }
}
