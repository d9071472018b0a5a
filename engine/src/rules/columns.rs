//! The rules of one type of event over many rows of facts: a column at a time.
//!
//! A row is a bit here. For each value and each place where some atom about it changes, the rows at
//! or above that place are found once, by comparing or, where there are many such places, by
//! looking up where each row lies among them. What is left is logic on words: an atom is the
//! exclusive or of a few of these, an alternative the `and` of its atoms, a rule the `or` of its
//! alternatives. The answers are those of [`RuleSet::evaluate`], row by row; a test holds them
//! against each other.
//!
//! It is for tables of facts that are known beforehand and for policies of some hundred rules: among
//! thousands nearly every bit is wanted by some row, and one row by itself is judged sooner. Where
//! what was decided on one event can change the facts of the next, only the row at hand can be
//! judged.

use std::collections::HashMap;
use std::ops::Range;

use features::expr::UNKNOWN;
use features::field::EventType;
use features::formulas::Formulas;

use super::RuleSet;
use super::normal::{Atom, Normaliser, Truth, Value};

/// Rows that are judged together.
pub const ROWS_MAX: usize = 1_024;

const WORDS: usize = ROWS_MAX / 64;

/// Up to so many places rows are compared with each.
const COMPARED_MAX: usize = 12;

/// A set of rows, a bit each.
pub type Rows = [u64; WORDS];

const NONE: Rows = [0; WORDS];

/// The rules of a policy for one type of event; see the module's essay.
#[derive(Debug)]
pub struct ByColumn<'a> {
    set: &'a RuleSet,
    formulas: Formulas,
    values: Vec<Column>,
    cuts: Vec<f64>,
    alternatives: Vec<Alternative>,
    parts: Vec<Part>,
    /// The cuts at which atoms turn.
    turns: Vec<u32>,
    /// For each value the rows where it is known, for each cut those at or above it.
    known: Vec<Rows>,
    above: Vec<Rows>,
    /// Formulas of a row, and of all rows, one formula after the other.
    registers: Vec<f64>,
    computed: Vec<f64>,
}

/// What rules say of up to [`ROWS_MAX`] rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    /// For each rule, the rows that it hits and no exemption takes away. A rule in shadow would
    /// have hit them.
    pub hit: Vec<Rows>,
    /// For each rule, the rows that it cannot decide.
    pub undecided: Vec<Rows>,
    /// Rules that would have voted, hit or undecided, the exemption that suppressed them, and where.
    pub suppressed: Vec<(u16, u16, Rows)>,
}

#[derive(Clone, Debug)]
struct Column {
    source: Value,
    cuts: Range<usize>,
}

#[derive(Clone, Debug)]
struct Alternative {
    owner: usize,
    parts: Range<usize>,
}

/// An atom: the value must lie in the region with these turns.
#[derive(Clone, Debug)]
struct Part {
    value: usize,
    starts_inside: bool,
    unknown: Truth,
    turns: Range<usize>,
}

impl RuleSet {
    /// The rules that look at this type of event, ready for columns of facts.
    pub fn by_column(&self, event_type: EventType) -> ByColumn<'_> {
        let mut normaliser = Normaliser::default();
        let rules = self.rules.iter().map(|rule| (rule.on, &rule.when));
        let all = rules.chain(self.exemptions.iter().map(|e| (e.on, &e.when)));
        let mut alternatives: Vec<(usize, Vec<Atom>)> = Vec::new();
        for (owner, (_, when)) in all.enumerate().filter(|(_, (on, _))| on.contains(event_type)) {
            let found = normaliser.alternatives(when);
            alternatives.extend(found.into_iter().map(|atoms| (owner, atoms)));
        }
        ByColumn::new(self, &alternatives, &normaliser)
    }
}

