//! What is read from single events: order, repetition, spread and rhythm of the newest few.
//!
//! Everything here looks at no more than [`SCAN_MAX`] events, so its cost is bounded whatever the
//! window: one pass, or one sort of so few integers. What can be is computed in integers, and sums
//! of fractions run in an order that the values alone decide, so the same events give the same
//! bits. Nothing is allocated.

use super::Aggregate;
use crate::expr::{UNKNOWN, truth};
use crate::limits::{SCAN_MAX, SEQUENCE_STEPS_MAX};

/// Events whose rhythm [`Aggregate::GapCv`] measures: a script shows in its last few, and what a
/// person did hours earlier would hide it.
const RHYTHM_EVENTS: usize = 10;

/// Fewest hours that make a habit.
const HABIT_EVENTS: usize = 10;

/// Concentration of the von Mises kernel around each hour: about an hour and a half each side.
const KAPPA: f64 = 6.0;

/// The modified Bessel function of order zero at [`KAPPA`], which normalises the kernel.
const BESSEL_I0: f64 = 67.234_406_976_477_98;

/// The answer over some events in order of time.
///
/// `times` are their milliseconds and `values` their values times `scale`, one for each, none of
/// them absent; the values may be left in another order. `own` is the scored event's own value, in
/// the same scale. Unknown for an aggregate that is no scan, and for [`sequence`].
pub(super) fn scan(
    aggregate: Aggregate,
    times: &[i64],
    values: &mut [i64],
    own: Option<i64>,
    scale: f64,
) -> f64 {
    debug_assert!(values.len() <= SCAN_MAX && times.len() == values.len());
    match aggregate {
        Aggregate::Entropy => entropy(values),
        Aggregate::Concentration => concentration(values),
        Aggregate::Median => median(values),
        Aggregate::Rank => own.map_or(UNKNOWN, |own| rank(values, own)),
        Aggregate::Repeats => own.map_or(UNKNOWN, |own| occurrences(values, own) as f64),
        Aggregate::Rising => run(values, |earlier, later| earlier < later) as f64,
        Aggregate::Falling => run(values, |earlier, later| later < earlier) as f64,
        Aggregate::Changes => values.windows(2).filter(|pair| pair[0] != pair[1]).count() as f64,
        Aggregate::Mode => mode(values).map_or(UNKNOWN, |value| value as f64),
        Aggregate::GapMin => gaps(times).min().map_or(UNKNOWN, |gap| gap as f64),
        Aggregate::GapCv => gap_cv(&times[times.len().saturating_sub(RHYTHM_EVENTS)..]),
        Aggregate::HourRarity => own.map_or(UNKNOWN, |own| hour_rarity(values, own, scale)),
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
        | Aggregate::SinceLast
        | Aggregate::Sequence => UNKNOWN,
    }
}

/// Whether the steps before the one at time `at` happened one after the other, each sooner after
/// the one before than its entry of `within` says: 1 or 0.
///
/// The events are in order; bit k of an event's `steps` says that it can be step k, of which there
/// are as many as entries. Of all the ways to have come as far as a step the one that got there
/// last is remembered, as it leaves the next step the most time.
pub(super) fn sequence(times: &[i64], steps: &[i64], within: &[i64], at: i64) -> f64 {
    let mut reached: [Option<i64>; SEQUENCE_STEPS_MAX - 1] = [None; SEQUENCE_STEPS_MAX - 1];
    let is_soon = |before: Option<i64>, within: i64, time: i64| {
        before.is_some_and(|before| time - before < within)
    };
    for (time, steps) in times.iter().zip(steps) {
        // The last step first: an event is one step of a chain, not two.
        for step in (0..within.len()).rev().filter(|step| steps >> step & 1 == 1) {
            if step == 0 || is_soon(reached[step - 1], within[step - 1], *time) {
                reached[step] = Some(*time);
            }
        }
    }
    let last = within.len().checked_sub(1);
    truth(last.is_some_and(|last| is_soon(reached[last], within[last], at)))
}

