//! From labelled rows to a model file: two learners, one honest split by time.
//!
//! [`train`] fits twice. The trial fit sees the earlier rows only; on the last part of the period,
//! which it has not seen, it is measured and its calibration is fitted. The final fit sees all rows
//! and takes that calibration over: a fraud model is worth most when its data is fresh. `logistic`
//! is linfa's L2 regression on standardised features with medians and missing bits; `boosted` is
//! forust's gradient boosting, its trees copied number by number into our form. Two choices carry
//! the quality at fraud rates of a percent and less: boosting starts from even odds, because at the
//! base rate the first Newton steps have next to no curvature and overshoot; and features have
//! 1,024 bins, because the amounts that matter are in the last thousandth.
//!
//! Same rows, configuration and seed give the same bytes, on any number of threads. Columns that
//! say nothing are left out with a warning. linfa, ndarray and forust are named in this file only,
//! and neither of them ever scores: both allocate for each row.

use forust_ml::{GradientBooster, Matrix};
use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2};

use crate::Model;
use crate::artifact::{
    FORMAT, FORMAT_VERSION, Fault, HoldOut, ModelDraft, Provenance, ScorerDraft,
};
use crate::calibration::{Calibration, fit_isotonic, fit_platt, prior_shift};
use crate::linear::{LinearDraft, TermDraft, standardise};
use crate::measure::{Ranking, brier, calibration_error, calibration_table, log_loss};
use crate::training_set::{CalibrationKind, Learner, TrainConfig, TrainingSet};
use crate::tree::{ForestDraft, NodeDraft};

/// Fewest rows of each class for a calibration and its measures.
const HOLD_OUT_MIN: usize = 20;
/// Fewest frauds for an isotonic calibration: below, its steps are noise.
const ISOTONIC_MIN: usize = 200;
/// Bins of a feature for boosting.
const BINS: u16 = 1024;

/// Some rows and columns of a set.
struct Part<'a> {
    set: &'a TrainingSet,
    columns: &'a [usize],
    rows: &'a [usize],
}

impl Part<'_> {
    fn value(&self, row: usize, column: usize) -> f64 {
        self.set.rows[row * self.set.names.len() + column]
    }

    fn weight(&self, row: usize) -> f64 {
        self.set.weights.as_ref().map_or(1.0, |weights| weights[row])
    }

    fn labels(&self) -> Vec<u8> {
        self.rows.iter().map(|row| self.set.labels[*row]).collect()
    }

    /// Rows of the rarer class.
    fn rarer(&self) -> usize {
        let frauds = self.labels().iter().filter(|label| **label == 1).count();
        frauds.min(self.rows.len() - frauds)
    }
}

/// Fits, calibrates and measures a model.
///
/// # Errors
/// Everything that is wrong with the set or the configuration at once, or what the learner says.
pub fn train(set: &TrainingSet, config: &TrainConfig) -> Result<ModelDraft, Vec<Fault>> {
    let mut faults = config.faults();
    faults.extend(set.faults());
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut warnings = Vec::new();
    let columns = informative_columns(set, &mut warnings);
    if columns.is_empty() {
        let message = "no column has two different values, wanted at least one";
        return Err(vec![Fault::new("M024", "names", message)]);
    }
    let mut order: Vec<usize> = (0..set.labels.len()).collect();
    order.sort_by_key(|row| set.times[*row]);
    let part = |rows| Part { set, columns: &columns, rows };
    let whole = part(&order);
    let (earlier, later) = order.split_at(cut(&order, &set.times, config.hold_out_share));
    let (mut calibration, hold_out) =
        calibrate(&part(earlier), &part(later), config, &mut warnings)?;
    calibration.prior_shift = prior_shift(config.kept_negatives);
    let frauds = set.labels.iter().filter(|label| **label == 1).count();
    let (learner, parameters) = config.learner.card();
    let draft = ModelDraft {
        format: FORMAT.to_owned(),
        format_version: FORMAT_VERSION,
        name: config.name.clone(),
        features: columns.iter().map(|column| set.names[*column].clone()).collect(),
        scorer: fit(&whole, config)?,
        calibration,
        provenance: Provenance {
            learner: learner.to_owned(),
            trained_from_ms: set.times[order[0]],
            trained_to_ms: set.times[order[order.len() - 1]],
            delay_ms: config.delay_ms,
            rows: order.len() as u64,
            frauds: frauds as u64,
            seed: config.seed,
            parameters,
            hold_out,
            warnings,
            note: config.note.clone(),
        },
    };
    bind(&draft, set)?;
    Ok(draft)
}

