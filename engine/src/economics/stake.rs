//! What is at risk in one event, also where nothing is bought yet.
//!
//! A linked card, a session or a new account is worth what a thief could do with it next; these are
//! settings. An amount that should be there and is not counts as a linked card, never as nothing.

use features::field::EventType;

use super::Economics;
use crate::situation::{Funding, Situation, ThreeDsStatus};
use crate::vector::{Posterior, Vector};

/// Hours after arrival from which a customer abroad is a resident rather than on a trip.
const TRIP_HOURS: f64 = 720.0;

/// A customer whose account is this much older than his arrival has been here before: hours.
const RETURNING_HOURS: f64 = 1_440.0;

/// What is at stake in one event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stake {
    /// Amount at risk.
    pub amount_usd: f64,
    /// Share of it that would be recovered.
    pub recovery: f64,
    /// Share of it that the issuer already bears.
    pub shifted: f64,
    /// What the customer contributes in a year.
    pub customer_value_usd: f64,
    /// Probability that a wrong refusal loses the customer.
    pub attrition: f64,
    /// Share of the suspected attackers who gain by it.
    pub exposure: f64,
    /// The customer has a right to it, as to a refund: to refuse it loses no sale, and he gets it by a
    /// dispute.
    pub is_owed: bool,
    /// Somebody paid and can charge back. Nobody paid for an opened account, a benefit or an envelope
    /// that is claimed.
    pub is_disputable: bool,
}

/// Whether the money will be kept back before it leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// It leaves at once.
    No,
    /// A hold was voted for.
    Yes,
}

/// Attackers who are in a wallet of their own, a thief with somebody's card included.
const OWN_WALLET: [Vector; 3] = [Vector::V1, Vector::V7, Vector::V8];

/// A session gives whoever took it over what is in the wallet. It gives nothing to who is in a wallet
/// of his own: he takes when he pays, and is judged again then.
fn is_session(event: EventType) -> bool {
    matches!(event, EventType::Login | EventType::ProfileChange)
}

/// The suspicion among those who gain by the event: what a challenge has to answer.
pub fn gainers(situation: &Situation, posterior: &Posterior) -> Posterior {
    if !situation.event.is_some_and(is_session) {
        return *posterior;
    }
    let mut weights = *posterior.weights();
    for vector in OWN_WALLET {
        weights[vector as usize] = 0.0;
    }
    Posterior::of(weights)
}

impl Economics {
    /// What is at stake in an event.
    pub fn stake(&self, situation: &Situation, held: Held) -> Stake {
        let (customer_value_usd, attrition) = self.customer(situation);
        Stake {
            amount_usd: self.amount_at_risk_usd(situation),
            recovery: self.recovery_of(situation, held),
            shifted: self.shifted(situation),
            customer_value_usd,
            attrition,
            exposure: 1.0,
            is_owed: situation.event == Some(EventType::Refund),
            is_disputable: !matches!(
                situation.event,
                Some(
                    EventType::AccountOpen
                        | EventType::PromoRedemption
                        | EventType::RedEnvelopeClaim
                )
            ),
        }
    }

    /// What the customer contributes in a year, and how likely a refusal loses him. Tourists come
    /// once and have no other wallet; who came before, or lives here, has more to give and to lose.
    fn customer(&self, situation: &Situation) -> (f64, f64) {
        let arrived = situation.past.hours_since_arrival;
        let is_returning = arrived + RETURNING_HOURS < situation.past.account_age_hours;
        if TRIP_HOURS < arrived {
            (self.customer_value_resident_usd, self.attrition)
        } else if is_returning {
            (self.customer_value_returning_usd, self.attrition)
        } else if arrived <= TRIP_HOURS {
            (self.customer_value_usd, self.attrition_trip)
        } else {
            (self.customer_value_usd, self.attrition)
        }
    }

    /// What is at stake when this is the suspected attack. A refund to the instrument that paid gives
    /// back what was taken: all that can be won is the rate.
    pub fn stake_under(&self, situation: &Situation, held: Held, posterior: &Posterior) -> Stake {
        let stake = self.stake(situation, held);
        match situation.event {
            Some(event) if is_session(event) => {
                let owners: f64 = OWN_WALLET.into_iter().map(|v| posterior.weight(v)).sum();
                Stake { exposure: (1.0 - owners).clamp(0.0, 1.0), ..stake }
            }
            Some(EventType::Refund) if !situation.is_refund_elsewhere => {
                Stake { exposure: self.refund_exposure, ..stake }
            }
            Some(_) | None => stake,
        }
    }

