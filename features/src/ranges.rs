//! What a fact can be: bounds that hold for every event of a type, known before any event is seen.
//!
//! [`Plan::ranges`] runs over the facts of a plan as they are left for one event type and works
//! out, for each, the interval in which its value lies whenever it is known, whether it is always a
//! whole number, and whether it can be known at all. A count is not negative, a category is one of
//! its names, a field of a payment is unknown at a login. Intervals are sound and not always tight:
//! a value outside of one never comes, but not every value inside does.
//!
//! Bounds are computed by the operations that compute the values, which are monotone in each
//! argument and round alike; means and other sums of many steps get a little room for rounding.

use crate::expr::{Expr, Function, Op, invoke};
use crate::field::{EventType, FieldId, Kind, ids};
use crate::limits::{MONEY_MINOR_MAX, TIME_MAX_MS, TIME_MIN_MS};
use crate::plan::{Plan, Value};
use crate::window::Aggregate;

/// Half the earth's circumference in kilometres, and some.
const DISTANCE_MAX_KM: f64 = 20_100.0;
/// Minutes that no standard time is ahead of or behind UTC.
const ZONE_MAX_MIN: f64 = 900.0;
/// Room for rounding in sums of many steps, relative.
const ROUNDING: f64 = 1e-9;
/// The largest day and month that a field may name.
const DAY_MAX: f64 = 100_000.0;
const MONTH_MAX: f64 = 999_912.0;

/// Values that a fact or expression can have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// Least value, when known.
    pub low: f64,
    /// Greatest value, when known; below `low` when it is never known.
    pub high: f64,
    /// Whether every known value is a whole number.
    pub is_whole: bool,
    /// Whether it can be unknown.
    pub may_be_unknown: bool,
}

impl Range {
    /// Never known.
    pub const UNKNOWN: Range =
        Range { low: f64::INFINITY, high: f64::NEG_INFINITY, is_whole: true, may_be_unknown: true };

    /// Any number, or unknown.
    pub const ANY: Range = Range {
        low: f64::NEG_INFINITY,
        high: f64::INFINITY,
        is_whole: false,
        may_be_unknown: true,
    };

    /// True, false or unknown.
    pub const TRUTH: Range = Range { low: 0.0, high: 1.0, is_whole: true, may_be_unknown: true };

    /// From `low` to `high` or unknown.
    pub fn between(low: f64, high: f64) -> Range {
        Range { low, high, ..Range::ANY }
    }

    fn whole(low: f64, high: f64) -> Range {
        Range { low, high, ..Range::TRUTH }
    }

    fn exactly(value: f64) -> Range {
        if value.is_nan() {
            return Range::UNKNOWN;
        }
        let is_whole = value.fract() == 0.0;
        Range { low: value, high: value, is_whole, may_be_unknown: false }
    }

    /// Whether it can be known.
    pub fn may_be_known(&self) -> bool {
        self.low <= self.high
    }

    /// Whether this value is possible.
    pub fn has(&self, value: f64) -> bool {
        if value.is_nan() {
            return self.may_be_unknown;
        }
        self.low <= value && value <= self.high && (!self.is_whole || value.fract() == 0.0)
    }

    /// The values of either.
    pub fn or(self, other: Range) -> Range {
        Range {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
            is_whole: self.is_whole && other.is_whole,
            may_be_unknown: self.may_be_unknown || other.may_be_unknown,
        }
    }

    /// The values of this range that the other has too.
    pub fn within(self, other: Range) -> Range {
        Range {
            low: self.low.max(other.low),
            high: self.high.min(other.high),
            is_whole: self.is_whole || other.is_whole,
            ..self
        }
    }

    /// The range of a share: one that is never negative ends at one. The difference of two shares
    /// is no share.
    pub fn of_share(self) -> Range {
        if self.low < 0.0 { self } else { self.within(Range::between(0.0, 1.0)) }
    }

