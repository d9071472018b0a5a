//! What a busy entity keeps beside its rows: summaries of every sixty-four of them, the last
//! sightings of distinct values, and tiles for what the rows could not hold.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use prefetch_index::prefetch_index;

use super::rows::View;
use super::tiles::Tiles;
use super::{ABSENT, Codes, Row, Shape, Values};
use crate::limits::DISTINCT_MAX;

/// Rows of a chunk: one bit each.
pub(super) const CHUNK: usize = 64;

/// Rows from which chunks are kept: fewer are gone through when somebody asks, which takes no memory.
pub(super) const CHUNKED: usize = 2 * CHUNK;

/// See the module's essay.
#[derive(Clone, Debug)]
pub(super) struct Busy {
    /// Nothing is known of the entity before this time, in milliseconds.
    pub(super) known_since: i64,
    pub(super) tiles: Tiles,
    /// Whether row numbers are in step with the chunks: from the first full one on.
    pub(super) is_chunked: bool,
    /// Chunks summarised so far.
    pub(super) sealed: usize,
    /// By sealed chunk, then channel: which rows are in the channel.
    bits: Vec<u64>,
    /// Likewise: rows of the channel up to the end of the chunk, since some chunk long ago.
    counts: Vec<u32>,
    /// The same of the rows behind the sealed chunks.
    tail: Vec<u64>,
    /// By chunk, then slot that has them: sums and extremes of the values.
    sums: Vec<Summary>,
    /// One for each distinct pair of the shape.
    sightings: Vec<Sightings>,
}

/// Values of one slot in one chunk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Summary {
    pub(super) values: Values,
    pub(super) min: i64,
    pub(super) max: i64,
}

/// Where each distinct value was seen last.
#[derive(Clone, Debug, Default)]
struct Sightings {
    /// Values in the rows, with the time of the last one.
    recent: HashMap<i64, i64, FixedState>,
    /// A bit for each row that is the last one with its value.
    latest: Vec<u64>,
    /// Values that left the rows, with the time at which they were seen last before that.
    before: HashMap<i64, i64, FixedState>,
    /// Times of those that are not in the rows, in order.
    gone: Vec<i64>,
}

impl Default for Busy {
    fn default() -> Busy {
        Busy {
            known_since: i64::MIN,
            tiles: Tiles::default(),
            is_chunked: false,
            sealed: 0,
            bits: Vec::new(),
            counts: Vec::new(),
            tail: Vec::new(),
            sums: Vec::new(),
            sightings: Vec::new(),
        }
    }
}

impl Busy {
    /// Fetches where its lists lie.
    pub(super) fn fetch(&self) {
        prefetch_index(std::slice::from_ref(&self.known_since), 0);
        prefetch_index(std::slice::from_ref(&self.bits), 0);
        prefetch_index(std::slice::from_ref(&self.sightings), 0);
        self.tiles.fetch();
    }

    /// Fetches a little of its lists, once it is known where they lie.
    pub(super) fn fetch_lists(&self) {
        (0..self.tail.len()).step_by(8).for_each(|word| prefetch_index(&self.tail, word));
        prefetch_index(&self.bits, self.bits.len().saturating_sub(1));
        prefetch_index(&self.counts, self.counts.len().saturating_sub(1));
        prefetch_index(&self.sums, self.sums.len().saturating_sub(1));
        (0..self.sightings.len()).for_each(|pair| prefetch_index(&self.sightings, pair));
        self.tiles.fetch_lists();
    }

    /// Which rows of the last chunk, that is not sealed, are in each channel.
    pub(super) fn tail(&self) -> &[u64] {
        &self.tail
    }

    /// Which rows of a sealed chunk are in a channel.
    pub(super) fn word(&self, shape: &Shape, chunk: usize, channel: usize) -> u64 {
        self.bits[chunk * shape.channels + channel]
    }

    /// Rows of a channel in the chunks behind one sealed chunk, up to another one.
    pub(super) fn count(&self, shape: &Shape, (from, to): (usize, usize), channel: usize) -> u32 {
        let until = |chunk: usize| self.counts[chunk * shape.channels + channel];
        until(to).wrapping_sub(until(from))
    }

    /// Summary of a slot in a sealed chunk, by the slot's number among those that have one.
    pub(super) fn summary(&self, shape: &Shape, chunk: usize, summary: usize) -> &Summary {
        &self.sums[chunk * shape.summaries + summary]
    }

