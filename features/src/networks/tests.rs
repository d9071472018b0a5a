//! What lists of ranges say, how files add up, and what an event takes over. Databases are proved
//! in `tests/it/networks.rs`, with an encoder of their own.

use serde_json::{Value, json};

use super::*;
use crate::event::Event;
use crate::field::Kind;
use crate::geo::pack_country;

fn list(text: &str) -> Arc<NetworkFile> {
    let file = NetworkFile::read("list.csv", text.as_bytes(), "h1");
    Arc::new(file.unwrap_or_else(|faults| panic!("{faults:#?}")))
}

fn networks(texts: &[&str]) -> Networks {
    Networks::new(texts.iter().map(|text| list(text)).collect())
}

/// What is found of an address, in the words of an event.
fn told(networks: &Networks, ip: &str) -> Vec<String> {
    let found = networks.find(ip.parse().unwrap());
    let name = |field: FieldId| field.path().trim_start_matches("network.").to_owned();
    let value = |(field, bits): (FieldId, u64)| match field {
        ids::NETWORK_IP_COUNTRY => crate::geo::country_code(bits as u16).unwrap().to_owned(),
        ids::NETWORK_IP_USAGE => field.kind().names().unwrap()[bits as usize].to_owned(),
        field if matches!(field.kind(), Kind::Float { .. }) => f64::from_bits(bits).to_string(),
        _ => bits.to_string(),
    };
    found.iter().map(|(field, bits)| format!("{}={}", name(field), value((field, bits)))).collect()
}

fn faults(text: &str) -> Vec<(&'static str, Place)> {
    let faults = NetworkFile::read("list.csv", text.as_bytes(), "h1").unwrap_err();
    faults.into_iter().map(|fault| (fault.code, fault.place)).collect()
}

#[test]
fn the_bits_stand_for_their_fields() {
    let bits = |of: u16| (0..FIELDS.len()).filter(move |index| of >> index & 1 == 1);
    let paths = |of: u16| bits(of).map(|index| FIELDS[index].path()).collect::<Vec<_>>();
    assert_eq!(paths(COUNTRY), ["network.ip_country"]);
    assert_eq!(paths(PLACE), ["network.ip_lat", "network.ip_lon", "network.ip_accuracy_km"]);
}

#[test]
fn every_column_of_a_list_is_read() {
    let networks = networks(&["\u{feff}# what we know\n\n \
         network , country,lat,lon,accuracy_km,asn,usage,vpn,proxy,residential_proxy,tor\r\n\
         203.0.113.0/24, \"CN\",31.25,121.5,20,AS64500,hosting,true,false,1,0\r\n\
         2001:db8::/32,,,,,7,,,,,true"]);
    assert_eq!(
        told(&networks, "203.0.113.255"),
        [
            "ip_country=CN",
            "ip_lat=31.25",
            "ip_lon=121.5",
            "ip_accuracy_km=20",
            "asn=64500",
            "ip_usage=hosting",
            "is_vpn=1",
            "is_proxy=0",
            "is_residential_proxy=1",
            "is_tor=0"
        ]
    );
    assert_eq!(told(&networks, "2001:db8:ffff::1"), ["asn=7", "is_tor=1"]);
    assert!(told(&networks, "203.0.114.0").is_empty());
    assert!(told(&networks, "2001:db9::").is_empty());
    assert_eq!(networks.labels(), ["list@h1"]);
}

#[test]
fn the_smallest_network_that_says_something_holds() {
    let networks = networks(&["network,country,usage,vpn\n\
         10.0.0.0/8,US,,\n\
         0.0.0.0/0,,,false\n\
         10.1.2.3,,,true\n\
         10.1.0.0/16,CN,hosting,\n\
         ::/0,,,false\n\
         ffff::/16,JP,,\n\
         10.1.0.0/16,,,true\n"]);
    for (ip, wanted) in [
        ("9.255.255.255", "is_vpn=0"),
        ("10.0.0.0", "ip_country=US is_vpn=0"),
        ("10.0.255.255", "ip_country=US is_vpn=0"),
        ("10.1.0.0", "ip_country=CN ip_usage=hosting is_vpn=1"),
        ("10.1.2.2", "ip_country=CN ip_usage=hosting is_vpn=1"),
        ("10.1.2.3", "ip_country=CN ip_usage=hosting is_vpn=1"),
        ("10.2.0.0", "ip_country=US is_vpn=0"),
        ("11.0.0.0", "is_vpn=0"),
        ("255.255.255.255", "is_vpn=0"),
        ("::", "is_vpn=0"),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ip_country=JP is_vpn=0"),
    ] {
        assert_eq!(told(&networks, ip).join(" "), wanted, "{ip}");
    }
}

