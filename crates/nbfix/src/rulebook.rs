//! The rules that there are: the built-in ones, and the user's pages.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use nbfix_lint::{Page, PageError, Rule};
use nbfix_rules::{all, find, nearest};

use crate::arguments::PageArguments;
use crate::config::Config;
use crate::inputs::shown;
use crate::project::config_here;
use crate::schema;
use crate::terminal::reason;

/// A rule, and where its page stands.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) rule: &'static Rule,
    /// The user's file; `None` for a built-in rule.
    pub(crate) path: Option<PathBuf>,
}

/// All rules, by name.
#[derive(Debug)]
pub(crate) struct Rulebook {
    entries: BTreeMap<String, Entry>,
}

/// Pages that cannot be used, and why. All are told, not only the first.
#[derive(Debug)]
pub(crate) struct BadPages(pub(crate) Vec<String>);

impl fmt::Display for BadPages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for BadPages {}

impl Rulebook {
    /// The built-in rules only.
    pub(crate) fn built_in() -> Self {
        let entry = |rule: &'static Rule| (rule.name.to_owned(), Entry { rule, path: None });
        Self {
            entries: all().iter().map(entry).collect(),
        }
    }

    /// The rules for the current folder.
    ///
    /// # Errors
    /// If the configuration or a page cannot be read or used.
    pub(crate) fn here(arguments: &PageArguments) -> anyhow::Result<Self> {
        Self::load(&config_here(&arguments.config)?, &arguments.rules)
    }

    /// The built-in rules, and the pages that the configuration and the arguments name.
    ///
    /// # Errors
    /// If a page cannot be read or used: then all such pages are told.
    pub(crate) fn load(config: &Config, more: &[PathBuf]) -> anyhow::Result<Self> {
        let mut book = Self::built_in();
        let mut bad = Vec::new();
        let configured = config.rules.iter().map(|said| &said.value);
        for path in page_files(configured.chain(more), &mut bad) {
            let added = read_page(&path).and_then(|text| book.add(&path, &text));
            bad.extend(added.err());
        }
        if bad.is_empty() {
            Ok(book)
        } else {
            Err(BadPages(bad).into())
        }
    }

    /// Takes a user's page. Another rule's name it may take only from a built-in one, and only knowingly.
    fn add(&mut self, path: &Path, text: &str) -> Result<(), String> {
        let rule = user_rule(path, text)?;
        let name = rule.name;
        let file = shown(path);
        let overrides = Page::parse(text).is_ok_and(|page| page.overrides);
        match self.entries.get(name) {
            Some(Entry {
                path: Some(other), ..
            }) => {
                let other = shown(other);
                return Err(format!(
                    "{file}: there is another page for `{name}`, {other}; give one of them another name"
                ));
            }
            Some(Entry { path: None, .. }) if !overrides => {
                return Err(format!(
                    "{file}: there is a built-in rule `{name}`; give the file another name, or say `override = true` \
                     in the page if it is to take that rule's place"
                ));
            }
            None if overrides => {
                let meant = nearest(name, all().iter().map(|rule| rule.name));
                let way_out = match meant {
                    Some(meant) => format!("did you mean `{meant}.toml`?"),
                    None => "leave out `override`".to_owned(),
                };
                return Err(format!(
                    "{file}: there is no built-in rule `{name}` to override; {way_out}"
                ));
            }
            _ => {}
        }
        let path = Some(path.to_owned());
        self.entries.insert(name.to_owned(), Entry { rule, path });
        Ok(())
    }

    /// All rules, by name.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// The rule of this name.
    pub(crate) fn find(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// That there is no rule of this name (nor any of the `others`), and what may have been meant.
    pub(crate) fn unknown(&self, name: &str, others: impl Iterator<Item = &'static str>) -> String {
        let names = self.entries.keys().map(String::as_str);
        let names = names.chain(others.map(|name| -> &str { name }));
        match nearest(name, names) {
            Some(meant) => format!("there is no rule `{name}`; did you mean `{meant}`?"),
            None => format!("there is no rule `{name}`; `nbfix rules` lists them"),
        }
    }
}

/// The pages that the paths lead to: files as they are, of folders each `*.toml` by name. Trouble is added to `bad`.
pub(crate) fn page_files<'p>(
    paths: impl Iterator<Item = &'p PathBuf>,
    bad: &mut Vec<String>,
) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in paths {
        let entries = match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => fs::read_dir(path),
            Ok(_) => {
                files.push(path.clone());
                continue;
            }
            Err(error) => Err(error),
        };
        let found: Result<Vec<PathBuf>, _> =
            entries.and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
        match found {
            Ok(mut found) => {
                let page = |path: &PathBuf| {
                    path.extension().is_some_and(|it| it == "toml") && !path.ends_with("nbfix.toml")
                };
                found.retain(page);
                found.sort();
                files.extend(found);
            }
            Err(error) => bad.push(format!("{}: {}", shown(path), reason(&error))),
        }
    }
    // What is named twice, once by the configuration and once by hand, is read once.
    let mut seen = Vec::new();
    files.retain(|path| {
        let real = path.canonicalize().unwrap_or_else(|_| path.clone());
        let new = !seen.contains(&real);
        seen.push(real);
        new
    });
    files
}

