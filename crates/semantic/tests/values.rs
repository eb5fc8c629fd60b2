//! What expressions are known to be, across cells, names and the notebook's own functions.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use nbfix_ipynb::Notebook;
use nbfix_python::ast::Stmt;
use nbfix_semantic::values::Value;
use nbfix_semantic::{Semantic, Sources};

fn notebook(cells: &[&str]) -> Notebook {
    Notebook::of_code(cells).unwrap()
}

/// The last expression of the last cell, as one reads it.
fn said(cells: &[&str]) -> String {
    let notebook = notebook(cells);
    let sources = Sources::parse(&notebook, "a.ipynb");
    let semantic = Semantic::new(&notebook, &sources);
    let unit = semantic.units().last().unwrap();
    let Some(Stmt::Expr(last)) = unit.module.body().last() else {
        panic!("the last statement is no expression")
    };
    shown(&semantic.value(unit, &last.value))
}

fn shown(value: &Value<'_>) -> String {
    let all = |values: &[Value<'_>]| values.iter().map(shown).collect::<Vec<_>>().join(", ");
    match value {
        Value::Text(text) => match text.exact() {
            Some(text) => format!("'{text}'"),
            None => format!("~'{}'", text.likely()),
        },
        Value::Number(number) => (*number).to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::None => "None".to_owned(),
        Value::List(elements) => format!("[{}]", all(elements)),
        Value::Tuple(elements) => format!("({})", all(elements)),
        Value::Dict(entries) => {
            let entries = entries
                .iter()
                .map(|(key, value)| format!("{}: {}", shown(key), shown(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        Value::Several(source) => format!("*{source}"),
        Value::Env { name, default } => match default {
            Some(default) => format!("env {name} or {}", shown(default)),
            None => format!("env {name}"),
        },
        Value::Which(name) => format!("which {}", shown(name)),
        Value::Either(choices) => choices.iter().map(shown).collect::<Vec<_>>().join(" | "),
        Value::Unknown(source) => format!("?{source}"),
    }
}

#[test]
fn texts_are_put_together() {
    let head = "name = 'demo'\nn = 3";
    for (expr, wanted) in [
        ("'az ' + 'group ' 'list'", "'az group list'"),
        ("f'az group show -n {name}'", "'az group show -n demo'"),
        ("f'az {verb} -n {name}{n}'", "~'az {verb} -n demo3'"),
        ("f'{name:>9} {name!r} {g(1)}'", "~'{name} {name} {...}'"),
        (
            "'az %s -n %s %d%%' % (verb, name, n)",
            "~'az {verb} -n demo 3%'",
        ),
        ("'az %(a)s' % {'a': name}", "'az demo'"),
        ("'az %05d' % n", "~'az {n}'"),
        (
            "'az {} {1} {x} {{}}'.format(name, n, x='y')",
            "'az demo 3 y {}'",
        ),
        ("' '.join(['az', name, *rest])", "~'az demo {rest}'"),
        ("' az x '.strip().split()", "['az', 'x']"),
        ("f'az {verb} {name}'.split(' ')", "['az', *verb, 'demo']"),
        ("'AZ'.lower()", "'az'"),
        ("name[0]", "?name[0]"),
        ("'{'.format(1)", "?'{'.format(1)"),
    ] {
        assert_eq!(said(&[head, expr]), wanted, "{expr}");
    }
}

#[test]
fn words_are_told_as_a_shell_would() {
    for (expr, wanted) in [
        (
            "shlex.split('az rest --url \"a b\" c\\\\ d')",
            "['az', 'rest', '--url', 'a b', 'c d']",
        ),
        (
            "shlex.split(f'az {command} -n x{i}')",
            "['az', *command, '-n', ~'x{i}']",
        ),
        ("shlex.join(['az', 'x'])", "'az x'"),
    ] {
        assert_eq!(said(&["import shlex", expr]), wanted, "{expr}");
    }
}

#[test]
fn lists_and_dictionaries_are_known_by_their_elements() {
    let head = "base = ['az', 'account']\nconfig = {'cli': 'az', 'n': 2, **more, 'x': base}";
    for (expr, wanted) in [
        ("base + ['show']", "['az', 'account', 'show']"),
        ("['sudo', *base, *rest]", "['sudo', 'az', 'account', *rest]"),
        ("base + rest", "['az', 'account', *rest]"),
        ("rest + base", "[*rest, 'az', 'account']"),
        ("base[1]", "'account'"),
        ("base[-2]", "'az'"),
        ("base[9]", "?base[9]"),
        ("config['x'][0]", "'az'"),
        ("config['cli']", "?config['cli']"),
        ("{'a': 1}.get('a')", "1"),
        ("dict(a='b')['a']", "'b'"),
        ("{'a': 1}.get('b', 'c')", "'c'"),
        ("[1, -2, True, None, ()]", "[1, -2, true, None, ()]"),
    ] {
        assert_eq!(said(&[head, expr]), wanted, "{expr}");
    }
}

#[test]
fn the_environment_and_the_path_are_read_when_the_cell_runs() {
    let head = "import os, shutil\nfrom os import environ as env, getenv";
    for (expr, wanted) in [
        ("os.environ['AZ']", "env AZ"),
        ("env.get('AZ', 'az')", "env AZ or 'az'"),
        ("getenv('AZ')", "env AZ"),
        ("shutil.which('az') or 'az'", "which 'az' | 'az'"),
        ("None or '' or getenv('AZ') or 'az' or 'b'", "env AZ | 'az'"),
        ("f\"{env.get('AZ', 'az')} login\"", "~'az login'"),
        ("'az.cmd' if os.name == 'nt' else 'az'", "'az.cmd' | 'az'"),
        (
            "[shutil.which('az') or 'az', 'login']",
            "[which 'az' | 'az', 'login']",
        ),
        ("(x := 'az')", "'az'"),
    ] {
        assert_eq!(said(&[head, expr]), wanted, "{expr}");
    }
}

#[test]
fn a_name_means_what_was_bound_above() {
    assert_eq!(said(&["a = 'x'\nb = a\na = 'y'", "b"]), "'x'");
    assert_eq!(said(&["a = 'x'", "if c:\n    a = 'y'", "a"]), "'y' | 'x'");
    assert_eq!(
        said(&["a = 'x'", "if c:\n    a = 'y'", "a = 'z'", "a"]),
        "'z'"
    );
    assert_eq!(
        said(&["cmd = ['az']", "cmd += ['login']", "cmd"]),
        "['az', 'login']"
    );
    assert_eq!(
        said(&["cmd = 'az'", "if c:\n    cmd += ' login'", "cmd"]),
        "'az login' | 'az'"
    );
    assert_eq!(said(&["a, (b, c) = 'x', y", "a"]), "'x'");
    assert_eq!(said(&["a, *b = x", "a"]), "?a");
    assert_eq!(
        said(&["for c in ['az login', 'az group list']:\n    pass", "c"]),
        "'az login' | 'az group list'"
    );
    assert_eq!(said(&["a = a", "a"]), "?a");
    assert_eq!(said(&["a"]), "?a");
    assert_eq!(said(&["import a", "a"]), "?a");
}

#[test]
fn simple_objects_say_their_attributes() {
    let head = "class Config:\n    cli = 'az'\n    group: str = 'rg'\n    def __init__(self):\n        self.verb = 'show'";
    for (expr, wanted) in [
        ("Config.cli", "'az'"),
        ("Config().group", "'rg'"),
        ("config.verb", "'show'"),
        ("config.other", "?config.other"),
        ("types.SimpleNamespace(cli='az').cli", "'az'"),
    ] {
        assert_eq!(said(&[head, "config = Config()", expr]), wanted, "{expr}");
    }
    let written = [
        "%%writefile config.py\nAZ = 'az'",
        "import config\nfrom config import AZ as tool",
        "[config.AZ, tool]",
    ];
    assert_eq!(said(&written), "['az', 'az']");
}

#[test]
fn own_functions_are_looked_into() {
    let head = "def az(*words, out='json'):\n    \"\"\"Doc.\"\"\"\n    base = ['az']\n    return base + list(words) + ['-o', out]\n\
                line = lambda verb, /, group='rg': f'az {verb} -g {group}'\n\
                class Tool:\n    name = 'az'\n    def words(self, *more):\n        return [self.name, *more]\n\
                def branch(x):\n    if x:\n        return 1\n    return 2\n\
                @decorate\ndef changed():\n    return 'az'";
    for (expr, wanted) in [
        (
            "az('account', 'show')",
            "['az', 'account', 'show', '-o', 'json']",
        ),
        ("az(*['a', b], out='tsv')", "['az', 'a', ?b, '-o', 'tsv']"),
        ("az(*args)", "['az', *args, '-o', 'json']"),
        ("line('show')", "'az show -g rg'"),
        ("line('show', group=g)", "~'az show -g {g}'"),
        ("Tool().words('login')", "['az', 'login']"),
        ("branch(1)", "?branch(1)"),
        ("changed()", "?changed()"),
    ] {
        assert_eq!(said(&[head, expr]), wanted, "{expr}");
    }
}

/// Whether the question is answered at once, whatever the answer.
fn is_quick(cells: &[&str]) {
    let start = Instant::now();
    said(cells);
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn nothing_blows_up() {
    let mut doubling = "x0 = ['a', b]\ns0 = 'a' * 9 or f'{b}'\n".to_owned();
    for i in 1..80 {
        let before = i - 1;
        writeln!(doubling, "x{i} = x{before} + x{before}").unwrap();
        writeln!(doubling, "s{i} = s{before} + s{before} if c else s{before}").unwrap();
    }
    is_quick(&[&doubling, "[x79, s79]"]);
    let same = "x = 'a'\n".to_owned() + &"x = x + x\n".repeat(200);
    is_quick(&[&same, "x"]);
    let mutual = "def f(x):\n    return g(x + x) + g(x)\ndef g(x):\n    return f(x + 'a') + f(x)\ndef h(x):\n    return h(h(x))";
    is_quick(&[mutual, "f('a') + h('b')"]);
    let choices =
        "x = 'a' if c else 'b'\n".to_owned() + &"x = x + ('a' if c else 'b')\n".repeat(60);
    is_quick(&[&choices, "x"]);
    let long = format!("x = '{}'", "a".repeat(1 << 20));
    assert_eq!(said(&[&long, "x"]), said(&[&long, "x"]));
    let nested = format!("x = {}1{}", "[".repeat(90), "]".repeat(90));
    is_quick(&[&nested, "x"]);
    let many = "if c: x = 1\n".repeat(500);
    assert_eq!(said(&["x = 0", &many, "x"]), "?x");
}
