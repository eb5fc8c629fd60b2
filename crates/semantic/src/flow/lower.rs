//! From trees to operations: statements.

use nbfix_python::ast::{self, Expr, IpyEscapeKind, Stmt, StmtClassDef, StmtFunctionDef};
use nbfix_python::{SourceOrderVisitor, dotted, range};
use nbfix_text::TextRange;
use rustc_hash::FxHashMap;

use super::ops::{Block, ClassId, FunctionId, NameId, Names, Op, Runs, Site, Stop, Test, What};
use super::scope::{Frame, Meaning, Scopes};
use super::shape::{exception_name, is_generator, type_names};
use crate::magics::{Effect, Timed};
use crate::{ScopeKind, Unit};

/// A function or lambda of the notebook.
#[derive(Debug)]
pub(crate) struct Function<'a> {
    /// The definition; `None` for a lambda.
    pub(crate) def: Option<&'a StmtFunctionDef>,
    pub(crate) parameters: Option<&'a ast::Parameters>,
    /// Its name, or the whole lambda.
    pub(crate) at: Site,
    pub(crate) body: Block<'a>,
    /// Whether a call does not run its body at once: a generator.
    pub(crate) later: bool,
}

/// A class of the notebook.
#[derive(Debug)]
pub(crate) struct Class {
    pub(crate) methods: FxHashMap<NameId, FunctionId>,
    /// Whether all there is to it stands in its body: no bases, no decorators.
    pub(crate) plain: bool,
}

/// All that is lowered, whatever the unit.
#[derive(Debug, Default)]
pub(crate) struct Lowered<'a> {
    pub(crate) names: Names<'a>,
    pub(crate) functions: Vec<Function<'a>>,
    pub(crate) classes: Vec<Class>,
    /// Every place that binds a name, by the name.
    pub(crate) sites: Vec<Vec<Site>>,
}

/// One unit on its way into operations.
pub(crate) struct Lower<'l, 'a> {
    pub(crate) all: &'l mut Lowered<'a>,
    pub(crate) unit: usize,
    pub(crate) source: &'a str,
    pub(crate) scopes: Scopes<'l, 'a>,
    pub(crate) block: Block<'a>,
    /// Functions inside functions, by where their names stand.
    pub(crate) inner: FxHashMap<usize, FunctionId>,
    pub(crate) class: Option<ClassId>,
    timed: &'a [Timed],
    /// The public names of a module beside the notebook; `None` if they are not known.
    star: &'l dyn Fn(&str) -> Option<Vec<&'a str>>,
}

impl<'l, 'a> Lower<'l, 'a> {
    pub(crate) fn new(
        all: &'l mut Lowered<'a>,
        unit: &'l Unit<'a>,
        timed: &'a [Timed],
        star: &'l dyn Fn(&str) -> Option<Vec<&'a str>>,
    ) -> Self {
        Self {
            all,
            unit: unit.index,
            source: unit.source,
            scopes: Scopes::of(unit),
            block: Block::default(),
            inner: FxHashMap::default(),
            class: None,
            timed,
            star,
        }
    }

    /// The operations of one statement at the top level.
    pub(crate) fn statement(&mut self, stmt: &'a Stmt) -> Block<'a> {
        self.within(|this| this.visit_stmt(stmt))
    }

    /// The operations of `inside`, apart.
    pub(crate) fn within(&mut self, inside: impl FnOnce(&mut Self)) -> Block<'a> {
        let outer = std::mem::take(&mut self.block);
        inside(self);
        std::mem::replace(&mut self.block, outer)
    }

