//! `binding-annotation`: annotations that the worker does not take.

use nbfix_ipynb::CellId;
use nbfix_lint::{Check, Findings, Report, Safety};
use nbfix_project::{Complaint, Complaints};
use nbfix_semantic::Semantic;
use nbfix_text::Edit;

use crate::functions::{apps, library_name};

pub(crate) const CHECK: Check = Check::Project(check);

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    for app in apps(semantic) {
        for complaint in app.run.complaints.iter().filter(|it| it.sure) {
            let key = match &complaint.what {
                Complaints::Input => "input",
                Complaints::Output => "output",
                Complaints::Answer => "answer",
                Complaints::Context => "context",
                Complaints::Unbound(_) | Complaints::Unknown(_) => continue,
            };
            let report = app
                .report_at(complaint.place)
                .says(key)
                .with("function", complaint.function.as_str())
                .with("parameter", complaint.parameter.as_str())
                .with("binding", complaint.binding.as_str())
                .with("annotation", complaint.annotation.as_str());
            findings.push(mend(semantic, complaint, report));
        }
    }
}

fn mend(semantic: &Semantic<'_>, complaint: &Complaint, report: Report) -> Report {
    let activity = complaint.binding == "activityTrigger";
    let class = match (&complaint.what, complaint.plain) {
        (Complaints::Input, Some(plain)) if activity => Some(plain.to_owned()),
        (Complaints::Input, _) => {
            let unit = semantic
                .units()
                .iter()
                .find(|unit| unit.cell.index() == complaint.place.key);
            let many = complaint.annotation.to_lowercase().contains("list[func.")
                || complaint.annotation.contains("Event]")
                || complaint.annotation.contains("Message]");
            unit.filter(|_| !many)
                .zip(class_of(&complaint.binding))
                .and_then(|(unit, class)| library_name(unit.module.body(), class))
        }
        (Complaints::Context, _) => {
            let unit = semantic
                .units()
                .iter()
                .find(|unit| unit.cell.index() == complaint.place.key);
            unit.and_then(|unit| library_name(unit.module.body(), "Context"))
        }
        _ => None,
    };
    let Some(class) = class else { return report };
    let report = report.with("class", class.as_str()).edit(
        CellId(complaint.place.key),
        Edit::replace(complaint.place.range, class),
    );
    match activity && complaint.plain.is_some() {
        true => report.with("caution", "Python's type checkers know less of what is in it."),
        false => report
            .with("caution", "The function gets the library's object, as it does today: see that it reads it as one.")
            .safety(Safety::Unsafe),
    }
}

/// The class that a trigger gives its function.
fn class_of(binding: &str) -> Option<&'static str> {
    Some(match binding {
        "timerTrigger" => "TimerRequest",
        "httpTrigger" => "HttpRequest",
        "queueTrigger" => "QueueMessage",
        "serviceBusTrigger" => "ServiceBusMessage",
        "eventHubTrigger" => "EventHubEvent",
        "kafkaTrigger" => "KafkaEvent",
        "eventGridTrigger" => "EventGridEvent",
        "blobTrigger" => "InputStream",
        "cosmosDBTrigger" => "DocumentList",
        _ => return None,
    })
}
