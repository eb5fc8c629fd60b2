//! From byte offsets to lines and columns.

/// A place for people: both numbers start at 1, columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineColumn {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters (not bytes), from 1.
    pub column: usize,
}

/// Where the lines of one text start. A line ends with `\n`; a `\r` before it belongs to the line.
#[derive(Clone, Debug)]
pub struct LineIndex {
    starts: Vec<usize>,
}

impl LineIndex {
    /// Reads the line starts of `text`.
    pub fn new(text: &str) -> Self {
        let mut starts = vec![0];
        starts.extend(
            text.bytes()
                .enumerate()
                .filter(|(_, byte)| *byte == b'\n')
                .map(|(at, _)| at + 1),
        );
        Self { starts }
    }

    /// Line and column of `offset` in `text`, which must be the text that this index was made of.
    /// An offset past the end, or inside a character, gives the place before it.
    pub fn line_column(&self, text: &str, offset: usize) -> LineColumn {
        let offset = text.floor_char_boundary(offset.min(text.len()));
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.line_start(line);
        let column = text.get(start..offset).unwrap_or_default().chars().count() + 1;
        LineColumn { line, column }
    }

    /// Offset at which `line` (from 1) starts; the last line's start if there are fewer lines.
    pub fn line_start(&self, line: usize) -> usize {
        let last = self.starts.len() - 1;
        self.starts[line.saturating_sub(1).min(last)]
    }

    /// Number of lines; a final `\n` starts a last, empty line.
    pub fn line_count(&self) -> usize {
        self.starts.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let text = "a\né日x\r\nlast";
        let index = LineIndex::new(text);
        let x = text.find('x').unwrap_or(0);
        assert_eq!(
            index.line_column(text, x),
            LineColumn { line: 2, column: 3 }
        );
        assert_eq!(
            index.line_column(text, 0),
            LineColumn { line: 1, column: 1 }
        );
        assert_eq!(
            index.line_column(text, text.len()),
            LineColumn { line: 3, column: 5 }
        );
        assert_eq!(
            index.line_column(text, 999),
            LineColumn { line: 3, column: 5 }
        );
        assert_eq!(index.line_count(), 3);
        assert_eq!(index.line_start(3), text.len() - 4);
    }
}
