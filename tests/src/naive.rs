//! The slow judge of windows: it keeps every event, and says in a line each what an aggregate is.
//!
//! It knows nothing of rows, tiles, bits or sketches. What looks at single events looks at the
//! newest 128, as the language promises; all else at everything in the window.

use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::TAU;

/// Newest events that an aggregate of single events looks at.
const SCANNED: usize = 128;

/// Newest events whose rhythm is measured.
const RHYTHM: usize = 10;

/// One remembered event of one key: time, amount and another value.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// Event time in milliseconds.
    pub time: i64,
    /// Amount in minor units.
    pub amount: i64,
    /// A value to be told apart, such as a card.
    pub other: u64,
}

impl Seen {
    /// The full hour of the day in UTC.
    fn hour(&self) -> f64 {
        (self.time.rem_euclid(86_400_000) / 3_600_000) as f64
    }
}

/// Everything that happened to one key, sorted by time and then by arrival.
#[derive(Clone, Debug, Default)]
pub struct Naive(Vec<Seen>);

impl Naive {
    /// Remembers an event.
    pub fn record(&mut self, seen: Seen) {
        let at = self.up_to(seen.time);
        self.0.insert(at, seen);
    }

    /// What lies in `(at - offset - window, at - offset]`; no window is for life.
    pub fn window(&self, at: i64, window: Option<i64>, offset: i64) -> &[Seen] {
        self.window_and_before(at, window, offset, 0)
    }

    /// The same with so many events before it.
    pub fn window_and_before(
        &self,
        at: i64,
        window: Option<i64>,
        offset: i64,
        before: usize,
    ) -> &[Seen] {
        let to = at - offset;
        let end = self.up_to(to);
        let start = window.map_or(0, |window| self.up_to(to - window));
        &self.0[start.min(end).saturating_sub(before)..end]
    }

    /// How many remembered events happened by this time.
    pub fn up_to(&self, time: i64) -> usize {
        self.0.partition_point(|seen| seen.time <= time)
    }

    /// How many remembered events are newer than `time`.
    pub fn newer_than(&self, time: i64) -> usize {
        self.0.len() - self.up_to(time)
    }

    /// The event of this number, in order of time.
    pub fn get(&self, number: usize) -> Seen {
        self.0[number]
    }

    /// Time of the newest event.
    pub fn newest(&self) -> Option<i64> {
        self.0.last().map(|seen| seen.time)
    }
}

/// What is asked of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Number of events.
    Count,
    /// Sum of the amounts.
    Sum,
    /// Mean of the amounts.
    Mean,
    /// Smallest amount.
    Min,
    /// Largest amount.
    Max,
    /// Population standard deviation of the amounts.
    Stddev,
    /// Different other values.
    Distinct,
    /// Amount of the earliest event.
    First,
    /// Amount of the latest event.
    Last,
    /// Milliseconds since the earliest event.
    SinceFirst,
    /// Milliseconds since the latest event.
    SinceLast,
    /// Entropy of the other values' shares, in nats.
    Entropy,
    /// Sum of the squares of these shares.
    Concentration,
    /// The middle amount.
    Median,
    /// Share of smaller amounts, equal ones counted half.
    Rank,
    /// Events with the asking event's amount.
    Repeats,
    /// Run of growing amounts at the end.
    Rising,
    /// Run of shrinking amounts at the end.
    Falling,
    /// Times that the other value changed.
    Changes,
    /// The most frequent amount, the latest of equally frequent ones.
    Mode,
    /// Shortest time between two events.
    GapMin,
    /// Deviation over mean of the times between the newest ten events.
    GapCv,
    /// How rare the asking event's hour of the day is.
    HourRarity,
}

