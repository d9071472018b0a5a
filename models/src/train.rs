//! From labelled rows to a model file: two learners, one honest split by time.
//!
//! [`train`] fits twice. The trial fit sees the earlier rows only; on the last part of the period,
//! which it has not seen, it is measured and its calibration is fitted. The final fit sees all rows and
//! takes that calibration over: a fraud model is worth most when its data is fresh. `logistic` is
//! linfa's L2 regression on standardised features with medians and missing bits; `boosted` is forust's
//! gradient boosting, its trees copied number by number into our form. Two choices carry the quality
//! at fraud rates of a percent and less: boosting starts from even odds, because at the base rate the
//! first Newton steps have next to no curvature and overshoot; and features have 1,024 bins, because
//! the amounts that matter are in the last thousandth.
//!
//! Same rows, configuration and seed give the same bytes, on any number of threads. Columns that say
//! nothing are left out with a warning. linfa, ndarray and forust are named in this file only, and
//! neither of them ever scores: both allocate for each row.

use std::collections::BTreeMap;

use forust_ml::{GradientBooster, Matrix};
use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2};

use crate::artifact::{
    FORMAT, FORMAT_VERSION, Fault, HoldOut, ModelDraft, NodeDraft, Provenance, ScorerDraft,
};
use crate::calibration::{Calibration, fit_isotonic, fit_platt, prior_shift};
use crate::forest::ForestDraft;
use crate::linear::{LinearDraft, TermDraft, standardise};
use crate::measure::{Ranking, brier, calibration_error, calibration_table, log_loss};
use crate::Model;

/// Fewest rows of each class for a calibration and its measures.
const HOLD_OUT_MIN: usize = 20;
/// Fewest frauds for an isotonic calibration: below, its steps are noise.
const ISOTONIC_MIN: usize = 200;
/// Bins of a feature for boosting.
const BINS: u16 = 1024;

/// Labelled rows, in any order.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingSet {
    /// Names of the columns.
    pub names: Vec<String>,
    /// Row after row, `names.len()` values each; `NaN` is missing.
    pub rows: Vec<f64>,
    /// 1 for fraud, 0 else; one for each row.
    pub labels: Vec<u8>,
    /// What each row counts for, not negative; `None` for 1 each.
    pub weights: Option<Vec<f64>>,
    /// Event times in ms since 1970 UTC.
    pub times: Vec<i64>,
}

/// What fits the model, with its parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Learner {
    /// Logistic regression.
    Logistic {
        /// L2 penalty on the weights against the summed log loss: the inverse of scikit-learn's `C`.
        alpha: f64,
        /// Most steps of the solver.
        iterations: u32,
    },
    /// Gradient-boosted trees on the log loss.
    Boosted {
        /// Number of trees.
        trees: u32,
        /// Most splits on a path.
        depth: u32,
        /// Share of each Newton step that is taken.
        learning_rate: f64,
        /// L2 penalty on leaf values.
        l2: f64,
        /// Least sum of `p (1 - p)` in a leaf.
        min_leaf_weight: f64,
    },
}

impl Learner {
    /// Logistic regression with the parameters that reach the Fraud Detection Handbook's figures.
    pub const fn logistic() -> Learner {
        Learner::Logistic {
            alpha: 0.01,
            iterations: 200,
        }
    }

    /// Boosting with the parameters that reach the Fraud Detection Handbook's figures.
    pub const fn boosted() -> Learner {
        Learner::Boosted {
            trees: 300,
            depth: 4,
            learning_rate: 0.05,
            l2: 1.0,
            min_leaf_weight: 1.0,
        }
    }
}

/// How margins become probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalibrationKind {
    /// As they are.
    None,
    /// A straight line in log-odds.
    Platt,
    /// A monotone table; a straight line instead when fewer than 200 frauds are held out.
    Isotonic,
}

