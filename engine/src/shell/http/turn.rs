//! The turn of one event: its id, its place in the order, and how its record stands.
//!
//! [`claim`] gives a [`Turn`] to the first request with an id and what was recorded to all others.
//! A turn is used up in one synchronous piece: [`Turn::fold`], [`Turn::commit`], [`Turn::finish`].
//! The place in the journal is taken inside the fold, so the journal has the order of the history.
//! A turn dropped before the fold frees its id; a panic behind the fold still journals the event
//! and settles its id, because the history has counted it and must not count it twice.
//! [`Standing`] is what an answer says about a record.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;

use axum::http::{HeaderValue, header};
use features::event::Event;
use features::history::Recorded;
use serde::ser::{Serialize, SerializeStruct, Serializer};
use tokio::time::timeout_at;

use super::idempotency::{Claim, Fingerprint, Key, Known, Seen};
use super::problem::{Case, Problem};
use crate::engine::Engine;
use crate::shell::journal::{Journal, Receipt, Slot, State};
use crate::shell::record;
use crate::shell::serve::{Service, key_of};

/// What a request with an id comes upon.
pub(super) enum Met<'s> {
    /// Nothing: it is the first.
    New(Turn<'s>),
    /// The record of the first.
    Known(Known),
}

/// One event's turn; see the module's essay.
pub(super) struct Turn<'s> {
    service: &'s Service,
    claim: Claim<'s>,
    place: Place,
}

/// A place in the order of events.
#[derive(Default)]
pub(super) struct Place {
    slot: Option<Slot>,
    folded: Option<Instant>,
}

/// Takes the id, waiting for another request that has it until `deadline` at most.
pub(super) async fn claim(
    service: &Service,
    key: Key,
    fingerprint: Fingerprint,
    deadline: Instant,
) -> Result<Met<'_>, Problem> {
    loop {
        match service.table().claim(key, fingerprint) {
            Seen::New(claim) => {
                return Ok(Met::New(Turn { service, claim, place: Place::default() }));
            }
            Seen::Known(known) => return Ok(Met::Known(known)),
            Seen::Conflict => {
                let detail = "this event id was used with another body; nothing was recorded";
                return Err(Problem::new(Case::IdempotencyConflict, detail));
            }
            Seen::Busy(end) => {
                // The channel closes, in either way, when the other request is done with the id.
                if timeout_at(deadline.into(), end).await.is_err() {
                    let detail = "a request with this event id is being answered; repeat it";
                    let problem = Problem::new(Case::InProgress, detail);
                    return Err(problem.header(header::RETRY_AFTER, HeaderValue::from_static("1")));
                }
            }
        }
    }
}

/// Records an event that nobody else can be at, without waiting; nothing when another body has its
/// id. The receipt is of a record made just now.
pub(super) fn record_now(service: &Service, mut event: Event) -> Option<(Known, Option<Receipt>)> {
    let fingerprint = Fingerprint::of(event.json().as_bytes());
    match service.table().claim(key_of(&event), fingerprint) {
        Seen::New(claim) => {
            Some(Turn { service, claim, place: Place::default() }.record(&mut event))
        }
        Seen::Known(known) => Some((known, None)),
        Seen::Conflict | Seen::Busy(_) => None,
    }
}

impl<'s> Turn<'s> {
    /// Folds an event that is not decided, hands it to the journal and settles its id: a fold and a
    /// copy, no I/O, no await.
    pub(super) fn record(self, event: &mut Event) -> (Known, Option<Receipt>) {
        let service = self.service;
        let (recorded, mut turn) = self.fold(event, |engine, event, place| {
            engine.record(event, || place.take(service.journal())).0
        });
        let receipt = turn.commit(record::RECORDED, record::encode(event, &[], ""));
        let sequence = receipt.as_ref().map(Receipt::sequence);
        let applied = recorded == Recorded::Yes;
        let known = Known { is_scored: false, sequence, applied, answer: None };
        turn.finish(known.clone());
        (known, receipt)
    }

    /// Lets `act` fold the event; it must take the place in the order of the fold.
    ///
    /// # Panics
    ///
    /// When `act` does; what was folded by then is journalled first.
    pub(super) fn fold<T>(
        mut self,
        event: &mut Event,
        act: impl FnOnce(&Engine, &mut Event, &mut Place) -> T,
    ) -> (T, Turn<'s>) {
        let place = &mut self.place;
        let engine = self.service.engine();
        match catch_unwind(AssertUnwindSafe(|| act(engine, event, place))) {
            Ok(result) => (result, self),
            Err(panic) => {
                if self.place.folded.is_some() {
                    let payload = record::encode(event, &[], "");
                    let receipt = self.commit(record::RECORDED, payload);
                    let sequence = receipt.as_ref().map(Receipt::sequence);
                    let applied = !event.is_test() && !event.is_late();
                    self.finish(Known { is_scored: false, sequence, applied, answer: None });
                }
                resume_unwind(panic)
            }
        }
    }

    /// When the fold had ended.
    pub(super) fn folded(&self) -> Option<Instant> {
        self.place.folded
    }

    /// Hands the record to the journal; none when the journal takes none.
    pub(super) fn commit(&mut self, kind: u8, payload: Vec<u8>) -> Option<Receipt> {
        let receipt = self.place.slot.take()?.commit(kind, payload);
        self.service.meter().committed();
        Some(receipt)
    }

