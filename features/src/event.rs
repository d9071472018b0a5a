//! One thing that happened, read from JSON and checked: the only input of the engine.
//!
//! [`Event::read`] is the door. It takes the bytes as they came and gives either an event of which
//! everything holds that the field table says, or all faults at once, each with its path. An event
//! keeps the JSON text (the journal stores it, replay reads it again), one 8-byte slot for each
//! field of the table, and a bit that says whether the field is there, so that facts and rules read
//! a field in a nanosecond and absent is never zero. Texts are kept as a hash in the slot and as a
//! span of the JSON. Fields that can be computed from the event alone are filled at the end of
//! reading.
//!
//! Nothing here reads a clock: when the event was received is an argument. Events hold personal
//! data, so `Debug` shows the id, the type and the time and nothing else.

use std::fmt;
use std::net::IpAddr;

use siphasher::sip::SipHasher13;

use crate::diagnostic::{Diagnostic, Place};
use crate::field::{EventType, FIELD_COUNT, FieldId, Kind, ids};
use crate::geo;
use crate::limits::LATENESS_MS;
use crate::money::Currency;
use crate::networks::{Finding, Found};

mod check;
mod derive;
mod fault;
mod index;
mod list;
mod read;
mod seed;
#[cfg(test)]
mod tests;
mod trail;
mod value;

pub use check::choices;
pub use fault::CODES;
pub(crate) use value::days_since_1970;

const WORDS: usize = FIELD_COUNT.div_ceil(64);

/// Fixed key of [`hash_text`]: hashes are stored and compared across machines and years.
const HASH_KEY: (u64, u64) = (0x6779_7266_616c_636f, 0x6e5f_7465_7874_5f31);

/// One event that passed every check.
#[derive(Clone)]
pub struct Event {
    event_type: EventType,
    time_ms: i64,
    received_ms: i64,
    present: Bits,
    /// A slot and a span for each field.
    slots: Box<[u64]>,
    spans: Box<[Span]>,
    /// The JSON as it came, then texts that are not a part of it.
    text: String,
    json_len: usize,
    warnings: Vec<Warning>,
    looked_up: Option<Finding>,
}

/// One bit for each field.
#[derive(Clone, Copy)]
struct Bits([u64; WORDS]);

impl Bits {
    const NONE: Bits = Bits([0; WORDS]);

    fn has(&self, field: FieldId) -> bool {
        self.0[field.index() / 64] >> (field.index() % 64) & 1 == 1
    }

    fn insert(&mut self, field: FieldId) {
        self.0[field.index() / 64] |= 1 << (field.index() % 64);
    }
}

/// Where a text lies; texts are never empty, so a length of zero means that there is none.
#[derive(Clone, Copy)]
struct Span {
    start: u16,
    len: u16,
}

impl Span {
    const NONE: Span = Span { start: 0, len: 0 };
}

/// Something odd about an accepted event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    /// A name that the list of the field does not have was read as `other`, an unassigned country
    /// as absent; the path is given.
    UnknownName(&'static str),
    /// A factor that nobody can enrol stood among the enrolled ones and was passed over.
    IgnoredFactor,
    /// The event was dated this many milliseconds after its receipt and was moved back to it.
    ClockSkew(i64),
}

impl Warning {
    /// The name for counters and for the list of degraded parts.
    pub fn name(self) -> &'static str {
        match self {
            Warning::UnknownName(_) => "unknown_name",
            Warning::IgnoredFactor => "ignored_factor",
            Warning::ClockSkew(_) => "clock_skew",
        }
    }

    /// The warning as a diagnostic.
    pub fn diagnostic(self) -> Diagnostic {
        match self {
            Warning::UnknownName(path) => {
                let place = Place::Field(path.to_owned());
                Diagnostic::warning(fault::UNKNOWN_NAME, place, "got an unknown name")
            }
            Warning::IgnoredFactor => {
                let place = Place::Field(index::FACTORS_PATH.to_owned());
                let message = "holds a factor that cannot be enrolled, which is passed over";
                Diagnostic::warning(fault::IGNORED_FACTOR, place, message)
            }
            Warning::ClockSkew(ahead_ms) => {
                let place = Place::Field(ids::EVENT_TIME_MS.path().to_owned());
                let message =
                    format!("is {ahead_ms} ms after receipt, taken as the time of receipt");
                Diagnostic::warning(fault::CLOCK_SKEW, place, message)
            }
        }
    }
}

