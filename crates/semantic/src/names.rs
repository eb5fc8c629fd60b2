//! What a name means where it stands.

use std::cell::OnceCell;

use nbfix_ipynb::{CellId, DocumentKind, Notebook};
use nbfix_python::SourceOrderVisitor;
use nbfix_python::ast::visitor::source_order::walk_stmt;
use nbfix_python::ast::{Expr, ExprRef, Stmt};
use nbfix_python::{Module, dotted, is_builtin, is_stdlib, range, string_value};
use nbfix_text::TextRange;
use rustc_hash::FxHashMap;

use crate::beside::{absolute, is_dynamic};
use crate::binder::bind;
use crate::flow::{self, Flow, Plan, Prediction, Statement};
use crate::pins::{Pin, pins};
use crate::sources::{Program, ProgramId, ProgramKind, Source, Sources, Unit};
use crate::{Binding, BindingKind, ScopeKind};

/// How many names in a row are followed: `a = b`, `b = c`, ...
const MAX_STEPS: usize = 8;

/// One document understood.
pub struct Semantic<'a> {
    notebook: &'a Notebook,
    sources: &'a Sources,
    units: Vec<Unit<'a>>,
    programs: Vec<Program>,
    names: Vec<FxHashMap<&'a str, Vec<Binding<'a>>>>,
    stars: Vec<Vec<String>>,
    /// How many of the units are the document's own; those of modules beside it follow.
    own: usize,
    /// The modules beside the document, by name.
    modules: FxHashMap<&'a str, ProgramId>,
    /// It names no lifetime: a cell that held one would tie the borrower to it.
    flow: OnceCell<Flow>,
    pins: OnceCell<Vec<Pin>>,
}

impl<'a> Semantic<'a> {
    /// Reads the names of all cells.
    pub fn new(notebook: &'a Notebook, sources: &'a Sources) -> Self {
        let kind = match notebook.kind() {
            DocumentKind::Notebook => ProgramKind::Notebook,
            DocumentKind::Script => ProgramKind::Script,
        };
        let mut this = Self {
            notebook,
            sources,
            units: Vec::new(),
            programs: vec![Program {
                kind,
                path: sources.path().to_owned(),
            }],
            names: vec![FxHashMap::default()],
            stars: vec![Vec::new()],
            own: 0,
            modules: FxHashMap::default(),
            flow: OnceCell::new(),
            pins: OnceCell::new(),
        };
        for (id, cell) in notebook.ids() {
            let (module, code, program) = match sources.get(id) {
                Source::Python { module, code, .. } => (module, *code, ProgramId::DOCUMENT),
                Source::File { module, code, path } => {
                    (module, *code, this.program_of(ProgramKind::CellFile, path))
                }
                _ => continue,
            };
            this.add(id, program, module, cell.source.as_str(), code);
        }
        this.own = this.units.len();
        for beside in sources.modules() {
            let program = this.program_of(ProgramKind::Module, &beside.file.path);
            this.modules.insert(&beside.name, program);
            let text = beside.file.text.as_str();
            // No cell holds it, and none is ever asked for: `units` leaves it out.
            let nowhere = CellId(usize::MAX);
            this.add(
                nowhere,
                program,
                &beside.module,
                text,
                TextRange::new(0, text.len()),
            );
        }
        this
    }

    fn add(
        &mut self,
        cell: CellId,
        program: ProgramId,
        module: &'a Module,
        source: &'a str,
        code: TextRange,
    ) {
        let index = self.units.len();
        let bound = bind(module, index);
        for (name, binding) in bound.top {
            self.names[program.0].entry(name).or_default().push(binding);
        }
        self.stars[program.0].extend(bound.stars);
        self.units.push(Unit {
            index,
            cell,
            program,
            module,
            source,
            code,
            scopes: bound.scopes,
            attributes: bound.attributes,
        });
    }

    fn program_of(&mut self, kind: ProgramKind, path: &str) -> ProgramId {
        let known = self
            .programs
            .iter()
            .position(|program| program.kind == kind && program.path == path);
        ProgramId(known.unwrap_or_else(|| {
            self.programs.push(Program {
                kind,
                path: path.to_owned(),
            });
            self.names.push(FxHashMap::default());
            self.stars.push(Vec::new());
            self.programs.len() - 1
        }))
    }

