//! Which factor answers which suspicion, and what a challenge says.

use features::field::EventType;

use super::*;
use crate::economics::Held;
use crate::situation::{Funding, Line, PaymentKind, SessionAuth};
use crate::vector::COUNT;

const HOUR_MS: f64 = 3_600_000.0;
const NOW_MS: f64 = 1_000.0 * HOUR_MS;

/// A customer with every factor enrolled long ago, who pays 140 USD with a card linked last week.
fn equipped() -> Situation {
    let long_ago = NOW_MS - 900.0 * HOUR_MS;
    let mut situation = Situation {
        event: Some(EventType::Payment),
        time_ms: NOW_MS,
        funding: Funding::Card,
        kind: PaymentKind::Remote,
        usd_minor: 14_000.0,
        base_minor: 100_000.0,
        ..Situation::unknown()
    };
    situation.card.linked_age_hours = 170.0;
    situation.device.is_trusted = Some(true);
    situation.device.integrity_level = 3.0;
    situation.device.account_age_hours = 900.0;
    situation.session.phone_verified_ms = long_ago;
    situation.session.sim_change_age_hours = 8_760.0;
    situation.session.line = Line::Mobile;
    situation.enrolled.passkey_ms = long_ago;
    situation.enrolled.biometric_ms = long_ago;
    situation.enrolled.push_ms = long_ago;
    situation.enrolled.push_used_ms = NOW_MS - 20.0 * HOUR_MS;
    situation.enrolled.totp_ms = long_ago;
    situation.enrolled.is_totp_verified = Some(true);
    situation.enrolled.pin_ms = long_ago;
    situation
}

fn suspecting(weights: &[(Vector, f64)]) -> Posterior {
    let mut all = [0.0; COUNT];
    for (vector, weight) in weights {
        all[*vector as usize] = *weight;
    }
    Posterior::of(all)
}

const ANY: Demand = Demand {
    strength: Strength::None,
    prove: Proofs::NONE,
    forbid: FactorSet::NONE,
    only: FactorSet::NONE,
};

/// What is chosen at 3 % and what the hints say.
fn ask(situation: &Situation, posterior: &Posterior, demands: &[Demand]) -> Option<Hints> {
    let economics = Economics::default();
    let stake = economics.stake(situation, Held::No);
    let question = Question {
        situation,
        posterior,
        economics: &economics,
        stake: &stake,
        probability: 0.03,
        remembered: memory::remembered(situation, posterior, &economics),
    };
    let terms = Terms {
        limit_to_minor: None,
        on_fail_cooldown_s: 1_800,
        challenge_ind: "03",
        message: None,
    };
    choose(&question, demands.iter().copied()).map(|choice| hints(&question, &choice, &terms))
}

fn factors(hints: &Hints) -> Vec<Factor> {
    hints.options.iter().map(|option| option.factor).collect()
}

fn why(hints: &Hints, factor: Factor) -> Option<&'static str> {
    hints.forbidden.iter().find(|f| f.factor == factor).map(|f| f.why.code())
}

#[test]
fn a_session_proves_the_user_also_when_a_stolen_card_is_the_likelier_attack() {
    let all = [(Vector::V1, 0.6), (Vector::V2, 0.25), (Vector::V3, 0.05), (Vector::V8, 0.1)];
    let (suspicion, of_gainers) = (suspecting(&all), suspecting(&all[1..3]));
    for event in [EventType::Login, EventType::ProfileChange] {
        let situation = Situation { event: Some(event), ..equipped() };
        let hints = ask(&situation, &suspicion, &[]).expect("the passkey fits");
        assert_eq!(hints.options[0].factor, Factor::Passkey, "{}", event.name());
        assert_eq!(hints.must_prove, Proofs::of(&[Proof::WalletUser]), "{}", event.name());
        let expected = ask(&situation, &of_gainers, &[]).expect("the passkey fits");
        let passes = |hints: &Hints| hints.options[0].expected_pass_fraud;
        assert!((passes(&hints) - passes(&expected)).abs() < 1e-9, "only who gains is stopped");
    }
    let paid = ask(&equipped(), &suspicion, &[]).expect("the issuer and the passkey fit");
    assert!(paid.must_prove.contains(Proof::Cardholder), "a purchase is where the card is stolen");
}

