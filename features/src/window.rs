//! One entity's past: what a card, device, account ... has done, ready for any window.
//!
//! The newest [`Shape::raw_max`] events are kept as packed rows, sorted by event time and then by
//! order of arrival; older ones are folded into tiles that coalesce by age; what is older than the
//! retention ends in one sum for life. Distinct values that left the rows stay in a table of last
//! sightings. So a window of any length is **exact** while its events are among the newest
//! `raw_max`. Otherwise it is off by at most the one tile at its far edge, and never too small: a tile
//! counts when its newest event does. A window that ends before the event (`offset`) may for the
//! same reason also miss part of the one tile at its near edge.
//!
//! Counts and sums are integers and everything else is a join, so the state is a function of the
//! *set* of events: late arrival, replay and restart give the same bits.
//!
//! A row does not say which conditions hold of it one by one, but by a code into the table's
//! [`Codes`]. All questions to an entity are answered together: its rows are turned into words of
//! bits, one bit a row, for each channel; a count is then the bits between two row numbers, found
//! once for each window. From 128 rows on the words are kept, by chunks of sixty-four rows, and with
//! them the sums of each chunk.
//!
//! Cost of a reading: a binary search for each window, some six bit operations a row, a handful of
//! operations a question. Cost of an insert: one store a column; every few rows a move of the cell.
//! Bytes: 32 for the entity, some 8 for room between entities, and for a row as many as its time
//! and values need, mostly four and three.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::arena::Arena;
use crate::expr::UNKNOWN;
use crate::limits::{CHANNELS_MAX, COLUMNS_MAX, SPANS_MAX};

mod busy;
mod reader;
mod rows;
mod scan;
mod sweep;
mod tiles;

use busy::{Busy, CHUNK, CHUNKED, Summary};
use reader::{Few, Memo, Reader};
use rows::{Lanes, Rows};
pub(crate) use sweep::{Lines, Sweep};

/// A column without a value.
pub const ABSENT: i64 = i64::MIN;

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
    // From here on: of the newest `SCAN_MAX` events that have a value, in order of time.
    /// Shannon entropy of the shares of the different values, in nats; unknown without a value.
    Entropy,
    /// Sum of the squared shares of the different values, above 0 to 1; unknown without a value.
    Concentration,
    /// The middle value, the mean of the two middle ones where their number is even; unknown
    /// without a value.
    Median,
    /// Share of values below the scored event's own, equal ones counted half, from 0 to 1; unknown
    /// without a value or an own one.
    Rank,
    /// Number of events with the scored event's own value; unknown when it has none.
    Repeats,
    /// Length of the run of strictly growing values that ends at the newest event: 1 for one event,
    /// 0 for none.
    Rising,
    /// Length of the run of strictly shrinking values that ends at the newest event: 1 for one
    /// event, 0 for none.
    Falling,
    /// Number of events whose value differs from that of the event before.
    Changes,
    /// The most frequent value, of equally frequent ones the one seen last; unknown without one.
    Mode,
    /// Milliseconds of the shortest time from one event to the next; unknown for fewer than two.
    GapMin,
    /// Standard deviation over mean of the times between the newest ten events; unknown for fewer
    /// than three, and when all happened at once.
    GapCv,
    /// Minus the logarithm of the density of the values, as hours on a circle of 24, at the scored
    /// event's own; unknown for fewer than ten or without an own one.
    HourRarity,
    /// Whether events followed each other as the steps of [`Measure::within`] say, up to the scored
    /// one: 1 or 0. A value is the set of steps that the event can be, one bit for each.
    ///
    /// [`Measure::within`]: crate::plan::Measure::within
    Sequence,
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
            | Aggregate::Last
            | Aggregate::Median
            | Aggregate::Mode => true,
            Aggregate::Count
            | Aggregate::Distinct
            | Aggregate::SinceFirst
            | Aggregate::SinceLast
            | Aggregate::Entropy
            | Aggregate::Concentration
            | Aggregate::Rank
            | Aggregate::Repeats
            | Aggregate::Rising
            | Aggregate::Falling
            | Aggregate::Changes
            | Aggregate::GapMin
            | Aggregate::GapCv
            | Aggregate::HourRarity
            | Aggregate::Sequence => false,
        }
    }

    /// Whether it looks at the newest events one by one, so that sums cannot answer it.
    pub fn is_scanned(self) -> bool {
        match self {
            Aggregate::Entropy
            | Aggregate::Concentration
            | Aggregate::Median
            | Aggregate::Rank
            | Aggregate::Repeats
            | Aggregate::Rising
            | Aggregate::Falling
            | Aggregate::Changes
            | Aggregate::Mode
            | Aggregate::GapMin
            | Aggregate::GapCv
            | Aggregate::HourRarity
            | Aggregate::Sequence => true,
            Aggregate::Count
            | Aggregate::Sum
            | Aggregate::Mean
            | Aggregate::Min
            | Aggregate::Max
            | Aggregate::Stddev
            | Aggregate::Distinct
            | Aggregate::First
            | Aggregate::Last
            | Aggregate::SinceFirst
            | Aggregate::SinceLast => false,
        }
    }

    /// The answer when nothing matches: zero where that counts, unknown where there is no value;
    /// `None` for zero if the scored event has a value to compare with.
    fn of_nothing(self) -> Option<f64> {
        match self {
            Aggregate::Count
            | Aggregate::Sum
            | Aggregate::Distinct
            | Aggregate::Rising
            | Aggregate::Falling
            | Aggregate::Changes
            | Aggregate::Sequence => Some(0.0),
            Aggregate::Repeats => None,
            Aggregate::Mean
            | Aggregate::Min
            | Aggregate::Max
            | Aggregate::Stddev
            | Aggregate::First
            | Aggregate::Last
            | Aggregate::SinceFirst
            | Aggregate::SinceLast
            | Aggregate::Entropy
            | Aggregate::Concentration
            | Aggregate::Median
            | Aggregate::Rank
            | Aggregate::Mode
            | Aggregate::GapMin
            | Aggregate::GapCv
            | Aggregate::HourRarity => Some(UNKNOWN),
        }
    }

    /// Whether it compares the events with the scored event's own value, which then is wanted even
    /// when the event itself does not count.
    pub fn compares_own(self) -> bool {
        matches!(self, Aggregate::Rank | Aggregate::Repeats | Aggregate::HourRarity)
    }
}

