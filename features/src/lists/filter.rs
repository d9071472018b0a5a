//! An index behind a filter: that a key is not there is mostly known without the index.
//!
//! A list is asked for one key of each length that it holds, and none or one of them is there. The
//! index of a million entries is ten megabytes, so that each question waits for memory; the filter
//! is a byte for each of its slots, which the second and third level caches hold. It is a Bloom
//! filter of one 64-bit word for each key: [`BITS`] bits of the word are set for a key that is
//! there, so a word that lacks one of them says no for sure, and one or two in a hundred keys that
//! are not there find all of theirs set by others and are asked for in vain.
//!
//! Each segment of the index has a part of its own, made anew from what the segment keeps of its
//! keys when that grows, and when as many keys came as it has slots: bits of removed keys stay
//! until then. So nothing stalls longer than the growth of a segment.

use crate::index::{Index, SEGMENTS, segment_of};

/// Bits that are set for a key; fewer where two of them are the same.
const BITS: u32 = 4;

/// Slots of a segment for one word: from 9 bits a key when it is full to 14 when it has grown.
const SLOTS_A_WORD: usize = 8;

/// An [`Index`] that is quick to say that it has not got a key; see the module's essay.
#[derive(Clone, Debug)]
pub(super) struct FilteredIndex {
    index: Index,
    parts: Vec<Part>,
}

/// The filter of one segment.
#[derive(Clone, Debug, Default)]
struct Part {
    words: Vec<u64>,
    /// Keys whose bits are set, those included that were removed since it was made.
    added: usize,
}

impl Default for FilteredIndex {
    fn default() -> FilteredIndex {
        FilteredIndex { index: Index::default(), parts: vec![Part::default(); SEGMENTS] }
    }
}

impl FilteredIndex {
    /// Number of the key, for which `fits(number)` is true.
    pub(super) fn find(&self, key: u64, fits: impl Fn(u32) -> bool) -> Option<u32> {
        if self.may_hold(key) { self.index.find(key, fits) } else { None }
    }

    /// Whether the key may be there; if not, it is not.
    pub(super) fn may_hold(&self, key: u64) -> bool {
        let part = &self.parts[segment_of(key)];
        let (word, bits) = place(key as u32, part.words.len());
        part.words.get(word).is_some_and(|word| word & bits == bits)
    }

    /// Adds a key that is not there.
    pub(super) fn insert(&mut self, key: u64, number: u32) {
        self.index.insert(key, number);
        let part = &mut self.parts[segment_of(key)];
        let slots = self.index.slots(key);
        if part.words.len() != slots.div_ceil(SLOTS_A_WORD) || slots <= part.added {
            part.words.clear();
            part.words.resize(slots.div_ceil(SLOTS_A_WORD), 0);
            part.added = 0;
            self.index.fingerprints(key).for_each(|fingerprint| part.add(fingerprint));
        } else {
            part.add(key as u32);
        }
    }

    /// Takes a key out.
    pub(super) fn remove(&mut self, key: u64, fits: impl Fn(u32) -> bool) {
        self.index.remove(key, fits);
    }
}

impl Part {
    fn add(&mut self, fingerprint: u32) {
        let (word, bits) = place(fingerprint, self.words.len());
        self.words[word] |= bits;
        self.added += 1;
    }
}

/// The word of a key among so many, and its bits in there.
fn place(fingerprint: u32, words: usize) -> (usize, u64) {
    // The high half of the product depends on all bits of the fingerprint, the bits on its low ones.
    let spread = u64::from(fingerprint).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let word = (((spread >> 32) * words as u64) >> 32) as usize;
    let bits = (0..BITS).fold(0, |bits, i| bits | 1 << (fingerprint >> (6 * i) & 63));
    (word, bits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Spreads a number over 64 bits.
    fn key_of(number: u64) -> u64 {
        let number = (number ^ number >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let number = (number ^ number >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        number ^ number >> 31
    }

    /// The share of keys that never were there and that it asks its index for.
    fn vain(index: &FilteredIndex) -> f64 {
        let strangers = 100_000..200_000;
        let asked = strangers.clone().filter(|i| index.may_hold(key_of(1 << 40 | i))).count();
        asked as f64 / strangers.count() as f64
    }

    #[test]
    fn never_loses_a_key_and_asks_for_few_in_vain() {
        let seed = 20_261_127;
        println!("seed {seed}");
        let mut index = FilteredIndex::default();
        let mut held: BTreeMap<u64, u32> = BTreeMap::new();
        let mut oldest = 0;
        // Grows to 60,000 keys, then as many go as come, each key for the first and last time.
        for number in 0..400_000_u32 {
            let key = key_of(seed + u64::from(number));
            assert_eq!(index.find(key, |found| found == number), None);
            index.insert(key, number);
            held.insert(key, number);
            if 60_000 <= number {
                let gone = key_of(seed + u64::from(oldest));
                index.remove(gone, |found| found == oldest);
                held.remove(&gone);
                oldest += 1;
            }
            if number % 10_000 == 9_999 {
                for (key, number) in &held {
                    assert_eq!(index.find(*key, |found| found == *number), Some(*number));
                }
                let vain = vain(&index);
                assert!(vain < 0.06, "{vain} of the keys that are not there, at {number}");
            }
        }
        assert_eq!(held.len(), 60_000);
    }
}
