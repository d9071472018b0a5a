//! Whether strong customer authentication is a duty here, and which exemption could be claimed.
//!
//! Countries decide the scope, the amount and the kind of payment the exemptions, six questions the
//! risk analysis, and the provider's own fraud rate how large an amount the analysis may exempt. A
//! question that cannot be answered counts as a finding, because an exemption must rest on an
//! analysis that was made; an unknown counter of low-value payments lends no help either, and the
//! issuer, who sees payments elsewhere, keeps the decisive one.
//!
//! Exempted traffic has no liability shift. So an exemption is claimed for what was approved at the
//! price of the full loss, and never for what the issuer already answers for: that would give the
//! shift away. There is no claim for corporate payments: the law asks for a process that consumers
//! cannot use, and a wallet for visitors has none.

use features::field::EventType;

use super::Choice;
use crate::decision::{Decision, Exemption, ScaScope, TraChecks};
use crate::economics::{Economics, Stake};
use crate::situation::{PaymentKind, Situation, Trust};

const COUNTRIES: usize = 32;

/// The European Economic Area, the United Kingdom and Gibraltar, in the packing of events.
const SCA_COUNTRIES: [f64; COUNTRIES] = {
    let codes: [&[u8; 2]; COUNTRIES] = [
        b"AT", b"BE", b"BG", b"HR", b"CY", b"CZ", b"DK", b"EE", b"FI", b"FR", b"DE", b"GR", b"HU",
        b"IS", b"IE", b"IT", b"LV", b"LI", b"LT", b"LU", b"MT", b"NL", b"NO", b"PL", b"PT", b"RO",
        b"SK", b"SI", b"ES", b"SE", b"GB", b"GI",
    ];
    let mut packed = [0.0; COUNTRIES];
    let mut at = 0;
    while at < COUNTRIES {
        packed[at] = u16::from_be_bytes(*codes[at]) as f64;
        at += 1;
    }
    packed
};

/// Largest amount of a remote card payment, in euro, that risk analysis may exempt by the share of
/// fraud that the provider must not exceed: the annex of the regulatory standards.
const TRA_BANDS: [(f64, f64); 3] = [(500.0, 0.000_1), (250.0, 0.000_6), (100.0, 0.001_3)];

/// Spending this many standard deviations above the usual is abnormal.
const SPEND_ABNORMAL: f64 = 4.0;

/// Faster than an airliner, with a confidence that two fixes give.
const SPEED_ABNORMAL_KMH: f64 = 1_000.0;
const SPEED_CONFIDENCE: f64 = 0.6;

/// Share of fraud from which a merchant is a high-risk payee.
const PAYEE_FRAUD_RATE: f64 = 0.01;

/// Whether any rule found a fraud scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// No rule voted.
    Quiet,
    /// A rule voted.
    Suspected,
}

/// The exemptions of a card-funded event; `None` for all others.
pub fn exemption(
    situation: &Situation,
    economics: &Economics,
    stake: &Stake,
    decision: Decision,
    scenario: Scenario,
    choice: Option<&Choice>,
) -> Option<Exemption> {
    if !situation.is_card_funded() {
        return None;
    }
    let tra_checks = tra_checks(situation, scenario);
    let is_shifted = 0.0 < stake.shifted;
    let is_payment = situation.event == Some(EventType::Payment);
    let may_claim = is_payment && decision == Decision::Approve && !is_shifted;
    let is_remote = matches!(situation.kind, PaymentKind::Remote | PaymentKind::AutoDebit);
    let is_mandate = situation.kind == PaymentKind::AutoDebit || situation.is_mit == Some(true);
    let card = &situation.card;
    let amount_eur = economics.amount_usd(situation) / economics.usd_per_eur;
    let is_within_counters = card.low_value_count < economics.exempt_low_value_count
        || card.low_value_eur <= economics.exempt_low_value_sum_eur;
    let is_low_value = amount_eur <= economics.exempt_low_value_eur && is_within_counters;
    let is_tra_size = largest_tra_eur(economics).is_some_and(|most| amount_eur <= most);
    let is_asked = choice.is_some_and(|choice| 0.0 < choice.ask().shifted);
    Some(Exemption {
        sca_scope: scope(situation),
        low_value: may_claim && is_remote && is_low_value,
        tra: may_claim && is_remote && is_tra_size && tra_checks.is_clear(),
        recurring: may_claim && is_mandate,
        trusted: may_claim && card.trust == Trust::Listed,
        transit: may_claim && situation.kind == PaymentKind::Transit,
        tra_checks,
        low_value_count: whole(card.low_value_count).map(|count| count as u32),
        low_value_eur_minor: whole(card.low_value_eur * 100.0).map(|minor| minor as i64),
        liability_shift_expected: is_shifted || (decision == Decision::Challenge && is_asked),
    })
}

