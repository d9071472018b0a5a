//! The facts of one event type, ready to be computed: what such an event can never say is settled
//! beforehand, the rest is one flat run of instructions over a small stack.
//!
//! [`specialise`] writes an expression anew for one event type: types are known, fields that it
//! never carries are unknown, and what follows from that is worked out by the very evaluator of
//! [`Expr`]. A [`Program`] is what is left of all facts: those that are known beforehand, those that
//! are a reading, and code for the others. A test holds programs and expressions against each other.
//!
//! Cost: one step of a loop an instruction, no allocation.

use crate::event::Event;
use crate::expr::{
    Expr, Function, Op, Scope, TextTest, UNKNOWN, combine, invoke, key_number, truth,
};
use crate::field::{EventType, FieldId, Source};
use crate::plan::OUTCOMES;

/// Values that the code of one fact may have open at once; a deeper one is evaluated as it stands.
const STACK: usize = 32;

/// Whether an event of this type may have the field.
pub(crate) fn may_have(kind: EventType, field: FieldId) -> bool {
    // An outcome takes over fields of the event it refers to.
    OUTCOMES.contains(&kind)
        || field.field().source == Source::Derived
        || field.field().on.contains(kind)
}

/// The expression as it is for events of one type. `facts` and `readings` give what is known of
/// those already.
pub(crate) fn specialise(
    expr: Expr,
    kind: EventType,
    facts: &[Option<f64>],
    readings: &[Option<f64>],
) -> Expr {
    expr.map(&mut |node| match node {
        Expr::IsType(types) => Expr::Constant(truth(types.contains(kind))),
        Expr::Field(field) | Expr::Key(field) if !may_have(kind, field) => Expr::Constant(UNKNOWN),
        Expr::Text(field, _) if !may_have(kind, field) => Expr::Constant(UNKNOWN),
        Expr::Has(field) if !may_have(kind, field) => Expr::Constant(0.0),
        Expr::Fact(index) => facts[usize::from(index)].map_or(Expr::Fact(index), Expr::Constant),
        Expr::Reading(index) => {
            readings[usize::from(index)].map_or(Expr::Reading(index), Expr::Constant)
        }
        other => fold(other),
    })
}

/// Works out what follows from constants alone.
fn fold(node: Expr) -> Expr {
    let constant = |expr: &Expr| match expr {
        Expr::Constant(value) => Some(*value),
        _ => None,
    };
    match node {
        Expr::Binary(op, a, b) => match (op, constant(&a), constant(&b)) {
            (Op::And, Some(decided), _) | (Op::And, _, Some(decided)) if decided == 0.0 => {
                Expr::Constant(0.0)
            }
            (Op::Or, Some(decided), _) | (Op::Or, _, Some(decided)) if decided == 1.0 => {
                Expr::Constant(1.0)
            }
            // A true side leaves the other one, as it is a truth value too.
            (Op::And, Some(_), None) | (Op::Or, Some(_), None) if !is_unknown(&a) => *b,
            (Op::And, None, Some(_)) | (Op::Or, None, Some(_)) if !is_unknown(&b) => *a,
            (Op::And | Op::Or, Some(a), Some(b)) => Expr::Constant(combine(op, a, b)),
            (Op::And | Op::Or, ..) => Expr::Binary(op, a, b),
            (_, Some(a), Some(b)) => Expr::Constant(combine(op, a, b)),
            (_, Some(known), _) | (_, _, Some(known)) if known.is_nan() => Expr::Constant(UNKNOWN),
            _ => Expr::Binary(op, a, b),
        },
        Expr::OrElse(a, b) => match constant(&a) {
            Some(value) if value.is_nan() => *b,
            Some(value) => Expr::Constant(value),
            None => Expr::OrElse(a, b),
        },
        Expr::If(condition, then, other) => match constant(&condition) {
            Some(value) if value.is_nan() => Expr::Constant(UNKNOWN),
            Some(value) => {
                if value == 0.0 {
                    *other
                } else {
                    *then
                }
            }
            None => Expr::If(condition, then, other),
        },
        Expr::Call(function @ (Function::Min | Function::Max), list) => {
            let mut list = list;
            list.retain(|argument| !is_unknown(argument));
            match list.iter().map(constant).collect::<Option<Vec<f64>>>() {
                Some(_) => Expr::Constant(Expr::Call(function, list).value(Scope::EMPTY)),
                None => Expr::Call(function, list),
            }
        }
        node => {
            let mut is_constant = true;
            let mut is_leaf = true;
            node.each_part(&mut |part| {
                is_constant &= constant(part).is_some();
                is_leaf = false;
            });
            if is_constant && !is_leaf { Expr::Constant(node.value(Scope::EMPTY)) } else { node }
        }
    }
}

fn is_unknown(expr: &Expr) -> bool {
    matches!(expr, Expr::Constant(value) if value.is_nan())
}

