//! What the decision itself must know about an event, beside what the rules and the model say.
//!
//! The policy hands the core a vector of facts; [`FACTS`] names the ones that the verdict reads, in
//! the order in which [`Situation::read`] takes them. All of them are event fields or built-in
//! features, numbers that may be unknown (`NaN`). A `Situation` is the same knowledge in types: an
//! unknown flag is `None`, an unknown number stays `NaN`, so that every comparison with it is false
//! and each reader must say what false means for him. `words` says what the names of enumerated
//! fields mean here, `read` which facts there are and where each goes.
//!
//! Nationality, language and passport country are not here and must not come: a verdict may not
//! depend on them. Neither are VPN, public Wi-Fi and the age of the phone, which alone decide
//! nothing.

mod read;
mod words;

use features::field::EventType;

pub use read::FACTS;
pub use words::{Change, Funding, Goods, Line, PaymentKind, SessionAuth, ThreeDsStatus, Trust};

/// The facts of one event that the verdict reads.
#[derive(Debug, Clone, PartialEq)]
pub struct Situation {
    /// What happened; `None` when the facts do not say.
    pub event: Option<EventType>,
    /// When, in milliseconds since 1970.
    pub time_ms: f64,
    /// How a payment is made.
    pub kind: PaymentKind,
    /// What pays.
    pub funding: Funding,
    /// What a profile change changes.
    pub change: Change,
    /// What is bought.
    pub goods: Goods,
    /// Initiated by the merchant under a mandate.
    pub is_mit: Option<bool>,
    /// A login that found the account locked.
    pub is_locked_out: bool,
    /// A login that did not succeed.
    pub is_login_failed: Option<bool>,
    /// A refund to another instrument than the one that paid.
    pub is_refund_elsewhere: bool,
    /// Amount in minor units of the base currency.
    pub base_minor: f64,
    /// Amount in US cents.
    pub usd_minor: f64,
    /// Promotional benefit in minor units of the base currency.
    pub benefit_minor: f64,
    /// Balance of the wallet in minor units of the base currency.
    pub balance_minor: f64,
    /// First payment to the receiver, in milliseconds since 1970.
    pub payee_first_seen_ms: f64,
    /// Identity checks tried on the account in 24 hours.
    pub identity_attempts_24h: f64,
    /// The customer may be under 18.
    pub is_minor: Option<bool>,
    /// Country of the merchant, packed as the event field.
    pub merchant_country: f64,
    /// The card that pays or is added.
    pub card: Card,
    /// The device in use.
    pub device: Device,
    /// How the wallet user got here.
    pub session: Session,
    /// What the wallet user has enrolled.
    pub enrolled: Enrolled,
    /// What was known before the event.
    pub past: Past,
}

/// The card that pays or is added.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// The card's network, as the event field names it.
    pub network: Option<&'static str>,
    /// The card is prepaid.
    pub is_prepaid: bool,
    /// Country of the issuer, packed as the event field.
    pub issuer_country: f64,
    /// Cardholder authentication that came with the event.
    pub three_ds_status: ThreeDsStatus,
    /// The issuer already bears the fraud.
    pub liability_shift: Option<bool>,
    /// Name on the card against the verified name, 0 to 3.
    pub name_match: f64,
    /// Hours since the card was linked.
    pub linked_age_hours: f64,
    /// The last answer to the card's security code was a mismatch.
    pub is_cvv_mismatch: bool,
    /// The last answer to the billing address was a full match.
    pub is_address_proven: bool,
    /// The cardholder's word to the issuer about the payee.
    pub trust: Trust,
    /// The protocol of cardholder authentication is older than 2.2 and knows fewer wishes.
    pub is_protocol_old: bool,
    /// Days since the cardholder passed a challenge of the issuer; [`PROVEN_NEVER_DAYS`] for never.
    pub proven_age_days: f64,
    /// Payments approved since then.
    pub low_value_count: f64,
    /// The sum of them in euro, rather more than less.
    pub low_value_eur: f64,
    /// The scheme forbids to try the card again.
    pub is_retry_blocked: Option<bool>,
    /// Refusals of the issuer in 24 hours.
    pub declined_24h: f64,
    /// Refusals of the issuer in 30 days.
    pub declined_30d: f64,
    /// Refusals of the same amount in 30 days.
    pub declined_same_amount_30d: f64,
    /// Wrong security codes of the card in one hour.
    pub cvv_fails_1h: f64,
    /// Times in 24 hours that the issuer did not authenticate the card's user.
    pub three_ds_fails_24h: f64,
    /// The issuer refused within 7 days because the card is stolen or fraud is suspected.
    pub is_refused_for_fraud: Option<bool>,
    /// The issuer is down.
    pub is_issuer_down: Option<bool>,
    /// Times in 90 days that the account proved to hold this card.
    pub proofs_90d: f64,
}

