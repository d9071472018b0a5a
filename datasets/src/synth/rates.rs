//! What is a unit of another currency worth in CNY, on a given day?
//!
//! Each currency walks around its usual rate (`currencies.csv`): a small step a day, a gentle pull
//! home, and a jump now and then, so that whoever waits for the rate to move has days to wait for.
//! Currencies that are tied to another one move with it. A rate holds from one midnight of UTC to
//! the next and is an integer, CNY for one unit times 10^9, as events carry it; amounts are
//! converted in integers and rounded to the nearest minor unit, halves away from zero, as
//! `features::money` does. All of ISO 4217 is there, as a card may come from anywhere. All days of
//! a world are drawn once, a megabyte or two; days beyond 400 before or after it have the rate of
//! the nearest day.

use std::collections::BTreeMap;

use features::money;

use super::chance::Chance;

const DAY_MS: i64 = 86_400_000;

/// How far before and after the world rates are known, in days.
const MARGIN_DAYS: i64 = 400;

/// Standard deviation of the logarithm of a rate's daily step.
const STEP: f64 = 0.004;

/// Share of its distance from home that a rate loses in a day; it stays within about ten percent.
const PULL: f64 = 0.01;

/// Days with a jump, as a probability, and its size in the logarithm.
const JUMP_PROBABILITY: f64 = 0.02;
const JUMP: f64 = 0.015;

/// Names the streams of chance of this module.
const STREAM: u64 = 0x7261_7465;

/// Every currency in order of its code: the usual rate in CNY, the currency with which it walks,
/// and whether the wallet gives notice of its rate. Usual rates are rough, of the middle of the
/// 2020s.
const TABLE: &str = include_str!("currencies.csv");

const SOUND: &str = "the table is part of the build and is read by a test";

/// One row of the table.
#[derive(Debug, Clone, Copy)]
struct Row {
    code: &'static str,
    /// CNY for one unit.
    usual: f64,
    /// The currency with which it walks; often itself.
    leader: &'static str,
    is_quoted: bool,
}

fn rows() -> impl Iterator<Item = Row> {
    TABLE.lines().skip(1).map(|line| {
        let mut cells = line.split(',');
        let mut cell = || cells.next().expect(SOUND);
        let (code, usual) = (cell(), cell().parse().expect(SOUND));
        Row { code, usual, leader: cell(), is_quoted: cell() == "yes" }
    })
}

/// The rates of all days of a world.
#[derive(Debug, Clone)]
pub(crate) struct Rates {
    codes: Vec<&'static str>,
    quoted: Vec<&'static str>,
    /// 10 to the power of each currency's exponent.
    scales: Vec<i64>,
    /// Number of the first day since 1970.
    first_day: i64,
    /// Days of each currency.
    days: usize,
    /// CNY per unit times 10^9, by currency and day.
    rates_e9: Vec<i64>,
    dollar: usize,
}

impl Rates {
    /// The rates of a world of this seed between two times.
    pub(crate) fn new(seed: u64, start_ms: i64, end_ms: i64) -> Rates {
        let first_day = start_ms.div_euclid(DAY_MS) - MARGIN_DAYS;
        let last_day = end_ms.max(start_ms).div_euclid(DAY_MS) + MARGIN_DAYS;
        let days = (last_day - first_day + 1).unsigned_abs() as usize;
        let mut walks: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        let mut rates_e9 = Vec::with_capacity(rows().count() * days);
        for row in rows() {
            let walk = walks.entry(row.leader).or_insert_with(|| walk(seed, row.leader, days));
            // No rate is zero, however little a unit is worth.
            let rate_e9 = |factor: &f64| ((row.usual * factor * 1e9).round() as i64).max(1);
            rates_e9.extend(walk.iter().map(rate_e9));
        }
        let scale = |row: Row| 10_i64.pow(u32::from(money::exponent(row.code).expect(SOUND)));
        Rates {
            codes: rows().map(|row| row.code).collect(),
            quoted: rows().filter(|row| row.is_quoted).map(|row| row.code).collect(),
            scales: rows().map(scale).collect(),
            first_day,
            days,
            rates_e9,
            dollar: rows().position(|row| row.code == "USD").expect(SOUND),
        }
    }

    /// The currencies of whose rates the wallet gives notice, in order of their codes.
    pub(crate) fn currencies(&self) -> &[&'static str] {
        &self.quoted
    }

    /// CNY for one unit, times 10^9.
    ///
    /// # Panics
    /// When ISO 4217 gives the currency no minor units; the atlas bills in none of these.
    pub(crate) fn rate_e9(&self, currency: &str, ms: i64) -> i64 {
        self.rate_at(self.place(currency), ms)
    }

    /// What an amount in CNY fen is in US cents.
    pub(crate) fn cents(&self, fen: i64, ms: i64) -> i64 {
        self.minor_at(self.dollar, fen, ms)
    }

