//! What a notebook does with environment variables, in the order in which it does it.

use nbfix_ipynb::CellId;
use nbfix_python::ast::visitor::source_order as walk;
use nbfix_python::ast::{
    CmpOp, ExceptHandler, Expr, ExprCall, ExprCompare, ExprSubscript, Stmt, StmtTry,
};
use nbfix_python::{SourceOrderVisitor, dotted, range};
use nbfix_semantic::{BindingKind, ProgramId, Semantic, Unit};
use nbfix_text::TextRange;
use serde::Deserialize;
use std::sync::LazyLock;

/// How deep calls of the notebook's own functions are followed.
const MAX_DEPTH: usize = 4;
/// More than any notebook does; calls are not followed beyond it.
const MAX_STEPS: usize = 10_000;

/// The table `rules/data/environment.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    provided: Vec<String>,
    provided_prefixes: Vec<String>,
    group: Vec<Vec<String>>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    // A test reads the table; a broken one means that nothing is known of any variable.
    toml::from_str(include_str!("../../../rules/data/environment.toml")).unwrap_or_default()
});

/// Whether every machine, or the platform that the code is for, sets this variable.
pub(crate) fn is_provided(name: &str) -> bool {
    TABLE.provided.iter().any(|known| known == name)
        || TABLE
            .provided_prefixes
            .iter()
            .any(|prefix| name.starts_with(prefix.as_str()))
}

/// Other names under which the value of a variable is known, the likeliest first.
pub(crate) fn aliases(name: &str) -> impl Iterator<Item = &'static str> {
    let group = TABLE
        .group
        .iter()
        .find(|group| group.iter().any(|known| known == name));
    let names = group.map_or(&[][..], Vec::as_slice);
    let others: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|known| *known != name)
        .collect();
    others.into_iter()
}

/// One thing that the code does with the environment.
#[derive(Clone, Debug)]
pub(crate) struct Event<'a> {
    pub(crate) cell: CellId,
    pub(crate) unit: usize,
    pub(crate) range: TextRange,
    pub(crate) what: What<'a>,
    /// Whether its failure is caught, or the variable is asked for around it.
    pub(crate) guarded: bool,
    /// Whether it may be skipped.
    pub(crate) conditional: bool,
    /// The function that it stands in; its outermost one.
    function: Option<&'a str>,
}

impl Event<'_> {
    /// Whether it happens whenever its cell runs.
    pub(crate) fn is_certain(&self) -> bool {
        !self.conditional && self.function.is_none()
    }
}

#[derive(Clone, Debug)]
pub(crate) enum What<'a> {
    /// Reads a variable; with `bare`, `KeyError` if it is not set.
    Read { name: String, bare: bool },
    /// Sets a variable, or with `None` one that cannot be told, perhaps many.
    Set(Option<String>),
    /// Asks whether a variable is set, or one that cannot be told.
    Test(Option<String>),
    /// Reads a `.env` file.
    Load,
    /// Calls a function of the notebook's own.
    Call(&'a str),
}

/// Whether some cell of Python holds one of these words.
pub(crate) fn mentions(semantic: &Semantic<'_>, words: &[&str]) -> bool {
    let mut units = semantic.units_of(ProgramId::DOCUMENT);
    units.any(|unit| words.iter().any(|word| unit.source.contains(word)))
}

/// All that the notebook's own cells do, as written.
pub(crate) fn events<'a>(semantic: &Semantic<'a>) -> Vec<Event<'a>> {
    let mut found = Vec::new();
    for unit in semantic.units_of(ProgramId::DOCUMENT) {
        let mut walk = Walk {
            semantic,
            unit,
            found: &mut found,
            functions: Vec::new(),
            classes: 0,
            caught: 0,
            asked: Vec::new(),
            conditions: 0,
        };
        walk.visit_body(unit.module.body());
    }
    found
}

/// The events as a run from the top meets them: those of functions where these are called.
pub(crate) fn as_run<'e, 'a>(events: &'e [Event<'a>]) -> Vec<Step<'e, 'a>> {
    let mut steps = Vec::new();
    for event in events.iter().filter(|event| event.function.is_none()) {
        steps.push(Step { event, call: event });
        if let What::Call(name) = event.what {
            expand(events, name, event, &mut steps, 0);
        }
    }
    steps
}