/// What the fact reads of a card whose holder never passed a challenge, and of one long ago.
pub const PROVEN_NEVER_DAYS: f64 = 400.0;

/// The device in use.
#[derive(Debug, Clone, PartialEq)]
pub struct Device {
    /// It is rooted.
    pub is_rooted: Option<bool>,
    /// A hooking framework is present.
    pub is_hooked: Option<bool>,
    /// The app runs as a clone.
    pub is_cloned_app: Option<bool>,
    /// The app is the one we signed.
    pub is_app_genuine: Option<bool>,
    /// A call is in progress.
    pub is_in_call: Option<bool>,
    /// The set of enrolled biometrics has changed.
    pub is_bio_changed: Option<bool>,
    /// The SIM is roaming.
    pub is_roaming: Option<bool>,
    /// Attestation, 0 to 3.
    pub integrity_level: f64,
    /// It is an emulator.
    pub is_emulator: Option<bool>,
    /// The screen is shared or controlled by somebody else.
    pub is_remote_controlled: Option<bool>,
    /// It passed a strong factor on the account at least a day ago.
    pub is_trusted: Option<bool>,
    /// Hours since it was first seen on the account.
    pub account_age_hours: f64,
    /// Hours since a biometric was enrolled on it.
    pub bio_enrol_age_hours: f64,
    /// Cards tried on it in 24 hours.
    pub cards_24h: f64,
    /// Accounts seen on it in 7 days.
    pub accounts_7d: f64,
}

/// How the wallet user got here.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// How the session was signed in.
    pub auth: SessionAuth,
    /// Last strong authentication, in milliseconds since 1970.
    pub strong_auth_ms: f64,
    /// When the phone number was verified.
    pub phone_verified_ms: f64,
    /// When the email address was changed.
    pub email_changed_ms: f64,
    /// Hours since the phone number changed; 8,760 when it never did.
    pub phone_change_age_hours: f64,
    /// Hours since the payment PIN changed; 8,760 when it never did.
    pub pin_change_age_hours: f64,
    /// The session started from a link in a page or a message.
    pub is_link_referred: Option<bool>,
    /// What kind of number the phone has.
    pub line: Line,
    /// Hours since SIM, number or phone changed.
    pub sim_change_age_hours: f64,
    /// Hours since the password changed.
    pub password_change_age_hours: f64,
    /// Hours since a factor was added or removed.
    pub factor_change_age_hours: f64,
    /// Wrong one-time codes in one hour.
    pub otp_fails_1h: f64,
    /// Wrong payment PINs in one hour.
    pub pin_fails_1h: f64,
    /// Codes sent to the phone number in one hour.
    pub codes_sent_1h: f64,
    /// Codes sent to the phone number in 24 hours.
    pub codes_sent_24h: f64,
    /// Accounts seen with the phone number in 30 days.
    pub phone_accounts_30d: f64,
    /// Codes to the country of the phone number are sent in bulk and not answered.
    pub is_prefix_pumped: Option<bool>,
    /// Approvals asked for on another device in 15 minutes, none of which came.
    pub pushes_unanswered_15m: f64,
    /// The last approval on another device came from the device that asked for it.
    pub is_push_answered_here: Option<bool>,
    /// Different factors failed on this account and device in 30 minutes.
    pub failed_factors_30m: f64,
    /// What was passed on this account and device a short while ago.
    pub proof: Proof,
}

/// What was passed on this account and device a short while ago, for the class of payee of this
/// event. Unknown where nothing was, within an hour.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    /// Minutes since a strong factor of the wallet user.
    pub strong_min: f64,
    /// Amount of what that was for, minor units of the base currency; unknown when it had none.
    pub strong_base_minor: f64,
    /// Minutes since a one-time code, for what the customer does with his own account alone.
    pub code_min: f64,
    /// Minutes since an identity check.
    pub identity_min: f64,
}

