//! The commands of `gyr`, end to end: a table goes in, events, decisions, reports and models come
//! out, and what is wrong is said in words and exit codes.
//!
//! The binary is looked for beside the test's own; it is built when it is missing or older than a
//! source, because a test run alone does not build it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::SystemTime;

use serde_json::Value;

/// A policy that every row of the made-up tables says something to.
const POLICY: &str = r#"
policy "tests"
rule large_payment "More than 150 USD in one payment"
  on payment  when usd_minor > 150 USD
  then decline  because AMOUNT_UNUSUAL  expect 0% .. 50%
rule busy_account "Four payments within an hour"
  on payment  when count(payment) by account over 1h >= 3
  then challenge strength S2  because VELOCITY_ACCOUNT  shadow
"#;

pub(crate) fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let profile = test.parent().and_then(Path::parent).unwrap();
        let path = profile.join(format!("gyr{}", std::env::consts::EXE_SUFFIX));
        let built = fs::metadata(&path).and_then(|meta| meta.modified()).ok();
        if built.is_none_or(|built| built < newest_source()) {
            let mut command = Command::new(env!("CARGO"));
            command.args(["build", "-p", "engine", "--bin", "gyr"]);
            if profile.ends_with("release") {
                command.arg("--release");
            }
            assert!(command.status().unwrap().success(), "the binary was not built");
        }
        path
    })
}

/// When a source of the binary was changed last.
fn newest_source() -> SystemTime {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut folders: Vec<PathBuf> =
        ["engine", "features", "models", "datasets"].map(|name| root.join(name)).into();
    let mut newest = SystemTime::UNIX_EPOCH;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let meta = entry.metadata().unwrap();
            if meta.is_dir() {
                folders.push(entry.path());
            } else {
                newest = newest.max(meta.modified().unwrap());
            }
        }
    }
    newest
}