/// A window: how long, and how far before the scored event it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// Length in milliseconds; `None` is for life.
    pub(crate) window_ms: Option<i64>,
    /// How far the window's end lies before the scored event, in milliseconds.
    pub(crate) offset_ms: i64,
}

/// One question to an entity's past.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Question {
    /// What to compute.
    pub(crate) aggregate: Aggregate,
    /// Bit of the channel whose events count.
    pub(crate) channel: u8,
    /// Column of the value; not used by counts and times.
    pub(crate) column: Option<u8>,
    /// Index into [`Shape::slots`]: where tiles keep this channel and column.
    pub(crate) slot: u16,
    /// Index into the spans of the look-up.
    pub(crate) span: u8,
    /// Whether the scored event itself counts.
    pub(crate) including_this: bool,
    /// Of a sequence, its index into [`Shape::sequences`].
    pub(crate) sequence: u16,
    /// Where the answer goes.
    pub(crate) reading: u16,
    /// What the answer is divided by.
    pub(crate) scale: f64,
}

/// A channel and a column that questions ask for together, and what they need of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Slot {
    pub(crate) channel: u8,
    pub(crate) column: Option<u8>,
    /// Its number among the slots whose sums or extremes are asked for.
    pub(crate) summary: Option<u16>,
    /// Its number among the slots whose sums are asked for.
    pub(crate) values: Option<u16>,
    /// Its number among the slots whose extremes, first or last ones are asked for.
    pub(crate) edges: Option<u16>,
}

/// What all entities of one table have in common.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Shape {
    /// Conditions that rows are told apart by.
    pub(crate) channels: usize,
    /// Values a row carries.
    pub(crate) columns: usize,
    /// What tiles and life keep sums for.
    pub(crate) slots: Vec<Slot>,
    /// How many slots have a summary; how many have values, and how many edges.
    pub(crate) summaries: usize,
    pub(crate) values: usize,
    pub(crate) edges: usize,
    /// (channel, column) pairs whose different values are counted.
    pub(crate) distinct: Vec<(u8, u8)>,
    /// How soon the steps of each sequence must follow each other, in milliseconds.
    pub(crate) sequences: Vec<Vec<i64>>,
    /// Rows kept before tiles begin, at least 64.
    pub(crate) raw_max: usize,
    /// The longest finite window plus offset asked of this table, in milliseconds.
    pub(crate) retention_ms: i64,
    /// Whether any question is for life.
    pub(crate) life: bool,
    /// Nothing is known of any entity before this time, in milliseconds.
    pub(crate) since_ms: Option<i64>,
}

