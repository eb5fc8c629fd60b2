//! Planning, applying and proving fixes.
//!
//! [`mend`] lints, takes the fixes that promise enough, applies those that do not overlap, and proves the result
//! before it is kept: every edited cell still parses, as does every new one, each finding is gone, nothing as bad has
//! come. It repeats until nothing is left to do. [`mend_asking`] does the same fix by fix, and asks somebody each time.
//!
//! What this crate does not know: any particular rule, files, printing. It takes a notebook and gives a notebook.

mod ask;
mod plan;
mod prove;

use std::hash::{Hash, Hasher};

use nbfix_ipynb::{Cell, CellId, NewCell, Notebook};
use nbfix_lint::{Finding, Fix, Linted, Place, RuleSet, Safety, lint};
use nbfix_semantic::{Origin, Semantic, Sources};
use rustc_hash::{FxHashSet, FxHasher};

pub use ask::{Answer, Proposal, mend_asking};
use plan::Plan;

/// A fix may make room for another. Real notebooks come to rest after two passes; this bounds the rest.
const MAX_PASSES: usize = 8;

/// A fix in the words of its finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The rule that asked for it.
    pub rule: &'static str,
    /// The cell of the finding.
    pub cell: Option<CellId>,
    /// What it does.
    pub title: String,
    /// Its promise.
    pub safety: Safety,
}

/// A fix that was not applied, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The fix.
    pub step: Step,
    /// Why not, for a person.
    pub why: String,
}

/// What mending gave.
#[derive(Debug)]
pub struct Mended {
    /// The notebook, mended; the very same bytes if nothing was applied.
    pub notebook: Notebook,
    /// What is still found in it.
    pub remaining: Linted,
    /// Fixes that were applied, in the order in which they were.
    pub applied: Vec<Step>,
    /// Fixes that need a lower promise than was asked for, or that always stood in another's way.
    pub deferred: Vec<Refusal>,
    /// Fixes that would have left the notebook worse; they were dropped.
    pub refused: Vec<Refusal>,
    /// What became of the outputs of cells that were there before.
    pub outputs: Outputs,
}

impl Mended {
    /// What came of it; `first` is the state before, if anything was applied.
    fn of(
        first: Option<State>,
        last: State,
        applied: Vec<Step>,
        deferred: Vec<Refusal>,
        refused: Vec<Refusal>,
    ) -> Self {
        Self {
            outputs: first.map_or_else(Outputs::default, |first| outputs(&first, &last)),
            notebook: last.notebook,
            remaining: last.linted,
            applied,
            deferred,
            refused,
        }
    }
}

/// Stored outputs, after mending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outputs {
    /// How many were cleared.
    pub cleared: usize,
    /// Cells that have another source now, and keep outputs of the old one.
    pub outdated_cells: usize,
}

/// Which fixes to apply, and how.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The lowest promise that a fix has to give. With [`Safety::Display`] nothing more is applied than with
    /// [`Safety::Unsafe`]: what is for a person to finish is never applied.
    pub safety: Safety,
    /// Whether cells whose source a fix changes lose their outputs and their execution count.
    pub clear_outputs: bool,
}

/// What a run was asked for.
struct Asked<'a> {
    origin: Origin<'a>,
    rules: &'a RuleSet,
    clear_outputs: bool,
}

/// What a cell is called through all passes, wherever new cells move it to: its position at first, or for a new cell
/// the next number.
type Name = usize;

/// A notebook and what is found in it.
struct State {
    notebook: Notebook,
    linted: Linted,
    /// The names of the cells, by position.
    names: Vec<Name>,
    /// The cells that are no Python.
    broken: FxHashSet<Name>,
}

impl State {
    fn of(notebook: Notebook, names: Vec<Name>, origin: Origin<'_>, rules: &RuleSet) -> Self {
        let sources = Sources::parse(&notebook, origin);
        let semantic = Semantic::new(&notebook, &sources);
        let linted = lint(&semantic, rules);
        let broken = semantic
            .units()
            .iter()
            .filter(|unit| !unit.module.errors().is_empty())
            .filter_map(|unit| names.get(unit.cell.index()).copied())
            .collect();
        Self {
            notebook,
            linted,
            names,
            broken,
        }
    }

    fn name(&self, cell: CellId) -> Option<Name> {
        self.names.get(cell.index()).copied()
    }

    /// The cell of a finding.
    fn home(&self, finding: &Finding) -> Option<Name> {
        finding.at.cell().and_then(|cell| self.name(cell))
    }

    /// The names after new cells have come; `cells` are in the order in which they stand.
    fn names_with(&self, cells: &[NewCell]) -> Vec<Name> {
        let mut names = self.names.clone();
        for (index, cell) in cells.iter().enumerate() {
            let at = cell.before + index;
            names.insert(at.min(names.len()), names.len());
        }
        names
    }

    /// What tells a fix from all others, in every pass.
    fn key(&self, finding: &Finding, fix: &Fix) -> u64 {
        let range = match &finding.at {
            Place::Cell(span) => Some(span.range),
            Place::File { .. } => None,
        };
        hash(&(finding.rule.name, self.home(finding), range, self.deed(fix)))
    }

    /// What a fix does, whatever it is for.
    fn deed(&self, fix: &Fix) -> u64 {
        let edits = fix
            .edits
            .iter()
            .map(|(cell, patch)| (self.name(*cell), patch));
        let cells = fix
            .cells
            .iter()
            .map(|cell| (self.name(CellId(cell.before)), &cell.source));
        hash(&(
            edits.collect::<Vec<_>>(),
            cells.collect::<Vec<_>>(),
            fix.metadata
                .iter()
                .map(|edit| (self.name(edit.cell), &edit.path, &edit.change))
                .collect::<Vec<_>>(),
            fix.clears
                .iter()
                .map(|cell| self.name(*cell))
                .collect::<Vec<_>>(),
        ))
    }

