//! Which names a text binds, and in which scope.

use nbfix_python::ast::visitor::source_order as walk;
use nbfix_python::ast::{
    self, Comprehension, ExceptHandler, Expr, Pattern, PatternMatchAs, PatternMatchMapping,
    PatternMatchStar, Stmt,
};
use nbfix_python::{Module, SourceOrderVisitor, range};
use nbfix_text::TextRange;
use rustc_hash::FxHashMap;

/// One place where a name gets a value.
#[derive(Clone, Debug)]
pub struct Binding<'a> {
    /// Position of the unit (see [`crate::Unit::index`]).
    pub unit: usize,
    /// The name's own place in the cell.
    pub range: TextRange,
    /// From which offset of the unit on a read sees it: after the value, in `x = f(x)`.
    pub since: usize,
    /// What the name gets.
    pub kind: BindingKind<'a>,
    /// Whether it may be skipped: it stands under `if`, `try`, `for`, `while` or `match`.
    pub conditional: bool,
}

/// What a name gets.
#[derive(Clone, Debug)]
pub enum BindingKind<'a> {
    /// The module or member of this dotted path.
    Import(String),
    /// The value of `name = value`.
    Value(&'a Expr),
    /// What `with value as name` gives.
    With(&'a Expr),
    /// A function.
    Function(&'a ast::StmtFunctionDef),
    /// A class.
    Class(&'a ast::StmtClassDef),
    /// The exception of an `except ... as name`; Python unbinds it after the handler.
    Caught,
    /// A parameter, a loop's target, a part of an unpacked value, ...
    Other,
}

/// What opened a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeKind {
    /// A function or lambda.
    Function,
    /// A class; its names are not seen from functions inside it.
    Class,
    /// A comprehension.
    Comprehension,
}

/// A scope below the top level of a text.
#[derive(Debug)]
pub struct Scope<'a> {
    /// What opened it.
    pub kind: ScopeKind,
    /// The part of the text in which its names are seen.
    pub range: TextRange,
    /// Its names.
    pub names: FxHashMap<&'a str, Vec<Binding<'a>>>,
    pub(crate) globals: Vec<&'a str>,
}

/// What a text binds: the names of its top level, its inner scopes (outer before inner), its star imports.
pub(crate) struct Bound<'a> {
    pub(crate) top: Vec<(&'a str, Binding<'a>)>,
    pub(crate) scopes: Vec<Scope<'a>>,
    pub(crate) stars: Vec<String>,
    pub(crate) attributes: Vec<Attribute<'a>>,
}

/// `self.name = value` in a method.
#[derive(Debug)]
pub(crate) struct Attribute<'a> {
    /// The class around.
    pub(crate) class: TextRange,
    /// The attribute's name.
    pub(crate) name: &'a str,
    pub(crate) value: &'a Expr,
}

pub(crate) fn bind<'a>(module: &'a Module, unit: usize) -> Bound<'a> {
    let mut binder = Binder {
        unit,
        bound: Bound {
            top: Vec::new(),
            scopes: Vec::new(),
            stars: Vec::new(),
            attributes: Vec::new(),
        },
        open: Vec::new(),
        conditions: 0,
    };
    binder.visit_body(module.body());
    binder.bound
}

struct Binder<'a> {
    unit: usize,
    bound: Bound<'a>,
    /// Indices of the scopes that are open, innermost last.
    open: Vec<usize>,
    conditions: usize,
}

impl<'a> Binder<'a> {
    fn add(&mut self, name: &'a str, range: TextRange, kind: BindingKind<'a>) {
        // A comprehension's targets are its own; a walrus inside it binds in the scope around it.
        self.add_in(name, range, kind, self.open.last().copied());
    }

    fn add_in(
        &mut self,
        name: &'a str,
        range: TextRange,
        kind: BindingKind<'a>,
        scope: Option<usize>,
    ) {
        let conditional = self.conditions > 0;
        let since = match &kind {
            BindingKind::Value(value) => range.end().max(nbfix_python::range(*value).end()),
            _ => range.end(),
        };
        let binding = Binding {
            unit: self.unit,
            range,
            since,
            kind,
            conditional,
        };
        match scope.and_then(|scope| self.bound.scopes.get_mut(scope)) {
            Some(scope) if !scope.globals.contains(&name) => {
                scope.names.entry(name).or_default().push(binding);
            }
            _ => self.bound.top.push((name, binding)),
        }
    }

