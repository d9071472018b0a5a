//! Nanoseconds of one decision in process, by stage, on one core.
//!
//! Stages: read (JSON to event), observe (facts of the past, and the record of the present), judge
//! (rules, model, costs, factors), answer (JSON out). The first half of the traffic warms the
//! history and is not timed.
//!
//! `cargo bench -p benches --bench hot_path -- [EVENTS] [ACCOUNTS]`
#![allow(clippy::print_stdout, clippy::disallowed_methods, missing_docs)]

use std::time::Instant;

use benches::{Digest, traffic};
use engine::engine::Engine;
use engine::policy::{DEFAULT_MODEL, DEFAULT_POLICY, Policy, Wanted};
use engine::shell::answer::answer;
use engine::shell::wire::Detail;
use features::event::Event;
use features::history::Limits;
use hdrhistogram::Histogram;
use models::ModelDraft;

const STAGES: [&str; 5] = ["read", "observe", "judge", "answer", "whole decision"];

fn main() {
    // Under `cargo test` a bench only has to run; the numbers come from `cargo bench`.
    let is_test = !std::env::args().any(|argument| argument == "--bench");
    let mut numbers = std::env::args().filter_map(|argument| argument.parse::<usize>().ok());
    let events = numbers.next().unwrap_or(if is_test { 2_000 } else { 400_000 });
    let accounts = numbers.next().unwrap_or(if is_test { 100 } else { 100_000 }) as u64;

    let draft = ModelDraft::read(DEFAULT_MODEL).expect("the bundled model");
    let policy = Policy::check(DEFAULT_POLICY, Some(draft), Wanted::Judging);
    let policy = policy.expect("the bundled policy");
    let (facts, rules) = (policy.plan().facts().len(), policy.rules().rules.len());
    let engine = Engine::new(policy, Limits::default());
    let texts = traffic(7, events, accounts);
    let bytes = texts.iter().map(String::len).sum::<usize>() / texts.len().max(1);
    println!("{events} events of {bytes} bytes, {accounts} accounts, {facts} facts, {rules} rules");

    let mut stages = STAGES
        .map(|_| Histogram::<u64>::new_with_bounds(1, 60_000_000_000, 3).expect("sound bounds"));
    let mut digest = Digest::default();
    let mut timed = 0_u64;
    for (index, text) in texts.iter().enumerate() {
        let start = Instant::now();
        let mut event = Event::read(text.as_bytes(), None).expect("the traffic is valid");
        let read = Instant::now();
        if !event.is_score_requested() {
            engine.record(&mut event, || ());
            continue;
        }
        let mut observed = None;
        let (outcome, ()) = engine.decide(&mut event, || observed = Some(Instant::now()));
        let judged = Instant::now();
        let text = answer(&outcome.policy, &event, &outcome, Detail::Minimal);
        let answered = Instant::now();
        digest.add(text.as_bytes());
        if texts.len() / 2 <= index {
            let observed = observed.expect("the fold calls back");
            let times = [read - start, observed - read, judged - observed, answered - judged];
            for (stage, time) in stages.iter_mut().zip(times.into_iter().chain([answered - start]))
            {
                stage.saturating_record(time.as_nanos() as u64);
            }
            timed += 1;
        }
    }
    println!("{:<16}{:>9}{:>9}{:>9}{:>9}", "stage, ns", "mean", "p50", "p99", "p99.9");
    for (name, stage) in STAGES.iter().zip(&stages) {
        let at = |quantile| stage.value_at_quantile(quantile);
        let (mean, p50) = (stage.mean() as u64, at(0.5));
        println!("{name:<16}{mean:>9}{p50:>9}{:>9}{:>9}", at(0.99), at(0.999));
    }
    let mean = stages[4].mean().max(1.0);
    println!("{timed} decisions, {:.0} a second a core, answers {:016x}", 1e9 / mean, digest.0);
}
