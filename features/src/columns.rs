//! Windows over columns: what `history` answers for events, for all rows of a table at once.
//!
//! An export of past payments has a key, a time and numbers. A [`Sweeper`] answers for each row what
//! a [`History`](crate::history::History) would have answered, with windows that are exact however
//! busy a key is. There is no event here, no condition and no text; whoever has several kinds of keys
//! sweeps once for each.
//!
//! **Nothing is looked up far away.** A history meets the rows in order of time and waits for the
//! memory of another key with each. Here all rows are there, so they are first dealt out by key to
//! [`PARTS`] parts, each small enough to stay near while its rows are put in order of their keys and
//! gone through once (see `window::sweep`). Each thread has a share of the parts from end to end.
//! Within a part rows and answers keep the order of the table: [`Answers`] deals them back by taking
//! the next one of each row's part.
//!
//! Cost: 0.06 us of a thread a row for four answers, 0.15 us for twelve. Memory: four bytes a count and
//! eight another answer, and eight for each number of a row; the next sweep uses it again, as fresh
//! memory takes as long as the work in it.

use std::collections::HashMap;
use std::ops::Range;

use foldhash::fast::FixedState;

use crate::limits::VALUE_MAX;
use crate::window::{ABSENT, Aggregate, Lines, Sweep};

/// Parts that rows are dealt out to: what a sweep touches of one stays in the cache of a core.
const PARTS: usize = 512;

/// Rows after which it is noted how many went to each part.
const MARK: usize = 32 * 1_024;

/// Rows that are dealt back at once.
const STRIP: usize = 64;

/// Numbers of a row in a part before its values: key and time.
const FIXED: usize = 2;

/// A number that is wanted of every row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// What is computed.
    pub aggregate: Aggregate,
    /// Number of the column it is computed of; `None` for counts and times.
    pub column: Option<usize>,
    /// Window length in milliseconds, at least one; `None` is for life.
    pub window_ms: Option<i64>,
    /// Whether the row itself counts.
    pub including_this: bool,
}

impl Ask {
    /// Whether the answer is how many there are, which is kept as an integer.
    pub fn is_count(&self) -> bool {
        matches!(self.aggregate, Aggregate::Count | Aggregate::Distinct)
    }
}

/// Rows in order of time, by column.
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a> {
    /// The key of each row.
    pub keys: &'a [i64],
    /// When it happened, in milliseconds since 1970, not before.
    pub times: &'a [i64],
    /// Its values, column by column; [`ABSENT`] where there is none.
    pub values: &'a [&'a [i64]],
}

/// The answers for all rows of a table: a line of counts and one of other numbers for each. They lie
/// in the memory of the [`Sweeper`].
#[derive(Debug)]
pub struct Answers<'a> {
    deal: Deal,
    /// Length of a line of each.
    widths: [usize; 2],
    counts: &'a [u32],
    numbers: &'a [f64],
}

/// Sweeps over tables, with memory that one sweep leaves to the next.
#[derive(Debug)]
pub struct Sweeper {
    threads: usize,
    lines: Vec<i64>,
    counts: Vec<u32>,
    numbers: Vec<f64>,
}

impl Sweeper {
    /// Nothing yet; a sweep runs on so many threads.
    pub fn new(threads: usize) -> Sweeper {
        let (lines, counts, numbers) = (Vec::new(), Vec::new(), Vec::new());
        Sweeper { threads: threads.clamp(1, PARTS), lines, counts, numbers }
    }

