//! Lists: values, networks, card ranges, prefixes and domains that somebody put together, and since
//! when and until when each is in.
//!
//! A policy declares a [`Declared`] list with the entries it starts with; a [`Lists`] belongs to a
//! history and goes on from there. Whatever changes later is an event (`list_update`), folded with
//! all others in their order, so a replay has each list as it was: whether a value is in a list at
//! a time is a function of the changes (see `entries`). A tag `watched` of accounts is the list of
//! values named `account:watched`.
//!
//! An entry counts for one tenant when its change names one, else for all; and for some types of
//! events when it has a scope. It carries why, by what and by whom it was put there, and how many
//! decided events met it. These counts are for people: no fact is made of them.
//!
//! **Bounded.** A list holds [`LIST_ENTRIES_MAX`] entries, all lists of a history together
//! [`LISTS_HELD_MAX`] keys and changes. A change beyond that, or one that the list cannot take, is
//! ignored and counted; who makes one at a door is told before.
//!
//! Cost: a hash and a probe of a small filter for a value, one each for each different length of
//! prefixes, card ranges and networks and for each label of a domain that the list holds; a look-up
//! for those alone that the filter lets through (see `filter`); no allocation.

use std::fmt;
use std::sync::Arc;

use crate::diagnostic::nearest;
use crate::event::{Event, hash_text};
use crate::expr::UNKNOWN;
use crate::field::{EventType, FieldId, Kind, Types, ids};
use crate::language::ast::ListKind;
use crate::limits::{LIST_ENTRIES_MAX, LISTS_HELD_MAX};

mod entries;
mod file;
mod filter;
mod key;
#[cfg(test)]
mod tests;

use entries::{At, Change, Entries};
use key::{Key, Sought};

pub use file::{CODES, Row, read_rows, write_header, write_row};

/// Names of the kinds of lists.
pub const KINDS: [(&str, ListKind); 5] = [
    ("value", ListKind::Value),
    ("cidr", ListKind::Cidr),
    ("prefix", ListKind::Prefix),
    ("domain", ListKind::Domain),
    ("bin", ListKind::Bin),
];

impl ListKind {
    /// The name in a policy and on the wire.
    pub fn name(self) -> &'static str {
        KINDS.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<ListKind> {
        KINDS.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
    }
}

/// A list as a policy declares it.
#[derive(Clone)]
pub struct Declared {
    name: String,
    title: String,
    kind: ListKind,
    entries: Entries,
    /// Of what it starts with.
    digest: u128,
}

impl Declared {
    /// A list that starts with nothing.
    pub fn new(name: &str, title: &str, kind: ListKind) -> Declared {
        let (name, title) = (name.to_owned(), title.to_owned());
        Declared { name, title, kind, entries: Entries::new(kind), digest: 0 }
    }

    /// Its name; of a tag, the entity and the tag with a colon between.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is for.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// How a value is looked up in it.
    pub fn kind(&self) -> ListKind {
        self.kind
    }

    /// Adds an entry that it starts with.
    ///
    /// # Errors
    /// What was wanted, when the list does not take the value or is full.
    pub fn start_with(&mut self, row: &Row) -> Result<(), String> {
        let key = Key::read(self.kind, &row.value)?;
        if LIST_ENTRIES_MAX <= self.entries.len() {
            return Err(format!("at most {LIST_ENTRIES_MAX} entries"));
        }
        let from = row.from_ms.unwrap_or(i64::MIN);
        let until = row.until_ms.unwrap_or(i64::MAX);
        let note = self.entries.note(&row.reason, &row.source, &row.who);
        self.digest = digest(self.digest, &key.value, from, until, row.scope);
        let change = Change::add((i64::MIN, 0), (from, until), row.scope, note);
        self.entries.change(&key, 0, change);
        Ok(())
    }

    /// The values it starts with.
    pub(crate) fn values(&self) -> impl Iterator<Item = &str> {
        self.entries.values()
    }

    /// Number of entries it starts with.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it starts with nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Everything that decides what is in it, and no entry one by one: the layout of a plan is hashed
/// in this form.
impl fmt::Debug for Declared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Declared { name, kind, digest, .. } = self;
        write!(f, "list {name} {kind:?} {digest:032x}")
    }
}

/// The digest of what a list starts with and one entry more.
fn digest(before: u128, value: &str, from: i64, until: i64, scope: Types) -> u128 {
    use std::hash::Hasher;
    let mut hasher = siphasher::sip128::SipHasher13::new_with_keys(0, 0);
    hasher.write_u128(before);
    hasher.write_usize(value.len());
    hasher.write(value.as_bytes());
    hasher.write_i64(from);
    hasher.write_i64(until);
    scope.iter().for_each(|on| hasher.write_u8(on as u8));
    siphasher::sip128::Hasher128::finish128(&hasher).as_u128()
}

