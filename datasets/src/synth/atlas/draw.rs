//! Draws the atlas from its tables: cuts addresses by use, gathers what is known of countries.
//!
//! The order of the cuts is the order of trust in the lists: reserved addresses go, then Tor exits,
//! then VPN exits, then data centres; an address in two lists counts for the first. A list that no
//! file gave is cut from the top of each country's addresses, which keeps the promise that no
//! address is in two uses: a thirty-second for data centres, a quarter of that for VPN exits, and
//! 32 exits for Tor in eight countries. Takes a fraction of a second for the published tables.

use std::collections::BTreeMap;

use features::geo;
use features::money::Currency;

use crate::synth::asset::Country;

use super::built_in::{self, City, Provider};
use super::cards;
use super::ranges::{Block, RESERVED, Space, Span, merged, split, take_top};
use super::tables::{Custom, Tables};
use super::{Atlas, INTERNATIONAL, Land, place};

/// Countries in which the built-in Tor exits stand.
const TOR_HOMES: [&[u8; 2]; 8] = [b"DE", b"NL", b"US", b"FR", b"SE", b"CH", b"RO", b"AT"];

/// Tor exits in each of them.
const TOR_EXITS: u64 = 32;

/// AS numbers for countries without known operators: a piece of the space of 32-bit numbers.
const UNKNOWN_ASN: u32 = 209_000;

/// How far one goes around the middle of a country of which no city is named, in kilometres.
const CENTRE_REACH_KM: f64 = 8.0;

/// Addresses of a country by use.
#[derive(Debug, Default)]
struct Uses {
    lines: Vec<Span>,
    hosting: Vec<Span>,
    vpn: Vec<Span>,
    tor: Vec<Span>,
}

/// The atlas of these tables, or why they are not enough for one.
pub(super) fn atlas(tables: Tables) -> Result<Atlas, String> {
    let uses = uses(&tables);
    let issuers = cards::Issuers::of(tables.issued);
    let (operators, operators_at) = by_country(&tables.operators);
    let (cities, cities_at) = cities(&tables.centres);
    let mut lands = lands(&tables.customs);
    for land in &mut lands {
        let country = land.country;
        if let Some(uses) = uses.get(&country) {
            land.lines = Space::of(&uses.lines);
            land.hosting = Space::of(&uses.hosting);
            land.vpn = Space::of(&uses.vpn);
        }
        // A country without hosting companies of its own has its servers with any.
        let all = (0, operators.len() as u32);
        land.operators = operators_at.get(&country).copied().unwrap_or(all);
        land.cities = cities_at[&country];
        land.issued = issuers.places(country);
    }
    let mut by_letters = vec![u16::MAX; 26 * 26];
    for land in &lands {
        by_letters[place(land.country).expect("countries are two letters")] = land.number;
    }
    let mut tor = Vec::new();
    for (country, uses) in &uses {
        let exits = uses.tor.iter().flat_map(|span| span.first..=span.last);
        tor.extend(exits.map(|ip| (ip, *country)));
    }
    let largest = most(&lands, |land| land.lines.total(), "lines of people")?;
    let most_vpn = most(&lands, |land| land.vpn.total(), "VPN exits")?;
    most(&lands, |land| land.hosting.total(), "data centres")?;
    if tor.is_empty() {
        return Err(lack("Tor exits"));
    }
    let hosting = hosting(&lands);
    let Tables { categories, sources, .. } = tables;
    Ok(Atlas {
        cities,
        lands,
        by_letters,
        largest,
        most_vpn,
        hosting,
        tor,
        operators,
        issuers,
        categories,
        sources,
    })
}

/// Every country with what is known of it, still without addresses, cities and cards.
fn lands(customs: &BTreeMap<Country, Custom>) -> Vec<Land> {
    let mut rows: BTreeMap<Country, built_in::Row> =
        built_in::countries().into_iter().map(|row| (row.country, row)).collect();
    let (named, others) = cards::shares();
    let land = |(number, country): (u16, Country)| {
        let custom = customs.get(&country).copied().unwrap_or_default();
        // What we say of languages is about phones, what tables say about mother tongues.
        let row = rows.remove(&country).unwrap_or_else(|| {
            let row = unknown(country, number);
            built_in::Row { language: custom.language.unwrap_or(row.language), ..row }
        });
        let shares = named.iter().find(|(name, _)| *name == country);
        let clock = packed(country).and_then(|country| geo::utc_offset_min(country, None));
        Land {
            country,
            number,
            lines: Space::default(),
            hosting: Space::default(),
            vpn: Space::default(),
            fixed: row.fixed,
            mobile: row.mobile,
            campus: row.campus,
            operators: (0, 0),
            currency: custom.currency.unwrap_or(row.currency),
            language: row.language,
            tz_offset_min: clock.unwrap_or(0),
            cities: (0, 0),
            shares: shares.map_or(others, |(_, shares)| *shares),
            issued: Default::default(),
        }
    };
    (0..).zip(countries()).map(land).collect()
}

/// The country with most of some addresses, which must be one at least.
fn most(lands: &[Land], size: impl Fn(&Land) -> u32, what: &str) -> Result<u16, String> {
    let most = lands.iter().max_by_key(|land| size(land)).filter(|land| 0 < size(land));
    most.map(|land| land.number).ok_or_else(|| lack(what))
}

