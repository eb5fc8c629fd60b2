//! What nbfix says and does, on a real Jupyter kernel.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "../common/environment.rs"]
mod environment;
mod names;
mod venv;
