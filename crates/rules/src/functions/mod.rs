//! A `function_app.py` as the Functions worker sees it.
//!
//! The worker imports the file, takes the one app object that its namespace then holds, and asks it for its
//! functions. So what counts is which statements run at import, and what the names hold afterwards.

use nbfix_python::ast::{self, CmpOp, Expr, ExprCall, ExprName, Stmt, StmtFunctionDef};
use nbfix_python::{Body, SourceOrderVisitor, range, split, string_value};
use nbfix_semantic::{Binding, ProgramKind, Semantic, Unit};
use nbfix_text::TextRange;

mod apps;
mod holders;
mod lines;
mod projects;
mod reads;
mod report;
mod triggers;
pub(crate) mod unimported;
pub(crate) mod whole_blueprints;
pub(crate) mod wrappers;

pub(crate) use apps::{FunctionApp, apps, is_whole, library_name};
use holders::APPS;
pub(crate) use holders::{Blueprint, Made};
pub(crate) use lines::{line_below, newline, whole_line};
use reads::Reader;
pub(crate) use reads::{Read, Use};
pub use report::{AppIndex, FilePlace, IndexFailure, IndexedFunction, app_indexes};
pub(crate) use triggers::{Trigger, annotation_path, is_trigger, is_trigger_decorator, trigger_of};

/// What can bind, fetch or import names behind the reader's back.
const DYNAMIC: &[&str] = &[
    "__import__",
    "eval",
    "exec",
    "globals",
    "importlib",
    "locals",
    "pkgutil",
    "setattr",
    "vars",
];

/// How surely a statement runs when the worker imports the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runs {
    Always,
    Maybe,
    /// Under a condition that is false at import; its place.
    Never(TextRange),
}

/// A statement outside functions and classes, at any depth of `if`, `try` and the like.
#[derive(Clone, Copy)]
pub(crate) struct Step<'s, 'a> {
    pub(crate) unit: &'s Unit<'a>,
    pub(crate) stmt: &'a Stmt,
    pub(crate) runs: Runs,
}

impl Step<'_, '_> {
    /// Where it stands in the file; later is greater.
    pub(crate) fn position(&self) -> (usize, usize) {
        (self.unit.index, range(self.stmt).start())
    }

    /// Whether it stands in no other statement.
    pub(crate) fn is_outermost(&self) -> bool {
        let place = range(self.stmt);
        self.unit
            .module
            .body()
            .iter()
            .any(|stmt| range(stmt) == place)
    }
}

/// One Python file: a script, or what cells of a notebook write to one path.
pub(crate) struct File<'s, 'a> {
    pub(crate) semantic: &'s Semantic<'a>,
    pub(crate) name: String,
    pub(crate) units: Vec<&'s Unit<'a>>,
    pub(crate) steps: Vec<Step<'s, 'a>>,
    pub(crate) reads: Vec<Read<'s, 'a>>,
    /// Whether the entry of a project is known to import it.
    pub(crate) is_imported: bool,
    calls: Vec<(&'s Unit<'a>, &'a ExprCall)>,
}

/// The document's Python files. One that does not parse is left out: its names prove nothing.
pub(crate) fn files<'s, 'a>(semantic: &'s Semantic<'a>) -> Vec<File<'s, 'a>> {
    let mut files: Vec<File<'s, 'a>> = Vec::new();
    for (id, program) in semantic.programs() {
        if program.kind == ProgramKind::Notebook {
            continue;
        }
        let mut versions: Vec<Vec<&'s Unit<'a>>> = Vec::new();
        for unit in semantic.units_of(id) {
            // `%%writefile` overwrites what an earlier cell wrote; with `-a` it goes on.
            match versions.last_mut() {
                Some(units) if appends(unit) => units.push(unit),
                _ => versions.push(vec![unit]),
            }
        }
        let sound = |units: &Vec<&Unit<'_>>| units.iter().all(|u| u.module.errors().is_empty());
        let versions = versions.into_iter().filter(sound);
        files.extend(versions.map(|units| File::read(semantic, program.file_name(), units)));
    }
    files
}

/// The files that the worker looks into by itself.
pub(crate) fn function_apps<'s, 'a>(semantic: &'s Semantic<'a>) -> Vec<File<'s, 'a>> {
    let mut files = files(semantic);
    files.retain(File::is_function_app);
    files
}

fn appends(unit: &Unit<'_>) -> bool {
    matches!(split(unit.source), Body::File { append: true, .. })
}

impl<'s, 'a> File<'s, 'a> {
    fn read(semantic: &'s Semantic<'a>, name: &str, units: Vec<&'s Unit<'a>>) -> Self {
        let mut this = Self {
            semantic,
            name: name.to_owned(),
            steps: Vec::new(),
            reads: Vec::new(),
            is_imported: false,
            calls: Vec::new(),
            units,
        };
        for unit in this.units.clone() {
            let module: &'a nbfix_python::Module = unit.module;
            this.add_steps(unit, module.body(), Runs::Always);
            let mut reader = Reader {
                unit,
                reads: &mut this.reads,
                calls: &mut this.calls,
            };
            reader.visit_body(module.body());
        }
        this
    }

