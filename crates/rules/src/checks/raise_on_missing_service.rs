//! `raise-on-missing-service`: a cell that stops the notebook because a service, a key or a variable is not there.

use nbfix_lint::{Check, Findings, Level, Report};
use nbfix_python::range;
use nbfix_semantic::{ProgramId, Semantic};

use crate::degrade::Plan;
use crate::services::Services;
use crate::stops::{first_line, outage, stops_of};

pub(crate) const CHECK: Check = Check::Notebook(check);

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    let services = &Services::of(findings);
    let mut plan: Option<Plan> = None;
    for unit in semantic.units_of(ProgramId::DOCUMENT) {
        let stops = stops_of(semantic, services, unit);
        let Some((first, others)) = stops.split_first() else {
            continue;
        };
        let place = first_line(unit, range(first.stmt));
        let outage = outage(semantic, services, unit, first);
        let mut report = Report::at(unit.cell, place).with("service", outage.label);
        for other in others {
            report = report.label(
                unit.cell,
                first_line(unit, range(other.stmt)),
                "stops here too",
            );
        }
        let plan = plan.get_or_insert_with(|| Plan::of(semantic, findings));
        if stops.iter().all(|stop| stop.hands_on) {
            report = report.says("hands-on").level(Level::Note);
        } else if !plan.spares_a_cell_below(semantic, unit) {
            report = report.says("needed").level(Level::Note);
        }
        findings.push(plan.mend(semantic, unit, report));
    }
}
