//! Where an expression needs brackets.

use nbfix_python::ast::{ExprRef, OperatorPrecedence as Level, UnaryOp};
use nbfix_python::{AnyNodeRef, range};
use nbfix_text::TextRange;

/// What a place asks of the expression that stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    level: Level,
    /// Whether `a, b` may stand there as it is.
    tuple: bool,
    /// Whether a number may: `1.real` is none.
    number: bool,
    /// Whether `x for x in y` may: as a call's only argument.
    generator: bool,
}

impl Need {
    /// A place that takes anything.
    pub(crate) const NOTHING: Self = Self {
        level: Level::None,
        tuple: true,
        number: true,
        generator: true,
    };

    fn at_least(level: Level) -> Self {
        Self {
            level,
            tuple: false,
            number: true,
            generator: false,
        }
    }

    /// What the place of `child` in `parent` asks for.
    pub(crate) fn of(parent: AnyNodeRef<'_>, child: TextRange) -> Self {
        use AnyNodeRef as N;
        let is = |expr: &nbfix_python::ast::Expr| range(expr) == child;
        match parent {
            N::ExprAttribute(_) => Self {
                number: false,
                ..Self::at_least(Level::CallAttribute)
            },
            N::ExprCall(_) | N::ExprAwait(_) => Self::at_least(Level::CallAttribute),
            N::ExprSubscript(e) if is(&e.value) => Self::at_least(Level::CallAttribute),
            N::ExprSubscript(_) => Self {
                tuple: true,
                ..Self::at_least(Level::Assign)
            },
            N::ExprUnaryOp(e) if e.op == UnaryOp::Not => Self::at_least(Level::Not),
            N::ExprUnaryOp(_) => Self::at_least(Level::PosNegBitNot),
            N::ExprBinOp(e) => {
                let own = Level::from(e.op);
                Self::at_least(match (own, is(&e.left)) {
                    (Level::Exponent, true) => Level::Await,
                    (Level::Exponent, false) => Level::PosNegBitNot,
                    (own, true) => own,
                    (own, false) => above(own),
                })
            }
            N::ExprBoolOp(e) => Self::at_least(above(Level::from(e.op))),
            N::ExprCompare(_) | N::ExprStarred(_) => Self::at_least(Level::BitOr),
            N::ExprIf(e) if is(&e.orelse) => Self::at_least(Level::IfElse),
            N::ExprIf(_) | N::Comprehension(_) => Self::at_least(Level::Or),
            N::ExprDict(_) => Self::at_least(Level::Or),
            N::Keyword(_) | N::ExprLambda(_) | N::ExprNamed(_) | N::WithItem(_) => {
                Self::at_least(Level::Lambda)
            }
            N::Arguments(e) => Self {
                generator: e.len() == 1,
                ..Self::at_least(Level::Assign)
            },
            N::InterpolatedElement(_) | N::ExprSlice(_) => Self::at_least(Level::IfElse),
            N::StmtExpr(_) | N::StmtAssign(_) | N::StmtAugAssign(_) | N::StmtAnnAssign(_) => Self {
                generator: false,
                ..Self::NOTHING
            },
            N::StmtReturn(_) | N::StmtFor(_) | N::ExprYield(_) => Self {
                tuple: true,
                ..Self::at_least(Level::Starred)
            },
            _ => Self::at_least(Level::Assign),
        }
    }

    /// Whether `expr` may stand there without brackets.
    pub(crate) fn takes(self, expr: ExprRef<'_>) -> bool {
        match expr {
            ExprRef::Tuple(tuple) if !tuple.parenthesized => self.tuple,
            ExprRef::Generator(generator) if !generator.parenthesized => self.generator,
            ExprRef::NumberLiteral(_) => self.number,
            _ => Level::from(expr) >= self.level,
        }
    }
}

fn above(level: Level) -> Level {
    match level {
        Level::Or => Level::And,
        Level::And => Level::Not,
        Level::BitOr => Level::BitXor,
        Level::BitXor => Level::BitAnd,
        Level::BitAnd => Level::LeftRightShift,
        Level::LeftRightShift => Level::AddSub,
        Level::AddSub => Level::MulDivRemain,
        Level::MulDivRemain => Level::PosNegBitNot,
        other => other,
    }
}
