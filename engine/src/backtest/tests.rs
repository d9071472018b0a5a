//! Reports against numbers that were worked out by hand.

use super::*;
use crate::decision::{Factor, HintOption, Hints, OnPass, Proofs, Strength, Verdict};
use crate::economics::{Economics, Held};
use crate::policy::{Policy, Wanted};
use crate::reason::{MESSAGES, MessageKey};
use crate::rules::Hits;
use crate::situation::Situation;
use crate::steering::Steering;
use crate::vector::{COUNT, Posterior, Vector};

const RULES: &str = r#"
policy "three rules"
rule large "Large" on payment
  when usd_minor > 100 USD then decline because AMOUNT_UNUSUAL expect 10% .. 40%
rule huge "Huge" on payment
  when usd_minor > 1000 USD then decline because AMOUNT_UNUSUAL until 1970-01-01
rule watched "Watched" on payment, login shadow
  when usd_minor > 10 USD then decline because AMOUNT_UNUSUAL expect 1% .. 2%
exempt calm "Calm" on payment when usd_minor < 200 USD from large because TRUSTED_CONTEXT
"#;

fn rules() -> Policy {
    Policy::check(RULES, None, Wanted::Judging).expect("the text above is a policy")
}

fn judged(decision: Decision, hits: Hits, probability: Option<f64>) -> Judgement {
    let verdict = Verdict {
        decision,
        actions: Vec::new(),
        effects: Vec::new(),
        p_fraud: probability,
        risk_score: None,
        posterior: Posterior::of([0.0; COUNT]),
        reasons: Vec::new(),
        hints: None,
        exemption: None,
        message: None,
        iso8583: None,
        three_ds: None,
        stake: Economics::default().stake(&Situation::unknown(), Held::No),
        costs: None,
        exploration: None,
        askable: 0.0,
        valid_for_ms: 0,
    };
    let steering = Steering::at_rest(&Economics::default());
    Judgement { verdict, hits, probability, band: None, steering }
}

fn hints(combine: Combine, passes: &[(f64, f64)]) -> Hints {
    let option = |(legit, fraud): &(f64, f64)| HintOption {
        factor: Factor::Passkey,
        strength: Strength::S3,
        proves: Proofs::NONE,
        expected_pass_legit: *legit,
        expected_abandon_legit: 0.0,
        expected_pass_fraud: *fraud,
        expected_cost_usd: 0.0,
        three_ds: None,
        ttl_s: 60,
        max_attempts: 1,
    };
    Hints {
        floor: Strength::S1,
        remembered: None,
        must_prove: Proofs::NONE,
        options: passes.iter().map(option).collect(),
        combine,
        forbidden: Vec::new(),
        on_pass: OnPass { limit_to_minor: None, limit_for_h: None, trust_device_after_h: None },
        on_fail_cooldown_s: 0,
        message: MessageKey::find(MESSAGES[0].key).expect("the first message of the table"),
    }
}

fn case(truth: Truth, usd_minor: Option<i64>) -> Case<'static> {
    Case {
        event_id: "e",
        event_type: EventType::Payment,
        time_ms: DAY_MS,
        usd_minor,
        truth,
        story: None,
        vector: None,
        origin: Origin::default(),
    }
}

