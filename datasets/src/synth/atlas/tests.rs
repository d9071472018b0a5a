//! The atlas as a whole: what it promises of addresses, places and cards, and how it is read.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use features::diagnostic::Place as At;
use features::geo;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;
use crate::scratch::Folder;
use ranges::RESERVED;

const NOW_MS: i64 = 1_790_000_000_000; // 21 September 2026.

fn country(code: &str) -> Country {
    Country(code.as_bytes().try_into().unwrap())
}

fn built_in() -> Atlas {
    Atlas::built_in()
}

/// All kinds of networks for one key.
fn networks(atlas: &Atlas, country: Country, key: u64) -> [Network; 8] {
    [
        atlas.home_line(country, key),
        atlas.mobile(country, key),
        atlas.shared(country, key, "business"),
        atlas.shared(country, key, "education"),
        atlas.residential_proxy(country, key),
        atlas.vpn(country, key),
        atlas.datacenter(key),
        atlas.tor(key),
    ]
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// A folder with a small table for every part.
fn folder(name: &str) -> Folder {
    let folder = Folder::new(name);
    folder.file(
        "binlist_ranges.csv",
        "iin_start,iin_end,number_length,scheme,type,prepaid,country,bank_name\n\
         400123,,16,visa,credit,,SG,\"One Bank, Ltd\"\n\
         45712000,45712099,16,visa,debit,y,SG,Other Bank\n\
         620000,,16,unionpay,debit,,CN,\n",
    );
    let blocks = "ip_from,ip_to,country\n\
                  9.0.0.0,9.0.255.255,SG\n\
                  8.0.0.0,8.255.255.255,US\n\
                  9.1.0.0,10.0.255.255,CN\n";
    folder.file("ip_country_v4.csv.gz", gzip(blocks));
    folder.file("datacenter_ipv4.txt.gz", gzip("8.1.0.0/16\n9.0.16.0/20\n200.0.0.0/8\n"));
    folder
        .file("datacenter_asn.txt.gz", gzip("AS64 # ONE, US\nAS65 # TWO, SG\nAS66\t# https://x\n"));
    folder.file("vpn_ipv4.txt.gz", gzip("8.1.1.0/24\n9.0.16.0/24\n"));
    folder.file("tor_exit_nodes.lst", "8.1.1.7\n8.9.9.9\n2001:db8::1\n\n# the end\n");
    folder.file("country_centroids.csv", "longitude,latitude,ISO\n-0.5,51,GB\n179.99,-17.5,FJ\n");
    folder.file(
        "currency_codes.csv",
        "AlphabeticCode,WithdrawalDate\nSGD,\nFJD,\nEUR,\nBGN,2026-01\n",
    );
    folder.file("mcc_codes.csv", "mcc,edited_description\n5812,Restaurants\n0742,Vets\n");
    folder.file(
        "country_codes.csv",
        "ISO3166-1-Alpha-2,ISO4217-currency_alphabetic_code,Languages\n\
         SG,SGD,\"cmn,en-SG\"\nFJ,FJD,\"en-FJ,fj\"\nBG,\"BGN,EUR\",\"bg,tr\"\nAQ,,\n",
    );
    folder
}

fn faults(folder: &Folder) -> Vec<String> {
    match Atlas::read(&folder.path("")).unwrap_err() {
        Error::Reference { diagnostics, more, .. } => {
            assert_eq!(more, 0);
            let row = |place: &At| match place {
                At::Row(row) => row.to_string(),
                At::Whole | At::Field(_) | At::Text { .. } => "-".to_owned(),
            };
            let lines = diagnostics.iter();
            lines.map(|d| format!("{} {} {}", d.code, row(&d.place), d.message)).collect()
        }
        other => panic!("{other}"),
    }
}

#[test]
fn the_same_key_has_the_same_address_and_another_key_another() {
    let (atlas, again) = (built_in(), built_in());
    let home = country("DE");
    assert_eq!(networks(&atlas, home, 7), networks(&again, home, 7));
    let homes: BTreeSet<u32> = (0..1_000).map(|key| atlas.home_line(home, key).ip).collect();
    assert!(995 < homes.len(), "{}", homes.len());
    let points: BTreeSet<u64> = (0..1_000).map(|key| atlas.home_line(home, key).bssid).collect();
    assert!(points.len() == 1_000 && !points.contains(&0));
}

#[test]
fn no_address_is_reserved_or_in_two_countries_or_in_two_uses() {
    let atlas = built_in();
    let mut seen: BTreeMap<u32, (Country, &str, bool, bool)> = BTreeMap::new();
    for code in ["CN", "HK", "MO", "US", "KR", "JP", "SG", "DE", "LA", "NG", "FJ"] {
        for key in 0..2_000 {
            for network in networks(&atlas, country(code), key) {
                let ip = network.ip;
                assert!(!RESERVED.iter().any(|span| (span.first..=span.last).contains(&ip)));
                let what = (network.country, network.usage, network.is_vpn, network.is_tor);
                assert_eq!(*seen.entry(ip).or_insert(what), what, "{:?}", ip.to_be_bytes());
            }
        }
    }
}

#[test]
fn what_hides_looks_like_it() {
    let atlas = built_in();
    for key in 0..500 {
        for code in ["CN", "US", "KH", "VN"] {
            let vpn = atlas.vpn(country(code), key);
            assert_eq!((vpn.usage, vpn.is_vpn, vpn.country.code()), ("hosting", true, code));
        }
        let server = atlas.datacenter(key);
        assert_eq!((server.usage, server.is_vpn, server.is_tor), ("hosting", false, false));
        let exit = atlas.tor(key);
        assert_eq!((exit.usage, exit.is_vpn, exit.is_tor), ("hosting", false, true));
    }
    let known = |key: &u64| atlas.residential_proxy(country("US"), *key).is_residential_proxy;
    let known = (0..3_000).filter(known).count();
    assert!((900..1_100).contains(&known), "{known}");
}

#[test]
fn customers_of_a_carrier_share_few_addresses() {
    let atlas = built_in();
    let phones: Vec<Network> = (0..5_000).map(|key| atlas.mobile(Country::CN, key)).collect();
    let addresses: BTreeSet<u32> = phones.iter().map(|phone| phone.ip).collect();
    assert_eq!(addresses.len() as u64, 3 * NATS);
    let carriers: BTreeSet<u32> = phones.iter().map(|phone| phone.asn).collect();
    assert_eq!(carriers, BTreeSet::from([9_808, 4_837, 4_134]));
    let leader = phones.iter().filter(|phone| phone.asn == 9_808).count();
    assert!((2_700..3_100).contains(&leader), "{leader}");
    assert!(phones.iter().all(|phone| phone.connection == "cellular" && phone.bssid == 0));
    assert_eq!(atlas.sim_operator(Country::CN), 46_000);
}

#[test]
fn an_address_always_has_the_same_operator() {
    let atlas = built_in();
    let mut operators: BTreeMap<u32, u32> = BTreeMap::new();
    for key in 0..20_000 {
        for network in networks(&atlas, country("MO"), key) {
            let asn = *operators.entry(network.ip).or_insert(network.asn);
            assert_eq!(asn, network.asn, "{:?}", network);
        }
    }
}

#[test]
fn guests_of_a_site_share_its_address_and_access_point() {
    let atlas = built_in();
    let hotel = atlas.shared(Country::CN, 11, "business");
    assert_eq!(hotel, atlas.shared(Country::CN, 11, "business"));
    assert!(hotel.is_public && hotel.bssid != 0);
    assert_ne!(hotel.ip, atlas.shared(Country::CN, 12, "business").ip);
    let campus = atlas.shared(Country::CN, 11, "education");
    assert_eq!((campus.usage, campus.asn, campus.is_public), ("education", 4_538, false));
}

#[test]
fn a_country_without_addresses_is_served_from_the_largest() {
    let atlas = built_in();
    let served = atlas.home_line(country("FJ"), 1);
    assert_eq!(served.country, atlas.lands[usize::from(atlas.largest)].country);
    assert_eq!(atlas.home_line(country("ZZ"), 1).country, served.country);
    assert_eq!(atlas.home_line(Country([0, 255]), 1).country, served.country);
    assert!(atlas.vpn(country("FJ"), 1).is_vpn);
}

#[test]
fn every_country_has_a_city_and_stays_on_the_map() {
    let atlas = built_in();
    let mut chance = Chance::of(7, &[]);
    for land in &atlas.lands {
        for _ in 0..50 {
            let city = atlas.city_in(land.country, &mut chance);
            let place = atlas.near(city, 30.0, &mut chance);
            assert_eq!((place.country, place.city), (land.country, city));
            assert!(place.lat_e3.abs() < 90_000 && place.lon_e3.abs() < 180_000);
        }
    }
    assert_eq!(atlas.near(u16::MAX, 1.0, &mut chance).country.code(), "ZW");
}

#[test]
fn nobody_near_a_city_has_crossed_a_border() {
    let atlas = built_in();
    let mut chance = Chance::of(7, &[]);
    for (number, city) in (0..).zip(atlas.cities()).filter(|(_, city)| city.name != "centre") {
        for _ in 0..200 {
            let place = atlas.near(number, 25.0, &mut chance);
            let (lat, lon) = (f64::from(place.lat_e3) / 1e3, f64::from(place.lon_e3) / 1e3);
            let found = geo::country_at(lat, lon).and_then(geo::country_code);
            assert_eq!(found, Some(city.country.code()), "{} {lat} {lon}", city.name);
        }
    }
}

#[test]
fn places_spread_as_far_as_they_were_asked_to() {
    let atlas = built_in();
    let mut chance = Chance::of(7, &[]);
    let shanghai = &atlas.cities()[0];
    let mean = |km: f64, chance: &mut Chance| {
        let far = |_| {
            let place = atlas.near(0, km, chance);
            geo::distance_km(
                f64::from(shanghai.lat_e3) / 1e3,
                f64::from(shanghai.lon_e3) / 1e3,
                f64::from(place.lat_e3) / 1e3,
                f64::from(place.lon_e3) / 1e3,
            )
        };
        (0..4_000).map(far).sum::<f64>() / 4_000.0
    };
    // The mean distance of a normal in both directions is sqrt(pi / 2) deviations.
    let wanted = 4.0 * (std::f64::consts::PI / 2.0).sqrt();
    assert!((mean(4.0, &mut chance) - wanted).abs() < 0.2);
    assert!(mean(500.0, &mut chance) < shanghai.reach_km);
}

#[test]
fn popular_cities_are_met_more_often() {
    let atlas = built_in();
    let mut chance = Chance::of(7, &[]);
    let mut met = vec![0; atlas.cities().len()];
    for _ in 0..20_000 {
        met[usize::from(atlas.china(&mut chance))] += 1;
    }
    let mainland = atlas.cities().iter().take_while(|city| city.country == Country::CN).count();
    assert_eq!(met[..mainland].iter().sum::<u32>(), 20_000);
    assert!(met[1] < met[0] && 10 * met[mainland - 1] < met[0] && 0 < met[mainland - 1]);
}

/// Shares of the networks among cards of the built-in issuer countries.
fn mix_of(atlas: &Atlas, settings: &Settings) -> BTreeMap<&'static str, f64> {
    let mut chance = Chance::of(7, &[]);
    let mut mix = BTreeMap::new();
    for _ in 0..40_000 {
        let home = atlas.home_country(settings, &mut chance);
        *mix.entry(atlas.card(home, NOW_MS, &mut chance).scheme).or_insert(0.0) += 1.0 / 40_000.0;
    }
    mix
}

