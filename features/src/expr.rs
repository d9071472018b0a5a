//! Expressions over one event, window readings and earlier facts: the one evaluator of the engine.
//!
//! Feature definitions, the conditions that decide which events a window counts, and the
//! conditions of rules are all [`Expr`]. Everything is an `f64`: booleans are 1 and 0, categories
//! their index, texts and ids a 52-bit key number (equal texts have equal numbers), and **NaN is
//! unknown**. Logic is three-valued (Kleene): `false and unknown` is false, `true or unknown` is
//! true, and any comparison or arithmetic with unknown is unknown. Evaluation is total: it cannot
//! fail, loop or allocate; its cost is the number of nodes.

use crate::event::Event;
use crate::field::{FieldId, Types};
use crate::geo;

/// Unknown: the one NaN that facts carry.
pub const UNKNOWN: f64 = f64::NAN;

/// Bits of a text's hash that survive in its key number: exact in an `f64`.
pub(crate) const KEY_MASK: u64 = (1 << 52) - 1;

/// The key number of 64 hash or code bits.
pub fn key_number(bits: u64) -> f64 {
    (bits & KEY_MASK) as f64
}

/// Two-sided operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Op {
    /// Three-valued or.
    Or,
    /// Three-valued and.
    And,
    /// Equal; unknown when either side is.
    Equal,
    /// Not equal; unknown when either side is.
    NotEqual,
    /// Less.
    Less,
    /// Less or equal.
    LessEqual,
    /// Sum.
    Add,
    /// Difference.
    Subtract,
    /// Product.
    Multiply,
    /// Quotient; unknown when the divisor is zero.
    Divide,
}

/// Functions of the language, by the name they are written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Function {
    /// Absolute value.
    Abs,
    /// Smallest of the known arguments.
    Min,
    /// Largest of the known arguments.
    Max,
    /// Natural logarithm; unknown at or below zero.
    Ln,
    /// Square root; unknown below zero.
    Sqrt,
    /// Nearest integer, halves away from zero.
    Round,
    /// Largest integer not above.
    Floor,
    /// Remainder, with the sign of the divisor.
    Modulo,
    /// Sine of radians.
    Sin,
    /// Cosine of radians.
    Cos,
    /// `clamp(x, low, high)`.
    Clamp,
    /// UTC hour 0..=23 of a time.
    Hour,
    /// UTC day of week of a time, Monday 1 to Sunday 7.
    Weekday,
    /// Great-circle distance in kilometres of (lat, lon, lat, lon).
    DistanceKm,
    /// Standard UTC offset in minutes at (country, longitude).
    ZoneOffsetMin,
}

/// Function names as written, with the number of arguments they take (`None`: one or more).
pub const FUNCTIONS: &[(&str, Function, Option<usize>)] = &[
    ("abs", Function::Abs, Some(1)),
    ("min", Function::Min, None),
    ("max", Function::Max, None),
    ("ln", Function::Ln, Some(1)),
    ("sqrt", Function::Sqrt, Some(1)),
    ("round", Function::Round, Some(1)),
    ("floor", Function::Floor, Some(1)),
    ("modulo", Function::Modulo, Some(2)),
    ("sin", Function::Sin, Some(1)),
    ("cos", Function::Cos, Some(1)),
    ("clamp", Function::Clamp, Some(3)),
    ("hour", Function::Hour, Some(1)),
    ("weekday", Function::Weekday, Some(1)),
    ("distance_km", Function::DistanceKm, Some(4)),
    ("zone_offset_min", Function::ZoneOffsetMin, Some(2)),
];

/// What can be asked of a component of the graph: the accounts that shared devices, cards,
/// documents and e-mail addresses connect with the event's own, which is one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Component {
    /// Number of accounts; 1 for one that shares nothing.
    Size,
    /// Number of accounts that are known as fraudulent.
    Fraud,
    /// Population standard deviation of the times at which they were opened, in milliseconds.
    AgeSpread,
    /// Number of other accounts known as fraudulent that share something with the event's account
    /// or with one that does.
    FraudTwoSteps,
}

impl Component {
    /// Every one of them.
    pub const ALL: [Component; 4] =
        [Component::Size, Component::Fraud, Component::AgeSpread, Component::FraudTwoSteps];

