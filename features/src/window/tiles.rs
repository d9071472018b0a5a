//! What left the rows of a busy entity: sums by tile, and by tile only.
//!
//! Tiles coalesce by age (1 min up to 1 h, 15 min up to 24 h, 2 h up to 7 d, 8 h up to 30 d, 1 d
//! beyond; each width divides the next). Counts and sums are kept as running totals at the end of
//! each tile, so that any window is one difference, and tiles that join lose a boundary and nothing
//! else. Extremes and edges, which have no difference, are kept tile by tile.

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
    /// One for each slot of the shape.
    series: Vec<Series>,
}

#[derive(Clone, Copy, Debug)]
struct Tile {
    level: u8,
    start: i64,
    newest: i64,
}

/// What one slot keeps of the tiles.
#[derive(Clone, Debug, Default)]
struct Series {
    /// What is older than the first tile.
    gone: i64,
    gone_values: Values,
    gone_edges: Edges,
    /// Running totals at the end of each tile, those gone included.
    counts: Vec<i64>,
    values: Vec<Values>,
    /// What cannot be subtracted, by tile.
    edges: Vec<Edges>,
}

impl Tiles {
    /// Adds an event that left the rows of an entity whose newest event is at `newest`.
    pub(super) fn add(&mut self, shape: &Shape, row: Row<'_>, newest: i64) {
        self.coalesce(shape, newest);
        self.series.resize_with(shape.slots.len(), Series::default);
        let level = level_of(row.time, newest);
        let start = aligned(row.time, level);
        if end_of(start, level) <= newest.saturating_sub(shape.retention_ms) {
            self.add_gone(shape, row);
            return;
        }
        let at = self.tiles.partition_point(|tile| tile.start < start);
        if self.tiles.get(at).is_none_or(|tile| tile.start != start) {
            self.tiles.insert(at, Tile { level: level as u8, start, newest: i64::MIN });
            for (slot, series) in shape.slots.iter().zip(&mut self.series) {
                let before = |totals: &[i64]| at.checked_sub(1).map(|i| totals[i]);
                let count = before(&series.counts).unwrap_or(series.gone);
                series.counts.insert(at, count);
                if slot.has_values {
                    let values = at.checked_sub(1).map_or(series.gone_values, |i| series.values[i]);
                    series.values.insert(at, values);
                }
                if slot.has_edges {
                    series.edges.insert(at, Edges::default());
                }
            }
        }
        self.tiles[at].newest = self.tiles[at].newest.max(row.time);
        for (slot, series) in shape.slots.iter().zip(&mut self.series) {
            if !row.is_in(slot.channel) {
                continue;
            }
            let value = slot.column.map_or(ABSENT, |c| row.values[usize::from(c)]);
            series.counts[at..].iter_mut().for_each(|count| *count += 1);
            if slot.has_values {
                series.values[at..].iter_mut().for_each(|values| values.add(value));
            }
            if slot.has_edges {
                series.edges[at].add(row.time, value);
            }
        }
    }

    /// Adds an event to what is older than every finite window.
    pub(super) fn add_gone(&mut self, shape: &Shape, row: Row<'_>) {
        if !shape.life {
            return;
        }
        self.series.resize_with(shape.slots.len(), Series::default);
        for (slot, series) in shape.slots.iter().zip(&mut self.series) {
            if !row.is_in(slot.channel) {
                continue;
            }
            let value = slot.column.map_or(ABSENT, |c| row.values[usize::from(c)]);
            series.gone += 1;
            series.counts.iter_mut().for_each(|count| *count += 1);
            if slot.has_values {
                series.gone_values.add(value);
                series.values.iter_mut().for_each(|values| values.add(value));
            }
            if slot.has_edges {
                series.gone_edges.add(row.time, value);
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
        if 0 < gone {
            self.forget(shape, gone);
        }
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
                for (slot, series) in shape.slots.iter().zip(&mut self.series) {
                    series.counts.remove(at - 1);
                    if slot.has_values {
                        series.values.remove(at - 1);
                    }
                    if slot.has_edges {
                        let later = series.edges.remove(at);
                        series.edges[at - 1].join(&later);
                    }
                }
            } else {
                at += 1;
            }
        }
    }

    /// Drops the oldest tiles; their totals stay in those behind them.
    fn forget(&mut self, shape: &Shape, count: usize) {
        self.tiles.drain(..count);
        for (slot, series) in shape.slots.iter().zip(&mut self.series) {
            series.gone = series.counts[count - 1];
            series.counts.drain(..count);
            if slot.has_values {
                series.gone_values = series.values[count - 1];
                series.values.drain(..count);
            }
            if slot.has_edges {
                for edges in series.edges.drain(..count) {
                    series.gone_edges.join(&edges);
                }
            }
        }
    }

    /// Tiles with their newest event in (from, to]; a window for life begins before the first.
    pub(super) fn range(&self, from: i64, to: i64) -> (usize, usize) {
        let after = |limit: i64| self.tiles.partition_point(|tile| tile.newest <= limit);
        (after(from), after(to))
    }

    /// Events of a slot in a range of tiles, and before it when the window is for life.
    pub(super) fn count(&self, slot: usize, range: (usize, usize), life: bool) -> i64 {
        let Some(series) = self.series.get(slot) else { return 0 };
        let until = |i: usize| i.checked_sub(1).map_or(series.gone, |i| series.counts[i]);
        until(range.1) - if life { 0 } else { until(range.0) }
    }

    /// Sums of a slot's values, likewise; extremes are not among them.
    pub(super) fn values(&self, slot: usize, range: (usize, usize), life: bool) -> Values {
        let Some(series) = self.series.get(slot) else { return Values::default() };
        let until = |i: usize| i.checked_sub(1).map_or(series.gone_values, |i| series.values[i]);
        let mut values = until(range.1);
        if !life {
            values.subtract(&until(range.0));
        }
        values
    }

    /// Extremes and edges of a slot, likewise.
    pub(super) fn edges(&self, slot: usize, range: (usize, usize), life: bool) -> Edges {
        let Some(series) = self.series.get(slot) else { return Edges::default() };
        let mut edges = if life { series.gone_edges } else { Edges::default() };
        series.edges[range.0..range.1].iter().for_each(|tile| edges.join(tile));
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
