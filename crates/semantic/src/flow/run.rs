//! Running a notebook without running it: which names are there, cell after cell.

use nbfix_python::ast::ExprCall;

mod control;

use control::takes;

use super::arguments::{Mismatch, mismatch};
use super::known::Known;
use super::lower::{Function, Lowered};
use super::ops::{Block, Callee, Catches, FunctionId, NameId, Op, Site, Stop, Test, What};
use super::state::{Presence, Slot, State, Thing};

/// How deep calls are followed.
const MAX_DEPTH: usize = 24;
/// How many operations one notebook may cost; what comes after is taken on trust.
const BUDGET: usize = 400_000;

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// To find what is wrong: one mistake does not hide the next, and what a switch turns off is taken on trust.
    Find,
    /// To tell what a kernel would do: a cell ends at its first exception.
    Predict,
}

/// Something that cannot work.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) kind: EventKind,
    /// Where.
    pub(crate) at: Site,
    /// The call in the cell itself that leads there, if it stands in a function.
    pub(crate) through: Option<Site>,
    /// Whether it surely happens when the cell runs.
    pub(crate) sure: bool,
    /// Whether the code itself expects it.
    pub(crate) caught: Caught,
}

#[derive(Clone, Debug)]
pub(crate) enum EventKind {
    /// A name is read that is not there; where it was last bound or deleted.
    Unbound { name: NameId, last: Option<Site> },
    /// A call that the function cannot take.
    BadCall {
        function: FunctionId,
        mismatch: Mismatch,
    },
}

/// Whether a handler around takes an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Caught {
    No,
    /// By `except Exception`, among all others.
    AsAny,
    /// By its name.
    ByName,
}

/// How a piece of code ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End<'a> {
    /// It goes on behind it.
    Falls,
    /// It does not; the state is that of the place where it stopped.
    Stops(Stop<'a>),
}

/// An exception that nobody took.
pub(crate) type Raised<'a> = Option<&'a str>;

pub(crate) struct Machine<'m, 'a> {
    all: &'m Lowered<'a>,
    known: &'m Known<'a>,
    pub(crate) mode: Mode,
    pub(crate) state: State,
    /// Whether the point is surely reached when its cell runs.
    sure: bool,
    /// The functions that are being run, and the call in the cell that began it.
    stack: Vec<FunctionId>,
    through: Option<Site>,
    /// The handlers around, innermost last.
    guards: Vec<Vec<Catches<'a>>>,
    /// The states in which the loops around are left.
    breaks: Vec<Option<State>>,
    /// The states in which the functions around are left.
    returns: Vec<Option<State>>,
    /// Whether a way that may be taken has ended in an exception, or in a return.
    perhaps_raised: bool,
    perhaps_returned: bool,
    pub(crate) events: Vec<Event>,
    pub(crate) ran: Vec<bool>,
    /// Functions that had nothing to complain of and bind nothing: names only come, so that they need no second look.
    clean: Vec<bool>,
    bound: usize,
    budget: usize,
}

impl<'m, 'a> Machine<'m, 'a> {
    pub(crate) fn new(all: &'m Lowered<'a>, known: &'m Known<'a>, mode: Mode) -> Self {
        Self {
            all,
            known,
            mode,
            state: State::new(all.names.len()),
            sure: true,
            stack: Vec::new(),
            through: None,
            guards: Vec::new(),
            breaks: Vec::new(),
            returns: Vec::new(),
            perhaps_raised: false,
            perhaps_returned: false,
            events: Vec::new(),
            ran: vec![false; all.functions.len()],
            clean: vec![false; all.functions.len()],
            bound: 0,
            budget: BUDGET,
        }
    }

    /// Runs a cell, and gives the exception that ends it, if one surely does.
    pub(crate) fn cell<'b>(&mut self, blocks: impl Iterator<Item = &'b Block<'a>>) -> Raised<'a>
    where
        'a: 'b,
    {
        self.sure = true;
        self.perhaps_raised = false;
        let mut raised = None;
        for block in blocks {
            if let End::Stops(stop) = self.block(block) {
                if let (Stop::Raise(name), true) = (stop, self.sure) {
                    raised = Some(name);
                }
                if self.mode == Mode::Predict {
                    break;
                }
                // What follows would run if this had not stopped.
                self.sure = false;
            }
        }
        raised
    }

    /// Runs a function that nothing has called, in case somebody does.
    pub(crate) fn uncalled(&mut self, function: FunctionId) {
        self.sure = false;
        if let Some(known) = self.all.functions.get(function) {
            self.body(function, known);
        }
    }

