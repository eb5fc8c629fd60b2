//! Where a cell stops the notebook because something is missing.

use nbfix_ipynb::CellId;
use nbfix_python::ast::{CmpOp, ExceptHandler, Expr, Stmt, StmtAssert, StmtIf, StmtTry, UnaryOp};
use nbfix_python::range;
use nbfix_semantic::{BindingKind, Semantic, Unit};
use nbfix_text::{Edit, TextRange};

use crate::degrade::{Site, is_stdlib_import, line_end, line_start, quoted};
use crate::guards::{branches, handler_body, is_exit, is_for_bugs, stop, suppresses};
use crate::outage::{Needs, Outage, spelled};
use crate::services::Services;

/// The places where a cell stops, in order.
pub(crate) fn stops_of<'a>(
    semantic: &Semantic<'a>,
    services: &Services,
    unit: &Unit<'a>,
) -> Vec<Stop<'a>> {
    // Few cells raise at all.
    let may = ["raise", "assert", "exit", "quit"]
        .iter()
        .any(|word| unit.source.contains(word));
    if !may || skipped(semantic, unit.cell) {
        return Vec::new();
    }
    let body = unit.module.body().iter().enumerate();
    body.flat_map(|(index, stmt)| find(semantic, services, unit, index, stmt))
        .collect()
}

/// The cell's parts that need what is missing, one for each service in a row. A part whose stops cannot be made ones
/// that are caught is left out.
pub(crate) fn sites<'a>(
    semantic: &Semantic<'a>,
    services: &Services,
    unit: &Unit<'a>,
    stops: &[Stop<'a>],
) -> Vec<Site> {
    let mut parts: Vec<(Outage, Vec<&Stop<'a>>)> = Vec::new();
    for stop in stops {
        let outage = outage(semantic, services, unit, stop);
        let joins = |known: &Outage, part: &[&Stop<'a>]| {
            // Variables of no known service, asked for in a row, are mostly those of one.
            let same =
                known.flag == outage.flag || known.service.is_none() && outage.service.is_none();
            same || part.iter().any(|other| other.index == stop.index)
        };
        match parts.last_mut() {
            Some((known, part)) if joins(known, part) => {
                let more = outage
                    .cli
                    .into_iter()
                    .filter(|step| !known.cli.contains(step));
                known.cli.extend(more.collect::<Vec<_>>());
                known.env.extend(outage.env);
                part.push(stop);
            }
            _ => parts.push((outage, vec![stop])),
        }
    }
    let count = parts.len();
    let mut free = 0;
    let mut sites = Vec::new();
    for (position, (outage, part)) in parts.into_iter().enumerate() {
        let (Some(first), Some(last)) = (part.first(), part.last()) else {
            continue;
        };
        let begin = |index: &usize| {
            let stmt = unit.module.body().get(*index);
            *index == first.index || stmt.is_some_and(|stmt| begins(semantic, services, unit, stmt))
        };
        let from = (free..=first.index).find(begin).unwrap_or(first.index);
        let to = if position + 1 == count {
            last_that_may_fail(unit, last.index)
        } else {
            last.index
        };
        free = last.index + 1;
        let replacements: Option<Vec<Vec<Edit>>> = part
            .iter()
            .map(|stop| catchable(unit, stop.stmt, &outage))
            .collect();
        if let Some(replacements) = replacements {
            sites.push(Site {
                unit: unit.index,
                from,
                to,
                replacements: replacements.into_iter().flatten().collect(),
                asks: part.iter().filter_map(|stop| stop.name.clone()).collect(),
                outage,
            });
        }
    }
    sites
}

/// Cells that are meant to fail.
fn skipped(semantic: &Semantic<'_>, cell: CellId) -> bool {
    semantic
        .notebook()
        .cell_tags(cell)
        .iter()
        .any(|tag| tag == "raises-exception")
}

/// A place where the cell stops.
pub(crate) struct Stop<'a> {
    /// The top-level statement that holds it, by position.
    pub(crate) index: usize,
    /// What stops: the `raise`, the `assert`, the exit.
    pub(crate) stmt: &'a Stmt,
    /// What it asks for.
    needs: Needs,
    /// A name for it, if neither a service nor a variable names it.
    name: Option<String>,
    /// Whether it only hands on what a handler has caught, which would have stopped the notebook without it, too.
    pub(crate) hands_on: bool,
}