    fn add_steps(&mut self, unit: &'s Unit<'a>, body: &'a [Stmt], runs: Runs) {
        for stmt in body {
            self.steps.push(Step { unit, stmt, runs });
            match stmt {
                Stmt::If(branch) => self.add_branches(unit, branch, runs),
                Stmt::With(with) => self.add_steps(unit, &with.body, runs),
                Stmt::For(each) => {
                    self.add_steps(unit, &each.body, maybe(runs));
                    self.add_steps(unit, &each.orelse, maybe(runs));
                }
                Stmt::While(each) => {
                    self.add_steps(unit, &each.body, maybe(runs));
                    self.add_steps(unit, &each.orelse, maybe(runs));
                }
                Stmt::Try(attempt) => {
                    self.add_steps(unit, &attempt.body, maybe(runs));
                    for ast::ExceptHandler::ExceptHandler(handler) in &attempt.handlers {
                        self.add_steps(unit, &handler.body, maybe(runs));
                    }
                    self.add_steps(unit, &attempt.orelse, maybe(runs));
                    self.add_steps(unit, &attempt.finalbody, runs);
                }
                Stmt::Match(choice) => {
                    for case in &choice.cases {
                        self.add_steps(unit, &case.body, maybe(runs));
                    }
                }
                _ => {}
            }
        }
    }

    fn add_branches(&mut self, unit: &'s Unit<'a>, branch: &'a ast::StmtIf, runs: Runs) {
        let mut rest = runs;
        let first = (Some(&*branch.test), &branch.body);
        let others = branch
            .elif_else_clauses
            .iter()
            .map(|clause| (clause.test.as_ref(), &clause.body));
        for (test, body) in std::iter::once(first).chain(others) {
            let at_import = test.map_or(Some(true), |test| self.at_import(unit, test));
            let here = match (at_import, test) {
                (Some(false), Some(test)) => never(rest, range(test)),
                (Some(_), _) => rest,
                (None, _) => maybe(rest),
            };
            self.add_steps(unit, body, here);
            rest = match (at_import, test) {
                (Some(true), Some(test)) => never(rest, range(test)),
                (Some(_), _) => rest,
                (None, _) => maybe(rest),
            };
        }
    }

    /// What a condition is while the worker imports the file, if that is known.
    fn at_import(&self, unit: &Unit<'a>, test: &Expr) -> Option<bool> {
        match test {
            Expr::BooleanLiteral(literal) => Some(literal.value),
            Expr::NumberLiteral(number) => match number.value.as_int()?.as_u8()? {
                0 => Some(false),
                _ => Some(true),
            },
            Expr::UnaryOp(not) if not.op == ast::UnaryOp::Not => {
                self.at_import(unit, &not.operand).map(|value| !value)
            }
            Expr::Compare(compare) => match (&*compare.ops, &*compare.comparators) {
                ([op], [right]) => is_main(&compare.left, right).then(|| *op == CmpOp::NotEq),
                _ => None,
            },
            Expr::Name(_) | Expr::Attribute(_) => {
                let path = self.semantic.qualified(unit, test)?;
                let typing = matches!(
                    path.as_str(),
                    "typing.TYPE_CHECKING" | "typing_extensions.TYPE_CHECKING"
                );
                typing.then_some(false)
            }
            _ => None,
        }
    }

    pub(crate) fn is_function_app(&self) -> bool {
        self.name == "function_app.py"
    }

    /// Whether a star import may bring names.
    pub(crate) fn has_star(&self) -> bool {
        self.steps.iter().any(|step| match step.stmt {
            Stmt::ImportFrom(import) => import.names.iter().any(|alias| alias.name.as_str() == "*"),
            _ => false,
        })
    }

    /// Whether the file binds, fetches or imports names in ways that nobody can follow.
    pub(crate) fn is_dynamic(&self) -> bool {
        let dynamic = |read: &Read<'_, '_>| {
            DYNAMIC.contains(&read.name.id.as_str())
                || matches!(read.of, Use::Member("__dict__"))
                || read.name.id == "sys" && matches!(read.of, Use::Member("modules"))
        };
        self.reads.iter().any(dynamic) || !self.bindings("import_module").is_empty()
    }