#[test]
fn each_vector_gets_its_best_factor_and_the_useless_ones_are_named() {
    let check = |vector: Vector, event: EventType, best: &[Factor]| {
        let mut situation = equipped();
        situation.event = Some(event);
        if event == EventType::Transfer {
            situation.funding = Funding::Other;
        }
        let hints = ask(&situation, &suspecting(&[(vector, 1.0)]), &[]).expect("a factor fits");
        assert_eq!(hints.options[0].factor, best[0], "{} on {}", vector.name(), event.name());
        for factor in &best[1..] {
            assert!(factors(&hints).contains(factor), "{}: {:?}", vector.name(), factors(&hints));
        }
        hints
    };
    let card = check(
        Vector::V1,
        EventType::Payment,
        &[Factor::ThreeDsFrictionless, Factor::PassportSelfie],
    );
    assert_eq!(card.must_prove, Proofs::of(&[Proof::Cardholder]));
    assert_eq!(card.message.key(), "MSG_VERIFY_CARD");
    for factor in [Factor::Passkey, Factor::DeviceBiometric, Factor::Totp, Factor::SmsOtp] {
        assert_eq!(why(&card, factor), Some("FACTOR_NOT_FIT_VECTOR"), "{}", factor.name());
    }
    for vector in [Vector::V2, Vector::V3, Vector::V4] {
        for event in [EventType::Payment, EventType::Login, EventType::Transfer] {
            let hints = check(vector, event, &[Factor::Passkey]);
            assert_eq!(hints.must_prove, Proofs::of(&[Proof::WalletUser]));
            assert_eq!(hints.message.key(), "MSG_VERIFY_YOU");
            assert!(!factors(&hints).iter().any(|factor| factor.is_three_ds()));
        }
    }
    let coached =
        check(Vector::V6, EventType::Transfer, &[Factor::CoolOffHold, Factor::WarningInterstitial]);
    assert_eq!(coached.combine, Combine::All);
    assert!(coached.must_prove.is_empty() && coached.options.len() == 2);
}

#[test]
fn a_swapped_sim_never_gets_a_text_message() {
    let mut situation = equipped();
    for hours in [1.0, 100.0, f64::NAN, 8_760.0] {
        situation.session.sim_change_age_hours = hours;
        for demands in [&[][..], &[ANY][..]] {
            let hints = ask(&situation, &suspecting(&[(Vector::V4, 1.0)]), demands);
            let hints = hints.expect("a passkey fits");
            assert!(!factors(&hints).contains(&Factor::SmsOtp), "{hours} h");
            assert!(why(&hints, Factor::SmsOtp).is_some(), "{hours} h");
        }
    }
    situation.session.sim_change_age_hours = 1.0;
    let hints = ask(&situation, &suspecting(&[(Vector::V4, 1.0)]), &[]).expect("a passkey fits");
    assert_eq!(why(&hints, Factor::SmsOtp), Some("FACTOR_SIM_RECENT"));
    assert_eq!(hints.message.key(), "MSG_VERIFY_OTHER");
}

#[test]
fn machines_and_customers_with_an_identity_of_their_own_are_asked_where_the_loss_moves() {
    assert_eq!(ask(&equipped(), &suspecting(&[(Vector::V9, 1.0)]), &[]), None);
    // He passes every factor. An issuer that authenticated him answers for his later claim.
    let hints = ask(&equipped(), &suspecting(&[(Vector::V8, 1.0)]), &[]).expect("3DS");
    assert_eq!(factors(&hints), [Factor::ThreeDsFrictionless]);
    let by_balance = Situation { funding: Funding::Other, ..equipped() };
    assert_eq!(ask(&by_balance, &suspecting(&[(Vector::V8, 1.0)]), &[]), None);
    let mule = Situation { event: Some(EventType::Transfer), ..equipped() };
    let hints = ask(&mule, &suspecting(&[(Vector::V7, 1.0)]), &[]).expect("money can wait");
    assert_eq!(factors(&hints), [Factor::CoolOffHold]);
}

