//! What a fact must not know: stories of the traps into which feature code falls.
//!
//! A fact of an event is what could be known when it was scored. Each story has a moment at which a
//! fold that looks ahead would say something else, and says what is right there; where it can, it
//! also shows that the trap is open, so that a story that proves nothing is seen. All is asked of the
//! catalogue's own features.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use datasets::Events;
use datasets::synth::{Atlas, Options, Settings, World};
use features::catalog;
use features::event::Event;
use features::field::EventType;
use features::history::{History, Limits, Recorded};
use features::limits::{DAY_MS, HOUR_MS, MINUTE_MS};
use features::networks::{Finding, NetworkFile, Networks};
use features::plan::Plan;
use serde_json::{Value, json};
use tests::{Chance, mmdb};

use crate::cli::Folder;
use crate::oracle::payments;

/// 2026-07-15T04:00:00Z.
const ZERO: i64 = 1_784_088_000_000;

static PLAN: LazyLock<Arc<Plan>> = LazyLock::new(|| {
    let known = catalog::definitions();
    let all: Vec<usize> = known.features().iter().map(|feature| feature.definition).collect();
    Arc::new(known.plan(&all))
});

/// The facts of one event.
#[derive(Clone, Debug)]
struct Facts(Vec<f64>);

impl Facts {
    fn get(&self, name: &str) -> f64 {
        self.0[PLAN.find(name).unwrap_or_else(|| panic!("{name} is not in the catalogue"))]
    }

    fn all<const N: usize>(&self, names: [&str; N]) -> [f64; N] {
        names.map(|name| self.get(name))
    }

    fn bits(&self) -> Vec<u64> {
        self.0.iter().map(|fact| fact.to_bits()).collect()
    }

    /// Names of the facts that are not the same.
    fn differing(&self, other: &Facts) -> BTreeSet<&'static str> {
        let pairs = self.bits().into_iter().zip(other.bits()).enumerate();
        let differing = pairs.filter(|(_, (a, b))| a != b);
        differing.map(|(slot, _)| PLAN.facts()[slot].name.as_str()).collect()
    }
}

/// A past that is told event by event.
struct Past(History);

impl Past {
    fn new() -> Past {
        Past(History::new(Arc::clone(&PLAN), Limits::default()))
    }

    /// The event happens; what was known of it.
    fn tell(&self, event: &Value) -> Facts {
        self.take(&mut read(event))
    }

    fn take(&self, event: &mut Event) -> Facts {
        let mut facts = Vec::new();
        let (recorded, ()) = self.0.observe(event, &mut facts, || ());
        assert!(matches!(recorded, Recorded::Yes | Recorded::Repeated), "{event:?}: {recorded:?}");
        Facts(facts)
    }

    /// What would be known of the event if it came now.
    fn ask(&self, event: &Value) -> Facts {
        let mut facts = Vec::new();
        self.0.evaluate(&mut read(event), &mut facts);
        Facts(facts)
    }
}

