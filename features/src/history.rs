//! The past of every entity, folded event by event: read the past, then record the present.
//!
//! [`History::observe`] gives the facts of an event and records it; [`History::record`] records
//! alone; [`History::evaluate`] gives the facts alone; [`History::census`] counts what is held.
//! Hidden here: entity tables, the order of the fold, what outcome events inherit from the event
//! they refer to, eviction, and what is too late.
//!
//! **One order.** The fold runs in one sequence, behind one lock that is held for the fold alone
//! (no I/O, no call-out); whoever replays the same events in the same order gets the same facts,
//! bit for bit.
//!
//! **Bounded.** Each table holds at most [`Limits::entities_max`] entities. A new one beyond that
//! evicts one that was not touched lately; an evicted key reads unknown, never zero, until its
//! windows have passed.
//!
//! Cost of an event: all keys are hashed, then all entities fetched, then all questions answered
//! (see `window`); the places found are used again to record. It allocates where a page, a table or
//! what a busy entity keeps beside its rows grows (a table by one part in 256 at a time), and for a
//! late event that counts different values at a busy key.

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::arena::Arena;
use crate::entities::Entities;
use crate::event::Event;
use crate::expr::{Component, UNKNOWN};
use crate::field::{EventType, FieldId, ids};
use crate::graph::{Graph, Nodes, Sought};
use crate::limits::{COLUMNS_MAX, RAW_MAX};
use crate::lists::Lists;
use crate::origins::Origins;
use crate::plan::{Ask, Find, KeyPart, Leave, ListTest, OUTCOMES, Plan, Table};
use crate::window::{ABSENT, Entity, FETCHES, Question, Row, Shape, Work};

/// Bounds of [`Limits::raw_max`].
const ROWS_MIN: usize = 64;
const ROWS_MAX: usize = 32_768;

/// How much history is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Entities a table may hold, 1 to 2^31.
    pub entities_max: usize,
    /// Scored events that outcome events can still refer to.
    pub origins_max: usize,
    /// Newest events that an entity keeps raw, 64 to 32,768: windows over them are exact.
    pub raw_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { entities_max: 4_000_000, origins_max: 4_000_000, raw_max: RAW_MAX }
    }
}

impl Limits {
    /// The same within the bounds.
    fn bounded(self) -> Limits {
        let entities_max = self.entities_max.clamp(1, 1 << 31);
        Limits { entities_max, raw_max: self.rows(), ..self }
    }

    /// Rows kept raw, within the bounds.
    pub(crate) fn rows(&self) -> usize {
        self.raw_max.clamp(ROWS_MIN, ROWS_MAX)
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
    /// It changes a list that does not take it, see [`Lists`]: the list stays as it is.
    Refused,
}

/// What is held and what was given up, for metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Table name, entities held, entities evicted or refused so far.
    pub tables: Vec<(String, usize, u64)>,
    /// Events that outcomes can refer to.
    pub origins: usize,
    /// Events folded.
    pub events: u64,
    /// Events too late to count.
    pub late: u64,
    /// Name of each list and the entries it keeps, those that ended not long ago included.
    pub lists: Vec<(String, usize)>,
    /// Changes of lists that no list took.
    pub list_refusals: u64,
    /// Bytes held, but for what busy entities keep beside their rows.
    pub bytes: usize,
}

/// The past; see the module's essay.
#[derive(Debug)]
pub struct History {
    plan: Arc<Plan>,
    limits: Limits,
    /// One for each table of the plan.
    shapes: Vec<Shape>,
    // A `std` mutex: the fold never waits for anything while it holds it.
    fold: Mutex<Fold>,
}

/// What only the fold touches.
#[derive(Debug)]
struct Fold {
    events: u64,
    late: u64,
    newest_ms: i64,
    tables: Vec<Entities>,
    arena: Arena,
    origins: Origins,
    lists: Lists,
    /// Kept when a fact asks who belongs together.
    graph: Option<Graph>,
    scratch: Scratch,
}

/// Buffers of one fold, kept so that it need not allocate.
#[derive(Debug)]
struct Scratch {
    /// Of the program that is running; the first ones are the readings.
    registers: Vec<f64>,
    seen: SeenOnce,
    /// Who the event brings together, where somebody keeps that.
    sought: Sought,
    /// Keys under which the event will be held for outcomes.
    names: Option<[u64; 2]>,
    /// Lists, and entries of them, that the event met where facts ask.
    met: Vec<(u16, u32)>,
}

