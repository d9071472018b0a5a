//! One entity's past: what a card, device, account ... has done, ready for any window.
//!
//! The newest [`Shape::raw_max`] events are kept as rows, sorted by event time and then by order of
//! arrival; older ones are folded into tiles that coalesce by age (1 min up to 1 h, 15 min up to
//! 24 h, 2 h up to 7 d, 8 h up to 30 d, 1 d beyond; each width divides the next); what is older
//! than the retention ends in one sum for life. Distinct values that left the rows stay in a table
//! of last sightings. So a window of any length is **exact** while its events are among the newest
//! `raw_max`, and off by at most the one tile at its far edge otherwise: a tile counts when its
//! newest event does.
//!
//! Counts and sums are integers and everything else is a join, so the state is a function of the
//! *set* of events: late arrival, replay and restart give the same bits.
//!
//! Cost of a reading: a binary search and one pass over the rows inside the window (a load, a mask
//! test and an add each), plus the tiles inside it, at most about 350. Cost of an insert: a push;
//! a late event moves the rows after it. Bytes: 64 for the entity and 8 * (2 + columns) a row.

use std::collections::HashMap;

use crate::expr::UNKNOWN;
use crate::limits::{COLUMNS_MAX, DISTINCT_MAX, MINUTE_MS};

/// A column without a value.
pub const ABSENT: i64 = i64::MIN;

/// Tile widths and the age up to which each serves, both in milliseconds.
const LEVELS: [(i64, i64); 5] = [
    (MINUTE_MS, 60 * MINUTE_MS),
    (15 * MINUTE_MS, 24 * 60 * MINUTE_MS),
    (120 * MINUTE_MS, 7 * 1_440 * MINUTE_MS),
    (480 * MINUTE_MS, 30 * 1_440 * MINUTE_MS),
    (1_440 * MINUTE_MS, i64::MAX),
];

/// What a reading computes from the events in its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Aggregate {
    /// Number of events.
    Count,
    /// Sum of the values.
    Sum,
    /// Mean of the values; unknown without one.
    Mean,
    /// Smallest value; unknown without one.
    Min,
    /// Largest value; unknown without one.
    Max,
    /// Population standard deviation; unknown without a value.
    Stddev,
    /// Number of different values.
    Distinct,
    /// Value of the earliest event that has one.
    First,
    /// Value of the latest event that has one.
    Last,
    /// Milliseconds since the earliest event; unknown without one.
    SinceFirst,
    /// Milliseconds since the latest event; unknown without one.
    SinceLast,
}

impl Aggregate {
    /// Whether the answer is in the scale of the values (a count or a time is not).
    pub fn is_of_values(self) -> bool {
        match self {
            Aggregate::Sum
            | Aggregate::Mean
            | Aggregate::Min
            | Aggregate::Max
            | Aggregate::Stddev
            | Aggregate::First
            | Aggregate::Last => true,
            Aggregate::Count
            | Aggregate::Distinct
            | Aggregate::SinceFirst
            | Aggregate::SinceLast => false,
        }
    }
}

/// One question to an entity's past.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// What to compute.
    pub aggregate: Aggregate,
    /// Bit of the channel whose events count.
    pub channel: u8,
    /// Column of the value; not used by counts and times.
    pub column: Option<u8>,
    /// Index into [`Shape::slots`]: where tiles keep this channel and column.
    pub slot: u8,
    /// Length of the window in milliseconds; `None` is for life.
    pub window_ms: Option<i64>,
    /// How far the window's end lies before the scored event, in milliseconds.
    pub offset_ms: i64,
    /// Whether the scored event itself counts.
    pub including_this: bool,
}

/// What all entities of one table have in common.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shape {
    /// Values a row carries.
    pub columns: usize,
    /// (channel, column) pairs that tiles and life keep sums for.
    pub slots: Vec<(u8, Option<u8>)>,
    /// (channel, column) pairs whose different values are counted.
    pub distinct: Vec<(u8, u8)>,
    /// Rows kept before tiles begin.
    pub raw_max: usize,
    /// The longest finite window plus offset asked of this table, in milliseconds.
    pub retention_ms: i64,
    /// Whether any question is for life.
    pub life: bool,
}

