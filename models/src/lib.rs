//! The learned opinion: facts in, a probability of fraud out, and why.
//!
//! A [`Model`] has three verbs: [`Model::check`] turns the file on disk ([`ModelDraft`]) into a
//! scorer bound to the engine's fact vector, or says everything that is wrong with it;
//! [`Model::score`] gives the calibrated probability; [`Model::explain`] gives the share that each
//! feature has in it. Hidden are two kinds of model (a line and a forest of trees), their memory
//! layout and the calibration.
//!
//! Invariants. A score is a pure function of the model and the facts, with the same bits on every
//! machine: it uses nothing but IEEE additions, multiplications, divisions and comparisons. No
//! input panics; every `f64` is a legal fact and `NaN` means missing. Nothing allocates after
//! `check`. Contributions are log-odds and add up to the margin. The crate does no I/O and knows no
//! events: it sees rows of numbers and the names of their columns. Training needs the Cargo feature
//! `train`.

mod artifact;
mod calibration;
mod example;
mod explain;
mod forest;
mod import;
mod linear;
pub mod measure;
#[cfg(feature = "train")]
mod train;
#[cfg(feature = "train")]
mod training_set;
mod tree;

pub use artifact::{
    CODES, FORMAT, FORMAT_VERSION, Fault, HoldOut, ModelDraft, Provenance, ScorerDraft,
};
pub use calibration::{Calibration, CalibrationMap, Knot, fit_isotonic, fit_platt, prior_shift};
pub use example::one_question;
pub use explain::Scratch;
pub use import::lightgbm;

pub use linear::{LinearDraft, TermDraft};
#[cfg(feature = "train")]
pub use train::train;
#[cfg(feature = "train")]
pub use training_set::{CalibrationKind, Learner, TrainConfig, TrainingSet};
pub use tree::{ForestDraft, NodeDraft};

use forest::Forest;
use linear::Linear;

/// A checked model, bound to the slots of one fact vector.
#[derive(Debug)]
pub struct Model {
    name: String,
    version: String,
    features: Vec<String>,
    slots: Vec<u32>,
    scorer: Scorer,
    calibration: Calibration,
    provenance: Provenance,
}

#[derive(Debug)]
enum Scorer {
    Linear(Linear),
    Forest(Forest),
}

impl Model {
    /// Binds a draft to the fact vector whose names are `facts`, in slot order.
    ///
    /// # Errors
    /// Everything that is wrong with the draft at once: unknown or repeated features, wrong counts,
    /// numbers that are not finite, broken trees, a calibration that is not monotone, another
    /// format.
    pub fn check(draft: ModelDraft, facts: &[&str]) -> Result<Model, Vec<Fault>> {
        let slots = artifact::check(&draft, facts)?;
        let version = draft.version();
        let scorer = match &draft.scorer {
            ScorerDraft::Linear(linear) => Scorer::Linear(Linear::new(linear, &slots)),
            ScorerDraft::Forest(forest) => Scorer::Forest(Forest::new(forest, &slots)),
        };
        Ok(Model {
            name: draft.name,
            version,
            features: draft.features,
            slots,
            scorer,
            calibration: draft.calibration,
            provenance: draft.provenance,
        })
    }

    /// The name that its makers gave it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The content hash: 16 hexadecimal digits of BLAKE3 over the canonical JSON of the draft.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The model's features in the order of the contributions.
    pub fn features(&self) -> &[String] {
        &self.features
    }

    /// For each feature, its slot in the fact vector that the model was checked against.
    pub fn slots(&self) -> &[u32] {
        &self.slots
    }

    /// Where the model comes from: data, period, parameters and hold-out measures.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// The calibrated probability of fraud, strictly between 0 and 1.
    ///
    /// A slot beyond the end of `facts` reads as missing.
    pub fn score(&self, facts: &[f64]) -> f64 {
        self.calibrate(self.margin(facts))
    }

    /// The raw score in log-odds, before calibration. Finite.
    pub fn margin(&self, facts: &[f64]) -> f64 {
        match &self.scorer {
            Scorer::Linear(linear) => linear.margin(facts),
            Scorer::Forest(forest) => forest.margin(facts),
        }
    }

    /// The probability that belongs to a margin; monotone, and strictly between 0 and 1.
    pub fn calibrate(&self, margin: f64) -> f64 {
        self.calibration.probability(margin)
    }

