//! `unguarded-service`: a service that is used with nothing around that expects it to be missing.

use nbfix_lint::{Check, Findings, Report};
use nbfix_semantic::Semantic;

use crate::degrade::Plan;
use crate::first_uses::uses_of;
use crate::services::Services;
use crate::stops::first_line;

pub(crate) const CHECK: Check = Check::Notebook(check);

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    let all = uses_of(semantic, &Services::of(findings));
    let mut told: Vec<&str> = Vec::new();
    let mut plan: Option<Plan> = None;
    for (unit, uses) in &all {
        for first in uses {
            let id = first.service.id.as_str();
            if told.contains(&id) {
                continue;
            }
            told.push(id);
            let place = first_line(unit, first.at);
            let label = first.service.label.as_str();
            let mut report = Report::at(unit.cell, place).with("service", label);
            for (other, uses) in &all {
                let is_first = |at| other.index == unit.index && at == first.at;
                let again = uses
                    .iter()
                    .filter(|each| each.service.id == id && !is_first(each.at));
                for each in again {
                    report = report.label(other.cell, first_line(other, each.at), "and here");
                }
            }
            let plan = plan.get_or_insert_with(|| Plan::of(semantic, findings));
            findings.push(plan.mend(semantic, unit, report));
        }
    }
}
