//! Policies of other facts, put in force while a service decides: the past of their facts comes from
//! the journal, and every fact is that of a service which was started with them, bit for bit.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use datasets::Events;
use engine::engine::Engine;
use engine::policy::{Policy, Wanted};
use engine::shell::journal;
use engine::shell::record;
use engine::shell::serve::Reloaded;
use features::event::Event;
use features::history::{Census, Limits};
use serde_json::Value;
use tests::Client;

use crate::cli::Folder;
use crate::http::{House, check};

const BEFORE: &str = r#"policy "before"
feature seen "Payments of the account" = count(payment) by account over 1d
feature sold "Payments of a device to the merchant" = count(payment) by device, merchant over 2d
rule busy "Many payments"
  on payment
  when seen >= 4 or sold >= 7
  then review  because VELOCITY_ACCOUNT  owner "tests"
"#;

/// Velocities that nobody kept before: of payments, of what issuers answered, of labels.
const AFTER: &str = r#"policy "after"
feature seen "Payments of the account" = count(payment) by account over 1d
feature spent "Spent with the card" = sum(base_minor of payment) by card over 3d
feature refused "Refusals at the device" = count(auth_result where outcome == declined) by device over 25h
feature cards "Cards of the account" = distinct(card of payment) by account over 5d
feature known "Frauds of the account" = count(label where label == fraud) by account
rule busy "Many payments"
  on payment
  when seen >= 4 or spent >= 1_000 CNY or refused >= 2 or cards >= 3 or known >= 1
  then review  because VELOCITY_ACCOUNT  owner "tests"
"#;

fn engine(text: &str) -> Engine {
    let policy = Policy::check(text, None, Wanted::Judging);
    let policy = policy
        .unwrap_or_else(|faults| panic!("{}", features::diagnostic::render("p", text, &faults)));
    Engine::new(policy, Limits::default())
}

fn put(house: &House, policy: &str) {
    fs::write(house.options.policy.as_deref().unwrap(), policy).unwrap();
}

fn reload(house: &House, policy: &str) -> Reloaded {
    put(house, policy);
    house.service().reload().unwrap_or_else(|error| panic!("{error}"))
}

/// A small world's events in order, as they are sent.
fn world() -> Vec<Event> {
    let folder = Folder::new("staging-world");
    folder.done(&["simulate", "--days", "8", "--accounts", "500", "--out", "world"]);
    let events = Events::open(&folder.path("world")).unwrap();
    events.map(|item| item.unwrap().event.unwrap()).collect()
}

/// Sends an event to the door it belongs to; the decision on a scored one.
fn send(client: &mut Client, event: &Event) -> Option<String> {
    let is_scored = event.is_score_requested();
    let path = if is_scored { "/v1/score" } else { "/v1/events" };
    let (status, body) = client.send("POST", path, event.json()).unwrap();
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("\"state\":\"durable\""), "{body}");
    is_scored.then(|| body.split_once(",\"record\":").unwrap().0.to_owned())
}

