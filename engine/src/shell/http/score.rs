//! `POST /v1/score` and `POST /v1/evaluate`: one event in, one decision out.
//!
//! The way of a scored event: read, claim the id, then in one synchronous piece fold, judge, write
//! the answer, hand the record to the journal and settle the id; then wait for the disk as long as
//! the caller can, and answer. The synchronous piece runs inline on the worker: it takes some ten
//! microseconds, does no I/O and awaits nothing, so handing it to another thread would cost more
//! than it saves. A caller that hangs up while waiting loses the answer only; a repeat of the
//! request gets it. A journal that takes no records costs durability, which the answer says, and
//! never the answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use features::event::Event;
use features::history::Recorded;
use features::limits::EVENT_BYTES_MAX;
use tokio::task::spawn_blocking;

use super::exchange::{Accepted, Wish, body, exchange, parameter};
use super::idempotency::{Fingerprint, Known};
use super::problem::{Case, Problem};
use super::turn::{Met, Standing, Turn, claim, record_now, wait};
use crate::changes;
use crate::shell::answer::{answer, with_record};
use crate::shell::client::client;
use crate::shell::commands::common::say;
use crate::shell::journal::Receipt;
use crate::shell::meter::Stage;
use crate::shell::record;
use crate::shell::serve::{Service, key_of};
use crate::shell::wire::Detail;

/// Media type of an event and of an answer.
pub(super) const JSON: &str = "application/json";

const EVENT: Accepted = Accepted { media_types: &[JSON], bytes_max: EVENT_BYTES_MAX };

const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The route that decides.
pub(super) async fn score(State(service): State<Arc<Service>>, request: Request) -> Response {
    exchange(&service, "/v1/score", request, async |request, _| {
        let arrival = Instant::now();
        let wish = Wish::read(request.headers(), arrival, service.durable_wait())?;
        let detail = detail(&request)?;
        let body = body(request, EVENT).await?;
        let read = Instant::now();
        let event = read_event(&service, &body)?;
        let parse = read.elapsed();
        if !event.is_score_requested() {
            let detail = "send events of this type, or with score_requested false, to /v1/events";
            return Err(Problem::new(Case::NotScored, detail));
        }
        wish.check_key(&event)?;
        match claim(&service, key_of(&event), Fingerprint::of(&body), wish.deadline).await? {
            Met::Known(known) => again(&service, known, detail).await,
            Met::New(turn) => {
                let decided = Decided { arrival, parse, ..decide(&service, event, turn, detail) };
                Ok(decided.answer(&service, wish.deadline).await)
            }
        }
    })
    .await
}

/// The route that decides and forgets.
pub(super) async fn evaluate(State(service): State<Arc<Service>>, request: Request) -> Response {
    exchange(&service, "/v1/evaluate", request, async |request, _| {
        let detail = detail(&request)?;
        let body = body(request, EVENT).await?;
        let mut event = read_event(&service, &body)?;
        let outcome = service.engine().what_if(&mut event);
        Ok(json(answer(&outcome.policy, &event, &outcome, detail)))
    })
    .await
}

/// A decision on its way to the caller.
struct Decided {
    /// What the caller gets, but for record and timing.
    answer: Arc<str>,
    detail: Detail,
    known: Known,
    receipt: Option<Receipt>,
    arrival: Instant,
    parse: Duration,
    fold: Duration,
    judge: Duration,
    encode: Duration,
}

/// The synchronous piece: see the module's essay.
fn decide(service: &Service, mut event: Event, turn: Turn<'_>, detail: Detail) -> Decided {
    let began = Instant::now();
    let (outcome, mut turn) = turn.fold(&mut event, |engine, event, place| {
        engine.decide(event, || place.take(service.journal())).0
    });
    let judged = Instant::now();
    let folded = turn.folded().unwrap_or(judged);
    let full: Arc<str> = answer(&outcome.policy, &event, &outcome, Detail::Full).into();
    let payload = record::encode(&event, &outcome.facts, &full);
    let receipt = turn.commit(record::SCORED, payload);
    let known = Known {
        is_scored: true,
        sequence: receipt.as_ref().map(Receipt::sequence),
        applied: outcome.recorded == Recorded::Yes,
        answer: Some(Arc::clone(&full)),
    };
    turn.finish(known.clone());
    let mut receipt = receipt;
    for change in changes::left_by(&event, &outcome) {
        // The answer waits for the last record, which is on the disk behind all before it.
        if let Some((_, Some(newer))) = record_now(service, change) {
            receipt = Some(newer);
        }
    }
    let answer = match detail {
        Detail::Full => full,
        Detail::Minimal => minimal(&full).into(),
        Detail::Client => client(&full).into(),
    };
    let judgement = &outcome.judgement;
    service.meter().decided(&outcome.policy, judgement.verdict.decision, &judgement.hits);
    Decided {
        answer,
        detail,
        known,
        receipt,
        arrival: began,
        parse: Duration::ZERO,
        fold: folded - began,
        judge: judged - folded,
        encode: judged.elapsed(),
    }
}

