//! `gyr serve`: the service in the foreground.

use std::fs::File;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use features::history::Limits;

use super::common::{self, Failure, ModelChoice};
use crate::shell::serve::{
    Clock, DURABLE_WAIT_MS, Error, JOURNAL, ModelSource, PATIENCE, ServeOptions,
};

/// Runs the service: HTTP in front, a journal behind.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gyr serve                                        on 127.0.0.1:8080, journal in ./gyr-data
  gyr serve --listen 0.0.0.0:9000 --data-dir /var/lib/gyr
  gyr serve --policy my.policy --model none        with rules of one's own, without a model
  gyr serve --networks offices.csv --networks GeoLite2-City.mmdb --networks GeoLite2-ASN.mmdb

  curl -s localhost:8080/v1/score --json @event.json
  curl -s localhost:8080/openapi.json              the whole interface

--networks says where addresses are: what an event does not say about its network (ip_country,
ip_lat, ip_lon, ip_accuracy_km, asn, ip_usage, is_vpn, is_proxy, is_residential_proxy, is_tor) is
looked up, field by field, in the first file that knows. What the caller says always stands. Files
are MaxMind databases or lists of ranges such as

  network,country,usage,vpn
  203.0.113.0/24,CN,business,false
  198.51.100.7,,hosting,true
  0.0.0.0/0,,,false

with `network` (or `first` and `last`) and any of country, lat and lon, accuracy_km, asn, usage,
vpn, proxy, residential_proxy, tor. An empty cell says nothing; of networks in one another, the
smallest that says something holds. Every decision names the files and their versions, and the
journal keeps what was looked up.

SIGHUP reads policy, model and networks again; what is broken leaves the running one in place, and
a policy that needs facts nobody kept takes over when their past has been read from the journal.
The service ends on SIGTERM or Ctrl-C when every accepted event is on the disk.")]
pub(crate) struct Arguments {
    /// Where to listen.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080", env = "GYR_LISTEN")]
    listen: SocketAddr,
    /// Where the journal lies; made if need be.
    #[arg(long, value_name = "DIR", default_value = "./gyr-data", env = "GYR_DATA_DIR")]
    data_dir: PathBuf,
    /// The policy in force; `default`, or nothing, is the built-in one.
    #[arg(long, value_name = "FILE", env = "GYR_POLICY")]
    policy: Option<PathBuf>,
    /// The model it goes with, or `none`; without this, the built-in one.
    #[arg(long, value_name = "FILE|none", env = "GYR_MODEL")]
    model: Option<ModelChoice>,
    /// Look up addresses in this file: a MaxMind database (.mmdb) or a list of ranges (.csv). Of
    /// several, the first one that says something is believed.
    #[arg(long, value_name = "FILE,..", value_delimiter = ',', env = "GYR_NETWORKS")]
    networks: Vec<PathBuf>,
    /// Who says when an event was received: this machine, or, to replay a past, the event itself.
    #[arg(long, value_enum, default_value = "system", env = "GYR_CLOCK")]
    clock: ClockChoice,
}

/// The two clocks of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ClockChoice {
    /// This machine's.
    System,
    /// The event's own `received_time_ms`, else its event time.
    Events,
}

/// Runs the command until the process is told to end.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    // A file that is not there is the environment's fault; what it says is checked at the start.
    if let Some(path) = common::policy_file(arguments.policy.as_deref()) {
        common::read_bytes(path)?;
    }
    if let Some(ModelChoice::File(path)) = &arguments.model {
        common::read_text(path)?;
    }
    for path in &arguments.networks {
        File::open(path).map_err(|error| Failure::reading(path, &error))?;
    }
    let options = ServeOptions {
        listen: arguments.listen,
        data_dir: arguments.data_dir.clone(),
        policy: arguments.policy.clone(),
        model: match &arguments.model {
            None => ModelSource::BuiltIn,
            Some(ModelChoice::None) => ModelSource::None,
            Some(ModelChoice::File(path)) => ModelSource::File(path.clone()),
        },
        networks: arguments.networks.clone(),
        limits: Limits::default(),
        journal: JOURNAL,
        durable_wait_ms: DURABLE_WAIT_MS,
        patience: PATIENCE,
        clock: match arguments.clock {
            ClockChoice::System => Clock::System,
            ClockChoice::Events => Clock::Events,
        },
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Environment(format!("cannot start threads: {error}")))?;
    runtime.block_on(crate::shell::serve::run(options)).map_err(|error| match error {
        Error::Policy(text) | Error::Networks(text) => Failure::Findings(text),
        other => Failure::Environment(other.to_string()),
    })
}
