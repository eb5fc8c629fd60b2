//! Findings and fixes to text, JSON, SARIF, HTML and diffs, rendered to any [`std::io::Write`].
//!
//! - [`full`] shows each finding with the source around it, [`concise`] in one line;
//! - [`JsonArray`] and [`json_lines`] write the same for programs, and the [`Summary`] closes a run;
//! - [`github`], [`gitlab`], [`sarif`] and [`junit`] are for what stands beside a build, [`markdown`] for the comment of a
//!   pull request, [`html`] for whoever reviews many notebooks. Each writes one document; what stands around all of them
//!   is made of [`Totals`];
//! - [`unified_diff`] is for `git apply`, [`cell_diff`] for reading.
//!
//! What a file says reaches the terminal only with its control characters escaped; the one exception is
//! [`unified_diff`] without colour, which has to be exact.
//!
//! Secrets are masked in all of it (`mask.rs`), those of a project's own too; only a diff that is to be applied may hold them.
//!
//! What this crate does not know: any particular rule, the terminal, files.

use nbfix_ipynb::Notebook;
use nbfix_lint::{Crash, Finding, Group};

mod cells;
mod concise;
mod diff;
mod excerpt;
mod fingerprint;
mod full;
mod github;
mod gitlab;
mod html;
mod json;
mod junit;
mod lines;
mod markdown;
mod mask;
mod paint;
mod sarif;
mod shared;
mod spot;
mod summary;
mod texts;
mod totals;
mod visible;
mod window;

pub use cells::cell_diff;
pub use concise::concise;
pub use diff::{Difference, unified_diff};
pub use full::full;
pub use github::github;
pub use gitlab::gitlab;
pub use html::{html, html_close, html_open};
pub use json::{JsonArray, json_lines};
pub use junit::{JUNIT_CLOSE, JUNIT_OPEN, junit};
pub use markdown::{MARKDOWN_LIMIT, markdown, markdown_close, markdown_open};
pub use mask::{Detector, Secrets, masked, masked_findings};
pub use sarif::{SARIF_OPEN, sarif, sarif_close};
pub use summary::Summary;
pub use totals::{FileTotal, RuleTotal, Totals};

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
    /// What is masked in what the document says; see [`masked_findings`] for what is said of it.
    pub secrets: &'a Detector,
}

/// How text looks.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether to use colours, as ANSI escape sequences.
    pub color: bool,
    /// Columns of a line.
    pub width: usize,
}

/// The word for a group.
pub(crate) fn group(group: Group) -> &'static str {
    match group {
        Group::Broken => "broken",
        Group::Leak => "leak",
        Group::Fragile => "fragile",
        Group::Tidy => "tidy",
    }
}
