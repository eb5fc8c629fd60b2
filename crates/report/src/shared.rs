//! Fixes that are those of several findings.

use nbfix_lint::{Finding, Fix};

/// The different changes that the fixes of a document make, in the order of their findings. One may be that of many
/// findings, which may call it differently. Fixes that change nothing in this file (but another one of a project) are
/// left out.
pub(crate) struct Shared<'a>(Vec<(usize, &'a Fix)>);

impl<'a> Shared<'a> {
    pub(crate) fn of(findings: &'a [Finding]) -> Self {
        let mut fixes: Vec<(usize, &Fix)> = Vec::new();
        for (index, finding) in findings.iter().enumerate() {
            if let Some(fix) = &finding.fix
                && !is_empty(fix)
                && !fixes.iter().any(|(_, other)| is_same(other, fix))
            {
                fixes.push((index, fix));
            }
        }
        Self(fixes)
    }

    /// The different ones, with their numbers, from 1.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (usize, &'a Fix)> {
        let fixes = self.0.iter().enumerate();
        fixes.map(|(index, (_, fix))| (index + 1, *fix))
    }

    /// The number of a fix, and the position of the first finding that has it; `None` if it changes nothing here.
    pub(crate) fn find(&self, fix: &Fix) -> Option<(usize, usize)> {
        if is_empty(fix) {
            return None;
        }
        let index = self.0.iter().position(|(_, it)| is_same(it, fix))?;
        self.0.get(index).map(|(first, _)| (index + 1, *first))
    }
}

fn is_empty(fix: &Fix) -> bool {
    fix.edits.is_empty() && fix.cells.is_empty() && fix.metadata.is_empty() && fix.clears.is_empty()
}

/// Whether two fixes change the same.
pub(crate) fn is_same(one: &Fix, other: &Fix) -> bool {
    one.edits == other.edits
        && one.cells == other.cells
        && one.metadata == other.metadata
        && one.clears == other.clears
}