/// One event of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<'e, 'a> {
    pub(crate) event: &'e Event<'a>,
    /// The event at the top level that it belongs to: itself, or the call of the function.
    pub(crate) call: &'e Event<'a>,
}

fn expand<'e, 'a>(
    events: &'e [Event<'a>],
    name: &str,
    call: &'e Event<'a>,
    steps: &mut Vec<Step<'e, 'a>>,
    depth: usize,
) {
    if depth >= MAX_DEPTH || steps.len() > MAX_STEPS {
        return;
    }
    for event in events.iter().filter(|event| event.function == Some(name)) {
        steps.push(Step { event, call });
        if let What::Call(inner) = event.what {
            expand(events, inner, call, steps, depth + 1);
        }
    }
}

struct Walk<'w, 's, 'a> {
    semantic: &'s Semantic<'a>,
    unit: &'s Unit<'a>,
    found: &'w mut Vec<Event<'a>>,
    functions: Vec<&'a str>,
    classes: usize,
    caught: usize,
    /// What the conditions around ask for.
    asked: Vec<Option<String>>,
    conditions: usize,
}

impl<'a> Walk<'_, '_, 'a> {
    fn add(&mut self, range: TextRange, what: What<'a>) {
        let asked = match &what {
            What::Read { name, .. } => self
                .asked
                .iter()
                .any(|asked| asked.as_ref().is_none_or(|asked| asked == name)),
            _ => false,
        };
        // Methods run when an object is used, which is not followed.
        let function = match (self.functions.first(), self.classes) {
            (Some(name), 0) => Some(*name),
            (None, 0) => None,
            _ => Some("<class>"),
        };
        self.found.push(Event {
            cell: self.unit.cell,
            unit: self.unit.index,
            range,
            what,
            guarded: asked || self.caught > 0,
            conditional: self.conditions > 0,
            function,
        });
    }

    fn is_environ(&self, expr: &'a Expr) -> bool {
        self.semantic.qualified(self.unit, expr).as_deref() == Some("os.environ")
    }

    fn name(&self, expr: &'a Expr) -> Option<String> {
        self.semantic.string(self.unit, expr).map(str::to_owned)
    }

    /// Variables whose presence an expression asks for.
    fn asks(&self, expr: &'a Expr) -> Vec<Option<String>> {
        let mut asks = Asks {
            walk: self,
            found: Vec::new(),
        };
        asks.visit_expr(expr);
        asks.found
    }

    /// Visits a test, and what runs, or not, by its word.
    fn under(&mut self, test: &'a Expr, inside: impl FnOnce(&mut Self)) {
        let asks = self.asks(test);
        let before = self.asked.len();
        self.asked.extend(asks.iter().cloned());
        self.visit_expr(test);
        for ask in asks {
            self.add(range(test), What::Test(ask));
        }
        self.conditions += 1;
        inside(self);
        self.conditions -= 1;
        self.asked.truncate(before);
    }

    fn call(&mut self, call: &'a ExprCall) {
        let Some((_, parts)) = dotted(&*call.func) else {
            return;
        };
        let at = range(call);
        let first = call.arguments.args.first();
        let path = self.semantic.qualified(self.unit, &*call.func);
        match path.as_deref() {
            Some("os.environ.get" | "os.getenv") => {
                if let Some(name) = first.and_then(|first| self.name(first)) {
                    self.add(at, What::Read { name, bare: false });
                }
                return;
            }
            Some("os.environ.setdefault" | "os.putenv") => {
                let name = first.and_then(|first| self.name(first));
                return self.add(at, What::Set(name));
            }
            Some("os.environ.update") => return self.update(call),
            _ => {}
        }
        let last = parts.last().copied().unwrap_or_default();
        if loads_environment(last) {
            return self.add(at, What::Load);
        }
        if let [name] = parts.as_slice() {
            let bound = self.semantic.bindings(ProgramId::DOCUMENT, name);
            let own = bound
                .iter()
                .any(|binding| matches!(binding.kind, BindingKind::Function(_)));
            if own {
                self.add(at, What::Call(name));
            }
        }
    }

    fn update(&mut self, call: &'a ExprCall) {
        let at = range(call);
        for keyword in &call.arguments.keywords {
            let name = keyword.arg.as_ref().map(|name| name.to_string());
            self.add(at, What::Set(name));
        }
        for argument in &call.arguments.args {
            self.set_all(argument, at);
        }
    }

