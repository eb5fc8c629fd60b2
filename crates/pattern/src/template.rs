//! What is written in a match's place.

use std::collections::BTreeMap;

use nbfix_python::ast::{ExprContext, Stmt};
use nbfix_python::{AnyNodeRef, Module, SourceOrderVisitor, TraversalSignal, dotted, range};
use nbfix_text::TextRange;

use crate::hole::{Hole, hole_of};
use crate::precedence::Need;
use crate::spell::{MANY, ONE, Spelled, identifier};
use crate::{Bound, Match, Pattern, PatternError, Resolve};

/// A text with the holes of a pattern.
#[derive(Debug)]
pub struct Template {
    pieces: Vec<Piece>,
    /// The text as Python, if it is some.
    module: Option<Module>,
    is_multiline: bool,
}

#[derive(Debug)]
enum Piece {
    /// Text, and the offsets in it of line ends that stand in strings: the lines behind them keep their indent.
    Text(String, Vec<usize>),
    Hole {
        name: String,
        need: Need,
        /// The blanks before it, if it is the first of its line.
        indent: Option<String>,
        in_string: bool,
        in_brackets: bool,
    },
    /// A dotted path, which may have another name in the notebook.
    Path(String),
}

/// Where a template is printed.
#[derive(Clone, Copy)]
pub struct Site<'s> {
    /// The blanks before the statement that is written, for the lines after the first.
    pub indent: &'s str,
    /// The strings of the matched text that span lines; nothing is indented inside them.
    pub strings: &'s [TextRange],
    /// The node around the match, if the template replaces an expression: brackets may be needed.
    pub parent: Option<AnyNodeRef<'s>>,
    /// What names mean there.
    pub resolve: &'s dyn Resolve,
}

impl Template {
    /// Reads a template for matches of `pattern`: see [`Template::of`].
    ///
    /// # Errors
    /// If it names a hole that `pattern` does not bind.
    pub fn parse(text: &str, pattern: &Pattern) -> Result<Self, PatternError> {
        Self::of(text, &pattern.holes())
    }

    /// Reads a template whose matches bind `holes`. If it is Python, brackets, names of modules and indents follow
    /// the place where it is printed; otherwise it is a text.
    ///
    /// # Errors
    /// If it names a hole that is not among `holes`.
    pub fn of(text: &str, holes: &[&str]) -> Result<Self, PatternError> {
        let spelled = Spelled::of(text, false);
        let whole = TextRange::new(0, spelled.text.len());
        let module = Some(Module::cell(&spelled.text, whole)).filter(|m| m.errors().is_empty());
        Self::build(&spelled, module, holes)
    }

    /// Reads a template that is no Python: a shell line, a magic, a text.
    ///
    /// # Errors
    /// If it names a hole that is not among `holes`.
    pub fn text(text: &str, holes: &[&str]) -> Result<Self, PatternError> {
        Self::build(&Spelled::of(text, false), None, holes)
    }

    fn build(
        spelled: &Spelled,
        module: Option<Module>,
        holes: &[&str],
    ) -> Result<Self, PatternError> {
        let text = spelled.text.as_str();
        let mut survey = Survey::default();
        let mut strings = Vec::new();
        let mut quoted = Vec::new();
        if let Some(module) = &module {
            survey.visit_body(module.body());
            strings = module.multiline_strings(text);
            quoted = module.strings_and_comments();
        }
        let mut pieces = Vec::new();
        let mut at = 0;
        let mut written = 0;
        let push_text = |pieces: &mut Vec<Piece>, from: usize, to: usize| {
            let plain = text.get(from..to).unwrap_or_default();
            let kept = plain
                .match_indices('\n')
                .map(|(offset, _)| offset)
                .filter(|offset| strings.iter().any(|string| string.contains(from + offset)))
                .collect();
            if !plain.is_empty() {
                pieces.push(Piece::Text(plain.to_owned(), kept));
            }
        };
        while at < text.len() {
            let rest = text.get(at..).unwrap_or_default();
            if let Some((end, path)) = survey.paths.get(&at) {
                push_text(&mut pieces, written, at);
                pieces.push(Piece::Path(path.clone()));
                (at, written) = (*end, *end);
                continue;
            }
            let prefix = [MANY, ONE].into_iter().find(|each| rest.starts_with(each));
            let Some(prefix) = prefix else {
                at += rest.chars().next().map_or(1, char::len_utf8);
                continue;
            };
            let name = identifier(rest.get(prefix.len()..).unwrap_or_default());
            if !holes.contains(&name) {
                return Err(unbound(name, holes, spelled.original(at)));
            }
            push_text(&mut pieces, written, at);
            let line = text.get(..at).unwrap_or_default().rsplit('\n').next();
            let indent = line.filter(|line| line.trim().is_empty());
            pieces.push(Piece::Hole {
                name: name.to_owned(),
                need: survey.needs.get(&at).copied().unwrap_or(Need::NOTHING),
                indent: indent.map(str::to_owned),
                in_string: quoted.iter().any(|string| string.contains(at))
                    && !survey.needs.contains_key(&at),
                in_brackets: survey.bracketed.contains(&at),
            });
            at += prefix.len() + name.len();
            written = at;
        }
        push_text(&mut pieces, written, text.len());
        Ok(Self {
            pieces,
            is_multiline: text.contains('\n'),
            module,
        })
    }

