//! What must be kept and computed so that a set of facts can be served: definitions in, plan out.
//!
//! A [`Definition`] is one fact: a name and an expression over the event, window [`Measure`]s and
//! earlier facts. [`Plan::new`] keeps only what the wanted facts need (no state without a reader),
//! merges equal measures, and lays them out: measures with the same key share a **table** of
//! entities; each condition is a **channel** of the table and each value a **column** of its rows;
//! all questions to one entity are one **lookup**. What does not depend on the event is settled
//! here: which conditions can hold of which event type, which rows it leaves where, and which
//! windows are asked of whom. The plan is immutable and is shared by the history (which follows it)
//! and the policy (which reads the facts it names).

pub mod needs;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::event::Event;
use crate::expr::{Component, Expr, KEY_MASK, Scope, UNKNOWN};
use crate::field::{EventType, FieldId, Types, ids};
use crate::limits::{CHANNELS_MAX, COLUMNS_MAX, MINUTE_MS, RAW_MAX, SPANS_MAX, VALUE_MAX};
use crate::lists::Declared;
use crate::program::{self, Draft, Program};
use crate::window::{ABSENT, Aggregate, Question, Shape, Span};

/// Types that refer to an earlier event and inherit its fields.
pub(crate) const OUTCOMES: [EventType; 7] = [
    EventType::AuthResult,
    EventType::ChallengeIssued,
    EventType::ChallengeResult,
    EventType::Label,
    EventType::Dispute,
    EventType::Refund,
    EventType::ReviewOutcome,
];

/// How a fact's number is to be read.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// A number, in the unit that the definition names.
    Number,
    /// 1 true, 0 false.
    Bool,
    /// The index of one of these names.
    Category(Vec<String>),
    /// The key number of a text: only equality means something.
    Key,
}

/// One fact as it is defined.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// Name: unique, stable.
    pub name: String,
    /// How its number is read.
    pub reading: Reading,
    /// Its expression; `Expr::Reading` and `Expr::Fact` index measures and earlier definitions.
    pub expr: Expr,
}

/// A part of the key a measure is read with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum KeyPart {
    /// The field of the scored event.
    Field(FieldId),
    /// An earlier fact, read as an integer.
    Fact(u16),
}

/// The value a measure aggregates.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// Expression over the recorded event.
    pub expr: Expr,
    /// Values are kept as integers: `round(value * scale)`.
    pub scale: f64,
}

/// A window aggregate: over which events, of what, by which key, how far back.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// What is computed.
    pub aggregate: Aggregate,
    /// Of what value; `None` for counts and times.
    pub value: Option<Value>,
    /// Which events count: an expression over the recorded event alone.
    pub condition: Expr,
    /// Fields of the recorded event that name the entity; none is the one global entity.
    pub record_by: Vec<FieldId>,
    /// What the scored event reads it with.
    pub read_by: Vec<KeyPart>,
    /// Window length in milliseconds; `None` is for life.
    pub window_ms: Option<i64>,
    /// How far before the scored event the window ends, in milliseconds.
    pub offset_ms: i64,
    /// Whether the scored event itself counts.
    pub including_this: bool,
    /// Of a sequence: how soon each step but the first must follow the one before, in milliseconds;
    /// at most seven. The last of them is the scored event, the others are bits of the value. Empty
    /// for all other aggregates.
    pub within: Vec<i64>,
}

/// One fact of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// Name.
    pub name: String,
    /// How its number is read.
    pub reading: Reading,
}

/// The layout; see the module's essay.
#[derive(Clone, Debug)]
pub struct Plan {
    facts: Vec<Fact>,
    exprs: Vec<Expr>,
    pub(crate) tables: Vec<Table>,
    pub(crate) lookups: Vec<Lookup>,
    /// Facts, and look-ups whose key is made of facts, in the order in which they can be known.
    steps: Vec<Step>,
    pub(crate) readings: usize,
    /// What is asked of the account's component, and where the answers go.
    pub(crate) components: Vec<(Component, u16)>,
    /// All lists that there are, asked or not: their entries can be looked at and changed.
    lists: Vec<Arc<Declared>>,
    /// What is asked of them.
    tests: Vec<ListTest>,
    /// Different conditions of all channels, each evaluated once for an event.
    conditions: Vec<Condition>,
    /// Different values of all columns, each evaluated at most once for an event.
    pub(crate) values: Vec<Value>,
    /// By event type.
    by_type: Vec<Turn>,
    pub(crate) inherited: Vec<FieldId>,
}