/// One step of the code.
#[derive(Clone, Copy, Debug)]
enum Code {
    Constant(f64),
    Int(FieldId),
    Float(FieldId),
    Key(FieldId),
    Has(FieldId),
    Text(u16),
    Reading(u16),
    Fact(u16),
    Not,
    Negate,
    Missing,
    Binary(Op),
    /// With a constant on the right.
    With(Op, f64),
    In(u16),
    Call(Function, u8),
    /// Leaves a decided left side and goes on at the place.
    UnlessAnd(u32),
    UnlessOr(u32),
    UnlessKnown(u32),
    /// Takes a condition: goes on when true, to the first place when false, leaves unknown and goes
    /// to the second when unknown.
    Branch(u32, u32),
    Jump(u32),
    /// Takes a condition: leaves the number and goes to the place when it is true.
    Choose(u16, u32),
    /// An expression as it stands.
    Whole(u16),
    /// Takes the value of a fact.
    Store(u16),
    /// The look-up has to be made before anything that follows.
    LookUp(u16),
}

/// See the module's essay.
#[derive(Clone, Debug, Default)]
pub(crate) struct Program {
    /// Every fact, as far as it is known beforehand.
    known: Vec<f64>,
    /// Facts that are a reading of a look-up whose key holds no fact.
    copies: Vec<(u16, u16)>,
    code: Vec<Code>,
    lists: Vec<Vec<f64>>,
    tests: Vec<(FieldId, TextTest)>,
    wholes: Vec<Expr>,
}

impl Program {
    /// A program that leaves all of `facts` unknown.
    pub(crate) fn new(facts: usize) -> Program {
        Program { known: vec![UNKNOWN; facts], ..Program::default() }
    }

    /// The fact is this, whatever the event.
    pub(crate) fn settle(&mut self, fact: usize, value: f64) {
        self.known[fact] = canonical(value);
    }

    /// The fact is a reading that is there before the code runs.
    pub(crate) fn copy(&mut self, fact: usize, reading: u16) {
        self.copies.push((fact as u16, reading));
    }

    /// The fact is the value of an expression.
    pub(crate) fn compute(&mut self, fact: usize, expr: &Expr) {
        self.emit(expr, 1);
        self.code.push(Code::Store(fact as u16));
    }

    /// A look-up whose key holds facts computed before.
    pub(crate) fn look_up(&mut self, lookup: usize) {
        self.code.push(Code::LookUp(lookup as u16));
    }

    /// Computes the facts. `look_up(lookup, facts, readings)` makes a look-up.
    pub(crate) fn run(
        &self,
        event: &Event,
        facts: &mut Vec<f64>,
        readings: &mut [f64],
        mut look_up: impl FnMut(usize, &[f64], &mut [f64]),
    ) {
        facts.clear();
        facts.extend_from_slice(&self.known);
        for (fact, reading) in &self.copies {
            facts[usize::from(*fact)] = readings[usize::from(*reading)];
        }
        let mut stack = [0.0; STACK];
        // The next free place; the code never takes more than it left.
        let mut top = 0;
        let mut at = 0;
        while let Some(code) = self.code.get(at) {
            at += 1;
            let value = match *code {
                Code::Constant(value) => value,
                Code::Int(field) => event.bits(field).map_or(UNKNOWN, |bits| bits as i64 as f64),
                Code::Float(field) => event.bits(field).map_or(UNKNOWN, f64::from_bits),
                Code::Key(field) => event.bits(field).map_or(UNKNOWN, key_number),
                Code::Has(field) => truth(event.has(field)),
                Code::Text(index) => {
                    let (field, test) = &self.tests[usize::from(index)];
                    event.text(*field).map_or(UNKNOWN, |text| truth(test.holds(text)))
                }
                Code::Reading(index) => readings[usize::from(index)],
                Code::Fact(index) => facts[usize::from(index)],
                Code::Whole(index) => {
                    let scope = Scope { event: Some(event), readings, facts };
                    self.wholes[usize::from(index)].value(scope)
                }
                Code::Not => {
                    stack[top - 1] = 1.0 - stack[top - 1];
                    continue;
                }
                Code::Negate => {
                    stack[top - 1] = -stack[top - 1];
                    continue;
                }
                Code::Missing => {
                    stack[top - 1] = truth(f64::is_nan(stack[top - 1]));
                    continue;
                }
                Code::Binary(op) => {
                    top -= 1;
                    stack[top - 1] = combine(op, stack[top - 1], stack[top]);
                    continue;
                }
                Code::With(op, right) => {
                    stack[top - 1] = combine(op, stack[top - 1], right);
                    continue;
                }
                Code::In(index) => {
                    let value: f64 = stack[top - 1];
                    let list = &self.lists[usize::from(index)];
                    let found = || list.binary_search_by(|entry| entry.total_cmp(&value)).is_ok();
                    stack[top - 1] = if value.is_nan() { UNKNOWN } else { truth(found()) };
                    continue;
                }
                Code::Call(function, count) => {
                    top -= usize::from(count);
                    invoke(function, &stack[top..top + usize::from(count)])
                }
                Code::UnlessAnd(to) => {
                    at = if stack[top - 1] == 0.0 { to as usize } else { at };
                    continue;
                }
                Code::UnlessOr(to) => {
                    at = if stack[top - 1] == 1.0 { to as usize } else { at };
                    continue;
                }
                Code::UnlessKnown(to) => {
                    if stack[top - 1].is_nan() {
                        top -= 1;
                    } else {
                        at = to as usize;
                    }
                    continue;
                }
                Code::Branch(other, end) => {
                    top -= 1;
                    let condition: f64 = stack[top];
                    if condition.is_nan() {
                        at = end as usize;
                        UNKNOWN
                    } else {
                        at = if condition == 0.0 { other as usize } else { at };
                        continue;
                    }
                }
                Code::Jump(to) => {
                    at = to as usize;
                    continue;
                }
                Code::Choose(index, end) => {
                    top -= 1;
                    if stack[top] != 1.0 {
                        continue;
                    }
                    at = end as usize;
                    f64::from(index)
                }
                Code::Store(fact) => {
                    top -= 1;
                    facts[usize::from(fact)] = canonical(stack[top]);
                    continue;
                }
                Code::LookUp(lookup) => {
                    look_up(usize::from(lookup), facts, readings);
                    continue;
                }
            };
            stack[top] = value;
            top += 1;
        }
    }

