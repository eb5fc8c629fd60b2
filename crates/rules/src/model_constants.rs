//! Where the literals of a notebook go that differ from reader to reader: one constant each, read from the environment, the
//! literal as its default.

use std::collections::{BTreeMap, BTreeSet};

use nbfix_ipynb::CellId;
use nbfix_python::ast::Expr;
use nbfix_python::string_value;
use nbfix_semantic::{Binding, BindingKind, ProgramId, Semantic, Unit};
use nbfix_text::{Edit, TextRange};

use crate::constant_home::Home;
use crate::model_discovery::Discovery;
use crate::model_names::short_names;

/// A literal in a unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// The unit, by position.
    pub(crate) unit: usize,
    /// The literal, quotes included.
    pub(crate) at: TextRange,
}

/// The constants of one notebook, and the edits that bring them.
pub(crate) struct Constants {
    known: BTreeMap<String, (usize, TextRange, String)>,
    edits: Vec<(CellId, Edit)>,
    changes: bool,
}

/// A literal that is to get a constant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    /// The text.
    pub(crate) text: &'a str,
    /// The name of its constant, if it is the only one of its kind.
    pub(crate) kind: &'static str,
    /// Where it stands; in the order of the document.
    pub(crate) places: &'a [Place],
}

/// Gives every wanted literal a name for its constant, of which the function allows all.
type Names = fn(&[Wanted<'_>], &dyn Fn(&str) -> bool) -> Vec<String>;

/// What the constants of a rule are called.
pub(crate) struct Naming {
    /// Whether a name of the notebook may be such a constant; `None` if new ones are to be made in any case.
    pub(crate) speaks: Option<fn(&str) -> bool>,
    /// The names, in the order of the literals.
    pub(crate) names: Names,
}

/// Models and deployments.
pub(crate) const MODELS: Naming = Naming {
    speaks: Some(speaks_of_models),
    names: names_of_models,
};

/// Models whose literals are constants already, perhaps.
pub(crate) const NEW_MODELS: Naming = Naming {
    speaks: None,
    names: names_of_models,
};

fn names_of_models(wanted: &[Wanted<'_>], is_free: &dyn Fn(&str) -> bool) -> Vec<String> {
    let models: Vec<(&str, &'static str)> =
        wanted.iter().map(|each| (each.text, each.kind)).collect();
    short_names(&models, is_free)
}

/// The kind, with the literal's own text behind it where there are several of a kind.
pub(crate) fn long_names(wanted: &[Wanted<'_>], is_free: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    wanted
        .iter()
        .map(|each| {
            let kind = each.kind;
            let several = wanted.iter().filter(|other| other.kind == kind).count() > 1;
            let own = each
                .text
                .to_uppercase()
                .replace(|c: char| !c.is_ascii_alphanumeric(), "_");
            let mut name = if several {
                format!("{kind}_{own}")
            } else {
                kind.to_owned()
            };
            while taken.contains(&name) || !is_free(&name) {
                name = match name.strip_prefix(kind) {
                    Some("") => format!("{kind}_{own}"),
                    _ => format!("{name}_DEFAULT"),
                };
            }
            taken.insert(name.clone());
            name
        })
        .collect()
}

impl Constants {
    /// Finds a constant for every literal: one that the notebook has already, or a new one in its configuration cell.
    /// `wanted` come in the order of their first places; a new constant's default is the literal's successor, if it has one.
    /// With `discovery` the notebook asks the service whether it has that.
    pub(crate) fn plan(
        semantic: &Semantic<'_>,
        wanted: &[Wanted<'_>],
        successors: &BTreeMap<String, String>,
        naming: &Naming,
        discovery: Option<Discovery>,
    ) -> Self {
        let mut this = Self {
            known: BTreeMap::new(),
            edits: Vec::new(),
            changes: false,
        };
        let mut fresh: Vec<Wanted<'_>> = Vec::new();
        for each in wanted {
            match naming
                .speaks
                .and_then(|speaks| existing(semantic, each.text, each.places, speaks))
            {
                Some((unit, at, name)) => {
                    this.replace(semantic, each.places, name);
                    this.known
                        .insert(each.text.to_owned(), (unit, at, name.to_owned()));
                }
                None => fresh.push(*each),
            }
        }
        if fresh.is_empty() {
            return this;
        }
        let is_free = |name: &str| !semantic.is_bound(ProgramId::DOCUMENT, name);
        let names = (naming.names)(&fresh, &is_free);
        let discovery =
            discovery.filter(|it| fresh.iter().any(|each| it.covers(each.text, each.kind)));
        this.changes =
            discovery.is_some() || fresh.iter().any(|each| successors.contains_key(each.text));
        // Nowhere to put them: then there is no fix at all, rather than half of one.
        let Some(insertions) = insertions(semantic, &fresh, &names, successors, discovery) else {
            this.edits.clear();
            return this;
        };
        this.edits.extend(insertions);
        for (each, name) in fresh.iter().zip(&names) {
            this.replace(semantic, each.places, name);
        }
        this
    }

    fn replace(&mut self, semantic: &Semantic<'_>, places: &[Place], name: &str) {
        for place in places {
            if let Some(unit) = semantic.units().get(place.unit) {
                self.edits.push((unit.cell, Edit::replace(place.at, name)));
            }
        }
    }

    /// The constant that holds the model already: its unit, its place and its name.
    pub(crate) fn known(&self, model: &str) -> Option<&(usize, TextRange, String)> {
        self.known.get(model)
    }

    /// Whether a default is another model than the notebook's.
    pub(crate) fn changes(&self) -> bool {
        self.changes
    }

    /// All edits, for all models together.
    pub(crate) fn edits(&self) -> &[(CellId, Edit)] {
        &self.edits
    }
}

/// A top-level constant that holds the model, is bound once, and is what its name means at every place.
fn existing<'a>(
    semantic: &Semantic<'a>,
    model: &str,
    places: &[Place],
    speaks: fn(&str) -> bool,
) -> Option<(usize, TextRange, &'a str)> {
    let sees = |name: &str, binding: &Binding<'_>, place: &Place| {
        let Some(unit) = semantic.units().get(place.unit) else {
            return false;
        };
        let above = (binding.unit, binding.since) <= (place.unit, place.at.start());
        let meant = semantic.binding(unit, name, place.at.start());
        above
            && meant.is_some_and(|meant| (meant.unit, meant.range) == (binding.unit, binding.range))
    };
    semantic
        .names(ProgramId::DOCUMENT)
        .filter(|(name, _)| speaks(name))
        .filter_map(|(name, bindings)| match bindings {
            [one] if !one.conditional => Some((name, one)),
            _ => None,
        })
        .filter(|(name, binding)| {
            let BindingKind::Value(value) = binding.kind else {
                return false;
            };
            holds(value, model) && places.iter().all(|place| sees(name, binding, place))
        })
        .map(|(name, binding)| (binding.unit, binding.range, name))
        .min()
}

fn speaks_of_models(name: &str) -> bool {
    let name = name.to_lowercase();
    ["model", "deployment", "engine", "llm", "gpt"]
        .iter()
        .any(|word| name.contains(word))
}

/// Whether the value is the model's name, or an environment read with it as the default.
fn holds(value: &Expr, model: &str) -> bool {
    match value {
        Expr::StringLiteral(literal) => literal.value.to_str() == model,
        Expr::Call(call) => call.arguments.args.get(1).and_then(string_value) == Some(model),
        Expr::BoolOp(either) => either.values.last().and_then(string_value) == Some(model),
        _ => false,
    }
}

/// The new constants, and `import os` if the notebook has none above; `None` if there is no good place for them.
fn insertions(
    semantic: &Semantic<'_>,
    wanted: &[Wanted<'_>],
    names: &[String],
    successors: &BTreeMap<String, String>,
    discovery: Option<Discovery>,
) -> Option<Vec<(CellId, Edit)>> {
    let first = wanted
        .iter()
        .flat_map(|each| each.places)
        .min_by_key(|place| (place.unit, place.at.start()))?;
    let home = Home::above(semantic, first)?;
    let mut lines = Vec::new();
    let mut edits = Vec::new();
    let os = "import os".to_owned();
    // An empty line parts imports from what follows them.
    match home.import {
        Some(place) if place.at == home.at => lines.extend([os, String::new()]),
        Some(place) if place.parted => edits.push((
            home.unit.cell,
            inserted(home.unit, place.at, &[os, String::new()]),
        )),
        Some(place) => edits.push((home.unit.cell, inserted(home.unit, place.at, &[os]))),
        None => {}
    }
    if lines.is_empty() && home.is_behind_import() {
        lines.push(String::new());
    }
    lines.extend(discovery.into_iter().flat_map(Discovery::lines));
    for (each, name) in wanted.iter().zip(names) {
        let successor = successors
            .get(each.text)
            .filter(|successor| is_plain(successor));
        let text = successor.map_or(each.text, String::as_str);
        let value = match discovery.filter(|it| it.covers(text, each.kind)) {
            Some(discovery) => discovery.value(name, text, each.kind),
            None => format!("os.environ.get(\"{name}\", \"{text}\")"),
        };
        lines.push(format!("{name} = {value}"));
    }
    if home.is_above_definition() {
        lines.extend([String::new(), String::new()]);
    }
    edits.push((home.unit.cell, inserted(home.unit, home.at, &lines)));
    Some(edits)
}

/// Lines at the start of a line, or at the end of the cell.
fn inserted(unit: &Unit<'_>, at: usize, lines: &[String]) -> Edit {
    let newline = if unit.source.contains("\r\n") {
        "\r\n"
    } else {
        "\n"
    };
    let text = lines.join(newline);
    // A last line without a line break gets one before the insertion, and the insertion none after it.
    let at_line_start = at == 0
        || unit
            .source
            .get(..at)
            .is_some_and(|before| before.ends_with('\n'));
    let text = if at_line_start {
        format!("{text}{newline}")
    } else {
        format!("{newline}{text}")
    };
    Edit::insert(at, text)
}

/// Whether the text can stand between quotes as it is.
fn is_plain(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\\'))
}
