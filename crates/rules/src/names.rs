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

/// The candidate that `word` is most likely a misspelling or a part of; of equally likely ones the first.
pub(crate) fn nearest<'c>(
    word: &str,
    candidates: impl Iterator<Item = &'c str>,
) -> Option<&'c str> {
    let plain = |name: &str| name.to_lowercase().replace('_', "");
    let word = plain(word);
    // A third of the letters may be wrong; more is another word.
    let most = word.chars().count() / 3;
    candidates
        .filter_map(|candidate| {
            let other = plain(candidate);
            let long = word.len().min(other.len()) >= 4;
            let part = long && (other.contains(&word) || word.contains(&other));
            let distance = distance(&word, &other);
            let distance = if part { distance.min(most) } else { distance };
            (distance <= most).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many letters have to be put in, left out or replaced to make `b` of `a`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut left = i + 1;
        let mut row = vec![left];
        for (other, pair) in b.iter().zip(above.windows(2)) {
            let [corner, over] = pair else { continue };
            let replaced = corner + usize::from(letter != *other);
            left = replaced.min(over + 1).min(left + 1);
            row.push(left);
        }
        above = row;
    }
    above.last().copied().unwrap_or_default()
}