impl Decided {
    /// Waits for the disk, and makes the answer.
    async fn answer(mut self, service: &Service, deadline: Instant) -> Response {
        let waited = Instant::now();
        if let Some(receipt) = self.receipt.take() {
            wait(receipt, deadline).await;
        }
        let durable = waited.elapsed();
        let standing = Standing::of(service, &self.known);
        if standing.is_lost() {
            service.meter().degraded("journal");
        }
        let total = self.arrival.elapsed();
        service.meter().timed(&[
            (Stage::Parse, self.parse),
            (Stage::Fold, self.fold),
            (Stage::Judge, self.judge),
            (Stage::Encode, self.encode),
            (Stage::Durable, durable),
            (Stage::Total, total),
        ]);
        let timing = format!(
            "{{\"parse\":{},\"fold\":{},\"judge\":{},\"total\":{}}}",
            self.parse.as_micros(),
            self.fold.as_micros(),
            self.judge.as_micros(),
            total.as_micros(),
        );
        if self.detail == Detail::Client {
            // How long it took, and how much the journal holds, is nobody's business there.
            return json(self.answer.to_string());
        }
        json(told(&self.answer, standing, Some(&timing)))
    }
}

/// An answer with how its record stands.
fn told(answer: &str, standing: Standing, timing_us: Option<&str>) -> String {
    if standing.is_lost() {
        return with_record(&degrade(answer, "journal"), &standing.json(), timing_us);
    }
    with_record(answer, &standing.json(), timing_us)
}

/// The answer of the first request once more; its timing was of that request, and is left out.
async fn again(service: &Arc<Service>, known: Known, detail: Detail) -> Result<Response, Problem> {
    if !known.is_scored {
        let detail = "the event was recorded without a decision and is not decided again";
        return Err(Problem::new(Case::IdempotencyConflict, detail));
    }
    let standing = Standing::of(service, &known);
    let full = recorded_answer(service, &known).await?;
    let answer = match detail {
        Detail::Full => told(&full, standing, None),
        Detail::Minimal => told(&minimal(&full), standing, None),
        Detail::Client => client(&full),
    };
    Ok(replayed(service, json(answer)))
}

/// The full answer of a decided event, from memory or from the journal.
pub(super) async fn recorded_answer(
    service: &Arc<Service>,
    known: &Known,
) -> Result<Arc<str>, Problem> {
    if let Some(answer) = &known.answer {
        return Ok(Arc::clone(answer));
    }
    // The table keeps an id without its answer only when the journal has the record.
    let payload = recorded_payload(service, known).await?;
    record::decode(&payload).map(|record| Arc::from(record.answer)).ok_or_else(|| {
        let sequence = known.sequence.unwrap_or(0);
        unreadable(&format!("record {sequence} of the journal cannot be read"))
    })
}

/// What the journal keeps of a decided event; nothing before that is durable.
pub(super) async fn recorded_payload(
    service: &Arc<Service>,
    known: &Known,
) -> Result<Vec<u8>, Problem> {
    let Some(sequence) = known.sequence else { return Ok(Vec::new()) };
    let reader = Arc::clone(service);
    match spawn_blocking(move || reader.journal().read(sequence)).await {
        Ok(Ok(found)) => Ok(found.map(|found| found.payload).unwrap_or_default()),
        Ok(Err(error)) => Err(unreadable(&error.to_string())),
        Err(error) => Err(unreadable(&error.to_string())),
    }
}

fn unreadable(reason: &str) -> Problem {
    say(&format!("gyr: {reason}"));
    Problem::new(Case::Internal, "the record cannot be read back from the journal")
}

