//! From margin to probability: a monotone map in log-odds, and the two ways to fit one.
//!
//! A margin ranks; a calibrated probability can be multiplied with money. The map is a straight
//! line (Platt) or a table of knots (isotonic), both in log-odds, so that small probabilities keep
//! their meaning down to 1e-13. Both are strictly increasing when fitted here: calibration never
//! makes two rows equal that the model told apart. A constant shift corrects for legitimate rows
//! that were left out of training. Log-odds are cut at ±30, so a probability is never 0 or 1.
//!
//! The exponential is ours (Taylor after range reduction, within 2 units in the last place): the
//! system's differs between C libraries, and a journal must give the same bits on any machine.
//! A probability costs about 15 ns.

use serde::{Deserialize, Serialize};

use crate::artifact::{Fault, check_number};

/// Probabilities stay within the logistic of plus and minus this.
const LOG_ODDS_MAX: f64 = 30.0;

/// What turns a margin into a probability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// The fitted map.
    pub map: CalibrationMap,
    /// Log-odds added after the map; see [`prior_shift`]. 0 when training saw every row.
    pub prior_shift: f64,
}

/// A strictly increasing map from margin to log-odds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum CalibrationMap {
    /// A straight line: `slope * margin + intercept`.
    Platt {
        /// Positive.
        slope: f64,
        /// In log-odds.
        intercept: f64,
    },
    /// Knots joined by straight lines, and a straight line beyond each end.
    Isotonic {
        /// The slope beyond the first and the last knot; not negative.
        tail_slope: f64,
        /// At least one, ascending in margin, not descending in log-odds.
        knots: Vec<Knot>,
    },
}

/// One point of an isotonic table.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Knot {
    /// The model's margin.
    pub margin: f64,
    /// The log-odds of fraud at that margin.
    pub log_odds: f64,
}

/// The shift of log-odds for a model that was trained on all frauds and on `kept_negatives` (above
/// 0, at most 1) of the legitimate rows: odds seen in training are `1 / kept_negatives` times too
/// high.
///
/// `p = b p_s / (b p_s - p_s + 1)` in log-odds is `ln b + log_odds(p_s)`.
pub fn prior_shift(kept_negatives: f64) -> f64 {
    kept_negatives.ln()
}

impl Calibration {
    /// The map that takes a margin as log-odds.
    pub fn identity() -> Calibration {
        Calibration { map: CalibrationMap::Platt { slope: 1.0, intercept: 0.0 }, prior_shift: 0.0 }
    }

    /// The calibrated probability of a finite margin, strictly between 0 and 1.
    pub fn probability(&self, margin: f64) -> f64 {
        logistic(self.map.log_odds(margin) + self.prior_shift)
    }

    /// Reports every fault of the map.
    pub(crate) fn check(&self, faults: &mut Vec<Fault>) {
        let place = |key: &str| format!("calibration.{key}");
        check_number(self.prior_shift, || place("prior_shift"), faults);
        match &self.map {
            CalibrationMap::Platt { slope, intercept } => {
                check_number(*intercept, || place("map.platt.intercept"), faults);
                check_number(*slope, || place("map.platt.slope"), faults);
                if *slope <= 0.0 {
                    let message = format!("got {slope}, wanted a slope above 0");
                    faults.push(Fault::new("M008", place("map.platt.slope"), message));
                }
            }
            CalibrationMap::Isotonic { tail_slope, knots } => {
                check_number(*tail_slope, || place("map.isotonic.tail_slope"), faults);
                if *tail_slope < 0.0 {
                    let message = format!("got {tail_slope}, wanted a slope of at least 0");
                    faults.push(Fault::new("M008", place("map.isotonic.tail_slope"), message));
                }
                check_knots(knots, faults);
            }
        }
    }
}

