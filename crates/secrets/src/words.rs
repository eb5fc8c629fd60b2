//! The words that shapes need: the quick look that spares most texts every other one.

use std::collections::BTreeSet;

use regex::bytes::{Regex, RegexBuilder};

/// Words, each with the shapes that need it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words {
    /// All of them, as an alternation of plain words.
    any: Option<Regex>,
    /// By first byte.
    by_first: Vec<Vec<Word>>,
}

#[derive(Clone, Debug)]
struct Word {
    text: Vec<u8>,
    shapes: Vec<usize>,
    /// How many bytes each token has at least that starts with this word; 0 if a shape has the word anywhere else.
    least: usize,
}

/// How far a sequence that colours a terminal may reach back: `\u001b[38;5;246m`, as JSON writes it.
const COLOUR: usize = 24;

impl Words {
    /// The words of shapes: the position of the shape, the word, and how long a token is that starts with it.
    pub(crate) fn new<'w>(all: impl Iterator<Item = (usize, &'w str, usize)>) -> Self {
        let mut words: Vec<Word> = Vec::new();
        for (index, text, least) in all {
            match words.iter_mut().find(|it| it.text == text.as_bytes()) {
                Some(word) => {
                    word.shapes.push(index);
                    word.least = word.least.min(least);
                }
                None => words.push(Word {
                    text: text.as_bytes().to_vec(),
                    shapes: vec![index],
                    least,
                }),
            }
        }
        // Of words that start alike only the shortest is looked for: it stands where the others stand.
        let shortest = words.iter().filter(|word| {
            let is_prefix = |other: &Word| {
                other.text.len() < word.text.len() && word.text.starts_with(&other.text)
            };
            !words.iter().any(is_prefix)
        });
        let escaped: Vec<String> = shortest
            .map(|word| regex::escape(&String::from_utf8_lossy(&word.text)))
            .collect();
        let any = (!escaped.is_empty()).then(|| compile(&escaped.join("|")));
        let mut by_first = vec![Vec::new(); 256];
        for word in words {
            let first = word.text.first().copied().unwrap_or_default();
            if let Some(same) = by_first.get_mut(usize::from(first)) {
                same.push(word);
            }
        }
        Words {
            any: any.flatten(),
            by_first,
        }
    }

    /// Whether one of them stands in `text`, where a token could be.
    pub(crate) fn any_in(&self, text: &[u8]) -> bool {
        self.hits(text).next().is_some()
    }

    /// The shapes that need a word of `text`.
    pub(crate) fn wanted(&self, text: &[u8]) -> BTreeSet<usize> {
        self.hits(text)
            .flat_map(|word| word.shapes.iter().copied())
            .collect()
    }

    /// The words in `text` that may belong to a token.
    fn hits<'w>(&'w self, text: &'w [u8]) -> impl Iterator<Item = &'w Word> {
        let hits = self.any.iter().flat_map(|any| any.find_iter(text));
        hits.flat_map(move |hit| {
            let first = text.get(hit.start()).copied().unwrap_or_default();
            let words = self.by_first.get(usize::from(first));
            words.into_iter().flatten().filter(move |word| {
                text[hit.start()..].starts_with(&word.text)
                    && (word.least == 0 || is_plausible(text, hit.start(), word.least))
            })
        })
    }
}

/// Whether a token of at least `least` bytes may start at `at`: `disk-size` and `task-1` hold `sk-`, and no key. Says yes
/// where an escape stands before it: what that becomes is not known here.
fn is_plausible(text: &[u8], at: usize, least: usize) -> bool {
    let of_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.+/=:~%@\\".contains(byte);
    let end = (at + least).min(text.len());
    if end - at < least || !text[at..end].iter().all(of_token) {
        return false;
    }
    let before = &text[at.saturating_sub(COLOUR)..at];
    let goes_on = before
        .last()
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    !goes_on || before.iter().any(|byte| matches!(byte, b'\\' | 0x1b))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_counts_where_a_token_could_be() {
        let words = Words::new([(0, "sk-", 10), (1, "key=", 0)].into_iter());
        let any = |text: &str| words.any_in(text.as_bytes());
        assert!(any("sk-2345678"));
        assert!(any("'sk-2345678'"));
        assert!(any("a\\nsk-2345678"));
        assert!(any("\\u001b[38;5;246msk-2345678"));
        assert!(!any("sk-234567"));
        assert!(!any("sk-2345 678"));
        assert!(!any("task-2345678"));
        assert!(any("monkey="));
    }
}
