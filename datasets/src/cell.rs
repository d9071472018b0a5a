//! One cell of a table as text: exact numbers, times, and what may be shown of it.
//!
//! Numbers that mean time or money never pass through a float (amounts are read by
//! `features::money`, which also rounds the dust that floats leave in files). Times without a zone
//! are UTC. Whatever looks like a card number is described by its length and never repeated in a
//! message. Cost: tens of nanoseconds and no allocation for a good cell.

use features::limits::{DAY_MS, HOUR_MS, MINUTE_MS};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// What happens to digits behind the last decimal place that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finer {
    /// They are cut off.
    Cut,
    /// They must be zeros.
    Refused,
}

/// The number in units of `10^-places`, exactly: three places turn seconds into milliseconds.
pub(crate) fn parse_fixed(text: &str, places: usize, finer: Finer) -> Option<i64> {
    let (is_negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if digits.len() <= usize::from(digits.contains('.'))
        || !is_number(whole)
        || !is_number(fraction)
    {
        return None;
    }
    let (kept, rest) = fraction.split_at(places.min(fraction.len()));
    if finer == Finer::Refused && rest.bytes().any(|digit| digit != b'0') {
        return None;
    }
    let zeros = std::iter::repeat_n(b'0', places - kept.len());
    let mut units: i64 = 0;
    for digit in whole.bytes().chain(kept.bytes()).chain(zeros) {
        units = units.checked_mul(10)?.checked_add(i64::from(digit - b'0'))?;
    }
    Some(if is_negative { -units } else { units })
}

/// How a column writes its times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeForm {
    /// ISO 8601; without a zone it is UTC.
    Iso,
    /// Seconds since 1970-01-01T00:00:00Z.
    Seconds,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    Milliseconds,
    /// Hours since this start, in milliseconds since 1970.
    Hours {
        /// Where hour 0 begins.
        start_ms: i64,
    },
}

impl TimeForm {
    /// What is wanted, in words, for a message.
    pub(crate) fn wanted(self) -> &'static str {
        match self {
            TimeForm::Iso => "an ISO 8601 time such as 2018-04-01T00:00:31",
            TimeForm::Seconds => "seconds since 1970",
            TimeForm::Milliseconds => "milliseconds since 1970",
            TimeForm::Hours { .. } => "a number of hours",
        }
    }

    /// The time in milliseconds since 1970; what is finer is cut off.
    pub(crate) fn parse(self, text: &str) -> Option<i64> {
        match self {
            TimeForm::Iso => parse_iso(text),
            TimeForm::Seconds => parse_fixed(text, 3, Finer::Cut),
            TimeForm::Milliseconds => parse_fixed(text, 0, Finer::Cut),
            TimeForm::Hours { start_ms } => {
                let hours = parse_fixed(text, 0, Finer::Refused)?;
                hours.checked_mul(HOUR_MS)?.checked_add(start_ms)
            }
        }
    }
}

/// An ISO 8601 time in milliseconds since 1970; UTC when it names no zone.
pub(crate) fn parse_iso(text: &str) -> Option<i64> {
    // A civil time would be read with its zone passed over, so the zone is looked for first.
    let clock = text.get("2018-04-01".len()..).unwrap_or_default();
    let time = if clock.contains(['Z', 'z', '+', '-']) {
        text.parse::<Timestamp>().ok()?
    } else {
        Offset::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok()?
    };
    Some(time.as_millisecond())
}

/// A length of time such as `7d`, `36h`, `15m`, `30s` or `0d`, in milliseconds.
pub(crate) fn parse_duration(text: &str) -> Option<i64> {
    let (number, unit_ms) = match text.split_at_checked(text.len().checked_sub(1)?)? {
        (number, "d") => (number, DAY_MS),
        (number, "h") => (number, HOUR_MS),
        (number, "m") => (number, MINUTE_MS),
        (number, "s") => (number, 1_000),
        _ => return None,
    };
    let number = i64::from(number.parse::<u32>().ok()?);
    number.checked_mul(unit_ms)
}

/// `MM/YY` as the number YYYYMM of the 21st century, as printed on cards.
pub(crate) fn parse_month(text: &str) -> Option<u32> {
    let (month, year) = text.split_once('/')?;
    if month.len() != 2 || year.len() != 2 {
        return None;
    }
    let month = month.parse::<u32>().ok().filter(|month| (1..=12).contains(month))?;
    Some((2000 + year.parse::<u32>().ok()?) * 100 + month)
}

