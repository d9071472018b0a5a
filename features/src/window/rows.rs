//! The newest events of one entity, packed: a cell of columns, each as wide as its widest value.
//!
//! A cell begins with one byte a column, its width: time first, then the code of the channels, then
//! the values. Behind them lie the columns one after another, row by row. Times are offsets from a
//! base, codes small numbers; a value is folded so that small ones of either sign are short, and an
//! absent one is zero. So a column that nobody fills takes no byte, a time four, an amount mostly
//! three. A row that does not fit moves the rows into another cell, with room for a quarter more and
//! two at most.

use std::hint::select_unpredictable;
use std::ops::Range;

use prefetch_index::prefetch_index;

use super::busy::CHUNK;
use super::{ABSENT, Codes, Row};
use crate::arena::{Arena, Cell};
use crate::limits::{COLUMNS_MAX, MINUTE_MS, SPANS_MAX};

/// Columns of a cell before the values: time and code.
const FIXED: usize = 2;

/// Cache lines of a cell that are fetched beforehand.
const FETCHED_LINES: usize = 8;

/// Bytes of a cache line.
const LINE: usize = 64;

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
    /// Where times count from, in seconds since 1970.
    base_s: u32,
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

/// Where the columns of a cell lie, worked out into a buffer that is used again.
#[derive(Debug)]
pub(super) struct Lanes {
    lanes: [Lane; FIXED + COLUMNS_MAX],
    /// Rows that the cell has room for.
    capacity: usize,
}

impl Default for Lanes {
    fn default() -> Lanes {
        Lanes { lanes: [Lane::default(); FIXED + COLUMNS_MAX], capacity: 0 }
    }
}

impl Lanes {
    /// Works out a cell of `size` bytes with these widths.
    fn lay_out(&mut self, widths: &[u8], columns: usize, size: usize) {
        let header = FIXED + columns;
        let Some(widths) = widths.get(..header) else {
            self.lanes[..header].fill(Lane::default());
            self.capacity = 0;
            return;
        };
        let row: u32 = widths.iter().map(|width| u32::from(*width)).sum();
        self.capacity = (size - header) / row.max(1) as usize;
        let mut offset = header as u32;
        for (lane, width) in self.lanes.iter_mut().zip(widths) {
            let width = u32::from(*width);
            *lane = Lane { offset: if width == 0 { 0 } else { offset }, width };
            offset += self.capacity as u32 * width;
        }
    }
}

/// Rows whose times are compared all at once, which is faster than a search among so few.
const FEW: usize = 16;

/// The times of a view, ready to be searched for several limits.
#[derive(Debug)]
pub(super) struct Times<'v, 'a> {
    view: &'v View<'a>,
    /// Offsets from the base of the few rows there are; what is over is later than all.
    few: Option<[u32; FEW]>,
}

impl Times<'_, '_> {
    /// The first row later than each limit.
    pub(super) fn first_after(&self, limits: &[i64], rows: &mut [usize]) {
        let Some(few) = &self.few else { return self.view.first_after(limits, rows) };
        for (limit, row) in limits.iter().zip(rows) {
            let limit = limit.saturating_sub(self.view.base);
            *row = match u32::try_from(limit) {
                Ok(u32::MAX) => self.view.end,
                Ok(limit) => {
                    let earlier: u32 = few.iter().map(|time| u32::from(*time <= limit)).sum();
                    self.view.head + earlier as usize
                }
                Err(_) if limit < 0 => self.view.head,
                Err(_) => self.view.end,
            };
        }
    }
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
    lanes: &'a Lanes,
}

impl<'a> View<'a> {
    /// The times, for more than one search.
    pub(super) fn times(&self) -> Times<'_, 'a> {
        let rows = self.end - self.head;
        let few = (rows <= FEW && self.lanes.lanes[0].width <= 4).then(|| {
            let mut few = [u32::MAX; FEW];
            let times = few.iter_mut().zip(self.head..self.end);
            times.for_each(|(time, row)| *time = self.read(0, row) as u32);
            few
        });
        Times { view: self, few }
    }

