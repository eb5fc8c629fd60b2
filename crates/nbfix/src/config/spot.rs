//! Where a value was said, so that what is wrong with it is shown there.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::excerpt::{excerpt, line_column};
use crate::inputs::shown;

/// One configuration file, as it was read.
#[derive(Debug)]
pub(crate) struct Text {
    /// As people shall see it.
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// A place in a configuration file.
#[derive(Clone, Debug)]
pub(crate) struct Spot {
    pub(crate) file: Arc<Text>,
    /// Bytes of its text.
    pub(crate) range: Range<usize>,
}

impl Spot {
    /// What is wrong here, with the line that says it.
    pub(crate) fn error(&self, message: &str) -> String {
        let (line, column) = line_column(&self.file.text, self.range.start);
        let path = shown(&self.file.path);
        let shown = excerpt(&self.file.text, self.range.clone());
        format!("{path}:{line}:{column}: {message}\n{shown}")
    }

    /// The line, from 1.
    pub(crate) fn line(&self) -> usize {
        line_column(&self.file.text, self.range.start).0
    }

    /// The folder that paths in this file are relative to.
    pub(crate) fn folder(&self) -> &Path {
        self.file.path.parent().unwrap_or(Path::new(""))
    }
}

/// Who said it.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    Default,
    File(Spot),
    /// The variable.
    Environment(&'static str),
    /// The option.
    CommandLine(&'static str),
}

impl Origin {
    /// What is wrong with a value from there.
    pub(crate) fn error(&self, message: &str) -> String {
        match self {
            Origin::Default => message.to_owned(),
            Origin::File(spot) => spot.error(message),
            Origin::Environment(name) | Origin::CommandLine(name) => format!("`{name}`: {message}"),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File(spot) => write!(f, "{}:{}", shown(&spot.file.path), spot.line()),
            Origin::Environment(name) => write!(f, "environment {name}"),
            Origin::CommandLine(name) => write!(f, "command line {name}"),
        }
    }
}

/// A value, and who said it.
#[derive(Clone, Debug)]
pub(crate) struct Said<T> {
    pub(crate) value: T,
    pub(crate) origin: Origin,
}

impl<T> Said<T> {
    pub(crate) fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }

    /// What holds if nobody says anything.
    pub(crate) fn default(value: T) -> Self {
        Self::new(value, Origin::Default)
    }
}
