//! The words that a text must hold if a pattern is to match in it.

use nbfix_python::{AnyNodeRef, SourceOrderVisitor, TraversalSignal};

use crate::hole::path_of;
use crate::spell::{MANY, ONE};

/// A word that a match needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Word {
    /// The word: one identifier.
    pub text: String,
    /// Where it stands.
    pub reach: Reach,
}

/// Where a word stands that a match needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// In the text that is matched.
    Text,
    /// There, or some name of the document means it.
    Meaning,
    /// Somewhere in the document: the root of a dotted path, which an import names if it is not named in the text.
    Document,
}

/// The words of a pattern's tree, each once.
pub(crate) fn words(root: AnyNodeRef<'_>) -> Vec<Word> {
    let mut collector = Collector::default();
    // A visitor is entered through a node's own children; the root is looked at first.
    if collector.enter_node(root) == TraversalSignal::Traverse {
        root.visit_source_order(&mut collector);
    }
    collector.found.sort_unstable();
    collector.found.dedup();
    collector.found
}

#[derive(Default)]
struct Collector {
    found: Vec<Word>,
}

impl Collector {
    fn add(&mut self, text: &str, reach: Reach) {
        let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if plain && !text.is_empty() && !text.contains(ONE) && !text.contains(MANY) {
            self.found.push(Word {
                text: text.to_owned(),
                reach,
            });
        }
    }
}

impl<'a> SourceOrderVisitor<'a> for Collector {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        if let Some(path) = path_of(node) {
            if let Some(last) = path.last() {
                self.add(last, Reach::Meaning);
            }
            if let [root, _, ..] = path.as_slice() {
                self.add(root, Reach::Document);
            }
            return TraversalSignal::Skip;
        }
        if let AnyNodeRef::Identifier(name) = node {
            for part in name.as_str().split('.') {
                self.add(part, Reach::Text);
            }
        }
        TraversalSignal::Traverse
    }
}
