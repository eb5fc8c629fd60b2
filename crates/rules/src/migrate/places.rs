//! Where a migration puts what it writes: statements that stand alone, the place for a client, free names.

use std::collections::BTreeMap;

use nbfix_ipynb::CellId;
use nbfix_python::ast::{Expr, Stmt};
use nbfix_python::range;
use nbfix_semantic::{ProgramId, Semantic, Unit};
use nbfix_text::{Edit, TextRange};

use crate::degrade::{line_end, line_start};

/// Edits of several cells.
pub(crate) type Edits = Vec<(CellId, Edit)>;

pub(crate) fn unit_of<'s, 'a>(
    semantic: &'s Semantic<'a>,
    index: usize,
) -> Result<&'s Unit<'a>, String> {
    let unit = semantic.units().get(index);
    unit.ok_or_else(|| "a cell cannot be found".to_owned())
}

/// The first of these names that the notebook does not bind.
pub(crate) fn free_name<'n>(semantic: &Semantic<'_>, names: &[&'n str]) -> Result<&'n str, String> {
    let mut free = names
        .iter()
        .filter(|name| !semantic.is_bound(ProgramId::DOCUMENT, name));
    let taken = || {
        format!(
            "`{}` has another meaning here",
            names.first().unwrap_or(&"")
        )
    };
    free.next().copied().ok_or_else(taken)
}

/// The line end of a cell.
pub(crate) fn newline(unit: &Unit<'_>) -> &'static str {
    match unit.source.contains("\r\n") {
        true => "\r\n",
        false => "\n",
    }
}

/// The blanks before a statement that has its lines for itself.
pub(crate) fn own_indent<'u>(unit: &Unit<'u>, at: TextRange) -> Option<&'u str> {
    let before = TextRange::new(line_start(unit.source, at.start()), at.start());
    let behind = TextRange::new(at.end(), line_end(unit.source, at.end()));
    let behind = behind.of(unit.source).trim();
    let before = before.of(unit.source);
    let free = behind.is_empty() || behind.starts_with('#');
    (before.trim().is_empty() && free).then_some(before)
}

/// Whether a statement of the top level has its lines for itself.
pub(crate) fn is_alone(unit: &Unit<'_>, at: TextRange) -> bool {
    own_indent(unit, at).is_some_and(str::is_empty)
}

/// Takes the lines of a statement away.
pub(crate) fn without_line(unit: &Unit<'_>, at: TextRange) -> Edit {
    let source = unit.source;
    let (start, end) = (line_start(source, at.start()), line_end(source, at.end()));
    let rest = source.get(end..).unwrap_or_default();
    let below = rest.trim_start_matches('\r').strip_prefix('\n');
    let newline = rest.len() - below.map_or(rest.len(), str::len);
    Edit::delete(TextRange::new(start, end + newline))
}

/// The statement of the top level behind which a client can be made: the import, or what gives the environment one of
/// `keys` below it and above the first call.
pub(crate) fn behind(
    semantic: &Semantic<'_>,
    import: (usize, TextRange),
    first_call: (usize, usize),
    keys: &[&str],
) -> Result<(usize, TextRange), String> {
    let mut found = None;
    for unit in semantic.units_of(ProgramId::DOCUMENT) {
        for stmt in unit.module.body() {
            let at = range(stmt);
            let holds = unit.index == import.0 && at.covers(import.1);
            if holds && !matches!(stmt, Stmt::Import(_) | Stmt::ImportFrom(_)) {
                return Err("the module is imported under a condition".to_owned());
            }
            let text = at.of(unit.source);
            let sets = text.contains("load_dotenv(")
                || keys.iter().any(|key| text.contains(key))
                    && matches!(stmt, Stmt::Assign(_) | Stmt::Expr(_) | Stmt::If(_));
            let above = (unit.index, at.end()) <= first_call;
            if holds || found.is_some() && sets && above {
                found = Some((unit.index, at));
            }
        }
    }
    found.ok_or_else(|| "the module is imported in a function".to_owned())
}

/// The same edits, those that insert at one place made one, in their order.
pub(crate) fn joined(edits: Edits) -> Edits {
    let mut joined = Edits::new();
    let mut inserted: BTreeMap<(CellId, usize), String> = BTreeMap::new();
    for (cell, edit) in edits {
        match edit.range.is_empty() {
            true => *inserted.entry((cell, edit.range.start())).or_default() += &edit.insert,
            false => joined.push((cell, edit)),
        }
    }
    let inserted = inserted.into_iter();
    joined.extend(inserted.map(|((cell, at), text)| (cell, Edit::insert(at, text))));
    joined
}

/// Whether an expression gives the same wherever it stands: texts, names, and reads of the environment.
pub(crate) fn is_plain(expr: &Expr) -> bool {
    match expr {
        Expr::StringLiteral(_) | Expr::Name(_) | Expr::NoneLiteral(_) => true,
        Expr::Attribute(attribute) => is_plain(&attribute.value),
        Expr::Subscript(subscript) => is_plain(&subscript.value) && is_plain(&subscript.slice),
        Expr::BoolOp(either) => either.values.iter().all(is_plain),
        Expr::Call(call) => is_plain(&call.func) && call.arguments.args.iter().all(is_plain),
        Expr::BinOp(both) => is_plain(&both.left) && is_plain(&both.right),
        Expr::FString(_) => true,
        _ => false,
    }
}
