//! The proof that a plan leaves the notebook better.

use std::collections::BTreeMap;

use nbfix_ipynb::{CellId, Changes, DocumentKind, NewCell, Notebook};
use nbfix_lint::Level;
use nbfix_text::Patch;

use crate::plan::{Plan, Together};
use crate::{Asked, Name, State};

/// What applying a plan gave.
pub(crate) struct Outcome {
    /// The notebook with all fixes that passed; `None` if none did.
    pub(crate) state: Option<State>,
    /// The fixes that passed, by position.
    pub(crate) passed: Vec<usize>,
    /// The fixes that failed on their own, by position, and why. What passes alone but not beside the others is in
    /// neither list: it waits for the next pass.
    pub(crate) failed: Vec<(usize, String)>,
}

/// Applies the whole plan at once; only if the proof fails, one fix after the other, to find out which.
pub(crate) fn apply(state: &State, plan: &Plan<'_>, asked: &Asked<'_>) -> Outcome {
    let all: Vec<usize> = (0..plan.len()).collect();
    let why = match attempt(state, plan, &all, asked) {
        Ok(next) => {
            return Outcome {
                state: Some(next),
                passed: all,
                failed: Vec::new(),
            };
        }
        Err(why) => why,
    };
    let mut outcome = Outcome {
        state: None,
        passed: Vec::new(),
        failed: Vec::new(),
    };
    if let [only] = all.as_slice() {
        outcome.failed.push((*only, why));
        return outcome;
    }
    for index in all {
        let mut tried = outcome.passed.clone();
        tried.push(index);
        match attempt(state, plan, &tried, asked) {
            Ok(next) => {
                outcome.passed = tried;
                outcome.state = Some(next);
            }
            Err(why) => {
                let alone =
                    outcome.passed.is_empty() || attempt(state, plan, &[index], asked).is_err();
                if alone {
                    outcome.failed.push((index, why));
                }
            }
        }
    }
    outcome
}

fn attempt(
    before: &State,
    plan: &Plan<'_>,
    positions: &[usize],
    asked: &Asked<'_>,
) -> Result<State, String> {
    let Together {
        edits,
        cells,
        metadata,
        mut clears,
    } = plan.changes(positions);
    if asked.clear_outputs {
        clears.extend(changed(before, &edits));
    }
    if !cells.is_empty() && !before.notebook.can_insert_cells() {
        return Err("a script has no place for a new cell".to_owned());
    }
    if !before.notebook.can_edit_metadata(&metadata) {
        return Err("the metadata have no place for it".to_owned());
    }
    let bytes = before.notebook.splice_all(Changes {
        edits: &edits,
        cells: &cells,
        metadata: &metadata,
        clears: &clears,
    });
    let loaded = match before.notebook.kind() {
        DocumentKind::Notebook => Notebook::load(bytes),
        DocumentKind::Script => Notebook::script(bytes),
    };
    let notebook = loaded.map_err(|error| format!("the file would no longer load: {error}"))?;
    let names = before.names_with(&cells);
    if notebook.cells().len() != names.len() {
        return Err("a new cell would not stand where it belongs".to_owned());
    }
    let expected = expected(before, &edits, cells);
    for (name, cell) in names.iter().zip(notebook.cells()) {
        if expected.get(name).is_some_and(|text| *text != cell.source) {
            let place = place(before, &names, Some(*name));
            return Err(format!("{place} would not hold the mended text"));
        }
    }
    let left = |cell: &CellId| {
        let name = before.name(*cell)?;
        let position = names.iter().position(|other| *other == name)?;
        (notebook.count_outputs(CellId(position)) > 0).then_some(name)
    };
    if let Some(name) = clears.iter().find_map(left) {
        let place = place(before, &names, Some(name));
        return Err(format!("{place} would keep its outputs"));
    }
    let after = State::of(notebook, names, asked.origin, asked.rules);
    for name in expected.keys() {
        if after.broken.contains(name) && !before.broken.contains(name) {
            let place = place(before, &after.names, Some(*name));
            let longer = if before.names.contains(name) {
                "no longer"
            } else {
                "not"
            };
            return Err(format!("{place} would {longer} be Python"));
        }
    }
    compare(before, &after, plan, positions)?;
    Ok(after)
}

