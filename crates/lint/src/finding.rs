//! What was found, and how it can be mended.

use std::any::Any;
use std::collections::BTreeMap;
use std::ops::Range;

use nbfix_ipynb::{CellId, MetadataEdit, NewCell, Span};
use nbfix_text::{Edit, Patch, TextRange};

use crate::join::Join;
use crate::{Allows, Rule, RuleSet, Selected};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Worth knowing.
    Note,
    /// Breaks for somebody.
    Warning,
    /// Breaks for everybody, or leaks.
    Error,
}

impl Level {
    /// The word for it: `note`, `warning` or `error`.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Note => "note",
            Level::Warning => "warning",
            Level::Error => "error",
        }
    }
}

/// The promise of a fix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Safety {
    /// For a person to finish; never applied.
    Display,
    /// It parses, and may run differently; its caution says how.
    Unsafe,
    /// The notebook does the same, for those for whom it worked.
    Safe,
}

impl Safety {
    /// The word for it: `display`, `unsafe` or `safe`.
    pub fn as_str(self) -> &'static str {
        match self {
            Safety::Display => "display",
            Safety::Unsafe => "unsafe",
            Safety::Safe => "safe",
        }
    }
}

/// Where a finding is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// In a cell's source.
    Cell(Span),
    /// In the file, outside of any source.
    File {
        /// Bytes of the file.
        range: Range<usize>,
        /// The cell that it belongs to, if any.
        cell: Option<CellId>,
    },
}

impl Place {
    /// The cell, if there is one.
    pub fn cell(&self) -> Option<CellId> {
        match self {
            Place::Cell(span) => Some(span.cell),
            Place::File { cell, .. } => *cell,
        }
    }

    fn order(&self) -> (Option<CellId>, usize, usize) {
        match self {
            Place::Cell(span) => (Some(span.cell), span.range.start() + 1, span.range.end()),
            // What concerns the file stands before what stands in it.
            Place::File { range, cell: None } => (None, range.start, range.end),
            Place::File { cell, .. } => (*cell, 0, 0),
        }
    }
}

/// A related place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is there.
    pub text: String,
}

/// Edits and new cells that mend one finding: all of them or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as an instruction.
    pub title: String,
    /// Its promise.
    pub safety: Safety,
    /// What to look at afterwards.
    pub caution: Option<String>,
    /// The edits, by cell.
    pub edits: BTreeMap<CellId, Patch>,
    /// The cells that it puts in; those at one position in their order.
    pub cells: Vec<NewCell>,
    /// What it changes in the metadata of cells.
    pub metadata: Vec<MetadataEdit>,
    /// The cells whose outputs and execution counts it clears.
    pub clears: Vec<CellId>,
}

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule that found it.
    pub rule: &'static Rule,
    /// How bad it is in this run.
    pub level: Level,
    /// Where.
    pub at: Place,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// Related places.
    pub labels: Vec<Label>,
    /// How to mend it.
    pub fix: Option<Fix>,
    /// Findings of other rules that come of this one, and are told by its labels. Once this one is mended they stand
    /// for themselves, if they are still found.
    pub joined: Vec<Finding>,
}

impl Finding {
    /// The order in which findings are told: cell, start, rule.
    pub fn order(&self) -> impl Ord + use<> {
        (self.at.order(), self.rule.name, self.message.clone())
    }
}

/// What a check hands over; the words come from the page.
#[derive(Debug)]
pub struct Report {
    at: Place,
    says: Option<&'static str>,
    arguments: Vec<(&'static str, String)>,
    help: Option<String>,
    level: Option<Level>,
    labels: Vec<Label>,
    edits: Vec<(CellId, Edit)>,
    cells: Vec<NewCell>,
    metadata: Vec<MetadataEdit>,
    clears: Vec<CellId>,
    safety: Option<Safety>,
    join: Option<Join>,
}

impl Report {
    /// Something at `range` of `cell`.
    pub fn at(cell: CellId, range: TextRange) -> Self {
        Self::in_place(Place::Cell(Span { cell, range }))
    }

    /// Something in the file itself.
    pub fn in_place(at: Place) -> Self {
        Self {
            at,
            says: None,
            arguments: Vec::new(),
            help: None,
            level: None,
            labels: Vec::new(),
            edits: Vec::new(),
            cells: Vec::new(),
            metadata: Vec::new(),
            clears: Vec::new(),
            safety: None,
            join: None,
        }
    }

    /// Chooses one of the page's other messages.
    pub fn says(mut self, key: &'static str) -> Self {
        self.says = Some(key);
        self
    }

    /// What `{name}` stands for in the page's texts.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.arguments.push((name, value.into()));
        self
    }

