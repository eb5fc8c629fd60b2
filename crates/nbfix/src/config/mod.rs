//! The configuration: what a project says once, so that nobody has to say it on the command line.
//!
//! It stands in `nbfix.toml`, or under `[tool.nbfix]` in `pyproject.toml`. The nearest file above a notebook is the
//! one that counts for it; files further up count only if it `extend`s them.

mod find;
mod keys;
mod read;
mod rows;
mod spot;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{anyhow, bail};
use nbfix_lint::Level;
use serde::Deserialize as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use crate::arguments::FailOn;
use crate::inputs::shown;
use crate::terminal::reason;

pub(crate) use find::{Finder, plain_path, seen_from_here};
use keys::{KEYS, Key, Takes};
pub(crate) use read::not_a_word;
pub(crate) use spot::{Origin, Said};

use read::{Reader, Value};
use spot::Text;

/// The words for levels; `off` is none.
pub(crate) const LEVELS: [(&str, Option<Level>); 4] = [
    ("error", Some(Level::Error)),
    ("warning", Some(Level::Warning)),
    ("note", Some(Level::Note)),
    ("off", None),
];

/// The words for what makes a run fail.
pub(crate) const FAIL_ON: [(&str, FailOn); 4] = [
    ("note", FailOn::Note),
    ("warning", FailOn::Warning),
    ("error", FailOn::Error),
    ("never", FailOn::Never),
];

/// A text of the file; most name something that is looked up later.
pub(crate) type Word = Said<String>;

/// What one file says, and what it takes from those that it extends.
#[derive(Debug, Default)]
pub(crate) struct Config {
    /// The file; `None` if there is none.
    pub(crate) path: Option<PathBuf>,
    pub(crate) select: Option<Said<Vec<Word>>>,
    pub(crate) extend_select: Vec<Word>,
    pub(crate) ignore: Option<Said<Vec<Word>>>,
    /// A pattern, and the rules that do not run where it matches.
    pub(crate) per_file_ignores: Vec<(Word, Vec<Word>)>,
    /// Rules and groups, and their levels; `None` is off.
    pub(crate) levels: Vec<(Word, Option<Level>)>,
    pub(crate) fail_on: Option<Said<FailOn>>,
    pub(crate) exclude: Option<Said<Vec<Word>>>,
    pub(crate) extend_exclude: Vec<Word>,
    pub(crate) force_exclude: Option<Said<bool>>,
    /// As seen from here.
    pub(crate) baseline: Option<Said<PathBuf>>,
    /// `[rules] paths`: pages and folders of pages, as seen from here.
    pub(crate) rules: Vec<Said<PathBuf>>,
    /// What is said to the rules: `[models]`, `[fix]` and what else [`nbfix_rules::Settings`] reads.
    pub(crate) settings: toml::Table,
    /// Where the keys of those stand: `fix.templates`.
    pub(crate) settings_from: Vec<(String, Origin)>,
}

