//! Why a decision is as it is, in words that machines, analysts and customers can use.
//!
//! Two closed tables. `REASONS` gives every reason its stable number, its code, what it means to an
//! analyst, the ISO 8583 answer (DE39) a host may send and the 3DS challenge indicator that goes
//! with it. `MESSAGES` holds the only sentences a customer ever sees; they never say which signal
//! fired, name a threshold or admit that a list exists. Codes are stable for ever: a meaning may be
//! narrowed, a number is never used twice. A `ReasonCode` or `MessageKey` is an index into its
//! table, two bytes or one, and exists only if the table has the row, so printing one cannot fail.
//! The codes that the engine names itself are constants, looked up by the compiler: a misspelt one
//! does not build.

/// A reason, as its place in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReasonCode(u16);

/// A message to the customer, as its place in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageKey(u8);

/// One reason of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    /// Stable number; thousands are the class.
    pub num: u16,
    /// Stable name in upper snake case.
    pub code: &'static str,
    /// What it means to an analyst.
    pub meaning: &'static str,
    /// Suggested ISO 8583 DE39 values, alternatives apart by `/`; empty when there is none.
    pub de39: &'static str,
    /// `threeDSRequestorChallengeInd` when this reason leads to a challenge; empty when none.
    pub three_ds: &'static str,
}

/// One message of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    /// Stable name, `MSG_...`.
    pub key: &'static str,
    /// The sentence in English.
    pub english: &'static str,
    /// The sentence in Chinese.
    pub chinese: &'static str,
}

/// Whose answer codes a host speaks, where the card networks differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Visa's codes.
    Visa,
    /// The codes of every other network.
    Other,
}

/// DE39 suggestions that are Visa's own, with everybody else's: the wish for authentication and the
/// wrong security code.
const BY_SCHEME: [(&str, &str); 3] = [("1A/65", "65"), ("1A", "65"), ("N7/82", "82")];

impl ReasonCode {
    /// The reason of this code, `None` when the table has no such code.
    pub fn find(code: &str) -> Option<ReasonCode> {
        REASONS.iter().position(|reason| reason.code == code).map(|at| ReasonCode(at as u16))
    }

    /// The reason of this stable number, `None` when the table has no such number.
    pub fn of_num(num: u16) -> Option<ReasonCode> {
        REASONS.binary_search_by_key(&num, |reason| reason.num).ok().map(|at| ReasonCode(at as u16))
    }

    /// The row of the table.
    pub fn reason(self) -> &'static Reason {
        &REASONS[usize::from(self.0)]
    }

    /// The stable name, such as `DEVICE_MANY_CARDS`.
    pub fn code(self) -> &'static str {
        self.reason().code
    }

    /// The stable number, such as 3001.
    pub fn num(self) -> u16 {
        self.reason().num
    }

    /// The class that the limit of two codes counts by: 1 card and velocity, 2 amount, 3 diversity
    /// and links, 4 place, 5 device, 6 network, 7 authentication, 8 wallet products, 9 model and
    /// policy.
    pub fn class(self) -> u16 {
        self.num() / 1000
    }

    /// The DE39 value suggested to a host that answers in ISO 8583. Where the table gives several,
    /// it is the network's own if the networks differ, else the first.
    pub fn de39(self, scheme: Scheme) -> Option<&'static str> {
        let alternatives = self.reason().de39;
        if alternatives.is_empty() {
            return None;
        }
        let of_others = BY_SCHEME.iter().find(|(visa, _)| *visa == alternatives);
        match (scheme, of_others) {
            (Scheme::Other, Some((_, theirs))) => Some(theirs),
            _ => alternatives.split('/').next(),
        }
    }

    /// The 3DS challenge indicator of the table, if it has one.
    pub fn three_ds(self) -> Option<&'static str> {
        Some(self.reason().three_ds).filter(|indicator| !indicator.is_empty())
    }
}

impl MessageKey {
    /// The message of this key, `None` when the table has no such key.
    pub fn find(key: &str) -> Option<MessageKey> {
        MESSAGES.iter().position(|message| message.key == key).map(|at| MessageKey(at as u8))
    }

