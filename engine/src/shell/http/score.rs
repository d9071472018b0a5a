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
use features::field::ids;
use features::history::Recorded;
use features::limits::EVENT_BYTES_MAX;
use tokio::task::spawn_blocking;

use super::exchange::{Accepted, Wish, body, exchange, parameter};
use super::idempotency::{Fingerprint, Known};
use super::problem::{Case, Problem};
use super::turn::{Met, Standing, Turn, claim, wait};
use crate::shell::answer::{answer, with_record};
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
    let payload = record::encode(event.received(), event.json(), &outcome.facts, &full);
    let receipt = turn.commit(record::SCORED, payload);
    let known = Known {
        is_scored: true,
        sequence: receipt.as_ref().map(Receipt::sequence),
        applied: outcome.recorded == Recorded::Yes,
        answer: Some(Arc::clone(&full)),
    };
    turn.finish(known.clone());
    let answer = match detail {
        Detail::Full => full,
        Detail::Minimal => answer(&outcome.policy, &event, &outcome, detail).into(),
    };
    let judgement = &outcome.judgement;
    service.meter().decided(&outcome.policy, judgement.verdict.decision, &judgement.hits);
    Decided {
        answer,
        known,
        receipt,
        arrival: began,
        parse: Duration::ZERO,
        fold: folded - began,
        judge: judged - folded,
        encode: judged.elapsed(),
    }
}
