//! Which proof is asked for, and why: whole answers, checked in.
//!
//! Each case is a few events under a small policy whose rules bring a suspicion, and a model that
//! always says the same. `tests/snapshots/hints/CASE.json` is what is answered to the last event: its
//! decision, hints and exemption in full. After a change, run with `GYR_BLESS=1` to write them anew,
//! and read the difference.

mod cases;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use engine::changes;
use engine::engine::Engine;
use engine::policy::{Policy, Wanted};
use engine::reason::REASONS;
use engine::shell::answer::answer;
use engine::shell::wire::Detail;
use engine::story;
use features::history::Limits;
use models::ModelDraft;
use serde_json::{Map, Value};

use crate::tidy::root;
use cases::{CASES, Case, WITH};

/// The members of an answer that say what is decided and asked, in their order.
const SHOWN: [&str; 12] = [
    "decision",
    "actions",
    "p_fraud",
    "typology_posterior",
    "expected_cost_usd",
    "reasons",
    "hints",
    "exemption",
    "customer_message_key",
    "iso8583_suggest",
    "three_ds_suggest",
    "valid_until_ms",
];

/// A model that says the same of everything.
fn model(probability: f64) -> ModelDraft {
    let base = (probability / (1.0 - probability)).ln();
    let text = format!(
        r#"{{"format": "gyrfalcon-model", "format_version": 1, "name": "always", "features": ["amount_usd"],
            "scorer": {{"forest": {{"base": {base}, "trees": [[{{"leaf": 0.0, "cover": 1.0}}]]}}}},
            "calibration": {{"map": {{"platt": {{"slope": 1.0, "intercept": 0.0}}}}, "prior_shift": 0.0}},
            "provenance": {{"learner": "boosted", "trained_from_ms": 0, "trained_to_ms": 1, "delay_ms": 0,
                "rows": 100, "frauds": 10, "seed": 1, "parameters": {{}}, "hold_out": null, "warnings": [],
                "note": ""}}}}"#
    );
    ModelDraft::read(&text).expect("a sound model")
}

/// What is answered to the last event of a case.
fn answered(case: &Case) -> Value {
    let name = case.name;
    let draft = case.probability.map(model);
    let policy = Policy::check(case.rules, draft, Wanted::Judging)
        .unwrap_or_else(|faults| panic!("{name}: {faults:?}"));
    let text = format!("story {name} \"{}\"\n{WITH}{}", case.title, case.events);
    let text = format!("{}\n  expect decision approve\n", text.trim_end());
    let stories =
        story::read(&text, &policy).unwrap_or_else(|faults| panic!("{name}: {faults:?}\n{text}"));
    let engine =
        Engine::new(Arc::new(policy), Limits { entities_max: 10_000, ..Limits::default() });
    let mut last = None;
    for event in stories[0].events() {
        let mut event = event.clone();
        let outcome = changes::decide(&engine, &mut event);
        last = Some(answer(&outcome.policy, &event, &outcome, Detail::Full));
    }
    serde_json::from_str(&last.expect("an event")).expect("an answer is JSON")
}

/// Every case with its answer; they are asked once for all tests.
static ANSWERS: LazyLock<BTreeMap<&str, Value>> =
    LazyLock::new(|| CASES.iter().map(|case| (case.name, answered(case))).collect());

#[test]
fn every_case_is_answered_as_it_is_written_down() {
    let bless = std::env::var_os("GYR_BLESS").is_some();
    let folder = root().join("tests/snapshots/hints");
    let mut wrong = String::new();
    let mut files = BTreeSet::new();
    for case in CASES {
        let answer = &ANSWERS[case.name];
        let mut page = Map::new();
        page.insert("case".to_owned(), case.title.into());
        for member in SHOWN {
            page.insert(member.to_owned(), answer[member].clone());
        }
        let text = serde_json::to_string_pretty(&Value::Object(page)).expect("plain data") + "\n";
        let file = format!("{}.json", case.name);
        let path = folder.join(&file);
        if bless {
            std::fs::create_dir_all(&folder).expect("the folder can be made");
            std::fs::write(&path, &text).expect("the snapshot can be written");
        } else if std::fs::read_to_string(&path).ok().as_deref() != Some(text.as_str()) {
            let _ = writeln!(wrong, "{file} is not what is answered now:\n{text}");
        }
        files.insert(file);
    }
    for entry in std::fs::read_dir(&folder).expect("the folder") {
        let name = entry.expect("a readable entry").file_name().to_string_lossy().into_owned();
        if !files.contains(&name) {
            let _ = writeln!(wrong, "{name} is of no case");
        }
    }
    assert!(wrong.is_empty(), "run with GYR_BLESS=1 after a change\n{wrong}");
    assert!(30 <= CASES.len() && files.len() == CASES.len(), "names are unique");
}

fn texts(answer: &Value, list: &str, member: &str) -> Vec<String> {
    let items = answer["hints"][list].as_array().cloned().unwrap_or_default();
    items.iter().filter_map(|item| item[member].as_str().map(str::to_owned)).collect()
}

