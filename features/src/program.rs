//! The facts of one event type, ready to be computed: what such an event can never say is settled
//! beforehand, the rest is arithmetic on registers without a branch.
//!
//! [`specialise`] writes an expression anew for one event type: types are known, fields that it
//! never carries are unknown, and what follows from that is worked out by the very evaluator of
//! [`Expr`]. A [`Draft`] takes what is left of all facts apart into values; equal ones are one, in
//! whichever facts they stand. A [`Program`] computes each value once, in a register of its own. A
//! test holds programs and expressions against each other.
//!
//! **No jumps.** Of a choice both sides are computed, for expressions are pure, and one is taken:
//! no processor foretells what an event will say, and a jump foretold wrongly costs as much as
//! several values. **Runs.** Results of one operation that need nothing of each other lie side by
//! side and are computed by one small loop; which loop comes next is the same for every event.
//!
//! Cost: a nanosecond or two a value, no allocation.

use std::collections::HashMap;

use crate::event::Event;
use crate::expr::{Expr, Function, Op, Scope, UNKNOWN, combine, invoke, is_in, key_number, truth};
use crate::field::{EventType, FieldId, Source};
use crate::plan::OUTCOMES;

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

/// How a register is filled, in the order of a sweep: most of what an operation works on comes from
/// one before it, so that few sweeps do and runs are long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Operation {
    /// It was, by a look-up.
    Reading,
    Constant,
    /// From a field, by what its slot holds.
    Int,
    Float,
    Key,
    Has,
    Negate,
    Subtract,
    Divide,
    Multiply,
    Add,
    /// Of two values for the least and the greatest, else of four; those beyond what the function
    /// takes are unknown.
    Call(Function),
    Equal,
    NotEqual,
    Less,
    LessEqual,
    /// Membership in a list of the program.
    In(u32),
    Missing,
    Not,
    And,
    Or,
    /// The second when the first is true, else the third.
    When,
    /// The second when the first is true, the third when it is false.
    If,
    OrElse,
    /// Fills readings; its own register stays as it is.
    LookUp(u32),
}

impl Operation {
    /// Whether it works on registers.
    fn has_parts(self) -> bool {
        Operation::Negate <= self
    }
}

impl From<Op> for Operation {
    fn from(op: Op) -> Operation {
        match op {
            Op::Or => Operation::Or,
            Op::And => Operation::And,
            Op::Equal => Operation::Equal,
            Op::NotEqual => Operation::NotEqual,
            Op::Less => Operation::Less,
            Op::LessEqual => Operation::LessEqual,
            Op::Add => Operation::Add,
            Op::Subtract => Operation::Subtract,
            Op::Multiply => Operation::Multiply,
            Op::Divide => Operation::Divide,
        }
    }
}

/// Results of one operation, none of which needs another.
#[derive(Clone, Copy, Debug)]
struct Run {
    operation: Operation,
    /// Where their operands begin.
    operands: u32,
    /// The first register and their number.
    first: u32,
    results: u32,
}

/// See the module's essay.
#[derive(Clone, Debug, Default)]
pub(crate) struct Program {
    runs: Vec<Run>,
    /// What results are made of, in their order: registers, or the numbers of fields.
    operands: Vec<u32>,
    constants: Vec<f64>,
    lists: Vec<Vec<f64>>,
    /// The register of each fact.
    facts: Vec<u32>,
    registers: u32,
}

impl Program {
    /// Number of registers; the first ones are those of the readings.
    pub(crate) fn registers(&self) -> usize {
        self.registers as usize
    }

    /// A fact that has been computed.
    pub(crate) fn fact(&self, fact: u16, registers: &[f64]) -> f64 {
        canonical(registers[self.facts[usize::from(fact)] as usize])
    }