/// A field that is looked for in a list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ListTest {
    pub(crate) field: FieldId,
    pub(crate) list: u16,
    /// Where the answer goes.
    pub(crate) reading: u16,
    /// Whether a fact asks: then what is met counts as a hit.
    pub(crate) is_of_fact: bool,
}

/// What there is to do for an event of one type, and nothing that it can never say or leave.
#[derive(Clone, Debug, Default)]
pub(crate) struct Turn {
    /// Conditions that may hold, as they are for this type.
    conditions: Vec<(u16, Expr)>,
    /// What is asked of entities that the event itself names.
    pub(crate) asks: Vec<Ask>,
    /// Look-ups of `asks`, of `leaves`, and of both, each once: what is fetched together.
    pub(crate) to_ask: Vec<Find>,
    pub(crate) to_leave: Vec<Find>,
    pub(crate) to_observe: Vec<Find>,
    /// Whether a fact asks who belongs together.
    pub(crate) asks_graph: bool,
    /// Lists that conditions and values ask, and those that facts alone ask.
    pub(crate) lists_to_hold: Vec<ListTest>,
    pub(crate) lists_to_read: Vec<ListTest>,
    /// The facts.
    pub(crate) program: Program,
    /// Rows that may be left.
    pub(crate) leaves: Vec<Leave>,
}

/// A look-up and its table: little, so that many fit into one round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Find {
    pub(crate) lookup: usize,
    pub(crate) table: usize,
}

/// A look-up with the questions that matter.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) lookup: usize,
    pub(crate) questions: Vec<Question>,
}

/// A row that an event may leave.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leave {
    pub(crate) table: usize,
    pub(crate) recording: usize,
    /// The look-up with the same key in the same table: where it finds the entity, the row goes.
    pub(crate) lookup: usize,
}

/// Entities of one kind: those that share a key.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    /// Bits of a key's parts that count: a fact holds fewer bits of a text than an event does, so
    /// where one is read with facts, both keep to those.
    pub(crate) key_mask: u64,
    pub(crate) shape: Shape,
    pub(crate) channels: Vec<Channel>,
    /// Indices into the plan's values, each with the channels that ask for it.
    pub(crate) columns: Vec<(u16, u128)>,
    /// Different record keys, each with the channels recorded under it.
    pub(crate) recordings: Vec<Recording>,
}

#[derive(Clone, Debug)]
struct Condition {
    expr: Expr,
    /// Types on which it may hold.
    types: Types,
}

#[derive(Clone, Debug)]
pub(crate) struct Channel {
    /// Index into the plan's conditions.
    condition: u16,
    types: Types,
}

#[derive(Clone, Debug)]
pub(crate) struct Recording {
    pub(crate) key: Vec<FieldId>,
    channels: u128,
    /// A look-up with this key.
    lookup: usize,
    /// By event type: channels that may hold, each with its condition.
    by_type: Vec<Box<[(u8, u16)]>>,
}

/// All questions of one event to one entity.
#[derive(Clone, Debug)]
pub(crate) struct Lookup {
    pub(crate) table: usize,
    pub(crate) key: Vec<KeyPart>,
    /// Index of the recording with the same key, whose row is the event's own.
    pub(crate) own: Option<usize>,
    /// Whether some question includes the event itself.
    pub(crate) asks_own: bool,
    /// Columns whose value in the event itself is compared with.
    pub(crate) compared: Vec<u8>,
    pub(crate) spans: Vec<Span>,
    pub(crate) questions: Vec<Question>,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Lookup(usize),
    Fact(usize),
}