#[test]
fn every_vector_leads_somewhere_and_none_to_a_factor_that_it_passes() {
    for number in 1..=9 {
        let vector = format!("V{number}");
        let of_vector: Vec<(&&str, &Value)> =
            ANSWERS.iter().filter(|(name, _)| name.starts_with(&format!("v{number}_"))).collect();
        assert!(!of_vector.is_empty(), "{vector} has no case");
        for (name, answer) in of_vector {
            let weights = answer["typology_posterior"].as_object().expect("a posterior");
            let heaviest = weights
                .iter()
                .max_by(|a, b| a.1.as_f64().unwrap_or(0.0).total_cmp(&b.1.as_f64().unwrap_or(0.0)));
            assert_eq!(heaviest.map(|(v, _)| v.as_str()), Some(vector.as_str()), "{name}");
            let offered = texts(answer, "options", "factor");
            let is_out = |factor: &str| !offered.iter().any(|f| f == factor);
            match number {
                1 => assert!(is_out("passkey") && is_out("sms_otp") && is_out("cvv_reentry")),
                3 => assert!(is_out("sms_otp") && is_out("totp") && is_out("payment_pin")),
                4 => assert!(is_out("sms_otp"), "{name}"),
                6 => assert!(is_out("passkey") && is_out("three_ds_challenge"), "{name}"),
                _ => {}
            }
        }
    }
}

#[test]
fn every_reason_against_a_factor_every_strength_and_both_ways_to_combine_are_shown() {
    let forbidden: BTreeSet<String> =
        ANSWERS.values().flat_map(|answer| texts(answer, "forbidden", "why")).collect();
    for reason in REASONS.iter().filter(|reason| reason.code.starts_with("FACTOR_")) {
        assert!(forbidden.contains(reason.code), "no case forbids because {}", reason.code);
    }
    let of_hints = |member: &str| -> BTreeSet<String> {
        let values = ANSWERS.values().filter_map(|answer| answer["hints"][member].as_str());
        values.map(str::to_owned).collect()
    };
    for floor in ["none", "S2", "S3", "S4"] {
        assert!(of_hints("floor").contains(floor), "no case has the floor {floor}");
    }
    for combine in ["any", "all"] {
        assert!(of_hints("combine").contains(combine), "no case combines by {combine}");
    }
    let offered: BTreeSet<String> =
        ANSWERS.values().flat_map(|answer| texts(answer, "options", "factor")).collect();
    for factor in engine::decision::Factor::ALL.map(engine::decision::Factor::name) {
        // The cheapest of weak factors is never the card's code.
        assert_eq!(offered.contains(factor), factor != "cvv_reentry", "{factor}");
    }
}

/// Every row of the table of floors, by the name of its case, with what must come of it.
const FLOORS: &[(&str, &str, &[&str])] = &[
    ("floor_login_known_device", "none", &["user"]),
    ("floor_login_new_device", "S2", &["user"]),
    ("floor_login_new_device_rich", "S3", &["user"]),
    ("floor_change_enrolled", "S3", &["user"]),
    ("floor_change_nothing_enrolled", "S2", &["user"]),
    ("floor_card_link", "S2", &["cardholder"]),
    ("floor_payment_small", "none", &["user"]),
    ("floor_payment_new_card", "S2", &["cardholder"]),
    ("floor_payment_new_card_proven", "none", &["user"]),
    ("floor_payment_large", "S3", &["cardholder", "user"]),
    ("floor_payment_large_card_proven", "S3", &["user"]),
    ("floor_load_small_known_card", "none", &["user"]),
    ("floor_load_large", "S2", &["cardholder", "user"]),
    ("floor_load_new_card", "S2", &["cardholder", "user"]),
    ("floor_third_party_topup", "S3", &["user"]),
    ("floor_withdrawal", "S3", &["user"]),
    ("floor_transfer_new_payee", "S3", &["user"]),
    ("floor_transfer_known_payee", "none", &["user"]),
    ("floor_recovery", "S4", &["user"]),
];

#[test]
fn every_floor_is_as_the_table_says() {
    for (name, floor, proves) in FLOORS {
        let answer = ANSWERS.get(name).unwrap_or_else(|| panic!("there is no case {name}"));
        let hints = &answer["hints"];
        assert_eq!(hints["floor"], *floor, "{name}");
        assert_eq!(hints["must_prove"], Value::from(proves.to_vec()), "{name}");
    }
    let low = &ANSWERS["floor_change_nothing_enrolled"];
    assert_eq!(low["hints"]["on_pass"]["limit_for_h"], 24);
    assert!(has_action(low, "notify_customer"));
    let recovered = &ANSWERS["floor_recovery"];
    assert_eq!(recovered["hints"]["combine"], "all");
    assert!(has_action(recovered, "hold_until_ms"));
}

fn has_action(answer: &Value, action: &str) -> bool {
    let actions = answer["actions"].as_array().cloned().unwrap_or_default();
    actions.iter().any(|entry| entry["action"] == action)
}

#[test]
fn two_failed_factors_stop_the_device_and_only_a_takeover_the_account() {
    let device = &ANSWERS["failed_two_factors"];
    let account = &ANSWERS["failed_two_factors_takeover"];
    for answer in [device, account] {
        assert_eq!(answer["decision"], "decline");
        assert_eq!(answer["reasons"][0]["code"], "CHALLENGE_FAILED");
        assert!(has_action(answer, "block_retry_until_ms"));
    }
    assert!(!has_action(device, "freeze_account") && has_action(account, "freeze_account"));
}

#[test]
fn a_recent_proof_approves_what_is_no_larger_and_no_more() {
    assert_eq!(ANSWERS["remembered_proof"]["decision"], "approve");
    let reasons = ANSWERS["remembered_proof"]["reasons"].as_array().expect("reasons");
    assert!(reasons.iter().any(|reason| reason["code"] == "TRUSTED_CONTEXT"), "{reasons:?}");
    assert_eq!(ANSWERS["remembered_proof_larger_amount"]["decision"], "challenge");
    assert_eq!(ANSWERS["remembered_proof_demanded"]["hints"]["remembered"], "S3");
}
