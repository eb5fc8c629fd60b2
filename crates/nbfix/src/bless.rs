//! Writing into a page what its rule does: the carets and the `after` texts, and not a byte beside them.

use std::ops::Range;

use nbfix_lint::Page;
use nbfix_rules::prove;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Carets that are right show a wrong `after`; that one, too, is soon right.
const ROUNDS: usize = 4;

/// The text of a page with the texts that make its examples hold, as far as texts can. `rule` makes a rule of a text.
pub(crate) fn bless<E>(
    text: &str,
    rule: impl Fn(&str) -> Result<&'static nbfix_lint::Rule, E>,
) -> String {
    let mut text = text.to_owned();
    for _ in 0..ROUNDS {
        let Ok(tried) = rule(&with_places(&text)) else {
            break;
        };
        let before = text.clone();
        for failure in prove(tried).failures {
            if let Some(texts) = failure.blessing() {
                text = set(&text, failure.index, texts.key, &texts.got).unwrap_or(text);
            }
        }
        if text == before {
            break;
        }
    }
    text
}

/// The text with an empty `after` for each example that may get one, so that the proof tells what belongs there.
fn with_places(text: &str) -> String {
    let mut placed = text.to_owned();
    let Ok(table) = DeTable::parse(text) else {
        return placed;
    };
    if !table.get_ref().contains_key("fix") {
        return placed;
    }
    let lacking =
        |example: &DeTable<'_>| example.contains_key("before") && !example.contains_key("after");
    for index in 0..examples(table.get_ref()).len() {
        let example = examples(table.get_ref())[index];
        if lacking(example) {
            placed = set(&placed, index, "after", "").unwrap_or(placed);
        }
    }
    match Page::parse(&placed) {
        Ok(_) => placed,
        Err(_) => text.to_owned(),
    }
}

fn examples<'t>(table: &'t DeTable<'t>) -> Vec<&'t DeTable<'t>> {
    let Some(DeValue::Array(items)) = table.get("example").map(Spanned::get_ref) else {
        return Vec::new();
    };
    let tables = items.iter().filter_map(|item| match item.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => None,
    });
    tables.collect()
}

/// The page with another text at `key` of an example; a key that is not there comes after `before`.
fn set(text: &str, index: usize, key: &str, value: &str) -> Option<String> {
    let table = DeTable::parse(text).ok()?;
    let example = *examples(table.get_ref()).get(index)?;
    let crlf = text.contains("\r\n");
    let ends = |value: String| match crlf {
        true => value.replace("\r\n", "\n").replace('\n', "\r\n"),
        false => value,
    };
    let splice = |range: Range<usize>, insert: String| {
        Some([&text[..range.start], &insert, &text[range.end..]].concat())
    };
    if let Some(old) = example.get(key) {
        let range = old.span();
        let quoted = quoted(value, text.get(range.clone())?);
        return splice(range, ends(quoted));
    }
    let behind = example.get("before")?.span().end;
    let end = text[behind..]
        .find('\n')
        .map_or(text.len(), |line| behind + line + 1);
    let gap = if text[..end].ends_with('\n') {
        ""
    } else {
        "\n"
    };
    let line = format!("{gap}{key} = {}\n", quoted(value, "'''"));
    splice(end..end, ends(line))
}

/// The value as TOML, quoted as `old` is wherever the value allows it.
fn quoted(value: &str, old: &str) -> String {
    let plain = |char: char| char == '\n' || char == '\t' || !char.is_control();
    let literal = !value.contains("'''") && value.chars().all(plain) && !value.ends_with('\'');
    let multi = ["'''", "\"\"\""]
        .iter()
        .any(|quotes| old.starts_with(quotes));
    let line = value.strip_suffix('\n').unwrap_or(value);
    if !multi && !line.contains('\n') {
        return match old.starts_with('\'') && literal && !line.contains('\'') {
            true => format!("'{line}'"),
            false => format!("\"{}\"", escaped(line)),
        };
    }
    if old.starts_with("\"\"\"") || !literal {
        return format!("\"\"\"\n{}\"\"\"", escaped(value));
    }
    format!("'''\n{value}'''")
}

fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for char in value.chars() {
        match char {
            '\\' | '"' => out.extend(['\\', char]),
            '\n' | '\t' => out.push(char),
            _ if char.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(char))),
            _ => out.push(char),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# kept\na   = 1\n[[example]]\nname = 'n' # kept\nbefore = '''\nold\n'''\n\n# kept, too\n[[example]]\nclean = \"\"\"\nx\n\"\"\"\n";

    #[test]
    fn only_the_text_changes() {
        let set = |index, key, value| set(PAGE, index, key, value).unwrap_or_default();
        assert_eq!(set(0, "before", "new\n"), PAGE.replace("old", "new"));
        assert_eq!(
            set(0, "after", "new\n"),
            PAGE.replace("old\n'''\n", "old\n'''\nafter = '''\nnew\n'''\n")
        );
        assert_eq!(
            set(1, "clean", "a\\b\n"),
            PAGE.replace("\nx\n", "\na\\\\b\n")
        );
    }

    #[test]
    fn quotes_stay_where_they_can() {
        assert_eq!(quoted("a\n", "'''"), "'''\na\n'''");
        assert_eq!(quoted("a'''b\n", "'''"), "\"\"\"\na'''b\n\"\"\"");
        assert_eq!(quoted("a = \"b\"\n", "\"x\""), "\"a = \\\"b\\\"\"");
        assert_eq!(quoted("a\n", "'x'"), "'a'");
        assert_eq!(quoted("a\nb\n", "\"x\""), "'''\na\nb\n'''");
        assert_eq!(quoted("\u{1b}\n", "'''"), "\"\"\"\n\\u001B\n\"\"\"");
    }

    #[test]
    fn line_ends_stay() {
        let page = PAGE.replace('\n', "\r\n");
        let blessed = set(&page, 0, "before", "one\ntwo\n").unwrap_or_default();
        assert_eq!(blessed, page.replace("old", "one\r\ntwo"));
    }
}
