//! Which expressions run the Azure CLI, and what the SDK has in its place.

use std::sync::LazyLock;

use nbfix_python::ast::{Expr, ExprCall, IpyEscapeKind};
use nbfix_python::{literal_prefix, shell, string_value};
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

/// Functions that run a program: a list of words, or a text for the shell.
const RUNNERS: &[&str] = &[
    "subprocess.run",
    "subprocess.check_output",
    "subprocess.check_call",
    "subprocess.call",
    "subprocess.Popen",
    "subprocess.getoutput",
    "subprocess.getstatusoutput",
    "os.system",
    "os.popen",
    "asyncio.create_subprocess_exec",
    "asyncio.create_subprocess_shell",
    "asyncio.subprocess.create_subprocess_exec",
    "asyncio.subprocess.create_subprocess_shell",
];

/// The words after `az`, as far as they are constants, if this call runs the Azure CLI.
pub(crate) fn az_call<'a>(
    semantic: &Semantic<'a>,
    unit: &Unit<'a>,
    call: &'a ExprCall,
) -> Option<Vec<String>> {
    if let Some(path) = semantic.qualified(unit, &*call.func) {
        if path == "sh.az" {
            return Some(constants(call.arguments.args.iter()));
        }
        if path == "azure.cli.core.get_default_cli" {
            return Some(Vec::new());
        }
        if !RUNNERS.contains(&path.as_str()) {
            return None;
        }
        let command = call.arguments.args.first().or_else(|| {
            let keyword = call
                .arguments
                .find_keyword("args")
                .or_else(|| call.arguments.find_keyword("cmd"))?;
            Some(&keyword.value)
        })?;
        if path.ends_with("create_subprocess_exec") {
            return is_az_word(semantic, unit, command)
                .then(|| constants(call.arguments.args.iter().skip(1)));
        }
        return az_words(semantic, unit, command, 0);
    }
    // `get_ipython().system("az ...")`
    let Expr::Attribute(method) = &*call.func else {
        return None;
    };
    let Expr::Call(shell) = &*method.value else {
        return None;
    };
    let is_shell = semantic
        .qualified(unit, &*shell.func)
        .is_some_and(|path| path.ends_with("get_ipython"));
    if !is_shell || !matches!(method.attr.as_str(), "system" | "getoutput" | "run_cell") {
        return None;
    }
    az_words(semantic, unit, call.arguments.args.first()?, 0)
}

/// The words after `az` of a command line in whatever form: a list, a sum of lists, a text, a name bound to one.
fn az_words<'a>(
    semantic: &Semantic<'a>,
    unit: &Unit<'a>,
    command: &'a Expr,
    depth: usize,
) -> Option<Vec<String>> {
    if depth > 6 {
        return None;
    }
    match command {
        Expr::List(list) => words_of_list(semantic, unit, &list.elts),
        Expr::Tuple(tuple) => words_of_list(semantic, unit, &tuple.elts),
        Expr::BinOp(sum) => {
            // `["az"] + command`, and `"az " + command`
            az_words(semantic, unit, &sum.left, depth + 1)
        }
        Expr::StringLiteral(_) | Expr::FString(_) => az_of_text(&literal_prefix(command)?),
        Expr::Name(_) => {
            let (home, value) = semantic.value_of(semantic.units().get(unit.index)?, command);
            if std::ptr::eq(value, command) {
                return None;
            }
            az_words(semantic, home, value, depth + 1)
        }
        Expr::Call(call) => match &*call.func {
            // `"az ...".split()`, `"az ...".format(...)`
            Expr::Attribute(method)
                if matches!(method.attr.as_str(), "split" | "format" | "strip") =>
            {
                az_words(semantic, unit, &method.value, depth + 1)
            }
            function => {
                let path = semantic.qualified(unit, function)?;
                let first = call.arguments.args.first()?;
                matches!(path.as_str(), "shlex.split" | "list" | "str")
                    .then(|| az_words(semantic, unit, first, depth + 1))
                    .flatten()
            }
        },
        _ => None,
    }
}

