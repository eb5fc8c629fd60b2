//! From what a page says to what can run; everything that the form of a page cannot rule out is refused here.

use std::collections::{BTreeMap, BTreeSet};

use nbfix_pattern::{Options, Pattern, PatternError};
use nbfix_python::NodeKind;

use crate::grammar::{ConditionPage, Engine, MatchPage, Matchers, OneOrMany};
use crate::matcher::{Condition, Lazy, Matcher, What};
use crate::mend::FixPlan;
use crate::page::{Page, PageError};
use crate::prefilter::Wanted;
use crate::texts::{OutputPattern, TextPattern};
use crate::words::WordPattern;

/// A pattern rule, ready to run.
#[derive(Debug)]
pub struct PatternCheck {
    pub(crate) matcher: Matcher,
    /// The hole that findings point at.
    pub(crate) at: Option<String>,
    pub(crate) fix: Option<FixPlan>,
    pub(crate) traits: Traits,
    pub(crate) unless_text: Option<Lazy>,
}

/// What a run has to prepare for a rule.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Traits {
    /// It looks at the commands that cells run.
    pub(crate) shell: bool,
    /// It looks at cells as texts.
    pub(crate) cells: bool,
    /// It asks what the document imports.
    pub(crate) imports: bool,
}

/// What is wrong, and the text of the page that says it.
pub(crate) struct Flaw {
    section: &'static str,
    text: String,
    offset: usize,
    message: String,
}

impl Flaw {
    pub(crate) fn new(section: &'static str, text: &str, message: impl Into<String>) -> Self {
        Self {
            section,
            text: text.to_owned(),
            offset: 0,
            message: message.into(),
        }
    }

    pub(crate) fn in_pattern(section: &'static str, text: &str, error: PatternError) -> Self {
        Self {
            offset: error.offset,
            ..Self::new(section, text, error.message)
        }
    }

    fn in_page(self, page: &str) -> PageError {
        let start = page.find(self.section).unwrap_or(0);
        let behind = page.get(start..).unwrap_or_default();
        match behind.find(&self.text).filter(|_| !self.text.is_empty()) {
            Some(found) => PageError::at(page, start + found + self.offset, self.message),
            None => PageError::near(page, self.section, &self.text, self.message),
        }
    }
}

impl PatternCheck {
    /// Builds what the `[match]`, `[fix]` and `[tables]` of a page ask for. `text` is the page or a part of it.
    ///
    /// # Errors
    /// If a pattern is no Python, a template names a hole that is not bound, a table is missing, or an expression
    /// is no regular one.
    pub fn build(text: &str) -> Result<Self, PageError> {
        let engine: Engine =
            toml::from_str(text).map_err(|error| PageError::from((text, error)))?;
        Self::of(&engine).map_err(|flaw| flaw.in_page(text))
    }

    /// As [`PatternCheck::build`], of a page whose words are looked at, too.
    ///
    /// # Errors
    /// Also if a message names a hole that is not bound.
    pub fn check(page: &Page, text: &str) -> Result<Self, PageError> {
        let check = Self::build(text)?;
        if let Some(unless) = &check.unless_text {
            unless.flaw().map_err(|flaw| flaw.in_page(text))?;
        }
        check.matcher.check().map_err(|flaw| flaw.in_page(text))?;
        let holes = check.matcher.holes();
        let fix = page.fix.as_ref();
        let texts = [
            Some(("message", &page.message)),
            page.help.as_ref().map(|help| ("help", help)),
            fix.map(|fix| ("[fix]", &fix.title)),
            fix.and_then(|fix| fix.caution.as_ref())
                .map(|caution| ("[fix]", caution)),
        ];
        for (section, words) in texts.into_iter().flatten() {
            let unknown = named_holes(words)
                .into_iter()
                .find(|name| *name != "match" && !holes.contains(name));
            if let Some(name) = unknown {
                let message = format!(
                    "`{{{name}}}` is no hole of every pattern; there are: {}",
                    listed(&holes)
                );
                return Err(Flaw::new(section, &format!("{{{name}}}"), message).in_page(text));
            }
        }
        Ok(check)
    }

