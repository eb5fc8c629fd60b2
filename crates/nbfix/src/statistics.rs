//! How often each rule found something.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::outcome::{RuleTally, Tally};
use crate::terminal::{NAME, Terminal};

/// The most frequent first.
fn sorted(tally: &Tally) -> Vec<(&'static str, &RuleTally)> {
    let mut rules: Vec<_> = tally
        .rules
        .iter()
        .map(|(name, rule)| (*name, rule))
        .collect();
    rules.sort_by_key(|(name, rule)| (std::cmp::Reverse(rule.findings), *name));
    rules
}

/// One line a rule: how many, of which level, and how many have a safe fix.
pub(crate) fn text(tally: &Tally, terminal: &Terminal) -> String {
    let rules = sorted(tally);
    let widest = rules
        .iter()
        .map(|(_, rule)| rule.findings.to_string().len());
    let width = widest.max().unwrap_or(0);
    let names = rules.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut out = String::new();
    for (name, rule) in rules {
        let name = terminal.paint(NAME, format!("{name:names$}"));
        let level = rule.level.as_str();
        let _ = write!(out, "{:width$}  {name}  {level}", rule.findings);
        let _ = match rule.safe {
            0 => writeln!(out),
            safe if safe == rule.findings => writeln!(out, "  [*] all with a safe fix"),
            safe => writeln!(out, "  [*] {safe} with a safe fix"),
        };
    }
    out
}

/// The same for programs.
pub(crate) fn json(tally: &Tally) -> anyhow::Result<String> {
    let rules: Vec<Value> = sorted(tally)
        .into_iter()
        .map(|(name, rule)| {
            json!({"rule": name, "level": rule.level.as_str(), "findings": rule.findings, "safe": rule.safe})
        })
        .collect();
    Ok(serde_json::to_string_pretty(&rules)? + "\n")
}
