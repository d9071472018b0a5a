//! Places, networks and cards of the wallet world: where things are and how their numbers look.
//!
//! An atlas is drawn from reference tables of a folder, or from the built-in ones where a table is
//! missing; `sources` tells which. After that it never changes, and every answer is a pure function
//! of the atlas and the arguments: the same key has the same address in every thread and every run.
//! Answers are `Copy` values and cost some tens of nanoseconds; an address is found in O(log n) of
//! its country's ranges, of which 140,000 fill one megabyte.
//!
//! What holds: no address is private or reserved, in two countries, or in two uses. Tor exits, VPN
//! exits and data centres are taken out of a country first; what is left is divided into lines at
//! home, carriers, businesses and campuses, and these by operator, so that an address tells its use
//! and operator wherever it shows up. A country without addresses of its own (small ones, in the
//! built-in tables) is served from the largest, and says so as address databases would.

use std::path::Path;

use crate::error::Error;

use super::asset::{Card, Country, Network, Place};
use super::chance::{Chance, mix};
use super::settings::{Issuers, Settings};

mod built_in;

mod cards;

mod draw;

mod ranges;

mod reader;

mod tables;

#[cfg(test)]
mod tests;

pub(crate) use built_in::City;
pub use tables::Source;

use built_in::Provider;
use cards::{SCHEMES, Shares, Taste};
use ranges::Space;

/// Places, networks, cards.
#[derive(Debug)]
pub struct Atlas {
    cities: Vec<City>,
    /// All countries of ISO 3166, by code.
    lands: Vec<Land>,
    /// Place in `lands` by the two letters.
    by_letters: Vec<u16>,
    /// The country that serves those without addresses.
    largest: u16,
    /// The country that serves those without VPN exits and data centres.
    most_vpn: u16,
    /// Countries with data centres, each with the addresses up to its end.
    hosting: Vec<(u32, u16)>,
    tor: Vec<(u32, Country)>,
    /// AS numbers of hosting companies, those of a country together.
    operators: Vec<u32>,
    issuers: cards::Issuers,
    categories: Vec<u16>,
    sources: Vec<Source>,
}

/// A country.
#[derive(Debug)]
struct Land {
    country: Country,
    number: u16,
    /// What neither hosts nor hides.
    lines: Space,
    hosting: Space,
    vpn: Space,
    fixed: Vec<Provider>,
    mobile: Vec<Provider>,
    campus: u32,
    /// First and end of its hosting companies; of all where it has none.
    operators: (u32, u32),
    currency: &'static str,
    language: &'static str,
    tz_offset_min: i16,
    /// First and end of its cities.
    cities: (u16, u16),
    shares: Shares,
    issued: [(u32, u32); SCHEMES.len()],
}

/// What an address is used for: a part of a country's lines, in hundredths.
#[derive(Debug, Clone, Copy)]
struct Use {
    from: u64,
    to: u64,
}

const HOMES: Use = Use { from: 0, to: 70 };
const CARRIERS: Use = Use { from: 70, to: 82 };
const BUSINESSES: Use = Use { from: 82, to: 95 };
const CAMPUSES: Use = Use { from: 95, to: 100 };

/// Addresses that all customers of a carrier share.
const NATS: u64 = 24;

/// Exits that all customers of VPNs share in a country.
const EXITS: u64 = 384;

/// The fingerprint of the wallet's app; who uses a tool sets its own.
const APP_TLS: u16 = 0;

/// MCC and MNC of an international operator, where no operator of a country is known.
const INTERNATIONAL: u32 = 90_128;

/// Kilometres of a degree of latitude.
const DEGREE_KM: f64 = 111.2;

// Names of the hashes that keys go through, so that one key means another thing to each use.
const HOME: u64 = 0x01;
const MOBILE: u64 = 0x02;
const SHARED: u64 = 0x03;
const PROXY: u64 = 0x04;
const TUNNEL: u64 = 0x05;
const SERVER: u64 = 0x06;
const ONION: u64 = 0x07;
const ACCESS_POINT: u64 = 0x08;

impl Atlas {
    /// The atlas of the built-in tables.
    pub fn built_in() -> Atlas {
        draw::atlas(tables::built_in()).expect("a test draws the atlas of the built-in tables")
    }