/// The lists of a history; see the module's essay.
#[derive(Debug)]
pub struct Lists {
    lists: Vec<List>,
    held: usize,
    ignored: u64,
}

/// One list as it stands.
#[derive(Debug)]
struct List {
    declared: Arc<Declared>,
    entries: Entries,
    hits: u64,
}

/// What there is to see of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListLook {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub title: String,
    /// How a value is looked up in it.
    pub kind: ListKind,
    /// Entries that are kept, those that ended not long ago included.
    pub entries: usize,
    /// Decided events that met one of its entries.
    pub hits: u64,
}

/// What there is to see of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryLook {
    /// The entry as a file would have it, with why, by what, by whom, from when and until when.
    pub row: Row,
    /// The tenant it counts for; `None` for all.
    pub tenant: Option<u32>,
    /// Decided events that met it.
    pub hits: u64,
}

/// Some entries of a list, and where the rest begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The entries.
    pub entries: Vec<EntryLook>,
    /// Where to go on; `None` at the end.
    pub next: Option<u32>,
}

/// A change that somebody wants to make.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// The list.
    pub list: &'a str,
    /// How its author takes it to look up values.
    pub kind: Option<ListKind>,
    /// The value as written.
    pub value: &'a str,
    /// The tenant; 0 for all.
    pub tenant: u32,
    /// Whether it takes the value out.
    pub is_removal: bool,
    /// When it is made, in milliseconds.
    pub made_ms: i64,
    /// From when the value is in the list; `None` from then on.
    pub from_ms: Option<i64>,
    /// Until when; `None` until somebody takes it out.
    pub until_ms: Option<i64>,
    /// Names of the event types it counts for, apart by blanks; empty for all.
    pub scope: &'a str,
}

/// Why a list does not take a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No list of this name; the nearest one.
    UnknownList(Option<String>),
    /// The list is of another kind, which is given.
    Kind(ListKind),
    /// The value is not what the list holds; what was wanted.
    Value(String),
    /// The scope names what is no event type.
    Scope,
    /// It ends before it begins.
    Times,
    /// The action is neither an addition nor a removal.
    Action,
    /// The list, or all lists together, hold as much as they may.
    Full,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::UnknownList(None) => f.write_str("the policy has no such list"),
            Refused::UnknownList(Some(near)) => {
                write!(f, "the policy has no such list; did you mean `{near}`?")
            }
            Refused::Kind(kind) => write!(f, "the list is of kind {}", kind.name()),
            Refused::Value(wanted) => write!(f, "wanted {wanted}"),
            Refused::Scope => f.write_str("wanted names of event types, apart by blanks"),
            Refused::Times => f.write_str("ends before it begins"),
            Refused::Action => f.write_str("wanted add or remove"),
            Refused::Full => f.write_str("the list is full"),
        }
    }
}

impl Lists {
    /// The lists as they are declared.
    pub fn new(declared: &[Arc<Declared>]) -> Lists {
        let open = |declared: &Arc<Declared>| List {
            declared: Arc::clone(declared),
            entries: declared.entries.clone(),
            hits: 0,
        };
        let lists: Vec<List> = declared.iter().map(open).collect();
        let held = lists.iter().map(|list| list.entries.held()).sum();
        Lists { lists, held, ignored: 0 }
    }

    /// Changes that nobody took.
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    /// Keys and changes that are held.
    pub fn held(&self) -> usize {
        self.held
    }

    /// Name of each list and the entries it keeps, those that ended not long ago included.
    pub(crate) fn kept(&self) -> impl Iterator<Item = (String, usize)> {
        self.lists.iter().map(|list| (list.declared.name.clone(), list.entries.len()))
    }

    /// All lists in the order of their declaration.
    pub fn look(&self) -> Vec<ListLook> {
        let look = |list: &List| ListLook {
            name: list.declared.name.clone(),
            title: list.declared.title.clone(),
            kind: list.declared.kind,
            entries: list.entries.len(),
            hits: list.hits,
        };
        self.lists.iter().map(look).collect()
    }

