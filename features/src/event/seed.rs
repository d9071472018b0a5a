//! The visitors between the JSON parser and the draft.
//!
//! Each takes whatever type comes, because a value of the wrong type is a fault to report and not a
//! reason to stop. They hold no logic: what a value means is decided in `read`, `value` and `list`.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::index::{Member, Target};
use super::read::Draft;
use super::value::Scalar;
use crate::field::Kind;

/// A member's name that was found, or a member to skip after its fault was reported.
pub(super) enum Key {
    Known(&'static Member),
    Skipped,
}

/// Reads the name of a member of an object.
pub(super) struct KeySeed<'d, 'j> {
    pub(super) draft: &'d mut Draft<'j>,
    pub(super) node: u8,
}

impl<'j> DeserializeSeed<'j> for KeySeed<'_, 'j> {
    type Value = Key;

    fn deserialize<D: Deserializer<'j>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'j> Visitor<'j> for KeySeed<'_, 'j> {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Key, E> {
        Ok(self.draft.key(self.node, name))
    }
}

/// Reads the value of a known member into its field.
pub(super) struct ValueSeed<'d, 'j> {
    pub(super) draft: &'d mut Draft<'j>,
    pub(super) member: &'static Member,
}

impl<'j> DeserializeSeed<'j> for ValueSeed<'_, 'j> {
    type Value = ();

    fn deserialize<D: Deserializer<'j>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'j> Visitor<'j> for ValueSeed<'_, 'j> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.draft.scalar(self.member, Scalar::Null);
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.draft.scalar(self.member, Scalar::Bool(value));
        Ok(())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.draft.scalar(self.member, Scalar::Int(value));
        Ok(())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        let scalar = i64::try_from(value).map_or(Scalar::Big(value), Scalar::Int);
        self.draft.scalar(self.member, scalar);
        Ok(())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.draft.scalar(self.member, Scalar::Float(value));
        Ok(())
    }

    fn visit_borrowed_str<E: Error>(self, text: &'j str) -> Result<(), E> {
        let at = Some(self.draft.offset(text));
        self.draft.scalar(self.member, Scalar::Text { text, at });
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.draft.scalar(self.member, Scalar::Text { text, at: None });
        Ok(())
    }

    fn visit_map<A: MapAccess<'j>>(self, map: A) -> Result<(), A::Error> {
        match self.member.target {
            Target::Object(node) | Target::Either(_, node) => self.draft.walk(map, node),
            Target::Field(_) | Target::Factors => {
                self.draft.wrong_type(self.member, "an object");
                self.draft.search_map(map)
            }
        }
    }

    fn visit_seq<A: SeqAccess<'j>>(self, list: A) -> Result<(), A::Error> {
        match self.member.target {
            Target::Factors => self.draft.factor_list(self.member, list),
            Target::Field(field) => match field.kind() {
                Kind::Set(names) => self.draft.name_list(field, list, names),
                _ => {
                    self.draft.wrong_type(self.member, "a list");
                    self.draft.search_list(list)
                }
            },
            Target::Object(_) | Target::Either(..) => {
                self.draft.wrong_type(self.member, "a list");
                self.draft.search_list(list)
            }
        }
    }
}

/// A value that is looked at on its own, searched for card numbers.
pub(super) enum Plain<'j> {
    Null,
    Bool(bool),
    Int(i64),
    Number,
    Text(Cow<'j, str>),
    Object,
    List,
    /// An enrolled factor that was taken in.
    Factor,
}

impl Plain<'_> {
    /// What it is, in words that follow "got".
    pub(super) fn words(&self) -> &'static str {
        match self {
            Plain::Null => "null",
            Plain::Bool(_) => "a boolean",
            Plain::Int(_) => "an integer",
            Plain::Number => "a number",
            Plain::Text(_) => "text",
            Plain::Object | Plain::Factor => "an object",
            Plain::List => "a list",
        }
    }
}

/// What an object found by a [`PlainSeed`] is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Objects {
    /// Nothing of ours; it is only searched.
    Skipped,
    /// An enrolled factor.
    Factors,
}

/// Reads a value that belongs to no field of its own; the trail says where it is.
pub(super) struct PlainSeed<'d, 'j> {
    pub(super) draft: &'d mut Draft<'j>,
    pub(super) objects: Objects,
}

impl<'j> DeserializeSeed<'j> for PlainSeed<'_, 'j> {
    type Value = Plain<'j>;

    fn deserialize<D: Deserializer<'j>>(self, deserializer: D) -> Result<Plain<'j>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'j> Visitor<'j> for PlainSeed<'_, 'j> {
    type Value = Plain<'j>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Plain<'j>, E> {
        Ok(Plain::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Plain<'j>, E> {
        Ok(Plain::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Plain<'j>, E> {
        self.draft.guard_number(&value.to_string());
        Ok(Plain::Int(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Plain<'j>, E> {
        self.draft.guard_number(&value.to_string());
        Ok(i64::try_from(value).map_or(Plain::Number, Plain::Int))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Plain<'j>, E> {
        self.draft.guard_number(&value.to_string());
        Ok(Plain::Number)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'j str) -> Result<Plain<'j>, E> {
        self.draft.guard_text(text);
        Ok(Plain::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Plain<'j>, E> {
        self.draft.guard_text(text);
        Ok(Plain::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_map<A: MapAccess<'j>>(self, map: A) -> Result<Plain<'j>, A::Error> {
        match self.objects {
            Objects::Skipped => self.draft.search_map(map).map(|()| Plain::Object),
            Objects::Factors => self.draft.factor(map).map(|()| Plain::Factor),
        }
    }

    fn visit_seq<A: SeqAccess<'j>>(self, list: A) -> Result<Plain<'j>, A::Error> {
        self.draft.search_list(list).map(|()| Plain::List)
    }
}