    /// Computes the facts. `look_up(lookup, registers)` makes a look-up whose key holds facts.
    pub(crate) fn run(
        &self,
        event: &Event,
        facts: &mut Vec<f64>,
        registers: &mut [f64],
        mut look_up: impl FnMut(usize, &mut [f64]),
    ) {
        for run in &self.runs {
            match run.operation {
                Operation::LookUp(lookup) => look_up(lookup as usize, registers),
                _ => self.fill(run, Some(event), registers),
            }
        }
        facts.clear();
        facts.extend(self.facts.iter().map(|register| canonical(registers[*register as usize])));
    }

    /// Computes the facts of a program without look-ups from its readings, which lie in the first
    /// registers; there is no event.
    pub(crate) fn compute(&self, registers: &mut [f64]) {
        for run in &self.runs {
            self.fill(run, None, registers);
        }
    }

    /// The register in which a fact is computed.
    pub(crate) fn register(&self, fact: usize) -> usize {
        self.facts[fact] as usize
    }

    /// Fills the registers of a run.
    // It is the whole of the loop over the runs: a call for each would cost more than many a run.
    #[inline(always)]
    fn fill(&self, run: &Run, event: Option<&Event>, registers: &mut [f64]) {
        // All that they are made of lies before them.
        let (known, results) = registers.split_at_mut(run.first as usize);
        let results = &mut results[..run.results as usize];
        let operands = &self.operands[run.operands as usize..];
        let work = (operands, results);
        match run.operation {
            Operation::Constant => work.1.copy_from_slice(&self.constants),
            Operation::Int => fill(work, |[f]| slot(event, f, |bits| bits as i64 as f64)),
            Operation::Float => fill(work, |[f]| slot(event, f, f64::from_bits)),
            Operation::Key => fill(work, |[f]| slot(event, f, key_number)),
            Operation::Has => {
                fill(work, |[f]| truth(event.is_some_and(|event| event.has(id(f)))));
            }
            Operation::Negate => each(known, work, |[a]| -a),
            Operation::Subtract => each(known, work, |[a, b]| combine(Op::Subtract, a, b)),
            Operation::Divide => each(known, work, |[a, b]| combine(Op::Divide, a, b)),
            Operation::Multiply => each(known, work, |[a, b]| combine(Op::Multiply, a, b)),
            Operation::Add => each(known, work, |[a, b]| combine(Op::Add, a, b)),
            // Nothing that is known is infinite, so neither is the least of it.
            Operation::Call(Function::Min) => each(known, work, |[a, b]| a.min(b)),
            Operation::Call(Function::Max) => each(known, work, |[a, b]| a.max(b)),
            Operation::Call(function) => each(known, work, |x: [f64; 4]| invoke(function, &x)),
            Operation::Equal => each(known, work, |[a, b]| combine(Op::Equal, a, b)),
            Operation::NotEqual => each(known, work, |[a, b]| combine(Op::NotEqual, a, b)),
            Operation::Less => each(known, work, |[a, b]| combine(Op::Less, a, b)),
            Operation::LessEqual => each(known, work, |[a, b]| combine(Op::LessEqual, a, b)),
            Operation::In(list) => {
                let list = &self.lists[list as usize];
                each(known, work, |[a]| is_in(a, list));
            }
            Operation::Missing => each(known, work, |[a]| truth(f64::is_nan(a))),
            Operation::Not => each(known, work, |[a]| 1.0 - a),
            Operation::And => each(known, work, |[a, b]| combine(Op::And, a, b)),
            Operation::Or => each(known, work, |[a, b]| combine(Op::Or, a, b)),
            Operation::When => each(known, work, |[c, a, b]| if c == 1.0 { a } else { b }),
            Operation::If => each(known, work, |[c, a, b]| {
                let chosen = if c == 0.0 { b } else { a };
                if c.is_nan() { UNKNOWN } else { chosen }
            }),
            Operation::OrElse => each(known, work, |[a, b]| if a.is_nan() { b } else { a }),
            // By others.
            Operation::Reading | Operation::LookUp(_) => {}
        }
    }
}