fn read(event: &Value) -> Event {
    let event = Event::read(event.to_string().as_bytes(), None);
    event.unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// An event of a type, so long after zero, with more members or other ones.
fn happening(kind: &str, id: &str, at: i64, members: Value) -> Value {
    let mut event = json!({
        "event_id": id, "event_type": kind, "channel": "app_ios",
        "event_time_ms": ZERO + at, "received_time_ms": ZERO + at,
    });
    for (name, value) in members.as_object().expect("members") {
        event[name] = value.clone();
    }
    event
}

/// A payment of 100 CNY by card.
fn payment(id: &str, at: i64, account: &str, merchant: &str) -> Value {
    let members = json!({
        "payment_id": format!("pay-{id}"), "account_id": account, "kind": "merchant_qr_static",
        "amount_minor": 10_000, "currency": "CNY", "base_minor": 10_000, "usd_minor": 1_400,
        "funding": "intl_card",
        "card": {
            "card_token": format!("c-{account}"), "bin8": "45321012", "network": "visa",
            "issuer_country": "FR",
        },
        "device": { "device_id": format!("d-{account}"), "os": "ios" },
        "network": { "ip": "203.0.113.7", "ip_country": "CN", "asn": 4_134 },
        "merchant": { "merchant_id": merchant, "mcc": 5_812, "country": "CN" },
    });
    happening("payment", id, at, members)
}

fn answer(of: &str, at: i64, outcome: &str) -> Value {
    let class = if outcome == "approved" { "approved" } else { "do_not_honour" };
    let members = json!({ "ref_id": of, "outcome": outcome, "decline_class": class });
    happening("auth_result", &format!("answer-{of}"), at, members)
}

/// A label of an act that becomes known at another time.
fn label(id: &str, of: &str, act: i64, known: i64, label: &str) -> Value {
    let members = json!({
        "ref_id": of, "ref_type": "event", "label": label, "known_time_ms": ZERO + known,
        "received_time_ms": ZERO + known,
    });
    happening("label", id, act, members)
}

fn near(got: &[f64], wanted: f64) {
    for got in got {
        assert!((got - wanted).abs() <= 1e-12 * wanted.abs(), "got {got}, wanted {wanted}");
    }
}

#[test]
fn the_fraud_rate_of_a_merchant_waits_seven_days() {
    let past = Past::new();
    // Ten frauds at one merchant, known within two hours.
    for n in 0..10 {
        past.tell(&payment(&format!("f{n}"), n * MINUTE_MS, &format!("a{n}"), "bad"));
    }
    for n in 0..10 {
        let (id, of) = (format!("l{n}"), format!("f{n}"));
        past.tell(&label(&id, &of, n * MINUTE_MS, 2 * HOUR_MS + n, "fraud"));
    }
    // What is not old enough to be known as fraud must not make the merchant look better either.
    for n in 0..20 {
        past.tell(&payment(&format!("g{n}"), 3 * DAY_MS + n, &format!("b{n}"), "bad"));
    }
    let rates = ["7d", "30d", "90d"].map(|window| format!("merchant_fraud_rate_{window}"));
    let rates = |at: i64, merchant: &str| {
        let facts = past.ask(&payment("asking", at, "asker", merchant));
        rates.each_ref().map(|name| facts.get(name))
    };
    for at in [3 * HOUR_MS, DAY_MS, 7 * DAY_MS - 1] {
        assert_eq!(rates(at, "bad"), rates(at, "unheard"), "{at} ms after the first fraud");
        near(&rates(at, "bad"), 0.0028);
    }
    // The first of them is seven days old now, then all are; the twenty of the third day are not.
    let rate = |frauds: f64, payments: f64| {
        let everywhere = (frauds + 20.0 * 0.0028) / (payments + 20.0);
        (frauds + 20.0 * everywhere) / (payments + 20.0)
    };
    near(&rates(7 * DAY_MS, "bad"), rate(1.0, 1.0));
    near(&rates(7 * DAY_MS + HOUR_MS, "bad"), rate(10.0, 10.0));
    // A week later the frauds have left the short window, and the others have come into all.
    let [week, month, quarter] = rates(14 * DAY_MS + HOUR_MS, "bad");
    let everywhere = (10.0 + 20.0 * 0.0028) / (30.0 + 20.0);
    near(&[week], 20.0 * everywhere / (20.0 + 20.0));
    near(&[month, quarter], rate(10.0, 30.0));
}

#[test]
fn a_label_counts_from_when_it_is_known_and_at_the_time_of_the_act() {
    let past = Past::new();
    past.tell(&payment("p1", 0, "a1", "m1"));
    let known = 20 * DAY_MS;
    let asked = |at: i64| {
        let facts = past.ask(&payment("asking", at, "a1", "m1"));
        facts.all(["card_fraud_known_life", "device_fraud_known", "merchant_fraud_rate_30d"])
    };
    let [card, device, rate] = asked(known - 1);
    assert_eq!([card, device], [0.0, 0.0]);
    near(&[rate], 20.0 * (20.0 * 0.0028 / 21.0) / 21.0);
    past.tell(&label("l1", "p1", 0, known, "fraud"));
    let [card, device, rate] = asked(known);
    assert_eq!([card, device], [1.0, 1.0]);
    near(&[rate], (1.0 + 20.0 * ((1.0 + 20.0 * 0.0028) / 21.0)) / 21.0);
    // It stands at the act, so it leaves the window of 30 days, 7 days delayed, with the act.
    near(&[asked(37 * DAY_MS - 1)[2]], rate);
    assert!(asked(37 * DAY_MS)[2] < rate);
}

#[test]
fn what_is_known_at_once_are_counts_of_labels_and_no_rates() {
    let asking = payment("asking", 6 * DAY_MS, "a1", "m1");
    let facts = [false, true].map(|is_labelled| {
        let past = Past::new();
        past.tell(&payment("p1", 0, "a1", "m1"));
        if is_labelled {
            past.tell(&label("l1", "p1", 0, HOUR_MS, "fraud"));
        }
        past.ask(&asking)
    });
    // A rate without its delay would stand here: numerators are known sooner than denominators.
    let known = [
        "card_fraud_known_life",
        "component_fraud_count_90d",
        "component_fraud_share_90d",
        "device_fraud_known",
        "neighbour_fraud_1hop_90d",
    ];
    assert_eq!(facts[0].differing(&facts[1]), BTreeSet::from(known));
}

#[test]
fn an_approval_counts_when_the_issuer_answers() {
    let past = Past::new();
    let names = [
        "account_attempt_count_1h",
        "account_approved_count_1h",
        "card_approved_amount_1h",
        "merchant_approved_amount_1h",
        "account_amount_mean_30d",
        "account_declined_count_1h",
    ];
    let asked =
        |minute: i64| past.ask(&payment("asking", minute * MINUTE_MS, "a1", "m1")).all(names);
    past.tell(&payment("p1", 0, "a1", "m1"));
    past.tell(&payment("p2", 1, "a1", "m1"));
    let [attempts, count, card, merchant, mean, declined] = asked(4);
    assert_eq!([attempts, count, card, merchant, declined], [2.0, 0.0, 0.0, 0.0, 0.0]);
    assert!(mean.is_nan(), "no amount is approved yet");
    past.tell(&answer("p1", 5 * MINUTE_MS, "approved"));
    past.tell(&answer("p2", 5 * MINUTE_MS, "declined"));
    assert_eq!(asked(6), [2.0, 1.0, 10_000.0, 10_000.0, 10_000.0, 1.0]);
    // An hour after the request it is no attempt of this hour any more, but still an approval.
    assert_eq!(asked(64), [0.0, 1.0, 10_000.0, 10_000.0, 10_000.0, 1.0]);
    assert_eq!(asked(65)[..4], [0.0, 0.0, 0.0, 0.0]);
    // The same answer, told with the time of the request but heard of later, is no older knowledge.
    let seen = past.tell(&payment("p3", 70 * MINUTE_MS, "a1", "m1"));
    let mut early = answer("p3", 70 * MINUTE_MS, "approved");
    early["received_time_ms"] = json!(ZERO + 72 * MINUTE_MS);
    past.tell(&early);
    assert_eq!(seen.get("account_approved_count_1h"), 0.0);
    assert_eq!(asked(73)[1], 1.0);
}

#[test]
fn an_answer_to_a_refund_approves_no_attempt() {
    let past = Past::new();
    past.tell(&payment("p1", 0, "a1", "m1"));
    past.tell(&answer("p1", 1, "approved"));
    let members = json!({
        "original_payment_id": "pay-p1", "account_id": "a1", "amount_minor": 10_000,
        "currency": "CNY", "base_minor": 10_000, "to_instrument": "original",
    });
    past.tell(&happening("refund", "r1", HOUR_MS, members));
    past.tell(&answer("r1", HOUR_MS + 1, "approved"));
    let facts = past.ask(&payment("asking", 2 * HOUR_MS, "a1", "m1"));
    let names = ["account_approved_count_24h", "account_approved_amount_24h"];
    assert_eq!(facts.all(names), [1.0, 10_000.0]);
    // Nor is a fraudulent refund a fraudulent attempt; it still is a fraud with the payment's card.
    past.tell(&label("l1", "r1", HOUR_MS, 3 * HOUR_MS, "fraud"));
    let facts = past.ask(&payment("asking", 8 * DAY_MS, "a1", "m1"));
    assert_eq!(facts.get("card_fraud_known_life"), 1.0);
    near(&[facts.get("ip_fraud_rate_30d")], 20.0 * (20.0 * 0.0028 / 21.0) / 21.0);
}

/// The first event of each scored type in a small world.
fn first_of_each_type() -> BTreeMap<&'static str, String> {
    let (seed, start_ms) = (35, 1_788_220_800_000);
    println!("seed {seed}");
    let (settings, atlas, peaks) = (Settings::default(), Atlas::built_in(), Vec::new());
    let options = Options { seed, days: 20, accounts: 400, start_ms, peaks, settings, atlas };
    let mut world = World::new(options).expect("a small world");
    let mut first = BTreeMap::new();
    while world.play_hour(1) {
        for emitted in world.events() {
            let event =
                Event::read(emitted.line.as_bytes(), None).expect("a world's event is valid");
            if event.event_type().is_scored() {
                first.entry(event.event_type().name()).or_insert_with(|| emitted.line.to_owned());
            }
        }
    }
    first
}

