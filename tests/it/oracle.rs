//! The history against a judge that keeps every event and recounts.
//!
//! A million random payments, 1 % of them late by up to ten minutes, a fifth of them at five busy
//! merchants. Every fact of every event must equal the recount bit for bit where the window holds
//! at most the events that are kept raw; at busier keys it may differ by what lies in the one tile
//! at the window's far edge, never by less and never at the near edge.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use features::catalog;
use features::event::Event;
use features::history::{History, Limits};
use features::language::define::Origin;
use features::language::parse;
use features::limits::{DAY_MS, HOUR_MS, MINUTE_MS, RAW_MAX};
use features::plan::Plan;
use tests::{Chance, Naive, Payment, Seen};

const POLICY: &str = r#"
feature a_count_5m "" = count(payment) by account over 5m
feature a_count_24h "" = count(payment) by account over 24h
feature a_count_25h_later "" = count(payment) by account over 25h offset 3h
feature a_sum_7d "" = sum(base_minor of payment) by account over 7d
feature a_mean_90d "" = avg(base_minor of payment) by account over 90d including this
feature a_max_30d "" = max(base_minor of payment) by account over 30d
feature a_min_30d "" = min(base_minor of payment) by account over 30d
feature a_dev_30d "" = stddev(base_minor of payment) by account over 30d
feature a_cards_7d "" = distinct(card of payment) by account over 7d
feature a_last "" = last(base_minor of payment) by account over 90d
feature a_first "" = first(base_minor of payment) by account over 90d
feature a_since_last "" = since_last(payment) by account over 90d
feature a_since_first "" = since_first(payment) by account over 90d including this
feature a_large "" = count(payment where base_minor >= 500 CNY) by account over 30d
feature m_count_1h "" = count(payment) by merchant over 1h
feature m_count_7d "" = count(payment) by merchant over 7d
feature m_sum_30d "" = sum(base_minor of payment) by merchant over 30d
feature m_cards_24h "" = distinct(card of payment) by merchant over 24h
"#;

fn plan(text: &str) -> Arc<Plan> {
    let (policy, faults) = parse(text);
    assert_eq!(faults, []);
    let mut definitions = catalog::definitions();
    assert_eq!(definitions.add(&policy, Origin::Policy), []);
    let own = definitions.features().iter().filter(|f| !f.is_builtin).map(|f| f.definition);
    let own: Vec<usize> = own.collect();
    Arc::new(definitions.plan(&own))
}

/// `count` random payments over about `days`, in order of receipt; times are unique.
pub(crate) fn payments(seed: u64, count: u64, days: i64) -> Vec<Payment> {
    let mut chance = Chance(seed);
    let start = 1_750_000_000_000;
    let step = days * DAY_MS / count as i64;
    (0..count)
        .map(|id| {
            let received = start + id as i64 * step + chance.below(step as u64 / 2) as i64;
            let late = chance.happens(100);
            let behind = if late { chance.below(10 * MINUTE_MS as u64) as i64 } else { 0 };
            let busy = chance.happens(5);
            Payment {
                id,
                account: chance.below(20_000),
                card: chance.below(30_000),
                device: chance.below(25_000),
                merchant: if busy { chance.below(5) } else { 5 + chance.below(40_000) },
                fen: 100 + chance.below(100_000) as i64,
                time: received - behind,
                received,
            }
        })
        .collect()
}

fn same(name: &str, payment: &Payment, got: f64, wanted: f64) {
    let equal = got.to_bits() == wanted.to_bits() || got.is_nan() && wanted.is_nan();
    assert!(equal, "{name} of {payment:?}: got {got}, wanted {wanted}");
}

fn amounts(seen: &[Seen]) -> impl Iterator<Item = i64> {
    seen.iter().map(|s| s.amount)
}

fn distinct(seen: &[Seen]) -> f64 {
    seen.iter().map(|s| s.other).collect::<HashSet<_>>().len() as f64
}

fn deviation(seen: &[Seen]) -> f64 {
    if seen.is_empty() {
        return f64::NAN;
    }
    let n = seen.len() as i128;
    let sum: i128 = amounts(seen).map(i128::from).sum();
    let squares: i128 = amounts(seen).map(|a| i128::from(a) * i128::from(a)).sum();
    ((n * squares - sum * sum) as f64).sqrt() / n as f64
}

