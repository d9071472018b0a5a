//! MaxMind databases, laid out as ranges.
//!
//! The crate `maxminddb` knows the file's form; this module walks its search tree once, reads each
//! record once, and takes from it what an event can say. Records are those of MaxMind's own
//! databases and of everybody who writes the same names: country and city, AS number, connection
//! type, anonymous addresses, and the `traits` of the enterprise editions.
//!
//! A record about anonymous addresses names only what is true, so a flag that it leaves out is
//! false. An address that has no record at all stays unknown.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;

use foldhash::fast::FixedState;
use maxminddb::{LookupResult, MaxMindDbError, Reader, WithinOptions};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use super::{Faults, Found, Tables, fault};
use crate::field::{FieldId, Kind, ids};
use crate::geo;
use crate::limits::NETWORKS_MAX;

/// What stands before the description of a database, which is at most 128 KiB from its end.
const MARK: &[u8] = b"\xab\xcd\xefMaxMind.com";
const MARK_FROM_END: usize = 128 * 1_024;

/// Uses by the names of MaxMind's connection and user types.
const USAGES: [(&str, &str); 18] = [
    ("Cable/DSL", "residential"),
    ("Dialup", "residential"),
    ("Cellular", "mobile"),
    ("Corporate", "business"),
    ("Satellite", "satellite"),
    ("residential", "residential"),
    ("dialup", "residential"),
    ("cellular", "mobile"),
    ("business", "business"),
    ("government", "business"),
    ("military", "business"),
    ("college", "education"),
    ("school", "education"),
    ("library", "education"),
    ("hosting", "hosting"),
    ("content_delivery_network", "hosting"),
    ("search_engine_spider", "hosting"),
    ("satellite", "satellite"),
];

/// A record, or the part of it that is about the place.
#[derive(Deserialize)]
struct Record<'a> {
    #[serde(borrow)]
    country: Option<Country<'a>>,
    location: Option<Location>,
    #[serde(borrow)]
    traits: Option<Traits<'a>>,
}

#[derive(Deserialize)]
struct Country<'a> {
    iso_code: Option<&'a str>,
}

#[derive(Deserialize)]
struct Location {
    latitude: Option<Number>,
    longitude: Option<Number>,
    accuracy_radius: Option<Number>,
}

/// What is about the network: a record of its own in special databases, a part in large ones.
#[derive(Deserialize)]
struct Traits<'a> {
    autonomous_system_number: Option<Number>,
    connection_type: Option<&'a str>,
    user_type: Option<&'a str>,
    is_anonymous: Option<bool>,
    is_anonymous_vpn: Option<bool>,
    is_hosting_provider: Option<bool>,
    is_public_proxy: Option<bool>,
    is_residential_proxy: Option<bool>,
    is_tor_exit_node: Option<bool>,
}

/// A number of any type of the format: makers of databases differ in which they take.
#[derive(Clone, Copy)]
struct Number(f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Number, D::Error> {
        deserializer.deserialize_any(AnyNumber)
    }
}

struct AnyNumber;

impl Visitor<'_> for AnyNumber {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Number, E> {
        Ok(Number(number as f64))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Number, E> {
        Ok(Number(number as f64))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Number, E> {
        Ok(Number(number))
    }
}

/// Whether the bytes hold the mark of a database.
pub(super) fn is_database(bytes: &[u8]) -> bool {
    let tail = &bytes[bytes.len().saturating_sub(MARK_FROM_END)..];
    tail.windows(MARK.len()).any(|window| window == MARK)
}

/// The ranges of a database and its version: the second in which it was built.
pub(super) fn read(bytes: &[u8], faults: &mut Faults) -> (Tables, String) {
    let mut tables = Tables::default();
    let reader = match Reader::from_source(bytes) {
        Ok(reader) => reader,
        Err(error) => {
            faults.whole(fault::DATABASE, format!("not a MaxMind database: {error}"));
            return (tables, String::new());
        }
    };
    if let Err(error) = walk(&reader, &mut tables, faults) {
        faults.whole(fault::DATABASE, format!("the database is broken: {error}"));
    }
    tables.v4.seal();
    tables.v6.seal();
    (tables, reader.metadata().build_epoch.to_string())
}

fn walk(
    reader: &Reader<&[u8]>,
    tables: &mut Tables,
    faults: &mut Faults,
) -> Result<(), MaxMindDbError> {
    // Many networks share a record, by its offset.
    let mut rows: HashMap<usize, Option<u32>, FixedState> = HashMap::default();
    // Networks without data are counted too: a tree can be built to have no end of them.
    let options = WithinOptions::default().include_networks_without_data();
    for (count, place) in reader.networks(options)?.enumerate() {
        if NETWORKS_MAX <= count {
            faults.whole(fault::TOO_MANY, format!("more than {NETWORKS_MAX} networks"));
            break;
        }
        let place = place?;
        let Some(offset) = place.offset() else { continue };
        let network = place.network()?;
        let row = match rows.get(&offset) {
            Some(row) => *row,
            None => {
                let found = take(&place).unwrap_or_else(|misfit| {
                    let message = format!("the record of {network}: {misfit}");
                    faults.whole(fault::VALUE, message);
                    Found::default()
                });
                let row = (!found.is_empty()).then(|| tables.rows.number(found));
                rows.insert(offset, row);
                row
            }
        };
        if let Some(row) = row {
            put(tables, network.ip(), network.prefix(), row);
        }
    }
    Ok(())
}