/// What is found out about an event once and asked several times.
#[derive(Debug)]
struct SeenOnce {
    /// Which conditions of the plan hold of the event.
    holds: Vec<bool>,
    /// Values of the event, as far as somebody asked.
    values: Vec<Option<i64>>,
    /// Key and likely place of the entity of each look-up.
    keys: Vec<Option<u64>>,
    places: Vec<Option<u32>>,
    work: Work,
}

impl History {
    /// An empty history for a plan: nothing happened before the first event.
    pub fn new(plan: Arc<Plan>, limits: Limits) -> History {
        History::open(plan, limits, None)
    }

    /// A history that begins in the middle: what happened before `since_ms` is unknown to it, so a
    /// window that reaches back further reads unknown until it has passed. What is for life stays
    /// unknown, and so does who belongs together, whose frauds are for life.
    ///
    /// It must be given every event after that. One that refers to an event before it (a late
    /// answer of an issuer, a label) finds nothing to inherit, as after an eviction.
    pub fn new_since(plan: Arc<Plan>, limits: Limits, since_ms: i64) -> History {
        History::open(plan, limits, Some(since_ms))
    }

    fn open(plan: Arc<Plan>, limits: Limits, since_ms: Option<i64>) -> History {
        let limits = limits.bounded();
        let mut shapes: Vec<Shape> = plan.tables.iter().map(|table| table.shape.clone()).collect();
        for shape in &mut shapes {
            (shape.raw_max, shape.since_ms) = (limits.raw_max, since_ms);
        }
        let mut lists = Lists::new(plan.lists());
        if since_ms.is_some() {
            lists.forget_the_past();
        }
        // A reading that nobody writes stays unknown.
        let has_graph = !plan.components.is_empty() && since_ms.is_none();
        let fold = Fold {
            events: 0,
            late: 0,
            newest_ms: 0,
            tables: plan.tables.iter().map(|_| Entities::default()).collect(),
            arena: Arena::default(),
            origins: Origins::default(),
            lists,
            graph: has_graph.then(|| Graph::new(limits.entities_max)),
            scratch: Scratch {
                registers: vec![UNKNOWN; plan.registers()],
                seen: SeenOnce {
                    holds: vec![false; plan.conditions()],
                    values: vec![None; plan.values.len()],
                    keys: vec![None; plan.lookups.len()],
                    places: vec![None; plan.lookups.len()],
                    work: Work::default(),
                },
                sought: Sought::default(),
                names: None,
                met: Vec::with_capacity(plan.tests()),
            },
        };
        History { plan, limits, shapes, fold: Mutex::new(fold) }
    }

    /// How much it keeps.
    pub fn limits(&self) -> Limits {
        self.limits
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
        let repeated = self.begin(fold, event, Labels::Count);
        let turn = self.plan.turn(event.event_type());
        self.find(fold, event, &turn.to_observe);
        fold.ask_lists(event, &turn.lists_to_read);
        self.read(fold, event, facts);
        (self.fold_in(fold, event, repeated), in_order())
    }

    /// Records an event whose facts nobody asks for; `in_order` as in [`History::observe`].
    pub fn record<T>(&self, event: &mut Event, in_order: impl FnOnce() -> T) -> (Recorded, T) {
        let mut fold = self.lock();
        let fold = &mut *fold;
        let repeated = self.begin(fold, event, Labels::Count);
        let turn = self.plan.turn(event.event_type());
        self.find(fold, event, &turn.to_leave);
        if event.is_score_requested() {
            // It was decided before: it counts for what it met.
            fold.ask_lists(event, &turn.lists_to_read);
        }
        (self.fold_in(fold, event, repeated), in_order())
    }

    /// Reads the facts of an event as if it came now, without recording it.
    pub fn evaluate(&self, event: &mut Event, facts: &mut Vec<f64>) {
        let mut fold = self.lock();
        let fold = &mut *fold;
        self.begin(fold, event, Labels::Look);
        let turn = self.plan.turn(event.event_type());
        self.find(fold, event, &turn.to_ask);
        fold.ask_lists(event, &turn.lists_to_read);
        self.read(fold, event, facts);
    }

    /// Looks at the lists as they are between two folds. Everybody waits for it: a look at many
    /// entries is one at a page after the other.
    ///
    /// Beside them stands when the newest event was received, in milliseconds; 0 before the first.
    pub fn look_at_lists<T>(&self, look: impl FnOnce(&Lists, i64) -> T) -> T {
        let fold = self.lock();
        look(&fold.lists, fold.newest_ms)
    }

