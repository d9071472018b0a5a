//! What the decision itself must know about an event, beside what the rules and the model say.
//!
//! The policy hands the core a vector of facts; `FACTS` names the ones that the verdict reads, in
//! the order in which `Situation::read` takes them. All of them are event fields or built-in
//! features, numbers that may be unknown (`NaN`). A `Situation` is the same knowledge in types: an
//! unknown flag is `None`, an unknown number stays `NaN`, so that every comparison with it is false
//! and each reader must say what false means for him. The codes of enumerated fields belong to the
//! field table and are looked up there by the compiler: a name that the table drops stops the
//! build. Reading costs one pass over some hundred numbers and cannot fail.
//!
//! Nationality, language and passport country are not here and must not come: a verdict may not
//! depend on them. Neither are VPN, public Wi-Fi and the age of the phone, which alone decide
//! nothing.

use std::sync::LazyLock;

use features::event::hash_text;
use features::expr::key_number;
use features::field::{EventType, FIELDS, Kind, ids};

use crate::reason::is_same;

/// How a payment is made, as far as the verdict cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentKind {
    /// A transport fare.
    Transit,
    /// A debit under a mandate.
    AutoDebit,
    /// The customer stands at the counter: merchant code or payment code.
    InPerson,
    /// In an app, a bill, a ticket.
    Remote,
    /// Not a payment, or not known.
    Unknown,
}

/// What pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Funding {
    /// An international card, which has an issuer and a cardholder.
    Card,
    /// The prepaid pass.
    TourPass,
    /// Anything else.
    Other,
    /// Not known.
    Unknown,
}

/// What a profile change changes, as far as the verdict cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The phone number, which receives codes.
    Phone,
    /// A limit.
    Limit,
    /// Another credential or factor.
    Credential,
    /// Anything else.
    Other,
    /// Not a profile change, or not known.
    Unknown,
}

/// Outcome of cardholder authentication that came with the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThreeDsStatus {
    /// Authenticated.
    Authenticated,
    /// Attempted.
    Attempted,
    /// Failed or rejected.
    Refused,
    /// The issuer could not answer.
    Unavailable,
    /// None, or another status.
    Unknown,
}

/// How the wallet user signed in to this session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionAuth {
    /// Not at all.
    Anonymous,
    /// By a passkey.
    Passkey,
    /// By another credential of the wallet.
    Credential,
    /// Not known.
    Unknown,
}

/// What kind of number the phone has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// A mobile line, by contract or prepaid.
    Mobile,
    /// A landline or an internet number, which proves no possession.
    Fixed,
    /// Not known.
    Unknown,
}

/// What is bought, as far as 3-D Secure cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goods {
    /// Money in another form: gift cards, top-ups, cash-like.
    QuasiCash,
    /// What is delivered over the network.
    Digital,
    /// Anything else.
    Other,
}

/// Whether the cardholder told the issuer to trust the payee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// The payee is on the list of the trusted.
    Listed,
    /// The issuer keeps such a list, and the payee could come onto it.
    Open,
    /// The issuer keeps none for this payee, or nothing is known.
    Unknown,
}

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