/// Reads an event, received now, and looks up its address.
pub(super) fn read_event(service: &Service, json: &[u8]) -> Result<Event, Problem> {
    let networks = service.networks();
    Event::read_with(json, service.received_ms(), |ip| networks.look_up(ip))
        .map_err(|faults| Problem::event(&faults))
}

/// An answer that was given before.
pub(super) fn replayed(service: &Service, mut response: Response) -> Response {
    service.meter().replayed();
    response.headers_mut().insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    response
}

/// A JSON text as an answer.
pub(super) fn json(text: String) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(JSON))], text).into_response()
}

fn detail(request: &Request) -> Result<Detail, Problem> {
    match parameter(request, "detail") {
        None | Some("full") => Ok(Detail::Full),
        Some("minimal") => Ok(Detail::Minimal),
        Some("client") => Ok(Detail::Client),
        Some(_) => Err(Problem::new(Case::Parameter, "detail is minimal, full or client")),
    }
}

/// The minimal answer that a full one begins with.
///
/// A quote inside a text of the answer is escaped, so the member's name cannot be found in one.
fn minimal(full: &str) -> String {
    let end = full.find(",\"p_fraud\":").unwrap_or(full.len() - 1);
    format!("{}}}", &full[..end])
}

/// The answer with one more part that it had to do without.
fn degrade(answer: &str, part: &str) -> String {
    const LIST: &str = "\"degraded\":[";
    let Some(start) = answer.find(LIST).map(|at| at + LIST.len()) else {
        return answer.to_owned();
    };
    let (before, after) = answer.split_at(start);
    let comma = if after.starts_with(']') { "" } else { "," };
    format!("{before}\"{part}\"{comma}{after}")
}

#[cfg(test)]
mod tests {
    use features::history::Limits;

    use super::*;
    use crate::engine::Engine;
    use crate::policy::{DEFAULT_POLICY, Policy, Wanted};
    use crate::shell::serve::testing::Scratch;

    const LOGIN: &str = r#"{"event_id":"x\",\"p_fraud\":","event_type":"login","channel":"web",
        "account_id":"a1","event_time_ms":1790000000000,"outcome":"success","method":"password",
        "login_name_hash":"n1"}"#;

    #[test]
    fn a_minimal_answer_is_the_head_of_the_full_one() {
        let policy = Policy::check(DEFAULT_POLICY, None, Wanted::Judging);
        let policy = policy.unwrap_or_else(|faults| panic!("{faults:?}"));
        let engine = Engine::new(policy, Limits::default());
        let mut event = Event::read(LOGIN.as_bytes(), None).unwrap();
        let (outcome, ()) = engine.decide(&mut event, || ());
        let text = |detail| answer(&outcome.policy, &event, &outcome, detail);
        assert_eq!(minimal(&text(Detail::Full)), text(Detail::Minimal));
        assert_ne!(text(Detail::Full), text(Detail::Minimal));
    }

    #[tokio::test]
    async fn a_journal_that_takes_no_record_degrades_the_answer_and_not_more() {
        let scratch = Scratch::new("degraded");
        let service = scratch.open(1);
        let held = service.journal().reserve().expect("the queue has one place");
        let event = Event::read(LOGIN.as_bytes(), None).unwrap();
        let (key, fingerprint) = (key_of(&event), Fingerprint::of(LOGIN.as_bytes()));
        let now = Instant::now();
        let Ok(Met::New(turn)) = claim(&service, key, fingerprint, now).await else {
            panic!("the id is free");
        };
        let response = decide(&service, event, turn, Detail::Full).answer(&service, now).await;
        assert_eq!(response.status().as_u16(), 200);
        drop(held);
        let Ok(Met::Known(known)) = claim(&service, key, fingerprint, now).await else {
            panic!("the id is settled");
        };
        for response in [response, again(&service, known, Detail::Full).await.unwrap()] {
            let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            let lost = serde_json::json!({ "sequence": null, "state": "pending", "applied": true });
            assert_eq!(body["record"], lost);
            assert_eq!(body["degraded"][0], "journal");
            assert!(body["decision"].is_string());
        }
    }

    #[test]
    fn a_lost_part_is_added_to_the_list() {
        assert_eq!(degrade(r#"{"degraded":[],"a":1}"#, "j"), r#"{"degraded":["j"],"a":1}"#);
        assert_eq!(degrade(r#"{"degraded":["model"]}"#, "j"), r#"{"degraded":["j","model"]}"#);
    }
}
