//! Which expressions run the Azure CLI, and what the SDK has in its place.

use std::sync::LazyLock;

use nbfix_lint::shell::lines_of;
use nbfix_python::ast::ExprCall;
use nbfix_python::shell::Word;
use nbfix_python::{AnyNodeRef, shell, string_value};
use nbfix_semantic::{Semantic, Unit};
use nbfix_text::TextRange;
use serde::Deserialize;

/// One row of `rules/data/az.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    command: String,
    python: String,
    packages: Vec<String>,
}

#[derive(Deserialize)]
struct Table {
    command: Vec<Row>,
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let text = include_str!("../../../rules/data/az.toml");
    toml::from_str::<Table>(text)
        .map(|table| table.command)
        .unwrap_or_default()
});

/// What the SDK has in place of `az WORDS...`, in one sentence; `None` if nothing.
pub(crate) fn sdk_call(words: &[String]) -> Option<String> {
    let said = words.join(" ");
    let row = ROWS
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

/// The words after `az`, as far as they are constants, if this call runs the Azure CLI.
pub(crate) fn az_call<'a>(
    semantic: &Semantic<'a>,
    unit: &Unit<'a>,
    call: &'a ExprCall,
) -> Option<Vec<String>> {
    match semantic.qualified(unit, &*call.func).as_deref() {
        Some("sh.az") => {
            let words = call.arguments.args.iter().map_while(string_value);
            Some(words.map(str::to_owned).collect())
        }
        Some("azure.cli.core.get_default_cli") => Some(Vec::new()),
        _ => az_node(semantic, unit, AnyNodeRef::from(call)),
    }
}

/// The words after `az` of the first command that this call or escape (`!az`, `%sx az`) runs with the Azure CLI.
pub(crate) fn az_node<'a>(
    semantic: &Semantic<'a>,
    unit: &Unit<'a>,
    node: AnyNodeRef<'a>,
) -> Option<Vec<String>> {
    lines_of(semantic, unit, node)
        .iter()
        .find_map(|line| after_az(&line.words))
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
    shell::is_az(&program.text).then(|| words.iter().map(|word| word.text.clone()).collect())
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
        assert!(ROWS.len() > 20);
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
