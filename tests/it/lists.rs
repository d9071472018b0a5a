//! Lists of a service: changed at the doors and by rules, asked as they were, the same everywhere.

use std::fs;
use std::process::Command;

use engine::changes;
use engine::engine::Engine;
use engine::policy::{Policy, Wanted};
use engine::shell::answer::answer;
use engine::shell::wire::Detail;
use features::event::Event;
use features::history::Limits;
use serde_json::{Value, json};
use tests::Payment;

use crate::cli::binary;
use crate::http::{House, NOW, Reply, code};

/// Lists that rules ask, one that nobody does, and rules that leave something behind.
const POLICY: &str = r#"policy "listed"
list blocked "Cards that somebody blocked" = value ("c99")
list spare "Nobody asks" = bin ("411111-411999")
rule card_blocked "The card is blocked"
  as block  on payment
  when card in @blocked
  then decline  because CARD_BLOCKLISTED  owner "tests"
rule merchant_watched "A watched merchant"
  on payment
  when merchant tagged watched
  then review  because MERCHANT_RISK  owner "tests"
rule large "A large payment blocks the card for an hour and marks the merchant for two"
  on payment
  when base_minor >= 900 CNY
  then review and add card to @blocked for 1h and tag merchant watched for 2h
  because AMOUNT_UNUSUAL  owner "tests"
"#;

const MINUTE: i64 = 60_000;

fn house(name: &str) -> House {
    House::with(&format!("lists-{name}"), |folder, _| {
        fs::write(folder.join("house.policy"), POLICY).unwrap();
    })
}

/// A payment of an account of its own; the merchant goes with the card.
fn payment(id: u64, card: u64, minute: i64, fen: i64) -> String {
    let time = NOW + minute * MINUTE;
    let (account, device, merchant) = (id, id, card % 10);
    Payment { id, account, card, device, merchant, fen, time, received: time }.json()
}

fn decision(reply: &Reply) -> String {
    reply.json()["decision"].as_str().unwrap_or_else(|| panic!("{}", reply.body)).to_owned()
}

fn hit(reply: &Reply) -> Vec<String> {
    let rules = reply.json()["rules"]["hit"].clone();
    serde_json::from_value(rules).unwrap_or_else(|_| panic!("{}", reply.body))
}

#[test]
fn what_an_analyst_changes_counts_from_then_on_and_can_be_seen_and_undone() {
    let mut house = house("doors");
    let pay = |house: &House, id, minute| {
        decision(&house.post("/v1/score", &payment(id, 7, minute, 5_000)))
    };
    assert_eq!(pay(&house, 1, 1), "approve");
    let entry = json!({ "value": "c7", "reason": "ticket 1", "until_ms": NOW + 60 * MINUTE,
        "scope": ["payment"] });
    let headers = [("content-type", "application/json"), ("x-analyst", "li")];
    let path = "/v1/lists/blocked/entries";
    let changed = house.call("POST", path, &headers, entry.to_string().as_bytes());
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(changed.json()["record"]["state"], "durable");
    assert_eq!((pay(&house, 2, 2), pay(&house, 3, 3)), ("decline".into(), "decline".into()));
    // As it stands now, as it stood before, and as it stands after the end.
    let entries = |house: &House, query: &str| house.get(&format!("{path}{query}")).json();
    let wanted = json!({
        "value": "c7", "reason": "ticket 1", "source": "http", "who": "li", "from_ms": NOW + MINUTE,
        "until_ms": NOW + 60 * MINUTE, "scope": ["payment"], "tenant_id": null, "hits": 2,
    });
    assert_eq!(entries(&house, "")["entries"][1], wanted);
    assert_eq!(entries(&house, "?limit=1")["next"], 1);
    assert_eq!(entries(&house, "?limit=1&after=1")["entries"], json!([wanted]));
    assert_eq!(entries(&house, &format!("?at_ms={NOW}"))["entries"].as_array().unwrap().len(), 1);
    let lists = house.get("/v1/lists").json();
    let blocked = json!({
        "name": "blocked", "title": "Cards that somebody blocked", "kind": "value", "entries": 2,
        "hits": 2, "used_by": ["rule card_blocked", "rule large"],
    });
    assert_eq!(
        lists["lists"].as_array().unwrap().iter().find(|l| l["name"] == "blocked"),
        Some(&blocked)
    );
    // A restart changes nothing, hits included.
    house.restart();
    assert_eq!(entries(&house, "")["entries"][1], wanted);
    assert_eq!(pay(&house, 4, 4), "decline");
    // Out again, at once and for what comes later alone.
    let removed = house.call("DELETE", &format!("{path}/c7"), &[], b"");
    assert_eq!(removed.status, 200, "{}", removed.body);
    assert_eq!((pay(&house, 5, 5), pay(&house, 2, 2)), ("approve".into(), "decline".into()));
    let late = house.post("/v1/evaluate", &payment(6, 7, 3, 5_000));
    assert_eq!(decision(&late), "decline", "it was blocked then");
    let gone = house.call("DELETE", &format!("{path}/c7"), &[], b"");
    assert_eq!((gone.status, code(&gone)), (404, "not_found".to_owned()));
    // What the policy itself lists can be taken out as well.
    assert_eq!(house.call("DELETE", &format!("{path}/c99"), &[], b"").status, 200);
    let spent = decision(&house.post("/v1/score", &payment(8, 99, 6, 5_000)));
    assert_eq!(spent, "approve");
}