    fn unknown_too(self) -> Range {
        Range { may_be_unknown: true, ..self }
    }

    fn with_room(self) -> Range {
        let room = |bound: f64| if bound.is_finite() { ROUNDING * bound.abs() } else { 0.0 };
        let (low, high) = (self.low - room(self.low), self.high + room(self.high));
        Range { low, high, is_whole: false, ..self }
    }

    /// The range of a truth value of which this is known.
    fn of_truth(can_be_true: bool, can_be_false: bool, may_be_unknown: bool) -> Range {
        match (can_be_false, can_be_true) {
            (false, false) => Range::UNKNOWN,
            (can_be_false, _) => Range {
                low: if can_be_false { 0.0 } else { 1.0 },
                high: if can_be_true { 1.0 } else { 0.0 },
                is_whole: true,
                may_be_unknown,
            },
        }
    }

    fn can_be_true(&self) -> bool {
        self.may_be_known() && self.high != 0.0
    }

    fn can_be_false(&self) -> bool {
        self.may_be_known() && self.low <= 0.0
    }
}

impl Plan {
    /// The range of each fact on events of this type; see the module's essay.
    pub fn ranges(&self, kind: EventType) -> Vec<Range> {
        let (exprs, _) = self.left_of_facts(kind);
        let mut readings = vec![Range::ANY; self.readings];
        for (_, reading) in &self.components {
            readings[usize::from(*reading)] = Range::between(0.0, f64::INFINITY);
        }
        for lookup in &self.lookups {
            for question in &lookup.questions {
                let values = question.column.map_or(Range::ANY, |column| {
                    let (value, _) = self.tables[lookup.table].columns[usize::from(column)];
                    range_of_value(self.value_of(value))
                });
                readings[usize::from(question.reading)] = answers(question.aggregate, values);
            }
        }
        let mut facts: Vec<Range> = Vec::with_capacity(exprs.len());
        for expr in &exprs {
            let range = Scope { facts: &facts, readings: &readings, kind: Some(kind) }.range(expr);
            facts.push(range);
        }
        facts
    }
}

/// What an expression over facts can be, from the ranges of the facts.
pub fn range_over(expr: &Expr, facts: &[Range]) -> Range {
    Scope { facts, readings: &[], kind: None }.range(expr)
}

/// What rows hold of a value: whole numbers of the scale.
fn range_of_value(value: &Value) -> Range {
    let range = Scope { facts: &[], readings: &[], kind: None }.range(&value.expr);
    let low = (range.low * value.scale).floor() / value.scale;
    let high = (range.high * value.scale).ceil() / value.scale;
    Range { low, high, is_whole: range.is_whole, may_be_unknown: true }
}

/// What an aggregate over values of this range can be.
fn answers(aggregate: Aggregate, values: Range) -> Range {
    let from_zero = Range::between(0.0, f64::INFINITY);
    let counted = Range::whole(0.0, f64::INFINITY);
    match aggregate {
        Aggregate::Count | Aggregate::Distinct => counted,
        Aggregate::Repeats | Aggregate::Rising | Aggregate::Falling | Aggregate::Changes => counted,
        Aggregate::Sum => {
            let low = if values.low < 0.0 { f64::NEG_INFINITY } else { 0.0 };
            let high = if 0.0 < values.high { f64::INFINITY } else { 0.0 };
            Range { low, high, is_whole: values.is_whole, may_be_unknown: true }
        }
        Aggregate::Mean | Aggregate::Median => values.unknown_too().with_room(),
        Aggregate::Min | Aggregate::Max | Aggregate::First | Aggregate::Last | Aggregate::Mode => {
            values.unknown_too()
        }
        Aggregate::Concentration => Range::between(0.0, 1.0).with_room(),
        Aggregate::Rank => Range::between(0.0, 1.0),
        Aggregate::Sequence => Range::TRUTH,
        Aggregate::Stddev | Aggregate::Entropy => from_zero,
        Aggregate::SinceFirst | Aggregate::SinceLast | Aggregate::GapMin => counted,
        Aggregate::GapCv => from_zero,
        Aggregate::HourRarity => Range::ANY,
    }
}

