//! The index of all rules against each condition by itself.

use std::time::Instant;

use engine::rules::{Hits, RuleSet};
use tests::rules::{Act, Author, judged_one_by_one, smallest_wrong};

const SEED: u64 = 41;

/// Rules are judged alone, in handfuls and in thousands: blocks of the index are few and many.
const SIZES: [usize; 6] = [1, 7, 60, 300, 1_500, 4_000];

fn assert_right(set: &RuleSet, act: &Act, seed: u64) -> Hits {
    let got = set.evaluate(act.event_type, act.time_ms, &act.facts);
    let wanted = judged_one_by_one(set, act);
    if got == wanted {
        return got;
    }
    for rule in &set.rules {
        if let Some(when) = smallest_wrong(rule, act) {
            panic!("seed {seed}: {:?} gets another answer on {:?}", when, act);
        }
    }
    panic!("seed {seed}: {got:?}, not {wanted:?}, on {act:?}");
}

#[test]
fn a_hundred_thousand_rules_at_once_say_what_each_says_alone() {
    let start = Instant::now();
    let (mut seed, mut rules, mut answers, mut hits, mut undecided) = (SEED, 0, 0, 0, 0);
    println!("from seed {SEED}");
    while rules < 100_000 {
        seed += 1;
        let mut author = Author::new(seed);
        let set = author.rules(SIZES[seed as usize % SIZES.len()]);
        for _ in 0..10 {
            let act = author.act();
            let found = assert_right(&set, &act, seed);
            hits += found.hit.len() + found.shadow.len() + found.suppressed.len();
            undecided += found.undecided.len();
            answers += set.rules.len();
        }
        rules += set.rules.len();
    }
    println!(
        "{rules} rules, {answers} answers, {hits} hits, {undecided} undecided, {:?}",
        start.elapsed()
    );
    assert!(answers / 10 < hits && answers / 10 < undecided && hits + undecided < answers);
}
