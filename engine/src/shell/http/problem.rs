//! Every answer that is not a success: RFC 9457 `application/problem+json`.
//!
//! [`CASES`] is the one table of codes, statuses and titles; the OpenAPI document is made from it.
//! A problem's words are constant, or tell what was wanted of a field; they never repeat a byte of
//! the request, which may hold a card number in disguise. Faults of an event arrive as diagnostics
//! and leave as `errors` with a JSON Pointer (RFC 6901) each, all of them at once.
//!
//! `type` is a URN that stays the same for ever and is not meant to be fetched; `instance` names
//! the one exchange, as the header `X-Request-Id` does.

use std::borrow::Cow;
use std::fmt::Write as _;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use features::diagnostic::{Diagnostic, Place};
use serde::Serialize;

use super::exchange::RequestId;

/// Media type of every problem.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// What went wrong: one line of the table for each code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    /// The body is not one JSON value.
    JsonSyntax,
    /// A member stands twice.
    JsonDuplicateKey,
    /// Nested too deep.
    JsonTooDeep,
    /// A query parameter or header cannot be read.
    Parameter,
    /// No such route or thing.
    NotFound,
    /// The route has other methods.
    Method,
    /// The body came too slowly.
    Timeout,
    /// The id was used for another body.
    IdempotencyConflict,
    /// The first request with this id has not been answered.
    InProgress,
    /// What decided is no longer at hand.
    PolicyReplaced,
    /// Somebody uses the list.
    ListInUse,
    /// The body is too long.
    BodyTooLarge,
    /// The target is too long.
    UriTooLong,
    /// The content type is not the one asked for.
    MediaType,
    /// The body is encoded.
    ContentEncoding,
    /// The event does not say what an event must.
    Validation,
    /// A full card number.
    PanDetected,
    /// A secret of a card.
    SadDetected,
    /// Dated in the future.
    EventTime,
    /// Nobody asks for a decision on this event.
    NotScored,
    /// The header and the body name different ids.
    IdempotencyMismatch,
    /// A bug of ours.
    Internal,
    /// Not ready to answer.
    NotReady,
}

/// Code, status and title of every case, in the order of their declaration.
const CASES: [(Case, &str, u16, &str); 23] = [
    (Case::JsonSyntax, "json_syntax", 400, "The body is not one JSON value"),
    (Case::JsonDuplicateKey, "json_duplicate_key", 400, "A member stands twice"),
    (Case::JsonTooDeep, "json_too_deep", 400, "The body is nested too deep"),
    (Case::Parameter, "parameter", 400, "A parameter or header cannot be read"),
    (Case::NotFound, "not_found", 404, "There is nothing here"),
    (Case::Method, "method", 405, "The method is not allowed here"),
    (Case::Timeout, "timeout", 408, "The body came too slowly"),
    (
        Case::IdempotencyConflict,
        "idempotency_conflict",
        409,
        "The event id was used for another request",
    ),
    (Case::InProgress, "in_progress", 409, "The first request is being answered"),
    (Case::PolicyReplaced, "policy_replaced", 409, "Another policy or model is in force by now"),
    (Case::ListInUse, "list_in_use", 409, "The list is in use"),
    (Case::BodyTooLarge, "body_too_large", 413, "The body is too long"),
    (Case::UriTooLong, "uri_too_long", 414, "The request target is too long"),
    (Case::MediaType, "media_type", 415, "The content type is not supported"),
    (Case::ContentEncoding, "content_encoding", 415, "The content encoding is not supported"),
    (Case::Validation, "validation", 422, "The event is not valid"),
    (Case::PanDetected, "pan_detected", 422, "The event holds a full card number"),
    (Case::SadDetected, "sad_detected", 422, "The event holds a secret of a card"),
    (Case::EventTime, "event_time", 422, "The event is in the future"),
    (Case::NotScored, "not_scored", 422, "No decision is asked for on this event"),
    (
        Case::IdempotencyMismatch,
        "idempotency_mismatch",
        422,
        "The idempotency key is not the event id",
    ),
    (Case::Internal, "internal", 500, "An error of the service"),
    (Case::NotReady, "not_ready", 503, "The service is not ready"),
];

