//! What fails where something is missing, whatever names it reads.

use nbfix_python::range;
use nbfix_semantic::Semantic;

use super::taint::defines;
use crate::environment::{What, events, mentions};
use crate::first_uses;
use crate::services::Services;

/// A statement that fails where something is missing, whatever names it reads.
pub(super) struct Reach {
    /// The unit, by its index.
    pub(super) unit: usize,
    /// The statement, by position.
    pub(super) index: usize,
    pub(super) what: Reached,
}

pub(super) enum Reached {
    /// The service, by its id, that it makes a client of, or calls.
    Service(String),
    /// The variable of the environment that it reads without a default.
    Variable(String),
}

/// The unguarded statements of a notebook that reach services and variables.
pub(super) fn reaches(semantic: &Semantic<'_>, services: &Services) -> Vec<Reach> {
    let mut all = Vec::new();
    for (unit, uses) in first_uses::uses_of(semantic, services) {
        all.extend(uses.into_iter().map(|each| Reach {
            unit: unit.index,
            index: each.index,
            what: Reached::Service(each.service.id.clone()),
        }));
    }
    if !mentions(semantic, &["environ"]) {
        return all;
    }
    for event in events(semantic) {
        let (What::Read { name, bare: true }, false) = (&event.what, event.guarded) else {
            continue;
        };
        let Some(unit) = semantic.units().get(event.unit) else {
            continue;
        };
        let mut body = unit.module.body().iter();
        let index = body.position(|stmt| range(stmt).covers(event.range) && !defines(stmt));
        all.extend(index.map(|index| Reach {
            unit: event.unit,
            index,
            what: Reached::Variable(name.clone()),
        }));
    }
    all
}
