//! The pages of all rules as a site: plain files, to be browsed without a server.

use crate::rulebook::Rulebook;

/// The files of the site, by name.
pub(crate) fn build(_book: &Rulebook) -> anyhow::Result<Vec<(String, String)>> {
    Ok(Vec::new())
}
