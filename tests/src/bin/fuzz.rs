//! Looks for policy texts that are not answered as they must be, and for rules whose index says
//! something else than their conditions, until it finds one or its time is over.
//!
//! `cargo run --release -p tests --bin fuzz -- [--minutes 60] [--seed 1]`
//!
//! A text is bytes at random, words at random, or a policy of the house with bytes, words and lines
//! changed. Whatever it is, it is read and checked within a second or two, with at most 50 faults
//! and the count of the rest, and without a panic; a sound one judges like its conditions by
//! themselves. Cases run in a process of their own, a thousand at a time, so that an abort or an
//! overflow of the stack is a finding like any other. A finding is made as small as it gets, printed
//! and left in `fuzz.policy`.
#![allow(clippy::print_stdout, clippy::disallowed_methods, clippy::unwrap_used)]

use std::io::{BufRead, BufReader};
use std::panic::catch_unwind;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use engine::policy::{DEFAULT_POLICY, Policy, Wanted};
use features::diagnostic::render;
use features::language::{FAULTS_MAX, parse};
use features::plan::Reading;
use tests::Chance;
use tests::rules::{Author, judged_one_by_one, smallest_wrong};

const HANDBOOK: &str = include_str!("../../../engine/policies/handbook.policy");

/// How long one case may compute.
const PATIENCE: Duration = Duration::from_secs(20);

/// Cases of one process.
const BATCH: u64 = 1_000;

/// What a mutation puts into a text.
const WORDS: &[&str] = &[
    "rule r \"t\"\n",
    "exempt e \"t\"\n",
    "let l = ",
    "list v \"t\" = value (",
    "feature f_{1h,24h} \"t\" = ",
    "set review_cost = ",
    "band b \"t\" = 30% .. 90%",
    "use \"other.policy\"\n",
    "policy \"p\"\n",
    "\n  on payment\n",
    " when ",
    " then decline",
    " because NEW_DEVICE",
    " message MSG_VERIFY_YOU",
    " cooldown 24h",
    " suspects V1 0.7, V9 0.3",
    " expect 0.1% .. 2%",
    " owner \"o\"",
    " until 2027-06-30",
    " shadow",
    " undecided review",
    " hits { ",
    " misses { ",
    " }",
    "count(payment) by account over 1h",
    "sum(base_minor of payment where funding == intl_card) by card over 24h",
    "distinct(card of card_link) by device over 7d offset 1h",
    "median(base_minor of payment) by card over 1d",
    "login[is_new_device] then payment within 1h by account",
    "card tagged watched",
    "tag card watched for 7d",
    " including this",
    "amount_usd",
    "base_minor",
    "card.issuer_country",
    "device.is_rooted",
    "geo.lat",
    "kind",
    "account",
    " and ",
    " or ",
    " not ",
    " == ",
    " != ",
    " < ",
    " <= ",
    " > ",
    " in ",
    " not in ",
    " between ",
    " or else ",
    " + ",
    " - ",
    " * ",
    " / ",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    "..",
    "@v",
    "\"text\"",
    "true",
    "unknown",
    "if ",
    " else ",
    "missing(",
    "min(",
    "choose(",
    "0",
    "1",
    "-1",
    "5 USD",
    "100 CNY",
    "1e308",
    "1e999",
    "0.0",
    "9007199254740993",
    "72h",
    "40km",
    "30%",
    "3 bps",
    "#",
    "\"",
    "\\",
    "\u{0}",
    "\u{202e}",
    "é",
    "\r\n",
    "\t",
    "component(size)",
    "event_time_ms",
    "payment",
];

