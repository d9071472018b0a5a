//! What a history keeps, and what it says of a past that it was not given.

use super::*;
use crate::catalog;
use crate::language::define::Origin;
use crate::language::parse;
use crate::limits::{DAY_MS, HOUR_MS, MINUTE_MS};

const NOW: i64 = 1_784_088_000_000;

const FEATURES: &str = "
feature last_30m = count(payment) by account over 30m
feature last_24h = count(payment) by account over 24h
feature last_24h_with_this = count(payment) by account over 24h including this
feature yesterday = count(payment) by account over 30m offset 1d
feature ever = count(payment) by account
feature company = component(size)
";

/// The features of a text, as the catalogue and a policy define them.
fn plan(text: &str) -> Arc<Plan> {
    let (policy, faults) = parse(text);
    assert_eq!(faults, []);
    let mut definitions = catalog::definitions();
    assert_eq!(definitions.add(&policy, Origin::Policy), []);
    let own = definitions.features().iter().filter(|feature| !feature.is_builtin);
    let wanted: Vec<usize> = own.map(|feature| feature.definition).collect();
    Arc::new(definitions.plan(&wanted))
}

fn payment(id: u64, account: &str, time: i64) -> Event {
    let json = format!(
        r#"{{"event_id":"e{id}","event_type":"payment","account_id":"{account}","channel":"app_ios",
        "event_time_ms":{time},"received_time_ms":{time},"payment_id":"p{id}","amount_minor":100,
        "kind":"merchant_qr_static","currency":"CNY","funding":"intl_card",
        "merchant":{{"merchant_id":"m1"}},
        "card":{{"card_token":"c{account}"}},"device":{{"device_id":"d{account}"}}}}"#
    );
    Event::read(json.as_bytes(), None).unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn facts(history: &History, id: u64, account: &str, time: i64) -> Vec<Option<f64>> {
    let mut facts = Vec::new();
    history.observe(&mut payment(id, account, time), &mut facts, || ());
    facts.into_iter().map(|fact| (!fact.is_nan()).then_some(fact)).collect()
}

#[test]
fn what_happened_before_a_history_began_is_unknown_until_its_window_has_passed() {
    let plan = plan(FEATURES);
    let since = NOW - HOUR_MS;
    let history = History::new_since(Arc::clone(&plan), Limits::default(), since);
    let names: Vec<&str> = plan.facts().iter().map(|fact| fact.name.as_str()).collect();
    assert_eq!(names[..5], ["last_30m", "last_24h", "last_24h_with_this", "yesterday", "ever"]);
    let (id, unknown) = (&mut 0, None);
    let mut at = |account: &str, time: i64| {
        *id += 1;
        facts(&history, *id, account, time)
    };
    // A stranger of the first hour has paid nothing in the last half of it, and who knows before.
    assert_eq!(at("a", NOW)[..5], [Some(0.0), unknown, unknown, unknown, unknown]);
    assert_eq!(at("a", NOW + 1)[..5], [Some(1.0), unknown, unknown, unknown, unknown]);
    // The first half hour reaches back too far, and to the very beginning not any more.
    assert_eq!(at("b", since + 30 * MINUTE_MS - 1)[0], unknown);
    assert_eq!(at("c", since + 30 * MINUTE_MS)[0], Some(0.0));
    // A day after the beginning the window of a day is known, to those who were there and to others.
    let passed = since + DAY_MS;
    assert_eq!(at("a", passed - 1)[1], unknown);
    assert_eq!(at("a", passed)[..5], [Some(1.0), Some(3.0), Some(4.0), unknown, unknown]);
    assert_eq!(at("d", passed)[..5], [Some(0.0), Some(0.0), Some(1.0), unknown, unknown]);
    assert_eq!(at("a", passed + 30 * MINUTE_MS)[3], Some(0.0));
    // What is for life never comes back, nor do frauds of old in the company that one keeps.
    let later = at("a", NOW + 400 * DAY_MS);
    assert_eq!((later[1], later[4], later[5]), (Some(0.0), unknown, unknown));
}

#[test]
fn a_history_that_began_with_the_first_event_knows_everything() {
    let history = History::new(plan(FEATURES), Limits::default());
    assert_eq!(facts(&history, 1, "a", NOW)[..5], [0.0, 0.0, 1.0, 0.0, 0.0].map(Some));
    assert_eq!(facts(&history, 2, "a", NOW + 1)[..5], [1.0, 1.0, 2.0, 0.0, 1.0].map(Some));
}

#[test]
fn a_history_keeps_the_tables_that_its_facts_ask_for_and_no_other() {
    let tables = |text: &str| {
        let history = History::new(plan(text), Limits::default());
        facts(&history, 1, "a", NOW);
        let census = history.census();
        census.tables.into_iter().map(|(name, held, _)| (name, held)).collect::<Vec<_>>()
    };
    let table = |name: &str| (name.to_owned(), 1);
    assert_eq!(tables("feature amount = base_minor"), []);
    let by_card = "feature cards = count(payment) by card over 1d";
    assert_eq!(tables(by_card), [table("card.card_token")]);
    // Others define what nobody asks of this history: it costs nothing here.
    assert!(50 < catalog::definitions().features().len());
    let both =
        format!("{by_card}\nfeature devices = sum(amount_minor of payment) by device over 1h");
    assert_eq!(tables(&both), [table("card.card_token"), table("device.device_id")]);
}

#[test]
fn a_small_history_knows_less_but_nothing_else() {
    // Tables that find several entities at once, which are added and evicted between.
    let more = "feature devices = distinct(device of payment) by account over 24h
feature by_card = sum(base_minor of payment) by card over 24h including this";
    let plan = plan(&format!("{FEATURES}{more}"));
    let history = |entities_max: usize| {
        History::new(Arc::clone(&plan), Limits { entities_max, ..Limits::default() })
    };
    for entities_max in [0, 1, 8] {
        let (small, whole) = (history(entities_max), history(1_000));
        let mut state = 3_u64;
        println!("seed {state}, {entities_max} entities");
        let mut known = 0;
        for id in 0..3_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let (account, time) = ((state >> 33) % 12, NOW + 20_000 * id as i64);
            let answers = |history: &History| facts(history, id, &account.to_string(), time);
            let (got, wanted) = (answers(&small), answers(&whole));
            for (fact, (got, wanted)) in plan.facts().iter().zip(got.iter().zip(&wanted)) {
                // Who belongs together has a bound of its own.
                if fact.name != "company" && got.is_some() {
                    assert_eq!(got, wanted, "{} of event {id}", fact.name);
                    known += 1;
                }
            }
        }
        let (_, held, evicted) = small.census().tables.swap_remove(0);
        assert_eq!(held, entities_max.max(1));
        assert!(1_000 < evicted, "{evicted} were evicted");
        assert!(50 < known, "{known} answers were known");
    }
}
