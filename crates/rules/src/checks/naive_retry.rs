//! `naive-retry`: a loop that tries again by hand, and waits in a way that helps nobody.

use nbfix_lint::{Check, Findings, Report};
use nbfix_python::ast::{
    ExceptHandlerExceptHandler, Expr, ExprCall, Number, Stmt, StmtFor, StmtTry, UnaryOp,
};
use nbfix_python::{AnyNodeRef, SourceOrderVisitor, TraversalSignal, dotted, range};
use nbfix_semantic::values::Value;
use nbfix_semantic::{ProgramId, ProgramKind, Semantic, Unit};
use nbfix_text::{Edit, TextRange};

use crate::degrade::line_end;
use crate::loop_parts::{
    Calls, Changes, Parts, SleepFinder, cannot_be_deferred, exits, is_print, uses, uses_expr,
    waits_long,
};

pub(crate) const CHECK: Check = Check::Notebook(check);

/// Parts of the names of exceptions that may pass; others say something that waiting for is right, or useless.
const PASSING: &[&str] = &[
    "RateLimit",
    "Timeout",
    "Connection",
    "APIError",
    "ApiException",
    "APIStatusError",
    "HTTPError",
    "HttpError",
    "HttpResponseError",
    "RequestException",
    "Unavailable",
    "ResourceExhausted",
    "Throttl",
    "TooManyRequests",
    "ServerError",
    "URLError",
    "Overloaded",
];

/// Clients that try again by themselves, and how often they call in all.
const RETRYING: &[(&str, &str)] = &[("openai.", "openai"), ("anthropic.", "anthropic")];

/// How often and how long (in seconds) a loop may try and wait without harm.
const MODEST_ATTEMPTS: f64 = 3.0;
const MODEST_WAIT: f64 = 10.0;

const SAME: &str = "the wait is always the same";

const HELPER_NAME: &str = "retry_call";

/// What is put into the notebook once. Pure ASCII, and nothing but Python's own modules.
const HELPER: &str = r#"import random
import time


def retry_call(call, attempts=4, base=1.0, cap=60.0, on=Exception):
    """Return call(), tried up to `attempts` times. The wait doubles from `base` to `cap` seconds, give or take a half."""
    for attempt in range(1, attempts + 1):
        try:
            return call()
        except on as exc:
            response = getattr(exc, 'response', None)
            status = getattr(exc, 'status_code', getattr(response, 'status_code', None))
            # What the server refuses for good does not get better.
            if attempt == attempts or status in (400, 401, 403, 404, 405, 422):
                raise
            wait = min(cap, base * 2 ** (attempt - 1)) * random.uniform(0.5, 1.5)
            after = str((getattr(response, 'headers', None) or {}).get('retry-after', ''))
            if after.isdigit():
                wait = max(wait, int(after))
            print('[RETRY] attempt %d of %d failed - %s: %s - waiting %.1f s'
                  % (attempt, attempts, type(exc).__name__, str(exc)[:200], wait))
            time.sleep(wait)"#;

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    let mut found: Vec<Found<'_>> = Vec::new();
    for unit in semantic.units_of(ProgramId::DOCUMENT) {
        if !unit.source.contains("sleep") {
            continue;
        }
        let mut walk = Walk {
            semantic,
            unit,
            found: Vec::new(),
            loops: Vec::new(),
        };
        walk.visit_body(unit.module.body());
        found.extend(walk.found);
    }
    // All loops of a notebook share one fix, because they share the function.
    let first = found
        .iter()
        .find(|each| each.edit.is_some())
        .map(|each| each.unit);
    let is_notebook = semantic.program(ProgramId::DOCUMENT).kind == ProgramKind::Notebook;
    let is_taken = semantic.is_bound(ProgramId::DOCUMENT, HELPER_NAME);
    let is_ours = semantic
        .units_of(ProgramId::DOCUMENT)
        .any(|unit| unit.source.contains(HELPER));
    let edits: Vec<(&Unit<'_>, Edit)> = found
        .iter()
        .filter_map(|each| Some((each.unit, each.edit.clone()?)))
        .collect();
    for each in &found {
        let at = TextRange::new(
            each.place.start(),
            line_end(each.unit.source, each.place.start()),
        );
        let mut report = Report::at(each.unit.cell, at).with("why", each.why.join(", "));
        if let Some(client) = each.client {
            report = report.help(format!(
                "{client} tries again by itself: hand its client `max_retries=5` and drop the loop"
            ));
        }
        if let Some(first) = first
            && each.edit.is_some()
            && is_notebook
            && (!is_taken || is_ours)
        {
            for (unit, edit) in &edits {
                report = report.edit(unit.cell, edit.clone());
            }
            if !is_ours {
                report = report.insert_cell(first.cell.index(), HELPER);
            }
        }
        findings.push(report);
    }
}