/// One event as an entity sees it: time, channels it belongs to, values.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// Event time in milliseconds.
    pub time: i64,
    /// Bit set of channels.
    pub mask: u64,
    /// One value a column, [`ABSENT`] where there is none.
    pub values: &'a [i64],
}

/// The past of one entity.
#[derive(Clone, Debug)]
pub struct Entity {
    rows: Vec<i64>,
    head: usize,
    newest: i64,
    known_since: i64,
    /// Stamp of the last fold that touched the entity; eviction reads it.
    pub touched: u64,
    older: Option<Box<Older>>,
}

/// What left the rows.
#[derive(Clone, Debug, Default)]
struct Older {
    coalesced: i64,
    tiles: Vec<Tile>,
    life: Vec<Sums>,
    seen: Vec<HashMap<i64, i64, foldhash::fast::FixedState>>,
}

#[derive(Clone, Debug)]
struct Tile {
    level: usize,
    start: i64,
    newest: i64,
    sums: Vec<Sums>,
}

/// Joins over a set of events: the order of joining does not matter.
#[derive(Clone, Copy, Debug)]
struct Sums {
    count: i64,
    valued: i64,
    sum: i128,
    squares: i128,
    min: i64,
    max: i64,
    first_time: i64,
    last_time: i64,
    first: (i64, i64),
    last: (i64, i64),
}

const NONE: Sums = Sums {
    count: 0,
    valued: 0,
    sum: 0,
    squares: 0,
    min: i64::MAX,
    max: i64::MIN,
    first_time: i64::MAX,
    last_time: i64::MIN,
    first: (i64::MAX, ABSENT),
    last: (i64::MIN, ABSENT),
};

impl Sums {
    fn add(&mut self, time: i64, value: i64) {
        self.count += 1;
        self.first_time = self.first_time.min(time);
        self.last_time = self.last_time.max(time);
        if value == ABSENT {
            return;
        }
        self.valued += 1;
        self.sum += i128::from(value);
        self.squares += i128::from(value) * i128::from(value);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        if time < self.first.0 {
            self.first = (time, value);
        }
        if self.last.0 <= time {
            self.last = (time, value);
        }
    }

    fn join(&mut self, other: &Sums) {
        self.count += other.count;
        self.valued += other.valued;
        self.sum += other.sum;
        self.squares += other.squares;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.first_time = self.first_time.min(other.first_time);
        self.last_time = self.last_time.max(other.last_time);
        if other.first.0 < self.first.0 {
            self.first = other.first;
        }
        if self.last.0 <= other.last.0 {
            self.last = other.last;
        }
    }

    fn finish(&self, aggregate: Aggregate, at: i64) -> f64 {
        let valued = |value: i64| if self.valued == 0 { UNKNOWN } else { value as f64 };
        match aggregate {
            Aggregate::Count | Aggregate::Distinct => self.count as f64,
            Aggregate::Sum => self.sum as f64,
            Aggregate::Mean if self.valued == 0 => UNKNOWN,
            Aggregate::Mean => self.sum as f64 / self.valued as f64,
            Aggregate::Min => valued(self.min),
            Aggregate::Max => valued(self.max),
            Aggregate::Stddev if self.valued == 0 => UNKNOWN,
            Aggregate::Stddev => {
                // n * squares - sum^2 is exact in integers; only the root rounds.
                let n = i128::from(self.valued);
                let spread = n.saturating_mul(self.squares) - self.sum.saturating_mul(self.sum);
                (spread as f64).sqrt() / self.valued as f64
            }
            Aggregate::First => valued(self.first.1),
            Aggregate::Last => valued(self.last.1),
            Aggregate::SinceFirst if self.count == 0 => UNKNOWN,
            Aggregate::SinceFirst => (at - self.first_time) as f64,
            Aggregate::SinceLast if self.count == 0 => UNKNOWN,
            Aggregate::SinceLast => (at - self.last_time) as f64,
        }
    }
}

impl Entity {
    /// An entity without a past, of which nothing is known before `known_since` (milliseconds;
    /// `i64::MIN` when everything is).
    pub fn new(known_since: i64) -> Entity {
        Entity { rows: Vec::new(), head: 0, newest: i64::MIN, known_since, touched: 0, older: None }
    }