#[test]
fn a_file_goes_in_and_out_and_one_with_faults_changes_nothing() {
    let house = house("files");
    let path = "/v1/lists/spare/entries";
    let csv = [("content-type", "text/csv")];
    let bad = "value,until\n522222,\n41111,soon\n9-1,\n4111111111111111,\n";
    let refused = house.call("POST", path, &csv, bad.as_bytes());
    assert_eq!((refused.status, code(&refused)), (422, "validation".to_owned()));
    let details: Vec<String> = refused.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["detail"].as_str().unwrap().split(':').next().unwrap().to_owned())
        .collect();
    assert_eq!(details, ["row 3", "row 4", "row 5"]);
    assert!(!refused.body.contains("4111111111111111"), "{}", refused.body);
    let good = "value,reason,scope\n522222-522299,\"a, b\",payment\n533333,,\n";
    assert_eq!(house.call("POST", path, &csv, good.as_bytes()).status, 200);
    let export = house.call("GET", path, &[("accept", "text/csv")], b"").body;
    assert_eq!(
        export,
        format!(
            "value,reason,source,who,from,until,scope,tenant_id,hits\n\
             411111..411999,,policy,,,,,,0\n\
             522222..522299,\"a, b\",import,unknown,{from},,payment,,0\n\
             533333,,import,unknown,{from},,,,0\n",
            from = 946_684_800_000_i64
        )
    );
    assert_eq!(house.call("POST", path, &csv, export.as_bytes()).status, 200, "it reads back");
    let faults = house.post(
        path,
        &json!([{ "value": "5" }, { "value": "x" }, { "value": "6", "scope": ["paymnt"] },
            { "value": "5" }, { "value": "7", "until_ms": 1_000_000_000_000_i64 }])
        .to_string(),
    );
    let pointers: Vec<Value> = faults.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| json!([error["pointer"], error["code"]]))
        .collect();
    let wanted = json!([["/1/value", "L003"], ["/2/scope", "L006"], ["/3/value", "L007"]]);
    assert_eq!(json!(pointers), wanted, "{}", faults.body);
    let card = house.post("/v1/lists/blocked/entries", r#"{"value":"4111 1111 1111 1111"}"#);
    assert_eq!((card.status, code(&card)), (422, "pan_detected".to_owned()));
    let odd = house.post(path, r#"[{"value":"8","ttl":1}]"#);
    let fault = &odd.json()["errors"][0];
    assert_eq!((&fault["pointer"], &fault["code"]), (&json!("/0"), &json!("L011")));
    for (status, reply) in [
        (404, house.get("/v1/lists/none/entries")),
        (404, house.post("/v1/lists/none/entries", r#"{"value":"8"}"#)),
        (400, house.post(path, "{")),
        (400, house.get(&format!("{path}?limit=0"))),
        (400, house.call("POST", path, &[csv[0], ("x-analyst", "")], good.as_bytes())),
        (415, house.call("POST", path, &[("content-type", "text/plain")], b"x")),
    ] {
        assert_eq!(reply.status, status, "{}", reply.body);
        code(&reply);
    }
}

#[test]
fn a_list_in_use_is_not_dropped_and_one_that_nobody_uses_is() {
    let house = house("drop");
    let used = house.call("DELETE", "/v1/lists/blocked", &[], b"");
    assert_eq!((used.status, code(&used)), (409, "list_in_use".to_owned()));
    let detail = used.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("rule card_blocked, rule large"), "{detail}");
    house.post("/v1/lists/spare/entries", r#"[{"value":"5"},{"value":"6"}]"#);
    let dropped = house.call("DELETE", "/v1/lists/spare", &[], b"");
    assert_eq!((dropped.status, &dropped.json()["changes"]), (200, &json!(3)), "{}", dropped.body);
    assert_eq!(house.get("/v1/lists/spare/entries").json()["entries"], json!([]));
    assert_eq!(house.call("DELETE", "/v1/lists/spare", &[], b"").json()["changes"], 0);
}

/// Payments that make rules change lists, and payments that find them changed.
fn stream() -> Vec<String> {
    let mut chance = tests::Chance(20_261_127);
    println!("seed {}", chance.0);
    let amount = |chance: &mut tests::Chance| if chance.happens(6) { 90_000 } else { 5_000 };
    (1..400)
        .map(|id| {
            let fen = amount(&mut chance);
            payment(id, chance.below(30), id as i64 * 3, fen)
        })
        .collect()
}

fn engine() -> Engine {
    let policy = Policy::check(POLICY, None, Wanted::Judging);
    Engine::new(
        policy.unwrap_or_else(|faults| {
            panic!("{}", features::diagnostic::render("p", POLICY, &faults))
        }),
        Limits::default(),
    )
}

/// What an engine without any shell around it answers.
fn answers(engine: &Engine, events: &[String]) -> Vec<String> {
    events
        .iter()
        .map(|json| {
            let mut event = Event::read(json.as_bytes(), None).unwrap();
            let outcome = changes::decide(engine, &mut event);
            answer(&outcome.policy, &event, &outcome, Detail::Full)
        })
        .collect()
}

fn cut(reply: &Reply) -> String {
    format!("{}}}", reply.decision())
}

/// Decisions feed lists: through every door the same, and once.
pub(crate) fn decisions_feed_lists() {
    let events = stream();
    let wanted = answers(&engine(), &events);
    let declined =
        wanted.iter().filter(|answer| answer.contains("\"decision\":\"decline\"")).count();
    let watched = wanted.iter().filter(|answer| answer.contains("\"merchant_watched\"")).count();
    println!("{declined} declined, {watched} at watched merchants");
    assert!(20 < declined && 20 < watched);

    // Over HTTP, with a restart in the middle.
    let mut house = house("effects");
    for (index, (event, wanted)) in events.iter().zip(&wanted).enumerate() {
        if index == events.len() / 2 {
            let before = house.service().engine().history().census();
            house.restart();
            let after = house.service().engine().history().census();
            assert_eq!(before, after, "a replay makes no change again and leaves none out");
        }
        let reply = house.post("/v1/score?detail=full", event);
        assert_eq!(&cut(&reply), wanted, "event {index}");
    }
    // A repeat leaves nothing a second time.
    let census = house.service().engine().history().census();
    let large = events.iter().find(|event| event.contains("\"amount_minor\":90000")).unwrap();
    assert!(house.post("/v1/score", large).is_replayed());
    assert_eq!(house.service().engine().history().census(), census);
    assert!(events.len() as u64 + 50 < census.events, "{census:?}");
    // A what-if leaves nothing at all.
    let what_if = payment(900, 77, 1_300, 90_000);
    assert!(hit(&house.post("/v1/evaluate", &what_if)).contains(&"large".to_owned()));
    assert_eq!(house.service().engine().history().census(), census);

    // From files, where the changes of former rules stand between the events as in an export.
    let folder = house.options.data_dir.join("files");
    fs::create_dir_all(folder.join("data")).unwrap();
    fs::write(folder.join("p.policy"), POLICY).unwrap();
    let mut lines = String::new();
    let of_others = engine();
    for event in &events {
        lines.push_str(event);
        lines.push('\n');
        let mut event = Event::read(event.as_bytes(), None).unwrap();
        let (outcome, ()) = of_others.decide(&mut event, || ());
        for change in changes::left_by(&event, &outcome) {
            lines.push_str(change.json());
            lines.push('\n');
        }
    }
    fs::write(folder.join("data/events.ndjson"), lines).unwrap();
    let run = |arguments: &[&str]| {
        let output = Command::new(binary()).args(arguments).current_dir(&folder).output().unwrap();
        let talk = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "gyr {arguments:?}: {talk}");
    };
    let policy = ["--policy", "p.policy", "--model", "none"];
    run(&[&["score", "data", "--out", "score.ndjson"][..], &policy].concat());
    let backtest = ["backtest", "--data", "data", "--out", "r.html", "--decisions", "b.ndjson"];
    run(&[&backtest[..], &policy].concat());
    for file in ["score.ndjson", "b.ndjson"] {
        let text = fs::read_to_string(folder.join(file)).unwrap();
        assert!(text.lines().eq(wanted.iter().map(String::as_str)), "{file} differs");
    }
}

#[test]
fn a_policy_that_comes_later_finds_lists_as_they_are() {
    let house = house("staged");
    let pay = |id, minute| house.post("/v1/score", &payment(id, 7, minute, 5_000));
    pay(1, 1);
    house.post("/v1/lists/blocked/entries", r#"{"value":"c7"}"#);
    assert_eq!(decision(&pay(2, 2)), "decline");
    // Another list and another window: its facts are filled from the journal.
    let more = "list nets \"Networks\" = cidr (\"10.0.0.0/8\")\n\
        rule busy \"Busy\"\n  on payment\n  when network.ip in @nets \
        or count(payment where card in @blocked) by account over 1d >= 9\n  \
        then review  because VELOCITY_ACCOUNT  owner \"tests\"\n";
    fs::write(house.options.policy.as_deref().unwrap(), format!("{POLICY}{more}")).unwrap();
    house.service().reload().unwrap();
    while !house.get("/v1/policy").json()["staged"].is_null() {
        std::thread::yield_now();
    }
    assert_eq!(decision(&pay(3, 3)), "decline");
    let lists = house.get("/v1/lists").json();
    let of =
        |name: &str| lists["lists"].as_array().unwrap().iter().find(|l| l["name"] == name).cloned();
    assert_eq!(of("nets").unwrap()["used_by"], json!(["rule busy"]));
    let blocked = of("blocked").unwrap();
    assert_eq!(blocked["used_by"], json!(["rule busy", "rule card_blocked", "rule large"]));
    assert_eq!(blocked["hits"], 2);
}

#[test]
fn tests_late_events_and_other_tenants_change_nothing_for_others() {
    let engine = engine();
    let read = |json: &str| Event::read(json.as_bytes(), None).unwrap();
    let with = |json: &str, member: &str| json.replacen('{', &format!("{{{member},"), 1);
    let decide = |json: &str| {
        let outcome = changes::decide(&engine, &mut read(json));
        outcome.judgement.verdict.decision.name()
    };
    decide(&with(&payment(1, 1, 0, 90_000), "\"test_flag\":true"));
    let late = payment(2, 1, 0, 90_000).replacen(
        &format!("\"received_time_ms\":{NOW}"),
        &format!("\"received_time_ms\":{}", NOW + 3_600_000),
        1,
    );
    decide(&late);
    assert_eq!(decide(&payment(3, 1, 2, 5_000)), "approve");
    decide(&with(&payment(4, 2, 3, 90_000), "\"tenant_id\":7"));
    assert_eq!(decide(&payment(5, 2, 4, 5_000)), "approve");
    assert_eq!(decide(&with(&payment(6, 2, 4, 5_000), "\"tenant_id\":7")), "decline");
    assert_eq!(decide(&with(&payment(7, 99, 4, 5_000), "\"tenant_id\":7")), "decline");
}

#[test]
fn the_command_line_does_what_the_doors_do() {
    let house = house("cli");
    let url = format!("http://{}", house.address());
    let folder = house.options.data_dir.clone();
    let gyr = |arguments: &[&str]| {
        let output = Command::new(binary()).args(arguments).current_dir(&folder).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let at = ["--service", &url];
    let list = |arguments: &[&str]| gyr(&[&["list"], arguments, &at].concat());
    let added = list(&[
        "add",
        "spare",
        "5",
        "61-63",
        "--reason",
        "why",
        "--who",
        "li",
        "--scope",
        "payment,login",
    ]);
    assert_eq!(added.0, Some(0), "{added:?}");
    let shown = list(&["show", "spare", "--json"]);
    let shown: Value = serde_json::from_str(&shown.1).unwrap();
    assert_eq!(shown[2]["value"], "61..63");
    assert_eq!((&shown[2]["who"], &shown[2]["source"]), (&json!("li"), &json!("gyr list")));
    assert!(list(&["show"]).1.contains("rule card_blocked, rule large"));
    assert_eq!(list(&["remove", "spare", "5"]).0, Some(0));
    let export = list(&["export", "spare", "--out", "spare.csv"]);
    assert_eq!(export.0, Some(0), "{export:?}");
    assert_eq!(list(&["import", "spare", "spare.csv"]).0, Some(0));
    fs::write(folder.join("bad.csv"), "value\nx\n9-1\n").unwrap();
    let bad = list(&["import", "spare", "bad.csv"]);
    assert_eq!(bad.0, Some(1));
    assert!(
        bad.2.contains("row 2: error L003") && bad.2.contains("row 3: error L003"),
        "{}",
        bad.2
    );
    assert_eq!(gyr(&["list", "check", "bad.csv", "--kind", "bin"]).0, Some(1));
    assert_eq!(gyr(&["list", "check", "bad.csv", "--kind", "prefix"]).0, Some(0));
    let unknown = list(&["add", "nothing", "x"]);
    assert_eq!(unknown.0, Some(1));
    assert!(unknown.2.contains("no list of this name"), "{}", unknown.2);
    assert_eq!(gyr(&["list", "show", "--service", "http://127.0.0.1:1"]).0, Some(3));
}
