//! Places: countries as packed letters, where they roughly lie, which country holds a coordinate,
//! great-circle distance, and the clock on the wall.
//!
//! A country is the two letters of ISO 3166-1 alpha-2 packed into 16 bits; mainland China, Hong
//! Kong, Macao and Taiwan are values of their own. Borders are OpenStreetMap polygons embedded by
//! the crate `country-boundaries` (about 1 MB, decoded once at first use). Clocks are standard time
//! only: daylight saving is ignored, so a local hour is off by one in the summer of countries that
//! use it. Countries with several zones take the zone of the longitude (15 degrees an hour); China
//! is UTC+8 everywhere. Distances use transcendental functions, so they may differ in the last bit
//! between build targets; everything else is exact.

use std::sync::LazyLock;

use country_boundaries::{BOUNDARIES_ODBL_360X180, CountryBoundaries, LatLon};

mod countries;

use countries::{COUNTRIES, Clock};

/// Mean radius of the Earth in kilometres (IUGG).
pub const EARTH_RADIUS_KM: f64 = 6_371.008_8;

/// Mainland China.
pub const CN: u16 = u16::from_be_bytes(*b"CN");

const LETTERS: usize = 26;
const NOWHERE: u8 = u8::MAX;

/// Place of each pair of letters in the table of countries.
const BY_LETTERS: [u8; LETTERS * LETTERS] = {
    let mut places = [NOWHERE; LETTERS * LETTERS];
    let mut i = 0;
    while i < COUNTRIES.len() {
        let letters = COUNTRIES[i].code.as_bytes();
        let at = LETTERS * (letters[0] - b'A') as usize + (letters[1] - b'A') as usize;
        assert!(places[at] == NOWHERE, "a country stands twice");
        places[at] = i as u8;
        i += 1;
    }
    places
};

const _: () = assert!(COUNTRIES.len() < NOWHERE as usize);

/// The packed form of an assigned country code in capitals.
pub fn pack_country(code: &str) -> Option<u16> {
    let letters: [u8; 2] = code.as_bytes().try_into().ok()?;
    let packed = u16::from_be_bytes(letters);
    row(packed).map(|_| packed)
}

/// The two letters of a packed country.
pub fn country_code(country: u16) -> Option<&'static str> {
    row(country).map(|row| row.code)
}

/// A point roughly in the middle of a country, in degrees of latitude and longitude.
pub fn centroid(country: u16) -> Option<(f64, f64)> {
    row(country).map(|row| (f64::from(row.lat), f64::from(row.lon)))
}

/// Minutes that standard time is ahead of UTC in a country, at a longitude where it matters.
///
/// In a country with several zones the longitude decides (15 degrees an hour); without one the zone
/// where most people live does.
pub fn utc_offset_min(country: u16, lon: Option<f64>) -> Option<i16> {
    row(country).map(|row| match (row.clock, lon) {
        (Clock::One(minutes), _) | (Clock::Many(minutes), None) => minutes,
        (Clock::Many(_), Some(lon)) => solar_offset_min(lon),
    })
}

/// Minutes that the sun is ahead of UTC at a longitude, rounded to whole hours.
pub fn solar_offset_min(lon: f64) -> i16 {
    // A longitude is within ±180, so the result is within ±720.
    60 * (lon / 15.0).round() as i16
}

/// Great-circle distance between two points in degrees, by the haversine formula.
pub fn distance_km(lat1: f64, lon1: f64, lat2: f64, lon2: f64) -> f64 {
    let (north1, north2) = (lat1.to_radians(), lat2.to_radians());
    let half_north = (north2 - north1) / 2.0;
    let half_east = (lon2 - lon1).to_radians() / 2.0;
    let haversine =
        half_north.sin().powi(2) + north1.cos() * north2.cos() * half_east.sin().powi(2);
    2.0 * EARTH_RADIUS_KM * haversine.sqrt().min(1.0).asin()
}

/// The geohash of a point in degrees, five letters: a cell of about 4.9 by 4.9 km. Its first four
/// are the cell of about 39 by 20 km around it.
pub fn geohash5(lat: f64, lon: f64) -> [u8; 5] {
    const DIGITS: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";
    let cell = |share: f64, bits: u32| {
        let cells = 1_u32 << bits;
        // A cast saturates, so that nothing lies outside the cells.
        ((share * f64::from(cells)) as u32).min(cells - 1)
    };
    let (north, east) = (cell((lat + 90.0) / 180.0, 12), cell((lon + 180.0) / 360.0, 13));
    // The bits of both alternate, the highest first, beginning with the longitude.
    let bits = (0..13).rev().fold(0, |bits, bit| {
        let pair = bits << 2 | (east >> bit & 1) << 1;
        if bit == 0 { pair >> 1 } else { pair | (north >> (bit - 1) & 1) }
    });
    std::array::from_fn(|letter| DIGITS[(bits >> (20 - 5 * letter) & 31) as usize])
}

/// The country at a point in degrees, or `None` at sea and in land without an assigned code.
pub fn country_at(lat: f64, lon: f64) -> Option<u16> {
    static BORDERS: LazyLock<CountryBoundaries> = LazyLock::new(|| {
        CountryBoundaries::from_reader(BOUNDARIES_ODBL_360X180)
            .expect("the embedded borders are part of the build and are read by a test")
    });
    let ids = BORDERS.ids(LatLon::new(lat, lon).ok()?);
    // The smallest region comes first, so a territory wins over the country around it.
    ids.into_iter().find_map(pack_country)
}

