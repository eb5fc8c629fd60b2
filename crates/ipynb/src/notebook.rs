//! A document: the file's bytes, and the cells in them.

use std::ops::Range;
use std::sync::OnceLock;

use memchr::memmem;
use nbfix_text::{LineColumn, LineIndex, Patch};

use crate::cell::{Cell, CellId, CellKind, Span};
use crate::error::{LoadError, bom_length};
use crate::insert::{self, NewCell};
use crate::metadata::{self, MetadataEdit};
use crate::node::Node;
use crate::output::{self, Output};
use crate::output_text::{self, OutputText};
use crate::problem::Problem;
use crate::read;
use crate::rope::{self, PhysicalEdit};
use crate::source::{Form, Piece, Source};
use crate::splice;

/// What sort of file a [`Notebook`] came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    /// An `.ipynb` file.
    Notebook,
    /// A script: one code cell that is the whole file.
    Script,
}

/// All that can change in a notebook.
#[derive(Clone, Copy, Debug, Default)]
pub struct Changes<'c> {
    /// Edits of sources.
    pub edits: &'c [(CellId, Patch)],
    /// New cells.
    pub cells: &'c [NewCell],
    /// Edits of metadata.
    pub metadata: &'c [MetadataEdit],
    /// Cells that lose their outputs and their execution count, in any order.
    pub clears: &'c [CellId],
}

/// A notebook: the bytes of its file, unchanged, and its cells.
#[derive(Clone, Debug)]
pub struct Notebook {
    file: String,
    kind: DocumentKind,
    cells: Vec<Cell>,
    /// The array of cells, if new ones can be put into it.
    list: Option<Range<usize>>,
    format: Option<(i64, i64)>,
    old: bool,
    language: Option<String>,
    python_2: bool,
    problems: Vec<Problem>,
    lines: OnceLock<LineIndex>,
}

impl Notebook {
    /// A notebook with these code cells, none of which was run: format 4.4, so that it needs no ids.
    ///
    /// # Errors
    /// As [`Notebook::load`].
    pub fn of_code<S: AsRef<str>>(sources: &[S]) -> Result<Self, LoadError> {
        let cell = |source: &S| {
            serde_json::json!({
                "cell_type": "code", "execution_count": null, "metadata": {}, "outputs": [], "source": source.as_ref()
            })
        };
        let cells: Vec<_> = sources.iter().map(cell).collect();
        let json =
            serde_json::json!({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4});
        Self::load(json.to_string().into_bytes())
    }

    /// Reads an `.ipynb` file. The JSON is validated to its last byte; outputs are not read.
    ///
    /// # Errors
    /// If the file is no UTF-8, no JSON, or no notebook. Lesser faults are [`Notebook::problems`].
    pub fn load(bytes: Vec<u8>) -> Result<Self, LoadError> {
        let file = String::from_utf8(bytes).map_err(|error| LoadError::not_utf8(&error))?;
        let bom = bom_length(&file);
        if file[bom..].trim().is_empty() {
            return Err(LoadError::empty());
        }
        let read = read::read(&file, bom)?;
        Ok(Self {
            file,
            kind: DocumentKind::Notebook,
            cells: read.cells,
            list: read.list,
            format: read.format,
            old: read.old,
            language: read.language,
            python_2: read.python_2,
            problems: read.problems,
            lines: OnceLock::new(),
        })
    }

    /// Reads a Python script: one code cell, whose source is the whole text without a byte order mark.
    ///
    /// # Errors
    /// If the file is no UTF-8.
    pub fn script(bytes: Vec<u8>) -> Result<Self, LoadError> {
        let file = String::from_utf8(bytes).map_err(|error| LoadError::not_utf8(&error))?;
        let span = bom_length(&file)..file.len();
        let source = file[span.clone()].to_owned();
        let pieces = vec![Piece {
            raw: span.clone(),
            text: 0..source.len(),
        }];
        let cell = Cell {
            kind: CellKind::Code,
            source,
            id: None,
            execution_count: None,
            span: span.clone(),
            place: Source {
                form: Form::Plain,
                span,
                pieces,
            },
            outputs: None,
            count: None,
            metadata: None,
        };
        Ok(Self {
            file,
            kind: DocumentKind::Script,
            cells: vec![cell],
            list: None,
            format: None,
            old: false,
            language: Some("python".to_owned()),
            python_2: false,
            problems: Vec::new(),
            lines: OnceLock::new(),
        })
    }

    /// What sort of file this is.
    pub fn kind(&self) -> DocumentKind {
        self.kind
    }

