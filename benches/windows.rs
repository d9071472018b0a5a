//! Windows by key against a Redis that keeps the same ones: speed, memory, and what growth costs.
//!
//! - `bytes`: resident memory of a key with 10, 100 and 1,000 events, and of a Redis sorted set with
//!   the same events when `--redis HOST:PORT` is given (it is flushed!).
//! - `table`: ten million keys; the time of every update while they come, then observe and evaluate
//!   on random ones.
//! - `velocity`: thirty features of five keys for a transaction, `(t - W, t]` with the transaction
//!   itself, exact; answers are held against a recount, then hashed. `FILE` has transactions as eight
//!   little-endian `i64` each (id, time in ms, card, customer, device, ip, merchant, amount); without
//!   one they are made here. `--peer TX_PER_S` is what another program does on the same file.
//!
//! Events are read from JSON outside of the timing; one thread, one fold. The first half of the
//! transactions warms the history. Memory comes first, while nothing was freed that could be used
//! again.
//!
//! `cargo bench -p benches --bench windows -- [bytes|table|velocity] [FILE] [--peer N] [--redis A]`
#![allow(clippy::print_stdout, clippy::disallowed_methods, missing_docs)]

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use benches::{Chance, Digest, Payment, payments, resident_bytes, times};
use features::event::Event;
use features::history::{History, Limits};
use features::language::define::{Definitions, Origin};
use features::language::parse;
use features::limits::{DAY_MS, HOUR_MS, MINUTE_MS};
use hdrhistogram::Histogram;

/// The thirty features, in the order of [`recount`].
const VELOCITY: &str = "
feature card_count_{1m,1h,24h,7d} = count(payment) by card over window including this
feature card_sum_{1m,1h,24h,7d} = sum(base_minor of payment) by card over window including this
feature customer_count_{1m,1h,24h,7d} = count(payment) by account over window including this
feature device_count_{1m,1h,24h,7d} = count(payment) by device over window including this
feature ip_count_{1m,1h,24h,7d} = count(payment) by ip over window including this
feature merchant_count_{1m,1h,24h,7d} = count(payment) by merchant over window including this
feature device_cards_{1h,24h} = distinct(card of payment) by device over window including this
feature ip_cards_{1h,24h} = distinct(card of payment) by ip over window including this
feature card_merchants_24h = distinct(merchant of payment) by card over 24h including this
feature card_devices_24h = distinct(device of payment) by card over 24h including this
";
const ANSWERS: usize = 30;

/// A count and a sum over one key.
const SMALL: &str = "
feature card_count_7d = count(payment) by card over 7d including this
feature card_sum_7d = sum(base_minor of payment) by card over 7d including this
";

const WINDOWS: [i64; 4] = [MINUTE_MS, HOUR_MS, DAY_MS, 7 * DAY_MS];

/// Events that are read before they are folded.
const BLOCK: usize = 64;

/// Transactions that are recounted.
const RECOUNTED: usize = 200;

/// First time of what is made here: the first of January 2025.
const START_MS: i64 = 1_735_689_600_000;

fn main() {
    let is_test = !std::env::args().any(|argument| argument == "--bench");
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let after = |flag: &str| {
        let place = arguments.iter().position(|argument| argument == flag)?;
        arguments.get(place + 1).cloned()
    };
    let parts = ["bytes", "table", "velocity"];
    let is_wanted = |part: &str| {
        let named = |argument: &String| parts.contains(&argument.as_str());
        !arguments.iter().any(named) || arguments.iter().any(|argument| argument == part)
    };
    if is_wanted("bytes") {
        let mut redis = after("--redis").map(|address| Redis::connect(&address));
        let cases: &[(u64, u64)] =
            if is_test { &[(200, 10)] } else { &[(200_000, 10), (50_000, 100), (10_000, 1_000)] };
        println!("events of a key    keys   bytes a key   bytes a key in a Redis sorted set");
        // Kept to the end, so that no case finds memory of another.
        let kept: Vec<History> =
            cases.iter().map(|(keys, events)| weigh(*keys, *events, redis.as_mut())).collect();
        std::mem::forget(kept);
    }
    if is_wanted("table") {
        let (keys, served) = if is_test { (2_000, 200) } else { (10_000_000, 1_000_000) };
        std::mem::forget(grow(keys, served));
    }
    if is_wanted("velocity") {
        let file = arguments.iter().find(|argument| argument.ends_with(".i64"));
        let payments = match file {
            Some(path) => read(&std::fs::read(path).expect("the file of transactions")),
            None => payments(if is_test { 2_000 } else { 800_000 }),
        };
        let peer = after("--peer").and_then(|rate| rate.parse::<f64>().ok());
        velocity(&payments, peer);
    }
}

