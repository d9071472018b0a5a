//! What expressions ask of the past: aggregates over windows, and sequences of events.

use super::super::ast;
use super::super::define::{both, fault, key_field, unknown};
use super::{BROKEN, Context, Resolver, Type, Typed};
use crate::expr::{Expr, Function, Op};
use crate::field::{self, EventType, FieldId, Kind, Types};
use crate::limits::{MEASURES_MAX, RETENTION_MAX_MS, SEQUENCE_STEPS_MAX};
use crate::plan::{KeyPart, Measure, Value};
use crate::program::may_have;
use crate::window::Aggregate;

impl Resolver<'_> {
    pub(super) fn aggregate(&mut self, whole: &ast::Expr, aggregate: &ast::Aggregate) -> Typed {
        let window = match self.context {
            Context::Event => {
                let message = "got an aggregate, wanted fields of one event";
                return self.broken(fault("P105", whole.span, message));
            }
            Context::Feature(window) => window,
            Context::Rule(_) => None,
        };
        let window_ms = match &aggregate.over {
            None => None,
            Some(ast::Over::Span { ms, .. }) => Some(*ms),
            Some(ast::Over::Window) if window.is_some() => window,
            Some(ast::Over::Window) => {
                let message = "`over window` stands outside a family of windows";
                return self.broken(fault("P105", whole.span, message));
            }
        };
        let before = self.faults.len();
        let context = std::mem::replace(&mut self.context, Context::Event);
        let value = aggregate.value.as_ref().map(|value| self.value(value));
        let condition = self.condition(&aggregate.source);
        self.context = context;
        self.check_window(whole.span, aggregate, window_ms);
        let record_by: Vec<FieldId> =
            aggregate.by.iter().filter_map(|name| self.record_key(name)).collect();
        let reading =
            if aggregate.matching.is_empty() { &aggregate.by } else { &aggregate.matching };
        let read_by: Vec<KeyPart> = reading.iter().filter_map(|name| self.read_key(name)).collect();
        if reading.len() != aggregate.by.len() {
            let message =
                format!("got {} keys to match, wanted {}", reading.len(), aggregate.by.len());
            self.faults.push(fault("P106", whole.span, message));
        }
        if before < self.faults.len() {
            return BROKEN;
        }
        let kind = kind_of(aggregate.kind.node, value.as_ref().map(|(_, kind)| kind));
        let measure = Measure {
            aggregate: aggregate_of(aggregate.kind.node),
            value: value.map(|(expr, _)| {
                let scale = if is_whole(&expr) { 1.0 } else { 1e6 };
                Value { expr, scale }
            }),
            condition,
            record_by,
            read_by,
            window_ms,
            offset_ms: aggregate.offset_ms,
            including_this: aggregate.including_this,
            within: Vec::new(),
        };
        let Some(measure) = self.known.add_measure(measure) else {
            return self.too_many_measures(whole.span);
        };
        self.fact_in_rule(super::super::print(whole), Expr::Reading(measure), kind)
    }

    /// Steps that follow each other, up to the scored event: a fact that is true or false, and
    /// unknown only where the past is.
    ///
    /// The steps before the last leave rows whose value says which of them an event can be; the
    /// last is a condition on the scored event.
    pub(super) fn sequence(&mut self, whole: &ast::Expr, sequence: &ast::Sequence) -> Typed {
        if self.context == Context::Event {
            let message = "got a sequence, wanted fields of one event";
            return self.broken(fault("P105", whole.span, message));
        }
        let before = self.faults.len();
        let context = std::mem::replace(&mut self.context, Context::Event);
        let mut steps: Vec<Expr> =
            sequence.steps.iter().map(|step| self.condition(&step.source)).collect();
        self.context = context;
        for fault in self.faults[before..].iter_mut().filter(|fault| fault.code == "P105") {
            let help = "a step sees its own event alone: its fields, and `let` names over them";
            fault.help.get_or_insert_with(|| help.to_owned());
        }
        let keys: Vec<FieldId> =
            sequence.by.iter().filter_map(|name| self.record_key(name)).collect();
        let within: Vec<i64> = sequence.steps.iter().filter_map(|step| step.within_ms).collect();
        let window_ms = within.iter().fold(0_i64, |sum, within| sum.saturating_add(*within));
        self.check_reach(whole.span, window_ms);
        if before == self.faults.len() {
            self.check_steps(whole, sequence, &steps, &keys);
        }
        let (before, last) = (before < self.faults.len(), steps.pop());
        let (false, Some(last)) = (before, last) else { return BROKEN };
        // Of what a step is unknown, it is not.
        let or_false = |step: Expr| Expr::OrElse(Box::new(step), Box::new(Expr::Constant(0.0)));
        let any = steps.iter().cloned().reduce(|any, step| both(Op::Or, any, step));
        let bits = steps.into_iter().enumerate().map(|(number, step)| {
            let bit = Expr::Constant(f64::from(1_u32 << number));
            both(Op::Multiply, or_false(step), bit)
        });
        let bits = bits.reduce(|set, bit| both(Op::Add, set, bit));
        let measure = Measure {
            aggregate: Aggregate::Sequence,
            value: bits.map(|expr| Value { expr, scale: 1.0 }),
            condition: any.unwrap_or(Expr::Constant(0.0)),
            record_by: keys.clone(),
            read_by: keys.into_iter().map(KeyPart::Field).collect(),
            window_ms: Some(window_ms),
            offset_ms: 0,
            including_this: false,
            within,
        };
        let Some(measure) = self.known.add_measure(measure) else {
            return self.too_many_measures(whole.span);
        };
        let expr = both(Op::And, or_false(last), Expr::Reading(measure));
        self.fact_in_rule(super::super::print(whole), expr, Type::Bool)
    }

    /// Whether events can be the steps of a sequence at all.
    fn check_steps(
        &mut self,
        whole: &ast::Expr,
        sequence: &ast::Sequence,
        steps: &[Expr],
        keys: &[FieldId],
    ) {
        if SEQUENCE_STEPS_MAX < steps.len() {
            let message = format!("got {} steps, wanted at most {SEQUENCE_STEPS_MAX}", steps.len());
            self.faults.push(fault("P112", whole.span, message));
        }
        if keys.is_empty() {
            let message = "whose events follow each other is not said";
            let help = "end the sequence with `by account` or another entity";
            self.faults.push(fault("P112", whole.span, message).help(help));
        }
        for (written, step) in sequence.steps.iter().zip(steps) {
            let types = step.possible_types();
            for (key, name) in keys.iter().zip(&sequence.by) {
                if !EventType::ALL.iter().any(|t| types.contains(*t) && may_have(*t, *key)) {
                    let message = format!("no event of this step carries `{}`", name.node);
                    self.faults.push(fault("P112", written.source.span, message));
                }
            }
        }
        let last = steps.last().map_or(Types::NONE, Expr::possible_types);
        if let (Context::Rule(on), Some(written)) = (self.context, sequence.steps.last())
            && last.intersect(on) == Types::NONE
        {
            let message = "no event of this rule is the last step, which is the event judged";
            self.faults.push(fault("P112", written.source.span, message));
        }
    }

    fn too_many_measures(&mut self, span: ast::Span) -> Typed {
        let message = format!("more than {MEASURES_MAX} different window aggregates are defined");
        self.broken(fault("P110", span, message))
    }

    fn check_reach(&mut self, span: ast::Span, reach_ms: i64) {
        if RETENTION_MAX_MS < reach_ms {
            let days = RETENTION_MAX_MS / 86_400_000;
            let message = format!("the window reaches back more than {days} days");
            self.faults.push(fault("P107", span, message));
        }
    }

    fn check_window(
        &mut self,
        span: ast::Span,
        aggregate: &ast::Aggregate,
        window_ms: Option<i64>,
    ) {
        self.check_reach(span, window_ms.unwrap_or(0).saturating_add(aggregate.offset_ms));
        let distinct = aggregate.kind.node == ast::AggregateKind::Distinct;
        if distinct && (window_ms.is_none() || aggregate.offset_ms != 0) {
            let message = "distinct values are kept by their last sighting: \
                           they need `over` and take no `offset`";
            self.faults.push(fault("P107", span, message));
        }
        let kind = aggregate.kind.node;
        if window_ms.is_none() && aggregate_of(kind).is_scanned() {
            let name = kind.name();
            let message = format!("`{name}` looks at the newest events of a window: add `over`");
            self.faults.push(fault("P107", span, message));
        } else if window_ms.is_none() && aggregate.offset_ms != 0 {
            let message = "`offset` needs a window: add `over`";
            self.faults.push(fault("P107", span, message));
        }
    }

    fn record_key(&mut self, name: &ast::Name) -> Option<FieldId> {
        let field = key_field(&name.node).or_else(|| field::find(&name.node));
        if field.is_none() {
            let known = self.known.suggested_names();
            let mut diagnostic = unknown(name.span, "key", &name.node, &known);
            diagnostic.code = "P106";
            self.faults.push(diagnostic);
        }
        field
    }

    fn read_key(&mut self, name: &ast::Name) -> Option<KeyPart> {
        if let Some(field) = key_field(&name.node).or_else(|| field::find(&name.node)) {
            return Some(KeyPart::Field(field));
        }
        if let Some(index) = self.known.feature_index(&name.node) {
            return Some(KeyPart::Fact(index as u16));
        }
        self.record_key(name).map(KeyPart::Field)
    }
}

