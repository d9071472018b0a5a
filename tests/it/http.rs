//! The contract of the service: statuses, shapes, limits, headers, and each event exactly once.
//!
//! Every test has a service of its own, in this process, on a free port of loopback and with a
//! journal in a folder that goes when the test ends. It is called as a stranger would, over a
//! socket. The events say when they were received, so nothing here depends on the day it runs.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Barrier};
use std::thread;

use engine::shell::journal;
use engine::shell::serve::{
    self, Clock, Error, JOURNAL, ModelSource, PATIENCE, Reloaded, ServeOptions, Service,
};
use features::field::{EventType, FIELDS, Source};
use features::history::Limits;
use serde_json::{Value, json};
use tests::{Client, Payment};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::cli::binary;
use crate::parity::folder;

pub(crate) const NOW: i64 = 1_790_000_000_000;

const POLICY: &str = r#"policy "house"
feature seen "Payments of the account" = count(payment) by account over 1d
rule third_payment "A third payment in a day"
  on payment
  when seen >= 2
  then decline  because VELOCITY_ACCOUNT  owner "tests"
"#;

/// A service and the folder it lives in.
pub(crate) struct House {
    pub(crate) options: ServeOptions,
    folder: PathBuf,
    running: Option<Running>,
}

struct Running {
    runtime: Runtime,
    service: Arc<Service>,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), Error>>,
}

impl House {
    pub(crate) fn new(name: &str) -> House {
        House::with(name, |_, _| ())
    }

    /// A service with other options; they may name files in its folder.
    pub(crate) fn with(name: &str, change: impl FnOnce(&Path, &mut ServeOptions)) -> House {
        let folder = folder(&format!("http-{name}"));
        let policy = folder.join("house.policy");
        fs::write(&policy, POLICY).unwrap();
        let mut options = ServeOptions {
            listen: "127.0.0.1:0".parse().unwrap(),
            data_dir: folder.join("data"),
            policy: Some(policy),
            model: ModelSource::None,
            networks: Vec::new(),
            limits: Limits::default(),
            journal: journal::Options { segment_bytes: 1 << 20, ..JOURNAL },
            // Long enough that a busy disk cannot make a test see `pending`.
            durable_wait_ms: 10_000,
            patience: PATIENCE,
            clock: Clock::Events,
        };
        change(&folder, &mut options);
        let mut house = House { options, folder, running: None };
        house.start();
        house
    }

    fn start(&mut self) {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.unwrap();
        let service = Service::open(&self.options).unwrap_or_else(|error| panic!("{error}"));
        let listener = runtime.block_on(TcpListener::bind(self.options.listen)).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let ended = async move {
            let _ = stopped.await;
        };
        let served = runtime.spawn(serve::serve(Arc::clone(&service), listener, PATIENCE, ended));
        self.running = Some(Running { runtime, service, address, stop, served });
    }

    /// Ends the service as SIGTERM would.
    fn stop(&mut self) {
        let running = self.running.take().expect("it runs");
        running.stop.send(()).unwrap();
        running.runtime.block_on(async {
            running.served.await.unwrap().unwrap();
            running.service.close().await.unwrap();
        });
    }

    pub(crate) fn restart(&mut self) {
        self.stop();
        self.start();
    }

    pub(crate) fn service(&self) -> &Arc<Service> {
        &self.running.as_ref().expect("it runs").service
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.running.as_ref().expect("it runs").address
    }

    pub(crate) fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        let mut sent = headers.to_vec();
        let length = body.len().to_string();
        if !body.is_empty() {
            sent.push(("content-length", &length));
        }
        raw(self.address(), method, path, &sent, body)
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.call("GET", path, &[], b"")
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Reply {
        self.call("POST", path, &[JSON], body.as_bytes())
    }
}

impl Drop for House {
    fn drop(&mut self) {
        // A test that failed leaves its service running; the runtime ends it.
        drop(self.running.take());
        let _ = fs::remove_dir_all(&self.folder);
    }
}

const JSON: (&str, &str) = ("content-type", "application/json");
const LINES: (&str, &str) = ("content-type", "application/x-ndjson");

/// An answer as it came.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn is_replayed(&self) -> bool {
        self.header("idempotent-replayed") == "true"
    }

    /// The answer without what belongs to one request alone.
    pub(crate) fn decision(&self) -> &str {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body.split_once(",\"record\":").expect("an answer says how it is recorded").0
    }
}

