//! Nanoseconds from opinions to a verdict, on one core: the situation read from the facts, the
//! suspected vector, the costs, the choice of a factor and its hints.
//!
//! The simulated wallet is played against the house policy and its model; facts, hits and
//! probability of each decision are kept, and the decision is made again from them, a few hundred at
//! a time so that they lie in the cache as they do after an observation. Rules and model have their
//! own benches and are not in these times. Decisions made again must be the ones that were made.
//!
//! `cargo bench -p benches --bench decision -- [ACCOUNTS]`
#![allow(clippy::print_stdout, clippy::disallowed_methods, missing_docs)]

use std::time::Instant;

use benches::{Digest, times};
use datasets::synth::{Answer, Ask, Atlas, Options, Peak, Settings, Wallet, World};
use engine::changes;
use engine::decision::Decision;
use engine::engine::{Engine, Outcome};
use engine::policy::{DEFAULT_MODEL, DEFAULT_POLICY, Policy, Wanted};
use engine::shell::wallet::answer_of;
use features::event::Event;
use features::history::Limits;
use models::ModelDraft;

/// First of September 2026, a Tuesday.
const START_MS: i64 = 1_788_220_800_000;

const DAYS: u32 = 12;

/// Decisions that are made again together.
const TOGETHER: usize = 256;

const DECISIONS: [Decision; 3] = [Decision::Approve, Decision::Challenge, Decision::Decline];

struct Keeper {
    engine: Engine,
    kept: Vec<Outcome>,
}

impl Wallet for Keeper {
    fn decide(&mut self, ask: &Ask<'_>) -> Answer {
        let mut event = Event::read(ask.line.as_bytes(), None).expect("the world is valid");
        let outcome = changes::decide(&self.engine, &mut event);
        let answer = answer_of(&outcome);
        self.kept.push(outcome);
        answer
    }

    fn record(&mut self, line: &str) {
        let mut event = Event::read(line.as_bytes(), None).expect("the world is valid");
        self.engine.record(&mut event, || ());
    }
}

fn main() {
    let is_test = !std::env::args().any(|argument| argument == "--bench");
    let accounts = std::env::args().find_map(|argument| argument.parse::<u32>().ok());
    let accounts = accounts.unwrap_or(if is_test { 100 } else { 4_000 });
    let draft = ModelDraft::read(DEFAULT_MODEL).expect("the bundled model");
    let policy = Policy::check(DEFAULT_POLICY, Some(draft), Wanted::Judging).expect("it is sound");
    let engine = Engine::new(policy, Limits::default());
    let policy = engine.policy();
    let mut keeper = Keeper { engine, kept: Vec::new() };
    let mut world = World::new(Options {
        seed: 1,
        days: DAYS,
        accounts,
        start_ms: START_MS,
        peaks: Peak::ALL.to_vec(),
        settings: Settings::default(),
        atlas: Atlas::built_in(),
    })
    .expect("the options are sound");
    let mut times = [times(), times(), times()];
    let mut digest = Digest::default();
    while world.play_step(&mut keeper) {
        if TOGETHER <= keeper.kept.len() {
            again(&policy, &keeper.kept, &mut times, &mut digest);
            keeper.kept.clear();
        }
    }
    println!("{accounts} accounts, {DAYS} days; ns of one decision");
    let mut sum = (0.0, 0);
    for (decision, times) in DECISIONS.iter().zip(&times) {
        let at = |quantile| times.value_at_quantile(quantile);
        sum = (sum.0 + times.mean() * times.len() as f64, sum.1 + times.len());
        println!(
            "  {}: {}, mean {:.0}, p50 {}, p99 {}",
            decision.name(),
            times.len(),
            times.mean(),
            at(0.5),
            at(0.99)
        );
    }
    println!("  all: {}, mean {:.0}; decisions {:016x}", sum.1, sum.0 / sum.1 as f64, digest.0);
}

fn again(
    policy: &Policy,
    kept: &[Outcome],
    times: &mut [hdrhistogram::Histogram<u64>; 3],
    digest: &mut Digest,
) {
    let decide = |outcome: &Outcome| {
        policy.decide_on(&outcome.facts, &outcome.judgement.hits, &outcome.judgement)
    };
    for outcome in kept {
        let decision = decide(outcome);
        assert_eq!(decision, outcome.judgement.verdict.decision, "made again");
        digest.add(decision.name().as_bytes());
    }
    for outcome in kept {
        let start = Instant::now();
        let decision = std::hint::black_box(decide(outcome));
        times[decision as usize].saturating_record(start.elapsed().as_nanos() as u64);
    }
}
