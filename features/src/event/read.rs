//! From bytes to slots in one pass: a visitor that writes each value into its field and never stops
//! at the first fault.
//!
//! The parser hands over every value as it comes, so nothing is built in between. A value of the
//! wrong type is reported and skipped; skipped parts are still searched for card numbers. Only
//! broken syntax and too deep nesting end the reading early. What depends on the event type or on
//! two fields at once is left to `check`.

use std::borrow::Cow;
use std::net::IpAddr;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess};
use serde_json::Deserializer;
use serde_json::de::StrRead;

use super::fault::{self, Faults};
use super::index::{INDEX, MEMBER_WORDS, Member, node_bit, node_name};
use super::seed::{Key, KeySeed, Objects, PlainSeed, ValueSeed};
use super::trail::Trail;
use super::{Bits, Event, Span};
use crate::diagnostic::{Diagnostic, Place, nearest};
use crate::field::{EventType, FIELD_COUNT, FIELDS, Source};
use crate::limits::{EVENT_BYTES_MAX, NESTING_MAX};
use crate::pan;

/// An event that is read but not yet checked as a whole.
pub(super) struct Draft<'j> {
    /// The event; its type and times are provisional.
    pub(super) event: Event,
    pub(super) faults: Faults,
    /// Fields that were given but not usable: they are at fault, not missing.
    pub(super) faulted: Bits,
    /// Objects that were given, a bit for each.
    pub(super) objects: u16,
    /// Objects in whose place something else was given.
    pub(super) faulted_objects: u16,
    /// The address of the event, for the fields derived from it.
    pub(super) ip: Option<IpAddr>,
    pub(super) trail: Trail,
    json: &'j str,
    seen: [u64; MEMBER_WORDS],
    depth: usize,
    is_too_deep: bool,
}

/// Reads the members of an event into their fields.
pub(super) fn read(json: &[u8]) -> Result<Draft<'_>, Vec<Diagnostic>> {
    if EVENT_BYTES_MAX < json.len() {
        let message = format!("got {} bytes, wanted at most {EVENT_BYTES_MAX}", json.len());
        return Err(vec![Diagnostic::error(fault::TOO_LARGE, Place::Whole, message)]);
    }
    let json = str::from_utf8(json).map_err(|error| {
        let at = error.valid_up_to();
        vec![Diagnostic::error(fault::SYNTAX, spot(at, json.len()), "got bytes that are not UTF-8")]
    })?;
    let mut draft = Draft::new(json);
    let mut deserializer = Deserializer::from_str(json);
    match draft.parse(&mut deserializer) {
        Ok(()) => Ok(draft),
        Err(_) if draft.is_too_deep => Err(draft.faults.into_list()),
        Err(error) => Err(vec![syntax_fault(json, &error)]),
    }
}

fn syntax_fault(json: &str, error: &serde_json::Error) -> Diagnostic {
    let line = json.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len);
    let at = line.sum::<usize>() + error.column().saturating_sub(1);
    let words = error.to_string();
    // The parser's words describe syntax and never repeat a value.
    let words = words.split(" at line ").next().unwrap_or_default();
    Diagnostic::error(fault::SYNTAX, spot(at, json.len()), format!("broken JSON: {words}"))
}

fn spot(at: usize, len: usize) -> Place {
    let start = at.min(len) as u32;
    Place::Text { start, end: (start + 1).min(len as u32).max(start) }
}

