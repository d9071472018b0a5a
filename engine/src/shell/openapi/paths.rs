//! The routes: what each takes, what it gives, and which problems it can end with.

use serde_json::{Map, Value, json};

use super::schema_ref;
use crate::shell::http::exchange::DEADLINE_MS;
use crate::shell::http::lists::{CHANGE_ENTRIES_MAX, CSV, PAGE, PAGE_MAX};
use crate::shell::http::problem::{self, Case};
use crate::shell::meter;

const JSON: &str = "application/json";
const LINES: &str = "application/x-ndjson";

/// Problems of every body.
const BODY: &[Case] = &[
    Case::JsonSyntax,
    Case::JsonDuplicateKey,
    Case::JsonTooDeep,
    Case::Parameter,
    Case::Timeout,
    Case::BodyTooLarge,
    Case::MediaType,
    Case::ContentEncoding,
    Case::Validation,
    Case::PanDetected,
    Case::SadDetected,
    Case::EventTime,
];

/// Problems of every route.
const ANY: &[Case] = &[Case::Method, Case::UriTooLong, Case::Internal];

/// Parameters that routes share.
pub(super) fn parameters() -> Value {
    let header = |name: &str, description: &str, schema: Value| {
        let place = "header";
        json!({ "name": name, "in": place, "description": description, "schema": schema })
    };
    let (least, most) = (DEADLINE_MS.start(), DEADLINE_MS.end());
    json!({
        "request_id": header(
            "X-Request-Id",
            "Name of the exchange; comes back in the answer. Made when absent.",
            json!({ "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$" }),
        ),
        "deadline": header(
            "X-Request-Deadline-Ms",
            "How long the caller waits. An answer whose record is not on the disk by then says \
             `pending`.",
            json!({ "type": "integer", "minimum": least, "maximum": most }),
        ),
        "idempotency_key": header(
            "Idempotency-Key",
            "May repeat the event id, which is the key in any case.",
            json!({ "type": "string" }),
        ),
        "detail": {
            "name": "detail", "in": "query",
            "description": "How much of the answer is sent; all of it is recorded. `client` is for \
                the wallet's app: no score, no reason, nothing to learn from.",
            "schema": {
                "type": "string", "enum": ["minimal", "full", "client"], "default": "full",
            },
        },
        "tenant_id": {
            "name": "tenant_id", "in": "query", "description": "Tenant of the event.",
            "schema": { "type": "integer", "minimum": 0, "maximum": u32::MAX, "default": 0 },
        },
        "analyst": header(
            "X-Analyst",
            "Who makes the change; `unknown` when absent.",
            json!({ "type": "string", "minLength": 1, "maxLength": 64 }),
        ),
        "list": {
            "name": "name", "in": "path", "required": true,
            "description": "The list; of a tag, the entity and the tag with a colon between.",
            "schema": { "type": "string" },
        },
        "value": {
            "name": "value", "in": "path", "required": true,
            "description": "The entry, percent-encoded.", "schema": { "type": "string" },
        },
        "at_ms": {
            "name": "at_ms", "in": "query",
            "description": "When, in milliseconds; now when absent.",
            "schema": { "type": "integer" },
        },
        "limit": {
            "name": "limit", "in": "query", "description": "Entries that are looked at.",
            "schema": { "type": "integer", "minimum": 1, "maximum": PAGE_MAX, "default": PAGE },
        },
        "after": {
            "name": "after", "in": "query", "description": "`next` of the page before.",
            "schema": { "type": "integer", "minimum": 0 },
        },
        "event_id": {
            "name": "event_id", "in": "path", "required": true,
            "description": "Id of the event, percent-encoded.", "schema": { "type": "string" },
        },
    })
}

