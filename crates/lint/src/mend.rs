//! A page's `[fix]`, ready to run.

use std::collections::{BTreeMap, BTreeSet};

use nbfix_ipynb::{CellId, CellKind};
use nbfix_pattern::{Bound, Match, Resolve, Site, Template};
use nbfix_python::ast::{ExprRef, Stmt, StringFlags};
use nbfix_python::{AnyNodeRef, range};
use nbfix_semantic::ProgramKind;
use nbfix_text::{Edit, TextRange};

use crate::compile::{Flaw, listed};
use crate::grammar::{CellPlace, FixPage};
use crate::lines::{delete_statement, line_indent, starts_line};
use crate::matcher::{Env, Spot};
use crate::needs::Needs;
use crate::{Context, Report};

/// What a fix does.
#[derive(Debug)]
pub(crate) struct FixPlan {
    acts: Vec<(At, Act)>,
    /// What is done instead for some of the matchers of an `any`.
    variants: Vec<Option<Act>>,
    needs: Needs,
    table: Option<(BTreeMap<String, String>, String)>,
    cell: Option<(Template, CellPlace, Option<String>)>,
}

#[derive(Debug)]
enum At {
    Match,
    Hole(String),
}

#[derive(Debug)]
enum Act {
    Replace(Template),
    Before(Template),
    After(Template),
    Delete,
}

/// Names that mean themselves: where there is no Python.
struct Nothing;

impl Resolve for Nothing {
    fn qualified(&self, _: ExprRef<'_>) -> Option<String> {
        None
    }
}

impl FixPlan {
    pub(crate) fn of(
        page: &FixPage,
        tables: &BTreeMap<String, BTreeMap<String, String>>,
        holes: &BTreeSet<&str>,
        variants: &[(Option<&str>, BTreeSet<&str>)],
    ) -> Result<Self, Flaw> {
        let known: Vec<&str> = holes.iter().copied().collect();
        let template = |text: &str| {
            Template::of(text, &known).map_err(|error| Flaw::in_pattern("[fix]", text, error))
        };
        let hole = |name: &str| {
            if holes.contains(name) {
                return Ok(());
            }
            let message = format!(
                "`{name}` is no hole of every pattern; there are: {}",
                listed(holes)
            );
            Err(Flaw::new("[fix]", name, message))
        };
        let act = |text: &str| {
            Ok(match text {
                "" => Act::Delete,
                text => Act::Replace(template(text)?),
            })
        };
        let mut acts = Vec::new();
        if let Some(text) = &page.replace {
            acts.push((At::Match, act(text)?));
        }
        for edit in &page.edits {
            let at = match edit.at.as_str() {
                "match" => At::Match,
                name => {
                    hole(name)?;
                    At::Hole(name.to_owned())
                }
            };
            let done = match (&edit.replace, &edit.before, &edit.after) {
                (Some(text), _, _) => act(text)?,
                (_, Some(text), _) => Act::Before(template(text)?),
                (_, _, Some(text)) => Act::After(template(text)?),
                _ => Act::Delete,
            };
            acts.push((at, done));
        }
        let table = match (&page.table, &page.key) {
            (Some(table), Some(key)) => {
                hole(key)?;
                let rows = tables.get(table).cloned().unwrap_or_default();
                Some((rows, key.clone()))
            }
            _ => None,
        };
        let cell = match &page.cell {
            Some(cell) => Some((
                template(cell.source.trim_end())?,
                cell.after,
                cell.unless.clone(),
            )),
            None => None,
        };
        let variants = variants
            .iter()
            .map(|(text, own)| {
                let Some(text) = *text else { return Ok(None) };
                let known: Vec<&str> = own.union(holes).copied().collect();
                Ok(Some(match text {
                    "" => Act::Delete,
                    text => Act::Replace(
                        Template::of(text, &known)
                            .map_err(|error| Flaw::in_pattern("[match]", text, error))?,
                    ),
                }))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            acts,
            variants,
            needs: Needs::of(&page.needs, &known)?,
            table,
            cell,
        })
    }

