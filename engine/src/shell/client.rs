//! The answer that may leave the house: what the wallet's app needs, and nothing to learn from.
//!
//! A full answer is for the authorisation service. Whoever tries cards could read in it how near he
//! came: the probability, the rules, the reasons, which factors were held back and why, how long
//! things took. The app gets the decision, the message to show, the factors to ask for and a level
//! of risk in three steps. It is made of the full answer, member by member: what is new there is not
//! told here until somebody adds it.

use serde::Serialize;
use serde_json::Value;

/// The level of a score; `None` without one.
pub(crate) const LEVELS: [&str; 3] = ["low", "elevated", "high"];

/// Scores at which the higher levels begin: probabilities of one and ten per cent.
const ELEVATED_FROM: u64 = 667;
const HIGH_FROM: u64 = 840;

/// What the app has to do beside the decision; freezes, reviews and notices are the house's.
pub(crate) const ACTIONS: [&str; 4] =
    ["hold_until_ms", "limit_to_minor", "warn_interstitial", "block_retry_until_ms"];

#[derive(Serialize)]
struct ClientAnswer<'a> {
    event_id: &'a Value,
    decision: &'a Value,
    risk: Option<&'static str>,
    actions: Vec<&'a Value>,
    hints: Option<ClientHints<'a>>,
    customer_message_key: &'a Value,
    valid_until_ms: &'a Value,
}

#[derive(Serialize)]
struct ClientHints<'a> {
    options: Vec<ClientOption<'a>>,
    combine: &'a Value,
    message_key: &'a Value,
}

#[derive(Serialize)]
struct ClientOption<'a> {
    factor: &'a Value,
    rank: &'a Value,
    ttl_s: &'a Value,
    max_attempts: &'a Value,
}

/// What the app may hear of a full answer.
pub(crate) fn client(full: &str) -> String {
    let full: Value = serde_json::from_str(full).unwrap_or_default();
    let hints = &full["hints"];
    let is_for_client =
        |action: &&Value| action["action"].as_str().is_some_and(|name| ACTIONS.contains(&name));
    let answer = ClientAnswer {
        event_id: &full["event_id"],
        decision: &full["decision"],
        risk: full["risk_score"].as_u64().map(level),
        actions: list(&full["actions"]).iter().filter(is_for_client).collect(),
        hints: hints.is_object().then(|| ClientHints {
            options: list(&hints["options"]).iter().map(option).collect(),
            combine: &hints["combine"],
            message_key: &hints["message_key"],
        }),
        customer_message_key: &full["customer_message_key"],
        valid_until_ms: &full["valid_until_ms"],
    };
    // Values that were JSON before.
    serde_json::to_string(&answer).expect("an answer is always JSON")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn option(option: &Value) -> ClientOption<'_> {
    ClientOption {
        factor: &option["factor"],
        rank: &option["rank"],
        ttl_s: &option["ttl_s"],
        max_attempts: &option["max_attempts"],
    }
}

fn level(score: u64) -> &'static str {
    let steps = [ELEVATED_FROM, HIGH_FROM];
    LEVELS[steps.iter().filter(|from| **from <= score).count()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::risk_score;

    #[test]
    fn the_app_hears_what_to_do_and_nothing_of_why() {
        let full = r#"{"event_id":"e1","decision_id":"d","decision":"challenge",
            "actions":[{"action":"review"},{"action":"freeze_card"},
                       {"action":"hold_until_ms","until_ms":5}],
            "risk_score":701,"band":"b","hints":{"required":true,"floor":"S2","must_prove":["cardholder"],
            "options":[{"factor":"three_ds_challenge","rank":1,"strength":"S3","proves":"C",
                        "expected_pass_fraud":0.08,"expected_cost_usd":0.4,"ttl_s":600,"max_attempts":1,
                        "three_ds":{"challenge_ind":"03"}}],
            "combine":"any","forbidden":[{"factor":"sms_otp","why":"FACTOR_SIM_RECENT"}],
            "on_fail":{"cooldown_s":9},"message_key":"MSG_VERIFY_CARD"},
            "customer_message_key":"MSG_VERIFY_CARD","valid_until_ms":7,"ruleset_version":"r",
            "model_version":"m","degraded":["model"],"p_fraud":0.02,"reasons":[{"code":"NEW_DEVICE"}]}"#;
        let wanted = r#"{"event_id":"e1","decision":"challenge","risk":"elevated","actions":[{"action":"hold_until_ms","until_ms":5}],"hints":{"options":[{"factor":"three_ds_challenge","rank":1,"ttl_s":600,"max_attempts":1}],"combine":"any","message_key":"MSG_VERIFY_CARD"},"customer_message_key":"MSG_VERIFY_CARD","valid_until_ms":7}"#;
        assert_eq!(client(full), wanted);
        let approved = r#"{"event_id":"e1","decision":"approve","actions":[],"risk_score":null,
            "hints":null,"customer_message_key":null,"valid_until_ms":7}"#;
        let wanted = r#"{"event_id":"e1","decision":"approve","risk":null,"actions":[],"hints":null,"customer_message_key":null,"valid_until_ms":7}"#;
        assert_eq!(client(approved), wanted);
    }

    #[test]
    fn levels_begin_at_one_and_ten_per_cent() {
        for (probability, wanted) in [
            (0.0, "low"),
            (0.0099, "low"),
            (0.0101, "elevated"),
            (0.098, "elevated"),
            (0.101, "high"),
        ] {
            assert_eq!(level(u64::from(risk_score(probability))), wanted, "{probability}");
        }
    }
}