/// The text of a page.
pub(crate) fn read_page(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {}", shown(path), reason(&error)))
}

/// The name of the rule in this file.
pub(crate) fn name_of(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// The rule of a user's page. It lives as long as the process, as the built-in ones do.
pub(crate) fn user_rule(path: &Path, text: &str) -> Result<&'static Rule, String> {
    let name = name_of(path);
    if let Some(meant) = better_name(&name) {
        let file = shown(path);
        return Err(format!(
            "{file}: `{name}` is no name for a rule, which is lower-case words with hyphens; call the file `{meant}.toml`"
        ));
    }
    kept(path, Rule::from_page(&name, text))
}

/// The rule for as long as the process lives, or what is wrong with its page, and where.
fn kept(path: &Path, rule: Result<Rule, PageError>) -> Result<&'static Rule, String> {
    match rule {
        Ok(rule) => Ok(Box::leak(Box::new(rule))),
        Err(error) => {
            let PageError {
                line,
                column,
                message,
                snippet,
            } = error;
            let (file, message) = (shown(path), plain(&message));
            Err(format!("{file}:{line}:{column}: {message}\n{snippet}"))
        }
    }
}

/// What the reader of the TOML says, in words for its writer, and with the way out.
pub(crate) fn plain(message: &str) -> String {
    let words: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let Some((first, known)) = words.split_first() else {
        return message.to_owned();
    };
    let known = known.iter().copied();
    let meant = nearest(first, known.clone()).map(|meant| format!("; did you mean `{meant}`?"));
    let list = || {
        format!(
            "; what may stand here: `{}`",
            known.collect::<Vec<_>>().join("`, `")
        )
    };
    if message.starts_with("unknown field") {
        return format!("there is no key `{first}`{}", meant.unwrap_or_else(list));
    }
    if message.starts_with("unknown variant") {
        return format!("`{first}` is no value{}", meant.unwrap_or_else(list));
    }
    if message.starts_with("missing field") {
        let what = schema::description(first).map(|what| format!(": {what}"));
        return format!("`{first}` is missing{}", what.unwrap_or_default());
    }
    message.to_owned()
}

/// The rule of any page, built-in ones among them, whose check may be written in Rust: then it is that of the
/// built-in rule, with the words and examples of this text.
pub(crate) fn any_rule(path: &Path, text: &str) -> Result<&'static Rule, String> {
    let name = name_of(path);
    let rust = Page::parse(text).is_ok_and(|page| page.matches.check.is_some());
    match find(&name) {
        Some(rule) if rust => kept(path, rule.with_page(text)),
        _ => user_rule(path, text),
    }
}

/// A rule's name in its proper form, if `name` is not in it.
pub(crate) fn better_name(name: &str) -> Option<String> {
    let mut words = String::new();
    let mut lower = false;
    for char in name.chars() {
        if char.is_uppercase() && lower {
            words.push('-');
        }
        lower = char.is_lowercase() || char.is_numeric();
        if char.is_ascii_alphanumeric() {
            words.push(char.to_ascii_lowercase());
        } else if char != '\'' {
            words.push('-');
        }
    }
    let words: Vec<&str> = words.split('-').filter(|word| !word.is_empty()).collect();
    let proper = words.join("-");
    let proper = match proper.chars().next() {
        Some(first) if first.is_ascii_lowercase() => proper,
        _ => format!("rule-{proper}").trim_end_matches('-').to_owned(),
    };
    (proper != name).then_some(proper)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words_with_hyphens() {
        assert_eq!(better_name("retired-client"), None);
        assert_eq!(
            better_name("RetiredClient").as_deref(),
            Some("retired-client")
        );
        assert_eq!(
            better_name("retired_client v2").as_deref(),
            Some("retired-client-v2")
        );
        assert_eq!(better_name("2fast").as_deref(), Some("rule-2fast"));
        assert_eq!(better_name("").as_deref(), Some("rule"));
    }
}