/// A folder that goes away with the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("gyr-cli-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    pub(crate) fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.join(name).exists()
    }

    /// Runs `gyr` in the folder.
    pub(crate) fn gyr(&self, arguments: &[&str]) -> Output {
        Command::new(binary()).args(arguments).current_dir(&self.0).output().unwrap()
    }

    /// Runs `gyr`, which must end with code 0; its standard output.
    pub(crate) fn done(&self, arguments: &[&str]) -> String {
        let output = self.gyr(arguments);
        let talk = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "gyr {arguments:?}: {talk}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs `gyr`, which must end with this code; its standard error.
    pub(crate) fn fails(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.gyr(arguments);
        let talk = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "gyr {arguments:?}: {talk}");
        talk
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A table in the form of the handbook: `rows` payments from 2018-04-01 on, one every 200 seconds.
/// About one in ten is fraud, and frauds are larger, some of them only a little.
fn table(rows: u64) -> String {
    let mut text = String::from(
        "TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_TIME_SECONDS,\
         TX_TIME_DAYS,TX_FRAUD,TX_FRAUD_SCENARIO\n",
    );
    let mut state = 42_u64;
    let mut random = |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for row in 0..rows {
        let seconds = row * 200;
        let (day, rest) = (seconds / 86_400, seconds % 86_400);
        let is_fraud = random(10) == 0;
        let cents = if is_fraud { 5_000 + random(30_000) } else { 500 + random(10_000) };
        let (customer, terminal) = (random(2_000), random(80));
        text.push_str(&format!(
            "{row},2018-04-{:02} {:02}:{:02}:{:02},{customer},{terminal},{}.{:02},{seconds},{day},\
             {fraud},{fraud}\n",
            day + 1,
            rest / 3_600,
            rest / 60 % 60,
            rest % 60,
            cents / 100,
            cents % 100,
            fraud = u8::from(is_fraud),
        ));
    }
    text
}

fn imported(name: &str, rows: u64) -> Folder {
    let folder = Folder::new(name);
    folder.write("table.csv", &table(rows));
    folder.write("tests.policy", POLICY);
    folder.done(&["import", "--map", "handbook", "table.csv", "--out", "data"]);
    folder
}

#[test]
fn a_table_becomes_events_decisions_and_a_report_with_the_same_decisions() {
    let folder = Folder::new("chain");
    let broken = "301,2018-04-02 00:00:00,1,1,not-a-number,0,1,0,0\n";
    folder.write("table.csv", &(table(300) + broken));
    folder.write("tests.policy", POLICY);
    let report = folder.done(&["import", "--map", "handbook", "table.csv", "--out", "data"]);
    assert!(report.contains("300") && report.contains("TX_AMOUNT"), "{report}");
    let again = ["import", "--map", "handbook", "table.csv", "--out", "data", "--json"];
    let report: Value = serde_json::from_str(&folder.done(&again)).unwrap();
    assert_eq!((&report["events"], &report["rejected"]), (&300.into(), &1.into()));

    let decisions = folder.done(&["score", "data", "--policy", "tests.policy", "--model", "none"]);
    assert_eq!(decisions.lines().count(), 300);
    let declined = decisions
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|decision| decision["decision"] == "decline")
        .count();
    assert!(0 < declined && declined < 300, "{declined}");
    folder.done(&[
        "backtest",
        "--data",
        "data",
        "--policy",
        "tests.policy",
        "--model",
        "none",
        "--out",
        "report.html",
        "--json",
        "report.json",
        "--decisions",
        "decisions.ndjson",
    ]);
    assert_eq!(folder.read("decisions.ndjson"), decisions);

    let report = folder.json("report.json");
    let volumes = &report["candidate"]["decisions"]["decline"];
    let counted: u64 = ["fraud", "genuine", "unknown"]
        .iter()
        .map(|truth| volumes[truth]["events"].as_u64().unwrap())
        .sum();
    assert_eq!(counted, declined as u64);
    let rule = &report["candidate"]["rules"][0];
    assert_eq!((&rule["name"], &rule["seen"]), (&"large_payment".into(), &300.into()));
    assert_eq!(rule["hits"]["fraud"]["events"], volumes["fraud"]["events"]);
    let page = folder.read("report.html");
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    assert!(page.contains("large_payment") && !page.contains("<script") && !page.contains("NaN"));
}

#[test]
fn two_policies_are_compared_in_decisions_and_money() {
    let folder = imported("against", 300);
    folder.write("strict.policy", &POLICY.replace("150 USD\n", "80 USD\n"));
    folder.done(&[
        "backtest",
        "--data",
        "data",
        "--policy",
        "strict.policy",
        "--against",
        "tests.policy",
        "--model",
        "none",
        "--out",
        "report.html",
        "--json",
        "report.json",
    ]);
    let report = folder.json("report.json");
    let flipped = &report["diff"]["flipped"];
    assert!(0 < flipped["fraud"]["events"].as_u64().unwrap(), "{flipped}");
    let net = |side: &str| report[side]["money"]["net_usd_minor"].as_i64().unwrap();
    let gained = flipped["fraud"]["usd_minor"].as_i64().unwrap();
    let lost = flipped["genuine"]["usd_minor"].as_i64().unwrap();
    assert_eq!(net("candidate") - net("against"), gained - lost);
    assert!(folder.read("report.html").contains("decisions flip"));
}

