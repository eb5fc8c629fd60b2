//! What magics do to the names of a notebook.

use nbfix_python::Module;
use nbfix_python::ast::{IpyEscapeKind, StmtIpyEscapeCommand};
use nbfix_python::{AnyNodeRef, SourceOrderVisitor, TraversalSignal, range};
use nbfix_text::TextRange;

/// What running a magic does to the names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect<'a> {
    /// Nothing.
    None,
    /// It binds these, each with its offset in the magic's text.
    Binds(Vec<(&'a str, usize)>),
    /// It may bind any name, or unbind any.
    Anything,
}

/// Line magics that run a statement in the notebook's namespace.
const RUNS_STATEMENT: [&str; 4] = ["time", "prun", "memit", "timeit"];

/// Line magics that leave all names as they are. What is not listed here may do anything.
const HARMLESS: &[&str] = &[
    "alias",
    "alias_magic",
    "autoawait",
    "autocall",
    "automagic",
    "autoreload",
    "autosave",
    "bash",
    "bookmark",
    "cat",
    "cd",
    "clear",
    "colors",
    "conda",
    "config",
    "connect_info",
    "cp",
    "debug",
    "dhist",
    "dirs",
    "doctest_mode",
    "dotenv",
    "env",
    "flake8_on",
    "flake8_off",
    "gui",
    "hist",
    "history",
    "install",
    "killbgscripts",
    "ldir",
    "less",
    "lf",
    "lk",
    "ll",
    "load_ext",
    "logon",
    "logoff",
    "logstart",
    "logstate",
    "logstop",
    "lprun",
    "ls",
    "lsmagic",
    "lx",
    "magic",
    "mamba",
    "man",
    "matplotlib",
    "memit",
    "micromamba",
    "mkdir",
    "more",
    "mprun",
    "mv",
    "nbdev_export",
    "notebook",
    "page",
    "pastebin",
    "pdb",
    "pdef",
    "pdoc",
    "pfile",
    "pinfo",
    "pinfo2",
    "pip",
    "popd",
    "pprint",
    "precision",
    "profile",
    "prun",
    "psearch",
    "psource",
    "pushd",
    "pwd",
    "pycat",
    "pycodestyle_on",
    "qtconsole",
    "quickref",
    "rehashx",
    "reload_ext",
    "rep",
    "restart_python",
    "rm",
    "rmdir",
    "sc",
    "set_env",
    "shell",
    "snakeviz",
    "ssh",
    "sx",
    "sympy",
    "system",
    "tb",
    "tensorboard",
    "tensorflow_version",
    "time",
    "timeit",
    "timer",
    "unalias",
    "unload_ext",
    "uv",
    "version_information",
    "wandb",
    "watermark",
    "who",
    "who_ls",
    "whos",
    "writefile",
    "xmode",
    "%capture",
];

/// Cell magics, besides those that run Python or shell, that leave all names as they are.
const HARMLESS_CELLS: &[&str] = &[
    "cmd",
    "file",
    "html",
    "HTML",
    "javascript",
    "js",
    "latex",
    "manim",
    "markdown",
    "md",
    "mermaid",
    "perl",
    "pypy",
    "python2",
    "ruby",
    "script",
    "svg",
    "SVG",
    "writefile",
    "configure",
    "info",
    "dot",
    "typescript",
    "ts",
];

/// The words of `text` with their offsets.
fn words(text: &str) -> impl Iterator<Item = (&str, usize)> {
    let start = text.as_ptr() as usize;
    text.split_whitespace()
        .map(move |word| (word, word.as_ptr() as usize - start))
}

fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// The effect of a line magic: `text` is what stands behind the `%`.
pub(crate) fn line(text: &str) -> Effect<'_> {
    let mut rest = words(text);
    let Some((name, _)) = rest.next() else {
        return Effect::None;
    };
    let arguments: Vec<(&str, usize)> = rest.collect();
    let named = || -> Vec<(&str, usize)> {
        let is_name = |(word, _): &(&str, usize)| is_identifier(word);
        arguments.iter().copied().filter(is_name).collect()
    };
    match name {
        "store" => match arguments.first() {
            Some(("-r", _)) if arguments.len() > 1 => Effect::Binds(named()),
            Some(("-r" | "-z" | "-d", _)) => Effect::Anything,
            _ => Effect::None,
        },
        "aimport" | "macro" => Effect::Binds(named().into_iter().take(1).collect()),
        // `%sql answer << SELECT ...`, also `%sql --out`
        "sql" | "dql" => match arguments.get(1) {
            Some(("<<", _)) => Effect::Binds(arguments.iter().copied().take(1).collect()),
            _ => Effect::None,
        },
        name if HARMLESS.contains(&name) || name.starts_with("nbdev") => Effect::None,
        _ => Effect::Anything,
    }
}

