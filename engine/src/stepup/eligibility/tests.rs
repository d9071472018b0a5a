use super::*;
use crate::situation::SessionAuth;
use crate::vector::COUNT;

const HOUR_MS: f64 = 3_600_000.0;
const NOW_MS: f64 = 1_000.0 * HOUR_MS;

fn hours_ago(hours: f64) -> f64 {
    NOW_MS - hours * HOUR_MS
}

/// A customer with every factor enrolled long ago, who pays 2,000 USD by card.
fn well_equipped() -> Situation {
    let mut situation = Situation {
        event: Some(EventType::Payment),
        time_ms: NOW_MS,
        funding: Funding::Card,
        kind: PaymentKind::Remote,
        usd_minor: 200_000.0,
        base_minor: 1_428_000.0,
        ..Situation::unknown()
    };
    situation.device.is_trusted = Some(true);
    situation.device.integrity_level = 3.0;
    situation.device.account_age_hours = 900.0;
    situation.session.phone_verified_ms = hours_ago(900.0);
    situation.session.sim_change_age_hours = 8_760.0;
    situation.session.line = Line::Mobile;
    situation.enrolled.passkey_ms = hours_ago(900.0);
    situation.enrolled.biometric_ms = hours_ago(900.0);
    situation.enrolled.push_ms = hours_ago(900.0);
    situation.enrolled.push_used_ms = hours_ago(20.0);
    situation.enrolled.totp_ms = hours_ago(900.0);
    situation.enrolled.is_totp_verified = Some(true);
    situation.enrolled.pin_ms = hours_ago(900.0);
    situation
}

fn suspecting(vector: Vector) -> Posterior {
    let mut weights = [0.0; COUNT];
    weights[vector as usize] = 1.0;
    Posterior::of(weights)
}

fn found(factor: Factor, situation: &Situation, vector: Vector) -> Eligibility {
    eligibility(factor, situation, &suspecting(vector), &Economics::default())
}

#[test]
fn a_well_equipped_customer_may_use_everything_that_fits_a_card_payment() {
    let expected = |factor: Factor| match factor {
        Factor::MicroAmount | Factor::CoolOffHold | Factor::WarningInterstitial => {
            Eligibility::Absent
        }
        _ => ELIGIBLE,
    };
    for factor in Factor::ALL {
        let got = found(factor, &well_equipped(), Vector::V2);
        assert_eq!(got, expected(factor), "{}", factor.name());
    }
}

#[test]
fn unknown_enrolment_is_not_eligible_and_unenrolled_factors_depend_on_the_event_alone() {
    let bare =
        Situation { event: Some(EventType::CardLink), time_ms: NOW_MS, ..Situation::unknown() };
    for factor in Factor::ALL {
        let expected = match factor {
            Factor::ThreeDsChallenge
            | Factor::ThreeDsFrictionless
            | Factor::MicroAmount
            | Factor::PassportSelfie => ELIGIBLE,
            _ => Eligibility::Absent,
        };
        assert_eq!(found(factor, &bare, Vector::V2), expected, "{}", factor.name());
    }
}

type Alter = fn(&mut Situation);

