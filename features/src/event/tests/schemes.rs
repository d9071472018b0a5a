//! What the codes of card networks leave in an event whose caller left it out.

use super::*;

#[test]
fn a_dispute_is_about_fraud_as_it_says_or_as_its_code_says() {
    let told = |network: &str, code: &str, said: Option<bool>| {
        let mut dispute = example(EventType::Dispute);
        dispute["network"] = network.into();
        dispute["reason_code"] = code.into();
        match said {
            Some(said) => dispute["fraud_category"] = said.into(),
            None => drop(dispute.as_object_mut().map(|object| object.remove("fraud_category"))),
        }
        accepted(&dispute).bits(ids::FRAUD_CATEGORY)
    };
    assert_eq!(told("visa", "10.4", None), Some(1));
    assert_eq!(told("visa", "13.9", None), Some(0));
    assert_eq!(told("visa", "13.9", Some(true)), Some(1));
    assert_eq!(told("amex", "F29", None), None);
}

/// The class that an issuer's answer with these members gets.
fn class(members: Value) -> Option<String> {
    let mut answer = with(EventType::AuthResult, json!({"outcome": "declined"}));
    answer.as_object_mut().unwrap().remove("decline_class");
    add(&mut answer, members);
    accepted(&answer).text(ids::DECLINE_CLASS).map(str::to_owned)
}

#[test]
fn an_issuers_answer_is_of_the_class_it_says_or_that_its_code_says() {
    let by = |network: &str| json!({"card_token": "tok-1", "network": network});
    assert_eq!(class(json!({"de39": "41"})).as_deref(), Some("hard_fraud"));
    assert_eq!(class(json!({"de39": "51"})).as_deref(), Some("nsf"));
    assert_eq!(
        class(json!({"de39": "51", "decline_class": "technical"})).as_deref(),
        Some("technical")
    );
    assert_eq!(class(json!({"de39": "65", "card": by("visa")})).as_deref(), Some("nsf"));
    let soft = class(json!({"de39": "65", "card": by("mastercard")}));
    assert_eq!(soft.as_deref(), Some("sca_required"));
}

#[test]
fn an_issuers_answer_whose_code_tells_no_class_must_say_it() {
    for code in [None, Some("ZZ"), Some("65")] {
        let mut answer = with(EventType::AuthResult, json!({"outcome": "declined"}));
        answer.as_object_mut().unwrap().remove("decline_class");
        answer["de39"] = json!(code);
        let missing = (fault::MISSING, "decline_class".to_owned());
        assert_eq!(faults(read(&answer)), [missing], "{code:?}");
    }
}

#[test]
fn who_bears_a_fraud_is_as_the_event_says_or_its_exemption_or_its_indicator() {
    let told = |network: &str, three_ds: Value| {
        let card = json!({"card_token": "tok-1", "network": network});
        let paid = json!({"funding": "intl_card", "card": card, "three_ds": three_ds});
        accepted(&with(EventType::Payment, paid)).bits(ids::THREE_DS_LIABILITY_SHIFT)
    };
    assert_eq!(told("visa", json!({"eci": "05"})), Some(1));
    assert_eq!(told("visa", json!({"eci": "07"})), Some(0));
    assert_eq!(told("mastercard", json!({"eci": "06"})), Some(0));
    assert_eq!(told("visa", json!({"eci": "05", "exemption": "tra"})), Some(0));
    assert_eq!(told("visa", json!({"eci": "05", "exemption": "none"})), Some(1));
    assert_eq!(told("visa", json!({"eci": "07", "liability_shift": true})), Some(1));
    assert_eq!(told("unionpay", json!({"eci": "05"})), None);
    assert_eq!(told("visa", json!({"trans_status": "Y"})), None);
}
