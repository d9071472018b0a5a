//! `gyr facts`: what was known of every scored event at its moment, as a table.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use datasets::{Error, FactsWriter, LabelColumn};
use features::history::{History, Limits};
use features::language::define::Feature;

use super::common::{self, Failure, ModelChoice};
use super::dataset::{BadRows, NetworkArguments, Reading, id_of};
use super::names;
use crate::policy::{Policy, Wanted};

/// Writes the features of every scored event, as the service would have seen them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gyr facts --data data --out facts.csv.gz
  gyr facts --data data --features 'card_*,account_*' --out facts.ndjson
  gyr facts --data data --policy my.policy --out facts.parquet
  gyr facts --data data --features '*_24h' --out - | head

One row for each scored event: event_id, event_time_ms, then the features in the order of
`gyr features`. A missing value is empty in CSV, null elsewhere. Parquet needs a build with the
cargo feature `offline`. Labels count from the time at which they became known.")]
pub(crate) struct Arguments {
    /// A folder of events and labels, or a file of events; `-` is standard input.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    #[command(flatten)]
    networks: NetworkArguments,
    /// Add the features that this policy defines.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Features to write, with `*` and `?`, or `day_one` for the 72 most needed; without this, all.
    #[arg(long, value_name = "PATTERN,..", value_delimiter = ',')]
    features: Vec<String>,
    /// Where the table goes: .csv, .ndjson (both also .gz) or .parquet; `-` is NDJSON to standard
    /// output.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let table = FactTable::choose(arguments.policy.as_deref(), &arguments.features)?;
    let names: Vec<&str> = table.names().collect();
    let mut reading =
        Reading::open(&arguments.data, &arguments.networks, "folding", BadRows::PassOver)?;
    let mut writer =
        FactsWriter::create(&arguments.out, &names, LabelColumn::Without).map_err(unwritable)?;
    let history = table.history();
    let (mut facts, mut row) = (Vec::new(), Vec::with_capacity(names.len()));
    while let Some(mut event) = reading.next()? {
        if !event.is_score_requested() {
            history.record(&mut event, || ());
            continue;
        }
        history.observe(&mut event, &mut facts, || ());
        row.clear();
        row.extend(table.pick(&facts));
        writer.write(id_of(&event), event.time(), &row, None)?;
    }
    let rows = writer.finish()?;
    reading.end();
    common::say(&format!("{} rows of {} features", common::count(rows), names.len()));
    reading.finish()
}

/// A table that cannot be started: a path that says no form is a wrong argument.
pub(crate) fn unwritable(error: Error) -> Failure {
    match error {
        Error::Form { .. } => Failure::Usage(error.to_string()),
        other => Failure::from(other),
    }
}

/// Chosen features and the policy that keeps them, and nothing that they do not need.
#[derive(Debug)]
pub(crate) struct FactTable {
    policy: Policy,
    /// Names with their places among the facts: features may need other facts beside them.
    columns: Vec<(String, usize)>,
}

impl FactTable {
    /// The features that one of the patterns matches, built-in and those of the policy; all without
    /// a pattern.
    pub(crate) fn choose(path: Option<&Path>, patterns: &[String]) -> Result<FactTable, Failure> {
        FactTable::choose_or(path, patterns, |_| true, |_, _| Ok(true))
    }

    /// The same, but without a pattern those that are `usual`, and of these those that are `fit`.
    ///
    /// # Errors
    /// All names that are refused, with the reasons of `fit`.
    pub(crate) fn choose_or(
        path: Option<&Path>,
        patterns: &[String],
        usual: impl Fn(&Feature) -> bool,
        mut fit: impl FnMut(&Policy, &str) -> Result<bool, String>,
    ) -> Result<FactTable, Failure> {
        let sources = common::policy_sources(path)?;
        let no_model = Some(&ModelChoice::None);
        let whole = common::sound_policy(&sources, no_model, Wanted::Judging)?;
        let offered = whole.features().iter().filter(|f| !patterns.is_empty() || usual(f));
        let all: Vec<&str> = offered.map(|feature| feature.name.as_str()).collect();
        let mut chosen = names::choose(patterns, &all)?;
        let mut refused = Vec::new();
        chosen.retain(|name| {
            fit(&whole, name).unwrap_or_else(|why| {
                refused.push(why);
                false
            })
        });
        if !refused.is_empty() {
            return Err(Failure::Usage(refused.join("\n")));
        }
        let policy = common::sound_policy(&sources, no_model, Wanted::Only(&chosen))?;
        let slot = |name: String| policy.plan().find(&name).map(|slot| (name, slot));
        let columns = chosen.into_iter().filter_map(slot).collect();
        Ok(FactTable { policy, columns })
    }

    /// The names, in the order of the columns.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| name.as_str())
    }

    /// A history that keeps what the features need.
    pub(crate) fn history(&self) -> History {
        History::new(Arc::clone(self.policy.plan()), Limits::default())
    }

    /// The values of the columns among the facts of an event.
    pub(crate) fn pick(&self, facts: &[f64]) -> impl Iterator<Item = f64> {
        self.columns.iter().map(|(_, slot)| facts[*slot])
    }
}
