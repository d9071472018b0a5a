//! `/v1/lists`: what is on the lists of the policy in force, and changing it.
//!
//! A look reads page by page, so that nobody who asks for a decision waits for one who reads a
//! million entries. A change is checked whole (all its entries, with every fault at once) before
//! anything of it is recorded; then each entry is an event of its own, folded and journalled like
//! any other, in the order they stand in. After every [`CHUNK`] of them the request waits for the
//! disk, so that one caller cannot fill the journal's queue.
//!
//! What a change says of itself comes from the request: who, from the header `X-Analyst`; when, from
//! the clock. With the clock of events, which stands still between them, changes of one millisecond
//! keep the order in which they came.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use features::diagnostic::{Diagnostic, Place};
use features::event::Event;
use features::field::{EventType, Types, ids};
use features::history::History;
use features::limits::{FAULTS_MAX, LISTS_HELD_MAX, TIME_MIN_MS};
use features::lists::{
    Declared, EntryLook, Refused, Row, Wanted, canonical, read_rows, write_header, write_row,
    write_scope,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use super::exchange::{Accepted, RequestId, Wish, body, exchange, media_type, parameter};
use super::idempotency::Known;
use super::problem::{Case, Fault, Problem};
use super::score::{JSON, json as json_response};
use super::turn::{Standing, record_now, wait};
use crate::changes::Change;
use crate::shell::journal::Receipt;
use crate::shell::serve::Service;

/// Media type of a list file.
pub(crate) const CSV: &str = "text/csv";

/// The header that names who asks.
pub(crate) const X_ANALYST: HeaderName = HeaderName::from_static("x-analyst");

/// Who asks when the header does not say.
const UNKNOWN: &str = "unknown";

/// Bytes of a change.
pub(crate) const CHANGE_BYTES_MAX: usize = 16 << 20;

/// Entries of one change.
pub(crate) const CHANGE_ENTRIES_MAX: usize = 50_000;

/// Entries between two waits for the disk.
const CHUNK: usize = 256;

/// Entries that are looked at while everybody waits.
const LOOKED_AT: u32 = 4_096;

/// Entries of one page, and how many when nobody says.
pub(crate) const PAGE_MAX: u32 = 10_000;
pub(crate) const PAGE: u32 = 1_000;

/// Tells changes of one millisecond apart.
static SEQUENCE: AtomicU32 = AtomicU32::new(1);

/// One entry of a change, as JSON.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    value: String,
    #[serde(default)]
    op: Op,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    source: String,
    from_ms: Option<i64>,
    until_ms: Option<i64>,
    #[serde(default)]
    scope: Vec<String>,
}

/// What is done to an entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Op {
    #[default]
    Add,
    Remove,
}

/// One entry of a change, read.
struct Entry {
    /// Where it stands in the change, as a JSON Pointer.
    place: String,
    row: Row,
    scope: String,
    op: Op,
}

/// Who changes which list, and when.
struct Author<'a> {
    list: &'a Declared,
    tenant: u32,
    who: String,
    made_ms: i64,
    /// What the ids of the changes are made of.
    id: String,
}

/// All lists.
pub(super) async fn lists(State(service): State<Arc<Service>>, request: Request) -> Response {
    exchange(&service, "/v1/lists", request, async |_, _| {
        let (history, policy) = service.engine().history_and_policy();
        let looks = history.look_at_lists(|lists, _| lists.look());
        let lists: Vec<Value> = looks
            .iter()
            .map(|look| {
                json!({
                    "name": look.name,
                    "title": look.title,
                    "kind": look.kind.name(),
                    "entries": look.entries,
                    "hits": look.hits,
                    "used_by": policy.users_of_list(&look.name),
                })
            })
            .collect();
        Ok(json_response(json!({ "lists": lists }).to_string()))
    })
    .await
}