    /// Takes on trust that these names are there.
    pub(crate) fn trust(&mut self, name: NameId) {
        let slot = self.state.slot(name);
        if slot.presence == Presence::No {
            self.state.set(
                name,
                Slot {
                    presence: Presence::May,
                    ..slot
                },
            );
        }
    }

    fn block(&mut self, block: &Block<'a>) -> End<'a> {
        for op in &block.ops {
            let end = self.op(op);
            if end != End::Falls {
                return end;
            }
        }
        End::Falls
    }

    fn op(&mut self, op: &Op<'a>) -> End<'a> {
        if self.budget == 0 {
            self.state.open = true;
            return End::Falls;
        }
        self.budget -= 1;
        match op {
            Op::Read { name, at } | Op::Ask { name, at } => self.read(*name, *at, false),
            Op::Bind { name, at, what } => {
                self.bind(*name, *at, *what);
                End::Falls
            }
            Op::Unbind { name, at, strict } => {
                let end = if *strict {
                    self.read(*name, *at, true)
                } else {
                    End::Falls
                };
                if end == End::Falls {
                    self.bound += 1;
                    let gone = Slot {
                        site: Some(*at),
                        ..Slot::EMPTY
                    };
                    self.state.set(*name, gone);
                    self.clean.fill(false);
                }
                end
            }
            Op::Call {
                callee,
                call,
                awaited,
                at,
            } => self.call(*callee, call, *awaited, *at),
            Op::Branch { test, then, other } => self.branch(test, then, other),
            Op::Loop { runs, body, other } => self.repeat(*runs, body, other),
            Op::Try {
                body,
                handlers,
                other,
                last,
            } => self.attempt(body, handlers, other, last),
            Op::Perhaps(block) | Op::Annotation(block) => {
                self.branch(&Test::Unknown, block, &Block::default())
            }
            Op::Apart(block) => {
                let before = self.state.clone();
                let end = self.block(block);
                self.state = before;
                end
            }
            Op::Stop(stop) => self.stop(*stop),
            Op::Anything => {
                self.bound += 1;
                self.state.forget();
                End::Falls
            }
        }
    }

    fn read(&mut self, name: NameId, at: Site, deleting: bool) -> End<'a> {
        let slot = self.state.slot(name);
        if slot.presence != Presence::No
            || self.state.open
            || self.known.contains(self.all.names.text(name)) && !deleting
        {
            return End::Falls;
        }
        let kind = EventKind::Unbound {
            name,
            last: slot.site,
        };
        let end = self.fails(kind, at, "NameError");
        if self.mode == Mode::Find {
            // Once is enough.
            self.state.set(
                name,
                Slot {
                    presence: Presence::May,
                    ..slot
                },
            );
        }
        end
    }

    /// Notes what cannot work, and raises what it raises.
    fn fails(&mut self, kind: EventKind, at: Site, exception: &'static str) -> End<'a> {
        let caught = self
            .guards
            .iter()
            .flatten()
            .map(|guard| takes(guard, exception))
            .max();
        self.events.push(Event {
            kind,
            at,
            through: self.through,
            sure: self.sure,
            caught: caught.unwrap_or(Caught::No),
        });
        if self.mode == Mode::Predict && self.sure {
            End::Stops(Stop::Raise(exception))
        } else {
            End::Falls
        }
    }

    fn bind(&mut self, name: NameId, at: Site, what: What) {
        let thing = match what {
            What::Function(id) => Thing::Function(id),
            What::Class(id) => Thing::Class(id),
            What::Truth(value) => Thing::Truth(value),
            What::Alias(other) => self.sure_thing(other),
            What::Made(callee) => match self.sure_thing(callee) {
                Thing::Class(class) => Thing::Instance(class),
                _ => Thing::Unknown,
            },
            What::Other => Thing::Unknown,
        };
        self.bound += 1;
        if matches!(
            self.state.slot(name).thing,
            Thing::Function(_) | Thing::Class(_)
        ) {
            self.clean.fill(false);
        }
        let slot = Slot {
            presence: Presence::Must,
            thing,
            site: Some(at),
        };
        self.state.set(name, slot);
    }

    /// What a name surely holds.
    fn sure_thing(&self, name: NameId) -> Thing {
        let slot = self.state.slot(name);
        match slot.presence {
            Presence::Must => slot.thing,
            _ => Thing::Unknown,
        }
    }

    fn call(&mut self, callee: Callee, call: &'a ExprCall, awaited: bool, at: Site) -> End<'a> {
        let (function, bound) = match callee {
            Callee::Inner(function) => (function, 0),
            Callee::Name(name) => match self.sure_thing(name) {
                Thing::Function(function) => (function, 0),
                Thing::Class(class) => return self.instance(class, call, at),
                _ => return End::Falls,
            },
            Callee::Method(object, method) => match self.sure_thing(object) {
                Thing::Instance(class) => match self.method(class, method) {
                    Some(function) => (function, 1),
                    None => return End::Falls,
                },
                _ => return End::Falls,
            },
            Callee::Own(class, method) => match self.method(class, method) {
                Some(function) => (function, 1),
                None => return End::Falls,
            },
        };
        self.enter(function, call, bound, awaited, at)
    }

    /// A method, if the class says all there is to it.
    fn method(&self, class: usize, method: NameId) -> Option<FunctionId> {
        let class = self.all.classes.get(class).filter(|class| class.plain)?;
        let function = *class.methods.get(&method)?;
        let def = self.all.functions.get(function)?.def?;
        def.decorator_list.is_empty().then_some(function)
    }

    fn instance(&mut self, class: usize, call: &'a ExprCall, at: Site) -> End<'a> {
        let init = self
            .all
            .names
            .known("__init__")
            .and_then(|init| self.method(class, init));
        let new = self
            .all
            .names
            .known("__new__")
            .and_then(|new| self.method(class, new));
        match (init, new) {
            (Some(init), None) => self.enter(init, call, 1, false, at),
            _ => End::Falls,
        }
    }

    fn enter(
        &mut self,
        id: FunctionId,
        call: &'a ExprCall,
        bound: usize,
        awaited: bool,
        at: Site,
    ) -> End<'a> {
        let Some(function) = self.all.functions.get(id) else {
            return End::Falls;
        };
        if let Some(parameters) = function.parameters
            && let Some(mismatch) = mismatch(parameters, call, bound)
        {
            let kind = EventKind::BadCall {
                function: id,
                mismatch,
            };
            return self.fails(kind, at, "TypeError");
        }
        let is_async = function.def.is_some_and(|def| def.is_async);
        if self.stack.contains(&id)
            || self.stack.len() >= MAX_DEPTH
            || self.clean.get(id) == Some(&true)
        {
            return End::Falls;
        }
        if self.stack.is_empty() {
            self.through = Some(at);
        }
        let sure = self.sure;
        let later = function.later || is_async && !awaited;
        if later {
            self.sure = false;
        }
        let raised = std::mem::replace(&mut self.perhaps_raised, false);
        let returned = self.perhaps_returned;
        let end = self.body(id, function);
        // A function that may have been left early comes back all the same, unless it raised.
        self.sure = sure && (later || self.sure || !self.perhaps_raised);
        self.perhaps_raised |= raised;
        self.perhaps_returned = returned;
        if self.stack.is_empty() {
            self.through = None;
        }
        if later { End::Falls } else { end }
    }

    fn body(&mut self, id: FunctionId, function: &Function<'a>) -> End<'a> {
        let (events, bound) = (self.events.len(), self.bound);
        if let Some(ran) = self.ran.get_mut(id) {
            *ran = true;
        }
        self.stack.push(id);
        self.returns.push(None);
        // Loops around the call are not those of the function.
        let breaks = std::mem::take(&mut self.breaks);
        let end = self.block(&function.body);
        self.breaks = breaks;
        let left = self.returns.pop().flatten();
        self.stack.pop();
        let end = match (end, left) {
            (End::Falls, Some(left)) => {
                self.state.join(&left);
                End::Falls
            }
            (End::Stops(Stop::Raise(name)), None) => End::Stops(Stop::Raise(name)),
            (End::Stops(_), Some(left)) => {
                self.state = left;
                End::Falls
            }
            (_, None) => End::Falls,
        };
        if events == self.events.len()
            && bound == self.bound
            && end == End::Falls
            && let Some(clean) = self.clean.get_mut(id)
        {
            *clean = true;
        }
        end
    }

    fn stop(&mut self, stop: Stop<'a>) -> End<'a> {
        let exits = match stop {
            Stop::Return => Some(&mut self.returns),
            Stop::Break | Stop::Continue => Some(&mut self.breaks),
            Stop::Raise(_) => None,
        };
        match exits.and_then(|exits| exits.last_mut()) {
            Some(Some(known)) => known.join(&self.state),
            Some(exit) => *exit = Some(self.state.clone()),
            None => {}
        }
        if !self.sure {
            self.perhaps_raised |= matches!(stop, Stop::Raise(_));
            self.perhaps_returned |= stop == Stop::Return;
        }
        End::Stops(stop)
    }
}