fn check_account(naive: &Naive, payment: &Payment, fact: &dyn Fn(&str) -> f64) {
    let window = |days: i64| naive.window(payment.time, days * DAY_MS, 0);
    let check = |name: &str, wanted: f64| same(name, payment, fact(name), wanted);
    let or_nan = |value: Option<i64>| value.map_or(f64::NAN, |v| v as f64);
    check("a_count_5m", naive.window(payment.time, 5 * MINUTE_MS, 0).len() as f64);
    check("a_count_24h", window(1).len() as f64);
    let later = naive.window(payment.time, 25 * HOUR_MS, 3 * HOUR_MS);
    check("a_count_25h_later", later.len() as f64);
    check("a_sum_7d", amounts(window(7)).sum::<i64>() as f64);
    let all = window(90);
    let with_this = (amounts(all).sum::<i64>() + payment.fen) as f64 / (all.len() + 1) as f64;
    check("a_mean_90d", with_this);
    check("a_max_30d", or_nan(amounts(window(30)).max()));
    check("a_min_30d", or_nan(amounts(window(30)).min()));
    check("a_dev_30d", deviation(window(30)));
    check("a_cards_7d", distinct(window(7)));
    check("a_last", or_nan(all.last().map(|s| s.amount)));
    check("a_first", or_nan(all.first().map(|s| s.amount)));
    check("a_since_last", or_nan(all.last().map(|s| payment.time - s.time)));
    check("a_since_first", all.first().map_or(0.0, |s| (payment.time - s.time) as f64));
    let large = window(30).iter().filter(|s| 50_000 <= s.amount).count();
    check("a_large", large as f64);
}

/// Exact where the window is raw; else between the recount and the recount with one tile more.
fn check_merchant(naive: &Naive, payment: &Payment, fact: &dyn Fn(&str) -> f64) {
    let cases: [(&str, i64, i64); 4] = [
        ("m_count_1h", HOUR_MS, 15 * MINUTE_MS),
        ("m_count_7d", 7 * DAY_MS, 8 * HOUR_MS),
        ("m_sum_30d", 30 * DAY_MS, DAY_MS),
        ("m_cards_24h", DAY_MS, 0),
    ];
    for (name, length, tile) in cases {
        let value = |seen: &[Seen]| match name {
            "m_sum_30d" => amounts(seen).sum::<i64>() as f64,
            "m_cards_24h" => distinct(seen),
            _ => seen.len() as f64,
        };
        let least = value(naive.window(payment.time, length, 0));
        if naive.newer_than(payment.time - length) <= RAW_MAX {
            same(name, payment, fact(name), least);
            continue;
        }
        let most = value(naive.window(payment.time, length + tile, 0));
        let got = fact(name);
        assert!(
            least <= got && got <= most,
            "{name} of {payment:?}: got {got}, wanted {least} to {most}"
        );
    }
}

#[test]
fn a_million_random_events_agree_with_the_recount() {
    let seed = 20_260_724;
    println!("seed {seed}");
    let plan = plan(POLICY);
    let names: HashMap<&str, usize> =
        plan.facts().iter().enumerate().map(|(index, f)| (f.name.as_str(), index)).collect();
    let history = History::new(Arc::clone(&plan), Limits::default());
    let mut accounts: HashMap<u64, Naive> = HashMap::new();
    let mut merchants: HashMap<u64, Naive> = HashMap::new();
    let mut facts = Vec::new();
    for payment in payments(seed, 1_000_000, 45) {
        let json = payment.json();
        let mut event = Event::read(json.as_bytes(), None).expect("the event is valid");
        history.observe(&mut event, &mut facts, || ());
        let fact = |name: &str| facts[names[name]];
        let account = accounts.entry(payment.account).or_default();
        check_account(account, &payment, &fact);
        let merchant = merchants.entry(payment.merchant).or_default();
        // Recounting a busy merchant is what takes the time: every fiftieth event there.
        if 5 <= payment.merchant || payment.id % 50 == 0 {
            check_merchant(merchant, &payment, &fact);
        }
        let seen = Seen { time: payment.time, amount: payment.fen, other: payment.card };
        account.record(seen);
        merchant.record(seen);
    }
}

#[test]
fn any_order_of_arrival_leaves_the_same_state() {
    let seed = 77;
    println!("seed {seed}");
    let plan = plan(POLICY);
    let mut chance = Chance(seed);
    let base = payments(seed, 4_000, 2);
    let start = base[0].time;
    let mut answers = Vec::new();
    for _ in 0..5 {
        let mut shuffled = base.clone();
        for index in (1..shuffled.len()).rev() {
            shuffled.swap(index, chance.below(index as u64 + 1) as usize);
        }
        let history = History::new(Arc::clone(&plan), Limits::default());
        for payment in &mut shuffled {
            // Received at once: late by the clock of nobody, in any order.
            payment.account %= 3;
            payment.merchant %= 2;
            payment.received = payment.time;
            let json = payment.json();
            let mut event = Event::read(json.as_bytes(), None).expect("the event is valid");
            history.record(&mut event, || ());
        }
        let mut facts = Vec::new();
        let mut bits = Vec::new();
        for account in 0..3 {
            let asker = Payment {
                id: 9_999_999,
                account,
                merchant: account % 2,
                time: start + 3 * DAY_MS,
                received: start + 3 * DAY_MS,
                ..base[0].clone()
            };
            let json = asker.json();
            let mut event = Event::read(json.as_bytes(), None).expect("the event is valid");
            history.evaluate(&mut event, &mut facts);
            bits.push(facts.iter().map(|f| f.to_bits()).collect::<Vec<_>>());
        }
        answers.push(bits);
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "the order of arrival shows");
}
