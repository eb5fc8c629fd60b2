//! What an author allows: comments, tags and metadata that say which findings are meant to stay.
//!
//! - `# nbfix: allow RULE, RULE reason` holds for its line, or, alone on a line, for the next one; alone at the top of a
//!   cell it holds for the cell. In Markdown it is `<!-- nbfix: allow RULE -->`.
//! - `# nbfix: allow-file RULE` holds for the document, wherever it stands.
//! - A tag `nbfix:allow=RULE` and `{"nbfix": {"allow": ["RULE"]}}` in the metadata hold for their cell.

use std::cell::Cell;
use std::sync::LazyLock;

use memchr::memmem;
use nbfix_ipynb::{CellId, CellKind, ListChange, MetadataEdit, Span};
use nbfix_python::Module;
use nbfix_semantic::{Semantic, Source};
use nbfix_text::{Edit, TextRange};
use regex::Regex;

use crate::lines::{line_end, line_start, starts_line};
use crate::{Finding, Place, RuleSet};

/// The path of the list of tags in a cell's metadata.
pub const TAGS: &[&str] = &["tags"];
/// The path of the list of allowed rules in a cell's metadata.
pub const METADATA: &[&str] = &["nbfix", "allow"];
/// What a tag begins with that allows a rule.
pub const TAG: &str = "nbfix:allow=";

/// A comment in code, in any language that a cell may hold.
static COMMENT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?m)(#|//|--)[ \t]*nbfix:[ \t]*(allow(?:-file)?)\b(.*)$").ok());
/// A comment in Markdown or HTML.
static HTML: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?m)(<!--)[ \t]*nbfix:[ \t]*(allow(?:-file)?)\b(.*?)-->").ok());

/// One rule that is allowed somewhere.
#[derive(Debug)]
pub struct Allow {
    /// The rule's name as it is written; there may be no such rule.
    pub rule: String,
    /// Where the name stands: in a comment, or in the metadata.
    pub at: Place,
    /// What says it; of several names in one comment it is the same.
    pub by: By,
    scope: Scope,
    used: Cell<bool>,
}

/// What allows a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// A comment: all of it.
    Comment(Span),
    /// A string in a list of the cell's metadata: the edit that takes it out.
    Metadata(MetadataEdit),
}

/// Where it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    File,
    Cell(CellId),
    /// What begins or ends here.
    Lines(Span),
}

impl Allow {
    /// Whether it allows what `rule` finds at this place.
    fn covers(&self, rule: &str, at: &Place) -> bool {
        self.rule == rule
            && match (self.scope, at) {
                (Scope::File, _) => true,
                (Scope::Cell(cell), at) => at.cell() == Some(cell),
                (Scope::Lines(lines), Place::Cell(span)) => {
                    let last = span.range.end().max(span.range.start() + 1) - 1;
                    let within = |at| lines.range.start() <= at && at <= lines.range.end();
                    lines.cell == span.cell && (within(span.range.start()) || within(last))
                }
                (Scope::Lines(_), Place::File { .. }) => false,
            }
    }

    /// Whether some finding needed it.
    pub fn is_used(&self) -> bool {
        self.used.get()
    }
}

/// All that is allowed in one document.
#[derive(Debug, Default)]
pub struct Allows {
    list: Vec<Allow>,
}

impl Allows {
    /// Reads what a document allows.
    pub fn of(semantic: &Semantic<'_>) -> Self {
        let notebook = semantic.notebook();
        let mut list = Vec::new();
        for (id, cell) in notebook.ids() {
            // Nearly all cells allow nothing. No JSON writer escapes these letters.
            let metadata = cell.metadata_range();
            let metadata = metadata.and_then(|range| notebook.bytes().get(range));
            if metadata.is_some_and(|raw| memmem::find(raw, b"nbfix").is_some()) {
                in_metadata(semantic, id, &mut list);
            }
            if memmem::find(cell.source.as_bytes(), b"nbfix:").is_some() {
                in_source(semantic, id, &cell.source, &mut list);
            }
        }
        Self { list }
    }

    /// What is allowed, in the order of the document.
    pub fn list(&self) -> &[Allow] {
        &self.list
    }

    /// Whether what `rule` finds at this place is allowed. Whatever allows it is used then.
    pub fn allow(&self, rule: &str, at: &Place) -> bool {
        let mut allowed = false;
        for allow in self.list.iter().filter(|it| it.covers(rule, at)) {
            allow.used.set(true);
            allowed = true;
        }
        allowed
    }

    /// Parts what is allowed from what is not. A fix that would mend both is withdrawn.
    pub(crate) fn part(&self, findings: Vec<Finding>) -> (Vec<Finding>, Vec<Finding>) {
        if self.list.is_empty() {
            return (findings, Vec::new());
        }
        let (allowed, mut kept): (Vec<Finding>, Vec<Finding>) = findings
            .into_iter()
            .partition(|finding| self.allow(finding.rule.name, &finding.at));
        for finding in &mut kept {
            let shared = |other: &&Finding| other.fix.is_some() && other.fix == finding.fix;
            if allowed.iter().any(|other| shared(&other)) {
                finding.fix = None;
            }
        }
        (kept, allowed)
    }
}

