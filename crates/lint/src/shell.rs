//! The commands that a cell runs, in whatever form: `!cmd`, `%%bash`, `subprocess.run([...])`, `os.system("...")`, and calls
//! of the notebook's own functions that do one of these.

mod calls;
mod wrappers;

use nbfix_python::AnyNodeRef;
use nbfix_python::ast::IpyEscapeKind;
use nbfix_python::shell::{Command, Word, base_name, commands};
use nbfix_semantic::{Semantic, Source, Unit};
use nbfix_text::TextRange;

pub use wrappers::{Commands, asks_for_program};

/// One command that runs: its words from the program's name on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The words. The first is the program's name without folder and `.exe`; `sudo`, `env`, `python -m` and the like
    /// are taken off.
    pub words: Vec<Word>,
    /// What runs it: the whole escape, the call, or the command's own stretch where there are several.
    pub range: TextRange,
    /// If a function of the document runs it: the way from the call to the command, outermost first, each as the
    /// position of a unit and a place there. Empty if it runs right here.
    pub through: Vec<(usize, TextRange)>,
    /// Whether the function runs this command whatever it is called with, but for the program's name: then it is the
    /// function's own business, and found there.
    pub fixed: bool,
}

impl Line {
    fn new(words: Vec<Word>, range: TextRange) -> Self {
        Self {
            words,
            range,
            through: Vec::new(),
            fixed: false,
        }
    }
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

/// The commands that `node` runs by itself: an escape, or a call. [`Commands`] looks into functions, too.
pub fn lines_of<'a>(semantic: &Semantic<'a>, unit: &Unit<'a>, node: AnyNodeRef<'a>) -> Vec<Line> {
    Commands::new(semantic).direct_of(unit, node)
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
            Some(Line::new(words, range))
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
