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
        Factor::ThreeDsFrictionless => of((S1, S2), CARDHOLDER, Channel::Issuer, 300, 2),
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
    use crate::economics::Economics;

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

    /// The factor list as it is printed: strength from and to, whom it proves, and the shares and
    /// prices of the settings.
    type Line = (&'static str, &'static str, &'static str, &'static str, [f64; 4]);

    // A table reads by columns, so it is laid out by hand. A hold of a day and a statement that
    // comes tomorrow cost patience, not seconds.
    #[rustfmt::skip]
    const LIST: [Line; 14] = [
        ("passkey",               "S3",   "S3",   "U",  [0.97, 0.02, 4.0,   0.002]),
        ("device_biometric",      "S3",   "S3",   "U",  [0.97, 0.02, 3.0,   0.001]),
        ("push_number_match",     "S3",   "S3",   "U",  [0.90, 0.07, 10.0,  0.002]),
        ("totp",                  "S2",   "S2",   "U",  [0.91, 0.06, 14.0,  0.001]),
        ("sms_otp",               "S2",   "S2",   "U",  [0.86, 0.10, 22.0,  0.05]),
        ("payment_pin",           "S1",   "S1",   "U",  [0.95, 0.03, 5.0,   0.0]),
        ("cvv_reentry",           "S1",   "S1",   "C",  [0.93, 0.05, 8.0,   0.01]),
        ("three_ds_challenge",    "S2",   "S3",   "C",  [0.80, 0.14, 35.0,  0.12]),
        ("three_ds_frictionless", "S1",   "S2",   "C",  [0.99, 0.00, 2.0,   0.08]),
        ("micro_amount",          "S2",   "S2",   "C",  [0.55, 0.40, 120.0, 0.30]),
        ("passport_selfie",       "S4",   "S4",   "I",  [0.60, 0.35, 120.0, 1.00]),
        ("support_callback",      "S3",   "S4",   "UI", [0.50, 0.45, 600.0, 6.00]),
        ("cool_off_hold",         "none", "none", "",   [0.90, 0.10, 60.0,  0.10]),
        ("warning_interstitial",  "none", "none", "",   [0.97, 0.03, 6.0,   0.0]),
    ];

    /// The share of attackers who pass, in hundredths, V1 to V9.
    // A table reads by columns, so it is laid out by hand.
    #[rustfmt::skip]
    const BYPASS: [(&str, [u32; 9]); 13] = [
        ("passkey",              [95,  1,   1,   2,   35,  95, 98, 99,  30]),
        ("device_biometric",     [95,  2,   5,   5,   30,  95, 98, 99,  40]),
        ("push_number_match",    [95,  3,   25,  5,   45,  90, 98, 99,  30]),
        ("totp",                 [95,  4,   60,  10,  50,  90, 98, 99,  60]),
        ("sms_otp",              [93,  6,   65,  97,  60,  92, 97, 98,  50]),
        ("payment_pin",          [95,  35,  75,  60,  45,  95, 99, 99,  60]),
        ("cvv_reentry",          [85,  55,  75,  60,  50,  95, 90, 99,  25]),
        ("three_ds_challenge",   [8,   25,  45,  50,  40,  85, 60, 97,  3]),
        ("micro_amount",         [10,  40,  45,  45,  40,  80, 60, 97,  5]),
        ("passport_selfie",      [12,  4,   8,   5,   10,  70, 55, 90,  2]),
        ("support_callback",     [40,  15,  20,  30,  15,  60, 80, 95,  2]),
        ("cool_off_hold",        [35,  30,  30,  30,  35,  45, 70, 97,  50]),
        ("warning_interstitial", [100, 100, 100, 100, 100, 70, 98, 100, 100]),
    ];

    #[test]
    fn the_list_and_the_matrix_are_as_printed() {
        let economics = Economics::default();
        for (name, from, to, proves, numbers) in LIST {
            let factor = Factor::parse(name).expect("a factor");
            let kind = kind(factor);
            assert_eq!((kind.strength.name(), kind.strength_max.name()), (from, to), "{name}");
            let letter = |proof| match proof {
                Proof::Cardholder => 'C',
                Proof::WalletUser => 'U',
                Proof::LegalIdentity => 'I',
            };
            assert_eq!(kind.proves.iter().map(letter).collect::<String>(), proves, "{name}");
            let price = economics.factor(factor);
            let found = [price.success, price.abandon, price.seconds, price.fee_usd];
            assert_eq!(found, numbers, "{name}");
        }
        for (name, hundredths) in BYPASS {
            let factor = Factor::parse(name).expect("a factor");
            let found = economics.factor(factor).bypass.map(|share| (share * 100.0).round() as u32);
            assert_eq!(found, hundredths, "{name}");
        }
    }
}