impl Plan {
    /// Lays out what the facts named in `wanted` need; the order of facts is that of `definitions`.
    ///
    /// `definitions` may only refer to earlier ones; `wanted` holds indices into them; what asks a
    /// list names it by its place in `lists`.
    pub fn new(
        definitions: &[Definition],
        measures: &[Measure],
        lists: &[Arc<Declared>],
        wanted: &[usize],
    ) -> Plan {
        let live = live(definitions, measures, wanted);
        let mut plan = Plan {
            facts: Vec::new(),
            exprs: Vec::new(),
            tables: Vec::new(),
            lookups: Vec::new(),
            steps: Vec::new(),
            readings: 0,
            components: Vec::new(),
            lists: lists.to_vec(),
            tests: Vec::new(),
            conditions: Vec::new(),
            values: Vec::new(),
            by_type: Vec::new(),
            inherited: Vec::new(),
        };
        let mut new_fact = vec![u16::MAX; definitions.len()];
        let mut new_reading: Vec<Option<u16>> = vec![None; measures.len()];
        for (index, definition) in definitions.iter().enumerate().filter(|(i, _)| live[*i]) {
            let expr = definition.expr.clone().map(&mut |node| match node {
                Expr::Fact(fact) => Expr::Fact(new_fact[usize::from(fact)]),
                Expr::Reading(measure) => {
                    let slot = &mut new_reading[usize::from(measure)];
                    let reading = slot.unwrap_or_else(|| {
                        plan.add_measure(&measures[usize::from(measure)], &new_fact)
                    });
                    *slot = Some(reading);
                    Expr::Reading(reading)
                }
                Expr::Component(component) => Expr::Reading(plan.add_component(component)),
                Expr::Listed(field, list) => Expr::Reading(plan.add_test(field, list)),
                other => other,
            });
            new_fact[index] = plan.facts.len() as u16;
            plan.steps.push(Step::Fact(plan.exprs.len()));
            plan.facts
                .push(Fact { name: definition.name.clone(), reading: definition.reading.clone() });
            plan.exprs.push(expr);
        }
        plan.finish_tables();
        plan.look_up_recordings();
        for lookup in &mut plan.lookups {
            // Counts first, which are the most and the simplest; the same values of the same window
            // are then summed up once, with squares where asked.
            let squares_first = |q: &Question| q.aggregate != Aggregate::Stddev;
            let is_count = |q: &Question| q.aggregate == Aggregate::Count;
            lookup.questions.sort_by_key(|q| (!is_count(q), q.slot, q.span, squares_first(q)));
        }
        plan.settle_by_type();
        plan
    }

