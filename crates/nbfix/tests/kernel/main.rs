//! What nbfix says and does, on a real Jupyter kernel.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod degrade;
#[path = "../common/environment.rs"]
mod environment;
mod migrations;
mod moved;
mod names;
mod venv;
