//! Unguarded reads of the environment, and what takes their place.

use std::collections::BTreeMap;

use nbfix_python::ast::{Expr, Stmt};
use nbfix_python::range;
use nbfix_semantic::{Semantic, Unit};
use nbfix_text::Edit;

use crate::environment::{Event, What, aliases, as_run, events, is_provided, mentions};

/// The unguarded reads of one variable.
pub(crate) struct Variable<'a> {
    pub(crate) name: String,
    /// In the order in which they run.
    pub(crate) reads: Vec<Event<'a>>,
    /// Whether a `.env` file was read before the first.
    pub(crate) loaded: bool,
    /// The name that the notebook sets in its place, and the place in the notebook.
    pub(crate) set: Option<(String, Event<'a>)>,
}

/// `NAME = os.environ["X"]`, as it can be mended.
pub(crate) struct Source {
    /// The unit, by its index.
    pub(crate) unit: usize,
    /// The statement, by position.
    pub(crate) index: usize,
    /// `NAME`.
    pub(crate) target: String,
    /// `X`.
    pub(crate) variable: String,
    pub(crate) edit: Edit,
}

/// The variables that are read unguarded, by their first read.
pub(crate) fn variables<'a>(semantic: &Semantic<'a>) -> Vec<Variable<'a>> {
    // Most notebooks never touch the environment.
    if !mentions(semantic, &["environ"]) {
        return Vec::new();
    }
    let all = events(semantic);
    let is_bare = |event: &Event<'_>| matches!(event.what, What::Read { bare: true, .. });
    if !all.iter().any(is_bare) {
        return Vec::new();
    }
    let mut known = Known::default();
    if is_for_colab_enterprise(semantic) {
        known.names.extend(COLAB_ENTERPRISE);
    }
    // By variable: its unguarded reads.
    let mut found: BTreeMap<&str, (Vec<&Event<'a>>, bool)> = BTreeMap::new();
    let mut seen: Vec<*const Event<'a>> = Vec::new();
    let steps = as_run(&all);
    for step in &steps {
        seen.push(step.event);
        if !runs_elsewhere(semantic, step.event) {
            known.note(step.event, &mut found);
        }
    }
    // Functions that the top level never calls run at the end, if at all.
    for event in all
        .iter()
        .filter(|event| !seen.contains(&std::ptr::from_ref(*event)))
    {
        if !runs_elsewhere(semantic, event) {
            known.note(event, &mut found);
        }
    }
    let mut told: Vec<_> = found.into_iter().collect();
    told.sort_by_key(|(_, (reads, _))| reads.first().map(|read| (read.cell, read.range)));
    let variable = |(name, (reads, loaded)): (&str, (Vec<&Event<'a>>, bool))| {
        let set = all.iter().find_map(|event| match &event.what {
            What::Set(Some(set)) => aliases(name)
                .find(|alias| alias == set)
                .map(|alias| (alias.to_owned(), event.clone())),
            _ => None,
        });
        let variable = Variable {
            name: name.to_owned(),
            reads: reads.into_iter().cloned().collect(),
            loaded,
            set,
        };
        // Whether the `.env` file names it nobody can see here; where the variable goes by several names it may not.
        let silent = variable.loaded && variable.set.is_none() && aliases(name).next().is_none();
        (!silent).then_some(variable)
    };
    told.into_iter().filter_map(variable).collect()
}

/// What takes the place of the variable's reads; nothing if one of them has a form that is left to people.
pub(crate) fn sources(semantic: &Semantic<'_>, variable: &Variable<'_>) -> Vec<Source> {
    let aliases: Vec<&str> = aliases(&variable.name).collect();
    let mend = |read: &Event<'_>| guarded(semantic.units().get(read.unit)?, read, &aliases);
    let all: Option<Vec<Source>> = variable.reads.iter().map(mend).collect();
    all.unwrap_or_default()
}

/// What the runtimes of Colab Enterprise set.
const COLAB_ENTERPRISE: [&str; 2] = ["GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_REGION"];

/// Whether the notebook says that it runs there: by a button that opens it, or in words.
fn is_for_colab_enterprise(semantic: &Semantic<'_>) -> bool {
    let mut cells = semantic.notebook().cells().iter();
    cells.any(|cell| {
        let says = |words: &str| cell.source.contains(words);
        says("Colab Enterprise") || says("vertex-ai/colab/")
    })
}

/// Whether the cell shows the code of a cloud function, whose environment is set where that runs.
fn runs_elsewhere(semantic: &Semantic<'_>, event: &Event<'_>) -> bool {
    let unit = semantic.units().get(event.unit);
    unit.is_some_and(|unit| unit.source.contains("def lambda_handler("))
}

/// What the run has done so far.
#[derive(Default)]
struct Known<'e> {
    /// Variables that were set or asked for.
    names: Vec<&'e str>,
    /// Whether any variable may have been.
    all: bool,
    /// Whether a `.env` file was read.
    loaded: bool,
}