#[test]
fn a_list_may_name_first_and_last() {
    let networks = networks(&["first,last,country\n\
         1.0.0.3,1.0.2.8,AU\n1.0.1.0,1.0.1.0,CN\n\
         0.0.0.0,0.255.255.255,US\n255.0.0.0,255.255.255.255,JP\n\
         ::,ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff,DE\n::ffff:2.0.0.1,::ffff:2.0.0.9,FR\n"]);
    for (ip, wanted) in [
        ("1.0.0.2", ""),
        ("1.0.0.3", "AU"),
        ("1.0.0.255", "AU"),
        ("1.0.1.0", "CN"),
        ("1.0.1.1", "AU"),
        ("1.0.2.8", "AU"),
        ("1.0.2.9", ""),
        ("0.0.0.0", "US"),
        ("0.255.255.255", "US"),
        ("255.255.255.255", "JP"),
        ("2.0.0.1", "FR"),
        ("2.0.0.10", ""),
        ("::1", "DE"),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "DE"),
    ] {
        let wanted =
            if wanted.is_empty() { wanted.to_owned() } else { format!("ip_country={wanted}") };
        assert_eq!(told(&networks, ip).join(" "), wanted, "{ip}");
    }
}

#[test]
fn an_address_of_version_4_may_be_written_as_version_6() {
    let networks = networks(&["network,country\n::ffff:203.0.113.0/120,CN\n198.51.100.0/24,US\n"]);
    for ip in ["203.0.113.9", "::ffff:203.0.113.9"] {
        assert_eq!(told(&networks, ip), ["ip_country=CN"], "{ip}");
    }
    assert_eq!(told(&networks, "::ffff:c633:6407"), ["ip_country=US"]);
}

#[test]
fn every_fault_of_a_list_is_told_with_its_row_and_nothing_is_taken() {
    let text = "# first a comment\nnetwork,country,lat,lon,asn,usage,vpn\n\
        10.0.0.1/8,CN,,,,,\n\
        10.0.0.0/33,CN,,,,,\n\
        300.0.0.0/8,,,,,,true\n\
        10.0.0.0/8,China,,,,,\n\
        10.0.0.0/8,CN,91,0,,,\n\
        10.0.0.0/8,CN,1,,,,\n\
        10.0.0.0/8,CN,,,ASN5,rented,maybe\n\
        10.0.0.0/8,CN\n\
        10.0.0.0/8,CN,,,,,\n\
        10.0.0.0/8,US,,,,,\n";
    let row = |code, row| (code, Place::Row(row));
    assert_eq!(
        faults(text),
        [
            row(fault::NETWORK, 3),
            row(fault::NETWORK, 4),
            row(fault::NETWORK, 5),
            row(fault::VALUE, 6),
            row(fault::VALUE, 7),
            row(fault::VALUE, 8),
            row(fault::VALUE, 9),
            row(fault::VALUE, 9),
            row(fault::VALUE, 9),
            row(fault::CELLS, 10),
            row(fault::CONTRADICTION, 12),
        ]
    );
    let first = NetworkFile::read("list.csv", text.as_bytes(), "").unwrap_err().remove(0);
    assert_eq!(first.message, "got \"10.0.0.1/8\", wanted the network 10.0.0.0/8");
}

