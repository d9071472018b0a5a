//! Lists of ranges: what somebody knows about networks, as a small table.
//!
//! ```csv
//! # Our offices, and what the data-centre list says.
//! network,country,usage,vpn
//! 203.0.113.0/24,CN,business,false
//! 198.51.100.7,,hosting,true
//! 2001:db8::/32,DE,,
//! 0.0.0.0/0,,,false
//! ```
//!
//! Text in UTF-8, cells apart by commas, spaces around them and quotes about them left away, a
//! header first, empty lines and lines that begin with `#` passed over. Where: a column `network`
//! (a prefix or one address), or `first` and `last` (both included). What: any of `country`, `lat`
//! and `lon` together, `accuracy_km`, `asn` (`64500` or `AS64500`), `usage`, `vpn`, `proxy`,
//! `residential_proxy`, `tor` (`true`, `false`, `1`, `0`). An empty cell says nothing.
//!
//! Networks may lie in one another: for each column the smallest one that says something holds. The
//! same network twice adds up, and is refused where it contradicts itself.

use std::cmp::Reverse;
use std::net::IpAddr;
use std::ops::RangeInclusive;

use super::mmdb::{fits, usage_of};
use super::table::{Address, Table};
use super::{Faults, Found, Rows, Tables, fault};
use crate::diagnostic::{Diagnostic, Place, nearest};
use crate::field::{FieldId, Kind, ids};
use crate::geo;
use crate::limits::NETWORKS_MAX;

/// What a column says of a network.
const COLUMNS: [(&str, FieldId); 10] = [
    ("country", ids::NETWORK_IP_COUNTRY),
    ("lat", ids::NETWORK_IP_LAT),
    ("lon", ids::NETWORK_IP_LON),
    ("accuracy_km", ids::NETWORK_IP_ACCURACY_KM),
    ("asn", ids::NETWORK_ASN),
    ("usage", ids::NETWORK_IP_USAGE),
    ("vpn", ids::NETWORK_IS_VPN),
    ("proxy", ids::NETWORK_IS_PROXY),
    ("residential_proxy", ids::NETWORK_IS_RESIDENTIAL_PROXY),
    ("tor", ids::NETWORK_IS_TOR),
];

/// Columns that say where.
const WHERE: [&str; 3] = ["network", "first", "last"];

/// What a cell is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Network,
    First,
    Last,
    Field(FieldId),
}

/// A network of the list: a whole prefix, so that two of them lie in one another or apart.
#[derive(Clone, Copy, Debug)]
struct Prefix {
    first: u128,
    last: u128,
    row: u64,
    found: Found,
}

/// The prefixes of both versions.
#[derive(Debug, Default)]
struct Prefixes {
    v4: Vec<Prefix>,
    v6: Vec<Prefix>,
}

/// The ranges of a list.
pub(super) fn read(bytes: &[u8], faults: &mut Faults) -> Tables {
    let mut tables = Tables::default();
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let Ok(text) = str::from_utf8(bytes) else {
        let message = "neither text in UTF-8 nor a MaxMind database";
        faults.whole(fault::HEADER, message);
        return tables;
    };
    let lines = (1..).zip(text.lines().map(str::trim));
    let mut lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let Some((row, header)) = lines.next() else {
        faults.whole(fault::HEADER, "the list is empty, wanted a header such as `network,country`");
        return tables;
    };
    // Without a sound header, nothing that stands below it can be understood.
    let Some(columns) = columns(row, header, faults) else { return tables };
    let mut prefixes = Prefixes::default();
    for (row, line) in lines {
        take_row(row, line, &columns, &mut prefixes, faults);
        if NETWORKS_MAX < prefixes.v4.len() + prefixes.v6.len() {
            faults.at_row(fault::TOO_MANY, row, format!("more than {NETWORKS_MAX} networks"));
            return tables;
        }
    }
    lay(prefixes.v4, &mut tables.v4, &mut tables.rows, faults);
    lay(prefixes.v6, &mut tables.v6, &mut tables.rows, faults);
    tables
}

fn cells(line: &str) -> impl Iterator<Item = &str> {
    line.split(',').map(|cell| {
        let cell = cell.trim();
        let inside = cell.strip_prefix('"').and_then(|cell| cell.strip_suffix('"'));
        inside.map_or(cell, str::trim)
    })
}

