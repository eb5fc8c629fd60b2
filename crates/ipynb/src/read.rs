//! From the JSON of a notebook to its cells, and to what is wrong with it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::ops::Range;

use crate::cell::{Cell, CellId, CellKind};
use crate::error::LoadError;
use crate::literal;
use crate::node::{Node, Value};
use crate::problem::{Problem, ProblemKind};
use crate::source::{Form, Piece, Source};

/// What the JSON says.
pub(crate) struct Read {
    pub(crate) cells: Vec<Cell>,
    /// The array of cells, brackets included; none for formats before 4, which are not written.
    pub(crate) list: Option<Range<usize>>,
    /// Major and minor number of the format.
    pub(crate) format: Option<(i64, i64)>,
    /// Whether the format is older than 4.
    pub(crate) old: bool,
    pub(crate) language: Option<String>,
    pub(crate) python_2: bool,
    pub(crate) problems: Vec<Problem>,
}

/// What the metadata say of the code cells.
#[derive(Default)]
struct Language {
    /// The language's name, in lower case.
    name: Option<String>,
    /// Whether it is Python, and version 2 of it.
    python_2: bool,
}

/// What is opened of a notebook: its cells and the strings of their sources, and the name of its language.
/// Worksheets (formats 2 and 3) put two levels between the notebook and its cells.
fn opened(depth: usize, key: &str) -> bool {
    match depth {
        0 => true,
        1 => matches!(key, "cells" | "worksheets" | "metadata"),
        2 => matches!(key, "" | "kernelspec" | "language_info"),
        3 => matches!(key, "source" | "input" | "cells"),
        4 => key.is_empty(),
        5 => matches!(key, "source" | "input"),
        _ => false,
    }
}

/// Reads the notebook in `file`, whose first `bom` bytes are a byte order mark.
pub(crate) fn read(file: &str, bom: usize) -> Result<Read, LoadError> {
    let top = Node::parse(file, bom..file.len(), opened)
        .map_err(|error| LoadError::json(file, bom, &error))?;
    let refuse = |node: &Node, message| {
        Err(LoadError::not_a_notebook(
            file,
            bom,
            node.span.start,
            message,
        ))
    };
    if top.members().is_none() {
        return refuse(&top, "the file holds no JSON object");
    }
    let cells = top.get(file, "cells");
    let Some(holder) = cells.or_else(|| top.get(file, "worksheets")) else {
        return refuse(&top, "the file has neither `cells` nor `worksheets`");
    };
    let Some(elements) = holder.elements() else {
        return refuse(
            holder,
            match cells {
                Some(_) => "`cells` is no array",
                None => "`worksheets` is no array",
            },
        );
    };

    let mut reader = Reader {
        file,
        old: cells.is_none(),
        wants_ids: false,
        ids: HashMap::new(),
        cells: Vec::new(),
        problems: Vec::new(),
    };
    let format = reader.format(&top);
    let Language { name, python_2 } = reader.metadata(&top).unwrap_or_default();
    reader.doubled_keys(&top, None);
    for element in elements {
        match cells {
            Some(_) => reader.cell(element),
            None => reader.worksheet(element),
        }
    }
    let mut problems = reader.problems;
    problems.sort_by_key(|problem| problem.range.start);
    Ok(Read {
        cells: reader.cells,
        list: cells
            .filter(|_| !reader.old)
            .map(|cells| cells.span.clone()),
        format,
        old: reader.old,
        language: name,
        python_2,
        problems,
    })
}

struct Reader<'f> {
    file: &'f str,
    old: bool,
    /// Whether the format asks for an `id` in each cell: 4.5 and later.
    wants_ids: bool,
    /// The ids so far, as the file writes them.
    ids: HashMap<&'f str, CellId>,
    cells: Vec<Cell>,
    problems: Vec<Problem>,
}

