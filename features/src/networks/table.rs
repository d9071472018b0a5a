//! Disjoint ranges of addresses, each with the number of a row, found by binary search.
//!
//! Only the first address of a range is kept; it reaches up to the next one, and gaps are ranges
//! with no row. The search begins in the shelf of the address, by its highest bits, which saves the
//! first steps: those that would miss the cache in a table of millions.

use std::fmt::Debug;

/// Row of addresses that nothing is known about.
const NO_ROW: u32 = u32::MAX;

/// Bits of an address that choose its shelf.
const SHELF_BITS: u32 = 16;

/// Smaller tables do without shelves.
const SHELVED: usize = 1 << 12;

/// An address of one version.
pub(super) trait Address: Copy + Ord + Debug {
    /// From the low bits of a number.
    fn of(bits: u128) -> Self;
    /// The next address; none after the last.
    fn next(self) -> Option<Self>;
    /// Its highest bits.
    fn shelf(self) -> usize;
}

impl Address for u32 {
    fn of(bits: u128) -> u32 {
        bits as u32
    }

    fn next(self) -> Option<u32> {
        self.checked_add(1)
    }

    fn shelf(self) -> usize {
        (self >> (u32::BITS - SHELF_BITS)) as usize
    }
}

impl Address for u128 {
    fn of(bits: u128) -> u128 {
        bits
    }

    fn next(self) -> Option<u128> {
        self.checked_add(1)
    }

    fn shelf(self) -> usize {
        (self >> (u128::BITS - SHELF_BITS)) as usize
    }
}

/// See the module's essay.
#[derive(Debug)]
pub(super) struct Table<A> {
    starts: Vec<A>,
    rows: Vec<u32>,
    /// How many starts lie before each shelf, and before the end; empty in small tables.
    shelves: Vec<u32>,
    /// The address behind the last range, while the table is filled.
    end: Option<A>,
}

impl<A> Default for Table<A> {
    fn default() -> Table<A> {
        Table { starts: Vec::new(), rows: Vec::new(), shelves: Vec::new(), end: None }
    }
}

impl<A: Address> Table<A> {
    /// Adds the range from `first` to `last`, which must lie behind all others.
    pub(super) fn push(&mut self, first: A, last: A, row: u32) {
        debug_assert!(first <= last && self.end.is_none_or(|end| end <= first), "out of order");
        let is_adjacent = self.end == Some(first);
        if let Some(end) = self.end.filter(|_| !is_adjacent) {
            self.start(end, NO_ROW);
        }
        if !is_adjacent || self.rows.last() != Some(&row) {
            self.start(first, row);
        }
        self.end = last.next();
    }

    fn start(&mut self, first: A, row: u32) {
        self.starts.push(first);
        self.rows.push(row);
    }

    /// Makes the table ready to be searched; nothing is added after this.
    pub(super) fn seal(&mut self) {
        if let Some(end) = self.end.take() {
            self.start(end, NO_ROW);
        }
        self.starts.shrink_to_fit();
        self.rows.shrink_to_fit();
        if SHELVED < self.starts.len() {
            let before = |shelf| self.starts.partition_point(|start| start.shelf() < shelf) as u32;
            self.shelves = (0..=1 << SHELF_BITS).map(before).collect();
        }
    }

    /// The row of the range that holds the address.
    pub(super) fn find(&self, address: A) -> Option<u32> {
        let (from, to) = match self.shelves.get(address.shelf()..address.shelf() + 2) {
            Some(bounds) => (bounds[0] as usize, bounds[1] as usize),
            None => (0, self.starts.len()),
        };
        let behind = from + self.starts[from..to].partition_point(|start| *start <= address);
        let row = *self.rows.get(behind.checked_sub(1)?)?;
        (row != NO_ROW).then_some(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(ranges: &[(u32, u32, u32)]) -> Table<u32> {
        let mut table = Table::default();
        ranges.iter().for_each(|(first, last, row)| table.push(*first, *last, *row));
        table.seal();
        table
    }

    #[test]
    fn a_range_holds_its_ends_and_nothing_beyond() {
        let table = sealed(&[(10, 19, 0), (20, 29, 1), (40, 40, 2), (u32::MAX, u32::MAX, 3)]);
        let found: Vec<Option<u32>> =
            [0, 9, 10, 19, 20, 29, 30, 39, 40, 41, u32::MAX - 1, u32::MAX]
                .into_iter()
                .map(|address| table.find(address))
                .collect();
        let (a, b, c, d) = (Some(0), Some(1), Some(2), Some(3));
        assert_eq!(found, [None, None, a, a, b, b, None, None, c, None, None, d]);
        assert_eq!(Table::<u128>::default().find(7), None);
    }

    #[test]
    fn neighbours_of_one_row_are_one_range() {
        let table = sealed(&[(0, 9, 7), (10, 19, 7), (20, 29, 8)]);
        assert_eq!(table.starts, [0, 20, 30]);
        assert_eq!(sealed(&[(0, u32::MAX, 7)]).starts, [0]);
    }

    #[test]
    fn a_shelved_table_finds_what_a_scan_finds() {
        // Ranges within shelves, over their borders, and over whole empty ones.
        let ranges: Vec<(u32, u32, u32)> =
            (0..6_000).map(|i| (i * 700_001, i * 700_001 + (i % 7) * 116_666, i)).collect();
        let table = sealed(&ranges);
        assert!(!table.shelves.is_empty());
        let wanted = |address: u32| {
            let holds = |range: &&(u32, u32, u32)| (range.0..=range.1).contains(&address);
            ranges.iter().find(holds).map(|range| range.2)
        };
        for (first, last, _) in ranges.iter().step_by(13) {
            for address in [first.wrapping_sub(1), *first, *last, last.wrapping_add(1)] {
                assert_eq!(table.find(address), wanted(address), "{address}");
            }
        }
        for border in (0..=u32::MAX).step_by(1 << 22) {
            for address in [border.wrapping_sub(1), border] {
                assert_eq!(table.find(address), wanted(address), "{address}");
            }
        }
    }
}