/// One exchange on a connection of its own, which the answer ends.
fn raw(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Reply {
    let mut stream = TcpStream::connect(address).unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: house\r\nconnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
    let mut bytes = Vec::new();
    // A service that refuses a body unread may reset the connection behind its answer.
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8(bytes).expect("answers are UTF-8");
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
    let (headers, body) = (headers.collect(), body.to_owned());
    Reply { status: status.expect("a status"), headers, body }
}

/// A payment of one account, at its own minute.
fn payment(id: u64) -> String {
    let time = NOW + id as i64 * 60_000;
    let (account, card, device, merchant) = (1, 2, 3, 4);
    Payment { id, account, card, device, merchant, fen: 5_000, time, received: time }.json()
}

/// The payment with some members replaced, added, or taken away by null.
fn payment_with(changes: Value) -> String {
    let mut event: Value = serde_json::from_str(&payment(1)).unwrap();
    for (name, value) in changes.as_object().unwrap() {
        event[name] = value.clone();
    }
    event.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    event.to_string()
}

fn label(id: u64, of: u64) -> String {
    json!({
        "event_id": format!("l{id}"), "event_type": "label", "channel": "batch",
        "event_time_ms": NOW, "known_time_ms": NOW + 1, "received_time_ms": NOW + 1,
        "ref_id": format!("e{of}"), "label": "fraud", "account_id": "a1",
    })
    .to_string()
}

/// Checks everything that every problem has, and gives its code.
pub(crate) fn code(reply: &Reply) -> String {
    let body = reply.json();
    assert_eq!(reply.header("content-type"), "application/problem+json", "{}", reply.body);
    assert_eq!(body["status"], reply.status);
    let code = body["code"].as_str().expect("a code").to_owned();
    assert_eq!(body["type"], format!("urn:gyrfalcon:problem:{code}"));
    assert!(body["title"].is_string() && body["detail"].is_string(), "{body}");
    let instance = body["instance"].as_str().expect("an instance");
    assert!(instance.starts_with("urn:uuid:") && instance.len() == 45, "{instance}");
    check_headers(reply);
    code
}

fn check_headers(reply: &Reply) {
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
    assert!(!reply.header("x-request-id").is_empty());
}

#[test]
fn a_scored_event_gets_its_decision_and_a_durable_record() {
    let house = House::new("score");
    let reply = house.call(
        "POST",
        "/v1/score",
        &[JSON, ("x-request-id", "caller-7"), ("x-request-deadline-ms", "1000")],
        payment(1).as_bytes(),
    );
    assert_eq!(reply.status, 200, "{}", reply.body);
    check_headers(&reply);
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(reply.header("x-request-id"), "caller-7");
    let body = reply.json();
    assert_eq!(body["record"], json!({ "sequence": 1, "state": "durable", "applied": true }));
    assert_eq!(body["facts"]["seen"], 0.0);
    for stage in ["parse", "fold", "judge", "total"] {
        assert!(body["timing_us"][stage].is_u64(), "{}", body["timing_us"]);
    }
    house.post("/v1/score", &payment(2));
    let third = house.post("/v1/score?detail=full", &payment(3)).json();
    assert_eq!((&third["decision"], &third["facts"]["seen"]), (&json!("decline"), &json!(2.0)));
    assert_eq!(third["rules"]["hit"], json!(["third_payment"]));
}

#[test]
fn a_minimal_answer_says_the_same_in_fewer_members() {
    let house = House::new("minimal");
    let minimal = house.post("/v1/score?detail=minimal", &payment(1));
    let full = house.post("/v1/score?detail=full", &payment(1));
    assert!(!minimal.is_replayed() && full.is_replayed());
    assert!(full.decision().starts_with(minimal.decision()));
    let (minimal, full) = (minimal.json(), full.json());
    assert!(minimal["facts"].is_null() && full["facts"].is_object());
    assert_eq!(minimal["decision"], full["decision"]);
    let again = house.post("/v1/score?detail=minimal", &payment(1));
    assert!(again.is_replayed() && again.json()["facts"].is_null());
}

#[test]
fn the_wallets_app_hears_the_same_decision_and_nothing_to_learn_from() {
    let house = House::new("client");
    let heard = house.post("/v1/score?detail=client", &payment(1));
    let again = house.post("/v1/score?detail=client", &payment(1));
    let full = house.post("/v1/score?detail=full", &payment(1)).json();
    assert_eq!((again.is_replayed(), &again.body), (true, &heard.body), "recorded in full");
    let heard = heard.json();
    assert_eq!(heard["decision"], full["decision"]);
    let mut members: Vec<&str> = heard.as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    let wanted = [
        "actions",
        "customer_message_key",
        "decision",
        "event_id",
        "hints",
        "risk",
        "valid_until_ms",
    ];
    assert_eq!(members, wanted);
}

#[test]
fn every_refusal_has_its_status_and_code() {
    let house = House::new("refusals");
    let post = |body: &str| house.post("/v1/score", body);
    let with = |headers: &[(&str, &str)]| {
        house.call("POST", "/v1/score", &[&[JSON], headers].concat(), payment(1).as_bytes())
    };
    let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
    let long = payment_with(json!({ "session_id": "s".repeat(9_000) }));
    let future =
        payment_with(json!({ "event_time_ms": NOW + 90_000_000, "received_time_ms": NOW }));
    let cases = [
        (400, "json_syntax", post("{\"event_id\":")),
        (400, "json_syntax", post("")),
        (400, "json_syntax", post("{} {}")),
        (400, "json_duplicate_key", post(&payment(1).replacen('{', "{\"seq\":1,\"seq\":2,", 1))),
        (400, "json_too_deep", post(&payment(1).replacen('{', &format!("{{\"x\":{deep},"), 1))),
        (400, "parameter", with(&[("x-request-deadline-ms", "4")])),
        (400, "parameter", house.post("/v1/score?detail=some", &payment(1))),
        (400, "parameter", house.get("/v1/decisions/e1?tenant_id=one")),
        (404, "not_found", house.get("/v1/decisions/e1")),
        (404, "not_found", house.get("/v1/nothing")),
        (404, "not_found", house.get("/")),
        (405, "method", house.get("/v1/score")),
        (405, "method", house.post("/metrics", "{}")),
        (413, "body_too_large", post(&long)),
        (414, "uri_too_long", house.get(&format!("/{}", "x".repeat(3_000)))),
        (415, "media_type", house.call("POST", "/v1/score", &[], payment(1).as_bytes())),
        (415, "media_type", house.call("POST", "/v1/score", &[LINES], payment(1).as_bytes())),
        (415, "content_encoding", with(&[("content-encoding", "gzip")])),
        (422, "validation", post(&payment_with(json!({ "amount_minor": -1 })))),
        (422, "event_time", post(&future)),
        (422, "sad_detected", post(&payment_with(json!({ "cvv": "123" })))),
        (422, "not_scored", post(&label(1, 1))),
        (422, "not_scored", post(&payment_with(json!({ "score_requested": false })))),
        (422, "idempotency_mismatch", with(&[("idempotency-key", "e2")])),
    ];
    for (at, (status, wanted, reply)) in cases.iter().enumerate() {
        assert_eq!(
            (reply.status, code(reply).as_str()),
            (*status, *wanted),
            "case {at}: {reply:?}"
        );
    }
    assert_eq!(house.get("/v1/score").header("allow"), "POST");
    assert!(house.post("/metrics", "").header("allow").contains("GET"));
    // Nothing of all that was recorded.
    assert_eq!(post(&payment(1)).json()["record"]["sequence"], 1);
}

#[test]
fn a_body_without_a_length_has_the_same_limit() {
    let house = House::new("chunked");
    let chunked = |body: &str| {
        let body = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
        let headers = [JSON, ("transfer-encoding", "chunked")];
        raw(house.address(), "POST", "/v1/score", &headers, body.as_bytes())
    };
    assert_eq!(chunked(&payment(1)).status, 200);
    let long = chunked(&format!("{}{}", payment(2), " ".repeat(9_000)));
    assert_eq!((long.status, code(&long).as_str()), (413, "body_too_large"));
}

#[test]
fn all_faults_are_told_at_once_and_no_value_comes_back() {
    let house = House::new("faults");
    let body = payment_with(json!({
        "amount_minor": "canary-1", "currency": "canary-2", "kind": null, "channel": 7,
        "session_id": "canary-3\u{7f}",
    }));
    let reply = house.post("/v1/score", &body);
    assert_eq!((reply.status, code(&reply).as_str()), (422, "validation"));
    let body = reply.json();
    let errors = body["errors"].as_array().unwrap();
    for pointer in ["/amount_minor", "/currency", "/kind", "/channel", "/session_id"] {
        assert!(errors.iter().any(|fault| fault["pointer"] == pointer), "{pointer}: {errors:?}");
    }
    assert!(!reply.body.contains("canary"), "{}", reply.body);
}

#[test]
fn a_card_number_is_refused_counted_and_never_repeated() {
    let house = House::new("pan");
    let pan = "4111111111111111";
    for (body, pointer) in [
        (payment_with(json!({ "session_id": pan })), "/session_id"),
        (
            payment_with(json!({ "card": { "card_token": "4111 1111-1111 1111" } })),
            "/card/card_token",
        ),
    ] {
        let reply = house.post("/v1/score", &body);
        assert_eq!((reply.status, code(&reply).as_str()), (422, "pan_detected"), "{}", reply.body);
        assert_eq!(reply.json()["errors"][0]["pointer"], pointer);
        let digits: String = reply.body.chars().filter(char::is_ascii_digit).collect();
        assert!(!digits.contains(pan), "{}", reply.body);
    }
    let page = house.get("/metrics").body;
    assert!(page.contains("gyr_faults_total{code=\"pan_detected\"} 2"), "{page}");
}

#[test]
fn the_same_id_gives_the_same_answer_and_another_body_a_conflict() {
    let house = House::new("idempotency");
    let first = house.post("/v1/score", &payment(1));
    assert!(!first.is_replayed());
    let headers = [JSON, ("idempotency-key", "e1")];
    let again = house.call("POST", "/v1/score", &headers, payment(1).as_bytes());
    assert!(again.is_replayed());
    assert_eq!(again.decision(), first.decision());
    assert_eq!(again.json()["record"], first.json()["record"]);
    let other = house.post("/v1/score", &payment_with(json!({ "amount_minor": 1 })));
    assert_eq!((other.status, code(&other).as_str()), (409, "idempotency_conflict"));
    // The same id of another tenant is another event.
    let tenant = house.post("/v1/score", &payment_with(json!({ "tenant_id": 9 })));
    assert!(!tenant.is_replayed());
    assert_eq!(tenant.json()["record"]["sequence"], 2);
    let stored = house.get("/v1/decisions/e1?tenant_id=0");
    assert_eq!(stored.decision(), first.decision());
    let stored = house.get("/v1/decisions/e1?tenant_id=9");
    assert_eq!(stored.decision(), tenant.decision());
}

#[test]
fn sixty_four_equal_requests_at_once_are_folded_once() {
    let house = House::new("at-once");
    let (address, barrier) = (house.address(), Barrier::new(64));
    let body = payment(1);
    let replies: Vec<Reply> = thread::scope(|scope| {
        let callers: Vec<_> = (0..64)
            .map(|_| {
                scope.spawn(|| {
                    let length = body.len().to_string();
                    let headers =
                        [JSON, ("content-length", &length), ("x-request-deadline-ms", "1000")];
                    barrier.wait();
                    raw(address, "POST", "/v1/score", &headers, body.as_bytes())
                })
            })
            .collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    });
    assert_eq!(replies.iter().filter(|reply| !reply.is_replayed()).count(), 1);
    assert!(replies.iter().all(|reply| reply.decision() == replies[0].decision()));
    assert_eq!(house.post("/v1/score", &payment(2)).json()["facts"]["seen"], 1.0);
    assert!(house.get("/metrics").body.contains("\ngyr_journal_records_total 2\n"));
    assert_eq!(house.service().engine().history().census().events, 2);
}

#[test]
fn a_restart_remembers_ids_and_the_past() {
    let mut house = House::new("restart");
    let steady = House::new("restart-steady");
    let first: Vec<Reply> = (1..=3).map(|id| house.post("/v1/score", &payment(id))).collect();
    (1..=3).for_each(|id| drop(steady.post("/v1/score", &payment(id))));
    for other in [&house, &steady] {
        assert_eq!(other.post("/v1/events", &label(1, 2)).json()["record"]["applied"], true);
    }
    house.restart();
    for (id, first) in (1..=3).zip(&first) {
        let again = house.post("/v1/score", &payment(id));
        assert!(again.is_replayed());
        assert_eq!(again.decision(), first.decision());
        assert_eq!(again.json()["record"], first.json()["record"]);
        let stored = house.get(&format!("/v1/decisions/e{id}"));
        assert_eq!(stored.decision(), first.decision());
    }
    assert!(house.post("/v1/events", &label(1, 2)).is_replayed());
    let conflict = house.post("/v1/score", &payment_with(json!({ "amount_minor": 1 })));
    assert_eq!(code(&conflict), "idempotency_conflict");
    // The next decision is that of a service that never stopped, to the last bit.
    let (next, wanted) =
        (house.post("/v1/score", &payment(4)), steady.post("/v1/score", &payment(4)));
    assert_eq!(next.decision(), wanted.decision());
    assert_eq!(next.json()["facts"]["seen"], 3.0);
    assert_eq!(next.json()["record"]["sequence"], 5);
}

#[test]
fn a_what_if_leaves_no_trace() {
    let house = House::new("what-if");
    let what_if = house.post("/v1/evaluate", &payment(1));
    assert_eq!(what_if.status, 200, "{}", what_if.body);
    assert!(what_if.json()["record"].is_null());
    assert_eq!(house.post("/v1/evaluate?detail=minimal", &payment(1)).json()["facts"], Value::Null);
    assert_eq!(house.get("/v1/decisions/e1").status, 404);
    let scored = house.post("/v1/score", &payment(1));
    assert!(!scored.is_replayed());
    assert_eq!(scored.json()["record"]["sequence"], 1);
    assert_eq!(what_if.body.trim_end_matches('}'), scored.decision().trim_end_matches('}'));
}

#[test]
fn a_recorded_decision_is_explained_by_the_policy_that_gave_it() {
    let mut house = House::new("explain");
    (1..=3).for_each(|id| drop(house.post("/v1/score", &payment(id))));
    let third = house.get("/v1/decisions/e3/explain");
    check_headers(&third);
    let third = third.json();
    assert_eq!((&third["decision"], &third["event_id"]), (&json!("decline"), &json!("e3")));
    let rule = &third["rules"][0];
    assert_eq!((&rule["rule"], &rule["state"]), (&json!("third_payment"), &json!("hit")));
    assert_eq!(rule["because"][0]["said"], "is 2, exactly at the border");
    let flip = &third["flips"][0];
    assert_eq!((&flip["fact"], &flip["to"]), (&json!("seen"), &json!(1.0)));
    let first = house.get("/v1/decisions/e1/explain").json();
    assert_eq!(first["rules"][0]["lacking"][0]["said"], "is 0, 2 short");
    assert_eq!(first["flips"][0]["decision"], "decline");
    // What is read back from the journal is explained alike.
    house.restart();
    assert_eq!(house.get("/v1/decisions/e3/explain").json(), third);
    assert_eq!(house.get("/v1/decisions/e4/explain").status, 404);
    let file = house.options.policy.clone().unwrap();
    fs::write(&file, POLICY.replace("seen >= 2", "seen >= 9")).unwrap();
    house.service().reload().unwrap();
    let gone = house.get("/v1/decisions/e3/explain");
    assert_eq!((gone.status, code(&gone).as_str()), (409, "policy_replaced"));
    assert!(gone.json()["detail"].as_str().unwrap().contains("house@"), "{}", gone.body);
}

#[test]
fn an_explanation_names_the_amount_that_turns_the_decision_as_its_past_was() {
    let policy = r#"policy "amounts"
rule much "More than 200 CNY in an hour, or many times the usual"
  on payment
  when sum(base_minor of payment) by account over 1h including this > 200 CNY
    or base_minor >= 10 * avg(base_minor of payment) by account over 1d
  then decline  because AMOUNT_UNUSUAL  owner "tests"
"#;
    let mut house = House::with("amounts", |folder, _| {
        fs::write(folder.join("house.policy"), policy).unwrap();
    });
    (1..=3).for_each(|id| drop(house.post("/v1/score", &payment(id))));
    let amounts = |house: &House, id: u64| {
        let explained = house.get(&format!("/v1/decisions/e{id}/explain"));
        explained.json()["amount_flips"].clone()
    };
    // 50 CNY each: the third may have been 100.
    let third = json!([{ "amount_minor": 10_001, "decision": "decline" }]);
    assert_eq!(amounts(&house, 3), third);
    // The first has no usual amount, so the sum alone is left.
    assert_eq!(amounts(&house, 1), json!([{ "amount_minor": 20_001, "decision": "decline" }]));
    // What comes later changes nothing, nor does a start.
    (4..=9).for_each(|id| drop(house.post("/v1/score", &payment(id))));
    assert_eq!(amounts(&house, 3), third);
    assert_eq!(amounts(&house, 5), json!([]), "with 200 CNY before it nothing goes through");
    house.restart();
    assert_eq!(amounts(&house, 3), third);
    // What comes late is a past that the decision did not have.
    let late = payment_with(json!({
        "event_id": "late", "payment_id": "late",
        "event_time_ms": NOW + 150_000, "received_time_ms": NOW + 600_000,
    }));
    let late = house.post("/v1/events", &late);
    assert_eq!(late.status, 200, "{}", late.body);
    assert_eq!(amounts(&house, 3), json!([]));
    assert_eq!(amounts(&house, 2), json!([{ "amount_minor": 15_001, "decision": "decline" }]));
}

#[test]
fn a_deadline_within_the_range_is_kept_to() {
    let house = House::new("deadline");
    for (id, ms) in [(1, "5"), (2, "1000")] {
        let headers = [JSON, ("x-request-deadline-ms", ms)];
        let reply = house.call("POST", "/v1/score", &headers, payment(id).as_bytes());
        let state = &reply.json()["record"]["state"];
        assert!(state == "durable" || (id == 1 && state == "pending"), "{state} within {ms} ms");
    }
}

#[test]
fn events_are_recorded_one_by_one_and_line_by_line() {
    let house = House::new("events");
    let one = house.post("/v1/events", &label(1, 1));
    assert!(matches!(one.status, 200 | 202), "{}", one.body);
    check_headers(&one);
    assert_eq!(one.json()["event_type"], "label");
    assert_eq!(one.json()["record"]["sequence"], 1);
    let unscored = payment_with(json!({ "event_id": "quiet" }));
    let lines =
        [&label(1, 1), "", "{\"event_id\":", &label(2, 1), &unscored, &label(2, 9)].join("\n");
    let reply = house.call("POST", "/v1/events", &[LINES], lines.as_bytes());
    assert_eq!((reply.status, reply.header("content-type")), (200, LINES.1), "{}", reply.body);
    let answers: Vec<Value> =
        reply.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<(u64, bool, &str)> = answers
        .iter()
        .map(|answer| {
            let code = answer["problem"]["code"].as_str().unwrap_or_default();
            (answer["line"].as_u64().unwrap(), answer["replayed"] == true, code)
        })
        .collect();
    assert_eq!(
        told,
        [
            (1, true, ""),
            (3, false, "json_syntax"),
            (4, false, ""),
            (5, false, ""),
            (6, false, "idempotency_conflict"),
        ]
    );
    assert_eq!(answers[1]["status"], 400);
    assert_eq!(answers[3]["record"]["sequence"], 3);
    // It counts like a scored one, and is not decided after the fact.
    assert_eq!(house.post("/v1/score", &payment(2)).json()["facts"]["seen"], 1.0);
    let late = house.post("/v1/score", &unscored);
    assert_eq!((late.status, code(&late).as_str()), (409, "idempotency_conflict"));
    assert_eq!(house.get("/v1/decisions/quiet").status, 404);
    let key = house.call("POST", "/v1/events", &[LINES, ("idempotency-key", "x")], b"{}");
    assert_eq!(code(&key), "parameter");
}

#[test]
fn a_stream_of_many_lines_is_answered_in_order() {
    let house = House::new("lines");
    let lines: Vec<String> = (1..=700).map(payment).collect();
    let reply = house.call("POST", "/v1/events", &[LINES], lines.join("\n").as_bytes());
    let answers: Vec<Value> =
        reply.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), 700);
    for (at, answer) in (1..).zip(&answers) {
        assert_eq!(
            (answer["line"].as_u64(), answer["record"]["sequence"].as_u64()),
            (Some(at), Some(at))
        );
        assert_eq!(answer["event_id"], format!("e{at}"));
    }
    assert_eq!(house.service().engine().history().census().events, 700);
}

