//! The commands that a cell runs, in whatever form: `!cmd`, `%%bash`, `subprocess.run([...])`, `os.system("...")`.

use nbfix_python::ast::{Expr, ExprCall, IpyEscapeKind, StringFlags};
use nbfix_python::shell::{Command, Word, base_name, commands};
use nbfix_python::{AnyNodeRef, dotted, literal_prefix, range, single_literal, string_value};
use nbfix_semantic::{Semantic, Source, Unit};
use nbfix_text::TextRange;

/// One command that runs: its words from the program's name on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The words. The first is the program's name without folder and `.exe`; `sudo`, `env`, `python -m` and the like
    /// are taken off.
    pub words: Vec<Word>,
    /// What runs it: the whole escape, the call, or the command's own stretch where there are several.
    pub range: TextRange,
}

/// Functions that run a program: a list of words, or a text for the shell.
pub(crate) const RUNNERS: &[&str] = &[
    "subprocess.run",
    "subprocess.check_output",
    "subprocess.check_call",
    "subprocess.call",
    "subprocess.Popen",
    "subprocess.getoutput",
    "subprocess.getstatusoutput",
    "os.system",
    "os.popen",
    "pty.spawn",
    "asyncio.create_subprocess_exec",
    "asyncio.create_subprocess_shell",
    "asyncio.subprocess.create_subprocess_exec",
    "asyncio.subprocess.create_subprocess_shell",
];

/// Magics that hand their line to a program of their own name.
const PROGRAM_MAGICS: &[&str] = &["pip", "conda", "mamba", "micromamba", "uv"];

/// More names in a row than anybody writes.
const MAX_DEPTH: usize = 6;

/// The commands that `node` runs: an escape, or a call.
pub fn lines_of<'a>(semantic: &Semantic<'a>, unit: &Unit<'a>, node: AnyNodeRef<'a>) -> Vec<Line> {
    match node {
        AnyNodeRef::StmtIpyEscapeCommand(escape) => {
            of_escape(unit.source, escape.kind, range(node))
        }
        AnyNodeRef::ExprIpyEscapeCommand(escape) => {
            of_escape(unit.source, escape.kind, range(node))
        }
        AnyNodeRef::ExprCall(call) => of_call(semantic, unit, call),
        _ => Vec::new(),
    }
}

/// The commands of a cell that is shell as a whole (`%%bash`), or one line that IPython hands to a program.
pub fn lines_of_cell(source: &str, what: &Source) -> Vec<Line> {
    match what {
        Source::Shell { code } => of_text(source, *code, None),
        Source::Opaque { magic, .. } if PROGRAM_MAGICS.contains(&magic.as_str()) => {
            of_text(source, TextRange::new(0, source.len()), None)
        }
        _ => Vec::new(),
    }
}

fn of_escape(source: &str, kind: IpyEscapeKind, place: TextRange) -> Vec<Line> {
    let text = place.of(source);
    let sign = match kind {
        IpyEscapeKind::Shell | IpyEscapeKind::ShCap => {
            text.len() - text.trim_start_matches('!').len()
        }
        IpyEscapeKind::Magic => {
            let rest = text.trim_start_matches('%');
            let name = rest.split_whitespace().next().unwrap_or_default();
            let sign = text.len() - rest.len();
            match name {
                "sx" | "system" | "sc" => sign + name.len(),
                _ if PROGRAM_MAGICS.contains(&name) => sign,
                _ => return Vec::new(),
            }
        }
        _ => return Vec::new(),
    };
    let code = TextRange::new(place.start() + sign, place.end());
    of_text(source, code, Some(place))
}

/// The commands of a shell text. If there is only one, its place is `around`.
fn of_text(text: &str, code: TextRange, around: Option<TextRange>) -> Vec<Line> {
    let commands = commands(text, code);
    let single = commands.len() == 1;
    commands
        .into_iter()
        .filter_map(|command| {
            let own = command.range();
            let words = named(command)?;
            let range = around.filter(|_| single).unwrap_or(own);
            Some(Line { words, range })
        })
        .collect()
}

/// The words from the program on, under the name that people know it by.
fn named(command: Command) -> Option<Vec<Word>> {
    let mut words: Vec<Word> = command.words_from_program().cloned().collect();
    let program = words.first()?.text.clone();
    let is_python = base_name(&program).starts_with("python")
        || matches!(base_name(&program), "py" | "py.exe")
        || program.contains("executable");
    if is_python && words.get(1).is_some_and(|word| word.text == "-m") && words.len() > 2 {
        words.drain(..2);
    }
    let first = words.first_mut()?;
    let mut name = base_name(&first.text);
    for suffix in [".exe", ".cmd", ".bat"] {
        name = name.strip_suffix(suffix).unwrap_or(name);
    }
    if let Some(version) = name.strip_prefix("pip")
        && version.chars().all(|c| c.is_ascii_digit() || c == '.')
    {
        name = "pip";
    }
    first.text = name.to_owned();
    Some(words)
}

