//! A page's `[match]`, ready to run.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use nbfix_ipynb::CellId;
use nbfix_pattern::{Bound, Match, Pattern};
use nbfix_python::ast::{ExprRef, IpyEscapeKind};
use nbfix_python::shell::Word;
use nbfix_python::{AnyNodeRef, NodeKind, SourceOrderVisitor, TraversalSignal, range};
use nbfix_semantic::{ProgramId, Semantic};
use nbfix_text::TextRange;
use regex::{Regex, RegexBuilder};

use crate::grammar::{LiteralPage, LiteralType};
use crate::imports::Imports;
use crate::shell::{Line, lines_of_cell};
use crate::texts::{OutputPattern, TextPattern};
use crate::words::WordPattern;
use crate::{Context, guards};

/// What a whole document tells the matchers.
#[derive(Clone, Copy)]
pub(crate) struct Env<'r> {
    pub(crate) semantic: &'r Semantic<'r>,
    pub(crate) imports: &'r Imports,
}

/// What a matcher is tried on.
#[derive(Clone, Copy)]
pub(crate) enum Spot<'r> {
    /// A node, and the commands that it runs.
    Node(Context<'r, 'r>, AnyNodeRef<'r>, &'r [Line]),
    /// A cell as a text.
    Cell(CellId),
}

/// A matcher with its conditions.
#[derive(Debug)]
pub(crate) struct Matcher {
    pub(crate) what: What,
    pub(crate) not: Vec<Matcher>,
    pub(crate) inside: Vec<Matcher>,
    pub(crate) not_inside: Vec<Matcher>,
    pub(crate) has: Vec<Matcher>,
    pub(crate) not_has: Vec<Matcher>,
    pub(crate) conditions: Vec<(String, Condition)>,
    pub(crate) top_level: bool,
    pub(crate) guarded: Option<bool>,
    pub(crate) imported: Vec<String>,
    pub(crate) unless_imported: Vec<String>,
}

/// What is matched.
#[derive(Debug)]
pub(crate) enum What {
    Pattern(Pattern, Vec<NodeKind>),
    Any(Vec<Matcher>),
    All(Vec<Matcher>),
    Shell(WordPattern),
    Magic(WordPattern),
    Text(TextPattern),
    Output(OutputPattern),
}

/// A regular expression, compiled when it is first asked: most rules never get so far.
#[derive(Debug)]
pub(crate) struct Lazy {
    pub(crate) text: String,
    compiled: OnceLock<Option<Regex>>,
}

impl Lazy {
    pub(crate) fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            compiled: OnceLock::new(),
        }
    }

    /// The expression; `None` if it is none, which [`Lazy::check`] tells.
    pub(crate) fn get(&self) -> Option<&Regex> {
        self.compiled
            .get_or_init(|| Self::build(&self.text).ok())
            .as_ref()
    }

    pub(crate) fn check(&self) -> Result<(), regex::Error> {
        Self::build(&self.text).map(|_| ())
    }

    fn build(text: &str) -> Result<Regex, regex::Error> {
        RegexBuilder::new(text).multi_line(true).build()
    }

    fn is_match(&self, text: &str) -> bool {
        self.get().is_some_and(|regex| regex.is_match(text))
    }
}

/// A condition on one hole.
#[derive(Debug)]
pub(crate) struct Condition {
    pub(crate) regex: Option<Lazy>,
    pub(crate) not_regex: Option<Lazy>,
    pub(crate) literal: Option<LiteralPage>,
    pub(crate) resolves: Vec<String>,
    pub(crate) among: Option<Vec<String>>,
    pub(crate) not_in: Vec<String>,
    pub(crate) table: Option<(String, BTreeMap<String, String>)>,
    pub(crate) made_by: Vec<String>,
    pub(crate) flow: bool,
}