impl What {
    /// How the language writes it, of these events.
    pub fn text(self, events: &str) -> String {
        let of = |name: &str, value: &str| format!("{name}({value} of {events})");
        let amount = |name: &str| of(name, "base_minor");
        match self {
            What::Count => format!("count({events})"),
            What::Sum => amount("sum"),
            What::Mean => amount("avg"),
            What::Min => amount("min"),
            What::Max => amount("max"),
            What::Stddev => amount("stddev"),
            What::Distinct => of("distinct", "card"),
            What::First => amount("first"),
            What::Last => amount("last"),
            What::SinceFirst => format!("since_first({events})"),
            What::SinceLast => format!("since_last({events})"),
            What::Entropy => of("entropy", "card"),
            What::Concentration => of("concentration", "card"),
            What::Median => amount("median"),
            What::Rank => amount("rank"),
            What::Repeats => amount("repeats"),
            What::Rising => amount("rising"),
            What::Falling => amount("falling"),
            What::Changes => of("changes", "card"),
            What::Mode => amount("mode"),
            What::GapMin => format!("gap_min({events})"),
            What::GapCv => format!("gap_cv({events})"),
            What::HourRarity => of("hour_rarity", "utc.hour"),
        }
    }

    /// Whether it looks at single events, the newest alone.
    pub fn is_scanned(self) -> bool {
        matches!(
            self,
            What::Entropy
                | What::Concentration
                | What::Median
                | What::Rank
                | What::Repeats
                | What::Rising
                | What::Falling
                | What::Changes
                | What::Mode
                | What::GapMin
                | What::GapCv
                | What::HourRarity
        )
    }

    /// Whether floating point of another order of operations may differ in the last bits.
    pub fn is_rounded(self) -> bool {
        matches!(self, What::Entropy | What::GapCv | What::HourRarity)
    }

    /// The answer from events in order of time; NaN is unknown. `asking` is the event that asks.
    pub fn of(self, seen: &[Seen], asking: Seen) -> f64 {
        let seen = if self.is_scanned() { newest(seen, SCANNED) } else { seen };
        let amounts = || seen.iter().map(|s| s.amount);
        let known = |value: Option<i64>| value.map_or(f64::NAN, |value| value as f64);
        let number = |value: usize| value as f64;
        match self {
            What::Count => number(seen.len()),
            What::Sum => amounts().sum::<i64>() as f64,
            // Of nothing it is 0 / 0, which is unknown.
            What::Mean => amounts().sum::<i64>() as f64 / seen.len() as f64,
            What::Min => known(amounts().min()),
            What::Max => known(amounts().max()),
            What::Stddev => deviation(amounts()),
            What::Distinct => number(seen.iter().map(|s| s.other).collect::<BTreeSet<_>>().len()),
            What::First => known(amounts().next()),
            What::Last => known(amounts().next_back()),
            What::SinceFirst => known(seen.first().map(|s| asking.time - s.time)),
            What::SinceLast => known(seen.last().map(|s| asking.time - s.time)),
            What::Entropy => {
                let n = seen.len() as f64;
                let logs: f64 = shares(seen).map(|count| number(count) * number(count).ln()).sum();
                if seen.is_empty() { f64::NAN } else { n.ln() - logs / n }
            }
            What::Concentration => {
                let squares: usize = shares(seen).map(|count| count * count).sum();
                number(squares) / number(seen.len() * seen.len())
            }
            What::Median => median(amounts().collect()),
            What::Rank => {
                let below = amounts().filter(|amount| *amount < asking.amount).count();
                let equal = amounts().filter(|amount| *amount == asking.amount).count();
                (number(below) + number(equal) / 2.0) / number(seen.len())
            }
            What::Repeats => number(amounts().filter(|a| *a == asking.amount).count()),
            What::Rising => run(seen, |earlier, later| earlier < later),
            What::Falling => run(seen, |earlier, later| earlier > later),
            What::Changes => number(seen.windows(2).filter(|w| w[0].other != w[1].other).count()),
            What::Mode => {
                let mut counts: BTreeMap<i64, (usize, usize)> = BTreeMap::new();
                for (index, amount) in amounts().enumerate() {
                    let count = counts.entry(amount).or_default();
                    *count = (count.0 + 1, index);
                }
                let best = counts.iter().max_by_key(|(_, count)| **count);
                known(best.map(|(amount, _)| *amount))
            }
            What::GapMin => known(gaps(seen).min()),
            What::GapCv => variation(&gaps(newest(seen, RHYTHM)).collect::<Vec<_>>()),
            What::HourRarity => rarity(seen, asking.hour()),
        }
    }
}