#[test]
fn the_catalogue_the_policy_and_the_probes_are_shown() {
    let house = House::new("look");
    let policy = house.get("/v1/policy").json();
    assert_eq!((&policy["name"], &policy["rules"]), (&json!("house"), &json!(1)));
    assert_eq!(policy["version"], house.service().engine().policy().version());
    assert!(policy["model"].is_null());
    let features = house.get("/v1/features").json();
    let features = features["features"].as_array().unwrap().clone();
    assert!(features.iter().any(|f| f["name"] == "seen" && f["is_builtin"] == false));
    assert!(50 < features.len());
    assert_eq!(house.get("/healthz").json(), json!({ "status": "ok" }));
    assert_eq!(house.get("/readyz").json(), json!({ "status": "ready" }));
    for path in ["/v1/policy", "/v1/features", "/healthz", "/readyz", "/metrics", "/openapi.json"] {
        check_headers(&house.get(path));
    }
}

#[test]
fn a_request_id_is_taken_over_or_made() {
    let house = House::new("request-id");
    let id = |sent: &str| {
        let reply = house.call("GET", "/healthz", &[("x-request-id", sent)], b"");
        reply.header("x-request-id").to_owned()
    };
    assert_eq!(id("0af7651916cd43dd"), "0af7651916cd43dd");
    assert_ne!(id("not one, surely"), "not one, surely");
    let (one, two) = (house.get("/healthz"), house.get("/healthz"));
    assert_ne!(one.header("x-request-id"), two.header("x-request-id"));
    let uuid = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
    let problem = house.call("GET", "/nowhere", &[("x-request-id", uuid)], b"");
    assert_eq!(problem.json()["instance"], format!("urn:uuid:{uuid}"));
}