/// The names of the facts that a verdict reads, in the order of [`Situation::read`].
pub const FACTS: &[&str] = &[
    "event_type",
    "event_time_ms",
    "kind",
    "funding",
    "field",
    "goods",
    "is_mit",
    "outcome",
    "to_instrument",
    "base_minor",
    "usd_minor",
    "benefit_minor",
    "account.balance_minor",
    "beneficiary_first_seen_ms",
    "account_identity_attempt_count_24h",
    "account_may_be_minor",
    "card.network",
    "card.funding",
    "card.issuer_country",
    "merchant.country",
    "three_ds.trans_status",
    "three_ds.liability_shift",
    "device.is_rooted",
    "device.has_hook_framework",
    "device.is_cloned_app",
    "device.app_genuine",
    "device.call_in_progress",
    "device.bio_changed",
    "device.roaming",
    "auth_ctx.session_auth",
    "auth_ctx.strong_auth_time_ms",
    "auth_ctx.phone_verified_ms",
    "hours_since_phone_change",
    "hours_since_pin_change",
    "auth_ctx.referrer",
    "account.phone_line_type",
    "factors.passkey.enrolled_ms",
    "passkey_added_hours",
    "passkey_added_vouched",
    "factors.device_biometric.enrolled_ms",
    "factors.push_number_match.enrolled_ms",
    "factors.push_number_match.last_used_ms",
    "factors.totp.enrolled_ms",
    "factors.totp.verified",
    "factors.payment_pin.enrolled_ms",
    "hours_since_arrival",
    "device_integrity_level",
    "device_is_emulator",
    "device_remote_control",
    "device_trusted",
    "device_account_age_hours",
    "account_age_hours",
    "sim_change_age_hours",
    "bio_enrol_age_hours",
    "account_otp_fail_count_1h",
    "account_pin_fail_count_1h",
    "phone_otp_send_count_1h",
    "phone_otp_send_count_24h",
    "phone_distinct_accounts_30d",
    "phone_prefix_pumping",
    "account_push_unanswered_15m",
    "push_answered_here",
    "challenge_failed_factors_30m",
    "strong_proof_min",
    "strong_proof_fen",
    "code_proof_min",
    "card_name_match",
    "card_linked_age_hours",
    "card_cvv_result",
    "card_cvv_fail_count_1h",
    "card_threeds_fail_count_24h",
    "threeds_reason_fraud_7d",
    "issuer_outage_flag",
    "card_proof_count_90d",
    "account_link_attempt_count_24h",
    "account_attempt_count_24h",
    "hours_since_password_change",
    "hours_since_factor_change",
    "device_distinct_cards_24h",
    "device_distinct_accounts_7d",
    "bin_attempt_zscore_5m",
    "account_amount_zscore_90d",
    "ip_gps_country_match",
    "geo_speed_kmh",
    "geo_speed_confidence",
    "merchant_fraud_rate_30d",
    "component_fraud_count_90d",
    "auth_ctx.email_changed_ms",
    "three_ds.version",
    "three_ds.whitelist_status",
    "account_attempt_count_30d",
    "account_approved_count_90d",
    "card_avs_result",
    "card_3ds_success_age_days",
    "card_low_value_count_since_sca",
    "card_low_value_sum_since_sca_eur",
    "card_retry_blocked",
    "card_declined_count_24h",
    "card_declined_count_30d",
    "card_declined_same_amount_count_30d",
];

const KINDS: [(f64, PaymentKind); 8] = [
    (code("kind", "transit"), PaymentKind::Transit),
    (code("kind", "auto_debit"), PaymentKind::AutoDebit),
    (code("kind", "merchant_qr_static"), PaymentKind::InPerson),
    (code("kind", "merchant_qr_dynamic"), PaymentKind::InPerson),
    (code("kind", "payment_code"), PaymentKind::InPerson),
    (code("kind", "in_app"), PaymentKind::Remote),
    (code("kind", "bill"), PaymentKind::Remote),
    (code("kind", "travel"), PaymentKind::Remote),
];

const FUNDINGS: [(f64, Funding); 5] = [
    (code("funding", "intl_card"), Funding::Card),
    (code("funding", "tour_pass"), Funding::TourPass),
    (code("funding", "balance"), Funding::Other),
    (code("funding", "domestic_card"), Funding::Other),
    (code("funding", "third_party_balance"), Funding::Other),
];

const CHANGES: [(f64, Change); 8] = [
    (code("field", "phone"), Change::Phone),
    (code("field", "limit"), Change::Limit),
    (code("field", "email"), Change::Credential),
    (code("field", "password"), Change::Credential),
    (code("field", "pin"), Change::Credential),
    (code("field", "factor_add"), Change::Credential),
    (code("field", "factor_remove"), Change::Credential),
    (code("field", "device_trust"), Change::Credential),
];

const STATUSES: [(f64, ThreeDsStatus); 5] = [
    (code("three_ds.trans_status", "Y"), ThreeDsStatus::Authenticated),
    (code("three_ds.trans_status", "A"), ThreeDsStatus::Attempted),
    (code("three_ds.trans_status", "N"), ThreeDsStatus::Refused),
    (code("three_ds.trans_status", "R"), ThreeDsStatus::Refused),
    (code("three_ds.trans_status", "U"), ThreeDsStatus::Unavailable),
];

