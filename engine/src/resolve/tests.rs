//! The lattice in pairs, the cost rule at its borders, reasons, and a hundred thousand accidents.

use features::field::ids;

use super::*;
use crate::decision::{Combine, Exploration, Factor, FactorSet, Proof, Proofs, Strength};
use crate::situation::{FACTS, Funding, Line, PaymentKind, SessionAuth, ThreeDsStatus};
use crate::vector::COUNT;

const HOUR_MS: i64 = 3_600_000;
const NOW_MS: f64 = 1_000.0 * HOUR_MS as f64;

const CLASSES: [Class; 5] =
    [Class::Guard, Class::Limit, Class::Block, Class::Hard, Class::Challenge];

const CHALLENGE: Action = Action::Challenge {
    strength: None,
    prove: Proofs::NONE,
    forbid: FactorSet::NONE,
    only: FactorSet::NONE,
};

/// One action of each severity, strongest first.
const LADDER: [Action; 4] =
    [Action::Decline, Action::Hold { ms: 12 * HOUR_MS }, CHALLENGE, Action::Review];

fn code(name: &str) -> ReasonCode {
    ReasonCode::find(name).expect("a reason of the table")
}

pub(super) fn vote(rule: u16, class: Class, actions: &[Action], reason: &str) -> Vote {
    Vote {
        rule,
        class,
        actions: actions.to_vec(),
        effects: Vec::new(),
        reason: code(reason),
        message: None,
        suspects: [0.0; COUNT],
        cooldown_ms: 0,
    }
}

/// An equipped customer who pays 140 USD by card.
pub(super) fn paying() -> Situation {
    let long_ago = NOW_MS - 900.0 * HOUR_MS as f64;
    let mut situation = Situation {
        event: Some(EventType::Payment),
        time_ms: NOW_MS,
        funding: Funding::Card,
        kind: PaymentKind::Remote,
        usd_minor: 14_000.0,
        base_minor: 100_000.0,
        ..Situation::unknown()
    };
    situation.past.hours_since_arrival = 50.0;
    situation.enrolled.passkey_ms = long_ago;
    situation.session.phone_verified_ms = long_ago;
    situation.session.line = Line::Mobile;
    situation
}

/// The same customer sends money.
fn sending() -> Situation {
    Situation { event: Some(EventType::Transfer), funding: Funding::Other, ..paying() }
}

/// The same customer takes money out, where no victim is suspected first.
fn withdrawing() -> Situation {
    Situation { event: Some(EventType::Withdrawal), ..sending() }
}

/// The verdict as if nothing had been decided before.
fn resolve_at_rest(
    situation: &Situation,
    probability: Option<f64>,
    votes: &[&Vote],
    exemptions: &[ReasonCode],
    contributions: &[(ReasonCode, f64)],
    economics: &Economics,
) -> Verdict {
    let steering = Steering::at_rest(economics);
    resolve(situation, probability, votes, exemptions, contributions, economics, steering)
}

pub(super) fn judged(situation: &Situation, probability: Option<f64>, votes: &[&Vote]) -> Verdict {
    let verdict = resolve_at_rest(situation, probability, votes, &[], &[], &Economics::default());
    check_shape(&verdict);
    verdict
}

/// What holds of every verdict.
fn check_shape(verdict: &Verdict) {
    assert!((1..=8).contains(&verdict.reasons.len()));
    for line in &verdict.reasons {
        let class = line.code.class();
        let of_class = verdict.reasons.iter().filter(|l| l.code.class() == class).count();
        assert!(of_class <= 2, "{of_class} reasons of class {class}");
        assert_eq!(verdict.reasons.iter().filter(|l| l.code == line.code).count(), 1);
    }
    assert_eq!(verdict.hints.is_some(), verdict.decision == Decision::Challenge);
    if let Some(hints) = &verdict.hints {
        assert!((1..=4).contains(&hints.options.len()));
        assert_eq!(Some(hints.message), verdict.message);
        for option in &hints.options {
            assert!(option.expected_cost_usd.is_finite());
            assert!((0.0..=1.0).contains(&option.expected_pass_legit));
            assert!((0.0..=1.0 + 1e-9).contains(&option.expected_pass_fraud));
            let is_forbidden = hints.forbidden.iter().any(|f| f.factor == option.factor);
            assert!(!is_forbidden, "{} is asked and forbidden", option.factor.name());
        }
    }
    if verdict.decision == Decision::Decline {
        assert!(verdict.message.is_some(), "every decline has a way forward");
    }
    for action in &verdict.actions {
        match action {
            Modifier::HoldFor { ms } => {
                assert!((0..=WAIT_MS_MAX).contains(ms) && verdict.decision == Decision::Challenge);
            }
            Modifier::BlockRetryFor { ms } => {
                assert!((0..=WAIT_MS_MAX / 5 * 6).contains(ms), "{ms}");
                assert_eq!(verdict.decision, Decision::Decline);
            }
            _ => {}
        }
    }
    let top = verdict.posterior.top();
    let weights: f64 = top.iter().map(|(_, weight)| weight).sum();
    assert!(weights <= 1.0 + 1e-9 && top.is_sorted_by(|a, b| a.1 >= b.1));
    assert_eq!(verdict.risk_score.is_some(), verdict.p_fraud.is_some());
    assert!(verdict.actions.is_sorted() && verdict.valid_for_ms == 300_000);
}

fn decision_of(action: &Action) -> Decision {
    match action {
        Action::Decline => Decision::Decline,
        Action::Hold { .. } | Action::Challenge { .. } => Decision::Challenge,
        _ => Decision::Approve,
    }
}

