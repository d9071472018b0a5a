//! `POST /v1/events`: what happened, for the record.
//!
//! Takes any event and judges none: results, labels, disputes, signals, and requests of which
//! somebody else has decided. One event comes as JSON and is answered with the state of its record;
//! many come as NDJSON and are answered line by line in their order, where a bad line keeps no
//! other line back. Lines are folded in the order they stand in. After every [`CHUNK`] lines the
//! request waits for the disk, so that one caller cannot fill the journal's queue.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use features::event::Event;
use features::field::ids;
use features::limits::EVENT_BYTES_MAX;
use serde::Serialize;

use super::exchange::{Accepted, IDEMPOTENCY_KEY, RequestId, Wish, body, exchange, media_type};
use super::idempotency::{Fingerprint, Known};
use super::problem::{Case, Fault, Problem};
use super::score::{JSON, read_event, replayed};
use super::turn::{Met, Standing, claim, wait};
use crate::shell::journal::Receipt;
use crate::shell::serve::{Service, key_of};

const LINES: &str = "application/x-ndjson";

/// Bytes of an NDJSON body.
const LINES_BYTES_MAX: usize = 4 << 20;

/// Lines of an NDJSON body.
const LINES_MAX: usize = 10_000;

/// Lines between two waits for the disk.
const CHUNK: usize = 256;

/// An event that has been recorded, now or before.
struct Noted {
    event_id: String,
    event_type: &'static str,
    warnings: Vec<Fault>,
    known: Known,
    /// Of a record made just now.
    receipt: Option<Receipt>,
    is_again: bool,
}

/// What a caller learns about a recorded event.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    event_id: &'a str,
    event_type: &'a str,
    record: Standing,
    replayed: bool,
    degraded: &'a [&'static str],
    warnings: &'a [Fault],
}

/// The route.
pub(super) async fn events(State(service): State<Arc<Service>>, request: Request) -> Response {
    exchange(&service, "/v1/events", request, async |request, id| {
        let arrival = Instant::now();
        let wish = Wish::read(request.headers(), arrival, service.durable_wait())?;
        if media_type(request.headers()).eq_ignore_ascii_case(LINES) {
            check_lines(request.headers())?;
            let accepted = Accepted { media_types: &[LINES], bytes_max: LINES_BYTES_MAX };
            let body = body(request, accepted).await?;
            return lines(&service, &body, id).await;
        }
        let accepted = Accepted { media_types: &[JSON, LINES], bytes_max: EVENT_BYTES_MAX };
        let body = body(request, accepted).await?;
        one(&service, &body, &wish).await
    })
    .await
}

fn check_lines(headers: &HeaderMap) -> Result<(), Problem> {
    if headers.contains_key(IDEMPOTENCY_KEY) {
        let detail = "Idempotency-Key names one event; leave it out with NDJSON";
        return Err(Problem::new(Case::Parameter, detail));
    }
    Ok(())
}