/// Fills each result from N operands.
#[inline(always)]
fn fill<const N: usize>(
    (operands, results): (&[u32], &mut [f64]),
    value: impl Fn([u32; N]) -> f64,
) {
    for (result, operands) in results.iter_mut().zip(operands.as_chunks().0) {
        *result = value(*operands);
    }
}

/// Fills each result from the values of N registers.
#[inline(always)]
fn each<const N: usize>(
    known: &[f64],
    work: (&[u32], &mut [f64]),
    value: impl Fn([f64; N]) -> f64,
) {
    fill(work, |registers: [u32; N]| value(registers.map(|register| known[register as usize])));
}

fn slot(event: Option<&Event>, operand: u32, value: impl Fn(u64) -> f64) -> f64 {
    event.map_or(UNKNOWN, |event| event.read_slot(id(operand), value))
}

fn id(operand: u32) -> FieldId {
    FieldId(operand as u16)
}

/// When a value is computed: in which sweep, by which operation.
type Place = (u32, Operation);

/// A program that is being written. It numbers the different values in the order in which it meets
/// them; their operands are values, fields, or the bits of a constant.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    values: Vec<(Place, Vec<u32>)>,
    numbers: HashMap<(Operation, Vec<u32>), u32>,
    lists: Vec<Vec<f64>>,
    /// The value of each fact.
    facts: Vec<u32>,
}

impl Draft {
    /// Adds the next fact.
    pub(crate) fn fact(&mut self, expr: &Expr) {
        let value = self.value(expr);
        self.facts.push(value);
    }

    /// A look-up: behind the `facts` in its key and before anything that its `readings` are for.
    pub(crate) fn look_up(
        &mut self,
        lookup: usize,
        facts: impl Iterator<Item = u16>,
        readings: impl Iterator<Item = u16>,
    ) {
        let facts: Vec<u32> = facts.map(|fact| self.facts[usize::from(fact)]).collect();
        let place = self.after(Operation::LookUp(lookup as u32), &facts);
        self.add(place, Vec::new());
        for reading in readings {
            self.add((place.0 + 1, Operation::Reading), vec![u32::from(reading)]);
        }
    }

    fn value(&mut self, expr: &Expr) -> u32 {
        let field = |field: &FieldId| u32::from(field.0);
        match expr {
            Expr::Constant(value) => self.constant(*value),
            Expr::Field(of) => match of.number_form() {
                Some(true) => self.given(Operation::Float, field(of)),
                Some(false) => self.given(Operation::Int, field(of)),
                None => self.constant(UNKNOWN),
            },
            Expr::Key(of) => self.given(Operation::Key, field(of)),
            Expr::Has(of) => self.given(Operation::Has, field(of)),
            Expr::Reading(index) => self.given(Operation::Reading, u32::from(*index)),
            Expr::Fact(index) => self.facts[usize::from(*index)],
            Expr::Not(a) => self.result(Operation::Not, &[a]),
            Expr::Negate(a) => self.result(Operation::Negate, &[a]),
            Expr::Missing(a) => self.result(Operation::Missing, &[a]),
            Expr::In(a, list) => {
                let index = index_in(&mut self.lists, list.clone());
                self.result(Operation::In(index), &[a])
            }
            Expr::Binary(op, a, b) => self.result(Operation::from(*op), &[a, b]),
            Expr::OrElse(a, b) => self.result(Operation::OrElse, &[a, b]),
            Expr::If(condition, then, other) => {
                self.result(Operation::If, &[condition, then, other])
            }
            Expr::Choose(conditions) => {
                let mut chosen = self.constant(UNKNOWN);
                for (index, condition) in conditions.iter().enumerate().rev() {
                    let operands = [self.value(condition), self.constant(index as f64), chosen];
                    chosen = self.of_values(Operation::When, operands.to_vec());
                }
                chosen
            }
            Expr::Call(function @ (Function::Min | Function::Max), list) => {
                let values: Vec<u32> = list.iter().map(|argument| self.value(argument)).collect();
                let best = values.into_iter().reduce(|best, value| {
                    self.of_values(Operation::Call(*function), vec![best, value])
                });
                best.unwrap_or_else(|| self.constant(UNKNOWN))
            }
            Expr::Call(function, list) => {
                let mut four: Vec<u32> = list.iter().map(|argument| self.value(argument)).collect();
                four.resize(4, self.constant(UNKNOWN));
                self.of_values(Operation::Call(*function), four)
            }
            // Types are settled beforehand; components and tests of lists are readings.
            Expr::IsType(_) | Expr::Component(_) | Expr::Listed(..) => self.constant(UNKNOWN),
        }
    }

