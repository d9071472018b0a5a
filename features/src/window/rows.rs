//! The newest events of one entity, packed: a cell of columns, each as wide as its widest value.
//!
//! A cell begins with one byte a column, its width: time first, then the code of the channels, then
//! the values. Behind them lie the columns one after another, row by row. Times are offsets from a
//! base, codes small numbers; a value is folded so that small ones of either sign are short, and an
//! absent one is zero. So a column that nobody fills takes no byte, a time four, an amount mostly
//! three. A row that does not fit moves the rows into another cell, at most a quarter larger.

use super::ABSENT;
use crate::arena::{Arena, Cell};
use crate::limits::{COLUMNS_MAX, MINUTE_MS};

/// Columns of a cell before the values: time and code.
const FIXED: usize = 2;

/// Late events find room below the first time, so that they need not move all rows.
const BELOW_BASE_MS: i64 = 20 * MINUTE_MS;

/// Bits of a word that a width keeps.
const MASKS: [u64; 9] = {
    let mut masks = [0; 9];
    let mut width = 1;
    while width < masks.len() {
        masks[width] = u64::MAX >> (64 - 8 * width);
        width += 1;
    }
    masks
};

/// Where the rows of an entity lie; the bytes are in the arena.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rows {
    base: i64,
    /// Row numbers: the first one that counts, and one behind the last.
    head: u16,
    end: u16,
    cell: Cell,
    /// A mark for whoever keeps the entity.
    pub(super) mark: bool,
}

/// One column of a cell.
#[derive(Clone, Copy, Debug, Default)]
struct Lane {
    offset: u32,
    width: u32,
}

/// Rows, ready to be read.
#[derive(Debug)]
pub(super) struct View<'a> {
    bytes: &'a [u8],
    base: i64,
    /// First row that counts.
    pub(super) head: usize,
    /// One behind the last row.
    pub(super) end: usize,
    lanes: [Lane; FIXED + COLUMNS_MAX],
}

impl View<'_> {
    fn read(&self, lane: usize, row: usize) -> u64 {
        let Lane { offset, width } = self.lanes[lane];
        let at = offset as usize + row * width as usize;
        // The arena pads every cell, so eight bytes are always there.
        let word: [u8; 8] = self.bytes[at..at + 8].try_into().unwrap_or_default();
        u64::from_le_bytes(word) & MASKS[width as usize]
    }

    /// Event time of a row.
    pub(super) fn time(&self, row: usize) -> i64 {
        self.base + self.read(0, row) as i64
    }

    /// Code of the row's channels.
    pub(super) fn code(&self, row: usize) -> u32 {
        self.read(1, row) as u32
    }

    /// Value of a column, [`ABSENT`] without one.
    pub(super) fn value(&self, column: usize, row: usize) -> i64 {
        unfold(self.read(FIXED + column, row))
    }

    /// The first row later than `limit`.
    pub(super) fn first_after(&self, limit: i64) -> usize {
        // Offsets are compared as they are kept.
        let Ok(limit) = u64::try_from(limit.saturating_sub(self.base)) else { return self.head };
        if self.head == self.end || self.read(0, self.end - 1) <= limit {
            return self.end;
        }
        let (mut low, mut high) = (self.head, self.end - 1);
        while low < high {
            let middle = (low + high) / 2;
            if self.read(0, middle) <= limit { low = middle + 1 } else { high = middle }
        }
        low
    }
}

impl Rows {
    pub(super) fn head(&self) -> usize {
        usize::from(self.head)
    }

    pub(super) fn end(&self) -> usize {
        usize::from(self.end)
    }

    /// Rows that count.
    pub(super) fn len(&self) -> usize {
        usize::from(self.end - self.head)
    }

    /// The first bytes, to have them near before they are needed.
    pub(super) fn touch(&self, arena: &Arena) -> u8 {
        arena.bytes(self.cell).first().copied().unwrap_or(0)
    }