async fn one(service: &Service, body: &Bytes, wish: &Wish) -> Result<Response, Problem> {
    let event = read_event(service, body)?;
    wish.check_key(&event)?;
    let mut noted = note(service, event, body, wish.deadline).await?;
    if let Some(receipt) = noted.receipt.take() {
        // How far the disk came is asked below, for new and old records alike.
        wait(receipt, wish.deadline).await;
    }
    let standing = Standing::of(service, &noted.known);
    let status = if standing.is_durable() { StatusCode::OK } else { StatusCode::ACCEPTED };
    let text = noted.answer(service, standing, None);
    let content_type = (header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    let response = (status, [content_type], text).into_response();
    Ok(if noted.is_again { replayed(service, response) } else { response })
}

async fn lines(service: &Service, body: &Bytes, id: &RequestId) -> Result<Response, Problem> {
    let count = body.split(|byte| *byte == b'\n').filter(|line| !is_blank(line)).count();
    if LINES_MAX < count {
        let detail = format!("the body may have at most {LINES_MAX} lines");
        return Err(Problem::new(Case::BodyTooLarge, detail));
    }
    let mut text = String::new();
    let mut chunk: Vec<(u64, Result<Noted, Problem>)> = Vec::with_capacity(CHUNK);
    for (number, line) in (1..).zip(body.split(|byte| *byte == b'\n')) {
        if is_blank(line) {
            continue;
        }
        let deadline = Instant::now() + service.durable_wait();
        let noted = match read_event(service, line) {
            Ok(event) => note(service, event, line, deadline).await,
            Err(problem) => Err(problem),
        };
        chunk.push((number, noted));
        if CHUNK <= chunk.len() {
            write_chunk(service, &mut chunk, id, &mut text).await;
        }
    }
    write_chunk(service, &mut chunk, id, &mut text).await;
    let content_type = (header::CONTENT_TYPE, HeaderValue::from_static(LINES));
    Ok(([content_type], text).into_response())
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}

/// Waits until the newest record of the chunk is on the disk, and writes what became of each line.
async fn write_chunk(
    service: &Service,
    chunk: &mut Vec<(u64, Result<Noted, Problem>)>,
    id: &RequestId,
    text: &mut String,
) {
    // Durable in order: when the newest record is, all before it are.
    let newest = chunk.iter_mut().rev().find_map(|(_, noted)| noted.as_mut().ok()?.receipt.take());
    if let Some(newest) = newest {
        wait(newest, Instant::now() + service.durable_wait()).await;
    }
    for (number, noted) in chunk.drain(..) {
        match noted {
            Ok(noted) => {
                let standing = Standing::of(service, &noted.known);
                if noted.is_again {
                    service.meter().replayed();
                }
                text.push_str(&noted.answer(service, standing, Some(number)));
            }
            Err(problem) => {
                service.meter().faults(&problem);
                let (status, body) = (problem.status().as_u16(), problem.body(id));
                text.push_str(&format!(
                    "{{\"line\":{number},\"status\":{status},\"problem\":{body}}}"
                ));
            }
        }
        text.push('\n');
    }
}

/// Folds an event into the history and hands it to the journal, once for each id.
async fn note(
    service: &Service,
    mut event: Event,
    body: &[u8],
    deadline: Instant,
) -> Result<Noted, Problem> {
    match claim(service, key_of(&event), Fingerprint::of(body), deadline).await? {
        Met::Known(known) => Ok(Noted::of(&event, known, None)),
        Met::New(turn) => {
            // Inline on the worker, like a decision.
            let (known, receipt) = turn.record(&mut event);
            Ok(Noted { is_again: false, ..Noted::of(&event, known, receipt) })
        }
    }
}

impl Noted {
    /// An event that was recorded before.
    fn of(event: &Event, known: Known, receipt: Option<Receipt>) -> Noted {
        Noted {
            event_id: event.text(ids::EVENT_ID).unwrap_or_default().to_owned(),
            event_type: event.event_type().name(),
            warnings: event.warnings().iter().map(|w| Fault::of(&w.diagnostic())).collect(),
            known,
            receipt,
            is_again: true,
        }
    }

    fn answer(&self, service: &Service, standing: Standing, line: Option<u64>) -> String {
        let degraded: &[&'static str] = if standing.is_lost() { &["journal"] } else { &[] };
        if standing.is_lost() && !self.is_again {
            service.meter().degraded("journal");
        }
        let status = if standing.is_durable() { StatusCode::OK } else { StatusCode::ACCEPTED };
        let answer = Answer {
            line,
            status: line.map(|_| status.as_u16()),
            event_id: &self.event_id,
            event_type: self.event_type,
            record: standing,
            replayed: self.is_again,
            degraded,
            warnings: &self.warnings,
        };
        serde_json::to_string(&answer).expect("an answer holds nothing but texts and numbers")
    }
}