    /// The facts, in the order of the vector.
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// Index of a fact by name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.facts.iter().position(|fact| fact.name == name)
    }

    /// Names of the tables with the number of questions asked of each, for reports.
    pub fn tables(&self) -> impl Iterator<Item = (&str, usize)> {
        self.tables.iter().enumerate().map(|(index, table)| {
            let asked = self.lookups.iter().filter(|l| l.table == index);
            (table.name.as_str(), asked.map(|l| l.questions.len()).sum())
        })
    }

    /// What there is to do for an event of this type.
    pub(crate) fn turn(&self, kind: EventType) -> &Turn {
        &self.by_type[kind as usize]
    }

    /// The lists, by number.
    pub fn lists(&self) -> &[Arc<Declared>] {
        &self.lists
    }

    /// How often lists are asked.
    pub(crate) fn tests(&self) -> usize {
        self.tests.len()
    }

    /// Marks in `holds` which conditions hold of an event; `readings` has what lists say.
    pub(crate) fn hold(&self, event: &Event, readings: &[f64], holds: &mut [bool]) {
        holds.fill(false);
        for (index, expr) in &self.turn(event.event_type()).conditions {
            holds[usize::from(*index)] = expr.holds(event, readings);
        }
    }

    /// Registers that the program of any type needs; the readings are the first of them.
    pub(crate) fn registers(&self) -> usize {
        self.by_type.iter().map(|turn| turn.program.registers()).fold(self.readings, usize::max)
    }

    /// A value of a column.
    pub(crate) fn value_of(&self, index: u16) -> &Value {
        &self.values[usize::from(index)]
    }

    /// Conditions of all channels.
    pub(crate) fn conditions(&self) -> usize {
        self.conditions.len()
    }

    fn add_component(&mut self, component: Component) -> u16 {
        if let Some((_, reading)) = self.components.iter().find(|(known, _)| *known == component) {
            return *reading;
        }
        self.components.push((component, self.readings as u16));
        self.readings += 1;
        self.readings as u16 - 1
    }

    fn add_test(&mut self, field: FieldId, list: u16) -> u16 {
        let known = self.tests.iter().find(|test| (test.field, test.list) == (field, list));
        if let Some(known) = known {
            return known.reading;
        }
        let reading = self.readings as u16;
        self.tests.push(ListTest { field, list, reading, is_of_fact: false });
        self.readings += 1;
        reading
    }

    /// An expression over a recorded event, with readings in the place of lists.
    fn with_lists(&mut self, expr: &Expr) -> Expr {
        expr.clone().map(&mut |node| match node {
            Expr::Listed(field, list) => Expr::Reading(self.add_test(field, list)),
            other => other,
        })
    }

    fn condition(&mut self, expr: &Expr) -> u16 {
        let expr = &self.with_lists(expr);
        let known = self.conditions.iter().position(|c| c.expr == *expr).unwrap_or_else(|| {
            let types = expr.possible_types();
            self.conditions.push(Condition { expr: expr.clone(), types });
            self.conditions.len() - 1
        });
        known as u16
    }

    fn value(&mut self, value: &Value) -> u16 {
        let value = &Value { expr: self.with_lists(&value.expr), scale: value.scale };
        let known = self.values.iter().position(|v| v == value).unwrap_or_else(|| {
            self.values.push(value.clone());
            self.values.len() - 1
        });
        known as u16
    }

    fn add_measure(&mut self, measure: &Measure, new_fact: &[u16]) -> u16 {
        let key: Vec<KeyPart> = measure
            .read_by
            .iter()
            .map(|part| match part {
                KeyPart::Fact(fact) => KeyPart::Fact(new_fact[usize::from(*fact)]),
                field => *field,
            })
            .collect();
        let condition = self.condition(&measure.condition);
        let types = self.conditions[usize::from(condition)].types;
        let value = measure.value.as_ref().map(|value| self.value(value));
        let table = self.table_for(measure, condition, value, &key);
        let (channel, column) =
            self.tables[table].place(&measure.record_by, value, Channel { condition, types });
        let slot = self.tables[table].ask(measure, channel, column);
        let sequence = self.tables[table].shape.sequence_for(&measure.within);
        if key.iter().any(|part| matches!(part, KeyPart::Fact(_))) {
            self.tables[table].key_mask = KEY_MASK;
        }
        let lookup = self.lookup_for(table, key, measure);
        let reading = self.readings as u16;
        self.readings += 1;
        let wanted = Span { window_ms: measure.window_ms, offset_ms: measure.offset_ms };
        let lookup = &mut self.lookups[lookup];
        let span = lookup.spans.iter().position(|span| *span == wanted).unwrap_or_else(|| {
            lookup.spans.push(wanted);
            lookup.spans.len() - 1
        });
        lookup.asks_own |= measure.including_this;
        if measure.aggregate.compares_own()
            && let Some(column) = column
            && !lookup.compared.contains(&column)
        {
            lookup.compared.push(column);
        }
        lookup.questions.push(Question {
            aggregate: measure.aggregate,
            channel,
            column,
            slot,
            span: span as u8,
            including_this: measure.including_this,
            sequence,
            reading,
            scale: measure.value.as_ref().map_or(1.0, |value| value.scale),
        });
        reading
    }

    /// The look-up of this key that has room for the measure's window.
    fn lookup_for(&mut self, table: usize, key: Vec<KeyPart>, measure: &Measure) -> usize {
        let span = Span { window_ms: measure.window_ms, offset_ms: measure.offset_ms };
        let fits = |l: &Lookup| {
            let has_room = l.spans.contains(&span) || l.spans.len() < SPANS_MAX;
            l.table == table && l.key == key && has_room
        };
        if let Some(known) = self.lookups.iter().position(fits) {
            return known;
        }
        let own = self.tables[table].recordings.iter().position(|r| r.is_read_by(&key));
        self.lookups.push(Lookup::new(table, key, own));
        if self.lookups[self.lookups.len() - 1].has_facts() {
            self.steps.push(Step::Lookup(self.lookups.len() - 1));
        }
        self.lookups.len() - 1
    }

    /// The table with the key the measure is read by, or recorded by where facts are in that key;
    /// a table that is full gets a sister.
    fn table_for(
        &mut self,
        measure: &Measure,
        condition: u16,
        value: Option<u16>,
        key: &[KeyPart],
    ) -> usize {
        let fields: Vec<FieldId> = key
            .iter()
            .zip(&measure.record_by)
            .map(|(part, recorded)| match part {
                KeyPart::Field(field) => *field,
                KeyPart::Fact(_) => *recorded,
            })
            .collect();
        let name = match fields.as_slice() {
            [] => "global".to_owned(),
            fields => fields.iter().map(|f| f.path()).collect::<Vec<_>>().join(" x "),
        };
        let fits = |t: &Table| t.name == name && t.has_room(condition, value);
        let found = self.tables.iter().position(fits);
        found.unwrap_or_else(|| {
            let shape =
                Shape { raw_max: RAW_MAX, retention_ms: 60 * MINUTE_MS, ..Shape::default() };
            let (channels, columns, recordings) = (Vec::new(), Vec::new(), Vec::new());
            let key_mask = u64::MAX;
            self.tables.push(Table { name, key_mask, shape, channels, columns, recordings });
            self.tables.len() - 1
        })
    }

    fn finish_tables(&mut self) {
        let outcomes = Types::of(&OUTCOMES);
        for table in &mut self.tables {
            table.shape.columns = table.columns.len();
            table.shape.channels = table.channels.len();
            for recording in &mut table.recordings {
                let mut types = Types::NONE;
                for (bit, channel) in table.channels.iter().enumerate() {
                    if recording.channels >> bit & 1 == 1 {
                        types = types.union(channel.types);
                    }
                }
                for kind in EventType::ALL {
                    let may_hold = |(bit, channel): &(usize, &Channel)| {
                        recording.channels >> bit & 1 == 1 && channel.types.contains(kind)
                    };
                    let channels = table.channels.iter().enumerate().filter(may_hold);
                    let channels = channels.map(|(bit, channel)| (bit as u8, channel.condition));
                    recording.by_type.push(channels.collect());
                }
                if types.intersect(outcomes) != Types::NONE {
                    self.inherited.extend(&recording.key);
                    let on_outcomes = |(bit, channel): &(usize, &Channel)| {
                        recording.channels >> bit & 1 == 1
                            && channel.types.intersect(outcomes) != Types::NONE
                    };
                    let channels: Vec<_> =
                        table.channels.iter().enumerate().filter(on_outcomes).collect();
                    let conditions = channels
                        .iter()
                        .map(|(_, c)| &self.conditions[usize::from(c.condition)].expr);
                    let asked =
                        |(_, by): &&(u16, u128)| channels.iter().any(|(bit, _)| by >> bit & 1 == 1);
                    let values = table.columns.iter().filter(asked);
                    let values = values.map(|(value, _)| &self.values[usize::from(*value)].expr);
                    for expr in conditions.chain(values) {
                        expr.walk(&mut |node| match node {
                            Expr::Field(f) | Expr::Key(f) | Expr::Has(f) => self.inherited.push(*f),
                            Expr::Reading(reading) => {
                                let asked = self.tests.iter().filter(|t| t.reading == *reading);
                                self.inherited.extend(asked.map(|test| test.field));
                            }
                            _ => {}
                        });
                    }
                }
            }
        }
        if !self.components.is_empty() {
            self.inherited.push(ids::ACCOUNT_ID);
        }
        // The time of the event referred to is asked for by facts, not by what is recorded.
        for expr in &self.exprs {
            expr.walk(&mut |node| {
                if matches!(node, Expr::Field(ids::REF_TIME_MS)) {
                    self.inherited.push(ids::REF_TIME_MS);
                }
            });
        }
        self.inherited.sort_unstable();
        self.inherited.dedup();
    }

    /// Rows find their entities by look-ups too, also where nothing is asked with the same key.
    fn look_up_recordings(&mut self) {
        for (table, kept) in self.tables.iter_mut().enumerate() {
            for (number, recording) in kept.recordings.iter_mut().enumerate() {
                let same = |l: &Lookup| l.table == table && recording.is_read_by(&l.key);
                let known = self.lookups.iter().position(same);
                recording.lookup = known.unwrap_or_else(|| {
                    let key = recording.key.iter().map(|field| KeyPart::Field(*field)).collect();
                    self.lookups.push(Lookup::new(table, key, Some(number)));
                    self.lookups.len() - 1
                });
            }
        }
    }

    fn settle_by_type(&mut self) {
        self.by_type = EventType::ALL.iter().map(|kind| self.settle(*kind)).collect();
    }

    fn settle(&self, kind: EventType) -> Turn {
        let (exprs, used) = self.left_of_facts(kind);
        let mut turn = Turn::default();
        let absent = self.absent_tests(kind);
        for (index, condition) in self.conditions.iter().enumerate() {
            if condition.types.contains(kind) {
                let expr = program::specialise(condition.expr.clone(), kind, &[], &absent);
                if expr != Expr::Constant(0.0) {
                    turn.conditions.push((index as u16, expr));
                }
            }
        }
        for (index, lookup) in self.lookups.iter().enumerate().filter(|(_, l)| !l.has_facts()) {
            let questions = lookup.questions.iter().filter(|q| used[usize::from(q.reading)]);
            let questions: Vec<Question> = questions.copied().collect();
            if !questions.is_empty() {
                turn.asks.push(Ask { lookup: index, questions });
            }
        }
        let mut held = vec![false; self.readings];
        let conditions = turn.conditions.iter().map(|(_, expr)| expr);
        for expr in conditions.chain(self.values.iter().map(|value| &value.expr)) {
            expr.walk(&mut |node| {
                if let Expr::Reading(reading) = node {
                    held[usize::from(*reading)] = absent[usize::from(*reading)].is_none();
                }
            });
        }
        for test in &self.tests {
            let reading = usize::from(test.reading);
            let test = ListTest { is_of_fact: used[reading], ..*test };
            match (held[reading], used[reading]) {
                (true, _) => turn.lists_to_hold.push(test),
                (false, true) => turn.lists_to_read.push(test),
                (false, false) => {}
            }
        }
        for tests in [&mut turn.lists_to_hold, &mut turn.lists_to_read] {
            // Equal fields side by side: each is hashed once.
            tests.sort_by_key(|test| test.field);
        }
        let asks_component = |(_, reading): &(Component, u16)| used[usize::from(*reading)];
        turn.asks_graph = self.components.iter().any(asks_component);
        let mut draft = Draft::default();
        for step in &self.steps {
            match *step {
                Step::Fact(fact) => draft.fact(&exprs[fact]),
                Step::Lookup(index) => {
                    let lookup = &self.lookups[index];
                    let readings = lookup.questions.iter().map(|question| question.reading);
                    if readings.clone().any(|reading| used[usize::from(reading)]) {
                        draft.look_up(index, lookup.facts(), readings);
                    }
                }
            }
        }
        turn.program = draft.finish(self.readings);
        for (index, table) in self.tables.iter().enumerate() {
            for (number, recording) in table.recordings.iter().enumerate() {
                if !recording.by_type[kind as usize].is_empty() {
                    let same = |lookup: &usize| {
                        let lookup = &self.lookups[*lookup];
                        lookup.table == index && recording.is_read_by(&lookup.key)
                    };
                    let mut lookups = turn.asks.iter().map(|ask| ask.lookup);
                    let lookup = lookups.find(same).unwrap_or(recording.lookup);
                    turn.leaves.push(Leave { table: index, recording: number, lookup });
                }
            }
        }
        let find = |lookup: usize| Find { lookup, table: self.lookups[lookup].table };
        turn.to_ask = turn.asks.iter().map(|ask| find(ask.lookup)).collect();
        turn.to_leave = turn.leaves.iter().map(|leave| find(leave.lookup)).collect();
        turn.to_observe = turn.to_ask.iter().chain(&turn.to_leave).copied().collect();
        turn.to_observe.sort_unstable();
        turn.to_observe.dedup();
        turn
    }

    /// By reading: unknown for the lists that are asked for a field that events of this type never
    /// have.
    fn absent_tests(&self, kind: EventType) -> Vec<Option<f64>> {
        let mut readings = vec![None; self.readings];
        for test in self.tests.iter().filter(|test| !program::may_have(kind, test.field)) {
            readings[usize::from(test.reading)] = Some(UNKNOWN);
        }
        readings
    }

    /// What is left of each fact's expression for one event type, and which readings that needs.
    pub(crate) fn left_of_facts(&self, kind: EventType) -> (Vec<Expr>, Vec<bool>) {
        let mut facts: Vec<Option<f64>> = vec![None; self.facts.len()];
        let mut readings = self.absent_tests(kind);
        let is_absent = |lookup: &Lookup, facts: &[Option<f64>]| {
            lookup.key.iter().any(|part| match part {
                KeyPart::Field(field) => !program::may_have(kind, *field),
                KeyPart::Fact(fact) => facts[usize::from(*fact)].is_some_and(f64::is_nan),
            })
        };
        let forget = |lookup: &Lookup, readings: &mut [Option<f64>]| {
            lookup.questions.iter().for_each(|q| readings[usize::from(q.reading)] = Some(UNKNOWN));
        };
        for lookup in self.lookups.iter().filter(|lookup| !lookup.has_facts()) {
            if is_absent(lookup, &facts) {
                forget(lookup, &mut readings);
            }
        }
        let mut exprs = vec![Expr::Constant(UNKNOWN); self.facts.len()];
        let mut used = vec![false; self.readings];
        for step in &self.steps {
            match *step {
                Step::Fact(fact) => {
                    let expr = self.exprs[fact].clone();
                    exprs[fact] = program::specialise(expr, kind, &facts, &readings);
                    if let Expr::Constant(value) = exprs[fact] {
                        facts[fact] = Some(program::canonical(value));
                    }
                    exprs[fact].walk(&mut |node| {
                        if let Expr::Reading(reading) = node {
                            used[usize::from(*reading)] = true;
                        }
                    });
                }
                Step::Lookup(lookup) => {
                    let lookup = &self.lookups[lookup];
                    if is_absent(lookup, &facts) {
                        forget(lookup, &mut readings);
                    }
                }
            }
        }
        (exprs, used)
    }
}

