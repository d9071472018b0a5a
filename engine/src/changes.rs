//! Changes of lists as events: who makes one at a door, and what decisions leave for later events.
//!
//! A list changes by a `list_update` event and in no other way, so a replay has each list as it was.
//! [`Change::event`] writes one. [`left_by`] gives those that follow from a decision: a rule may tag
//! an entity or put a value on a list. Whoever decides (the service, `gyr score`, `gyr backtest`)
//! records them right after the decision, by the way that every event takes.
//!
//! **A decision feeds lists and never windows.** What follows from it is an event like any other and
//! stands in the journal behind it. A replay of the journal records that one and decides nothing
//! again, so facts come back bit for bit; whoever decides anew leaves the changes of former rules
//! out ([`is_of_rule`]) and makes those of its own. A change has the time of the decided event and
//! an id made of it and of what is changed: made twice, it is one.

use features::diagnostic::Diagnostic;
use features::event::Event;
use features::field::{EventType, FieldId, Kind, ids};
use features::history::Recorded;
use features::language::ast::ListKind;
use serde_json::{Map, Value, json};

use crate::engine::{Engine, Outcome};

/// Where changes come from that follow from decisions.
const RULE: &str = "rule";

/// Who makes them.
const ENGINE: &str = "gyr";

/// A change of a list, to be written as an event.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// The list.
    pub list: &'a str,
    /// How its author takes it to look up values.
    pub kind: Option<ListKind>,
    /// The value.
    pub value: &'a str,
    /// Whether it takes the value out.
    pub is_removal: bool,
    /// The tenant it is for; 0 for all.
    pub tenant: u32,
    /// When it is made, in milliseconds, and the order among changes of the same millisecond.
    pub made: (i64, u32),
    /// When it was received, in milliseconds.
    pub received_ms: i64,
    /// From when the value is in the list; `None` from then on.
    pub from_ms: Option<i64>,
    /// Until when; `None` until somebody takes it out.
    pub until_ms: Option<i64>,
    /// Names of the event types it counts for, apart by blanks; empty for all.
    pub scope: &'a str,
    /// Why; may be empty.
    pub reason: &'a str,
    /// Where it comes from; may be empty.
    pub source: &'a str,
    /// Who makes it; may be empty.
    pub who: &'a str,
}

impl Change<'_> {
    /// The event of this id that makes the change.
    ///
    /// # Errors
    /// The faults of an event, a card number among its texts for one.
    pub fn event(&self, event_id: &str) -> Result<Event, Vec<Diagnostic>> {
        let mut members: Map<String, Value> = Map::new();
        let mut put = |field: FieldId, value: Value| {
            members.insert(field.path().to_owned(), value);
        };
        put(ids::EVENT_ID, json!(event_id));
        put(ids::EVENT_TYPE, json!(EventType::ListUpdate.name()));
        put(ids::CHANNEL, json!("batch"));
        put(ids::EVENT_TIME_MS, json!(self.made.0));
        put(ids::RECEIVED_TIME_MS, json!(self.received_ms));
        if self.made.1 != 0 {
            put(ids::SEQ, json!(self.made.1));
        }
        if self.tenant != 0 {
            put(ids::TENANT_ID, json!(self.tenant));
        }
        put(ids::LIST_NAME, json!(self.list));
        put(ids::LIST_ACTION, json!(if self.is_removal { "remove" } else { "add" }));
        put(ids::ENTRY, json!(self.value));
        if let Some(kind) = self.kind {
            put(ids::ENTRY_KIND, json!(kind.name()));
        }
        for (field, time) in
            [(ids::ENTRY_FROM_MS, self.from_ms), (ids::ENTRY_EXPIRES_MS, self.until_ms)]
        {
            if let Some(time) = time {
                put(field, json!(time));
            }
        }
        for (field, text) in [
            (ids::ENTRY_SCOPE, self.scope),
            (ids::ENTRY_REASON, self.reason),
            (ids::ENTRY_SOURCE, self.source),
            (ids::ACTOR_ID, self.who),
        ] {
            if !text.is_empty() {
                put(field, json!(text));
            }
        }
        Event::read(Value::Object(members).to_string().as_bytes(), Some(self.received_ms))
    }
}

/// The changes of lists that follow from the decision on an event, in the order of the verdict.
///
/// None where the event was not recorded (a test, one that came too late), and none for a value
/// that the event does not have.
pub fn left_by(event: &Event, outcome: &Outcome) -> Vec<Event> {
    if outcome.recorded != Recorded::Yes {
        return Vec::new();
    }
    let tenant = event.bits(ids::TENANT_ID).map_or(0, |bits| bits as u32);
    let effects = outcome.judgement.verdict.effects.iter();
    effects
        .filter_map(|effect| {
            let value = value_of(event, effect.field)?;
            let until_ms = effect.ms.map(|ms| event.time().saturating_add(ms));
            let change = Change {
                list: &effect.list,
                kind: None,
                value: &value,
                is_removal: false,
                tenant,
                made: (event.time(), 0),
                received_ms: event.received(),
                from_ms: None,
                until_ms,
                scope: "",
                reason: &effect.by,
                source: RULE,
                who: ENGINE,
            };
            let event_id = event.text(ids::EVENT_ID).unwrap_or_default();
            // A value of an event passed all that an entry has to pass.
            change.event(&change_id(tenant, event_id, &change)).ok()
        })
        .collect()
}

/// Decides on an event and records what follows from it, for who keeps no journal.
pub fn decide(engine: &Engine, event: &mut Event) -> Outcome {
    let (outcome, ()) = engine.decide(event, || ());
    for mut change in left_by(event, &outcome) {
        engine.record(&mut change, || ());
    }
    outcome
}

/// Whether an event is a change that followed from a decision.
pub fn is_of_rule(event: &Event) -> bool {
    event.event_type() == EventType::ListUpdate
        && event.text(ids::ENTRY_SOURCE) == Some(RULE)
        && event.text(ids::ACTOR_ID) == Some(ENGINE)
}

/// An id that the same change after the same event has again.
fn change_id(tenant: u32, event_id: &str, change: &Change<'_>) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&tenant.to_le_bytes());
    for part in [event_id, change.list, change.value] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    format!("lu-{}", &hasher.finalize().to_hex()[..32])
}

/// The value of a field as lists hold it.
fn value_of(event: &Event, field: FieldId) -> Option<String> {
    match field.kind() {
        Kind::Int { .. } => event.bits(field).map(|bits| (bits as i64).to_string()),
        _ => event.text(field).map(str::to_owned),
    }
}
