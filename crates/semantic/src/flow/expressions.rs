//! From trees to operations: expressions.

use nbfix_python::ast::visitor::source_order as walk;
use nbfix_python::ast::{
    BoolOp, CmpOp, Comprehension, Expr, ExprCall, ExprLambda, Pattern, PatternMatchAs,
    PatternMatchMapping, PatternMatchStar, Stmt, UnaryOp,
};
use nbfix_python::{SourceOrderVisitor, dotted, range, string_value};
use nbfix_text::TextRange;

use super::lower::Lower;
use super::ops::{Block, Callee, Op, Runs, Stop, Test, What};
use super::shape::{constant_test, how_often};
use crate::ScopeKind;
use crate::magics::Effect;

/// Functions that give the names of the notebook.
const NAMESPACES: [&str; 4] = ["globals", "locals", "vars", "dir"];

/// Functions that put names into the notebook behind everybody's back.
const OPENS: [&str; 4] = ["exec", "execfile", "runfile", "init_session"];
/// What IPython calls its own shell, by custom.
const SHELLS: [&str; 4] = ["ip", "ipython", "shell", "ipy"];

impl<'a> Lower<'_, 'a> {
    /// What a condition says of names.
    pub(crate) fn test(&mut self, expr: &'a Expr) -> Test {
        if let Some(value) = constant_test(expr) {
            return Test::Constant(value);
        }
        match expr {
            Expr::Name(name) => {
                let (text, at) = (name.id.as_str(), range(name).start());
                match text {
                    "TYPE_CHECKING" => Test::Constant(false),
                    _ => self.global(text, at).map_or(Test::Unknown, Test::Truth),
                }
            }
            Expr::Attribute(attribute) if attribute.attr.as_str() == "TYPE_CHECKING" => {
                Test::Constant(false)
            }
            Expr::UnaryOp(not) if not.op == UnaryOp::Not => {
                Test::Not(Box::new(self.test(&not.operand)))
            }
            Expr::Compare(compare) => {
                let ([op], [right]) = (compare.ops.as_ref(), compare.comparators.as_ref()) else {
                    return Test::Unknown;
                };
                if let (Expr::Name(name), Expr::NoneLiteral(_)) = (&*compare.left, right) {
                    let name = self.global(name.id.as_str(), range(name).start());
                    return match (op, name) {
                        (CmpOp::IsNot | CmpOp::NotEq, Some(name)) => Test::Some(name),
                        (CmpOp::Is | CmpOp::Eq, Some(name)) => {
                            Test::Not(Box::new(Test::Some(name)))
                        }
                        _ => Test::Unknown,
                    };
                }
                let Some(name) = string_value(&compare.left).filter(|_| is_namespace(right)) else {
                    return Test::Unknown;
                };
                let bound = Test::Bound(self.all.names.id(name));
                match op {
                    CmpOp::In => bound,
                    CmpOp::NotIn => Test::Not(Box::new(bound)),
                    _ => Test::Unknown,
                }
            }
            Expr::BoolOp(each) => {
                let mut tests = each
                    .values
                    .iter()
                    .map(|value| self.test(value))
                    .collect::<Vec<_>>()
                    .into_iter();
                let Some(first) = tests.next() else {
                    return Test::Unknown;
                };
                match each.op {
                    BoolOp::And => tests.fold(first, |a, b| Test::Both(Box::new(a), Box::new(b))),
                    // a or b is not (not a and not b).
                    BoolOp::Or => {
                        let not = |test: Test| Test::Not(Box::new(test));
                        let neither = tests
                            .fold(not(first), |a, b| Test::Both(Box::new(a), Box::new(not(b))));
                        not(neither)
                    }
                }
            }
            Expr::Call(call) => match (&*call.func, call.arguments.args.as_ref()) {
                // `globals().get("name")`
                (Expr::Attribute(method), [name, ..])
                    if method.attr.as_str() == "get" && is_namespace(&method.value) =>
                {
                    match string_value(name) {
                        Some(name) => Test::Bound(self.all.names.id(name)),
                        None => Test::Unknown,
                    }
                }
                (Expr::Name(name), [inner]) if name.id.as_str() == "bool" => self.test(inner),
                _ => Test::Unknown,
            },
            _ => Test::Unknown,
        }
    }

    /// Lowers a condition, and gives what it says of names. What it only asks for is told apart from what it needs.
    pub(crate) fn condition(&mut self, expr: &'a Expr) -> Test {
        let test = self.test(expr);
        if !only_asks(&test) {
            self.visit_expr(expr);
            return test;
        }
        for op in self.within(|this| this.visit_expr(expr)).ops {
            self.push(asked(op));
        }
        test
    }

    fn short_circuit(&mut self, values: &'a [Expr], op: BoolOp) {
        let Some((first, rest)) = values.split_first() else {
            return;
        };
        self.visit_expr(first);
        if rest.is_empty() {
            return;
        }
        let test = self.test(first);
        let more = self.within(|this| this.short_circuit(rest, op));
        let (then, other) = match op {
            BoolOp::And => (more, Block::default()),
            BoolOp::Or => (Block::default(), more),
        };
        self.push(Op::Branch { test, then, other });
    }

    fn call(&mut self, call: &'a ExprCall, awaited: bool) {
        self.visit_expr(&call.func);
        for argument in &call.arguments.args {
            self.argument(argument, call);
        }
        for keyword in &call.arguments.keywords {
            self.argument(&keyword.value, call);
        }
        let path = dotted(&*call.func).map(|(_, parts)| parts);
        match path.as_deref() {
            Some(["globals" | "locals" | "vars"]) if call.arguments.is_empty() => return,
            Some([last] | [_, last])
                if OPENS.contains(last)
                    && (path.as_deref().map_or(0, <[&str]>::len) == 1
                        || *last == "init_session") =>
            {
                self.push(Op::Anything);
                return;
            }
            Some(["sys", "exit"]) => {
                self.push(Op::Stop(Stop::Raise("SystemExit")));
                return;
            }
            _ => {}
        }
        if drives_shell(call) {
            self.push(Op::Anything);
            return;
        }
        if let Expr::Attribute(method) = &*call.func
            && matches!(
                method.attr.as_str(),
                "update" | "setdefault" | "__setitem__"
            )
            && is_namespace(&method.value)
        {
            self.push(Op::Anything);
            return;
        }
        if let Some(callee) = self.callee(&call.func) {
            let at = self.site(range(call));
            self.push(Op::Call {
                callee,
                call,
                awaited,
                at,
            });
        }
    }

    /// An argument; a coroutine that is handed to an event loop runs there.
    fn argument(&mut self, argument: &'a Expr, call: &'a ExprCall) {
        let last = dotted(&*call.func).and_then(|(_, parts)| parts.last().copied());
        let starts = matches!(
            last,
            Some(
                "run"
                    | "run_until_complete"
                    | "create_task"
                    | "ensure_future"
                    | "gather"
                    | "wait_for"
            )
        );
        match argument {
            Expr::Call(inner) if starts => self.call(inner, true),
            other => self.visit_expr(other),
        }
    }

    fn callee(&mut self, func: &'a Expr) -> Option<Callee> {
        match func {
            Expr::Name(name) => {
                let (text, at) = (name.id.as_str(), range(name).start());
                if let Some(id) = self.global(text, at) {
                    return Some(Callee::Name(id));
                }
                let place = self.scopes.inner_function(text)?;
                self.inner.get(&place).copied().map(Callee::Inner)
            }
            Expr::Attribute(method) => {
                let Expr::Name(object) = &*method.value else {
                    return None;
                };
                let (text, at) = (object.id.as_str(), range(object).start());
                if let Some(id) = self.global(text, at) {
                    let attribute = self.all.names.id(method.attr.as_str());
                    return Some(Callee::Method(id, attribute));
                }
                let class = self.class.filter(|_| text == "self")?;
                let attribute = self.all.names.id(method.attr.as_str());
                Some(Callee::Own(class, attribute))
            }
            _ => None,
        }
    }

    fn lambda(&mut self, lambda: &'a ExprLambda) {
        if let Some(parameters) = &lambda.parameters {
            self.defaults(parameters);
        }
        let at = self.site(range(lambda));
        let id = self.reserve(at, None, lambda.parameters.as_deref());
        self.inner.insert(range(lambda).start(), id);
        self.scopes.enter(ScopeKind::Function, range(lambda));
        let body = self.within(|this| this.visit_expr(&lambda.body));
        self.scopes.close();
        if let Some(function) = self.all.functions.get_mut(id) {
            function.body = body;
        }
    }

    /// The elements of a list that its author has left unfinished: `[first, second, ...]`. The names in it stand for some
    /// that nobody has written, and are not needed.
    fn around_gap(&mut self, elements: &'a [Expr]) {
        let others = elements.iter().filter(|each| !each.is_name_expr());
        others.for_each(|each| self.visit_expr(each));
    }

    fn comprehension(
        &mut self,
        around: TextRange,
        generators: &'a [Comprehension],
        parts: &[&'a Expr],
    ) {
        self.scopes.enter(ScopeKind::Comprehension, around);
        self.generators(generators, parts);
        self.scopes.close();
    }

    fn generators(&mut self, generators: &'a [Comprehension], parts: &[&'a Expr]) {
        let Some((first, rest)) = generators.split_first() else {
            parts.iter().for_each(|part| self.visit_expr(part));
            return;
        };
        self.visit_expr(&first.iter);
        let runs = how_often(&first.iter);
        let body = self.within(|this| {
            // Targets like `a[i]` read names; plain ones are the comprehension's own.
            this.target(&first.target, What::Other);
            if let Some((condition, others)) = first.ifs.split_first() {
                this.visit_expr(condition);
                let inner = this.within(|this| {
                    others.iter().for_each(|each| this.visit_expr(each));
                    this.generators(rest, parts);
                });
                let test = this.test(condition);
                this.push(Op::Branch {
                    test,
                    then: inner,
                    other: Block::default(),
                });
            } else {
                this.generators(rest, parts);
            }
        });
        if !body.changes && runs == Runs::Surely {
            body.ops.into_iter().for_each(|op| self.push(op));
        } else if body.changes {
            self.push(Op::Loop {
                runs,
                body,
                other: Block::default(),
            });
        } else if runs != Runs::Never {
            self.perhaps(body);
        }
    }
}