    /// What an amount in CNY fen is in minor units of a currency. Panics as [`Rates::rate_e9`]
    /// does.
    pub(crate) fn minor_of(&self, currency: &str, fen: i64, ms: i64) -> i64 {
        self.minor_at(self.place(currency), fen, ms)
    }

    /// What minor units of a currency are in CNY fen. Panics as [`Rates::rate_e9`] does.
    #[cfg(test)]
    pub(crate) fn fen_of(&self, currency: &str, minor: i64, ms: i64) -> i64 {
        let at = self.place(currency);
        let fen_e9 = i128::from(minor) * i128::from(self.rate_at(at, ms)) * FEN;
        nearest(fen_e9, E9 * i128::from(self.scales[at]))
    }

    fn minor_at(&self, at: usize, fen: i64, ms: i64) -> i64 {
        let scaled = i128::from(fen) * i128::from(self.scales[at]) * E9;
        nearest(scaled, FEN * i128::from(self.rate_at(at, ms)))
    }

    fn rate_at(&self, at: usize, ms: i64) -> i64 {
        let day = ms.div_euclid(DAY_MS) - self.first_day;
        let day = day.clamp(0, self.days as i64 - 1) as usize;
        self.rates_e9[at * self.days + day]
    }

    fn place(&self, currency: &str) -> usize {
        let place = self.codes.binary_search(&currency);
        place.unwrap_or_else(|_| panic!("cards are not billed in {currency}"))
    }
}

/// Fen of one CNY.
const FEN: i128 = 100;

/// The scale of rates.
const E9: i128 = 1_000_000_000;

/// What the rate of a currency is on each day, as a multiple of the usual.
fn walk(seed: u64, leader: &str, days: usize) -> Vec<f64> {
    if leader == "CNY" {
        return vec![1.0; days];
    }
    // A walk is named by its currency, so a longer table leaves the others alone.
    let name = leader.bytes().fold(0, |name, byte| (name << 8) | u64::from(byte));
    let mut chance = Chance::of(seed, &[STREAM, name]);
    let mut distance = 0.0;
    let factor = |_| {
        let factor = f64::exp(distance);
        distance = step(distance, &mut chance);
        factor
    };
    (0..days).map(factor).collect()
}

/// The distance from home a day later.
fn step(distance: f64, chance: &mut Chance) -> f64 {
    let pulled = (1.0 - PULL) * distance + chance.normal(0.0, STEP);
    if !chance.hit(JUMP_PROBABILITY) {
        return pulled;
    }
    if chance.hit(0.5) { pulled + JUMP } else { pulled - JUMP }
}

/// The quotient rounded to the nearest integer, halves away from zero; `divisor` is above zero.
fn nearest(dividend: i128, divisor: i128) -> i64 {
    let half = if dividend < 0 { -divisor / 2 } else { divisor / 2 };
    // Amounts of the world are below 10^13 minor units in any currency.
    ((dividend + half) / divisor) as i64
}

#[cfg(test)]
mod tests {
    use features::money::{Currency, Money};

    use super::*;

    const START_MS: i64 = 20_000 * DAY_MS;
    const END_MS: i64 = START_MS + 300 * DAY_MS;

    fn rates() -> Rates {
        Rates::new(7, START_MS, END_MS)
    }

    /// Logarithms of the daily changes of a currency over the whole table.
    fn changes(rates: &Rates, currency: &str) -> Vec<f64> {
        let day = |day: i64| rates.rate_e9(currency, day * DAY_MS) as f64;
        let days = rates.first_day..rates.first_day + rates.days as i64 - 1;
        days.map(|at| (day(at + 1) / day(at)).ln()).collect()
    }

    #[test]
    fn the_table_has_all_of_iso_4217_in_order() {
        let codes: Vec<&str> = rows().map(|row| row.code).collect();
        assert!(codes.windows(2).all(|pair| pair[0] < pair[1]));
        for row in rows() {
            assert!(0.0 < row.usual && codes.contains(&row.leader), "{row:?}");
        }
        let letters = || (b'A'..=b'Z').map(char::from);
        let pairs = letters().flat_map(|first| letters().map(move |second| (first, second)));
        let all = pairs.flat_map(|(first, second)| {
            letters().map(move |third| [first, second, third].iter().collect::<String>())
        });
        let known: Vec<String> = all.filter(|code| Currency::parse(code).is_some()).collect();
        assert_eq!(codes, known);
    }

    #[test]
    fn the_wallet_quotes_what_its_customers_pay_with() {
        let rates = rates();
        for code in ["USD", "EUR", "JPY", "HKD", "GBP", "KRW", "RUB"] {
            assert!(rates.currencies().contains(&code), "{code}");
        }
        assert!(!rates.currencies().contains(&"CNY"));
    }