    /// Whether the file hands all requests to a web framework.
    pub(crate) fn has_web_app(&self) -> bool {
        self.calls.iter().any(|(unit, call)| {
            let path = self.semantic.qualified(unit, &*call.func);
            path.is_some_and(|path| {
                path.ends_with("giFunctionApp") && APPS.contains(&path.as_str())
            })
        })
    }

    /// The reads of `name`, in any scope.
    pub(crate) fn reads_of(&self, name: &str) -> impl Iterator<Item = &Read<'s, 'a>> {
        self.reads.iter().filter(move |read| read.name.id == name)
    }

    /// The top-level bindings of `name`, in order.
    pub(crate) fn bindings(&self, name: &str) -> Vec<&'s Binding<'a>> {
        let Some(first) = self.units.first() else {
            return Vec::new();
        };
        let all = self.semantic.bindings(first.program, name);
        all.iter()
            .filter(|binding| self.unit(binding.unit).is_some())
            .collect()
    }

    /// The step that makes a binding: the innermost statement around it.
    pub(crate) fn step_of(&self, binding: &Binding<'_>) -> Option<&Step<'s, 'a>> {
        let holds = |step: &&Step<'_, '_>| {
            step.unit.index == binding.unit && range(step.stmt).covers(binding.range)
        };
        self.steps.iter().rev().find(holds)
    }

    /// What may still count of the bindings of `name` after the import: the last sure one, and what may follow it.
    pub(crate) fn live(&self, name: &str) -> Vec<&'s Binding<'a>> {
        let reached = |binding: &&Binding<'_>| {
            let step = self.step_of(binding);
            !step.is_some_and(|step| matches!(step.runs, Runs::Never(_)))
        };
        let mut all: Vec<_> = self.bindings(name).into_iter().filter(reached).collect();
        let last_sure = all.iter().rposition(|binding| self.is_sure(binding));
        all.split_off(last_sure.unwrap_or(0))
    }

    fn is_sure(&self, binding: &Binding<'_>) -> bool {
        // A function that declares its name `global` binds it only when it is called.
        let by_call = self.step_of(binding).is_some_and(|step| match step.stmt {
            Stmt::FunctionDef(function) => range(&function.name) != binding.range,
            _ => false,
        });
        !binding.conditional && !by_call
    }

    fn unit(&self, index: usize) -> Option<&'s Unit<'a>> {
        self.units.iter().copied().find(|unit| unit.index == index)
    }

    /// The functions outside functions and classes, in order.
    pub(crate) fn functions(&self) -> impl Iterator<Item = (&Step<'s, 'a>, &'a StmtFunctionDef)> {
        self.steps.iter().filter_map(|step| match step.stmt {
            Stmt::FunctionDef(function) => Some((step, function)),
            _ => None,
        })
    }

    /// Whether some comment holds all of these words: code that somebody switched off by hand.
    pub(crate) fn has_comment(&self, words: &[&str]) -> bool {
        self.units.iter().any(|unit| {
            unit.module.comments().any(|comment| {
                let text = comment.of(unit.source);
                words.iter().all(|word| text.contains(word))
            })
        })
    }

    /// Whether the file speaks of Azure Functions at all, in code or in words.
    pub(crate) fn mentions_functions(&self) -> bool {
        const WORDS: &[&str] = &[
            "azure.functions",
            "azure-functions",
            "azure.durable_functions",
            "Azure Functions",
            "FunctionApp",
        ];
        let mentions = |unit: &&Unit<'_>| {
            WORDS
                .iter()
                .any(|word| unit.code.of(unit.source).contains(word))
        };
        self.units.iter().any(mentions)
    }
}

/// The name and value of `name = value`.
pub(crate) fn assignment(stmt: &Stmt) -> Option<(&ExprName, &Expr)> {
    match stmt {
        Stmt::Assign(assign) => match assign.targets.as_slice() {
            [Expr::Name(name)] => Some((name, &assign.value)),
            _ => None,
        },
        Stmt::AnnAssign(assign) => Some((assign.target.as_name_expr()?, assign.value.as_deref()?)),
        _ => None,
    }
}

fn maybe(runs: Runs) -> Runs {
    match runs {
        Runs::Always => Runs::Maybe,
        other => other,
    }
}

fn never(runs: Runs, condition: TextRange) -> Runs {
    match runs {
        Runs::Never(outer) => Runs::Never(outer),
        _ => Runs::Never(condition),
    }
}

/// Whether one side is `__name__` and the other `"__main__"`.
fn is_main(left: &Expr, right: &Expr) -> bool {
    let name = |expr: &Expr| {
        expr.as_name_expr()
            .is_some_and(|name| name.id == "__name__")
    };
    let main = |expr: &Expr| string_value(expr) == Some("__main__");
    name(left) && main(right) || main(left) && name(right)
}
