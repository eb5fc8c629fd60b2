//! The texts of outputs, with the places of their outputs in the file.

use std::ops::Range;

use crate::node::Node;

/// A larger text is data, and nobody reads it.
const MAX_BYTES: usize = 1_000_000;

/// One text of an output, as its reader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputText {
    /// The bytes of the file that hold the text, quotes and brackets included.
    pub range: Range<usize>,
    /// `stream`, `traceback`, or the mime type.
    pub kind: String,
    /// The text, its lines joined. Of JSON it is the raw text.
    pub text: String,
}

fn opened(depth: usize, key: &str) -> bool {
    match depth {
        0 => true,
        1 => key.is_empty(),
        2 => matches!(key, "text" | "traceback" | "data"),
        3 => is_text(key),
        _ => false,
    }
}

/// Whether a mime type stands for something that people read. Pictures, sounds and states of widgets do not.
fn is_text(mime: &str) -> bool {
    mime.starts_with("text/") || mime == "application/json"
}

/// The texts in the array of outputs at `within`.
pub(crate) fn read(file: &str, within: Range<usize>) -> Vec<OutputText> {
    let Ok(outputs) = Node::parse(file, within, opened) else {
        return Vec::new();
    };
    let mut texts = Vec::new();
    let mut push = |node: &Node, kind: &str, text: String| {
        texts.push(OutputText {
            range: node.span.clone(),
            kind: kind.to_owned(),
            text,
        });
    };
    for output in outputs.elements().unwrap_or_default() {
        let lines = |node: &Node| {
            let small = node.span.len() <= MAX_BYTES;
            small.then(|| node.lines(file)).flatten()
        };
        for (key, kind) in [
            ("text", "stream"),
            ("traceback", "traceback"),
            ("evalue", "traceback"),
        ] {
            if let Some(node) = output.get(file, key)
                && let Some(text) = lines(node)
            {
                push(node, kind, text);
            }
        }
        let data = output.get(file, "data").and_then(Node::members);
        for member in data.unwrap_or_default() {
            let mime = member.name(file);
            let node = &member.value;
            if !is_text(&mime) || node.span.len() > MAX_BYTES {
                continue;
            }
            let text = match node.lines(file) {
                Some(text) => text,
                None => node.raw(file).to_owned(),
            };
            push(node, &mime, text);
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn pictures_and_what_is_huge_are_left_out() {
        let huge = "x".repeat(super::MAX_BYTES);
        let file = format!(
            r#"[{{"output_type":"stream","name":"stdout","text":["a\n","b"]}},
            {{"output_type":"display_data","data":{{"image/png":"AAAA","text/plain":"p","application/json":{{"k":1}},"text/html":"{huge}"}}}},
            {{"output_type":"error","ename":"E","evalue":"v","traceback":["t","u"]}}]"#
        );
        let found = read(&file, 0..file.len());
        let told: Vec<(&str, &str)> = found
            .iter()
            .map(|it| (it.kind.as_str(), it.text.as_str()))
            .collect();
        let wanted = [
            ("stream", "a\nb"),
            ("text/plain", "p"),
            ("application/json", r#"{"k":1}"#),
            ("traceback", "tu"),
            ("traceback", "v"),
        ];
        assert_eq!(told, wanted);
        assert_eq!(&file[found[0].range.clone()], r#"["a\n","b"]"#);
    }
}