/// One event as an entity sees it: time, channels it belongs to, values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a> {
    /// Event time in milliseconds.
    pub(crate) time: i64,
    /// Bit set of channels.
    pub(crate) mask: u128,
    /// One value a column, [`ABSENT`] where there is none.
    pub(crate) values: &'a [i64],
}

impl Shape {
    /// The slot of a channel and a column, with room for what this aggregate needs of it.
    pub(crate) fn slot_for(
        &mut self,
        aggregate: Aggregate,
        channel: u8,
        column: Option<u8>,
    ) -> u16 {
        let same = |slot: &Slot| slot.channel == channel && slot.column == column;
        let known = self.slots.iter().position(same).unwrap_or_else(|| {
            self.slots.push(Slot { channel, column, summary: None, values: None, edges: None });
            self.slots.len() - 1
        });
        let slot = &mut self.slots[known];
        let number = |wanted: bool, number: &mut Option<u16>, count: &mut usize| {
            if wanted && number.is_none() {
                *number = Some(*count as u16);
                *count += 1;
            }
        };
        let is_sum = matches!(aggregate, Aggregate::Sum | Aggregate::Mean | Aggregate::Stddev);
        let is_extreme = matches!(aggregate, Aggregate::Min | Aggregate::Max);
        let is_edge = matches!(
            aggregate,
            Aggregate::First | Aggregate::Last | Aggregate::SinceFirst | Aggregate::SinceLast
        );
        number(is_sum || is_extreme, &mut slot.summary, &mut self.summaries);
        number(is_sum, &mut slot.values, &mut self.values);
        number(is_extreme || is_edge, &mut slot.edges, &mut self.edges);
        known as u16
    }

    /// The number of these steps among the sequences; no steps are none, and have number zero.
    pub(crate) fn sequence_for(&mut self, within: &[i64]) -> u16 {
        if within.is_empty() {
            return 0;
        }
        let known = self.sequences.iter().position(|known| known == within).unwrap_or_else(|| {
            self.sequences.push(within.to_vec());
            self.sequences.len() - 1
        });
        known as u16
    }
}

impl Row<'_> {
    fn is_in(&self, channel: u8) -> bool {
        self.mask >> channel & 1 == 1
    }
}

/// Sets of channels that rows have had, by a small number each.
#[derive(Debug, Default)]
pub(crate) struct Codes {
    masks: Vec<u128>,
    channels: Vec<Box<[u8]>>,
    known: HashMap<u128, u32, FixedState>,
}

impl Codes {
    /// The number of a set of channels.
    pub(crate) fn code(&mut self, mask: u128) -> u32 {
        // Most tables know a few sets: looking through those is faster than a hash.
        let first = self.masks.iter().take(8).position(|known| *known == mask);
        let known = first.map(|code| code as u32).or_else(|| self.known.get(&mask).copied());
        if let Some(code) = known {
            return code;
        }
        let code = self.masks.len() as u32;
        self.masks.push(mask);
        self.channels.push((0..128).filter(|bit| mask >> bit & 1 == 1).collect());
        self.known.insert(mask, code);
        code
    }

    fn mask(&self, code: u32) -> u128 {
        self.masks[code as usize]
    }

    fn channels(&self, code: u32) -> &[u8] {
        &self.channels[code as usize]
    }

    /// Sets bits in the words of the channels that a code stands for.
    fn put(&self, code: u32, bits: u64, words: &mut [u64]) {
        for channel in if bits == 0 { &[] } else { self.channels(code) } {
            words[usize::from(*channel)] |= bits;
        }
    }
}

/// Sums over a set of values; they can be subtracted again.
#[derive(Clone, Copy, Debug, Default)]
struct Values {
    valued: i64,
    sum: i128,
    squares: i128,
}

impl Values {
    const NONE: Values = Values { valued: 0, sum: 0, squares: 0 };

