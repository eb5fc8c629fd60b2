//! The shape of a node: what two nodes of one kind must share to be alike.

use nbfix_python::AnyNodeRef;
use nbfix_python::ast::{self, Arguments, ElifElseClause, Expr, Identifier, Stmt};
use nbfix_text::TextRange;

/// One part of a node. Two nodes of one kind have the same number of parts.
pub(crate) enum Part<'a> {
    /// Must be the same text: an operator, a flag.
    Word(&'static str),
    /// One node.
    One(AnyNodeRef<'a>),
    /// A node that may be missing, and is missing in both or in none.
    Maybe(Option<AnyNodeRef<'a>>),
    /// A node that is only looked at if the pattern names it: annotations.
    Asked(Option<AnyNodeRef<'a>>),
    /// Nodes in a row, which a `$$$` may take.
    Run(Run<'a>),
    /// Nodes of which the pattern may name some: decorators.
    Some(Vec<AnyNodeRef<'a>>),
    /// Arguments; keywords in any order.
    Arguments(Option<&'a Arguments>),
}

/// Nodes in a row.
pub(crate) struct Run<'a> {
    pub(crate) nodes: Vec<AnyNodeRef<'a>>,
    /// The text between the brackets, if there are any: brackets around single elements lie in it.
    pub(crate) within: Option<TextRange>,
}

fn one<'a>(expr: &'a Expr) -> Part<'a> {
    Part::One(AnyNodeRef::from(expr))
}

fn name(identifier: &Identifier) -> Part<'_> {
    Part::One(AnyNodeRef::Identifier(identifier))
}

fn maybe(expr: Option<&Expr>) -> Part<'_> {
    Part::Maybe(expr.map(AnyNodeRef::from))
}

fn maybe_name(identifier: Option<&Identifier>) -> Part<'_> {
    Part::Maybe(identifier.map(AnyNodeRef::Identifier))
}

fn run<'a, T: 'a>(nodes: impl IntoIterator<Item = &'a T>) -> Part<'a>
where
    AnyNodeRef<'a>: From<&'a T>,
{
    let nodes = nodes.into_iter().map(AnyNodeRef::from).collect();
    Part::Run(Run {
        nodes,
        within: None,
    })
}

/// Elements between brackets, whose own ranges leave out brackets around single elements.
fn elements<'a>(exprs: &'a [Expr], around: TextRange, brackets: bool) -> Part<'a> {
    let inner = if brackets { inside(around) } else { around };
    Part::Run(Run {
        nodes: exprs.iter().map(AnyNodeRef::from).collect(),
        within: Some(inner),
    })
}

/// What stands between the brackets of a bracketed range.
pub(crate) fn inside(around: TextRange) -> TextRange {
    TextRange::new(around.start() + 1, around.end().saturating_sub(1))
}

fn body(statements: &[Stmt]) -> Part<'_> {
    run(statements)
}

fn flag(is: bool, word: &'static str) -> Part<'static> {
    Part::Word(if is { word } else { "" })
}

fn clauses(clauses: &[ElifElseClause]) -> Part<'_> {
    Part::Run(Run {
        nodes: clauses.iter().map(AnyNodeRef::ElifElseClause).collect(),
        within: None,
    })
}

