//! `gyr simulate` and `gyr demo`, end to end: a seed goes in, a world comes out that every other
//! command takes, and nothing half done is left behind.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::cli::Folder;

/// A small world in `world`.
fn simulated(name: &str, more: &[&str]) -> Folder {
    let folder = Folder::new(name);
    let mut arguments = vec!["simulate", "--days", "4", "--accounts", "400", "--out", "world"];
    arguments.extend(more);
    folder.done(&arguments);
    folder
}

#[test]
fn one_seed_is_one_world_on_disk_too() {
    let first = simulated("seed-1", &["--seed", "7", "--threads", "1"]);
    let again = simulated("seed-2", &["--seed", "7", "--threads", "2"]);
    let other = simulated("seed-3", &["--seed", "8"]);
    for file in ["events.ndjson", "labels.ndjson", "truth.ndjson", "world.json"] {
        assert_eq!(first.read(&format!("world/{file}")), again.read(&format!("world/{file}")));
    }
    let hash = |folder: &Folder| folder.json("world/world.json")["written"]["files"].clone();
    assert_ne!(hash(&first)["events.ndjson"], hash(&other)["events.ndjson"]);
}

#[test]
fn thirty_days_are_scored_without_one_fault() {
    let folder = Folder::new("thirty-days");
    folder.done(&["simulate", "--days", "30", "--accounts", "300", "--out", "world"]);
    let output =
        folder.gyr(&["score", "world", "--detail", "minimal", "--out", "decisions.ndjson"]);
    let talk = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{talk}");
    let written = &folder.json("world/world.json")["written"];
    let decisions = folder.read("decisions.ndjson");
    assert_eq!(decisions.lines().count() as u64, written["scored"].as_u64().unwrap());
}

#[test]
fn a_report_says_what_was_wanted_and_what_was_found() {
    let folder = Folder::new("world-report");
    // Large enough for a dozen frauds: with 400 accounts some seeds have none.
    let arguments = ["simulate", "--days", "12", "--accounts", "2000", "--out", "world"];
    let text = folder.done(&[&arguments[..], &["--report", "world.html"]].concat());
    assert!(text.contains("figures as wanted") && text.contains("median amount, food"), "{text}");
    let page = folder.read("world.html");
    assert!(page.contains("<svg") && !page.contains("NaN") && !page.contains("<script"), "{page}");
    // The truth beside the world is what a backtest shows by story.
    let report = ["backtest", "--data", "world", "--out", "report.html"];
    let more = ["--truth", "world/truth.ndjson", "--json", "report.json"];
    let output = folder.gyr(&[&report[..], &more].concat());
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{text}");
    assert!(folder.read("report.html").contains("Tourist just landed"));
    assert!(folder.read("report.html").contains("<h2>Suspected attack</h2>"));
    assert!(folder.read("report.html").contains("<h2>Good customers by origin</h2>"));
    let side = folder.json("report.json")["candidate"].clone();
    let good = ["approve", "challenge", "decline"]
        .map(|decision| side["decisions"][decision]["genuine"]["events"].as_u64().unwrap());
    for origin in ["issuer_country", "nationality"] {
        let treated = &side["good_by_origin"][origin];
        let events = treated["events"].as_u64().unwrap();
        assert!(1_000 < events && events <= good.iter().sum(), "{treated}");
        let countries = treated["countries"].as_array().unwrap();
        assert!(10 <= countries.len(), "{treated}");
        let largest = countries.iter().map(|country| country["events"].as_u64().unwrap());
        assert!(largest.clone().is_sorted_by(|a, b| b <= a) && largest.sum::<u64>() <= events);
    }
    assert!(text.contains("suspected attack: "), "{text}");
    let told = |folder: &Folder| {
        folder.json("report.json")["candidate"]["suspected_attack"]["all"]["frauds"].as_u64()
    };
    assert!(told(&folder).is_some_and(|frauds| 0 < frauds));
    // A truth of an earlier version, which tells no attack.
    let mut older = String::new();
    for line in folder.read("world/truth.ndjson").lines() {
        let mut row: Value = serde_json::from_str(line).unwrap();
        row.as_object_mut().unwrap().remove("vector");
        older.push_str(&format!("{row}\n"));
    }
    folder.write("older.ndjson", &older);
    folder.done(&[&report[..], &["--truth", "older.ndjson", "--json", "report.json"]].concat());
    assert_eq!(told(&folder), Some(0));
    assert!(!folder.read("report.html").contains("<h2>Suspected attack</h2>"));
}

#[test]
fn a_policy_in_the_loop_changes_what_happens() {
    let free = simulated("loop-free", &[]);
    let strict = "policy \"strict\"\nrule nothing \"No payment\"\n  on payment  when amount_usd > 0\n  \
                  then decline  because AMOUNT_UNUSUAL\n";
    let folder = Folder::new("loop-strict");
    folder.write("strict.policy", strict);
    let arguments = ["simulate", "--days", "4", "--accounts", "400", "--out", "world"];
    let more = ["--policy", "strict.policy", "--model", "none"];
    folder.done(&[&arguments[..], &more].concat());
    let paid = |folder: &Folder| {
        let events = folder.read("world/events.ndjson");
        let of_payment = |line: &&str| {
            line.contains("\"auth_result\"") && line.contains("\"ref_type\":\"payment\"")
        };
        events.lines().filter(of_payment).count()
    };
    assert!(100 < paid(&free));
    assert_eq!(paid(&folder), 0, "an issuer is asked for what was declined");
    let world = folder.json("world/world.json");
    assert_ne!(world["world"]["policy"], Value::Null);
}

