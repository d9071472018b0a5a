//! Each event once: the table of ids that were answered, and of those being answered.
//!
//! [`Table::claim`] gives an id to one request; every other request with the same id and body waits
//! for it or gets what was recorded, and one with another body is told so. A [`Claim`] lives only
//! through the synchronous part of a request, so a caller that hangs up cannot leave it behind; one
//! that is dropped without [`Claim::finish`] (a panic) frees the id again.
//!
//! An entry is the id's hash, the body's hash and the record's place in the journal; the newest
//! answers are kept beside it, older ones are read back from the journal. The table is a fold over
//! the journal, so a restart loses nothing of it. Bounds: [`IDS_MAX`] ids, the oldest leave first
//! (an id that comes again after that counts as new), and [`ANSWERS_MAX`] answers; an answer that
//! cannot be read back, because the journal failed, leaves together with its id. Both bounds are
//! kept for each of 64 shards, so "oldest" is oldest of a shard.
//!
//! Every worker looks ids up while others enter theirs, so the entries stand in a sharded map; no
//! guard of it is held beyond one look-up.
//!
//! Cost: two hashes, and three short locks of one shard; 72 bytes an id beside the map's slack.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dashmap::DashMap;
use dashmap::mapref::entry::Entry::{Occupied, Vacant};
use tokio::sync::oneshot;

/// Ids that are remembered.
pub(crate) const IDS_MAX: usize = 1 << 20;

/// Answers that are kept in memory.
pub(crate) const ANSWERS_MAX: usize = 1 << 14;

const SHARDS: usize = 64;

/// The hash of a tenant and an event id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key([u8; 16]);

/// The hash of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fingerprint([u8; 16]);

impl Key {
    /// The key of an event; 128 bits of BLAKE3, so that no caller can make two ids meet.
    pub(crate) fn of(tenant_id: u32, event_id: &str) -> Key {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&tenant_id.to_le_bytes());
        hasher.update(event_id.as_bytes());
        Key(half(&hasher.finalize()))
    }
}

impl Fingerprint {
    /// The fingerprint of a body, byte by byte.
    pub(crate) fn of(body: &[u8]) -> Fingerprint {
        Fingerprint(half(&blake3::hash(body)))
    }
}

fn half(hash: &blake3::Hash) -> [u8; 16] {
    *hash.as_bytes().first_chunk().expect("a hash has 32 bytes")
}

/// What was recorded under an id.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Known {
    /// Whether it was decided, or only recorded.
    pub(crate) is_scored: bool,
    /// Its place in the journal, if the journal took it.
    pub(crate) sequence: Option<u64>,
    /// Whether it counts in later windows.
    pub(crate) applied: bool,
    /// The full answer of a decided event; read it from the journal when it is not here.
    pub(crate) answer: Option<Arc<str>>,
}

/// What the table says of an id.
#[derive(Debug)]
pub(crate) enum Seen<'t> {
    /// Nobody has it: it is the caller's now.
    New(Claim<'t>),
    /// It was recorded with this body.
    Known(Known),
    /// It was used with another body.
    Conflict,
    /// Another request is at it; the receiver ends when that request does.
    Busy(oneshot::Receiver<Infallible>),
}

/// An id that belongs to one request.
#[derive(Debug)]
pub(crate) struct Claim<'t> {
    table: &'t Table,
    key: Key,
    fingerprint: Fingerprint,
    is_finished: bool,
}

/// See the module's essay.
#[derive(Debug)]
pub(crate) struct Table {
    entries: DashMap<Key, Entry>,
    orders: Box<[Mutex<Order>]>,
    ids_max: usize,
    answers_max: usize,
}

/// Who leaves first, for the keys of one shard.
#[derive(Debug, Default)]
struct Order {
    /// Recorded ids, oldest first.
    ids: VecDeque<Key>,
    /// Those whose answers are in memory, oldest first.
    answers: VecDeque<Key>,
}

#[derive(Debug)]
struct Entry {
    fingerprint: Fingerprint,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Claimed; dropping the senders wakes who waits.
    Busy(Vec<oneshot::Sender<Infallible>>),
    Known(Known),
}

impl Table {
    /// An empty table that keeps this many ids and answers, rounded up to a multiple of the shards.
    pub(crate) fn new(ids_max: usize, answers_max: usize) -> Table {
        Table {
            entries: DashMap::new(),
            orders: (0..SHARDS).map(|_| Mutex::default()).collect(),
            ids_max: ids_max.div_ceil(SHARDS),
            answers_max: answers_max.div_ceil(SHARDS),
        }
    }