    /// Sets what a mapping holds.
    fn set_all(&mut self, mapping: &'a Expr, at: TextRange) {
        match mapping {
            Expr::Dict(dict) => {
                for item in &dict.items {
                    let name = item.key.as_ref().and_then(|key| self.name(key));
                    self.add(at, What::Set(name));
                }
            }
            _ => self.add(at, What::Set(None)),
        }
    }

    fn subscript(&mut self, subscript: &'a ExprSubscript) {
        if !self.is_environ(&subscript.value) {
            return;
        }
        let (at, name) = (range(subscript), self.name(&subscript.slice));
        if subscript.ctx.is_store() {
            self.add(at, What::Set(name));
        } else if let Some(name) = name.filter(|_| subscript.ctx.is_load()) {
            self.add(at, What::Read { name, bare: true });
        }
    }

    /// `%env NAME=value`, `%dotenv`, `%run other`.
    fn magic(&mut self, text: &'a str, at: TextRange) {
        let mut words = text.split_whitespace();
        match words.next() {
            Some("env" | "set_env") => {
                let rest = text.split_once(char::is_whitespace).map_or("", |it| it.1);
                let (name, value) = rest
                    .trim()
                    .split_once(|c: char| c == '=' || c.is_whitespace())
                    .unwrap_or((rest.trim(), ""));
                if !value.is_empty() {
                    self.add(at, What::Set(Some(name.to_owned())));
                }
            }
            Some("dotenv") => self.add(at, What::Load),
            Some("run") => self.add(at, What::Set(None)),
            _ => {}
        }
    }
}

/// Whether a function of this name fills the environment, whoever wrote it.
fn loads_environment(name: &str) -> bool {
    let name = name.trim_start_matches('_').to_lowercase();
    let verb = ["load", "read", "set", "setup", "init", "initialize"]
        .iter()
        .find_map(|verb| name.strip_prefix(verb));
    verb.is_some_and(|rest| {
        matches!(
            rest.trim_start_matches('_'),
            "dotenv" | "env" | "env_vars" | "env_variables" | "environment" | "envs" | "env_file"
        )
    })
}

impl<'a> SourceOrderVisitor<'a> for Walk<'_, '_, 'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::FunctionDef(function) => {
                self.functions.push(function.name.as_str());
                let conditions = std::mem::take(&mut self.conditions);
                self.visit_body(&function.body);
                self.conditions = conditions;
                self.functions.pop();
            }
            Stmt::ClassDef(class) => {
                self.classes += 1;
                self.visit_body(&class.body);
                self.classes -= 1;
            }
            Stmt::Assign(assign) => {
                self.visit_expr(&assign.value);
                assign.targets.iter().for_each(|it| self.visit_expr(it));
            }
            Stmt::AugAssign(assign) => {
                self.visit_expr(&assign.value);
                if self.is_environ(&assign.target) {
                    self.set_all(&assign.value, range(stmt));
                } else {
                    self.visit_expr(&assign.target);
                }
            }
            Stmt::If(branch) => {
                self.under(&branch.test, |walk| {
                    walk.visit_body(&branch.body);
                    for clause in &branch.elif_else_clauses {
                        match &clause.test {
                            Some(test) => walk.under(test, |walk| walk.visit_body(&clause.body)),
                            None => walk.visit_body(&clause.body),
                        }
                    }
                });
            }
            Stmt::Assert(assert) => self.under(&assert.test, |_| ()),
            Stmt::Try(each) => {
                let caught = usize::from(catches_key_error(each));
                self.caught += caught;
                self.visit_body(&each.body);
                self.caught -= caught;
                self.conditions += 1;
                for handler in &each.handlers {
                    let ExceptHandler::ExceptHandler(handler) = handler;
                    self.visit_body(&handler.body);
                }
                self.conditions -= 1;
                self.visit_body(&each.orelse);
                self.visit_body(&each.finalbody);
            }
            Stmt::With(with) => {
                let suppresses = with.items.iter().any(|item| match &item.context_expr {
                    Expr::Call(call) => dotted(&*call.func)
                        .is_some_and(|(_, parts)| parts.last() == Some(&"suppress")),
                    _ => false,
                });
                self.caught += usize::from(suppresses);
                walk::walk_stmt(self, stmt);
                self.caught -= usize::from(suppresses);
            }
            Stmt::For(each) => {
                self.visit_expr(&each.iter);
                self.conditions += 1;
                self.visit_body(&each.body);
                self.conditions -= 1;
                self.visit_body(&each.orelse);
            }
            Stmt::IpyEscapeCommand(escape) => {
                let at = range(stmt);
                if at.of(self.unit.source).starts_with('%') {
                    self.magic(&escape.value, at);
                }
            }
            _ => walk::walk_stmt(self, stmt),
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Lambda(lambda) => {
                self.functions.push("<lambda>");
                self.visit_expr(&lambda.body);
                self.functions.pop();
            }
            Expr::If(choice) => {
                self.under(&choice.test, |walk| {
                    walk.visit_expr(&choice.body);
                    walk.visit_expr(&choice.orelse);
                });
            }
            Expr::BoolOp(either) => {
                let Some((first, rest)) = either.values.split_first() else {
                    return;
                };
                // `os.getenv("X") or "default"` keeps what it reads, so it is more than a test.
                self.visit_expr(first);
                let before = self.asked.len();
                let asks = self.asks(first);
                self.asked.extend(asks.iter().cloned());
                self.conditions += 1;
                rest.iter().for_each(|each| self.visit_expr(each));
                self.conditions -= 1;
                self.asked.truncate(before);
                for ask in asks {
                    self.add(range(first), What::Test(ask));
                }
            }
            Expr::Compare(compare) => {
                if let Some(ask) = asked_by(self, compare) {
                    self.add(range(compare), What::Test(ask));
                }
                walk::walk_expr(self, expr);
            }
            Expr::Subscript(subscript) => {
                walk::walk_expr(self, expr);
                self.subscript(subscript);
            }
            Expr::Call(call) => {
                walk::walk_expr(self, expr);
                self.call(call);
            }
            _ => walk::walk_expr(self, expr),
        }
    }
}