    pub(crate) fn suite(&mut self, body: &'a [Stmt]) -> Block<'a> {
        self.within(|this| this.visit_body(body))
    }

    pub(crate) fn push(&mut self, op: Op<'a>) {
        self.block.changes |= match &op {
            Op::Read { .. } | Op::Ask { .. } => false,
            Op::Branch { then, other, .. } => then.changes || other.changes,
            Op::Perhaps(block) | Op::Annotation(block) => block.changes,
            _ => true,
        };
        self.block.ops.push(op);
    }

    pub(crate) fn site(&self, range: TextRange) -> Site {
        Site {
            unit: self.unit,
            range,
        }
    }

    /// The id of a name, if it is global here.
    pub(crate) fn global(&mut self, name: &'a str, at: usize) -> Option<NameId> {
        matches!(self.scopes.meaning(name, at), Meaning::Global).then(|| self.all.names.id(name))
    }

    pub(crate) fn read(&mut self, name: &'a str, at: TextRange) {
        if let Some(name) = self.global(name, at.start()) {
            let at = self.site(at);
            self.push(Op::Read { name, at });
        }
    }

    pub(crate) fn bind(&mut self, name: &'a str, at: TextRange, what: What) {
        if self.scopes.binds_global(name) {
            let id = self.all.names.id(name);
            self.bind_global(id, at, what);
        }
    }

    pub(crate) fn bind_global(&mut self, name: NameId, at: TextRange, what: What) {
        let at = self.site(at);
        if self.all.sites.len() <= name {
            self.all.sites.resize_with(name + 1, Vec::new);
        }
        self.all.sites[name].push(at);
        self.push(Op::Bind { name, at, what });
    }

    /// Binds what a target names; reads what it is made of (`a[i].b = ...` reads `a` and `i`).
    pub(crate) fn target(&mut self, target: &'a Expr, what: What) {
        match target {
            Expr::Name(name) => self.bind(name.id.as_str(), range(name), what),
            Expr::Tuple(tuple) => tuple
                .elts
                .iter()
                .for_each(|each| self.target(each, What::Other)),
            Expr::List(list) => list
                .elts
                .iter()
                .for_each(|each| self.target(each, What::Other)),
            Expr::Starred(starred) => self.target(&starred.value, What::Other),
            other => {
                if let Expr::Subscript(subscript) = other {
                    self.opens(&subscript.value);
                }
                self.visit_expr(other);
            }
        }
    }

    /// `globals()["name"] = ...` binds what nobody can see.
    fn opens(&mut self, value: &Expr) {
        if let Expr::Call(call) = value
            && let Some((_, parts)) = dotted(&*call.func)
            && matches!(parts.as_slice(), ["globals" | "locals" | "vars"])
        {
            self.push(Op::Anything);
        }
    }

    pub(crate) fn what(&mut self, value: &'a Expr) -> What {
        match value {
            Expr::Name(name) => self
                .global(name.id.as_str(), range(name).start())
                .map_or(What::Other, What::Alias),
            Expr::Lambda(lambda) => self
                .inner
                .get(&range(lambda).start())
                .map_or(What::Other, |id| What::Function(*id)),
            Expr::Call(call) => match &*call.func {
                Expr::Name(name) => self
                    .global(name.id.as_str(), range(name).start())
                    .map_or(What::Other, What::Made),
                _ => What::Other,
            },
            Expr::BooleanLiteral(literal) => What::Truth(literal.value),
            Expr::NoneLiteral(_) => What::Truth(false),
            Expr::NumberLiteral(number) => match &number.value {
                ast::Number::Int(int) => What::Truth(int.as_u64() != Some(0)),
                _ => What::Other,
            },
            Expr::StringLiteral(text) => What::Truth(!text.value.is_empty()),
            _ => What::Other,
        }
    }

    pub(crate) fn function(&mut self, function: &'a StmtFunctionDef) {
        for decorator in &function.decorator_list {
            self.visit_expr(&decorator.expression);
        }
        self.defaults(&function.parameters);
        let generics = type_names(function.type_params.as_deref());
        self.scopes.open(Frame::Plain(generics));
        let annotations = self.within(|this| {
            for annotation in function
                .parameters
                .iter()
                .filter_map(|each| each.annotation())
            {
                this.visit_expr(annotation);
            }
            if let Some(returns) = &function.returns {
                this.visit_expr(returns);
            }
        });
        self.annotation(annotations);
        let at = self.site(range(&function.name));
        let id = self.reserve(at, Some(function), Some(&function.parameters));
        self.inner.insert(range(&function.name).start(), id);
        let inside = TextRange::new(range(&*function.parameters).start(), range(function).end());
        self.scopes.enter(ScopeKind::Function, inside);
        let body = self.suite(&function.body);
        self.scopes.close();
        self.scopes.close();
        if let Some(known) = self.all.functions.get_mut(id) {
            known.body = body;
        }
        let what = if function.decorator_list.is_empty() {
            What::Function(id)
        } else {
            What::Other
        };
        self.bind(function.name.as_str(), range(&function.name), what);
    }

    pub(crate) fn reserve(
        &mut self,
        at: Site,
        def: Option<&'a StmtFunctionDef>,
        parameters: Option<&'a ast::Parameters>,
    ) -> FunctionId {
        self.all.functions.push(Function {
            def,
            parameters,
            at,
            body: Block::default(),
            later: def.is_some_and(|def| is_generator(&def.body)),
        });
        self.all.functions.len() - 1
    }

    pub(crate) fn defaults(&mut self, parameters: &'a ast::Parameters) {
        for default in parameters.iter().filter_map(|each| each.default()) {
            self.visit_expr(default);
        }
    }

    pub(crate) fn perhaps(&mut self, block: Block<'a>) {
        if !block.ops.is_empty() {
            self.push(Op::Perhaps(block));
        }
    }

    fn annotation(&mut self, block: Block<'a>) {
        if !block.ops.is_empty() {
            self.push(Op::Annotation(block));
        }
    }

    fn class(&mut self, class: &'a StmtClassDef) {
        for decorator in &class.decorator_list {
            self.visit_expr(&decorator.expression);
        }
        self.scopes
            .open(Frame::Plain(type_names(class.type_params.as_deref())));
        let mut plain = class.decorator_list.is_empty();
        if let Some(arguments) = &class.arguments {
            for base in &arguments.args {
                plain &= matches!(base, Expr::Name(name) if name.id.as_str() == "object");
                self.visit_expr(base);
            }
            plain &= arguments.keywords.is_empty();
            for keyword in &arguments.keywords {
                self.visit_expr(&keyword.value);
            }
        }
        let id = self.all.classes.len();
        self.all.classes.push(Class {
            methods: FxHashMap::default(),
            plain,
        });
        let outer = self.class.replace(id);
        self.scopes.enter(ScopeKind::Class, range(class));
        let body = self.suite(&class.body);
        for stmt in &class.body {
            if let Stmt::FunctionDef(method) = stmt
                && let Some(function) = self.inner.get(&range(&method.name).start()).copied()
            {
                let name = self.all.names.id(method.name.as_str());
                if let Some(class) = self.all.classes.get_mut(id) {
                    class.methods.insert(name, function);
                }
            }
        }
        self.scopes.close();
        self.scopes.close();
        self.class = outer;
        // The body of a class runs where it stands.
        for op in body.ops {
            self.push(op);
        }
        let what = if class.decorator_list.is_empty() {
            What::Class(id)
        } else {
            What::Other
        };
        self.bind(class.name.as_str(), range(&class.name), what);
    }

    fn import_from(&mut self, import: &'a ast::StmtImportFrom) {
        for alias in &import.names {
            if alias.name.as_str() == "*" {
                let module = import.module.as_ref().map_or("", |module| module.as_str());
                match (self.star)(module).filter(|_| import.level == 0) {
                    Some(names) => {
                        for name in names {
                            self.bind(name, range(&alias.name), What::Other);
                        }
                    }
                    None => self.push(Op::Anything),
                }
                continue;
            }
            // `from __future__ import annotations` binds a name, too.
            let bound = alias.asname.as_ref().unwrap_or(&alias.name);
            self.bind(bound.as_str(), range(bound), What::Other);
        }
    }

    fn escape(&mut self, escape: &'a ast::StmtIpyEscapeCommand) {
        let at = range(escape);
        if let Some(timed) = self.timed.iter().find(|timed| timed.at == at) {
            let outer = self.scopes.of_part(&timed.module);
            let block = self.suite(timed.module.body());
            self.scopes.restore(outer);
            if timed.binds {
                block.ops.into_iter().for_each(|op| self.push(op));
            } else {
                self.push(Op::Apart(block));
            }
            return;
        }
        if escape.kind == IpyEscapeKind::Magic {
            let offset = at.of(self.source).find(&*escape.value).unwrap_or(0);
            self.effect(crate::magics::line(&escape.value), at.start() + offset);
        }
    }

    /// What a magic does whose text starts at `start`.
    pub(crate) fn effect(&mut self, effect: Effect<'a>, start: usize) {
        match effect {
            Effect::None => {}
            Effect::Binds(names) => {
                for (name, offset) in names {
                    let at = start + offset;
                    self.bind(name, TextRange::new(at, at + name.len()), What::Other);
                }
            }
            Effect::Anything => self.push(Op::Anything),
        }
    }

    fn stop(&mut self, stop: Stop<'a>) {
        self.push(Op::Stop(stop));
    }

    /// The operations of a statement; expressions are in `expressions.rs`.
    pub(crate) fn lower_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::Import(import) => {
                for alias in &import.names {
                    let path = alias.name.as_str();
                    let root = path.split('.').next().unwrap_or(path);
                    match &alias.asname {
                        Some(name) => self.bind(name.as_str(), range(name), What::Other),
                        None => self.bind(root, range(&alias.name), What::Other),
                    }
                }
            }
            Stmt::ImportFrom(import) => self.import_from(import),
            Stmt::FunctionDef(function) => self.function(function),
            Stmt::ClassDef(class) => self.class(class),
            Stmt::Assign(assign) => {
                self.visit_expr(&assign.value);
                let what = self.what(&assign.value);
                assign
                    .targets
                    .iter()
                    .for_each(|target| self.target(target, what));
            }
            Stmt::AnnAssign(assign) => {
                let annotation = self.within(|this| this.visit_expr(&assign.annotation));
                self.annotation(annotation);
                if let Some(value) = &assign.value {
                    self.visit_expr(value);
                    let what = self.what(value);
                    self.target(&assign.target, what);
                }
            }
            Stmt::AugAssign(assign) => {
                if let Expr::Name(name) = &*assign.target {
                    self.read(name.id.as_str(), range(name));
                }
                self.visit_expr(&assign.value);
                self.target(&assign.target, What::Other);
            }
            Stmt::TypeAlias(alias) => {
                self.scopes
                    .open(Frame::Plain(type_names(alias.type_params.as_deref())));
                let value = self.within(|this| this.visit_expr(&alias.value));
                self.scopes.close();
                self.annotation(value);
                self.target(&alias.name, What::Other);
            }
            Stmt::Delete(delete) => delete.targets.iter().for_each(|target| self.delete(target)),
            Stmt::For(each) => self.each(each),
            Stmt::While(each) => {
                self.visit_expr(&each.test);
                let runs = match self.test(&each.test) {
                    Test::Constant(true) => Runs::Forever,
                    Test::Constant(false) => Runs::Never,
                    _ => Runs::Perhaps,
                };
                let body = self.suite(&each.body);
                let other = self.suite(&each.orelse);
                self.push(Op::Loop { runs, body, other });
            }
            Stmt::If(branch) => self.branch(branch),
            Stmt::With(with) => self.with(with),
            Stmt::Match(each) => self.matching(each),
            Stmt::Try(each) => self.guarded(each),
            Stmt::Raise(raise) => {
                let raised = raise.exc.as_deref();
                raised
                    .into_iter()
                    .chain(raise.cause.as_deref())
                    .for_each(|each| self.visit_expr(each));
                self.stop(Stop::Raise(raised.map_or("", exception_name)));
            }
            Stmt::Assert(assert) => {
                self.visit_expr(&assert.test);
                let test = self.test(&assert.test);
                let other = self.within(|this| {
                    if let Some(message) = &assert.msg {
                        this.visit_expr(message);
                    }
                    this.stop(Stop::Raise("AssertionError"));
                });
                self.push(Op::Branch {
                    test,
                    then: Block::default(),
                    other,
                });
            }
            Stmt::Return(each) => {
                if let Some(value) = &each.value {
                    self.visit_expr(value);
                }
                self.stop(Stop::Return);
            }
            Stmt::Break(_) => self.stop(Stop::Break),
            Stmt::Continue(_) => self.stop(Stop::Continue),
            Stmt::Expr(each) => self.visit_expr(&each.value),
            Stmt::IpyEscapeCommand(escape) => self.escape(escape),
            Stmt::Global(_) | Stmt::Nonlocal(_) | Stmt::Pass(_) => {}
        }
    }

    fn delete(&mut self, target: &'a Expr) {
        match target {
            Expr::Name(name) => {
                if self.scopes.binds_global(name.id.as_str()) {
                    let id = self.all.names.id(name.id.as_str());
                    let at = self.site(range(name));
                    self.push(Op::Unbind {
                        name: id,
                        at,
                        strict: true,
                    });
                }
            }
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(|each| self.delete(each)),
            Expr::List(list) => list.elts.iter().for_each(|each| self.delete(each)),
            other => self.visit_expr(other),
        }
    }
}
