//! Notebook bytes to cells and back, without losing one byte.
//!
//! [`Notebook::load`] reads an `.ipynb` file and remembers where in the file every piece of every cell's source
//! lies; [`Notebook::splice`] writes edits of those sources into the same bytes. Nothing is ever serialised back.
//! [`Notebook::splice_with`] puts in [`NewCell`]s too, written as the file writes its own, and [`Notebook::splice_all`]
//! makes [`MetadataEdit`]s besides.
//!
//! Two laws hold:
//! - without edits the bytes are the ones that came in;
//! - with edits, the bytes outside the [`PhysicalEdit`]s are equal, and loading the result gives each edited source
//!   exactly as [`nbfix_text::Patch::apply`] makes it, each new cell where it belongs, and every other cell as it was.
//!
//! The crate knows neither Python nor files: it takes bytes and gives bytes. Outputs and metadata stay raw text, and
//! are read only when somebody asks for them.

mod cell;
mod change;
mod error;
mod insert;
mod layout;
mod literal;
mod metadata;
mod node;
mod notebook;
mod output;
mod output_text;
mod problem;
mod read;
mod rope;
mod source;
mod splice;

pub use cell::{Cell, CellId, CellKind, Span};
pub use error::{LoadError, LoadErrorKind};
pub use insert::NewCell;
pub use metadata::{ListChange, MetadataEdit};
pub use notebook::{Changes, DocumentKind, Notebook};
pub use output::{Output, plain};
pub use output_text::OutputText;
pub use problem::{Problem, ProblemKind};
pub use rope::PhysicalEdit;