    /// The entries that are in a list at this time, or are to be in it later, from a place on, and
    /// where to go on when `most` were looked at; `None` without the list.
    pub fn page(&self, list: &str, time_ms: i64, start: u32, most: u32) -> Option<Page> {
        let entries = &self.find(list)?.entries;
        let end = start.saturating_add(most).min(entries.numbers());
        let look = |number: u32| {
            let (value, tenant, hits, change) = entries.look(number, time_ms)?;
            Some(EntryLook {
                row: Row {
                    value: value.to_owned(),
                    reason: change.note.reason.to_string(),
                    source: change.note.source.to_string(),
                    who: change.note.who.to_string(),
                    from_ms: (change.from != i64::MIN).then_some(change.from),
                    until_ms: (change.until != i64::MAX).then_some(change.until),
                    scope: change.scope,
                },
                tenant: (tenant != 0).then_some(tenant),
                hits,
            })
        };
        let next = (end < entries.numbers()).then_some(end);
        Some(Page { entries: (start..end).filter_map(look).collect(), next })
    }

    /// Whether this very value is in a list at this time, or is to be later.
    pub fn has(&self, list: &str, value: &str, tenant: u32, time_ms: i64) -> bool {
        let Some(list) = self.find(list) else { return false };
        let Ok(key) = Key::read(list.declared.kind, value) else { return false };
        let found = list.entries.find(&key, tenant);
        found.is_some_and(|number| list.entries.look(number, time_ms).is_some())
    }

    /// Whether a value, written as events have it, is in the list of this number at this time for an
    /// event of this type and of no tenant; `None` where that is unknown.
    pub fn holds(&self, list: usize, value: &str, time_ms: i64, on: EventType) -> Option<bool> {
        let entries = &self.lists.get(list)?.entries;
        let at = At { time: time_ms, on, tenant: 0 };
        let (truth, _) = entries.test(Sought::Text(hash_text(value), value), at);
        (!truth.is_nan()).then_some(truth == 1.0)
    }

    /// Whether a change can be taken, when there were `others` taken before it.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, wanted: &Wanted<'_>, others: usize) -> Result<(), Refused> {
        self.read(wanted, others).map(|_| ())
    }

    fn find(&self, name: &str) -> Option<&List> {
        self.lists.iter().find(|list| list.declared.name == name)
    }

    /// The list, the entry and its scope.
    fn read(&self, wanted: &Wanted<'_>, others: usize) -> Result<(usize, Key, Types), Refused> {
        let position = self.lists.iter().position(|list| list.declared.name == wanted.list);
        let Some(position) = position else {
            let names = self.lists.iter().map(|list| list.declared.name.as_str());
            return Err(Refused::UnknownList(nearest(wanted.list, names).map(str::to_owned)));
        };
        let list = &self.lists[position];
        let kind = list.declared.kind;
        if wanted.kind.is_some_and(|wanted| wanted != kind) {
            return Err(Refused::Kind(kind));
        }
        let key = Key::read(kind, wanted.value).map_err(Refused::Value)?;
        let scope = read_scope(wanted.scope).ok_or(Refused::Scope)?;
        let from = wanted.made_ms.max(wanted.from_ms.unwrap_or(i64::MIN));
        if !wanted.is_removal && wanted.until_ms.is_some_and(|until| until <= from) {
            return Err(Refused::Times);
        }
        let room = list.entries.room_for(&key, wanted.tenant);
        let is_new = list.entries.find(&key, wanted.tenant).is_none();
        if LISTS_HELD_MAX < self.held + room + others
            || is_new && LIST_ENTRIES_MAX <= list.entries.len() + others
        {
            return Err(Refused::Full);
        }
        Ok((position, key, scope))
    }

    /// Takes a change in that came as an event; false when no list takes it.
    pub(crate) fn apply(&mut self, event: &Event) -> bool {
        let is_taken = self.take(event).is_ok();
        self.ignored += u64::from(!is_taken);
        is_taken
    }

    fn take(&mut self, event: &Event) -> Result<(), Refused> {
        let text = |field: FieldId| event.text(field).unwrap_or_default();
        let time = |field: FieldId| event.bits(field).map(|bits| bits as i64);
        let is_removal = match text(ids::LIST_ACTION) {
            "add" => false,
            "remove" => true,
            _ => return Err(Refused::Action),
        };
        let wanted = Wanted {
            list: text(ids::LIST_NAME),
            kind: event.text(ids::ENTRY_KIND).and_then(ListKind::parse),
            value: text(ids::ENTRY),
            tenant: tenant_of(event),
            is_removal,
            made_ms: event.time(),
            from_ms: time(ids::ENTRY_FROM_MS),
            until_ms: time(ids::ENTRY_EXPIRES_MS),
            scope: text(ids::ENTRY_SCOPE),
        };
        let (position, key, scope) = self.read(&wanted, 0)?;
        let entries = &mut self.lists[position].entries;
        let (reason, source) = (text(ids::ENTRY_REASON), text(ids::ENTRY_SOURCE));
        let note = entries.note(reason, source, text(ids::ACTOR_ID));
        let made = (event.time(), event.sequence());
        let change = if is_removal {
            Change::remove(made, note)
        } else {
            let from = wanted.made_ms.max(wanted.from_ms.unwrap_or(i64::MIN));
            let until = wanted.until_ms.unwrap_or(i64::MAX);
            Change::add(made, (from, until), scope, note)
        };
        let before = entries.held();
        let is_taken = entries.change(&key, wanted.tenant, change);
        self.held = self.held + entries.held() - before;
        if is_taken { Ok(()) } else { Err(Refused::Full) }
    }

    /// Earlier changes are unknown: so is a value that is not found.
    pub(crate) fn forget_the_past(&mut self) {
        self.lists.iter_mut().for_each(|list| list.entries.forget_the_past());
    }

    /// Whether fields of an event are in lists when it happens. `tests` are the fields, equal ones
    /// side by side, and the lists; `answer` is given the place of each test, 1, 0 or unknown, and
    /// the entry that was met.
    pub(crate) fn ask(
        &self,
        event: &Event,
        tests: impl Iterator<Item = (FieldId, u16)>,
        mut answer: impl FnMut(usize, f64, Option<u32>),
    ) {
        let at = At { time: event.time(), on: event.event_type(), tenant: tenant_of(event) };
        let mut last = None;
        for (place, (field, list)) in tests.enumerate() {
            let value = match last {
                Some((asked, value)) if asked == field => value,
                _ => sought(event, field),
            };
            last = Some((field, value));
            let (truth, met) = match value {
                Some(value) => self.lists[usize::from(list)].entries.test(value, at),
                None => (UNKNOWN, None),
            };
            answer(place, truth, met);
        }
    }

    /// Counts that a decided event met these entries: each entry once, and each list once.
    pub(crate) fn count(&mut self, met: &[(u16, u32)]) {
        for (place, (list, entry)) in met.iter().enumerate() {
            let before = &met[..place];
            if before.contains(&(*list, *entry)) {
                continue;
            }
            let held = &mut self.lists[usize::from(*list)];
            held.entries.hit(*entry);
            held.hits += u64::from(!before.iter().any(|(other, _)| other == list));
        }
    }
}

