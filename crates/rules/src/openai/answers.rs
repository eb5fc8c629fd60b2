//! Reads of what the calls answer: entries of dictionaries become attributes of objects, wherever the answer goes.

use std::cell::RefCell;
use std::collections::BTreeMap;

use nbfix_ipynb::CellId;
use nbfix_python::ast::visitor::source_order::walk_stmt;
use nbfix_python::ast::{AnyNodeRef, Comprehension, Expr, ExprCall, ExprName, Stmt};
use nbfix_python::{SourceOrderVisitor, TraversalSignal, is_builtin, range, string_value};
use nbfix_semantic::{BindingKind, ProgramId, Semantic, Unit};
use nbfix_text::{Edit, TextRange};

use super::Called;

type Edits = Vec<(CellId, Edit)>;

/// How many names and functions in a row are followed.
const MAX_STEPS: usize = 12;

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
const LISTS: &[&str] = &["choices", "data", "results", "tool_calls"];

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
    let mut loops = BTreeMap::new();
    for unit in semantic.units_of(ProgramId::DOCUMENT) {
        let mut targets = Targets(Vec::new());
        targets.visit_body(unit.module.body());
        for (target, iterated) in targets.0 {
            loops.insert((unit.index, target), iterated);
        }
    }
    let mut known: BTreeMap<(usize, TextRange), Shape> = BTreeMap::new();
    for called in calls {
        let stream = called.call.arguments.find_keyword("stream");
        let streams =
            stream.is_some_and(|it| !matches!(&it.value, Expr::BooleanLiteral(no) if !no.value));
        let shape = if streams { Shape::List } else { Shape::Object };
        known.insert((called.unit, range(called.call)), shape);
    }
    let shapes = Shapes {
        semantic,
        known,
        loops,
        open: RefCell::new(0),
    };
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

/// The names that loops bind, with what they run over.
struct Targets<'a>(Vec<(TextRange, &'a Expr)>);

impl<'a> SourceOrderVisitor<'a> for Targets<'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        if let Stmt::For(each) = stmt {
            self.0.push((range(&*each.target), &each.iter));
        }
        walk_stmt(self, stmt);
    }

    fn visit_comprehension(&mut self, each: &'a Comprehension) {
        self.0.push((range(&each.target), &each.iter));
        nbfix_python::ast::visitor::source_order::walk_comprehension(self, each);
    }
}

struct Shapes<'s, 'a> {
    semantic: &'s Semantic<'a>,
    known: BTreeMap<(usize, TextRange), Shape>,
    loops: BTreeMap<(usize, TextRange), &'a Expr>,
    open: RefCell<usize>,
}

impl<'a> Shapes<'_, 'a> {
    /// What an expression is, if it comes of an answer.
    fn of(&self, unit: &Unit<'a>, expr: &'a Expr) -> Option<Shape> {
        if *self.open.borrow() >= MAX_STEPS {
            return None;
        }
        *self.open.borrow_mut() += 1;
        let shape = self.find(unit, expr);
        *self.open.borrow_mut() -= 1;
        shape
    }

    fn find(&self, unit: &Unit<'a>, expr: &'a Expr) -> Option<Shape> {
        if let Some(shape) = self.known.get(&(unit.index, range(expr))) {
            return Some(*shape);
        }
        match expr {
            Expr::Await(awaited) => self.of(unit, &awaited.value),
            Expr::Named(named) => self.of(unit, &named.value),
            Expr::Name(name) => self.name(unit, name),
            Expr::Call(call) => self.call(unit, call),
            Expr::Attribute(attribute) => {
                let of = self.of(unit, &attribute.value)?;
                Some(match of {
                    Shape::Object => member(attribute.attr.as_str()),
                    _ => Shape::Plain,
                })
            }
            Expr::Subscript(subscript) => match self.of(unit, &subscript.value)? {
                Shape::Object => Some(string_value(&subscript.slice).map_or(Shape::Plain, member)),
                Shape::List if matches!(*subscript.slice, Expr::Slice(_)) => Some(Shape::List),
                Shape::List => Some(Shape::Object),
                Shape::Plain => Some(Shape::Plain),
            },
            _ => None,
        }
    }

    fn name(&self, unit: &Unit<'a>, name: &ExprName) -> Option<Shape> {
        let binding = self
            .semantic
            .binding(unit, name.id.as_str(), range(name).start())?;
        let home = self.semantic.units().get(binding.unit)?;
        match &binding.kind {
            BindingKind::Value(value) | BindingKind::With(value) => self.of(home, value),
            BindingKind::Other => {
                let iterated = self.loops.get(&(binding.unit, binding.range))?;
                (self.of(home, iterated)? == Shape::List).then_some(Shape::Object)
            }
            _ => None,
        }
    }

    fn call(&self, unit: &Unit<'a>, call: &'a ExprCall) -> Option<Shape> {
        match &*call.func {
            Expr::Attribute(method) => {
                match (method.attr.as_str(), self.of(unit, &method.value)?) {
                    ("get", Shape::Object) => {
                        let key = call.arguments.args.first().and_then(string_value);
                        Some(key.map_or(Shape::Plain, member))
                    }
                    _ => Some(Shape::Plain),
                }
            }
            Expr::Name(name) => {
                let (home, returned) = self.returns(unit, name)?;
                let mut shapes = returned.into_iter().map(|value| self.of(home, value));
                let first = shapes.next()??;
                // Whoever returns an answer in one place only is found by the reader.
                Some(first)
            }
            _ => None,
        }
    }

    /// What a function of the notebook returns, and where.
    fn returns(&self, unit: &Unit<'a>, name: &ExprName) -> Option<(&Unit<'a>, Vec<&'a Expr>)> {
        let binding = self
            .semantic
            .binding(unit, name.id.as_str(), range(name).start())?;
        let BindingKind::Function(function) = &binding.kind else {
            return None;
        };
        let mut returned = Returned(Vec::new());
        returned.visit_body(&function.body);
        Some((self.semantic.units().get(binding.unit)?, returned.0))
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
        "message" | "usage" | "delta" | "logprobs" | "function_call" | "function"
    ) {
        Shape::Object
    } else {
        Shape::Plain
    }
}