#[test]
fn the_scored_event_is_not_among_those_it_counts() {
    let known = catalog::definitions();
    // Counts and sums of the past, which is empty.
    let is_sum = |unit: &str| matches!(unit, "count" | "fen");
    let sums = known.features().iter().filter(|f| f.missing == "zero" && is_sum(&f.unit));
    let sums: Vec<&str> = sums.map(|feature| feature.name.as_str()).collect();
    let events = first_of_each_type();
    let scored = EventType::ALL.iter().filter(|kind| kind.is_scored()).count();
    assert_eq!(events.len(), scored, "{:?}", events.keys());
    let (mut at_once, mut grown) = (BTreeSet::new(), BTreeSet::new());
    for (kind, line) in events {
        let mut event: Value = serde_json::from_str(&line).expect("a line of JSON");
        let past = Past::new();
        let (asked, first) = (past.ask(&event), past.tell(&event));
        assert_eq!(asked.bits(), first.bits(), "{kind}: asking differs from telling");
        at_once.extend(sums.iter().copied().filter(|name| 0.0 < first.get(name)));
        // The next one counts it: the zeros were not for want of keys.
        event["event_id"] = json!("another");
        event["event_time_ms"] = json!(event["event_time_ms"].as_i64().expect("a time") + 1);
        let second = past.tell(&event);
        grown.extend(sums.iter().copied().filter(|name| 0.0 < second.get(name)));
    }
    // A run says that this attempt is in it, and a deviation has a floor.
    assert_eq!(at_once, BTreeSet::from(["bin_link_deviation_1m", "card_amount_ladder_up_24h"]));
    assert!(200 < sums.len() && 120 < grown.len(), "{} of {}", grown.len(), sums.len());
}

