//! The written mappings: wishes, kinds of transaction, methods, and what the issuer is told.

use super::*;
use crate::decision::TraChecks;
use crate::situation::Funding;

fn paying() -> Situation {
    Situation {
        event: Some(EventType::Payment),
        time_ms: 1_790_000_000_000.0,
        funding: Funding::Card,
        ..Situation::unknown()
    }
}

fn exemption() -> Exemption {
    Exemption {
        sca_scope: ScaScope::OneLegOut,
        low_value: false,
        tra: false,
        recurring: false,
        trusted: false,
        transit: false,
        tra_checks: TraChecks {
            abnormal_spend: false,
            unusual_device: false,
            malware: false,
            known_scenario: false,
            abnormal_payer_location: false,
            high_risk_payee_location: false,
        },
        low_value_count: None,
        low_value_eur_minor: None,
        liability_shift_expected: false,
    }
}

#[test]
fn an_approval_says_why_no_challenge_is_wanted() {
    let mut passkey = paying();
    passkey.session.auth = SessionAuth::Passkey;
    let plain = exemption();
    let tra = Exemption { tra: true, ..plain };
    let low_value = Exemption { low_value: true, ..plain };
    let trusted = Exemption { trusted: true, tra: true, ..plain };
    let shifted = Exemption { liability_shift_expected: true, ..plain };
    let abroad = Exemption { sca_scope: ScaScope::OutOfScope, ..plain };
    let unknown = Exemption { sca_scope: ScaScope::Unknown, ..plain };
    // What is known, what is claimed, and the wish under version 2.2 and under 2.1.
    let table = [
        (paying(), plain, "02", "02"),
        (paying(), low_value, "02", "02"),
        (paying(), unknown, "02", "02"),
        (paying(), abroad, "06", "02"),
        (paying(), tra, "05", "02"),
        (passkey.clone(), tra, "05", "02"),
        (passkey, abroad, "07", "02"),
        (paying(), shifted, "07", "02"),
        (paying(), trusted, "08", "02"),
    ];
    for (at, (mut situation, exemption, wish, in_words_of_old)) in table.into_iter().enumerate() {
        let said =
            |situation: &Situation, standing| wish_of_approval(situation, &exemption, standing);
        assert_eq!(said(&situation, Standing::Clear), wish, "row {at}");
        assert_eq!(said(&situation, Standing::Doubtful), "01", "row {at}");
        situation.card.is_protocol_old = true;
        assert_eq!(said(&situation, Standing::Clear), in_words_of_old, "row {at}");
    }
}

#[test]
fn a_challenge_says_by_which_right_it_is_wanted() {
    let link = Situation { event: Some(EventType::CardLink), ..paying() };
    let mut open = paying();
    open.card.trust = Trust::Open;
    let (inside, outside) = (Some(ScaScope::InScope), Some(ScaScope::OneLegOut));
    // Event, scope, the reason's own, whether a rule suspects, the wish.
    let table = [
        (&paying(), outside, Some("03"), true, "03"),
        (&paying(), outside, Some("01"), true, "03"),
        (&paying(), outside, None, false, "03"),
        (&paying(), outside, Some("04"), true, "04"),
        (&paying(), inside, Some("03"), true, "04"),
        (&link, outside, Some("03"), true, "04"),
        (&open, outside, Some("03"), false, "09"),
        (&open, outside, Some("03"), true, "03"),
        (&open, inside, Some("03"), false, "04"),
    ];
    for (at, (situation, scope, of_reason, is_suspected, wish)) in table.into_iter().enumerate() {
        assert_eq!(wish_of_challenge(situation, scope, of_reason, is_suspected), wish, "row {at}");
    }
    open.card.is_protocol_old = true;
    assert_eq!(wish_of_challenge(&open, outside, Some("03"), false), "03");
}

#[test]
fn what_is_bought_has_its_kind_of_transaction() {
    use EventType::{CardLink, Payment, RedEnvelopeSend, TourPassTopup, Transfer, Withdrawal};
    let table = [
        (Payment, Goods::Other, Some("01")),
        (Payment, Goods::Digital, Some("01")),
        (Payment, Goods::QuasiCash, Some("11")),
        (TourPassTopup, Goods::Other, Some("28")),
        (Transfer, Goods::Other, Some("10")),
        (RedEnvelopeSend, Goods::Other, Some("10")),
        (Withdrawal, Goods::Other, Some("10")),
        (CardLink, Goods::Other, None),
    ];
    for (event, goods, trans_type) in table {
        let situation = Situation { event: Some(event), goods, ..paying() };
        assert!(goes_to_issuer(&situation), "{event:?}");
        assert_eq!(request(&situation, "03").trans_type, trans_type, "{event:?}");
    }
    let refund = Situation { event: Some(EventType::Refund), ..paying() };
    assert!(!goes_to_issuer(&refund));
    assert!(!goes_to_issuer(&Situation { funding: Funding::Other, ..paying() }));
}

