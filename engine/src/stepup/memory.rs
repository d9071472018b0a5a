//! What was proven a short while ago, so that it need not be proven again.
//!
//! A proof counts on the account and device that passed it, for a set time and for the same class of
//! payee: a shop, somebody else, the customer himself. For money it counts up to the amount it was
//! passed for; in a shop a passed identity check counts for any, as it says who it is. A proof does two
//! things. It meets the floor of the event, as far as its strength goes; and
//! it is evidence: of the suspected attackers fewer would have passed than of genuine customers, so
//! the cost rule weighs a lower probability. It never softens what a rule demands. Where a relay or a
//! stolen unlocked device is suspected it counts for nothing: then the proof may be the attacker's.

use features::field::EventType;

use crate::decision::{Factor, Strength};
use crate::economics::Economics;
use crate::situation::Situation;
use crate::vector::{Posterior, Vector};

/// The factors that a strong proof may have been.
const STRONG: [Factor; 3] = [Factor::Passkey, Factor::DeviceBiometric, Factor::PushNumberMatch];

/// The factors that a code may have been.
const CODES: [Factor; 2] = [Factor::SmsOtp, Factor::Totp];

/// The strength of a proof of the wallet user that still counts, if there is one.
pub fn remembered(
    situation: &Situation,
    posterior: &Posterior,
    economics: &Economics,
) -> Option<Strength> {
    use EventType::{
        CardLink, Login, Payment, ProfileChange, RedEnvelopeSend, TourPassTopup, Transfer,
        Withdrawal,
    };
    let proof = &situation.session.proof;
    let is_covered = situation.base_minor <= proof.strong_base_minor;
    let is_identified =
        situation.event == Some(Payment) && proof.identity_min <= economics.memory_shop_min;
    let (minutes, is_strong_enough, has_codes) = match situation.event? {
        Payment => (economics.memory_shop_min, is_covered, false),
        Transfer | RedEnvelopeSend | Withdrawal => (economics.memory_person_min, is_covered, false),
        Login | ProfileChange | CardLink | TourPassTopup => {
            (economics.memory_self_min, !situation.is_recovery(), true)
        }
        _ => return None,
    };
    let suspected = economics.combine_above;
    let is_in_wrong_hands =
        suspected < posterior.weight(Vector::V3) || suspected < posterior.weight(Vector::V5);
    if is_in_wrong_hands {
        None
    } else if is_identified || (is_strong_enough && proof.strong_min <= minutes) {
        Some(Strength::S3)
    } else if has_codes && is_strong_enough && proof.code_min <= minutes {
        Some(Strength::S2)
    } else {
        None
    }
}

/// The probability of fraud after a proof of this strength: the odds fall by the share of suspected
/// attackers who would have passed it over the share of genuine customers who do. Which factor it
/// was is not known, so it counts as the one that attackers pass most.
pub fn belief(
    probability: f64,
    strength: Strength,
    posterior: &Posterior,
    economics: &Economics,
) -> f64 {
    let members = if Strength::S3 <= strength { &STRONG[..] } else { &CODES[..] };
    let of_attackers: f64 = posterior
        .weights()
        .iter()
        .enumerate()
        .map(|(vector, weight)| {
            let passes = members.iter().map(|factor| economics.factor(*factor).bypass[vector]);
            weight * passes.fold(0.0, f64::max)
        })
        .sum();
    let of_customers =
        members.iter().map(|factor| economics.factor(*factor).success).fold(1.0, f64::min);
    let fraud = probability * of_attackers;
    let genuine = (1.0 - probability) * of_customers;
    if fraud + genuine <= 0.0 { probability } else { probability.min(fraud / (fraud + genuine)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::COUNT;

    fn suspecting(vector: Vector) -> Posterior {
        let mut weights = [0.0; COUNT];
        weights[vector as usize] = 1.0;
        Posterior::of(weights)
    }

    /// 100 CNY, five minutes after a strong proof for 100 CNY and a code.
    fn proven(event: EventType) -> Situation {
        let mut situation =
            Situation { event: Some(event), base_minor: 10_000.0, ..Situation::unknown() };
        situation.session.proof.strong_min = 5.0;
        situation.session.proof.strong_base_minor = 10_000.0;
        situation.session.proof.code_min = 5.0;
        situation
    }

    fn found(situation: &Situation, vector: Vector) -> Option<Strength> {
        remembered(situation, &suspecting(vector), &Economics::default())
    }

    #[test]
    fn a_proof_counts_for_its_time_and_up_to_its_amount() {
        for event in [EventType::Payment, EventType::Transfer, EventType::Withdrawal] {
            let mut situation = proven(event);
            assert_eq!(found(&situation, Vector::V2), Some(Strength::S3), "{}", event.name());
            situation.base_minor = 10_001.0;
            assert_eq!(found(&situation, Vector::V2), None, "{}: a larger amount", event.name());
            situation.base_minor = f64::NAN;
            assert_eq!(found(&situation, Vector::V2), None, "{}: unknown", event.name());
        }
        let mut paid = proven(EventType::Payment);
        let mut sent = proven(EventType::Transfer);
        for situation in [&mut paid, &mut sent] {
            situation.session.proof.strong_min = 21.0;
        }
        assert_eq!(found(&paid, Vector::V2), Some(Strength::S3));
        assert_eq!(found(&sent, Vector::V2), None, "20 minutes where money leaves");
        paid.session.proof.strong_min = f64::NAN;
        assert_eq!(found(&paid, Vector::V2), None, "a code is not enough for money");
        for situation in [&mut paid, &mut sent] {
            situation.session.proof.identity_min = 60.0;
            situation.base_minor = f64::NAN;
        }
        assert_eq!(found(&paid, Vector::V2), Some(Strength::S3), "a shop sells to who is known");
        assert_eq!(found(&sent, Vector::V2), None, "a receiver is somebody else");
        paid.session.proof.identity_min = 61.0;
        assert_eq!(found(&paid, Vector::V2), None);
        let mut login = proven(EventType::Login);
        login.base_minor = f64::NAN;
        assert_eq!(found(&login, Vector::V2), Some(Strength::S3), "no amount, no bound");
        login.session.proof.strong_min = f64::NAN;
        assert_eq!(found(&login, Vector::V2), Some(Strength::S2));
        assert_eq!(found(&proven(EventType::Refund), Vector::V2), None, "no class of payee");
    }

    #[test]
    fn a_proof_in_the_wrong_hands_counts_for_nothing() {
        for vector in [Vector::V3, Vector::V5] {
            assert_eq!(found(&proven(EventType::Payment), vector), None, "{}", vector.name());
        }
    }

    #[test]
    fn a_proof_lowers_the_odds_by_what_it_tells_apart() {
        let economics = Economics::default();
        let after = |vector| belief(0.03, Strength::S3, &suspecting(vector), &economics);
        // A thief with a card of somebody else's passes his own factors.
        assert!((after(Vector::V1) - 0.03).abs() < 2e-3);
        assert!(after(Vector::V2) < 0.01, "{}", after(Vector::V2));
        let code = belief(0.03, Strength::S2, &suspecting(Vector::V4), &economics);
        assert!(0.025 < code, "a swapped SIM receives the code: {code}");
        for probability in [0.0, 1.0] {
            let found = belief(probability, Strength::S3, &suspecting(Vector::V2), &economics);
            assert_eq!(found, probability);
        }
    }
}
