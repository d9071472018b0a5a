//! What a request for cardholder authentication says to the card's issuer (EMV 3-D Secure).
//!
//! One element carries our wish, the challenge indicator: no challenge where the risk is low, and why
//! not (analysis made, payee trusted, user already strongly authenticated, data alone where no law
//! asks for more), no preference where we do not know, a challenge where one is wanted, and by which
//! right (our own, the law's or that of linking a card). Version 2.1 of the protocol knows the first
//! four wishes only, so what it cannot say falls back to the nearest that it can.
//!
//! The other elements tell the issuer what he cannot see, which makes him ask less often. They are
//! made from the same facts as the decision and only from those: an age that is not known, a count
//! whose window is shorter than the question, is left out rather than guessed.

use features::field::EventType;

use crate::decision::{Exemption, ScaScope, ThreeDs};
use crate::situation::{Goods, PROVEN_NEVER_DAYS, SessionAuth, Situation, Trust};

const DAY_HOURS: f64 = 24.0;

/// The longest age of a change that facts tell; the value stands for longer and for never.
const CHANGE_HOURS_MAX: f64 = 8_760.0;

/// How an event was approved, as far as the issuer cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Low risk.
    Clear,
    /// Approved, with a doubt: nobody scored it, the score is elevated, or somebody will look at it.
    Doubtful,
}

/// The challenge indicator that leaves it to the issuer.
pub const NO_PREFERENCE: &str = "01";

/// Whether an event is asked of the card's issuer.
pub fn goes_to_issuer(situation: &Situation) -> bool {
    use EventType::{CardLink, Payment, RedEnvelopeSend, TourPassTopup, Transfer, Withdrawal};
    situation.is_card_funded()
        && matches!(
            situation.event,
            Some(Payment | CardLink | TourPassTopup | Transfer | RedEnvelopeSend | Withdrawal)
        )
}

/// `threeDSRequestorChallengeInd` of an approval.
pub fn wish_of_approval(
    situation: &Situation,
    exemption: &Exemption,
    standing: Standing,
) -> &'static str {
    let wish = if standing == Standing::Doubtful {
        NO_PREFERENCE
    } else if exemption.trusted {
        "08"
    } else if exemption.tra {
        "05"
    } else if exemption.liability_shift_expected || situation.session.auth == SessionAuth::Passkey {
        "07"
    } else if exemption.sca_scope == ScaScope::OutOfScope {
        "06"
    } else {
        "02"
    };
    spoken(situation, wish)
}

/// `threeDSRequestorChallengeInd` of a challenge. `of_reason` is what the leading reason has in its
/// table, `is_suspected` whether a rule voted: where none did, and the issuer could put the payee on
/// the cardholder's list, the challenge is the moment to offer that.
pub fn wish_of_challenge(
    situation: &Situation,
    scope: Option<ScaScope>,
    of_reason: Option<&'static str>,
    is_suspected: bool,
) -> &'static str {
    let is_mandated = situation.event == Some(EventType::CardLink)
        || (situation.event == Some(EventType::Payment) && scope == Some(ScaScope::InScope));
    let wish = if is_mandated || of_reason == Some("04") {
        "04"
    } else if !is_suspected && situation.card.trust == Trust::Open {
        "09"
    } else {
        "03"
    };
    spoken(situation, wish)
}

