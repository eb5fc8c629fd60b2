//! The state of a run, and the run itself.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::annotations::{Complaint, check};
use crate::index::{Function, IndexError, Trouble, index};
use crate::value::{
    App, AppKind, Builder, Class, ClassId, Def, EnvId, FunctionId, InstanceId, ListId, ModuleId,
    ObjectId, Value,
};
use crate::{Place, Project};

/// How many statements and expressions are followed; more is a doubt, not an answer.
const STEPS: usize = 200_000;
/// How deep calls of the project's own functions are followed.
pub(crate) const DEPTH: usize = 12;

/// Something that a run could not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// Where.
    pub place: Option<Place>,
    /// What, for people.
    pub why: String,
}

/// A name that held an app and got something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebound {
    /// The name.
    pub name: String,
    /// The file.
    pub file: String,
    /// What is lost.
    pub object: ObjectId,
    /// What comes in its place, if that is an app or a blueprint.
    pub by: Option<ObjectId>,
    /// The statement.
    pub place: Place,
    /// Whether it surely runs.
    pub sure: bool,
}

/// `app.register_functions(blueprint)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The app.
    pub app: ObjectId,
    /// The blueprint.
    pub blueprint: ObjectId,
    /// How many functions the blueprint held at that moment.
    pub count: usize,
    /// The call.
    pub place: Place,
    /// Whether it surely runs.
    pub sure: bool,
}

/// A decorator that got the function in place of its arguments: `@app.route` without parentheses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bare {
    /// The app or blueprint.
    pub object: ObjectId,
    /// The method.
    pub method: String,
    /// The function's `def`.
    pub function: FunctionId,
    /// The decorator, without its `@`.
    pub place: Place,
    /// Whether it surely runs.
    pub sure: bool,
}

/// What importing a project leaves behind.
#[derive(Debug)]
pub struct Run<'a> {
    /// The functions of the app, in the order of their decorators; or what the worker would fail with.
    pub index: Result<Vec<Function>, IndexError>,
    /// What could not be known. The index is a guess then.
    pub doubts: Vec<Doubt>,
    /// Every app and blueprint that was made.
    pub objects: Vec<App>,
    /// The app that the worker takes, if there is exactly one.
    pub app: Option<ObjectId>,
    /// Names at the top level of the entry that hold apps, and where each was bound.
    pub names: Vec<(String, ObjectId, Option<Place>)>,
    /// Names at the top level of the entry that hold functions of the project, and where those are defined.
    pub functions: Vec<(String, Place)>,
    /// Apps that lost their name.
    pub rebound: Vec<Rebound>,
    /// The registrations, in order.
    pub registrations: Vec<Registration>,
    /// Decorators without parentheses.
    pub bare: Vec<Bare>,
    /// The modules that were imported, by path.
    pub imported: Vec<String>,
    /// Failures that were passed over (see [`run_on`]).
    pub failures: Vec<IndexError>,
    /// Exceptions that a handler of the app's own keeps from being seen.
    pub caught: Vec<IndexError>,
    /// What the worker does not take of the functions, of all apps and blueprints.
    pub complaints: Vec<Complaint>,
    /// The calls that the entry makes of decorator methods of apps that nobody can follow.
    pub unknown_apps: Vec<(String, Place)>,
    pub(crate) builders: Vec<Builder>,
    pub(crate) defs: Vec<Def<'a>>,
}

/// An exception that the import raises.
#[derive(Clone, Debug)]
pub(crate) struct Raised {
    pub(crate) class: Rc<str>,
    pub(crate) error: IndexError,
}

pub(crate) type Outcome<T> = Result<T, Box<Raised>>;

#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub(crate) value: Value,
    pub(crate) place: Option<Place>,
}

#[derive(Debug, Default)]
pub(crate) struct Env<'a> {
    pub(crate) names: FxHashMap<Rc<str>, Slot>,
    pub(crate) parent: Option<EnvId>,
    pub(crate) module: ModuleId,
    pub(crate) is_class: bool,
    pub(crate) globals: FxHashSet<&'a str>,
    pub(crate) outer: FxHashSet<&'a str>,
    /// Other libraries that were imported whole.
    pub(crate) stars: Vec<Rc<str>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loading {
    Begun,
    Done,
    Failed,
}

