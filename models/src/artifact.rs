//! The model file: readable, versioned JSON, and the check that makes it trustworthy.
//!
//! [`ModelDraft`] is exactly what the file says, in memory; it may be wrong in any way. [`check`]
//! finds all of its faults at once, so that only a draft in which every index points somewhere,
//! every number is finite and every map is monotone becomes a [`crate::Model`]. Numbers are written
//! in the shortest form that reads back to the same bits, so writing what was read gives the same
//! bytes. [`ModelDraft::write`] puts one tree node, linear term or knot on a line; white space
//! carries no meaning: the content hash is taken over the canonical form, which has none. Reading
//! costs about 15 ms for 300 trees of 63 splits; it happens when a policy is staged, not for an
//! event.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::calibration::Calibration;
use crate::linear::LinearDraft;
use crate::tree::ForestDraft;

/// What the key `format` of a model file says.
pub const FORMAT: &str = "gyrfalcon-model";
/// The version of the form that this crate reads and writes.
pub const FORMAT_VERSION: u32 = 1;
/// The most features that a model may have: bounds the row that a score keeps on the stack.
pub(crate) const FEATURES_MAX: usize = 1024;
/// The largest absolute weight, leaf or offset: keeps every sum of them finite.
pub(crate) const NUMBER_MAX: f64 = 1e9;

/// Every code of faults with models and with what they are trained on: code and meaning.
pub const CODES: &[(&str, &str)] = &[
    ("M001", "a model file that cannot be read"),
    ("M002", "a file of another format or version"),
    ("M003", "an unknown feature"),
    ("M004", "a feature that a model has twice"),
    ("M005", "a wrong number of parts"),
    ("M006", "a number that is not finite or out of its range"),
    ("M007", "nodes that are no tree"),
    ("M008", "a calibration that is not monotone"),
    ("M009", "a feature number beyond those of the model"),
    ("M010", "a LightGBM file that cannot be read or said in our form"),
    ("M020", "a training set without rows"),
    ("M021", "a training set with one class alone"),
    ("M022", "rows of a training set that do not fit together"),
    ("M023", "a training parameter outside of its range"),
    ("M024", "a training set of which no column says anything"),
    ("M025", "a learner that gave up"),
];

/// One thing that is wrong with a model file, a training set or a training configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Stable code, `M001` and so on; the README lists them.
    pub code: &'static str,
    /// Where: a path in the file such as `scorer.forest.trees[2][5]`, or a column of the data.
    pub place: String,
    /// What was got and what was wanted.
    pub message: String,
    /// The next step, where it can be guessed.
    pub help: Option<String>,
}

impl Fault {
    pub(crate) fn new(
        code: &'static str,
        place: impl Into<String>,
        message: impl Into<String>,
    ) -> Fault {
        Fault { code, place: place.into(), message: message.into(), help: None }
    }

    pub(crate) fn help(self, help: impl Into<String>) -> Fault {
        Fault { help: Some(help.into()), ..self }
    }
}

impl fmt::Display for Fault {
    /// One line: `M003 at features[2]: unknown feature "x" (help: did you mean "y"?)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}: {}", self.code, self.place, self.message)?;
        match &self.help {
            Some(help) => write!(f, " (help: {help})"),
            None => Ok(()),
        }
    }
}

/// A model as its file says it, not yet checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelDraft {
    /// Always [`FORMAT`].
    pub format: String,
    /// Always [`FORMAT_VERSION`].
    pub format_version: u32,
    /// A name for people, such as `card_spend`.
    pub name: String,
    /// Names of the facts that the model reads; everything else counts features from 0 in this
    /// order.
    pub features: Vec<String>,
    /// What turns a row of features into a margin.
    pub scorer: ScorerDraft,
    /// What turns a margin into a probability.
    pub calibration: Calibration,
    /// Where the numbers come from.
    pub provenance: Provenance,
}

/// The two kinds of model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScorerDraft {
    /// A weighted sum of prepared features.
    Linear(LinearDraft),
    /// A sum of decision trees.
    Forest(ForestDraft),
}