    /// Time of the newest event, in milliseconds.
    pub fn newest(&self) -> i64 {
        self.newest
    }

    /// Records an event at its own time.
    pub fn insert(&mut self, shape: &Shape, row: Row<'_>) {
        let stride = 2 + shape.columns;
        self.newest = self.newest.max(row.time);
        let mut at = self.rows.len();
        while self.head < at && row.time < self.rows[at - stride] {
            at -= stride;
        }
        let full = shape.raw_max * stride <= self.rows.len() - self.head;
        if full && at == self.head {
            self.retire(shape, row);
        } else {
            self.place(at, stride, row);
            if full {
                self.retire_oldest(shape);
            }
        }
        let expired = self.newest.saturating_sub(shape.retention_ms);
        while self.head < self.rows.len() && self.rows[self.head] <= expired {
            self.expire_oldest(shape);
        }
        self.coalesce(shape);
        if self.rows.len() <= 2 * self.head {
            self.rows.drain(..self.head);
            self.head = 0;
        }
    }

    /// The answer to a question of an event at time `at`; `own` is the event's own row, counted
    /// when the question includes it.
    pub fn answer(&self, shape: &Shape, question: &Question, at: i64, own: Option<Row<'_>>) -> f64 {
        let to = at - question.offset_ms;
        let from = question.window_ms.map_or(i64::MIN, |window| to.saturating_sub(window));
        if from < self.known_since {
            return UNKNOWN;
        }
        let own = own.filter(|row| {
            question.including_this
                && question.offset_ms == 0
                && row.mask >> question.channel & 1 == 1
        });
        match question.aggregate {
            Aggregate::Distinct => self.distinct(shape, question, from, to, own) as f64,
            aggregate => self.sums(shape, question, from, to, own).finish(aggregate, at),
        }
    }

    fn sums(
        &self,
        shape: &Shape,
        question: &Question,
        from: i64,
        to: i64,
        own: Option<Row<'_>>,
    ) -> Sums {
        let stride = 2 + shape.columns;
        let mut sums = NONE;
        if let Some(older) = &self.older {
            let slot = usize::from(question.slot);
            if question.window_ms.is_none()
                && let Some(life) = older.life.get(slot)
            {
                sums.join(life);
            }
            let inside = |tile: &&Tile| from < tile.newest && tile.newest <= to;
            older.tiles.iter().filter(inside).for_each(|tile| sums.join(&tile.sums[slot]));
        }
        let rows = self.window(stride, from, to);
        let bit = 1_i64 << question.channel;
        match (question.aggregate, question.column) {
            (Aggregate::Count, _) => {
                sums.count +=
                    rows.chunks_exact(stride).map(|r| i64::from(r[1] & bit != 0)).sum::<i64>();
            }
            (_, column) => {
                for r in rows.chunks_exact(stride).filter(|r| r[1] & bit != 0) {
                    sums.add(r[0], column.map_or(ABSENT, |c| r[2 + usize::from(c)]));
                }
            }
        }
        if let Some(row) = own {
            sums.add(row.time, question.column.map_or(ABSENT, |c| row.values[usize::from(c)]));
        }
        sums
    }

    fn distinct(
        &self,
        shape: &Shape,
        question: &Question,
        from: i64,
        to: i64,
        own: Option<Row<'_>>,
    ) -> usize {
        let stride = 2 + shape.columns;
        let column = usize::from(question.column.unwrap_or(0));
        let bit = 1_i64 << question.channel;
        let rows = self.window(stride, from, to).chunks_exact(stride);
        let recent = rows.filter(|r| r[1] & bit != 0).map(|r| r[2 + column]);
        let recent = recent.chain(own.map(|row| row.values[column])).filter(|v| *v != ABSENT);
        let pair = (question.channel, column as u8);
        let seen = shape.distinct.iter().position(|p| *p == pair).and_then(|index| {
            self.older.as_ref().and_then(|older| older.seen.get(index)).filter(|s| !s.is_empty())
        });
        let Some(seen) = seen else {
            // Mostly a handful of rows: clearing a large set would cost more than counting.
            let few = self.rows.len() - self.head <= ValueSet::<128>::ROWS_MAX * stride;
            return if few { count::<128>(recent).len } else { count::<2_048>(recent).len };
        };
        let values = count::<2_048>(recent);
        let mut total = values.len;
        // The order of a sum of ones does not matter.
        #[allow(clippy::iter_over_hash_type)]
        for (value, last) in seen {
            total += usize::from(from < *last && *last <= to && !values.contains(*value));
        }
        total.min(DISTINCT_MAX)
    }