    fn constant(&mut self, value: f64) -> u32 {
        let bits = value.to_bits();
        self.add((0, Operation::Constant), vec![(bits >> 32) as u32, bits as u32])
    }

    /// A value that no other is part of.
    fn given(&mut self, operation: Operation, operand: u32) -> u32 {
        self.add((0, operation), vec![operand])
    }

    fn result(&mut self, operation: Operation, parts: &[&Expr]) -> u32 {
        let values = parts.iter().map(|part| self.value(part)).collect();
        self.of_values(operation, values)
    }

    fn of_values(&mut self, operation: Operation, values: Vec<u32>) -> u32 {
        self.add(self.after(operation, &values), values)
    }

    /// The first place of the operation behind all these values.
    fn after(&self, operation: Operation, values: &[u32]) -> Place {
        let last = values.iter().map(|value| self.values[*value as usize].0).max();
        match last {
            Some((sweep, last)) if operation <= last => (sweep + 1, operation),
            Some((sweep, _)) => (sweep, operation),
            None => (0, operation),
        }
    }

    fn add(&mut self, place: Place, operands: Vec<u32>) -> u32 {
        *self.numbers.entry((place.1, operands)).or_insert_with_key(|(_, operands)| {
            self.values.push((place, operands.clone()));
            self.values.len() as u32 - 1
        })
    }

    /// The program, for so many readings.
    pub(crate) fn finish(self, readings: usize) -> Program {
        let Draft { values, lists, facts, .. } = self;
        let mut program = Program { lists, registers: readings as u32, ..Program::default() };
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by_key(|value| values[*value].0);
        let mut registers = vec![0; values.len()];
        for run in order.chunk_by(|a, b| values[*a].0 == values[*b].0) {
            let (_, operation) = values[run[0]].0;
            if operation == Operation::Reading {
                run.iter().for_each(|value| registers[*value] = values[*value].1[0]);
                continue;
            }
            program.runs.push(Run {
                operation,
                operands: program.operands.len() as u32,
                first: program.registers,
                results: run.len() as u32,
            });
            for value in run {
                let operands = &values[*value].1;
                match operation {
                    Operation::Constant => program.constants.push(from_halves(operands)),
                    _ if operation.has_parts() => {
                        let parts = operands.iter().map(|part| registers[*part as usize]);
                        program.operands.extend(parts);
                    }
                    _ => program.operands.extend(operands),
                }
                registers[*value] = program.registers;
                program.registers += 1;
            }
        }
        program.facts = facts.iter().map(|value| registers[*value as usize]).collect();
        program
    }
}

/// The number whose bits these are.
fn from_halves(halves: &[u32]) -> f64 {
    f64::from_bits(halves.iter().fold(0, |bits, half| bits << 32 | u64::from(*half)))
}

/// The index of an entry in a list, which gets it if it lacks it.
fn index_in<T: PartialEq>(list: &mut Vec<T>, entry: T) -> u32 {
    let known = list.iter().position(|known| *known == entry).unwrap_or_else(|| {
        list.push(entry);
        list.len() - 1
    });
    known as u32
}

/// One bit pattern for unknown and one for zero: facts are compared and hashed by their bits.
pub(crate) fn canonical(value: f64) -> f64 {
    if value.is_nan() { UNKNOWN } else { value + 0.0 }
}
