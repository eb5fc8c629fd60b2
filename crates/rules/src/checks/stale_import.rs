//! `stale-import`: a name that the module beside the notebook does not have.

use nbfix_ipynb::CellId;
use nbfix_lint::guards::{is_caught, is_conditional};
use nbfix_lint::{Check, Findings, Level, Report};
use nbfix_python::ast::{Alias, StmtImportFrom};
use nbfix_python::{AnyNodeRef, SourceOrderVisitor, TraversalSignal, is_stdlib, range};
use nbfix_semantic::{ProgramId, ProgramKind, Semantic, Unit};

use crate::names::{name_list, nearest};

pub(crate) const CHECK: Check = Check::Notebook(check);

/// What every module has, and no file says.
const OF_ALL_MODULES: [&str; 10] = [
    "__name__",
    "__doc__",
    "__file__",
    "__path__",
    "__dict__",
    "__spec__",
    "__loader__",
    "__package__",
    "__cached__",
    "__builtins__",
];

/// How many names are told; of more only their number.
const MAX_NAMED: usize = 5;

/// What a notebook does to be in another folder, or to have another module than the file.
const MOVES: [&str; 5] = ["%cd", "chdir", "pushd", "sys.modules", "addsitedir"];

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    let local = semantic
        .programs()
        .any(|(_, program)| matches!(program.kind, ProgramKind::Module | ProgramKind::CellFile));
    if !local || semantic.program(ProgramId::DOCUMENT).kind != ProgramKind::Notebook {
        return;
    }
    for unit in semantic.units_of(ProgramId::DOCUMENT) {
        if unit.source.contains("from") {
            let mut imports = Imports::default();
            imports.visit_body(unit.module.body());
            for (import, module) in imports.found {
                findings.extend(stale(semantic, unit, import, module));
            }
        }
    }
}

/// The imports of a text that nothing guards.
#[derive(Default)]
struct Imports<'a> {
    found: Vec<(&'a StmtImportFrom, &'a str)>,
    ancestors: Vec<AnyNodeRef<'a>>,
}

impl<'a> SourceOrderVisitor<'a> for Imports<'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        if let AnyNodeRef::StmtImportFrom(import) = node
            && let Some(module) = import.module.as_ref().filter(|_| import.level == 0)
        {
            let place = range(import);
            if !is_caught(&self.ancestors, place) && !is_conditional(&self.ancestors, place) {
                self.found.push((import, module.as_str()));
            }
        }
        self.ancestors.push(node);
        TraversalSignal::Traverse
    }

    fn leave_node(&mut self, _: AnyNodeRef<'a>) {
        self.ancestors.pop();
    }
}

/// The module as it will be when the import runs.
struct Target {
    program: ProgramId,
    /// The cell that writes it, if one does.
    written: Option<CellId>,
}

fn stale<'a>(
    semantic: &Semantic<'a>,
    unit: &Unit<'a>,
    import: &'a StmtImportFrom,
    module: &str,
) -> Option<Report> {
    if is_stdlib(module) {
        return None;
    }
    let target = target(semantic, unit, module)?;
    let program = target.program;
    // Of a file that a cell writes only that cell tells.
    let lacks = |name: &str| match target.written {
        Some(_) => {
            semantic.bindings(program, name).is_empty()
                && !semantic.is_dynamic(program)
                && !semantic.has_star_import(program)
        }
        None => semantic.exports(module, name) == Some(false),
    };
    let missing: Vec<&Alias> = import
        .names
        .iter()
        .filter(|alias| {
            let name = alias.name.as_str();
            name != "*" && !OF_ALL_MODULES.contains(&name) && lacks(name)
        })
        .collect();
    if missing.is_empty()
        || semantic
            .units_of(program)
            .any(|unit| unit.source.contains("sys.modules") || unit.source.contains("locals()"))
        || is_elsewhere(semantic, unit, module, &target)
    {
        return None;
    }
    // What a template has in comments comes with filling it in; what it does not even name is another matter.
    let in_comment = |alias: &&Alias| is_comment(semantic, program, alias.name.as_str());
    let (commented, absent): (Vec<&Alias>, Vec<&Alias>) = missing.into_iter().partition(in_comment);
    let is_template = absent.is_empty();
    let (missing, besides) = match is_template {
        true => (commented, Vec::new()),
        false => (absent, commented),
    };
    let (first, others) = missing.split_first()?;
    let names: Vec<&str> = missing.iter().map(|alias| alias.name.as_str()).collect();
    let path = &semantic.program(program).path;
    let mut offers = public(semantic, program, module);
    let near = nearest(first.name.as_str(), offers.iter().copied()).filter(|_| others.is_empty());
    let mut report = Report::at(unit.cell, range(&first.name))
        .with("path", path.as_str())
        .with(
            "names",
            list(names.get(..MAX_NAMED).unwrap_or(&names), names.len()),
        );
    let too = match is_template {
        true => "and this",
        false => "nor this",
    };
    for other in others {
        report = report.label(unit.cell, range(&other.name), too);
    }
    for other in &besides {
        report = report.label(unit.cell, range(&other.name), "in a comment only");
    }
    if is_template {
        report = report.help(format!(
            "{path} has them in comments only: take the `#` away, and fill in the values."
        ));
    } else if offers.is_empty() {
        report = report.help(format!("{path} defines nothing to import."));
    } else {
        let count = offers.len();
        offers.truncate(MAX_NAMED);
        report = report.with("offers", list(&offers, count));
    }
    if is_template {
        report = report.level(Level::Note);
    }
    let key = match (target.written, near) {
        _ if is_template => Some("template"),
        (Some(_), Some(_)) => Some("cell-near"),
        (Some(_), None) => Some("cell"),
        (None, Some(_)) => Some("near"),
        (None, None) => None,
    };
    if let Some(near) = near {
        report = report.with("near", near);
    }
    if let Some(cell) = target.written {
        report = report.with("other", cell.number().to_string());
    }
    Some(match key {
        Some(key) => report.says(key),
        None => report,
    })
}

