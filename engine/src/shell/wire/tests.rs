//! The written form of hints, actions, reasons and facts, member by member.

use features::field::EventType;
use serde_json::{Value, json};

use super::*;
use crate::decision::{Action, Effect, FactorSet, Proofs, Strength};
use crate::economics::Economics;
use crate::reason::ReasonCode;
use crate::resolve::{Class, Vote, resolve};
use crate::situation::{Funding, PaymentKind, Situation};
use crate::steering::Steering;
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
    situation.card.linked_age_hours = 170.0;
    situation.session.sim_change_age_hours = 3.0;
    let vote = vote(1, actions);
    let economics = Economics::default();
    let steering = Steering::at_rest(&economics);
    resolve(&situation, Some(0.02), &[&vote], &[], &[], &economics, steering)
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
    let form = hints(verdict.hints.as_ref().expect("a challenge"));
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
    let text = |verdict: &Verdict| {
        let hints = verdict.hints.as_ref().map(hints);
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
