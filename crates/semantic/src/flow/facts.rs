//! What each statement of a notebook needs and gives.

use nbfix_ipynb::CellId;
use nbfix_python::range;
use nbfix_text::TextRange;

use super::lower::Lowered;
use super::ops::{Block, Catches, NameId, Op, Stop, Test};
use super::{Plan, Step};
use crate::{ProgramId, Semantic};

/// One statement at the top level of a cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement<'a> {
    /// Where it stands.
    pub range: TextRange,
    /// What it reads when it runs.
    pub reads: Vec<Read<'a>>,
    /// What the functions and classes read that it defines, when somebody calls them.
    pub later: Vec<&'a str>,
    /// The names that it may bind.
    pub binds: Vec<&'a str>,
    /// Those of them that it binds in any case.
    pub surely: Vec<&'a str>,
}

/// A read of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read<'a> {
    /// The name.
    pub name: &'a str,
    /// Whether a handler around takes whatever comes of it, and goes on.
    pub handled: bool,
    /// Whether it is only looked whether there is anything in it: `if name:`.
    pub asked: bool,
    /// Names that hold something wherever this is read, as a condition around says.
    pub given: Vec<&'a str>,
}

/// The statements of each cell of a notebook that is Python; no cell twice, in their order.
pub(crate) fn statements<'a>(
    plan: &Plan<'a>,
    semantic: &Semantic<'a>,
) -> Vec<(CellId, Vec<Statement<'a>>)> {
    let of_step = |(cell, step): &(CellId, Step<'a>)| {
        let Step::Run(blocks) = step else {
            return None;
        };
        let unit = semantic
            .units_of(ProgramId::DOCUMENT)
            .find(|unit| unit.cell == *cell)?;
        let body = unit.module.body();
        let facts = body.iter().zip(blocks).map(|(stmt, block)| {
            let range = range(stmt);
            let mut reader = Reader {
                all: &plan.all,
                found: Statement {
                    range,
                    ..Statement::default()
                },
                handled: false,
                given: Vec::new(),
                conditional: false,
            };
            reader.block(block);
            reader.definitions(unit.index, range);
            reader.found
        });
        Some((*cell, facts.collect()))
    };
    plan.steps.iter().filter_map(of_step).collect()
}

struct Reader<'p, 'a> {
    all: &'p Lowered<'a>,
    found: Statement<'a>,
    handled: bool,
    given: Vec<NameId>,
    conditional: bool,
}