    fn read(&self, lane: usize, row: usize) -> u64 {
        let Lane { offset, width } = self.lanes.lanes[lane];
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

    /// Sets the bits of rows of one chunk in the words of the channels that they are in.
    pub(super) fn spread(&self, codes: &Codes, rows: Range<usize>, words: &mut [u64]) {
        if self.lanes.lanes[1].width == 0 {
            // All have the first code, which takes no byte.
            if !rows.is_empty() {
                let bits = u64::MAX >> (CHUNK - rows.len()) << (rows.start % CHUNK);
                codes.put(0, bits, words);
            }
            return;
        }
        // Neighbours mostly have one code: their bits go into the words together.
        let (mut last, mut bits) = (0, 0);
        for row in rows {
            let code = self.code(row);
            if code != last {
                codes.put(last, bits, words);
                (last, bits) = (code, 0);
            }
            bits |= 1 << (row % CHUNK);
        }
        codes.put(last, bits, words);
    }

    /// The first row later than each of at most [`SPANS_MAX`] limits.
    pub(super) fn first_after(&self, limits: &[i64], rows: &mut [usize]) {
        let rows = &mut rows[..limits.len()];
        rows.fill(self.head);
        if self.head == self.end {
            return;
        }
        // Offsets are compared as they are kept. Long windows mostly hold all rows: those that do
        // not are searched for.
        let first = self.time(self.head);
        let (mut searched, mut number) = ([0; SPANS_MAX], 0);
        for (index, limit) in limits.iter().enumerate() {
            searched[number] = index;
            number += usize::from(first <= *limit);
        }
        let searched = &searched[..number];
        let is_over = |row: usize, index: usize| {
            self.read(0, row) as i64 <= limits[index].saturating_sub(self.base)
        };
        // Where a window begins is a matter of chance: a branch on it would be guessed wrong half
        // the time, at each step. All searches take a step together, so that none waits for the one
        // before.
        let mut size = self.end - self.head;
        while 1 < size {
            let half = size / 2;
            for index in searched {
                let row = &mut rows[*index];
                *row = select_unpredictable(is_over(*row + half - 1, *index), *row + half, *row);
            }
            size -= half;
        }
        for index in searched {
            rows[*index] += usize::from(is_over(rows[*index], *index));
        }
    }

    /// The first row later than one limit.
    pub(super) fn first_after_one(&self, limit: i64) -> usize {
        // Whoever asks for one mostly asks for what is behind all.
        if self.head == self.end || self.time(self.end - 1) <= limit {
            return self.end;
        }
        let mut row = [0];
        self.first_after(&[limit], &mut row);
        row[0]
    }
}

impl Rows {
    pub(super) fn head(&self) -> usize {
        usize::from(self.head)
    }

    pub(super) fn end(&self) -> usize {
        usize::from(self.end)
    }

    /// Where times count from, in milliseconds.
    fn base(&self) -> i64 {
        start_of(self.base_s)
    }

    /// Rows that count.
    pub(super) fn len(&self) -> usize {
        usize::from(self.end - self.head)
    }

    /// Time of a row.
    pub(super) fn time(&self, arena: &Arena, lanes: &Lanes, row: usize) -> i64 {
        self.seen_again(arena, lanes).time(row)
    }

    /// Fetches every cache line of the cell; of a larger one its beginning and the times at which a
    /// search for recent ones looks first.
    pub(super) fn fetch(&self, arena: &Arena) {
        let bytes = arena.bytes(self.cell);
        if bytes.len() <= FETCHED_LINES * LINE {
            (0..bytes.len()).step_by(LINE).for_each(|at| prefetch_index(bytes, at));
            return;
        }
        prefetch_index(bytes, 0);
        for step in 0..=5 {
            // A time mostly takes four bytes.
            prefetch_index(bytes, 4 * self.end().saturating_sub(self.len() >> step));
        }
    }

