//! Cards: which networks issuers of a country are on, and the ranges that their numbers begin with.
//!
//! The shares of the networks come from `schemes.csv` for each issuer country and are fitted to an
//! overall mix by `fit` (iterative proportional fitting: the country's taste stays, the sum is as
//! wanted). A range comes from the reference table where that has one for the country and network;
//! otherwise it is made: each country has six ranges of its own in the digits that the network
//! owns, so no two countries share one. A few ranges carry most cards, as big issuers do. Published
//! ranges have six to eight digits; the rest up to eight is hashed, with a handful of values for
//! each. Nothing here is, or leads to, a whole card number.

use features::limits::DAY_MS;
use jiff::Timestamp;
use jiff::tz::Offset;

use crate::synth::asset::{Card, Country, Health};
use crate::synth::chance::{Chance, mix};

use super::built_in;

/// The card networks that the wallet takes.
pub(super) const SCHEMES: [&str; 6] = ["visa", "mastercard", "jcb", "discover", "diners", "amex"];

/// A share for each network, in the order of `SCHEMES`.
pub(super) type Shares = [f64; SCHEMES.len()];

/// Where the six-digit ranges of each network begin and end.
const OWNED: [&[(u32, u32)]; SCHEMES.len()] = [
    &[(400_000, 499_999)],
    &[(510_000, 559_999), (222_100, 272_099)],
    &[(352_800, 358_999)],
    &[(601_100, 601_199), (650_000, 659_999)],
    &[(360_000, 369_999), (380_000, 389_999)],
    &[(340_000, 349_999), (370_000, 379_999)],
];

/// Ranges that are made for each country and network.
const MADE: u64 = 6;

/// Countries that ranges are made for, at most: it keeps those of different countries apart.
const COUNTRIES_MAX: u64 = 256;

/// Endings in use of a range that has fewer than eight digits.
const ENDINGS: u64 = 4;

/// Numbers of issuers of made ranges begin here; those of the reference table begin at 1.
pub(super) const MADE_ISSUERS: u32 = 30_000;

/// How a card is funded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Funding {
    Credit,
    Debit,
    Prepaid,
}

impl Funding {
    fn name(self) -> &'static str {
        ["credit", "debit", "prepaid"][self as usize]
    }

    /// Median in CNY and sigma of what such a card may spend in 30 days.
    fn limit(self) -> (f64, f64) {
        [(30_000.0, 0.8), (12_000.0, 1.0), (1_500.0, 0.7)][self as usize]
    }

    /// How often there is no plastic.
    fn virtual_share(self) -> f64 {
        [0.05, 0.08, 0.5][self as usize]
    }
}

/// A range of card numbers, by how they begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Issued {
    pub(super) country: Country,
    /// Place in `SCHEMES`.
    pub(super) scheme: usize,
    /// The first digits that are in the range, from and to.
    pub(super) low: u32,
    pub(super) high: u32,
    /// How many digits are lacking to eight.
    pub(super) extra: u32,
    pub(super) funding: Funding,
    pub(super) issuer: u32,
}

/// Ranges of the reference table by country and network, the most used first.
#[derive(Debug, Clone, Default)]
pub(super) struct Issuers {
    ranges: Vec<Issued>,
}

impl Issuers {
    /// Sorts ranges; which are much used follows from their digits.
    pub(super) fn of(mut ranges: Vec<Issued>) -> Issuers {
        let hash = |range: &Issued| mix(u64::from(range.low), u64::from(range.high));
        ranges.sort_by_key(|range| {
            (range.country, range.scheme, hash(range), range.low, range.issuer, range.funding)
        });
        Issuers { ranges }
    }

    /// Where the ranges of a country stand, for each network.
    pub(super) fn places(&self, country: Country) -> [(u32, u32); SCHEMES.len()] {
        let behind = |key: (Country, usize)| {
            // A table has fewer than 2^32 rows.
            self.ranges.partition_point(|range| (range.country, range.scheme) < key) as u32
        };
        std::array::from_fn(|scheme| (behind((country, scheme)), behind((country, scheme + 1))))
    }

