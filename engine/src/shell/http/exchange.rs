//! One request and its answer: what every route shares.
//!
//! [`exchange`] gives the request an id, runs the route, turns a problem into its answer and a
//! panic into `500 internal`, adds the headers that every answer carries and counts it. A panic
//! ends one exchange, never the connection or the process. [`body`] reads a body within its limit
//! and its time; [`Wish`] reads what a caller may ask for beside it. Cost of the frame: the id,
//! four header values and one counter.

use std::any::Any;
use std::collections::hash_map::RandomState;
use std::future::poll_fn;
use std::hash::{BuildHasher, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;
use features::event::Event;
use features::field::ids;
use tokio::time::timeout;

use super::problem::{Case, Problem};
use crate::shell::commands::common::say;
use crate::shell::serve::Service;

/// Bytes of a request target; a longer one is refused.
pub(crate) const URI_BYTES_MAX: usize = 2_048;

/// Bytes of a request id that is taken over from the caller.
const ID_BYTES_MAX: usize = 64;

/// How long a body may take to arrive.
const BODY_PATIENCE: Duration = Duration::from_secs(5);

/// The deadlines that a caller may set, in milliseconds.
pub(crate) const DEADLINE_MS: std::ops::RangeInclusive<u64> = 5..=1_000;

/// The header with the id of an exchange.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The header with the time that a caller waits for an answer.
pub(crate) const X_REQUEST_DEADLINE_MS: HeaderName =
    HeaderName::from_static("x-request-deadline-ms");
/// The header that repeats the event id.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The name of one exchange: the caller's own, or a random UUID.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    /// Takes over 1 to 64 letters, digits, dots, dashes and underscores; else makes a new id.
    pub(crate) fn of(sent: Option<&[u8]>) -> RequestId {
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._".contains(byte);
        let sent = sent.filter(|id| (1..=ID_BYTES_MAX).contains(&id.len()));
        let sent = sent.filter(|id| id.iter().all(is_plain));
        let value = sent.and_then(|id| HeaderValue::from_bytes(id).ok());
        RequestId(value.unwrap_or_else(|| {
            HeaderValue::try_from(uuid(random())).expect("a UUID is plain ASCII")
        }))
    }

    /// `urn:uuid:` of the id; of its hash, when the caller's id is not a UUID itself.
    pub(crate) fn urn(&self) -> String {
        let id = self.0.to_str().expect("only plain ASCII is taken over");
        let is_uuid = id.len() == 36
            && id.bytes().enumerate().all(|(at, byte)| match at {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            });
        if is_uuid {
            return format!("urn:uuid:{}", id.to_ascii_lowercase());
        }
        let hash = blake3::hash(id.as_bytes());
        let half = hash.as_bytes().first_chunk::<16>().expect("a hash has 32 bytes");
        format!("urn:uuid:{}", uuid(u128::from_be_bytes(*half)))
    }
}

/// 122 bits that no two exchanges share: keyed hashes of a counter, the keys from the system.
fn random() -> u128 {
    static KEYS: LazyLock<[RandomState; 2]> =
        LazyLock::new(|| [(); 2].map(|()| RandomState::new()));
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let [high, low] = KEYS.each_ref().map(|key| {
        let mut hasher = key.build_hasher();
        hasher.write_u64(count);
        u128::from(hasher.finish())
    });
    high << 64 | low
}

