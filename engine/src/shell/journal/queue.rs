//! The bounded queue between the callers and the journal thread.
//!
//! A caller reserves a place, which fixes the order, and fills it when its record is ready. The
//! journal thread takes the longest filled run from the front, so an early commit waits for the
//! places before it. Once the journal has failed or closed, no place can be had and every receipt
//! answers false.
//!
//! One mutex guards the queue. It is held for a few dozen nanoseconds, never across I/O and never
//! while another lock is taken; the thread is only signalled when it sleeps on the place that was
//! filled.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::frame::RECORD_HEADER_BYTES;
use super::{ABANDONED, Options, RECORD_BYTES_MAX, State};

/// A place in the order of the journal, waiting for its record.
///
/// Later records cannot become durable before this one is committed or dropped, so hold it for
/// computation only, never across a wait for the outside.
#[derive(Debug)]
pub struct Slot {
    queue: Arc<Queue>,
    sequence: u64,
    is_filled: bool,
}

/// A promise to say whether a record has reached the disk.
///
/// It may be dropped at any time: the record is written all the same, and
/// [`Journal::durable`](super::Journal::durable) tells how far the disk has come.
#[derive(Debug)]
#[must_use = "a record is acknowledged only when its receipt says that it is durable"]
pub struct Receipt {
    sequence: u64,
    outcome: oneshot::Receiver<bool>,
}

/// What the callers and the journal thread share.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<Places>,
    filled: Condvar,
    durable: AtomicU64,
    options: Options,
}

/// A record on its way to the disk.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) kind: u8,
    pub(super) payload: Vec<u8>,
    waiter: Option<oneshot::Sender<bool>>,
}

/// Why [`Queue::take`] came back.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// There are records to write.
    Batch,
    /// Nothing came within the given time.
    Idle,
    /// The journal was closed and everything before that has been taken.
    Closed,
}

#[derive(Debug)]
struct Places {
    /// Places in the order they were reserved; `None` is reserved and not yet filled.
    entries: VecDeque<Option<Entry>>,
    /// Sequence of the first place.
    first_sequence: u64,
    phase: Phase,
    is_writer_waiting: bool,
}

#[derive(Debug)]
enum Phase {
    Running,
    Closing,
    Failed(Arc<str>),
}

impl Slot {
    /// The sequence of the record to come.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Hands the record over; `kind` is any but [`ABANDONED`].
    ///
    /// A payload over [`RECORD_BYTES_MAX`] is refused: the place becomes an abandoned record and
    /// the receipt answers false.
    pub fn commit(mut self, kind: u8, payload: Vec<u8>) -> Receipt {
        debug_assert!(kind != ABANDONED, "this kind is for slots that were dropped");
        let (waiter, outcome) = oneshot::channel();
        let receipt = Receipt { sequence: self.sequence, outcome };
        if payload.len() <= RECORD_BYTES_MAX {
            self.is_filled = true;
            self.queue.fill(self.sequence, Entry { kind, payload, waiter: Some(waiter) });
        }
        receipt
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if !self.is_filled {
            self.queue.fill(self.sequence, Entry::abandoned());
        }
    }
}

impl Receipt {
    /// The sequence of the record.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Waits until the record is on the disk (true) or the journal has given it up (false).
    ///
    /// False means "not acknowledged", not "not written": after a failed flush the record may yet
    /// be found by the next start.
    pub async fn durable(self) -> bool {
        self.outcome.await.unwrap_or(false)
    }

    /// As [`Receipt::durable`], for a thread outside the async runtime.
    ///
    /// # Panics
    ///
    /// When called from a task of the async runtime, which it would block.
    pub fn wait(self) -> bool {
        self.outcome.blocking_recv().unwrap_or(false)
    }
}

impl Entry {
    fn abandoned() -> Entry {
        Entry { kind: ABANDONED, payload: Vec::new(), waiter: None }
    }

    /// Tells the waiting caller, if it still waits, that the record is durable.
    pub(super) fn acknowledge(self) {
        if let Some(waiter) = self.waiter {
            // The caller may have stopped waiting, which is its right.
            let _ = waiter.send(true);
        }
    }
}

