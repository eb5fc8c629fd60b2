//! The proof of a page's examples.

use nbfix_fix::mend;
use nbfix_ipynb::{CellId, CellKind, LoadError, Notebook};
use nbfix_lint::{Check, Example, Finding, Linted, Page, Place, Rule, RuleSet, Safety, lint};
use nbfix_semantic::{Beside, ModuleFile, Origin, Semantic, Sources};
use nbfix_text::LineIndex;
use serde::Deserialize;

use crate::failure::{Failure, Proof, Texts, Word};
use crate::percent::{Marker, Percent, print};
use crate::{Settings, all, unreadable};

/// What went wrong, before it is known in which example.
struct Wrong(Word, String, Option<Texts>);

fn wrong(word: Word, why: impl Into<String>) -> Wrong {
    Wrong(word, why.into(), None)
}

/// Runs every example of `rule`'s page.
pub fn prove(rule: &'static Rule) -> Proof {
    let page = match Page::parse(rule.page) {
        Ok(page) => page,
        Err(error) => {
            let failure = Failure {
                index: 0,
                example: String::new(),
                word: Word::Bad,
                why: error.to_string(),
                texts: None,
            };
            return Proof {
                examples: 0,
                failures: vec![failure],
            };
        }
    };
    let failed = |(index, example): (usize, &Example)| {
        let held = settings(example).and_then(|settings| {
            let rules = match rule.check {
                // What is allowed in vain only they know together.
                Check::Allows(_) => RuleSet::new(all()),
                _ => RuleSet::new([rule]),
            };
            let rules = rules.with_settings(settings);
            holds(example, &rules)
        });
        let Wrong(word, why, texts) = held.err()?;
        Some(Failure {
            index,
            example: example.name.clone(),
            word,
            why,
            texts,
        })
    };
    Proof {
        examples: page.examples.len(),
        failures: page
            .examples
            .iter()
            .enumerate()
            .filter_map(failed)
            .collect(),
    }
}

/// What the example says in the user's place.
fn settings(example: &Example) -> Result<Settings, Wrong> {
    let table = example.settings.clone().unwrap_or_default();
    let settings = Settings::deserialize(table);
    settings.map_err(|error| wrong(Word::Bad, format!("`settings`: {}", error.message())))
}

fn holds(example: &Example, rules: &RuleSet) -> Result<(), Wrong> {
    let path = example.path.as_deref().unwrap_or("example.ipynb");
    let raw = example.path.is_some() && path.ends_with(".ipynb");
    if let Some(text) = &example.clean {
        return clean(&Document::of(text, path, raw, example), rules);
    }
    let before = example.before.as_deref().unwrap_or_default();
    let document = Document::of(before, path, raw, example);
    flagged(&document, rules)?;
    match &example.after {
        Some(after) => mended(&document, after, rules),
        None => left_alone(&document, rules),
    }
}

struct Document<'t> {
    text: &'t str,
    path: &'t str,
    bytes: Option<Vec<u8>>,
    percent: Percent,
    example: &'t Example,
}

impl Beside for Document<'_> {
    fn module(&self, name: &str, _: &[String]) -> Option<ModuleFile> {
        let place = name.replace('.', "/");
        let files = [
            (format!("{place}.py"), false),
            (format!("{place}/__init__.py"), true),
        ];
        files.into_iter().find_map(|(path, package)| {
            let text = self.example.beside.get(&path)?.clone();
            let folder = format!("{place}/");
            let inside = |path: &String| {
                let rest = path.strip_prefix(&folder).filter(|_| package)?;
                let member = rest.split(['/', '.']).next()?;
                (member != "__init__").then(|| member.to_owned())
            };
            Some(ModuleFile {
                path,
                text,
                package,
                members: self.example.beside.keys().filter_map(inside).collect(),
            })
        })
    }

    fn data(&self, path: &str) -> Option<String> {
        self.example.beside.get(path).cloned()
    }
}

impl<'t> Document<'t> {
    /// With `raw`, the text is the file itself: for what percent form cannot say.
    fn of(text: &'t str, path: &'t str, raw: bool, example: &'t Example) -> Self {
        let bytes = raw.then(|| text.trim_start_matches('\n').as_bytes().to_vec());
        Self {
            text,
            path,
            bytes,
            percent: Percent::parse(if raw { "" } else { text }),
            example,
        }
    }

    fn load(&self) -> Result<Notebook, LoadError> {
        match &self.bytes {
            Some(bytes) => Notebook::load(bytes.clone()),
            None => self.percent.notebook(self.path),
        }
    }