impl Matcher {
    /// Calls `done` with each match on `spot`, until it says `true`.
    pub(crate) fn each<'r>(
        &'r self,
        env: &Env<'r>,
        spot: Spot<'r>,
        given: &[Bound<'r>],
        done: &mut dyn FnMut(Match<'r>) -> bool,
    ) -> bool {
        if !self.stands_right(env, spot) {
            return false;
        }
        let mut checked = |found: Match<'r>| self.holds(env, spot, found).is_some_and(&mut *done);
        match (&self.what, spot) {
            (What::Any(any), _) => any.iter().enumerate().any(|(variant, each)| {
                each.each(env, spot, given, &mut |mut found| {
                    found.variant = variant;
                    checked(found)
                })
            }),
            (What::All(all), _) => all_of(all, env, spot, given, &mut checked),
            (What::Pattern(pattern, kinds), Spot::Node(context, node, _)) => {
                kinds.contains(&node.kind())
                    && pattern.each(node, context.unit.source, &context, given, &mut checked)
            }
            (What::Shell(pattern), Spot::Node(context, node, lines)) => {
                let source = context.unit.source;
                commands(pattern, lines, source, Some(node), given, &mut checked)
            }
            (What::Shell(pattern), Spot::Cell(cell)) => {
                let Some(source) = env.semantic.notebook().cell(cell).map(|cell| &cell.source)
                else {
                    return false;
                };
                let lines = lines_of_cell(source, env.semantic.source(cell));
                commands(pattern, &lines, source, None, given, &mut checked)
            }
            (What::Magic(pattern), _) => magic(pattern, env, spot, given, &mut checked),
            (What::Text(pattern), Spot::Cell(cell)) => pattern.each(env, cell, &mut checked),
            (What::Output(pattern), Spot::Cell(cell)) => pattern.each(env, cell, &mut checked),
            _ => false,
        }
    }

    /// The conditions that can be told without a match.
    fn stands_right(&self, env: &Env<'_>, spot: Spot<'_>) -> bool {
        let program = match spot {
            Spot::Node(context, node, _) => {
                if self.top_level && !context.is_top_level() {
                    return false;
                }
                let place = range(node);
                let guarded = self.guarded.is_some_and(|wanted| {
                    let is = guards::is_caught(context.ancestors, place)
                        || guards::is_conditional(context.ancestors, place);
                    is != wanted
                });
                if guarded {
                    return false;
                }
                context.unit.program
            }
            Spot::Cell(_) => {
                if self.guarded == Some(true) {
                    return false;
                }
                ProgramId::DOCUMENT
            }
        };
        let has = |path: &String| env.imports.has(env.semantic, program, path);
        (self.imported.is_empty() || self.imported.iter().any(has))
            && !self.unless_imported.iter().any(has)
    }

    /// The conditions on a match; the match comes back with the holes that they bind.
    fn holds<'r>(
        &'r self,
        env: &Env<'r>,
        spot: Spot<'r>,
        mut found: Match<'r>,
    ) -> Option<Match<'r>> {
        let context = match spot {
            Spot::Node(context, ..) => Some(context),
            Spot::Cell(_) => None,
        };
        for (name, condition) in &self.conditions {
            let bound = found.get(name)?;
            if !condition.holds(bound, context.as_ref()) {
                return None;
            }
            if let Some((table, rows)) = &condition.table {
                let value = rows.get(&*condition.value(bound, context.as_ref()))?;
                found.bind(Bound::of_text(
                    table,
                    value.as_str(),
                    range_of(&found),
                    false,
                ));
            }
        }
        let refused = |matchers: &'r [Matcher], spot: Spot<'r>, found: &Match<'r>| {
            matchers
                .iter()
                .any(|each| each.each(env, spot, found.bound(), &mut |_| true))
        };
        if refused(&self.not, spot, &found) {
            return None;
        }
        let Some(context) = context else {
            return (self.inside.is_empty() && self.has.is_empty()).then_some(found);
        };
        let around: Vec<Spot<'r>> = if self.inside.is_empty() && self.not_inside.is_empty() {
            Vec::new()
        } else {
            around(context)
        };
        if around
            .iter()
            .any(|spot| refused(&self.not_inside, *spot, &found))
        {
            return None;
        }
        if !self.inside.is_empty() {
            found = first_of(&self.inside, env, &around, found)?;
        }
        if !self.has.is_empty() || !self.not_has.is_empty() {
            let within = match spot {
                Spot::Node(_, node, _) => within(context, node),
                Spot::Cell(_) => Vec::new(),
            };
            if within
                .iter()
                .any(|spot| refused(&self.not_has, *spot, &found))
            {
                return None;
            }
            if !self.has.is_empty() {
                found = first_of(&self.has, env, &within, found)?;
            }
        }
        Some(found)
    }
}