/// The entries of a list: a page of them as JSON, or all as a file.
pub(super) async fn entries(
    State(service): State<Arc<Service>>,
    name: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    exchange(&service, "/v1/lists/entries", request, async |request, _| {
        let name = text_of(name)?;
        let history = service.engine().history();
        let kind = declared(&history, &name)?.kind();
        let at_ms = match number(&request, "at_ms")? {
            Some(at_ms) => at_ms,
            None => now_ms(&service, &history),
        };
        let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
        if accept.is_some_and(|accept| accept.contains(CSV)) {
            let text = spawn_blocking(move || export(&history, &name, at_ms)).await;
            let text = text.map_err(|_| Problem::new(Case::Internal, "the export was given up"))?;
            let content_type = HeaderValue::from_static(CSV);
            return Ok(([(header::CONTENT_TYPE, content_type)], text).into_response());
        }
        let limit: u32 = number(&request, "limit")?.unwrap_or(PAGE);
        if !(1..=PAGE_MAX).contains(&limit) {
            let detail = format!("limit is an integer from 1 to {PAGE_MAX}");
            return Err(Problem::new(Case::Parameter, detail));
        }
        let start: u32 = number(&request, "after")?.unwrap_or(0);
        let (shown, next) = page(&history, &name, at_ms, start, limit);
        let body = json!({
            "list": name,
            "kind": kind.name(),
            "at_ms": at_ms,
            "entries": shown.iter().map(entry_form).collect::<Vec<_>>(),
            "next": next,
        });
        Ok(json_response(body.to_string()))
    })
    .await
}

/// Adds and removes entries.
pub(super) async fn change(
    State(service): State<Arc<Service>>,
    name: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    exchange(&service, "/v1/lists/entries", request, async |request, _| {
        let name = text_of(name)?;
        let wish = Wish::read(request.headers(), Instant::now(), service.durable_wait())?;
        let history = service.engine().history();
        let list = declared(&history, &name)?;
        let author = Author::read(&service, &history, &list, &request)?;
        let is_file = media_type(request.headers()).eq_ignore_ascii_case(CSV);
        let accepted = Accepted { media_types: &[JSON, CSV], bytes_max: CHANGE_BYTES_MAX };
        let body = body(request, accepted).await?;
        let entries = if is_file { of_file(&list, &body)? } else { of_json(&body)? };
        author.apply(&service, &history, entries, &wish).await
    })
    .await
}

