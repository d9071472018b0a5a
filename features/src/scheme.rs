//! What the codes of card networks mean: issuers' answers, advice, liability, disputes.
//!
//! Networks answer in codes of their own; facts and decisions want to know what was meant. The
//! tables are those of the published lists, and where networks differ the network is asked for. A
//! code that no table has means nothing, never something likely: a caller that knows better says so
//! in the event (`decline_class`, `fraud_category`, `three_ds.liability_shift`). The limits on
//! trying again are the schemes' own; the fact `card_retry_blocked` keeps to them, and a test holds
//! the two together.

use crate::limits::{DAY_MS, HOUR_MS};

/// What may be done after a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Nothing was refused.
    NotNeeded,
    /// Never again with this card.
    Never,
    /// Once what was wrong is mended: data corrected, card activated, bank called.
    AfterCorrection,
    /// With cardholder authentication.
    WithAuthentication,
    /// Later, and not often.
    Later,
    /// When this long has passed.
    After {
        /// Milliseconds from the answer.
        ms: i64,
    },
}

/// A class of issuers' answers, or the part of it after which the same may follow.
struct Answers {
    /// Its name among the choices of `decline_class`.
    class: &'static str,
    /// The answer codes (ISO 8583 field 39).
    de39: &'static [&'static str],
    retry: Retry,
}

const fn answers(class: &'static str, de39: &'static [&'static str], retry: Retry) -> Answers {
    Answers { class, de39, retry }
}

/// Every class of answers; of a class in two parts the first speaks where no code is given. 65 is
/// Mastercard's wish for authentication; elsewhere it is a limit.
const ANSWERS: &[Answers] = &[
    answers("approved", &["00", "10", "85"], Retry::NotNeeded),
    answers("hard_fraud", &["07", "34", "41", "43"], Retry::Never),
    answers("hard_account", &["04", "14", "15", "46", "R0", "R1", "R3"], Retry::Never),
    answers("hard_account", &["78"], Retry::AfterCorrection),
    answers("suspected_fraud", &["59", "63"], Retry::WithAuthentication),
    answers("do_not_honour", &["05", "01", "02", "12"], Retry::Later),
    answers("nsf", &["51", "61", "65"], Retry::Later),
    answers("not_permitted", &["57", "58", "62", "93"], Retry::AfterCorrection),
    answers("sca_required", &["1A", "70"], Retry::WithAuthentication),
    answers("data_error", &["13", "30", "54", "55", "N7", "82", "6P"], Retry::AfterCorrection),
    answers("attempts", &["38", "75"], Retry::AfterCorrection),
    answers("aml", &["64"], Retry::Never),
    answers("technical", &["06", "19", "68", "91", "92", "96"], Retry::Later),
];

/// The class of an answer code of this network, `None` when no table has it, and of 65 when the
/// network is not known.
pub fn decline_class(de39: &str, network: Option<&str>) -> Option<&'static str> {
    match (de39, network) {
        ("65", None) => None,
        ("65", Some("mastercard")) => Some("sca_required"),
        _ => ANSWERS.iter().find(|row| row.de39.contains(&de39)).map(|row| row.class),
    }
}

const HOUR: Retry = Retry::After { ms: HOUR_MS };

const fn days(count: i64) -> Retry {
    Retry::After { ms: count * DAY_MS }
}

/// Mastercard's merchant advice codes that say when to try again: 01 new account information is
/// there, 02 try later, 03 do not try again, 04 the token is not supported, 21 the recurring payment
/// is stopped, 24 to 30 after so long, 41 a virtual number for one use. What 40 (a prepaid card that
/// cannot be loaded again) and 43 (a virtual number for several uses) tell is no advice.
const ADVICE: &[(&str, Retry)] = &[
    ("01", Retry::AfterCorrection),
    ("02", Retry::Later),
    ("03", Retry::Never),
    ("04", Retry::AfterCorrection),
    ("21", Retry::Never),
    ("24", HOUR),
    ("25", days(1)),
    ("26", days(2)),
    ("27", days(4)),
    ("28", days(6)),
    ("29", days(8)),
    ("30", days(10)),
    ("41", Retry::Never),
];