impl Lookup {
    fn new(table: usize, key: Vec<KeyPart>, own: Option<usize>) -> Lookup {
        let (spans, questions, compared) = (Vec::new(), Vec::new(), Vec::new());
        Lookup { table, key, own, asks_own: false, compared, spans, questions }
    }

    /// Whether the key holds facts, so that they must be computed first.
    fn has_facts(&self) -> bool {
        self.facts().next().is_some()
    }

    /// The facts in the key.
    fn facts(&self) -> impl Iterator<Item = u16> {
        self.key.iter().filter_map(|part| match part {
            KeyPart::Fact(fact) => Some(*fact),
            KeyPart::Field(_) => None,
        })
    }
}

impl Recording {
    fn is_read_by(&self, key: &[KeyPart]) -> bool {
        self.key.len() == key.len()
            && self.key.iter().zip(key).all(|(field, part)| *part == KeyPart::Field(*field))
    }

    /// The channels that hold of an event; `holds` says which conditions do.
    pub(crate) fn mask(&self, kind: EventType, holds: &[bool]) -> u128 {
        self.by_type[kind as usize].iter().fold(0, |mask, (bit, condition)| {
            mask | u128::from(holds[usize::from(*condition)]) << bit
        })
    }
}

impl Table {
    fn has_room(&self, condition: u16, value: Option<u16>) -> bool {
        let channel = self.channels.iter().any(|c| c.condition == condition)
            || self.channels.len() < CHANNELS_MAX;
        let column = value.is_none_or(|v| self.columns.iter().any(|(known, _)| *known == v))
            || self.columns.len() < COLUMNS_MAX;
        channel && column
    }