impl<'e> Known<'e> {
    fn note<'a>(
        &mut self,
        event: &'e Event<'a>,
        found: &mut BTreeMap<&'e str, (Vec<&'e Event<'a>>, bool)>,
    ) {
        match &event.what {
            What::Set(name) | What::Test(name) => match name {
                Some(name) => self.names.push(name),
                None => self.all = true,
            },
            What::Load => self.loaded = true,
            What::Read { name, bare: true } => {
                let name = name.as_str();
                let excused =
                    event.guarded || self.all || self.names.contains(&name) || is_provided(name);
                if !excused {
                    let entry = found.entry(name).or_insert((Vec::new(), self.loaded));
                    if !entry.0.iter().any(|other| std::ptr::eq(*other, event)) {
                        entry.0.push(event);
                    }
                }
            }
            What::Read { .. } | What::Call(_) => {}
        }
    }
}

/// `NAME = os.environ["X"]` as a read that does not fail, with a warning behind it. Other forms are left to people.
fn guarded(unit: &Unit<'_>, read: &Event<'_>, aliases: &[&str]) -> Option<Source> {
    let mut body = unit.module.body().iter().enumerate();
    let (index, statement) = body.find(|(_, stmt)| range(*stmt).covers(read.range))?;
    let Stmt::Assign(assign) = statement else {
        return None;
    };
    let ([Expr::Name(target)], Expr::Subscript(subscript)) = (&assign.targets[..], &*assign.value)
    else {
        return None;
    };
    let place = range(statement);
    // Alone on its line, so that there is room behind it.
    let line_start = unit.source[..place.start()]
        .rfind('\n')
        .map_or(0, |at| at + 1);
    let rest = &unit.source[place.end()..];
    let rest = &rest[..rest.find('\n').unwrap_or(rest.len())];
    let comment = rest.trim();
    if range(&*assign.value) != read.range
        || line_start != place.start()
        || !(comment.is_empty() || comment.starts_with('#'))
    {
        return None;
    }
    let What::Read { name, .. } = &read.what else {
        return None;
    };
    let environ = range(&*subscript.value).of(unit.source);
    let names = std::iter::once(name.as_str()).chain(aliases.iter().copied());
    let reads: Vec<String> = names
        .map(|name| format!("{environ}.get(\"{name}\")"))
        .collect();
    let target = target.id.as_str();
    let nor = match aliases {
        [] => String::new(),
        some => format!(" (nor {})", some.join(", ")),
    };
    let text = format!(
        "{target} = {}{rest}\nif not {target}:\n    print(\"[WARN] {name} is not set{nor}; set it with %env {name}=<value> \
         or in .env, and run this cell again\")",
        reads.join(" or "),
    );
    let whole = nbfix_text::TextRange::new(place.start(), place.end() + rest.len());
    Some(Source {
        unit: unit.index,
        index,
        target: target.to_owned(),
        variable: name.clone(),
        edit: Edit::replace(whole, text),
    })
}