    /// The row of the table.
    pub fn message(self) -> &'static Message {
        &MESSAGES[usize::from(self.0)]
    }

    /// The stable name, such as `MSG_VERIFY_CARD`.
    pub fn key(self) -> &'static str {
        self.message().key
    }
}

/// The codes that the engine itself gives; all others come from rules and models.
pub mod codes {
    use super::{ReasonCode, known_reason};

    /// First use of this device on the account.
    pub const NEW_DEVICE: ReasonCode = known_reason("NEW_DEVICE");
    /// The model or the cost rule on it says decline.
    pub const MODEL_HIGH_RISK: ReasonCode = known_reason("MODEL_HIGH_RISK");
    /// The cost rule on the model's probability says challenge.
    pub const MODEL_ELEVATED: ReasonCode = known_reason("MODEL_ELEVATED");
    /// An analyst's allow entry stood behind a suppressed vote.
    pub const LIST_ALLOW: ReasonCode = known_reason("LIST_ALLOW");
    /// Approved for measurement.
    pub const EXPLORATION: ReasonCode = known_reason("EXPLORATION");
    /// A challenge was wanted and no factor is safe to ask.
    pub const POL_NO_ELIGIBLE_FACTOR: ReasonCode = known_reason("POL_NO_ELIGIBLE_FACTOR");
    /// The phone number or its SIM is too fresh to receive a code.
    pub const FACTOR_SIM_RECENT: ReasonCode = known_reason("FACTOR_SIM_RECENT");
    /// The biometric was enrolled less than a day ago.
    pub const FACTOR_BIO_TOO_NEW: ReasonCode = known_reason("FACTOR_BIO_TOO_NEW");
    /// The device cannot be trusted with this factor.
    pub const FACTOR_DEVICE_UNTRUSTED: ReasonCode = known_reason("FACTOR_DEVICE_UNTRUSTED");
    /// The factor failed too often.
    pub const FACTOR_LOCKED: ReasonCode = known_reason("FACTOR_LOCKED");
    /// The factor is out of service, or not for this customer or place.
    pub const FACTOR_UNAVAILABLE: ReasonCode = known_reason("FACTOR_UNAVAILABLE");
    /// Two different factors failed on this device a short while ago.
    pub const CHALLENGE_FAILED: ReasonCode = known_reason("CHALLENGE_FAILED");
    /// The suspected attacker would pass the factor.
    pub const FACTOR_NOT_FIT_VECTOR: ReasonCode = known_reason("FACTOR_NOT_FIT_VECTOR");
    /// Low-value exemption proposed.
    pub const EXEMPT_LOW_VALUE: ReasonCode = known_reason("EXEMPT_LOW_VALUE");
    /// Transaction risk analysis exemption proposed.
    pub const EXEMPT_TRA: ReasonCode = known_reason("EXEMPT_TRA");
    /// Risk lowered: plausible traveller.
    pub const TRAVELLER_CONTEXT: ReasonCode = known_reason("TRAVELLER_CONTEXT");
    /// Risk lowered: known device and nothing that speaks against it.
    pub const TRUSTED_CONTEXT: ReasonCode = known_reason("TRUSTED_CONTEXT");
    /// Scored with missing parts.
    pub const SYS_DEGRADED: ReasonCode = known_reason("SYS_DEGRADED");
}

/// The messages that the engine chooses itself when no rule names one.
pub mod messages {
    use super::{MessageKey, known_message};

    /// Declined without saying why.
    pub const DECLINE_GENERIC: MessageKey = known_message("MSG_DECLINE_GENERIC");
    /// Declined for now.
    pub const TRY_LATER: MessageKey = known_message("MSG_TRY_LATER");
    /// The wallet user must prove to be the wallet user.
    pub const VERIFY_YOU: MessageKey = known_message("MSG_VERIFY_YOU");
    /// The cardholder must confirm with the bank.
    pub const VERIFY_CARD: MessageKey = known_message("MSG_VERIFY_CARD");
    /// Any way to verify but a text message.
    pub const VERIFY_OTHER: MessageKey = known_message("MSG_VERIFY_OTHER");
    /// Identity must be proven.
    pub const VERIFY_IDENTITY: MessageKey = known_message("MSG_VERIFY_IDENTITY");
    /// The money waits.
    pub const HOLD: MessageKey = known_message("MSG_HOLD");
    /// Somebody may be guiding the customer.
    pub const SCAM_WARNING: MessageKey = known_message("MSG_SCAM_WARNING");
}