/// Whether some of these events are the steps of a sequence, each later in the order given than the
/// one before, and each less than its time after it; the last step is an event at `at`. `is_step`
/// says whether an event can be a step; the newest that can be any of them are looked at.
pub fn followed(
    seen: &[Seen],
    within: &[i64],
    at: i64,
    is_step: impl Fn(usize, &Seen) -> bool,
) -> bool {
    let steps = |seen: &Seen| (0..within.len()).filter(|step| is_step(*step, seen)).collect();
    let matched: Vec<(i64, Vec<usize>)> = seen.iter().map(|s| (s.time, steps(s))).collect();
    let matched: Vec<_> = matched.into_iter().filter(|(_, steps)| !steps.is_empty()).collect();
    led_up_to(newest(&matched, SCANNED), within, at)
}

fn led_up_to(before: &[(i64, Vec<usize>)], within: &[i64], at: i64) -> bool {
    let Some((most, earlier)) = within.split_last() else { return true };
    let last = earlier.len();
    let soon = before.iter().enumerate().rev().take_while(|(_, (time, _))| at - time < *most);
    soon.filter(|(_, (_, steps))| steps.contains(&last))
        .any(|(place, (time, _))| led_up_to(&before[..place], earlier, *time))
}

fn newest<T>(seen: &[T], most: usize) -> &[T] {
    &seen[seen.len().saturating_sub(most)..]
}

/// How often each other value occurs.
fn shares(seen: &[Seen]) -> impl Iterator<Item = usize> {
    let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
    seen.iter().for_each(|s| *counts.entry(s.other).or_default() += 1);
    counts.into_values()
}

/// In integers but for the root, so that there is one right answer to the last bit.
fn deviation(amounts: impl Iterator<Item = i64>) -> f64 {
    let (mut n, mut sum, mut squares) = (0_i128, 0_i128, 0_i128);
    for amount in amounts.map(i128::from) {
        (n, sum, squares) = (n + 1, sum + amount, squares + amount * amount);
    }
    ((n * squares - sum * sum) as f64).sqrt() / n as f64
}

fn median(mut amounts: Vec<i64>) -> f64 {
    amounts.sort_unstable();
    match amounts.len() {
        0 => f64::NAN,
        n => (amounts[(n - 1) / 2] + amounts[n / 2]) as f64 / 2.0,
    }
}

fn run(seen: &[Seen], goes_on: fn(i64, i64) -> bool) -> f64 {
    let mut length = seen.len().min(1);
    for pair in seen.windows(2).rev() {
        if !goes_on(pair[0].amount, pair[1].amount) {
            break;
        }
        length += 1;
    }
    length as f64
}

fn gaps(seen: &[Seen]) -> impl Iterator<Item = i64> {
    seen.windows(2).map(|pair| pair[1].time - pair[0].time)
}

fn variation(gaps: &[i64]) -> f64 {
    let n = gaps.len() as f64;
    let mean = gaps.iter().map(|gap| *gap as f64).sum::<f64>() / n;
    let variance = gaps.iter().map(|gap| (*gap as f64 - mean).powi(2)).sum::<f64>() / n;
    if gaps.len() < 2 || mean == 0.0 { f64::NAN } else { variance.sqrt() / mean }
}

/// Minus the logarithm of a von Mises kernel density with concentration 6, at an hour of the day.
fn rarity(seen: &[Seen], hour: f64) -> f64 {
    const KAPPA: f64 = 6.0;
    if seen.len() < 10 {
        return f64::NAN;
    }
    // I0(x) is the sum of (x^2 / 4)^k / k!^2.
    let terms = (1..60).scan(1.0, |term, k| {
        *term *= KAPPA * KAPPA / 4.0 / f64::from(k * k);
        Some(*term)
    });
    let bessel = 1.0 + terms.sum::<f64>();
    let kernel = |s: &Seen| (KAPPA * ((s.hour() - hour) * TAU / 24.0).cos()).exp();
    let density = seen.iter().map(kernel).sum::<f64>() / (TAU * bessel * seen.len() as f64);
    -density.ln()
}