/// Removes one entry.
pub(super) async fn remove(
    State(service): State<Arc<Service>>,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Response {
    exchange(&service, "/v1/lists/entries", request, async |request, _| {
        let Ok(Path((name, value))) = path else {
            return Err(Problem::new(Case::Parameter, "the path is not UTF-8"));
        };
        let wish = Wish::read(request.headers(), Instant::now(), service.durable_wait())?;
        let history = service.engine().history();
        let list = declared(&history, &name)?;
        let author = Author::read(&service, &history, &list, &request)?;
        let (tenant, at_ms) = (author.tenant, author.made_ms);
        if !history.look_at_lists(|lists, _| lists.has(&name, &value, tenant, at_ms)) {
            return Err(Problem::new(Case::NotFound, "the list has no such entry"));
        }
        let entry = Entry::removing(&value);
        author.apply(&service, &history, vec![entry], &wish).await
    })
    .await
}

/// Ends all entries of a list that nobody uses.
pub(super) async fn drop_list(
    State(service): State<Arc<Service>>,
    name: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    exchange(&service, "/v1/lists", request, async |request, _| {
        let name = text_of(name)?;
        let wish = Wish::read(request.headers(), Instant::now(), service.durable_wait())?;
        let (history, policy) = service.engine().history_and_policy();
        let list = declared(&history, &name)?;
        let users = policy.users_of_list(&name);
        if !users.is_empty() {
            let detail = format!("the list is used by {}; nothing was changed", users.join(", "));
            return Err(Problem::new(Case::ListInUse, detail));
        }
        let author = Author::read(&service, &history, &list, &request)?;
        let (mut all, mut start) = (Vec::new(), Some(0));
        while let Some(from) = start {
            let (shown, next) = page(&history, &name, author.made_ms, from, PAGE_MAX);
            all.extend(shown.into_iter().map(|look| (look.tenant.unwrap_or(0), look.row.value)));
            start = next;
        }
        let events = all
            .iter()
            .enumerate()
            .map(|(index, (tenant, value))| author.event(&Entry::removing(value), *tenant, index));
        let events: Result<Vec<Event>, Vec<Diagnostic>> = events.collect();
        let events = events.map_err(|faults| Problem::event(&faults))?;
        author.record(&service, events, &wish).await
    })
    .await
}

impl Entry {
    fn removing(value: &str) -> Entry {
        let (place, scope) = (String::new(), String::new());
        Entry { place, row: Row::of(value), scope, op: Op::Remove }
    }
}

impl<'a> Author<'a> {
    fn read(
        service: &Service,
        history: &History,
        list: &'a Declared,
        request: &Request,
    ) -> Result<Author<'a>, Problem> {
        let headers = request.headers();
        let who = match headers.get(X_ANALYST) {
            None => UNKNOWN.to_owned(),
            Some(value) => value
                .to_str()
                .ok()
                .filter(|who| (1..=64).contains(&who.len()) && who.bytes().all(|b| b != b'\t'))
                .ok_or_else(|| {
                    let detail = "X-Analyst is 1 to 64 printable ASCII characters";
                    Problem::new(Case::Parameter, detail)
                })?
                .to_owned(),
        };
        Ok(Author {
            list,
            tenant: number(request, "tenant_id")?.unwrap_or(0),
            who,
            made_ms: now_ms(service, history),
            id: RequestId::of(None).urn(),
        })
    }

    /// Checks all entries and then records each.
    async fn apply(
        &self,
        service: &Service,
        history: &History,
        entries: Vec<Entry>,
        wish: &Wish,
    ) -> Result<Response, Problem> {
        let mut faults: Vec<Fault> = Vec::new();
        let mut more = 0_usize;
        let mut tell = |fault: Fault| {
            if faults.len() < FAULTS_MAX { faults.push(fault) } else { more += 1 }
        };
        let mut events = Vec::with_capacity(entries.len());
        let mut gravest: Option<Problem> = None;
        let mut checked = Vec::with_capacity(entries.len());
        for some in entries.chunks(LOOKED_AT as usize) {
            let before = checked.len();
            checked.extend(history.look_at_lists(|lists, _| {
                let check = |(index, entry)| lists.check(&self.wanted(entry), before + index);
                some.iter().enumerate().map(check).collect::<Vec<_>>()
            }));
        }
        let mut seen = HashSet::new();
        for (index, (entry, checked)) in entries.iter().zip(checked).enumerate() {
            if let Err(refused) = &checked {
                tell(refused_fault(&entry.place, refused));
            }
            let value = canonical(self.list.kind(), &entry.row.value).unwrap_or_default();
            if checked.is_ok() && !seen.insert(value) {
                let detail = "the value stands in this change already".to_owned();
                tell(Fault { pointer: format!("{}/value", entry.place), code: "L007", detail });
            }
            match self.event(entry, self.tenant, index) {
                Ok(event) => events.push(event),
                Err(found) => {
                    found.iter().for_each(|fault| tell(event_fault(&entry.place, fault)));
                    let problem = Problem::event(&found);
                    let is_graver = gravest.as_ref().is_none_or(|g| g.case == Case::Validation);
                    if is_graver {
                        gravest = Some(problem);
                    }
                }
            }
        }
        if faults.is_empty() {
            return self.record(service, events, wish).await;
        }
        if 0 < more {
            let detail = format!("{more} more faults are not shown");
            faults.push(Fault { pointer: String::new(), code: "L010", detail });
        }
        let case = gravest.map_or(Case::Validation, |problem| problem.case);
        let detail = "nothing was changed; correct what `errors` lists and send it again";
        Err(Problem::listing(case, detail, faults))
    }

    fn wanted<'e>(&'e self, entry: &'e Entry) -> Wanted<'e> {
        Wanted {
            list: self.list.name(),
            kind: None,
            value: &entry.row.value,
            tenant: self.tenant,
            is_removal: entry.op == Op::Remove,
            made_ms: self.made_ms,
            from_ms: entry.row.from_ms,
            until_ms: entry.row.until_ms,
            scope: &entry.scope,
        }
    }

    fn event(&self, entry: &Entry, tenant: u32, index: usize) -> Result<Event, Vec<Diagnostic>> {
        let kind = self.list.kind();
        // In the canonical form no two sides of a card range read like a card number.
        let value = canonical(kind, &entry.row.value).unwrap_or_else(|_| entry.row.value.clone());
        let is_known = self.who != UNKNOWN;
        let who = if is_known || entry.row.who.is_empty() { &self.who } else { &entry.row.who };
        let change = Change {
            list: self.list.name(),
            kind: Some(kind),
            value: &value,
            is_removal: entry.op == Op::Remove,
            tenant,
            made: (self.made_ms, SEQUENCE.fetch_add(1, Ordering::Relaxed)),
            received_ms: self.made_ms,
            from_ms: entry.row.from_ms.filter(|from| self.made_ms < *from),
            until_ms: entry.row.until_ms,
            scope: &entry.scope,
            reason: &entry.row.reason,
            source: &entry.row.source,
            who,
        };
        let hash = blake3::hash(format!("{}/{index}", self.id).as_bytes());
        change.event(&format!("lu-{}", &hash.to_hex()[..32]))
    }

    /// Records the changes in their order.
    async fn record(
        &self,
        service: &Service,
        events: Vec<Event>,
        wish: &Wish,
    ) -> Result<Response, Problem> {
        let count = events.len();
        let mut newest: Option<(Known, Option<Receipt>)> = None;
        for (index, event) in (1..).zip(events) {
            let recorded = record_now(service, event);
            newest = recorded.or(newest);
            if index % CHUNK == 0
                && let Some((_, receipt)) = &mut newest
                && let Some(receipt) = receipt.take()
            {
                wait(receipt, Instant::now() + service.durable_wait()).await;
            }
        }
        // Without a single new one, it was all done before: by the same key.
        let Some((known, receipt)) = newest else {
            let body = json!({ "list": self.list.name(), "changes": count, "record": null });
            return Ok(json_response(body.to_string()));
        };
        if let Some(receipt) = receipt {
            wait(receipt, wish.deadline).await;
        }
        let standing = Standing::of(service, &known);
        if standing.is_lost() {
            service.meter().degraded("journal");
        }
        let status = if standing.is_durable() { StatusCode::OK } else { StatusCode::ACCEPTED };
        let body = json!({ "list": self.list.name(), "changes": count, "record": standing });
        let content_type = (header::CONTENT_TYPE, HeaderValue::from_static(JSON));
        Ok((status, [content_type], body.to_string()).into_response())
    }
}

