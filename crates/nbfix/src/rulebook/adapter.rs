//! Rules from pages. Until the pages themselves offer it, patterns only.

use std::path::Path;
use std::sync::Mutex;

use nbfix_lint::{Check, FixText, Page, PageError, PatternCheck, Rule, Safety};
use nbfix_pattern::{Pattern, Template};

use crate::inputs::shown;

type Slot = (Vec<String>, Option<String>, Vec<String>, bool);
static SLOTS: Mutex<Vec<Slot>> = Mutex::new(Vec::new());

fn build<const N: usize>() -> PatternCheck {
    let slots = SLOTS.lock().unwrap_or_else(|error| error.into_inner());
    let (patterns, replace, unless, top_level) = slots[N].clone();
    let patterns = patterns.iter().filter_map(|text| {
        let pattern = Pattern::parse(text).ok()?;
        let template = match &replace {
            Some(replace) => Some(Template::parse(replace, &pattern).ok()?),
            None => None,
        };
        Some((pattern, template))
    });
    PatternCheck {
        patterns: patterns.collect(),
        unless_imported: unless,
        top_level,
    }
}

const BUILDERS: [fn() -> PatternCheck; 8] = [
    build::<0>, build::<1>, build::<2>, build::<3>, build::<4>, build::<5>, build::<6>, build::<7>,
];

fn leak(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

pub(crate) fn from_page(name: &str, text: &str) -> Result<Rule, PageError> {
    let page = Page::parse(text)?;
    let mut slots = SLOTS.lock().unwrap_or_else(|error| error.into_inner());
    let replace = page.fix.as_ref().and_then(|fix| fix.replace.clone());
    let patterns: Vec<String> = page
        .matches
        .pattern
        .iter()
        .chain(&page.matches.any)
        .cloned()
        .collect();
    for text in &patterns {
        let pattern = Pattern::parse(text).map_err(|error| PageError(error.to_string()))?;
        if let Some(replace) = &replace {
            Template::parse(replace, &pattern).map_err(|error| PageError(error.to_string()))?;
        }
    }
    slots.push((
        patterns,
        replace,
        page.matches.unless_imported.clone(),
        page.matches.top_level,
    ));
    let check = Check::Pattern(BUILDERS[slots.len() - 1]);
    Ok(rule(name, &page, check, text))
}

fn rule(name: &str, page: &Page, check: Check, text: &str) -> Rule {
    let messages: Vec<(&'static str, &'static str)> = page
        .messages
        .iter()
        .map(|(key, text)| (leak(key), leak(text)))
        .collect();
    Rule {
        name: leak(name),
        summary: leak(&page.summary),
        message: leak(&page.message),
        messages: messages.leak(),
        help: page.help.as_deref().map(leak),
        group: page.group,
        default: page.is_default(),
        documents: page.documents.clone().leak(),
        fix: page.fix.as_ref().map(|fix| FixText {
            title: leak(&fix.title),
            safety: match fix.safety.as_str() {
                "safe" => Safety::Safe,
                "unsafe" => Safety::Unsafe,
                _ => Safety::Display,
            },
            caution: fix.caution.as_deref().map(leak),
        }),
        check,
        page: leak(text),
    }
}

/// The built-in `rule` with the words of another text for its page.
pub(crate) fn with_page(built_in: &'static Rule, text: &str) -> &'static Rule {
    let check = match &built_in.check {
        Check::Pattern(build) => Check::Pattern(*build),
        Check::Node(kinds, check) => Check::Node(kinds, *check),
        Check::Notebook(check) => Check::Notebook(*check),
    };
    match Page::parse(text) {
        Ok(page) => Box::leak(Box::new(rule(built_in.name, &page, check, text))),
        Err(_) => built_in,
    }
}

/// A page's error with its place.
pub(crate) fn located(path: &Path, _text: &str, error: &PageError) -> String {
    format!("{}: {error}", shown(path))
}
