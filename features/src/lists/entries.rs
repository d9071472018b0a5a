//! The entries of one list and what was changed about each: membership at any time.
//!
//! An entry is a value of one tenant, or of all, with the changes made to it, newest first; the
//! newest lies in the entry itself, so that a look-up reads one slot of the index and one entry.
//! **A value is in the list at a time** when some addition was made by then, has begun and has not
//! ended, and no removal was made from that addition to then. This depends on the set of changes
//! and not on the order in which they came; a change that comes late counts from its own time.
//!
//! Bounded: of more than [`ENTRY_CHANGES_MAX`] changes of one entry the oldest are joined into
//! plain stretches of time. Each change looks at two entries and drops those that ended long ago,
//! so that a list of entries that expire stays as large as what is in force; at the times of what
//! was dropped, a value that is not found is unknown.

use std::sync::Arc;

use super::filter::FilteredIndex;
use super::key::{Key, Lengths, Sought, is_in_range};
use crate::expr::UNKNOWN;
use crate::field::{EventType, Types};
use crate::language::ast::ListKind;
use crate::limits::{ENTRY_CHANGES_MAX, LIST_MEMORY_MS};

/// Ends the chain of changes.
const NONE: u32 = u32::MAX;

/// Entries that each change looks at to drop what ended long ago.
const SWEPT: usize = 2;

/// Notes that later changes may share.
const NOTES_SHARED: usize = 16;

/// Why something was changed, by what and by whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) reason: Box<str>,
    pub(crate) source: Box<str>,
    pub(crate) who: Box<str>,
}

/// What was done to an entry.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Change {
    /// When it was made, and the order among changes of the same millisecond.
    pub(crate) made: i64,
    pub(crate) sequence: u32,
    /// From when and until when the value is in the list; a removal ends before it begins.
    pub(crate) from: i64,
    pub(crate) until: i64,
    /// Types of events for which it is in the list.
    pub(crate) scope: Types,
    pub(crate) note: Arc<Note>,
    older: u32,
}

impl Change {
    pub(crate) fn add(
        (made, sequence): (i64, u32),
        (from, until): (i64, i64),
        scope: Types,
        note: Arc<Note>,
    ) -> Change {
        Change { made, sequence, from, until, scope, note, older: NONE }
    }

    pub(crate) fn remove((made, sequence): (i64, u32), note: Arc<Note>) -> Change {
        Change::add((made, sequence), (i64::MAX, i64::MIN), Types::ANY, note)
    }

    fn is_removal(&self) -> bool {
        self.until < self.from
    }

    /// What comes first where two are made at once: a removal takes back what was added with it.
    fn order(&self) -> (i64, u32, bool, i64, i64, Types) {
        (self.made, self.sequence, self.is_removal(), self.from, self.until, self.scope)
    }

    /// When it has no effect any more.
    fn over(&self) -> i64 {
        if self.is_removal() { self.made } else { self.until }
    }
}

/// One value of a list.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    key: u64,
    tenant: u32,
    length: u8,
    newest: Change,
    hits: u64,
    /// Empty when the place is free.
    value: Box<str>,
}

/// A moment to ask for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At {
    pub(crate) time: i64,
    pub(crate) on: EventType,
    pub(crate) tenant: u32,
}

/// See the module's essay.
#[derive(Clone, Debug)]
pub(crate) struct Entries {
    kind: ListKind,
    index: FilteredIndex,
    entries: Vec<Entry>,
    free: Vec<u32>,
    older: Vec<Change>,
    free_older: Vec<u32>,
    lengths: Lengths,
    /// Before this, a value that is not found is unknown.
    known_since: i64,
    /// What takes room: keys, and changes beside the newest.
    held: usize,
    hand: usize,
    /// The newest notes: changes mostly share theirs.
    notes: Vec<Arc<Note>>,
}

impl Entries {
    pub(crate) fn new(kind: ListKind) -> Entries {
        Entries {
            kind,
            index: FilteredIndex::default(),
            entries: Vec::new(),
            free: Vec::new(),
            older: Vec::new(),
            free_older: Vec::new(),
            lengths: Lengths::default(),
            known_since: i64::MIN,
            held: 0,
            hand: 0,
            notes: Vec::new(),
        }
    }

    /// A note, shared with the changes before that have the same.
    pub(crate) fn note(&mut self, reason: &str, source: &str, who: &str) -> Arc<Note> {
        let is_it =
            |note: &&Arc<Note>| (&*note.reason, &*note.source, &*note.who) == (reason, source, who);
        if let Some(note) = self.notes.iter().find(is_it) {
            return Arc::clone(note);
        }
        let note = Note { reason: reason.into(), source: source.into(), who: who.into() };
        let note = Arc::new(note);
        if self.notes.len() == NOTES_SHARED {
            self.notes.remove(0);
        }
        self.notes.push(Arc::clone(&note));
        note
    }