impl Queue {
    /// An empty queue behind the record `durable`, the newest on the disk.
    pub(super) fn new(options: Options, durable: u64) -> Queue {
        let places = Places {
            entries: VecDeque::with_capacity(options.queue_records_max as usize),
            first_sequence: durable + 1,
            phase: Phase::Running,
            is_writer_waiting: false,
        };
        Queue {
            state: Mutex::new(places),
            filled: Condvar::new(),
            durable: AtomicU64::new(durable),
            options,
        }
    }

    pub(super) fn reserve(self: &Arc<Queue>) -> Option<Slot> {
        let mut places = self.lock();
        if !matches!(places.phase, Phase::Running)
            || self.options.queue_records_max as usize <= places.entries.len()
        {
            return None;
        }
        let sequence = places.first_sequence + places.entries.len() as u64;
        places.entries.push_back(None);
        drop(places);
        Some(Slot { queue: Arc::clone(self), sequence, is_filled: false })
    }

    pub(super) fn reserved(&self) -> u64 {
        let places = self.lock();
        places.first_sequence + places.entries.len() as u64 - 1
    }

    pub(super) fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    pub(super) fn set_durable(&self, sequence: u64) {
        self.durable.store(sequence, Ordering::Release);
    }

    pub(super) fn state(&self) -> State {
        match &self.lock().phase {
            Phase::Running | Phase::Closing => State::Running,
            Phase::Failed(reason) => State::Failed { reason: Arc::clone(reason) },
        }
    }

    /// Lets no more places be reserved; the journal thread ends when it has written the rest.
    pub(super) fn close(&self) {
        let mut places = self.lock();
        if matches!(places.phase, Phase::Running) {
            places.phase = Phase::Closing;
        }
        drop(places);
        self.filled.notify_one();
    }

    /// Gives up every place; only the first reason is kept.
    pub(super) fn fail(&self, reason: &str) {
        let mut places = self.lock();
        if !matches!(places.phase, Phase::Failed(_)) {
            places.phase = Phase::Failed(reason.into());
        }
        places.first_sequence += places.entries.len() as u64;
        let dropped = std::mem::take(&mut places.entries);
        drop(places);
        // Waking the callers by dropping their senders needs no lock.
        drop(dropped);
    }

    /// Moves the longest filled run within the limits into `batch`.
    ///
    /// Waits for it at most `patience`, or for ever. The first record is taken whatever its size.
    pub(super) fn take(&self, batch: &mut Vec<Entry>, patience: Option<Duration>) -> Taken {
        let mut places = self.lock();
        loop {
            if matches!(places.phase, Phase::Closing) {
                // Nobody waits for stragglers at the end: what is not committed is abandoned.
                for place in places.entries.iter_mut().filter(|place| place.is_none()) {
                    *place = Some(Entry::abandoned());
                }
            }
            places.pop_filled(batch, &self.options);
            if !batch.is_empty() {
                return Taken::Batch;
            }
            if !matches!(places.phase, Phase::Running) {
                return Taken::Closed;
            }
            places.is_writer_waiting = true;
            let is_late;
            (places, is_late) = self.wait(places, patience);
            places.is_writer_waiting = false;
            if is_late && !matches!(places.entries.front(), Some(Some(_))) {
                return Taken::Idle;
            }
        }
    }