    /// What a session can reach: the balance and what linked cards let through in a day.
    pub fn reachable_usd(&self, situation: &Situation) -> f64 {
        let balance_usd = self.usd_of_base(situation.balance_minor);
        // Not-a-number is no balance that is known.
        self.stake_session_usd + if 0.0 < balance_usd { balance_usd } else { 0.0 }
    }

    /// The amount that moves, in USD; unknown when the event carries none.
    pub fn amount_usd(&self, situation: &Situation) -> f64 {
        if situation.usd_minor.is_finite() {
            situation.usd_minor / 100.0
        } else {
            self.usd_of_base(situation.base_minor)
        }
    }

    /// Minor units of the base currency in USD.
    pub fn usd_of_base(&self, base_minor: f64) -> f64 {
        base_minor / 100.0 / self.base_per_usd
    }

    fn amount_at_risk_usd(&self, situation: &Situation) -> f64 {
        let amount = match situation.event {
            Some(EventType::AccountOpen) => self.stake_account_open_usd,
            Some(EventType::Login | EventType::ProfileChange) => self.reachable_usd(situation),
            Some(EventType::IdentityVerification) => self.stake_identity_usd,
            Some(EventType::CardLink) | None => self.stake_card_link_usd,
            // A benefit that is not told is what farms of accounts live on, not a linked card.
            Some(EventType::PromoRedemption) if situation.benefit_minor.is_nan() => {
                self.stake_account_open_usd
            }
            Some(EventType::PromoRedemption) => self.usd_of_base(situation.benefit_minor),
            Some(EventType::ThirdPartyTopup) => self.amount_usd(situation) * self.topup_leave_share,
            Some(_) => self.amount_usd(situation),
        };
        if amount.is_finite() && 0.0 <= amount { amount } else { self.stake_card_link_usd }
    }

    fn recovery_of(&self, situation: &Situation, held: Held) -> f64 {
        if held == Held::Yes {
            return self.recovery_hold;
        }
        let is_pass = situation.event == Some(EventType::TourPassTopup)
            || situation.funding == Funding::TourPass;
        if is_pass { self.recovery_pass } else { self.recovery }
    }

