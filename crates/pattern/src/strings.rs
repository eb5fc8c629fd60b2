//! Strings as values with places: what a hole inside a literal matches.

use std::borrow::Cow;

use nbfix_python::ast::{
    FStringPart, InterpolatedElement, InterpolatedStringElement, StringFlags, StringLiteral,
};
use nbfix_python::{AnyNodeRef, range};
use nbfix_text::TextRange;

use crate::spell::{MANY, ONE, identifier};

/// One piece of a string in a pattern.
#[derive(Clone, Debug)]
pub(crate) enum Segment<'a> {
    Literal(&'a str),
    Hole(&'a str),
    /// `{...}` of an f-string.
    Value(&'a InterpolatedElement),
}

/// The pieces of a text in a pattern.
pub(crate) fn segments(text: &str) -> Vec<Segment<'_>> {
    if text == "..." {
        return vec![Segment::Hole("")];
    }
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((at, prefix)) = [ONE, MANY]
        .iter()
        .filter_map(|prefix| Some((rest.find(prefix)?, *prefix)))
        .min()
    {
        let (before, from) = rest.split_at(at);
        if !before.is_empty() {
            found.push(Segment::Literal(before));
        }
        let after = from.get(prefix.len()..).unwrap_or_default();
        let name = identifier(after);
        found.push(Segment::Hole(name));
        rest = after.get(name.len()..).unwrap_or_default();
    }
    if !rest.is_empty() {
        found.push(Segment::Literal(rest));
    }
    found
}

/// The pieces of a string or f-string in a pattern.
pub(crate) fn pattern_string(node: AnyNodeRef<'_>) -> Option<Vec<Segment<'_>>> {
    match node {
        AnyNodeRef::ExprStringLiteral(literal) => Some(segments(literal.value.to_str())),
        AnyNodeRef::ExprFString(fstring) => {
            let mut found = Vec::new();
            for part in &fstring.value {
                match part {
                    FStringPart::Literal(literal) => found.extend(segments(literal.as_str())),
                    FStringPart::FString(fstring) => {
                        for element in &fstring.elements {
                            match element {
                                InterpolatedStringElement::Literal(text) => {
                                    found.extend(segments(&text.value));
                                }
                                InterpolatedStringElement::Interpolation(value) => {
                                    found.push(Segment::Value(value));
                                }
                            }
                        }
                    }
                }
            }
            Some(found)
        }
        _ => None,
    }
}

/// A string of the user's: its value, and where each piece of it stands.
pub(crate) struct Value<'a> {
    /// The value; an interpolation counts as its text, braces included.
    pub(crate) text: Cow<'a, str>,
    /// The whole literal.
    pub(crate) range: TextRange,
    pieces: Vec<Piece<'a>>,
}

struct Piece<'a> {
    /// Where in the value.
    at: TextRange,
    /// Where in the source, if the source says it letter by letter.
    place: Option<usize>,
    interpolation: Option<&'a InterpolatedElement>,
}

impl<'a> Value<'a> {
    /// A text without places.
    pub(crate) fn plain(text: Cow<'a, str>, range: TextRange) -> Self {
        Self {
            text,
            range,
            pieces: Vec::new(),
        }
    }

    /// A text that stands at `range` as it is.
    pub(crate) fn verbatim(text: &'a str, range: TextRange) -> Self {
        let piece = Piece {
            at: TextRange::new(0, text.len()),
            place: Some(range.start()),
            interpolation: None,
        };
        Self {
            text: Cow::Borrowed(text),
            range,
            pieces: vec![piece],
        }
    }

    /// The value of a string or f-string; `None` for other nodes.
    pub(crate) fn of(node: AnyNodeRef<'a>, source: &'a str) -> Option<Self> {
        let mut value = Self {
            text: Cow::Borrowed(""),
            range: range(node),
            pieces: Vec::new(),
        };
        match node {
            AnyNodeRef::ExprStringLiteral(literal) => {
                for part in &literal.value {
                    value.literal(part, source);
                }
            }
            AnyNodeRef::ExprFString(fstring) => {
                for part in &fstring.value {
                    match part {
                        FStringPart::Literal(literal) => value.literal(literal, source),
                        FStringPart::FString(fstring) => {
                            for element in &fstring.elements {
                                value.element(element, source);
                            }
                        }
                    }
                }
            }
            _ => return None,
        }
        Some(value)
    }

    fn literal(&mut self, literal: &'a StringLiteral, source: &'a str) {
        let around = range(literal);
        let content = TextRange::new(
            around.start() + literal.flags.opener_len().to_usize(),
            around
                .end()
                .saturating_sub(literal.flags.closer_len().to_usize()),
        );
        self.piece(literal.as_str(), content, source, None);
    }

    fn element(&mut self, element: &'a InterpolatedStringElement, source: &'a str) {
        match element {
            InterpolatedStringElement::Literal(text) => {
                self.piece(&text.value, range(text), source, None);
            }
            InterpolatedStringElement::Interpolation(inner) => {
                let place = range(inner);
                self.piece(place.of(source), place, source, Some(inner));
            }
        }
    }

    fn piece(
        &mut self,
        text: &'a str,
        place: TextRange,
        source: &'a str,
        interpolation: Option<&'a InterpolatedElement>,
    ) {
        let start = self.text.len();
        if start == 0 {
            self.text = Cow::Borrowed(text);
        } else {
            self.text.to_mut().push_str(text);
        }
        self.pieces.push(Piece {
            at: TextRange::new(start, start + text.len()),
            place: (place.of(source) == text).then_some(place.start()),
            interpolation,
        });
    }

    /// Whether `part` touches no interpolation's inside.
    pub(crate) fn is_literal(&self, part: TextRange) -> bool {
        !self
            .pieces
            .iter()
            .any(|piece| piece.interpolation.is_some() && piece.at.overlaps(part))
    }

    /// Whether an interpolation would be cut at `at`.
    pub(crate) fn cuts(&self, at: usize) -> bool {
        self.pieces.iter().any(|piece| {
            piece.interpolation.is_some() && piece.at.start() < at && at < piece.at.end()
        })
    }

    /// The interpolation that starts at `at`, and where it ends.
    pub(crate) fn interpolation(&self, at: usize) -> Option<(&'a InterpolatedElement, usize)> {
        self.pieces
            .iter()
            .find(|piece| piece.at.start() == at && piece.interpolation.is_some())
            .and_then(|piece| Some((piece.interpolation?, piece.at.end())))
    }

    /// Where a part of the value stands, if the source says it letter by letter in one piece.
    pub(crate) fn place(&self, part: TextRange) -> Option<TextRange> {
        let mut at = None;
        for piece in &self.pieces {
            let touches = piece.at.covers(TextRange::empty(part.start()));
            if at.is_none() && touches && (piece.at.end() > part.start() || part.is_empty()) {
                at = Some((
                    piece.place? + part.start() - piece.at.start(),
                    piece.at.end(),
                ));
            } else if let Some((_, end)) = &mut at
                && piece.at.start() == *end
                && *end < part.end()
            {
                return None;
            }
        }
        let (start, end) = at?;
        (part.end() <= end).then(|| TextRange::new(start, start + part.len()))
    }
}