fn aggregate_of(kind: ast::AggregateKind) -> Aggregate {
    match kind {
        ast::AggregateKind::Count => Aggregate::Count,
        ast::AggregateKind::Sum => Aggregate::Sum,
        ast::AggregateKind::Avg => Aggregate::Mean,
        ast::AggregateKind::Min => Aggregate::Min,
        ast::AggregateKind::Max => Aggregate::Max,
        ast::AggregateKind::Stddev => Aggregate::Stddev,
        ast::AggregateKind::Distinct => Aggregate::Distinct,
        ast::AggregateKind::First => Aggregate::First,
        ast::AggregateKind::Last => Aggregate::Last,
        ast::AggregateKind::SinceFirst => Aggregate::SinceFirst,
        ast::AggregateKind::SinceLast => Aggregate::SinceLast,
        ast::AggregateKind::Entropy => Aggregate::Entropy,
        ast::AggregateKind::Concentration => Aggregate::Concentration,
        ast::AggregateKind::Median => Aggregate::Median,
        ast::AggregateKind::Rank => Aggregate::Rank,
        ast::AggregateKind::Repeats => Aggregate::Repeats,
        ast::AggregateKind::Rising => Aggregate::Rising,
        ast::AggregateKind::Falling => Aggregate::Falling,
        ast::AggregateKind::Changes => Aggregate::Changes,
        ast::AggregateKind::Mode => Aggregate::Mode,
        ast::AggregateKind::GapMin => Aggregate::GapMin,
        ast::AggregateKind::GapCv => Aggregate::GapCv,
        ast::AggregateKind::HourRarity => Aggregate::HourRarity,
    }
}