    /// The word in `component(word)`.
    pub fn name(self) -> &'static str {
        match self {
            Component::Size => "size",
            Component::Fraud => "fraud",
            Component::AgeSpread => "age_spread",
            Component::FraudTwoSteps => "fraud_two_steps",
        }
    }
}

/// An expression; see the module's essay for its values.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// A number.
    Constant(f64),
    /// A numeric field of the event.
    Field(FieldId),
    /// The key number of a text, id, country, currency or address of the event.
    Key(FieldId),
    /// Whether the event has the field.
    Has(FieldId),
    /// Whether the event is of one of these types.
    IsType(Types),
    /// Whether a field's value is in a list of this number when the event happens; a plan turns it
    /// into a reading, and unknown without one.
    Listed(FieldId, u16),
    /// A window reading of the plan.
    Reading(u16),
    /// An earlier fact of the plan.
    Fact(u16),
    /// A fact about the component of the graph that the event belongs to; a plan turns it into a
    /// reading, and unknown without one.
    Component(Component),
    /// Three-valued not.
    Not(Box<Expr>),
    /// Minus.
    Negate(Box<Expr>),
    /// An operator between two expressions.
    Binary(Op, Box<Expr>, Box<Expr>),
    /// Membership in a sorted list of numbers.
    In(Box<Expr>, Vec<f64>),
    /// 1 when unknown, else 0.
    Missing(Box<Expr>),
    /// The first when known, else the second.
    OrElse(Box<Expr>, Box<Expr>),
    /// Second when the first is true, third when it is false, unknown when it is unknown.
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// The index of the first true condition, unknown when none is.
    Choose(Vec<Expr>),
    /// A function call.
    Call(Function, Vec<Expr>),
}

/// What an expression is evaluated over.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The event; `None` for rules, which see facts alone.
    pub event: Option<&'a Event>,
    /// Window readings by index.
    pub readings: &'a [f64],
    /// Facts by index.
    pub facts: &'a [f64],
}

impl Scope<'_> {
    /// Nothing at all: for what is made of constants.
    pub(crate) const EMPTY: Scope<'static> = Scope { event: None, readings: &[], facts: &[] };
}

impl Expr {
    /// The expression's value in this scope; NaN is unknown.
    pub fn value(&self, scope: Scope<'_>) -> f64 {
        match self {
            Expr::Constant(value) => *value,
            Expr::Fact(index) => known(scope.facts, *index),
            Expr::Reading(index) => known(scope.readings, *index),
            Expr::Component(_) | Expr::Listed(..) => UNKNOWN,
            Expr::Field(field) => scope.event.map_or(UNKNOWN, |event| event.number(*field)),
            Expr::Key(field) => {
                scope.event.and_then(|event| event.bits(*field)).map_or(UNKNOWN, key_number)
            }
            Expr::Has(field) => truth(scope.event.is_some_and(|event| event.has(*field))),
            Expr::IsType(types) => {
                scope.event.map_or(UNKNOWN, |event| truth(types.contains(event.event_type())))
            }
            Expr::Not(inner) => 1.0 - inner.value(scope),
            Expr::Negate(inner) => -inner.value(scope),
            Expr::Binary(op, left, right) => binary(*op, left, right, scope),
            Expr::In(inner, list) => is_in(inner.value(scope), list),
            Expr::Missing(inner) => truth(inner.value(scope).is_nan()),
            Expr::OrElse(inner, other) => {
                let value = inner.value(scope);
                if value.is_nan() { other.value(scope) } else { value }
            }
            Expr::If(condition, then, other) => {
                let condition = condition.value(scope);
                if condition.is_nan() {
                    UNKNOWN
                } else if condition == 0.0 {
                    other.value(scope)
                } else {
                    then.value(scope)
                }
            }
            Expr::Choose(conditions) => conditions
                .iter()
                .position(|condition| condition.value(scope) == 1.0)
                .map_or(UNKNOWN, |index| index as f64),
            Expr::Call(function, arguments) => call(*function, arguments, scope),
        }
    }

    /// Whether the expression is true of this event, as far as lists are asked with these readings.
    pub fn holds(&self, event: &Event, readings: &[f64]) -> bool {
        self.value(Scope { event: Some(event), readings, facts: &[] }) == 1.0
    }

