//! The tables that come with the program: small, written for it, enough for a whole world.
//!
//! `countries.csv` names for some sixty countries the currency, the usual phone language, the
//! operators of fixed and mobile lines (AS number, MCC and MNC, share in percent), the campus
//! network, and a few large address allocations; no two countries share an address. `cities.csv`
//! has the places with how far around them one stays in the country, `schemes.csv` the card
//! networks by issuer country (`*` for all others), `operators.csv` hosting companies,
//! `categories.csv` merchant categories. All are public knowledge as we know it, rounded; nothing
//! depends on their being exact. They are parts of the build, so a broken one is a bug that a test
//! finds.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::synth::asset::Country;

use super::ranges::{self, Span};

/// What is known of countries.
pub(super) const COUNTRIES: &str = include_str!("countries.csv");

/// Places.
pub(super) const CITIES: &str = include_str!("cities.csv");

/// Card networks by country.
pub(super) const SCHEMES: &str = include_str!("schemes.csv");

/// Hosting companies.
pub(super) const OPERATORS: &str = include_str!("operators.csv");

/// Merchant categories.
pub(super) const CATEGORIES: &str = include_str!("categories.csv");

/// Who runs lines in a country.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Provider {
    /// Autonomous system.
    pub(super) asn: u32,
    /// MCC and MNC, such as 46000; 0 for fixed lines.
    pub(super) mcc_mnc: u32,
    /// Its share of the lines of its kind in the country, in percent.
    pub(super) share: u32,
}

/// What is known of a country.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) country: Country,
    pub(super) currency: &'static str,
    pub(super) language: &'static str,
    pub(super) fixed: Vec<Provider>,
    pub(super) mobile: Vec<Provider>,
    /// Autonomous system of the universities.
    pub(super) campus: u32,
    pub(super) networks: Vec<Span>,
}

/// A place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct City {
    /// Its English name; `centre` for the middle of a country of which no city is named.
    pub(crate) name: &'static str,
    /// Its country.
    pub(crate) country: Country,
    /// Latitude of its middle, in thousandths of a degree.
    pub(crate) lat_e3: i32,
    /// Longitude of its middle, in thousandths of a degree.
    pub(crate) lon_e3: i32,
    /// How far from the middle one may go without leaving the country, in kilometres.
    pub(crate) reach_km: f64,
    /// How often it is chosen, against the other cities of its country.
    pub(crate) weight: f64,
}

const SOUND: &str = "built-in tables are parts of the build and are read by tests";

/// Rows of a built-in table behind its header, cell by cell.
pub(super) fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().skip(1).map(|line| line.split(',').collect())
}

/// A cell as a number.
pub(super) fn number<T: FromStr>(cell: &str) -> T {
    cell.parse().ok().expect(SOUND)
}

/// A cell as a country.
pub(super) fn country(cell: &str) -> Country {
    Country(cell.as_bytes().try_into().expect(SOUND))
}

/// All countries of `countries.csv`.
pub(super) fn countries() -> Vec<Row> {
    let row = |cells: Vec<&'static str>| Row {
        country: country(cells[0]),
        currency: cells[1],
        language: cells[2],
        fixed: providers(cells[3]),
        mobile: providers(cells[4]),
        campus: number(cells[5]),
        networks: cells[6].split(' ').map(|cell| ranges::network(cell).expect(SOUND)).collect(),
    };
    rows(COUNTRIES).map(row).collect()
}

/// The usual phone languages by the language before the region: `en` gives `en-US`.
pub(super) fn languages() -> BTreeMap<&'static str, &'static str> {
    let mut languages = BTreeMap::new();
    for cells in rows(COUNTRIES) {
        let (language, _) = cells[2].split_once('-').unwrap_or((cells[2], ""));
        // The table begins with the countries that send most customers.
        languages.entry(language).or_insert(cells[2]);
    }
    languages
}

/// A list of `asn:share` or `mcc_mnc:asn:share`.
fn providers(cell: &str) -> Vec<Provider> {
    let provider = |text: &str| {
        let (rest, share) = text.rsplit_once(':').expect(SOUND);
        let (mcc_mnc, asn) = rest.split_once(':').unwrap_or(("0", rest));
        Provider { asn: number(asn), mcc_mnc: number(mcc_mnc), share: number(share) }
    };
    cell.split(' ').map(provider).collect()
}

/// All cities of `cities.csv`.
pub(super) fn cities() -> Vec<City> {
    let thousandths = |cell: &str| (number::<f64>(cell) * 1e3).round() as i32;
    let city = |cells: Vec<&'static str>| City {
        name: cells[0],
        country: country(cells[1]),
        lat_e3: thousandths(cells[2]),
        lon_e3: thousandths(cells[3]),
        reach_km: number(cells[4]),
        weight: number(cells[5]),
    };
    rows(CITIES).map(city).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use features::geo;
    use features::money::Currency;

    use super::*;

    #[test]
    fn every_country_is_whole() {
        let countries = countries();
        assert!(50 < countries.len());
        let mut operators = BTreeSet::new();
        for row in &countries {
            let code = row.country.code();
            assert!(geo::pack_country(code).is_some(), "{code}");
            assert!(Currency::parse(row.currency).is_some(), "{code}");
            for providers in [&row.fixed, &row.mobile] {
                let shares: u32 = providers.iter().map(|provider| provider.share).sum();
                assert_eq!(shares, 100, "{code}");
            }
            for provider in &row.mobile {
                assert!((10_000..1_000_000).contains(&provider.mcc_mnc), "{code}");
                assert!(operators.insert(provider.mcc_mnc), "{} twice", provider.mcc_mnc);
            }
        }
    }

    #[test]
    fn no_two_countries_share_an_address() {
        let countries = countries();
        let mut spans: Vec<Span> = countries.iter().flat_map(|row| row.networks.clone()).collect();
        spans.sort_unstable();
        assert!(spans.is_sorted_by(|low, high| low.last < high.first));
    }

    #[test]
    fn the_mainland_comes_first_then_its_two_regions() {
        let cities = cities();
        let mainland = cities.iter().take_while(|city| city.country == Country::CN).count();
        assert!((20..=30).contains(&mainland));
        let regions = [cities[mainland].country.code(), cities[mainland + 1].country.code()];
        assert_eq!(regions, ["HK", "MO"]);
        // Cities of a country stand together.
        let mut seen = BTreeSet::new();
        for pair in cities.windows(2).filter(|pair| pair[0].country != pair[1].country) {
            assert!(seen.insert(pair[0].country) && !seen.contains(&pair[1].country));
        }
        let known: BTreeSet<Country> = countries().iter().map(|row| row.country).collect();
        assert_eq!(cities.iter().map(|city| city.country).collect::<BTreeSet<_>>(), known);
    }

    #[test]
    fn around_a_city_one_stays_in_its_country() {
        for city in cities() {
            for step in 0..48 {
                // Three rings of sixteen points.
                let (angle, share) = (f64::from(step % 16) / 16.0, f64::from(step / 16 + 1) / 3.0);
                let (sin, cos) = (angle * std::f64::consts::TAU).sin_cos();
                let lat = f64::from(city.lat_e3) / 1e3;
                let degrees = share * city.reach_km / 111.2;
                let lon = f64::from(city.lon_e3) / 1e3 + cos * degrees / lat.to_radians().cos();
                let found = geo::country_at(lat + sin * degrees, lon).and_then(geo::country_code);
                assert_eq!(found, Some(city.country.code()), "{} at {step}", city.name);
            }
        }
    }
}
