//! From TOML to values, with the place of each.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use anyhow::{anyhow, bail};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::example;
use super::spot::{Origin, Said, Spot, Text};
use nbfix_rules::nearest;

/// A value of the file.
pub(super) type Value<'v> = Spanned<DeValue<'v>>;
/// A key of the file.
pub(super) type Name<'v> = Spanned<Cow<'v, str>>;

/// Reads one file.
pub(super) struct Reader<'t> {
    pub(super) file: &'t Arc<Text>,
}

impl Reader<'_> {
    pub(super) fn spot(&self, range: Range<usize>) -> Spot {
        Spot {
            file: Arc::clone(self.file),
            range,
        }
    }

    pub(super) fn error(&self, range: Range<usize>, message: &str) -> anyhow::Error {
        anyhow!(self.spot(range).error(message))
    }

    /// That a key is none of `keys`, and what was probably meant.
    pub(super) fn unknown<'k>(
        &self,
        key: &Name<'_>,
        keys: impl Iterator<Item = &'k str> + Clone,
        place: &str,
    ) -> anyhow::Error {
        let name = key.get_ref().as_ref();
        let way_out = match nearest(name, keys.clone()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => {
                let keys: Vec<&str> = keys.collect();
                format!("what may stand here is `{}`", keys.join("`, `"))
            }
        };
        let message = format!("there is no key `{name}` {place}; {way_out}");
        self.error(key.span(), &message)
    }

    fn wrong(&self, key: &str, value: &Value<'_>, noun: &str) -> anyhow::Error {
        let example = example(key).replace('\n', "`, and below it `");
        let message = format!("`{key}` is {noun}: `{example}`");
        self.error(value.span(), &message)
    }

    pub(super) fn table<'v>(
        &self,
        key: &str,
        value: &'v Value<'v>,
    ) -> anyhow::Result<&'v DeTable<'v>> {
        match value.get_ref() {
            DeValue::Table(table) => Ok(table),
            _ => Err(self.wrong(key, value, "a table")),
        }
    }

    pub(super) fn text(&self, key: &str, value: &Value<'_>) -> anyhow::Result<Said<String>> {
        match value.get_ref() {
            DeValue::String(text) => Ok(self.said(text.to_string(), value)),
            _ => Err(self.wrong(key, value, "a text")),
        }
    }

    pub(super) fn switch(&self, key: &str, value: &Value<'_>) -> anyhow::Result<Said<bool>> {
        match value.get_ref() {
            DeValue::Boolean(on) => Ok(self.said(*on, value)),
            _ => Err(self.wrong(key, value, "`true` or `false`")),
        }
    }

    /// A list of texts, each with its own place.
    pub(super) fn texts(
        &self,
        key: &str,
        value: &Value<'_>,
    ) -> anyhow::Result<Said<Vec<Said<String>>>> {
        let DeValue::Array(items) = value.get_ref() else {
            return Err(self.wrong(key, value, "a list of texts"));
        };
        let mut texts = Vec::new();
        for item in items {
            let DeValue::String(text) = item.get_ref() else {
                return Err(self.wrong(key, item, "a list of texts"));
            };
            texts.push(self.said(text.to_string(), item));
        }
        Ok(self.said(texts, value))
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(
        &self,
        value: &Value<'_>,
        key: &str,
        words: &[(&'static str, T)],
    ) -> anyhow::Result<Said<T>> {
        let text = self.text(key, value)?;
        match words.iter().find(|(word, _)| *word == text.value) {
            Some((_, meaning)) => Ok(Said::new(*meaning, text.origin)),
            None => bail!(text.origin.error(&not_a_word(&text.value, words))),
        }
    }

    fn said<T>(&self, what: T, value: &Value<'_>) -> Said<T> {
        Said::new(what, Origin::File(self.spot(value.span())))
    }
}

/// That a text is none of a few words, and what was probably meant.
pub(crate) fn not_a_word<T>(text: &str, words: &[(&'static str, T)]) -> String {
    let names = || words.iter().map(|(word, _)| *word);
    match nearest(text, names()) {
        Some(meant) => format!("`{text}` is no value; did you mean `{meant}`?"),
        None => {
            let names: Vec<&str> = names().collect();
            format!(
                "`{text}` is no value; what may stand here is `{}`",
                names.join("`, `")
            )
        }
    }
}
