//! Containers that stay small however long they listen.
//!
//! [`Sample`] keeps what belongs to a key for a fair share of all keys: those whose lowest bits are
//! zero, more of these bits the more keys there are. Keys are hashes, so the share is random, and a
//! key is either followed from its first to its last mention or dropped whole. [`Recent`] keeps the
//! newest keys. [`LogHistogram`] keeps amounts to within a twentieth.

use std::collections::{BTreeMap, HashMap, VecDeque};

/// Values by key, for a share of the keys.
#[derive(Debug, Clone)]
pub(super) struct Sample<V> {
    values: BTreeMap<u64, V>,
    /// Keys that have none of these bits are followed.
    mask: u64,
    most: usize,
}

impl<V> Sample<V> {
    pub(super) fn new(most: usize) -> Sample<V> {
        Sample { values: BTreeMap::new(), mask: 0, most }
    }

    /// Whether the key belongs to the share that is kept.
    pub(super) fn follows(&self, key: u64) -> bool {
        key & self.mask == 0
    }

    pub(super) fn get(&self, key: u64) -> Option<&V> {
        self.values.get(&key)
    }

    pub(super) fn get_mut(&mut self, key: u64) -> Option<&mut V> {
        self.values.get_mut(&key)
    }

    /// Keeps a value if its key is followed.
    pub(super) fn insert(&mut self, key: u64, value: V) {
        if !self.follows(key) {
            return;
        }
        self.values.insert(key, value);
        while self.most < self.values.len() {
            self.mask = self.mask << 1 | 1;
            let mask = self.mask;
            self.values.retain(|key, _| key & mask == 0);
        }
    }

    /// Keeps a new value for a key that has none, if it is followed.
    pub(super) fn entry(&mut self, key: u64, new: impl FnOnce() -> V) {
        if self.follows(key) && !self.values.contains_key(&key) {
            self.insert(key, new());
        }
    }

    /// All values, in the order of their keys.
    pub(super) fn values(&self) -> impl Iterator<Item = &V> {
        self.values.values()
    }
}

/// The newest values by key.
#[derive(Debug, Clone)]
pub(super) struct Recent<V> {
    values: HashMap<u64, V>,
    order: VecDeque<u64>,
    most: usize,
}

impl<V> Recent<V> {
    pub(super) fn new(most: usize) -> Recent<V> {
        Recent { values: HashMap::new(), order: VecDeque::new(), most }
    }

    pub(super) fn get(&self, key: u64) -> Option<&V> {
        self.values.get(&key)
    }

    /// Keeps a value; true when the key was not there.
    pub(super) fn put(&mut self, key: u64, value: V) -> bool {
        let is_new = self.values.insert(key, value).is_none();
        if is_new {
            self.order.push_back(key);
        }
        if self.most < self.order.len()
            && let Some(oldest) = self.order.pop_front()
        {
            self.values.remove(&oldest);
        }
        is_new
    }
}

/// Width of a bin, as a natural logarithm.
const WIDTH: f64 = 0.05;
/// Bins from one fen to more than anybody pays.
const BINS: usize = 400;

/// Positive numbers by their logarithm.
#[derive(Debug, Clone)]
pub(super) struct LogHistogram {
    bins: Vec<u64>,
    count: u64,
}

impl LogHistogram {
    pub(super) fn new() -> LogHistogram {
        LogHistogram { bins: vec![0; BINS], count: 0 }
    }

    pub(super) fn add(&mut self, number: i64) {
        let bin = (number.max(1) as f64).ln() / WIDTH;
        self.bins[(bin as usize).min(BINS - 1)] += 1;
        self.count += 1;
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The middle number, interpolated within its bin; `None` when there is none.
    pub(super) fn median(&self) -> Option<f64> {
        let half = self.count as f64 / 2.0;
        let mut below = 0.0;
        for (bin, count) in self.bins.iter().enumerate().filter(|(_, count)| 0 < **count) {
            let count = *count as f64;
            if half <= below + count {
                return Some(((bin as f64 + (half - below) / count) * WIDTH).exp());
            }
            below += count;
        }
        None
    }

    /// Share of the numbers in each stretch of this many bins: the number in its middle, the share.
    pub(super) fn shares(&self, stretch: usize) -> Vec<(f64, f64)> {
        let share = |(place, bins): (usize, &[u64])| {
            let middle = (place as f64 + 0.5) * stretch as f64 * WIDTH;
            (middle.exp(), bins.iter().sum::<u64>() as f64 / self.count.max(1) as f64)
        };
        self.bins.chunks(stretch).enumerate().map(share).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::chance::Chance;

    #[test]
    fn a_sample_keeps_a_fair_share_and_stays_small() {
        let mut sample = Sample::new(1_000);
        let mut chance = Chance::of(4, &[1]);
        for number in 0..40_000_u64 {
            sample.insert(chance.bits(), number);
        }
        let kept = sample.values().count();
        assert!(500 < kept && kept <= 1_000, "{kept}");
        let early = sample.values().filter(|number| **number < 20_000).count() as f64;
        assert!((early / kept as f64 - 0.5).abs() < 0.08, "{early} of {kept}");
    }

    #[test]
    fn a_key_that_a_sample_does_not_follow_is_never_kept() {
        let mut sample = Sample::new(2);
        for key in [0b00, 0b01, 0b10] {
            sample.insert(key, key);
        }
        // The third key was one too many, so odd keys are not followed any more.
        assert!(!sample.follows(0b01) && sample.get(0b01).is_none());
        for key in [0b11, 0b10] {
            sample.entry(key, || 0);
        }
        assert_eq!(sample.get(0b11), None);
        assert_eq!(sample.get_mut(0b10), Some(&mut 0b10));
    }

    #[test]
    fn the_oldest_make_room_for_the_newest() {
        let mut recent = Recent::new(2);
        assert!(recent.put(1, 'a') && recent.put(2, 'b') && !recent.put(1, 'c'));
        assert!(recent.put(3, 'd'));
        assert_eq!([recent.get(1), recent.get(2), recent.get(3)], [None, Some(&'b'), Some(&'d')]);
    }

    #[test]
    fn a_histogram_finds_the_median_of_amounts() {
        let mut histogram = LogHistogram::new();
        assert_eq!(histogram.median(), None);
        let mut chance = Chance::of(4, &[2]);
        for _ in 0..20_000 {
            histogram.add(chance.log_normal(9_500.0, 1.0) as i64);
        }
        let median = histogram.median().unwrap_or_default();
        assert!((median / 9_500.0 - 1.0).abs() < 0.03, "{median}");
        let sum: f64 = histogram.shares(4).iter().map(|(_, share)| share).sum();
        assert!((sum - 1.0).abs() < 1e-9);
    }
}
