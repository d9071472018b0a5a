//! All rules at once: conditions are taken apart, and their parts are found by search.
//!
//! Every alternative of every condition ([`normal`](super::normal)) stands in one of two places. Those
//! about the same values, and all of a small set, are bits of [`blocks`](Blocks): a row of bits for
//! each interval of each value, `and`ed. The others, when they are thousands, would need a row for
//! nearly every value in every block; they are in [`clusters`](Clusters), each found by the one of
//! its atoms that holds least often.
//!
//! **Intervals.** For each value that conditions speak of, the places where some atom about it
//! changes cut the line of numbers into intervals. An event's values are looked for among the cuts
//! once, and all else goes by the number of the interval; an unknown value has the number 0.
//!
//! **Search.** Values with equally many cuts are searched together, so that no jump depends on what
//! an event says: a handful of cuts is counted, more are halved. How seldom an atom holds is guessed
//! from how many of all intervals of its value it takes. No allocation once the [`Scratch`] has
//! grown.

mod blocks;
mod clusters;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::collections::HashMap;
use std::ops::Range;

use features::expr::UNKNOWN;
use features::formulas::Formulas;

use self::blocks::Blocks;
use self::clusters::{Clusters, Run};
use super::normal::{Conjunction, Normaliser, Region, Value};

/// So many alternatives about the same values are bits, however many others there are.
const GROUP_MIN: usize = 64;

/// Up to so many alternatives about different values are bits too: their rows are few enough to be
/// near.
const MIXED_MAX: usize = 2_048;

/// Conditions of one or several rules, numbered by whoever made the index; see the module's essay.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    formulas: Formulas,
    searches: Vec<Search>,
    /// For each value, where it comes from, in the order of the searches.
    sources: Vec<u32>,
    /// The cuts of all values, each value's filled up to a power of two by unknown.
    cuts: Vec<f64>,
    blocks: Blocks,
    clusters: Clusters,
    /// Numbers of conditions are below this.
    conditions: usize,
}

/// Values with equally many cuts, from the same kind of source.
#[derive(Clone, Debug)]
struct Search {
    are_formulas: bool,
    values: Range<usize>,
    /// Where their cuts begin, and how many each has, filled up.
    cuts: usize,
    width: usize,
}

/// Where a value lies among its cuts.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// 0 for an unknown value; the intervals count from 1.
    interval: u32,
    /// 1 for an unknown value, which has a second row behind the first.
    unknown: u32,
}

/// What an evaluation needs room for, and what it found.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    registers: Vec<f64>,
    places: Vec<Place>,
    /// Where alternatives are looked at.
    runs: Vec<Run>,
    /// Those that may be true.
    left: Vec<u32>,
    found: Found,
}

/// Conditions by their truth.
#[derive(Debug, Default)]
struct Found {
    /// Bits of those that are true.
    hit: Vec<u64>,
    /// Bits of those that are not false; all that are true are among them.
    open: Vec<u64>,
}

impl Found {
    fn clear(&mut self, conditions: usize) {
        for bits in [&mut self.hit, &mut self.open] {
            bits.clear();
            bits.resize(conditions.div_ceil(64), 0);
        }
    }
}

fn set(bits: &mut [u64], condition: u16) {
    let condition = usize::from(condition);
    bits[condition / 64] |= 1 << (condition % 64);
}

impl Scratch {
    /// Whether a condition is true.
    pub(super) fn is_hit(&self, condition: usize) -> bool {
        self.found.hit[condition / 64] >> (condition % 64) & 1 == 1
    }

    /// Names the true conditions, ascending.
    pub(super) fn hits(&self, name: impl FnMut(u16)) {
        each_bit(self.found.hit.iter().copied(), name);
    }

    /// Names those that are neither true nor false, ascending.
    pub(super) fn undecided(&self, name: impl FnMut(u16)) {
        let pairs = self.found.hit.iter().zip(&self.found.open);
        each_bit(pairs.map(|(hit, open)| open & !hit), name);
    }
}

/// Names the numbers of the bits that are set.
#[inline]
fn each_bit(words: impl Iterator<Item = u64>, mut name: impl FnMut(u16)) {
    for (index, word) in words.enumerate() {
        let mut left = word;
        while left != 0 {
            name((index as u32 * 64 + left.trailing_zeros()) as u16);
            left &= left - 1;
        }
    }
}