    /// Calls `f` on this node and all below it.
    pub fn walk(&self, f: &mut dyn FnMut(&Expr)) {
        f(self);
        self.each_part(&mut |part| part.walk(f));
    }

    /// Calls `f` on each part of this node.
    pub(crate) fn each_part(&self, f: &mut dyn FnMut(&Expr)) {
        match self {
            Expr::Constant(_)
            | Expr::Field(_)
            | Expr::Key(_)
            | Expr::Has(_)
            | Expr::IsType(_)
            | Expr::Listed(..)
            | Expr::Reading(_)
            | Expr::Fact(_)
            | Expr::Component(_) => {}
            Expr::Not(a) | Expr::Negate(a) | Expr::In(a, _) | Expr::Missing(a) => f(a),
            Expr::Binary(_, a, b) | Expr::OrElse(a, b) => {
                f(a);
                f(b);
            }
            Expr::If(a, b, c) => {
                f(a);
                f(b);
                f(c);
            }
            Expr::Choose(list) | Expr::Call(_, list) => list.iter().for_each(f),
        }
    }

    /// Rebuilds the expression bottom up: `f` may replace each node.
    pub fn map(self, f: &mut dyn FnMut(Expr) -> Expr) -> Expr {
        let mut boxed = |e: Box<Expr>| Box::new((*e).map(f));
        let rebuilt = match self {
            Expr::Not(a) => Expr::Not(boxed(a)),
            Expr::Negate(a) => Expr::Negate(boxed(a)),
            Expr::In(a, list) => Expr::In(boxed(a), list),
            Expr::Missing(a) => Expr::Missing(boxed(a)),
            Expr::Binary(op, a, b) => Expr::Binary(op, boxed(a), boxed(b)),
            Expr::OrElse(a, b) => Expr::OrElse(boxed(a), boxed(b)),
            Expr::If(a, b, c) => Expr::If(boxed(a), boxed(b), boxed(c)),
            Expr::Choose(list) => Expr::Choose(list.into_iter().map(|e| e.map(f)).collect()),
            Expr::Call(name, list) => {
                Expr::Call(name, list.into_iter().map(|e| e.map(f)).collect())
            }
            leaf @ (Expr::Constant(_)
            | Expr::Field(_)
            | Expr::Key(_)
            | Expr::Has(_)
            | Expr::IsType(_)
            | Expr::Listed(..)
            | Expr::Reading(_)
            | Expr::Fact(_)
            | Expr::Component(_)) => leaf,
        };
        f(rebuilt)
    }

    /// The event types on which the expression, read as a condition, may be true: never too few.
    pub fn possible_types(&self) -> Types {
        match self {
            Expr::IsType(types) => *types,
            Expr::Binary(Op::And, a, b) => a.possible_types().intersect(b.possible_types()),
            Expr::Binary(Op::Or, a, b) => a.possible_types().union(b.possible_types()),
            Expr::Constant(value) if *value == 0.0 => Types::NONE,
            _ => Types::ANY,
        }
    }

    /// Number of nodes: the expression's cost.
    pub fn cost(&self) -> u32 {
        let mut nodes = 0;
        self.walk(&mut |_| nodes += 1);
        nodes
    }
}

/// An address as 128 bits, IPv4 mapped into IPv6.
pub fn address_bits(address: std::net::IpAddr) -> u128 {
    match address {
        std::net::IpAddr::V4(v4) => u128::from(v4.to_ipv6_mapped()),
        std::net::IpAddr::V6(v6) => u128::from(v6),
    }
}

pub(crate) fn truth(holds: bool) -> f64 {
    if holds { 1.0 } else { 0.0 }
}

fn known(values: &[f64], index: u16) -> f64 {
    values.get(usize::from(index)).copied().unwrap_or(UNKNOWN)
}

fn binary(op: Op, left: &Expr, right: &Expr, scope: Scope<'_>) -> f64 {
    let a = left.value(scope);
    // A decided left side spares the right one: the answer is the same by Kleene's tables.
    match op {
        Op::And if a == 0.0 => return 0.0,
        Op::Or if a == 1.0 => return 1.0,
        _ => {}
    }
    combine(op, a, right.value(scope))
}

