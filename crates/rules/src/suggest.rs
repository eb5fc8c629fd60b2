//! What was probably meant.

/// The candidate that `word` is most likely a misspelling of; of equally likely ones the first.
pub fn nearest<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let word = word.to_lowercase().replace('_', "-");
    // A third of the letters may be wrong; more is another word.
    let most = (word.chars().count() / 3).max(1);
    candidates
        .map(|candidate| {
            let part = word.len() >= 4 && candidate.contains(&word);
            let distance = distance(&word, &candidate.to_lowercase());
            (if part { distance.min(most) } else { distance }, candidate)
        })
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many letters have to be put in, left out, replaced or swapped with their neighbour to make `b` of `a`.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_understood() {
        let rules = ["asyncio-run", "auth-level-case", "hardcoded-model"];
        let meant = |word| nearest(word, rules.into_iter());
        assert_eq!(meant("asyncoi-run"), Some("asyncio-run"));
        assert_eq!(meant("asyncio_run"), Some("asyncio-run"));
        assert_eq!(meant("Hardcoded-Models"), Some("hardcoded-model"));
        assert_eq!(meant("asyncio"), Some("asyncio-run"));
        assert_eq!(meant("something-else"), None);
        assert_eq!(meant(""), None);
    }
}
