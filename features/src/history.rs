//! The past of every entity, folded event by event: read the past, then record the present.
//!
//! [`History::observe`] gives the facts of an event and records it; [`History::record`] records
//! alone; [`History::evaluate`] gives the facts alone; [`History::census`] counts what is held. Hidden here: entity tables, the order of the fold, what
//! outcome events inherit from the event they refer to, eviction, and what is too late.
//!
//! **One order.** The fold runs in one sequence, behind one lock that is held for the fold alone
//! (no I/O, no call-out); whoever replays the same events in the same order gets the same facts,
//! bit for bit. Entities sit in sharded maps so that look-ups beside the fold do not wait for it.
//!
//! **Bounded.** Each table holds at most [`Limits::entities_max`] entities. A new one beyond that
//! evicts the least recently touched; an evicted key reads unknown, never zero, until its windows
//! have passed.
//!
//! Cost of an event: each key is hashed and looked up once to read and once to record, then what
//! `window` says. It allocates for the fields that outcomes of a scored event will inherit, and
//! where a buffer of rows or a table grows.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dashmap::DashMap;
use foldhash::fast::FixedState;

use crate::event::Event;
use crate::expr::{Scope, UNKNOWN};
use crate::field::{EventType, FieldId, ids};
use crate::limits::COLUMNS_MAX;
use crate::plan::{KeyPart, Lookup, OUTCOMES, Plan, Step, Table};
use crate::window::{ABSENT, Entity, Row};

/// Evicted keys remembered one by one, for each entity that a table may hold: 24 bytes each. Beyond
/// that, every stranger reads unknown for as far back as the newest of the forgotten.
const REMEMBERED: usize = 8;

/// How much history is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Entities a table may hold.
    pub entities_max: usize,
    /// Scored events that outcome events can still refer to.
    pub origins_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { entities_max: 4_000_000, origins_max: 4_000_000 }
    }
}

/// What became of an observed event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It counts in later windows.
    Yes,
    /// It came more than the allowed lateness after it happened: answered, not counted.
    TooLate,
    /// It is marked as a test: answered, not counted.
    Test,
    /// The event it refers to already carries this label: counted once.
    Repeated,
}

/// What is held and what was given up, for metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Table name, entities held, entities evicted so far.
    pub tables: Vec<(String, usize, u64)>,
    /// Events that outcomes can refer to.
    pub origins: usize,
    /// Events folded.
    pub events: u64,
    /// Events too late to count.
    pub late: u64,
}

/// The past; see the module's essay.
#[derive(Debug)]
pub struct History {
    plan: Arc<Plan>,
    limits: Limits,
    entities: Vec<DashMap<u64, Entity, FixedState>>,
    // A `std` mutex: the fold never waits for anything while it holds it.
    fold: Mutex<Fold>,
}

/// What only the fold touches.
#[derive(Debug)]
struct Fold {
    stamp: u64,
    late: u64,
    keepers: Vec<Keeper>,
    origins: Origins,
    scratch: Scratch,
}

/// Buffers of one fold, kept so that it need not allocate.
#[derive(Debug)]
struct Scratch {
    readings: Vec<f64>,
    /// Which conditions of the plan hold of the event.
    holds: Vec<bool>,
}

/// Who was touched when, who was given up: one a table.
#[derive(Debug, Default)]
struct Keeper {
    /// Keys in order of the stamp they had when they were queued.
    queue: VecDeque<(u64, u64)>,
    /// Evicted keys with the time of their newest event.
    evicted: HashMap<u64, i64, FixedState>,
    /// Newest event time among evicted keys that are no longer remembered one by one.
    forgotten: i64,
    evictions: u64,
}

/// Scored events by id, with the fields that their outcomes inherit.
#[derive(Debug, Default)]
struct Origins {
    events: HashMap<u64, Origin, FixedState>,
    queue: VecDeque<u64>,
}

