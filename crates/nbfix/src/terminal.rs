//! Where words go: stdout, stderr, and how they look there.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::AnsiColor;
use nbfix_report::{Style, masked};

use crate::arguments::Color;

/// Columns of a text that goes to no terminal.
const WIDTH: usize = 100;

const RED: anstyle::Style = AnsiColor::Red.on_default().bold();
const YELLOW: anstyle::Style = AnsiColor::Yellow.on_default().bold();
/// How what is well looks.
pub(crate) const GOOD: anstyle::Style = AnsiColor::Green.on_default();
/// How what is wrong looks.
pub(crate) const BAD: anstyle::Style = AnsiColor::Red.on_default();
/// How headings look.
pub(crate) const HEADING: anstyle::Style = AnsiColor::Green.on_default().bold();
/// How names look.
pub(crate) const NAME: anstyle::Style = AnsiColor::Cyan.on_default().bold();

/// Both output streams.
#[derive(Debug)]
pub(crate) struct Terminal {
    /// How text on stdout looks.
    pub(crate) style: Style,
    error_color: bool,
}

impl Terminal {
    pub(crate) fn new(color: Color) -> Self {
        let colors = |choice: ColorChoice| match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => choice != ColorChoice::Never,
        };
        let size = io::stdout()
            .is_terminal()
            .then(terminal_size::terminal_size);
        let width = size
            .flatten()
            .map_or(WIDTH, |(width, _)| usize::from(width.0));
        Self {
            style: Style {
                color: colors(AutoStream::choice(&io::stdout())),
                width,
            },
            error_color: colors(AutoStream::choice(&io::stderr())),
        }
    }

    /// Writes to stdout, at once.
    pub(crate) fn print(&self, bytes: &[u8]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        out.flush()
    }

    /// `text` as it looks on stdout.
    pub(crate) fn paint(&self, style: anstyle::Style, text: impl Display) -> String {
        paint(self.style.color, style, text)
    }

    /// Says on stderr why something could not be done.
    pub(crate) fn error(&self, text: &str) {
        self.say(&paint(self.error_color, RED, "error"), text);
    }

    /// Says on stderr what should be known.
    pub(crate) fn warning(&self, text: &str) {
        self.say(&paint(self.error_color, YELLOW, "warning"), text);
    }

    /// Writes a text to stderr. There is nobody left to tell if this fails.
    pub(crate) fn note(&self, text: &[u8]) {
        let _ = io::stderr().lock().write_all(text);
    }

    fn say(&self, head: &str, text: &str) {
        self.note(format!("{head}: {}\n", visible(text)).as_bytes());
    }
}

fn paint(color: bool, style: anstyle::Style, text: impl Display) -> String {
    if color {
        format!("{style}{text}{style:#}")
    } else {
        text.to_string()
    }
}

/// `text` with its control characters escaped and its secrets masked: what a file says must not steer the terminal.
pub(crate) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in masked(text).chars() {
        if char.is_control() && char != '\n' {
            out.extend(char.escape_default());
        } else {
            out.push(char);
        }
    }
    out
}

/// An error of the system in its own words, without its number.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

/// Whether an error means that nobody reads stdout any more.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
