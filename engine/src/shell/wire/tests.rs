//! The written form of hints, actions, reasons, facts, exemptions and advice, member by member.

use features::field::EventType;
use serde_json::{Value, json};

use super::*;
use crate::decision::{Action, Effect, FactorSet, Proofs, ScaScope, Strength, TraChecks};
use crate::economics::Economics;
use crate::reason::ReasonCode;
use crate::resolve::{Class, Vote, resolve};
use crate::shell::openapi;
use crate::situation::{Funding, Goods, PaymentKind, SessionAuth, Situation};
use crate::steering::Steering;
use crate::stepup::three_ds;
use crate::vector;

const NOW_MS: i64 = 1_790_000_000_000;

fn vote(rule: u16, actions: &[Action]) -> Vote {
    let mut suspects = [0.0; vector::COUNT];
    suspects[0] = 5.0;
    Vote {
        rule,
        class: Class::Hard,
        actions: actions.to_vec(),
        effects: Vec::new(),
        reason: ReasonCode::find("FRESH_CARD_SPEND").expect("a reason of the table"),
        message: None,
        suspects,
        cooldown_ms: 3_600_000,
    }
}

const CHALLENGE: Action = Action::Challenge {
    strength: Some(Strength::S2),
    prove: Proofs::NONE,
    forbid: FactorSet::NONE,
    only: FactorSet::NONE,
};

fn verdict(actions: &[Action]) -> Verdict {
    let mut situation = Situation {
        event: Some(EventType::Payment),
        time_ms: NOW_MS as f64,
        funding: Funding::Card,
        kind: PaymentKind::Remote,
        usd_minor: 14_000.0,
        base_minor: 100_000.0,
        ..Situation::unknown()
    };
    situation.session.sim_change_age_hours = 3.0;
    let vote = vote(1, actions);
    let economics = Economics::default();
    let steering = Steering::at_rest(&economics);
    resolve(&situation, Some(0.02), &[&vote], &[], &[], &economics, steering)
}

/// The payment that such a verdict may be on.
fn paid() -> Event {
    let json = json!({
        "schema_version": 1, "event_id": "p1", "event_type": "payment", "channel": "app_ios",
        "event_time_ms": NOW_MS, "account_id": "a1", "amount_minor": 100_000, "currency": "CNY",
        "payment_id": "p1", "kind": "in_app", "funding": "intl_card",
        "merchant": { "merchant_id": "m1" }, "card": { "card_token": "c1" },
        "device": { "device_id": "d1" },
    });
    Event::read(json.to_string().as_bytes(), None).expect("a payment")
}

#[test]
fn a_proof_is_bound_to_who_what_and_how_much() {
    let verdict = verdict(&[CHALLENGE]);
    let event = paid();
    let found = json_of(&hints(verdict.hints.as_ref().expect("a challenge"), &event));
    let wanted = json!({
        "account_id": "a1", "device.device_id": "d1", "amount_minor": 100_000, "currency": "CNY",
        "funding": "intl_card", "card.card_token": "c1", "merchant.merchant_id": "m1",
    });
    assert_eq!(found["bound_to"], wanted);
}

fn json_of(value: &impl Serialize) -> Value {
    serde_json::to_value(value).expect("plain data")
}

/// The names of an object's members, in the order of the text.
fn members(text: &str, object: &Value) -> Vec<String> {
    let mut names: Vec<String> =
        object.as_object().into_iter().flat_map(|o| o.keys().cloned()).collect();
    names.sort_by_key(|name| text.find(&format!("\"{name}\":")));
    names
}

#[test]
fn hints_have_every_member_of_the_schema_in_its_order() {
    let verdict = verdict(&[CHALLENGE]);
    let event = paid();
    let form = hints(verdict.hints.as_ref().expect("a challenge"), &event);
    let text = serde_json::to_string(&form).expect("plain data");
    let found = json_of(&form);
    assert_eq!(
        members(&text, &found),
        [
            "required",
            "floor",
            "must_prove",
            "options",
            "combine",
            "forbidden",
            "on_pass",
            "on_fail",
            "on_abandon",
            "bound_to",
            "message_key",
        ]
    );
    assert_eq!(found["floor"], "S2");
    assert_eq!(found["must_prove"], json!(["cardholder"]));
    assert_eq!(found["combine"], "any");
    assert_eq!(found["message_key"], "MSG_VERIFY_CARD");
    assert_eq!(found["on_fail"]["decision"], "decline");
    assert_eq!(found["on_abandon"], json!({ "decision": "decline", "cooldown_s": 0 }));
    let forbidden = json!([
        { "factor": "cvv_reentry", "why": "FACTOR_NOT_FIT_VECTOR" },
        { "factor": "sms_otp", "why": "FACTOR_SIM_RECENT" },
    ]);
    assert_eq!(found["forbidden"], forbidden);
    let first = &found["options"][0];
    assert_eq!(first["factor"], "three_ds_challenge");
    assert_eq!((&first["rank"], &first["proves"]), (&json!(1), &json!("C")));
    assert_eq!(first["three_ds"], json!({ "challenge_ind": "03", "trans_type": "01" }));
    assert_eq!(found["options"][1]["factor"], "passport_selfie");
    assert!(found["options"][1].get("three_ds").is_none());
}

