//! What a report over many documents says at its start or end.

use std::collections::BTreeMap;

use nbfix_lint::{Crash, Level, Rule, Safety};

use crate::{Document, Summary};

/// What a run came to. It grows with the number of files and rules, and not with what is found.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// The numbers of all.
    pub summary: Summary,
    /// The rules that found something, by name.
    pub rules: BTreeMap<&'static str, RuleTotal>,
    /// Documents with findings, in their order.
    pub files: Vec<FileTotal>,
    /// The panics of rules, each with its document.
    pub crashes: Vec<(String, Crash)>,
}

/// What one rule found.
#[derive(Clone, Debug)]
pub struct RuleTotal {
    /// The rule.
    pub rule: &'static Rule,
    /// The highest level of its findings.
    pub level: Level,
    /// How many there are.
    pub findings: usize,
    /// In how many documents.
    pub files: usize,
    /// How many have a safe fix.
    pub safe: usize,
    /// How many have an unsafe one.
    pub not_safe: usize,
}

/// What one document holds.
#[derive(Clone, Debug)]
pub struct FileTotal {
    /// The path, as people shall see it.
    pub path: String,
    /// Its findings: errors, warnings, notes.
    pub levels: [usize; 3],
}

impl Totals {
    /// Those of one document.
    pub fn of(document: &Document) -> Self {
        let mut totals = Self::default();
        totals.summary.add(document);
        for finding in document.findings {
            let safety = finding.fix.as_ref().map(|fix| fix.safety);
            let one = RuleTotal {
                rule: finding.rule,
                level: finding.level,
                findings: 1,
                files: 0,
                safe: usize::from(safety == Some(Safety::Safe)),
                not_safe: usize::from(safety == Some(Safety::Unsafe)),
            };
            totals.count(&one);
        }
        totals.rules.values_mut().for_each(|rule| rule.files = 1);
        if !document.findings.is_empty() {
            let Summary {
                errors,
                warnings,
                notes,
                ..
            } = totals.summary;
            totals.files.push(FileTotal {
                path: document.path.to_owned(),
                levels: [errors, warnings, notes],
            });
        }
        let crashes = document.crashes.iter();
        totals.crashes = crashes
            .map(|crash| (document.path.to_owned(), crash.clone()))
            .collect();
        totals
    }

    /// Adds those of the documents that follow.
    pub fn add(&mut self, other: Totals) {
        self.summary.join(&other.summary);
        other.rules.values().for_each(|rule| self.count(rule));
        self.files.extend(other.files);
        self.crashes.extend(other.crashes);
    }

    fn count(&mut self, more: &RuleTotal) {
        let rule = self.rules.entry(more.rule.name).or_insert(RuleTotal {
            findings: 0,
            files: 0,
            safe: 0,
            not_safe: 0,
            ..more.clone()
        });
        rule.level = rule.level.max(more.level);
        rule.findings += more.findings;
        rule.files += more.files;
        rule.safe += more.safe;
        rule.not_safe += more.not_safe;
    }

    /// The rules, the worst first, and of those the ones that found most.
    pub(crate) fn ranked(&self) -> Vec<&RuleTotal> {
        let mut rules: Vec<&RuleTotal> = self.rules.values().collect();
        rules.sort_by_key(|rule| std::cmp::Reverse((rule.level, rule.findings)));
        rules
    }
}
