//! All events of many entities at once: each window moves over them, and nothing is kept.
//!
//! Whoever has the whole past of entities as columns needs no state between events. The rows of one
//! entity come behind those of another, each entity's in order of time, so that a window's first row
//! only ever moves forward, over the border to the next entity too. Counts are differences of row
//! numbers, sums differences of running totals; different values are counted in and out by where
//! each was seen before and will be seen next. The largest value is compared with the newest row,
//! and when it leaves the window, the next is found by going from its first row to the next one that
//! is no smaller, and so on: none is passed twice. So each row costs about the same, however long a
//! window is and however many rows lie in it, and every answer is exact. They are, bit for bit, those
//! of [`Entity`](super::Entity) as long as that is exact; tests hold the two against each other.
//!
//! Rows go through in strips, all windows of a strip before the next, so that the answers of a row
//! are written while it is near.

use std::collections::HashMap;
use std::ops::Range;

use foldhash::fast::FixedState;

use super::{ABSENT, Aggregate, Values, number, scan};
use crate::columns::Ask;
use crate::expr::UNKNOWN;
use crate::limits::{DISTINCT_MAX, SCAN_MAX};

/// Rows of a strip.
const STRIP: usize = 64;

/// No row.
const NONE: u32 = u32::MAX;

/// The questions to entities, and buffers for their rows, kept so that they can be used again.
#[derive(Clone, Debug)]
pub(crate) struct Sweep {
    /// How many of the asks are counts, and how many are not.
    pub(crate) counts: usize,
    pub(crate) numbers: usize,
    windows: Vec<Window>,
    /// First row of each row's entity.
    starts: Vec<u32>,
    times: Vec<i64>,
    lanes: Vec<Lane>,
    /// Where each value of a lane was seen last.
    seen: HashMap<i64, u32, FixedState>,
}

/// Where answers go: a line of counts and one of other numbers for each row.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    /// The number of the line of each row.
    pub(crate) of: &'a [u32],
    pub(crate) counts: &'a mut [u32],
    pub(crate) numbers: &'a mut [f64],
}

/// A window length, with what is asked of it.
#[derive(Clone, Debug)]
struct Window {
    window_ms: Option<i64>,
    /// First row of the window of the last row that was gone through.
    first: usize,
    /// The same of each row of the strip.
    firsts: [u32; STRIP],
    questions: Vec<Question>,
}

#[derive(Clone, Debug)]
struct Question {
    aggregate: Aggregate,
    lane: Option<usize>,
    including_this: bool,
    /// Its place in a line.
    place: usize,
    /// Of different values: the rows that were taken in and given up, and how many are left.
    first: usize,
    end: usize,
    different: u32,
    /// Of extremes: the row that is it.
    best: usize,
}

/// The values of a column.
#[derive(Clone, Debug, Default)]
struct Lane {
    values: Vec<i64>,
    /// Whether how many there are, sums, squares, different values or extremes are asked for.
    has_valued: bool,
    has_sums: bool,
    has_squares: bool,
    has_different: bool,
    has_max: bool,
    has_min: bool,
    /// Before each row and behind the last: values so far, their sum and that of their squares.
    valued: Vec<u32>,
    sums: Vec<i64>,
    squares: Vec<i128>,
    /// The sums, when 64 bits may not hold them; else empty.
    wide_sums: Vec<i128>,
    /// Of each row, one more than the row before with its value, 0 for none; `NONE` without a value.
    before: Vec<u32>,
    /// The next row with its value; 0 without a value.
    after: Vec<u32>,
    /// The next row with a value that is not smaller, or not larger; the number of rows for none.
    not_smaller: Vec<u32>,
    not_larger: Vec<u32>,
}

