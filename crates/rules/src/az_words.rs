//! The words of an `az` command as Python writes them: constants, and expressions that stand for a part.

use nbfix_python::ast::{Expr, FStringPart, InterpolatedStringElement};
use nbfix_python::{range, shell, string_value};
use nbfix_semantic::{Semantic, Unit};
use nbfix_text::TextRange;

use crate::degrade::quoted;

/// A word: its parts in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AzWord(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// The source of a Python expression.
    Python(String),
}

impl AzWord {
    /// The word, if nothing in it is an expression.
    pub(crate) fn constant(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The Python expression whose value it is; `None` if that has no plain spelling.
    pub(crate) fn python(&self) -> Option<String> {
        if let Some(text) = self.constant() {
            return Some(quoted(text));
        }
        if let [Part::Python(source)] = self.0.as_slice() {
            return Some(source.clone());
        }
        let mut out = String::from("f'");
        for part in &self.0 {
            match part {
                Part::Text(text) if text.contains(['\'', '\\', '{', '}', '\n']) => return None,
                Part::Text(text) if !text.is_ascii() => return None,
                Part::Python(source) if source.contains(['\'', '\\', '{', '}']) => return None,
                Part::Text(text) => out.push_str(text),
                Part::Python(source) => out.push_str(&format!("{{{source}}}")),
            }
        }
        out.push('\'');
        Some(out)
    }

    fn push(&mut self, c: char) {
        match self.0.last_mut() {
            Some(Part::Text(text)) => text.push(c),
            _ => self.0.push(Part::Text(c.to_string())),
        }
    }
}

/// Names, attributes and items of them: what can be moved without a second thought.
fn movable(source: &str, expr: &Expr) -> Option<String> {
    let is_plain = match expr {
        Expr::Name(_) => true,
        Expr::Attribute(attribute) => movable(source, &attribute.value).is_some(),
        Expr::Subscript(subscript) => {
            let is_key = subscript.slice.is_string_literal_expr()
                || subscript.slice.is_number_literal_expr();
            is_key && movable(source, &subscript.value).is_some()
        }
        _ => false,
    };
    let text = range(expr).of(source);
    (is_plain && !text.contains('\n')).then(|| text.to_owned())
}

/// A text with expressions in it, before it is taken apart into words.
enum Piece {
    Char(char),
    Python(String),
}

/// The words after `az` of a command that stands in Python: a list, or a text. `None` if they are not all known.
pub(crate) fn of_argument<'a>(
    semantic: &Semantic<'a>,
    unit: &Unit<'a>,
    argument: &'a Expr,
) -> Option<Vec<AzWord>> {
    let (home, argument) = semantic.value_of(unit, argument);
    // In another cell the same names may mean something else.
    if home.index != unit.index {
        return None;
    }
    let elements = match argument {
        Expr::List(list) => &list.elts,
        Expr::Tuple(tuple) => &tuple.elts,
        Expr::Call(call) => {
            // `"az account show".split()`, `shlex.split("az account show")`
            let text = match &*call.func {
                Expr::Attribute(method)
                    if method.attr.as_str() == "split" && call.arguments.is_empty() =>
                {
                    &*method.value
                }
                func if semantic.qualified(unit, func).as_deref() == Some("shlex.split") => {
                    call.arguments.args.first()?
                }
                _ => return None,
            };
            return of_text(unit.source, text);
        }
        text => return of_text(unit.source, text),
    };
    let mut words = elements
        .iter()
        .map(|element| of_element(unit.source, element));
    let program = words.next()??;
    // A name is the path of the CLI, since the command is known to run it.
    if program.constant().is_some_and(|text| !shell::is_az(text)) {
        return None;
    }
    words.collect()
}

fn of_element(source: &str, element: &Expr) -> Option<AzWord> {
    if let Some(text) = string_value(element) {
        return Some(AzWord(vec![Part::Text(text.to_owned())]));
    }
    if let Expr::FString(_) = element {
        let parts = pieces(source, element)?;
        let mut word = AzWord::default();
        for piece in parts {
            match piece {
                Piece::Char(c) => word.push(c),
                Piece::Python(text) => word.0.push(Part::Python(text)),
            }
        }
        return Some(word);
    }
    Some(AzWord(vec![Part::Python(movable(source, element)?)]))
}

fn of_text(source: &str, text: &Expr) -> Option<Vec<AzWord>> {
    after_az(split(pieces(source, text)?)?)
}

