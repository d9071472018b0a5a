//! What must be kept and computed so that a set of facts can be served: definitions in, plan out.
//!
//! A [`Definition`] is one fact: a name and an expression over the event, window [`Measure`]s and
//! earlier facts. [`Plan::new`] keeps only what the wanted facts need (no state without a reader),
//! merges equal measures, and lays them out: measures with the same key share a **table** of
//! entities; each condition is a **channel** of the table and each value a **column** of its rows;
//! all questions to one entity are one **lookup**. The plan is immutable and is shared by the
//! history (which follows it) and the policy (which reads the facts it names).

use crate::event::Event;
use crate::expr::{Expr, Scope, UNKNOWN};
use crate::field::{EventType, FieldId, Types};
use crate::limits::{CHANNELS_MAX, COLUMNS_MAX, MINUTE_MS, RAW_MAX};
use crate::window::{ABSENT, Aggregate, Question, Shape};

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
    pub(crate) steps: Vec<Step>,
    pub(crate) readings: usize,
    /// Different conditions of all channels, each evaluated once for an event.
    conditions: Vec<Condition>,
    pub(crate) inherited: Vec<FieldId>,
}

/// Entities of one kind: those that share a key.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) shape: Shape,
    pub(crate) channels: Vec<Channel>,
    pub(crate) columns: Vec<Value>,
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
    condition: usize,
    types: Types,
}

#[derive(Clone, Debug)]
pub(crate) struct Recording {
    pub(crate) key: Vec<FieldId>,
    pub(crate) channels: u64,
    /// Types on which some channel may hold.
    pub(crate) types: Types,
}

/// All questions of one event to one entity.
#[derive(Clone, Debug)]
pub(crate) struct Lookup {
    pub(crate) table: usize,
    pub(crate) key: Vec<KeyPart>,
    /// Index of the recording with the same key, whose row is the event's own.
    pub(crate) own: Option<usize>,
    pub(crate) questions: Vec<Asked>,
}

#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) reading: u16,
    pub(crate) question: Question,
    pub(crate) scale: f64,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Lookup(usize),
    Fact(usize),
}

