//! Conditions in normal form: alternatives of atoms, each of them about one value.
//!
//! A condition becomes a disjunction of conjunctions of [`Atom`]s. An atom says where on the line
//! of numbers a value must lie ([`Region`]), and what it is when the value is unknown. A value is a
//! fact, or a formula over facts: whatever compares two facts, calls a function or chooses is a
//! formula, and equal formulas are one. Kleene's three truth values, ordered false, unknown, true,
//! are a distributive lattice whose `and` is the least and whose `or` is the greatest, and whose
//! `not` turns it over; so the normal form has the very value of the condition, unknown included.
//!
//! Writing out products can blow up. A part that would become more than [`ALTERNATIVES_MAX`]
//! alternatives is computed as a formula instead and becomes a single atom.

use std::collections::HashMap;

use features::expr::{Expr, Op};

/// Alternatives into which a condition, or a part of one, is taken apart.
const ALTERNATIVES_MAX: usize = 64;

/// Atoms of one alternative.
const ATOMS_MAX: usize = 256;

/// Turns of a region.
const TURNS_MAX: usize = 64;

/// Truth values of Kleene's logic, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Truth {
    False,
    Unknown,
    True,
}

impl Truth {
    fn of(value: f64) -> Truth {
        if value.is_nan() {
            Truth::Unknown
        } else if value == 1.0 {
            Truth::True
        } else {
            Truth::False
        }
    }

    fn not(self) -> Truth {
        match self {
            Truth::False => Truth::True,
            Truth::Unknown => Truth::Unknown,
            Truth::True => Truth::False,
        }
    }
}

/// The numbers of which an atom is true; of the other ones it is false.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Region {
    /// Whether the least numbers are in it.
    pub(super) starts_inside: bool,
    /// The least numbers from which on it is the other way round, ascending.
    pub(super) turns: Vec<f64>,
    /// The truth when the number is unknown.
    pub(super) unknown: Truth,
}

impl Region {
    const EVERYTHING: Region =
        Region { starts_inside: true, turns: Vec::new(), unknown: Truth::Unknown };

    fn at_least(bound: f64) -> Region {
        if bound == f64::NEG_INFINITY {
            return Region::EVERYTHING;
        }
        // Adding zero turns the negative zero into the positive one: they are one number.
        Region { starts_inside: false, turns: vec![bound + 0.0], unknown: Truth::Unknown }
    }

    fn above(bound: f64) -> Region {
        if bound == f64::INFINITY {
            Region::EVERYTHING.not()
        } else {
            Region::at_least(bound.next_up())
        }
    }

    fn equal(number: f64) -> Region {
        Region::at_least(number).join(&Region::above(number).not(), Truth::min)
    }

    /// Whether a known number is in it.
    pub(super) fn contains(&self, number: f64) -> bool {
        let turns = self.turns.partition_point(|turn| *turn <= number);
        self.starts_inside ^ (turns % 2 == 1)
    }

    fn not(mut self) -> Region {
        self.starts_inside = !self.starts_inside;
        self.unknown = self.unknown.not();
        self
    }

    /// Both together, by an operator of the logic.
    fn join(&self, other: &Region, operator: fn(Truth, Truth) -> Truth) -> Region {
        let both = |a: bool, b: bool| {
            let truth = |inside| if inside { Truth::True } else { Truth::False };
            operator(truth(a), truth(b)) == Truth::True
        };
        let (mut a, mut b) = (self.starts_inside, other.starts_inside);
        let starts_inside = both(a, b);
        let mut inside = starts_inside;
        let mut turns = Vec::new();
        let (mut left, mut right) = (self.turns.as_slice(), other.turns.as_slice());
        while let Some(turn) =
            left.first().into_iter().chain(right.first()).copied().reduce(f64::min)
        {
            if left.first() == Some(&turn) {
                (a, left) = (!a, &left[1..]);
            }
            if right.first() == Some(&turn) {
                (b, right) = (!b, &right[1..]);
            }
            if both(a, b) != inside {
                inside = !inside;
                turns.push(turn);
            }
        }
        Region { starts_inside, turns, unknown: operator(self.unknown, other.unknown) }
    }

    /// The truth, where it is the same whatever the number.
    fn constant(&self) -> Option<Truth> {
        let known = if self.starts_inside { Truth::True } else { Truth::False };
        (self.turns.is_empty() && known == self.unknown).then_some(known)
    }
}

/// What an atom is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Value {
    /// A fact.
    Fact(u16),
    /// A formula of the [`Normaliser`].
    Formula(u32),
}

/// That a value lies in a region.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Atom {
    pub(super) value: Value,
    pub(super) region: Region,
}

/// Atoms that hold together, at most one for each value, in the order of values.
pub(super) type Conjunction = Vec<Atom>;