/// Whether a bare `...` stands among the elements, in the place of others.
fn has_gap(elements: &[Expr]) -> bool {
    elements.iter().any(Expr::is_ellipsis_literal_expr)
}

/// Whether a condition does nothing but look whether there is anything in some names.
fn only_asks(test: &Test) -> bool {
    match test {
        Test::Truth(_) | Test::Some(_) | Test::Bound(_) => true,
        Test::Not(test) => only_asks(test),
        Test::Both(first, second) => only_asks(first) && only_asks(second),
        Test::Unknown | Test::Constant(_) => false,
    }
}

fn asked(op: Op<'_>) -> Op<'_> {
    fn all(block: Block<'_>) -> Block<'_> {
        Block {
            ops: block.ops.into_iter().map(asked).collect(),
            ..block
        }
    }
    match op {
        Op::Read { name, at } => Op::Ask { name, at },
        Op::Branch { test, then, other } => Op::Branch {
            test,
            then: all(then),
            other: all(other),
        },
        other => other,
    }
}

/// Whether the call makes IPython run something that may bind names: `get_ipython().run_line_magic("run", "x.py")`.
fn drives_shell(call: &ExprCall) -> bool {
    let Expr::Attribute(method) = &*call.func else {
        return false;
    };
    let is_shell = match &*method.value {
        Expr::Name(name) => SHELLS.contains(&name.id.as_str()),
        Expr::Call(inner) => {
            matches!(&*inner.func, Expr::Name(name) if name.id.as_str() == "get_ipython")
        }
        _ => false,
    };
    let first = call.arguments.args.first().and_then(string_value);
    is_shell
        && match method.attr.as_str() {
            "run_line_magic" | "magic" => !first.is_some_and(|text| {
                crate::magics::line(text.trim_start_matches('%')) == Effect::None
            }),
            "run_cell_magic" | "run_cell" | "push" | "ex" | "safe_execfile" | "run_code" => true,
            _ => false,
        }
}

fn is_namespace(expr: &Expr) -> bool {
    match expr {
        Expr::Call(call) => match &*call.func {
            Expr::Name(name) => NAMESPACES.contains(&name.id.as_str()) && call.arguments.is_empty(),
            Expr::Attribute(method) => {
                method.attr.as_str() == "keys" && is_namespace(&method.value)
            }
            _ => false,
        },
        _ => false,
    }
}

impl<'a> SourceOrderVisitor<'a> for Lower<'_, 'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        self.lower_stmt(stmt);
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        let name = match pattern {
            Pattern::MatchAs(PatternMatchAs { name, .. })
            | Pattern::MatchStar(PatternMatchStar { name, .. }) => name.as_ref(),
            Pattern::MatchMapping(PatternMatchMapping { rest, .. }) => rest.as_ref(),
            _ => None,
        };
        walk::walk_pattern(self, pattern);
        if let Some(name) = name {
            self.bind(name.as_str(), range(name), What::Other);
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Name(name) => {
                if name.ctx.is_load() {
                    self.read(name.id.as_str(), range(name));
                }
            }
            Expr::Named(named) => {
                self.visit_expr(&named.value);
                let what = self.what(&named.value);
                self.target(&named.target, what);
            }
            Expr::BoolOp(each) => self.short_circuit(&each.values, each.op),
            Expr::If(choice) => {
                let test = self.condition(&choice.test);
                let then = self.within(|this| this.visit_expr(&choice.body));
                let other = self.within(|this| this.visit_expr(&choice.orelse));
                self.push(Op::Branch { test, then, other });
            }
            Expr::Call(call) => self.call(call, false),
            Expr::Await(awaited) => match &*awaited.value {
                Expr::Call(call) => self.call(call, true),
                other => self.visit_expr(other),
            },
            Expr::Lambda(lambda) => self.lambda(lambda),
            Expr::List(list) if has_gap(&list.elts) => self.around_gap(&list.elts),
            Expr::Set(set) if has_gap(&set.elts) => self.around_gap(&set.elts),
            Expr::Tuple(tuple) if has_gap(&tuple.elts) => self.around_gap(&tuple.elts),
            // `x[..., i]` means the dimensions before `i`, and leaves nothing out.
            Expr::Subscript(subscript) => {
                self.visit_expr(&subscript.value);
                match &*subscript.slice {
                    Expr::Tuple(tuple) => tuple.elts.iter().for_each(|each| self.visit_expr(each)),
                    other => self.visit_expr(other),
                }
            }
            Expr::ListComp(comp) => self.comprehension(range(comp), &comp.generators, &[&comp.elt]),
            Expr::SetComp(comp) => self.comprehension(range(comp), &comp.generators, &[&comp.elt]),
            Expr::Generator(comp) => {
                self.comprehension(range(comp), &comp.generators, &[&comp.elt])
            }
            Expr::DictComp(comp) => {
                let mut parts: Vec<&'a Expr> = comp.key.as_deref().into_iter().collect();
                parts.push(&comp.value);
                self.comprehension(range(comp), &comp.generators, &parts);
            }
            _ => walk::walk_expr(self, expr),
        }
    }
}
