//! What an atlas is drawn from: tables of a folder, built-in ones where a file is missing.
//!
//! A folder may hold any of ten files in the forms in which they are published (`PARTS`): a header
//! and columns by name, in any order and with others beside them, or one address or network in a
//! line. Files are plain or gzip by their content. Each part tells where it came from, its rows and
//! the BLAKE3 of the file, so that a world can name what it was made of. Rows that are broken are
//! faults, all of them together over all files; what is merely of no use here (card networks that
//! the wallet does not take, IPv6 exits, withdrawn currencies) is passed over. A file may hold 64
//! MiB of text. Nothing here draws or guesses: that is the atlas.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv6Addr;
use std::path::Path;

use features::geo;
use features::money::Currency;
use serde::Serialize;

use crate::cell;
use crate::error::Error;
use crate::synth::asset::Country;

use super::built_in;
use super::cards::{Funding, Issued, MADE_ISSUERS, SCHEMES};
use super::ranges::{self, Block, Span};
use super::reader::{Fault, Reader};

/// Where a part of the atlas came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Source {
    /// What it is about.
    pub part: &'static str,
    /// The name of its file, or `built in`.
    pub file: &'static str,
    /// Its rows, the header not counted.
    pub rows: u64,
    /// The BLAKE3 of the file as it lies on disk or of the built-in text, in hex. Built-in data
    /// centres, VPN and Tor exits are cut out of the built-in countries by rule.
    pub blake3: String,
}

/// A part of the atlas: its name, its file, and the built-in text that stands in for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) file: &'static str,
    pub(super) built_in: &'static str,
}

const fn part(name: &'static str, file: &'static str, built_in: &'static str) -> Part {
    Part { name, file, built_in }
}

pub(super) const CARDS: Part = part("card ranges", "binlist_ranges.csv", built_in::SCHEMES);
pub(super) const BLOCKS: Part =
    part("country addresses", "ip_country_v4.csv.gz", built_in::COUNTRIES);
pub(super) const HOSTING: Part =
    part("data centre addresses", "datacenter_ipv4.txt.gz", built_in::COUNTRIES);
pub(super) const OPERATORS: Part =
    part("data centre operators", "datacenter_asn.txt.gz", built_in::OPERATORS);
pub(super) const VPN: Part = part("VPN addresses", "vpn_ipv4.txt.gz", built_in::COUNTRIES);
pub(super) const TOR: Part = part("Tor exits", "tor_exit_nodes.lst", built_in::COUNTRIES);
const CENTRES: Part = part("country centres", "country_centroids.csv", built_in::CITIES);
const CURRENCIES: Part = part("currencies", "currency_codes.csv", built_in::COUNTRIES);
const CATEGORIES: Part = part("merchant categories", "mcc_codes.csv", built_in::CATEGORIES);
const COUNTRIES: Part = part("countries", "country_codes.csv", built_in::COUNTRIES);

/// All parts.
pub(super) const PARTS: [Part; 10] =
    [CARDS, BLOCKS, HOSTING, OPERATORS, VPN, TOR, CENTRES, CURRENCIES, CATEGORIES, COUNTRIES];

/// What a country pays in and speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Custom {
    pub(super) currency: Option<&'static str>,
    pub(super) language: Option<&'static str>,
}

/// The tables as they were read. What a missing file leaves empty is made by the atlas.
#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    /// Addresses by country, sorted, without overlaps.
    pub(super) blocks: Vec<Block>,
    /// Addresses of data centres, sorted.
    pub(super) hosting: Option<Vec<Span>>,
    /// Addresses of VPN exits, sorted.
    pub(super) vpn: Option<Vec<Span>>,
    /// Addresses of Tor exits, sorted.
    pub(super) tor: Option<Vec<Span>>,
    /// AS numbers of hosting companies, with their country where it is told.
    pub(super) operators: Vec<(u32, Option<Country>)>,
    /// Card ranges.
    pub(super) issued: Vec<Issued>,
    /// Middles of countries in degrees.
    pub(super) centres: BTreeMap<Country, (f64, f64)>,
    /// Customs of countries.
    pub(super) customs: BTreeMap<Country, Custom>,
    /// Merchant categories, sorted.
    pub(super) categories: Vec<u16>,
    /// Where each part came from.
    pub(super) sources: Vec<Source>,
}

/// The built-in tables.
pub(super) fn built_in() -> Tables {
    let mut tables = Tables::default();
    tables.complete();
    tables
}

/// Reads the files of a folder; at least one of them must be there.
pub(super) fn read(folder: &Path) -> Result<Tables, Error> {
    let mut reader = Reader::open(folder)?;
    let mut tables = Tables::default();
    tables.read_cards(&mut reader)?;
    tables.read_blocks(&mut reader)?;
    tables.hosting = read_networks(&mut reader, HOSTING)?;
    tables.read_operators(&mut reader)?;
    tables.vpn = read_networks(&mut reader, VPN)?;
    tables.tor = read_exits(&mut reader)?;
    tables.read_centres(&mut reader)?;
    tables.read_customs(&mut reader)?;
    tables.read_categories(&mut reader)?;
    tables.sources = reader.finish()?;
    tables.complete();
    Ok(tables)
}