#[test]
fn a_challenge_is_not_known_to_the_event_that_it_was_for() {
    let challenge = |id: &str, of: &str, at: i64, result: &str| {
        let members =
            json!({ "ref_id": of, "account_id": "a1", "factor": "sms_otp", "result": result });
        happening("challenge_result", id, at, members)
    };
    let names = [
        "account_otp_fail_count_1h",
        "challenge_fail_count_24h",
        "challenge_pass_ratio_90d",
        "hours_since_strong_auth",
    ];
    let log = [
        payment("p1", 0, "a1", "m1"),
        // Its clock says that it was answered before it was asked.
        challenge("c1", "p1", -1_000, "failed"),
        challenge("c2", "p1", 0, "failed"),
        challenge("c3", "p1", 30_000, "failed"),
        payment("p2", 60_000, "a1", "m1"),
    ];
    let past = Past::new();
    let facts: Vec<Facts> = log.iter().map(|event| past.tell(event)).collect();
    let quiet = Past::new().tell(&log[0]);
    assert_eq!(facts[0].all(names), quiet.all(names));
    assert_eq!(facts[0].all(["account_otp_fail_count_1h", "challenge_fail_count_24h"]), [0.0, 0.0]);
    assert_eq!(facts[4].all(["account_otp_fail_count_1h", "challenge_fail_count_24h"]), [3.0, 3.0]);
    // Who folds the log again, after all of it has happened, finds the same: a file of events is
    // read in its own order.
    let folder = Folder::new("leak-challenge");
    let folded = |log: &[Value]| {
        let lines: String = log.iter().map(|event| format!("{event}\n")).collect();
        folder.write("log.ndjson", &lines);
        let past = Past::new();
        let events = Events::open(&folder.path("log.ndjson")).expect("a file");
        let events = events.map(|item| item.expect("a line").event.expect("a valid event"));
        events.map(|mut event| past.take(&mut event)).collect::<Vec<Facts>>()
    };
    let again = folded(&log);
    assert!(again.iter().zip(&facts).all(|(again, facts)| again.bits() == facts.bits()));
    // The trap is open to who sorts the file by the time at which things happened, as an import does
    // that knows no other: what is dated back is then seen before it came.
    let mut sorted = log.to_vec();
    sorted.sort_by_key(|event| event["event_time_ms"].as_i64());
    assert_eq!(folded(&sorted)[1].get("account_otp_fail_count_1h"), 1.0);
}