#[test]
fn a_trained_model_finds_fraud_that_it_has_not_seen() {
    let folder = imported("train", 6_000);
    let train = [
        "train",
        "--data",
        "data",
        "--train",
        "2018-04-01..2018-04-08",
        "--delay",
        "1d",
        "--features",
        "account_*,amount_*,merchant_*",
        "--seed",
        "7",
        "--json",
        "--out",
    ];
    let card = folder.done(&[&train[..], &["first.model.json"]].concat());
    let card: Value = serde_json::from_str(&card).unwrap();
    assert_eq!(card["provenance"]["seed"], 7);
    assert_eq!(card["provenance"]["rows"], 8 * 432);
    folder.done(&[&train[..], &["second.model.json"]].concat());
    let unnamed = |name: &str| folder.read(name).replace("\"second\"", "\"first\"");
    assert_eq!(unnamed("first.model.json"), unnamed("second.model.json"));

    let measured = folder.done(&[
        "eval",
        "--data",
        "data",
        "--model",
        "first.model.json",
        "--scores",
        "scores.csv",
        "--json",
    ]);
    let measured: Value = serde_json::from_str(&measured).unwrap();
    // Eight days of training and one of delay: the tenth to the fourteenth are left.
    assert_eq!(measured["test"], "2018-04-10..2018-04-14");
    assert!(0.8 < measured["auc_roc"].as_f64().unwrap(), "{measured}");
    assert!(0 < measured["left_out"].as_u64().unwrap(), "{measured}");
    let scores = folder.read("scores.csv");
    assert!(scores.starts_with("event_id,p_fraud\n"), "{scores}");
    assert_eq!(scores.lines().count(), 1 + 6_000 - 9 * 432);
    let text = folder.done(&["eval", "--data", "data", "--model", "first.model.json"]);
    assert!(text.contains("average precision") && text.contains("card precision@100"), "{text}");
    folder.fails(
        2,
        &[
            "eval",
            "--data",
            "data",
            "--model",
            "first.model.json",
            "--test",
            "2018-04-08..2018-04-09",
        ],
    );
    folder.done(&["score", "data", "--model", "first.model.json", "--out", "scored.ndjson"]);
    assert_eq!(folder.read("scored.ndjson").lines().count(), 6_000);
}

#[test]
fn no_model_learns_from_keys_or_from_where_a_person_comes_from() {
    let folder = imported("unlearnable", 6_000);
    let policy = "feature is_local \"Has the nationality\" = account.nationality == \"CN\"
feature at_home \"Pays where the nationality is\" = account.nationality == merchant.country
feature last_shop \"Where the account paid before\" = last(merchant of payment) by account over 1d
feature spent_1h \"Spent within the hour\" = sum(base_minor of payment) by account over 1h
";
    folder.write("own.policy", policy);
    let train = |features: &str| {
        let begin = ["train", "--data", "data", "--policy", "own.policy", "--out", "m.json"];
        let days = ["--train", "2018-04-01..2018-04-08", "--delay", "1d", "--features", features];
        folder.gyr(&[&begin[..], &days[..]].concat())
    };
    let talk = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    // Both are told at once, and nothing is written.
    let refused = train("spent_1h,is_local,last_shop,at_home");
    assert_eq!(refused.status.code(), Some(2), "{}", talk(&refused));
    let wanted = [
        "no model learns from \"is_local\": it weighs `account.nationality` by itself",
        "no model learns from \"last_shop\": it is the key of a text",
    ];
    wanted.iter().for_each(|words| assert!(talk(&refused).contains(words), "{}", talk(&refused)));
    assert!(!talk(&refused).contains("\"at_home\"") && !talk(&refused).contains("\"spent_1h\""));
    assert!(!folder.has("m.json"));
    // A pattern means what can be learned from.
    let trained = train("*_local,last_*,spent_*,amount_*");
    assert!(trained.status.success(), "{}", talk(&trained));
    let left_out = talk(&trained);
    let left_out = left_out.lines().find(|line| line.starts_with("left out: ")).unwrap();
    assert!(left_out.contains("is_local") && left_out.contains("last_shop"), "{left_out}");
    let learned = folder.json("m.json")["features"].as_array().unwrap().clone();
    assert!(learned.contains(&Value::from("spent_1h")), "{learned:?}");
    for name in ["is_local", "last_shop"] {
        assert!(!learned.contains(&Value::from(name)), "{learned:?}");
    }
}