fn text_of(name: Result<Path<String>, PathRejection>) -> Result<String, Problem> {
    match name {
        Ok(Path(name)) => Ok(name),
        Err(_) => Err(Problem::new(Case::Parameter, "the name of the list is not UTF-8")),
    }
}

fn number<T: std::str::FromStr>(request: &Request, name: &str) -> Result<Option<T>, Problem> {
    let read = |text: &str| {
        text.parse().map_err(|_| {
            Problem::new(Case::Parameter, format!("{name} is an integer within its range"))
        })
    };
    parameter(request, name).map(read).transpose()
}

/// The list of this name in the policy in force.
fn declared(history: &History, name: &str) -> Result<Arc<Declared>, Problem> {
    let found = history.plan().lists().iter().find(|list| list.name() == name);
    found.map(Arc::clone).ok_or_else(|| {
        Problem::new(Case::NotFound, "the policy has no list of this name; /v1/lists shows all")
    })
}

/// The time of a change that is made now.
fn now_ms(service: &Service, history: &History) -> i64 {
    let newest = || history.look_at_lists(|_, newest_ms| newest_ms).max(TIME_MIN_MS);
    service.received_ms().unwrap_or_else(newest)
}

/// Entries from a place on, as many as wanted, and where to go on.
fn page(
    history: &History,
    name: &str,
    at_ms: i64,
    start: u32,
    wanted: u32,
) -> (Vec<EntryLook>, Option<u32>) {
    let mut entries = Vec::new();
    let mut next = Some(start);
    while let Some(from) = next
        && entries.len() < wanted as usize
    {
        let most = LOOKED_AT.min(wanted - entries.len() as u32);
        let page = history.look_at_lists(|lists, _| lists.page(name, at_ms, from, most));
        let Some(page) = page else { break };
        entries.extend(page.entries);
        next = page.next;
    }
    (entries, next)
}

fn export(history: &History, name: &str, at_ms: i64) -> String {
    let mut text = String::new();
    write_header(&mut text);
    let mut start = Some(0);
    while let Some(from) = start {
        let (entries, next) = page(history, name, at_ms, from, PAGE_MAX);
        for look in entries {
            write_row(&look.row, look.tenant, look.hits, &mut text);
        }
        start = next;
    }
    text
}

fn entry_form(look: &EntryLook) -> Value {
    let Row { value, reason, source, who, from_ms, until_ms, scope } = &look.row;
    let scope: Vec<&str> = match *scope {
        Types::ANY => Vec::new(),
        some => some.iter().map(EventType::name).collect(),
    };
    json!({
        "value": value,
        "reason": reason,
        "source": source,
        "who": who,
        "from_ms": from_ms,
        "until_ms": until_ms,
        "scope": scope,
        "tenant_id": look.tenant,
        "hits": look.hits,
    })
}

