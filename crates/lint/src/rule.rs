//! Rules that can run, and the choice among them.

use nbfix_pattern::{Pattern, Template};
use nbfix_python::{AnyNodeRef, NodeKind};
use nbfix_semantic::Semantic;

use crate::finding::finish;
use crate::{Context, Document, Finding, Findings, Group, Level, Report, Safety};

/// One rule: what its page says, and its check.
#[derive(Debug)]
pub struct Rule {
    /// The name; it reads after "allow", and is the page's file name.
    pub name: &'static str,
    /// One line for tables.
    pub summary: &'static str,
    /// What a finding says, with `{holes}`.
    pub message: &'static str,
    /// Other messages by key.
    pub messages: &'static [(&'static str, &'static str)],
    /// What to do about it.
    pub help: Option<&'static str>,
    /// What it does to the next reader.
    pub group: Group,
    /// Whether it runs unless deselected.
    pub default: bool,
    /// Which documents it is for.
    pub documents: &'static [Document],
    /// What its fix says of itself.
    pub fix: Option<FixText>,
    /// How it finds.
    pub check: Check,
    /// The page's text, for `explain` and the tests.
    pub page: &'static str,
}

/// What a fix says of itself.
#[derive(Clone, Copy, Debug)]
pub struct FixText {
    /// What it does, as an instruction.
    pub title: &'static str,
    /// Its promise.
    pub safety: Safety,
    /// What to look at afterwards.
    pub caution: Option<&'static str>,
}

/// How a rule finds; exactly one way, so that nothing shadows.
pub enum Check {
    /// Python with holes; built when the rule first runs.
    Pattern(fn() -> PatternCheck),
    /// Called for every node of these kinds.
    Node(
        &'static [NodeKind],
        for<'s, 'a> fn(&Context<'s, 'a>, AnyNodeRef<'a>, &mut Findings<'_>),
    ),
    /// Called once for a document.
    Notebook(for<'s, 'a> fn(&'s Semantic<'a>, &mut Findings<'_>)),
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Check::Pattern(_) => "Pattern",
            Check::Node(..) => "Node",
            Check::Notebook(_) => "Notebook",
        })
    }
}

/// A pattern rule, ready to run.
#[derive(Debug)]
pub struct PatternCheck {
    /// Any of these may match.
    pub patterns: Vec<(Pattern, Option<Template>)>,
    /// Silent where the document imports one of these.
    pub unless_imported: Vec<String>,
    /// Only outside functions and classes.
    pub top_level: bool,
}

impl Rule {
    /// The level of its findings.
    pub fn level(&self) -> Level {
        match self.group {
            Group::Broken | Group::Leak => Level::Error,
            Group::Fragile => Level::Warning,
            Group::Tidy => Level::Note,
        }
    }
}

/// One rule of a set, with what a run needs of it.
#[derive(Debug)]
pub struct Selected {
    /// The rule.
    pub rule: &'static Rule,
    /// The level of its findings in this run.
    pub level: Level,
    pub(crate) pattern: Option<PatternCheck>,
}

impl Selected {
    /// A finding of this rule, for what no check can reach: a file that does not load.
    pub fn finding(&self, report: Report) -> Finding {
        finish(self, report)
    }
}

/// The rules of a run, indexed by what they look at.
#[derive(Debug)]
pub struct RuleSet {
    rules: Vec<Selected>,
    /// For each node kind the rules (by position) that look at it.
    by_kind: Vec<Vec<usize>>,
}

/// More than there are node kinds; the parser's enum has no count of its own.
const KINDS: usize = 128;

impl RuleSet {
    /// A set of `rules`, in the order of their names.
    pub fn new(rules: impl IntoIterator<Item = &'static Rule>) -> Self {
        let mut rules: Vec<Selected> = rules
            .into_iter()
            .map(|rule| {
                let pattern = match &rule.check {
                    Check::Pattern(build) => Some(build()),
                    _ => None,
                };
                Selected {
                    rule,
                    level: rule.level(),
                    pattern,
                }
            })
            .collect();
        rules.sort_by_key(|selected| selected.rule.name);
        rules.dedup_by_key(|selected| selected.rule.name);
        let mut by_kind = vec![Vec::new(); KINDS];
        for (index, selected) in rules.iter().enumerate() {
            for kind in kinds(selected) {
                if let Some(list) = by_kind.get_mut(kind as usize) {
                    list.push(index);
                }
            }
        }
        Self { rules, by_kind }
    }

    /// The rules, by name.
    pub fn rules(&self) -> &[Selected] {
        &self.rules
    }

    /// The rule of this name, if it was chosen.
    pub fn get(&self, name: &str) -> Option<&Selected> {
        self.rules
            .iter()
            .find(|selected| selected.rule.name == name)
    }

    /// The rules (by position) that look at nodes of this kind.
    pub(crate) fn for_kind(&self, kind: NodeKind) -> &[usize] {
        self.by_kind.get(kind as usize).map_or(&[], Vec::as_slice)
    }
}

fn kinds(selected: &Selected) -> Vec<NodeKind> {
    match (&selected.rule.check, &selected.pattern) {
        (Check::Node(kinds, _), _) => kinds.to_vec(),
        (Check::Pattern(_), Some(check)) => {
            let mut kinds: Vec<NodeKind> = check
                .patterns
                .iter()
                .flat_map(|(pattern, _)| pattern.kinds())
                .collect();
            kinds.sort_by_key(|kind| *kind as usize);
            kinds.dedup();
            kinds
        }
        _ => Vec::new(),
    }
}
