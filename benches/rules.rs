//! Nanoseconds of all rules of a policy over the facts of one event.
//!
//! One event after the other, and a column at a time. Three kinds of rules: those of the house on the bench's traffic; generated ones, a thousand and
//! twenty thousand of four predicates each over 64 facts, about the same facts by the hundred or
//! about any four; and, where a directory is named, the rules and inputs that its `rules.json` and
//! `rule_inputs.jsonl` hold. Each is written as policy text and checked as every policy is. Answers
//! are counted for each rule and compared with those of its condition evaluated by itself.
//!
//! `cargo bench -p benches --bench rules -- [DIRECTORY]`
#![allow(clippy::print_stdout, clippy::disallowed_methods, missing_docs)]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::{Duration, Instant};

use benches::{Chance, Digest, traffic};
use engine::engine::Engine;
use engine::policy::{DEFAULT_POLICY, Policy, Wanted};
use engine::rules::{Answers, ROWS_MAX, Rows, RuleSet};
use features::event::{Event, hash_text};
use features::expr::{Scope, key_number};
use features::field::EventType;
use features::history::Limits;
use serde_json::Value as Json;

const ROUNDS: usize = 9;
const HANDFUL: usize = 10;
const TIME_MS: i64 = 1_790_000_000_000;

fn main() {
    let is_test = !std::env::args().any(|argument| argument == "--bench");
    let directory = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    println!("ns of one event");
    let head = ["rules", "number", "index KB", "one by one", "at once", "by column"];
    println!(
        "{:<22}{:>7}{:>9}{:>11}{:>9}{:>11}",
        head[0], head[1], head[2], head[3], head[4], head[5]
    );
    house(if is_test { 300 } else { 60_000 });
    let (few, many) = if is_test { (20, 300) } else { (1_000, 20_000) };
    for count in [few, many] {
        generated("four of the same facts", &alike(count), is_test);
    }
    for count in [few, many] {
        generated("four of any facts", &unlike(count), is_test);
    }
    if let Some(directory) = directory {
        given(&directory);
    }
}

fn checked(text: &str) -> Policy {
    Policy::check(text, None, Wanted::Judging).unwrap_or_else(|faults| panic!("{:?}", faults[0]))
}

/// The rules of the house on their facts of the bench's traffic.
fn house(events: usize) {
    let engine = Engine::new(checked(DEFAULT_POLICY), Limits::default());
    let mut facts = Vec::new();
    for text in traffic(7, events, 1 + events as u64 / 4) {
        let mut event = Event::read(text.as_bytes(), None).expect("the traffic is valid");
        if event.is_score_requested() {
            let (outcome, ()) = engine.decide(&mut event, || ());
            facts.push((event.event_type(), outcome.facts));
        } else {
            engine.record(&mut event, || ());
        }
    }
    let rest = facts.split_off(facts.len() / 2);
    measure("of the house", engine.policy().rules(), &rest);
}

/// Generated rules on facts that are anything.
fn generated(name: &str, text: &str, is_test: bool) {
    let policy = checked(text);
    let facts = uniform(&policy, if is_test { 20 } else { 1_024 });
    measure(name, policy.rules(), &facts);
}

/// Facts to write rules about: any that is a number will do, they are given, not computed.
fn declared(count: usize) -> String {
    let mut text = String::new();
    for fact in 0..count {
        let _ = writeln!(text, "feature x{fact} \"\" = geo.lat");
    }
    text
}

fn rule(text: &mut String, index: usize, chance: &mut Chance, facts: [u64; 4]) {
    let _ = write!(text, "rule r{index} \"\"\n  on payment\n  when ");
    for (place, fact) in facts.into_iter().enumerate() {
        let and = if place == 0 { "" } else { " and " };
        let share = 10 + chance.below(390);
        let _ = match chance.below(2) {
            0 => write!(text, "{and}x{fact} >= {}", 1_000 - share),
            _ => write!(text, "{and}x{fact} < {share}"),
        };
    }
    let _ = writeln!(text, "\n  then review because NEW_DEVICE");
}

/// A hundred kinds of rules that differ in their numbers.
fn alike(count: usize) -> String {
    let mut chance = Chance(3);
    let mut text = declared(64);
    let kinds: Vec<[u64; 4]> = (0..100).map(|_| four(&mut chance)).collect();
    for index in 0..count {
        let kind = kinds[index % kinds.len()];
        rule(&mut text, index, &mut chance, kind);
    }
    text
}

