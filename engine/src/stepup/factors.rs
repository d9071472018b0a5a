//! What each factor is: strength, whom it proves, over which channel it runs, how long it may take.
//!
//! Some factors have a range of strength (the issuer decides how 3DS challenges). A floor is met by
//! the upper end of the range, ties are broken and answers written by the lower. Prices and bypass
//! probabilities are settings and live in `economics`.

use crate::decision::{Factor, Proof, Proofs, Strength};

/// The way a factor reaches the customer; a fallback must use another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// The wallet app on this device.
    App,
    /// Another device or app of the customer.
    OtherDevice,
    /// The phone number.
    Phone,
    /// The card's issuer.
    Issuer,
    /// Camera and identity document.
    Document,
    /// A person at support.
    Support,
    /// The clock.
    Time,
}

/// The fixed properties of a factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Lower end of its strength.
    pub strength: Strength,
    /// Upper end of its strength.
    pub strength_max: Strength,
    /// Whom it proves.
    pub proves: Proofs,
    /// How it reaches the customer.
    pub channel: Channel,
    /// How long the customer may take, seconds. One-time codes live at most ten minutes.
    pub ttl_s: u32,
    /// How often the customer may try.
    pub max_attempts: u8,
}

impl Kind {
    /// Whether it proves nothing and only gains time or thought.
    pub fn is_pause(&self) -> bool {
        self.proves.is_empty()
    }
}

const CARDHOLDER: Proofs = Proofs::of(&[Proof::Cardholder]);
const USER: Proofs = Proofs::of(&[Proof::WalletUser]);
const IDENTITY: Proofs = Proofs::of(&[Proof::LegalIdentity]);
const USER_OR_IDENTITY: Proofs = Proofs::of(&[Proof::WalletUser, Proof::LegalIdentity]);

const DAY_S: u32 = 86_400;

/// The properties of a factor.
pub fn kind(factor: Factor) -> Kind {
    use Strength::{S1, S2, S3, S4};
    match factor {
        Factor::CoolOffHold => {
            of((Strength::None, Strength::None), Proofs::NONE, Channel::Time, DAY_S, 1)
        }
        Factor::CvvReentry => of((S1, S1), CARDHOLDER, Channel::App, 300, 2),
        Factor::DeviceBiometric => of((S3, S3), USER, Channel::App, 120, 5),
        Factor::MicroAmount => of((S2, S2), CARDHOLDER, Channel::Issuer, 3 * DAY_S, 3),
        Factor::Passkey => of((S3, S3), USER, Channel::App, 120, 3),
        Factor::PassportSelfie => of((S4, S4), IDENTITY, Channel::Document, 900, 3),
        Factor::PaymentPin => of((S1, S1), USER, Channel::App, 120, 3),
        Factor::PushNumberMatch => of((S3, S3), USER, Channel::OtherDevice, 120, 1),
        Factor::SmsOtp => of((S2, S2), USER, Channel::Phone, 300, 3),
        Factor::SupportCallback => of((S3, S4), USER_OR_IDENTITY, Channel::Support, DAY_S, 1),
        Factor::ThreeDsChallenge => of((S2, S3), CARDHOLDER, Channel::Issuer, 300, 2),
        Factor::ThreeDsFrictionless => of((S1, S2), CARDHOLDER, Channel::Issuer, 60, 1),
        Factor::Totp => of((S2, S2), USER, Channel::OtherDevice, 300, 3),
        Factor::WarningInterstitial => {
            of((Strength::None, Strength::None), Proofs::NONE, Channel::App, 300, 1)
        }
    }
}

fn of(
    strength: (Strength, Strength),
    proves: Proofs,
    channel: Channel,
    ttl_s: u32,
    max_attempts: u8,
) -> Kind {
    let (strength, strength_max) = strength;
    Kind { strength, strength_max, proves, channel, ttl_s, max_attempts }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_rise_and_only_pauses_prove_nothing() {
        for factor in Factor::ALL {
            let kind = kind(factor);
            assert!(kind.strength <= kind.strength_max, "{}", factor.name());
            assert_eq!(kind.is_pause(), kind.strength == Strength::None, "{}", factor.name());
            assert!(0 < kind.max_attempts && 0 < kind.ttl_s, "{}", factor.name());
        }
    }

    #[test]
    fn one_time_codes_live_at_most_ten_minutes_and_biometrics_fail_at_most_five_times() {
        assert!(kind(Factor::SmsOtp).ttl_s <= 600 && kind(Factor::Totp).ttl_s <= 600);
        assert!(kind(Factor::DeviceBiometric).max_attempts <= 5);
    }
}