/// The wish in the words of the card's protocol.
fn spoken(situation: &Situation, wish: &'static str) -> &'static str {
    match wish {
        "05" | "06" | "07" | "08" if situation.card.is_protocol_old => "02",
        "09" if situation.card.is_protocol_old => "03",
        _ => wish,
    }
}

/// The request with this challenge indicator: what is bought, how the wallet user signed in, how the
/// cardholder was proven before.
pub fn request(situation: &Situation, challenge_ind: &'static str) -> ThreeDs {
    let trans_type = match situation.event {
        Some(EventType::TourPassTopup) => Some("28"),
        Some(EventType::Transfer | EventType::RedEnvelopeSend | EventType::Withdrawal) => {
            Some("10")
        }
        Some(EventType::Payment) => match situation.goods {
            Goods::QuasiCash => Some("11"),
            Goods::Digital | Goods::Other => Some("01"),
        },
        Some(_) | None => None,
    };
    let req_auth_method = match situation.session.auth {
        SessionAuth::Anonymous => Some("01"),
        SessionAuth::Credential => Some("02"),
        SessionAuth::Passkey => Some("06"),
        SessionAuth::Unknown => None,
    };
    let prior_auth_method = if situation.card.proven_age_days < PROVEN_NEVER_DAYS {
        Some("02")
    } else if situation.card.is_address_proven {
        Some("03")
    } else {
        None
    };
    ThreeDs { challenge_ind, trans_type, req_auth_method, prior_auth_method }
}

/// What the wallet knows of its customer and the issuer does not; `None` for what is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IssuerData {
    /// `chAccAgeInd`: age of the account, 03 to 05.
    pub account_age: Option<&'static str>,
    /// `chAccChangeInd`: time since phone, email, factors or cards last changed, 01 to 04.
    pub account_change: Option<&'static str>,
    /// `chAccPwChangeInd`: time since the password changed, 01 to 05.
    pub password_change: Option<&'static str>,
    /// `paymentAccInd`: time since the card was linked, 02 to 05.
    pub payment_account: Option<&'static str>,
    /// `provisionAttemptsDay`: cards that the account tried to link in 24 hours.
    pub add_card_attempts_day: Option<u32>,
    /// `txnActivityDay`: attempts to pay in 24 hours.
    pub past_transactions_day: Option<u32>,
    /// `txnActivityYear`: the same in a year; known of accounts whose whole life is remembered.
    pub past_transactions_year: Option<u32>,
    /// `nbPurchaseAccount`: approved attempts in six months; known as the former.
    pub purchases_6_months: Option<u32>,
    /// `suspiciousAccActivity`: 01 none was seen, 02 some was.
    pub suspicious_activity: &'static str,
    /// `deliveryTimeframe`: 01 over the network.
    pub delivery_timeframe: Option<&'static str>,
}

/// What can be told about the customer of an event that goes to the issuer.
pub fn issuer_data(situation: &Situation, exemption: &Exemption) -> IssuerData {
    let Situation { session, past, card, .. } = situation;
    let count = |number: f64| number.is_finite().then(|| number.clamp(0.0, 999.0) as u32);
    // A window tells of a longer time what it holds when there was nothing before it.
    let whole_life = |days: f64, number: f64| {
        count(number).filter(|_| past.account_age_hours <= days * DAY_HOURS)
    };
    let is_linking = situation.event == Some(EventType::CardLink);
    let changes_hours = [
        below_cap(session.phone_change_age_hours),
        situation.hours_since(session.email_changed_ms),
        below_cap(session.factor_change_age_hours),
        if is_linking { 0.0 } else { card.linked_age_hours },
    ];
    // The least of the known ones: `min` passes unknown ones over.
    let changed_hours = changes_hours.into_iter().fold(f64::NAN, f64::min);
    let password_change = if CHANGE_HOURS_MAX <= session.password_change_age_hours {
        // Longer ago than is remembered, or never: told apart by an account that is younger.
        (past.account_age_hours < CHANGE_HOURS_MAX).then_some("01")
    } else {
        since(session.password_change_age_hours, ["03", "04", "05"])
    };
    IssuerData {
        account_age: since(past.account_age_hours, ["03", "04", "05"]),
        account_change: if is_linking {
            Some("01")
        } else {
            since(changed_hours, ["02", "03", "04"])
        },
        password_change,
        payment_account: if is_linking {
            Some("02")
        } else {
            since(card.linked_age_hours, ["03", "04", "05"])
        },
        add_card_attempts_day: count(past.link_attempts_24h),
        past_transactions_day: count(past.attempts_24h),
        past_transactions_year: whole_life(30.0, past.attempts_30d),
        purchases_6_months: whole_life(90.0, past.approved_90d),
        suspicious_activity: if exemption.tra_checks.known_scenario { "02" } else { "01" },
        delivery_timeframe: (situation.goods == Goods::Digital).then_some("01"),
    }
}

/// An age that facts cap, unknown at the cap.
fn below_cap(hours: f64) -> f64 {
    if hours < CHANGE_HOURS_MAX { hours } else { f64::NAN }
}

/// The code of an age: less than 30 days, 30 to 60, more.
fn since(hours: f64, codes: [&'static str; 3]) -> Option<&'static str> {
    let days = hours / DAY_HOURS;
    if days.is_nan() {
        None
    } else if days < 30.0 {
        Some(codes[0])
    } else if days <= 60.0 {
        Some(codes[1])
    } else {
        Some(codes[2])
    }
}

#[cfg(test)]
mod tests;
