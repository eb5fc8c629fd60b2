//! Differences of files, as `git diff` writes them.

use std::borrow::Cow;
use std::io::{self, Write};
use std::ops::Range;

use similar::{Algorithm, DiffOp};

use crate::Style;
use crate::mask::{Secrets, masked_bytes};
use crate::paint::{BOLD, CYAN, GREEN, RED};
use crate::visible::visible_bytes;

/// Lines that are shown around a change.
const CONTEXT: usize = 3;

/// What a diff had to show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Whether there is a difference; without one nothing is written.
    pub differs: bool,
    /// How many of the written lines hold secrets that are masked.
    pub masked: usize,
}

/// Writes what makes `after` of `before`, so that `git apply` does just that, for any bytes: if secrets are shown, or
/// no line holds one.
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
    secrets: Secrets<'_>,
) -> io::Result<Difference> {
    if before == after {
        return Ok(Difference::default());
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
    let masks = [before, after].map(|bytes| match secrets {
        Secrets::Masked(detector) => masked_bytes(bytes, detector),
        Secrets::Shown => Cow::Borrowed(bytes),
    });
    let split = |bytes| <[u8]>::split_inclusive(bytes, |byte| *byte == b'\n').collect();
    let [old, new] = [(before, &masks[0]), (after, &masks[1])].map(|(bytes, mask)| Side {
        lines: split(bytes),
        shown: split(mask),
    });
    let masked = write_hunks(out, &old, &new, style, Form::Exact)?;
    Ok(Difference {
        differs: true,
        masked,
    })
}

/// The lines of one side of a diff, and as they are written.
pub(crate) struct Side<'a> {
    pub(crate) lines: Vec<&'a [u8]>,
    /// As many lines: a mask keeps line breaks.
    pub(crate) shown: Vec<&'a [u8]>,
}

/// What a diff is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// For `git apply`: every byte counts. The lines have their line breaks.
    Exact,
    /// For people: control characters are escaped. The lines have no line breaks.
    Readable,
}

/// Writes the hunks that make the lines `new` of `old`, and says how many lines are written otherwise than they are.
pub(crate) fn write_hunks(
    out: &mut impl Write,
    old: &Side<'_>,
    new: &Side<'_>,
    style: &Style,
    form: Form,
) -> io::Result<usize> {
    let (old_side, new_side) = (old, new);
    let (old, new) = (&old_side.lines[..], &new_side.lines[..]);
    let mut masked = 0;
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
            let moved = |range: Range<usize>| range.start + skip..range.end + skip;
            let mut write = |sign, side: &Side<'_>, range: Range<usize>| {
                let (lines, shown) = (&side.lines[range.clone()], &side.shown[range]);
                masked += lines.iter().zip(shown).filter(|(a, b)| a != b).count();
                write_lines(out, sign, shown, style, form)
            };
            if let DiffOp::Equal { .. } = op {
                write(b' ', old_side, moved(op.old_range()))?;
            } else {
                write(b'-', old_side, moved(op.old_range()))?;
                write(b'+', new_side, moved(op.new_range()))?;
            }
        }
    }
    Ok(masked)
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