/// Factor, what makes it forbidden, the suspected vector, and the reason that is given.
const FORBIDDEN: [(Factor, Alter, Vector, ReasonCode); 52] = [
    (
        Factor::Passkey,
        |s| {
            s.enrolled.passkey_ms = hours_ago(2.0);
            s.device.account_age_hours = 2.0;
        },
        Vector::V2,
        codes::FACTOR_DEVICE_UNTRUSTED,
    ),
    (
        Factor::Passkey,
        |s| s.enrolled.passkey_ms = hours_ago(2.0),
        Vector::V2,
        codes::FACTOR_NOT_FIT_VECTOR,
    ),
    (
        Factor::DeviceBiometric,
        |s| s.device.bio_enrol_age_hours = 3.0,
        Vector::V2,
        codes::FACTOR_BIO_TOO_NEW,
    ),
    (
        Factor::DeviceBiometric,
        |s| s.enrolled.biometric_ms = hours_ago(3.0),
        Vector::V2,
        codes::FACTOR_BIO_TOO_NEW,
    ),
    (
        Factor::DeviceBiometric,
        |s| s.device.is_bio_changed = Some(true),
        Vector::V2,
        codes::FACTOR_BIO_TOO_NEW,
    ),
    (
        Factor::DeviceBiometric,
        |s| s.device.is_rooted = Some(true),
        Vector::V2,
        codes::FACTOR_DEVICE_UNTRUSTED,
    ),
    (
        Factor::DeviceBiometric,
        |s| s.device.is_hooked = Some(true),
        Vector::V2,
        codes::FACTOR_DEVICE_UNTRUSTED,
    ),
    (
        Factor::DeviceBiometric,
        |s| s.device.is_emulator = Some(true),
        Vector::V2,
        codes::FACTOR_DEVICE_UNTRUSTED,
    ),
    (
        Factor::DeviceBiometric,
        |s| s.device.is_remote_controlled = Some(true),
        Vector::V2,
        codes::FACTOR_DEVICE_UNTRUSTED,
    ),
    (
        Factor::DeviceBiometric,
        |s| s.device.is_trusted = None,
        Vector::V2,
        codes::FACTOR_DEVICE_UNTRUSTED,
    ),
    (
        Factor::DeviceBiometric,
        |s| s.device.integrity_level = 1.0,
        Vector::V2,
        codes::FACTOR_DEVICE_UNTRUSTED,
    ),
    (
        Factor::DeviceBiometric,
        |s| s.device.integrity_level = f64::NAN,
        Vector::V2,
        codes::FACTOR_DEVICE_UNTRUSTED,
    ),
    (
        Factor::PushNumberMatch,
        |s| s.device.is_remote_controlled = Some(true),
        Vector::V2,
        codes::FACTOR_DEVICE_UNTRUSTED,
    ),
    (
        Factor::PushNumberMatch,
        |s| s.enrolled.push_ms = hours_ago(2.0),
        Vector::V2,
        codes::FACTOR_NOT_FIT_VECTOR,
    ),
    (
        Factor::Totp,
        |s| s.enrolled.totp_ms = hours_ago(2.0),
        Vector::V2,
        codes::FACTOR_NOT_FIT_VECTOR,
    ),
    (Factor::Totp, |s| s.session.otp_fails_1h = 5.0, Vector::V2, codes::FACTOR_LOCKED),
    (
        Factor::SmsOtp,
        |s| s.session.sim_change_age_hours = 71.0,
        Vector::V2,
        codes::FACTOR_SIM_RECENT,
    ),
    (
        Factor::SmsOtp,
        |s| s.session.phone_change_age_hours = 71.0,
        Vector::V2,
        codes::FACTOR_SIM_RECENT,
    ),
    (Factor::SmsOtp, |s| s.change = Change::Phone, Vector::V2, codes::FACTOR_SIM_RECENT),
    (Factor::SmsOtp, |s| s.session.line = Line::Fixed, Vector::V2, codes::FACTOR_NOT_FIT_VECTOR),
    (Factor::SmsOtp, |s| s.session.otp_fails_1h = 5.0, Vector::V2, codes::FACTOR_LOCKED),
    (Factor::SmsOtp, |s| s.session.codes_sent_1h = 5.0, Vector::V2, codes::FACTOR_LOCKED),
    (Factor::SmsOtp, |s| s.session.codes_sent_24h = 10.0, Vector::V2, codes::FACTOR_LOCKED),
    (
        Factor::SmsOtp,
        |s| s.session.phone_accounts_30d = 4.0,
        Vector::V2,
        codes::FACTOR_NOT_FIT_VECTOR,
    ),
    (
        Factor::SmsOtp,
        |s| s.session.is_prefix_pumped = Some(true),
        Vector::V2,
        codes::FACTOR_UNAVAILABLE,
    ),
    (Factor::SmsOtp, |_| (), Vector::V3, codes::FACTOR_NOT_FIT_VECTOR),
    (Factor::SmsOtp, |_| (), Vector::V4, codes::FACTOR_NOT_FIT_VECTOR),
    (Factor::Totp, |_| (), Vector::V3, codes::FACTOR_NOT_FIT_VECTOR),
    (Factor::PaymentPin, |_| (), Vector::V3, codes::FACTOR_NOT_FIT_VECTOR),
    (Factor::CvvReentry, |_| (), Vector::V3, codes::FACTOR_NOT_FIT_VECTOR),
    (Factor::PaymentPin, |s| s.session.pin_fails_1h = 3.0, Vector::V2, codes::FACTOR_LOCKED),
    (Factor::CvvReentry, |s| s.card.cvv_fails_1h = 2.0, Vector::V2, codes::FACTOR_LOCKED),
    (
        Factor::PushNumberMatch,
        |s| s.session.pushes_unanswered_15m = 4.0,
        Vector::V2,
        codes::FACTOR_LOCKED,
    ),
    (
        Factor::PushNumberMatch,
        |s| s.session.is_push_answered_here = Some(true),
        Vector::V2,
        codes::FACTOR_DEVICE_UNTRUSTED,
    ),
    (
        Factor::Passkey,
        |s| s.enrolled.passkey_added_hours = 2.0,
        Vector::V2,
        codes::FACTOR_NOT_FIT_VECTOR,
    ),
    (
        Factor::Passkey,
        |s| {
            s.event = Some(EventType::ProfileChange);
            s.change = Change::Credential;
            s.session.auth = SessionAuth::Anonymous;
        },
        Vector::V2,
        codes::FACTOR_NOT_FIT_VECTOR,
    ),
    (
        Factor::Passkey,
        |s| {
            s.enrolled.passkey_added_hours = 2.0;
            s.enrolled.is_passkey_vouched = Some(true);
            s.device.account_age_hours = 3.0;
        },
        Vector::V2,
        codes::FACTOR_DEVICE_UNTRUSTED,
    ),
    (
        Factor::ThreeDsChallenge,
        |s| s.card.is_refused_for_fraud = Some(true),
        Vector::V1,
        codes::FACTOR_LOCKED,
    ),
    (
        Factor::ThreeDsFrictionless,
        |s| s.card.is_refused_for_fraud = Some(true),
        Vector::V1,
        codes::FACTOR_LOCKED,
    ),
    (
        Factor::ThreeDsChallenge,
        |s| s.card.three_ds_fails_24h = 2.0,
        Vector::V1,
        codes::FACTOR_LOCKED,
    ),
    (
        Factor::ThreeDsChallenge,
        |s| s.card.is_issuer_down = Some(true),
        Vector::V1,
        codes::FACTOR_UNAVAILABLE,
    ),
    (
        Factor::ThreeDsChallenge,
        |s| s.card.three_ds_status = ThreeDsStatus::Unavailable,
        Vector::V1,
        codes::FACTOR_UNAVAILABLE,
    ),
    (Factor::PassportSelfie, |s| s.is_minor = Some(true), Vector::V1, codes::FACTOR_UNAVAILABLE),
    (
        Factor::CvvReentry,
        |s| {
            s.card.is_refused_for_fraud = Some(true);
            s.card.cvv_fails_1h = 9.0;
        },
        Vector::V1,
        codes::FACTOR_NOT_FIT_VECTOR,
    ),
    (
        Factor::SmsOtp,
        |s| {
            s.session.sim_change_age_hours = 1.0;
            s.session.otp_fails_1h = 9.0;
        },
        Vector::V3,
        codes::FACTOR_SIM_RECENT,
    ),
    (
        Factor::PaymentPin,
        |s| s.enrolled.pin_ms = hours_ago(2.0),
        Vector::V2,
        codes::FACTOR_NOT_FIT_VECTOR,
    ),
    (
        Factor::PaymentPin,
        |s| s.session.pin_change_age_hours = 2.0,
        Vector::V2,
        codes::FACTOR_NOT_FIT_VECTOR,
    ),
    (Factor::CvvReentry, |_| (), Vector::V1, codes::FACTOR_NOT_FIT_VECTOR),
    (Factor::CvvReentry, |s| s.card.is_cvv_mismatch = true, Vector::V2, codes::FACTOR_LOCKED),
    (
        Factor::ThreeDsChallenge,
        |s| s.card.three_ds_status = ThreeDsStatus::Refused,
        Vector::V1,
        codes::FACTOR_LOCKED,
    ),
    (
        Factor::PassportSelfie,
        |s| s.device.is_emulator = Some(true),
        Vector::V1,
        codes::FACTOR_DEVICE_UNTRUSTED,
    ),
    (Factor::PassportSelfie, |s| s.identity_attempts_24h = 3.0, Vector::V1, codes::FACTOR_LOCKED),
];