const SESSIONS: [(f64, SessionAuth); 8] = [
    (code("auth_ctx.session_auth", "none"), SessionAuth::Anonymous),
    (code("auth_ctx.session_auth", "passkey"), SessionAuth::Passkey),
    (code("auth_ctx.session_auth", "password"), SessionAuth::Credential),
    (code("auth_ctx.session_auth", "pin"), SessionAuth::Credential),
    (code("auth_ctx.session_auth", "biometric"), SessionAuth::Credential),
    (code("auth_ctx.session_auth", "otp_sms"), SessionAuth::Credential),
    (code("auth_ctx.session_auth", "totp"), SessionAuth::Credential),
    (code("auth_ctx.session_auth", "push"), SessionAuth::Credential),
];

const LINES: [(f64, Line); 4] = [
    (code("account.phone_line_type", "mobile"), Line::Mobile),
    (code("account.phone_line_type", "prepaid"), Line::Mobile),
    (code("account.phone_line_type", "voip"), Line::Fixed),
    (code("account.phone_line_type", "landline"), Line::Fixed),
];

const GOODS: [(f64, Goods); 4] = [
    (code("goods", "digital"), Goods::Digital),
    (code("goods", "giftcard"), Goods::QuasiCash),
    (code("goods", "topup"), Goods::QuasiCash),
    (code("goods", "cash_like"), Goods::QuasiCash),
];

const TRUSTS: [(f64, Trust); 2] = [
    (code("three_ds.whitelist_status", "Y"), Trust::Listed),
    (code("three_ds.whitelist_status", "N"), Trust::Open),
];

/// Versions of EMV 3DS before 2.2, as facts tell texts.
static PROTOCOLS_OLD: LazyLock<[f64; 4]> = LazyLock::new(|| {
    ["1.0.2", "2.0.0", "2.0.1", "2.1.0"].map(|version| key_number(hash_text(version)))
});

/// The first category of `card_avs_result`.
const AVS_FULL: f64 = 0.0;

const LOCKED: f64 = code("outcome", "locked");
const SUCCESS: f64 = code("outcome", "success");
const ELSEWHERE: f64 = code("to_instrument", "other_card");
const PREPAID: f64 = code("card.funding", "prepaid");
const CVV_MISMATCH: f64 = code("cvv_result", "N");
const LINKS: [f64; 2] =
    [code("auth_ctx.referrer", "web_link"), code("auth_ctx.referrer", "message_link")];

impl Situation {
    /// The situation in these facts, given in the order of [`FACTS`]; missing ones are unknown.
    pub fn read(values: &[f64]) -> Situation {
        let facts = Facts(values);
        let outcome = facts.number(const { at("outcome") });
        Situation {
            event: event_type(facts.number(const { at("event_type") })),
            time_ms: facts.number(const { at("event_time_ms") }),
            kind: facts.one_of(const { at("kind") }, &KINDS, PaymentKind::Unknown),
            funding: facts.one_of(const { at("funding") }, &FUNDINGS, Funding::Unknown),
            change: facts.one_of(const { at("field") }, &CHANGES, Change::Unknown),
            goods: facts.one_of(const { at("goods") }, &GOODS, Goods::Other),
            is_mit: facts.flag(const { at("is_mit") }),
            is_locked_out: outcome == LOCKED,
            is_login_failed: (!outcome.is_nan()).then_some(outcome != SUCCESS),
            is_refund_elsewhere: facts.number(const { at("to_instrument") }) == ELSEWHERE,
            base_minor: facts.number(const { at("base_minor") }),
            usd_minor: facts.number(const { at("usd_minor") }),
            benefit_minor: facts.number(const { at("benefit_minor") }),
            balance_minor: facts.number(const { at("account.balance_minor") }),
            payee_first_seen_ms: facts.number(const { at("beneficiary_first_seen_ms") }),
            identity_attempts_24h: facts.number(const { at("account_identity_attempt_count_24h") }),
            is_minor: facts.flag(const { at("account_may_be_minor") }),
            merchant_country: facts.number(const { at("merchant.country") }),
            card: Card::read(facts),
            device: Device::read(facts),
            session: Session::read(facts),
            enrolled: Enrolled::read(facts),
            past: Past::read(facts),
        }
    }

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
    /// `None` when what is known does not tell.
    pub fn is_device_new_to_old_account(&self) -> Option<bool> {
        let (device_h, account_h) = (self.device.account_age_hours, self.past.account_age_hours);
        if 24.0 <= device_h || account_h < 720.0 {
            return Some(false);
        }
        (!device_h.is_nan() && !account_h.is_nan()).then_some(true)
    }
}