/// Types of events by their names, apart by blanks; all for none, `None` where one is unknown.
pub fn read_scope(names: &str) -> Option<Types> {
    if names.is_empty() {
        return Some(Types::ANY);
    }
    let types: Option<Vec<EventType>> =
        names.split_ascii_whitespace().map(EventType::parse).collect();
    types.filter(|types| !types.is_empty()).map(|types| Types::of(&types))
}

/// The names of some types of events, apart by blanks; empty for all of them.
pub fn write_scope(scope: Types) -> String {
    if scope == Types::ANY {
        return String::new();
    }
    scope.iter().map(EventType::name).collect::<Vec<_>>().join(" ")
}

/// The canonical form of a value in a list of this kind: the one that files, doors and the journal
/// show.
///
/// # Errors
/// What was wanted.
pub fn canonical(kind: ListKind, value: &str) -> Result<String, String> {
    Key::read(kind, value).map(|key| key.value)
}

fn tenant_of(event: &Event) -> u32 {
    event.bits(ids::TENANT_ID).map_or(0, |bits| bits as u32)
}

/// The value of a field that is looked for in lists; `None` where the event has none.
fn sought(event: &Event, field: FieldId) -> Option<Sought<'_>> {
    let bits = event.bits(field)?;
    Some(match (field.kind(), event.text(field)) {
        (kind, Some(text)) if kind.is_hashed() => Sought::Text(bits, text),
        // A text that was taken over from another event is known by its hash alone.
        (kind, None) if kind.is_hashed() => Sought::Hash(bits),
        (Kind::Int { .. }, _) => Sought::Number(bits as i64),
        (_, text) => Sought::Text(hash_text(text?), text?),
    })
}

/// Whether values of a field of this kind can be looked for in lists.
pub fn is_listable(kind: Kind) -> bool {
    match kind {
        Kind::Id | Kind::Text { .. } | Kind::Ip | Kind::Country | Kind::Currency => true,
        Kind::Int { .. } | Kind::Enum(_) => true,
        Kind::Bool | Kind::Float { .. } | Kind::Time | Kind::Money => false,
        Kind::Set(_) | Kind::Date | Kind::YearMonth => false,
    }
}