#[test]
fn the_networks_of_all_cards_come_out_as_the_world_wants_them() {
    let settings = Settings::default();
    let check = |mix: &BTreeMap<&'static str, f64>, settings: &Settings, tolerance: f64| {
        let wanted = &settings.issuers.schemes;
        let far = |scheme: &str, wanted: f64| (mix[scheme] - wanted).abs();
        assert!(far("visa", wanted.visa) < tolerance, "{mix:?}");
        assert!(far("mastercard", wanted.mastercard) < tolerance, "{mix:?}");
        assert!(far("jcb", wanted.jcb) < tolerance, "{mix:?}");
        assert!(far("amex", wanted.amex) < tolerance, "{mix:?}");
        let both = wanted.discover + wanted.diners;
        assert!((mix["discover"] + mix["diners"] - both).abs() < tolerance, "{mix:?}");
    };
    check(&mix_of(&built_in(), &settings), &settings, 0.02);
    let other = "[issuers.schemes]\nvisa = 0.45\njcb = 0.10\namex = 0.06\n";
    let other = Settings::read(other).unwrap();
    let balanced = built_in().balanced(&other.issuers);
    check(&mix_of(&balanced, &other), &other, 0.007);
    // Taste stays: JCB cards are Japanese still.
    let jcb = |code| {
        let mut chance = Chance::of(8, &[]);
        let mut draw = || balanced.card(country(code), NOW_MS, &mut chance).scheme == "jcb";
        (0..2_000).filter(|_| draw()).count()
    };
    assert!(800 < jcb("JP") && jcb("GB") == 0);
}