#[test]
fn equal_verdicts_give_equal_bytes() {
    let event = paid();
    let text = |verdict: &Verdict| {
        let hints = verdict.hints.as_ref().map(|found| hints(found, &event));
        let reasons: Vec<ReasonForm> = verdict.reasons.iter().map(reason).collect();
        let exemption = verdict.exemption.as_ref().map(exemption);
        let actions = actions(verdict, NOW_MS);
        serde_json::to_string(&(hints, reasons, exemption, actions)).expect("plain data")
    };
    assert_eq!(text(&verdict(&[CHALLENGE])), text(&verdict(&[CHALLENGE])));
    assert_ne!(text(&verdict(&[CHALLENGE])), text(&verdict(&[CHALLENGE, Action::Review])));
}

#[test]
fn lengths_become_moments() {
    let hold = Action::Hold { ms: 60_000 };
    let limit = Action::LimitTo { minor: 500 };
    let found = json_of(&actions(&verdict(&[hold, limit, Action::FreezeCard]), NOW_MS));
    let expected = json!([
        { "action": "hold_until_ms", "until_ms": NOW_MS + 60_000 },
        { "action": "limit_to_minor", "to_minor": 500 },
        { "action": "freeze_card" },
    ]);
    assert_eq!(found, expected);
    let declined = json_of(&actions(&verdict(&[Action::Decline]), NOW_MS));
    assert_eq!(declined[0]["action"], "block_retry_until_ms");
    let until_ms = declined[0]["until_ms"].as_i64().expect("a moment");
    assert!((NOW_MS + 2_880_000..=NOW_MS + 4_320_000).contains(&until_ms));
}

#[test]
fn reasons_without_a_model_have_no_contribution() {
    let verdict = verdict(&[CHALLENGE]);
    let found = json_of(&reason(&verdict.reasons[0]));
    let expected =
        json!({ "code": "FRESH_CARD_SPEND", "num": 1006, "contribution": null, "source": "rule" });
    assert_eq!(found, expected);
}

#[test]
fn facts_are_written_as_they_are_read() {
    let fact = |name: &str, reading| Fact { name: name.to_owned(), reading };
    let facts = [
        fact("amount", Reading::Number),
        fact("flag", Reading::Bool),
        fact("kind", Reading::Category(vec!["a".to_owned(), "b".to_owned()])),
        fact("unknown", Reading::Number),
    ];
    let form = FactsForm { facts: &facts, values: &[0.1, 1.0, 1.0, f64::NAN] };
    let text = serde_json::to_string(&form).expect("plain data");
    assert_eq!(text, r#"{"amount":0.1,"flag":true,"kind":"b","unknown":null}"#);
}

#[test]
fn effects_say_which_value_comes_onto_which_list_until_when_and_who_says_so() {
    let effect = |list: &str, field: &str, ms| Effect {
        list: list.into(),
        field: features::field::find(field).expect("a field of the table"),
        ms,
        by: "r".into(),
    };
    let mut verdict = verdict(&[CHALLENGE]);
    verdict.effects = vec![
        effect("account:watched", "account_id", Some(1_000)),
        effect("seen", "network.ip", None),
    ];
    let wanted = json!([
        {"list": "account:watched", "field": "account_id", "until_ms": NOW_MS + 1_000, "by": "r"},
        {"list": "seen", "field": "network.ip", "until_ms": null, "by": "r"},
    ]);
    assert_eq!(json_of(&effects(&verdict, NOW_MS)), wanted);
}

#[test]
fn what_steered_a_decision_is_read_back_from_its_answer() {
    for (decision, exploration) in [
        ("challenge", None),
        ("decline", Some(Exploration { propensity: 0.0, is_explored: false, at_risk_usd: 0.1 })),
        ("approve", Some(Exploration { propensity: 0.01, is_explored: true, at_risk_usd: 19.9 })),
    ] {
        let told = Steered {
            challenge_price_usd: 0.1 + 0.2,
            askable: 1.0 - 1e-9,
            is_challenge: decision == "challenge",
            exploration,
        };
        let form = serde_json::to_string(&steering(&told)).expect("plain data");
        let answer = format!(
            r#"{{"event_id":"\",\"steering\":{{","decision":"{decision}","a":1,"steering":{form},"facts":{{"steering":2}}}}"#
        );
        assert_eq!(steered_in(&answer), Some(told));
        let value: Value = serde_json::from_str(&answer).expect("it is JSON");
        assert_eq!(steered(&value), Some(told));
    }
    for other in ["", "{}", r#"{"decision":"approve","facts":{}}"#] {
        assert_eq!(steered_in(other), None, "{other}");
    }
}

/// The example of the specification.
fn written_exemption() -> Exemption {
    Exemption {
        sca_scope: ScaScope::OneLegOut,
        low_value: false,
        tra: false,
        recurring: false,
        trusted: false,
        transit: false,
        tra_checks: TraChecks {
            abnormal_spend: true,
            unusual_device: false,
            malware: false,
            known_scenario: false,
            abnormal_payer_location: false,
            high_risk_payee_location: false,
        },
        low_value_count: Some(3),
        low_value_eur_minor: Some(5_420),
        liability_shift_expected: true,
    }
}

#[test]
fn an_exemption_has_every_member_of_the_written_example_in_its_order() {
    let text = serde_json::to_string(&exemption(&written_exemption())).expect("plain data");
    let written = r#"{
        "sca_scope": "one_leg_out",
        "exempt_low_value": false, "exempt_tra": false, "exempt_recurring": false,
        "exempt_trusted": false, "exempt_corporate": false, "exempt_transit": false,
        "tra_checks": {"abnormal_spend": true, "unusual_device": false, "malware": false,
                       "known_scenario": false, "abnormal_payer_location": false, "high_risk_payee_location": false},
        "low_value_count_since_sca": 3, "low_value_sum_since_sca_eur_minor": 5420,
        "liability_shift_expected": true
    }"#;
    let without_blanks: String = written.chars().filter(|letter| !letter.is_whitespace()).collect();
    assert_eq!(text, without_blanks);
}

