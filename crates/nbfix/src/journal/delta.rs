//! What has to be known of a file to make what it was of what it has become.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use similar::{Algorithm, DiffTag};

/// How long the smallest difference is looked for; after that a larger one has to do.
const PATIENCE: Duration = Duration::from_millis(200);

/// A part of the old content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Piece {
    /// These bytes of the new content, from the first up to, not including, the second.
    Keep([usize; 2]),
    /// A text that only the old content has.
    Text(String),
    /// The same, where it is no UTF-8.
    Raw { bytes: Vec<u8> },
}

/// What makes `before` of `after`: notebooks are large and fixes small, so that nearly all of it is kept.
pub(crate) fn delta(after: &[u8], before: &[u8]) -> Vec<Piece> {
    let lines = |bytes| <[u8]>::split_inclusive(bytes, |byte| *byte == b'\n').collect();
    let (old, new): (Vec<&[u8]>, Vec<&[u8]>) = (lines(after), lines(before));
    let same = |(left, right): &(&&[u8], &&[u8])| left == right;
    let head = old.iter().zip(&new).take_while(same).count();
    let rest = old[head..].iter().rev().zip(new[head..].iter().rev());
    let tail = rest.take_while(same).count();
    let (middle, wanted) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    let until = Some(Instant::now() + PATIENCE);
    let ops = similar::capture_diff_slices_deadline(Algorithm::Myers, middle, wanted, until);

    let size = |lines: &[&[u8]]| lines.iter().map(|line| line.len()).sum::<usize>();
    let mut pieces = Vec::new();
    keep(&mut pieces, 0, size(&old[..head]));
    let mut at = size(&old[..head]);
    for op in ops {
        let (tag, was, is) = op.as_tag_tuple();
        let end = at + size(&middle[was]);
        match tag {
            DiffTag::Equal => keep(&mut pieces, at, end),
            _ => write(&mut pieces, wanted[is].concat()),
        }
        at = end;
    }
    keep(&mut pieces, at, after.len());
    pieces
}

fn keep(pieces: &mut Vec<Piece>, start: usize, end: usize) {
    if start < end {
        pieces.push(Piece::Keep([start, end]));
    }
}

fn write(pieces: &mut Vec<Piece>, bytes: Vec<u8>) {
    if bytes.is_empty() {
        return;
    }
    pieces.push(match String::from_utf8(bytes) {
        Ok(text) => Piece::Text(text),
        Err(error) => Piece::Raw {
            bytes: error.into_bytes(),
        },
    });
}

/// What `pieces` make of `after`; `None` if they are not about it.
pub(crate) fn undone(after: &[u8], pieces: &[Piece]) -> Option<Vec<u8>> {
    let mut before = Vec::with_capacity(after.len());
    for piece in pieces {
        match piece {
            Piece::Keep([start, end]) => before.extend_from_slice(after.get(*start..*end)?),
            Piece::Text(text) => before.extend_from_slice(text.as_bytes()),
            Piece::Raw { bytes } => before.extend_from_slice(bytes),
        }
    }
    Some(before)
}

/// What tells one content from all others: its SHA-256, in hexadecimal digits.
pub(crate) fn fingerprint(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_it_was_comes_back() {
        let texts: [&[u8]; 8] = [
            b"",
            b"\n",
            b"a\nb\nc\n",
            b"a\nx\ny\nc",
            b"c\nb\na\n",
            b"a\r\nb\r\nc\r\n",
            b"\xff\xfe\nb\n",
            b"one line",
        ];
        for before in texts {
            for after in texts {
                let pieces = delta(after, before);
                let written = serde_json::to_string(&pieces).ok();
                let read = written.and_then(|text| serde_json::from_str::<Vec<Piece>>(&text).ok());
                assert_eq!(read.as_ref(), Some(&pieces));
                assert_eq!(undone(after, &pieces).as_deref(), Some(before));
            }
        }
    }

    #[test]
    fn what_stays_is_not_written_down() {
        let before = "a long line\n".repeat(1000) + "old\n" + &"another\n".repeat(1000);
        let after = before.replace("old", "new");
        let pieces = delta(after.as_bytes(), before.as_bytes());
        assert_eq!(
            pieces,
            [
                Piece::Keep([0, 12_000]),
                Piece::Text("old\n".to_owned()),
                Piece::Keep([12_004, 20_004]),
            ]
        );
    }

    #[test]
    fn another_text_gives_nothing() {
        let pieces = delta(b"a\nb\n", b"a\nc\n");
        assert_eq!(undone(b"", &pieces), None);
    }
}