/// Where a model comes from: enough to judge it and to train it again.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// `logistic`, `boosted`, or the tool that a model was imported from.
    pub learner: String,
    /// Event time of the first training row, in ms since 1970 UTC.
    pub trained_from_ms: i64,
    /// Event time of the last training row, in ms since 1970 UTC.
    pub trained_to_ms: i64,
    /// The label delay that the training period respects, in ms.
    pub delay_ms: i64,
    /// Training rows.
    pub rows: u64,
    /// Training rows that are fraud.
    pub frauds: u64,
    /// The seed of everything random.
    pub seed: u64,
    /// The learner's parameters by name.
    pub parameters: BTreeMap<String, f64>,
    /// How it did on rows that the trial fit had not seen; absent when nothing could be held out.
    pub hold_out: Option<HoldOut>,
    /// What the training found odd and worked around.
    pub warnings: Vec<String>,
    /// Free text: purpose, owner, limits of use.
    pub note: String,
}

/// Measures of a trial fit on the last part of the training period (see [`crate::measure`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldOut {
    /// Rows held out.
    pub rows: u64,
    /// Frauds among them.
    pub frauds: u64,
    /// Area under the ROC curve.
    pub auc_roc: f64,
    /// Average precision.
    pub average_precision: f64,
    /// Share of frauds found at a false-positive rate of 1 %.
    pub recall_at_fpr_1pct: f64,
    /// Mean squared error of the calibrated probability.
    pub brier: f64,
    /// Mean log loss of the calibrated probability, in nats.
    pub log_loss: f64,
    /// Expected calibration error over ten bins of equal size.
    pub calibration_error: f64,
}

impl Provenance {
    /// Every number must be one that JSON can hold, or the file could not be read back.
    fn check(&self, faults: &mut Vec<Fault>) {
        for (name, number) in &self.parameters {
            check_number(*number, || format!("provenance.parameters.{name}"), faults);
        }
        let Some(hold_out) = &self.hold_out else {
            return;
        };
        let measures = [
            ("auc_roc", hold_out.auc_roc),
            ("average_precision", hold_out.average_precision),
            ("recall_at_fpr_1pct", hold_out.recall_at_fpr_1pct),
            ("brier", hold_out.brier),
            ("log_loss", hold_out.log_loss),
            ("calibration_error", hold_out.calibration_error),
        ];
        for (name, number) in measures {
            check_number(number, || format!("provenance.hold_out.{name}"), faults);
        }
    }
}

/// The two keys that say whether the rest can be understood.
#[derive(Deserialize)]
struct Heading {
    format: Option<String>,
    format_version: Option<u32>,
}

impl ModelDraft {
    /// Reads a model file.
    ///
    /// # Errors
    /// `M001` when the text is not JSON of this shape, `M002` when it is another format or version.
    pub fn read(text: &str) -> Result<ModelDraft, Vec<Fault>> {
        let unreadable =
            |error: serde_json::Error| vec![Fault::new("M001", "file", format!("{error}"))];
        let heading: Heading = serde_json::from_str(text).map_err(unreadable)?;
        let format = heading.format.unwrap_or_default();
        let faults = heading_faults(&format, heading.format_version.unwrap_or(0));
        if !faults.is_empty() {
            return Err(faults);
        }
        serde_json::from_str(text).map_err(unreadable)
    }

    /// The file's text: one tree node, linear term or knot on a line.
    pub fn write(&self) -> String {
        let mut bytes = Vec::new();
        let mut serializer =
            serde_json::Serializer::with_formatter(&mut bytes, Lines { depth: 0, empty: true });
        self.serialize(&mut serializer).expect("a draft has string keys and writes to memory");
        bytes.push(b'\n');
        String::from_utf8(bytes).expect("serde_json writes UTF-8")
    }

    /// The content hash: the first 16 hexadecimal digits of BLAKE3 over the canonical JSON.
    pub fn version(&self) -> String {
        let canonical = serde_json::to_vec(self).expect("a draft has string keys");
        blake3::hash(&canonical).to_hex()[..16].to_owned()
    }
}

