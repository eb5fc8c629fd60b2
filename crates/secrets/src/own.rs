//! What a project says of its own: shapes, and values that are harmless.

use regex::bytes::Regex;
use sha2::{Digest, Sha256};

use crate::Shape;
use crate::assigned::KINDS;
use crate::shapes::{shapes, words_of};
use crate::words::{Words, compile_own};

/// A shape of a project's own, ready to be looked for.
#[derive(Clone, Debug)]
pub struct Own {
    shape: Shape,
    regex: Regex,
}

impl Own {
    /// Takes a shape.
    ///
    /// # Errors
    /// If its id is none, it has no name, or its regex cannot be used; the text says what can be done.
    pub fn new(shape: Shape) -> Result<Self, String> {
        let is_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if shape.id.is_empty() || !shape.id.chars().all(is_id) {
            return Err(format!(
                "`{}` is no id of a shape: it is made of small letters, digits and `-`, as `lab-token`",
                shape.id
            ));
        }
        if shape.name.trim().is_empty() {
            return Err(format!(
                "the shape `{}` needs a `name` that messages can use, as `a token of the lab`",
                shape.id
            ));
        }
        if let Some(short) = shape.needs.iter().find(|word| word.len() < 3) {
            return Err(format!(
                "`{short}` in `needs` stands in too many texts: a word has three letters or more, or leave `needs` out"
            ));
        }
        let regex = compile_own(&shape.regex)?;
        Ok(Self { shape, regex })
    }

    /// Whether a regex can be used.
    ///
    /// # Errors
    /// If it cannot; the text says what can be done.
    pub fn check(regex: &str) -> Result<(), String> {
        compile_own(regex).map(drop)
    }

    /// The id of its shape.
    pub fn id(&self) -> &str {
        &self.shape.id
    }

    /// The shape.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }
}

/// All shapes of a project's own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shapes {
    all: Vec<Own>,
    words: Words,
}

impl Shapes {
    pub(crate) fn new(all: Vec<Own>) -> Self {
        let shapes: Vec<Shape> = all.iter().map(|own| own.shape.clone()).collect();
        Self {
            words: words_of(&shapes),
            all,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(crate) fn may_hold(&self, text: &[u8]) -> bool {
        // Most projects have none.
        !self.all.is_empty()
            && (self.words.any_in(text)
                || self
                    .all
                    .iter()
                    .any(|own| own.shape.needs.is_empty() && own.regex.is_match(text)))
    }

    /// The shapes to look for in a text, in their order.
    pub(crate) fn wanted<'s>(&'s self, text: &[u8]) -> Vec<(&'s Shape, &'s Regex)> {
        if self.all.is_empty() {
            return Vec::new();
        }
        let wanted = self.words.wanted(text);
        self.all
            .iter()
            .enumerate()
            .filter(|(index, own)| own.shape.needs.is_empty() || wanted.contains(index))
            .map(|(_, own)| (&own.shape, &own.regex))
            .collect()
    }
}

/// Values that a project knows to be harmless.
#[derive(Clone, Debug)]
pub enum Allow {
    /// Those in which the regex matches anywhere.
    Matching(Regex),
    /// The one value with this SHA-256, so that it need not be written down again.
    Hash([u8; 32]),
}

impl Allow {
    /// Reads `sha256:` and 64 hexadecimal digits, or a regex.
    ///
    /// # Errors
    /// If it is neither; the text says what can be done.
    pub fn new(text: &str) -> Result<Self, String> {
        let Some(digits) = text.strip_prefix("sha256:") else {
            let regex = compile_own(text)?;
            return match regex.is_match(b"") {
                true => Err(format!(
                    "`{text}` matches every value; say more of those that are harmless"
                )),
                false => Ok(Self::Matching(regex)),
            };
        };
        let mut hash = [0; 32];
        let pairs = digits.as_bytes().chunks(2);
        let is_hash = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        for (byte, pair) in hash.iter_mut().zip(pairs) {
            let pair = std::str::from_utf8(pair).unwrap_or_default();
            *byte = u8::from_str_radix(pair, 16).unwrap_or_default();
        }
        match is_hash {
            true => Ok(Self::Hash(hash)),
            false => Err(format!(
                "`{text}` is no SHA-256 of a value, which `printf %s \"$VALUE\" | sha256sum` prints: 64 hexadecimal digits"
            )),
        }
    }

    pub(crate) fn covers(&self, value: &str) -> bool {
        match self {
            Self::Matching(regex) => regex.is_match(value.as_bytes()),
            Self::Hash(hash) => Sha256::digest(value.as_bytes()).as_slice() == hash,
        }
    }
}

/// The ids that can be switched off: of the shapes, and of what only a name makes a secret.
pub fn ids() -> impl Iterator<Item = &'static str> + Clone {
    let kinds = KINDS.into_iter().map(crate::Kind::id);
    shapes().iter().map(|shape| &*shape.id).chain(kinds)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_allowed_is_a_pattern_or_a_hash() {
        let covers = |allow: &str, value: &str| Allow::new(allow).unwrap().covers(value);
        assert!(covers("^lab-", "lab-1"));
        assert!(!covers("^lab-", "a lab-1"));
        assert!(covers("lab-", "a lab-1"));
        let hash = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert!(covers(hash, "abc"));
        assert!(!covers(hash, "abd"));
        for (wrong, said) in [
            ("(?=a)b", "look-around"),
            ("(a", "unclosed group"),
            (".*", "matches every value"),
            ("sha256:abc", "is no SHA-256"),
        ] {
            let error = Allow::new(wrong).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}
