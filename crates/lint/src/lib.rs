//! Rules, findings, fixes, and the one walk that makes findings of rules.
//!
//! A [`Rule`] is a page (what it says) and a [`Check`] (what it finds). [`lint`] runs a [`RuleSet`] over one
//! understood document: pure, sorted, and with a panic in one rule caught and named.
//!
//! What this crate does not know: any particular rule, how findings look, how fixes are applied, files.

mod context;
mod finding;
mod page;
mod rule;
mod run;

pub use context::Context;
pub use finding::{Finding, Findings, Fix, Label, Level, Place, Report, Safety};
pub use page::{Document, Example, FixPage, Group, MatchPage, Page, PageError};
pub use rule::{Check, FixText, PatternCheck, Rule, RuleSet, Selected};
pub use run::{Crash, Linted, lint};