fn columns(row: u64, header: &str, faults: &mut Faults) -> Option<Vec<Column>> {
    let known = || WHERE.into_iter().chain(COLUMNS.map(|(name, _)| name));
    let mut columns: Vec<Column> = Vec::new();
    let mut is_sound = true;
    let mut refuse = |message: String, help: Option<String>| {
        is_sound = false;
        let fault = Diagnostic::error(fault::HEADER, Place::Row(row), message);
        faults.add(Diagnostic { help, ..fault });
    };
    for name in cells(header) {
        let column = match name {
            "network" => Column::Network,
            "first" => Column::First,
            "last" => Column::Last,
            name => match COLUMNS.into_iter().find(|(known, _)| *known == name) {
                Some((_, field)) => Column::Field(field),
                None => {
                    let all = known().collect::<Vec<_>>().join(", ");
                    let help = nearest(name, known()).map_or_else(
                        || format!("the columns are {all}"),
                        |near| format!("did you mean {near:?}?"),
                    );
                    refuse(format!("unknown column {:?}", shown(name)), Some(help));
                    continue;
                }
            },
        };
        if columns.contains(&column) {
            refuse(format!("the column {name:?} stands twice"), None);
        }
        columns.push(column);
    }
    let has = |column| columns.contains(&column);
    if has(Column::Network) == (has(Column::First) && has(Column::Last))
        || has(Column::First) != has(Column::Last)
    {
        let message = "where is wanted once: a column `network`, or `first` and `last`";
        refuse(message.to_owned(), None);
    }
    if has(Column::Field(ids::NETWORK_IP_LAT)) != has(Column::Field(ids::NETWORK_IP_LON)) {
        refuse("`lat` and `lon` go together".to_owned(), None);
    }
    is_sound.then_some(columns)
}

/// Reads one row; all that is wrong with it is told, and then it is left out.
fn take_row(
    row: u64,
    line: &str,
    columns: &[Column],
    prefixes: &mut Prefixes,
    faults: &mut Faults,
) {
    let count = cells(line).count();
    if count != columns.len() {
        let message = format!("got {count} cells, wanted the {} of the header", columns.len());
        return faults.at_row(fault::CELLS, row, message);
    }
    let (mut found, mut is_sound) = (Found::default(), true);
    let (mut network, mut first, mut last) = ("", "", "");
    for (column, cell) in columns.iter().zip(cells(line)) {
        match column {
            Column::Network => network = cell,
            Column::First => first = cell,
            Column::Last => last = cell,
            Column::Field(_) if cell.is_empty() => {}
            Column::Field(field) => match slot(*field, cell) {
                Ok(bits) => found.set(*field, bits),
                Err(wanted) => {
                    is_sound = false;
                    let name = name_of(*field);
                    let message = format!("{name}: got {:?}, wanted {wanted}", shown(cell));
                    faults.at_row(fault::VALUE, row, message);
                }
            },
        }
    }
    let has = |field| found.get(field).is_some();
    if has(ids::NETWORK_IP_LAT) != has(ids::NETWORK_IP_LON) && is_sound {
        is_sound = false;
        faults.at_row(fault::VALUE, row, "`lat` and `lon` go together");
    }
    let bounds =
        if columns.contains(&Column::Network) { prefix(network) } else { range(first, last) };
    match bounds {
        Err(message) => faults.at_row(fault::NETWORK, row, message),
        Ok((bounds, is_v4)) if is_sound => {
            let list = if is_v4 { &mut prefixes.v4 } else { &mut prefixes.v6 };
            let whole = split(bounds);
            list.extend(whole.map(|(first, last)| Prefix { first, last, row, found }));
        }
        Ok(_) => {}
    }
}

/// The column of a field.
fn name_of(field: FieldId) -> &'static str {
    COLUMNS.into_iter().find(|(_, known)| *known == field).map_or("", |(name, _)| name)
}

/// The start of a cell, for a message.
fn shown(cell: &str) -> &str {
    const SHOWN: usize = 48;
    cell.char_indices().nth(SHOWN).map_or(cell, |(at, _)| &cell[..at])
}

/// The slot of a cell, or what was wanted instead.
fn slot(field: FieldId, cell: &str) -> Result<u64, String> {
    match field.kind() {
        Kind::Country => {
            let country = geo::pack_country(cell).map(u64::from);
            country.ok_or_else(|| "an assigned country code such as \"CN\"".to_owned())
        }
        Kind::Float { min, max } => {
            let value = cell.parse::<f64>().ok().filter(|value| fits(field, *value));
            value.map(f64::to_bits).ok_or_else(|| format!("a number from {min} to {max}"))
        }
        Kind::Enum(names) => usage_of(cell).ok_or_else(|| format!("one of {}", names.join(", "))),
        Kind::Bool => match cell {
            "true" | "1" => Ok(1),
            "false" | "0" => Ok(0),
            _ => Err("true or false".to_owned()),
        },
        _ => {
            let digits = cell.strip_prefix("AS").unwrap_or(cell);
            let number = digits.parse::<u32>().map(u64::from);
            number.map_err(|_| "an AS number such as 64500 or \"AS64500\"".to_owned())
        }
    }
}