    /// Adds the fix of one match to its report; `None` if there is none for this one.
    pub(crate) fn mend(
        &self,
        env: &Env<'_>,
        spot: Spot<'_>,
        cell: CellId,
        found: &Match<'_>,
        mut report: Report,
    ) -> Option<Report> {
        let context = match spot {
            Spot::Node(context, ..) => Some(context),
            Spot::Cell(_) => None,
        };
        let source = found.source();
        let strings = context.map_or_else(Vec::new, |context| {
            context.unit.module.multiline_strings(context.unit.source)
        });
        let resolve: &dyn Resolve = match &context {
            Some(context) => context,
            None => &Nothing,
        };
        let place = Place {
            context,
            strings: &strings,
            found,
            resolve: &self.needs.named(resolve),
        };
        let mut done = false;
        let variant = self.variants.get(found.variant).and_then(Option::as_ref);
        if let Some(act) = variant {
            report = report.edit(cell, place.edit(&At::Match, act)?);
            done = true;
        }
        for (at, act) in self.acts.iter().filter(|_| variant.is_none()) {
            report = report.edit(cell, place.edit(at, act)?);
            done = true;
        }
        if let Some((rows, key)) = &self.table {
            report = report.edit(cell, looked_up(rows, found.get(key)?, source)?);
            done = true;
        }
        if let Some(context) = &context {
            // What only serves other edits mends nothing by itself, such as the import for what another pattern writes.
            let alone = self.acts.is_empty()
                && self.variants.iter().all(Option::is_none)
                && self.table.is_none()
                && self.cell.is_none();
            for (cell, edit) in self.needs.edits(context, found, &place.site("", None))? {
                report = report.edit(cell, edit);
                done |= alone;
            }
        } else if !self.needs.is_empty() {
            return None;
        }
        if let Some((template, after, unless)) = &self.cell {
            let text = template.print(found, &place.site("", None));
            let is_there = unless.as_ref().unwrap_or(&text);
            let notebook = env.semantic.notebook();
            let known = notebook.cells().iter().any(|cell| {
                cell.kind == CellKind::Code && cell.source.contains(is_there.trim_end())
            });
            if !known {
                report = report.insert_cell(new_cell(env, cell, *after)?, text);
                done = true;
            }
        }
        done.then_some(report)
    }
}

/// A match, and what stands around it.
struct Place<'p, 'r> {
    context: Option<Context<'r, 'r>>,
    strings: &'p [TextRange],
    found: &'p Match<'r>,
    resolve: &'p dyn Resolve,
}

impl Place<'_, '_> {
    fn site<'s>(&'s self, indent: &'s str, parent: Option<AnyNodeRef<'s>>) -> Site<'s> {
        Site {
            indent,
            strings: self.strings,
            parent,
            resolve: self.resolve,
        }
    }

    /// The node around the match, and whether the match is a whole statement.
    fn around(&self) -> (Option<AnyNodeRef<'_>>, bool) {
        let (Some(node), Some(context)) = (self.found.node, &self.context) else {
            return (None, false);
        };
        if node.as_expr_ref().is_none() {
            return (None, true);
        }
        let parent = context.ancestors.last().copied();
        let alone =
            matches!(parent, Some(AnyNodeRef::StmtExpr(stmt)) if range(stmt) == range(node));
        (parent, alone)
    }

    fn edit(&self, at: &At, act: &Act) -> Option<Edit> {
        let source = self.found.source();
        let (parent, is_statement) = self.around();
        let (target, is_match) = match at {
            At::Match => (self.found.range, true),
            At::Hole(name) => {
                let bound = self.found.get(name)?;
                if !bound.exact {
                    return None;
                }
                (bound.range, false)
            }
        };
        let indent = line_indent(source, target.start());
        let print = |template: &Template, parent| {
            // Lines need a place of their own.
            let in_lines = template.is_multiline() && is_match && is_statement;
            let fits = !in_lines || starts_line(source, target.start());
            fits.then(|| template.print(self.found, &self.site(indent, parent)))
        };
        Some(match act {
            Act::Replace(template) => {
                let parent = parent.filter(|_| is_match && !is_statement);
                let text = print(template, parent)?;
                if text == target.of(source) {
                    return None;
                }
                Edit::replace(target, text)
            }
            Act::Before(template) => Edit::insert(target.start(), print(template, None)?),
            Act::After(template) => Edit::insert(target.end(), print(template, None)?),
            Act::Delete if is_match && is_statement => {
                delete_statement(source, target, self.context.as_ref()?.ancestors)?
            }
            Act::Delete => Edit::delete(with_comma(source, target)),
        })
    }
}