fn lack(what: &str) -> String {
    format!("no address is left for {what}, wanted some that have a country and no other use")
}

/// Every country of ISO 3166, by code.
fn countries() -> impl Iterator<Item = Country> {
    let letters = b'A'..=b'Z';
    let pairs = letters
        .clone()
        .flat_map(move |first| letters.clone().map(move |second| Country([first, second])));
    pairs.filter(|country| packed(*country).is_some())
}

fn packed(country: Country) -> Option<u16> {
    geo::pack_country(country.code())
}

/// What stands in for a country of which nothing is known: two fixed and two mobile operators with
/// numbers of their own.
fn unknown(country: Country, number: u16) -> built_in::Row {
    let asn = UNKNOWN_ASN + 5 * u32::from(number);
    let provider = |asn, mcc_mnc, share| Provider { asn, mcc_mnc, share };
    built_in::Row {
        country,
        currency: Currency::USD.code(),
        language: "en-US",
        fixed: vec![provider(asn, 0, 60), provider(asn + 1, 0, 40)],
        mobile: vec![provider(asn + 2, INTERNATIONAL, 55), provider(asn + 3, INTERNATIONAL, 45)],
        campus: asn + 4,
        networks: Vec::new(),
    }
}

/// Addresses of every country by use.
fn uses(tables: &Tables) -> BTreeMap<Country, Uses> {
    let none = Vec::new();
    let (rest, _) = split(&tables.blocks, &merged(RESERVED.to_vec()));
    let (rest, tor) = split(&rest, tables.tor.as_ref().unwrap_or(&none));
    let (rest, vpn) = split(&rest, tables.vpn.as_ref().unwrap_or(&none));
    let (rest, hosting) = split(&rest, tables.hosting.as_ref().unwrap_or(&none));
    let mut uses: BTreeMap<Country, Uses> = BTreeMap::new();
    let mut gather = |blocks: Vec<Block>, of: fn(&mut Uses) -> &mut Vec<Span>| {
        for block in blocks {
            of(uses.entry(block.country).or_default()).push(block.span);
        }
    };
    gather(rest, |uses| &mut uses.lines);
    gather(tor, |uses| &mut uses.tor);
    gather(vpn, |uses| &mut uses.vpn);
    gather(hosting, |uses| &mut uses.hosting);
    let size = |spans: &[Span]| spans.iter().map(|span| span.size()).sum::<u64>();
    for (country, uses) in &mut uses {
        if tables.hosting.is_none() {
            let count = size(&uses.lines) / 32;
            uses.hosting = take_top(&mut uses.lines, count);
        }
        if tables.vpn.is_none() {
            let count = size(&uses.hosting) / 4;
            uses.vpn = take_top(&mut uses.hosting, count);
        }
        if tables.tor.is_none() && TOR_HOMES.contains(&&country.0) {
            uses.tor = take_top(&mut uses.hosting, TOR_EXITS);
        }
    }
    uses
}

/// AS numbers with those of a country together, and where they stand.
fn by_country(operators: &[(u32, Option<Country>)]) -> (Vec<u32>, BTreeMap<Country, (u32, u32)>) {
    let mut sorted: Vec<(Option<Country>, u32)> =
        operators.iter().map(|(asn, country)| (*country, *asn)).collect();
    sorted.sort_unstable();
    sorted.dedup();
    let mut places = BTreeMap::new();
    for (number, (country, _)) in (0..).zip(&sorted) {
        if let Some(country) = country {
            places.entry(*country).or_insert((number, number)).1 = number + 1;
        }
    }
    (sorted.into_iter().map(|(_, asn)| asn).collect(), places)
}

/// The built-in cities, then the middle of every other country; and where those of each stand.
fn cities(centres: &BTreeMap<Country, (f64, f64)>) -> (Vec<City>, BTreeMap<Country, (u16, u16)>) {
    let mut cities = built_in::cities();
    let mut places: BTreeMap<Country, (u16, u16)> = BTreeMap::new();
    for (number, city) in (0..).zip(&cities) {
        places.entry(city.country).or_insert((number, number)).1 = number + 1;
    }
    for country in countries() {
        if places.contains_key(&country) {
            continue;
        }
        let known = || packed(country).and_then(geo::centroid);
        let (lat, lon) = centres.get(&country).copied().or_else(known).unwrap_or((0.0, 0.0));
        let number = cities.len() as u16;
        places.insert(country, (number, number + 1));
        cities.push(City {
            name: "centre",
            country,
            lat_e3: (lat * 1e3).round() as i32,
            lon_e3: (lon * 1e3).round() as i32,
            reach_km: CENTRE_REACH_KM,
            weight: 1.0,
        });
    }
    (cities, places)
}

/// Countries with data centres, each with the addresses up to its end.
fn hosting(lands: &[Land]) -> Vec<(u32, u16)> {
    let mut end = 0;
    let with = lands.iter().filter(|land| 0 < land.hosting.total());
    with.map(|land| {
        end += land.hosting.total();
        (end, land.number)
    })
    .collect()
}
