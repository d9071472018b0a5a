//! Money as integers: a number of minor units and a currency, never a float.
//!
//! The exponent of a currency (two for CNY, none for JPY, three for KWD) comes from ISO 4217. Text
//! amounts become minor units digit by digit, so `0.29` is 29 cents and not 28.999; a text that is
//! finer than the currency is refused, except for the dust that binary floats leave behind in
//! files. Amounts of two currencies meet only through a rate that is given as an integer too.
//! Everything is exact or refused; nothing saturates.

use std::fmt;
use std::sync::LazyLock;

use crate::limits::MONEY_MINOR_MAX;

/// A currency of ISO 4217 that has minor units, packed as its three letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency(u32);

/// What is needed to know of one currency.
struct Known {
    currency: Currency,
    code: &'static str,
    exponent: u8,
}

/// All currencies with minor units, by packed code; metals and test codes have none.
static KNOWN: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let all = (0..1_000).filter_map(iso_currency::Currency::from_numeric);
    let known = all.filter_map(|iso| {
        let code = iso.code();
        let exponent = u8::try_from(iso.exponent()?).ok()?;
        Some(Known { currency: Currency(pack(code)?), code, exponent })
    });
    let mut known: Vec<Known> = known.collect();
    known.sort_by_key(|known| known.currency);
    known
});

/// Countries and their currencies, in order: the regular one, where there are several the first,
/// except where another is in use.
static HOMES: LazyLock<Vec<([u8; 2], Currency)>> = LazyLock::new(|| {
    // Balboa and colon exist as names of dollars; Kosovo has no code of its own in ISO 3166-1.
    const OTHERS: [(&str, &str); 4] = [("NA", "NAD"), ("PA", "USD"), ("SV", "USD"), ("XK", "EUR")];
    let letters = |code: &str| -> Option<[u8; 2]> { code.as_bytes().try_into().ok() };
    let others = OTHERS
        .iter()
        .filter_map(|(country, code)| Some((letters(country)?, Currency::parse(code)?)));
    let all = (0..1_000).filter_map(iso_currency::Currency::from_numeric);
    let mut regular: Vec<_> = all.filter(|iso| iso.flags().is_empty()).collect();
    regular.sort_by_key(|iso| iso.code());
    let regular = regular.iter().flat_map(|iso| {
        let currency = Currency::parse(iso.code());
        iso.used_by().into_iter().filter_map(move |country| {
            let code = country.to_string();
            Some((code.as_bytes().try_into().ok()?, currency?))
        })
    });
    let mut homes: Vec<_> = others.chain(regular).collect();
    // The sort is stable, so that the first of a country stays the first.
    homes.sort_by_key(|(country, _)| *country);
    homes.dedup_by_key(|(country, _)| *country);
    homes
});

impl Currency {
    /// Renminbi, the base currency.
    pub const CNY: Currency = Currency(u32::from_be_bytes([0, b'C', b'N', b'Y']));

    /// United States dollar, the currency of statutory limits.
    pub const USD: Currency = Currency(u32::from_be_bytes([0, b'U', b'S', b'D']));

    /// The currency with these three capital letters, if ISO 4217 gives it minor units.
    pub fn parse(code: &str) -> Option<Currency> {
        let currency = Currency(pack(code)?);
        currency.known().map(|_| currency)
    }

    /// The currency packed in a slot.
    pub fn from_bits(bits: u64) -> Option<Currency> {
        let currency = Currency(u32::try_from(bits).ok()?);
        currency.known().map(|_| currency)
    }

    /// The currency in which people of the country with these two capital letters have their
    /// accounts; `None` for places without one.
    pub fn of_country(country: &str) -> Option<Currency> {
        let letters: [u8; 2] = country.as_bytes().try_into().ok()?;
        let at = HOMES.binary_search_by_key(&letters, |(country, _)| *country).ok()?;
        Some(HOMES[at].1)
    }

    /// The three letters, one byte each, the first highest.
    pub fn bits(self) -> u64 {
        u64::from(self.0)
    }

    /// The three letters.
    pub fn code(self) -> &'static str {
        self.known().map_or("", |known| known.code)
    }

    /// Decimal places of a major unit.
    pub fn exponent(self) -> u8 {
        self.known().map_or(0, |known| known.exponent)
    }

    fn known(self) -> Option<&'static Known> {
        let at = KNOWN.binary_search_by_key(&self, |known| known.currency).ok()?;
        Some(&KNOWN[at])
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// The exponent of an ISO 4217 code: decimal places of a major unit.
pub fn exponent(code: &str) -> Option<u8> {
    Currency::parse(code).map(Currency::exponent)
}

/// An amount in minor units of a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Money {
    /// Minor units; negative amounts are legal here, events forbid them.
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