impl Tables {
    /// Fills in the built-in part for each that no file gave.
    fn complete(&mut self) {
        let lacks =
            |sources: &[Source], part: Part| sources.iter().all(|source| source.part != part.name);
        if lacks(&self.sources, BLOCKS) {
            let rows = built_in::countries();
            let blocks = rows.iter().flat_map(|row| {
                let country = row.country;
                row.networks.iter().map(move |span| Block { span: *span, country })
            });
            self.blocks = blocks.collect();
            self.blocks.sort_unstable();
        }
        if lacks(&self.sources, OPERATORS) {
            let row = |cells: Vec<&'static str>| {
                (built_in::number(cells[0]), Some(built_in::country(cells[1])))
            };
            self.operators = built_in::rows(built_in::OPERATORS).map(row).collect();
        }
        if lacks(&self.sources, CATEGORIES) {
            let row = |cells: Vec<&'static str>| built_in::number(cells[0]);
            self.categories = built_in::rows(built_in::CATEGORIES).map(row).collect();
        }
        for part in PARTS {
            if lacks(&self.sources, part) {
                self.sources.push(Source {
                    part: part.name,
                    file: "built in",
                    rows: built_in::rows(part.built_in).count() as u64,
                    blake3: blake3::hash(part.built_in.as_bytes()).to_hex().to_string(),
                });
            }
        }
    }

    fn read_cards(&mut self, reader: &mut Reader) -> Result<(), Error> {
        let columns = ["iin_start", "iin_end", "scheme", "type", "prepaid", "country", "bank_name"];
        let mut banks: BTreeMap<(Country, String), u32> = BTreeMap::new();
        let issued = &mut self.issued;
        reader.table(CARDS, columns, |_, [first, last, scheme, kind, prepaid, land, bank]| {
            let digits = first.len();
            let is_range = (6..=8).contains(&digits) && (last.is_empty() || last.len() == digits);
            let low = number::<u32>(first, "6 to 8 digits")?;
            let high = if last.is_empty() { low } else { number(last, "6 to 8 digits")? };
            if !is_range || high < low {
                let (low, high) = (cell::shown(first), cell::shown(last));
                return Err(("D064", format!("got {low} to {high}, wanted 6 to 8 digits each")));
            }
            let country = country(land)?;
            let funding = match (kind, prepaid) {
                ("credit" | "debit" | "charge" | "", "y" | "yes" | "true") => Funding::Prepaid,
                ("debit", "" | "n" | "no" | "false") => Funding::Debit,
                ("credit" | "charge" | "", "" | "n" | "no" | "false") => Funding::Credit,
                _ => {
                    let message = format!(
                        "got type {} and prepaid {}, wanted credit, debit or charge and y or n",
                        cell::shown(kind),
                        cell::shown(prepaid)
                    );
                    return Err(("D065", message));
                }
            };
            // Networks that are not taken abroad are of no use here.
            let Some(scheme) = SCHEMES.iter().position(|name| *name == scheme) else {
                return Ok(());
            };
            // A range without a bank is a bank of its own.
            let bank = if bank.is_empty() { format!("{low}") } else { bank.to_owned() };
            let next = banks.len() as u32 % (MADE_ISSUERS - 1) + 1;
            let issuer = *banks.entry((country, bank)).or_insert(next);
            let extra = 8 - digits as u32;
            issued.push(Issued { country, scheme, low, high, extra, funding, issuer });
            Ok(())
        })
    }

    fn read_blocks(&mut self, reader: &mut Reader) -> Result<(), Error> {
        let mut rows: Vec<(Block, u64)> = Vec::new();
        reader.table(BLOCKS, ["ip_from", "ip_to", "country"], |row, [first, last, land]| {
            let span = Span { first: address(first)?, last: address(last)? };
            if span.last < span.first {
                return Err(("D062", format!("got {first} to {last}, wanted the lower one first")));
            }
            rows.push((Block { span, country: country(land)? }, row));
            Ok(())
        })?;
        rows.sort_unstable();
        // What ends highest of the rows so far; a later row must begin behind it.
        let mut highest: Option<(u32, u64)> = None;
        for (block, row) in &rows {
            if let Some((last, other)) = highest.filter(|(last, _)| block.span.first <= *last) {
                let message = format!("got addresses that row {other} has too, wanted them once");
                reader.tell(BLOCKS, *row, ("D066", message));
                highest = Some((last.max(block.span.last), other));
            } else {
                highest = Some((block.span.last, *row));
            }
        }
        self.blocks = rows.into_iter().map(|(block, _)| block).collect();
        Ok(())
    }

    fn read_operators(&mut self, reader: &mut Reader) -> Result<(), Error> {
        let operators = &mut self.operators;
        reader.list(OPERATORS, |_, line| {
            let (name, comment) = line.split_once('#').unwrap_or((line, ""));
            let name = name.trim_end();
            let digits = name.strip_prefix("AS").unwrap_or(name);
            let asn = number(digits, "AS and a number up to 4294967295")?;
            // Most comments end in the country.
            let land = comment.trim_end().rsplit_once(", ").map(|(_, land)| land);
            operators.push((asn, land.and_then(|land| country(land).ok())));
            Ok(())
        })
    }

    fn read_centres(&mut self, reader: &mut Reader) -> Result<(), Error> {
        let centres = &mut self.centres;
        reader.table(CENTRES, ["ISO", "latitude", "longitude"], |_, [land, lat, lon]| {
            let degrees = |text: &str, limit: f64| {
                let number: Option<f64> = text.parse().ok();
                // Written so that `nan` is out of range.
                number.filter(|number| number.abs() <= limit).ok_or_else(|| {
                    let got = cell::shown(text);
                    ("D064", format!("got {got}, wanted degrees from -{limit} to {limit}"))
                })
            };
            let place = (degrees(lat, 90.0)?, degrees(lon, 180.0)?);
            // The first row of a country is its main land, islands follow.
            centres.entry(country(land)?).or_insert(place);
            Ok(())
        })
    }

    /// Currencies by country; a currency must be in force where that is known.
    fn read_customs(&mut self, reader: &mut Reader) -> Result<(), Error> {
        let mut in_force: BTreeSet<String> = BTreeSet::new();
        let columns = ["AlphabeticCode", "WithdrawalDate"];
        reader.table(CURRENCIES, columns, |_, [code, withdrawn]| {
            let is_code = code.len() == 3 && code.bytes().all(|letter| letter.is_ascii_uppercase());
            if !is_code && !code.is_empty() {
                let got = cell::shown(code);
                return Err(("D065", format!("got currency {got}, wanted three capital letters")));
            }
            if withdrawn.is_empty() {
                in_force.insert(code.to_owned());
            }
            Ok(())
        })?;
        let customs = &mut self.customs;
        let languages = built_in::languages();
        let columns = ["ISO3166-1-Alpha-2", "ISO4217-currency_alphabetic_code", "Languages"];
        reader.table(COUNTRIES, columns, |_, [land, currencies, tags]| {
            let mut usable = currencies
                .split(',')
                .filter(|code| in_force.is_empty() || in_force.contains(*code))
                .filter_map(|code| Currency::parse(code).map(Currency::code));
            let currency = usable.next();
            let tag = tags.split([',', '-']).next().unwrap_or_default();
            let language = languages.get(tag).copied();
            customs.insert(country(land)?, Custom { currency, language });
            Ok(())
        })
    }

    fn read_categories(&mut self, reader: &mut Reader) -> Result<(), Error> {
        let mut codes = BTreeSet::new();
        reader.table(CATEGORIES, ["mcc"], |_, [code]| {
            let wanted = "four digits";
            let mcc: u16 = number(code, wanted)?;
            if code.len() != 4 {
                return Err(("D064", format!("got {}, wanted {wanted}", cell::shown(code))));
            }
            codes.insert(mcc);
            Ok(())
        })?;
        self.categories = codes.into_iter().collect();
        Ok(())
    }
}