/// How often each different value occurs, in order of the values.
fn groups(values: &mut [i64]) -> impl Iterator<Item = (i64, usize)> + '_ {
    values.sort_unstable();
    values.chunk_by(|a, b| a == b).map(|group| (group[0], group.len()))
}

fn entropy(values: &mut [i64]) -> f64 {
    if values.is_empty() {
        return UNKNOWN;
    }
    let n = values.len() as f64;
    // Summed by how often values occur, not by the values: a text's number means nothing, and the
    // order of addition would show in the last bits.
    let mut occurring = [0_u32; SCAN_MAX + 1];
    groups(values).for_each(|(_, count)| occurring[count] += 1);
    let terms = occurring.iter().enumerate().filter(|(_, groups)| **groups != 0);
    let sum: f64 = terms
        .map(|(count, groups)| {
            let share = count as f64 / n;
            -f64::from(*groups) * share * share.ln()
        })
        .sum();
    // One value alone gives minus zero.
    sum + 0.0
}

fn concentration(values: &mut [i64]) -> f64 {
    if values.is_empty() {
        return UNKNOWN;
    }
    let n = values.len();
    let squares: usize = groups(values).map(|(_, count)| count * count).sum();
    squares as f64 / (n * n) as f64
}

fn median(values: &mut [i64]) -> f64 {
    if values.is_empty() {
        return UNKNOWN;
    }
    values.sort_unstable();
    let (low, high) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
    (i128::from(low) + i128::from(high)) as f64 / 2.0
}

fn rank(values: &[i64], own: i64) -> f64 {
    if values.is_empty() {
        return UNKNOWN;
    }
    let below = values.iter().filter(|value| **value < own).count();
    (2 * below + occurrences(values, own)) as f64 / (2 * values.len()) as f64
}

fn occurrences(values: &[i64], wanted: i64) -> usize {
    values.iter().filter(|value| **value == wanted).count()
}

/// Length of the run at the end in which each value goes on from the one before it.
fn run(values: &[i64], goes_on: impl Fn(i64, i64) -> bool) -> usize {
    let steps = values.windows(2).rev().take_while(|pair| goes_on(pair[0], pair[1])).count();
    if values.is_empty() { 0 } else { 1 + steps }
}

fn mode(values: &[i64]) -> Option<i64> {
    let mut best = None;
    let mut most = 0;
    // From the newest: of equally frequent values the one seen last is found first. At most
    // `index + 1` events have a value that was last seen at `index`.
    for (index, value) in values.iter().enumerate().rev() {
        if index < most {
            break;
        }
        let count = occurrences(&values[..=index], *value);
        if most < count {
            (best, most) = (Some(*value), count);
        }
    }
    best
}

fn gaps(times: &[i64]) -> impl Iterator<Item = i64> + '_ {
    times.windows(2).map(|pair| pair[1] - pair[0])
}

fn gap_cv(times: &[i64]) -> f64 {
    let (sum, squares) = gaps(times).fold((0_i128, 0_i128), |(sum, squares), gap| {
        let gap = i128::from(gap);
        (sum + gap, squares + gap * gap)
    });
    if times.len() < 3 || sum == 0 {
        return UNKNOWN;
    }
    // The deviation is sqrt(n * squares - sum^2) / n and the mean sum / n: only the root rounds.
    let n = times.len() as i128 - 1;
    ((n * squares - sum * sum) as f64).sqrt() / sum as f64
}

/// Minus the logarithm of the density, for one radian of the circle of 24 hours: ln(2 pi), about
/// 1.84, where hours are spread evenly, and more where they are rarer.
fn hour_rarity(values: &mut [i64], own: i64, scale: f64) -> f64 {
    if values.len() < HABIT_EVENTS {
        return UNKNOWN;
    }
    let n = values.len() as f64;
    let radians = std::f64::consts::TAU / 24.0 / scale;
    let kernels = groups(values).map(|(hour, count)| {
        let away = (hour as f64 - own as f64) * radians;
        count as f64 * (KAPPA * away.cos()).exp()
    });
    (std::f64::consts::TAU * BESSEL_I0 * n / kernels.sum::<f64>()).ln()
}

#[cfg(test)]
mod tests;