    /// Takes the id, or tells what became of it.
    pub(crate) fn claim(&self, key: Key, fingerprint: Fingerprint) -> Seen<'_> {
        match self.entries.entry(key) {
            Vacant(place) => {
                place.insert(Entry { fingerprint, state: State::Busy(Vec::new()) });
                Seen::New(Claim { table: self, key, fingerprint, is_finished: false })
            }
            Occupied(place) if place.get().fingerprint != fingerprint => Seen::Conflict,
            Occupied(mut place) => match &mut place.get_mut().state {
                State::Known(known) => Seen::Known(known.clone()),
                State::Busy(waiters) => {
                    let (waiter, end) = oneshot::channel();
                    waiters.push(waiter);
                    Seen::Busy(end)
                }
            },
        }
    }

    /// What was recorded under an id.
    pub(crate) fn find(&self, key: Key) -> Option<Known> {
        match &self.entries.get(&key)?.state {
            State::Known(known) => Some(known.clone()),
            State::Busy(_) => None,
        }
    }

    /// Enters what a journal says was recorded, in its order.
    pub(crate) fn restore(&self, key: Key, fingerprint: Fingerprint, known: Known) {
        let durable = known.sequence.unwrap_or(0);
        self.enter(key, fingerprint, known, durable);
    }

    /// `durable` is the newest sequence that can be read back.
    fn enter(&self, key: Key, fingerprint: Fingerprint, known: Known, durable: u64) {
        let has_answer = known.answer.is_some();
        let entry = Entry { fingerprint, state: State::Known(known) };
        let mut order = self.order(key);
        // Replacing a busy entry drops its senders, which wakes who waits.
        self.entries.insert(key, entry);
        order.ids.push_back(key);
        if self.ids_max < order.ids.len()
            && let Some(oldest) = order.ids.pop_front()
        {
            self.entries.remove(&oldest);
        }
        if has_answer {
            order.answers.push_back(key);
        }
        if self.answers_max < order.answers.len()
            && let Some(oldest) = order.answers.pop_front()
        {
            self.put_away(oldest, durable);
        }
    }

    /// Takes an answer out of memory; the id stays if the journal can give the answer back.
    fn put_away(&self, key: Key, durable: u64) {
        self.entries.remove_if_mut(&key, |_, entry| match &mut entry.state {
            State::Known(known) if known.sequence.is_some_and(|sequence| sequence <= durable) => {
                known.answer = None;
                false
            }
            State::Known(_) => true,
            State::Busy(_) => false,
        });
    }

    fn order(&self, key: Key) -> MutexGuard<'_, Order> {
        let index = usize::from(key.0[0]) % SHARDS;
        // Every step of a change leaves the order sound, so a panic elsewhere is none here.
        self.orders[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claim<'_> {
    /// Says what was recorded, which every later request with the id gets.
    ///
    /// `durable` is the newest sequence that the journal can give back.
    pub(crate) fn finish(mut self, known: Known, durable: u64) {
        self.is_finished = true;
        self.table.enter(self.key, self.fingerprint, known, durable);
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if !self.is_finished {
            self.table.entries.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(sequence: u64) -> Known {
        let answer = Some(Arc::from(format!("answer {sequence}")));
        Known { is_scored: true, sequence: Some(sequence), applied: true, answer }
    }

    fn key(number: u64) -> Key {
        Key::of(1, &format!("event-{number}"))
    }

    const BODY: Fingerprint = Fingerprint([1; 16]);
    const OTHER: Fingerprint = Fingerprint([2; 16]);

    /// Ids that fall into the first shard, so that the bounds bind at once.
    fn crowded() -> impl Iterator<Item = Key> {
        (0..).map(key).filter(|key| usize::from(key.0[0]) % SHARDS == 0)
    }

    #[test]
    fn an_id_belongs_to_one_request_and_its_answer_to_all_others() {
        let table = Table::new(64, 64);
        let Seen::New(claim) = table.claim(key(1), BODY) else { panic!("it is new") };
        assert!(matches!(table.claim(key(1), BODY), Seen::Busy(_)));
        assert!(matches!(table.claim(key(1), OTHER), Seen::Conflict));
        assert_eq!(table.find(key(1)), None);
        claim.finish(known(9), 0);
        assert!(matches!(table.claim(key(1), BODY), Seen::Known(found) if found == known(9)));
        assert!(matches!(table.claim(key(1), OTHER), Seen::Conflict));
        assert_eq!(table.find(key(1)), Some(known(9)));
    }

    #[tokio::test]
    async fn who_waits_is_woken_by_the_end_and_by_a_failure() {
        let table = Table::new(64, 64);
        for is_finished in [true, false] {
            let id = key(u64::from(is_finished));
            let Seen::New(claim) = table.claim(id, BODY) else { panic!("it is new") };
            let Seen::Busy(end) = table.claim(id, BODY) else { panic!("it is claimed") };
            if is_finished {
                claim.finish(known(3), 3)
            } else {
                drop(claim)
            }
            assert!(end.await.is_err());
            let again = table.claim(id, BODY);
            assert_eq!(matches!(again, Seen::Known(_)), is_finished);
            assert_eq!(matches!(again, Seen::New(_)), !is_finished);
        }
    }

    #[test]
    fn the_oldest_id_leaves_first_and_counts_as_new_again() {
        let table = Table::new(2 * SHARDS, 2 * SHARDS);
        let ids: Vec<Key> = crowded().take(3).collect();
        for (at, id) in ids.iter().enumerate() {
            table.restore(*id, BODY, known(at as u64 + 1));
        }
        assert!(matches!(table.claim(ids[0], OTHER), Seen::New(_)));
        assert!(matches!(table.claim(ids[1], BODY), Seen::Known(_)));
        assert!(matches!(table.claim(ids[2], BODY), Seen::Known(_)));
    }

    #[test]
    fn an_answer_leaves_memory_when_the_journal_can_give_it_back_and_else_with_its_id() {
        let table = Table::new(64 * SHARDS, SHARDS);
        let ids: Vec<Key> = crowded().take(3).collect();
        for (at, id) in ids.iter().enumerate() {
            let Seen::New(claim) = table.claim(*id, BODY) else { panic!("it is new") };
            claim.finish(known(at as u64 + 1), 1);
        }
        assert_eq!(table.find(ids[0]), Some(Known { answer: None, ..known(1) }));
        assert_eq!(table.find(ids[1]), None);
        assert_eq!(table.find(ids[2]), Some(known(3)));
    }

    #[test]
    fn tenants_do_not_share_ids() {
        assert_ne!(Key::of(1, "a"), Key::of(2, "a"));
        assert_eq!(Key::of(1, "a"), Key::of(1, "a"));
        assert_ne!(Fingerprint::of(b"{}"), Fingerprint::of(b"{ }"));
    }
}