    /// All cells, in the order of the file.
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// The cell at `id`.
    pub fn cell(&self, id: CellId) -> Option<&Cell> {
        self.cells.get(id.index())
    }

    /// All cells with their positions.
    pub fn ids(&self) -> impl Iterator<Item = (CellId, &Cell)> {
        let cells = self.cells.iter().enumerate();
        cells.map(|(index, cell)| (CellId(index), cell))
    }

    /// The bytes of the file.
    pub fn bytes(&self) -> &[u8] {
        self.file.as_bytes()
    }

    /// The file as text. A byte order mark is part of it, so that all offsets in the file are offsets in it.
    pub fn text(&self) -> &str {
        &self.file
    }

    /// The bytes of the file, without a copy.
    pub fn into_bytes(self) -> Vec<u8> {
        self.file.into_bytes()
    }

    /// Major and minor number of the format; a minor number that is missing is 0.
    pub fn nbformat(&self) -> Option<(i64, i64)> {
        self.format
    }

    /// The language of the code cells, in lower case: `language_info.name` of the metadata, else
    /// `kernelspec.language`, else `python` if the kernel's name starts so. `None` if nothing tells.
    pub fn language(&self) -> Option<&str> {
        self.language.as_deref()
    }

    /// Whether the metadata say that the notebook is for Python 2: its kernel is `python2` (`kernelspec.name`), or a Python
    /// 2 ran it last (`language_info.version`), and neither speaks of Python 3.
    pub fn is_python_2(&self) -> bool {
        self.python_2
    }

    /// The language that a cell's own metadata name, in lower case: `vscode.languageId`, `language`, or
    /// `polyglot_notebook.kernelName`.
    pub fn cell_language(&self, id: CellId) -> Option<String> {
        let metadata = self.cell_metadata(id)?;
        let paths: [&[&str]; 3] = [
            &["vscode", "languageId"],
            &["language"],
            &["polyglot_notebook", "kernelName"],
        ];
        let name = |path: &&[&str]| metadata.at(&self.file, path)?.string(&self.file);
        paths.iter().find_map(name).map(|name| name.to_lowercase())
    }

    /// The tags of a cell (`tags` of its metadata).
    pub fn cell_tags(&self, id: CellId) -> Vec<String> {
        let metadata = self.cell_metadata(id);
        let tags = metadata
            .as_ref()
            .and_then(|metadata| metadata.get(&self.file, "tags")?.elements())
            .unwrap_or_default();
        let names = tags.iter().filter_map(|tag| tag.string(&self.file));
        names.map(|name| name.into_owned()).collect()
    }

    /// The strings of a list in a cell's metadata, each with the bytes of the file that hold it, quotes included. The
    /// keys of `path` lead to the list, which may be missing.
    pub fn metadata_strings(&self, id: CellId, path: &[&str]) -> Vec<(String, Range<usize>)> {
        metadata::strings(self, id, path)
    }

    /// Whether edits of metadata can be made: not in scripts, not in notebooks that are [`Notebook::read_only`], and
    /// only where a cell has metadata and nothing else stands in the list's place.
    pub fn can_edit_metadata(&self, edits: &[MetadataEdit]) -> bool {
        self.read_only().is_none() && metadata::physical_edits(self, edits).is_some()
    }

    fn cell_metadata(&self, id: CellId) -> Option<Node> {
        let opened = |depth: usize, key: &str| {
            depth == 0 || depth == 1 && matches!(key, "vscode" | "polyglot_notebook" | "tags")
        };
        Node::parse(&self.file, self.cell(id)?.metadata_range()?, opened).ok()
    }