#[test]
fn a_demanded_challenge_is_asked_even_of_machines() {
    let hints = ask(&equipped(), &suspecting(&[(Vector::V9, 1.0)]), &[ANY]).expect("3DS stops it");
    assert_eq!(hints.options[0].factor, Factor::ThreeDsChallenge);
}

#[test]
fn the_issuer_chooses_where_little_is_at_stake_and_challenges_where_much_is() {
    let v1 = suspecting(&[(Vector::V1, 1.0)]);
    let best = |probability: f64, demands: &[Demand]| {
        let economics = Economics::default();
        let situation = equipped();
        let stake = economics.stake(&situation, Held::No);
        let question = Question {
            situation: &situation,
            posterior: &v1,
            economics: &economics,
            stake: &stake,
            probability,
            remembered: None,
        };
        let choice = choose(&question, demands.iter().copied()).expect("3DS fits");
        let issuer: Vec<Factor> =
            choice.picked().map(|single| single.factor).filter(|f| f.is_three_ds()).collect();
        assert_eq!(issuer.len(), 1, "the issuer is asked once: {issuer:?}");
        issuer[0]
    };
    assert_eq!(best(0.01, &[]), Factor::ThreeDsFrictionless);
    assert_eq!(best(0.5, &[]), Factor::ThreeDsChallenge, "three in ten thieves meet no challenge");
    assert_eq!(best(0.01, &[ANY]), Factor::ThreeDsChallenge, "a rule wants a challenge");
    let silent = FactorSet::of(&[Factor::ThreeDsFrictionless]);
    assert_eq!(best(0.01, &[Demand { only: silent, ..ANY }]), Factor::ThreeDsFrictionless);
}

#[test]
fn whom_the_issuer_authenticated_for_this_payment_is_not_asked_by_it_again() {
    let silent = FactorSet::of(&[Factor::ThreeDsFrictionless]);
    let either = silent.union(FactorSet::of(&[Factor::ThreeDsChallenge]));
    let proven = Proofs::of(&[Proof::Cardholder]);
    let wanted = Demand { prove: proven, only: either, ..ANY };
    let mut paid = equipped();
    assert!(!wanted.is_met_by_event(&paid));
    let shift = |situation: &Situation, factor| {
        let economics = Economics::default();
        economics.shifted_by(factor, &economics.stake(situation, Held::No))
    };
    assert_eq!(shift(&paid, Factor::ThreeDsChallenge), 0.9);

    paid.card.three_ds_status = ThreeDsStatus::Authenticated;
    assert!(wanted.is_met_by_event(&paid));
    for more in [
        Demand { only: FactorSet::of(&[Factor::ThreeDsChallenge]), ..wanted },
        Demand { only: FactorSet::NONE, ..wanted },
        Demand { prove: proven.union(Proofs::of(&[Proof::WalletUser])), ..wanted },
        Demand { strength: Strength::S3, ..wanted },
    ] {
        assert!(!more.is_met_by_event(&paid), "{more:?}: he may have been silent");
    }
    assert_eq!(shift(&paid, Factor::ThreeDsChallenge), 0.0, "the issuer bears it already");
    // Who holds the card himself would pass, and nothing would move to the issuer.
    assert_eq!(ask(&paid, &suspecting(&[(Vector::V8, 1.0)]), &[]), None);
    let thief =
        ask(&paid, &suspecting(&[(Vector::V1, 1.0)]), &[]).expect("a challenge still stops");
    assert_eq!(factors(&thief)[0], Factor::ThreeDsChallenge);
}