fn range_of(found: &Match<'_>) -> TextRange {
    found.range
}

/// The first of the spots that one of the matchers matches; its holes are added to `found`.
fn first_of<'r>(
    matchers: &'r [Matcher],
    env: &Env<'r>,
    spots: &[Spot<'r>],
    found: Match<'r>,
) -> Option<Match<'r>> {
    let mut bound = None;
    spots.iter().any(|spot| {
        matchers.iter().any(|each| {
            each.each(env, *spot, found.bound(), &mut |inner| {
                bound = Some(inner.bound().to_vec());
                true
            })
        })
    });
    let mut more = Match::new(found.source(), found.range, found.node, bound?);
    more.variant = found.variant;
    Some(more)
}

/// The nodes around, innermost first.
fn around<'r>(context: Context<'r, 'r>) -> Vec<Spot<'r>> {
    let mut spots = Vec::new();
    let mut left = context.ancestors;
    while let Some((node, outer)) = left.split_last() {
        let context = Context {
            ancestors: outer,
            ..context
        };
        spots.push(Spot::Node(context, *node, &[]));
        left = outer;
    }
    spots
}

/// The nodes within; what stands around them is told as for the match itself.
fn within<'r>(context: Context<'r, 'r>, node: AnyNodeRef<'r>) -> Vec<Spot<'r>> {
    struct All<'r>(Vec<AnyNodeRef<'r>>);
    impl<'r> SourceOrderVisitor<'r> for All<'r> {
        fn enter_node(&mut self, node: AnyNodeRef<'r>) -> TraversalSignal {
            self.0.push(node);
            TraversalSignal::Traverse
        }
    }
    let mut all = All(Vec::new());
    node.visit_source_order(&mut all);
    let spot = |node| Spot::Node(context, node, &[]);
    all.0.into_iter().map(spot).collect()
}