    /// The atlas of the reference tables of a folder, which must hold one of them at least.
    ///
    /// A table that is missing is replaced by the built-in one.
    ///
    /// # Errors
    /// The folder or a file cannot be read, or there is no table in it. Broken rows of all files
    /// come back together as [`Error::Reference`]: `D060` a column is missing, `D061` a row or a
    /// file has not the form of its table, `D062` address, `D063` country, `D064` number, `D065`
    /// word, `D066` addresses of two rows overlap.
    pub fn read(folder: &Path) -> Result<Atlas, Error> {
        let tables = tables::read(folder)?;
        draw::atlas(tables).map_err(|message| Error::form(folder, None, message))
    }

    /// The same atlas with the card networks fitted to the wanted mix over issuer countries.
    pub fn balanced(mut self, issuers: &Issuers) -> Atlas {
        let weighed = issuers.countries.iter();
        let weighed: Vec<(f64, Shares)> =
            weighed.map(|(country, weight)| (*weight, self.land(*country).shares)).collect();
        let mix = issuers.schemes.shares();
        let share = |scheme| mix.iter().find(|(name, _)| *name == scheme).map_or(0.0, |(_, s)| *s);
        let wanted = SCHEMES.map(share);
        let factors = cards::fit(&weighed, &wanted);
        for land in &mut self.lands {
            let scaled: Shares =
                std::array::from_fn(|scheme| land.shares[scheme] * factors[scheme]);
            if 0.0 < scaled.iter().sum() {
                land.shares = scaled;
            }
        }
        self
    }

    /// Where each part came from.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Merchant category codes in use, sorted.
    pub fn categories(&self) -> &[u16] {
        &self.categories
    }

    /// Mainland China first, then Hong Kong and Macao, then the cities of other countries, then the
    /// middles of countries without a named city.
    pub(crate) fn cities(&self) -> &[City] {
        &self.cities
    }

    /// A city of mainland China, by weight.
    pub(crate) fn china(&self, chance: &mut Chance) -> u16 {
        self.city_in(Country::CN, chance)
    }

    /// A city of a country, by weight.
    pub(crate) fn city_in(&self, country: Country, chance: &mut Chance) -> u16 {
        let (first, end) = self.land(country).cities;
        let cities = &self.cities[usize::from(first)..usize::from(end)];
        first + chance.weighted(cities.iter().map(|city| city.weight)) as u16
    }

    /// A place around the middle of a city, normal with this deviation in kilometres both ways but
    /// never so far that it leaves the country.
    pub(crate) fn near(&self, city: u16, km: f64, chance: &mut Chance) -> Place {
        // A number that is no city's means the last.
        let city_number = usize::from(city).min(self.cities.len() - 1);
        let city = &self.cities[city_number];
        let (east, north) = (chance.normal(0.0, km), chance.normal(0.0, km));
        let far_km = east.hypot(north);
        // What lies beyond the reach is mirrored at it.
        let fold = if far_km <= city.reach_km { 1.0 } else { (city.reach_km / far_km).powi(2) };
        // Middles of countries may lie at a pole or where longitudes turn over.
        let narrowing = (f64::from(city.lat_e3) / 1e3).to_radians().cos().max(0.01);
        let e3 = 1e3 * fold / DEGREE_KM;
        let lat = f64::from(city.lat_e3) + north * e3;
        let lon = f64::from(city.lon_e3) + east * e3 / narrowing;
        Place {
            lat_e3: lat.clamp(-89_999.0, 89_999.0).round() as i32,
            lon_e3: lon.clamp(-179_999.0, 179_999.0).round() as i32,
            country: city.country,
            city: city_number as u16,
        }
    }

    /// Somebody's line at home: the same key has the same address and access point.
    pub(crate) fn home_line(&self, country: Country, key: u64) -> Network {
        let land = self.served(country);
        let hash = name(HOME, country, key);
        let (ip, asn) = land.line(HOMES, &land.fixed, hash);
        wifi(land.country, ip, asn, "residential", mix(hash, ACCESS_POINT))
    }

