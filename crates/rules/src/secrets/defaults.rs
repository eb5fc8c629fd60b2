//! Secrets as defaults: `os.getenv("KEY", "...")`, `os.environ.get("KEY") or "..."`, `key or "..."`.

use nbfix_python::ast::{BoolOp, Expr, ExprBoolOp, ExprCall, ExprSubscript};
use nbfix_python::{AnyNodeRef, SourceOrderVisitor, TraversalSignal, range, string_value};
use nbfix_secrets::{Detector, What};
use nbfix_semantic::{Semantic, Unit};
use nbfix_text::TextRange;

use super::content;

/// A secret that is taken where the environment says nothing.
pub(crate) struct Default<'a, 'd> {
    pub(crate) what: What<'d>,
    /// The secret, in the unit's text.
    pub(crate) value: TextRange,
    /// The whole expression: the read with its default.
    pub(crate) whole: TextRange,
    /// What is left without the default; it starts where the whole does. The text behind it is to go, but for `tail`.
    pub(crate) kept: TextRange,
    /// What stands behind the default and stays: `)`, or nothing.
    pub(crate) tail: &'static str,
    /// The environment variable, if the expression reads one.
    pub(crate) variable: Option<String>,
    /// The nodes around the expression, outermost first.
    pub(crate) ancestors: Vec<AnyNodeRef<'a>>,
}

/// The secrets that are defaults in this unit, in order.
pub(crate) fn of<'a, 'd>(
    semantic: &Semantic<'a>,
    unit: &Unit<'a>,
    detector: &'d Detector,
) -> Vec<Default<'a, 'd>> {
    let words = ["environ", "getenv", " or "];
    if !words.iter().any(|word| unit.source.contains(word)) {
        return Vec::new();
    }
    let mut walk = Walk {
        semantic,
        unit,
        detector,
        ancestors: Vec::new(),
        found: Vec::new(),
    };
    walk.visit_body(unit.module.body());
    walk.found
}

struct Walk<'s, 'a, 'd> {
    semantic: &'s Semantic<'a>,
    unit: &'s Unit<'a>,
    detector: &'d Detector,
    ancestors: Vec<AnyNodeRef<'a>>,
    found: Vec<Default<'a, 'd>>,
}

impl<'a> SourceOrderVisitor<'a> for Walk<'_, 'a, '_> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        let found = match node {
            AnyNodeRef::ExprCall(call) => self.in_call(call),
            AnyNodeRef::ExprBoolOp(either) => self.in_either(either),
            _ => None,
        };
        self.found.extend(found);
        self.ancestors.push(node);
        TraversalSignal::Traverse
    }

    fn leave_node(&mut self, _: AnyNodeRef<'a>) {
        self.ancestors.pop();
    }
}

impl<'a, 'd> Walk<'_, 'a, 'd> {
    fn in_call(&self, call: &'a ExprCall) -> Option<Default<'a, 'd>> {
        let variable = self.read_by_call(call)?;
        let arguments = &call.arguments;
        let named = arguments
            .keywords
            .iter()
            .find(|it| it.arg.as_ref().is_some_and(|arg| arg == "default"));
        let default = arguments.args.get(1).or(named.map(|it| &it.value))?;
        let value = content(self.unit.source, default)?;
        let what = self
            .detector
            .assigned_to(&variable, string_value(default)?)?;
        let first = range(arguments.args.first()?);
        let whole = range(call);
        Some(Default {
            what,
            value,
            whole,
            kept: TextRange::new(whole.start(), first.end()),
            tail: ")",
            variable: Some(variable),
            ancestors: self.ancestors.clone(),
        })
    }

    fn in_either(&self, either: &'a ExprBoolOp) -> Option<Default<'a, 'd>> {
        if either.op != BoolOp::Or {
            return None;
        }
        let (last, before) = either.values.split_last()?;
        let nearest = before.last()?;
        let value = content(self.unit.source, last)?;
        let variable = before.iter().find_map(|expr| self.read(expr));
        let name = variable.clone().or_else(|| match nearest {
            Expr::Name(name) => Some(name.id.to_string()),
            Expr::Attribute(attribute) => Some(attribute.attr.to_string()),
            _ => None,
        })?;
        let what = self.detector.assigned_to(&name, string_value(last)?)?;
        let kept = TextRange::new(range(either).start(), range(nearest).end());
        let between = TextRange::new(kept.end(), range(last).start());
        // Parentheses around one of them would be torn apart.
        (between.of(self.unit.source).trim() == "or").then(|| Default {
            what,
            value,
            whole: range(either),
            kept,
            tail: "",
            variable,
            ancestors: self.ancestors.clone(),
        })
    }

    /// The environment variable that an expression reads.
    fn read(&self, expr: &Expr) -> Option<String> {
        match expr {
            Expr::Call(call) => self.read_by_call(call),
            Expr::Subscript(ExprSubscript { value, slice, .. }) => {
                let path = self.semantic.qualified(self.unit, &**value);
                let name = string_value(slice)?;
                (path.as_deref() == Some("os.environ")).then(|| name.to_owned())
            }
            _ => None,
        }
    }

    fn read_by_call(&self, call: &ExprCall) -> Option<String> {
        let path = self.semantic.qualified(self.unit, &*call.func)?;
        let reads = [
            "os.environ.get",
            "os.getenv",
            "os.environ.setdefault",
            "os.environ.pop",
        ];
        let name = string_value(call.arguments.args.first()?)?;
        reads.contains(&path.as_str()).then(|| name.to_owned())
    }
}
