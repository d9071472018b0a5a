//! Whether a policy's settings leave every floor a factor that is worth asking.
//!
//! A floor without a factor turns challenges into refusals without a word. So each floor is tried
//! with what it is about: an amount, a person, and the attack that pretends to be that person. Some
//! factor must be strong enough for it, prove the person, keep enough of the loss from us, and be
//! worth its price: at the probability where approving and refusing cost the same, asking must cost
//! less. And no factor may be let through by every attacker or failed by every customer.

use std::fmt;

use super::factors::kind;
use crate::decision::{Factor, Proof, Proofs, Strength};
use crate::economics::{Ask, Economics, Stake};
use crate::vector::Vector;

/// What is wrong with the settings of factors.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// Every attacker passes the factor, or no customer does.
    Useless {
        /// The factor.
        factor: Factor,
        /// Share of genuine customers who pass.
        success: f64,
    },
    /// No factor is worth asking where a floor wants one.
    NoFactor {
        /// Least strength.
        floor: Strength,
        /// Whom it proves.
        person: Proof,
        /// At stake, USD.
        amount_usd: f64,
        /// Those that are strong enough and prove the person.
        tried: Vec<Factor>,
    },
}

impl Fault {
    /// Whether it is the same finding as another one, whatever its numbers.
    pub fn is_like(&self, other: &Fault) -> bool {
        match (self, other) {
            (Fault::Useless { factor: a, .. }, Fault::Useless { factor: b, .. }) => a == b,
            (
                Fault::NoFactor { floor: a, person: c, .. },
                Fault::NoFactor { floor: b, person: d, .. },
            ) => (a, c) == (b, d),
            _ => false,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Useless { factor, success } if *success <= 0.0 => {
                write!(f, "no customer passes `{}`, wanted some who do", factor.name())
            }
            Fault::Useless { factor, .. } => {
                write!(f, "`{}` stops no attack, wanted one that it stops", factor.name())
            }
            Fault::NoFactor { floor, person, amount_usd, tried } => {
                let names: Vec<&str> = tried.iter().map(|factor| factor.name()).collect();
                write!(
                    f,
                    "nothing of strength {} that proves the {} is worth asking at {amount_usd:.0} \
                     USD, wanted one of {}",
                    floor.name(),
                    person.name(),
                    names.join(", ")
                )
            }
        }
    }
}

/// Everything that is wrong with the settings of factors.
pub fn check(economics: &Economics) -> Vec<Fault> {
    let useless = Factor::ALL.into_iter().filter_map(|factor| {
        let price = economics.factor(factor);
        let stops_one = price.bypass.iter().any(|bypass| *bypass < 1.0);
        let is_useless = !stops_one || price.success <= 0.0;
        is_useless.then_some(Fault::Useless { factor, success: price.success })
    });
    let user = (Proof::WalletUser, Vector::V2);
    let cardholder = (Proof::Cardholder, Vector::V1);
    let floors = [
        (Strength::S2, user, economics.stake_session_usd),
        (Strength::S3, user, economics.floor_login_usd),
        (Strength::S3, user, economics.floor_payment_usd),
        (Strength::S2, cardholder, economics.stake_card_link_usd),
        (Strength::S4, (Proof::LegalIdentity, Vector::V2), economics.stake_session_usd),
    ];
    let unmet = floors.into_iter().filter_map(|(floor, (person, vector), amount_usd)| {
        let wanted = Proofs::of(&[person]);
        let tried: Vec<Factor> = Factor::ALL
            .into_iter()
            .filter(|factor| {
                let kind = kind(*factor);
                let is_called = floor == Strength::S4 || economics.callback_from_usd <= amount_usd;
                (is_called || *factor != Factor::SupportCallback)
                    && floor <= kind.strength_max
                    && kind.proves.cover(wanted)
            })
            .collect();
        let is_met = tried.iter().any(|factor| is_worth(economics, *factor, vector, amount_usd));
        (!is_met).then_some(Fault::NoFactor { floor, person, amount_usd, tried })
    });
    let mut faults: Vec<Fault> = useless.collect();
    faults.extend(unmet);
    faults
}

/// Whether asking is cheapest where approving and refusing cost the same.
fn is_worth(economics: &Economics, factor: Factor, vector: Vector, amount_usd: f64) -> bool {
    let stake = Stake {
        amount_usd,
        recovery: economics.recovery,
        shifted: 0.0,
        customer_value_usd: economics.customer_value_usd,
        attrition: economics.attrition,
        exposure: 1.0,
        is_owed: false,
        is_disputable: true,
    };
    let price = economics.asked(factor);
    let ask = Ask {
        fee_usd: price.fee_usd,
        bypass: price.bypass[vector as usize],
        shifted: economics.shifted_by(factor, &stake),
        success: price.success,
        seconds: price.seconds,
    };
    if economics.fit_limit < ask.residual() {
        return false;
    }
    let refused = economics.loss_declined(&stake);
    let approved = economics.loss_approved(&stake);
    let even = if 0.0 < refused + approved { refused / (refused + approved) } else { 0.0 };
    economics.cost_challenge(even, &stake, &ask) < even * approved
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(settings: &[(&str, f64)]) -> Economics {
        let mut economics = Economics::default();
        for (name, value) in settings {
            economics.set(name, *value).expect("in range");
        }
        economics
    }

    fn said(settings: &[(&str, f64)]) -> Vec<String> {
        check(&with(settings)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_defaults_leave_every_floor_a_factor() {
        assert_eq!(check(&Economics::default()), []);
    }

    #[test]
    fn a_floor_whose_factors_are_priced_out_is_a_fault() {
        let all = ["passkey", "device_biometric", "push_number_match", "passport_selfie"];
        let fees: Vec<String> = all.iter().map(|name| format!("{name}_fee_usd")).collect();
        let mut settings: Vec<(&str, f64)> =
            fees.iter().map(|name| (name.as_str(), 900.0)).collect();
        let told = said(&settings);
        // From 1,000 USD on, support is worth its call.
        assert_eq!(told.len(), 2, "S3 at a login and S4: {told:?}");
        assert!(told[0].starts_with("nothing of strength S3 that proves the user"), "{}", told[0]);
        settings.pop();
        assert_eq!(said(&settings), Vec::<String>::new(), "a passport is left");
    }

    #[test]
    fn a_floor_whose_factors_let_everybody_in_is_a_fault() {
        let mut settings = vec![
            ("three_ds_challenge_bypass_v1", 1.0),
            ("micro_amount_bypass_v1", 1.0),
            ("passport_selfie_bypass_v1", 0.6),
            ("support_callback_fee_usd", 500.0),
        ];
        assert_eq!(said(&settings), Vec::<String>::new(), "the issuer bears what it lets in");
        settings.push(("liability_shift_challenge", 0.0));
        let told = said(&settings);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("S2 that proves the cardholder"), "{}", told[0]);
    }

    #[test]
    fn a_factor_that_stops_nobody_or_that_nobody_passes_is_a_fault() {
        let names: Vec<String> = (1..=9).map(|n| format!("totp_bypass_v{n}")).collect();
        let settings: Vec<(&str, f64)> = names.iter().map(|name| (name.as_str(), 1.0)).collect();
        assert_eq!(said(&settings), ["`totp` stops no attack, wanted one that it stops"]);
        assert_eq!(
            said(&[("totp_success", 0.0)]),
            ["no customer passes `totp`, wanted some who do"]
        );
    }

    #[test]
    fn a_challenge_that_costs_more_than_a_customer_is_a_fault_of_every_floor() {
        assert_eq!(said(&[("challenge_price_usd", 10_000.0)]).len(), 5);
    }
}
