//! What left the rows of a busy entity: sums by tile, and by tile only.
//!
//! Tiles coalesce by age (1 min up to 1 h, 15 min up to 24 h, 2 h up to 7 d, 8 h up to 30 d, 1 d
//! beyond; each width divides the next). Counts and sums are kept as running totals at the end of
//! each tile, so that any window is one difference, and tiles that join lose a boundary and nothing
//! else. Extremes and edges, which have no difference, are kept tile by tile. Totals of all slots at
//! one boundary lie side by side: a window's questions read two places, however many they are.

use prefetch_index::prefetch_index;

use super::{ABSENT, Edges, Row, Shape, Values};
use crate::limits::MINUTE_MS;

/// Tile widths and the age up to which each serves, both in milliseconds.
const LEVELS: [(i64, i64); 5] = [
    (MINUTE_MS, 60 * MINUTE_MS),
    (15 * MINUTE_MS, 24 * 60 * MINUTE_MS),
    (120 * MINUTE_MS, 7 * 1_440 * MINUTE_MS),
    (480 * MINUTE_MS, 30 * 1_440 * MINUTE_MS),
    (1_440 * MINUTE_MS, i64::MAX),
];

/// The tiles of one entity.
#[derive(Clone, Debug, Default)]
pub(super) struct Tiles {
    /// The minute of the last coalescing.
    coalesced: i64,
    /// In order of time; they do not overlap.
    tiles: Vec<Tile>,
    /// A row before the first tile, of what is older, and one at the end of each: events until then.
    counts: Table<i64>,
    /// The same of slots that have values.
    values: Table<Values>,
    /// What cannot be subtracted, of slots that have edges: older than the first tile, then by tile.
    edges: Table<Edges>,
    /// Every [`BLOCK`] rows of edges joined, so that a long window need not look at each tile.
    blocks: Table<Edges>,
}

/// Rows of edges in a block.
const BLOCK: usize = 16;

#[derive(Clone, Copy, Debug)]
struct Tile {
    level: u8,
    start: i64,
    newest: i64,
}

/// Rows of equal width, one after another.
#[derive(Clone, Debug, Default)]
struct Table<T> {
    width: usize,
    cells: Vec<T>,
}

impl<T: Copy + Default> Table<T> {
    fn at(&self, row: usize, column: usize) -> T {
        self.cells.get(row * self.width + column).copied().unwrap_or_default()
    }

    fn row_mut(&mut self, row: usize) -> &mut [T] {
        &mut self.cells[row * self.width..(row + 1) * self.width]
    }

    /// Changes a column in all rows from one on.
    fn change_from(&mut self, row: usize, column: usize, change: impl Fn(&mut T)) {
        let cells = &mut self.cells[row * self.width + column..];
        cells.iter_mut().step_by(self.width).for_each(change);
    }

    /// Puts a row behind `row`: the same again, or an empty one.
    fn insert_behind(&mut self, row: usize, is_copy: bool) {
        let (start, end, length) = (row * self.width, (row + 1) * self.width, self.cells.len());
        self.cells.resize(length + self.width, T::default());
        self.cells.copy_within(end..length, end + self.width);
        if is_copy {
            self.cells.copy_within(start..end, end);
        } else {
            self.cells[end..end + self.width].fill(T::default());
        }
    }

    fn remove(&mut self, rows: std::ops::Range<usize>) {
        self.cells.drain(rows.start * self.width..rows.end * self.width);
    }
}

impl Table<Edges> {
    /// Joins the `count` rows behind a row into it.
    fn join(&mut self, row: usize, count: usize) {
        let (into, from) = self.cells.split_at_mut((row + 1) * self.width);
        let into = &mut into[row * self.width..];
        for from in from.chunks_exact(self.width.max(1)).take(count) {
            into.iter_mut().zip(from).for_each(|(into, edges)| into.join(edges));
        }
        self.remove(row + 1..row + 1 + count);
    }
}