fn words_of_list<'a>(
    semantic: &Semantic<'a>,
    unit: &Unit<'a>,
    words: &'a [Expr],
) -> Option<Vec<String>> {
    let (first, rest) = words.split_first()?;
    if is_az_word(semantic, unit, first) {
        return Some(constants(rest.iter()));
    }
    // `["bash", "-c", "az ..."]`, `["sudo", "az", ...]`, `["cmd", "/c", "az", ...]`
    let wrapper = string_value(first).map(shell::base_name)?;
    match wrapper {
        "sudo" | "env" | "timeout" => words_of_list(semantic, unit, rest),
        "cmd" | "cmd.exe" => words_of_list(semantic, unit, rest.get(1..)?),
        "bash" | "sh" | "zsh" | "/bin/bash" | "pwsh" | "powershell" => rest
            .iter()
            .find_map(|word| az_of_text(&literal_prefix(word)?)),
        _ => None,
    }
}

/// Whether a word is `az`: a literal, or a name bound to one or to `shutil.which("az")`.
fn is_az_word<'a>(semantic: &Semantic<'a>, unit: &Unit<'a>, word: &'a Expr) -> bool {
    let Some(unit) = semantic.units().get(unit.index) else {
        return false;
    };
    let (home, value) = semantic.value_of(unit, word);
    is_az_value(semantic, home, value, 0)
}

fn is_az_value<'a>(
    semantic: &Semantic<'a>,
    unit: &Unit<'a>,
    value: &'a Expr,
    depth: usize,
) -> bool {
    if depth > 6 {
        return false;
    }
    match value {
        Expr::StringLiteral(literal) => shell::is_az(literal.value.to_str()),
        Expr::BoolOp(either) => either
            .values
            .iter()
            .any(|each| is_az_value(semantic, unit, each, depth + 1)),
        Expr::If(choice) => {
            is_az_value(semantic, unit, &choice.body, depth + 1)
                || is_az_value(semantic, unit, &choice.orelse, depth + 1)
        }
        Expr::Call(call) => {
            let which = semantic
                .qualified(unit, &*call.func)
                .is_some_and(|path| path == "shutil.which");
            which
                && call
                    .arguments
                    .args
                    .first()
                    .is_some_and(|name| is_az_word(semantic, unit, name))
        }
        _ => false,
    }
}

/// The words after the first `az` that a shell text runs.
pub(crate) fn az_of_text(text: &str) -> Option<Vec<String>> {
    az_commands(text, TextRange::new(0, text.len()))
        .into_iter()
        .next()
        .map(|(words, _)| words)
}

/// Every `az` command of a shell text: the words after `az`, and where it stands.
pub(crate) fn az_commands(text: &str, code: TextRange) -> Vec<(Vec<String>, TextRange)> {
    // Most shell texts never name the CLI.
    if !code.of(text).contains("az") {
        return Vec::new();
    }
    shell::commands(text, code)
        .iter()
        .filter(|command| command.program().is_some_and(shell::is_az))
        .map(|command| {
            let words = command
                .words_from_program()
                .skip(1)
                .map(|word| word.text.clone())
                .collect();
            (words, command.range())
        })
        .collect()
}

/// The words after `az` of an IPython escape (`!az`, `!!az`, `%sx az`).
pub(crate) fn az_escape(kind: IpyEscapeKind, value: &str) -> Option<Vec<String>> {
    match kind {
        IpyEscapeKind::Shell | IpyEscapeKind::ShCap => az_of_text(value),
        IpyEscapeKind::Magic => {
            let (magic, rest) = value.split_once(char::is_whitespace)?;
            matches!(magic, "sx" | "system" | "sc")
                .then(|| az_of_text(rest))
                .flatten()
        }
        _ => None,
    }
}

fn constants<'e>(words: impl Iterator<Item = &'e Expr>) -> Vec<String> {
    words
        .map_while(|word| string_value(word).map(str::to_owned))
        .collect()
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
