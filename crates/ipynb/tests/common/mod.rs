//! Notebooks in every style that people's tools write, from the choices of a generator.
#![allow(dead_code, unreachable_pub)]

use nbfix_ipynb::Notebook;
use nbfix_text::{Edit, Patch, TextRange};
use proptest::prelude::*;

/// Stand for lone surrogates, which no Rust string can hold.
pub const HIGH: char = '\u{e000}';
pub const LOW: char = '\u{e001}';

#[derive(Clone, Debug)]
pub struct Style {
    /// `None`: the whole file in one line.
    pub indent: Option<&'static str>,
    pub inline_arrays: bool,
    pub odd_separators: bool,
    pub crlf: bool,
    pub bom: bool,
    pub ascii: bool,
    pub tight: bool,
    pub final_newline: bool,
    /// Decides, letter by letter, which of its spellings a letter gets.
    pub spelling: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Form {
    Lines,
    Chunks,
    One,
    Text,
}

#[derive(Clone, Debug)]
pub struct RawCell {
    pub kind: &'static str,
    pub form: Form,
    pub text: String,
    pub chunks: Vec<usize>,
}

impl RawCell {
    pub fn elements(&self) -> Vec<String> {
        match self.form {
            Form::Lines => self.text.split_inclusive('\n').map(str::to_owned).collect(),
            Form::Chunks => {
                let chars: Vec<char> = self.text.chars().collect();
                let mut rest = chars.as_slice();
                let mut elements = Vec::new();
                for size in self.chunks.iter().cycle().take(self.chunks.len() * 40) {
                    let (chunk, after) = rest.split_at((*size).min(rest.len()));
                    elements.push(chunk.iter().collect());
                    rest = after;
                    if rest.is_empty() {
                        break;
                    }
                }
                elements.push(rest.iter().collect());
                elements
            }
            Form::One | Form::Text => vec![self.text.clone()],
        }
    }

