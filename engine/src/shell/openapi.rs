//! The service described for programs: an OpenAPI 3.1 document.
//!
//! What an event may hold comes from the field table, what can go wrong from the table of problems,
//! and the shape of an answer from `schemas`; nothing is said twice. Each event type has a schema
//! of its own with exactly the members that may and must stand on it. Unknown names of most enums
//! are read as `other` with a warning, so a list of names here is what is known today, not a fence.
//! Derived fields, which rules can name and nobody sends, stand in the extension
//! `x-derived-fields`. Built once, on the first call.

mod explanation;
mod paths;
mod schemas;

use std::sync::LazyLock;

use features::event::choices;
use features::field::{
    EventType, FACTORS, FIELDS, Field, Kind, OBJECTS, Shape, Source, Types, find,
};
use features::limits::{ID_BYTES_MAX, MONEY_MINOR_MAX, TIME_MAX_MS, TIME_MIN_MS};
use serde_json::{Map, Value, json};

/// The document as JSON text.
pub fn document() -> &'static str {
    static DOCUMENT: LazyLock<String> = LazyLock::new(|| build().to_string());
    &DOCUMENT
}

fn build() -> Value {
    let mut schemas = schemas::answers();
    schemas.extend(event_schemas());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Gyrfalcon",
            "summary": "Fraud and risk decisions on wallet events",
            "description": "Send an event, get approve, challenge or decline with its reasons and \
                hints. All three are answers with status 200; everything else is a problem of \
                RFC 9457. Clients ignore members they do not know.",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths::paths(),
        "components": { "schemas": schemas, "parameters": paths::parameters() },
        "x-derived-fields": derived_fields(),
    })
}

/// A reference to a schema of this document.
fn schema_ref(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn event_schemas() -> Map<String, Value> {
    let mut schemas = Map::new();
    for object in OBJECTS {
        schemas.insert(object.name.to_owned(), object_schema(object.name, object.meaning));
    }
    schemas.insert("envelope".to_owned(), envelope_schema());
    let mut mapping = Map::new();
    for event_type in EventType::ALL {
        let name = schema_name(event_type);
        let reference = format!("#/components/schemas/{name}");
        mapping.insert(event_type.name().to_owned(), Value::String(reference));
        schemas.insert(name, type_schema(event_type));
    }
    let any: Vec<Value> =
        EventType::ALL.iter().map(|event_type| schema_ref(&schema_name(*event_type))).collect();
    let event = json!({
        "description": "One event of at most 8 KiB. A member that is null counts as absent.",
        "oneOf": any,
        "discriminator": { "propertyName": "event_type", "mapping": mapping },
    });
    schemas.insert("event".to_owned(), event);
    schemas
}

fn schema_name(event_type: EventType) -> String {
    format!("event_{}", event_type.name())
}

/// A field that stands at the top level of every event.
fn is_envelope(field: &Field) -> bool {
    field.source == Source::Given && field.on == Types::ANY && !field.path.contains('.')
}

fn envelope_schema() -> Value {
    let fields = || FIELDS.iter().filter(|field| is_envelope(field));
    let required: Vec<&str> =
        fields().filter(|field| field.required == Types::ANY).map(|field| field.path).collect();
    json!({
        "type": "object",
        "description": "What every event says of itself.",
        "properties": properties(fields(), ""),
        "required": required,
    })
}

/// The members that are an event type's own, beside the envelope.
fn type_schema(event_type: EventType) -> Value {
    let own = || {
        FIELDS.iter().filter(|field| {
            let is_top = field.source == Source::Given && !field.path.contains('.');
            is_top && !is_envelope(field) && field.on.contains(event_type)
        })
    };
    let mut all_of = vec![schema_ref("envelope")];
    let mut properties = properties(own(), "");
    let mut required: Vec<&str> =
        own().filter(|field| field.required.contains(event_type)).map(|field| field.path).collect();
    for object in OBJECTS {
        let prefix = format!("{}.", object.name);
        let mut inside = FIELDS
            .iter()
            .filter(|field| field.on.contains(event_type) && field.path.starts_with(&prefix));
        if inside.any(|field| field.source == Source::Given) {
            properties.insert(object.name.to_owned(), schema_ref(object.name));
        }
        if object.required.contains(event_type) {
            required.push(object.name);
        }
        let needed: Vec<&str> = given_in(&prefix)
            .filter(|field| field.required.contains(event_type) && field.required != field.on)
            .map(|field| &field.path[prefix.len()..])
            .collect();
        if !needed.is_empty() {
            let needed = json!({ "properties": { object.name: { "required": needed } } });
            all_of.push(needed);
        }
    }
    for field in own() {
        let names = find(field.path).and_then(|id| choices(id, event_type));
        if let (Some(names), Some(property)) = (names, properties.get_mut(field.path)) {
            property["enum"] = json!(names);
        }
    }
    properties.insert("event_type".to_owned(), json!({ "const": event_type.name() }));
    json!({
        "type": "object",
        "description": if event_type.is_scored() {
            "Scored: POST /v1/score answers with a decision."
        } else {
            "Recorded: POST /v1/events takes it, unless score_requested is true."
        },
        "allOf": all_of,
        "properties": properties,
        "required": required,
        "unevaluatedProperties": false,
    })
}

/// The given fields of a nested object.
fn given_in(prefix: &str) -> impl Iterator<Item = &'static Field> {
    FIELDS
        .iter()
        .filter(move |field| field.source == Source::Given && field.path.starts_with(prefix))
}