    /// The document.
    pub fn notebook(&self) -> &'a Notebook {
        self.notebook
    }

    /// What the cell holds.
    pub fn source(&self, cell: CellId) -> &'a Source {
        self.sources.get(cell)
    }

    /// The packages that files near the document ask for (see [`crate::Beside::requirements`]).
    pub fn requirements(&self) -> Option<&'a [String]> {
        self.sources.requirements()
    }

    /// The bounds on versions that the document names, and the files near it that say what it needs. All cells count,
    /// comments and texts too: who names a version there knows of it.
    pub fn pins(&self) -> &[Pin] {
        self.pins.get_or_init(|| {
            let cells = self.notebook.cells().iter();
            let cells = cells.flat_map(|cell| pins(&cell.source));
            let near = self.requirements().unwrap_or_default();
            cells
                .chain(near.iter().flat_map(|line| pins(line)))
                .collect()
        })
    }

    /// Files near the document that it names and that tell which MCP servers there are: the path as it is written
    /// there, and the text.
    pub fn data_files(&self) -> &'a [(String, String)] {
        self.sources.data()
    }

    /// All parsed texts of the document, in its order.
    pub fn units(&self) -> &[Unit<'a>] {
        self.units.get(..self.own).unwrap_or_default()
    }

    /// A parsed text by its index, as bindings name it: one of [`Self::units`], or a module beside the document.
    pub fn unit(&self, index: usize) -> Option<&Unit<'a>> {
        self.units.get(index)
    }

    /// What a walk through the notebook finds: names that are not there when they are read, calls that cannot work. It
    /// is made when it is first asked for; a document that is no notebook gives nothing.
    pub fn flow(&self) -> &Flow {
        self.flow.get_or_init(|| Plan::of(self).find(self))
    }

    /// The cells that surely end with an exception when a kernel runs the notebook from top to bottom, going on after
    /// each, as far as names and the notebook's own functions decide it.
    pub fn predict(&self) -> Vec<Prediction> {
        Plan::of(self).predict(self)
    }

    /// What each statement of the notebook needs and gives, cell by cell; cells that are no Python, or cannot be read, are
    /// left out. It is made anew at every call.
    pub fn statements(&self) -> Vec<(CellId, Vec<Statement<'a>>)> {
        flow::statements(&Plan::of(self), self)
    }

    /// The names that `from module import *` brings, if the module lies beside the document and they can all be seen.
    pub(crate) fn public_names(&self, module: &str) -> Option<Vec<&'a str>> {
        let program = self.module(module)?;
        if self.is_dynamic(program)
            || self.has_star_import(program)
            || !self.bindings(program, "__all__").is_empty()
        {
            return None;
        }
        let names = self.names(program).map(|(name, _)| name);
        let mut names: Vec<&str> = names.filter(|name| !name.starts_with('_')).collect();
        names.sort_unstable();
        Some(names)
    }

    /// The module of this dotted name, if it lies beside the document and the document imports it.
    pub fn module(&self, name: &str) -> Option<ProgramId> {
        self.modules.get(name).copied()
    }

    /// What lies in the folder of a package beside the document and may be imported from it: names of modules and of
    /// folders. Empty for what is no such package.
    pub fn members(&self, module: &str) -> &'a [String] {
        let mut modules = self.sources.modules().iter();
        modules
            .find(|known| known.name == module)
            .map_or(&[], |known| known.file.members.as_slice())
    }

    /// Whether `from module import name` finds the name in a module beside the document: bound in it, lying in its
    /// folder, or brought by a star import from another module beside. `None` if that cannot be told.
    pub fn exports(&self, module: &str, name: &str) -> Option<bool> {
        self.exports_within(module, name, MAX_STEPS)
    }

    fn exports_within(&self, module: &str, name: &str, steps: usize) -> Option<bool> {
        let program = self.module(module)?;
        if !self.bindings(program, name).is_empty()
            || self.members(module).iter().any(|member| member == name)
            || self.module(&format!("{module}.{name}")).is_some()
        {
            return Some(true);
        }
        if steps == 0 || self.is_dynamic(program) {
            return None;
        }
        let mut modules = self.sources.modules().iter();
        let package = modules.find(|known| known.name == module)?.package();
        for star in self.stars.get(program.0)? {
            let rest = star.trim_start_matches('.');
            let from = absolute(&package, star.len() - rest.len(), rest)?;
            // What is not beside may bring any name.
            if self.exports_within(&from, name, steps - 1)? {
                return Some(true);
            }
        }
        Some(false)
    }

    /// The parsed texts of one namespace.
    pub fn units_of(&self, program: ProgramId) -> impl Iterator<Item = &Unit<'a>> {
        self.units
            .iter()
            .filter(move |unit| unit.program == program)
    }

    /// The namespace.
    pub fn program(&self, program: ProgramId) -> &Program {
        self.programs.get(program.0).unwrap_or(&self.programs[0])
    }

    /// All namespaces: the document's own first, modules beside it last.
    pub fn programs(&self) -> impl Iterator<Item = (ProgramId, &Program)> {
        self.programs
            .iter()
            .enumerate()
            .map(|(index, program)| (ProgramId(index), program))
    }

    /// Every top-level binding of `name`, in the document's order.
    pub fn bindings(&self, program: ProgramId, name: &str) -> &[Binding<'a>] {
        self.names
            .get(program.0)
            .and_then(|names| names.get(name))
            .map_or(&[], Vec::as_slice)
    }

    /// Every name of a namespace's top level with its bindings, in no particular order.
    pub fn names(&self, program: ProgramId) -> impl Iterator<Item = (&'a str, &[Binding<'a>])> {
        self.names.get(program.0).into_iter().flat_map(|names| {
            names
                .iter()
                .map(|(name, bindings)| (*name, bindings.as_slice()))
        })
    }

    /// Whether anything in the namespace binds `name`, in whatever scope.
    pub fn is_bound(&self, program: ProgramId, name: &str) -> bool {
        !self.bindings(program, name).is_empty()
            || self.units_of(program).any(|unit| {
                unit.scopes
                    .iter()
                    .any(|scope| scope.names.contains_key(name))
            })
    }

    /// The names that the top level of `unit` binds within `range`, and that last: each once, in order.
    pub fn bound_within(&self, unit: &Unit<'a>, range: TextRange) -> Vec<&'a str> {
        let Some(names) = self.names.get(unit.program.0) else {
            return Vec::new();
        };
        let mut found: Vec<(usize, &'a str)> = names
            .iter()
            .filter_map(|(name, bindings)| {
                let first = bindings.iter().find(|binding| {
                    binding.unit == unit.index
                        && range.covers(binding.range)
                        && !matches!(binding.kind, BindingKind::Caught)
                })?;
                Some((first.range.start(), *name))
            })
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, name)| name).collect()
    }

    /// Whether names come into the namespace that nobody can see: by `globals()`, `exec`, `__getattr__`, or because a
    /// text does not parse.
    pub fn is_dynamic(&self, program: ProgramId) -> bool {
        let mut units = self.units.iter().filter(|unit| unit.program == program);
        units.any(|unit| is_dynamic(unit.module))
    }

    /// Whether any name may come from a star import, so that an unbound one proves nothing.
    pub fn has_star_import(&self, program: ProgramId) -> bool {
        self.stars
            .get(program.0)
            .is_some_and(|stars| !stars.is_empty())
    }

    /// The dotted path that `expr` means, through imports and plain aliases, in this cell or another:
    /// after `import subprocess as sp`, `sp.run` is `subprocess.run`. A name that nobody binds means itself.
    /// `None` if `expr` is no chain of names, or starts from a name that is bound to something else.
    pub fn qualified<'e>(&self, unit: &Unit<'a>, expr: impl Into<ExprRef<'e>>) -> Option<String> {
        self.qualified_within(unit, expr.into(), MAX_STEPS)
    }

    fn qualified_within(&self, unit: &Unit<'a>, expr: ExprRef<'_>, steps: usize) -> Option<String> {
        let (name, parts) = dotted(expr)?;
        if let Some(value) = self
            .attribute(unit, range(name).start(), &parts)
            .filter(|_| steps > 0)
        {
            let root = self.qualified_within(unit, ExprRef::from(value), steps - 1)?;
            return Some(join(root, &parts[2..]));
        }
        let root = match self.lookup(unit, name.id.as_str(), range(name).start()) {
            Lookup::Unbound => self.unbound(unit.program, parts[0]),
            Lookup::Bound(binding) => match &binding.kind {
                BindingKind::Import(path) => path.clone(),
                BindingKind::Value(value) if steps > 0 => {
                    let home = self.units.get(binding.unit)?;
                    self.qualified_within(home, ExprRef::from(*value), steps - 1)?
                }
                _ => return None,
            },
            Lookup::Unclear => return None,
        };
        Some(join(root, &parts[1..]))
    }

    /// The value of `self.name...` at `offset`, if its class sets that attribute in one place only.
    fn attribute(&self, unit: &Unit<'a>, offset: usize, parts: &[&str]) -> Option<&'a Expr> {
        let ["self", name, ..] = parts else {
            return None;
        };
        // Of nested classes the innermost.
        let class = unit
            .attributes
            .iter()
            .map(|attribute| attribute.class)
            .filter(|class| class.contains(offset))
            .min_by_key(|class| class.len())?;
        let mut set = unit
            .attributes
            .iter()
            .filter(|attribute| attribute.class == class && attribute.name == *name);
        let first = set.next()?;
        set.next().is_none().then_some(first.value)
    }

    /// What a name means that nobody binds: a member of the one module that is imported whole, else itself.
    fn unbound(&self, program: ProgramId, name: &str) -> String {
        match self.stars.get(program.0).map(Vec::as_slice) {
            Some([module]) if !is_stdlib(name) && !is_builtin(name) => format!("{module}.{name}"),
            _ => name.to_owned(),
        }
    }

    /// The binding that a read of `name` at `offset` of `unit` most likely sees.
    pub fn binding<'s>(
        &'s self,
        unit: &'s Unit<'a>,
        name: &str,
        offset: usize,
    ) -> Option<&'s Binding<'a>> {
        match self.lookup(unit, name, offset) {
            Lookup::Bound(binding) => Some(binding),
            _ => None,
        }
    }

    fn lookup<'s>(&'s self, unit: &'s Unit<'a>, name: &str, offset: usize) -> Lookup<'s, 'a> {
        let mut inside_function = false;
        for scope in unit.scopes.iter().rev() {
            if !scope.range.contains(offset) {
                continue;
            }
            let seen = scope.kind != ScopeKind::Class || !inside_function;
            inside_function |= scope.kind == ScopeKind::Function;
            if let Some(bindings) = scope.names.get(name).filter(|_| seen) {
                return match bindings.as_slice() {
                    [one] => Lookup::Bound(one),
                    many => agreeing(many).map_or(Lookup::Unclear, Lookup::Bound),
                };
            }
        }
        let bindings = self.bindings(unit.program, name);
        if bindings.is_empty() {
            return Lookup::Unbound;
        }
        // The last binding above the read; in `x = f(x)` the read sees the one before.
        let above = bindings
            .iter()
            .take_while(|binding| (binding.unit, binding.since) <= (unit.index, offset));
        let above: Vec<&Binding<'a>> = above.collect();
        // Where a handler empties the name, what it holds otherwise is what it means.
        let last = above
            .iter()
            .rev()
            .find(|binding| !is_emptied(binding))
            .or(above.last());
        if let Some(last) = last {
            let unclear = last.conditional && inside_function;
            return if unclear {
                agreeing(bindings).map_or(Lookup::Unclear, Lookup::Bound)
            } else {
                Lookup::Bound(last)
            };
        }
        // Bound only below: true for a function that is called later, and for cells that were run in another order.
        agreeing(bindings).map_or(Lookup::Unclear, Lookup::Bound)
    }

    /// The string that `expr` is, if it is a constant: a literal, or a name bound to one.
    pub fn string(&self, unit: &Unit<'a>, expr: &'a Expr) -> Option<&'a str> {
        let (mut unit, mut expr) = (self.units.get(unit.index)?, expr);
        for _ in 0..MAX_STEPS {
            if let Some(value) = string_value(expr) {
                return Some(value);
            }
            let Expr::Name(name) = expr else { return None };
            let binding = self.binding(unit, name.id.as_str(), range(name).start())?;
            let BindingKind::Value(value) = &binding.kind else {
                return None;
            };
            (unit, expr) = (self.units.get(binding.unit)?, value);
        }
        None
    }

    /// The expression that `expr` stands for: itself, or what the name was last bound to, with the unit it stands in.
    pub fn value_of<'s>(&'s self, unit: &'s Unit<'a>, expr: &'a Expr) -> (&'s Unit<'a>, &'a Expr) {
        let (mut unit, mut expr) = (unit, expr);
        for _ in 0..MAX_STEPS {
            let Expr::Name(name) = expr else { break };
            let Some(binding) = self.binding(unit, name.id.as_str(), range(name).start()) else {
                break;
            };
            let (BindingKind::Value(value) | BindingKind::With(value)) = &binding.kind else {
                break;
            };
            let Some(home) = self.units.get(binding.unit) else {
                break;
            };
            (unit, expr) = (home, value);
        }
        (unit, expr)
    }

    /// What `self.name` holds, if that is what `expr` spells and its class sets the attribute in one place only.
    pub fn attribute_value(&self, unit: &Unit<'a>, expr: &Expr) -> Option<&'a Expr> {
        let (name, parts) = dotted(expr)?;
        let is_whole = parts.len() == 2;
        self.attribute(unit, range(name).start(), &parts)
            .filter(|_| is_whole)
    }

    /// The dotted path of the callable whose call made `expr`: `azure.cosmos.CosmosClient` for a name bound to
    /// `CosmosClient(...)`, or for the call itself; `await`, method chains (`a.b().c()`) and functions of the document
    /// that return one thing only are looked through.
    pub fn made_by(&self, unit: &Unit<'a>, expr: &'a Expr) -> Option<String> {
        let unit = self.units.get(unit.index)?;
        let (mut home, mut value) = self.value_of(unit, expr);
        for _ in 0..MAX_STEPS {
            match value {
                Expr::Await(awaited) => value = &awaited.value,
                Expr::Call(call) => {
                    if let Some(path) = self.qualified(home, &*call.func) {
                        return Some(path);
                    }
                    let Expr::Attribute(method) = &*call.func else {
                        (home, value) = self.returned(home, &call.func)?;
                        continue;
                    };
                    let mut receiver = &*method.value;
                    // In `client.chat.completions.create()` the client stands first; `self.client` is one, too.
                    while let Expr::Attribute(member) = receiver {
                        let set = dotted(receiver).and_then(|(name, parts)| {
                            self.attribute(home, range(name).start(), &parts[..2.min(parts.len())])
                                .filter(|_| parts.len() == 2)
                        });
                        receiver = set.unwrap_or(&member.value);
                    }
                    (home, value) = self.value_of(home, receiver);
                }
                _ => return None,
            }
        }
        None
    }

    /// What a call of this function gives, if it is one of the document and returns one thing only.
    fn returned<'s>(
        &'s self,
        unit: &'s Unit<'a>,
        func: &'a Expr,
    ) -> Option<(&'s Unit<'a>, &'a Expr)> {
        let Expr::Name(name) = func else {
            return None;
        };
        let binding = self.binding(unit, name.id.as_str(), range(name).start())?;
        let BindingKind::Function(function) = &binding.kind else {
            return None;
        };
        let home = self.units.get(binding.unit)?;
        let mut search = Returns(Vec::new());
        search.visit_body(&function.body);
        match search.0.as_slice() {
            [one] if function.decorator_list.is_empty() => Some(self.value_of(home, one)),
            _ => None,
        }
    }
}

