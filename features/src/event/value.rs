//! One JSON value into one field: types, ranges and forms by the kind of the field.
//!
//! Integers are integers (`1.0`, `1e2` and `"1"` are refused), texts are checked for card numbers
//! before anything else, and null counts as absent. An unknown name of an enum reads as `other` and
//! an unassigned country as absent, both with a warning, because a new name upstream must not stop
//! payments.

use std::fmt::Write as _;
use std::net::IpAddr;

use super::fault;
use super::index::{Member, Target, node_bit};
use super::read::Draft;
use super::{Span, Warning};
use crate::diagnostic::Diagnostic;
use crate::field::{EventType, Field, FieldId, Kind, Shape, ids};
use crate::limits::{ID_BYTES_MAX, MONEY_MINOR_MAX, TIME_MAX_MS, TIME_MIN_MS};
use crate::money::Currency;
use crate::{geo, pan};

/// A value that is neither an object nor a list.
#[derive(Clone, Copy)]
pub(super) enum Scalar<'v> {
    Null,
    Bool(bool),
    Int(i64),
    /// An integer beyond `i64`.
    Big(u64),
    Float(f64),
    Text {
        text: &'v str,
        /// Where it lies in the JSON, unless it was written with escapes.
        at: Option<usize>,
    },
}

/// The least and greatest month of a date field.
const MONTHS: std::ops::RangeInclusive<i64> = 200_001..=210_012;

impl Scalar<'_> {
    /// What it is, in words that follow "got"; texts are not repeated.
    fn words(self) -> String {
        match self {
            Scalar::Null => "null".to_owned(),
            Scalar::Bool(value) => value.to_string(),
            Scalar::Int(value) => value.to_string(),
            Scalar::Big(value) => value.to_string(),
            Scalar::Float(value) => format!("the number {value:?}"),
            Scalar::Text { .. } => "text".to_owned(),
        }
    }
}

impl<'j> Draft<'j> {
    /// Takes a value for a member; objects want an object.
    pub(super) fn scalar(&mut self, member: &'static Member, value: Scalar<'_>) {
        if let Scalar::Text { text, .. } = value
            && pan::holds_card_number(text)
        {
            self.mark_faulted(member);
            self.trail.set(member.path, None);
            self.guard_text(text);
            return;
        }
        match (member.target, value) {
            (Target::Field(field) | Target::Either(field, _), _) => self.put(field, value),
            (Target::Object(_) | Target::Factors, Scalar::Null) => {}
            (Target::Object(_) | Target::Factors, _) => {
                self.trail.set(member.path, None);
                let words = value.words();
                if !self.guard_number(&words) {
                    self.wrong_type(member, &words);
                }
            }
        }
    }

    /// Reports a member whose value has the wrong JSON type and leaves the trail at it.
    pub(super) fn wrong_type(&mut self, member: &'static Member, got: &str) {
        self.mark_faulted(member);
        self.trail.set(member.path, None);
        let wanted = match member.target {
            Target::Field(field) => fault::wanted(field.field()),
            Target::Object(_) => "an object".to_owned(),
            Target::Either(field, _) => format!("an object, or {}", fault::wanted(field.field())),
            Target::Factors => "a list of enrolled factors".to_owned(),
        };
        self.fault_here(fault::WRONG_TYPE, &format!("got {got}, wanted {wanted}"));
    }

    fn mark_faulted(&mut self, member: &'static Member) {
        match member.target {
            Target::Field(field) => self.faulted.insert(field),
            Target::Object(node) => self.faulted_objects |= node_bit(node),
            Target::Either(field, node) => {
                self.faulted.insert(field);
                self.faulted_objects |= node_bit(node);
            }
            Target::Factors => {}
        }
    }

    /// Reports a text that holds a card number, at the trail.
    pub(super) fn guard_text(&mut self, text: &str) {
        if pan::holds_card_number(text) {
            self.fault_here(fault::CARD_NUMBER, "the text holds a card number");
        }
    }

    /// Reports a number, as text, that is a card number, at the trail; says whether it is one.
    pub(super) fn guard_number(&mut self, number: &str) -> bool {
        let is_card = pan::holds_card_number(number);
        if is_card {
            self.fault_here(fault::CARD_NUMBER, "the number is a card number");
        }
        is_card
    }

