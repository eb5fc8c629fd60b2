//! Which names are there when a cell runs, from the first cell to the last.
//!
//! Each cell is lowered once to what it does to names (`lower`, `expressions` to `ops`). A machine (`run`) then goes
//! through the cells as a kernel would: it knows what may and what must be bound, enters the notebook's own functions at
//! their calls, and asks of them what they need *then*. It never guesses: where a name may have come from somewhere that
//! cannot be seen, nothing is said.

mod arguments;
mod compound;
mod expressions;
mod facts;
mod known;
mod lower;
mod ops;
mod run;
mod scope;
mod shape;
mod state;

pub use arguments::Mismatch;
pub(crate) use facts::statements;
pub use facts::{Read, Statement};
pub use ops::Site;

use nbfix_ipynb::CellId;
use nbfix_text::TextRange;

use crate::magics::{self, Effect};
use crate::{ProgramId, ProgramKind, Semantic, Source, Unit};

use known::Known;
use lower::{Lower, Lowered};
use ops::{Block, NameId, Op};
use run::{Caught, Event, EventKind, Machine, Mode};

/// A name that is not there when it is read.
#[derive(Clone, Debug)]
pub struct Unbound {
    /// The name.
    pub name: String,
    /// Where it is read.
    pub at: Site,
    /// The call in the cell itself that leads there, if that is in a function.
    pub through: Option<Site>,
    /// Whether the cell surely comes to it.
    pub sure: bool,
    /// Whether a handler around it takes all exceptions.
    pub handled: bool,
    /// Why it is not there.
    pub why: Absence,
}

/// Why a name is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// Nothing binds it.
    Never,
    /// The first place that binds it comes later.
    Later(Site),
    /// It was bound, and is gone: deleted there, or bound where it does not last.
    Gone(Site),
}

/// A call that a function of the notebook cannot take.
#[derive(Clone, Debug)]
pub struct BadCall {
    /// The call.
    pub at: Site,
    /// The function's name.
    pub function: String,
    /// Where its name stands.
    pub defined: Site,
    /// What is wrong.
    pub mismatch: Mismatch,
    /// Whether the cell surely comes to it.
    pub sure: bool,
}

/// What a walk through the notebook found.
#[derive(Debug, Default)]
pub struct Flow {
    /// Names that are not there; each once for every place and reason.
    pub unbound: Vec<Unbound>,
    /// Calls that cannot work.
    pub bad_calls: Vec<BadCall>,
}

/// The exception that ends a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prediction {
    /// The cell.
    pub cell: CellId,
    /// The exception's name; empty if it could not be told.
    pub exception: String,
    /// The name that it misses, of a `NameError`.
    pub name: Option<String>,
}

/// What happens at one cell.
pub(crate) enum Step<'a> {
    /// It runs.
    Run(Vec<Block<'a>>),
    /// It cannot be read; these names stand in it.
    Broken(Vec<NameId>),
    /// It may do anything.
    Opaque,
}

/// A notebook, lowered.
pub(crate) struct Plan<'a> {
    pub(crate) all: Lowered<'a>,
    /// The cells that do something to names, with their position.
    pub(crate) steps: Vec<(CellId, Step<'a>)>,
}

impl<'a> Plan<'a> {
    pub(crate) fn of(semantic: &Semantic<'a>) -> Self {
        let mut this = Self {
            all: Lowered::default(),
            steps: Vec::new(),
        };
        if semantic.program(ProgramId::DOCUMENT).kind != ProgramKind::Notebook {
            return this;
        }
        let mut units = semantic.units_of(ProgramId::DOCUMENT).peekable();
        for (id, cell) in semantic.notebook().ids() {
            let unit = units.next_if(|unit| unit.cell == id);
            let step = match (unit, semantic.source(id)) {
                (Some(unit), Source::Python { .. }) => this.python(semantic, unit),
                (_, Source::Shell { code }) => this.shell(&cell.source, *code),
                (_, Source::Opaque { magic, arguments }) => {
                    let effect = magics::cell(magic, arguments);
                    this.magic(semantic, id, effect, arguments)
                }
                _ => None,
            };
            this.steps.extend(step.map(|step| (id, step)));
        }
        let names = this.all.names.len();
        this.all.sites.resize_with(names, Vec::new);
        this
    }