#[test]
fn a_large_payment_is_met_by_a_strong_proof_of_the_user_and_a_silent_one_of_the_card() {
    let mut large = equipped();
    large.usd_minor = 150_000.0;
    large.base_minor = 1_070_000.0;
    large.card.proofs_90d = 0.0;
    let v8 = suspecting(&[(Vector::V8, 1.0)]);
    let hints = ask(&large, &v8, &[]).expect("two proofs");
    let mut asked = factors(&hints);
    asked.sort();
    assert_eq!(hints.combine, Combine::All);
    assert_eq!(asked, [Factor::DeviceBiometric, Factor::ThreeDsFrictionless]);
    large.enrolled = Situation::unknown().enrolled;
    let hints = ask(&large, &v8, &[]).expect("the issuer's challenge");
    assert_eq!(factors(&hints)[0], Factor::ThreeDsChallenge, "nobody vouches for the user");
}

#[test]
fn a_stolen_card_and_a_takeover_together_need_two_proofs() {
    let mixed = suspecting(&[(Vector::V1, 0.5), (Vector::V2, 0.5)]);
    let hints = ask(&equipped(), &mixed, &[]).expect("passkey and 3DS");
    assert_eq!(hints.combine, Combine::All);
    let mut asked = factors(&hints);
    asked.sort();
    assert_eq!(asked, [Factor::DeviceBiometric, Factor::ThreeDsFrictionless]);
    assert_eq!(hints.must_prove, Proofs::of(&[Proof::Cardholder, Proof::WalletUser]));

    // Nobody on the wallet's side is enrolled: identity stands for both.
    let mut bare = equipped();
    bare.enrolled = Situation::unknown().enrolled;
    bare.session.phone_verified_ms = f64::NAN;
    let hints = ask(&bare, &mixed, &[]).expect("passport");
    assert_eq!((factors(&hints), hints.combine), (vec![Factor::PassportSelfie], Combine::Any));
}

#[test]
fn the_bypass_of_two_factors_is_multiplied_vector_by_vector() {
    let posterior = suspecting(&[(Vector::V1, 0.5), (Vector::V2, 0.5)]);
    let economics = Economics::default();
    let situation = equipped();
    let stake = economics.stake(&situation, Held::No);
    let question = Question {
        situation: &situation,
        posterior: &posterior,
        economics: &economics,
        stake: &stake,
        probability: 0.03,
        remembered: None,
    };
    let passkey = single(&question, Factor::Passkey, 1.0, 1.0);
    let issuer = single(&question, Factor::ThreeDsChallenge, 1.0, 1.0);
    let pair = both(&posterior, &passkey, &issuer);
    assert!((pair.bypass - (0.5 * 0.95 * 0.08 + 0.5 * 0.01 * 0.25)).abs() < 1e-12);
    assert!((pair.success - 0.97 * 0.80).abs() < 1e-12);
    assert!((pair.fee_usd - 0.122).abs() < 1e-12);
    assert!((pair.seconds - 39.0).abs() < 1e-12);
    assert!((pair.shifted - 0.9).abs() < 1e-12);
}

#[test]
fn options_are_near_the_best_with_one_fallback_over_another_channel() {
    let economics = Economics::default();
    let hints = ask(&equipped(), &suspecting(&[(Vector::V2, 1.0)]), &[]).expect("passkey");
    let (near, rest): (Vec<&HintOption>, Vec<&HintOption>) = hints.options.iter().partition(|o| {
        o.expected_cost_usd <= hints.options[0].expected_cost_usd * economics.option_cost_ratio
    });
    assert!((1..=OPTIONS_MAX).contains(&near.len()));
    assert!(rest.len() <= 1, "{:?}", factors(&hints));
    for fallback in rest {
        let channel = kind(fallback.factor).channel;
        assert!(near.iter().all(|option| kind(option.factor).channel != channel));
    }
    assert!(hints.options.is_sorted_by(|a, b| a.expected_cost_usd <= b.expected_cost_usd));
}

