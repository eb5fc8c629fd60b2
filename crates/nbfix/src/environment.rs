//! What the environment says: for CI, where command lines are written by others.

use std::env;

use anyhow::bail;

use crate::arguments::FailOn;
use crate::config::{FAIL_ON, Origin, Said, Word, not_a_word};

/// The variables that stand for options.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    pub(crate) select: Option<Said<Vec<Word>>>,
    pub(crate) extend_select: Vec<Word>,
    pub(crate) ignore: Vec<Word>,
    pub(crate) fail_on: Option<Said<FailOn>>,
    pub(crate) today: Option<nbfix_rules::Date>,
}

impl Environment {
    /// # Errors
    /// If a variable holds what it cannot mean.
    pub(crate) fn read() -> anyhow::Result<Self> {
        let fail_on = match text("NBFIX_FAIL_ON") {
            None => None,
            Some(text) => {
                let origin = Origin::Environment("NBFIX_FAIL_ON");
                match FAIL_ON.iter().find(|(word, _)| *word == text) {
                    Some((_, level)) => Some(Said::new(*level, origin)),
                    None => bail!(origin.error(&not_a_word(&text, &FAIL_ON))),
                }
            }
        };
        let today = match text("NBFIX_TODAY").map(|text| text.parse()) {
            None => None,
            Some(Ok(date)) => Some(date),
            Some(Err(message)) => {
                let message: String = message;
                bail!(Origin::Environment("NBFIX_TODAY").error(&message))
            }
        };
        Ok(Self {
            select: words("NBFIX_SELECT"),
            extend_select: words("NBFIX_EXTEND_SELECT").map_or_else(Vec::new, |said| said.value),
            ignore: words("NBFIX_IGNORE").map_or_else(Vec::new, |said| said.value),
            fail_on,
            today,
        })
    }
}

/// Whether a switch is on: anything but nothing, `0` and `false`.
pub(crate) fn is_on(name: &str) -> bool {
    text(name).is_some_and(|text| !matches!(text.as_str(), "0" | "false"))
}

/// An empty variable says nothing, as CI systems set those that they have no value for.
fn text(name: &str) -> Option<String> {
    let text = env::var(name).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn words(name: &'static str) -> Option<Said<Vec<Word>>> {
    let origin = Origin::Environment(name);
    let text = text(name)?;
    let words = text
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty());
    let words = words.map(|word| Said::new(word.to_owned(), origin.clone()));
    Some(Said::new(words.collect(), origin.clone()))
}