#[test]
fn issuer_countries_come_as_the_settings_say() {
    let (atlas, settings) = (built_in(), Settings::default());
    let mut chance = Chance::of(7, &[]);
    let mut met: BTreeMap<Country, f64> = BTreeMap::new();
    for _ in 0..20_000 {
        *met.entry(atlas.home_country(&settings, &mut chance)).or_default() += 1.0 / 20_000.0;
    }
    for (country, share) in &settings.issuers.countries {
        assert!((met.get(country).copied().unwrap_or(0.0) - share).abs() < 0.015, "{country:?}");
    }
}

#[test]
fn a_card_is_plausible_from_front_to_back() {
    let atlas = built_in();
    let mut chance = Chance::of(7, &[]);
    let mut issuers: BTreeMap<u32, Country> = BTreeMap::new();
    for draw in 0..20_000 {
        let home = atlas.lands[draw % atlas.lands.len()].country;
        let card = atlas.card(home, NOW_MS, &mut chance);
        let digits = card.bin8.to_string();
        let begins = |from: &str, to: &str| (from..=to).contains(&&digits[..from.len()]);
        let fits = match card.scheme {
            "visa" => begins("4", "4"),
            "mastercard" => begins("51", "55") || begins("2221", "2720"),
            "jcb" => begins("3528", "3589"),
            "discover" => begins("6011", "6011") || begins("65", "65"),
            "diners" => begins("36", "36") || begins("38", "38"),
            _ => begins("34", "34") || begins("37", "37"),
        };
        assert!(fits && digits.len() == 8, "{card:?}");
        assert!((202_709..=203_109).contains(&card.expiry_ym), "{card:?}");
        assert!((1..=12).contains(&(card.expiry_ym % 100)), "{card:?}");
        assert!(card.last4 < 10_000 && 10_000 <= card.limit_fen, "{card:?}");
        // Issuers are told by sixteen bits.
        assert!(0 < card.issuer && card.issuer <= u32::from(u16::MAX));
        assert_eq!(*issuers.entry(card.issuer).or_insert(home), home);
        assert_eq!((card.country, card.currency), (home, atlas.currency(home)));
    }
}

