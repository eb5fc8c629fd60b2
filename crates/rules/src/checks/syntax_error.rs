//! `syntax-error`: the first thing in a cell that Python cannot read, in the reader's terms.

use std::sync::LazyLock;

use nbfix_ipynb::Output;
use nbfix_lint::{Check, Findings, Level, Report};
use nbfix_python::{Body, Module, SyntaxError, newer_syntax, split};
use nbfix_semantic::{ProgramId, Semantic, Unit};
use nbfix_text::TextRange;
use regex::Regex;

use super::{conflict_marker, literal_newline, lost_newlines};
use crate::Settings;
use crate::foreign::{Foreign, first_r, foreign};
use crate::python_2::readable;
use crate::recorded::first_line;

pub(crate) const CHECK: Check = Check::Notebook(check);

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    if let Some((cell, line)) = first_r(semantic) {
        let help = "choose a kernel of R: the metadata's `kernelspec` should have the name `ir` and the language `R`";
        findings.push(Report::at(cell, line).says("r-notebook").help(help));
        return;
    }
    let is_python_2 = semantic.notebook().is_python_2();
    if is_python_2 {
        findings.extend(outdated(semantic));
    }
    for unit in semantic.units() {
        let first = unit.module.errors().first().cloned();
        let error = match first {
            Some(_) if is_python_2 => beyond_python_2(unit),
            first => first,
        };
        if let Some(error) = error
            && !is_excused(semantic, unit)
        {
            let report = told(unit, &error);
            findings.push(if was_seen(semantic, unit) {
                shown_on_purpose(report)
            } else {
                report
            });
        }
    }
    // Which Pythons a document is for its project says, or nobody knows.
    if let Some(target) = Settings::of(findings).target_python {
        for unit in semantic.units() {
            if let Some(report) = too_new(unit, target.minor)
                && !is_tagged(semantic, unit)
            {
                findings.push(report);
            }
        }
    }
}

/// What is said of a notebook for Python 2 as a whole: at the first cell that Python 3 does not read, else at the first.
fn outdated(semantic: &Semantic<'_>) -> Option<Report> {
    let cells = || semantic.units_of(ProgramId::DOCUMENT);
    let is_old = |unit: &&Unit<'_>| {
        !unit.module.errors().is_empty()
            && beyond_python_2(unit).is_none()
            && !is_excused(semantic, unit)
    };
    let old = cells().find(is_old);
    let report = match old {
        Some(unit) => {
            let error = unit.module.errors().first()?;
            Report::at(unit.cell, line_of(unit, error.range.start()))
        }
        None => {
            let first = cells().find(|unit| !unit.module.body().is_empty())?;
            Report::at(first.cell, first_line(first.source))
        }
    };
    let help = "port it to Python 3, and choose a kernel of Python 3; until then nothing is said here about what only \
                Python 3 and its libraries ask for";
    Some(
        report
            .says("python-2-notebook")
            .level(Level::Note)
            .help(help),
    )
}

/// The first error of a text that Python 2 does not read either. Its place is one of the text.
fn beyond_python_2(unit: &Unit<'_>) -> Option<SyntaxError> {
    let (before, rest) = unit.source.split_at_checked(unit.code.start())?;
    let text = format!("{before}{}", readable(rest));
    let module = match split(unit.source) {
        Body::File { .. } => Module::file(&text, unit.code),
        _ => Module::cell(&text, unit.code),
    };
    module.errors().first().cloned()
}

/// What the oldest Python that the project supports cannot read, in a cell that newer ones can.
fn too_new(unit: &Unit<'_>, minor: u8) -> Option<Report> {
    let error = unit.module.errors().is_empty();
    let error = error.then(|| newer_syntax(unit.source, unit.code, minor))??;
    let report = Report::at(unit.cell, error.range).says("newer");
    Some(report.with("error", in_lower_case(&error.message)))
}

/// Whether the cell is meant to fail, runs nevertheless, or has an error of which another rule names the cause.
fn is_excused(semantic: &Semantic<'_>, unit: &Unit<'_>) -> bool {
    let notebook = semantic.notebook();
    is_tagged(semantic, unit)
        || is_fragment(unit)
        || ipython_reads(unit)
        || conflict_marker::has_conflict(unit)
        || literal_newline::has_literal_newlines(unit)
        || notebook
            .cell(unit.cell)
            .is_some_and(lost_newlines::has_lost_newlines)
}

/// Whether the cell is meant to fail, or not to run.
fn is_tagged(semantic: &Semantic<'_>, unit: &Unit<'_>) -> bool {
    let tags = semantic.notebook().cell_tags(unit.cell);
    tags.iter()
        .any(|tag| matches!(tag.as_str(), "raises-exception" | "skip-execution"))
}

