//! The least proof that a challenge on this event must ask for.
//!
//! A floor does not cause a challenge: rules and the cost rule do. It keeps a challenge from being
//! answered with too little. What is not known (whether the device is the usual one, how old the
//! card link is, how large the amount) raises the floor. A cardholder counts as proven for 90 days
//! after the account passed the issuer's authentication with this card, and when this very event
//! carries an authenticated 3DS result. What waits after a strong proof is for the rules to say.
//!
//! Two floors come with conditions. Who changes a credential and has nothing strong enrolled gets
//! low limits for a day, and a notice where an attacker does not read it. Who has lost everything
//! may show two independent proofs instead of his passport, and then waits a day.

use features::field::EventType;

use crate::decision::{Proof, Proofs, Strength};
use crate::economics::Economics;
use crate::situation::{Change, Situation, ThreeDsStatus};

/// The least proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Floor {
    /// Least strength.
    pub strength: Strength,
    /// Who must be proven whatever the suspicion.
    pub proves: Proofs,
    /// What else must be so.
    pub terms: FloorTerms,
}

/// What comes with a floor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FloorTerms {
    /// Nothing.
    Plain,
    /// After a pass: a notice, and low limits for a day.
    LowLimits,
    /// Two independent proofs of S2 and a day's wait may stand in for the strength.
    OrTwo,
}

impl Floor {
    /// What is left of it when the wallet user was proven so strongly a short while ago.
    pub fn after(self, remembered: Option<Strength>) -> Floor {
        match remembered {
            Some(strength) if self.strength <= strength => {
                Floor { strength: Strength::None, ..self }
            }
            Some(_) | None => self,
        }
    }
}

const NOTHING: Floor =
    Floor { strength: Strength::None, proves: Proofs::NONE, terms: FloorTerms::Plain };
const CARDHOLDER: Proofs = Proofs::of(&[Proof::Cardholder]);

/// A card linked this recently is new.
const CARD_NEW_HOURS: f64 = 24.0;

/// The floor of an event.
pub fn floor(situation: &Situation, economics: &Economics) -> Floor {
    match situation.event {
        Some(EventType::Login) => of_login(situation, economics),
        Some(EventType::ProfileChange) => of_profile_change(situation),
        Some(EventType::CardLink) if is_authenticated(situation) => NOTHING,
        Some(EventType::CardLink) => card_proof(Strength::S2),
        Some(EventType::Payment) => of_payment(situation, economics),
        Some(EventType::TourPassTopup) => {
            let is_small = situation.base_minor <= 100.0 * economics.floor_load_base;
            let is_card_known = !is_card_new(situation) || is_card_proven(situation);
            if is_authenticated(situation) || (is_small && is_card_known) {
                NOTHING
            } else {
                card_proof(Strength::S2)
            }
        }
        Some(EventType::ThirdPartyTopup | EventType::Withdrawal) => user(Strength::S3),
        Some(EventType::Transfer | EventType::RedEnvelopeSend) => {
            let is_small = situation.base_minor <= 100.0 * economics.floor_transfer_base;
            if situation.is_payee_new() && !is_small { user(Strength::S3) } else { NOTHING }
        }
        Some(_) | None => NOTHING,
    }
}

fn of_login(situation: &Situation, economics: &Economics) -> Floor {
    if situation.device.is_trusted == Some(true) {
        NOTHING
    } else if economics.floor_login_usd < economics.reachable_usd(situation) {
        user(Strength::S3)
    } else {
        user(Strength::S2)
    }
}

fn of_profile_change(situation: &Situation) -> Floor {
    if situation.is_recovery() {
        return Floor { strength: Strength::S4, proves: Proofs::NONE, terms: FloorTerms::OrTwo };
    }
    let enrolled = &situation.enrolled;
    let has_strong_factor = [enrolled.passkey_ms, enrolled.biometric_ms, enrolled.push_ms]
        .iter()
        .any(|enrolled_ms| enrolled_ms.is_finite());
    match situation.change {
        Change::Other => NOTHING,
        Change::Phone | Change::Limit | Change::Credential | Change::Unknown => {
            if has_strong_factor {
                user(Strength::S3)
            } else {
                Floor { terms: FloorTerms::LowLimits, ..user(Strength::S2) }
            }
        }
    }
}