#[test]
fn any_two_votes_meet_in_the_stronger_and_the_higher_class_speaks() {
    let reasons = ["LIMIT_SINGLE", "DEVICE_MANY_CARDS"];
    let mut pairs = 0;
    for (first_class, second_class) in CLASSES.iter().flat_map(|a| CLASSES.map(|b| (*a, b))) {
        for (first_at, second_at) in (0..4).flat_map(|a| (0..4).map(move |b| (a, b))) {
            let first = vote(1, first_class, &[LADDER[first_at]], reasons[0]);
            let second = vote(2, second_class, &[LADDER[second_at]], reasons[1]);
            for probability in [None, Some(0.000_1)] {
                let forth = judged(&sending(), probability, &[&first, &second]);
                let back = judged(&sending(), probability, &[&second, &first]);
                assert_eq!(forth, back, "the order of votes must not matter");
                let strongest = LADDER[first_at.min(second_at)];
                assert_eq!(forth.decision, decision_of(&strongest), "{first:?} {second:?}");
                let leads =
                    if (first_at, first_class, 1) < (second_at, second_class, 2) { 0 } else { 1 };
                assert_eq!(forth.reasons[0].code, code(reasons[leads]), "{first:?} {second:?}");
                pairs += 1;
            }
        }
    }
    assert_eq!(pairs, 5 * 5 * 4 * 4 * 2);
}

#[test]
fn one_more_vote_never_softens_what_the_votes_demand() {
    let decide =
        |probability: Option<f64>, votes: &[&Vote]| judged(&sending(), probability, votes).decision;
    for class in CLASSES {
        for (at, action) in LADDER.iter().enumerate() {
            let base = vote(1, class, &[*action], "AMOUNT_UNUSUAL");
            for (more_at, more) in LADDER.iter().enumerate() {
                let extra = vote(2, Class::Challenge, &[*more], "NEW_DEVICE");
                assert!(decide(None, &[&base]) <= decide(None, &[&base, &extra]));
                // With a probability, a hold may save what cost alone would refuse.
                let is_no_stronger = at <= more_at;
                for p in [0.0, 0.01, 0.05, 0.3, 0.95, 1.0] {
                    let is_softer = decide(Some(p), &[&base, &extra]) < decide(Some(p), &[&base]);
                    assert!(!(is_no_stronger && is_softer), "{p} {base:?} {extra:?}");
                }
            }
        }
    }
}

#[test]
fn a_decline_takes_holds_limits_and_warnings_with_it_and_keeps_the_rest() {
    let all = [
        Action::Decline,
        Action::Hold { ms: HOUR_MS },
        Action::Review,
        Action::LimitTo { minor: 5 },
        Action::FreezeAccount,
        Action::FreezeCard,
        Action::NotifyCustomer,
        Action::DelaySettlement,
        Action::WarnInterstitial,
    ];
    let verdict = judged(&sending(), None, &[&vote(1, Class::Hard, &all, "OTP_RELAY")]);
    assert_eq!(
        verdict.actions,
        [
            Modifier::Review,
            Modifier::FreezeAccount,
            Modifier::FreezeCard,
            Modifier::NotifyCustomer,
            Modifier::DelaySettlement,
        ]
    );
    let verdict = judged(&sending(), None, &[&vote(1, Class::Hard, &all[1..], "OTP_RELAY")]);
    assert!(verdict.actions.contains(&Modifier::HoldFor { ms: HOUR_MS }));
    assert!(verdict.actions.contains(&Modifier::LimitTo { minor: 5 }));
    assert!(verdict.actions.contains(&Modifier::WarnInterstitial));
    assert_eq!(verdict.actions.len(), 8);
}

#[test]
fn the_longest_hold_and_the_lowest_limit_win() {
    let short = vote(1, Class::Hard, &[Action::Hold { ms: HOUR_MS }], "MULE_FAN_IN");
    let long = vote(2, Class::Hard, &[Action::Hold { ms: 24 * HOUR_MS }], "MULE_FAN_IN");
    let wide = vote(3, Class::Hard, &[Action::LimitTo { minor: 900 }], "ENVELOPE_RING");
    let tight = vote(4, Class::Hard, &[Action::LimitTo { minor: 100 }], "ENVELOPE_RING");
    let verdict = judged(&withdrawing(), Some(0.001), &[&short, &long, &wide, &tight]);
    let expected = [Modifier::HoldFor { ms: 24 * HOUR_MS }, Modifier::LimitTo { minor: 100 }];
    assert_eq!(verdict.actions, expected);
    let hints = verdict.hints.expect("a hold is a challenge to wait");
    assert_eq!(hints.options[0].factor, Factor::CoolOffHold);
    assert_eq!(hints.on_pass.limit_to_minor, Some(100));
    assert_eq!(hints.message.key(), "MSG_HOLD");
}

#[test]
fn without_votes_the_cheapest_answer_wins_and_the_band_has_its_borders() {
    let decide = |p: f64| judged(&paying(), Some(p), &[]).decision;
    assert_eq!(decide(0.000_5), Decision::Approve);
    assert_eq!(decide(0.05), Decision::Challenge);
    assert_eq!(decide(0.899), Decision::Decline);
    let mut last = Decision::Approve;
    for step in 0..=1_000 {
        let decision = decide(f64::from(step) / 1_000.0);
        assert!(last <= decision, "the decision softened at {step}");
        last = decision;
    }
}

