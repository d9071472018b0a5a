//! The kinds that several lines of the field table share: number ranges and the closed lists of
//! names.
//!
//! A list ends with `other`, which takes the names that a newer caller may send. The order of a
//! list is the numbering in slots; only hints such as the ordinal of an integrity level use it.

use super::Kind;

pub(super) const BOOL: Kind = Kind::Bool;
pub(super) const TIME: Kind = Kind::Time;
pub(super) const MONEY: Kind = Kind::Money;
pub(super) const ID: Kind = Kind::Id;
pub(super) const LAND: Kind = Kind::Country;
pub(super) const CURRENCY: Kind = Kind::Currency;
pub(super) const IP: Kind = Kind::Ip;
pub(super) const U8: Kind = int(0, u8::MAX as i64);
pub(super) const U16: Kind = int(0, u16::MAX as i64);
pub(super) const U32: Kind = int(0, u32::MAX as i64);
pub(super) const LAT: Kind = float(-90.0, 90.0);
pub(super) const LON: Kind = float(-180.0, 180.0);
pub(super) const SHARE: Kind = float(0.0, 1.0);
pub(super) const RATE: Kind = int(1, 1_000_000_000_000_000);
/// Year, month and day as one number of eight digits.
pub(super) const DATE_NUMBER: Kind = int(19_000_101, 22_001_231);

pub(super) const NETWORK: Kind =
    Kind::Enum(&["visa", "mastercard", "jcb", "discover", "diners", "amex", "unionpay", "other"]);
pub(super) const NAME_MATCH: Kind =
    Kind::Enum(&["exact", "strong", "weak", "none", "not_checked", "other"]);
pub(super) const AUTH: Kind = Kind::Enum(&[
    "none",
    "password",
    "pin",
    "biometric",
    "passkey",
    "otp_sms",
    "totp",
    "push",
    "other",
]);
pub(super) const TRANS_STATUS: Kind =
    Kind::Enum(&["Y", "N", "U", "A", "C", "D", "R", "I", "other"]);
/// EMV 3DS `whiteListStatus`: trusted, not trusted, not eligible, pending, rejected, unknown.
pub(super) const WHITELIST: Kind = Kind::Enum(&["Y", "N", "E", "P", "R", "U", "other"]);
pub(super) const OS: Kind =
    Kind::Enum(&["ios", "android", "harmony", "windows", "macos", "linux", "other"]);
pub(super) const LINE_TYPE: Kind =
    Kind::Enum(&["mobile", "voip", "landline", "prepaid", "unknown", "other"]);
pub(super) const INITIATOR: Kind = Kind::Enum(&["user", "support", "system", "other"]);
pub(super) const ENDED: Kind = Kind::Enum(&["expired", "user", "system", "other"]);

/// Authentication factors, in the order of the step-up policy's factor list.
pub const FACTORS: &[&str] = &[
    "passkey",
    "device_biometric",
    "push_number_match",
    "totp",
    "sms_otp",
    "payment_pin",
    "cvv_reentry",
    "three_ds_challenge",
    "three_ds_frictionless",
    "micro_amount",
    "passport_selfie",
    "support_callback",
    "cool_off_hold",
    "warning_interstitial",
    "other",
];
pub(super) const FACTOR: Kind = Kind::Enum(FACTORS);

pub(super) const CHANNEL: Kind = Kind::Enum(&[
    "app_ios",
    "app_android",
    "miniprogram",
    "web",
    "pos_scan",
    "server_mit",
    "support",
    "batch",
    "other",
]);
pub(super) const INTEGRITY: Kind =
    Kind::Enum(&["strong", "device", "basic", "virtual", "none", "not_evaluated", "other"]);
pub(super) const IP_USAGE: Kind = Kind::Enum(&[
    "residential",
    "mobile",
    "business",
    "hosting",
    "education",
    "satellite",
    "unknown",
    "other",
]);
pub(super) const CONNECTION: Kind =
    Kind::Enum(&["cellular", "wifi", "ethernet", "unknown", "other"]);