impl Case {
    /// Every case.
    pub(crate) fn all() -> impl Iterator<Item = Case> {
        CASES.iter().map(|(case, ..)| *case)
    }

    /// Its code, status and title.
    pub(crate) fn line(self) -> (&'static str, StatusCode, &'static str) {
        let (_, code, status, title) = CASES[self as usize];
        (code, StatusCode::from_u16(status).expect("the table holds statuses"), title)
    }

    /// Its stable name.
    pub(crate) fn code(self) -> &'static str {
        self.line().0
    }

    /// The URN that identifies it.
    pub(crate) fn type_urn(self) -> String {
        format!("urn:gyrfalcon:problem:{}", self.code())
    }

    /// How grave it is among the faults of one event; 0 is the gravest.
    fn rank(self) -> u8 {
        match self {
            Case::PanDetected | Case::SadDetected => 0,
            _ if self.line().1 != StatusCode::UNPROCESSABLE_ENTITY => 1,
            _ => 2,
        }
    }

    /// The case of this name.
    fn find(code: &str) -> Option<Case> {
        Case::all().find(|case| case.code() == code)
    }
}

/// One fault of an event, as the caller reads it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Fault {
    /// JSON Pointer to the member; empty for the whole body.
    pub(crate) pointer: String,
    /// Code of the diagnostic.
    pub(crate) code: &'static str,
    /// What was got, what was wanted, and the next step.
    pub(crate) detail: String,
}

/// An answer that is not a success.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) case: Case,
    detail: Cow<'static, str>,
    pub(crate) errors: Vec<Fault>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// The body of a problem.
#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    instance: String,
    code: &'a str,
    #[serde(skip_serializing_if = "<[Fault]>::is_empty")]
    errors: &'a [Fault],
}

impl Problem {
    /// A problem with constant words, or words that name a limit.
    pub(crate) fn new(case: Case, detail: impl Into<Cow<'static, str>>) -> Problem {
        Problem { case, detail: detail.into(), errors: Vec::new(), headers: Vec::new() }
    }

    /// The problem of a request with these faults.
    pub(crate) fn listing(
        case: Case,
        detail: impl Into<Cow<'static, str>>,
        errors: Vec<Fault>,
    ) -> Problem {
        Problem { errors, ..Problem::new(case, detail) }
    }

    /// The problem of an event that could not be read, with all its faults.
    ///
    /// The gravest fault gives the case: card data, then JSON that is no event at all, then the
    /// first of the rest.
    pub(crate) fn event(faults: &[Diagnostic]) -> Problem {
        let cases = faults.iter().map(|fault| case_of(fault.code));
        let case = cases.min_by_key(|case| case.rank()).unwrap_or(Case::Validation);
        let detail = match case {
            Case::PanDetected | Case::SadDetected => {
                "send a token instead; the value was neither stored nor logged"
            }
            _ => "nothing was recorded; correct what `errors` lists and send it again",
        };
        let errors = faults.iter().map(Fault::of).collect();
        Problem { errors, ..Problem::new(case, detail) }
    }

    /// The same problem with a header of its own.
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Problem {
        self.headers.push((name, value));
        self
    }

    /// The status of its case.
    pub(crate) fn status(&self) -> StatusCode {
        self.case.line().1
    }

    /// The body, for the exchange of this id.
    pub(crate) fn body(&self, id: &RequestId) -> String {
        let (code, status, title) = self.case.line();
        let body = Body {
            r#type: self.case.type_urn(),
            title,
            status: status.as_u16(),
            detail: &self.detail,
            instance: id.urn(),
            code,
            errors: &self.errors,
        };
        serde_json::to_string(&body).expect("a problem holds nothing but texts and a number")
    }

