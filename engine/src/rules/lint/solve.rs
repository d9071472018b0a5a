//! Whether a condition can be true: conditions as trees of *all of*, *any of* and atoms.
//!
//! An atom says of one **subject** (a fact, or an expression over facts) that its value lies in a
//! set. A tree is the condition in negation normal form, so the tree of a condition and that of its
//! negation answer "can it be true" and "can it be false"; by Kleene's tables both need known
//! values, which is why an atom's set has no unknown in it. [`Solver::can_hold`] takes the atoms of
//! an *all of* together, subject by subject, and then looks for a branch of each *any of* that fits
//! to them. A *no* is a proof. A *yes* is none: subjects are taken as independent of each other, so
//! a warning is never given where there is nothing to warn of. Each node is visited once.

use std::collections::HashMap;

use features::expr::{Expr, Op};
use features::language::ast::{self, ExprNode};
use features::ranges::{Range, range_over};

use super::allowed::Allowed;

/// Nodes of one tree; what lies beyond is taken as a whole.
const NODES_MAX: u32 = 4_096;

/// What an atom speaks of, by the hash of its expression.
pub(super) type Subject = u128;

/// A condition in negation normal form.
#[derive(Clone, Debug)]
pub(super) enum Node<'a> {
    All(Vec<Node<'a>>),
    Any(Vec<Node<'a>>),
    Atom(Atom<'a>),
}

/// A subject and the values it must have.
#[derive(Clone, Debug)]
pub(super) struct Atom<'a> {
    /// Where it is written, or the name that stands for it.
    pub(super) at: &'a ast::Expr,
    /// Whether it is written there itself, not in what a name stands for.
    pub(super) is_written: bool,
    /// Whether `at` stands under a `not`.
    pub(super) is_negated: bool,
    pub(super) subject: Subject,
    pub(super) of: Of<'a>,
    pub(super) set: Allowed,
}

/// What the value of a subject is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Of<'a> {
    /// That of an expression.
    Value(&'a Expr),
    /// -1, 0 or 1, as the first is less than, equal to or greater than the second.
    Order(&'a Expr, &'a Expr),
}

impl Of<'_> {
    /// The values that it can have.
    pub(super) fn range(&self, facts: &[Range]) -> Range {
        match self {
            Of::Value(expr) => range_over(expr, facts),
            Of::Order(a, b) => {
                let (a, b) = (range_over(a, facts), range_over(b, facts));
                if !a.may_be_known() || !b.may_be_known() {
                    return Range::UNKNOWN;
                }
                Range {
                    low: if a.low < b.high {
                        -1.0
                    } else if a.low == b.high {
                        0.0
                    } else {
                        1.0
                    },
                    high: if b.low < a.high {
                        1.0
                    } else if b.low == a.high {
                        0.0
                    } else {
                        -1.0
                    },
                    is_whole: true,
                    may_be_unknown: a.may_be_unknown || b.may_be_unknown,
                }
            }
        }
    }
}

/// Builds trees from resolved conditions and the texts that they come from.
struct Builder {
    nodes_left: u32,
}

/// The tree of a condition, or of its negation.
pub(super) fn tree<'a>(at: &'a ast::Expr, when: &'a Expr, is_negated: bool) -> Node<'a> {
    Builder { nodes_left: NODES_MAX }.node(Spot::of(at), when, is_negated)
}

impl Builder {
    fn node<'a>(&mut self, spot: Spot<'a>, expr: &'a Expr, negated: bool) -> Node<'a> {
        self.nodes_left = self.nodes_left.saturating_sub(1);
        if self.nodes_left == 0 {
            return Node::Atom(truth(spot, expr, negated));
        }
        match expr {
            Expr::Not(inner) => self.node(spot.inside_not(), inner, !negated),
            Expr::Binary(op @ (Op::And | Op::Or), left, right) => {
                let (a, b) = spot.sides(*op);
                let parts = [self.node(a, left, negated), self.node(b, right, negated)];
                if (*op == Op::And) != negated { all(parts) } else { any(parts) }
            }
            // The second counts where the first is unknown: that it is, is left open.
            Expr::OrElse(value, other) => {
                let (a, b) = spot.or_else();
                any([self.node(a, value, negated), self.node(b, other, negated)])
            }
            Expr::If(condition, then, other) => {
                let inner = spot.within();
                let met =
                    all([self.node(inner, condition, false), self.node(inner, then, negated)]);
                let unmet =
                    all([self.node(inner, condition, true), self.node(inner, other, negated)]);
                any([met, unmet])
            }
            _ => Node::Atom(atom(spot, expr, negated)),
        }
    }
}

