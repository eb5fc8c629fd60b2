//! Where the literals of a notebook go that differ from reader to reader: one constant each, read from the environment, the
//! literal as its default.

use std::collections::{BTreeMap, BTreeSet};

use nbfix_ipynb::CellId;
use nbfix_python::ast::{Expr, Stmt};
use nbfix_python::{range, string_value};
use nbfix_semantic::config_cell::{is_import, is_setting};
use nbfix_semantic::{Binding, BindingKind, ProgramId, Semantic, Unit};
use nbfix_text::{Edit, TextRange};

use crate::degrade::{line_end, line_start};
use crate::model_discovery::Discovery;

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

/// What the constants of a rule are called.
pub(crate) struct Naming {
    /// Whether a name of the notebook may be such a constant.
    pub(crate) speaks: fn(&str) -> bool,
    /// The name for a literal, if it is the only one of its kind.
    pub(crate) kind: fn(&str) -> &'static str,
}

/// Models and deployments.
pub(crate) const MODELS: Naming = Naming {
    speaks: speaks_of_models,
    kind,
};

impl Constants {
    /// Finds a constant for every literal: one that the notebook has already, or a new one in its configuration cell.
    /// `models` come in the order of their first places; a new constant's default is the model's successor, if it has one. With
    /// `discovery` the notebook asks the service whether it has that.
    pub(crate) fn plan(
        semantic: &Semantic<'_>,
        models: &[(&str, &[Place])],
        successors: &BTreeMap<String, String>,
        naming: &Naming,
        discovery: Option<Discovery>,
    ) -> Self {
        let mut this = Self {
            known: BTreeMap::new(),
            edits: Vec::new(),
            changes: false,
        };
        let mut fresh: Vec<(&str, &[Place])> = Vec::new();
        for (model, places) in models {
            match existing(semantic, model, places, naming) {
                Some((unit, at, name)) => {
                    this.replace(semantic, places, name);
                    this.known
                        .insert((*model).to_owned(), (unit, at, name.to_owned()));
                }
                None => fresh.push((model, places)),
            }
        }
        let names = new_names(semantic, &fresh, naming);
        let discovery = discovery.filter(|it| fresh.iter().any(|(model, _)| it.covers(model)));
        this.changes = discovery.is_some()
            || fresh
                .iter()
                .any(|(model, _)| successors.contains_key(*model));
        match insertion(semantic, &fresh, &names, successors, discovery) {
            Some(insertion) => this.edits.push(insertion),
            None if fresh.is_empty() => {}
            // Nowhere to put them: then there is no fix at all, rather than half of one.
            None => {
                this.edits.clear();
                return this;
            }
        }
        for ((_, places), name) in fresh.iter().zip(&names) {
            this.replace(semantic, places, name);
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
    naming: &Naming,
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
        .filter(|(name, _)| (naming.speaks)(name))
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

/// A free name for each model, by its kind; with the model's own name in it where there are several of a kind.
fn new_names(semantic: &Semantic<'_>, models: &[(&str, &[Place])], naming: &Naming) -> Vec<String> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    models
        .iter()
        .map(|(model, _)| {
            let kind = (naming.kind)(model);
            let several = models
                .iter()
                .filter(|(other, _)| (naming.kind)(other) == kind)
                .count()
                > 1;
            let own = model
                .to_uppercase()
                .replace(|c: char| !c.is_ascii_alphanumeric(), "_");
            let mut name = if several {
                format!("{kind}_{own}")
            } else {
                kind.to_owned()
            };
            while taken.contains(&name) || semantic.is_bound(ProgramId::DOCUMENT, &name) {
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

fn kind(model: &str) -> &'static str {
    let model = model.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| model.contains(word));
    if has(&["dall", "image", "flux", "stable-", "sora"]) {
        "IMAGE_MODEL"
    } else if has(&["embed", "ada-002", "similarity"]) {
        "EMBEDDING_MODEL"
    } else if has(&["whisper", "tts", "audio", "transcribe", "realtime"]) {
        "AUDIO_MODEL"
    } else {
        "CHAT_MODEL"
    }
}

/// The new constants as one insertion; `None` if there is no good place for it.
fn insertion(
    semantic: &Semantic<'_>,
    models: &[(&str, &[Place])],
    names: &[String],
    successors: &BTreeMap<String, String>,
    discovery: Option<Discovery>,
) -> Option<(CellId, Edit)> {
    let first = models
        .iter()
        .flat_map(|(_, places)| *places)
        .min_by_key(|place| (place.unit, place.at.start()))?;
    let (unit, at) = configuration(semantic, first)?;
    let mut lines = Vec::new();
    match os_import(semantic, unit, at) {
        Os::Imported => {}
        Os::Free => lines.push("import os".to_owned()),
        Os::Taken => return None,
    }
    lines.extend(discovery.into_iter().flat_map(Discovery::lines));
    for ((model, _), name) in models.iter().zip(names) {
        let successor = successors
            .get(*model)
            .filter(|successor| is_plain(successor));
        let model = successor.map_or(*model, String::as_str);
        let value = match discovery.filter(|it| it.covers(model)) {
            Some(discovery) => discovery.value(name, model, kind(model)),
            None => format!("os.environ.get(\"{name}\", \"{model}\")"),
        };
        lines.push(format!("{name} = {value}"));
    }
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
    Some((unit.cell, Edit::insert(at, text)))
}

/// Whether the text can stand between quotes as it is.
fn is_plain(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\\'))
}

/// The configuration cell and the offset in it: behind its last import or constant; if there is none above, just above
/// the first place.
fn configuration<'s, 'a>(
    semantic: &'s Semantic<'a>,
    first: &Place,
) -> Option<(&'s Unit<'a>, usize)> {
    let home = semantic.units().get(first.unit)?;
    if let Some(found) = semantic.configuration_cell_above(home.index, first.at.start()) {
        let unit = semantic.units().get(found.unit)?;
        let limit = if unit.index == home.index {
            first.at.start()
        } else {
            usize::MAX
        };
        let last = body_until(unit, limit)
            .filter(|stmt| is_setting(stmt) || is_import(stmt))
            .last();
        if let Some(stmt) = last {
            return Some((unit, line_after(unit.source, range(stmt).end())));
        }
    }
    if let Some(stmt) = body_until(home, first.at.start())
        .filter(|stmt| is_import(stmt))
        .last()
    {
        return Some((home, line_after(home.source, range(stmt).end())));
    }
    let holder = home
        .module
        .body()
        .iter()
        .map(range)
        .find(|stmt| stmt.covers(first.at))?;
    let at = line_start(home.source, holder.start());
    (at >= home.code.start()).then_some((home, at))
}

fn body_until<'u>(unit: &'u Unit<'_>, limit: usize) -> impl Iterator<Item = &'u Stmt> {
    unit.module
        .body()
        .iter()
        .take_while(move |stmt| range(*stmt).end() <= limit)
}

enum Os {
    Imported,
    Free,
    /// The notebook calls something else `os`.
    Taken,
}

fn os_import(semantic: &Semantic<'_>, unit: &Unit<'_>, at: usize) -> Os {
    let bindings = semantic.bindings(ProgramId::DOCUMENT, "os");
    let is_os =
        |binding: &Binding<'_>| matches!(&binding.kind, BindingKind::Import(path) if path == "os");
    if !bindings.iter().all(is_os) {
        return Os::Taken;
    }
    let above = |binding: &Binding<'_>| {
        !binding.conditional && (binding.unit, binding.since) <= (unit.index, at)
    };
    if bindings.iter().any(above) {
        Os::Imported
    } else {
        Os::Free
    }
}

/// The start of the line after the one that holds `at`, or the end of the text.
fn line_after(source: &str, at: usize) -> usize {
    let end = line_end(source, at);
    match source.get(end..).and_then(|rest| rest.find('\n')) {
        Some(newline) => end + newline + 1,
        None => source.len(),
    }
}
