//! Which factors may be asked at all, and why a factor the customer has must not be.
//!
//! A factor is eligible only if the facts of this one event say that it is there and sound. What is
//! unknown is not eligible, except where it only costs trust (no SIM signal). Three answers:
//! eligible with adjusted numbers; absent, which is not worth a word; forbidden, which the hints
//! list with the reason. Factors that need no enrolment (issuer, document, support, time) depend on
//! the event alone. What the customer types can be typed into a false page: where a relay is
//! suspected no code and no PIN is asked for, and no code goes to a number whose SIM is suspected.
//!
//! Three conditions cannot be read from an event and are not here: whether support has time, whether
//! the identity vendor answers, and where a law keeps a factor from being used.

use features::field::EventType;

use super::exemption;
use crate::decision::{Factor, ScaScope};
use crate::economics::Economics;
use crate::reason::{ReasonCode, codes};
use crate::situation::{Change, Funding, Line, PaymentKind, Situation, ThreeDsStatus};
use crate::vector::{Posterior, Vector};

/// Whether a factor may be asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Eligibility {
    /// It may.
    Eligible {
        /// What its bypass probabilities are multiplied by.
        bypass_times: f64,
        /// Largest share of genuine customers who pass here.
        success_max: f64,
    },
    /// The customer does not have it, or it has no place in this event.
    Absent,
    /// The customer has it, and it must not be asked.
    Forbidden(ReasonCode),
}

const ELIGIBLE: Eligibility = Eligibility::Eligible { bypass_times: 1.0, success_max: 1.0 };

/// A new authenticator counts at once if it was added within this time after a strong proof.
const AFTER_PROOF_MS: f64 = 20.0 * 60_000.0;

/// A device that push may use was active within this time.
const PUSH_ACTIVE_HOURS: f64 = 168.0;

/// Wrong one-time codes in an hour from which codes are locked.
const OTP_FAILS_MAX: f64 = 5.0;

/// Wrong PINs in an hour from which the PIN is locked.
const PIN_FAILS_MAX: f64 = 3.0;

/// Wrong security codes of a card in an hour from which it is not asked for again.
const CVV_FAILS_MAX: f64 = 2.0;

/// Refusals of an issuer in 24 hours from which it is not asked again.
const THREE_DS_FAILS_MAX: f64 = 2.0;

/// Unanswered approvals in 15 minutes above which no further one is asked for: who gets one after
/// the other says yes in the end.
const PUSHES_MAX: f64 = 3.0;

/// Codes sent to a number in an hour and in 24 hours from which no further one is sent.
const CODES_SENT_1H_MAX: f64 = 5.0;
const CODES_SENT_24H_MAX: f64 = 10.0;

/// A number of more accounts than this is nobody's own.
const PHONE_ACCOUNTS_MAX: f64 = 3.0;

/// Card links in 24 hours from which statements are no proof any more.
const LINKS_MAX: f64 = 4.0;

/// Identity checks in 24 hours after which no further one is offered.
const IDENTITY_ATTEMPTS_MAX: f64 = 3.0;

/// A SIM change this long ago still costs trust.
const SIM_PENALTY_HOURS: f64 = 168.0;
const SIM_PENALTY: f64 = 1.5;
const NO_SIM_SIGNAL_PENALTY: f64 = 1.2;
const ROAMING_SUCCESS: f64 = 0.72;

/// Whether a factor may be asked in this situation under this suspicion.
pub fn eligibility(
    factor: Factor,
    situation: &Situation,
    posterior: &Posterior,
    economics: &Economics,
) -> Eligibility {
    if is_customer_absent(situation) && factor != Factor::CoolOffHold {
        return Eligibility::Absent;
    }
    match factor {
        Factor::Passkey => passkey(situation, economics),
        Factor::DeviceBiometric => biometric(situation, economics),
        Factor::PushNumberMatch => push(situation, economics),
        Factor::Totp => totp(situation, posterior, economics),
        Factor::SmsOtp => sms(situation, posterior, economics),
        Factor::PaymentPin => pin(situation, posterior, economics),
        Factor::CvvReentry => cvv(situation, posterior, economics),
        Factor::ThreeDsChallenge => three_ds(situation),
        Factor::ThreeDsFrictionless => three_ds_frictionless(situation),
        Factor::MicroAmount => micro_amount(situation),
        Factor::PassportSelfie => passport(situation),
        Factor::SupportCallback => callback(situation, economics),
        Factor::CoolOffHold => hold(situation),
        Factor::WarningInterstitial => warning(situation, posterior, economics),
    }
}