    /// Channel and column of a measure.
    fn place(
        &mut self,
        record_by: &[FieldId],
        value: Option<u16>,
        wanted: Channel,
    ) -> (u8, Option<u8>) {
        let known = self.recordings.iter().position(|r| r.key == *record_by);
        let recording = known.unwrap_or_else(|| {
            self.recordings.push(Recording {
                key: record_by.to_vec(),
                channels: 0,
                lookup: 0,
                by_type: Vec::new(),
            });
            self.recordings.len() - 1
        });
        let under_key = self.recordings[recording].channels;
        let same =
            |bit: usize, c: &Channel| under_key >> bit & 1 == 1 && c.condition == wanted.condition;
        let channel = self.channels.iter().enumerate().position(|(bit, c)| same(bit, c));
        let channel = channel.unwrap_or_else(|| {
            self.channels.push(wanted);
            self.channels.len() - 1
        });
        self.recordings[recording].channels |= 1 << channel;
        let column = value.map(|value| {
            let column = self.columns.iter().position(|(known, _)| *known == value);
            let column = column.unwrap_or_else(|| {
                self.columns.push((value, 0));
                self.columns.len() - 1
            });
            self.columns[column].1 |= 1 << channel;
            column as u8
        });
        (channel as u8, column)
    }

    /// Notes what a measure needs of its channel and column; returns their slot.
    fn ask(&mut self, measure: &Measure, channel: u8, column: Option<u8>) -> u16 {
        let shape = &mut self.shape;
        let slot = shape.slot_for(measure.aggregate, channel, column);
        if let (Aggregate::Distinct, Some(column)) = (measure.aggregate, column)
            && !shape.distinct.contains(&(channel, column))
        {
            shape.distinct.push((channel, column));
        }
        match measure.window_ms {
            Some(window) => {
                shape.retention_ms = shape.retention_ms.max(window + measure.offset_ms);
            }
            None => shape.life = true,
        }
        slot
    }
}