    #[test]
    fn rates_stay_near_their_usual_level() {
        for seed in 0..20 {
            let rates = Rates::new(seed, START_MS, END_MS);
            for Row { code, usual, .. } in rows().filter(|row| row.is_quoted) {
                for day in 0..300 {
                    let rate = rates.rate_e9(code, START_MS + day * DAY_MS) as f64 / 1e9;
                    assert!((rate / usual).ln().abs() < 0.2, "{code}, seed {seed}: {rate}");
                }
            }
        }
    }

    #[test]
    fn steps_are_small_and_jumps_are_rare() {
        let rates = rates();
        let all: Vec<f64> =
            ["EUR", "JPY", "USD", "KRW"].iter().flat_map(|code| changes(&rates, code)).collect();
        let count = |from: f64| all.iter().filter(|change| from < change.abs()).count() as f64;
        let usual: Vec<f64> = all.iter().copied().filter(|change| change.abs() < 0.011).collect();
        let mean_square = usual.iter().map(|change| change * change).sum::<f64>();
        let deviation = (mean_square / usual.len() as f64).sqrt();
        assert!((deviation - STEP).abs() < 0.1 * STEP, "{deviation}");
        let jumps = count(0.013) / all.len() as f64;
        assert!(0.005 < jumps && jumps < 0.03, "{jumps}");
        assert!(count(0.035) < 1.0);
    }

    #[test]
    fn whoever_waits_a_month_sees_the_dollar_move_by_150_basis_points() {
        let rates = rates();
        let months = 10;
        let moved = |month: i64| {
            let rate =
                |day: i64| rates.rate_e9("USD", START_MS + (30 * month + day) * DAY_MS) as f64;
            (1..30).any(|day| 0.015 <= (rate(day) / rate(0) - 1.0).abs())
        };
        assert!(months / 2 < (0..months).filter(|month| moved(*month)).count() as i64);
    }

    #[test]
    fn pegged_currencies_move_with_the_dollar() {
        let rates = rates();
        for day in 0..300 {
            let ms = START_MS + day * DAY_MS;
            let ratio = rates.rate_e9("HKD", ms) as f64 / rates.rate_e9("USD", ms) as f64;
            assert!((ratio - 0.9231 / 7.2).abs() < 1e-6, "{ratio}");
            assert_eq!(rates.rate_e9("CNY", ms), 1_000_000_000);
        }
    }

    #[test]
    fn a_longer_world_begins_with_the_same_rates() {
        let longer = Rates::new(7, START_MS, END_MS + 100 * DAY_MS);
        let rates = rates();
        for code in &rates.codes {
            for day in [-500, -400, -1, 0, 1, 299] {
                let ms = START_MS + day * DAY_MS;
                assert_eq!(rates.rate_e9(code, ms), longer.rate_e9(code, ms), "{code} {day}");
            }
        }
        let other = Rates::new(8, START_MS, END_MS);
        assert_ne!(rates.rate_e9("USD", START_MS), other.rate_e9("USD", START_MS));
    }

    #[test]
    fn a_rate_holds_for_a_day() {
        let rates = rates();
        let last = START_MS + DAY_MS - 1;
        assert_eq!(rates.rate_e9("EUR", START_MS), rates.rate_e9("EUR", last));
        assert_ne!(rates.rate_e9("EUR", last), rates.rate_e9("EUR", last + 1));
    }

    #[test]
    fn amounts_convert_as_money_does_and_back_within_a_minor_unit() {
        let rates = rates();
        for code in &rates.codes {
            let rate_e9 = rates.rate_e9(code, START_MS);
            for fen in [1, 99, 100, 12_345, 3_500_000, 987_654_321] {
                let minor = rates.minor_of(code, fen, START_MS);
                let back = rates.fen_of(code, minor, START_MS);
                let currency = Currency::parse(code).unwrap();
                let base = Money { minor, currency }.to_base(rate_e9).unwrap();
                assert_eq!(back, base.minor, "{code} {minor}");
                let unit = rates.fen_of(code, 1, START_MS).max(1);
                assert!((back - fen).abs() <= unit / 2 + 1, "{code} {fen} became {back}");
            }
        }
    }

    #[test]
    fn cents_are_rounded_to_the_nearest_with_halves_away_from_zero() {
        let rates = rates();
        let rate = rates.rate_e9("USD", START_MS) as f64 / 1e9;
        for fen in [0, 3, 4, 720, 2_500_000] {
            let exact = fen as f64 / rate;
            let cents = rates.cents(fen, START_MS);
            assert!((cents as f64 - exact).abs() <= 0.5 + 1e-9, "{fen} fen became {cents} cents");
            assert_eq!(rates.cents(-fen, START_MS), -cents);
        }
        assert_eq!(rates.minor_of("CNY", 12_345, START_MS), 12_345);
        assert_eq!(nearest(5, 2), 3);
        assert_eq!(nearest(-5, 2), -3);
    }

    #[test]
    #[should_panic(expected = "cards are not billed in XAU")]
    fn a_currency_without_a_rate_is_a_fault_of_ours() {
        rates().rate_e9("XAU", START_MS);
    }
}
