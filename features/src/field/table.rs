//! The lines of the field table, by section: envelope, shared objects, fields of single event
//! types, enrolled factors, derived fields.
//!
//! A line reads: path, kind, event types where it may stand, unit, meaning; `must` lines are
//! required wherever they may stand, `some` lines on the types named second. Event types that give
//! one path different names share one enum here (`outcome` of a login and of an authorisation);
//! which names belong to which type is said in `event::check`. An event type requires only what it
//! has no meaning without.

use super::EventType::{
    AccountOpen, AuthResult, CardLink, CardUnlink, ChallengeIssued, ChallengeResult, DeviceSignal,
    Dispute, FxRate, IdentityVerification, IssuerHealth, Label, ListUpdate, Login, MerchantUpdate,
    Payment, ProfileChange, PromoRedemption, RedEnvelopeClaim, RedEnvelopeSend, Refund,
    ReviewOutcome, SimSignal, ThirdPartyTopup, TourPassClose, TourPassTopup, Transfer, Withdrawal,
};
use super::choices::*;
use super::{EventType, Field, FieldId, Kind, Object, Shape, Source, Types};

const ANY: Types = Types::ANY;

/// Event types on which the authorisation service waits for a decision.
pub(super) const SCORED: Types = Types::of(&[
    AccountOpen,
    Login,
    IdentityVerification,
    ProfileChange,
    CardLink,
    Payment,
    TourPassTopup,
    ThirdPartyTopup,
    Transfer,
    RedEnvelopeSend,
    RedEnvelopeClaim,
    Withdrawal,
    Refund,
    PromoRedemption,
]);
/// What a customer does or what happens to his session.
const CUSTOMER: Types = SCORED.union(Types::of(&[
    CardUnlink,
    TourPassClose,
    AuthResult,
    ChallengeIssued,
    ChallengeResult,
    DeviceSignal,
    SimSignal,
]));
/// Devices, networks and places also tell who operates a merchant.
const SENSED: Types = CUSTOMER.union(one(MerchantUpdate));
/// Requests that move money and are meaningless without an amount.
const PAID: Types = Types::of(&[
    Payment,
    TourPassTopup,
    ThirdPartyTopup,
    Transfer,
    RedEnvelopeSend,
    RedEnvelopeClaim,
    Withdrawal,
    Refund,
]);
const MONEY_ON: Types = PAID.union(Types::of(&[TourPassClose, PromoRedemption, Dispute]));
const FX_ON: Types = MONEY_ON.union(one(FxRate));
const PRICED: Types = MONEY_ON.union(one(FxRate));
/// Events that carry the customer's card; issuer health names a card range.
const CARD_HOLDING: Types = PAID.union(Types::of(&[
    CardLink,
    CardUnlink,
    TourPassClose,
    PromoRedemption,
    AuthResult,
    ChallengeIssued,
    ChallengeResult,
    Label,
    Dispute,
    ReviewOutcome,
]));
const CARD_ON: Types = CARD_HOLDING.union(one(IssuerHealth));
const MERCHANT_ON: Types = Types::of(&[
    Payment,
    Refund,
    PromoRedemption,
    AuthResult,
    ChallengeIssued,
    ChallengeResult,
    MerchantUpdate,
    Label,
    Dispute,
    ReviewOutcome,
]);
const THREE_DS_ON: Types =
    Types::of(&[Payment, CardLink, TourPassTopup, AuthResult, ChallengeIssued, ChallengeResult]);
const FUNDED: Types = Types::of(&[Payment, Transfer, RedEnvelopeSend, Withdrawal, Refund]);
const CHALLENGE: Types = Types::of(&[ChallengeIssued, ChallengeResult]);
const TOPUP: Types = Types::of(&[TourPassTopup, ThirdPartyTopup]);
const PASS: Types = Types::of(&[TourPassTopup, TourPassClose]);
const PASS_ON: Types = PASS.union(one(Payment));
const ENVELOPE: Types = Types::of(&[RedEnvelopeSend, RedEnvelopeClaim]);
const TRUTH: Types = Types::of(&[Label, Dispute, ReviewOutcome]);
/// Events that speak about an earlier one by its id.
const REFERRING: Types =
    Types::of(&[AuthResult, ChallengeIssued, ChallengeResult, Label, ReviewOutcome]);
/// Disputes and refunds name a payment; reading copies that into `ref_id`.
const REFERRING_ON: Types = REFERRING.union(Types::of(&[Dispute, Refund]));

const fn one(event_type: EventType) -> Types {
    Types::of(&[event_type])
}

const fn some(
    path: &'static str,
    kind: Kind,
    on: Types,
    required: Types,
    unit: &'static str,
    meaning: &'static str,
) -> Field {
    let (shape, source) = (Shape::Free, Source::Given);
    Field { path, kind, shape, unit, on, required, source, meaning }
}

const fn may(
    path: &'static str,
    kind: Kind,
    on: Types,
    unit: &'static str,
    meaning: &'static str,
) -> Field {
    some(path, kind, on, Types::NONE, unit, meaning)
}