#[test]
fn the_short_way_to_an_approval_gives_what_the_long_way_gives() {
    let economics = Economics::default();
    let mut approved = 0;
    for usd_minor in [50.0, 500.0, 2_800.0, 14_000.0, 70_000.0, 300_000.0] {
        let situation = Situation { usd_minor, base_minor: 7.14 * usd_minor, ..paying() };
        let suspicion = posterior(&situation, []);
        let stake = economics.stake(&situation, Held::No);
        for step in 0..2_000 {
            let probability = f64::from(step) / 20_000.0;
            let question = Question {
                situation: &situation,
                posterior: &suspicion,
                economics: &economics,
                stake: &stake,
                probability,
                remembered: None,
            };
            let choice = stepup::choose(&question, std::iter::empty());
            let costs = economics.costs(probability, &stake, choice.as_ref().map(Choice::ask));
            let challenge = costs.challenge.unwrap_or(f64::INFINITY);
            let cheapest = if costs.approve <= challenge && costs.approve <= costs.decline {
                approved += 1;
                Decision::Approve
            } else if challenge <= costs.decline {
                Decision::Challenge
            } else {
                Decision::Decline
            };
            let found = judged(&situation, Some(probability), &[]).decision;
            assert_eq!(found, cheapest, "{usd_minor} at {probability}");
        }
    }
    assert!(100 < approved, "{approved}");
}

#[test]
fn near_certainty_is_refused_unless_the_victim_or_the_customer_acts() {
    let mut big = sending();
    big.enrolled.passkey_ms = NOW_MS - 900.0 * HOUR_MS as f64;
    let mut suspecting = |at: usize, p: f64| {
        let mut suspicion = vote(1, Class::Challenge, &[Action::Review], "COACHED_TRANSFER");
        suspicion.suspects[at] = 50.0;
        // So cheap a customer that cost alone would never refuse.
        big.usd_minor = 1.0;
        let mut economics = Economics::default();
        economics.set("customer_value_usd", 1e6).expect("in range");
        resolve_at_rest(&big, Some(p), &[&suspicion], &[], &[], &economics)
    };
    for at in 0..COUNT {
        let is_refused = suspecting(at, 0.90).decision == Decision::Decline;
        assert_eq!(is_refused, at != 5 && at != 7, "V{}", at + 1);
        assert_ne!(suspecting(at, 0.899).decision, Decision::Decline, "V{}", at + 1);
    }
}

#[test]
fn a_sale_is_refused_for_a_dispute_to_come_only_where_that_is_likely() {
    let mut suspicion = vote(1, Class::Challenge, &[Action::Review], "MERCHANT_RISK");
    suspicion.suspects[Vector::V8 as usize] = 1.0;
    let mut answered = paying();
    answered.card.three_ds_status = ThreeDsStatus::Authenticated;
    let gift =
        Situation { event: Some(EventType::PromoRedemption), benefit_minor: 100_000.0, ..paying() };
    let decide = |situation: &Situation, p: f64| judged(situation, Some(p), &[&suspicion]).decision;
    for p in [0.3, 0.499] {
        assert_eq!(decide(&paying(), p), Decision::Challenge, "{p}: his issuer can be asked");
        assert_eq!(decide(&answered, p), Decision::Approve, "{p}: his issuer has answered");
        assert_eq!(decide(&gift, p), Decision::Decline, "{p}: a gift is no sale");
    }
    for p in [0.5, 1.0] {
        assert_eq!(decide(&paying(), p), Decision::Decline, "{p}");
        assert_eq!(decide(&answered, p), Decision::Decline, "{p}");
    }
    let evidence = vote(2, Class::Block, &[Action::Decline], "CARD_BLOCKLISTED");
    let refused = judged(&answered, Some(0.3), &[&suspicion, &evidence]).decision;
    assert_eq!(refused, Decision::Decline, "a rule may know more");
}

#[test]
fn a_demanded_challenge_is_never_approved_and_only_refused_when_cheaper() {
    let demand = vote(1, Class::Challenge, &[CHALLENGE], "NEW_DEVICE");
    for p in [0.0, 1e-9, 0.001, 0.01, 0.1] {
        let verdict = judged(&paying(), Some(p), &[&demand]);
        assert_eq!(verdict.decision, Decision::Challenge, "{p}");
        assert_eq!(verdict.reasons[0].code, code("NEW_DEVICE"));
    }
    let refused = judged(&paying(), Some(0.89), &[&demand]);
    assert_eq!(refused.decision, Decision::Decline);
    assert_eq!(refused.reasons[0].code, codes::MODEL_HIGH_RISK);
    assert_eq!(refused.message.map(MessageKey::key), Some("MSG_DECLINE_GENERIC"));
    assert_eq!(judged(&paying(), None, &[&demand]).decision, Decision::Challenge);
}

#[test]
fn without_an_eligible_factor_money_waits_where_it_can_and_is_refused_where_not() {
    let only = FactorSet::of(&[Factor::MicroAmount]);
    let impossible = Action::Challenge {
        strength: Some(Strength::S3),
        prove: Proofs::NONE,
        forbid: FactorSet::NONE,
        only,
    };
    let demand = vote(1, Class::Challenge, &[impossible], "SIM_RECENT_CHANGE");
    for probability in [None, Some(0.001)] {
        let verdict = judged(&paying(), probability, &[&demand]);
        assert_eq!(verdict.decision, Decision::Decline);
        assert_eq!(verdict.reasons[0].code, codes::POL_NO_ELIGIBLE_FACTOR);
        assert_eq!(verdict.reasons[0].source, Source::Policy);
        assert_eq!(verdict.iso8583, Some("57"));

        let verdict = judged(&withdrawing(), probability, &[&demand]);
        assert_eq!(verdict.decision, Decision::Challenge);
        assert_eq!(verdict.actions, [Modifier::Review, Modifier::HoldFor { ms: 24 * HOUR_MS }]);
        assert_eq!(verdict.reasons[0].code, codes::POL_NO_ELIGIBLE_FACTOR);
        assert_eq!(verdict.message, Some(messages::HOLD));
    }
}