    /// The fixes that may be applied, in the order of their findings.
    fn fixes(
        &self,
        safety: Safety,
        banned: &FxHashSet<u64>,
    ) -> impl Iterator<Item = (&Finding, &Fix)> {
        self.linted.findings.iter().filter_map(move |finding| {
            let fix = finding.fix.as_ref().filter(|fix| fix.safety >= safety)?;
            (!banned.contains(&self.key(finding, fix))).then_some((finding, fix))
        })
    }
}

/// Applies every fix of `rules` whose promise is at least `safety`; see [`mend_with`]. Outputs stay as they are, unless a
/// fix is about them.
pub fn mend<'o>(
    notebook: Notebook,
    origin: impl Into<Origin<'o>>,
    rules: &RuleSet,
    safety: Safety,
) -> Mended {
    let options = Options {
        safety,
        clear_outputs: false,
    };
    mend_with(notebook, origin, rules, options)
}

/// Applies every fix of `rules` that the `options` ask for, until nothing is left to do. `origin` is where the document
/// comes from: its path, or an [`Origin`].
pub fn mend_with<'o>(
    notebook: Notebook,
    origin: impl Into<Origin<'o>>,
    rules: &RuleSet,
    options: Options,
) -> Mended {
    let origin = origin.into();
    let asked = Asked {
        origin,
        rules,
        clear_outputs: options.clear_outputs,
    };
    let safety = options.safety.max(Safety::Unsafe);
    let names = (0..notebook.cells().len()).collect();
    let mut state = State::of(notebook, names, origin, rules);
    // What the first pass found, once a pass has changed something.
    let mut first: Option<State> = None;
    let mut applied = Vec::new();
    let mut refused: Vec<Refusal> = Vec::new();
    let mut banned: FxHashSet<u64> = FxHashSet::default();
    let mut seen: FxHashSet<u64> = FxHashSet::default();
    seen.insert(hash(state.notebook.bytes()));

    if let Some(reason) = state.notebook.read_only() {
        let refused = state
            .fixes(safety, &banned)
            .map(|(finding, fix)| Refusal {
                step: step(finding, fix),
                why: reason.to_owned(),
            })
            .collect();
        let State {
            notebook,
            linted: remaining,
            ..
        } = state;
        return Mended {
            notebook,
            remaining,
            applied,
            deferred: Vec::new(),
            refused,
            outputs: Outputs::default(),
        };
    }
    for pass in 0..MAX_PASSES {
        let plan = Plan::greedy(state.fixes(safety, &banned));
        if plan.is_empty() {
            break;
        }
        let outcome = prove::apply(&state, &plan, &asked);
        for (index, why) in &outcome.failed {
            if let Some((finding, fix)) = plan.get(*index) {
                banned.insert(state.key(finding, fix));
                refused.push(Refusal {
                    step: step(finding, fix),
                    why: why.clone(),
                });
            }
        }
        let Some(next) = outcome.state else { continue };
        let steps = plan.steps(&outcome.passed);
        if !seen.insert(hash(next.notebook.bytes())) {
            let names: Vec<&str> = steps.iter().map(|step| step.rule).collect();
            let why = format!(
                "pass {} came back to a text seen before; rules: {}",
                pass + 1,
                names.join(", ")
            );
            refused.extend(steps.into_iter().map(|step| Refusal {
                step,
                why: why.clone(),
            }));
            break;
        }
        applied.extend(steps);
        let before = std::mem::replace(&mut state, next);
        first.get_or_insert(before);
    }
    let deferred = left_over(&state, safety, &banned);
    Mended::of(first, state, applied, deferred, refused)
}

/// What became of the outputs of the cells of `before`.
fn outputs(before: &State, after: &State) -> Outputs {
    let mut outputs = Outputs::default();
    for (name, (id, cell)) in after.names.iter().zip(after.notebook.ids()) {
        // The cells of the first state are called by their positions.
        let was = CellId(*name);
        let Some(old) = before.notebook.cell(was) else {
            continue;
        };
        let size = |cell: &Cell| cell.outputs_range().map_or(0, |range| range.len());
        // Nothing but clearing changes outputs.
        if size(old) != size(cell) {
            outputs.cleared += before.notebook.count_outputs(was);
        } else if old.source != cell.source && after.notebook.count_outputs(id) > 0 {
            outputs.outdated_cells += 1;
        }
    }
    outputs
}

fn left_over(state: &State, safety: Safety, banned: &FxHashSet<u64>) -> Vec<Refusal> {
    let mut deferred: Vec<Refusal> = state
        .linted
        .findings
        .iter()
        .filter_map(|finding| {
            let fix = finding.fix.as_ref().filter(|fix| fix.safety < safety)?;
            let why = match fix.safety {
                Safety::Display => "it is for a person to finish",
                _ => "it is unsafe; `--unsafe` applies it",
            };
            Some(Refusal {
                step: step(finding, fix),
                why: why.to_owned(),
            })
        })
        .collect();
    deferred.extend(state.fixes(safety, banned).map(|(finding, fix)| Refusal {
        step: step(finding, fix),
        why: format!("it still overlapped another fix after {MAX_PASSES} passes"),
    }));
    deferred
}

fn step(finding: &Finding, fix: &Fix) -> Step {
    Step {
        rule: finding.rule.name,
        cell: finding.at.cell(),
        title: fix.title.clone(),
        safety: fix.safety,
    }
}

fn hash(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = FxHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}