/// The values that a function returns, itself and no function inside it.
struct Returned<'a>(Vec<&'a Expr>);

impl<'a> SourceOrderVisitor<'a> for Returned<'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::Return(each) => self.0.extend(each.value.as_deref()),
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
            _ => walk_stmt(self, stmt),
        }
    }
}

struct Reader<'s, 'a> {
    shapes: &'s Shapes<'s, 'a>,
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

    /// Whether an object may stand here and nobody loses sight of it.
    fn escapes(&self, expr: &'a Expr, shape: Shape) -> bool {
        let at = range(expr);
        let mut around = self.ancestors.iter().rev();
        let Some(parent) = around.next() else {
            return false;
        };
        match parent {
            AnyNodeRef::ExprAttribute(_) | AnyNodeRef::ExprAwait(_) | AnyNodeRef::StmtExpr(_) => {
                false
            }
            AnyNodeRef::ExprSubscript(subscript) => range(&*subscript.value) != at,
            AnyNodeRef::StmtAssign(assign) => !assign.targets.iter().all(Expr::is_name_expr),
            AnyNodeRef::ExprNamed(_) => false,
            AnyNodeRef::StmtFor(each) => !each.target.is_name_expr() || shape != Shape::List,
            AnyNodeRef::Comprehension(each) => !each.target.is_name_expr() || shape != Shape::List,
            AnyNodeRef::StmtReturn(_) => !self.returns_one(),
            AnyNodeRef::InterpolatedElement(_) | AnyNodeRef::ExprFString(_) => false,
            AnyNodeRef::StmtIf(_) | AnyNodeRef::ExprUnaryOp(_) | AnyNodeRef::StmtWhile(_) => false,
            AnyNodeRef::Arguments(_) => {
                let call = around.next();
                let Some(AnyNodeRef::ExprCall(call)) = call else {
                    return true;
                };
                match &*call.func {
                    Expr::Name(name) => {
                        let own = self
                            .shapes
                            .semantic
                            .is_bound(ProgramId::DOCUMENT, name.id.as_str());
                        let harmless = matches!(
                            name.id.as_str(),
                            "print"
                                | "display"
                                | "len"
                                | "str"
                                | "repr"
                                | "type"
                                | "pprint"
                                | "bool"
                                | "isinstance"
                        );
                        !harmless || own && is_builtin(name.id.as_str())
                    }
                    // `messages.append(answer.choices[0].message)`: a message is taken as it is.
                    Expr::Attribute(method) => {
                        method.attr.as_str() != "append"
                            || !self
                                .text(expr)
                                .trim_end_matches(['\'', '"', ']'])
                                .ends_with("message")
                    }
                    _ => true,
                }
            }
            _ => true,
        }
    }

    /// Whether the function around has one return only, and is none of a class, so that its calls are followed.
    fn returns_one(&self) -> bool {
        let mut around = self.ancestors.iter().rev();
        let function = around.find_map(|node| match node {
            AnyNodeRef::StmtFunctionDef(function) => Some(function),
            _ => None,
        });
        let inside = around.any(|node| {
            matches!(
                node,
                AnyNodeRef::StmtClassDef(_) | AnyNodeRef::StmtFunctionDef(_)
            )
        });
        function.is_some_and(|function| {
            let mut returned = Returned(Vec::new());
            returned.visit_body(&function.body);
            !inside && returned.0.len() == 1
        })
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