/// Why a text is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The text is not an optional sign, digits, and optionally a point and digits.
    NotDecimal,
    /// The text has more decimal places than the currency, beyond the dust of floats.
    TooFine,
    /// The amount is beyond [`MONEY_MINOR_MAX`].
    TooLarge,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refused::NotDecimal => "not a decimal number such as 12.30",
            Refused::TooFine => "more decimal places than the currency has",
            Refused::TooLarge => "beyond the largest amount",
        })
    }
}

impl Money {
    /// The amount that a decimal text of major units says, exactly.
    ///
    /// Digits beyond the exponent must be within 10^-6 of a whole minor unit; then the nearest one
    /// is meant, because files written from floats say `12.300000000000001`.
    pub fn parse(text: &str, currency: Currency) -> Result<Money, Refused> {
        let (is_negative, digits) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !is_digits(whole) || !is_digits(fraction) {
            return Err(Refused::NotDecimal);
        }
        let places = usize::from(currency.exponent());
        let (kept, dust) = fraction.split_at(places.min(fraction.len()));
        let missing = places - kept.len();
        let zeros = std::iter::repeat_n(b'0', missing);
        let mut minor: i64 = 0;
        for digit in whole.bytes().chain(kept.bytes()).chain(zeros) {
            minor = 10 * minor + i64::from(digit - b'0');
            if MONEY_MINOR_MAX < minor {
                return Err(Refused::TooLarge);
            }
        }
        minor += i64::from(rounded_dust(dust)?);
        Ok(Money { minor: if is_negative { -minor } else { minor }, currency })
    }

    /// The amount in the base currency at a rate of `rate_e9` / 10^9 base major units for one major
    /// unit, rounded to the nearest minor unit, halves away from zero; `None` when it is too large.
    pub fn to_base(self, rate_e9: i64) -> Option<Money> {
        let product = i128::from(self.minor) * i128::from(rate_e9);
        let base = Currency::CNY;
        let up = 10_i128.pow(u32::from(base.exponent()));
        let down = 1_000_000_000 * 10_i128.pow(u32::from(self.currency.exponent()));
        let scaled = product.checked_mul(up)?;
        let half = if scaled < 0 { -down / 2 } else { down / 2 };
        let minor = i64::try_from((scaled + half) / down).ok()?;
        let is_in_range = minor.unsigned_abs() <= MONEY_MINOR_MAX.unsigned_abs();
        is_in_range.then_some(Money { minor, currency: base })
    }

    /// The rate at which this amount is `base_minor` in the base currency, as [`Money::to_base`]
    /// takes it, rounded; `None` when it is below 10^-9 or too large.
    pub fn rate_e9(self, base_minor: i64) -> Option<i64> {
        let scale = |currency: Currency| 10_i128.pow(u32::from(currency.exponent()));
        let up = i128::from(base_minor).checked_mul(1_000_000_000 * scale(self.currency))?;
        let down = i128::from(self.minor) * scale(Currency::CNY);
        if down <= 0 {
            return None;
        }
        let rate_e9 = i64::try_from((up + down / 2) / down).ok()?;
        (1..=MONEY_MINOR_MAX).contains(&rate_e9).then_some(rate_e9)
    }
}

/// Whether the digits behind the last minor unit mean zero or one more, or neither.
fn rounded_dust(dust: &str) -> Result<u8, Refused> {
    const NEAR: usize = 6;
    let lead = &dust[..NEAR.min(dust.len())];
    if lead.bytes().all(|digit| digit == b'0') {
        return Ok(0);
    }
    if lead.len() == NEAR && lead.bytes().all(|digit| digit == b'9') {
        return Ok(1);
    }
    Err(Refused::TooFine)
}