/// The addresses of a prefix or of one address; whether they are of version 4.
fn prefix(cell: &str) -> Result<(RangeInclusive<u128>, bool), String> {
    let wanted = || {
        let examples = "\"203.0.113.0/24\", \"203.0.113.7\" or \"2001:db8::/32\"";
        format!("got {:?}, wanted a network such as {examples}", shown(cell))
    };
    let (address, length) = match cell.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (cell, None),
    };
    let address: IpAddr = address.parse().map_err(|_| wanted())?;
    let written = width(address);
    let is_plain = |length: &str| length.bytes().all(|byte| byte.is_ascii_digit());
    let length = match length.filter(|length| is_plain(length)).map(str::parse::<u32>) {
        Some(Ok(length)) if length <= written => length,
        None if !cell.contains('/') => written,
        _ => return Err(wanted()),
    };
    // A mapped prefix is one of version 4, unless it reaches beyond the mapped addresses.
    let canonical = address.to_canonical();
    let (address, length) = match length.checked_sub(written - width(canonical)) {
        Some(length) => (canonical, length),
        None => (address, length),
    };
    let first = bits(address);
    let hosts = u128::MAX.checked_shr(128 - width(address) + length).unwrap_or(0);
    if first & hosts != 0 {
        let network = match address {
            IpAddr::V4(_) => IpAddr::V4(((first & !hosts) as u32).into()),
            IpAddr::V6(_) => IpAddr::V6((first & !hosts).into()),
        };
        return Err(format!("got {:?}, wanted the network {network}/{length}", shown(cell)));
    }
    Ok((first..=first | hosts, address.is_ipv4()))
}

/// The addresses from one to another; whether they are of version 4.
fn range(first: &str, last: &str) -> Result<(RangeInclusive<u128>, bool), String> {
    let parse = |cell: &str| {
        let address = cell.parse::<IpAddr>().map(|address| address.to_canonical());
        address.map_err(|_| format!("got {:?}, wanted an address", shown(cell)))
    };
    let (first, last) = (parse(first)?, parse(last)?);
    if first.is_ipv4() != last.is_ipv4() {
        return Err("first and last are addresses of two versions".to_owned());
    }
    if last < first {
        return Err(format!("last is before first: {first} to {last}"));
    }
    Ok((bits(first)..=bits(last), first.is_ipv4()))
}

fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { u32::BITS } else { u128::BITS }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// A range as the fewest whole prefixes, in order.
fn split(range: RangeInclusive<u128>) -> impl Iterator<Item = (u128, u128)> {
    let (mut next, last) = (Some(*range.start()), *range.end());
    std::iter::from_fn(move || {
        let first = next.filter(|first| *first <= last)?;
        // The largest prefix that begins here and ends in time.
        let aligned = u128::MAX.checked_shr(128 - first.trailing_zeros()).unwrap_or(0);
        let mut hosts = aligned;
        while last - first < hosts {
            hosts >>= 1;
        }
        next = (first | hosts).checked_add(1);
        Some((first, first | hosts))
    })
}

/// Lays the prefixes flat: where they lie in one another, the smaller one over the larger.
fn lay<A: Address>(
    mut prefixes: Vec<Prefix>,
    table: &mut Table<A>,
    rows: &mut Rows,
    faults: &mut Faults,
) {
    prefixes.sort_by_key(|prefix| (prefix.first, Reverse(prefix.last), prefix.row));
    prefixes.dedup_by(|again, prefix| {
        let is_same = (prefix.first, prefix.last) == (again.first, again.last);
        if is_same {
            check(prefix, again, faults);
            prefix.found = prefix.found.with(&again.found);
        }
        is_same
    });
    let mut put = |first: Option<u128>, last: u128, found: Found| {
        if let Some(first) = first.filter(|first| *first <= last && !found.is_empty()) {
            table.push(A::of(first), A::of(last), rows.number(found));
        }
    };
    // Prefixes around the present address, the largest first: where each ends and all that holds
    // in it.
    let mut open: Vec<(u128, Found)> = Vec::new();
    // The first address that is not laid yet; none behind the last of all.
    let mut next = Some(0);
    for prefix in prefixes {
        while let Some((last, found)) = open.pop_if(|(last, _)| *last < prefix.first) {
            put(next, last, found);
            next = last.checked_add(1);
        }
        let around = open.last().map(|(_, found)| *found);
        if let (Some(found), Some(before)) = (around, prefix.first.checked_sub(1)) {
            put(next, before, found);
        }
        let found = around.map_or(prefix.found, |around| prefix.found.with(&around));
        open.push((prefix.last, found));
        next = Some(prefix.first);
    }
    while let Some((last, found)) = open.pop() {
        put(next, last, found);
        next = last.checked_add(1);
    }
    table.seal();
}

/// Refuses what a network says otherwise than in its row before.
fn check(before: &Prefix, again: &Prefix, faults: &mut Faults) {
    for (field, bits) in again.found.iter() {
        if before.found.get(field).is_some_and(|known| known != bits) {
            let name = name_of(field);
            let message = format!("{name} contradicts row {} on the same network", before.row);
            faults.at_row(fault::CONTRADICTION, again.row, message);
        }
    }
}
