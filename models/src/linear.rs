//! A logistic model: a weighted sum over flat terms, each with the preparation of its feature.
//!
//! A value is standardised, cut at a hundred standard deviations and weighted; a missing value
//! takes the training median and the weight of its missing bit. The bit is centred by the share of
//! training rows that lacked the feature, so the intercept is the expected margin and each
//! contribution is the exact Shapley value of its feature. The cut keeps one absurd amount from
//! deciding alone and makes infinities harmless. Standardising happens here and in training by the
//! same function. A score costs one division and one multiplication a feature: some 2 ns each.

use serde::{Deserialize, Serialize};

use crate::artifact::{Fault, check_number};

/// Standardised values beyond this count as this.
const STANDARD_MAX: f64 = 100.0;

/// A weighted sum of prepared features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinearDraft {
    /// The margin of an average row, in log-odds.
    pub intercept: f64,
    /// One term for each feature, in the order of the features.
    pub terms: Vec<TermDraft>,
}

/// How one feature enters the sum.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TermDraft {
    /// The feature's name again, for the reader of the file.
    pub feature: String,
    /// What a missing value is replaced by: the training median.
    pub median: f64,
    /// The training mean after that replacement.
    pub mean: f64,
    /// The training standard deviation after that replacement; positive.
    pub scale: f64,
    /// Log-odds for one standard deviation above the mean.
    pub weight: f64,
    /// The share of training rows that lacked the feature, 0 to 1.
    pub missing_share: f64,
    /// Log-odds between a row that lacks the feature and one that has it at the median.
    pub missing_weight: f64,
}

/// A value in standard deviations from the mean, cut at a hundred; `NaN` stays `NaN`.
pub(crate) fn standardise(value: f64, mean: f64, scale: f64) -> f64 {
    ((value - mean) / scale).clamp(-STANDARD_MAX, STANDARD_MAX)
}

impl LinearDraft {
    /// Reports every fault of the draft.
    pub(crate) fn check(&self, features: &[String], faults: &mut Vec<Fault>) {
        if self.terms.len() != features.len() {
            faults.push(Fault::new(
                "M005",
                "scorer.linear.terms",
                format!(
                    "got {} terms, wanted one for each of {} features",
                    self.terms.len(),
                    features.len()
                ),
            ));
        }
        check_number(self.intercept, || "scorer.linear.intercept".to_owned(), faults);
        for (index, term) in self.terms.iter().enumerate() {
            let place = |key: &str| format!("scorer.linear.terms[{index}].{key}");
            if let Some(name) = features.get(index).filter(|name| **name != term.feature) {
                let message = format!("got {:?}, wanted {name:?}", term.feature);
                faults.push(Fault::new("M005", place("feature"), message));
            }
            for (key, number) in [
                ("weight", term.weight),
                ("missing_share", term.missing_share),
                ("missing_weight", term.missing_weight),
            ] {
                check_number(number, || place(key), faults);
            }
            for (key, number) in [("median", term.median), ("mean", term.mean)] {
                if !number.is_finite() {
                    let message = format!("got {number}, wanted a finite number");
                    faults.push(Fault::new("M006", place(key), message));
                }
            }
            let scale_fits = 0.0 < term.scale && term.scale < f64::INFINITY;
            if !scale_fits {
                let message = format!("got {}, wanted a finite number above 0", term.scale);
                faults.push(Fault::new("M006", place("scale"), message));
            }
        }
    }
}

/// The sum in the form that scores.
#[derive(Debug)]
pub(crate) struct Linear {
    intercept: f64,
    terms: Vec<Term>,
}

#[derive(Debug)]
struct Term {
    mean: f64,
    scale: f64,
    weight: f64,
    /// What a present value adds for not being missing.
    present: f64,
    /// What a missing value adds in all.
    absent: f64,
    slot: u32,
}

