//! Events of a file or folder for a command: in order, with progress, and with every bad row told.
//!
//! A row that is no event is told on standard error with its number, and what is wrong in which
//! field; the work goes on without it, or stops there if that is wanted. Whoever reads to the end
//! asks [`Reading::finish`] last: it turns bad rows into exit code 1, when all results are written.

use std::path::{Path, PathBuf};

use clap::Args;
use datasets::synth::Truths;
use datasets::{Events, Labels, Source, Verdict};
use features::diagnostic::Diagnostic;
use features::event::Event;
use features::field::{EventType, Types, ids};
use indicatif::ProgressBar;

use super::common::{self, Failure};
use crate::backtest::Truth;
use crate::shell::networks;
use crate::vector::Vector;

/// Files that addresses are looked up in: the same for every command that reads events.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct NetworkArguments {
    /// Look up what events do not say about their address in this file: a MaxMind database (.mmdb)
    /// or a list of ranges (.csv, see `gyr serve --help`). Of several, the first one that says
    /// something is believed.
    #[arg(long, value_name = "FILE,..", value_delimiter = ',')]
    networks: Vec<PathBuf>,
}

/// Rows between two steps of the progress bar.
const STEP_ROWS: u64 = 4096;

/// Events that ask for trust with money and can turn out to be fraud: what is trained on and
/// measured, unless a command is told otherwise.
pub(crate) const MONEY_OUT: [EventType; 6] = [
    EventType::Payment,
    EventType::TourPassTopup,
    EventType::ThirdPartyTopup,
    EventType::Transfer,
    EventType::RedEnvelopeSend,
    EventType::Withdrawal,
];

/// What happens at a row that is no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadRows {
    /// It is told, counted and passed over.
    PassOver,
    /// It is told and ends the work.
    Stop,
}

/// Events on their way from a file into a fold.
#[derive(Debug)]
pub(crate) struct Reading {
    events: Events,
    name: String,
    is_folder: bool,
    bad_rows: BadRows,
    bar: ProgressBar,
    /// Events given out so far.
    pub(crate) read: u64,
    /// Rows so far that were no events.
    pub(crate) bad: u64,
}

impl Reading {
    /// Opens a file, a folder with its labels, or standard input for `-`; and the files that the
    /// addresses of its events are looked up in.
    pub(crate) fn open(
        path: &Path,
        networks: &NetworkArguments,
        what: &'static str,
        bad_rows: BadRows,
    ) -> Result<Reading, Failure> {
        let networks = networks::read_all(&networks.networks)?;
        let events = Events::open_with(path, &networks)?;
        let bar = common::progress(what, events.total_bytes());
        Ok(Reading {
            events,
            name: path.display().to_string(),
            is_folder: path.is_dir(),
            bad_rows,
            bar,
            read: 0,
            bad: 0,
        })
    }

    /// The next event; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Event>, Failure> {
        loop {
            if (self.read + self.bad).is_multiple_of(STEP_ROWS) {
                self.bar.set_position(self.events.position());
            }
            let Some(item) = self.events.next() else { return Ok(None) };
            let item = item?;
            match item.event {
                Ok(event) => {
                    self.read += 1;
                    return Ok(Some(event));
                }
                Err(faults) => self.tell(item.source, item.row, &faults)?,
            }
        }
    }

    /// Tells what is wrong with a row.
    fn tell(&mut self, source: Source, row: u64, faults: &[Diagnostic]) -> Result<(), Failure> {
        self.bad += 1;
        let file = match (self.is_folder, source) {
            (false, _) => "",
            (true, Source::Events) => " events",
            (true, Source::Labels) => " labels",
        };
        let lines: Vec<String> =
            faults.iter().map(|fault| format!("{}{file} row {row}: {fault}", self.name)).collect();
        self.bar.suspend(|| common::say(&lines.join("\n")));
        match self.bad_rows {
            BadRows::PassOver => Ok(()),
            BadRows::Stop => {
                Err(Failure::Findings(format!("{}{file}: stopped at row {row}", self.name)))
            }
        }
    }

    /// Ends the progress bar, before results are shown.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }

    /// Exit code 1 when rows were bad, for the end of a command.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        self.bar.finish_and_clear();
        match self.bad {
            0 => Ok(()),
            1 => Err(Failure::Findings(format!("{}: 1 bad row was passed over", self.name))),
            bad => Err(Failure::Findings(format!(
                "{}: {} bad rows were passed over",
                self.name,
                common::count(bad)
            ))),
        }
    }
}

/// What the events of a folder or file turned out to be.
pub(crate) enum Known {
    /// As far as labels say.
    Labels(Labels),
    /// All of it: the world is simulated.
    World(Truths),
}

impl Known {
    /// Reads the truth file of a simulated world, or without one the labels that were known by a
    /// time.
    pub(crate) fn read(
        data: &Path,
        truth: Option<&Path>,
        known_by_ms: i64,
    ) -> Result<Known, Failure> {
        if data == Path::new("-") {
            let what =
                "labels are read before the events: --data takes a folder or a file, not `-`";
            return Err(Failure::Usage(what.to_owned()));
        }
        Ok(match truth {
            Some(path) => Known::World(Truths::read(path)?),
            None => Known::Labels(datasets::labels(data, known_by_ms)?),
        })
    }

    /// What an event turned out to be, and the fraud story, or the honest pattern that looks like
    /// one, where it is told.
    pub(crate) fn of<'a>(&'a self, event_id: &str) -> (Truth, Option<&'a str>) {
        match self {
            Known::Labels(labels) => match labels.get(event_id) {
                Some(truth) => match truth.verdict {
                    Verdict::Fraud => (Truth::Fraud, truth.typology.as_deref()),
                    Verdict::Legit => (Truth::Genuine, None),
                },
                None => (Truth::Unknown, None),
            },
            Known::World(truths) => match truths.of(event_id) {
                (Verdict::Fraud, story) => (Truth::Fraud, story),
                (Verdict::Legit, story) => (Truth::Genuine, story),
            },
        }
    }

    /// The attack that a fraud is, where it is told: by worlds alone.
    pub(crate) fn vector(&self, event_id: &str) -> Option<Vector> {
        match self {
            Known::Labels(_) => None,
            Known::World(truths) => truths.vector(event_id).and_then(Vector::parse),
        }
    }

    /// Whether nothing is known of any event.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Known::Labels(labels) => labels.is_empty(),
            Known::World(truths) => truths.is_empty(),
        }
    }
}

/// The id of an event; every event has one.
pub(crate) fn id_of(event: &Event) -> &str {
    event.text(ids::EVENT_ID).unwrap_or_default()
}

/// A scored event type by its name, or all of them.
pub(crate) fn scored_types(name: &str) -> Result<Types, String> {
    let scored = || EventType::ALL.iter().copied().filter(|event_type| event_type.is_scored());
    if name == "all" {
        return Ok(scored().fold(Types::NONE, |all, one| all.union(Types::of(&[one]))));
    }
    match EventType::parse(name).filter(|event_type| event_type.is_scored()) {
        Some(event_type) => Ok(Types::of(&[event_type])),
        None => {
            let names: Vec<&str> = scored().map(EventType::name).collect();
            Err(format!("got {name:?}, wanted a scored event type: {}, or all", names.join(", ")))
        }
    }
}