/// Every reason there is, by number.
pub static REASONS: [Reason; 118] = [
    row(
        1001,
        "CARD_BLOCKLISTED",
        "card is on an internal block list or had confirmed fraud",
        "05",
        "",
    ),
    row(1002, "CARD_COMPROMISED_LIST", "card appears in a breach/compromise feed", "05", "03"),
    row(1003, "CARD_LOST_STOLEN", "issuer said lost, stolen, closed or pick-up", "41/43/46", ""),
    row(1004, "CARD_MANY_ACCOUNTS", "card linked to several wallets", "59", "03"),
    row(1005, "CARD_NAME_MISMATCH", "cardholder name does not fit verified identity", "63", "03"),
    row(1006, "FRESH_CARD_SPEND", "high spend shortly after linking", "59", "03"),
    row(1007, "SCHEME_RETRY_BLOCK", "scheme rules forbid another attempt", "05", ""),
    row(1008, "ISSUER_SUSPECTS", "issuer flagged suspected fraud", "59", "04"),
    row(1009, "CVV_FAILURES", "repeated security-code failures", "N7/82", ""),
    row(1010, "INVALID_CARD_PROBING", "series of invalid card data", "14", ""),
    row(1011, "CARD_PREPAID_RISK", "prepaid or single-use card in a risky product", "57", "03"),
    row(1012, "CARD_NEW_COUNTRY", "card from a country new to an established account", "05", "03"),
    row(1101, "ACCOUNT_LINK_VELOCITY", "too many card links on the account", "65", ""),
    row(1102, "IP_LINK_BURST", "too many card links from one network", "65", ""),
    row(1103, "BIN_ATTACK", "card-number attack on this issuer range", "59", ""),
    row(1104, "BIN_ENUMERATION", "sequential card numbers", "59", ""),
    row(1105, "LIMIT_PROBING", "increasing amounts after declines", "61", "03"),
    row(1106, "TEST_THEN_LARGE", "small test followed by large amount", "59", "03"),
    row(1107, "AUTOMATION_PATTERN", "machine-like timing", "59", ""),
    row(1108, "SPEND_BURST", "many merchants in short time", "65", "03"),
    row(1109, "VELOCITY_CARD", "card used unusually often", "65", "03"),
    row(1110, "VELOCITY_ACCOUNT", "account used unusually often", "65", "01"),
    row(2001, "AMOUNT_UNUSUAL", "amount far above the usual", "61", "03"),
    row(2002, "LIMIT_SINGLE", "above single-payment limit", "61", ""),
    row(2003, "LIMIT_ANNUAL", "above annual limit", "61", ""),
    row(2004, "LIMIT_PASS_CAP", "above prepaid-card cap or identity line", "61", ""),
    row(2005, "STRUCTURING", "amounts kept just below a limit", "64", ""),
    row(2006, "BUST_OUT_PATTERN", "sudden full use after clean ramp", "59", "03"),
    row(3001, "DEVICE_MANY_CARDS", "many cards on one device", "59", ""),
    row(3002, "DEVICE_MANY_ACCOUNTS", "many accounts on one device", "59", "03"),
    row(3003, "ACCOUNT_FARM", "mass account opening", "57", ""),
    row(3004, "LINKED_TO_FRAUD", "connected to confirmed fraud", "59", "04"),
    row(3005, "SESSION_SPREAD", "many devices and networks at once", "63", "03"),
    row(3006, "DOCUMENT_REUSED", "identity document used by several accounts", "63", ""),
    row(4001, "IMPOSSIBLE_TRAVEL", "two places too far apart in time", "59", "03"),
    row(4002, "REMOTE_QR_PAYMENT", "phone far from the merchant", "58", "03"),
    row(4003, "LOCATION_SPOOFED", "location appears simulated", "59", "03"),
    row(4004, "LOCATION_INCONSISTENT", "network, SIM and position disagree", "59", "03"),
    row(4005, "NEW_COUNTRY", "first activity in a country", "", "01"),
    row(4006, "POL_SANCTIONED_REGION", "region not served", "57/62", ""),
    row(5001, "DEVICE_BLOCKLISTED", "device on block list", "59", ""),
    row(5002, "DEVICE_EMULATOR", "emulated device", "59", ""),
    row(5003, "DEVICE_TAMPERED", "rooted, hooked or cloned app", "59", "03"),
    row(5004, "APP_NOT_GENUINE", "app signature not genuine", "57", ""),
    row(5005, "APP_OUTDATED", "app version too old", "57", ""),
    row(5006, "FINGERPRINT_CHURN", "device identity keeps changing", "59", "03"),
    row(5007, "REMOTE_CONTROL", "screen sharing or remote control active", "59", ""),
    row(5008, "NEW_DEVICE", "first use of this device on the account", "", "03"),
    row(5009, "DEVICE_INTEGRITY_LOW", "attestation failed", "59", "03"),
    row(6001, "ANON_NETWORK", "Tor or anonymous network", "59", "03"),
    row(6002, "HOSTING_NETWORK", "data-centre network", "59", "03"),
    row(6003, "IP_REPUTATION", "network with fraud history", "59", "03"),
    row(6004, "PUBLIC_NETWORK", "open network (information only)", "", "01"),
    row(7001, "LOGIN_BRUTE_FORCE", "too many wrong logins", "75", ""),
    row(7002, "CREDENTIAL_STUFFING", "mass login attack source", "63", ""),
    row(7003, "BREACHED_PASSWORD", "password known from a breach", "63", ""),
    row(7004, "PHISHING_REFERRER", "login started from a message link", "63", "04"),
    row(7005, "OTP_RELAY", "one-time code used through a relay", "63", ""),
    row(7006, "OTP_FAILURES", "too many wrong codes", "75", ""),
    row(7007, "SIM_RECENT_CHANGE", "SIM changed recently", "1A/65", "04"),
    row(7008, "BIOMETRIC_TOO_NEW", "biometric enrolled recently", "1A/65", "03"),
    row(7009, "RESET_THEN_SPEND", "credential reset followed by spending", "59", "04"),
    row(7010, "NEW_FACTOR_OUTFLOW", "new authenticator followed by outflow", "59", "04"),
    row(7011, "SUPPORT_CHANGE_HOLD", "recent change through support", "57", ""),
    row(7012, "SMASH_AND_GRAB", "spending seconds after login on new device", "59", "03"),
    row(7013, "KYC_REQUIRED", "identity verification needed", "57", ""),
    row(7014, "CHALLENGE_FAILED", "step-up failed", "63", ""),
    row(7015, "CHALLENGE_ABANDONED", "step-up not completed", "1A", ""),
    row(7016, "SMS_PUMPING", "SMS traffic attack", "", ""),
    row(8001, "PASS_MANY_CARDS", "several cards into one prepaid pass", "59", ""),
    row(8002, "PASS_OWNER_MISMATCH", "pass loaded with somebody else's card", "63", "03"),
    row(8003, "PASS_LOAD_VELOCITY", "loads too fast", "65", "03"),
    row(8004, "PASS_FAST_DRAIN", "load spent at once", "59", "03"),
    row(8005, "PASS_TEST_LOAD", "test load then large load", "59", "03"),
    row(8101, "INTERMEDIARY_UNLICENSED", "top-up channel not licensed", "57", ""),
    row(8102, "INTERMEDIARY_LOW_REPUTATION", "top-up channel with poor record", "57", ""),
    row(8103, "TOPUP_PRICE_ANOMALY", "discount or fee implausible", "64", ""),
    row(8104, "TOPUP_MANY_PAYERS", "many payers fund one account", "64", ""),
    row(8105, "INTERMEDIARY_BURST", "new channel credits many accounts", "64", ""),
    row(8201, "MULE_PASS_THROUGH", "money passes straight through", "64", ""),
    row(8202, "MULE_FAN_IN", "many senders to one account", "64", ""),
    row(8203, "PAYEE_KNOWN_MULE", "payee received confirmed fraud", "57", ""),
    row(8204, "DRAIN_TO_NEW_PAYEE", "balance emptied to a new payee", "57", ""),
    row(8205, "COACHED_TRANSFER", "signs of being coached", "57", ""),
    row(8206, "ENVELOPE_RING", "closed-loop red envelopes", "64", ""),
    row(8207, "ENVELOPE_BOT", "automated claiming", "57", ""),
    row(8208, "POL_CARD_P2P", "product cannot be card funded", "57", ""),
    row(8301, "MERCHANT_BURST", "abnormal merchant activity", "03/59", "03"),
    row(8302, "MERCHANT_RISK", "merchant with elevated fraud", "59", "03"),
    row(8303, "MERCHANT_COLLUSION", "payer–merchant ring", "59", ""),
    row(8304, "QR_MOVED", "payment code moved or replaced", "03", ""),
    row(8305, "POL_PERSONAL_QR", "personal code cannot take cards", "57/58", ""),
    row(8306, "PAYMENT_CODE_STALE", "payment code too old or relayed", "54", ""),
    row(8401, "PROMO_MULTI_ACCOUNT", "benefit already used", "", ""),
    row(8402, "PROMO_ONLY_ACTIVITY", "activity only for benefits", "", ""),
    row(8403, "REFUND_REDIRECT", "refund to another instrument", "57", ""),
    row(8404, "REFUND_FX_ARBITRAGE", "refund pattern follows exchange rates", "", ""),
    row(8405, "BILL_THIRD_PARTY", "first bill for someone else with a new card", "59", "03"),
    row(8406, "TRAVEL_LAST_MINUTE", "last-minute ticket for another person", "59", "03"),
    row(8501, "FX_ANOMALY", "exchange rate or currency inconsistent", "13", ""),
    row(9001, "MODEL_HIGH_RISK", "model: high probability of fraud", "59", "04"),
    row(9002, "MODEL_ELEVATED", "model: elevated probability", "1A/65", "03"),
    row(9003, "MODEL_ANOMALY", "unlike anything seen before", "", "01"),
    row(9101, "LIST_ALLOW", "analyst allow entry", "", "02"),
    row(9102, "POL_NO_ELIGIBLE_FACTOR", "no safe step-up available", "57", ""),
    row(9103, "FACTOR_SIM_RECENT", "SMS not allowed: SIM change", "", ""),
    row(9104, "FACTOR_BIO_TOO_NEW", "biometric not allowed: enrolled < 24 h", "", ""),
    row(9105, "FACTOR_DEVICE_UNTRUSTED", "factor not allowed on this device", "", ""),
    row(9106, "FACTOR_LOCKED", "factor locked after failures", "", ""),
    row(9107, "FACTOR_NOT_FIT_VECTOR", "factor would not stop the suspected attack", "", ""),
    row(9108, "FACTOR_UNAVAILABLE", "factor out of service, or not for this customer", "", ""),
    row(9201, "EXPLORATION", "approved for measurement", "00", ""),
    row(9202, "EXEMPT_LOW_VALUE", "low-value exemption proposed", "", "02"),
    row(9203, "EXEMPT_TRA", "transaction risk analysis exemption proposed", "", "05"),
    row(9204, "TRAVELLER_CONTEXT", "risk lowered: plausible traveller (positive)", "", ""),
    row(9205, "TRUSTED_CONTEXT", "risk lowered: trusted device and payee (positive)", "", ""),
    row(9301, "SYS_DEGRADED", "scored with missing parts", "", "01"),
    row(9302, "SYS_TIMEOUT_FALLBACK", "fallback decision", "91/96", ""),
];

