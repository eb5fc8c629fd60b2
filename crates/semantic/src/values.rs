//! What an expression is known to be: light value flow.
//!
//! [`Semantic::value`] follows names through the cells, puts texts and lists together, and looks into the notebook's
//! own functions as far as they say what they give in one `return`. It tells what is *likely* to run, for rules that look
//! for a command or a name; it is no interpreter. What it does not follow: methods that change a list or dictionary
//! in place (`append`, `update`), loops (a loop's target is any of the elements), `global` writes by functions, and names
//! that are set from outside.
//!
//! Every question is bounded: at most [`MAX_STEPS`] expressions are looked at, [`MAX_DEPTH`] deep, a text keeps at most
//! [`MAX_TEXT`] bytes, and where more than [`MAX_CHOICES`] alternatives come up nothing is known. Nothing is kept between
//! questions, so that those who do not ask do not pay.

mod bindings;
mod callable;
mod eval;
mod modules;
mod ops;
mod text;

pub use callable::{Arguments, Body, Callable};
pub use text::{Piece, Text};

use nbfix_python::ast::Expr;

use crate::{Semantic, Unit};
use eval::Evaluator;

/// How many expressions one question looks at.
pub const MAX_STEPS: usize = 600;
/// How many names, calls and operators in a row one question follows.
pub const MAX_DEPTH: usize = 24;
/// How many bytes a known text may have.
pub const MAX_TEXT: usize = 16 * 1024;
/// How many alternatives are told apart.
pub const MAX_CHOICES: usize = 8;

/// What an expression is known to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// A `str`, parts of which may be unknown.
    Text(Text<'a>),
    /// A number, as written.
    Number(&'a str),
    /// `True` or `False`.
    Bool(bool),
    /// `None`.
    None,
    /// A list or set of these elements, in order.
    List(Vec<Value<'a>>),
    /// A tuple of these elements.
    Tuple(Vec<Value<'a>>),
    /// A dictionary, in the order in which its entries are written; of equal keys the last counts.
    Dict(Vec<(Value<'a>, Value<'a>)>),
    /// In a list, tuple or dictionary: any number of unknown elements, as written (`*rest`, `**more`).
    Several(&'a str),
    /// What the environment variable holds; without it the default, or, without that, nothing useful (`None`, `KeyError`).
    Env {
        /// The variable.
        name: String,
        /// The default that the code gives.
        default: Option<Box<Value<'a>>>,
    },
    /// `shutil.which(name)`: the path of the program, or `None`.
    Which(Box<Value<'a>>),
    /// One of these, two to [`MAX_CHOICES`], none of them an `Either`; the first is what the code prefers.
    Either(Vec<Value<'a>>),
    /// Nothing is known but the source text.
    Unknown(&'a str),
}

impl<'a> Value<'a> {
    /// The text, if every part of it is known for certain.
    pub fn exact(&self) -> Option<&str> {
        match self {
            Self::Text(text) => text.exact(),
            _ => None,
        }
    }

    /// The text that this most likely is: a default where the environment says nothing, the program that
    /// `shutil.which` looks for, the first alternative of which something is known. Unknown parts stand as
    /// `{source}`. `None` if nothing is known, or if it is no text.
    pub fn likely(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.likely()),
            Self::Number(number) => Some((*number).to_owned()),
            Self::Env { default, .. } => default.as_ref()?.likely(),
            Self::Which(name) => name.likely(),
            Self::Either(choices) => choices.iter().find_map(Self::likely),
            _ => None,
        }
    }

    /// The alternatives: those of an `Either`, else the value itself.
    pub fn choices(&self) -> &[Value<'a>] {
        match self {
            Self::Either(choices) => choices,
            one => std::slice::from_ref(one),
        }
    }

    /// The elements of a list or tuple.
    pub fn elements(&self) -> Option<&[Value<'a>]> {
        match self {
            Self::List(elements) | Self::Tuple(elements) => Some(elements),
            _ => None,
        }
    }

    /// Whether it counts as true in an `if` or `or`, if that is certain.
    pub fn truth(&self) -> Option<bool> {
        match self {
            Self::Text(text) if text.has_known() => Some(true),
            Self::Text(text) => text.exact().map(|text| !text.is_empty()),
            Self::Bool(truth) => Some(*truth),
            Self::None => Some(false),
            Self::List(elements) | Self::Tuple(elements) => {
                let certain = |element: &&Value<'a>| !matches!(element, Self::Several(_));
                match elements.iter().find(certain) {
                    Some(_) => Some(true),
                    None => elements.is_empty().then_some(false),
                }
            }
            _ => None,
        }
    }

    /// One of these, flat; nothing is known of too many.
    fn either(choices: Vec<Value<'a>>, source: &'a str) -> Self {
        let mut flat: Vec<Value<'a>> = Vec::new();
        for choice in choices {
            let parts = match choice {
                Self::Either(parts) => parts,
                one => vec![one],
            };
            for part in parts {
                if !flat.contains(&part) {
                    flat.push(part);
                }
            }
        }
        match flat.len() {
            0 => Self::Unknown(source),
            1 => flat.swap_remove(0),
            2..=MAX_CHOICES => Self::Either(flat),
            _ => Self::Unknown(source),
        }
    }

    /// This as a part of a text.
    fn into_text(self, source: &'a str) -> Text<'a> {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => Text::known(number),
            Self::Bool(true) => Text::known("True"),
            Self::Bool(false) => Text::known("False"),
            Self::None => Text::known("None"),
            Self::Unknown(source) | Self::Several(source) => Text::unknown(source, None),
            other => Text::unknown(source, other.likely()),
        }
    }
}

impl<'a> Semantic<'a> {
    /// What `expr`, which stands in `unit`, is known to be when its cell has run in the order of the document.
    ///
    /// A name stands for what was last bound above it, or, in a function, for what any binding gives; where bindings are
    /// conditional it is [`Value::Either`]. A parameter is unknown. Calls of the notebook's own functions are looked
    /// into if their body ends in its only `return`.
    pub fn value(&self, unit: &Unit<'a>, expr: &'a Expr) -> Value<'a> {
        self.value_with(unit, expr, &Arguments::default())
    }

    /// The same, for an expression in a function that was called with these arguments.
    pub fn value_with(
        &self,
        unit: &Unit<'a>,
        expr: &'a Expr,
        arguments: &Arguments<'a>,
    ) -> Value<'a> {
        Evaluator::new(self, arguments).value(unit.index, expr)
    }
}
