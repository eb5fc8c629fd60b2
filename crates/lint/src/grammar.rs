//! The `[match]` and `[fix]` of a page, as they are written.
//!
//! This file is also compiled into the build script of the rulebook, so it uses nothing but `serde` and `toml`.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::page::PageError;

/// What a rule finds: exactly one of `check`, `pattern`, `any`, `all`, `shell`, `magic`, `text` and `output`, and
/// conditions on it. A matcher inside another is a table of the same keys, or a string, which is a pattern.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatchPage {
    /// `"rust"`: the check is written in Rust, in a file of the page's name.
    pub check: Option<String>,
    /// Python with holes.
    pub pattern: Option<String>,
    /// Any of these may match.
    #[serde(default)]
    pub any: Matchers,
    /// All of these must match the same node.
    #[serde(default)]
    pub all: Matchers,
    /// A command with holes, however it is run.
    pub shell: Option<String>,
    /// `%name` and `%%name` with holes, without the percent signs.
    pub magic: Option<String>,
    /// A regular expression over texts that need not be Python.
    pub text: Option<TextPage>,
    /// A stored error.
    pub output: Option<OutputPage>,
    /// None of these may match the same node.
    #[serde(default)]
    pub not: Matchers,
    /// One of these must match a node around it.
    #[serde(default)]
    pub inside: Matchers,
    /// None of these may match a node around it.
    #[serde(default)]
    pub not_inside: Matchers,
    /// One of these must match a node within it.
    #[serde(default)]
    pub has: Matchers,
    /// None of these may match a node within it.
    #[serde(default)]
    pub not_has: Matchers,
    /// Conditions on holes.
    #[serde(default, rename = "where")]
    pub conditions: BTreeMap<String, ConditionPage>,
    /// Whether the match must stand at the top level of its cell, outside functions and classes.
    #[serde(default)]
    pub top_level: bool,
    /// Whether it must, or must not, stand in a `try` that catches and goes on, or under an `if`.
    pub guarded: Option<bool>,
    /// Whether names that are bound to constants count as those constants.
    #[serde(default)]
    pub flow: bool,
    /// Whether keyword arguments, or a command's options, must stand in the order of the pattern.
    #[serde(default)]
    pub ordered: bool,
    /// Dotted paths: the document must import one of them.
    #[serde(default)]
    pub imported: Vec<String>,
    /// Dotted paths: where the document imports one of them, the rule keeps silent.
    #[serde(default)]
    pub unless_imported: Vec<String>,
    /// A regular expression over the text of the document's code: where it matches, the rule keeps silent.
    pub unless_text: Option<String>,
    /// The hole that the finding points at; by default the whole match.
    pub at: Option<String>,
    /// In a table of the page's own `any`: what is written in this one's place, instead of `fix.replace`.
    pub replace: Option<String>,
}

/// One matcher or several: a string, a table, or a list of these.
#[derive(Clone, Debug, Default)]
pub struct Matchers(pub Vec<MatchPage>);

impl<'de> Deserialize<'de> for Matchers {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(MatchersVisitor)
    }
}

struct MatchersVisitor;

impl<'de> Visitor<'de> for MatchersVisitor {
    type Value = Matchers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a pattern, a table of matcher keys, or a list of these")
    }

    fn visit_str<E: serde::de::Error>(self, pattern: &str) -> Result<Matchers, E> {
        Ok(Matchers(vec![MatchPage {
            pattern: Some(pattern.to_owned()),
            ..MatchPage::default()
        }]))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Matchers, A::Error> {
        let one = MatchPage::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Matchers(vec![one]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Matchers, A::Error> {
        let mut all = Vec::new();
        while let Some(Matchers(one)) = list.next_element()? {
            all.extend(one);
        }
        Ok(Matchers(all))
    }
}

/// A condition on a hole. All of its keys must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionPage {
    /// The text, or a string's value, must hold a match of it.
    pub regex: Option<String>,
    /// It must not.
    pub not_regex: Option<String>,
    /// Whether it is a literal, and of which type.
    pub literal: Option<LiteralPage>,
    /// The dotted paths that it may mean; `a.b.*` stands for everything below `a.b`.
    pub resolves: Option<OneOrMany>,
    /// The texts, or a string's values, that it may be.
    #[serde(rename = "in")]
    pub among: Option<Vec<String>>,
    /// Those that it may not be.
    pub not_in: Option<Vec<String>>,
    /// A table of the page: it must be one of its keys. The entry is a hole of the table's name.
    pub table: Option<String>,
    /// The dotted paths of the callables that may have made it.
    pub made_by: Option<OneOrMany>,
}

/// `literal = true | false | "string" | "number"`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(untagged)]
pub enum LiteralPage {
    /// Any literal, or none.
    Is(bool),
    /// A literal of this type.
    Of(LiteralType),
}

/// The types of literals that a condition knows.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum LiteralType {
    /// A string or f-string.
    String,
    /// A number, with or without a sign.
    Number,
}

