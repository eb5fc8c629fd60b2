//! Ranges, edits, patches and line numbers of *one* text.
//!
//! This is the ground floor: it knows neither notebooks nor Python, and depends on nothing.
//! A text is a `&str`; every position is a byte offset into it, always on a character boundary.
//!
//! Invariant: a [`Patch`] is sorted and disjoint, because only its builder makes one.

mod line_index;
mod patch;
mod range;

pub use line_index::{LineColumn, LineIndex};
pub use patch::{Edit, Patch};
pub use range::TextRange;
