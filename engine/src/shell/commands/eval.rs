//! `gyr eval`: how good a model is on labelled events that it has not seen.
//!
//! The events are folded through the engine as the service would have, and the model's probability
//! is set against the truth. Customers who were known as defrauded by then are left out, as the
//! Fraud Detection Handbook does: whoever lost a card in the training days, or later but at least
//! the label delay and a day before, is no longer a customer whose fraud is to be found.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use datasets::ScoresWriter;
use features::event::{Event, hash_text};
use features::field::{EventType, FieldId, Types, ids};
use features::history::Limits;
use models::Provenance;
use models::measure::{
    CalibrationBin, Fold, Ranking, brier, calibration_error, calibration_table,
    card_precision_at_k, log_loss,
};
use serde_json::{Value, json};

use super::common::{self, Failure, ModelChoice, percent};
use super::dataset::{BadRows, Known, NetworkArguments, Reading, id_of, scored_types};
use super::days::{Days, Span, day_of};
use super::facts::unwritable;
use super::train::types_of;
use crate::backtest::Truth;
use crate::engine::Engine;
use crate::policy::Wanted;

/// Cards that a day's investigators look at.
const CARDS: usize = 100;
/// Bins of the calibration table.
const BINS: usize = 10;
/// False-positive rates at which recall is told.
const RATES: [f64; 4] = [0.001, 0.005, 0.01, 0.05];

/// Measures a model on labelled events: ranking, card precision, calibration.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gyr eval --data data --model my.model.json
  gyr eval --data data --model my.model.json --test 2018-07-25..2018-07-31 --json
  gyr eval --data data --model my.model.json --policy my.policy --scores scores.csv

Without --test, the days after training and label delay are measured, up to the last. Training days
and delay are those that the model file tells, unless --train and --delay say otherwise; they decide
which customers were known as defrauded and are left out. `gyr train --help` shows the validation
folds of the Fraud Detection Handbook as a loop over both commands.")]
pub(crate) struct Arguments {
    /// The model.
    #[arg(long, value_name = "MODEL")]
    model: PathBuf,
    /// A folder of events and labels, as `gyr import` makes it.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    #[command(flatten)]
    networks: NetworkArguments,
    /// The policy that defines the model's features; `default`, or nothing, is the built-in one.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Days to measure on, both included, UTC.
    #[arg(long, value_name = "FROM..TO")]
    test: Option<Days>,
    /// Days the model was trained on.
    #[arg(long, value_name = "FROM..TO")]
    train: Option<Days>,
    /// How long labels take.
    #[arg(long, value_name = "SPAN")]
    delay: Option<Span>,
    /// Measure by the truth of a simulated world instead of its labels: its truth.ndjson.
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
    /// Event types to measure on; without this, those that move a customer's money.
    #[arg(long, value_name = "TYPE,..", value_delimiter = ',', value_parser = scored_types)]
    on: Vec<Types>,
    /// Who counts as one card.
    #[arg(long, value_enum, default_value = "account")]
    card_field: CardField,
    /// Write event_id and p_fraud of every measured event: .csv, .ndjson or .parquet.
    #[arg(long, value_name = "FILE")]
    scores: Option<PathBuf>,
    /// Write the measures as JSON.
    #[arg(long)]
    json: bool,
}

/// What makes two events those of one card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CardField {
    /// The same account.
    Account,
    /// The same card.
    Card,
}

impl CardField {
    fn field(self) -> FieldId {
        match self {
            CardField::Account => ids::ACCOUNT_ID,
            CardField::Card => ids::CARD_CARD_TOKEN,
        }
    }
}

/// When the model was trained, and when it is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    train: Days,
    delay: Span,
    test: Days,
}

