//! Imports and set-up lines that a fix needs, placed once.

use nbfix_ipynb::CellId;
use nbfix_pattern::{Match, Resolve, Site, Template};
use nbfix_python::ast::{Expr, ExprRef, Stmt};
use nbfix_python::{Module, range};
use nbfix_semantic::{BindingKind, Unit};
use nbfix_text::{Edit, TextRange};

use crate::Context;
use crate::compile::Flaw;
use crate::lines::{line_end, line_start};

/// The lines of a fix.
#[derive(Debug, Default)]
pub(crate) struct Needs(Vec<Need>);

#[derive(Debug)]
struct Need {
    line: Template,
    /// The names that it imports, with their paths; empty for a set-up line.
    imports: Vec<(String, String)>,
    /// The names that it sets.
    sets: Vec<String>,
}

impl Needs {
    pub(crate) fn of(lines: &[String], holes: &[&str]) -> Result<Self, Flaw> {
        let need = |text: &String| {
            let fail = |message: &str| Err(Flaw::new("[fix]", text, message));
            let line = Template::of(text, holes)
                .map_err(|error| Flaw::in_pattern("[fix]", text, error))?;
            let module = Module::cell(text, TextRange::new(0, text.len()));
            // A line with holes binds what it binds; only its plain names are known here.
            let [statement] = module.body() else {
                return fail("a needed line is one statement");
            };
            let (imports, sets) = bound(statement);
            if imports.is_empty() && sets.is_empty() {
                return fail("a needed line imports something or sets a name");
            }
            Ok(Need {
                line,
                imports,
                sets,
            })
        };
        lines.iter().map(need).collect::<Result<_, _>>().map(Self)
    }

    /// `resolve`, for texts in which the needed imports are already made: their names mean what they import.
    pub(crate) fn named<'s>(&'s self, resolve: &'s dyn Resolve) -> Named<'s> {
        Named {
            needs: self,
            inner: resolve,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The edits that put in what is missing; `None` if a name is taken by something else.
    pub(crate) fn edits(
        &self,
        context: &Context<'_, '_>,
        found: &Match<'_>,
        site: &Site<'_>,
    ) -> Option<Vec<(CellId, Edit)>> {
        let at = found.range.start();
        let mut lines: Vec<(Anchor, String)> = Vec::new();
        let mut home = None;
        for need in &self.0 {
            let text = need.line.print(found, site);
            let root = need.imports.first().map(|(_, path)| path.as_str());
            let anchor = match (root, home) {
                (Some(root), _) => anchor(context, at, root),
                (None, Some(home)) => home,
                (None, None) => anchor(context, at, ""),
            };
            home = Some(anchor);
            if need.is_met(context, at, &text)? {
                continue;
            }
            lines.push((anchor, text));
        }
        let mut edits: Vec<(CellId, Edit)> = Vec::new();
        for (anchor, text) in lines {
            let edit = anchor.edit(&text);
            match edits
                .iter_mut()
                .find(|(cell, known)| *cell == anchor.cell && known.range == edit.range)
            {
                Some((_, known)) => known.insert.push_str(&edit.insert),
                None => edits.push((anchor.cell, edit)),
            }
        }
        Some(edits)
    }
}

/// What names mean once the needed imports are made.
pub(crate) struct Named<'s> {
    needs: &'s Needs,
    inner: &'s dyn Resolve,
}

impl Resolve for Named<'_> {
    fn qualified(&self, expr: ExprRef<'_>) -> Option<String> {
        self.inner.qualified(expr)
    }

    fn spelled(&self, path: &str, at: usize) -> Option<String> {
        let mut imports = self.needs.0.iter().flat_map(|need| &need.imports);
        let imported = imports.find_map(|(name, to)| {
            let rest = path.strip_prefix(name.as_str())?;
            (rest.is_empty() || rest.starts_with('.')).then(|| format!("{to}{rest}"))
        });
        self.inner.spelled(imported.as_deref().unwrap_or(path), at)
    }
}

impl Need {
    /// Whether it is there already; `None` if one of its names means something else.
    fn is_met(&self, context: &Context<'_, '_>, at: usize, text: &str) -> Option<bool> {
        let semantic = context.semantic;
        let program = context.unit.program;
        let mut met = true;
        for (name, path) in &self.imports {
            let other_name = context.spelled(path, at).is_some();
            let here = semantic.binding(context.unit, name, at);
            let is_this =
                |kind: &BindingKind<'_>| matches!(kind, BindingKind::Import(to) if to == path);
            let above = here.is_some_and(|binding| {
                is_this(&binding.kind) && (binding.unit, binding.since) <= (context.unit.index, at)
            });
            if above || other_name {
                continue;
            }
            let mut all = semantic.bindings(program, name).iter();
            if !all.all(|binding| is_this(&binding.kind)) || here.is_some_and(|b| !is_this(&b.kind))
            {
                return None;
            }
            met = false;
        }
        for name in &self.sets {
            let statements = semantic.units_of(program).flat_map(|unit| {
                let body = unit.module.body().iter();
                body.map(move |stmt| (unit, range(stmt)))
            });
            let mut above = statements
                .filter(|(unit, place)| (unit.index, place.end()) <= (context.unit.index, at));
            if above.any(|(unit, place)| place.of(unit.source) == text) {
                continue;
            }
            let mut all = semantic.bindings(program, name).iter();
            let same = all.all(|binding| {
                let unit = semantic.units().get(binding.unit);
                unit.is_some_and(|unit| {
                    let body = unit.module.body().iter().map(range);
                    body.filter(|place| place.covers(binding.range))
                        .any(|place| place.of(unit.source) == text)
                })
            });
            if !same {
                return None;
            }
            met = false;
        }
        Some(met)
    }
}

