//! From a 64-bit key to a 32-bit number, growing without a long stall.
//!
//! Open addressing in 256 segments, chosen by the key's highest bits: one segment grows at a time,
//! by half, so that a table of ten million keys never moves more than forty thousand at once. A
//! slot is eight bytes: 32 bits of the key and the number; whoever keeps the numbers says whether
//! the whole key fits. Keys are hashes already.

use prefetch_index::prefetch_index;

/// Segments of a table of keys.
pub(crate) const SEGMENTS: usize = 256;

/// From key to number; see the module's essay.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    segments: Vec<Segment>,
}

#[derive(Clone, Debug, Default)]
struct Segment {
    /// Number plus one below 32 bits of the key; zero is empty.
    slots: Vec<u64>,
    len: usize,
}

impl Default for Index {
    fn default() -> Index {
        Index { segments: vec![Segment::default(); SEGMENTS] }
    }
}

impl Index {
    /// Number of the key, for which `fits(number)` is true.
    pub(crate) fn find(&self, key: u64, fits: impl Fn(u32) -> bool) -> Option<u32> {
        let segment = &self.segments[segment_of(key)];
        let at = segment.position(key, &fits)?;
        Some(number(segment.slots[at]))
    }

    /// Fetches the slots where the search for a key begins.
    pub(crate) fn fetch(&self, key: u64) {
        let slots = &self.segments[segment_of(key)].slots;
        let home = home(fingerprint(key), slots.len());
        // The first four may lie in two cache lines.
        prefetch_index(slots, home);
        prefetch_index(slots, home + 3);
    }

    /// The first number whose 32 bits fit: mostly the right one, at the cost of one cache line.
    pub(crate) fn likely(&self, key: u64) -> Option<u32> {
        let segment = &self.segments[segment_of(key)];
        segment.position(key, &|_| true).map(|at| number(segment.slots[at]))
    }

    /// Adds a key that is not there.
    pub(crate) fn insert(&mut self, key: u64, number: u32) {
        let segment = &mut self.segments[segment_of(key)];
        // At most seven eighths full.
        if segment.slots.len() * 7 <= segment.len * 8 {
            segment.grow();
        }
        segment.place(u64::from(fingerprint(key)) << 32 | (u64::from(number) + 1));
        segment.len += 1;
    }

    /// Takes a key out.
    pub(crate) fn remove(&mut self, key: u64, fits: impl Fn(u32) -> bool) {
        let segment = &mut self.segments[segment_of(key)];
        let Some(mut hole) = segment.position(key, &fits) else { return };
        segment.len -= 1;
        let slots = &mut segment.slots;
        let mut at = hole;
        loop {
            at = next(at, slots.len());
            if slots[at] == 0 {
                break;
            }
            // Whoever would no longer be found behind the hole moves into it.
            let home = home((slots[at] >> 32) as u32, slots.len());
            let stays =
                if hole < at { hole < home && home <= at } else { hole < home || home <= at };
            if !stays {
                slots[hole] = slots[at];
                hole = at;
            }
        }
        slots[hole] = 0;
    }

    /// Slots of the segment of a key.
    pub(crate) fn slots(&self, key: u64) -> usize {
        self.segments[segment_of(key)].slots.len()
    }

    /// The 32 low bits of each key in the segment of this one, in no order.
    pub(crate) fn fingerprints(&self, key: u64) -> impl Iterator<Item = u32> {
        let taken = self.segments[segment_of(key)].slots.iter().filter(|slot| **slot != 0);
        taken.map(|slot| (slot >> 32) as u32)
    }

    /// Bytes held.
    pub(crate) fn held(&self) -> usize {
        self.segments.iter().map(|s| s.slots.capacity() * 8 + size_of::<Segment>()).sum()
    }
}

impl Segment {
    fn position(&self, key: u64, fits: &impl Fn(u32) -> bool) -> Option<usize> {
        if self.slots.is_empty() {
            return None;
        }
        let wanted = fingerprint(key);
        let mut at = home(wanted, self.slots.len());
        loop {
            // How far a search goes is a matter of chance: slots are compared four at a time, so
            // that few branches are guessed wrong.
            if let Some(four) = self.slots.get(at..at + 4) {
                let ends = |slot: u64| slot == 0 || (slot >> 32) as u32 == wanted;
                let ends = (0..4).fold(0_u32, |all, i| all | u32::from(ends(four[i])) << i);
                if ends == 0 {
                    at = if at + 4 == self.slots.len() { 0 } else { at + 4 };
                    continue;
                }
                at += ends.trailing_zeros() as usize;
            }
            let slot = self.slots[at];
            if slot == 0 {
                return None;
            }
            if (slot >> 32) as u32 == wanted && fits(number(slot)) {
                return Some(at);
            }
            at = next(at, self.slots.len());
        }
    }

    fn grow(&mut self) {
        let larger = (self.slots.len() * 3 / 2).max(8);
        let old = std::mem::replace(&mut self.slots, vec![0; larger]);
        old.into_iter().filter(|slot| *slot != 0).for_each(|slot| self.place(slot));
    }

    fn place(&mut self, slot: u64) {
        let mut at = home((slot >> 32) as u32, self.slots.len());
        while self.slots[at] != 0 {
            at = next(at, self.slots.len());
        }
        self.slots[at] = slot;
    }
}

/// The segment of a key.
pub(crate) fn segment_of(key: u64) -> usize {
    (key >> 56) as usize
}

fn fingerprint(key: u64) -> u32 {
    key as u32
}

fn number(slot: u64) -> u32 {
    slot as u32 - 1
}

/// Spreads 32 bits over any number of slots, in their order.
pub(crate) fn home(fingerprint: u32, slots: usize) -> usize {
    ((u64::from(fingerprint) * slots as u64) >> 32) as usize
}

fn next(at: usize, slots: usize) -> usize {
    if at + 1 == slots { 0 } else { at + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn key_of(i: u64) -> u64 {
        // Every seventh key shares its 32 bits and its segment with another.
        let i = if i.is_multiple_of(7) { i | 1 << 40 } else { i };
        i.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (i >> 40 << 33)
    }

    #[test]
    fn finds_what_a_map_finds() {
        let mut index = Index::default();
        let mut map: HashMap<u64, u32> = HashMap::new();
        let mut keys: Vec<u64> = Vec::new();
        let mut state = 11_u64;
        println!("seed {state}");
        for step in 0..200_000_u64 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let key = key_of(state >> 33 & 0x3FFF);
            let found = index.find(key, |number| keys[number as usize] == key);
            assert_eq!(found, map.get(&key).copied(), "step {step}");
            match found {
                None => {
                    map.insert(key, keys.len() as u32);
                    index.insert(key, keys.len() as u32);
                    keys.push(key);
                }
                Some(_) if state >> 20 & 1 == 1 => {
                    map.remove(&key);
                    index.remove(key, |number| keys[number as usize] == key);
                }
                Some(number) => assert!(index.likely(key).is_some(), "{number}"),
            }
        }
        assert!(1_000 < map.len());
        assert!(
            index.held() < map.len() * 24 + SEGMENTS * 40,
            "{} for {}",
            index.held(),
            map.len()
        );
    }
}
