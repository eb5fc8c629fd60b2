//! Rules, findings, fixes, and the one walk that makes findings of rules.
//!
//! A [`Rule`] is a page (what it says) and a [`Check`] (what it finds). [`lint`] runs a [`RuleSet`] over one
//! understood document: pure, sorted, and with a panic in one rule caught and named.
//!
//! What this crate does not know: any particular rule, how findings look, how fixes are applied, files.

mod allow;
mod compile;
mod context;
mod finding;
mod grammar;
pub mod guards;
mod imports;
mod join;
mod lines;
mod matcher;
mod mend;
mod needs;
mod page;
mod prefilter;
mod rule;
mod run;
pub mod shell;
mod texts;
mod words;

pub use allow::{Allow, Allows, By, Judged, METADATA, TAG, TAGS, without};
pub use compile::PatternCheck;
pub use context::Context;
pub use finding::{Finding, Findings, Fix, Label, Level, Place, Report, Safety};
pub use grammar::{
    CellPage, CellPlace, ConditionPage, EditPage, FixPage, LiteralPage, LiteralType, MatchPage,
    Matchers, OneOrMany, OutputPage, TextKind, TextPage,
};
pub use join::Join;
pub use page::{Document, Example, Group, Page, PageError};
pub use rule::{Check, FixText, Rule, RuleSet, Scope, Selected};
pub use run::{Crash, Linted, lint};
