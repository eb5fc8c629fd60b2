//! `failing-import`: importing `function_app.py` raises, whatever the deployment.

use nbfix_lint::{Check, Findings};
use nbfix_project::{IndexError, Trouble};
use nbfix_semantic::Semantic;

use crate::functions::{FunctionApp, apps};

pub(crate) const CHECK: Check = Check::Project(check);

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    for app in apps(semantic) {
        let tells = |error: &&IndexError| {
            let told = match error.trouble {
                Trouble::Import | Trouble::Raised => true,
                Trouble::AuthLevel => !has_own_rule(&app, error),
                _ => false,
            };
            error.sure && told
        };
        for error in app.failures().filter(tells) {
            let told = match error.message.as_str() {
                "" => error.class.clone(),
                message => format!("{}: {message}", error.class),
            };
            findings.extend(
                app.report_error(error)
                    .map(|report| report.with("error", told)),
            );
        }
        // A handler hides it, and the app with it.
        let no_app = matches!(
            app.failure().map(|error| &error.trouble),
            Some(Trouble::NoApp)
        );
        if let Some(error) = app
            .run
            .caught
            .iter()
            .find(tells)
            .filter(|_| no_app && app.is_certain())
        {
            let told = format!("{}: {}", error.class, error.message);
            let report = app.report_error(error);
            findings.extend(report.map(|report| report.says("hidden").with("error", told)));
        }
    }
}

/// Whether `auth-level-case` tells of the level: it stands in the call, in the wrong case.
fn has_own_rule(app: &FunctionApp<'_>, error: &IndexError) -> bool {
    let level = error.message.trim_matches('\'');
    let known = matches!(
        level.to_uppercase().as_str(),
        "FUNCTION" | "ANONYMOUS" | "ADMIN"
    );
    let call = error.place.map(|place| app.text(place)).unwrap_or_default();
    known && (call.contains(&format!("\"{level}\"")) || call.contains(&format!("'{level}'")))
}
