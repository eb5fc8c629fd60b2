//! Examples, as notebooks look.

use std::fmt::Write as _;

use nbfix_lint::Example;
use nbfix_rules::{ExampleCell, Mark, example_cells};
use similar::{ChangeTag, TextDiff};

use super::html::{escaped, inline};

/// Lines that are shown around a change.
const CONTEXT: usize = 3;

/// An example with its name and what it shows.
pub(super) fn example(example: &Example) -> String {
    let mut out = format!("<h3>{}</h3>\n", inline(&example.name));
    if let Some(path) = &example.path {
        let _ = writeln!(
            out,
            "<p class=\"verdict\">in <code>{}</code></p>",
            escaped(path)
        );
    }
    let raw = example
        .path
        .as_deref()
        .is_some_and(|path| path.ends_with(".ipynb"));
    let shown = |text: &str| if raw { file(text) } else { cells(text) };
    if let Some(text) = &example.clean {
        let _ = write!(out, "<p class=\"verdict\">left alone</p>\n{}", shown(text));
    }
    if let Some(text) = &example.before {
        let _ = write!(out, "<p class=\"verdict\">flagged</p>\n{}", shown(text));
        if let Some(after) = &example.after {
            let before = if raw { text.clone() } else { unmarked(text) };
            let _ = write!(
                out,
                "<p class=\"verdict\">mended</p>\n{}",
                difference(&before, after)
            );
        }
    }
    out
}

/// A text that is no percent form.
fn file(text: &str) -> String {
    format!("<div class=\"cell\"><pre>{}</pre></div>\n", escaped(text))
}

fn cells(text: &str) -> String {
    let mut out = String::new();
    for cell in example_cells(text) {
        let _ = write!(out, "<div class=\"cell {}\"><pre>", cell.kind);
        for (index, line) in cell.lines.iter().enumerate() {
            out.push_str(&shown_line(index, line, &cell));
        }
        out.push_str("</pre>");
        for error in &cell.errors {
            let _ = write!(out, "<div class=\"output\">{}</div>", escaped(error));
        }
        out.push_str("</div>\n");
    }
    out
}

/// A line with its marks, and below it what they say.
fn shown_line(index: usize, line: &str, cell: &ExampleCell) -> String {
    let mut marks: Vec<&Mark> = cell
        .marks
        .iter()
        .filter(|mark| mark.line == index)
        .collect();
    marks.sort_by_key(|mark| mark.start);
    let mut chars = line.chars();
    let mut at = 0;
    let mut out = String::from("<span class=\"line\">");
    for mark in &marks {
        // Of marks that overlap the first one is drawn; all of them are said.
        if mark.start < at {
            continue;
        }
        let before: String = chars.by_ref().take(mark.start - at).collect();
        let marked: String = chars.by_ref().take(mark.width).collect();
        at = mark.start + mark.width;
        let _ = write!(out, "{}<mark>{}</mark>", escaped(&before), escaped(&marked));
    }
    let rest: String = chars.collect();
    let _ = write!(out, "{}</span>", escaped(&rest));
    for mark in marks.iter().filter(|mark| !mark.text.is_empty()) {
        let _ = write!(out, "<span class=\"says\">{}</span>", inline(&mark.text));
    }
    out
}

/// The example without its carets, one line a line.
fn unmarked(text: &str) -> String {
    let cells = example_cells(text);
    let first = text.trim_start().starts_with("# %%");
    let mut out = String::new();
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 || first {
            let kind = if cell.kind == "code" {
                String::new()
            } else {
                format!(" [{}]", cell.kind)
            };
            let _ = writeln!(out, "# %%{kind}");
        }
        for line in &cell.lines {
            let _ = writeln!(out, "{line}");
        }
    }
    out
}

fn difference(before: &str, after: &str) -> String {
    let after = after.trim_start_matches('\n');
    let diff = TextDiff::from_lines(before, after);
    let mut out = String::from("<div class=\"diff\"><pre>");
    for (index, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if index > 0 {
            out.push_str("<span class=\"line quiet\">...</span>");
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let (sign, class) = match change.tag() {
                ChangeTag::Equal => (' ', ""),
                ChangeTag::Delete => ('-', " gone"),
                ChangeTag::Insert => ('+', " come"),
            };
            let line = escaped(change.value().trim_end_matches(['\r', '\n']));
            let _ = write!(out, "<span class=\"line{class}\">{sign} {line}</span>");
        }
    }
    out.push_str("</pre></div>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marked_places_are_highlighted() {
        let html = cells("a\n# %%\nx = f(\"é\", 1)\n#   ^^^^^^ no `f`\n");
        assert!(
            html.contains("<span class=\"line\">x = <mark>f(&quot;é&quot;,</mark> 1)</span><span class=\"says\">no <code>f</code></span>"),
            "{html}"
        );
        assert_eq!(html.matches("class=\"cell code\"").count(), 2);
    }

    #[test]
    fn a_difference_is_of_lines() {
        let html = difference("a\n<b>\n", "a\nc\n");
        assert!(
            html.contains("<span class=\"line gone\">- &lt;b&gt;</span>"),
            "{html}"
        );
        assert!(
            html.contains("<span class=\"line come\">+ c</span>"),
            "{html}"
        );
    }
}