#[test]
fn each_forbidden_factor_gives_its_reason() {
    for (at, (factor, change, vector, why)) in FORBIDDEN.into_iter().enumerate() {
        let mut situation = well_equipped();
        change(&mut situation);
        let got = found(factor, &situation, vector);
        assert_eq!(got, Eligibility::Forbidden(why), "row {at}: {}", factor.name());
    }
    let mut link = well_equipped();
    link.event = Some(EventType::CardLink);
    link.past.link_attempts_24h = 4.0;
    let got = found(Factor::MicroAmount, &link, Vector::V1);
    assert_eq!(got, Eligibility::Forbidden(codes::FACTOR_LOCKED));
}

/// Factor, and what takes it out of the question without a word.
const ABSENT: [(Factor, Alter); 16] = [
    (Factor::Passkey, |s| s.enrolled.passkey_ms = f64::NAN),
    (Factor::DeviceBiometric, |s| s.enrolled.biometric_ms = f64::NAN),
    (Factor::PushNumberMatch, |s| s.enrolled.push_ms = f64::NAN),
    (Factor::PushNumberMatch, |s| s.enrolled.push_used_ms = f64::NAN),
    (Factor::PushNumberMatch, |s| s.enrolled.push_used_ms = hours_ago(200.0)),
    (Factor::Totp, |s| s.enrolled.totp_ms = f64::NAN),
    (Factor::Totp, |s| s.enrolled.is_totp_verified = None),
    (Factor::SmsOtp, |s| s.session.phone_verified_ms = f64::NAN),
    (Factor::SmsOtp, |s| s.session.line = Line::Unknown),
    (Factor::PaymentPin, |s| s.enrolled.pin_ms = f64::NAN),
    (Factor::CvvReentry, |s| s.funding = Funding::Other),
    (Factor::ThreeDsChallenge, |s| s.funding = Funding::Other),
    (Factor::ThreeDsChallenge, |s| s.usd_minor = 0.0),
    (Factor::ThreeDsFrictionless, |s| s.funding = Funding::Other),
    // Both ends within the law that wants strong authentication.
    (Factor::ThreeDsFrictionless, |s| {
        s.card.issuer_country = f64::from(u16::from_be_bytes(*b"FR"));
        s.merchant_country = f64::from(u16::from_be_bytes(*b"DE"));
    }),
    (Factor::SupportCallback, |s| s.usd_minor = 5_000.0),
];