    fn add(&mut self, value: i64) {
        if value != ABSENT {
            self.valued += 1;
            self.sum += i128::from(value);
            self.squares += i128::from(value) * i128::from(value);
        }
    }

    fn add_square(&mut self, value: i64) {
        if value != ABSENT {
            self.squares += i128::from(value) * i128::from(value);
        }
    }

    fn join(&mut self, other: &Values) {
        self.valued += other.valued;
        self.sum += other.sum;
        self.squares += other.squares;
    }

    fn subtract(&mut self, other: &Values) {
        self.valued -= other.valued;
        self.sum -= other.sum;
        self.squares -= other.squares;
    }

    /// Their mean or standard deviation, unknown without a value; else their sum.
    fn answer(&self, aggregate: Aggregate) -> f64 {
        match aggregate {
            Aggregate::Mean | Aggregate::Stddev if self.valued == 0 => UNKNOWN,
            Aggregate::Mean => number(self.sum) / self.valued as f64,
            Aggregate::Stddev => {
                // n * squares - sum^2 is exact in integers; only the root rounds.
                let squared = self.sum.saturating_mul(self.sum);
                let n = i128::from(self.valued);
                let spread = n.saturating_mul(self.squares) - squared;
                number(spread).sqrt() / self.valued as f64
            }
            _ => number(self.sum),
        }
    }
}

// Apart, so that it is not computed for sums that need it not.
#[cold]
fn of_wide(sum: i128) -> f64 {
    sum as f64
}

/// The nearest number; most sums fit 64 bits, for which the processor has an instruction.
fn number(sum: i128) -> f64 {
    i64::try_from(sum).map_or_else(|_| of_wide(sum), |sum| sum as f64)
}

/// Extremes over a set of events: joins, in which order does not matter.
#[derive(Clone, Copy, Debug)]
struct Edges {
    min: i64,
    max: i64,
    first_time: i64,
    last_time: i64,
    first: (i64, i64),
    last: (i64, i64),
}

impl Default for Edges {
    fn default() -> Edges {
        Edges {
            min: i64::MAX,
            max: i64::MIN,
            first_time: i64::MAX,
            last_time: i64::MIN,
            first: (i64::MAX, ABSENT),
            last: (i64::MIN, ABSENT),
        }
    }
}

impl Edges {
    fn add(&mut self, time: i64, value: i64) {
        self.first_time = self.first_time.min(time);
        self.last_time = self.last_time.max(time);
        if value == ABSENT {
            return;
        }
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        if time < self.first.0 {
            self.first = (time, value);
        }
        if self.last.0 <= time {
            self.last = (time, value);
        }
    }

    fn join(&mut self, other: &Edges) {
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
}

/// Rounds in which an entity is fetched.
pub(crate) const FETCHES: u8 = 2;

/// The past of one entity; its rows lie in the arena. Half a cache line, and never in two.
#[derive(Debug)]
#[repr(align(32))]
pub(crate) struct Entity {
    key: u64,
    busy: Option<Box<Busy>>,
    rows: Rows,
}

impl Entity {
    /// An entity without a past, of which nothing is known before `known_since` (milliseconds;
    /// `i64::MIN` when everything is).
    pub(crate) fn new(key: u64, known_since: i64) -> Entity {
        let mut entity = Entity { key, busy: None, rows: Rows::default() };
        if known_since != i64::MIN {
            entity.busy.get_or_insert_default().known_since = known_since;
        }
        entity
    }

    /// Its key.
    pub(crate) fn key(&self) -> u64 {
        self.key
    }

    /// A mark that the keeper sets and clears.
    pub(crate) fn mark(&mut self) -> &mut bool {
        &mut self.rows.mark
    }

    /// Fetches a little of what an answer will need: in the first of [`FETCHES`] rounds the rows, in
    /// the second what the entity keeps beside them.
    pub(crate) fn fetch(&self, round: u8, arena: &Arena) {
        let busy = self.busy.as_deref();
        if round == 0 {
            self.rows.fetch(arena);
            busy.into_iter().for_each(Busy::fetch);
        } else {
            busy.into_iter().for_each(Busy::fetch_lists);
        }
    }