#[test]
fn published_tables_are_what_the_atlas_is_drawn_from() {
    let folder = folder("atlas-tables");
    let atlas = Atlas::read(&folder.path("")).unwrap();
    let (singapore, us) = (country("SG"), country("US"));
    for key in 0..2_000 {
        // 9.0.0.0/16 without the data centres in it.
        let home = atlas.home_line(singapore, key);
        assert_eq!((home.ip >> 16, home.country), (0x0900, singapore));
        assert_ne!(home.ip >> 12, 0x0_9001);
        assert_eq!(atlas.vpn(singapore, key).ip >> 8, 0x09_0010);
        let server = atlas.datacenter(key);
        assert!(server.ip >> 16 == 0x0801 || server.ip >> 12 == 0x0_9001, "{server:?}");
        assert!(server.ip >> 8 != 0x08_0101 && server.ip >> 8 != 0x09_0010, "{server:?}");
        let asn = if server.country == us { 64 } else { 65 };
        assert_eq!(server.asn, asn);
        // What lies in 10.0.0.0/8 is nobody's; campuses have the highest addresses.
        assert_eq!(atlas.shared(Country::CN, key, "education").ip >> 24, 9);
    }
    // A Tor exit among VPN exits is a Tor exit.
    let tor: BTreeSet<u32> = (0..100).map(|key| atlas.tor(key).ip).collect();
    assert_eq!(tor, BTreeSet::from([0x0801_0107, 0x0809_0909]));
    assert!((0..2_000).all(|key| atlas.vpn(us, key).ip != 0x0801_0107));
    // A country without its own currency in force takes the next.
    assert_eq!((atlas.currency(country("FJ")), atlas.currency(country("BG"))), ("FJD", "EUR"));
    assert_eq!((atlas.language(country("FJ")), atlas.language(singapore)), ("en-US", "en-SG"));
    let fiji = &atlas.cities()[usize::from(atlas.city_in(country("FJ"), &mut Chance::of(1, &[])))];
    assert_eq!((fiji.name, fiji.lat_e3, fiji.lon_e3), ("centre", -17_500, 179_990));
    assert_eq!(atlas.categories(), [742, 5_812]);
    let mut bins = BTreeSet::new();
    let mut chance = Chance::of(7, &[]);
    for _ in 0..2_000 {
        let card = atlas.card(singapore, NOW_MS, &mut chance);
        if card.scheme == "visa" {
            let is_first = card.bin8 / 100 == 400_123;
            assert!(is_first || card.bin8 / 100 == 457_120, "{card:?}");
            assert_eq!(card.funding, if is_first { "credit" } else { "prepaid" });
            bins.insert(card.bin8);
        }
    }
    let first = bins.iter().filter(|bin8| **bin8 / 100 == 400_123).count();
    assert!((2..=4).contains(&first), "{first} endings of a range of six digits");
}