    /// A related place.
    pub fn label(mut self, cell: CellId, range: TextRange, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            span: Span { cell, range },
            text: text.into(),
        });
        self
    }

    /// What to do, in place of the page's help.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// A lower level than the rule's own.
    pub fn level(mut self, level: Level) -> Self {
        self.level = Some(level);
        self
    }

    /// One edit of the fix.
    pub fn edit(mut self, cell: CellId, edit: Edit) -> Self {
        self.edits.push((cell, edit));
        self
    }

    /// One new code cell of the fix, before the cell at this position; the number of cells stands for the end.
    pub fn insert_cell(mut self, before: usize, source: impl Into<String>) -> Self {
        let source = source.into();
        self.cells.push(NewCell { before, source });
        self
    }

    /// One edit of metadata of the fix.
    pub fn edit_metadata(mut self, edit: MetadataEdit) -> Self {
        self.metadata.push(edit);
        self
    }

    /// The fix clears the outputs and the execution count of this cell.
    pub fn clear_outputs(mut self, cell: CellId) -> Self {
        self.clears.push(cell);
        self
    }

    /// A lower promise than the page's own.
    pub fn safety(mut self, safety: Safety) -> Self {
        self.safety = Some(safety);
        self
    }

    /// Tells it as a part of the finding that states its cause, where one of the named rules has one (see [`Join`]).
    pub fn join(mut self, join: Join) -> Self {
        self.join = Some(join);
        self
    }
}

/// Where a check puts what it found.
#[derive(Debug)]
pub struct Findings<'f> {
    pub(crate) selected: &'f Selected,
    pub(crate) rules: &'f RuleSet,
    pub(crate) allows: &'f Allows,
    pub(crate) found: &'f mut Vec<Finding>,
    /// By position in `found`.
    pub(crate) joins: &'f mut BTreeMap<usize, Join>,
}

impl Findings<'_> {
    /// What the user has said (see [`RuleSet::with_settings`](crate::RuleSet::with_settings)), if it is of this type.
    pub fn settings<T: Any>(&self) -> Option<&T> {
        self.rules.settings.as_deref()?.downcast_ref()
    }

    /// Whether the rule of this name runs, too.
    pub fn runs(&self, rule: &str) -> bool {
        self.rules.get(rule).is_some()
    }

    /// Whether the author allows what the rule finds there. What is handed over nevertheless is not told; to ask is for
    /// rules whose one fix mends several places, so that it leaves out those that are meant to stay.
    pub fn is_allowed(&self, cell: CellId, range: TextRange) -> bool {
        self.is_allowed_of(self.selected.rule.name, cell, range)
    }

    /// The same for another rule, with which this one shares a fix.
    pub fn is_allowed_of(&self, rule: &str, cell: CellId, range: TextRange) -> bool {
        self.allows.allow(rule, &Place::Cell(Span { cell, range }))
    }

    /// Takes the reports that there are.
    pub fn extend(&mut self, reports: impl IntoIterator<Item = Report>) {
        reports.into_iter().for_each(|report| self.push(report));
    }

    /// Takes one report, and gives it the words of the rule's page.
    pub fn push(&mut self, report: Report) {
        if let Some(join) = &report.join {
            self.joins.insert(self.found.len(), join.clone());
        }
        self.found.push(finish(self.selected, report));
    }
}

/// A report in the words of its page.
pub(crate) fn finish(selected: &Selected, report: Report) -> Finding {
    let rule = selected.rule;
    let template = report
        .says
        .and_then(|key| rule.messages.iter().find(|(name, _)| *name == key))
        .map_or(rule.message, |(_, message)| *message);
    let fill = |text: &str| fill(text, &report.arguments);
    let fix = rule
        .fix
        .filter(|_| {
            let none = report.edits.is_empty() && report.cells.is_empty();
            !none || !report.metadata.is_empty() || !report.clears.is_empty()
        })
        .and_then(|text| {
            let safety = report
                .safety
                .map_or(text.safety, |safety| safety.min(text.safety));
            Some(Fix {
                title: fill(text.title),
                safety,
                caution: text.caution.map(fill),
                edits: patches(&report.edits)?,
                cells: report.cells.clone(),
                metadata: report.metadata.clone(),
                clears: report.clears.clone(),
            })
        });
    Finding {
        rule,
        level: report
            .level
            .map_or(selected.level, |level| level.min(selected.level)),
        message: fill(template),
        help: report.help.as_deref().or(rule.help).map(fill),
        fix,
        at: report.at,
        labels: report.labels,
        joined: Vec::new(),
    }
}

/// Puts findings in order, each once.
pub(crate) fn sort(found: &mut Vec<Finding>) {
    found.sort_by_cached_key(Finding::order);
    found.dedup_by(|a, b| a.at == b.at && a.rule.name == b.rule.name && a.message == b.message);
}

/// The edits as one patch a cell; `None` if a check hands over edits that overlap, and so no fix at all.
fn patches(edits: &[(CellId, Edit)]) -> Option<BTreeMap<CellId, Patch>> {
    let mut by_cell: BTreeMap<CellId, Vec<Edit>> = BTreeMap::new();
    for (cell, edit) in edits {
        by_cell.entry(*cell).or_default().push(edit.clone());
    }
    by_cell
        .into_iter()
        .map(|(cell, edits)| Some((cell, Patch::new(edits).ok()?)))
        .collect()
}

/// Puts the values into the text's `{holes}`; a hole without a value stays as it is.
fn fill(text: &str, arguments: &[(&'static str, String)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let (before, from) = rest.split_at(open);
        out.push_str(before);
        let value = from.find('}').and_then(|close| {
            let name = from.get(1..close)?;
            let (_, value) = arguments.iter().find(|(known, _)| *known == name)?;
            Some((value, close + 1))
        });
        match value {
            Some((value, length)) => {
                out.push_str(value);
                rest = &from[length..];
            }
            None => {
                out.push('{');
                rest = &from[1..];
            }
        }
    }
    out.push_str(rest);
    out
}
