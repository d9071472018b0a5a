//! Calendar days and spans as people type them: `2018-07-25..2018-07-31`, `7d`.
//!
//! A range holds whole UTC days, both ends included, as an analyst says "from Monday to Sunday". A
//! span is a whole number and one unit. Days are counted from 1970-01-01, proleptic Gregorian
//! (Howard Hinnant, "chrono-compatible low-level date algorithms").

use std::fmt;
use std::str::FromStr;

/// Milliseconds of a day.
pub(crate) const DAY_MS: i64 = 86_400_000;

/// Whole UTC days, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Days {
    /// First day, counted from 1970-01-01.
    pub(crate) first: i64,
    /// Last day.
    pub(crate) last: i64,
}

impl Days {
    /// Whether a moment, in milliseconds since 1970 UTC, lies in one of the days.
    pub(crate) fn contains(self, time_ms: i64) -> bool {
        (self.first..=self.last).contains(&day_of(time_ms))
    }

    /// The first millisecond after the last day.
    pub(crate) fn end_ms(self) -> i64 {
        (self.last + 1).saturating_mul(DAY_MS)
    }
}

impl FromStr for Days {
    type Err = String;

    fn from_str(text: &str) -> Result<Days, String> {
        let wanted = || format!("got {text:?}, wanted days such as 2018-07-25..2018-07-31");
        let (first, last) = match text.split_once("..") {
            Some((first, last)) => (first, last),
            None => (text, text),
        };
        let first = parse_day(first).ok_or_else(wanted)?;
        let last = parse_day(last).ok_or_else(wanted)?;
        if last < first {
            return Err(format!("got {text:?}, wanted a first day that is not after the last"));
        }
        Ok(Days { first, last })
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", print_day(self.first), print_day(self.last))
    }
}

/// One UTC day, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Day(pub(crate) i64);

impl FromStr for Day {
    type Err = String;

    fn from_str(text: &str) -> Result<Day, String> {
        let day = parse_day(text).map(Day);
        day.ok_or_else(|| format!("got {text:?}, wanted a day such as 2018-07-25"))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&print_day(self.0))
    }
}

/// A length of time in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// Milliseconds.
    pub(crate) ms: i64,
}

impl Span {
    /// Whole days that cover the span.
    pub(crate) fn days(self) -> i64 {
        self.ms / DAY_MS + i64::from(self.ms % DAY_MS != 0)
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Span, String> {
        let wanted = || format!("got {text:?}, wanted a length such as 7d, 36h or 2w");
        let at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wanted)?;
        let (number, unit) = text.split_at(at);
        let unit_ms = match unit {
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => DAY_MS,
            "w" => 7 * DAY_MS,
            _ => return Err(wanted()),
        };
        let number: i64 = number.parse().map_err(|_| wanted())?;
        let ms = number.checked_mul(unit_ms).ok_or_else(wanted)?;
        // Longer than any label takes, and short enough to be added to every date.
        if 36_500 * DAY_MS < ms {
            return Err(wanted());
        }
        Ok(Span { ms })
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (ms, unit) in [(DAY_MS, "d"), (3_600_000, "h")] {
            if self.ms % ms == 0 {
                return write!(f, "{}{unit}", self.ms / ms);
            }
        }
        write!(f, "{}m", self.ms / 60_000)
    }
}

/// The UTC day of a moment.
pub(crate) fn day_of(time_ms: i64) -> i64 {
    time_ms.div_euclid(DAY_MS)
}

/// A day written `2018-07-25`.
pub(crate) fn print_day(day: i64) -> String {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march_month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{date:02}")
}

/// A moment written `2018-07-25T06:59:00Z`, cut to seconds.
pub(crate) fn print_time(time_ms: i64) -> String {
    let seconds = time_ms.rem_euclid(DAY_MS) / 1_000;
    let day = print_day(day_of(time_ms));
    format!("{day}T{:02}:{:02}:{:02}Z", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

fn parse_day(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let mut next = |digits: usize| {
        let part = parts.next()?;
        let is_number = part.len() == digits && part.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| part.parse::<i64>().ok())?
    };
    let (year, month, date) = (next(4)?, next(2)?, next(2)?);
    if parts.next().is_some() || !(1..=12).contains(&month) {
        return None;
    }
    let march_year = if month <= 2 { year - 1 } else { year };
    let era = march_year.div_euclid(400);
    let of_era = march_year - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + date - 1;
    let day = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    // A date that does not exist, such as 2018-02-30, comes back as another one.
    (print_day(day) == text).then_some(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_both_of_its_days_and_nothing_else() {
        let days: Days = "2018-07-25..2018-07-31".parse().unwrap();
        assert_eq!((days.first, days.last), (17_737, 17_743));
        assert_eq!(days.to_string(), "2018-07-25..2018-07-31");
        assert!(days.contains(17_737 * DAY_MS) && days.contains(days.end_ms() - 1));
        assert!(!days.contains(17_737 * DAY_MS - 1) && !days.contains(days.end_ms()));
        let one: Days = "1970-01-01".parse().unwrap();
        assert_eq!((one.first, one.last, one.end_ms()), (0, 0, DAY_MS));
    }

    #[test]
    fn what_is_no_range_of_days_says_what_is_wanted() {
        for text in [
            "",
            "..",
            "2018-07-25..",
            "2018-7-25",
            "2018-02-30",
            "2018-13-01",
            "2018-07-25-01",
            "+018-07-25",
            "2018-07-2\u{e9}",
            "yesterday",
            "2018-00-10",
            "2018-01-00",
        ] {
            let fault = text.parse::<Days>().unwrap_err();
            assert!(fault.contains("2018-07-25..2018-07-31"), "{text}: {fault}");
        }
        let fault = "2018-07-25..2018-07-24".parse::<Days>().unwrap_err();
        assert!(fault.contains("not after"), "{fault}");
    }

    #[test]
    fn every_day_of_eight_centuries_reads_back() {
        for day in -150_000..150_000 {
            assert_eq!(parse_day(&print_day(day)), Some(day));
        }
        assert_eq!(print_day(11_016), "2000-02-29");
        assert_eq!(print_time(-1), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn spans_have_a_number_and_a_unit() {
        let ms = |text: &str| text.parse::<Span>().map(|span| span.ms);
        assert_eq!(ms("7d"), Ok(7 * DAY_MS));
        assert_eq!(ms("0d"), Ok(0));
        assert_eq!(ms("36h"), Ok(36 * 3_600_000));
        assert_eq!(ms("2w"), Ok(14 * DAY_MS));
        for text in ["", "7", "d", "-7d", "7 d", "7days", "1.5d", "99999999999999999999d", "36501d"]
        {
            assert!(ms(text).is_err(), "{text}");
        }
        assert_eq!("36h".parse::<Span>().unwrap().to_string(), "36h");
        assert_eq!("48h".parse::<Span>().unwrap().to_string(), "2d");
        assert_eq!("36h".parse::<Span>().unwrap().days(), 2);
    }
}
