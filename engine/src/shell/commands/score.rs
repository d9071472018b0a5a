//! `gyr score`: the engine of the service without HTTP, a file of events in, decisions out.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use features::history::Limits;

use super::common::{self, Failure, ModelChoice, Output};
use super::dataset::{BadRows, NetworkArguments, Reading};
use crate::changes;
use crate::engine::Engine;
use crate::policy::Wanted;
use crate::shell::answer::answer;
use crate::shell::wire::Detail;

/// Decides on every event of a file: NDJSON in, one decision a line out, in the order of the input.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gyr score events.ndjson > decisions.ndjson
  gyr score data --policy my.policy --model none       a folder of `gyr import`, rules alone
  gyr score data --networks GeoLite2-City.mmdb,tor.csv  with countries and Tor exits looked up
  gunzip -c june.ndjson.gz | gyr score - --detail minimal | jq -r .decision | sort | uniq -c

Scored events (payments, logins, card links, ...) get a line; all others, labels among them, are
recorded where they stand and change what later events see; changes of lists that rules made before
are left out, as the rules make them again. A folder's labels are merged in at the
time they became known. The answers are those of `POST /v1/score`, without its record and timing.
Bad rows are told on standard error and make the exit code 1.")]
pub(crate) struct Arguments {
    /// Events as NDJSON, plain or gzip; a folder; `-` is standard input.
    #[arg(value_name = "FILE|DIR|-")]
    input: PathBuf,
    #[command(flatten)]
    networks: NetworkArguments,
    /// The policy; `default`, or nothing, is the built-in one.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The model it goes with, or `none`; without this, the built-in one.
    #[arg(long, value_name = "FILE|none")]
    model: Option<ModelChoice>,
    /// How much a decision says.
    #[arg(long, value_enum, default_value = "full")]
    detail: DetailChoice,
    /// Where the decisions go; without this, to standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Stop at the first bad row.
    #[arg(long)]
    strict: bool,
}

/// How much an answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DetailChoice {
    /// Decision, score and hints.
    Minimal,
    /// With reasons, rules and facts.
    Full,
    /// What the wallet's app may hear.
    Client,
}

impl DetailChoice {
    fn detail(self) -> Detail {
        match self {
            DetailChoice::Minimal => Detail::Minimal,
            DetailChoice::Full => Detail::Full,
            DetailChoice::Client => Detail::Client,
        }
    }
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let policy = common::load_policy(
        arguments.policy.as_deref(),
        arguments.model.as_ref(),
        Wanted::Judging,
    )?;
    let bad_rows = if arguments.strict { BadRows::Stop } else { BadRows::PassOver };
    let mut reading = Reading::open(&arguments.input, &arguments.networks, "scoring", bad_rows)?;
    let mut output = Output::create(arguments.out.as_deref())?;
    let engine = Engine::new(policy, Limits::default());
    let mut scored = 0;
    while let Some(mut event) = reading.next()? {
        if changes::is_of_rule(&event) {
            continue;
        }
        if !event.is_score_requested() {
            engine.record(&mut event, || ());
            continue;
        }
        let outcome = changes::decide(&engine, &mut event);
        scored += 1;
        output.line(&answer(&outcome.policy, &event, &outcome, arguments.detail.detail()))?;
    }
    output.finish()?;
    reading.end();
    common::say(&format!(
        "{} decisions, {} events recorded, {} bad rows",
        common::count(scored),
        common::count(reading.read - scored),
        common::count(reading.bad)
    ));
    reading.finish()
}
