//! Files that cannot be read as a notebook, and the way out.

use std::ops::Range;

use nbfix_text::LineIndex;

/// Why a file is no notebook, where that shows, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} at line {line}, column {column}")]
pub struct LoadError {
    /// Which sort of failure.
    pub kind: LoadErrorKind,
    /// What is wrong, for people, without the place.
    pub message: String,
    /// The place, in bytes of the file.
    pub offset: usize,
    /// The line of the place, from 1.
    pub line: usize,
    /// The column of the place in characters, from 1.
    pub column: usize,
    /// The way out.
    pub help: String,
    /// For [`LoadErrorKind::Conflict`]: every conflict, from the start of its `<<<<<<<` line to the end of its
    /// `>>>>>>>` line, without the line break.
    pub conflicts: Vec<Range<usize>>,
}

/// The sorts of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LoadErrorKind {
    /// There is nothing but white space.
    Empty,
    /// The bytes are no UTF-8.
    NotUtf8,
    /// The text is no JSON.
    Json,
    /// The text is no JSON because a git merge has left its conflict markers.
    Conflict,
    /// The JSON is no notebook.
    NotANotebook,
}

impl LoadError {
    /// The error at `offset` of `file`, whose first `bom` bytes are no text.
    fn at(
        kind: LoadErrorKind,
        file: &str,
        bom: usize,
        offset: usize,
        message: impl Into<String>,
        help: &str,
    ) -> Self {
        let text = file.get(bom..).unwrap_or_default();
        let place = LineIndex::new(text).line_column(text, offset.saturating_sub(bom));
        Self {
            kind,
            message: message.into(),
            offset,
            line: place.line,
            column: place.column,
            help: help.to_owned(),
            conflicts: Vec::new(),
        }
    }

    pub(crate) fn empty() -> Self {
        let help = "restore the file from version control, or delete it";
        let message = "the file is empty";
        Self::at(LoadErrorKind::Empty, "", 0, 0, message, help)
    }

    pub(crate) fn not_utf8(error: &std::string::FromUtf8Error) -> Self {
        let bytes = error.as_bytes();
        let offset = error.utf8_error().valid_up_to();
        let before = bytes.get(..offset).unwrap_or_default();
        let before = std::str::from_utf8(before).unwrap_or_default();
        let help = if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            "the file is UTF-16: save it again as UTF-8"
        } else {
            "save the file again as UTF-8"
        };
        let byte = bytes.get(offset).copied().unwrap_or_default();
        let message = format!("the byte 0x{byte:02x} is no UTF-8");
        let bom = bom_length(before);
        Self::at(LoadErrorKind::NotUtf8, before, bom, offset, message, help)
    }

    pub(crate) fn json(file: &str, bom: usize, error: &serde_json::Error) -> Self {
        let conflicts = conflicts(file, bom);
        if let Some(first) = conflicts.first() {
            let message = match conflicts.len() {
                1 => "a merge has left a conflict".to_owned(),
                many => format!("a merge has left {many} conflicts"),
            };
            let help = "choose one side of each conflict, or take one version of the whole file: \
                        `git checkout --ours FILE` or `git checkout --theirs FILE`";
            let kind = LoadErrorKind::Conflict;
            let error = Self::at(kind, file, bom, first.start, message, help);
            return Self { conflicts, ..error };
        }
        let place = format!(" at line {} column {}", error.line(), error.column());
        let words = error.to_string();
        let message = words.strip_suffix(&place).unwrap_or(&words);
        let help = "repair the JSON at this place, or restore the file from version control";
        let offset = json_offset(file, bom, error, message);
        Self::at(LoadErrorKind::Json, file, bom, offset, message, help)
    }

    pub(crate) fn not_a_notebook(file: &str, bom: usize, offset: usize, message: &str) -> Self {
        let help = "a notebook is a JSON object with an array of `cells`; if this file is something else, exclude it";
        Self::at(
            LoadErrorKind::NotANotebook,
            file,
            bom,
            offset,
            message,
            help,
        )
    }
}

/// Length of the byte order mark that `file` starts with, in bytes.
pub(crate) fn bom_length(file: &str) -> usize {
    if file.starts_with('\u{feff}') { 3 } else { 0 }
}

/// The place of a JSON error. `serde_json` counts lines, and the bytes of that line up to the culprit. It counts the
/// culprit too, unless that is a control character in a string.
fn json_offset(file: &str, bom: usize, error: &serde_json::Error, message: &str) -> usize {
    if error.is_eof() {
        return file.len();
    }
    let text = file.get(bom..).unwrap_or_default();
    let start = LineIndex::new(text).line_start(error.line());
    let counted = usize::from(!message.starts_with("control character"));
    // Column 0 means that the line break before the line is the culprit.
    let offset = (start + error.column()).saturating_sub(counted);
    bom + text.floor_char_boundary(offset.min(text.len()))
}

/// The git conflicts in `file`: `<<<<<<<`, `=======` and `>>>>>>>` at the starts of lines, in this order.
fn conflicts(file: &str, bom: usize) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut opened, mut parted) = (None, false);
    let mut at = bom;
    for line in file.get(bom..).unwrap_or_default().split_inclusive('\n') {
        let text = line.trim_end_matches(['\r', '\n']);
        if text.starts_with("<<<<<<<") {
            (opened, parted) = (Some(at), false);
        } else if text.starts_with("=======") {
            parted = true;
        } else if text.starts_with(">>>>>>>")
            && parted
            && let Some(start) = opened.take()
        {
            found.push(start..at + text.len());
        }
        at += line.len();
    }
    found
}
