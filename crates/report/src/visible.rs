//! Text of unknown origin, made safe to show, and broken into lines.

use std::fmt::Write;

use crate::mask::masked;

/// `text` with every character escaped that drives a terminal or hides what stands there. Tabs and line breaks stay.
pub(crate) fn visible(text: &str) -> String {
    visible_bytes(text.as_bytes())
}

/// [`visible`] as one line, secrets masked: line breaks become spaces.
pub(crate) fn one_line(text: &str) -> String {
    let text = masked(text);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    visible(lines.join(" ").trim())
}

/// [`visible`] for bytes that may be no UTF-8.
pub(crate) fn visible_bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for char in chunk.valid().chars() {
            if hides(char) {
                // Writing to a string cannot fail.
                let _ = write!(out, "{}", char.escape_unicode());
            } else {
                out.push(char);
            }
        }
        if !chunk.invalid().is_empty() {
            out.push(char::REPLACEMENT_CHARACTER);
        }
    }
    out
}

/// Control characters, and those that turn the direction of the text around them.
fn hides(char: char) -> bool {
    match char {
        '\t' | '\n' => false,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            true
        }
        '\u{feff}' => true,
        _ => char.is_control(),
    }
}

/// `text`, made visible and its secrets masked, in lines of at most `width` columns where words allow it. Its own line breaks stay, and so
/// does the indent of its lines.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for line in visible(&masked(text.trim_end())).lines() {
        let line = line.trim_end();
        if line.chars().count() <= width {
            lines.push(line.to_owned());
            continue;
        }
        let indent = &line[..line.len() - line.trim_start().len()];
        let mut current = indent.to_owned();
        for word in line.split_whitespace() {
            let started = current.len() > indent.len();
            if started && current.chars().count() + 1 + word.chars().count() > width {
                lines.push(std::mem::replace(&mut current, indent.to_owned()));
            } else if started {
                current.push(' ');
            }
            current.push_str(word);
        }
        lines.push(current);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_drives_a_terminal_is_escaped() {
        assert_eq!(
            visible("a\u{1b}[2J\u{7}\tb\u{8}\u{9b}"),
            "a\\u{1b}[2J\\u{7}\tb\\u{8}\\u{9b}"
        );
        assert_eq!(visible("x = '\u{202e}'"), "x = '\\u{202e}'");
        assert_eq!(visible_bytes(b"a\xffb"), "a\u{fffd}b");
        assert_eq!(one_line(" a\r\n  b\nc\u{d}d"), "a b c\\u{d}d");
    }

    #[test]
    fn words_go_on_in_the_next_line() {
        assert_eq!(
            wrapped("one two three\n  four  five", 8),
            ["one two", "three", "  four", "  five"]
        );
        assert_eq!(wrapped("unbreakable", 4), ["unbreakable"]);
    }
}
