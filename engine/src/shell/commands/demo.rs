//! `gyr demo`: a week of wallet life in a minute, decided by a real service.
//!
//! The simulated world plays against a service over HTTP: one that is started here on a free port,
//! or one that runs already. Customers and crooks meet its answers, so what is shown is a closed
//! loop: who is challenged, who gives up, what fraud gets through and what it costs. The truth is
//! the world's; the service sees events only.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use datasets::synth::{Answer, Ask, Settings, Wallet, World};
use features::history::Limits;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::common::{self, Failure};
use super::days::Day;
use crate::decision::Factor;
use crate::shell::serve::{self, Clock, DURABLE_WAIT_MS, JOURNAL, ModelSource, PATIENCE};
use crate::shell::serve::{ServeOptions, Service};
use panel::{Heard, Panel};

mod panel;

/// Attempted fraud in the demo, in hundredths of a percent of the scored events: some fifteen times
/// what is usual, so that a week has something to show.
const PREVALENCE_BPS: f64 = 400.0;

/// Simulates a week of wallet traffic, streams it at a service and shows what it decides.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gyr demo
  gyr demo --speed max --accounts 5000
  gyr serve --clock events &  gyr demo --service http://127.0.0.1:8080 --speed 2000

A service that runs already must go by the clock of the events (--clock events), as this week is
long past. Fraud is fifteen times as frequent as in life, so that there is something to see.")]
pub(crate) struct Arguments {
    /// A service that runs; without this, one is started for the demo and ended with it.
    #[arg(long, value_name = "URL")]
    service: Option<String>,
    /// How many times faster than life, or `max`.
    #[arg(long, value_name = "N|max", default_value = "12000")]
    speed: Speed,
    /// How many customers.
    #[arg(long, value_name = "N", default_value_t = 3_000)]
    accounts: u32,
    /// How many days.
    #[arg(long, value_name = "N", default_value_t = 7)]
    days: u32,
    /// The seed: another one is another week.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The first day.
    #[arg(long, value_name = "DAY", default_value = "2026-09-28")]
    start: Day,
}

/// How fast the week goes by.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Speed {
    /// As fast as the service answers.
    Max,
    /// So many times faster than life.
    Times(f64),
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Speed, String> {
        if text == "max" {
            return Ok(Speed::Max);
        }
        let times = text.parse().ok().filter(|times| (1.0..=1e9).contains(times));
        times.map(Speed::Times).ok_or_else(|| format!("got {text:?}, wanted 1 to 1e9, or max"))
    }
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut world = world(arguments)?;
    let own = match arguments.service {
        Some(_) => None,
        None => Some(Own::start()?),
    };
    let url = match (&arguments.service, &own) {
        (Some(url), _) => url.trim_end_matches('/').to_owned(),
        (None, own) => format!("http://{}", own.as_ref().map_or_else(any, |own| own.address)),
    };
    let mut wallet = HttpWallet::connect(&url)?;
    let mut panel = Panel::new(&url, arguments.accounts, world.start_ms(), world.end_ms());
    let began = Instant::now();
    while world.play_step(&mut wallet) {
        if let Some(error) = wallet.error.take() {
            panel.end();
            return Err(Failure::Environment(error));
        }
        for emitted in world.events() {
            panel.show(&emitted, wallet.heard.take());
        }
        pace(arguments.speed, began, world.now_ms() - world.start_ms());
    }
    wallet.flush();
    panel.end();
    drop(own);
    common::print(&panel.summary(wallet.is_too_late))
}

fn any() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// Waits until the week has come so far.
fn pace(speed: Speed, began: Instant, played_ms: i64) {
    let Speed::Times(times) = speed else { return };
    let due = Duration::from_secs_f64(played_ms as f64 / 1_000.0 / times);
    if let Some(early) = due.checked_sub(began.elapsed()) {
        std::thread::sleep(early);
    }
}

fn world(arguments: &Arguments) -> Result<World, Failure> {
    let mut settings = Settings::default();
    settings.fraud.prevalence_bps = PREVALENCE_BPS;
    let Arguments { seed, days, accounts, start, .. } = *arguments;
    common::eventful_world(seed, days, accounts, start, settings)
}

/// The service of the demo, with a journal that goes when it ends.
struct Own {
    runtime: Option<Runtime>,
    service: Option<Arc<Service>>,
    stop: Option<oneshot::Sender<()>>,
    address: SocketAddr,
    folder: PathBuf,
}