#[test]
fn a_tie_goes_to_the_stronger_then_the_cheaper_then_the_name() {
    let base = Single {
        factor: Factor::Totp,
        kind: kind(Factor::Totp),
        passes: [0.0; COUNT],
        ask: Ask { fee_usd: 1.0, bypass: 0.1, shifted: 0.0, success: 0.9, seconds: 3.0 },
        abandon: 0.05,
        cost: 1.0,
    };
    let stronger = Single { kind: kind(Factor::Passkey), ..base };
    let cheaper = Single { ask: Ask { fee_usd: 0.5, ..base.ask }, ..base };
    let earlier = Single { factor: Factor::SmsOtp, ..base };
    for first in [stronger, cheaper, earlier] {
        assert!(by_rank(&Some(first), &Some(base)).is_lt());
        assert!(by_rank(&Some(base), &Some(first)).is_gt());
    }
    assert!(by_rank(&Some(base), &None).is_lt());
}

#[test]
fn every_demand_is_met_by_what_is_asked() {
    let v1 = suspecting(&[(Vector::V1, 1.0)]);
    let v2 = suspecting(&[(Vector::V2, 1.0)]);
    let asked = |posterior: &Posterior, demands: &[Demand]| {
        ask(&equipped(), posterior, demands).map(|hints| (factors(&hints), hints.combine))
    };
    let passport = Demand {
        strength: Strength::S4,
        prove: Proofs::of(&[Proof::LegalIdentity]),
        only: FactorSet::of(&[Factor::PassportSelfie]),
        ..ANY
    };
    assert_eq!(asked(&v2, &[passport]), Some((vec![Factor::PassportSelfie], Combine::Any)));

    let issuer = Demand { only: FactorSet::of(&[Factor::ThreeDsChallenge]), ..ANY };
    let passkey = Demand {
        strength: Strength::S3,
        prove: Proofs::of(&[Proof::WalletUser]),
        only: FactorSet::of(&[Factor::Passkey]),
        ..ANY
    };
    let (mut both, combine) = asked(&v1, &[issuer, passkey]).expect("two factors");
    both.sort();
    assert_eq!((both, combine), (vec![Factor::Passkey, Factor::ThreeDsChallenge], Combine::All));

    let strong_user =
        Demand { strength: Strength::S3, prove: Proofs::of(&[Proof::WalletUser]), ..ANY };
    let no_passkey = Demand { forbid: FactorSet::of(&[Factor::Passkey]), ..ANY };
    let hints = ask(&equipped(), &v2, &[strong_user, no_passkey]).expect("biometric");
    assert_eq!(hints.options[0].factor, Factor::DeviceBiometric);
    assert_eq!(hints.floor, Strength::S3);
    assert_eq!(why(&hints, Factor::Passkey), Some("FACTOR_NOT_FIT_VECTOR"));
    let is_strong = |option: &HintOption| Strength::S3 <= kind(option.factor).strength_max;
    assert!(hints.options.iter().all(is_strong));

    let impossible = Demand { only: FactorSet::of(&[Factor::MicroAmount]), ..ANY };
    assert_eq!(asked(&v1, &[impossible]), None);
}

#[test]
fn a_demand_loosens_the_fit_but_never_the_person() {
    // 3DS has failed and the passport was tried too often: only the thief's own factors are left.
    let mut situation = equipped();
    situation.card.three_ds_status = crate::situation::ThreeDsStatus::Refused;
    situation.identity_attempts_24h = 9.0;
    assert_eq!(ask(&situation, &suspecting(&[(Vector::V1, 1.0)]), &[ANY]), None);
    // An abuser passes most things; the rule wants something asked, so something is.
    assert!(ask(&equipped(), &suspecting(&[(Vector::V8, 1.0)]), &[ANY]).is_some());
}

