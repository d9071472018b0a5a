//! `gyr train`: labelled history becomes a model file.
//!
//! The events are folded once, as the service would have seen them, labels at the time they became
//! known; a row of the training set is the facts of an event at that moment and its truth. What was
//! not yet known when the training would have run (the last day plus the label delay) is not used,
//! so a model is never better on paper than it could have been.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use features::catalog::DAY_ONE;
use features::event::Event;
use features::field::{EventType, Types, ids};
use features::language::define::Feature;
use models::{
    CalibrationKind, Fault, Learner, ModelDraft, Provenance, TrainConfig, TrainingSet, train,
};
use serde_json::{Value, json};

use super::common::{self, Failure, Output, percent};
use super::dataset::{BadRows, Known, MONEY_OUT, NetworkArguments, Reading, id_of, scored_types};
use super::days::{Days, Span, print_time};
use super::facts::FactTable;
use crate::backtest::{Truth, share};

/// Share of the training rows, the latest ones, that calibrate and measure the model.
const HOLD_OUT_SHARE: f64 = 0.25;

/// Trains a model on labelled events and writes it with its card.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gyr train --data data --out my.model.json
  gyr train --data data --train 2018-07-11..2018-07-17 --delay 7d --out july.model.json
  gyr train --data data --features 'account_*,card_*' --learner logistic --out small.model.json
  gyr train --data data --on login --policy my.policy --out login.model.json
  gyr train --data world --train 2026-09-15..2026-12-15 --delay 45d --unlabelled legit \\
    --genuine 0.2 --on all --out wallet.model.json   where only fraud is ever labelled
  gyr train --data world --truth world/truth.ndjson --enriched 5 --out wallet.model.json

The four validation folds of the Fraud Detection Handbook, on its data and features:
  for from in 2018-06-20 2018-06-27 2018-07-04 2018-07-11; do
    gyr train --data data --policy handbook.policy --features 'tx_*,customer_id_*,terminal_id_*' \\
      --train $from..$(date -d \"$from +6 days\" +%F) --delay 7d --out fold-$from.model.json
    gyr eval --data data --policy handbook.policy --model fold-$from.model.json --json \\
      --test $(date -d \"$from +14 days\" +%F)..$(date -d \"$from +20 days\" +%F)
  done

All events up to the last training day are folded; rows are taken from the training days. A label
counts if it was known by the end of the last day plus the delay.")]
pub(crate) struct Arguments {
    /// A folder of events and labels, as `gyr import` makes it.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    #[command(flatten)]
    networks: NetworkArguments,
    /// Where the model goes.
    #[arg(long, value_name = "MODEL")]
    out: PathBuf,
    /// Add the features that this policy defines.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Features to learn from, with `*` and `?`; without this, `day_one` (the 72 most needed) and all
    /// that the policy defines.
    #[arg(long, value_name = "PATTERN,..", value_delimiter = ',')]
    features: Vec<String>,
    /// Days to learn from, both included, UTC; without this, all days and all labels.
    #[arg(long, value_name = "FROM..TO")]
    train: Option<Days>,
    /// How long labels may take: later ones are not used.
    #[arg(long, value_name = "SPAN", default_value = "7d")]
    delay: Span,
    /// Learn the truth of a simulated world instead of its labels: its truth.ndjson. Every event is
    /// then known, also the frauds that nobody reports.
    #[arg(long, value_name = "FILE", conflicts_with = "unlabelled")]
    truth: Option<PathBuf>,
    /// Event types to learn from, or `all` that are scored; without this, those that move a
    /// customer's money.
    #[arg(long, value_name = "TYPE,..", value_delimiter = ',', value_parser = scored_types)]
    on: Vec<Types>,
    /// What an event without a usable label is.
    #[arg(long, value_enum, default_value = "drop")]
    unlabelled: Unlabelled,
    /// Share of the genuine rows to learn from, when there are too many; all frauds stay, and the
    /// probabilities are corrected for it.
    #[arg(long, value_name = "SHARE", default_value = "1", value_parser = share_of_rows)]
    genuine: f64,
    /// How many times as frequent fraud is in the data as in life, such as in a world simulated for
    /// training; the probabilities are corrected for it.
    #[arg(long, value_name = "TIMES", default_value = "1", value_parser = times)]
    enriched: f64,
    /// What fits the model.
    #[arg(long, value_enum, default_value = "boosted")]
    learner: LearnerChoice,
    /// The seed of everything random.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Write the model card as JSON.
    #[arg(long)]
    json: bool,
}

impl Arguments {
    /// The end of the training days.
    fn end_ms(&self) -> i64 {
        self.train.map_or(i64::MAX, Days::end_ms)
    }

    /// When the training would have run: what became known later is not used.
    fn known_by_ms(&self) -> i64 {
        self.end_ms().saturating_add(self.delay.ms)
    }
}

/// What becomes of events whose truth is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Unlabelled {
    /// They are left out.
    Drop,
    /// They are taken for genuine: right where only fraud is ever labelled.
    Legit,
}

/// The learners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LearnerChoice {
    /// Logistic regression.
    Logistic,
    /// Gradient-boosted trees.
    Boosted,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let table = learnable(arguments)?;
    let known = Known::read(&arguments.data, arguments.truth.as_deref(), arguments.known_by_ms())?;
    let mut reading =
        Reading::open(&arguments.data, &arguments.networks, "folding", BadRows::PassOver)?;
    // The model file is opened first: a folder that cannot be written is told before the work.
    let mut output = Output::create(Some(&arguments.out))?;
    let set = gather(arguments, &table, &known, &mut reading)?;
    reading.end();
    if set.labels.is_empty() {
        return Err(nothing_to_learn(arguments, &known));
    }
    let draft = train(&set, &config(arguments)).map_err(|faults| refused(&faults))?;
    output.put(draft.write().as_bytes())?;
    output.finish()?;
    if arguments.json {
        common::print_json(&card(&draft, &arguments.out))?;
    } else {
        common::print(&describe(&draft, &arguments.out))?;
    }
    reading.finish()
}