/// The same on an emulator, with a card of somebody else.
fn by_machine(mut situation: Situation) -> Situation {
    situation.device.is_emulator = Some(true);
    situation.device.integrity_level = 0.0;
    situation.device.is_trusted = Some(false);
    situation.device.account_age_hours = 0.0;
    situation.card.name_match = 0.0;
    situation
}

#[test]
fn a_rule_that_leaves_it_to_the_issuer_takes_his_word_and_says_so() {
    let only = FactorSet::of(&[Factor::ThreeDsChallenge, Factor::ThreeDsFrictionless]);
    let prove = Proofs::of(&[Proof::Cardholder]);
    let asked = Action::Challenge { strength: None, prove, forbid: FactorSet::NONE, only };
    let suspicious = vote(1, Class::Challenge, &[asked], "FRESH_CARD_SPEND");
    let mut situation = paying();
    assert_eq!(judged(&situation, Some(0.001), &[&suspicious]).decision, Decision::Challenge);
    situation.card.three_ds_status = ThreeDsStatus::Authenticated;
    for probability in [None, Some(0.001)] {
        let verdict = judged(&situation, probability, &[&suspicious]);
        assert_eq!(verdict.decision, Decision::Approve);
        assert_eq!(verdict.reasons[0].code.code(), "FRESH_CARD_SPEND");
    }
    let plain = vote(2, Class::Challenge, &[CHALLENGE], "NEW_DEVICE");
    let verdict = judged(&situation, Some(0.001), &[&suspicious, &plain]);
    assert_eq!(verdict.decision, Decision::Challenge, "another rule wants more");
}

#[test]
fn vectors_lead_to_their_answer() {
    let decide = |mut situation: Situation, at: usize, p: f64| {
        let mut suspicion = vote(1, Class::Challenge, &[Action::Review], "NEW_DEVICE");
        suspicion.suspects[at] = 20.0;
        situation.usd_minor = 14_000.0;
        judged(&situation, Some(p), &[&suspicion])
    };
    let best = |verdict: &Verdict| verdict.hints.as_ref().map(|hints| hints.options[0].factor);
    let card = decide(paying(), 0, 0.03);
    assert_eq!(best(&card), Some(Factor::ThreeDsFrictionless));
    assert_eq!((card.iso8583, card.three_ds), (Some("65"), Some("01")));
    // A card that was linked last week asks for no proof of its own.
    let mut owner = paying();
    owner.card.linked_age_hours = 170.0;
    for at in [1, 2, 3] {
        assert_eq!(best(&decide(owner.clone(), at, 0.03)), Some(Factor::Passkey), "V{}", at + 1);
    }
    let coached = decide(sending(), 5, 0.03);
    assert_eq!(best(&coached), Some(Factor::CoolOffHold));
    assert_eq!(coached.hints.as_ref().map(|hints| hints.combine), Some(Combine::All));
    assert!(coached.actions.contains(&Modifier::WarnInterstitial));
    assert_eq!(coached.message.map(MessageKey::key), Some("MSG_SCAM_WARNING"));
    let machine = decide(by_machine(paying()), 8, 0.05);
    assert_eq!(machine.decision, Decision::Decline);
    assert_eq!(machine.hints, None);
}

#[test]
fn the_leading_vote_gives_the_message() {
    let mut hard = vote(7, Class::Hard, &[Action::Decline], "DEVICE_MANY_CARDS");
    hard.message = MessageKey::find("MSG_TRY_LATER");
    let mut limit = vote(9, Class::Limit, &[Action::Decline], "LIMIT_SINGLE");
    limit.message = MessageKey::find("MSG_LIMIT");
    let mut demand = vote(1, Class::Challenge, &[CHALLENGE], "SIM_RECENT_CHANGE");
    demand.message = MessageKey::find("MSG_VERIFY_OTHER");
    let key = |votes: &[&Vote]| judged(&paying(), None, votes).message.map(MessageKey::key);
    assert_eq!(key(&[&hard, &limit, &demand]), Some("MSG_LIMIT"));
    assert_eq!(key(&[&hard, &demand]), Some("MSG_TRY_LATER"));
    assert_eq!(key(&[&demand]), Some("MSG_VERIFY_OTHER"));
    hard.message = None;
    assert_eq!(key(&[&hard, &demand]), Some("MSG_DECLINE_GENERIC"));
    let review = vote(1, Class::Hard, &[Action::Review], "MERCHANT_COLLUSION");
    assert_eq!(key(&[&review]), None, "a review is not the customer's business");
    let warned = vote(1, Class::Hard, &[Action::WarnInterstitial], "COACHED_TRANSFER");
    assert_eq!(key(&[&warned]), Some("MSG_SCAM_WARNING"));
}