    /// Writes the code that leaves the expression's value; `open` values are on the stack then.
    fn emit(&mut self, expr: &Expr, open: usize) {
        if STACK - 8 < open || matches!(expr, Expr::Call(_, list) if 8 < list.len()) {
            self.wholes.push(expr.clone());
            self.code.push(Code::Whole(self.wholes.len() as u16 - 1));
            return;
        }
        match expr {
            Expr::Constant(value) => self.code.push(Code::Constant(*value)),
            Expr::Field(field) => self.code.push(match field.number_form() {
                Some(true) => Code::Float(*field),
                Some(false) => Code::Int(*field),
                None => Code::Constant(UNKNOWN),
            }),
            Expr::Key(field) => self.code.push(Code::Key(*field)),
            Expr::Has(field) => self.code.push(Code::Has(*field)),
            Expr::Text(field, test) => {
                self.tests.push((*field, test.clone()));
                self.code.push(Code::Text(self.tests.len() as u16 - 1));
            }
            Expr::Reading(index) => self.code.push(Code::Reading(*index)),
            Expr::Fact(index) => self.code.push(Code::Fact(*index)),
            Expr::Not(a) => self.after(a, open, Code::Not),
            Expr::Negate(a) => self.after(a, open, Code::Negate),
            Expr::Missing(a) => self.after(a, open, Code::Missing),
            Expr::In(a, list) => {
                self.lists.push(list.clone());
                let index = self.lists.len() as u16 - 1;
                self.after(a, open, Code::In(index));
            }
            Expr::Binary(op @ (Op::And | Op::Or), a, b) => {
                self.emit(a, open);
                let jump = self.reserve();
                self.emit(b, open + 1);
                self.code.push(Code::Binary(*op));
                let end = self.code.len() as u32;
                self.code[jump] =
                    if *op == Op::And { Code::UnlessAnd(end) } else { Code::UnlessOr(end) };
            }
            Expr::Binary(op, a, b) => {
                self.emit(a, open);
                if let Expr::Constant(right) = **b {
                    self.code.push(Code::With(*op, right));
                } else {
                    self.emit(b, open + 1);
                    self.code.push(Code::Binary(*op));
                }
            }
            Expr::OrElse(a, b) => {
                self.emit(a, open);
                let jump = self.reserve();
                self.emit(b, open);
                self.code[jump] = Code::UnlessKnown(self.code.len() as u32);
            }
            Expr::If(condition, then, other) => {
                self.emit(condition, open);
                let branch = self.reserve();
                self.emit(then, open);
                let jump = self.reserve();
                let start = self.code.len() as u32;
                self.emit(other, open);
                let end = self.code.len() as u32;
                self.code[branch] = Code::Branch(start, end);
                self.code[jump] = Code::Jump(end);
            }
            Expr::Choose(conditions) => {
                let mut jumps = Vec::new();
                for condition in conditions {
                    self.emit(condition, open);
                    jumps.push(self.reserve());
                }
                self.code.push(Code::Constant(UNKNOWN));
                let end = self.code.len() as u32;
                for (index, jump) in jumps.into_iter().enumerate() {
                    self.code[jump] = Code::Choose(index as u16, end);
                }
            }
            Expr::Call(function, list) => {
                for (index, argument) in list.iter().enumerate() {
                    self.emit(argument, open + index);
                }
                self.code.push(Code::Call(*function, list.len() as u8));
            }
            // Types are settled beforehand, components are readings.
            Expr::IsType(_) | Expr::Component(_) => self.code.push(Code::Constant(UNKNOWN)),
        }
    }

    fn after(&mut self, part: &Expr, open: usize, code: Code) {
        self.emit(part, open);
        self.code.push(code);
    }

    /// A place that is filled in when its target is known.
    fn reserve(&mut self) -> usize {
        self.code.push(Code::Jump(0));
        self.code.len() - 1
    }
}

/// One bit pattern for unknown and one for zero: facts are compared and hashed by their bits.
pub(crate) fn canonical(value: f64) -> f64 {
    if value.is_nan() { UNKNOWN } else { value + 0.0 }
}
