//! What a host and an issuer are told, reason by reason: the written table, and what comes of it.

use super::tests::{judged, paying, vote};
use super::*;
use crate::reason::REASONS;

/// Number, DE39 suggestion, challenge indicator; empty for none.
#[rustfmt::skip]
const WRITTEN: &[(u16, &str, &str)] = &[
    (1001, "05", ""), (1002, "05", "03"), (1003, "41/43/46", ""), (1004, "59", "03"),
    (1005, "63", "03"), (1006, "59", "03"), (1007, "05", ""), (1008, "59", "04"),
    (1009, "N7/82", ""), (1010, "14", ""), (1011, "57", "03"), (1012, "05", "03"),
    (1101, "65", ""), (1102, "65", ""), (1103, "59", ""), (1104, "59", ""), (1105, "61", "03"),
    (1106, "59", "03"), (1107, "59", ""), (1108, "65", "03"), (1109, "65", "03"),
    (1110, "65", "01"), (2001, "61", "03"), (2002, "61", ""), (2003, "61", ""), (2004, "61", ""),
    (2005, "64", ""), (2006, "59", "03"), (3001, "59", ""), (3002, "59", "03"), (3003, "57", ""),
    (3004, "59", "04"), (3005, "63", "03"), (3006, "63", ""), (4001, "59", "03"),
    (4002, "58", "03"), (4003, "59", "03"), (4004, "59", "03"), (4005, "", "01"),
    (4006, "57/62", ""), (5001, "59", ""), (5002, "59", ""), (5003, "59", "03"), (5004, "57", ""),
    (5005, "57", ""), (5006, "59", "03"), (5007, "59", ""), (5008, "", "03"), (5009, "59", "03"),
    (6001, "59", "03"), (6002, "59", "03"), (6003, "59", "03"), (6004, "", "01"),
    (7001, "75", ""), (7002, "63", ""), (7003, "63", ""), (7004, "63", "04"), (7005, "63", ""),
    (7006, "75", ""), (7007, "1A/65", "04"), (7008, "1A/65", "03"), (7009, "59", "04"),
    (7010, "59", "04"), (7011, "57", ""), (7012, "59", "03"), (7013, "57", ""), (7014, "63", ""),
    (7015, "1A", ""), (7016, "", ""), (8001, "59", ""), (8002, "63", "03"), (8003, "65", "03"),
    (8004, "59", "03"), (8005, "59", "03"), (8101, "57", ""), (8102, "57", ""), (8103, "64", ""),
    (8104, "64", ""), (8105, "64", ""), (8201, "64", ""), (8202, "64", ""), (8203, "57", ""),
    (8204, "57", ""), (8205, "57", ""), (8206, "64", ""), (8207, "57", ""), (8208, "57", ""),
    (8301, "03/59", "03"), (8302, "59", "03"), (8303, "59", ""), (8304, "03", ""),
    (8305, "57/58", ""), (8306, "54", ""), (8401, "", ""), (8402, "", ""), (8403, "57", ""),
    (8404, "", ""), (8405, "59", "03"), (8406, "59", "03"), (8501, "13", ""), (9001, "59", "04"),
    (9002, "1A/65", "03"), (9003, "", "01"), (9101, "", "02"), (9102, "57", ""), (9103, "", ""),
    (9104, "", ""), (9105, "", ""), (9106, "", ""), (9107, "", ""), (9108, "", ""),
    (9201, "00", ""), (9202, "", "02"), (9203, "", "05"), (9204, "", ""), (9205, "", ""),
    (9301, "", "01"), (9302, "91/96", ""),
];

/// The answer of a network where the table has several.
fn of_network(written: &'static str, network: &str) -> &'static str {
    match (written, network) {
        ("1A/65" | "1A", "visa") => "1A",
        ("1A/65" | "1A", _) => "65",
        ("N7/82", "visa") => "N7",
        ("N7/82", _) => "82",
        ("", _) => "05",
        _ => written.split('/').next().unwrap_or_default(),
    }
}

#[test]
fn every_reason_has_the_codes_that_are_written() {
    assert_eq!(WRITTEN.len(), REASONS.len());
    for ((num, de39, three_ds), reason) in WRITTEN.iter().zip(&REASONS) {
        assert_eq!((*num, *de39, *three_ds), (reason.num, reason.de39, reason.three_ds));
    }
}

#[test]
fn a_decline_suggests_the_code_of_its_reason_in_the_words_of_the_network() {
    for network in ["visa", "mastercard", "jcb"] {
        for (num, de39, _) in WRITTEN {
            let code = ReasonCode::of_num(*num).expect("a number of the table");
            let refused = vote(1, Class::Hard, &[Action::Decline], code.code());
            let mut situation = paying();
            situation.card.network = Some(network);
            let verdict = judged(&situation, Some(0.1), &[&refused]);
            assert_eq!(verdict.iso8583, Some(of_network(de39, network)), "{num} of {network}");
        }
    }
}

#[test]
fn a_challenge_of_a_card_is_the_soft_decline_of_its_network_whatever_the_reason() {
    let demand = Action::Challenge {
        strength: None,
        prove: crate::decision::Proofs::NONE,
        forbid: crate::decision::FactorSet::NONE,
        only: crate::decision::FactorSet::of(&[crate::decision::Factor::ThreeDsChallenge]),
    };
    for (network, soft) in [(Some("visa"), "1A"), (Some("mastercard"), "65"), (None, "65")] {
        for (num, _, three_ds) in WRITTEN {
            let code = ReasonCode::of_num(*num).expect("a number of the table");
            let asked = vote(1, Class::Challenge, &[demand], code.code());
            let mut situation = paying();
            situation.card.network = network;
            let verdict = judged(&situation, Some(0.01), &[&asked]);
            assert_eq!(verdict.iso8583, Some(soft), "{num}");
            // No preference and no challenge are no way to ask for one.
            let wish = if *three_ds == "04" { "04" } else { "03" };
            assert_eq!(verdict.three_ds, Some(wish), "{num}");
        }
    }
}

#[test]
fn an_approval_is_00_and_what_no_host_authorises_has_no_code() {
    assert_eq!(judged(&paying(), Some(0.000_1), &[]).iso8583, Some("00"));
    for event in EventType::ALL {
        let situation = Situation { event: Some(event), ..paying() };
        let is_authorised = judged(&situation, Some(0.000_1), &[]).iso8583.is_some();
        use EventType::{CardLink, Payment, RedEnvelopeClaim, RedEnvelopeSend, Refund};
        use EventType::{ThirdPartyTopup, TourPassTopup, Transfer, Withdrawal};
        let expected = matches!(
            event,
            CardLink
                | Payment
                | TourPassTopup
                | ThirdPartyTopup
                | Transfer
                | RedEnvelopeSend
                | RedEnvelopeClaim
                | Withdrawal
                | Refund
        );
        assert_eq!(is_authorised, expected, "{}", event.name());
    }
}

#[test]
fn proposed_exemptions_are_said_behind_what_decided() {
    let mut small = paying();
    small.usd_minor = 900.0;
    small.card.low_value_count = 0.0;
    let codes: Vec<&str> =
        judged(&small, Some(0.000_1), &[]).reasons.iter().map(|line| line.code.code()).collect();
    assert_eq!(codes, ["TRUSTED_CONTEXT", "EXEMPT_LOW_VALUE"]);
}