    /// The whole answer, for the exchange of this id.
    pub(crate) fn into_response(self, id: &RequestId) -> Response {
        let content_type = (header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        let mut response = (self.status(), [content_type], self.body(id)).into_response();
        response.headers_mut().extend(self.headers);
        response
    }
}

impl Fault {
    /// A diagnostic as a caller reads it.
    pub(crate) fn of(diagnostic: &Diagnostic) -> Fault {
        let pointer = match &diagnostic.place {
            Place::Field(path) => pointer(path),
            Place::Text { .. } | Place::Row(_) | Place::Whole => String::new(),
        };
        let mut detail = diagnostic.message.clone();
        if let Place::Text { start, .. } = diagnostic.place {
            // Writing to a String cannot fail.
            let _ = write!(detail, ", at byte {start}");
        }
        if let Some(help) = &diagnostic.help {
            let _ = write!(detail, " ({help})");
        }
        Fault { pointer, code: diagnostic.code, detail }
    }
}

/// The case that a fault of an event leads to, by the class its code belongs to.
pub(crate) fn case_of(code: &str) -> Case {
    let class = features::event::CODES.iter().find(|(known, _, _)| *known == code);
    class.and_then(|(_, class, _)| Case::find(class)).unwrap_or(Case::Validation)
}

/// A dotted path of an event as a JSON Pointer: `a.b[2].c` becomes `/a/b/2/c`.
fn pointer(path: &str) -> String {
    let mut pointer = String::with_capacity(path.len() + 4);
    for step in path.split(['.', '[']) {
        pointer.push('/');
        let step = step.strip_suffix(']').unwrap_or(step);
        pointer.push_str(&step.replace('~', "~0").replace('/', "~1"));
    }
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_a_pointer() {
        assert_eq!(pointer("amount_minor"), "/amount_minor");
        assert_eq!(pointer("device.device_id"), "/device/device_id");
        assert_eq!(
            pointer("auth_ctx.factors_enrolled[2].factor"),
            "/auth_ctx/factors_enrolled/2/factor"
        );
        assert_eq!(pointer("a/b~c"), "/a~1b~0c");
    }

    #[test]
    fn every_case_has_its_own_code_and_a_status_that_fits() {
        for (at, case) in Case::all().enumerate() {
            assert_eq!(case as usize, at, "the table has the order of the declaration");
            let (code, status, title) = case.line();
            assert!(status.is_client_error() || status.is_server_error(), "{code} is {status}");
            assert!(title.starts_with(char::is_uppercase) && !title.ends_with('.'), "{title}");
            assert_eq!(Case::find(code), Some(case));
        }
    }

    #[test]
    fn every_class_of_event_faults_is_a_case() {
        for (code, class, _) in features::event::CODES {
            let is_warning = matches!(*code, "E030" | "E031" | "E032");
            assert!(is_warning || Case::find(class).is_some(), "{code} of class {class}");
        }
    }

    #[test]
    fn the_gravest_fault_names_the_problem_and_all_are_listed() {
        let faults = [
            Diagnostic::error("E013", Place::Field("channel".into()), "absent").help("add it"),
            Diagnostic::error("E005", Place::Field("card.card_token".into()), "a card number"),
            Diagnostic::error("E001", Place::Text { start: 7, end: 8 }, "got }"),
        ];
        let problem = Problem::event(&faults);
        assert_eq!((problem.case, problem.status().as_u16()), (Case::PanDetected, 422));
        let id = RequestId::of(Some(b"req-1"));
        let body: serde_json::Value = serde_json::from_str(&problem.body(&id)).unwrap();
        assert_eq!(body["errors"][0]["detail"], "absent (add it)");
        assert_eq!(body["errors"][1]["pointer"], "/card/card_token");
        assert_eq!(body["errors"][2]["detail"], "got }, at byte 7");
        assert_eq!(body["type"], "urn:gyrfalcon:problem:pan_detected");
        assert!(body["instance"].as_str().unwrap().starts_with("urn:uuid:"));
        assert_eq!(Problem::event(&faults[2..]).case, Case::JsonSyntax);
        let no_card = [faults[0].clone(), faults[2].clone()];
        assert_eq!(Problem::event(&no_card).case, Case::JsonSyntax);
        assert_eq!(Problem::event(&faults[..1]).case, Case::Validation);
    }
}