    /// One of the ranges at a place.
    fn pick(&self, (first, end): (u32, u32), chance: &mut Chance) -> Option<Issued> {
        let number = popular(u64::from(end - first), chance);
        (first < end).then(|| self.ranges[first as usize + number as usize])
    }
}

/// A number below a limit, low ones far more often: the first tenth has almost half.
fn popular(limit: u64, chance: &mut Chance) -> u64 {
    let share = chance.unit().powi(3);
    // Rounding can reach the limit.
    ((limit as f64 * share) as u64).min(limit.saturating_sub(1))
}

/// A range of a country for which the reference table has none.
fn made(country: Country, number: u16, scheme: usize, chance: &mut Chance) -> Issued {
    let issuer = popular(MADE, chance);
    let place = u64::from(number) * MADE + issuer;
    let owned: u64 = OWNED[scheme].iter().map(|(low, high)| u64::from(high - low + 1)).sum();
    let stride = owned / (COUNTRIES_MAX * MADE);
    let mut digits = place * stride + mix(place, scheme as u64) % stride;
    let mut low = OWNED[scheme][0].0;
    for (first, last) in OWNED[scheme] {
        let size = u64::from(last - first + 1);
        if digits < size {
            low = first + digits as u32;
            break;
        }
        digits -= size;
    }
    let funding = match issuer {
        _ if 2 <= scheme => Funding::Credit,
        0 | 2 | 4 => Funding::Credit,
        1 | 3 => Funding::Debit,
        _ => Funding::Prepaid,
    };
    let issuer = MADE_ISSUERS + place as u32;
    Issued { country, scheme, low, high: low, extra: 2, funding, issuer }
}

/// What a card is drawn from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taste<'a> {
    pub(super) issuers: &'a Issuers,
    pub(super) country: Country,
    /// The country's number, below 256.
    pub(super) number: u16,
    pub(super) shares: &'a Shares,
    pub(super) places: &'a [(u32, u32); SCHEMES.len()],
    pub(super) currency: &'static str,
}

/// A live card of a country; whose it is, the caller says.
pub(super) fn draw(taste: &Taste<'_>, now_ms: i64, chance: &mut Chance) -> Card {
    let scheme = chance.weighted(taste.shares.iter().copied());
    let range = taste.issuers.pick(taste.places[scheme], chance);
    let range = range.unwrap_or_else(|| made(taste.country, taste.number, scheme, chance));
    let digits = u64::from(range.low) + chance.below(u64::from(range.high - range.low) + 1);
    let open = 10_u64.pow(range.extra);
    let ending = mix(digits, chance.below(ENDINGS)) % open;
    let (median, sigma) = range.funding.limit();
    let limit_cny = chance.log_normal(median, sigma).clamp(100.0, 2_000_000.0);
    Card {
        key: 0,
        // Eight digits by the checks of the table.
        bin8: (digits * open + ending) as u32,
        last4: chance.below(10_000) as u16,
        scheme: SCHEMES[scheme],
        funding: range.funding.name(),
        country: taste.country,
        issuer: range.issuer,
        currency: taste.currency,
        name: 0,
        expiry_ym: month(now_ms, chance.between(12, 60)),
        is_virtual: chance.hit(range.funding.virtual_share()),
        limit_fen: (limit_cny / 100.0).round() as i64 * 10_000,
        linked_ms: 0,
        health: Health::Live,
        is_stolen: false,
    }
}