/// The largest amount that risk analysis may exempt at the provider's fraud rate, `None` for none.
fn largest_tra_eur(economics: &Economics) -> Option<f64> {
    let band = TRA_BANDS.iter().find(|(_, rate)| economics.provider_fraud_rate <= *rate);
    band.map(|(most_eur, _)| *most_eur)
}

/// A count or an amount of minor units, `None` when it is not known.
fn whole(number: f64) -> Option<f64> {
    number.is_finite().then(|| number.round().max(0.0))
}

/// The scope by the countries of issuer and merchant. A wallet event without a merchant (linking,
/// loading) has its payee outside, where the wallet is.
pub(super) fn scope(situation: &Situation) -> ScaScope {
    let is_inside = |country: f64| SCA_COUNTRIES.contains(&country);
    let payer = situation.card.issuer_country;
    if payer.is_nan() {
        return ScaScope::Unknown;
    }
    let has_merchant = situation.event == Some(EventType::Payment);
    if has_merchant && situation.merchant_country.is_nan() {
        return ScaScope::Unknown;
    }
    match (is_inside(payer), is_inside(situation.merchant_country)) {
        (true, true) => ScaScope::InScope,
        (true, false) | (false, true) => ScaScope::OneLegOut,
        (false, false) => ScaScope::OutOfScope,
    }
}

