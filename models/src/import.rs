//! Models that LightGBM trained, read from its text file into our draft.
//!
//! What can be said in our form is taken over exactly, so that the margin equals LightGBM's raw
//! score: `x <= t` becomes `x < the next float above t`, leaf counts become covers, missing values
//! go where LightGBM sends them (where a node knows no missing values, `NaN` counts as 0). What
//! cannot be said (categorical splits, zero as missing, linear leaves, several classes, averaged
//! forests) is a fault. Leaf values are kept as they stand, they already hold the learning rate and
//! the initial score.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::artifact::{FORMAT, FORMAT_VERSION, Fault, ModelDraft, Provenance, ScorerDraft};
use crate::calibration::{Calibration, CalibrationMap};
use crate::tree::{ForestDraft, NodeDraft};

/// Bits of `decision_type`: categorical, missing goes left, and two for what counts as missing.
const CATEGORICAL: u8 = 1;
const DEFAULT_LEFT: u8 = 2;
const MISSING_NONE: u8 = 0;
const MISSING_NAN: u8 = 2;

/// The `key=value` lines of one section.
struct Section<'a> {
    place: String,
    lines: BTreeMap<&'a str, &'a str>,
}

/// Reads a binary classifier from the text of a LightGBM model file (version 3 or 4).
///
/// The objective's `sigmoid` becomes the slope of the calibration. Features are named as in the
/// file.
///
/// # Errors
/// `M010` for each thing in the file that is not readable or cannot be said in our form.
pub fn lightgbm(text: &str, name: &str) -> Result<ModelDraft, Vec<Fault>> {
    let text = text.split("\nend of trees").next().unwrap_or(text);
    let mut sections = text.split("\nTree=").enumerate().map(|(index, section)| {
        let place = match index {
            0 => "header".to_owned(),
            tree => format!("Tree={}", tree - 1),
        };
        let lines =
            section.lines().filter_map(|line| line.split_once('=').or(Some((line, "")))).collect();
        Section { place, lines }
    });
    let mut faults = Vec::new();
    let header =
        sections.next().unwrap_or(Section { place: "header".to_owned(), lines: BTreeMap::new() });
    let slope = header.slope(&mut faults);
    let features = header.numbers::<String>("feature_names", &mut faults);
    let trees: Vec<Vec<NodeDraft>> = sections.map(|tree| tree.nodes(&mut faults)).collect();
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(ModelDraft {
        format: FORMAT.to_owned(),
        format_version: FORMAT_VERSION,
        name: name.to_owned(),
        features,
        scorer: ScorerDraft::Forest(ForestDraft { base: 0.0, trees }),
        calibration: Calibration {
            map: CalibrationMap::Platt { slope, intercept: 0.0 },
            prior_shift: 0.0,
        },
        provenance: Provenance { learner: "lightgbm".to_owned(), ..Provenance::default() },
    })
}

