//! What can be wrong with an event: the codes, how many faults are kept, and the words for what was
//! wanted.
//!
//! Messages say what was got and what was wanted, but never repeat a text of the event: it may be a
//! card number in disguise. Faults of the card guard come first and are never the ones that the cap
//! drops.

use crate::diagnostic::{Diagnostic, Place};
use crate::field::{Field, Kind, Shape};
use crate::limits::{FAULTS_MAX, ID_BYTES_MAX, MONEY_MINOR_MAX, TIME_MAX_MS, TIME_MIN_MS};

pub(super) const SYNTAX: &str = "E001";
pub(super) const DUPLICATE: &str = "E002";
pub(super) const TOO_DEEP: &str = "E003";
pub(super) const TOO_LARGE: &str = "E004";
pub(super) const CARD_NUMBER: &str = "E005";
pub(super) const SECRET: &str = "E006";
pub(super) const EVENT_TIME: &str = "E007";
pub(super) const UNKNOWN_MEMBER: &str = "E010";
pub(super) const WRONG_TYPE: &str = "E011";
pub(super) const RANGE: &str = "E012";
pub(super) const MISSING: &str = "E013";
pub(super) const MISPLACED: &str = "E014";
pub(super) const FORM: &str = "E015";
pub(super) const CONTRADICTION: &str = "E016";
pub(super) const EVENT_TYPE: &str = "E017";
pub(super) const MORE: &str = "E019";
pub(super) const UNKNOWN_NAME: &str = "E030";
pub(super) const CLOCK_SKEW: &str = "E031";
pub(super) const IGNORED_FACTOR: &str = "E032";

/// Every code of event diagnostics: code, name of its class, meaning.
pub const CODES: &[(&str, &str, &str)] = &[
    (SYNTAX, "json_syntax", "the body is not one JSON value in UTF-8"),
    (DUPLICATE, "json_duplicate_key", "a member stands twice in one object"),
    (TOO_DEEP, "json_too_deep", "objects and lists are nested too deep"),
    (TOO_LARGE, "body_too_large", "the event is longer than the limit"),
    (CARD_NUMBER, "pan_detected", "a value or name holds a full card number"),
    (SECRET, "sad_detected", "a member is named like a card secret that must not be sent"),
    (EVENT_TIME, "event_time", "the event is dated more than a day after its receipt"),
    (UNKNOWN_MEMBER, "validation", "no field has this name"),
    (WRONG_TYPE, "validation", "the value has another JSON type than the field"),
    (RANGE, "validation", "the value is outside the range of the field"),
    (MISSING, "validation", "a required field is absent"),
    (MISPLACED, "validation", "the field does not belong to this event type"),
    (FORM, "validation", "the text does not have the form of the field"),
    (CONTRADICTION, "validation", "two fields contradict each other"),
    (EVENT_TYPE, "validation", "the event type is not known"),
    (MORE, "validation", "there are more faults than are listed"),
    (UNKNOWN_NAME, "unknown_name", "a name outside the list was read as other or absent"),
    (CLOCK_SKEW, "clock_skew", "the event time was after receipt and was moved back to it"),
    (IGNORED_FACTOR, "ignored_factor", "a factor that cannot be enrolled was passed over"),
];

/// The faults found so far.
#[derive(Default)]
pub(super) struct Faults {
    guard: Vec<Diagnostic>,
    plain: Vec<Diagnostic>,
    more: usize,
}

impl Faults {
    pub(super) fn is_empty(&self) -> bool {
        self.guard.is_empty() && self.plain.is_empty()
    }

    pub(super) fn add(&mut self, fault: Diagnostic) {
        let is_guard = matches!(fault.code, CARD_NUMBER | SECRET);
        let list = if is_guard { &mut self.guard } else { &mut self.plain };
        if list.len() < FAULTS_MAX {
            list.push(fault);
        } else {
            self.more += 1;
        }
    }

    pub(super) fn into_list(mut self) -> Vec<Diagnostic> {
        let mut list = self.guard;
        list.append(&mut self.plain);
        let more = self.more + list.len().saturating_sub(FAULTS_MAX);
        list.truncate(FAULTS_MAX);
        if 0 < more {
            let noun = if more == 1 { "fault" } else { "faults" };
            list.push(Diagnostic::error(MORE, Place::Whole, format!("{more} more {noun}")));
        }
        list
    }
}

/// The place of a path; the empty path is the event itself.
pub(super) fn place(path: &str) -> Place {
    if path.is_empty() { Place::Whole } else { Place::Field(path.to_owned()) }
}

/// What a field wants, in words that follow "wanted".
pub(super) fn wanted(field: &Field) -> String {
    match field.shape {
        Shape::Free => {}
        Shape::Digits { min, max } => return counted(min, max, "digits"),
        Shape::Alphanumeric { min, max } => return counted(min, max, "letters or digits"),
    }
    match field.kind {
        Kind::Bool => "true or false".to_owned(),
        Kind::Int { min, max } => format!("an integer from {min} to {max}"),
        Kind::Float { min, max } => format!("a number from {min} to {max}"),
        Kind::Time => format!("milliseconds since 1970 from {TIME_MIN_MS} to {TIME_MAX_MS}"),
        Kind::Money => format!("minor units as an integer from 0 to {MONEY_MINOR_MAX}"),
        Kind::Enum(names) => format!("one of {}", names.join(", ")),
        Kind::Set(names) => format!("a list of {}", names.join(", ")),
        Kind::Country => "two capital letters of ISO 3166-1".to_owned(),
        Kind::Currency => "three capital letters of ISO 4217".to_owned(),
        Kind::Id => format!("text of 1 to {ID_BYTES_MAX} printable ASCII characters"),
        Kind::Text { max } => format!("text of 1 to {max} bytes without control characters"),
        Kind::Ip => "an IP address".to_owned(),
        Kind::Date => "a date such as \"2026-07-31\"".to_owned(),
        Kind::YearMonth => "a year and month as an integer such as 202607".to_owned(),
    }
}

fn counted(min: u8, max: u8, what: &str) -> String {
    if min == max {
        format!("text of {max} {what}")
    } else {
        format!("text of {min} to {max} {what}")
    }
}
