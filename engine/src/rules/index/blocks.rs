//! Conditions as bits.
//!
//! Every alternative is a bit. Each interval of a value has a row of bits, those of the alternatives
//! that its numbers do not refute. The rows of an event's values, `and`ed, leave the alternatives
//! that hold (Lakshman and Stiliadis, "High-speed policy-based packet forwarding", SIGCOMM 1998).
//!
//! **Unknown.** A value that is unknown has two rows: alternatives that are not false, and those
//! that are true. For a known one they are the same, so what is left of the first kind in the end
//! is true unless one of the unknown values says otherwise.
//!
//! Bits come in [`Block`]s, and a block has rows only for the values that its own alternatives
//! speak of, cut only where they cut: memory grows with the number of atoms, not with values times
//! cuts times rules. Alternatives about the same values stand together, and within these the ones
//! that seldom hold by the same value, in the order of its cuts. So in a large set of rules most
//! blocks are empty after the first row or two, and are left: this is the summary of the index.
//! Cost: one or two nanoseconds for each row.

use std::collections::BTreeSet;
use std::ops::Range;

use super::{Entry, Found, Place, each_bit, set, share};
use crate::rules::normal::{Region, Truth};

/// Words of a row.
const WORDS: usize = 4;

/// Alternatives of a block.
const BLOCK: usize = WORDS * u64::BITS as usize;

type Row = [u64; WORDS];

/// Alternatives as bits; see the module's essay.
#[derive(Clone, Debug, Default)]
pub(super) struct Blocks {
    blocks: Vec<Block>,
    cells: Vec<Cell>,
    /// For each cell, for each interval of its value, the row.
    places: Vec<u16>,
    rows: Vec<Row>,
    /// For each bit of each block, the number of its condition.
    owners: Vec<u16>,
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

impl Blocks {
    /// Alternatives that stand in the order in which [`super::arrange`] puts them, over values with
    /// these cuts.
    pub(super) fn new(entries: &[Entry<'_>], cuts: &[&[f64]]) -> Blocks {
        let owners = entries.iter().map(|entry| entry.owner).collect();
        let mut blocks = Blocks { owners, ..Blocks::default() };
        for block in entries.chunks(BLOCK) {
            blocks.add_block(block, cuts);
        }
        blocks
    }

    /// Finds the conditions that are true, and those that are not false. By itself, so that the row
    /// that is left stays in registers.
    #[inline(never)]
    pub(super) fn evaluate(&self, places: &[Place], found: &mut Found) {
        for (block, owners) in self.blocks.iter().zip(self.owners.chunks(BLOCK)) {
            let Some((is_hit, is_open)) = self.judge(block, places) else { continue };
            report(&is_hit, owners, &mut found.hit);
            report(&is_open, owners, &mut found.open);
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

    /// Bytes that they take.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(self.blocks.as_slice())
            + size_of_val(self.cells.as_slice())
            + size_of_val(self.places.as_slice())
            + size_of_val(self.rows.as_slice())
            + size_of_val(self.owners.as_slice())
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

#[inline]
fn and(a: &Row, b: &Row) -> Row {
    std::array::from_fn(|word| a[word] & b[word])
}

fn report(row: &Row, owners: &[u16], conditions: &mut [u64]) {
    each_bit(row.iter().copied(), |bit| set(conditions, owners[usize::from(bit)]));
}