#[test]
fn a_header_that_is_not_understood_is_told_alone() {
    for (text, count) in [
        ("", 1),
        ("# nothing\n\n", 1),
        ("network,contry\nnonsense", 1),
        ("country\nCN", 1),
        ("network,first,last,country\n", 1),
        ("first,country\n", 1),
        ("network,country,country,lat\n", 2),
    ] {
        let found = faults(text);
        assert!(found.iter().all(|(code, _)| *code == fault::HEADER), "{text:?}: {found:?}");
        assert_eq!(found.len(), count, "{text:?}: {found:?}");
    }
    let typo = NetworkFile::read("l", b"network,contry\n", "").unwrap_err().remove(0);
    assert_eq!(typo.help.as_deref(), Some("did you mean \"country\"?"));
    assert_eq!(faults("network\n10.0.0.0/8\n"), [(fault::NOTHING, Place::Whole)]);
    let binary = NetworkFile::read("l.csv", b"\xff\xfe\x00", "").unwrap_err();
    assert_eq!(binary[0].code, fault::HEADER);
}

#[test]
fn many_faults_are_counted() {
    let text = format!("network,vpn\n{}", "nowhere,true\n".repeat(30));
    let found = faults(&text);
    assert_eq!(found.len(), FAULTS_MAX + 1);
    assert_eq!(found[FAULTS_MAX], (fault::MORE, Place::Whole));
}

#[test]
fn the_first_file_that_says_something_is_believed() {
    let networks = networks(&[
        "network,country,vpn\n10.0.0.0/8,CN,\n11.0.0.0/8,,true\n",
        "network,country,lat,lon,vpn,asn\n10.0.0.0/8,US,40,-75,false,1\n11.0.0.0/8,US,40,-75,false,2\n",
        "network,lat,lon,accuracy_km,tor\n0.0.0.0/0,1,2,3,false\n",
    ]);
    // The second file's place is in another country than the one that is believed.
    assert_eq!(
        told(&networks, "10.9.9.9"),
        [
            "ip_country=CN",
            "ip_lat=1",
            "ip_lon=2",
            "ip_accuracy_km=3",
            "asn=1",
            "is_vpn=0",
            "is_tor=0"
        ]
    );
    // A place is of one file: the third one's radius does not go with the second one's centre.
    let wanted = ["ip_country=US", "ip_lat=40", "ip_lon=-75", "asn=2", "is_vpn=1", "is_tor=0"];
    assert_eq!(told(&networks, "11.0.0.1"), wanted);
    assert_eq!(networks.labels().len(), 3);
}

#[test]
fn overlays_agree_with_a_scan_of_all_rows() {
    // Seeded prefixes in a small space, so that many lie in one another.
    let mut state = 7_u64;
    let mut random = |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut rows: Vec<(u32, u32, u32)> = Vec::new();
    for number in 0..300 {
        let length = 16 + random(17) as u32;
        let hosts = u32::MAX.checked_shr(length).unwrap_or(0);
        let first = (0x0a00_0000 | random(1 << 16) as u32) & !hosts;
        if rows.iter().all(|row| (row.0, row.1) != (first, length)) {
            rows.push((first, length, number));
        }
    }
    let mut text = "network,asn\n".to_owned();
    for (first, length, number) in &rows {
        text += &format!("{}/{length},{number}\n", std::net::Ipv4Addr::from_bits(*first));
    }
    let networks = networks(&[&text]);
    for address in (0x0a00_0000..0x0a01_0010_u32).chain([0x09ff_ffff]) {
        let holds = |row: &&(u32, u32, u32)| {
            let hosts = u32::MAX.checked_shr(row.1).unwrap_or(0);
            address & !hosts == row.0
        };
        let wanted = rows.iter().filter(holds).max_by_key(|row| row.1).map(|row| row.2.into());
        let found = networks.find(IpAddr::V4(address.into())).get(ids::NETWORK_ASN);
        assert_eq!(found, wanted, "{address:x}");
    }
}

const NOW: i64 = 1_790_000_000_000;

fn login(network: Value) -> String {
    let mut event = json!({
        "event_id": "e1", "event_type": "login", "event_time_ms": NOW, "channel": "web",
        "account_id": "a1", "outcome": "success", "method": "password", "login_name_hash": "n1"
    });
    if !network.is_null() {
        event["network"] = network;
    }
    event.to_string()
}