    /// Where the document comes from.
    fn origin(&self) -> Origin<'_> {
        Origin {
            path: self.path,
            beside: Some(self),
        }
    }

    fn lint_notebook(&self, notebook: &Notebook, rules: &RuleSet) -> Linted {
        let sources = Sources::parse(notebook, self.origin());
        lint(&Semantic::new(notebook, &sources), rules)
    }

    fn lint(&self, rules: &RuleSet) -> (Option<Notebook>, Linted) {
        match self.load() {
            Ok(notebook) => {
                let linted = self.lint_notebook(&notebook, rules);
                (Some(notebook), linted)
            }
            Err(error) => {
                let findings = unreadable(&error, rules);
                let linted = Linted {
                    findings,
                    ..Linted::default()
                };
                (None, linted)
            }
        }
    }

    /// The text as it is, and with carets at all that was found.
    fn marked(&self, key: &'static str, found: &[Marker]) -> Option<Texts> {
        let percent = self.bytes.is_none();
        percent.then(|| Texts {
            key,
            wanted: self.text.to_owned(),
            got: self.percent.marked(found),
        })
    }
}

fn clean(document: &Document<'_>, rules: &RuleSet) -> Result<(), Wrong> {
    let (notebook, linted) = document.lint(rules);
    no_crash(&linted)?;
    let Some(finding) = linted.findings.first() else {
        return Ok(());
    };
    let texts = notebook.and_then(|notebook| document.marked("clean", &found(&linted, &notebook)));
    Err(Wrong(
        Word::Noisy,
        format!("found, in an example that is clean: {}", finding.message),
        texts,
    ))
}

fn no_crash(linted: &Linted) -> Result<(), Wrong> {
    match linted.crashes.first() {
        Some(crash) => Err(wrong(Word::Bad, crash.message.clone())),
        None => Ok(()),
    }
}

fn flagged(document: &Document<'_>, rules: &RuleSet) -> Result<(), Wrong> {
    let (notebook, linted) = document.lint(rules);
    no_crash(&linted)?;
    if linted.findings.is_empty() {
        return Err(wrong(
            Word::Missing,
            "nothing is found in an example that is to be flagged",
        ));
    }
    let markers = &document.percent.markers;
    let (Some(notebook), false) = (notebook, markers.is_empty()) else {
        return Ok(());
    };
    let found = found(&linted, &notebook);
    let Some((word, why)) = misses(markers, &found) else {
        return Ok(());
    };
    let kept = with_words(&found, markers);
    Err(Wrong(word, why, document.marked("before", &kept)))
}

/// What was found, in the words of the markers where these are rightly a part of the message: of the marker that
/// stands there, or of one that stands where nothing was found.
fn with_words(found: &[Marker], markers: &[Marker]) -> Vec<Marker> {
    let says = |marker: &Marker, found: &Marker| {
        !marker.text.is_empty() && found.text.contains(&marker.text)
    };
    let stray = |marker: &&Marker| !found.iter().any(|found| found.stands_at(marker));
    let mut strays: Vec<&Marker> = markers.iter().filter(stray).collect();
    let worded = found.iter().map(|found| {
        let here = markers.iter().find(|marker| marker.stands_at(found));
        let mut moved = || {
            let index = strays.iter().position(|marker| says(marker, found))?;
            Some(strays.remove(index))
        };
        let text = match here {
            Some(marker) if marker.text.is_empty() || says(marker, found) => &marker.text,
            Some(_) => &found.text,
            None => moved().map_or(&found.text, |marker| &marker.text),
        };
        Marker {
            text: text.clone(),
            ..found.clone()
        }
    });
    worded.collect()
}

/// The first way in which what was marked is not what was found.
fn misses(markers: &[Marker], found: &[Marker]) -> Option<(Word, String)> {
    for marker in markers {
        let mut here = found
            .iter()
            .filter(|found| found.stands_at(marker))
            .peekable();
        let Some(first) = here.peek() else {
            let why = format!("nothing is found {}, but elsewhere", place(marker));
            return Some((Word::WrongPlace, why));
        };
        let text = first.text.clone();
        if !here.any(|found| found.text.contains(&marker.text)) {
            let why = format!("the message \"{text}\" does not hold \"{}\"", marker.text);
            return Some((Word::WrongText, why));
        }
    }
    let unmarked = |found: &&Marker| !markers.iter().any(|marker| marker.stands_at(found));
    // Two findings at one place need two markers.
    let surplus = || found.last().filter(|_| found.len() > markers.len());
    let more = found.iter().find(unmarked).or_else(surplus)?;
    let why = format!("found {}, where no caret is: {}", place(more), more.text);
    Some((Word::Noisy, why))
}