fn check_knots(knots: &[Knot], faults: &mut Vec<Fault>) {
    let place = |index: usize| format!("calibration.map.isotonic.knots[{index}]");
    if knots.is_empty() {
        let message = "got no knots, wanted at least one";
        faults.push(Fault::new("M005", "calibration.map.isotonic.knots", message));
    }
    for (index, knot) in knots.iter().enumerate() {
        check_number(knot.margin, || place(index), faults);
        check_number(knot.log_odds, || place(index), faults);
    }
    for (index, pair) in knots.windows(2).enumerate() {
        if pair[1].margin <= pair[0].margin {
            let message = "margin is not above the one before";
            faults.push(Fault::new("M008", place(index + 1), message));
        }
        if pair[1].log_odds < pair[0].log_odds {
            let message = "log-odds are below the ones before";
            faults.push(Fault::new("M008", place(index + 1), message));
        }
    }
}

impl CalibrationMap {
    fn log_odds(&self, margin: f64) -> f64 {
        match self {
            CalibrationMap::Platt { slope, intercept } => slope * margin + intercept,
            CalibrationMap::Isotonic { tail_slope, knots } => {
                let above = knots.partition_point(|knot| knot.margin <= margin);
                let lower = knots[..above].last();
                match (lower, knots.get(above)) {
                    (Some(low), Some(high)) => {
                        let share = (margin - low.margin) / (high.margin - low.margin);
                        low.log_odds + share * (high.log_odds - low.log_odds)
                    }
                    (Some(end), None) | (None, Some(end)) => {
                        end.log_odds + tail_slope * (margin - end.margin)
                    }
                    (None, None) => margin,
                }
            }
        }
    }
}

/// The logistic function of log-odds cut at ±30. `NaN` gives one half.
fn logistic(log_odds: f64) -> f64 {
    if log_odds.is_nan() {
        return 0.5;
    }
    1.0 / (1.0 + exp(-log_odds.clamp(-LOG_ODDS_MAX, LOG_ODDS_MAX)))
}

/// `e^x` for |x| up to 700, by plain arithmetic only.
fn exp(x: f64) -> f64 {
    // ln 2 in two parts: the first has 21 trailing zero bits, so that `twos * LN2_HIGH` is exact.
    const LN2_HIGH: f64 = f64::from_bits(0x3FE6_2E42_FEE0_0000);
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let twos = (x * std::f64::consts::LOG2_E).round();
    let rest = (x - twos * LN2_HIGH) - twos * LN2_LOW;
    // |rest| <= 0.35, so the first term left out is below 1e-17.
    let series = EXP_SERIES.iter().rev().fold(0.0, |sum, coefficient| sum * rest + coefficient);
    // `twos` is within ±1010, so this is the exponent field of a normal number.
    series * f64::from_bits(((twos as i64 + 1023) as u64) << 52)
}

/// `1 / n!` for n from 0 to 13.
const EXP_SERIES: [f64; 14] = {
    let mut series = [1.0; 14];
    let mut n = 1;
    let mut factorial = 1.0;
    while n < series.len() {
        factorial *= n as f64;
        series[n] = 1.0 / factorial;
        n += 1;
    }
    series
};

/// A weighted sample: rows with a margin, a label and a weight.
struct Sample<'a> {
    margins: &'a [f64],
    labels: &'a [u8],
    weights: Option<&'a [f64]>,
}

impl Sample<'_> {
    fn rows(&self) -> impl Iterator<Item = (f64, bool, f64)> + '_ {
        (0..self.margins.len()).map(|row| {
            let weight = self.weights.map_or(1.0, |weights| weights[row]);
            (self.margins[row], self.labels[row] != 0, weight)
        })
    }
}