/// What is known while the range of an expression is worked out.
struct Scope<'a> {
    facts: &'a [Range],
    readings: &'a [Range],
    kind: Option<EventType>,
}

impl Scope<'_> {
    fn range(&self, expr: &Expr) -> Range {
        match expr {
            Expr::Constant(value) => Range::exactly(*value),
            Expr::Field(ids::EVENT_TYPE) if self.kind.is_some() => {
                Range::exactly(self.kind.map_or(f64::NAN, |kind| f64::from(kind as u8)))
            }
            Expr::Field(field) => {
                let range = self.field(*field);
                let is_there = self.kind.is_some_and(|kind| is_required(*field, kind));
                Range { may_be_unknown: !is_there, ..range }
            }
            Expr::Key(_) => Range::whole(0.0, crate::expr::KEY_MASK as f64),
            Expr::Has(_) => Range { may_be_unknown: false, ..Range::TRUTH },
            Expr::IsType(types) => {
                let (is, is_not) = match self.kind {
                    Some(kind) => (types.contains(kind), !types.contains(kind)),
                    None => (true, true),
                };
                Range::of_truth(is, is_not, false)
            }
            // What a list holds is not said in the text.
            Expr::Listed(..) => Range::TRUTH,
            Expr::Reading(index) => known(self.readings, *index),
            Expr::Fact(index) => known(self.facts, *index),
            Expr::Component(_) => Range::between(0.0, f64::INFINITY),
            Expr::Not(inner) => {
                let inner = self.range(inner);
                Range { low: 1.0 - inner.high, high: 1.0 - inner.low, ..inner }
            }
            Expr::Negate(inner) => {
                let inner = self.range(inner);
                Range { low: -inner.high, high: -inner.low, ..inner }
            }
            Expr::Binary(op, left, right) => between(*op, self.range(left), self.range(right)),
            Expr::In(inner, list) => {
                let inner = self.range(inner);
                let can_be = list.iter().any(|entry| inner.has(*entry));
                let can_be_else = inner.low < inner.high || !can_be;
                Range::of_truth(
                    can_be && inner.may_be_known(),
                    can_be_else && inner.may_be_known(),
                    inner.may_be_unknown,
                )
            }
            Expr::Missing(inner) => {
                let inner = self.range(inner);
                Range::of_truth(inner.may_be_unknown, inner.may_be_known(), false)
            }
            Expr::OrElse(inner, other) => {
                let inner = self.range(inner);
                if !inner.may_be_unknown {
                    return inner;
                }
                let other = self.range(other);
                Range { may_be_unknown: other.may_be_unknown, ..inner.or(other) }
            }
            Expr::If(condition, then, other) => {
                let condition = self.range(condition);
                let mut range =
                    Range { may_be_unknown: condition.may_be_unknown, ..Range::UNKNOWN };
                if condition.can_be_true() {
                    range = range.or(self.range(then));
                }
                if condition.can_be_false() {
                    range = range.or(self.range(other));
                }
                range
            }
            Expr::Choose(conditions) => {
                let possible =
                    |(_, condition): &(usize, &Expr)| self.range(condition).can_be_true();
                let mut range = Range::UNKNOWN;
                for (index, _) in conditions.iter().enumerate().filter(possible) {
                    range = range.or(Range::exactly(index as f64));
                }
                range
            }
            Expr::Call(function, arguments) => {
                let ranges: Vec<Range> = arguments.iter().map(|a| self.range(a)).collect();
                call(*function, &ranges)
            }
        }
    }

    fn field(&self, field: FieldId) -> Range {
        match field.kind() {
            Kind::Bool => Range::TRUTH,
            Kind::Int { min, max } => Range::whole(min as f64, max as f64),
            Kind::Float { min, max } => Range::between(min, max),
            Kind::Time => Range::whole(TIME_MIN_MS as f64, TIME_MAX_MS as f64),
            Kind::Money => Range::whole(0.0, MONEY_MINOR_MAX as f64),
            Kind::Enum(names) => Range::whole(0.0, names.len() as f64 - 1.0),
            Kind::Set(_) => Range::whole(0.0, f64::INFINITY),
            Kind::Date => Range::whole(-DAY_MAX, DAY_MAX),
            Kind::YearMonth => Range::whole(0.0, MONTH_MAX),
            // Their slots hold hashes and codes, of which no number is taken.
            Kind::Country | Kind::Currency | Kind::Id | Kind::Text { .. } | Kind::Ip => {
                Range::UNKNOWN
            }
        }
    }
}

