//! `undefined-name`: a name that no cell binds.

use nbfix_ipynb::CellId;
use nbfix_lint::{Check, Findings, Report};
use nbfix_semantic::{Absence, Semantic, Unbound};

use crate::names::{cell_of, name_list};

pub(crate) const CHECK: Check = Check::Notebook(check);

/// A cell that misses more names than this is a piece of another program, and told once.
const MAX_SINGLE: usize = 3;

/// A name and the places that read it, in order.
type Missing<'f> = (&'f str, Vec<&'f Unbound>);

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    let mut missing: Vec<Missing<'_>> = Vec::new();
    for one in &semantic.flow().unbound {
        if one.why != Absence::Never {
            continue;
        }
        match missing.iter_mut().find(|(name, _)| *name == one.name) {
            Some((_, places)) if places.iter().any(|known| known.at == one.at) => {}
            Some((_, places)) => places.push(one),
            None => missing.push((&one.name, vec![one])),
        }
    }
    for (_, places) in &mut missing {
        places.sort_by_key(|one| one.at);
    }
    let home = |(_, places): &Missing<'_>| places.first().and_then(|one| cell_of(semantic, one.at));
    let mut cells: Vec<CellId> = missing.iter().filter_map(home).collect();
    cells.sort_unstable();
    cells.dedup();
    for cell in cells {
        let mut here: Vec<&Missing<'_>> = missing
            .iter()
            .filter(|one| home(one) == Some(cell))
            .collect();
        here.sort_by_key(|(_, places)| places.first().map(|one| one.at));
        if here.len() > MAX_SINGLE {
            findings.extend(piece(semantic, cell, &here));
        } else {
            findings.extend(
                here.into_iter()
                    .filter_map(|one| single(semantic, cell, one)),
            );
        }
    }
}

fn single(semantic: &Semantic<'_>, cell: CellId, (name, places): &Missing<'_>) -> Option<Report> {
    let (first, others) = places.split_first()?;
    let mut report = Report::at(cell, first.at.range).with("name", *name);
    let python = match *name {
        "true" => Some("True"),
        "false" => Some("False"),
        "null" => Some("None"),
        _ => None,
    };
    if let Some(python) = python {
        report = report.says("json").with("python", python);
    } else if *name == "__file__" {
        report = report.says("file");
    }
    for other in others {
        report = report.label(cell_of(semantic, other.at)?, other.at.range, "and here");
    }
    Some(report)
}

/// A cell that was written for another program.
fn piece(semantic: &Semantic<'_>, cell: CellId, here: &[&Missing<'_>]) -> Option<Report> {
    let (_, places) = here.first()?;
    let names: Vec<&str> = here.iter().map(|(name, _)| *name).collect();
    let mut report = Report::at(cell, places.first()?.at.range)
        .says("piece")
        .with("names", name_list(&names));
    for (name, places) in here.iter().skip(1) {
        let first = places.first()?;
        report = report.label(
            cell_of(semantic, first.at)?,
            first.at.range,
            format!("nor `{name}`"),
        );
    }
    Some(report)
}
