//! Which expressions run the Azure CLI, and what the SDK has in its place.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use nbfix_lint::shell::Commands;
use nbfix_python::ast::ExprCall;
use nbfix_python::shell::Word;
use nbfix_python::{AnyNodeRef, dotted, shell, string_value};
use nbfix_semantic::{Semantic, Unit};
use nbfix_text::TextRange;
use serde::Deserialize;

/// One row of `rules/data/az.toml`, where every key is explained.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    command: String,
    python: String,
    pub(crate) packages: Vec<String>,
    #[serde(default)]
    pub(crate) lines: Vec<String>,
    #[serde(default)]
    pub(crate) options: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub(crate) defaults: BTreeMap<String, String>,
    /// Options that the fields stand for in one value only.
    #[serde(default)]
    pub(crate) only: BTreeMap<String, String>,
    /// Whether the whole answer is true or false.
    #[serde(default)]
    pub(crate) boolean: bool,
    #[serde(default)]
    pub(crate) fields: BTreeMap<String, String>,
}

impl Row {
    /// The expression of a field, and what its `*` stands for.
    pub(crate) fn field<'p>(&self, path: &'p str) -> Option<(&str, Option<&'p str>)> {
        if let Some(field) = self.fields.get(path) {
            return Some((field, None));
        }
        self.fields.iter().find_map(|(pattern, field)| {
            let (before, after) = pattern.split_once('*')?;
            let part = path.strip_prefix(before)?.strip_suffix(after)?;
            let is_one = !part.is_empty() && !part.contains(['.', '[']);
            is_one.then_some((field.as_str(), Some(part)))
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    setup: BTreeMap<String, Vec<String>>,
    command: Vec<Row>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    // A test reads the table; in a release it is whole.
    let text = include_str!("../../../rules/data/az.toml");
    toml::from_str::<Table>(text).unwrap_or_default()
});

/// The row of exactly this command, in the words after `az`.
pub(crate) fn row(command: &str) -> Option<&'static Row> {
    TABLE.command.iter().find(|row| row.command == command)
}

#[cfg(test)]
pub(crate) fn rows() -> &'static [Row] {
    &TABLE.command
}

/// The lines of this name that rows share.
pub(crate) fn setup(name: &str) -> Option<&'static [String]> {
    TABLE.setup.get(name).map(Vec::as_slice)
}

/// What the SDK has in place of `az WORDS...`, in one sentence; `None` if nothing.
pub(crate) fn sdk_call(words: &[String]) -> Option<String> {
    let said = words.join(" ");
    let row = TABLE
        .command
        .iter()
        .filter(|row| said == row.command || said.starts_with(&format!("{} ", row.command)))
        .max_by_key(|row| row.command.len())?;
    let needs = match row.packages.as_slice() {
        [] => String::new(),
        packages => format!(" (package {})", packages.join(", ")),
    };
    Some(format!(
        "in Python, `az {}` is {}{needs}",
        row.command,
        code(&row.python)
    ))
}

/// Calls are code; sentences are not.
fn code(python: &str) -> String {
    let is_sentence = python.starts_with("the ") || python.starts_with("no ");
    if is_sentence {
        python.to_owned()
    } else {
        format!("`{python}`")
    }
}

/// A run of the Azure CLI.
#[derive(Debug)]
pub(crate) struct AzRun {
    /// The words after `az`; what is not known of them stands in braces.
    pub(crate) words: Vec<String>,
    /// If a function runs it: the way to the command (see [`nbfix_lint::shell::Line::through`]).
    pub(crate) through: Vec<(usize, TextRange)>,
}

impl AzRun {
    fn here(words: Vec<String>) -> Self {
        Self {
            words,
            through: Vec::new(),
        }
    }
}

/// The first run of the Azure CLI that this call or escape (`!az`, `%sx az`) causes, and the ways of all of them.
pub(crate) fn az_run<'a>(
    commands: &Commands<'_, 'a>,
    unit: &Unit<'a>,
    node: AnyNodeRef<'a>,
) -> Option<AzRun> {
    if let AnyNodeRef::ExprCall(call) = node {
        let semantic = commands.semantic();
        match semantic.qualified(unit, &*call.func).as_deref() {
            Some("sh.az") => {
                let words = call.arguments.args.iter().map_while(string_value);
                return Some(AzRun::here(words.map(str::to_owned).collect()));
            }
            Some("azure.cli.core.get_default_cli") => return Some(AzRun::here(Vec::new())),
            _ => {}
        }
    }
    let mut runs = commands.of(unit, node).into_iter().filter_map(|line| {
        Some(AzRun {
            words: after_az(&line.words)?,
            through: line.through,
        })
    });
    match runs.next() {
        Some(mut first) => {
            first.through.extend(runs.flat_map(|run| run.through));
            Some(first)
        }
        None => match node {
            AnyNodeRef::ExprCall(call) => by_convention(commands.semantic(), unit, call),
            _ => None,
        },
    }
}

