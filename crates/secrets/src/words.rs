//! The words that shapes need: the quick look that spares most texts every other one.

use std::collections::BTreeSet;

use regex::bytes::{Regex, RegexBuilder};

/// Words, each with the shapes that need it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words {
    /// All of them, as an alternation of plain words, which is searched without an automaton of any size.
    any: Option<Regex>,
    by_word: Vec<(Vec<u8>, Vec<usize>)>,
}

impl Words {
    /// The words of shapes that are known by their position.
    pub(crate) fn new<'w>(all: impl Iterator<Item = (usize, &'w str)>) -> Self {
        let mut by_word: Vec<(Vec<u8>, Vec<usize>)> = Vec::new();
        for (index, word) in all {
            match by_word
                .iter_mut()
                .find(|(known, _)| known.as_slice() == word.as_bytes())
            {
                Some((_, shapes)) => shapes.push(index),
                None => by_word.push((word.as_bytes().to_vec(), vec![index])),
            }
        }
        // Of words that start alike only the shortest is looked for: it stands where the others stand.
        let shortest = by_word.iter().filter(|(word, _)| {
            let is_prefix = |other: &[u8]| other.len() < word.len() && word.starts_with(other);
            !by_word.iter().any(|(other, _)| is_prefix(other))
        });
        let escaped: Vec<String> = shortest
            .map(|(word, _)| regex::escape(&String::from_utf8_lossy(word)))
            .collect();
        let any = (!escaped.is_empty()).then(|| compile(&escaped.join("|")));
        Words {
            any: any.flatten(),
            by_word,
        }
    }

    /// Whether one of them stands in `text`.
    pub(crate) fn any_in(&self, text: &[u8]) -> bool {
        self.any.as_ref().is_some_and(|any| any.is_match(text))
    }

    /// The shapes that need a word of `text`.
    pub(crate) fn wanted(&self, text: &[u8]) -> BTreeSet<usize> {
        let mut wanted = BTreeSet::new();
        let Some(any) = &self.any else {
            return wanted;
        };
        for hit in any.find_iter(text) {
            for (word, shapes) in &self.by_word {
                if text[hit.start()..].starts_with(word) {
                    wanted.extend(shapes);
                }
            }
        }
        wanted
    }
}

/// A regex for bytes, of ASCII classes.
pub(crate) fn compile(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(pattern).unicode(false).build().ok()
}

/// [`compile`] for what a project wrote.
///
/// # Errors
/// If it cannot be used; the text says what can be done.
pub(crate) fn compile_own(pattern: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(pattern)
        .unicode(false)
        .size_limit(1 << 20)
        .build();
    built.map_err(|error| {
        // The last line says what is wrong; those before it draw the pattern.
        let error = error.to_string();
        let why = error.lines().last().unwrap_or_default();
        let why = why.trim_start_matches("error: ");
        format!(
            "`{pattern}` cannot be used as a regex: {why}; it is written as in Rust's `regex`, which has no look-around and no \
             backreferences, so that it takes no more time than the text is long"
        )
    })
}