/// Whether every scored event of this type has the field. What an object must hold may be absent
/// with the object.
fn is_required(field: FieldId, kind: EventType) -> bool {
    let line = field.field();
    kind.is_scored() && line.required.contains(kind) && !line.path.contains('.')
}

fn known(ranges: &[Range], index: u16) -> Range {
    ranges.get(usize::from(index)).copied().unwrap_or(Range::ANY)
}

fn between(op: Op, a: Range, b: Range) -> Range {
    let both = a.may_be_known() && b.may_be_known();
    let unknown = a.may_be_unknown || b.may_be_unknown;
    let truth = |can_be_true: bool, can_be_false: bool| {
        Range::of_truth(both && can_be_true, both && can_be_false, unknown)
    };
    match op {
        // A decided side decides alone.
        Op::And => {
            let can_be_true = a.can_be_true() && b.can_be_true();
            Range::of_truth(can_be_true, a.can_be_false() || b.can_be_false(), unknown)
        }
        Op::Or => {
            let can_be_false = a.can_be_false() && b.can_be_false();
            Range::of_truth(a.can_be_true() || b.can_be_true(), can_be_false, unknown)
        }
        Op::Equal | Op::NotEqual => {
            let can_be_equal = a.low <= b.high && b.low <= a.high;
            let can_differ = a.low < a.high || b.low < b.high || a.low != b.low;
            if op == Op::Equal {
                truth(can_be_equal, can_differ)
            } else {
                truth(can_differ, can_be_equal)
            }
        }
        Op::Less => truth(a.low < b.high, b.low <= a.high),
        Op::LessEqual => truth(a.low <= b.high, b.low < a.high),
        Op::Add | Op::Subtract | Op::Multiply | Op::Divide => {
            if !both {
                return Range::UNKNOWN;
            }
            arithmetic(op, a, b, unknown)
        }
    }
}

fn arithmetic(op: Op, a: Range, b: Range, may_be_unknown: bool) -> Range {
    let is_whole = a.is_whole && b.is_whole && op != Op::Divide;
    if op == Op::Divide && b.low < 0.0 && 0.0 < b.high {
        return Range::ANY;
    }
    let mut range = Range { may_be_unknown: true, ..Range::UNKNOWN };
    for left in [a.low, a.high] {
        for right in [b.low, b.high] {
            let corner = match op {
                Op::Add => left + right,
                Op::Subtract => left - right,
                // What is not finite is only approached: nothing times it is nothing.
                Op::Multiply if left == 0.0 || right == 0.0 => 0.0,
                Op::Multiply => left * right,
                Op::Divide if left == 0.0 || right.is_infinite() => 0.0,
                // A divisor comes near zero from the side on which it lies.
                _ if right == 0.0 && b.high <= 0.0 => left / -0.0,
                _ if right == 0.0 => left / 0.0,
                _ => left / right,
            };
            if corner.is_nan() {
                return Range::ANY;
            }
            range.low = range.low.min(corner);
            range.high = range.high.max(corner);
        }
    }
    // An overflow is unknown, and so is a division by zero.
    let can_overflow = !range.low.is_finite() || !range.high.is_finite();
    let by_zero = op == Op::Divide && b.has(0.0);
    Range { is_whole, may_be_unknown: may_be_unknown || can_overflow || by_zero, ..range }
}

