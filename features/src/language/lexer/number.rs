//! Numbers, their units, and dates.

use iso_currency::Currency;

use super::{Kind, Lexer, is_name_part};
use crate::language::ast::{Span, Unit};
use crate::language::faults::{self, quoted};
use crate::language::words::{TIMES, UNITS, find, names};

/// The first whole number that an `f64` cannot tell from the next: numbers stay below it.
const WHOLE_END: u64 = 1 << 53;

/// How people write units that we write otherwise.
const MISSPELT: [(&str, &str); 26] = [
    ("msec", "ms"),
    ("millis", "ms"),
    ("milliseconds", "ms"),
    ("sec", "s"),
    ("secs", "s"),
    ("second", "s"),
    ("seconds", "s"),
    ("min", "m"),
    ("mins", "m"),
    ("minute", "m"),
    ("minutes", "m"),
    ("hr", "h"),
    ("hrs", "h"),
    ("hour", "h"),
    ("hours", "h"),
    ("day", "d"),
    ("days", "d"),
    ("week", "w"),
    ("weeks", "w"),
    ("kms", "km"),
    ("kilometre", "km"),
    ("kilometres", "km"),
    ("kilometer", "km"),
    ("bp", "bps"),
    ("percent", "%"),
    ("pct", "%"),
];

/// A unit as written, before it is applied to its number.
enum Written {
    Percent,
    BasisPoints,
    Time(u64),
    Kilometre,
    Currency(String),
}

impl<'a> Lexer<'a> {
    pub(super) fn number(&mut self) {
        let start = self.at;
        if self.date() {
            return;
        }
        self.run(|c| c.is_ascii_digit() || c == '_');
        let mut after = self.rest().bytes();
        if after.next() == Some(b'.') && after.next().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
            self.run(|c| c.is_ascii_digit() || c == '_');
        }
        let written = &self.text[start..self.at];
        let span = self.span(start);
        if written.ends_with('_') || written.contains("__") || written.contains("_.") {
            let message = format!("got {}, wanted `_` between digits only", quoted(written));
            self.fault(faults::NUMBER, span, message, "");
        }
        let digits = written.replace('_', "");
        let unit = self.unit();
        let kind = self.apply(&digits, unit, start);
        self.push(kind, start);
    }

    /// Reads a date, if one starts here.
    fn date(&mut self) -> bool {
        let start = self.at;
        let Some(head) = self.rest().as_bytes().first_chunk::<10>() else {
            return false;
        };
        let is_date = head.iter().enumerate().all(|(index, b)| match index {
            4 | 7 => *b == b'-',
            _ => b.is_ascii_digit(),
        });
        // Ten ASCII characters were seen, so the cut falls between characters.
        if !is_date || self.rest()[10..].starts_with(is_name_part) {
            return false;
        }
        self.at += 10;
        let number = |from: usize, to: usize| {
            head[from..to].iter().fold(0, |sum, b| sum * 10 + u32::from(b - b'0'))
        };
        if !is_day(number(0, 4), number(5, 7), number(8, 10)) {
            let message = format!("got {}, which is no day", quoted(&self.text[start..self.at]));
            self.fault(faults::DATE, self.span(start), message, "dates are written year-month-day");
        }
        self.push(Kind::Date, start);
        true
    }

    /// Reads the unit that stands at the number or one blank after it, if any.
    fn unit(&mut self) -> Option<Written> {
        let rest = self.rest();
        let is_apart = rest.starts_with(' ');
        let after = &rest[usize::from(is_apart)..];
        let percent = usize::from(after.starts_with('%'));
        let end = after.find(|c| !is_name_part(c)).unwrap_or(after.len());
        let word = &after[..end.max(percent)];
        let start = self.at + usize::from(is_apart);
        let span = Span { start: start as u32, end: (start + word.len()) as u32 };
        if let Some(unit) = known(word) {
            self.at = start + word.len();
            return Some(unit);
        }
        if let Some((help, unit)) = misspelt(word) {
            self.at = start + word.len();
            let code = match unit {
                Written::Currency(_) => faults::CURRENCY,
                _ => faults::UNIT,
            };
            let message = format!("got the unit `{word}`, wanted `{help}`");
            self.fault(code, span, message, &format!("write `{help}`"));
            return Some(unit);
        }
        if word.len() == 3 && word.bytes().all(|b| b.is_ascii_uppercase()) {
            self.at = start + word.len();
            let message = format!("got the currency `{word}`, wanted an ISO 4217 code");
            self.fault(faults::CURRENCY, span, message, "such as `CNY` or `USD`");
            return Some(Written::Currency(word.to_owned()));
        }
        if !is_apart && !word.is_empty() {
            self.at = start + word.len();
            let message = format!("got the unit {}, which is unknown", quoted(word));
            let units: Vec<&str> = names(&UNITS).chain(names(&TIMES)).collect();
            let help = format!("units are {} and currencies such as CNY", units.join(" "));
            self.fault(faults::UNIT, span, message, &help);
        }
        None
    }

    fn apply(&mut self, digits: &str, unit: Option<Written>, start: usize) -> Kind<'a> {
        let shift = match unit {
            Some(Written::Percent) => -2,
            Some(Written::BasisPoints) => -4,
            _ => 0,
        };
        // The point is moved before rounding, so that 1.2% is the number nearest to 0.012.
        let plain = digits.parse::<f64>().unwrap_or(f64::INFINITY);
        let value = format!("{digits}e{shift}").parse::<f64>().unwrap_or(f64::INFINITY);
        let unit = match unit {
            Some(Written::Time(length)) => return self.duration(digits, length, start),
            Some(Written::Percent) => Some(Unit::Percent),
            Some(Written::BasisPoints) => Some(Unit::BasisPoints),
            Some(Written::Kilometre) => Some(Unit::Kilometre),
            Some(Written::Currency(code)) => Some(Unit::Currency(code)),
            None => None,
        };
        if plain < WHOLE_END as f64 {
            return Kind::Number { value, unit };
        }
        let message = format!("got {}, wanted a number below {WHOLE_END}", quoted(digits));
        self.fault(faults::NUMBER, self.span(start), message, "");
        Kind::Number { value: 0.0, unit }
    }

    fn duration(&mut self, digits: &str, length: u64, start: usize) -> Kind<'a> {
        let ms = exact_ms(digits, length);
        if ms.is_none() {
            let written = quoted(&self.text[start..self.at]);
            let message = format!("got {written}, wanted whole milliseconds below {WHOLE_END}");
            self.fault(faults::DURATION, self.span(start), message, "");
        }
        // Whole numbers below 2^53 are exact; a fault stands for the length of one unit.
        Kind::Number { value: ms.unwrap_or(length) as f64, unit: Some(Unit::Duration) }
    }
}

