//! Replacements in one text.

use crate::TextRange;

/// One replacement: the bytes of `range` become `insert`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Edit {
    /// What goes.
    pub range: TextRange,
    /// What comes in its place.
    pub insert: String,
}

impl Edit {
    /// Replaces `range` by `insert`.
    pub fn replace(range: TextRange, insert: impl Into<String>) -> Self {
        Self {
            range,
            insert: insert.into(),
        }
    }

    /// Inserts `insert` at `offset`.
    pub fn insert(offset: usize, insert: impl Into<String>) -> Self {
        Self::replace(TextRange::empty(offset), insert)
    }

    /// Removes `range`.
    pub fn delete(range: TextRange) -> Self {
        Self::replace(range, "")
    }

    /// Whether the two cannot be applied together. Equal edits can (they are one); touching ones can,
    /// except two different insertions at one offset, whose order nobody could tell.
    fn conflicts(&self, other: &Edit) -> bool {
        if self == other {
            return false;
        }
        if self.range.is_empty() && other.range.is_empty() {
            return self.range.start() == other.range.start();
        }
        if self.range.is_empty() || other.range.is_empty() {
            let (point, span) = if self.range.is_empty() {
                (self.range.start(), other.range)
            } else {
                (other.range.start(), self.range)
            };
            return span.start() < point && point < span.end();
        }
        self.range.overlaps(other.range)
    }
}

/// Edits of one text that can all be applied: sorted, disjoint, no two equal.
///
/// At one offset an insertion stands before a replacement that starts there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Patch {
    edits: Vec<Edit>,
}

impl Patch {
    /// The patch of `edits`, in any order; equal edits become one.
    ///
    /// # Errors
    /// Gives the edits back if two of them overlap.
    pub fn new(mut edits: Vec<Edit>) -> Result<Self, Vec<Edit>> {
        edits.sort();
        edits.dedup();
        if edits.windows(2).any(|pair| pair[0].conflicts(&pair[1])) {
            return Err(edits);
        }
        Ok(Self { edits })
    }

    /// The patch of one edit.
    pub fn single(edit: Edit) -> Self {
        Self { edits: vec![edit] }
    }

    /// Adds the edits of `other`.
    ///
    /// # Errors
    /// Gives `other` back, and leaves `self` as it was, if one of its edits overlaps one of `self`.
    pub fn union(&mut self, other: Patch) -> Result<(), Patch> {
        let mut all = self.edits.clone();
        all.extend(other.edits.iter().cloned());
        match Patch::new(all) {
            Ok(both) => {
                *self = both;
                Ok(())
            }
            Err(_) => Err(other),
        }
    }

    /// The edits, in order.
    pub fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// `text` after the edits. Edits outside `text` are left out.
    pub fn apply(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for edit in &self.edits {
            let Some(kept) = text.get(at..edit.range.start()) else {
                continue;
            };
            if !text.is_char_boundary(edit.range.end()) {
                continue;
            }
            out.push_str(kept);
            out.push_str(&edit.insert);
            at = edit.range.end();
        }
        out.push_str(text.get(at..).unwrap_or_default());
        out
    }

    /// Where `offset` of the old text lies in the new one; `None` if its place was removed.
    pub fn shift(&self, offset: usize) -> Option<usize> {
        let mut shifted = offset;
        for edit in &self.edits {
            if edit.range.contains(offset) {
                return None;
            }
            if edit.range.end() > offset {
                break;
            }
            shifted = shifted + edit.insert.len() - edit.range.len();
        }
        Some(shifted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(start: usize, end: usize, insert: &str) -> Edit {
        Edit::replace(TextRange::new(start, end), insert)
    }

    #[test]
    fn edits_apply_in_order_whatever_order_they_came_in() {
        let patch = Patch::new(vec![edit(4, 5, "E"), edit(0, 1, "A"), edit(4, 5, "E")]);
        assert_eq!(patch.map(|p| p.apply("abcdef")), Ok("AbcdEf".to_owned()));
    }

    #[test]
    fn touching_edits_both_apply() {
        let patch = Patch::new(vec![edit(2, 4, "x"), edit(0, 2, "y"), edit(2, 2, "|")]);
        assert_eq!(patch.map(|p| p.apply("abcdef")), Ok("y|xef".to_owned()));
    }

    #[test]
    fn overlap_and_two_insertions_at_one_place_are_refused() {
        assert!(Patch::new(vec![edit(0, 3, "x"), edit(2, 4, "y")]).is_err());
        assert!(Patch::new(vec![edit(2, 2, "x"), edit(2, 2, "y")]).is_err());
        assert!(Patch::new(vec![edit(1, 4, "x"), edit(2, 2, "y")]).is_err());
    }

    #[test]
    fn a_refused_union_changes_nothing_and_hands_the_patch_back() {
        let mut patch = Patch::single(edit(0, 3, "x"));
        let other = Patch::single(edit(1, 2, "y"));
        assert_eq!(patch.union(other.clone()), Err(other));
        assert_eq!(patch.apply("abcd"), "xd");
    }

    #[test]
    fn shifting_follows_the_text() {
        let patch = Patch::new(vec![edit(1, 3, "wxyz"), edit(5, 5, "!")]).unwrap_or_default();
        assert_eq!(patch.apply("abcdefg"), "awxyzde!fg");
        assert_eq!(patch.shift(0), Some(0));
        assert_eq!(patch.shift(2), None);
        assert_eq!(patch.shift(4), Some(6));
        assert_eq!(patch.shift(6), Some(9));
    }
}