    /// For each row what was asked, over the rows with its key up to it.
    ///
    /// # Panics
    /// When the columns are of another length than the keys, a column that was asked for is missing,
    /// a time lies before 1970 or before that of the row above, or there are more than 2^32 - 1 rows.
    pub fn sweep(&mut self, asks: &[Ask], rows: Columns<'_>) -> Answers<'_> {
        assert_eq!(rows.times.len(), rows.keys.len(), "a time for each key");
        assert!(rows.times.is_sorted(), "times in order");
        assert!(rows.times.first().is_none_or(|time| 0 <= *time), "times from 1970 on");
        assert!(u32::try_from(rows.keys.len()).is_ok(), "rows can be numbered");
        let mut wanted: Vec<usize> = asks.iter().filter_map(|ask| ask.column).collect();
        wanted.sort_unstable();
        wanted.dedup();
        // Asks name the columns that rows of a part have.
        let place = |column: usize| wanted.iter().position(|wanted| *wanted == column);
        let asks: Vec<Ask> =
            asks.iter().map(|ask| Ask { column: ask.column.and_then(place), ..*ask }).collect();
        let values: Vec<&[i64]> = wanted.iter().map(|column| rows.values[*column]).collect();
        assert!(
            values.iter().all(|values| values.len() == rows.keys.len()),
            "a value for each key"
        );
        let rows = Columns { values: &values, ..rows };
        let sweep = Sweep::new(&asks, values.len());
        let (count, width) = (rows.keys.len(), FIXED + values.len());
        let widths = [sweep.counts, sweep.numbers];
        let mut lines = first(&mut self.lines, count * width);
        let mut counts = first(&mut self.counts, count * widths[0]);
        let mut numbers = first(&mut self.numbers, count * widths[1]);
        let deal = Deal::new(rows.keys, self.threads);
        // Parts lie behind one another, in lines as in answers.
        std::thread::scope(|scope| {
            for thread in 0..self.threads {
                let parts = PARTS * thread / self.threads..PARTS * (thread + 1) / self.threads;
                let count = (deal.starts[parts.end] - deal.starts[parts.start]) as usize;
                let share = Share {
                    lines: cut(&mut lines, count * width),
                    counts: cut(&mut counts, count * widths[0]),
                    numbers: cut(&mut numbers, count * widths[1]),
                    parts,
                };
                let (deal, sweep) = (&deal, sweep.clone());
                scope.spawn(move || share.fill(deal, rows, sweep));
            }
        });
        let (counts, numbers) = (&self.counts, &self.numbers);
        Answers { deal, widths, counts, numbers }
    }
}

/// The first so many of what is kept, which becomes so many when there are fewer.
fn first<T: Clone + Default>(kept: &mut Vec<T>, count: usize) -> &mut [T] {
    if kept.len() < count {
        *kept = vec![T::default(); count];
    }
    &mut kept[..count]
}

/// Takes so many off the front.
fn cut<'a, T>(slice: &mut &'a mut [T], count: usize) -> &'a mut [T] {
    slice.split_off_mut(..count).expect("parts are no more than the rows")
}

/// The parts of a thread.
struct Share<'a> {
    parts: Range<usize>,
    /// Key, time and values of their rows.
    lines: &'a mut [i64],
    counts: &'a mut [u32],
    numbers: &'a mut [f64],
}

impl Share<'_> {
    fn fill(self, deal: &Deal, rows: Columns<'_>, mut sweep: Sweep) {
        let Share { parts, lines, counts, numbers } = self;
        let width = FIXED + rows.values.len();
        let origin = deal.starts[parts.start];
        let mut next = deal.next(0).map(|line| line.saturating_sub(origin) as usize * width);
        let mut mine = [0; MARK];
        for (start, part_of) in deal.part_of.chunks(MARK).enumerate() {
            // Which rows are its own is as good as random: no branch could be foretold.
            let mut found = 0;
            for (row, part) in part_of.iter().enumerate() {
                mine[found] = row;
                found += usize::from(parts.contains(&usize::from(*part)));
            }
            for row in &mine[..found] {
                let next = &mut next[usize::from(part_of[*row])];
                let line = &mut lines[*next..*next + width];
                *next += width;
                let row = start * MARK + row;
                (line[0], line[1]) = (rows.keys[row], rows.times[row]);
                for (into, values) in line[FIXED..].iter_mut().zip(rows.values) {
                    let given = values[row];
                    *into = if given.unsigned_abs() <= VALUE_MAX as u64 { given } else { ABSENT };
                }
            }
        }
        let mut order = ByKey::default();
        for part in parts {
            let line = |part: usize| (deal.starts[part] - origin) as usize;
            let range = line(part)..line(part + 1);
            let scaled = |width: usize| range.start * width..range.end * width;
            let lines = &lines[scaled(width)];
            order.sort(lines.chunks_exact(width).map(|line| line[0]));
            let ByKey { rows, ends, .. } = &order;
            let row = |row: usize| {
                let start = rows[row] as usize * width;
                &lines[start + 1..start + width]
            };
            let counts = &mut counts[scaled(sweep.counts)];
            let numbers = &mut numbers[scaled(sweep.numbers)];
            sweep.run(ends, row, Lines { of: rows, counts, numbers });
        }
    }
}

