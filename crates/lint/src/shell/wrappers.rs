//! Functions of the document that run commands for their callers.

use std::cell::RefCell;
use std::rc::Rc;

use nbfix_python::ast::{ExceptHandler, Expr, ExprCall, Stmt, StmtTry};
use nbfix_python::{AnyNodeRef, SourceOrderVisitor, TraversalSignal, dotted, range};
use nbfix_semantic::values::{Arguments, Body, Callable, Value};
use nbfix_semantic::{Semantic, Unit};
use nbfix_text::TextRange;
use rustc_hash::FxHashMap;

use super::calls::Reader;
use super::{Line, of_escape};

/// How many functions deep a command may hide.
const MAX_LEVELS: usize = 4;
/// How many calls one question looks at in functions.
const MAX_CALLS: usize = 200;

/// The commands that the code of one document runs. It remembers what stands in the functions that it looked into.
pub struct Commands<'s, 'a> {
    semantic: &'s Semantic<'a>,
    sites: RefCell<FxHashMap<(usize, usize), Sites<'a>>>,
}

/// The calls and escapes of one function.
type Sites<'a> = Rc<[Site<'a>]>;

/// A call or an escape in a function.
#[derive(Clone, Copy)]
struct Site<'a> {
    node: AnyNodeRef<'a>,
    /// Whether the function goes on where the program is missing.
    guarded: bool,
}

/// A function that is being looked into.
struct Visit<'v, 'a> {
    callable: Callable<'a>,
    arguments: &'v Arguments<'a>,
    /// The way to it.
    through: &'v [(usize, TextRange)],
    /// The call of which all this tells.
    around: TextRange,
}

impl<'s, 'a> Commands<'s, 'a> {
    /// The commands of this document; nothing is read before somebody asks.
    pub fn new(semantic: &'s Semantic<'a>) -> Self {
        Self {
            semantic,
            sites: RefCell::default(),
        }
    }

    /// The document.
    pub fn semantic(&self) -> &'s Semantic<'a> {
        self.semantic
    }

    /// The commands that `node` runs: an escape, or a call, directly or through functions of the document. Functions
    /// that go on where the program is missing (a broad `except`, or an `if` that asks `shutil.which`) run nothing in
    /// this sense.
    pub fn of(&self, unit: &Unit<'a>, node: AnyNodeRef<'a>) -> Vec<Line> {
        let Some(unit) = self.semantic.unit(unit.index) else {
            return Vec::new();
        };
        let direct = self.direct(unit, node, &Arguments::default(), range(node), true);
        let AnyNodeRef::ExprCall(call) = node else {
            return direct;
        };
        if !direct.is_empty() {
            return direct;
        }
        let mut left = MAX_CALLS;
        let mut lines = Vec::new();
        let nothing = Arguments::default();
        if let Some((callable, arguments)) = self.called(unit, call, &nothing) {
            let visit = Visit {
                callable,
                arguments: &arguments,
                through: &[],
                around: range(call),
            };
            self.visit(&visit, &mut left, &mut lines);
        }
        lines
    }

    pub(super) fn direct_of(&self, unit: &Unit<'a>, node: AnyNodeRef<'a>) -> Vec<Line> {
        let unit = self.semantic.unit(unit.index);
        unit.map_or_else(Vec::new, |unit| {
            self.direct(unit, node, &Arguments::default(), range(node), true)
        })
    }

    fn direct(
        &self,
        unit: &'s Unit<'a>,
        node: AnyNodeRef<'a>,
        arguments: &Arguments<'a>,
        around: TextRange,
        here: bool,
    ) -> Vec<Line> {
        match node {
            AnyNodeRef::StmtIpyEscapeCommand(escape) => {
                of_escape(unit.source, escape.kind, range(node))
            }
            AnyNodeRef::ExprIpyEscapeCommand(escape) => {
                of_escape(unit.source, escape.kind, range(node))
            }
            AnyNodeRef::ExprCall(call) => {
                let reader = Reader {
                    semantic: self.semantic,
                    unit,
                    arguments,
                    around,
                    here,
                };
                reader.call(call)
            }
            _ => Vec::new(),
        }
    }

    /// The function that `call` calls, and what its parameters are then, if it may run anything.
    fn called(
        &self,
        unit: &Unit<'a>,
        call: &'a ExprCall,
        around: &Arguments<'a>,
    ) -> Option<(Callable<'a>, Arguments<'a>)> {
        let callable = self.semantic.callable(unit, &call.func)?;
        if self.sites(&callable).is_empty() {
            return None;
        }
        let arguments = self.semantic.arguments(unit, call, &callable, around);
        Some((callable, arguments))
    }

    fn visit(&self, visit: &Visit<'_, 'a>, left: &mut usize, lines: &mut Vec<Line>) {
        let home = visit.callable.unit;
        let Some(unit) = self.semantic.unit(home) else {
            return;
        };
        if visit.through.len() >= MAX_LEVELS {
            return;
        }
        for site in self.sites(&visit.callable).iter() {
            if site.guarded || *left == 0 {
                continue;
            }
            *left -= 1;
            let mut through = visit.through.to_vec();
            through.push((home, range(site.node)));
            let own = self.direct(unit, site.node, visit.arguments, visit.around, false);
            if own.is_empty() {
                if let AnyNodeRef::ExprCall(call) = site.node
                    && let Some((callable, arguments)) = self.called(unit, call, visit.arguments)
                {
                    let inner = Visit {
                        callable,
                        arguments: &arguments,
                        through: &through,
                        around: visit.around,
                    };
                    self.visit(&inner, left, lines);
                }
                continue;
            }
            let alone = self.direct(unit, site.node, &Arguments::default(), visit.around, false);
            for mut line in own {
                line.fixed = alone.iter().any(|other| is_same(other, &line));
                line.range = visit.around;
                for word in &mut line.words {
                    word.range = visit.around;
                }
                line.through = through.clone();
                lines.push(line);
            }
        }
    }

