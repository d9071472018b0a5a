//! The entities of one table: found by key, bounded in number, each with its past.
//!
//! Entities lie in chunks that never move; an [`Index`] finds them. At the bound a hand goes round
//! and evicts the first entity that was not touched since it last came by; an evicted key is
//! remembered with the time of its newest event, so that it reads unknown, never zero, until its
//! windows have passed.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use prefetch_index::prefetch_index;

use crate::arena::Arena;
use crate::index::Index;
use crate::window::{Codes, Entity, Row, Shape, Work};

/// Entities of a chunk.
const CHUNK: usize = 16_384;

/// Evicted keys remembered one by one, for each entity that a table may hold: 24 bytes each. Beyond
/// that, every stranger reads unknown for as far back as the newest of the forgotten.
const REMEMBERED: usize = 8;

/// See the module's essay.
#[derive(Debug)]
pub(crate) struct Entities {
    index: Index,
    chunks: Vec<Vec<Entity>>,
    len: usize,
    pub(crate) codes: Codes,
    /// Where the hand that evicts stands.
    hand: usize,
    /// Evicted keys with the time of their newest event.
    evicted: HashMap<u64, i64, FixedState>,
    /// Newest event time among evicted keys that are no longer remembered one by one.
    forgotten: i64,
    pub(crate) evictions: u64,
}

impl Default for Entities {
    fn default() -> Entities {
        Entities {
            index: Index::default(),
            chunks: Vec::new(),
            len: 0,
            codes: Codes::default(),
            hand: 0,
            evicted: HashMap::default(),
            forgotten: i64::MIN,
            evictions: 0,
        }
    }
}

impl Entities {
    /// Entities held.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Bytes held beside the arena, busy entities' own not counted.
    pub(crate) fn held(&self) -> usize {
        self.index.held() + self.len * size_of::<Entity>()
    }

    /// Place of the entity that most likely has the key; [`Entities::entity`] makes sure.
    pub(crate) fn likely(&self, key: u64) -> Option<u32> {
        self.index.likely(key)
    }

    /// The entity at a place, if it has the key; else the one that has it.
    pub(crate) fn entity(&self, place: u32, key: u64) -> Option<&Entity> {
        let likely = self.at(place);
        if likely.key() == key {
            return Some(likely);
        }
        self.find(key).map(|place| self.at(place))
    }

    /// Fetches where the search for a key begins.
    pub(crate) fn fetch_index(&self, key: u64) {
        self.index.fetch(key);
    }

    /// Fetches the entity at a place in the first of [`FETCHES`] rounds, and in each other one what
    /// the round before found out the place of.
    pub(crate) fn fetch(&self, place: u32, round: u8, arena: &Arena) {
        if round == 0 {
            prefetch_index(&self.chunks[place as usize / CHUNK], place as usize % CHUNK);
        } else {
            self.at(place).fetch(round, arena);
        }
    }

    /// Since when everything about a key that is not in the table would be known.
    pub(crate) fn known_since(&self, key: u64) -> i64 {
        self.evicted.get(&key).copied().unwrap_or(i64::MIN).max(self.forgotten)
    }

    /// Records an event of the entity with this key, a new one if there is none. `place` is where
    /// it was seen last.
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn insert(
        &mut self,
        shape: &Shape,
        arena: &mut Arena,
        key: u64,
        place: Option<u32>,
        row: Row<'_>,
        work: &mut Work,
        entities_max: usize,
    ) {
        let place = place.filter(|place| self.at(*place).key() == key).or_else(|| self.find(key));
        let place = place.unwrap_or_else(|| self.add(shape, arena, key, entities_max));
        let entity = &mut self.chunks[place as usize / CHUNK][place as usize % CHUNK];
        *entity.mark() = true;
        entity.insert(shape, &mut self.codes, arena, work, row);
    }

    fn at(&self, place: u32) -> &Entity {
        &self.chunks[place as usize / CHUNK][place as usize % CHUNK]
    }

    fn find(&self, key: u64) -> Option<u32> {
        self.index.find(key, |place| self.at(place).key() == key)
    }

    fn add(&mut self, shape: &Shape, arena: &mut Arena, key: u64, entities_max: usize) -> u32 {
        let entity = Entity::new(key, self.known_since(key));
        self.evicted.remove(&key);
        let place = if self.len < entities_max {
            if self.len.is_multiple_of(CHUNK) {
                self.chunks.push(Vec::with_capacity(CHUNK));
            }
            if let Some(chunk) = self.chunks.last_mut() {
                chunk.push(entity);
            }
            self.len += 1;
            self.len - 1
        } else {
            let place = self.evict(shape, arena, entities_max);
            self.chunks[place / CHUNK][place % CHUNK] = entity;
            place
        };
        self.index.insert(key, place as u32);
        place as u32
    }

    /// Gives up the first entity that was not touched since the hand came by; its place is free.
    fn evict(&mut self, shape: &Shape, arena: &mut Arena, entities_max: usize) -> usize {
        let place = loop {
            let place = self.hand;
            self.hand = (self.hand + 1) % self.len;
            let mark = self.chunks[place / CHUNK][place % CHUNK].mark();
            if !std::mem::replace(mark, false) {
                break place;
            }
        };
        let entity = &mut self.chunks[place / CHUNK][place % CHUNK];
        let (key, newest) = (entity.key(), entity.newest(shape, arena));
        entity.clear(arena);
        self.index.remove(key, |number| number as usize == place);
        self.evictions += 1;
        self.evicted.insert(key, newest);
        if REMEMBERED * entities_max < self.evicted.len() {
            // The largest of all is the same in any order.
            #[allow(clippy::iter_over_hash_type)]
            for newest in self.evicted.values() {
                self.forgotten = self.forgotten.max(*newest);
            }
            self.evicted.clear();
        }
        place
    }
}