/// Every route by its path.
pub(super) fn paths() -> Value {
    json!({
        "/v1/score": { "post": score() },
        "/v1/evaluate": { "post": evaluate() },
        "/v1/events": { "post": events() },
        "/v1/decisions/{event_id}": { "get": decision() },
        "/v1/decisions/{event_id}/explain": { "get": explain() },
        "/v1/lists": { "get": get("lists", "The lists of the policy in force",
            JSON, schema_ref("lists"), &[]) },
        "/v1/lists/{name}": { "delete": drop_list() },
        "/v1/lists/{name}/entries": { "get": entries(), "post": change_list() },
        "/v1/lists/{name}/entries/{value}": { "delete": remove_entry() },
        "/v1/features": { "get": get("features", "The features that rules and models can read",
            JSON, schema_ref("features"), &[]) },
        "/v1/policy": { "get": get("policy", "The policy and model in force, and the one to come",
            JSON, schema_ref("policy"), &[]) },
        "/healthz": { "get": get("healthz", "Whether the process lives",
            JSON, schema_ref("status"), &[]) },
        "/readyz": { "get": get("readyz", "Whether decisions are given",
            JSON, schema_ref("status"), &[Case::NotReady]) },
        "/metrics": { "get": get("metrics", "Counters and times, as OpenMetrics text",
            meter::MEDIA_TYPE, json!({ "type": "string" }), &[]) },
        "/openapi.json": { "get": get("openapi", "This document",
            JSON, json!({ "type": "object" }), &[]) },
    })
}

fn score() -> Value {
    let problems = [
        BODY,
        &[Case::NotScored, Case::IdempotencyMismatch, Case::IdempotencyConflict, Case::InProgress],
    ];
    let mut answers = responses(&problems.concat());
    let replayed = json!({
        "Idempotent-Replayed": {
            "description": "`true` when the event had been decided before; nothing was recorded.",
            "schema": { "type": "string", "enum": ["true"] },
        },
    });
    answers.insert("200".to_owned(), json!({
        "description": "A decision. An event that comes again gets the decision of the first time.",
        "headers": replayed,
        "content": { JSON: { "schema": decided() } },
    }));
    json!({
        "operationId": "score",
        "summary": "Decide on an event and record it",
        "parameters": shared(&["detail", "deadline", "idempotency_key", "request_id"]),
        "requestBody": body(&[JSON]),
        "responses": answers,
    })
}

/// A decision, as long as `detail` asks for.
fn decided() -> Value {
    json!({ "anyOf": [schema_ref("decision"), schema_ref("client_decision")] })
}

fn evaluate() -> Value {
    let mut answers = responses(BODY);
    answers.insert(
        "200".to_owned(),
        json!({
            "description": "The decision that the event would get now; nothing is recorded.",
            "content": { JSON: { "schema": decided() } },
        }),
    );
    json!({
        "operationId": "evaluate",
        "summary": "Decide on an event without recording it",
        "parameters": shared(&["detail", "request_id"]),
        "requestBody": body(&[JSON]),
        "responses": answers,
    })
}

fn events() -> Value {
    let problems =
        [BODY, &[Case::IdempotencyMismatch, Case::IdempotencyConflict, Case::InProgress]];
    let mut answers = responses(&problems.concat());
    let recorded = |description: &str| {
        json!({
            "description": description,
            "content": {
                JSON: { "schema": schema_ref("recorded") },
                LINES: { "schema": schema_ref("recorded_line") },
            },
        })
    };
    answers.insert(
        "200".to_owned(),
        recorded("The event is on the disk; or, for lines, an answer to each line in order."),
    );
    answers.insert("202".to_owned(), recorded("The event is recorded and on its way to the disk."));
    json!({
        "operationId": "events",
        "summary": "Record what is not scored: results, labels, disputes, signals",
        "description": "Takes one event as JSON, or one a line as NDJSON. A line that cannot be \
            recorded has a problem as its answer and keeps no other line back.",
        "parameters": shared(&["deadline", "idempotency_key", "request_id"]),
        "requestBody": body(&[JSON, LINES]),
        "responses": answers,
    })
}

fn decision() -> Value {
    let mut operation = get(
        "decision",
        "The recorded decision on an event, with its facts",
        JSON,
        schema_ref("recorded_decision"),
        &[Case::NotFound, Case::Parameter],
    );
    operation["parameters"] = shared(&["event_id", "tenant_id", "request_id"]);
    operation
}

fn explain() -> Value {
    let mut operation = get(
        "explain",
        "Why an event was decided as it was, rule by rule, and what would have turned it",
        JSON,
        schema_ref("explanation"),
        &[Case::NotFound, Case::Parameter, Case::PolicyReplaced],
    );
    operation["parameters"] = shared(&["event_id", "tenant_id", "request_id"]);
    operation
}

