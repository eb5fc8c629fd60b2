//! JSON read as deep as we need it, and validated to its last byte.
//!
//! One pass of `serde_json` gives the places of objects, arrays and values; what is not opened stays raw text. So a
//! file costs what validating it costs, however large its outputs, and nesting cannot exhaust the stack.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::literal;

/// A value and the bytes it takes, as offsets in the file.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) span: Range<usize>,
    pub(crate) value: Value,
}

/// What was opened, and what was not.
#[derive(Debug)]
pub(crate) enum Value {
    Object(Vec<Member>),
    Array(Vec<Node>),
    Raw,
}

/// A key, quotes included, and its value.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) key: Range<usize>,
    pub(crate) value: Node,
}

/// Whether to open the object or array at this depth under this key (the empty key for elements of arrays).
pub(crate) type Open = fn(depth: usize, key: &str) -> bool;

impl Node {
    /// Reads the one value that `file[within]` holds.
    pub(crate) fn parse(file: &str, within: Range<usize>, open: Open) -> serde_json::Result<Self> {
        let at = within.start;
        let text = file.get(within).unwrap_or_default();
        let mut json = serde_json::Deserializer::from_str(text);
        let depth = 0;
        let seed = Seed {
            file,
            at,
            depth,
            open,
            opened: open(depth, ""),
        };
        let node = seed.deserialize(&mut json)?;
        json.end()?;
        Ok(node)
    }

    /// The members, if this is an opened object.
    pub(crate) fn members(&self) -> Option<&[Member]> {
        match &self.value {
            Value::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The elements, if this is an opened array.
    pub(crate) fn elements(&self) -> Option<&[Node]> {
        match &self.value {
            Value::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// The value under `key`. Of doubled keys the last one counts, as for every JSON reader in use.
    pub(crate) fn get(&self, file: &str, key: &str) -> Option<&Node> {
        let mut members = self.members()?.iter().rev();
        members
            .find(|member| member.name(file) == key)
            .map(|member| &member.value)
    }

    /// The value at the end of a path of keys.
    pub(crate) fn at(&self, file: &str, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.get(file, key))
    }

    /// The bytes of the value.
    pub(crate) fn raw<'f>(&self, file: &'f str) -> &'f str {
        file.get(self.span.clone()).unwrap_or_default()
    }

    /// The bytes between the quotes, if this is a string.
    pub(crate) fn literal(&self, file: &str) -> Option<Range<usize>> {
        self.raw(file)
            .starts_with('"')
            .then(|| self.span.start + 1..self.span.end.saturating_sub(1))
    }

    /// The decoded text, if this is a string.
    pub(crate) fn string<'f>(&self, file: &'f str) -> Option<Cow<'f, str>> {
        let literal = self.literal(file)?;
        Some(literal::decode(file.get(literal)?))
    }

    /// The joined text, if this is a string or an array of strings, as Jupyter writes longer texts.
    pub(crate) fn lines(&self, file: &str) -> Option<String> {
        match self.elements() {
            Some(elements) => elements.iter().map(|line| line.string(file)).collect(),
            None => self.string(file).map(Cow::into_owned),
        }
    }
}

impl Member {
    /// The key, decoded.
    pub(crate) fn name<'f>(&self, file: &'f str) -> Cow<'f, str> {
        let inside = self.key.start + 1..self.key.end.saturating_sub(1);
        literal::decode(file.get(inside).unwrap_or_default())
    }
}

/// Reads one value, which starts at `at` or after the white space and the `:` or `,` that stand there.
#[derive(Clone, Copy)]
struct Seed<'f> {
    file: &'f str,
    at: usize,
    depth: usize,
    open: Open,
    opened: bool,
}

impl<'f> Seed<'f> {
    fn child(&self, at: usize, key: &str) -> Self {
        let depth = self.depth + 1;
        Seed {
            at,
            depth,
            opened: (self.open)(depth, key),
            ..*self
        }
    }

    /// Where `part`, a slice of the file, lies in it.
    fn span(&self, part: &str) -> Range<usize> {
        let start = part.as_ptr() as usize - self.file.as_ptr() as usize;
        start..start + part.len()
    }

    /// The end of the object or array whose last part ends at `at`.
    fn close(&self, start: usize, at: usize, value: Value) -> Node {
        let end = skip_space(self.file, at) + 1;
        let span = start..end;
        Node { span, value }
    }
}

impl<'f> DeserializeSeed<'f> for Seed<'f> {
    type Value = Node;

    fn deserialize<D: Deserializer<'f>>(mut self, json: D) -> Result<Node, D::Error> {
        if self.opened {
            self.at = value_start(self.file, self.at);
            match self.file.as_bytes().get(self.at) {
                Some(b'{') => return json.deserialize_map(self),
                Some(b'[') => return json.deserialize_seq(self),
                _ => {}
            }
        }
        let raw = <&RawValue>::deserialize(json)?;
        let span = self.span(raw.get());
        let value = Value::Raw;
        Ok(Node { span, value })
    }
}

impl<'f> Visitor<'f> for Seed<'f> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'f>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut members: Vec<Member> = Vec::with_capacity(8);
        let mut at = self.at + 1;
        while let Some(key) = map.next_key::<&RawValue>()? {
            let key = self.span(key.get());
            let mut member = Member {
                value: Node {
                    span: key.clone(),
                    value: Value::Raw,
                },
                key,
            };
            let seed = self.child(member.key.end, &member.name(self.file));
            member.value = map.next_value_seed(seed)?;
            at = member.value.span.end;
            members.push(member);
        }
        Ok(self.close(self.at, at, Value::Object(members)))
    }

    fn visit_seq<A: SeqAccess<'f>>(self, mut array: A) -> Result<Node, A::Error> {
        let mut elements = Vec::new();
        let mut at = self.at + 1;
        while let Some(element) = array.next_element_seed(self.child(at, ""))? {
            at = element.span.end;
            elements.push(element);
        }
        Ok(self.close(self.at, at, Value::Array(elements)))
    }
}

/// The first offset from `at` that is not white space.
fn skip_space(file: &str, at: usize) -> usize {
    let rest = file.as_bytes().get(at..).unwrap_or_default();
    let is_space = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    at + rest.iter().take_while(is_space).count()
}

/// Where the next value starts: after white space and the `:` or `,` before it.
fn value_start(file: &str, at: usize) -> usize {
    let at = skip_space(file, at);
    match file.as_bytes().get(at) {
        Some(b':' | b',') => skip_space(file, at + 1),
        _ => at,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn places_are_exact() {
        let file = " { \"a\" : [ 1 , {} ,[ ] ], \"\\u0062\": {\"x\": [2]} } ";
        let node = Node::parse(file, 0..file.len(), |depth, _| depth < 3).unwrap();
        assert_eq!(node.raw(file), file.trim());
        let a = node.get(file, "a").unwrap();
        assert_eq!(a.raw(file), "[ 1 , {} ,[ ] ]");
        let parts: Vec<_> = a.elements().unwrap().iter().map(|e| e.raw(file)).collect();
        assert_eq!(parts, ["1", "{}", "[ ]"]);
        assert_eq!(node.at(file, &["b", "x"]).unwrap().raw(file), "[2]");
        assert!(matches!(
            node.at(file, &["b", "x"]).unwrap().value,
            Value::Array(_)
        ));
    }
}
