//! One test for each numbered invariant of ARCHITECTURE.md, of the same number.

use std::sync::Arc;

use engine::engine::Engine;
use engine::policy::{DEFAULT_POLICY, Policy, Wanted};
use features::event::Event;
use features::expr::{Expr, Op, Scope};
use features::history::{History, Limits, Recorded};
use features::limits::{DAY_MS, HOUR_MS};
use tests::{Chance, Payment};

use crate::{lists, oracle, parity, tidy, world};

const NOW: i64 = 1_790_000_000_000;

fn payment(id: u64, time: i64) -> Payment {
    let (account, card, device, merchant) = (1, 2, 3, 4);
    Payment { id, account, card, device, merchant, fen: 5_000, time, received: time }
}

fn event(payment: &Payment) -> Event {
    Event::read(payment.json().as_bytes(), None).expect("the event is valid")
}

/// A policy of these features and rules alone, without a model.
fn policy(text: &str) -> Policy {
    let checked = Policy::check(text, None, Wanted::AllFeatures);
    checked
        .unwrap_or_else(|faults| panic!("{}", features::diagnostic::render("test", text, &faults)))
}

fn fact(engine: &Engine, facts: &[f64], name: &str) -> f64 {
    facts[engine.policy().plan().find(name).unwrap_or_else(|| panic!("no fact {name}"))]
}

#[test]
fn invariant_01_facts_see_the_past_only() {
    let text = r#"
feature seen "" = count(payment) by account over 1d
feature with_this "" = count(payment) by account over 1d including this
    "#;
    let engine = Engine::new(policy(text), Limits::default());
    for (id, seen) in [(1, 0.0), (2, 1.0), (3, 2.0)] {
        let (outcome, ()) = engine.decide(&mut event(&payment(id, NOW + id as i64)), || ());
        assert_eq!(fact(&engine, &outcome.facts, "seen"), seen);
        assert_eq!(fact(&engine, &outcome.facts, "with_this"), seen + 1.0);
    }
    // An event of five minutes ago sees what was folded before it, but not what happened after it.
    let late = Payment { received: NOW + 3, ..payment(4, NOW - 300_000) };
    let (outcome, ()) = engine.decide(&mut event(&late), || ());
    assert_eq!(fact(&engine, &outcome.facts, "seen"), 0.0);
}

#[test]
fn invariant_02_time_is_data() {
    let banned = ["SystemTime::now", "Instant::now", "env::var", "thread::sleep"];
    for (name, text) in tidy::sources() {
        let is_below = ["features/src", "models/src"].iter().any(|floor| name.starts_with(floor))
            || name.starts_with("engine/src") && !name.starts_with("engine/src/shell");
        let files = text.contains("std::fs") || text.contains("std::net::Tcp");
        assert!(!(is_below && files), "{name} touches files or sockets");
        for word in banned {
            assert!(!(is_below && text.contains(word)), "{name} calls {word}");
        }
    }
}

#[test]
fn invariant_03_the_same_stream_gives_the_same_bits() {
    let answers = || {
        let engine = Engine::new(policy(DEFAULT_POLICY), Limits::default());
        let mut bits = Vec::new();
        for payment in oracle::payments(3, 3_000, 2) {
            let (outcome, ()) = engine.decide(&mut event(&payment), || ());
            bits.extend(outcome.facts.iter().map(|f| f.to_bits()));
            bits.push(outcome.judgement.verdict.decision as u64);
        }
        bits
    };
    assert_eq!(answers(), answers());
}

#[test]
fn invariant_04_every_door_gives_the_same_answer() {
    parity::http_score_and_backtest_agree();
}