fn read(networks: &Networks, network: Value) -> Event {
    let json = login(network);
    Event::read_with(json.as_bytes(), None, |ip| networks.look_up(ip))
        .unwrap_or_else(|faults| panic!("{faults:#?}"))
}

fn city() -> Networks {
    networks(&[
        "network,country,lat,lon,accuracy_km,asn,vpn\n203.0.113.0/24,CN,31.25,121.5,20,64500,\n\
         198.51.100.0/24,CN,31.25,121.5,20,64500,true\n",
    ])
}

#[test]
fn an_event_takes_over_what_it_does_not_say_and_derives_from_it() {
    let event = read(&city(), json!({"ip": "::ffff:203.0.113.7", "asn": 5}));
    assert_eq!(event.text(ids::NETWORK_IP_COUNTRY), Some("CN"));
    assert_eq!(event.number(ids::NETWORK_IP_LAT).to_bits(), 31.25_f64.to_bits());
    assert_eq!(event.bits(ids::NETWORK_ASN), Some(5), "the caller wins");
    assert!(!event.has(ids::NETWORK_IS_VPN), "what no file says stays unknown");
    assert_eq!(event.text(ids::PLACE_COUNTRY), Some("CN"));
    assert_eq!(event.number(ids::PLACE_CONFIDENCE).to_bits(), 0.6_f64.to_bits());
    assert!(event.has(ids::LOCAL_HOUR));
    let finding = event.looked_up().unwrap();
    assert_eq!(finding.networks[..], ["list@h1"]);
    assert_eq!(finding.found.get(ids::NETWORK_ASN), None, "only what was taken over");
    assert_eq!(finding.found.iter().count(), 4);
    // A VPN hides the place, also when only a file knows that it is one.
    let hidden = read(&city(), json!({"ip": "198.51.100.1"}));
    assert!(hidden.has(ids::NETWORK_IP_LAT) && !hidden.has(ids::PLACE_LAT));
}

#[test]
fn a_place_is_not_put_beside_a_country_or_a_place_of_the_caller() {
    let place = |network| {
        let event = read(&city(), network);
        let country = event.text(ids::NETWORK_IP_COUNTRY).map(str::to_owned);
        (country, event.number(ids::NETWORK_IP_LAT), event.has(ids::NETWORK_IP_ACCURACY_KM))
    };
    let ip = "203.0.113.7";
    let (country, lat, _) = place(json!({"ip": ip, "ip_country": "US"}));
    assert!(country.as_deref() == Some("US") && lat.is_nan());
    let (country, lat, has_radius) = place(json!({"ip": ip, "ip_lat": 30, "ip_lon": 120}));
    assert!(country.as_deref() == Some("CN") && lat == 30.0 && !has_radius);
    let (_, lat, has_radius) = place(json!({"ip": ip, "ip_country": "CN"}));
    assert!(lat == 31.25 && has_radius);
}

#[test]
fn a_finding_that_is_given_back_gives_the_same_event() {
    let event = read(&city(), json!({"ip": "203.0.113.7", "ip_country": "CN", "asn": 5}));
    let finding = event.looked_up().unwrap().clone();
    let again = Event::read_with(event.json().as_bytes(), None, |_| Some(finding)).unwrap();
    for field in FieldId::all() {
        assert_eq!(again.bits(field), event.bits(field), "{field:?}");
    }
    assert_eq!(again.looked_up(), event.looked_up());
}

#[test]
fn without_an_address_or_without_files_nothing_is_found() {
    let event = read(&city(), Value::Null);
    assert!(event.looked_up().unwrap().found.is_empty());
    assert_eq!(event.looked_up().unwrap().networks.len(), 1);
    let event = read(&Networks::default(), json!({"ip": "203.0.113.7"}));
    assert!(event.looked_up().is_none() && !event.has(ids::NETWORK_IP_COUNTRY));
    assert_eq!(event.bits(ids::PLACE_COUNTRY), None);
    let mut found = Found::default();
    found.set(ids::NETWORK_IP_COUNTRY, pack_country("CN").unwrap().into());
    found.set(ids::ACCOUNT_ID, 7);
    assert_eq!(found.iter().count(), 1, "other fields are not looked up");
}
