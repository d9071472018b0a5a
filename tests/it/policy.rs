//! Every fault of a policy, shown once: the text, the code and where it points.

use engine::policy::{Policy, Sources, Wanted};
use engine::rules;
use features::diagnostic::{Diagnostic, Place};
use features::language::define;

fn faults(text: &str) -> Vec<Diagnostic> {
    Policy::check(text, None, Wanted::AllFeatures).expect_err("it is broken")
}

/// A broken text, its code, and the words its first fault of that code points at.
const CASES: &[(&str, &str, &str)] = &[
    (r#"feature a "" = amount_mior"#, "P101", "amount_mior"),
    (r#"feature a "" = median_of(base_minor)"#, "P101", "median_of"),
    (
        r#"rule r "" when card in @blocked then decline because CARD_BLOCKLISTED"#,
        "P101",
        "@blocked",
    ),
    (r#"let attempt = payment"#, "P102", "attempt"),
    (r#"feature a "" = base_minor + 5 USD"#, "P103", "base_minor + 5 USD"),
    (r#"feature a "" = funding == gold"#, "P101", "gold"),
    (r#"feature a "" = card.issuer_country == "Utopia""#, "P103", "\"Utopia\""),
    (r#"feature a "" = card.issuer_country < "CN""#, "P103", "card.issuer_country < \"CN\""),
    (r#"feature a "" = hour(base_minor)"#, "P103", "base_minor"),
    (r#"feature a "" = count(base_minor) by card over 1h"#, "P104", "base_minor"),
    (r#"rule r "" when base_minor then decline because LIMIT_SINGLE"#, "P104", "base_minor"),
    (r#"let a = account_attempt_count_1h > 3"#, "P105", "account_attempt_count_1h"),
    (
        r#"feature a "" = count(payment) by card over window"#,
        "P105",
        "count(payment) by card over window",
    ),
    (r#"feature a "" = count(payment) by colour over 1h"#, "P106", "colour"),
    (
        r#"feature a "" = count(payment) by card over 200d"#,
        "P107",
        "count(payment) by card over 200d",
    ),
    (
        r#"feature a "" = distinct(card of payment) by device over 1d offset 1d"#,
        "P107",
        "distinct(card of payment) by device over 1d offset 1d",
    ),
    (r#"list l "" = cidr ("10.0.0.0/99")"#, "P108", "\"10.0.0.0/99\""),
    (
        r#"rule r "" on login when merchant.mcc == 5732 then review because MERCHANT_RISK"#,
        "P109",
        "merchant.mcc",
    ),
    (r#"feature a "" = login then payment within 1h"#, "P112", "login then payment within 1h"),
    (
        r#"rule r "" on login when login then payment within 1h by account then review because NEW_DEVICE"#,
        "P112",
        "payment",
    ),
    (r#"rule r "" on label when true then review because MERCHANT_RISK"#, "P201", "label"),
    (r#"rule r "" when true then review because MERCHNT_RISK"#, "P202", "MERCHNT_RISK"),
    (r#"rule r "" when true then review because MERCHANT_RISK message MSG_NO"#, "P203", "MSG_NO"),
    (r#"rule r "" when true then challenge strength S9 because MERCHANT_RISK"#, "P204", "S9"),
    (
        "rule r \"\" when true then review because MERCHANT_RISK\nrule r \"\" when true then review because MERCHANT_RISK",
        "P205",
        "r",
    ),
    (r#"exempt e "" when true from nobody because TRUSTED_CONTEXT"#, "P206", "nobody"),
    (r#"rule r "" when true then review"#, "P207", "r"),
    (r#"rule r "" when true then limit 5 USD because LIMIT_SINGLE"#, "P208", "limit 5 USD"),
    ("set no_such = 1", "P209", "no_such"),
    (
        r#"rule r "" on payment when usd_minor > 5 USD then review because MERCHANT_RISK hits { usd_minor = 4 USD }"#,
        "P210",
        "{ usd_minor = 4 USD }",
    ),
    (
        r#"rule r "" when usd_minor > 5 USD then review because MERCHANT_RISK misses { usd_mino = 4 USD }"#,
        "P211",
        "usd_mino",
    ),
    ("band high = 50% .. 90%\nband low = 10% .. 60%", "P212", "high"),
    (r#"rule r "" when true then add card to @nowhere because MERCHANT_RISK"#, "P213", "@nowhere"),
    (r#"use "other.policy""#, "P215", "\"other.policy\""),
    (
        "set passkey_fee_usd = 500\nset device_biometric_bypass_v2 = 0.9\n\
         set push_number_match_fee_usd = 500\nset passport_selfie_fee_usd = 500\n\
         set support_callback_fee_usd = 500",
        "P217",
        "passport_selfie_fee_usd",
    ),
];

#[test]
fn every_fault_has_its_code_and_points_at_its_words() {
    for (text, code, words) in CASES {
        let found = faults(text);
        let fault = found.iter().find(|fault| fault.code == *code);
        let Some(fault) = fault else { panic!("{text}: wanted {code}, got {found:?}") };
        let Place::Text { start, end } = fault.place else { panic!("{text}: {fault:?}") };
        assert_eq!(&text[start as usize..end as usize], *words, "{text}: {fault:?}");
    }
}

#[test]
fn every_code_of_the_tables_is_shown() {
    // Too many facts: a family of 64 windows, 257 times.
    let windows: Vec<String> = (1..=64).map(|minutes| format!("{minutes}m")).collect();
    let family = |index| format!("feature f{index}_{{{}}} \"\" = usd_minor\n", windows.join(","));
    let many: String = (0..257).map(family).collect();
    assert!(faults(&many).iter().any(|fault| fault.code == "P110"));
    // Too many aggregates: 128 of them in each of 64 windows, three times.
    let sum = |family: usize| {
        let term =
            |n: usize| format!("count(payment where mcc_is_{family}_{n}) by card over window");
        (0..128).map(term).collect::<Vec<_>>().join(" + ")
    };
    let family = |index: usize| {
        let lets = (0..128)
            .map(|n| format!("let mcc_is_{index}_{n} = merchant.mcc == {}\n", index * 128 + n));
        let feature = format!("feature g{index}_{{{}}} \"\" = {}\n", windows.join(","), sum(index));
        lets.collect::<String>() + &feature
    };
    let many: String = (0..3).map(family).collect();
    assert!(faults(&many).iter().any(|fault| fault.code == "P110"));
    // A name that doubles thirty times, one that names itself, and a chain of ten thousand.
    let doubled: String = (1..=30).map(|n| format!("let d{n} = d{0} or d{0}\n", n - 1)).collect();
    let doubled = format!(
        "let d0 = payment\n{doubled}rule r \"\" when d30 then review because MERCHANT_RISK"
    );
    assert!(faults(&doubled).iter().any(|fault| fault.code == "P111"));
    let itself = "let a = a or payment\nrule r \"\" when a then review because MERCHANT_RISK";
    assert_eq!(faults(itself).iter().map(|f| f.code).collect::<Vec<_>>(), ["P101"]);
    let chain: String = (1..10_000).map(|n| format!("let d{n} = d{}\n", n - 1)).collect();
    assert!(faults(&format!("let d0 = payment\n{chain}")).iter().any(|f| f.code == "P111"));
    // Ten sums of thirty thousand numbers each: the longest of them is named.
    let doubled: String = (1..=14).map(|n| format!("let d{n} = d{0} + d{0}\n", n - 1)).collect();
    let rule = |n: usize| {
        let more = " + 1".repeat(n % 7);
        format!("rule r{n} \"\" when d14 + {n}{more} > 1 then review because MERCHANT_RISK\n")
    };
    let costly = format!("let d0 = geo.lat\n{doubled}{}", (0..10).map(rule).collect::<String>());
    let found = faults(&costly);
    assert_eq!(found.iter().map(|fault| fault.code).collect::<Vec<_>>(), ["P214"]);
    assert!(found[0].help.as_ref().is_some_and(|help| help.starts_with("`r6` costs most")));
    // A file that uses itself.
    let text = "use \"a.policy\"\n";
    let mut read = |_: &str| Ok(text.as_bytes().to_vec());
    let sources = Sources::gather("a.policy", text.as_bytes(), &mut read);
    let found = Policy::check_sources(&sources, None, Wanted::Judging).expect_err("it is broken");
    assert_eq!(found.iter().map(|fault| fault.code).collect::<Vec<_>>(), ["P216"]);
    let shown = |code: &str| {
        matches!(code, "P110" | "P111" | "P214" | "P216") || CASES.iter().any(|case| case.1 == code)
    };
    for (code, meaning) in define::CODES.iter().chain(rules::CODES) {
        assert!(shown(code), "{code} ({meaning}) is never shown");
    }
}

#[test]
fn a_near_miss_is_told_the_name_it_meant() {
    let found =
        faults(r#"rule r "" when acount_attempt_count_1h > 3 then decline because LIMIT_SINGLE"#);
    assert_eq!(found[0].help.as_deref(), Some("did you mean `account_attempt_count_1h`?"));
}