#[test]
fn company_that_an_account_finds_later_is_not_in_its_facts() {
    let names = ["component_size_90d", "component_fraud_count_90d", "device_distinct_accounts_1h"];
    let on_device = |id: &str, at: i64, account: &str, device: &str| {
        let mut event = payment(id, at, account, "m1");
        event["device"]["device_id"] = json!(device);
        event
    };
    let minute = |n: i64| n * MINUTE_MS;
    let log = [
        on_device("p1", minute(0), "a1", "d1"),
        on_device("p2", minute(10), "a2", "d2"),
        // Two accounts meet on a device, then the second of them is found out.
        on_device("p3", minute(20), "a2", "d1"),
        label("l1", "p2", minute(10), minute(30), "fraud"),
        on_device("p4", minute(40), "a1", "d1"),
    ];
    let past = Past::new();
    let facts: Vec<Facts> = log.iter().map(|event| past.tell(event)).collect();
    let told: Vec<[f64; 3]> = facts.iter().map(|facts| facts.all(names)).collect();
    assert_eq!(told[0], [1.0, 0.0, 0.0]);
    assert_eq!(told[1], [1.0, 0.0, 0.0]);
    assert_eq!(told[2], [2.0, 0.0, 1.0], "an event's own links are there when it is read");
    assert_eq!(told[4], [2.0, 1.0, 2.0]);
    // A fold of the whole log gives every event what it had: nothing is built ahead.
    let again = Past::new();
    for (event, facts) in log.iter().zip(&facts) {
        assert_eq!(again.tell(event).bits(), facts.bits());
    }
    // Windows are of a time, components are as of now: who asks about an old time later is told of
    // the links and the fraud that are known by then. Only what-ifs and late events do, and an event
    // can be late by ten minutes at most.
    let old = past.ask(&on_device("asking", minute(1), "a1", "d1"));
    assert_eq!(old.all(names), [2.0, 1.0, 1.0]);
}

/// A database that says one country of everything.
fn one_country(country: &str) -> Networks {
    let bytes = mmdb(4, 1, "x", &[("0.0.0.0/0", json!({ "country": { "iso_code": country } }))]);
    let file = NetworkFile::read("made.mmdb", &bytes, "h").expect("a database");
    Networks::new(vec![Arc::new(file)])
}

#[test]
fn later_tables_do_not_change_what_was_looked_up() {
    let before = one_country("CN");
    let after = one_country("JP");
    let read_with = |json: &Value, found: &dyn Fn() -> Option<Finding>| {
        let text = json.to_string();
        Event::read_with(text.as_bytes(), None, |_| found()).expect("the event is valid")
    };
    let unsaid = |id: &str, at: i64| {
        let mut event = payment(id, at, "a1", "m1");
        event["network"] = json!({ "ip": "203.0.113.7" });
        event
    };
    let ip = "203.0.113.7".parse().ok();
    let (old, new) = (unsaid("p1", 0), unsaid("p2", DAY_MS / 2));
    let names =
        ["ip_country_is_mainland", "account_distinct_ip_countries_24h", "ip_issuer_country_match"];
    let past = Past::new();
    let mut event = read_with(&old, &|| before.look_up(ip));
    let recorded = event.looked_up().cloned();
    let then = past.take(&mut event);
    assert_eq!(then.all(names), [1.0, 0.0, 0.0]);
    // A year on the table says another country; what was found then is kept beside the event.
    let again = Past::new();
    let replayed = again.take(&mut read_with(&old, &|| recorded.clone()));
    assert_eq!(replayed.bits(), then.bits());
    let leaky = Past::new().take(&mut read_with(&old, &|| after.look_up(ip)));
    assert!(leaky.differing(&then).contains("ip_country_is_mainland"), "the trap is open");
    // The next event is told by the new table, and its past by the old one.
    let now = again.take(&mut read_with(&new, &|| after.look_up(ip)));
    assert_eq!(now.all(names), [0.0, 1.0, 0.0]);
    let last = again.ask(&unsaid("p3", DAY_MS / 2 + 1));
    assert_eq!(last.get("account_distinct_ip_countries_24h"), 2.0);
    // No table overrules what the event says itself.
    let said =
        Past::new().take(&mut read_with(&payment("p1", 0, "a1", "m1"), &|| after.look_up(ip)));
    assert_eq!(said.get("ip_country_is_mainland"), 1.0);
}

