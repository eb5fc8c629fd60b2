//! The proof of a page's examples.

use std::fmt;

use nbfix_fix::mend;
use nbfix_ipynb::{CellId, Notebook};
use nbfix_lint::{Finding, Linted, Page, Place, Rule, RuleSet, Safety, lint};
use nbfix_semantic::{Semantic, Sources};
use nbfix_text::LineIndex;

use crate::percent::{Marker, Percent};
use crate::unreadable;

/// How an example does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The page itself cannot be read, or an example is no document.
    Bad(String),
    /// A clean example is flagged.
    Noisy(String),
    /// Nothing is found where something is marked.
    Missing(String),
    /// Found, but not where it is marked.
    WrongPlace(String),
    /// Found there, but the message does not hold the marker's text.
    WrongText(String),
    /// The finding survives its fix.
    Unmended(String),
    /// The fix gives another text than the example.
    WrongFix(String),
    /// Linting or mending the mended text still finds something to do.
    NotAtRest(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, text) = match self {
            Failure::Bad(text) => ("bad", text),
            Failure::Noisy(text) => ("noisy", text),
            Failure::Missing(text) => ("missing", text),
            Failure::WrongPlace(text) => ("wrong place", text),
            Failure::WrongText(text) => ("wrong text", text),
            Failure::Unmended(text) => ("unmended", text),
            Failure::WrongFix(text) => ("wrong fix", text),
            Failure::NotAtRest(text) => ("not at rest", text),
        };
        write!(f, "{word}: {text}")
    }
}

/// Runs every example of `rule`'s page and gives what does not hold, with the example's name.
pub fn prove(rule: &'static Rule) -> Vec<(String, Failure)> {
    let page = match Page::parse(rule.page) {
        Ok(page) => page,
        Err(error) => return vec![(String::new(), Failure::Bad(error.to_string()))],
    };
    let rules = RuleSet::new([rule]);
    let mut failures = Vec::new();
    for example in &page.examples {
        let path = example.path.as_deref().unwrap_or("example.ipynb");
        let raw = example
            .path
            .as_deref()
            .is_some_and(|path| path.ends_with(".ipynb"));
        let text = example
            .before
            .as_deref()
            .or(example.clean.as_deref())
            .unwrap_or_default();
        let document = Document::of(text, path, raw);
        let result = match (&example.before, &example.after) {
            (None, _) => clean(&document, &rules),
            (Some(_), None) => flagged(&document, &rules),
            (Some(_), Some(after)) => {
                flagged(&document, &rules).and_then(|()| mended(&document, after, &rules))
            }
        };
        if let Err(failure) = result {
            failures.push((example.name.clone(), failure));
        }
    }
    failures
}

struct Document<'t> {
    path: &'t str,
    bytes: Option<Vec<u8>>,
    percent: Percent,
}

impl<'t> Document<'t> {
    /// With `raw`, the text is the file itself: for what percent form cannot say.
    fn of(text: &str, path: &'t str, raw: bool) -> Self {
        let bytes = raw.then(|| text.trim_start_matches('\n').as_bytes().to_vec());
        Self {
            path,
            bytes,
            percent: Percent::parse(if raw { "" } else { text }),
        }
    }

    fn load(&self) -> Result<Notebook, nbfix_ipynb::LoadError> {
        match &self.bytes {
            Some(bytes) => Notebook::load(bytes.clone()),
            None => self.percent.notebook(self.path),
        }
    }

    fn lint(&self, rules: &RuleSet) -> (Option<Notebook>, Linted) {
        match self.load() {
            Ok(notebook) => {
                let linted = lint_notebook(&notebook, self.path, rules);
                (Some(notebook), linted)
            }
            Err(error) => {
                let findings = unreadable(&error, rules);
                (
                    None,
                    Linted {
                        findings,
                        crashes: Vec::new(),
                    },
                )
            }
        }
    }
}