/// Whether the text holds a run of 12 to 19 digits once blanks and dashes are taken out.
///
/// Wider than the test that refuses events (no checksum, no issuer range): what is printed in a
/// report may err on the side of silence.
pub(crate) fn may_hold_card_number(text: &str) -> bool {
    let mut run = 0_u32;
    for byte in text.bytes().filter(|byte| !matches!(byte, b' ' | b'-')) {
        if byte.is_ascii_digit() {
            run += 1;
        } else if (12..=19).contains(&run) {
            return true;
        } else {
            run = 0;
        }
    }
    (12..=19).contains(&run)
}

/// The cell for a message: quoted, cut at 40 characters, and withheld if it may be a card number.
pub(crate) fn shown(text: &str) -> String {
    if may_hold_card_number(text) {
        return format!("a value of {} characters that may be a card number", text.chars().count());
    }
    let mut cut: String = text.chars().take(40).collect();
    if cut.len() < text.len() {
        cut.push_str("..");
    }
    format!("{cut:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_point_text_is_read_exactly() {
        let cases = [
            ("57.16", 2, Some(5_716)),
            ("-0.5", 2, Some(-50)),
            ("+.07", 2, Some(7)),
            ("14.0", 0, Some(14)),
            ("7.", 1, Some(70)),
            ("1.5", 0, None),
            ("9223372036854775807", 0, Some(i64::MAX)),
            ("9223372036854775808", 0, None),
        ];
        for (text, places, wanted) in cases {
            assert_eq!(parse_fixed(text, places, Finer::Refused), wanted, "{text}");
        }
        assert_eq!(parse_fixed("1.2399", 2, Finer::Cut), Some(123));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", ".", "-", "-.", "1,5", "12a", "0x10", "NaN", "1.2.3", "1e3", "--1", "１"]
        {
            assert_eq!(parse_fixed(text, 2, Finer::Cut), None, "{text:?}");
        }
    }

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(parse_duration("7d"), Some(7 * DAY_MS));
        assert_eq!(parse_duration("0s"), Some(0));
        for text in ["", "7", "d", "-1d", "1.5h", "1w", "7é"] {
            assert_eq!(parse_duration(text), None, "{text:?}");
        }
    }

    #[test]
    fn times_without_zone_are_utc() {
        assert_eq!(parse_iso("2018-04-01T00:00:31"), Some(1_522_540_831_000));
        assert_eq!(parse_iso("2018-04-01 00:00:31"), Some(1_522_540_831_000));
        assert_eq!(parse_iso("2018-04-01T02:00:31+02:00"), Some(1_522_540_831_000));
        assert_eq!(parse_iso("2018-04-01T00:00:31Z"), Some(1_522_540_831_000));
        assert_eq!(parse_iso("2019-11-01T01:27:15.811098"), Some(1_572_571_635_811));
        assert_eq!(parse_iso("2018-04-01"), Some(1_522_540_800_000));
        assert_eq!(parse_iso("2018-04-31T00:00:31"), None);
        assert_eq!(parse_iso("yesterday"), None);
    }

    #[test]
    fn numbers_of_seconds_and_hours_are_times() {
        assert_eq!(TimeForm::Seconds.parse("1546300947"), Some(1_546_300_947_000));
        assert_eq!(TimeForm::Seconds.parse("1546300947.5"), Some(1_546_300_947_500));
        assert_eq!(TimeForm::Milliseconds.parse("17"), Some(17));
        assert_eq!(TimeForm::Hours { start_ms: 1_000 }.parse("2"), Some(7_201_000));
        assert_eq!(TimeForm::Hours { start_ms: 0 }.parse("two"), None);
    }

    #[test]
    fn expiry_months_are_of_this_century() {
        assert_eq!(parse_month("08/24"), Some(202_408));
        assert_eq!(parse_month("13/24"), None);
        assert_eq!(parse_month("8/2024"), None);
    }

    #[test]
    fn a_possible_card_number_is_never_shown() {
        assert!(may_hold_card_number("4111-1111 1111 1111"));
        assert!(may_hold_card_number("x060402334043"));
        assert!(!may_hold_card_number("2018-04-01T00:00:31"));
        assert!(!may_hold_card_number(&"1".repeat(20)));
        assert!(!shown("4111111111111111").contains("4111"));
        assert_eq!(shown("abc"), "\"abc\"");
    }
}