/// The 64-bit SipHash-1-3 of a text, by which ids and texts are compared and stored.
pub fn hash_text(text: &str) -> u64 {
    hash_bytes(text.as_bytes())
}

/// The same of a part of a text.
pub(crate) fn hash_bytes(bytes: &[u8]) -> u64 {
    SipHasher13::new_with_keys(HASH_KEY.0, HASH_KEY.1).hash(bytes)
}

impl Event {
    /// Reads and checks one event.
    ///
    /// `received_time_ms` is when it came in; a service passes its clock, which wins over what the
    /// event says. Without it the event's own `received_time_ms` counts, else its event time.
    ///
    /// # Errors
    ///
    /// All faults, at most [`FAULTS_MAX`](crate::limits::FAULTS_MAX) and then one that counts the
    /// rest: syntax (then alone), unknown, doubled, missing or misplaced members, wrong types,
    /// values out of range, card numbers and secrets, and fields that contradict each other.
    pub fn read(json: &[u8], received_time_ms: Option<i64>) -> Result<Event, Vec<Diagnostic>> {
        Event::read_with(json, received_time_ms, |_| None)
    }

    /// Reads an event and lets `look_up` say what is known of its address, if it has one.
    ///
    /// What the event says itself stays; the rest is taken over before anything is derived from it
    /// and kept as [`Event::looked_up`]. To replay the event, give back that very finding.
    ///
    /// # Errors
    ///
    /// As [`Event::read`]; a faulty event is not looked up.
    pub fn read_with(
        json: &[u8],
        received_time_ms: Option<i64>,
        look_up: impl FnOnce(Option<IpAddr>) -> Option<Finding>,
    ) -> Result<Event, Vec<Diagnostic>> {
        let draft = read::read(json)?;
        check::finish(draft, received_time_ms, look_up)
    }

    /// What happened.
    pub fn event_type(&self) -> EventType {
        self.event_type
    }

    /// When it happened, in milliseconds since 1970 UTC; never later than the skew that clocks are
    /// allowed. For a label it is the time of the act, not of the knowledge.
    pub fn time(&self) -> i64 {
        self.time_ms
    }

    /// When the scorer saw it, in milliseconds since 1970 UTC.
    pub fn received(&self) -> i64 {
        self.received_ms
    }

    /// The order among events of the same millisecond; 0 when the caller gives none.
    pub fn sequence(&self) -> u32 {
        self.bits(ids::SEQ).map_or(0, |bits| bits as u32)
    }

    /// Whether the caller waits for a decision.
    pub fn is_score_requested(&self) -> bool {
        self.bits(ids::SCORE_REQUESTED) == Some(1)
    }

    /// Whether the event must leave no trace in state.
    pub fn is_test(&self) -> bool {
        self.bits(ids::TEST_FLAG) == Some(1)
    }

    /// Whether the event came more than ten minutes after it happened; for a label, after it became
    /// known.
    pub fn is_late(&self) -> bool {
        let known = self.bits(ids::KNOWN_TIME_MS).map(|bits| bits as i64);
        let happened = match (self.event_type, known) {
            (EventType::Label, Some(known)) => known,
            _ => self.time_ms,
        };
        LATENESS_MS < self.received_ms - happened
    }

    /// Whether the field is there.
    pub fn has(&self, field: FieldId) -> bool {
        self.present.has(field)
    }

    /// The field as a number, NaN when it is absent.
    ///
    /// Booleans are 0 and 1, enums their index, sets their bits, countries and currencies their
    /// packed letters, dates days since 1970. Ids, texts and addresses are NaN.
    pub fn number(&self, field: FieldId) -> f64 {
        match (self.bits(field), field.number_form()) {
            (Some(bits), Some(true)) => f64::from_bits(bits),
            (Some(bits), Some(false)) => bits as i64 as f64,
            _ => f64::NAN,
        }
    }