    /// What is held.
    pub fn census(&self) -> Census {
        let fold = self.lock();
        let tables = self.plan.tables.iter().zip(&fold.tables);
        let entities: usize = fold.tables.iter().map(Entities::held).sum();
        let mut tables: Vec<(String, usize, u64)> =
            tables.map(|(t, e)| (t.name.clone(), e.len(), e.evictions)).collect();
        if let Some(graph) = &fold.graph {
            let held = graph.census();
            tables.push(("graph accounts".to_owned(), held.accounts, 0));
            tables.push(("graph items".to_owned(), held.items, held.refused));
        }
        Census {
            tables,
            origins: fold.origins.len(),
            events: fold.events,
            late: fold.late,
            lists: fold.lists.kept().collect(),
            list_refusals: fold.lists.ignored(),
            bytes: entities + fold.arena.held() + fold.origins.held(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Fold> {
        // A panic inside the fold would be a bug of ours; the state is still one of its own
        // intermediate states, and answering from it beats refusing every later payment.
        self.fold.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Inherits, and settles what of the event is asked more than once.
    fn begin(&self, fold: &mut Fold, event: &mut Event, labels: Labels) -> bool {
        if labels == Labels::Count {
            fold.events += 1;
            fold.newest_ms = fold.newest_ms.max(event.received());
        }
        let repeated = self.inherit(fold, event, labels);
        fold.scratch.met.clear();
        fold.ask_lists(event, &self.plan.turn(event.event_type()).lists_to_hold);
        let Scratch { seen, registers, .. } = &mut fold.scratch;
        self.plan.hold(event, registers, &mut seen.holds);
        seen.values.fill(None);
        repeated
    }

    /// Finds all that the event touches: fetches all entities, then their rows, then what they keep
    /// beside them, and likewise what graph and origins will look at. Each round asks for memory that
    /// nothing else in it waits for, so that the processor fetches it all at once.
    fn find(&self, fold: &mut Fold, event: &Event, finds: &[Find]) {
        let Fold { tables, arena, origins, graph, scratch, .. } = fold;
        let Scratch { seen: SeenOnce { keys, places, .. }, sought, names, .. } = scratch;
        for Find { lookup, table } in finds {
            let fields = self.plan.lookups[*lookup].key.iter().map(|part| match part {
                KeyPart::Field(field) => event.bits(*field),
                KeyPart::Fact(_) => None,
            });
            let key = key_of(event, self.plan.tables[*table].key_mask, fields);
            key.into_iter().for_each(|key| tables[*table].fetch_home(key));
            keys[*lookup] = key;
        }
        if graph.is_some() {
            *sought = Sought::new(&nodes_of(event), event.time());
        }
        let graph = graph.as_ref().filter(|_| self.is_linking(event));
        graph.into_iter().for_each(|graph| graph.fetch_index(sought));
        *names = names_of(event);
        names.iter().for_each(|names| origins.fetch_index(*names));
        for Find { lookup, table } in finds {
            places[*lookup] = keys[*lookup].and_then(|key| tables[*table].find(key));
        }
        graph.into_iter().for_each(|graph| graph.locate(sought));
        origins.fetch_oldest();
        for round in 0..FETCHES {
            for Find { lookup, table } in finds {
                let place = places[*lookup];
                place.into_iter().for_each(|place| tables[*table].fetch(place, round, arena));
            }
            let near = graph.map(|graph| match round {
                0 => graph.touch(sought),
                _ => graph.touch_roots(sought),
            });
            std::hint::black_box(near);
        }
    }

    /// Whether an event brings nodes together, or asks who is.
    fn is_linking(&self, event: &Event) -> bool {
        let kind = event.event_type();
        !OUTCOMES.contains(&kind) || self.plan.turn(kind).asks_graph
    }

    fn read(&self, fold: &mut Fold, event: &Event, facts: &mut Vec<f64>) {
        let turn = self.plan.turn(event.event_type());
        let Fold { tables, arena, scratch, graph, .. } = fold;
        let Scratch { registers, seen, sought, .. } = scratch;
        if let (true, Some(graph)) = (turn.asks_graph, graph) {
            let found = graph.read(sought);
            for (component, reading) in &self.plan.components {
                registers[usize::from(*reading)] = match component {
                    Component::Size => found.size,
                    Component::Fraud => found.fraud,
                    Component::AgeSpread => found.age_spread_ms,
                    Component::FraudTwoSteps => found.fraud_two_steps,
                };
            }
        }
        for Ask { lookup, questions } in &turn.asks {
            self.look_up((*lookup, questions), tables, arena, seen, event, registers);
        }
        turn.program.run(event, facts, registers, |index, registers| {
            let lookup = &self.plan.lookups[index];
            let parts = lookup.key.iter().map(|part| match part {
                KeyPart::Field(field) => event.bits(*field),
                KeyPart::Fact(fact) => {
                    let value = turn.program.fact(*fact, registers);
                    (!value.is_nan()).then_some(value as i64 as u64)
                }
            });
            seen.keys[index] = key_of(event, self.plan.tables[lookup.table].key_mask, parts);
            seen.places[index] = seen.keys[index].and_then(|key| tables[lookup.table].find(key));
            self.look_up((index, &lookup.questions), tables, arena, seen, event, registers);
        });
    }

    fn look_up(
        &self,
        (index, questions): (usize, &[Question]),
        tables: &[Entities],
        arena: &Arena,
        seen: &mut SeenOnce,
        event: &Event,
        readings: &mut [f64],
    ) {
        let lookup = &self.plan.lookups[index];
        let entities = &tables[lookup.table];
        let SeenOnce { holds, values, keys, places, work } = seen;
        let Some(key) = keys[index] else {
            questions.iter().for_each(|q| readings[usize::from(q.reading)] = UNKNOWN);
            return;
        };
        let table = &self.plan.tables[lookup.table];
        let shape = &self.shapes[lookup.table];
        let mut own_values = [ABSENT; COLUMNS_MAX];
        let mut mask = 0;
        if lookup.asks_own
            && let Some(own) = lookup.own
        {
            mask = table.recordings[own].mask(event.event_type(), holds);
            self.fill(table, mask, (event, readings), values, &mut own_values);
        }
        for column in &lookup.compared {
            let column = usize::from(*column);
            let index = table.columns[column].0;
            own_values[column] = self.value(index, (event, readings), values);
        }
        let own = Row { time: event.time(), mask, values: &own_values[..shape.columns] };
        let found = places[index].and_then(|place| entities.entity(place, key));
        let stranger;
        let entity = match found {
            Some(entity) => entity,
            None => {
                stranger = Entity::new(key, entities.known_since(key));
                &stranger
            }
        };
        let asked = (lookup.spans.as_slice(), questions);
        entity.answer((shape, &entities.codes, arena), asked, event.time(), own, work, readings);
    }

    fn fold_in(&self, fold: &mut Fold, event: &Event, repeated: bool) -> Recorded {
        if event.is_test() {
            return Recorded::Test;
        }
        let kind = event.event_type();
        let mut recorded = Recorded::Yes;
        if kind == EventType::ListUpdate {
            // However late, it counts from its own time on.
            if !fold.lists.apply(event) {
                recorded = Recorded::Refused;
            }
            if event.is_late() {
                fold.late += 1;
                return recorded;
            }
        }
        if event.is_late() && kind != EventType::Label {
            fold.late += 1;
            return Recorded::TooLate;
        }
        if repeated {
            return Recorded::Repeated;
        }
        let Fold { tables, arena, origins, lists, graph, scratch, .. } = fold;
        let Scratch { registers, seen, sought, names, met, .. } = scratch;
        if event.is_score_requested() {
            lists.count(met);
        }
        for Leave { table: index, recording, lookup } in &self.plan.turn(kind).leaves {
            let index = *index;
            let table = &self.plan.tables[index];
            let recording = &table.recordings[*recording];
            let mask = recording.mask(kind, &seen.holds);
            if mask == 0 {
                continue;
            }
            let (key, place) = (seen.keys[*lookup], seen.places[*lookup]);
            if let Some(key) = key {
                let mut values = [ABSENT; COLUMNS_MAX];
                self.fill(table, mask, (event, registers), &mut seen.values, &mut values);
                let shape = &self.shapes[index];
                let row = Row { time: event.time(), mask, values: &values[..shape.columns] };
                let (work, most) = (&mut seen.work, self.limits.entities_max);
                tables[index].insert(shape, arena, key, place, row, work, most);
            }
        }
        if let Some(graph) = graph {
            if !OUTCOMES.contains(&kind) {
                let opened = event.bits(ids::ACCOUNT_CREATED_MS).map(|bits| bits as i64);
                graph.record(sought, opened);
            } else if let (true, Some(account)) = (is_fraud_label(event), sought.account()) {
                graph.mark_fraud(account, event.time());
            }
        }
        if let Some(names) = *names {
            let inherited = &self.plan.inherited;
            origins.remember(event, names, inherited, arena, self.limits.origins_max);
        }
        recorded
    }

    /// The values that the channels of a row ask for.
    fn fill(
        &self,
        table: &Table,
        mask: u128,
        event: (&Event, &[f64]),
        known: &mut [Option<i64>],
        values: &mut [i64; COLUMNS_MAX],
    ) {
        for ((value, channels), into) in table.columns.iter().zip(values) {
            if channels & mask != 0 {
                *into = self.value(*value, event, known);
            }
        }
    }

    /// A value of the event, evaluated once; beside the event stands what lists say.
    fn value(
        &self,
        index: u16,
        (event, readings): (&Event, &[f64]),
        known: &mut [Option<i64>],
    ) -> i64 {
        let index = usize::from(index);
        *known[index].get_or_insert_with(|| self.plan.values[index].of(event, readings))
    }

    /// Gives an outcome event the fields it lacks and its origin has; says whether it is a label
    /// that its origin already carries.
    fn inherit(&self, fold: &mut Fold, event: &mut Event, labels: Labels) -> bool {
        let Some(key) = reference_of(event) else { return false };
        let (inherited, counts) = (&self.plan.inherited, labels == Labels::Count);
        fold.origins.pass_on(key, inherited, &fold.arena, event, counts)
    }
}

impl Fold {
    /// Asks lists about the event; their answers are readings.
    fn ask_lists(&mut self, event: &Event, tests: &[ListTest]) {
        let Scratch { registers, met, .. } = &mut self.scratch;
        let asked = tests.iter().map(|test| (test.field, test.list));
        self.lists.ask(event, asked, |place, truth, entry| {
            let test = tests[place];
            registers[usize::from(test.reading)] = truth;
            if let (true, Some(entry)) = (test.is_of_fact, entry) {
                met.push((test.list, entry));
            }
        });
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Labels {
    Count,
    Look,
}

/// Whether an event says that another was fraud.
pub(crate) fn is_fraud_label(event: &Event) -> bool {
    event.event_type() == EventType::Label && event.text(ids::LABEL) == Some("fraud")
}

/// The key of the event that an outcome refers to.
fn reference_of(event: &Event) -> Option<u64> {
    if !OUTCOMES.contains(&event.event_type()) {
        return None;
    }
    let mut fields = [ids::REF_ID, ids::ORIGINAL_PAYMENT_ID, ids::PAYMENT_ID].iter();
    let id = fields.find_map(|field| event.bits(*field))?;
    key_of(event, u64::MAX, [Some(id)].into_iter())
}

/// Who an event brings together.
fn nodes_of(event: &Event) -> Nodes {
    let node = |field: FieldId| key_of(event, u64::MAX, [event.bits(field)].into_iter());
    Nodes {
        account: node(ids::ACCOUNT_ID),
        device: node(ids::DEVICE_DEVICE_ID),
        card: node(ids::CARD_CARD_TOKEN),
        document: node(ids::DOC_HASH),
        email: node(ids::EMAIL_CANON_HASH).or_else(|| node(ids::EMAIL_HASH)),
    }
}

/// Keys of a scored event's id and of its business id, equal when it has only one.
fn names_of(event: &Event) -> Option<[u64; 2]> {
    let kind = event.event_type();
    if !kind.is_scored() {
        return None;
    }
    let names = [Some(ids::EVENT_ID), kind.business_id()];
    let key = |field: FieldId| key_of(event, u64::MAX, [event.bits(field)].into_iter());
    let keys = names.map(|field| field.and_then(key));
    let first = keys[0].or(keys[1])?;
    Some(keys.map(|key| key.unwrap_or(first)))
}

/// The key of an entity within its tenant; `None` when a part is absent. Of each part the bits of
/// `mask` count.
fn key_of(event: &Event, mask: u64, parts: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    let tenant = event.bits(ids::TENANT_ID).unwrap_or(0);
    let mut key = mix(tenant, 0x9E37_79B9_7F4A_7C15);
    for part in parts {
        key = mix(key, part? & mask);
    }
    Some(key)
}

/// Folds a 128-bit product: cheap, and good enough behind text hashes that are keyed already.
fn mix(a: u64, b: u64) -> u64 {
    let product = u128::from(a ^ 0x2D35_8DCC_AA6C_78A5) * u128::from(b ^ 0x8BB8_4B93_962E_ACC9);
    (product as u64) ^ (product >> 64) as u64
}