impl Value {
    /// The value of an event as a row keeps it, [`ABSENT`] when it is unknown; `readings` has what
    /// lists say.
    pub(crate) fn of(&self, event: &Event, readings: &[f64]) -> i64 {
        let scope = Scope { event: Some(event), readings, facts: &[] };
        let number = self.expr.value(scope) * self.scale;
        // No product of the engine's own fields comes near: treat it as absent.
        if number.abs() <= VALUE_MAX as f64 { number.round() as i64 } else { ABSENT }
    }
}

/// Marks the wanted definitions and all they refer to.
fn live(definitions: &[Definition], measures: &[Measure], wanted: &[usize]) -> Vec<bool> {
    let mut live = vec![false; definitions.len()];
    let mut open: Vec<usize> = wanted.to_vec();
    while let Some(index) = open.pop() {
        if std::mem::replace(&mut live[index], true) {
            continue;
        }
        definitions[index].expr.walk(&mut |node| match node {
            Expr::Fact(fact) => open.push(usize::from(*fact)),
            Expr::Reading(measure) => {
                for part in &measures[usize::from(*measure)].read_by {
                    if let KeyPart::Fact(fact) = part {
                        open.push(usize::from(*fact));
                    }
                }
            }
            _ => {}
        });
    }
    live
}
