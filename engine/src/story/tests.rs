use std::sync::Arc;

use features::diagnostic::{Diagnostic, render};
use features::event::Event;
use serde_json::json;

use super::event::{Layer, Members};
use super::words::{Part, json_of, words_of};
use super::*;
use crate::policy::{self, Policy};

const RULES: &str = r#"
rule many_cards "" on card_link
  when count(card_link) by device over 1h >= 2 then decline because DEVICE_MANY_CARDS
rule big "" on payment when base_minor >= 1_000 CNY then challenge strength S2 because MODEL_ELEVATED
rule watched "" on payment when base_minor >= 500 CNY then review because MODEL_ELEVATED shadow
rule afar "" on payment when device_gps_merchant_distance_km > 50 then review because MODEL_ELEVATED
exempt regular "" on payment when kind == transit from big because LIST_ALLOW
"#;

fn policy(text: &str) -> Arc<Policy> {
    Arc::new(Policy::check(text, None, policy::Wanted::AllFeatures).expect("a sound policy"))
}

fn stories(text: &str) -> Vec<Story> {
    read(text, &policy(RULES)).unwrap_or_else(|faults| panic!("{}", render("x", text, &faults)))
}

fn faults(text: &str) -> Vec<Diagnostic> {
    read(text, &policy(RULES)).expect_err("it has faults")
}

const PAYMENTS: &str = "story one \"One\"
  with any account_id=a1 device.device_id=d1
  with payment currency=CNY funding=balance merchant.merchant_id=m1 kind=merchant_qr_static
";

#[test]
fn lines_are_read_as_written() {
    let text = "story one \"Title with a # in it\"  # and a comment
           with any account_id=a1 device.device_id=d1
           with payment amount_minor=100 currency=CNY merchant.merchant_id=\"5\" kind=in_app device.os=ios
           with payment funding=balance
           at -1h30m payment id=p base_minor=300 device.os=none auth_ctx.phone_changed_ms=@-1s
           expect card_attempt_count_{5m,1h} = 0, 1/2
           at 0 label ref_id=p label=fraud\n";
    let [story] = &stories(text)[..] else { panic!("one story") };
    assert_eq!((story.title.as_str(), story.line), ("Title with a # in it", 1));
    let Step::Event(event) = &story.steps[0] else { panic!("the first step is an event") };
    let got: serde_json::Value = serde_json::from_str(event.json()).expect("JSON");
    let wanted = json!({
        "schema_version": 1, "channel": "app_ios", "event_id": "p", "event_type": "payment",
        "event_time_ms": ZERO_MS - 5_400_000, "received_time_ms": ZERO_MS - 5_400_000,
        "payment_id": "p", "account_id": "a1", "device": {"device_id": "d1"}, "kind": "in_app", "funding": "balance",
        "amount_minor": 300, "currency": "CNY", "base_minor": 300,
        "merchant": {"merchant_id": "5"}, "auth_ctx": {"phone_changed_ms": ZERO_MS - 1_000}
    });
    assert_eq!(got, wanted);
    let expectations: Vec<&Expectation> = story.expectations().collect();
    let wanted =
        Wanted::Fact { name: "card_attempt_count_1h".to_owned(), value: Value::Number(0.5) };
    assert_eq!((expectations[1].line, &expectations[1].wanted), (6, &wanted));
    let Some(Step::Event(label)) = story.steps.last() else { panic!("an event comes last") };
    let label: serde_json::Value = serde_json::from_str(label.json()).expect("JSON");
    assert_eq!(label["known_time_ms"], ZERO_MS);
    assert_eq!(label.get("device"), None, "a label has no device");
}

#[test]
fn enrolled_factors_become_a_list() {
    let mut members = Members::default();
    let value = json!(true);
    members.put(Layer::Own, "factors.passkey.verified", Some(&value), Place::Whole);
    members.put(Layer::Own, "auth_ctx.session_auth", Some(&json!("pin")), Place::Whole);
    let wanted = json!({"auth_ctx": {
        "session_auth": "pin", "factors_enrolled": [{"factor": "passkey", "verified": true}]
    }});
    assert_eq!(members.json(), wanted);
}

#[test]
fn words_and_values_keep_what_quotes_and_brackets_hold() {
    let line = Part { text: "  a=\"b # c\" d=[1, \"x y\"] e # f", start: 10 };
    let words = words_of(line).expect("nothing stays open");
    let texts: Vec<&str> = words.iter().map(|word| word.text).collect();
    assert_eq!(texts, ["a=\"b # c\"", "d=[1, \"x y\"]", "e"]);
    assert_eq!(words[1].start, 10 + 12);
    let (_, list) = words[1].split_member().expect("a member");
    assert_eq!(json_of(list), Ok(json!([1, "x y"])));
    assert!(words_of(Part { text: "a=\"b", start: 0 }).is_none());
}