/// Checks what a learner made; whatever it is, a draft that leaves this file can be loaded.
fn bind(draft: &ModelDraft, set: &TrainingSet) -> Result<Model, Vec<Fault>> {
    let names: Vec<&str> = set.names.iter().map(String::as_str).collect();
    Model::check(draft.clone(), &names)
}

/// The number of earlier rows. Rows of one time are never parted.
fn cut(order: &[usize], times: &[i64], hold_out_share: f64) -> usize {
    let wanted = (order.len() as f64 * (1.0 - hold_out_share)).round() as usize;
    match order.get(wanted) {
        Some(row) => order.partition_point(|other| times[*other] < times[*row]),
        None => order.len(),
    }
}

/// Columns with at least two different values, missing being one of them.
fn informative_columns(set: &TrainingSet, warnings: &mut Vec<String>) -> Vec<usize> {
    let width = set.names.len();
    let mut columns = Vec::new();
    for (column, name) in set.names.iter().enumerate() {
        let mut values = set.rows.iter().skip(column).step_by(width);
        let first = values.next().copied().unwrap_or(f64::NAN);
        let same = |value: &f64| *value == first || (value.is_nan() && first.is_nan());
        if !values.all(same) {
            columns.push(column);
        } else if first.is_nan() {
            warnings.push(format!("{name} is always missing and was left out"));
        } else {
            warnings.push(format!("{name} is always {first} and was left out"));
        }
    }
    columns
}

/// The trial fit on the earlier rows, calibrated and measured on the later ones.
fn calibrate(
    earlier: &Part,
    later: &Part,
    config: &TrainConfig,
    warnings: &mut Vec<String>,
) -> Result<(Calibration, Option<HoldOut>), Vec<Fault>> {
    if earlier.rarer() < HOLD_OUT_MIN || later.rarer() < HOLD_OUT_MIN {
        warnings.push(format!(
            "not calibrated: wanted {HOLD_OUT_MIN} rows of each class before and after the split"
        ));
        return Ok((Calibration::identity(), None));
    }
    let set = earlier.set;
    let trial = ModelDraft {
        format: FORMAT.to_owned(),
        format_version: FORMAT_VERSION,
        name: String::new(),
        features: earlier.columns.iter().map(|column| set.names[*column].clone()).collect(),
        scorer: fit(earlier, config)?,
        calibration: Calibration::identity(),
        provenance: Provenance::default(),
    };
    let model = bind(&trial, set)?;
    let rows = set.rows.chunks_exact(set.names.len());
    let margins_of_all: Vec<&[f64]> = rows.collect();
    let margins: Vec<f64> =
        later.rows.iter().map(|row| model.margin(margins_of_all[*row])).collect();
    let labels = later.labels();
    let weights: Vec<f64> = later.rows.iter().map(|row| later.weight(*row)).collect();
    let frauds = labels.iter().filter(|label| **label == 1).count();
    let map = match config.calibration {
        CalibrationKind::None => Some(Calibration::identity().map),
        CalibrationKind::Isotonic if ISOTONIC_MIN <= frauds => {
            fit_isotonic(&margins, &labels, Some(&weights))
        }
        CalibrationKind::Isotonic | CalibrationKind::Platt => {
            if config.calibration == CalibrationKind::Isotonic {
                warnings.push(format!(
                    "calibrated by a line: {frauds} frauds held out, a table wants {ISOTONIC_MIN}"
                ));
            }
            fit_platt(&margins, &labels, Some(&weights))
        }
    };
    let calibration = match map {
        Some(map) => Calibration { map, prior_shift: 0.0 },
        None => {
            warnings
                .push("not calibrated: held-out rows are ranked no better than by chance".into());
            Calibration::identity()
        }
    };
    let probabilities: Vec<f64> =
        margins.iter().map(|margin| calibration.probability(*margin)).collect();
    let ranking = Ranking::new(&margins, &labels);
    let hold_out = HoldOut {
        rows: labels.len() as u64,
        frauds: frauds as u64,
        auc_roc: ranking.auc_roc(),
        average_precision: ranking.average_precision(),
        recall_at_fpr_1pct: ranking.recall_at_fpr(0.01),
        brier: brier(&probabilities, &labels),
        log_loss: log_loss(&probabilities, &labels),
        calibration_error: calibration_error(&calibration_table(&probabilities, &labels, 10)),
    };
    Ok((calibration, Some(hold_out)))
}