/// What the wallet user has enrolled, each in milliseconds since 1970 when it was.
#[derive(Debug, Clone, PartialEq)]
pub struct Enrolled {
    /// First passkey.
    pub passkey_ms: f64,
    /// Hours since a passkey was last added.
    pub passkey_added_hours: f64,
    /// That passkey was added after a strong proof in the same session.
    pub is_passkey_vouched: Option<bool>,
    /// Local biometric bound to a key.
    pub biometric_ms: f64,
    /// Push on another device.
    pub push_ms: f64,
    /// Last use of push on another device.
    pub push_used_ms: f64,
    /// Code generator.
    pub totp_ms: f64,
    /// Whether the code generator is verified.
    pub is_totp_verified: Option<bool>,
    /// Payment PIN.
    pub pin_ms: f64,
}

/// What was known before the event.
#[derive(Debug, Clone, PartialEq)]
pub struct Past {
    /// Hours since the account was opened.
    pub account_age_hours: f64,
    /// Hours since the customer arrived in this foreign country; unknown at home.
    pub hours_since_arrival: f64,
    /// Card links tried on the account in 24 hours.
    pub link_attempts_24h: f64,
    /// Attempts to move money on the account in 24 hours.
    pub attempts_24h: f64,
    /// The same in 30 days.
    pub attempts_30d: f64,
    /// Those of 90 days that were approved.
    pub approved_90d: f64,
    /// Link attempts on the issuer range against the usual, in standard deviations.
    pub bin_zscore_5m: f64,
    /// Amount against the account's approved amounts, in standard deviations.
    pub amount_zscore_90d: f64,
    /// Network and position name the same country.
    pub is_ip_at_place: Option<bool>,
    /// Speed from the last fix, km/h.
    pub speed_kmh: f64,
    /// Confidence in that speed, 0 to 1.
    pub speed_confidence: f64,
    /// Share of the merchant's payments known as fraud.
    pub merchant_fraud_rate_30d: f64,
    /// Accounts known as fraudulent that share the device or the card.
    pub linked_fraud_90d: f64,
}

impl Situation {
    /// A situation in which nothing is known.
    pub fn unknown() -> Situation {
        Situation::read(&[])
    }

    /// Hours from this moment to the event; unknown when either is.
    pub fn hours_since(&self, moment_ms: f64) -> f64 {
        (self.time_ms - moment_ms) / 3_600_000.0
    }

    /// Whether an international card pays or is being added, so that an issuer can be asked.
    pub fn is_card_funded(&self) -> bool {
        match self.event {
            Some(EventType::CardLink | EventType::TourPassTopup) => true,
            Some(_) | None => self.funding == Funding::Card,
        }
    }

    /// Whether somebody who is not signed in resets a credential: the account is being recovered.
    pub fn is_recovery(&self) -> bool {
        self.event == Some(EventType::ProfileChange)
            && matches!(self.change, Change::Phone | Change::Credential)
            && self.session.auth == SessionAuth::Anonymous
    }

    /// Whether money leaves to somebody else than a shop.
    pub fn is_outflow(&self) -> bool {
        use EventType::{RedEnvelopeSend, Transfer, Withdrawal};
        matches!(self.event, Some(Transfer | Withdrawal | RedEnvelopeSend))
    }

    /// Whether the receiver is paid for the first time, as far as is known; an unknown receiver of
    /// an outflow counts as new.
    pub fn is_payee_new(&self) -> bool {
        let known_for_hours = self.hours_since(self.payee_first_seen_ms);
        self.is_outflow() && (known_for_hours.is_nan() || known_for_hours < 24.0)
    }

    /// Whether the device came to the account within a day although the account is a month old;
    /// `None` when what is known does not tell. A device that is trusted proved itself before that,
    /// also where it is seen for the first time here.
    pub fn is_device_new_to_old_account(&self) -> Option<bool> {
        let (device_h, account_h) = (self.device.account_age_hours, self.past.account_age_hours);
        if 24.0 <= device_h || account_h < 720.0 || self.device.is_trusted == Some(true) {
            return Some(false);
        }
        (!device_h.is_nan() && !account_h.is_nan()).then_some(true)
    }
}