    /// Takes note of a row that was just put in at `at`.
    pub(super) fn inserted(
        &mut self,
        shape: &Shape,
        codes: &Codes,
        view: &View<'_>,
        at: usize,
        row: Row<'_>,
    ) {
        if !self.is_chunked {
            if view.end < CHUNKED {
                return;
            }
            self.is_chunked = true;
            self.sightings = vec![Sightings::default(); shape.distinct.len()];
            self.recount(shape, codes, view);
        } else if at + 1 == view.end {
            for ((channel, column), seen) in shape.distinct.iter().zip(&mut self.sightings) {
                let value = row.values[usize::from(*column)];
                if row.is_in(*channel) && value != ABSENT {
                    seen.see(view, usize::from(*column), value, row.time);
                    seen.mark(at);
                }
            }
        } else {
            self.recount(shape, codes, view);
        }
        if at + 1 == view.end && self.sealed * CHUNK <= at && !self.tail.is_empty() {
            for channel in codes.channels(view.code(at)) {
                self.tail[usize::from(*channel)] |= 1 << (at % CHUNK);
            }
        } else {
            // A late row moves all behind it.
            self.truncate(shape, at / CHUNK);
            self.gather_tail(shape, codes, view);
        }
        while (self.sealed + 1) * CHUNK <= view.end {
            self.seal(shape, view);
            self.gather_tail(shape, codes, view);
        }
    }

    /// Finds anew which of the rows behind the sealed chunks are in which channel.
    fn gather_tail(&mut self, shape: &Shape, codes: &Codes, view: &View<'_>) {
        self.tail.clear();
        self.tail.resize(shape.channels, 0);
        let start = self.sealed * CHUNK;
        view.spread(codes, start..view.end.min(start + CHUNK), &mut self.tail);
    }

    /// Rows left the front of the cell.
    pub(super) fn dropped(&mut self, shape: &Shape, chunks: usize) {
        let sealed = chunks.min(self.sealed);
        self.bits.drain(..sealed * shape.channels);
        self.counts.drain(..sealed * shape.channels);
        self.sums.drain(..sealed * shape.summaries);
        self.sealed -= sealed;
        for seen in &mut self.sightings {
            seen.latest.drain(..chunks.min(seen.latest.len()));
        }
    }

    /// The oldest row leaves the rows; its values stay known when it goes into a tile.
    pub(super) fn leaves(&mut self, shape: &Shape, at: usize, row: Row<'_>, into_tile: bool) {
        for ((channel, column), seen) in shape.distinct.iter().zip(&mut self.sightings) {
            let value = row.values[usize::from(*column)];
            if !row.is_in(*channel) || value == ABSENT {
                continue;
            }
            let is_latest = seen.is_latest(at);
            if is_latest {
                seen.recent.remove(&value);
            }
            if into_tile {
                seen.pass(value, row.time, is_latest, false);
            }
        }
    }

    /// An event came that is older than all rows and went into a tile at once.
    pub(super) fn passed(&mut self, shape: &Shape, row: Row<'_>) {
        for ((channel, column), seen) in shape.distinct.iter().zip(&mut self.sightings) {
            let value = row.values[usize::from(*column)];
            if row.is_in(*channel) && value != ABSENT {
                let is_gone = !seen.recent.contains_key(&value);
                seen.pass(value, row.time, is_gone, is_gone);
            }
        }
    }

    /// Different values seen last after `from`, where the rows from `first` on lie; the scored event
    /// is no earlier than any of them and adds `own`.
    pub(super) fn distinct(&self, pair: usize, from: i64, first: usize, own: Option<i64>) -> usize {
        let seen = &self.sightings[pair];
        let mut count = 0;
        for (chunk, word) in seen.latest.iter().enumerate().skip(first / CHUNK) {
            let skipped = first.saturating_sub(chunk * CHUNK);
            count += (word & u64::MAX << skipped).count_ones() as usize;
        }
        count += seen.gone.len() - seen.gone.partition_point(|time| *time <= from);
        let is_new = |value| {
            seen.recent.get(&value).or(seen.before.get(&value)).is_none_or(|time| *time <= from)
        };
        count + usize::from(own.is_some_and(is_new))
    }