    /// The calls and escapes of a function's own body.
    fn sites(&self, callable: &Callable<'a>) -> Sites<'a> {
        let key = (callable.unit, callable.range().start());
        if let Some(known) = self.sites.borrow().get(&key) {
            return Rc::clone(known);
        }
        let mut finder = SiteFinder {
            commands: self,
            unit: callable.unit,
            ancestors: Vec::new(),
            left_early: false,
            found: Vec::new(),
        };
        match callable.body {
            Body::Def(def) => finder.visit_body(&def.body),
            Body::Lambda(lambda) => finder.visit_expr(&lambda.body),
        }
        let found: Sites<'a> = finder.found.into();
        self.sites.borrow_mut().insert(key, Rc::clone(&found));
        found
    }
}

/// Whether the command is the same, but for the program's name.
fn is_same(one: &Line, other: &Line) -> bool {
    fn said(line: &Line) -> Vec<&str> {
        line.words.iter().map(|word| word.text.as_str()).collect()
    }
    let (one, other) = (said(one), said(other));
    one == other || one.len() > 1 && one.get(1..) == other.get(1..)
}

struct SiteFinder<'c, 's, 'a> {
    commands: &'c Commands<'s, 'a>,
    unit: usize,
    ancestors: Vec<AnyNodeRef<'a>>,
    /// Whether an `if` above asked for the program and returned without it.
    left_early: bool,
    found: Vec<Site<'a>>,
}

impl<'a> SiteFinder<'_, '_, 'a> {
    fn asks(&self, test: &'a Expr) -> bool {
        let home = self.commands.semantic.unit(self.unit);
        home.is_some_and(|unit| asks_for_program(self.commands.semantic, unit, test))
    }

    fn is_guarded(&self, at: TextRange) -> bool {
        self.left_early
            || self.ancestors.iter().any(|node| match node {
                AnyNodeRef::StmtTry(each) => {
                    let inside = each.body.iter().any(|stmt| range(stmt).covers(at));
                    inside && catches_missing(each)
                }
                AnyNodeRef::StmtIf(branch) => {
                    !range(&*branch.test).covers(at) && self.asks(&branch.test)
                }
                _ => false,
            })
    }
}

impl<'a> SourceOrderVisitor<'a> for SiteFinder<'_, '_, 'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        match node {
            AnyNodeRef::StmtFunctionDef(_)
            | AnyNodeRef::StmtClassDef(_)
            | AnyNodeRef::ExprLambda(_) => return TraversalSignal::Skip,
            AnyNodeRef::ExprCall(_)
            | AnyNodeRef::StmtIpyEscapeCommand(_)
            | AnyNodeRef::ExprIpyEscapeCommand(_) => {
                let guarded = self.is_guarded(range(node));
                self.found.push(Site { node, guarded });
            }
            _ => {}
        }
        self.ancestors.push(node);
        TraversalSignal::Traverse
    }

    fn leave_node(&mut self, node: AnyNodeRef<'a>) {
        self.ancestors.pop();
        if let AnyNodeRef::StmtIf(branch) = node
            && matches!(branch.body.last(), Some(Stmt::Return(_)))
            && self.asks(&branch.test)
        {
            self.left_early = true;
        }
    }
}

/// Whether a test asks whether a program is there: `shutil.which(...)`, or a name that holds what it gave.
pub fn asks_for_program<'a>(semantic: &Semantic<'a>, unit: &Unit<'a>, test: &'a Expr) -> bool {
    struct Asks<'x, 'a> {
        semantic: &'x Semantic<'a>,
        unit: &'x Unit<'a>,
        found: bool,
    }
    impl<'a> SourceOrderVisitor<'a> for Asks<'_, 'a> {
        fn visit_expr(&mut self, expr: &'a Expr) {
            if self.found {
                return;
            }
            let may = matches!(expr, Expr::Name(_) | Expr::Call(_));
            if may && matches!(self.semantic.value(self.unit, expr), Value::Which(_)) {
                self.found = true;
                return;
            }
            nbfix_python::ast::visitor::source_order::walk_expr(self, expr);
        }
    }
    let mut asks = Asks {
        semantic,
        unit,
        found: false,
    };
    asks.visit_expr(test);
    asks.found
}

/// Whether the `try` goes on when a program cannot be started. `CalledProcessError` is raised by programs that are there.
fn catches_missing(each: &StmtTry) -> bool {
    let is_broad = |expr: &Expr| {
        dotted(expr).is_some_and(|(_, parts)| {
            matches!(
                parts.last(),
                Some(
                    &("FileNotFoundError" | "OSError" | "IOError" | "Exception" | "BaseException")
                )
            )
        })
    };
    each.handlers.iter().any(|handler| {
        let ExceptHandler::ExceptHandler(inner) = handler;
        let catches = match inner.type_.as_deref() {
            None => true,
            Some(Expr::Tuple(types)) => types.elts.iter().any(is_broad),
            Some(one) => is_broad(one),
        };
        catches && !crate::guards::stops(crate::guards::handler_body(handler))
    })
}
