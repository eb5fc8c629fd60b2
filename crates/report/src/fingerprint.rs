//! What tells a finding from all others, wherever its line moves to.

use std::collections::HashMap;

use nbfix_lint::{Finding, Place};

use crate::Document;
use crate::mask::masked;
use crate::texts::Texts;

/// A word of 16 hexadecimal digits for each finding of a document: made of the rule, the cell's id (or its source, if
/// it has none), the text that is marked, and which of those that are the same in all this it is. So it stays when
/// cells are moved, inserted and run again, and no two of a document are equal.
pub(crate) fn fingerprints(document: &Document, texts: &Texts) -> Vec<String> {
    let mut seen: HashMap<u64, usize> = HashMap::new();
    let words = document.findings.iter().map(|finding| {
        let hash = of_one(finding, texts);
        let count = seen.entry(hash).or_default();
        *count += 1;
        match *count {
            1 => word(hash),
            count => word(mixed(hash, &count.to_string())),
        }
    });
    words.collect()
}

/// The same for a file among others.
pub(crate) fn in_file(path: &str, fingerprint: &str) -> String {
    word(mixed(mixed(START, path), fingerprint))
}

fn of_one(finding: &Finding, texts: &Texts) -> u64 {
    let hash = mixed(START, finding.rule.name);
    let cell = finding.at.cell();
    // With secrets masked: a hash of one could be guessed.
    let lines = cell.and_then(|cell| texts.cell(cell));
    let shown = |range| {
        String::from_utf8_lossy(lines.map_or(&[][..], |lines| lines.slice(range))).into_owned()
    };
    let hash = match (cell.and_then(|cell| texts.id(cell)), lines) {
        (Some(id), _) => mixed(hash, id),
        (None, Some(_)) => mixed(hash, &shown(0..usize::MAX)),
        (None, None) => hash,
    };
    match &finding.at {
        Place::Cell(span) => mixed(hash, &shown(span.range.into())),
        Place::File { .. } => mixed(hash, &masked(&finding.message)),
    }
}

/// FNV-1a: what is compared over years may not depend on releases of Rust or of a crate.
const START: u64 = 0xcbf2_9ce4_8422_2325;

fn mixed(hash: u64, text: &str) -> u64 {
    // The byte that is no UTF-8 parts one text from the next.
    text.bytes().chain([0xff]).fold(hash, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

fn word(hash: u64) -> String {
    format!("{hash:016x}")
}