pub(super) const FIX_SOURCE: Kind =
    Kind::Enum(&["gps", "fused", "network", "merchant_terminal", "other"]);
pub(super) const CARD_FUNDING: Kind =
    Kind::Enum(&["credit", "debit", "prepaid", "charge", "unknown", "other"]);
pub(super) const REFERRER: Kind = Kind::Enum(&[
    "direct",
    "push_notice",
    "deeplink",
    "web_link",
    "message_link",
    "qr_scan",
    "unknown",
    "other",
]);
pub(super) const ACCOUNT_STATUS: Kind =
    Kind::Enum(&["active", "limited", "frozen", "closed", "other"]);
pub(super) const SIZE_TIER: Kind =
    Kind::Enum(&["micro", "small", "mid", "large", "platform", "other"]);
pub(super) const SETTLEMENT: Kind = Kind::Enum(&["t0", "t1", "tN", "other"]);
pub(super) const FUNDING: Kind = Kind::Enum(&[
    "intl_card",
    "tour_pass",
    "balance",
    "domestic_card",
    "third_party_balance",
    "promo",
    "other",
]);
pub(super) const OUTCOME: Kind = Kind::Enum(&[
    "success",
    "bad_password",
    "bad_otp",
    "locked",
    "unknown_account",
    "bot_blocked",
    "approved",
    "declined",
    "partial",
    "error",
    "timeout",
    "reversed",
    "other",
]);
pub(super) const LOGIN_METHOD: Kind = Kind::Enum(&[
    "password",
    "pin",
    "biometric",
    "passkey",
    "otp_sms",
    "totp",
    "push",
    "qr",
    "third_party",
    "other",
]);
pub(super) const DOC_TYPE: Kind =
    Kind::Enum(&["passport", "residence_permit", "hk_mo_permit", "national_id", "other"]);
pub(super) const NFC: Kind = Kind::Enum(&["verified", "failed", "not_read", "other"]);
pub(super) const RESULT: Kind = Kind::Enum(&[
    "pass",
    "fail",
    "manual",
    "passed",
    "failed",
    "abandoned",
    "timeout",
    "delivery_failed",
    "not_supported",
    "issuer_frictionless",
    "other",
]);
pub(super) const CHANGED: Kind = Kind::Enum(&[
    "phone",
    "email",
    "password",
    "pin",
    "limit",
    "factor_add",
    "factor_remove",
    "device_trust",
    "address",
    "name",
    "payment_default",
    "auto_debit_mandate",
    "other",
]);
pub(super) const PAN_ENTRY: Kind =
    Kind::Enum(&["manual", "ocr", "nfc_tap", "wallet_push", "other"]);
pub(super) const VERIFY: Kind =
    Kind::Enum(&["none", "zero_auth", "micro_amount", "3ds", "issuer_otp", "other"]);
pub(super) const PAYMENT_KIND: Kind = Kind::Enum(&[
    "merchant_qr_static",
    "merchant_qr_dynamic",
    "payment_code",
    "in_app",
    "bill",
    "travel",
    "transit",
    "auto_debit",
    "other",
]);
pub(super) const GOODS: Kind = Kind::Enum(&[
    "physical",
    "digital",
    "service",
    "ticket",
    "giftcard",
    "topup",
    "cash_like",
    "gov",
    "unknown",
    "other",
]);
pub(super) const LICENCE: Kind = Kind::Enum(&["licensed", "agent", "unknown", "blocked", "other"]);
pub(super) const YES_NO: Kind = Kind::Enum(&["yes", "no", "unknown", "other"]);
pub(super) const INSTRUMENT: Kind =
    Kind::Enum(&["card", "bank", "crypto", "cash", "voucher", "unknown", "other"]);
pub(super) const BENEFICIARY: Kind =
    Kind::Enum(&["wallet", "bank", "own_product", "remittance", "other"]);
