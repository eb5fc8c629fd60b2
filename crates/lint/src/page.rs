//! A rule's page: what stands in `rules/NAME.toml`.
//!
//! This file is also compiled into the build script of the rulebook, so it uses nothing but `serde` and `toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

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
    /// What it finds.
    #[serde(rename = "match")]
    pub matches: MatchPage,
    /// How it is mended.
    pub fix: Option<FixPage>,
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

/// What a rule finds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatchPage {
    /// `"rust"`: the check is written in Rust, in a file of the page's name.
    pub check: Option<String>,
    /// Python with holes.
    pub pattern: Option<String>,
    /// Several of them: any may match.
    #[serde(default)]
    pub any: Vec<String>,
    /// Dotted paths: where the document imports one of them, the rule keeps silent.
    #[serde(default)]
    pub unless_imported: Vec<String>,
    /// Whether the match must stand at the top level of its cell, outside functions and classes.
    #[serde(default)]
    pub top_level: bool,
}

/// How a rule mends.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixPage {
    /// What it does, as an instruction.
    pub title: String,
    /// Its promise: `safe`, `unsafe` or `display`.
    pub safety: String,
    /// What to look at afterwards; asked of anything below `safe`.
    pub caution: Option<String>,
    /// For patterns: what is written in the match's place.
    pub replace: Option<String>,
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
}

/// What is wrong with a page.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PageError(pub String);

impl Page {
    /// Reads a page and checks what its form cannot say.
    ///
    /// # Errors
    /// If it is not TOML of this form, with the place and the snippet; or if an example, a caution or a match is missing.
    pub fn parse(text: &str) -> Result<Self, PageError> {
        let page: Page = toml::from_str(text).map_err(|error| PageError(error.to_string()))?;
        page.check()?;
        Ok(page)
    }

    fn check(&self) -> Result<(), PageError> {
        let fail = |text: &str| Err(PageError(text.to_owned()));
        let patterns =
            usize::from(self.matches.pattern.is_some()) + usize::from(!self.matches.any.is_empty());
        match &self.matches.check {
            Some(check) if check != "rust" => return fail("`match.check` can only be \"rust\""),
            Some(_) if patterns > 0 => {
                return fail("`match` has either `check` or a pattern, not both");
            }
            None if patterns != 1 => {
                return fail("`match` needs `check = \"rust\"`, `pattern` or `any`");
            }
            _ => {}
        }
        if !self.examples.iter().any(|example| example.before.is_some()) {
            return fail("a page needs an example with `before`: what it flags");
        }
        if !self.examples.iter().any(|example| example.clean.is_some()) {
            return fail("a page needs an example with `clean`: what it leaves alone");
        }
        for example in &self.examples {
            if example.before.is_some() == example.clean.is_some() {
                return Err(PageError(format!(
                    "example {:?} needs either `before` or `clean`",
                    example.name
                )));
            }
        }
        if let Some(fix) = &self.fix {
            if !matches!(fix.safety.as_str(), "safe" | "unsafe" | "display") {
                return fail("`fix.safety` is `safe`, `unsafe` or `display`");
            }
            if fix.safety == "unsafe" && fix.caution.is_none() {
                return fail("an unsafe fix needs a `caution`: what may run differently");
            }
            let shown = self.examples.iter().any(|example| example.after.is_some());
            if fix.safety != "display" && !shown {
                return fail("a fix needs an example with `after`: what it makes of it");
            }
        }
        Ok(())
    }

    /// Whether the rule runs unless it is deselected.
    pub fn is_default(&self) -> bool {
        self.default.unwrap_or(self.group != Group::Tidy)
    }
}
