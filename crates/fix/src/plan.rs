//! Which fixes go together.

use std::collections::{BTreeMap, BTreeSet};

use nbfix_ipynb::{CellId, MetadataEdit, NewCell};
use nbfix_lint::{Finding, Fix};
use nbfix_text::Patch;

use crate::{Step, step};

/// Fixes that can be applied together, in the order of their findings.
pub(crate) struct Plan<'f> {
    chosen: Vec<(&'f Finding, &'f Fix)>,
}

impl<'f> Plan<'f> {
    /// Takes each fix whose changes all fit beside those taken before: all of it or nothing. What does not fit waits
    /// for the next pass.
    pub(crate) fn greedy(fixes: impl Iterator<Item = (&'f Finding, &'f Fix)>) -> Self {
        let mut changes = Changes::default();
        let chosen = fixes.filter(|(_, fix)| changes.unite(fix)).collect();
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

    /// What the fixes at these positions do; they fit together, because all of them do.
    pub(crate) fn changes(&self, positions: &[usize]) -> Together {
        let mut changes = Changes::default();
        for (_, fix) in positions.iter().filter_map(|index| self.get(*index)) {
            changes.unite(fix);
        }
        let cells = changes.cells.into_values().flatten().cloned();
        Together {
            edits: changes.edits.into_iter().collect(),
            cells: cells.collect(),
            metadata: changes.metadata.into_iter().cloned().collect(),
            clears: changes.clears.into_iter().collect(),
        }
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

/// What some fixes do together, as a notebook takes it.
pub(crate) struct Together {
    pub(crate) edits: Vec<(CellId, Patch)>,
    /// In the order in which they will stand.
    pub(crate) cells: Vec<NewCell>,
    pub(crate) metadata: Vec<MetadataEdit>,
    /// The cells that lose their outputs, in order.
    pub(crate) clears: Vec<CellId>,
}

/// What some fixes do together.
#[derive(Default)]
struct Changes<'f> {
    edits: BTreeMap<CellId, Patch>,
    /// The new cells, by position.
    cells: BTreeMap<usize, Vec<&'f NewCell>>,
    /// Strings in lists, which come and go without regard to each other.
    metadata: BTreeSet<&'f MetadataEdit>,
    clears: BTreeSet<CellId>,
}

impl<'f> Changes<'f> {
    /// Adds what a fix does; leaves everything as it was and says `false` if one edit overlaps. Of different cells at
    /// one position nobody could tell the order, so they do not fit either; equal ones are put in once.
    fn unite(&mut self, fix: &'f Fix) -> bool {
        let mut edits = BTreeMap::new();
        for (cell, patch) in &fix.edits {
            let mut both = self.edits.get(cell).cloned().unwrap_or_default();
            if both.union(patch.clone()).is_err() {
                return false;
            }
            edits.insert(*cell, both);
        }
        let mut cells: BTreeMap<usize, Vec<&NewCell>> = BTreeMap::new();
        for cell in &fix.cells {
            cells.entry(cell.before).or_default().push(cell);
        }
        let fits = |(at, new)| self.cells.get(at).is_none_or(|taken| taken == new);
        if !cells.iter().all(fits) {
            return false;
        }
        self.edits.extend(edits);
        self.cells.extend(cells);
        self.metadata.extend(&fix.metadata);
        self.clears.extend(&fix.clears);
        true
    }
}
