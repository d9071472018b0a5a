//! Small streams whose figures are known, and a small world.

use features::event::Event;
use features::field::EventType;

use super::*;

const START_MS: i64 = 1_788_220_800_000;

fn read(json: &str) -> Event {
    Event::read(json.as_bytes(), None).unwrap_or_else(|faults| panic!("{json}: {faults:?}"))
}

/// A visitor's payment of this kind and amount at this hour in China.
fn payment(number: u32, day: i64, hour: i64, kind: &str, fen: i64) -> Event {
    let time = START_MS + day * DAY_MS + hour * 3_600_000 - CHINA_MS;
    read(&format!(
        r#"{{"event_id":"p{number}","event_type":"payment","account_id":"a1","event_time_ms":{time},
        "channel":"app_ios","payment_id":"x{number}","kind":"{kind}","amount_minor":{fen},
        "currency":"CNY","funding":"intl_card","device":{{"device_id":"d1","roaming":true}},
        "account":{{"residence_country":"US"}},"merchant":{{"merchant_id":"m1","mcc":5812,
        "country":"CN"}},"card":{{"card_token":"c1","issuer_country":"US",
        "linked_time_ms":{}}}}}"#,
        START_MS - 9 * DAY_MS
    ))
}

fn answer(number: u32, class: &str) -> Event {
    let outcome = if class == "approved" { "approved" } else { "declined" };
    read(&format!(
        r#"{{"event_id":"r{number}","event_type":"auth_result","event_time_ms":{START_MS},
        "channel":"app_ios","ref_id":"p{number}","outcome":"{outcome}","decline_class":"{class}"}}"#
    ))
}

fn label(number: u32, day: i64, source: &str, delay_days: f64) -> Event {
    let act = START_MS + day * DAY_MS;
    let known = act + (delay_days * DAY_MS as f64) as i64 + i64::from(number);
    read(&format!(
        r#"{{"event_id":"l{number}","event_type":"label","event_time_ms":{act},"channel":"batch",
        "ref_id":"p{number}","ref_type":"event","label":"fraud","source":"{source}",
        "known_time_ms":{known}}}"#
    ))
}

fn find<'a>(checks: &'a [Check], name: &str) -> &'a Check {
    let found = checks.iter().find(|check| check.name.contains(name));
    found.unwrap_or_else(|| panic!("no check of {name:?} in {checks:#?}"))
}

fn fraud(typology: &'static str, vector: &'static str, stake_minor: i64) -> Fact<'static> {
    let (typology, vector) = (Some(typology), Some(vector));
    Fact { typology, vector, look_alike: None, stake_minor, loss_minor: stake_minor / 2 }
}

#[test]
fn payments_of_visitors_are_compared_by_kind_amount_and_hour() {
    let mut tally = Tally::new();
    for number in 0..2_000 {
        let kind = if number % 2 == 0 { "payment_code" } else { "merchant_qr_static" };
        tally.add(&payment(number, 0, 12, kind, 3_800), None);
    }
    let checks = tally.checks(&Settings::default(), &[]);
    let codes = find(&checks, "payment_code during a trip");
    assert!((codes.got - 50.0).abs() < 1e-9 && codes.wanted == 17.0 && !codes.is_met, "{codes:?}");
    let food = find(&checks, "median amount, food");
    assert!((food.got - 38.0).abs() < 2.0 && food.is_met, "{food:?}");
    // All at noon is not how people eat.
    assert!(!find(&checks, "distance of the hours").is_met);
    assert_eq!(find(&checks, "o'clock").got, 0.0);
}

#[test]
fn declines_are_those_of_the_requests_they_answer() {
    let mut tally = Tally::new();
    for number in 0..1_000 {
        tally.add(&payment(number, 0, 12, "payment_code", 3_800), None);
        let class = if number % 40 == 0 { "nsf" } else { "approved" };
        tally.add(&answer(number, class), None);
    }
    // A fraud's decline, and an answer to nothing known, count nowhere.
    tally.add(&payment(5_000, 0, 12, "payment_code", 3_800), Some(&fraud("T03", "V1", 3_800)));
    tally.add(&answer(5_000, "hard_fraud"), None);
    tally.add(&answer(6_000, "hard_fraud"), None);
    let checks = tally.checks(&Settings::default(), &[]);
    let later = find(&checks, "declined by issuers later");
    assert!((later.got - 2.5).abs() < 1e-9 && later.is_met, "{later:?}");
    assert!(checks.iter().all(|check| !check.name.contains("first day of a card")));
}