#[test]
fn decisions_rules_and_factors_are_told() {
    let text = format!(
        "{PAYMENTS}  at -2h payment amount_minor=1000
  expect approve
  expect rule big missed
  expect rule afar undecided
  expect factor sms_otp absent
  at -1h payment amount_minor=60000
  expect decision approve
  expect rule watched shadow
  at -30m payment amount_minor=200000 kind=transit
  expect rule big suppressed
  expect approve because LIST_ALLOW
  at -10m payment amount_minor=200000
  expect decision challenge because MODEL_ELEVATED
  expect challenge
  expect rule big hit
  at -3m card_link card.card_token=c1
  at -2m card_link card.card_token=c2
  at -1m card_link card.card_token=c3
  expect decline because DEVICE_MANY_CARDS
  expect count(card_link) by device over 1h = 2
"
    );
    let policy = policy(RULES);
    let told = stories(&text)[0].tell(&policy);
    let failed: Vec<&Check> = told.checks.iter().filter(|check| !check.holds).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert_eq!(told.checks.len(), 13);
    let names =
        told.fired.iter().map(|rule| policy.rules().rules[usize::from(*rule)].name.as_str());
    assert_eq!(names.collect::<Vec<_>>(), ["many_cards", "big", "watched"]);
}

#[test]
fn the_band_of_the_probability_is_told() {
    let text = "band low \"\" = 0% .. 50% on payment\nband high \"\" = 50% .. 100% on payment\n";
    // Little money is honest (0.27), much is not (0.73).
    let model = models::ModelDraft::read(&models::one_question(-1.0, 1.0)).expect("a sound model");
    let policy = Policy::check(text, Some(model), policy::Wanted::AllFeatures);
    let policy = Arc::new(policy.expect("a sound policy"));
    let story = |usd_minor: u32, band: &str| {
        let amounts = format!("amount_minor={} usd_minor={usd_minor}", usd_minor * 7);
        format!("{PAYMENTS}  at 0 payment {amounts}\n  expect band {band}\n")
    };
    let told = |usd_minor, band: &str| {
        read(&story(usd_minor, band), &policy).expect("sound")[0].tell(&policy)
    };
    assert!(told(1_000, "low").holds());
    assert_eq!(told(1_000, "high").checks[0].got, "low");
    assert!(told(20_000, "high").holds());
    assert_eq!(told(20_000, "low").checks[0].got, "high");
    assert_eq!(read(&story(1_000, "middle"), &policy).expect_err("unknown")[0].code, "S012");
}

#[test]
fn what_does_not_hold_is_told_with_what_came() {
    let text = format!(
        "{PAYMENTS}  at 0 payment amount_minor=200000
  expect approve
  expect decision challenge because DEVICE_MANY_CARDS
  expect rule big missed
  expect rule afar hit
  expect base_minor = 1
  expect action hold
  expect message MSG_HOLD
  expect factor passkey forbidden
  expect rule watched missed
  at 1m payment amount_minor=70000
  expect rule big hit
"
    );
    let told = stories(&text)[0].tell(&policy(RULES));
    assert!(!told.holds());
    let lines: Vec<String> = told
        .checks
        .iter()
        .map(|c| format!("{} {}: {} {} {}", c.line, c.subject, c.wanted, c.got, c.holds))
        .collect();
    assert_eq!(lines.len(), 10);
    let short = "base_minor >= 1000 CNY: is 700.00 CNY, 300.00 CNY short";
    assert_eq!(lines[9], format!("15 rule big: hit missed, {short} false"));
    assert_eq!(
        lines[0],
        "5 decision: approve challenge because MODEL_ELEVATED, SYS_DEGRADED false"
    );
    assert!(lines[1].starts_with("6 decision: challenge because DEVICE_MANY_CARDS challenge"));
    assert_eq!(lines[2], "7 rule big: missed hit false");
    let missing = "device_gps_merchant_distance_km";
    assert_eq!(lines[3], format!("8 rule afar: hit undecided without {missing} false"));
    assert_eq!(lines[4], "9 base_minor: 1 200000 false");
    assert!(lines[5].starts_with("10 action: hold none"), "{}", lines[5]);
    assert!(lines.iter().all(|line| line.ends_with("false")), "{lines:#?}");
}

