//! All events of one entity at once: each window moves over them, and nothing is kept.
//!
//! Whoever has an entity's whole past as columns needs no state between events. Rows come in order
//! of time, so a window's first row only ever moves forward; counts are differences of row numbers,
//! sums differences of running totals, a largest value the front of a queue of those that may still
//! become it, and different values are counted in and out by where each was seen before and will be
//! seen next. So each row costs about the same, however long a window is and however many rows lie
//! in it, and every answer is exact. They are, bit for bit, those of [`Entity`](super::Entity) as
//! long as that is exact; tests hold the two against each other.
//!
//! Rows go through in strips, all windows of a strip before the next, so that the answers of a row
//! are written while it is near.

use std::collections::HashMap;
use std::ops::Range;

use foldhash::fast::FixedState;

use super::{ABSENT, Aggregate, Values, scan};
use crate::columns::Ask;
use crate::expr::UNKNOWN;
use crate::limits::{DISTINCT_MAX, SCAN_MAX};

/// Rows of a strip.
const STRIP: usize = 64;

/// No row.
const NONE: u32 = u32::MAX;

/// The questions to an entity, and buffers for its rows, kept so that they can be used again.
#[derive(Debug)]
pub(crate) struct Sweep {
    windows: Vec<Window>,
    times: Vec<i64>,
    lanes: Vec<Lane>,
    /// Where each value of a lane was seen last.
    seen: HashMap<i64, u32, FixedState>,
}

/// A window length, with what is asked of it.
#[derive(Debug)]
struct Window {
    window_ms: Option<i64>,
    /// First row of the window of the last row that was gone through.
    first: usize,
    /// The same of each row of the strip.
    firsts: [u32; STRIP],
    questions: Vec<Question>,
}

#[derive(Debug)]
struct Question {
    aggregate: Aggregate,
    lane: Option<usize>,
    including_this: bool,
    /// Number of the ask.
    place: usize,
    /// Rows that were taken in, and the first one that was not given up.
    first: usize,
    end: usize,
    /// Of extremes: the rows that may become it, the first of them at `front`.
    queue: Vec<u32>,
    front: usize,
    /// Different values in the window.
    different: u32,
}

/// The values of a column.
#[derive(Debug, Default)]
struct Lane {
    values: Vec<i64>,
    /// Whether sums, squares among them, or different values are asked for.
    has_sums: bool,
    has_squares: bool,
    has_different: bool,
    /// Before each row and behind the last: values so far, their sum and that of their squares.
    valued: Vec<u32>,
    sums: Vec<i128>,
    squares: Vec<i128>,
    /// Of each row, one more than the row before with its value, 0 for none; `NONE` without a value.
    before: Vec<u32>,
    /// The next row with its value; 0 without a value.
    after: Vec<u32>,
}