/// A list of networks.
fn read_networks(reader: &mut Reader, part: Part) -> Result<Option<Vec<Span>>, Error> {
    let mut spans = Vec::new();
    reader.list(part, |_, line| {
        let network = ranges::network(line).ok_or_else(|| {
            let got = cell::shown(line);
            ("D062", format!("got {got}, wanted an IPv4 network such as 1.12.0.0/14"))
        });
        spans.push(network?);
        Ok(())
    })?;
    Ok(reader.has(part).then(|| ranges::merged(spans)))
}

/// A list of addresses of both kinds; only IPv4 is used.
fn read_exits(reader: &mut Reader) -> Result<Option<Vec<Span>>, Error> {
    let mut spans = Vec::new();
    reader.list(TOR, |_, line| {
        match ranges::address(line) {
            Some(address) => spans.push(Span::one(address)),
            None if line.parse::<Ipv6Addr>().is_ok() => {}
            None => {
                let got = cell::shown(line);
                return Err(("D062", format!("got {got}, wanted an IPv4 or IPv6 address")));
            }
        }
        Ok(())
    })?;
    Ok(reader.has(TOR).then(|| ranges::merged(spans)))
}

fn address(text: &str) -> Result<u32, Fault> {
    ranges::address(text).ok_or_else(|| {
        let got = cell::shown(text);
        ("D062", format!("got {got}, wanted an IPv4 address such as 1.0.1.0"))
    })
}

fn country(text: &str) -> Result<Country, Fault> {
    let known = geo::pack_country(text).map(|packed| Country(packed.to_be_bytes()));
    known.ok_or_else(|| {
        ("D063", format!("got country {}, wanted two letters of ISO 3166", cell::shown(text)))
    })
}

/// Digits only: no sign, no point.
fn number<T: std::str::FromStr>(text: &str, wanted: &str) -> Result<T, Fault> {
    let digits = Some(text).filter(|text| text.bytes().all(|digit| digit.is_ascii_digit()));
    digits
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| ("D064", format!("got {}, wanted {wanted}", cell::shown(text))))
}