impl Index {
    /// Evaluates every condition over these facts.
    pub(super) fn evaluate(&self, facts: &[f64], scratch: &mut Scratch) {
        let Scratch { registers, places, runs, left, found } = scratch;
        let known = |fact: u16| facts.get(usize::from(fact)).copied().unwrap_or(UNKNOWN);
        self.formulas.compute(known, registers);
        places.resize(self.sources.len(), Place::default());
        for search in &self.searches {
            let values = if search.are_formulas { registers.as_slice() } else { facts };
            self.locate(search, values, places);
        }
        found.clear(self.conditions);
        self.blocks.evaluate(places, found);
        self.clusters.evaluate(places, runs, left, found);
    }

    fn locate(&self, search: &Search, values: &[f64], places: &mut [Place]) {
        let sources = &self.sources[search.values.clone()];
        let places = &mut places[search.values.clone()];
        let cuts = &self.cuts[search.cuts..][..search.width * sources.len()];
        let work = sources.iter().zip(places);
        let known = |source: &u32| values.get(*source as usize).copied().unwrap_or(UNKNOWN);
        let place = |value: f64, interval: u32| Place {
            interval: if value.is_nan() { 0 } else { 1 + interval },
            unknown: u32::from(value.is_nan()),
        };
        /// How many cuts lie at or below the value.
        fn count<const N: usize>(value: f64, cuts: &[f64; N]) -> u32 {
            cuts.iter().map(|cut| u32::from(*cut <= value)).sum()
        }
        macro_rules! counted {
            ($n:literal) => {
                for ((source, slot), cuts) in work.zip(cuts.as_chunks::<$n>().0) {
                    let value = known(source);
                    *slot = place(value, count(value, cuts));
                }
            };
        }
        match search.width {
            0 => {
                for (source, slot) in work {
                    *slot = place(known(source), 0);
                }
            }
            1 => counted!(1),
            2 => counted!(2),
            4 => counted!(4),
            8 => counted!(8),
            width => {
                for ((source, slot), cuts) in work.zip(cuts.chunks_exact(width)) {
                    let value = known(source);
                    let (mut below, mut half) = (0, width / 2);
                    while 0 < half {
                        below += usize::from(cuts[below + half - 1] <= value) * half;
                        half /= 2;
                    }
                    // The last cut is left: there are as many intervals as cuts and one more.
                    below += usize::from(cuts[below] <= value);
                    *slot = place(value, below as u32);
                }
            }
        }
    }

    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(self.cuts.as_slice())
            + self.blocks.bytes()
            + self.clusters.bytes()
            + self.formulas.cost() * size_of::<f64>()
    }
}

/// An alternative on its way into the index: its atoms by the number of their value.
struct Entry<'a> {
    owner: u16,
    atoms: Vec<(usize, &'a Region)>,
    /// The value of the one that holds least often.
    rarest: usize,
}

impl Index {
    /// An index of conditions, given by their numbers, all below a limit, and their alternatives.
    pub(super) fn new<'a>(
        conditions: impl Iterator<Item = (u16, &'a [Conjunction])> + Clone,
        limit: usize,
        normaliser: &Normaliser,
    ) -> Index {
        let mut turns: HashMap<Value, Vec<f64>> = HashMap::new();
        let atoms = conditions.clone().flat_map(|(_, all)| all.iter().flatten());
        let mut values: Vec<Value> = Vec::new();
        for atom in atoms {
            let turns = turns.entry(atom.value).or_insert_with(|| {
                values.push(atom.value);
                Vec::new()
            });
            turns.extend(&atom.region.turns);
        }
        for value in &values {
            let turns = turns.entry(*value).or_default();
            turns.sort_by(f64::total_cmp);
            turns.dedup();
        }
        let is_formula = |value: &Value| matches!(value, Value::Formula(_));
        let class = |value: &Value| (is_formula(value), width(turns[value].len()), *value);
        values.sort_by_cached_key(class);
        let numbers: HashMap<Value, usize> =
            values.iter().enumerate().map(|(number, value)| (*value, number)).collect();
        let cuts: Vec<&[f64]> = values.iter().map(|value| turns[value].as_slice()).collect();
        let mut index = Index { conditions: limit, ..Index::default() };
        index.add_values(&values, &cuts, normaliser);
        let mut entries: Vec<Entry<'_>> = Vec::new();
        for (owner, alternatives) in conditions {
            entries.extend(alternatives.iter().map(|all| entry(owner, all, &numbers, &cuts)));
        }
        let (alike, mixed) = arrange(entries);
        if mixed.len() <= MIXED_MAX || !Clusters::can_hold(&cuts) {
            let all: Vec<Entry<'_>> = mixed.into_iter().chain(alike).collect();
            index.blocks = Blocks::new(&all, &cuts);
        } else {
            index.blocks = Blocks::new(&alike, &cuts);
            index.clusters = Clusters::new(&mixed, &cuts);
        }
        index
    }