const fn must(
    path: &'static str,
    kind: Kind,
    on: Types,
    unit: &'static str,
    meaning: &'static str,
) -> Field {
    some(path, kind, on, on, unit, meaning)
}

const fn listed(
    path: &'static str,
    kind: Kind,
    unit: &'static str,
    meaning: &'static str,
) -> Field {
    Field { source: Source::Listed, ..may(path, kind, CUSTOMER, unit, meaning) }
}

const fn derived(
    path: &'static str,
    kind: Kind,
    unit: &'static str,
    meaning: &'static str,
) -> Field {
    Field { source: Source::Derived, ..may(path, kind, ANY, unit, meaning) }
}

const fn digits(min: u8, max: u8, field: Field) -> Field {
    let kind = Kind::Text { max: max as u16 };
    Field { shape: Shape::Digits { min, max }, kind, ..field }
}

const fn code(min: u8, max: u8, field: Field) -> Field {
    let kind = Kind::Text { max: max as u16 };
    Field { shape: Shape::Alphanumeric { min, max }, kind, ..field }
}

/// The field with this path, while compiling; a wrong path does not compile.
pub(super) const fn id(path: &str) -> FieldId {
    let mut i = 0;
    while i < TABLE.len() {
        if is_equal(TABLE[i].path.as_bytes(), path.as_bytes()) {
            return FieldId(i as u16);
        }
        i += 1;
    }
    panic!("no field has this path");
}

