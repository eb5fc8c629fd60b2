//! `nbfix.toml`: what a project says once, so that nobody has to say it on the command line.

use std::borrow::Cow;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::arguments::ConfigArguments;
use crate::excerpt::{excerpt, line_column};
use crate::inputs::shown;
use crate::suggest::nearest;
use crate::terminal::reason;

/// Its name in a project.
const NAME: &str = "nbfix.toml";

/// What the project says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Config {
    /// The file; `None` if there is none.
    pub(crate) path: Option<PathBuf>,
    /// `[rules] paths`: pages and folders of pages.
    pub(crate) rules: Vec<PathBuf>,
}

impl Config {
    /// The file that the arguments name, or that of this folder or the nearest one above it.
    ///
    /// # Errors
    /// If it cannot be read, or says what nbfix does not know.
    pub(crate) fn load(arguments: &ConfigArguments) -> anyhow::Result<Self> {
        if arguments.isolated {
            return Ok(Self::default());
        }
        let path = match &arguments.config {
            Some(path) => path.clone(),
            None => match nearest_file()? {
                Some(path) => path,
                None => return Ok(Self::default()),
            },
        };
        let text = fs::read_to_string(&path)
            .map_err(|error| anyhow::anyhow!("{}: {}", shown(&path), reason(&error)))?;
        Self::parse(&path, &text)
    }

    fn parse(path: &Path, text: &str) -> anyhow::Result<Self> {
        let reader = Reader { path, text };
        let table = DeTable::parse(text).map_err(|error| {
            let at = error.span().unwrap_or_default();
            anyhow::anyhow!(reader.error(at, error.message()))
        })?;
        let mut rules = Vec::new();
        for (key, value) in table.get_ref() {
            reader.known(key, &["rules"], "in this file")?;
            for (key, value) in reader.table(value)? {
                reader.known(key, &["paths"], "in `[rules]`")?;
                rules = reader.paths(value)?;
            }
        }
        Ok(Self {
            path: Some(path.to_owned()),
            rules,
        })
    }
}

/// The file of this folder, or of the nearest one above it. It is named as seen from here.
fn nearest_file() -> anyhow::Result<Option<PathBuf>> {
    let here = std::env::current_dir().context("the current folder")?;
    let mut up = PathBuf::new();
    for folder in here.ancestors() {
        if folder.join(NAME).is_file() {
            return Ok(Some(up.join(NAME)));
        }
        up.push("..");
    }
    Ok(None)
}

struct Reader<'t> {
    path: &'t Path,
    text: &'t str,
}

impl Reader<'_> {
    fn error(&self, at: Range<usize>, message: &str) -> String {
        let (line, column) = line_column(self.text, at.start);
        let path = shown(self.path);
        format!(
            "{path}:{line}:{column}: {message}\n{}",
            excerpt(self.text, at)
        )
    }

    fn known(
        &self,
        key: &Spanned<Cow<'_, str>>,
        keys: &[&'static str],
        place: &str,
    ) -> anyhow::Result<()> {
        let name = key.get_ref().as_ref();
        if keys.contains(&name) {
            return Ok(());
        }
        let way_out = match nearest(name, keys.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("what may stand here is `{}`", keys.join("`, `")),
        };
        let message = format!("there is no key `{name}` {place}; {way_out}");
        bail!(self.error(key.span(), &message))
    }

    fn table<'v>(&self, value: &'v Spanned<DeValue<'v>>) -> anyhow::Result<&'v DeTable<'v>> {
        match value.get_ref() {
            DeValue::Table(table) => Ok(table),
            _ => bail!(self.error(value.span(), "this is to be a table: `[rules]`")),
        }
    }

    /// The paths, as seen from here: in the file they are relative to the file.
    fn paths(&self, value: &Spanned<DeValue<'_>>) -> anyhow::Result<Vec<PathBuf>> {
        let wrong = |at| {
            self.error(
                at,
                "`paths` is a list of folders: `paths = [\"nbfix-rules/\"]`",
            )
        };
        let DeValue::Array(items) = value.get_ref() else {
            bail!(wrong(value.span()))
        };
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let mut paths = Vec::new();
        for item in items {
            let DeValue::String(name) = item.get_ref() else {
                bail!(wrong(item.span()))
            };
            let path = folder.join(name.as_ref());
            if !path.exists() {
                let message = format!("there is no file or folder `{}`", shown(&path));
                bail!(self.error(item.span(), &message))
            }
            paths.push(path);
        }
        Ok(paths)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> String {
        match Config::parse(Path::new("a/nbfix.toml"), text) {
            Ok(config) => format!("{:?}", config.rules),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn it_may_say_nothing() {
        assert_eq!(parse(""), "[]");
        assert_eq!(parse("[rules]\n"), "[]");
    }

    #[test]
    fn mistakes_are_shown() {
        let wrong = [
            (
                "[rule]\n",
                "a/nbfix.toml:1:2: there is no key `rule` in this file; did you mean `rules`?",
            ),
            (
                "[rules]\nselect = []",
                "a/nbfix.toml:2:1: there is no key `select` in `[rules]`; what may stand here is `paths`",
            ),
            ("rules = 1", "a/nbfix.toml:1:9: this is to be a table"),
            (
                "[rules]\npaths = 'x'",
                "a/nbfix.toml:2:9: `paths` is a list of folders",
            ),
            (
                "[rules]\npaths = ['x']",
                "a/nbfix.toml:2:10: there is no file or folder `a/x`",
            ),
            ("[rules", "a/nbfix.toml:1:7: "),
        ];
        for (text, message) in wrong {
            assert!(parse(text).starts_with(message), "{}", parse(text));
        }
    }
}