impl<'a> ByColumn<'a> {
    fn new(
        set: &'a RuleSet,
        alternatives: &[(usize, Vec<Atom>)],
        normaliser: &Normaliser,
    ) -> ByColumn<'a> {
        let mut numbers: HashMap<Value, usize> = HashMap::new();
        let mut cuts: Vec<Vec<f64>> = Vec::new();
        let (mut values, mut formulas) = (Vec::new(), Vec::new());
        for atom in alternatives.iter().flat_map(|(_, atoms)| atoms) {
            let number = *numbers.entry(atom.value).or_insert_with(|| {
                values.push(match atom.value {
                    Value::Formula(number) => {
                        formulas.push(normaliser.formula(number));
                        Value::Formula(formulas.len() as u32 - 1)
                    }
                    fact => fact,
                });
                cuts.push(Vec::new());
                values.len() - 1
            });
            cuts[number].extend(&atom.region.turns);
        }
        let mut by_column = ByColumn {
            set,
            computed: vec![UNKNOWN; formulas.len() * ROWS_MAX],
            formulas: Formulas::new(formulas),
            values: Vec::new(),
            cuts: Vec::new(),
            alternatives: Vec::new(),
            parts: Vec::new(),
            turns: Vec::new(),
            known: vec![NONE; values.len()],
            above: Vec::new(),
            registers: Vec::new(),
        };
        for (source, mut cuts) in values.into_iter().zip(cuts) {
            cuts.sort_by(f64::total_cmp);
            cuts.dedup();
            let first = by_column.cuts.len();
            by_column.cuts.extend(cuts);
            by_column.values.push(Column { source, cuts: first..by_column.cuts.len() });
        }
        by_column.above = vec![NONE; by_column.cuts.len()];
        for (owner, atoms) in alternatives {
            let first = by_column.parts.len();
            atoms.iter().for_each(|atom| by_column.add_part(numbers[&atom.value], atom));
            let parts = first..by_column.parts.len();
            by_column.alternatives.push(Alternative { owner: *owner, parts });
        }
        by_column
    }

    fn add_part(&mut self, value: usize, atom: &Atom) {
        let cuts = self.values[value].cuts.clone();
        let first = self.turns.len();
        for turn in &atom.region.turns {
            let place = self.cuts[cuts.clone()].partition_point(|cut| cut < turn);
            self.turns.push((cuts.start + place) as u32);
        }
        self.parts.push(Part {
            value,
            starts_inside: atom.region.starts_inside,
            unknown: atom.region.unknown,
            turns: first..self.turns.len(),
        });
    }

    /// Judges up to [`ROWS_MAX`] events, given by their times and by the column of each fact; what a
    /// column lacks is unknown.
    pub fn evaluate(&mut self, times_ms: &[i64], facts: &[&[f64]]) -> Answers {
        let rows = times_ms.len().min(ROWS_MAX);
        self.locate(rows, facts);
        let (rules, exemptions) = (self.set.rules.len(), self.set.exemptions.len());
        let all: Rows = set_of(|row| row < rows);
        let mut hit = vec![NONE; rules + exemptions];
        let mut open = hit.clone();
        for alternative in &self.alternatives {
            if let Some((is_hit, is_open)) = self.judge(alternative, &all) {
                join(&mut hit[alternative.owner], &is_hit);
                join(&mut open[alternative.owner], &is_open);
            }
        }
        let in_force = |until: Option<i64>| match until {
            None => all,
            Some(until) => set_of(|row| times_ms[..rows].get(row).is_some_and(|t| *t < until)),
        };
        for ((hit, open), rule) in hit.iter_mut().zip(&mut open).zip(&self.set.rules) {
            let in_force = in_force(rule.until_ms);
            *open = std::array::from_fn(|word| open[word] & !hit[word] & in_force[word]);
            meet(hit, &in_force);
        }
        // Where a rule votes though it is undecided.
        let speaks = |rule: usize| self.set.rules[rule].undecided.is_some();
        let mut speaking: Vec<Rows> =
            (0..rules).map(|rule| if speaks(rule) { open[rule] } else { NONE }).collect();
        let mut suppressed = Vec::new();
        for (index, exemption) in self.set.exemptions.iter().enumerate() {
            let mut exempt = hit[rules + index];
            meet(&mut exempt, &in_force(exemption.until_ms));
            for rule in (0..rules).filter(|rule| exemption.from.contains(&(*rule as u16))) {
                let mut taken = hit[rule];
                join(&mut taken, &speaking[rule]);
                meet(&mut taken, &exempt);
                if taken != NONE && !self.set.rules[rule].is_shadow {
                    for votes in [&mut hit[rule], &mut speaking[rule]] {
                        votes.iter_mut().zip(&taken).for_each(|(votes, taken)| *votes &= !taken);
                    }
                    suppressed.push((rule as u16, index as u16, taken));
                }
            }
        }
        hit.truncate(rules);
        open.truncate(rules);
        Answers { hit, undecided: open, suppressed }
    }

    fn judge(&self, alternative: &Alternative, all: &Rows) -> Option<(Rows, Rows)> {
        let (mut hit, mut open) = (*all, *all);
        for part in &self.parts[alternative.parts.clone()] {
            let known = &self.known[part.value];
            let mut inside = if part.starts_inside { *known } else { NONE };
            for turn in &self.turns[part.turns.clone()] {
                let above = &self.above[*turn as usize];
                inside.iter_mut().zip(above).for_each(|(inside, above)| *inside ^= above);
            }
            meet(&mut open, &or_unknown(&inside, known, part.unknown != Truth::False));
            if open == NONE {
                return None;
            }
            meet(&mut hit, &or_unknown(&inside, known, part.unknown == Truth::True));
        }
        Some((hit, open))
    }

    /// Finds where each value of each row lies.
    fn locate(&mut self, rows: usize, facts: &[&[f64]]) {
        let known = |fact: u16, row: usize| {
            facts.get(usize::from(fact)).and_then(|column| column.get(row)).copied()
        };
        for row in 0..rows {
            self.formulas.compute(|fact| known(fact, row).unwrap_or(UNKNOWN), &mut self.registers);
            for (index, column) in self.computed.chunks_exact_mut(ROWS_MAX).enumerate() {
                column[row] = self.registers[self.formulas.register(index)];
            }
        }
        for (column, known) in self.values.iter().zip(&mut self.known) {
            let values = match column.source {
                Value::Fact(fact) => facts.get(usize::from(fact)).copied().unwrap_or(&[]),
                Value::Formula(formula) => &self.computed[formula as usize * ROWS_MAX..],
            };
            let values = &values[..values.len().min(rows)];
            *known = rows_where(values, |value| !value.is_nan());
            let cuts = &self.cuts[column.cuts.clone()];
            let above = &mut self.above[column.cuts.clone()];
            if cuts.len() <= COMPARED_MAX {
                for (cut, above) in cuts.iter().zip(above) {
                    *above = rows_where(values, |value| *cut <= value);
                }
            } else {
                look_up(values, cuts, above, *known);
            }
        }
    }
}