/// The cells whose source the edits change.
fn changed(before: &State, edits: &[(CellId, Patch)]) -> Vec<CellId> {
    let changes = |(id, patch): &(CellId, Patch)| {
        let source = &before.notebook.cell(*id)?.source;
        (patch.apply(source) != *source).then_some(*id)
    };
    edits.iter().filter_map(changes).collect()
}

/// What the edited cells and the new ones must hold, by name.
fn expected(
    before: &State,
    edits: &[(CellId, Patch)],
    cells: Vec<NewCell>,
) -> BTreeMap<Name, String> {
    let edited = edits.iter().filter_map(|(id, patch)| {
        let cell = before.notebook.cell(*id)?;
        Some((before.name(*id)?, patch.apply(&cell.source)))
    });
    // New cells are named on from the old ones, in the order in which they stand.
    let first = before.names.len();
    let cells = cells.into_iter().enumerate();
    let new = cells.map(|(index, cell)| (first + index, cell.source));
    edited.chain(new).collect()
}

/// What messages call a cell: by its position in the notebook as it is, or if it is new, as it would be.
fn place(before: &State, names: &[Name], cell: Option<Name>) -> String {
    let Some(cell) = cell else {
        return "the file".to_owned();
    };
    let number = |names: &[Name]| Some(names.iter().position(|name| *name == cell)? + 1);
    match (number(&before.names), number(names)) {
        (Some(number), _) => format!("cell {number}"),
        (None, Some(number)) => format!("the new cell {number}"),
        (None, None) => "a cell".to_owned(),
    }
}

/// Findings by rule and cell: how many, and how bad. What is told as a part of another finding counts too: it stands
/// for itself once that one is mended, and has not newly come then.
fn count(state: &State) -> BTreeMap<(&'static str, Option<Name>), (usize, Level)> {
    let mut counts = BTreeMap::new();
    let findings = &state.linted.findings;
    let joined = findings.iter().flat_map(|finding| &finding.joined);
    for finding in findings.iter().chain(joined) {
        let entry = counts
            .entry((finding.rule.name, state.home(finding)))
            .or_insert((0, finding.level));
        entry.0 += 1;
        entry.1 = entry.1.max(finding.level);
    }
    counts
}

/// Whether what this rule finds is what it found before, in whatever cells: a fix may take it along, as it does with a
/// literal that goes to the cell of the settings.
fn only_moved(before: &State, after: &State, rule: &str) -> bool {
    let said = |state: &State| {
        let mut messages: BTreeMap<String, usize> = BTreeMap::new();
        let all = state.linted.findings.iter();
        let all = all.flat_map(|finding| std::iter::once(finding).chain(&finding.joined));
        for finding in all.filter(|finding| finding.rule.name == rule) {
            *messages.entry(finding.message.clone()).or_default() += 1;
        }
        messages
    };
    let old = said(before);
    let mut new = said(after).into_iter();
    new.all(|(message, now)| old.get(&message).is_some_and(|was| now <= *was))
}

/// Each mended finding must be gone, and nothing as bad as the mildest of them may have come.
fn compare(
    before: &State,
    after: &State,
    plan: &Plan<'_>,
    positions: &[usize],
) -> Result<(), String> {
    let (old, new) = (count(before), count(after));
    let mut mended: BTreeMap<(&'static str, Option<Name>), usize> = BTreeMap::new();
    let mut mildest = Level::Error;
    for (finding, _) in positions.iter().filter_map(|index| plan.get(*index)) {
        *mended
            .entry((finding.rule.name, before.home(finding)))
            .or_default() += 1;
        mildest = mildest.min(finding.level);
    }
    for (key, (now, level)) in &new {
        let was = old.get(key).map_or(0, |(was, _)| *was);
        let gone = mended.get(key).copied().unwrap_or(0);
        let (rule, cell) = key;
        let place = place(before, &after.names, *cell);
        if gone > 0 && *now + gone > was {
            return Err(format!("`{rule}` would still be found in {place}"));
        }
        if *now > was && *level >= mildest && !only_moved(before, after, rule) {
            return Err(format!("`{rule}` would newly be found in {place}"));
        }
    }
    Ok(())
}