impl<'a> Reader<'_, 'a> {
    fn text(&self, name: NameId) -> &'a str {
        self.all.names.text(name)
    }

    fn block(&mut self, block: &Block<'a>) {
        block.ops.iter().for_each(|op| self.op(op));
    }

    fn perhaps(&mut self, block: &Block<'a>) {
        let outer = std::mem::replace(&mut self.conditional, true);
        self.block(block);
        self.conditional = outer;
    }

    fn op(&mut self, op: &Op<'a>) {
        match op {
            Op::Read { name, .. } => self.read(*name, false),
            Op::Ask { name, .. } => self.read(*name, true),
            Op::Bind { name, .. } => {
                let name = self.text(*name);
                self.found.binds.push(name);
                if !self.conditional {
                    self.found.surely.push(name);
                }
            }
            Op::Branch { test, then, other } => {
                for (block, holds) in [(then, true), (other, false)] {
                    let length = self.given.len();
                    given(test, holds, &mut self.given);
                    self.perhaps(block);
                    self.given.truncate(length);
                }
                self.both(then, other);
            }
            Op::Loop { body, other, .. } => {
                self.perhaps(body);
                self.perhaps(other);
            }
            Op::Try {
                body,
                handlers,
                other,
                last,
            } => {
                let takes_all = |catches: &Catches<'_>| {
                    matches!(catches, Catches::Everything | Catches::Exceptions)
                };
                let goes_on = handlers
                    .iter()
                    .any(|handler| takes_all(&handler.catches) && !ends(&handler.block));
                let outer = self.handled;
                self.handled |= goes_on;
                self.perhaps(body);
                self.handled = outer;
                handlers
                    .iter()
                    .for_each(|handler| self.perhaps(&handler.block));
                self.perhaps(other);
                // What the body and every handler that goes on bind is there in any case.
                for name in bound(body, self.all) {
                    let in_all = handlers
                        .iter()
                        .filter(|handler| !ends(&handler.block))
                        .all(|handler| bound(&handler.block, self.all).contains(&name));
                    if in_all && !self.conditional {
                        self.found.surely.push(name);
                    }
                }
                self.block(last);
            }
            // Older versions of Python evaluate them where they stand.
            Op::Perhaps(block) | Op::Annotation(block) => self.perhaps(block),
            Op::Apart(block) => self.block(block),
            // What is gone at the end was never given.
            Op::Unbind { name, .. } => {
                let name = self.text(*name);
                self.found.binds.retain(|known| *known != name);
                self.found.surely.retain(|known| *known != name);
            }
            Op::Call { .. } | Op::Stop(_) | Op::Anything => {}
        }
    }

    /// What both ways bind is bound in any case.
    fn both(&mut self, then: &Block<'a>, other: &Block<'a>) {
        if self.conditional {
            return;
        }
        let others = bound(other, self.all);
        for name in bound(then, self.all) {
            if others.contains(&name) || ends(other) {
                self.found.surely.push(name);
            }
        }
        if ends(then) {
            self.found.surely.extend(others);
        }
    }

    fn read(&mut self, name: NameId, asked: bool) {
        let given: Vec<&str> = self.given.iter().map(|name| self.text(*name)).collect();
        let read = Read {
            name: self.text(name),
            handled: self.handled,
            asked,
            given,
        };
        if !self.found.reads.contains(&read) {
            self.found.reads.push(read);
        }
    }

    /// What the functions read that stand in the statement.
    fn definitions(&mut self, unit: usize, statement: TextRange) {
        for function in &self.all.functions {
            if function.at.unit != unit || !statement.covers(function.at.range) {
                continue;
            }
            let mut names = Vec::new();
            reads(&function.body, &mut names);
            for name in names {
                let name = self.text(name);
                if !self.found.later.contains(&name) {
                    self.found.later.push(name);
                }
            }
        }
    }
}

/// The names that hold something where the test holds, or does not.
fn given(test: &Test, holds: bool, names: &mut Vec<NameId>) {
    match (test, holds) {
        (Test::Truth(name) | Test::Some(name) | Test::Bound(name), true) => names.push(*name),
        (Test::Not(test), _) => given(test, !holds, names),
        (Test::Both(first, second), true) => {
            given(first, true, names);
            given(second, true, names);
        }
        _ => {}
    }
}

/// Whether a block does not go on behind its end.
fn ends(block: &Block<'_>) -> bool {
    block.ops.iter().any(|op| match op {
        Op::Stop(stop) => matches!(stop, Stop::Raise(_) | Stop::Return),
        Op::Branch { then, other, .. } => ends(then) && ends(other),
        _ => false,
    })
}

/// The names that a block binds in any case, each once.
fn bound<'a>(block: &Block<'a>, all: &Lowered<'a>) -> Vec<&'a str> {
    let mut names = Vec::new();
    for op in &block.ops {
        match op {
            Op::Bind { name, .. } => names.push(all.names.text(*name)),
            Op::Branch { then, other, .. } => {
                let others = bound(other, all);
                names.extend(
                    bound(then, all)
                        .into_iter()
                        .filter(|name| others.contains(name)),
                );
            }
            _ => {}
        }
    }
    names.sort_unstable();
    names.dedup();
    names
}

/// Every global name that a block reads, whatever the way through it.
fn reads(block: &Block<'_>, names: &mut Vec<NameId>) {
    for op in &block.ops {
        match op {
            Op::Read { name, .. } => names.push(*name),
            // Only some versions of Python run it.
            Op::Annotation(_) => {}
            _ => op
                .blocks()
                .into_iter()
                .for_each(|inner| reads(inner, names)),
        }
    }
}