/// The names that are told of `count`.
fn list(names: &[&str], count: usize) -> String {
    match count - names.len() {
        0 => name_list(names),
        1 => format!("{} and one more", quoted(names)),
        more => format!("{} and {more} more", quoted(names)),
    }
}

fn quoted(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// Whether the module's text binds the name in a comment, as templates do.
fn is_comment(semantic: &Semantic<'_>, program: ProgramId, name: &str) -> bool {
    semantic.units_of(program).any(|unit| {
        unit.source.lines().any(|line| {
            let text = line.trim_start();
            let text = text
                .starts_with('#')
                .then(|| text.trim_start_matches(['#', ' ']));
            let targets = text
                .and_then(|text| text.split_once('='))
                .map(|(targets, _)| targets);
            targets.is_some_and(|targets| targets.split(',').any(|target| target.trim() == name))
        })
    })
}

/// The module's own public names, in the order of the file: what it defines before what it imports.
fn public<'a>(semantic: &Semantic<'a>, program: ProgramId, module: &str) -> Vec<&'a str> {
    let mut names: Vec<(bool, usize, usize, &str)> = semantic
        .names(program)
        .filter(|(name, _)| !name.starts_with('_'))
        .filter_map(|(name, bindings)| {
            let first = bindings.first()?;
            let imported = matches!(first.kind, nbfix_semantic::BindingKind::Import(_));
            Some((imported, first.unit, first.range.start(), name))
        })
        .collect();
    names.sort_unstable();
    // What a module imports for itself is rarely what somebody else wants; a package's imports are what it offers.
    let package = semantic.program(program).file_name() == "__init__.py";
    let members = semantic.members(module).iter().map(String::as_str);
    names
        .into_iter()
        .filter(|(imported, ..)| package || !imported)
        .map(|(.., name)| name)
        .chain(members.filter(|name| !name.starts_with('_')))
        .collect()
}

/// The module that `import module` reads at `unit`; `None` if that cannot be told.
fn target(semantic: &Semantic<'_>, unit: &Unit<'_>, module: &str) -> Option<Target> {
    let place = module.replace('.', "/");
    let files = [format!("{place}.py"), format!("{place}/__init__.py")];
    let beside = semantic.module(module);
    let mut written = None;
    for other in semantic.units() {
        let program = semantic.program(other.program);
        if program.kind != ProgramKind::CellFile {
            continue;
        }
        let path = program.path.trim_start_matches("./");
        let head = other.source.get(..other.code.start()).unwrap_or_default();
        if files.iter().any(|file| file == path) {
            let appends = head.contains(" -a");
            if other.index > unit.index || appends && beside.is_some() {
                return None;
            }
            written.get_or_insert((other.program, other.cell));
        } else if files.iter().any(|file| path.ends_with(&format!("/{file}"))) {
            // It may be the one that is read, by way of `sys.path`, or a copy for another machine.
            return None;
        }
    }
    match written {
        Some((program, cell)) => Some(Target {
            program,
            written: Some(cell),
        }),
        None => Some(Target {
            program: beside?,
            written: None,
        }),
    }
}

/// Whether the import may read another file: the notebook has gone to another folder, puts one before its own, or
/// fetches the module.
fn is_elsewhere(semantic: &Semantic<'_>, unit: &Unit<'_>, module: &str, target: &Target) -> bool {
    let root = module.split('.').next().unwrap_or(module);
    let last = module.rsplit('.').next().unwrap_or(module);
    let file = format!("{last}.py");
    let own_folder = target.written.is_none() && lies_in_own_folder(semantic, module, target);
    let notebook = semantic.notebook();
    notebook.ids().any(|(id, cell)| {
        let text = cell.source.as_str();
        let before = id <= unit.cell;
        let writes_it = semantic
            .units_of(target.program)
            .any(|written| written.cell == id);
        if cell.kind != nbfix_ipynb::CellKind::Code || !before || writes_it {
            return false;
        }
        MOVES.iter().any(|word| text.contains(word))
            || text.contains(&file)
            || own_folder && text.contains("sys.path.insert")
            || text.lines().any(|line| {
                let line = line.trim_start();
                line.starts_with("cd ") || fetches(line) && line.contains(root)
            })
    })
}

/// Whether a line brings files.
fn fetches(line: &str) -> bool {
    [
        "clone",
        "wget",
        "curl",
        "unzip",
        "tar ",
        "cp ",
        "copy",
        "urlretrieve",
        "extract",
    ]
    .iter()
    .any(|word| line.contains(word))
}

/// Whether the module lies in the notebook's own folder, and not in one that was put on the path.
fn lies_in_own_folder(semantic: &Semantic<'_>, module: &str, target: &Target) -> bool {
    let slashes = |path: &str| path.replace('\\', "/");
    let document = slashes(&semantic.program(ProgramId::DOCUMENT).path);
    let folder = document.rsplit_once('/').map_or("", |(folder, _)| folder);
    let path = slashes(&semantic.program(target.program).path);
    let Some(rest) = path.strip_prefix(folder) else {
        return false;
    };
    let place = module.replace('.', "/");
    rest.trim_start_matches('/').starts_with(&place)
}