#[test]
fn reasons_stand_in_their_order_and_within_their_limits() {
    let codes_of = |verdict: &Verdict| -> Vec<&str> {
        verdict.reasons.iter().map(|line| line.code.code()).collect()
    };
    let votes = [
        vote(5, Class::Challenge, &[CHALLENGE], "NEW_DEVICE"),
        vote(4, Class::Hard, &[Action::Decline], "DEVICE_MANY_CARDS"),
        vote(3, Class::Hard, &[Action::Decline], "CVV_FAILURES"),
        vote(2, Class::Limit, &[Action::Decline], "LIMIT_SINGLE"),
        vote(1, Class::Hard, &[Action::Review], "MERCHANT_COLLUSION"),
        vote(6, Class::Hard, &[Action::Decline], "CVV_FAILURES"),
    ];
    let votes: Vec<&Vote> = votes.iter().collect();
    let model = [
        (code("FRESH_CARD_SPEND"), 0.4),
        (code("VELOCITY_CARD"), -0.9),
        (code("RESET_THEN_SPEND"), 0.5),
        (code("IP_REPUTATION"), f64::NAN),
        (code("NEW_COUNTRY"), 0.5),
    ];
    let exemptions = [codes::TRAVELLER_CONTEXT];
    let verdict =
        resolve_at_rest(&paying(), Some(0.2), &votes, &exemptions, &model, &Economics::default());
    check_shape(&verdict);
    // Of the card class, two: the failures and the heavier of the model's.
    assert_eq!(
        codes_of(&verdict),
        [
            "LIMIT_SINGLE",
            "CVV_FAILURES",
            "DEVICE_MANY_CARDS",
            "NEW_DEVICE",
            "MERCHANT_COLLUSION",
            "VELOCITY_CARD",
            "NEW_COUNTRY",
            "RESET_THEN_SPEND",
        ]
    );
    assert_eq!(verdict.reasons[5].contribution, Some(-0.9));
    assert_eq!(verdict.reasons[0].source, Source::Policy);
    assert_eq!(verdict.reasons[1].source, Source::Rule);
    assert_eq!(verdict.reasons[5].source, Source::Model);
    let listed = vote(1, Class::Block, &[Action::Decline], "CARD_BLOCKLISTED");
    assert_eq!(judged(&paying(), None, &[&listed]).reasons[0].source, Source::List);
}

#[test]
fn every_approval_says_why() {
    let first = |situation: &Situation, p: Option<f64>, model: &[(ReasonCode, f64)]| {
        let verdict = resolve_at_rest(situation, p, &[], &[], model, &Economics::default());
        check_shape(&verdict);
        assert_eq!(verdict.decision, Decision::Approve);
        verdict.reasons[0].code.code()
    };
    let mut trusted = paying();
    trusted.device.is_trusted = Some(true);
    assert_eq!(first(&trusted, Some(0.000_1), &[]), "TRUSTED_CONTEXT");
    let mut traveller = paying();
    traveller.card.name_match = 3.0;
    assert_eq!(first(&traveller, Some(0.000_1), &[]), "TRAVELLER_CONTEXT");
    let model = [(code("NEW_COUNTRY"), 0.2)];
    assert_eq!(first(&paying(), Some(0.000_1), &model), "NEW_COUNTRY");
    assert_eq!(first(&paying(), Some(0.000_1), &[]), "TRUSTED_CONTEXT");
    let mut new = paying();
    new.device.account_age_hours = 0.0;
    assert_eq!(first(&new, Some(0.000_1), &[]), "NEW_DEVICE");
    assert_eq!(first(&paying(), None, &[]), "SYS_DEGRADED");
    let mut promo = Situation { event: Some(EventType::PromoRedemption), ..paying() };
    promo.benefit_minor = 10.0;
    assert_eq!(first(&promo, Some(0.02), &[]), "MODEL_ELEVATED");
}

#[test]
fn a_missing_model_is_always_said() {
    let many: Vec<Vote> = [
        "CARD_BLOCKLISTED",
        "CVV_FAILURES",
        "LIMIT_SINGLE",
        "LIMIT_ANNUAL",
        "DEVICE_MANY_CARDS",
        "ACCOUNT_FARM",
        "NEW_COUNTRY",
        "REMOTE_QR_PAYMENT",
        "LIST_ALLOW",
        "EXPLORATION",
    ]
    .iter()
    .enumerate()
    .map(|(at, reason)| vote(at as u16, Class::Hard, &[Action::Decline], reason))
    .collect();
    for taken in [0, 1, 8, 10] {
        for votes in [&many[..taken], &many[10 - taken..]] {
            let votes: Vec<&Vote> = votes.iter().collect();
            for nothing in [None, Some(f64::NAN), Some(-0.1), Some(1.1)] {
                let verdict = judged(&paying(), nothing, &votes);
                assert!(verdict.reasons.iter().any(|line| line.code == codes::SYS_DEGRADED));
                assert_eq!((verdict.p_fraud, verdict.costs), (None, None));
            }
        }
    }
}