    /// Rows with `from < time <= to`.
    fn window(&self, stride: usize, from: i64, to: i64) -> &[i64] {
        let rows = &self.rows[self.head..];
        let first_after = |limit: i64| {
            let (mut low, mut high) = (0, rows.len() / stride);
            while low < high {
                let middle = (low + high) / 2;
                if rows[middle * stride] <= limit { low = middle + 1 } else { high = middle }
            }
            low * stride
        };
        let end = first_after(to);
        // The window's end is mostly the newest row: look for its start only before that.
        let start = first_after(from).min(end);
        &rows[start..end]
    }

    fn place(&mut self, at: usize, stride: usize, row: Row<'_>) {
        if self.rows.capacity() - self.rows.len() < stride {
            let rows = (self.rows.len() / stride).max(2);
            self.rows.reserve_exact(rows * stride);
        }
        let end = self.rows.len();
        self.rows.resize(end + stride, 0);
        self.rows.copy_within(at..end, at + stride);
        self.rows[at] = row.time;
        self.rows[at + 1] = row.mask as i64;
        self.rows[at + 2..at + stride].copy_from_slice(row.values);
    }

    /// Takes the oldest row out; its values are copied to the stack because tiles change next.
    fn take_oldest(&mut self, shape: &Shape, values: &mut [i64; COLUMNS_MAX]) -> (i64, u64) {
        let stride = 2 + shape.columns;
        let row = &self.rows[self.head..self.head + stride];
        values[..shape.columns].copy_from_slice(&row[2..]);
        let taken = (row[0], row[1] as u64);
        self.head += stride;
        taken
    }

    fn retire_oldest(&mut self, shape: &Shape) {
        let mut values = [ABSENT; COLUMNS_MAX];
        let (time, mask) = self.take_oldest(shape, &mut values);
        self.retire(shape, Row { time, mask, values: &values });
    }

    fn expire_oldest(&mut self, shape: &Shape) {
        let mut values = [ABSENT; COLUMNS_MAX];
        let (time, mask) = self.take_oldest(shape, &mut values);
        if shape.life {
            let older = self.older.get_or_insert_default();
            Older::add_to(&mut older.life, shape, Row { time, mask, values: &values });
        }
    }

    /// Moves an event that is older than the rows into its tile, and its values into the table of
    /// last sightings.
    fn retire(&mut self, shape: &Shape, row: Row<'_>) {
        let newest = self.newest;
        let older = self.older.get_or_insert_default();
        if older.seen.len() < shape.distinct.len() {
            older.seen.resize_with(shape.distinct.len(), HashMap::default);
        }
        for ((channel, column), seen) in shape.distinct.iter().zip(&mut older.seen) {
            let value = row.values[usize::from(*column)];
            if row.mask >> channel & 1 == 1 && value != ABSENT {
                let last = seen.entry(value).or_insert(row.time);
                *last = (*last).max(row.time);
                forget_oldest(seen);
            }
        }
        let level = level_of(row.time, newest);
        let start = aligned(row.time, LEVELS[level].0);
        if ends(start, level) <= newest.saturating_sub(shape.retention_ms) {
            if shape.life {
                Older::add_to(&mut older.life, shape, row);
            }
            return;
        }
        let tile = older.tile(level, start);
        tile.newest = tile.newest.max(row.time);
        Older::add_to(&mut tile.sums, shape, row);
    }