#[test]
fn sources_tell_what_a_world_was_made_of() {
    let folder = Folder::new("atlas-sources");
    let path = folder.file("tor_exit_nodes.lst", "24.0.0.7\n2001:db8::1\n");
    let atlas = Atlas::read(&folder.path("")).unwrap();
    let of = |part: &str| {
        let found = atlas.sources().iter().find(|source| source.part == part);
        found.unwrap().clone()
    };
    let hash = blake3::hash(&std::fs::read(path).unwrap()).to_hex().to_string();
    let wanted = Source { part: "Tor exits", file: "tor_exit_nodes.lst", rows: 2, blake3: hash };
    assert_eq!(of("Tor exits"), wanted);
    let cards = of("card ranges");
    assert_eq!((cards.file, cards.blake3.len()), ("built in", 64));
    assert_eq!(atlas.sources().len(), 10);
    assert!(atlas.sources().iter().all(|source| 0 < source.rows));
    assert_eq!(atlas.tor(5).ip, 0x1800_0007);
    assert_eq!(built_in().sources().iter().filter(|source| source.file == "built in").count(), 10);
}

#[test]
fn all_broken_rows_of_all_files_come_at_once() {
    let folder = folder("atlas-faults");
    folder.file(
        "binlist_ranges.csv",
        "iin_start,iin_end,scheme,type,prepaid,country,bank_name\n\
         40012,,visa,credit,,SG,A\n400123,400122,visa,credit,,SG,A\n4001a3,,visa,credit,,SG,A\n\
         400123,,visa,loan,,SG,A\n400123,,visa,credit,,UK,A\n400123,,visa\n",
    );
    folder.file(
        "ip_country_v4.csv.gz",
        "ip_from,ip_to,country\n1.0.0,1.0.0.255,AU\n2.0.0.255,2.0.0.0,AU\n\
         3.0.0.0,3.255.255.255,AU\n3.0.0.7,3.0.0.7,CN\n3.9.0.0,4.0.0.0,CN\n",
    );
    folder.file("vpn_ipv4.txt.gz", "1.2.3.4/16\n\n1.2.0.0/16\n");
    folder.file("datacenter_asn.txt.gz", "ASx\nAS4294967296 # too large\n");
    folder.file("tor_exit_nodes.lst", b"1.2.3.4\n\xff\xfe\nnode\n");
    folder.file("country_centroids.csv", "longitude,latitude,ISO\n181,0,GB\n0,nan,FR\n");
    folder.file("currency_codes.csv", "AlphabeticCode,Withdrawal\nSGD,\n");
    folder.file("mcc_codes.csv", "mcc\n");
    let wanted = [
        "D064 1 binlist_ranges.csv: got \"40012\" to \"\", wanted 6 to 8 digits each",
        "D064 2 binlist_ranges.csv: got \"400123\" to \"400122\", wanted 6 to 8 digits each",
        "D064 3 binlist_ranges.csv: got \"4001a3\", wanted 6 to 8 digits",
        "D065 4 binlist_ranges.csv: got type \"loan\" and prepaid \"\", wanted credit, debit or \
         charge and y or n",
        "D063 5 binlist_ranges.csv: got country \"UK\", wanted two letters of ISO 3166",
        "D061 6 binlist_ranges.csv: got 3 columns, wanted 7",
        "D062 1 ip_country_v4.csv.gz: got \"1.0.0\", wanted an IPv4 address such as 1.0.1.0",
        "D062 2 ip_country_v4.csv.gz: got 2.0.0.255 to 2.0.0.0, wanted the lower one first",
        "D066 4 ip_country_v4.csv.gz: got addresses that row 3 has too, wanted them once",
        "D066 5 ip_country_v4.csv.gz: got addresses that row 3 has too, wanted them once",
        "D064 1 datacenter_asn.txt.gz: got \"x\", wanted AS and a number up to 4294967295",
        "D064 2 datacenter_asn.txt.gz: got \"4294967296\", wanted AS and a number up to 4294967295",
        "D062 1 vpn_ipv4.txt.gz: got \"1.2.3.4/16\", wanted an IPv4 network such as 1.12.0.0/14",
        "D061 2 tor_exit_nodes.lst: got bytes that are not UTF-8, wanted text",
        "D062 3 tor_exit_nodes.lst: got \"node\", wanted an IPv4 or IPv6 address",
        "D064 1 country_centroids.csv: got \"181\", wanted degrees from -180 to 180",
        "D064 2 country_centroids.csv: got \"nan\", wanted degrees from -90 to 90",
        "D060 - currency_codes.csv: got no column \"WithdrawalDate\", wanted one",
        "D061 - mcc_codes.csv: got no rows behind the header, wanted some",
    ];
    assert_eq!(faults(&folder), wanted);
}

