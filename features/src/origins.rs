//! Scored events that outcomes can still refer to, with the fields that outcomes inherit.
//!
//! An issuer's answer, a challenge's result, a label names the event it belongs to and inherits what
//! it does not say itself, so that a decline counts by device and a label by merchant. The newest
//! events are held, each as a cell of the arena: which fields it has, then each as a length and
//! its bytes.

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
        // Whoever sends an id again means the later event.
        let known = keys.map(|key| self.find(key));
        let held = |field: &FieldId| match *field {
            ids::REF_TIME_MS => Some(event.time() as u64),
            // Outcomes get the type of this event; what a refund says is that of its payment.
            ids::REF_EVENT_TYPE => None,
            field => event.bits(field),
        };
        let length = |bits: u64| 8 - bits.leading_zeros() as usize / 8;
        let values: usize = inherited.iter().filter_map(held).map(|bits| 1 + length(bits)).sum();
        let marks = inherited.len().div_ceil(8);
        let cell = arena.take(marks + values);
        let bytes = arena.bytes_mut(cell);
        bytes[..marks].fill(0);
        let mut at = marks;
        for (index, field) in inherited.iter().enumerate() {
            if let Some(bits) = held(field) {
                let length = length(bits);
                bytes[index / 8] |= 1 << (index % 8);
                bytes[at] = length as u8;
                bytes[at + 1..at + 1 + length].copy_from_slice(&bits.to_le_bytes()[..length]);
                at += 1 + length;
            }
        }
        for (key, place) in keys.into_iter().zip(known) {
            if place.is_some() {
                self.unlist(key);
            }
        }
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
