//! What goes into training: labelled rows, and a learner with its parameters.
//!
//! The nouns of [`crate::train()`]. Rows are plain numbers with a label and a time; the time
//! decides what is held out, never the order in which rows come. Every check reports all of its
//! faults, so that a long export is repaired once. Checking passes over the rows a few times and
//! copies nothing.

use std::collections::BTreeMap;

use crate::artifact::Fault;

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
        /// L2 penalty on the weights against the summed log loss: the inverse of scikit-learn's
        /// `C`.
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
        Learner::Logistic { alpha: 0.01, iterations: 200 }
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

impl Learner {
    /// The learner's name and parameters for the model card.
    pub(crate) fn card(self) -> (&'static str, BTreeMap<String, f64>) {
        let (name, parameters) = match self {
            Learner::Logistic { alpha, iterations } => {
                ("logistic", vec![("alpha", alpha), ("iterations", f64::from(iterations))])
            }
            Learner::Boosted { trees, depth, learning_rate, l2, min_leaf_weight } => (
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
    /// Reports every parameter that is out of its range.
    pub(crate) fn faults(&self) -> Vec<Fault> {
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
            Learner::Boosted { trees, depth, learning_rate, l2, min_leaf_weight } => {
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
    /// Reports everything that keeps a learner from these rows.
    pub(crate) fn faults(&self) -> Vec<Fault> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(faults: &[Fault]) -> Vec<(&str, &str)> {
        faults.iter().map(|fault| (fault.code, fault.place.as_str())).collect()
    }

    #[test]
    fn everything_wrong_with_a_set_is_reported_at_once() {
        let mut wrong = TrainingSet {
            names: vec!["signal".to_owned(), "noise".to_owned()],
            rows: vec![f64::INFINITY, 1.0, f64::NAN, 2.0, f64::NEG_INFINITY, 3.0],
            labels: vec![0, 0, 0],
            weights: Some(vec![-1.0, 1.0, 1.0]),
            times: vec![1, 2],
        };
        assert_eq!(
            codes(&wrong.faults()),
            [("M022", "times"), ("M022", "weights"), ("M021", "labels"), ("M022", "signal"),]
        );
        wrong.labels = vec![2, 1, 0, 0];
        wrong.weights = None;
        assert_eq!(
            codes(&wrong.faults()),
            [("M022", "rows"), ("M022", "times"), ("M022", "labels"), ("M022", "signal"),]
        );
        wrong.labels.clear();
        assert_eq!(codes(&wrong.faults()), [("M020", "rows")]);
    }

    #[test]
    fn every_parameter_out_of_range_is_reported_at_once() {
        let mut config = TrainConfig {
            name: "test".to_owned(),
            learner: Learner::Boosted {
                trees: 0,
                depth: 15,
                learning_rate: f64::NAN,
                l2: -1.0,
                min_leaf_weight: 1.0,
            },
            calibration: CalibrationKind::Platt,
            hold_out_share: 1.0,
            kept_negatives: 0.0,
            delay_ms: 0,
            seed: 0,
            note: String::new(),
        };
        let places: Vec<String> = config.faults().into_iter().map(|fault| fault.place).collect();
        assert_eq!(
            places,
            ["hold_out_share", "kept_negatives", "trees", "depth", "learning_rate", "l2"]
        );
        config.learner = Learner::Logistic { alpha: -1.0, iterations: 0 };
        config.hold_out_share = 0.0;
        config.kept_negatives = 1.0;
        assert_eq!(codes(&config.faults()), [("M023", "alpha"), ("M023", "iterations")]);
        config.learner = Learner::logistic();
        assert_eq!(config.faults(), []);
        config.learner = Learner::boosted();
        assert_eq!(config.faults(), []);
    }
}
