//! What the door lets in and what it keeps out.

use serde_json::{Value, json};

use super::*;
use crate::diagnostic::Place;
use crate::field::{FIELDS, Source};
use crate::limits::{DAY_MS, EVENT_BYTES_MAX, FAULTS_MAX, LATENESS_MS, NESTING_MAX, SKEW_MS};

mod schemes;

const NOW: i64 = 1_790_000_000_000;
const PAN: &str = "4111111111111111";

/// The least that an event of this type needs.
fn example(event_type: EventType) -> Value {
    let mut event = json!({
        "event_id": "e1", "event_type": event_type.name(), "event_time_ms": NOW,
        "channel": "app_ios"
    });
    let card = json!({"card_token": "tok-1", "bin8": "41111111"});
    let money = json!({"amount_minor": 1_250, "currency": "CNY"});
    let own = match event_type {
        EventType::AccountOpen => json!({"phone_hash": "p1", "consent_ms": NOW}),
        EventType::Login => {
            json!({"outcome": "success", "method": "password", "login_name_hash": "n1"})
        }
        EventType::IdentityVerification => {
            json!({"doc_hash": "d1", "name_hash": "n1", "result": "pass"})
        }
        EventType::ProfileChange => json!({"field": "phone"}),
        EventType::CardLink | EventType::CardUnlink => json!({"card": card}),
        EventType::Payment => json!({
            "payment_id": "pay-1", "kind": "merchant_qr_static", "funding": "balance",
            "merchant": {"merchant_id": "m1"}
        }),
        EventType::TourPassTopup => json!({"pass_id": "tp1", "card": card}),
        EventType::TourPassClose => json!({"pass_id": "tp1"}),
        EventType::ThirdPartyTopup => json!({"intermediary_id": "im1"}),
        EventType::Transfer => json!({"beneficiary_id": "b1"}),
        EventType::RedEnvelopeSend | EventType::Withdrawal => json!({}),
        EventType::RedEnvelopeClaim => json!({"envelope_id": "en1"}),
        EventType::Refund => json!({"original_payment_id": "pay-1"}),
        EventType::PromoRedemption => json!({"campaign_id": "c1"}),
        EventType::AuthResult => {
            json!({"ref_id": "e0", "outcome": "approved", "decline_class": "approved"})
        }
        EventType::ChallengeIssued => json!({"ref_id": "e0", "factor": "passkey"}),
        EventType::ChallengeResult => {
            json!({"ref_id": "e0", "factor": "passkey", "result": "passed"})
        }
        EventType::DeviceSignal => json!({"device": {"device_id": "d1"}}),
        EventType::SimSignal => json!({"phone_hash": "p1"}),
        EventType::MerchantUpdate => {
            json!({"update": "onboarded", "merchant": {"merchant_id": "m1"}})
        }
        EventType::ListUpdate => {
            json!({"list_name": "blocked", "list_action": "add", "entry": "10.0.0.0/8"})
        }
        EventType::Label => json!({"ref_id": "e0", "label": "fraud", "known_time_ms": NOW}),
        EventType::Dispute => json!({"payment_id": "pay-1", "stage": "chargeback"}),
        EventType::ReviewOutcome => json!({"ref_id": "e0", "verdict": "legit"}),
        EventType::FxRate => json!({"currency": "USD", "fx": {"rate_e9": 7_100_000_000_i64}}),
        EventType::IssuerHealth => json!({"health": "outage", "card": {"bin6": "411111"}}),
    };
    add(&mut event, own);
    if ids::AMOUNT_MINOR.field().required.contains(event_type) {
        add(&mut event, money);
    }
    let refers = ids::REF_ID.field().required.contains(event_type);
    let lonely = [
        EventType::MerchantUpdate,
        EventType::ListUpdate,
        EventType::Dispute,
        EventType::FxRate,
        EventType::IssuerHealth,
    ];
    if !refers && !lonely.contains(&event_type) {
        add(&mut event, json!({"account_id": "a1"}));
    }
    event
}

/// A payment as an app sends it, about 1.2 KB.
fn full_payment() -> Value {
    let mut event = example(EventType::Payment);
    add(
        &mut event,
        json!({
            "event_id": "01J8ZQ4T7N6R5W3V2X1Y0K9HBD", "tenant_id": 7, "seq": 3,
            "account_id": "acc-90210", "session_id": "s-55", "amount_minor": 9_900,
            "currency": "USD", "funding": "intl_card", "goods": "physical", "dcc": false,
            "device": {
                "device_id": "9f86d081884c7d659a2feaa0c55ad015", "os": "ios", "os_version": "19.1",
                "app_version": "10.6.8", "app_build": 10_608, "integrity": "strong",
                "is_rooted": false, "mock_location": false, "os_patch_date": "2026-07-31",
                "tz_offset_min": 480, "language": "en-US", "sim_mcc_mnc": "310260"
            },
            "network": {
                "ip": "203.0.113.77", "ip_country": "US", "ip_lat": 37.75, "ip_lon": -97.8,
                "ip_accuracy_km": 50, "asn": 64_500, "ip_usage": "mobile", "is_vpn": false
            },
            "geo": {"lat": 31.23, "lon": 121.474, "accuracy_m": 25, "source": "gps"},
            "card": {
                "card_token": "tok-1", "bin8": "41111111", "last4": "1111", "network": "visa",
                "funding": "credit", "issuer_country": "US", "name_match": "exact",
                "expiry_ym": 202_811, "linked_time_ms": NOW - DAY_MS
            },
            "account": {"created_ms": NOW - 30 * DAY_MS, "kyc_level": 3, "nationality": "US"},
            "auth_ctx": {
                "session_auth": "biometric",
                "factors_enrolled": [
                    {"factor": "passkey", "enrolled_ms": NOW - 9 * DAY_MS, "verified": true},
                    {"factor": "sms_otp", "enrolled_ms": NOW - 30 * DAY_MS, "verified": false}
                ]
            },
            "merchant": {
                "merchant_id": "m1", "mcc": 5_812, "country": "CN", "qr_id": "q-1",
                "lat": 31.231, "lon": 121.47
            },
            "fx": {"rate_e9": 7_123_456_789_i64, "rate_ts_ms": NOW, "rate_source": "desk"}
        }),
    );
    event
}

