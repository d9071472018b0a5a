//! The entities of one table: found by key, bounded in number, each with its past.
//!
//! Entities lie in the hash table itself, so that whoever knows a key knows where to look: no index
//! stands between, which would be one more wait for memory. The table has [`SEGMENTS`], chosen by the
//! key's highest bits; one of them grows at a time, by a fifth, so that a table of ten million never
//! moves more than forty thousand at once, and those from front to back. Within a segment entities lie
//! in the order of the low bits of their keys, each at its home or behind it: a search ends at the
//! first one that is further on.
//!
//! At the bound a hand goes round and evicts the first entity that was not touched since it last came
//! by; an evicted key is remembered with the time of its newest event, so that it reads unknown, never
//! zero, until its windows have passed.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use prefetch_index::prefetch_index;

use crate::arena::Arena;
use crate::index::{SEGMENTS, home, segment_of};
use crate::window::{Codes, Entity, Row, Shape, Work};

/// Bits of a place that number the slot within its segment.
const SLOT_BITS: u32 = 24;

/// Evicted keys remembered one by one, for each entity that a table may hold: 24 bytes each. Beyond
/// that, every stranger reads unknown for as far back as the newest of the forgotten.
const REMEMBERED: usize = 8;

/// See the module's essay.
#[derive(Debug)]
pub(crate) struct Entities {
    segments: Vec<Segment>,
    len: usize,
    pub(crate) codes: Codes,
    /// Where the hand that evicts stands: segment and slot.
    hand: (usize, usize),
    /// Evicted keys with the time of their newest event.
    evicted: HashMap<u64, i64, FixedState>,
    /// Newest event time among evicted keys that are no longer remembered one by one.
    forgotten: i64,
    pub(crate) evictions: u64,
}

/// Slots behind the last home that a segment has room for when it grows.
const SPARE: usize = 8;

/// Half a cache line each, an empty one too.
type Slot = Option<Entity>;

const _: () = assert!(size_of::<Slot>() == 32);

/// Slots in the order of homes; behind the last home lie as many more as were needed.
#[derive(Debug, Default)]
struct Segment {
    slots: Vec<Slot>,
    /// How many of the slots are homes.
    homes: usize,
    len: usize,
}

impl Default for Entities {
    fn default() -> Entities {
        Entities {
            segments: (0..SEGMENTS).map(|_| Segment::default()).collect(),
            len: 0,
            codes: Codes::default(),
            hand: (0, 0),
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
        let slots: usize = self.segments.iter().map(|segment| segment.slots.capacity()).sum();
        slots * size_of::<Slot>() + SEGMENTS * size_of::<Segment>()
    }

    /// Fetches where the search for a key begins.
    pub(crate) fn fetch_home(&self, key: u64) {
        let Segment { slots, homes, .. } = &self.segments[segment_of(key)];
        let home = home(key as u32, *homes);
        // Two slots share a cache line, and most entities lie within two of their home.
        prefetch_index(slots, home);
        prefetch_index(slots, home + 2);
    }

    /// Where the entity with this key is, until another is recorded.
    pub(crate) fn find(&self, key: u64) -> Option<u32> {
        let segment = segment_of(key);
        let slot = self.segments[segment].find(key).ok()?;
        Some(((segment as u32) << SLOT_BITS) | slot as u32)
    }

    /// The entity with this key; `place` is where it was.
    pub(crate) fn entity(&self, place: u32, key: u64) -> Option<&Entity> {
        self.at(place).filter(|entity| entity.key() == key).or_else(|| self.at(self.find(key)?))
    }

    /// Fetches a little of what an answer about the entity at a place will need, in the rounds of
    /// [`Entity::fetch`].
    pub(crate) fn fetch(&self, place: u32, round: u8, arena: &Arena) {
        self.at(place).into_iter().for_each(|entity| entity.fetch(round, arena));
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
        let segment = segment_of(key);
        let seen = place.map(|place| place as usize & ((1 << SLOT_BITS) - 1));
        let slots = &self.segments[segment].slots;
        let is_it = |slot: &usize| slots[*slot].as_ref().is_some_and(|e| e.key() == key);
        let slot = match seen.filter(is_it).map_or_else(|| self.segments[segment].find(key), Ok) {
            Ok(slot) => slot,
            Err(_) => self.add(shape, arena, key, entities_max),
        };
        if let Some(entity) = &mut self.segments[segment].slots[slot] {
            *entity.mark() = true;
            entity.insert(shape, &mut self.codes, arena, work, row);
        }
    }

    fn at(&self, place: u32) -> Option<&Entity> {
        let slots = &self.segments[(place >> SLOT_BITS) as usize].slots;
        slots.get(place as usize & ((1 << SLOT_BITS) - 1))?.as_ref()
    }

    /// Adds an entity with a key that is not there; gives its slot.
    fn add(&mut self, shape: &Shape, arena: &mut Arena, key: u64, entities_max: usize) -> usize {
        let entity = Entity::new(key, self.known_since(key));
        self.evicted.remove(&key);
        if entities_max <= self.len {
            self.evict(shape, arena, entities_max);
        }
        self.len += 1;
        self.segments[segment_of(key)].insert(entity)
    }

    /// Gives up the first entity that was not touched since the hand came by.
    fn evict(&mut self, shape: &Shape, arena: &mut Arena, entities_max: usize) {
        let (mut entity, segment) = loop {
            let (segment, slot) = self.hand;
            let Some(here) = self.segments[segment].slots.get_mut(slot) else {
                self.hand = ((segment + 1) % SEGMENTS, 0);
                continue;
            };
            let is_touched =
                here.as_mut().is_none_or(|entity| std::mem::replace(entity.mark(), false));
            if !is_touched && let Some(entity) = self.segments[segment].remove(slot) {
                break (entity, segment);
            }
            self.hand = (segment, slot + 1);
        };
        debug_assert_eq!(segment, segment_of(entity.key()));
        let (key, newest) = (entity.key(), entity.newest(shape, arena));
        entity.clear(arena);
        self.len -= 1;
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
    }
}

impl Segment {
    /// The slot of the entity with this key; without one, the slot where it belongs.
    fn find(&self, key: u64) -> Result<usize, usize> {
        let home_of_key = home(key as u32, self.homes);
        // How far an entity lies from its home is a matter of chance: four are compared without a
        // branch that would be guessed wrong.
        if let Some(four) = self.slots.get(home_of_key..home_of_key + 4) {
            let is_it = |slot: &Slot| slot.as_ref().is_some_and(|entity| entity.key() == key);
            let found = (0..4).fold(0_u32, |all, i| all | u32::from(is_it(&four[i])) << i);
            if found != 0 {
                return Ok(home_of_key + found.trailing_zeros() as usize);
            }
        }
        let mut at = home_of_key;
        while let Some(Some(entity)) = self.slots.get(at) {
            if entity.key() == key {
                return Ok(at);
            }
            if (key as u32) < entity.key() as u32 {
                break;
            }
            at += 1;
        }
        Err(at)
    }