#[test]
fn cool_downs_are_long_enough_and_not_predictable_from_the_rule() {
    let mut slow = vote(3, Class::Hard, &[Action::Decline], "CVV_FAILURES");
    slow.cooldown_ms = 24 * HOUR_MS;
    let quick = vote(4, Class::Hard, &[Action::Decline], "NEW_DEVICE");
    let mut seen = Vec::new();
    for minute in 0..200 {
        let mut situation = paying();
        situation.time_ms += f64::from(minute) * 60_000.0;
        let verdict = judged(&situation, None, &[&slow, &quick]);
        let Some(Modifier::BlockRetryFor { ms }) = verdict.actions.last() else {
            panic!("{:?}", verdict.actions)
        };
        let share = *ms as f64 / slow.cooldown_ms as f64;
        assert!((0.8..=1.2).contains(&share), "{share}");
        seen.push(*ms);
    }
    seen.sort_unstable();
    seen.dedup();
    assert!(190 < seen.len(), "{} different cool-downs", seen.len());
    let mut demand = vote(3, Class::Challenge, &[CHALLENGE], "LOGIN_BRUTE_FORCE");
    demand.cooldown_ms = 15 * 60_000;
    let failed_s = |vote: &Vote| {
        let verdict = judged(&paying(), None, &[vote]);
        verdict.hints.map(|hints| hints.on_fail_cooldown_s)
    };
    assert!(failed_s(&demand).is_some_and(|s| (720..=1_080).contains(&s)));
    demand.cooldown_ms = 0;
    assert_eq!(failed_s(&demand), Some(1_800));
}

#[test]
fn answer_codes_follow_the_decision() {
    let decline = vote(1, Class::Hard, &[Action::Decline], "CARD_LOST_STOLEN");
    let verdict = judged(&paying(), Some(0.1), &[&decline]);
    assert_eq!((verdict.iso8583, verdict.three_ds), (Some("41"), None));
    let unspoken = vote(1, Class::Hard, &[Action::Decline], "PROMO_MULTI_ACCOUNT");
    assert_eq!(judged(&paying(), Some(0.1), &[&unspoken]).iso8583, Some("05"));
    let approved = judged(&paying(), Some(0.000_1), &[]);
    assert_eq!((approved.iso8583, approved.three_ds), (Some("00"), Some("02")));
    assert_eq!(judged(&paying(), None, &[]).three_ds, Some("01"));
    let mut visa = paying();
    visa.card.network = Some("visa");
    visa.session.auth = SessionAuth::Passkey;
    assert_eq!(judged(&visa, Some(0.000_1), &[]).three_ds, Some("07"));
    let mandate = vote(1, Class::Challenge, &[CHALLENGE], "ISSUER_SUSPECTS");
    let asked = judged(&visa, Some(0.01), &[&mandate]);
    assert_eq!((asked.iso8583, asked.three_ds), (Some("1A"), Some("04")));
    let login = Situation { event: Some(EventType::Login), ..paying() };
    assert_eq!(judged(&login, Some(0.1), &[]).iso8583, None);
    let link = Situation { event: Some(EventType::CardLink), ..paying() };
    let soft = vote(1, Class::Challenge, &[CHALLENGE], "NEW_DEVICE");
    assert_eq!(judged(&link, Some(0.01), &[&soft]).three_ds, Some("04"));
}

#[test]
fn a_vote_without_an_action_is_a_reason_and_nothing_else() {
    let tag = vote(1, Class::Challenge, &[], "NEW_COUNTRY");
    let verdict = judged(&paying(), Some(0.000_1), &[&tag]);
    assert_eq!(verdict.decision, Decision::Approve);
    assert_eq!(verdict.reasons[0].code, code("NEW_COUNTRY"));
    assert!(verdict.actions.is_empty());
}

#[test]
fn missing_knowledge_about_the_place_of_a_phone_or_network_never_refuses() {
    // The facts of Wi-Fi, VPN and phone age do not reach the verdict; what remains unknown when
    // nothing but the amount is known must not refuse at a low probability either.
    for event in EventType::ALL.into_iter().filter(|event| event.is_scored()) {
        let bare = Situation {
            event: Some(event),
            usd_minor: 500.0,
            base_minor: 3_600.0,
            benefit_minor: 3_600.0,
            ..Situation::unknown()
        };
        let verdict = judged(&bare, Some(0.001), &[]);
        assert_ne!(verdict.decision, Decision::Decline, "{}", event.name());
    }
}

/// SplitMix64, so that a failure names the seed that shows it.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A fact: often unknown, sometimes absurd.
    fn fact(&mut self) -> f64 {
        match self.below(10) {
            0..=2 => f64::NAN,
            3 => [f64::INFINITY, f64::NEG_INFINITY, -1.0, 1e300, -0.0][self.below(5) as usize],
            4..=6 => self.below(12) as f64,
            7 => self.share() * 1e7,
            8 => NOW_MS - self.share() * 1e9,
            _ => self.share() * 200.0,
        }
    }

    fn action(&mut self) -> Action {
        let factors = |chance: &mut Chance| match chance.below(3) {
            0 => FactorSet::of(&[Factor::ALL[chance.below(14) as usize]]),
            _ => FactorSet::NONE,
        };
        match self.below(14) {
            0 => Action::Decline,
            1 => Action::Hold { ms: self.next() as i64 },
            2 => Action::Review,
            3 => Action::LimitTo { minor: self.next() as i64 },
            4 => Action::FreezeCard,
            5 => Action::WarnInterstitial,
            6 => Action::NotifyCustomer,
            _ => Action::Challenge {
                strength: Strength::parse(["none", "S2", "S3", "S4"][self.below(4) as usize]),
                prove: Proofs::NONE,
                forbid: factors(self),
                only: factors(self),
            },
        }
    }

    fn vote(&mut self, rule: u16) -> Vote {
        let reasons = crate::reason::REASONS.len() as u64;
        let mut suspects = [0.0; COUNT];
        suspects[self.below(9) as usize] = self.fact();
        Vote {
            rule,
            class: CLASSES[self.below(5) as usize],
            actions: (0..self.below(4)).map(|_| self.action()).collect(),
            effects: Vec::new(),
            reason: code(crate::reason::REASONS[self.below(reasons) as usize].code),
            message: MessageKey::find("MSG_TRY_LATER").filter(|_| self.below(2) == 0),
            suspects,
            cooldown_ms: if self.below(3) == 0 { self.next() as i64 } else { 0 },
        }
    }
}