    /// The slot of the field: an integer's two's complement, a float's bits, a boolean, the index
    /// of an enum, the bits of a set, packed letters, or the hash of an id, text or address.
    pub fn bits(&self, field: FieldId) -> Option<u64> {
        self.present.has(field).then(|| self.slots[field.index()])
    }

    /// The slot of the field, read by `read`; NaN when the field is absent. Does not branch on that,
    /// as nobody could foretell it.
    #[inline]
    pub(crate) fn read_slot(&self, field: FieldId, read: impl Fn(u64) -> f64) -> f64 {
        let value = read(self.slots[field.index()]);
        // With all bits set it is a NaN.
        let absent = u64::from(self.has(field)).wrapping_sub(1);
        f64::from_bits(value.to_bits() | absent)
    }

    /// The field as text: ids, texts, canonical addresses, codes and the names of enums. Fields
    /// adopted from another event have a text only where the slot says it.
    pub fn text(&self, field: FieldId) -> Option<&str> {
        let bits = self.bits(field)?;
        match field.kind() {
            Kind::Id | Kind::Text { .. } | Kind::Ip => {
                let Span { start, len } = self.spans[field.index()];
                let start = usize::from(start);
                self.text.get(start..start + usize::from(len)).filter(|text| !text.is_empty())
            }
            Kind::Enum(names) => names.get(bits as usize).copied(),
            Kind::Country => geo::country_code(bits as u16),
            Kind::Currency => Currency::from_bits(bits).map(Currency::code),
            Kind::Bool
            | Kind::Int { .. }
            | Kind::Float { .. }
            | Kind::Time
            | Kind::Money
            | Kind::Set(_)
            | Kind::Date
            | Kind::YearMonth => None,
        }
    }

    /// The event as it came.
    pub fn json(&self) -> &str {
        &self.text[..self.json_len]
    }

    /// What was odd, in the order of reading.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// What was looked up and taken over, and in which files; `None` when there were no files.
    pub fn looked_up(&self) -> Option<&Finding> {
        self.looked_up.as_ref()
    }

    /// Takes over what a finding adds to the event.
    fn take_over(&mut self, finding: Finding) {
        let found = finding.found.beyond(&Found::of(|field| self.bits(field)));
        found.iter().for_each(|(field, bits)| self.set(field, bits));
        self.looked_up = Some(Finding { found, ..finding });
    }

    /// Takes over a field of an earlier event that this one refers to; what the event says itself
    /// stays.
    pub fn adopt(&mut self, field: FieldId, bits: u64) {
        if !self.has(field) {
            self.set(field, bits);
        }
    }

    fn set(&mut self, field: FieldId, bits: u64) {
        self.slots[field.index()] = bits;
        self.present.insert(field);
    }

    fn set_float(&mut self, field: FieldId, value: f64) {
        self.set(field, value.to_bits());
    }

    fn set_int(&mut self, field: FieldId, value: i64) {
        self.set(field, value as u64);
    }

    /// Sets a text field to a part of the kept text.
    fn set_span(&mut self, field: FieldId, span: Span) {
        let start = usize::from(span.start);
        let hash = hash_text(&self.text[start..start + usize::from(span.len)]);
        self.set(field, hash);
        self.spans[field.index()] = span;
    }

    fn int(&self, field: FieldId) -> Option<i64> {
        self.bits(field).map(|bits| bits as i64)
    }

    fn float(&self, field: FieldId) -> Option<f64> {
        self.bits(field).map(f64::from_bits)
    }

    fn is_true(&self, field: FieldId) -> bool {
        self.bits(field) == Some(1)
    }

    fn is_named(&self, field: FieldId, name: &str) -> bool {
        self.text(field) == Some(name)
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("event_id", &self.text(ids::EVENT_ID).unwrap_or_default())
            .field("event_type", &self.event_type.name())
            .field("time_ms", &self.time_ms)
            .finish_non_exhaustive()
    }
}