fn after_az(mut words: Vec<AzWord>) -> Option<Vec<AzWord>> {
    let program = words.first()?;
    match program.constant() {
        Some(text) if !shell::is_az(text) => return None,
        _ => words.remove(0),
    };
    Some(words)
}

fn pieces(source: &str, text: &Expr) -> Option<Vec<Piece>> {
    if let Some(text) = string_value(text) {
        return Some(text.chars().map(Piece::Char).collect());
    }
    let Expr::FString(each) = text else {
        return None;
    };
    let mut all = Vec::new();
    for part in &each.value {
        match part {
            FStringPart::Literal(text) => all.extend(text.value.chars().map(Piece::Char)),
            FStringPart::FString(text) => {
                for element in &text.elements {
                    match element {
                        InterpolatedStringElement::Literal(text) => {
                            all.extend(text.value.chars().map(Piece::Char));
                        }
                        InterpolatedStringElement::Interpolation(hole) => {
                            let is_bare = hole.format_spec.is_none()
                                && hole.conversion.is_none()
                                && hole.debug_text.is_none();
                            let inner = movable(source, &hole.expression).filter(|_| is_bare)?;
                            all.push(Piece::Python(inner));
                        }
                    }
                }
            }
        }
    }
    Some(all)
}

/// The words after `az` of `!az ...`: `code` is what IPython hands to the shell.
pub(crate) fn of_escape(source: &str, code: TextRange) -> Option<Vec<AzWord>> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let mut all = Vec::new();
    let mut rest = code.of(source);
    while let Some(c) = rest.chars().next() {
        if c == '{' || c == '$' {
            let inner = rest.get(1..)?;
            let (name, length) = if c == '{' {
                let end = inner.find('}')?;
                (inner.get(..end)?.trim(), end + 2)
            } else {
                let end = inner.find(|c: char| !is_name(c)).unwrap_or(inner.len());
                (inner.get(..end)?, end + 1)
            };
            let starts = name.starts_with(|c: char| is_name(c) && !c.is_ascii_digit());
            if !starts || !name.chars().all(|c| is_name(c) || c == '.') {
                return None;
            }
            all.push(Piece::Python(name.to_owned()));
            rest = rest.get(length..)?;
        } else {
            all.push(Piece::Char(c));
            rest = rest.get(c.len_utf8()..)?;
        }
    }
    after_az(split(all)?)
}

/// The words of a simple command; `None` where the shell would do more than to start a program.
fn split(pieces: Vec<Piece>) -> Option<Vec<AzWord>> {
    let mut words: Vec<AzWord> = Vec::new();
    let mut word: Option<AzWord> = None;
    let mut quote: Option<char> = None;
    let mut pieces = pieces.into_iter();
    while let Some(piece) = pieces.next() {
        let c = match piece {
            Piece::Python(text) => {
                word.get_or_insert_default().0.push(Part::Python(text));
                continue;
            }
            Piece::Char(c) => c,
        };
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => match pieces.next()? {
                Piece::Char('\n') => {}
                Piece::Char(c) => word.get_or_insert_default().push(c),
                Piece::Python(_) => return None,
            },
            (None | Some('"'), '$' | '`') => return None,
            (None, '|' | '&' | ';' | '<' | '>' | '(' | ')' | '*' | '?' | '~' | '#' | '\n') => {
                return None;
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escape(text: &str) -> Option<Vec<Option<String>>> {
        let words = of_escape(text, TextRange::new(0, text.len()))?;
        Some(words.iter().map(AzWord::python).collect())
    }

    #[test]
    fn words_of_a_line_with_names_in_it() {
        let words =
            escape("az group show -n {group} --query \"a b\" -g pre-$name").unwrap_or_default();
        let words: Vec<String> = words.into_iter().flatten().collect();
        assert_eq!(
            words,
            [
                "'group'",
                "'show'",
                "'-n'",
                "group",
                "'--query'",
                "'a b'",
                "'-g'",
                "f'pre-{name}'"
            ]
        );
    }

    #[test]
    fn what_a_shell_would_do_besides_is_not_guessed() {
        for text in [
            "az a | tail",
            "az a > b",
            "az $(id)",
            "az 'a",
            "az a && az b",
            "ls",
        ] {
            assert_eq!(escape(text), None, "{text}");
        }
    }
}