fn main() -> ExitCode {
    let option = |name: &str| {
        let mut arguments = std::env::args().skip_while(|argument| argument != name);
        arguments.nth(1)
    };
    if let Some(path) = option("--text") {
        let bytes = std::fs::read(path).unwrap();
        return if text_fault(&bytes).is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let number =
        |name: &str, otherwise| option(name).map_or(otherwise, |text| text.parse().unwrap());
    let seed = number("--seed", 1);
    if let Some(first) = option("--cases-from") {
        return play(seed, first.parse().unwrap());
    }
    let minutes = number("--minutes", 60);
    let start = Instant::now();
    let (mut done, mut told) = (0, 0);
    println!("seed {seed}, {minutes} minutes");
    while start.elapsed() < Duration::from_secs(60 * minutes) {
        if let Err((case, output)) = batch(seed, done) {
            println!("case {case} of seed {seed}:\n{output}");
            if let Some(bytes) = text_of(seed, case) {
                std::fs::write("fuzz.policy", smallest(bytes)).unwrap();
                println!(
                    "{}\n(fuzz.policy)",
                    std::fs::read_to_string("fuzz.policy").unwrap_or_default()
                );
            }
            return ExitCode::FAILURE;
        }
        done += BATCH;
        if told < start.elapsed().as_secs() / 60 {
            told = start.elapsed().as_secs() / 60;
            println!("{told} min, {done} cases");
        }
    }
    println!("nothing found in {done} cases");
    ExitCode::SUCCESS
}

/// Runs cases in another process: the one that went wrong, and what it said, if one did.
fn batch(seed: u64, first: u64) -> Result<(), (u64, String)> {
    let (seed, from) = (seed.to_string(), first.to_string());
    let mut child = this(&["--seed", &seed, "--cases-from", &from]);
    let (sender, lines) = mpsc::channel();
    let output = BufReader::new(child.stdout.take().unwrap());
    let reader = std::thread::spawn(move || {
        output.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line)));
    });
    let (mut case, mut said) = (first, String::new());
    let mut began = Duration::ZERO;
    let is_late = loop {
        match lines.recv_timeout(PATIENCE) {
            Ok(line) => match line.parse() {
                Ok(next) => (case, said, began) = (next, String::new(), computed(&child)),
                Err(_) => said += &(line + "\n"),
            },
            Err(mpsc::RecvTimeoutError::Disconnected) => break false,
            // On a busy machine it may have waited rather than computed.
            Err(mpsc::RecvTimeoutError::Timeout) => {
                if PATIENCE <= computed(&child).saturating_sub(began) {
                    break true;
                }
            }
        }
    };
    if is_late {
        child.kill().unwrap();
        said += "took too long";
    }
    let is_sound = child.wait().unwrap().success();
    reader.join().unwrap();
    if is_sound { Ok(()) } else { Err((case, said)) }
}

fn this(arguments: &[&str]) -> Child {
    let program = std::env::current_exe().unwrap();
    Command::new(program).args(arguments).stdout(Stdio::piped()).spawn().unwrap()
}

/// How long another process has computed so far; endlessly where the system does not tell.
fn computed(child: &Child) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap_or_default();
    // Behind the name, which may hold anything: ticks of a hundredth of a second.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: Vec<u64> = fields.skip(11).take(2).filter_map(|ticks| ticks.parse().ok()).collect();
    if ticks.len() == 2 { Duration::from_millis(10 * (ticks[0] + ticks[1])) } else { Duration::MAX }
}

