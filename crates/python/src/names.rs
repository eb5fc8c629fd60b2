//! Names as written, and the names that Python brings.

use ruff_python_ast::{ExprName, ExprRef, PythonVersion};

/// The names of `a.b.c` as written: the first name, and all parts joined by dots.
/// `None` for anything that is not a chain of plain names.
pub fn dotted<'a>(expr: impl Into<ExprRef<'a>>) -> Option<(&'a ExprName, Vec<&'a str>)> {
    let mut parts = Vec::new();
    let mut at = expr.into();
    loop {
        match at {
            ExprRef::Attribute(attribute) => {
                parts.push(attribute.attr.as_str());
                at = ExprRef::from(&*attribute.value);
            }
            ExprRef::Name(name) => {
                parts.push(name.id.as_str());
                parts.reverse();
                return Some((name, parts));
            }
            _ => return None,
        }
    }
}

/// Whether `name` is built into Python or IPython.
pub fn is_builtin(name: &str) -> bool {
    ruff_python_stdlib::builtins::is_python_builtin(name, PythonVersion::latest().minor, true)
}

/// Whether `module` (its first part) belongs to Python's standard library.
pub fn is_stdlib(module: &str) -> bool {
    let root = module.split('.').next().unwrap_or(module);
    ruff_python_stdlib::sys::is_known_standard_library(PythonVersion::latest().minor, root)
}