impl Answers<'_> {
    /// Appends the answers of a range of rows: to each of `counts` those to an ask that is one, to
    /// each of `numbers` those to another ask, both in the order of the asks.
    ///
    /// # Panics
    /// When there are not so many rows.
    pub fn append(&self, rows: Range<usize>, counts: &mut [Vec<u32>], numbers: &mut [Vec<f64>]) {
        let mut next = self.deal.next(rows.start);
        let mut lines = [0; STRIP];
        for parts in self.deal.part_of[rows].chunks(STRIP) {
            for (line, part) in lines.iter_mut().zip(parts) {
                let next = &mut next[usize::from(*part)];
                *line = *next as usize;
                *next += 1;
            }
            let lines = &lines[..parts.len()];
            for (place, column) in counts.iter_mut().enumerate() {
                column.extend(lines.iter().map(|line| self.counts[line * self.widths[0] + place]));
            }
            for (place, column) in numbers.iter_mut().enumerate() {
                column.extend(lines.iter().map(|line| self.numbers[line * self.widths[1] + place]));
            }
        }
    }
}

/// Which row goes to which part, and on which line it is there: parts lie behind each other.
#[derive(Debug)]
struct Deal {
    part_of: Vec<u16>,
    /// First line of each part, and behind the last.
    starts: [u32; PARTS + 1],
    /// Before every [`MARK`] rows: the next line of each part.
    marks: Vec<[u32; PARTS]>,
}