    /// A phone on its carrier's network, behind one of the few addresses that all customers share;
    /// another key moves on to another one.
    pub(crate) fn mobile(&self, country: Country, key: u64) -> Network {
        let land = self.served(country);
        let hash = name(MOBILE, country, key);
        let (provider, first, size) = land.part(CARRIERS, &land.mobile, hash);
        // The shared addresses of a carrier lie side by side.
        let start = below(mix(u64::from(provider.asn), MOBILE), size);
        let number =
            (u64::from(start) + u64::from(below(mix(hash, 1), NATS as u32))) % u64::from(size);
        Network {
            connection: "cellular",
            ..wifi(land.country, land.lines.at(first + number as u32), provider.asn, "mobile", 0)
        }
    }

    /// The network of a place that many visit, such as a hotel (`business`, with public Wi-Fi) or a
    /// campus (`education`): one site has one address and one access point.
    pub(crate) fn shared(&self, country: Country, site: u64, usage: &'static str) -> Network {
        let land = self.served(country);
        let hash = name(SHARED, country, site);
        let is_campus = usage == "education";
        let (ip, asn) = if is_campus {
            let campus = Provider { asn: land.campus, mcc_mnc: 0, share: 100 };
            land.line(CAMPUSES, &[campus], hash)
        } else {
            land.line(BUSINESSES, &land.fixed, hash)
        };
        let network = wifi(land.country, ip, asn, usage, mix(hash, ACCESS_POINT));
        Network { is_public: !is_campus, ..network }
    }

    /// One of the exits that VPN customers share in a country, reached from somebody's own Wi-Fi
    /// or, for some keys, from a phone.
    pub(crate) fn vpn(&self, exit: Country, key: u64) -> Network {
        let asked = self.land(exit);
        let served = match (asked.vpn.total(), asked.hosting.total()) {
            (0, 0) => &self.lands[usize::from(self.most_vpn)],
            _ => asked,
        };
        let space = if served.vpn.total() == 0 { &served.hosting } else { &served.vpn };
        let hash = name(TUNNEL, exit, key);
        let number = u64::from(below(hash, EXITS as u32));
        let ip = space.at(below(name(TUNNEL, served.country, number), space.total()));
        let is_phone = mix(hash, 1) % 10 < 4;
        let access_point = if is_phone { 0 } else { mix(hash, ACCESS_POINT) };
        Network {
            connection: if is_phone { "cellular" } else { "wifi" },
            is_vpn: true,
            ..wifi(served.country, ip, self.operator(served, ip), "hosting", access_point)
        }
    }

    /// A server in a data centre somewhere; countries with more of them are met more often.
    pub(crate) fn datacenter(&self, key: u64) -> Network {
        let hash = mix(SERVER, key);
        let total = self.hosting.last().map_or(0, |(end, _)| *end);
        let number = below(hash, total);
        let at = self.hosting.partition_point(|(end, _)| *end <= number);
        let land = &self.lands[usize::from(self.hosting[at].1)];
        let ip = land.hosting.at(below(mix(hash, 1), land.hosting.total()));
        wifi(land.country, ip, self.operator(land, ip), "hosting", 0)
    }

    /// A line at somebody's home that is rented out. A third of them are known as such.
    pub(crate) fn residential_proxy(&self, country: Country, key: u64) -> Network {
        let land = self.served(country);
        let hash = name(PROXY, country, key);
        let (ip, asn) = land.line(HOMES, &land.fixed, hash);
        Network {
            is_residential_proxy: mix(hash, 1).is_multiple_of(3),
            ..wifi(land.country, ip, asn, "residential", mix(hash, ACCESS_POINT))
        }
    }

    /// A Tor exit.
    pub(crate) fn tor(&self, key: u64) -> Network {
        let (ip, country) = self.tor[below(mix(ONION, key), self.tor.len() as u32) as usize];
        let asn = self.operator(self.land(country), ip);
        Network { is_tor: true, ..wifi(country, ip, asn, "hosting", 0) }
    }

    /// A card of an issuer of this country: live, unlinked, not stolen, valid for one to five years
    /// from now. Its key and its holder's name are the caller's to set.
    pub(crate) fn card(&self, country: Country, now_ms: i64, chance: &mut Chance) -> Card {
        let land = self.land(country);
        let taste = Taste {
            issuers: &self.issuers,
            country: land.country,
            number: land.number,
            shares: &land.shares,
            places: &land.issued,
            currency: land.currency,
        };
        cards::draw(&taste, now_ms, chance)
    }