    /// The margin that contributions start from: the model's expectation over its training rows.
    pub fn base_margin(&self) -> f64 {
        match &self.scorer {
            Scorer::Linear(linear) => linear.base_margin(),
            Scorer::Forest(forest) => forest.base_margin(),
        }
    }

    /// Shapley values: what each feature adds to the margin, in log-odds, in the order of
    /// [`Model::features`]. They sum to `margin(facts) - base_margin()`.
    ///
    /// Exact for both kinds of model; for trees it is path-dependent TreeSHAP (see `explain.rs`).
    /// It costs some fifty scores of a 300-tree model; [`Model::attribute`] costs about two.
    ///
    /// # Panics
    /// When `contributions` does not have one place for each feature.
    pub fn explain(&self, facts: &[f64], scratch: &mut Scratch, contributions: &mut [f64]) {
        self.clear(contributions);
        match &self.scorer {
            Scorer::Linear(linear) => linear.contributions(facts, contributions),
            Scorer::Forest(forest) => forest.shapley(facts, scratch, contributions),
        }
    }

    /// Path attribution (Saabas): each split credits its feature with the change of the expected
    /// margin that it brings. They sum to `margin(facts) - base_margin()` like Shapley values, but
    /// favour features near the leaves. For a linear model it is the same as [`Model::explain`].
    ///
    /// # Panics
    /// When `contributions` does not have one place for each feature.
    pub fn attribute(&self, facts: &[f64], contributions: &mut [f64]) {
        self.clear(contributions);
        match &self.scorer {
            Scorer::Linear(linear) => linear.contributions(facts, contributions),
            Scorer::Forest(forest) => forest.attribute(facts, contributions),
        }
    }

    fn clear(&self, contributions: &mut [f64]) {
        assert_eq!(
            contributions.len(),
            self.features.len(),
            "a contribution for each feature of the model"
        );
        contributions.fill(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forest::tests::{Chance, random_tree};

    fn model(scorer: ScorerDraft) -> Model {
        let draft = ModelDraft {
            format: FORMAT.to_owned(),
            format_version: FORMAT_VERSION,
            name: "any".to_owned(),
            features: ["a", "b", "c"].map(str::to_owned).to_vec(),
            scorer,
            calibration: Calibration::identity(),
            provenance: Provenance::default(),
        };
        Model::check(draft, &["c", "x", "b", "a"]).expect("a sound draft")
    }

    fn models() -> [Model; 2] {
        let chance = &mut Chance(1);
        let term = |feature: &str| TermDraft {
            feature: feature.to_owned(),
            median: 1.0,
            mean: 2.0,
            scale: 0.5,
            weight: chance.unit(),
            missing_share: 0.1,
            missing_weight: 0.3,
        };
        let linear = LinearDraft { intercept: -1.0, terms: ["a", "b", "c"].map(term).to_vec() };
        let forest = ForestDraft {
            base: -1.0,
            trees: (0..20).map(|_| random_tree(chance, 3, 12)).collect(),
        };
        [model(ScorerDraft::Linear(linear)), model(ScorerDraft::Forest(forest))]
    }

    #[test]
    fn any_facts_give_a_probability_and_contributions_that_sum_to_the_margin() {
        let chance = &mut Chance(2);
        let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, 5e-324, -0.0];
        let mut scratch = Scratch::default();
        for model in models() {
            assert_eq!(model.slots(), [3, 2, 0]);
            for round in 0..500 {
                let len = chance.below(6);
                let facts: Vec<f64> =
                    (0..len).map(|_| odd[chance.below(odd.len())] * chance.unit()).collect();
                let score = model.score(&facts);
                assert!(0.0 < score && score < 1.0, "{round} {facts:?}");
                assert_eq!(score, model.calibrate(model.margin(&facts)));
                let mut exact = [f64::NAN; 3];
                model.explain(&facts, &mut scratch, &mut exact);
                let mut paths = [f64::NAN; 3];
                model.attribute(&facts, &mut paths);
                for contributions in [exact, paths] {
                    let sum = model.base_margin() + contributions.iter().sum::<f64>();
                    assert!((sum - model.margin(&facts)).abs() < 1e-9, "{round} {facts:?}");
                }
            }
        }
    }

    #[test]
    fn a_model_can_be_shared_between_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<Model>();
    }
}
