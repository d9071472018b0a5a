//! What each factor costs, whom it loses and whom it stops.
//!
//! `bypass[v]` is the probability that an attacker of vector `v` passes; the row of text messages
//! is anchored to public figures, all others are assumptions to be recalibrated from challenge
//! outcomes and later labels. `success` counts genuine customers who neither fail nor give up,
//! `abandon` those who give up; the rest fails.
//! `seconds` is attention: a hold of a day or a statement that arrives tomorrow costs patience,
//! which is in `success`, not 86,400 priced seconds.
//!
//! The row of `three_ds_frictionless` is the issuer's silent answer: its `bypass` is the share of
//! attackers who get one. Whom an issuer that may choose does not answer silently, it challenges, so
//! asking for it is a mixture of two rows ([`FactorPrice::or_challenged`]).

use crate::decision::Factor;
use crate::vector;

/// Price and strength of one factor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FactorPrice {
    /// Fee for one use, USD.
    pub fee_usd: f64,
    /// Share of genuine customers who pass.
    pub success: f64,
    /// Share of genuine customers who give up.
    pub abandon: f64,
    /// Median seconds of attention.
    pub seconds: f64,
    /// Probability that an attacker passes, by number of vector.
    pub bypass: [f64; vector::COUNT],
}

impl FactorPrice {
    /// What asking does where this silent answer comes for `share` of the genuine customers and for
    /// the attackers who pass it, and everybody else is challenged.
    pub(super) fn or_challenged(&self, challenge: &FactorPrice, share: f64) -> FactorPrice {
        let mixed = |silent: f64, asked: f64| share * silent + (1.0 - share) * asked;
        let mut bypass = self.bypass;
        for (silent, asked) in bypass.iter_mut().zip(challenge.bypass) {
            *silent += (1.0 - *silent) * asked;
        }
        FactorPrice {
            fee_usd: mixed(self.fee_usd, challenge.fee_usd),
            success: mixed(self.success, challenge.success),
            abandon: mixed(self.abandon, challenge.abandon),
            seconds: mixed(self.seconds, challenge.seconds),
            bypass,
        }
    }
}

const fn price(
    fee_usd: f64,
    success: f64,
    abandon: f64,
    seconds: f64,
    bypass: [f64; vector::COUNT],
) -> FactorPrice {
    FactorPrice { fee_usd, success, abandon, seconds, bypass }
}

/// The assumptions, in the order of [`Factor::ALL`].
// A table reads by columns, so it is laid out by hand.
#[rustfmt::skip]
pub(super) const DEFAULTS: [FactorPrice; Factor::ALL.len()] = [
    // cool_off_hold
    price(0.10,  0.90, 0.10, 60.0,  [0.35, 0.30, 0.30, 0.30, 0.35, 0.45, 0.70, 0.97, 0.50]),
    // cvv_reentry
    price(0.01,  0.93, 0.05, 8.0,   [0.85, 0.55, 0.75, 0.60, 0.50, 0.95, 0.90, 0.99, 0.25]),
    // device_biometric
    price(0.001, 0.97, 0.02, 3.0,   [0.95, 0.02, 0.05, 0.05, 0.30, 0.95, 0.98, 0.99, 0.40]),
    // micro_amount
    price(0.30,  0.55, 0.40, 120.0, [0.10, 0.40, 0.45, 0.45, 0.40, 0.80, 0.60, 0.97, 0.05]),
    // passkey
    price(0.002, 0.97, 0.02, 4.0,   [0.95, 0.01, 0.01, 0.02, 0.35, 0.95, 0.98, 0.99, 0.30]),
    // passport_selfie
    price(1.00,  0.60, 0.35, 120.0, [0.12, 0.04, 0.08, 0.05, 0.10, 0.70, 0.55, 0.90, 0.02]),
    // payment_pin
    price(0.0,   0.95, 0.03, 5.0,   [0.95, 0.35, 0.75, 0.60, 0.45, 0.95, 0.99, 0.99, 0.60]),
    // push_number_match
    price(0.002, 0.90, 0.07, 10.0,  [0.95, 0.03, 0.25, 0.05, 0.45, 0.90, 0.98, 0.99, 0.30]),
    // sms_otp
    price(0.05,  0.86, 0.10, 22.0,  [0.93, 0.06, 0.65, 0.97, 0.60, 0.92, 0.97, 0.98, 0.50]),
    // support_callback
    price(6.00,  0.50, 0.45, 600.0, [0.40, 0.15, 0.20, 0.30, 0.15, 0.60, 0.80, 0.95, 0.02]),
    // three_ds_challenge
    price(0.12,  0.80, 0.14, 35.0,  [0.08, 0.25, 0.45, 0.50, 0.40, 0.85, 0.60, 0.97, 0.03]),
    // three_ds_frictionless
    price(0.08,  0.99, 0.00, 2.0,   [0.30, 0.40, 0.50, 0.50, 0.60, 0.95, 0.90, 0.99, 0.05]),
    // totp
    price(0.001, 0.91, 0.06, 14.0,  [0.95, 0.04, 0.60, 0.10, 0.50, 0.90, 0.98, 0.99, 0.60]),
    // warning_interstitial
    price(0.0,   0.97, 0.03, 6.0,   [1.0, 1.0, 1.0, 1.0, 1.0, 0.70, 0.98, 1.0, 1.0]),
];