/// The text of a UUID with these bits, marked as version 8 (RFC 9562: own content).
fn uuid(bits: u128) -> String {
    let bits = bits & !(0xf << 76) & !(0x3 << 62) | 0x8 << 76 | 0x2 << 62;
    let mut text = String::with_capacity(36);
    for digit in 0..32_u32 {
        if matches!(digit, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        let value = (bits >> (4 * (31 - digit))) as u32 & 0xf;
        text.push(char::from_digit(value, 16).expect("four bits are a digit"));
    }
    text
}

/// Runs a route: id, panics, headers and counting, as the essay says.
pub(crate) async fn exchange(
    service: &Service,
    route: &'static str,
    request: Request,
    act: impl AsyncFnOnce(Request, &RequestId) -> Result<Response, Problem>,
) -> Response {
    let id = RequestId::of(request.headers().get(X_REQUEST_ID).map(HeaderValue::as_bytes));
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let answered = if URI_BYTES_MAX < target {
        let detail = format!("the target may have at most {URI_BYTES_MAX} bytes");
        Ok(Err(Problem::new(Case::UriTooLong, detail)))
    } else {
        caught(act(request, &id)).await
    };
    let mut response = match answered {
        Ok(Ok(response)) => response,
        Ok(Err(problem)) => {
            service.meter().faults(&problem);
            problem.into_response(&id)
        }
        Err(_) => {
            // The panic hook has printed where it was; the id ties that to the caller's complaint.
            service.meter().panicked();
            say(&format!("gyr: a request of {route} panicked; its id is {}", id.urn()));
            let detail = "the request was given up; quote the instance when you report it";
            Problem::new(Case::Internal, detail).into_response(&id)
        }
    };
    let headers = response.headers_mut();
    headers.insert(X_REQUEST_ID, id.0);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    service.meter().answered(route, response.status().as_u16());
    response
}

/// Drives a future to its end, or to its first panic.
async fn caught<T>(work: impl Future<Output = T>) -> Result<T, Box<dyn Any + Send>> {
    let mut work = pin!(work);
    poll_fn(|context| {
        // The future is not polled again after a panic, and what it shares with others keeps its
        // own invariants: no lock is held where a request can panic but the fold's, which says how.
        match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await
}

/// Which body a route takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Accepted {
    /// Media types, without parameters, in lower case.
    pub(crate) media_types: &'static [&'static str],
    /// Bytes.
    pub(crate) bytes_max: usize,
}

/// Reads a body of an accepted type, within its limit and five seconds.
pub(crate) async fn body(mut request: Request, accepted: Accepted) -> Result<Bytes, Problem> {
    check_media(request.headers(), accepted.media_types)?;
    let too_large = || {
        let detail = format!("the body may have at most {} bytes", accepted.bytes_max);
        Problem::new(Case::BodyTooLarge, detail)
    };
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| (accepted.bytes_max as u64) < length) {
        return Err(too_large());
    }
    DefaultBodyLimit::max(accepted.bytes_max).apply(&mut request);
    match timeout(BODY_PATIENCE, Bytes::from_request(request, &())).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)))) => {
            Err(too_large())
        }
        Ok(Err(_)) => Err(Problem::new(Case::JsonSyntax, "the body broke off")),
        Err(_) => {
            let detail = format!("the body must arrive within {} s", BODY_PATIENCE.as_secs());
            Err(Problem::new(Case::Timeout, detail))
        }
    }
}

/// The media type of a request, without its parameters.
pub(crate) fn media_type(headers: &HeaderMap) -> &str {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.unwrap_or("").split(';').next().unwrap_or("").trim()
}

fn check_media(headers: &HeaderMap, media_types: &[&'static str]) -> Result<(), Problem> {
    let sent = media_type(headers);
    if !media_types.iter().any(|known| known.eq_ignore_ascii_case(sent)) {
        let accepted = media_types.join(", ");
        let detail = format!("send the body with content-type {}", media_types.join(" or "));
        let accepted = HeaderValue::try_from(accepted).expect("media types are plain ASCII");
        let name = HeaderName::from_static("accept-post");
        return Err(Problem::new(Case::MediaType, detail).header(name, accepted));
    }
    let mut encodings = headers.get_all(header::CONTENT_ENCODING).iter();
    if !encodings.all(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        let identity = HeaderValue::from_static("identity");
        return Err(Problem::new(Case::ContentEncoding, "send the body without content-encoding")
            .header(header::ACCEPT_ENCODING, identity));
    }
    Ok(())
}

/// What a caller asks for in headers.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    /// When the answer must leave, at the latest.
    pub(crate) deadline: Instant,
    /// The event id once more, to be compared with the one in the body.
    pub(crate) idempotency_key: Option<HeaderValue>,
}

/// What is kept of the caller's deadline for the way back.
const WAY_BACK: Duration = Duration::from_millis(2);