    /// Values, those that ended and are still kept included.
    pub(crate) fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    /// What takes room: keys, and changes beside the newest of each entry.
    pub(crate) fn held(&self) -> usize {
        self.held
    }

    /// Earlier changes are unknown: so is, for ever, a value that is not found.
    pub(crate) fn forget_the_past(&mut self) {
        self.known_since = i64::MAX;
    }

    /// Whether a value is in the list, and by which entry.
    pub(crate) fn test(&self, sought: Sought<'_>, at: At) -> (f64, Option<u32>) {
        let may_hold = |place| self.index.may_hold(place);
        let found = sought.look_up(self.kind, &self.lengths, may_hold, |place, key, text| {
            self.index.find(place, |number| {
                let entry = &self.entries[number as usize];
                let is_it = match self.kind {
                    ListKind::Bin => is_in_range(entry.key, entry.length, text),
                    _ => entry.key == key,
                };
                let is_theirs = entry.tenant == 0 || entry.tenant == at.tenant;
                is_it && is_theirs && self.is_in_force(entry, at.time, at.on)
            })
        });
        match found {
            Some(Some(number)) => (1.0, Some(number)),
            Some(None) if self.known_since <= at.time => (0.0, None),
            Some(None) | None => (UNKNOWN, None),
        }
    }

    fn is_in_force(&self, entry: &Entry, time: i64, on: EventType) -> bool {
        for change in self.changes(entry) {
            if time < change.made {
                continue;
            }
            if change.is_removal() {
                return false;
            }
            if change.from <= time && time < change.until && change.scope.contains(on) {
                return true;
            }
        }
        false
    }

    /// The changes of an entry, newest first.
    fn changes<'a>(&'a self, entry: &'a Entry) -> impl Iterator<Item = &'a Change> {
        std::iter::successors(Some(&entry.newest), |change| {
            (change.older != NONE).then(|| &self.older[change.older as usize])
        })
    }

    /// The entry of this very value.
    pub(crate) fn find(&self, key: &Key, tenant: u32) -> Option<u32> {
        let mut first = None;
        key.each(self.kind, |place, _| {
            first.get_or_insert(place);
        });
        self.index.find(first?, |number| {
            let entry = &self.entries[number as usize];
            (entry.key, entry.length, entry.tenant) == (key.key, key.length, tenant)
        })
    }

    /// Room that a change of this value takes.
    pub(crate) fn room_for(&self, key: &Key, tenant: u32) -> usize {
        if self.find(key, tenant).is_some() {
            return 1;
        }
        let mut places = 0;
        key.each(self.kind, |_, _| places += 1);
        places
    }

    /// Takes a change in; false when the entry has more changes in force than are kept.
    pub(crate) fn change(&mut self, key: &Key, tenant: u32, change: Change) -> bool {
        self.sweep(change.made);
        if let Some(number) = self.find(key, tenant) {
            return self.chain(number, change);
        }
        let entry = Entry {
            key: key.key,
            tenant,
            length: key.length,
            newest: change,
            hits: 0,
            value: key.value.as_str().into(),
        };
        let number = match self.free.pop() {
            Some(number) => {
                self.entries[number as usize] = entry;
                number
            }
            None => {
                self.entries.push(entry);
                self.entries.len() as u32 - 1
            }
        };
        let Entries { index, lengths, held, .. } = self;
        key.each(self.kind, |place, length| {
            index.insert(place, number);
            lengths.insert(length);
            *held += 1;
        });
        true
    }

    /// Puts a change among those of its entry.
    fn chain(&mut self, number: u32, mut change: Change) -> bool {
        let entry = &self.entries[number as usize];
        if self.changes(entry).any(|known| known.order() == change.order()) {
            return true;
        }
        if ENTRY_CHANGES_MAX <= self.changes(entry).count() && !self.join(number) {
            return false;
        }
        let newest = &mut self.entries[number as usize].newest;
        if newest.order() < change.order() {
            std::mem::swap(newest, &mut change);
            let placed = self.put_away(change);
            self.entries[number as usize].newest.older = placed;
            return true;
        }
        let mut before = NONE;
        let mut next = newest.older;
        while next != NONE && change.order() < self.older[next as usize].order() {
            before = next;
            next = self.older[next as usize].older;
        }
        change.older = next;
        let placed = self.put_away(change);
        match before {
            NONE => self.entries[number as usize].newest.older = placed,
            before => self.older[before as usize].older = placed,
        }
        true
    }