/// A merchant debits under a mandate: nobody is there to answer.
fn is_customer_absent(situation: &Situation) -> bool {
    situation.kind == PaymentKind::AutoDebit || situation.is_mit == Some(true)
}

/// Whether more than a little speaks for a vector.
fn is_suspected(vector: Vector, posterior: &Posterior, economics: &Economics) -> bool {
    economics.combine_above < posterior.weight(vector)
}

fn passkey(situation: &Situation, economics: &Economics) -> Eligibility {
    let enrolled = &situation.enrolled;
    let enrolled_ms = enrolled.passkey_ms;
    if enrolled_ms.is_nan() {
        return Eligibility::Absent;
    }
    // Who lost his account to recover it has no passkey either; the one that answers is a thief's.
    if situation.is_recovery() {
        return Eligibility::Forbidden(codes::FACTOR_NOT_FIT_VECTOR);
    }
    // The wallet tells when the first was enrolled; one added since counts as well.
    let age_hours = situation.hours_since(enrolled_ms).min(enrolled.passkey_added_hours);
    if economics.factor_age_hours <= age_hours {
        return ELIGIBLE;
    }
    // Anything but a device known for a day may be the thief's, who has just added his own key.
    let is_device_known = 24.0 <= situation.device.account_age_hours;
    if !is_device_known {
        return Eligibility::Forbidden(codes::FACTOR_DEVICE_UNTRUSTED);
    }
    let since_proof_ms = enrolled_ms - situation.session.strong_auth_ms;
    let is_first = enrolled.passkey_added_hours.is_nan();
    let is_vouched = enrolled.is_passkey_vouched == Some(true)
        || (is_first && (0.0..=AFTER_PROOF_MS).contains(&since_proof_ms));
    if is_vouched {
        return ELIGIBLE;
    }
    Eligibility::Forbidden(codes::FACTOR_NOT_FIT_VECTOR)
}

fn biometric(situation: &Situation, economics: &Economics) -> Eligibility {
    let device = &situation.device;
    let enrolled_ms = situation.enrolled.biometric_ms;
    if enrolled_ms.is_nan() {
        return Eligibility::Absent;
    }
    let is_new = situation.hours_since(enrolled_ms) < economics.factor_age_hours
        || device.bio_enrol_age_hours < economics.factor_age_hours;
    if is_new || device.is_bio_changed == Some(true) {
        return Eligibility::Forbidden(codes::FACTOR_BIO_TOO_NEW);
    }
    let is_tampered = [device.is_rooted, device.is_hooked, device.is_emulator]
        .into_iter()
        .chain([device.is_remote_controlled])
        .any(|flag| flag == Some(true));
    let is_sound = device.is_trusted == Some(true) && 2.0 <= device.integrity_level;
    if is_tampered || !is_sound {
        return Eligibility::Forbidden(codes::FACTOR_DEVICE_UNTRUSTED);
    }
    ELIGIBLE
}

fn push(situation: &Situation, economics: &Economics) -> Eligibility {
    let enrolled_ms = situation.enrolled.push_ms;
    let is_active = situation.hours_since(situation.enrolled.push_used_ms) <= PUSH_ACTIVE_HOURS;
    if enrolled_ms.is_nan() || !is_active {
        return Eligibility::Absent;
    }
    let is_same_device = situation.session.is_push_answered_here == Some(true);
    if is_same_device || situation.device.is_remote_controlled == Some(true) {
        return Eligibility::Forbidden(codes::FACTOR_DEVICE_UNTRUSTED);
    }
    if PUSHES_MAX < situation.session.pushes_unanswered_15m {
        return Eligibility::Forbidden(codes::FACTOR_LOCKED);
    }
    aged(situation.hours_since(enrolled_ms), economics)
}