fn place(marker: &Marker) -> String {
    let Marker {
        cell, line, column, ..
    } = marker;
    format!("in cell {}, line {line}, column {column}", cell + 1)
}

/// The findings that stand in sources, in a marker's terms.
fn found(linted: &Linted, notebook: &Notebook) -> Vec<Marker> {
    let findings = linted.findings.iter();
    findings
        .filter_map(|finding| as_marker(finding, notebook))
        .collect()
}

/// A finding in a marker's terms; a span of several lines counts up to the end of its first.
fn as_marker(finding: &Finding, notebook: &Notebook) -> Option<Marker> {
    let Place::Cell(span) = &finding.at else {
        return None;
    };
    let source = &notebook.cell(span.cell)?.source;
    let start = LineIndex::new(source).line_column(source, span.range.start());
    let text = span.range.of(source);
    let width = text.lines().next().unwrap_or_default().chars().count();
    Some(Marker {
        cell: span.cell.index(),
        line: start.line,
        column: start.column,
        width,
        text: finding.message.clone(),
    })
}

/// An example without `after` says that nothing is mended there.
fn left_alone(document: &Document<'_>, rules: &RuleSet) -> Result<(), Wrong> {
    let Ok(notebook) = document.load() else {
        return Ok(());
    };
    let mended = mend(notebook, document.origin(), rules, Safety::Unsafe);
    if mended.applied.is_empty() {
        return Ok(());
    }
    let raw = document.bytes.is_some();
    let header = document.text.trim_start().starts_with("# %%");
    let texts = (!raw).then(|| Texts {
        key: "after",
        wanted: String::new(),
        got: print(&mended.notebook, header),
    });
    Err(Wrong(
        Word::WrongFix,
        "it is mended, and no `after` says how".to_owned(),
        texts,
    ))
}

fn mended(document: &Document<'_>, after: &str, rules: &RuleSet) -> Result<(), Wrong> {
    let bad = |error: LoadError| wrong(Word::Bad, error.to_string());
    let notebook = document.load().map_err(bad)?;
    let found_before = document.lint_notebook(&notebook, rules).findings.len();
    let mended = mend(notebook, document.origin(), rules, Safety::Unsafe);
    if let Some(refusal) = mended.refused.first() {
        return Err(wrong(
            Word::Unmended,
            format!("the fix was refused: {}", refusal.why),
        ));
    }
    if mended.applied.is_empty() {
        return Err(wrong(Word::Unmended, "no fix was applied"));
    }
    let raw = document.bytes.is_some();
    let wanted = Document::of(after, document.path, raw, document.example);
    let header = if after.trim().is_empty() {
        document.text
    } else {
        after
    };
    let header = header.trim_start().starts_with("# %%");
    let (same, got) = match &wanted.bytes {
        Some(wanted) => {
            let got = mended.notebook.bytes();
            (wanted == got, String::from_utf8_lossy(got).into_owned())
        }
        None => {
            let wanted = wanted.load().map_err(bad)?;
            let same = sources(&wanted) == sources(&mended.notebook);
            (same, print(&mended.notebook, header))
        }
    };
    if !same {
        let texts = Texts {
            key: "after",
            wanted: after.to_owned(),
            got,
        };
        let why = match texts.wanted.trim() == texts.got.trim() {
            // Percent form ends a cell with its last line that holds something.
            true => "the fix leaves an empty line at the end of a cell",
            false => "the fix gives another text",
        };
        return Err(Wrong(Word::WrongFix, why.to_owned(), Some(texts)));
    }
    if let Some(finding) = mended.remaining.findings.first()
        && mended.remaining.findings.len() >= found_before
    {
        return Err(wrong(
            Word::Unmended,
            format!("still found after the fix: {}", finding.message),
        ));
    }
    let again = mend(mended.notebook, document.origin(), rules, Safety::Unsafe);
    if again.applied.is_empty() {
        return Ok(());
    }
    let texts = (!raw).then(|| Texts {
        key: "after",
        wanted: after.to_owned(),
        got: print(&again.notebook, header),
    });
    Err(Wrong(
        Word::NotAtRest,
        "the fix finds more to do in its own work".to_owned(),
        texts,
    ))
}

/// What of a document an example is about: kind and source of each cell.
fn sources(notebook: &Notebook) -> Vec<(CellKind, String)> {
    (0..notebook.cells().len())
        .filter_map(|index| notebook.cell(CellId(index)))
        .map(|cell| (cell.kind, cell.source.clone()))
        .collect()
}