/// The operator between two values, without a branch on them.
#[inline]
pub(crate) fn combine(op: Op, a: f64, b: f64) -> f64 {
    let known = |value: f64| if a.is_nan() || b.is_nan() { UNKNOWN } else { value };
    match op {
        Op::And => {
            let undecided = known(b);
            if a == 0.0 || b == 0.0 { 0.0 } else { undecided }
        }
        Op::Or => {
            let undecided = known(b);
            if a == 1.0 || b == 1.0 { 1.0 } else { undecided }
        }
        Op::Equal => known(truth(a == b)),
        Op::NotEqual => known(truth(a != b)),
        Op::Less => known(truth(a < b)),
        Op::LessEqual => known(truth(a <= b)),
        Op::Add => finite(a + b),
        Op::Subtract => finite(a - b),
        Op::Multiply => finite(a * b),
        // By zero it is infinite or unknown.
        Op::Divide => finite(a / b),
    }
}

/// Whether a sorted list has the value.
pub(crate) fn is_in(value: f64, list: &[f64]) -> f64 {
    if value.is_nan() {
        return UNKNOWN;
    }
    // Adding zero turns the negative zero into the positive one, which is the one of lists.
    let value = value + 0.0;
    truth(list.binary_search_by(|entry| entry.total_cmp(&value)).is_ok())
}

/// Overflow to infinity is unknown: no infinity enters a fact.
#[inline]
fn finite(value: f64) -> f64 {
    // Zero times anything else than a finite number is unknown.
    value + value * 0.0
}

fn call(function: Function, arguments: &[Expr], scope: Scope<'_>) -> f64 {
    match function {
        Function::Min => arguments.iter().map(|e| e.value(scope)).fold(UNKNOWN, f64::min),
        Function::Max => arguments.iter().map(|e| e.value(scope)).fold(UNKNOWN, f64::max),
        _ => {
            // No other function takes more than four.
            let mut values = [UNKNOWN; 4];
            for (value, argument) in values.iter_mut().zip(arguments) {
                *value = argument.value(scope);
            }
            invoke(function, &values)
        }
    }
}

/// The function of these values.
pub(crate) fn invoke(function: Function, arguments: &[f64]) -> f64 {
    let argument = |index: usize| arguments.get(index).copied().unwrap_or(UNKNOWN);
    let x = argument(0);
    let result = match function {
        Function::Min => arguments.iter().copied().fold(UNKNOWN, f64::min),
        Function::Max => arguments.iter().copied().fold(UNKNOWN, f64::max),
        Function::Abs => x.abs(),
        Function::Ln if x <= 0.0 => UNKNOWN,
        Function::Ln => x.ln(),
        Function::Sqrt => x.sqrt(),
        Function::Round => x.round(),
        Function::Floor => x.floor(),
        Function::Modulo => {
            let by = argument(1);
            if by == 0.0 { UNKNOWN } else { x - by * (x / by).floor() }
        }
        Function::Sin => x.sin(),
        Function::Cos => x.cos(),
        Function::Clamp => {
            let (low, high) = (argument(1), argument(2));
            if low.is_nan() || high.is_nan() || high < low { UNKNOWN } else { x.clamp(low, high) }
        }
        Function::Hour => (x / 3_600_000.0).floor().rem_euclid(24.0),
        Function::Weekday => ((x / 86_400_000.0).floor() + 3.0).rem_euclid(7.0) + 1.0,
        Function::DistanceKm => {
            let (a, b, c, d) = (x, argument(1), argument(2), argument(3));
            if a.is_nan() || b.is_nan() || c.is_nan() || d.is_nan() {
                UNKNOWN
            } else {
                geo::distance_km(a, b, c, d)
            }
        }
        Function::ZoneOffsetMin => {
            if x.is_nan() {
                UNKNOWN
            } else {
                let lon = argument(1);
                let lon = if lon.is_nan() { None } else { Some(lon) };
                geo::utc_offset_min(x as u16, lon).map_or(UNKNOWN, f64::from)
            }
        }
    };
    finite(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_in_a_list_whatever_its_sign() {
        let list = [-1.0, 0.0, 2.0];
        for (value, wanted) in [(-0.0, 1.0), (0.0, 1.0), (-1.0, 1.0), (1.0, 0.0)] {
            assert_eq!(is_in(value, &list), wanted, "{value:?}");
        }
        assert!(is_in(UNKNOWN, &list).is_nan());
    }
}