fn find<'a>(
    semantic: &Semantic<'a>,
    services: &Services,
    unit: &Unit<'a>,
    index: usize,
    stmt: &'a Stmt,
) -> Vec<Stop<'a>> {
    match stmt {
        Stmt::If(branch) => by_test(semantic, services, unit, index, branch),
        Stmt::Assert(assert) => by_assert(semantic, services, unit, index, stmt, assert)
            .into_iter()
            .collect(),
        Stmt::Try(each) => by_handler(semantic, services, unit, index, each),
        Stmt::For(each) => each
            .body
            .iter()
            .flat_map(|inner| find(semantic, services, unit, index, inner))
            .collect(),
        Stmt::With(each) if !suppresses(each) => each
            .body
            .iter()
            .flat_map(|inner| find(semantic, services, unit, index, inner))
            .collect(),
        _ => Vec::new(),
    }
}

/// `if not X: raise`, in any branch; where X is there, branches inside are looked at too.
fn by_test<'a>(
    semantic: &Semantic<'a>,
    services: &Services,
    unit: &Unit<'a>,
    index: usize,
    branch: &'a StmtIf,
) -> Vec<Stop<'a>> {
    let mut found = Vec::new();
    let mut tested: Option<&'a Expr> = None;
    for (test, body) in branches(branch) {
        let asked = match test {
            Some(test) => missing(test),
            // `if X: ... else: raise` asks for X.
            None => tested.map_or_else(Vec::new, present),
        };
        if asked.iter().any(|each| is_field(semantic, unit, each)) {
            tested = test;
            continue;
        }
        match stop(body) {
            Some(stmt) => found.extend(as_stop(semantic, services, unit, index, stmt, &asked)),
            None => found.extend(
                body.iter()
                    .flat_map(|inner| find(semantic, services, unit, index, inner)),
            ),
        }
        tested = test;
    }
    found
}

/// Whether a name is a field for the reader to fill in, right above: `REGION = ""  # @param {type:"string"}`. What is
/// wrong with it is to be said at once.
fn is_field<'a>(semantic: &Semantic<'a>, unit: &Unit<'a>, asked: &Expr) -> bool {
    let Expr::Name(name) = asked else {
        return false;
    };
    let at = range(asked).start();
    let mut bindings = semantic.bindings(unit.program, name.id.as_str()).iter();
    bindings.any(|binding| {
        let is_text =
            matches!(binding.kind, BindingKind::Value(value) if value.is_string_literal_expr());
        is_text && binding.unit == unit.index && binding.since < at
    })
}

fn by_assert<'a>(
    semantic: &Semantic<'a>,
    services: &Services,
    unit: &Unit<'a>,
    index: usize,
    stmt: &'a Stmt,
    assert: &'a StmtAssert,
) -> Option<Stop<'a>> {
    as_stop(
        semantic,
        services,
        unit,
        index,
        stmt,
        &present(&assert.test),
    )
}

