//! Secrets in a text: where they stand, what they are, and how they look where they must not be read.
//!
//! [`find`] knows two sorts: tokens whose very shape tells who gave them out (`rules/data/secrets.toml`), and values
//! that are assigned to a name of a secret. What only stands for a secret (`your-key`, `<key>`, keys of emulators and
//! of documentation) is none. [`masked`] is what may be printed.
//!
//! All is linear in the text, and a text without any of the words that secrets need costs one look for them.
//!
//! What this crate does not know: notebooks, Python, rules, files.

use std::borrow::Cow;
use std::ops::Range;

mod assigned;
mod shapes;
mod value;

pub use assigned::Kind;
pub use shapes::{Shape, may_hold, shapes};

/// One secret in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// The bytes of its value, without quotes and without what names it.
    pub range: Range<usize>,
    /// What it is.
    pub what: What,
}

/// How a secret was known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// By its shape.
    Shape(&'static Shape),
    /// By the name that it is assigned to.
    Assigned {
        /// What the name says.
        kind: Kind,
        /// The name as it is written.
        name: String,
    },
}

impl What {
    /// What it is, with an article: `an OpenAI API key`, `a password`.
    pub fn noun(&self) -> &'static str {
        match self {
            What::Shape(shape) => shape.name,
            What::Assigned { kind, .. } => kind.noun(),
        }
    }

    /// Where it can be revoked, if that is known.
    pub fn revoke(&self) -> Option<&'static str> {
        match self {
            What::Shape(shape) => Some(shape.revoke),
            What::Assigned { .. } => None,
        }
    }
}

/// The secrets in `text`, in order; none overlaps another.
pub fn find(text: &str) -> Vec<Secret> {
    let mut found = shapes::find(text);
    let shaped = found.len();
    for other in assigned::find(text) {
        let overlaps = |known: &Secret| {
            known.range.start < other.range.end && other.range.start < known.range.end
        };
        if !found[..shaped].iter().any(overlaps) {
            found.push(other);
        }
    }
    found.sort_by_key(|secret| (secret.range.start, secret.range.end));
    found.dedup_by(|next, kept| next.range.start < kept.range.end);
    found
}

/// The secrets in `text` that are known by their shapes alone: for texts that nobody wrote, such as outputs.
pub fn find_shapes(text: &str) -> Vec<Secret> {
    let mut found = shapes::find(text);
    found.sort_by_key(|secret| (secret.range.start, secret.range.end));
    found
}

/// The secret that `value` is, if it is given to `name`: a variable, a key, a parameter.
pub fn assigned_to(name: &str, value: &str) -> Option<What> {
    let shaped = shapes::find(value).into_iter().next();
    shaped.map(|secret| secret.what).or_else(|| {
        let kind = assigned::kind_of(name)?;
        value::is_secret(kind, value).then(|| What::Assigned {
            kind,
            name: name.to_owned(),
        })
    })
}

/// What may be told of a secret: its first characters, and how many there are.
pub fn short(value: &str) -> String {
    let count = value.chars().count();
    let head: String = value.chars().take(told(value)).collect();
    format!("{head}... ({count} characters)")
}

/// `text` with its secrets masked: the first characters of each stay, and stars take the place of the others, so
/// that every offset in the text stays what it is.
pub fn masked(text: &str) -> Cow<'_, str> {
    let secrets = find(text);
    if secrets.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for secret in &secrets {
        let value = &text[secret.range.clone()];
        let shown = told(value);
        out.push_str(&text[at..secret.range.start]);
        let stars = value.char_indices().map(|(index, c)| {
            // White space and quotes are the frame of a value of several lines.
            let stays = index < shown || c.is_whitespace() || matches!(c, '"' | '\'' | ',');
            if stays || !c.is_ascii() { c } else { '*' }
        });
        out.extend(stars);
        at = secret.range.end;
    }
    out.push_str(&text[at..]);
    Cow::Owned(out)
}

/// How many characters may be told. Of a short one, four would be half of it.
fn told(value: &str) -> usize {
    if value.len() < 16 { 1 } else { 4 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_keeps_every_offset() {
        let value = "q7Lw9Zt2Xv".to_owned() + "4Bn8Rk5Md1";
        let text = format!("a = 1\napi_key = \"{value}\"  # é\nb = 2");
        let shown = masked(&text);
        assert_eq!(shown.len(), text.len());
        assert!(shown.contains("\"q7Lw****************\"  # é"), "{shown}");
        assert_eq!(masked("a = 'b'"), "a = 'b'");
        assert_eq!(short(&value), "q7Lw... (20 characters)");
    }
}
