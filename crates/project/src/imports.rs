//! Imports, by Python's own rules.

use std::rc::Rc;

use nbfix_python::ast::{Alias, Expr, StmtImport, StmtImportFrom};
use nbfix_python::{is_stdlib, range, string_value};

use crate::files::Found;
use crate::index::Trouble;
use crate::interpreter::{Interpreter, Loaded, Loading, Outcome, Slot, Spot};
use crate::value::{ModuleId, Value};
use crate::{Part, Place, Project};

/// A module of the project, or a name of another library.
enum Imported {
    Own(ModuleId),
    Other(Rc<str>),
}

impl<'a> Interpreter<'_, 'a> {
    /// Imports a dotted module name of the project's own, its packages first.
    pub(crate) fn load(&mut self, name: &str, place: Option<Place>) -> Outcome<ModuleId> {
        let mut parent: Option<ModuleId> = None;
        let mut last = None;
        let ends = name.match_indices('.').map(|(at, _)| at);
        let ends: Vec<usize> = ends.chain([name.len()]).collect();
        for end in ends {
            let count = self.modules.len();
            let module = self.load_one(&name[..end], place)?;
            let is_new = module >= count;
            if let Some(parent) = parent.filter(|_| is_new) {
                // A submodule becomes an attribute of its package, once.
                let (_, short) = name[..end].rsplit_once('.').unwrap_or(("", name));
                let env = self.env_of(parent);
                if let Some(env) = self.envs.get_mut(env) {
                    let value = Value::Module(module);
                    env.names.insert(short.into(), Slot { value, place: None });
                }
            }
            parent = Some(module);
            last = Some(module);
        }
        match last {
            Some(module) => Ok(module),
            None => self.missing(name, place),
        }
    }

    fn missing<T>(&self, name: &str, place: Option<Place>) -> Outcome<T> {
        let message = format!("No module named '{name}'");
        self.raise("ModuleNotFoundError", Trouble::Import, message, place)
    }

    fn load_one(&mut self, name: &str, place: Option<Place>) -> Outcome<ModuleId> {
        if let Some(known) = self.by_name.get(name).copied() {
            let failed = |module: &Loaded| module.state == Loading::Failed;
            if !self.modules.get(known).is_some_and(failed) {
                return Ok(known);
            }
        }
        let (path, package) = match self.project.find(name) {
            None => return self.missing(name, place),
            Some(Found::Folder) => (None, true),
            Some(Found::File { path, package }) => (Some(path), package),
        };
        let id = self.modules.len();
        let env = self.new_env(None, id);
        self.modules.push(Loaded {
            name: name.to_owned(),
            path: path.clone(),
            package,
            env,
            state: Loading::Begun,
            open: false,
        });
        self.by_name.insert(name.to_owned(), id);
        let parts: Vec<Part<'a>> = path
            .and_then(|path| self.project.file(&path))
            .map(|file| file.parts.clone())
            .unwrap_or_default();
        let done = self.run_parts(id, env, &parts);
        if let Some(module) = self.modules.get_mut(id) {
            module.state = match done {
                Ok(()) => Loading::Done,
                Err(_) => Loading::Failed,
            };
        }
        done.map(|()| id)
    }

    fn run_parts(&mut self, module: ModuleId, env: usize, parts: &[Part<'a>]) -> Outcome<()> {
        // Python reads a file as a whole before it runs any of it.
        for part in parts {
            if let Some(error) = part.module.errors().first() {
                let place = Place {
                    key: part.key,
                    range: error.range,
                };
                let message = error.message.clone();
                self.fail("SyntaxError", Trouble::Syntax, message, Some(place))?;
                if let Some(module) = self.modules.get_mut(module) {
                    module.open = true;
                }
                return Ok(());
            }
        }
        for part in parts {
            let spot = Spot {
                module,
                env,
                part: part.key,
                source: part.source,
            };
            self.body(spot, part.module.body())?;
        }
        Ok(())
    }

    pub(crate) fn import(&mut self, spot: Spot<'a>, import: &'a StmtImport) -> Outcome<()> {
        for alias in &import.names {
            let path = alias.name.as_str();
            let place = place(spot, alias);
            let value = match self.resolve(path, place)? {
                Imported::Own(module) if alias.asname.is_some() => Value::Module(module),
                Imported::Other(path) if alias.asname.is_some() => Value::External(path),
                _ => {
                    let root = path.split('.').next().unwrap_or(path);
                    match self.by_name.get(root) {
                        Some(module) => Value::Module(*module),
                        None => Value::External(root.into()),
                    }
                }
            };
            let bound = match &alias.asname {
                Some(name) => name.as_str(),
                None => path.split('.').next().unwrap_or(path),
            };
            self.bind(spot, bound, value, place);
        }
        Ok(())
    }

    /// The module of an absolute dotted name. What the project does not have is another library's, and taken to be
    /// installed; but below a package of the project's own there is nothing else.
    fn resolve(&mut self, path: &str, place: Place) -> Outcome<Imported> {
        let root = path.split('.').next().unwrap_or(path);
        // Modules of Python that the worker has loaded already are not looked for again.
        let own = self.project.find(root).is_some() && !is_preloaded(root);
        if path.starts_with("azurefunctions.extensions") {
            self.has_extensions = true;
        }
        if !own {
            return Ok(Imported::Other(path.into()));
        }
        let folder_only = matches!(self.project.find(root), Some(Found::Folder));
        if self.project.find(path).is_none() && (folder_only || !self.project.complete) {
            // The rest of the package may be installed, or stand in a file that is not shown.
            return Ok(Imported::Other(path.into()));
        }
        self.load_or_note(path, place)
    }

    /// Loads a module; one that is not there is another library's, if the run goes on.
    fn load_or_note(&mut self, path: &str, place: Place) -> Outcome<Imported> {
        if self.goes_on && self.project.find(path).is_none() {
            let message = format!("No module named '{path}'");
            self.fail("ModuleNotFoundError", Trouble::Import, message, Some(place))?;
            return Ok(Imported::Other(path.into()));
        }
        Ok(Imported::Own(self.load(path, Some(place))?))
    }

    pub(crate) fn import_from(
        &mut self,
        spot: Spot<'a>,
        import: &'a StmtImportFrom,
    ) -> Outcome<()> {
        let module = import.module.as_ref().map_or("", |module| module.as_str());
        let at = place(spot, import);
        if module == "__future__" {
            return Ok(());
        }
        let source = if import.level > 0 {
            match self.relative(spot, import.level, module, at)? {
                Some(path) if path.is_empty() => return Ok(()),
                Some(path) if self.project.find(&path).is_some() || self.project.complete => {
                    self.load_or_note(&path, at)?
                }
                Some(path) => Imported::Other(path.into()),
                None => return Ok(()),
            }
        } else {
            self.resolve(module, at)?
        };
        for alias in &import.names {
            if alias.name.as_str() == "*" {
                self.star(spot, &source, at)?;
            } else {
                let value = self.member(&source, alias, place(spot, alias))?;
                let bound = alias.asname.as_ref().unwrap_or(&alias.name);
                self.bind(spot, bound.as_str(), value, place(spot, bound));
            }
        }
        Ok(())
    }

    /// The dotted name that a relative import means.
    fn relative(
        &mut self,
        spot: Spot<'a>,
        level: u32,
        module: &str,
        place: Place,
    ) -> Outcome<Option<String>> {
        let Some(here) = self.modules.get(spot.module) else {
            return Ok(None);
        };
        let mut package: Vec<&str> = here.name.split('.').collect();
        if !here.package {
            package.pop();
        }
        if package.is_empty() {
            let message = "attempted relative import with no known parent package";
            self.fail("ImportError", Trouble::Import, message, Some(place))?;
            return Ok(None);
        }
        for _ in 1..level {
            package.pop();
        }
        if package.is_empty() {
            let message = "attempted relative import beyond top-level package";
            self.fail("ImportError", Trouble::Import, message, Some(place))?;
            return Ok(None);
        }
        if !module.is_empty() {
            package.push(module);
        }
        Ok(Some(package.join(".")))
    }

    fn member(&mut self, source: &Imported, alias: &Alias, place: Place) -> Outcome<Value> {
        let name = alias.name.as_str();
        let module = match source {
            Imported::Other(path) => {
                if path.starts_with("azurefunctions") {
                    self.has_extensions = true;
                }
                let whole = format!("{path}.{name}");
                return Ok(Value::External(whole.into()));
            }
            Imported::Own(module) => *module,
        };
        let env = self.env_of(module);
        let slot = self.envs.get(env).and_then(|env| env.names.get(name));
        if let Some(slot) = slot {
            return Ok(slot.value.clone());
        }
        let Some(loaded) = self.modules.get(module) else {
            return Ok(Value::Unknown);
        };
        let whole = format!("{}.{name}", loaded.name);
        if loaded.package && self.project.find(&whole).is_some() {
            return Ok(Value::Module(self.load(&whole, Some(place))?));
        }
        let is_file = self.modules.get(module).is_some_and(|it| it.path.is_some());
        if let Some(value) = self.attribute_of_module(module, name) {
            return Ok(value);
        }
        if !is_file {
            return Ok(Value::External(whole.into()));
        }
        let begun = self.modules.get(module);
        let begun = begun.is_some_and(|module| module.state == Loading::Begun);
        let from = whole.rsplit_once('.').map_or("", |(from, _)| from);
        let message = if begun {
            format!(
                "cannot import name '{name}' from partially initialized module '{from}' (most likely due to a \
                 circular import)"
            )
        } else {
            format!("cannot import name '{name}' from '{from}'")
        };
        self.fail("ImportError", Trouble::Import, message, Some(place))?;
        Ok(Value::Unknown)
    }

    /// What a module holds under a name, as far as other libraries or dynamic code may have put it there.
    pub(crate) fn attribute_of_module(&self, module: ModuleId, name: &str) -> Option<Value> {
        let loaded = self.modules.get(module)?;
        let env = self.envs.get(loaded.env)?;
        if let Some(slot) = env.names.get(name) {
            return Some(slot.value.clone());
        }
        if name == "__name__" {
            return Some(Value::Str(loaded.name.as_str().into()));
        }
        if matches!(
            name,
            "__file__" | "__doc__" | "__path__" | "__dict__" | "__spec__"
        ) {
            return Some(Value::Foreign);
        }
        match env.stars.as_slice() {
            [only] => Some(Value::External(format!("{only}.{name}").into())),
            [] if !loaded.open && !env.names.contains_key("__getattr__") => None,
            _ => Some(Value::Unknown),
        }
    }

    fn star(&mut self, spot: Spot<'a>, source: &Imported, place: Place) -> Outcome<()> {
        let module = match source {
            Imported::Own(module) => *module,
            Imported::Other(path) => {
                let top = self.env_of(spot.module);
                if let Some(env) = self.envs.get_mut(top) {
                    env.stars.push(path.clone());
                }
                return Ok(());
            }
        };
        let from = self.env_of(module);
        let slots = |this: &Self| this.envs.get(from).map(|env| env.names.clone());
        let names = slots(self).unwrap_or_default();
        let listed = match names.get("__all__").map(|slot| &slot.value) {
            Some(Value::List(list)) => Some(self.list(*list)),
            _ => None,
        };
        let mut found: Vec<(Rc<str>, Value)> = Vec::new();
        match listed {
            Some(listed) => {
                for name in listed {
                    let Value::Str(name) = name else { continue };
                    let package = self.modules.get(module).map(|it| it.name.clone());
                    let whole = format!("{}.{name}", package.unwrap_or_default());
                    if let Some(slot) = names.get(&*name) {
                        found.push((name, slot.value.clone()));
                    } else if self.project.find(&whole).is_some() {
                        // A name in `__all__` that nothing binds is a submodule.
                        let module = self.load(&whole, Some(place))?;
                        found.push((name, Value::Module(module)));
                    }
                }
            }
            None => {
                let public = names.iter().filter(|(name, _)| !name.starts_with('_'));
                found.extend(public.map(|(name, slot)| (name.clone(), slot.value.clone())));
            }
        }
        let stars = self.envs.get(from).map(|env| env.stars.clone());
        let open = self.modules.get(module).is_some_and(|module| module.open);
        found.sort_by(|left, right| left.0.cmp(&right.0));
        for (name, value) in found {
            self.bind(spot, &name, value, place);
        }
        let top = self.env_of(spot.module);
        if let Some(env) = self.envs.get_mut(top) {
            env.stars.extend(stars.unwrap_or_default());
        }
        if let Some(here) = self.modules.get_mut(spot.module) {
            here.open |= open;
        }
        Ok(())
    }

    /// `importlib.import_module("name")`; `None` if nobody can tell which module it is.
    pub(crate) fn import_by_name(
        &mut self,
        spot: Spot<'a>,
        name: Option<&Value>,
        call: &'a Expr,
    ) -> Outcome<Option<Value>> {
        let Some(Value::Str(name)) = name else {
            return Ok(None);
        };
        let at = Place {
            key: spot.part,
            range: range(call),
        };
        let whole = match name.strip_prefix('.') {
            None => name.to_string(),
            Some(rest) => {
                let package = call
                    .as_call_expr()
                    .and_then(|call| call.arguments.find_argument_value("package", 1));
                let package = package.and_then(|package| match package {
                    Expr::Name(_) => self.modules.get(spot.module).map(|it| {
                        if it.package {
                            it.name.clone()
                        } else {
                            it.name.rsplit_once('.').map_or("", |(up, _)| up).to_owned()
                        }
                    }),
                    other => string_value(other).map(str::to_owned),
                });
                match package {
                    Some(package) if !rest.starts_with('.') => format!("{package}.{rest}"),
                    _ => return Ok(None),
                }
            }
        };
        Ok(Some(match self.resolve(&whole, at)? {
            Imported::Own(module) => Value::Module(module),
            Imported::Other(path) => Value::External(path),
        }))
    }
}

fn place(spot: Spot<'_>, node: impl nbfix_python::Ranged) -> Place {
    Place {
        key: spot.part,
        range: range(node),
    }
}

/// Whether the worker itself has imported this module of Python before it comes to the app.
fn is_preloaded(root: &str) -> bool {
    const LOADED: &[&str] = &[
        "abc",
        "argparse",
        "asyncio",
        "collections",
        "concurrent",
        "contextvars",
        "dataclasses",
        "datetime",
        "enum",
        "functools",
        "importlib",
        "inspect",
        "io",
        "json",
        "logging",
        "operator",
        "os",
        "pathlib",
        "queue",
        "re",
        "socket",
        "ssl",
        "string",
        "sys",
        "threading",
        "time",
        "traceback",
        "types",
        "typing",
        "uuid",
        "warnings",
    ];
    is_stdlib(root) && LOADED.contains(&root) || root == "azure"
}

impl Project<'_> {
    /// Whether an import of this dotted name may lead out of the project.
    pub fn is_own(&self, module: &str) -> bool {
        self.find(module).is_some()
    }
}
