//! Runs of nodes, and the text that a `$$$` takes.

use std::borrow::Cow;

use nbfix_python::{AnyNodeRef, range};
use nbfix_text::TextRange;

use crate::binding::Bound;

/// Nodes in a row that patterns are matched against.
pub(crate) struct Row<'g, 'a> {
    pub(crate) nodes: &'g [AnyNodeRef<'a>],
    /// Keywords that no pattern asked for: the last `$$$` takes them too.
    pub(crate) extra: &'g [TextRange],
    /// Everything that stands beside the nodes, whether it is theirs or not.
    pub(crate) siblings: &'g [TextRange],
    /// Where brackets around single elements can stand.
    pub(crate) within: Option<TextRange>,
    /// All of the row.
    pub(crate) around: TextRange,
}

impl<'g, 'a> Row<'g, 'a> {
    pub(crate) fn new(
        nodes: &'g [AnyNodeRef<'a>],
        extra: &'g [TextRange],
        within: Option<TextRange>,
        around: TextRange,
    ) -> Self {
        Self {
            nodes,
            extra,
            siblings: &[],
            within,
            around,
        }
    }

    /// What a `$$$` takes: `run`, which starts at position `from`, and `extra`. Stretches that stand together keep
    /// their text; what stands between them belongs to others and is left out.
    pub(crate) fn bind(
        &self,
        name: &'a str,
        run: &[AnyNodeRef<'a>],
        from: usize,
        extra: &[TextRange],
        source: &'a str,
    ) -> Bound<'a> {
        if name.is_empty() {
            return Bound::of_text(name, "", self.around, false);
        }
        let mut taken: Vec<TextRange> = run.iter().map(|node| range(*node)).collect();
        taken.extend(extra);
        taken.sort_unstable();
        let mut stretches: Vec<TextRange> = Vec::new();
        for each in &taken {
            let each = self.bracketed(*each, source);
            match stretches.last_mut() {
                Some(last) if !self.parts_them(*last, each, &taken) => *last = last.cover(each),
                _ => stretches.push(each),
            }
        }
        let statements = run.first().is_some_and(|node| node.as_stmt_ref().is_some());
        // Brackets around imported names go: `from a import (b,\n c)`.
        let is_import = matches!(run.first(), Some(AnyNodeRef::Alias(_)));
        let (text, range, exact) = match stretches.as_slice() {
            [only] if is_import && only.of(source).contains('\n') => {
                let names: Vec<&str> = run.iter().map(|each| range(*each).of(source)).collect();
                (Cow::Owned(names.join(", ")), *only, false)
            }
            [] => (Cow::Borrowed(""), TextRange::empty(self.gap(from)), true),
            [only] => (Cow::Borrowed(only.of(source)), *only, true),
            [first, .., last] => {
                let texts: Vec<&str> = stretches.iter().map(|each| each.of(source)).collect();
                (Cow::Owned(texts.join(", ")), first.cover(*last), false)
            }
        };
        Bound {
            name,
            text,
            range,
            exact,
            node: None,
            statements,
        }
    }

    /// Whether a sibling that is not taken stands between the two.
    fn parts_them(&self, a: TextRange, b: TextRange, taken: &[TextRange]) -> bool {
        let between = TextRange::new(a.end(), b.start());
        self.siblings
            .iter()
            .any(|other| between.covers(*other) && !taken.contains(other))
    }

    /// Where nothing was taken: behind the node before, else at the row's start.
    fn gap(&self, from: usize) -> usize {
        let before = from.checked_sub(1).and_then(|index| self.nodes.get(index));
        match (before, self.within) {
            (Some(node), _) => range(*node).end(),
            (None, Some(within)) => within.start(),
            (None, None) => self.around.start(),
        }
    }

    /// The range with the brackets that stand around it alone: those of `f((a), b)`.
    fn bracketed(&self, inner: TextRange, source: &str) -> TextRange {
        let Some(within) = self.within else {
            return inner;
        };
        let mut found = inner;
        loop {
            let before = TextRange::new(within.start(), found.start()).of(source);
            let after = TextRange::new(found.end(), within.end()).of(source);
            let (head, tail) = (before.trim_end(), after.trim_start());
            if !(head.ends_with('(') && tail.starts_with(')')) {
                return found;
            }
            found = TextRange::new(
                within.start() + head.len() - 1,
                within.end() - tail.len() + 1,
            );
        }
    }
}
