//! Whether strong customer authentication is a duty here, and which exemption could be claimed.
//!
//! One event shows this much: countries decide the scope, the amount and the kind of
//! payment the exemptions, six questions the risk analysis. A question that cannot be answered
//! counts as a finding, because an exemption must rest on an analysis that was made. The issuer's
//! counters of low-value payments are not known here; the issuer's word is decisive. Exempted
//! traffic has no liability shift and was priced as approved with the full loss.

use features::field::EventType;

use super::Choice;
use crate::decision::{Decision, Exemption, Factor, ScaScope, TraChecks};
use crate::economics::Economics;
use crate::situation::{PaymentKind, Situation, ThreeDsStatus};

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
    decision: Decision,
    scenario: Scenario,
    choice: Option<&Choice>,
) -> Option<Exemption> {
    if !situation.is_card_funded() {
        return None;
    }
    let amount_eur = economics.amount_usd(situation) / economics.usd_per_eur;
    let tra_checks = tra_checks(situation, scenario);
    let is_approved = decision == Decision::Approve;
    let is_payment = situation.event == Some(EventType::Payment);
    let is_remote = matches!(situation.kind, PaymentKind::Remote | PaymentKind::AutoDebit);
    let is_mandate = situation.kind == PaymentKind::AutoDebit || situation.is_mit == Some(true);
    let is_tra_size = amount_eur <= economics.exempt_tra_eur;
    let low_value = is_approved && is_remote && amount_eur <= economics.exempt_low_value_eur;
    let tra = is_approved && is_remote && is_tra_size && tra_checks.is_clear();
    let asks_issuer =
        choice.is_some_and(|choice| choice.picked().any(|s| s.factor == Factor::ThreeDsChallenge));
    let is_shifted = situation.card.liability_shift == Some(true)
        || situation.card.three_ds_status == ThreeDsStatus::Authenticated;
    Some(Exemption {
        sca_scope: scope(situation),
        low_value: low_value && is_payment,
        tra: tra && is_payment,
        recurring: is_payment && is_mandate,
        transit: situation.kind == PaymentKind::Transit,
        tra_checks,
        liability_shift_expected: is_shifted || (decision == Decision::Challenge && asks_issuer),
    })
}

/// The scope by the countries of issuer and merchant. A wallet event without a merchant (linking,
/// loading) has its payee outside, where the wallet is.
fn scope(situation: &Situation) -> ScaScope {
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
    use crate::situation::Funding;

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

    fn found(situation: &Situation) -> Exemption {
        let economics = Economics::default();
        exemption(situation, &economics, Decision::Approve, Scenario::Quiet, None).expect("a card")
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
    fn a_quiet_small_payment_may_be_exempt_and_a_large_one_not() {
        let small = found(&quiet());
        assert!(small.low_value && small.tra && small.tra_checks.is_clear());
        let middle = found(&Situation { usd_minor: 9_000.0, ..quiet() });
        assert!(!middle.low_value && middle.tra);
        let large = found(&Situation { usd_minor: 90_000.0, ..quiet() });
        assert!(!large.low_value && !large.tra);
        let unknown = found(&Situation { usd_minor: f64::NAN, ..quiet() });
        assert!(!unknown.low_value && !unknown.tra);
    }

    #[test]
    fn each_finding_and_each_missing_answer_spoils_the_risk_analysis() {
        let spoilers: [fn(&mut Situation); 14] = [
            |s| s.past.amount_zscore_90d = 4.0,
            |s| s.past.amount_zscore_90d = f64::NAN,
            |s| s.device.is_trusted = None,
            |s| s.device.integrity_level = f64::NAN,
            |s| s.device.is_rooted = Some(true),
            |s| s.device.is_emulator = Some(true),
            |s| s.device.is_hooked = None,
            |s| s.device.is_remote_controlled = Some(true),
            |s| s.past.linked_fraud_90d = 1.0,
            |s| s.past.speed_kmh = 2_000.0,
            |s| s.past.is_ip_at_place = Some(false),
            |s| s.past.speed_kmh = f64::NAN,
            |s| s.past.merchant_fraud_rate_30d = 0.02,
            |s| s.past.merchant_fraud_rate_30d = f64::NAN,
        ];
        for (at, spoil) in spoilers.into_iter().enumerate() {
            let mut situation = quiet();
            spoil(&mut situation);
            assert!(!found(&situation).tra, "spoiler {at}");
        }
        let economics = Economics::default();
        let suspected =
            exemption(&quiet(), &economics, Decision::Approve, Scenario::Suspected, None);
        assert!(suspected.is_some_and(|e| !e.tra && e.tra_checks.known_scenario));
    }

    #[test]
    fn mandates_and_fares_have_their_own_exemption() {
        assert!(found(&Situation { kind: PaymentKind::AutoDebit, ..quiet() }).recurring);
        assert!(found(&Situation { is_mit: Some(true), ..quiet() }).recurring);
        let fare = found(&Situation { kind: PaymentKind::Transit, ..quiet() });
        assert!(fare.transit && !fare.recurring && !fare.low_value);
    }

    #[test]
    fn nothing_is_exempt_from_what_is_not_approved_or_not_a_card() {
        let economics = Economics::default();
        for decision in [Decision::Challenge, Decision::Decline] {
            let of = exemption(&quiet(), &economics, decision, Scenario::Quiet, None);
            assert!(of.is_some_and(|e| !e.low_value && !e.tra));
        }
        let balance = Situation { funding: Funding::Other, ..quiet() };
        let of = exemption(&balance, &economics, Decision::Approve, Scenario::Quiet, None);
        assert_eq!(of, None);
    }

    #[test]
    fn an_authenticated_payment_is_the_issuers_risk() {
        let mut situation = quiet();
        assert!(!found(&situation).liability_shift_expected);
        situation.card.three_ds_status = ThreeDsStatus::Authenticated;
        assert!(found(&situation).liability_shift_expected);
    }
}