/// Fits a straight line by logistic regression of the labels (0 or 1) on the margin.
///
/// Labels are softened as Platt (1999) advises, by one imagined row of each class, so that a margin
/// that separates the classes perfectly still has a finite slope. Newton's method with step halving
/// on a convex function of two numbers: it converges. `None` when a class is missing, or when the
/// slope is not positive, that is when the margin ranks the rows no better than chance.
pub fn fit_platt(
    margins: &[f64],
    labels: &[u8],
    weights: Option<&[f64]>,
) -> Option<CalibrationMap> {
    let sample = Sample { margins, labels, weights };
    let [mut frauds, mut others] = [0.0, 0.0];
    for (_, fraud, weight) in sample.rows() {
        *(if fraud { &mut frauds } else { &mut others }) += weight;
    }
    if frauds <= 0.0 || others <= 0.0 {
        return None;
    }
    let targets = [1.0 / (others + 2.0), (frauds + 1.0) / (frauds + 2.0)];
    let mut line = [1.0, 0.0];
    let (mut loss, mut step) = newton(&sample, targets, line);
    for _ in 0..100 {
        let mut length = 1.0;
        let (next, (next_loss, next_step)) = loop {
            let next = [line[0] - length * step[0], line[1] - length * step[1]];
            let there = newton(&sample, targets, next);
            if there.0 <= loss || length < 1e-10 {
                break (next, there);
            }
            length /= 2.0;
        };
        // Also ends when no step helps, and on a NaN.
        let gain = loss - next_loss;
        if gain.is_nan() || gain <= 1e-14 * loss {
            break;
        }
        (line, loss, step) = (next, next_loss, next_step);
    }
    let [slope, intercept] = line;
    (0.0 < slope && slope.is_finite() && intercept.is_finite())
        .then_some(CalibrationMap::Platt { slope, intercept })
}

