//! Secrets in a text: where they stand, what they are, and how they look where they must not be read.
//!
//! A [`Detector`] knows two sorts: tokens whose very shape tells who gave them out (`rules/data/secrets.toml`, and a
//! project's own), and values that are assigned to a name of a secret. What only stands for a secret (`your-key`,
//! `<key>`, keys of emulators and of documentation) is none, and neither is what a project says is harmless.
//! [`Detector::masked`] is what may be printed.
//!
//! All is linear in the text, and a text without any of the words that secrets need costs one look for them.
//!
//! What this crate does not know: notebooks, Python, rules, files.

use std::ops::Range;

mod assigned;
mod detector;
mod own;
mod shapes;
mod value;
mod words;

pub use assigned::Kind;
pub use detector::{Detector, short};
pub use own::{Allow, Own, ids};
pub use shapes::{Shape, shapes};

/// One secret in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret<'d> {
    /// The bytes of its value, without quotes and without what names it.
    pub range: Range<usize>,
    /// What it is.
    pub what: What<'d>,
}

/// How a secret was known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What<'d> {
    /// By its shape.
    Shape(&'d Shape),
    /// By the name that it is assigned to.
    Assigned {
        /// What the name says.
        kind: Kind,
        /// The name as it is written.
        name: String,
    },
}

impl<'d> What<'d> {
    /// What it is, with an article: `an OpenAI API key`, `a password`.
    pub fn noun(&self) -> &'d str {
        match self {
            What::Shape(shape) => &shape.name,
            What::Assigned { kind, .. } => kind.noun(),
        }
    }

    /// Where it can be revoked, if that is known.
    pub fn revoke(&self) -> Option<&'d str> {
        match self {
            What::Shape(shape) => Some(&*shape.revoke).filter(|it| !it.is_empty()),
            What::Assigned { .. } => None,
        }
    }
}