/// The features to learn from. One that no model may learn from is refused when it is named, and
/// left out when it is only among those that a pattern or nothing at all asks for.
fn learnable(arguments: &Arguments) -> Result<FactTable, Failure> {
    let usual = |feature: &Feature| !feature.is_builtin || DAY_ONE.contains(&feature.name.as_str());
    let (path, patterns) = (arguments.policy.as_deref(), &arguments.features);
    let mut left_out = Vec::new();
    let table = FactTable::choose_or(path, patterns, usual, |policy, name| {
        let Some(why) = policy.unlearnable(name) else { return Ok(true) };
        if patterns.iter().any(|pattern| pattern == name) {
            return Err(format!("no model learns from {name:?}: {why}"));
        }
        left_out.push(format!("{name} ({why})"));
        Ok(false)
    })?;
    if !left_out.is_empty() {
        common::say(&format!("left out: {}", left_out.join("; ")));
    }
    Ok(table)
}

/// The event types of an argument, with the usual ones when none is named.
pub(crate) fn types_of(on: &[Types]) -> Types {
    if on.is_empty() {
        return Types::of(&MONEY_OUT);
    }
    on.iter().fold(Types::NONE, |all, types| all.union(*types))
}

fn gather(
    arguments: &Arguments,
    table: &FactTable,
    known: &Known,
    reading: &mut Reading,
) -> Result<TrainingSet, Failure> {
    let history = table.history();
    let types = types_of(&arguments.on);
    let end_ms = arguments.end_ms();
    let mut set = TrainingSet {
        names: table.names().map(str::to_owned).collect(),
        rows: Vec::new(),
        labels: Vec::new(),
        weights: None,
        times: Vec::new(),
    };
    let mut facts = Vec::new();
    while let Some(mut event) = reading.next()? {
        // Labels stand where they became known, so only the act itself ends the training days.
        if end_ms <= event.time() && event.event_type() != EventType::Label {
            break;
        }
        let in_days = arguments.train.is_none_or(|days| days.contains(event.time()));
        let is_row = in_days && types.contains(event.event_type()) && event.is_score_requested();
        let label = is_row.then(|| label_of(arguments, known, &event)).flatten();
        let Some(label) = label else {
            history.record(&mut event, || ());
            continue;
        };
        history.observe(&mut event, &mut facts, || ());
        set.rows.extend(table.pick(&facts));
        set.labels.push(label);
        set.times.push(event.time());
    }
    Ok(set)
}

