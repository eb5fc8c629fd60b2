//! Colours.

use std::fmt::Display;

use anstyle::AnsiColor;
use nbfix_lint::Level;

use crate::Style;

pub(crate) const BOLD: anstyle::Style = anstyle::Style::new().bold();
pub(crate) const RED: anstyle::Style = AnsiColor::Red.on_default();
pub(crate) const GREEN: anstyle::Style = AnsiColor::Green.on_default();
pub(crate) const CYAN: anstyle::Style = AnsiColor::Cyan.on_default();
const YELLOW: anstyle::Style = AnsiColor::Yellow.on_default();

/// The colour of a level.
pub(crate) fn of_level(level: Level) -> anstyle::Style {
    match level {
        Level::Error => RED.bold(),
        Level::Warning => YELLOW.bold(),
        Level::Note => CYAN.bold(),
    }
}

impl Style {
    /// `text` in a colour, if there are colours.
    pub(crate) fn paint(&self, ink: anstyle::Style, text: impl Display) -> String {
        if self.color {
            format!("{ink}{text}{ink:#}")
        } else {
            text.to_string()
        }
    }
}