impl Tiles {
    /// Fetches where the lists lie.
    pub(super) fn fetch(&self) {
        prefetch_index(std::slice::from_ref(&self.tiles), 0);
        prefetch_index(std::slice::from_ref(&self.values), 0);
    }

    /// Fetches the tiles at which a search looks first, and the newest totals.
    pub(super) fn fetch_lists(&self) {
        let tiles = (0..self.tiles.len()).step_by(self.tiles.len() / 8 + 1);
        tiles.for_each(|tile| prefetch_index(&self.tiles, tile));
        prefetch_index(&self.counts.cells, self.counts.cells.len().saturating_sub(1));
        prefetch_index(&self.values.cells, self.values.cells.len().saturating_sub(1));
    }

    fn open(&mut self, shape: &Shape) {
        if self.counts.cells.is_empty() {
            self.counts = Table { width: shape.slots.len(), cells: vec![0; shape.slots.len()] };
            self.values = Table { width: shape.values, cells: vec![Values::NONE; shape.values] };
            let edges = vec![Edges::default(); shape.edges];
            self.blocks = Table { width: shape.edges, cells: edges.clone() };
            self.edges = Table { width: shape.edges, cells: edges };
        }
    }

    /// Adds an event that left the rows of an entity whose newest event is at `newest`.
    pub(super) fn add(&mut self, shape: &Shape, row: Row<'_>, newest: i64) {
        self.coalesce(shape, newest);
        let level = level_of(row.time, newest);
        let start = aligned(row.time, level);
        if end_of(start, level) <= newest.saturating_sub(shape.retention_ms) {
            self.add_gone(shape, row);
            return;
        }
        self.open(shape);
        let at = self.tiles.partition_point(|tile| tile.start < start);
        if self.tiles.get(at).is_none_or(|tile| tile.start != start) {
            self.tiles.insert(at, Tile { level: level as u8, start, newest: i64::MIN });
            self.counts.insert_behind(at, true);
            self.values.insert_behind(at, true);
            self.edges.insert_behind(at, false);
            self.join_blocks(at + 1);
        }
        self.tiles[at].newest = self.tiles[at].newest.max(row.time);
        self.count_in(shape, row, at + 1);
    }

    /// Adds an event to what is older than every finite window.
    pub(super) fn add_gone(&mut self, shape: &Shape, row: Row<'_>) {
        if shape.life {
            self.open(shape);
            self.count_in(shape, row, 0);
        }
    }

    /// Counts an event in a row of the tables, and in the totals behind it.
    fn count_in(&mut self, shape: &Shape, row: Row<'_>, at: usize) {
        for (index, slot) in shape.slots.iter().enumerate() {
            if !row.is_in(slot.channel) {
                continue;
            }
            let value = slot.column.map_or(ABSENT, |c| row.values[usize::from(c)]);
            self.counts.change_from(at, index, |count| *count += 1);
            if let Some(values) = slot.values {
                self.values.change_from(at, usize::from(values), |values| values.add(value));
            }
            if let Some(edges) = slot.edges {
                self.edges.row_mut(at)[usize::from(edges)].add(row.time, value);
                self.blocks.row_mut(at / BLOCK)[usize::from(edges)].add(row.time, value);
            }
        }
    }

    /// Lets tiles that have aged join wider ones, and drops what is past the retention.
    pub(super) fn coalesce(&mut self, shape: &Shape, newest: i64) {
        // Tiles begin, end and age on whole minutes: within one minute nothing can change.
        let minute = newest.div_euclid(MINUTE_MS);
        if self.coalesced == minute {
            return;
        }
        self.coalesced = minute;
        let expired = newest.saturating_sub(shape.retention_ms);
        let gone =
            self.tiles.iter().take_while(|t| end_of(t.start, usize::from(t.level)) <= expired);
        let gone = gone.count();
        self.forget(gone);
        let mut first_changed = (0 < gone).then_some(0);
        let mut at = 0;
        while at < self.tiles.len() {
            let tile = &mut self.tiles[at];
            let wanted = level_of(tile.start, newest).max(usize::from(tile.level));
            tile.start = aligned(tile.start, wanted);
            tile.level = wanted as u8;
            let (start, latest) = (tile.start, tile.newest);
            // A part of a wider tile that has aged joins the part that aged before it.
            if 0 < at && self.tiles[at - 1].start == start {
                self.tiles[at - 1].newest = latest;
                self.tiles.remove(at);
                self.counts.remove(at..at + 1);
                self.values.remove(at..at + 1);
                self.edges.join(at, 1);
                first_changed.get_or_insert(at);
            } else {
                at += 1;
            }
        }
        if let Some(row) = first_changed {
            self.join_blocks(row);
        }
    }