#[test]
fn an_issuers_country_is_the_one_that_the_event_told() {
    let past = Past::new();
    let with_country = |id: &str, at: i64, country: &str| {
        let mut event = payment(id, at, "a1", "m1");
        event["card"]["issuer_country"] = json!(country);
        event
    };
    let (old, new) = (with_country("p1", 0, "FR"), with_country("p2", DAY_MS, "DE"));
    let first = past.tell(&old);
    // The caller's table of issuers was corrected in between: same card, another country.
    past.tell(&new);
    let third = past.ask(&with_country("p3", 2 * DAY_MS, "DE"));
    assert_eq!(third.get("account_distinct_card_countries_30d"), 2.0, "the past stays as told");
    assert_ne!(first.get("card_issuer_country"), third.get("card_issuer_country"));
    assert_eq!(Past::new().tell(&old).bits(), first.bits());
}

#[test]
fn a_correction_of_a_label_is_not_known_before_it_is_made() {
    let mut correction = label("l2", "p1", 0, 5 * DAY_MS, "legit");
    correction["supersedes"] = json!("l1");
    let names = ["card_fraud_known_life", "device_fraud_known", "component_fraud_count_90d"];
    let asked = |past: &Past, day: i64| past.ask(&payment("asking", day * DAY_MS, "a1", "m1"));
    let tell = |is_corrected: bool| {
        let past = Past::new();
        past.tell(&payment("p1", 0, "a1", "m1"));
        past.tell(&label("l1", "p1", 0, DAY_MS, "fraud"));
        let before = asked(&past, 3);
        if is_corrected {
            past.tell(&correction);
        }
        (before, asked(&past, 6))
    };
    let ((before, after), (uncorrected, _)) = (tell(true), tell(false));
    assert_eq!(before.all(names), [1.0, 1.0, 1.0]);
    assert_eq!(before.bits(), uncorrected.bits());
    // The engine takes nothing back: what was known as fraud stays so, whatever comes later. When
    // that changes, this line does, and the ones above stay.
    assert_eq!(after.all(names), [1.0, 1.0, 1.0]);

    // The other way round it counts, from when it is known.
    let past = Past::new();
    past.tell(&payment("p1", 0, "a1", "m1"));
    past.tell(&label("l1", "p1", 0, DAY_MS, "legit"));
    assert_eq!(asked(&past, 3).all(names), [0.0, 0.0, 0.0]);
    let mut correction = label("l2", "p1", 0, 5 * DAY_MS, "fraud");
    correction["supersedes"] = json!("l1");
    past.tell(&correction);
    assert_eq!(asked(&past, 6).all(names), [1.0, 1.0, 1.0]);
}

/// A folder of payments and their labels, and what `gyr train` makes of its first days.
struct School {
    folder: Folder,
    events: Vec<(i64, Value)>,
    labels: Vec<(i64, Value)>,
}

/// The training days, and when the labels must be known: midnights in UTC.
const LESSONS: &str = "2025-06-16..2025-06-22";
const LESSONS_END: i64 = 1_750_636_800_000;
const KNOWN_BY: i64 = LESSONS_END + DAY_MS;

impl School {
    fn new(name: &str) -> School {
        let seed = 8;
        println!("seed {seed}");
        let mut chance = Chance(seed);
        let (mut events, mut labels) = (Vec::new(), Vec::new());
        for payment in payments(seed, 3_000, 14) {
            let event: Value = serde_json::from_str(&payment.json()).expect("JSON");
            events.push((payment.time, event));
            let verdict =
                if chance.below(200_000) < payment.fen as u64 { "fraud" } else { "legit" };
            // Most are known the same day, some come too late for any training here.
            let known = payment.time + if chance.happens(8) { 20 * DAY_MS } else { 6 * HOUR_MS };
            let mut told = label(
                &format!("l{}", payment.id),
                &format!("e{}", payment.id),
                payment.time - ZERO,
                known - ZERO,
                verdict,
            );
            told["source"] = json!("analyst");
            labels.push((known, told));
        }
        events.sort_by_key(|(time, _)| *time);
        labels.sort_by_key(|(known, _)| *known);
        School { folder: Folder::new(name), events, labels }
    }