#[test]
fn every_fault_is_told_at_once_with_its_place() {
    let text = "with any a=1
hope
story s
story t \"T\"
  expect approve
  at 1x payment
  at 0 paiment
  at 0 login account_id
  at 0 login \"open
  at 0 payment currency=CNY kind=bil amount_minor=1 account_id=a funding=balance
  at 0 label ref_id=p label=fraud
  expect approve
  expect card_attempt_count_{1h,24h} = 1
  expect card_atempt_count_1h = 1
  expect card_attempt_count_1h = true
  expect card_attempt_count_1h = 1 +
  at 0 login account_id=a outcome=success
  expect decision perhaps
  expect rule bigg hit
  expect rule big hitt
  expect factor sms_otp
  expect decline because NO_SUCH
  expect
story t \"T again\"
";
    let found = faults(text);
    let line = |fault: &Diagnostic| match fault.place {
        Place::Text { start, .. } => text[..start as usize].matches('\n').count() + 1,
        _ => 0,
    };
    let got: Vec<(usize, &str)> = found.iter().map(|fault| (line(fault), fault.code)).collect();
    let wanted = [
        (1, "S002"),
        (2, "S001"),
        (3, "S003"),
        (5, "S010"),
        (6, "S007"),
        (7, "S006"),
        (8, "S008"),
        (9, "S005"),
        (10, "S009"),
        (12, "S014"),
        (13, "S011"),
        (14, "S012"),
        (15, "S013"),
        (16, "S011"),
        (18, "S011"),
        (19, "S012"),
        (20, "S011"),
        (21, "S011"),
        (22, "S012"),
        (23, "S011"),
        (24, "S004"),
    ];
    let mut lines: Vec<(usize, &str)> = got.clone();
    lines.dedup();
    assert_eq!(lines, wanted, "{}", render("x.story", text, &found));
    let help = found.iter().find(|fault| fault.code == "S012").and_then(|f| f.help.as_deref());
    assert_eq!(help, Some("did you mean `card_attempt_count_1h`?"));
}

#[test]
fn a_story_that_expects_nothing_is_a_fault_and_so_is_too_much_of_everything() {
    let found = faults("story s \"S\"\n  at 0 login account_id=a outcome=success\n");
    assert_eq!(found[0].code, "S015");
    let found = faults(&"hope\n".repeat(60));
    assert_eq!((found.len(), found[FAULTS_MAX].code), (FAULTS_MAX + 1, "S016"));
    assert!(found[FAULTS_MAX].message.contains("10 more"));
}

#[test]
fn every_code_of_the_table_is_raised_by_some_text() {
    let source = include_str!("read.rs");
    for (code, _) in CODES {
        assert!(source.contains(&format!("\"{code}\"")), "nothing raises {code}");
    }
    let in_order = CODES.windows(2).all(|pair| pair[0].0 < pair[1].0);
    assert!(in_order, "codes stand in order");
}

#[test]
fn no_text_makes_reading_panic() {
    let policy = policy("");
    let whole = format!(
        "{PAYMENTS}  at 0 payment amount_minor=1 é=\"ü\"  # ñ\n  expect x_{{1h}} = [1, (2)]\n"
    );
    for end in (0..=whole.len()).filter(|end| whole.is_char_boundary(*end)) {
        let _ = read(&whole[..end], &policy);
        let _ = read(&whole[end..], &policy);
    }
    for text in
        ["\r\n", "story \"\" \"", "at =", "expect = =", "story a \"b\"\nat 99999999999w login x="]
    {
        let _ = read(text, &policy);
    }
}

#[test]
fn stories_do_not_see_each_other() {
    let lines = "  at 0 payment amount_minor=1000\n  expect account_attempt_count_1h = 0\n";
    let text = format!("{PAYMENTS}{lines}{}{lines}", PAYMENTS.replace("story one", "story two"));
    let policy = policy(RULES);
    assert!(stories(&text).iter().all(|story| story.tell(&policy).holds()));
}

#[test]
fn events_of_a_story_stand_for_themselves() {
    let text = format!("{PAYMENTS}  at 0 payment amount_minor=1000\n  expect approve\n");
    let [story] = &stories(&text)[..] else { panic!("one story") };
    let Step::Event(event) = &story.steps[0] else { panic!("an event") };
    assert!(Event::read(event.json().as_bytes(), None).is_ok());
}

#[test]
fn the_house_policy_is_held_to_its_stories() {
    let policy = policy(policy::DEFAULT_POLICY);
    let mut failures = Vec::new();
    for (name, text) in HOUSE {
        let stories =
            read(text, &policy).unwrap_or_else(|faults| panic!("{}", render(name, text, &faults)));
        for story in stories {
            let told = story.tell(&policy);
            let failed = told.checks.iter().filter(|check| !check.holds);
            failures.extend(failed.map(|check| {
                let (line, subject) = (check.line, &check.subject);
                format!("{name}:{line}: {subject}: got {}, wanted {}", check.got, check.wanted)
            }));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
