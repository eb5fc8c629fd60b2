//! What an `az` command asks for, and the Python expressions that give the parts of its answer.

use std::collections::BTreeMap;

use crate::az_words::AzWord;
use crate::cli::{Row, row, setup};
use crate::degrade::quoted;

/// A command of the table, and what was said to it.
pub(crate) struct Answer {
    pub(crate) row: &'static Row,
    options: BTreeMap<&'static str, AzWord>,
    /// `--query`
    pub(crate) query: String,
    /// `--output`, if it is said.
    pub(crate) output: Option<String>,
    subscription: Option<String>,
}

impl Answer {
    pub(crate) fn of(words: &[AzWord]) -> Option<Self> {
        let is_option = |word: &&AzWord| word.constant().is_none_or(|text| text.starts_with('-'));
        let named = words
            .iter()
            .position(|word| is_option(&word))
            .unwrap_or(words.len());
        let (command, options) = words.split_at(named);
        let command: Vec<&str> = command.iter().filter_map(AzWord::constant).collect();
        let row = row(&command.join(" ")).filter(|row| !row.fields.is_empty())?;
        let mut answer = Self {
            row,
            options: BTreeMap::new(),
            query: String::new(),
            output: None,
            subscription: None,
        };
        let mut options = options.iter();
        while let Some(option) = options.next() {
            let name = option.constant()?;
            match name {
                "--only-show-errors" => {}
                "-o" | "--output" => answer.output = Some(options.next()?.constant()?.to_owned()),
                "--query" => answer.query = path_of(options.next()?.constant()?)?,
                "--subscription" => answer.subscription = Some(subscription(options.next()?)?),
                _ => {
                    let (hole, _) = row
                        .options
                        .iter()
                        .find(|(_, spellings)| spellings.iter().any(|each| each == name))?;
                    let value = options.next()?;
                    if let Some(only) = row.only.get(hole)
                        && value.constant() != Some(only)
                    {
                        return None;
                    }
                    answer.options.insert(hole, value.clone());
                }
            }
        }
        Some(answer)
    }

    /// Whether the answer is JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.output.as_deref().is_none_or(|format| format == "json")
    }

    /// The Python expression of a field.
    pub(crate) fn field(&self, path: &str) -> Option<String> {
        let (field, part) = self.row.field(path)?;
        fill(field, |hole| match hole {
            "*" => part.map(quoted),
            hole => self.hole(hole),
        })
    }

    fn hole(&self, hole: &str) -> Option<String> {
        if hole == "sub" {
            return self.subscription.clone().or_else(default_subscription);
        }
        if let Some((name, before)) = hole.split_once('?') {
            return Some(match self.options.get(name) {
                Some(word) => format!("{before}{}", word.python()?),
                None => String::new(),
            });
        }
        let (names, form) = hole.split_once(':').unwrap_or((hole, ""));
        let said = names
            .split('|')
            .find_map(|name| Some((name, self.options.get(name)?)));
        match (said, form) {
            // What is a scope already needs nothing.
            (Some(("scope", word)), _) => word.python(),
            (Some((_, word)), "scope") => scope(word),
            (Some((_, word)), "vault") => vault(word),
            (Some((_, word)), _) => word.python(),
            (None, form) => {
                let default = names
                    .split('|')
                    .find_map(|name| self.row.defaults.get(name))?;
                Some(match form {
                    "scope" => quoted(&format!("{default}/.default")),
                    _ => quoted(default),
                })
            }
        }
    }

    /// What must run before: the lines of the row, and those that find the subscription.
    pub(crate) fn lines(&self) -> Option<Vec<String>> {
        let mut lines: Vec<String> = Vec::new();
        let asks = self
            .row
            .fields
            .values()
            .any(|field| field.contains("{sub}"));
        if asks && self.subscription.is_none() {
            lines.extend(setup("account")?.iter().cloned());
        }
        for line in &self.row.lines {
            match setup(line) {
                Some(more) => lines.extend(more.iter().cloned()),
                None => lines.push(line.clone()),
            }
        }
        Some(lines)
    }
}

/// The subscription that the CLI would take.
fn default_subscription() -> Option<String> {
    row("account show")?.fields.get("id").cloned()
}

/// Puts values into the `{holes}` of a text; `None` if one has no value.
fn fill(text: &str, value: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('{') {
        let (hole, after) = from.split_once('}')?;
        out.push_str(before);
        // Where the account of the CLI is read, braces are Python's own.
        match hole {
            "" => out.push_str("{}"),
            hole => out.push_str(&value(hole)?),
        }
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

/// `--query` as a plain path; `None` if it asks for more.
fn path_of(query: &str) -> Option<String> {
    let query = query.trim();
    let plain = query
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '[' | ']'));
    plain.then(|| query.to_owned())
}

/// `--subscription` takes names, too; the SDK wants the id.
fn subscription(word: &AzWord) -> Option<String> {
    let is_id = match word.constant() {
        Some(text) => text.len() == 36 && text.matches('-').count() == 4,
        None => word.python()?.to_lowercase().contains("id"),
    };
    word.python().filter(|_| is_id)
}

/// Resources whose identifier may end in a slash that their scope has not.
const TRIMMED: &[&str] = &[
    "https://management.azure.com/",
    "https://management.core.windows.net/",
    "https://graph.microsoft.com/",
    "https://cognitiveservices.azure.com/",
];

/// The scope of a resource.
fn scope(resource: &AzWord) -> Option<String> {
    match resource.constant() {
        Some(text) if TRIMMED.contains(&text) => {
            Some(quoted(&format!("{}/.default", text.trim_end_matches('/'))))
        }
        Some(text) => Some(quoted(&format!("{text}/.default"))),
        None => Some(format!("{} + '/.default'", resource.python()?)),
    }
}

/// The address of a key vault.
fn vault(name: &AzWord) -> Option<String> {
    match name.constant() {
        Some(text) => Some(quoted(&format!("https://{text}.vault.azure.net"))),
        None => Some(format!("'https://%s.vault.azure.net' % {}", name.python()?)),
    }
}

#[cfg(test)]
mod tests {
    use nbfix_python::Module;
    use nbfix_text::TextRange;

    use super::*;
    use crate::cli::rows;

    #[test]
    fn every_field_is_python_once_its_options_are_said() {
        let mut fields = 0;
        for row in rows() {
            for (path, field) in &row.fields {
                let text = fill(field, |hole| {
                    let names = hole.split([':', '?']).next().unwrap_or_default();
                    let known =
                        |name: &str| name == "sub" || name == "*" || row.options.contains_key(name);
                    assert!(
                        names.split('|').all(known),
                        "{path}: no option fills {hole}"
                    );
                    Some(
                        hole.split_once('?')
                            .map_or("x".to_owned(), |(_, text)| format!("{text}x")),
                    )
                })
                .unwrap_or_default();
                assert!(!text.is_empty(), "{field}");
                let parsed = Module::cell(&text, TextRange::new(0, text.len()));
                assert!(parsed.errors().is_empty(), "{text}");
                assert!(text.is_ascii(), "{text}");
                let path = &path.replace('*', "a");
                assert!(
                    path.is_empty() || path_of(path).as_deref() == Some(path),
                    "{path}"
                );
                fields += 1;
            }
            for name in row.lines.iter().filter(|line| setup(line).is_none()) {
                assert!(
                    name.starts_with("from ") || name.starts_with("import "),
                    "{name}"
                );
            }
            assert!(row.fields.is_empty() || !row.lines.is_empty());
            assert!(row.only.keys().all(|hole| row.options.contains_key(hole)));
        }
        assert!(fields > 20, "{fields}");
    }
}
