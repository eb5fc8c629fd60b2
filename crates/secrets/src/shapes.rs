//! Tokens whose shape tells who gave them out.

use std::borrow::Cow;
use std::sync::{LazyLock, OnceLock};

use regex::bytes::Regex;

use crate::value::{is_stand_in, looks_random};
use crate::words::{Words, compile};
use crate::{Detector, Secret, What};

/// A text of the table, or of a project's own.
type Text = Cow<'static, str>;

/// One row of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// Unique, kebab-case.
    pub id: Text,
    /// What it is, with an article.
    pub name: Text,
    /// What it looks like. Without a group `s` it stands between characters that cannot belong to it.
    pub regex: Text,
    /// One of these stands in every such token, or beside it. Empty only in a project's own: then every text is looked
    /// at.
    pub needs: Cow<'static, [Text]>,
    /// Where it is revoked.
    pub revoke: Text,
    /// Where its shape is documented.
    pub source: Text,
    /// When that was read.
    pub as_of: Text,
    /// The environment variable that the provider's own clients read.
    pub env: Option<Text>,
    /// Bits of entropy that each character has at least.
    pub entropy: f64,
    /// Whether there is always a digit in it.
    pub digits: bool,
    /// How many bytes each such token has at least, if it starts with one of `needs`; else 0.
    pub starts: usize,
}

impl Eq for Shape {}

include!(concat!(env!("OUT_DIR"), "/shapes.rs"));

/// The shapes that are known everywhere; of two that match the same text the first counts.
pub fn shapes() -> &'static [Shape] {
    SHAPES
}

static WORDS: LazyLock<Words> = LazyLock::new(|| words_of(SHAPES));

static COMPILED: LazyLock<Vec<OnceLock<Option<Regex>>>> =
    LazyLock::new(|| SHAPES.iter().map(|_| OnceLock::new()).collect());

/// A table's row is compiled when a text holds its word; a test compiles all of them.
fn compiled(index: usize) -> Option<&'static Regex> {
    let cell = COMPILED.get(index)?;
    cell.get_or_init(|| compile(&SHAPES.get(index)?.regex))
        .as_ref()
}

/// The words of shapes, by their positions.
pub(crate) fn words_of(shapes: &[Shape]) -> Words {
    let rows = shapes.iter().enumerate();
    Words::new(rows.flat_map(|(index, shape)| {
        let words = shape.needs.iter();
        words.map(move |word| (index, &**word, shape.starts))
    }))
}

impl Detector {
    /// Whether a text may hold a secret that is known by its shape: a quick look that never misses one.
    pub fn may_hold(&self, text: &[u8]) -> bool {
        WORDS.any_in(text) || self.own.may_hold(text)
    }

    /// The secrets in `text` that are known by their shapes, by row. A project's own shapes come first.
    pub(crate) fn in_shape(&self, text: &str) -> Vec<Secret<'_>> {
        let mut found: Vec<Secret<'_>> = Vec::new();
        for (shape, regex) in self.own.wanted(text.as_bytes()) {
            self.of_shape(shape, regex, text, &mut found);
        }
        for index in WORDS.wanted(text.as_bytes()) {
            let (Some(shape), Some(regex)) = (SHAPES.get(index), compiled(index)) else {
                continue;
            };
            if !self.is_off(&shape.id) {
                self.of_shape(shape, regex, text, &mut found);
            }
        }
        found
    }

    fn of_shape<'d>(
        &'d self,
        shape: &'d Shape,
        regex: &Regex,
        text: &str,
        found: &mut Vec<Secret<'d>>,
    ) {
        let bytes = text.as_bytes();
        for captures in regex.captures_iter(bytes) {
            let (Some(whole), group) = (captures.get(0), captures.name("s")) else {
                continue;
            };
            let range = group.unwrap_or(whole).range();
            let Some(value) = text.get(range.clone()) else {
                continue;
            };
            let parted = group.is_some() || is_parted(bytes, &whole.range());
            if is_public(bytes, &range) {
                continue;
            }
            let known = found
                .iter()
                .any(|other| other.range.start < range.end && range.start < other.range.end);
            if parted && !known && is_told(shape, value) && !self.is_allowed(value) {
                let what = What::Shape(shape);
                found.push(Secret { range, what });
            }
        }
    }
}

fn is_told(shape: &Shape, value: &str) -> bool {
    // What every such token starts with says nothing of this one.
    let starts = shape.needs.iter();
    let own = starts.filter_map(|word| value.strip_prefix(&**word)).next();
    let own = own.unwrap_or(value);
    !DOCUMENTED.iter().any(|known| value.contains(known))
        && !is_stand_in(own)
        && looks_random(value, shape.entropy, shape.digits)
}

/// Names that stand before the public part of a pair of keys, in addresses that are signed.
const PUBLIC: &[&[u8]] = &[b"X-Amz-Credential=", b"AWSAccessKeyId=", b"GoogleAccessId="];

/// Whether a token is one half of a signed address, or signs an address for a day or less: what image services hand
/// out, and dead long before anybody reads the file.
fn is_public(text: &[u8], range: &std::ops::Range<usize>) -> bool {
    if PUBLIC
        .iter()
        .any(|name| text[..range.start].ends_with(name))
    {
        return true;
    }
    if !text[..range.start].ends_with(b"sig=") {
        return false;
    }
    let in_address = |byte: &&u8| !byte.is_ascii_whitespace() && !b"\"'<>\\".contains(*byte);
    let start = range.start
        - text[..range.start]
            .iter()
            .rev()
            .take_while(in_address)
            .count();
    let end = range.end + text[range.end..].iter().take_while(in_address).count();
    let day = |name: &[u8]| {
        let at = memchr::memmem::find(&text[start..end], name)? + start + name.len();
        // `2024-05-31T...`: days since some day, near enough where both are in one month or in neighbouring ones.
        let number = |from: usize, to: usize| {
            let digits = std::str::from_utf8(text.get(at + from..at + to)?).ok()?;
            digits.parse::<i64>().ok()
        };
        Some((number(0, 4)? * 12 + number(5, 7)?) * 31 + number(8, 10)?)
    };
    match (day(b"st="), day(b"se=")) {
        (Some(from), Some(until)) => (0..=1).contains(&(until - from)),
        _ => false,
    }
}

/// Whether neither side of a place goes on with what could belong to a token.
fn is_parted(text: &[u8], range: &std::ops::Range<usize>) -> bool {
    let before = text[..range.start].split_last();
    let starts = match before {
        // The `n` of an escaped line break, in a text that is still JSON.
        Some((b'n' | b't' | b'r', rest)) if rest.last() == Some(&b'\\') => true,
        Some((byte, _)) => !(byte.is_ascii_alphanumeric() || *byte == b'_'),
        None => true,
    };
    let after = text.get(range.end);
    let ends = after.is_none_or(|byte| !(byte.is_ascii_alphanumeric() || b"_-".contains(byte)));
    starts && ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        let mut ids: Vec<&str> = SHAPES.iter().map(|shape| &*shape.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), SHAPES.len());
        assert!(WORDS.any_in(b"AccountKey="));
        for (index, shape) in SHAPES.iter().enumerate() {
            assert!(compiled(index).is_some(), "{}", shape.id);
            assert!(shape.source.starts_with("https://"), "{}", shape.id);
            assert_eq!(shape.as_of.len(), 10, "{}", shape.id);
            assert!(shape.starts == 0 || shape.starts >= 16, "{}", shape.id);
        }
    }
}