fn kind_of(kind: ast::AggregateKind, value: Option<&Type>) -> Type {
    match kind {
        ast::AggregateKind::Count
        | ast::AggregateKind::Distinct
        | ast::AggregateKind::Entropy
        | ast::AggregateKind::Concentration
        | ast::AggregateKind::Rank
        | ast::AggregateKind::Repeats
        | ast::AggregateKind::Rising
        | ast::AggregateKind::Falling
        | ast::AggregateKind::Changes
        | ast::AggregateKind::GapCv
        | ast::AggregateKind::HourRarity => Type::Number,
        ast::AggregateKind::SinceFirst
        | ast::AggregateKind::SinceLast
        | ast::AggregateKind::GapMin => Type::Duration,
        ast::AggregateKind::Sum
        | ast::AggregateKind::Avg
        | ast::AggregateKind::Min
        | ast::AggregateKind::Max
        | ast::AggregateKind::Stddev
        | ast::AggregateKind::First
        | ast::AggregateKind::Last
        | ast::AggregateKind::Median
        | ast::AggregateKind::Mode => value.cloned().unwrap_or(Type::Number),
    }
}

/// Whether the expression can only be a whole number, which is kept without a scale.
fn is_whole(expr: &Expr) -> bool {
    match expr {
        Expr::Constant(value) => value.fract() == 0.0,
        Expr::Field(field) => !matches!(field.kind(), Kind::Float { .. }),
        Expr::Key(_) | Expr::Has(_) | Expr::IsType(_) | Expr::Listed(..) => true,
        Expr::Not(_) | Expr::In(..) | Expr::Missing(_) | Expr::Choose(_) => true,
        Expr::Negate(a) => is_whole(a),
        Expr::Binary(Op::Add | Op::Subtract | Op::Multiply, a, b) | Expr::OrElse(a, b) => {
            is_whole(a) && is_whole(b)
        }
        Expr::Binary(Op::Divide, ..) => false,
        Expr::Binary(..) => true,
        Expr::If(_, a, b) => is_whole(a) && is_whole(b),
        Expr::Call(Function::Round | Function::Floor | Function::Hour | Function::Weekday, _) => {
            true
        }
        Expr::Call(Function::Abs | Function::Min | Function::Max, list) => {
            list.iter().all(is_whole)
        }
        Expr::Call(..) | Expr::Reading(_) | Expr::Fact(_) | Expr::Component(_) => false,
    }
}