    /// Where a customer and the issuer of their card come from.
    pub(crate) fn home_country(&self, settings: &Settings, chance: &mut Chance) -> Country {
        chance.weigh(&settings.issuers.countries)
    }

    /// The currency that cards of a country are billed in.
    #[cfg(test)]
    pub(crate) fn currency(&self, country: Country) -> &'static str {
        self.land(country).currency
    }

    /// The language that most phones of a country are set to.
    pub(crate) fn language(&self, country: Country) -> &'static str {
        self.land(country).language
    }

    /// Minutes that standard time is ahead of UTC where most people of a country live.
    pub(crate) fn tz_offset_min(&self, country: Country) -> i16 {
        self.land(country).tz_offset_min
    }

    /// MCC and MNC of the largest carrier of a country.
    pub(crate) fn sim_operator(&self, country: Country) -> u32 {
        self.land(country).mobile.first().map_or(INTERNATIONAL, |carrier| carrier.mcc_mnc)
    }

    /// The country, or the largest for letters that are none.
    fn land(&self, country: Country) -> &Land {
        let number = place(country).map_or(u16::MAX, |place| self.by_letters[place]);
        &self.lands[usize::from(if number == u16::MAX { self.largest } else { number })]
    }

    /// The country whose addresses are given for a country.
    fn served(&self, country: Country) -> &Land {
        let land = self.land(country);
        if 0 < land.lines.total() { land } else { &self.lands[usize::from(self.largest)] }
    }

    /// The hosting company that an address belongs to; neighbours belong to the same.
    fn operator(&self, land: &Land, ip: u32) -> u32 {
        let (first, end) = land.operators;
        let operators = &self.operators[first as usize..end as usize];
        operators[below(mix(SERVER, u64::from(ip >> 16)), end - first) as usize]
    }
}

impl Land {
    /// An address in a part of the lines, and its AS number.
    fn line(&self, part: Use, providers: &[Provider], hash: u64) -> (u32, u32) {
        let (provider, first, size) = self.part(part, providers, hash);
        (self.lines.at(first + below(mix(hash, 1), size)), provider.asn)
    }

    /// A provider by its share, and the first number and the size of its piece of a part.
    fn part(&self, part: Use, providers: &[Provider], hash: u64) -> (Provider, u32, u32) {
        let draw = below(hash, 100);
        let mut from = 0;
        let mut provider = providers[0];
        for candidate in providers {
            provider = *candidate;
            if draw < from + candidate.share {
                break;
            }
            from += candidate.share;
        }
        let total = u64::from(self.lines.total());
        let per_ten_thousand =
            |share: u64| total * (part.from * 100 + (part.to - part.from) * share) / 10_000;
        let first = per_ten_thousand(u64::from(from)).min(total - 1);
        let end = per_ten_thousand(u64::from(from + provider.share)).min(total);
        // Below the total, which fits in 32 bits.
        (provider, first as u32, end.saturating_sub(first).max(1) as u32)
    }
}

/// An address on Wi-Fi with nothing special about it.
fn wifi(country: Country, ip: u32, asn: u32, usage: &'static str, bssid: u64) -> Network {
    Network {
        ip,
        country,
        asn,
        usage,
        connection: "wifi",
        is_vpn: false,
        is_proxy: false,
        is_residential_proxy: false,
        is_tor: false,
        is_public: false,
        bssid,
        tls: APP_TLS,
    }
}

/// The hash of a key for one use in one country.
fn name(purpose: u64, country: Country, key: u64) -> u64 {
    mix(mix(purpose, u64::from(u16::from_be_bytes(country.0))), key)
}

/// A hash as a number below a limit; 0 when the limit is 0.
fn below(hash: u64, limit: u32) -> u32 {
    ((u128::from(hash) * u128::from(limit)) >> 64) as u32
}

/// The place of two letters in a table of all pairs.
fn place(country: Country) -> Option<usize> {
    let [first, second] = country.0;
    let are_letters = first.is_ascii_uppercase() && second.is_ascii_uppercase();
    are_letters.then(|| usize::from(first - b'A') * 26 + usize::from(second - b'A'))
}
