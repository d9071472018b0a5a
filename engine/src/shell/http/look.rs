//! What can be looked at: recorded decisions, the catalogue, the policy, the process.
//!
//! A recorded decision is found by the table of ids and read back from the journal on a thread for
//! blocking work, since it may touch the disk. Its facts are named by the policy in force when that
//! keeps the facts of the record; a record of other facts shows none, for a name put on the wrong
//! number would be a lie. Nothing here changes anything.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use features::language::define::Feature;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::exchange::{exchange, parameter};
use super::idempotency::{Key, Known};
use super::problem::{Case, Problem};
use super::score::{json as json_response, recorded};
use super::turn::Standing;
use crate::policy::Policy;
use crate::shell::answer::with_member;
use crate::shell::serve::Service;
use crate::shell::{meter, openapi};

/// The decision on an event, as it was recorded.
pub(super) async fn decision(
    State(service): State<Arc<Service>>,
    event_id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    exchange(&service, "/v1/decisions", request, async |request, _| {
        let Ok(Path(event_id)) = event_id else {
            return Err(Problem::new(Case::Parameter, "the event id is not UTF-8"));
        };
        let tenant_id = match parameter(&request, "tenant_id") {
            None => 0,
            Some(text) => text.parse().map_err(|_| {
                Problem::new(Case::Parameter, "tenant_id is an integer from 0 to 4294967295")
            })?,
        };
        let unknown = || {
            let detail = "no decision is kept on this event of this tenant";
            Problem::new(Case::NotFound, detail)
        };
        let known = service.table().find(Key::of(tenant_id, &event_id));
        let known = known.filter(|known| known.is_scored).ok_or_else(unknown)?;
        let standing = Standing::of(&service, &known);
        let found = recorded(&service, known).await?.ok_or_else(unknown)?;
        let facts = named(&service.engine().policy(), &found);
    })
    .await
}