/// Visa's answers after which the card must not be tried again.
const VISA_NEVER: &[&str] = &["04", "07", "12", "14", "15", "41", "43", "46", "57", "R0", "R1"];
/// Refusals of one card in 30 days after which Visa charges for each attempt.
const VISA_DECLINES_30D: f64 = 15.0;
/// Refusals of one card in a day after which Mastercard's card is left alone.
const MASTERCARD_DECLINES_24H: f64 = 10.0;
/// Refusals of one amount in 30 days after which Mastercard's card is left alone.
const MASTERCARD_SAME_AMOUNT_30D: f64 = 35.0;

/// What an issuer answered, as far as it was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answer<'a> {
    /// The card's network.
    pub network: Option<&'a str>,
    /// The answer code (ISO 8583 field 39).
    pub de39: Option<&'a str>,
    /// The class, a choice of `decline_class`.
    pub class: Option<&'a str>,
    /// The merchant advice code.
    pub mac: Option<&'a str>,
}

impl Answer<'_> {
    /// What may follow: the network's advice first, then what it forbids by the code, then what the
    /// code or the class means. `None` when the answer tells nothing.
    pub fn retry(&self) -> Option<Retry> {
        let is_mastercard = self.network.is_none_or(|network| network == "mastercard");
        let advice = ADVICE.iter().find(|(code, _)| is_mastercard && self.mac == Some(code));
        if let Some((_, retry)) = advice {
            return Some(*retry);
        }
        let is_listed = |codes: &[&str]| self.de39.is_some_and(|code| codes.contains(&code));
        if self.network == Some("visa") && is_listed(VISA_NEVER) {
            return Some(Retry::Never);
        }
        let told = self.de39.and_then(|code| decline_class(code, self.network));
        let class = self.class.or(told)?;
        let mut rows = ANSWERS.iter().filter(|row| row.class == class);
        let of_code = rows.clone().find(|row| is_listed(row.de39));
        of_code.or_else(|| rows.next()).map(|row| row.retry)
    }
}

/// How often a card was refused; `NaN` for what is not known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Refusals {
    /// In 24 hours.
    pub day: f64,
    /// In 30 days.
    pub month: f64,
    /// Of the same amount, in 30 days.
    pub same_amount_month: f64,
}

impl Refusals {
    /// Whether the network forbids one more attempt after so many.
    pub fn is_limit_reached(&self, network: Option<&str>) -> bool {
        match network {
            Some("visa") => VISA_DECLINES_30D < self.month,
            Some("mastercard") => {
                MASTERCARD_DECLINES_24H < self.day
                    || MASTERCARD_SAME_AMOUNT_30D < self.same_amount_month
            }
            _ => false,
        }
    }
}

/// Whether the issuer bears a fraud, by the electronic commerce indicator that came with the
/// payment: authenticated and attempted shift the loss; data alone, exempted and recurring payments
/// do not. `None` of an indicator that the network does not have.
pub fn is_liability_shifted(network: &str, eci: &str) -> Option<bool> {
    match (network, eci) {
        ("mastercard", "01" | "02") => Some(true),
        ("mastercard", "00" | "04" | "06" | "07") => Some(false),
        ("visa" | "jcb" | "discover" | "diners" | "amex", "05" | "06") => Some(true),
        ("visa" | "jcb" | "discover" | "diners" | "amex", "07") => Some(false),
        _ => None,
    }
}

/// Reason codes of disputes by network: those of fraud, and those of other reasons.
struct Disputes {
    networks: &'static [&'static str],
    fraud: &'static [&'static str],
    other: &'static [&'static str],
}

const DISPUTES: &[Disputes] = &[
    Disputes {
        networks: &["visa"],
        fraud: &["10.1", "10.2", "10.3", "10.4", "10.5"],
        other: &["13.1", "13.7", "13.9"],
    },
    Disputes {
        networks: &["mastercard"],
        fraud: &["4837", "4840", "4849", "4863"],
        other: &["4807", "4808", "4834", "4853", "4855"],
    },
    Disputes {
        networks: &["jcb"],
        fraud: &["546", "534", "548", "526", "527"],
        other: &["522", "536", "554", "545"],
    },
    Disputes {
        networks: &["discover", "diners"],
        fraud: &["UA01", "UA02", "UA05", "UA06", "AA", "7030", "7010"],
        other: &["AT", "DA", "NA", "EX"],
    },
];