#[test]
fn a_hundred_thousand_accidents_give_a_hundred_thousand_whole_verdicts() {
    let economics = Economics::default();
    let mut decisions = [0_u32; 3];
    for seed in 0..100_000 {
        let chance = &mut Chance(seed);
        let mut values: Vec<f64> = FACTS.iter().map(|_| chance.fact()).collect();
        if chance.below(20) == 0 {
            values.truncate(chance.below(FACTS.len() as u64) as usize);
        }
        if 0 < chance.below(8) && !values.is_empty() {
            values[0] = chance.below(16) as f64;
        }
        let situation = Situation::read(&values);
        let votes: Vec<Vote> = (0..chance.below(5)).map(|at| chance.vote(at as u16)).collect();
        let votes: Vec<&Vote> = votes.iter().collect();
        let probability = match chance.below(6) {
            0 => None,
            1 => Some([f64::NAN, 0.0, 1.0, -1.0, f64::INFINITY][chance.below(5) as usize]),
            2 => Some(chance.share()),
            _ => Some(chance.share() * chance.share() * 0.05),
        };
        let model: Vec<(ReasonCode, f64)> = (0..chance.below(12))
            .map(|_| (code(crate::reason::REASONS[chance.below(117) as usize].code), chance.fact()))
            .collect();
        let exemptions = [codes::TRAVELLER_CONTEXT, codes::LIST_ALLOW];
        let verdict =
            resolve_at_rest(&situation, probability, &votes, &exemptions, &model, &economics);
        let checked = std::panic::catch_unwind(|| check_shape(&verdict));
        assert!(checked.is_ok(), "seed {seed}: {verdict:?}");
        let again =
            resolve_at_rest(&situation, probability, &votes, &exemptions, &model, &economics);
        assert_eq!(format!("{verdict:?}"), format!("{again:?}"), "seed {seed}");
        let declines = votes.iter().any(|vote| vote.actions.contains(&Action::Decline));
        assert!(!declines || verdict.decision == Decision::Decline, "seed {seed}");
        decisions[verdict.decision as usize] += 1;
    }
    assert!(decisions.iter().all(|count| 2_000 < *count), "{decisions:?}");
}

/// A small purchase that is refused, and its steering when it is drawn.
fn refused_small() -> (Situation, Steering) {
    let situation = Situation { usd_minor: 1_900.0, base_minor: 13_600.0, ..paying() };
    let economics = Economics::default();
    (situation, Steering { propensity: 0.01, is_drawn: true, ..Steering::at_rest(&economics) })
}

#[test]
fn a_drawn_refusal_is_approved_and_says_so_and_the_others_say_how_likely_that_was() {
    let (small, drawn) = refused_small();
    let economics = Economics::default();
    let mut rule = vote(1, Class::Hard, &[Action::Decline, Action::Review], "DEVICE_MANY_CARDS");
    rule.cooldown_ms = HOUR_MS;
    rule.message = MessageKey::find("MSG_DECLINE_GENERIC");
    let made = |steering| resolve(&small, Some(0.3), &[&rule], &[], &[], &economics, steering);
    let verdict = made(drawn);
    check_shape(&verdict);
    assert_eq!(verdict.decision, Decision::Approve);
    let exploration = Exploration { propensity: 0.01, is_explored: true, at_risk_usd: 19.0 };
    assert_eq!(verdict.exploration, Some(exploration));
    let codes: Vec<&str> = verdict.reasons.iter().map(|line| line.code.code()).collect();
    assert_eq!(codes, ["EXPLORATION", "DEVICE_MANY_CARDS"]);
    assert_eq!((verdict.message, verdict.iso8583), (None, Some("00")));
    assert_eq!(verdict.actions, [Modifier::Review]);
    assert!(verdict.exemption.is_none_or(|exemption| !exemption.tra));

    let verdict = made(Steering { is_drawn: false, ..drawn });
    assert_eq!(verdict.decision, Decision::Decline);
    assert_eq!(verdict.exploration, Some(Exploration { is_explored: false, ..exploration }));
    let codes: Vec<&str> = verdict.reasons.iter().map(|line| line.code.code()).collect();
    assert_eq!(codes, ["DEVICE_MANY_CARDS"]);

    // The cost rule's own, where nothing may be asked.
    let suspicion = Vote {
        suspects: std::array::from_fn(|at| f64::from(u8::from(at == Vector::V9 as usize))),
        ..vote(2, Class::Challenge, &[Action::Review], "IP_REPUTATION")
    };
    let small = by_machine(small.clone());
    let verdict = resolve(&small, Some(0.55), &[&suspicion], &[], &[], &economics, drawn);
    assert_eq!(verdict.decision, Decision::Approve);
    let codes: Vec<&str> = verdict.reasons.iter().map(|line| line.code.code()).collect();
    assert_eq!(codes[..2], ["EXPLORATION", "MODEL_HIGH_RISK"]);
}