    /// Puts an entity where it belongs, whose key is not there; gives its slot.
    fn insert(&mut self, entity: Entity) -> usize {
        // At most seven eighths full.
        if self.homes * 7 <= self.len * 8 {
            self.grow();
        }
        self.len += 1;
        let (Ok(at) | Err(at)) = self.find(entity.key());
        let behind = self.slots[at..].iter().position(Option::is_none);
        let empty = behind.map_or(self.slots.len(), |behind| at + behind);
        if empty == self.slots.len() {
            self.slots.reserve_exact(SPARE);
            self.slots.push(None);
        }
        self.slots[at..=empty].rotate_right(1);
        self.slots[at] = Some(entity);
        at
    }

    fn grow(&mut self) {
        self.homes = (self.homes * 6 / 5 + 1).max(4);
        let old = std::mem::replace(&mut self.slots, Vec::with_capacity(self.homes + SPARE));
        for entity in old.into_iter().flatten() {
            let at = home(entity.key() as u32, self.homes).max(self.slots.len());
            self.slots.resize_with(at, || None);
            self.slots.push(Some(entity));
        }
        self.slots.resize_with(self.homes.max(self.slots.len()), || None);
    }

    /// Takes out what lies in a slot; those behind it that are not at home move up.
    fn remove(&mut self, slot: usize) -> Option<Entity> {
        let entity = self.slots[slot].take()?;
        self.len -= 1;
        let mut end = slot + 1;
        while let Some(Some(next)) = self.slots.get(end)
            && home(next.key() as u32, self.homes) < end
        {
            end += 1;
        }
        self.slots[slot..end].rotate_left(1);
        Some(entity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn key_of(i: u64) -> u64 {
        // Every seventh key shares its 32 bits and its segment with another.
        let i = if i.is_multiple_of(7) { i | 1 << 40 } else { i };
        i.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (i >> 40 << 33)
    }

    #[test]
    fn a_segment_holds_what_a_set_holds() {
        let (mut segment, mut set) = (Segment::default(), HashSet::new());
        let mut state = 11_u64;
        println!("seed {state}");
        for step in 0..200_000_u64 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let key = key_of(state >> 33 & 0x3FFF);
            let found = segment.find(key);
            assert_eq!(found.is_ok(), set.contains(&key), "step {step}");
            match found {
                Err(_) => {
                    let at = segment.insert(Entity::new(key, i64::MIN));
                    assert_eq!(segment.find(key), Ok(at), "step {step}");
                    set.insert(key);
                }
                Ok(at) if state >> 20 & 1 == 1 => {
                    assert_eq!(segment.remove(at).map(|entity| entity.key()), Some(key));
                    set.remove(&key);
                }
                Ok(_) => {}
            }
        }
        let held: Vec<u64> = segment.slots.iter().flatten().map(Entity::key).collect();
        assert_eq!(held.iter().copied().collect::<HashSet<u64>>(), set);
        assert_eq!((held.len(), segment.len), (set.len(), set.len()));
        assert!(held.is_sorted_by_key(|key| *key as u32), "out of order");
        assert!(segment.slots.len() < 2 * set.len(), "{} for {}", segment.slots.len(), set.len());
    }
}
