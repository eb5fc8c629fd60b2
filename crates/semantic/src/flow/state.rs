//! What is known of the names at one point of a run.

use super::ops::{ClassId, FunctionId, Site};

/// Whether a name is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    No,
    May,
    Must,
}

/// What a name holds, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thing {
    Unknown,
    Function(FunctionId),
    Class(ClassId),
    Instance(ClassId),
    Truth(bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) presence: Presence,
    pub(crate) thing: Thing,
    /// Where it was last bound or deleted.
    pub(crate) site: Option<Site>,
}

impl Slot {
    pub(crate) const EMPTY: Slot = Slot {
        presence: Presence::No,
        thing: Thing::Unknown,
        site: None,
    };
}

/// All names at one point.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) slots: Vec<Slot>,
    /// Whether names may have come that nobody can see.
    pub(crate) open: bool,
}

impl State {
    pub(crate) fn new(names: usize) -> Self {
        Self {
            slots: vec![Slot::EMPTY; names],
            open: false,
        }
    }

    pub(crate) fn slot(&self, name: usize) -> Slot {
        self.slots.get(name).copied().unwrap_or(Slot::EMPTY)
    }

    pub(crate) fn set(&mut self, name: usize, slot: Slot) {
        if let Some(there) = self.slots.get_mut(name) {
            *there = slot;
        }
    }

    /// What is known where two ways meet.
    pub(crate) fn join(&mut self, other: &State) {
        self.open |= other.open;
        for (mine, theirs) in self.slots.iter_mut().zip(&other.slots) {
            if mine == theirs {
                continue;
            }
            if mine.presence != theirs.presence {
                mine.presence = Presence::May;
            }
            if mine.thing != theirs.thing {
                mine.thing = Thing::Unknown;
            }
            mine.site = mine.site.or(theirs.site);
        }
    }

    /// Every name that may be there at all may be gone, and every other may have come.
    pub(crate) fn forget(&mut self) {
        self.open = true;
        for slot in &mut self.slots {
            slot.thing = Thing::Unknown;
        }
    }
}
