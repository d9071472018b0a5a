//! All rules at once: a bit-vector index over their conditions.
//!
//! Every alternative of every condition ([`normal`](super::normal)) is one bit. For each value that
//! conditions speak of, the places where some atom about it changes cut the line of numbers into
//! intervals; each interval has a row of bits, those of the alternatives that its numbers do not
//! refute. The rows of an event's values, `and`ed, leave the alternatives that hold (Lakshman and
//! Stiliadis, "High-speed policy-based packet forwarding", SIGCOMM 1998).
//!
//! **Unknown.** A value that is unknown has two rows: alternatives that are not false, and those
//! that are true. For a known one they are the same, so what is left of the first kind in the end
//! is true unless one of the unknown values says otherwise.
//!
//! **Blocks.** Bits come in [`Block`]s, and a block has rows only for the values that its own
//! alternatives speak of, cut only where they cut: memory grows with the number of atoms, not with
//! values times cuts times rules. Alternatives about the same values stand together, and within
//! these the ones that seldom hold by the same value, in the order of its cuts. So in a large set
//! of rules most blocks are empty after the first row or two, and are left: this is the summary of
//! the index. How seldom an atom holds is guessed from how many of all intervals of its value it
//! takes.
//!
//! **Search.** Values with equally many cuts are searched together, so that no jump depends on what
//! an event says: a handful of cuts is counted, more are halved. Cost: some nanoseconds for each
//! value, one or two for each row; no allocation once the [`Scratch`] has grown.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use features::expr::UNKNOWN;
use features::formulas::Formulas;

use super::normal::{Conjunction, Normaliser, Region, Truth, Value};

/// Words of a row.
const WORDS: usize = 4;

/// Alternatives of a block.
const BLOCK: usize = WORDS * u64::BITS as usize;

/// So many alternatives about the same values stand together.
const GROUP_MIN: usize = 64;

type Row = [u64; WORDS];

/// Conditions of one or several rules, numbered by whoever made the index; see the module's essay.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    formulas: Formulas,
    searches: Vec<Search>,
    /// For each value, where it comes from, in the order of the searches.
    sources: Vec<u32>,
    /// The cuts of all values, each value's filled up to a power of two by unknown.
    cuts: Vec<f64>,
    blocks: Vec<Block>,
    cells: Vec<Cell>,
    /// For each cell, for each interval of its value, the row.
    places: Vec<u16>,
    rows: Vec<Row>,
    /// For each bit of each block, the number of its condition.
    owners: Vec<u16>,
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

#[derive(Clone, Debug)]
struct Block {
    /// Bits in use.
    bits: Row,
    cells: Range<usize>,
}

/// The rows of a block for one value.
#[derive(Clone, Debug)]
struct Cell {
    value: u32,
    places: u32,
    rows: u32,
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
    /// Bits of the conditions that are true.
    hit: Vec<u64>,
    /// Bits of those that are not false; all that are true are among them.
    open: Vec<u64>,
}

impl Scratch {
    /// Whether a condition is true.
    pub(super) fn is_hit(&self, condition: usize) -> bool {
        self.hit[condition / 64] >> (condition % 64) & 1 == 1
    }

    /// The true conditions, ascending.
    pub(super) fn hits(&self) -> impl Iterator<Item = u16> {
        each_bit(self.hit.iter().copied())
    }

    /// Those that are neither true nor false, ascending.
    pub(super) fn undecided(&self) -> impl Iterator<Item = u16> {
        each_bit(self.hit.iter().zip(&self.open).map(|(hit, open)| open & !hit))
    }
}

/// The numbers of the bits that are set.
fn each_bit(words: impl Iterator<Item = u64>) -> impl Iterator<Item = u16> {
    words.enumerate().flat_map(|(index, word)| {
        let mut left = word;
        std::iter::from_fn(move || {
            let bit = left.trailing_zeros();
            left &= left.wrapping_sub(1);
            (bit < 64).then_some((index as u32 * 64 + bit) as u16)
        })
    })
}

impl Index {
    /// Evaluates every condition over these facts.
    pub(super) fn evaluate(&self, facts: &[f64], scratch: &mut Scratch) {
        let Scratch { registers, places, hit, open } = scratch;
        let known = |fact: u16| facts.get(usize::from(fact)).copied().unwrap_or(UNKNOWN);
        self.formulas.compute(known, registers);
        places.resize(self.sources.len(), Place::default());
        for search in &self.searches {
            let values = if search.are_formulas { registers.as_slice() } else { facts };
            self.locate(search, values, places);
        }
        for bits in [&mut *hit, &mut *open] {
            bits.clear();
            bits.resize(self.conditions.div_ceil(64), 0);
        }
        for (block, owners) in self.blocks.iter().zip(self.owners.chunks(BLOCK)) {
            let Some((is_hit, is_open)) = self.judge(block, places) else { continue };
            report(&is_hit, owners, hit);
            report(&is_open, owners, open);
        }
    }

