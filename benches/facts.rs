//! Nanoseconds of the whole vector of facts on simulated traffic, and what it keeps of the past.
//!
//! Two plans: the facts that a wallet cannot do without from its first day, and every fact of the
//! catalogue. The same world is played for each, in process and on one thread; every line is read
//! immediately before it is observed, as in a service, and only the observation is timed, in the
//! second half of the world's days.
//!
//! `cargo bench -p benches --bench facts -- [ACCOUNTS]`
#![allow(clippy::print_stdout, clippy::disallowed_methods, missing_docs)]

use std::sync::Arc;
use std::time::Instant;

use benches::{Digest, times};
use datasets::synth::{Atlas, Kind, Options, Peak, Settings, World};
use features::catalog::{DAY_ONE, definitions};
use features::event::Event;
use features::history::{History, Limits};
use features::plan::Plan;

/// First of September 2026, a Tuesday.
const START_MS: i64 = 1_788_220_800_000;

const DAYS: u32 = 2;

fn main() {
    let is_test = !std::env::args().any(|argument| argument == "--bench");
    let accounts = std::env::args().find_map(|argument| argument.parse::<u32>().ok());
    let accounts = accounts.unwrap_or(if is_test { 200 } else { 1_000_000 });
    let definitions = definitions();
    let features = definitions.features();
    let day_one = features.iter().filter(|feature| DAY_ONE.contains(&feature.name.as_str()));
    let day_one: Vec<usize> = day_one.map(|feature| feature.definition).collect();
    let all: Vec<usize> = features.iter().map(|feature| feature.definition).collect();
    println!("{accounts} accounts, {DAYS} days; ns of one observation");
    for (name, wanted) in [("day one", day_one), ("all", all)] {
        measure(name, wanted.len(), definitions.plan(&wanted), accounts);
    }
}

fn measure(name: &str, wanted: usize, plan: Plan, accounts: u32) {
    let options = Options {
        seed: 1,
        days: DAYS,
        accounts,
        start_ms: START_MS,
        peaks: Peak::ALL.to_vec(),
        settings: Settings::default(),
        atlas: Atlas::built_in(),
    };
    let mut world = World::new(options).expect("the options are sound");
    let middle = (world.start_ms() + world.end_ms()) / 2;
    let questions: usize = plan.tables().map(|(_, questions)| questions).sum();
    let tables = plan.tables().count();
    let history = History::new(Arc::new(plan), Limits::default());
    let (mut observed, mut recorded, mut facts) = (times(), times(), Vec::new());
    let mut digest = Digest::default();
    while world.play_hour(1) {
        let is_timed = middle < world.now_ms();
        for emitted in world.events() {
            let mut event = Event::read(emitted.line.as_bytes(), None).expect("the world is valid");
            let start = Instant::now();
            let times = if emitted.kind == Kind::Scored {
                history.observe(&mut event, &mut facts, || ());
                &mut observed
            } else {
                history.record(&mut event, || ());
                &mut recorded
            };
            let time = start.elapsed();
            if is_timed {
                times.saturating_record(time.as_nanos() as u64);
            }
            if emitted.kind == Kind::Scored {
                let word = facts.iter().fold(0_u64, |word, fact| {
                    (word.rotate_left(5) ^ fact.to_bits()).wrapping_mul(0x9E37_79B9_7F4A_7C15)
                });
                digest.add(&word.to_le_bytes());
            }
        }
    }
    let census = history.census();
    let entities: usize = census.tables.iter().map(|table| table.1).sum();
    let evicted: u64 = census.tables.iter().map(|table| table.2).sum();
    println!("{name}: {wanted} facts, {questions} questions to {tables} tables");
    for (what, times) in [("observe", &observed), ("record", &recorded)] {
        let at = |quantile| times.value_at_quantile(quantile);
        let (mean, p50, p99, p999) = (times.mean(), at(0.5), at(0.99), at(0.999));
        println!(
            "  {what}: {} events, mean {mean:.0}, p50 {p50}, p99 {p99}, p99.9 {p999}",
            times.len()
        );
    }
    let megabytes = census.bytes as f64 / 1e6;
    println!(
        "  {} events folded; {entities} entities, {evicted} evicted, {megabytes:.0} MB; facts {:016x}",
        census.events, digest.0
    );
}