fn add(event: &mut Value, members: Value) {
    let Value::Object(members) = members else { panic!("members come as an object") };
    event.as_object_mut().unwrap().extend(members);
}

fn with(event_type: EventType, members: Value) -> Value {
    let mut event = example(event_type);
    add(&mut event, members);
    event
}

fn read(event: &Value) -> Result<Event, Vec<Diagnostic>> {
    Event::read(event.to_string().as_bytes(), Some(NOW))
}

fn accepted(event: &Value) -> Event {
    read(event).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

/// Code and path of each fault.
fn faults(result: Result<Event, Vec<Diagnostic>>) -> Vec<(&'static str, String)> {
    let faults = result.expect_err("the event has faults").into_iter();
    let path = |place| match place {
        Place::Field(path) => path,
        Place::Whole => "whole".to_owned(),
        Place::Text { start, .. } => format!("byte {start}"),
        Place::Row(row) => format!("row {row}"),
    };
    faults.map(|fault| (fault.code, path(fault.place))).collect()
}

fn one_fault(event: &Value) -> (&'static str, String) {
    let mut list = faults(read(event));
    assert_eq!(list.len(), 1, "{list:?} of {event}");
    list.remove(0)
}

fn on_payment(members: Value) -> (&'static str, String) {
    one_fault(&with(EventType::Payment, members))
}

#[test]
fn every_event_type_has_a_least_example_and_each_of_its_members_is_needed() {
    for event_type in EventType::ALL {
        let whole = example(event_type);
        assert_eq!(accepted(&whole).event_type(), event_type);
        let members: Vec<String> = whole.as_object().unwrap().keys().cloned().collect();
        for member in members {
            let mut less = whole.clone();
            less.as_object_mut().unwrap().remove(&member);
            let found = faults(read(&less));
            let is_told = found.iter().any(|(code, path)| *code == "E013" && *path == member);
            assert!(is_told, "{event_type:?} without {member}: {found:?}");
        }
    }
}

#[test]
fn every_given_field_stands_somewhere_in_an_accepted_event() {
    for id in crate::field::FieldId::all() {
        let field = id.field();
        if field.source != Source::Given || id == ids::EVENT_TYPE {
            continue;
        }
        let value = match field.kind {
            Kind::Bool => json!(true),
            Kind::Int { min, .. } => json!(min),
            Kind::Float { min, .. } => json!(min),
            Kind::Time => json!(NOW),
            Kind::Money => json!(1_250),
            Kind::Enum(names) => json!(names[0]),
            Kind::Set(names) => json!([names[0]]),
            Kind::Country => json!("CN"),
            Kind::Currency => json!("CNY"),
            Kind::Id => json!("id-1"),
            Kind::Text { max } => match field.shape {
                crate::field::Shape::Free => json!("t"),
                _ => json!("4".repeat(usize::from(max))),
            },
            Kind::Ip => json!("2001:db8::1"),
            Kind::Date => json!("2026-07-31"),
            Kind::YearMonth => json!(202_607),
        };
        let event_type = field.on.iter().next().unwrap();
        let mut event = example(event_type);
        match field.path.split_once('.') {
            Some((object, name)) => {
                let members = event.as_object_mut().unwrap();
                members.entry(object).or_insert_with(|| json!({}))[name] = value;
            }
            None => event[field.path] = value,
        }
        // Other members may be wanted beside it, but the field itself must be in order.
        if let Err(list) = read(&event) {
            let place = Place::Field(field.path.to_owned());
            assert!(list.iter().all(|fault| fault.place != place), "{}: {list:#?}", field.path);
        }
    }
}

#[test]
fn all_faults_are_reported_at_once_with_their_paths() {
    let event = with(
        EventType::Payment,
        json!({
            "event_id": 5, "amount_minor": 1.0, "currency": "yuan", "devce": {},
            "beneficiary_id": "b1", "device": {"os": "ios", "tz_offset_min": 9_999},
            "network": [], "kind": "travel", "geo": {"lat": 91, "lon": "x"}
        }),
    );
    let mut found = faults(read(&event));
    found.sort();
    let found: Vec<(&str, &str)> = found.iter().map(|(code, path)| (*code, &**path)).collect();
    assert_eq!(
        found,
        [
            ("E010", "devce"),
            ("E011", "amount_minor"),
            ("E011", "event_id"),
            ("E011", "geo.lon"),
            ("E011", "network"),
            ("E012", "device.tz_offset_min"),
            ("E012", "geo.lat"),
            ("E013", "device.device_id"),
            ("E013", "travel_departure_ms"),
            ("E014", "beneficiary_id"),
            ("E015", "currency"),
        ]
    );
}

#[test]
fn a_fault_says_what_was_got_what_was_wanted_and_what_to_do() {
    let told = |members| {
        let list = read(&with(EventType::Payment, members)).unwrap_err();
        format!("{} | {}", list[0].message, list[0].help.clone().unwrap_or_default())
    };
    assert_eq!(
        told(json!({"seq": "3"})),
        "got text, wanted an integer from 0 to 4294967295 | send the number without quotes"
    );
    assert_eq!(
        told(json!({"seq": 1.0})),
        "got the number 1.0, wanted an integer from 0 to 4294967295 | \
         send integers without a decimal point or exponent"
    );
    assert_eq!(
        told(json!({"sesion_id": "s"})),
        "no field \"sesion_id\" | did you mean \"session_id\"?"
    );
    assert_eq!(told(json!({"ip": "::1"})), "no field \"ip\" | did you mean \"network.ip\"?");
    assert!(
        told(json!({"event_time_ms": 1_790_000_000}))
            .ends_with("looks like seconds; send milliseconds")
    );
    assert_eq!(
        told(json!({"delivery_country": "cn"})),
        "got text of 2 bytes, wanted two capital letters of ISO 3166-1 | \
         codes are written in capitals"
    );
}

#[test]
fn faults_beyond_the_cap_are_counted_and_a_card_number_is_never_among_them() {
    let mut event = example(EventType::Payment);
    for number in 0..30 {
        event[format!("unknown_{number}")] = json!(number);
    }
    event["zz_last"] = json!(format!("card {PAN}"));
    let list = read(&event).unwrap_err();
    assert_eq!(list.len(), FAULTS_MAX + 1);
    assert_eq!((list[0].code, &list[0].place), ("E005", &Place::Field("zz_last".to_owned())));
    // 31 unknown members and one card number, of which 20 are shown.
    assert_eq!(list[FAULTS_MAX].message, "12 more faults");
}

#[test]
fn broken_syntax_is_one_fault_with_its_byte() {
    let cases: [(&[u8], &str); 9] = [
        (b"", "byte 0"),
        (b"{", "byte 0"),
        (br#"{"event_id": "e1",}"#, "byte 18"),
        (br#"{"event_id": "e1"} x"#, "byte 19"),
        (br#"{"event_id": "e1"}{}"#, "byte 18"),
        (b"{\n\"seq\": 01}", "byte 10"),
        (b"{\"event_id\": \"\xff\"}", "byte 14"),
        (br#"{"event_id": "\ud800"}"#, "byte 20"),
        (br#"{"seq": NaN}"#, "byte 8"),
    ];
    for (json, place) in cases {
        let found = faults(Event::read(json, None));
        let shown = String::from_utf8_lossy(json);
        assert_eq!(found, [("E001", place.to_owned())], "{shown}");
    }
    assert_eq!(faults(Event::read(b"[1]", None))[0], ("E011", "whole".to_owned()));
}

#[test]
fn doubled_members_are_refused_at_every_level() {
    let twice = |json: String| faults(Event::read(json.as_bytes(), Some(NOW)));
    let base = example(EventType::Payment).to_string();
    let open = base.strip_suffix('}').unwrap();
    assert_eq!(twice(format!("{open},\"seq\":1,\"seq\":1}}")), [("E002", "seq".to_owned())]);
    assert_eq!(twice(format!("{open},\"seq\":1,\"s\\u0065q\":2}}")), [("E002", "seq".to_owned())]);
    assert_eq!(
        twice(format!("{open},\"geo\":{{\"source\":null,\"source\":\"gps\"}}}}")),
        [("E002", "geo.source".to_owned())]
    );
    assert_eq!(
        twice(format!("{open},\"geo\":{{}},\"geo\":{{\"note\":\"{PAN}\"}}}}")),
        [("E005", "geo.note".to_owned()), ("E002", "geo".to_owned())]
    );
    let factor = "{\"factor\":\"totp\",\"factor\":\"totp\",\"enrolled_ms\":1790000000000}";
    assert_eq!(
        twice(format!("{open},\"auth_ctx\":{{\"factors_enrolled\":[{factor}]}}}}")),
        [("E002", "auth_ctx.factors_enrolled[0].factor".to_owned())]
    );
}

#[test]
fn nesting_and_size_have_a_limit() {
    let nested = |depth: usize| {
        let lists = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let base = example(EventType::Payment).to_string();
        let json = format!("{},\"x\":{lists}}}", base.strip_suffix('}').unwrap());
        faults(Event::read(json.as_bytes(), Some(NOW)))
    };
    assert_eq!(nested(NESTING_MAX - 1), [("E010", "x".to_owned())]);
    let codes: Vec<&str> = nested(NESTING_MAX).iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, ["E010", "E003"]);
    assert_eq!(nested(2_000).len(), 2);

    let mut json = example(EventType::Payment).to_string();
    json.extend(std::iter::repeat_n(' ', EVENT_BYTES_MAX - json.len()));
    assert!(Event::read(json.as_bytes(), Some(NOW)).is_ok());
    json.push(' ');
    assert_eq!(faults(Event::read(json.as_bytes(), None)), [("E004", "whole".to_owned())]);
}

#[test]
fn card_numbers_are_found_wherever_they_hide_and_never_repeated() {
    let spaced = "4111 1111 1111 1111";
    let cases = [
        (json!({"payment_id": PAN}), "payment_id"),
        (json!({"payment_id": "4111-1111-1111-1111"}), "payment_id"),
        (json!({"kind": spaced}), "kind"),
        (json!({"delivery_country": PAN}), "delivery_country"),
        (json!({"session_id": 4_111_111_111_111_111_i64}), "session_id"),
        (json!({"is_mit": 4.111_111_111_111_111e15}), "is_mit"),
        (json!({"amount_minor": 4_111_111_111_111_111_i64}), "amount_minor"),
        (json!({"device": PAN}), "device"),
        (json!({"merchant": {"merchant_id": "m1", "terminal_id": spaced}}), "merchant.terminal_id"),
        (
            json!({"auth_ctx": {"factors_enrolled": [{"factor": PAN, "enrolled_ms": NOW}]}}),
            "auth_ctx.factors_enrolled[0].factor",
        ),
        (json!({"note": {"a": [1, {"b": spaced}]}}), "note.a[1].b"),
        (json!({"note": [4_111_111_111_111_111_i64]}), "note[0]"),
        (json!({"note": {PAN: 1}}), "note"),
        (json!({PAN: 1}), "whole"),
        (json!({"seq": [PAN]}), "seq[0]"),
    ];
    for (members, path) in cases {
        let list = read(&with(EventType::Payment, members.clone())).unwrap_err();
        assert_eq!(list[0].code, "E005", "{members} {list:?}");
        assert_eq!(faults(Err(list.clone()))[0].1, path, "{members}");
        let told = format!("{list:?}");
        assert!(!told.contains("1111") && !told.contains("4.111"), "{told}");
    }
}

#[test]
fn long_business_numbers_and_declared_integers_pass_the_card_guard() {
    let event = accepted(&with(
        EventType::Payment,
        json!({"payment_id": "20884111111111111111111111", "fee_minor": 411_111_111_111_111_i64}),
    ));
    assert_eq!(event.text(ids::PAYMENT_ID), Some("20884111111111111111111111"));
}

#[test]
fn members_named_like_card_secrets_are_refused() {
    for (name, path) in [("cvv", "cvv"), ("CVC2", "CVC2"), ("pinBlock", "pinBlock")] {
        let found = on_payment(json!({name: "123"}));
        assert_eq!(found, ("E006", path.to_owned()));
    }
    let event = with(
        EventType::CardLink,
        json!({"card": {
            "card_token": "t", "bin8": "41111111", "track2": null
        }}),
    );
    assert_eq!(one_fault(&event), ("E006", "card.track2".to_owned()));
    let list = faults(read(&with(EventType::Payment, json!({"extra": {"card_number": 1}}))));
    assert_eq!(list, [("E006", "extra.card_number".to_owned()), ("E010", "extra".to_owned())]);
}

#[test]
fn integers_are_written_as_integers() {
    for value in ["1.0", "1e2", "\"1\"", "true", "[1]", "{}", "-0"] {
        let base = example(EventType::Payment).to_string();
        let json = format!("{},\"seq\":{value}}}", base.strip_suffix('}').unwrap());
        let found = faults(Event::read(json.as_bytes(), Some(NOW)));
        assert_eq!(found, [("E011", "seq".to_owned())], "{value}");
    }
    for value in ["-1", "4294967296", "18446744073709551615"] {
        let base = example(EventType::Payment).to_string();
        let json = format!("{},\"seq\":{value}}}", base.strip_suffix('}').unwrap());
        let found = faults(Event::read(json.as_bytes(), Some(NOW)));
        assert_eq!(found, [("E012", "seq".to_owned())], "{value}");
    }
    let event = accepted(&with(EventType::Payment, json!({"geo": {"lat": 30, "lon": -0.0}})));
    assert_eq!(event.number(ids::GEO_LAT).to_bits(), 30_f64.to_bits());
    assert_eq!(event.bits(ids::GEO_LON), Some(0));
}

#[test]
fn texts_have_a_form() {
    let code = |members| on_payment(members).0;
    assert_eq!(code(json!({"session_id": ""})), "E015");
    assert_eq!(code(json!({"session_id": "x".repeat(65)})), "E015");
    assert_eq!(code(json!({"session_id": "é"})), "E015");
    assert_eq!(code(json!({"session_id": "a\tb"})), "E015");
    assert_eq!(code(json!({"device": {"device_id": "d", "model": "a\u{7}b"}})), "E015");
    assert_eq!(code(json!({"device": {"device_id": "d", "os_patch_date": "2026-02-30"}})), "E015");
    assert_eq!(code(json!({"network": {"ip": "1.2.3"}})), "E015");
    assert_eq!(code(json!({"origin_iata": "PVGX"})), "E015");
    let card = json!({"card": {"card_token": "t", "bin8": "4111111", "expiry_ym": 202_613}});
    let found = faults(read(&with(EventType::Payment, card)));
    assert_eq!(found[0], ("E015", "card.bin8".to_owned()));
    assert_eq!(found[1], ("E012", "card.expiry_ym".to_owned()));
}

#[test]
fn unknown_names_read_as_other_with_a_warning() {
    let event = accepted(&with(EventType::Payment, json!({"goods": "hardware", "kind": "tap"})));
    assert_eq!(event.text(ids::GOODS), Some("other"));
    assert_eq!(event.text(ids::KIND), Some("other"));
    // Members arrive in the order of the text, which the builder of this test sorts.
    assert_eq!(event.warnings(), [Warning::UnknownName("goods"), Warning::UnknownName("kind")]);
    assert_eq!(event.warnings()[0].diagnostic().code, "E030");

    let event = accepted(&with(EventType::Login, json!({"outcome": "approved"})));
    assert_eq!(event.text(ids::OUTCOME), Some("other"), "a login is not approved");
    assert_eq!(event.warnings(), [Warning::UnknownName("outcome")]);

    let event = accepted(&with(EventType::Transfer, json!({"memo_class": ["loan", "rent", "x"]})));
    assert_eq!(event.bits(ids::MEMO_CLASS), Some(1 << 2 | 1 << 6 | 1 << 7));
    assert_eq!(event.warnings(), [Warning::UnknownName("memo_class")]);

    let event = accepted(&with(EventType::Payment, json!({"delivery_country": "ZZ"})));
    assert!(!event.has(ids::DELIVERY_COUNTRY));
    assert_eq!(event.warnings(), [Warning::UnknownName("delivery_country")]);
}

#[test]
fn an_unknown_event_type_does_not_hide_other_faults() {
    let event = json!({"event_type": "paymnt", "seq": -1, "zzz": 1, "geo": {"lat": 1}});
    let mut found = faults(read(&event));
    found.sort();
    let paths: Vec<&str> = found.iter().map(|(_, path)| &**path).collect();
    assert_eq!(
        paths,
        ["zzz", "seq", "channel", "event_id", "event_time_ms", "geo.lon", "event_type"]
    );
    let list = read(&event).unwrap_err();
    let unknown = list.iter().find(|fault| fault.code == "E017").unwrap();
    assert_eq!(unknown.help.as_deref(), Some("did you mean \"payment\"?"));
    assert_eq!(faults(read(&json!({}))).len(), 4);
}

#[test]
fn conditions_between_fields_are_checked() {
    assert_eq!(on_payment(json!({"funding": "intl_card"})), ("E013", "card".to_owned()));
    assert_eq!(on_payment(json!({"kind": "bill"})), ("E013", "bill_payee_hash".to_owned()));
    assert_eq!(on_payment(json!({"kind": "auto_debit"})), ("E013", "mandate_id".to_owned()));
    let no_token = json!({"card": {"bin8": "41111111"}});
    assert_eq!(on_payment(no_token), ("E013", "card.card_token".to_owned()));
    let six = json!({"funding": "intl_card", "card": {"card_token": "t", "bin6": "411111"}});
    assert_eq!(accepted(&with(EventType::Payment, six)).text(ids::CARD_BIN), Some("411111"));
    assert_eq!(on_payment(json!({"geo": {"lat": 1.5}})), ("E013", "geo.lon".to_owned()));
    assert_eq!(on_payment(json!({"card_amount_minor": 5})), ("E013", "card_currency".to_owned()));
    let known = json!({"known_time_ms": NOW - 1});
    assert_eq!(one_fault(&with(EventType::Label, known)), ("E016", "known_time_ms".to_owned()));
    let mut failed = with(EventType::Login, json!({"outcome": "unknown_account"}));
    failed.as_object_mut().unwrap().remove("account_id");
    accepted(&failed);
}

#[test]
fn an_object_that_does_not_belong_is_one_fault() {
    let event = with(EventType::FxRate, json!({"device": {"device_id": "d", "os": "ios"}}));
    assert_eq!(one_fault(&event), ("E014", "device".to_owned()));
    let event = with(EventType::Dispute, json!({"network": {"ip": "1.2.3.4"}}));
    assert_eq!(one_fault(&event), ("E014", "network".to_owned()));
    let event = accepted(&with(EventType::Dispute, json!({"network": "visa"})));
    assert_eq!(event.text(ids::NETWORK), Some("visa"));
    assert_eq!(on_payment(json!({"network": "visa"})), ("E014", "network".to_owned()));
}

#[test]
fn clocks_may_run_ahead_a_little() {
    let at = |time: i64| {
        let event = with(EventType::Payment, json!({"event_time_ms": time}));
        Event::read(event.to_string().as_bytes(), Some(NOW))
    };
    let event = at(NOW + SKEW_MS).unwrap();
    assert_eq!((event.time(), event.warnings().len()), (NOW + SKEW_MS, 0));
    assert_eq!(event.number(ids::EVENT_AGE_MS) as i64, -SKEW_MS);
    let event = at(NOW + SKEW_MS + 1).unwrap();
    assert_eq!((event.time(), event.received()), (NOW, NOW));
    assert_eq!(event.number(ids::EVENT_TIME_MS) as i64, NOW);
    assert_eq!(event.warnings(), [Warning::ClockSkew(SKEW_MS + 1)]);
    assert!(at(NOW + DAY_MS).is_ok());
    assert_eq!(faults(at(NOW + DAY_MS + 1)), [("E007", "event_time_ms".to_owned())]);
    assert!(!at(NOW - LATENESS_MS).unwrap().is_late());
    assert!(at(NOW - LATENESS_MS - 1).unwrap().is_late());
}

#[test]
fn the_receipt_is_the_argument_else_the_field_else_the_event_time() {
    let event = with(EventType::Payment, json!({"received_time_ms": NOW + 5}));
    let received = |event: &Value, argument| {
        let event = Event::read(event.to_string().as_bytes(), argument).unwrap();
        assert_eq!(event.number(ids::RECEIVED_TIME_MS) as i64, event.received());
        event.received() - NOW
    };
    assert_eq!(received(&event, Some(NOW + 9)), 9);
    assert_eq!(received(&event, None), 5);
    assert_eq!(received(&example(EventType::Payment), None), 0);
}

#[test]
fn a_label_is_late_by_its_knowledge_and_not_by_its_act() {
    let label = with(EventType::Label, json!({"event_time_ms": NOW - 9 * DAY_MS}));
    let label = accepted(&label);
    assert!(!label.is_late());
    assert_eq!(label.time(), NOW - 9 * DAY_MS);
}

#[test]
fn absent_envelope_fields_have_their_defaults() {
    let event = accepted(&example(EventType::Payment));
    assert!(event.is_score_requested() && !event.is_test());
    assert_eq!((event.sequence(), event.bits(ids::TENANT_ID)), (0, Some(0)));
    assert_eq!(event.bits(ids::SCHEMA_VERSION), Some(1));
    assert!(!accepted(&example(EventType::AuthResult)).is_score_requested());
    let told = json!({"score_requested": false, "test_flag": true, "seq": 4});
    let event = accepted(&with(EventType::Payment, told));
    assert_eq!((event.is_score_requested(), event.is_test(), event.sequence()), (false, true, 4));
}

#[test]
fn null_is_absent_except_in_an_operators_answer() {
    let event = accepted(&with(EventType::Payment, json!({"seq": null, "device": null})));
    assert!(!event.has(ids::SEQ));
    assert_eq!(on_payment(json!({"event_id": null})), ("E013", "event_id".to_owned()));
    let event = accepted(&with(EventType::SimSignal, json!({"last_sim_change_ms": null})));
    assert_eq!(event.bits(ids::LAST_SIM_CHANGE_MS), Some(0));
    assert!(!event.has(ids::LAST_PORT_MS));
}

#[test]
fn amounts_follow_from_each_other_and_must_agree() {
    let cny = accepted(&example(EventType::Payment));
    assert_eq!((cny.bits(ids::BASE_MINOR), cny.bits(ids::USD_MINOR)), (Some(1_250), None));
    assert_eq!(cny.bits(ids::AMOUNT_LOG_E6), Some(7_131_699));
    let usd = accepted(&full_payment());
    assert_eq!(usd.bits(ids::BASE_MINOR), Some(70_522));
    assert_eq!(usd.bits(ids::USD_MINOR), Some(9_900));
    let euro = accepted(&with(EventType::Payment, json!({"currency": "EUR"})));
    assert!(!euro.has(ids::BASE_MINOR) && !euro.has(ids::AMOUNT_LOG_E6));
    assert_eq!(on_payment(json!({"base_minor": 1_249})), ("E016", "base_minor".to_owned()));
    let given = json!({"currency": "USD", "base_minor": 9_000, "usd_minor": 1_250});
    assert_eq!(accepted(&with(EventType::Payment, given)).bits(ids::BASE_MINOR), Some(9_000));
}

#[test]
fn derived_fields_follow_from_the_event() {
    let event = accepted(&full_payment());
    assert_eq!(event.text(ids::CARD_BIN), Some("41111111"));
    assert_eq!(event.bits(ids::CARD_BIN), Some(hash_text("41111111")));
    assert_eq!(event.text(ids::NETWORK_IP_PREFIX), Some("203.0.113.0/24"));
    assert_eq!(event.text(ids::GEO_COUNTRY), Some("CN"));
    assert_eq!(event.text(ids::PLACE_COUNTRY), Some("CN"));
    let number = |field| event.number(field);
    assert_eq!(number(ids::PLACE_LAT).to_bits(), 31.23_f64.to_bits());
    assert_eq!(number(ids::PLACE_ACCURACY_KM).to_bits(), 0.025_f64.to_bits());
    assert_eq!(number(ids::PLACE_CONFIDENCE).to_bits(), 1_f64.to_bits());
    // 2026-09-21 is a Monday; NOW is 14:13:20 UTC, 22:13:20 in China, 09:13:20 in New York's zone.
    assert_eq!((event.bits(ids::UTC_HOUR), event.bits(ids::UTC_WEEKDAY)), (Some(14), Some(1)));
    assert!((number(ids::LOCAL_HOUR) - (22.0 + 800.0 / 3_600.0)).abs() < 1e-9);
    assert!((number(ids::HOME_HOUR) - (9.0 + 800.0 / 3_600.0)).abs() < 1e-9);
    assert_eq!(event.bits(ids::LOCAL_WEEKDAY), Some(1));
    assert_eq!(event.bits(ids::LOCAL_DATE), Some(20_260_921));
    assert_eq!(event.bits(ids::UTC_DATE), Some(20_260_921));
    assert_eq!(event.text(ids::CARD_HOME_CURRENCY), Some("USD"));
    assert!(!event.has(ids::REF_EVENT_TYPE) && !event.has(ids::REF_TIME_MS));
    assert_eq!(event.text(ids::DEVICE_LANGUAGE_REGION), Some("US"));
    assert_eq!(event.text(ids::PLACE_GEOHASH4), Some("wtw3"));
    assert_eq!(event.text(ids::PLACE_GEOHASH5), Some("wtw3s"));
    assert_eq!(event.bits(ids::PLACE_GEOHASH4), Some(hash_text("wtw3")));
    let empty = accepted(&example(EventType::Transfer));
    for field in [ids::LOCAL_HOUR, ids::HOME_HOUR, ids::PLACE_LAT, ids::CARD_BIN, ids::GEO_COUNTRY]
    {
        assert!(!empty.has(field), "{field:?}");
    }
}

#[test]
fn dates_are_numbers_of_the_calendar() {
    let days = [
        (946_684_800_000_i64, 20_000_101),
        (951_782_400_000, 20_000_229),
        (951_868_800_000, 20_000_301),
        (1_740_787_199_999, 20_250_228),
        (1_740_787_200_000, 20_250_301),
        (1_798_761_599_999, 20_261_231),
        (1_798_761_600_000, 20_270_101),
        (4_102_358_400_000, 20_991_231),
    ];
    for (time, date) in days {
        let event =
            with(EventType::Payment, json!({"event_time_ms": time, "received_time_ms": time}));
        let read = Event::read(event.to_string().as_bytes(), None).unwrap();
        assert_eq!(read.bits(ids::UTC_DATE), Some(date), "{time}");
    }
}

#[test]
fn the_rate_of_a_payment_is_implied_or_said() {
    let rate = |changes: Value| {
        let event = accepted(&with(EventType::Payment, changes));
        let currency = event.text(ids::RATE_CURRENCY).map(str::to_owned);
        currency.zip(event.bits(ids::RATE_PAID_E9))
    };
    let card = json!({"card_token": "c1", "billing_currency": "EUR", "issuer_country": "US"});
    let of = |currency: &str, rate_e9| Some((currency.to_owned(), rate_e9));
    // 12.50 CNY for 2 EUR; what the amounts imply goes before what `fx` says.
    let asked = json!({"card_amount_minor": 200, "card_currency": "EUR", "fx": {"rate_e9": 7}});
    assert_eq!(rate(asked), of("EUR", 6_250_000_000));
    assert_eq!(rate(json!({"card": card, "fx": {"rate_e9": 7}})), of("EUR", 7));
    let card = json!({"card_token": "c1", "issuer_country": "US"});
    assert_eq!(rate(json!({"card": card, "fx": {"rate_e9": 7}})), of("USD", 7));
    assert_eq!(
        rate(json!({"currency": "JPY", "fx": {"rate_e9": 50_000_000}})),
        of("JPY", 50_000_000)
    );
    assert_eq!(rate(json!({})), None);
    let zero = json!({"card_amount_minor": 0, "card_currency": "EUR", "fx": {"rate_e9": 7}});
    assert_eq!(rate(zero), None);
    let refund = accepted(&with(EventType::Refund, json!({"fx": {"rate_e9": 7}})));
    assert_eq!(refund.bits(ids::RATE_REFUNDED_E9), Some(7));
    assert!(!refund.has(ids::RATE_PAID_E9));
}

#[test]
fn a_card_has_its_last_digits_as_a_number_and_months_to_its_expiry() {
    let of = |day: &str, expiry_ym: i64| {
        let days = value::days_since_1970(day).unwrap();
        let card = json!({"card_token": "t", "last4": "0042", "expiry_ym": expiry_ym});
        let mut event = with(EventType::CardLink, json!({"event_time_ms": days * DAY_MS}));
        add(&mut event["card"], card);
        let event = Event::read(event.to_string().as_bytes(), None).unwrap();
        assert_eq!(event.int(ids::CARD_LAST4_NUMBER), Some(42));
        event.int(ids::CARD_MONTHS_LEFT)
    };
    assert_eq!(of("2026-07-15", 202_607), Some(0));
    assert_eq!(of("2026-07-31", 202_606), Some(-1));
    assert_eq!(of("2026-12-31", 202_701), Some(1));
    assert_eq!(of("2027-01-01", 202_701), Some(0));
    assert_eq!(of("2028-02-29", 202_803), Some(1));
    assert_eq!(of("2028-03-01", 202_803), Some(0));
    assert_eq!(of("2000-02-29", 210_012), Some(12 * 100 + 10));
    assert!(!accepted(&example(EventType::CardLink)).has(ids::CARD_MONTHS_LEFT));
}

#[test]
fn a_faked_place_gives_way_to_the_address_and_a_hidden_address_to_nothing() {
    let place = |device: Value, network: Value| {
        let mut event = full_payment();
        add(&mut event["device"], device);
        add(&mut event["network"], network);
        event.as_object_mut().unwrap().remove("merchant");
        event["event_type"] = json!("transfer");
        for name in ["payment_id", "kind", "goods", "dcc"] {
            event.as_object_mut().unwrap().remove(name);
        }
        event["beneficiary_id"] = json!("b1");
        accepted(&event)
    };
    let faked = || json!({"mock_location": true});
    let event = place(faked(), json!({}));
    assert_eq!(event.text(ids::PLACE_COUNTRY), Some("US"));
    assert_eq!(event.text(ids::GEO_COUNTRY), Some("CN"));
    assert_eq!(event.number(ids::PLACE_CONFIDENCE).to_bits(), (0.6_f64 * 0.2).to_bits());
    // The place is at 97.8 degrees west: seven hours behind UTC.
    assert!((event.number(ids::LOCAL_HOUR) - (7.0 + 800.0 / 3_600.0)).abs() < 1e-9);
    let event = place(faked(), json!({"ip_usage": "residential"}));
    assert_eq!(event.number(ids::PLACE_CONFIDENCE).to_bits(), 0.6_f64.to_bits());
    for hidden in [json!({"is_tor": true}), json!({"ip_accuracy_km": 101})] {
        assert!(!place(faked(), hidden).has(ids::PLACE_LAT));
    }
}

#[test]
fn a_cell_is_named_only_by_a_fix_that_is_sure_of_it() {
    for (accuracy_m, four, five) in
        [(5_000, true, true), (5_001, true, false), (20_001, false, false)]
    {
        let mut event = full_payment();
        add(&mut event["geo"], json!({"accuracy_m": accuracy_m}));
        let event = accepted(&event);
        let has = (event.has(ids::PLACE_GEOHASH4), event.has(ids::PLACE_GEOHASH5));
        assert_eq!(has, (four, five), "{accuracy_m}");
    }
}

#[test]
fn the_region_of_a_language_is_told_where_the_tag_has_one() {
    let tags = [
        ("en-GB", Some("GB")),
        ("zh-Hans-CN", Some("CN")),
        ("pt_br", Some("BR")),
        ("de-DE-u-co-phonebk", Some("DE")),
        ("en", None),
        ("zh-Hant", None),
        ("en-x-US", None),
        ("es-419", None),
        ("en-ZZ", None),
    ];
    for (tag, region) in tags {
        let event =
            with(EventType::Payment, json!({"device": {"device_id": "d", "language": tag}}));
        assert_eq!(accepted(&event).text(ids::DEVICE_LANGUAGE_REGION), region, "{tag}");
    }
}

#[test]
fn texts_are_kept_canonical_and_hashed() {
    let mut event = full_payment();
    event["network"]["ip"] = json!("2001:0DB8:0001:0000::0042");
    event["device"]["model"] = json!("Pixel \"9\" \u{2013} Pro");
    let json = event.to_string().replace("acc-90210", "acc\\u002d90210");
    let event = Event::read(json.as_bytes(), Some(NOW)).unwrap();
    assert_eq!(event.text(ids::NETWORK_IP), Some("2001:db8:1::42"));
    assert_eq!(event.text(ids::NETWORK_IP_PREFIX), Some("2001:db8:1::/48"));
    assert_eq!(event.text(ids::DEVICE_MODEL), Some("Pixel \"9\" \u{2013} Pro"));
    assert_eq!(event.text(ids::ACCOUNT_ID), Some("acc-90210"));
    assert_eq!(event.bits(ids::ACCOUNT_ID), Some(hash_text("acc-90210")));
    assert_eq!(event.json(), json);
    let mapped = with(EventType::Payment, json!({"network": {"ip": "::ffff:192.0.2.1"}}));
    assert_eq!(accepted(&mapped).text(ids::NETWORK_IP), Some("192.0.2.1"));
}

#[test]
fn numbers_of_fields_are_what_the_kind_says() {
    let event = accepted(&full_payment());
    let number = |field| event.number(field);
    assert_eq!(number(ids::DEVICE_IS_ROOTED) as i64, 0);
    assert_eq!(number(ids::ACCOUNT_KYC_LEVEL) as i64, 3);
    assert_eq!(number(ids::CARD_ISSUER_COUNTRY) as u16, u16::from_be_bytes(*b"US"));
    assert_eq!(number(ids::DEVICE_OS_PATCH_DATE) as i64, 20_665);
    assert_eq!(number(ids::CHANNEL) as i64, 0);
    assert!(number(ids::ACCOUNT_ID).is_nan() && number(ids::DEVICE_IS_EMULATOR).is_nan());
    assert_eq!(event.text(ids::CURRENCY), Some("USD"));
    assert_eq!(event.text(ids::AMOUNT_MINOR), None);
}

#[test]
fn enrolled_factors_lie_flat_and_meet_in_any_order() {
    let early = json!({"factor": "passkey", "enrolled_ms": NOW - 9, "verified": false});
    let newer = json!({"enrolled_ms": NOW - 5, "last_used_ms": NOW - 2, "verified": true,
                       "factor": "passkey"});
    let idle = json!({"factor": "cool_off_hold", "enrolled_ms": NOW});
    for list in [json!([early, newer, idle]), json!([idle, newer, early])] {
        let event = with(EventType::Transfer, json!({"auth_ctx": {"factors_enrolled": list}}));
        let event = accepted(&event);
        let bits =
            |path: &str| event.bits(crate::field::find(path).unwrap()).map(|bits| bits as i64);
        assert_eq!(bits("factors.passkey.enrolled_ms"), Some(NOW - 9));
        assert_eq!(bits("factors.passkey.last_used_ms"), Some(NOW - 2));
        assert_eq!(bits("factors.passkey.verified"), Some(1));
        assert_eq!(bits("factors.totp.enrolled_ms"), None);
        assert_eq!(event.warnings(), [Warning::IgnoredFactor]);
    }
    // Of a factor that nobody knows or enrols nothing else is asked.
    let strange = json!([{"factor": "palm_vein"}, {"factor": "cvv_reentry", "enrolled_ms": "x"}]);
    let event = with(EventType::Transfer, json!({"auth_ctx": {"factors_enrolled": strange}}));
    let told: Vec<&str> = accepted(&event).warnings().iter().map(|w| w.name()).collect();
    assert_eq!(told, ["unknown_name", "ignored_factor"]);
    let wrong = json!([7, {"factor": "totp"}, {"factor": "totp", "enrolled_ms": 1, "since": 2},
                       {"factor": true, "enrolled_ms": NOW, "verified": "yes"}]);
    let event = with(EventType::Transfer, json!({"auth_ctx": {"factors_enrolled": wrong}}));
    let paths: Vec<(&str, String)> = faults(read(&event));
    let at = |item: &str| format!("auth_ctx.factors_enrolled{item}");
    assert_eq!(
        paths,
        [
            ("E011", at("[0]")),
            ("E013", at("[1].enrolled_ms")),
            ("E010", at("[2].since")),
            ("E012", at("[2].enrolled_ms")),
            ("E011", at("[3].factor")),
            ("E011", at("[3].verified")),
        ]
    );
}

#[test]
fn a_dispute_and_a_refund_refer_to_their_payment() {
    for event_type in [EventType::Dispute, EventType::Refund] {
        let event = accepted(&example(event_type));
        assert_eq!(event.text(ids::REF_ID), Some("pay-1"));
        assert_eq!(event.bits(ids::REF_ID), Some(hash_text("pay-1")));
    }
}

#[test]
fn adopting_never_overwrites_what_the_event_says() {
    let mut event = accepted(&example(EventType::AuthResult));
    event.adopt(ids::REF_EVENT_TYPE, EventType::Payment as u64);
    event.adopt(ids::ACCOUNT_ID, hash_text("a1"));
    event.adopt(ids::OUTCOME, 0);
    assert_eq!(event.text(ids::REF_EVENT_TYPE), Some("payment"));
    assert_eq!(event.bits(ids::ACCOUNT_ID), Some(hash_text("a1")));
    assert_eq!(event.text(ids::ACCOUNT_ID), None);
    assert_eq!(event.text(ids::OUTCOME), Some("approved"));
}

#[test]
fn debug_shows_no_personal_data() {
    let shown = format!("{:?}", accepted(&full_payment()));
    assert!(shown.contains("01J8ZQ4T7N6R5W3V2X1Y0K9HBD") && shown.contains("payment"));
    for secret in ["acc-90210", "203.0.113", "tok-1"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn the_hash_of_a_text_never_changes() {
    // Stored state and journals hold these numbers.
    assert_eq!(hash_text(""), 11_489_977_534_360_668_833);
    assert_eq!(hash_text("acc-90210"), 6_356_321_601_790_407_217);
}

#[test]
fn codes_are_unique() {
    let mut codes: Vec<&str> = CODES.iter().map(|(code, _, _)| *code).collect();
    codes.dedup();
    assert_eq!(codes.len(), CODES.len());
}

#[test]
fn mutated_events_never_panic_and_read_the_same_twice() {
    let seed = 20_260_731_u64;
    println!("seed {seed}");
    let mut state = seed;
    let mut below = |limit: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % limit
    };
    let mut seeds: Vec<String> = EventType::ALL.iter().map(|t| example(*t).to_string()).collect();
    seeds.push(full_payment().to_string());
    let scraps: [&[u8]; 16] = [
        b"null",
        b"1.5",
        b"-1",
        b"1e999",
        b"\"\"",
        b"[]",
        b"{}",
        b"\\u0000",
        b"\xff",
        b"true",
        b"99999999999999999999",
        b"{\"a\":[",
        b"\"4111111111111111\"",
        b"\"\\ud83d\\ude00\"",
        b":",
        b",",
    ];
    let (mut good, mut bad) = (0, 0);
    for round in 0..20_000 {
        let mut json = seeds[below(seeds.len())].clone().into_bytes();
        for _ in 0..=below(2) {
            let at = below(json.len());
            match below(4) {
                0 => json[at] = below(256) as u8,
                1 => drop(json.remove(at)),
                2 => drop(json.splice(at..at, scraps[below(scraps.len())].iter().copied())),
                _ => {
                    // Replace a whole value, so that types go wrong more often than syntax does.
                    let Some(colon) = json[at..].iter().position(|b| *b == b':') else { continue };
                    let start = at + colon + 1;
                    let end = json[start..].iter().position(|b| b",}".contains(b));
                    let end = start + end.unwrap_or(0);
                    drop(json.splice(start..end, scraps[below(scraps.len())].iter().copied()));
                }
            }
        }
        let shown = String::from_utf8_lossy(&json).into_owned();
        match (Event::read(&json, Some(NOW)), Event::read(&json, Some(NOW))) {
            (Ok(event), Ok(again)) => {
                good += 1;
                assert_eq!(event.json().as_bytes(), json);
                for (id, _) in crate::field::FieldId::all().zip(FIELDS) {
                    assert_eq!(event.bits(id), again.bits(id), "round {round}: {shown}");
                    assert_eq!(event.text(id), again.text(id), "round {round}: {shown}");
                }
            }
            (Err(list), Err(again)) => {
                bad += 1;
                assert_eq!(list, again, "round {round}");
                assert!(!list.is_empty() && list.len() <= FAULTS_MAX + 1);
                for fault in &list {
                    assert!(CODES.iter().any(|(code, _, _)| *code == fault.code));
                    assert!(!fault.to_string().contains(PAN), "round {round}: {fault}");
                }
            }
            _ => panic!("round {round} was accepted once: {shown}"),
        }
    }
    println!("{good} accepted, {bad} refused");
    assert!(500 < good && 5_000 < bad);
}
