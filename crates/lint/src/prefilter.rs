//! Which rules can find something in a text at all, told by the words in it.

use nbfix_pattern::Reach;
use nbfix_python::dotted;
use nbfix_semantic::{Binding, BindingKind, Semantic};
use rustc_hash::FxHashMap;

use crate::compile::PatternCheck;
use crate::matcher::{Matcher, What};
use crate::shell::RUNNERS;

/// A word that a match needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// It stands in the cell.
    Here(String),
    /// It stands in the cell, or some name of the document means it.
    Meant(String),
    /// It stands in some cell.
    Somewhere(String),
    /// The byte stands in the cell.
    Sign(u8),
}

#[derive(Debug, Clone, Copy)]
enum Need {
    Here(usize),
    Meant(usize),
    Somewhere(usize),
    Sign(u8),
}

/// The words of all rules, and what each rule needs of them.
#[derive(Debug, Default)]
pub(crate) struct Prefilter {
    ids: FxHashMap<String, usize>,
    /// For each rule the ways in which a text may do; `None` if every text may.
    rules: Vec<Option<Vec<Vec<Need>>>>,
}

/// A set of words.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words(Vec<u64>);

impl Words {
    fn add(&mut self, id: usize) {
        let index = id / 64;
        if self.0.len() <= index {
            self.0.resize(index + 1, 0);
        }
        if let Some(bits) = self.0.get_mut(index) {
            *bits |= 1 << (id % 64);
        }
    }

    fn has(&self, id: usize) -> bool {
        self.0
            .get(id / 64)
            .is_some_and(|bits| bits & (1 << (id % 64)) != 0)
    }

    fn unite(&mut self, other: &Words) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine |= theirs;
        }
    }
}

/// What the prefilter knows of one document.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// The words of each unit.
    units: Vec<Words>,
    /// The words of all cells.
    all: Words,
    /// Words that some name of the document stands for.
    hidden: Words,
}