/// Largest fee, USD, and longest attention, seconds, that a policy may set.
const FEE_MAX: f64 = 1_000.0;
const SECONDS_MAX: f64 = 86_400.0;

/// The names of the settings of all factors.
pub(super) fn names() -> impl Iterator<Item = String> {
    Factor::ALL.into_iter().flat_map(|factor| {
        let name = factor.name();
        let columns = ["fee_usd", "success", "abandon", "seconds"];
        let plain = columns.into_iter().map(move |column| format!("{name}_{column}"));
        plain.chain((1..=vector::COUNT).map(move |number| format!("{name}_bypass_v{number}")))
    })
}

/// The number behind a name such as `sms_otp_bypass_v4`, with the range it must stay in.
pub(super) fn slot<'a>(
    prices: &'a mut [FactorPrice],
    name: &str,
) -> Option<(&'a mut f64, (f64, f64))> {
    let (factor, column) = Factor::ALL.into_iter().find_map(|factor| {
        let column = name.strip_prefix(factor.name())?.strip_prefix('_')?;
        Some((factor, column))
    })?;
    let price = prices.get_mut(factor as usize)?;
    match column {
        "fee_usd" => Some((&mut price.fee_usd, (0.0, FEE_MAX))),
        "success" => Some((&mut price.success, (0.0, 1.0))),
        "abandon" => Some((&mut price.abandon, (0.0, 1.0))),
        "seconds" => Some((&mut price.seconds, (0.0, SECONDS_MAX))),
        _ => {
            let number: usize = column.strip_prefix("bypass_v")?.parse().ok()?;
            let slot = price.bypass.get_mut(number.checked_sub(1)?)?;
            Some((slot, (0.0, 1.0)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::Vector;

    /// Factors by rising bypass of a vector.
    fn best(vector: Vector) -> Vec<Factor> {
        let mut factors: Vec<Factor> = Factor::ALL.to_vec();
        factors.sort_by(|left, right| {
            let of = |factor: Factor| DEFAULTS[factor as usize].bypass[vector as usize];
            of(*left).total_cmp(&of(*right))
        });
        factors
    }

    #[test]
    fn the_matrix_reads_as_the_domain_says() {
        assert_eq!(best(Vector::V1)[0], Factor::ThreeDsChallenge);
        for vector in [Vector::V2, Vector::V3, Vector::V4] {
            assert_eq!(best(vector)[0], Factor::Passkey, "{}", vector.name());
        }
        assert_eq!(best(Vector::V6)[0], Factor::CoolOffHold);
        let sms = &DEFAULTS[Factor::SmsOtp as usize].bypass;
        assert!(0.9 < sms[Vector::V4 as usize]);
    }

    #[test]
    fn whom_the_issuer_does_not_answer_silently_it_challenges() {
        let silent = DEFAULTS[Factor::ThreeDsFrictionless as usize];
        let asked = DEFAULTS[Factor::ThreeDsChallenge as usize];
        let mixed = silent.or_challenged(&asked, 0.64);
        assert!((mixed.success - (0.64 * 0.99 + 0.36 * 0.80)).abs() < 1e-12);
        assert!((mixed.seconds - (0.64 * 2.0 + 0.36 * 35.0)).abs() < 1e-12);
        // Three thieves in ten are let in, and of the others as many as pass a challenge.
        assert!((mixed.bypass[Vector::V1 as usize] - (0.30 + 0.70 * 0.08)).abs() < 1e-12);
        for (mixed, asked) in mixed.bypass.iter().zip(asked.bypass) {
            assert!(asked <= *mixed && *mixed <= 1.0, "who may be let in is not stopped better");
        }
    }

    #[test]
    fn every_number_is_within_its_own_range() {
        let mut prices = DEFAULTS;
        for name in names() {
            let (value, (least, most)) = slot(&mut prices, &name).expect("it is a name");
            assert!(least <= *value && *value <= most, "{name} is {value}");
        }
    }

    #[test]
    fn names_that_are_none_find_nothing() {
        let mut prices = DEFAULTS;
        for wrong in ["passkey", "passkey_", "passkey_bypass_v0", "passkey_bypass_v10", "totp_x"] {
            assert_eq!(slot(&mut prices, wrong), None, "{wrong}");
        }
    }
}
