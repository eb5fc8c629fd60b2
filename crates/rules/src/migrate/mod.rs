//! From an API that a library has left behind to the one that it has now, for a whole notebook at once.

pub(crate) mod places;
pub(crate) mod trace;
