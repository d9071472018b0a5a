use features::diagnostic::render;

use super::*;

/// A map that passes, for tests that spoil one line of it.
const SOUND: &str = r#"
name = "shop"
about = "a shop's payments"
event_type = "payment"
base_rate = 7.25

[fields]
event_id = { column = "id", prefix = "t" }
event_time_ms = { column = "at", time = "iso" }
channel = "web"
payment_id = { column = "id", prefix = "p" }
kind = "in_app"
amount_minor = { column = "total", unit = "major" }
currency = "EUR"
funding = "other"
merchant.merchant_id = { column = "shop" }

[label]
column = "bad"
fraud = ["1"]
legit = ["0"]
source = "analyst"
delay = "7d"
"#;

/// The diagnostics of the map, one line each: `line code message (help)`.
fn faults(text: &str) -> Vec<String> {
    let diagnostics = ColumnMap::parse(text).err().unwrap_or_default();
    let line = |fault: &Diagnostic| {
        let start = match fault.place {
            features::diagnostic::Place::Text { start, .. } => start as usize,
            _ => panic!("{fault} has no place in the text"),
        };
        let number = 1 + text[..start].matches('\n').count();
        let help = fault.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{number} {} {}{help}", fault.code, fault.message)
    };
    diagnostics.iter().map(line).collect()
}

/// The only fault after one line of the sound map was replaced.
fn fault_after(old: &str, new: &str) -> String {
    assert!(SOUND.contains(old), "{old}");
    let faults = faults(&SOUND.replace(old, new));
    assert_eq!(faults.len(), 1, "{faults:#?}");
    faults.into_iter().next().unwrap()
}

#[test]
fn every_built_in_map_passes_its_check_under_its_own_name() {
    for (name, text) in BUILT_IN.iter().zip(TEXTS) {
        match ColumnMap::parse(text) {
            Ok(map) => assert_eq!(map.name(), *name),
            Err(diagnostics) => panic!("{}", render(name, text, &diagnostics)),
        }
    }
}

#[test]
fn the_map_in_the_readme_passes_and_every_built_in_map_is_named_there() {
    let readme = include_str!("../../README.md");
    let map = readme.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    assert_eq!(faults(map), Vec::<String>::new());
    for name in BUILT_IN {
        assert!(readme.contains(&format!("| `{name}` |")), "{name}");
    }
}

#[test]
fn an_unknown_map_is_told_with_the_nearest_name() {
    let error = ColumnMap::find("handbok").unwrap_err().to_string();
    assert!(error.contains("did you mean \"handbook\""), "{error}");
}

#[test]
fn the_hash_is_of_the_text() {
    let map = ColumnMap::built_in("paysim").unwrap();
    assert_eq!(map.hash().len(), 64);
    assert_ne!(map.hash(), ColumnMap::built_in("evalml").unwrap().hash());
}

#[test]
fn nested_objects_are_written_dotted_quoted_or_as_a_table() {
    let quoted = SOUND.replace("merchant.merchant_id =", "\"merchant.merchant_id\" =");
    let table = SOUND.replace(
        "merchant.merchant_id = { column = \"shop\" }",
        "[fields.merchant]\nmerchant_id = { column = \"shop\" }\n",
    );
    for text in [SOUND, &quoted, &table] {
        assert_eq!(faults(text), Vec::<String>::new());
    }
}