fn all_of<'r>(
    all: &'r [Matcher],
    env: &Env<'r>,
    spot: Spot<'r>,
    given: &[Bound<'r>],
    done: &mut dyn FnMut(Match<'r>) -> bool,
) -> bool {
    match all.split_first() {
        None => false,
        Some((only, [])) => only.each(env, spot, given, done),
        Some((first, others)) => first.each(env, spot, given, &mut |found| {
            all_of(others, env, spot, found.bound(), done)
        }),
    }
}

fn commands<'r>(
    pattern: &'r WordPattern,
    lines: &[Line],
    source: &'r str,
    node: Option<AnyNodeRef<'r>>,
    given: &[Bound<'r>],
    done: &mut dyn FnMut(Match<'r>) -> bool,
) -> bool {
    lines.iter().any(|line| {
        pattern.each(&line.words, source, given, &mut |bound| {
            // Only a match of the whole node may be replaced as that node.
            let node = node.filter(|node| range(*node) == line.range);
            done(Match::new(source, line.range, node, bound))
        })
    })
}

/// `%name words`, and `%%name words` in a cell's first line.
fn magic<'r>(
    pattern: &'r WordPattern,
    env: &Env<'r>,
    spot: Spot<'r>,
    given: &[Bound<'r>],
    done: &mut dyn FnMut(Match<'r>) -> bool,
) -> bool {
    let (source, place, node) = match spot {
        Spot::Node(context, node, _) => {
            let kind = match node {
                AnyNodeRef::StmtIpyEscapeCommand(escape) => escape.kind,
                AnyNodeRef::ExprIpyEscapeCommand(escape) => escape.kind,
                _ => return false,
            };
            if kind != IpyEscapeKind::Magic {
                return false;
            }
            (context.unit.source, range(node), Some(node))
        }
        Spot::Cell(cell) => {
            let Some(cell) = env.semantic.notebook().cell(cell) else {
                return false;
            };
            let source = cell.source.as_str();
            let start = source.len() - source.trim_start().len();
            let rest = source.get(start..).unwrap_or_default();
            if !rest.starts_with("%%") {
                return false;
            }
            let line = rest.lines().next().unwrap_or_default().trim_end();
            (source, TextRange::new(start, start + line.len()), None)
        }
    };
    let mut words = Vec::new();
    let mut at = place.start();
    for word in place.of(source).split_inclusive(char::is_whitespace) {
        let start = at;
        at += word.len();
        let text = word.trim_end();
        let sign = if words.is_empty() {
            text.len() - text.trim_start_matches('%').len()
        } else {
            0
        };
        if text.len() > sign {
            words.push(Word {
                text: text.get(sign..).unwrap_or_default().to_owned(),
                range: TextRange::new(start + sign, start + text.len()),
            });
        }
    }
    pattern.each(&words, source, given, &mut |bound| {
        done(Match::new(source, place, node, bound))
    })
}

impl Condition {
    /// What the hole says: a string's value without its quotes, else its text.
    fn value<'b>(
        &self,
        bound: &'b Bound<'_>,
        context: Option<&Context<'_, '_>>,
    ) -> std::borrow::Cow<'b, str> {
        match bound.expr() {
            Some(ExprRef::StringLiteral(literal)) => {
                std::borrow::Cow::Owned(literal.value.to_str().to_owned())
            }
            Some(expr) if self.flow => {
                let constant = context.and_then(|context| context.constant(expr));
                constant.map_or(std::borrow::Cow::Borrowed(&*bound.text), Into::into)
            }
            _ => std::borrow::Cow::Borrowed(&*bound.text),
        }
    }

    fn holds(&self, bound: &Bound<'_>, context: Option<&Context<'_, '_>>) -> bool {
        let value = self.value(bound, context);
        if self
            .regex
            .as_ref()
            .is_some_and(|regex| !regex.is_match(&value))
            || self
                .not_regex
                .as_ref()
                .is_some_and(|regex| regex.is_match(&value))
        {
            return false;
        }
        if self
            .among
            .as_ref()
            .is_some_and(|texts| !texts.iter().any(|text| *text == *value))
            || self.not_in.iter().any(|text| *text == *value)
        {
            return false;
        }
        if let Some((_, rows)) = &self.table
            && !rows.contains_key(&*value)
        {
            return false;
        }
        if let Some(wanted) = &self.literal {
            let is = literal(bound, self.flow.then_some(context).flatten());
            let fits = match wanted {
                LiteralPage::Is(wanted) => is.is_some() == *wanted,
                LiteralPage::Of(wanted) => is == Some(Some(*wanted)),
            };
            if !fits {
                return false;
            }
        }
        let means = |paths: &[String], found: Option<String>| {
            paths.is_empty()
                || found.is_some_and(|found| paths.iter().any(|path| is_below(path, &found)))
        };
        let expr = bound.expr();
        means(
            &self.resolves,
            expr.and_then(|expr| context?.qualified(expr)),
        ) && means(&self.made_by, expr.and_then(|expr| context?.made_by(expr)))
    }
}

fn is_below(path: &str, found: &str) -> bool {
    match path.strip_suffix(".*") {
        Some(root) => found
            .strip_prefix(root)
            .is_some_and(|rest| rest.starts_with('.')),
        None => path == found,
    }
}

/// `Some` for a literal, with its type if that has a name here.
fn literal(bound: &Bound<'_>, context: Option<&Context<'_, '_>>) -> Option<Option<LiteralType>> {
    // A part of a string is a string.
    let Some(node) = bound.node else {
        return Some(Some(LiteralType::String));
    };
    match node {
        AnyNodeRef::ExprStringLiteral(_) | AnyNodeRef::ExprFString(_) => {
            Some(Some(LiteralType::String))
        }
        AnyNodeRef::ExprNumberLiteral(_) => Some(Some(LiteralType::Number)),
        AnyNodeRef::ExprUnaryOp(unary) if unary.operand.is_number_literal_expr() => {
            Some(Some(LiteralType::Number))
        }
        AnyNodeRef::ExprBooleanLiteral(_)
        | AnyNodeRef::ExprNoneLiteral(_)
        | AnyNodeRef::ExprBytesLiteral(_) => Some(None),
        other => {
            let expr = other.as_expr_ref()?;
            context?.constant(expr).map(|_| Some(LiteralType::String))
        }
    }
}
