//! Keyword arguments and the entries of dicts: pairs, which may stand in any order.

use nbfix_python::ast::{Arguments, DictItem, ExprDict, Keyword};
use nbfix_python::{AnyNodeRef, range};
use nbfix_text::TextRange;

use crate::hole::many_of;
use crate::matching::{Engine, Goal, Goals, Rest};
use crate::parts::inside;
use crate::runs::Row;
use crate::same::in_order;

/// A keyword argument, or an entry of a dict.
#[derive(Clone, Copy)]
pub(crate) struct Pair<'a> {
    key: Option<AnyNodeRef<'a>>,
    value: AnyNodeRef<'a>,
    whole: TextRange,
}

/// What pairs are matched against, and what comes once they are.
pub(crate) struct Pairs<'g, 'a> {
    left: Vec<Pair<'a>>,
    /// What the pairs that are left over go to.
    then: Leftover<'g, 'a>,
}

#[derive(Clone, Copy)]
pub(crate) enum Leftover<'g, 'a> {
    /// Positional arguments: the last `$$$` among them takes the keywords that are left.
    Arguments(&'g [AnyNodeRef<'a>], &'a Arguments),
    /// A dict's `$$$` by name; without one nothing may be left.
    Dict(Option<&'a str>, &'g [TextRange]),
}

impl<'a> Engine<'_, 'a> {
    /// Positional arguments in order; keywords in any order; a `$$$` takes what the others leave.
    pub(crate) fn arguments(
        &mut self,
        pattern: &'a Arguments,
        node: &'a Arguments,
        rest: Rest<'_, 'a>,
    ) -> bool {
        if self.options.ordered {
            let (wanted, found) = (in_order(pattern), in_order(node));
            let row = Row::new(&found, &[], Some(inside(range(node))), range(node));
            return self.row(&wanted, &row, 0, rest);
        }
        let positional: Vec<_> = pattern.args.iter().map(AnyNodeRef::from).collect();
        let wanted: Vec<_> = pattern.keywords.iter().map(keyword).collect();
        let pairs = Pairs {
            left: node.keywords.iter().map(keyword).collect(),
            then: Leftover::Arguments(&positional, node),
        };
        self.pairs(&wanted, &pairs, rest)
    }

    pub(crate) fn dict(
        &mut self,
        pattern: &'a ExprDict,
        node: &'a ExprDict,
        rest: Rest<'_, 'a>,
    ) -> bool {
        let source = self.source;
        let pair = |item: &'a DictItem| {
            let value = AnyNodeRef::from(&item.value);
            let key = item.key.as_ref().map(AnyNodeRef::from);
            let start = match key {
                Some(key) => range(key).start(),
                // The stars of `**rest` belong to the entry.
                None => {
                    let before = source.get(..range(value).start()).unwrap_or_default();
                    before.trim_end().len().saturating_sub(2)
                }
            };
            let whole = TextRange::new(start, range(value).end());
            Pair { key, value, whole }
        };
        let mut wanted: Vec<_> = pattern.items.iter().map(pair).collect();
        let open = wanted
            .iter()
            .position(|pair| pair.key.is_none() && many_of(pair.value).is_some())
            .map(|index| wanted.remove(index))
            .and_then(|pair| many_of(pair.value));
        let all: Vec<_> = node.items.iter().map(|item| pair(item).whole).collect();
        let pairs = Pairs {
            left: node.items.iter().map(pair).collect(),
            then: Leftover::Dict(open, &all),
        };
        self.pairs(&wanted, &pairs, rest)
    }

    pub(crate) fn pairs(
        &mut self,
        wanted: &[Pair<'a>],
        pairs: &Pairs<'_, 'a>,
        rest: Rest<'_, 'a>,
    ) -> bool {
        let Some((first, others)) = wanted.split_first() else {
            return self.leftover(pairs, rest);
        };
        for (index, pair) in pairs.left.iter().enumerate() {
            let mut left = pairs.left.clone();
            left.remove(index);
            let fewer = Pairs {
                left,
                then: pairs.then,
            };
            let later = Goals {
                first: Goal::Pairs(others, &fewer),
                rest,
            };
            let value = Goals {
                first: Goal::Node(first.value, pair.value),
                rest: Some(&later),
            };
            let found = match (first.key, pair.key) {
                (None, None) => self.solve(Some(&value)),
                (Some(wanted), Some(found)) => self.node(wanted, found, Some(&value)),
                _ => false,
            };
            if found {
                return true;
            }
        }
        false
    }

    fn leftover(&mut self, pairs: &Pairs<'_, 'a>, rest: Rest<'_, 'a>) -> bool {
        match pairs.then {
            Leftover::Arguments(patterns, node) => {
                let args: Vec<_> = node.args.iter().map(AnyNodeRef::from).collect();
                let extra: Vec<_> = pairs.left.iter().map(|pair| pair.whole).collect();
                let mut row = Row::new(&args, &extra, Some(inside(range(node))), range(node));
                let siblings: Vec<_> = node
                    .keywords
                    .iter()
                    .map(range)
                    .chain(args.iter().map(|arg| range(*arg)))
                    .collect();
                row.siblings = &siblings;
                self.row(patterns, &row, 0, rest)
            }
            Leftover::Dict(None, _) => pairs.left.is_empty() && self.solve(rest),
            Leftover::Dict(Some(name), all) => {
                let extra: Vec<_> = pairs.left.iter().map(|pair| pair.whole).collect();
                let mut row = Row::new(&[], &extra, None, TextRange::default());
                row.siblings = all;
                let bound = row.bind(name, &[], 0, &extra, self.source);
                self.bind(bound, rest)
            }
        }
    }
}

fn keyword(keyword: &Keyword) -> Pair<'_> {
    Pair {
        key: keyword.arg.as_ref().map(AnyNodeRef::Identifier),
        value: AnyNodeRef::from(&keyword.value),
        whole: range(keyword),
    }
}