impl Card {
    fn read(facts: Facts<'_>) -> Card {
        let status = const { at("three_ds.trans_status") };
        let trust = const { at("three_ds.whitelist_status") };
        Card {
            network: network(facts.number(const { at("card.network") })),
            is_prepaid: facts.number(const { at("card.funding") }) == PREPAID,
            issuer_country: facts.number(const { at("card.issuer_country") }),
            three_ds_status: facts.one_of(status, &STATUSES, ThreeDsStatus::Unknown),
            liability_shift: facts.flag(const { at("three_ds.liability_shift") }),
            name_match: facts.number(const { at("card_name_match") }),
            linked_age_hours: facts.number(const { at("card_linked_age_hours") }),
            is_cvv_mismatch: facts.number(const { at("card_cvv_result") }) == CVV_MISMATCH,
            is_address_proven: facts.number(const { at("card_avs_result") }) == AVS_FULL,
            trust: facts.one_of(trust, &TRUSTS, Trust::Unknown),
            is_protocol_old: is_protocol_old(facts.number(const { at("three_ds.version") })),
            proven_age_days: facts.number(const { at("card_3ds_success_age_days") }),
            low_value_count: facts.number(const { at("card_low_value_count_since_sca") }),
            low_value_eur: facts.number(const { at("card_low_value_sum_since_sca_eur") }),
            is_retry_blocked: facts.flag(const { at("card_retry_blocked") }),
            declined_24h: facts.number(const { at("card_declined_count_24h") }),
            declined_30d: facts.number(const { at("card_declined_count_30d") }),
            declined_same_amount_30d: facts
                .number(const { at("card_declined_same_amount_count_30d") }),
            cvv_fails_1h: facts.number(const { at("card_cvv_fail_count_1h") }),
            three_ds_fails_24h: facts.number(const { at("card_threeds_fail_count_24h") }),
            is_refused_for_fraud: facts.flag(const { at("threeds_reason_fraud_7d") }),
            is_issuer_down: facts.flag(const { at("issuer_outage_flag") }),
            proofs_90d: facts.number(const { at("card_proof_count_90d") }),
        }
    }
}

impl Device {
    fn read(facts: Facts<'_>) -> Device {
        Device {
            is_rooted: facts.flag(const { at("device.is_rooted") }),
            is_hooked: facts.flag(const { at("device.has_hook_framework") }),
            is_cloned_app: facts.flag(const { at("device.is_cloned_app") }),
            is_app_genuine: facts.flag(const { at("device.app_genuine") }),
            is_in_call: facts.flag(const { at("device.call_in_progress") }),
            is_bio_changed: facts.flag(const { at("device.bio_changed") }),
            is_roaming: facts.flag(const { at("device.roaming") }),
            integrity_level: facts.number(const { at("device_integrity_level") }),
            is_emulator: facts.flag(const { at("device_is_emulator") }),
            is_remote_controlled: facts.flag(const { at("device_remote_control") }),
            is_trusted: facts.flag(const { at("device_trusted") }),
            account_age_hours: facts.number(const { at("device_account_age_hours") }),
            bio_enrol_age_hours: facts.number(const { at("bio_enrol_age_hours") }),
            cards_24h: facts.number(const { at("device_distinct_cards_24h") }),
            accounts_7d: facts.number(const { at("device_distinct_accounts_7d") }),
        }
    }
}

impl Session {
    fn read(facts: Facts<'_>) -> Session {
        let referrer = facts.number(const { at("auth_ctx.referrer") });
        let auth = const { at("auth_ctx.session_auth") };
        let line = const { at("account.phone_line_type") };
        Session {
            auth: facts.one_of(auth, &SESSIONS, SessionAuth::Unknown),
            strong_auth_ms: facts.number(const { at("auth_ctx.strong_auth_time_ms") }),
            phone_verified_ms: facts.number(const { at("auth_ctx.phone_verified_ms") }),
            email_changed_ms: facts.number(const { at("auth_ctx.email_changed_ms") }),
            phone_change_age_hours: facts.number(const { at("hours_since_phone_change") }),
            pin_change_age_hours: facts.number(const { at("hours_since_pin_change") }),
            is_link_referred: (!referrer.is_nan()).then(|| LINKS.contains(&referrer)),
            line: facts.one_of(line, &LINES, Line::Unknown),
            sim_change_age_hours: facts.number(const { at("sim_change_age_hours") }),
            password_change_age_hours: facts.number(const { at("hours_since_password_change") }),
            factor_change_age_hours: facts.number(const { at("hours_since_factor_change") }),
            otp_fails_1h: facts.number(const { at("account_otp_fail_count_1h") }),
            pin_fails_1h: facts.number(const { at("account_pin_fail_count_1h") }),
            codes_sent_1h: facts.number(const { at("phone_otp_send_count_1h") }),
            codes_sent_24h: facts.number(const { at("phone_otp_send_count_24h") }),
            phone_accounts_30d: facts.number(const { at("phone_distinct_accounts_30d") }),
            is_prefix_pumped: facts.flag(const { at("phone_prefix_pumping") }),
            pushes_unanswered_15m: facts.number(const { at("account_push_unanswered_15m") }),
            is_push_answered_here: facts.flag(const { at("push_answered_here") }),
            failed_factors_30m: facts.number(const { at("challenge_failed_factors_30m") }),
            proof: Proof::read(facts),
        }
    }
}

