//! One notebook understood: what each cell holds, which names it binds, and what a name means.
//!
//! [`Sources`] owns the parsed cells; [`Semantic`] borrows them and answers questions. Cells are never
//! joined: a name is looked up across cells, but every place stays in its cell.
//!
//! What this crate does not know: rules, findings, files. Its invariant: it never fails. A cell that does
//! not parse gives what could be read of it.

mod beside;
mod binder;
pub mod config_cell;
mod flow;
mod magics;
mod names;
mod pins;
mod sources;
pub mod values;

pub use beside::{Beside, ModuleFile, Origin};
pub use binder::{Binding, BindingKind, Scope, ScopeKind};
pub use config_cell::{Configuration, ConfigurationSign};
pub use flow::{Absence, BadCall, Flow, Mismatch, Prediction, Read, Site, Statement, Unbound};
pub use magics::Timed;
pub use names::Semantic;
pub use pins::{Bound, Pin, normal_name, pins, version_numbers};
pub use sources::{Program, ProgramId, ProgramKind, Source, Sources, Unit};