/// Finds every fault of a draft, and the slot of each feature among `facts`.
pub(crate) fn check(draft: &ModelDraft, facts: &[&str]) -> Result<Vec<u32>, Vec<Fault>> {
    let mut faults = heading_faults(&draft.format, draft.format_version);
    let slots = bind(&draft.features, facts, &mut faults);
    match &draft.scorer {
        ScorerDraft::Linear(linear) => linear.check(&draft.features, &mut faults),
        ScorerDraft::Forest(forest) => forest.check(draft.features.len(), &mut faults),
    }
    draft.calibration.check(&mut faults);
    draft.provenance.check(&mut faults);
    if faults.is_empty() { Ok(slots) } else { Err(faults) }
}

fn heading_faults(format: &str, version: u32) -> Vec<Fault> {
    let mut faults = Vec::new();
    if format != FORMAT {
        faults.push(Fault::new("M002", "format", format!("got {format:?}, wanted {FORMAT:?}")));
    }
    if version != FORMAT_VERSION {
        faults.push(Fault::new(
            "M002",
            "format_version",
            format!("got {version}, wanted {FORMAT_VERSION}"),
        ));
    }
    faults
}

/// The slot of each feature; a slot of an unknown feature is 0 and comes with a fault.
fn bind(features: &[String], facts: &[&str], faults: &mut Vec<Fault>) -> Vec<u32> {
    if features.is_empty() || FEATURES_MAX < features.len() {
        faults.push(Fault::new(
            "M005",
            "features",
            format!("got {} features, wanted 1 to {FEATURES_MAX}", features.len()),
        ));
    }
    let known: BTreeMap<&str, u32> = facts.iter().copied().zip(0u32..).collect();
    let mut seen = BTreeMap::new();
    let mut slots = Vec::with_capacity(features.len());
    for (index, name) in features.iter().enumerate() {
        let place = format!("features[{index}]");
        if let Some(first) = seen.insert(name.as_str(), index) {
            let message = format!("feature {name:?} is already features[{first}]");
            faults.push(Fault::new("M004", place.clone(), message));
        }
        match known.get(name.as_str()) {
            Some(slot) => slots.push(*slot),
            None => {
                slots.push(0);
                let fault = Fault::new("M003", place, format!("unknown feature {name:?}"));
                faults.push(match nearest(name, facts) {
                    Some(near) => fault.help(format!("did you mean {near:?}?")),
                    None => fault.help("the catalogue and the policy define the known features"),
                });
            }
        }
    }
    slots
}

/// Reports a number that is not finite or too large to keep sums finite.
pub(crate) fn check_number(number: f64, place: impl FnOnce() -> String, faults: &mut Vec<Fault>) {
    // The comparison is written so that NaN fails it.
    let fits = number.abs() <= NUMBER_MAX;
    if !fits {
        let message = format!("got {number}, wanted a number within ±{NUMBER_MAX:e}");
        faults.push(Fault::new("M006", place(), message));
    }
}

