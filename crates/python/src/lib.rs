//! One cell of Python: magics told apart, the rest parsed.
//!
//! This is the only crate that names the parser; whoever needs the tree takes it from [`ast`].
//! It knows neither JSON nor notebooks: a cell is a text here, and every range is a range of it.
//!
//! Invariant: parsing never fails. A cell always gives a tree, and beside it the errors.

mod body;
mod literal;
mod module;
mod names;
mod nesting;
pub mod shell;

pub use body::{Body, split};
pub use literal::{FStringPiece, fstring_pieces, literal_prefix, single_literal, string_value};
pub use module::{Module, SyntaxError, newer_syntax};
pub use names::{dotted, is_builtin, is_stdlib};

/// The parser's tree.
pub use ruff_python_ast as ast;
pub use ruff_python_ast::visitor::source_order::{SourceOrderVisitor, TraversalSignal};
pub use ruff_python_ast::{AnyNodeRef, NodeKind};
pub use ruff_text_size::Ranged;

use nbfix_text::TextRange;

/// The range of a node, in bytes of its cell.
pub fn range(node: impl Ranged) -> TextRange {
    let range = node.range();
    TextRange::new(range.start().to_usize(), range.end().to_usize())
}
