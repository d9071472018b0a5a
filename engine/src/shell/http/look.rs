//! What can be looked at: recorded decisions, the catalogue, the policy, the process.
//!
//! A recorded decision is found by the table of ids, with its facts; an old one is read back from
//! the journal on a thread for blocking work, since that may touch the disk. Probes say no more
//! than a load balancer needs. Nothing here changes anything.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use super::exchange::{exchange, parameter};
use super::idempotency::{Key, Known};
use super::problem::{Case, Problem};
use super::score::{json as json_response, recorded_answer, recorded_payload};
use super::turn::Standing;
use crate::shell::answer::with_record;
use crate::shell::commands::features::entry;
use crate::shell::explained::{self, Unexplained};
use crate::shell::serve::Service;
use crate::shell::{meter, openapi, record};

/// The decision on an event, as it was recorded.
pub(super) async fn decision(
    State(service): State<Arc<Service>>,
    event_id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    exchange(&service, "/v1/decisions", request, async |request, _| {
        let known = known(&service, event_id, &request)?;
        let standing = Standing::of(&service, &known);
        let answer = recorded_answer(&service, &known).await?;
        Ok(json_response(with_record(&answer, &standing.json(), None)))
    })
    .await
}

/// Why an event was decided as it was: the recorded facts, judged once more by the policy in force
/// if that is the one that decided; and at which amount it would have been decided otherwise.
pub(super) async fn explain(
    State(service): State<Arc<Service>>,
    event_id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    exchange(&service, "/v1/decisions", request, async |request, _| {
        let known = known(&service, event_id, &request)?;
        let answer = recorded_answer(&service, &known).await?;
        let payload = recorded_payload(&service, &known).await?;
        let service = Arc::clone(&service);
        // Thousands of judgements: more than a thread for requests has time for.
        match spawn_blocking(move || explained_by(&service, &answer, &payload)).await {
            Ok(document) => Ok(json_response(document?.to_string())),
            Err(_) => Err(Problem::new(Case::Internal, "the decision cannot be explained")),
        }
    })
    .await
}

fn explained_by(service: &Service, answer: &str, payload: &[u8]) -> Result<Value, Problem> {
    let policy = service.engine().policy();
    let record = record::decode(payload);
    let kept = record.as_ref().map(|record| (service.engine(), record));
    explained::of_answer(&policy, answer, kept).map_err(|of| match of {
        Unexplained::Unreadable => {
            Problem::new(Case::Internal, "the recorded answer cannot be read")
        }
        Unexplained::DecidedBy(other) => {
            let own = format!("{}@{}", policy.name(), policy.version());
            Problem::new(Case::PolicyReplaced, format!("{other} decided; {own} is in force"))
        }
    })
}

/// The decided event of this id, and of the tenant that the request names.
fn known(
    service: &Service,
    event_id: Result<Path<String>, PathRejection>,
    request: &Request,
) -> Result<Known, Problem> {
    let Ok(Path(event_id)) = event_id else {
        return Err(Problem::new(Case::Parameter, "the event id is not UTF-8"));
    };
    let tenant_id = match parameter(request, "tenant_id") {
        None => 0,
        Some(text) => text.parse().map_err(|_| {
            Problem::new(Case::Parameter, "tenant_id is an integer from 0 to 4294967295")
        })?,
    };
    let known = service.table().find(Key::of(tenant_id, &event_id));
    known.filter(|known| known.is_scored).ok_or_else(|| {
        Problem::new(Case::NotFound, "no decision is kept on this event of this tenant")
    })
}

/// The catalogue of features, the policy's own included.
pub(super) async fn features(State(service): State<Arc<Service>>, request: Request) -> Response {
    exchange(&service, "/v1/features", request, async |_, _| {
        let policy = service.engine().policy();
        let features: Vec<Value> = policy.features().iter().map(entry).collect();
        let body = json!({ "schema": policy.schema(), "features": features });
        Ok(json_response(body.to_string()))
    })
    .await
}

/// The policy and model in force, and the policy that waits for its past.
pub(super) async fn policy(State(service): State<Arc<Service>>, request: Request) -> Response {
    exchange(&service, "/v1/policy", request, async |_, _| {
        // Before the policy in force: one that leaves the stage meanwhile is then seen there.
        let staged = service.backfill();
        let policy = service.engine().policy();
        let model = policy.model();
        let body = json!({
            "name": policy.name(),
            "version": policy.version(),
            "schema": policy.schema(),
            "rules": policy.rules().rules.len(),
            "exemptions": policy.rules().exemptions.len(),
            "facts": policy.plan().facts().len(),
            "model": model.map(|model| json!({ "name": model.name(), "version": model.version() })),
            "staged": staged.map(|staged| {
                let (folded, durable) = (staged.folded(), service.journal().durable());
                json!({
                    "name": staged.name, "version": staged.version,
                    "folded": folded, "of": durable.max(folded),
                })
            }),
        });
        Ok(json_response(body.to_string()))
    })
    .await
}

/// Whether the process lives.
pub(super) async fn healthz(State(service): State<Arc<Service>>, request: Request) -> Response {
    exchange(&service, "/healthz", request, async |_, _| {
        Ok(json_response(r#"{"status":"ok"}"#.to_owned()))
    })
    .await
}

/// Whether decisions should be asked for here.
pub(super) async fn readyz(State(service): State<Arc<Service>>, request: Request) -> Response {
    exchange(&service, "/readyz", request, async |_, _| match service.unready() {
        None => Ok(json_response(r#"{"status":"ready"}"#.to_owned())),
        Some(reason) => Err(Problem::new(Case::NotReady, reason)
            .header(header::RETRY_AFTER, HeaderValue::from_static("1"))),
    })
    .await
}

/// The page of counters and times.
pub(super) async fn metrics(State(service): State<Arc<Service>>, request: Request) -> Response {
    exchange(&service, "/metrics", request, async |_, _| {
        let page = service.meter().page(&service.levels());
        let content_type = (header::CONTENT_TYPE, HeaderValue::from_static(meter::MEDIA_TYPE));
        Ok(([content_type], page).into_response())
    })
    .await
}

/// The description of the service.
pub(super) async fn openapi(State(service): State<Arc<Service>>, request: Request) -> Response {
    exchange(&service, "/openapi.json", request, async |_, _| {
        let content_type = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(([content_type], openapi::document()).into_response())
    })
    .await
}