impl Plan {
    /// What the arguments say, else what the model file tells; `last_day` ends an open test.
    fn new(arguments: &Arguments, provenance: &Provenance) -> Result<Plan, Failure> {
        let train = arguments.train.unwrap_or(Days {
            first: day_of(provenance.trained_from_ms),
            last: day_of(provenance.trained_to_ms),
        });
        let delay = arguments.delay.unwrap_or(Span { ms: provenance.delay_ms });
        let open = Days { first: train.last + delay.days() + 1, last: LAST_DAY };
        let test = arguments.test.unwrap_or(open);
        if test.first <= train.last && train.first <= test.last {
            return Err(Failure::Usage(format!(
                "the model was trained on {train}, which overlaps the test days {test}"
            )));
        }
        Ok(Plan { train, delay, test })
    }
}

/// A day after every event.
const LAST_DAY: i64 = 10_000_000;

/// What is kept of each labelled event.
#[derive(Debug, Default)]
struct Rows {
    scores: Vec<f64>,
    labels: Vec<u8>,
    cards: Vec<u64>,
    days: Vec<i64>,
}

impl Rows {
    fn push(&mut self, score: f64, label: u8, card: u64, day: i64) {
        self.scores.push(score);
        self.labels.push(label);
        self.cards.push(card);
        self.days.push(day);
    }
}

/// Everything that is measured.
#[derive(Debug)]
struct Measures {
    rows: usize,
    left_out: usize,
    frauds: f64,
    auc_roc: f64,
    average_precision: f64,
    card_precision: f64,
    recall_at: Vec<(f64, f64)>,
    brier: f64,
    log_loss: f64,
    calibration_error: f64,
    calibration: Vec<CalibrationBin>,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let choice = ModelChoice::File(arguments.model.clone());
    let policy = common::load_policy(arguments.policy.as_deref(), Some(&choice), Wanted::Judging)?;
    let model = policy.model().expect("a policy that was given a model has one");
    let plan = Plan::new(arguments, model.provenance())?;
    let title = format!("{} {}", model.name(), model.version());
    let known = Known::read(&arguments.data, arguments.truth.as_deref(), i64::MAX)?;
    let mut reading =
        Reading::open(&arguments.data, &arguments.networks, "folding", BadRows::PassOver)?;
    let engine = Engine::new(policy, Limits::default());
    let (before, rows) = fold(arguments, &engine, plan, &known, &mut reading)?;
    reading.end();
    if rows.labels.is_empty() {
        let what = format!("{}: no labelled event on the test days", arguments.data.display());
        return Err(Failure::Findings(what));
    }
    let measures = measure(&before, &rows, plan);
    if measures.rows == 0 {
        let what = "every labelled event on the test days is of a customer known as defrauded";
        return Err(Failure::Findings(what.to_owned()));
    }
    let tested = tested_days(&rows);
    if arguments.json {
        common::print_json(&report(&measures, &title, plan, tested))?;
    } else {
        common::print(&describe(&measures, &title, plan, tested))?;
    }
    reading.finish()
}

/// Folds the events; gives the labelled ones before the test days and on them. What comes before is
/// recorded only, so its score is not known and not needed.
fn fold(
    arguments: &Arguments,
    engine: &Engine,
    plan: Plan,
    known: &Known,
    reading: &mut Reading,
) -> Result<(Rows, Rows), Failure> {
    let types = types_of(&arguments.on);
    let writer = arguments.scores.as_deref().map(ScoresWriter::create).transpose();
    let mut writer = writer.map_err(unwritable)?;
    let (mut before, mut rows) = (Rows::default(), Rows::default());
    let end_ms = plan.test.end_ms();
    while let Some(mut event) = reading.next()? {
        // Labels stand where they became known, so only the act itself ends the test days.
        if end_ms <= event.time() && event.event_type() != EventType::Label {
            break;
        }
        let is_row = types.contains(event.event_type()) && event.is_score_requested();
        let is_tested = is_row && plan.test.contains(event.time());
        let (truth, _) = known.of(id_of(&event));
        let card = card_of(arguments.card_field, &event);
        let day = day_of(event.time());
        if !is_tested {
            if is_row && truth == Truth::Fraud {
                before.push(f64::NAN, 1, card, day);
            }
            engine.record(&mut event, || ());
            continue;
        }
        let (outcome, ()) = engine.decide(&mut event, || ());
        let probability = outcome.judgement.probability.unwrap_or(f64::NAN);
        if let Some(writer) = &mut writer {
            writer.write(id_of(&event), probability)?;
        }
        match truth {
            Truth::Fraud => rows.push(probability, 1, card, day),
            Truth::Genuine => rows.push(probability, 0, card, day),
            Truth::Unknown => {}
        }
    }
    if let Some(writer) = writer {
        writer.finish()?;
    }
    Ok((before, rows))
}