fn totp(situation: &Situation, posterior: &Posterior, economics: &Economics) -> Eligibility {
    let enrolled_ms = situation.enrolled.totp_ms;
    if enrolled_ms.is_nan() || situation.enrolled.is_totp_verified != Some(true) {
        return Eligibility::Absent;
    }
    if OTP_FAILS_MAX <= situation.session.otp_fails_1h {
        return Eligibility::Forbidden(codes::FACTOR_LOCKED);
    }
    if is_suspected(Vector::V3, posterior, economics) {
        return Eligibility::Forbidden(codes::FACTOR_NOT_FIT_VECTOR);
    }
    aged(situation.hours_since(enrolled_ms), economics)
}

fn sms(situation: &Situation, posterior: &Posterior, economics: &Economics) -> Eligibility {
    let session = &situation.session;
    let is_sim_new = session.sim_change_age_hours < economics.sim_age_hours;
    let is_number_new = session.phone_change_age_hours < economics.sim_age_hours;
    if is_sim_new || is_number_new || situation.change == Change::Phone {
        return Eligibility::Forbidden(codes::FACTOR_SIM_RECENT);
    }
    match session.line {
        Line::Fixed => return Eligibility::Forbidden(codes::FACTOR_NOT_FIT_VECTOR),
        Line::Unknown => return Eligibility::Absent,
        Line::Mobile => {}
    }
    if session.phone_verified_ms.is_nan() {
        return Eligibility::Absent;
    }
    let is_shared = PHONE_ACCOUNTS_MAX < session.phone_accounts_30d;
    let is_stolen = is_suspected(Vector::V4, posterior, economics);
    if is_shared || is_stolen || is_suspected(Vector::V3, posterior, economics) {
        return Eligibility::Forbidden(codes::FACTOR_NOT_FIT_VECTOR);
    }
    let is_flooded =
        CODES_SENT_1H_MAX <= session.codes_sent_1h || CODES_SENT_24H_MAX <= session.codes_sent_24h;
    if is_flooded || OTP_FAILS_MAX <= session.otp_fails_1h {
        return Eligibility::Forbidden(codes::FACTOR_LOCKED);
    }
    if session.is_prefix_pumped == Some(true) {
        return Eligibility::Forbidden(codes::FACTOR_UNAVAILABLE);
    }
    let bypass_times = if session.sim_change_age_hours.is_nan() {
        NO_SIM_SIGNAL_PENALTY
    } else if session.sim_change_age_hours < SIM_PENALTY_HOURS {
        SIM_PENALTY
    } else {
        1.0
    };
    let is_roaming = situation.device.is_roaming == Some(true);
    let success_max = if is_roaming { ROAMING_SUCCESS } else { 1.0 };
    Eligibility::Eligible { bypass_times, success_max }
}

fn pin(situation: &Situation, posterior: &Posterior, economics: &Economics) -> Eligibility {
    let pin_ms = situation.enrolled.pin_ms;
    if pin_ms.is_nan() {
        return Eligibility::Absent;
    }
    if PIN_FAILS_MAX <= situation.session.pin_fails_1h {
        return Eligibility::Forbidden(codes::FACTOR_LOCKED);
    }
    if is_suspected(Vector::V3, posterior, economics) {
        return Eligibility::Forbidden(codes::FACTOR_NOT_FIT_VECTOR);
    }
    // The shorter of the times since setting and changing; `min` passes over what is unknown.
    let age_hours = situation.hours_since(pin_ms).min(situation.session.pin_change_age_hours);
    aged(age_hours, economics)
}

fn cvv(situation: &Situation, posterior: &Posterior, economics: &Economics) -> Eligibility {
    let is_paid_by_card = match situation.event {
        Some(EventType::TourPassTopup) => true,
        Some(EventType::Payment) => situation.funding == Funding::Card,
        Some(_) | None => false,
    };
    if !is_paid_by_card {
        return Eligibility::Absent;
    }
    let is_sold = is_suspected(Vector::V1, posterior, economics);
    if is_sold || is_suspected(Vector::V3, posterior, economics) {
        return Eligibility::Forbidden(codes::FACTOR_NOT_FIT_VECTOR);
    }
    if situation.card.is_cvv_mismatch || CVV_FAILS_MAX <= situation.card.cvv_fails_1h {
        return Eligibility::Forbidden(codes::FACTOR_LOCKED);
    }
    ELIGIBLE
}

