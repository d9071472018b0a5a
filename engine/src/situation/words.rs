//! The words of a situation: what the values of enumerated fields mean to a verdict.
//!
//! Many names of a field are few meanings here, and whatever has none is the unknown one. The
//! numbers of the names belong to the field table and are looked up there by the compiler: a name
//! that the table drops stops the build.

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

pub(super) const KINDS: [(f64, PaymentKind); 8] = [
    (code("kind", "transit"), PaymentKind::Transit),
    (code("kind", "auto_debit"), PaymentKind::AutoDebit),
    (code("kind", "merchant_qr_static"), PaymentKind::InPerson),
    (code("kind", "merchant_qr_dynamic"), PaymentKind::InPerson),
    (code("kind", "payment_code"), PaymentKind::InPerson),
    (code("kind", "in_app"), PaymentKind::Remote),
    (code("kind", "bill"), PaymentKind::Remote),
    (code("kind", "travel"), PaymentKind::Remote),
];

pub(super) const FUNDINGS: [(f64, Funding); 5] = [
    (code("funding", "intl_card"), Funding::Card),
    (code("funding", "tour_pass"), Funding::TourPass),
    (code("funding", "balance"), Funding::Other),
    (code("funding", "domestic_card"), Funding::Other),
    (code("funding", "third_party_balance"), Funding::Other),
];

pub(super) const CHANGES: [(f64, Change); 8] = [
    (code("field", "phone"), Change::Phone),
    (code("field", "limit"), Change::Limit),
    (code("field", "email"), Change::Credential),
    (code("field", "password"), Change::Credential),
    (code("field", "pin"), Change::Credential),
    (code("field", "factor_add"), Change::Credential),
    (code("field", "factor_remove"), Change::Credential),
    (code("field", "device_trust"), Change::Credential),
];

pub(super) const STATUSES: [(f64, ThreeDsStatus); 5] = [
    (code("three_ds.trans_status", "Y"), ThreeDsStatus::Authenticated),
    (code("three_ds.trans_status", "A"), ThreeDsStatus::Attempted),
    (code("three_ds.trans_status", "N"), ThreeDsStatus::Refused),
    (code("three_ds.trans_status", "R"), ThreeDsStatus::Refused),
    (code("three_ds.trans_status", "U"), ThreeDsStatus::Unavailable),
];

pub(super) const SESSIONS: [(f64, SessionAuth); 8] = [
    (code("auth_ctx.session_auth", "none"), SessionAuth::Anonymous),
    (code("auth_ctx.session_auth", "passkey"), SessionAuth::Passkey),
    (code("auth_ctx.session_auth", "password"), SessionAuth::Credential),
    (code("auth_ctx.session_auth", "pin"), SessionAuth::Credential),
    (code("auth_ctx.session_auth", "biometric"), SessionAuth::Credential),
    (code("auth_ctx.session_auth", "otp_sms"), SessionAuth::Credential),
    (code("auth_ctx.session_auth", "totp"), SessionAuth::Credential),
    (code("auth_ctx.session_auth", "push"), SessionAuth::Credential),
];

pub(super) const LINES: [(f64, Line); 4] = [
    (code("account.phone_line_type", "mobile"), Line::Mobile),
    (code("account.phone_line_type", "prepaid"), Line::Mobile),
    (code("account.phone_line_type", "voip"), Line::Fixed),
    (code("account.phone_line_type", "landline"), Line::Fixed),
];

pub(super) const GOODS: [(f64, Goods); 4] = [
    (code("goods", "digital"), Goods::Digital),
    (code("goods", "giftcard"), Goods::QuasiCash),
    (code("goods", "topup"), Goods::QuasiCash),
    (code("goods", "cash_like"), Goods::QuasiCash),
];

pub(super) const TRUSTS: [(f64, Trust); 2] = [
    (code("three_ds.whitelist_status", "Y"), Trust::Listed),
    (code("three_ds.whitelist_status", "N"), Trust::Open),
];

/// Versions of EMV 3DS before 2.2, as facts tell texts.
pub(super) static PROTOCOLS_OLD: LazyLock<[f64; 4]> = LazyLock::new(|| {
    ["1.0.2", "2.0.0", "2.0.1", "2.1.0"].map(|version| key_number(hash_text(version)))
});

/// The first category of `card_avs_result`.
pub(super) const AVS_FULL: f64 = 0.0;

pub(super) const LOCKED: f64 = code("outcome", "locked");
pub(super) const SUCCESS: f64 = code("outcome", "success");
pub(super) const ELSEWHERE: f64 = code("to_instrument", "other_card");
pub(super) const PREPAID: f64 = code("card.funding", "prepaid");
pub(super) const CVV_MISMATCH: f64 = code("cvv_result", "N");
pub(super) const LINKS: [f64; 2] =
    [code("auth_ctx.referrer", "web_link"), code("auth_ctx.referrer", "message_link")];

pub(super) fn event_type(index: f64) -> Option<EventType> {
    // A cast saturates; what is not an index finds no event type.
    if 0.0 <= index { EventType::ALL.get(index as usize).copied() } else { None }
}

/// The name of a card network by its number.
pub(super) fn network(index: f64) -> Option<&'static str> {
    let names = ids::CARD_NETWORK.kind().names()?;
    // A cast saturates, and not-a-number must not become the first name.
    if 0.0 <= index { names.get(index as usize).copied() } else { None }
}

pub(super) fn is_protocol_old(version: f64) -> bool {
    !version.is_nan() && PROTOCOLS_OLD.contains(&version)
}

/// The number that the field table gives to a name of an enumerated field, found while compiling.
pub(super) const fn code(path: &str, name: &str) -> f64 {
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