/// The milliseconds in `digits` units of time, if they are whole and below 2^53.
fn exact_ms(digits: &str, length: u64) -> Option<u64> {
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let part = part.trim_end_matches('0');
    let scale = 10u128.checked_pow(u32::try_from(part.len()).ok()?)?;
    let fraction = if part.is_empty() { 0 } else { part.parse::<u128>().ok()? };
    let total = whole.parse::<u128>().ok()?.checked_mul(scale)?.checked_add(fraction)?;
    let product = total.checked_mul(u128::from(length))?;
    let is_exact = product % scale == 0 && product / scale < u128::from(WHOLE_END);
    is_exact.then(|| (product / scale) as u64)
}

fn known(word: &str) -> Option<Written> {
    match (word, find(&TIMES, word)) {
        (_, Some(time)) => Some(Written::Time(time.node)),
        ("%", _) => Some(Written::Percent),
        ("bps", _) => Some(Written::BasisPoints),
        ("km", _) => Some(Written::Kilometre),
        (code, _) => Currency::from_code(code).map(|_| Written::Currency(code.to_owned())),
    }
}

/// What a wrong spelling of a unit means, with the right one.
fn misspelt(word: &str) -> Option<(String, Written)> {
    let lower = word.to_lowercase();
    let spelling = MISSPELT.iter().find(|(wrong, _)| *wrong == lower).map(|(_, right)| *right);
    let right = match (spelling, word.len()) {
        (Some(right), _) => right.to_owned(),
        (None, 3) if word.is_ascii() && lower != "bps" => word.to_uppercase(),
        (None, _) => lower,
    };
    known(&right).filter(|_| right != word).map(|unit| (right, unit))
}

/// Whether the Gregorian calendar has the day.
fn is_day(year: u32, month: u32, day: u32) -> bool {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    (1..=12).contains(&month) && (1..=days).contains(&day)
}