impl Config {
    /// Reads a file, and those that it extends.
    ///
    /// # Errors
    /// If one cannot be read, or says what nbfix does not know.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        Self::read_below(path, &[])
    }

    fn read_below(path: &Path, children: &[PathBuf]) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path)
            .map_err(|error| anyhow!("{}: {}", shown(path), reason(&error)))?;
        let (mut config, extend) = Self::parse(path, text)?;
        if let Some(extend) = extend {
            let Origin::File(spot) = &extend.origin else {
                return Ok(config);
            };
            let parent = seen_from_here(&plain_path(&spot.folder().join(&extend.value)));
            let mut seen = children.to_vec();
            seen.push(plain_path(path));
            if seen.contains(&plain_path(&parent)) {
                bail!(spot.error("the files extend each other in a circle"));
            }
            if !parent.is_file() {
                bail!(spot.error(&format!("there is no file `{}`", shown(&parent))));
            }
            config.take_from(Self::read_below(&parent, &seen)?);
        }
        Ok(config)
    }

    /// What a file says for itself, and which one it extends.
    pub(crate) fn parse(path: &Path, text: String) -> anyhow::Result<(Self, Option<Word>)> {
        let path = path.to_owned();
        let file = Arc::new(Text { path, text });
        let reader = Reader { file: &file };
        let table = DeTable::parse(&file.text).map_err(|error| {
            let at = error.span().unwrap_or_default();
            reader.error(at, error.message())
        })?;
        let mut config = Self {
            path: Some(file.path.clone()),
            ..Self::default()
        };
        let (table, place) = if find::is_pyproject(&file.path) {
            let section = find::section(&table);
            let own = section.map(|value| reader.table("tool.nbfix", value));
            let own = own.transpose()?;
            (own, "in `[tool.nbfix]`")
        } else {
            (Some(table.get_ref()), "in this file")
        };
        let mut extend = None;
        for (key, value) in table.into_iter().flatten() {
            let name = key.get_ref().as_ref();
            match keys::find(name) {
                Some(key) if key.name == "extend" => extend = Some(reader.text(name, value)?),
                Some(key) => config.take(&reader, key, value)?,
                None => {
                    let names = KEYS.iter().map(|key| key.name);
                    return Err(reader.unknown(key, names, place));
                }
            }
        }
        Ok((config, extend))
    }

    fn take(&mut self, reader: &Reader<'_>, key: &Key, value: &Value<'_>) -> anyhow::Result<()> {
        let inner = match key.takes {
            Takes::Settings => return self.take_settings(reader, key.name, value),
            Takes::Table(inner) => inner,
            _ => &[],
        };
        let key = key.name;
        match key {
            "select" => self.select = Some(reader.texts(key, value)?),
            "extend-select" => self.extend_select = reader.texts(key, value)?.value,
            "ignore" => self.ignore = Some(reader.texts(key, value)?),
            "exclude" => self.exclude = Some(reader.texts(key, value)?),
            "extend-exclude" => self.extend_exclude = reader.texts(key, value)?.value,
            "force-exclude" => self.force_exclude = Some(reader.switch(key, value)?),
            "fail-on" => self.fail_on = Some(reader.word(value, key, &FAIL_ON)?),
            "baseline" => {
                let text = reader.text(key, value)?;
                self.baseline = Some(Said::new(near(&text), text.origin));
            }
            "per-file-ignores" => {
                for (pattern, rules) in reader.table(key, value)? {
                    let origin = Origin::File(reader.spot(pattern.span()));
                    let pattern = Said::new(pattern.get_ref().to_string(), origin);
                    let rules = reader.texts(key, rules)?.value;
                    self.per_file_ignores.push((pattern, rules));
                }
            }
            "levels" => {
                for (rule, level) in reader.table(key, value)? {
                    let origin = Origin::File(reader.spot(rule.span()));
                    let rule = Said::new(rule.get_ref().to_string(), origin);
                    let level = reader.word(level, key, &LEVELS)?.value;
                    self.levels.push((rule, level));
                }
            }
            _ => {
                for (name, value) in reader.table(key, value)? {
                    if !inner.contains(&name.get_ref().as_ref()) {
                        let place = format!("in `[{key}]`");
                        return Err(reader.unknown(name, inner.iter().copied(), &place));
                    }
                    for text in reader.texts("paths", value)?.value {
                        let path = near(&text);
                        if !path.exists() {
                            let message = format!("there is no file or folder `{}`", shown(&path));
                            bail!(text.origin.error(&message))
                        }
                        self.rules.push(Said::new(path, text.origin));
                    }
                }
            }
        }
        Ok(())
    }

    /// What the rules read. What may stand there is their business, and so are the words about what may not.
    fn take_settings(
        &mut self,
        reader: &Reader<'_>,
        key: &'static str,
        value: &Value<'_>,
    ) -> anyhow::Result<()> {
        let origin = |at| Origin::File(reader.spot(at));
        match value.get_ref() {
            DeValue::Table(table) => {
                for (name, inner) in table {
                    let name = format!("{key}.{}", name.get_ref());
                    self.settings_from.push((name, origin(inner.span())));
                }
            }
            _ => self
                .settings_from
                .push((key.to_owned(), origin(value.span()))),
        }
        let mut value = value.clone();
        if key == "models" {
            rows::read(reader, &mut value)?;
        }
        let value = &value;
        let mut alone = DeTable::new();
        let name = Spanned::new(value.span(), key.into());
        alone.insert(name, value.clone());
        let alone = Spanned::new(value.span(), DeValue::Table(alone));
        let settings = nbfix_rules::Settings::deserialize(ValueDeserializer::from(alone));
        if let Err(error) = settings {
            let at = error.span().unwrap_or_else(|| value.span());
            return Err(reader.error(at, &crate::rulebook::plain(error.message())));
        }
        let table = toml::Value::deserialize(ValueDeserializer::from(value.clone()))
            .map_err(|error| reader.error(value.span(), error.message()))?;
        self.settings.insert(key.to_owned(), table);
        Ok(())
    }

    /// Takes what this file does not say from the one that it extends. Lists that extend are added to, tables are
    /// merged by key.
    fn take_from(&mut self, parent: Self) {
        fn or<T>(own: &mut Option<T>, parent: Option<T>) {
            if own.is_none() {
                *own = parent;
            }
        }
        fn before<T>(own: &mut Vec<T>, mut parent: Vec<T>) {
            std::mem::swap(own, &mut parent);
            own.append(&mut parent);
        }
        // Who selects anew does not add to what was selected before.
        if self.select.is_none() {
            before(&mut self.extend_select, parent.extend_select);
        }
        or(&mut self.select, parent.select);
        or(&mut self.ignore, parent.ignore);
        or(&mut self.fail_on, parent.fail_on);
        if self.exclude.is_none() {
            before(&mut self.extend_exclude, parent.extend_exclude);
        }
        or(&mut self.exclude, parent.exclude);
        or(&mut self.force_exclude, parent.force_exclude);
        or(&mut self.baseline, parent.baseline);
        before(&mut self.per_file_ignores, parent.per_file_ignores);
        // The later one of two levels for one rule counts.
        before(&mut self.levels, parent.levels);
        before(&mut self.rules, parent.rules);
        let mut settings = parent.settings;
        merge(&mut settings, std::mem::take(&mut self.settings));
        self.settings = settings;
        before(&mut self.settings_from, parent.settings_from);
    }

    /// The settings of the rules.
    ///
    /// # Errors
    /// If what two files say does not go together.
    pub(crate) fn settings(&self) -> anyhow::Result<nbfix_rules::Settings> {
        let settings = toml::Value::Table(self.settings.clone());
        settings.try_into().map_err(|error: toml::de::Error| {
            let path = self.path.as_deref().map(shown).unwrap_or_default();
            anyhow!("{path}: {}", error.message())
        })
    }
}

/// Puts `over` on top of `under`, table by table.
fn merge(under: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(toml::Value::Table(under)), toml::Value::Table(over)) => merge(under, over),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

/// A path of the file, as seen from here: in the file it is relative to the file.
fn near(text: &Word) -> PathBuf {
    match &text.origin {
        Origin::File(spot) => spot.folder().join(&text.value),
        _ => PathBuf::from(&text.value),
    }
}

#[cfg(test)]
mod tests;