    fn add_values(&mut self, values: &[Value], cuts: &[&[f64]], normaliser: &Normaliser) {
        let formulas = values.iter().filter_map(|value| match value {
            Value::Formula(number) => Some(normaliser.formula(*number)),
            Value::Fact(_) => None,
        });
        self.formulas = Formulas::new(formulas);
        let mut formulas = 0;
        for (number, value) in values.iter().enumerate() {
            let (are_formulas, source) = match value {
                Value::Fact(fact) => (false, u32::from(*fact)),
                Value::Formula(_) => {
                    formulas += 1;
                    (true, self.formulas.register(formulas - 1) as u32)
                }
            };
            self.sources.push(source);
            let width = width(cuts[number].len());
            match self.searches.last_mut() {
                Some(last) if (last.are_formulas, last.width) == (are_formulas, width) => {
                    last.values.end += 1;
                }
                _ => self.searches.push(Search {
                    are_formulas,
                    values: number..number + 1,
                    cuts: self.cuts.len(),
                    width,
                }),
            }
            self.cuts.extend(cuts[number]);
            self.cuts.resize(self.cuts.len() + width - cuts[number].len(), UNKNOWN);
        }
    }
}

impl Entry<'_> {
    fn region(&self, value: usize) -> Option<&Region> {
        let place = self.atoms.binary_search_by_key(&value, |atom| atom.0).ok()?;
        Some(self.atoms[place].1)
    }
}

fn entry<'a>(
    owner: u16,
    all: &'a Conjunction,
    numbers: &HashMap<Value, usize>,
    cuts: &[&[f64]],
) -> Entry<'a> {
    let mut atoms: Vec<(usize, &Region)> =
        all.iter().map(|atom| (numbers[&atom.value], &atom.region)).collect();
    atoms.sort_unstable_by_key(|atom| atom.0);
    let shares = atoms.iter().map(|(value, region)| (*value, share(region, cuts[*value])));
    let rarest = shares.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(usize::MAX, |rarest| rarest.0);
    Entry { owner, atoms, rarest }
}

/// The share of the intervals of a value that lie in a region.
fn share(region: &Region, cuts: &[f64]) -> f64 {
    let (mut inside, mut from) = (0, 0);
    let mut is_inside = region.starts_inside;
    for turn in &region.turns {
        let to = cuts.partition_point(|cut| cut < turn) + 1;
        inside += if is_inside { to - from } else { 0 };
        (is_inside, from) = (!is_inside, to);
    }
    inside += if is_inside { cuts.len() + 1 - from } else { 0 };
    inside as f64 / (cuts.len() + 1) as f64
}

/// Puts together what speaks of the same values and what seldom holds by the same one: first those of
/// which there are many about the same values, then the others.
fn arrange(entries: Vec<Entry<'_>>) -> (Vec<Entry<'_>>, Vec<Entry<'_>>) {
    let about = |entry: &Entry<'_>| entry.atoms.iter().map(|atom| atom.0).collect::<Vec<usize>>();
    let mut sizes: HashMap<Vec<usize>, usize> = HashMap::new();
    for entry in &entries {
        *sizes.entry(about(entry)).or_default() += 1;
    }
    let (mut alike, mut mixed): (Vec<_>, Vec<_>) = entries
        .into_iter()
        .map(|entry| (about(&entry), entry))
        .partition(|(about, _)| GROUP_MIN <= sizes[about]);
    mixed.iter_mut().for_each(|(about, _)| about.clear());
    for entries in [&mut alike, &mut mixed] {
        entries.sort_by(|(group, a), (other_group, b)| {
            let groups = group.cmp(other_group).then(a.rarest.cmp(&b.rarest));
            groups.then_with(|| match (a.region(a.rarest), b.region(b.rarest)) {
                (Some(a), Some(b)) => {
                    let turns = a.turns.partial_cmp(&b.turns).unwrap_or(Ordering::Equal);
                    a.starts_inside.cmp(&b.starts_inside).then(turns)
                }
                _ => Ordering::Equal,
            })
        });
    }
    let entries = |all: Vec<(Vec<usize>, _)>| all.into_iter().map(|(_, entry)| entry).collect();
    (entries(alike), entries(mixed))
}

/// So many cuts filled up.
fn width(cuts: usize) -> usize {
    if cuts == 0 { 0 } else { cuts.next_power_of_two() }
}
