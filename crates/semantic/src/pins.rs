//! Versions of distributions that a document asks for: `%pip install "openai<1"`, `llama-index==0.9.48`, `python=3.8`.

use std::ops::Range;

/// A bound that is put on the version of a distribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// The distribution, in small letters, with dashes.
    pub name: String,
    /// How the version is bound.
    pub bound: Bound,
    /// The numbers of the version, zeros at the end left off.
    pub version: Vec<u64>,
    /// Whether it is a version that comes before the one of these numbers, as `11.4.0b8` does.
    pub early: bool,
}

/// How a version is bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `==` and `===`
    Exactly,
    /// `~=`, and conda's `=`: this version, or a later one of its kind.
    Compatible,
    /// `>`, `>=`, `!=`: later ones fit.
    Open,
}

impl Pin {
    /// Whether what fits comes before the version `since`.
    pub fn is_older_than(&self, since: &[u64]) -> bool {
        let asked = self.version.as_slice();
        match self.bound {
            Bound::Below => asked <= since,
            Bound::Open => false,
            Bound::Exactly | Bound::AtMost if self.early => asked <= since,
            Bound::Exactly | Bound::AtMost | Bound::Compatible => asked < since,
        }
    }
}

/// A distribution's name in the one spelling of its many: small letters, with dashes.
pub fn normal_name(name: &str) -> String {
    name.to_lowercase().replace(['_', '.'], "-")
}

/// The numbers of a version, zeros at the end left off.
pub fn version_numbers(text: &str) -> Vec<u64> {
    let mut numbers: Vec<u64> = text
        .split('.')
        .map_while(|part| part.parse().ok())
        .collect();
    while numbers.last() == Some(&0) {
        numbers.pop();
    }
    numbers
}

/// The bounds that a text puts on versions, in its order. Linear in the text.
pub fn pins(text: &str) -> Vec<Pin> {
    let mut found: Vec<Pin> = Vec::new();
    // Where the last bound ended: `openai>=0.27,<1` is two bounds of one name.
    let mut last_end = None;
    let mut at = 0;
    while let Some(start) = text.get(at..).and_then(|rest| rest.find(OPERATORS)) {
        let start = at + start;
        let rest = text.get(start..).unwrap_or_default();
        let length = rest.find(|c| !OPERATORS.contains(&c)).unwrap_or(rest.len());
        at = start + length;
        let Some(bound) = bound_of(&rest[..length]) else {
            continue;
        };
        let Some((numbers, early)) = version_at(text, at) else {
            continue;
        };
        let between = last_end.and_then(|end: usize| text.get(end..start));
        let is_more = between.is_some_and(|between| between.chars().all(|c| " ,".contains(c)));
        let name = if is_more {
            found.last().map(|pin| pin.name.clone())
        } else {
            name_before(text, start).map(normal_name)
        };
        let Some(name) = name else { continue };
        found.push(Pin {
            name,
            bound,
            version: version_numbers(&text[numbers.clone()]),
            early,
        });
        let rest = text.get(numbers.end..).unwrap_or_default();
        let tail = rest.find(|c: char| !(c.is_alphanumeric() || ".*_".contains(c)));
        at = numbers.end + tail.unwrap_or(rest.len());
        last_end = Some(at);
    }
    found
}

const OPERATORS: [char; 5] = ['=', '<', '>', '~', '!'];

fn bound_of(operator: &str) -> Option<Bound> {
    Some(match operator {
        "<" => Bound::Below,
        "<=" => Bound::AtMost,
        "==" | "===" => Bound::Exactly,
        "~=" | "=" => Bound::Compatible,
        ">" | ">=" | "!=" => Bound::Open,
        _ => return None,
    })
}

/// The numbers of the version behind an operator, and whether it is a preview of them.
fn version_at(text: &str, at: usize) -> Option<(Range<usize>, bool)> {
    let rest = text.get(at..)?;
    let start = at + rest.len() - rest.trim_start_matches([' ', '"', '\'']).len();
    let start = match text.get(start..)?.strip_prefix('v') {
        Some(_) => start + 1,
        None => start,
    };
    let numbers = text.get(start..)?;
    let length = numbers
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(numbers.len());
    let digits = numbers.get(..length)?;
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let tail = numbers.get(length..)?;
    let early = ["a", "b", "rc", "dev"].iter().any(|word| {
        let behind = tail.strip_prefix(word);
        behind.is_some_and(|behind| behind.starts_with(|c: char| c.is_ascii_digit()))
    });
    let end = start + digits.trim_end_matches('.').len();
    Some((start..end, early))
}

/// The name before an operator: `name`, `name[extra]`, with blanks, commas or a quote between.
fn name_before(text: &str, at: usize) -> Option<&str> {
    let before = text.get(..at)?.trim_end_matches([' ', ',']);
    let before = before.strip_suffix(['"', '\'']).unwrap_or(before);
    let before = match before.strip_suffix(']') {
        Some(inner) => inner.get(..inner.rfind('[')?)?,
        None => before,
    };
    let is_part = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let name = before
        .char_indices()
        .rev()
        .take_while(|(_, c)| is_part(*c))
        .last()
        .and_then(|(start, _)| before.get(start..))?;
    let outside = before.get(..before.len() - name.len())?.chars().next_back();
    let stands_free = outside.is_none_or(|c| c.is_whitespace() || "\"'(,=".contains(c));
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic());
    (stands_free && is_name).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_read() {
        let said = |text: &str| {
            let pins = pins(text);
            let one = |pin: &Pin| {
                format!(
                    "{} {:?} {:?} {}",
                    pin.name, pin.bound, pin.version, pin.early
                )
            };
            pins.iter().map(one).collect::<Vec<_>>().join("; ")
        };
        assert_eq!(
            said("%pip install Llama_Index==0.9.48"),
            "llama-index Exactly [0, 9, 48] false"
        );
        assert_eq!(
            said("!pip install -q \"openai[datalib]>=0.27, <1.0.0\" 'tiktoken'<2"),
            "openai Open [0, 27] false; openai Below [1] false; tiktoken Below [2] false"
        );
        assert_eq!(
            said("x==11.4.0b8 y ~= v2.1.*"),
            "x Exactly [11, 4] true; y Compatible [2, 1] false"
        );
        assert_eq!(said("python=3.8"), "python Compatible [3, 8] false");
        assert_eq!(said("a <> 1, b === 'x', -c==1, é==2, <=3, ==4"), "");
        assert_eq!(said(""), "");
    }
}