/// The effect of a cell magic on top of what its body does; `arguments` is what stands behind its name.
pub(crate) fn cell<'a>(magic: &str, arguments: &'a str) -> Effect<'a> {
    let all: Vec<(&str, usize)> = words(arguments).collect();
    let behind = |options: &[&str]| -> Vec<(&'a str, usize)> {
        all.windows(2)
            .filter(|pair| options.contains(&pair[0].0) && is_identifier(pair[1].0))
            .map(|pair| pair[1])
            .collect()
    };
    match magic {
        "capture" => {
            let name = all.iter().copied().find(|(word, _)| is_identifier(word));
            Effect::Binds(name.into_iter().collect())
        }
        "bash" | "sh" | "script" | "cmd" => Effect::Binds(behind(&["--out", "--err", "--proc"])),
        "bigquery" => {
            let name = all.iter().copied().find(|(word, _)| is_identifier(word));
            Effect::Binds(name.into_iter().collect())
        }
        "sql" => match all.get(1) {
            Some(("<<", _)) => Effect::Binds(all.into_iter().take(1).collect()),
            _ => Effect::Binds(behind(&["--out", "-o"])),
        },
        magic if HARMLESS_CELLS.contains(&magic) => Effect::None,
        _ => Effect::Anything,
    }
}

/// A statement behind a line magic (`%time x = f()`), parsed.
#[derive(Debug)]
pub struct Timed {
    /// The escape command that holds it.
    pub at: TextRange,
    /// Its tree; the ranges are those of the cell.
    pub module: Module,
    /// Whether its names outlive it: `%timeit` runs it in a function of its own.
    pub binds: bool,
}

/// The statements behind line magics.
pub(crate) fn timed(source: &str, module: &Module) -> Vec<Timed> {
    if !["%time", "%prun", "%memit"]
        .iter()
        .any(|magic| source.contains(magic))
    {
        return Vec::new();
    }
    let mut search = Escapes(Vec::new());
    search.visit_body(module.body());
    let parse = |escape: &&StmtIpyEscapeCommand| {
        let (name, code) = escape.value.split_once(char::is_whitespace)?;
        // Options of `%timeit` and `%prun`: `-n 3 -r1 statement`
        let code = without_options(code.trim());
        if escape.kind != IpyEscapeKind::Magic || !RUNS_STATEMENT.contains(&name) || code.is_empty()
        {
            return None;
        }
        let at = range(*escape);
        let offset = at.of(source).rfind(code)?;
        let start = at.start() + offset;
        let module = Module::part(source, TextRange::new(start, start + code.len()));
        Some(Timed {
            at,
            module,
            binds: name != "timeit",
        })
    };
    search.0.iter().filter_map(parse).collect()
}

fn without_options(code: &str) -> &str {
    let mut rest = code;
    while let Some(option) = rest.strip_prefix('-') {
        let takes =
            option.starts_with(['n', 'r', 'l', 's', 'T', 'D', 't', 'o', 'p', 'q', 'c', 'i']);
        let letter_only = option.chars().nth(1).is_none_or(char::is_whitespace);
        let after = option
            .split_once(char::is_whitespace)
            .map_or("", |(_, rest)| rest)
            .trim_start();
        // `-n 3`: the number is a word of its own.
        let has_number = after.starts_with(|c: char| c.is_ascii_digit());
        rest = if takes && letter_only && has_number {
            after
                .split_once(char::is_whitespace)
                .map_or("", |(_, rest)| rest)
                .trim_start()
        } else {
            after
        };
    }
    rest
}

struct Escapes<'a>(Vec<&'a StmtIpyEscapeCommand>);

impl<'a> SourceOrderVisitor<'a> for Escapes<'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        if let AnyNodeRef::StmtIpyEscapeCommand(escape) = node {
            self.0.push(escape);
        }
        TraversalSignal::Traverse
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_magics_bind_what_they_say() {
        assert_eq!(line("matplotlib inline"), Effect::None);
        assert_eq!(
            line("store -r a b"),
            Effect::Binds(vec![("a", 9), ("b", 11)])
        );
        assert_eq!(line("store -r"), Effect::Anything);
        assert_eq!(line("run setup.py"), Effect::Anything);
        assert_eq!(
            line("sql rows << SELECT 1"),
            Effect::Binds(vec![("rows", 4)])
        );
    }

    #[test]
    fn cell_magics_bind_what_they_say() {
        assert_eq!(
            cell("capture", "out --no-stderr"),
            Effect::Binds(vec![("out", 0)])
        );
        assert_eq!(
            cell("capture", "--no-stderr out"),
            Effect::Binds(vec![("out", 12)])
        );
        assert_eq!(cell("bash", "--out text"), Effect::Binds(vec![("text", 6)]));
        assert_eq!(cell("html", ""), Effect::None);
        assert_eq!(cell("R", "-o x"), Effect::Anything);
    }

    #[test]
    fn options_are_no_code() {
        assert_eq!(without_options("-n 3 -r1 f(x)"), "f(x)");
        assert_eq!(without_options("x = f()"), "x = f()");
    }
}