/// The entries of a file.
fn of_file(list: &Declared, body: &Bytes) -> Result<Vec<Entry>, Problem> {
    let Ok(text) = str::from_utf8(body) else {
        return Err(Problem::new(Case::Validation, "the file is not text in UTF-8"));
    };
    let rows = read_rows(list.kind(), text).map_err(|faults| {
        let detail = "nothing was changed; correct what `errors` lists and send it again";
        let case = if faults.iter().any(|fault| fault.code == "L004") {
            Case::PanDetected
        } else {
            Case::Validation
        };
        let told = |fault: &Diagnostic| {
            let row = match fault.place {
                Place::Row(row) => format!("row {row}: "),
                Place::Field(_) | Place::Text { .. } | Place::Whole => String::new(),
            };
            let fault = Fault::of(fault);
            Fault { detail: format!("{row}{}", fault.detail), ..fault }
        };
        Problem::listing(case, detail, faults.iter().map(told).collect())
    })?;
    few(rows.len())?;
    let entry = |(index, mut row): (usize, Row)| {
        if row.source.is_empty() {
            "import".clone_into(&mut row.source);
        }
        Entry { place: format!("/{index}"), scope: write_scope(row.scope), row, op: Op::Add }
    };
    Ok(rows.into_iter().enumerate().map(entry).collect())
}

/// The entries of a JSON body: one, or a list of them.
fn of_json(body: &Bytes) -> Result<Vec<Entry>, Problem> {
    let forms: Value = serde_json::from_slice(body)
        .map_err(|_| Problem::new(Case::JsonSyntax, "send one entry, or a list of entries"))?;
    let forms = match forms {
        Value::Array(forms) => {
            let numbered = |(index, form)| (format!("/{index}"), form);
            forms.into_iter().enumerate().map(numbered).collect()
        }
        form => vec![(String::new(), form)],
    };
    few(forms.len())?;
    let (mut entries, mut errors) = (Vec::with_capacity(forms.len()), Vec::new());
    for (place, form) in forms {
        let Ok(form) = serde_json::from_value::<Form>(form) else {
            let detail = "wanted an object with `value` and, if need be, `op` (add or remove), \
                `reason`, `source`, `from_ms`, `until_ms` and `scope` (names of event types)";
            errors.push(Fault { pointer: place, code: "L011", detail: detail.to_owned() });
            continue;
        };
        let mut row = Row::of(&form.value);
        (row.reason, row.source) = (form.reason, form.source);
        (row.from_ms, row.until_ms) = (form.from_ms, form.until_ms);
        if row.source.is_empty() {
            "http".clone_into(&mut row.source);
        }
        entries.push(Entry { place, row, scope: form.scope.join(" "), op: form.op });
    }
    if errors.is_empty() {
        return Ok(entries);
    }
    errors.truncate(FAULTS_MAX);
    let detail = "nothing was changed; correct what `errors` lists and send it again";
    Err(Problem::listing(Case::Validation, detail, errors))
}

fn few(entries: usize) -> Result<(), Problem> {
    if CHANGE_ENTRIES_MAX < entries {
        let detail =
            format!("a change may have at most {CHANGE_ENTRIES_MAX} entries; send several");
        return Err(Problem::new(Case::BodyTooLarge, detail));
    }
    Ok(())
}

fn refused_fault(place: &str, refused: &Refused) -> Fault {
    let (member, code) = match refused {
        Refused::Value(_) => ("/value", "L003"),
        Refused::Times => ("/until_ms", "L005"),
        Refused::Scope => ("/scope", "L006"),
        Refused::Full => ("", "L008"),
        Refused::Action | Refused::Kind(_) | Refused::UnknownList(_) => ("", "L003"),
    };
    Fault { pointer: format!("{place}{member}"), code, detail: refused.to_string() }
}

/// A fault of the event that an entry becomes, at the member that it comes from.
fn event_fault(place: &str, fault: &Diagnostic) -> Fault {
    let member = match &fault.place {
        Place::Field(path) => match path.as_str() {
            path if path == ids::ENTRY.path() => "/value",
            path if path == ids::ENTRY_REASON.path() => "/reason",
            path if path == ids::ENTRY_SOURCE.path() => "/source",
            path if path == ids::ENTRY_SCOPE.path() => "/scope",
            path if path == ids::ENTRY_FROM_MS.path() => "/from_ms",
            path if path == ids::ENTRY_EXPIRES_MS.path() => "/until_ms",
            _ => "",
        },
        Place::Text { .. } | Place::Row(_) | Place::Whole => "",
    };
    Fault { pointer: format!("{place}{member}"), ..Fault::of(fault) }
}

const _: () = assert!(CHANGE_ENTRIES_MAX < LISTS_HELD_MAX);
