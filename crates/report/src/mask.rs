//! Secrets are never written: the one place that masks them, for every format.
//!
//! What is masked does not depend on the rules that ran, but on what counts as a secret in the project. A mask keeps the
//! length of a text and its line breaks, so that every place in it stays where it is.

use std::borrow::Cow;

use nbfix_lint::Finding;
pub use nbfix_secrets::Detector;

/// Whether secrets in a diff are masked.
#[derive(Clone, Copy, Debug)]
pub enum Secrets<'a> {
    /// For reading. A diff in which something is masked does not apply.
    Masked(&'a Detector),
    /// As they are: for `git apply`.
    Shown,
}

/// `text` with the secrets masked that everybody has.
pub fn masked(text: &str) -> Cow<'_, str> {
    Detector::built_in().masked(text)
}

/// Findings with a project's own secrets masked in all that is said of them. The secrets that everybody has are masked
/// wherever a text is written, whether this was called or not.
pub fn masked_findings<'f>(findings: &'f [Finding], secrets: &Detector) -> Cow<'f, [Finding]> {
    if !secrets.has_own() {
        return Cow::Borrowed(findings);
    }
    let mask = |text: &mut String| {
        if let Cow::Owned(masked) = secrets.masked(text) {
            *text = masked;
        }
    };
    let mut all = findings.to_vec();
    for finding in &mut all {
        mask(&mut finding.message);
        finding.help.iter_mut().for_each(mask);
        finding.labels.iter_mut().for_each(|it| mask(&mut it.text));
        if let Some(fix) = &mut finding.fix {
            mask(&mut fix.title);
            fix.caution.iter_mut().for_each(mask);
        }
    }
    Cow::Owned(all)
}

/// The mask for bytes that may be no UTF-8.
pub(crate) fn masked_bytes<'b>(bytes: &'b [u8], secrets: &Detector) -> Cow<'b, [u8]> {
    match std::str::from_utf8(bytes) {
        Ok(text) => match secrets.masked(text) {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        },
        Err(_) => {
            let mut out = Vec::with_capacity(bytes.len());
            for chunk in bytes.utf8_chunks() {
                out.extend_from_slice(secrets.masked(chunk.valid()).as_bytes());
                out.extend_from_slice(chunk.invalid());
            }
            Cow::Owned(out)
        }
    }
}

/// Whether a text has to be masked.
pub(crate) fn holds_secret(text: &str, secrets: &Detector) -> bool {
    !secrets.find(text).is_empty()
}
