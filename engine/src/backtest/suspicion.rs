//! How well the suspected attack fits the true one, over the frauds whose attack is told.
//!
//! Only a simulated world tells it. The log loss is the mean of minus the natural logarithm of the
//! weight that the true vector had: 0 for a seer, 2.20 for who knows nothing, and never below 0.105,
//! as no weight is above 0.9. That of the plain prior stands beside it: the difference is what clues
//! and rules add. Whether a leading weight of 0.6 is right in six of ten cases is told in bands.

use crate::decision::{Decision, Verdict};
use crate::situation::Situation;
use crate::vector::{COUNT, Posterior, Vector, prior};

/// Bands of the leading weight, each a tenth wide: the least weight of nine is a ninth, the most 0.9.
const BANDS: usize = 9;

/// A weight below this counts as this: a posterior of anybody's making may hold a zero.
const WEIGHT_MIN: f64 = 1e-6;

/// The fit over all frauds and over those where it decides what is asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Suspicion {
    /// All frauds whose attack is told.
    pub all: Fit,
    /// Those of them that were not simply let through.
    pub touched: Fit,
}

impl Suspicion {
    pub(super) fn add(&mut self, truth: Vector, situation: &Situation, verdict: &Verdict) {
        let (before, after) = (prior(situation), &verdict.posterior);
        self.all.add(truth, &before, after);
        if verdict.decision != Decision::Approve {
            self.touched.add(truth, &before, after);
        }
    }
}

/// How well suspicions fit the true vectors of some frauds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fit {
    /// Frauds.
    pub frauds: u64,
    loss: f64,
    prior_loss: f64,
    confusion: [[u64; COUNT]; COUNT],
    bands: [Sureness; BANDS],
}

/// Frauds whose heaviest vector had a weight of one band.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sureness {
    /// Frauds.
    pub frauds: u64,
    /// Those where the heaviest vector is the true one.
    pub right: u64,
    said: f64,
}

impl Sureness {
    /// Mean weight of the heaviest vector; `None` of no fraud.
    pub fn said(&self) -> Option<f64> {
        mean(self.said, self.frauds)
    }

    /// Share of the frauds where it is the true one; `None` of no fraud.
    pub fn right_share(&self) -> Option<f64> {
        mean(self.right as f64, self.frauds)
    }
}

impl Fit {
    fn add(&mut self, truth: Vector, before: &Posterior, after: &Posterior) {
        let loss = |posterior: &Posterior| -posterior.weight(truth).max(WEIGHT_MIN).ln();
        let (heaviest, weight) = after.top()[0];
        self.frauds += 1;
        self.loss += loss(after);
        self.prior_loss += loss(before);
        self.confusion[truth as usize][heaviest as usize] += 1;
        // A cast of a float to an integer saturates.
        let band = &mut self.bands[((weight * 10.0) as usize).clamp(1, BANDS) - 1];
        band.frauds += 1;
        band.right += u64::from(heaviest == truth);
        band.said += weight;
    }

    /// Mean log loss in nats; `None` of no fraud.
    pub fn log_loss(&self) -> Option<f64> {
        mean(self.loss, self.frauds)
    }

    /// Mean log loss of the prior alone, in nats; `None` of no fraud.
    pub fn prior_log_loss(&self) -> Option<f64> {
        mean(self.prior_loss, self.frauds)
    }

    /// Share of the frauds where the heaviest vector is the true one; `None` of no fraud.
    pub fn right_share(&self) -> Option<f64> {
        let right = Vector::ALL.map(|vector| self.confused(vector, vector)).iter().sum::<u64>();
        mean(right as f64, self.frauds)
    }

    /// Frauds of a true vector that another, or the same, was the heaviest of.
    pub fn confused(&self, truth: Vector, heaviest: Vector) -> u64 {
        self.confusion[truth as usize][heaviest as usize]
    }

    /// Frauds by the weight of the heaviest vector, lightest band first, without empty bands.
    pub fn sureness(&self) -> impl Iterator<Item = &Sureness> {
        self.bands.iter().filter(|band| 0 < band.frauds)
    }
}

fn mean(sum: f64, count: u64) -> Option<f64> {
    (0 < count).then(|| sum / count as f64)
}