    /// Lets tiles that have aged join wider ones, and drops what is past the retention.
    fn coalesce(&mut self, shape: &Shape) {
        let newest = self.newest;
        let Some(older) = self.older.as_deref_mut() else { return };
        // Tiles begin, end and age on whole minutes: within one minute nothing can change.
        let minute = newest.div_euclid(MINUTE_MS);
        if older.coalesced == minute {
            return;
        }
        older.coalesced = minute;
        let expired = newest.saturating_sub(shape.retention_ms);
        let stale = |tile: &Tile| {
            ends(tile.start, tile.level) <= expired || tile.level < level_of(tile.start, newest)
        };
        while let Some(index) = older.tiles.iter().position(stale) {
            let tile = older.tiles.swap_remove(index);
            if ends(tile.start, tile.level) <= expired {
                if shape.life {
                    Older::join_to(&mut older.life, &tile.sums);
                }
                continue;
            }
            let level = tile.level + 1;
            let wider = older.tile(level, aligned(tile.start, LEVELS[level].0));
            wider.newest = wider.newest.max(tile.newest);
            Older::join_to(&mut wider.sums, &tile.sums);
        }
    }
}

impl Older {
    fn tile(&mut self, level: usize, start: i64) -> &mut Tile {
        let found = self.tiles.iter().rposition(|t| t.level == level && t.start == start);
        let index = found.unwrap_or_else(|| {
            self.tiles.push(Tile { level, start, newest: i64::MIN, sums: Vec::new() });
            self.tiles.len() - 1
        });
        &mut self.tiles[index]
    }

    fn add_to(sums: &mut Vec<Sums>, shape: &Shape, row: Row<'_>) {
        sums.resize(shape.slots.len(), NONE);
        for ((channel, column), sums) in shape.slots.iter().zip(sums) {
            if row.mask >> channel & 1 == 1 {
                sums.add(row.time, column.map_or(ABSENT, |c| row.values[usize::from(c)]));
            }
        }
    }

    fn join_to(into: &mut Vec<Sums>, from: &[Sums]) {
        into.resize(from.len(), NONE);
        into.iter_mut().zip(from).for_each(|(into, from)| into.join(from));
    }
}

/// Keeps a table of last sightings bounded: of twice the limit, the newer half stays, so that any
/// window still finds its newest [`DISTINCT_MAX`] values.
fn forget_oldest(seen: &mut HashMap<i64, i64, foldhash::fast::FixedState>) {
    if seen.len() < 2 * DISTINCT_MAX {
        return;
    }
    let mut times: Vec<(i64, i64)> = seen.iter().map(|(value, last)| (*last, *value)).collect();
    times.sort_unstable();
    for (_, value) in &times[..DISTINCT_MAX - 1] {
        seen.remove(value);
    }
}

fn aligned(time: i64, width: i64) -> i64 {
    time.div_euclid(width) * width
}

fn ends(start: i64, level: usize) -> i64 {
    start + LEVELS[level].0
}

/// The narrowest tile that may still hold an event of this time.
fn level_of(time: i64, newest: i64) -> usize {
    LEVELS
        .iter()
        .position(|(width, age)| {
            newest.saturating_sub(*age) < aligned(time, *width).saturating_add(*width)
        })
        .unwrap_or(LEVELS.len() - 1)
}

/// A small set of values on the stack: open addressing, at most half full.
struct ValueSet<const CELLS: usize> {
    cells: [i64; CELLS],
    len: usize,
}

impl<const CELLS: usize> ValueSet<CELLS> {
    /// Rows that keep the set at most half full, with room for the scored event's own value.
    const ROWS_MAX: usize = CELLS / 2 - 1;

    fn find(&self, value: i64) -> usize {
        let hash = (value as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        let mut cell = hash as usize % CELLS;
        while self.cells[cell] != ABSENT && self.cells[cell] != value {
            cell = (cell + 1) % CELLS;
        }
        cell
    }

    fn contains(&self, value: i64) -> bool {
        self.cells[self.find(value)] == value
    }
}

fn count<const CELLS: usize>(values: impl Iterator<Item = i64>) -> ValueSet<CELLS> {
    let mut set = ValueSet { cells: [ABSENT; CELLS], len: 0 };
    for value in values {
        let cell = set.find(value);
        if set.cells[cell] == ABSENT {
            set.cells[cell] = value;
            set.len += 1;
        }
    }
    set
}

const _: () = assert!(crate::limits::RAW_MAX <= ValueSet::<2_048>::ROWS_MAX);