fn in_metadata(semantic: &Semantic<'_>, id: CellId, list: &mut Vec<Allow>) {
    let notebook = semantic.notebook();
    let mut push = |path: &[&str], rule: &str, text: &str, range| {
        list.push(Allow {
            rule: rule.trim().to_owned(),
            at: Place::File {
                range,
                cell: Some(id),
            },
            by: By::Metadata(MetadataEdit {
                cell: id,
                path: path.iter().map(|key| (*key).to_owned()).collect(),
                change: ListChange::Remove(text.to_owned()),
            }),
            scope: Scope::Cell(id),
            used: Cell::new(false),
        });
    };
    for (tag, range) in notebook.metadata_strings(id, TAGS) {
        if let Some(rule) = tag.strip_prefix(TAG) {
            push(TAGS, rule, &tag, range);
        }
    }
    for (rule, range) in notebook.metadata_strings(id, METADATA) {
        push(METADATA, &rule, &rule, range);
    }
}

/// A comment that allows something, and where.
struct Comment {
    range: TextRange,
    whole_file: bool,
    /// Whether nothing else stands in its line.
    alone: bool,
    names: Vec<TextRange>,
}

fn in_source(semantic: &Semantic<'_>, id: CellId, source: &str, list: &mut Vec<Allow>) {
    let what = semantic.source(id);
    let comments = comments(semantic, id, what, source);
    let strings = match what {
        Source::Python { module, .. } | Source::File { module, .. } => {
            module.multiline_strings(source)
        }
        _ => Vec::new(),
    };
    // What stands at the top, above everything that counts.
    let mut top = match source.starts_with("%%") {
        true => next_line(source, 0),
        false => 0,
    };
    for comment in &comments {
        let start = comment.range.start();
        let is_top = comment.alone
            && source
                .get(top..start)
                .is_some_and(|before| before.trim().is_empty());
        if is_top {
            top = comment.range.end();
        }
        let scope = if comment.whole_file {
            Scope::File
        } else if is_top {
            Scope::Cell(id)
        } else {
            let at = match comment.alone {
                false => start,
                true => below(source, comment),
            };
            // The comment's own line counts, too: what is found in it is about it.
            let range = lines(source, at, &strings).cover(comment.range);
            Scope::Lines(Span { cell: id, range })
        };
        for name in &comment.names {
            list.push(Allow {
                rule: name.of(source).to_owned(),
                at: Place::Cell(Span {
                    cell: id,
                    range: *name,
                }),
                by: By::Comment(Span {
                    cell: id,
                    range: comment.range,
                }),
                scope,
                used: Cell::new(false),
            });
        }
    }
}

/// The comments of a cell that allow something.
fn comments(semantic: &Semantic<'_>, id: CellId, what: &Source, source: &str) -> Vec<Comment> {
    let is_markdown = semantic
        .notebook()
        .cell(id)
        .is_some_and(|cell| cell.kind == CellKind::Markdown);
    let foreign = match what {
        Source::Python { module, .. } | Source::File { module, .. } => {
            return python(source, module);
        }
        _ => |_: usize| true,
    };
    let mut found = Vec::new();
    if !is_markdown {
        found = matches(source, COMMENT.as_ref(), foreign);
    }
    found.extend(matches(source, HTML.as_ref(), foreign));
    found.sort_by_key(|comment| comment.range.start());
    found
}

/// Only what is a comment to Python counts, or to the shell that a line is for; not what a string says.
fn python(source: &str, module: &Module) -> Vec<Comment> {
    let tokens = module.strings_and_comments();
    let counts = |at: usize| {
        let holds = |it: &&TextRange| it.start() <= at && at < it.end();
        let token = tokens.iter().find(holds);
        source.get(at..).is_some_and(|rest| rest.starts_with('#'))
            && token.is_none_or(|token| token.of(source).starts_with('#'))
    };
    matches(source, COMMENT.as_ref(), counts)
}

fn matches(source: &str, regex: Option<&Regex>, counts: impl Fn(usize) -> bool) -> Vec<Comment> {
    let mut found = Vec::new();
    for captures in regex
        .into_iter()
        .flat_map(|regex| regex.captures_iter(source))
    {
        let (Some(all), Some(word), Some(rest)) =
            (captures.get(0), captures.get(2), captures.get(3))
        else {
            continue;
        };
        if !counts(all.start()) {
            continue;
        }
        let end = all.start() + all.as_str().trim_end().len();
        let after = source.get(end..line_end(source, end)).unwrap_or_default();
        found.push(Comment {
            range: TextRange::new(all.start(), end),
            whole_file: word.as_str() == "allow-file",
            alone: starts_line(source, all.start()) && after.trim().is_empty(),
            names: names(source, TextRange::new(rest.start(), rest.end())),
        });
    }
    found
}