/// Whether the cell's stored output is this very error: its author has seen it, and left it.
fn was_seen(semantic: &Semantic<'_>, unit: &Unit<'_>) -> bool {
    let notebook = semantic.notebook();
    notebook.has_error_output(unit.cell)
        && notebook.outputs(unit.cell).iter().any(|output| {
            matches!(output, Output::Error { ename, .. } if matches!(ename.as_str(), "SyntaxError" | "IndentationError"))
        })
}

/// Tutorials show errors; whether this is one of them only its author can tell.
fn shown_on_purpose(report: Report) -> Report {
    report.level(Level::Note).help(
        "the stored output shows this error; if it is meant to be shown, tag the cell `raises-exception`",
    )
}

/// Whether the text is appended to a file, and so need not be whole by itself.
fn is_fragment(unit: &Unit<'_>) -> bool {
    matches!(split(unit.source), Body::File { append: true, .. })
}

/// How many cell magics may stand one below the other; nobody has written more than two.
const MAX_MAGICS: usize = 4;

/// Whether IPython reads the cell after all: it takes off the first line's indent and pasted prompts, and allows one
/// cell magic below another.
fn ipython_reads(unit: &Unit<'_>) -> bool {
    if matches!(split(unit.source), Body::File { .. }) {
        return false;
    }
    let mut text = without_prompts(&dedented(unit.code.of(unit.source)));
    for _ in 0..MAX_MAGICS {
        match split(&text) {
            Body::Python {
                code,
                magic: Some(_),
            } => text = dedented(code.of(&text)),
            Body::Python { code, magic: None } => {
                return Module::cell(&text, code).errors().is_empty();
            }
            _ => return true,
        }
    }
    false
}

/// The lines without the indent of the first one, where they have it.
fn dedented(text: &str) -> String {
    let first = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let indent = &first[..first.len() - first.trim_start().len()];
    let lines = text.split('\n').skip_while(|line| line.trim().is_empty());
    let dedented: Vec<&str> = lines
        .map(|line| line.strip_prefix(indent).unwrap_or(line))
        .collect();
    dedented.join("\n")
}

/// The lines without the prompts of a pasted session, if there are any.
fn without_prompts(text: &str) -> String {
    static PYTHON: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?m)^(?:>>>|\.\.\.)(?: |$)").ok());
    static IPYTHON: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?m)^(?:In \[\d+\]: |\s*\.{3,}: ?)").ok());
    let prompts = match text {
        _ if text.starts_with(">>>") => &*PYTHON,
        _ if text.starts_with("In [") => &*IPYTHON,
        _ => return text.to_owned(),
    };
    prompts.as_ref().map_or_else(
        || text.to_owned(),
        |prompts| prompts.replace_all(text, "").into_owned(),
    )
}

/// What is known about an error: the cell's text, and the line that the error is in.
struct Place<'u> {
    unit: &'u Unit<'u>,
    error: &'u SyntaxError,
    /// The line, without the white space around it.
    line: TextRange,
}

impl<'u> Place<'u> {
    fn line(&self) -> &'u str {
        self.line.of(self.unit.source)
    }

    fn error(&self) -> &'u str {
        self.error.range.of(self.unit.source)
    }

    /// What stands on the line before the error.
    fn before(&self) -> &'u str {
        TextRange::new(self.line.start(), self.error.range.start()).of(self.unit.source)
    }
}

/// A wording that knows more than the parser: its key on the page, and what it says of which words.
type Wording = (&'static str, &'static str, String);