impl Plan {
    /// Lays out what the facts named in `wanted` need; the order of facts is that of `definitions`.
    ///
    /// `definitions` may only refer to earlier ones; `wanted` holds indices into them.
    pub fn new(definitions: &[Definition], measures: &[Measure], wanted: &[usize]) -> Plan {
        let live = live(definitions, measures, wanted);
        let mut plan = Plan {
            facts: Vec::new(),
            exprs: Vec::new(),
            tables: Vec::new(),
            lookups: Vec::new(),
            steps: Vec::new(),
            readings: 0,
            conditions: Vec::new(),
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
                other => other,
            });
            new_fact[index] = plan.facts.len() as u16;
            plan.steps.push(Step::Fact(plan.exprs.len()));
            plan.facts
                .push(Fact { name: definition.name.clone(), reading: definition.reading.clone() });
            plan.exprs.push(expr);
        }
        plan.read_entities_first();
        plan.finish_tables();
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

    /// The value of one fact.
    pub(crate) fn fact(&self, index: usize, scope: Scope<'_>) -> f64 {
        let value = self.exprs[index].value(scope);
        // One bit pattern for unknown: facts are compared and hashed by their bits.
        if value.is_nan() { UNKNOWN } else { value + 0.0 }
    }

    /// Which conditions hold of an event, by index.
    pub(crate) fn hold(&self, event: &Event, holds: &mut Vec<bool>) {
        let kind = event.event_type();
        holds.clear();
        holds.extend(self.conditions.iter().map(|c| c.types.contains(kind) && c.expr.holds(event)));
    }

    fn condition(&mut self, expr: &Expr) -> usize {
        self.conditions.iter().position(|c| c.expr == *expr).unwrap_or_else(|| {
            let types = expr.possible_types();
            self.conditions.push(Condition { expr: expr.clone(), types });
            self.conditions.len() - 1
        })
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
        let types = self.conditions[condition].types;
        let table = self.table_for(measure, condition, &key);
        let (channel, column) = self.tables[table].place(measure, Channel { condition, types });
        let t = &mut self.tables[table];
        let pair = (channel, column);
        let slot = t.shape.slots.iter().position(|s| *s == pair).unwrap_or_else(|| {
            t.shape.slots.push(pair);
            t.shape.slots.len() - 1
        });
        if let (Aggregate::Distinct, Some(column)) = (measure.aggregate, column)
            && !t.shape.distinct.contains(&(channel, column))
        {
            t.shape.distinct.push((channel, column));
        }
        match measure.window_ms {
            Some(window) => {
                t.shape.retention_ms = t.shape.retention_ms.max(window + measure.offset_ms);
            }
            None => t.shape.life = true,
        }
        let own = t.recordings.iter().position(|r| {
            r.key.len() == key.len()
                && r.key.iter().zip(&key).all(|(field, part)| *part == KeyPart::Field(*field))
        });
        let lookup = self.lookups.iter().position(|l| l.table == table && l.key == key);
        let lookup = lookup.unwrap_or_else(|| {
            self.lookups.push(Lookup { table, key, own, questions: Vec::new() });
            self.steps.push(Step::Lookup(self.lookups.len() - 1));
            self.lookups.len() - 1
        });
        let reading = self.readings as u16;
        self.readings += 1;
        self.lookups[lookup].own = self.lookups[lookup].own.or(own);
        self.lookups[lookup].questions.push(Asked {
            reading,
            scale: measure.value.as_ref().map_or(1.0, |value| value.scale),
            question: Question {
                aggregate: measure.aggregate,
                channel,
                column,
                slot: slot as u8,
                window_ms: measure.window_ms,
                offset_ms: measure.offset_ms,
                including_this: measure.including_this,
            },
        });
        reading
    }

    /// The table with the key the measure is read by, or recorded by where facts are in that key;
    /// a table that is full gets a sister.
    fn table_for(&mut self, measure: &Measure, condition: usize, key: &[KeyPart]) -> usize {
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
        let fits = |t: &Table| t.name == name && t.has_room(measure, condition);
        let found = self.tables.iter().position(fits);
        found.unwrap_or_else(|| {
            let shape =
                Shape { raw_max: RAW_MAX, retention_ms: 60 * MINUTE_MS, ..Shape::default() };
            let (channels, columns, recordings) = (Vec::new(), Vec::new(), Vec::new());
            self.tables.push(Table { name, shape, channels, columns, recordings });
            self.tables.len() - 1
        })
    }

    /// Lookups whose key needs no fact go first, so that their slots can be fetched together.
    fn read_entities_first(&mut self) {
        let lookups = &self.lookups;
        self.steps.sort_by_key(|step| match step {
            Step::Lookup(l) => lookups[*l].key.iter().any(|p| matches!(p, KeyPart::Fact(_))),
            Step::Fact(_) => true,
        });
    }

    fn finish_tables(&mut self) {
        let outcomes = Types::of(&OUTCOMES);
        for table in &mut self.tables {
            table.shape.columns = table.columns.len();
            for recording in &mut table.recordings {
                for (bit, channel) in table.channels.iter().enumerate() {
                    if recording.channels >> bit & 1 == 1 {
                        recording.types = recording.types.union(channel.types);
                    }
                }
                if recording.types.intersect(outcomes) != Types::NONE {
                    self.inherited.extend(&recording.key);
                    let conditions =
                        table.channels.iter().map(|c| &self.conditions[c.condition].expr);
                    for expr in conditions.chain(table.columns.iter().map(|c| &c.expr)) {
                        expr.walk(&mut |node| {
                            if let Expr::Field(f) | Expr::Key(f) | Expr::Has(f) = node {
                                self.inherited.push(*f);
                            }
                        });
                    }
                }
            }
        }
        self.inherited.sort_unstable();
        self.inherited.dedup();
    }
}

impl Table {
    fn has_room(&self, measure: &Measure, condition: usize) -> bool {
        let channel = self.channels.iter().any(|c| c.condition == condition)
            || self.channels.len() < CHANNELS_MAX;
        let column = measure.value.as_ref().is_none_or(|v| self.columns.contains(v))
            || self.columns.len() < COLUMNS_MAX;
        channel && column && self.shape.slots.len() < usize::from(u8::MAX)
    }

    fn place(&mut self, measure: &Measure, wanted: Channel) -> (u8, Option<u8>) {
        let key = &measure.record_by;
        let recording = self.recordings.iter().position(|r| r.key == *key).unwrap_or_else(|| {
            self.recordings.push(Recording { key: key.clone(), channels: 0, types: Types::NONE });
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
        let column = measure.value.as_ref().map(|value| {
            self.columns.iter().position(|c| c == value).unwrap_or_else(|| {
                self.columns.push(value.clone());
                self.columns.len() - 1
            })
        });
        (channel as u8, column.map(|c| c as u8))
    }

    /// The row that the event leaves under a recording: its channels and values. `holds` says
    /// which conditions of the plan hold of the event.
    pub(crate) fn row(
        &self,
        recording: &Recording,
        event: &Event,
        holds: &[bool],
        values: &mut [i64],
    ) -> u64 {
        if !recording.types.contains(event.event_type()) {
            return 0;
        }
        let mut mask = 0;
        for (bit, channel) in self.channels.iter().enumerate() {
            mask |= u64::from(holds[channel.condition]) << bit;
        }
        mask &= recording.channels;
        if mask != 0 {
            let scope = Scope { event: Some(event), readings: &[], facts: &[] };
            for (column, value) in self.columns.iter().zip(values) {
                let number = column.expr.value(scope) * column.scale;
                // Beyond 2^62 no product of the engine's own fields can come: treat it as absent.
                let fits = number.abs() <= 4.0e18;
                *value = if fits { number.round() as i64 } else { ABSENT };
            }
        }
        mask
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
