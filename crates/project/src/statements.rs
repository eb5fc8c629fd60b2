//! Statements at the top level of modules, and in the functions that they call.

use nbfix_python::ast::{
    ExceptHandler, Expr, Pattern, Stmt, StmtFor, StmtFunctionDef, StmtIf, StmtMatch, StmtTry,
    StmtWith,
};
use nbfix_python::range;

use crate::Place;
use crate::interpreter::{Interpreter, Outcome, Raised, Spot};
use crate::value::{Def, Value};

/// How a run of statements ends.
pub(crate) enum Flow {
    On,
    Return(Value),
    Break,
    Continue,
}

impl<'a> Interpreter<'_, 'a> {
    pub(crate) fn body(&mut self, spot: Spot<'a>, body: &'a [Stmt]) -> Outcome<Flow> {
        for stmt in body {
            match self.stmt(spot, stmt)? {
                Flow::On => {}
                other => return Ok(other),
            }
        }
        Ok(Flow::On)
    }

    pub(crate) fn place(&self, spot: Spot<'a>, node: impl nbfix_python::Ranged) -> Place {
        Place {
            key: spot.part,
            range: range(node),
        }
    }

    fn stmt(&mut self, spot: Spot<'a>, stmt: &'a Stmt) -> Outcome<Flow> {
        let here = self.place(spot, stmt);
        if !self.step(here) {
            return Ok(Flow::On);
        }
        match stmt {
            Stmt::Import(import) => self.import(spot, import)?,
            Stmt::ImportFrom(import) => self.import_from(spot, import)?,
            Stmt::FunctionDef(def) => self.def(spot, def)?,
            Stmt::ClassDef(class) => self.class(spot, class)?,
            Stmt::Expr(expr) => {
                self.eval(spot, &expr.value)?;
            }
            Stmt::Assign(assign) => {
                let value = self.eval(spot, &assign.value)?;
                for target in &assign.targets {
                    self.assign(spot, target, value.clone(), here)?;
                }
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    let value = self.eval(spot, value)?;
                    self.assign(spot, &assign.target, value, here)?;
                }
            }
            Stmt::AugAssign(assign) => {
                let added = self.eval(spot, &assign.value)?;
                let old = self.eval(spot, &assign.target)?;
                match (old, added) {
                    (Value::List(list), Value::List(more)) => {
                        let more = self.list(more);
                        if let Some(values) = self.lists.get_mut(list) {
                            values.extend(more);
                        }
                    }
                    (Value::List(list), _) => {
                        if let Some(values) = self.lists.get_mut(list) {
                            values.push(Value::Unknown);
                        }
                    }
                    _ => self.assign(spot, &assign.target, Value::Foreign, here)?,
                }
            }
            Stmt::Delete(delete) => {
                for target in &delete.targets {
                    if let Expr::Name(name) = target
                        && let Some(env) = self.envs.get_mut(spot.env)
                    {
                        env.names.remove(name.id.as_str());
                    }
                }
            }
            Stmt::If(branch) => return self.branch(spot, branch),
            Stmt::For(each) => return self.each(spot, each),
            Stmt::While(each) => {
                let (truth, sure) = self.condition(spot, &each.test)?;
                let runs = truth.unwrap_or(true);
                if !sure && self.is_relevant(spot, &each.body) {
                    self.doubt(Some(here), "a loop that nobody can follow");
                }
                if runs {
                    self.unsure += usize::from(!sure);
                    let flow = self.body(spot, &each.body);
                    self.unsure -= usize::from(!sure);
                    if let Flow::Return(value) = flow? {
                        return Ok(Flow::Return(value));
                    }
                }
            }
            Stmt::With(with) => {
                for item in &with.items {
                    let value = self.eval(spot, &item.context_expr)?;
                    if let Some(target) = &item.optional_vars {
                        let value = match value {
                            Value::Object(_) => value,
                            _ => Value::Unknown,
                        };
                        self.assign(spot, target, value, here)?;
                    }
                }
                return self.within(spot, with);
            }
            Stmt::Try(attempt) => return self.attempt(spot, attempt),
            Stmt::Match(choice) => return self.choose(spot, choice),
            Stmt::Raise(raise) => return self.raised(spot, raise, here),
            Stmt::Return(value) => {
                let value = match &value.value {
                    Some(value) => self.eval(spot, value)?,
                    None => Value::None,
                };
                return Ok(Flow::Return(value));
            }
            Stmt::Break(_) => return Ok(Flow::Break),
            Stmt::Continue(_) => return Ok(Flow::Continue),
            Stmt::Global(names) => {
                if let Some(env) = self.envs.get_mut(spot.env) {
                    env.globals
                        .extend(names.names.iter().map(|name| name.as_str()));
                }
            }
            Stmt::Nonlocal(names) => {
                if let Some(env) = self.envs.get_mut(spot.env) {
                    env.outer
                        .extend(names.names.iter().map(|name| name.as_str()));
                }
            }
            Stmt::Assert(assert) => {
                if let (Some(false), true) = self.condition(spot, &assert.test)? {
                    return self.raise("AssertionError", crate::Trouble::Raised, "", Some(here));
                }
            }
            Stmt::TypeAlias(_) | Stmt::Pass(_) | Stmt::IpyEscapeCommand(_) => {}
        }
        Ok(Flow::On)
    }

    /// Binds what stands left of `=`.
    pub(crate) fn assign(
        &mut self,
        spot: Spot<'a>,
        target: &'a Expr,
        value: Value,
        place: Place,
    ) -> Outcome<()> {
        match target {
            Expr::Name(name) => self.bind(spot, name.id.as_str(), value, place),
            Expr::Tuple(ast) => self.unpack(spot, &ast.elts, &value, place)?,
            Expr::List(ast) => self.unpack(spot, &ast.elts, &value, place)?,
            Expr::Starred(starred) => self.assign(spot, &starred.value, Value::Unknown, place)?,
            Expr::Attribute(attribute) => {
                let name = attribute.attr.as_str();
                match self.eval(spot, &attribute.value)? {
                    Value::Instance(id) => {
                        if let Some((_, members)) = self.instances.get_mut(id) {
                            members.insert(name.to_owned(), value);
                        }
                    }
                    Value::Module(module) => {
                        let env = self.env_of(module);
                        let there = Spot {
                            module,
                            env,
                            ..spot
                        };
                        self.bind(there, name, value, place);
                    }
                    _ => self.escape(
                        [&value],
                        place,
                        "the app is kept where nobody can follow it",
                    ),
                }
            }
            Expr::Subscript(subscript) => {
                let owner = self.eval(spot, &subscript.value)?;
                self.eval(spot, &subscript.slice)?;
                if let Value::List(list) = owner {
                    if let Some(values) = self.lists.get_mut(list) {
                        values.push(value);
                    }
                } else {
                    self.escape(
                        [&value],
                        place,
                        "the app is kept where nobody can follow it",
                    );
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn unpack(
        &mut self,
        spot: Spot<'a>,
        targets: &'a [Expr],
        value: &Value,
        place: Place,
    ) -> Outcome<()> {
        let values = match value {
            Value::List(list) => self.list(*list),
            _ => Vec::new(),
        };
        let fits = values.len() == targets.len() && !targets.iter().any(Expr::is_starred_expr);
        let rest = match value {
            Value::Foreign => Value::Foreign,
            _ => Value::Unknown,
        };
        for (index, target) in targets.iter().enumerate() {
            let value = values.get(index).filter(|_| fits);
            self.assign(
                spot,
                target,
                value.cloned().unwrap_or_else(|| rest.clone()),
                place,
            )?;
        }
        Ok(())
    }

    fn def(&mut self, spot: Spot<'a>, def: &'a StmtFunctionDef) -> Outcome<()> {
        let mut decorators = Vec::new();
        for decorator in &def.decorator_list {
            let value = self.eval(spot, &decorator.expression)?;
            decorators.push((value, &decorator.expression));
        }
        for parameter in def.parameters.iter() {
            if let Some(default) = parameter.default() {
                self.eval(spot, default)?;
            }
        }
        let sure = self.is_sure();
        self.defs.push(Def {
            stmt: def,
            env: spot.env,
            module: spot.module,
            part: spot.part,
            name: def.name.to_string(),
            wrapped: None,
            is_foreign: false,
            sure,
        });
        let mut value = Value::Function(self.defs.len() - 1);
        for (decorator, expr) in decorators.into_iter().rev() {
            value = self.decorate(spot, decorator, value, expr)?;
        }
        let place = self.place(spot, &def.name);
        self.bind(spot, def.name.as_str(), value, place);
        Ok(())
    }

    fn branch(&mut self, spot: Spot<'a>, branch: &'a StmtIf) -> Outcome<Flow> {
        let mut arms: Vec<(Option<&'a Expr>, &'a [Stmt])> =
            vec![(Some(&branch.test), &branch.body)];
        let rest = branch.elif_else_clauses.iter();
        arms.extend(rest.map(|clause| (clause.test.as_ref(), clause.body.as_slice())));
        let mut doubtful = false;
        let mut skipped: Vec<&'a [Stmt]> = Vec::new();
        let mut taken = None;
        for (index, (test, body)) in arms.iter().enumerate() {
            let (truth, sure) = match test {
                Some(test) => self.condition(spot, test)?,
                None => (Some(true), true),
            };
            doubtful |= !sure;
            // An arm that raises is one that a deployed app does not take.
            let takes = truth.unwrap_or_else(|| !gives_up(body));
            if takes && (sure || !gives_up(body)) {
                taken = Some(*body);
                if doubtful {
                    skipped.extend(arms.iter().skip(index + 1).map(|(_, body)| *body));
                }
                break;
            }
            if !sure {
                skipped.push(body);
            }
        }
        let left_out = skipped
            .iter()
            .any(|body| !gives_up(body) && self.is_relevant(spot, body));
        let matters = taken.is_some_and(|body| self.is_relevant(spot, body));
        if left_out || doubtful && matters {
            let place = self.place(spot, &*branch.test);
            self.doubt(Some(place), "a condition that only the deployment decides");
        }
        let Some(body) = taken else {
            return Ok(Flow::On);
        };
        self.unsure += usize::from(doubtful);
        let flow = self.body(spot, body);
        self.unsure -= usize::from(doubtful);
        flow
    }

    /// The body of a `with`, whose manager may take exceptions away.
    fn within(&mut self, spot: Spot<'a>, with: &'a StmtWith) -> Outcome<Flow> {
        let mut classes: Vec<&'a Expr> = Vec::new();
        for item in &with.items {
            if let Expr::Call(call) = &item.context_expr
                && let Value::External(path) = self.eval(spot, &call.func)?
                && &*path == "contextlib.suppress"
            {
                classes.extend(&call.arguments.args);
            }
        }
        let guarded = usize::from(!classes.is_empty());
        self.attempts += guarded;
        let done = self.body(spot, &with.body);
        self.attempts -= guarded;
        let Err(raised) = done else { return done };
        for class in classes {
            if self.catches(spot, class, &raised)? {
                self.caught.push(raised.error);
                return Ok(Flow::On);
            }
        }
        Err(raised)
    }

    /// The case of a `match` that is surely taken; a doubt if that cannot be told.
    fn choose(&mut self, spot: Spot<'a>, choice: &'a StmtMatch) -> Outcome<Flow> {
        let subject = self.eval(spot, &choice.subject)?;
        for case in &choice.cases {
            let fits = match (&case.pattern, &case.guard) {
                (Pattern::MatchValue(value), None) => {
                    let value = self.eval(spot, &value.value)?;
                    match (&subject, value) {
                        (Value::Str(left), Value::Str(right)) => Some(*left == right),
                        (Value::Int(left), Value::Int(right)) => Some(*left == right),
                        _ => None,
                    }
                }
                (Pattern::MatchAs(pattern), None) if pattern.pattern.is_none() => Some(true),
                _ => None,
            };
            match fits {
                Some(true) => return self.body(spot, &case.body),
                Some(false) => {}
                None => break,
            }
        }
        if choice
            .cases
            .iter()
            .any(|case| self.is_relevant(spot, &case.body))
        {
            let place = self.place(spot, &*choice.subject);
            self.doubt(Some(place), "a `match` that nobody can follow");
        }
        Ok(Flow::On)
    }

    fn each(&mut self, spot: Spot<'a>, each: &'a StmtFor) -> Outcome<Flow> {
        let place = self.place(spot, &*each.target);
        let values = match self.eval(spot, &each.iter)? {
            Value::List(list) => Some(self.list(list)),
            Value::Dict(pairs) => Some(pairs.iter().map(|(key, _)| key.clone()).collect()),
            _ => None,
        };
        if let Some(values) = values {
            for value in values {
                self.assign(spot, &each.target, value, place)?;
                match self.body(spot, &each.body)? {
                    Flow::Return(value) => return Ok(Flow::Return(value)),
                    Flow::Break => return Ok(Flow::On),
                    Flow::On | Flow::Continue => {}
                }
            }
            return self.body(spot, &each.orelse);
        }
        if self.is_relevant(spot, &each.body) {
            self.doubt(Some(place), "a loop that nobody can follow");
        }
        self.unsure += 1;
        let done = self
            .assign(spot, &each.target, Value::Unknown, place)
            .and_then(|()| self.body(spot, &each.body));
        self.unsure -= 1;
        match done {
            Ok(Flow::Return(value)) => Ok(Flow::Return(value)),
            // Of an element that nobody knows nothing can be told, not even what it raises.
            Ok(_) | Err(_) => Ok(Flow::On),
        }
    }

    fn attempt(&mut self, spot: Spot<'a>, attempt: &'a StmtTry) -> Outcome<Flow> {
        let guarded = usize::from(!attempt.handlers.is_empty());
        self.attempts += guarded;
        let tried = self.body(spot, &attempt.body);
        self.attempts -= guarded;
        let done = match tried {
            Err(raised) => {
                let mut handled = None;
                for ExceptHandler::ExceptHandler(handler) in &attempt.handlers {
                    let catches = match &handler.type_ {
                        None => true,
                        Some(class) => self.catches(spot, class, &raised)?,
                    };
                    if catches {
                        if let Some(name) = &handler.name {
                            let place = self.place(spot, name);
                            self.bind(spot, name.as_str(), Value::Foreign, place);
                        }
                        handled = Some(&handler.body);
                        break;
                    }
                }
                match handled {
                    None => Err(raised),
                    Some(body) => {
                        self.caught.push(raised.error.clone());
                        let done = self.body(spot, body);
                        match done {
                            // `raise` alone lets the first exception on.
                            Err(again) if &*again.class == "<again>" => Err(raised),
                            done => done,
                        }
                    }
                }
            }
            Ok(Flow::On) => self.body(spot, &attempt.orelse),
            Ok(flow) => Ok(flow),
        };
        match self.body(spot, &attempt.finalbody)? {
            Flow::On => done,
            flow => Ok(flow),
        }
    }

    fn catches(&mut self, spot: Spot<'a>, class: &'a Expr, raised: &Raised) -> Outcome<bool> {
        let classes: Vec<&'a Expr> = match class {
            Expr::Tuple(tuple) => tuple.elts.iter().collect(),
            one => vec![one],
        };
        for class in classes {
            let name = match nbfix_python::dotted(class) {
                Some((_, parts)) => parts.last().copied().unwrap_or_default(),
                None => return Ok(true),
            };
            if ancestors(&raised.class).contains(&name) || name == &*raised.class {
                return Ok(true);
            }
            // A name for several of them.
            if let Value::List(_) | Value::Unknown = self.eval(spot, class)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn raised(
        &mut self,
        spot: Spot<'a>,
        raise: &'a nbfix_python::ast::StmtRaise,
        here: Place,
    ) -> Outcome<Flow> {
        let Some(exception) = raise.exc.as_deref() else {
            return self.raise("<again>", crate::Trouble::Raised, "", Some(here));
        };
        let named = match exception {
            Expr::Call(call) => &call.func,
            other => other,
        };
        let class = nbfix_python::dotted(named).and_then(|(_, parts)| parts.last().copied());
        let message = exception
            .as_call_expr()
            .and_then(|call| call.arguments.args.first())
            .and_then(nbfix_python::string_value)
            .unwrap_or_default()
            .to_owned();
        // `raise error` in a handler: whatever was caught.
        let caught = matches!(exception, Expr::Name(_))
            && class.is_some_and(|name| name.starts_with(char::is_lowercase));
        if caught {
            return self.raise("<again>", crate::Trouble::Raised, "", Some(here));
        }
        if let Expr::Call(call) = exception {
            self.eval_arguments(spot, call)?;
        }
        let class = class.unwrap_or("Exception");
        self.raise(class, crate::Trouble::Raised, message, Some(here))
    }
}

/// The classes above a built-in exception.
fn ancestors(class: &str) -> &'static [&'static str] {
    match class {
        "ModuleNotFoundError" => &["ImportError", "Exception", "BaseException"],
        "KeyError" | "IndexError" => &["LookupError", "Exception", "BaseException"],
        "SystemExit" | "KeyboardInterrupt" => &["BaseException"],
        "FileNotFoundError" | "PermissionError" => &["OSError", "Exception", "BaseException"],
        "NotImplementedError" => &["RuntimeError", "Exception", "BaseException"],
        _ => &["Exception", "BaseException"],
    }
}

/// Whether a block ends the import: its last statement raises or exits.
pub(crate) fn gives_up(body: &[Stmt]) -> bool {
    match body.last() {
        Some(Stmt::Raise(_)) => true,
        Some(Stmt::Expr(expr)) => expr.value.as_call_expr().is_some_and(|call| {
            let path = nbfix_python::dotted(&*call.func).map(|(_, parts)| parts.join("."));
            matches!(
                path.as_deref(),
                Some("sys.exit" | "exit" | "quit" | "os._exit")
            )
        }),
        Some(Stmt::If(branch)) => {
            let rest = &branch.elif_else_clauses;
            gives_up(&branch.body)
                && rest.last().is_some_and(|last| last.test.is_none())
                && rest.iter().all(|clause| gives_up(&clause.body))
        }
        _ => false,
    }
}