fn told(unit: &Unit<'_>, error: &SyntaxError) -> Report {
    if let Some((magic, name)) = late_magic(unit) {
        return Report::at(unit.cell, magic)
            .says("late-magic")
            .with("magic", name);
    }
    let line = line_of(unit, error.range.start());
    let place = Place { unit, error, line };
    let wordings: [fn(&Place<'_>) -> Option<Wording>; 9] = [
        placeholder,
        missing_value,
        pip,
        python_2,
        shell,
        other_text,
        prose,
        character,
        unclosed,
    ];
    match wordings.iter().find_map(|wording| wording(&place)) {
        Some((key, name, value)) => Report::at(unit.cell, line).says(key).with(name, value),
        None => {
            let visible = !place.error().trim().is_empty();
            let at = if visible { error.range } else { line };
            Report::at(unit.cell, at).with("error", in_lower_case(&error.message))
        }
    }
}

/// The line at `offset`, white space around it taken off; a blank one gives the last line above that is none.
fn line_of(unit: &Unit<'_>, offset: usize) -> TextRange {
    let source = unit.source;
    let offset = source.floor_char_boundary(offset.min(unit.code.end()));
    let end = source[offset..]
        .find('\n')
        .map_or(source.len(), |length| offset + length);
    let above = source[..end].trim_end();
    let start = above.rfind('\n').map_or(0, |line_break| line_break + 1);
    let text = &above[start..];
    TextRange::new(start + text.len() - text.trim_start().len(), above.len())
}

/// The parser's words start like a sentence, and ours go on like one.
fn in_lower_case(message: &str) -> String {
    let mut rest = message.chars();
    let first = rest.next().into_iter().flat_map(char::to_lowercase);
    first.chain(rest).collect()
}

/// A cell magic below comments, where IPython takes it for a line magic, and its name.
fn late_magic<'u>(unit: &Unit<'u>) -> Option<(TextRange, &'u str)> {
    let mut at = unit.code.start();
    for line in unit.code.of(unit.source).split_inclusive('\n') {
        let text = line.trim();
        if !text.is_empty() && !text.starts_with('#') {
            let name = text.strip_prefix("%%")?.split_whitespace().next()?;
            let start = at + line.len() - line.trim_start().len();
            return Some((TextRange::new(start, start + text.len()), name));
        }
        at += line.len();
    }
    None
}

/// `<your key>` where a value belongs, or `...` among named arguments.
fn placeholder(place: &Place<'_>) -> Option<Wording> {
    static NAME: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^<[A-Za-z][\w .:/-]{0,60}>").ok());
    if place.error() == "..." && place.before().contains('=') {
        return Some(("placeholder", "text", "...".to_owned()));
    }
    let opening = place.line.start() + place.line().find('<')?;
    let text = TextRange::new(opening, place.line.end()).of(place.unit.source);
    let name = NAME.as_ref()?.find(text)?.as_str();
    let before = TextRange::new(place.line.start(), opening).of(place.unit.source);
    let is_value = before
        .trim_end()
        .ends_with(['=', '(', ',', '[', '{', ':', '/']);
    let inside = opening <= place.error.range.start();
    // `<Backward0>` is how torch prints an object.
    let camel_case = !name.contains([' ', '-', '_'])
        && name.chars().any(char::is_lowercase)
        && name.chars().any(char::is_uppercase);
    (is_value && inside && !camel_case).then(|| ("placeholder", "text", name.to_owned()))
}

/// `x =`, and nothing behind it.
fn missing_value(place: &Place<'_>) -> Option<Wording> {
    let code = place
        .line()
        .split('#')
        .next()
        .unwrap_or_default()
        .trim_end();
    let name = code.strip_suffix('=')?.trim_end();
    let after = place.error.range.start() > place.line.start() + name.len();
    let assigns = !name.ends_with(['=', '!', '<', '>']);
    (after && assigns).then(|| ("missing-value", "name", name.to_owned()))
}

/// `pip install`, which needs no sign only in a cell of its own.
fn pip(place: &Place<'_>) -> Option<Wording> {
    let mut words = place.line().split_whitespace();
    let program = words
        .next()
        .filter(|word| matches!(*word, "pip" | "pip3"))?;
    let action = words.find(|word| !word.starts_with('-'))?;
    matches!(action, "install" | "uninstall").then(|| ("pip", "program", program.to_owned()))
}

/// `print x`.
fn python_2(place: &Place<'_>) -> Option<Wording> {
    static PRINT: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r#"^print\s+(?:[urb]?["'\d]|[A-Za-z_][\w.]*\s*(?:$|[,%\[(+#;]))"#).ok()
    });
    let print = PRINT.as_ref()?.is_match(place.line());
    print.then(|| ("python-2", "line", place.line().to_owned()))
}

/// Programs that nobody writes about without meaning to start them.
const PROGRAMS: &[&str] = &[
    "apt",
    "apt-get",
    "aws",
    "az",
    "azd",
    "brew",
    "cd",
    "chmod",
    "conda",
    "cp",
    "curl",
    "docker",
    "docker-compose",
    "gcloud",
    "gh",
    "git",
    "gsutil",
    "huggingface-cli",
    "jupyter",
    "kubectl",
    "ls",
    "mamba",
    "mkdir",
    "mv",
    "npm",
    "npx",
    "ollama",
    "pip",
    "pip3",
    "poetry",
    "rm",
    "ssh",
    "sudo",
    "tar",
    "terraform",
    "torchrun",
    "unzip",
    "uv",
    "wget",
    "yarn",
];
/// Programs whose names are words too: what follows must look like an option or a path.
const WORDS: &[&str] = &[
    "accelerate",
    "bash",
    "cat",
    "echo",
    "export",
    "find",
    "func",
    "go",
    "make",
    "node",
    "python",
    "python3",
    "sh",
    "source",
    "touch",
];