    /// The alternatives of a block that are true, and those that are not false; `None` when there
    /// are none.
    #[inline]
    fn judge(&self, block: &Block, places: &[Place]) -> Option<(Row, Row)> {
        let cells = &self.cells[block.cells.clone()];
        let (mut open, mut unknown) = (block.bits, 0);
        for cell in cells {
            let place = places[cell.value as usize];
            let row = &self.rows[self.row(cell, place)];
            open = and(&open, row);
            unknown |= place.unknown;
            if open.iter().all(|word| *word == 0) {
                return None;
            }
        }
        let mut hit = open;
        if unknown != 0 {
            for cell in cells {
                let place = places[cell.value as usize];
                hit = and(&hit, &self.rows[self.row(cell, place) + place.unknown as usize]);
            }
        }
        Some((hit, open))
    }

    fn row(&self, cell: &Cell, place: Place) -> usize {
        let row = self.places[(cell.places + place.interval) as usize];
        cell.rows as usize + usize::from(row)
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
            + size_of_val(self.blocks.as_slice())
            + size_of_val(self.cells.as_slice())
            + size_of_val(self.places.as_slice())
            + size_of_val(self.rows.as_slice())
            + size_of_val(self.owners.as_slice())
            + self.formulas.cost() * size_of::<f64>()
    }
}

#[inline]
fn and(a: &Row, b: &Row) -> Row {
    std::array::from_fn(|word| a[word] & b[word])
}

fn report(row: &Row, owners: &[u16], conditions: &mut [u64]) {
    for bit in each_bit(row.iter().copied()) {
        let owner = usize::from(owners[usize::from(bit)]);
        conditions[owner / 64] |= 1 << (owner % 64);
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
        let entries = arrange(entries);
        index.owners = entries.iter().map(|entry| entry.owner).collect();
        for block in entries.chunks(BLOCK) {
            index.add_block(block, &cuts);
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

    fn add_block(&mut self, entries: &[Entry<'_>], cuts: &[&[f64]]) {
        let mut values: Vec<usize> =
            entries.iter().flat_map(|entry| entry.atoms.iter().map(|atom| atom.0)).collect();
        values.sort_unstable();
        values.dedup();
        let first = self.cells.len();
        let mut shares = Vec::new();
        for value in values {
            let atoms: Vec<(usize, &Region)> = entries
                .iter()
                .enumerate()
                .filter_map(|(bit, entry)| Some((bit, entry.region(value)?)))
                .collect();
            let idle = (entries.len() - atoms.len()) as f64;
            let held: f64 = atoms.iter().map(|(_, region)| share(region, cuts[value])).sum();
            shares.push((idle + held, self.add_cell(value, &atoms, cuts[value])));
        }
        // The row that leaves least comes first.
        shares.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.value.cmp(&b.1.value)));
        self.cells.extend(shares.into_iter().map(|(_, cell)| cell));
        let mut bits = [0; WORDS];
        for bit in 0..entries.len() {
            bits[bit / 64] |= 1 << (bit % 64);
        }
        self.blocks.push(Block { bits, cells: first..self.cells.len() });
    }

    fn add_cell(&mut self, value: usize, atoms: &[(usize, &Region)], cuts: &[f64]) -> Cell {
        let cell = Cell {
            value: value as u32,
            places: self.places.len() as u32,
            rows: self.rows.len() as u32,
        };
        let row = |holds: &dyn Fn(&Region) -> bool| {
            let mut row = [u64::MAX; WORDS];
            for (bit, region) in atoms {
                if !holds(region) {
                    row[bit / 64] &= !(1 << (bit % 64));
                }
            }
            row
        };
        let turns: BTreeSet<u64> =
            atoms.iter().flat_map(|(_, region)| region.turns.iter().map(|t| t.to_bits())).collect();
        self.rows.push(row(&|region| region.unknown != Truth::False));
        self.rows.push(row(&|region| region.unknown == Truth::True));
        self.rows.push(row(&|region| region.starts_inside));
        self.places.extend([0, 2]);
        for cut in cuts {
            if turns.contains(&cut.to_bits()) {
                self.rows.push(row(&|region| region.contains(*cut)));
            }
            self.places.push((self.rows.len() - 1 - cell.rows as usize) as u16);
        }
        cell
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

/// Puts together what speaks of the same values and what seldom holds by the same one.
fn arrange(entries: Vec<Entry<'_>>) -> Vec<Entry<'_>> {
    let about = |entry: &Entry<'_>| entry.atoms.iter().map(|atom| atom.0).collect::<Vec<usize>>();
    let mut sizes: HashMap<Vec<usize>, usize> = HashMap::new();
    for entry in &entries {
        *sizes.entry(about(entry)).or_default() += 1;
    }
    let mut grouped: Vec<(Vec<usize>, Entry<'_>)> = Vec::with_capacity(entries.len());
    for entry in entries {
        let about = about(&entry);
        grouped.push((if sizes[&about] < GROUP_MIN { Vec::new() } else { about }, entry));
    }
    grouped.sort_by(|(group, a), (other_group, b)| {
        let groups = group.cmp(other_group).then(a.rarest.cmp(&b.rarest));
        groups.then_with(|| match (a.region(a.rarest), b.region(b.rarest)) {
            (Some(a), Some(b)) => {
                let turns = a.turns.partial_cmp(&b.turns).unwrap_or(Ordering::Equal);
                a.starts_inside.cmp(&b.starts_inside).then(turns)
            }
            _ => Ordering::Equal,
        })
    });
    grouped.into_iter().map(|(_, entry)| entry).collect()
}

/// So many cuts filled up.
fn width(cuts: usize) -> usize {
    if cuts == 0 { 0 } else { cuts.next_power_of_two() }
}