#[derive(Debug)]
pub(crate) struct Loaded {
    /// The dotted name.
    pub(crate) name: String,
    /// The file's path; `None` for a folder.
    pub(crate) path: Option<String>,
    pub(crate) package: bool,
    pub(crate) env: EnvId,
    pub(crate) state: Loading,
    /// Whether it may hold names that nobody here sees.
    pub(crate) open: bool,
}

/// Where a statement stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spot<'a> {
    pub(crate) module: ModuleId,
    pub(crate) env: EnvId,
    pub(crate) part: usize,
    pub(crate) source: &'a str,
}

pub(crate) struct Interpreter<'p, 'a> {
    pub(crate) project: &'p Project<'a>,
    pub(crate) modules: Vec<Loaded>,
    pub(crate) by_name: FxHashMap<String, ModuleId>,
    pub(crate) envs: Vec<Env<'a>>,
    pub(crate) objects: Vec<App>,
    pub(crate) builders: Vec<Builder>,
    pub(crate) defs: Vec<Def<'a>>,
    pub(crate) lists: Vec<Vec<Value>>,
    pub(crate) classes: Vec<Class<'a>>,
    pub(crate) instances: Vec<(ClassId, FxHashMap<String, Value>)>,
    pub(crate) doubts: Vec<Doubt>,
    pub(crate) rebound: Vec<Rebound>,
    pub(crate) registrations: Vec<Registration>,
    pub(crate) bare: Vec<Bare>,
    pub(crate) caught: Vec<IndexError>,
    pub(crate) unknown_apps: Vec<(String, Place)>,
    /// Whether failures are noted, and the import goes on.
    pub(crate) goes_on: bool,
    pub(crate) failures: Vec<IndexError>,
    /// How many `try` statements with handlers are around the current statement.
    pub(crate) attempts: usize,
    /// How many conditions around the current statement nobody knows.
    pub(crate) unsure: usize,
    pub(crate) steps: usize,
    pub(crate) calls: Vec<*const ()>,
    /// How the project uses other libraries that change what the worker takes.
    pub(crate) has_extensions: bool,
}

/// Imports the project's entry as the worker does, and takes its functions. The first failure ends it.
pub fn run<'a>(project: &Project<'a>) -> Run<'a> {
    run_through(project, false)
}

/// The same, but what fails is noted in [`Run::failures`], and the import goes on as if it were mended, so that one
/// mistake does not hide the next.
pub fn run_on<'a>(project: &Project<'a>) -> Run<'a> {
    run_through(project, true)
}

fn run_through<'a>(project: &Project<'a>, goes_on: bool) -> Run<'a> {
    let mut interpreter = Interpreter {
        project,
        modules: Vec::new(),
        by_name: FxHashMap::default(),
        envs: Vec::new(),
        objects: Vec::new(),
        builders: Vec::new(),
        defs: Vec::new(),
        lists: Vec::new(),
        classes: Vec::new(),
        instances: Vec::new(),
        doubts: Vec::new(),
        rebound: Vec::new(),
        registrations: Vec::new(),
        bare: Vec::new(),
        caught: Vec::new(),
        unknown_apps: Vec::new(),
        goes_on,
        failures: Vec::new(),
        attempts: 0,
        unsure: 0,
        steps: STEPS,
        calls: Vec::new(),
        has_extensions: false,
    };
    let entry = Project::module_name(Project::ENTRY);
    let imported = interpreter.load(&entry, None);
    let (index, app, names) = match imported {
        Err(raised) => (Err(raised.error), None, Vec::new()),
        Ok(module) => index(&mut interpreter, module),
    };
    let functions = interpreter.functions_of_entry(&entry);
    let builders = interpreter.builders.iter();
    let complaints = builders
        .flat_map(|builder| check(&interpreter, builder))
        .collect();
    let imported = interpreter.modules.iter();
    let imported = imported.filter_map(|module| module.path.clone()).collect();
    Run {
        index,
        doubts: interpreter.doubts,
        objects: interpreter.objects,
        app,
        names,
        functions,
        rebound: interpreter.rebound,
        registrations: interpreter.registrations,
        bare: interpreter.bare,
        caught: interpreter.caught,
        failures: interpreter.failures,
        complaints,
        imported,
        unknown_apps: interpreter.unknown_apps,
        builders: interpreter.builders,
        defs: interpreter.defs,
    }
}