    fn python(&mut self, semantic: &Semantic<'a>, unit: &Unit<'a>) -> Option<Step<'a>> {
        let Source::Python { timed, magic, .. } = semantic.source(unit.cell) else {
            return None;
        };
        let is_skipped = |tag: &String| tag == "skip-execution";
        if semantic
            .notebook()
            .cell_tags(unit.cell)
            .iter()
            .any(is_skipped)
        {
            return Some(Step::Broken(self.words(unit.source)));
        }
        if !unit.module.errors().is_empty() {
            return Some(Step::Broken(self.words(unit.source)));
        }
        let star = |module: &str| semantic.public_names(module);
        let mut lower = Lower::new(&mut self.all, unit, timed, &star);
        let mut blocks: Vec<Block<'a>> = unit
            .module
            .body()
            .iter()
            .map(|stmt| lower.statement(stmt))
            .collect();
        if let Some((name, arguments)) = magic {
            if name == "timeit" {
                let ops = blocks.into_iter().flat_map(|block| block.ops).collect();
                let apart = Op::Apart(Block { ops, changes: true });
                blocks = vec![Block {
                    ops: vec![apart],
                    changes: true,
                }];
            } else if let Effect::Binds(names) = magics::cell(name, arguments) {
                let start = unit.source.find(arguments.as_str()).unwrap_or(0);
                blocks.push(lower.within(|lower| lower.effect(Effect::Binds(names), start)));
            }
        }
        Some(Step::Run(blocks))
    }

    /// A magic that binds names, or may bind any.
    fn magic(
        &mut self,
        semantic: &Semantic<'a>,
        cell: CellId,
        effect: Effect<'a>,
        arguments: &str,
    ) -> Option<Step<'a>> {
        match effect {
            Effect::None => None,
            Effect::Anything => Some(Step::Opaque),
            Effect::Binds(names) => {
                let source = semantic.notebook().cell(cell)?.source.as_str();
                let start = source.find(arguments).unwrap_or(0);
                let mut block = Block::default();
                for (name, offset) in names {
                    let range = TextRange::new(start + offset, start + offset + name.len());
                    // No unit holds it; the one before stands nearest.
                    let unit = semantic
                        .units()
                        .iter()
                        .rposition(|unit| unit.cell < cell)
                        .unwrap_or(0);
                    let at = Site { unit, range };
                    let name = self.all.names.id(name);
                    if self.all.sites.len() <= name {
                        self.all.sites.resize_with(name + 1, Vec::new);
                    }
                    self.all.sites[name].push(at);
                    block.ops.push(Op::Bind {
                        name,
                        at,
                        what: ops::What::Other,
                    });
                }
                Some(Step::Run(vec![block]))
            }
        }
    }

    fn shell(&mut self, source: &str, code: TextRange) -> Option<Step<'a>> {
        // `%%bash --out name`
        let head = source.get(..code.start())?;
        let binds = ["--out", "--err", "--proc"]
            .iter()
            .any(|option| head.contains(option));
        binds.then_some(Step::Opaque)
    }

    /// The names that stand in a text, as far as anybody speaks of them.
    fn words(&mut self, source: &'a str) -> Vec<NameId> {
        let words = source.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        let names = words
            .filter(|word| !word.is_empty() && !word.starts_with(|c: char| c.is_ascii_digit()));
        names.map(|name| self.all.names.id(name)).collect()
    }

    fn run(&self, machine: &mut Machine<'_, 'a>, mut raised: impl FnMut(CellId, &str, &[Event])) {
        for (cell, step) in &self.steps {
            match step {
                Step::Run(blocks) => {
                    let events = machine.events.len();
                    if let Some(exception) = machine.cell(blocks.iter()) {
                        raised(
                            *cell,
                            exception,
                            machine.events.get(events..).unwrap_or_default(),
                        );
                    }
                }
                // A kernel runs nothing of it. But what another reader's kernel makes of it is not known here.
                Step::Broken(names) if machine.mode == Mode::Find => {
                    names.iter().for_each(|name| machine.trust(*name));
                }
                Step::Broken(_) => {}
                Step::Opaque => machine.state.forget(),
            }
        }
    }

    /// What is wrong in the notebook.
    pub(crate) fn find(&self, semantic: &Semantic<'a>) -> Flow {
        let known = Known::of(semantic.notebook());
        let mut machine = Machine::new(&self.all, &known, Mode::Find);
        self.run(&mut machine, |_, _, _| {});
        let ran = machine.events.len();
        for function in 0..self.all.functions.len() {
            if machine.ran.get(function) == Some(&false) {
                machine.uncalled(function);
            }
        }
        let mut flow = Flow::default();
        for (index, event) in machine.events.iter().enumerate() {
            match &event.kind {
                EventKind::Unbound { name, last, .. } => {
                    let why = self.why(*name, event, *last);
                    // Of a function that nobody calls only that can be said.
                    let certain = index < ran || why == Absence::Never;
                    if event.caught == Caught::ByName || !certain {
                        continue;
                    }
                    flow.unbound.push(Unbound {
                        name: self.all.names.text(*name).to_owned(),
                        at: event.at,
                        through: event.through,
                        sure: event.sure,
                        handled: event.caught == Caught::AsAny,
                        why,
                    });
                }
                EventKind::BadCall { function, mismatch } => {
                    let Some(function) = self.all.functions.get(*function) else {
                        continue;
                    };
                    let is_known = |other: &BadCall| other.at == event.at;
                    if event.caught == Caught::ByName || flow.bad_calls.iter().any(is_known) {
                        continue;
                    }
                    if let Some(def) = function.def {
                        flow.bad_calls.push(BadCall {
                            at: event.at,
                            function: def.name.to_string(),
                            defined: function.at,
                            mismatch: mismatch.clone(),
                            sure: event.sure,
                        });
                    }
                }
            }
        }
        flow
    }

    fn why(&self, name: NameId, event: &Event, last: Option<Site>) -> Absence {
        let sites = self
            .all
            .sites
            .get(name)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let here = event.through.unwrap_or(event.at);
        let later = sites
            .iter()
            .filter(|site| (site.unit, site.range.start()) > (here.unit, here.range.start()))
            .min();
        match (last, later, sites.first()) {
            (Some(last), ..) => Absence::Gone(last),
            (None, Some(later), _) => Absence::Later(*later),
            (None, None, Some(first)) => Absence::Gone(*first),
            (None, None, None) => Absence::Never,
        }
    }

    /// The cells that end with an exception when a kernel runs the notebook from its first cell to its last, and goes
    /// on after each.
    pub(crate) fn predict(&self, semantic: &Semantic<'a>) -> Vec<Prediction> {
        let known = Known::of(semantic.notebook());
        let mut machine = Machine::new(&self.all, &known, Mode::Predict);
        let mut predictions = Vec::new();
        self.run(&mut machine, |cell, exception, events| {
            let missing = events.iter().rev().find_map(|event| match event.kind {
                EventKind::Unbound { name, .. } if event.sure => {
                    Some(self.all.names.text(name).to_owned())
                }
                _ => None,
            });
            predictions.push(Prediction {
                cell,
                exception: exception.to_owned(),
                name: missing.filter(|_| exception == "NameError"),
            });
        });
        predictions
    }
}
