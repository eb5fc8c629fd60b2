//! Names that nobody has to bind.

use std::cell::OnceCell;

use nbfix_ipynb::Notebook;
use nbfix_python::is_builtin;

/// What IPython and the module machinery put into the namespace of a notebook.
const IPYTHON: &[&str] = &[
    "In",
    "Out",
    "_",
    "__",
    "___",
    "_i",
    "_ii",
    "_iii",
    "_ih",
    "_oh",
    "_dh",
    "_exit_code",
    "_exception",
    "exit",
    "quit",
    "get_ipython",
    "display",
    "open",
    "__name__",
    "__doc__",
    "__builtin__",
    "__builtins__",
    "__spec__",
    "__loader__",
    "__package__",
    "__annotations__",
    "__debug__",
    "copyright",
    "credits",
    "license",
    "help",
    "__vsc_ipynb_file__",
    "__session__",
    "__IPYTHON__",
];

/// What the platforms bring on which notebooks are written. A notebook rarely says where it belongs, and no notebook
/// calls something else by these names.
const PLATFORMS: &[&str] = &[
    "spark",
    "sc",
    "sqlContext",
    "dbutils",
    "displayHTML",
    "mssparkutils",
    "notebookutils",
    "glueContext",
];

/// What only Databricks brings; the names are too plain to be left alone elsewhere.
const DATABRICKS: &[&str] = &["table", "sql", "udf", "getArgument"];

/// Builtins of Python 2 that Python 3 has no more, or keeps in modules.
const PYTHON_2: &[&str] = &[
    "apply",
    "basestring",
    "buffer",
    "cmp",
    "coerce",
    "execfile",
    "file",
    "intern",
    "long",
    "raw_input",
    "reduce",
    "reload",
    "unichr",
    "unicode",
    "xrange",
    "StandardError",
];

/// The names that a notebook finds in its namespace.
pub(crate) struct Known<'a> {
    notebook: &'a Notebook,
    databricks: OnceCell<bool>,
}

impl<'a> Known<'a> {
    pub(crate) fn of(notebook: &'a Notebook) -> Self {
        Self {
            notebook,
            databricks: OnceCell::new(),
        }
    }

    /// Whether the notebook was written on Databricks. The whole file is searched, so nobody asks without need.
    fn databricks(&self) -> bool {
        let marks = ["application/vnd.databricks", "Databricks notebook source"];
        let text = self.notebook.text();
        let marked = || marks.iter().any(|mark| text.contains(mark));
        *self.databricks.get_or_init(marked)
    }

    /// Whether `name` is there before the first cell runs. `__file__` is not, though it is in every script.
    pub(crate) fn contains(&self, name: &str) -> bool {
        is_builtin(name) && name != "__file__"
            || IPYTHON.contains(&name)
            || PLATFORMS.contains(&name)
            || DATABRICKS.contains(&name) && self.databricks()
            || PYTHON_2.contains(&name) && self.notebook.is_python_2()
            || is_history(name)
    }
}

/// `_12`, `_i12`: earlier outputs and inputs.
fn is_history(name: &str) -> bool {
    let number = name.strip_prefix("_i").or_else(|| name.strip_prefix('_'));
    number.is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}
