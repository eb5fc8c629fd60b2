//! `unguarded-env`: `os.environ["X"]`, and nothing in the notebook that sets it or asks for it.

use std::collections::BTreeMap;

use nbfix_ipynb::CellKind;
use nbfix_lint::{Check, Findings, Level, Report};
use nbfix_python::ast::{Expr, Stmt};
use nbfix_python::range;
use nbfix_semantic::{Semantic, Unit};
use nbfix_text::Edit;

use crate::environment::{Event, What, aliases, as_run, events, is_provided, mentions};

pub(crate) const CHECK: Check = Check::Notebook(check);

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    // Most notebooks never touch the environment.
    if !mentions(semantic, &["environ"]) {
        return;
    }
    let all = events(semantic);
    let is_bare = |event: &Event<'_>| matches!(event.what, What::Read { bare: true, .. });
    if !all.iter().any(is_bare) {
        return;
    }
    let mut known = Known::default();
    // By variable: its unguarded reads.
    let mut found: BTreeMap<&str, (Vec<&Event<'a>>, bool)> = BTreeMap::new();
    let mut seen: Vec<*const Event<'a>> = Vec::new();
    let steps = as_run(&all);
    for step in &steps {
        seen.push(step.event);
        if !runs_elsewhere(semantic, step.event) {
            known.note(step.event, &mut found);
        }
    }
    // Functions that the top level never calls run at the end, if at all.
    for event in all
        .iter()
        .filter(|event| !seen.contains(&std::ptr::from_ref(*event)))
    {
        if !runs_elsewhere(semantic, event) {
            known.note(event, &mut found);
        }
    }
    let mut told: Vec<_> = found.into_iter().collect();
    told.sort_by_key(|(_, (reads, _))| reads.first().map(|read| (read.cell, read.range)));
    for (name, (reads, loaded)) in told {
        if let Some(report) = report(semantic, name, &reads, loaded, &all) {
            findings.push(report);
        }
    }
}

/// Whether the cell shows the code of a cloud function, whose environment is set where that runs.
fn runs_elsewhere(semantic: &Semantic<'_>, event: &Event<'_>) -> bool {
    let unit = semantic.units().get(event.unit);
    unit.is_some_and(|unit| unit.source.contains("def lambda_handler("))
}

/// What the run has done so far.
#[derive(Default)]
struct Known<'e> {
    /// Variables that were set or asked for.
    names: Vec<&'e str>,
    /// Whether any variable may have been.
    all: bool,
    /// Whether a `.env` file was read.
    loaded: bool,
}

impl<'e> Known<'e> {
    fn note<'a>(
        &mut self,
        event: &'e Event<'a>,
        found: &mut BTreeMap<&'e str, (Vec<&'e Event<'a>>, bool)>,
    ) {
        match &event.what {
            What::Set(name) | What::Test(name) => match name {
                Some(name) => self.names.push(name),
                None => self.all = true,
            },
            What::Load => self.loaded = true,
            What::Read { name, bare: true } => {
                let name = name.as_str();
                let excused =
                    event.guarded || self.all || self.names.contains(&name) || is_provided(name);
                if !excused {
                    let entry = found.entry(name).or_insert((Vec::new(), self.loaded));
                    if !entry.0.iter().any(|other| std::ptr::eq(*other, event)) {
                        entry.0.push(event);
                    }
                }
            }
            What::Read { .. } | What::Call(_) => {}
        }
    }
}

fn report<'a>(
    semantic: &Semantic<'a>,
    name: &str,
    reads: &[&Event<'a>],
    loaded: bool,
    all: &[Event<'a>],
) -> Option<Report> {
    let (first, others) = reads.split_first()?;
    let aliases: Vec<&str> = aliases(name).collect();
    let mut report = Report::at(first.cell, first.range)
        .with("name", name)
        .with("aliases", quoted(&aliases));
    for other in others {
        report = report.label(other.cell, other.range, "read here too");
    }
    // The notebook has it, under another name.
    let set = all.iter().find_map(|event| match &event.what {
        What::Set(Some(set)) => Some((event, *aliases.iter().find(|alias| *alias == set)?)),
        _ => None,
    });
    if let Some((event, alias)) = set {
        report = report.says("alias").with("alias", alias).label(
            event.cell,
            event.range,
            format!("`{alias}` is set here"),
        );
    } else if !aliases.is_empty() {
        report = report.says("aliases");
    }
    if is_documented(semantic, name) {
        report = report.level(Level::Note);
    }
    if loaded && set.is_none() {
        // Whether the `.env` file names it nobody can see here; where the variable goes by several names it may not.
        if aliases.is_empty() {
            return None;
        }
        report = report.level(Level::Note);
    }
    let edits: Option<Vec<(usize, Edit)>> = reads
        .iter()
        .map(|read| {
            Some((
                read.unit,
                guarded(semantic.units().get(read.unit)?, read, &aliases)?,
            ))
        })
        .collect();
    for (unit, edit) in edits.into_iter().flatten() {
        if let Some(unit) = semantic.units().get(unit) {
            report = report.edit(unit.cell, edit);
        }
    }
    Some(report)
}

/// Whether the text of the notebook speaks of the variable, so that its reader has been told.
fn is_documented(semantic: &Semantic<'_>, name: &str) -> bool {
    let texts = semantic.notebook().cells().iter();
    let texts = texts.filter(|cell| cell.kind == CellKind::Markdown);
    let in_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    texts
        .flat_map(|cell| cell.source.split(|c| !in_name(c)))
        .any(|word| word == name)
}

fn quoted(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// `NAME = os.environ["X"]` as a read that does not fail, with a warning behind it. Other forms are left to people.
fn guarded(unit: &Unit<'_>, read: &Event<'_>, aliases: &[&str]) -> Option<Edit> {
    let statement = unit
        .module
        .body()
        .iter()
        .find(|stmt| range(*stmt).covers(read.range))?;
    let Stmt::Assign(assign) = statement else {
        return None;
    };
    let ([Expr::Name(target)], Expr::Subscript(subscript)) = (&assign.targets[..], &*assign.value)
    else {
        return None;
    };
    let place = range(statement);
    // Alone on its line, so that there is room behind it.
    let line_start = unit.source[..place.start()]
        .rfind('\n')
        .map_or(0, |at| at + 1);
    let rest = &unit.source[place.end()..];
    let rest = &rest[..rest.find('\n').unwrap_or(rest.len())];
    let comment = rest.trim();
    if range(&*assign.value) != read.range
        || line_start != place.start()
        || !(comment.is_empty() || comment.starts_with('#'))
    {
        return None;
    }
    let What::Read { name, .. } = &read.what else {
        return None;
    };
    let environ = range(&*subscript.value).of(unit.source);
    let names = std::iter::once(name.as_str()).chain(aliases.iter().copied());
    let reads: Vec<String> = names
        .map(|name| format!("{environ}.get(\"{name}\")"))
        .collect();
    let target = target.id.as_str();
    let nor = match aliases {
        [] => String::new(),
        some => format!(" (nor {})", some.join(", ")),
    };
    let text = format!(
        "{target} = {}{rest}\nif not {target}:\n    print(\"[WARN] {name} is not set{nor}; set it with %env {name}=<value> \
         or in .env, and run this cell again\")",
        reads.join(" or "),
    );
    let whole = nbfix_text::TextRange::new(place.start(), place.end() + rest.len());
    Some(Edit::replace(whole, text))
}
