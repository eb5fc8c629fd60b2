//! String literals.

use ruff_python_ast::{Expr, FStringPart, InterpolatedStringElement, StringLiteral};

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

/// The constant text that a string or f-string starts with; `None` if it is no string.
pub fn literal_prefix(expr: &Expr) -> Option<String> {
    match expr {
        Expr::StringLiteral(literal) => Some(literal.value.to_str().to_owned()),
        Expr::FString(fstring) => {
            let mut text = String::new();
            for part in &fstring.value {
                match part {
                    FStringPart::Literal(literal) => text.push_str(literal),
                    FStringPart::FString(fstring) => {
                        for element in &fstring.elements {
                            match element {
                                InterpolatedStringElement::Literal(literal) => {
                                    text.push_str(&literal.value);
                                }
                                InterpolatedStringElement::Interpolation(_) => return Some(text),
                            }
                        }
                    }
                }
            }
            Some(text)
        }
        _ => None,
    }
}