fn fit(part: &Part, config: &TrainConfig) -> Result<ScorerDraft, Vec<Fault>> {
    match config.learner {
        Learner::Logistic { alpha, iterations } => {
            fit_logistic(part, alpha, iterations, config.seed).map(ScorerDraft::Linear)
        }
        Learner::Boosted { .. } => fit_boosted(part, config.learner, config.seed).map(|booster| {
            ScorerDraft::Forest(ForestDraft {
                base: booster.base_score,
                trees: booster.trees.iter().map(tree_draft).collect(),
            })
        }),
    }
}

fn fit_logistic(
    part: &Part,
    alpha: f64,
    iterations: u32,
    seed: u64,
) -> Result<LinearDraft, Vec<Fault>> {
    // linfa ignores the weights of a data set, so rows are repeated and dropped instead.
    let drawn = part.set.weights.is_some().then(|| resample(part, seed));
    let part = &Part { rows: drawn.as_deref().unwrap_or(part.rows), ..*part };
    let mut terms: Vec<TermDraft> = part.columns.iter().map(|column| term(part, *column)).collect();
    let bits: Vec<usize> =
        (0..terms.len()).filter(|term| 0.0 < terms[*term].missing_share).collect();
    let width = terms.len() + bits.len();
    let mut records = Array2::zeros((part.rows.len(), width));
    for (mut record, row) in records.rows_mut().into_iter().zip(part.rows) {
        for (cell, (term, column)) in record.iter_mut().zip(terms.iter().zip(part.columns)) {
            let value = part.value(*row, *column);
            let value = if value.is_nan() { term.median } else { value };
            *cell = standardise(value, term.mean, term.scale);
        }
        for (cell, bit) in record.iter_mut().skip(terms.len()).zip(&bits) {
            let missing = part.value(*row, part.columns[*bit]).is_nan();
            *cell = f64::from(u8::from(missing)) - terms[*bit].missing_share;
        }
    }
    let labels: Array1<u8> = part.labels().into();
    let fitted = LogisticRegression::default()
        .alpha(alpha)
        .max_iterations(u64::from(iterations))
        // The solver looks at the summed gradient; this is a mean of one in a million.
        .gradient_tolerance(1e-6 * part.rows.len() as f64)
        .fit(&DatasetBase::new(records, labels))
        .map_err(|error| vec![Fault::new("M025", "learner", format!("logistic: {error}"))])?;
    // linfa models the class that is more frequent, so its signs are for the legitimate rows.
    let sign = if fitted.labels().pos.class == 1 { 1.0 } else { -1.0 };
    let weights = fitted.params();
    for (index, term) in terms.iter_mut().enumerate() {
        term.weight = sign * weights[index];
    }
    for (index, bit) in bits.iter().enumerate() {
        terms[*bit].missing_weight = sign * weights[part.columns.len() + index];
    }
    Ok(LinearDraft { intercept: sign * fitted.intercept(), terms })
}

