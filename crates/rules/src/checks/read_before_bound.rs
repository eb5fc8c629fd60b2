//! `read-before-bound`: a name that is not there yet, or no longer, when a cell reads it.

use nbfix_ipynb::CellId;
use nbfix_lint::{Check, Findings, Join, Level, Report};
use nbfix_python::ast::{Expr, Stmt};
use nbfix_python::{AnyNodeRef, SourceOrderVisitor, TraversalSignal, range};
use nbfix_semantic::{Absence, ProgramId, Semantic, Site, Unbound, Unit};
use nbfix_text::TextRange;

use crate::branches::{Branch, branch};
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
    let mut branches: Vec<(usize, &str)> = Vec::new();
    for one in &semantic.flow().unbound {
        let (site, gone) = match one.why {
            // Where all exceptions are caught, the author has reckoned with this one, too.
            _ if one.handled => continue,
            Absence::Never => continue,
            Absence::Later(site) => (site, false),
            Absence::Gone(site) => (site, true),
        };
        let unit = semantic.units().get(one.at.unit);
        let around = unit.filter(|_| one.through.is_none() && !is_deleted(semantic, one));
        let around =
            around.and_then(|unit| Some((unit, branch(semantic, unit, one.at.range, &one.name)?)));
        match around {
            Some((_, Branch::Loop)) => continue,
            Some((unit, Branch::Other { bound, in_raise })) => {
                // Further reads of the name would follow from the first.
                let place = (one.at.unit, one.name.as_str());
                if !branches.contains(&place) {
                    branches.push(place);
                    findings.push(in_other_branch(unit, one, bound, in_raise));
                }
                continue;
            }
            None => {}
        }
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
        let Some(report) = report(semantic, group) else {
            continue;
        };
        findings.push(if is_beside_undefined(semantic, group) {
            report.join(with_undefined(group))
        } else {
            report
        });
    }
}

/// What is said of a name that another branch of the same `if` binds: no order of the cells would help. In the words of a
/// `raise` it takes away what the author would say, and the cell ends there in any case.
fn in_other_branch(unit: &Unit<'_>, one: &Unbound, bound: TextRange, in_raise: bool) -> Report {
    let report = Report::at(unit.cell, one.at.range)
        .says("branch")
        .with("names", format!("`{}`", one.name))
        .label(unit.cell, bound, "bound here");
    if in_raise {
        report
            .level(Level::Warning)
            .help("Bind it before the `if`, or leave it out of this text: as it is, a `NameError` takes the place of this error.")
    } else {
        report.help("Bind it before the `if`.")
    }
}

/// Whether each of the statements in question needs a name, too, that no cell binds, and that is told there.
fn is_beside_undefined(semantic: &Semantic<'_>, group: &Group<'_>) -> bool {
    let unbound = &semantic.flow().unbound;
    let never = || unbound.iter().filter(|one| one.why == Absence::Never);
    group.call.is_none()
        && group.reads.iter().all(|read| {
            let unit = semantic.units().get(read.at.unit);
            let mut body = unit.into_iter().flat_map(|unit| unit.module.body());
            let Some(statement) = body.find(|stmt| range(*stmt).covers(read.at.range)) else {
                return false;
            };
            // A class or a function is long, and what is missing in it is rarely of one cause.
            let is_simple = matches!(
                statement,
                Stmt::Expr(_) | Stmt::Assign(_) | Stmt::AnnAssign(_) | Stmt::AugAssign(_)
            );
            is_simple
                && never().any(|one| {
                    let is_first = || {
                        let mut others = never().filter(|other| other.name == one.name);
                        others.all(|other| other.at >= one.at)
                    };
                    one.at.unit == read.at.unit
                        && range(statement).covers(one.at.range)
                        && is_first()
                })
        })
}

/// A statement that needs what no cell binds does not run, wherever the later cell is moved: it is told once.
fn with_undefined(group: &Group<'_>) -> Join {
    let names: Vec<&str> = group.reads.iter().map(|one| one.name.as_str()).collect();
    let (names, number) = (name_list(&names), group.other.number());
    let text = match (group.gone, group.other == group.cell) {
        (true, _) => format!("{names}: gone here, since cell {number}"),
        (false, true) => format!("{names}: bound only further down"),
        (false, false) => format!("only cell {number} binds {names}"),
    };
    Join {
        rules: vec!["undefined-name".to_owned()],
        text,
        ..Join::default()
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
            let meant = meant_attribute(semantic, group).filter(|_| !called);
            let meant = meant.map(|(attribute, cell)| {
                let number = cell.number();
                format!("Perhaps `{attribute}` is meant, as in cell {number}; else move what binds it up.")
            });
            match meant.or_else(|| other_order(semantic, group)) {
                Some(help) => report.help(help),
                None => report,
            }
        }
    })
}

/// `X.name` where another cell reads `X.name.member`, of an `X` that is bound above, and this one `name.member`: the name is
/// then likely to lack its object, and not to stand too high. With it comes that cell.
fn meant_attribute(semantic: &Semantic<'_>, group: &Group<'_>) -> Option<(String, CellId)> {
    let [one] = group.reads.as_slice() else {
        return None;
    };
    let own = members(semantic.units().get(one.at.unit)?, &one.name);
    let is_this = |member: &Member<'_>| member.object.is_none() && member.at == one.at.range;
    if !own.iter().any(is_this) {
        return None;
    }
    let is_above = |object: &str| {
        let bindings = semantic.bindings(ProgramId::DOCUMENT, object).iter();
        bindings
            .map(|binding| (binding.unit, binding.since))
            .any(|place| place < (one.at.unit, one.at.range.start()))
    };
    semantic
        .units_of(ProgramId::DOCUMENT)
        .filter(|unit| unit.source.contains(&one.name))
        .find_map(|unit| {
            let mut found = members(unit, &one.name)
                .into_iter()
                .filter_map(|other| other.object);
            let object = found.find(|object| is_above(object))?;
            Some((format!("{object}.{}", one.name), unit.cell))
        })
}

fn members<'a>(unit: &Unit<'a>, name: &str) -> Vec<Member<'a>> {
    let mut members = Members {
        name,
        found: Vec::new(),
    };
    members.visit_body(unit.module.body());
    members.found
}

/// Reads of `name.member` and `object.name.member`.
struct Members<'n, 'a> {
    name: &'n str,
    found: Vec<Member<'a>>,
}

struct Member<'a> {
    /// The object before the name, if there is one.
    object: Option<&'a str>,
    /// The name, with its object.
    at: TextRange,
}

impl<'a> SourceOrderVisitor<'a> for Members<'_, 'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        if let AnyNodeRef::ExprAttribute(outer) = node {
            let object = match &*outer.value {
                Expr::Name(name) if name.id.as_str() == self.name => Some(None),
                Expr::Attribute(inner) if inner.attr.as_str() == self.name => {
                    let object = inner.value.as_name_expr();
                    object.map(|object| Some(object.id.as_str()))
                }
                _ => None,
            };
            if let Some(object) = object {
                self.found.push(Member {
                    object,
                    at: range(&*outer.value),
                });
            }
        }
        TraversalSignal::Traverse
    }
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