impl Sweep {
    /// Nothing but the questions; rows have values for so many columns.
    pub(crate) fn new(asks: &[Ask], columns: usize) -> Sweep {
        let mut lanes: Vec<Lane> = (0..columns).map(|_| Lane::default()).collect();
        let mut windows: Vec<Window> = Vec::new();
        for (place, ask) in asks.iter().enumerate() {
            if let Some(lane) = ask.column.and_then(|column| lanes.get_mut(column)) {
                let is_stddev = ask.aggregate == Aggregate::Stddev;
                lane.has_squares |= is_stddev;
                lane.has_sums |=
                    is_stddev || matches!(ask.aggregate, Aggregate::Sum | Aggregate::Mean);
                lane.has_different |= ask.aggregate == Aggregate::Distinct;
            }
            let question = Question {
                aggregate: ask.aggregate,
                lane: ask.column,
                including_this: ask.including_this,
                place,
                first: 0,
                end: 0,
                queue: Vec::new(),
                front: 0,
                different: 0,
            };
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
        Sweep { windows, times: Vec::new(), lanes, seen: HashMap::default() }
    }

    /// Goes through an entity's rows, each its time and its values by column, in order of time;
    /// `give` gets the row, the number of the ask and the answer.
    pub(crate) fn run<'r>(
        &mut self,
        rows: impl Iterator<Item = (i64, &'r [i64])>,
        mut give: impl FnMut(usize, usize, f64),
    ) {
        let Sweep { windows, times, lanes, seen } = self;
        times.clear();
        lanes.iter_mut().for_each(|lane| lane.values.clear());
        for (time, values) in rows {
            times.push(time);
            lanes.iter_mut().zip(values).for_each(|(lane, value)| lane.values.push(*value));
        }
        lanes.iter_mut().for_each(|lane| lane.prepare(seen));
        windows.iter_mut().for_each(Window::reset);
        for start in (0..times.len()).step_by(STRIP) {
            let strip = start..times.len().min(start + STRIP);
            for window in &mut *windows {
                window.find_firsts(times, strip.clone());
                let Window { firsts, questions, .. } = window;
                for question in questions {
                    let place = question.place;
                    let give = |row: usize, answer: f64| give(row, place, answer);
                    question.answer(times, lanes, strip.clone(), firsts, give);
                }
            }
        }
    }
}

impl Lane {
    /// Works out what is asked for of all rows.
    fn prepare(&mut self, seen: &mut HashMap<i64, u32, FixedState>) {
        if self.has_sums {
            let (mut valued, mut sum) = (0, 0);
            self.valued.clear();
            self.sums.clear();
            for value in &self.values {
                self.valued.push(valued);
                self.sums.push(sum);
                if *value != ABSENT {
                    valued += 1;
                    sum += i128::from(*value);
                }
            }
            self.valued.push(valued);
            self.sums.push(sum);
        }
        if self.has_squares {
            let mut squares = 0;
            self.squares.clear();
            for value in &self.values {
                self.squares.push(squares);
                if *value != ABSENT {
                    squares += i128::from(*value) * i128::from(*value);
                }
            }
            self.squares.push(squares);
        }
        if self.has_different {
            self.before.clear();
            self.after.clear();
            // A table that a busy key made large would be slow to clear for each one behind it.
            if 1_024 < seen.capacity() {
                *seen = HashMap::default();
            }
            seen.clear();
            for (row, value) in self.values.iter().enumerate() {
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

    /// Sums over a range of rows.
    fn between(&self, first: usize, end: usize) -> Values {
        let squares = |row: usize| self.squares.get(row).copied().unwrap_or_default();
        Values {
            valued: i64::from(self.valued[end] - self.valued[first]),
            sum: self.sums[end] - self.sums[first],
            squares: squares(end) - squares(first),
        }
    }
}

impl Window {
    fn reset(&mut self) {
        self.first = 0;
        for question in &mut self.questions {
            (question.first, question.end, question.different) = (0, 0, 0);
            question.front = 0;
            question.queue.clear();
        }
    }

    fn find_firsts(&mut self, times: &[i64], strip: Range<usize>) {
        let mut first = self.first;
        if let Some(window_ms) = self.window_ms {
            for (row, into) in strip.zip(&mut self.firsts) {
                let from = times[row].saturating_sub(window_ms);
                while first < row && times[first] <= from {
                    first += 1;
                }
                *into = first as u32;
            }
        }
        self.first = first;
    }
}

impl Question {
    fn answer(
        &mut self,
        times: &[i64],
        lanes: &[Lane],
        strip: Range<usize>,
        firsts: &[u32; STRIP],
        mut give: impl FnMut(usize, f64),
    ) {
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
                rows.for_each(|(row, first, end)| give(row, f64::from((end - first) as u32)));
            }
            (Aggregate::Sum | Aggregate::Mean | Aggregate::Stddev, Some(lane)) => {
                let aggregate = self.aggregate;
                for (row, first, end) in rows {
                    give(row, lane.between(first, end).answer(aggregate));
                }
            }
            (Aggregate::Max, Some(_)) => {
                for (row, first, end) in rows {
                    give(row, known(self.extreme(values, first, end, |value| value)));
                }
            }
            (Aggregate::Min, Some(_)) => {
                for (row, first, end) in rows {
                    give(row, known(self.extreme(values, first, end, |value| !value)));
                }
            }
            (Aggregate::Distinct, Some(lane)) => {
                for (row, first, end) in rows {
                    let different = self.different(lane, first, end) as usize;
                    give(row, different.min(DISTINCT_MAX) as f64);
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
            (Aggregate::Sum | Aggregate::Distinct, None) => {
                rows.for_each(|(row, ..)| give(row, 0.0))
            }
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

    /// The value in a window that ranks highest by `rank`; absent without one.
    fn extreme(
        &mut self,
        values: &[i64],
        first: usize,
        end: usize,
        rank: impl Fn(i64) -> i64,
    ) -> i64 {
        while self.end < end {
            let value = values[self.end];
            if value != ABSENT {
                // Whoever came before and ranks no higher never becomes it.
                let is_less = |row: &u32| rank(values[*row as usize]) <= rank(value);
                while self.front < self.queue.len() && self.queue.last().is_some_and(is_less) {
                    self.queue.pop();
                }
                self.queue.push(self.end as u32);
            }
            self.end += 1;
        }
        while self.queue.get(self.front).is_some_and(|row| (*row as usize) < first) {
            self.front += 1;
        }
        self.queue.get(self.front).map_or(ABSENT, |row| values[*row as usize])
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