/// The preparation of a column, with weights still 0.
fn term(part: &Part, column: usize) -> TermDraft {
    let mut values: Vec<f64> = part
        .rows
        .iter()
        .map(|row| part.value(*row, column))
        .filter(|value| !value.is_nan())
        .collect();
    let rows = part.rows.len() as f64;
    let missing = rows - values.len() as f64;
    values.sort_by(f64::total_cmp);
    let median = match values.len() {
        0 => 0.0,
        count => 0.5 * values[(count - 1) / 2] + 0.5 * values[count / 2],
    };
    let mean = (values.iter().sum::<f64>() + missing * median) / rows;
    let square = |value: f64| (value - mean) * (value - mean);
    let variance =
        (values.iter().map(|value| square(*value)).sum::<f64>() + missing * square(median)) / rows;
    let scale = variance.sqrt();
    TermDraft {
        feature: part.set.names[column].clone(),
        median,
        mean,
        scale: if 0.0 < scale { scale } else { 1.0 },
        weight: 0.0,
        missing_share: missing / rows,
        missing_weight: 0.0,
    }
}

/// As many rows as before, each about as often as its weight says: systematic resampling from one
/// random start.
fn resample(part: &Part, seed: u64) -> Vec<usize> {
    let total: f64 = part.rows.iter().map(|row| part.weight(*row)).sum();
    let step = total / part.rows.len() as f64;
    let mut next = step * unit(seed);
    let mut passed = 0.0;
    let mut drawn = Vec::with_capacity(part.rows.len());
    for row in part.rows {
        passed += part.weight(*row);
        while next < passed && drawn.len() < part.rows.len() {
            drawn.push(*row);
            next += step;
        }
    }
    drawn
}