/// The names at the start of what follows `allow`. What follows them is the reason, for people: behind a comma a
/// word is a name only if it looks like one.
fn names(source: &str, rest: TextRange) -> Vec<TextRange> {
    let mut names = Vec::new();
    let mut at = rest.start();
    loop {
        let text = TextRange::new(at, rest.end()).of(source);
        let start = at + (text.len() - text.trim_start().len());
        let text = TextRange::new(start, rest.end()).of(source);
        let of_name = |char: char| char.is_alphanumeric() || matches!(char, '-' | '_');
        let name = text.split(|char| !of_name(char)).next().unwrap_or_default();
        if name.is_empty() || name.starts_with('-') || !names.is_empty() && !name.contains('-') {
            return names;
        }
        // A dash behind the name begins the reason.
        let name = name.trim_end_matches('-');
        let end = start + name.len();
        names.push(TextRange::new(start, end));
        let after = TextRange::new(end, rest.end()).of(source);
        match after.trim_start().strip_prefix(',') {
            Some(more) => at = rest.end() - more.len(),
            None => return names,
        }
    }
}

/// Where the next line begins.
fn next_line(source: &str, at: usize) -> usize {
    let rest = source.get(at..).unwrap_or_default();
    rest.find('\n').map_or(source.len(), |end| at + end + 1)
}

/// The next line that is neither blank nor a comment of this sort.
fn below(source: &str, comment: &Comment) -> usize {
    let sign = comment.range.of(source);
    let sign = sign.get(..sign.find("nbfix").unwrap_or_default());
    let sign = sign.unwrap_or_default().trim_end();
    let mut at = next_line(source, comment.range.end());
    while at < source.len() {
        let line = TextRange::new(at, line_end(source, at)).of(source).trim();
        if !line.is_empty() && !line.starts_with(sign) {
            break;
        }
        at = next_line(source, at);
    }
    at
}

/// The line at `at`, with the lines that no comment could be put between: those of one string, and those that a
/// backslash continues.
fn lines(source: &str, at: usize, strings: &[TextRange]) -> TextRange {
    let (mut start, mut end) = (line_start(source, at), line_end(source, at));
    for string in strings {
        if string.start() <= end && start <= string.end() {
            start = start.min(line_start(source, string.start()));
            end = end.max(line_end(source, string.end()));
        }
    }
    let continued = |end: usize| {
        let line = source.get(line_start(source, end)..end);
        line.is_some_and(|line| line.trim_end().ends_with('\\'))
    };
    while start > 0 && continued(start - 1) {
        start = line_start(source, start - 1);
    }
    while end < source.len() && continued(end) {
        end = line_end(source, next_line(source, end));
    }
    TextRange::new(start, end)
}

/// What there is to judge about what a document allows, after all other rules have run.
pub struct Judged<'j, 's> {
    /// The document.
    pub semantic: &'j Semantic<'s>,
    /// What it allows, and what of it was needed.
    pub allows: &'j Allows,
    pub(crate) rules: &'j RuleSet,
    pub(crate) crashed: &'j [bool],
}

impl Judged<'_, '_> {
    /// Whether the rule of this name has run to its end, so that what it did not need is not needed.
    pub fn has_run(&self, rule: &str) -> bool {
        let mut rules = self.rules.rules().iter().zip(self.crashed);
        rules.any(|(selected, crashed)| {
            // What a project needs is known only where it is looked at as a whole.
            let elsewhere = matches!(selected.rule.check, crate::Check::Project(_))
                && self.rules.scope == crate::Scope::Files;
            selected.rule.name == rule && !crashed && !elsewhere
        })
    }

    /// The names of the rules that there are besides the built-in ones, selected or not.
    pub fn known(&self) -> &[&'static str] {
        &self.rules.known
    }
}

/// The edit that takes some names out of a comment; all of it, if none stays. `names` are all that stand in it, and
/// whether each stays.
pub fn without(source: &str, comment: TextRange, names: &[(TextRange, bool)]) -> Edit {
    let kept: Vec<&str> = names
        .iter()
        .filter(|(_, stays)| *stays)
        .map(|(name, _)| name.of(source))
        .collect();
    let (Some((first, _)), Some((last, _))) = (names.first(), names.last()) else {
        return Edit::delete(comment);
    };
    if !kept.is_empty() {
        return Edit::replace(TextRange::new(first.start(), last.end()), kept.join(", "));
    }
    let end = line_end(source, comment.end());
    let behind = TextRange::new(comment.end(), end).of(source).trim();
    if !behind.is_empty() {
        return Edit::delete(comment);
    }
    if starts_line(source, comment.start()) {
        let (start, next) = (line_start(source, comment.start()), next_line(source, end));
        // The last line goes with the line end before it.
        let start = match next == end {
            true => start.saturating_sub(1),
            false => start,
        };
        return Edit::delete(TextRange::new(start, next));
    }
    let before = source.get(..comment.start()).unwrap_or_default();
    Edit::delete(TextRange::new(
        before.trim_end_matches([' ', '\t']).len(),
        comment.end(),
    ))
}
