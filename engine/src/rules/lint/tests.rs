//! Warnings that must come, and sound texts that must stay without.
#![allow(clippy::unwrap_used)]

use features::diagnostic::{Diagnostic, Place};

use crate::policy::{DEFAULT_POLICY, Policy, Wanted};

fn warnings(text: &str) -> Vec<Diagnostic> {
    let policy = Policy::check(text, None, Wanted::Judging);
    policy.unwrap_or_else(|faults| panic!("{text}: {faults:?}")).warnings().to_vec()
}

/// A rule on payments with this condition.
fn rule(on: &str, when: &str) -> String {
    format!("rule r \"\" on {on} when {when} then review because MERCHANT_RISK")
}

/// Code and the words pointed at.
fn found(text: &str) -> Vec<(&'static str, String)> {
    let words = |warning: &Diagnostic| match warning.place {
        Place::Text { start, end } => text[start as usize..end as usize].to_owned(),
        _ => String::new(),
    };
    warnings(text).iter().map(|warning| (warning.code, words(warning))).collect()
}

#[test]
fn the_house_policies_have_nothing_odd() {
    for text in [DEFAULT_POLICY, include_str!("../../../policies/handbook.policy")] {
        let warnings = warnings(text);
        let drawn = features::diagnostic::render("policy", text, &warnings);
        assert!(warnings.is_empty(), "{drawn}");
    }
}

#[test]
fn conditions_that_can_never_be_true_are_told() {
    for (when, code, at) in [
        ("amount_usd > 5 and amount_usd < 3", "P301", "amount_usd < 3"),
        ("kind == bill and kind == travel", "P301", "kind == travel"),
        ("kind in (bill, travel) and not kind != transit", "P301", "kind != transit"),
        ("account_attempt_count_1h < 0", "P301", "account_attempt_count_1h < 0"),
        (
            "account_attempt_count_1h > 3 and account_attempt_count_1h < 4",
            "P301",
            "account_attempt_count_1h < 4",
        ),
        ("count(payment) by card over 1h <= -1", "P301", "count(payment) by card over 1h <= -1"),
        ("bin_decline_ratio_1h >= 60", "P301", "bin_decline_ratio_1h >= 60"),
        ("missing(amount_usd) and amount_usd > 3", "P301", "amount_usd > 3"),
        (
            "card.issuer_country in (\"CN\", \"US\") and card.issuer_country == \"JP\"",
            "P301",
            "card.issuer_country == \"JP\"",
        ),
        ("ip_is_tor and not ip_is_tor", "P301", "ip_is_tor"),
        (
            "base_minor < account_inflow_amount_24h and account_inflow_amount_24h < base_minor",
            "P301",
            "account_inflow_amount_24h < base_minor",
        ),
        (
            "account_amount_zscore_90d > 3 and not (account_amount_zscore_90d > 2 or ip_is_tor)",
            "P301",
            "account_amount_zscore_90d > 2",
        ),
        (
            "(amount_usd < 3 or amount_usd > 9) and amount_usd between 4 and 8",
            "P301",
            "amount_usd < 3",
        ),
    ] {
        let text = rule("payment", when);
        assert_eq!(found(&text), [(code, at.to_owned())], "{when}");
    }
}

#[test]
fn branches_and_parts_that_change_nothing_are_told() {
    for (when, code, at) in [
        ("amount_usd > 5 and amount_usd > 3", "P304", "amount_usd > 3"),
        ("amount_usd > 5 and amount_usd > 5", "P304", "amount_usd > 5"),
        ("amount_usd > 5 and kind != transit and kind == bill", "P304", "kind != transit"),
        (
            "amount_usd > 5 and account_attempt_count_1h >= 0",
            "P304",
            "account_attempt_count_1h >= 0",
        ),
        ("amount_usd > 5 or amount_usd > 3", "P304", "amount_usd > 5"),
        ("amount_usd > 5 or account_attempt_count_1h < 0", "P302", "account_attempt_count_1h < 0"),
        ("amount_usd > 5 and (ip_is_tor or amount_usd < 3)", "P302", "amount_usd < 3"),
        (
            "ip_is_tor or amount_usd > 5 and amount_usd < 3",
            "P302",
            "amount_usd > 5 and amount_usd < 3",
        ),
        ("amount_usd > 5 or amount_usd <= 5", "P303", "amount_usd > 5 or amount_usd <= 5"),
        ("account_attempt_count_1h >= 0", "P303", "account_attempt_count_1h >= 0"),
        ("amount_usd == 3.25", "P313", "amount_usd == 3.25"),
        (
            "(event_time_ms or else received_time_ms) - received_time_ms > 3s",
            "P314",
            "(event_time_ms or else received_time_ms)",
        ),
    ] {
        let text = rule("payment", when);
        assert_eq!(found(&text), [(code, at.to_owned())], "{when}");
    }
}

#[test]
fn event_types_on_which_nothing_can_be_decided_are_told() {
    for (on, when, code, at) in [
        ("payment, login", "merchant.mcc == 5944", "P305", "login"),
        (
            "login",
            "payment and amount_usd > 5 and ip_is_tor",
            "P306",
            "payment and amount_usd > 5 and ip_is_tor",
        ),
        ("login", "payment and ip_is_tor", "P306", "payment and ip_is_tor"),
        ("login, payment", "payment and ip_is_tor", "P306", "login"),
    ] {
        let text = rule(on, when);
        assert_eq!(found(&text), [(code, at.to_owned())], "{on}: {when}");
    }
}

