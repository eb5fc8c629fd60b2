//! Whether a function of the notebook takes the arguments of a call.

use nbfix_python::ast::{ExprCall, Parameters};

/// Why a call cannot work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// Parameters that get no value.
    Missing(Vec<String>),
    /// More arguments without a name than are taken: how many are, and how many are given.
    TooMany {
        /// How many the function takes.
        takes: usize,
        /// How many the call gives.
        given: usize,
    },
    /// An argument of a name that the function does not know.
    Unknown(String),
    /// An argument that is given by position and by name.
    Twice(String),
    /// A parameter that only takes a position is given by name.
    PositionOnly(String),
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Mismatch::Missing(names) => {
                let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                write!(f, "gets no {}", names.join(", no "))
            }
            Mismatch::TooMany { takes, given } => {
                write!(
                    f,
                    "takes {takes} positional argument{}, and gets {given}",
                    if *takes == 1 { "" } else { "s" }
                )
            }
            Mismatch::Unknown(name) => write!(f, "takes no argument `{name}`"),
            Mismatch::Twice(name) => write!(f, "gets `{name}` twice"),
            Mismatch::PositionOnly(name) => write!(f, "takes `{name}` by position only"),
        }
    }
}

/// What is wrong with `call`, if anything surely is. `bound` parameters at the start are given already (`self`).
pub(crate) fn mismatch(parameters: &Parameters, call: &ExprCall, bound: usize) -> Option<Mismatch> {
    let arguments = &call.arguments;
    let unpacks = arguments.args.iter().any(|each| each.is_starred_expr());
    let unpacks_names = arguments
        .keywords
        .iter()
        .any(|keyword| keyword.arg.is_none());
    let positional: Vec<_> = parameters
        .posonlyargs
        .iter()
        .chain(&parameters.args)
        .collect();
    let taken = positional.get(bound..).unwrap_or_default();
    let position_only = parameters.posonlyargs.len().saturating_sub(bound);
    let given = arguments.args.len();
    if !unpacks && given > taken.len() && parameters.vararg.is_none() {
        return Some(Mismatch::TooMany {
            takes: taken.len(),
            given,
        });
    }
    let by_name = |name: &str| {
        let names = arguments
            .keywords
            .iter()
            .filter_map(|keyword| keyword.arg.as_ref());
        names.into_iter().any(|known| known.as_str() == name)
    };
    for keyword in arguments
        .keywords
        .iter()
        .filter_map(|keyword| keyword.arg.as_ref())
    {
        let name = keyword.as_str();
        let position = taken
            .iter()
            .position(|each| each.parameter.name.as_str() == name);
        let only_by_name = parameters
            .kwonlyargs
            .iter()
            .any(|each| each.parameter.name.as_str() == name);
        match position {
            Some(at) if at < position_only && parameters.kwarg.is_none() => {
                return Some(Mismatch::PositionOnly(name.to_owned()));
            }
            Some(at) if at >= position_only && !unpacks && at < given => {
                return Some(Mismatch::Twice(name.to_owned()));
            }
            None if !only_by_name && parameters.kwarg.is_none() => {
                return Some(Mismatch::Unknown(name.to_owned()));
            }
            _ => {}
        }
    }
    if unpacks_names {
        return None;
    }
    let mut missing: Vec<String> = Vec::new();
    if !unpacks {
        let rest = taken.iter().enumerate().skip(given);
        let lacking = rest.filter(|(at, each)| {
            let named = *at >= position_only && by_name(each.parameter.name.as_str());
            each.default.is_none() && !named
        });
        missing.extend(lacking.map(|(_, each)| each.parameter.name.to_string()));
    }
    let only = parameters.kwonlyargs.iter();
    let lacking =
        only.filter(|each| each.default.is_none() && !by_name(each.parameter.name.as_str()));
    missing.extend(lacking.map(|each| each.parameter.name.to_string()));
    (!missing.is_empty()).then_some(Mismatch::Missing(missing))
}