impl Deal {
    fn new(keys: &[i64], threads: usize) -> Deal {
        let mut part_of = vec![0; keys.len()];
        let mut marks = vec![[0; PARTS]; keys.len().div_ceil(MARK)];
        let share = marks.len().div_ceil(threads).max(1);
        std::thread::scope(|scope| {
            let keys = keys.chunks(share * MARK);
            let shares = keys.zip(part_of.chunks_mut(share * MARK)).zip(marks.chunks_mut(share));
            for ((keys, part_of), marks) in shares {
                scope.spawn(|| {
                    let chunks = keys.chunks(MARK).zip(part_of.chunks_mut(MARK));
                    for ((keys, part_of), sizes) in chunks.zip(marks) {
                        for (key, part) in keys.iter().zip(part_of) {
                            let mixed = (*key as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                            *part = (mixed >> (u64::BITS - PARTS.ilog2())) as u16;
                            sizes[usize::from(*part)] += 1;
                        }
                    }
                });
            }
        });
        let mut sizes = [0; PARTS];
        for mark in &mut marks {
            let both = mark.iter_mut().zip(&mut sizes);
            both.for_each(|(mark, size)| (*mark, *size) = (*size, *size + *mark));
        }
        let mut starts = [0; PARTS + 1];
        for (part, size) in sizes.iter().enumerate() {
            starts[part + 1] = starts[part] + size;
        }
        for mark in &mut marks {
            mark.iter_mut().zip(starts).for_each(|(line, start)| *line += start);
        }
        Deal { part_of, starts, marks }
    }

    /// The next line of each part before a row.
    fn next(&self, row: usize) -> [u32; PARTS] {
        let Some(mark) = self.marks.get(row / MARK) else { return [0; PARTS] };
        let mut next = *mark;
        let since = row / MARK * MARK;
        self.part_of[since..row].iter().for_each(|part| next[usize::from(*part)] += 1);
        next
    }
}

/// Numbers of rows by key, those of one key in their order.
#[derive(Debug, Default)]
struct ByKey {
    rows: Vec<u32>,
    /// Behind the rows of each key.
    ends: Vec<u32>,
    /// The number of each row's key, in order of first sight.
    key_of: Vec<u32>,
    known: HashMap<i64, u32, FixedState>,
}

impl ByKey {
    fn sort(&mut self, keys: impl Iterator<Item = i64>) {
        let ByKey { rows, ends, key_of, known } = self;
        ends.clear();
        key_of.clear();
        known.clear();
        for key in keys {
            let number = *known.entry(key).or_insert_with(|| {
                ends.push(0);
                ends.len() as u32 - 1
            });
            ends[number as usize] += 1;
            key_of.push(number);
        }
        let mut all = 0;
        for end in &mut *ends {
            (*end, all) = (all, all + *end);
        }
        rows.clear();
        rows.resize(key_of.len(), 0);
        for (row, number) in key_of.iter().enumerate() {
            // From here on it is the end of what was put in place.
            let end = &mut ends[*number as usize];
            rows[*end as usize] = row as u32;
            *end += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena::Arena;
    use crate::entities::Entities;
    use crate::expr::Expr;
    use crate::field::EventType;
    use crate::history::Limits;
    use crate::plan::{Definition, Measure, Plan, Reading, Value};
    use crate::window::{Entity, Row, Work};

    /// All that an ask can want.
    const AGGREGATES: [Aggregate; 23] = [
        Aggregate::Count,
        Aggregate::Sum,
        Aggregate::Mean,
        Aggregate::Min,
        Aggregate::Max,
        Aggregate::Stddev,
        Aggregate::Distinct,
        Aggregate::First,
        Aggregate::Last,
        Aggregate::SinceFirst,
        Aggregate::SinceLast,
        Aggregate::Entropy,
        Aggregate::Concentration,
        Aggregate::Median,
        Aggregate::Rank,
        Aggregate::Repeats,
        Aggregate::Rising,
        Aggregate::Falling,
        Aggregate::Changes,
        Aggregate::Mode,
        Aggregate::GapMin,
        Aggregate::GapCv,
        Aggregate::HourRarity,
    ];

    const WINDOWS: [Option<i64>; 4] = [Some(1), Some(900), Some(20_000), None];

    fn asks() -> Vec<Ask> {
        let mut asks = Vec::new();
        for aggregate in AGGREGATES {
            for window_ms in WINDOWS {
                for including_this in [true, false] {
                    let of_times = [Aggregate::Count, Aggregate::SinceFirst, Aggregate::SinceLast];
                    let column = match aggregate {
                        aggregate if of_times.contains(&aggregate) => None,
                        Aggregate::Distinct | Aggregate::Mode | Aggregate::Repeats => Some(2),
                        _ => Some(0),
                    };
                    asks.push(Ask { aggregate, column, window_ms, including_this });
                }
            }
        }
        asks
    }

    /// What the entities of a history answer to rows that come one after the other.
    fn by_entities(asks: &[Ask], rows: Columns<'_>) -> Vec<f64> {
        // Never evaluated: the number tells the columns apart.
        let value = |column: usize| Value { expr: Expr::Constant(column as f64), scale: 1.0 };
        let measure = |ask: &Ask| Measure {
            aggregate: ask.aggregate,
            value: ask.column.map(value),
            condition: Expr::Constant(1.0),
            record_by: Vec::new(),
            read_by: Vec::new(),
            window_ms: ask.window_ms,
            offset_ms: 0,
            including_this: ask.including_this,
            within: Vec::new(),
        };
        let measures: Vec<Measure> = asks.iter().map(measure).collect();
        let definition = |index: usize| Definition {
            name: index.to_string(),
            reading: Reading::Number,
            expr: Expr::Reading(index as u16),
        };
        let definitions: Vec<Definition> = (0..asks.len()).map(definition).collect();
        let wanted: Vec<usize> = (0..asks.len()).collect();
        let mut plan = Plan::new(&definitions, &measures, &[], &wanted);
        let table = &mut plan.tables[0];
        table.shape.raw_max = Limits { raw_max: 8_192, ..Limits::default() }.rows();
        let columns: Vec<usize> = table
            .columns
            .iter()
            .map(|(value, _)| match plan.values[usize::from(*value)].expr {
                Expr::Constant(column) => column as usize,
                _ => unreachable!("columns are constants here"),
            })
            .collect();
        assert_eq!(plan.tables.len(), 1);
        let (shape, mut arena) = (&plan.tables[0].shape, Arena::default());
        let (mut entities, mut work) = (Entities::default(), Work::default());
        let mut all = vec![0.0; rows.keys.len() * asks.len()];
        for (row, answers) in all.chunks_mut(asks.len()).enumerate() {
            // The index takes keys for hashes.
            let (key, time) =
                ((rows.keys[row] as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15), rows.times[row]);
            let values: Vec<i64> = columns.iter().map(|column| rows.values[*column][row]).collect();
            let own = Row { time, mask: 1, values: &values };
            let place = entities.find(key);
            let stranger = Entity::new(key, i64::MIN);
            let entity = place.and_then(|place| entities.entity(place, key)).unwrap_or(&stranger);
            for ask in &plan.turn(EventType::Payment).asks {
                let asked = (plan.lookups[ask.lookup].spans.as_slice(), ask.questions.as_slice());
                let table = (shape, &entities.codes, &arena);
                entity.answer(table, asked, time, own, &mut work, answers);
            }
            entities.insert(shape, &mut arena, key, place, own, &mut work, 1_000);
        }
        all
    }

    /// The answers of a range of rows, a column for each ask.
    fn columns(asks: &[Ask], answers: &Answers<'_>, rows: Range<usize>) -> Vec<Vec<f64>> {
        let counted = asks.iter().filter(|ask| ask.is_count()).count();
        let mut counts = vec![Vec::new(); counted];
        let mut numbers = vec![Vec::new(); asks.len() - counted];
        answers.append(rows, &mut counts, &mut numbers);
        let floats = |column: Vec<u32>| column.into_iter().map(f64::from).collect();
        let (mut counts, mut numbers) = (counts.into_iter().map(floats), numbers.into_iter());
        let column = |ask: &Ask| if ask.is_count() { counts.next() } else { numbers.next() };
        asks.iter().map(column).collect::<Option<_>>().unwrap()
    }

    /// With sums that fit 64 bits, and with some that do not.
    #[test]
    fn a_sweep_answers_what_a_history_does() {
        let mut sweeper = Sweeper::new(3);
        for largest in [1 << 40, 1 << 59] {
            let mut state = 5_u64;
            println!("seed {state}, values to {largest}");
            let mut below = |limit: u64| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                ((u128::from(state) * u128::from(limit)) >> 64) as u64
            };
            let (mut keys, mut times, mut amounts, mut others) = (vec![], vec![], vec![], vec![]);
            let mut time = 1_700_000_000_000;
            for _ in 0..4_000 {
                // Some at once.
                time += below(30).saturating_sub(3) as i64;
                times.push(time);
                // One key has a third of all rows: it keeps chunks.
                keys.push(if below(3) == 0 { 7 } else { below(90) as i64 });
                amounts.push(match below(9) {
                    0 => ABSENT,
                    1 => -(below(largest) as i64),
                    _ => below(500) as i64 - 9,
                });
                others.push(if below(20) == 0 { ABSENT } else { below(200) as i64 });
            }
            let unused = vec![1; 4_000];
            let rows =
                Columns { keys: &keys, times: &times, values: &[&amounts, &unused, &others] };
            let asks = asks();
            let answers = columns(&asks, &sweeper.sweep(&asks, rows), 0..keys.len());
            let wanted = by_entities(&asks, rows);
            for (number, (ask, answers)) in asks.iter().zip(answers).enumerate() {
                assert_eq!(answers.len(), keys.len());
                let wanted = wanted.iter().skip(number).step_by(asks.len());
                for (row, (answer, wanted)) in answers.iter().zip(wanted).enumerate() {
                    let same = wanted.to_bits() == answer.to_bits();
                    assert!(
                        same || wanted.is_nan() && answer.is_nan(),
                        "row {row}, {ask:?}: got {answer}, wanted {wanted}"
                    );
                }
            }
        }
    }

    #[test]
    fn answers_can_be_had_in_parts() {
        let count = 3 * MARK + 77;
        let keys: Vec<i64> = (0..count as i64).map(|row| row * row % 2_003).collect();
        let times: Vec<i64> = (0..count as i64).map(|row| row * 7).collect();
        let ask = |aggregate, column| Ask {
            aggregate,
            column,
            window_ms: Some(90_000),
            including_this: true,
        };
        let asks = [ask(Aggregate::Sum, Some(0)), ask(Aggregate::Count, None)];
        let rows = Columns { keys: &keys, times: &times, values: &[&times] };
        let mut sweeper = Sweeper::new(1);
        let answers = sweeper.sweep(&asks, rows);
        let whole = columns(&asks, &answers, 0..count);
        assert!(whole.iter().all(|column| column.len() == count));
        for start in (0..count).step_by(10_007) {
            let range = start..count.min(start + 10_007);
            let part = columns(&asks, &answers, range.clone());
            assert!(part.iter().zip(&whole).all(|(part, whole)| *part == whole[range.clone()]));
        }
        assert!(columns(&asks, &answers, count..count).concat().is_empty());
    }

    #[test]
    fn no_rows_have_no_answers() {
        let rows = Columns { keys: &[], times: &[], values: &[&[], &[], &[]] };
        let mut sweeper = Sweeper::new(2);
        let answers = sweeper.sweep(&asks(), rows);
        assert!(columns(&asks(), &answers, 0..0).concat().is_empty());
    }
}
