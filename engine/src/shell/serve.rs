//! The service as a process: start, replay, signals, shutdown.
//!
//! A [`Service`] is the engine with what surrounds it: the journal, the table of ids, the meter and
//! the clock. [`Service::open`] reads the policy, folds the whole journal through the same door as
//! live events and only then takes new ones, so history and ids are what they were when the last
//! process ended; so is what steers decisions, which the recorded answers tell. [`serve`] answers on a listener until it is told to stop, lets every request that
//! has begun end, and [`Service::close`] then flushes the journal. [`run`] is all of it with the
//! signals of the system: SIGTERM and Ctrl-C end it, SIGHUP reads policy, model and files of
//! networks again. A policy that is broken is refused with its reasons and the running one stays; so
//! is a broken file of networks. One that keeps other facts is staged: the running one decides until
//! the past of these facts is folded, see `backfill`; the next one takes the place of a staged one.
//!
//! A start costs the replay: one parse and one fold a record.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use arc_swap::Guard;
use features::event::Event;
use features::field::ids;
use features::history::{History, Limits, Recorded};
use features::networks::Networks;
use tokio::net::{TcpListener, TcpSocket};
use tokio::task;
use tokio::time::timeout;

use super::backfill::Backfill;
use super::commands::common::{self, ModelChoice, say};
use super::http::connection::Guarded;
pub use super::http::connection::Patience;
use super::http::idempotency::{ANSWERS_MAX, Fingerprint, IDS_MAX, Key, Known, Table};
use super::journal::{self, Journal};
use super::meter::{Levels, Meter};
use super::networks::NetworkFiles;
use super::wire::steered_in;
use super::{http, record};
use crate::engine::{Engine, Staged};
use crate::policy::{Policy, Wanted};

/// A journal for a service: segments of 64 MiB, a queue that holds a second of heavy load.
pub const JOURNAL: journal::Options = journal::Options {
    segment_bytes: 64 << 20,
    batch_bytes_max: 4 << 20,
    batch_records_max: 4_096,
    queue_records_max: 1 << 16,
};

/// Connections as a caller on a good network uses them.
pub const PATIENCE: Patience = Patience {
    request: Duration::from_secs(10),
    idle: Duration::from_secs(60),
    connections_max: 4_096,
};

/// How long an answer waits for the disk when the caller says nothing, in milliseconds.
pub const DURABLE_WAIT_MS: u64 = 25;

/// How long the last requests may take to let go of the service.
const CLOSE_PATIENCE: Duration = Duration::from_secs(5);

/// Everything that a service is told.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where the journal lies, in a folder `journal`; made if need be.
    pub data_dir: PathBuf,
    /// The policy file; the built-in policy without one.
    pub policy: Option<PathBuf>,
    /// The model it goes with.
    pub model: ModelSource,
    /// Files that addresses are looked up in, the most trusted first.
    pub networks: Vec<PathBuf>,
    /// How much history is kept.
    pub limits: Limits,
    /// The limits of the journal; [`JOURNAL`] for a service.
    pub journal: journal::Options,
    /// How long an answer waits for the disk, in milliseconds; [`DURABLE_WAIT_MS`] for a service.
    pub durable_wait_ms: u64,
    /// How long connections may wait; [`PATIENCE`] for a service.
    pub patience: Patience,
    /// Who says when an event was received.
    pub clock: Clock,
}

/// Which model goes with the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelSource {
    /// The one that comes with the engine.
    BuiltIn,
    /// A file.
    File(PathBuf),
    /// None: the rules decide alone.
    None,
}

/// Who says when an event was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The machine, when the bytes are there.
    System,
    /// The event itself (`received_time_ms`, else its event time): for replaying a past, where the
    /// machine's clock would call every event late.
    Events,
}

/// Why a service could not start, reload or stop.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The policy or model cannot be read or has faults, which are drawn in the text.
    Policy(String),
    /// Files of networks cannot be read or have faults, which are drawn in the text.
    Networks(String),
    /// The journal failed.
    Journal(journal::Error),
    /// A record of the journal is not what this program writes.
    Record {
        /// Its sequence.
        sequence: u64,
        /// What is wrong.
        what: String,
    },
    /// The address cannot be listened on.
    Listen {
        /// The address.
        address: SocketAddr,
        /// The refusal.
        source: io::Error,
    },
    /// The system refused a thread or a signal.
    System(io::Error),
    /// Requests held on to the service after the end.
    Busy,
}