#[test]
fn a_policy_is_set_against_simpler_ways_of_deciding() {
    let folder = Folder::new("compare");
    let world = ["--accounts", "300", "--days", "6", "--warm-up", "2", "--worlds", "2"];
    let compare = |page: &str, numbers: &str| {
        let files = ["backtest", "--compare", "--out", page, "--json", numbers];
        folder.done(&[&files[..], &world].concat())
    };
    let text = compare("one.html", "one.json");
    assert_eq!(text, compare("two.html", "two.json"));
    for (one, two) in [("one.html", "two.html"), ("one.json", "two.json")] {
        assert_eq!(folder.read(one), folder.read(two), "two runs differ");
    }
    assert!(text.contains("this policy") && text.contains("SMS for everyone"), "{text}");
    let page = folder.read("one.html");
    assert!(page.contains("Cost of 1,000 events") && page.contains("<svg"), "{page}");
    assert!(!page.contains("NaN") && !page.contains("<script"), "{page}");
    let numbers = folder.json("one.json");
    let ways: BTreeMap<&str, &Value> = numbers["ways"]
        .as_array()
        .unwrap()
        .iter()
        .map(|way| (way["way"].as_str().unwrap(), way))
        .collect();
    assert_eq!(ways.len(), 6);
    let figure = |way: &str, path: &str| ways[way].pointer(path).and_then(Value::as_f64).unwrap();
    // Limits of law and schemes bind every way; beside them nobody is stopped, or everybody asked.
    let stopped = |way: &str| figure(way, "/genuine/challenged") + figure(way, "/genuine/declined");
    let events = |way: &str| figure(way, "/genuine/events");
    assert_eq!(stopped("SMS for everyone"), events("SMS for everyone"));
    assert!(stopped("approve all") < 0.01 * events("approve all"));
    assert_eq!(figure("approve all", "/genuine/insulted"), 0.0);
    assert!(0.0 < figure("SMS for everyone", "/bill_usd/asked"));
    assert!(500.0 < figure("this policy", "/genuine/events"));
    for (way, numbers) in &ways {
        let bill = numbers["bill_usd"].as_object().unwrap();
        let sum: f64 = bill.values().map(|part| part.as_f64().unwrap()).sum();
        let events = figure(way, "/genuine/events") + figure(way, "/fraud/events");
        let per_thousand = sum * 1_000.0 / events;
        assert!((per_thousand - figure(way, "/usd_per_1000")).abs() < 1e-9, "{way}");
    }
    folder.fails(2, &["backtest", "--compare", "--out", "x", "--days", "5", "--warm-up", "5"]);
    folder.fails(2, &["backtest", "--compare", "--out", "x", "--data", "world"]);
    folder.fails(2, &["backtest", "--out", "x", "--data", "world", "--accounts", "9"]);
    assert!(!folder.has("x"));
}

#[test]
fn what_cannot_be_simulated_is_said_before_any_work() {
    let folder = Folder::new("simulate-faults");
    folder.write("wrong.toml", "[fraud]\nprevalence_bp = 3\n[personas.tourist]\nshare = 2.0\n");
    std::fs::create_dir(folder.path("ref")).unwrap();
    folder.write("ref/binlist_ranges.csv", "broken,,\n");
    folder.write("file", "");
    for (code, more, wanted) in [
        (2, &["--days", "0", "--accounts", "5"][..], &["--days: got 0", "--accounts: got 5"][..]),
        (2, &["--start", "2026-02-30"], &["wanted a day"]),
        (2, &["--peaks", "christmas"], &["golden_week"]),
        (2, &["--model", "none"], &["--policy"]),
        (2, &["--threads", "2", "--policy", "default"], &["cannot be used with"]),
        (1, &["--world", "wrong.toml"], &["did you mean \"prevalence_bps\"?", "got 2"]),
        (3, &["--world", "nowhere.toml"], &["nowhere.toml"]),
        (3, &["--reference", "nowhere"], &["nowhere"]),
        (3, &["--reference", "ref"], &["iin_start", "country"]),
        (3, &["--accounts", "20000000", "--days", "3650"], &["no room"]),
        (3, &["--report", "no/such/folder/x.html"], &["no/such/folder/x.html"]),
    ] {
        let mut arguments = vec!["simulate", "--out", "world"];
        arguments.extend(more);
        let talk = folder.fails(code, &arguments);
        for part in wanted {
            assert!(talk.contains(part), "gyr {arguments:?}: {talk}");
        }
        assert!(!folder.has("world/events.ndjson"), "gyr {arguments:?} left events");
    }
    folder.fails(3, &["simulate", "--days", "2", "--out", "file/world"]);
}

#[cfg(not(feature = "offline"))]
#[test]
fn tables_need_the_analyst_s_build() {
    let folder = Folder::new("no-tables");
    let talk = folder.fails(3, &["simulate", "--format", "parquet", "--out", "world"]);
    assert!(talk.contains("offline") && !folder.has("world"), "{talk}");
}

#[test]
fn a_demo_shows_a_week_and_what_to_do_next() {
    let folder = Folder::new("demo");
    let arguments = ["demo", "--speed", "max", "--days", "2", "--accounts", "300"];
    let output = folder.gyr(&arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    for part in ["good customers", "fraud attempts", "at stake", "gyr simulate"] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
    let talk = folder.fails(3, &["demo", "--service", "http://127.0.0.1:9"]);
    assert!(talk.contains("cannot reach http://127.0.0.1:9"), "{talk}");
}