fn of_payment(situation: &Situation, economics: &Economics) -> Floor {
    let is_card = situation.is_card_funded();
    if economics.floor_payment_usd <= economics.amount_usd(situation) {
        let proves = if is_card && !is_card_proven(situation) { CARDHOLDER } else { Proofs::NONE };
        return Floor { proves, ..user(Strength::S3) };
    }
    let is_small = situation.base_minor <= 100.0 * economics.floor_payment_base;
    if is_card && !is_small && is_card_new(situation) && !is_card_proven(situation) {
        return card_proof(Strength::S2);
    }
    NOTHING
}

/// Whether the card was linked today, as far as is known.
fn is_card_new(situation: &Situation) -> bool {
    let age = situation.card.linked_age_hours;
    age.is_nan() || age < CARD_NEW_HOURS
}

/// Whether the issuer authenticated the cardholder for this very event.
fn is_authenticated(situation: &Situation) -> bool {
    situation.card.three_ds_status == ThreeDsStatus::Authenticated
}

/// Whether the account proved within 90 days to hold this card.
fn is_card_proven(situation: &Situation) -> bool {
    is_authenticated(situation) || 1.0 <= situation.card.proofs_90d
}

fn card_proof(strength: Strength) -> Floor {
    Floor { strength, proves: CARDHOLDER, ..NOTHING }
}