/// Whether a network's reason code of a dispute says fraud; `None` of a code that is not known.
pub fn is_dispute_of_fraud(network: &str, reason_code: &str) -> Option<bool> {
    let disputes = DISPUTES.iter().find(|disputes| disputes.networks.contains(&network))?;
    if disputes.fraud.contains(&reason_code) {
        return Some(true);
    }
    // Visa numbers whole families: authorisation and processing are never fraud.
    let is_family =
        network == "visa" && (reason_code.starts_with("11.") || reason_code.starts_with("12."));
    (is_family || disputes.other.contains(&reason_code)).then_some(false)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::catalog;
    use crate::field::{Kind, ids};

    #[test]
    fn every_answer_has_one_class_and_every_class_is_a_choice() {
        let Kind::Enum(choices) = ids::DECLINE_CLASS.kind() else { panic!("a closed list") };
        let mut codes = BTreeSet::new();
        for row in ANSWERS {
            assert!(choices.contains(&row.class), "{}", row.class);
            for code in row.de39 {
                assert!(codes.insert(code), "{code} has two classes");
                assert_eq!(decline_class(code, Some("visa")), Some(row.class));
            }
        }
        let known: BTreeSet<&str> = ANSWERS.iter().map(|row| row.class).collect();
        let all: BTreeSet<&str> = choices.iter().copied().filter(|name| *name != "other").collect();
        assert_eq!(known, all);
        assert_eq!(decline_class("65", Some("mastercard")), Some("sca_required"));
        assert_eq!(decline_class("65", None), None, "a limit or a wish: nobody knows");
        assert_eq!(decline_class("ZZ", None), None);
    }

    /// What may follow an answer, written out: network, code, advice, what.
    const FOLLOWS: &[(&str, &str, &str, Option<Retry>)] = &[
        ("visa", "00", "", Some(Retry::NotNeeded)),
        ("visa", "04", "", Some(Retry::Never)),
        ("visa", "07", "", Some(Retry::Never)),
        ("visa", "12", "", Some(Retry::Never)),
        ("visa", "57", "", Some(Retry::Never)),
        ("jcb", "12", "", Some(Retry::Later)),
        ("jcb", "57", "", Some(Retry::AfterCorrection)),
        ("visa", "34", "", Some(Retry::Never)),
        ("jcb", "14", "", Some(Retry::Never)),
        ("jcb", "78", "", Some(Retry::AfterCorrection)),
        ("visa", "59", "", Some(Retry::WithAuthentication)),
        ("visa", "05", "", Some(Retry::Later)),
        ("visa", "51", "", Some(Retry::Later)),
        ("visa", "65", "", Some(Retry::Later)),
        ("mastercard", "65", "", Some(Retry::WithAuthentication)),
        ("visa", "1A", "", Some(Retry::WithAuthentication)),
        ("visa", "N7", "", Some(Retry::AfterCorrection)),
        ("visa", "75", "", Some(Retry::AfterCorrection)),
        ("visa", "64", "", Some(Retry::Never)),
        ("visa", "91", "", Some(Retry::Later)),
        ("mastercard", "05", "01", Some(Retry::AfterCorrection)),
        ("mastercard", "05", "02", Some(Retry::Later)),
        ("mastercard", "51", "03", Some(Retry::Never)),
        ("mastercard", "05", "04", Some(Retry::AfterCorrection)),
        ("mastercard", "05", "21", Some(Retry::Never)),
        ("mastercard", "51", "24", Some(Retry::After { ms: 3_600_000 })),
        ("mastercard", "51", "25", Some(Retry::After { ms: 86_400_000 })),
        ("mastercard", "51", "26", Some(Retry::After { ms: 2 * 86_400_000 })),
        ("mastercard", "51", "27", Some(Retry::After { ms: 4 * 86_400_000 })),
        ("mastercard", "51", "28", Some(Retry::After { ms: 6 * 86_400_000 })),
        ("mastercard", "51", "29", Some(Retry::After { ms: 8 * 86_400_000 })),
        ("mastercard", "51", "30", Some(Retry::After { ms: 10 * 86_400_000 })),
        ("mastercard", "51", "40", Some(Retry::Later)),
        ("mastercard", "51", "41", Some(Retry::Never)),
        ("visa", "51", "03", Some(Retry::Later)),
        ("", "65", "", None),
        ("", "51", "03", Some(Retry::Never)),
        ("visa", "ZZ", "", None),
    ];

    #[test]
    fn what_may_follow_is_the_networks_advice_then_its_ban_then_the_meaning_of_the_code() {
        let told = |text: &'static str| Some(text).filter(|text| !text.is_empty());
        for (network, de39, mac, retry) in FOLLOWS {
            let answer =
                Answer { network: told(network), de39: told(de39), mac: told(mac), class: None };
            assert_eq!(answer.retry(), *retry, "{network} {de39} {mac}");
        }
        let class = |class| Answer { class: Some(class), ..Answer::default() }.retry();
        assert_eq!(class("hard_account"), Some(Retry::Never));
        assert_eq!(class("nsf"), Some(Retry::Later));
        assert_eq!(class("other"), None);
        assert_eq!(Answer::default().retry(), None);
    }

    #[test]
    fn the_limits_of_the_schemes_are_reached_by_the_next_refusal_after_the_last_allowed() {
        let none = Refusals { day: f64::NAN, month: f64::NAN, same_amount_month: f64::NAN };
        let reached = |network, refusals: Refusals| refusals.is_limit_reached(Some(network));
        assert!(!reached("visa", Refusals { month: 15.0, ..none }));
        assert!(reached("visa", Refusals { month: 16.0, ..none }));
        assert!(!reached("mastercard", Refusals { day: 10.0, month: 90.0, ..none }));
        assert!(reached("mastercard", Refusals { day: 11.0, ..none }));
        assert!(reached("mastercard", Refusals { same_amount_month: 36.0, ..none }));
        assert!(!reached("jcb", Refusals { day: 99.0, month: 99.0, same_amount_month: 99.0 }));
        assert!(!reached("visa", none) && !none.is_limit_reached(None));
    }

    #[test]
    fn the_catalogue_keeps_to_the_limits_of_the_schemes() {
        let list = |codes: &[&str]| {
            let quoted: Vec<String> = codes.iter().map(|code| format!("\"{code}\"")).collect();
            format!("({})", quoted.join(", "))
        };
        // After these two the catalogue leaves the card alone; a number for one use is spent anyhow.
        let never = ["03", "21"];
        for part in [
            format!("de39 in {}", list(VISA_NEVER)),
            format!("mac in {}", list(&never)),
            format!("by card over 30d > {VISA_DECLINES_30D}"),
            format!("by card over 24h > {MASTERCARD_DECLINES_24H}"),
            format!("by card over 30d > {MASTERCARD_SAME_AMOUNT_30D}"),
        ] {
            assert!(catalog::TEXT.contains(&part), "the catalogue does not say {part}");
        }
        assert!(never.iter().all(|code| ADVICE.contains(&(code, Retry::Never))));
    }

    #[test]
    fn the_indicator_of_a_network_tells_who_bears_a_fraud() {
        assert_eq!(is_liability_shifted("visa", "05"), Some(true));
        assert_eq!(is_liability_shifted("amex", "06"), Some(true));
        assert_eq!(is_liability_shifted("jcb", "07"), Some(false));
        assert_eq!(is_liability_shifted("mastercard", "02"), Some(true));
        assert_eq!(is_liability_shifted("mastercard", "01"), Some(true));
        for none in ["00", "04", "06", "07"] {
            assert_eq!(is_liability_shifted("mastercard", none), Some(false), "{none}");
        }
        assert_eq!(is_liability_shifted("mastercard", "05"), None);
        assert_eq!(is_liability_shifted("unionpay", "05"), None);
    }

    #[test]
    fn disputes_are_fraud_or_not_by_the_code_of_their_network() {
        assert_eq!(is_dispute_of_fraud("visa", "10.4"), Some(true));
        assert_eq!(is_dispute_of_fraud("visa", "13.9"), Some(false));
        assert_eq!(is_dispute_of_fraud("visa", "12.6"), Some(false));
        assert_eq!(is_dispute_of_fraud("mastercard", "4837"), Some(true));
        assert_eq!(is_dispute_of_fraud("jcb", "546"), Some(true));
        assert_eq!(is_dispute_of_fraud("diners", "UA02"), Some(true));
        assert_eq!(is_dispute_of_fraud("discover", "EX"), Some(false));
        // A code of another network means nothing here.
        assert_eq!(is_dispute_of_fraud("visa", "4837"), None);
        assert_eq!(is_dispute_of_fraud("amex", "F29"), None);
    }
}
