//! `moved-import`: an import from a module that has moved.

use std::borrow::Cow;

use nbfix_lint::guards::{branches, handler_body, is_caught};
use nbfix_lint::{Check, Context, Findings, Level, Report, Safety};
use nbfix_python::ast::{Alias, Stmt, StmtImport, StmtImportFrom, StmtTry};
use nbfix_python::{AnyNodeRef, NodeKind, range};
use nbfix_text::{Edit, TextRange};

use crate::Settings;
use crate::names::name_list;
use crate::pins::standing;
use crate::renames::{First, Move, is_root, place_of_module, place_of_name};

pub(crate) const CHECK: Check =
    Check::Node(&[NodeKind::StmtImportFrom, NodeKind::StmtImport], check);

/// A line of a mended import is no longer than this; beyond, its names stand one to a line.
const WIDTH: usize = 100;

fn check<'a>(context: &Context<'_, 'a>, node: AnyNodeRef<'a>, findings: &mut Findings<'_>) {
    let report = match node {
        AnyNodeRef::StmtImportFrom(import) => from_import(context, import, Settings::of(findings)),
        AnyNodeRef::StmtImport(import) => plain_import(context, import, Settings::of(findings)),
        _ => None,
    };
    findings.extend(report);
}

/// Names that go to one module together.
struct Group<'a> {
    row: Cow<'static, Move>,
    module: String,
    /// A lower level, where not everybody has the new version.
    lowered: Option<Level>,
    names: Vec<&'a Alias>,
}

