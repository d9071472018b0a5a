//! What the codes of card networks mean: issuers' answers, advice, authentication, disputes.
//!
//! Networks answer in codes of their own; facts and labels want to know what was meant. The tables
//! are those of the published lists, and where networks differ the network is asked for. A code
//! that no table has means nothing, never something likely: a caller that knows better says so in
//! the event (`decline_class`, `fraud_category`). The limits on trying again are the schemes' own;
//! the fact `card_retry_blocked` keeps to them, and a test holds the two together.

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
}

/// A class of issuers' answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its name among the choices of `decline_class`.
    pub class: &'static str,
    /// The answer codes (ISO 8583 field 39) of the class.
    pub de39: &'static [&'static str],
    /// What may follow.
    pub retry: Retry,
}

const fn answer(class: &'static str, de39: &'static [&'static str], retry: Retry) -> Answer {
    Answer { class, de39, retry }
}

/// Every class of answers. 65 is Mastercard's wish for authentication; elsewhere it is a limit.
pub const ANSWERS: &[Answer] = &[
    answer("approved", &["00", "10", "85"], Retry::NotNeeded),
    answer("hard_fraud", &["07", "34", "41", "43"], Retry::Never),
    answer("hard_account", &["04", "14", "15", "46", "78", "R0", "R1", "R3"], Retry::Never),
    answer("suspected_fraud", &["59", "63"], Retry::WithAuthentication),
    answer("do_not_honour", &["05", "01", "02", "12"], Retry::Later),
    answer("nsf", &["51", "61", "65"], Retry::Later),
    answer("not_permitted", &["57", "58", "62", "93"], Retry::AfterCorrection),
    answer("sca_required", &["1A", "70"], Retry::WithAuthentication),
    answer("data_error", &["13", "30", "54", "55", "N7", "82", "6P"], Retry::AfterCorrection),
    answer("attempts", &["38", "75"], Retry::Later),
    answer("aml", &["64"], Retry::Never),
    answer("technical", &["06", "19", "68", "91", "92", "96"], Retry::Later),
];

/// The class of an answer code of this network, `None` when no table has it.
pub fn decline_class(de39: &str, network: Option<&str>) -> Option<&'static str> {
    if de39 == "65" && network == Some("mastercard") {
        return Some("sca_required");
    }
    let answer = ANSWERS.iter().find(|answer| answer.de39.contains(&de39));
    answer.map(|answer| answer.class)
}

/// Mastercard's merchant advice codes: code and what it says.
pub const ADVICE: &[(&str, &str)] = &[
    ("01", "new account information is there"),
    ("02", "try later"),
    ("03", "do not try again"),
    ("04", "the token is not supported"),
    ("21", "the recurring payment is stopped"),
    ("24", "try again after an hour"),
    ("25", "try again after a day"),
    ("26", "try again after two days"),
    ("27", "try again after four days"),
    ("28", "try again after six days"),
    ("29", "try again after eight days"),
    ("30", "try again after ten days"),
    ("40", "a prepaid card that cannot be loaded again"),
    ("41", "a virtual card number for one use"),
    ("43", "a virtual card number for several uses"),
];

/// Visa's answers after which the card must not be tried again.
pub const VISA_NEVER: &[&str] = &["04", "07", "12", "14", "15", "41", "43", "46", "57", "R0", "R1"];
/// Refusals of one card in 30 days after which Visa charges for each attempt.
pub const VISA_DECLINES_30D: u32 = 15;
/// Mastercard's advice after which the card must not be tried again.
pub const MASTERCARD_NEVER: &[&str] = &["03", "21"];
/// Refusals of one card in a day after which Mastercard's card is left alone.
pub const MASTERCARD_DECLINES_24H: u32 = 10;
/// Refusals of one amount in 30 days after which Mastercard's card is left alone.
pub const MASTERCARD_SAME_AMOUNT_30D: u32 = 35;

