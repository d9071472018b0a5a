//! How fast the wallet world is made, and what it holds in memory: 10,000 and 1,000,000 accounts.
//!
//! One thread plays the world hour by hour and hands every line to a hash, as a writer would. The
//! digest shows that a faster world is still the same one. Peak memory is the process's high-water
//! mark, so the small world comes first.
//!
//! `cargo bench -p benches --bench world`
#![allow(clippy::print_stdout, clippy::disallowed_methods, missing_docs)]

use std::fs;
use std::time::Instant;

use benches::Digest;
use datasets::synth::{Atlas, Options, Peak, Settings, World};

/// First of September 2026, a Tuesday.
const START_MS: i64 = 1_788_220_800_000;

/// Worlds: accounts and days.
const WORLDS: [(u32, u32); 2] = [(10_000, 14), (1_000_000, 2)];

fn main() {
    // `cargo test` runs every bench once, to see that it still works: a tiny world is enough.
    let is_test = std::env::args().all(|argument| argument != "--bench");
    let worlds: &[(u32, u32)] = if is_test { &[(200, 2)] } else { &WORLDS };
    println!("accounts   days      events    events/s   MB/s   peak MB   B/account   digest");
    for (accounts, days) in worlds {
        measure(*accounts, *days);
    }
}

fn measure(accounts: u32, days: u32) {
    let options = Options {
        seed: 1,
        days,
        accounts,
        start_ms: START_MS,
        peaks: Peak::ALL.to_vec(),
        settings: Settings::default(),
        atlas: Atlas::built_in(),
    };
    let began = Instant::now();
    let mut world = World::new(options).expect("the options are sound");
    let (mut digest, mut events, mut bytes) = (Digest::default(), 0_u64, 0_u64);
    while world.play_hour(1) {
        for emitted in world.events() {
            events += 1;
            bytes += emitted.line.len() as u64;
            // Ends and lengths tell lines apart, without a hash over every byte.
            let tail = &emitted.line.as_bytes()[emitted.line.len().saturating_sub(48)..];
            digest.add(tail);
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let peak = peak_bytes();
    println!(
        "{accounts:>8}  {days:>5}  {events:>10}  {:>10.0}  {:>5.0}  {:>8.0}  {:>10.0}   {:016x}",
        events as f64 / seconds,
        bytes as f64 / seconds / 1e6,
        peak as f64 / 1e6,
        peak as f64 / f64::from(accounts),
        digest.0,
    );
}

/// The process's peak resident memory, where the system tells it; else 0.
fn peak_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}
