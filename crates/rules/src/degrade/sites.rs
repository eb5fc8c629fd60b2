//! The sites of a notebook, whichever rule finds them.

use nbfix_lint::Findings;
use nbfix_python::ast::{Expr, Stmt};
use nbfix_python::range;
use nbfix_semantic::{ProgramId, Semantic, Unit};

use super::{Site, helper};
use crate::first_uses::Use;
use crate::guards::handler_body;
use crate::services::Services;
use crate::{az_runs, first_uses, stops};

/// The sites of all rules that run, in order; none overlaps another.
pub(super) fn all(semantic: &Semantic<'_>, findings: &Findings<'_>) -> Vec<Site> {
    let services = &Services::of(findings);
    let mut sites: Vec<Site> = Vec::new();
    let mut az = if findings.runs("subprocess-az") {
        az_runs::runs_of(semantic)
    } else {
        Vec::new()
    };
    let uses = if findings.runs("unguarded-service") {
        first_uses::uses_of(semantic, services)
    } else {
        Vec::new()
    };
    for unit in semantic.units_of(ProgramId::DOCUMENT) {
        let mut here: Vec<Site> = Vec::new();
        if findings.runs("raise-on-missing-service") {
            // What the author allows is no site: it is meant to stop.
            let mut stops = stops::stops_of(semantic, services, unit);
            stops.retain(|stop| {
                let at = stops::first_line(unit, range(stop.stmt));
                !findings.is_allowed_of("raise-on-missing-service", unit.cell, at)
            });
            here.extend(stops::sites(semantic, services, unit, &stops));
        }
        if let Some(at) = az.iter().position(|(other, _)| other.index == unit.index) {
            let (_, mut runs) = az.swap_remove(at);
            runs.retain(|run| !findings.is_allowed_of("subprocess-az", unit.cell, run.at));
            here.extend(az_runs::site(services, unit, &runs));
        }
        if let Some((_, uses)) = uses.iter().find(|(other, _)| other.index == unit.index) {
            let allowed =
                |each: &Use| findings.is_allowed_of("unguarded-service", unit.cell, each.at);
            let uses: Vec<&Use> = uses.iter().filter(|each| !allowed(each)).collect();
            here.extend(first_uses::sites(semantic, services, unit, &uses));
        }
        here.sort_by_key(|site| (site.from, site.to));
        for site in here {
            match sites
                .last_mut()
                .filter(|last| last.unit == site.unit && last.to >= site.from)
            {
                Some(last) => merge(last, site),
                None => sites.push(site),
            }
        }
    }
    for site in &mut sites {
        rename_flag(semantic, site);
    }
    sites
}

/// Two sites that overlap are one: the cell goes on without the service that it asks for first.
fn merge(one: &mut Site, other: Site) {
    one.to = one.to.max(other.to);
    one.replacements.extend(other.replacements);
    one.asks.extend(other.asks);
    one.outage.env.extend(other.outage.env);
    for line in other.outage.first {
        if !one.outage.first.contains(&line) {
            one.outage.first.push(line);
        }
    }
}

/// The flag gets another name where the notebook means something else by it.
fn rename_flag(semantic: &Semantic<'_>, site: &mut Site) {
    let is_ours = |unit: &Unit<'_>| {
        let mut body = unit.module.body().iter();
        body.any(|stmt| flag_of(stmt).as_deref() == Some(site.outage.flag.as_str()))
    };
    let taken = semantic.is_bound(ProgramId::DOCUMENT, &site.outage.flag);
    if taken && !semantic.units_of(ProgramId::DOCUMENT).any(is_ours) {
        site.outage.flag = format!("{}_ready", site.outage.flag.trim_end_matches("_enabled"));
    }
}

/// The flag that a statement sets which goes on without a service already.
pub(super) fn flag_of(stmt: &Stmt) -> Option<String> {
    match stmt {
        Stmt::Try(each) => each.handlers.iter().find_map(|handler| {
            handler_body(handler).iter().find_map(|stmt| match stmt {
                Stmt::Assign(assign) => match (assign.targets.as_slice(), &*assign.value) {
                    ([Expr::Name(name)], Expr::BooleanLiteral(value)) if !value.value => {
                        let name = name.id.as_str();
                        let is_flag = name.ends_with("_enabled") || name.ends_with("_ready");
                        is_flag.then(|| name.to_owned())
                    }
                    _ => None,
                },
                _ => None,
            })
        }),
        Stmt::With(with) => with
            .items
            .iter()
            .find_map(|item| helper::is_step(&item.context_expr)),
        _ => None,
    }
}