#[test]
fn what_is_sound_stays_without_a_warning() {
    for when in [
        "true",
        "amount_usd > 5 and amount_usd < 6",
        "amount_usd > 3 or amount_usd < 5 and ip_is_tor",
        "account_attempt_count_1h >= 3 and account_attempt_count_1h <= 3",
        "kind in (bill, travel) and kind != travel",
        "missing(amount_usd) or amount_usd > 3",
        "not missing(amount_usd) and ip_is_tor",
        "(geo_speed_kmh <= 1_000 or else true) and ip_is_tor",
        "card in @l or ip_is_tor",
        "card not in @l and ip_is_tor",
        "merchant_fraud_rate_30d == 0 and ip_is_tor",
        "(if ip_is_tor then amount_usd > 5 else amount_usd > 3) and amount_usd < 4",
        "base_minor > last(base_minor of card_attempt) by card over 24h",
        "count(payment) by card over 1h > count(payment) by card over 24h",
    ] {
        let text = format!("list l \"\" = value ()\n{}", rule("payment", when));
        let told: Vec<_> = found(&text).into_iter().filter(|(code, _)| *code != "P310").collect();
        assert_eq!(told, [], "{when}");
    }
    // What a name stands for is judged where it is used, as a whole.
    let text = format!(
        "let money = payment or transfer\n{}",
        rule("payment, transfer, login", "money and ip_is_tor or login and ip_is_tor")
    );
    assert_eq!(found(&text), []);
}

#[test]
fn rules_that_say_nothing_new_are_told() {
    let two = |a: &str, b: &str| {
        format!(
            "rule a \"\" on payment when {a} because MERCHANT_RISK\n\
             rule b \"\" on payment when {b} because MERCHANT_RISK"
        )
    };
    let told = |a: &str, b: &str| found(&two(a, b));
    let b = |code| vec![(code, "b".to_owned())];
    let same =
        ("ip_is_tor and amount_usd > 5 then review", "amount_usd > 5 and ip_is_tor then review");
    assert_eq!(told(same.0, same.1), b("P308"));
    let counts =
        ("account_attempt_count_1h > 4 then review", "account_attempt_count_1h >= 5 then review");
    assert_eq!(told(counts.0, counts.1), b("P308"));
    assert_eq!(
        told("amount_usd > 3 then review", "amount_usd > 5 and ip_is_tor then review"),
        b("P309")
    );
    assert_eq!(told("amount_usd > 3 then decline", "amount_usd > 5 then challenge"), b("P309"));
    assert_eq!(
        told(
            "amount_usd > 3 or ip_is_tor then review",
            "ip_is_tor and kind == bill or amount_usd > 4 then review"
        ),
        b("P309")
    );
    assert_eq!(told("amount_usd > 3 then challenge", "amount_usd > 5 then decline"), []);
    assert_eq!(told("amount_usd > 3 then decline", "amount_usd > 5 then review"), []);
    assert_eq!(told("amount_usd > 3 and ip_is_tor then review", "amount_usd > 5 then review"), []);
}

#[test]
fn names_and_exemptions_in_vain_are_told() {
    let text = "let a = payment\nlist l \"\" = value (\"x\")\nfeature f_{1h,24h} \"\" = count(payment) by card over window\n\
                rule r \"\" on payment when ip_is_tor then review because MERCHANT_RISK\n\
                rule s \"\" on login when ip_is_tor then review because MERCHANT_RISK shadow\n\
                exempt e \"\" on payment when amount_usd < 3 from r, s\n\
                exempt g \"\" on login when account_attempt_count_1h < 3 from s";
    let found = found(text);
    let codes: Vec<(&str, &str)> = found.iter().map(|(code, at)| (*code, at.as_str())).collect();
    assert_eq!(codes, [("P310", "a"), ("P310", "l"), ("P310", "f_"), ("P311", "s"), ("P312", "s")]);
}

#[test]
fn what_depends_on_the_day_is_told_by_the_day() {
    let text = "rule r \"\" on payment when ip_is_tor then review because MERCHANT_RISK until 2026-06-30 owner \"x\"";
    let (policy, _) = features::language::parse(text);
    let day = |ms: i64| super::of_the_day(&policy, ms, false).len();
    let end = crate::rules::check::end_of_day("2026-06-30").unwrap();
    assert_eq!((day(end - 1), day(end)), (0, 1));
    let strict = super::of_the_day(&policy, 0, true);
    assert_eq!(strict.iter().map(|w| w.code).collect::<Vec<_>>(), ["P315"]);
}

#[test]
fn more_warnings_than_are_shown_are_counted() {
    let text: String = (0..70).map(|n| format!("let a{n} = payment\n")).collect();
    let text = format!("{text}{}", rule("payment", "ip_is_tor"));
    let warnings = warnings(&text);
    assert_eq!(warnings.len(), 51);
    assert!(warnings[50].code == "P300" && warnings[50].message.contains("20 more"));
}

/// As many rules as a text may hold, with four predicates each, over facts and bounds that many share.
#[test]
fn a_text_full_of_rules_is_looked_at() {
    let names =
        ["amount_usd", "account_attempt_count_1h", "device_distinct_cards_24h", "geo_speed_kmh"];
    let rule = |n: u32| {
        let part = |(k, name): (u32, &&str)| format!("{name} > {}", (n * 31 + n / 7 * k) % 997);
        let when: Vec<String> = (0..4).zip(&names).map(part).collect();
        format!("rule r{n} \"\" when {} then review because MERCHANT_RISK\n", when.join(" and "))
    };
    let text: String = (0..5_000).map(rule).collect();
    let warnings = warnings(&text);
    assert_eq!(warnings.len(), 51, "{:?}", warnings.first());
    assert!(warnings.iter().all(|w| matches!(w.code, "P300" | "P308" | "P309")));
}