impl<'a> Run<'a> {
    /// The functions that an app or blueprint has collected: their names, and where each `def` stands.
    pub fn collected(&self, object: ObjectId) -> Vec<(String, Place)> {
        let builders = self
            .objects
            .get(object)
            .map_or(&[][..], |app| &app.builders);
        builders
            .iter()
            .filter_map(|id| self.builders.get(*id))
            .map(|builder| (builder.function_name().to_owned(), builder.place))
            .collect()
    }

    /// Whether the `def` at `place` is one that a decorator of some app or blueprint took.
    pub fn is_decorated(&self, place: Place) -> bool {
        self.builders.iter().any(|builder| builder.place == place)
    }

    /// Whether the `def` at `place` was reached.
    pub fn is_reached(&self, place: Place) -> bool {
        self.defs
            .iter()
            .any(|def| def.part == place.key && nbfix_python::range(&def.stmt.name) == place.range)
    }

    /// The `def`s under an orchestration trigger that are `async`.
    pub fn async_orchestrators(&self) -> Vec<Place> {
        let is_it = |builder: &&Builder| {
            let orchestrates = builder
                .trigger()
                .is_some_and(|trigger| trigger.binding == "orchestrationTrigger");
            let def = builder.function.and_then(|id| self.defs.get(id));
            builder.sure
                && orchestrates
                && def.is_some_and(|def| def.stmt.is_async && !def.is_foreign)
        };
        let found = self.builders.iter().filter(is_it);
        found.map(|builder| builder.place).collect()
    }
}

