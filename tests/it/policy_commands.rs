//! The commands on policy files, end to end: begun, checked, tested, compared and explained.

use serde_json::{Value, json};

use crate::cli::Folder;
use crate::tidy::root;

const RULES: &str = r#"policy "small"
rule big "A large payment"
  on payment
  when usd_minor > 150 USD
  then decline  because AMOUNT_UNUSUAL  owner "a"
rule again "Three payments within an hour"
  on payment
  when count(payment) by account over 1h >= 2 and usd_minor > 10 USD
  then challenge strength S2  because VELOCITY_ACCOUNT
"#;

/// A payment of this account, so many minutes after the beginning.
fn payment(id: &str, minute: i64, cents: i64) -> Value {
    let time = 1_790_000_000_000 + minute * 60_000;
    json!({
        "schema_version": 1, "event_id": id, "event_type": "payment", "account_id": "a1",
        "channel": "app_ios", "event_time_ms": time, "received_time_ms": time, "payment_id": id,
        "kind": "in_app", "amount_minor": cents, "currency": "USD", "usd_minor": cents,
        "base_minor": 7 * cents, "funding": "balance", "merchant": { "merchant_id": "m1" },
        "device": { "device_id": "d1" },
    })
}

fn begun(name: &str) -> Folder {
    let folder = Folder::new(name);
    folder.write("small.policy", RULES);
    let events = [payment("p1", 0, 2_000), payment("p2", 10, 20_000), payment("p3", 20, 3_000)];
    let lines: Vec<String> = events.iter().map(Value::to_string).collect();
    folder.write("events.ndjson", &lines.join("\n"));
    folder.write("p4.json", &payment("p4", 30, 900).to_string());
    folder
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn a_new_policy_is_sound_proves_itself_and_is_never_written_over() {
    let folder = Folder::new("policy-new");
    folder.done(&["policy", "new"]);
    folder.done(&["policy", "new", "rules/wallet.policy", "--template", "wallet"]);
    for file in ["my.policy", "rules/wallet.policy"] {
        let report = parsed(&folder.done(&["policy", "check", file, "--json"]));
        assert_eq!(report["diagnostics"], json!([]), "{file}");
        let report = parsed(&folder.done(&["policy", "test", file, "--json"]));
        assert_eq!((&report["failed"], &report["stories"]), (&json!([]), &json!(1)), "{file}");
        assert!(1 <= report["examples"]["hits"].as_u64().unwrap(), "{file}");
    }
    let named = folder.read("my.policy");
    assert!(named.starts_with("policy \"my\"\n"), "{named}");
    for taken in ["my.policy", "rules/wallet.policy"] {
        let talk = folder.fails(1, &["policy", "new", taken]);
        assert!(talk.contains("is there already"), "{talk}");
    }
    assert_eq!(folder.read("my.policy"), named);
    folder.write("stories/other.story", "mine");
    assert!(folder.fails(1, &["policy", "new", "other.policy"]).contains("other.story"));
    assert!(!folder.has("other.policy"));
}

#[test]
fn every_command_on_policies_knows_the_built_in_one_by_its_word() {
    let folder = begun("policy-default");
    // A file is meant only where its path says so.
    folder.write("default", RULES);
    let name = |text: &str| parsed(text)["policy"]["name"].clone();
    let check = |file| folder.done(&["policy", "check", file, "--json", "--model", "none"]);
    let (house, own) = (name(&check("default")), name(&check("./default")));
    assert_eq!((house.is_string(), &own), (true, &json!("small")));
    assert_ne!(house, own);
    assert_eq!(name(&folder.done(&["policy", "test", "default", "--json"])), house);
    let explain =
        |file| folder.done(&["policy", "explain", "--policy", file, "--rule", "bin_attack"]);
    assert!(explain("default").contains("rule bin_attack"));
    let complete = ["policy", "complete", "default", "--line", "1", "--column", "1", "--json"];
    let offered = folder.done(&complete);
    assert!(parsed(&offered)["candidates"].as_array().is_some_and(|list| !list.is_empty()));
    assert_eq!(folder.done(&["policy", "fmt", "--check", "default"]), "");
    let talk = folder.fails(2, &["policy", "fmt", "default"]);
    assert!(talk.contains("wanted --check"), "{talk}");
    let score = ["score", "events.ndjson", "--policy", "default", "--model", "none"];
    let scored = folder.done(&score);
    let first = parsed(scored.lines().next().unwrap());
    let version = first["policy_version"].as_str().unwrap();
    assert!(version.starts_with(&format!("{}@", house.as_str().unwrap())), "{version}");
}

#[test]
fn a_test_tells_what_came_and_which_rules_nothing_fires() {
    let folder = begun("policy-test");
    let story = "story large \"A large payment\"
  with payment account_id=a1 currency=USD funding=balance kind=in_app merchant.merchant_id=m1
  with payment device.device_id=d1
  at 0 payment amount_minor=20000
  expect rule big hit
  expect decline because AMOUNT_UNUSUAL
";
    folder.write("large.story", story);
    let test = ["policy", "test", "small.policy", "large.story", "--model", "none"];
    let text = folder.done(&test);
    assert!(text.contains("2 of 2 expectations hold"), "{text}");
    assert!(text.contains("1 of 2 rules") && text.contains("nothing fires again"), "{text}");
    folder.write("large.story", &story.replace("big hit", "big missed"));
    let output = folder.gyr(&test);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text.contains("large.story:5") && text.contains("missed"), "{text}");
    let output = folder.gyr(&[&test[..], &["--json"]].concat());
    let failed = parsed(&String::from_utf8(output.stdout).unwrap())["failed"].clone();
    let wanted = json!([{
        "file": "large.story", "line": 5, "story": "large", "about": "rule big",
        "wanted": "missed", "got": "hit",
    }]);
    assert_eq!(failed, wanted);
    folder.write("large.story", &story.replace("rule big", "rule bigg"));
    let talk = folder.fails(1, &test);
    assert!(talk.contains("large.story:5:15: error S012") && talk.contains("`big`"), "{talk}");
    // What is beside the policy is found, and the built-in policy brings its own.
    folder.write("stories/ignored.txt", "no story");
    let text = folder.done(&["policy", "test", "small.policy"]);
    assert!(text.contains("0 in 0 files"), "{text}");
    let report = parsed(&folder.done(&["policy", "test", "--json"]));
    assert!(1 <= report["stories"].as_u64().unwrap(), "{report}");
    folder.fails(3, &["policy", "test", "nowhere.policy"]);
}

