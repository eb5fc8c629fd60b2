//! What the worker takes from the imported entry: the one app, and its functions.

use crate::annotations::{Complaint, check};
use crate::interpreter::Interpreter;
use crate::value::{AppKind, BuilderId, ModuleId, ObjectId, Value};
use crate::{Place, Project};

/// One function of the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The type of its trigger: `httpTrigger`.
    pub trigger: String,
    /// The name in its `def`, or the call that made it.
    pub place: Place,
}

/// Why the worker has no index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexError {
    /// What sort.
    pub trouble: Trouble,
    /// The class of the exception in Python.
    pub class: String,
    /// What it says, as the worker does, or nearly so.
    pub message: String,
    /// Where it comes from.
    pub place: Option<Place>,
    /// Other places that matter.
    pub related: Vec<(Place, String)>,
    /// Whether it happens in every deployment.
    pub sure: bool,
}

/// The sorts of failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// A file is no Python.
    Syntax,
    /// A module or name is not there.
    Import,
    /// An exception of the app's own code, or of no other sort.
    Raised,
    /// A decorator lacks an argument.
    Arguments,
    /// A decorator without parentheses that needs arguments.
    Bare,
    /// `http_auth_level` names no level.
    AuthLevel,
    /// A decorator that the library does not have.
    UnknownDecorator {
        /// The trigger that was surely meant.
        meant: String,
    },
    /// `register_functions` got an app.
    RegistersApp,
    /// A function has decorators of two objects.
    OtherApp,
    /// A function has two triggers.
    TwoTriggers {
        /// The function's name.
        function: String,
    },
    /// A function has no trigger.
    NoTrigger {
        /// The function's name.
        function: String,
    },
    /// There is no app.
    NoApp,
    /// There are several names for apps.
    SecondApp,
    /// Two functions have one name.
    Duplicate {
        /// The name.
        function: String,
        /// Whether it is one function that was registered twice.
        same: bool,
    },
    /// A parameter, binding or annotation that the worker does not take.
    Function(Box<Complaint>),
}

type Indexed = (
    Result<Vec<Function>, IndexError>,
    Option<ObjectId>,
    Vec<(String, ObjectId, Option<Place>)>,
);

pub(crate) fn index(run: &mut Interpreter<'_, '_>, entry: ModuleId) -> Indexed {
    let env = run.env_of(entry);
    let mut names: Vec<(String, ObjectId, Option<Place>)> = Vec::new();
    let mut unknown: Option<(String, Option<Place>)> = None;
    if let Some(env) = run.envs.get(env) {
        for (name, slot) in &env.names {
            match &slot.value {
                Value::Object(object) => {
                    let is_app = run
                        .objects
                        .get(*object)
                        .is_some_and(|app| app.kind.is_app());
                    if is_app {
                        names.push((name.to_string(), *object, slot.place));
                    }
                }
                Value::Unknown | Value::External(_) if may_be_app(name, &slot.value) => {
                    unknown = Some((name.to_string(), slot.place));
                }
                _ => {}
            }
        }
    }
    names.sort_by_key(|(name, _, place)| (*place, name.clone()));
    if let Some((name, place)) = unknown.filter(|_| names.is_empty()) {
        run.doubt(place, format!("`{name}` comes from elsewhere"));
    }
    let stars = run.envs.get(env).is_some_and(|env| !env.stars.is_empty());
    let open = run.modules.get(entry).is_some_and(|module| module.open);
    if stars || open {
        run.doubt(None, "names that come from elsewhere");
    }
    let (app, index) = match names.as_slice() {
        [] => (None, Err(no_app(run))),
        [(_, only, _)] => (Some(*only), functions(run, *only).map_err(|error| *error)),
        [first, second, ..] => {
            let kind = run.objects.get(first.1).map(|app| app.kind);
            let class = match kind {
                Some(AppKind::DurableApp) => "DFApp",
                Some(AppKind::WebApp) => "AsgiFunctionApp",
                _ => "FunctionApp",
            };
            let mut error = error(
                Trouble::SecondApp,
                format!(
                    "More than one {class} or other top level function app instances are defined."
                ),
                second.2,
            );
            let related = first
                .2
                .map(|place| (place, format!("`{}` is one already", first.0)));
            error.related.extend(related);
            error.sure = [first.1, second.1]
                .iter()
                .all(|id| run.objects.get(*id).is_some_and(|app| app.sure));
            (None, Err(error))
        }
    };
    (index, app, names)
}