#[test]
fn what_the_issuer_is_told_leaves_out_what_is_not_known() {
    let mut situation = Situation {
        event: Some(EventType::TourPassTopup),
        time_ms: NOW_MS as f64,
        ..Situation::unknown()
    };
    let told = |situation: &Situation| {
        let data = three_ds::issuer_data(situation, &written_exemption());
        json_of(&request(&three_ds::request(situation, "05"), &data))
    };
    let little = json!({
        "challenge_ind": "05", "trans_type": "28", "issuer_data": { "suspicious_activity": "01" },
    });
    assert_eq!(told(&situation), little);
    situation.session.auth = SessionAuth::Passkey;
    situation.session.password_change_age_hours = 10.0;
    situation.session.email_changed_ms = 0.0;
    situation.card.proven_age_days = 3.0;
    situation.card.linked_age_hours = 1_000.0;
    situation.past.account_age_hours = 600.0;
    situation.past.link_attempts_24h = 1.0;
    situation.past.attempts_24h = 2.0;
    situation.past.attempts_30d = 9.0;
    situation.past.approved_90d = 7.0;
    situation.goods = Goods::Digital;
    let much = json!({
        "challenge_ind": "05", "trans_type": "28", "req_auth_method": "06", "prior_auth_method": "02",
        "issuer_data": {
            "account_age_indicator": "03",
            "account_change_indicator": "03",
            "password_change_indicator": "03",
            "payment_account_indicator": "04",
            "add_card_attempts_day": 1,
            "past_transactions_day": 2,
            "past_transactions_year": 9,
            "purchases_last_6_months": 7,
            "suspicious_activity": "01",
            "delivery_timeframe": "01",
        },
    });
    assert_eq!(told(&situation), much);
    check_described("issuer_request", &much);
    check_described("exemption", &json_of(&exemption(&written_exemption())));
}

#[test]
fn advice_on_a_retry_says_from_when_and_after_how_many_refusals() {
    let refusals = Refusals { day: 2.0, month: 9.0, same_amount_month: f64::NAN };
    let hour = Advice::RetryAfter { ms: Some(3_600_000) };
    let found = json_of(&retry(hour, &refusals, NOW_MS));
    let written = json!({
        "advice": "retry_after", "not_before_ms": NOW_MS + 3_600_000,
        "declined_24h": 2, "declined_30d": 9, "declined_same_amount_30d": null,
    });
    assert_eq!(found, written);
    check_described("retry", &found);
    for advice in [
        Advice::NeverRetry,
        Advice::LimitReached,
        Advice::AuthenticateFirst,
        Advice::UpdateDataFirst,
        Advice::RetryAfter { ms: None },
    ] {
        let found = json_of(&retry(advice, &refusals, NOW_MS));
        assert_eq!(found["not_before_ms"], Value::Null);
        let document: Value = serde_json::from_str(openapi::document()).expect("a document");
        let known = &document["components"]["schemas"]["retry"]["properties"]["advice"]["enum"];
        assert!(known.as_array().is_some_and(|names| names.contains(&found["advice"])));
    }
}

/// Every member stands in the schema, and every member that it requires is there.
fn check_described(schema: &str, form: &Value) {
    let document: Value = serde_json::from_str(openapi::document()).expect("a document");
    let mut pairs = vec![(&document["components"]["schemas"][schema], form)];
    while let Some((schema, form)) = pairs.pop() {
        for (name, value) in form.as_object().expect("an object") {
            let property = &schema["properties"][name];
            assert!(property.is_object(), "{name} is not described");
            if value.is_object() {
                pairs.push((property, value));
            }
        }
        for name in schema["required"].as_array().expect("a list") {
            let name = name.as_str().expect("a name");
            assert!(form.get(name).is_some(), "{name} is required and not there");
        }
    }
}