/// Takes conditions apart and numbers their formulas.
#[derive(Debug, Default)]
pub(super) struct Normaliser {
    formulas: Vec<Expr>,
    numbers: HashMap<String, u32>,
}

impl Normaliser {
    /// The alternatives of a condition over facts: none of what is false, one without atoms of what
    /// is true.
    pub(super) fn alternatives(&mut self, condition: &Expr) -> Vec<Conjunction> {
        self.taken_apart(condition, false)
    }

    /// What a condition adds to the cost of evaluating all: the atoms of its alternatives with the
    /// turns of their regions, and the nodes of formulas that no condition before it has.
    pub(super) fn cost(&mut self, condition: &Expr) -> usize {
        let known = self.formulas.len();
        let alternatives = self.alternatives(condition);
        let atoms = alternatives.iter().flatten().map(|atom| 1 + atom.region.turns.len());
        let formulas = self.formulas[known..].iter().map(|formula| formula.cost() as usize);
        alternatives.len() + atoms.sum::<usize>() + formulas.sum::<usize>()
    }

    /// A formula by its number.
    pub(super) fn formula(&self, number: u32) -> &Expr {
        &self.formulas[number as usize]
    }

    fn taken_apart(&mut self, expr: &Expr, is_negated: bool) -> Vec<Conjunction> {
        match expr {
            Expr::Not(inner) => self.taken_apart(inner, !is_negated),
            Expr::Binary(op @ (Op::And | Op::Or), ..) => {
                let parts = chain(*op, expr);
                let is_product = (*op == Op::And) != is_negated;
                let joined = if is_product {
                    self.product(&parts, is_negated)
                } else {
                    self.sum(&parts, is_negated)
                };
                joined.unwrap_or_else(|| {
                    let whole = self.opaque(expr);
                    alone(whole, is_negated)
                })
            }
            Expr::Constant(value) if !value.is_nan() => {
                let is_true = (Truth::of(*value) == Truth::True) != is_negated;
                if is_true { vec![Vec::new()] } else { Vec::new() }
            }
            _ => {
                let atom = self.atom(expr);
                alone(atom, is_negated)
            }
        }
    }

    /// All parts together; `None` when it grows too large.
    fn product(&mut self, parts: &[&Expr], is_negated: bool) -> Option<Vec<Conjunction>> {
        let mut product = vec![Vec::new()];
        for part in parts {
            let mut alternatives = self.taken_apart(part, is_negated);
            if let ([_], [_]) = (product.as_slice(), alternatives.as_slice()) {
                let Some(alternative) = alternatives.pop() else { continue };
                let all = std::mem::take(&mut product[0]);
                product = conjoin(all, alternative)?.into_iter().collect();
                continue;
            }
            let mut next = Vec::new();
            for conjunction in &product {
                for alternative in &alternatives {
                    if let Some(both) = conjoin(conjunction.clone(), alternative.clone())? {
                        add(&mut next, both)?;
                    }
                }
            }
            product = next;
        }
        Some(product)
    }

    /// Any of the parts; `None` when it grows too large.
    fn sum(&mut self, parts: &[&Expr], is_negated: bool) -> Option<Vec<Conjunction>> {
        let mut sum = Vec::new();
        for part in parts {
            for alternative in self.taken_apart(part, is_negated) {
                add(&mut sum, alternative)?;
            }
        }
        Some(sum)
    }

    fn atom(&mut self, expr: &Expr) -> Atom {
        let known = |expr: &Expr| match expr {
            Expr::Constant(value) if !value.is_nan() => Some(*value),
            _ => None,
        };
        match expr {
            Expr::Fact(fact) => Atom { value: Value::Fact(*fact), region: Region::equal(1.0) },
            Expr::Missing(inner) => {
                let region = Region { unknown: Truth::True, ..Region::EVERYTHING.not() };
                Atom { value: self.value(inner), region }
            }
            Expr::Binary(op, left, right) => {
                let (subject, region) = match (op, known(left), known(right)) {
                    (Op::Less, None, Some(bound)) => (left, Region::at_least(bound).not()),
                    (Op::Less, Some(bound), None) => (right, Region::above(bound)),
                    (Op::LessEqual, None, Some(bound)) => (left, Region::above(bound).not()),
                    (Op::LessEqual, Some(bound), None) => (right, Region::at_least(bound)),
                    (Op::Equal, None, Some(number)) => (left, Region::equal(number)),
                    (Op::Equal, Some(number), None) => (right, Region::equal(number)),
                    (Op::NotEqual, None, Some(number)) => (left, Region::equal(number).not()),
                    (Op::NotEqual, Some(number), None) => (right, Region::equal(number).not()),
                    _ => return self.opaque(expr),
                };
                self.about(subject, region)
            }
            Expr::In(subject, list) if 2 * list.len() <= TURNS_MAX => {
                // A negative zero in a list is none that is looked for, nor is what is unknown.
                let entries = list.iter().filter(|entry| !entry.is_nan());
                let entries = entries.filter(|entry| **entry != 0.0 || entry.is_sign_positive());
                let nothing = Region::EVERYTHING.not();
                let region = entries
                    .fold(nothing, |region, entry| region.join(&Region::equal(*entry), Truth::max));
                self.about(subject, region)
            }
            Expr::OrElse(inner, other) => {
                let Some(other) = known(other) else { return self.opaque(expr) };
                let alternatives = self.taken_apart(inner, false);
                let [conjunction] = alternatives.as_slice() else { return self.opaque(expr) };
                let [atom] = conjunction.as_slice() else { return self.opaque(expr) };
                let mut atom = atom.clone();
                if atom.region.unknown == Truth::Unknown {
                    atom.region.unknown = Truth::of(other);
                }
                atom
            }
            _ => self.opaque(expr),
        }
    }

