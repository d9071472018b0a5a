//! The field table, arranged for reading: members by object and name, and what each event type
//! allows and asks for.
//!
//! Built once from the table. A member is found by a hash of its object and name in a table of
//! fixed size and then by comparing the name, so unknown names cost as little as known ones.

use std::sync::LazyLock;

use super::{Bits, WORDS};
use crate::field::{self, EventType, FACTORS, FIELDS, FieldId, OBJECTS, Source, ids};

/// The top level of an event; objects are numbered from one in table order.
pub(super) const ROOT: u8 = 0;

/// The list of enrolled factors.
pub(super) const FACTORS_PATH: &str = "auth_ctx.factors_enrolled";

const SLOTS: usize = 2_048;
const FREE: u16 = u16::MAX;

/// What a member holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Field(FieldId),
    Object(u8),
    /// A field that shares its name with an object: `network` of a dispute.
    Either(FieldId, u8),
    Factors,
}

/// A member of the event or of one of its objects; one line of the processor's cache each, because
/// a search touches little else.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Member {
    pub(super) node: u8,
    pub(super) name: &'static str,
    pub(super) path: &'static str,
    pub(super) target: Target,
    /// Place in the list of members, for the bits that find doubled ones.
    pub(super) number: u16,
    ends: Ends,
}

/// The length and both ends of a name: all of it up to sixteen bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ends {
    head: u64,
    tail: u64,
    len: u32,
}

impl Ends {
    /// Names up to this length are told apart by their ends alone.
    const WHOLE_MAX: u32 = 16;

    fn of(name: &str) -> Ends {
        let bytes = name.as_bytes();
        // No name is near 4 GiB, because no event is.
        let len = bytes.len() as u32;
        match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
            (Some(head), Some(tail)) => {
                Ends { len, head: u64::from_le_bytes(*head), tail: u64::from_le_bytes(*tail) }
            }
            _ => match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
                (Some(head), Some(tail)) => {
                    let (head, tail) = (u32::from_le_bytes(*head), u32::from_le_bytes(*tail));
                    Ends { len, head: head.into(), tail: tail.into() }
                }
                _ => {
                    let head = bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
                    Ends { len, head, tail: 0 }
                }
            },
        }
    }
}

impl Member {
    /// The event itself, as a member of nothing.
    pub(super) const EVENT: Member = Member {
        node: ROOT,
        name: "",
        path: "",
        target: Target::Object(ROOT),
        number: 0,
        ends: Ends { len: 0, head: 0, tail: 0 },
    };

    fn is(&self, node: u8, name: &str, ends: Ends) -> bool {
        self.ends == ends && self.node == node && (ends.len <= Ends::WHOLE_MAX || self.name == name)
    }
}

/// What one event type allows and asks for.
pub(super) struct Form {
    pub(super) allowed: Bits,
    pub(super) required: Vec<FieldId>,
    /// Objects of which no field may stand on the type, a bit for each.
    pub(super) alien_objects: u16,
    pub(super) required_objects: u16,
}

pub(super) struct Index {
    pub(super) members: Vec<Member>,
    slots: Box<[u16; SLOTS]>,
    forms: Vec<Form>,
    /// The object that a field lies in.
    nodes: Vec<u8>,
    /// The fields of each factor that can be enrolled: enrolled, last used, verified.
    pub(super) factors: Vec<Option<[FieldId; 3]>>,
}

pub(super) static INDEX: LazyLock<Index> = LazyLock::new(Index::build);

/// Words of a bit set over members.
pub(super) const MEMBER_WORDS: usize = WORDS + 1;

impl Index {
    fn build() -> Index {
        let members = members();
        assert!(members.len() <= 64 * MEMBER_WORDS && 4 * members.len() <= SLOTS);
        let mut slots = Box::new([FREE; SLOTS]);
        for member in &members {
            let mut at = slot(member.node, member.ends);
            while slots[at] != FREE {
                at = (at + 1) % SLOTS;
            }
            slots[at] = member.number;
        }
        let nodes: Vec<u8> = FIELDS.iter().map(|field| node_and_name(field.path).0).collect();
        let forms = EventType::ALL.iter().map(|event_type| form(*event_type, &nodes)).collect();
        let factors = FACTORS.iter().map(|name| factor_fields(name)).collect();
        Index { members, slots, forms, nodes, factors }
    }

    /// The member of an object by its name.
    pub(super) fn find(&self, node: u8, name: &str) -> Option<&Member> {
        let ends = Ends::of(name);
        let mut at = slot(node, ends);
        loop {
            let member = self.members.get(usize::from(self.slots[at]))?;
            if member.is(node, name, ends) {
                return Some(member);
            }
            at = (at + 1) % SLOTS;
        }
    }

