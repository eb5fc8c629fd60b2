//! The cells of one document, parsed.

use nbfix_ipynb::{CellId, CellKind, DocumentKind, Notebook};
use nbfix_python::{Body, Module, split};
use nbfix_text::TextRange;

use crate::Scope;
use crate::beside::{BesideModule, Origin, data_files_of, modules_of};
use crate::magics::{Timed, timed};

/// What one cell holds.
#[derive(Debug)]
pub enum Source {
    /// Markdown, raw text, or code of a kernel that is not Python.
    NotPython,
    /// Python of the document itself, from `code.start()` on.
    Python {
        /// The parsed cell.
        module: Module,
        /// The part that is Python; what stands before is a cell magic's line.
        code: TextRange,
        /// Name and arguments of that magic (`%%capture out`).
        magic: Option<(String, String)>,
        /// The statements behind line magics (`%time x = f()`).
        timed: Vec<Timed>,
    },
    /// `%%writefile NAME.py`: a Python file of its own.
    File {
        /// The parsed file; its ranges are those of the cell.
        module: Module,
        /// The file's text.
        code: TextRange,
        /// The path as written in the cell.
        path: String,
    },
    /// A text that is written to a file, but no Python.
    OtherFile {
        /// The file's text.
        code: TextRange,
        /// The path as written in the cell.
        path: String,
    },
    /// Shell lines.
    Shell {
        /// The shell's text.
        code: TextRange,
    },
    /// A cell magic that nobody here knows; its body may be anything.
    Opaque {
        /// The magic's name.
        magic: String,
        /// What stands behind it on its line.
        arguments: String,
    },
}

/// The parsed cells of one document, by position.
#[derive(Debug)]
pub struct Sources {
    cells: Vec<Source>,
    path: String,
    modules: Vec<BesideModule>,
    requirements: Option<Vec<String>>,
    data: Vec<(String, String)>,
}

impl Sources {
    /// Parses every code cell of `notebook`, and the modules beside it that it imports.
    pub fn parse<'o>(notebook: &Notebook, origin: impl Into<Origin<'o>>) -> Self {
        let origin: Origin<'_> = origin.into();
        let language = notebook.language();
        let python = language.is_none_or(|language| is_python(language) || language == "ipython");
        let cells = notebook
            .ids()
            .map(|(id, cell)| {
                if notebook.kind() == DocumentKind::Script {
                    let code = TextRange::new(0, cell.source.len());
                    let module = Module::file(&cell.source, code);
                    return Source::Python {
                        module,
                        code,
                        magic: None,
                        timed: Vec::new(),
                    };
                }
                let own = notebook.cell_language(id);
                let foreign = own.is_some_and(|language| !is_python(&language.to_lowercase()));
                if cell.kind != CellKind::Code || !python || foreign {
                    return Source::NotPython;
                }
                code_cell(&cell.source)
            })
            .collect();
        let mut this = Self {
            cells,
            path: origin.path.to_owned(),
            modules: Vec::new(),
            requirements: None,
            data: Vec::new(),
        };
        if let Some(beside) = origin.beside {
            this.requirements = beside.requirements();
            // Few documents name such a file; only these are searched.
            let names_one = |cell: &nbfix_ipynb::Cell| cell.source.contains("mcp");
            if notebook.cells().iter().any(names_one) {
                this.data = data_files_of(&this.cells, beside);
            }
            this.modules = modules_of(&this.cells, beside);
        }
        this
    }

    /// What the cell holds.
    pub fn get(&self, cell: CellId) -> &Source {
        self.cells.get(cell.index()).unwrap_or(&Source::NotPython)
    }

    /// The modules beside the document that it imports, and those that they import.
    pub(crate) fn modules(&self) -> &[BesideModule] {
        &self.modules
    }

    /// What files near the document ask for (see [`crate::Beside::requirements`]).
    pub(crate) fn requirements(&self) -> Option<&[String]> {
        self.requirements.as_deref()
    }

    /// The data files near the document that it names, by path as written, with their texts.
    pub(crate) fn data(&self) -> &[(String, String)] {
        &self.data
    }

    /// The document's path as it was given.
    pub fn path(&self) -> &str {
        &self.path
    }
}

fn is_python(language: &str) -> bool {
    language.starts_with("python")
}

fn code_cell(source: &str) -> Source {
    match split(source) {
        Body::Python { code, magic } => {
            let module = Module::cell(source, code);
            Source::Python {
                timed: timed(source, &module),
                module,
                code,
                magic: magic.map(|(name, arguments)| (name.to_owned(), arguments.to_owned())),
            }
        }
        Body::Shell { code, .. } => Source::Shell { code },
        Body::File { code, path, .. } if has_extension(path, "py") => Source::File {
            module: Module::file(source, code),
            code,
            path: path.to_owned(),
        },
        Body::File { code, path, .. } => Source::OtherFile {
            code,
            path: path.to_owned(),
        },
        Body::Opaque { magic, arguments } => Source::Opaque {
            magic: magic.to_owned(),
            arguments: arguments.to_owned(),
        },
    }
}

fn has_extension(path: &str, extension: &str) -> bool {
    std::path::Path::new(path)
        .extension()
        .is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

/// A namespace: the notebook's own, or that of one file that its cells write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProgramId(pub(crate) usize);

impl ProgramId {
    /// The namespace of the document itself.
    pub const DOCUMENT: Self = Self(0);
}

/// What a namespace is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramKind {
    /// The cells of a notebook.
    Notebook,
    /// A plain `.py` file.
    Script,
    /// A file that cells of a notebook write.
    CellFile,
    /// A module beside the document that it imports. It is no part of the document: no rule looks into it.
    Module,
}

/// One namespace of the document.
#[derive(Debug)]
pub struct Program {
    /// What it is.
    pub kind: ProgramKind,
    /// The document's path, the path that a cell writes to, or the module's.
    pub path: String,
}

impl Program {
    /// The last part of the path.
    pub fn file_name(&self) -> &str {
        self.path.rsplit(['/', '\\']).next().unwrap_or(&self.path)
    }
}

/// One parsed text: a cell of the notebook, the file in a cell, or a script.
#[derive(Debug)]
pub struct Unit<'a> {
    /// Position among the units; later means later in the document.
    pub index: usize,
    /// The cell that holds it.
    pub cell: CellId,
    /// The namespace that it belongs to.
    pub program: ProgramId,
    /// The tree.
    pub module: &'a Module,
    /// The cell's whole text, to which all ranges belong.
    pub source: &'a str,
    /// The part that is Python.
    pub code: TextRange,
    pub(crate) scopes: Vec<Scope<'a>>,
    pub(crate) attributes: Vec<crate::binder::Attribute<'a>>,
}

impl<'a> Unit<'a> {
    /// The scopes below the top level, outer before inner.
    pub fn scopes(&self) -> &[Scope<'a>] {
        &self.scopes
    }
}