/// What a record says, or what is wrong with it.
fn take(place: &LookupResult<'_, &[u8]>) -> Result<Found, String> {
    let unreadable = |error: MaxMindDbError| error.to_string();
    // One form for all databases would have to guess: each part is read where it can stand.
    let record = place.decode::<Record<'_>>().map_err(unreadable)?;
    let traits = place.decode::<Traits<'_>>().map_err(unreadable)?;
    let mut found = Found::default();
    if let Some(record) = &record {
        take_place(&mut found, record)?;
    }
    let nested = record.as_ref().and_then(|record| record.traits.as_ref());
    traits.iter().chain(nested).try_for_each(|traits| take_traits(&mut found, traits))?;
    Ok(found)
}

fn put(tables: &mut Tables, first: IpAddr, prefix: u8, row: u32) {
    let prefix = u32::from(prefix);
    match first {
        IpAddr::V4(first) => {
            let first = first.to_bits();
            tables.v4.push(first, first | u32::MAX.checked_shr(prefix).unwrap_or(0), row);
        }
        IpAddr::V6(first) => {
            let first = first.to_bits();
            let last = first | u128::MAX.checked_shr(prefix).unwrap_or(0);
            // Addresses of version 4 lie at the beginning: one record may hold all of them.
            if first == 0 && prefix <= 96 {
                tables.v4.push(0, u32::MAX, row);
            }
            tables.v6.push(first, last, row);
        }
    }
}

fn take_place(found: &mut Found, record: &Record<'_>) -> Result<(), String> {
    let code = record.country.as_ref().and_then(|country| country.iso_code);
    // A code that is not assigned reads as absent, as in an event.
    if let Some(country) = code.and_then(geo::pack_country) {
        found.set(ids::NETWORK_IP_COUNTRY, country.into());
    }
    let Some(place) = &record.location else { return Ok(()) };
    let Some((lat, lon)) = place.latitude.zip(place.longitude) else { return Ok(()) };
    let parts = [
        (ids::NETWORK_IP_LAT, Some(lat)),
        (ids::NETWORK_IP_LON, Some(lon)),
        (ids::NETWORK_IP_ACCURACY_KM, place.accuracy_radius),
    ];
    for (field, value) in parts {
        let Some(Number(value)) = value else { continue };
        if !fits(field, value) {
            return Err(format!("{value} cannot be {}", field.field().meaning));
        }
        found.set(field, value.to_bits());
    }
    Ok(())
}

/// Whether a number is in the range of a field.
pub(super) fn fits(field: FieldId, value: f64) -> bool {
    matches!(field.kind(), Kind::Float { min, max } if (min..=max).contains(&value))
}

fn take_traits(found: &mut Found, traits: &Traits<'_>) -> Result<(), String> {
    if let Some(Number(asn)) = traits.autonomous_system_number {
        if asn.fract() != 0.0 || !(0.0..=f64::from(u32::MAX)).contains(&asn) {
            return Err(format!("{asn} cannot be {}", ids::NETWORK_ASN.field().meaning));
        }
        found.set(ids::NETWORK_ASN, asn as u64);
    }
    let named = |name: Option<&str>| {
        let (_, usage) = USAGES.into_iter().find(|(known, _)| Some(*known) == name)?;
        usage_of(usage)
    };
    let hosting = traits.is_hosting_provider.filter(|is| *is).and_then(|_| usage_of("hosting"));
    let usage = hosting.or_else(|| named(traits.user_type));
    if let Some(usage) = usage.or_else(|| named(traits.connection_type)) {
        found.set(ids::NETWORK_IP_USAGE, usage);
    }
    let flags = [
        (ids::NETWORK_IS_VPN, traits.is_anonymous_vpn),
        (ids::NETWORK_IS_PROXY, traits.is_public_proxy),
        (ids::NETWORK_IS_RESIDENTIAL_PROXY, traits.is_residential_proxy),
        (ids::NETWORK_IS_TOR, traits.is_tor_exit_node),
    ];
    let unsaid = traits.is_anonymous.map(|_| false);
    for (field, flag) in flags {
        if let Some(flag) = flag.or(unsaid) {
            found.set(field, flag.into());
        }
    }
    Ok(())
}

/// The slot of a use by its name.
pub(super) fn usage_of(name: &str) -> Option<u64> {
    let names = ids::NETWORK_IP_USAGE.kind().names().unwrap_or_default();
    names.iter().position(|known| *known == name).map(|index| index as u64)
}