#[test]
fn a_coached_victim_is_asked_for_proof_only_when_a_rule_wants_it() {
    let transfer = Situation { event: Some(EventType::Transfer), ..equipped() };
    let v6 = suspecting(&[(Vector::V6, 1.0)]);
    let pauses = |hints: &Hints| hints.options.iter().all(|o| kind(o.factor).is_pause());
    assert!(ask(&transfer, &v6, &[]).is_some_and(|hints| pauses(&hints)));
    assert!(ask(&transfer, &v6, &[ANY]).is_some_and(|hints| pauses(&hints)));
    let proof = Demand { strength: Strength::S3, ..ANY };
    assert!(ask(&transfer, &v6, &[proof]).is_some_and(|hints| !pauses(&hints)));
}

#[test]
fn floors_keep_weak_factors_out() {
    let v2 = suspecting(&[(Vector::V2, 1.0)]);
    let mut large = equipped();
    large.usd_minor = 150_000.0;
    large.base_minor = 1_070_000.0;
    large.card.proofs_90d = 1.0;
    let hints = ask(&large, &v2, &[]).expect("passkey");
    assert_eq!(hints.floor, Strength::S3);
    assert!(hints.options.iter().all(|o| Strength::S3 <= kind(o.factor).strength_max));
    large.card.proofs_90d = 0.0;
    let hints = ask(&large, &v2, &[]).expect("passkey and 3DS");
    assert_eq!(hints.combine, Combine::All);
    assert!(factors(&hints).iter().any(|factor| factor.is_three_ds()));
    let link = Situation { event: Some(EventType::CardLink), ..equipped() };
    let hints = ask(&link, &suspecting(&[(Vector::V1, 1.0)]), &[ANY]).expect("3DS");
    assert_eq!(hints.floor, Strength::S2);
    assert!(!factors(&hints).contains(&Factor::CvvReentry));
}

#[test]
fn hints_say_what_is_sent_and_what_follows() {
    let situation = equipped();
    let v1 = suspecting(&[(Vector::V1, 1.0)]);
    let asked = |situation: &Situation| {
        let hints = ask(situation, &v1, &[ANY]).expect("3DS");
        hints.options.iter().find_map(|option| option.three_ds).expect("3DS")
    };
    assert_eq!(asked(&situation), three_ds::request(&situation, "03"));
    let hints = ask(&situation, &v1, &[]).expect("3DS");
    let silent = hints.options.iter().find_map(|option| option.three_ds).expect("3DS");
    assert_eq!(silent, three_ds::request(&situation, "01"), "the issuer may choose");

    let user = ask(&equipped(), &suspecting(&[(Vector::V2, 1.0)]), &[]).expect("passkey");
    assert_eq!(user.on_pass.trust_device_after_h, Some(24));
    let card = ask(&equipped(), &v1, &[]).expect("3DS");
    assert_eq!(card.on_pass.trust_device_after_h, None, "the issuer does not vouch for a device");
}

#[test]
fn a_hold_alone_waits_as_long_as_it_was_told() {
    let economics = Economics::default();
    let situation = equipped();
    let stake = economics.stake(&situation, Held::Yes);
    let posterior = suspecting(&[(Vector::V7, 1.0)]);
    let question = Question {
        situation: &situation,
        posterior: &posterior,
        economics: &economics,
        stake: &stake,
        probability: 0.1,
        remembered: None,
    };
    let terms = Terms {
        limit_to_minor: Some(5),
        on_fail_cooldown_s: 60,
        challenge_ind: "03",
        message: None,
    };
    let hints = hold_hints(&question, 43_200_000, &terms);
    assert_eq!(factors(&hints), [Factor::CoolOffHold]);
    assert_eq!((hints.options[0].ttl_s, hints.on_pass.limit_to_minor), (43_200, Some(5)));
    assert_eq!(hints.message.key(), "MSG_HOLD");
    assert_eq!(hold_hints(&question, i64::MAX, &terms).options[0].ttl_s, u32::MAX);
}

/// A customer changes his e-mail address.
fn changing() -> Situation {
    Situation {
        event: Some(EventType::ProfileChange),
        change: crate::situation::Change::Credential,
        funding: Funding::Unknown,
        ..equipped()
    }
}

