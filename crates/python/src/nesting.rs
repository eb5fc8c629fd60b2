//! A bound on how deep a tree can get, found before it is built.
//!
//! The parser itself survives any depth, but dropping or walking a tree recurses once per level. A hostile
//! cell would end the process, and no handler could catch that.

/// CPython itself refuses more brackets than this ("too many nested parentheses").
const MAX_BRACKETS: usize = 200;
/// Operators, dots or prefixes in one expression; each may be one level of the tree. The deepest found in
/// 4,700 real notebooks is below 200.
const MAX_CHAIN: usize = 3000;

/// Where `source` gets too deep, and in what way. `None` for all that people write.
pub(crate) fn too_deep(source: &str) -> Option<(usize, &'static str)> {
    // A text shorter than the bound cannot reach it.
    if source.len() <= MAX_BRACKETS {
        return None;
    }
    let bytes = source.as_bytes();
    // One counter of links for each open bracket.
    let mut chains = vec![0usize];
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'#' => at = line_end(bytes, at),
            b'"' | b'\'' => {
                at = string_end(bytes, at);
                continue;
            }
            b'(' | b'[' | b'{' => {
                chains.push(0);
                if chains.len() > MAX_BRACKETS + 1 {
                    return Some((at, "more than 200 nested brackets, which Python refuses"));
                }
            }
            b')' | b']' | b'}' if chains.len() > 1 => {
                chains.pop();
            }
            b',' | b';' => reset(&mut chains),
            b'\n' if chains.len() == 1 => reset(&mut chains),
            b'.' | b'+' | b'-' | b'*' | b'/' | b'%' | b'~' | b'&' | b'|' | b'^' | b'<' | b'>'
            | b'@' | b'=' | b' ' | b':'
                if link(&mut chains) =>
            {
                return Some((at, "one expression of more than 3,000 links"));
            }
            _ => {}
        }
        at += 1;
    }
    None
}

fn reset(chains: &mut [usize]) {
    if let Some(last) = chains.last_mut() {
        *last = 0;
    }
}

/// Counts one more link; spaces count too, because `not not x` and `lambda: lambda: x` chain by words.
fn link(chains: &mut [usize]) -> bool {
    let Some(last) = chains.last_mut() else {
        return false;
    };
    *last += 1;
    *last > MAX_CHAIN
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &bytes[at..])
        .map_or(bytes.len(), |end| at + end)
        .saturating_sub(1)
}

/// The offset after the string that starts at `at`; the end of the line if it is not closed.
fn string_end(bytes: &[u8], at: usize) -> usize {
    let quote = bytes[at];
    let triple = bytes[at..].starts_with(&[quote; 3]);
    let mut at = at + if triple { 3 } else { 1 };
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            b'\n' if !triple => return at,
            _ if byte == quote && !triple => return at + 1,
            _ if byte == quote && bytes[at..].starts_with(&[quote; 3]) => return at + 3,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_cells_are_refused() {
        for hostile in ["[", "(", "{", "f(", "[["] {
            assert!(too_deep(&hostile.repeat(5000)).is_some(), "{hostile}");
        }
        for hostile in ["-", "not ", "a.", "1+", "lambda:", "a.a().", "~"] {
            assert!(too_deep(&hostile.repeat(5000)).is_some(), "{hostile}");
        }
    }

    #[test]
    fn long_plain_texts_are_not() {
        assert_eq!(too_deep(&"x = 1\n".repeat(5000)), None);
        assert_eq!(too_deep(&format!("x = [{}]", "-1, ".repeat(9000))), None);
        assert_eq!(too_deep(&format!("x = '{}'", "(".repeat(9000))), None);
        assert_eq!(too_deep(&format!("# {}\nx = 1", "(".repeat(9000))), None);
        assert_eq!(
            too_deep(&format!("x = '''{}\n'''", "(\n".repeat(9000))),
            None
        );
    }
}