    /// Values that left the rows, with the time they were seen last in (from, to].
    pub(super) fn seen_before(
        &self,
        pair: usize,
        from: i64,
        to: i64,
    ) -> impl Iterator<Item = i64> + '_ {
        let before = self.sightings.get(pair).map(|seen| &seen.before);
        let within =
            move |(value, time): (&i64, &i64)| (from < *time && *time <= to).then_some(*value);
        before.into_iter().flatten().filter_map(within)
    }

    /// Finds the last sightings in the rows anew.
    fn recount(&mut self, shape: &Shape, codes: &Codes, view: &View<'_>) {
        for ((channel, column), seen) in shape.distinct.iter().zip(&mut self.sightings) {
            seen.recent.clear();
            seen.latest.clear();
            seen.latest.resize(view.end.div_ceil(CHUNK), 0);
            let column = usize::from(*column);
            for row in (view.head..view.end).rev() {
                let value = view.value(column, row);
                if codes.mask(view.code(row)) >> channel & 1 == 1
                    && value != ABSENT
                    && !seen.recent.contains_key(&value)
                {
                    seen.recent.insert(value, view.time(row));
                    seen.mark(row);
                }
            }
            seen.regather();
        }
    }

    fn truncate(&mut self, shape: &Shape, chunks: usize) {
        if chunks < self.sealed {
            self.sealed = chunks;
            self.bits.truncate(chunks * shape.channels);
            self.counts.truncate(chunks * shape.channels);
            self.sums.truncate(chunks * shape.summaries);
        }
    }

    /// Makes the rows behind the sealed chunks, now sixty-four, a sealed chunk.
    fn seal(&mut self, shape: &Shape, view: &View<'_>) {
        let start = self.sealed * CHUNK;
        let sums = self.sums.len();
        self.bits.extend_from_slice(&self.tail);
        let before = self.counts.len().checked_sub(shape.channels);
        for (channel, word) in self.tail.iter().enumerate() {
            let before = before.map_or(0, |before| self.counts[before + channel]);
            self.counts.push(before.wrapping_add(word.count_ones()));
        }
        self.sums.resize(sums + shape.summaries, Summary::NONE);
        for slot in &shape.slots {
            let (Some(summary), Some(column)) = (slot.summary, slot.column) else { continue };
            let summary = &mut self.sums[sums + usize::from(summary)];
            let mut word = self.tail[usize::from(slot.channel)];
            while word != 0 {
                summary
                    .add(view.value(usize::from(column), start + word.trailing_zeros() as usize));
                word &= word - 1;
            }
        }
        self.sealed += 1;
    }
}

impl Summary {
    pub(super) const NONE: Summary = Summary { values: Values::NONE, min: i64::MAX, max: i64::MIN };

    pub(super) fn join(&mut self, other: &Summary) {
        self.values.join(&other.values);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    pub(super) fn add(&mut self, value: i64) {
        if value != ABSENT {
            self.values.add(value);
            self.min = self.min.min(value);
            self.max = self.max.max(value);
        }
    }
}

impl Sightings {
    /// A value came in the newest row: its former last row is no longer the last.
    fn see(&mut self, view: &View<'_>, column: usize, value: i64, time: i64) {
        match self.recent.insert(value, time) {
            Some(last) => {
                let mut row = view.first_after_one(last - 1);
                while row + 1 < view.end
                    && !(self.is_latest(row) && view.value(column, row) == value)
                {
                    row += 1;
                }
                if let Some(word) = self.latest.get_mut(row / CHUNK) {
                    *word &= !(1 << (row % CHUNK));
                }
            }
            None => {
                if let Some(time) = self.before.get(&value) {
                    let at = self.gone.partition_point(|gone| gone < time);
                    if self.gone.get(at) == Some(time) {
                        self.gone.remove(at);
                    }
                }
            }
        }
    }

    fn mark(&mut self, row: usize) {
        if self.latest.len() <= row / CHUNK {
            self.latest.resize(row / CHUNK + 1, 0);
        }
        self.latest[row / CHUNK] |= 1 << (row % CHUNK);
    }

    fn is_latest(&self, row: usize) -> bool {
        self.latest.get(row / CHUNK).is_some_and(|word| word >> (row % CHUNK) & 1 == 1)
    }

    /// A value was seen at a time that no row holds any more. `is_gone` says that no row has the
    /// value, `was_gone` that none had it before.
    fn pass(&mut self, value: i64, time: i64, is_gone: bool, was_gone: bool) {
        let before = self.before.get(&value).copied();
        let last = before.map_or(time, |before| before.max(time));
        self.before.insert(value, last);
        if is_gone {
            if let Some(before) = before
                && was_gone
                && let Ok(at) = self.gone.binary_search(&before)
            {
                self.gone.remove(at);
            }
            let at = self.gone.partition_point(|gone| *gone <= last);
            self.gone.insert(at, last);
        }
        if 2 * DISTINCT_MAX <= self.before.len() {
            self.forget_oldest();
        }
    }

    /// Of twice the limit the newer half stays, so that any window still finds its newest
    /// [`DISTINCT_MAX`] values.
    fn forget_oldest(&mut self) {
        let mut times: Vec<(i64, i64)> =
            self.before.iter().map(|(value, last)| (*last, *value)).collect();
        times.sort_unstable();
        for (_, value) in &times[..DISTINCT_MAX - 1] {
            self.before.remove(value);
        }
        self.regather();
    }

    /// Finds anew which values are in no row.
    fn regather(&mut self) {
        self.gone.clear();
        let in_no_row = |(value, _): &(&i64, &i64)| !self.recent.contains_key(value);
        self.gone.extend(self.before.iter().filter(in_no_row).map(|(_, time)| *time));
        self.gone.sort_unstable();
    }
}