impl Section<'_> {
    fn fault(&self, key: &str, message: impl Into<String>) -> Fault {
        Fault::new("M010", format!("{} {key}", self.place), message)
    }

    /// The values of a key, separated by spaces.
    fn numbers<T: FromStr>(&self, key: &str, faults: &mut Vec<Fault>) -> Vec<T> {
        let Some(line) = self.lines.get(key) else {
            faults.push(self.fault(key, "key is absent"));
            return Vec::new();
        };
        let mut values = Vec::new();
        for word in line.split_whitespace() {
            match word.parse() {
                Ok(value) => values.push(value),
                Err(_) => faults.push(self.fault(key, format!("cannot read {word:?}"))),
            }
        }
        values
    }

    /// Checks that this is a binary classifier, and gives the slope of its logistic function.
    fn slope(&self, faults: &mut Vec<Fault>) -> f64 {
        if self.lines.get("num_class") != Some(&"1") {
            faults.push(self.fault("num_class", "wanted one class score"));
        }
        if self.lines.contains_key("average_output") {
            faults.push(self.fault("average_output", "wanted boosted trees, not averaged ones"));
        }
        let mut words = self.lines.get("objective").map_or("", |line| line).split_whitespace();
        if words.next() != Some("binary") {
            faults.push(self.fault("objective", "wanted a binary objective"));
        }
        let slope = words.find_map(|word| word.strip_prefix("sigmoid:"));
        slope.map_or(1.0, |slope| {
            slope.parse().unwrap_or_else(|_| {
                faults.push(self.fault("objective", format!("cannot read {slope:?}")));
                1.0
            })
        })
    }

    /// The tree's splits, then its leaves.
    fn nodes(&self, faults: &mut Vec<Fault>) -> Vec<NodeDraft> {
        let before = faults.len();
        let values: Vec<f64> = self.numbers("leaf_value", faults);
        let splits = values.len().saturating_sub(1);
        if self.lines.get("num_cat").is_some_and(|count| *count != "0")
            || self.lines.get("is_linear").is_some_and(|flag| *flag != "0")
        {
            faults.push(self.fault("num_cat", "wanted numeric splits and constant leaves"));
        }
        if splits == 0 {
            let leaf = values.first().copied().unwrap_or(0.0);
            return vec![NodeDraft::Leaf { leaf, cover: 1.0 }];
        }
        let features: Vec<u32> = self.numbers("split_feature", faults);
        let thresholds: Vec<f64> = self.numbers("threshold", faults);
        let decisions: Vec<u8> = self.numbers("decision_type", faults);
        let left: Vec<i64> = self.numbers("left_child", faults);
        let right: Vec<i64> = self.numbers("right_child", faults);
        let counts: Vec<f64> = self.numbers("leaf_count", faults);
        let lengths = [
            features.len(),
            thresholds.len(),
            decisions.len(),
            left.len(),
            right.len(),
            counts.len().saturating_sub(1),
        ];
        if faults.len() != before || lengths.iter().any(|length| *length != splits) {
            faults.push(self.fault("num_leaves", "lists of different lengths"));
            return Vec::new();
        }
        // A child below 0 is a leaf, counted from -1 downwards. Nonsense becomes an index that the
        // check refuses.
        let child = |number: i64| {
            let index = if number < 0 { splits as i64 - 1 - number } else { number };
            u32::try_from(index).unwrap_or(u32::MAX)
        };
        let mut nodes = Vec::with_capacity(values.len() + splits);
        for split in 0..splits {
            let [yes, no] = [child(left[split]), child(right[split])];
            let threshold = thresholds[split];
            let missing_yes = match self.missing_goes_left(decisions[split], threshold) {
                Ok(left) => left,
                Err(fault) => {
                    faults.push(fault);
                    continue;
                }
            };
            nodes.push(NodeDraft::Split {
                feature: features[split],
                // The largest float parts what is missing from what is there; it stays finite.
                below: threshold.next_up().min(f64::MAX),
                yes,
                no,
                missing: if missing_yes { yes } else { no },
            });
        }
        let leaf = |(leaf, cover): (&f64, &f64)| NodeDraft::Leaf { leaf: *leaf, cover: *cover };
        nodes.extend(values.iter().zip(&counts).map(leaf));
        nodes
    }

    fn missing_goes_left(&self, decision: u8, threshold: f64) -> Result<bool, Fault> {
        if decision & CATEGORICAL != 0 {
            return Err(self.fault("decision_type", "wanted no categorical split"));
        }
        match (decision >> 2) & 3 {
            MISSING_NONE => Ok(0.0 <= threshold),
            MISSING_NAN => Ok(decision & DEFAULT_LEFT != 0),
            _ => Err(self.fault("decision_type", "wanted no zero that counts as missing")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Model;

    const FILE: &str = "tree\nversion=v4\nnum_class=1\nobjective=binary sigmoid:2\n\
        feature_names=amount age\n\nTree=0\nnum_leaves=3\nnum_cat=0\nsplit_feature=0 1\n\
        threshold=10 -2\ndecision_type=8 2\nleft_child=-1 -2\nright_child=1 -3\n\
        leaf_value=0.5 -1 2\nleaf_count=5 3 2\nis_linear=0\n\nTree=1\nnum_leaves=1\nnum_cat=0\n\
        leaf_value=0.25\n\nend of trees\n\nfeature_importances:\n";

    #[test]
    fn a_file_keeps_its_raw_scores() {
        let draft = lightgbm(FILE, "imported").unwrap();
        let model = Model::check(draft, &["amount", "age"]).unwrap();
        for (facts, raw) in [
            ([10.0, 0.0], 0.75),
            ([10.000_001, -2.0], -0.75),
            ([11.0, -1.9], 2.25),
            // The first split sends NaN right, the second takes it for 0.
            ([f64::NAN, f64::NAN], 2.25),
        ] {
            assert_eq!(model.margin(&facts), raw, "{facts:?}");
        }
        let wanted = 1.0 / (1.0 + f64::exp(-1.5));
        assert!((model.score(&[0.0, 0.0]) - wanted).abs() < 1e-15);
    }

    #[test]
    fn what_we_cannot_say_is_refused_by_name() {
        let wrong = FILE
            .replace("objective=binary sigmoid:2", "objective=regression")
            .replace("num_class=1", "num_class=3")
            .replace("decision_type=8 2", "decision_type=1 6")
            .replace("leaf_value=0.25", "leaf_value=x");
        let faults = lightgbm(&wrong, "imported").unwrap_err();
        let places: Vec<&str> = faults.iter().map(|fault| fault.place.as_str()).collect();
        assert_eq!(
            places,
            [
                "header num_class",
                "header objective",
                "Tree=0 decision_type",
                "Tree=0 decision_type",
                "Tree=1 leaf_value",
            ]
        );
    }

    #[test]
    fn an_empty_or_foreign_text_is_refused() {
        assert!(lightgbm("", "imported").is_err());
        assert!(lightgbm("{\"trees\": []}", "imported").is_err());
    }
}
