//! What counts as a secret for one project.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::assigned::{self, Kind};
use crate::own::{Allow, Own, Shapes};
use crate::value::is_secret;
use crate::{Secret, What};

/// Finds secrets: those that everybody has, and what a project adds to them and takes from them.
#[derive(Clone, Debug, Default)]
pub struct Detector {
    pub(crate) own: Shapes,
    off: BTreeSet<String>,
    allow: Vec<Allow>,
}

impl Detector {
    /// With shapes of a project's own, without those whose ids are `off` or those of a shape of its own, and without the
    /// values that it allows.
    pub fn new(own: Vec<Own>, off: Vec<String>, allow: Vec<Allow>) -> Self {
        let replaced = own.iter().map(|own| own.id().to_owned());
        let off = off.into_iter().chain(replaced).collect();
        Self {
            own: Shapes::new(own),
            off,
            allow,
        }
    }

    /// Where nobody says anything.
    pub fn built_in() -> &'static Self {
        static BUILT_IN: LazyLock<Detector> = LazyLock::new(Detector::default);
        &BUILT_IN
    }

    /// Whether a project has added shapes.
    pub fn has_own(&self) -> bool {
        !self.own.is_empty()
    }

    pub(crate) fn is_off(&self, id: &str) -> bool {
        self.off.contains(id)
    }

    pub(crate) fn is_allowed(&self, value: &str) -> bool {
        self.allow.iter().any(|allow| allow.covers(value))
    }

    /// Whether a value that is given to a name of this kind is a secret.
    pub(crate) fn takes(&self, kind: Kind, value: &str) -> bool {
        is_secret(kind, value) && !self.is_off(kind.id()) && !self.is_allowed(value)
    }

    /// The secrets in `text`, in order; none overlaps another.
    pub fn find(&self, text: &str) -> Vec<Secret<'_>> {
        let mut found = self.in_shape(text);
        let shaped = found.len();
        for other in assigned::find(text, self) {
            let overlaps = |known: &Secret<'_>| {
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
    pub fn find_shapes(&self, text: &str) -> Vec<Secret<'_>> {
        let mut found = self.in_shape(text);
        found.sort_by_key(|secret| (secret.range.start, secret.range.end));
        found
    }

    /// The secret that `value` is, if it is given to `name`: a variable, a key, a parameter.
    pub fn assigned_to(&self, name: &str, value: &str) -> Option<What<'_>> {
        let shaped = self.in_shape(value).into_iter().next();
        shaped.map(|secret| secret.what).or_else(|| {
            let kind = assigned::kind_of(name)?;
            self.takes(kind, value).then(|| What::Assigned {
                kind,
                name: name.to_owned(),
            })
        })
    }

    /// `text` with its secrets masked: the first characters of each stay, and stars take the place of the others, so
    /// that every offset in the text stays what it is.
    pub fn masked<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let secrets = self.find(text);
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
}

/// What may be told of a secret: its first characters, and how many there are.
pub fn short(value: &str) -> String {
    let count = value.chars().count();
    let head: String = value.chars().take(told(value)).collect();
    format!("{head}... ({count} characters)")
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
        let shown = Detector::built_in().masked(&text);
        assert_eq!(shown.len(), text.len());
        assert!(shown.contains("\"q7Lw****************\"  # é"), "{shown}");
        assert_eq!(Detector::built_in().masked("a = 'b'"), "a = 'b'");
        assert_eq!(short(&value), "q7Lw... (20 characters)");
    }
}