/// A shell command without its `!`.
fn shell(place: &Place<'_>) -> Option<Wording> {
    let line = place.line();
    let mut words = line.strip_prefix("$ ").unwrap_or(line).split_whitespace();
    let program = words.next()?;
    let mut arguments = words.peekable();
    let is_command = PROGRAMS.contains(&program) && arguments.peek().is_some()
        || WORDS.contains(&program)
            && arguments.any(|word| word.starts_with(['-', '$']) || word.contains(['/', '.', '=']));
    let is_assignment = line
        .split_whitespace()
        .nth(1)
        .is_some_and(|word| word.starts_with('='));
    (is_command && !is_assignment).then(|| ("shell", "program", program.to_owned()))
}

/// A program in another language, lines of a log, an address.
fn other_text(place: &Place<'_>) -> Option<Wording> {
    Some(match foreign(place.line(), place.unit.source)? {
        Foreign::Language(name) => ("foreign", "language", name.to_owned()),
        Foreign::Log => ("log", "line", place.line().to_owned()),
        Foreign::Address => ("address", "line", place.line().to_owned()),
    })
}

/// How many pairs of plain words beside each other make a text. Code with one comma missing has one such pair.
const PAIRS: usize = 3;
/// Words of Python that stand beside names in code.
const KEYWORDS: &[&str] = &[
    "and", "as", "assert", "async", "await", "class", "def", "del", "elif", "else", "except",
    "for", "from", "global", "if", "import", "in", "is", "lambda", "not", "or", "raise", "return",
    "while", "with", "yield",
];

/// Text in a code cell: a sentence, or Markdown.
fn prose(place: &Place<'_>) -> Option<Wording> {
    static MARKUP: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"^(?:\*{2,}\s?\w|```|\d+\. \w|[-*] \w+ \w|\|.*\|$|</?[a-z]\w*>)").ok()
    });
    static STRINGS: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#""[^"]*"|'[^']*'|#.*"#).ok());
    let string_is_open =
        place.error().starts_with(['"', '\'']) && !place.before().ends_with(char::is_alphanumeric);
    if string_is_open {
        return None;
    }
    let line = place.line();
    let plain = STRINGS.as_ref()?.replace_all(line, "\u{0}");
    let words: Vec<&str> = plain.split_whitespace().collect();
    let pairs = words
        .windows(2)
        .filter(|pair| pair.iter().all(|word| is_plain(word)))
        .count();
    (pairs >= PAIRS || MARKUP.as_ref()?.is_match(line)).then(|| ("prose", "line", line.to_owned()))
}

/// Whether a word is one of a sentence: letters only, with the signs of a sentence around them.
fn is_plain(word: &str) -> bool {
    let word = word.trim_matches(['.', ',', ';', ':', '!', '?', '*', '(', ')', '-']);
    let mut letters = word
        .chars()
        .filter(|letter| !matches!(letter, '\'' | '\u{2019}' | '-'));
    !word.is_empty() && letters.all(char::is_alphabetic) && !KEYWORDS.contains(&word)
}

/// A sign that only looks like one of Python's: a curly quote, a no-break space, an Arabic comma.
fn character(place: &Place<'_>) -> Option<Wording> {
    let error = place.error();
    let sign = match error.chars().next()? {
        sign if !sign.is_ascii() && !sign.is_alphanumeric() => sign,
        '"' | '\'' if place.error.message.contains("closing quote") => curly_end(error)?,
        _ => return None,
    };
    let name = match sign {
        '\u{a0}' => "a no-break space (U+00A0)".to_owned(),
        _ => format!("`{sign}` (U+{:04X})", u32::from(sign)),
    };
    Some(("character", "sign", name))
}

/// The curly quote that seems to end a string.
fn curly_end(text: &str) -> Option<char> {
    let mut pairs = text.chars().zip(text.chars().skip(1).chain([')']));
    let is_end = |(sign, next): &(char, char)| {
        matches!(sign, '\u{2018}'..='\u{201f}') && matches!(next, ')' | ']' | '}' | ',' | ':')
    };
    pairs.find(is_end).map(|(sign, _)| sign)
}

/// The end of the text inside a bracket.
fn unclosed(place: &Place<'_>) -> Option<Wording> {
    let end = place.error.message == "unexpected EOF while parsing";
    end.then(|| ("unclosed", "line", place.line().to_owned()))
}
