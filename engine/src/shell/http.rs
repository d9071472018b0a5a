//! The doors of the service: which route goes where, and what is the same on all of them.
//!
//! `score` decides, `events` records, `lists` changes lists, `look` shows. Every request goes through
//! [`exchange`](exchange::exchange), every refusal is a [`problem::Problem`], every id is held by
//! [`idempotency`], and sockets are guarded by [`connection`]. What the routes take and give is
//! described by `openapi`.
//!
//! Nothing below awaits while it holds a lock or a map guard: what needs the engine is computed in
//! one synchronous piece between reading the body and waiting for the disk.

pub(crate) mod connection;
mod events;
pub(crate) mod exchange;
pub(crate) mod idempotency;
pub(crate) mod lists;
mod look;
pub(crate) mod problem;
mod score;
mod turn;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{delete, get, post};

use super::serve::Service;
use exchange::exchange;
use problem::{Case, Problem};

/// Every route of the service, to be served or called in process.
pub fn router(service: Arc<Service>) -> Router {
    Router::new()
        .route("/v1/score", post(score::score))
        .route("/v1/evaluate", post(score::evaluate))
        .route("/v1/events", post(events::events))
        .route("/v1/decisions/{event_id}", get(look::decision))
        .route("/v1/decisions/{event_id}/explain", get(look::explain))
        .route("/v1/lists", get(lists::lists))
        .route("/v1/lists/{name}", delete(lists::drop_list))
        .route("/v1/lists/{name}/entries", get(lists::entries).post(lists::change))
        .route("/v1/lists/{name}/entries/{value}", delete(lists::remove))
        .route("/v1/features", get(look::features))
        .route("/v1/policy", get(look::policy))
        .route("/healthz", get(look::healthz))
        .route("/readyz", get(look::readyz))
        .route("/metrics", get(look::metrics))
        .route("/openapi.json", get(look::openapi))
        .fallback(nothing_here)
        .method_not_allowed_fallback(wrong_method)
        .with_state(service)
}

/// Code and title of every answer that is not a success.
pub(crate) fn problem_titles() -> Vec<(&'static str, &'static str)> {
    Case::all().map(|case| case.line()).map(|(code, _, title)| (code, title)).collect()
}

/// The label of requests that no route takes; a path of the caller's choice is never a label.
const OTHER: &str = "other";

async fn nothing_here(State(service): State<Arc<Service>>, request: Request) -> Response {
    exchange(&service, OTHER, request, async |_, _| {
        Err(Problem::new(Case::NotFound, "no route has this path; /openapi.json lists them"))
    })
    .await
}

/// The router adds the header `Allow`.
async fn wrong_method(State(service): State<Arc<Service>>, request: Request) -> Response {
    exchange(&service, OTHER, request, async |_, _| {
        Err(Problem::new(Case::Method, "the header `Allow` lists the methods of this path"))
    })
    .await
}