/// Rules that have nothing in common.
fn unlike(count: usize) -> String {
    let mut chance = Chance(5);
    let mut text = declared(64);
    for index in 0..count {
        let facts = four(&mut chance);
        rule(&mut text, index, &mut chance, facts);
    }
    text
}

fn four(chance: &mut Chance) -> [u64; 4] {
    let mut facts = [0; 4];
    for place in 0..4 {
        facts[place] = loop {
            let fact = chance.below(64);
            if !facts[..place].contains(&fact) {
                break fact;
            }
        };
    }
    facts
}

fn uniform(policy: &Policy, count: usize) -> Vec<(EventType, Vec<f64>)> {
    let mut chance = Chance(11);
    let mut facts = || policy.plan().facts().iter().map(|_| chance.below(1_000) as f64).collect();
    (0..count).map(|_| (EventType::Payment, facts())).collect()
}

/// Times rules over facts, and compares what each rule said.
fn measure(name: &str, rules: &RuleSet, facts: &[(EventType, Vec<f64>)]) -> Vec<u64> {
    let (counts, at_once) = timed(ROUNDS, rules, facts, |kind, facts, counts| {
        let hits = rules.evaluate(kind, TIME_MS, facts);
        for rule in hits.hit.iter().chain(&hits.shadow) {
            counts[usize::from(*rule)].0 += 1;
        }
        hits.suppressed.iter().for_each(|(rule, _)| counts[usize::from(*rule)].0 += 1);
        hits.undecided.iter().for_each(|(rule, _)| counts[usize::from(*rule)].1 += 1);
    });
    // Thousands of rules one by one wait for memory more than they compute: once is enough.
    let rounds = if rules.rules.len() < 5_000 { 3 } else { 1 };
    let (wanted, alone) = timed(rounds, rules, facts, |kind, facts, counts| {
        let scope = Scope { event: None, readings: &[], facts };
        for (rule, count) in rules.rules.iter().zip(counts) {
            if rule.on.contains(kind) {
                let value = rule.when.value(scope);
                count.0 += u64::from(value == 1.0);
                count.1 += u64::from(value.is_nan());
            }
        }
    });
    assert!(counts == wanted, "{name}: the index gives other answers");
    let (by_column, ns_by_column) = timed_by_column(rules, facts);
    assert!(by_column == wanted, "{name}: columns give other answers");
    let (number, bytes) = (rules.rules.len(), rules.index_bytes() / 1_000);
    println!("{name:<22}{number:>7}{bytes:>9}{alone:>11.0}{at_once:>9.0}{ns_by_column:>11.0}");
    counts.into_iter().map(|(hits, _)| hits).collect()
}

type Counts = Vec<(u64, u64)>;

/// What rules said, and the nanoseconds that one event took: the best of the rounds for each
/// handful of events, so that whatever else runs on the machine is seen as little as can be.
fn timed(
    rounds: usize,
    rules: &RuleSet,
    facts: &[(EventType, Vec<f64>)],
    mut judge: impl FnMut(EventType, &[f64], &mut Counts),
) -> (Counts, f64) {
    let mut counts = vec![(0, 0); rules.rules.len()];
    let mut whole = Duration::ZERO;
    for handful in facts.chunks(HANDFUL) {
        let mut best = Duration::MAX;
        for round in 0..rounds {
            let mut again = counts.clone();
            let start = Instant::now();
            for (kind, facts) in handful {
                judge(*kind, facts, &mut again);
            }
            best = best.min(start.elapsed());
            if round + 1 == rounds {
                counts = again;
            }
        }
        whole += best;
    }
    (counts, whole.as_nanos() as f64 / facts.len().max(1) as f64)
}