#[test]
fn fraud_is_measured_against_what_honest_customers_do() {
    let mut tally = Tally::new();
    for number in 0..30_000 {
        let day = i64::from(number / 1_000);
        tally.add(&payment(number, day, 12, "payment_code", 10_000), None);
    }
    for number in 30_000..30_084 {
        let day = i64::from((number - 30_000) / 3);
        let event = payment(number, day, 12, "payment_code", 16_000);
        tally.add(&event, Some(&fraud("T03", "V1", 16_000)));
    }
    let checks = tally.checks(&Settings::default(), &[]);
    let by_count = find(&checks, "fraud by count");
    assert!((by_count.got - 28.0).abs() < 1e-9 && by_count.is_met, "{by_count:?}");
    let by_value = find(&checks, "fraud by value");
    assert!((by_value.got - 44.8).abs() < 1e-9 && by_value.is_met, "{by_value:?}");
    let page = tally.page("A <world>", &Settings::default(), &[]);
    assert!(page.contains("<h1>A &lt;world&gt;</h1>") && page.contains("2026-09-01"));
    assert!(!page.contains("NaN") && !page.contains("<script"));
}

#[test]
fn delays_are_taken_among_acts_that_were_watched_long_enough() {
    let mut tally = Tally::new();
    let labels = Settings::default().labels;
    let mut known = Vec::new();
    for number in 0..4_000_u32 {
        let day = i64::from(number % 100);
        let fact = fraud("T03", "V1", 10_000);
        tally.add(&payment(number, day, 12, "payment_code", 10_000), Some(&fact));
        // The quantiles of the wanted delays, in a mixed order.
        let share = (f64::from(number * 1_657 % 4_000) + 0.5) / 4_000.0;
        let mut delay_days = 0.01;
        while delay::normal_below((f64::ln(delay_days / 24.0)) / 0.8) < share {
            delay_days *= 1.01;
        }
        known.push((day, number, delay_days));
    }
    for (day, number, delay_days) in known {
        // The world ends after 200 days, and later labels never come.
        if day as f64 + delay_days < 200.0 {
            tally.add(&label(number, day, "chargeback", delay_days), None);
        }
    }
    let horizons = tally.delays.horizons(delay::Teller::Chargeback, &labels);
    assert!(3 <= horizons.len(), "{horizons:?}");
    for known in horizons {
        assert!((known.got - known.wanted).abs() < 0.02, "{known:?}");
    }
    assert!(tally.delays.horizons(delay::Teller::FriendlyChargeback, &labels).is_empty());
}

#[test]
fn a_chargeback_of_an_honest_purchase_is_first_party_misuse() {
    let mut tally = Tally::new();
    let labels = Settings::default().labels;
    for number in 0..100 {
        tally.add(&payment(number, 0, 12, "payment_code", 10_000), None);
        tally.add(&label(number, 0, "chargeback", 40.0), None);
    }
    tally.add(&label(200, 0, "chargeback", 100.0), None);
    assert!(tally.delays.horizons(delay::Teller::Chargeback, &labels).is_empty());
    assert!(!tally.delays.horizons(delay::Teller::FriendlyChargeback, &labels).is_empty());
}

#[test]
fn every_shop_of_the_market_has_a_trade_here() {
    use crate::synth::{atlas::Atlas, chance::Chance, market::Market, market::Trade};
    let settings = Settings::default();
    let market = Market::new(3, 30_000, &Atlas::built_in(), &settings, START_MS);
    let mut chance = Chance::of(3, &[1]);
    for trade in Trade::ALL {
        for _ in 0..50 {
            let category = market.shop(0, trade, &mut chance, START_MS).mcc;
            assert_eq!(honest::trade_of_category(category), Some(trade), "{category}");
        }
    }
}

#[test]
fn a_tally_without_events_has_a_page_and_no_checks() {
    let tally = Tally::default();
    assert!(tally.checks(&Settings::default(), &Peak::ALL).is_empty());
    let page = tally.page("Nothing", &Settings::default(), &Peak::ALL);
    assert!(page.contains("nothing to draw") && !page.contains("NaN"), "{page}");
    assert_eq!(tally.types[EventType::Payment as usize], 0);
}

#[test]
fn a_world_of_honest_customers_looks_as_it_was_asked_to() {
    let played = crate::synth::tests_support::honest(6, 2_000, 25);
    let mut tally = Tally::new();
    let mut truths = played.truths.iter().peekable();
    for (place, event) in played.events.iter().enumerate() {
        let truth = truths.next_if(|(at, _)| *at == place).map(|(_, truth)| Fact::from(truth));
        tally.add(event, truth.as_ref());
    }
    let checks = tally.checks(&Settings::default(), &[]);
    let off: Vec<&Check> = checks.iter().filter(|check| !check.is_met).collect();
    // There is no fraud, and three standard errors are not enough for every figure of fifty.
    assert!(45 <= checks.len() && off.len() <= 2, "{} checks, off: {off:#?}", checks.len());
}