#[test]
fn rules_whose_refusal_is_explored_put_nothing_on_lists() {
    let (small, drawn) = refused_small();
    let economics = Economics::default();
    let leaves = |list: &str, ms, vote: Vote| Vote {
        effects: vec![Effect {
            list: list.into(),
            field: ids::CARD_CARD_TOKEN,
            ms,
            by: list.into(),
        }],
        ..vote
    };
    let refuses = vote(1, Class::Hard, &[Action::Decline], "DEVICE_MANY_CARDS");
    let watches = vote(2, Class::Challenge, &[Action::Review], "IP_REPUTATION");
    let votes = [
        leaves("bad_cards", None, refuses.clone()),
        leaves("seen", None, refuses),
        leaves("seen", Some(HOUR_MS), watches),
    ];
    let votes: Vec<&Vote> = votes.iter().collect();
    let left = |steering| {
        let verdict = resolve(&small, Some(0.3), &votes, &[], &[], &economics, steering);
        let left = verdict.effects.iter().map(|effect| (effect.list.to_string(), effect.ms));
        (verdict.decision, left.collect::<Vec<_>>())
    };
    let both = vec![("bad_cards".to_owned(), None), ("seen".to_owned(), None)];
    assert_eq!(left(Steering { is_drawn: false, ..drawn }), (Decision::Decline, both));
    // What a rule that refuses nobody leaves, and as long as it says.
    let own = vec![("seen".to_owned(), Some(HOUR_MS))];
    assert_eq!(left(drawn), (Decision::Approve, own));
}

#[test]
fn what_is_more_than_an_opinion_is_never_explored() {
    let (small, drawn) = refused_small();
    let economics = Economics::default();
    let made = |situation: &Situation, probability, votes: &[&Vote]| {
        let verdict = resolve(situation, probability, votes, &[], &[], &economics, drawn);
        check_shape(&verdict);
        verdict.exploration
    };
    let hard = vote(1, Class::Hard, &[Action::Decline], "DEVICE_MANY_CARDS");
    assert!(made(&small, Some(0.3), &[&hard]).is_some());
    for class in [Class::Guard, Class::Limit, Class::Block] {
        for action in [Action::Decline, CHALLENGE, Action::Review] {
            let binding = vote(2, class, &[action], "LIMIT_SINGLE");
            assert_eq!(made(&small, Some(0.3), &[&hard, &binding]), None, "{class:?} {action:?}");
        }
    }
    for action in [
        Action::FreezeAccount,
        Action::FreezeCard,
        Action::LimitTo { minor: 1 },
        Action::Hold { ms: HOUR_MS },
    ] {
        let binding = vote(2, Class::Hard, &[Action::Decline, action], "NEW_DEVICE");
        assert_eq!(made(&small, Some(0.3), &[&binding]), None, "{action:?}");
    }
    assert_eq!(made(&small, Some(0.6), &[&hard]), None, "the model is sure");
    assert_eq!(made(&small, None, &[&hard]), None, "no model");
    let large = Situation { usd_minor: 2_001.0, ..small.clone() };
    assert_eq!(made(&large, Some(0.3), &[&hard]), None, "too much");
    let other = Situation { event: Some(EventType::Withdrawal), ..small.clone() };
    assert_eq!(made(&other, Some(0.3), &[&hard]), None, "no payment");
    for (at, is_explored) in [(0, true), (1, true), (4, false), (5, false), (7, true)] {
        let suspecting = Vote {
            suspects: std::array::from_fn(|vector| f64::from(u8::from(vector == at)) * 9.0),
            ..hard.clone()
        };
        assert_eq!(made(&small, Some(0.3), &[&suspecting]).is_some(), is_explored, "V{}", at + 1);
    }
    let mut off = Economics::default();
    off.set("exploration_share", 0.0).expect("in range");
    let verdict = resolve(&small, Some(0.3), &[&hard], &[], &[], &off, Steering::at_rest(&off));
    assert_eq!(verdict.exploration, None);
}

#[test]
fn a_dearer_challenge_is_asked_less_by_the_cost_rule_and_as_often_by_rules() {
    let economics = Economics::default();
    let demand = vote(1, Class::Challenge, &[CHALLENGE], "DEVICE_MANY_CARDS");
    let at = |price: f64, probability: f64, votes: &[&Vote]| {
        let steering = Steering { challenge_price_usd: price, ..Steering::at_rest(&economics) };
        resolve(&paying(), Some(probability), votes, &[], &[], &economics, steering)
    };
    let mut given_up = 0;
    for step in 1..200 {
        let probability = f64::from(step) / 10_000.0;
        let (cheap, dear) = (at(0.15, probability, &[]), at(1.5, probability, &[]));
        let (cheap, dear) = (cheap.decision, dear.decision);
        assert!(cheap == dear || cheap == Decision::Challenge, "{probability}: {cheap:?} {dear:?}");
        given_up += u32::from(cheap != dear);
        assert_eq!(at(0.15, probability, &[&demand]), at(3.0, probability, &[&demand]));
    }
    assert!(20 < given_up, "{given_up}");
}

#[test]
fn who_could_have_been_asked_is_counted_by_how_likely_he_is_genuine() {
    let economics = Economics::default();
    let rest = Steering::at_rest(&economics);
    let askable = |situation: &Situation, probability, votes: &[&Vote]| {
        resolve(situation, probability, votes, &[], &[], &economics, rest).askable
    };
    let mandate = Situation { is_mit: Some(true), ..paying() };
    let hard = vote(1, Class::Hard, &[Action::Decline], "DEVICE_MANY_CARDS");
    assert_eq!(askable(&paying(), Some(0.25), &[]), 0.75);
    assert_eq!(askable(&paying(), None, &[]), 0.0);
    assert_eq!(askable(&mandate, Some(0.25), &[]), 0.0);
    assert_eq!(askable(&paying(), Some(0.25), &[&hard]), 0.0);
}