/// Plays a batch of cases, each announced by its number.
fn play(seed: u64, first: u64) -> ExitCode {
    for case in first..first + BATCH {
        println!("{case}");
        let fault = match text_of(seed, case) {
            Some(bytes) => text_fault(&bytes),
            None => rules_fault(chance(seed, case).bits()),
        };
        if let Some(fault) = fault {
            println!("{fault}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn chance(seed: u64, case: u64) -> Chance {
    let mut chance = Chance(seed.rotate_left(32) ^ case);
    Chance(chance.bits())
}

/// The text of a case, unless it is one of generated rules.
fn text_of(seed: u64, case: u64) -> Option<Vec<u8>> {
    let mut chance = chance(seed, case);
    let house = [DEFAULT_POLICY, HANDBOOK][chance.below(2) as usize];
    let mut bytes: Vec<u8> = match chance.below(8) {
        0 => return None,
        1 => (0..chance.below(400)).map(|_| chance.bits() as u8).collect(),
        2 => (0..1 + chance.below(60)).flat_map(|_| word(&mut chance).bytes()).collect(),
        3 => house.as_bytes().to_vec(),
        _ => {
            // A few statements, so that what they say counts and not how many they are.
            let statements: Vec<&str> = house.split("\n\n").collect();
            let from = chance.below(statements.len() as u64) as usize;
            let to = (from + 1 + chance.below(4) as usize).min(statements.len());
            statements[from..to].join("\n\n").into_bytes()
        }
    };
    for _ in 0..chance.below(12) {
        mutate(&mut bytes, &mut chance);
    }
    Some(bytes)
}

fn word(chance: &mut Chance) -> &'static str {
    WORDS[chance.below(WORDS.len() as u64) as usize]
}

fn mutate(bytes: &mut Vec<u8>, chance: &mut Chance) {
    let mut place = || chance.below(bytes.len() as u64 + 1) as usize;
    let (a, b) = (place(), place());
    let (from, to) = (a.min(b), a.max(b).min(a.min(b) + 200));
    match chance.below(8) {
        0 if from < bytes.len() => bytes[from] ^= 1 << chance.below(8),
        1 => drop(bytes.drain(from..to)),
        2 => {
            let piece = bytes[from..to].to_vec();
            let times = 1 + chance.below(3) as usize;
            drop(bytes.splice(to..to, piece.repeat(times)));
        }
        3 => {
            let piece: Vec<u8> = bytes.drain(from..to).collect();
            let place = chance.below(bytes.len() as u64 + 1) as usize;
            drop(bytes.splice(place..place, piece));
        }
        4 => {
            let words = word(chance).repeat(1 + chance.below(300) as usize);
            drop(bytes.splice(from..from, words.bytes()));
        }
        _ => drop(bytes.splice(from..from, word(chance).bytes())),
    }
}

/// What is wrong with the answer to a text.
fn text_fault(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let outcome = catch_unwind(|| {
        let (_, faults) = parse(&text);
        if FAULTS_MAX + 1 < faults.len() {
            return Some(format!("{} faults of the text", faults.len()));
        }
        match Policy::check(&text, None, Wanted::Judging) {
            Err(faults) => {
                render("fuzz", &text, &faults);
                None
            }
            Ok(policy) => judged_otherwise(&policy),
        }
    });
    outcome.unwrap_or_else(|_| Some("panicked".to_owned()))
}

fn judged_otherwise(policy: &Policy) -> Option<String> {
    let facts = policy.plan().facts();
    let mut chance = Chance(facts.len() as u64);
    for _ in 0..20 {
        let mut act = Author::new(chance.bits()).act();
        act.facts = facts
            .iter()
            .map(|fact| match chance.below(4) {
                0 => f64::NAN,
                _ if fact.reading == Reading::Bool => chance.below(2) as f64,
                1 => chance.below(3) as f64,
                _ => chance.below(100_000) as f64 / 10.0,
            })
            .collect();
        let got = policy.rules().evaluate(act.event_type, act.time_ms, &act.facts);
        if got != judged_one_by_one(policy.rules(), &act) {
            return Some(format!("judged otherwise: {act:?}"));
        }
    }
    None
}

/// What is wrong with the answers of generated rules.
fn rules_fault(seed: u64) -> Option<String> {
    let mut author = Author::new(seed);
    let set = author.rules(1 + seed as usize % 300);
    for _ in 0..8 {
        let act = author.act();
        let got = set.evaluate(act.event_type, act.time_ms, &act.facts);
        if got != judged_one_by_one(&set, &act) {
            let when = set.rules.iter().find_map(|rule| smallest_wrong(rule, &act));
            return Some(format!("author {seed}: {when:?} on {act:?}"));
        }
    }
    None
}

/// The text with as much taken away as leaves it a finding.
fn smallest(bytes: Vec<u8>) -> Vec<u8> {
    let is_finding = |bytes: &[u8]| {
        std::fs::write("fuzz.policy", bytes).unwrap();
        let mut child = this(&["--text", "fuzz.policy"]);
        loop {
            match child.try_wait().unwrap() {
                Some(status) => break !status.success(),
                None if PATIENCE < computed(&child) => {
                    child.kill().unwrap();
                    child.wait().unwrap();
                    break true;
                }
                None => std::thread::yield_now(),
            }
        }
    };
    let mut bytes = bytes;
    let mut length = bytes.len() / 2;
    while 0 < length {
        let mut from = 0;
        while from < bytes.len() {
            let mut shorter = bytes.clone();
            shorter.drain(from..(from + length).min(bytes.len()));
            if is_finding(&shorter) {
                bytes = shorter;
            } else {
                from += length;
            }
        }
        length /= 2;
    }
    bytes
}