/// Memory of one key with so many events; gives the history, which holds it.
fn weigh(keys: u64, events: u64, redis: Option<&mut Redis>) -> History {
    let history = history(SMALL, Limits::default());
    let payment = |round: u64, key: u64| Payment {
        id: (round * keys + key) as i64,
        time: START_MS + (round * 5 * MINUTE_MS as u64 + key) as i64,
        card: key as i64,
        customer: 0,
        device: 0,
        ip: 0,
        merchant: 0,
        amount: 100 + (round * 7_919 + key * 104_729) as i64 % 100_000,
    };
    let before = resident_bytes();
    let mut facts = Vec::new();
    for round in 0..events {
        for key in 0..keys {
            history.observe(&mut event(&payment(round, key)), &mut facts, || ());
        }
    }
    let bytes = resident_bytes().saturating_sub(before) as f64 / keys as f64;
    let sorted_set = redis.map(|redis| redis.weigh(keys, events, payment));
    let sorted_set = sorted_set.map_or("-".to_owned(), |bytes| format!("{bytes:.0}"));
    println!("{events:>15} {keys:>7} {bytes:>13.0} {sorted_set:>35}");
    history
}

/// A table that grows to so many keys, and what it costs on the way and afterwards.
fn grow(keys: u64, served: u64) -> History {
    let limits = Limits { entities_max: keys as usize, ..Limits::default() };
    let history = history(SMALL, limits);
    let payment = |index: u64, key: u64| Payment {
        id: index as i64,
        // 300 a second: ten million within ten hours.
        time: START_MS + (index as i64) * 1_000 / 300,
        card: key as i64,
        customer: 0,
        device: 0,
        ip: 0,
        merchant: 0,
        amount: 100 + index as i64 % 100_000,
    };
    let before = resident_bytes();
    let (mut facts, mut all) = (Vec::new(), times());
    let began = Instant::now();
    for start in (0..keys).step_by(BLOCK) {
        let block = start..keys.min(start + BLOCK as u64);
        let events: Vec<Event> = block.map(|key| event(&payment(key, key))).collect();
        for mut event in events {
            let start = Instant::now();
            history.observe(&mut event, &mut facts, || ());
            all.saturating_record(start.elapsed().as_nanos() as u64);
        }
    }
    let census = history.census();
    println!(
        "{keys} keys came in {:.0} s; resident {:.0} bytes a key, {} evicted",
        began.elapsed().as_secs_f64(),
        resident_bytes().saturating_sub(before) as f64 / keys as f64,
        census.tables.iter().map(|table| table.2).sum::<u64>(),
    );
    println!("{:<34}{:>8}{:>8}{:>8}{:>8}{:>12}", "ns", "mean", "p50", "p99", "p99.9", "max");
    print_times("two readings of the clock", &clock());
    print_times("update, every key new", &all);
    let mut chance = Chance(3);
    let mut digest = Digest::default();
    for name in ["observe, random key", "evaluate, random key"] {
        let is_observed = name.starts_with("observe");
        let (mut all, mut spent) = (times(), Duration::ZERO);
        for start in (0..served).step_by(BLOCK) {
            let block = start..served.min(start + BLOCK as u64);
            let events: Vec<Event> =
                block.map(|index| event(&payment(keys + index, chance.below(keys)))).collect();
            for mut event in events {
                let start = Instant::now();
                if is_observed {
                    history.observe(&mut event, &mut facts, || ());
                } else {
                    history.evaluate(&mut event, &mut facts);
                }
                let time = start.elapsed();
                facts.iter().for_each(|fact| digest.add(&fact.to_bits().to_le_bytes()));
                all.saturating_record(time.as_nanos() as u64);
                spent += time;
            }
        }
        print_times(name, &all);
    }
    let resident = resident_bytes().saturating_sub(before);
    println!("resident {:.0} MB when served, answers {:016x}", resident as f64 / 1e6, digest.0);
    history
}