/// Everything that [`train`] needs besides the rows.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainConfig {
    /// The model's name.
    pub name: String,
    /// The learner and its parameters.
    pub learner: Learner,
    /// The calibration.
    pub calibration: CalibrationKind,
    /// The share of rows, the last ones in time, that the trial fit does not see; 0 to 0.9. With 0
    /// there is neither calibration nor measure.
    pub hold_out_share: f64,
    /// The share of legitimate rows that the caller kept in the set, above 0 and at most 1; frauds
    /// are taken to be complete. Shifts the calibration back to the true rate.
    pub kept_negatives: f64,
    /// The label delay that the set respects, in ms; recorded only.
    pub delay_ms: i64,
    /// The seed of everything random.
    pub seed: u64,
    /// Free text for the model card.
    pub note: String,
}

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
    let part = |rows| Part {
        set,
        columns: &columns,
        rows,
    };
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
        Some(map) => Calibration {
            map,
            prior_shift: 0.0,
        },
        None => {
            warnings.push("not calibrated: held-out rows are ranked no better than by chance".into());
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
        Learner::Boosted { .. } => {
            fit_boosted(part, config.learner, config.seed).map(|booster| {
                ScorerDraft::Forest(ForestDraft {
                    base: booster.base_score,
                    trees: booster.trees.iter().map(tree_draft).collect(),
                })
            })
        }
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
    let part = &Part {
        rows: drawn.as_deref().unwrap_or(part.rows),
        ..*part
    };
    let mut terms: Vec<TermDraft> = part.columns.iter().map(|column| term(part, *column)).collect();
    let bits: Vec<usize> = (0..terms.len()).filter(|term| 0.0 < terms[*term].missing_share).collect();
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
    Ok(LinearDraft {
        intercept: sign * fitted.intercept(),
        terms,
    })
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
    let variance = (values.iter().map(|value| square(*value)).sum::<f64>() + missing * square(median)) / rows;
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
    let Learner::Boosted {
        trees,
        depth,
        learning_rate,
        l2,
        min_leaf_weight,
    } = learner
    else {
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

impl Learner {
    /// The learner's name and parameters for the model card.
    fn card(self) -> (&'static str, BTreeMap<String, f64>) {
        let (name, parameters) = match self {
            Learner::Logistic { alpha, iterations } => (
                "logistic",
                vec![("alpha", alpha), ("iterations", f64::from(iterations))],
            ),
            Learner::Boosted {
                trees,
                depth,
                learning_rate,
                l2,
                min_leaf_weight,
            } => (
                "boosted",
                vec![
                    ("trees", f64::from(trees)),
                    ("depth", f64::from(depth)),
                    ("learning_rate", learning_rate),
                    ("l2", l2),
                    ("min_leaf_weight", min_leaf_weight),
                ],
            ),
        };
        let named = |(key, value): (&str, f64)| (key.to_owned(), value);
        (name, parameters.into_iter().map(named).collect())
    }
}

impl TrainConfig {
    fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut range = |key: &str, value: f64, low: f64, high: f64| {
            let fits = low <= value && value <= high;
            if !fits {
                let message = format!("got {value}, wanted {low} to {high}");
                faults.push(Fault::new("M023", key, message));
            }
        };
        let tiny = f64::from(f32::MIN_POSITIVE);
        range("hold_out_share", self.hold_out_share, 0.0, 0.9);
        range("kept_negatives", self.kept_negatives, tiny, 1.0);
        match self.learner {
            Learner::Logistic { alpha, iterations } => {
                range("alpha", alpha, 0.0, 1e9);
                range("iterations", f64::from(iterations), 1.0, 1e6);
            }
            Learner::Boosted {
                trees,
                depth,
                learning_rate,
                l2,
                min_leaf_weight,
            } => {
                range("trees", f64::from(trees), 1.0, 10_000.0);
                // Deeper trees could outgrow the limits of a forest.
                range("depth", f64::from(depth), 1.0, 14.0);
                range("learning_rate", learning_rate, tiny, 1.0);
                range("l2", l2, 0.0, 1e9);
                range("min_leaf_weight", min_leaf_weight, 0.0, 1e9);
            }
        }
        faults
    }
}

impl TrainingSet {
    fn faults(&self) -> Vec<Fault> {
        let [rows, width] = [self.labels.len(), self.names.len()];
        if rows == 0 || width == 0 {
            let message = format!("got {rows} rows of {width} columns, wanted some");
            return vec![Fault::new("M020", "rows", message)];
        }
        let mut faults = Vec::new();
        let mut count = |place: &str, got: usize, wanted: usize| {
            if got != wanted {
                let message = format!("got {got} values, wanted {wanted}");
                faults.push(Fault::new("M022", place, message));
            }
        };
        count("rows", self.rows.len(), rows * width);
        count("times", self.times.len(), rows);
        if let Some(weights) = &self.weights {
            count("weights", weights.len(), rows);
            let fits = |weight: &f64| weight.is_finite() && 0.0 <= *weight;
            if !weights.iter().all(fits) || weights.iter().sum::<f64>() <= 0.0 {
                let message = "wanted finite weights of at least 0, and one above";
                faults.push(Fault::new("M022", "weights", message));
            }
        }
        if self.labels.iter().any(|label| 1 < *label) {
            faults.push(Fault::new("M022", "labels", "wanted 0 and 1 only"));
        }
        for (label, class) in [(0, "legitimate row"), (1, "fraud")] {
            if !self.labels.contains(&label) {
                let message = format!("got no {class}, wanted both classes");
                faults.push(Fault::new("M021", "labels", message));
            }
        }
        for (column, name) in self.names.iter().enumerate() {
            let values = self.rows.iter().skip(column).step_by(width);
            let infinite = values.filter(|value| value.is_infinite()).count();
            if 0 < infinite {
                let message = format!("got {infinite} infinite values, wanted finite or missing");
                faults.push(Fault::new("M022", name.as_str(), message));
            }
        }
        faults
    }
}
