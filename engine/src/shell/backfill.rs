//! Back-fill: the past of a policy that keeps other facts, folded while the running one decides.
//!
//! A [`Backfill`] runs on a thread of its own, beside the service. It reads the journal from the
//! first record on and folds it as a start would, up to near the end; then it has copies of new
//! events handed over in the order of the fold, reads what the journal has up to the first of
//! these, folds them, and the policy goes in force between two folds (see `engine`). The journal
//! has the order of the fold, so the facts are then those of a service that is started anew with
//! this policy, bit for bit.
//!
//! Whatever goes wrong leaves the running policy in place. A back-fill that was cancelled, by
//! another policy or the end of the service, changes nothing any more.
//!
//! Cost: one core while it runs, and a second history; at the end a copy of each event that comes
//! while the last records of the journal, some [`NEAR`] at most, are folded.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::commands::common::{count, say};
use super::journal::{self, Journal, Records, State};
use super::serve::{Error, Service, describe, event_of};
use crate::engine::Staged;
use crate::policy::Policy;

/// How many records may be left in the journal when copies begin.
const NEAR: u64 = 4_096;

/// Between two looks for a record that is not on the disk yet.
const PATIENCE: Duration = Duration::from_millis(1);

/// Between two lines about how far it has come.
const REPORTED: Duration = Duration::from_secs(10);

/// A policy whose past is being folded, and how far that is.
#[derive(Debug)]
pub(crate) struct Backfill {
    /// Name of the policy.
    pub(crate) name: String,
    /// Version of the policy.
    pub(crate) version: String,
    /// Policy and model in a few words.
    pub(crate) what: String,
    /// Sequence of the last record that is folded.
    folded: AtomicU64,
    is_cancelled: AtomicBool,
}

/// Why a back-fill came to no end.
enum Stopped {
    /// It is no longer wanted.
    Cancelled,
    Failed(Error),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Stopped {
        Stopped::Failed(error)
    }
}

impl From<journal::Error> for Stopped {
    fn from(error: journal::Error) -> Stopped {
        Stopped::Failed(Error::Journal(error))
    }
}

impl Backfill {
    pub(crate) fn new(policy: &Policy) -> Backfill {
        Backfill {
            name: policy.name().to_owned(),
            version: policy.version().to_owned(),
            what: describe(policy),
            folded: AtomicU64::new(0),
            is_cancelled: AtomicBool::new(false),
        }
    }

    /// Records folded so far.
    pub(crate) fn folded(&self) -> u64 {
        self.folded.load(Ordering::Relaxed)
    }