#[test]
fn invariant_05_unknown_is_never_zero() {
    let text = r#"
feature by_ip "" = count(payment) by ip over 1d
rule many_from_ip "" on payment when by_ip >= 1 then decline because IP_REPUTATION
rule not_one_from_ip "" on payment when not (by_ip >= 1) then decline because IP_REPUTATION
    "#;
    let engine = Engine::new(policy(text), Limits::default());
    let (outcome, ()) = engine.decide(&mut event(&payment(1, NOW)), || ());
    assert!(fact(&engine, &outcome.facts, "by_ip").is_nan());
    assert!(outcome.judgement.hits.hit.is_empty());
    let missing = engine.policy().plan().find("by_ip").expect("it is kept") as u16;
    assert_eq!(outcome.judgement.hits.undecided, [(0, missing), (1, missing)]);

    // Kleene's tables, all of them.
    let values = [0.0, 1.0, f64::NAN];
    let scope = Scope { event: None, readings: &[], facts: &[] };
    let table = |op: Op| {
        let cell = |a: f64, b: f64| {
            let side = |value| Box::new(Expr::Constant(value));
            Expr::Binary(op, side(a), side(b)).value(scope)
        };
        values
            .iter()
            .flat_map(|a| values.iter().map(move |b| (*a, *b)))
            .map(|(a, b)| cell(a, b))
            .map(|v| {
                if v.is_nan() {
                    '?'
                } else if v == 1.0 {
                    '1'
                } else {
                    '0'
                }
            })
            .collect::<String>()
    };
    assert_eq!(table(Op::And), "00001?0??");
    assert_eq!(table(Op::Or), "01?111?1?");
    assert_eq!(table(Op::Equal), "10?01????");
    assert_eq!(table(Op::NotEqual), "01?10????");
    assert_eq!(table(Op::Less), "01?00????");
}

#[test]
fn invariant_06_all_faults_are_reported_at_once() {
    let text = r#"
rule one "" on payment when accounts_attempt_count_1h > 3 then decline because NO_SUCH_CODE
rule two "" on paymnet when amount_minor > 5 then challenge with sms_opt because OTP_FAILURES
rule three "" on payment when amount_minor > 5 USD then decline because VELOCITY_CARD
set no_such_setting = 3
    "#;
    let faults = Policy::check(text, None, Wanted::Judging).expect_err("it is broken");
    let codes: Vec<&str> = faults.iter().map(|fault| fault.code).collect();
    for code in ["P101", "P103", "P201", "P202", "P204", "P209"] {
        assert!(codes.contains(&code), "{code} is missing in {codes:?}");
    }
    let event = br#"{"event_id":"","event_type":"payment","channel":"pager","amount_minor":"5","currency":"XXY"}"#;
    let faults = Event::read(event, None).expect_err("it is broken");
    assert!(5 <= faults.len(), "{faults:?}");
}

#[test]
fn invariant_07_no_card_number_enters() {
    let base = payment(1, NOW).json();
    for text in ["4111111111111111", "4111-1111 1111 1111", "x4111111111111111y"] {
        let json = base.replace("\"d3\"", &format!("\"{text}\""));
        let faults = Event::read(json.as_bytes(), None).expect_err("a card number");
        assert!(faults.iter().any(|f| format!("{:?}", f.place).contains("device.device_id")));
        assert!(!format!("{faults:?}").contains("4111"), "the value is repeated: {faults:?}");
    }
}

#[test]
fn invariant_08_history_is_bounded_and_evicted_keys_read_unknown() {
    let text = r#"feature seen "" = count(payment) by account over 30d"#;
    let limits = Limits { entities_max: 200, origins_max: 100, ..Limits::default() };
    let engine = Engine::new(policy(text), limits);
    let seen = |account: u64, time: i64| {
        let asked = Payment { account, ..payment(1_000_000 + account, time) };
        let outcome = engine.what_if(&mut event(&asked));
        fact(&engine, &outcome.facts, "seen")
    };
    for account in 0..1_000 {
        let paid = Payment { account, ..payment(account, NOW + account as i64) };
        engine.decide(&mut event(&paid), || ());
    }
    let census = engine.history().census();
    let (_, held, evicted) =
        census.tables.iter().find(|(name, ..)| name == "account_id").expect("the table");
    assert_eq!((*held, *evicted), (200, 800));
    assert!(census.origins <= 100);
    assert_eq!(seen(999, NOW + 2_000), 1.0, "the newest is still known");
    assert!(seen(0, NOW + 2_000).is_nan(), "an evicted key is not zero");
    assert_eq!(seen(0, NOW + 31 * DAY_MS), 0.0, "until its windows have passed");
    // A key that comes back knows since when it is known again.
    let back = Payment { account: 5, ..payment(2_000_005, NOW + 5_000) };
    engine.decide(&mut event(&back), || ());
    assert!(seen(5, NOW + HOUR_MS).is_nan());
    assert_eq!(seen(5, NOW + 5 + 30 * DAY_MS), 1.0);
}