fn call(function: Function, arguments: &[Range]) -> Range {
    let any = |f: fn(&Range) -> f64, pick: fn(f64, f64) -> f64| {
        arguments.iter().filter(|r| r.may_be_known()).map(f).reduce(pick)
    };
    let x = arguments.first().copied().unwrap_or(Range::UNKNOWN);
    let may_be_unknown = arguments.iter().any(|argument| argument.may_be_unknown);
    let is_whole = arguments.iter().all(|argument| argument.is_whole);
    let bounded =
        |low: f64, high: f64, is_whole: bool| Range { low, high, is_whole, may_be_unknown };
    if arguments.iter().all(|argument| !argument.may_be_known()) {
        return Range::UNKNOWN;
    }
    match function {
        Function::Min | Function::Max => {
            let is_least = function == Function::Min;
            let pick: fn(f64, f64) -> f64 = if is_least { f64::min } else { f64::max };
            // Of the known ones: where some may be unknown, any of them may be the only one.
            let other: fn(f64, f64) -> f64 = match (is_least, may_be_unknown) {
                (true, false) => f64::min,
                (true, true) => f64::max,
                (false, false) => f64::max,
                (false, true) => f64::min,
            };
            let (low, high) = if is_least { (pick, other) } else { (other, pick) };
            let all_may_be_unknown = arguments.iter().all(|argument| argument.may_be_unknown);
            Range {
                low: any(|r| r.low, low).unwrap_or(f64::NEG_INFINITY),
                high: any(|r| r.high, high).unwrap_or(f64::INFINITY),
                is_whole,
                may_be_unknown: all_may_be_unknown,
            }
        }
        _ if arguments.iter().any(|argument| !argument.may_be_known()) => {
            // An unknown longitude leaves the zone of the country.
            if function == Function::ZoneOffsetMin && x.may_be_known() {
                return Range::whole(-ZONE_MAX_MIN, ZONE_MAX_MIN);
            }
            Range::UNKNOWN
        }
        Function::Abs => {
            let high = x.low.abs().max(x.high.abs());
            let low =
                if x.low <= 0.0 && 0.0 <= x.high { 0.0 } else { x.low.abs().min(x.high.abs()) };
            bounded(low, high, is_whole)
        }
        Function::Ln | Function::Sqrt => {
            let bound = |at: f64| invoke(function, &[at]);
            let low = if x.low <= 0.0 && function == Function::Ln {
                f64::NAN
            } else {
                bound(x.low.max(0.0))
            };
            let low = if low.is_nan() { f64::NEG_INFINITY } else { low };
            let high = if x.high.is_infinite() { f64::INFINITY } else { bound(x.high) };
            if high.is_nan() {
                return Range::UNKNOWN;
            }
            Range::between(low, high).with_room()
        }
        Function::Round | Function::Floor => {
            let bound = |at: f64| if function == Function::Round { at.round() } else { at.floor() };
            bounded(bound(x.low), bound(x.high), true)
        }
        Function::Modulo => {
            let by = arguments.get(1).copied().unwrap_or(Range::UNKNOWN);
            let is_exact = is_whole && x.low.abs().max(x.high.abs()) <= MONEY_MINOR_MAX as f64;
            if !is_exact {
                return Range::ANY;
            }
            Range { low: by.low.min(0.0), high: by.high.max(0.0), is_whole, may_be_unknown: true }
        }
        Function::Sin | Function::Cos => bounded(-1.0, 1.0, false),
        Function::Clamp => {
            let (low, high) = (arguments.get(1), arguments.get(2));
            let (low, high) = (low.copied().unwrap_or(x), high.copied().unwrap_or(x));
            let unordered = high.low < low.high;
            let least = low.low.max(x.low.min(high.low));
            let greatest = high.high.min(x.high.max(low.high));
            Range {
                may_be_unknown: may_be_unknown || unordered,
                ..bounded(least, greatest, is_whole)
            }
        }
        Function::Hour => bounded(0.0, 23.0, true),
        Function::Weekday => bounded(1.0, 7.0, true),
        Function::DistanceKm => Range::between(0.0, DISTANCE_MAX_KM),
        Function::ZoneOffsetMin => Range::whole(-ZONE_MAX_MIN, ZONE_MAX_MIN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::combine;

    /// Every combination of ranges with values of theirs, through every operator and function.
    #[test]
    fn no_value_lies_outside_of_its_range() {
        let samples: [(Range, &[f64]); 9] = [
            (Range::ANY, &[-1e9, -2.5, 0.0, 0.3, 7.0, f64::NAN]),
            (Range::TRUTH, &[0.0, 1.0, f64::NAN]),
            (Range::between(0.0, f64::INFINITY), &[0.0, 1e-9, 3.5, 1e18, f64::NAN]),
            (Range::between(-4.0, -0.5), &[-4.0, -1.0, -0.5, f64::NAN]),
            (Range::between(-4.0, 0.0), &[-4.0, -1.0, 0.0, f64::NAN]),
            (Range::whole(2.0, 5.0), &[2.0, 3.0, 5.0, f64::NAN]),
            (Range::exactly(0.0), &[0.0]),
            (Range::exactly(1.0), &[1.0]),
            (Range::UNKNOWN, &[f64::NAN]),
        ];
        let ops = [
            Op::Or,
            Op::And,
            Op::Equal,
            Op::NotEqual,
            Op::Less,
            Op::LessEqual,
            Op::Add,
            Op::Subtract,
            Op::Multiply,
            Op::Divide,
        ];
        for (a, values) in &samples {
            for (b, others) in &samples {
                for op in ops {
                    let is_logic = matches!(op, Op::Or | Op::And);
                    let are_truths = [a, b].iter().all(|r| {
                        **r == Range::UNKNOWN || 0.0 <= r.low && r.high <= 1.0 && r.is_whole
                    });
                    if is_logic && !are_truths {
                        continue;
                    }
                    let range = between(op, *a, *b);
                    for (x, y) in values.iter().flat_map(|x| others.iter().map(move |y| (x, y))) {
                        let got = combine(op, *x, *y);
                        assert!(range.has(got), "{x} {op:?} {y} is {got}, not in {range:?}");
                    }
                }
                for (_, function, count) in crate::expr::FUNCTIONS {
                    for (x, y) in values.iter().flat_map(|x| others.iter().map(move |y| (x, y))) {
                        let ranges = [*a, *b, *a, *b];
                        let given = [*x, *y, *x, *y];
                        let count = count.unwrap_or(2);
                        let got = invoke(*function, &given[..count]);
                        let range = call(*function, &ranges[..count]);
                        assert!(
                            range.has(got),
                            "{function:?} of {given:?} is {got}, not in {range:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn what_no_event_of_a_type_says_is_never_known_there() {
        let mut definitions = crate::catalog::definitions();
        let mcc = definitions.fact("merchant.mcc").unwrap();
        let count = definitions.fact("account_attempt_count_1h").unwrap();
        let plan = definitions.plan(&[mcc, count]);
        let (mcc, count) = (plan.find("merchant.mcc"), plan.find("account_attempt_count_1h"));
        let (mcc, count) = (mcc.unwrap(), count.unwrap());
        assert_eq!(plan.ranges(EventType::Login)[mcc], Range::UNKNOWN);
        assert!(plan.ranges(EventType::Payment)[mcc].may_be_known());
        let ranges = plan.ranges(EventType::Payment);
        assert!(ranges[count].has(0.0) && ranges[count].has(9.0));
        assert!(!ranges[count].has(-1.0) && !ranges[count].has(1.5));
    }
}