    fn within(&mut self, kind: ScopeKind, range: TextRange, inside: impl FnOnce(&mut Self)) {
        let scope = Scope {
            kind,
            range,
            names: FxHashMap::default(),
            globals: Vec::new(),
        };
        self.open.push(self.bound.scopes.len());
        self.bound.scopes.push(scope);
        let conditions = std::mem::take(&mut self.conditions);
        inside(self);
        self.conditions = conditions;
        self.open.pop();
    }

    fn target(&mut self, target: &'a Expr, kind: BindingKind<'a>) {
        match target {
            Expr::Attribute(attribute) => {
                self.visit_expr(&attribute.value);
                self.attribute(attribute, &kind);
            }
            Expr::Subscript(_) => self.visit_expr(target),
            Expr::Name(name) => self.add(name.id.as_str(), range(name), kind),
            Expr::Tuple(tuple) => tuple
                .elts
                .iter()
                .for_each(|each| self.target(each, BindingKind::Other)),
            Expr::List(list) => list
                .elts
                .iter()
                .for_each(|each| self.target(each, BindingKind::Other)),
            Expr::Starred(starred) => self.target(&starred.value, BindingKind::Other),
            _ => {}
        }
    }

    /// `self.name = value`, in the class around.
    fn attribute(&mut self, attribute: &'a ast::ExprAttribute, kind: &BindingKind<'a>) {
        let BindingKind::Value(value) = kind else {
            return;
        };
        let is_self = matches!(&*attribute.value, Expr::Name(name) if name.id.as_str() == "self");
        let class = self
            .open
            .iter()
            .rev()
            .filter_map(|scope| self.bound.scopes.get(*scope))
            .find(|scope| scope.kind == ScopeKind::Class);
        if let Some(class) = class.filter(|_| is_self) {
            self.bound.attributes.push(Attribute {
                class: class.range,
                name: attribute.attr.as_str(),
                value,
            });
        }
    }

    fn import(&mut self, import: &'a ast::StmtImport) {
        for alias in &import.names {
            let path = alias.name.as_str();
            match &alias.asname {
                Some(name) => self.add(
                    name.as_str(),
                    range(name),
                    BindingKind::Import(path.to_owned()),
                ),
                None => {
                    let root = path.split('.').next().unwrap_or(path);
                    self.add(
                        root,
                        range(&alias.name),
                        BindingKind::Import(root.to_owned()),
                    );
                }
            }
        }
    }

    fn import_from(&mut self, import: &'a ast::StmtImportFrom) {
        let mut module = ".".repeat(import.level as usize);
        module.push_str(import.module.as_ref().map_or("", |module| module.as_str()));
        for alias in &import.names {
            let name = alias.name.as_str();
            if name == "*" {
                self.bound.stars.push(module.clone());
                continue;
            }
            let path = if module.ends_with('.') {
                format!("{module}{name}")
            } else {
                format!("{module}.{name}")
            };
            let bound = alias.asname.as_ref().unwrap_or(&alias.name);
            self.add(bound.as_str(), range(bound), BindingKind::Import(path));
        }
    }

    fn function(&mut self, function: &'a ast::StmtFunctionDef) {
        self.add(
            function.name.as_str(),
            range(&function.name),
            BindingKind::Function(function),
        );
        for decorator in &function.decorator_list {
            self.visit_decorator(decorator);
        }
        let parameters = &function.parameters;
        for default in parameters
            .iter()
            .filter_map(|parameter| parameter.default())
        {
            self.visit_expr(default);
        }
        let inside = TextRange::new(range(&**parameters).start(), range(function).end());
        self.within(ScopeKind::Function, inside, |binder| {
            binder.parameters(parameters);
            // Lambdas and comprehensions in them have scopes of their own.
            let annotations = parameters.iter().filter_map(|each| each.annotation());
            annotations
                .chain(function.returns.as_deref())
                .for_each(|annotation| binder.visit_expr(annotation));
            binder.visit_body(&function.body);
        });
    }

    fn parameters(&mut self, parameters: &'a ast::Parameters) {
        for parameter in parameters {
            self.add(
                parameter.name().as_str(),
                range(parameter.name()),
                BindingKind::Other,
            );
        }
    }

