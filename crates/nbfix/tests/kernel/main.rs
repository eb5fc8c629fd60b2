//! What nbfix says and does, on a real Jupyter kernel.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod moved;
mod names;
mod openai;
mod venv;