#[test]
fn faults_beyond_the_fiftieth_are_counted() {
    let folder = Folder::new("atlas-many");
    folder.file("tor_exit_nodes.lst", "x\n".repeat(123));
    let error = Atlas::read(&folder.path("")).unwrap_err();
    let text = error.to_string();
    let Error::Reference { diagnostics, more, .. } = error else { panic!("{text}") };
    assert_eq!((diagnostics.len(), more), (50, 73));
    assert!(text.starts_with("123 faults in the reference tables in "), "{text}");
    assert!(text.contains("\n  error D062 at row 50: tor_exit_nodes.lst: got \"x\""), "{text}");
    assert!(text.ends_with("\n  and 73 more"), "{text}");
}

#[test]
fn a_folder_without_tables_is_no_atlas() {
    let check = |path: &Path, wanted: &str| {
        let text = Atlas::read(path).unwrap_err().to_string();
        assert!(text.contains(wanted), "{text}");
    };
    check(Path::new("/nowhere/tables"), "cannot open /nowhere/tables: ");
    let folder = Folder::new("atlas-nothing");
    check(&folder.path(""), "holds no reference table, wanted at least one of binlist_ranges.csv,");
    let file = folder.file("a.csv", "");
    check(&file, "is a file, a folder of tables is wanted");
    // Addresses that are in no country, or all of them in data centres.
    folder.file("vpn_ipv4.txt.gz", "203.0.113.0/24\n");
    check(&folder.path(""), "no address is left for VPN exits");
    folder.file("vpn_ipv4.txt.gz", "0.0.0.0/0\n");
    check(&folder.path(""), "no address is left for lines of people");
}

#[test]
fn no_bytes_break_the_reader() {
    let folder = Folder::new("atlas-bytes");
    let mut chance = Chance::of(7, &[]);
    let letters = b"0123456789./,\"\nASUVisad\xff\x00\x1f\x8b#-";
    for part in tables::PARTS {
        let header = "ip_from,ip_to,country,iin_start,iin_end,scheme,type,prepaid,bank_name,ISO,\
                      latitude,longitude,mcc,AlphabeticCode,WithdrawalDate,ISO3166-1-Alpha-2,\
                      ISO4217-currency_alphabetic_code,Languages\n";
        for _ in 0..50 {
            let noise = (0..400).map(|_| chance.pick(letters));
            let bytes: Vec<u8> = header.bytes().chain(noise).collect();
            let from = if chance.hit(0.5) { 0 } else { header.len() };
            folder.file(part.file, &bytes[from..]);
            // Noise is refused or, rarely, read; it never panics.
            let _ = Atlas::read(&folder.path(""));
        }
        std::fs::remove_file(folder.path(part.file)).unwrap();
    }
}

#[test]
fn a_torn_file_is_named() {
    let folder = folder("atlas-torn");
    let whole = std::fs::read(folder.path("ip_country_v4.csv.gz")).unwrap();
    folder.file("ip_country_v4.csv.gz", &whole[..whole.len() - 9]);
    let text = Atlas::read(&folder.path("")).unwrap_err().to_string();
    assert!(text.starts_with("cannot read ") && text.contains("ip_country_v4.csv.gz"), "{text}");
}
