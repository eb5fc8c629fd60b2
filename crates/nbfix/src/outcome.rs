//! What the work on one file gave, and what that comes to over many.

use std::collections::BTreeMap;
use std::process::ExitCode;

use nbfix_lint::{Level, Safety};
use nbfix_report::{Document, Summary, Totals};

use crate::arguments::{FailArguments, FailOn};

/// How the command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Nothing to complain about.
    Clean,
    /// There are findings, or a difference.
    Findings,
    /// Something that was asked for could not be done.
    Trouble,
    /// Somebody ended it.
    Interrupted,
}

impl Exit {
    pub(crate) fn code(self) -> ExitCode {
        ExitCode::from(match self {
            Exit::Clean => 0,
            Exit::Findings => 1,
            Exit::Trouble => 2,
            // What shells say of a command that Ctrl-C ended.
            Exit::Interrupted => 130,
        })
    }
}

/// The work on one file.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// For stdout.
    pub(crate) out: Vec<u8>,
    /// The document in each of the formats that stand in a frame or in files (see `reports.rs`).
    pub(crate) reports: Vec<Vec<u8>>,
    /// What goes into the frames.
    pub(crate) totals: Option<Totals>,
    /// For stderr.
    pub(crate) messages: Vec<Message>,
    /// What counts.
    pub(crate) tally: Tally,
    /// For the patch that was asked for.
    pub(crate) patch: Vec<u8>,
    /// For the report that was asked for: one JSON object.
    pub(crate) record: String,
}

/// What is said on stderr.
#[derive(Debug)]
pub(crate) enum Message {
    /// Something could not be done.
    Error(String),
    /// Something should be known.
    Warning(String),
    /// A text as it is.
    Note(Vec<u8>),
}

impl Outcome {
    /// That the file could not be read or written.
    pub(crate) fn trouble(&mut self, message: String) {
        self.messages.push(Message::Error(message));
        self.tally.trouble = true;
    }
}

/// What counts, of one file or of many.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// The findings: all that `check` made, those that `fix` left.
    pub(crate) summary: Summary,
    /// Whether one of them makes the run fail.
    pub(crate) failing: bool,
    /// Files that were changed, or would be.
    pub(crate) changed: usize,
    /// Fixes that were applied, or would be.
    pub(crate) applied: usize,
    /// Mended cells that keep outputs of their old text.
    pub(crate) outdated: usize,
    /// Findings that a baseline knows, and so are not told.
    pub(crate) known: usize,
    /// Findings of a baseline that are not found any more.
    pub(crate) gone: usize,
    /// Lines of diffs in which secrets are masked.
    pub(crate) masked: usize,
    /// The findings by rule.
    pub(crate) rules: BTreeMap<&'static str, RuleTally>,
    /// Whether something could not be done, or a rule panicked.
    pub(crate) trouble: bool,
}

/// What one rule found.
#[derive(Debug)]
pub(crate) struct RuleTally {
    /// The highest level of its findings.
    pub(crate) level: Level,
    pub(crate) findings: usize,
    /// How many of them have a safe fix.
    pub(crate) safe: usize,
}

impl Tally {
    /// Counts the findings of one document; those that `fail_on` names make the run fail.
    pub(crate) fn count(&mut self, document: &Document<'_>, fail_on: FailOn) {
        self.summary.add(document);
        let mut findings = document.findings.iter();
        self.failing |= findings.any(|finding| fail_on.fails(finding.level));
        for finding in document.findings {
            let safe = finding.fix.as_ref();
            let safe = safe.is_some_and(|fix| fix.safety == Safety::Safe);
            self.count_rule(
                finding.rule.name,
                &RuleTally {
                    level: finding.level,
                    findings: 1,
                    safe: usize::from(safe),
                },
            );
        }
        self.trouble |= !document.crashes.is_empty();
    }

    fn count_rule(&mut self, name: &'static str, more: &RuleTally) {
        let rule = self.rules.entry(name).or_insert(RuleTally {
            level: more.level,
            findings: 0,
            safe: 0,
        });
        rule.level = rule.level.max(more.level);
        rule.findings += more.findings;
        rule.safe += more.safe;
    }

    pub(crate) fn add(&mut self, other: Tally) {
        self.summary.join(&other.summary);
        self.failing |= other.failing;
        self.changed += other.changed;
        self.applied += other.applied;
        self.outdated += other.outdated;
        self.known += other.known;
        self.gone += other.gone;
        self.masked += other.masked;
        for (name, rule) in &other.rules {
            self.count_rule(name, rule);
        }
        self.trouble |= other.trouble;
    }

    /// `2 of 5 files`, or `5 files` if all of them were changed.
    pub(crate) fn changed_files(&self) -> String {
        let files = count(self.summary.files, "file", "files");
        if self.changed == self.summary.files {
            files
        } else {
            format!("{} of {files}", self.changed)
        }
    }

    /// How a command ends that tells findings.
    pub(crate) fn exit(&self, failing: &FailArguments) -> Exit {
        if self.trouble {
            Exit::Trouble
        } else if self.failing && !failing.exit_zero {
            Exit::Findings
        } else {
            Exit::Clean
        }
    }
}

/// `1 fix`, `2 fixes`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {many}"),
    }
}