/// The values that a function returns.
struct Returns<'a>(Vec<&'a Expr>);

impl<'a> SourceOrderVisitor<'a> for Returns<'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::Return(each) => self.0.extend(
                each.value
                    .as_deref()
                    .filter(|value| !value.is_none_literal_expr()),
            ),
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
            _ => walk_stmt(self, stmt),
        }
    }
}

/// A dotted path and what follows it.
fn join(root: String, rest: &[&str]) -> String {
    if rest.is_empty() {
        return root;
    }
    format!("{root}.{}", rest.join("."))
}

enum Lookup<'s, 'a> {
    /// Nobody in the document binds the name.
    Unbound,
    /// This binding, as far as can be told.
    Bound(&'s Binding<'a>),
    /// Bound in ways that differ.
    Unclear,
}

/// Whether the name is given None there, under a condition.
fn is_emptied(binding: &Binding<'_>) -> bool {
    let is_none = matches!(binding.kind, BindingKind::Value(value) if value.is_none_literal_expr());
    is_none && binding.conditional
}

/// The first binding, if all of them mean the same import; else nothing can be told.
fn agreeing<'s, 'a>(bindings: &'s [Binding<'a>]) -> Option<&'s Binding<'a>> {
    let (first, rest) = bindings.split_first()?;
    if rest.is_empty() {
        return Some(first);
    }
    let BindingKind::Import(path) = &first.kind else {
        return None;
    };
    let same = |other: &Binding| matches!(&other.kind, BindingKind::Import(p) if p == path);
    rest.iter().all(same).then_some(first)
}