fn of_call<'a>(semantic: &Semantic<'a>, unit: &Unit<'a>, call: &'a ExprCall) -> Vec<Line> {
    let reader = Reader {
        semantic,
        around: range(call),
    };
    if let Some(path) = semantic.qualified(unit, &*call.func) {
        if !RUNNERS.contains(&path.as_str()) {
            return Vec::new();
        }
        if path.ends_with("create_subprocess_exec") {
            let words: Vec<&Expr> = call.arguments.args.iter().collect();
            return reader.list(unit, &words, true);
        }
        let keyword = || {
            let arguments = &call.arguments;
            let keyword = arguments
                .find_keyword("args")
                .or_else(|| arguments.find_keyword("cmd"))
                .or_else(|| arguments.find_keyword("command"))?;
            Some(&keyword.value)
        };
        let command = call.arguments.args.first().or_else(keyword);
        return command.map_or_else(Vec::new, |command| reader.command(unit, command, true, 0));
    }
    // `get_ipython().system("...")`
    let Expr::Attribute(method) = &*call.func else {
        return Vec::new();
    };
    let Expr::Call(shell) = &*method.value else {
        return Vec::new();
    };
    let is_shell = matches!(method.attr.as_str(), "system" | "getoutput")
        && dotted(&*shell.func).is_some_and(|(_, parts)| parts.last() == Some(&"get_ipython"));
    match call.arguments.args.first() {
        Some(command) if is_shell => reader.command(unit, command, true, 0),
        _ => Vec::new(),
    }
}

struct Reader<'s, 'a> {
    semantic: &'s Semantic<'a>,
    /// The call; words that do not stand in it are given its place.
    around: TextRange,
}