#[test]
fn all_faults_are_told_at_once_with_the_nearest_names() {
    let text = r#"name = "shop"
about = "a shop's payments"
event_type = { column = "what", values = { buy = "paymnt", send = "transfer" } }
usd_rat = 1
[fields]
event_id = { colum = "id" }
event_time_ms = { column = "at" }
chanel = "web"
amount_minor = { column = "total", unit = "mayor" }
currency = "EURO"
merchant.mcc = { column = "category", unit = "major" }
local.hour = 3
[when.sent]
beneficiary_id = { column = "to", first = 3, last = 3 }
[label]
column = "bad"
fraud = []
source = "simulatr"
delay = "a week"
"#;
    let told = faults(text);
    let wanted = [
        "3 D006 unknown event type \"paymnt\" (did you mean \"payment\"?)",
        "4 D002 unknown key \"usd_rat\" (did you mean \"usd_rate\"?)",
        "6 D002 unknown key \"colum\" (did you mean \"column\"?)",
        "7 D003 a time needs `time`: \"iso\", \"seconds\", \"milliseconds\" or \"hours\"",
        "8 D005 unknown event field \"chanel\" (did you mean \"channel\"?)",
        "9 D004 `unit` is \"major\" or \"minor\"",
        "10 D007 currency is a currency of ISO 4217 with minor units",
        "11 D008 `unit` does not fit merchant.mcc; it takes values, otherwise",
        "12 D005 local.hour follows from others and is not mapped",
        "13 D006 no row is \"sent\": `event_type` does not list it (did you mean \"send\"?)",
        "14 D008 only one of `token`, `first` and `last` can hold",
        "17 D004 `fraud` is a list of cell texts in quotes",
        "18 D007 source is one of",
        "19 D004 `delay` is a length of time such as \"7d\" or \"0d\"",
    ];
    for wanted in wanted {
        assert!(told.iter().any(|told| told.starts_with(wanted)), "{wanted}\nin {told:#?}");
    }
    let needs = "3 D009 a transfer needs channel, beneficiary_id, not mapped here";
    assert!(told.iter().any(|told| told == needs), "{told:#?}");
    let simulator = "did you mean \"simulator\"?";
    assert!(told.iter().any(|told| told.contains(simulator)), "{told:#?}");
    let lines = told.iter().map(|told| told.split(' ').next().unwrap().parse::<u32>().unwrap());
    assert!(lines.is_sorted(), "{told:#?}");
}

#[test]
fn a_field_that_the_event_type_requires_must_be_mapped() {
    let told = fault_after("merchant.merchant_id = { column = \"shop\" }", "");
    assert_eq!(told, "4 D009 a payment needs merchant.merchant_id, not mapped here");
    let told = fault_after("kind = \"in_app\"", "device.os = \"ios\"\nkind = \"in_app\"");
    assert_eq!(told, "4 D009 a payment needs device.device_id, not mapped here");
    let told = fault_after("funding = \"other\"", "beneficiary_id = \"x\"\nfunding = \"other\"");
    assert_eq!(told, "15 D008 beneficiary_id does not stand on a payment");
}

#[test]
fn what_is_given_twice_is_told() {
    let told = fault_after("currency = \"EUR\"", "currency = \"EUR\"\nbase_minor = 5");
    assert!(told.ends_with("D010 base_minor is given here and by a rate"), "{told}");
    let told = fault_after("legit = [\"0\"]", "legit = [\"0\", \"1\"]");
    assert!(told.ends_with("D010 \"1\" means both fraud and legit"), "{told}");
    let told = fault_after("delay", "known = { column = \"seen\", time = \"iso\" }\ndelay");
    assert!(told.ends_with("D010 `delay` and `known` are given, one is wanted"), "{told}");
}

#[test]
fn constants_must_be_what_their_field_takes() {
    let told = fault_after("\"in_app\"", "\"in_ap\"");
    assert!(told.starts_with("12 D007 kind is one of merchant_qr_static"), "{told}");
    assert!(told.ends_with("(did you mean \"in_app\"?)"), "{told}");
    let told = fault_after("\"in_app\"", "\"in_app\"\nmerchant.mcc = 10000");
    assert!(told.contains("merchant.mcc is a whole number from 0 to 9999"), "{told}");
    let told = fault_after("\"in_app\"", "\"in_app\"\nmerchant.country = \"de\"");
    assert!(told.contains("D007 merchant.country is two capital letters"), "{told}");
}

#[test]
fn broken_toml_is_told_with_its_place() {
    let told = faults("name = \nabout = \"x\"");
    assert!(told[0].starts_with("1 D001 not TOML: "), "{told:?}");
}

#[test]
fn rates_are_exact() {
    assert_eq!(ColumnMap::parse(SOUND).unwrap().base_rate_e9, Some(7_250_000_000));
    let told = fault_after("7.25", "0.0000000001");
    assert!(told.contains("D004 `base_rate` is a number above 0"), "{told}");
    let told = fault_after("7.25", "-1");
    assert!(told.contains("D004 `base_rate` is a number above 0"), "{told}");
}