    fn put_away(&mut self, change: Change) -> u32 {
        self.held += 1;
        match self.free_older.pop() {
            Some(place) => {
                self.older[place as usize] = change;
                place
            }
            None => {
                self.older.push(change);
                self.older.len() as u32 - 1
            }
        }
    }

    /// Takes the changes behind the newest of an entry out, newest first.
    fn take_older(&mut self, number: u32) -> Vec<Change> {
        let mut taken = Vec::new();
        let mut next = std::mem::replace(&mut self.entries[number as usize].newest.older, NONE);
        while next != NONE {
            let change = &mut self.older[next as usize];
            self.free_older.push(next);
            next = std::mem::replace(&mut change.older, NONE);
            taken.push(change.clone());
            self.held -= 1;
        }
        taken
    }

    /// Joins the older half of an entry's changes: additions are cut where they were taken back,
    /// and those that touch become one. What is over is dropped first where nothing touches.
    fn join(&mut self, number: u32) -> bool {
        let mut newer = self.take_older(number);
        let count = newer.len();
        let old = newer.split_off(count / 2);
        // Oldest first; a removal cuts what was added before it.
        let mut stretches: Vec<Change> = Vec::with_capacity(old.len());
        for change in old.into_iter().rev() {
            if change.is_removal() {
                for stretch in &mut stretches {
                    stretch.until = stretch.until.min(change.made);
                }
                // What was to begin later never did.
                stretches.retain(|stretch| stretch.from < stretch.until);
                continue;
            }
            let touching = stretches.iter_mut().find(|stretch| {
                let touches = change.from <= stretch.until && stretch.from <= change.until;
                stretch.scope == change.scope && touches
            });
            match touching {
                Some(stretch) => {
                    stretch.from = stretch.from.min(change.from);
                    stretch.until = stretch.until.max(change.until);
                    stretch.note = change.note;
                }
                None => stretches.push(change),
            }
        }
        if stretches.len() + newer.len() == count {
            let now = self.entries[number as usize].newest.made;
            let oldest =
                stretches.iter().map(Change::over).enumerate().min_by_key(|(_, over)| *over);
            match oldest {
                Some((place, over)) if over <= now => {
                    stretches.remove(place);
                    self.known_since = self.known_since.max(over);
                }
                Some(_) | None => {}
            }
        }
        let has_joined = stretches.len() + newer.len() < count;
        stretches.sort_by_key(Change::order);
        for mut change in stretches.into_iter().chain(newer.into_iter().rev()) {
            change.older = self.entries[number as usize].newest.older;
            let placed = self.put_away(change);
            self.entries[number as usize].newest.older = placed;
        }
        has_joined
    }

    /// Drops entries that ended long before this time, of the next few.
    fn sweep(&mut self, time: i64) {
        let long_ago = time.saturating_sub(LIST_MEMORY_MS);
        for _ in 0..SWEPT.min(self.entries.len()) {
            self.hand = if self.hand + 1 < self.entries.len() { self.hand + 1 } else { 0 };
            let entry = &self.entries[self.hand];
            if entry.value.is_empty() {
                continue;
            }
            let over = self.changes(entry).map(Change::over).max().unwrap_or(i64::MAX);
            if long_ago <= over {
                continue;
            }
            self.known_since = self.known_since.max(over);
            let number = self.hand as u32;
            self.take_older(number);
            let entry = &mut self.entries[self.hand];
            let value = std::mem::take(&mut entry.value).into();
            let key = Key { value, key: entry.key, length: entry.length };
            let Entries { index, held, .. } = self;
            key.each(self.kind, |place, _| {
                index.remove(place, |found| found == number);
                *held -= 1;
            });
            self.free.push(number);
        }
    }

    /// All values that are kept.
    pub(crate) fn values(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| &*entry.value).filter(|value| !value.is_empty())
    }

    /// Counts a hit of an entry.
    pub(crate) fn hit(&mut self, number: u32) {
        self.entries[number as usize].hits += 1;
    }

    /// Numbers that entries have: below this.
    pub(crate) fn numbers(&self) -> u32 {
        self.entries.len() as u32
    }

    /// The value, tenant and hits of an entry with the change by which it is in the list at this
    /// time, or is to be in it later, whatever the type of the event; `None` when it is out of it.
    pub(crate) fn look(&self, number: u32, time: i64) -> Option<(&str, u32, u64, &Change)> {
        let entry = self.entries.get(number as usize)?;
        if entry.value.is_empty() {
            return None;
        }
        let made = self.changes(entry).filter(|change| change.made <= time);
        let mut standing = made.take_while(|change| !change.is_removal());
        let change = standing.find(|change| time < change.until)?;
        Some((&entry.value, entry.tenant, entry.hits, change))
    }
}