#[test]
fn a_weak_proof_for_a_change_brings_a_notice_and_low_limits() {
    let v2 = suspecting(&[(Vector::V2, 1.0)]);
    let mut weak = changing();
    weak.enrolled = Situation::unknown().enrolled;
    let hints = ask(&weak, &v2, &[ANY]).expect("a code");
    assert_eq!(hints.floor, Strength::S2);
    assert_eq!(hints.options[0].factor, Factor::SmsOtp);
    let on_pass = hints.on_pass;
    assert_eq!((on_pass.limit_to_minor, on_pass.limit_for_h), (Some(200_000), Some(24)));
    let hints = ask(&changing(), &v2, &[ANY]).expect("a passkey");
    assert_eq!((hints.floor, hints.on_pass.limit_for_h), (Strength::S3, None));
}

#[test]
fn who_lost_everything_shows_a_passport_or_two_independent_proofs() {
    let v2 = suspecting(&[(Vector::V2, 1.0)]);
    let mut lost = changing();
    lost.session.auth = SessionAuth::Anonymous;
    let hints = ask(&lost, &v2, &[ANY]).expect("two proofs");
    assert_eq!((hints.floor, hints.combine), (Strength::S4, Combine::All));
    let channels: Vec<Channel> = hints.options.iter().map(|o| kind(o.factor).channel).collect();
    assert_ne!(channels[0], channels[1], "{:?}", factors(&hints));
    assert!(!factors(&hints).contains(&Factor::Passkey));
    assert_eq!(why(&hints, Factor::Passkey), Some("FACTOR_NOT_FIT_VECTOR"));
    // Only the number is left: nothing second, so the passport.
    lost.enrolled = Situation::unknown().enrolled;
    let hints = ask(&lost, &v2, &[ANY]).expect("passport");
    assert_eq!((hints.options[0].factor, hints.combine), (Factor::PassportSelfie, Combine::Any));
}

#[test]
fn a_recent_proof_lowers_the_floor_and_not_what_a_rule_demands() {
    let v2 = suspecting(&[(Vector::V2, 1.0)]);
    let mut large = equipped();
    large.usd_minor = 150_000.0;
    large.base_minor = 1_070_000.0;
    large.card.proofs_90d = 1.0;
    large.session.proof.strong_min = 10.0;
    large.session.proof.strong_base_minor = 1_070_000.0;
    let hints = ask(&large, &v2, &[]).expect("passkey");
    assert_eq!((hints.floor, hints.remembered), (Strength::None, Some(Strength::S3)));
    let strong = Demand { strength: Strength::S3, ..ANY };
    let hints = ask(&large, &v2, &[strong]).expect("passkey");
    assert_eq!(hints.floor, Strength::S3);
    large.base_minor += 1.0;
    let hints = ask(&large, &v2, &[]).expect("passkey");
    assert_eq!((hints.floor, hints.remembered), (Strength::S3, None));
}

#[test]
fn what_can_be_typed_into_a_false_page_is_never_asked_under_a_relay() {
    // Nothing else is enrolled, and a rule wants something asked.
    let mut poor = equipped();
    poor.enrolled.passkey_ms = f64::NAN;
    poor.enrolled.biometric_ms = f64::NAN;
    poor.enrolled.push_ms = f64::NAN;
    let relay = suspecting(&[(Vector::V3, 0.6), (Vector::V2, 0.4)]);
    let hints = ask(&poor, &relay, &[ANY]).expect("passport");
    for factor in [Factor::SmsOtp, Factor::Totp, Factor::PaymentPin, Factor::CvvReentry] {
        assert!(!factors(&hints).contains(&factor), "{}", factor.name());
        assert_eq!(why(&hints, factor), Some("FACTOR_NOT_FIT_VECTOR"), "{}", factor.name());
    }
    let swapped = suspecting(&[(Vector::V4, 0.6), (Vector::V2, 0.4)]);
    poor.session.sim_change_age_hours = f64::NAN;
    let hints = ask(&poor, &swapped, &[ANY]).expect("a code generator");
    assert!(!factors(&hints).contains(&Factor::SmsOtp));
}