    pub(super) fn form(&self, event_type: EventType) -> &Form {
        &self.forms[event_type as usize]
    }

    /// The object that a field lies in.
    pub(super) fn node(&self, field: FieldId) -> u8 {
        self.nodes[field.index()]
    }
}

/// The name of an object.
pub(super) fn node_name(node: u8) -> &'static str {
    if node == ROOT { "" } else { OBJECTS[usize::from(node) - 1].name }
}

/// The bit of an object in a set of objects.
pub(super) fn node_bit(node: u8) -> u16 {
    1 << node
}

fn members() -> Vec<Member> {
    let mut members = Vec::new();
    let mut add = |node: u8, name: &'static str, path: &'static str, target: Target| {
        let number = members.len() as u16;
        members.push(Member { node, name, path, target, number, ends: Ends::of(name) });
    };
    for (id, field) in FieldId::all().zip(FIELDS) {
        if field.source == Source::Given {
            let (node, name) = node_and_name(field.path);
            let target = match node_named(field.path) {
                Some(object) => Target::Either(id, object),
                None => Target::Field(id),
            };
            add(node, name, field.path, target);
        }
    }
    for (number, object) in (1..).zip(OBJECTS) {
        if field::find(object.name).is_none() {
            add(ROOT, object.name, object.name, Target::Object(number));
        }
    }
    let (node, name) = node_and_name(FACTORS_PATH);
    add(node, name, FACTORS_PATH, Target::Factors);
    members
}

fn node_named(name: &str) -> Option<u8> {
    let at = OBJECTS.iter().position(|object| object.name == name)?;
    Some(at as u8 + 1)
}

/// The object and the last segment of a path; other paths lie at the top level.
fn node_and_name(path: &'static str) -> (u8, &'static str) {
    let nested = path.split_once('.');
    let known = nested.and_then(|(object, name)| Some((node_named(object)?, name)));
    known.unwrap_or((ROOT, path))
}

fn form(event_type: EventType, nodes: &[u8]) -> Form {
    let mut allowed = Bits::NONE;
    let mut required = Vec::new();
    let mut known_objects = 0;
    for (id, field) in FieldId::all().zip(FIELDS) {
        if field.on.contains(event_type) {
            allowed.insert(id);
            if field.source == Source::Given {
                known_objects |= node_bit(nodes[id.index()]);
            }
        }
        // The event type itself is looked at first, because everything else depends on it.
        if field.required.contains(event_type) && id != ids::EVENT_TYPE {
            required.push(id);
        }
    }
    let all = (1..=OBJECTS.len() as u8).fold(0, |bits, node| bits | node_bit(node));
    let required_objects = (1..).zip(OBJECTS).filter(|(_, o)| o.required.contains(event_type));
    let required_objects = required_objects.fold(0, |bits, (node, _)| bits | node_bit(node));
    Form { allowed, required, alien_objects: all & !known_objects, required_objects }
}

fn factor_fields(name: &str) -> Option<[FieldId; 3]> {
    let field = |what: &str| field::find(&format!("factors.{name}.{what}"));
    Some([field("enrolled_ms")?, field("last_used_ms")?, field("verified")?])
}

/// Where the search for a name begins.
fn slot(node: u8, ends: Ends) -> usize {
    let Ends { len, head, tail } = ends;
    let seed = (u64::from(node) << 32 | len as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (head ^ seed).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let mixed = (mixed ^ (mixed >> 32) ^ tail).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    (mixed >> (u64::BITS - SLOTS.ilog2())) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_given_field_is_found_by_its_path_and_nothing_else_is() {
        for (id, field) in FieldId::all().zip(FIELDS) {
            let (node, name) = node_and_name(field.path);
            let found = INDEX.find(node, name);
            match field.source {
                Source::Given => match found.unwrap().target {
                    Target::Field(found) | Target::Either(found, _) => assert_eq!(found, id),
                    Target::Object(_) | Target::Factors => panic!("{}", field.path),
                },
                Source::Listed | Source::Derived => assert!(found.is_none(), "{}", field.path),
            }
        }
        assert!(INDEX.find(ROOT, "").is_none());
        assert!(INDEX.find(ROOT, "device_id").is_none());
        assert!(INDEX.find(ROOT, &"x".repeat(300)).is_none());
    }

    #[test]
    fn a_member_is_one_cache_line() {
        assert_eq!(size_of::<Member>(), 64);
    }

    #[test]
    fn names_are_found_within_a_few_steps() {
        for member in &INDEX.members {
            let mut at = slot(member.node, member.ends);
            let mut steps = 0;
            while INDEX.slots[at] != member.number {
                at = (at + 1) % SLOTS;
                steps += 1;
            }
            assert!(steps <= 3, "{} takes {steps} steps", member.path);
        }
    }
}
