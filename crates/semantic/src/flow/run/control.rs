//! Where the way of a run parts, and where it meets again.

use super::{Caught, End, Machine, Mode};
use crate::flow::ops::{Block, Catches, Handler, NameId, Op, Runs, Stop, Test};
use crate::flow::state::{Presence, Slot, State, Thing};

impl<'a> Machine<'_, 'a> {
    pub(super) fn branch(&mut self, test: &Test, then: &Block<'a>, other: &Block<'a>) -> End<'a> {
        if let Some(value) = self.holds(test) {
            let (taken, skipped) = if value { (then, other) } else { (other, then) };
            if self.mode == Mode::Find && !asks_for_name(test) {
                // A switch that somebody else turns: what its other side binds is taken on trust.
                self.trust_all(skipped);
            }
            return self.block(taken);
        }
        if !then.changes && !other.changes {
            // Nothing but reads: no state has to be kept aside.
            let sure = std::mem::replace(&mut self.sure, false);
            let names = (self.assumed(test, true), self.assumed(test, false));
            for (block, assumed) in [(then, names.0), (other, names.1)] {
                let kept: Vec<(NameId, Slot)> = assumed
                    .iter()
                    .map(|(name, _)| (*name, self.state.slot(*name)))
                    .collect();
                self.assume(&assumed);
                self.block(block);
                kept.into_iter()
                    .for_each(|(name, slot)| self.state.set(name, slot));
            }
            self.sure = sure;
            return End::Falls;
        }
        let before = self.state.clone();
        let sure = std::mem::replace(&mut self.sure, false);
        let assumed = self.assumed(test, true);
        self.assume(&assumed);
        let first = self.block(then);
        let after = std::mem::replace(&mut self.state, before);
        let assumed = self.assumed(test, false);
        self.assume(&assumed);
        let second = self.block(other);
        self.sure = sure;
        self.meet(first, after, second)
    }

    /// Goes on behind two ways, of which `self.state` is the second.
    fn meet(&mut self, first: End<'a>, after: State, second: End<'a>) -> End<'a> {
        match (first, second) {
            (End::Falls, End::Falls) => self.state.join(&after),
            (End::Falls, End::Stops(_)) => {
                self.state = after;
                self.sure = false;
            }
            (End::Stops(_), End::Falls) => self.sure = false,
            (End::Stops(first), End::Stops(second)) => {
                self.state.join(&after);
                let same = first == second;
                return End::Stops(if same { first } else { Stop::Raise("") });
            }
        }
        End::Falls
    }

    fn holds(&self, test: &Test) -> Option<bool> {
        match test {
            Test::Unknown | Test::Some(_) => None,
            Test::Constant(value) => Some(*value),
            Test::Truth(name) => match self.sure_thing(*name) {
                Thing::Truth(value) => Some(value),
                Thing::Function(_) | Thing::Class(_) => Some(true),
                _ => None,
            },
            Test::Bound(name) => match self.state.slot(*name).presence {
                Presence::Must => Some(true),
                Presence::No if !self.state.open => {
                    Some(self.known.contains(self.all.names.text(*name)))
                }
                _ => None,
            },
            Test::Not(test) => self.holds(test).map(|value| !value),
            Test::Both(first, second) => match (self.holds(first), self.holds(second)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
        }
    }

    /// What is known of names where the test holds, or does not.
    fn assumed(&self, test: &Test, holds: bool) -> Vec<(NameId, bool)> {
        match (test, holds) {
            (Test::Bound(name), _) => vec![(*name, holds)],
            (Test::Not(test), _) => self.assumed(test, !holds),
            (Test::Both(first, second), true) => {
                let mut all = self.assumed(first, true);
                all.extend(self.assumed(second, true));
                all
            }
            _ => Vec::new(),
        }
    }

    fn assume(&mut self, names: &[(NameId, bool)]) {
        for (name, there) in names {
            let slot = self.state.slot(*name);
            let presence = if *there { Presence::Must } else { Presence::No };
            self.state.set(*name, Slot { presence, ..slot });
        }
    }

    pub(super) fn repeat(&mut self, runs: Runs, body: &Block<'a>, other: &Block<'a>) -> End<'a> {
        if runs == Runs::Never {
            if self.mode == Mode::Find {
                self.trust_all(body);
            }
            return self.block(other);
        }
        let before = (runs == Runs::Perhaps).then(|| self.state.clone());
        let sure = self.sure;
        if runs == Runs::Perhaps {
            self.sure = false;
        }
        let (raised, returned) = (
            std::mem::replace(&mut self.perhaps_raised, false),
            std::mem::replace(&mut self.perhaps_returned, false),
        );
        self.breaks.push(None);
        let end = self.block(body);
        let left = self.breaks.pop().flatten();
        let through = end == End::Falls && runs != Runs::Forever;
        // Three ways lead behind a loop: through its body, past it, and out of it.
        let ways = [through.then(|| self.state.clone()), before, left];
        let mut ways = ways.into_iter().flatten();
        let escaped = self.perhaps_raised || self.perhaps_returned;
        let after_sure = sure && (self.sure || runs == Runs::Perhaps || !escaped);
        self.perhaps_raised |= raised;
        self.perhaps_returned |= returned;
        let Some(mut state) = ways.next() else {
            self.sure = sure && self.sure;
            return match end {
                End::Stops(stop @ (Stop::Raise(_) | Stop::Return)) => End::Stops(stop),
                // Nothing behind an endless loop runs.
                _ if self.mode == Mode::Predict => End::Stops(Stop::Return),
                _ => End::Falls,
            };
        };
        ways.for_each(|other| state.join(&other));
        self.state = state;
        self.sure = after_sure && !(runs == Runs::Perhaps && escaped);
        if other.ops.is_empty() {
            return End::Falls;
        }
        self.branch(&Test::Unknown, other, &Block::default())
    }

    pub(super) fn attempt(
        &mut self,
        body: &Block<'a>,
        handlers: &[Handler<'a>],
        other: &Block<'a>,
        last: &Block<'a>,
    ) -> End<'a> {
        let before = self.state.clone();
        let sure = self.sure;
        let guards = handlers.iter().map(|handler| handler.catches.clone());
        self.guards.push(guards.collect());
        let end = self.block(body);
        self.guards.pop();
        let surely_raised = match (&end, self.sure) {
            (End::Stops(Stop::Raise(name)), true) => Some(*name),
            _ => None,
        };
        // A handler may begin anywhere in the body, unless it is known where.
        let mut raised = self.state.clone();
        if surely_raised.is_none() {
            raised.join(&before);
        }
        let end = match end {
            End::Falls => self.block(other),
            stop => stop,
        };
        let own_sure = self.sure;
        let own = (end, std::mem::replace(&mut self.state, before));
        let mut ways = Vec::new();
        let mut certain = false;
        for handler in handlers {
            let taken = surely_raised.map(|name| takes(&handler.catches, name));
            if taken == Some(Caught::No) && !may_take(&handler.catches, surely_raised) {
                continue;
            }
            certain = matches!(taken, Some(Caught::AsAny | Caught::ByName));
            self.state = raised.clone();
            self.sure = sure && certain;
            let end = self.block(&handler.block);
            ways.push((end, self.state.clone()));
            if certain {
                break;
            }
        }
        if !certain || ways.len() > 1 {
            ways.insert(0, own);
        }
        let first = ways.first().map(|(end, _)| end.clone());
        let falls = ways.iter().filter(|(end, _)| *end == End::Falls);
        let mut states = falls.map(|(_, state)| state);
        let end = match (states.next(), first) {
            (Some(state), first) => {
                let mut state = state.clone();
                states.for_each(|other| state.join(other));
                self.state = state;
                self.sure = if certain {
                    sure && ways.len() == 1
                } else {
                    own_sure && first == Some(End::Falls)
                };
                End::Falls
            }
            (None, first) => {
                if let Some((_, state)) = ways.into_iter().next() {
                    self.state = state;
                }
                self.sure = if certain { sure } else { own_sure };
                first.unwrap_or(End::Falls)
            }
        };
        match self.block(last) {
            End::Falls => end,
            stop => stop,
        }
    }

    /// Takes on trust what a block would bind that does not run.
    fn trust_all(&mut self, block: &Block<'a>) {
        for op in &block.ops {
            match op {
                Op::Bind { name, .. } => self.trust(*name),
                Op::Anything => self.state.open = true,
                // What is bound in there is not seen outside.
                Op::Apart(_) => {}
                _ => op
                    .blocks()
                    .into_iter()
                    .for_each(|inner| self.trust_all(inner)),
            }
        }
    }
}