/// The entries of a list.
fn entries() -> Value {
    let problems = &[Case::NotFound, Case::Parameter];
    let summary = "The entries of a list, now or at a time";
    let mut operation = get("entries", summary, JSON, schema_ref("entries"), problems);
    operation["parameters"] = shared(&["list", "at_ms", "limit", "after", "request_id"]);
    operation["description"] =
        json!("With `Accept: text/csv` all of them as a file, which a change takes again.");
    operation["responses"]["200"]["content"][CSV] = json!({ "schema": { "type": "string" } });
    operation
}

/// Adding and removing entries.
fn change_list() -> Value {
    let body = json!({
        "required": true,
        "content": {
            JSON: { "schema": { "oneOf": [
                schema_ref("entry_change"),
                { "type": "array", "items": schema_ref("entry_change"),
                  "maxItems": CHANGE_ENTRIES_MAX },
            ] } },
            CSV: { "schema": { "type": "string", "description":
                "A header with `value` and any of reason, source, who, from, until, scope." } },
        },
    });
    let problems = [BODY, &[Case::NotFound]].concat();
    let mut operation =
        list_change("change_list", "Add and remove entries: all or none", &problems);
    operation["requestBody"] = body;
    operation["parameters"] = shared(&["list", "analyst", "tenant_id", "deadline", "request_id"]);
    operation
}

fn remove_entry() -> Value {
    let problems = [Case::NotFound, Case::Parameter];
    let mut operation = list_change("remove_entry", "Remove an entry", &problems);
    operation["parameters"] =
        shared(&["list", "value", "analyst", "tenant_id", "deadline", "request_id"]);
    operation
}

fn drop_list() -> Value {
    let problems = [Case::NotFound, Case::Parameter, Case::ListInUse];
    let mut operation =
        list_change("drop_list", "Remove all entries of a list that nobody uses", &problems);
    operation["parameters"] = shared(&["list", "analyst", "deadline", "request_id"]);
    operation
}

/// A change whose record may be on its way to the disk.
fn list_change(id: &str, summary: &str, problems: &[Case]) -> Value {
    let mut operation = get(id, summary, JSON, schema_ref("list_changed"), problems);
    let mut pending = operation["responses"]["200"].clone();
    operation["responses"]["200"]["description"] = json!("It is changed, and that is on the disk.");
    pending["description"] = json!("It is changed, and that is on its way to the disk.");
    operation["responses"]["202"] = pending;
    operation
}

fn get(id: &str, summary: &str, media: &str, schema: Value, problems: &[Case]) -> Value {
    let mut answers = responses(problems);
    answers.insert(
        "200".to_owned(),
        json!({
            "description": summary,
            "content": { media: { "schema": schema } },
        }),
    );
    json!({
        "operationId": id,
        "summary": summary,
        "parameters": shared(&["request_id"]),
        "responses": answers,
    })
}

fn shared(names: &[&str]) -> Value {
    names.iter().map(|name| json!({ "$ref": format!("#/components/parameters/{name}") })).collect()
}

fn body(media_types: &[&str]) -> Value {
    let content: Map<String, Value> = media_types
        .iter()
        .map(|media| ((*media).to_owned(), json!({ "schema": schema_ref("event") })))
        .collect();
    json!({ "required": true, "content": content })
}

/// One response for each status, with the codes that come under it.
fn responses(problems: &[Case]) -> Map<String, Value> {
    let mut answers: Map<String, Value> = Map::new();
    for case in problems.iter().chain(ANY) {
        let (code, status, title) = case.line();
        let answer = answers.entry(status.as_str().to_owned()).or_insert_with(|| {
            let schema = json!({ "allOf": [schema_ref("problem")] });
            json!({ "description": "", "content": { problem::MEDIA_TYPE: { "schema": schema } } })
        });
        let line = format!("`{code}`: {title}. ");
        let text = answer["description"].as_str().unwrap_or_default();
        answer["description"] = Value::String(format!("{text}{line}").trim_start().to_owned());
    }
    answers
}