fn pack(code: &str) -> Option<u32> {
    let letters: [u8; 3] = code.as_bytes().try_into().ok()?;
    let is_capital = letters.iter().all(u8::is_ascii_uppercase);
    is_capital.then(|| u32::from_be_bytes([0, letters[0], letters[1], letters[2]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minor(text: &str, code: &str) -> Result<i64, Refused> {
        Money::parse(text, Currency::parse(code).unwrap()).map(|money| money.minor)
    }

    #[test]
    fn exponents_come_from_iso_4217() {
        let known = [("CNY", 2), ("USD", 2), ("JPY", 0), ("KRW", 0), ("KWD", 3)];
        for (code, places) in known {
            assert_eq!(exponent(code), Some(places), "{code}");
        }
        for code in ["XAU", "XXX", "cny", "RMB", "", "CNYY"] {
            assert_eq!(exponent(code), None, "{code}");
        }
    }

    #[test]
    fn a_packed_currency_gives_its_letters_back() {
        for known in KNOWN.iter() {
            assert_eq!(Currency::from_bits(known.currency.bits()), Some(known.currency));
            assert_eq!(Currency::parse(known.currency.code()), Some(known.currency));
        }
        assert!(150 < KNOWN.len());
        assert_eq!(Currency::parse("CNY"), Some(Currency::CNY));
        assert_eq!(Currency::parse("USD"), Some(Currency::USD));
        assert_eq!(Currency::from_bits(u64::MAX), None);
    }

    #[test]
    fn countries_have_a_currency() {
        let homes = [
            ("CN", "CNY"),
            ("HK", "HKD"),
            ("MO", "MOP"),
            ("TW", "TWD"),
            ("US", "USD"),
            ("DE", "EUR"),
            ("HR", "EUR"),
            ("CH", "CHF"),
            ("KH", "KHR"),
            ("PA", "USD"),
            ("SV", "USD"),
            ("NA", "NAD"),
            ("XK", "EUR"),
        ];
        for (country, code) in homes {
            assert_eq!(Currency::of_country(country).map(Currency::code), Some(code), "{country}");
        }
        for country in ["AQ", "ZZ", "cn", "", "CHN"] {
            assert_eq!(Currency::of_country(country), None, "{country}");
        }
        assert!(240 < HOMES.len(), "{}", HOMES.len());
    }

    #[test]
    fn a_rate_follows_from_two_amounts() {
        let rate = |minor, code, base| {
            Money { minor, currency: Currency::parse(code).unwrap() }.rate_e9(base)
        };
        assert_eq!(rate(1_000, "EUR", 7_650), Some(7_650_000_000));
        assert_eq!(rate(200, "JPY", 1_000), Some(50_000_000));
        assert_eq!(rate(1_000, "KWD", 2_300), Some(23_000_000_000));
        assert_eq!(rate(3, "CNY", 1), Some(333_333_333));
        assert_eq!(rate(3, "CNY", 2), Some(666_666_667));
        for (minor, base) in [(0, 100), (100, 0), (-1, 1), (MONEY_MINOR_MAX, 1)] {
            assert_eq!(rate(minor, "CNY", base), None, "{minor} {base}");
        }
        assert_eq!(rate(1, "CNY", MONEY_MINOR_MAX), None);
        let back = Money { minor: 1_000, currency: Currency::parse("EUR").unwrap() };
        assert_eq!(back.to_base(7_650_000_000).map(|base| base.minor), Some(7_650));
    }

    #[test]
    fn decimal_text_becomes_minor_units_exactly() {
        assert_eq!(minor("0.29", "CNY"), Ok(29));
        assert_eq!(minor("1234.5", "USD"), Ok(123_450));
        assert_eq!(minor("-7", "USD"), Ok(-700));
        assert_eq!(minor("+.5", "USD"), Ok(50));
        assert_eq!(minor("5.", "JPY"), Ok(5));
        assert_eq!(minor("1.234", "KWD"), Ok(1_234));
    }

    #[test]
    fn only_the_dust_of_floats_is_rounded() {
        assert_eq!(minor("12.300000000000001", "CNY"), Ok(1_230));
        assert_eq!(minor("12.2999999999999998", "CNY"), Ok(1_230));
        assert_eq!(minor("9.999999999", "JPY"), Ok(10));
        assert_eq!(minor("12.000", "CNY"), Ok(1_200));
        assert_eq!(minor("12.345", "CNY"), Err(Refused::TooFine));
        assert_eq!(minor("12.34999", "CNY"), Err(Refused::TooFine));
        assert_eq!(minor("12.34001", "CNY"), Err(Refused::TooFine));
    }

    #[test]
    fn what_is_not_a_decimal_number_is_refused() {
        for text in ["", ".", "-", "1e3", "1,000", " 1", "--1", "1.2.3", "NaN", "１２"] {
            assert_eq!(minor(text, "CNY"), Err(Refused::NotDecimal), "{text:?}");
        }
        assert_eq!(minor("99999999999999999999", "CNY"), Err(Refused::TooLarge));
    }

    #[test]
    fn a_rate_moves_money_between_exponents() {
        let base = |minor: i64, code: &str, rate: i64| {
            let money = Money { minor, currency: Currency::parse(code).unwrap() };
            money.to_base(rate).map(|money| money.minor)
        };
        assert_eq!(base(10_000, "USD", 7_123_456_789), Some(71_235));
        assert_eq!(base(1_000, "JPY", 48_500_000), Some(4_850));
        assert_eq!(base(1, "KWD", 23_000_000_000), Some(2));
        assert_eq!(base(-1, "USD", 500_000_000), Some(-1));
        assert_eq!(base(MONEY_MINOR_MAX, "USD", 7_000_000_000), None);
    }
}
