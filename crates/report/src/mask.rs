//! Secrets are never written: the one place that masks them, for every format.
//!
//! What is masked does not depend on the rules that ran. A mask keeps the length of a text and its line breaks, so that
//! every place in it stays where it is.

use std::borrow::Cow;

/// Whether secrets in a diff are masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// For reading. A diff in which something is masked does not apply.
    Masked,
    /// As they are: for `git apply`.
    Shown,
}

/// `text` with its secrets masked.
pub fn masked(text: &str) -> Cow<'_, str> {
    nbfix_secrets::masked(text)
}

/// [`masked`] for bytes that may be no UTF-8.
pub(crate) fn masked_bytes(bytes: &[u8]) -> Cow<'_, [u8]> {
    match std::str::from_utf8(bytes) {
        Ok(text) => match masked(text) {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        },
        Err(_) => {
            let mut out = Vec::with_capacity(bytes.len());
            for chunk in bytes.utf8_chunks() {
                out.extend_from_slice(masked(chunk.valid()).as_bytes());
                out.extend_from_slice(chunk.invalid());
            }
            Cow::Owned(out)
        }
    }
}

/// Whether a text has to be masked.
pub(crate) fn holds_secret(text: &str) -> bool {
    !nbfix_secrets::find(text).is_empty()
}