    /// What a reader makes of it: two halves in one literal are one character, others are none.
    pub fn source(&self) -> String {
        let elements = self.elements().into_iter();
        elements
            .map(|element| {
                element
                    .replace(&format!("{HIGH}{LOW}"), "\u{1f600}")
                    .replace([HIGH, LOW], "\u{fffd}")
            })
            .collect()
    }
}

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => Just("\n"), 3 => Just("x = 1"), 3 => Just("é"), 2 => Just("😀"), 2 => Just("\""), 2 => Just("\\"),
        2 => Just("\\u00e9"), 1 => Just("/"), 1 => Just("\r\n"), 1 => Just("\t"), 1 => Just("\u{1}"),
        1 => Just("\u{7f}"), 1 => Just("\u{2028}"), 2 => Just(" "), 2 => Just("print('a')\n"), 2 => Just("a"),
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

fn source_text() -> impl Strategy<Value = String> {
    let lone = prop_oneof![Just(HIGH), Just(LOW)];
    let holes = prop_oneof![3 => prop::collection::vec(lone.clone(), 0..1), 1 => prop::collection::vec(lone, 1..4)];
    (text(), holes, text()).prop_map(|(before, holes, after)| {
        let mut parts: Vec<String> = vec![before];
        parts.extend(holes.iter().map(char::to_string));
        parts.push(after);
        parts.concat()
    })
}

pub fn cell() -> impl Strategy<Value = RawCell> {
    let kind = prop_oneof![Just("code"), Just("markdown"), Just("raw")];
    let form = prop_oneof![5 => Just(Form::Lines), 2 => Just(Form::Chunks), 1 => Just(Form::One), 2 => Just(Form::Text)];
    let chunks = prop::collection::vec(0_usize..4, 1..6);
    (kind, form, source_text(), chunks).prop_map(|(kind, form, text, chunks)| RawCell {
        kind,
        form,
        text,
        chunks,
    })
}

pub fn style() -> impl Strategy<Value = Style> {
    let indent = prop_oneof![
        4 => Just(Some(" ")), 2 => Just(Some("  ")), 1 => Just(Some("    ")), 1 => Just(Some("\t")), 2 => Just(None),
    ];
    let flags = prop::array::uniform7(prop::bool::weighted(0.3));
    let spelling = prop::collection::vec(any::<u8>(), 1..20);
    (indent, flags, spelling).prop_map(
        |(indent, [inline_arrays, odd, crlf, bom, ascii, tight, final_newline], spelling)| Style {
            indent,
            inline_arrays,
            odd_separators: odd && inline_arrays,
            crlf,
            bom,
            ascii,
            tight,
            final_newline,
            spelling,
        },
    )
}

fn literal(style: &Style, turn: &mut usize, text: &str) -> String {
    let mut out = String::from("\"");
    for char in text.chars() {
        *turn += 1;
        let choice = style.spelling[*turn % style.spelling.len()];
        let unicode = |upper: bool| {
            let mut units = [0; 2];
            let units = char.encode_utf16(&mut units);
            let spell = |unit: &u16| {
                if upper {
                    format!("\\u{unit:04X}")
                } else {
                    format!("\\u{unit:04x}")
                }
            };
            units.iter().map(spell).collect::<String>()
        };
        let short = match char {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '/' if choice.is_multiple_of(2) => "\\/",
            _ => "",
        };
        match char {
            HIGH => out.push_str(if choice.is_multiple_of(2) {
                "\\ud83d"
            } else {
                "\\uD83D"
            }),
            LOW => out.push_str("\\ude00"),
            _ if choice < 20 => out.push_str(&unicode(choice.is_multiple_of(2))),
            _ if !short.is_empty() => out.push_str(short),
            '\0'..' ' => out.push_str(&unicode(false)),
            _ if style.ascii && !char.is_ascii() => {
                out.push_str(&unicode(choice.is_multiple_of(16)))
            }
            _ => out.push(char),
        }
    }
    out + "\""
}

fn source(
    style: &Style,
    turn: &mut usize,
    cell: &RawCell,
    break_at: &dyn Fn(usize) -> String,
) -> String {
    let elements = cell.elements();
    let literals: Vec<String> = elements
        .iter()
        .map(|element| literal(style, turn, element))
        .collect();
    if cell.form == Form::Text {
        return literals.concat();
    }
    if literals.is_empty() {
        return if turn.is_multiple_of(3) {
            "[ ]".into()
        } else {
            "[]".into()
        };
    }
    let (lead, tail) = if style.inline_arrays || style.indent.is_none() {
        (String::new(), String::new())
    } else {
        (break_at(4), break_at(3))
    };
    let mut out = format!("[{lead}");
    for (index, literal) in literals.iter().enumerate() {
        if index > 0 {
            let odd = [", ", ",", " ,\t", ",\n      "];
            match (
                style.odd_separators,
                style.inline_arrays || style.indent.is_none(),
            ) {
                (true, _) => out.push_str(odd[index % odd.len()]),
                (_, true) => out.push_str(if style.tight { "," } else { ", " }),
                _ => out.push_str(&format!(",{lead}")),
            }
        }
        out.push_str(literal);
    }
    out + &tail + "]"
}

/// The file: nbformat 4.5, complete, and with outputs that hold traps.
pub fn render(style: &Style, cells: &[RawCell]) -> Vec<u8> {
    let end = if style.crlf { "\r\n" } else { "\n" };
    let break_at = |level: usize| match style.indent {
        Some(indent) => format!("{end}{}", indent.repeat(level)),
        None => String::new(),
    };
    let colon = if style.tight { ":" } else { ": " };
    let comma = if style.indent.is_none() && !style.tight {
        ", "
    } else {
        ","
    };
    let mut turn = 0;
    let mut rendered = Vec::new();
    for (index, cell) in cells.iter().enumerate() {
        let mut members = vec![format!("\"cell_type\"{colon}\"{}\"", cell.kind)];
        if cell.kind == "code" {
            members.push(format!("\"execution_count\"{colon}{index}"));
        }
        members.push(format!("\"id\"{colon}\"cell-{index}\""));
        members.push(format!("\"metadata\"{colon}{{}}"));
        if cell.kind == "code" {
            let output =
                r#"{"name":"stdout","output_type":"stream","text":["\"source\": [\"x\"]"]}"#;
            members.push(format!("\"outputs\"{colon}[{output}]"));
        }
        let text = source(style, &mut turn, cell, &break_at);
        members.push(format!("\"source\"{colon}{text}"));
        let separator = format!("{comma}{}", break_at(3));
        rendered.push(format!(
            "{{{}{}{}}}",
            break_at(3),
            members.join(&separator),
            break_at(2)
        ));
    }
    let cells = if rendered.is_empty() {
        "[]".to_owned()
    } else {
        let separator = format!("{comma}{}", break_at(2));
        format!(
            "[{}{}{}]",
            break_at(2),
            rendered.join(&separator),
            break_at(1)
        )
    };
    let top = [
        format!("\"cells\"{colon}{cells}"),
        format!("\"metadata\"{colon}{{}}"),
        format!("\"nbformat\"{colon}4"),
        format!("\"nbformat_minor\"{colon}5"),
    ];
    let separator = format!("{comma}{}", break_at(1));
    let mut file = String::new();
    if style.bom {
        file.push('\u{feff}');
    }
    file.push_str(&format!(
        "{{{}{}{}}}",
        break_at(1),
        top.join(&separator),
        break_at(0)
    ));
    if style.final_newline {
        file.push_str(end);
    }
    file.into_bytes()
}

/// A place in a text of any length, and what to put there.
pub type Draft = (u16, u8, String);

pub fn drafts() -> impl Strategy<Value = Vec<Draft>> {
    let length = prop_oneof![2 => Just(0_u8), 3 => 0_u8..12, 1 => Just(u8::MAX)];
    prop::collection::vec((any::<u16>(), length, text()), 1..5)
}

/// The drafts as a patch of `source`; of drafts that overlap, the first.
pub fn patch(source: &str, drafts: &[Draft]) -> Patch {
    let mut patch = Patch::default();
    for (at, length, insert) in drafts {
        let start = source.floor_char_boundary(usize::from(*at) % (source.len() + 1));
        let end = source.floor_char_boundary((start + usize::from(*length)).min(source.len()));
        let edit = Edit::replace(TextRange::new(start, end), insert.as_str());
        let _ = patch.union(Patch::single(edit));
    }
    patch
}

/// What `raw`, a slice of a file, says when it stands inside an array of strings.
pub fn decoded(raw: &str) -> String {
    let file = format!("{{\"cells\": [{{\"source\": [\"{raw}\"]}}]}}");
    let notebook = Notebook::load(file.into_bytes()).unwrap();
    notebook.cells()[0].source.clone()
}
