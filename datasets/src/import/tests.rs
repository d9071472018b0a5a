use std::io::Write;

use features::event::Event;
use serde_json::Value;

use super::*;
use crate::read::{Events, Source, labels};
use crate::scratch::Folder;

/// Imports one text by a map and gives the report; the files stay in the folder.
fn import_text(folder: &Folder, map: &ColumnMap, text: impl AsRef<[u8]>) -> Report {
    let path = folder.file("in.csv", text);
    import(&[path], map, &folder.path("out"), &mut |_| ()).unwrap()
}

fn built_in(name: &str) -> ColumnMap {
    ColumnMap::built_in(name).unwrap()
}

fn lines(folder: &Folder, name: &str) -> Vec<Value> {
    let text = folder.text(&format!("out/{name}"));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The members of a JSON object that are asked for, as one object.
fn pick(value: &Value, names: &[&str]) -> Value {
    let member = |name: &&str| ((*name).to_owned(), value.get(*name).cloned().unwrap_or_default());
    Value::Object(names.iter().map(member).collect())
}

const HANDBOOK: &str = "\
TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_TIME_SECONDS,TX_TIME_DAYS,\
TX_FRAUD,TX_FRAUD_SCENARIO
10,2018-04-02T00:00:05,7,300,285.79999999999995,86405,1,1,2
11,2018-04-01T10:00:00,8,301,20.0,36000,0,0,0
12,2018-04-01T10:00:00,8,302,0.0,36000,0,0,0
";

#[test]
fn handbook_rows_become_card_payments_and_labels() {
    let folder = Folder::new("handbook");
    let report = import_text(&folder, &built_in("handbook"), HANDBOOK);
    assert_eq!((report.rows, report.events, report.rejected), (3, 3, 0));
    assert_eq!((report.fraud, report.legit, report.unlabelled), (1, 2, 0));
    assert_eq!(report.first_time_ms, Some(1_522_576_800_000));
    assert_eq!(report.last_time_ms, Some(1_522_627_205_000));
    let events = lines(&folder, "events.ndjson");
    let ids: Vec<&Value> = events.iter().map(|event| &event["event_id"]).collect();
    assert_eq!(ids, ["t11", "t12", "t10"], "by time, then by place in the file");
    let wanted = serde_json::json!({
        "event_type": "payment", "event_id": "t10", "event_time_ms": 1_522_627_205_000_i64,
        "seq": 1, "account_id": "c7", "channel": "pos_scan", "payment_id": "p10",
        "kind": "merchant_qr_static", "amount_minor": 28_580, "currency": "EUR",
        "funding": "intl_card", "card": {"card_token": "card7"},
        "merchant": {"merchant_id": "m300"}, "base_minor": 223_210, "usd_minor": 33_724,
    });
    assert_eq!(events[2], wanted);
    let labels = lines(&folder, "labels.ndjson");
    let wanted = serde_json::json!({
        "event_type": "label", "event_id": "label-t10", "channel": "batch",
        "event_time_ms": 1_522_627_205_000_i64, "ref_id": "t10", "ref_type": "event",
        "label": "fraud", "source": "simulator", "known_time_ms": 1_522_627_205_000_i64,
        "typology": "scenario2",
    });
    assert_eq!(labels[2], wanted);
    assert_eq!(labels[0]["label"], "legit");
    assert_eq!(labels[0].get("typology"), None, "a scenario would give the truth away");
}

#[test]
fn sparkov_card_numbers_leave_only_as_tokens() {
    let folder = Folder::new("sparkov");
    let text = "\
trans_id,trans_date_trans_time,unix_time,cc_num,merchant,category,amt,merch_lat,merch_long,is_fraud
0,2019-01-01T00:02:27,1546300947,4111111111111111,\"fraud_O'Keefe, Kuhn\",gas_transport,\
72.56,42.1139,-71.7598,0
1,2019-01-01T00:03:10,1546300990,378282246310005,fraud_Bins-Rice,shopping_net,\
67.01,32.4942,-96.7886,1
2,2019-01-01T00:03:27,1546301007,4111111111111111,fraud_Emard Inc,travel,65.73,40.4289,-83.0517,0
";
    let report = import_text(&folder, &built_in("sparkov"), text);
    assert_eq!((report.events, report.fraud, report.rejected), (3, 1, 0));
    let whole = folder.text("out/events.ndjson");
    assert!(!whole.contains("4111111111111111") && !whole.contains("378282246310005"));
    let events = lines(&folder, "events.ndjson");
    assert_eq!(events[0]["card"]["card_token"], events[2]["card"]["card_token"]);
    assert_ne!(events[0]["card"]["card_token"], events[1]["card"]["card_token"]);
    let card = pick(&events[0]["card"], &["bin8", "bin6", "last4"]);
    let wanted = serde_json::json!({"bin8": "41111111", "bin6": "411111", "last4": "1111"});
    assert_eq!(card, wanted);
    assert_eq!(events[1]["card"].get("bin8"), None, "15 digits show six");
    assert_eq!(events[0]["merchant"]["merchant_id"], "fraud_O'Keefe, Kuhn");
    assert_eq!(events[0]["merchant"]["mcc"], 5541);
    assert_eq!(
        pick(&events[1], &["channel", "kind"]),
        serde_json::json!({
            "channel": "web", "kind": "in_app",
        })
    );
    assert_eq!(events[2]["geo"]["lat"], 40.4289);
}

#[test]
fn paysim_actions_become_five_kinds_of_events() {
    let folder = Folder::new("paysim");
    let text = "\
step,action,amount,nameOrig,oldBalanceOrig,newBalanceOrig,nameDest,oldBalanceDest,newBalanceDest,\
isFraud,isFlaggedFraud,isUnauthorizedOverdraft
1,CASH_IN,38371.74,C1,401138.25,439509.99,M1,0.00,0.00,0,0,0
1,CASH_OUT,10.00,C2,-5.00,0,M2,0.00,0.00,0,0,0
2,DEBIT,10.00,C2,50.00,40,B2,0.00,0.00,0,0,0
2,PAYMENT,10.50,C2,40.00,29.50,M3,0.00,0.00,0,0,0
3,TRANSFER,29.50,C2,29.50,0,C9,0.00,0.00,1,0,0
3,REFUND,29.50,C2,29.50,0,C9,0.00,0.00,0,0,0
";
    let report = import_text(&folder, &built_in("paysim"), text);
    let types: Vec<(&str, u64)> = report.by_type.iter().map(|(name, n)| (*name, *n)).collect();
    let wanted = [("payment", 1), ("third_party_topup", 1), ("transfer", 1), ("withdrawal", 2)];
    assert_eq!(types, wanted);
    assert_eq!((report.fraud, report.rejected), (1, 1));
    assert_eq!((report.reasons[0].code, report.reasons[0].column.as_str()), ("D024", "action"));
    let events = lines(&folder, "events.ndjson");
    let first = pick(&events[0], &["event_id", "event_time_ms", "intermediary_id", "base_minor"]);
    let wanted = serde_json::json!({
        "event_id": "r1", "event_time_ms": 1_577_840_400_000_i64, "intermediary_id": "M1",
        "base_minor": 3_837_174,
    });
    assert_eq!(first, wanted);
    assert_eq!(events[0]["account"]["balance_minor"], 40_113_825);
    assert_eq!(events[1].get("account"), None, "below zero is absent");
    assert_eq!(
        pick(&events[4], &["beneficiary_id", "amount_minor"]),
        serde_json::json!({
            "beneficiary_id": "C9", "amount_minor": 2_950,
        })
    );
}

#[test]
fn ecommerce_rows_carry_device_address_and_signup() {
    let folder = Folder::new("ecommerce");
    let text = "\
user_id,signup_time,purchase_time,purchase_value,device_id,source,browser,sex,age,\
ip_address,class,ip
5,2015-01-01T00:00:00,2015-01-01T00:00:01,14,DEV1,Ads,Chrome,F,38,1.0,1,119.75.87.224
6,2015-01-01T00:12:00,2015-03-01T00:12:00,63,DEV2,Direct,Chrome,M,31,1.0,0,40.228.203.47
7,2015-01-01T00:12:00,2015-03-01T00:12:00,63,DEV2,Direct,Chrome,M,31,1.0,0,40.228.203.470
";
    let report = import_text(&folder, &built_in("ecommerce"), text);
    assert_eq!((report.events, report.rejected), (2, 1));
    assert_eq!(report.reasons[0].column, "ip");
    let events = lines(&folder, "events.ndjson");
    assert_eq!(events[0]["account"]["created_ms"], 1_420_070_400_000_i64);
    assert_eq!(events[0]["amount_minor"], 1_400);
    assert_eq!(events[0]["network"]["ip"], "119.75.87.224");
    assert_eq!(events[1]["auth_ctx"]["referrer"], "direct");
}

#[test]
fn evalml_rows_have_currencies_networks_and_expiry() {
    let folder = Folder::new("evalml");
    let text = "\
id,card_id,store_id,datetime,amount,currency,customer_present,fraud,expiration_date,provider,lat,\
lng,region,country
0,32261,8516,2019-01-01T00:12:26,24900,JPY,1,0,08/24,Mastercard,38.58894,-89.99038,Fairview,US
1,16842,823,2019-01-01T00:18:31,50345,BYR,0,1,01/20,VISA 16 digit,5.27246999,-3.59625,Bonoua,
2,16842,823,2019-01-01T00:18:31,50345,SPL,0,1,01/20,VISA 16 digit,5.27246999,-3.59625,Bonoua,CI
";
    let report = import_text(&folder, &built_in("evalml"), text);
    assert_eq!((report.events, report.rejected), (2, 1));
    assert_eq!(report.reasons[0].code, "D025");
    assert_eq!(
        report.reasons[0].example,
        "got \"SPL\", wanted an ISO 4217 currency with minor units"
    );
    let events = lines(&folder, "events.ndjson");
    let first = pick(&events[0], &["amount_minor", "base_minor", "usd_minor", "channel"]);
    let wanted = serde_json::json!({
        "amount_minor": 24_900, "base_minor": 24_900, "usd_minor": 24_900, "channel": "pos_scan",
    });
    assert_eq!(first, wanted);
    assert_eq!(
        pick(&events[0]["card"], &["network", "expiry_ym"]),
        serde_json::json!({
            "network": "mastercard", "expiry_ym": 202_408,
        })
    );
    assert_eq!(events[1]["currency"], "BYN");
    assert_eq!(events[1]["merchant"].get("country"), None, "an empty cell is an absent field");
}

#[test]
fn cloudwalk_rows_may_lack_a_device_and_digits() {
    let folder = Folder::new("cloudwalk");
    let text = "\
transaction_id,merchant_id,user_id,card_number,transaction_date,transaction_amount,device_id,has_cbk
3,17348,8,650487******9884,2019-11-01T01:27:15.811098,2416.7,,FALSE
2,35930,7,511781******250,2019-11-01T01:29:45.799767,359.68,285475,TRUE
";
    let report = import_text(&folder, &built_in("cloudwalk"), text);
    assert_eq!((report.events, report.fraud, report.rejected), (2, 1, 0));
    let events = lines(&folder, "events.ndjson");
    assert_eq!(events[0].get("device"), None);
    assert_eq!(events[0]["event_time_ms"], 1_572_571_635_811_i64);
    assert_eq!(events[0]["card"]["last4"], "9884");
    assert_eq!(events[1]["card"].get("last4"), None);
    assert_eq!(events[1]["device"]["device_id"], "d285475");
    assert_eq!(lines(&folder, "labels.ndjson")[1]["source"], "chargeback");
}

#[test]
fn every_event_is_one_that_the_engine_reads() {
    let folder = Folder::new("door");
    import_text(&folder, &built_in("handbook"), HANDBOOK);
    for name in ["out/events.ndjson", "out/labels.ndjson"] {
        for line in folder.text(name).lines() {
            assert!(Event::read(line.as_bytes(), None).is_ok(), "{line}");
        }
    }
}

#[test]
fn a_bad_row_is_rejected_with_every_reason_and_the_others_go_on() {
    let folder = Folder::new("bad-rows");
    let header = HANDBOOK.lines().next().unwrap();
    let text = format!(
        "{header}\n\
         20,2018-04-01T00:00:01,1,1,1.5,1,0,0,0\n\
         21,yesterday,1,1,1.234,1,0,maybe,0\n\
         22,2018-04-01T00:00:02,1,1\n\
         20,2018-04-01T00:00:03,1,1,1.5,1,0,0,0\n\
         23,2018-04-01T00:00:04,1,1,,1,0,0,0\n\
         24,2018-04-01T00:00:05,1,1,-3,1,0,,0\n\
         25,2018-04-01T00:00:06,1,1,3,1,0,,0\n"
    );
    let report = import_text(&folder, &built_in("handbook"), text);
    assert_eq!((report.rows, report.events, report.rejected), (7, 2, 5));
    assert_eq!((report.legit, report.unlabelled), (1, 1));
    let rejected = lines(&folder, "rejected.ndjson");
    let row = |line: &Value| line["row"].as_u64().unwrap();
    assert_eq!(rejected.iter().map(row).collect::<Vec<u64>>(), [2, 3, 4, 5, 6]);
    assert_eq!(rejected[0]["file"], "in.csv");
    let reasons = rejected[0]["reasons"].as_array().unwrap();
    let told: Vec<(&str, &str)> = reasons
        .iter()
        .map(|r| (r["code"].as_str().unwrap(), r["column"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [("D023", "TX_DATETIME"), ("D022", "TX_AMOUNT"), ("D026", "TX_FRAUD")]);
    let message = reasons[0]["message"].as_str().unwrap();
    assert!(message.starts_with("got \"yesterday\", wanted an ISO 8601 time"), "{message}");
    assert_eq!(rejected[1]["reasons"][0]["message"], "has 4 cells, the header has 9");
    assert_eq!(rejected[2]["reasons"][0]["code"], "D027");
    assert_eq!(rejected[3]["reasons"][0]["field"], "amount_minor");
    let message = rejected[3]["reasons"][0]["message"].as_str().unwrap();
    assert!(message.contains("required") && !message.contains("card number"), "{message}");
    assert_eq!(rejected[4]["reasons"][0]["column"], "TX_AMOUNT");
    let summary: Value = serde_json::from_str(&folder.text("out/import.json")).unwrap();
    assert_eq!(summary["rejected"], 5);
    assert_eq!(summary["reasons"].as_array().unwrap().len(), report.reasons.len());
}

#[test]
fn a_card_number_in_an_id_is_rejected_and_never_written() {
    let folder = Folder::new("pan");
    let text =
        HANDBOOK.replace("\n11,", "\n4111111111111111,").replace(",20.0,", ",4111 1111 1111 1111,");
    let report = import_text(&folder, &built_in("handbook"), &text);
    assert_eq!((report.events, report.rejected), (2, 1));
    let text = HANDBOOK.replace("\n11,", "\n4111111111111111,");
    let folder = Folder::new("pan-id");
    let report = import_text(&folder, &built_in("handbook"), &text);
    assert_eq!((report.events, report.rejected), (2, 1));
    assert_eq!(report.reasons[0].column, "TRANSACTION_ID");
    for name in ["events.ndjson", "labels.ndjson", "rejected.ndjson", "import.json"] {
        assert!(!folder.text(&format!("out/{name}")).contains("4111"), "{name}");
    }
}

#[test]
fn the_same_inputs_give_the_same_bytes() {
    let mut text = HANDBOOK.lines().next().unwrap().to_owned() + "\n";
    for row in 0..20_000 {
        let (day, second) = (1 + row * 7 % 28, row % 60);
        let fraud = u8::from(row % 100 == 0);
        text.push_str(&format!(
            "{row},2018-05-{day:02}T10:00:{second:02},{},{},{}.5,0,0,{fraud},{fraud}\n",
            row % 50,
            row % 70,
            row % 1000,
        ));
    }
    let names = ["events.ndjson", "labels.ndjson", "rejected.ndjson", "import.json"];
    let runs = ["same-a", "same-b"].map(|name| {
        let folder = Folder::new(name);
        import_text(&folder, &built_in("handbook"), &text);
        names.map(|name| folder.text(&format!("out/{name}")))
    });
    assert!(runs[0] == runs[1]);
    let time = |line: &str| Event::read(line.as_bytes(), None).unwrap();
    let events: Vec<Event> = runs[0][0].lines().map(time).collect();
    assert_eq!(events.len(), 20_000);
    let order = |event: &Event| (event.time(), event.sequence());
    assert!(events.is_sorted_by_key(order), "by time, then by place in the file");
}

#[test]
fn gzip_is_known_by_content_and_several_inputs_count_on() {
    let folder = Folder::new("gzip");
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(HANDBOOK.as_bytes()).unwrap();
    let first = folder.file("first.csv", encoder.finish().unwrap());
    let header = HANDBOOK.lines().next().unwrap();
    let second = format!("\u{feff}{header}\n13,2018-04-03T00:00:00,9,303,5.00,0,2,0,0\n");
    let second = folder.file("second.csv", second);
    let mut seen = Vec::new();
    let map = built_in("handbook");
    let report =
        import(&[first.clone(), second], &map, &folder.path("out"), &mut |p| seen.push(p)).unwrap();
    assert_eq!((report.events, report.inputs.len()), (4, 2));
    assert_eq!((report.inputs[0].name.as_str(), report.inputs[0].rows), ("first.csv", 3));
    let hash = blake3::hash(&std::fs::read(first).unwrap()).to_hex().to_string();
    assert_eq!(report.inputs[0].blake3, hash);
    assert_eq!(lines(&folder, "events.ndjson")[3]["seq"], 4);
    let last = seen.last().unwrap();
    assert_eq!((last.rows, Some(last.bytes)), (4, last.total_bytes));
}

#[test]
fn missing_columns_are_told_at_once_and_nothing_is_left_behind() {
    let folder = Folder::new("missing-columns");
    let text = HANDBOOK.replace("TX_DATETIME", "TX_DATE_TIME").replace("TX_AMOUNT", "SUM");
    let path = folder.file("in.csv", text);
    let map = built_in("handbook");
    let error = import(&[path], &map, &folder.path("out"), &mut |_| ()).unwrap_err().to_string();
    assert!(error.contains("the input has no column \"TX_DATETIME\""), "{error}");
    assert!(error.contains("did you mean \"TX_DATE_TIME\"?"), "{error}");
    assert!(error.contains("the input has no column \"TX_AMOUNT\""), "{error}");
    assert_eq!(std::fs::read_dir(folder.path("out")).unwrap().count(), 0);
}

#[test]
fn a_failed_import_leaves_the_older_one_whole() {
    let folder = Folder::new("older");
    let map = built_in("handbook");
    import_text(&folder, &map, HANDBOOK);
    let before = folder.text("out/import.json");
    let good = folder.path("in.csv");
    let missing = folder.path("nowhere.csv");
    let error = import(&[good, missing], &map, &folder.path("out"), &mut |_| ()).unwrap_err();
    assert!(error.to_string().contains("nowhere.csv"), "{error}");
    assert_eq!(folder.text("out/import.json"), before);
    assert_eq!(std::fs::read_dir(folder.path("out")).unwrap().count(), 4);
}

#[test]
fn what_was_imported_reads_back_merged_with_its_labels() {
    let folder = Folder::new("round");
    let text = HANDBOOK.replace("delay", "");
    import_text(&folder, &built_in("handbook"), text);
    let items = Events::open(&folder.path("out")).unwrap().map(Result::unwrap);
    let order: Vec<(Source, bool)> = items.map(|i| (i.source, i.event.is_ok())).collect();
    let (event, label) = ((Source::Events, true), (Source::Labels, true));
    assert_eq!(order, [event, event, label, label, event, label]);
    let truths = labels(&folder.path("out"), i64::MAX).unwrap();
    assert_eq!(truths.len(), 3);
    let truth = truths.get("t10").unwrap();
    assert_eq!((truth.verdict, truth.typology.as_deref()), (Verdict::Fraud, Some("scenario2")));
}

#[test]
fn a_label_may_be_known_later_or_at_a_time_of_its_own() {
    let map = r#"
name = "own"
about = "a map of one's own"
event_type = "login"
[fields]
event_id = { column = "id", prefix = "e" }
event_time_ms = { column = "at", time = "milliseconds" }
channel = "web"
account_id = { column = "name", prefix = "a" }
outcome = { column = "ok", values = { y = "success" }, otherwise = "bad_password" }
method = { column = "how" }
login_name_hash = { column = "name", token = "names" }
device.device_id = { column = "device" }
device.is_rooted = { column = "rooted" }
[label]
column = "truth"
fraud = ["bad"]
legit = ["good"]
source = "analyst"
known = { column = "seen", time = "milliseconds" }
"#;
    let folder = Folder::new("known");
    let text = "id,at,ok,how,name,device,rooted,truth,seen\n\
        1,1700000000000,y,password,ann,d1,0,bad,1700000900000\n\
        2,1700000000001,n,pin,bob,d2,1,good,1700000100000\n\
        3,1700000000002,n,telepathy,bob,d2,2,good,soon\n";
    let report = import_text(&folder, &ColumnMap::parse(map).unwrap(), text);
    assert_eq!((report.events, report.rejected), (2, 1), "{:#?}", report.reasons);
    let columns: Vec<&str> = report.reasons.iter().map(|reason| reason.column.as_str()).collect();
    assert_eq!(columns, ["seen", "rooted", "how"]);
    let labels = lines(&folder, "labels.ndjson");
    assert_eq!(labels[0]["ref_id"], "e2", "sorted by the time of knowledge");
    assert_eq!(labels[1]["known_time_ms"], 1_700_000_900_000_i64);
    let events = lines(&folder, "events.ndjson");
    assert_eq!(events[1]["outcome"], "bad_password");
    assert_eq!(events[1]["device"]["is_rooted"], true);
}

#[cfg(not(feature = "offline"))]
#[test]
fn parquet_without_the_feature_names_it() {
    let folder = Folder::new("no-parquet");
    let path = folder.file("in.csv", b"PAR1....");
    let map = built_in("handbook");
    let error = import(&[path], &map, &folder.path("out"), &mut |_| ()).unwrap_err().to_string();
    assert!(error.contains("`offline`"), "{error}");
}

#[cfg(feature = "offline")]
#[test]
fn parquet_goes_through_the_same_maps() {
    use crate::write::{FactsWriter, LabelColumn};

    let folder = Folder::new("parquet-import");
    let path = folder.path("in.parquet");
    let mut writer = FactsWriter::create(&path, &["total"], LabelColumn::With).unwrap();
    for row in 0..5_000_i64 {
        let total = if row == 17 { f64::NAN } else { row as f64 / 100.0 };
        let time = 1_700_000_000_000 - row;
        writer.write(&row.to_string(), time, &[total], Some(Verdict::Fraud)).unwrap();
    }
    writer.finish().unwrap();
    let map = r#"
name = "table"
about = "a table of payments"
event_type = "payment"
[fields]
event_id = { column = "event_id", prefix = "t" }
event_time_ms = { column = "event_time_ms", time = "milliseconds" }
account_id = "a1"
channel = "web"
payment_id = { column = "event_id", prefix = "p" }
kind = "in_app"
amount_minor = { column = "total", unit = "major" }
currency = "EUR"
funding = "other"
merchant.merchant_id = "shop"
[label]
column = "label"
fraud = ["1"]
legit = ["0"]
source = "analyst"
delay = "0d"
"#;
    let map = ColumnMap::parse(map).unwrap();
    let report = import(&[path], &map, &folder.path("out"), &mut |_| ()).unwrap();
    let counts = (report.rows, report.events, report.fraud);
    assert_eq!(counts, (5_000, 4_999, 4_999), "{:?}", report.reasons);
    assert_eq!(report.reasons[0].column, "total", "the null is row 18");
    assert_eq!(lines(&folder, "rejected.ndjson")[0]["row"], 18);
    let events = lines(&folder, "events.ndjson");
    assert_eq!(events[0]["event_id"], "t4999");
    assert_eq!(events[0]["amount_minor"], 4_999);
}