/// `except ...: raise` around something that needs a service.
fn by_handler<'a>(
    semantic: &Semantic<'a>,
    services: &Services,
    unit: &Unit<'a>,
    index: usize,
    each: &'a StmtTry,
) -> Vec<Stop<'a>> {
    let goes_on = each
        .handlers
        .iter()
        .any(|handler| !is_for_bugs(handler) && stop(handler_body(handler)).is_none());
    let mut found = Vec::new();
    let mut needs = Needs::default();
    for stmt in &each.body {
        let more = Needs::of_stmt(semantic, services, unit, stmt);
        needs.service = needs.service.take().or(more.service);
        needs.env.extend(more.env);
        needs.reads_env |= more.reads_env;
    }
    for handler in each.handlers.iter().filter(|handler| {
        !is_for_bugs(handler) && !is_for_imports(handler) && !is_for_answers(handler)
    }) {
        let body = handler_body(handler);
        if let Some(stmt) = stop(body).filter(|_| needs.any()) {
            let needs = Needs {
                service: needs.service.clone(),
                env: needs.env.clone(),
                ..Needs::default()
            };
            found.push(Stop {
                index,
                stmt,
                needs,
                name: None,
                hands_on: hands_on(handler, stmt),
            });
        }
    }
    if found.is_empty() && !goes_on {
        found.extend(
            each.body
                .iter()
                .flat_map(|inner| find(semantic, services, unit, index, inner)),
        );
    }
    found
}

/// A handler for a package that is not installed: another matter, with another remedy.
fn is_for_imports(handler: &ExceptHandler) -> bool {
    let ExceptHandler::ExceptHandler(handler) = handler;
    let caught = handler.type_.as_deref().and_then(spelled);
    matches!(caught, Some("ImportError" | "ModuleNotFoundError"))
}

/// A handler for what only a service that is there can say: that something exists already.
fn is_for_answers(handler: &ExceptHandler) -> bool {
    const WORDS: &[&str] = &[
        "AlreadyExists",
        "AlreadyOwned",
        "Conflict",
        "ResourceExists",
    ];
    let ExceptHandler::ExceptHandler(handler) = handler;
    let caught = handler.type_.as_deref().map_or_else(Vec::new, parts);
    !caught.is_empty()
        && caught.into_iter().all(|each| {
            spelled(each).is_some_and(|name| WORDS.iter().any(|word| name.contains(word)))
        })
}

/// `raise`, or `raise error` in `except ... as error`.
fn hands_on(handler: &ExceptHandler, stop: &Stmt) -> bool {
    let ExceptHandler::ExceptHandler(handler) = handler;
    let Stmt::Raise(raise) = stop else {
        return false;
    };
    match (raise.exc.as_deref(), &handler.name) {
        (None, _) => true,
        (Some(Expr::Name(raised)), Some(caught)) => raised.id.as_str() == caught.as_str(),
        _ => false,
    }
}

/// What must be missing for the test to hold: X of `not X`, `X is None`, `X == ""`, `not A or not B`, `not all(..)`.
fn missing(test: &Expr) -> Vec<&Expr> {
    match test {
        Expr::UnaryOp(not) if not.op == UnaryOp::Not => present(&not.operand),
        Expr::BoolOp(each) => each.values.iter().flat_map(missing).collect(),
        Expr::Compare(compare) => match (&compare.ops[..], &compare.comparators[..]) {
            ([CmpOp::Is | CmpOp::Eq], [right]) if is_nothing(right) => vec![&compare.left],
            ([CmpOp::NotIn], [_]) => vec![test],
            _ => Vec::new(),
        },
        // `if missing_variables: raise`, where the list is made of variables that are not set.
        Expr::Name(name) if is_list_of_missing(name.id.as_str()) => vec![test],
        _ => Vec::new(),
    }
}

fn is_list_of_missing(name: &str) -> bool {
    let name = name.to_lowercase();
    name.starts_with("missing") || name.ends_with("missing") || name.starts_with("unset")
}