/// Every sentence a customer may be shown.
pub static MESSAGES: [Message; 27] = [
    message(
        "MSG_DECLINE_GENERIC",
        "We couldn't complete this payment. You can try another payment method or contact support.",
        "本次付款未能完成，请更换付款方式或联系客服。",
    ),
    message(
        "MSG_TRY_LATER",
        "Too many attempts. Please wait a while and try again.",
        "操作过于频繁，请稍后再试。",
    ),
    message("MSG_VERIFY_YOU", "Please confirm it's you to continue.", "请验证本人身份后继续。"),
    message(
        "MSG_VERIFY_CARD",
        "Please confirm this card with your bank to continue.",
        "请通过发卡行完成银行卡验证。",
    ),
    message(
        "MSG_VERIFY_OTHER",
        "Please choose another way to verify. Text messages aren't available right now.",
        "暂不支持短信验证，请选择其他方式。",
    ),
    message(
        "MSG_VERIFY_IDENTITY",
        "Please verify your identity with your passport to continue.",
        "请使用护照完成身份认证。",
    ),
    message(
        "MSG_CARD_UNUSABLE",
        "This card can't be used. Please add another card or contact your bank.",
        "该卡暂不可用，请更换银行卡或联系发卡行。",
    ),
    message(
        "MSG_CARD_DETAILS",
        "The card details couldn't be confirmed. Please check them and try again later.",
        "银行卡信息未通过验证，请核对后再试。",
    ),
    message(
        "MSG_CARD_CONTACT_BANK",
        "Your bank didn't approve this. Please make sure the card is enabled for international \
         and online payments.",
        "发卡行未批准，请确认已开通境外及网上支付。",
    ),
    message(
        "MSG_LIMIT",
        "This exceeds the limit for your account or card.",
        "超出账户或银行卡限额。",
    ),
    message(
        "MSG_NOT_SUPPORTED",
        "This service isn't available with an international card.",
        "国际卡暂不支持此服务。",
    ),
    message(
        "MSG_REGION",
        "This service isn't available in your region.",
        "您所在地区暂不支持此服务。",
    ),
    message(
        "MSG_HOLD",
        "For your protection this transfer will be completed after a short review.",
        "为保障资金安全，该笔交易将延迟到账。",
    ),
    message(
        "MSG_SCAM_WARNING",
        "Did someone ask you to do this or to share your screen? We will never ask you to move \
         money to keep it safe.",
        "若有人指导您转账或共享屏幕，请立即停止。",
    ),
    message(
        "MSG_DECLINE_PAYEE",
        "We can't send money to this recipient.",
        "暂不支持向该收款方付款。",
    ),
    message(
        "MSG_CHECK_PAYEE",
        "Please check the shop name before you pay.",
        "付款前请核对商户名称。",
    ),
    message("MSG_REFRESH_CODE", "Please refresh your payment code.", "请刷新付款码。"),
    message(
        "MSG_UPDATE_APP",
        "Please update to the latest version to continue.",
        "请更新至最新版本。",
    ),
    message(
        "MSG_OFFICIAL_APP",
        "Please install the official app from your app store.",
        "请通过官方应用商店安装正版应用。",
    ),
    message(
        "MSG_OPEN_APP",
        "Please open the app directly instead of using a link.",
        "请直接打开应用，不要点击链接登录。",
    ),
    message("MSG_DEVICE", "This action isn't available on this device.", "当前设备不支持此操作。"),
    message("MSG_NETWORK", "Please switch to another network and try again.", "请更换网络后重试。"),
    message("MSG_LOGIN_LOCKED", "Sign-in is paused for 15 minutes.", "登录已暂停15分钟。"),
    message(
        "MSG_CHANGE_PASSWORD",
        "Please set a new password to protect your account.",
        "为保障账户安全，请重设密码。",
    ),
    message(
        "MSG_SECURED",
        "We noticed unusual activity and secured your account. Please verify to restore access.",
        "检测到异常，已保护您的账户，请验证后恢复。",
    ),
    message(
        "MSG_TOPUP_CHANNEL",
        "This top-up channel isn't supported. Please use an official channel.",
        "不支持该充值渠道，请使用官方渠道。",
    ),
    message(
        "MSG_PROMO",
        "This offer isn't available for this account.",
        "该优惠不适用于当前账户。",
    ),
];