/// The known name at the least edit distance, if that is at most a third of the name's length.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let limit = (name.len() / 3).max(1);
    known
        .iter()
        .filter(|candidate| candidate.len().abs_diff(name.len()) <= limit)
        .map(|candidate| (edit_distance(name, candidate), *candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance in bytes; feature names are ASCII.
fn edit_distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.bytes().enumerate() {
            let replace = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replace.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

/// Lays a model file out: containers are opened over several lines only as deep as a reader wants
/// to look, so that a node, a term or a knot stays on one line.
struct Lines {
    depth: usize,
    empty: bool,
}

/// Arrays down to the nodes of a tree are opened; the objects in them are not.
const ARRAYS_OPEN: usize = 5;
const OBJECTS_OPEN: usize = 4;

impl Lines {
    fn begin<W: ?Sized + std::io::Write>(&mut self, out: &mut W, mark: u8) -> std::io::Result<()> {
        self.depth += 1;
        self.empty = true;
        out.write_all(&[mark])
    }

    fn item<W: ?Sized + std::io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
        open: usize,
    ) -> std::io::Result<()> {
        self.empty = false;
        if !first {
            out.write_all(b",")?;
        }
        if self.depth <= open {
            self.indent(out)
        } else if first {
            Ok(())
        } else {
            out.write_all(b" ")
        }
    }

    fn end<W: ?Sized + std::io::Write>(
        &mut self,
        out: &mut W,
        mark: u8,
        open: usize,
    ) -> std::io::Result<()> {
        let opened = self.depth <= open && !self.empty;
        self.depth -= 1;
        self.empty = false;
        if opened {
            self.indent(out)?;
        }
        out.write_all(&[mark])
    }

    fn indent<W: ?Sized + std::io::Write>(&self, out: &mut W) -> std::io::Result<()> {
        out.write_all(b"\n")?;
        (0..self.depth).try_for_each(|_| out.write_all(b" "))
    }
}

impl serde_json::ser::Formatter for Lines {
    fn begin_array<W: ?Sized + std::io::Write>(&mut self, out: &mut W) -> std::io::Result<()> {
        self.begin(out, b'[')
    }

    fn end_array<W: ?Sized + std::io::Write>(&mut self, out: &mut W) -> std::io::Result<()> {
        self.end(out, b']', ARRAYS_OPEN)
    }

    fn begin_array_value<W: ?Sized + std::io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        self.item(out, first, ARRAYS_OPEN)
    }

    fn begin_object<W: ?Sized + std::io::Write>(&mut self, out: &mut W) -> std::io::Result<()> {
        self.begin(out, b'{')
    }

    fn end_object<W: ?Sized + std::io::Write>(&mut self, out: &mut W) -> std::io::Result<()> {
        self.end(out, b'}', OBJECTS_OPEN)
    }

    fn begin_object_key<W: ?Sized + std::io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        self.item(out, first, OBJECTS_OPEN)
    }

    fn begin_object_value<W: ?Sized + std::io::Write>(
        &mut self,
        out: &mut W,
    ) -> std::io::Result<()> {
        out.write_all(b": ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Model;
    use crate::calibration::{CalibrationMap, Knot};
    use crate::linear::TermDraft;
    use crate::tree::NodeDraft;

    const FACTS: [&str; 3] = ["card_attempt_count_1h", "amount_usd", "device_age_d"];

    fn draft() -> ModelDraft {
        let split = |feature, below, yes, no, missing| NodeDraft::Split {
            feature,
            below,
            yes,
            no,
            missing,
        };
        let leaf = |leaf, cover| NodeDraft::Leaf { leaf, cover };
        ModelDraft {
            format: FORMAT.to_owned(),
            format_version: FORMAT_VERSION,
            name: "small".to_owned(),
            features: vec!["amount_usd".to_owned(), "device_age_d".to_owned()],
            scorer: ScorerDraft::Forest(ForestDraft {
                base: -0.1 - 0.2,
                trees: vec![
                    vec![
                        split(0, f64::MAX, 1, 2, 2),
                        split(1, 5e-324, 3, 4, 3),
                        leaf(f64::from(0.1f32), 3.0),
                        leaf(-1.0 / 3.0, 1e-30),
                        leaf(-0.0, 7.5),
                    ],
                    vec![leaf(1e-7, 1.0)],
                ],
            }),
            calibration: Calibration {
                map: CalibrationMap::Isotonic {
                    tail_slope: 0.9,
                    knots: vec![
                        Knot { margin: -4.0, log_odds: -5.0 },
                        Knot { margin: 2.0, log_odds: 1.0 },
                    ],
                },
                prior_shift: -2.3,
            },
            provenance: Provenance {
                learner: "boosted".to_owned(),
                parameters: BTreeMap::from([("depth".to_owned(), 2.0)]),
                warnings: vec!["x is always 1 and was left out".to_owned()],
                ..Provenance::default()
            },
        }
    }

    fn codes(faults: &[Fault]) -> Vec<&str> {
        faults.iter().map(|fault| fault.code).collect()
    }

    #[test]
    fn a_saved_model_reads_back_to_the_same_bytes_version_and_score_bits() {
        let draft = draft();
        let text = draft.write();
        let again = ModelDraft::read(&text).unwrap();
        assert_eq!(again, draft);
        assert_eq!(again.write(), text);
        let [first, second] = [draft, again].map(|draft| Model::check(draft, &FACTS).unwrap());
        assert_eq!(first.version(), second.version());
        for facts in [[0.0, 1.0, 2.0], [f64::NAN; 3], [1e300, -1e300, f64::INFINITY]] {
            assert_eq!(first.score(&facts).to_bits(), second.score(&facts).to_bits());
        }
    }

    #[test]
    fn white_space_does_not_change_the_version_and_a_number_does() {
        let draft = draft();
        let compact = serde_json::to_string(&draft).unwrap();
        assert_ne!(compact, draft.write());
        assert_eq!(ModelDraft::read(&compact).unwrap().version(), draft.version());
        assert_eq!(draft.version().len(), 16);
        let mut other = draft.clone();
        other.calibration.prior_shift = -2.4;
        assert_ne!(other.version(), draft.version());
    }

    #[test]
    fn a_file_has_one_node_on_a_line() {
        let text = draft().write();
        let line =
            "\n     {\"feature\": 1, \"below\": 5e-324, \"yes\": 3, \"no\": 4, \"missing\": 3},\n";
        assert!(text.contains(line), "{text}");
        assert!(text.contains("\n     {\"margin\": -4.0, \"log_odds\": -5.0},\n"), "{text}");
        assert!(text.starts_with("{\n \"format\": \"gyrfalcon-model\",\n"), "{text}");
    }

    #[test]
    fn every_unknown_or_repeated_feature_is_reported_with_the_nearest_name() {
        let mut wrong = draft();
        wrong.features =
            ["amont_usd", "device_age_d", "zzz", "device_age_d"].map(str::to_owned).to_vec();
        let faults = Model::check(wrong, &FACTS).unwrap_err();
        assert_eq!(codes(&faults), ["M003", "M003", "M004"]);
        assert_eq!(faults[0].help.as_deref(), Some("did you mean \"amount_usd\"?"));
        assert_eq!(faults[1].place, "features[2]");
        assert_eq!(
            faults[2].to_string(),
            "M004 at features[3]: feature \"device_age_d\" is already features[1]"
        );
    }

    #[test]
    fn faults_of_all_parts_come_together() {
        let mut wrong = draft();
        wrong.features.clear();
        wrong.format_version = 9;
        wrong.calibration.prior_shift = f64::INFINITY;
        wrong.provenance.parameters.insert("depth".to_owned(), f64::NAN);
        wrong.scorer = ScorerDraft::Linear(LinearDraft {
            intercept: f64::NAN,
            terms: vec![TermDraft {
                feature: "amount_usd".to_owned(),
                median: 0.0,
                mean: 0.0,
                scale: -1.0,
                weight: 0.0,
                missing_share: 0.0,
                missing_weight: 0.0,
            }],
        });
        let faults = Model::check(wrong, &FACTS).unwrap_err();
        let wanted = ["M002", "M005", "M005", "M006", "M006", "M006", "M006"];
        assert_eq!(codes(&faults), wanted);
    }

    #[test]
    fn another_format_or_version_is_named_before_its_shape_is_judged() {
        let other = "{\"format\": \"xgboost\", \"format_version\": 3, \"learner\": {}}";
        let faults = ModelDraft::read(other).unwrap_err();
        assert_eq!(codes(&faults), ["M002", "M002"]);
        assert_eq!(codes(&ModelDraft::read("{}").unwrap_err()), ["M002", "M002"]);
    }

    #[test]
    fn what_is_not_a_model_file_is_refused_with_the_place() {
        for text in ["", "[1, 2]", "not json", "{\"format\": 3}"] {
            assert_eq!(codes(&ModelDraft::read(text).unwrap_err()), ["M001"], "{text}");
        }
        let misspelt = draft().write().replace("\"prior_shift\"", "\"prior_shit\"");
        let faults = ModelDraft::read(&misspelt).unwrap_err();
        assert_eq!(codes(&faults), ["M001"]);
        assert!(faults[0].message.contains("line"), "{}", faults[0]);
    }
}
