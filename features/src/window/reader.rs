//! The answer to one question, from an entity's rows, chunks and tiles.

use std::collections::HashSet;

use foldhash::fast::FixedState;

use super::busy::{Busy, CHUNK, CHUNKED, Summary};
use super::rows::View;
use super::{ABSENT, Aggregate, Edges, Question, Row, Shape, Sight, Slot, Values, scan};
use crate::expr::UNKNOWN;
use crate::limits::{DISTINCT_MAX, SCAN_MAX};

/// An entity's rows and what it keeps beside them, while its questions are answered.
pub(super) struct Reader<'a> {
    pub(super) shape: &'a Shape,
    pub(super) view: View<'a>,
    pub(super) busy: Option<&'a Busy>,
    /// Bits of the rows that are in no sealed chunk: by sixty-four of them, then by channel.
    pub(super) tail: &'a [u64],
    pub(super) at: i64,
}

impl Reader<'_> {
    pub(super) fn answer(
        &self,
        question: &Question,
        sight: &Sight,
        own: Row<'_>,
        (memo, few): (&mut Memo, &mut Few),
    ) -> f64 {
        let known = |value: i64| if value == ABSENT { UNKNOWN } else { value as f64 };
        let compared = question.column.map_or(ABSENT, |column| own.values[usize::from(column)]);
        let own = (question.including_this && own.is_in(question.channel)).then_some(own);
        let own_value = if own.is_some() { compared } else { ABSENT };
        if self.is_in_one_word() {
            let word = self.tail[usize::from(question.channel)] & sight.rows;
            // Most questions are about what never happened here.
            if word == 0 && own.is_none() {
                let if_compared = if compared == ABSENT { UNKNOWN } else { 0.0 };
                return question.aggregate.of_nothing().unwrap_or(if_compared);
            }
        }
        match question.aggregate {
            Aggregate::Count => (self.count(question, sight) + i64::from(own.is_some())) as f64,
            Aggregate::Sum | Aggregate::Mean | Aggregate::Stddev => {
                self.values(question, sight, own_value, memo).answer(question.aggregate)
            }
            Aggregate::Min => {
                let lowest = self.extremes(question, sight, own_value, memo).0;
                if lowest == i64::MAX { UNKNOWN } else { lowest as f64 }
            }
            Aggregate::Max => known(self.extremes(question, sight, own_value, memo).1),
            Aggregate::Distinct => self.distinct(question, sight, own_value, few) as f64,
            Aggregate::First => {
                let before = self.edges(question, sight).map_or(ABSENT, |edges| edges.first.1);
                let value =
                    if before == ABSENT { self.first_value(question, sight) } else { before };
                known(if value == ABSENT { own_value } else { value })
            }
            Aggregate::Last if own_value != ABSENT => own_value as f64,
            Aggregate::Last => {
                let value = self.last_value(question, sight);
                let before = || self.edges(question, sight).map_or(ABSENT, |edges| edges.last.1);
                known(if value == ABSENT { before() } else { value })
            }
            Aggregate::SinceFirst => {
                let before = self.edges(question, sight).map(|edges| edges.first_time);
                let before = before.filter(|time| *time != i64::MAX);
                let first = before.or_else(|| self.first_time(question, sight));
                first.or(own.map(|row| row.time)).map_or(UNKNOWN, |time| (self.at - time) as f64)
            }
            Aggregate::SinceLast => {
                let last = own.map(|row| row.time).or_else(|| self.last_time(question, sight));
                let before = || self.edges(question, sight).map(|edges| edges.last_time);
                let last = last.or_else(|| before().filter(|time| *time != i64::MIN));
                last.map_or(UNKNOWN, |time| (self.at - time) as f64)
            }
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
            | Aggregate::Sequence => {
                let compared = (compared != ABSENT).then_some(compared);
                self.scan(question, sight, own, compared)
            }
        }
    }

    /// The answer of an aggregate that looks at the newest events one by one.
    fn scan(
        &self,
        question: &Question,
        sight: &Sight,
        own: Option<Row<'_>>,
        compared: Option<i64>,
    ) -> f64 {
        let (mut times, mut values) = ([0; SCAN_MAX], [0; SCAN_MAX]);
        // Filled from the back, the newest first, so that what is filled is in order of time.
        let mut start = SCAN_MAX;
        let of_own = |row: Row<'_>| question.column.map_or(0, |c| row.values[usize::from(c)]);
        if let Some((time, value)) = own.map(|row| (row.time, of_own(row)))
            && value != ABSENT
        {
            start -= 1;
            (times[start], values[start]) = (time, value);
        }
        'rows: for (chunk, mut word) in self.chunks(question.channel, sight).rev() {
            while word != 0 {
                let bit = CHUNK - 1 - word.leading_zeros() as usize;
                word &= !(1 << bit);
                let row = chunk * CHUNK + bit;
                let value = question.column.map_or(0, |c| self.view.value(usize::from(c), row));
                if value == ABSENT {
                    continue;
                }
                if start == 0 {
                    break 'rows;
                }
                start -= 1;
                (times[start], values[start]) = (self.view.time(row), value);
            }
        }
        let (times, values) = (&times[start..], &mut values[start..]);
        if question.aggregate == Aggregate::Sequence {
            let sequence = self.shape.sequences.get(usize::from(question.sequence));
            let within = sequence.map_or(&[][..], Vec::as_slice);
            return scan::sequence(times, values, within, self.at);
        }
        scan::scan(question.aggregate, times, values, compared, question.scale)
    }

    /// Whether all that is known of a channel is one word of bits.
    pub(super) fn is_in_one_word(&self) -> bool {
        self.busy.is_none() && self.view.end <= CHUNK
    }

    /// Bits of a channel in a chunk, without regard to the window.
    fn word(&self, channel: u8, chunk: usize) -> u64 {
        match self.busy {
            Some(busy) if chunk < busy.sealed => busy.word(self.shape, chunk, usize::from(channel)),
            busy => {
                let chunk = chunk - busy.map_or(0, |busy| busy.sealed);
                self.tail[chunk * self.shape.channels + usize::from(channel)]
            }
        }
    }

    /// Chunks of a window, each with the bits of the channel's rows in it.
    fn chunks<'s>(
        &'s self,
        channel: u8,
        sight: &'s Sight,
    ) -> impl DoubleEndedIterator<Item = (usize, u64)> + ExactSizeIterator + 's {
        let last = sight.end.div_ceil(CHUNK);
        let first = if sight.start == sight.end { last } else { sight.start / CHUNK };
        (first..last).map(move |chunk| (chunk, self.word(channel, chunk) & within(sight, chunk)))
    }

    fn count(&self, question: &Question, sight: &Sight) -> i64 {
        let chunks = self.chunks(question.channel, sight);
        let rows = match (self.busy, chunks.len()) {
            // Those between the first and the last one are whole and sealed.
            (Some(busy), 3..) => {
                let (first, last) = (sight.start / CHUNK, sight.end.div_ceil(CHUNK) - 1);
                let channel = usize::from(question.channel);
                let between = busy.count(self.shape, (first, last - 1), channel);
                let ends = [first, last].map(|chunk| {
                    let word = self.word(question.channel, chunk) & within(sight, chunk);
                    i64::from(word.count_ones())
                });
                i64::from(between) + ends[0] + ends[1]
            }
            _ => chunks.map(|(_, word)| i64::from(word.count_ones())).sum(),
        };
        rows + self.busy.map_or(0, |busy| {
            busy.tiles.count(usize::from(question.slot), sight.tiles, sight.is_life)
        })
    }

    /// Sums and extremes over the rows; squares only where they are asked for.
    fn summary(&self, question: &Question, sight: &Sight, memo: &mut Memo) -> Summary {
        let has_squares = question.aggregate == Aggregate::Stddev;
        let is_same = memo.slot == question.slot && memo.span == question.span;
        if is_same && (memo.has_squares || !has_squares) {
            return memo.rows;
        }
        let mut all = Summary::NONE;
        let column = usize::from(question.column.unwrap_or(0));
        for (chunk, rows) in self.chunks(question.channel, sight) {
            let start = chunk * CHUNK;
            let is_whole = sight.start <= start && start + CHUNK <= sight.end;
            if let (true, Some(busy)) = (is_whole, self.busy)
                && chunk < busy.sealed
                && let Some(summary) = self.slot(question).summary
            {
                all.join(busy.summary(self.shape, chunk, usize::from(summary)));
                continue;
            }
            let mut part = Part::default();
            let mut word = rows;
            while word != 0 {
                part.add(self.view.value(column, start + word.trailing_zeros() as usize));
                word &= word - 1;
            }
            part.close(&mut all);
            if has_squares {
                let mut word = rows;
                while word != 0 {
                    let value = self.view.value(column, start + word.trailing_zeros() as usize);
                    all.values.add_square(value);
                    word &= word - 1;
                }
            }
        }
        *memo = Memo { slot: question.slot, span: question.span, rows: all, has_squares };
        all
    }

    fn values(&self, question: &Question, sight: &Sight, own: i64, memo: &mut Memo) -> Values {
        let mut values = self.summary(question, sight, memo).values;
        values.add(own);
        if let (Some(busy), Some(slot)) = (self.busy, self.slot(question).values) {
            values.join(&busy.tiles.values(usize::from(slot), sight.tiles, sight.is_life));
        }
        values
    }

    fn extremes(
        &self,
        question: &Question,
        sight: &Sight,
        own: i64,
        memo: &mut Memo,
    ) -> (i64, i64) {
        let mut rows = self.summary(question, sight, memo);
        rows.add(own);
        match self.edges(question, sight) {
            Some(edges) => (rows.min.min(edges.min), rows.max.max(edges.max)),
            None => (rows.min, rows.max),
        }
    }

    fn edges(&self, question: &Question, sight: &Sight) -> Option<Edges> {
        let (busy, slot) = (self.busy?, self.slot(question).edges?);
        Some(busy.tiles.edges(usize::from(slot), sight.tiles, sight.is_life))
    }

    fn slot(&self, question: &Question) -> &Slot {
        &self.shape.slots[usize::from(question.slot)]
    }

    fn first_time(&self, question: &Question, sight: &Sight) -> Option<i64> {
        let (chunk, word) = self.chunks(question.channel, sight).find(|(_, word)| *word != 0)?;
        Some(self.view.time(chunk * CHUNK + word.trailing_zeros() as usize))
    }

    fn last_time(&self, question: &Question, sight: &Sight) -> Option<i64> {
        let mut chunks = self.chunks(question.channel, sight).rev();
        let (chunk, word) = chunks.find(|(_, word)| *word != 0)?;
        Some(self.view.time(chunk * CHUNK + CHUNK - 1 - word.leading_zeros() as usize))
    }

    fn first_value(&self, question: &Question, sight: &Sight) -> i64 {
        let column = usize::from(question.column.unwrap_or(0));
        for (chunk, mut word) in self.chunks(question.channel, sight) {
            while word != 0 {
                let value = self.view.value(column, chunk * CHUNK + word.trailing_zeros() as usize);
                if value != ABSENT {
                    return value;
                }
                word &= word - 1;
            }
        }
        ABSENT
    }

    fn last_value(&self, question: &Question, sight: &Sight) -> i64 {
        let column = usize::from(question.column.unwrap_or(0));
        for (chunk, mut word) in self.chunks(question.channel, sight).rev() {
            while word != 0 {
                let bit = CHUNK - 1 - word.leading_zeros() as usize;
                let value = self.view.value(column, chunk * CHUNK + bit);
                if value != ABSENT {
                    return value;
                }
                word &= !(1 << bit);
            }
        }
        ABSENT
    }

    fn distinct(&self, question: &Question, sight: &Sight, own: i64, few: &mut Few) -> usize {
        let column = question.column.unwrap_or(0);
        let pair = (question.channel, column);
        let own = (own != ABSENT).then_some(own);
        let busy = self.busy.filter(|busy| busy.is_chunked);
        let pair = self.shape.distinct.iter().position(|p| *p == pair).unwrap_or(0);
        if let (Some(busy), true) = (busy, sight.end == self.view.end) {
            return busy.distinct(pair, sight.from, sight.start, own).min(DISTINCT_MAX);
        }
        // Few rows, or a late event that sees only the older ones: counted one by one.
        let Some(busy) = busy else {
            few.len = 0;
            self.each_value(question, sight, |value| few.add(value));
            few.add(own.unwrap_or(ABSENT));
            return few.len;
        };
        let mut all: HashSet<i64, FixedState> = own.into_iter().collect();
        self.each_value(question, sight, |value| _ = (value != ABSENT).then(|| all.insert(value)));
        all.extend(busy.seen_before(pair, sight.from, sight.to));
        all.len().min(DISTINCT_MAX)
    }

    /// Gives the values of a window's rows one by one, absent ones too.
    fn each_value(&self, question: &Question, sight: &Sight, mut give: impl FnMut(i64)) {
        let column = usize::from(question.column.unwrap_or(0));
        for (chunk, mut word) in self.chunks(question.channel, sight) {
            while word != 0 {
                give(self.view.value(column, chunk * CHUNK + word.trailing_zeros() as usize));
                word &= word - 1;
            }
        }
    }
}