fn atom<'a>(spot: Spot<'a>, expr: &'a Expr, negated: bool) -> Atom<'a> {
    let (subject, of, set) = match expr {
        Expr::Binary(op @ (Op::Equal | Op::NotEqual | Op::Less | Op::LessEqual), a, b) => {
            match (&**a, &**b) {
                (_, Expr::Constant(bound)) => {
                    (hash(a), Of::Value(a), compared(*op, *bound, false, negated))
                }
                (Expr::Constant(bound), _) => {
                    (hash(b), Of::Value(b), compared(*op, *bound, true, negated))
                }
                _ => {
                    let (first, second) = (hash(a), hash(b));
                    let subject = mixed("order", &[first.min(second), first.max(second)]);
                    if first <= second {
                        (subject, Of::Order(a, b), compared(*op, 0.0, false, negated))
                    } else {
                        (subject, Of::Order(b, a), compared(*op, 0.0, true, negated))
                    }
                }
            }
        }
        Expr::In(inner, values) => {
            let set = if negated { Allowed::except(values) } else { Allowed::only(values) };
            (hash(inner), Of::Value(inner), set)
        }
        Expr::Missing(inner) => {
            let set = if negated { Allowed::known() } else { Allowed::unknown() };
            (hash(inner), Of::Value(inner), set)
        }
        Expr::Constant(value) if value.is_nan() => {
            (hash(expr), Of::Value(expr), Allowed::only(&[]))
        }
        _ => return truth(spot, expr, negated),
    };
    let (at, is_written) = (spot.at, spot.is_written);
    Atom { at, is_written, is_negated: negated, subject, of, set }
}

/// The atom of a truth value.
fn truth<'a>(spot: Spot<'a>, expr: &'a Expr, negated: bool) -> Atom<'a> {
    let set = Allowed::only(&[if negated { 0.0 } else { 1.0 }]);
    let (at, is_written) = (spot.at, spot.is_written);
    let (subject, of) = (hash(expr), Of::Value(expr));
    Atom { at, is_written, is_negated: negated, subject, of, set }
}

/// A place in the text, on the way through the tree of a condition.
#[derive(Clone, Copy)]
struct Spot<'a> {
    at: &'a ast::Expr,
    is_written: bool,
}

impl<'a> Spot<'a> {
    fn of(at: &'a ast::Expr) -> Spot<'a> {
        Spot { at, is_written: true }
    }

    /// Somewhere in what is written here.
    fn within(self) -> Spot<'a> {
        Spot { is_written: false, ..self }
    }

    fn inside_not(self) -> Spot<'a> {
        match &self.at.node {
            ExprNode::Not(inner) if self.is_written => Spot::of(inner),
            // `not in`, `not between`: the words belong together.
            _ => self,
        }
    }

    fn sides(self, wanted: Op) -> (Spot<'a>, Spot<'a>) {
        match &self.at.node {
            ExprNode::Binary { op: ast::Op::And, left, right }
                if self.is_written && wanted == Op::And =>
            {
                (Spot::of(left), Spot::of(right))
            }
            ExprNode::Binary { op: ast::Op::Or, left, right }
                if self.is_written && wanted == Op::Or =>
            {
                (Spot::of(left), Spot::of(right))
            }
            ExprNode::Where { source, condition } if self.is_written && wanted == Op::And => {
                (Spot::of(source), Spot::of(condition))
            }
            _ => (self.within(), self.within()),
        }
    }

    fn or_else(self) -> (Spot<'a>, Spot<'a>) {
        match &self.at.node {
            // What stands in for an unknown value is meant for just that: it is no part by itself.
            ExprNode::OrElse { value, other } if self.is_written => {
                (Spot::of(value), Spot::of(other).within())
            }
            _ => (self.within(), self.within()),
        }
    }
}