impl<'a> Interpreter<'_, 'a> {
    fn functions_of_entry(&self, entry: &str) -> Vec<(String, Place)> {
        let module = self.by_name.get(entry).and_then(|id| self.modules.get(*id));
        let env = module.and_then(|module| self.envs.get(module.env));
        let names = env.iter().flat_map(|env| &env.names);
        let mut found: Vec<(String, Place)> = names
            .filter_map(|(name, slot)| {
                let Value::Function(id) = slot.value else {
                    return None;
                };
                let def = self.defs.get(id)?;
                let place = Place {
                    key: def.part,
                    range: nbfix_python::range(&def.stmt.name),
                };
                Some((name.to_string(), place))
            })
            .collect();
        found.sort_by_key(|(name, place)| (*place, name.clone()));
        found
    }

    pub(crate) fn is_sure(&self) -> bool {
        self.unsure == 0
    }

    pub(crate) fn doubt(&mut self, place: Option<Place>, why: impl Into<String>) {
        let doubt = Doubt {
            place,
            why: why.into(),
        };
        if !self.doubts.contains(&doubt) {
            self.doubts.push(doubt);
        }
    }

    /// Counts one step; `false` once too many were made.
    pub(crate) fn step(&mut self, place: Place) -> bool {
        if self.steps == 0 {
            self.doubt(Some(place), "too much runs at import to follow");
            return false;
        }
        self.steps -= 1;
        true
    }

    pub(crate) fn new_env(&mut self, parent: Option<EnvId>, module: ModuleId) -> EnvId {
        self.envs.push(Env {
            parent,
            module,
            ..Env::default()
        });
        self.envs.len() - 1
    }

    pub(crate) fn new_list(&mut self, values: Vec<Value>) -> Value {
        self.lists.push(values);
        Value::List(self.lists.len() - 1)
    }

    pub(crate) fn list(&self, id: ListId) -> Vec<Value> {
        self.lists.get(id).cloned().unwrap_or_default()
    }

    pub(crate) fn instance(&self, id: InstanceId) -> Option<&(ClassId, FxHashMap<String, Value>)> {
        self.instances.get(id)
    }

    pub(crate) fn make(&mut self, kind: AppKind, made: Place) -> ObjectId {
        let sure = self.is_sure();
        self.objects.push(App {
            kind,
            made,
            name: None,
            builders: Vec::new(),
            escaped: false,
            sure,
        });
        self.objects.len() - 1
    }

    pub(crate) fn env_of(&self, module: ModuleId) -> EnvId {
        self.modules.get(module).map_or(0, |module| module.env)
    }

    /// Binds a name where the statement stands; `global` and `nonlocal` are followed.
    pub(crate) fn bind(&mut self, spot: Spot<'a>, name: &str, value: Value, place: Place) {
        let mut at = spot.env;
        if let Some(env) = self.envs.get(at) {
            if env.globals.contains(name) {
                at = self.env_of(spot.module);
            } else if env.outer.contains(name) {
                let mut up = env.parent;
                while let Some(id) = up {
                    let Some(env) = self.envs.get(id) else { break };
                    if env.names.contains_key(name) {
                        at = id;
                        break;
                    }
                    up = env.parent;
                }
            }
        }
        let is_top = self.env_of(spot.module) == at;
        let old = self.envs.get(at).and_then(|env| env.names.get(name));
        let old = old.map(|slot| slot.value.clone());
        if let (Some(Value::Object(object)), true) = (old, is_top) {
            let by = match &value {
                Value::Object(new) => Some(*new),
                _ => None,
            };
            if by != Some(object) {
                let path = self.modules.get(spot.module);
                let file = path.and_then(|module| module.path.clone());
                self.rebound.push(Rebound {
                    name: name.to_owned(),
                    file: file.unwrap_or_default(),
                    object,
                    by,
                    place,
                    sure: self.unsure == 0,
                });
            }
        }
        if let (Value::Object(object), true) = (&value, is_top)
            && let Some(app) = self.objects.get_mut(*object)
        {
            app.name.get_or_insert_with(|| name.to_owned());
        }
        if let Some(env) = self.envs.get_mut(at) {
            let place = Some(place);
            env.names.insert(name.into(), Slot { value, place });
        }
    }

    /// What a name holds, as Python looks it up: local, around, module, built in.
    pub(crate) fn lookup(&self, env: EnvId, name: &str) -> Option<Value> {
        let mut at = Some(env);
        let mut first = true;
        let mut module = None;
        while let Some(id) = at {
            let Some(env) = self.envs.get(id) else { break };
            module = Some(env.module);
            if (first || !env.is_class)
                && let Some(slot) = env.names.get(name)
            {
                return Some(slot.value.clone());
            }
            first = false;
            at = env.parent;
        }
        let module = module?;
        let top = self.envs.get(self.env_of(module))?;
        if let Some(slot) = top.names.get(name) {
            return Some(slot.value.clone());
        }
        if name == "__name__" {
            return Some(Value::Str(self.modules.get(module)?.name.as_str().into()));
        }
        match top.stars.as_slice() {
            [] => None,
            [_, ..] if nbfix_python::is_builtin(name) => None,
            [only] => Some(Value::External(format!("{only}.{name}").into())),
            _ => Some(Value::Unknown),
        }
    }

    /// The exception of `class`; or nothing but a note of it, if the run goes on. An import that a handler may catch is
    /// an answer, not a mistake, and ends as it would.
    pub(crate) fn fail(
        &mut self,
        class: &str,
        trouble: Trouble,
        message: impl Into<String>,
        place: Option<Place>,
    ) -> Outcome<()> {
        let answers = matches!(trouble, Trouble::Import | Trouble::Raised | Trouble::Syntax);
        match self.raise::<()>(class, trouble, message, place) {
            Err(raised) if self.goes_on && !(answers && self.attempts > 0) => {
                self.failures.push(raised.error);
                Ok(())
            }
            done => done,
        }
    }

    /// The exception of `class`, told as `trouble` at `place`.
    pub(crate) fn raise<T>(
        &self,
        class: &str,
        trouble: Trouble,
        message: impl Into<String>,
        place: Option<Place>,
    ) -> Outcome<T> {
        Err(Box::new(Raised {
            class: class.into(),
            error: IndexError {
                trouble,
                class: class.to_owned(),
                message: message.into(),
                place,
                related: Vec::new(),
                sure: self.is_sure(),
            },
        }))
    }
}