/// What became of a policy that was read again; each names it and its model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reloaded {
    /// It decides.
    InForce(String),
    /// It keeps other facts: it decides when their past is folded, and the running one until then.
    Staged(String),
}

/// See the module's essay.
#[derive(Debug)]
pub struct Service {
    engine: Engine,
    journal: Journal,
    table: Table,
    meter: Meter,
    networks: NetworkFiles,
    clock: Clock,
    durable_wait: Duration,
    policy_source: (Option<PathBuf>, ModelSource),
    /// Held while a policy is replaced, so that one that was given up is never put in force.
    staged: Mutex<Option<Arc<Backfill>>>,
    is_draining: AtomicBool,
}

impl Service {
    /// Reads policy and model, replays the journal and starts it. Blocks for as long as that takes.
    ///
    /// # Errors
    ///
    /// Faults of the policy, the model or the files of networks; a journal that is locked, corrupt
    /// or cannot be written.
    pub fn open(options: &ServeOptions) -> Result<Arc<Service>, Error> {
        let policy = read_policy(options.policy.as_deref(), &options.model)?;
        let networks = NetworkFiles::open(&options.networks)
            .map_err(|failure| Error::Networks(failure.to_string()))?;
        let engine = Engine::new(policy, options.limits);
        let table = Table::new(IDS_MAX, ANSWERS_MAX);
        let dir = options.data_dir.join("journal");
        let mut replay = Journal::open(&dir, options.journal).map_err(Error::Journal)?;
        let progress = common::progress("reading the journal", None);
        for record in &mut replay {
            let record = record.map_err(Error::Journal)?;
            progress.inc(record.payload.len() as u64);
            fold(&engine, &table, &record)?;
        }
        progress.finish_and_clear();
        let journal = replay.start().map_err(Error::Journal)?;
        let meter = Meter::new(&engine.policy());
        Ok(Arc::new(Service {
            engine,
            journal,
            table,
            meter,
            networks,
            clock: options.clock,
            durable_wait: Duration::from_millis(options.durable_wait_ms),
            policy_source: (options.policy.clone(), options.model.clone()),
            staged: Mutex::new(None),
            is_draining: AtomicBool::new(false),
        }))
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Reads policy and model again and puts them in force, at once or when the past of their facts
    /// is folded; a policy that was staged before gives way to them.
    ///
    /// # Errors
    ///
    /// As for the start; what runs and what is staged then stays.
    pub fn reload(self: &Arc<Service>) -> Result<Reloaded, Error> {
        let (policy, model) = &self.policy_source;
        let policy = read_policy(policy.as_deref(), model)?;
        let what = describe(&policy);
        let mut staged = self.staged();
        if staged.as_ref().is_some_and(|backfill| backfill.what == what) {
            return Ok(Reloaded::Staged(what));
        }
        if let Some(before) = staged.take() {
            before.cancel();
        }
        let Err(policy) = self.engine.install(policy) else {
            self.meter.install(&self.engine.policy());
            return Ok(Reloaded::InForce(what));
        };
        let backfill = Arc::new(Backfill::new(&policy));
        let (service, policy) = (Arc::clone(self), self.engine.stage(*policy));
        let run = Arc::clone(&backfill);
        let thread = thread::Builder::new().name("backfill".to_owned());
        thread.spawn(move || run.run(&service, policy)).map_err(Error::System)?;
        *staged = Some(backfill);
        Ok(Reloaded::Staged(what))
    }

    /// The policy that is staged, and how far its past is folded.
    pub(crate) fn backfill(&self) -> Option<Arc<Backfill>> {
        self.staged().clone()
    }

    /// Puts a policy in force whose past is folded, unless it was given up meanwhile. Gives the
    /// history that it replaces, which takes a while to drop.
    pub(crate) fn promote(&self, backfill: &Arc<Backfill>, policy: Staged) -> Option<Arc<History>> {
        let mut staged = self.staged();
        if !staged.as_ref().is_some_and(|current| Arc::ptr_eq(current, backfill)) {
            return None;
        }
        *staged = None;
        let replaced = self.engine.promote(policy);
        // Whoever stages another one takes this one out first.
        let replaced = replaced.expect("a policy that is staged is the one that follows");
        self.meter.install(&self.engine.policy());
        Some(replaced)
    }

    /// Takes a policy off the stage that cannot be put in force.
    pub(crate) fn give_up(&self, backfill: &Arc<Backfill>) {
        self.staged().take_if(|current| Arc::ptr_eq(current, backfill));
    }

    fn staged(&self) -> MutexGuard<'_, Option<Arc<Backfill>>> {
        self.staged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the files of networks again; tells which are in force now.
    ///
    /// # Errors
    ///
    /// [`Error::Networks`] when some are not sound. Their predecessors then stay; the sound ones are
    /// in force all the same.
    pub fn reload_networks(&self) -> Result<String, Error> {
        self.networks.reload().map_err(|failure| Error::Networks(failure.to_string()))?;
        Ok(describe_networks(&self.networks()))
    }

    /// Flushes and closes the journal when the last request has ended.
    ///
    /// # Errors
    ///
    /// [`Error::Journal`] when not everything reached the disk, [`Error::Busy`] when a request does
    /// not end.
    pub async fn close(self: Arc<Service>) -> Result<(), Error> {
        if let Some(backfill) = self.staged().take() {
            backfill.cancel();
        }
        // A connection lets go of the service a moment after it says that it has ended, and a
        // back-fill when it has read the segment that it is at.
        let mut service = Some(self);
        let alone = timeout(CLOSE_PATIENCE, async {
            loop {
                match service.take().map(Arc::try_unwrap) {
                    Some(Ok(alone)) => return alone,
                    Some(Err(shared)) => service = Some(shared),
                    None => {}
                }
                task::yield_now().await;
            }
        });
        let alone = alone.await.map_err(|_| Error::Busy)?;
        alone.journal.close().map_err(Error::Journal)
    }

    pub(crate) fn journal(&self) -> &Journal {
        &self.journal
    }

    pub(crate) fn table(&self) -> &Table {
        &self.table
    }

    pub(crate) fn meter(&self) -> &Meter {
        &self.meter
    }

    /// The files of networks as they are now.
    pub(crate) fn networks(&self) -> Guard<Arc<Networks>> {
        self.networks.current()
    }

    /// How long an answer waits for the disk when its caller says nothing.
    pub(crate) fn durable_wait(&self) -> Duration {
        self.durable_wait
    }

    /// When an event that is being read now was received, if the clock has a say in it.
    pub(crate) fn received_ms(&self) -> Option<i64> {
        match self.clock {
            Clock::Events => None,
            Clock::System => {
                // A clock before 1970 is a broken one; events are then refused as far ahead of it.
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Some(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
        }
    }

    /// Why no decision should be asked for here, if so.
    pub(crate) fn unready(&self) -> Option<&'static str> {
        if self.is_draining.load(Ordering::Relaxed) {
            return Some("the service is shutting down");
        }
        match self.journal.state() {
            journal::State::Running => None,
            journal::State::Failed { .. } => Some("the journal takes no records"),
        }
    }

    /// What the metrics page shows of engine and journal.
    pub(crate) fn levels(&self) -> Levels {
        let (policy, helm) = (self.engine.policy(), self.engine.helm());
        Levels {
            steering_usd: (helm.price_usd(policy.economics()), helm.explored_usd()),
            census: self.engine.history().census(),
            durable: self.journal.durable(),
            is_journal_running: self.journal.state() == journal::State::Running,
            networks: self.networks().labels().to_vec(),
        }
    }
}

/// The key of an event in the table of ids.
pub(crate) fn key_of(event: &Event) -> Key {
    let tenant_id = event.bits(ids::TENANT_ID).unwrap_or(0) as u32;
    Key::of(tenant_id, event.text(ids::EVENT_ID).unwrap_or_default())
}

/// Folds one record of the journal, as it was folded when it came.
fn fold(engine: &Engine, table: &Table, record: &journal::Record) -> Result<(), Error> {
    let Some(mut event) = event_of(record)? else { return Ok(()) };
    let (recorded, ()) = engine.record(&mut event, || ());
    if record.kind == record::SCORED
        && recorded == Recorded::Yes
        && let Some(steered) = record::decode(&record.payload).and_then(|r| steered_in(r.answer))
    {
        engine.resume(&event, &steered);
    }
    let known = Known {
        is_scored: record.kind == record::SCORED,
        sequence: Some(record.sequence),
        applied: recorded == Recorded::Yes,
        answer: None,
    };
    table.restore(key_of(&event), Fingerprint::of(event.json().as_bytes()), known);
    Ok(())
}

/// The event of a record, as it was when it came; none for a place that nobody filled.
pub(crate) fn event_of(record: &journal::Record) -> Result<Option<Event>, Error> {
    let sequence = record.sequence;
    let wrong = |what: &str| Error::Record { sequence, what: what.to_owned() };
    match record.kind {
        // Its event was not folded either, or was lost.
        journal::ABANDONED => return Ok(None),
        record::SCORED | record::RECORDED => {}
        kind => return Err(wrong(&format!("its kind {kind} is not known here"))),
    }
    let payload = record::decode(&record.payload).ok_or_else(|| wrong("it cannot be read"))?;
    // With what was looked up then: the files of today may say something else.
    let event = payload.read().map_err(|faults| {
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        wrong(&format!("its event is refused: {}", faults.join("; ")))
    })?;
    Ok(Some(event))
}

fn read_policy(policy: Option<&Path>, model: &ModelSource) -> Result<Policy, Error> {
    let choice = match model {
        ModelSource::BuiltIn => None,
        ModelSource::File(path) => Some(ModelChoice::File(path.clone())),
        ModelSource::None => Some(ModelChoice::None),
    };
    let checked = common::load_policy(policy, choice.as_ref(), Wanted::Judging);
    checked.map_err(|failure| Error::Policy(failure.to_string()))
}

/// A policy and its model in a few words.
pub(crate) fn describe(policy: &Policy) -> String {
    let model = policy.model().map_or("no model".to_owned(), |model| {
        format!("model {} {}", model.name(), model.version())
    });
    format!("policy {} {}, {model}", policy.name(), policy.version())
}

/// Files of networks in a few words.
fn describe_networks(networks: &Networks) -> String {
    format!("networks {}", networks.labels().join(", "))
}

/// Answers on a listener until `shutdown` comes, then lets what has begun end.
///
/// # Errors
///
/// [`Error::System`] when the listener fails for good.
pub async fn serve(
    service: Arc<Service>,
    listener: TcpListener,
    patience: Patience,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Error> {
    let router = http::router(Arc::clone(&service));
    let ended = async move {
        shutdown.await;
        service.is_draining.store(true, Ordering::Relaxed);
    };
    axum::serve(Guarded::new(listener, patience), router)
        .with_graceful_shutdown(ended)
        .await
        .map_err(Error::System)
}

/// Runs the service until SIGTERM or Ctrl-C.
///
/// # Errors
///
/// What keeps it from starting, or kept records from the disk at the end.
pub async fn run(options: ServeOptions) -> Result<(), Error> {
    let (address, patience) = (options.listen, options.patience);
    let refused = |source| Error::Listen { address, source };
    // The address is taken before the replay and answers after it: a port in use is told at once,
    // and nobody waits on a service that is not there yet.
    let socket = reserve(address).map_err(refused)?;
    let began = Instant::now();
    let opened = task::spawn_blocking(move || Service::open(&options)).await;
    let service = opened.map_err(|error| Error::System(io::Error::other(error)))??;
    let shutdown = signals::end().map_err(Error::System)?;
    let reloads = signals::reload_on_hangup(Arc::clone(&service)).map_err(Error::System)?;
    let listener = socket.listen(1_024).map_err(refused)?;
    let bound = listener.local_addr().map_err(refused)?;
    announce(&service, bound, began.elapsed());
    let served = serve(Arc::clone(&service), listener, patience, shutdown).await;
    reloads.abort();
    // The task was told to end; it is waited for so that it lets go of the service.
    let _ = reloads.await;
    let closed = service.close().await;
    served.and(closed)
}

fn reserve(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A restart must not wait for connections of the last process to be forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// The line that says that the service is ready, and how to try it.
fn announce(service: &Service, address: SocketAddr, took: Duration) {
    let policy = service.engine.policy();
    match policy.warnings().len() {
        0 => {}
        count => {
            say(&format!("gyr: {count} warnings on the policy; `gyr policy check` shows them"))
        }
    }
    let recovered = service.journal.recovered();
    let torn = match recovered.torn_bytes {
        0 => String::new(),
        bytes => format!(" ({bytes} bytes of an unfinished write cut off)"),
    };
    let networks = service.networks();
    let networks = match networks.files() {
        [] => String::new(),
        _ => format!(", {}", describe_networks(&networks)),
    };
    say(&format!(
        "gyr: ready on http://{address}, {}{networks}, {} records replayed in {:.1} s{torn}; try: curl -s \
         http://{address}/v1/score --json @event.json",
        describe(&policy),
        common::count(recovered.records),
        took.as_secs_f64(),
    ));
}

#[cfg(unix)]
mod signals {
    use super::{Arc, Service, io, reload, say, task};
    use tokio::signal::unix::{SignalKind, signal};

    /// Ends when the process is told to.
    pub(super) fn end() -> io::Result<impl Future<Output = ()> + Send + 'static> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        Ok(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
    }

    /// Reads policy, model and files of networks again at each SIGHUP.
    pub(super) fn reload_on_hangup(service: Arc<Service>) -> io::Result<task::JoinHandle<()>> {
        let mut hangups = signal(SignalKind::hangup())?;
        Ok(task::spawn(async move {
            while hangups.recv().await.is_some() {
                let service = Arc::clone(&service);
                // Reading takes milliseconds, for a large database seconds: too long for a worker
                // that answers.
                if task::spawn_blocking(move || reload(&service)).await.is_err() {
                    say("gyr: kept what was running: the check panicked");
                }
            }
        }))
    }
}

/// Reads everything again, each for itself, and says what became of it.
#[cfg(unix)]
fn reload(service: &Arc<Service>) {
    match service.reload() {
        Ok(Reloaded::InForce(policy)) => say(&format!("gyr: {policy} is in force")),
        Ok(Reloaded::Staged(policy)) => say(&format!(
            "gyr: {policy} is staged: the running policy decides until the past of its facts is folded"
        )),
        Err(error) => say(&format!("gyr: kept the running policy: {error}")),
    }
    if service.networks().files().is_empty() {
        return;
    }
    match service.reload_networks() {
        Ok(networks) => say(&format!("gyr: {networks} are in force")),
        Err(error) => {
            let networks = describe_networks(&service.networks());
            say(&format!("gyr: {error}\ngyr: {networks} are in force"));
        }
    }
}

#[cfg(not(unix))]
mod signals {
    use super::{Arc, Service, io, task};

    /// Ends when the process is told to.
    pub(super) fn end() -> io::Result<impl Future<Output = ()> + Send + 'static> {
        Ok(async {
            // Without a signal to wait for, the service runs until the process is ended.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }

    /// There is no SIGHUP here.
    pub(super) fn reload_on_hangup(service: Arc<Service>) -> io::Result<task::JoinHandle<()>> {
        drop(service);
        Ok(task::spawn(std::future::pending()))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Policy(faults) | Error::Networks(faults) => f.write_str(faults),
            Error::Journal(error) => error.fmt(f),
            Error::Record { sequence, what } => {
                write!(f, "record {sequence} of the journal: {what}")
            }
            Error::Listen { address, source } => write!(f, "cannot listen on {address}: {source}"),
            Error::System(error) => write!(f, "the system refused: {error}"),
            Error::Busy => f.write_str("requests are still running; the journal was not closed"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Journal(error) => Some(error),
            Error::Listen { source, .. } | Error::System(source) => Some(source),
            Error::Policy(_) | Error::Networks(_) | Error::Record { .. } | Error::Busy => None,
        }
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! A service for a unit test, in a folder that goes with it.

    use super::*;

    /// A folder of its own, gone after the test.
    pub(crate) struct Scratch(PathBuf);

    impl Scratch {
        pub(crate) fn new(name: &str) -> Scratch {
            let name = format!("gyr-unit-{}-{name}", std::process::id());
            Scratch(std::env::temp_dir().join(name))
        }

        /// Writes a file of the folder.
        pub(crate) fn write(&self, name: &str, text: &str) {
            std::fs::create_dir_all(&self.0).unwrap();
            std::fs::write(self.0.join(name), text).unwrap();
        }

        /// A service in the folder, by the built-in policy, whose journal holds this many records
        /// on their way to the disk.
        pub(crate) fn open(&self, queue_records_max: u32) -> Arc<Service> {
            self.open_by(None, queue_records_max)
        }

        /// The same by the policy in this file of the folder.
        pub(crate) fn open_by(&self, policy: Option<&str>, queue_records_max: u32) -> Arc<Service> {
            let options = ServeOptions {
                listen: "127.0.0.1:0".parse().unwrap(),
                data_dir: self.0.clone(),
                policy: policy.map(|name| self.0.join(name)),
                model: ModelSource::None,
                networks: Vec::new(),
                limits: Limits::default(),
                journal: journal::Options { segment_bytes: 1 << 16, queue_records_max, ..JOURNAL },
                durable_wait_ms: DURABLE_WAIT_MS,
                patience: PATIENCE,
                clock: Clock::Events,
            };
            Service::open(&options).unwrap_or_else(|error| panic!("{error}"))
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            // A folder that cannot be removed is left to the system's own cleaning.
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}
