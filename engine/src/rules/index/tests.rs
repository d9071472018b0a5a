//! Alternatives as bits and in clusters, against the regions that they are made of.

use std::collections::HashMap;

use super::blocks::Blocks;
use super::clusters::Clusters;
use super::{Entry, Found, Place, entry, set};
use crate::rules::normal::{Atom, Conjunction, Region, Truth, Value};

const FACTS: u64 = 12;

/// Xorshift: the same numbers for the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

fn region(chance: &mut Chance) -> Region {
    let mut turns: Vec<f64> = (0..chance.below(6)).map(|_| chance.below(40) as f64).collect();
    if chance.below(3) == 0 {
        // Bounds of its own, so that many intervals lie between the others.
        turns = vec![chance.below(1_000) as f64];
    }
    turns.sort_by(f64::total_cmp);
    turns.dedup();
    let unknown = [Truth::False, Truth::Unknown, Truth::Unknown, Truth::True];
    Region {
        starts_inside: chance.below(2) == 0,
        turns,
        unknown: unknown[chance.below(4) as usize],
    }
}

fn conjunction(chance: &mut Chance) -> Conjunction {
    let mut facts: Vec<u16> = (0..chance.below(6)).map(|_| chance.below(FACTS) as u16).collect();
    facts.sort_unstable();
    facts.dedup();
    facts.iter().map(|fact| Atom { value: Value::Fact(*fact), region: region(chance) }).collect()
}

#[test]
fn bits_and_clusters_say_what_regions_say() {
    for seed in 1..=6 {
        let mut chance = Chance(seed);
        let all: Vec<Conjunction> = (0..1_500).map(|_| conjunction(&mut chance)).collect();
        let numbers: HashMap<Value, usize> =
            (0..FACTS as usize).map(|fact| (Value::Fact(fact as u16), fact)).collect();
        let mut turns = vec![Vec::new(); FACTS as usize];
        for atom in all.iter().flatten() {
            turns[numbers[&atom.value]].extend(&atom.region.turns);
        }
        for turns in &mut turns {
            turns.sort_by(f64::total_cmp);
            turns.dedup();
        }
        let cuts: Vec<&[f64]> = turns.iter().map(Vec::as_slice).collect();
        let entries: Vec<Entry<'_>> =
            (0..).zip(&all).map(|(owner, all)| entry(owner, all, &numbers, &cuts)).collect();
        let (bits, clusters) = (Blocks::new(&entries, &cuts), Clusters::new(&entries, &cuts));
        let (mut runs, mut left) = (Vec::new(), Vec::new());
        let mut seen = [0; 3];
        for round in 0..200 {
            let facts: Vec<f64> = (0..FACTS)
                .map(|_| match chance.below(5) {
                    0 => f64::NAN,
                    1 => chance.below(1_000) as f64,
                    _ => chance.below(42) as f64 - 1.0,
                })
                .collect();
            let place = |fact: usize, value: f64| match value.is_nan() {
                true => Place { interval: 0, unknown: 1 },
                false => {
                    let interval = 1 + cuts[fact].partition_point(|cut| *cut <= value) as u32;
                    Place { interval, unknown: 0 }
                }
            };
            let places: Vec<Place> =
                facts.iter().enumerate().map(|(fact, value)| place(fact, *value)).collect();
            let [mut of_bits, mut of_clusters, mut wanted] = [(); 3].map(|()| {
                let mut found = Found::default();
                found.clear(all.len());
                found
            });
            bits.evaluate(&places, &mut of_bits);
            clusters.evaluate(&places, &mut runs, &mut left, &mut of_clusters);
            for (owner, all) in (0..).zip(&all) {
                let truth = |atom: &Atom| match facts[numbers[&atom.value]] {
                    value if value.is_nan() => atom.region.unknown,
                    value if atom.region.contains(value) => Truth::True,
                    _ => Truth::False,
                };
                let truth = all.iter().map(truth).min().unwrap_or(Truth::True);
                seen[truth as usize] += 1;
                if truth != Truth::False {
                    set(&mut wanted.open, owner);
                }
                if truth == Truth::True {
                    set(&mut wanted.hit, owner);
                }
            }
            let found = [&of_bits, &of_clusters].map(|found| (&found.hit, &found.open));
            assert_eq!(found, [(&wanted.hit, &wanted.open); 2], "seed {seed}, round {round}");
        }
        assert!(seen.iter().all(|seen| 10_000 < *seen), "seed {seed}: {seen:?}");
    }
}
