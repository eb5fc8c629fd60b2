//! What a piece of code does to the names of the notebook, in the order in which it does it.
//!
//! Cells and functions are lowered to this once; running it again and again, at every call, is cheap.

use nbfix_python::ast::ExprCall;
use nbfix_text::TextRange;
use rustc_hash::FxHashMap;

/// A place in a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Site {
    /// Position of the unit (see [`crate::Unit::index`]).
    pub unit: usize,
    /// Where in it.
    pub range: TextRange,
}

/// A global name, by its position in [`Names`].
pub(crate) type NameId = usize;
/// A function or lambda, by its position in the program.
pub(crate) type FunctionId = usize;
/// A class, by its position in the program.
pub(crate) type ClassId = usize;

/// Every global name that the notebook speaks of.
#[derive(Debug, Default)]
pub(crate) struct Names<'a> {
    ids: FxHashMap<&'a str, NameId>,
    texts: Vec<&'a str>,
}

impl<'a> Names<'a> {
    pub(crate) fn id(&mut self, text: &'a str) -> NameId {
        let next = self.texts.len();
        let id = *self.ids.entry(text).or_insert(next);
        if id == next {
            self.texts.push(text);
        }
        id
    }

    pub(crate) fn known(&self, text: &str) -> Option<NameId> {
        self.ids.get(text).copied()
    }

    pub(crate) fn text(&self, id: NameId) -> &'a str {
        self.texts.get(id).copied().unwrap_or_default()
    }

    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }
}

/// Operations in a row.
#[derive(Debug, Default)]
pub(crate) struct Block<'a> {
    pub(crate) ops: Vec<Op<'a>>,
    /// Whether it does more than read names, so that what was known before must be kept aside.
    pub(crate) changes: bool,
}

#[derive(Debug)]
pub(crate) enum Op<'a> {
    /// A global name is read.
    Read { name: NameId, at: Site },
    /// A global name is read only to see whether there is anything in it: `if name:`, `name is None`.
    Ask { name: NameId, at: Site },
    /// A global name gets a value.
    Bind { name: NameId, at: Site, what: What },
    /// A global name is deleted; if `strict`, it must have been there.
    Unbind {
        name: NameId,
        at: Site,
        strict: bool,
    },
    /// A call of something that the notebook may define.
    Call {
        callee: Callee,
        call: &'a ExprCall,
        awaited: bool,
        at: Site,
    },
    /// One of two ways.
    Branch {
        test: Test,
        then: Block<'a>,
        other: Block<'a>,
    },
    /// A loop.
    Loop {
        runs: Runs,
        body: Block<'a>,
        other: Block<'a>,
    },
    /// `try`, and `with suppress(...)`.
    Try {
        body: Block<'a>,
        handlers: Vec<Handler<'a>>,
        other: Block<'a>,
        last: Block<'a>,
    },
    /// What may run, or may not: parts of comprehensions.
    Perhaps(Block<'a>),
    /// What only some versions of Python run.
    Annotation(Block<'a>),
    /// What is bound inside is not seen outside (`%%timeit`).
    Apart(Block<'a>),
    /// The rest does not run.
    Stop(Stop<'a>),
    /// From here on any name may be bound.
    Anything,
}

impl<'a> Op<'a> {
    /// The blocks inside, in the order of the source.
    pub(crate) fn blocks(&self) -> Vec<&Block<'a>> {
        match self {
            Self::Branch { then, other, .. } => vec![then, other],
            Self::Loop { body, other, .. } => vec![body, other],
            Self::Try {
                body,
                handlers,
                other,
                last,
            } => {
                let handlers = handlers.iter().map(|handler| &handler.block);
                std::iter::once(body)
                    .chain(handlers)
                    .chain([other, last])
                    .collect()
            }
            Self::Perhaps(block) | Self::Annotation(block) | Self::Apart(block) => vec![block],
            Self::Read { .. }
            | Self::Ask { .. }
            | Self::Bind { .. }
            | Self::Unbind { .. }
            | Self::Call { .. }
            | Self::Stop(_)
            | Self::Anything => Vec::new(),
        }
    }
}

/// What a name gets, as far as it matters for what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Function(FunctionId),
    Class(ClassId),
    /// What calling this name gives: an instance, if it is a class of the notebook.
    Made(NameId),
    /// What that name holds.
    Alias(NameId),
    /// A constant that counts as true or false.
    Truth(bool),
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Callee {
    /// A global name.
    Name(NameId),
    /// A method of what a global name holds; the attribute's name.
    Method(NameId, NameId),
    /// A method of the class itself (`self.name()`).
    Own(ClassId, NameId),
    /// A function inside the function.
    Inner(FunctionId),
}

/// What a condition says of the names.
#[derive(Clone, Debug)]
pub(crate) enum Test {
    Unknown,
    Constant(bool),
    /// Whether the name's value counts as true.
    Truth(NameId),
    /// `"name" in globals()`
    Bound(NameId),
    /// `name is not None`
    Some(NameId),
    Not(Box<Test>),
    /// Both must hold.
    Both(Box<Test>, Box<Test>),
}

/// How often a loop's body runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runs {
    Never,
    Perhaps,
    /// Once or more.
    Surely,
    /// Until it is left.
    Forever,
}

#[derive(Debug)]
pub(crate) struct Handler<'a> {
    pub(crate) catches: Catches<'a>,
    pub(crate) block: Block<'a>,
}

/// The exceptions that a handler takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Catches<'a> {
    /// All, `SystemExit` too.
    Everything,
    /// `Exception`, and with it nearly all.
    Exceptions,
    /// These, by the last part of their names; whether one of them could not be told.
    These(Vec<&'a str>, bool),
}

/// What ends a piece of code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop<'a> {
    Return,
    Break,
    Continue,
    /// An exception of this name; empty if it could not be told.
    Raise(&'a str),
}