    /// The model file, byte by byte.
    fn model(&self, options: &[&str]) -> String {
        let lines = |rows: &[(i64, Value)]| {
            rows.iter().map(|(_, row)| format!("{row}\n")).collect::<String>()
        };
        self.folder.write("events.ndjson", &lines(&self.events));
        self.folder.write("labels.ndjson", &lines(&self.labels));
        let features = "amount_log,account_attempt_*,merchant_attempt_*,card_distinct_*";
        let train = ["train", "--data", ".", "--train", LESSONS, "--delay", "1d", "--seed", "3"];
        let rest = ["--features", features, "--learner", "logistic", "--out", "m.json"];
        self.folder.done(&[&train[..], &rest[..], options].concat());
        self.folder.read("m.json")
    }
}

#[test]
fn a_model_knows_nothing_of_what_came_after_its_training_days() {
    let mut school = School::new("leak-train");
    let model = school.model(&[]);
    // Another future: other customers and amounts, and labels that came too late say the contrary.
    for (_, event) in school.events.iter_mut().filter(|(time, _)| LESSONS_END <= *time) {
        event["account_id"] = json!("stranger");
        event["amount_minor"] = json!(77_777_777);
        event["base_minor"] = json!(77_777_777);
    }
    let mut flipped = 0;
    for (known, label) in &mut school.labels {
        if KNOWN_BY < *known {
            label["label"] = json!(if label["label"] == "fraud" { "legit" } else { "fraud" });
            flipped += 1;
        }
    }
    assert!(500 < flipped, "{flipped}");
    assert!(school.model(&[]) == model, "the test days changed the model");
    // No future at all.
    school.events.retain(|(time, _)| *time < LESSONS_END);
    school.labels.retain(|(known, _)| *known <= KNOWN_BY);
    assert!(school.model(&[]) == model, "the model needed the test days");
    // The last training day itself does count, and so does the last label of the delay.
    let last = school.labels.len() - 1;
    let act = school.labels[last].1["event_time_ms"].as_i64().expect("a time");
    assert!(LESSONS_END <= act, "labels of the delay speak of later acts too");
    let of_lessons = |(_, label): &&mut (i64, Value)| {
        label["event_time_ms"].as_i64().is_some_and(|act| act < LESSONS_END)
    };
    let latest = school.labels.iter_mut().rfind(of_lessons).expect("a label");
    assert!(LESSONS_END < latest.0, "it became known after the training days");
    latest.1["label"] = json!(if latest.1["label"] == "fraud" { "legit" } else { "fraud" });
    assert!(school.model(&[]) != model, "what was known in time does not matter");
}

#[test]
fn a_label_that_is_corrected_after_the_training_is_still_what_was_known() {
    let mut school = School::new("leak-correction");
    let (count, model) = (school.labels.len(), school.model(&["--unlabelled", "legit"]));
    let known = school.labels.iter().filter(|(_, label)| label["label"] == "fraud");
    let known: Vec<Value> = known.take(50).map(|(_, label)| label["ref_id"].clone()).collect();
    for (n, of) in known.into_iter().enumerate() {
        let late = KNOWN_BY + 20 * DAY_MS + n as i64;
        let act = LESSONS_END - DAY_MS - ZERO;
        let mut told = label(&format!("late{n}"), "x", act, late - ZERO, "legit");
        (told["ref_id"], told["source"]) = (of, json!("analyst"));
        school.labels.push((late, told));
    }
    // Nobody knew of the corrections when it was trained, so what was known then stands.
    assert!(school.model(&["--unlabelled", "legit"]) == model, "corrections came true early");
    // In time they count, so the rows and their labels do matter.
    for (n, (known, told)) in school.labels[count..].iter_mut().enumerate() {
        *known = KNOWN_BY - 50 + n as i64;
        told["known_time_ms"] = json!(known);
        told["received_time_ms"] = json!(known);
    }
    school.labels.sort_by_key(|(known, _)| *known);
    assert!(school.model(&["--unlabelled", "legit"]) != model, "corrections in time do not count");
}
