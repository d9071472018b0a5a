//! Addresses looked up in files: what a database says, what an event takes over, what an answer
//! tells, and that a replay asks no file.
//!
//! The databases are made here, byte by byte (`tests::mmdb`); nothing is shipped that somebody else
//! has rights to.

use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use features::field::{FieldId, ids};
use features::geo::country_code;
use features::networks::{Found, NetworkFile, Networks};
use serde_json::{Value, json};
use tests::{Chance, mmdb};

use crate::cli::{Folder, binary};
use crate::http::{House, NOW, check};

fn file(name: &str, bytes: &[u8]) -> Result<NetworkFile, String> {
    NetworkFile::read(name, bytes, "h")
        .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

fn networks(bytes: &[u8]) -> Networks {
    Networks::new(vec![Arc::new(file("made.mmdb", bytes).unwrap())])
}

fn find(networks: &Networks, ip: &str) -> Found {
    networks.find(ip.parse::<IpAddr>().unwrap())
}

/// The fields that are found, as text.
fn told(found: &Found) -> String {
    let value = |field: FieldId, bits: u64| match field {
        ids::NETWORK_IP_COUNTRY => country_code(bits as u16).unwrap().to_owned(),
        ids::NETWORK_IP_USAGE => field.kind().names().unwrap()[bits as usize].to_owned(),
        ids::NETWORK_IP_LAT | ids::NETWORK_IP_LON | ids::NETWORK_IP_ACCURACY_KM => {
            f64::from_bits(bits).to_string()
        }
        _ => bits.to_string(),
    };
    let name = |field: FieldId| field.path().trim_start_matches("network.");
    let fields =
        found.iter().map(|(field, bits)| format!("{}={}", name(field), value(field, bits)));
    fields.collect::<Vec<_>>().join(" ")
}

/// A database of cities, in the form of those that are sold.
fn cities(build_epoch: u64, country: &str) -> Vec<u8> {
    let place = |country: &str, lat: f64, lon: f64| {
        json!({
            "city": { "geoname_id": 1_796_236, "names": { "en": "Shanghai", "zh-CN": "上海" } },
            "country": { "geoname_id": 1, "iso_code": country, "names": { "en": "a country" } },
            "location": {
                "accuracy_radius": 20, "latitude": lat, "longitude": lon,
                "time_zone": "Asia/Shanghai"
            },
            "registered_country": { "iso_code": "US" },
            "subdivisions": [{ "iso_code": "SH" }, { "iso_code": "X" }],
        })
    };
    let networks = [
        ("203.0.113.0/24", place(country, 31.230_4, 121.473_7)),
        ("203.0.113.128/25", place("JP", 35.5, 139.5)),
        ("198.51.100.7/32", json!({ "country": { "iso_code": "ZZ" } })),
        ("2001:db8::/32", place("DE", -0.1, 13.4)),
    ];
    mmdb(6, build_epoch, "GeoIP2-City", &networks)
}

#[test]
fn a_database_of_cities_says_country_and_place() {
    let file = networks(&cities(1_764_201_600, "CN"));
    assert_eq!(file.labels(), ["made@1764201600"]);
    let shanghai = "ip_country=CN ip_lat=31.2304 ip_lon=121.4737 ip_accuracy_km=20";
    let tokyo = "ip_country=JP ip_lat=35.5 ip_lon=139.5 ip_accuracy_km=20";
    let berlin = "ip_country=DE ip_lat=-0.1 ip_lon=13.4 ip_accuracy_km=20";
    for (ip, wanted) in [
        ("203.0.113.0", shanghai),
        ("203.0.113.127", shanghai),
        ("::ffff:203.0.113.127", shanghai),
        ("203.0.113.128", tokyo),
        ("203.0.113.255", tokyo),
        ("203.0.114.0", ""),
        ("203.0.112.255", ""),
        // A code that is not assigned reads as absent.
        ("198.51.100.7", ""),
        ("2001:db8::", berlin),
        ("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", berlin),
        ("2001:db9::", ""),
        ("::203.0.113.1", ""),
    ] {
        assert_eq!(told(&find(&file, ip)), wanted, "{ip}");
    }
}

#[test]
fn special_databases_say_provider_use_and_disguise() {
    let asn = mmdb(
        4,
        7,
        "GeoLite2-ASN",
        &[(
            "10.0.0.0/8",
            json!({ "autonomous_system_number": 4_200_000_000_u32, "autonomous_system_organization": "x" }),
        )],
    );
    assert_eq!(told(&find(&networks(&asn), "10.255.255.255")), "asn=4200000000");

    let uses = ["Cable/DSL", "Cellular", "Corporate", "Satellite", "Dialup", "Pigeon"];
    let rows: Vec<(String, Value)> = uses
        .iter()
        .enumerate()
        .map(|(at, name)| (format!("10.{at}.0.0/16"), json!({ "connection_type": name })))
        .collect();
    let rows: Vec<(&str, Value)> =
        rows.iter().map(|(at, row)| (at.as_str(), row.clone())).collect();
    let uses = networks(&mmdb(4, 7, "GeoIP2-Connection-Type", &rows));
    let found: Vec<String> = (0..6).map(|at| told(&find(&uses, &format!("10.{at}.1.1")))).collect();
    let named = ["residential", "mobile", "business", "satellite", "residential"];
    let wanted = named.map(|name| format!("ip_usage={name}"));
    assert_eq!(found[..5], wanted);
    assert_eq!(found[5], "", "a use of no known name stays unknown");

    let anonymous = mmdb(
        6,
        7,
        "GeoIP2-Anonymous-IP",
        &[
            (
                "10.0.0.0/24",
                json!({ "is_anonymous": true, "is_anonymous_vpn": true, "is_hosting_provider": true }),
            ),
            (
                "10.0.1.0/24",
                json!({ "is_anonymous": true, "is_tor_exit_node": true, "is_public_proxy": true }),
            ),
            ("2001:db8::/48", json!({ "is_anonymous": true, "is_residential_proxy": true })),
        ],
    );
    let anonymous = networks(&anonymous);
    for (ip, wanted) in [
        ("10.0.0.1", "ip_usage=hosting is_vpn=1 is_proxy=0 is_residential_proxy=0 is_tor=0"),
        ("10.0.1.1", "is_vpn=0 is_proxy=1 is_residential_proxy=0 is_tor=1"),
        ("2001:db8::1", "is_vpn=0 is_proxy=0 is_residential_proxy=1 is_tor=0"),
        // Nobody said that it is none.
        ("10.0.2.1", ""),
    ] {
        assert_eq!(told(&find(&anonymous, ip)), wanted, "{ip}");
    }

    let enterprise = mmdb(
        6,
        7,
        "GeoIP2-Enterprise",
        &[(
            "::/0",
            json!({
                "country": { "iso_code": "US" },
                "traits": { "autonomous_system_number": 64_500, "user_type": "college", "is_anycast": true }
            }),
        )],
    );
    // A record above the addresses of version 4 holds them all.
    for ip in ["10.0.0.1", "255.255.255.255", "2001:db8::1"] {
        let found = find(&networks(&enterprise), ip);
        assert_eq!(told(&found), "ip_country=US asn=64500 ip_usage=education", "{ip}");
    }
}

#[test]
fn what_is_no_database_is_refused_with_a_reason() {
    let whole = cities(1, "CN");
    for (name, bytes, reason) in [
        ("a.mmdb", &b"network,country\n10.0.0.0/8,CN\n"[..], "N001: not a MaxMind database"),
        ("a.mmdb", b"", "N001: not a MaxMind database"),
        ("a.mmdb", &whole[..whole.len() / 2], "N001: not a MaxMind database"),
        ("a.csv", &[0xff; 64], "N002: neither text in UTF-8 nor a MaxMind database"),
    ] {
        let told = file(name, bytes).unwrap_err();
        assert!(told.contains(reason), "{told}");
    }
    // It is known by its content too.
    assert!(file("download", &whole).is_ok());
    let flat = mmdb(4, 1, "other", &[("10.0.0.0/8", json!({ "country": "United States" }))]);
    let told = file("flat.mmdb", &flat).unwrap_err();
    assert!(told.contains("the record of 10.0.0.0/8: "), "{told}");
    let off = json!({ "location": { "latitude": 91.5, "longitude": 0.5, "accuracy_radius": 1 } });
    let told = file("off.mmdb", &mmdb(4, 1, "x", &[("10.0.0.0/8", off)])).unwrap_err();
    assert!(told.contains("N005") && told.contains("91.5 cannot be latitude"), "{told}");
    let silent = mmdb(4, 1, "Domain", &[("10.0.0.0/8", json!({ "domain": "example.com" }))]);
    assert!(file("silent.mmdb", &silent).unwrap_err().contains("N008"));
}

#[test]
fn a_mutilated_database_is_refused_or_read_and_never_more() {
    let whole = cities(1_764_201_600, "CN");
    let mut chance = Chance(11);
    let (mut refused, mut read) = (0, 0);
    for _ in 0..4_000 {
        let mut bytes = whole.clone();
        for _ in 0..=chance.below(4) {
            let at = chance.below(bytes.len() as u64) as usize;
            bytes[at] = chance.bits() as u8;
        }
        if chance.happens(4) {
            bytes.truncate(chance.below(bytes.len() as u64) as usize);
        }
        match file("made.mmdb", &bytes) {
            Ok(file) => {
                read += 1;
                find(&Networks::new(vec![Arc::new(file)]), "203.0.113.9");
            }
            Err(_) => refused += 1,
        }
    }
    assert!(100 < read && 100 < refused, "{read} read, {refused} refused");
}

const POLICY: &str = r#"policy "house"
feature from_china "" = network.ip_country == CN
feature countries "" = distinct(network.ip_country of payment) by account over 30d including this
rule never "Not in this test"
  on payment
  when from_china and countries >= 1_000
  then decline  because VELOCITY_ACCOUNT  owner "tests"
"#;

fn payment(id: u64, network: Value) -> String {
    json!({
        "event_id": format!("e{id}"), "event_type": "payment", "account_id": "a1",
        "channel": "app_ios", "event_time_ms": NOW + id as i64 * 60_000, "payment_id": format!("p{id}"),
        "kind": "merchant_qr_static", "amount_minor": 5_000, "currency": "CNY",
        "funding": "balance", "merchant": { "merchant_id": "m1" }, "network": network,
    })
    .to_string()
}

fn house(name: &str) -> House {
    House::with(name, |folder, options| {
        fs::write(options.policy.as_ref().unwrap(), POLICY).unwrap();
        let (list, database) = (folder.join("offices.csv"), folder.join("cities.mmdb"));
        fs::write(&list, "network,usage\n203.0.113.0/24,business\n").unwrap();
        fs::write(&database, cities(1, "CN")).unwrap();
        options.networks = vec![list, database];
    })
}

#[test]
fn a_decision_is_made_on_what_was_looked_up_and_names_the_files() {
    let house = house("networks-score");
    let list = house.service().reload_networks().unwrap();
    let (_, list) = list.split_once("networks ").unwrap();
    let labels: Vec<&str> = list.split(", ").collect();
    assert_eq!(labels[1], "cities@1");
    assert!(labels[0].starts_with("offices@") && labels[0].len() == "offices@".len() + 16);
    let score = |id, network| house.post("/v1/score", &payment(id, network)).json();

    let filled = score(1, json!({ "ip": "203.0.113.7" }));
    assert_eq!(filled["networks"], json!(labels));
    assert_eq!(filled["facts"]["from_china"], true);
    // The caller wins, and an address that no file knows stays unknown.
    let said = score(2, json!({ "ip": "203.0.113.7", "ip_country": "US" }));
    assert_eq!(said["facts"]["from_china"], false);
    assert_eq!(said["facts"]["countries"], 2.0);
    let unknown = score(3, json!({ "ip": "192.0.2.1" }));
    assert_eq!(unknown["facts"]["from_china"], Value::Null);
    assert_eq!(unknown["networks"], json!(labels));

    let minimal =
        house.post("/v1/score?detail=minimal", &payment(1, json!({ "ip": "203.0.113.7" })));
    assert_eq!(minimal.json()["networks"], json!(labels));
    let what_if = house.post("/v1/evaluate", &payment(4, json!({ "ip": "203.0.113.200" }))).json();
    assert_eq!(what_if["facts"]["from_china"], false);
    assert_eq!(what_if["networks"], json!(labels));
    let page = house.get("/metrics").body;
    assert!(page.contains("gyr_networks_info{file=\"cities@1\"} 1"), "{page}");

    let document = house.get("/openapi.json").json();
    let stored = house.get("/v1/decisions/e1").json();
    for (name, answer) in [("decision", &filled), ("recorded_decision", &stored)] {
        let mut faults = Vec::new();
        check(&document, &document["components"]["schemas"][name], answer, name, &mut faults);
        assert!(faults.is_empty(), "{name}: {faults:?}");
    }
    assert_eq!(stored["networks"], json!(labels));
}

#[test]
fn files_are_read_again_one_by_one_and_a_bad_one_stays_as_it_was() {
    let house = house("networks-reload");
    let (list, database) = (&house.options.networks[0], &house.options.networks[1]);
    let ask = |ip: &str| {
        let answer = house.post("/v1/evaluate", &payment(1, json!({ "ip": ip }))).json();
        (answer["networks"].clone(), answer["facts"]["from_china"].clone())
    };
    let (before, from_china) = ask("203.0.113.7");
    assert_eq!(from_china, true);
    // Both change; one of them is broken.
    fs::write(database, cities(2, "US")).unwrap();
    fs::write(list, "network,usage\n203.0.113.0/24,rented\n203.0.113.1/24,hosting\n").unwrap();
    assert_eq!(ask("203.0.113.7").0, before, "nothing is read unasked");
    let told = house.service().reload_networks().unwrap_err().to_string();
    assert!(told.contains("kept the running offices@"), "{told}");
    assert!(told.contains("row 2") && told.contains("row 3"), "{told}");
    let (after, from_china) = ask("203.0.113.7");
    assert_eq!(from_china, false);
    assert_eq!((&after[0], &after[1]), (&before[0], &json!("cities@2")));
    // A file that went away stays as it was too.
    fs::remove_file(database).unwrap();
    fs::write(list, "network,country\n203.0.113.0/24,CN\n").unwrap();
    let told = house.service().reload_networks().unwrap_err().to_string();
    assert!(told.contains("kept the running cities@2: cannot read"), "{told}");
    let (last, from_china) = ask("203.0.113.7");
    assert_eq!(from_china, true);
    assert!(last[0] != after[0] && last[1] == after[1]);
    assert!(house.get("/metrics").body.contains("gyr_networks_info{file=\"cities@2\"} 1"));
}

#[test]
fn a_replay_takes_what_was_looked_up_then_and_asks_no_file() {
    let mut house = house("networks-replay");
    let steady = self::house("networks-steady");
    let quiet = payment(2, json!({ "ip": "203.0.113.200" })).replacen(
        '{',
        "{\"score_requested\":false,",
        1,
    );
    let mut first = Vec::new();
    for house in [&house, &steady] {
        first.push(house.post("/v1/score", &payment(1, json!({ "ip": "203.0.113.7" }))));
        let noted = house.post("/v1/events", &quiet);
        assert_eq!(noted.status, 200, "{}", noted.body);
    }
    // Another database for everything that comes: both addresses are in one country now.
    let database = house.options.networks[1].clone();
    fs::write(
        &database,
        mmdb(4, 9, "x", &[("0.0.0.0/0", json!({ "country": { "iso_code": "FR" } }))]),
    )
    .unwrap();
    house.restart();
    fs::copy(&database, &steady.options.networks[1]).unwrap();
    steady.service().reload_networks().unwrap();
    let again = house.post("/v1/score", &payment(1, json!({ "ip": "203.0.113.7" })));
    assert!(again.is_replayed());
    assert_eq!(again.decision(), first[0].decision());
    // China and Japan were looked up then, France now; to the last bit as if nothing had stopped.
    let next = payment(3, json!({ "ip": "203.0.113.7" }));
    let (next, wanted) = (house.post("/v1/score", &next), steady.post("/v1/score", &next));
    assert_eq!(next.decision(), wanted.decision());
    assert_eq!(next.json()["facts"]["countries"], 3.0);
    assert_eq!(next.json()["networks"][1], "cities@9");
    // Without any file the past is still what it was.
    house.options.networks.clear();
    house.restart();
    let last = house.post("/v1/score", &payment(4, json!({ "ip": "203.0.113.7" }))).json();
    assert_eq!((&last["facts"]["countries"], &last["networks"]), (&json!(3.0), &Value::Null));
}

#[test]
fn commands_look_up_what_the_service_looks_up() {
    let folder = Folder::new("networks");
    folder.write("house.policy", POLICY);
    folder.write("list.csv", "network,country\n203.0.113.0/24,CN\n");
    fs::write(folder.path("cities.mmdb"), cities(1, "US")).unwrap();
    let events: Vec<String> = [
        json!({ "ip": "203.0.113.7" }),
        json!({ "ip": "203.0.113.7", "ip_country": "DE" }),
        json!({ "ip": "2001:db8::1" }),
    ]
    .into_iter()
    .zip(1..)
    .map(|(network, id)| payment(id, network))
    .collect();
    folder.write("events.ndjson", &events.join("\n"));

    let files = ["--networks", "list.csv", "--networks", "cities.mmdb"];
    let run =
        |command: &[&str]| folder.done(&[command, &["--policy", "house.policy"], &files].concat());
    let scored = run(&["score", "events.ndjson", "--model", "none"]);
    let scored: Vec<Value> =
        scored.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let facts =
        |name: &str| scored.iter().map(|answer| answer["facts"][name].clone()).collect::<Vec<_>>();
    assert_eq!(facts("from_china"), [json!(true), json!(false), json!(false)]);
    assert_eq!(facts("countries"), [1.0, 2.0, 2.0].map(|count| json!(count)));
    assert!(scored.iter().all(|answer| answer["networks"][1] == "cities@1"));

    let backtest = ["backtest", "--data", "events.ndjson", "--model", "none", "--out", "r.html"];
    run(&[&backtest[..], &["--decisions", "backtest.ndjson"]].concat());
    let backtest = folder.read("backtest.ndjson");
    let backtest = backtest.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    assert!(backtest.eq(scored), "a backtest sees what a scoring sees");
    let facts =
        run(&["facts", "--data", "events.ndjson", "--features", "from_china", "--out", "-"]);
    let facts: Vec<Value> = facts
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["from_china"].clone())
        .collect();
    assert_eq!(facts, [json!(1), json!(0), json!(0)]);

    folder.write("bad.csv", "network,country\n10.0.0.0/8,CN\n10.0.0.0/40,CN\n11.0.0.0/8,cn\n");
    fs::write(folder.path("bad.mmdb"), "no database").unwrap();
    let told =
        folder.fails(1, &["score", "events.ndjson", "--networks", "bad.csv,bad.mmdb,nowhere.csv"]);
    for wanted in [
        "bad.csv: row 3: error N004",
        "bad.csv: row 4: error N005",
        "bad.mmdb: error N001",
        "cannot read nowhere.csv",
    ] {
        assert!(told.contains(wanted), "{wanted} is not in\n{told}");
    }
    folder.fails(3, &["score", "events.ndjson", "--networks", "nowhere.csv"]);
    folder.fails(1, &["serve", "--listen", "127.0.0.1:0", "--networks", "bad.csv"]);
    folder.fails(3, &["serve", "--listen", "127.0.0.1:0", "--networks", "nowhere.csv"]);
}

