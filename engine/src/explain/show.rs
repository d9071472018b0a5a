//! Numbers for people: in the unit that they are thought of in.

use features::geo;
use features::language::part::Quantity;
use features::money;

use crate::rules::Unit;

/// A value for a person: `1,234.50 CNY`, `1h 30m`, `3.25 hours`, `hosting`; `unknown` for NaN.
pub fn shown(value: f64, unit: &Unit) -> String {
    if value.is_nan() {
        return "unknown".to_owned();
    }
    match unit {
        Unit::Of(Quantity::Time) => moment(value),
        unit => size(value, unit),
    }
}

/// A difference of two values for a person: the same, but that two times are a duration apart.
pub(super) fn size(value: f64, unit: &Unit) -> String {
    match unit {
        Unit::Of(quantity) => match quantity {
            Quantity::Truth => (value == 1.0).to_string(),
            Quantity::Number => number(value),
            Quantity::Money(code) => amount(value, code),
            Quantity::OwnMoney => format!("{} minor units", number(value)),
            Quantity::Duration | Quantity::Time => duration(value),
            Quantity::Distance => format!("{} km", number(value)),
            Quantity::Country => {
                let code = geo::country_code(value as u16);
                code.map_or_else(|| "another country".to_owned(), str::to_owned)
            }
            Quantity::Text => "a text".to_owned(),
            Quantity::Category(names) => {
                names.get(value as usize).cloned().unwrap_or_else(|| number(value))
            }
        },
        Unit::Named(name) => match name.as_str() {
            "count" | "level" => number(value),
            "share" => format!("{} %", number(value * 100.0)),
            "ms" => duration(value),
            "fen" => amount(value, "CNY"),
            "usd" => format!("{} USD", number(value)),
            "days" | "hours" | "minutes" | "seconds" | "months" => {
                let one = name.strip_suffix('s').filter(|_| value == 1.0);
                format!("{} {}", number(value), one.unwrap_or(name))
            }
            name => format!("{} {name}", number(value)),
        },
    }
}

/// Whether numbers of this unit are whole.
pub(super) fn is_whole(unit: &Unit) -> bool {
    match unit {
        Unit::Of(quantity) => matches!(
            quantity,
            Quantity::Money(_) | Quantity::OwnMoney | Quantity::Duration | Quantity::Time
        ),
        Unit::Named(name) => ["count", "level", "fen", "ms"].contains(&name.as_str()),
    }
}

fn amount(minor: f64, code: &str) -> String {
    let exponent = usize::from(money::exponent(code).unwrap_or(2));
    let major = minor / 10_f64.powi(exponent as i32);
    let text = format!("{:.exponent$}", major.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let sign = if major < 0.0 { "-" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{fraction} {code}", thousands(whole))
}

/// Four digits that mean something, whole numbers in full.
fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let sign = if value < 0.0 { "-" } else { "" };
    let size = value.abs();
    if !(1e-4..1e15).contains(&size) {
        return format!("{sign}{size:.3e}");
    }
    if size.fract() == 0.0 {
        return format!("{sign}{}", thousands(&format!("{size:.0}")));
    }
    let digits = (3 - size.log10().floor() as i32).clamp(0, 8) as usize;
    let text = format!("{size:.digits$}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{fraction}", thousands(whole))
}

/// Digits in groups of three.
pub(crate) fn thousands(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if 0 < index && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The two largest units that are not zero.
fn duration(ms: f64) -> String {
    const UNITS: [(i64, &str); 5] =
        [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"), (1, "ms")];
    // A cast saturates; no duration of events is near that.
    let whole = ms.abs().round() as i64;
    let Some(first) = UNITS.iter().position(|(length, _)| *length <= whole) else {
        return "0 ms".to_owned();
    };
    let sign = if ms < 0.0 { "-" } else { "" };
    let (length, unit) = UNITS[first];
    let mut text = format!("{sign}{}{unit}", whole / length);
    if let Some((below, unit)) = UNITS.get(first + 1) {
        let rest = whole % length / below;
        if 0 < rest {
            text.push_str(&format!(" {rest}{unit}"));
        }
    }
    text
}

/// A moment as `2026-07-15 04:00:00 UTC`.
fn moment(ms: f64) -> String {
    let seconds = (ms / 1_000.0).floor() as i64;
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// Year, month and day of a number of days since 1970, by the calendar of Howard Hinnant's
/// `civil_from_days`: years begin in March, so that the leap day is the last one.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days.saturating_add(719_468);
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_for_people() {
        let of = Unit::Of;
        let named = |name: &str| Unit::Named(name.to_owned());
        let cases = [
            (123_456.0, of(Quantity::Money("CNY".to_owned())), "1,234.56 CNY"),
            (-5.0, of(Quantity::Money("CNY".to_owned())), "-0.05 CNY"),
            (1_500.0, of(Quantity::Money("JPY".to_owned())), "1,500 JPY"),
            (5_400_000.0, of(Quantity::Duration), "1h 30m"),
            (86_400_000.0, of(Quantity::Duration), "1d"),
            (90_061_000.0, of(Quantity::Duration), "1d 1h"),
            (250.0, of(Quantity::Duration), "250ms"),
            (0.0, of(Quantity::Duration), "0 ms"),
            (1_784_088_000_000.0, of(Quantity::Time), "2026-07-15 04:00:00 UTC"),
            (951_782_400_000.0, of(Quantity::Time), "2000-02-29 00:00:00 UTC"),
            (-1_000.0, of(Quantity::Time), "1969-12-31 23:59:59 UTC"),
            (2.123_456, of(Quantity::Number), "2.123"),
            (1_234_567.0, of(Quantity::Number), "1,234,567"),
            (0.000_012, of(Quantity::Number), "1.200e-5"),
            (12.5, of(Quantity::Distance), "12.5 km"),
            (1.0, of(Quantity::Truth), "true"),
            (1.0, of(Quantity::Category(vec!["a".to_owned(), "b".to_owned()])), "b"),
            (7.0, named("count"), "7"),
            (0.256, named("share"), "25.6 %"),
            (1.0, named("hours"), "1 hour"),
            (3.25, named("hours"), "3.25 hours"),
            (f64::NAN, named("hours"), "unknown"),
        ];
        for (value, unit, wanted) in cases {
            assert_eq!(shown(value, &unit), wanted, "{value} {unit:?}");
        }
        assert_eq!(size(5_400_000.0, &of(Quantity::Time)), "1h 30m");
    }
}