    pub(super) fn view<'a>(&self, arena: &'a Arena, columns: usize) -> View<'a> {
        let bytes = arena.bytes(self.cell);
        let mut lanes = [Lane::default(); FIXED + COLUMNS_MAX];
        lay_out(bytes, columns, self.capacity(bytes, columns), &mut lanes);
        View { bytes, base: self.base, head: self.head(), end: self.end(), lanes }
    }

    /// Drops the oldest row.
    pub(super) fn drop_oldest(&mut self) {
        self.head += 1;
    }

    /// Gives the cell back.
    pub(super) fn free(&mut self, arena: &mut Arena) {
        arena.give(self.cell);
        *self = Rows::default();
    }

    /// Puts a row before row `at`. Dropped rows may leave the cell first, a multiple of `align` of
    /// them: their number is returned, and row numbers are lower by it from then on.
    pub(super) fn insert(
        &mut self,
        arena: &mut Arena,
        at: usize,
        align: usize,
        time: i64,
        code: u32,
        values: &[i64],
    ) -> usize {
        if self.end == 0 {
            self.base = time - BELOW_BASE_MS;
        }
        let mut dropped = 0;
        let mut at = at;
        if !self.fits(arena, time, code, values) {
            dropped = self.head() / align * align;
            self.rebuild(arena, dropped, time, code, values);
            at -= dropped;
        }
        let columns = values.len();
        let end = self.end();
        let bytes = arena.bytes_mut(self.cell);
        let mut lanes = [Lane::default(); FIXED + COLUMNS_MAX];
        lay_out(bytes, columns, self.capacity(bytes, columns), &mut lanes);
        for (lane, column) in lanes[..FIXED + columns].iter().zip(0..) {
            let width = lane.width as usize;
            if width == 0 {
                continue;
            }
            let start = lane.offset as usize;
            if at < end {
                bytes.copy_within(start + at * width..start + end * width, start + (at + 1) * width);
            }
            let word = match column {
                0 => (time - self.base) as u64,
                1 => u64::from(code),
                _ => fold(values[column - FIXED]),
            };
            let place = start + at * width;
            bytes[place..place + width].copy_from_slice(&word.to_le_bytes()[..width]);
        }
        self.end += 1;
        dropped
    }

    fn capacity(&self, bytes: &[u8], columns: usize) -> usize {
        let header = FIXED + columns;
        let row: usize = bytes[..header.min(bytes.len())].iter().map(|w| usize::from(*w)).sum();
        (Arena::size(self.cell).saturating_sub(header)).checked_div(row).unwrap_or(0)
    }

    /// Whether a row can be put into the cell as it is.
    fn fits(&self, arena: &Arena, time: i64, code: u32, values: &[i64]) -> bool {
        let bytes = arena.bytes(self.cell);
        let header = FIXED + values.len();
        if bytes.len() < header || time < self.base {
            return false;
        }
        let words = [(time - self.base) as u64, u64::from(code)];
        let words = words.into_iter().chain(values.iter().map(|value| fold(*value)));
        let narrow = words.zip(bytes).all(|(word, width)| bytes_of(word) <= *width);
        narrow && self.end() < self.capacity(bytes, values.len())
    }

    /// Moves the rows from `from` on into a cell that takes one more.
    fn rebuild(&mut self, arena: &mut Arena, from: usize, time: i64, code: u32, values: &[i64]) {
        let header = FIXED + values.len();
        let old = *self;
        let kept = self.end() - from;
        let mut base = time - BELOW_BASE_MS;
        let mut widths = [0_u8; FIXED + COLUMNS_MAX];
        if 0 < kept {
            let bytes = arena.bytes(self.cell);
            widths[..header].copy_from_slice(&bytes[..header]);
            let view = self.view(arena, values.len());
            let (first, last) = (view.time(from), view.time(self.end() - 1));
            // The base follows the rows, so that offsets stay short while an entity lives.
            base = first.min(time) - BELOW_BASE_MS;
            widths[0] = bytes_of((last - base) as u64);
        }
        widths[0] = widths[0].max(bytes_of((time - base) as u64));
        widths[1] = widths[1].max(bytes_of(u64::from(code)));
        for (width, value) in widths[FIXED..].iter_mut().zip(values) {
            *width = (*width).max(bytes_of(fold(*value)));
        }
        let row: usize = widths[..header].iter().map(|w| usize::from(*w)).sum();
        let wanted = kept + 1 + if kept < 16 { kept / 4 + 1 } else { kept / 8 + 1 };
        let cell = arena.take(header + wanted * row);
        self.cell = cell;
        self.base = base;
        self.head = old.head - from as u16;
        self.end = kept as u16;
        arena.bytes_mut(cell)[..header].copy_from_slice(&widths[..header]);
        let capacity = (Arena::size(cell) - header) / row.max(1);
        let mut lanes = [Lane::default(); FIXED + COLUMNS_MAX];
        lay_out(&widths, values.len(), capacity, &mut lanes);
        let (mut old_lanes, mut column) = ([Lane::default(); FIXED + COLUMNS_MAX], [0_u8; 8 * 64]);
        {
            let bytes = arena.bytes(old.cell);
            lay_out(bytes, values.len(), old.capacity(bytes, values.len()), &mut old_lanes);
        }
        let shift = (old.base - base) as u64;
        for (index, (lane, old_lane)) in lanes[..header].iter().zip(&old_lanes).enumerate() {
            let width = lane.width as usize;
            if width == 0 {
                continue;
            }
            // Both cells lie in one arena: rows go through the stack, sixty-four at a time.
            for start in (0..kept).step_by(64) {
                let rows = start..kept.min(start + 64);
                let bytes = arena.bytes(old.cell);
                for row in rows.clone() {
                    let at = old_lane.offset as usize + (from + row) * old_lane.width as usize;
                    let word: [u8; 8] = bytes[at..at + 8].try_into().unwrap_or_default();
                    let mut word = u64::from_le_bytes(word) & MASKS[old_lane.width as usize];
                    if index == 0 {
                        word = word.wrapping_add(shift);
                    }
                    let place = (row - start) * width;
                    column[place..place + 8].copy_from_slice(&word.to_le_bytes());
                }
                let at = lane.offset as usize + start * width;
                let length = rows.len() * width;
                arena.bytes_mut(cell)[at..at + length].copy_from_slice(&column[..length]);
            }
        }
        arena.give(old.cell);
    }
}

/// Fills in where each column lies.
fn lay_out(
    widths: &[u8],
    columns: usize,
    capacity: usize,
    lanes: &mut [Lane; FIXED + COLUMNS_MAX],
) {
    let header = FIXED + columns;
    let mut offset = header;
    for (lane, width) in lanes[..header].iter_mut().zip(widths) {
        let width = u32::from(*width);
        *lane = Lane { offset: if width == 0 { 0 } else { offset as u32 }, width };
        offset += capacity * width as usize;
    }
}

/// Bytes that a number needs.
fn bytes_of(word: u64) -> u8 {
    (8 - word.leading_zeros() / 8) as u8
}

/// Small numbers of either sign become small, absent zero.
fn fold(value: i64) -> u64 {
    if value == ABSENT { 0 } else { ((value << 1 ^ value >> 63) as u64) + 1 }
}

fn unfold(word: u64) -> i64 {
    match word.checked_sub(1) {
        None => ABSENT,
        Some(word) => (word >> 1) as i64 ^ -((word & 1) as i64),
    }
}
