//! String literals.

use ruff_python_ast::{
    Expr, ExprFString, FStringPart, InterpolatedElement, InterpolatedStringElement, StringLiteral,
};

/// The value of a plain string literal (implicit concatenation included); `None` for anything else.
pub fn string_value(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::StringLiteral(literal) => Some(literal.value.to_str()),
        _ => None,
    }
}

/// The literal itself, if it is one piece and no concatenation, so that its text can be edited.
pub fn single_literal(expr: &Expr) -> Option<&StringLiteral> {
    match expr {
        Expr::StringLiteral(literal) => match literal.value.as_slice() {
            [one] => Some(one),
            _ => None,
        },
        _ => None,
    }
}

/// A piece of an f-string.
#[derive(Clone, Copy, Debug)]
pub enum FStringPiece<'a> {
    /// Text, its escapes resolved.
    Text(&'a str),
    /// `{expression}`
    Hole(&'a InterpolatedElement),
}

/// The pieces of an f-string, in order, through implicit concatenation.
pub fn fstring_pieces(fstring: &ExprFString) -> impl Iterator<Item = FStringPiece<'_>> {
    fstring.value.iter().flat_map(|part| {
        let (text, elements) = match part {
            FStringPart::Literal(literal) => (Some(FStringPiece::Text(literal)), None),
            FStringPart::FString(fstring) => (None, Some(fstring.elements.iter())),
        };
        let pieces = elements.into_iter().flatten().map(|element| match element {
            InterpolatedStringElement::Literal(literal) => FStringPiece::Text(&literal.value),
            InterpolatedStringElement::Interpolation(hole) => FStringPiece::Hole(hole),
        });
        text.into_iter().chain(pieces)
    })
}

/// The constant text that a string or f-string starts with; `None` if it is no string.
pub fn literal_prefix(expr: &Expr) -> Option<String> {
    match expr {
        Expr::StringLiteral(literal) => Some(literal.value.to_str().to_owned()),
        Expr::FString(fstring) => {
            let texts = fstring_pieces(fstring).map_while(|piece| match piece {
                FStringPiece::Text(text) => Some(text),
                FStringPiece::Hole(_) => None,
            });
            Some(texts.collect())
        }
        _ => None,
    }
}