    /// Whether it has lines, so that it must stand where a statement starts its line.
    pub fn is_multiline(&self) -> bool {
        self.is_multiline
    }

    /// The text for one match.
    pub fn print(&self, found: &Match<'_>, site: &Site<'_>) -> String {
        let mut out = String::new();
        let mut after_nothing = false;
        for piece in &self.pieces {
            match piece {
                Piece::Text(text, kept) => {
                    let mut from = 0;
                    if after_nothing && let Some(rest) = text.strip_prefix(',') {
                        from = text.len() - rest.trim_start_matches(' ').len();
                    }
                    print_lines(&mut out, text, from, kept, site.indent);
                }
                Piece::Path(path) => {
                    let spelled = site.resolve.spelled(path, found.range.start());
                    out.push_str(spelled.as_deref().unwrap_or(path));
                }
                Piece::Hole {
                    name,
                    in_string,
                    in_brackets,
                    ..
                } => {
                    let Some(bound) = found.get(name) else {
                        continue;
                    };
                    // `f(a, $$$rest)` with nothing for the rest is `f(a)`.
                    if bound.text.is_empty() && *in_brackets && !in_string {
                        let kept = out.trim_end().strip_suffix(',').map(str::len);
                        after_nothing = kept.is_none();
                        out.truncate(kept.unwrap_or(out.len()));
                        continue;
                    }
                    self.print_hole(&mut out, piece, bound, found, site);
                }
            }
            after_nothing = false;
        }
        if self.needs_brackets(found, site) {
            return format!("({out})");
        }
        out
    }

    fn print_hole(
        &self,
        out: &mut String,
        piece: &Piece,
        bound: &Bound<'_>,
        found: &Match<'_>,
        site: &Site<'_>,
    ) {
        let Piece::Hole {
            need,
            indent,
            in_string,
            in_brackets,
            ..
        } = piece
        else {
            return;
        };
        if bound.statements {
            let indent = format!("{}{}", site.indent, indent.as_deref().unwrap_or_default());
            out.push_str(&moved(bound, found.source(), &indent, site.strings));
        } else if *in_string && !bound.exact {
            for c in bound.text.chars() {
                match c {
                    '\n' => out.push_str("\\n"),
                    '\\' | '"' | '\'' => out.extend(['\\', c]),
                    _ => out.push(c),
                }
            }
        } else if let Some(expr) = bound.expr().filter(|_| !in_string)
            && (!need.takes(expr) || !in_brackets && breaks(&bound.text))
        {
            out.push('(');
            out.push_str(&bound.text);
            out.push(')');
        } else {
            out.push_str(&bound.text);
        }
    }

    /// Whether the whole template is an expression that its new place does not take as it is.
    fn needs_brackets(&self, found: &Match<'_>, site: &Site<'_>) -> bool {
        let (Some(parent), Some(module)) = (site.parent, &self.module) else {
            return false;
        };
        let [Stmt::Expr(only)] = module.body() else {
            return false;
        };
        let root = AnyNodeRef::from(&*only.value);
        let expr = match hole_of(root) {
            // A hole alone was printed for a statement's place; here it is asked again.
            Some(Hole { name, .. }) => found.get(name).and_then(Bound::expr),
            None => root.as_expr_ref(),
        };
        expr.is_some_and(|expr| !Need::of(parent, found.range).takes(expr))
    }
}

