//! The inside of JSON string literals: decoding, encoding, and where each decoded character lies.
//!
//! Everything here takes the text between the quotes of a literal that `serde_json` has already accepted. A lone
//! surrogate, which JSON allows and Rust's strings cannot hold, decodes to U+FFFD.

use std::borrow::Cow;

use memchr::{memchr, memmem};

/// One character of a literal: a raw one, an escape, or two escapes that make a surrogate pair.
struct Unit {
    /// Length in the literal, in bytes.
    raw: usize,
    char: char,
    /// Whether it is half of a surrogate pair without the other half.
    lone: bool,
}

impl Unit {
    fn new(raw: usize, char: char) -> Self {
        let lone = false;
        Self { raw, char, lone }
    }

    /// The unit at the start of `literal`.
    fn first(literal: &str) -> Option<Self> {
        let mut chars = literal.chars();
        let first = chars.next()?;
        if first != '\\' {
            return Some(Self::new(first.len_utf8(), first));
        }
        let unit = match chars.next()? {
            'n' => Self::new(2, '\n'),
            't' => Self::new(2, '\t'),
            'r' => Self::new(2, '\r'),
            'b' => Self::new(2, '\u{8}'),
            'f' => Self::new(2, '\u{c}'),
            'u' => Self::code(literal)?,
            other => Self::new(1 + other.len_utf8(), other),
        };
        Some(unit)
    }

    fn code(literal: &str) -> Option<Self> {
        let code = hex(literal)?;
        if let Some(char) = char::from_u32(code) {
            return Some(Self::new(6, char));
        }
        let low = literal.get(6..).and_then(hex).filter(|code| is_low(*code));
        let pair = low
            .filter(|_| is_high(code))
            .and_then(|low| char::from_u32(0x1_0000 + ((code - 0xD800) << 10) + (low - 0xDC00)));
        Some(match pair {
            Some(char) => Self::new(12, char),
            None => Self {
                raw: 6,
                char: char::REPLACEMENT_CHARACTER,
                lone: true,
            },
        })
    }
}

/// The number of the `\uXXXX` at the start of `literal`.
fn hex(literal: &str) -> Option<u32> {
    let digits = literal.strip_prefix("\\u")?.get(..4)?;
    u32::from_str_radix(digits, 16).ok()
}

fn is_high(code: u32) -> bool {
    (0xD800..0xDC00).contains(&code)
}

fn is_low(code: u32) -> bool {
    (0xDC00..0xE000).contains(&code)
}

/// Whether `left`, written directly before `right`, would make one character of two lone surrogates.
pub(crate) fn would_pair(left: &str, right: &str) -> bool {
    let tail = left.len().checked_sub(6).and_then(|at| left.get(at..));
    tail.and_then(hex).is_some_and(is_high) && hex(right).is_some_and(is_low)
}

/// Adds what `literal` says to `out`. Gives the offset of its first lone surrogate, if there is one.
pub(crate) fn decode_into(literal: &str, out: &mut String) -> Option<usize> {
    let mut lone = None;
    let mut rest = literal;
    while let Some((plain, escaped)) =
        memchr(b'\\', rest.as_bytes()).and_then(|at| rest.split_at_checked(at))
    {
        out.push_str(plain);
        let Some(unit) = Unit::first(escaped) else {
            break;
        };
        if unit.lone && lone.is_none() {
            lone = Some(literal.len() - escaped.len());
        }
        out.push(unit.char);
        rest = escaped.get(unit.raw..).unwrap_or_default();
    }
    out.push_str(rest);
    lone
}

/// What `literal` says.
pub(crate) fn decode(literal: &str) -> Cow<'_, str> {
    if memchr(b'\\', literal.as_bytes()).is_none() {
        return Cow::Borrowed(literal);
    }
    let mut out = String::with_capacity(literal.len());
    decode_into(literal, &mut out);
    Cow::Owned(out)
}

/// Where in `literal` the character starts that stands at `offset` of what it says.
pub(crate) fn raw_offset(literal: &str, offset: usize) -> usize {
    let (mut raw, mut decoded) = (0, 0);
    while decoded < offset {
        let Some(unit) = literal.get(raw..).and_then(Unit::first) else {
            break;
        };
        raw += unit.raw;
        decoded += unit.char.len_utf8();
    }
    raw
}

/// Adds `text` to `out` as the inside of a JSON literal; with `ascii`, non-ASCII characters become `\uXXXX`.
pub(crate) fn encode_into(text: &str, ascii: bool, out: &mut String) {
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            char if char < ' ' || (ascii && !char.is_ascii()) => {
                for code in char.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{code:04x}"));
                }
            }
            char => out.push(char),
        }
    }
}

/// Whether the writer of `file` escapes non-ASCII characters: there is an escaped one, and no raw one.
pub(crate) fn escapes_non_ascii(file: &str) -> bool {
    let bytes = file.as_bytes();
    let is_escape = |at: usize| {
        let before = bytes.get(..at).unwrap_or_default();
        let backslashes = before.iter().rev().take_while(|byte| **byte == b'\\');
        // After an odd number of backslashes, this one is the second half of `\\`.
        backslashes.count() % 2 == 0
    };
    file.is_ascii()
        && memmem::find_iter(bytes, b"\\u").any(|at| {
            is_escape(at)
                && file
                    .get(at..)
                    .and_then(hex)
                    .is_some_and(|code| code >= 0x80)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_escape_is_read() {
        let literal = r#"\"\\\/\b\f\n\r\t\u00e9\u00E9\ud83d\ude00é😀"#;
        assert_eq!(decode(literal), "\"\\/\u{8}\u{c}\n\r\téé😀é😀");
    }

    #[test]
    fn lone_surrogates_become_replacement_characters() {
        let mut out = String::new();
        assert_eq!(decode_into(r"a\ud83d\ud83d\ude00\ude00", &mut out), Some(1));
        assert_eq!(out, "a\u{fffd}😀\u{fffd}");
        assert!(would_pair(r"a\ud83d", r"\ude00b"));
        assert!(!would_pair(r"\ude00", r"\ud83d"));
    }

    #[test]
    fn offsets_are_followed_through_escapes() {
        let literal = r"a\u00e9\nb\ud83d\ude00c";
        for (decoded, raw) in [(0, 0), (1, 1), (3, 7), (4, 9), (5, 10), (9, 22), (10, 23)] {
            assert_eq!(raw_offset(literal, decoded), raw);
        }
    }

    #[test]
    fn encoding_is_what_python_writes() {
        let mut out = String::new();
        encode_into("\"\\/\n\t\r\u{8}\u{c}\u{1}\u{7f}é😀", false, &mut out);
        assert_eq!(out, "\\\"\\\\/\\n\\t\\r\\b\\f\\u0001\u{7f}é😀");
        out.clear();
        encode_into("é😀\u{7f}", true, &mut out);
        assert_eq!(out, "\\u00e9\\ud83d\\ude00\u{7f}");
    }

    #[test]
    fn the_habit_of_a_file_is_told_by_its_escapes() {
        assert!(escapes_non_ascii(r#"["\u00e9"]"#));
        assert!(escapes_non_ascii(r#"["\\\u00e9"]"#));
        assert!(!escapes_non_ascii(r#"["\\u00e9"]"#));
        assert!(!escapes_non_ascii(r#"["\u001b"]"#));
        assert!(!escapes_non_ascii(r#"["\u00e9 é"]"#));
    }
}