/// The range of an element with the comma that goes with it.
fn with_comma(source: &str, element: TextRange) -> TextRange {
    let after = source.get(element.end()..).unwrap_or_default();
    let rest = after.trim_start_matches([' ', '\t']);
    if let Some(rest) = rest.strip_prefix(',') {
        let rest = rest.trim_start_matches([' ', '\t']);
        return TextRange::new(element.start(), source.len() - rest.len());
    }
    let before = source.get(..element.start()).unwrap_or_default();
    match before.trim_end().strip_suffix(',') {
        Some(kept) => TextRange::new(kept.len(), element.end()),
        None => element,
    }
}

/// The hole's value replaced by the table's.
fn looked_up(rows: &BTreeMap<String, String>, bound: &Bound<'_>, source: &str) -> Option<Edit> {
    if !bound.exact {
        return None;
    }
    let Some(ExprRef::StringLiteral(literal)) = bound.expr() else {
        let value = rows.get(&*bound.text)?;
        return Some(Edit::replace(bound.range, value.clone()));
    };
    let value = rows.get(literal.value.to_str())?;
    let [piece] = literal.value.as_slice() else {
        return None;
    };
    let content = TextRange::new(
        range(piece).start() + piece.flags.opener_len().to_usize(),
        range(piece)
            .end()
            .saturating_sub(piece.flags.closer_len().to_usize()),
    );
    let plain = !content.of(source).contains('\\') && !value.contains(['\\', '\'', '"', '\n']);
    plain.then(|| Edit::replace(content, value.clone()))
}

/// The position of a new cell; `None` where a document has no cells.
fn new_cell(env: &Env<'_>, own: CellId, after: CellPlace) -> Option<usize> {
    let semantic = env.semantic;
    let is_notebook = semantic
        .programs()
        .next()
        .is_some_and(|(_, program)| program.kind == ProgramKind::Notebook);
    if !is_notebook {
        return None;
    }
    let first = |is: &dyn Fn(&[Stmt]) -> bool| {
        semantic
            .units_of(nbfix_semantic::ProgramId::DOCUMENT)
            .find(|unit| is(unit.module.body()))
            .map(|unit| unit.cell.index() + 1)
    };
    let imports = || {
        first(&|body| {
            body.iter()
                .any(|stmt| matches!(stmt, Stmt::Import(_) | Stmt::ImportFrom(_)))
        })
    };
    let wanted = match after {
        CellPlace::Match => None,
        CellPlace::Top => {
            let notebook = semantic.notebook();
            let code = notebook.ids().find(|(_, cell)| cell.kind == CellKind::Code);
            code.map(|(id, _)| id.index())
        }
        CellPlace::Imports => imports(),
        CellPlace::Configuration => first(&|body| body.iter().any(is_setting)).or_else(imports),
    };
    // What it sets up must stand above the match.
    Some(wanted.map_or(own.index(), |wanted| wanted.min(own.index())))
}

/// `NAME = ...` in capitals, as configuration is written.
fn is_setting(stmt: &Stmt) -> bool {
    let Stmt::Assign(assign) = stmt else {
        return false;
    };
    assign.targets.iter().any(|target| {
        target.as_name_expr().is_some_and(|name| {
            let name = name.id.as_str();
            name.len() > 2
                && name
                    .chars()
                    .all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit())
        })
    })
}
