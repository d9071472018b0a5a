//! The smallest model that asks anything, as it is written: what the format looks like, and what
//! examples and tests are made of. What the bundled model says changes whenever it is trained; what
//! this one says does not.

/// The text of a sound model of one question: whether `amount_usd` is below 100. Below, or when it
/// is not known, its margin (log-odds of fraud) is `little`; from there on it is `much`.
pub fn one_question(little: f64, much: f64) -> String {
    format!(
        r#"{{
 "format": "gyrfalcon-model", "format_version": 1, "name": "small", "features": ["amount_usd"],
 "scorer": {{"forest": {{"base": 0.0, "trees": [[
  {{"feature": 0, "below": 100.0, "yes": 1, "no": 2, "missing": 1}},
  {{"leaf": {little:?}, "cover": 90.0}},
  {{"leaf": {much:?}, "cover": 10.0}}]]}}}},
 "calibration": {{"map": {{"platt": {{"slope": 1.0, "intercept": 0.0}}}}, "prior_shift": 0.0}},
 "provenance": {{"learner": "boosted", "trained_from_ms": 0, "trained_to_ms": 1, "delay_ms": 0, "rows": 100,
  "frauds": 10, "seed": 1, "parameters": {{}}, "hold_out": null, "warnings": [], "note": ""}}
}}"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Model, ModelDraft};

    #[test]
    fn little_and_much_are_told_apart() {
        let draft = ModelDraft::read(&one_question(-1.0, 1.0)).expect("it can be read");
        let model = Model::check(draft, &["amount_usd"]).expect("it is sound");
        let odds = |usd: f64| 1.0 / (1.0 + (if usd < 100.0 { 1.0_f64 } else { -1.0 }).exp());
        for usd in [0.0, 99.0, 100.0, 5_000.0] {
            let probability = model.score(&[usd]);
            assert!((probability - odds(usd)).abs() < 1e-9, "{usd}: {probability}");
        }
        assert_eq!(model.score(&[f64::NAN]), model.score(&[0.0]));
    }
}