fn tra_checks(situation: &Situation, scenario: Scenario) -> TraChecks {
    let device = &situation.device;
    let past = &situation.past;
    let is_usual_spend = past.amount_zscore_90d < SPEND_ABNORMAL;
    let is_usual_device = device.is_trusted == Some(true)
        && 1.0 <= device.integrity_level
        && device.is_rooted != Some(true)
        && device.is_emulator != Some(true)
        && device.is_app_genuine != Some(false);
    let is_clean = [device.is_hooked, device.is_cloned_app, device.is_remote_controlled]
        .iter()
        .all(|flag| *flag == Some(false));
    let is_too_fast =
        SPEED_ABNORMAL_KMH < past.speed_kmh && SPEED_CONFIDENCE <= past.speed_confidence;
    let is_place_known = past.speed_kmh.is_finite() || past.is_ip_at_place.is_some();
    let is_low_risk_payee = past.merchant_fraud_rate_30d < PAYEE_FRAUD_RATE;
    TraChecks {
        abnormal_spend: !is_usual_spend,
        unusual_device: !is_usual_device,
        malware: !is_clean,
        known_scenario: scenario == Scenario::Suspected || 1.0 <= past.linked_fraud_90d,
        abnormal_payer_location: is_too_fast
            || past.is_ip_at_place == Some(false)
            || !is_place_known,
        high_risk_payee_location: !is_low_risk_payee,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::economics::Held;
    use crate::situation::{Funding, ThreeDsStatus};

    fn country(code: &str) -> f64 {
        f64::from(features::geo::pack_country(code).expect("an assigned code"))
    }

    /// A quiet remote card payment of 20 USD that gives every answer the analysis asks for.
    fn quiet() -> Situation {
        let mut situation = Situation {
            event: Some(EventType::Payment),
            funding: Funding::Card,
            kind: PaymentKind::Remote,
            usd_minor: 2_000.0,
            merchant_country: country("CN"),
            ..Situation::unknown()
        };
        situation.card.issuer_country = country("DE");
        situation.card.low_value_count = 2.0;
        situation.card.low_value_eur = 54.204;
        situation.device.is_trusted = Some(true);
        situation.device.integrity_level = 3.0;
        situation.device.is_hooked = Some(false);
        situation.device.is_cloned_app = Some(false);
        situation.device.is_remote_controlled = Some(false);
        situation.past.amount_zscore_90d = 0.2;
        situation.past.speed_kmh = 4.0;
        situation.past.speed_confidence = 1.0;
        situation.past.merchant_fraud_rate_30d = 0.003;
        situation
    }

    fn of(situation: &Situation, economics: &Economics, decision: Decision) -> Exemption {
        let stake = economics.stake(situation, Held::No);
        exemption(situation, economics, &stake, decision, Scenario::Quiet, None).expect("a card")
    }

    fn found(situation: &Situation) -> Exemption {
        of(situation, &Economics::default(), Decision::Approve)
    }

    #[test]
    fn countries_decide_the_scope() {
        let scope = |payer: f64, payee: f64| {
            let mut situation = quiet();
            situation.card.issuer_country = payer;
            situation.merchant_country = payee;
            found(&situation).sca_scope
        };
        assert_eq!(scope(country("DE"), country("CN")), ScaScope::OneLegOut);
        assert_eq!(scope(country("FR"), country("GB")), ScaScope::InScope);
        assert_eq!(scope(country("US"), country("CN")), ScaScope::OutOfScope);
        assert_eq!(scope(country("US"), country("IT")), ScaScope::OneLegOut);
        assert_eq!(scope(f64::NAN, country("CN")), ScaScope::Unknown);
        assert_eq!(scope(country("DE"), f64::NAN), ScaScope::Unknown);
    }

    #[test]
    fn low_value_needs_a_small_amount_and_a_counter_that_is_not_used_up() {
        // Euro, payments since the last strong authentication, their sum, whether it may be claimed.
        let table = [
            (29.99, 0.0, 0.0, true),
            (30.01, 0.0, 0.0, false),
            (29.99, 4.0, 900.0, true),
            (29.99, 5.0, 100.0, true),
            (29.99, 5.0, 100.01, false),
            (29.99, f64::NAN, 99.0, true),
            (29.99, 4.0, f64::NAN, true),
            (29.99, 5.0, f64::NAN, false),
            (29.99, f64::NAN, f64::NAN, false),
            (f64::NAN, 0.0, 0.0, false),
        ];
        for (eur, count, sum_eur, may_claim) in table {
            let mut situation = Situation { usd_minor: eur * 108.0, ..quiet() };
            situation.card.low_value_count = count;
            situation.card.low_value_eur = sum_eur;
            assert_eq!(found(&situation).low_value, may_claim, "{eur} {count} {sum_eur}");
        }
        let in_person = Situation { kind: PaymentKind::InPerson, ..quiet() };
        assert!(!found(&in_person).low_value);
    }

    #[test]
    fn the_counters_are_told_as_far_as_they_are_known() {
        let told =
            |exemption: Exemption| (exemption.low_value_count, exemption.low_value_eur_minor);
        assert_eq!(told(found(&quiet())), (Some(2), Some(5_420)));
        let mut unknown = quiet();
        unknown.card.low_value_eur = f64::NAN;
        assert_eq!(told(found(&unknown)), (Some(2), None));
    }

    fn with_fraud_rate(rate: f64) -> Economics {
        let mut economics = Economics::default();
        economics.set("provider_fraud_rate", rate).expect("a share");
        economics
    }

    #[test]
    fn the_providers_fraud_rate_decides_how_much_risk_analysis_may_exempt() {
        // Fraud in basis points, largest amount in euro.
        let table =
            [(0.0, 500.0), (1.0, 500.0), (1.01, 250.0), (6.0, 250.0), (6.01, 100.0), (13.0, 100.0)];
        for (bps, most_eur) in table {
            let rate = with_fraud_rate(bps / 1e4);
            for (eur, may_claim) in [(most_eur - 0.01, true), (most_eur + 0.01, false)] {
                let situation = Situation { usd_minor: eur * 108.0, ..quiet() };
                let found = of(&situation, &rate, Decision::Approve);
                assert_eq!(found.tra, may_claim, "{bps} bps, {eur} EUR");
            }
        }
        let too_much = with_fraud_rate(0.001_301);
        for usd_minor in [0.0, 100.0] {
            let small = Situation { usd_minor, ..quiet() };
            assert!(!of(&small, &too_much, Decision::Approve).tra);
        }
    }

    #[test]
    fn each_finding_and_each_missing_answer_spoils_the_risk_analysis() {
        type Spoiler = (fn(&mut Situation), fn(&TraChecks) -> bool);
        let spoilers: [Spoiler; 15] = [
            (|s| s.past.amount_zscore_90d = 4.0, |c| c.abnormal_spend),
            (|s| s.past.amount_zscore_90d = f64::NAN, |c| c.abnormal_spend),
            (|s| s.device.is_trusted = None, |c| c.unusual_device),
            (|s| s.device.integrity_level = f64::NAN, |c| c.unusual_device),
            (|s| s.device.is_rooted = Some(true), |c| c.unusual_device),
            (|s| s.device.is_emulator = Some(true), |c| c.unusual_device),
            (|s| s.device.is_app_genuine = Some(false), |c| c.unusual_device),
            (|s| s.device.is_hooked = None, |c| c.malware),
            (|s| s.device.is_remote_controlled = Some(true), |c| c.malware),
            (|s| s.past.linked_fraud_90d = 1.0, |c| c.known_scenario),
            (|s| s.past.speed_kmh = 2_000.0, |c| c.abnormal_payer_location),
            (|s| s.past.is_ip_at_place = Some(false), |c| c.abnormal_payer_location),
            (|s| s.past.speed_kmh = f64::NAN, |c| c.abnormal_payer_location),
            (|s| s.past.merchant_fraud_rate_30d = 0.02, |c| c.high_risk_payee_location),
            (|s| s.past.merchant_fraud_rate_30d = f64::NAN, |c| c.high_risk_payee_location),
        ];
        assert!(found(&quiet()).tra);
        for (at, (spoil, check)) in spoilers.into_iter().enumerate() {
            let mut situation = quiet();
            spoil(&mut situation);
            let found = found(&situation);
            assert!(!found.tra && check(&found.tra_checks), "spoiler {at}: {found:?}");
        }
        let economics = Economics::default();
        let stake = economics.stake(&quiet(), Held::No);
        let (decision, scenario) = (Decision::Approve, Scenario::Suspected);
        let suspected = exemption(&quiet(), &economics, &stake, decision, scenario, None);
        assert!(suspected.is_some_and(|e| !e.tra && e.tra_checks.known_scenario));
    }

    #[test]
    fn mandates_fares_and_trusted_payees_have_their_own_exemption() {
        assert!(found(&Situation { kind: PaymentKind::AutoDebit, ..quiet() }).recurring);
        assert!(found(&Situation { is_mit: Some(true), ..quiet() }).recurring);
        let fare = found(&Situation { kind: PaymentKind::Transit, ..quiet() });
        assert!(fare.transit && !fare.recurring && !fare.low_value);
        let mut listed = quiet();
        assert!(!found(&listed).trusted);
        listed.card.trust = Trust::Open;
        assert!(!found(&listed).trusted, "the issuer could list the payee and has not");
        listed.card.trust = Trust::Listed;
        assert!(found(&listed).trusted);
    }

    /// Every claim that can be made at once.
    fn claims(exemption: &Exemption) -> [bool; 5] {
        let Exemption { low_value, tra, recurring, trusted, transit, .. } = *exemption;
        [low_value, tra, recurring, trusted, transit]
    }

    #[test]
    fn nothing_is_exempt_from_what_is_not_approved_not_a_payment_or_not_a_card() {
        let mut listed = Situation { is_mit: Some(true), ..quiet() };
        listed.card.trust = Trust::Listed;
        assert_eq!(claims(&found(&listed)), [true, true, true, true, false]);
        for decision in [Decision::Challenge, Decision::Decline] {
            let of = of(&listed, &Economics::default(), decision);
            assert_eq!(claims(&of), [false; 5], "{decision:?}");
        }
        let load = Situation { event: Some(EventType::TourPassTopup), ..listed.clone() };
        assert_eq!(claims(&found(&load)), [false; 5]);
        let balance = Situation { funding: Funding::Other, ..quiet() };
        let economics = Economics::default();
        let stake = economics.stake(&balance, Held::No);
        let (decision, scenario) = (Decision::Approve, Scenario::Quiet);
        assert_eq!(exemption(&balance, &economics, &stake, decision, scenario, None), None);
    }

    #[test]
    fn what_the_issuer_answers_for_is_not_given_away_by_an_exemption() {
        let mut situation = quiet();
        assert!(!found(&situation).liability_shift_expected);
        situation.card.three_ds_status = ThreeDsStatus::Authenticated;
        let authenticated = found(&situation);
        assert!(authenticated.liability_shift_expected);
        assert_eq!(claims(&authenticated), [false; 5]);
        // Authenticated, and sent as exempted all the same: the loss stays here.
        situation.card.liability_shift = Some(false);
        let exempted = found(&situation);
        assert!(!exempted.liability_shift_expected && exempted.tra);
    }

    #[test]
    fn an_exemption_is_priced_as_an_approval_with_the_full_loss() {
        let economics = Economics::default();
        let price = |situation: &Situation| {
            let stake = economics.stake(situation, Held::No);
            economics.costs(0.01, &stake, None).approve
        };
        let mut situation = quiet();
        assert!(found(&situation).tra);
        let full_loss = 20.0 * (1.0 - economics.recovery) + 20.0 + 8.0 + 1.5;
        assert!((price(&situation) - 0.01 * full_loss).abs() < 1e-12);
        // The same with an exemption that was asked for, whatever the authentication said.
        situation.card.three_ds_status = ThreeDsStatus::Authenticated;
        assert!(price(&situation) < 0.01 * full_loss);
        situation.card.liability_shift = Some(false);
        assert!((price(&situation) - 0.01 * full_loss).abs() < 1e-12);
    }
}
