//! The index of all rules, and rules over columns of facts, against each condition by itself.

use std::time::Instant;

use engine::rules::{Hits, ROWS_MAX, RuleSet};
use tests::rules::{Act, Author, FACTS, judged_one_by_one, of_row, smallest_wrong};

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

/// The acts of one type, again and again until the rows are many where the rules are few.
fn assert_right_by_column(set: &RuleSet, acts: &[Act], seed: u64) {
    let event_type = acts[0].event_type;
    let rows = if set.rules.len() < 100 { 1 + seed as usize * 61 % ROWS_MAX } else { 70 };
    let of_type = acts.iter().filter(|act| act.event_type == event_type);
    let acts: Vec<&Act> = of_type.cycle().take(rows).collect();
    let times: Vec<i64> = acts.iter().map(|act| act.time_ms).collect();
    let column = |fact: usize| acts.iter().map(|act| act.facts[fact]).collect::<Vec<f64>>();
    let columns: Vec<Vec<f64>> = (0..FACTS).map(column).collect();
    let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let answers = set.by_column(event_type).evaluate(&times, &columns);
    for (row, act) in acts.iter().enumerate().step_by(1 + rows / 5) {
        let (got, wanted) = (of_row(set, &answers, row, act), judged_one_by_one(set, act));
        assert!(
            got == wanted,
            "seed {seed}, row {row} of {rows}, {act:?}: {got:?}, not {wanted:?}"
        );
    }
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
        let acts: Vec<Act> = (0..10).map(|_| author.act()).collect();
        assert_right_by_column(&set, &acts, seed);
        for act in acts {
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
