//! `read-before-bound`: a name that is not there yet, or no longer, when a cell reads it.

use nbfix_ipynb::CellId;
use nbfix_lint::{Check, Findings, Report};
use nbfix_python::ast::Stmt;
use nbfix_python::range;
use nbfix_semantic::{Absence, Semantic, Site, Unbound};

use crate::names::{cell_of, name_list};

pub(crate) const CHECK: Check = Check::Notebook(check);

/// Reads of one cell that fail for the same reason.
struct Group<'f> {
    cell: CellId,
    /// The call that leads to the reads, if they stand in functions.
    call: Option<Site>,
    /// The cell that binds the names later, or took them away.
    other: CellId,
    gone: bool,
    reads: Vec<&'f Unbound>,
}

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for one in &semantic.flow().unbound {
        let (site, gone) = match one.why {
            // Where all exceptions are caught, the author has reckoned with this one, too.
            _ if one.handled => continue,
            Absence::Never => continue,
            Absence::Later(site) => (site, false),
            Absence::Gone(site) => (site, true),
        };
        let place = one.through.unwrap_or(one.at);
        let (Some(cell), Some(other)) = (cell_of(semantic, place), cell_of(semantic, site)) else {
            continue;
        };
        let known = groups.iter_mut().find(|group| {
            (group.cell, group.call, group.other, group.gone) == (cell, one.through, other, gone)
        });
        match known {
            Some(group) => group.reads.push(one),
            None => groups.push(Group {
                cell,
                call: one.through,
                other,
                gone,
                reads: vec![one],
            }),
        }
    }
    for group in &groups {
        findings.extend(report(semantic, group));
    }
}

fn report(semantic: &Semantic<'_>, group: &Group<'_>) -> Option<Report> {
    let (first, others) = group.reads.split_first()?;
    let place = group.call.unwrap_or(first.at);
    let names: Vec<&str> = group.reads.iter().map(|one| one.name.as_str()).collect();
    let mut report = Report::at(group.cell, place.range)
        .with("names", name_list(&names))
        .with("other", group.other.number().to_string());
    let reads = if group.call.is_some() {
        group.reads.as_slice()
    } else {
        others
    };
    for one in reads {
        let text = format!("`{}` is read here", one.name);
        report = report.label(cell_of(semantic, one.at)?, one.at.range, text);
    }
    let taken = group.reads.iter().any(|one| is_deleted(semantic, one));
    let what = if taken {
        "deleted"
    } else {
        "bound for a while only"
    };
    for one in &group.reads {
        let (site, text) = match one.why {
            Absence::Later(site) => (site, format!("`{}` is bound here", one.name)),
            Absence::Gone(site) => (site, format!("`{}` is {what} here", one.name)),
            Absence::Never => continue,
        };
        report = report.label(group.other, site.range, text);
    }
    let called = group.call.is_some();
    Some(match (group.gone, called, group.other == group.cell) {
        (true, ..) => report
            .says("gone")
            .with("gone", what)
            .help("Bind it again before it is read, or keep it."),
        (false, _, true) => report
            .says(if called { "call-same" } else { "same" })
            .help("Put what binds it above what reads it."),
        (false, _, false) => {
            let report = if called { report.says("call") } else { report };
            match other_order(semantic, group) {
                Some(help) => report.help(help),
                None => report,
            }
        }
    })
}

/// Whether a `del` took the name away.
fn is_deleted(semantic: &Semantic<'_>, one: &Unbound) -> bool {
    let Absence::Gone(site) = one.why else {
        return false;
    };
    semantic.units().get(site.unit).is_some_and(|unit| {
        let mut body = unit.module.body().iter();
        body.any(|stmt| matches!(stmt, Stmt::Delete(_)) && range(stmt).covers(site.range))
    })
}

/// What to say where the stored counts show that the later cell was run first.
fn other_order(semantic: &Semantic<'_>, group: &Group<'_>) -> Option<String> {
    let count = |cell: CellId| semantic.notebook().cell(cell)?.execution_count;
    let (here, there) = (count(group.cell)?, count(group.other)?);
    let number = group.other.number();
    (there < here).then(|| {
        format!(
            "Move cell {number} up: when the notebook was last run, it ran first (In [{there}], this cell In [{here}])."
        )
    })
}
