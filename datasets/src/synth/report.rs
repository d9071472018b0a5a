//! Is a simulated world like the one it was asked for?
//!
//! A [`Tally`] listens to a stream of events with the truth beside each, in the order of time, and
//! keeps counters and histograms only; what must be remembered of single things (which card was
//! linked before, which act was fraud) is kept of a fair sample of bounded size. At the end it
//! gives [`Check`]s, each with the figure that the settings ask for, what was found, and how far
//! apart they may be; and a page with the same and plots. Shares that no event can tell, such as
//! that of the personas, are left out, and so is whatever was seen too seldom to say anything.
//!
//! A tolerance has two parts: a margin that allows for what the stories do on purpose (retries,
//! habits, festivals), and three standard errors of the count. An event costs well under a
//! microsecond; the memory does not grow with their number.

use std::collections::BTreeMap;

use features::event::Event;
use features::field::{EventType, ids};

use super::batch::Truth;
use super::calendar::Peak;
use super::settings::Settings;
use super::story::{LookAlike, Typology, Vector};

mod chart;
mod check;
mod count;
mod delay;
mod honest;
mod page;
mod wanted;

pub use check::Check;

use count::{Recent, Sample};
use delay::Delays;
use honest::{Asked, Customers};

const DAY_MS: i64 = 86_400_000;

/// Days are counted by the clock of China, where the wallet lives.
const CHINA_MS: i64 = 8 * 3_600_000;

/// Requests whose answers may still come.
const ASKED_MOST: usize = 1 << 16;
/// Acts of fraud of which a label may still come.
const CULPRITS_MOST: usize = 1 << 18;

/// What lies behind a scored event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fact<'a> {
    /// Code of the fraud story, `T01` to `T24`; `None` for an honest act.
    pub typology: Option<&'a str>,
    /// The attack, `V1` to `V9`; `None` for an honest act.
    pub vector: Option<&'a str>,
    /// Code of the honest pattern that looks like fraud, `L01` to `L18`.
    pub look_alike: Option<&'a str>,
    /// What is lost if the act goes through, in CNY fen.
    pub stake_minor: i64,
    /// What was lost, in CNY fen.
    pub loss_minor: i64,
}

impl From<&Truth> for Fact<'static> {
    fn from(truth: &Truth) -> Fact<'static> {
        Fact {
            typology: truth.typology(),
            vector: truth.vector(),
            look_alike: truth.look_alike(),
            stake_minor: truth.stake_fen(),
            loss_minor: truth.loss_fen(),
        }
    }
}

/// What a world looked like from outside, and what lay behind it.
#[derive(Debug)]
pub struct Tally {
    types: [u64; EventType::ALL.len()],
    /// Times of the first and the last event; of a label the time it became known.
    span: Option<(i64, i64)>,
    /// By day in China, counted from 1970.
    days: BTreeMap<i64, Day>,
    frauds: [Fraud; Typology::ALL.len()],
    /// Events of each honest pattern, by event type.
    look_alikes: [u64; LookAlike::ALL.len()],
    customers: Customers,
    asked: Recent<Asked>,
    culprits: Sample<Option<Vector>>,
    delays: Delays,
}

/// A day.
#[derive(Debug, Clone, Copy, Default)]
struct Day {
    /// Scored events of honest customers, and what they moved in CNY fen.
    honest: u64,
    honest_fen: i64,
    /// Scored events of fraud, what was at stake and what was lost.
    frauds: u64,
    stake_fen: i64,
    loss_fen: i64,
}

/// A fraud story in numbers.
#[derive(Debug, Clone, Copy, Default)]
struct Fraud {
    events: u64,
    stake_fen: i64,
    loss_fen: i64,
    first_day: i64,
}

impl Default for Tally {
    fn default() -> Tally {
        Tally::new()
    }
}

impl Tally {
    /// Nothing heard yet.
    pub fn new() -> Tally {
        Tally {
            types: [0; EventType::ALL.len()],
            span: None,
            days: BTreeMap::new(),
            frauds: [Fraud::default(); Typology::ALL.len()],
            look_alikes: [0; LookAlike::ALL.len()],
            customers: Customers::new(),
            asked: Recent::new(ASKED_MOST),
            culprits: Sample::new(CULPRITS_MOST),
            delays: Delays::new(),
        }
    }

    /// Hears of the next event; `truth` is that of a scored event, `None` for an ordinary act of an
    /// honest customer and for events that nobody decides on.
    pub fn add(&mut self, event: &Event, truth: Option<&Fact<'_>>) {
        self.types[event.event_type() as usize] += 1;
        let known_ms = event.bits(ids::KNOWN_TIME_MS).map(|bits| bits as i64);
        let time_ms = match event.event_type() {
            EventType::Label => known_ms.unwrap_or(event.time()),
            _ => event.time(),
        };
        let (first_ms, last_ms) = self.span.unwrap_or((time_ms, time_ms));
        self.span = Some((first_ms.min(time_ms), last_ms.max(time_ms)));
        let subject = event.bits(ids::REF_ID);
        match event.event_type() {
            EventType::Label => self.hear_label(event),
            EventType::AuthResult => {
                if let Some(asked) = subject.and_then(|id| self.asked.get(id)) {
                    self.customers.answer(event, asked);
                }
            }
            EventType::ChallengeResult => {
                let asked = subject.and_then(|id| self.asked.get(id));
                if asked.is_some_and(|asked| asked.is_honest) {
                    self.customers.challenged(event);
                }
            }
            event_type if event_type.is_scored() => self.judge(event, truth),
            _ => {}
        }
    }