fn lint_notebook(notebook: &Notebook, path: &str, rules: &RuleSet) -> Linted {
    let sources = Sources::parse(notebook, path);
    lint(&Semantic::new(notebook, &sources), rules)
}

fn clean(document: &Document<'_>, rules: &RuleSet) -> Result<(), Failure> {
    let (_, linted) = document.lint(rules);
    no_crash(&linted)?;
    match linted.findings.first() {
        Some(finding) => Err(Failure::Noisy(finding.message.clone())),
        None => Ok(()),
    }
}

fn no_crash(linted: &Linted) -> Result<(), Failure> {
    linted
        .crashes
        .first()
        .map_or(Ok(()), |crash| Err(Failure::Bad(crash.message.clone())))
}

fn flagged(document: &Document<'_>, rules: &RuleSet) -> Result<(), Failure> {
    let (notebook, linted) = document.lint(rules);
    no_crash(&linted)?;
    if linted.findings.is_empty() {
        return Err(Failure::Missing("nothing is found".to_owned()));
    }
    let markers = &document.percent.markers;
    let (Some(notebook), false) = (notebook, markers.is_empty()) else {
        return Ok(());
    };
    let found: Vec<Marker> = linted
        .findings
        .iter()
        .filter_map(|finding| as_marker(finding, &notebook))
        .collect();
    for marker in markers {
        let here = found.iter().find(|found| {
            (found.cell, found.line, found.column, found.width)
                == (marker.cell, marker.line, marker.column, marker.width)
        });
        match here {
            None => {
                return Err(Failure::WrongPlace(format!(
                    "marked {marker:?}, found {found:?}"
                )));
            }
            Some(found) if !found.text.contains(&marker.text) => {
                return Err(Failure::WrongText(format!(
                    "{:?} does not hold {:?}",
                    found.text, marker.text
                )));
            }
            Some(_) => {}
        }
    }
    if found.len() > markers.len() {
        return Err(Failure::Noisy(format!(
            "{} marked, found {found:?}",
            markers.len()
        )));
    }
    Ok(())
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

fn mended(document: &Document<'_>, after: &str, rules: &RuleSet) -> Result<(), Failure> {
    let bad = |error: nbfix_ipynb::LoadError| Failure::Bad(error.to_string());
    let notebook = document.load().map_err(bad)?;
    let found_before = lint_notebook(&notebook, document.path, rules)
        .findings
        .len();
    let mended = mend(notebook, document.path, rules, Safety::Unsafe);
    if let Some(refusal) = mended.refused.first() {
        return Err(Failure::Unmended(format!("refused: {}", refusal.why)));
    }
    if mended.applied.is_empty() {
        return Err(Failure::Unmended("no fix was applied".to_owned()));
    }
    let raw = document.bytes.is_some();
    let wanted = Document::of(after, document.path, raw);
    if raw {
        let (wanted, got) = (wanted.bytes.unwrap_or_default(), mended.notebook.bytes());
        if wanted != got {
            return Err(Failure::WrongFix(String::from_utf8_lossy(got).into_owned()));
        }
    } else {
        let wanted = wanted.load().map_err(bad)?;
        let same = sources(&wanted) == sources(&mended.notebook);
        if !same {
            return Err(Failure::WrongFix(format!(
                "got\n{}",
                sources(&mended.notebook).join("\n# %%\n")
            )));
        }
    }
    if !mended.remaining.findings.is_empty() && mended.remaining.findings.len() >= found_before {
        return Err(Failure::Unmended(
            mended.remaining.findings[0].message.clone(),
        ));
    }
    let again = mend(mended.notebook, document.path, rules, Safety::Unsafe);
    match again.applied.first() {
        Some(step) => Err(Failure::NotAtRest(step.title.clone())),
        None => Ok(()),
    }
}

fn sources(notebook: &Notebook) -> Vec<String> {
    (0..notebook.cells().len())
        .filter_map(|index| notebook.cell(CellId(index)))
        .map(|cell| cell.source.clone())
        .collect()
}