    /// Time of the newest event, in milliseconds.
    pub(crate) fn newest(&self, shape: &Shape, arena: &Arena) -> i64 {
        let mut lanes = Lanes::default();
        let view = self.rows.view(arena, shape.columns, &mut lanes);
        view.end.checked_sub(1).map_or(i64::MIN, |last| view.time(last))
    }

    /// Gives everything back to the arena.
    pub(crate) fn clear(&mut self, arena: &mut Arena) {
        self.rows.free(arena);
        self.busy = None;
    }

    /// Records an event at its own time.
    pub(crate) fn insert(
        &mut self,
        shape: &Shape,
        codes: &mut Codes,
        arena: &mut Arena,
        work: &mut Work,
        row: Row<'_>,
    ) {
        let code = codes.code(row.mask);
        let lanes = &mut work.lanes;
        let view = self.rows.view(arena, shape.columns, lanes);
        let last = view.end.checked_sub(1).map(|last| view.time(last));
        let at = if last <= Some(row.time) { view.end } else { view.first_after_one(row.time) };
        let newest = last.map_or(row.time, |last| last.max(row.time));
        let is_full = shape.raw_max <= self.rows.len();
        if is_full && at == self.rows.head() {
            let busy = self.busy.get_or_insert_default();
            busy.passed(shape, row);
            busy.tiles.add(shape, row, newest);
        } else {
            self.place(shape, codes, arena, lanes, at, code, row);
            if is_full {
                let mut values = [ABSENT; COLUMNS_MAX];
                let row = self.oldest(shape, codes, arena, lanes, &mut values);
                let busy = self.busy.get_or_insert_default();
                busy.leaves(shape, self.rows.head(), row, true);
                busy.tiles.add(shape, row, newest);
                self.rows.drop_oldest();
            }
        }
        let expired = newest.saturating_sub(shape.retention_ms);
        while self.rows.time(arena, lanes, self.rows.head()) <= expired {
            self.expire_oldest(shape, codes, arena, lanes);
        }
        if let Some(busy) = &mut self.busy {
            busy.tiles.coalesce(shape, newest);
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn place(
        &mut self,
        shape: &Shape,
        codes: &Codes,
        arena: &mut Arena,
        lanes: &mut Lanes,
        at: usize,
        code: u32,
        row: Row<'_>,
    ) {
        let is_chunked = self.busy.as_ref().is_some_and(|busy| busy.is_chunked);
        let align = if is_chunked { CHUNK } else { 1 };
        let dropped = self.rows.insert(arena, lanes, (at, align), row, code);
        if self.rows.end() < CHUNKED && !is_chunked {
            return;
        }
        let busy = self.busy.get_or_insert_default();
        if is_chunked {
            busy.dropped(shape, dropped / CHUNK);
        }
        busy.inserted(shape, codes, &self.rows.seen_again(arena, lanes), at - dropped, row);
    }

    /// Drops the oldest row, which no finite window reaches any more.
    fn expire_oldest(&mut self, shape: &Shape, codes: &Codes, arena: &Arena, lanes: &Lanes) {
        if shape.life || self.busy.is_some() {
            let mut values = [ABSENT; COLUMNS_MAX];
            let row = self.oldest(shape, codes, arena, lanes, &mut values);
            let busy = self.busy.get_or_insert_default();
            busy.leaves(shape, self.rows.head(), row, false);
            busy.tiles.add_gone(shape, row);
        }
        self.rows.drop_oldest();
    }

    fn oldest<'v>(
        &self,
        shape: &Shape,
        codes: &Codes,
        arena: &Arena,
        lanes: &Lanes,
        values: &'v mut [i64; COLUMNS_MAX],
    ) -> Row<'v> {
        let view = self.rows.seen_again(arena, lanes);
        for (column, value) in values[..shape.columns].iter_mut().enumerate() {
            *value = view.value(column, view.head);
        }
        let mask = codes.mask(view.code(view.head));
        Row { time: view.time(view.head), mask, values: &values[..shape.columns] }
    }