impl Sweep {
    /// Nothing but the questions; rows have values for so many columns.
    pub(crate) fn new(asks: &[Ask], columns: usize) -> Sweep {
        let mut lanes: Vec<Lane> = (0..columns).map(|_| Lane::default()).collect();
        let mut windows: Vec<Window> = Vec::new();
        let (mut counts, mut numbers) = (0, 0);
        for ask in asks {
            if let Some(lane) = ask.column.and_then(|column| lanes.get_mut(column)) {
                let has_squares = ask.aggregate == Aggregate::Stddev;
                let has_valued = has_squares || ask.aggregate == Aggregate::Mean;
                lane.has_squares |= has_squares;
                lane.has_valued |= has_valued;
                lane.has_sums |= has_valued || ask.aggregate == Aggregate::Sum;
                lane.has_different |= ask.aggregate == Aggregate::Distinct;
                lane.has_max |= ask.aggregate == Aggregate::Max;
                lane.has_min |= ask.aggregate == Aggregate::Min;
            }
            let places = if ask.is_count() { &mut counts } else { &mut numbers };
            let question = Question {
                aggregate: ask.aggregate,
                lane: ask.column,
                including_this: ask.including_this,
                place: *places,
                first: 0,
                end: 0,
                different: 0,
                best: 0,
            };
            *places += 1;
            let same = |window: &&mut Window| window.window_ms == ask.window_ms;
            match windows.iter_mut().find(same) {
                Some(window) => window.questions.push(question),
                None => windows.push(Window {
                    window_ms: ask.window_ms,
                    first: 0,
                    firsts: [0; STRIP],
                    questions: vec![question],
                }),
            }
        }
        let (starts, times, seen) = (Vec::new(), Vec::new(), HashMap::default());
        Sweep { counts, numbers, windows, starts, times, lanes, seen }
    }

    /// Goes through the rows of entities, one entity behind the other, each in order of time: `ends`
    /// has the number of the row behind each, `row` gives a row's time and behind it its values.
    pub(crate) fn run<'r>(
        &mut self,
        ends: &[u32],
        row: impl Fn(usize) -> &'r [i64],
        mut into: Lines<'_>,
    ) {
        let widths = [self.counts, self.numbers];
        let Sweep { windows, starts, times, lanes, seen, .. } = self;
        let mut start = 0;
        starts.clear();
        for end in ends {
            starts.resize(*end as usize, start);
            start = *end;
        }
        let rows = starts.len();
        times.clear();
        times.extend((0..rows).map(|number| row(number)[0]));
        for (column, lane) in lanes.iter_mut().enumerate() {
            lane.values.clear();
            lane.values.extend((0..rows).map(|number| row(number)[1 + column]));
            lane.prepare(starts, seen);
        }
        windows.iter_mut().for_each(Window::reset);
        for start in (0..rows).step_by(STRIP) {
            let strip = start..rows.min(start + STRIP);
            find_firsts(windows, starts, times, strip.clone());
            for window in &mut *windows {
                let Window { firsts, questions, .. } = window;
                for question in questions {
                    question.answer(times, lanes, strip.clone(), firsts, widths, &mut into);
                }
            }
        }
    }
}

impl Lane {
    /// Works out what is asked for of all rows.
    fn prepare(&mut self, starts: &[u32], seen: &mut HashMap<i64, u32, FixedState>) {
        let values = &self.values;
        let value_or_zero = |value: &i64| if *value == ABSENT { 0 } else { *value };
        self.wide_sums.clear();
        if self.has_valued {
            let valued = values.iter().map(|value| u32::from(*value != ABSENT));
            running(&mut self.valued, valued, u32::wrapping_add);
        }
        if self.has_sums {
            let largest = values.iter().map(|value| value_or_zero(value).unsigned_abs()).max();
            let bound = u128::from(largest.unwrap_or_default()) * values.len() as u128;
            if bound <= i64::MAX as u128 {
                running(&mut self.sums, values.iter().map(value_or_zero), i64::wrapping_add);
            } else {
                let values = values.iter().map(|value| i128::from(value_or_zero(value)));
                running(&mut self.wide_sums, values, i128::wrapping_add);
            }
        }
        if self.has_squares {
            let values = values.iter().map(|value| i128::from(value_or_zero(value)));
            running(&mut self.squares, values.map(|value| value * value), i128::wrapping_add);
        }
        if self.has_max {
            link(&mut self.not_smaller, values, |value| value);
        }
        if self.has_min {
            link(&mut self.not_larger, values, downwards);
        }
        if self.has_different {
            self.before.clear();
            self.after.clear();
            for (row, value) in values.iter().enumerate() {
                if starts[row] as usize == row {
                    // A table that a busy key made large would be slow to clear for each one
                    // behind it.
                    if 1_024 < seen.capacity() {
                        *seen = HashMap::default();
                    }
                    seen.clear();
                }
                if *value == ABSENT {
                    self.before.push(NONE);
                    self.after.push(0);
                    continue;
                }
                let before = seen.insert(*value, row as u32);
                if let Some(before) = before {
                    self.after[before as usize] = row as u32;
                }
                self.before.push(before.map_or(0, |before| before + 1));
                self.after.push(NONE);
            }
        }
    }

