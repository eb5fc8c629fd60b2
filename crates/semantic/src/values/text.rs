//! Texts of which parts may be unknown, and what Python's text operations make of them.

use super::{MAX_TEXT, Value};

/// A text put together of known and unknown parts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Text<'a> {
    pieces: Vec<Piece<'a>>,
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece<'a> {
    /// This very text; never empty.
    Known(String),
    /// Some text.
    Unknown {
        /// The expression, as written.
        source: &'a str,
        /// What it most likely is: a default, the first of several alternatives.
        likely: Option<String>,
    },
}

impl<'a> Text<'a> {
    pub(super) fn known(text: &str) -> Self {
        let mut this = Self::default();
        this.push_str(text);
        this
    }

    pub(super) fn unknown(source: &'a str, likely: Option<String>) -> Self {
        let pieces = vec![Piece::Unknown { source, likely }];
        Self { pieces }
    }

    /// The parts in order; no two known ones in a row.
    pub fn pieces(&self) -> &[Piece<'a>] {
        &self.pieces
    }

    pub(super) fn push_str(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        match self.pieces.last_mut() {
            Some(Piece::Known(last)) => last.push_str(text),
            _ => self.pieces.push(Piece::Known(text.to_owned())),
        }
    }

    pub(super) fn push(&mut self, text: Text<'a>) {
        for piece in text.pieces {
            match piece {
                Piece::Known(text) => self.push_str(&text),
                unknown => self.pieces.push(unknown),
            }
        }
    }

    /// The text with nothing unknown in it, if so.
    pub fn exact(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Known(text)] => Some(text),
            _ => None,
        }
    }

    /// The known text that it starts with.
    pub fn prefix(&self) -> &str {
        match self.pieces.first() {
            Some(Piece::Known(text)) => text,
            _ => "",
        }
    }

    /// Whether any part of it is known.
    pub fn has_known(&self) -> bool {
        self.pieces
            .iter()
            .any(|piece| matches!(piece, Piece::Known(_)))
    }

    /// How it most likely reads; what is not known stands as `{name}`, or as `{...}` if it is more than a name.
    pub fn likely(&self) -> String {
        let mut said = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Known(text) => said.push_str(text),
                Piece::Unknown {
                    likely: Some(likely),
                    ..
                } => said.push_str(likely),
                Piece::Unknown { source, .. } => {
                    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
                    let is_name = source.chars().all(plain) && source.len() <= 60;
                    said.push('{');
                    said.push_str(if is_name { source } else { "..." });
                    said.push('}');
                }
            }
        }
        said
    }

    /// Whether it is longer than anybody needs to know.
    pub(super) fn is_long(&self) -> bool {
        let bytes = self.pieces.iter().map(|piece| match piece {
            Piece::Known(text) => text.len(),
            Piece::Unknown { likely, .. } => 16 + likely.as_ref().map_or(0, String::len),
        });
        bytes.sum::<usize>() > MAX_TEXT
    }

    /// `text.strip()`, in so far as the ends are known.
    pub(super) fn trimmed(mut self, start: bool, end: bool) -> Self {
        if let Some(Piece::Known(first)) = self.pieces.first_mut().filter(|_| start) {
            *first = first.trim_start().to_owned();
        }
        if let Some(Piece::Known(last)) = self.pieces.last_mut().filter(|_| end) {
            *last = last.trim_end().to_owned();
        }
        self.pieces
            .retain(|piece| !matches!(piece, Piece::Known(text) if text.is_empty()));
        self
    }

    /// The words as `str.split()` or, with `quotes`, as `shlex.split` finds them. Unknown parts are taken to be without
    /// spaces, unless one is a word of its own: then it may be any number of words.
    pub(super) fn words(self, quotes: bool) -> Vec<Value<'a>> {
        let mut words: Vec<Text<'a>> = Vec::new();
        let mut word: Option<Text<'a>> = None;
        let mut open: Option<char> = None;
        for piece in self.pieces {
            let text = match piece {
                Piece::Known(text) => text,
                unknown => {
                    word.get_or_insert_default().pieces.push(unknown);
                    continue;
                }
            };
            let mut chars = text.chars();
            while let Some(c) = chars.next() {
                match (open, c) {
                    (Some(quote), c) if c == quote => open = None,
                    (Some(_), c) => word
                        .get_or_insert_default()
                        .push_str(c.encode_utf8(&mut [0; 4])),
                    (None, '"' | '\'') if quotes => {
                        word.get_or_insert_default();
                        open = Some(c);
                    }
                    (None, '\\') if quotes => {
                        if let Some(c) = chars.next() {
                            word.get_or_insert_default()
                                .push_str(c.encode_utf8(&mut [0; 4]));
                        }
                    }
                    (None, c) if c.is_whitespace() => words.extend(word.take()),
                    (None, c) => word
                        .get_or_insert_default()
                        .push_str(c.encode_utf8(&mut [0; 4])),
                }
            }
        }
        words.extend(word);
        let value = |word: Text<'a>| match word.pieces.as_slice() {
            [
                Piece::Unknown {
                    source,
                    likely: None,
                },
            ] => Value::Several(source),
            _ => Value::Text(word),
        };
        words.into_iter().map(value).collect()
    }
}

/// What a template takes from outside.
pub(super) enum Field<'t> {
    /// The next value, or the one at this position.
    Position(Option<usize>),
    /// The value of this name.
    Name(&'t str),
    /// More than a value as it is: an attribute, a width, a conversion.
    Other,
}

/// `template.format(...)`: `field` gives the text of each field. `None` if the template is not well made.
pub(super) fn format<'a>(
    template: &str,
    mut field: impl FnMut(Field<'_>) -> Text<'a>,
) -> Option<Text<'a>> {
    let mut text = Text::default();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(&rest[..at]);
        let sign = &rest[at..at + 1];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(sign) {
            text.push_str(sign);
            rest = after;
            continue;
        }
        if sign == "}" {
            return None;
        }
        let (inside, after) = rest.split_once('}')?;
        rest = after;
        text.push(field(kind_of(inside)));
    }
    text.push_str(rest);
    Some(text)
}

fn kind_of(field: &str) -> Field<'_> {
    if field.is_empty() {
        return Field::Position(None);
    }
    if let Ok(position) = field.parse() {
        return Field::Position(Some(position));
    }
    let is_name = field.chars().all(|c| c.is_alphanumeric() || c == '_');
    if is_name {
        Field::Name(field)
    } else {
        Field::Other
    }
}

/// `template % values`, likewise.
pub(super) fn percent<'a>(
    template: &str,
    mut field: impl FnMut(Field<'_>) -> Text<'a>,
) -> Option<Text<'a>> {
    let mut text = Text::default();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        if let Some(after) = after.strip_prefix('%') {
            text.push_str("%");
            rest = after;
            continue;
        }
        let (name, after) = match after.strip_prefix('(') {
            Some(named) => {
                let (name, after) = named.split_once(')')?;
                (Some(name), after)
            }
            None => (None, after),
        };
        let end = after.find(|c: char| c.is_ascii_alphabetic())?;
        let plain = end == 0 && matches!(after.as_bytes().first(), Some(b's' | b'd' | b'i'));
        rest = &after[end + 1..];
        let which = match name {
            Some(name) => Field::Name(name),
            None => Field::Position(None),
        };
        let value = field(which);
        // A width or a precision changes the text.
        text.push(if plain { value } else { field(Field::Other) });
    }
    text.push_str(rest);
    Some(text)
}