    /// Makes it end soon, without effect.
    pub(crate) fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
    }

    /// Folds the past and puts the policy in force; says how it ended.
    pub(crate) fn run(self: Arc<Backfill>, service: &Service, staged: Staged) {
        let began = Instant::now();
        // A panic is a bug of ours, and no reason to go on naming a policy that will never come.
        let filled = catch_unwind(AssertUnwindSafe(|| self.fill(service, staged)));
        let what = &self.what;
        match filled {
            Ok(Ok(staged)) => {
                let Some(replaced) = service.promote(&self, staged) else { return };
                let (records, seconds) = (count(self.folded()), began.elapsed().as_secs_f64());
                say(&format!(
                    "gyr: {what} is in force, {records} records folded in {seconds:.1} s"
                ));
                drop(replaced);
            }
            Ok(Err(Stopped::Cancelled)) => {}
            Ok(Err(Stopped::Failed(error))) => {
                service.give_up(&self);
                say(&format!("gyr: kept the running policy: {what} has no past: {error}"));
            }
            Err(_) => {
                service.give_up(&self);
                say(&format!("gyr: kept the running policy: the back-fill of {what} panicked"));
            }
        }
    }

    fn fill(&self, service: &Service, staged: Staged) -> Result<Staged, Stopped> {
        let journal = service.journal();
        let mut records = journal.records();
        loop {
            let durable = journal.durable();
            self.fold_to(durable, journal, &mut records, &staged)?;
            if journal.durable() - durable <= NEAR {
                break;
            }
        }
        let last = service.engine().follow(&staged, || journal.reserved());
        self.fold_to(last, journal, &mut records, &staged)?;
        Ok(staged)
    }

    /// Folds the records up to this one, waiting for them to reach the disk.
    fn fold_to(
        &self,
        last: u64,
        journal: &Journal,
        records: &mut Records,
        staged: &Staged,
    ) -> Result<(), Stopped> {
        let mut reported = Instant::now();
        let mut folded = self.folded();
        while folded < last {
            if self.is_cancelled.load(Ordering::Relaxed) {
                return Err(Stopped::Cancelled);
            }
            match records.next() {
                Some(record) => {
                    let record = record?;
                    if let Some(mut event) = event_of(&record)? {
                        staged.record(&mut event);
                    }
                    folded = record.sequence;
                    self.folded.store(folded, Ordering::Relaxed);
                }
                None if folded < journal.durable() => records.resume()?,
                None => {
                    if let State::Failed { reason } = journal.state() {
                        return Err(journal::Error::Failed { reason }.into());
                    }
                    thread::sleep(PATIENCE);
                }
            }
            if folded.is_multiple_of(NEAR) && REPORTED <= reported.elapsed() {
                reported = Instant::now();
                let (folded, of) = (count(folded), count(journal.durable()));
                say(&format!("gyr: {}: {folded} of {of} records folded", self.what));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use features::history::History;

    use super::*;
    use crate::shell::serve::Reloaded;
    use crate::shell::serve::testing::Scratch;

    /// A policy that keeps the payments of so many days.
    fn policy(days: u32) -> String {
        format!(
            "policy \"days{days}\"\nrule many \"Many payments\"\n  on payment  \
             when count(payment) by account over {days}d >= 9\n  \
             then decline  because VELOCITY_ACCOUNT  owner \"tests\"\n"
        )
    }

    fn name(service: &Service) -> String {
        service.engine().policy().name().to_owned()
    }

    fn staged(service: &Service) -> Option<String> {
        service.backfill().map(|backfill| backfill.name.clone())
    }

    #[tokio::test]
    async fn the_newest_policy_takes_the_place_of_a_staged_one() {
        let scratch = Scratch::new("backfill");
        scratch.write("p", &policy(1));
        let service = scratch.open_by(Some("p"), 64);
        let reload = |days| {
            scratch.write("p", &policy(days));
            service.reload().unwrap_or_else(|error| panic!("{error}"))
        };
        // A record that is not written yet keeps every back-fill waiting.
        let slot = service.journal().reserve().expect("the queue has places");
        assert!(matches!(reload(2), Reloaded::Staged(what) if what.starts_with("policy days2 ")));
        assert_eq!((name(&service), staged(&service)), ("days1".into(), Some("days2".into())));
        // Read again as it is, it goes on; a broken one changes nothing; the next one replaces it.
        let before = service.backfill().unwrap();
        assert!(matches!(reload(2), Reloaded::Staged(_)));
        assert!(Arc::ptr_eq(&before, &service.backfill().unwrap()));
        scratch.write("p", "rule broken");
        assert!(service.reload().is_err());
        assert_eq!((name(&service), staged(&service)), ("days1".into(), Some("days2".into())));
        assert!(matches!(reload(3), Reloaded::Staged(_)));
        assert_eq!((name(&service), staged(&service)), ("days1".into(), Some("days3".into())));
        // One that needs no past is in force at once, and nothing else comes after it.
        assert!(matches!(reload(1), Reloaded::InForce(_)));
        assert_eq!((name(&service), staged(&service)), ("days1".into(), None));
        assert!(matches!(reload(4), Reloaded::Staged(_)));
        drop(slot);
        while staged(&service).is_some() {
            thread::yield_now();
        }
        assert_eq!(name(&service), "days4");
        // Nothing is kept that the policies before it asked for.
        let held = service.engine().history();
        let fresh = History::new(Arc::clone(held.plan()), held.limits());
        assert_eq!(held.census().tables, fresh.census().tables);
        // The end does not wait for a past that nobody will ask for.
        let _slot = service.journal().reserve().expect("the queue has places");
        assert!(matches!(reload(5), Reloaded::Staged(_)));
        service.close().await.unwrap();
    }
}
