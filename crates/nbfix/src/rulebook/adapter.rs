//! Rules from pages.

use std::path::Path;

use nbfix_lint::{PageError, Rule};

use crate::inputs::shown;

pub(crate) fn from_page(name: &str, text: &str) -> Result<Rule, PageError> {
    Rule::from_page(name, text)
}

/// The built-in `rule` with the words of another text for its page.
pub(crate) fn with_page(built_in: &'static Rule, text: &str) -> &'static Rule {
    match built_in.with_page(text) {
        Ok(rule) => Box::leak(Box::new(rule)),
        Err(_) => built_in,
    }
}

/// A page's error with its place.
pub(crate) fn located(path: &Path, _text: &str, error: &PageError) -> String {
    format!("{}: {error}", shown(path))
}
