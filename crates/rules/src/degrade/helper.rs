//! The helper cell, for notebooks that shall say it in one line at each place.

use nbfix_python::ast::Expr;
use nbfix_python::dotted;
use nbfix_semantic::{ProgramId, Semantic};

use super::text::{Test, quoted};
use crate::outage::Outage;

/// The helper's names in the notebook; [`nbfix_lint::guards`] knows the first, too.
const STEP: &str = "optional_service";
const READY: &str = "services_ready";

const HEAD: &str = r##"# Lets this notebook go on without the services that are listed here.
OPTIONAL_SERVICES = {
"##;

const TAIL: &str = r##"}


class optional_service:
    """`with optional_service('x_enabled', 'client db'):` sets the flag, and if the step fails, says why and empties the names."""

    told = set()

    def __init__(self, flag, names=''):
        self.flag, self.names = flag, names.split()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        scope = globals()
        bugs = (NameError, TypeError, AttributeError, AssertionError)
        if kind is not None and (issubclass(kind, bugs) or not issubclass(kind, Exception)):
            return False  # a bug in the code, not a missing service
        scope[self.flag] = kind is None
        if kind is None:
            return False
        label, impact, cli, portal = OPTIONAL_SERVICES.get(self.flag, (self.flag, '', [], []))
        print('[WARN] %s unavailable - %s: %s' % (label, kind.__name__, (str(error).splitlines() or [''])[0][:300]))
        for title, steps in (('TO FIX VIA CLI', cli), ('TO FIX VIA PORTAL', portal)):
            if steps and self.flag not in self.told:
                print('  %s:' % title)
                for step in steps:
                    print('    ' + step)
        self.told.add(self.flag)
        print('  Impact: ' + impact)
        for name in self.names:
            scope[name] = None
        return True


def services_ready(flags, names=''):
    """Whether the services of these flags are there; if not, says which are missing and empties the names."""
    scope = globals()
    missing = [OPTIONAL_SERVICES.get(flag, (flag,))[0] for flag in flags.split() if not scope.get(flag)]
    if missing:
        print('[SKIP] this step needs ' + ', '.join(missing))
        for name in names.split():
            scope[name] = None
    return not missing"##;

/// Whether the notebook has the helper already.
pub(super) fn is_there(semantic: &Semantic<'_>) -> bool {
    !semantic.bindings(ProgramId::DOCUMENT, STEP).is_empty()
}

/// Whether a text calls the helper.
pub(super) fn is_called(text: &str) -> bool {
    text.contains(STEP) || text.contains(READY)
}

/// Whether `with` opens a step of the helper.
pub(super) fn is_step(context: &Expr) -> Option<String> {
    let Expr::Call(call) = context else {
        return None;
    };
    let (_, parts) = dotted(&*call.func)?;
    let flag = call
        .arguments
        .args
        .first()
        .and_then(nbfix_python::string_value)?;
    (parts.last() == Some(&STEP)).then(|| flag.to_owned())
}

/// The line that opens a step that may fail.
pub(super) fn opening(outage: &Outage, names: &[&str]) -> String {
    format!("with {STEP}({}{}):", quoted(&outage.flag), listed(names))
}

/// The line that opens a step that is skipped; `None` if a test is no flag.
pub(super) fn guard(tests: &[Test], names: &[&str]) -> Option<String> {
    let flags: Vec<&str> = tests.iter().map(|(test, _)| test.as_str()).collect();
    if flags.iter().any(|flag| flag.contains(' ')) {
        return None;
    }
    Some(format!(
        "if {READY}({}{}):",
        quoted(&flags.join(" ")),
        listed(names)
    ))
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() {
        return String::new();
    }
    format!(", {}", quoted(&names.join(" ")))
}

/// The text of the cell that defines the helper for these outages.
pub(super) fn cell<'o>(outages: impl Iterator<Item = &'o Outage>) -> String {
    let mut text = HEAD.to_owned();
    let mut known: Vec<&str> = Vec::new();
    for outage in outages {
        if known.contains(&outage.flag.as_str()) {
            continue;
        }
        known.push(&outage.flag);
        let list = |steps: &[String]| {
            let steps: Vec<String> = steps
                .iter()
                .map(|step| format!("\n            {},", quoted(step)))
                .collect();
            match steps.as_slice() {
                [] => "[]".to_owned(),
                steps => format!("[{}\n        ]", steps.concat()),
            }
        };
        text.push_str(&format!(
            "    {}: (\n        {},\n        {},\n        {},\n        {},\n    ),\n",
            quoted(&outage.flag),
            quoted(&outage.label),
            quoted(&outage.impact),
            list(&outage.cli),
            list(&outage.portal),
        ));
    }
    text.push_str(TAIL);
    text
}