fn row(country: u16) -> Option<&'static countries::Country> {
    let [first, second] = country.to_be_bytes();
    if !first.is_ascii_uppercase() || !second.is_ascii_uppercase() {
        return None;
    }
    let at = LETTERS * usize::from(first - b'A') + usize::from(second - b'A');
    COUNTRIES.get(usize::from(BY_LETTERS[at]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(code: &str) -> u16 {
        pack_country(code).unwrap()
    }

    #[test]
    fn every_assigned_code_is_known_and_packs_back() {
        // ISO 3166-1 has 249 codes; XK (Kosovo) is user-assigned and in wide use.
        assert_eq!(COUNTRIES.len(), 250);
        for country in COUNTRIES {
            assert_eq!(country_code(packed(country.code)), Some(country.code));
        }
        for code in ["ZZ", "cn", "CHN", "C", "", "A1", "ÄÄ"] {
            assert_eq!(pack_country(code), None, "{code}");
        }
        assert_eq!(country_code(0), None);
        assert_eq!(packed("CN"), CN);
    }

    #[test]
    fn codes_agree_with_the_currency_library_about_what_is_a_country() {
        for iso in ["US", "KR", "JP", "SG", "MY", "HK", "GB", "AU", "DE", "FR", "TH", "RU", "TW"] {
            assert!(iso.parse::<iso_currency::Country>().is_ok());
            assert!(pack_country(iso).is_some());
        }
    }

    #[test]
    fn points_lie_in_their_countries() {
        let points = [
            (39.904, 116.407, "CN"),
            (31.230, 121.474, "CN"),
            (22.303, 114.177, "HK"),
            (22.198, 113.544, "MO"),
            (25.033, 121.565, "TW"),
            (37.566, 126.978, "KR"),
            (35.676, 139.650, "JP"),
            (1.352, 103.820, "SG"),
            (40.713, -74.006, "US"),
            (51.507, -0.128, "GB"),
            (-33.868, 151.209, "AU"),
        ];
        for (lat, lon, code) in points {
            assert_eq!(country_at(lat, lon).and_then(country_code), Some(code), "{lat} {lon}");
        }
        assert_eq!(country_at(0.0, -20.0), None);
        assert_eq!(country_at(f64::NAN, 0.0), None);
        assert_eq!(country_at(90.0, 180.0), None);
    }

    #[test]
    fn most_centroids_lie_in_their_country() {
        let inside = COUNTRIES.iter().filter(|country| {
            country_at(country.lat.into(), country.lon.into()) == pack_country(country.code)
        });
        let inside = inside.count();
        // Islands and narrow states may miss by the rounding to half degrees.
        assert!(190 <= inside, "{inside} of {}", COUNTRIES.len());
    }

    #[test]
    fn clocks_are_near_the_sun() {
        for country in COUNTRIES {
            let (Clock::One(minutes) | Clock::Many(minutes)) = country.clock;
            let sun = f64::from(country.lon) * 4.0;
            // Far political zones exist (western China, the date line), but not beyond five hours.
            let apart = (f64::from(minutes) - sun + 720.0).rem_euclid(1_440.0) - 720.0;
            assert!(apart.abs() <= 300.0, "{} is {apart} minutes from the sun", country.code);
        }
    }

    #[test]
    fn a_zone_needs_a_longitude_only_where_there_are_several() {
        assert_eq!(utc_offset_min(CN, Some(87.6)), Some(480));
        assert_eq!(utc_offset_min(packed("IN"), None), Some(330));
        assert_eq!(utc_offset_min(packed("US"), Some(-122.4)), Some(-480));
        assert_eq!(utc_offset_min(packed("US"), None), Some(-300));
        assert_eq!(utc_offset_min(packed("ID"), Some(115.2)), Some(480));
        assert_eq!(utc_offset_min(0, Some(10.0)), None);
    }

    #[test]
    fn geohashes_are_the_known_ones() {
        // The first three are in wide use as examples; corners are the first and last cell.
        let known = [
            (57.649_11, 10.407_44, b"u4pru"),
            (42.6, -5.6, b"ezs42"),
            (39.928_167, 116.389_550, b"wx4g0"),
            (-90.0, -180.0, b"00000"),
            (90.0, 180.0, b"zzzzz"),
        ];
        for (lat, lon, cell) in known {
            assert_eq!(geohash5(lat, lon), *cell, "{lat} {lon}");
        }
    }

    #[test]
    fn distances_agree_with_the_sphere() {
        let near = |a: f64, b: f64| (a - b).abs() < 0.01;
        assert_eq!(distance_km(10.0, 20.0, 10.0, 20.0).to_bits(), 0.0_f64.to_bits());
        let quarter = EARTH_RADIUS_KM * std::f64::consts::FRAC_PI_2;
        assert!(near(distance_km(0.0, 0.0, 0.0, 90.0), quarter));
        assert!(near(distance_km(0.0, 0.0, 90.0, 0.0), quarter));
        assert!(near(distance_km(0.0, -90.0, 0.0, 90.0), 2.0 * quarter));
        assert!(near(distance_km(0.0, 179.5, 0.0, -179.5), quarter / 90.0));
        let beijing_shanghai = distance_km(39.904, 116.407, 31.230, 121.474);
        assert!((1_060.0..1_075.0).contains(&beijing_shanghai), "{beijing_shanghai}");
    }
}
