//! Reads of what the calls answer: entries of dictionaries become attributes of objects, wherever the answer goes.

use std::collections::BTreeMap;

use nbfix_ipynb::CellId;
use nbfix_python::ast::{AnyNodeRef, Expr, ExprCall};
use nbfix_python::{SourceOrderVisitor, TraversalSignal, range, string_value};
use nbfix_semantic::{ProgramId, Semantic, Unit};
use nbfix_text::{Edit, TextRange};

use super::Called;
use crate::migrate::trace::{Goes, Kinds, Tracer, goes};

type Edits = Vec<(CellId, Edit)>;

/// Entries that hold plain values, and not objects: what is read of them stays as it is.
const LEAVES: &[&str] = &[
    "content",
    "text",
    "embedding",
    "url",
    "b64_json",
    "revised_prompt",
    "role",
    "id",
    "model",
    "object",
    "created",
    "index",
    "finish_reason",
    "total_tokens",
    "prompt_tokens",
    "completion_tokens",
    "name",
    "arguments",
    "flagged",
    "top_logprobs",
    "token_logprobs",
    "tokens",
    "text_offset",
];

/// Entries that hold lists of objects.
const LISTS: &[&str] = &[
    "choices",
    "data",
    "results",
    "tool_calls",
    "segments",
    "words",
];

/// Keys that hardly anything but an answer has; who reads one of what cannot be followed may read an answer.
const TELLING: &[&str] = &["choices", "delta", "usage", "finish_reason", "total_tokens"];

/// What an expression is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// An object of an answer.
    Object,
    /// A list of such objects, or a stream of them.
    List,
    /// The function's coroutine or something else that holds plain values.
    Plain,
}

/// The edits of all reads; or the reason why one cannot be mended.
pub(super) fn edits<'a>(semantic: &Semantic<'a>, calls: &[Called<'a>]) -> Result<Edits, String> {
    let mut known: BTreeMap<(usize, TextRange), Shape> = BTreeMap::new();
    for called in calls {
        let stream = called.call.arguments.find_keyword("stream");
        let streams =
            stream.is_some_and(|it| !matches!(&it.value, Expr::BooleanLiteral(no) if !no.value));
        let format = called.call.arguments.find_keyword("response_format");
        let is_text = called.target.starts_with("audio.")
            && format
                .is_some_and(|it| matches!(string_value(&it.value), Some("text" | "srt" | "vtt")));
        let shape = match (is_text, streams) {
            (true, _) => Shape::Plain,
            (false, true) => Shape::List,
            (false, false) => Shape::Object,
        };
        known.insert((called.unit, range(called.call)), shape);
    }
    let shapes = Tracer::new(semantic, Answers(known));
    let mut edits = Edits::new();
    for unit in semantic.units_of(ProgramId::DOCUMENT) {
        let mut reader = Reader {
            shapes: &shapes,
            unit,
            ancestors: Vec::new(),
            edits: Vec::new(),
            blocked: None,
        };
        reader.visit_body(unit.module.body());
        if let Some(why) = reader.blocked {
            return Err(format!("{why} (cell {})", unit.cell.number()));
        }
        edits.extend(reader.edits.into_iter().map(|edit| (unit.cell, edit)));
    }
    Ok(edits)
}

/// What the calls that are mended answer.
struct Answers(BTreeMap<(usize, TextRange), Shape>);

impl<'a> Kinds<'a> for Answers {
    type Kind = Shape;

    fn known(&self, _: &Tracer<'_, 'a, Self>, unit: &Unit<'a>, expr: &'a Expr) -> Option<Shape> {
        self.0.get(&(unit.index, range(expr))).copied()
    }

    fn member(&self, of: Shape, name: &str) -> Option<Shape> {
        Some(match of {
            Shape::Object => member(name),
            _ => Shape::Plain,
        })
    }

    fn item(&self, of: Shape, slice: &Expr) -> Option<Shape> {
        Some(match of {
            Shape::Object => string_value(slice).map_or(Shape::Plain, member),
            Shape::List if matches!(slice, Expr::Slice(_)) => Shape::List,
            Shape::List => Shape::Object,
            Shape::Plain => Shape::Plain,
        })
    }

    fn method(&self, of: Shape, name: &str, call: &'a ExprCall) -> Option<Shape> {
        Some(match (name, of) {
            ("get", Shape::Object) => {
                let key = call.arguments.args.first().and_then(string_value);
                key.map_or(Shape::Plain, member)
            }
            _ => Shape::Plain,
        })
    }

    fn element(&self, of: Shape) -> Option<Shape> {
        (of == Shape::List).then_some(Shape::Object)
    }
}

/// What the entry of an object is.
fn member(name: &str) -> Shape {
    if LEAVES.contains(&name) {
        Shape::Plain
    } else if LISTS.contains(&name) {
        Shape::List
    } else if matches!(
        name,
        "message"
            | "usage"
            | "delta"
            | "logprobs"
            | "function_call"
            | "function"
            | "categories"
            | "category_scores"
    ) {
        Shape::Object
    } else {
        Shape::Plain
    }
}