/// What functions are called that hand their first argument to a shell.
const RUNNER_NAMES: &[&str] = &[
    "run",
    "run_command",
    "run_cmd",
    "run_cli",
    "run_shell",
    "run_az",
    "run_az_command",
    "runcmd",
    "execute",
    "execute_command",
    "exec_command",
    "shell",
    "sh",
    "cmd",
    "system",
    "check_output",
    "check_call",
];

/// `utils.run("az ...")`, where nothing is known of the module but that it is none of Python's: by its name and its
/// argument there is hardly anything else that it could do.
fn by_convention<'a>(
    semantic: &Semantic<'a>,
    unit: &Unit<'a>,
    call: &'a ExprCall,
) -> Option<AzRun> {
    let func = &*call.func;
    let name = dotted(func).and_then(|(_, parts)| parts.last().copied())?;
    // A name of the module's own may stand for it; the path decides.
    if !name.contains("run") && !RUNNER_NAMES.contains(&name) {
        return None;
    }
    let first = call.arguments.args.first()?;
    let path = semantic.foreign_member(unit, func)?;
    let (module, member) = path.rsplit_once('.')?;
    let of_module = module
        .rsplit('.')
        .next()
        .is_some_and(|last| last.starts_with(|c: char| c.is_ascii_lowercase() || c == '_'));
    if !of_module || !RUNNER_NAMES.contains(&member) {
        return None;
    }
    let value = semantic.value(unit, first);
    let text = value
        .choices()
        .iter()
        .find_map(|choice| choice.likely().filter(|text| is_az_line(text)))?;
    let (words, _) = az_commands(&text, TextRange::new(0, text.len()))
        .into_iter()
        .next()?;
    Some(AzRun::here(words))
}

/// Whether the text reads as a command line of the CLI: `az` and the name of a group.
fn is_az_line(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let is_group = |word: &str| {
        word.chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            && word.starts_with(|c: char| c.is_ascii_lowercase())
    };
    words.next().is_some_and(shell::is_az) && words.next().is_some_and(is_group)
}

/// Every `az` command of a shell text: the words after `az`, and where it stands.
pub(crate) fn az_commands(text: &str, code: TextRange) -> Vec<(Vec<String>, TextRange)> {
    // Most shell texts never name the CLI.
    if !code.of(text).contains("az") {
        return Vec::new();
    }
    shell::commands(text, code)
        .iter()
        .filter_map(|command| {
            let words: Vec<Word> = command.words_from_program().cloned().collect();
            Some((after_az(&words)?, command.range()))
        })
        .collect()
}

fn after_az(words: &[Word]) -> Option<Vec<String>> {
    let (program, words) = words.split_first()?;
    // `python -m azure.cli` is the same program.
    let is_az = shell::is_az(&program.text) || program.text == "azure.cli";
    is_az.then(|| words.iter().map(|word| word.text.clone()).collect())
}

/// `az` and its first words, as one says it: `az account show`.
pub(crate) fn spoken(words: &[String]) -> String {
    let named = words
        .iter()
        .take_while(|word| !word.starts_with('-') && !word.contains(['$', '{', '/', '=']))
        .take(4);
    let mut text = "az".to_owned();
    for word in named {
        text.push(' ');
        text.push_str(word);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn the_longest_command_wins() {
        assert!(TABLE.command.len() > 20);
        let help = sdk_call(&words("account get-access-token --resource x")).unwrap_or_default();
        assert!(help.contains("get_token"), "{help}");
        let help = sdk_call(&words("cognitiveservices account keys list -n a")).unwrap_or_default();
        assert!(help.contains("list_keys"), "{help}");
        assert_eq!(sdk_call(&words("aks get-credentials")), None);
    }

    #[test]
    fn commands_are_spoken_without_their_options() {
        assert_eq!(spoken(&words("account show --query id")), "az account show");
        assert_eq!(spoken(&words("rest --method put")), "az rest");
    }
}
