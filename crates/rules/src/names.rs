//! What the rules on names share.

use nbfix_ipynb::CellId;
use nbfix_semantic::{Semantic, Site};

/// The cell of a place.
pub(crate) fn cell_of(semantic: &Semantic<'_>, site: Site) -> Option<CellId> {
    semantic.units().get(site.unit).map(|unit| unit.cell)
}

/// `` `a` ``, or `` `a`, `b` and `c` ``; each once.
pub(crate) fn name_list(names: &[&str]) -> String {
    let mut quoted: Vec<String> = Vec::new();
    for name in names {
        let name = format!("`{name}`");
        if !quoted.contains(&name) {
            quoted.push(name);
        }
    }
    match quoted.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