impl Wish {
    /// Reads the headers; without a deadline the answer waits `wait` at most.
    pub(crate) fn read(
        headers: &HeaderMap,
        arrival: Instant,
        wait: Duration,
    ) -> Result<Wish, Problem> {
        let wait = match headers.get(X_REQUEST_DEADLINE_MS) {
            None => wait,
            Some(value) => {
                let ms = value.to_str().ok().and_then(|text| text.parse::<u64>().ok());
                let ms = ms.filter(|ms| DEADLINE_MS.contains(ms)).ok_or_else(|| {
                    let (least, most) = (DEADLINE_MS.start(), DEADLINE_MS.end());
                    let detail =
                        format!("X-Request-Deadline-Ms is an integer from {least} to {most}");
                    Problem::new(Case::Parameter, detail)
                })?;
                Duration::from_millis(ms) - WAY_BACK
            }
        };
        let idempotency_key = headers.get(IDEMPOTENCY_KEY).cloned();
        Ok(Wish { deadline: arrival + wait, idempotency_key })
    }

    /// Whether the header, when it was sent, names the event of the body.
    pub(crate) fn check_key(&self, event: &Event) -> Result<(), Problem> {
        let event_id = event.text(ids::EVENT_ID).unwrap_or_default();
        match &self.idempotency_key {
            Some(key) if key.as_bytes() != event_id.as_bytes() => {
                let detail = "Idempotency-Key must be the event_id of the body, or be left out";
                Err(Problem::new(Case::IdempotencyMismatch, detail))
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// The value of a query parameter as it was sent; ours are names and numbers, never encoded.
pub(crate) fn parameter<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    let pairs = request.uri().query().unwrap_or("").split('&');
    pairs
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_id_is_taken_over_and_any_other_is_replaced() {
        let id = |sent: &[u8]| RequestId::of(Some(sent)).0;
        assert_eq!(id(b"abc-1.2_X"), "abc-1.2_X");
        for odd in [&b""[..], b"a b", b"a\"b", &[b'x'; 65], "ä".as_bytes()] {
            assert_eq!(id(odd).len(), 36, "{odd:?}");
        }
        assert_ne!(RequestId::of(None).0, RequestId::of(None).0);
    }

    #[test]
    fn the_urn_is_the_id_itself_or_a_uuid_made_from_it() {
        let uuid = "6ba7b810-9dad-11d1-80b4-00C04FD430C8";
        let urn = RequestId::of(Some(uuid.as_bytes())).urn();
        assert_eq!(urn, "urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8");
        let made = RequestId::of(Some(b"trace-7")).urn();
        assert_eq!(made, RequestId::of(Some(b"trace-7")).urn());
        assert_eq!((made.len(), &made[23..24]), (45, "8"));
        assert!(RequestId::of(None).urn().len() == 45);
    }

    #[test]
    fn a_deadline_outside_the_range_is_refused() {
        let read = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(X_REQUEST_DEADLINE_MS, HeaderValue::from_static(value));
            let arrival = Instant::now();
            Wish::read(&headers, arrival, Duration::ZERO).map(|wish| wish.deadline - arrival)
        };
        assert_eq!(read("5").unwrap(), Duration::from_millis(3));
        assert_eq!(read("1000").unwrap(), Duration::from_millis(998));
        for odd in ["4", "1001", "-5", "5.5", "soon", ""] {
            assert_eq!(read(odd).unwrap_err().case, Case::Parameter, "{odd}");
        }
    }

    #[test]
    fn media_types_and_encodings_are_compared_without_case_and_parameters() {
        let check = |media: &'static str, encoding: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
            if let Some(encoding) = encoding {
                headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
            }
            check_media(&headers, &["application/json"]).map_err(|problem| problem.case)
        };
        assert_eq!(check("Application/JSON; charset=utf-8", Some("Identity")), Ok(()));
        assert_eq!(check("text/plain", None), Err(Case::MediaType));
        assert_eq!(check("application/json-seq", None), Err(Case::MediaType));
        assert_eq!(check("application/json", Some("gzip")), Err(Case::ContentEncoding));
    }

    #[tokio::test]
    async fn a_panic_ends_the_work_and_nothing_else() {
        let broken = async {
            tokio::task::yield_now().await;
            std::hint::black_box(None::<u8>).expect("planted")
        };
        assert!(caught(broken).await.is_err());
        assert_eq!(caught(async { 7 }).await.unwrap(), 7);
    }
}