/// The number of the card; an event that names none is a card of its own.
fn card_of(field: CardField, event: &Event) -> u64 {
    event.bits(field.field()).unwrap_or_else(|| hash_text(id_of(event)))
}

fn tested_days(rows: &Rows) -> Days {
    let (first, last) = (rows.days.iter().min(), rows.days.iter().max());
    Days { first: first.copied().unwrap_or(0), last: last.copied().unwrap_or(0) }
}

/// For each tested day, the cards whose fraud was known by then.
fn known_cards(before: &Rows, rows: &Rows, plan: Plan) -> BTreeMap<i64, BTreeSet<u64>> {
    let tested = tested_days(rows);
    let delay_days = plan.delay.days();
    let fold = Fold {
        train_from: plan.train.first,
        // The days between training and test are as if trained on: their frauds count from the
        // moment they are known, which is what the fold asks.
        train_days: tested.first - delay_days - plan.train.first,
        delay_days,
        assess_days: tested.last - tested.first + 1,
    };
    let join = |a: &[u64], b: &[u64]| [a, b].concat();
    let labels = [before.labels.as_slice(), &rows.labels].concat();
    let days = [before.days.as_slice(), &rows.days].concat();
    fold.known_cards(&labels, &join(&before.cards, &rows.cards), &days)
}

fn measure(before: &Rows, rows: &Rows, plan: Plan) -> Measures {
    let known = known_cards(before, rows, plan);
    let mut kept = Rows::default();
    for row in 0..rows.labels.len() {
        let (card, day) = (rows.cards[row], rows.days[row]);
        if known.get(&day).is_none_or(|cards| !cards.contains(&card)) {
            kept.push(rows.scores[row], rows.labels[row], card, day);
        }
    }
    let ranking = Ranking::new(&kept.scores, &kept.labels);
    let calibration = calibration_table(&kept.scores, &kept.labels, BINS);
    Measures {
        rows: kept.labels.len(),
        left_out: rows.labels.len() - kept.labels.len(),
        frauds: ranking.frauds(),
        auc_roc: ranking.auc_roc(),
        average_precision: ranking.average_precision(),
        card_precision: card_precision_at_k(
            &kept.scores,
            &kept.labels,
            &kept.cards,
            &kept.days,
            &known,
            CARDS,
        ),
        recall_at: RATES.iter().map(|rate| (*rate, ranking.recall_at_fpr(*rate))).collect(),
        brier: brier(&kept.scores, &kept.labels),
        log_loss: log_loss(&kept.scores, &kept.labels),
        calibration_error: calibration_error(&calibration),
        calibration,
    }
}

fn describe(measures: &Measures, title: &str, plan: Plan, tested: Days) -> String {
    let mut lines = vec![
        ("model", title.to_owned()),
        ("trained", format!("{}, label delay {}", plan.train, plan.delay)),
        ("tested", tested.to_string()),
        (
            "rows",
            format!(
                "{}, {} of them fraud; {} of customers known as defrauded left out",
                common::count(measures.rows as u64),
                common::count(measures.frauds as u64),
                common::count(measures.left_out as u64),
            ),
        ),
        ("AUC ROC", defined(measures.auc_roc)),
        ("average precision", defined(measures.average_precision)),
        ("card precision@100", defined(measures.card_precision)),
    ];
    for (rate, recall) in &measures.recall_at {
        let text =
            format!("{} at a false-positive rate of {} %", percent(Some(*recall)), 100.0 * rate);
        lines.push(("recall", text));
    }
    lines.push(("log loss", format!("{:.6}", measures.log_loss)));
    lines.push(("Brier", format!("{:.6}", measures.brier)));
    lines.push(("calibration error", format!("{:.6}", measures.calibration_error)));
    let mut table = common::table(&["#rows", "#frauds", "#from", "#to", "#predicted", "#observed"]);
    for bin in &measures.calibration {
        table.add_row([
            common::count(bin.rows),
            common::count(bin.frauds),
            format!("{:.6}", bin.from),
            format!("{:.6}", bin.to),
            format!("{:.6}", bin.predicted),
            format!("{:.6}", bin.observed),
        ]);
    }
    let lines: Vec<String> = lines.iter().map(|(name, text)| format!("{name:<20}{text}")).collect();
    format!("{}\n{}", lines.join("\n"), table.trim_fmt())
}