    /// The place of a name in a list of names that ends with `other`.
    pub(super) fn index_of(
        &mut self,
        names: &'static [&'static str],
        name: &str,
        path: &'static str,
    ) -> usize {
        names.iter().position(|known| *known == name).unwrap_or_else(|| {
            self.event.warnings.push(Warning::UnknownName(path));
            names.len() - 1
        })
    }

    fn put(&mut self, id: FieldId, value: Scalar<'_>) {
        let field = id.field();
        match (field.kind, value) {
            (_, Scalar::Null) => self.put_null(id),
            (Kind::Bool, Scalar::Bool(value)) => self.event.set(id, u64::from(value)),
            (Kind::Int { min, max }, Scalar::Int(value)) => self.put_int(id, value, min, max),
            (Kind::Time, Scalar::Int(value)) => self.put_int(id, value, TIME_MIN_MS, TIME_MAX_MS),
            (Kind::Money, Scalar::Int(value)) => self.put_int(id, value, 0, MONEY_MINOR_MAX),
            (Kind::YearMonth, Scalar::Int(value)) => self.put_month(id, value),
            (Kind::Int { .. } | Kind::Time | Kind::Money | Kind::YearMonth, Scalar::Big(_)) => {
                self.refuse_value(id, fault::RANGE, value);
            }
            (Kind::Float { min, max }, Scalar::Float(value)) => {
                self.put_float(id, value, min, max);
            }
            (Kind::Float { min, max }, Scalar::Int(value)) => {
                self.put_float(id, value as f64, min, max);
            }
            (Kind::Enum(names), Scalar::Text { text, .. }) => self.put_name(id, names, text),
            (Kind::Country, Scalar::Text { text, .. }) => self.put_country(id, text),
            (Kind::Currency, Scalar::Text { text, .. }) => match Currency::parse(text) {
                Some(currency) => self.event.set(id, currency.bits()),
                None => self.refuse_value(id, fault::FORM, value),
            },
            (Kind::Date, Scalar::Text { text, .. }) => match days_since_1970(text) {
                Some(days) => self.event.set_int(id, days),
                None => self.refuse_value(id, fault::FORM, value),
            },
            (Kind::Ip, Scalar::Text { text, at }) => self.put_ip(id, text, at),
            (Kind::Id | Kind::Text { .. }, Scalar::Text { text, at }) => {
                self.put_text(id, field, text, at);
            }
            _ => self.refuse_value(id, fault::WRONG_TYPE, value),
        }
    }

    /// Null is absent, except in an operator's answer: there it says that no change is known, which
    /// is read as a change at the beginning of time.
    fn put_null(&mut self, id: FieldId) {
        let answers = [ids::LAST_SIM_CHANGE_MS, ids::LAST_PORT_MS, ids::LAST_DEVICE_CHANGE_MS];
        if answers.contains(&id) {
            self.event.set_int(id, 0);
        }
    }

    fn put_int(&mut self, id: FieldId, value: i64, min: i64, max: i64) {
        if (min..=max).contains(&value) {
            self.event.set_int(id, value);
        } else {
            self.refuse_value(id, fault::RANGE, Scalar::Int(value));
        }
    }

    fn put_month(&mut self, id: FieldId, value: i64) {
        if MONTHS.contains(&value) && (1..=12).contains(&(value % 100)) {
            self.event.set_int(id, value);
        } else {
            self.refuse_value(id, fault::RANGE, Scalar::Int(value));
        }
    }

    fn put_float(&mut self, id: FieldId, value: f64, min: f64, max: f64) {
        if (min..=max).contains(&value) {
            // Adding zero turns the negative zero into the positive one, so that bits compare.
            self.event.set_float(id, value + 0.0);
        } else {
            self.refuse_value(id, fault::RANGE, Scalar::Float(value));
        }
    }

    fn put_name(&mut self, id: FieldId, names: &'static [&'static str], name: &str) {
        if id != ids::EVENT_TYPE {
            let index = self.index_of(names, name, id.path());
            self.event.set(id, index as u64);
            return;
        }
        match EventType::parse(name) {
            Some(event_type) => self.event.set(id, event_type as u64),
            None => {
                self.faulted.insert(id);
                let place = fault::place(id.path());
                let unknown = format!("got an unknown name, wanted {}", fault::wanted(id.field()));
                let unknown = Diagnostic::error(fault::EVENT_TYPE, place, unknown);
                self.faults.add(match crate::diagnostic::nearest(name, EventType::NAMES) {
                    Some(near) => unknown.help(format!("did you mean {near:?}?")),
                    None => unknown,
                });
            }
        }
    }

    fn put_country(&mut self, id: FieldId, text: &str) {
        match geo::pack_country(text) {
            Some(country) => self.event.set(id, u64::from(country)),
            None if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase()) => {
                self.event.warnings.push(Warning::UnknownName(id.path()));
            }
            None => self.refuse_value(id, fault::FORM, Scalar::Text { text, at: None }),
        }
    }

    fn put_ip(&mut self, id: FieldId, text: &str, at: Option<usize>) {
        let Ok(ip) = text.parse::<IpAddr>() else {
            return self.refuse_value(id, fault::FORM, Scalar::Text { text, at });
        };
        let ip = ip.to_canonical();
        if id == ids::NETWORK_IP {
            self.ip = Some(ip);
        }
        // Version 4 has one written form only, so it need not be written again.
        if ip.is_ipv4() && !text.contains(':') {
            return self.keep(id, text, at);
        }
        let start = self.event.text.len();
        // Writing to a String cannot fail.
        let _ = write!(self.event.text, "{ip}");
        let len = self.event.text.len() - start;
        self.event.set_span(id, Span { start: start as u16, len: len as u16 });
    }

    fn put_text(&mut self, id: FieldId, field: &Field, text: &str, at: Option<usize>) {
        let is_sound = match (field.kind, field.shape) {
            (Kind::Text { .. }, Shape::Digits { min, max }) => {
                let is_counted = (usize::from(min)..=usize::from(max)).contains(&text.len());
                is_counted && text.bytes().all(|byte| byte.is_ascii_digit())
            }
            (Kind::Text { .. }, Shape::Alphanumeric { min, max }) => {
                let is_counted = (usize::from(min)..=usize::from(max)).contains(&text.len());
                is_counted && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
            }
            (Kind::Text { max }, Shape::Free) => {
                let is_counted = (1..=usize::from(max)).contains(&text.len());
                is_counted && !text.chars().any(char::is_control)
            }
            _ => {
                let is_counted = (1..=ID_BYTES_MAX).contains(&text.len());
                is_counted && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
            }
        };
        if is_sound {
            self.keep(id, text, at);
        } else {
            self.refuse_value(id, fault::FORM, Scalar::Text { text, at });
        }
    }

    /// Keeps a text where it lies in the JSON, or behind it when it was written with escapes.
    fn keep(&mut self, id: FieldId, text: &str, at: Option<usize>) {
        let start = at.unwrap_or_else(|| {
            self.event.text.push_str(text);
            self.event.text.len() - text.len()
        });
        // The limits keep the text and what is behind it within 16 bits.
        self.event.set_span(id, Span { start: start as u16, len: text.len() as u16 });
    }

    /// Reports a value that does not fit its field.
    fn refuse_value(&mut self, id: FieldId, code: &'static str, value: Scalar<'_>) {
        self.faulted.insert(id);
        let field = id.field();
        self.trail.set(field.path, None);
        let words = value.words();
        if self.guard_number(&words) {
            return;
        }
        let got = match (code, value) {
            (fault::FORM, Scalar::Text { text, .. }) => format!("text of {} bytes", text.len()),
            _ => words,
        };
        let message = format!("got {got}, wanted {}", fault::wanted(field));
        let refused = Diagnostic::error(code, fault::place(field.path), message);
        self.faults.add(match advice(field, value) {
            Some(help) => refused.help(help),
            None => refused,
        });
    }
}