/// The parts of a node; `None` for leaves, which are compared by value, and for strings.
pub(crate) fn parts(node: AnyNodeRef<'_>) -> Option<Vec<Part<'_>>> {
    use AnyNodeRef as N;
    let range = nbfix_python::range(node);
    Some(match node {
        N::ExprBoolOp(e) => vec![Part::Word(e.op.as_str()), run(&e.values)],
        N::ExprNamed(e) => vec![one(&e.target), one(&e.value)],
        N::ExprBinOp(e) => vec![Part::Word(e.op.as_str()), one(&e.left), one(&e.right)],
        N::ExprUnaryOp(e) => vec![Part::Word(e.op.as_str()), one(&e.operand)],
        N::ExprLambda(e) => vec![
            Part::Maybe(e.parameters.as_deref().map(N::Parameters)),
            one(&e.body),
        ],
        N::ExprIf(e) => vec![one(&e.test), one(&e.body), one(&e.orelse)],
        N::ExprSet(e) => vec![elements(&e.elts, range, true)],
        N::ExprList(e) => vec![elements(&e.elts, range, true)],
        N::ExprTuple(e) => vec![elements(&e.elts, range, e.parenthesized)],
        N::ExprListComp(e) => vec![one(&e.elt), run(&e.generators)],
        N::ExprSetComp(e) => vec![one(&e.elt), run(&e.generators)],
        N::ExprGenerator(e) => vec![one(&e.elt), run(&e.generators)],
        N::ExprDictComp(e) => vec![maybe(e.key.as_deref()), one(&e.value), run(&e.generators)],
        N::Comprehension(e) => vec![
            flag(e.is_async, "async"),
            one(&e.target),
            one(&e.iter),
            run(&e.ifs),
        ],
        N::ExprAwait(e) => vec![one(&e.value)],
        N::ExprYield(e) => vec![maybe(e.value.as_deref())],
        N::ExprYieldFrom(e) => vec![one(&e.value)],
        N::ExprCompare(e) => {
            let ops = e.ops.iter().map(|op| Part::Word(op.as_str()));
            let sides = std::iter::once(one(&e.left)).chain(e.comparators.iter().map(one));
            ops.chain(sides).collect()
        }
        N::ExprCall(e) => vec![one(&e.func), Part::Arguments(Some(&e.arguments))],
        N::ExprAttribute(e) => vec![name(&e.attr), one(&e.value)],
        N::ExprSubscript(e) => vec![one(&e.value), one(&e.slice)],
        N::ExprStarred(e) => vec![one(&e.value)],
        N::ExprSlice(e) => vec![
            maybe(e.lower.as_deref()),
            maybe(e.upper.as_deref()),
            maybe(e.step.as_deref()),
        ],
        N::Keyword(e) => vec![maybe_name(e.arg.as_ref()), one(&e.value)],
        N::StmtFunctionDef(s) => vec![
            flag(s.is_async, "async"),
            name(&s.name),
            Part::Some(s.decorator_list.iter().map(N::Decorator).collect()),
            Part::One(N::Parameters(&s.parameters)),
            Part::Asked(s.returns.as_deref().map(N::from)),
            body(&s.body),
        ],
        N::StmtClassDef(s) => vec![
            name(&s.name),
            Part::Some(s.decorator_list.iter().map(N::Decorator).collect()),
            Part::Arguments(s.arguments.as_deref()),
            body(&s.body),
        ],
        N::StmtReturn(s) => vec![maybe(s.value.as_deref())],
        N::StmtDelete(s) => vec![run(&s.targets)],
        N::StmtAssign(s) => vec![run(&s.targets), one(&s.value)],
        N::StmtAugAssign(s) => vec![Part::Word(s.op.as_str()), one(&s.target), one(&s.value)],
        N::StmtAnnAssign(s) => vec![
            one(&s.target),
            one(&s.annotation),
            maybe(s.value.as_deref()),
        ],
        N::StmtFor(s) => vec![
            flag(s.is_async, "async"),
            one(&s.target),
            one(&s.iter),
            body(&s.body),
            body(&s.orelse),
        ],
        N::StmtWhile(s) => vec![one(&s.test), body(&s.body), body(&s.orelse)],
        N::StmtIf(s) => vec![one(&s.test), body(&s.body), clauses(&s.elif_else_clauses)],
        N::ElifElseClause(s) => vec![maybe(s.test.as_ref()), body(&s.body)],
        N::StmtWith(s) => vec![flag(s.is_async, "async"), run(&s.items), body(&s.body)],
        N::WithItem(s) => vec![one(&s.context_expr), maybe(s.optional_vars.as_deref())],
        N::StmtMatch(s) => vec![one(&s.subject), run(&s.cases)],
        N::StmtRaise(s) => vec![maybe(s.exc.as_deref()), maybe(s.cause.as_deref())],
        N::StmtTry(s) => vec![
            flag(s.is_star, "*"),
            body(&s.body),
            run(&s.handlers),
            body(&s.orelse),
            body(&s.finalbody),
        ],
        N::ExceptHandlerExceptHandler(s) => vec![
            maybe(s.type_.as_deref()),
            maybe_name(s.name.as_ref()),
            body(&s.body),
        ],
        N::StmtAssert(s) => vec![one(&s.test), maybe(s.msg.as_deref())],
        N::StmtImport(s) => vec![run(&s.names)],
        N::StmtImportFrom(s) => vec![
            Part::Word(dots(s.level)),
            maybe_name(s.module.as_ref()),
            run(&s.names),
        ],
        N::Alias(s) => vec![name(&s.name), maybe_name(s.asname.as_ref())],
        N::StmtGlobal(s) => vec![names(&s.names)],
        N::StmtNonlocal(s) => vec![names(&s.names)],
        N::StmtExpr(s) => vec![one(&s.value)],
        N::Decorator(s) => vec![one(&s.expression)],
        N::Parameter(s) => vec![
            name(&s.name),
            Part::Asked(s.annotation.as_deref().map(N::from)),
        ],
        N::ParameterWithDefault(s) => vec![
            Part::One(N::Parameter(&s.parameter)),
            maybe(s.default.as_deref()),
        ],
        N::Parameters(s) => vec![parameters(s)],
        N::StmtPass(_) | N::StmtBreak(_) | N::StmtContinue(_) => Vec::new(),
        _ => return None,
    })
}

fn names(names: &[Identifier]) -> Part<'_> {
    Part::Run(Run {
        nodes: names.iter().map(AnyNodeRef::Identifier).collect(),
        within: None,
    })
}