    /// Settles the id.
    pub(super) fn finish(self, known: Known) {
        self.claim.finish(known, self.service.journal().durable());
    }
}

impl Place {
    /// Takes a place in the journal; to be called inside the fold.
    pub(super) fn take(&mut self, journal: &Journal) {
        self.slot = journal.reserve();
        self.folded = Some(Instant::now());
    }
}

/// Waits until the record is on the disk, or given up, until `deadline` at most.
pub(super) async fn wait(receipt: Receipt, deadline: Instant) {
    // How it ended is asked of the journal itself, which knows it of old records too.
    let _ = timeout_at(deadline.into(), receipt.durable()).await;
}

/// How a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    sequence: Option<u64>,
    disk: Disk,
    applied: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Disk {
    Durable,
    Pending,
    /// The journal did not take it, or failed before it was on the disk.
    Lost,
}

impl Standing {
    /// How a record stands now.
    pub(super) fn of(service: &Service, known: &Known) -> Standing {
        let journal = service.journal();
        let disk = match known.sequence {
            None => Disk::Lost,
            Some(sequence) if sequence <= journal.durable() => Disk::Durable,
            Some(_) if journal.state() != State::Running => Disk::Lost,
            Some(_) => Disk::Pending,
        };
        Standing { sequence: known.sequence, disk, applied: known.applied }
    }

    /// Whether it is on the disk.
    pub(super) fn is_durable(self) -> bool {
        self.disk == Disk::Durable
    }

    /// Whether it will never be there.
    pub(super) fn is_lost(self) -> bool {
        self.disk == Disk::Lost
    }

    /// The object `record` of an answer.
    pub(super) fn json(self) -> String {
        serde_json::to_string(&self).expect("a standing holds nothing but a number and names")
    }
}

impl Serialize for Standing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("record", 3)?;
        object.serialize_field("sequence", &self.sequence)?;
        // Whether it is lost or late, a caller must not rely on it; `degraded` tells the two apart.
        let state = if self.is_durable() { "durable" } else { "pending" };
        object.serialize_field("state", state)?;
        object.serialize_field("applied", &self.applied)?;
        object.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::serve::testing::Scratch;

    const LOGIN: &str = r#"{"event_id":"l1","event_type":"login","channel":"web",
        "account_id":"a1","event_time_ms":1790000000000,"outcome":"success","method":"password",
        "login_name_hash":"n1"}"#;

    fn turn<'s>(service: &'s Service, event: &Event) -> Turn<'s> {
        let fingerprint = Fingerprint::of(event.json().as_bytes());
        let Seen::New(claim) = service.table().claim(key_of(event), fingerprint) else {
            panic!("the id is free");
        };
        Turn { service, claim, place: Place::default() }
    }

    #[tokio::test]
    async fn a_panic_behind_the_fold_journals_the_event_and_one_before_it_frees_the_id() {
        let scratch = Scratch::new("turn");
        let service = scratch.open(64);
        let event = Event::read(LOGIN.as_bytes(), None).unwrap();
        let quiet = |work: &mut dyn FnMut()| catch_unwind(AssertUnwindSafe(work)).is_err();

        assert!(quiet(&mut || {
            turn(&service, &event).fold(&mut event.clone(), |_, _, _| panic!("planted"));
        }));
        assert_eq!(service.table().find(key_of(&event)), None);
        assert_eq!(service.engine().history().census().events, 0);

        assert!(quiet(&mut || {
            turn(&service, &event).fold(&mut event.clone(), |engine, event, place| {
                engine.record(event, || place.take(service.journal()));
                panic!("planted");
            });
        }));
        let known = service.table().find(key_of(&event)).expect("the id is settled");
        assert_eq!((known.is_scored, known.applied, known.sequence), (false, true, Some(1)));
        service.close().await.unwrap();

        let service = scratch.open(64);
        assert_eq!(service.engine().history().census().events, 1);
        assert_eq!(service.table().find(key_of(&event)), Some(known));
    }

    #[tokio::test]
    async fn who_cannot_wait_for_the_first_request_is_told_to_come_again() {
        let scratch = Scratch::new("busy");
        let service = scratch.open(64);
        let event = Event::read(LOGIN.as_bytes(), None).unwrap();
        let first = turn(&service, &event);
        let fingerprint = Fingerprint::of(LOGIN.as_bytes());
        let second = claim(&service, key_of(&event), fingerprint, Instant::now()).await;
        assert!(matches!(second, Err(problem) if problem.case == Case::InProgress));
        drop(first);
        let third = claim(&service, key_of(&event), fingerprint, Instant::now()).await;
        assert!(matches!(third, Ok(Met::New(_))));
    }

    #[test]
    fn a_record_that_is_lost_reads_as_pending() {
        let standing = |sequence, disk| Standing { sequence, disk, applied: true };
        let lost = standing(None, Disk::Lost);
        assert_eq!(lost.json(), r#"{"sequence":null,"state":"pending","applied":true}"#);
        let durable = standing(Some(7), Disk::Durable);
        assert_eq!(durable.json(), r#"{"sequence":7,"state":"durable","applied":true}"#);
    }
}