/// What it costs to look at the clock twice.
fn clock() -> Histogram<u64> {
    let mut all = times();
    for _ in 0..100_000 {
        let start = Instant::now();
        all.saturating_record(start.elapsed().as_nanos() as u64);
    }
    all
}

fn print_times(name: &str, all: &Histogram<u64>) {
    let at = |quantile| all.value_at_quantile(quantile);
    println!(
        "{name:<34}{:>8.0}{:>8}{:>8}{:>8}{:>12}",
        all.mean(),
        at(0.5),
        at(0.99),
        at(0.999),
        all.max()
    );
}

/// The thirty features on all transactions, the second half timed.
fn velocity(payments: &[Payment], peer: Option<f64>) {
    let history = history(VELOCITY, Limits { raw_max: 8_192, ..Limits::default() });
    assert_eq!(history.plan().facts().len(), ANSWERS);
    let half = payments.len() / 2;
    let mut answers: Vec<Vec<f64>> = vec![Vec::new(); BLOCK];
    let (mut digest, mut spent, mut timed) = (Digest::default(), Duration::ZERO, 0);
    // Other work on the machine stops some blocks for long, and does not show in the median one.
    let (mut recounted, mut blocks) = (0, times());
    for (block, payments_of_block) in payments.chunks(BLOCK).enumerate() {
        let mut events: Vec<Event> = payments_of_block.iter().map(event).collect();
        let start = Instant::now();
        for (event, answers) in events.iter_mut().zip(&mut answers) {
            history.observe(event, answers, || ());
        }
        let time = start.elapsed();
        let first = block * BLOCK;
        if half <= first {
            spent += time;
            timed += events.len();
            blocks.saturating_record(time.as_nanos() as u64 / events.len() as u64);
        }
        for (index, answers) in (first..first + events.len()).zip(&answers) {
            if half <= index && recounted < RECOUNTED {
                recounted += 1;
                let wanted = recount(&payments[..=index]);
                let same = answers.iter().zip(&wanted).all(|(got, wanted)| *got == *wanted as f64);
                assert!(same, "transaction {index}: got {answers:?}, wanted {wanted:?}");
            }
            answers.iter().for_each(|answer| digest.add(&(*answer as i64).to_le_bytes()));
        }
    }
    let nanos = spent.as_nanos() as f64 / f64::from(timed.max(1) as u32);
    let rate = 1e9 / nanos.max(1.0);
    println!(
        "{} transactions, {ANSWERS} features of 5 keys, {recounted} recounted; resident {:.0} MB",
        payments.len(),
        resident_bytes() as f64 / 1e6
    );
    println!(
        "{rate:.0} transactions/s, {nanos:.0} ns each, {} in the median block; answers {:016x}",
        blocks.value_at_quantile(0.5),
        digest.0
    );
    if let Some(peer) = peer {
        println!("{:.1} times the peer's {peer:.0} transactions/s", rate / peer);
    }
}

/// The thirty answers for the last of the transactions, by a look at every one.
fn recount(seen: &[Payment]) -> Vec<i64> {
    let now = &seen[seen.len() - 1];
    let [_, hour, day, _] = WINDOWS;
    let within = |key: fn(&Payment) -> i64, window: i64| {
        seen.iter().filter(move |p| key(p) == key(now) && now.time - window < p.time)
    };
    let count = |key: fn(&Payment) -> i64| WINDOWS.map(|window| within(key, window).count() as i64);
    let different = |key: fn(&Payment) -> i64, value: fn(&Payment) -> i64, window: i64| {
        within(key, window).map(value).collect::<HashSet<i64>>().len() as i64
    };
    let mut answers = Vec::from(count(|p| p.card));
    answers.extend(WINDOWS.map(|window| within(|p| p.card, window).map(|p| p.amount).sum::<i64>()));
    answers.extend(count(|p| p.customer));
    answers.extend(count(|p| p.device));
    answers.extend(count(|p| p.ip));
    answers.extend(count(|p| p.merchant));
    answers.extend([hour, day].map(|window| different(|p| p.device, |p| p.card, window)));
    answers.extend([hour, day].map(|window| different(|p| p.ip, |p| p.card, window)));
    answers.push(different(|p| p.card, |p| p.merchant, day));
    answers.push(different(|p| p.card, |p| p.device, day));
    answers
}