/// Whether the test asks if a name is there.
fn asks_for_name(test: &Test) -> bool {
    match test {
        Test::Bound(_) => true,
        Test::Not(test) => asks_for_name(test),
        Test::Both(first, second) => asks_for_name(first) || asks_for_name(second),
        _ => false,
    }
}

/// Whether these handlers take an exception of this name.
pub(super) fn takes(catches: &Catches<'_>, exception: &str) -> Caught {
    match catches {
        Catches::Everything => Caught::AsAny,
        Catches::Exceptions
            if matches!(
                exception,
                "SystemExit" | "KeyboardInterrupt" | "GeneratorExit"
            ) =>
        {
            Caught::No
        }
        Catches::Exceptions => Caught::AsAny,
        Catches::These(names, _) if names.contains(&exception) => Caught::ByName,
        Catches::These(..) => Caught::No,
    }
}

/// Whether it cannot be told that they do not: the class may be a base of the exception's.
fn may_take(catches: &Catches<'_>, exception: Option<&str>) -> bool {
    const LEAVES: [&str; 4] = ["NameError", "TypeError", "SystemExit", "AssertionError"];
    match catches {
        Catches::These(_, unsure) => {
            *unsure || !exception.is_some_and(|name| LEAVES.contains(&name))
        }
        _ => false,
    }
}
