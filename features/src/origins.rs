//! Scored events that outcomes can still refer to, with the fields that outcomes inherit.
//!
//! An issuer's answer, a challenge's result, a label names the event it belongs to and inherits what
//! it does not say itself, so that a decline counts by device and a label by merchant. The newest
//! events are held, each as a cell of the arena: which fields it has, then each as a length and
//! its bytes.
//!
//! Where nothing is cached, to hold an event is to wait for the slots of its keys and, once all places
//! are taken, for those of the oldest event's. [`Origins::fetch_index`] and [`Origins::fetch_oldest`] ask for
//! them beforehand, while other memory is asked for: 0.15 us (0.25 us once all places are taken) that is
//! shared with whoever else waits, then 0.25 us (0.4 us) to hold an event of twenty fields.

use prefetch_index::prefetch_index;

use crate::arena::{Arena, Cell};
use crate::event::Event;
use crate::field::{EventType, FieldId, ids};
use crate::history::is_fraud_label;
use crate::index::Index;

/// Events of a chunk.
const CHUNK: usize = 1_024;

/// See the module's essay.
#[derive(Debug, Default)]
pub(crate) struct Origins {
    index: Index,
    chunks: Vec<Vec<Origin>>,
    len: usize,
    /// The place that is given to the next event once all are taken.
    next: usize,
    /// What is written to a cell, kept so that holding an event need not allocate.
    written: Vec<u8>,
}

#[derive(Debug)]
struct Origin {
    /// Keys of the event's id and of its business id; equal when it has only one.
    keys: [u64; 2],
    cell: Cell,
    kind: EventType,
    is_labelled_fraud: bool,
}

impl Origins {
    /// Events held.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Bytes held beside the arena.
    pub(crate) fn held(&self) -> usize {
        self.index.held() + self.chunks.len() * CHUNK * size_of::<Origin>()
    }

    /// First round before [`Origins::remember`]: fetches where the search for each key begins.
    pub(crate) fn fetch_index(&self, keys: [u64; 2]) {
        prefetch_index(self.oldest().map_or(&[][..], std::slice::from_ref), 0);
        keys.iter().for_each(|key| self.index.fetch(*key));
    }

    /// Second round: fetches where the search for the oldest event begins.
    pub(crate) fn fetch_oldest(&self) {
        let gone = self.oldest().map_or([0; 2], |origin| origin.keys);
        gone.iter().for_each(|key| self.index.fetch(*key));
    }

    /// Gives an outcome the fields it lacks and the event with this key has. Says whether it is a
    /// label of fraud that the event already carries; `counts` makes it carry it from now on.
    pub(crate) fn pass_on(
        &mut self,
        key: u64,
        inherited: &[FieldId],
        arena: &Arena,
        outcome: &mut Event,
        counts: bool,
    ) -> bool {
        let Some(place) = self.find(key) else { return false };
        let origin = &mut self.chunks[place / CHUNK][place % CHUNK];
        let bytes = arena.bytes(origin.cell);
        let mut at = inherited.len().div_ceil(8);
        for (index, field) in inherited.iter().enumerate() {
            if bytes[index / 8] >> (index % 8) & 1 == 0 {
                continue;
            }
            let length = usize::from(bytes[at]);
            if !outcome.has(*field) {
                let value = bytes[at + 1..at + 1 + length].iter().rev();
                outcome.adopt(*field, value.fold(0, |bits, byte| bits << 8 | u64::from(*byte)));
            }
            at += 1 + length;
        }
        if !outcome.has(ids::REF_EVENT_TYPE) {
            outcome.adopt(ids::REF_EVENT_TYPE, origin.kind as u64);
        }
        let is_fraud = is_fraud_label(outcome);
        let repeated = is_fraud && origin.is_labelled_fraud;
        origin.is_labelled_fraud |= is_fraud && counts;
        repeated
    }

    /// Holds a scored event under its keys; of more than `origins_max` the oldest goes.
    pub(crate) fn remember(
        &mut self,
        event: &Event,
        keys: [u64; 2],
        inherited: &[FieldId],
        arena: &mut Arena,
        origins_max: usize,
    ) {
        if inherited.is_empty() || origins_max == 0 {
            return;
        }
        let marks = inherited.len().div_ceil(8);
        // Of each value all eight bytes are written; the next one covers what is too much.
        self.written.resize(marks + 9 * inherited.len(), 0);
        self.written[..marks].fill(0);
        let mut at = marks;
        for (index, field) in inherited.iter().enumerate() {
            let bits = match *field {
                ids::REF_TIME_MS => Some(event.time() as u64),
                // Outcomes get the type of this event; what a refund says is that of its payment.
                ids::REF_EVENT_TYPE => None,
                field => event.bits(field),
            };
            let Some(bits) = bits else { continue };
            let length = 8 - bits.leading_zeros() as usize / 8;
            self.written[index / 8] |= 1 << (index % 8);
            self.written[at] = length as u8;
            self.written[at + 1..at + 9].copy_from_slice(&bits.to_le_bytes());
            at += 1 + length;
        }
        let cell = arena.take(at);
        arena.bytes_mut(cell)[..at].copy_from_slice(&self.written[..at]);
        // Whoever sends an id again means the later event.
        keys.iter().for_each(|key| self.unlist(*key));
        let origin = Origin { keys, cell, kind: event.event_type(), is_labelled_fraud: false };
        let place = self.take_place(origin, arena, origins_max);
        self.index.insert(keys[0], place as u32);
        if keys[1] != keys[0] {
            self.index.insert(keys[1], place as u32);
        }
    }