#[test]
fn an_event_is_explained_with_its_past_and_what_would_turn_it() {
    let folder = begun("policy-explain");
    let with = |more: &[&'static str]| -> Vec<&'static str> {
        let begin = ["policy", "explain", "--policy", "small.policy", "--model", "none"];
        [&begin[..], more].concat()
    };
    let text = folder.done(&with(&["--event", "p4.json", "--data", "events.ndjson"]));
    let lacks = "lacks usd_minor > 10 USD: is 9.00 USD, 1.00 USD short";
    for words in ["decision  approve", "Nearest misses", lacks, "with an amount of 10.01 USD"] {
        assert!(text.contains(words), "no `{words}` in\n{text}");
    }
    let report = folder.done(&with(&["--data", "events.ndjson", "--id", "p3", "--json"]));
    let report = parsed(&report);
    assert_eq!((&report["decision"], &report["event_id"]), (&json!("challenge"), &json!("p3")));
    let [big, again] = &report["rules"].as_array().unwrap()[..] else { panic!("{report}") };
    assert_eq!((&big["state"], &again["state"]), (&json!("missed"), &json!("hit")));
    assert_eq!(big["lacking"][0]["margin"]["by"], 12_000.0);
    let said = "is 2, exactly at the border";
    assert_eq!(again["because"][0]["said"], said, "{report}");
    let amounts = json!([
        { "amount_minor": 1_000, "decision": "approve" },
        { "amount_minor": 15_001, "decision": "decline" },
    ]);
    assert_eq!(report["amount_flips"], amounts);
    // Without its past the rule on the past misses too.
    folder.write("p3.json", &payment("p3", 20, 3_000).to_string());
    let report = parsed(&folder.done(&with(&["--event", "p3.json", "--json"])));
    assert_eq!(report["decision"], "approve");
    let all = folder.done(&with(&["--event", "p3.json", "--all"]));
    assert!(all.contains("no  count(payment) by account over 1h >= 2: is 0, 2 short"), "{all}");

    let rule = folder.done(&with(&["--rule", "again"]));
    let words = ["rule again", "In words: on payment, when count(payment)", "a field of the event"];
    for words in words {
        assert!(rule.contains(words), "no `{words}` in\n{rule}");
    }
    assert!(folder.fails(1, &with(&["--rule", "agin"])).contains("did you mean `again`?"));
    assert!(folder.fails(1, &with(&["--data", "events.ndjson", "--id", "p9"])).contains("`p9`"));
    folder.write("bad.json", "{\"event_type\": \"payment\"}");
    assert!(folder.fails(1, &with(&["--event", "bad.json"])).contains("E013"));
    folder.fails(2, &with(&[]));
    folder.fails(2, &with(&["--id", "p1"]));
    folder.fails(3, &with(&["--event", "nowhere.json"]));
}

#[test]
fn two_policies_are_compared_in_words_and_on_events() {
    let folder = begun("policy-diff");
    let changed = RULES.replace("> 150 USD", "> 250 USD").replace("owner \"a\"", "owner \"b\"");
    folder.write("other.policy", &(changed + "let big_one = usd_minor > 1 USD\n"));
    let diff = ["policy", "diff", "small.policy", "other.policy", "--model", "none"];
    let text = folder.done(&diff);
    for words in ["+ let big_one", "~ rule big", "- usd_minor > 150 USD", "+ usd_minor > 250 USD"] {
        assert!(text.contains(words), "no `{words}` in\n{text}");
    }
    assert!(!text.contains("rule again"), "{text}");
    let with = ["--data", "events.ndjson", "--json"];
    let report = parsed(&folder.done(&[&diff[..], &with].concat()));
    assert_eq!(report["decisions"]["decided"], 3);
    assert_eq!(report["decisions"]["differ"], 1);
    let pair = &report["decisions"]["pairs"][0];
    assert_eq!((&pair["before"], &pair["after"]), (&json!("decline"), &json!("approve")));
    assert_eq!(report["decisions"]["rules"][0]["rule"], "big");
    let text = folder.done(&[&diff[..], &["--data", "events.ndjson"]].concat());
    assert!(text.contains("1 of 3 decisions differ"), "{text}");
    let same = folder.done(&["policy", "diff", "small.policy", "small.policy"]);
    assert_eq!(same, "Both say the same.\n");
    folder.write("bad.policy", "rule x when");
    folder.fails(1, &["policy", "diff", "small.policy", "bad.policy"]);
    folder.fails(3, &["policy", "diff", "small.policy", "nowhere.policy"]);
}

#[test]
fn the_five_minutes_of_the_readme_can_be_walked() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let section = readme.split("## Tune a rule in five minutes").nth(1).expect("the section");
    let section = section.split("\n## ").next().expect("its end");
    let folder = Folder::new("five-minutes");
    let mut walked = 0;
    for line in section.lines().filter_map(|line| line.strip_prefix("    gyr ")) {
        let words: Vec<&str> = line.split(" #").next().unwrap().split_whitespace().collect();
        if words.contains(&"event.json") {
            let events = folder.read("world/events.ndjson");
            let link = events.lines().rfind(|line| line.contains("\"event_type\":\"card_link\""));
            folder.write("event.json", link.expect("somebody links a card"));
        }
        let shown = folder.done(&words);
        let is_quiet = ["simulate", "backtest"].contains(&words[0]) || words[1] == "fmt";
        assert!(!shown.is_empty() || is_quiet, "{line}");
        walked += 1;
    }
    assert!(7 <= walked, "{walked} commands");
}