struct Found<'s> {
    unit: &'s Unit<'s>,
    place: TextRange,
    why: Vec<&'static str>,
    /// The SDK that is called, if it tries again by itself.
    client: Option<&'static str>,
    edit: Option<Edit>,
}

struct Walk<'s, 'a> {
    semantic: &'s Semantic<'a>,
    unit: &'s Unit<'a>,
    found: Vec<Found<'s>>,
    /// Loops within a loop that is told already.
    loops: Vec<TextRange>,
}

impl<'s, 'a: 's> SourceOrderVisitor<'a> for Walk<'s, 'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        let (body, place) = match node {
            AnyNodeRef::StmtFor(each) => (&each.body, range(each)),
            AnyNodeRef::StmtWhile(each) => (&each.body, range(each)),
            _ => return TraversalSignal::Traverse,
        };
        if !self.loops.iter().any(|known| known.covers(place))
            && let Some(found) = self.judge(node, body, place)
        {
            self.loops.push(place);
            self.found.push(found);
        }
        TraversalSignal::Traverse
    }
}

impl<'s, 'a: 's> Walk<'s, 'a> {
    /// What is wrong with a loop that tries again.
    fn judge(&self, node: AnyNodeRef<'a>, body: &'a [Stmt], place: TextRange) -> Option<Found<'s>> {
        let (at, attempt) = body.iter().enumerate().find_map(|(at, stmt)| match stmt {
            Stmt::Try(attempt) => Some((at, attempt)),
            _ => None,
        })?;
        if !self.repeats(node, attempt) || !self.leaves(node, attempt) {
            return None;
        }
        // A loop that waits when all went well watches something.
        let tried = attempt.body.iter().chain(&attempt.orelse);
        // A name that is looked up, a value that is compared: nothing that a wait would change.
        let mut calls = Calls { found: Vec::new() };
        calls.visit_body(&attempt.body);
        if calls.found.iter().all(|call| is_print(&call.func)) {
            return None;
        }
        let is_local = attempt.body.iter().any(|stmt| {
            let text = range(stmt).of(self.unit.source);
            ["localhost", "127.0.0.1", "0.0.0.0", "create_connection"]
                .iter()
                .any(|local| text.contains(local))
        });
        if is_local
            || tried
                .into_iter()
                .any(|stmt| self.sleep_in(std::slice::from_ref(stmt)).is_some())
        {
            return None;
        }
        let behind = body.get(at + 1..).unwrap_or_default();
        let (handler, sleep) = attempt.handlers.iter().find_map(|handler| {
            let handler = handler.as_except_handler()?;
            let goes_on = || {
                !handler
                    .body
                    .iter()
                    .any(|stmt| matches!(stmt, Stmt::Raise(_) | Stmt::Return(_) | Stmt::Break(_)))
            };
            let sleep = self
                .sleep_in(&handler.body)
                .or_else(|| self.sleep_in(behind).filter(|_| goes_on()))?;
            Some((handler, sleep))
        })?;
        if self.watches(handler) {
            return None;
        }
        let is_broad = self.is_broad(handler)?;
        let wait = sleep.arguments.args.first()?;
        if self.is_modest(node, handler, sleep, wait) {
            return None;
        }
        let mut why = Vec::new();
        if self.is_fixed(wait, node, body, place) {
            why.push(SAME);
        }
        if is_endless(node, handler) {
            why.push("it never gives up");
        }
        if is_broad == Broad::Everything {
            why.push("it catches the interruption of the kernel, too");
        }
        if why.is_empty() || why == [SAME] && waits_long(handler, wait) {
            return None;
        }
        let client = self.client(attempt);
        if client.is_some() {
            why.push("the client behind it tries again by itself already");
        }
        Some(Found {
            unit: self.semantic.units().get(self.unit.index)?,
            place,
            why,
            client,
            edit: self.edit(node, attempt, handler, wait),
        })
    }

    /// Whether the loop does little harm as it is: three attempts at most, a few seconds between them, and only after
    /// errors of the connection. Nothing that waits longer each time would do better.
    fn is_modest(
        &self,
        node: AnyNodeRef<'a>,
        handler: &'a ExceptHandlerExceptHandler,
        sleep: &'a ExprCall,
        wait: &'a Expr,
    ) -> bool {
        let at_most = |expr: &'a Expr, most: f64| match self.semantic.value(self.unit, expr) {
            Value::Number(number) => number.parse().is_ok_and(|number: f64| number <= most),
            _ => false,
        };
        let is_short = match node {
            AnyNodeRef::StmtFor(each) => each.iter.as_call_expr().is_some_and(|call| {
                let count = match call.arguments.args.as_ref() {
                    [count] => count,
                    _ => return false,
                };
                at_most(count, MODEST_ATTEMPTS)
            }),
            _ => false,
        };
        // What counts are the kinds of errors after which it waits: those that are caught, or, of these, those that are
        // asked for around the wait.
        let asked = handler.body.iter().find_map(|stmt| match stmt {
            Stmt::If(branch) if branch.body.iter().any(|it| range(it).covers(range(sleep))) => {
                let mut calls = Calls { found: Vec::new() };
                calls.visit_expr(&branch.test);
                let mut tests = calls.found.into_iter().filter_map(|call| {
                    let is_test = call.func.as_name_expr()?.id.as_str() == "isinstance";
                    call.arguments.args.get(1).filter(|_| is_test)
                });
                tests.next()
            }
            _ => None,
        });
        let kinds = match asked.or(handler.type_.as_deref()) {
            None => return false,
            Some(Expr::Tuple(tuple)) => tuple.elts.as_slice(),
            Some(one) => std::slice::from_ref(one),
        };
        let of_connection = |kind: &Expr| {
            let name = dotted(kind).and_then(|(_, parts)| parts.last().copied());
            name.is_some_and(|name| name.contains("Connection") || name.contains("Timeout"))
        };
        is_short && at_most(wait, MODEST_WAIT) && kinds.iter().all(of_connection)
    }

    /// Whether the loop does the same again and again, and counts nothing but the attempts.
    fn repeats(&self, node: AnyNodeRef<'a>, attempt: &'a StmtTry) -> bool {
        match node {
            AnyNodeRef::StmtFor(each) => {
                let (Expr::Name(target), Expr::Call(call)) = (&*each.target, &*each.iter) else {
                    return false;
                };
                let path = self.semantic.qualified(self.unit, &*call.func);
                matches!(path.as_deref(), Some("range" | "itertools.count"))
                    && call.arguments.args.len() < 3
                    && !attempt
                        .body
                        .iter()
                        .any(|stmt| uses(stmt, target.id.as_str()))
            }
            AnyNodeRef::StmtWhile(each) => {
                // A deadline belongs to something that is waited for.
                let text = range(&*each.test).of(self.unit.source).to_lowercase();
                !["time", "deadline", "stat", "monotonic", "elapsed", "until"]
                    .iter()
                    .any(|word| text.contains(word))
            }
            _ => false,
        }
    }

    /// Whether success ends the loop, and nothing else is asked before.
    fn leaves(&self, node: AnyNodeRef<'a>, attempt: &'a StmtTry) -> bool {
        let flag = match node {
            AnyNodeRef::StmtWhile(each) => match &*each.test {
                Expr::UnaryOp(not) if not.op == UnaryOp::Not => not.operand.as_name_expr(),
                _ => None,
            },
            _ => None,
        };
        let is_exit = |stmt: &Stmt| match stmt {
            Stmt::Break(_) | Stmt::Return(_) => true,
            Stmt::Assign(assign) => {
                let sets = |flag: &nbfix_python::ast::ExprName| {
                    assign
                        .targets
                        .iter()
                        .any(|target| target.as_name_expr().is_some_and(|name| name.id == flag.id))
                };
                flag.is_some_and(sets)
                    && matches!(&*assign.value, Expr::BooleanLiteral(value) if value.value)
            }
            _ => false,
        };
        let all = || attempt.body.iter().chain(&attempt.orelse);
        let asks = all().any(|stmt| matches!(stmt, Stmt::If(_)) && exits(stmt));
        !asks && all().any(is_exit)
    }

    /// The call that waits among these statements, not counting those of loops and functions within.
    fn sleep_in(&self, body: &'a [Stmt]) -> Option<&'a ExprCall> {
        let mut finder = SleepFinder {
            semantic: self.semantic,
            unit: self.unit,
            found: None,
        };
        finder.visit_body(body);
        finder.found
    }

    /// Whether a handler says that something is not ready yet, which is no failure.
    fn watches(&self, handler: &ExceptHandlerExceptHandler) -> bool {
        const WORDS: &[&str] = &[
            "still ",
            "not ready",
            "in progress",
            "waiting for",
            "pending",
            " yet",
        ];
        let text = range(handler).of(self.unit.source).to_lowercase();
        WORDS.iter().any(|word| text.contains(word))
    }

    /// How much a handler catches; `None` if it is one kind of error that says what is waited for.
    fn is_broad(&self, handler: &'a ExceptHandlerExceptHandler) -> Option<Broad> {
        let kinds = match handler.type_.as_deref() {
            None => return Some(Broad::Everything),
            Some(Expr::Tuple(tuple)) => tuple.elts.as_slice(),
            Some(one) => std::slice::from_ref(one),
        };
        let mut names = kinds
            .iter()
            .filter_map(|kind| dotted(kind)?.1.last().copied());
        if names.clone().any(|name| name == "BaseException") {
            return Some(Broad::Everything);
        }
        let passes = |name: &str| PASSING.iter().any(|part| name.contains(part));
        names
            .any(|name| name == "Exception" || passes(name))
            .then_some(Broad::Errors)
    }

    /// Whether the wait is the same in every round.
    fn is_fixed(
        &self,
        wait: &'a Expr,
        node: AnyNodeRef<'a>,
        body: &'a [Stmt],
        place: TextRange,
    ) -> bool {
        let mut changes = Changes { names: Vec::new() };
        if let AnyNodeRef::StmtFor(StmtFor { target, .. }) = node {
            changes.visit_expr(target);
        }
        changes.visit_body(body);
        let mut parts = Parts {
            names: Vec::new(),
            calls: false,
        };
        parts.visit_expr(wait);
        !parts.calls
            && !parts.names.iter().any(|name| {
                changes.names.contains(name)
                    // A name of the loop that is bound in the handler is worked out there.
                    || self.semantic.binding(self.unit, name, range(wait).start()).is_some_and(|binding| {
                        binding.unit == self.unit.index && place.covers(binding.range)
                    })
            })
    }

    /// The SDK that the attempt calls, if that tries again by itself and nobody has told it not to.
    fn client(&self, attempt: &'a StmtTry) -> Option<&'static str> {
        let mut calls = Calls { found: Vec::new() };
        calls.visit_body(&attempt.body);
        calls.found.into_iter().find_map(|call| {
            let Expr::Attribute(method) = &*call.func else {
                return None;
            };
            let mut receiver = &*method.value;
            while let Expr::Attribute(inner) = receiver {
                receiver = &inner.value;
            }
            let (_, maker) = self.semantic.value_of(self.unit, receiver);
            if let Expr::Call(made) = maker
                && made.arguments.find_keyword("max_retries").is_some()
            {
                return None;
            }
            let path = self.semantic.made_by(self.unit, receiver)?;
            let known = RETRYING
                .iter()
                .find(|(prefix, _)| path.starts_with(prefix))?;
            Some(known.1)
        })
    }

    /// The call of the helper in the loop's place, where the loop does nothing else.
    fn edit(
        &self,
        node: AnyNodeRef<'a>,
        attempt: &'a StmtTry,
        handler: &'a ExceptHandlerExceptHandler,
        wait: &'a Expr,
    ) -> Option<Edit> {
        let source = self.unit.source;
        let AnyNodeRef::StmtFor(each) = node else {
            return None;
        };
        let (Expr::Name(target), Expr::Call(range_call)) = (&*each.target, &*each.iter) else {
            return None;
        };
        let counter = target.id.as_str();
        let [count] = &*range_call.arguments.args else {
            return None;
        };
        let place = range(each);
        let is_bare = each.body.len() == 1
            && each.orelse.is_empty()
            && attempt.handlers.len() == 1
            && attempt.orelse.is_empty()
            && attempt.finalbody.is_empty();
        let has_comment = self
            .unit
            .module
            .comments()
            .any(|comment| place.covers(comment));
        // Whoever asks later how many attempts it took asks the loop.
        let asked_later = self.semantic.units_of(self.unit.program).any(|unit| {
            let mut parts = Parts {
                names: Vec::new(),
                calls: false,
            };
            let own = unit.index == self.unit.index;
            let later = unit.module.body().iter().filter(|stmt| {
                unit.index > self.unit.index || own && range(*stmt).start() >= place.end()
            });
            later.for_each(|stmt| parts.visit_stmt(stmt));
            parts.names.contains(&counter)
        });
        if !is_bare || has_comment || asked_later {
            return None;
        }
        let (opening, value) = match attempt.body.as_slice() {
            [Stmt::Return(each)] => ("return ".to_owned(), each.value.as_deref()?),
            [Stmt::Expr(each), Stmt::Break(_)] => (String::new(), &*each.value),
            [Stmt::Assign(assign), Stmt::Break(_)] => match assign.targets.as_slice() {
                [Expr::Name(name)] => (format!("{} = ", name.id), &*assign.value),
                _ => return None,
            },
            _ => return None,
        };
        let mut called = value;
        while let Expr::Attribute(_) | Expr::Subscript(_) = called {
            called = match called {
                Expr::Attribute(each) => &each.value,
                Expr::Subscript(each) => &each.value,
                other => other,
            };
        }
        if !called.is_call_expr() || cannot_be_deferred(value) {
            return None;
        }
        if !handler
            .body
            .iter()
            .all(|stmt| self.is_told(stmt, counter, handler))
        {
            return None;
        }
        let text = range(value).of(source);
        if self
            .unit
            .module
            .multiline_strings(source)
            .iter()
            .any(|string| range(value).covers(*string))
        {
            return None;
        }
        let on = match handler.type_.as_deref() {
            Some(kind) if !matches!(range(kind).of(source), "Exception" | "BaseException") => {
                format!(", on={}", range(kind).of(source))
            }
            _ => String::new(),
        };
        let (count, wait) = (range(count).of(source), range(wait).of(source));
        let call =
            format!("{opening}{HELPER_NAME}(lambda: {text}, attempts={count}, base={wait}{on})");
        Some(Edit::replace(place, call))
    }

    /// Whether a statement of the handler only says what happened, waits, or hands on the last error.
    fn is_told(&self, stmt: &'a Stmt, counter: &str, handler: &ExceptHandlerExceptHandler) -> bool {
        match stmt {
            Stmt::Pass(_) | Stmt::Continue(_) => true,
            Stmt::Expr(each) => match &*each.value {
                Expr::Call(call) => {
                    let path = self.semantic.qualified(self.unit, &*call.func);
                    path.is_some_and(|path| path == "print" || path == "time.sleep")
                }
                _ => false,
            },
            Stmt::Raise(each) => match each.exc.as_deref() {
                None => true,
                Some(Expr::Name(name)) => {
                    handler.name.as_ref().is_some_and(|own| own.id == name.id)
                }
                Some(_) => false,
            },
            Stmt::If(branch) => {
                let of_counter = uses_expr(&branch.test, counter);
                let others = branch.elif_else_clauses.iter();
                let bodies =
                    std::iter::once(&branch.body).chain(others.clone().map(|each| &each.body));
                let asks = others
                    .filter_map(|each| each.test.as_ref())
                    .all(|test| uses_expr(test, counter));
                of_counter
                    && asks
                    && bodies
                        .flatten()
                        .all(|stmt| self.is_told(stmt, counter, handler))
            }
            _ => false,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Broad {
    Errors,
    /// The interruption of the kernel as well.
    Everything,
}

/// Whether nothing ends the loop but success.
fn is_endless(node: AnyNodeRef<'_>, handler: &ExceptHandlerExceptHandler) -> bool {
    let AnyNodeRef::StmtWhile(each) = node else {
        return false;
    };
    let for_ever = match &*each.test {
        Expr::BooleanLiteral(value) => value.value,
        Expr::NumberLiteral(number) => {
            matches!(&number.value, Number::Int(one) if one.as_u8() == Some(1))
        }
        Expr::UnaryOp(not) => not.op == UnaryOp::Not && not.operand.is_name_expr(),
        _ => false,
    };
    for_ever
        && !handler.body.iter().any(exits)
        && !each
            .body
            .iter()
            .any(|stmt| matches!(stmt, Stmt::If(_)) && exits(stmt))
}