#[test]
fn money_is_what_declines_and_failed_challenges_keep_out_and_block() {
    let policy = rules();
    let mut report = Report::new(policy.rules());
    let challenge = |combine, passes: &[(f64, f64)]| {
        let mut judgement = judged(Decision::Challenge, Hits::default(), None);
        judgement.verdict.hints = Some(hints(combine, passes));
        judgement
    };
    let plain = |decision| judged(decision, Hits::default(), None);
    for (truth, usd, judgement) in [
        (Truth::Fraud, 10_000, plain(Decision::Decline)),
        (Truth::Fraud, 5_000, plain(Decision::Approve)),
        (Truth::Genuine, 3_000, plain(Decision::Decline)),
        (Truth::Genuine, 7_000, plain(Decision::Approve)),
        // The first option is asked: a quarter of the attackers pass, 0.9 of the customers.
        (Truth::Fraud, 4_000, challenge(Combine::Any, &[(0.9, 0.25), (0.5, 0.5)])),
        (Truth::Genuine, 2_000, challenge(Combine::Any, &[(0.9, 0.25), (0.5, 0.5)])),
        // Both are asked: half times half pass.
        (Truth::Fraud, 800, challenge(Combine::All, &[(0.9, 0.5), (1.0, 0.5)])),
        // Nothing is asked, it only waits.
        (Truth::Fraud, 600, challenge(Combine::Any, &[])),
        (Truth::Unknown, 1_000, plain(Decision::Decline)),
    ] {
        report.add(&policy, &[], &case(truth, Some(usd)), &judgement);
    }
    let money = report.money;
    assert_eq!((money.fraud_declined, money.genuine_declined), (10_000, 3_000));
    assert!((money.fraud_challenged - (3_000.0 + 600.0)).abs() < 1e-9);
    assert!((money.genuine_challenged - 200.0).abs() < 1e-9);
    assert!((money.fraud_missed - (5_000.0 + 1_000.0 + 200.0 + 600.0)).abs() < 1e-9);
    assert!((money.net() - 10_400.0).abs() < 1e-9);
    let (low, high) = money.bounds();
    assert!((low - 9_400.0).abs() < 1e-9 && (high - 11_400.0).abs() < 1e-9);
    let fraud = report.decisions.total().fraud;
    assert_eq!(fraud, Volume { events: 5, usd_minor: 20_400 });
    assert_eq!(report.decisions.challenge.genuine, Volume { events: 1, usd_minor: 2_000 });
}

#[test]
fn a_rule_is_weighed_by_what_it_hits_alone_and_in_company() {
    let policy = rules();
    let mut report = Report::new(policy.rules());
    let mut add = |truth, usd, hits| {
        let judgement = judged(Decision::Decline, hits, None);
        report.add(&policy, &[], &case(truth, Some(usd)), &judgement);
    };
    let none = Hits::default;
    add(Truth::Fraud, 100, Hits { hit: vec![0], shadow: vec![2], ..none() });
    add(Truth::Genuine, 50, Hits { hit: vec![0, 1], ..none() });
    add(Truth::Unknown, 30, Hits { shadow: vec![2], ..none() });
    add(Truth::Fraud, 300, Hits { suppressed: vec![(0, 0)], ..none() });
    add(Truth::Genuine, 70, Hits { undecided: vec![(0, 0), (2, 0)], ..none() });
    let [large, huge, watched] = &report.rules[..] else { panic!("three rules") };
    assert_eq!((large.seen, large.undecided, large.suppressed), (5, 1, 1));
    assert_eq!(large.hits.fraud, Volume { events: 1, usd_minor: 100 });
    assert_eq!(large.hits.genuine, Volume { events: 1, usd_minor: 50 });
    assert_eq!(large.alone.total(), Volume { events: 1, usd_minor: 100 });
    assert_eq!(large.hits.precision(), Some(0.5));
    assert_eq!((large.share(), large.band()), (Some(0.4), Band::Within));
    assert_eq!(report.recall(large), Some(0.5));
    assert_eq!(report.value_recall(large), Some(0.25));
    // It ended on the day of the cases, and hits all the same only because the test says so.
    assert_eq!((huge.seen, huge.share(), huge.band()), (0, None, Band::Unset));
    assert!(watched.is_shadow);
    assert_eq!(watched.hits.total().events, 2);
    assert_eq!(watched.alone.total(), Volume { events: 1, usd_minor: 30 });
    assert_eq!(watched.band(), Band::Above);
}

const WORTH: &str = r#"
rule first "" on payment when usd_minor > 10 USD then decline because AMOUNT_UNUSUAL
rule second "" on payment when usd_minor > 20 USD then decline because AMOUNT_UNUSUAL
rule law "" as limit on payment when usd_minor > 5000 USD then decline because LIMIT_SINGLE
exempt calm "" on payment when usd_minor < 30 USD from first because TRUSTED_CONTEXT
"#;