    fn of(engine: &Engine) -> Result<Self, Flaw> {
        let matcher = matcher(&engine.matches, engine, &BTreeSet::new(), Flow::default())?;
        let holes = matcher.holes();
        if let Some(at) = &engine.matches.at
            && !holes.contains(at.as_str())
        {
            let message = format!(
                "`{at}` is no hole of every pattern; there are: {}",
                listed(&holes)
            );
            return Err(Flaw::new("[match]", at, message));
        }
        let fix = match &engine.fix {
            Some(fix) => {
                let variants = engine.matches.any.0.iter().zip(matcher.alternatives());
                let variants: Vec<_> = variants
                    .map(|(page, matcher)| (page.replace.as_deref(), matcher.holes()))
                    .collect();
                Some(FixPlan::of(fix, &engine.tables, &holes, &variants)?)
            }
            None => None,
        };
        let traits = matcher.traits();
        Ok(Self {
            at: engine.matches.at.clone(),
            unless_text: engine.matches.unless_text.as_deref().map(Lazy::new),
            fix,
            traits,
            matcher,
        })
    }

    /// The node kinds that it looks at.
    pub(crate) fn kinds(&self) -> Vec<NodeKind> {
        let mut kinds = self.matcher.kinds();
        kinds.sort_by_key(|kind| *kind as usize);
        kinds.dedup();
        kinds
    }

    /// What a text must hold, in any of these ways; `None` if nothing is known.
    pub(crate) fn wanted(&self) -> Option<Vec<Vec<Wanted>>> {
        self.matcher.wanted()
    }
}

