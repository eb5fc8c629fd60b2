//! `second-app`: more than one app object, or name for one, where the worker takes the only one.

use nbfix_lint::{Check, Findings};
use nbfix_project::{Project, Trouble};
use nbfix_semantic::Semantic;

use crate::functions::apps;

pub(crate) const CHECK: Check = Check::Project(check);

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    for app in apps(semantic) {
        for error in app.failures() {
            let key = match &error.trouble {
                Trouble::SecondApp => {
                    let one = app.run.names.iter().map(|(_, object, _)| object);
                    let mut objects: Vec<_> = one.collect();
                    objects.dedup();
                    if objects.len() == 1 { "names" } else { "two" }
                }
                Trouble::RegistersApp => "registered",
                Trouble::OtherApp => "mixed",
                _ => continue,
            };
            let names = app.run.names.iter().map(|(name, ..)| format!("`{name}`"));
            let names: Vec<String> = names.collect();
            let report = app.report_error(error);
            findings.extend(report.map(|it| it.says(key).with("names", names.join(" and "))));
        }
        for lost in &app.run.rebound {
            let old = app.run.objects.get(lost.object);
            let is_app = old.is_some_and(|old| old.kind.is_app() && !old.builders.is_empty());
            let by_app = lost.by.and_then(|by| app.run.objects.get(by));
            let by_app = by_app.is_some_and(|new| new.kind.is_app());
            let held = app
                .run
                .names
                .iter()
                .any(|(_, object, _)| *object == lost.object);
            if lost.file != Project::ENTRY || !lost.sure || !is_app || !by_app || held {
                continue;
            }
            let functions = app.run.collected(lost.object);
            let functions: Vec<String> = functions
                .iter()
                .map(|(name, _)| format!("`{name}`"))
                .collect();
            let report = app
                .report_at(lost.place)
                .says("again")
                .with("name", lost.name.as_str())
                .with("functions", functions.join(", "));
            findings.push(report);
        }
    }
}