#[test]
fn a_rule_and_an_exemption_are_worth_what_would_be_otherwise_without_them() {
    let policy = Policy::check(WORTH, None, Wanted::Judging).expect("sound");
    let mut report = Report::new(policy.rules());
    let mut add = |truth, usd, hit: &[u16], suppressed: &[(u16, u16)]| {
        let declined = if hit.is_empty() { Decision::Approve } else { Decision::Decline };
        let suppressed = suppressed.to_vec();
        let hits = Hits { hit: hit.to_vec(), suppressed, ..Hits::default() };
        report.add(&policy, &[], &case(truth, Some(usd)), &judged(declined, hits, None));
    };
    add(Truth::Fraud, 100, &[0], &[]);
    add(Truth::Fraud, 50, &[0, 1], &[]);
    add(Truth::Genuine, 70, &[2], &[]);
    add(Truth::Genuine, 30, &[0, 2], &[]);
    add(Truth::Fraud, 300, &[], &[(0, 0)]);
    add(Truth::Fraud, 40, &[1], &[(0, 0)]);
    add(Truth::Fraud, 600, &[], &[]);
    let volume = |events, usd_minor| Volume { events, usd_minor };
    let [first, second, law] = &report.rules[..] else { panic!("three rules") };
    assert_eq!(first.marginal.fraud, volume(1, 100));
    assert_eq!(first.marginal.genuine, volume(0, 0));
    assert_eq!(second.marginal.fraud, volume(1, 40));
    assert_eq!(law.marginal.genuine, volume(1, 70));
    assert_eq!(report.overlaps(0), [(1, 1), (2, 1)]);
    assert_eq!(report.overlaps(2), [(0, 1)]);
    // What the law alone forbids is let through where the law is left out.
    assert_eq!(report.decisions.touched().genuine, volume(2, 100));
    assert_eq!(report.without_limits.touched().genuine, volume(1, 30));
    assert_eq!(report.without_limits.total(), report.decisions.total());
    let calm = &report.exemptions[0];
    assert_eq!((calm.spoke.fraud, calm.released.fraud), (volume(2, 340), volume(1, 300)));
    assert_eq!(report.fraud_raised(calm), Some(0.5));
    assert_eq!(report.value_stopped(), Some(190.0 / 1_090.0));
}

#[test]
fn a_rule_is_below_its_band_when_it_is_silent() {
    let policy = rules();
    let mut report = Report::new(policy.rules());
    let judgement = judged(Decision::Approve, Hits::default(), None);
    report.add(&policy, &[], &case(Truth::Genuine, None), &judgement);
    assert_eq!(report.rules[0].band(), Band::Below);
    assert_eq!(report.without_value, 1);
    assert_eq!(report.recall(&report.rules[0]), None);
}

#[test]
fn a_sweep_counts_what_each_threshold_flags() {
    let policy = rules();
    let mut report = Report::new(policy.rules());
    for (probability, truth, usd) in [
        (0.9, Truth::Fraud, 1_000),
        (0.5, Truth::Genuine, 300),
        (0.5, Truth::Fraud, 200),
        (0.01, Truth::Genuine, 100),
        (0.000_1, Truth::Unknown, 50),
    ] {
        let judgement = judged(Decision::Approve, Hits::default(), Some(probability));
        report.add(&policy, &[], &case(truth, Some(usd)), &judgement);
    }
    let steps = report.sweep.steps();
    let seen: Vec<_> = steps
        .iter()
        .map(|step| (step.recall, step.false_positive_rate, step.net_usd_minor()))
        .collect();
    assert_eq!(
        seen,
        [
            (Some(0.5), Some(0.0), 1_000),
            (Some(1.0), Some(0.5), 900),
            (Some(1.0), Some(1.0), 800),
            (Some(1.0), Some(1.0), 800),
        ]
    );
    for (step, probability) in steps.iter().zip([0.9, 0.5, 0.01, 0.000_1]) {
        let within = 0.97 * probability < step.threshold && step.threshold <= probability;
        assert!(within, "{} for {probability}", step.threshold);
    }
    // Of four pairs the fraud is higher in three, and one is a tie.
    assert_eq!(report.sweep.auc_roc(), Some(3.5 / 4.0));
    assert_eq!(Sweep::new().auc_roc(), None);
}

#[test]
fn a_higher_probability_is_never_in_a_lower_bin() {
    let mut last = 0;
    for step in 0..=100_000 {
        let probability = f64::from(step) / 100_000.0;
        let index = bin(probability);
        assert!(last <= index && index < BINS, "at {probability}");
        assert!(lower_edge(index) <= probability, "at {probability}");
        last = index;
    }
    assert_eq!((bin(0.0), bin(1.0)), (0, BINS - 1));
}