#[derive(Debug)]
struct Origin {
    kind: EventType,
    is_labelled_fraud: bool,
    fields: Arc<[(FieldId, u64)]>,
}

impl History {
    /// An empty history for a plan.
    pub fn new(plan: Arc<Plan>, limits: Limits) -> History {
        let keeper = || Keeper { forgotten: i64::MIN, ..Keeper::default() };
        let fold = Fold {
            stamp: 0,
            late: 0,
            keepers: plan.tables.iter().map(|_| keeper()).collect(),
            origins: Origins::default(),
            scratch: Scratch { readings: vec![UNKNOWN; plan.readings], holds: Vec::new() },
        };
        let map = |_: &Table| DashMap::with_hasher_and_shard_amount(FixedState::default(), 64);
        let entities = plan.tables.iter().map(map).collect();
        History { plan, limits, entities, fold: Mutex::new(fold) }
    }

    /// The plan this history follows.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Reads the facts of the event's past into `facts`, then records the event.
    ///
    /// An outcome event (issuer answer, challenge, label, dispute, refund) first inherits the
    /// fields of the event it refers to. `in_order` runs inside the fold, after it: what it does
    /// has the order of the fold.
    pub fn observe<T>(
        &self,
        event: &mut Event,
        facts: &mut Vec<f64>,
        in_order: impl FnOnce() -> T,
    ) -> (Recorded, T) {
        let mut fold = self.lock();
        let fold = &mut *fold;
        fold.stamp += 1;
        let repeated = self.inherit(&mut fold.origins, event, Labels::Count);
        self.plan.hold(event, &mut fold.scratch.holds);
        self.read(&fold.keepers, &mut fold.scratch, event, facts);
        (self.fold_in(fold, event, repeated), in_order())
    }

    /// Records an event whose facts nobody asks for; `in_order` as in [`History::observe`].
    pub fn record<T>(&self, event: &mut Event, in_order: impl FnOnce() -> T) -> (Recorded, T) {
        let mut fold = self.lock();
        let fold = &mut *fold;
        fold.stamp += 1;
        let repeated = self.inherit(&mut fold.origins, event, Labels::Count);
        self.plan.hold(event, &mut fold.scratch.holds);
        (self.fold_in(fold, event, repeated), in_order())
    }

    /// Reads the facts of an event as if it came now, without recording it.
    pub fn evaluate(&self, event: &mut Event, facts: &mut Vec<f64>) {
        let mut fold = self.lock();
        let fold = &mut *fold;
        self.inherit(&mut fold.origins, event, Labels::Look);
        self.plan.hold(event, &mut fold.scratch.holds);
        self.read(&fold.keepers, &mut fold.scratch, event, facts);
    }