#[test]
fn the_issuer_hears_how_customer_and_cardholder_were_proven_if_that_is_known() {
    let mut situation = paying();
    let methods = |situation: &Situation| {
        let request = request(situation, "03");
        (request.req_auth_method, request.prior_auth_method)
    };
    assert_eq!(methods(&situation), (None, None));
    for (auth, method) in [
        (SessionAuth::Anonymous, "01"),
        (SessionAuth::Credential, "02"),
        (SessionAuth::Passkey, "06"),
    ] {
        situation.session.auth = auth;
        assert_eq!(methods(&situation).0, Some(method));
    }
    situation.card.is_address_proven = true;
    assert_eq!(methods(&situation).1, Some("03"));
    situation.card.proven_age_days = PROVEN_NEVER_DAYS;
    assert_eq!(methods(&situation).1, Some("03"));
    situation.card.proven_age_days = 12.0;
    assert_eq!(methods(&situation).1, Some("02"));
}

#[test]
fn nothing_is_told_that_is_not_known() {
    let told = issuer_data(&paying(), &exemption());
    let nothing = IssuerData {
        account_age: None,
        account_change: None,
        password_change: None,
        payment_account: None,
        add_card_attempts_day: None,
        past_transactions_day: None,
        past_transactions_year: None,
        purchases_6_months: None,
        suspicious_activity: "01",
        delivery_timeframe: None,
    };
    assert_eq!(told, nothing);
}

#[test]
fn ages_are_told_in_three_steps() {
    for (days, account, change, password) in [
        (0.0, "03", "02", "03"),
        (29.9, "03", "02", "03"),
        (30.0, "04", "03", "04"),
        (60.0, "04", "03", "04"),
        (60.1, "05", "04", "05"),
    ] {
        let mut situation = paying();
        situation.past.account_age_hours = days * DAY_HOURS;
        situation.session.password_change_age_hours = days * DAY_HOURS;
        situation.card.linked_age_hours = days * DAY_HOURS;
        // Unknown changes and those of longer ago do not hide the latest one.
        situation.session.factor_change_age_hours = CHANGE_HOURS_MAX;
        situation.session.email_changed_ms = 0.0;
        let told = issuer_data(&situation, &exemption());
        assert_eq!(told.account_age, Some(account), "{days}");
        assert_eq!(told.payment_account, Some(account), "{days}");
        assert_eq!(told.account_change, Some(change), "{days}");
        assert_eq!(told.password_change, Some(password), "{days}");
    }
    let mut never = paying();
    never.session.password_change_age_hours = CHANGE_HOURS_MAX;
    assert_eq!(issuer_data(&never, &exemption()).password_change, None);
    never.past.account_age_hours = 100.0;
    assert_eq!(issuer_data(&never, &exemption()).password_change, Some("01"));
    let link = Situation { event: Some(EventType::CardLink), ..paying() };
    let told = issuer_data(&link, &exemption());
    assert_eq!((told.account_change, told.payment_account), (Some("01"), Some("02")));
}

#[test]
fn counts_are_told_only_where_the_window_holds_the_whole_answer() {
    let mut situation = paying();
    situation.past.link_attempts_24h = 2.0;
    situation.past.attempts_24h = 5_000.0;
    situation.past.attempts_30d = 31.0;
    situation.past.approved_90d = 90.0;
    for (days, year, half) in [
        (29.0, Some(31), Some(90)),
        (31.0, None, Some(90)),
        (91.0, None, None),
        (f64::NAN, None, None),
    ] {
        situation.past.account_age_hours = days * DAY_HOURS;
        let told = issuer_data(&situation, &exemption());
        assert_eq!(told.add_card_attempts_day, Some(2));
        assert_eq!(told.past_transactions_day, Some(999), "three digits are sent");
        assert_eq!((told.past_transactions_year, told.purchases_6_months), (year, half), "{days}");
    }
}

#[test]
fn suspicion_and_delivery_are_told_as_they_are() {
    let digital = Situation { goods: Goods::Digital, ..paying() };
    let mut found = exemption();
    found.tra_checks.known_scenario = true;
    let told = issuer_data(&digital, &found);
    assert_eq!((told.suspicious_activity, told.delivery_timeframe), ("02", Some("01")));
}