#[test]
fn what_the_customer_does_not_have_is_absent() {
    for (at, (factor, change)) in ABSENT.into_iter().enumerate() {
        let mut situation = well_equipped();
        change(&mut situation);
        let got = found(factor, &situation, Vector::V2);
        assert_eq!(got, Eligibility::Absent, "row {at}: {}", factor.name());
    }
}

#[test]
fn nobody_answers_a_merchant_initiated_debit() {
    let mut situation = well_equipped();
    situation.is_mit = Some(true);
    for factor in Factor::ALL {
        let got = found(factor, &situation, Vector::V2);
        assert_eq!(got, Eligibility::Absent, "{}", factor.name());
    }
}

#[test]
fn text_messages_carry_soft_penalties() {
    let sms = |change: Alter| {
        let mut situation = well_equipped();
        change(&mut situation);
        match found(Factor::SmsOtp, &situation, Vector::V2) {
            Eligibility::Eligible { bypass_times, success_max } => (bypass_times, success_max),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(sms(|_| ()), (1.0, 1.0));
    assert_eq!(sms(|s| s.session.sim_change_age_hours = f64::NAN), (1.2, 1.0));
    assert_eq!(sms(|s| s.session.sim_change_age_hours = 100.0), (1.5, 1.0));
    assert_eq!(sms(|s| s.session.sim_change_age_hours = 168.0), (1.0, 1.0));
    assert_eq!(sms(|s| s.device.is_roaming = Some(true)), (1.0, 0.72));
}

#[test]
fn a_new_passkey_counts_at_once_after_a_strong_proof_on_a_known_device() {
    let mut situation = well_equipped();
    situation.enrolled.passkey_ms = hours_ago(2.0);
    situation.session.strong_auth_ms = hours_ago(2.2);
    assert_eq!(found(Factor::Passkey, &situation, Vector::V2), ELIGIBLE);
    situation.session.strong_auth_ms = hours_ago(3.0);
    let got = found(Factor::Passkey, &situation, Vector::V2);
    assert_eq!(got, Eligibility::Forbidden(codes::FACTOR_NOT_FIT_VECTOR));
    // The wallet knows the first alone; of a second the past says how it was added.
    situation.enrolled.passkey_ms = hours_ago(900.0);
    situation.enrolled.passkey_added_hours = 2.0;
    situation.enrolled.is_passkey_vouched = Some(true);
    assert_eq!(found(Factor::Passkey, &situation, Vector::V2), ELIGIBLE);
}

#[test]
fn support_calls_who_is_locked_out_whatever_the_amount() {
    let mut change = well_equipped();
    change.event = Some(EventType::ProfileChange);
    change.usd_minor = f64::NAN;
    change.base_minor = f64::NAN;
    change.change = Change::Credential;
    assert_eq!(found(Factor::SupportCallback, &change, Vector::V2), Eligibility::Absent);
    change.session.auth = SessionAuth::Anonymous;
    assert_eq!(found(Factor::SupportCallback, &change, Vector::V2), ELIGIBLE);
    let mut login = change.clone();
    login.event = Some(EventType::Login);
    login.is_locked_out = true;
    assert_eq!(found(Factor::SupportCallback, &login, Vector::V2), ELIGIBLE);
}

#[test]
fn holds_are_for_what_can_wait_and_warnings_for_scams() {
    let of = |factor, event, change: Alter, vector| {
        let mut situation = well_equipped();
        situation.event = Some(event);
        change(&mut situation);
        found(factor, &situation, vector) == ELIGIBLE
    };
    let hold = |event, change| of(Factor::CoolOffHold, event, change, Vector::V2);
    assert!(hold(EventType::Transfer, |_| ()) && hold(EventType::Withdrawal, |_| ()));
    assert!(hold(EventType::ThirdPartyTopup, |_| ()));
    assert!(hold(EventType::ProfileChange, |s| s.change = Change::Limit));
    assert!(hold(EventType::Refund, |s| s.is_refund_elsewhere = true));
    assert!(!hold(EventType::Payment, |_| ()) && !hold(EventType::Refund, |_| ()));
    let warning = |event, vector| of(Factor::WarningInterstitial, event, |_| (), vector);
    assert!(warning(EventType::Transfer, Vector::V6));
    assert!(!warning(EventType::Transfer, Vector::V2));
    assert!(!warning(EventType::Login, Vector::V6));
}