fn label_of(arguments: &Arguments, known: &Known, event: &Event) -> Option<u8> {
    let (truth, _) = known.of(id_of(event));
    match (truth, arguments.unlabelled) {
        (Truth::Fraud, _) => Some(1),
        (Truth::Genuine, _) | (Truth::Unknown, Unlabelled::Legit) => {
            // Which rows stay follows from their ids: the same in every run.
            let lot = event.bits(ids::EVENT_ID).unwrap_or_default() as f64 / 2.0_f64.powi(64);
            (lot < arguments.genuine).then_some(0)
        }
        (Truth::Unknown, Unlabelled::Drop) => None,
    }
}

fn share_of_rows(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| 0.001 <= *share && *share <= 1.0);
    share.ok_or_else(|| format!("got {text:?}, wanted a share from 0.001 to 1"))
}

fn times(text: &str) -> Result<f64, String> {
    let times = text.parse().ok().filter(|times| 1.0 <= *times && *times <= 1_000.0);
    times.ok_or_else(|| format!("got {text:?}, wanted a number from 1 to 1,000"))
}

fn config(arguments: &Arguments) -> TrainConfig {
    let stem = arguments.out.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = stem.as_deref().and_then(|name| name.split('.').next()).unwrap_or("model");
    let days = arguments.train.map_or("all days".to_owned(), |days| days.to_string());
    let types: Vec<&str> = types_of(&arguments.on).iter().map(EventType::name).collect();
    TrainConfig {
        name: name.to_owned(),
        learner: match arguments.learner {
            LearnerChoice::Logistic => Learner::logistic(),
            LearnerChoice::Boosted => Learner::boosted(),
        },
        calibration: CalibrationKind::Isotonic,
        hold_out_share: HOLD_OUT_SHARE,
        // Fraud that is five times too frequent is what keeping a fifth of the genuine rows gives.
        kept_negatives: arguments.genuine / arguments.enriched,
        delay_ms: arguments.delay.ms,
        seed: arguments.seed,
        note: format!("{days}, on {}", types.join(", ")),
    }
}

fn nothing_to_learn(arguments: &Arguments, known: &Known) -> Failure {
    let mut text = format!("{}: no labelled row to learn from", arguments.data.display());
    if known.is_empty() {
        text.push_str(" (help: there is no labels.ndjson, or it labels no event in time)");
    } else if arguments.train.is_some() {
        text.push_str(" (help: look at --train, --delay and --on)");
    }
    Failure::Findings(text)
}

fn refused(faults: &[Fault]) -> Failure {
    let lines: Vec<String> = faults.iter().map(|fault| format!("error {fault}")).collect();
    Failure::Findings(lines.join("\n"))
}

fn describe(draft: &ModelDraft, path: &Path) -> String {
    let Provenance {
        learner,
        rows,
        frauds,
        trained_from_ms,
        trained_to_ms,
        hold_out,
        warnings,
        note,
        ..
    } = &draft.provenance;
    let mut lines = vec![
        ("model", format!("{} {} in {}", draft.name, draft.version(), path.display())),
        ("learner", format!("{learner} on {} features", draft.features.len())),
        ("period", format!("{} to {}", print_time(*trained_from_ms), print_time(*trained_to_ms))),
        (
            "rows",
            format!(
                "{}, {} of them fraud ({})",
                common::count(*rows),
                common::count(*frauds),
                percent(share(*frauds, *rows))
            ),
        ),
        ("note", note.clone()),
    ];
    match hold_out {
        Some(held) => lines.extend([
            (
                "held out",
                format!(
                    "{} rows, {} frauds: the latest quarter, unseen by a trial fit",
                    common::count(held.rows),
                    common::count(held.frauds)
                ),
            ),
            ("", format!("AUC ROC {:.4}", held.auc_roc)),
            ("", format!("average precision {:.4}", held.average_precision)),
            ("", format!("recall at FPR 1 % {}", percent(Some(held.recall_at_fpr_1pct)))),
            ("", format!("log loss {:.5}, Brier {:.5}", held.log_loss, held.brier)),
            ("", format!("calibration error {:.5}", held.calibration_error)),
        ]),
        None => lines.push(("held out", "nothing: too few frauds".to_owned())),
    }
    lines.extend(warnings.iter().map(|warning| ("warning", warning.clone())));
    let lines: Vec<String> = lines.iter().map(|(name, text)| format!("{name:<10}{text}")).collect();
    lines.join("\n")
}

/// The model card for a machine; not-a-number becomes `null`.
fn card(draft: &ModelDraft, path: &Path) -> Value {
    json!({
        "file": path.display().to_string(),
        "name": draft.name,
        "version": draft.version(),
        "features": draft.features,
        "provenance": draft.provenance,
    })
}