    fn take_place(&mut self, origin: Origin, arena: &mut Arena, origins_max: usize) -> usize {
        if self.len < origins_max {
            if self.len.is_multiple_of(CHUNK) {
                self.chunks.push(Vec::with_capacity(CHUNK));
            }
            if let Some(chunk) = self.chunks.last_mut() {
                chunk.push(origin);
            }
            self.len += 1;
            return self.len - 1;
        }
        let place = self.next;
        self.next = (self.next + 1) % self.len;
        for key in self.chunks[place / CHUNK][place % CHUNK].keys {
            self.index.remove(key, |number| number as usize == place);
        }
        let old = std::mem::replace(&mut self.chunks[place / CHUNK][place % CHUNK], origin);
        arena.give(old.cell);
        place
    }

    /// The event whose place is given away next, once all are taken.
    fn oldest(&self) -> Option<&Origin> {
        self.chunks.get(self.next / CHUNK)?.get(self.next % CHUNK)
    }

    fn unlist(&mut self, key: u64) {
        if let Some(place) = self.find(key) {
            self.index.remove(key, |number| number as usize == place);
        }
    }

    fn find(&self, key: u64) -> Option<usize> {
        let has = |place: u32| {
            self.chunks[place as usize / CHUNK][place as usize % CHUNK].keys.contains(&key)
        };
        self.index.find(key, has).map(|place| place as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INHERITED: [FieldId; 4] =
        [ids::DEVICE_DEVICE_ID, ids::CARD_CARD_TOKEN, ids::DOC_HASH, ids::REF_TIME_MS];

    fn label(time: i64) -> Event {
        let json = format!(
            r#"{{"event_type":"label","event_id":"l","event_time_ms":{time},"ref_id":"e",
            "received_time_ms":{time},"known_time_ms":{time},"channel":"other","label":"fraud"}}"#
        );
        Event::read(json.as_bytes(), None).unwrap_or_else(|faults| panic!("{faults:?}"))
    }

    #[test]
    fn what_is_held_is_passed_on_whatever_was_near_until_it_is_the_oldest() {
        const NOW: i64 = 1_784_088_000_000;
        let (most, mut arena, mut origins) = (50, Arena::default(), Origins::default());
        // Pairs of keys look alike to the index, and every seventh event comes again.
        let keys_of = |i: u64| [(1 << 33) + i % 90 / 2 + ((i % 2) << 40), (1 << 63) + i % 90];
        // Values of every length, some absent.
        let bits_of = |i: u64| {
            [u64::MAX >> (i % 64), (i % 3) << (i % 60), i % 5].map(|b| (b != 2).then_some(b))
        };
        let mut told: Vec<u64> = Vec::new();
        for step in 0..400_u64 {
            let i = if step % 7 == 0 { step / 2 } else { step };
            let mut event = label(NOW + i as i64);
            for (field, bits) in INHERITED.iter().zip(bits_of(i)) {
                bits.into_iter().for_each(|bits| event.adopt(*field, bits));
            }
            if step % 2 == 0 {
                origins.fetch_index(keys_of(i));
                origins.fetch_oldest();
            }
            origins.remember(&event, keys_of(i), &INHERITED, &mut arena, most);
            told.push(i);
            if step % 9 != 0 {
                continue;
            }
            let newest = &told[told.len().saturating_sub(most)..];
            for key in (0..90).flat_map(keys_of) {
                let found = newest.iter().rev().find(|i| keys_of(**i).contains(&key));
                let mut outcome = label(NOW);
                origins.pass_on(key, &INHERITED, &arena, &mut outcome, false);
                let expected = found.map_or([None; 4], |i| {
                    let [device, card, document] = bits_of(*i);
                    [device, card, document, Some(NOW as u64 + i)]
                });
                let passed_on = INHERITED.map(|field| outcome.bits(field));
                assert_eq!(passed_on, expected, "step {step}, key {key:x}");
            }
        }
        assert_eq!(origins.len(), most);
    }
}
