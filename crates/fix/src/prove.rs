//! The proof that a plan leaves the notebook better.

use std::collections::BTreeMap;

use nbfix_ipynb::{CellId, DocumentKind, Notebook};
use nbfix_lint::{Level, RuleSet};

use crate::State;
use crate::plan::Plan;

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
pub(crate) fn apply(state: &State, plan: &Plan<'_>, path: &str, rules: &RuleSet) -> Outcome {
    let all: Vec<usize> = (0..plan.len()).collect();
    let why = match attempt(state, plan, &all, path, rules) {
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
        match attempt(state, plan, &tried, path, rules) {
            Ok(next) => {
                outcome.passed = tried;
                outcome.state = Some(next);
            }
            Err(why) => {
                let alone = outcome.passed.is_empty()
                    || attempt(state, plan, &[index], path, rules).is_err();
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
    path: &str,
    rules: &RuleSet,
) -> Result<State, String> {
    let edits = plan.edits(positions);
    let bytes = before.notebook.splice(&edits);
    let loaded = match before.notebook.kind() {
        DocumentKind::Notebook => Notebook::load(bytes),
        DocumentKind::Script => Notebook::script(bytes),
    };
    let notebook = loaded.map_err(|error| format!("the file would no longer load: {error}"))?;
    for (id, patch) in &edits {
        let expected = before
            .notebook
            .cell(*id)
            .map(|cell| patch.apply(&cell.source));
        if notebook.cell(*id).map(|cell| &cell.source) != expected.as_ref() {
            return Err(format!(
                "cell {} would not hold the mended text",
                id.number()
            ));
        }
    }
    let after = State::of(notebook, path, rules);
    for (id, _) in &edits {
        if after.broken.contains(id) && !before.broken.contains(id) {
            return Err(format!("cell {} would no longer be Python", id.number()));
        }
    }
    compare(before, &after, plan, positions)?;
    Ok(after)
}

/// Findings by rule and cell: how many, and how bad.
fn count(state: &State) -> BTreeMap<(&'static str, Option<CellId>), (usize, Level)> {
    let mut counts = BTreeMap::new();
    for finding in &state.linted.findings {
        let entry = counts
            .entry((finding.rule.name, finding.at.cell()))
            .or_insert((0, finding.level));
        entry.0 += 1;
        entry.1 = entry.1.max(finding.level);
    }
    counts
}

/// Each mended finding must be gone, and nothing as bad as the mildest of them may have come.
fn compare(
    before: &State,
    after: &State,
    plan: &Plan<'_>,
    positions: &[usize],
) -> Result<(), String> {
    let (old, new) = (count(before), count(after));
    let mut mended: BTreeMap<(&'static str, Option<CellId>), usize> = BTreeMap::new();
    let mut mildest = Level::Error;
    for (finding, _) in positions.iter().filter_map(|index| plan.get(*index)) {
        *mended
            .entry((finding.rule.name, finding.at.cell()))
            .or_default() += 1;
        mildest = mildest.min(finding.level);
    }
    for (key, (now, level)) in &new {
        let was = old.get(key).map_or(0, |(was, _)| *was);
        let gone = mended.get(key).copied().unwrap_or(0);
        let (rule, cell) = key;
        let place = cell.map_or_else(
            || "the file".to_owned(),
            |cell| format!("cell {}", cell.number()),
        );
        if gone > 0 && *now + gone > was {
            return Err(format!("`{rule}` would still be found in {place}"));
        }
        if *now > was && *level >= mildest {
            return Err(format!("`{rule}` would newly be found in {place}"));
        }
    }
    Ok(())
}