fn from_import<'a>(
    context: &Context<'_, 'a>,
    import: &'a StmtImportFrom,
    settings: &Settings,
) -> Option<Report> {
    let configured = &settings.packages.moved;
    let old = import.module.as_ref().filter(|_| import.level == 0)?;
    let old = old.as_str();
    if !is_root(configured, old.split('.').next()?) || is_own(context, old) {
        return None;
    }
    let all: Vec<&str> = import
        .names
        .iter()
        .map(|alias| alias.name.as_str())
        .collect();
    let mut groups: Vec<Group<'a>> = Vec::new();
    let mut staying: Vec<&'a Alias> = Vec::new();
    for alias in &import.names {
        let moved = place_of_name(configured, old, alias.name.as_str(), &all);
        let moved = moved.and_then(|(row, module)| {
            let lowered = standing(context.semantic, settings, &row.package, &row.since)?;
            Some((row, module, lowered))
        });
        // What a star import brings from the new place nobody has looked at.
        let Some((row, module, lowered)) = moved.filter(|_| alias.name.as_str() != "*") else {
            staying.push(alias);
            continue;
        };
        let known = groups
            .iter_mut()
            .find(|group| group.module == module && group.row.first() == row.first());
        match known {
            Some(group) => group.names.push(alias),
            None => groups.push(Group {
                row,
                module,
                lowered,
                names: vec![alias],
            }),
        }
    }
    let at = range(import);
    if groups.is_empty() || is_guarded(context, at) {
        return None;
    }
    let modules: Vec<&str> = groups.iter().map(|group| group.module.as_str()).collect();
    // A module that has gone as a whole is told as one.
    let whole = staying.is_empty() && groups.iter().all(|group| group.row.is_for_all());
    let what = if whole {
        format!("`{old}`")
    } else {
        let moved = groups.iter().flat_map(|group| &group.names);
        let names: Vec<String> = moved.map(|alias| format!("{old}.{}", alias.name)).collect();
        name_list(&names.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let verb = match what.contains(" and ") {
        true => "have",
        false => "has",
    };
    let mut report = context
        .report(import)
        .with("old", what)
        .with("have", verb)
        .with("modules", name_list(&modules));
    report = marked(
        report,
        groups.iter().map(|group| (&*group.row, group.lowered)),
    );
    let Some(indent) = own_lines(context.unit.source, at) else {
        return Some(report);
    };
    let mut blocks: Vec<String> = Vec::new();
    if !staying.is_empty() {
        blocks.push(statement(old, &staying, |name| name, indent));
    }
    for group in &groups {
        let inner = format!("{indent}    ");
        let new = statement(
            &group.module,
            &group.names,
            |name| group.row.renamed(name),
            &inner,
        );
        let old = statement(old, &group.names, |name| name, &inner);
        blocks.push(guarded(&group.row, &new, &old, indent));
    }
    let text = blocks.join(&format!("\n{indent}"));
    Some(report.edit(context.unit.cell, edit(context.unit.source, at, text)))
}

/// `import a.b as c`. Without `as` every use spells the old module, and only one of a single name can be kept.
fn plain_import<'a>(
    context: &Context<'_, 'a>,
    import: &'a StmtImport,
    settings: &Settings,
) -> Option<Report> {
    let at = range(import);
    let mut moved = import.names.iter().filter_map(|alias| {
        let name = alias.name.as_str();
        let (row, module) = place_of_module(&settings.packages.moved, name)?;
        let lowered = standing(context.semantic, settings, &row.package, &row.since)?;
        // `import llama_index` works still: it is the package around the new place.
        let stays = module.starts_with(&format!("{name}."));
        (!stays).then_some((alias, row, module, lowered))
    });
    let (alias, row, module, lowered) = moved.next()?;
    let old = alias.name.as_str();
    if is_own(context, old) || is_guarded(context, at) {
        return None;
    }
    let report = context
        .report(import)
        .with("old", format!("`{old}`"))
        .with("have", "has")
        .with("modules", name_list(&[&module]));
    let report = marked(report, std::iter::once((&*row, lowered)));
    let name = match &alias.asname {
        Some(name) => name.as_str(),
        None if !old.contains('.') => old,
        None => return Some(report),
    };
    let indent = own_lines(context.unit.source, at);
    let (Some(indent), [_]) = (indent, import.names.as_slice()) else {
        return Some(report);
    };
    let as_name = |module: &str| match module == name {
        true => format!("import {module}"),
        false => format!("import {module} as {name}"),
    };
    let text = guarded(&row, &as_name(&module), &as_name(old), indent);
    Some(report.edit(context.unit.cell, edit(context.unit.source, at, text)))
}

/// The report with the promise and the level of its rows.
fn marked<'m>(
    mut report: Report,
    rows: impl Iterator<Item = (&'m Move, Option<Level>)> + Clone,
) -> Report {
    if rows.clone().any(|(row, _)| row.reshaped) {
        report = report.safety(Safety::Unsafe);
    }
    if rows.clone().all(|(row, _)| row.note) {
        return report.says("left").level(Level::Note);
    }
    // The worst of the names counts.
    let levels = rows.map(|(_, lowered)| lowered.unwrap_or(Level::Error));
    match levels.max() {
        Some(level) if level < Level::Error => report.level(level),
        _ => report,
    }
}

/// Whether the module lies beside the document.
fn is_own(context: &Context<'_, '_>, module: &str) -> bool {
    let root = module.split('.').next().unwrap_or(module);
    context.semantic.module(root).is_some()
}

/// The blanks before a statement that has its lines for itself, and no comment among them.
fn own_lines(source: &str, at: TextRange) -> Option<&str> {
    let start = source.get(..at.start())?.rfind('\n').map_or(0, |at| at + 1);
    let indent = source.get(start..at.start())?;
    let behind = source.get(at.end()..)?.lines().next().unwrap_or_default();
    let behind = behind.trim();
    let free = behind.is_empty() || behind.starts_with('#');
    (indent.trim().is_empty() && free && !at.of(source).contains('#')).then_some(indent)
}

/// `from module import a, b as c`, on one line or on several.
fn statement<'n>(
    module: &str,
    names: &[&'n Alias],
    renamed: impl Fn(&'n str) -> &'n str,
    indent: &str,
) -> String {
    let names: Vec<String> = names
        .iter()
        .map(|alias| {
            let name = renamed(alias.name.as_str());
            let bound = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
            match bound == name {
                true => name.to_owned(),
                false => format!("{name} as {bound}"),
            }
        })
        .collect();
    let line = format!("from {module} import {}", names.join(", "));
    if indent.len() + line.len() <= WIDTH {
        return line;
    }
    let names: Vec<String> = names
        .iter()
        .map(|name| format!("{indent}    {name},\n"))
        .collect();
    format!("from {module} import (\n{}{indent})", names.concat())
}

fn guarded(row: &Move, new: &str, old: &str, indent: &str) -> String {
    let (first, second) = match row.first() {
        First::New => (new, old),
        First::Old => (old, new),
    };
    format!("try:\n{indent}    {first}\n{indent}except ImportError:\n{indent}    {second}")
}

/// The replacement, in the line ends of the cell.
fn edit(source: &str, at: TextRange, text: String) -> Edit {
    let text = match source.contains("\r\n") {
        true => text.replace('\n', "\r\n"),
        false => text,
    };
    Edit::replace(at, text)
}

/// Whether the author has thought of both versions: the import stands in a `try`, in its handler, or under a condition
/// on the version.
fn is_guarded(context: &Context<'_, '_>, at: TextRange) -> bool {
    let covers = |body: &[Stmt]| body.iter().any(|stmt| range(stmt).covers(at));
    let falls_back = |each: &StmtTry| {
        each.handlers
            .iter()
            .any(|handler| covers(handler_body(handler)))
    };
    is_caught(context.ancestors, at)
        || context.ancestors.iter().any(|node| match node {
            AnyNodeRef::StmtTry(each) => falls_back(each),
            AnyNodeRef::StmtIf(branch) => branches(branch).any(|(test, _)| {
                test.is_some_and(|test| {
                    let test = context.text(test);
                    test.contains("version") || test.contains("TYPE_CHECKING")
                })
            }),
            _ => false,
        })
}