#[test]
fn the_service_ends_while_callers_hold_their_connections() {
    let mut house = House::new("open");
    let mut caller = Client::connect(house.address()).unwrap();
    assert_eq!(caller.send("POST", "/v1/score", &payment(1)).unwrap().0, 200);
    let mut silent = TcpStream::connect(house.address()).unwrap();
    house.stop();
    assert!(caller.send("POST", "/v1/score", &payment(2)).is_err());
    assert!(!matches!(silent.read(&mut [0; 8]), Ok(1..)));
    house.start();
    assert_eq!(house.post("/v1/score", &payment(2)).json()["record"]["sequence"], 2);
}

#[cfg(unix)]
#[test]
fn the_process_reads_its_policy_again_on_hangup_and_ends_on_terminate() {
    let folder = folder("http-process");
    let policy = folder.join("house.policy");
    fs::write(&policy, POLICY).unwrap();
    let mut process = Command::new(binary())
        .args(["serve", "--listen", "127.0.0.1:0", "--model", "none", "--policy"])
        .arg(&policy)
        .arg("--data-dir")
        .arg(folder.join("data"))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(process.stderr.take().unwrap()).lines();
    // Waits for a line; the service says each of them before it goes on.
    let mut hear = |wanted: &str| loop {
        let line = said.next().unwrap_or_else(|| panic!("it never said {wanted:?}")).unwrap();
        if line.contains(wanted) {
            return line;
        }
    };
    let signal = |name: &str| {
        let id = process.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    };
    let ready = hear("ready on http://");
    assert!(ready.contains("policy house") && ready.contains("0 records replayed"), "{ready}");
    let address = ready.split("http://").nth(1).unwrap().split(',').next().unwrap();
    let address: SocketAddr = address.parse().unwrap();
    let version = || raw(address, "GET", "/v1/policy", &[], b"").json()["version"].to_string();
    let started = version();
    fs::write(&policy, "rule broken").unwrap();
    signal("-HUP");
    hear("kept the running policy");
    assert_eq!(version(), started);
    fs::write(&policy, POLICY.replace("seen >= 2", "seen >= 3")).unwrap();
    signal("-HUP");
    hear("is in force");
    assert_ne!(version(), started);
    fs::write(&policy, POLICY.replace("over 1d", "over 2d")).unwrap();
    signal("-HUP");
    hear("is staged");
    hear("is in force, 0 records folded");
    signal("-TERM");
    assert_eq!(process.wait().unwrap().code(), Some(0));
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn another_policy_is_taken_over_at_once_or_when_its_past_is_folded() {
    let house = House::new("reload");
    let file = house.options.policy.clone().unwrap();
    let version = || house.get("/v1/policy").json()["version"].clone();
    let started = version();
    fs::write(&file, "rule broken").unwrap();
    let broken = house.service().reload().unwrap_err();
    assert!(matches!(broken, Error::Policy(_)) && broken.to_string().contains("house.policy:1"));
    assert_eq!(version(), started);
    let two_days = POLICY.replace("over 1d", "over 2d");
    fs::write(&file, &two_days).unwrap();
    let Ok(Reloaded::Staged(told)) = house.service().reload() else { panic!("it has no past") };
    while !told.contains(version().as_str().unwrap()) {
        thread::yield_now();
    }
    fs::write(&file, two_days.replace("seen >= 2", "seen >= 0")).unwrap();
    let Ok(Reloaded::InForce(told)) = house.service().reload() else { panic!("it has its past") };
    assert!(told.contains(version().as_str().unwrap()), "{told}");
    assert_eq!(house.post("/v1/score", &payment(1)).json()["decision"], "decline");
    assert!(
        house
            .get("/metrics")
            .body
            .contains("rule_hits_total{rule=\"third_payment\",mode=\"enforce\"} 1")
    );
}

#[test]
fn the_metrics_page_can_be_parsed_and_names_nobody() {
    let house = House::new("metrics");
    (1..=3).for_each(|id| drop(house.post("/v1/score", &payment(id))));
    house.get("/v1/%22quoted%22");
    let reply = house.get("/metrics");
    assert!(reply.header("content-type").starts_with("application/openmetrics-text"));
    let mut samples: BTreeMap<String, f64> = BTreeMap::new();
    for line in reply.body.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
        let value = value.parse().unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(name.starts_with("gyr_"), "{line}");
        assert!(samples.insert(name.to_owned(), value).is_none(), "{name} stands twice");
    }
    assert!(reply.body.ends_with("# EOF\n"));
    let expected = [
        ("gyr_decisions_total{decision=\"approve\"}", 2.0),
        ("gyr_decisions_total{decision=\"decline\"}", 1.0),
        ("gyr_rule_hits_total{rule=\"third_payment\",mode=\"enforce\"}", 1.0),
        ("gyr_requests_total{route=\"/v1/score\",status=\"200\"}", 3.0),
        ("gyr_requests_total{route=\"other\",status=\"404\"}", 1.0),
        ("gyr_faults_total{code=\"not_found\"}", 1.0),
        ("gyr_stage_seconds_count{stage=\"total\"}", 3.0),
        ("gyr_journal_durable_sequence", 3.0),
        ("gyr_journal_up", 1.0),
        ("gyr_late_events_total", 0.0),
        ("gyr_list_refusals_total", 0.0),
    ];
    for (name, value) in expected {
        assert_eq!(samples.get(name), Some(&value), "{name} in\n{}", reply.body);
    }
    for name in [
        "gyr_stage_seconds{stage=\"fold\",quantile=\"0.99\"}",
        "gyr_stage_seconds_sum{stage=\"judge\"}",
    ] {
        assert!(samples.get(name).is_some_and(|seconds| (0.0..1.0).contains(seconds)), "{name}");
    }
    for table in [
        "gyr_state_entities{table=",
        "gyr_evictions_total{table=",
        "gyr_list_entries{list=",
        "gyr_build_info{version=",
    ] {
        assert!(samples.keys().any(|name| name.starts_with(table)), "{table}");
    }
    for identity in ["a1\"", "c2\"", "d3\"", "m4\"", "e1\"", "quoted"] {
        assert!(!reply.body.contains(identity), "{identity} in\n{}", reply.body);
    }
}