impl Proof {
    fn read(facts: Facts<'_>) -> Proof {
        Proof {
            strong_min: facts.number(const { at("strong_proof_min") }),
            strong_base_minor: facts.number(const { at("strong_proof_fen") }),
            code_min: facts.number(const { at("code_proof_min") }),
        }
    }
}

impl Enrolled {
    fn read(facts: Facts<'_>) -> Enrolled {
        Enrolled {
            passkey_ms: facts.number(const { at("factors.passkey.enrolled_ms") }),
            passkey_added_hours: facts.number(const { at("passkey_added_hours") }),
            is_passkey_vouched: facts.flag(const { at("passkey_added_vouched") }),
            biometric_ms: facts.number(const { at("factors.device_biometric.enrolled_ms") }),
            push_ms: facts.number(const { at("factors.push_number_match.enrolled_ms") }),
            push_used_ms: facts.number(const { at("factors.push_number_match.last_used_ms") }),
            totp_ms: facts.number(const { at("factors.totp.enrolled_ms") }),
            is_totp_verified: facts.flag(const { at("factors.totp.verified") }),
            pin_ms: facts.number(const { at("factors.payment_pin.enrolled_ms") }),
        }
    }
}

impl Past {
    fn read(facts: Facts<'_>) -> Past {
        Past {
            account_age_hours: facts.number(const { at("account_age_hours") }),
            hours_since_arrival: facts.number(const { at("hours_since_arrival") }),
            link_attempts_24h: facts.number(const { at("account_link_attempt_count_24h") }),
            attempts_24h: facts.number(const { at("account_attempt_count_24h") }),
            attempts_30d: facts.number(const { at("account_attempt_count_30d") }),
            approved_90d: facts.number(const { at("account_approved_count_90d") }),
            bin_zscore_5m: facts.number(const { at("bin_attempt_zscore_5m") }),
            amount_zscore_90d: facts.number(const { at("account_amount_zscore_90d") }),
            is_ip_at_place: facts.flag(const { at("ip_gps_country_match") }),
            speed_kmh: facts.number(const { at("geo_speed_kmh") }),
            speed_confidence: facts.number(const { at("geo_speed_confidence") }),
            merchant_fraud_rate_30d: facts.number(const { at("merchant_fraud_rate_30d") }),
            linked_fraud_90d: facts.number(const { at("component_fraud_count_90d") }),
        }
    }
}

/// The numbers given for [`FACTS`], with their three readings.
#[derive(Clone, Copy)]
struct Facts<'a>(&'a [f64]);

impl Facts<'_> {
    fn number(self, at: usize) -> f64 {
        self.0.get(at).copied().unwrap_or(f64::NAN)
    }

    fn flag(self, at: usize) -> Option<bool> {
        let value = self.number(at);
        if value.is_nan() { None } else { Some(value != 0.0) }
    }

    fn one_of<T: Copy>(self, at: usize, codes: &[(f64, T)], unknown: T) -> T {
        let value = self.number(at);
        codes.iter().find(|(code, _)| *code == value).map_or(unknown, |(_, meaning)| *meaning)
    }
}

fn event_type(index: f64) -> Option<EventType> {
    // A cast saturates; what is not an index finds no event type.
    if 0.0 <= index { EventType::ALL.get(index as usize).copied() } else { None }
}

/// The name of a card network by its number.
fn network(index: f64) -> Option<&'static str> {
    let names = ids::CARD_NETWORK.kind().names()?;
    // A cast saturates, and not-a-number must not become the first name.
    if 0.0 <= index { names.get(index as usize).copied() } else { None }
}