/// Parameters in the order of the source; `/` and a bare `*` are not looked at.
fn parameters(parameters: &ast::Parameters) -> Part<'_> {
    let mut nodes = Vec::new();
    let with_default = |each| AnyNodeRef::ParameterWithDefault(each);
    nodes.extend(parameters.posonlyargs.iter().map(with_default));
    nodes.extend(parameters.args.iter().map(with_default));
    nodes.extend(parameters.vararg.as_deref().map(AnyNodeRef::Parameter));
    nodes.extend(parameters.kwonlyargs.iter().map(with_default));
    nodes.extend(parameters.kwarg.as_deref().map(AnyNodeRef::Parameter));
    Part::Run(Run {
        nodes,
        within: None,
    })
}

fn dots(level: u32) -> &'static str {
    match level {
        0 => "",
        1 => ".",
        2 => "..",
        _ => "...",
    }
}

/// Whether two leaves of one kind are the same value.
pub(crate) fn same_leaf(a: AnyNodeRef<'_>, b: AnyNodeRef<'_>) -> Option<bool> {
    use AnyNodeRef as N;
    Some(match (a, b) {
        (N::ExprName(a), N::ExprName(b)) => a.id == b.id,
        (N::Identifier(a), N::Identifier(b)) => a.id == b.id,
        (N::ExprNumberLiteral(a), N::ExprNumberLiteral(b)) => a.value == b.value,
        (N::ExprBooleanLiteral(a), N::ExprBooleanLiteral(b)) => a.value == b.value,
        (N::ExprBytesLiteral(a), N::ExprBytesLiteral(b)) => a.value == b.value,
        (N::ExprStringLiteral(a), N::ExprStringLiteral(b)) => a.value.to_str() == b.value.to_str(),
        (N::ExprNoneLiteral(_), N::ExprNoneLiteral(_)) => true,
        (N::ExprEllipsisLiteral(_), N::ExprEllipsisLiteral(_)) => true,
        (N::StmtIpyEscapeCommand(a), N::StmtIpyEscapeCommand(b)) => {
            a.kind == b.kind && a.value == b.value
        }
        (N::ExprIpyEscapeCommand(a), N::ExprIpyEscapeCommand(b)) => {
            a.kind == b.kind && a.value == b.value
        }
        _ => return None,
    })
}