impl Term {
    fn contribution(&self, facts: &[f64]) -> f64 {
        let value = facts.get(self.slot as usize).copied().unwrap_or(f64::NAN);
        if value.is_nan() {
            self.absent
        } else {
            self.weight * standardise(value, self.mean, self.scale) + self.present
        }
    }
}

impl Linear {
    /// Compiles a checked draft against the slots of its features.
    pub(crate) fn new(draft: &LinearDraft, slots: &[u32]) -> Linear {
        let compile = |(term, slot): (&TermDraft, &u32)| Term {
            mean: term.mean,
            scale: term.scale,
            weight: term.weight,
            present: -term.missing_weight * term.missing_share,
            absent: term.weight * standardise(term.median, term.mean, term.scale)
                + term.missing_weight * (1.0 - term.missing_share),
            slot: *slot,
        };
        Linear {
            intercept: draft.intercept,
            terms: draft.terms.iter().zip(slots).map(compile).collect(),
        }
    }

    pub(crate) fn margin(&self, facts: &[f64]) -> f64 {
        let add = |sum: f64, term: &Term| sum + term.contribution(facts);
        self.terms.iter().fold(self.intercept, add)
    }

    pub(crate) fn base_margin(&self) -> f64 {
        self.intercept
    }

    /// Writes what each feature adds to the intercept.
    pub(crate) fn contributions(&self, facts: &[f64], contributions: &mut [f64]) {
        for (contribution, term) in contributions.iter_mut().zip(&self.terms) {
            *contribution = term.contribution(facts);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> LinearDraft {
        let term = |feature: &str, weight: f64, missing_weight: f64| TermDraft {
            feature: feature.to_owned(),
            median: 3.0,
            mean: 4.0,
            scale: 2.0,
            weight,
            missing_share: 0.25,
            missing_weight,
        };
        LinearDraft { intercept: -2.0, terms: vec![term("a", 0.5, 1.0), term("b", -1.5, 0.0)] }
    }

    #[test]
    fn a_margin_is_the_sum_worked_out_by_hand() {
        let linear = Linear::new(&draft(), &[1, 0]);
        // a is slot 1: (8 - 4) / 2 * 0.5 - 0.25; b is slot 0: (1 - 4) / 2 * -1.5.
        assert_eq!(linear.margin(&[1.0, 8.0]), -2.0 + 0.75 + 2.25);
        // a is missing: (3 - 4) / 2 * 0.5 + 0.75.
        assert_eq!(linear.margin(&[1.0, f64::NAN]), -2.0 + 0.5 + 2.25);
        assert_eq!(linear.margin(&[1.0]), linear.margin(&[1.0, f64::NAN]));
    }

    #[test]
    fn absurd_values_count_as_a_hundred_standard_deviations() {
        let linear = Linear::new(&draft(), &[0, 1]);
        let most = linear.margin(&[204.0, 4.0]);
        for absurd in [205.0, 1e300, f64::MAX, f64::INFINITY] {
            assert_eq!(linear.margin(&[absurd, 4.0]), most, "{absurd}");
        }
    }

    #[test]
    fn every_wrong_number_is_reported() {
        let mut wrong = draft();
        wrong.terms[0].scale = 0.0;
        wrong.terms[1].weight = f64::NAN;
        wrong.terms[1].mean = f64::INFINITY;
        wrong.terms[1].feature = "c".to_owned();
        wrong.intercept = 1e10;
        let mut faults = Vec::new();
        wrong.check(&["a".to_owned(), "b".to_owned()], &mut faults);
        let places: Vec<&str> = faults.iter().map(|fault| fault.place.as_str()).collect();
        assert_eq!(
            places,
            [
                "scorer.linear.intercept",
                "scorer.linear.terms[0].scale",
                "scorer.linear.terms[1].feature",
                "scorer.linear.terms[1].weight",
                "scorer.linear.terms[1].mean",
            ]
        );
    }
}
