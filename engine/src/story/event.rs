//! An event as a story's lines give it: members by path, what they need not say, and the JSON.

use std::collections::BTreeMap;

use features::diagnostic::Place;
use features::field::EventType;
use features::scheme::decline_class;
use serde_json::{Map, Value as Json, json};

/// How particular a line is: what is filled in, `with any`, `with TYPE`, the event itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Layer {
    /// The story says nothing of it.
    Filled,
    /// Said of all events.
    Any,
    /// Said of all events of a type.
    Type,
    /// Said of this event.
    Own,
}

/// A member's value, and who gave it.
#[derive(Clone, Debug)]
pub(super) struct Member {
    layer: Layer,
    value: Json,
    place: Option<Place>,
}

/// The members of an event by path.
#[derive(Debug, Default)]
pub(super) struct Members(BTreeMap<String, Member>);

impl Members {
    /// Sets a member, or takes it away.
    pub(super) fn put(&mut self, layer: Layer, path: &str, value: Option<&Json>, place: Place) {
        match value {
            Some(value) => {
                let member = Member { layer, value: value.clone(), place: Some(place) };
                self.0.insert(path.to_owned(), member);
            }
            None => {
                self.0.remove(path);
            }
        }
    }

    /// Where a member was set.
    pub(super) fn place(&self, path: &str) -> Option<Place> {
        self.0.get(path)?.place.clone()
    }

    fn add(&mut self, path: &str, value: Json) {
        let member = || Member { layer: Layer::Filled, value, place: None };
        self.0.entry(path.to_owned()).or_insert_with(member);
    }

    fn text(&self, path: &str) -> Option<&str> {
        self.0.get(path)?.value.as_str()
    }

    /// Of an amount that is told twice, the more particular telling counts.
    pub(super) fn agree(&mut self) {
        let twin = match self.text("currency") {
            Some("CNY") => "base_minor",
            Some("USD") => "usd_minor",
            _ => return,
        };
        let (Some(amount), Some(told)) = (self.0.get("amount_minor"), self.0.get(twin)) else {
            return;
        };
        if amount.layer < told.layer {
            self.0.insert("amount_minor".to_owned(), told.clone());
        } else if told.layer < amount.layer {
            self.0.insert(twin.to_owned(), amount.clone());
        }
    }

    /// Adds what an event must have and a story need not say.
    pub(super) fn fill(&mut self, event_type: EventType, id: &str, time: i64, came: Option<i64>) {
        self.add("schema_version", json!(1));
        self.add("channel", json!("app_ios"));
        self.add("event_id", json!(id));
        self.add("event_type", json!(event_type.name()));
        self.add("event_time_ms", json!(time));
        let mut received = came;
        match event_type {
            EventType::AccountOpen => self.add("consent_ms", json!(time)),
            EventType::Login => {
                self.add("method", json!("password"));
                self.add("login_name_hash", json!("n1"));
            }
            EventType::Payment => self.add("payment_id", json!(id)),
            EventType::AuthResult => {
                let is_approved = matches!(self.text("outcome"), Some("approved" | "partial"));
                let class = if is_approved { "approved" } else { "do_not_honour" };
                let network = self.text("card.network");
                let told = self.text("de39").and_then(|code| decline_class(code, network));
                if told.is_none() {
                    self.add("decline_class", json!(class));
                }
            }
            EventType::Label => {
                self.add("known_time_ms", json!(came.unwrap_or(time)));
                let known = self.0.get("known_time_ms").and_then(|member| member.value.as_i64());
                received = received.or(known);
            }
            _ => {}
        }
        self.add("received_time_ms", json!(received.unwrap_or(time)));
    }

    /// The event as JSON: paths become objects, enrolled factors a list of them.
    pub(super) fn json(&self) -> Json {
        let mut event = Map::new();
        let mut factors: BTreeMap<&str, Map<String, Json>> = BTreeMap::new();
        for (path, Member { value, .. }) in &self.0 {
            match path.split('.').collect::<Vec<_>>().as_slice() {
                ["factors", factor, member] => {
                    let members = factors.entry(*factor).or_default();
                    members.insert((*member).to_owned(), value.clone());
                }
                [object, member] => {
                    let object = event.entry((*object).to_owned()).or_insert_with(|| json!({}));
                    match object.as_object_mut() {
                        Some(object) => {
                            object.insert((*member).to_owned(), value.clone());
                        }
                        // Said as a value and as an object: kept as the unknown member it is.
                        None => {
                            event.insert(path.clone(), value.clone());
                        }
                    }
                }
                // Deeper paths exist nowhere else: the reader of events tells so.
                _ => {
                    event.insert(path.clone(), value.clone());
                }
            }
        }
        if !factors.is_empty() {
            let enrolled: Vec<Json> = factors
                .into_iter()
                .map(|(factor, mut members)| {
                    members.insert("factor".to_owned(), json!(factor));
                    Json::Object(members)
                })
                .collect();
            let context = event.entry("auth_ctx".to_owned()).or_insert_with(|| json!({}));
            if let Some(context) = context.as_object_mut() {
                context.insert("factors_enrolled".to_owned(), Json::Array(enrolled));
            }
        }
        Json::Object(event)
    }
}