    /// What is held.
    pub fn census(&self) -> Census {
        let fold = self.lock();
        let tables = self.plan.tables.iter().zip(&self.entities).zip(&fold.keepers);
        Census {
            tables: tables.map(|((t, e), k)| (t.name.clone(), e.len(), k.evictions)).collect(),
            origins: fold.origins.events.len(),
            events: fold.stamp,
            late: fold.late,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Fold> {
        // A panic inside the fold would be a bug of ours; the state is still one of its own
        // intermediate states, and answering from it beats refusing every later payment.
        self.fold.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, keepers: &[Keeper], scratch: &mut Scratch, event: &Event, facts: &mut Vec<f64>) {
        facts.clear();
        facts.resize(self.plan.facts().len(), UNKNOWN);
        for step in &self.plan.steps {
            match *step {
                Step::Fact(index) => {
                    let scope = Scope { event: Some(event), readings: &scratch.readings, facts };
                    facts[index] = self.plan.fact(index, scope);
                }
                Step::Lookup(index) => {
                    let lookup = &self.plan.lookups[index];
                    self.look_up(lookup, &keepers[lookup.table], scratch, event, facts);
                }
            }
        }
    }

    fn look_up(
        &self,
        lookup: &Lookup,
        keeper: &Keeper,
        scratch: &mut Scratch,
        event: &Event,
        facts: &[f64],
    ) {
        let table = &self.plan.tables[lookup.table];
        let Scratch { readings, holds } = scratch;
        let part = |part: &KeyPart| match part {
            KeyPart::Field(field) => event.bits(*field),
            KeyPart::Fact(fact) => {
                let value = facts[usize::from(*fact)];
                (!value.is_nan()).then_some(value as i64 as u64)
            }
        };
        let Some(key) = key_of(event, lookup.key.iter().map(part)) else {
            lookup.questions.iter().for_each(|q| readings[usize::from(q.reading)] = UNKNOWN);
            return;
        };
        let mut values = [ABSENT; COLUMNS_MAX];
        let asks_own = lookup.questions.iter().any(|q| q.question.including_this);
        let own = lookup.own.filter(|_| asks_own).map(|recording| {
            let mask = table.row(&table.recordings[recording], event, holds, &mut values);
            Row { time: event.time(), mask, values: &values[..table.shape.columns] }
        });
        // The guard lives for this look-up only: nothing else is called while it is held.
        let guard = self.entities[lookup.table].get(&key);
        let stranger = guard.is_none().then(|| Entity::new(keeper.known_since(key)));
        let entity = guard.as_deref().or(stranger.as_ref());
        for asked in &lookup.questions {
            let answer = entity
                .map_or(UNKNOWN, |e| e.answer(&table.shape, &asked.question, event.time(), own));
            let scaled = matches!(asked.question.aggregate, a if a.is_of_values());
            readings[usize::from(asked.reading)] =
                if scaled { answer / asked.scale } else { answer };
        }
    }

    fn fold_in(&self, fold: &mut Fold, event: &Event, repeated: bool) -> Recorded {
        if event.is_test() {
            return Recorded::Test;
        }
        if event.is_late() && event.event_type() != EventType::Label {
            fold.late += 1;
            return Recorded::TooLate;
        }
        if repeated {
            return Recorded::Repeated;
        }
        for (index, table) in self.plan.tables.iter().enumerate() {
            for recording in &table.recordings {
                let mut values = [ABSENT; COLUMNS_MAX];
                let mask = table.row(recording, event, &fold.scratch.holds, &mut values);
                if mask == 0 {
                    continue;
                }
                let parts = recording.key.iter().map(|field| event.bits(*field));
                if let Some(key) = key_of(event, parts) {
                    let values = &values[..table.shape.columns];
                    self.insert(fold, index, key, Row { time: event.time(), mask, values });
                }
            }
        }
        if event.event_type().is_scored() {
            fold.origins.remember(event, &self.plan.inherited, self.limits.origins_max);
        }
        Recorded::Yes
    }

    fn insert(&self, fold: &mut Fold, index: usize, key: u64, row: Row<'_>) {
        let table = &self.plan.tables[index];
        let keeper = &mut fold.keepers[index];
        let map = &self.entities[index];
        if let Some(mut entity) = map.get_mut(&key) {
            entity.touched = fold.stamp;
            entity.insert(&table.shape, row);
            return;
        }
        let mut entity = Entity::new(keeper.known_since(key));
        keeper.evicted.remove(&key);
        entity.touched = fold.stamp;
        entity.insert(&table.shape, row);
        map.insert(key, entity);
        keeper.queue.push_back((key, fold.stamp));
        while self.limits.entities_max < map.len() {
            keeper.evict_one(map, REMEMBERED * self.limits.entities_max);
        }
    }

    /// Gives an outcome event the fields it lacks and its origin has; says whether it is a label
    /// that its origin already carries.
    fn inherit(&self, origins: &mut Origins, event: &mut Event, labels: Labels) -> bool {
        if !OUTCOMES.contains(&event.event_type()) {
            return false;
        }
        let id = [ids::REF_ID, ids::ORIGINAL_PAYMENT_ID, ids::PAYMENT_ID]
            .iter()
            .find_map(|field| event.bits(*field));
        let key = id.and_then(|id| key_of(event, [Some(id)].into_iter()));
        let Some(origin) = key.and_then(|key| origins.events.get_mut(&key)) else { return false };
        for (field, bits) in origin.fields.iter() {
            if !event.has(*field) {
                event.adopt(*field, *bits);
            }
        }
        if !event.has(ids::REF_EVENT_TYPE) {
            event.adopt(ids::REF_EVENT_TYPE, origin.kind as u64);
        }
        let is_fraud = event.event_type() == EventType::Label
            && event.text(ids::LABEL).is_some_and(|label| label == "fraud");
        let repeated = is_fraud && origin.is_labelled_fraud;
        origin.is_labelled_fraud |= is_fraud && labels == Labels::Count;
        repeated
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Labels {
    Count,
    Look,
}

impl Keeper {
    /// Since when everything about a key that is not in the table would be known.
    fn known_since(&self, key: u64) -> i64 {
        self.evicted.get(&key).copied().unwrap_or(i64::MIN).max(self.forgotten)
    }

    /// Evicts the least recently touched entity: the queue is corrected as it is read.
    fn evict_one(&mut self, map: &DashMap<u64, Entity, FixedState>, remembered_max: usize) {
        while let Some((key, queued)) = self.queue.pop_front() {
            let Some(touched) = map.get(&key).map(|entity| entity.touched) else { continue };
            if queued < touched {
                self.queue.push_back((key, touched));
                continue;
            }
            if let Some((_, entity)) = map.remove(&key) {
                self.evictions += 1;
                self.evicted.insert(key, entity.newest());
            }
            break;
        }
        if remembered_max < self.evicted.len() {
            // The largest of all is the same in any order.
            #[allow(clippy::iter_over_hash_type)]
            for newest in self.evicted.values() {
                self.forgotten = self.forgotten.max(*newest);
            }
            self.evicted.clear();
        }
    }
}

impl Origins {
    fn remember(&mut self, event: &Event, inherited: &[FieldId], origins_max: usize) {
        if inherited.is_empty() {
            return;
        }
        let held = |field: &FieldId| event.bits(*field).map(|bits| (*field, bits));
        let fields: Arc<[(FieldId, u64)]> = inherited.iter().filter_map(held).collect();
        let names = [ids::EVENT_ID]
            .into_iter()
            .chain(event.event_type().business_id())
            .filter_map(|field| event.bits(field));
        let mut previous = None;
        for id in names.filter_map(|id| key_of(event, [Some(id)].into_iter())) {
            if previous.replace(id) == Some(id) {
                continue;
            }
            let kind = event.event_type();
            let fields = Arc::clone(&fields);
            let origin = Origin { kind, is_labelled_fraud: false, fields };
            if self.events.insert(id, origin).is_none() {
                self.queue.push_back(id);
            }
        }
        while origins_max < self.events.len() {
            match self.queue.pop_front() {
                Some(oldest) => self.events.remove(&oldest),
                None => break,
            };
        }
    }
}

/// The key of an entity within its tenant; `None` when a part is absent.
fn key_of(event: &Event, parts: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    let tenant = event.bits(ids::TENANT_ID).unwrap_or(0);
    let mut key = mix(tenant, 0x9E37_79B9_7F4A_7C15);
    for part in parts {
        key = mix(key, part?);
    }
    Some(key)
}

/// Folds a 128-bit product: cheap, and good enough behind text hashes that are keyed already.
fn mix(a: u64, b: u64) -> u64 {
    let product = u128::from(a ^ 0x2D35_8DCC_AA6C_78A5) * u128::from(b ^ 0x8BB8_4B93_962E_ACC9);
    (product as u64) ^ (product >> 64) as u64
}
