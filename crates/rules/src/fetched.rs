//! Whether the answer to a request is a file: a function fetches what its caller names, and takes the bytes as they are.

use nbfix_lint::Context;
use nbfix_python::ast::{AnyNodeRef, Expr, ExprCall, Stmt, StmtFunctionDef};
use nbfix_python::{NodeKind, SourceOrderVisitor, TraversalSignal, range};

use crate::loop_parts::Changes;

/// What holds the bytes of an answer.
const BYTES: &[&str] = &["content", "iter_content", "raw"];

/// What tells of an answer, and not what is in it.
const ABOUT: &[&str] = &["raise_for_status", "status_code", "ok", "headers", "close"];

/// Words of functions that read pages or data, for which bytes are as good as text.
const READERS: &[&str] = &["json", "BeautifulSoup", "decode(", "fromstring"];

/// Whether a call that gets `address` fetches a file for its function: the address is a parameter of the function, and
/// the answer is read as bytes only. Not in a loop of the function.
pub(crate) fn for_function<'a>(
    context: &Context<'_, 'a>,
    call: &'a ExprCall,
    address: &Expr,
) -> bool {
    let Some(function) = context.function() else {
        return false;
    };
    let inside = context.ancestors.iter().rev();
    let mut inside = inside.take_while(|node| node.kind() != NodeKind::StmtFunctionDef);
    let text = range(function).of(context.unit.source);
    !inside.any(|node| repeats(node.kind()))
        && is_parameter(function, address)
        && !READERS.iter().any(|word| text.contains(word))
        && is_read_as_bytes(context, call, &function.body)
}

/// Whether what stands in such a node may run more than once when its function is called once.
fn repeats(kind: NodeKind) -> bool {
    matches!(
        kind,
        NodeKind::StmtClassDef
            | NodeKind::ExprLambda
            | NodeKind::StmtFor
            | NodeKind::StmtWhile
            | NodeKind::ExprListComp
            | NodeKind::ExprSetComp
            | NodeKind::ExprDictComp
            | NodeKind::ExprGenerator
    )
}

/// Whether an expression is a parameter that the function leaves as it is.
fn is_parameter(function: &StmtFunctionDef, address: &Expr) -> bool {
    let Expr::Name(name) = address else {
        return false;
    };
    let mut parameters = function.parameters.iter_non_variadic_params();
    let mut changes = Changes { names: Vec::new() };
    changes.visit_body(&function.body);
    parameters.any(|each| each.parameter.name.as_str() == name.id.as_str())
        && !changes.names.contains(&name.id.as_str())
}

fn is_read_as_bytes<'a>(context: &Context<'_, 'a>, call: &ExprCall, body: &'a [Stmt]) -> bool {
    let name = match context.parent() {
        Some(AnyNodeRef::ExprAttribute(read)) => return BYTES.contains(&read.attr.as_str()),
        Some(AnyNodeRef::StmtAssign(assign)) => match assign.targets.as_slice() {
            [Expr::Name(name)] if range(&*assign.value) == range(call) => name,
            _ => return false,
        },
        Some(AnyNodeRef::WithItem(item)) => match item.optional_vars.as_deref() {
            Some(Expr::Name(name)) => name,
            _ => return false,
        },
        _ => return false,
    };
    let mut reads = Reads {
        name: name.id.as_str(),
        parents: Vec::new(),
        bytes: false,
        others: false,
    };
    reads.visit_body(body);
    reads.bytes && !reads.others
}

/// How the answer of this name is read.
struct Reads<'n, 'a> {
    name: &'n str,
    parents: Vec<AnyNodeRef<'a>>,
    bytes: bool,
    others: bool,
}

impl<'a> SourceOrderVisitor<'a> for Reads<'_, 'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        if let AnyNodeRef::ExprName(name) = node
            && name.ctx.is_load()
            && name.id.as_str() == self.name
        {
            match self.parents.last() {
                Some(AnyNodeRef::ExprAttribute(read)) if BYTES.contains(&read.attr.as_str()) => {
                    self.bytes = true;
                }
                Some(AnyNodeRef::ExprAttribute(read)) if ABOUT.contains(&read.attr.as_str()) => {}
                _ => self.others = true,
            }
        }
        self.parents.push(node);
        TraversalSignal::Traverse
    }

    fn leave_node(&mut self, _: AnyNodeRef<'a>) {
        self.parents.pop();
    }
}