    /// The rows, laid out for reading in `lanes`.
    pub(super) fn view<'a>(
        &self,
        arena: &'a Arena,
        columns: usize,
        lanes: &'a mut Lanes,
    ) -> View<'a> {
        let bytes = arena.bytes(self.cell);
        lanes.lay_out(bytes, columns, Arena::size(self.cell));
        View { bytes, base: self.base(), head: self.head(), end: self.end(), lanes }
    }

    /// The rows again, as they were laid out in `lanes`.
    pub(super) fn seen_again<'a>(&self, arena: &'a Arena, lanes: &'a Lanes) -> View<'a> {
        let bytes = arena.bytes(self.cell);
        View { bytes, base: self.base(), head: self.head(), end: self.end(), lanes }
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

    /// Puts a row before row `at`; `lanes` is how the rows lie before and after. Dropped rows may
    /// leave the cell first, a multiple of `align` of them: their number is returned, and row
    /// numbers are lower by it from then on.
    pub(super) fn insert(
        &mut self,
        arena: &mut Arena,
        lanes: &mut Lanes,
        (at, align): (usize, usize),
        row: Row<'_>,
        code: u32,
    ) -> usize {
        if self.end == 0 {
            self.base_s = below(row.time);
        }
        let mut dropped = 0;
        let mut at = at;
        if !self.fits(lanes, row, code) {
            dropped = self.head() / align * align;
            self.rebuild(arena, lanes, dropped, row, code);
            at -= dropped;
        }
        let end = self.end();
        let base = self.base();
        let bytes = arena.bytes_mut(self.cell);
        let header = FIXED + row.values.len();
        for (column, lane) in lanes.lanes[..header].iter().enumerate() {
            let width = lane.width as usize;
            if width == 0 {
                continue;
            }
            let start = lane.offset as usize;
            if at < end {
                bytes
                    .copy_within(start + at * width..start + end * width, start + (at + 1) * width);
            }
            let word = match column {
                0 => (row.time - base) as u64,
                1 => u64::from(code),
                _ => fold(row.values[column - FIXED]),
            };
            let place = start + at * width;
            put(&mut bytes[place..place + width], word);
        }
        self.end += 1;
        dropped
    }

    /// Whether a row can be put into the cell as it is.
    fn fits(&self, lanes: &Lanes, row: Row<'_>, code: u32) -> bool {
        let words = [(row.time - self.base()) as u64, u64::from(code)];
        let words = words.into_iter().chain(row.values.iter().map(|value| fold(*value)));
        self.end() < lanes.capacity
            && self.base() <= row.time
            && words.zip(&lanes.lanes).all(|(word, lane)| word & !MASKS[lane.width as usize] == 0)
    }

    /// Moves the rows from `from` on into a cell that takes one more.
    fn rebuild(
        &mut self,
        arena: &mut Arena,
        lanes: &mut Lanes,
        from: usize,
        row: Row<'_>,
        code: u32,
    ) {
        let header = FIXED + row.values.len();
        let kept = self.end() - from;
        let mut base_s = below(row.time);
        let mut widths = [0_u8; FIXED + COLUMNS_MAX];
        if 0 < kept {
            for (width, lane) in widths[..header].iter_mut().zip(&lanes.lanes) {
                *width = lane.width as u8;
            }
            let view = self.seen_again(arena, lanes);
            let (first, last) = (view.time(from), view.time(self.end() - 1));
            // The base follows the rows, so that offsets stay short while an entity lives.
            base_s = below(first.min(row.time));
            widths[0] = bytes_of((last - start_of(base_s)) as u64);
        }
        let base = start_of(base_s);
        widths[0] = widths[0].max(bytes_of((row.time - base) as u64));
        widths[1] = widths[1].max(bytes_of(u64::from(code)));
        for (width, value) in widths[FIXED..].iter_mut().zip(row.values) {
            *width = (*width).max(bytes_of(fold(*value)));
        }
        let bytes: usize = widths[..header].iter().map(|width| usize::from(*width)).sum();
        let wanted = kept + 1 + if kept < 16 { kept / 4 + 2 } else { kept / 8 + 1 };
        let old = std::mem::replace(self, Rows { base_s, ..*self });
        self.cell = arena.take(header + wanted * bytes);
        self.head = old.head - from as u16;
        self.end = kept as u16;
        arena.bytes_mut(self.cell)[..header].copy_from_slice(&widths[..header]);
        let shift = (old.base() - base) as u64;
        let mut target = Lanes::default();
        target.lay_out(&widths, row.values.len(), Arena::size(self.cell));
        let (from_bytes, bytes) = arena.pair(old.cell, self.cell);
        for (index, (lane, old_lane)) in target.lanes[..header].iter().zip(&lanes.lanes).enumerate()
        {
            let (width, old_width) = (lane.width as usize, old_lane.width as usize);
            let (at, old_at) = (lane.offset as usize, old_lane.offset as usize + from * old_width);
            if width == old_width && index != 0 {
                let length = kept * width;
                bytes[at..at + length].copy_from_slice(&from_bytes[old_at..old_at + length]);
            } else if width != 0 {
                let shift = if index == 0 { shift } else { 0 };
                for row in 0..kept {
                    let word = get(from_bytes, old_at + row * old_width, old_width);
                    let word = word.wrapping_add(shift).to_le_bytes();
                    let at = at + row * width;
                    // What is behind the row is written later.
                    match bytes.get_mut(at..at + 8) {
                        Some(eight) => eight.copy_from_slice(&word),
                        None => bytes[at..at + width].copy_from_slice(&word[..width]),
                    }
                }
            }
        }
        arena.give(old.cell);
        *lanes = target;
    }
}

/// A word of `width` bytes at a place.
fn get(bytes: &[u8], at: usize, width: usize) -> u64 {
    let mut word = [0; 8];
    match bytes.get(at..at + 8) {
        Some(eight) => word.copy_from_slice(eight),
        None => word[..width].copy_from_slice(&bytes[at..at + width]),
    }
    u64::from_le_bytes(word) & MASKS[width]
}

/// Puts the lowest bytes of a word, as many as there is room for: a copy of a length that nobody knows
/// beforehand would be a call, so two of known length overlap.
fn put(bytes: &mut [u8], word: u64) {
    let width = bytes.len();
    let last = |length: usize| word >> (8 * (width - length));
    if 4 <= width {
        bytes[..4].copy_from_slice(&(word as u32).to_le_bytes());
        bytes[width - 4..].copy_from_slice(&(last(4) as u32).to_le_bytes());
    } else if 2 <= width {
        bytes[..2].copy_from_slice(&(word as u16).to_le_bytes());
        bytes[width - 2..].copy_from_slice(&(last(2) as u16).to_le_bytes());
    } else if width == 1 {
        bytes[0] = word as u8;
    }
}

/// A base for rows of which the first is at `time`, in seconds; events lie in 2000 to 2100.
fn below(time: i64) -> u32 {
    ((time - BELOW_BASE_MS) / 1_000).max(0) as u32
}

fn start_of(base_s: u32) -> i64 {
    i64::from(base_s) * 1_000
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