/// Appends `text` from `from` on; lines get `indent`, except after the line ends in `kept`.
fn print_lines(out: &mut String, text: &str, from: usize, kept: &[usize], indent: &str) {
    for (offset, c) in text.char_indices().filter(|(offset, _)| *offset >= from) {
        out.push(c);
        let next = text.get(offset + 1..).and_then(|rest| rest.chars().next());
        if c == '\n' && !kept.contains(&offset) && !matches!(next, Some('\n' | '\r')) {
            out.push_str(indent);
        }
    }
}

/// A run of statements at another indent. Lines inside strings stay as they are.
fn moved(bound: &Bound<'_>, source: &str, indent: &str, strings: &[TextRange]) -> String {
    let start = bound.range.start();
    let line = source.get(..start).unwrap_or_default().rsplit('\n').next();
    let old = line.filter(|line| line.trim().is_empty()).unwrap_or("");
    let mut out = String::new();
    let mut at = start;
    for (index, line) in bound.text.split_inclusive('\n').enumerate() {
        let in_string = at > start && strings.iter().any(|string| string.contains(at - 1));
        at += line.len();
        if index == 0 || in_string || line.trim().is_empty() {
            out.push_str(line);
            continue;
        }
        out.push_str(indent);
        out.push_str(line.strip_prefix(old).unwrap_or_else(|| line.trim_start()));
    }
    out
}

/// Whether an expression's text has a line end outside of brackets, so that it cannot stand alone.
fn breaks(text: &str) -> bool {
    if !text.contains('\n') {
        return false;
    }
    let module = Module::cell(text, TextRange::new(0, text.len()));
    !module.errors().is_empty() || module.body().len() != 1
}

fn unbound(name: &str, holes: &[&str], offset: usize) -> PatternError {
    let known = holes
        .iter()
        .map(|hole| format!("`${hole}`"))
        .collect::<Vec<_>>()
        .join(", ");
    let message = if known.is_empty() {
        format!("`${name}` is not bound: the pattern has no holes")
    } else {
        format!("`${name}` is not bound by every pattern; bound are: {known}")
    };
    PatternError { message, offset }
}

/// What a template's tree says about the holes and paths in it, by their offset.
#[derive(Default)]
struct Survey<'a> {
    needs: BTreeMap<usize, Need>,
    bracketed: Vec<usize>,
    paths: BTreeMap<usize, (usize, String)>,
    ancestors: Vec<AnyNodeRef<'a>>,
}

impl<'a> SourceOrderVisitor<'a> for Survey<'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        let place = range(node);
        let in_brackets = self.ancestors.iter().any(|around| {
            matches!(
                around,
                AnyNodeRef::Arguments(_)
                    | AnyNodeRef::Parameters(_)
                    | AnyNodeRef::ExprList(_)
                    | AnyNodeRef::ExprSet(_)
                    | AnyNodeRef::ExprDict(_)
            ) || matches!(around, AnyNodeRef::ExprTuple(tuple) if tuple.parenthesized)
                || matches!(around, AnyNodeRef::ExprSubscript(e) if range(&*e.slice).covers(place))
        });
        if in_brackets {
            self.bracketed.push(place.start());
        }
        if hole_of(node).is_some()
            && let Some(parent) = self.ancestors.last()
        {
            self.needs.insert(place.start(), Need::of(*parent, place));
        }
        self.ancestors.push(node);
        let is_load = match node {
            AnyNodeRef::ExprName(name) => matches!(name.ctx, ExprContext::Load),
            AnyNodeRef::ExprAttribute(attribute) => matches!(attribute.ctx, ExprContext::Load),
            _ => false,
        };
        if is_load
            && let Some((_, parts)) = node.as_expr_ref().and_then(dotted)
            && parts.iter().all(|part| Hole::named(part).is_none())
        {
            let path = parts.join(".");
            // A path that is broken over lines or brackets is left as it is written.
            if place.len() == path.len() {
                self.paths.insert(place.start(), (place.end(), path));
                return TraversalSignal::Skip;
            }
        }
        TraversalSignal::Traverse
    }

    fn leave_node(&mut self, _: AnyNodeRef<'a>) {
        self.ancestors.pop();
    }
}