impl Own {
    fn start() -> Result<Own, Failure> {
        let folder = std::env::temp_dir().join(format!("gyr-demo-{}", std::process::id()));
        let options = ServeOptions {
            listen: any(),
            data_dir: folder.clone(),
            policy: None,
            model: ModelSource::BuiltIn,
            networks: Vec::new(),
            limits: Limits::default(),
            journal: JOURNAL,
            durable_wait_ms: DURABLE_WAIT_MS,
            patience: PATIENCE,
            clock: Clock::Events,
        };
        let failed = |what: &str, error: &dyn std::fmt::Display| {
            Failure::Environment(format!("cannot {what} the demo's service: {error}"))
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|error| failed("run", &error))?;
        let service = Service::open(&options).map_err(|error| failed("start", &error))?;
        let listener = runtime
            .block_on(TcpListener::bind(options.listen))
            .map_err(|error| failed("start", &error))?;
        let address = listener.local_addr().map_err(|error| failed("start", &error))?;
        let (stop, stopped) = oneshot::channel::<()>();
        let ended = async move {
            // A dropped sender ends it as well.
            let _ = stopped.await;
        };
        runtime.spawn(serve::serve(Arc::clone(&service), listener, PATIENCE, ended));
        Ok(Own {
            runtime: Some(runtime),
            service: Some(service),
            stop: Some(stop),
            address,
            folder,
        })
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let (Some(runtime), Some(service)) = (self.runtime.take(), self.service.take()) {
            // What a demo's service says when it ends is of no use to anybody.
            let _ = runtime.block_on(service.close());
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A wallet that asks a service over HTTP.
struct HttpWallet {
    agent: ureq::Agent,
    score: String,
    events: String,
    /// Unscored events that wait for the next decision, as lines.
    waiting: String,
    /// What the last decision was, for whoever shows it.
    heard: Option<Heard>,
    error: Option<String>,
    is_too_late: bool,
}

/// Unscored events are sent on when there are so many bytes of them.
const WAITING_BYTES: usize = 256 * 1024;

impl HttpWallet {
    fn connect(url: &str) -> Result<HttpWallet, Failure> {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(30)))
            .http_status_as_error(false)
            .build()
            .into();
        let ready = agent.get(format!("{url}/readyz")).call();
        let status = ready.map_err(|error| {
            let help = "is a service running there? `gyr demo` alone starts one";
            Failure::Environment(format!("cannot reach {url}: {error} ({help})"))
        })?;
        if !status.status().is_success() {
            let text = format!("{url} is not ready: it answers {}", status.status());
            return Err(Failure::Environment(text));
        }
        Ok(HttpWallet {
            agent,
            score: format!("{url}/v1/score?detail=full"),
            events: format!("{url}/v1/events"),
            waiting: String::new(),
            heard: None,
            error: None,
            is_too_late: false,
        })
    }

    /// Sends what waits.
    fn flush(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let sent = self.post(&self.events, "application/x-ndjson", &self.waiting);
        self.waiting.clear();
        if let Err(error) = sent {
            self.error.get_or_insert(error);
        }
    }

    fn post(&self, url: &str, media_type: &str, body: &str) -> Result<String, String> {
        let sent = self.agent.post(url).header("content-type", media_type).send(body);
        let mut reply = sent.map_err(|error| format!("{url}: {error}"))?;
        let text = reply.body_mut().read_to_string().map_err(|error| format!("{url}: {error}"))?;
        // 207 says line by line what became of events.
        if reply.status().is_success() { Ok(text) } else { Err(format!("{url}: {text}")) }
    }
}

impl Wallet for HttpWallet {
    fn decide(&mut self, ask: &Ask<'_>) -> Answer {
        self.flush();
        let began = Instant::now();
        let reply = self.post(&self.score, "application/json", ask.line);
        let took = began.elapsed();
        let parsed = reply.and_then(|text| {
            serde_json::from_str::<Value>(&text).map_err(|error| error.to_string())
        });
        match parsed {
            Ok(value) => {
                let degraded = value["degraded"].as_array();
                self.is_too_late |= degraded
                    .is_some_and(|parts| parts.iter().any(|part| part == "too_late_to_count"));
                let answer = answer_in(&value);
                self.heard = Some(Heard::of(&value, took));
                answer
            }
            Err(error) => {
                self.error.get_or_insert(error);
                Answer::Decline
            }
        }
    }

    fn record(&mut self, line: &str) {
        self.waiting.push_str(line);
        self.waiting.push('\n');
        if WAITING_BYTES < self.waiting.len() {
            self.flush();
        }
    }
}

/// What an answer of the service tells the customer.
fn answer_in(value: &Value) -> Answer {
    match value["decision"].as_str() {
        Some("approve") => Answer::Approve,
        Some("challenge") => {
            let options = value["hints"]["options"].as_array();
            let named = |option: &Value| {
                let name = option["factor"].as_str()?;
                Factor::ALL.into_iter().map(Factor::name).find(|known| *known == name)
            };
            let factors = options.into_iter().flatten().filter_map(named).collect();
            Answer::Challenge { factors, is_all: value["hints"]["combine"] == "all" }
        }
        _ => Answer::Decline,
    }
}