    /// That what an expression gives lies in a region. With a constant for when it is unknown, the
    /// constant decides then.
    fn about(&mut self, subject: &Expr, mut region: Region) -> Atom {
        if let Expr::OrElse(inner, other) = subject
            && let Expr::Constant(other) = **other
            && !other.is_nan()
        {
            region.unknown = if region.contains(other) { Truth::True } else { Truth::False };
            return Atom { value: self.value(inner), region };
        }
        Atom { value: self.value(subject), region }
    }

    fn value(&mut self, expr: &Expr) -> Value {
        match expr {
            Expr::Fact(fact) => Value::Fact(*fact),
            _ => {
                let next = self.formulas.len() as u32;
                let number = *self.numbers.entry(format!("{expr:?}")).or_insert(next);
                if number == next {
                    self.formulas.push(expr.clone());
                }
                Value::Formula(number)
            }
        }
    }

    /// A condition computed as a whole.
    fn opaque(&mut self, expr: &Expr) -> Atom {
        Atom { value: self.value(expr), region: Region::equal(1.0) }
    }
}

/// The operands of a chain of one operator, in their order.
fn chain(op: Op, expr: &Expr) -> Vec<&Expr> {
    let (mut parts, mut open) = (Vec::new(), vec![expr]);
    while let Some(expr) = open.pop() {
        match expr {
            Expr::Binary(inner, left, right) if *inner == op => open.extend([&**right, &**left]),
            part => parts.push(part),
        }
    }
    parts
}

fn alone(mut atom: Atom, is_negated: bool) -> Vec<Conjunction> {
    if is_negated {
        atom.region = atom.region.not();
    }
    match atom.region.constant() {
        Some(Truth::False) => Vec::new(),
        Some(_) => vec![Vec::new()],
        None => vec![vec![atom]],
    }
}

/// Both conjunctions as one, or none where they are never true together and always known to be so;
/// `None` when a region grows too large.
fn conjoin(mut all: Conjunction, more: Conjunction) -> Option<Option<Conjunction>> {
    for atom in more {
        match all.binary_search_by_key(&atom.value, |known| known.value) {
            Err(place) => all.insert(place, atom),
            Ok(place) => {
                let region = all[place].region.join(&atom.region, Truth::min);
                match region.constant() {
                    Some(Truth::False) => return Some(None),
                    Some(_) => drop(all.remove(place)),
                    None if TURNS_MAX < region.turns.len() => return None,
                    None => all[place].region = region,
                }
            }
        }
    }
    if ATOMS_MAX < all.len() { None } else { Some(Some(all)) }
}

/// Adds an alternative. One that differs from another in a single region becomes one with it.
/// `None` when there are too many.
fn add(sum: &mut Vec<Conjunction>, alternative: Conjunction) -> Option<()> {
    let mut alternative = alternative;
    // What it becomes may in turn differ from another one in a single region.
    while let Some(index) = sum.iter().position(|known| union(known, &alternative).is_some()) {
        let known = sum.swap_remove(index);
        alternative = union(&known, &alternative)?;
    }
    if sum.len() == ALTERNATIVES_MAX {
        return None;
    }
    sum.push(alternative);
    Some(())
}

/// Two conjunctions about the same values as one, where that says the same.
fn union(a: &Conjunction, b: &Conjunction) -> Option<Conjunction> {
    if a.len() != b.len() || a.iter().zip(b).any(|(a, b)| a.value != b.value) {
        return None;
    }
    let mut different = (0..a.len()).filter(|index| a[*index].region != b[*index].region);
    let Some(index) = different.next() else { return Some(a.clone()) };
    let region = a[index].region.join(&b[index].region, Truth::max);
    if different.next().is_some() || TURNS_MAX < region.turns.len() {
        return None;
    }
    let mut both = a.clone();
    match region.constant() {
        Some(_) => drop(both.remove(index)),
        None => both[index].region = region,
    }
    Some(both)
}