#[test]
fn facts_have_a_row_for_each_scored_event_and_a_column_for_each_feature() {
    let folder = imported("facts", 50);
    let policy = "feature my_count \"Payments\" unit count missing zero\n  \
                  = count(payment) by account over 36h including this\n";
    folder.write("my.policy", policy);
    folder.done(&[
        "facts",
        "--data",
        "data",
        "--policy",
        "my.policy",
        "--features",
        "my_*",
        "--out",
        "facts.csv",
    ]);
    let facts = folder.read("facts.csv");
    let mut lines = facts.lines();
    assert_eq!(lines.next(), Some("event_id,event_time_ms,my_count"));
    assert_eq!(lines.next(), Some("t0,1522540800000,1"));
    assert_eq!(lines.count(), 49);
    let talk =
        folder.fails(2, &["facts", "--data", "data", "--features", "cuont_*", "--out", "f.csv"]);
    assert!(talk.contains("no feature matches \"cuont_*\""), "{talk}");
    let talk = folder.fails(2, &["facts", "--data", "data", "--out", "facts.xlsx"]);
    assert!(talk.contains(".csv"), "{talk}");
}

#[test]
fn bad_rows_are_told_with_field_and_code_and_the_rest_is_scored() {
    let folder = imported("bad-rows", 3);
    let events = folder.read("data/events.ndjson");
    let mut lines: Vec<String> = events.lines().map(str::to_owned).collect();
    lines.insert(1, lines[0].replace("\"currency\":\"EUR\"", "\"currency\":\"euros\""));
    lines.push("{not json".to_owned());
    folder.write("events.ndjson", &lines.join("\n"));
    let output = folder.gyr(&["score", "events.ndjson"]);
    let talk = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{talk}");
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 3);
    assert!(talk.contains("events.ndjson row 2: error E"), "{talk}");
    assert!(talk.contains(" at currency: "), "{talk}");
    assert!(talk.contains("row 5: error E") && talk.contains("2 bad rows"), "{talk}");

    let output = folder.gyr(&["score", "events.ndjson", "--strict", "--out", "half.ndjson"]);
    assert_eq!(output.status.code(), Some(1));
    let talk = String::from_utf8(output.stderr).unwrap();
    assert!(talk.contains("stopped at row 2"), "{talk}");
    assert!(!folder.0.join("half.ndjson").exists(), "a broken run leaves no file");
}