#[test]
fn invariant_09_the_order_of_arrival_does_not_show() {
    // `oracle` shuffles thousands; here two events that only differ in who came first.
    let text = r#"feature latest "" = last(base_minor of payment) by account over 1d"#;
    let ask = |order: [i64; 2]| {
        let engine = Engine::new(policy(text), Limits::default());
        for offset in order {
            let paid = Payment { fen: 100 + offset, ..payment(offset as u64, NOW + offset) };
            engine.record(&mut event(&paid), || ());
        }
        let outcome = engine.what_if(&mut event(&payment(9, NOW + 100)));
        fact(&engine, &outcome.facts, "latest")
    };
    assert_eq!(ask([1, 2]), 102.0);
    assert_eq!(ask([2, 1]), 102.0);
}

#[test]
fn invariant_10_one_event_id_is_folded_once() {
    parity::repeats_are_answered_from_the_journal();
}

#[test]
fn invariant_11_durable_survives_a_kill() {
    parity::nothing_durable_is_lost_by_a_kill();
}

#[test]
fn invariant_12_the_severe_vote_wins() {
    let text = r#"
rule soft "" on payment when base_minor > 10 CNY then review because AMOUNT_UNUSUAL
rule stop "" on payment when base_minor > 20 CNY then decline because VELOCITY_CARD
rule ask "" on payment when base_minor > 10 CNY then challenge because AMOUNT_UNUSUAL
rule wall "" as limit on payment when base_minor > 900 CNY then decline because LIMIT_SINGLE
exempt friend "" on payment when base_minor > 15 CNY from stop, ask because TRUSTED_CONTEXT
    "#;
    let engine = Engine::new(policy(text), Limits::default());
    let decide = |fen: i64| {
        let outcome = engine.what_if(&mut event(&Payment { fen, ..payment(1, NOW) }));
        let hits = outcome.judgement.hits;
        (outcome.judgement.verdict.decision.name(), hits.hit, hits.suppressed)
    };
    assert_eq!(decide(1_100).1, [0, 2]);
    let (decision, hit, suppressed) = decide(3_000);
    assert_eq!((decision, hit, suppressed), ("approve", vec![0], vec![(1, 0), (2, 0)]));
    let (decision, hit, _) = decide(100_000);
    assert_eq!((decision, hit), ("decline", vec![0, 3]));
    // Nothing exempts from a limit: the policy that says so is refused.
    let text = text.replace("from stop, ask", "from wall");
    let faults = Policy::check(&text, None, Wanted::Judging).expect_err("it exempts from a limit");
    assert_eq!(faults[0].code, "P206");
}

#[test]
fn invariant_13_every_decision_has_a_reason_and_versions() {
    let seed = 13;
    println!("seed {seed}");
    let engine = Engine::new(policy(DEFAULT_POLICY), Limits::default());
    let mut chance = Chance(seed);
    for payment in oracle::payments(seed, 2_000, 1) {
        let payment = Payment { account: chance.below(30), ..payment };
        let (outcome, ()) = engine.decide(&mut event(&payment), || ());
        assert!(!outcome.judgement.verdict.reasons.is_empty(), "{payment:?}");
        assert_eq!(outcome.recorded, Recorded::Yes);
    }
    assert_eq!(engine.policy().version().len(), 16);
    assert_eq!(engine.policy().schema().len(), 16);
}

#[test]
fn invariant_14_imports_go_down_only() {
    tidy::floors();
}

#[test]
fn invariant_15_a_broken_policy_leaves_the_running_one_in_place() {
    let engine = Engine::new(policy(DEFAULT_POLICY), Limits::default());
    let before = engine.policy();
    assert!(Policy::check("rule x when", None, Wanted::Judging).is_err());
    let stranger = policy(r#"feature other "" = count(payment) by account over 3h"#);
    assert!(engine.install(stranger).is_err(), "it keeps facts that nobody has folded");
    assert!(Arc::ptr_eq(&before, &engine.policy()));
    assert!(engine.install(policy(DEFAULT_POLICY)).is_ok());
    assert!(History::new(Arc::clone(before.plan()), Limits::default()).census().events == 0);
}

#[test]
fn invariant_16_a_world_is_its_seed() {
    world::seeded();
}

#[test]
fn invariant_17_a_decision_feeds_lists_once_and_never_windows() {
    lists::decisions_feed_lists();
}

#[test]
fn no_event_of_a_world_tells_its_truth() {
    world::secret();
}