/// Whether a name that comes from elsewhere may be an app.
fn may_be_app(name: &str, value: &Value) -> bool {
    let last = match value {
        Value::External(path) => {
            let root = path.split('.').next().unwrap_or(path);
            if root == "azure" || nbfix_python::is_stdlib(root) || !path.contains('.') {
                return false;
            }
            path.rsplit('.').next().unwrap_or(path).to_lowercase()
        }
        _ => name.to_lowercase(),
    };
    let words = |text: &str| {
        let mut words = text.split('_');
        words.any(|word| matches!(word, "app" | "application" | "functionapp"))
    };
    words(&last) || words(&name.to_lowercase())
}

fn error(trouble: Trouble, message: String, place: Option<Place>) -> IndexError {
    IndexError {
        trouble,
        class: "ValueError".to_owned(),
        message,
        place,
        related: Vec::new(),
        sure: true,
    }
}

fn no_app(run: &Interpreter<'_, '_>) -> IndexError {
    let message = format!(
        "Could not find top level function app instances in {}.",
        Project::ENTRY
    );
    let lost = run
        .rebound
        .iter()
        .rev()
        .find(|it| it.file == Project::ENTRY);
    let mut error = error(Trouble::NoApp, message, lost.map(|it| it.place));
    // What a handler hides is what there is to mend.
    if let Some(hidden) = run
        .caught
        .iter()
        .find(|it| it.place.is_some() && lost.is_none())
    {
        let cause = format!("{}: {}", hidden.class, hidden.message);
        error.message = format!("{} A handler hides the cause: {cause}", error.message);
        error.place = hidden.place;
    }
    if let Some(app) = lost.and_then(|it| run.objects.get(it.object)) {
        error
            .related
            .push((app.made, "the app that is lost".to_owned()));
    }
    error
}

fn functions(run: &Interpreter<'_, '_>, app: ObjectId) -> Result<Vec<Function>, Box<IndexError>> {
    let ids: Vec<BuilderId> = run
        .objects
        .get(app)
        .map(|app| app.builders.clone())
        .unwrap_or_default();
    let builders = || {
        ids.iter()
            .filter_map(|id| Some((*id, run.builders.get(*id)?)))
    };
    let mut found = Vec::new();
    for (_, builder) in builders() {
        let name = builder.function_name().to_owned();
        let Some(trigger) = builder.trigger() else {
            let message = format!(
                "Function {name} does not have a trigger. A valid function must have one and only one trigger \
                 registered."
            );
            let mut error = error(
                Trouble::NoTrigger { function: name },
                message,
                Some(builder.place),
            );
            error.sure = builder.sure;
            return Err(Box::new(error));
        };
        found.push(Function {
            name,
            trigger: trigger.binding.clone(),
            place: builder.place,
        });
    }
    for (index, function) in found.iter().enumerate() {
        let before = found.iter().take(index);
        let Some((first, _)) = before.enumerate().find(|(_, it)| it.name == function.name) else {
            continue;
        };
        let name = &function.name;
        let message = format!(
            "Function {name} does not have a unique function name. Please change @app.function_name() or the function \
             method name to be unique."
        );
        let same = ids.get(first) == ids.get(index);
        let trouble = Trouble::Duplicate {
            function: name.clone(),
            same,
        };
        let mut error = error(trouble, message, Some(function.place));
        let other = found.get(first).map(|first| first.place);
        if let Some(other) = other.filter(|_| !same) {
            error
                .related
                .push((other, "the first of that name".to_owned()));
        }
        let sure = |at: usize| {
            let builder = ids.get(at).and_then(|id| run.builders.get(*id));
            builder.is_some_and(|builder| builder.sure)
        };
        error.sure = sure(first) && sure(index);
        return Err(Box::new(error));
    }
    for (_, builder) in builders() {
        if let Some(complaint) = check(run, builder).into_iter().next() {
            let place = complaint.place;
            let message = format!(
                "cannot load the {} function: {}",
                builder.function_name(),
                complaint.message()
            );
            let mut error = error(Trouble::Function(Box::new(complaint)), message, Some(place));
            error.class = "FunctionLoadError".to_owned();
            error.sure = builder.sure;
            return Err(Box::new(error));
        }
    }
    Ok(found)
}