/// Entries of a list that comes with the engine.
const ENTRIES: &str = "/v1/lists/countries_watched/entries";

#[test]
fn the_document_describes_every_field_and_what_is_really_answered() {
    let house = House::new("openapi");
    let reply = house.get("/openapi.json");
    assert_eq!(reply.header("content-type"), "application/json");
    let document = reply.json();
    assert_eq!(document["openapi"], "3.1.0");
    for field in FIELDS.iter().filter(|field| field.source == Source::Given) {
        assert!(reply.body.contains(field.path.rsplit('.').next().unwrap()), "{}", field.path);
    }
    let schemas = &document["components"]["schemas"];
    for event_type in EventType::ALL {
        assert!(schemas[format!("event_{}", event_type.name())].is_object(), "{event_type:?}");
    }
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let path = path.replace("{event_id}", "e1").replace("{value}", "XX");
            let path = path.replace("{name}", "countries_watched");
            let reply = house.call(&method.to_uppercase(), &path, &[], b"");
            let told = format!("{method} {path} answers {}", reply.status);
            assert!(reply.status != 405 && !reply.body.contains("no route"), "{told}");
        }
    }
    let event = |event: &str| serde_json::from_str::<Value>(event).unwrap();
    let shown = [
        ("event_payment", event(&payment(1))),
        ("event_label", event(&label(7, 1))),
        ("decision", house.post("/v1/score", &payment(1)).json()),
        ("decision", house.post("/v1/score?detail=minimal", &payment(2)).json()),
        ("decision", house.post("/v1/evaluate", &payment(3)).json()),
        ("client_decision", house.post("/v1/score?detail=client", &payment(4)).json()),
        ("client_decision", house.post("/v1/evaluate?detail=client", &payment(5)).json()),
        ("recorded_decision", house.get("/v1/decisions/e1").json()),
        ("explanation", house.get("/v1/decisions/e1/explain").json()),
        ("recorded", house.post("/v1/events", &label(7, 1)).json()),
        ("list_changed", house.post(ENTRIES, r#"{"value":"XX"}"#).json()),
        ("lists", house.get("/v1/lists").json()),
        ("entries", house.get(ENTRIES).json()),
        ("features", house.get("/v1/features").json()),
        ("policy", house.get("/v1/policy").json()),
        ("status", house.get("/readyz").json()),
        ("problem", house.post("/v1/score", "{}").json()),
    ];
    for (name, value) in &shown {
        let mut faults = Vec::new();
        check(&document, &schemas[*name], value, name, &mut faults);
        assert!(faults.is_empty(), "{name}: {faults:#?}\n{value:#}");
    }
    // The check can tell: it must find a wrong type, a missing and an unknown member.
    let wrong = json!({ "pointer": 7, "code": "E001", "more": true });
    let mut faults = Vec::new();
    check(&document, &schemas["fault"], &wrong, "fault", &mut faults);
    assert_eq!(faults.len(), 3, "{faults:?}");
}

/// Compares a value with a schema, as far as this document uses the language; members that an
/// object's schema does not name are faults.
pub(crate) fn check(
    document: &Value,
    schema: &Value,
    value: &Value,
    at: &str,
    faults: &mut Vec<String>,
) {
    if let Some(target) = schema["$ref"].as_str() {
        let schema = document.pointer(&target[1..]).expect("a reference that leads somewhere");
        return check(document, schema, value, at, faults);
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        let fits = |choice: &Value| {
            let mut found = Vec::new();
            check(document, choice, value, at, &mut found);
            found.is_empty() || choice["format"].is_string()
        };
        if !choices.iter().any(fits) {
            faults.push(format!("{at} fits no choice"));
        }
        return;
    }
    let is_of_type = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("unknown type {other}"),
    };
    let fits = match &schema["type"] {
        Value::String(name) => is_of_type(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(is_of_type),
        _ => true,
    };
    if !fits {
        faults.push(format!("{at} is not of type {}", schema["type"]));
    }
    if let Some(names) = schema["enum"].as_array()
        && !names.contains(value)
    {
        faults.push(format!("{at} is none of {names:?}"));
    }
    if let (Some(items), Some(values)) = (schema.get("items"), value.as_array()) {
        values.iter().for_each(|value| check(document, items, value, &format!("{at}[]"), faults));
    }
    if let Some(members) = value.as_object() {
        check_members(document, schema, members, at, faults);
    }
}

fn check_members(
    document: &Value,
    schema: &Value,
    members: &serde_json::Map<String, Value>,
    at: &str,
    faults: &mut Vec<String>,
) {
    let parts = schema["allOf"].as_array().cloned().unwrap_or_default();
    let parts: Vec<&Value> = parts
        .iter()
        .map(|part| {
            part["$ref"].as_str().map_or(part, |target| {
                document.pointer(&target[1..]).expect("a reference that leads somewhere")
            })
        })
        .collect::<Vec<_>>()
        .into_iter()
        .chain([schema])
        .collect();
    for name in parts.iter().filter_map(|part| part["required"].as_array()).flatten() {
        if !members.contains_key(name.as_str().unwrap_or_default()) {
            faults.push(format!("{at} lacks {name}"));
        }
    }
    for (name, value) in members {
        let at = format!("{at}.{name}");
        let described = parts.iter().rev().find_map(|part| part["properties"].get(name));
        match described.or_else(|| schema.get("additionalProperties")) {
            Some(schema) if schema.is_object() => check(document, schema, value, &at, faults),
            Some(_) | None => faults.push(format!("{at} is not described")),
        }
    }
}