/// The log loss of a line, and the Newton step to subtract from it.
fn newton(sample: &Sample, targets: [f64; 2], line: [f64; 2]) -> (f64, [f64; 2]) {
    let mut loss = 0.0;
    let [mut g0, mut g1] = [0.0; 2];
    // A little ridge keeps the Hessian invertible when all margins are equal.
    let [mut h00, mut h01, mut h11] = [1e-9, 0.0, 1e-9];
    for (margin, fraud, weight) in sample.rows() {
        let target = targets[usize::from(fraud)];
        let log_odds = line[0] * margin + line[1];
        // ln(1 + e^x) without overflow.
        let soft = log_odds.max(0.0) + (-log_odds.abs()).exp().ln_1p();
        loss += weight * (soft - target * log_odds);
        let probability = 1.0 / (1.0 + (-log_odds).exp());
        let gradient = weight * (probability - target);
        let curvature = weight * probability * (1.0 - probability);
        g0 += gradient * margin;
        g1 += gradient;
        h00 += curvature * margin * margin;
        h01 += curvature * margin;
        h11 += curvature;
    }
    let determinant = h00 * h11 - h01 * h01;
    let step = [(h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant];
    (loss, step)
}

/// Rows that share one fitted value.
#[derive(Debug, Clone, Copy)]
struct Block {
    weight: f64,
    frauds: f64,
    margin_sum: f64,
}

impl Block {
    fn mean(&self) -> f64 {
        self.frauds / self.weight
    }

    /// Log-odds with half an imagined row of each class, finite also for a pure block.
    fn log_odds(&self) -> f64 {
        ((self.frauds + 0.5) / (self.weight - self.frauds + 0.5)).ln()
    }

    fn joined(self, other: Block) -> Block {
        Block {
            weight: self.weight + other.weight,
            frauds: self.frauds + other.frauds,
            margin_sum: self.margin_sum + other.margin_sum,
        }
    }
}

/// Fits a monotone table by pooling adjacent violators over the rows in order of their margin.
///
/// Rows with equal margins are one block from the start. A knot stands at the weighted mean margin
/// of its block; blocks whose softened log-odds do not increase are pooled further, so the table
/// rises strictly. Beyond the ends it goes on with the slope of [`fit_platt`]. `None` when that fit
/// is `None`.
pub fn fit_isotonic(
    margins: &[f64],
    labels: &[u8],
    weights: Option<&[f64]>,
) -> Option<CalibrationMap> {
    let platt = fit_platt(margins, labels, weights)?;
    let tail_slope = platt.log_odds(1.0) - platt.log_odds(0.0);
    let sample = Sample { margins, labels, weights };
    let mut rows: Vec<(f64, bool, f64)> = sample.rows().filter(|row| 0.0 < row.2).collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let blocks = pool(equal_margins(&rows).into_iter(), |low, high| high.mean() <= low.mean());
    let blocks = pool(blocks.into_iter(), |low, high| high.log_odds() <= low.log_odds());
    let mut knots: Vec<Knot> = blocks
        .iter()
        .map(|block| Knot { margin: block.margin_sum / block.weight, log_odds: block.log_odds() })
        .collect();
    // Margins a rounding apart can have equal means.
    knots.dedup_by(|high, low| high.margin <= low.margin);
    Some(CalibrationMap::Isotonic { tail_slope, knots })
}

fn equal_margins(rows: &[(f64, bool, f64)]) -> Vec<Block> {
    rows.chunk_by(|a, b| a.0 == b.0)
        .map(|group| {
            let weight: f64 = group.iter().map(|row| row.2).sum();
            Block {
                weight,
                frauds: group.iter().filter(|row| row.1).map(|row| row.2).sum(),
                margin_sum: group[0].0 * weight,
            }
        })
        .collect()
}

/// Joins neighbours for as long as two of them violate the wanted order.
fn pool(blocks: impl Iterator<Item = Block>, violates: fn(&Block, &Block) -> bool) -> Vec<Block> {
    let mut pooled: Vec<Block> = Vec::new();
    for mut block in blocks {
        while let Some(low) = pooled.pop_if(|low| violates(low, &block)) {
            block = low.joined(block);
        }
        pooled.push(block);
    }
    pooled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(labels: &[u8]) -> Vec<Block> {
        let rows: Vec<(f64, bool, f64)> =
            labels.iter().enumerate().map(|(row, label)| (row as f64, *label == 1, 1.0)).collect();
        equal_margins(&rows)
    }

    #[test]
    fn our_exponential_agrees_with_the_systems_to_two_units_in_the_last_place() {
        for step in -70_000..=70_000 {
            let x = f64::from(step) * 0.000_43;
            let [ours, theirs] = [exp(x), x.exp()];
            assert!((ours / theirs - 1.0).abs() <= 2.0 * f64::EPSILON, "{x}");
        }
    }

    #[test]
    fn probabilities_are_strictly_inside_the_unit_interval_and_rise() {
        let identity = Calibration::identity();
        let mut last = 0.0;
        for margin in [-1e300, -29.0, -1.0, 0.0, 1.0, 29.0, 1e300] {
            let probability = identity.probability(margin);
            assert!(last < probability && probability < 1.0, "{margin}");
            last = probability;
        }
        assert_eq!(identity.probability(0.0), 0.5);
        assert_eq!(identity.probability(f64::NAN), 0.5);
    }

    #[test]
    fn pooling_gives_the_isotonic_fit_of_scikit_learn() {
        let pooled =
            pool(blocks(&[0, 0, 1, 0, 1, 1]).into_iter(), |low, high| high.mean() < low.mean());
        let fitted: Vec<f64> =
            pooled.iter().flat_map(|block| vec![block.mean(); block.weight as usize]).collect();
        assert_eq!(fitted, [0.0, 0.0, 0.5, 0.5, 1.0, 1.0]);
    }

    #[test]
    fn an_isotonic_table_does_not_depend_on_the_order_of_its_rows() {
        let sorted = fit_isotonic(&[1., 2., 3., 4., 5., 6.], &[0, 0, 1, 0, 1, 1], None);
        let shuffled = fit_isotonic(&[4., 1., 6., 5., 3., 2.], &[0, 0, 1, 1, 1, 0], None);
        assert_eq!(sorted, shuffled);
        let Some(CalibrationMap::Isotonic { knots, .. }) = sorted else {
            panic!("expected a table");
        };
        assert!(knots.windows(2).all(|pair| pair[0].log_odds < pair[1].log_odds));
    }

    #[test]
    fn a_table_interpolates_between_knots_and_goes_on_beyond_them() {
        let knot = |margin, log_odds| Knot { margin, log_odds };
        let map = CalibrationMap::Isotonic {
            tail_slope: 2.0,
            knots: vec![knot(-1.0, -4.0), knot(1.0, 0.0), knot(3.0, 1.0)],
        };
        for (margin, log_odds) in [
            (-2.0, -6.0),
            (-1.0, -4.0),
            (0.0, -2.0),
            (1.0, 0.0),
            (2.0, 0.5),
            (3.0, 1.0),
            (4.0, 3.0),
        ] {
            assert_eq!(map.log_odds(margin), log_odds, "{margin}");
        }
    }

    #[test]
    fn a_platt_fit_has_no_gradient_left() {
        let margins = [-3.0, -2.5, -2.0, -1.0, -0.5, 0.0, 0.3, 1.0, 2.0, 2.5];
        let labels = [0, 0, 1, 0, 0, 0, 1, 0, 1, 1];
        let Some(CalibrationMap::Platt { slope, intercept }) = fit_platt(&margins, &labels, None)
        else {
            panic!("expected a line");
        };
        let [mut g0, mut g1] = [0.0, 0.0];
        for (margin, label) in margins.iter().zip(labels) {
            let target = if label == 1 { 5.0 / 6.0 } else { 1.0 / 8.0 };
            let error = 1.0 / (1.0 + (-slope * margin - intercept).exp()) - target;
            g0 += error * margin;
            g1 += error;
        }
        assert!(g0.abs() < 1e-6 && g1.abs() < 1e-6, "{g0} {g1}");
    }

    #[test]
    fn a_weight_of_two_is_the_row_twice() {
        let once = fit_platt(&[-1.0, 0.0, 1.0, 0.5], &[0, 1, 1, 0], Some(&[2.0, 1.0, 1.0, 2.0]));
        let twice = fit_platt(&[-1.0, -1.0, 0.0, 1.0, 0.5, 0.5], &[0, 0, 1, 1, 0, 0], None);
        let (Some(once), Some(twice)) = (once, twice) else {
            panic!("expected two lines");
        };
        for margin in [-1.0, 0.0, 2.0] {
            assert!((once.log_odds(margin) - twice.log_odds(margin)).abs() < 1e-9);
        }
    }

    #[test]
    fn perfectly_separated_margins_still_have_a_finite_line_and_reversed_ones_have_none() {
        let margins = [-2.0, -1.0, 1.0, 2.0];
        assert!(fit_platt(&margins, &[0, 0, 1, 1], None).is_some());
        assert_eq!(fit_platt(&margins, &[1, 1, 0, 0], None), None);
        assert_eq!(fit_isotonic(&margins, &[1, 1, 0, 0], None), None);
        assert_eq!(fit_platt(&margins, &[0, 0, 0, 0], None), None);
        assert_eq!(fit_platt(&[], &[], None), None);
    }

    #[test]
    fn the_prior_shift_is_the_textbook_correction() {
        for (kept, seen) in [(0.1, 0.3), (0.02, 0.9), (1.0, 0.5)] {
            let wanted = kept * seen / (kept * seen - seen + 1.0);
            let margin = f64::ln(seen / (1.0 - seen));
            let shifted = Calibration { prior_shift: prior_shift(kept), ..Calibration::identity() };
            assert!((shifted.probability(margin) - wanted).abs() < 1e-12);
        }
    }

    #[test]
    fn a_map_that_falls_is_reported_at_every_knot_where_it_does() {
        let knot = |margin, log_odds| Knot { margin, log_odds };
        let calibration = Calibration {
            map: CalibrationMap::Isotonic {
                tail_slope: -1.0,
                knots: vec![knot(0.0, 1.0), knot(0.0, 2.0), knot(1.0, 0.0)],
            },
            prior_shift: f64::NAN,
        };
        let mut faults = Vec::new();
        calibration.check(&mut faults);
        let codes: Vec<&str> = faults.iter().map(|fault| fault.code).collect();
        assert_eq!(codes, ["M006", "M008", "M008", "M008"]);
    }
}