/// One text or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl OneOrMany {
    /// All of them.
    pub fn all(&self) -> &[String] {
        match self {
            OneOrMany::One(one) => std::slice::from_ref(one),
            OneOrMany::Many(many) => many,
        }
    }
}

/// A regular expression over texts. Named groups are holes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextPage {
    /// The expression; `^` and `$` are the ends of a line.
    pub regex: String,
    /// In which texts.
    #[serde(rename = "in", default = "code_only")]
    pub within: Vec<TextKind>,
}

fn code_only() -> Vec<TextKind> {
    vec![TextKind::Code]
}

/// The texts of a notebook.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum TextKind {
    /// The source of code cells.
    Code,
    /// The source of markdown cells.
    Markdown,
    /// The source of raw cells.
    Raw,
    /// What code cells printed, returned and raised. The place is the cell's first line.
    Output,
}

/// Regular expressions over a stored error, all of which must match. Named groups are holes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputPage {
    /// Over the exception's name.
    pub ename: Option<String>,
    /// Over what it says.
    pub evalue: Option<String>,
    /// Over the traceback, its colours taken off.
    pub traceback: Option<String>,
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
    /// What is written in the match's place; nothing deletes a statement with its line.
    pub replace: Option<String>,
    /// Several edits, all of which are made or none.
    #[serde(default)]
    pub edits: Vec<EditPage>,
    /// Imports and set-up lines that the new text needs, placed once.
    #[serde(default)]
    pub needs: Vec<String>,
    /// A table of the page: the hole `key` is replaced by the entry of its value.
    pub table: Option<String>,
    /// The hole that is looked up in `table`.
    pub key: Option<String>,
    /// A cell that is put into the notebook, once.
    pub cell: Option<CellPage>,
}

/// One edit: exactly one of `replace`, `before`, `after` and `delete`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EditPage {
    /// A hole, or `match`.
    pub at: String,
    /// What is written in its place.
    pub replace: Option<String>,
    /// What is written before it.
    pub before: Option<String>,
    /// What is written behind it.
    pub after: Option<String>,
    /// Whether it goes.
    #[serde(default)]
    pub delete: bool,
}

/// A cell that a fix puts into the notebook.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CellPage {
    /// Its text, with holes.
    pub source: String,
    /// Where it goes.
    pub after: CellPlace,
    /// Not where some cell holds this text already.
    pub unless: Option<String>,
}

/// Where a new cell goes.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum CellPlace {
    /// Behind the first cell that imports something.
    Imports,
    /// Behind the first cell that reads the environment or sets constants, else behind the imports.
    Configuration,
    /// Before all code.
    Top,
    /// Before the cell of the match: what it sets up is needed there.
    Match,
}

/// The part of a page that a run needs: what it finds and how it mends, without the words and the examples.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Engine {
    /// What it finds.
    #[serde(rename = "match")]
    pub matches: MatchPage,
    /// How it is mended.
    pub fix: Option<FixPage>,
    /// Tables, by name.
    #[serde(default)]
    pub tables: BTreeMap<String, BTreeMap<String, String>>,
}