fn is_protocol_old(version: f64) -> bool {
    !version.is_nan() && PROTOCOLS_OLD.contains(&version)
}

/// The place of a fact, found while compiling.
const fn at(name: &str) -> usize {
    let mut place = 0;
    while place < FACTS.len() {
        if is_same(FACTS[place], name) {
            return place;
        }
        place += 1;
    }
    panic!("no such fact")
}

/// The number that the field table gives to a name of an enumerated field, found while compiling.
const fn code(path: &str, name: &str) -> f64 {
    let mut field = 0;
    while field < FIELDS.len() {
        if is_same(FIELDS[field].path, path)
            && let Kind::Enum(names) = FIELDS[field].kind
        {
            let mut index = 0;
            while index < names.len() {
                if is_same(names[index], name) {
                    return index as f64;
                }
                index += 1;
            }
        }
        field += 1;
    }
    panic!("no such name in the field table")
}

#[cfg(test)]
mod tests {
    use features::field;

    use super::*;

    #[test]
    fn every_fact_is_an_event_field_or_a_built_in_feature() {
        let known = features::catalog::TEXT;
        for name in FACTS {
            let short = name.rsplit_once('_').map_or(*name, |(stem, _)| stem);
            let is_feature = known.contains(&format!("feature {name} "))
                || known.contains(&format!("feature {short}_{{"));
            assert!(field::find(name).is_some() || is_feature, "{name} is nowhere defined");
        }
    }

    #[test]
    fn every_fact_is_named_once() {
        for (place, name) in FACTS.iter().enumerate() {
            assert_eq!(at(name), place, "{name}");
        }
    }

    #[test]
    fn facts_that_must_not_decide_are_not_read() {
        for banned in ["nationality", "language", "vpn", "wifi", "doc_country", "patch", "os_"] {
            assert!(FACTS.iter().all(|name| !name.contains(banned)), "{banned}");
        }
    }

    #[test]
    fn what_is_not_given_is_unknown() {
        let situation = Situation::unknown();
        assert_eq!(situation.event, None);
        assert!(situation.usd_minor.is_nan() && situation.past.speed_kmh.is_nan());
        assert_eq!(situation.device.is_emulator, None);
        assert_eq!(situation.funding, Funding::Unknown);
        assert_eq!((situation.card.network, situation.card.is_protocol_old), (None, false));
        assert!(!situation.is_card_funded() && !situation.is_outflow());
    }

    #[test]
    fn values_arrive_where_their_names_say() {
        let mut values = vec![f64::NAN; FACTS.len()];
        let mut set = |name: &str, value: f64| values[at(name)] = value;
        set("event_type", EventType::Payment as u8 as f64);
        set("event_time_ms", 7_200_000.0);
        set("kind", code("kind", "transit"));
        set("funding", code("funding", "intl_card"));
        set("card.network", code("card.network", "visa"));
        set("three_ds.trans_status", code("three_ds.trans_status", "R"));
        set("three_ds.version", key_number(hash_text("2.1.0")));
        set("three_ds.whitelist_status", code("three_ds.whitelist_status", "Y"));
        set("device_is_emulator", 0.0);
        set("device_trusted", 1.0);
        set("auth_ctx.referrer", code("auth_ctx.referrer", "message_link"));
        set("component_fraud_count_90d", 2.0);
        let situation = Situation::read(&values);
        assert_eq!(situation.event, Some(EventType::Payment));
        assert_eq!(situation.kind, PaymentKind::Transit);
        assert!(situation.is_card_funded());
        assert_eq!(situation.card.network, Some("visa"));
        assert!(situation.card.is_protocol_old && situation.card.trust == Trust::Listed);
        assert_eq!(situation.card.three_ds_status, ThreeDsStatus::Refused);
        assert_eq!(situation.device.is_emulator, Some(false));
        assert_eq!(situation.device.is_trusted, Some(true));
        assert_eq!(situation.session.is_link_referred, Some(true));
        assert_eq!(situation.past.linked_fraud_90d, 2.0);
        assert_eq!(situation.hours_since(3_600_000.0), 1.0);
    }

    #[test]
    fn numbers_that_are_no_index_are_no_event_type() {
        for wrong in [-1.0, 28.0, 1e300, f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            assert_eq!(event_type(wrong), None, "{wrong}");
        }
    }
}