#[test]
fn groups_are_stories_types_and_days() {
    let policy = rules();
    let mut report = Report::new(policy.rules());
    let told = Case { story: Some("T03"), ..case(Truth::Fraud, Some(5)) };
    let late = Case { time_ms: 3 * DAY_MS - 1, ..case(Truth::Genuine, Some(7)) };
    let login = Case { event_type: EventType::Login, ..case(Truth::Genuine, None) };
    for case in [told, late, login] {
        let judgement = judged(Decision::Approve, Hits::default(), None);
        report.add(&policy, &[], &case, &judgement);
    }
    assert_eq!(report.stories["T03"].approve.fraud, Volume { events: 1, usd_minor: 5 });
    assert_eq!(report.stories.len(), 1);
    assert_eq!(report.types[&EventType::Login].total().total().events, 1);
    assert_eq!(report.days.keys().copied().collect::<Vec<_>>(), [1, 2]);
    assert_eq!(report.period_ms, Some((DAY_MS, 3 * DAY_MS - 1)));
}

#[test]
fn a_diff_keeps_the_flips_that_are_worth_most() {
    let mut diff = Diff::default();
    for usd in 0..30 {
        let case = case(Truth::Fraud, Some(usd));
        diff.add(&case, Decision::Approve, Decision::Decline);
    }
    let same = case(Truth::Genuine, Some(1_000));
    diff.add(&same, Decision::Approve, Decision::Approve);
    let first = Case { event_id: "first", ..case(Truth::Genuine, Some(20)) };
    diff.add(&first, Decision::Decline, Decision::Approve);
    assert_eq!(diff.flipped().fraud, Volume { events: 30, usd_minor: 435 });
    assert_eq!(diff.flipped().genuine, Volume { events: 1, usd_minor: 20 });
    let values: Vec<i64> = diff.largest.iter().map(|flip| flip.usd_minor).collect();
    let wanted: Vec<i64> = (20..30).rev().chain([20]).chain((11..20).rev()).collect();
    assert_eq!(values, wanted);
    assert_eq!(
        (diff.largest[9].event_id.as_str(), diff.largest[10].event_id.as_str()),
        ("e", "first")
    );
    assert_eq!(diff.pairs[&(Decision::Approve, Decision::Approve)].genuine.usd_minor, 1_000);
}

#[test]
fn the_suspected_attack_is_held_against_the_true_one() {
    let policy = rules();
    let mut report = Report::new(policy.rules());
    let mut add = |vector, decision, weights: [f64; 3]| {
        let mut judgement = judged(decision, Hits::default(), None);
        let mut all = [0.0; COUNT];
        all[..3].copy_from_slice(&weights);
        judgement.verdict.posterior = Posterior::of(all);
        let told = Case { vector, ..case(Truth::Fraud, Some(5)) };
        report.add(&policy, &[], &told, &judgement);
    };
    add(Some(Vector::V1), Decision::Decline, [0.6, 0.3, 0.1]);
    add(Some(Vector::V2), Decision::Challenge, [0.65, 0.25, 0.1]);
    add(Some(Vector::V2), Decision::Approve, [0.2, 0.8, 0.0]);
    // Nobody tells this one.
    add(None, Decision::Decline, [0.2, 0.8, 0.0]);
    let Suspicion { all, touched } = &report.suspicion;
    let near = |found: Option<f64>, wanted: f64| found.is_some_and(|f| (f - wanted).abs() < 1e-9);
    assert_eq!((all.frauds, touched.frauds), (3, 2));
    assert!(near(touched.log_loss(), -(0.6_f64.ln() + 0.25_f64.ln()) / 2.0));
    assert!(near(all.log_loss(), -(0.6_f64.ln() + 0.25_f64.ln() + 0.8_f64.ln()) / 3.0));
    // The facts say nothing, so the prior is even.
    assert!(near(all.prior_log_loss(), 9.0_f64.ln()));
    assert!(near(all.right_share(), 2.0 / 3.0) && near(touched.right_share(), 0.5));
    assert_eq!(all.confused(Vector::V2, Vector::V1), 1);
    assert_eq!(all.confused(Vector::V2, Vector::V2), 1);
    let bands: Vec<_> = all.sureness().collect();
    assert_eq!(bands.len(), 2);
    assert_eq!((bands[0].frauds, bands[0].right), (2, 1));
    assert!(near(bands[0].said(), 0.625) && near(bands[0].right_share(), 0.5));
    assert!(near(bands[1].said(), 0.8) && near(bands[1].right_share(), 1.0));
    assert_eq!(Fit::default().log_loss(), None);
}