#[cfg(unix)]
#[test]
fn the_process_reads_its_files_again_on_hangup() {
    use std::io::{BufRead, BufReader};

    let folder = Folder::new("networks-process");
    folder.write("list.csv", "network,country\n10.0.0.0/8,CN\n");
    let mut process = Command::new(binary())
        .args(["serve", "--listen", "127.0.0.1:0", "--model", "none", "--data-dir"])
        .arg(folder.path("data"))
        .env("GYR_NETWORKS", folder.path("list.csv"))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(process.stderr.take().unwrap()).lines();
    let mut hear = |wanted: &str| loop {
        let line = said.next().unwrap_or_else(|| panic!("it never said {wanted:?}")).unwrap();
        if line.contains(wanted) {
            return line;
        }
    };
    let signal = |name: &str| {
        let id = process.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    };
    let label = |line: &str| {
        let from = line.find("list@").unwrap_or_else(|| panic!("no label: {line}"));
        line[from..from + "list@".len() + 16].to_owned()
    };
    let started = label(&hear("ready on http://"));
    folder.write("list.csv", "network,country\n10.0.0.0/99,CN\n");
    signal("-HUP");
    let kept = hear("kept the running list@");
    assert!(kept.contains(&started) && kept.contains("row 2: error N004"), "{kept}");
    assert_eq!(label(&hear("are in force")), started);
    folder.write("list.csv", "network,country\n10.0.0.0/9,CN\n");
    signal("-HUP");
    assert_ne!(label(&hear("networks list@")), started);
    signal("-TERM");
    assert_eq!(process.wait().unwrap().code(), Some(0));
    assert!(Path::new(&folder.path("data")).exists());
}