impl MatchPage {
    /// The keys that say what is matched, of which a matcher has exactly one.
    fn kinds(&self) -> Vec<&'static str> {
        let kinds = [
            ("check", self.check.is_some()),
            ("pattern", self.pattern.is_some()),
            ("any", !self.any.0.is_empty()),
            ("all", !self.all.0.is_empty()),
            ("shell", self.shell.is_some()),
            ("magic", self.magic.is_some()),
            ("text", self.text.is_some()),
            ("output", self.output.is_some()),
        ];
        kinds
            .iter()
            .filter(|(_, is)| *is)
            .map(|(name, _)| *name)
            .collect()
    }

    pub(crate) fn check(&self, page: &str, own: bool) -> Result<(), PageError> {
        let fail = |key: &str, message: String| Err(PageError::near(page, "[match]", key, message));
        match self.kinds().as_slice() {
            [] => {
                let message = "a matcher needs `pattern`, `any`, `all`, `shell`, `magic`, `text` or `output`, \
                               or `check = \"rust\"`";
                return fail("", message.to_owned());
            }
            [_] => {}
            [first, second, ..] => {
                let message = format!(
                    "a matcher has `{first}` or `{second}`, not both; `any` joins matchers"
                );
                return fail(second, message);
            }
        }
        if let Some(output) = &self.output
            && [&output.ename, &output.evalue, &output.traceback]
                .iter()
                .all(|it| it.is_none())
        {
            let message = "`output` needs `ename`, `evalue` or `traceback`: a regular expression";
            return fail("output", message.to_owned());
        }
        if self.check.as_deref().is_some_and(|check| check != "rust") {
            return fail("check", "`match.check` can only be \"rust\"".to_owned());
        }
        let within = [
            &self.any,
            &self.all,
            &self.not,
            &self.inside,
            &self.not_inside,
            &self.has,
            &self.not_has,
        ];
        if own && self.replace.is_some() {
            return fail(
                "replace",
                "`replace` belongs to `[fix]`, or to a table of `any`".to_owned(),
            );
        }
        for (index, matcher) in within
            .into_iter()
            .flat_map(|matchers| &matchers.0)
            .enumerate()
        {
            if matcher.replace.is_some() && !(own && index < self.any.0.len()) {
                return fail(
                    "replace",
                    "`replace` belongs to `[fix]`, or to a table of the page's own `any`"
                        .to_owned(),
                );
            }
            if matcher.check.is_some() || matcher.at.is_some() || matcher.unless_text.is_some() {
                let message = "`check`, `at` and `unless_text` belong to the page's own `[match]`";
                return fail("", message.to_owned());
            }
            matcher.check(page, false)?;
        }
        Ok(())
    }

    /// What it finds, a line for each pattern: for people.
    pub fn shown(&self) -> Vec<String> {
        let own = [("", &self.pattern), ("$ ", &self.shell), ("%", &self.magic)];
        let mut lines: Vec<String> = own
            .iter()
            .filter_map(|(sign, text)| Some(format!("{sign}{}", text.as_ref()?)))
            .collect();
        lines.extend(self.text.iter().map(|text| format!("/{}/", text.regex)));
        let output = self.output.iter();
        lines.extend(output.flat_map(|output| {
            [&output.ename, &output.evalue, &output.traceback]
                .into_iter()
                .flatten()
                .map(|regex| format!("error /{regex}/"))
        }));
        let nested = self.any.0.iter().chain(&self.all.0);
        lines.extend(nested.flat_map(MatchPage::shown));
        let around = [
            ("not ", &self.not),
            ("inside ", &self.inside),
            ("not inside ", &self.not_inside),
            ("with ", &self.has),
            ("without ", &self.not_has),
        ];
        for (word, matchers) in around {
            let shown = matchers.0.iter().flat_map(MatchPage::shown);
            lines.extend(shown.map(|line| format!("{word}{line}")));
        }
        lines
    }
}

impl FixPage {
    /// Whether it says what is to be done. Where a check is written in Rust, that one does.
    pub(crate) fn has_effect(&self) -> bool {
        self.replace.is_some()
            || !self.edits.is_empty()
            || self.table.is_some()
            || self.key.is_some()
            || self.cell.is_some()
    }

    pub(crate) fn check(
        &self,
        page: &str,
        tables: &BTreeMap<String, BTreeMap<String, String>>,
    ) -> Result<(), PageError> {
        let fail = |key: &str, message: String| Err(PageError::near(page, "[fix]", key, message));
        for edit in &self.edits {
            let ways = [
                edit.replace.is_some(),
                edit.before.is_some(),
                edit.after.is_some(),
                edit.delete,
            ];
            if ways.iter().filter(|way| **way).count() != 1 {
                let message = "an edit has one of `replace`, `before`, `after` and `delete = true`";
                return fail("edits", message.to_owned());
            }
        }
        match (&self.table, &self.key) {
            (Some(table), Some(_)) if !tables.contains_key(table) => {
                fail("table", format!("the page has no `[tables.{table}]`"))
            }
            (Some(_), None) => fail(
                "table",
                "`table` needs a `key`: the hole to look up".to_owned(),
            ),
            (None, Some(_)) => fail("key", "`key` needs a `table` to look it up in".to_owned()),
            _ => Ok(()),
        }
    }
}