fn user(strength: Strength) -> Floor {
    Floor { strength, ..NOTHING }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::situation::{Funding, SessionAuth};

    type Alter = fn(&mut Situation);

    const NONE: (Strength, bool) = (Strength::None, false);

    /// Event, what is known of it, least strength, and whether the cardholder must be proven.
    const FLOORS: [(EventType, Alter, (Strength, bool)); 35] = [
        (EventType::Login, |s| s.device.is_trusted = Some(true), NONE),
        (EventType::Login, |s| s.device.is_trusted = Some(false), (Strength::S2, false)),
        (EventType::Login, |_| (), (Strength::S2, false)),
        // 260 USD of the cards and 240 of the balance.
        (EventType::Login, |s| s.balance_minor = 171_360.0, (Strength::S2, false)),
        (EventType::Login, |s| s.balance_minor = 171_361.0, (Strength::S3, false)),
        (EventType::ProfileChange, |s| s.change = Change::Phone, (Strength::S2, false)),
        (EventType::ProfileChange, |_| (), (Strength::S2, false)),
        (
            EventType::ProfileChange,
            |s| {
                s.change = Change::Credential;
                s.enrolled.passkey_ms = 5.0;
            },
            (Strength::S3, false),
        ),
        (
            EventType::ProfileChange,
            |s| {
                s.change = Change::Limit;
                s.enrolled.biometric_ms = 5.0;
            },
            (Strength::S3, false),
        ),
        (EventType::ProfileChange, |s| s.change = Change::Other, NONE),
        (
            EventType::ProfileChange,
            |s| {
                s.change = Change::Credential;
                s.session.auth = SessionAuth::Anonymous;
            },
            (Strength::S4, false),
        ),
        (EventType::CardLink, |_| (), (Strength::S2, true)),
        (EventType::CardLink, |s| s.card.proofs_90d = 1.0, (Strength::S2, true)),
        (EventType::CardLink, |s| s.card.three_ds_status = ThreeDsStatus::Authenticated, NONE),
        (EventType::Payment, |s| pay(s, 200.0, f64::NAN), NONE),
        (EventType::Payment, |s| pay(s, 201.0, 5.0), (Strength::S2, true)),
        (EventType::Payment, |s| pay(s, 201.0, f64::NAN), (Strength::S2, true)),
        (EventType::Payment, |s| pay(s, f64::NAN, 5.0), (Strength::S2, true)),
        (EventType::Payment, |s| pay(s, 201.0, 25.0), NONE),
        (
            EventType::Payment,
            |s| {
                pay(s, 201.0, 5.0);
                s.card.three_ds_status = ThreeDsStatus::Authenticated;
            },
            NONE,
        ),
        (
            EventType::Payment,
            |s| {
                pay(s, 201.0, 5.0);
                s.card.proofs_90d = 1.0;
            },
            NONE,
        ),
        (
            EventType::Payment,
            |s| {
                pay(s, 7_141.0, 100.0);
                s.card.proofs_90d = 1.0;
            },
            (Strength::S3, false),
        ),
        (EventType::Payment, |s| pay(s, 7_141.0, 100.0), (Strength::S3, true)),
        (EventType::Payment, |s| pay(s, 7_141.0, f64::NAN), (Strength::S3, true)),
        (EventType::TourPassTopup, |s| pay(s, 500.0, 100.0), NONE),
        (EventType::TourPassTopup, |s| pay(s, 501.0, 100.0), (Strength::S2, true)),
        (EventType::TourPassTopup, |s| pay(s, 100.0, 5.0), (Strength::S2, true)),
        (
            EventType::TourPassTopup,
            |s| {
                pay(s, 100.0, 5.0);
                s.card.proofs_90d = 1.0;
            },
            NONE,
        ),
        (
            EventType::TourPassTopup,
            |s| {
                pay(s, 501.0, 900.0);
                s.card.proofs_90d = 1.0;
            },
            (Strength::S2, true),
        ),
        (
            EventType::TourPassTopup,
            |s| {
                pay(s, 501.0, 5.0);
                s.card.three_ds_status = ThreeDsStatus::Authenticated;
            },
            NONE,
        ),
        (EventType::ThirdPartyTopup, |_| (), (Strength::S3, false)),
        (EventType::Withdrawal, |_| (), (Strength::S3, false)),
        (EventType::Transfer, |s| s.base_minor = 100_100.0, (Strength::S3, false)),
        (EventType::Transfer, |s| s.base_minor = 100_000.0, NONE),
        (
            EventType::Transfer,
            |s| {
                s.base_minor = 900_000.0;
                s.time_ms = 1e9;
                s.payee_first_seen_ms = 1e8;
            },
            NONE,
        ),
    ];

    fn pay(situation: &mut Situation, base: f64, linked_age_hours: f64) {
        situation.funding = Funding::Card;
        situation.base_minor = 100.0 * base;
        situation.card.linked_age_hours = linked_age_hours;
    }

    #[test]
    fn each_event_has_its_floor() {
        for (at, (event, alter, (strength, cardholder))) in FLOORS.into_iter().enumerate() {
            let mut situation = Situation { event: Some(event), ..Situation::unknown() };
            alter(&mut situation);
            let found = floor(&situation, &Economics::default());
            let proves = if cardholder { CARDHOLDER } else { Proofs::NONE };
            let told = (found.strength, found.proves);
            assert_eq!(told, (strength, proves), "row {at}: {}", event.name());
        }
    }

    #[test]
    fn weak_changes_bring_low_limits_and_recovery_two_proofs() {
        let economics = Economics::default();
        let mut change = Situation {
            event: Some(EventType::ProfileChange),
            change: Change::Credential,
            ..Situation::unknown()
        };
        assert_eq!(floor(&change, &economics).terms, FloorTerms::LowLimits);
        change.enrolled.passkey_ms = 5.0;
        assert_eq!(floor(&change, &economics).terms, FloorTerms::Plain);
        change.session.auth = SessionAuth::Anonymous;
        assert_eq!(floor(&change, &economics).terms, FloorTerms::OrTwo);
        change.change = Change::Limit;
        assert_eq!(floor(&change, &economics).strength, Strength::S3, "no credential is reset");
    }

    #[test]
    fn a_recent_proof_meets_what_it_is_strong_enough_for_and_nothing_else() {
        let large = Floor { proves: CARDHOLDER, ..user(Strength::S3) };
        assert_eq!(large.after(Some(Strength::S2)), large);
        assert_eq!(large.after(None), large);
        let left = large.after(Some(Strength::S3));
        assert_eq!((left.strength, left.proves), (Strength::None, CARDHOLDER));
    }

    #[test]
    fn events_without_a_line_have_no_floor() {
        for event in [EventType::AccountOpen, EventType::PromoRedemption, EventType::Refund] {
            let situation = Situation { event: Some(event), ..Situation::unknown() };
            assert_eq!(floor(&situation, &Economics::default()), NOTHING);
        }
        assert_eq!(floor(&Situation::unknown(), &Economics::default()), NOTHING);
    }
}