    fn sum(&self, first: usize, end: usize) -> i128 {
        if self.wide_sums.is_empty() {
            return i128::from(self.sums[end] - self.sums[first]);
        }
        self.wide_sums[end] - self.wide_sums[first]
    }

    /// Sums over a range of rows.
    fn between(&self, first: usize, end: usize) -> Values {
        let squares = |row: usize| self.squares.get(row).copied().unwrap_or_default();
        Values {
            valued: i64::from(self.valued[end] - self.valued[first]),
            sum: self.sum(first, end),
            squares: squares(end).wrapping_sub(squares(first)),
        }
    }
}

/// Sums before each value and behind the last. They may wrap: a difference that fits is right.
fn running<T: Copy + Default>(
    sums: &mut Vec<T>,
    values: impl Iterator<Item = T>,
    add: impl Fn(T, T) -> T,
) {
    let mut sum = T::default();
    sums.clear();
    sums.push(sum);
    sums.extend(values.map(|value| {
        sum = add(sum, value);
        sum
    }));
}

/// For each row the next one that ranks no lower.
fn link(next: &mut Vec<u32>, values: &[i64], rank: impl Fn(i64) -> i64) {
    next.clear();
    next.resize(values.len(), 0);
    for row in (0..values.len()).rev() {
        let mut other = row + 1;
        // Those between it and its own next one rank lower still.
        while other < values.len() && rank(values[other]) < rank(values[row]) {
            other = next[other] as usize;
        }
        next[row] = other as u32;
    }
}

/// Ranks the smallest first, and what is absent last.
fn downwards(value: i64) -> i64 {
    if value == ABSENT { ABSENT } else { -value }
}

impl Window {
    fn reset(&mut self) {
        self.first = 0;
        for question in &mut self.questions {
            (question.first, question.end, question.different) = (0, 0, 0);
            question.best = 0;
        }
    }
}

/// Finds the first row of all windows of each row of a strip. How many rows leave a window is as good
/// as random, so the first two are given up without a branch, while the other windows do the same.
fn find_firsts(windows: &mut [Window], starts: &[u32], times: &[i64], strip: Range<usize>) {
    for (at, row) in strip.enumerate() {
        for window in &mut *windows {
            // Before the row's own time, so that it ends there at the latest.
            let from = window.window_ms.map_or(i64::MIN, |length| times[row] - length.max(1));
            let mut first = window.first.max(starts[row] as usize);
            first += usize::from(times[first] <= from);
            first += usize::from(times[first] <= from);
            while times[first] <= from {
                first += 1;
            }
            window.first = first;
            window.firsts[at] = first as u32;
        }
    }
}