fn object_schema(name: &str, meaning: &str) -> Value {
    let prefix = format!("{name}.");
    let mut properties = properties(given_in(&prefix), &prefix);
    // What is required on some of its event types only is said at the event type.
    let required: Vec<&str> = given_in(&prefix)
        .filter(|field| field.required == field.on)
        .map(|field| &field.path[prefix.len()..])
        .collect();
    if name == "auth_ctx" {
        properties.insert("factors_enrolled".to_owned(), factors_schema());
    }
    json!({
        "type": "object",
        "description": sentence(meaning),
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// The list that is laid out flat as `factors.<factor>.<member>` for rules.
fn factors_schema() -> Value {
    let member = |name: &str| {
        let field = FIELDS.iter().find(|field| {
            field.source == Source::Listed && field.path.rsplit('.').next() == Some(name)
        });
        field.map_or(json!({}), kind_schema)
    };
    let listed: Vec<&str> = FIELDS
        .iter()
        .filter(|field| field.source == Source::Listed)
        .map(|field| field.path)
        .collect();
    json!({
        "type": "array",
        "description": "Factors that the customer has enrolled.",
        "items": {
            "type": "object",
            "properties": {
                "factor": { "type": "string", "enum": FACTORS },
                "enrolled_ms": member("enrolled_ms"),
                "last_used_ms": member("last_used_ms"),
                "verified": member("verified"),
            },
            "required": ["factor"],
            "additionalProperties": false,
        },
        "x-fields": listed,
    })
}

fn properties<'a>(fields: impl Iterator<Item = &'a Field>, prefix: &str) -> Map<String, Value> {
    fields.map(|field| (field.path[prefix.len()..].to_owned(), field_schema(field))).collect()
}

fn field_schema(field: &Field) -> Value {
    let mut schema = kind_schema(field);
    schema["description"] = Value::String(sentence(field.meaning));
    if !field.unit.is_empty() {
        schema["x-unit"] = Value::String(field.unit.to_owned());
    }
    schema
}

/// The values a field takes.
fn kind_schema(field: &Field) -> Value {
    let counted = |class: &str, min: u8, max: u8| {
        let pattern = format!("^{class}{{{min},{max}}}$");
        json!({ "type": "string", "pattern": pattern })
    };
    match field.shape {
        Shape::Free => {}
        Shape::Digits { min, max } => return counted("[0-9]", min, max),
        Shape::Alphanumeric { min, max } => return counted("[A-Za-z0-9]", min, max),
    }
    let integer = |min: i64, max: i64| json!({ "type": "integer", "minimum": min, "maximum": max });
    match field.kind {
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Int { min, max } => integer(min, max),
        Kind::Float { min, max } => json!({ "type": "number", "minimum": min, "maximum": max }),
        Kind::Time => integer(TIME_MIN_MS, TIME_MAX_MS),
        Kind::Money => integer(0, MONEY_MINOR_MAX),
        Kind::Enum(names) => json!({ "type": "string", "enum": names }),
        Kind::Set(names) => {
            json!({ "type": "array", "items": { "type": "string", "enum": names } })
        }
        Kind::Country => json!({ "type": "string", "pattern": "^[A-Z]{2}$" }),
        Kind::Currency => json!({ "type": "string", "pattern": "^[A-Z]{3}$" }),
        Kind::Id => {
            let pattern = format!("^[ -~]{{1,{ID_BYTES_MAX}}}$");
            json!({ "type": "string", "pattern": pattern })
        }
        Kind::Text { max } => json!({ "type": "string", "minLength": 1, "maxLength": max }),
        Kind::Ip => {
            json!({ "type": "string", "anyOf": [{ "format": "ipv4" }, { "format": "ipv6" }] })
        }
        Kind::Date => json!({ "type": "string", "format": "date" }),
        Kind::YearMonth => json!({ "type": "integer", "examples": [202_607] }),
    }
}

fn derived_fields() -> Map<String, Value> {
    FIELDS
        .iter()
        .filter(|field| field.source == Source::Derived)
        .map(|field| (field.path.to_owned(), field_schema(field)))
        .collect()
}

/// A phrase of the field table as a sentence.
fn sentence(phrase: &str) -> String {
    let mut letters = phrase.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed() -> Value {
        serde_json::from_str(document()).unwrap()
    }

    /// Calls `see` with every object of a document.
    fn walk(value: &Value, see: &mut impl FnMut(&Map<String, Value>)) {
        match value {
            Value::Object(object) => {
                see(object);
                object.values().for_each(|value| walk(value, see));
            }
            Value::Array(items) => items.iter().for_each(|value| walk(value, see)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = parsed();
        let mut count = 0;
        walk(&document, &mut |object| {
            if let Some(Value::String(target)) = object.get("$ref") {
                let pointer = target.strip_prefix('#').expect("references stay in the document");
                assert!(document.pointer(pointer).is_some(), "{target} leads nowhere");
                count += 1;
            }
        });
        assert!(100 < count, "{count}");
    }

    #[test]
    fn every_field_is_described_on_every_event_type_that_carries_it() {
        let document = parsed();
        let schemas = &document["components"]["schemas"];
        for field in FIELDS {
            match (field.source, field.path.split_once('.')) {
                (Source::Given, Some((object, member))) => {
                    assert!(schemas[object]["properties"][member].is_object(), "{}", field.path);
                    for event_type in field.on.iter() {
                        let properties = &schemas[schema_name(event_type)]["properties"];
                        assert!(properties[object].is_object(), "{object} of {event_type:?}");
                    }
                }
                (Source::Given, None) => {
                    for event_type in field.on.iter() {
                        let own = &schemas[schema_name(event_type)]["properties"][field.path];
                        let shared = &schemas["envelope"]["properties"][field.path];
                        assert!(own.is_object() || shared.is_object(), "{}", field.path);
                    }
                }
                (Source::Listed, _) => {
                    let listed = &schemas["auth_ctx"]["properties"]["factors_enrolled"]["x-fields"];
                    assert!(listed.as_array().unwrap().contains(&json!(field.path)));
                }
                (Source::Derived, _) => {
                    assert!(document["x-derived-fields"][field.path].is_object(), "{}", field.path);
                }
            }
        }
    }

    #[test]
    fn a_payment_must_carry_what_the_table_requires() {
        let document = parsed();
        let payment = &document["components"]["schemas"]["event_payment"];
        for member in ["amount_minor", "currency", "payment_id", "kind", "merchant"] {
            assert!(payment["required"].as_array().unwrap().contains(&json!(member)), "{member}");
        }
        assert_eq!(payment["properties"]["amount_minor"]["minimum"], 0);
        assert!(payment["properties"]["label"].is_null());
        // Logins and authorisations share a field but not its names.
        let login = &document["components"]["schemas"]["event_login"]["properties"]["outcome"];
        let names = login["enum"].as_array().unwrap();
        assert!(names.contains(&json!("success")) && !names.contains(&json!("approved")));
    }
}