impl<'f> Reader<'f> {
    fn problem(
        &mut self,
        kind: ProblemKind,
        cell: Option<CellId>,
        range: Range<usize>,
        message: impl Into<String>,
    ) {
        let message = message.into();
        self.problems.push(Problem {
            kind,
            message,
            range,
            cell,
        });
    }

    fn wrong_type(&mut self, cell: Option<CellId>, node: &Node, message: impl Into<String>) {
        self.problem(ProblemKind::WrongType, cell, node.span.clone(), message);
    }

    /// The value of a key that the format requires. Formats before 4 had other rules, and are not written anyway.
    fn required<'n>(
        &mut self,
        holder: &'n Node,
        key: &str,
        cell: Option<CellId>,
    ) -> Option<&'n Node> {
        let value = holder.get(self.file, key);
        if value.is_none() && !self.old {
            let owner = Owner(cell);
            // The opening brace stands for the object: the whole of it would be half the file.
            let brace = holder.span.start..holder.span.start + 1;
            let message = format!("{owner} has no `{key}`");
            let kind = match key {
                "outputs" | "execution_count" => ProblemKind::MissingOutputs,
                _ => ProblemKind::MissingKey,
            };
            self.problem(kind, cell, brace, message);
        }
        value
    }

    fn doubled_keys(&mut self, node: &Node, cell: Option<CellId>) {
        let members = node.members().unwrap_or_default();
        let mut keys: Vec<_> = members
            .iter()
            .map(|member| (member.name(self.file), member.key.start, member.key.end))
            .collect();
        keys.sort();
        for pair in keys.windows(2) {
            if let [(before, ..), (key, start, end)] = pair
                && before == key
            {
                let owner = Owner(cell);
                let message = format!("{owner} has the key `{key}` twice; the last one counts");
                self.problem(ProblemKind::DuplicateKey, cell, *start..*end, message);
            }
        }
    }

    /// Major and minor number, and with them what the format asks for.
    fn format(&mut self, top: &Node) -> Option<(i64, i64)> {
        let number = |reader: &mut Self, key: &str| {
            let node = reader.required(top, key, None)?;
            let number = node.raw(reader.file).parse::<i64>().ok();
            if number.is_none() {
                reader.wrong_type(None, node, format!("`{key}` is no integer"));
            }
            number
        };
        let major = number(self, "nbformat");
        self.old |= major.is_some_and(|major| major < 4);
        let minor = number(self, "nbformat_minor");
        if self.old {
            let name = match major {
                Some(major) => format!("nbformat {major}"),
                None => "the nbformat of `worksheets`".to_owned(),
            };
            let at = top.get(self.file, "nbformat").unwrap_or(top).span.start;
            let message = format!(
                "{name} is of before 2015, and VS Code does not open it; upgrade the file with \
                 `jupyter nbconvert --to notebook --inplace FILE`"
            );
            self.problem(ProblemKind::OldFormat, None, at..at + 1, message);
        }
        let format = (major?, minor.unwrap_or(0));
        self.wants_ids = wants_ids(format);
        Some(format)
    }

    /// The language that the notebook's metadata name.
    fn metadata(&mut self, top: &Node) -> Option<Language> {
        let metadata = self.required(top, "metadata", None)?;
        if metadata.members().is_none() {
            self.wrong_type(None, metadata, "`metadata` is no object");
            return None;
        }
        self.doubled_keys(metadata, None);
        for key in ["kernelspec", "language_info"] {
            let Some(node) = metadata.get(self.file, key) else {
                continue;
            };
            if node.members().is_none() {
                self.wrong_type(None, node, format!("`{key}` is no object"));
            }
            self.doubled_keys(node, None);
        }
        let name = |path: &[&str]| {
            let name = metadata.at(self.file, path)?.string(self.file)?;
            Some(name.to_lowercase())
        };
        let kernel = name(&["kernelspec", "name"]).unwrap_or_default();
        let language = name(&["language_info", "name"])
            .or_else(|| name(&["kernelspec", "language"]))
            .or_else(|| kernel.starts_with("python").then(|| "python".to_owned()));
        let version = name(&["language_info", "version"]).unwrap_or_default();
        // The kernel's name says what will run it, the version what ran it last. Where the two differ, somebody has moved
        // the notebook to Python 3, or tried to.
        let python_2 = kernel.starts_with("python2") && !version.starts_with("3.")
            || version.starts_with("2.") && !kernel.starts_with("python3");
        let is_python = language
            .as_ref()
            .is_some_and(|name| name.starts_with("python") || name == "ipython");
        Some(Language {
            name: language,
            python_2: python_2 && is_python,
        })
    }

    fn worksheet(&mut self, sheet: &Node) {
        let Some(cells) = sheet.get(self.file, "cells") else {
            let start = sheet.span.start;
            let message = "a worksheet has no `cells`";
            self.problem(ProblemKind::MissingKey, None, start..start + 1, message);
            return;
        };
        match cells.elements() {
            Some(cells) => cells.iter().for_each(|cell| self.cell(cell)),
            None => self.wrong_type(None, cells, "the `cells` of a worksheet are no array"),
        }
    }

    fn cell(&mut self, node: &Node) {
        let here = Some(CellId(self.cells.len()));
        let owner = Owner(here);
        let mut cell = Cell {
            kind: CellKind::Other,
            source: String::new(),
            id: None,
            execution_count: None,
            span: node.span.clone(),
            place: Source::default(),
            outputs: None,
            count: None,
            metadata: None,
        };
        if node.members().is_none() {
            self.wrong_type(here, node, format!("{owner} is no object"));
            self.cells.push(cell);
            return;
        }
        self.doubled_keys(node, here);
        cell.kind = self.kind(node, here);
        let source_key = if self.old && cell.kind == CellKind::Code {
            "input"
        } else {
            "source"
        };
        if let Some(value) = self.required(node, source_key, here) {
            (cell.place, cell.source) = self.source(value, source_key, here);
        }
        if let Some(value) = self.required(node, "metadata", here) {
            cell.metadata = self.bracketed(value, '{', "metadata", "object", here);
        }
        if cell.kind == CellKind::Code {
            if let Some(value) = self.required(node, "outputs", here) {
                cell.outputs = self.bracketed(value, '[', "outputs", "array", here);
            }
            let count_key = if self.old {
                "prompt_number"
            } else {
                "execution_count"
            };
            if let Some(value) = self.required(node, count_key, here) {
                cell.count = Some(value.span.clone());
                let raw = value.raw(self.file);
                cell.execution_count = raw.parse().ok();
                if raw != "null" && !is_integer(raw) && !self.old {
                    let message =
                        format!("`{count_key}` of {owner} is neither an integer nor null");
                    self.wrong_type(here, value, message);
                }
            }
        }
        if let Some(value) = node.get(self.file, "id") {
            cell.id = value.string(self.file).map(|id| id.into_owned());
            if self.wants_ids {
                self.id(value, cell.id.as_deref(), CellId(self.cells.len()));
            }
        } else if self.wants_ids {
            let brace = node.span.start..node.span.start + 1;
            let message = format!("{owner} has no `id`, which nbformat 4.5 requires");
            self.problem(ProblemKind::MissingCellId, here, brace, message);
        }
        self.cells.push(cell);
    }

    fn kind(&mut self, node: &Node, here: Option<CellId>) -> CellKind {
        let Some(value) = self.required(node, "cell_type", here) else {
            return CellKind::Other;
        };
        let owner = Owner(here);
        let Some(name) = value.string(self.file) else {
            self.wrong_type(
                here,
                value,
                format!("the `cell_type` of {owner} is no string"),
            );
            return CellKind::Other;
        };
        match &*name {
            "code" => CellKind::Code,
            "markdown" => CellKind::Markdown,
            "raw" => CellKind::Raw,
            "heading" | "html" if self.old => CellKind::Markdown,
            _ => {
                let message = format!("{owner} has the unknown `cell_type` `{name}`");
                let kind = ProblemKind::UnknownCellType;
                self.problem(kind, here, value.span.clone(), message);
                CellKind::Other
            }
        }
    }

    /// The place and the text of a source. One that cannot be read is a problem, and counts as absent.
    fn source(&mut self, node: &Node, key: &str, here: Option<CellId>) -> (Source, String) {
        let literals = match (&node.value, node.literal(self.file)) {
            (Value::Array(elements), _) => elements
                .iter()
                .map(|element| element.literal(self.file))
                .collect(),
            (_, literal) => literal.map(|literal| vec![literal]),
        };
        let owner = Owner(here);
        let Some(literals): Option<Vec<Range<usize>>> = literals else {
            let message =
                format!("the `{key}` of {owner} is neither a string nor an array of strings");
            self.wrong_type(here, node, message);
            return Default::default();
        };
        let form = match node.value {
            Value::Array(_) => Form::Array,
            _ => Form::String,
        };
        let mut text = String::with_capacity(node.span.len());
        let mut lone = None;
        let mut pieces = Vec::with_capacity(literals.len());
        for raw in literals {
            let start = text.len();
            let literal = self.file.get(raw.clone()).unwrap_or_default();
            let found = literal::decode_into(literal, &mut text);
            lone = lone.or(found.map(|at| raw.start + at));
            let text = start..text.len();
            pieces.push(Piece { raw, text });
        }
        if let Some(at) = lone {
            let escape = self.file.get(at..at + 6).unwrap_or_default();
            let message =
                format!("the source of {owner} holds `{escape}`, half of a surrogate pair");
            self.problem(ProblemKind::LoneSurrogate, here, at..at + 6, message);
        }
        let span = node.span.clone();
        (Source { form, span, pieces }, text)
    }

    /// The range of a value that must be an object or an array, told by its first byte.
    fn bracketed(
        &mut self,
        node: &Node,
        bracket: char,
        key: &str,
        noun: &str,
        here: Option<CellId>,
    ) -> Option<Range<usize>> {
        if node.raw(self.file).starts_with(bracket) {
            return Some(node.span.clone());
        }
        let message = format!("the `{key}` of {} is no {noun}", Owner(here));
        self.wrong_type(here, node, message);
        None
    }

    fn id(&mut self, node: &Node, id: Option<&str>, here: CellId) {
        let owner = Owner(Some(here));
        let range = node.span.clone();
        let Some(id) = id else {
            self.wrong_type(
                Some(here),
                node,
                format!("the `id` of {owner} is no string"),
            );
            return;
        };
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if !(1..=64).contains(&id.len()) || !id.bytes().all(allowed) {
            let message = format!(
                "the `id` of {owner} is not made of 1 to 64 ASCII letters, digits, `-` and `_`"
            );
            let kind = ProblemKind::InvalidCellId;
            self.problem(kind, Some(here), range.clone(), message);
        }
        match self.ids.entry(node.raw(self.file)) {
            Entry::Vacant(entry) => {
                entry.insert(here);
            }
            Entry::Occupied(first) => {
                let message = format!("{owner} has the `id` of {}", Owner(Some(*first.get())));
                let kind = ProblemKind::DuplicateCellId;
                self.problem(kind, Some(here), range, message);
            }
        }
    }
}

/// Whether this format asks for an `id` in each cell.
pub(crate) fn wants_ids(format: (i64, i64)) -> bool {
    format >= (4, 5)
}

/// Whether a JSON value is an integer, of any size.
fn is_integer(raw: &str) -> bool {
    let digits = raw.strip_prefix('-').unwrap_or(raw);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// What messages call the owner of a key.
#[derive(Clone, Copy)]
struct Owner(Option<CellId>);

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self.0 {
            Some(cell) => write!(f, "cell {}", cell.number()),
            None => f.write_str("the notebook"),
        }
    }
}