const fn is_equal(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

const fn object(name: &'static str, required: Types, meaning: &'static str) -> Object {
    Object { name, required, meaning }
}

/// The nested objects of an event.
// A table reads by columns, so it is laid out by hand.
#[rustfmt::skip]
pub static OBJECTS: &[Object] = &[
    object("device",    one(DeviceSignal), "the device as the server and the app's probes see it"),
    object("network",   Types::NONE, "the network address and what is known about it"),
    object("geo",       Types::NONE, "the place that the device or terminal reports"),
    object("card",      Types::of(&[CardLink, CardUnlink, TourPassTopup]), "the card, as a token"),
    object("auth_ctx",  Types::NONE, "how the session was authenticated and what is enrolled"),
    object("account",   Types::NONE, "the account as the wallet knows it at this moment"),
    object("merchant",  Types::of(&[Payment, MerchantUpdate]), "the merchant and its code"),
    object("three_ds",  Types::NONE, "the result of cardholder authentication"),
    object("fx",        one(FxRate), "the exchange rate used"),
];

/// Every field of every event; [`FieldId`] is the place in this slice.
pub static FIELDS: &[Field] = TABLE;

// A table reads by columns, so it is laid out by hand.
#[rustfmt::skip]
pub(super) const TABLE: &[Field] = &[
    // Envelope.
    may("schema_version", int(1, u16::MAX as i64), ANY, "", "version of the event form, from 1"),
    must("event_id", ID, ANY, "", "id of the event, the key of idempotency"),
    must("event_type", Kind::Enum(&EventType::NAMES), ANY, "", "what happened"),
    may("tenant_id", U32, ANY, "", "tenant whose event it is; 0 when absent"),
    may("account_id", ID, ANY, "", "wallet account that acts"),
    must("event_time_ms", TIME, ANY, "ms", "when it happened at the source"),
    may("received_time_ms", TIME, ANY, "ms", "when the scorer saw it"),
    may("seq", U32, ANY, "", "order of events within one millisecond"),
    may("session_id", ID, ANY, "", "session in which it happened"),
    must("channel", CHANNEL, ANY, "", "door through which it came"),
    may("score_requested", BOOL, ANY, "", "whether a decision is wanted"),
    may("correlation_id", ID, ANY, "", "links a request with its results"),
    may("test_flag", BOOL, ANY, "", "a test event, which leaves no trace in state"),

    // Device.
    must("device.device_id", ID, SENSED, "", "device, as the server derived it"),
    may("device.hw_id_hash", ID, SENSED, "", "hash of the hardware id"),
    may("device.fp_hash", ID, SENSED, "", "soft fingerprint"),
    may("device.os", OS, SENSED, "", "operating system"),
    may("device.os_version", text(32), SENSED, "", "version of the operating system"),
    may("device.os_patch_date", Kind::Date, SENSED, "d", "security patch level"),
    may("device.model", text(64), SENSED, "", "device model"),
    may("device.app_version", text(32), SENSED, "", "version of the app"),
    may("device.app_build", U32, SENSED, "", "build number of the app"),
    may("device.install_age_s", U32, SENSED, "s", "time since the app was installed"),
    may("device.integrity", INTEGRITY, SENSED, "", "attested integrity of the device"),
    may("device.app_genuine", BOOL, SENSED, "", "the app is attested to be ours"),
    may("device.is_rooted", BOOL, SENSED, "", "the system is rooted or jailbroken"),
    may("device.is_emulator", BOOL, SENSED, "", "the device is emulated"),
    may("device.is_cloned_app", BOOL, SENSED, "", "the app runs as a clone"),
    may("device.has_hook_framework", BOOL, SENSED, "", "a hooking framework is loaded"),
    may("device.accessibility_overlay", BOOL, SENSED, "", "an overlay reads or covers the screen"),
    may("device.screen_shared", BOOL, SENSED, "", "the screen is being shared"),
    may("device.remote_control_app", BOOL, SENSED, "", "a remote control app is active"),
    may("device.call_in_progress", BOOL, SENSED, "", "a phone call is going on"),
    may("device.dev_mode", BOOL, SENSED, "", "developer mode is on"),
    may("device.mock_location", BOOL, SENSED, "", "the place is faked by an app"),
    may("device.attest_recent_count", U16, SENSED, "", "attestations asked for lately"),
    may("device.language", text(35), SENSED, "", "language tag of the device (BCP 47)"),
    may("device.tz_offset_min", int(-840, 840), SENSED, "min",
        "offset of the device's zone from UTC"),
    may("device.screen_w", U16, SENSED, "px", "screen width"),
    may("device.screen_h", U16, SENSED, "px", "screen height"),
    may("device.boot_age_s", U32, SENSED, "s", "time since the device started"),
    may("device.sensor_static", BOOL, SENSED, "", "motion sensors do not move"),
    may("device.bio_enrolled_ms", TIME, SENSED, "ms", "latest biometric enrolment"),
    may("device.bio_changed", BOOL, SENSED, "", "biometrics changed since the key was bound"),
    may("device.sim_count", U8, SENSED, "", "SIM cards in the device"),
    digits(5, 6, may("device.sim_mcc_mnc", ID, SENSED, "", "operator of the SIM card")),
    may("device.sim_country", LAND, SENSED, "", "country of the SIM card"),
    may("device.roaming", BOOL, SENSED, "", "the SIM card roams"),

    // Network.
    must("network.ip", IP, SENSED, "", "network address"),
    may("network.ip_country", LAND, SENSED, "", "country of the address"),
    may("network.ip_lat", LAT, SENSED, "deg", "latitude of the address"),
    may("network.ip_lon", LON, SENSED, "deg", "longitude of the address"),
    may("network.ip_accuracy_km", float(0.0, 20_100.0), SENSED, "km",
        "radius around the address' place"),
    may("network.asn", U32, SENSED, "", "autonomous system of the address"),
    may("network.ip_usage", IP_USAGE, SENSED, "", "what the address is used for"),
    may("network.is_vpn", BOOL, SENSED, "", "a VPN exit"),
    may("network.is_proxy", BOOL, SENSED, "", "a proxy"),
    may("network.is_residential_proxy", BOOL, SENSED, "", "a proxy in somebody's home"),
    may("network.is_tor", BOOL, SENSED, "", "a Tor exit"),
    may("network.conn_type", CONNECTION, SENSED, "", "how the device is connected"),
    may("network.wifi_public", BOOL, SENSED, "", "a public Wi-Fi"),
    may("network.bssid_hash", ID, SENSED, "", "hash of the Wi-Fi access point"),
    may("network.tls_fp", text(128), SENSED, "", "fingerprint of the TLS client"),

    // Place.
    may("geo.lat", LAT, SENSED, "deg", "latitude"),
    may("geo.lon", LON, SENSED, "deg", "longitude"),
    may("geo.accuracy_m", float(0.0, 20_100_000.0), SENSED, "m", "radius of the fix"),
    may("geo.source", FIX_SOURCE, SENSED, "", "what gave the fix"),
    may("geo.fix_age_s", U32, SENSED, "s", "age of the fix"),

    // Card.
    some("card.card_token", ID, CARD_ON, CARD_HOLDING, "", "token of the card number"),
    digits(8, 8, may("card.bin8", ID, CARD_ON, "", "first eight digits")),
    digits(6, 6, may("card.bin6", ID, CARD_ON, "", "first six digits")),
    digits(4, 4, may("card.last4", ID, CARD_ON, "", "last four digits")),
    may("card.network", NETWORK, CARD_ON, "", "card network"),
    may("card.funding", CARD_FUNDING, CARD_ON, "", "how the card is funded"),
    may("card.product_level", text(32), CARD_ON, "", "product, such as classic or platinum"),
    may("card.issuer_country", LAND, CARD_ON, "", "country of the issuer"),
    may("card.issuer_id", ID, CARD_ON, "", "issuer"),
    may("card.billing_currency", CURRENCY, CARD_ON, "", "currency the cardholder is billed in"),
    may("card.is_virtual", BOOL, CARD_ON, "", "there is no plastic"),
    may("card.is_single_use", BOOL, CARD_ON, "", "valid for one payment"),
    may("card.expiry_ym", Kind::YearMonth, CARD_ON, "", "month of expiry"),
    may("card.name_match", NAME_MATCH, CARD_ON, "", "cardholder's name against the account's"),
    may("card.network_token", BOOL, CARD_ON, "", "a token of the card network is used"),
    may("card.par_hash", ID, CARD_ON, "", "hash of the payment account reference"),
    may("card.linked_time_ms", TIME, CARD_ON, "ms", "when the card was linked"),

    // Authentication context.
    may("auth_ctx.session_auth", AUTH, CUSTOMER, "", "how the session was opened"),
    may("auth_ctx.session_auth_time_ms", TIME, CUSTOMER, "ms", "when the session was opened"),
    may("auth_ctx.strong_auth_time_ms", TIME, CUSTOMER, "ms", "latest strong authentication"),
    may("auth_ctx.device_trusted_since_ms", TIME, CUSTOMER, "ms", "when the device became trusted"),
    may("auth_ctx.phone_verified_ms", TIME, CUSTOMER, "ms", "when the phone was verified"),
    may("auth_ctx.phone_changed_ms", TIME, CUSTOMER, "ms", "when the phone was changed"),
    may("auth_ctx.email_changed_ms", TIME, CUSTOMER, "ms", "when the email address was changed"),
    may("auth_ctx.password_changed_ms", TIME, CUSTOMER, "ms", "when the password was changed"),
    may("auth_ctx.pin_changed_ms", TIME, CUSTOMER, "ms", "when the PIN was changed"),
    may("auth_ctx.sim_changed_ms", TIME, CUSTOMER, "ms", "when the SIM was changed"),
    may("auth_ctx.breached_password", BOOL, CUSTOMER, "", "the password is in a breach list"),
    may("auth_ctx.referrer", REFERRER, CUSTOMER, "", "what led into the session"),

    // Account snapshot.
    may("account.created_ms", TIME, CUSTOMER, "ms", "when the account was created"),
    may("account.kyc_level", int(0, 4), CUSTOMER, "",
        "0 none, 1 phone, 2 passport scanned, 3 passport and liveness, 4 resident, full"),
    may("account.nationality", LAND, CUSTOMER, "", "nationality"),
    may("account.residence_country", LAND, CUSTOMER, "", "country of residence"),
    may("account.phone_country", LAND, CUSTOMER, "", "country of the phone number"),
    may("account.phone_line_type", LINE_TYPE, CUSTOMER, "", "kind of phone line"),
    may("account.email_domain", text(128), CUSTOMER, "", "domain of the email address"),
    may("account.status", ACCOUNT_STATUS, CUSTOMER, "", "state of the account"),
    may("account.limit_profile", ID, CUSTOMER, "", "set of limits in force"),
    may("account.ytd_spend_usd_minor", MONEY, CUSTOMER, "minor",
        "spend of the calendar year in US cents"),
    may("account.balance_minor", MONEY, CUSTOMER, "minor",
        "wallet balance before the event, base currency"),

    // Merchant.
    must("merchant.merchant_id", ID, MERCHANT_ON, "", "merchant"),
    may("merchant.mcc", int(0, 9_999), MERCHANT_ON, "", "merchant category code (ISO 18245)"),
    may("merchant.country", LAND, MERCHANT_ON, "", "country of the merchant"),
    code(1, 12, may("merchant.city_geohash5", ID, MERCHANT_ON, "",
        "geohash of the merchant's city")),
    may("merchant.lat", LAT, MERCHANT_ON, "deg", "latitude of the registered site"),
    may("merchant.lon", LON, MERCHANT_ON, "deg", "longitude of the registered site"),
    may("merchant.onboarded_ms", TIME, MERCHANT_ON, "ms", "when the merchant was onboarded"),
    may("merchant.qr_id", ID, MERCHANT_ON, "", "printed or shown payment code"),
    may("merchant.terminal_id", ID, MERCHANT_ON, "", "terminal"),
    may("merchant.size_tier", SIZE_TIER, MERCHANT_ON, "", "size of the merchant"),
    may("merchant.settlement", SETTLEMENT, MERCHANT_ON, "", "how fast the merchant is paid"),
    may("merchant.personal_qr", BOOL, MERCHANT_ON, "", "a private person's payment code"),

    // Cardholder authentication.
    may("three_ds.version", text(16), THREE_DS_ON, "", "protocol version"),
    code(2, 2, may("three_ds.requested_ind", ID, THREE_DS_ON, "", "challenge indicator asked for")),
    may("three_ds.trans_status", TRANS_STATUS, THREE_DS_ON, "", "transaction status"),
    code(2, 2, may("three_ds.trans_status_reason", ID, THREE_DS_ON, "", "reason of the status")),
    code(2, 2, may("three_ds.eci", ID, THREE_DS_ON, "", "electronic commerce indicator")),
    may("three_ds.liability_shift", BOOL, THREE_DS_ON, "",
        "the issuer bears fraud; by `exemption` or `eci` when absent"),
    may("three_ds.exemption", text(32), THREE_DS_ON, "", "exemption asked for"),
    may("three_ds.whitelist_status", WHITELIST, THREE_DS_ON, "",
        "whether the cardholder trusts the payee, as the issuer says"),

    // Exchange rate.
    some("fx.rate_e9", RATE, FX_ON, one(FxRate), "",
        "base major units for one major unit, times 10^9"),
    may("fx.rate_ts_ms", TIME, FX_ON, "ms", "when the rate was taken"),
    may("fx.rate_source", text(32), FX_ON, "", "who gave the rate"),

    // Personal keys, as keyed hashes.
    some("phone_hash", ID, CUSTOMER, Types::of(&[AccountOpen, SimSignal]), "",
        "hash of the phone number"),
    may("email_hash", ID, CUSTOMER, "", "hash of the email address"),
    may("email_canon_hash", ID, CUSTOMER, "", "hash of the email address without aliases"),

    // Money of any kind of request.
    some("amount_minor", MONEY, MONEY_ON, PAID, "minor", "amount in `currency`"),
    some("currency", CURRENCY, PRICED, PAID.union(one(FxRate)), "",
        "currency of the amount or rate"),
    may("base_minor", MONEY, MONEY_ON, "minor", "amount in the base currency, CNY fen"),
    may("usd_minor", MONEY, MONEY_ON, "minor", "amount in US cents"),
    may("fee_minor", MONEY, MONEY_ON, "minor", "fee in `currency`"),
    some("funding", FUNDING, FUNDED, one(Payment), "", "where the money comes from"),

    // Account opening.
    may("referral_code", ID, one(AccountOpen), "", "referral code entered"),
    some("consent_ms", TIME, Types::of(&[AccountOpen, CardLink]), one(AccountOpen), "ms",
        "when consent was given"),
    may("form_fill_ms", U32, one(AccountOpen), "ms", "time to fill the form"),

    // Login and authorisation share `outcome`.
    must("outcome", OUTCOME, Types::of(&[Login, AuthResult]), "",
        "how the login or authorisation ended"),
    must("method", LOGIN_METHOD, one(Login), "", "how the login was tried"),
    must("login_name_hash", ID, one(Login), "", "hash of the name typed"),
    may("failure_streak", U16, one(Login), "", "failures in a row before this one"),
    may("otp_entry_ip", IP, one(Login), "", "address from which the code was typed"),
    may("relay_latency_ms", U32, one(Login), "ms", "time from issue to use of the code"),

    // Identity verification; challenges share `result`.
    may("doc_type", DOC_TYPE, one(IdentityVerification), "", "kind of document"),
    may("doc_country", LAND, one(IdentityVerification), "", "country of the document"),
    must("doc_hash", ID, one(IdentityVerification), "", "hash of the document number"),
    may("doc_expiry_ym", Kind::YearMonth, one(IdentityVerification), "", "month of expiry"),
    may("nfc_chip", NFC, one(IdentityVerification), "", "what the chip said"),
    may("mrz_ok", BOOL, one(IdentityVerification), "", "check digits of the document agree"),
    may("liveness_score", SHARE, one(IdentityVerification), "", "liveness, 0 to 1"),
    may("face_match_score", SHARE, one(IdentityVerification), "", "likeness, 0 to 1"),
    must("result", RESULT, Types::of(&[IdentityVerification, ChallengeResult]), "", "how it ended"),
    may("attempt_no", U8, one(IdentityVerification), "", "number of the attempt"),
    must("name_hash", ID, one(IdentityVerification), "", "hash of the name on the document"),
    may("birth_year", int(1_900, 2_100), one(IdentityVerification), "", "year of birth"),

    // Profile change; challenges share `factor`.
    must("field", CHANGED, one(ProfileChange), "", "what was changed"),
    some("factor", FACTOR, CHALLENGE.union(one(ProfileChange)), CHALLENGE, "",
        "authentication factor"),
    may("old_value_hash", ID, one(ProfileChange), "", "hash of the value before"),
    may("new_value_hash", ID, one(ProfileChange), "", "hash of the value after"),
    may("new_limit_minor", MONEY, one(ProfileChange), "minor", "new limit, base currency"),
    may("initiated_by", INITIATOR, Types::of(&[ProfileChange, CardUnlink]), "", "who asked for it"),
    may("auth_used", AUTH, one(ProfileChange), "", "how the change was authenticated"),

    // Card link.
    may("pan_entry", PAN_ENTRY, one(CardLink), "", "how the number was entered"),
    may("pan_entry_ms", U32, one(CardLink), "ms", "time to enter the number"),
    may("pan_paste", BOOL, one(CardLink), "", "the number was pasted"),
    may("cvv_provided", BOOL, one(CardLink), "", "the security code was entered"),
    may("cardholder_name_hash", ID, one(CardLink), "", "hash of the cardholder's name"),
    may("avs_country", LAND, one(CardLink), "", "country of the billing address"),
    may("avs_postcode_present", BOOL, one(CardLink), "", "a postcode was entered"),
    may("verify_method", VERIFY, one(CardLink), "", "how the card is verified"),
    may("attempt_no_session", U8, one(CardLink), "", "number of the attempt in the session"),

    // Payment.
    some("payment_id", ID, Types::of(&[Payment, Dispute]), Types::of(&[Payment, Dispute]), "",
        "payment"),
    must("kind", PAYMENT_KIND, one(Payment), "", "how the payment is made"),
    may("card_amount_minor", MONEY, Types::of(&[Payment, TourPassTopup]), "minor",
        "amount presented to the issuer, in `card_currency`"),
    may("card_currency", CURRENCY, Types::of(&[Payment, TourPassTopup]), "",
        "currency presented to the issuer"),
    may("dcc", BOOL, one(Payment), "", "converted at the point of sale"),
    may("promo_discount_minor", MONEY, one(Payment), "minor", "discount in `currency`"),
    may("goods", GOODS, one(Payment), "", "what is bought"),
    may("delivery_country", LAND, one(Payment), "", "country it is sent to"),
    may("is_mit", BOOL, one(Payment), "", "initiated by the merchant"),
    may("mandate_id", ID, one(Payment), "", "mandate of an automatic debit"),
    may("bill_payee_hash", ID, one(Payment), "", "hash of the bill's payee"),
    may("bill_is_own_name", BOOL, one(Payment), "", "the bill is in the payer's name"),
    may("travel_departure_ms", TIME, one(Payment), "ms", "departure"),
    may("travel_pax", U8, one(Payment), "", "passengers"),
    may("travel_pax_name_match", NAME_MATCH, one(Payment), "",
        "passenger's name against the account's"),
    may("travel_refundable", BOOL, one(Payment), "", "the ticket can be refunded"),
    code(3, 3, may("origin_iata", ID, one(Payment), "", "airport of departure")),
    code(3, 3, may("dest_iata", ID, one(Payment), "", "airport of arrival")),
    may("code_age_ms", U32, one(Payment), "ms", "age of the shown payment code"),

    // Tour pass and third-party top-up.
    may("topup_id", ID, TOPUP, "", "top-up"),
    some("pass_id", ID, PASS_ON, PASS, "", "prepaid card"),
    may("pass_opened_ms", TIME, PASS_ON, "ms", "when the pass was opened"),
    may("pass_balance_before_minor", MONEY, PASS_ON, "minor", "pass balance before, base currency"),
    may("pass_expiry_ms", TIME, PASS_ON, "ms", "when the pass expires"),
    may("close_reason", ENDED, one(TourPassClose), "", "why the pass ended"),
    must("intermediary_id", ID, one(ThirdPartyTopup), "", "intermediary that credits"),
    may("intermediary_licence", LICENCE, one(ThirdPartyTopup), "", "its licence"),
    may("paid_minor", MONEY, one(ThirdPartyTopup), "minor",
        "what the payer paid, in `paid_currency`"),
    may("paid_currency", CURRENCY, one(ThirdPartyTopup), "", "currency the payer paid in"),
    may("payer_ref_hash", ID, one(ThirdPartyTopup), "", "hash of the payer"),
    may("payer_is_account_holder", YES_NO, one(ThirdPartyTopup), "", "the payer holds the account"),
    may("payer_instrument", INSTRUMENT, one(ThirdPartyTopup), "", "what the payer paid with"),
    may("payer_country", LAND, one(ThirdPartyTopup), "", "country of the payer"),

    // Transfer, red envelope, withdrawal.
    may("transfer_id", ID, one(Transfer), "", "transfer"),
    must("beneficiary_id", ID, one(Transfer), "", "who receives"),
    may("beneficiary_kind", BENEFICIARY, one(Transfer), "", "what the money goes to"),
    may("beneficiary_first_seen_ms", TIME, one(Transfer), "ms", "first payment to the beneficiary"),
    may("memo_class", MEMO, one(Transfer), "", "what the note is about"),
    may("scheduled", BOOL, one(Transfer), "", "planned before"),
    some("envelope_id", ID, ENVELOPE, one(RedEnvelopeClaim), "", "red envelope"),
    may("shares", U16, one(RedEnvelopeSend), "", "shares of the envelope"),
    may("split", SPLIT, one(RedEnvelopeSend), "", "how the shares are cut"),
    may("group_id_hash", ID, ENVELOPE, "", "hash of the chat group"),
    may("recipient_id", ID, one(RedEnvelopeSend), "", "single recipient"),
    may("latency_ms", U32, Types::of(&[AuthResult, RedEnvelopeClaim]), "ms",
        "time from request to answer, or from sending to claiming"),
    may("withdrawal_id", ID, one(Withdrawal), "", "withdrawal"),
    may("dest_hash", ID, CHALLENGE.union(one(Withdrawal)), "",
        "hash of the account or number sent to"),
    may("dest_kind", DESTINATION, one(Withdrawal), "", "what the money goes to"),
    may("dest_country", LAND, one(Withdrawal), "", "country the money goes to"),
    may("dest_name_match", NAME_MATCH, one(Withdrawal), "",
        "receiver's name against the account's"),
    may("dest_added_ms", TIME, one(Withdrawal), "ms", "when the destination was added"),

    // Refund and promotion.
    may("refund_id", ID, one(Refund), "", "refund"),
    must("original_payment_id", ID, one(Refund), "", "payment that is refunded"),
    may("original_base_minor", MONEY, one(Refund), "minor", "base amount of that payment"),
    may("reason", REFUND_REASON, one(Refund), "", "why"),
    may("to_instrument", REFUND_TO, one(Refund), "", "where the money goes"),
    may("initiator", REFUND_BY, one(Refund), "", "who asked for it"),
    must("campaign_id", ID, one(PromoRedemption), "", "campaign"),
    may("benefit_minor", MONEY, one(PromoRedemption), "minor",
        "value of the benefit, base currency"),
    may("type", PROMO, one(PromoRedemption), "", "kind of promotion"),
    may("referrer_account_id", ID, one(PromoRedemption), "", "account that referred"),

    // Results that speak about an earlier event.
    some("ref_id", ID, REFERRING_ON, REFERRING, "", "event, or thing, that this one speaks about"),
    may("ref_type", REF_TYPE, REFERRING_ON, "", "what `ref_id` names"),
    code(2, 2, may("de39", ID, one(AuthResult), "", "response code (ISO 8583 field 39)")),
    may("decline_class", DECLINE_CLASS, one(AuthResult), "",
        "class of the issuer's answer; by `de39` when absent, and required when that tells none"),
    code(2, 2, may("mac", ID, one(AuthResult), "", "merchant advice code")),
    may("cvv_result", CVV_RESULT, one(AuthResult), "", "match of the security code"),
    code(1, 1, may("avs_result", ID, one(AuthResult), "", "match of the address")),
    code(2, 2, may("eci", ID, Types::of(&[AuthResult, ChallengeResult]), "",
        "electronic commerce indicator")),
    may("auth_amount_minor", MONEY, one(AuthResult), "minor", "amount authorised"),
    may("stand_in", BOOL, one(AuthResult), "", "answered for the issuer by the network"),
    may("challenge_id", ID, CHALLENGE, "", "challenge"),
    may("vendor", text(32), CHALLENGE, "", "who carried it out"),
    may("dest_prefix", text(16), CHALLENGE, "", "phone country and first three digits"),
    may("attempts", U8, one(ChallengeResult), "", "attempts made"),
    may("duration_ms", U32, Types::of(&[ChallengeResult, ReviewOutcome]), "ms", "time it took"),
    may("trans_status", TRANS_STATUS, one(ChallengeResult), "",
        "status of cardholder authentication"),
    code(2, 2, may("trans_status_reason", ID, one(ChallengeResult), "", "reason of the status")),
    may("answer_ip_same", BOOL, one(ChallengeResult), "", "answered from the asking address"),
    may("answer_device_same", BOOL, one(ChallengeResult), "", "answered on the asking device"),

    // Operator signal; null says that no change is known, and reads as time 0.
    may("last_sim_change_ms", TIME, one(SimSignal), "ms", "latest change of the SIM"),
    may("last_port_ms", TIME, one(SimSignal), "ms", "latest port of the number"),
    may("last_device_change_ms", TIME, one(SimSignal), "ms", "latest change of the device"),
    may("source", SOURCE, Types::of(&[SimSignal, Label]), "", "who said so"),
    may("max_age_h", U16, one(SimSignal), "h", "how far back was asked"),

    // Truth.
    must("label", LABEL, one(Label), "", "what the act was"),
    code(1, 16, may("typology", ID, TRUTH, "", "code of the fraud story")),
    some("known_time_ms", TIME, TRUTH, one(Label), "ms", "when it became known"),
    may("loss_minor", MONEY, TRUTH, "minor", "loss, base currency"),
    may("confidence", SHARE, TRUTH, "", "how sure, 0 to 1"),
    may("supersedes", ID, TRUTH, "", "label that this one replaces"),
    may("dispute_id", ID, one(Dispute), "", "dispute"),
    must("stage", STAGE, one(Dispute), "", "stage of the dispute"),
    may("network", NETWORK, one(Dispute), "", "card network that carries the dispute"),
    may("reason_code", text(16), one(Dispute), "", "reason code of the network"),
    may("fraud_category", BOOL, one(Dispute), "", "the reason is fraud"),
    must("verdict", VERDICT, one(ReviewOutcome), "", "what the analyst found"),
    may("reviewer_id", ID, one(ReviewOutcome), "", "analyst"),

    // Merchants, lists and issuers.
    must("update", MERCHANT_CHANGE, one(MerchantUpdate), "", "what changed"),
    may("merchant_status", MERCHANT_STATUS, one(MerchantUpdate), "", "state of the merchant"),
    must("list_name", ID, one(ListUpdate), "", "list"),
    must("list_action", LIST_ACTION, one(ListUpdate), "", "add or remove"),
    may("list_type", LIST_TYPE, one(ListUpdate), "", "what the list is for"),
    must("entry", text(256), one(ListUpdate), "", "value, range, prefix or domain"),
    may("entry_kind", ENTRY_KIND, one(ListUpdate), "", "what the entry is"),
    may("entry_scope", text(256), one(ListUpdate), "", "event types it counts for, apart by blanks"),
    may("entry_reason", text(128), one(ListUpdate), "", "why"),
    may("entry_source", text(64), one(ListUpdate), "", "where it comes from"),
    may("entry_from_ms", TIME, one(ListUpdate), "ms", "from when, if later than the change"),
    may("entry_expires_ms", TIME, one(ListUpdate), "ms", "until when"),
    may("actor_id", ID, one(ListUpdate), "", "who changed the list"),
    must("health", HEALTH, one(IssuerHealth), "", "state of the issuer"),
    may("health_until_ms", TIME, one(IssuerHealth), "ms", "until when it is expected to last"),

    // Enrolled factors.
    listed("factors.passkey.enrolled_ms", TIME, "ms", "first passkey enrolled"),
    listed("factors.passkey.last_used_ms", TIME, "ms", "passkey last used"),
    listed("factors.passkey.verified", BOOL, "", "a passkey is verified"),
    listed("factors.device_biometric.enrolled_ms", TIME, "ms", "biometric enrolled"),
    listed("factors.device_biometric.last_used_ms", TIME, "ms", "biometric last used"),
    listed("factors.device_biometric.verified", BOOL, "", "the biometric is verified"),
    listed("factors.push_number_match.enrolled_ms", TIME, "ms", "push enrolled"),
    listed("factors.push_number_match.last_used_ms", TIME, "ms", "push last used"),
    listed("factors.push_number_match.verified", BOOL, "", "push is verified"),
    listed("factors.totp.enrolled_ms", TIME, "ms", "code generator enrolled"),
    listed("factors.totp.last_used_ms", TIME, "ms", "code generator last used"),
    listed("factors.totp.verified", BOOL, "", "the code generator is verified"),
    listed("factors.sms_otp.enrolled_ms", TIME, "ms", "number for codes enrolled"),
    listed("factors.sms_otp.last_used_ms", TIME, "ms", "number for codes last used"),
    listed("factors.sms_otp.verified", BOOL, "", "the number is verified"),
    listed("factors.payment_pin.enrolled_ms", TIME, "ms", "PIN set"),
    listed("factors.payment_pin.last_used_ms", TIME, "ms", "PIN last used"),
    listed("factors.payment_pin.verified", BOOL, "", "the PIN is verified"),
    listed("factors.three_ds_challenge.enrolled_ms", TIME, "ms", "card enrolled for 3-D Secure"),
    listed("factors.three_ds_challenge.last_used_ms", TIME, "ms", "3-D Secure last used"),
    listed("factors.three_ds_challenge.verified", BOOL, "", "3-D Secure has succeeded before"),
    listed("factors.passport_selfie.enrolled_ms", TIME, "ms", "identity document on file since"),
    listed("factors.passport_selfie.last_used_ms", TIME, "ms", "document and face last compared"),
    listed("factors.passport_selfie.verified", BOOL, "", "the document is verified"),
    listed("factors.support_callback.enrolled_ms", TIME, "ms", "number for calls enrolled"),
    listed("factors.support_callback.last_used_ms", TIME, "ms", "call last made"),
    listed("factors.support_callback.verified", BOOL, "", "the number for calls is verified"),

    // Derived.
    derived("card.bin", text(8), "", "bin8, else bin6"),
    derived("card.last4_number", int(0, 9_999), "", "last four digits as a number"),
    derived("card.months_left", int(-1_200, 1_200), "months", "months to the month of expiry, UTC"),
    derived("card.home_currency", CURRENCY, "", "currency of the issuer's country"),
    derived("network.ip_prefix", text(49), "", "block of the address, /24 or /48"),
    derived("device.language_region", LAND, "", "country in the language tag"),
    derived("geo.country", LAND, "", "country at the reported place"),
    derived("place.country", LAND, "",
        "country of the reported place unless faked, else of the address"),
    derived("place.lat", LAT, "deg", "latitude of the trusted fix"),
    derived("place.lon", LON, "deg", "longitude of the trusted fix"),
    derived("place.accuracy_km", float(0.0, 20_100.0), "km", "radius of the trusted fix"),
    derived("place.geohash4", text(4), "", "cell of the trusted fix, 39 by 20 km, if sure to 20 km"),
    derived("place.geohash5", text(5), "", "cell of the trusted fix, 5 by 5 km, if sure to 5 km"),
    derived("place.confidence", SHARE, "",
        "trust in the fix: 1 device, 0.6 address, 0.12 poor address"),
    derived("local.hour", float(0.0, 24.0), "h", "hour of day at the merchant, else at the place"),
    derived("local.weekday", int(1, 7), "", "day of week there, Monday 1 to Sunday 7"),
    derived("local.date", DATE_NUMBER, "", "date there as a number, 20260715 for 15 July 2026"),
    derived("utc.hour", int(0, 23), "h", "hour of day in UTC"),
    derived("utc.weekday", int(1, 7), "", "day of week in UTC, Monday 1 to Sunday 7"),
    derived("utc.date", DATE_NUMBER, "", "date in UTC as a number"),
    derived("home.hour", float(0.0, 24.0), "h", "hour of day in the issuer's country"),
    derived("amount_log_e6", int(0, 100_000_000), "", "round(10^6 ln(1 + base_minor))"),
    derived("rate.currency", CURRENCY, "",
        "currency of a payment's or load's rate: of the amount, or of the card where that is CNY"),
    derived("rate.paid_e9", RATE, "",
        "rate used: as the issuer's amount implies, else `fx`; base major units for one, times 10^9"),
    derived("rate.refunded_e9", RATE, "", "rate of a refund, as its own `fx` says"),
    derived("ref_event_type", Kind::Enum(&EventType::NAMES), "", "type of the referenced event"),
    derived("ref_time_ms", TIME, "ms", "time of the referenced event"),
    derived("event_age_ms", int(i64::MIN, i64::MAX), "ms", "time from event to receipt"),
];