impl Question {
    fn answer(
        &mut self,
        times: &[i64],
        lanes: &[Lane],
        strip: Range<usize>,
        firsts: &[u32; STRIP],
        [counts, numbers]: [usize; 2],
        into: &mut Lines<'_>,
    ) {
        let place = self.place;
        let line = |row: usize| into.of[row] as usize;
        let mut count = |row: usize, count: u32| into.counts[line(row) * counts + place] = count;
        let mut give = |row: usize, answer: f64| into.numbers[line(row) * numbers + place] = answer;
        let own = usize::from(self.including_this);
        let lane = self.lane.map(|lane| &lanes[lane]);
        let no_values: &[i64] = &[];
        let values = lane.map_or(no_values, |lane| lane.values.as_slice());
        let known = |value: i64| if value == ABSENT { UNKNOWN } else { value as f64 };
        let value_of = |row: usize| values.get(row).copied().unwrap_or(ABSENT);
        // Of each row: itself, the first of its window, and one behind the last.
        let rows = strip.zip(firsts).map(|(row, first)| (row, *first as usize, row + own));
        match (self.aggregate, lane) {
            (Aggregate::Count, _) => {
                rows.for_each(|(row, first, end)| count(row, (end - first) as u32));
            }
            (Aggregate::Sum, Some(lane)) if lane.wide_sums.is_empty() => {
                let sums = &lane.sums;
                rows.for_each(|(row, first, end)| give(row, (sums[end] - sums[first]) as f64));
            }
            (Aggregate::Sum, Some(lane)) => {
                rows.for_each(|(row, first, end)| give(row, number(lane.sum(first, end))));
            }
            (Aggregate::Mean | Aggregate::Stddev, Some(lane)) => {
                let aggregate = self.aggregate;
                for (row, first, end) in rows {
                    give(row, lane.between(first, end).answer(aggregate));
                }
            }
            (Aggregate::Max, Some(lane)) => {
                for (row, first, end) in rows {
                    let best = self.best(values, &lane.not_smaller, first, end, |value| value);
                    give(row, best.map_or(UNKNOWN, |best| known(values[best])));
                }
            }
            (Aggregate::Min, Some(lane)) => {
                for (row, first, end) in rows {
                    let best = self.best(values, &lane.not_larger, first, end, downwards);
                    give(row, best.map_or(UNKNOWN, |best| known(values[best])));
                }
            }
            (Aggregate::Distinct, Some(lane)) => {
                for (row, first, end) in rows {
                    count(row, self.different(lane, first, end).min(DISTINCT_MAX as u32));
                }
            }
            (Aggregate::First, Some(_)) => {
                for (row, first, end) in rows {
                    let valued = (first..end).find(|row| value_of(*row) != ABSENT);
                    give(row, valued.map_or(UNKNOWN, |row| value_of(row) as f64));
                }
            }
            (Aggregate::Last, Some(_)) => {
                for (row, first, end) in rows {
                    let valued = (first..end).rev().find(|row| value_of(*row) != ABSENT);
                    give(row, valued.map_or(UNKNOWN, |row| value_of(row) as f64));
                }
            }
            (Aggregate::SinceFirst, _) => {
                for (row, first, end) in rows {
                    let since = (times[row] - times[first]) as f64;
                    give(row, if first < end { since } else { UNKNOWN });
                }
            }
            (Aggregate::SinceLast, _) => {
                for (row, first, end) in rows {
                    let last = end.checked_sub(1).filter(|last| first <= *last);
                    give(row, last.map_or(UNKNOWN, |last| (times[row] - times[last]) as f64));
                }
            }
            // An ask has no steps.
            (Aggregate::Sequence, _) => rows.for_each(|(row, ..)| give(row, 0.0)),
            (Aggregate::Sum, None) => rows.for_each(|(row, ..)| give(row, 0.0)),
            (Aggregate::Distinct, None) => rows.for_each(|(row, ..)| count(row, 0)),
            (
                Aggregate::Mean
                | Aggregate::Stddev
                | Aggregate::Max
                | Aggregate::Min
                | Aggregate::First
                | Aggregate::Last,
                None,
            ) => rows.for_each(|(row, ..)| give(row, UNKNOWN)),
            (
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
                | Aggregate::HourRarity,
                lane,
            ) => {
                let (mut newest_times, mut newest) = ([0; SCAN_MAX], [0; SCAN_MAX]);
                for (row, first, end) in rows {
                    // Filled from the back, the newest first.
                    let mut start = SCAN_MAX;
                    let of_row = |row: usize| if lane.is_some() { value_of(row) } else { 0 };
                    let valued = (first..end).rev().filter(|row| of_row(*row) != ABSENT);
                    for other in valued.take(SCAN_MAX) {
                        start -= 1;
                        (newest_times[start], newest[start]) = (times[other], of_row(other));
                    }
                    let compared = Some(value_of(row)).filter(|value| *value != ABSENT);
                    let (times, values) = (&newest_times[start..], &mut newest[start..]);
                    give(row, scan::scan(self.aggregate, times, values, compared, 1.0));
                }
            }
        }
    }

    /// The row in a window that ranks highest; none when it is empty. Windows end one row later each
    /// time.
    fn best(
        &mut self,
        values: &[i64],
        next: &[u32],
        first: usize,
        end: usize,
        rank: impl Fn(i64) -> i64,
    ) -> Option<usize> {
        if end <= first {
            return None;
        }
        if self.best < first {
            self.best = first;
            while (next[self.best] as usize) < end {
                self.best = next[self.best] as usize;
            }
        } else if rank(values[self.best]) <= rank(values[end - 1]) {
            self.best = end - 1;
        }
        Some(self.best)
    }

    /// How many different values are in a window.
    fn different(&mut self, lane: &Lane, first: usize, end: usize) -> u32 {
        while self.end < end {
            // It is new unless the window, as far as it was given up, has it already.
            self.different += u32::from(lane.before[self.end] <= self.first as u32);
            self.end += 1;
        }
        while self.first < first {
            // It goes unless it came again.
            self.different -= u32::from(end as u32 <= lane.after[self.first]);
            self.first += 1;
        }
        self.different
    }
}