    fn wait<'a>(
        &self,
        places: MutexGuard<'a, Places>,
        patience: Option<Duration>,
    ) -> (MutexGuard<'a, Places>, bool) {
        match patience {
            None => (self.filled.wait(places).unwrap_or_else(PoisonError::into_inner), false),
            Some(patience) => {
                let waited = self.filled.wait_timeout(places, patience);
                let (places, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
                (places, timeout.timed_out())
            }
        }
    }

    fn fill(&self, sequence: u64, entry: Entry) {
        let mut places = self.lock();
        // A place given up by a failure or by the close is gone; dropping the entry answers false.
        let index = sequence.checked_sub(places.first_sequence);
        let index = index.and_then(|index| usize::try_from(index).ok());
        let Some((index, place)) =
            index.and_then(|index| Some((index, places.entries.get_mut(index)?)))
        else {
            return;
        };
        *place = Some(entry);
        let is_awaited = index == 0 && places.is_writer_waiting;
        drop(places);
        if is_awaited {
            self.filled.notify_one();
        }
    }

    /// A panic elsewhere cannot leave the places half changed: every change is a single step.
    fn lock(&self) -> MutexGuard<'_, Places> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Places {
    fn pop_filled(&mut self, batch: &mut Vec<Entry>, options: &Options) {
        let mut bytes = 0;
        while let Some(Some(entry)) = self.entries.front() {
            bytes += RECORD_HEADER_BYTES + entry.payload.len();
            let is_full = options.batch_records_max as usize <= batch.len()
                || (options.batch_bytes_max as usize) < bytes;
            if is_full && !batch.is_empty() {
                return;
            }
            batch.extend(self.entries.pop_front().flatten());
            self.first_sequence += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(queue_records_max: u32) -> Arc<Queue> {
        let options = Options {
            segment_bytes: 1 << 16,
            batch_bytes_max: 100,
            batch_records_max: 3,
            queue_records_max,
        };
        Arc::new(Queue::new(options, 10))
    }

    fn take(queue: &Queue) -> Vec<(u8, usize)> {
        let mut batch = Vec::new();
        assert_ne!(queue.take(&mut batch, Some(Duration::ZERO)), Taken::Closed);
        batch.iter().map(|entry| (entry.kind, entry.payload.len())).collect()
    }

    #[test]
    fn records_leave_in_the_order_of_their_reservation() {
        let queue = queue(8);
        let [first, second, third] = [0; 3].map(|_| queue.reserve().unwrap());
        assert_eq!((first.sequence(), third.sequence()), (11, 13));
        let _ = third.commit(3, vec![]);
        assert_eq!(take(&queue), []);
        let _ = first.commit(1, vec![]);
        assert_eq!(take(&queue), [(1, 0)]);
        drop(second);
        assert_eq!(take(&queue), [(ABANDONED, 0), (3, 0)]);
    }

    #[test]
    fn a_batch_keeps_its_limits_and_takes_at_least_one_record() {
        let queue = queue(8);
        for bytes in [200, 40, 50, 90, 1, 1, 1] {
            let _ = queue.reserve().unwrap().commit(1, vec![0; bytes]);
        }
        assert_eq!(take(&queue), [(1, 200)]);
        assert_eq!(take(&queue), [(1, 40), (1, 50)]);
        assert_eq!(take(&queue), [(1, 90)]);
        assert_eq!(take(&queue), [(1, 1), (1, 1), (1, 1)]);
    }

    #[test]
    fn a_full_queue_gives_no_place_until_one_is_taken() {
        let queue = queue(2);
        let first = queue.reserve().unwrap();
        let _second = queue.reserve().unwrap();
        assert!(queue.reserve().is_none());
        let _ = first.commit(1, vec![]);
        assert_eq!(take(&queue), [(1, 0)]);
        assert_eq!(queue.reserve().unwrap().sequence(), 13);
    }

    #[test]
    fn a_failed_queue_answers_false_to_past_and_future_commits() {
        let queue = queue(8);
        let early = queue.reserve().unwrap().commit(1, vec![]);
        let slot = queue.reserve().unwrap();
        queue.fail("the disk is gone");
        queue.fail("a second reason");
        assert!(!early.wait());
        assert!(!slot.commit(1, vec![]).wait());
        assert!(queue.reserve().is_none());
        assert_eq!(queue.state(), State::Failed { reason: "the disk is gone".into() });
    }

    #[test]
    fn closing_abandons_what_is_not_committed_and_keeps_the_rest() {
        let queue = queue(8);
        let straggler = queue.reserve().unwrap();
        let _ = queue.reserve().unwrap().commit(1, vec![]);
        queue.close();
        assert!(queue.reserve().is_none());
        assert_eq!(take(&queue), [(ABANDONED, 0), (1, 0)]);
        assert!(!straggler.commit(1, vec![]).wait());
        assert_eq!(queue.take(&mut Vec::new(), None), Taken::Closed);
    }

    #[test]
    fn a_payload_over_the_limit_is_abandoned() {
        let queue = queue(8);
        let receipt = queue.reserve().unwrap().commit(1, vec![0; RECORD_BYTES_MAX + 1]);
        assert!(!receipt.wait());
        assert_eq!(take(&queue), [(ABANDONED, 0)]);
    }
}