pub(crate) fn listed(holes: &BTreeSet<&str>) -> String {
    if holes.is_empty() {
        return "none".to_owned();
    }
    let names: Vec<String> = holes.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// The names in `{braces}` of a text.
pub(crate) fn named_holes(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for piece in text.split('{').skip(1) {
        if let Some((name, _)) = piece.split_once('}') {
            let is_name = !name.is_empty()
                && !name.starts_with(|c: char| c.is_ascii_digit())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if is_name {
                names.push(name);
            }
        }
    }
    names
}

/// What a matcher hands down to those inside it.
#[derive(Clone, Copy, Default)]
struct Flow {
    flow: bool,
    ordered: bool,
}

fn matcher(
    page: &MatchPage,
    engine: &Engine,
    outer: &BTreeSet<&str>,
    down: Flow,
) -> Result<Matcher, Flaw> {
    let down = Flow {
        flow: down.flow || page.flow,
        ordered: down.ordered || page.ordered,
    };
    let nested = |matchers: &Matchers, outer: &BTreeSet<&str>| {
        let each = matchers.0.iter();
        each.map(|each| matcher(each, engine, outer, down))
            .collect::<Result<Vec<_>, _>>()
    };
    let lazy = |text: &Option<String>| text.as_deref().map(Lazy::new);
    let what = if let Some(text) = &page.pattern {
        let options = Options {
            flow: down.flow,
            ordered: down.ordered,
        };
        let pattern = Pattern::with(text, options)
            .map_err(|error| Flaw::in_pattern("[match]", text, error))?;
        let kinds = pattern.kinds();
        What::Pattern(pattern, kinds)
    } else if let Some(text) = page.shell.as_ref().or(page.magic.as_ref()) {
        let words = WordPattern::parse(text, down.ordered)
            .map_err(|error| Flaw::in_pattern("[match]", text, error))?;
        if page.shell.is_some() {
            What::Shell(words)
        } else {
            What::Magic(words)
        }
    } else if let Some(text) = &page.text {
        What::Text(TextPattern {
            regex: Lazy::new(&text.regex),
            within: text.within.clone(),
        })
    } else if let Some(output) = &page.output {
        What::Output(OutputPattern {
            ename: lazy(&output.ename),
            evalue: lazy(&output.evalue),
            traceback: lazy(&output.traceback),
        })
    } else if !page.any.0.is_empty() {
        What::Any(nested(&page.any, outer)?)
    } else if !page.all.0.is_empty() {
        What::All(nested(&page.all, outer)?)
    } else {
        let message = "a matcher needs a pattern, and `check = \"rust\"` is for built-in pages";
        return Err(Flaw::new("[match]", "", message));
    };
    let mut made = Matcher {
        what,
        not: Vec::new(),
        inside: Vec::new(),
        not_inside: Vec::new(),
        has: Vec::new(),
        not_has: Vec::new(),
        conditions: Vec::new(),
        top_level: page.top_level,
        guarded: page.guarded,
        imported: page.imported.clone(),
        unless_imported: page.unless_imported.clone(),
    };
    let mut known: BTreeSet<String> = outer.iter().map(|name| (*name).to_owned()).collect();
    known.extend(made.holes().iter().map(|name| (*name).to_owned()));
    for (name, condition) in &page.conditions {
        if !known.contains(name) {
            let known: BTreeSet<&str> = known.iter().map(String::as_str).collect();
            let message = format!(
                "`where.{name}`: there is no such hole in every pattern; there are: {}",
                listed(&known)
            );
            return Err(Flaw::new("[match]", name, message));
        }
        let condition = self::condition(condition, &engine.tables, down.flow)?;
        made.conditions.push((name.clone(), condition));
    }
    let known: BTreeSet<&str> = known.iter().map(String::as_str).collect();
    made.not = nested(&page.not, &known)?;
    made.inside = nested(&page.inside, &known)?;
    made.not_inside = nested(&page.not_inside, &known)?;
    made.has = nested(&page.has, &known)?;
    made.not_has = nested(&page.not_has, &known)?;
    let asks_python = page.top_level && !made.traits().shell
        || page.guarded.is_some()
        || [&page.inside, &page.not_inside, &page.has, &page.not_has]
            .iter()
            .any(|matchers| !matchers.0.is_empty());
    if matches!(made.what, What::Text(_) | What::Output(_)) && asks_python {
        let message =
            "`text` and `output` look at whole cells: nothing stands inside or around them";
        return Err(Flaw::new("[match]", "", message));
    }
    Ok(made)
}

fn condition(
    page: &ConditionPage,
    tables: &BTreeMap<String, BTreeMap<String, String>>,
    flow: bool,
) -> Result<Condition, Flaw> {
    let table = match &page.table {
        None => None,
        Some(name) => match tables.get(name) {
            Some(rows) => Some((name.clone(), rows.clone())),
            None => {
                let message = format!("the page has no `[tables.{name}]`");
                return Err(Flaw::new("[match]", name, message));
            }
        },
    };
    let lazy = |text: &Option<String>| text.as_deref().map(Lazy::new);
    let paths = |paths: &Option<OneOrMany>| {
        paths
            .as_ref()
            .map_or_else(Vec::new, |paths| paths.all().to_vec())
    };
    Ok(Condition {
        regex: lazy(&page.regex),
        not_regex: lazy(&page.not_regex),
        literal: page.literal.clone(),
        resolves: paths(&page.resolves),
        among: page.among.clone(),
        not_in: page.not_in.clone().unwrap_or_default(),
        table,
        made_by: paths(&page.made_by),
        flow,
    })
}

impl Lazy {
    /// What keeps it from being one, if anything.
    fn flaw(&self) -> Result<(), Flaw> {
        self.check().map_err(|error| {
            let said = error.to_string();
            let last = said.lines().last().unwrap_or_default();
            let last = last.trim_start_matches("error: ");
            Flaw::new(
                "[match]",
                &self.text,
                format!("no regular expression: {last}"),
            )
        })
    }
}

impl Matcher {
    /// The matchers of which any may match.
    fn alternatives(&self) -> &[Matcher] {
        match &self.what {
            What::Any(any) => any,
            _ => &[],
        }
    }

    fn nested(&self) -> impl Iterator<Item = &Matcher> {
        let what: &[Matcher] = match &self.what {
            What::Any(nested) | What::All(nested) => nested,
            _ => &[],
        };
        what.iter()
            .chain(&self.not)
            .chain(&self.inside)
            .chain(&self.not_inside)
            .chain(&self.has)
            .chain(&self.not_has)
    }

    /// The holes that every match binds.
    pub(crate) fn holes(&self) -> BTreeSet<&str> {
        let mut holes: BTreeSet<&str> = match &self.what {
            What::Pattern(pattern, _) => pattern.holes().into_iter().collect(),
            What::Any(any) => in_all(any),
            What::All(all) => all.iter().flat_map(Matcher::holes).collect(),
            What::Shell(words) | What::Magic(words) => words.holes().into_iter().collect(),
            What::Text(text) => groups(&text.regex),
            What::Output(output) => [&output.ename, &output.evalue, &output.traceback]
                .into_iter()
                .flatten()
                .flat_map(groups)
                .collect(),
        };
        holes.extend(in_all(&self.inside));
        holes.extend(in_all(&self.has));
        let tables = self.conditions.iter();
        holes
            .extend(tables.filter_map(|(_, condition)| Some(condition.table.as_ref()?.0.as_str())));
        holes
    }

    fn kinds(&self) -> Vec<NodeKind> {
        let escapes = [
            NodeKind::StmtIpyEscapeCommand,
            NodeKind::ExprIpyEscapeCommand,
        ];
        match &self.what {
            What::Pattern(_, kinds) => kinds.clone(),
            What::Any(any) => any.iter().flat_map(Matcher::kinds).collect(),
            What::All(all) => all.first().map(Matcher::kinds).unwrap_or_default(),
            What::Shell(_) => escapes.into_iter().chain([NodeKind::ExprCall]).collect(),
            What::Magic(_) => escapes.to_vec(),
            What::Text(_) | What::Output(_) => Vec::new(),
        }
    }

    fn traits(&self) -> Traits {
        let mut traits = Traits {
            imports: !self.imported.is_empty() || !self.unless_imported.is_empty(),
            ..Traits::default()
        };
        match self.what {
            What::Shell(_) => (traits.shell, traits.cells) = (true, true),
            What::Magic(_) | What::Text(_) | What::Output(_) => traits.cells = true,
            _ => {}
        }
        for nested in self.nested().map(Matcher::traits) {
            traits.shell |= nested.shell;
            traits.cells |= nested.cells;
            traits.imports |= nested.imports;
        }
        traits
    }

    /// Looks at what is otherwise only looked at when it is first used.
    fn check(&self) -> Result<(), Flaw> {
        let mut expressions: Vec<&Lazy> = Vec::new();
        for (_, condition) in &self.conditions {
            expressions.extend(condition.regex.iter().chain(&condition.not_regex));
        }
        match &self.what {
            What::Text(text) => expressions.push(&text.regex),
            What::Output(output) => {
                expressions.extend(&output.ename);
                expressions.extend(&output.evalue);
                expressions.extend(&output.traceback);
            }
            _ => {}
        }
        expressions.into_iter().try_for_each(Lazy::flaw)?;
        self.nested().try_for_each(Matcher::check)
    }
}

/// The holes that whichever of the matchers binds.
fn in_all(matchers: &[Matcher]) -> BTreeSet<&str> {
    let mut sets = matchers.iter().map(Matcher::holes);
    let first = sets.next().unwrap_or_default();
    sets.fold(first, |all, next| {
        all.intersection(&next).copied().collect()
    })
}

/// The named groups of an expression.
fn groups(lazy: &Lazy) -> BTreeSet<&str> {
    // The names are read off the text: compiling costs more than a start-up should.
    lazy.text
        .split("(?P<")
        .skip(1)
        .chain(lazy.text.split("(?<").skip(1))
        .filter_map(|rest| rest.split_once('>'))
        .map(|(name, _)| name)
        .filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
        .collect()
}