fn copy_journal(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// Compares every recorded decision of these policies with what a fold of the journal from its
/// beginning gives; how many each has decided.
fn audit(dir: &Path, policies: [&str; 2]) -> [usize; 2] {
    let engines = policies.map(engine);
    let versions = engines.each_ref().map(|engine| engine.policy().version().to_owned());
    let mut decided = [0; 2];
    for stored in journal::records(dir) {
        let stored = stored.unwrap();
        let payload = record::decode(&stored.payload).expect("a record of this program");
        let event = payload.read().unwrap();
        let facts = engines.each_ref().map(|engine| {
            let (outcome, ()) = engine.decide(&mut event.clone(), || ());
            outcome.facts.iter().map(|fact| fact.to_bits()).collect::<Vec<_>>()
        });
        if stored.kind != record::SCORED {
            continue;
        }
        let answer: Value = serde_json::from_str(payload.answer).unwrap();
        let version = answer["ruleset_version"].as_str().expect("a version");
        let by = versions.iter().position(|known| known == version).expect("one of the policies");
        let recorded: Vec<u64> = payload.facts.iter().map(|fact| fact.to_bits()).collect();
        assert!(recorded == facts[by], "the facts of record {} differ", stored.sequence);
        decided[by] += 1;
    }
    decided
}

#[test]
fn a_brand_new_velocity_is_filled_under_load_and_then_exact() {
    let events = world();
    let (loaded, rest) = events.split_at(events.len() - 300);
    let house = House::with("staging", |_, options| {
        fs::write(options.policy.as_deref().unwrap(), BEFORE).unwrap();
    });
    let next = AtomicUsize::new(0);
    let sent = || next.load(Ordering::Relaxed).min(loaded.len());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut client = Client::connect(house.address()).unwrap();
                while let Some(event) = loaded.get(next.fetch_add(1, Ordering::Relaxed)) {
                    send(&mut client, event);
                }
            });
        }
        while sent() < loaded.len() / 3 {
            thread::yield_now();
        }
        let document = house.get("/openapi.json").json();
        let began = sent();
        assert!(matches!(reload(&house, AFTER), Reloaded::Staged(_)));
        let (mut seen, mut faults) = (0, Vec::new());
        loop {
            let policy = house.get("/v1/policy").json();
            let schema = &document["components"]["schemas"]["policy"];
            check(&document, schema, &policy, "policy", &mut faults);
            if policy["name"] == "after" {
                assert!(policy["staged"].is_null());
                break;
            }
            let staged = &policy["staged"];
            if !staged.is_null() {
                seen += 1;
                assert_eq!(staged["name"], "after");
                assert!(staged["folded"].as_u64() <= staged["of"].as_u64(), "{staged}");
            }
        }
        assert!(faults.is_empty(), "{faults:?}");
        let of = loaded.len();
        println!("staged at {began} of {of}, seen so {seen} times, in force at {}", sent());
    });
    // Nobody was lost and nobody counted twice.
    assert_eq!(house.service().engine().history().census().events, loaded.len() as u64);
    let dir = house.options.data_dir.join("journal");
    let [before, after] = audit(&dir, [BEFORE, AFTER]);
    assert!(0 < before && 0 < after, "{before} decided before, {after} after");

    // A service that is started from this journal with the new policy says the same from here on.
    let twin = House::with("staging-twin", |_, options| {
        fs::write(options.policy.as_deref().unwrap(), AFTER).unwrap();
        copy_journal(&dir, &options.data_dir.join("journal"));
    });
    let [mut one, mut other] =
        [&house, &twin].map(|house| Client::connect(house.address()).unwrap());
    let mut decided = 0;
    for event in rest {
        let decision = send(&mut one, event);
        decided += usize::from(decision.is_some());
        assert_eq!(decision, send(&mut other, event));
    }
    assert!(50 < decided);
    let census = |house: &House| house.service().engine().history().census();
    assert_eq!(census(&house), census(&twin));
    println!("{before} decided before, {after} after, {decided} compared with a restart");
}

#[test]
fn a_policy_whose_past_cannot_be_read_is_not_put_in_force() {
    let events = world();
    let house = House::with("staging-broken", |_, options| {
        fs::write(options.policy.as_deref().unwrap(), BEFORE).unwrap();
        options.journal.segment_bytes = 1 << 16;
    });
    let mut client = Client::connect(house.address()).unwrap();
    events[..300].iter().for_each(|event| drop(send(&mut client, event)));
    let settled = || loop {
        let policy = house.get("/v1/policy").json();
        if policy["staged"].is_null() {
            return policy["name"].as_str().unwrap().to_owned();
        }
    };
    // A byte in the middle of the first segment, which is closed, is not what was written.
    let segment = house.options.data_dir.join("journal").join("0000000001.journal");
    let sound = fs::read(&segment).unwrap();
    let mut damaged = sound.clone();
    damaged[20_000] ^= 1;
    fs::write(&segment, &damaged).unwrap();
    assert!(matches!(reload(&house, AFTER), Reloaded::Staged(_)));
    assert_eq!(settled(), "before");
    put(&house, "rule broken");
    assert!(house.service().reload().is_err());
    let census = house.service().engine().history().census();
    assert_eq!((settled().as_str(), census.events), ("before", 300));
    events[300..320].iter().for_each(|event| drop(send(&mut client, event)));
    fs::write(&segment, &sound).unwrap();
    assert!(matches!(reload(&house, AFTER), Reloaded::Staged(_)));
    assert_eq!(settled(), "after");
    let census = house.service().engine().history().census();
    assert_eq!(census.events, 320);
    // What the old policy kept and the new one does not ask for is gone.
    let fresh = engine(AFTER).history().census();
    let names =
        |census: &Census| census.tables.iter().map(|(name, ..)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&census), names(&fresh));
    let before = names(&engine(BEFORE).history().census());
    assert!(before.iter().any(|name| !names(&fresh).contains(name)), "{before:?}");
}