#[test]
fn events_come_from_standard_input_and_a_reader_may_stop_reading() {
    let folder = imported("stdin", 400);
    let mut child = Command::new(binary())
        .args(["score", "-", "--detail", "minimal"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let events = folder.read("data/events.ndjson");
    let first = events.lines().next().unwrap();
    child.stdin.take().unwrap().write_all(first.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let decision: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(decision["event_id"], "t0");

    let mut child = Command::new(binary())
        .args(["score", "data"])
        .current_dir(&folder.0)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "a closed pipe is no error");
}

#[test]
fn a_policy_is_checked_with_all_its_faults_and_places() {
    let folder = Folder::new("policy");
    folder.write("good.policy", POLICY);
    let text = folder.done(&["policy", "check", "good.policy", "--model", "none"]);
    assert!(text.contains("1 voting, 1 in shadow") && text.contains("no faults"), "{text}");
    let report = folder.done(&["policy", "check", "good.policy", "--model", "none", "--json"]);
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!((&report["rules"], &report["shadow_rules"]), (&1.into(), &1.into()));

    folder.write("bad.policy", &POLICY.replace("usd_minor", "usd_minro").replace("S2", "S9"));
    let output = folder.gyr(&["policy", "check", "bad.policy"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("bad.policy:4:20: error P101"), "{text}");
    assert!(text.contains("did you mean `usd_minor`?") && text.contains("^^^^^^^^^"), "{text}");
    assert!(text.contains("S9"), "{text}");
    let report = folder.gyr(&["policy", "check", "bad.policy", "--json"]).stdout;
    let report: Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(
        (&report["diagnostics"][0]["line"], &report["diagnostics"][0]["column"]),
        (&4.into(), &20.into())
    );
    let talk = folder.fails(1, &["score", "bad.policy", "--policy", "bad.policy"]);
    assert!(talk.contains("bad.policy:4:20"), "{talk}");
}

#[test]
fn a_policy_of_several_files_is_read_with_them_and_laid_out_file_by_file() {
    let folder = Folder::new("policy-files");
    let main = "policy \"house\"\nuse \"parts/base.policy\"\nrule big when spends and usd_minor > 150 USD \
                then review because LIMIT_SINGLE\n";
    folder.write("main.policy", main);
    std::fs::create_dir_all(folder.path("parts")).expect("a folder in a temporary folder");
    folder.write("parts/base.policy", "let  spends=payment # what counts\n");
    let text = folder.done(&["policy", "check", "main.policy", "--model", "none"]);
    assert!(text.contains("main.policy: no faults"), "{text}");

    let talk = folder.fails(1, &["policy", "fmt", "--check", "main.policy", "parts/base.policy"]);
    assert!(talk.contains("2 files would change"), "{talk}");
    assert_eq!(folder.read("main.policy"), main);
    folder.done(&["policy", "fmt", "main.policy", "parts/base.policy"]);
    assert_eq!(folder.read("parts/base.policy"), "let spends = payment  # what counts\n");
    assert!(folder.read("main.policy").contains("\nrule big\n  when spends and"));
    folder.done(&["policy", "fmt", "--check", "main.policy", "parts/base.policy"]);

    folder.write("parts/base.policy", "let spends = paiment\nlet x = \n");
    let output = folder.gyr(&["policy", "check", "main.policy"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("parts/base.policy:1:14: error P101"), "{text}");
    let talk = folder.fails(1, &["policy", "fmt", "main.policy", "parts/base.policy"]);
    assert!(talk.contains("parts/base.policy:2:7: error P020"), "{talk}");
    assert_eq!(folder.read("parts/base.policy"), "let spends = paiment\nlet x = \n");

    std::fs::remove_file(folder.path("parts/base.policy")).expect("it was written above");
    let talk = folder.fails(1, &["score", "main.policy", "--policy", "main.policy"]);
    assert!(
        talk.contains("main.policy:2:5: error P215: cannot read `parts/base.policy`"),
        "{talk}"
    );
    std::fs::write(folder.path("main.policy"), b"let a = \xff\n").expect("a temporary folder");
    let talk = folder.fails(1, &["score", "main.policy", "--policy", "main.policy"]);
    assert!(talk.contains("error P039: got byte 0xff in line 1"), "{talk}");
}

#[test]
fn a_policy_is_checked_with_data_and_for_its_costs() {
    let folder = imported("policy-data", 3_000);
    let text = format!(
        "{POLICY}rule tiny \"More than 100 USD\" on payment when usd_minor > 140 USD then challenge \
         because AMOUNT_UNUSUAL expect 40% .. 50%\n\
         rule blind \"The device\" on payment when device_is_emulator then decline because DEVICE_EMULATOR\n\
         rule idle \"Never\" on payment when usd_minor > 9_000 USD and usd_minor < 8_000 USD then review \
         because LIMIT_SINGLE\n"
    );
    folder.write("odd.policy", &text);
    let check = ["policy", "check", "odd.policy", "--model", "none", "--data", "data", "--costs"];
    let shown = folder.done(&check);
    for wanted in ["warning P301", "warning P401", "warning P403", "own questions", "3,000 events"]
    {
        assert!(shown.contains(wanted), "{wanted}: {shown}");
    }
    let report = folder.done(&[&check[..], &["--json"]].concat());
    let report: Value = serde_json::from_str(&report).unwrap();
    let rules = report["census"]["rules"].as_array().unwrap();
    let line = |name: &str| rules.iter().find(|line| line["rule"] == name).unwrap();
    assert_eq!(line("blind")["undecided"], 3_000);
    assert_eq!(line("blind")["missing_most"], "device_is_emulator");
    assert_eq!(line("idle")["hits"], 0);
    assert!(line("large_payment")["hits"].as_u64() < line("tiny")["hits"].as_u64());
    assert_eq!(report["costs"][0]["rule"], "busy_account", "the only one that asks the past");
    assert_eq!(report["costs"][0]["own_questions"], 1);
    let talk =
        folder.fails(1, &["policy", "check", "odd.policy", "--model", "none", "--deny-warnings"]);
    assert!(talk.contains("1 warning"), "{talk}");
    let strict = folder.done(&["policy", "check", "odd.policy", "--model", "none", "--strict"]);
    assert!(strict.contains("warning P315"), "{strict}");
}

#[test]
fn a_code_is_explained_with_an_example() {
    let folder = Folder::new("codes");
    let text = folder.done(&["codes", "p304"]);
    assert!(text.starts_with("P304  lint: a part of a condition that changes nothing"), "{text}");
    assert!(text.contains("amount_usd > 5 and amount_usd > 3"), "{text}");
    assert!(folder.done(&["codes"]).lines().count() > 150);
    let all: Value = serde_json::from_str(&folder.done(&["codes", "--json"])).unwrap();
    assert!(all.as_array().unwrap().iter().all(|code| code["meaning"].is_string()), "{all}");
    assert!(folder.done(&["codes", "--markdown"]).starts_with("# Codes"));
    assert!(folder.fails(2, &["codes", "P3044"]).contains("did you mean P304?"));
}

#[test]
fn what_is_missing_or_unknown_is_said_with_the_code_of_its_kind() {
    let folder = imported("faults", 3);
    for (code, arguments, wanted) in [
        (3, &["score", "nowhere.ndjson"][..], "cannot open nowhere.ndjson"),
        (3, &["score", "data", "--policy", "no.policy"], "cannot read no.policy"),
        (3, &["score", "data", "--out", "no/such/folder/x"], "cannot write no/such/folder/x"),
        (3, &["eval", "--data", "data", "--model", "no.json"], "cannot read no.json"),
        (1, &["eval", "--data", "data", "--model", "tests.policy"], "M001"),
        (
            2,
            &["import", "--map", "handbok", "table.csv", "--out", "x"],
            "did you mean \"handbook\"?",
        ),
        (2, &["train", "--data", "data", "--out", "m", "--train", "2018-04-31"], "wanted days"),
        (2, &["train", "--data", "data", "--out", "m", "--delay", "soon"], "wanted a length"),
        (2, &["train", "--data", "data", "--out", "m", "--on", "label"], "wanted a scored event"),
        (1, &["train", "--data", "data", "--out", "m", "--train", "2019-01-01"], "no labelled row"),
        (2, &["backtest", "--data", "data"], "--out"),
        (2, &["backtest", "--data", "-", "--out", "m"], "not `-`"),
        (2, &["demolish"], "unrecognized subcommand"),
        (2, &["features", "nothing_*"], "no feature matches"),
    ] {
        let talk = folder.fails(code, arguments);
        assert!(talk.contains(wanted), "gyr {arguments:?}: {talk}");
    }
    assert!(!folder.has("m"), "a broken run leaves no file");
}

#[test]
fn the_catalogue_is_listed_for_people_and_for_programs() {
    let folder = Folder::new("features");
    let text = folder.done(&["features", "account_*_24h"]);
    assert!(text.contains("account") && text.contains("24h"), "{text}");
    let list: Value = serde_json::from_str(&folder.done(&["features", "--json"])).unwrap();
    let list = list.as_array().unwrap();
    assert!(50 < list.len(), "{} features", list.len());
    for entry in list {
        assert!(entry["name"].is_string() && entry["windows"].is_array(), "{entry}");
    }
}