/// What the reason of a cardholder authentication tells about fraud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The issuer says stolen, or suspects fraud.
    Fraud,
    /// The issuer's own confidence, 1 low to 4 very high.
    Confidence(u8),
    /// Neither: a failure, a limit, a technical reason.
    Neutral,
}

/// What `trans_status_reason` tells, `None` of a code that the protocol does not have.
pub fn authentication_evidence(reason: &str) -> Option<Evidence> {
    Some(match reason {
        "10" | "11" => Evidence::Fraud,
        "15" => Evidence::Confidence(1),
        "16" => Evidence::Confidence(2),
        "17" => Evidence::Confidence(3),
        "18" => Evidence::Confidence(4),
        "01" | "02" | "03" | "04" | "05" | "06" | "07" | "08" | "09" | "12" | "13" | "14"
        | "19" | "20" | "21" | "22" => Evidence::Neutral,
        _ => return None,
    })
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

/// How sure a fraud label is that a dispute of this reason gives, 0 to 1: less where the customer
/// only does not recognise the payment, or had proved himself for it.
pub fn dispute_confidence(reason_code: &str, was_authenticated: bool) -> f64 {
    if was_authenticated || matches!(reason_code, "4863" | "AA") { 0.5 } else { 0.8 }
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
        for answer in ANSWERS {
            assert!(choices.contains(&answer.class), "{}", answer.class);
            for code in answer.de39 {
                assert!(codes.insert(code), "{code} has two classes");
                assert_eq!(decline_class(code, Some("visa")), Some(answer.class));
            }
        }
        let known: BTreeSet<&str> = ANSWERS.iter().map(|answer| answer.class).collect();
        let all: BTreeSet<&str> = choices.iter().copied().filter(|name| *name != "other").collect();
        assert_eq!(known, all);
        assert_eq!(decline_class("65", Some("mastercard")), Some("sca_required"));
        assert_eq!(decline_class("65", None), Some("nsf"));
        assert_eq!(decline_class("ZZ", None), None);
    }

    #[test]
    fn the_catalogue_keeps_to_the_limits_of_the_schemes() {
        let list = |codes: &[&str]| {
            let quoted: Vec<String> = codes.iter().map(|code| format!("\"{code}\"")).collect();
            format!("({})", quoted.join(", "))
        };
        for part in [
            format!("de39 in {}", list(VISA_NEVER)),
            format!("mac in {}", list(MASTERCARD_NEVER)),
            format!("by card over 30d > {VISA_DECLINES_30D}"),
            format!("by card over 24h > {MASTERCARD_DECLINES_24H}"),
            format!("by card over 30d > {MASTERCARD_SAME_AMOUNT_30D}"),
        ] {
            assert!(catalog::TEXT.contains(&part), "the catalogue does not say {part}");
        }
        let advice = |code: &&str| ADVICE.iter().any(|(known, _)| known == code);
        assert!(MASTERCARD_NEVER.iter().all(advice));
        let fraud: Vec<String> = (1..=22)
            .map(|code| format!("{code:02}"))
            .filter(|code| authentication_evidence(code) == Some(Evidence::Fraud))
            .collect();
        let fraud = format!("trans_status_reason in (\"{}\")", fraud.join("\", \""));
        assert!(catalog::TEXT.contains(&fraud), "{fraud}");
    }

    #[test]
    fn reasons_of_authentication_are_told_apart() {
        assert_eq!(authentication_evidence("13"), Some(Evidence::Neutral));
        assert_eq!(authentication_evidence("18"), Some(Evidence::Confidence(4)));
        assert_eq!(authentication_evidence("23"), None);
        let known =
            (0..100).filter(|code| authentication_evidence(&format!("{code:02}")).is_some());
        assert_eq!(known.count(), 22);
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
        assert_eq!(dispute_confidence("10.4", false), 0.8);
        assert_eq!(dispute_confidence("10.4", true), 0.5);
        assert_eq!(dispute_confidence("4863", false), 0.5);
    }
}