/// For each cut the rows at or above it, by where each row lies among the cuts.
fn look_up(values: &[f64], cuts: &[f64], above: &mut [Rows], known: Rows) {
    // Of each place, the last row that lies there; of each row, the one before it.
    let mut last = vec![u16::MAX; cuts.len() + 1];
    let mut before = [u16::MAX; ROWS_MAX];
    for (row, value) in values.iter().enumerate() {
        let (mut place, mut length) = (0, cuts.len());
        while 1 < length {
            let half = length / 2;
            place += usize::from(cuts[place + half - 1] <= *value) * half;
            length -= half;
        }
        place += usize::from(cuts[place] <= *value);
        before[row] = std::mem::replace(&mut last[place], row as u16);
    }
    let mut left = known;
    for (mut row, above) in last.into_iter().zip(above) {
        while row != u16::MAX {
            let index = usize::from(row);
            left[index / 64] &= !(1 << (index % 64));
            row = before[index];
        }
        *above = left;
    }
}

fn set_of(is_in: impl Fn(usize) -> bool) -> Rows {
    std::array::from_fn(|word| {
        (0..64).fold(0, |bits, bit| bits | u64::from(is_in(word * 64 + bit)) << bit)
    })
}

fn rows_where(values: &[f64], holds: impl Fn(f64) -> bool) -> Rows {
    let mut rows = NONE;
    for (word, values) in rows.iter_mut().zip(values.chunks(64)) {
        for (bit, value) in values.iter().enumerate() {
            *word |= u64::from(holds(*value)) << bit;
        }
    }
    rows
}

fn or_unknown(inside: &Rows, known: &Rows, is_unknown: bool) -> Rows {
    let unknown = if is_unknown { u64::MAX } else { 0 };
    std::array::from_fn(|word| inside[word] | !known[word] & unknown)
}

fn meet(rows: &mut Rows, other: &Rows) {
    rows.iter_mut().zip(other).for_each(|(rows, other)| *rows &= other);
}

fn join(rows: &mut Rows, other: &Rows) {
    rows.iter_mut().zip(other).for_each(|(rows, other)| *rows |= other);
}