pub(super) const MEMO: Kind =
    Kind::Set(&["none", "goods", "loan", "investment", "gambling", "emergency", "rent", "other"]);
pub(super) const SPLIT: Kind = Kind::Enum(&["equal", "random", "other"]);
pub(super) const DESTINATION: Kind = Kind::Enum(&["bank", "card", "remittance", "wallet", "other"]);
pub(super) const REFUND_REASON: Kind = Kind::Enum(&[
    "goods_returned",
    "cancelled",
    "not_received",
    "duplicate",
    "price_change",
    "fraud",
    "goodwill",
    "other",
]);
pub(super) const REFUND_TO: Kind = Kind::Enum(&["original", "balance", "other_card", "other"]);
pub(super) const REFUND_BY: Kind = Kind::Enum(&["merchant", "user", "system", "other"]);
pub(super) const PROMO: Kind =
    Kind::Enum(&["new_user", "referral", "coupon", "cashback", "envelope_lottery", "other"]);
pub(super) const REF_TYPE: Kind = Kind::Enum(&[
    "event",
    "payment",
    "card_link",
    "tour_pass_topup",
    "third_party_topup",
    "transfer",
    "red_envelope_send",
    "red_envelope_claim",
    "withdrawal",
    "refund",
    "login",
    "account_open",
    "identity_verification",
    "profile_change",
    "promo_redemption",
    "account",
    "card",
    "device",
    "ip",
    "merchant",
    "beneficiary",
    "phone",
    "email",
    "document",
    "pass",
    "intermediary",
    "other",
]);
pub(super) const DECLINE_CLASS: Kind = Kind::Enum(&[
    "approved",
    "hard_fraud",
    "hard_account",
    "suspected_fraud",
    "do_not_honour",
    "nsf",
    "not_permitted",
    "sca_required",
    "data_error",
    "attempts",
    "aml",
    "technical",
    "other",
]);
pub(super) const CVV_RESULT: Kind = Kind::Enum(&["M", "N", "P", "S", "U", "other"]);
pub(super) const SOURCE: Kind = Kind::Enum(&[
    "operator_api",
    "vendor",
    "device",
    "customer_report",
    "chargeback",
    "early_warning",
    "analyst",
    "rule_confirmed",
    "law_enforcement",
    "issuer_call",
    "simulator",
    "other",
]);
pub(super) const LABEL: Kind = Kind::Enum(&["fraud", "legit", "abuse", "suspicious", "other"]);
pub(super) const STAGE: Kind = Kind::Enum(&[
    "early_warning",
    "retrieval",
    "chargeback",
    "pre_arbitration",
    "arbitration",
    "won",
    "lost",
    "other",
]);
pub(super) const VERDICT: Kind =
    Kind::Enum(&["fraud", "legit", "abuse", "suspicious", "unclear", "other"]);
pub(super) const MERCHANT_CHANGE: Kind = Kind::Enum(&[
    "onboarded",
    "qr_reissued",
    "relocated",
    "status_changed",
    "details_changed",
    "other",
]);
pub(super) const MERCHANT_STATUS: Kind = Kind::Enum(&["active", "suspended", "closed", "other"]);
pub(super) const LIST_ACTION: Kind = Kind::Enum(&["add", "remove", "other"]);
pub(super) const LIST_TYPE: Kind = Kind::Enum(&["block", "allow", "watch", "other"]);
pub(super) const ENTRY_KIND: Kind =
    Kind::Enum(&["value", "cidr", "prefix", "domain", "bin", "other"]);
pub(super) const HEALTH: Kind = Kind::Enum(&["ok", "degraded", "outage", "other"]);

pub(super) const fn int(min: i64, max: i64) -> Kind {
    Kind::Int { min, max }
}

pub(super) const fn float(min: f64, max: f64) -> Kind {
    Kind::Float { min, max }
}

pub(super) const fn text(max: u16) -> Kind {
    Kind::Text { max }
}