/// What must be there for the test to hold: X of `X`, `X is not None`, `A and B`, `all([A, B])`.
fn present(test: &Expr) -> Vec<&Expr> {
    match test {
        Expr::Name(_) | Expr::Attribute(_) | Expr::Subscript(_) => vec![test],
        Expr::Call(call) => match &*call.func {
            Expr::Name(name) if matches!(name.id.as_str(), "all" | "any" | "bool" | "len") => {
                call.arguments.args.iter().flat_map(parts).collect()
            }
            _ => vec![test],
        },
        Expr::BoolOp(each) => each.values.iter().flat_map(present).collect(),
        Expr::Compare(compare) => match (&compare.ops[..], &compare.comparators[..]) {
            ([CmpOp::IsNot | CmpOp::NotEq], [right]) if is_nothing(right) => vec![&compare.left],
            ([CmpOp::In], [_]) => vec![test],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn parts(expr: &Expr) -> Vec<&Expr> {
    match expr {
        Expr::List(list) => list.elts.iter().collect(),
        Expr::Tuple(tuple) => tuple.elts.iter().collect(),
        Expr::Set(set) => set.elts.iter().collect(),
        other => vec![other],
    }
}

fn is_nothing(expr: &Expr) -> bool {
    match expr {
        Expr::NoneLiteral(_) => true,
        Expr::StringLiteral(literal) => literal.value.to_str().is_empty(),
        _ => false,
    }
}

/// A stop, if what it asks for comes from outside of the notebook.
fn as_stop<'a>(
    semantic: &Semantic<'a>,
    services: &Services,
    unit: &Unit<'a>,
    index: usize,
    stmt: &'a Stmt,
    asked: &[&'a Expr],
) -> Option<Stop<'a>> {
    asked.iter().find_map(|expr| {
        let needs = Needs::of_asked(semantic, services, unit, expr);
        // A list of what is missing says nothing by its own name.
        let name = spelled(expr)
            .filter(|name| !is_list_of_missing(name))
            .map(str::to_owned);
        needs.any().then_some(Stop {
            index,
            stmt,
            needs,
            name,
            hands_on: false,
        })
    })
}

/// Whether the service's own part of the cell begins with this statement.
fn begins<'a>(
    semantic: &Semantic<'a>,
    services: &Services,
    unit: &Unit<'a>,
    stmt: &'a Stmt,
) -> bool {
    if is_stdlib_import(stmt) {
        return false;
    }
    let needs = Needs::of_stmt(semantic, services, unit, stmt);
    // Reading a variable with a default cannot fail; a service, or a read without default, can.
    let fails = needs.service.is_some() || range(stmt).of(unit.source).contains("environ[");
    fails && !matches!(stmt, Stmt::FunctionDef(_) | Stmt::ClassDef(_))
}

/// The last statement that may fail: functions, classes and constants at the end stay where they are.
pub(crate) fn last_that_may_fail(unit: &Unit<'_>, at_least: usize) -> usize {
    let body = unit.module.body();
    let harmless = |stmt: &Stmt| {
        let defines = matches!(stmt, Stmt::FunctionDef(_) | Stmt::ClassDef(_));
        let constant = matches!(stmt, Stmt::Assign(assign) if assign.value.is_literal_expr());
        defines || constant || is_stdlib_import(stmt)
    };
    let last = body
        .iter()
        .rposition(|stmt| !harmless(stmt))
        .unwrap_or(at_least);
    last.max(at_least)
}

/// What is missing where a cell stops.
pub(crate) fn outage<'a>(
    semantic: &Semantic<'a>,
    services: &Services,
    unit: &Unit<'a>,
    stop: &Stop<'a>,
) -> Outage {
    let env = &stop.needs.env;
    if let Some(tool) = stop
        .needs
        .tools
        .first()
        .filter(|_| stop.needs.service.is_none())
    {
        return Outage::of_tool(services, tool);
    }
    let by_env = env.iter().find_map(|name| services.by_name(name));
    let by_name = stop.name.as_deref().and_then(|name| services.by_name(name));
    let in_cell = || {
        let mut found = unit
            .module
            .body()
            .iter()
            .filter_map(|stmt| Needs::of_stmt(semantic, services, unit, stmt).service);
        found.find(|service| service.id != "azure_login")
    };
    let known = stop
        .needs
        .service
        .clone()
        .or(by_env)
        .or(by_name)
        .or_else(in_cell);
    match (known, env.first().or(stop.name.as_ref())) {
        (Some(service), _) => Outage::of(&service, env),
        (None, Some(name)) => Outage::of_name(name, env),
        (None, None) => Outage::of_environment(),
    }
}

