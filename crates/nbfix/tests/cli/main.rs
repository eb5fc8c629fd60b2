//! The command as people run it: its output, its exit codes, and what it does to files.

#![allow(clippy::unwrap_used)]

mod check;
mod diff;
mod files;
mod fix;
mod functions;
mod help;
mod pages;
mod search;
mod support;