/// The next step for the mistakes that are made most.
fn advice(field: &Field, value: Scalar<'_>) -> Option<&'static str> {
    let is_integer = matches!(field.kind, Kind::Int { .. } | Kind::Time | Kind::Money);
    match value {
        Scalar::Text { text, .. } if is_integer && text.parse::<i64>().is_ok() => {
            Some("send the number without quotes")
        }
        Scalar::Text { text, .. } => {
            let is_code = matches!(field.kind, Kind::Country | Kind::Currency);
            (is_code && text.len() < 4).then_some("codes are written in capitals")
        }
        Scalar::Float(value) if is_integer && value.fract() == 0.0 => {
            Some("send integers without a decimal point or exponent")
        }
        Scalar::Int(value) if field.kind == Kind::Time => {
            let as_ms = value.saturating_mul(1_000);
            let is_seconds = (TIME_MIN_MS..=TIME_MAX_MS).contains(&as_ms);
            is_seconds.then_some("this looks like seconds; send milliseconds")
        }
        _ => None,
    }
}

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar, written as `2026-07-31`.
pub(crate) fn days_since_1970(text: &str) -> Option<i64> {
    let part = |range: std::ops::Range<usize>| {
        let digits = text.get(range)?;
        let is_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
        if is_digits { digits.parse::<i64>().ok() } else { None }
    };
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let (year, month, day) = (part(0..4)?, part(5..7)?, part(8..10)?);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let month_days = match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1970..=2100).contains(&year) || !(1..=month_days).contains(&day) {
        return None;
    }
    // Years begin in March here, so that the leap day is the last day of a year.
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    const DAYS_BEFORE_1970: i64 = 719_468;
    Some(days - DAYS_BEFORE_1970)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days_since_1970() {
        let known = [
            ("1970-01-01", Some(0)),
            ("1970-03-01", Some(59)),
            ("2000-02-29", Some(11_016)),
            ("2026-07-31", Some(20_665)),
            ("2023-02-29", None),
            ("2026-13-01", None),
            ("2026-00-01", None),
            ("2026-01-00", None),
            ("1969-12-31", None),
            ("2026-1-1", None),
            ("2026/01/01", None),
            ("2026-01-0é", None),
            ("+026-01-01", None),
        ];
        for (text, days) in known {
            assert_eq!(days_since_1970(text), days, "{text}");
        }
    }
}