impl<'j> Draft<'j> {
    fn new(json: &'j str) -> Draft<'j> {
        // Room for the texts that reading adds, so that the text is allocated once.
        let mut text = String::with_capacity(json.len() + 128);
        text.push_str(json);
        let event = Event {
            event_type: EventType::AccountOpen,
            time_ms: 0,
            received_ms: 0,
            present: Bits::NONE,
            slots: vec![0; FIELD_COUNT].into_boxed_slice(),
            spans: vec![Span::NONE; FIELD_COUNT].into_boxed_slice(),
            text,
            json_len: json.len(),
            warnings: Vec::new(),
            looked_up: None,
        };
        Draft {
            event,
            faults: Faults::default(),
            faulted: Bits::NONE,
            objects: 0,
            faulted_objects: 0,
            ip: None,
            trail: Trail::default(),
            json,
            seen: [0; MEMBER_WORDS],
            depth: 0,
            is_too_deep: false,
        }
    }

    fn parse(
        &mut self,
        deserializer: &mut Deserializer<StrRead<'j>>,
    ) -> Result<(), serde_json::Error> {
        ValueSeed { draft: self, member: &Member::EVENT }.deserialize(&mut *deserializer)?;
        deserializer.end()
    }

    /// Where a text of the JSON lies in the JSON.
    pub(super) fn offset(&self, text: &'j str) -> usize {
        text.as_ptr() as usize - self.json.as_ptr() as usize
    }

    pub(super) fn fault(&mut self, code: &'static str, path: &str, message: String) {
        self.faults.add(Diagnostic::error(code, fault::place(path), message));
    }

    pub(super) fn fault_here(&mut self, code: &'static str, message: &str) {
        let path = self.trail.path();
        self.fault(code, &path, message.to_owned());
    }

    pub(super) fn enter<E: Error>(&mut self) -> Result<(), E> {
        self.depth += 1;
        if self.depth <= NESTING_MAX {
            return Ok(());
        }
        self.is_too_deep = true;
        self.fault_here(fault::TOO_DEEP, &format!("nested more than {NESTING_MAX} deep"));
        Err(E::custom("too deep"))
    }

    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    pub(super) fn walk<A: MapAccess<'j>>(&mut self, mut map: A, node: u8) -> Result<(), A::Error> {
        self.enter()?;
        self.objects |= node_bit(node);
        while let Some(key) = map.next_key_seed(KeySeed { draft: self, node })? {
            match key {
                Key::Known(member) => map.next_value_seed(ValueSeed { draft: self, member })?,
                Key::Skipped => {
                    map.next_value_seed(PlainSeed { draft: self, objects: Objects::Skipped })?;
                }
            }
        }
        self.leave();
        Ok(())
    }

    /// Finds the member, or says what is wrong with its name and leaves the trail at it.
    pub(super) fn key(&mut self, node: u8, name: &str) -> Key {
        let Some(member) = INDEX.find(node, name) else {
            self.trail.set(node_name(node), None);
            self.unknown(name, || meant(node, name));
            return Key::Skipped;
        };
        let number = usize::from(member.number);
        let bit = 1 << (number % 64);
        let seen = &mut self.seen[number / 64];
        if *seen & bit == 0 {
            *seen |= bit;
            return Key::Known(member);
        }
        self.trail.set(member.path, None);
        self.fault_here(fault::DUPLICATE, "stands twice");
        Key::Skipped
    }

    /// Reports a name that no field has and leaves the trail at it.
    pub(super) fn unknown(&mut self, name: &str, meant: impl FnOnce() -> Option<&'static str>) {
        self.push_guarded(name);
        if pan::holds_card_number(name) || pan::is_secret_name(name) {
            return;
        }
        let path = self.trail.path();
        let message = format!("no field {path:?}");
        let unknown = Diagnostic::error(fault::UNKNOWN_MEMBER, fault::place(&path), message);
        self.faults.add(match meant() {
            Some(path) => unknown.help(format!("did you mean {path:?}?")),
            None => unknown,
        });
    }

    /// Goes into a member of the event that is not ours, unless its name itself must not be told.
    fn push_guarded(&mut self, name: &str) {
        if pan::holds_card_number(name) {
            self.fault_here(fault::CARD_NUMBER, "a member's name holds a card number");
            self.trail.push_name("?");
            return;
        }
        self.trail.push_name(name);
        if pan::is_secret_name(name) {
            self.fault_here(fault::SECRET, "card secrets must not be sent");
        }
    }

    /// Goes through the members of a skipped object for card numbers and secrets.
    pub(super) fn search_map<A: MapAccess<'j>>(&mut self, mut map: A) -> Result<(), A::Error> {
        self.enter()?;
        let mark = self.trail.mark();
        while let Some(key) = map.next_key::<Cow<'j, str>>()? {
            self.push_guarded(&key);
            map.next_value_seed(PlainSeed { draft: self, objects: Objects::Skipped })?;
            self.trail.reset(mark);
        }
        self.leave();
        Ok(())
    }

    pub(super) fn search_list<A: SeqAccess<'j>>(&mut self, mut list: A) -> Result<(), A::Error> {
        self.enter()?;
        let mark = self.trail.mark();
        for index in 0.. {
            self.trail.push_index(index);
            let item = PlainSeed { draft: self, objects: Objects::Skipped };
            if list.next_element_seed(item)?.is_none() {
                break;
            }
            self.trail.reset(mark);
        }
        self.trail.reset(mark);
        self.leave();
        Ok(())
    }
}

/// The path that an unknown name was meant to be: a near name in the same object, else the same
/// name in another one.
fn meant(node: u8, name: &str) -> Option<&'static str> {
    let here = || INDEX.members.iter().filter(|member| member.node == node);
    if let Some(near) = nearest(name, here().map(|member| member.name)) {
        return here().find(|member| member.name == near).map(|member| member.path);
    }
    let given = FIELDS.iter().filter(|field| field.source == Source::Given);
    let mut same = given.filter(|field| field.path.rsplit('.').next() == Some(name));
    same.next().map(|field| field.path)
}