/// The month that lies so many months ahead, as YYYYMM.
fn month(now_ms: i64, ahead: i64) -> u32 {
    // Worlds lie between 2000 and 2100; anything else is held there.
    let now_ms = now_ms.clamp(10_957 * DAY_MS, 47_482 * DAY_MS);
    let now = Timestamp::from_millisecond(now_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let date = Offset::UTC.to_datetime(now);
    let months = i64::from(date.year()) * 12 + i64::from(date.month()) - 1 + ahead;
    (months / 12 * 100 + months % 12 + 1) as u32
}

/// The shares of the networks in every country that `schemes.csv` names, and of all others.
pub(super) fn shares() -> (Vec<(Country, Shares)>, Shares) {
    let mut named = Vec::new();
    let mut others = [0.0; SCHEMES.len()];
    for cells in built_in::rows(built_in::SCHEMES) {
        let shares = std::array::from_fn(|scheme| built_in::number(cells[1 + scheme]));
        match cells[0] {
            "*" => others = shares,
            code => named.push((built_in::country(code), shares)),
        }
    }
    (named, others)
}

/// Factors for the networks that bring the mix over weighted countries to the wanted one.
///
/// Each round scales the networks to the wanted mix and brings every country back to one. A network
/// that no country has cannot be brought in.
pub(super) fn fit(countries: &[(f64, Shares)], wanted: &Shares) -> Shares {
    let mut factors = [1.0; SCHEMES.len()];
    for _ in 0..200 {
        let mut mixed = [0.0; SCHEMES.len()];
        for (weight, shares) in countries {
            let scaled: Shares = std::array::from_fn(|scheme| shares[scheme] * factors[scheme]);
            let sum: f64 = scaled.iter().sum();
            if 0.0 < sum {
                mixed
                    .iter_mut()
                    .zip(scaled)
                    .for_each(|(mixed, share)| *mixed += weight * share / sum);
            }
        }
        for scheme in 0..SCHEMES.len() {
            if 0.0 < mixed[scheme] {
                factors[scheme] *= wanted[scheme] / mixed[scheme];
            }
        }
    }
    factors
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const NOW_MS: i64 = 20_454 * DAY_MS;

    #[test]
    fn an_expiry_is_a_month_and_years_roll_over() {
        // Day 20,454 is 2026-01-01.
        assert_eq!(month(NOW_MS, 0), 202_601);
        assert_eq!(month(NOW_MS, 11), 202_612);
        assert_eq!(month(NOW_MS + 31 * DAY_MS, 11), 202_701);
        assert_eq!(month(i64::MIN, 12), 200_101);
        assert_eq!(month(i64::MAX, 0), 210_001);
    }

    #[test]
    fn made_ranges_belong_to_their_network_and_to_one_country() {
        let mut seen: BTreeSet<(u32, usize)> = BTreeSet::new();
        let country = Country(*b"SG");
        for number in 0..COUNTRIES_MAX as u16 {
            for (scheme, owned) in OWNED.iter().enumerate() {
                let mut ours = BTreeSet::new();
                let mut chance = Chance::of(7, &[u64::from(number), scheme as u64]);
                for _ in 0..200 {
                    let range = made(country, number, scheme, &mut chance);
                    assert!(owned.iter().any(|(low, high)| (*low..=*high).contains(&range.low)));
                    ours.insert(range.low);
                }
                assert!(ours.len() as u64 <= MADE);
                assert!(ours.iter().all(|low| seen.insert((*low, scheme))), "{number} {scheme}");
            }
        }
    }

    #[test]
    fn few_ranges_carry_most_cards() {
        let mut chance = Chance::of(7, &[1]);
        let first = (0..20_000).filter(|_| popular(1_000, &mut chance) < 100).count();
        assert!((8_500..10_200).contains(&first), "{first}");
        assert_eq!(popular(0, &mut chance), 0);
    }

    #[test]
    fn a_fitted_mix_is_the_wanted_one() {
        let countries =
            [(0.7, [50.0, 30.0, 0.0, 15.0, 0.0, 5.0]), (0.3, [30.0, 20.0, 50.0, 0.0, 0.0, 0.0])];
        let wanted = [0.3, 0.3, 0.2, 0.1, 0.0, 0.1];
        let factors = fit(&countries, &wanted);
        let mut mixed = [0.0; SCHEMES.len()];
        for (weight, shares) in countries {
            let scaled: Shares = std::array::from_fn(|scheme| shares[scheme] * factors[scheme]);
            let sum: f64 = scaled.iter().sum();
            for scheme in 0..SCHEMES.len() {
                mixed[scheme] += weight * scaled[scheme] / sum;
            }
        }
        for scheme in 0..SCHEMES.len() {
            assert!((mixed[scheme] - wanted[scheme]).abs() < 1e-3, "{mixed:?}");
        }
    }
}
