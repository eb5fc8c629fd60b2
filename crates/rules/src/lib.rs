//! The rulebook: the pages in `rules/`, the checks that only Rust can state, and the proof of every example.
//!
//! The folder is the registry: `build.rs` reads it, and this crate holds no list of its own. A page says what a rule
//! is for; a check in `src/checks/` only finds.
//!
//! What this crate does not know: files, the terminal.

mod addresses;
mod az_answer;
mod az_guard;
mod az_runs;
mod az_sdk;
mod az_words;
mod branches;
mod cli;
mod constant_home;
mod degrade;
mod env_reads;
mod environment;
mod failure;
mod fetched;
mod first_uses;
mod foreign;
mod functions;
mod guards;
mod lives;
mod loop_parts;
mod mcp;
mod migrate;
mod model_constants;
mod model_discovery;
mod model_labels;
mod model_names;
mod model_uses;
mod names;
mod numpy_names;
mod openai;
mod outage;
mod packages;
mod percent;
mod pins;
mod proof;
mod python_2;
mod recorded;
mod removed;
mod renames;
mod retirement;
mod secrets;
mod services;
mod settings;
mod signatures;
mod stops;
mod suggest;
mod unreadable;

pub use failure::{Failure, Proof, Texts, Word};
pub use functions::{AppIndex, FilePlace, IndexFailure, IndexedFunction, app_indexes};
pub use percent::{ExampleCell, Mark, example_cells};
pub use proof::prove;
pub use retirement::Date;
pub use secrets::SecretSettings;
pub use services::{Service, Services};
pub use settings::{
    DegradeStyle, Endpoints, FixSettings, FunctionStyle, Functions, Models, OwnModel, Packages,
    ProviderWord, Settings, TargetPython,
};
pub use suggest::nearest;
pub use unreadable::unreadable;

use nbfix_lint::{Group, Rule};

mod book {
    use nbfix_lint::{Check, Document, FixText, Group, Rule, Safety};

    include!(concat!(env!("OUT_DIR"), "/rulebook.rs"));
}

/// Every rule, by name.
pub fn all() -> &'static [Rule] {
    book::RULES
}

/// The rule of this name.
pub fn find(name: &str) -> Option<&'static Rule> {
    all().iter().find(|rule| rule.name == name)
}

/// The word for a group, as `--select` takes it.
pub fn group_name(group: Group) -> &'static str {
    match group {
        Group::Broken => "broken",
        Group::Leak => "leak",
        Group::Fragile => "fragile",
        Group::Tidy => "tidy",
    }
}