impl Prefilter {
    pub(crate) fn new<'c>(checks: impl Iterator<Item = Option<&'c PatternCheck>>) -> Self {
        let mut this = Self::default();
        for check in checks {
            let ways = check.and_then(PatternCheck::wanted).map(|ways| {
                let each = |way: Vec<Wanted>| way.into_iter().map(|w| this.need(w)).collect();
                ways.into_iter().map(each).collect()
            });
            this.rules.push(ways);
        }
        this
    }

    fn need(&mut self, wanted: Wanted) -> Need {
        let next = self.ids.len();
        let mut id = |text: String| *self.ids.entry(text).or_insert(next);
        match wanted {
            Wanted::Here(text) => Need::Here(id(text)),
            Wanted::Meant(text) => Need::Meant(id(text)),
            // A program's name that is no identifier is not looked for.
            Wanted::Somewhere(text) if is_word(&text) => Need::Somewhere(id(text)),
            Wanted::Somewhere(_) => Need::Sign(0),
            Wanted::Sign(byte) => Need::Sign(byte),
        }
    }

    /// Reads the words of a document, once.
    pub(crate) fn survey(&self, semantic: &Semantic<'_>) -> Survey {
        let mut survey = Survey::default();
        if self.ids.is_empty() {
            return survey;
        }
        for unit in semantic.units() {
            let words = self.words(unit.source);
            survey.all.unite(&words);
            survey.units.push(words);
            for scope in unit.scopes() {
                for (name, bindings) in &scope.names {
                    self.hide(name, bindings, &mut survey.hidden);
                }
            }
        }
        for (program, _) in semantic.programs() {
            for (name, bindings) in semantic.names(program) {
                self.hide(name, bindings, &mut survey.hidden);
            }
        }
        let python: Vec<_> = semantic.units().iter().map(|unit| unit.cell).collect();
        for (id, cell) in semantic.notebook().ids() {
            if !python.contains(&id) {
                survey.all.unite(&self.words(&cell.source));
            }
        }
        survey
    }

    /// Adds what `name` stands for, if that is called otherwise.
    fn hide(&self, name: &str, bindings: &[Binding<'_>], hidden: &mut Words) {
        for binding in bindings {
            let last = match &binding.kind {
                BindingKind::Import(path) => path.rsplit('.').next(),
                BindingKind::Value(value) => {
                    dotted(*value).and_then(|(_, parts)| parts.last().copied())
                }
                _ => None,
            };
            if let Some(id) = last
                .filter(|last| *last != name)
                .and_then(|last| self.ids.get(last))
            {
                hidden.add(*id);
            }
        }
    }

    fn words(&self, text: &str) -> Words {
        let mut found = Words::default();
        for word in text.split(|c: char| !c.is_alphanumeric() && c != '_') {
            if let Some(id) = self.ids.get(word) {
                found.add(*id);
            }
        }
        found
    }

    /// Whether the rule at this position may find something in the unit.
    pub(crate) fn may_match(
        &self,
        rule: usize,
        survey: &Survey,
        unit: usize,
        source: &str,
    ) -> bool {
        let Some(Some(ways)) = self.rules.get(rule) else {
            return true;
        };
        let Some(words) = survey.units.get(unit) else {
            return true;
        };
        ways.iter().any(|way| {
            way.iter().all(|need| match need {
                Need::Here(id) => words.has(*id),
                Need::Meant(id) => words.has(*id) || survey.hidden.has(*id),
                Need::Somewhere(id) => survey.all.has(*id),
                Need::Sign(0) => true,
                Need::Sign(byte) => source.as_bytes().contains(byte),
            })
        })
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

impl Matcher {
    /// What a text must hold if it is to match there, in any of these ways; `None` if nothing is known.
    pub(crate) fn wanted(&self) -> Option<Vec<Vec<Wanted>>> {
        let mut ways = self.wanted_of_what();
        for (_, condition) in &self.conditions {
            for (paths, made) in [(&condition.resolves, false), (&condition.made_by, true)] {
                // A path of `a.*` may be anything below `a`.
                if !paths.is_empty() {
                    let words = paths.iter().map(|path| path_words(path, made)).collect();
                    ways = Some(both(ways, words));
                }
            }
        }
        ways
    }

    fn wanted_of_what(&self) -> Option<Vec<Vec<Wanted>>> {
        match &self.what {
            What::Pattern(pattern, _) => {
                let words: Vec<Wanted> = pattern
                    .words()
                    .into_iter()
                    .map(|word| match word.reach {
                        Reach::Text => Wanted::Here(word.text),
                        Reach::Meaning => Wanted::Meant(word.text),
                        Reach::Document => Wanted::Somewhere(word.text),
                    })
                    .collect();
                (!words.is_empty()).then(|| vec![words])
            }
            What::Any(any) => {
                let all: Option<Vec<_>> = any.iter().map(Matcher::wanted).collect();
                Some(all?.into_iter().flatten().collect())
            }
            What::All(all) => all.iter().find_map(Matcher::wanted),
            What::Shell(words) => {
                let named = |first: Wanted| match words.name() {
                    // It has many names: `pip3`, `pip3.12`.
                    "pip" => vec![first],
                    name => vec![Wanted::Somewhere(name.to_owned()), first],
                };
                let last = |path: &str| path.rsplit('.').next().unwrap_or(path).to_owned();
                let mut ways = vec![named(Wanted::Sign(b'!')), named(Wanted::Sign(b'%'))];
                ways.push(named(Wanted::Here("get_ipython".to_owned())));
                // What runs it may stand in a function of another cell.
                ways.extend(RUNNERS.iter().flat_map(|path| {
                    let runner = last(path);
                    [
                        named(Wanted::Meant(runner.clone())),
                        named(Wanted::Somewhere(runner)),
                    ]
                }));
                Some(ways)
            }
            What::Magic(_) => Some(vec![vec![Wanted::Sign(b'%')]]),
            What::Text(_) | What::Output(_) => Some(Vec::new()),
        }
    }
}

/// The words of a path that something means, or that `made` it: whatever made it is named where it is imported.
fn path_words(path: &str, made: bool) -> Vec<Wanted> {
    let mut words = Vec::new();
    if let Some((root, _)) = path.split_once('.') {
        words.push(Wanted::Somewhere(root.to_owned()));
    }
    match path.rsplit('.').next().unwrap_or(path) {
        "*" => {}
        last if made => words.push(Wanted::Somewhere(last.to_owned())),
        last => words.push(Wanted::Meant(last.to_owned())),
    }
    words
}

/// Each of the ways, with each of these.
fn both(ways: Option<Vec<Vec<Wanted>>>, others: Vec<Vec<Wanted>>) -> Vec<Vec<Wanted>> {
    let ways = ways.unwrap_or_else(|| vec![Vec::new()]);
    let others = &others;
    ways.iter()
        .flat_map(|way| {
            others
                .iter()
                .map(move |other| [way.as_slice(), other].concat())
        })
        .collect()
}