    /// Answers the questions of an event at time `at`. `own` is the event's own row, counted by
    /// questions that include it, with the values that some compare with even where its mask has
    /// no channel that asks for them.
    pub(crate) fn answer(
        &self,
        table: (&Shape, &Codes, &Arena),
        asked: (&[Span], &[Question]),
        at: i64,
        own: Row<'_>,
        work: &mut Work,
        readings: &mut [f64],
    ) {
        let (shape, codes, arena) = table;
        let (spans, questions) = asked;
        let Work { tail, sights, lanes, few } = work;
        let view = self.rows.view(arena, shape.columns, lanes);
        let busy = self.busy.as_deref();
        let tail = match busy {
            Some(busy) if busy.is_chunked => busy.tail(),
            _ => {
                let tail = &mut tail[..shape.channels * view.end.div_ceil(CHUNK).max(1)];
                tail.fill(0);
                let chunks = tail.chunks_exact_mut(shape.channels.max(1)).enumerate();
                for (chunk, words) in chunks {
                    let rows = (chunk * CHUNK).max(view.head)..((chunk + 1) * CHUNK).min(view.end);
                    view.spread(codes, rows, words);
                }
                tail
            }
        };
        let sights = &mut sights[..spans.len()];
        let (mut limits, mut starts) = ([0; SPANS_MAX], [0; SPANS_MAX]);
        for ((sight, span), limit) in sights.iter_mut().zip(spans).zip(&mut limits) {
            sight.to = at - span.offset_ms;
            sight.from = span.window_ms.map_or(i64::MIN, |w| sight.to.saturating_sub(w));
            sight.is_life = span.window_ms.is_none();
            *limit = sight.from;
        }
        view.times().first_after(&limits[..spans.len()], &mut starts);
        // Most windows end with the event, behind all rows.
        let mut end = (i64::MAX, view.end);
        for (sight, start) in sights.iter_mut().zip(starts) {
            if sight.to != end.0 {
                end = (sight.to, view.first_after_one(sight.to));
            }
            sight.end = end.1;
            sight.start = start.min(sight.end);
            sight.rows = match sight.end - sight.start {
                0 => 0,
                rows if sight.end <= CHUNK => u64::MAX >> (CHUNK - rows) << sight.start,
                _ => u64::MAX,
            };
            sight.tiles = busy.map_or((0, 0), |busy| busy.tiles.range(sight.from, sight.to));
        }
        let reader = Reader { shape, view, busy, tail, at };
        let known_since = self.busy.as_ref().map_or(i64::MIN, |busy| busy.known_since);
        let known_since = known_since.max(shape.since_ms.unwrap_or(i64::MIN));
        let mut questions = questions;
        // Counts come first. Where all rows are in one chunk they need no decision: most questions
        // are such, and what others decided a moment ago says nothing about them.
        if reader.is_in_one_word() && known_since == i64::MIN {
            while let [question @ Question { aggregate: Aggregate::Count, .. }, rest @ ..] =
                questions
            {
                let word = reader.tail[usize::from(question.channel)];
                let word = word & sights[usize::from(question.span)].rows;
                let own = question.including_this && own.is_in(question.channel);
                readings[usize::from(question.reading)] =
                    f64::from(word.count_ones() + u32::from(own));
                questions = rest;
            }
        }
        // Questions about the same values of the same window follow each other.
        let mut memo = Memo { slot: u16::MAX, span: 0, rows: Summary::NONE, has_squares: false };
        for question in questions {
            let sight = &sights[usize::from(question.span)];
            let answer = if sight.from < known_since {
                UNKNOWN
            } else {
                reader.answer(question, sight, own, (&mut memo, few))
            };
            readings[usize::from(question.reading)] =
                if question.aggregate.is_of_values() { answer / question.scale } else { answer };
        }
    }
}

/// Buffers for answering, kept so that they need not be cleared whole.
#[derive(Debug)]
pub(crate) struct Work {
    tail: [u64; CHANNELS_MAX * CHUNKED / CHUNK],
    sights: [Sight; SPANS_MAX],
    lanes: Lanes,
    few: Few,
}

impl Default for Work {
    fn default() -> Work {
        Work {
            tail: [0; CHANNELS_MAX * CHUNKED / CHUNK],
            sights: [Sight::default(); SPANS_MAX],
            lanes: Lanes::default(),
            few: Few::default(),
        }
    }
}

/// A window over the rows of one entity.
#[derive(Clone, Copy, Debug, Default)]
struct Sight {
    from: i64,
    to: i64,
    is_life: bool,
    start: usize,
    end: usize,
    /// The rows as bits, where they all lie in the first chunk.
    rows: u64,
    /// First tile of the window, and one behind its last.
    tiles: (usize, usize),
}