const fn row(
    num: u16,
    code: &'static str,
    meaning: &'static str,
    de39: &'static str,
    three_ds: &'static str,
) -> Reason {
    Reason { num, code, meaning, de39, three_ds }
}

const fn message(key: &'static str, english: &'static str, chinese: &'static str) -> Message {
    Message { key, english, chinese }
}

/// Text equality that the compiler can evaluate.
pub(crate) const fn is_same(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    if left.len() != right.len() {
        return false;
    }
    let mut at = 0;
    while at < left.len() {
        if left[at] != right[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// Looked up while compiling: a code that the table does not have stops the build.
const fn known_reason(code: &str) -> ReasonCode {
    let mut at = 0;
    while at < REASONS.len() {
        if is_same(REASONS[at].code, code) {
            return ReasonCode(at as u16);
        }
        at += 1;
    }
    panic!("no such reason code")
}

/// Looked up while compiling: a key that the table does not have stops the build.
const fn known_message(key: &str) -> MessageKey {
    let mut at = 0;
    while at < MESSAGES.len() {
        if is_same(MESSAGES[at].key, key) {
            return MessageKey(at as u8);
        }
        at += 1;
    }
    panic!("no such message key")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_message_to_a_customer_is_named_like_a_reason() {
        for message in &MESSAGES {
            assert!(message.key.starts_with("MSG_"), "{}", message.key);
            assert_eq!(ReasonCode::find(message.key), None);
            let bare = message.key.trim_start_matches("MSG_");
            assert_eq!(ReasonCode::find(bare), None, "{bare} would tell the reason");
        }
        for reason in &REASONS {
            assert_eq!(MessageKey::find(reason.code), None);
            for message in &MESSAGES {
                let told = message.english.contains(reason.code);
                assert!(!told && !message.chinese.contains(reason.code), "{}", message.key);
            }
        }
    }

    #[test]
    fn numbers_rise_and_codes_are_upper_snake_and_unique() {
        for pair in REASONS.windows(2) {
            assert!(pair[0].num < pair[1].num, "{} before {}", pair[0].num, pair[1].num);
        }
        for (at, reason) in REASONS.iter().enumerate() {
            assert!(
                reason
                    .code
                    .bytes()
                    .all(|b| b.is_ascii_uppercase() || b == b'_' || b.is_ascii_digit()),
                "{}",
                reason.code
            );
            assert!(!reason.meaning.is_empty(), "{}", reason.code);
            assert_eq!(ReasonCode::find(reason.code), Some(ReasonCode(at as u16)));
            assert_eq!(ReasonCode::of_num(reason.num), Some(ReasonCode(at as u16)));
        }
        assert_eq!(ReasonCode::find("CARD_TESTING"), None);
        assert_eq!(ReasonCode::of_num(1013), None);
    }

    #[test]
    fn suggestions_are_two_characters_of_the_right_alphabet() {
        for reason in &REASONS {
            for de39 in reason.de39.split('/').filter(|text| !text.is_empty()) {
                assert_eq!(de39.len(), 2, "{}", reason.code);
                assert!(de39.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()));
            }
            assert!(
                ["", "01", "02", "03", "04", "05"].contains(&reason.three_ds),
                "{}",
                reason.code
            );
        }
    }

    #[test]
    fn networks_get_their_own_answer_code() {
        let of = |code: &str, scheme| ReasonCode::find(code).and_then(|found| found.de39(scheme));
        assert_eq!(of("MODEL_ELEVATED", Scheme::Visa), Some("1A"));
        assert_eq!(of("MODEL_ELEVATED", Scheme::Other), Some("65"));
        assert_eq!(of("CVV_FAILURES", Scheme::Other), Some("82"));
        assert_eq!(of("CHALLENGE_ABANDONED", Scheme::Visa), Some("1A"));
        assert_eq!(of("CHALLENGE_ABANDONED", Scheme::Other), Some("65"));
        assert_eq!(of("CARD_LOST_STOLEN", Scheme::Visa), Some("41"));
        assert_eq!(of("CARD_LOST_STOLEN", Scheme::Other), Some("41"));
        assert_eq!(of("NEW_COUNTRY", Scheme::Visa), None);
        assert_eq!(codes::MODEL_HIGH_RISK.three_ds(), Some("04"));
        assert_eq!(codes::TRUSTED_CONTEXT.three_ds(), None);
    }

    #[test]
    fn customers_get_two_languages_and_no_technical_word() {
        for (at, message) in MESSAGES.iter().enumerate() {
            assert_eq!(MessageKey::find(message.key), Some(MessageKey(at as u8)));
            assert!(message.key.starts_with("MSG_"), "{}", message.key);
            assert!(!message.chinese.is_ascii(), "{}", message.key);
            let sentence = message.english.to_ascii_lowercase();
            for leak in ["fraud", "list", "score", "risk", "rule", "block", "velocity", "model"] {
                assert!(!sentence.contains(leak), "{} says {leak}", message.key);
            }
        }
    }
}
