//! The two lists an event can hold: names of a set, and enrolled factors.

use std::borrow::Cow;

use serde::de::{MapAccess, SeqAccess};

use super::Warning;
use super::fault;
use super::index::{FACTORS_PATH, INDEX, Member};
use super::read::Draft;
use super::seed::{Objects, Plain, PlainSeed};
use crate::diagnostic::nearest;
use crate::field::{FACTORS, FieldId};
use crate::limits::{TIME_MAX_MS, TIME_MIN_MS};

/// The members of an enrolled factor.
const NAMES: [&str; 4] = ["factor", "enrolled_ms", "last_used_ms", "verified"];

/// The values of those members as they came.
type Given<'j> = [Option<Plain<'j>>; 4];

impl<'j> Draft<'j> {
    /// A list of names, kept as a bit for each.
    pub(super) fn name_list<A: SeqAccess<'j>>(
        &mut self,
        field: FieldId,
        mut list: A,
        names: &'static [&'static str],
    ) -> Result<(), A::Error> {
        self.enter()?;
        let mut bits = 0_u64;
        let mut is_sound = true;
        for index in 0.. {
            self.trail.set(field.path(), Some(index));
            match list.next_element_seed(PlainSeed { draft: self, objects: Objects::Skipped })? {
                None => break,
                Some(Plain::Text(name)) => bits |= 1 << self.index_of(names, &name, field.path()),
                Some(other) => {
                    is_sound = false;
                    let message = format!("got {}, wanted text", other.words());
                    self.fault_here(fault::WRONG_TYPE, &message);
                }
            }
        }
        if is_sound {
            self.event.set(field, bits);
        } else {
            self.faulted.insert(field);
        }
        self.leave();
        Ok(())
    }

    pub(super) fn factor_list<A: SeqAccess<'j>>(
        &mut self,
        member: &'static Member,
        mut list: A,
    ) -> Result<(), A::Error> {
        self.enter()?;
        for index in 0.. {
            self.trail.set(member.path, Some(index));
            match list.next_element_seed(PlainSeed { draft: self, objects: Objects::Factors })? {
                None => break,
                Some(Plain::Factor) => {}
                Some(other) => {
                    let message = format!("got {}, wanted an object", other.words());
                    self.fault_here(fault::WRONG_TYPE, &message);
                }
            }
        }
        self.leave();
        Ok(())
    }

    /// One enrolled factor.
    pub(super) fn factor<A: MapAccess<'j>>(&mut self, mut map: A) -> Result<(), A::Error> {
        self.enter()?;
        let mark = self.trail.mark();
        let mut given: Given<'j> = [None, None, None, None];
        while let Some(key) = map.next_key::<Cow<'j, str>>()? {
            let known = NAMES.iter().position(|name| *name == key);
            match known {
                Some(at) => self.trail.push_name(NAMES[at]),
                None => self.unknown(&key, || nearest(&key, NAMES)),
            }
            let value =
                map.next_value_seed(PlainSeed { draft: self, objects: Objects::Skipped })?;
            if known.is_some_and(|at| given[at].replace(value).is_some()) {
                self.fault_here(fault::DUPLICATE, "stands twice");
            }
            self.trail.reset(mark);
        }
        self.leave();
        self.enrol(given);
        Ok(())
    }

    /// Items of the same factor meet in the earliest enrolment, the latest use, and whether any is
    /// verified, so their order does not matter.
    fn enrol(&mut self, [factor, enrolled, last_used, verified]: Given<'j>) {
        let factor = match factor {
            Some(Plain::Text(name)) => Some(self.index_of(FACTORS, &name, FACTORS_PATH)),
            other => self.refuse("factor", other, "text"),
        };
        let fields = factor.map(|factor| INDEX.factors[factor]);
        if let (Some(None), Some(place)) = (fields, factor) {
            // An unknown name has been reported; what is said of such a factor does not matter.
            if place + 1 < FACTORS.len() {
                self.event.warnings.push(Warning::IgnoredFactor);
            }
            return;
        }
        let enrolled = self.instant("enrolled_ms", enrolled);
        let last_used = match last_used {
            None | Some(Plain::Null) => None,
            given => self.instant("last_used_ms", given),
        };
        let verified = match verified {
            None | Some(Plain::Null) => None,
            Some(Plain::Bool(verified)) => Some(verified),
            other => self.refuse("verified", other, "true or false"),
        };
        let (Some(Some([enrolled_ms, last_used_ms, is_verified])), Some(enrolled)) =
            (fields, enrolled)
        else {
            return;
        };
        let event = &mut self.event;
        let earliest = event.int(enrolled_ms).map_or(enrolled, |known| known.min(enrolled));
        event.set_int(enrolled_ms, earliest);
        if let Some(used) = last_used {
            let latest = event.int(last_used_ms).map_or(used, |known| known.max(used));
            event.set_int(last_used_ms, latest);
        }
        if let Some(verified) = verified {
            let is_any = verified || event.is_true(is_verified);
            event.set(is_verified, u64::from(is_any));
        }
    }

    fn instant(&mut self, name: &'static str, given: Option<Plain<'j>>) -> Option<i64> {
        match given {
            Some(Plain::Int(time)) if (TIME_MIN_MS..=TIME_MAX_MS).contains(&time) => Some(time),
            other => {
                let wanted = format!("milliseconds since 1970 from {TIME_MIN_MS} to {TIME_MAX_MS}");
                self.refuse(name, other, &wanted)
            }
        }
    }

    /// Reports a member of a factor that is missing or not what was wanted.
    fn refuse<T>(&mut self, name: &str, got: Option<Plain<'j>>, wanted: &str) -> Option<T> {
        let mark = self.trail.mark();
        self.trail.push_name(name);
        let (code, got) = match got {
            None | Some(Plain::Null) => (fault::MISSING, "nothing"),
            Some(Plain::Int(_)) if name != "factor" && name != "verified" => {
                (fault::RANGE, "an integer out of range")
            }
            Some(other) => (fault::WRONG_TYPE, other.words()),
        };
        self.fault_here(code, &format!("got {got}, wanted {wanted}"));
        self.trail.reset(mark);
        None
    }
}