    /// Why this notebook should not be written, if so: its format is older than 4.
    pub fn read_only(&self) -> Option<&'static str> {
        self.old
            .then_some("notebooks of a format before 4 are read, and not written")
    }

    /// Whether new cells can be put in: not into scripts, and not into notebooks that are [`Notebook::read_only`].
    pub fn can_insert_cells(&self) -> bool {
        self.list.is_some()
    }

    /// Whether the format asks for an `id` in each cell.
    pub(crate) fn wants_ids(&self) -> bool {
        self.format.is_some_and(read::wants_ids)
    }

    /// What is wrong with the file and did not keep it from being read, in the order of the file.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The outputs of a cell, read now. An output of no known type is left out.
    pub fn outputs(&self, id: CellId) -> Vec<Output> {
        let range = self.cell(id).and_then(Cell::outputs_range);
        range.map_or_else(Vec::new, |range| output::read(&self.file, range))
    }

    /// How many outputs a cell has, of whatever type.
    pub fn count_outputs(&self, id: CellId) -> usize {
        let range = self.cell(id).and_then(Cell::outputs_range);
        range.map_or(0, |range| output::count(&self.file, range))
    }

    /// The texts of a cell's outputs that people read, with their places in the file. Pictures, and texts of more
    /// than a megabyte, are left out.
    pub fn output_texts(&self, id: CellId) -> Vec<OutputText> {
        let range = self.cell(id).and_then(Cell::outputs_range);
        range.map_or_else(Vec::new, |range| output_text::read(&self.file, range))
    }

    /// Whether the outputs of a cell may hold an error: a quick look that never misses one, and may be wrong
    /// otherwise.
    pub fn has_error_output(&self, id: CellId) -> bool {
        let range = self.cell(id).and_then(Cell::outputs_range);
        let raw = range.and_then(|range| self.bytes().get(range));
        raw.is_some_and(|raw| {
            memmem::find(raw, b"error").is_some() || memmem::find(raw, b"pyerr").is_some()
        })
    }

    /// Line and column of a byte of the file. A byte order mark has no column.
    pub fn line_column(&self, offset: usize) -> LineColumn {
        let bom = bom_length(&self.file);
        let text = &self.file[bom..];
        let lines = self.lines.get_or_init(|| LineIndex::new(text));
        lines.line_column(text, offset.saturating_sub(bom))
    }

    /// The bytes of the file that hold a place of a cell: from the first byte of its first character to the last
    /// byte of its last one, with whatever stands between array elements. An empty range gives an empty range.
    /// `None` if the source has no such place.
    pub fn physical(&self, span: Span) -> Option<Range<usize>> {
        let cell = self.cell(span.cell)?;
        cell.source.get(Range::from(span.range))?;
        cell.place.physical(&self.file, span.range)
    }

    /// What `edits` change in the file: sorted and disjoint. Of two patches of one cell that overlap the later one
    /// is left out, as are edits of cells that have no source.
    pub fn physical_edits(&self, edits: &[(CellId, Patch)]) -> Vec<PhysicalEdit> {
        self.physical_edits_with(edits, &[])
    }

    /// What `edits` and the new `cells` change in the file: sorted and disjoint. All positions are those of this
    /// notebook; new cells at one position keep their order. Both belong together: if one of the cells cannot be put
    /// in (see [`Notebook::can_insert_cells`]), or its position is beyond the end, nothing changes at all.
    pub fn physical_edits_with(
        &self,
        edits: &[(CellId, Patch)],
        cells: &[NewCell],
    ) -> Vec<PhysicalEdit> {
        let ascii = splice::escapes(self, edits, cells);
        let mut all = splice::physical_edits(self, edits, ascii);
        if !cells.is_empty() {
            let inside = |cell: &NewCell| cell.before <= self.cells.len();
            let list = self.list.as_ref().filter(|_| cells.iter().all(inside));
            let Some(list) = list else { return Vec::new() };
            all.extend(insert::insertions(self, list, cells, ascii));
            all.sort_by_key(|edit| edit.range.start);
        }
        all
    }

    /// What all `changes` do to the file: sorted and disjoint. As with [`Notebook::physical_edits_with`], if something
    /// cannot be done (see [`Notebook::can_edit_metadata`]), nothing changes at all.
    pub fn physical_edits_all(&self, changes: Changes<'_>) -> Vec<PhysicalEdit> {
        let mut all = self.physical_edits_with(changes.edits, changes.cells);
        if all.is_empty() && !changes.cells.is_empty() {
            return all;
        }
        if !changes.metadata.is_empty() {
            let edits = metadata::physical_edits(self, changes.metadata);
            let Some(edits) = edits.filter(|_| self.read_only().is_none()) else {
                return Vec::new();
            };
            all.extend(edits);
        }
        if self.read_only().is_none() {
            all.extend(output::clearing(self, changes.clears));
        }
        all.sort_by_key(|edit| edit.range.start);
        all
    }

    /// The bytes of the file with all `changes`: see [`Notebook::physical_edits_all`].
    pub fn splice_all(&self, changes: Changes<'_>) -> Vec<u8> {
        rope::apply(self.bytes(), &self.physical_edits_all(changes))
    }

    /// The bytes of the file with `edits`: see [`Notebook::physical_edits`].
    pub fn splice(&self, edits: &[(CellId, Patch)]) -> Vec<u8> {
        self.splice_with(edits, &[])
    }

    /// The bytes of the file with `edits` and new `cells`: see [`Notebook::physical_edits_with`].
    pub fn splice_with(&self, edits: &[(CellId, Patch)], cells: &[NewCell]) -> Vec<u8> {
        rope::apply(self.bytes(), &self.physical_edits_with(edits, cells))
    }
}