struct Reader<'s, 'a> {
    shapes: &'s Tracer<'s, 'a, Answers>,
    unit: &'s Unit<'a>,
    ancestors: Vec<AnyNodeRef<'a>>,
    edits: Vec<Edit>,
    blocked: Option<String>,
}

impl<'a> Reader<'_, 'a> {
    fn block(&mut self, why: impl Into<String>) {
        self.blocked.get_or_insert(why.into());
    }

    fn text(&self, expr: &Expr) -> &'a str {
        range(expr).of(self.unit.source)
    }

    fn subscript(&mut self, expr: &'a Expr) {
        let Expr::Subscript(subscript) = expr else {
            return;
        };
        let key = string_value(&subscript.slice);
        match (self.shapes.of(self.unit, &subscript.value), key) {
            (Some(Shape::Object), Some(key)) if is_identifier(key) => {
                if !matches!(self.ancestors.last(), Some(AnyNodeRef::StmtAssign(each)) if each.targets.iter().any(|it| range(it) == range(expr)))
                    && !matches!(self.ancestors.last(), Some(AnyNodeRef::StmtDelete(_)))
                {
                    self.member(range(&*subscript.value).end(), '[', range(expr).end(), key);
                } else {
                    self.block(format!("`{}` is changed", self.text(expr)));
                }
            }
            (Some(Shape::Object), _) => {
                self.block(format!(
                    "`{}` is no entry that can be told",
                    self.text(expr)
                ));
            }
            (None, Some(key)) if TELLING.contains(&key) => {
                self.block(format!(
                    "`{}` may read an answer, and cannot be followed",
                    self.text(expr)
                ));
            }
            _ => {}
        }
    }

    /// Puts `.key` in the place of what stands behind `value`, from `sign` to `end`.
    fn member(&mut self, value: usize, sign: char, end: usize, key: &str) {
        let between = self.unit.source.get(value..end).unwrap_or_default();
        match between.find(sign) {
            Some(at) => {
                let at = TextRange::new(value + at, end);
                self.edits.push(Edit::replace(at, format!(".{key}")));
            }
            None => self.block("an answer is read in a way that cannot be told"),
        }
    }

    fn method(&mut self, call: &'a ExprCall, whole: &'a Expr) {
        let Expr::Attribute(method) = &*call.func else {
            return;
        };
        if self.shapes.of(self.unit, &method.value) != Some(Shape::Object) {
            return;
        }
        let (value, end) = (range(&*method.value), range(whole).end());
        match (method.attr.as_str(), &call.arguments.args[..]) {
            ("get", [key, rest @ ..]) => {
                let Some(key) = string_value(key).filter(|key| is_identifier(key)) else {
                    return self.block(format!(
                        "`{}` is no entry that can be told",
                        self.text(whole)
                    ));
                };
                match rest {
                    [] => self.member(value.end(), '.', end, key),
                    [default] => {
                        let default = self.text(default);
                        self.edits.push(Edit::insert(range(whole).start(), "("));
                        self.member(value.end(), '.', end, &format!("{key} or {default})"));
                    }
                    _ => self.block("`get` takes too much"),
                }
            }
            ("to_dict" | "to_dict_recursive", []) => {
                self.edits
                    .push(Edit::replace(range(&method.attr), "model_dump"));
            }
            (name, _) => self.block(format!("an answer has no `{name}` any more")),
        }
    }

    /// Whether somebody loses sight of an object that stands here.
    fn escapes(&self, expr: &'a Expr, shape: Shape) -> bool {
        match goes(self.shapes, self.unit, &self.ancestors, expr) {
            Goes::Followed | Goes::Shown => false,
            Goes::Iterated => shape != Shape::List,
            // `messages.append(answer.choices[0].message)`: a message is taken as it is.
            Goes::Given(call) => {
                let text = self.text(expr).trim_end_matches(['\'', '"', ']']);
                !matches!(&*call.func, Expr::Attribute(method) if method.attr.as_str() == "append")
                    || !text.ends_with("message")
            }
            Goes::Away => true,
        }
    }
}

fn is_identifier(key: &str) -> bool {
    !key.is_empty()
        && !key.starts_with(|c: char| c.is_ascii_digit())
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

impl<'a> SourceOrderVisitor<'a> for Reader<'_, 'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        self.ancestors.push(node);
        TraversalSignal::Traverse
    }

    fn leave_node(&mut self, _: AnyNodeRef<'a>) {
        self.ancestors.pop();
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Subscript(_) => self.subscript(expr),
            Expr::Call(call) => self.method(call, expr),
            _ => {}
        }
        if !matches!(expr, Expr::Name(name) if !name.ctx.is_load()) {
            let shape = self.shapes.of(self.unit, expr);
            if let Some(shape) = shape.filter(|shape| *shape != Shape::Plain)
                && self.escapes(expr, shape)
            {
                let text = self.text(expr).lines().next().unwrap_or_default();
                self.block(format!(
                    "the answer `{text}` goes where it cannot be followed"
                ));
            }
        }
        nbfix_python::ast::visitor::source_order::walk_expr(self, expr);
    }
}