/// Edits that make the stop one that the `try` catches: an exit or an assertion is none. Mostly there are none to do;
/// `None` if it cannot be made so.
fn catchable(unit: &Unit<'_>, stmt: &Stmt, outage: &Outage) -> Option<Vec<Edit>> {
    let fallback = quoted(&format!("{} is not available", outage.label));
    match stmt {
        Stmt::Assert(assert) => {
            let at = range(stmt);
            let start = line_start(unit.source, at.start());
            let indent = TextRange::new(start, at.start()).of(unit.source);
            let rest = TextRange::new(at.end(), line_end(unit.source, at.end()))
                .of(unit.source)
                .trim();
            if !indent.trim().is_empty() || !(rest.is_empty() || rest.starts_with('#')) {
                return None;
            }
            let message = assert
                .msg
                .as_ref()
                .map_or(fallback, |text| range(&**text).of(unit.source).to_owned());
            let text = format!(
                "if {}:\n{indent}        raise LookupError({message})",
                negated(unit, &assert.test)
            );
            Some(vec![Edit::replace(at, text)])
        }
        Stmt::Expr(exit) if is_exit(&exit.value) => {
            let Expr::Call(call) = &*exit.value else {
                return None;
            };
            let message = call
                .arguments
                .args
                .first()
                .filter(|argument| matches!(argument, Expr::StringLiteral(_) | Expr::FString(_)))
                .map_or(fallback, |text| range(text).of(unit.source).to_owned());
            Some(vec![Edit::replace(
                range(stmt),
                format!("raise LookupError({message})"),
            )])
        }
        Stmt::Raise(raise) => {
            let Some(exception) = raise.exc.as_deref() else {
                return Some(Vec::new());
            };
            let class = match exception {
                Expr::Call(call) => &*call.func,
                other => other,
            };
            let is_bug = spelled(class).is_some_and(|name| {
                matches!(
                    name,
                    "NameError"
                        | "TypeError"
                        | "AttributeError"
                        | "AssertionError"
                        | "SystemExit"
                        | "KeyboardInterrupt"
                )
            });
            Some(if is_bug {
                vec![Edit::replace(range(class), "LookupError")]
            } else {
                Vec::new()
            })
        }
        // A stop in every branch of an `if`: its parts would have to be looked at one by one.
        Stmt::If(branch) => {
            let mut edits = Vec::new();
            for (_, body) in branches(branch) {
                edits.extend(catchable(unit, stop(body)?, outage)?);
            }
            Some(edits)
        }
        _ => Some(Vec::new()),
    }
}

/// The opposite of a test, as one would write it.
fn negated(unit: &Unit<'_>, test: &Expr) -> String {
    let text = range(test).of(unit.source);
    match test {
        Expr::Name(_) | Expr::Attribute(_) | Expr::Subscript(_) | Expr::Call(_) => {
            format!("not {text}")
        }
        Expr::Compare(compare) => match (&compare.ops[..], &compare.comparators[..]) {
            ([CmpOp::IsNot], [right]) => {
                let (left, right) = (
                    range(&*compare.left).of(unit.source),
                    range(right).of(unit.source),
                );
                format!("{left} is {right}")
            }
            _ => format!("not ({text})"),
        },
        _ => format!("not ({text})"),
    }
}

pub(crate) fn first_line(unit: &Unit<'_>, at: TextRange) -> TextRange {
    TextRange::new(at.start(), at.end().min(line_end(unit.source, at.start())))
}