/// A number from 0 up to 1 from a seed: the output function of SplitMix64 (Steele et al., 2014).
fn unit(seed: u64) -> f64 {
    let mut mixed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

fn fit_boosted(part: &Part, learner: Learner, seed: u64) -> Result<GradientBooster, Vec<Fault>> {
    let Learner::Boosted { trees, depth, learning_rate, l2, min_leaf_weight } = learner else {
        unreachable!("only called for boosted")
    };
    let mut data = Vec::with_capacity(part.rows.len() * part.columns.len());
    for column in part.columns {
        data.extend(part.rows.iter().map(|row| part.value(*row, *column)));
    }
    let matrix = Matrix::new(&data, part.rows.len(), part.columns.len());
    let labels: Vec<f64> = part.labels().into_iter().map(f64::from).collect();
    let weights: Vec<f64> = part.rows.iter().map(|row| part.weight(*row)).collect();
    let mut booster = GradientBooster::default()
        .set_iterations(trees as usize)
        .set_max_depth(depth as usize)
        .set_learning_rate(learning_rate as f32)
        .set_l2(l2 as f32)
        .set_min_leaf_weight(min_leaf_weight as f32)
        .set_nbins(BINS)
        .set_seed(seed)
        .set_initialize_base_score(false)
        .set_base_score(0.0);
    booster
        .fit(&matrix, &labels, &weights, None)
        .map_err(|error| vec![Fault::new("M025", "learner", format!("boosted: {error}"))])?;
    Ok(booster)
}

/// A tree of forust in our form; its numbers are kept to the bit.
fn tree_draft(tree: &forust_ml::tree::Tree) -> Vec<NodeDraft> {
    tree.nodes
        .iter()
        .map(|node| {
            if node.is_leaf {
                NodeDraft::Leaf {
                    leaf: f64::from(node.weight_value),
                    // An empty leaf would have no cover at all.
                    cover: f64::from(node.hessian_sum.max(f32::MIN_POSITIVE)),
                }
            } else {
                NodeDraft::Split {
                    feature: node.split_feature as u32,
                    below: node.split_value,
                    yes: node.left_child as u32,
                    no: node.right_child as u32,
                    missing: node.missing_node as u32,
                }
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scratch;
    use crate::calibration::CalibrationMap;
    use crate::forest::tests::Chance;
    use forust_ml::gradientbooster::ContributionsMethod;

    const NAMES: [&str; 5] = ["signal", "hole", "noise", "constant", "empty"];

    /// Fraud is likelier with a high signal and where `hole` is missing.
    fn set(rows: usize, seed: u64) -> TrainingSet {
        let chance = &mut Chance(seed);
        let mut set = TrainingSet {
            names: NAMES.map(str::to_owned).to_vec(),
            rows: Vec::new(),
            labels: Vec::new(),
            weights: None,
            times: Vec::new(),
        };
        for row in 0..rows {
            let signal = 6.0 * chance.unit() - 3.0;
            let missing = chance.unit() < 0.2;
            let log_odds = 1.5 * signal + if missing { 1.0 } else { 0.0 } - 3.0;
            let hole = if missing { f64::NAN } else { 40.0 * chance.unit() };
            set.rows.extend([signal, hole, chance.unit(), 7.0, f64::NAN]);
            set.labels.push(u8::from(chance.unit() < 1.0 / (1.0 + f64::exp(-log_odds))));
            // Times run backwards, to show that the order of rows is not the order of time.
            set.times.push(-1000 * (row as i64));
        }
        set
    }

    fn config(learner: Learner) -> TrainConfig {
        TrainConfig {
            name: "test".to_owned(),
            learner,
            calibration: CalibrationKind::Platt,
            hold_out_share: 0.25,
            kept_negatives: 1.0,
            delay_ms: 0,
            seed: 11,
            note: String::new(),
        }
    }

    fn small_boosted() -> Learner {
        Learner::Boosted { trees: 40, depth: 4, learning_rate: 0.2, l2: 1.0, min_leaf_weight: 1.0 }
    }

    fn codes(faults: &[Fault]) -> Vec<(&str, &str)> {
        faults.iter().map(|fault| (fault.code, fault.place.as_str())).collect()
    }

    fn whole<'a>(set: &'a TrainingSet, columns: &'a [usize], rows: &'a [usize]) -> Part<'a> {
        Part { set, columns, rows }
    }

    #[test]
    fn the_same_rows_and_seed_give_the_same_bytes() {
        let mut weighted = set(3000, 1);
        weighted.weights = Some((0..3000).map(|row| f64::from(1 + row % 3)).collect());
        for set in [set(3000, 1), weighted] {
            for learner in [Learner::logistic(), small_boosted()] {
                let [first, second] =
                    [0, 1].map(|_| train(&set, &config(learner)).unwrap().write());
                assert_eq!(first, second);
            }
        }
    }

    #[test]
    fn our_margins_are_forusts_predictions_and_our_shapley_values_its_shapley_values() {
        let set = set(4000, 2);
        let [columns, rows] = [vec![0, 1, 2], (0..4000).collect::<Vec<usize>>()];
        let part = whole(&set, &columns, &rows);
        let booster = fit_boosted(&part, small_boosted(), 1).unwrap();
        let draft = ForestDraft {
            base: booster.base_score,
            trees: booster.trees.iter().map(tree_draft).collect(),
        };
        let forest = crate::forest::Forest::new(&draft, &[0, 1, 2]);
        let chance = &mut Chance(3);
        let facts: Vec<[f64; 3]> = (0..1500)
            .map(|_| {
                let hole =
                    if chance.below(4) == 0 { f64::NAN } else { 60.0 * chance.unit() - 10.0 };
                [chance.fact(), hole, chance.fact()]
            })
            .collect();
        let by_column: Vec<f64> =
            (0..3).flat_map(|column| facts.iter().map(move |row| row[column])).collect();
        let matrix = Matrix::new(&by_column, facts.len(), 3);
        let margins = booster.predict(&matrix, false);
        let shapley = booster.predict_contributions(&matrix, ContributionsMethod::Shapley, false);
        let mut scratch = Scratch::default();
        for (row, facts) in facts.iter().enumerate() {
            assert!((forest.margin(facts) - margins[row]).abs() < 1e-9, "{facts:?}");
            let mut values = [0.0; 3];
            forest.shapley(facts, &mut scratch, &mut values);
            for (value, theirs) in values.iter().zip(&shapley[4 * row..]) {
                // forust sums in single precision.
                assert!((value - theirs).abs() < 1e-4, "{facts:?} {value} {theirs}");
            }
        }
    }

    #[test]
    fn logistic_regression_finds_the_line_whichever_class_is_rarer() {
        for flip in [0, 1] {
            let mut set = set(20_000, 4);
            set.labels.iter_mut().for_each(|label| *label ^= flip);
            let draft = train(&set, &config(Learner::logistic())).unwrap();
            let ScorerDraft::Linear(linear) = &draft.scorer else { panic!("expected a line") };
            let sign = if flip == 0 { 1.0 } else { -1.0 };
            let [signal, hole, noise] = [0, 1, 2].map(|term| &linear.terms[term]);
            assert!((sign * signal.weight / signal.scale - 1.5).abs() < 0.1, "{signal:?}");
            assert!((sign * hole.missing_weight - 1.0).abs() < 0.2, "{hole:?}");
            assert!(noise.weight.abs() < 0.1, "{noise:?}");
            let model = bind(&draft, &set).unwrap();
            let frauds = set.labels.iter().map(|label| f64::from(*label)).sum::<f64>();
            let sum: f64 = set.rows.chunks_exact(5).map(|row| model.score(row)).sum();
            assert!((sum / frauds - 1.0).abs() < 0.05, "{sum} of {frauds}");
        }
    }

    #[test]
    fn columns_that_say_nothing_are_left_out_with_a_warning() {
        let draft = train(&set(2000, 5), &config(small_boosted())).unwrap();
        assert_eq!(draft.features, ["signal", "hole", "noise"]);
        assert_eq!(
            draft.provenance.warnings,
            ["constant is always 7 and was left out", "empty is always missing and was left out"]
        );
        let mut nothing = set(2000, 5);
        nothing.rows.iter_mut().for_each(|value| *value = f64::NAN);
        let faults = train(&nothing, &config(small_boosted())).unwrap_err();
        assert_eq!(codes(&faults), [("M024", "names")]);
    }

    #[test]
    fn the_hold_out_is_the_last_part_in_time_and_measures_the_trial_fit() {
        let mut set = set(8000, 6);
        let draft = train(&set, &config(small_boosted())).unwrap();
        let hold_out = draft.provenance.hold_out.unwrap();
        assert_eq!(hold_out.rows, 2000);
        assert!(0.85 < hold_out.auc_roc && hold_out.auc_roc < 0.95, "{hold_out:?}");
        assert!(hold_out.calibration_error < 0.02, "{hold_out:?}");
        assert_eq!(draft.provenance.trained_from_ms, -7_999_000);
        assert_eq!(draft.provenance.trained_to_ms, 0);
        // The latest quarter, which is at the front, tells lies.
        set.labels[..2000].iter_mut().for_each(|label| *label ^= 1);
        let draft = train(&set, &config(small_boosted())).unwrap();
        assert!(draft.provenance.hold_out.unwrap().auc_roc < 0.2);
        assert_eq!(draft.calibration, Calibration::identity());
        let warning = "not calibrated: held-out rows are ranked no better than by chance";
        assert!(draft.provenance.warnings.iter().any(|text| text == warning));
    }

    #[test]
    fn the_calibration_is_the_one_asked_for_or_a_simpler_one_with_a_warning() {
        let kind = |rows, calibration, hold_out_share| {
            let config = TrainConfig { calibration, hold_out_share, ..config(Learner::logistic()) };
            let draft = train(&set(rows, 7), &config).unwrap();
            let warned = draft.provenance.warnings.iter().any(|text| text.contains("calibrated"));
            (draft.calibration.map, warned)
        };
        let platt = |map: &CalibrationMap| matches!(map, CalibrationMap::Platt { .. });
        let (map, warned) = kind(6000, CalibrationKind::Isotonic, 0.25);
        assert!(!platt(&map) && !warned);
        let (map, warned) = kind(1000, CalibrationKind::Isotonic, 0.25);
        assert!(platt(&map) && warned);
        let (map, warned) = kind(1000, CalibrationKind::Platt, 0.25);
        assert!(platt(&map) && map != Calibration::identity().map && !warned);
        assert_eq!(kind(1000, CalibrationKind::None, 0.25), (Calibration::identity().map, false));
        assert_eq!(kind(1000, CalibrationKind::Platt, 0.0), (Calibration::identity().map, true));
    }

    #[test]
    fn left_out_negatives_are_put_back_by_the_shift() {
        let mut sampled = set(12_000, 8);
        let all = sampled.clone();
        let keep: Vec<bool> = sampled
            .labels
            .iter()
            .enumerate()
            .map(|(row, label)| *label == 1 || row % 4 == 0)
            .collect();
        let mut row = 0;
        sampled.rows.retain(|_| {
            row += 1;
            keep[(row - 1) / 5]
        });
        let mut kept = keep.iter();
        sampled.labels.retain(|_| *kept.next().unwrap());
        let mut kept = keep.iter();
        sampled.times.retain(|_| *kept.next().unwrap());
        let config = TrainConfig { kept_negatives: 0.25, ..config(Learner::logistic()) };
        let model = bind(&train(&sampled, &config).unwrap(), &sampled).unwrap();
        let frauds = all.labels.iter().map(|label| f64::from(*label)).sum::<f64>();
        let sum: f64 = all.rows.chunks_exact(5).map(|row| model.score(row)).sum();
        assert!((sum / frauds - 1.0).abs() < 0.1, "{sum} of {frauds}");
    }

    #[test]
    fn weights_count_for_both_learners() {
        let mut set = set(6000, 9);
        let fit = |set: &TrainingSet, learner| {
            let config = TrainConfig { calibration: CalibrationKind::None, ..config(learner) };
            let model = bind(&train(set, &config).unwrap(), set).unwrap();
            set.rows.chunks_exact(5).map(|row| model.score(row)).sum::<f64>() / 6000.0
        };
        let plain = [Learner::logistic(), small_boosted()].map(|learner| fit(&set, learner));
        let weight = |label: &u8| if *label == 1 { 5.0 } else { 1.0 };
        set.weights = Some(set.labels.iter().map(weight).collect());
        let heavy = [Learner::logistic(), small_boosted()].map(|learner| fit(&set, learner));
        for (plain, heavy) in plain.iter().zip(heavy) {
            let odds = |share: f64| share / (1.0 - share);
            assert!(2.0 * odds(*plain) < odds(heavy), "{plain} {heavy}");
        }
    }

    #[test]
    fn rows_of_one_time_are_never_parted() {
        let times = [5, 1, 3, 3, 3, 9];
        let order = [1, 2, 3, 4, 0, 5];
        assert_eq!(cut(&order, &times, 0.5), 1);
        assert_eq!(cut(&order, &times, 0.34), 4);
        assert_eq!(cut(&order, &times, 0.0), 6);
        assert_eq!(cut(&order, &[1; 6], 0.5), 0);
    }
}