fn all<'a>(parts: [Node<'a>; 2]) -> Node<'a> {
    let mut flat = Vec::new();
    for part in parts {
        match part {
            Node::All(mut inner) => flat.append(&mut inner),
            other => flat.push(other),
        }
    }
    Node::All(flat)
}

fn any<'a>(parts: [Node<'a>; 2]) -> Node<'a> {
    let mut flat = Vec::new();
    for part in parts {
        match part {
            Node::Any(mut inner) => flat.append(&mut inner),
            other => flat.push(other),
        }
    }
    Node::Any(flat)
}

/// The values that a comparison with a bound leaves; `is_flipped` when the bound stands left.
fn compared(op: Op, bound: f64, is_flipped: bool, negated: bool) -> Allowed {
    if bound.is_nan() {
        return Allowed::only(&[]);
    }
    match (op, negated) {
        (Op::Equal, false) | (Op::NotEqual, true) => Allowed::only(&[bound]),
        (Op::Equal, true) | (Op::NotEqual, false) => Allowed::except(&[bound]),
        // Not below is above or equal, and the other way round.
        (op, negated) => {
            let or_equal = (op == Op::LessEqual) != negated;
            if is_flipped != negated {
                Allowed::above(bound, or_equal)
            } else {
                Allowed::below(bound, or_equal)
            }
        }
    }
}

/// The hash of an expression.
pub(super) fn hash(expr: &Expr) -> Subject {
    mixed(&format!("{expr:?}"), &[])
}

/// The hash of a word and other hashes.
pub(super) fn mixed(word: &str, parts: &[Subject]) -> Subject {
    let mut hasher = blake3::Hasher::new();
    hasher.update(word.as_bytes());
    for part in parts {
        hasher.update(&part.to_le_bytes());
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    u128::from_le_bytes(bytes)
}

/// Answers for events of one type, or of several of which the facts have the same ranges.
pub(super) struct Solver<'a> {
    facts: &'a [Range],
    /// What is left of each subject under what is assumed.
    left: HashMap<Subject, Allowed>,
    /// What was left before, newest last.
    before: Vec<(Subject, Option<Allowed>)>,
}

impl<'a> Solver<'a> {
    pub(super) fn new(facts: &'a [Range]) -> Solver<'a> {
        Solver { facts, left: HashMap::new(), before: Vec::new() }
    }

    /// Whether the tree can hold under what is assumed.
    pub(super) fn can_hold(&mut self, node: &Node<'_>) -> bool {
        let mark = self.before.len();
        let mut open = Vec::new();
        let fits = self.assume(node, &mut open)
            && open.iter().all(|branches| branches.iter().any(|branch| self.can_hold(branch)));
        self.forget(mark);
        fits
    }

    /// A mark to [`Self::forget`] back to.
    pub(super) fn mark(&self) -> usize {
        self.before.len()
    }

    /// Assumes the atoms that hold together with a node and leaves the choices in `open`; false
    /// when they exclude each other.
    pub(super) fn assume<'n, 't>(
        &mut self,
        node: &'n Node<'t>,
        open: &mut Vec<&'n [Node<'t>]>,
    ) -> bool {
        match node {
            Node::All(parts) => parts.iter().all(|part| self.assume(part, open)),
            Node::Any(branches) => {
                open.push(branches);
                true
            }
            Node::Atom(atom) => {
                let left = self.of(atom).and(&atom.set);
                let fits = !left.is_empty();
                let before = self.left.insert(atom.subject, left);
                self.before.push((atom.subject, before));
                fits
            }
        }
    }

    /// What is left of an atom's subject under what is assumed.
    pub(super) fn of(&self, atom: &Atom<'_>) -> Allowed {
        match self.left.get(&atom.subject) {
            Some(left) => left.clone(),
            None => self.base(atom),
        }
    }

    /// What its subject can be by itself.
    pub(super) fn base(&self, atom: &Atom<'_>) -> Allowed {
        Allowed::of(&atom.of.range(self.facts))
    }

    /// Takes back what was assumed since the mark.
    pub(super) fn forget(&mut self, mark: usize) {
        while self.before.len() > mark {
            if let Some((subject, before)) = self.before.pop() {
                match before {
                    Some(before) => self.left.insert(subject, before),
                    None => self.left.remove(&subject),
                };
            }
        }
    }
}
