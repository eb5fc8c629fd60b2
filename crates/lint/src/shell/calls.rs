//! Calls that run a program: which, and with which words.

use nbfix_python::ast::{Expr, ExprCall, StringFlags};
use nbfix_python::shell::{Command, Word, base_name};
use nbfix_python::{range, single_literal};
use nbfix_semantic::values::{Arguments, Value};
use nbfix_semantic::{Semantic, Unit};
use nbfix_text::TextRange;

use super::{Line, RUNNERS, named, of_text};

/// Reads the commands of calls; in a function that is looked into, with the arguments that it was called with.
pub(super) struct Reader<'s, 'a> {
    pub(super) semantic: &'s Semantic<'a>,
    pub(super) unit: &'s Unit<'a>,
    pub(super) arguments: &'s Arguments<'a>,
    /// The call; words that do not stand in it are given its place.
    pub(super) around: TextRange,
    /// Whether the words stand in the call that is reported.
    pub(super) here: bool,
}

/// How a call runs a command.
enum Runner<'a> {
    /// By one argument: a list of words, or a text for the shell.
    Command(&'a Expr),
    /// By all of its arguments, each a word.
    Words,
}

impl<'a> Reader<'_, 'a> {
    /// The commands that the call runs by itself.
    pub(super) fn call(&self, call: &'a ExprCall) -> Vec<Line> {
        match self.runner(call) {
            Some(Runner::Command(command)) => self.command(command),
            Some(Runner::Words) => {
                let mut words = Vec::new();
                call.arguments
                    .args
                    .iter()
                    .for_each(|word| self.element(word, &mut words));
                self.list(words)
            }
            None => Vec::new(),
        }
    }

    fn runner(&self, call: &'a ExprCall) -> Option<Runner<'a>> {
        let first = call.arguments.args.first();
        if let Some(path) = self.semantic.qualified(self.unit, &*call.func) {
            if !RUNNERS.contains(&path.as_str()) {
                return None;
            }
            if path.ends_with("create_subprocess_exec") {
                return Some(Runner::Words);
            }
            let keyword = ["args", "cmd", "command"]
                .iter()
                .find_map(|name| call.arguments.find_keyword(name));
            let command = first.or(keyword.map(|keyword| &keyword.value))?;
            return Some(Runner::Command(command));
        }
        let method = match &*call.func {
            Expr::Attribute(method) => method,
            func => return self.partial(func, first),
        };
        // `get_ipython().system("...")`, and what `get_ipython()` is called.
        let by_name = |names: &[&str]| match first {
            Some(Expr::StringLiteral(name)) => names.contains(&name.value.to_str()),
            _ => false,
        };
        let command = match method.attr.as_str() {
            "system" | "getoutput" | "getoutput_pexpect" | "system_raw" | "system_piped" => first,
            "run_line_magic" | "magic" if by_name(&["system", "sx", "sc"]) => {
                call.arguments.args.get(1)
            }
            "run_cell_magic" if by_name(&["bash", "sh", "system", "sx"]) => {
                call.arguments.args.get(2)
            }
            _ => None,
        }?;
        let made_by = self.semantic.made_by(self.unit, &method.value)?;
        let is_shell = made_by.rsplit('.').next() == Some("get_ipython");
        is_shell.then_some(Runner::Command(command))
    }

    /// `run = functools.partial(subprocess.run, shell=True)`
    fn partial(&self, func: &'a Expr, first: Option<&'a Expr>) -> Option<Runner<'a>> {
        let (home, value) = self.semantic.value_of(self.unit, func);
        let Expr::Call(partial) = value else {
            return None;
        };
        let of = self.semantic.qualified(home, &*partial.func)?;
        let [runner, given @ ..] = &*partial.arguments.args else {
            return None;
        };
        let runner = self.semantic.qualified(home, runner)?;
        let is_runner = of == "functools.partial" && RUNNERS.contains(&runner.as_str());
        given
            .first()
            .or(first)
            .filter(|_| is_runner)
            .map(Runner::Command)
    }

    /// A command line in whatever form: a list, a sum of lists, a text, a name bound to one.
    fn command(&self, command: &'a Expr) -> Vec<Line> {
        match command {
            Expr::List(_) | Expr::Tuple(_) => {
                let mut words = Vec::new();
                self.elements(command, &mut words);
                self.list(words)
            }
            Expr::BinOp(_) if starts_with_list(command) => {
                let mut words = Vec::new();
                self.elements(command, &mut words);
                self.list(words)
            }
            Expr::StringLiteral(_) | Expr::FString(_) if self.here => {
                let Some(content) = content(command, self.unit.source) else {
                    return self.known(&self.value(command));
                };
                let lines = of_text(self.unit.source, content, Some(self.around));
                let is_open = |line: &Line| {
                    let program = line.words.first();
                    program.is_some_and(|word| word.text.starts_with('{'))
                };
                // The program itself has a name: then what it stands for counts.
                if lines.iter().any(is_open) {
                    return self.known(&self.value(command));
                }
                lines
            }
            // `str(...)`, `shlex.split(...)`, `"...".split()` of a text that stands here.
            Expr::Call(call) if self.here => {
                let path = self.semantic.qualified(self.unit, &*call.func);
                match (&*call.func, call.arguments.args.first()) {
                    (_, Some(first))
                        if matches!(path.as_deref(), Some("shlex.split" | "list" | "str")) =>
                    {
                        self.command(first)
                    }
                    (Expr::Attribute(method), _)
                        if matches!(method.attr.as_str(), "split" | "strip") =>
                    {
                        self.command(&method.value)
                    }
                    _ => self.known(&self.value(command)),
                }
            }
            _ => self.known(&self.value(command)),
        }
    }

    fn value(&self, expr: &'a Expr) -> Value<'a> {
        self.semantic.value_with(self.unit, expr, self.arguments)
    }

    /// The commands of a known value, each at the place of the call.
    fn known(&self, value: &Value<'a>) -> Vec<Line> {
        let mut lines: Vec<Line> = Vec::new();
        for choice in value.choices() {
            let found = match choice {
                Value::List(elements) | Value::Tuple(elements) => {
                    let words = elements.iter().map(|element| self.of_value(element));
                    self.list(words.collect())
                }
                text => {
                    let text = text.likely().unwrap_or_default();
                    let mut lines =
                        of_text(&text, TextRange::new(0, text.len()), Some(self.around));
                    for line in &mut lines {
                        line.range = self.around;
                        line.words
                            .iter_mut()
                            .for_each(|word| word.range = self.around);
                    }
                    lines
                }
            };
            for line in found {
                if !lines.contains(&line) {
                    lines.push(line);
                }
            }
        }
        lines
    }

    fn of_value(&self, value: &Value<'a>) -> Word {
        let text = match value {
            Value::Unknown(source) | Value::Several(source) => format!("{{{source}}}"),
            known => known.likely().unwrap_or_else(|| "{...}".to_owned()),
        };
        Word {
            text,
            range: self.around,
        }
    }

    /// The words of a list, a tuple, or a sum of these.
    fn elements(&self, expr: &'a Expr, words: &mut Vec<Word>) {
        match expr {
            Expr::List(list) => list.elts.iter().for_each(|each| self.element(each, words)),
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(|each| self.element(each, words)),
            Expr::BinOp(sum) => {
                self.elements(&sum.left, words);
                self.elements(&sum.right, words);
            }
            other => self.spread(other, words),
        }
    }

    fn element(&self, word: &'a Expr, words: &mut Vec<Word>) {
        if let Expr::Starred(starred) = word {
            self.spread(&starred.value, words);
        } else {
            words.push(self.word(word));
        }
    }

    /// The elements of a list that stands elsewhere.
    fn spread(&self, expr: &'a Expr, words: &mut Vec<Word>) {
        match self.value(expr) {
            Value::List(elements) | Value::Tuple(elements) => {
                words.extend(elements.iter().map(|element| self.of_value(element)));
            }
            _ => words.push(Word {
                text: format!("{{{}}}", range(expr).of(self.unit.source)),
                range: self.place(expr),
            }),
        }
    }

    fn place(&self, expr: &Expr) -> TextRange {
        if self.here { range(expr) } else { self.around }
    }

    /// What a word of a list says: what is known of it, else its source in braces.
    fn word(&self, word: &'a Expr) -> Word {
        let place = self.place(word);
        let source = self.unit.source;
        let inner = content(word, source).filter(|_| self.here);
        match word {
            Expr::StringLiteral(literal) => Word {
                text: literal.value.to_str().to_owned(),
                range: single_literal(word).and(inner).unwrap_or(place),
            },
            // An f-string that stands here is shown as it is written.
            Expr::FString(_) if let Some(inner) = inner => Word {
                text: inner.of(source).to_owned(),
                range: place,
            },
            _ => {
                let text = self.value(word).likely();
                Word {
                    text: text.unwrap_or_else(|| format!("{{{}}}", range(word).of(source))),
                    range: place,
                }
            }
        }
    }

    fn list(&self, words: Vec<Word>) -> Vec<Line> {
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
        let line = named(Command { words }).map(|words| Line::new(words, self.around));
        line.into_iter().collect()
    }
}

/// Whether the first operand of a sum is written as a list or tuple.
fn starts_with_list(expr: &Expr) -> bool {
    match expr {
        Expr::BinOp(sum) => starts_with_list(&sum.left),
        Expr::List(_) | Expr::Tuple(_) => true,
        _ => false,
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
