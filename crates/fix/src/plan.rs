//! Which fixes go together.

use std::collections::BTreeMap;

use nbfix_ipynb::CellId;
use nbfix_lint::{Finding, Fix};
use nbfix_text::Patch;

use crate::{Step, step};

/// Fixes that can be applied together, in the order of their findings.
pub(crate) struct Plan<'f> {
    chosen: Vec<(&'f Finding, &'f Fix)>,
}

impl<'f> Plan<'f> {
    /// Takes each fix whose edits all fit beside those taken before: all of it or nothing. What does not fit waits
    /// for the next pass.
    pub(crate) fn greedy(fixes: impl Iterator<Item = (&'f Finding, &'f Fix)>) -> Self {
        let mut edits = BTreeMap::new();
        let chosen = fixes.filter(|(_, fix)| unite(&mut edits, fix)).collect();
        Self { chosen }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.chosen.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.chosen.len()
    }

    pub(crate) fn get(&self, index: usize) -> Option<(&'f Finding, &'f Fix)> {
        self.chosen.get(index).copied()
    }

    /// The edits of the fixes at these positions; they fit together, because all of them do.
    pub(crate) fn edits(&self, positions: &[usize]) -> Vec<(CellId, Patch)> {
        let mut edits = BTreeMap::new();
        for (_, fix) in positions.iter().filter_map(|index| self.get(*index)) {
            unite(&mut edits, fix);
        }
        edits.into_iter().collect()
    }

    /// The fixes at these positions, as steps.
    pub(crate) fn steps(&self, positions: &[usize]) -> Vec<Step> {
        positions
            .iter()
            .filter_map(|index| self.get(*index))
            .map(|(finding, fix)| step(finding, fix))
            .collect()
    }
}

/// Adds the edits of a fix; leaves `edits` as they were and says `false` if one overlaps.
fn unite(edits: &mut BTreeMap<CellId, Patch>, fix: &Fix) -> bool {
    let mut united = BTreeMap::new();
    for (cell, patch) in &fix.edits {
        let mut both = edits.get(cell).cloned().unwrap_or_default();
        if both.union(patch.clone()).is_err() {
            return false;
        }
        united.insert(*cell, both);
    }
    edits.extend(united);
    true
}