/// The rows of a chunk that lie in the window, which has some there.
fn within(sight: &Sight, chunk: usize) -> u64 {
    let from = sight.start.saturating_sub(chunk * CHUNK);
    let to = (sight.end - chunk * CHUNK).min(CHUNK);
    u64::MAX << from & u64::MAX >> (CHUNK - to)
}

/// The rows' part of the last answer about values.
pub(super) struct Memo {
    pub(super) slot: u16,
    pub(super) span: u8,
    pub(super) rows: Summary,
    pub(super) has_squares: bool,
}

/// Sums over at most sixty-four values, in two words of 64 bits.
struct Part {
    valued: i64,
    /// Values are kept within 2^62: their upper and lower halves cannot overflow.
    low: i64,
    high: i64,
    min: i64,
    max: i64,
}

impl Default for Part {
    fn default() -> Part {
        Part { valued: 0, low: 0, high: 0, min: i64::MAX, max: i64::MIN }
    }
}

impl Part {
    fn add(&mut self, value: i64) {
        if value != ABSENT {
            self.valued += 1;
            self.low += value & 0xFFFF_FFFF;
            self.high += value >> 32;
            self.min = self.min.min(value);
            self.max = self.max.max(value);
        }
    }

    fn close(self, all: &mut Summary) {
        all.values.valued += self.valued;
        all.values.sum += (i128::from(self.high) << 32) + i128::from(self.low);
        all.min = all.min.min(self.min);
        all.max = all.max.max(self.max);
    }
}

/// Different values among those of rows that are in no chunk and the event's own. Mostly there is a
/// handful: looking through them is faster than any table.
#[derive(Debug)]
pub(super) struct Few {
    found: [i64; CHUNKED + 1],
    len: usize,
}

impl Default for Few {
    fn default() -> Few {
        Few { found: [ABSENT; CHUNKED + 1], len: 0 }
    }
}

impl Few {
    fn add(&mut self, value: i64) {
        // Without a way out of the loop, several are compared at once.
        let is_known =
            self.found[..self.len].iter().fold(false, |is, known| is | (*known == value));
        if value != ABSENT && !is_known {
            self.found[self.len] = value;
            self.len += 1;
        }
    }
}
