//! Mending with somebody who is asked about each fix.

use nbfix_ipynb::Notebook;
use nbfix_lint::{Finding, Fix, RuleSet, Safety};
use nbfix_semantic::Origin;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::plan::Plan;
use crate::{Asked, MAX_PASSES, Mended, Options, Refusal, State, Step, hash, prove, step};

/// One fix, proved, and not yet applied.
#[derive(Clone, Copy, Debug)]
pub struct Proposal<'a> {
    /// What it mends.
    pub finding: &'a Finding,
    /// The fix.
    pub fix: &'a Fix,
    /// The notebook as it is, with all that was accepted.
    pub before: &'a Notebook,
    /// The notebook with the fix.
    pub after: &'a Notebook,
}

/// What becomes of a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is applied.
    Apply,
    /// It is not, and not proposed again.
    Skip,
    /// Neither it nor anything after it is applied.
    Stop,
}

/// Why a fix was not applied.
const DECLINED: &str = "it was declined";
const NOT_ASKED: &str = "nobody was asked about it any more";

/// As [`mend`](crate::mend), one fix at a time, in the order of their findings, and only those that `ask` accepts. What
/// it is asked about is proved: the fix can be applied as it is shown. What is declined is deferred.
pub fn mend_asking<'o>(
    notebook: Notebook,
    origin: impl Into<Origin<'o>>,
    rules: &RuleSet,
    options: Options,
    mut ask: impl FnMut(Proposal<'_>) -> Answer,
) -> Mended {
    if notebook.read_only().is_some() {
        return crate::mend_with(notebook, origin, rules, options);
    }
    let origin = origin.into();
    let asked = Asked {
        origin,
        rules,
        clear_outputs: options.clear_outputs,
    };
    let safety = options.safety.max(Safety::Unsafe);
    let names = (0..notebook.cells().len()).collect();
    let mut state = State::of(notebook, names, origin, rules);
    let mut first: Option<State> = None;
    let mut applied: Vec<Step> = Vec::new();
    let mut refused: Vec<Refusal> = Vec::new();
    // By what they do: several findings may share one fix, and it is proposed once.
    let mut settled: FxHashMap<u64, &'static str> = FxHashMap::default();
    let mut seen: FxHashSet<u64> = FxHashSet::default();
    seen.insert(hash(state.notebook.bytes()));
    let most = MAX_PASSES * (1 + state.linted.findings.len());
    let mut stopped = false;
    let none = FxHashSet::default();
    while applied.len() < most {
        let next = state
            .fixes(safety, &none)
            .find(|(_, fix)| !settled.contains_key(&state.deed(fix)));
        let Some((finding, fix)) = next else { break };
        let deed = state.deed(fix);
        let plan = Plan::greedy(std::iter::once((finding, fix)));
        let outcome = prove::apply(&state, &plan, &asked);
        let failure = outcome.failed.into_iter().next().map(|(_, why)| why);
        let proved = outcome
            .state
            .filter(|after| !seen.contains(&hash(after.notebook.bytes())));
        let Some(after) = proved else {
            let why = failure.unwrap_or_else(|| "it came back to a text seen before".to_owned());
            refused.push(Refusal {
                step: step(finding, fix),
                why,
            });
            settled.insert(deed, "");
            continue;
        };
        let proposal = Proposal {
            finding,
            fix,
            before: &state.notebook,
            after: &after.notebook,
        };
        match ask(proposal) {
            Answer::Apply => {
                applied.push(step(finding, fix));
                seen.insert(hash(after.notebook.bytes()));
                let before = std::mem::replace(&mut state, after);
                first.get_or_insert(before);
            }
            Answer::Skip => {
                settled.insert(deed, DECLINED);
            }
            Answer::Stop => {
                stopped = true;
                break;
            }
        }
    }
    let mut deferred = crate::left_over(&state, Safety::Safe, &none);
    // Of fixes that promise enough `left_over` does not know why they are left.
    deferred.retain(|refusal| refusal.step.safety < safety);
    let left = state.fixes(safety, &none);
    deferred.extend(left.filter_map(|(finding, fix)| {
        let why = match settled.get(&state.deed(fix)) {
            // It stands among the refused ones.
            Some(&"") => return None,
            Some(why) => why,
            None if stopped => NOT_ASKED,
            None => "too many fixes were applied before it; run it again",
        };
        Some(Refusal {
            step: step(finding, fix),
            why: why.to_owned(),
        })
    }));
    Mended::of(first, state, applied, deferred, refused)
}