/// An empty history for the features of a text.
fn history(text: &str, limits: Limits) -> History {
    let (policy, faults) = parse(text);
    assert_eq!(faults, [], "the text is sound");
    let mut definitions = Definitions::default();
    assert_eq!(definitions.add(&policy, Origin::Policy), [], "the features are sound");
    let wanted: Vec<usize> = definitions.features().iter().map(|f| f.definition).collect();
    History::new(Arc::new(definitions.plan(&wanted)), limits)
}

fn event(payment: &Payment) -> Event {
    let Payment { id, time, card, customer, device, ip, merchant, amount } = payment;
    let (high, middle, low) = (ip >> 16 & 255, ip >> 8 & 255, ip & 255);
    let json = format!(
        r#"{{"schema_version":1,"event_id":"e{id}","event_type":"payment","account_id":"u{customer}","event_time_ms":{time},"channel":"web","payment_id":"p{id}","kind":"merchant_qr_static","amount_minor":{amount},"currency":"CNY","funding":"intl_card","merchant":{{"merchant_id":"m{merchant}"}},"card":{{"card_token":"c{card}"}},"device":{{"device_id":"d{device}"}},"network":{{"ip":"10.{high}.{middle}.{low}"}}}}"#
    );
    Event::read(json.as_bytes(), None).unwrap_or_else(|faults| panic!("{json}: {faults:?}"))
}

fn read(bytes: &[u8]) -> Vec<Payment> {
    let payment = |row: &[u8]| {
        let mut numbers = row.chunks_exact(8).map(|n| n.try_into().map_or(0, i64::from_le_bytes));
        let mut next = || numbers.next().unwrap_or_default();
        Payment {
            id: next(),
            time: next(),
            card: next(),
            customer: next(),
            device: next(),
            ip: next(),
            merchant: next(),
            amount: next(),
        }
    };
    bytes.chunks_exact(64).map(payment).collect()
}

/// A Redis, spoken to in its own protocol.
struct Redis(BufReader<TcpStream>);

impl Redis {
    fn connect(address: &str) -> Redis {
        Redis(BufReader::new(TcpStream::connect(address).expect("a Redis that listens")))
    }

    /// Bytes of a sorted set with so many events, as one is filled for counts and sums: the time is
    /// the score, the member the id and the amount, and the key goes after the longest window.
    fn weigh(&mut self, keys: u64, events: u64, payment: impl Fn(u64, u64) -> Payment) -> f64 {
        self.tell(&["FLUSHALL"]);
        self.hear();
        let before = self.used();
        for round in 0..events {
            for start in (0..keys).step_by(BLOCK) {
                let block = start..keys.min(start + BLOCK as u64);
                let is_first = round == 0;
                for key in block.clone() {
                    let Payment { id, time, card, amount, .. } = payment(round, key);
                    let (key, time) = (format!("z:c:{card}"), time.to_string());
                    self.tell(&["ZADD", &key, &time, &format!("{id}:{amount}")]);
                    if is_first {
                        self.tell(&["PEXPIRE", &key, "604800000"]);
                    }
                }
                let answers = if is_first { 2 * block.count() } else { block.count() };
                (0..answers).for_each(|_| drop(self.hear()));
            }
        }
        let bytes = (self.used() - before) / keys as f64;
        self.tell(&["FLUSHALL"]);
        self.hear();
        bytes
    }

    fn used(&mut self) -> f64 {
        self.tell(&["INFO", "memory"]);
        let text = self.hear();
        let line = text.lines().find_map(|line| line.strip_prefix("used_memory:"));
        line.and_then(|bytes| bytes.trim().parse().ok()).expect("used_memory")
    }

    fn tell(&mut self, words: &[&str]) {
        let mut text = format!("*{}\r\n", words.len());
        for word in words {
            text += &format!("${}\r\n{word}\r\n", word.len());
        }
        self.0.get_mut().write_all(text.as_bytes()).expect("the Redis reads");
    }

    /// One answer: a line, or the text that a length announces.
    fn hear(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("the Redis answers");
        assert!(!line.starts_with('-'), "the Redis refused: {line}");
        let Some(length) = line.strip_prefix('$').and_then(|n| n.trim().parse::<usize>().ok())
        else {
            return line;
        };
        let mut text = vec![0; length + 2];
        std::io::Read::read_exact(&mut self.0, &mut text).expect("the whole answer");
        String::from_utf8_lossy(&text).into_owned()
    }
}
