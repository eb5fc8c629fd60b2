//! From an API that a library has left behind to the one that it has now, for a whole notebook at once.
//!
//! All edits of a notebook stand together: what is mended in one place gives something else in others. What cannot be
//! followed leaves the notebook as it is, and says why.

pub(crate) mod arguments;
mod google;
mod install;
mod pinecone;
pub(crate) mod places;
mod search;
pub(crate) mod trace;

use nbfix_ipynb::CellId;
use nbfix_semantic::{Semantic, Unit};
use nbfix_text::TextRange;

use places::Edits;

/// What is said of a migration.
pub(crate) struct Words {
    /// The distribution of the old API, as rows of the table name it.
    pub(crate) package: &'static str,
    /// What the fix makes the notebook call.
    pub(crate) new: &'static str,
    /// What it needs.
    pub(crate) needs: &'static str,
    /// What looks or works differently.
    pub(crate) caution: &'static str,
    /// What to do by hand.
    pub(crate) advice: &'static str,
}

/// A notebook that uses an old API. Where it does is told by the rows of the table `removed`.
pub(crate) struct Migration {
    pub(crate) words: &'static Words,
    /// All edits of the notebook, or why there are none.
    pub(crate) edits: Result<Edits, String>,
}

/// The migrations of a notebook; `allowed` are places that are meant to stay.
pub(crate) fn migrations<'a>(
    semantic: &Semantic<'a>,
    allowed: &dyn Fn(CellId, TextRange) -> bool,
) -> Vec<Migration> {
    [
        google::migration(semantic, allowed),
        pinecone::migration(semantic, allowed),
        search::migration(semantic, allowed),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Whether one of these cells or files has the word, so that a closer look is worth it.
fn mentions<'s, 'a: 's>(mut units: impl Iterator<Item = &'s Unit<'a>>, word: &str) -> bool {
    units.any(|unit| unit.source.contains(word))
}
