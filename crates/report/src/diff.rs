//! Differences of files, as `git diff` writes them.

use std::io::{self, Write};
use std::ops::Range;

use similar::{Algorithm, DiffOp};

use crate::Style;
use crate::paint::{BOLD, CYAN, GREEN, RED};
use crate::visible::visible_bytes;

/// Lines that are shown around a change.
const CONTEXT: usize = 3;

/// Writes what makes `after` of `before`, so that `git apply` does just that, for any bytes. Says whether there was
/// a difference; without one nothing is written.
///
/// `path` is relative to the place of the `git apply`. With colour the text is for people: control characters are
/// escaped.
///
/// # Errors
/// If `out` fails.
pub fn unified_diff(
    out: &mut impl Write,
    path: &str,
    before: &[u8],
    after: &[u8],
    style: &Style,
) -> io::Result<bool> {
    if before == after {
        return Ok(false);
    }
    let path = path.strip_prefix("./").unwrap_or(path);
    let (old, new) = (quoted(format!("a/{path}")), quoted(format!("b/{path}")));
    // The tab tells where a name with spaces ends.
    let tab = if path.contains(' ') { "\t" } else { "" };
    let header = [
        format!("diff --git {old} {new}"),
        format!("--- {old}{tab}"),
        format!("+++ {new}{tab}"),
    ];
    for line in header {
        writeln!(out, "{}", style.paint(BOLD, line))?;
    }
    let old: Vec<&[u8]> = before.split_inclusive(|byte| *byte == b'\n').collect();
    let new: Vec<&[u8]> = after.split_inclusive(|byte| *byte == b'\n').collect();
    write_hunks(out, &old, &new, style, Form::Exact)?;
    Ok(true)
}

/// What a diff is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// For `git apply`: every byte counts. The lines have their line breaks.
    Exact,
    /// For people: control characters are escaped. The lines have no line breaks.
    Readable,
}

/// Writes the hunks that make the lines `new` of `old`.
pub(crate) fn write_hunks(
    out: &mut impl Write,
    old: &[&[u8]],
    new: &[&[u8]],
    style: &Style,
    form: Form,
) -> io::Result<()> {
    // Files are large and changes are small: only the lines between the first change and the last one are compared.
    let same = |(left, right): &(&&[u8], &&[u8])| left == right;
    let head = old.iter().zip(new).take_while(same).count();
    let rest = old[head..].iter().rev().zip(new[head..].iter().rev());
    let tail = rest.take_while(same).count();
    let skip = head.saturating_sub(CONTEXT);
    let drop = tail.saturating_sub(CONTEXT);
    let (old, new) = (&old[skip..old.len() - drop], &new[skip..new.len() - drop]);
    let ops = similar::capture_diff_slices(Algorithm::Myers, old, new);
    for hunk in similar::group_diff_ops(ops, CONTEXT) {
        let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else {
            continue;
        };
        let header = format!(
            "@@ -{} +{} @@",
            extent(skip, first.old_range().start..last.old_range().end),
            extent(skip, first.new_range().start..last.new_range().end)
        );
        writeln!(out, "{}", style.paint(CYAN, header))?;
        for op in &hunk {
            let (gone, come) = (&old[op.old_range()], &new[op.new_range()]);
            if let DiffOp::Equal { .. } = op {
                write_lines(out, b' ', gone, style, form)?;
            } else {
                write_lines(out, b'-', gone, style, form)?;
                write_lines(out, b'+', come, style, form)?;
            }
        }
    }
    Ok(())
}

fn write_lines(
    out: &mut impl Write,
    sign: u8,
    lines: &[&[u8]],
    style: &Style,
    form: Form,
) -> io::Result<()> {
    for line in lines {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let ink = match sign {
            b'-' => RED,
            b'+' => GREEN,
            _ => anstyle::Style::new(),
        };
        if style.color || form == Form::Readable {
            let line = format!("{}{}", char::from(sign), visible_bytes(text));
            // What ends with white space is no less of a change, but the context need not show it.
            let line = if sign == b' ' { line.trim_end() } else { &line };
            writeln!(out, "{}", style.paint(ink, line))?;
        } else {
            out.write_all(&[sign])?;
            out.write_all(text)?;
            out.write_all(b"\n")?;
        }
        if form == Form::Exact && !line.ends_with(b"\n") {
            writeln!(out, "\\ No newline at end of file")?;
        }
    }
    Ok(())
}

/// Lines of a hunk as its header names them: the first one from 1, and how many. No lines stand at the line before.
fn extent(skip: usize, lines: Range<usize>) -> String {
    let start = skip + lines.start;
    match lines.len() {
        0 => format!("{start},0"),
        1 => format!("{}", start + 1),
        many => format!("{},{many}", start + 1),
    }
}

/// A name as git quotes it (`quote_c_style` of its `quote.c`).
fn quoted(name: String) -> String {
    let plain = |byte: u8| (b' '..0x7f).contains(&byte) && !matches!(byte, b'"' | b'\\');
    if name.bytes().all(plain) {
        return name;
    }
    let mut out = String::from("\"");
    for byte in name.bytes() {
        match byte {
            0x07 => out.push_str("\\a"),
            0x08 => out.push_str("\\b"),
            b'\t' => out.push_str("\\t"),
            b'\n' => out.push_str("\\n"),
            0x0b => out.push_str("\\v"),
            0x0c => out.push_str("\\f"),
            b'\r' => out.push_str("\\r"),
            b'"' | b'\\' => out.extend(['\\', char::from(byte)]),
            _ if plain(byte) => out.push(char::from(byte)),
            _ => out.push_str(&format!("\\{byte:03o}")),
        }
    }
    out.push('"');
    out
}