    /// Joins the rows of edges from `row` on anew.
    fn join_blocks(&mut self, row: usize) {
        let width = self.edges.width;
        if width == 0 {
            return;
        }
        let first = row / BLOCK;
        let rows = self.edges.cells.len() / width;
        self.blocks.cells.truncate(first * width);
        self.blocks.cells.resize(rows.div_ceil(BLOCK) * width, Edges::default());
        for row in first * BLOCK..rows {
            let edges = &self.edges.cells[row * width..(row + 1) * width];
            let blocks = self.blocks.row_mut(row / BLOCK);
            blocks.iter_mut().zip(edges).for_each(|(block, edges)| block.join(edges));
        }
    }

    /// Drops the oldest tiles; their totals stay in those behind them.
    fn forget(&mut self, count: usize) {
        self.tiles.drain(..count);
        self.counts.remove(0..count);
        self.values.remove(0..count);
        self.edges.join(0, count);
    }

    /// Tiles with their newest event in (from, to]; a window for life begins before the first.
    pub(super) fn range(&self, from: i64, to: i64) -> (usize, usize) {
        // Mostly a window lies behind all tiles, or ends there.
        let newest = self.tiles.last().map_or(i64::MIN, |tile| tile.newest);
        let after = |limit: i64| match newest <= limit {
            true => self.tiles.len(),
            false => self.tiles.partition_point(|tile| tile.newest <= limit),
        };
        (after(from), after(to))
    }

    /// Events of a slot in a range of tiles, and before it when the window is for life.
    pub(super) fn count(&self, slot: usize, range: (usize, usize), life: bool) -> i64 {
        self.counts.at(range.1, slot) - if life { 0 } else { self.counts.at(range.0, slot) }
    }

    /// Sums of a slot's values, likewise; extremes are not among them. `slot` is its number among
    /// those that have values.
    pub(super) fn values(&self, slot: usize, range: (usize, usize), life: bool) -> Values {
        let mut values = self.values.at(range.1, slot);
        if !life {
            values.subtract(&self.values.at(range.0, slot));
        }
        values
    }

    /// Extremes and edges of a slot, likewise by its number among those that have edges.
    pub(super) fn edges(&self, slot: usize, range: (usize, usize), life: bool) -> Edges {
        let (mut row, end) = (if life { 0 } else { range.0 + 1 }, range.1 + 1);
        let mut edges = Edges::default();
        while row < end {
            if row.is_multiple_of(BLOCK) && row + BLOCK <= end {
                edges.join(&self.blocks.at(row / BLOCK, slot));
                row += BLOCK;
            } else {
                edges.join(&self.edges.at(row, slot));
                row += 1;
            }
        }
        edges
    }
}

fn aligned(time: i64, level: usize) -> i64 {
    let width = LEVELS[level].0;
    time.div_euclid(width) * width
}

fn end_of(start: i64, level: usize) -> i64 {
    start + LEVELS[level].0
}

/// The narrowest tile that may still hold an event of this time.
fn level_of(time: i64, newest: i64) -> usize {
    (0..LEVELS.len())
        .find(|level| {
            let end = end_of(aligned(time, *level), *level);
            newest.saturating_sub(LEVELS[*level].1) < end
        })
        .unwrap_or(LEVELS.len() - 1)
}