    /// A scored event.
    fn judge(&mut self, event: &Event, truth: Option<&Fact<'_>>) {
        let fact = truth.copied().unwrap_or_default();
        let typology = fact.typology.and_then(Typology::parse);
        let look_alike = fact.look_alike.and_then(LookAlike::parse);
        let day = (event.time() + CHINA_MS).div_euclid(DAY_MS);
        let entry = self.days.entry(day).or_default();
        let id = event.bits(ids::EVENT_ID).unwrap_or_default();
        self.asked.put(id, Asked::of(event, typology.is_none(), look_alike));
        match typology {
            Some(typology) => {
                entry.frauds += 1;
                entry.stake_fen += fact.stake_minor;
                entry.loss_fen += fact.loss_minor;
                let fraud = &mut self.frauds[typology as usize];
                if fraud.events == 0 {
                    fraud.first_day = day;
                }
                fraud.events += 1;
                fraud.stake_fen += fact.stake_minor;
                fraud.loss_fen += fact.loss_minor;
                let vector = fact.vector.and_then(vector_of);
                let is_first_party =
                    matches!(typology, Typology::FriendlyFraud | Typology::BustOut);
                // First-party fraud has its own delay, whoever commits it.
                self.culprits.insert(id, if is_first_party { Some(Vector::V8) } else { vector });
            }
            None => {
                entry.honest += 1;
                entry.honest_fen += moved_fen(event);
                if let Some(look_alike) = look_alike {
                    self.look_alikes[look_alike as usize] += 1;
                }
                self.customers.watch(event, look_alike);
            }
        }
    }

    fn hear_label(&mut self, event: &Event) {
        let Some(act) = event.bits(ids::REF_ID) else { return };
        // Acts beyond the sample are left out, acts that it would hold and does not are honest.
        if self.culprits.follows(act) {
            self.delays.add(event, self.culprits.get(act).copied());
        }
    }

    /// How the world compares with what its settings ask for; `peaks` are the festivals that
    /// happened. In the order in which a person reads them.
    pub fn checks(&self, settings: &Settings, peaks: &[Peak]) -> Vec<Check> {
        check::all(self, settings, peaks)
    }

    /// The checks and their plots as one HTML page without scripts; `title` says which world it is.
    pub fn page(&self, title: &str, settings: &Settings, peaks: &[Peak]) -> String {
        page::page(self, title, settings, peaks)
    }

    /// First and last day, both included.
    fn period(&self) -> Option<(i64, i64)> {
        let (first_ms, last_ms) = self.span?;
        let day = |ms: i64| (ms + CHINA_MS).div_euclid(DAY_MS);
        Some((day(first_ms), day(last_ms)))
    }

    /// All days together.
    fn total(&self) -> Day {
        self.days.values().fold(Day::default(), |sum, day| sum.plus(day))
    }

    /// Whole weeks from the first whole day on.
    fn weeks(&self) -> Vec<Day> {
        let Some((first, last)) = self.period() else { return Vec::new() };
        let starts = (first + 1..last).step_by(7).filter(|start| start + 7 <= last);
        let week = |start: i64| {
            let days = self.days.range(start..start + 7);
            days.fold(Day::default(), |sum, (_, day)| sum.plus(day))
        };
        starts.map(week).collect()
    }
}

impl Day {
    fn plus(&self, other: &Day) -> Day {
        Day {
            honest: self.honest + other.honest,
            honest_fen: self.honest_fen + other.honest_fen,
            frauds: self.frauds + other.frauds,
            stake_fen: self.stake_fen + other.stake_fen,
            loss_fen: self.loss_fen + other.loss_fen,
        }
    }

    /// Fraud events in 1/10,000 of the honest ones.
    fn fraud_bps(&self) -> f64 {
        10_000.0 * self.frauds as f64 / self.honest.max(1) as f64
    }
}

/// The money that a request moves out of a card, a pass or a balance, or into the wallet.
fn moved_fen(event: &Event) -> i64 {
    let moves = matches!(
        event.event_type(),
        EventType::Payment
            | EventType::TourPassTopup
            | EventType::ThirdPartyTopup
            | EventType::Transfer
            | EventType::RedEnvelopeSend
            | EventType::Withdrawal
    );
    let fen = event.bits(ids::BASE_MINOR).map_or(0, |bits| bits as i64);
    if moves { fen } else { 0 }
}

fn vector_of(name: &str) -> Option<Vector> {
    Vector::ALL.into_iter().find(|vector| vector.name() == name)
}

#[cfg(test)]
mod tests;
