//! A rule's page: what stands in `rules/NAME.toml`.
//!
//! This file is also compiled into the build script of the rulebook, so it uses nothing but `serde` and `toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::grammar::{FixPage, MatchPage};

/// Everything that a page says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// One line for tables.
    pub summary: String,
    /// What a finding says. `{name}` stands for what the check hands over.
    pub message: String,
    /// Other messages, by the key that the check chooses.
    #[serde(default)]
    pub messages: BTreeMap<String, String>,
    /// What to do about it, if no fix does it.
    pub help: Option<String>,
    /// What it does to the reader; sets the level.
    pub group: Group,
    /// Why it matters: for `nbfix explain`, in Markdown.
    pub why: String,
    /// Whether it runs unless it is deselected. By default all but `tidy` do.
    pub default: Option<bool>,
    /// Whether a user's page takes the place of the built-in rule of its name.
    #[serde(rename = "override", default)]
    pub overrides: bool,
    /// Which documents it is for. By default notebooks only.
    #[serde(default = "notebooks_only")]
    pub documents: Vec<Document>,
    /// Whether it speaks of what only Python 3 has, or only libraries for it: notebooks for Python 2 are left alone.
    #[serde(rename = "python-3-only", default)]
    pub python_3_only: bool,
    /// What it finds.
    #[serde(rename = "match")]
    pub matches: MatchPage,
    /// How it is mended.
    pub fix: Option<FixPage>,
    /// Tables that conditions and fixes look values up in, by name.
    #[serde(default)]
    pub tables: BTreeMap<String, BTreeMap<String, String>>,
    /// What it flags and what it leaves alone; these are the rule's tests.
    #[serde(rename = "example", default)]
    pub examples: Vec<Example>,
}

fn notebooks_only() -> Vec<Document> {
    vec![Document::Notebook]
}

/// Rules by what they do to the next reader.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// Fails for every reader.
    Broken,
    /// Publishes a secret or a person.
    Leak,
    /// Works only where its author ran it.
    Fragile,
    /// A matter of order.
    Tidy,
}

/// What a rule is for.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Document {
    /// A notebook's own cells.
    Notebook,
    /// A plain `.py` file.
    Script,
    /// A Python file that a cell writes (`%%writefile NAME.py`).
    CellFile,
}

impl Document {
    /// What people call such documents, in the plural.
    pub fn as_str(self) -> &'static str {
        match self {
            Document::Notebook => "notebooks",
            Document::Script => "Python files",
            Document::CellFile => "Python files that cells write",
        }
    }
}

/// One example: a document in percent form (`# %%` parts cells).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// What it shows.
    pub name: String,
    /// A document with a finding; comment lines of carets mark it.
    pub before: Option<String>,
    /// The document after the fix.
    pub after: Option<String>,
    /// A document without a finding.
    pub clean: Option<String>,
    /// The document's file name, where it matters: `function_app.py` makes it a script.
    pub path: Option<String>,
    /// Files beside the document, by name, where they matter: `beside = {"helper.py" = "..."}`.
    #[serde(default)]
    pub beside: BTreeMap<String, String>,
    /// What the user has said, where it matters: the sections of a configuration.
    pub settings: Option<toml::Table>,
}

/// What is wrong with a page, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}\n{snippet}\n{message}")]
pub struct PageError {
    /// What is wrong, and the way out.
    pub message: String,
    /// The line of the page, from 1.
    pub line: usize,
    /// The column, in characters from 1.
    pub column: usize,
    /// The line itself, with a mark under the place.
    pub snippet: String,
}

impl PageError {
    /// An error at the byte `offset` of the page.
    pub fn at(page: &str, offset: usize, message: impl Into<String>) -> Self {
        let before = page.get(..offset.min(page.len())).unwrap_or(page);
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1;
        let text = page.lines().nth(line - 1).unwrap_or_default();
        let gutter = " ".repeat(line.to_string().len());
        let blanks = " ".repeat(column - 1);
        Self {
            message: message.into(),
            line,
            column,
            snippet: format!("{gutter} |\n{line} | {text}\n{gutter} | {blanks}^"),
        }
    }

    /// An error at a text of the page: the first that stands behind `section`, else at the section, else at the end.
    pub fn near(page: &str, section: &str, text: &str, message: impl Into<String>) -> Self {
        let start = page.find(section);
        let from = page.get(start.unwrap_or(0)..).unwrap_or_default();
        let found = from.find(text).filter(|_| !text.is_empty());
        let offset = match (found, start) {
            (Some(found), start) => start.unwrap_or(0) + found,
            (None, Some(start)) => start,
            (None, None) => page.trim_end().len(),
        };
        Self::at(page, offset, message)
    }
}

impl From<(&str, toml::de::Error)> for PageError {
    fn from((page, error): (&str, toml::de::Error)) -> Self {
        let offset = error.span().map_or(0, |span| span.start);
        Self::at(page, offset, error.message())
    }
}

impl Page {
    /// Reads a page and checks what its form cannot say.
    ///
    /// # Errors
    /// If it is not TOML of this form, or if an example, a caution or a match is missing.
    pub fn parse(text: &str) -> Result<Self, PageError> {
        let page: Page = toml::from_str(text).map_err(|error| PageError::from((text, error)))?;
        page.check(text)?;
        Ok(page)
    }

    fn check(&self, page: &str) -> Result<(), PageError> {
        let fail = |section: &str, key: &str, message: &str| {
            Err(PageError::near(page, section, key, message))
        };
        self.matches.check(page, true)?;
        if !self.examples.iter().any(|example| example.before.is_some()) {
            let message = "a page needs an example with `before`: what it flags";
            return fail("[[example]]", "", message);
        }
        if !self.examples.iter().any(|example| example.clean.is_some()) {
            let message = "a page needs an example with `clean`: what it leaves alone";
            return fail("[[example]]", "", message);
        }
        for example in &self.examples {
            if example.before.is_some() == example.clean.is_some() {
                let message = format!(
                    "example {:?} needs either `before` or `clean`",
                    example.name
                );
                return fail("[[example]]", &example.name, &message);
            }
        }
        if let Some(fix) = &self.fix {
            if !matches!(fix.safety.as_str(), "safe" | "unsafe" | "display") {
                let message = "`fix.safety` is `safe`, `unsafe` or `display`";
                return fail("[fix]", "safety", message);
            }
            if fix.safety == "unsafe" && fix.caution.is_none() {
                let message = "an unsafe fix needs a `caution`: what may run differently";
                return fail("[fix]", "safety", message);
            }
            let shown = self.examples.iter().any(|example| example.after.is_some());
            if fix.safety != "display" && !shown {
                let message = "a fix needs an example with `after`: what it makes of it";
                return fail("[fix]", "", message);
            }
            let by_match = self.matches.any.0.iter().any(|one| one.replace.is_some());
            let has_effect = by_match || fix.has_effect();
            if self.matches.check.is_none() && fix.safety != "display" && !has_effect {
                let message = "this fix does nothing; say what with `replace`, `edits`, `table` and `key`, or `cell`";
                return fail("[fix]", "", message);
            }
            fix.check(page, &self.tables)?;
        }
        Ok(())
    }

    /// Whether the rule runs unless it is deselected.
    pub fn is_default(&self) -> bool {
        self.default.unwrap_or(self.group != Group::Tidy)
    }
}
