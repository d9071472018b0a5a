//! For every code an input that raises it, or the words why there is none to show.

/// What raises a code.
#[derive(Clone, Copy, Debug)]
pub enum Example {
    /// A policy.
    Policy(&'static str),
    /// Something of this kind that is too long to be written here.
    Made(Door, fn() -> String),
    /// A policy, and events on which it is tried: each so many times, with a number for `{n}`.
    Data(&'static str, &'static [(&'static str, u32)]),
    /// An event.
    Event(&'static str),
    /// A change of the small sound model: what is replaced, and by what.
    Model(&'static str, &'static str),
    /// A model of LightGBM.
    LightGbm(&'static str),
    /// A change of the small sound column map.
    Map(&'static str, &'static str),
    /// A built-in column map and a table that is read with it.
    Rows(&'static str, &'static str),
    /// Settings of a world.
    World(&'static str),
    /// A reference table of a world, by its file name.
    Table(&'static str, &'static str),
    /// A list of networks.
    Networks(&'static str),
    /// A list of networks, as an entry list of a policy.
    List(&'static str),
    /// A story.
    Story(&'static str),
    /// No input can show it: why, and where it is proved instead.
    Elsewhere(&'static str),
}

/// What reads an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// The check of policies.
    Policy,
    /// The reader of events.
    Event,
    /// The reader of networks.
    Networks,
    /// The reader of entry lists.
    List,
    /// The reader of stories.
    Story,
}

impl Example {
    /// The input, as far as it can be shown.
    pub fn text(&self) -> String {
        match self {
            Example::Policy(text)
            | Example::Event(text)
            | Example::LightGbm(text)
            | Example::Rows(_, text)
            | Example::World(text)
            | Example::Table(_, text)
            | Example::Networks(text)
            | Example::List(text)
            | Example::Story(text) => (*text).to_owned(),
            Example::Data(policy, events) => {
                let events = events.iter().map(|(event, times)| format!("\n{times} times {event}"));
                format!("{policy}\n{}", events.collect::<String>())
            }
            Example::Made(_, make) => make(),
            Example::Model(old, new) => models::one_question(-1.0, 1.0).replacen(old, new, 1),
            Example::Map(old, new) => MAP.replacen(old, new, 1),
            Example::Elsewhere(why) => (*why).to_owned(),
        }
    }
}

/// A small sound column map.
const MAP: &str = r#"name = "shop"
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

const PAYMENT: &str = r#"{"event_id":"e1","event_type":"payment","event_time_ms":1790000000000,"channel":"app_ios","account_id":"a1","payment_id":"p1","kind":"in_app","funding":"balance","amount_minor":1250,"currency":"CNY","merchant":{"merchant_id":"m1"}}"#;

/// Many lets, none of them sound.
fn many_faults() -> String {
    (0..60).map(|n| format!("let a{n} = ?\n")).collect()
}

fn too_long() -> String {
    format!("# {}\n", "x".repeat(features::language::TEXT_BYTES_MAX))
}

fn long_name() -> String {
    format!("let {} = payment", "a".repeat(features::language::NAME_BYTES_MAX + 1))
}

fn nested() -> String {
    let deep = features::language::NESTING_MAX as usize + 2;
    format!("let x = {}a{}", "(".repeat(deep), ")".repeat(deep))
}

fn long_sum() -> String {
    let terms = vec!["1"; features::language::HEIGHT_MAX as usize + 2];
    format!("let x = {}", terms.join(" + "))
}

fn many_windows() -> String {
    let windows: Vec<String> =
        (1..=features::language::PARTS_MAX + 1).map(|n| format!("{n}m")).collect();
    format!("feature f_{{{}}} \"\" = usd_minor", windows.join(","))
}

fn many_facts() -> String {
    let windows: Vec<String> = (1..=64).map(|minutes| format!("{minutes}m")).collect();
    let family = |n| format!("feature f{n}_{{{}}} \"\" = usd_minor\n", windows.join(","));
    (0..257).map(family).collect()
}

fn doubled() -> String {
    let lets: String = (1..=30).map(|n| format!("let d{n} = d{0} or d{0}\n", n - 1)).collect();
    format!("let d0 = payment\n{lets}rule r \"\" when d30 then review because MERCHANT_RISK")
}

fn many_warnings() -> String {
    let lets: String = (0..60).map(|n| format!("let a{n} = payment\n")).collect();
    format!("{lets}rule r \"\" when ip_is_tor then review because ANON_NETWORK")
}

fn many_members() -> String {
    let members: String = (0..30).map(|n| format!("\"x{n}\":1,")).collect();
    PAYMENT.replacen('{', &format!("{{{members}"), 1)
}

fn deep_event() -> String {
    PAYMENT.replacen(r#""m1""#, &format!("{}{}", "[".repeat(20), "]".repeat(20)), 1)
}

fn long_event() -> String {
    PAYMENT.replacen(r#""m1""#, &format!("\"{}\"", "m".repeat(9_000)), 1)
}

fn long_who() -> String {
    format!("value,who\n10.0.0.0/8,{}\n", "x".repeat(65))
}

fn many_entries() -> String {
    format!("value\n{}", "10.0.0.1/8\n".repeat(features::limits::LIST_FAULTS_MAX + 100))
}

fn many_networks() -> String {
    format!("network,vpn\n{}", "nowhere,true\n".repeat(30))
}

const RULE: &str = "rule r \"\" on payment when ip_is_tor then review because ANON_NETWORK";

/// Every example, by code.
pub fn examples() -> &'static [(&'static str, Example)] {
    EXAMPLES
}

const EXAMPLES: &[(&str, Example)] = &[
    // Text.
    ("P001", Example::Made(Door::Policy, too_long)),
    ("P002", Example::Made(Door::Policy, many_faults)),
    ("P003", Example::Policy("let x = payment;")),
    ("P004", Example::Policy("let x = payment\u{200b} or transfer")),
    ("P005", Example::Policy("policy \"a\nlet x = payment")),
    ("P006", Example::Policy(r#"policy "a\d""#)),
    ("P007", Example::Policy("let x = kind == 'bill'")),
    ("P008", Example::Policy("let x = payment // a remark")),
    ("P009", Example::Policy("let x = deviceId == 1")),
    ("P010", Example::Made(Door::Policy, long_name)),
    ("P011", Example::Policy("let x = usd_minor > 1__0")),
    ("P012", Example::Policy("let x = device.age > 24H")),
    ("P013", Example::Policy("let x = usd_minor > 5 usd")),
    (
        "P014",
        Example::Policy(
            "rule r \"\" when count(payment) by card over 0h > 1 then review because MERCHANT_RISK",
        ),
    ),
    (
        "P015",
        Example::Policy(
            "rule r \"\" when payment then review because MERCHANT_RISK until 2027-02-29",
        ),
    ),
    ("P016", Example::Policy("let x = payment && kind == bill")),
    ("P017", Example::Policy("let x = payment AND kind == bill")),
    ("P018", Example::Policy("let x = kind = bill")),
    ("P019", Example::Policy("let x = card is null")),
    ("P020", Example::Policy("rule r \"\" when payment and\n  then review because MERCHANT_RISK")),
    ("P021", Example::Policy("let x = 1 < usd_minor < 5")),
    ("P022", Example::Policy("let x = payment == not transfer")),
    ("P023", Example::Made(Door::Policy, nested)),
    ("P024", Example::Made(Door::Policy, long_sum)),
    ("P025", Example::Policy("let x = (payment or transfer")),
    ("P026", Example::Policy("let in = payment")),
    (
        "P027",
        Example::Policy(
            "rule r \"\" when count(payment) by card 24h >= 5 then review because MERCHANT_RISK",
        ),
    ),
    ("P028", Example::Policy("feature f \"\" = sum(usd_minor) by card over 1h")),
    (
        "P029",
        Example::Policy(
            "rule r \"\" when payment then review because MERCHANT_RISK owner \"x\" owner \"y\"",
        ),
    ),
    ("P030", Example::Policy("rul r \"\" when payment then review because MERCHANT_RISK")),
    ("P031", Example::Policy("let x = payment\n  let y = transfer")),
    ("P032", Example::Policy("let x = payment\npolicy \"p\"")),
    (
        "P033",
        Example::Policy("rule r \"\"\n  when payment\n  then review\n  becuase MERCHANT_RISK"),
    ),
    ("P034", Example::Policy("rule r \"\" because MERCHANT_RISK")),
    ("P035", Example::Policy("rule r \"\" when payment then approve because MERCHANT_RISK")),
    (
        "P036",
        Example::Policy("rule r \"\" when payment then review because MERCHANT_RISK suspects V1 7"),
    ),
    ("P037", Example::Policy("feature f{1h} \"\" = usd_minor")),
    ("P038", Example::Made(Door::Policy, many_windows)),
    (
        "P039",
        Example::Elsewhere(
            "bytes that are no text cannot be shown as one: features/src/language/tests/faults.rs",
        ),
    ),
    // Check.
    ("P101", Example::Policy(r#"feature a "" = amount_mior"#)),
    ("P102", Example::Policy("let attempt = payment")),
    ("P103", Example::Policy(r#"feature a "" = base_minor + 5 USD"#)),
    ("P104", Example::Policy(r#"rule r "" when base_minor then review because LIMIT_SINGLE"#)),
    ("P105", Example::Policy("let a = account_attempt_count_1h > 3")),
    ("P106", Example::Policy(r#"feature a "" = count(payment) by colour over 1h"#)),
    ("P107", Example::Policy(r#"feature a "" = count(payment) by card over 200d"#)),
    ("P108", Example::Policy(r#"list l "" = cidr ("10.0.0.0/99")"#)),
    (
        "P109",
        Example::Policy(
            r#"rule r "" on login when merchant.mcc == 5732 then review because MERCHANT_RISK"#,
        ),
    ),
    ("P110", Example::Made(Door::Policy, many_facts)),
    ("P111", Example::Made(Door::Policy, doubled)),
    (
        "P112",
        Example::Policy(
            "rule r \"\" on transfer when login[outcome == success] then transfer within 1h then review because MULE_PASS_THROUGH",
        ),
    ),
    ("P201", Example::Policy(r#"rule r "" on label when true then review because MERCHANT_RISK"#)),
    ("P202", Example::Policy(r#"rule r "" when true then review because MERCHNT_RISK"#)),
    (
        "P203",
        Example::Policy(r#"rule r "" when true then review because MERCHANT_RISK message MSG_NO"#),
    ),
    (
        "P204",
        Example::Policy(r#"rule r "" when true then challenge strength S9 because MERCHANT_RISK"#),
    ),
    (
        "P205",
        Example::Policy(
            "rule r \"\" when ip_is_tor then review because ANON_NETWORK\nrule r \"\" when ip_is_vpn then review because ANON_NETWORK",
        ),
    ),
    ("P206", Example::Policy(r#"exempt e "" when true from nobody because TRUSTED_CONTEXT"#)),
    ("P207", Example::Policy(r#"rule r "" when true then review"#)),
    ("P208", Example::Policy(r#"rule r "" when true then limit 5 USD because LIMIT_SINGLE"#)),
    ("P209", Example::Policy("set no_such = 1")),
    (
        "P210",
        Example::Policy(
            "rule r \"\" on payment when account_attempt_count_1h >= 5 then review because VELOCITY_ACCOUNT\n  hits { account_attempt_count_1h = 2 }",
        ),
    ),
    (
        "P211",
        Example::Policy(
            "rule r \"\" on payment when account_attempt_count_1h >= 5 then review because VELOCITY_ACCOUNT\n  hits { amount_usd = 2 }",
        ),
    ),
    (
        "P212",
        Example::Policy(
            "band a \"Worth a look\" = 30% .. 90% on payment then review because MODEL_ELEVATED\nband b \"More\" = 50% .. 95% on payment then review because MODEL_ELEVATED",
        ),
    ),
    (
        "P213",
        Example::Policy(
            "rule r \"\" on payment when ip_is_tor then tag colour watched for 7d because ANON_NETWORK",
        ),
    ),
    (
        "P214",
        Example::Elsewhere("conditions of ten times thirty thousand nodes: tests/it/policy.rs"),
    ),
    ("P215", Example::Policy("use \"nowhere.policy\"")),
    ("P216", Example::Policy("use \"x.policy\"")),
    (
        "P217",
        Example::Policy(
            "set passkey_fee_usd = 500\nset device_biometric_bypass_v2 = 0.9\nset push_number_match_fee_usd = 500\nset passport_selfie_fee_usd = 500\nset support_callback_fee_usd = 500",
        ),
    ),
    // Lint.
    ("P300", Example::Made(Door::Policy, many_warnings)),
    (
        "P301",
        Example::Policy(
            "rule r \"\" on payment when amount_usd > 5 and amount_usd < 3 then review because AMOUNT_UNUSUAL",
        ),
    ),
    (
        "P302",
        Example::Policy(
            "rule r \"\" on payment when ip_is_tor or bin_decline_ratio_1h >= 60 then review because BIN_ATTACK",
        ),
    ),
    (
        "P303",
        Example::Policy(
            "rule r \"\" on payment when account_attempt_count_1h >= 0 then review because VELOCITY_ACCOUNT",
        ),
    ),
    (
        "P304",
        Example::Policy(
            "rule r \"\" on payment when amount_usd > 5 and amount_usd > 3 then review because AMOUNT_UNUSUAL",
        ),
    ),
    (
        "P305",
        Example::Policy(
            "rule r \"\" on payment, login when merchant.mcc == 5944 then review because MERCHANT_RISK",
        ),
    ),
    (
        "P306",
        Example::Policy(
            "rule r \"\" on login when payment and ip_is_tor then review because ANON_NETWORK",
        ),
    ),
    (
        "P307",
        Example::Policy(
            "rule r \"\" on payment when ip_is_tor then review because ANON_NETWORK until 2020-06-30",
        ),
    ),
    (
        "P308",
        Example::Policy(
            "rule a \"\" on payment when amount_usd > 5 and ip_is_tor then review because ANON_NETWORK\nrule b \"\" on payment when ip_is_tor and amount_usd > 5 then review because ANON_NETWORK",
        ),
    ),
    (
        "P309",
        Example::Policy(
            "rule a \"\" on payment when ip_is_tor then decline because ANON_NETWORK\nrule b \"\" on payment when ip_is_tor and amount_usd > 5 then challenge because ANON_NETWORK",
        ),
    ),
    (
        "P310",
        Example::Policy(
            "let money_out = transfer or withdrawal\nrule r \"\" on payment when ip_is_tor then review because ANON_NETWORK",
        ),
    ),
    (
        "P311",
        Example::Policy(
            "rule r \"\" on payment when ip_is_tor then review because ANON_NETWORK\nexempt e \"\" on login when account_age_hours > 72 from r because TRUSTED_CONTEXT",
        ),
    ),
    (
        "P312",
        Example::Policy(
            "rule r \"\" on payment when ip_is_tor then review because ANON_NETWORK shadow\nexempt e \"\" on payment when account_age_hours > 72 from r because TRUSTED_CONTEXT",
        ),
    ),
    (
        "P313",
        Example::Policy(
            "rule r \"\" on payment when amount_usd == 9.99 then review because AMOUNT_UNUSUAL",
        ),
    ),
    (
        "P314",
        Example::Policy(
            "rule r \"\" on payment when (event_time_ms or else received_time_ms) - received_time_ms > 3s then review because MODEL_ANOMALY",
        ),
    ),
    ("P315", Example::Policy(RULE)),
    (
        "P316",
        Example::Policy(
            "rule r \"\" on payment when ip_is_vpn and os_patch_age_days > 700 then decline because IP_REPUTATION",
        ),
    ),
    (
        "P317",
        Example::Policy(
            "rule r \"\" on payment when account.nationality == \"FR\" and base_minor > 9_000 CNY then review because MERCHANT_RISK",
        ),
    ),
    // Data.
    (
        "P401",
        Example::Data(
            "rule r \"\" on payment when merchant.mcc == 5944 then review because MERCHANT_RISK",
            &[(PLAIN, 12)],
        ),
    ),
    (
        "P402",
        Example::Data(
            "rule a \"\" on payment when usd_minor > 1 USD then decline because LIMIT_SINGLE\nrule b \"\" on payment when merchant.mcc == 5944 then challenge because MERCHANT_RISK",
            &[(JEWELS, 12)],
        ),
    ),
    (
        "P403",
        Example::Data(
            "rule r \"\" on payment when merchant.mcc == 5944 then review because MERCHANT_RISK expect 0% .. 1%",
            &[(JEWELS, 12)],
        ),
    ),
    (
        "P404",
        Example::Data(
            "rule r \"\" on payment when merchant.mcc == 5944 then review because MERCHANT_RISK",
            &[(PLAIN, 12), (JEWELS, 8)],
        ),
    ),
    (
        "P405",
        Example::Data(
            "rule r \"\" on payment when merchant.mcc == 5944 then review because MERCHANT_RISK\nexempt e \"\" on payment when merchant.mcc == 5411 from r because TRUSTED_CONTEXT",
            &[(JEWELS, 12)],
        ),
    ),
    (
        "P406",
        Example::Data(
            "list watched \"Merchants to watch\" = value (\"M1\")\nrule r \"\" on payment when merchant in @watched then review because MERCHANT_RISK",
            &[(JEWELS, 12)],
        ),
    ),
    // Events.
    ("E001", Example::Event("{\"event_id\":")),
    ("E002", Example::Event(r#"{"event_id":"e1","event_id":"e2"}"#)),
    ("E003", Example::Made(Door::Event, deep_event)),
    ("E004", Example::Made(Door::Event, long_event)),
    ("E005", Example::Event(r#"{"event_id":"4111111111111111","event_type":"login"}"#)),
    ("E006", Example::Event(r#"{"event_id":"e1","event_type":"login","cvv":"123"}"#)),
    (
        "E007",
        Example::Event(
            r#"{"event_id":"e1","event_type":"login","event_time_ms":1790090000000,"received_time_ms":1790000000000,"channel":"app_ios","account_id":"a1","outcome":"success","method":"password","login_name_hash":"n1"}"#,
        ),
    ),
    (
        "E010",
        Example::Event(
            r#"{"event_id":"e1","event_type":"login","event_time_ms":1790000000000,"channel":"app_ios","acount_id":"a1"}"#,
        ),
    ),
    (
        "E011",
        Example::Event(
            r#"{"event_id":"e1","event_type":"login","event_time_ms":"now","channel":"app_ios"}"#,
        ),
    ),
    (
        "E012",
        Example::Event(
            r#"{"event_id":"e1","event_type":"login","event_time_ms":1790000000,"channel":"app_ios"}"#,
        ),
    ),
    (
        "E013",
        Example::Event(
            r#"{"event_id":"e1","event_type":"payment","event_time_ms":1790000000000,"channel":"app_ios","account_id":"a1"}"#,
        ),
    ),
    (
        "E014",
        Example::Event(
            r#"{"event_id":"e1","event_type":"login","event_time_ms":1790000000000,"channel":"app_ios","account_id":"a1","outcome":"success","method":"password","login_name_hash":"n1","beneficiary_id":"b1"}"#,
        ),
    ),
    (
        "E015",
        Example::Event(
            r#"{"event_id":"e1","event_type":"login","event_time_ms":1790000000000,"channel":"app_ios","account_id":"a1","outcome":"success","method":"password","login_name_hash":"n1","network":{"ip":"300.1.1.1"}}"#,
        ),
    ),
    (
        "E016",
        Example::Event(
            r#"{"event_id":"e1","event_type":"payment","event_time_ms":1790000000000,"channel":"app_ios","account_id":"a1","payment_id":"p1","kind":"in_app","funding":"balance","amount_minor":1250,"currency":"CNY","base_minor":99,"merchant":{"merchant_id":"m1"}}"#,
        ),
    ),
    (
        "E017",
        Example::Event(
            r#"{"event_id":"e1","event_type":"log_in","event_time_ms":1790000000000,"channel":"app_ios"}"#,
        ),
    ),
    ("E019", Example::Made(Door::Event, many_members)),
    (
        "E030",
        Example::Event(
            r#"{"event_id":"e1","event_type":"login","event_time_ms":1790000000000,"channel":"telepathy","account_id":"a1","outcome":"success","method":"password","login_name_hash":"n1"}"#,
        ),
    ),
    (
        "E031",
        Example::Event(
            r#"{"event_id":"e1","event_type":"login","event_time_ms":1790000600000,"received_time_ms":1790000000000,"channel":"app_ios","account_id":"a1","outcome":"success","method":"password","login_name_hash":"n1"}"#,
        ),
    ),
    (
        "E032",
        Example::Event(
            r#"{"event_id":"e1","event_type":"login","event_time_ms":1790000000000,"channel":"app_ios","account_id":"a1","outcome":"success","method":"password","login_name_hash":"n1","auth_ctx":{"factors_enrolled":[{"factor":"cvv_reentry","enrolled_ms":1780000000000}]}}"#,
        ),
    ),
    // Models.
    ("M001", Example::Model("{", "")),
    ("M002", Example::Model("\"format_version\": 1", "\"format_version\": 9")),
    ("M003", Example::Model("[\"amount_usd\"]", "[\"amont_usd\"]")),
    ("M004", Example::Model("[\"amount_usd\"]", "[\"amount_usd\", \"amount_usd\"]")),
    ("M005", Example::Model("[\"amount_usd\"]", "[]")),
    ("M006", Example::Model("\"leaf\": 1.0", "\"leaf\": 1e300")),
    ("M007", Example::Model("\"yes\": 1", "\"yes\": 7")),
    ("M008", Example::Model("\"slope\": 1.0", "\"slope\": -1.0")),
    ("M009", Example::Model("\"feature\": 0", "\"feature\": 3")),
    (
        "M010",
        Example::LightGbm("tree\nversion=v4\nfeature_names=amount_usd\n\nTree=0\nnum_leaves=two\n"),
    ),
    (
        "M020",
        Example::Elsewhere("rows come from facts, not from a text: models/src/training_set.rs"),
    ),
    (
        "M021",
        Example::Elsewhere("rows come from facts, not from a text: models/src/training_set.rs"),
    ),
    (
        "M022",
        Example::Elsewhere("rows come from facts, not from a text: models/src/training_set.rs"),
    ),
    (
        "M023",
        Example::Elsewhere("parameters come from the command line: models/src/training_set.rs"),
    ),
    ("M024", Example::Elsewhere("rows come from facts, not from a text: models/src/train.rs")),
    (
        "M025",
        Example::Elsewhere(
            "no input is known on which a learner gives up: models/src/train.rs turns its words into the code",
        ),
    ),
    // Data sets.
    ("D001", Example::Map("name = \"shop\"", "name = shop")),
    ("D002", Example::Map("base_rate", "base_rat")),
    ("D003", Example::Map("time = \"iso\" ", "")),
    ("D004", Example::Map("unit = \"major\"", "unit = \"mayor\"")),
    ("D005", Example::Map("channel = \"web\"", "chanel = \"web\"")),
    ("D006", Example::Map("event_type = \"payment\"", "event_type = \"paymnt\"")),
    ("D007", Example::Map("currency = \"EUR\"", "currency = \"EURO\"")),
    ("D008", Example::Map("{ column = \"shop\" }", "{ column = \"shop\", unit = \"major\" }")),
    ("D009", Example::Map("merchant.merchant_id = { column = \"shop\" }\n", "")),
    (
        "D010",
        Example::Map(
            "delay = \"7d\"",
            "delay = \"7d\"\nknown = { column = \"seen\", time = \"iso\" }",
        ),
    ),
    ("D011", Example::Rows("handbook", "TRANSACTION_ID,TX_DATETIME\n1,2018-04-01T00:00:01\n")),
    (
        "D020",
        Example::Rows(
            "handbook",
            "TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_FRAUD,TX_FRAUD_SCENARIO\n1,2018-04-01T00:00:01,7\n",
        ),
    ),
    (
        "D021",
        Example::Rows(
            "sparkov",
            "trans_num,trans_id,trans_date_trans_time,unix_time,cc_num,merchant,category,amt,merch_lat,merch_long,is_fraud\nx,0,2019-01-01T00:02:27,1546300947,4111111111111111,fraud_Bins,travel,72.56,north,-71.7598,0\n",
        ),
    ),
    (
        "D022",
        Example::Rows(
            "handbook",
            "TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_FRAUD,TX_FRAUD_SCENARIO\n1,2018-04-01T00:00:01,7,300,1.234,0,0\n",
        ),
    ),
    (
        "D023",
        Example::Rows(
            "handbook",
            "TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_FRAUD,TX_FRAUD_SCENARIO\n1,yesterday,7,300,1.25,0,0\n",
        ),
    ),
    (
        "D024",
        Example::Rows(
            "paysim",
            "step,action,amount,nameOrig,oldBalanceOrig,newBalanceOrig,nameDest,oldBalanceDest,newBalanceDest,isFraud,isFlaggedFraud,isUnauthorizedOverdraft\n1,BARTER,10.00,C1,50.00,40,M1,0.00,0.00,0,0,0\n",
        ),
    ),
    (
        "D025",
        Example::Elsewhere(
            "of the built-in maps only that of a large table reads currencies: datasets/src/import/tests.rs",
        ),
    ),
    (
        "D026",
        Example::Rows(
            "handbook",
            "TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_FRAUD,TX_FRAUD_SCENARIO\n1,2018-04-01T00:00:01,7,300,1.25,maybe,0\n",
        ),
    ),
    (
        "D027",
        Example::Rows(
            "handbook",
            "TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_FRAUD,TX_FRAUD_SCENARIO\n1,2018-04-01T00:00:01,7,300,1.25,0,0\n1,2018-04-01T00:00:02,7,300,1.25,0,0\n",
        ),
    ),
    (
        "D028",
        Example::Elsewhere(
            "bytes that are no text cannot be shown as one: datasets/src/import/tests.rs",
        ),
    ),
    ("D050", Example::World("peaks = ")),
    ("D051", Example::World("peeks = []")),
    ("D052", Example::World("payments.kinds = 3")),
    ("D053", Example::World("sessions.pin = 1.5")),
    ("D054", Example::World("personas.tourist.share = 0.9")),
    ("D055", Example::World("issuers.countries.QQ = 1.0")),
    (
        "D060",
        Example::Table(
            "binlist_ranges.csv",
            "iin_start,iin_end,scheme,type,country,bank_name\n411111,,visa,credit,US,A\n",
        ),
    ),
    (
        "D061",
        Example::Table(
            "binlist_ranges.csv",
            "iin_start,iin_end,scheme,type,prepaid,country,bank_name\n411111,,visa\n",
        ),
    ),
    (
        "D062",
        Example::Table(
            "tor_exit_nodes.lst",
            "1.0.0.999
",
        ),
    ),
    (
        "D063",
        Example::Table(
            "binlist_ranges.csv",
            "iin_start,iin_end,scheme,type,prepaid,country,bank_name\n411111,,visa,credit,n,USA,A\n",
        ),
    ),
    (
        "D064",
        Example::Table(
            "binlist_ranges.csv",
            "iin_start,iin_end,scheme,type,prepaid,country,bank_name\n41,,visa,credit,n,US,A\n",
        ),
    ),
    (
        "D065",
        Example::Table(
            "binlist_ranges.csv",
            "iin_start,iin_end,scheme,type,prepaid,country,bank_name\n411111,,visa,barter,n,US,A\n",
        ),
    ),
    (
        "D066",
        Example::Elsewhere("the table of addresses is packed: datasets/src/synth/atlas/tests.rs"),
    ),
    (
        "D070",
        Example::Elsewhere("an option of the command line, not of a text: tests/it/simulate.rs"),
    ),
    // Networks.
    ("N001", Example::Elsewhere("a database is binary: tests/it/networks.rs")),
    ("N002", Example::Networks("network,contry\n10.0.0.0/8,CN\n")),
    ("N003", Example::Networks("network,country,vpn\n10.0.0.0/8,CN\n")),
    ("N004", Example::Networks("network,country\n10.0.0.1/8,CN\n")),
    ("N005", Example::Networks("network,country\n10.0.0.0/8,China\n")),
    ("N006", Example::Networks("network,country\n10.0.0.0/8,CN\n10.0.0.0/8,US\n")),
    (
        "N007",
        Example::Elsewhere(
            "a file of more than 67 million networks; the bound is one comparison in features/src/networks/ranges.rs",
        ),
    ),
    ("N008", Example::Networks("network\n10.0.0.0/8\n")),
    ("N009", Example::Made(Door::Networks, many_networks)),
    // Lists.
    ("L001", Example::List("vaule,reason\n10.0.0.0/8,seen\n")),
    ("L002", Example::List("value,reason\n10.0.0.0/8\n")),
    ("L003", Example::List("value\n10.0.0.1/8\n")),
    ("L004", Example::List("value,reason\n10.0.0.0/8,4111 1111 1111 1111\n")),
    ("L005", Example::List("value,until\n10.0.0.0/8,soon\n")),
    ("L006", Example::List("value,scope\n10.0.0.0/8,paymnt\n")),
    ("L007", Example::List("value\n10.0.0.0/8\n10.0.0.0/8\n")),
    (
        "L008",
        Example::Elsewhere(
            "a file of more entries than a list may hold; one comparison in features/src/lists/file.rs",
        ),
    ),
    ("L009", Example::Made(Door::List, long_who)),
    ("L010", Example::Made(Door::List, many_entries)),
    (
        "L011",
        Example::Elsewhere("an entry in the JSON of a request, not in a file: tests/it/lists.rs"),
    ),
    // Stories.
    ("S001", Example::Story("once upon a time")),
    ("S002", Example::Story("at 0s login")),
    ("S003", Example::Story("story a")),
    ("S004", Example::Story("story a \"one\"\nstory a \"two\"")),
    ("S005", Example::Story("story a \"one")),
    ("S006", Example::Story("story a \"one\"\nat 0s log_in")),
    ("S007", Example::Story("story a \"one\"\nat noon login")),
    ("S008", Example::Story("story a \"one\"\nat 0s login outcome")),
    ("S009", Example::Story("story a \"one\"\nat 0s payment")),
    ("S010", Example::Story("story a \"one\"\nexpect decision approve")),
    (
        "S011",
        Example::Story(
            "story a \"one\"\nat 0s login outcome=success method=password login_name_hash=n1 account_id=a1\nexpect peace",
        ),
    ),
    (
        "S012",
        Example::Story(
            "story a \"one\"\nat 0s login outcome=success method=password login_name_hash=n1 account_id=a1\nexpect rule no_such hit",
        ),
    ),
    (
        "S013",
        Example::Story(
            "story a \"one\"\nat 0s login outcome=success method=password login_name_hash=n1 account_id=a1\nexpect ip_is_tor = maybe",
        ),
    ),
    (
        "S014",
        Example::Story("story a \"one\"\nat 0s sim_signal phone_hash=p1\nexpect decision approve"),
    ),
    (
        "S015",
        Example::Story(
            "story a \"one\"\nat 0s login outcome=success method=password login_name_hash=n1 account_id=a1",
        ),
    ),
    ("S016", Example::Made(Door::Story, many_story_lines)),
];

/// A payment at a jeweller's.
const JEWELS: &str = r#"{"event_id":"e{n}","event_type":"payment","event_time_ms":1790000000{n},"channel":"app_ios","account_id":"a1","payment_id":"p{n}","kind":"in_app","funding":"balance","amount_minor":99000,"currency":"CNY","base_minor":99000,"usd_minor":13000,"merchant":{"merchant_id":"m1","mcc":5944}}"#;

/// A payment that does not name a trade.
const PLAIN: &str = r#"{"event_id":"e{n}","event_type":"payment","event_time_ms":1790000000{n},"channel":"app_ios","account_id":"a1","payment_id":"p{n}","kind":"in_app","funding":"balance","amount_minor":1250,"currency":"CNY","merchant":{"merchant_id":"m1"}}"#;

fn many_story_lines() -> String {
    "once upon a time\n".repeat(60)
}
