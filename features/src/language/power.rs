//! How tightly each form of an expression binds: the one order that both the parser and the printer
//! follow.

use super::ast::{ExprNode, Op};

/// Binding power, the loosest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Power {
    /// `source where condition`
    Where,
    /// `if c then a else b`, which reaches as far right as it can.
    Conditional,
    /// `or else`
    OrElse,
    /// `or`
    Or,
    /// `and`
    And,
    /// `not`
    Not,
    /// Comparisons, `in`, `between` and `tagged`; they do not chain.
    Compare,
    /// `+` and `-`
    Sum,
    /// `*` and `/`
    Product,
    /// The sign.
    Negate,
    /// Everything that needs no parentheses anywhere.
    Primary,
}

impl Power {
    /// The next tighter power: what the right operand of a left-associative operator must have.
    pub(super) fn tighter(self) -> Power {
        match self {
            Power::Where => Power::Conditional,
            Power::Conditional => Power::OrElse,
            Power::OrElse => Power::Or,
            Power::Or => Power::And,
            Power::And => Power::Not,
            Power::Not => Power::Compare,
            Power::Compare => Power::Sum,
            Power::Sum => Power::Product,
            Power::Product => Power::Negate,
            Power::Negate | Power::Primary => Power::Primary,
        }
    }

    /// The power of an operator.
    pub(super) fn of_op(op: Op) -> Power {
        match op {
            Op::Or => Power::Or,
            Op::And => Power::And,
            Op::Equal
            | Op::NotEqual
            | Op::Less
            | Op::LessEqual
            | Op::Greater
            | Op::GreaterEqual => Power::Compare,
            Op::Add | Op::Subtract => Power::Sum,
            Op::Multiply | Op::Divide => Power::Product,
        }
    }

    /// The power of a finished expression.
    pub(super) fn of(node: &ExprNode) -> Power {
        match node {
            ExprNode::Where { .. } => Power::Where,
            ExprNode::If { .. } => Power::Conditional,
            ExprNode::OrElse { .. } => Power::OrElse,
            ExprNode::Binary { op, .. } => Power::of_op(*op),
            ExprNode::Not(_) => Power::Not,
            ExprNode::Between { .. } | ExprNode::In { .. } | ExprNode::Tagged { .. } => {
                Power::Compare
            }
            ExprNode::Negate(_) => Power::Negate,
            ExprNode::Number { value, .. } if *value < 0.0 => Power::Negate,
            ExprNode::Number { .. }
            | ExprNode::Text(_)
            | ExprNode::Bool(_)
            | ExprNode::Name(_)
            | ExprNode::List(_)
            | ExprNode::Missing(_)
            | ExprNode::Sequence(_)
            | ExprNode::Call { .. }
            | ExprNode::Aggregate(_) => Power::Primary,
        }
    }
}