    fn shifted(&self, situation: &Situation) -> f64 {
        let is_authenticated = match situation.card.three_ds_status {
            ThreeDsStatus::Authenticated | ThreeDsStatus::Attempted => true,
            ThreeDsStatus::Refused | ThreeDsStatus::Unavailable | ThreeDsStatus::Unknown => false,
        };
        let is_shifted = situation.card.liability_shift.unwrap_or(is_authenticated);
        if is_shifted && situation.is_card_funded() { self.liability_shift } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_event(event: EventType) -> Situation {
        Situation {
            event: Some(event),
            usd_minor: 70_000.0,
            balance_minor: 100_000.0,
            benefit_minor: 7_140.0,
            ..Situation::unknown()
        }
    }

    #[test]
    fn who_gains_nothing_by_an_event_puts_nothing_at_stake() {
        let economics = Economics::default();
        let under = |event, vector: Vector| {
            let mut weights = [0.0; crate::vector::COUNT];
            weights[vector as usize] = 0.9;
            weights[Vector::V9 as usize] += 0.1;
            let posterior = Posterior::of(weights);
            economics.stake_under(&of_event(event), Held::No, &posterior).exposure
        };
        for (event, vector, exposure) in [
            (EventType::Login, Vector::V1, 0.1),
            (EventType::Login, Vector::V8, 0.1),
            (EventType::ProfileChange, Vector::V7, 0.1),
            (EventType::Login, Vector::V2, 1.0),
            (EventType::ProfileChange, Vector::V6, 1.0),
            (EventType::Payment, Vector::V1, 1.0),
            (EventType::CardLink, Vector::V1, 1.0),
            (EventType::Refund, Vector::V8, 0.05),
        ] {
            let got = under(event, vector);
            assert!((got - exposure).abs() < 1e-6, "{} {vector:?}: {got}", event.name());
        }
    }

    #[test]
    fn gainers_share_the_exposure_as_they_share_the_suspicion() {
        let suspicion = Posterior::of([0.5, 0.2, 0.0, 0.1, 0.0, 0.0, 0.1, 0.1, 0.0]);
        let found = gainers(&of_event(EventType::Login), &suspicion);
        let expected = [0.0, 2.0 / 3.0, 0.0, 1.0 / 3.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        for (vector, weight) in Vector::ALL.into_iter().zip(expected) {
            assert!((found.weight(vector) - weight).abs() < 1e-9, "{vector:?}: {found:?}");
        }
        assert_eq!(gainers(&of_event(EventType::Payment), &suspicion), suspicion);
    }

    #[test]
    fn every_event_has_its_amount_at_risk() {
        let economics = Economics::default();
        let check = |event: EventType, amount: f64| {
            let stake = economics.stake(&of_event(event), Held::No);
            assert!((stake.amount_usd - amount).abs() < 1e-9, "{}: {stake:?}", event.name());
        };
        check(EventType::AccountOpen, 4.0);
        check(EventType::Login, 260.0 + 1_000.0 / 7.14);
        check(EventType::ProfileChange, 260.0 + 1_000.0 / 7.14);
        check(EventType::IdentityVerification, 150.0);
        check(EventType::CardLink, 220.0);
        check(EventType::Payment, 700.0);
        check(EventType::TourPassTopup, 700.0);
        check(EventType::ThirdPartyTopup, 560.0);
        check(EventType::Transfer, 700.0);
        check(EventType::RedEnvelopeSend, 700.0);
        check(EventType::RedEnvelopeClaim, 700.0);
        check(EventType::Withdrawal, 700.0);
        check(EventType::Refund, 700.0);
        check(EventType::PromoRedemption, 10.0);
    }

    #[test]
    fn an_unknown_or_impossible_amount_is_priced_like_a_linked_card() {
        let economics = Economics::default();
        for usd_minor in [f64::NAN, f64::INFINITY, -5.0] {
            let situation = Situation { usd_minor, ..of_event(EventType::Payment) };
            let stake = economics.stake(&situation, Held::No);
            assert_eq!(stake.amount_usd, 220.0, "{usd_minor}");
        }
        assert_eq!(economics.stake(&Situation::unknown(), Held::No).amount_usd, 220.0);
    }

    #[test]
    fn base_amounts_stand_in_for_dollars_and_a_large_balance_raises_a_login() {
        let economics = Economics::default();
        let mut situation = of_event(EventType::Payment);
        situation.usd_minor = f64::NAN;
        situation.base_minor = 20_000.0;
        let stake = economics.stake(&situation, Held::No);
        assert!((stake.amount_usd - 28.0).abs() < 0.02, "{stake:?}");
        let mut login = of_event(EventType::Login);
        login.balance_minor = 714_000.0;
        assert_eq!(economics.stake(&login, Held::No).amount_usd, 1_260.0);
        login.balance_minor = f64::NAN;
        assert_eq!(economics.stake(&login, Held::No).amount_usd, 260.0);
    }

    #[test]
    fn holds_the_pass_and_authentication_lower_the_loss() {
        let economics = Economics::default();
        let stake = |situation: &Situation, held| economics.stake(situation, held);
        assert_eq!(stake(&of_event(EventType::Transfer), Held::No).recovery, 0.05);
        assert_eq!(stake(&of_event(EventType::Transfer), Held::Yes).recovery, 0.35);
        assert_eq!(stake(&of_event(EventType::TourPassTopup), Held::No).recovery, 0.15);
        let mut paid = of_event(EventType::Payment);
        paid.card.three_ds_status = ThreeDsStatus::Attempted;
        assert_eq!(stake(&paid, Held::No).shifted, 0.0, "no card pays");
        paid.funding = Funding::Card;
        assert_eq!(stake(&paid, Held::No).shifted, 0.9);
        paid.card.liability_shift = Some(false);
        assert_eq!(stake(&paid, Held::No).shifted, 0.0, "the network says otherwise");
    }

    #[test]
    fn travellers_forgive_a_refusal_sooner_than_others() {
        let economics = Economics::default();
        let at = |hours: f64| {
            let mut situation = of_event(EventType::Payment);
            situation.past.hours_since_arrival = hours;
            let stake = economics.stake(&situation, Held::No);
            (stake.customer_value_usd, stake.attrition)
        };
        assert_eq!(at(10.0), (12.0, 0.20));
        assert_eq!(at(2_000.0), (45.0, 0.35));
        assert_eq!(at(f64::NAN), (12.0, 0.35));
        // An account older than the trip by more than two months was here before.
        let mut again = of_event(EventType::Payment);
        again.past.hours_since_arrival = 10.0;
        again.past.account_age_hours = 1_451.0;
        let stake = economics.stake(&again, Held::No);
        assert_eq!((stake.customer_value_usd, stake.attrition), (30.0, 0.35));
    }
}