/// What a statement binds: imports with their paths, and other names.
fn bound(statement: &Stmt) -> (Vec<(String, String)>, Vec<String>) {
    let mut imports = Vec::new();
    let mut sets = Vec::new();
    match statement {
        Stmt::Import(import) => {
            for alias in &import.names {
                let path = alias.name.as_str();
                let (name, path) = match &alias.asname {
                    Some(name) => (name.as_str(), path),
                    None => {
                        let root = path.split('.').next().unwrap_or(path);
                        (root, root)
                    }
                };
                imports.push((name.to_owned(), path.to_owned()));
            }
        }
        Stmt::ImportFrom(import) => {
            let module = import.module.as_ref().map_or("", |module| module.as_str());
            for alias in &import.names {
                let name = alias.asname.as_ref().unwrap_or(&alias.name);
                imports.push((name.to_string(), format!("{module}.{}", alias.name)));
            }
        }
        Stmt::Assign(assign) => {
            let names = assign.targets.iter().filter_map(Expr::as_name_expr);
            sets.extend(names.map(|name| name.id.to_string()));
        }
        Stmt::FunctionDef(function) => sets.push(function.name.to_string()),
        _ => {}
    }
    (imports, sets)
}

/// Where lines go.
#[derive(Clone, Copy)]
struct Anchor {
    cell: CellId,
    offset: usize,
    /// Behind a statement's line, or before one.
    behind: bool,
}

impl Anchor {
    fn behind(unit: &Unit<'_>, statement: TextRange) -> Self {
        Self {
            cell: unit.cell,
            offset: line_end(unit.source, statement.end()),
            behind: true,
        }
    }

    fn edit(self, line: &str) -> Edit {
        let text = if self.behind {
            format!("\n{line}")
        } else {
            format!("{line}\n")
        };
        Edit::insert(self.offset, text)
    }
}

/// Behind the last import of the same root above the match; else behind the imports of the first cell that has some;
/// else where the match's own cell starts.
fn anchor(context: &Context<'_, '_>, at: usize, path: &str) -> Anchor {
    let root = path.split('.').next().unwrap_or(path);
    let own = context.unit;
    let above = || {
        let units = context.semantic.units_of(own.program);
        units
            .filter(|unit| unit.index <= own.index)
            .flat_map(|unit| {
                let body = unit.module.body().iter();
                body.filter(move |stmt| (unit.index, range(*stmt).start()) <= (own.index, at))
                    .map(move |stmt| (unit, stmt))
            })
    };
    let of_root = |stmt: &Stmt| match stmt {
        Stmt::Import(import) => import
            .names
            .iter()
            .any(|alias| alias.name.split('.').next() == Some(root)),
        Stmt::ImportFrom(import) => import
            .module
            .as_ref()
            .is_some_and(|module| module.split('.').next() == Some(root)),
        _ => false,
    };
    if let Some((unit, stmt)) = above().filter(|(_, stmt)| of_root(stmt)).last() {
        return Anchor::behind(unit, range(stmt));
    }
    let is_import = |stmt: &Stmt| matches!(stmt, Stmt::Import(_) | Stmt::ImportFrom(_));
    if let Some((first, _)) = above().find(|(_, stmt)| is_import(stmt))
        && let Some((unit, stmt)) = above()
            .filter(|(unit, stmt)| unit.index == first.index && is_import(stmt))
            .last()
    {
        return Anchor::behind(unit, range(stmt));
    }
    // Behind a docstring and the magics that install what is imported.
    let is_head = |stmt: &&Stmt| match stmt {
        Stmt::IpyEscapeCommand(_) => true,
        Stmt::Expr(expr) => expr.value.is_string_literal_expr(),
        _ => false,
    };
    let first = own.module.body().iter().find(|stmt| !is_head(stmt));
    let offset = first.map_or(own.code.start(), |stmt| {
        line_start(own.source, range(stmt).start())
    });
    Anchor {
        cell: own.cell,
        offset: offset.max(own.code.start()),
        behind: false,
    }
}