/// A measure with four decimals; a dash where it is not defined, such as recall without a fraud.
fn defined(measure: f64) -> String {
    if measure.is_finite() { format!("{measure:.4}") } else { "-".to_owned() }
}

/// The measures for a machine; what is not defined is `null`.
fn report(measures: &Measures, title: &str, plan: Plan, tested: Days) -> Value {
    let recalls: serde_json::Map<String, Value> =
        measures.recall_at.iter().map(|(rate, recall)| (rate.to_string(), json!(recall))).collect();
    let bins: Vec<Value> = measures
        .calibration
        .iter()
        .map(|bin| {
            json!({
                "rows": bin.rows, "frauds": bin.frauds, "from": bin.from, "to": bin.to,
                "predicted": bin.predicted, "observed": bin.observed,
            })
        })
        .collect();
    json!({
        "model": title,
        "train": plan.train.to_string(),
        "delay_ms": plan.delay.ms,
        "test": tested.to_string(),
        "rows": measures.rows,
        "left_out": measures.left_out,
        "frauds": measures.frauds as u64,
        "auc_roc": measures.auc_roc,
        "average_precision": measures.average_precision,
        "card_precision_100": measures.card_precision,
        "recall_at_fpr": recalls,
        "log_loss": measures.log_loss,
        "brier": measures.brier,
        "calibration_error": measures.calibration_error,
        "calibration": bins,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        Plan {
            train: Days { first: 1, last: 7 },
            delay: "7d".parse().unwrap(),
            test: Days { first: 15, last: 21 },
        }
    }

    #[test]
    fn customers_known_as_defrauded_by_the_day_are_left_out_on_that_day() {
        let mut before = Rows::default();
        // Before the training days, in them, and on the second day of the label delay.
        for (card, day) in [(1, 0), (2, 5), (3, 9)] {
            before.push(f64::NAN, 1, card, day);
        }
        let mut rows = Rows::default();
        for day in [15, 16, 17] {
            for card in [1, 2, 3, 4] {
                rows.push(card as f64 / 10.0, u8::from(card == 4), card, day);
            }
        }
        let known = known_cards(&before, &rows, plan());
        assert_eq!(known[&15], BTreeSet::from([2]));
        assert_eq!(known[&16], BTreeSet::from([2]));
        assert_eq!(known[&17], BTreeSet::from([2, 3]));
        let measures = measure(&before, &rows, plan());
        assert_eq!((measures.rows, measures.left_out), (8, 4));
        assert_eq!((measures.frauds, measures.auc_roc), (3.0, 1.0));
        // The one compromised card is found on the first of three days, among a hundred places.
        assert!((measures.card_precision - 0.01 / 3.0).abs() < 1e-15);
    }

    #[test]
    fn a_test_that_begins_late_knows_the_frauds_of_the_days_between() {
        let mut before = Rows::default();
        before.push(f64::NAN, 1, 5, 20);
        let mut rows = Rows::default();
        rows.push(0.5, 0, 5, 27);
        rows.push(0.5, 0, 5, 28);
        let known = known_cards(&before, &rows, plan());
        assert_eq!((known[&27].len(), known[&28].len()), (0, 1));
    }
}
