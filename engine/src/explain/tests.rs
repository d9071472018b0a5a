use features::field::EventType;
use features::plan::Reading;

use super::*;
use crate::policy::{DEFAULT_POLICY, Policy, Wanted};

fn policy(text: &str) -> Policy {
    Policy::check(text, None, Wanted::Judging).unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// Facts of these names; all others are unknown.
fn facts(policy: &Policy, known: &[(&str, f64)]) -> Vec<f64> {
    let mut facts = vec![f64::NAN; policy.plan().facts().len()];
    facts[policy.plan().find("event_type").expect("kept")] = f64::from(EventType::Payment as u8);
    for (name, value) in known {
        facts[policy.plan().find(name).unwrap_or_else(|| panic!("{name} is kept"))] = *value;
    }
    facts
}

const RULES: &str = r#"
let at_shop = kind in (merchant_qr_static, merchant_qr_dynamic)
rule big "A large payment" on payment
  when base_minor >= 1_000 CNY and account_age_hours < 24 and not device_is_emulator
  then decline because MODEL_HIGH_RISK
rule odd "An unusual amount at a shop" on payment
  when at_shop and (account_amount_zscore_90d >= 4 or card_attempt_count_1h >= 10)
  then challenge strength S2 because AMOUNT_UNUSUAL
rule watch "" on payment when card_attempt_count_1h >= 2 then review because MODEL_ELEVATED shadow
exempt known "" on payment when account_age_hours between 10 and 20 from odd because LIST_ALLOW
rule past "" on payment when base_minor > 1 CNY then review because MODEL_ELEVATED until 2020-01-01
rule elsewhere "" on login when account_age_hours < 1 then review because MODEL_ELEVATED
"#;

const NOW: i64 = 1_790_000_000_000;

fn at_rest(policy: &Policy) -> Steering {
    Steering::at_rest(policy.economics())
}

fn explained(known: &[(&str, f64)]) -> (Policy, Explanation) {
    let policy = policy(RULES);
    let facts = facts(&policy, known);
    let explanation = explain(&policy, EventType::Payment, NOW, &facts, at_rest(&policy));
    (policy, explanation)
}

fn said(needs: &[Need]) -> Vec<String> {
    needs.iter().map(|need| format!("{}: {}", need.test.text, need.test.said(need.truth))).collect()
}

#[test]
fn a_miss_is_told_with_what_it_lacks_and_by_how_much() {
    let (policy, explanation) = explained(&[
        ("base_minor", 80_000.0),
        ("account_age_hours", 30.0),
        ("device_is_emulator", 0.0),
        ("kind", 0.0),
        ("account_amount_zscore_90d", 2.1),
        ("card_attempt_count_1h", 1.0),
    ]);
    let names: Vec<&str> = explanation
        .rules
        .iter()
        .map(|finding| policy.rules().rules[usize::from(finding.rule)].name.as_str())
        .collect();
    assert_eq!(names, ["big", "odd", "watch", "past"], "rules on other types are left out");
    let [big, odd, watch, past] = &explanation.rules[..] else { panic!("four rules") };
    let states = [big.state, odd.state, watch.state, past.state];
    assert_eq!(states, [State::Missed, State::Missed, State::Missed, State::OutOfForce]);
    let wanted = [
        "base_minor >= 1000 CNY: is 800.00 CNY, 200.00 CNY short",
        "account_age_hours < 24: is 30 hours, 6 hours too much",
    ];
    assert_eq!(said(&big.lacking), wanted);
    // The nearer of two ways out is told.
    assert_eq!(
        said(&odd.lacking),
        ["account_amount_zscore_90d >= 4: is 2.1 sigma, 1.9 sigma short"]
    );
    assert!(big.because.is_empty());
}

#[test]
fn a_hit_rests_on_its_conditions_and_an_exemption_is_named() {
    let (_, explanation) = explained(&[
        ("base_minor", 100_000.0),
        ("account_age_hours", 12.0),
        ("device_is_emulator", 0.0),
        ("kind", 0.0),
        ("account_amount_zscore_90d", 6.0),
        ("card_attempt_count_1h", 2.0),
    ]);
    let [big, odd, watch, _] = &explanation.rules[..] else { panic!("four rules") };
    assert_eq!((big.state, watch.state), (State::Hit, State::Shadow));
    assert_eq!(odd.state, State::Suppressed(0));
    assert_eq!(
        said(&big.because),
        [
            "base_minor >= 1000 CNY: is 1,000.00 CNY, exactly at the border",
            "account_age_hours < 24: is 12 hours, 12 hours below the border",
            "device_is_emulator: is false",
        ]
    );
    assert!(!big.because[2].must_hold, "it must not be an emulator");
    assert!(said(&odd.because)[0].contains("kind is merchant_qr_static"), "{:?}", odd.because);
    assert_eq!(explanation.judgement.verdict.decision, Decision::Decline);
    // One hour of a day or so more, or a cent less, and only the lookers-on remain.
    let names: Vec<(&str, &str)> =
        explanation.flips.iter().map(|flip| (flip.name.as_str(), flip.to_shown.as_str())).collect();
    assert_eq!(names[0], ("base_minor", "999.99 CNY"), "{names:?}");
    assert!(names.contains(&("account_age_hours", "24 hours")), "{names:?}");
    assert!(names.contains(&("device_is_emulator", "true")), "{names:?}");
}

#[test]
fn an_exemption_that_did_not_spare_a_rule_says_what_it_lacks() {
    let (_, explanation) = explained(&[
        ("kind", 0.0),
        ("account_amount_zscore_90d", 6.0),
        ("account_age_hours", 25.0),
    ]);
    let odd = &explanation.rules[1];
    assert_eq!((odd.state, odd.unspared.len()), (State::Hit, 1));
    let lacks = "account_age_hours between 10 and 20: is 25 hours, 5 hours too much";
    assert_eq!(said(&odd.unspared[0].lacking), [lacks]);
}

#[test]
fn an_undecided_rule_names_what_is_missing() {
    let (_, explanation) = explained(&[("base_minor", 200_000.0), ("account_age_hours", 3.0)]);
    let big = &explanation.rules[0];
    assert_eq!(big.state, State::Undecided);
    assert_eq!(said(&big.lacking), ["device_is_emulator: unknown without device_is_emulator"]);
    let to_decline: Vec<&str> =
        explanation.flips_to(Decision::Decline).map(|flip| flip.name.as_str()).collect();
    assert_eq!(to_decline, ["device_is_emulator"]);
}

#[test]
fn a_condition_of_constants_cannot_be_turned() {
    let policy = policy(
        r#"rule never "" on payment when false and base_minor > 1 CNY then review because MODEL_ELEVATED"#,
    );
    let facts = facts(&policy, &[("base_minor", 1.0)]);
    let explanation = explain(&policy, EventType::Payment, NOW, &facts, at_rest(&policy));
    assert!(explanation.rules[0].lacking.is_empty());
    assert_eq!(explanation.flips, []);
}

/// SplitMix64 (Steele, Lea and Flood 2014).
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *seed;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Facts near the thresholds of the rules, some of them unknown.
fn random_facts(policy: &Policy, event_type: EventType, seed: &mut u64) -> Vec<f64> {
    let mut facts: Vec<f64> = policy
        .plan()
        .facts()
        .iter()
        .map(|fact| {
            let drawn = next(seed);
            if drawn.is_multiple_of(2) {
                return f64::NAN;
            }
            let pick = |n: u64| ((drawn >> 8) % n) as f64;
            match &fact.reading {
                Reading::Bool => pick(2),
                Reading::Category(names) => pick(names.len() as u64),
                Reading::Key => pick(5),
                Reading::Number => match drawn % 3 {
                    0 => pick(12),
                    1 => pick(1_000) / 100.0,
                    _ => pick(1_000_000),
                },
            }
        })
        .collect();
    facts[policy.plan().find("event_type").expect("kept")] = f64::from(event_type as u8);
    // Two failed factors refuse whatever the rules say.
    facts[policy.plan().find("challenge_failed_factors_30m").expect("kept")] = 0.0;
    facts
}

#[test]
fn explanations_agree_with_what_was_decided_and_counterfactuals_come_true() {
    let texts = [DEFAULT_POLICY, RULES];
    let mut seed = 20_261_127;
    let (mut rules, mut flips, mut needs) = (0, 0, 0);
    for text in texts {
        let policy = policy(text);
        for round in 0..600 {
            let types =
                [EventType::Payment, EventType::CardLink, EventType::Login, EventType::Transfer];
            let event_type = types[round % types.len()];
            let before = seed;
            let facts = random_facts(&policy, event_type, &mut seed);
            let explanation = explain(&policy, event_type, NOW, &facts, at_rest(&policy));
            let hits = policy.judge(event_type, NOW, &facts, at_rest(&policy)).hits;
            for finding in &explanation.rules {
                let rule = &policy.rules().rules[usize::from(finding.rule)];
                let told = match finding.state {
                    State::Hit => hits.hit.contains(&finding.rule),
                    State::Shadow => hits.shadow.contains(&finding.rule),
                    State::Suppressed(by) => hits.suppressed.contains(&(finding.rule, by)),
                    State::Undecided => hits.undecided.iter().any(|(r, _)| *r == finding.rule),
                    State::Missed => rule.when.value(crate::rules::scope(&facts)) == 0.0,
                    State::OutOfForce => rule.until_ms.is_some_and(|until| until <= NOW),
                };
                assert!(told, "seed {before}: {} is not {:?}", rule.name, finding.state);
                let outline = &policy.outlines()[usize::from(finding.rule)];
                let same = outline.truth(&facts).to_bits()
                    == rule.when.value(crate::rules::scope(&facts)).to_bits()
                    || outline.truth(&facts).is_nan()
                        && rule.when.value(crate::rules::scope(&facts)).is_nan();
                assert!(same, "seed {before}: {}", rule.name);
                for need in finding.because.iter().chain(&finding.lacking) {
                    let should =
                        if finding.because.is_empty() { !need.must_hold } else { need.must_hold };
                    assert!(
                        need.truth.is_none_or(|truth| truth == should),
                        "seed {before}: {need:?}"
                    );
                    // A margin is what it would take: the value moved by it stands at the border.
                    if let Some(gap) = &need.test.gap {
                        assert!(0.0 <= gap.by && gap.by.is_finite(), "seed {before}: {gap:?}");
                    }
                    needs += 1;
                }
                rules += 1;
            }
            let now = explanation.judgement.verdict.decision;
            for flip in &explanation.flips {
                let mut changed = facts.clone();
                changed[usize::from(flip.fact)] = flip.to;
                let then =
                    policy.judge(event_type, NOW, &changed, at_rest(&policy)).verdict.decision;
                assert_eq!(then, flip.decision, "seed {before}: {flip:?}");
                assert_ne!(then, now, "seed {before}: {flip:?}");
                flips += 1;
            }
        }
    }
    println!("{rules} rules, {needs} conditions, {flips} flips");
    assert!(8_000 < rules && 200 < flips && 8_000 < needs);
}

#[test]
fn a_margin_is_the_way_to_the_border() {
    let policy = policy(
        r#"rule r "" on payment when account_amount_zscore_90d >= 4 then review because MODEL_ELEVATED"#,
    );
    let mut seed = 7;
    for _ in 0..1_000 {
        let value = (next(&mut seed) % 2_000) as f64 / 200.0;
        let facts = facts(&policy, &[("account_amount_zscore_90d", value)]);
        let explanation = explain(&policy, EventType::Payment, NOW, &facts, at_rest(&policy));
        let Form::Test(test) = &explanation.rules[0].condition.form else { panic!("one test") };
        let gap = test.gap.as_ref().expect("both sides are known");
        assert_eq!((gap.value, gap.by, gap.is_below), (value, (4.0 - value).abs(), value < 4.0));
    }
}

#[test]
fn the_amount_at_which_a_decision_turns_is_found_to_the_cent() {
    let decide = |amount: i64| {
        Some(match amount {
            ..=1_999 => Decision::Approve,
            2_000..=99_999 => Decision::Challenge,
            _ => Decision::Decline,
        })
    };
    let found = amount_flips(50_000, &mut |amount| decide(amount));
    let wanted = [
        AmountFlip { amount_minor: 1_999, decision: Decision::Approve },
        AmountFlip { amount_minor: 100_000, decision: Decision::Decline },
    ];
    assert_eq!(found, wanted);
    assert_eq!(amount_flips(5, &mut |amount| decide(amount)).len(), 1, "less never turns");
    assert_eq!(amount_flips(5, &mut |_| Some(Decision::Approve)), []);
    assert_eq!(amount_flips(5, &mut |_| None), []);
}

#[test]
fn the_model_tells_what_it_made_of_its_facts() {
    let model = models::ModelDraft::read(crate::policy::DEFAULT_MODEL).expect("the bundled model");
    let policy = Policy::check(DEFAULT_POLICY, Some(model), Wanted::Judging).expect("sound");
    let mut seed = 11;
    let facts = random_facts(&policy, EventType::Payment, &mut seed);
    let explanation = explain(&policy, EventType::Payment, NOW, &facts, at_rest(&policy));
    assert!(!explanation.shares.is_empty());
    let sizes: Vec<f64> = explanation.shares.iter().map(|share| share.log_odds.abs()).collect();
    assert!(sizes.windows(2).all(|pair| pair[1] <= pair[0]), "{sizes:?}");
    let known = |share: &Share| policy.plan().find(&share.name).is_some();
    assert!(explanation.shares.iter().all(known));
}