fn three_ds(situation: &Situation) -> Eligibility {
    let is_link = situation.event == Some(EventType::CardLink);
    let is_payment = matches!(situation.event, Some(EventType::Payment | EventType::TourPassTopup));
    let is_for_nothing = situation.usd_minor <= 0.0 || situation.base_minor <= 0.0;
    if !situation.is_card_funded() || !(is_link || is_payment) || (is_for_nothing && !is_link) {
        return Eligibility::Absent;
    }
    let card = &situation.card;
    let is_locked =
        card.is_refused_for_fraud == Some(true) || THREE_DS_FAILS_MAX <= card.three_ds_fails_24h;
    match card.three_ds_status {
        _ if is_locked => Eligibility::Forbidden(codes::FACTOR_LOCKED),
        ThreeDsStatus::Refused => Eligibility::Forbidden(codes::FACTOR_LOCKED),
        _ if card.is_issuer_down == Some(true) => Eligibility::Forbidden(codes::FACTOR_UNAVAILABLE),
        ThreeDsStatus::Unavailable => Eligibility::Forbidden(codes::FACTOR_UNAVAILABLE),
        ThreeDsStatus::Authenticated | ThreeDsStatus::Attempted | ThreeDsStatus::Unknown => {
            ELIGIBLE
        }
    }
}

/// Where the law wants the payer strongly authenticated, silence is not enough; and who authenticated
/// the cardholder has made his choice.
fn three_ds_frictionless(situation: &Situation) -> Eligibility {
    let is_payment = situation.event == Some(EventType::Payment);
    let is_lawful = !is_payment || exemption::scope(situation) != ScaScope::InScope;
    if !is_lawful || situation.card.three_ds_status == ThreeDsStatus::Authenticated {
        return Eligibility::Absent;
    }
    three_ds(situation)
}

fn micro_amount(situation: &Situation) -> Eligibility {
    if situation.event != Some(EventType::CardLink) || situation.card.is_prepaid {
        return Eligibility::Absent;
    }
    if LINKS_MAX <= situation.past.link_attempts_24h {
        return Eligibility::Forbidden(codes::FACTOR_LOCKED);
    }
    ELIGIBLE
}

fn passport(situation: &Situation) -> Eligibility {
    if situation.device.is_emulator == Some(true) {
        return Eligibility::Forbidden(codes::FACTOR_DEVICE_UNTRUSTED);
    }
    if situation.is_minor == Some(true) {
        return Eligibility::Forbidden(codes::FACTOR_UNAVAILABLE);
    }
    if IDENTITY_ATTEMPTS_MAX <= situation.identity_attempts_24h {
        return Eligibility::Forbidden(codes::FACTOR_LOCKED);
    }
    ELIGIBLE
}

fn callback(situation: &Situation, economics: &Economics) -> Eligibility {
    let is_worth_it = economics.callback_from_usd <= economics.amount_usd(situation);
    let is_locked_out = situation.is_locked_out || situation.is_recovery();
    if is_worth_it || is_locked_out { ELIGIBLE } else { Eligibility::Absent }
}

fn hold(situation: &Situation) -> Eligibility {
    let can_wait = match situation.event {
        Some(EventType::Transfer | EventType::Withdrawal | EventType::ThirdPartyTopup) => true,
        Some(EventType::ProfileChange) => situation.change == Change::Limit,
        Some(EventType::Refund) => situation.is_refund_elsewhere,
        Some(_) | None => false,
    };
    if can_wait { ELIGIBLE } else { Eligibility::Absent }
}

fn warning(situation: &Situation, posterior: &Posterior, economics: &Economics) -> Eligibility {
    let moves_money = situation.is_outflow()
        || matches!(situation.event, Some(EventType::Payment | EventType::ThirdPartyTopup));
    let is_scam = economics.combine_above <= posterior.weight(Vector::V6);
    if moves_money && is_scam { ELIGIBLE } else { Eligibility::Absent }
}

/// A factor younger than a day may be the attacker's own.
fn aged(hours: f64, economics: &Economics) -> Eligibility {
    if economics.factor_age_hours <= hours {
        ELIGIBLE
    } else {
        Eligibility::Forbidden(codes::FACTOR_NOT_FIT_VECTOR)
    }
}

#[cfg(test)]
mod tests;