/// Whether a handler takes the `KeyError` of a missing variable, whatever it does then.
fn catches_key_error(each: &StmtTry) -> bool {
    let is_wide = |expr: &Expr| {
        dotted(expr).is_some_and(|(_, parts)| {
            matches!(
                parts.last(),
                Some(&("KeyError" | "LookupError" | "Exception" | "BaseException"))
            )
        })
    };
    each.handlers.iter().any(|handler| {
        let ExceptHandler::ExceptHandler(handler) = handler;
        match handler.type_.as_deref() {
            None => true,
            Some(Expr::Tuple(types)) => types.elts.iter().any(is_wide),
            Some(one) => is_wide(one),
        }
    })
}

/// `"X" in os.environ`, `name not in os.environ`: what is asked for.
fn asked_by<'a>(walk: &Walk<'_, '_, 'a>, compare: &'a ExprCompare) -> Option<Option<String>> {
    let ([CmpOp::In | CmpOp::NotIn], [right]) = (&compare.ops[..], &compare.comparators[..]) else {
        return None;
    };
    let keys = match right {
        Expr::Call(call) => match &*call.func {
            Expr::Attribute(method) if method.attr.as_str() == "keys" => &*method.value,
            _ => right,
        },
        other => other,
    };
    walk.is_environ(keys).then(|| walk.name(&compare.left))
}

struct Asks<'w, 'v, 's, 'a> {
    walk: &'w Walk<'v, 's, 'a>,
    found: Vec<Option<String>>,
}

impl<'a> SourceOrderVisitor<'a> for Asks<'_, '_, '_, 'a> {
    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Compare(compare) => self.found.extend(asked_by(self.walk, compare)),
            Expr::Call(call) => {
                let path = self.walk.semantic.qualified(self.walk.unit, &*call.func);
                if matches!(path.as_deref(), Some("os.environ.get" | "os.getenv")) {
                    let name = call.arguments.args.first();
                    self.found.push(name.and_then(|name| self.walk.name(name)));
                }
            }
            _ => {}
        }
        walk::walk_expr(self, expr);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_table_is_whole() {
        let table: Table =
            toml::from_str(include_str!("../../../rules/data/environment.toml")).unwrap();
        let mut names: Vec<&String> = table.group.iter().flatten().collect();
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all, "a name belongs to one group");
        assert!(table.group.iter().all(|group| group.len() > 1));
        let first = aliases("RESOURCE_GROUP").next();
        assert_eq!(first, Some("AZURE_RESOURCE_GROUP"));
    }
}