/// The same over columns: events of one type together, as many as go at once.
fn timed_by_column(rules: &RuleSet, facts: &[(EventType, Vec<f64>)]) -> (Counts, f64) {
    let mut counts = vec![(0, 0); rules.rules.len()];
    let mut whole = Duration::ZERO;
    for event_type in EventType::ALL {
        let mut judge = rules.by_column(event_type);
        let rows: Vec<&Vec<f64>> =
            facts.iter().filter(|(kind, _)| *kind == event_type).map(|(_, facts)| facts).collect();
        for rows in rows.chunks(ROWS_MAX) {
            let columns: Vec<Vec<f64>> =
                (0..rows[0].len()).map(|fact| rows.iter().map(|row| row[fact]).collect()).collect();
            let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
            let times = vec![TIME_MS; rows.len()];
            let mut best = Duration::MAX;
            let mut answers = Answers::default();
            for _ in 0..ROUNDS {
                let start = Instant::now();
                answers = judge.evaluate(&times, &columns);
                best = best.min(start.elapsed());
            }
            whole += best;
            let number = |rows: &Rows| rows.iter().map(|word| u64::from(word.count_ones())).sum();
            for (rule, count) in counts.iter_mut().enumerate() {
                let (hit, undecided): (u64, u64) =
                    (number(&answers.hit[rule]), number(&answers.undecided[rule]));
                *count = (count.0 + hit, count.1 + undecided);
            }
            for (rule, _, rows) in &answers.suppressed {
                counts[usize::from(*rule)].0 += number(rows);
            }
        }
    }
    (counts, whole.as_nanos() as f64 / facts.len().max(1) as f64)
}

/// Rules and inputs of others, a hundred, a thousand and all of them.
fn given(directory: &str) {
    let read = |name: &str| {
        let path = format!("{directory}/{name}");
        std::fs::read_to_string(&path).unwrap_or_else(|fault| panic!("{path}: {fault}"))
    };
    let rules: Vec<Json> = serde_json::from_str(&read("rules.json")).expect("a list of rules");
    let inputs: Vec<BTreeMap<String, Json>> = read("rule_inputs.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).expect("an input"))
        .collect();
    let mut counts = vec![100, 1_000, rules.len()];
    counts.retain(|count| *count <= rules.len());
    counts.dedup();
    for count in counts {
        let policy = checked(&translated(&inputs[0], &rules[..count]));
        let kept = policy.plan().facts();
        let inputs = &inputs[..inputs.len().min(20_000_000 / count)];
        let facts: Vec<(EventType, Vec<f64>)> = inputs
            .iter()
            .map(|input| {
                let fact = |name: &str| input.get(&name[2..]).map_or(f64::NAN, number);
                (EventType::Payment, kept.iter().map(|kept| fact(&kept.name)).collect())
            })
            .collect();
        let hits = measure("given", policy.rules(), &facts);
        let mut digest = Digest::default();
        hits.iter().for_each(|hits| digest.add(&hits.to_le_bytes()));
        let mean = hits.iter().sum::<u64>() as f64 / inputs.len() as f64;
        println!("{mean:.3} hits each, counts {:016x}", digest.0);
    }
}

fn number(value: &Json) -> f64 {
    match value {
        Json::Bool(value) => f64::from(u8::from(*value)),
        Json::String(text) => key_number(hash_text(text)),
        value => value.as_f64().unwrap_or(f64::NAN),
    }
}

/// The same rules as policy text; every field of the inputs becomes a feature.
fn translated(input: &BTreeMap<String, Json>, rules: &[Json]) -> String {
    let mut text = String::new();
    for (name, value) in input {
        let body = match value {
            Json::Bool(_) => "device.is_rooted == true",
            Json::String(_) => "session_id",
            _ => "geo.lat",
        };
        let _ = writeln!(text, "feature x_{name} \"\" = {body}");
    }
    for rule in rules {
        let id = rule["id"].as_str().unwrap_or_default().to_lowercase();
        let _ = write!(text, "rule {id} \"\"\n  on payment\n  when ");
        let conditions = rule["all"].as_array().map_or(&[][..], Vec::as_slice);
        for (place, condition) in conditions.iter().enumerate() {
            let field = condition[0].as_str().unwrap_or_default();
            let sign = condition[1].as_str().unwrap_or_default();
            let and = if place == 0 { "" } else { " and " };
            let sign = if sign == "notin" { "not in" } else { sign };
            let _ = write!(text, "{and}x_{field} {sign} ");
            let _ = match &condition[2] {
                Json::Object(other) => {
                    write!(text, "x_{}", other["f"].as_str().unwrap_or_default())
                }
                Json::Array(list) => {
                    let list: Vec<String> = list.iter().map(Json::to_string).collect();
                    write!(text, "({})", list.join(", "))
                }
                constant => write!(text, "{constant}"),
            };
        }
        let _ = writeln!(text, "\n  then review because NEW_DEVICE");
    }
    text
}
