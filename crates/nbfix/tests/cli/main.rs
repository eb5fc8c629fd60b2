//! The command as people run it: its output, its exit codes, and what it does to files.

#![allow(clippy::unwrap_used)]

mod allow;
mod baseline;
mod batch;
mod check;
mod config;
mod diff;
mod files;
mod fix;
mod functions;
mod habits;
mod help;
mod interactive;
mod pages;
mod search;
mod secrets;
mod support;
mod undo;