impl<'a> Reader<'_, 'a> {
    /// A command line in whatever form: a list, a sum of lists, a text, a name bound to one. `here` says whether the
    /// expression stands in the call itself.
    fn command(&self, unit: &Unit<'a>, command: &'a Expr, here: bool, depth: usize) -> Vec<Line> {
        if depth > MAX_DEPTH {
            return Vec::new();
        }
        match command {
            Expr::List(_) | Expr::Tuple(_) => {
                let mut words = Vec::new();
                elements(command, &mut words);
                self.list(unit, &words, here)
            }
            Expr::BinOp(sum) => {
                let mut words = Vec::new();
                elements(command, &mut words);
                if words.is_empty() {
                    // `"az " + command`: what is known of it.
                    return self.command(unit, &sum.left, here, depth + 1);
                }
                self.list(unit, &words, here)
            }
            Expr::StringLiteral(_) | Expr::FString(_) => self.text(unit, command, here),
            Expr::Name(_) => {
                let Some(unit) = self.semantic.units().get(unit.index) else {
                    return Vec::new();
                };
                let (home, value) = self.semantic.value_of(unit, command);
                if std::ptr::eq(value, command) {
                    return Vec::new();
                }
                self.command(home, value, false, depth + 1)
            }
            Expr::Call(call) => {
                let path = self.semantic.qualified(unit, &*call.func);
                let first = call.arguments.args.first();
                match (&*call.func, first) {
                    (_, Some(first))
                        if matches!(path.as_deref(), Some("shlex.split" | "list" | "str")) =>
                    {
                        self.command(unit, first, here, depth + 1)
                    }
                    // `"az ...".split()`, `"az ...".format(...)`
                    (Expr::Attribute(method), _)
                        if matches!(method.attr.as_str(), "split" | "format" | "strip") =>
                    {
                        self.command(unit, &method.value, here, depth + 1)
                    }
                    _ => Vec::new(),
                }
            }
            _ => Vec::new(),
        }
    }

    /// A text for the shell. Its words have places of their own if the source says it letter by letter.
    fn text(&self, unit: &Unit<'a>, expr: &'a Expr, here: bool) -> Vec<Line> {
        if here && let Some(content) = content(expr, unit.source) {
            return of_text(unit.source, content, Some(self.around));
        }
        let text = literal_prefix(expr).unwrap_or_default();
        let mut lines = of_text(&text, TextRange::new(0, text.len()), Some(self.around));
        for line in &mut lines {
            line.range = self.around;
            line.words
                .iter_mut()
                .for_each(|word| word.range = self.around);
        }
        lines
    }

    fn list(&self, unit: &Unit<'a>, words: &[&'a Expr], here: bool) -> Vec<Line> {
        let words: Vec<Word> = words
            .iter()
            .map(|word| {
                let place = if here { range(*word) } else { self.around };
                let inner = match single_literal(word) {
                    Some(_) if here => content(word, unit.source).unwrap_or(place),
                    _ => place,
                };
                Word {
                    text: self.word(unit, word, 0),
                    range: inner,
                }
            })
            .collect();
        // `["bash", "-c", "az ..."]` runs its last word.
        let program = words.first().map(|word| base_name(&word.text).to_owned());
        match program.as_deref() {
            Some("bash" | "sh" | "zsh" | "pwsh" | "powershell" | "cmd" | "cmd.exe") => {
                let flag = words.iter().position(|word| {
                    matches!(word.text.as_str(), "-c" | "-lc" | "/c" | "/C" | "-Command")
                });
                let Some(rest) = flag.and_then(|flag| words.get(flag + 1..)) else {
                    return self.line(words);
                };
                match rest {
                    [only] => {
                        let mut lines =
                            of_text(&only.text, TextRange::new(0, only.text.len()), None);
                        for line in &mut lines {
                            line.range = self.around;
                            line.words
                                .iter_mut()
                                .for_each(|word| word.range = only.range);
                        }
                        lines
                    }
                    rest => self.line(rest.to_vec()),
                }
            }
            _ => self.line(words),
        }
    }

    fn line(&self, words: Vec<Word>) -> Vec<Line> {
        let line = named(Command { words }).map(|words| Line {
            words,
            range: self.around,
        });
        line.into_iter().collect()
    }

    /// What a word of a list says: a constant, the program that `shutil.which` looks for, else its source in braces.
    fn word(&self, unit: &Unit<'a>, word: &'a Expr, depth: usize) -> String {
        let unknown = || format!("{{{}}}", range(word).of(unit.source));
        let Some(unit) = self.semantic.units().get(unit.index) else {
            return unknown();
        };
        let (home, value) = self.semantic.value_of(unit, word);
        if let Some(text) = string_value(value) {
            return text.to_owned();
        }
        if depth > MAX_DEPTH {
            return unknown();
        }
        match value {
            Expr::FString(_) if std::ptr::eq(value, word) => {
                content(word, unit.source).map_or_else(unknown, |at| at.of(unit.source).to_owned())
            }
            Expr::BoolOp(either) => {
                let words = either.values.iter();
                let mut known = words.map(|each| self.word(home, each, depth + 1));
                known
                    .find(|text| !text.starts_with('{'))
                    .unwrap_or_else(unknown)
            }
            Expr::If(choice) => self.word(home, &choice.body, depth + 1),
            Expr::Call(call) => {
                let path = self.semantic.qualified(home, &*call.func);
                match call.arguments.args.first() {
                    Some(name) if path.as_deref() == Some("shutil.which") => {
                        self.word(home, name, depth + 1)
                    }
                    _ => unknown(),
                }
            }
            _ => unknown(),
        }
    }
}

/// The elements of a list, a tuple, or a sum of these; nothing if it is something else.
fn elements<'a>(expr: &'a Expr, words: &mut Vec<&'a Expr>) {
    match expr {
        Expr::List(list) => words.extend(&list.elts),
        Expr::Tuple(tuple) => words.extend(&tuple.elts),
        Expr::BinOp(sum) => {
            elements(&sum.left, words);
            if !words.is_empty() {
                elements(&sum.right, words);
            }
        }
        _ => {}
    }
}

/// The text between the quotes of a string or f-string of one piece without escapes.
fn content(expr: &Expr, source: &str) -> Option<TextRange> {
    let (around, opener, closer) = match expr {
        Expr::StringLiteral(_) => {
            let literal = single_literal(expr)?;
            (
                range(literal),
                literal.flags.opener_len(),
                literal.flags.closer_len(),
            )
        }
        Expr::FString(fstring) => {
            let single = fstring.as_single_part_fstring()?;
            (
                range(single),
                single.flags.opener_len(),
                single.flags.closer_len(),
            )
        }
        _ => return None,
    };
    let content = TextRange::new(
        around.start() + opener.to_usize(),
        around.end().saturating_sub(closer.to_usize()),
    );
    (!content.of(source).contains('\\')).then_some(content)
}