    fn comprehension(
        &mut self,
        around: TextRange,
        generators: &'a [Comprehension],
        parts: &[&'a Expr],
    ) {
        self.within(ScopeKind::Comprehension, around, |binder| {
            for generator in generators {
                binder.target(&generator.target, BindingKind::Other);
                binder.visit_expr(&generator.iter);
                generator
                    .ifs
                    .iter()
                    .for_each(|each| binder.visit_expr(each));
            }
            parts.iter().for_each(|part| binder.visit_expr(part));
        });
    }

    fn under_condition(&mut self, stmt: &'a Stmt) {
        self.conditions += 1;
        walk::walk_stmt(self, stmt);
        self.conditions -= 1;
    }
}

impl<'a> SourceOrderVisitor<'a> for Binder<'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::Import(import) => self.import(import),
            Stmt::ImportFrom(import) => self.import_from(import),
            Stmt::FunctionDef(function) => self.function(function),
            Stmt::ClassDef(class) => {
                self.add(
                    class.name.as_str(),
                    range(&class.name),
                    BindingKind::Class(class),
                );
                for decorator in &class.decorator_list {
                    self.visit_decorator(decorator);
                }
                self.within(ScopeKind::Class, range(class), |binder| {
                    if let Some(arguments) = &class.arguments {
                        binder.visit_arguments(arguments);
                    }
                    binder.visit_body(&class.body)
                });
            }
            Stmt::Assign(assign) => {
                self.visit_expr(&assign.value);
                for target in &assign.targets {
                    self.target(target, BindingKind::Value(&assign.value));
                }
            }
            Stmt::AnnAssign(assign) => {
                self.visit_expr(&assign.annotation);
                if let Some(value) = &assign.value {
                    self.visit_expr(value);
                    self.target(&assign.target, BindingKind::Value(value));
                }
            }
            Stmt::AugAssign(assign) => {
                self.visit_expr(&assign.value);
                self.target(&assign.target, BindingKind::Other);
            }
            Stmt::Global(global) => {
                let scope = self
                    .open
                    .last()
                    .and_then(|scope| self.bound.scopes.get_mut(*scope));
                if let Some(scope) = scope {
                    scope
                        .globals
                        .extend(global.names.iter().map(|name| name.as_str()));
                }
            }
            Stmt::For(each) => {
                self.target(&each.target, BindingKind::Other);
                self.under_condition(stmt);
            }
            Stmt::With(with) => {
                for item in &with.items {
                    if let Some(target) = &item.optional_vars {
                        self.target(target, BindingKind::With(&item.context_expr));
                    }
                }
                walk::walk_stmt(self, stmt);
            }
            Stmt::If(_) | Stmt::While(_) | Stmt::Try(_) | Stmt::Match(_) => {
                self.under_condition(stmt)
            }
            _ => walk::walk_stmt(self, stmt),
        }
    }

    fn visit_except_handler(&mut self, handler: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(inner) = handler;
        if let Some(name) = &inner.name {
            self.add(name.as_str(), range(name), BindingKind::Caught);
        }
        walk::walk_except_handler(self, handler);
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        let name = match pattern {
            Pattern::MatchAs(PatternMatchAs { name, .. })
            | Pattern::MatchStar(PatternMatchStar { name, .. }) => name.as_ref(),
            Pattern::MatchMapping(PatternMatchMapping { rest, .. }) => rest.as_ref(),
            _ => None,
        };
        if let Some(name) = name {
            self.add(name.as_str(), range(name), BindingKind::Other);
        }
        walk::walk_pattern(self, pattern);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Named(named) => {
                self.visit_expr(&named.value);
                if let Expr::Name(name) = &*named.target {
                    let around = self.open.iter().rev().copied().find(|scope| {
                        self.bound
                            .scopes
                            .get(*scope)
                            .is_some_and(|s| s.kind != ScopeKind::Comprehension)
                    });
                    self.add_in(
                        name.id.as_str(),
                        range(name),
                        BindingKind::Value(&named.value),
                        around,
                    );
                }
            }
            Expr::Lambda(lambda) => self.within(ScopeKind::Function, range(lambda), |binder| {
                if let Some(parameters) = &lambda.parameters {
                    binder.parameters(parameters);
                }
                binder.visit_expr(&lambda.body);
            }),
            Expr::ListComp(comp) => self.comprehension(range(comp), &comp.generators, &[&comp.elt]),
            Expr::SetComp(comp) => self.comprehension(range(comp), &comp.generators, &[&comp.elt]),
            Expr::Generator(comp) => {
                self.comprehension(range(comp), &comp.generators, &[&comp.elt])
            }
            Expr::DictComp(comp) => {
                let mut parts: Vec<&'a Expr> = vec![&comp.value];
                parts.extend(comp.key.as_deref());
                self.comprehension(range(comp), &comp.generators, &parts);
            }
            _ => walk::walk_expr(self, expr),
        }
    }
}
