//! Findings and fixes to text, JSON and diffs, rendered to any [`std::io::Write`].
//!
//! - [`full`] shows each finding with the source around it, [`concise`] in one line;
//! - [`JsonArray`] writes the same for programs, and the [`Summary`] closes a run;
//! - [`unified_diff`] is for `git apply`, [`cell_diff`] for reading.
//!
//! What a file says reaches the terminal only with its control characters escaped; the one exception is
//! [`unified_diff`] without colour, which has to be exact.
//!
//! Secrets are masked in all of it (`mask.rs`); only a diff that is to be applied may hold them.
//!
//! What this crate does not know: any particular rule, the terminal, files.

use nbfix_ipynb::Notebook;
use nbfix_lint::{Crash, Finding};

mod cells;
mod concise;
mod diff;
mod excerpt;
mod full;
mod json;
mod lines;
mod mask;
mod paint;
mod summary;
mod texts;
mod visible;
mod window;

pub use cells::cell_diff;
pub use concise::concise;
pub use diff::{Difference, unified_diff};
pub use full::full;
pub use json::JsonArray;
pub use mask::{Secrets, masked};
pub use summary::Summary;

/// One checked document, as far as a report needs it.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// Its path, as people shall see it.
    pub path: &'a str,
    /// What was read; `None` if the file could not be.
    pub notebook: Option<&'a Notebook>,
    /// The bytes of the file.
    pub bytes: &'a [u8],
    /// What was found, in the order in which it is to be told.
    pub findings: &'a [Finding],
    /// Rules that panicked.
    pub crashes: &'a [Crash],
}

/// How text looks.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether to use colours, as ANSI escape sequences.
    pub color: bool,
    /// Columns of a line.
    pub width: usize,
}
