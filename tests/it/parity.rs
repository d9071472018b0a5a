//! One path: HTTP, files and backtests give the same bits, and `kill -9` changes nothing.
//!
//! The same stream goes through the service over loopback, `gyr score`, `gyr backtest
//! --decisions` and the engine itself. Answers are compared as text, facts included; what belongs
//! to one request alone (its place in the journal, its timing) comes last in an answer and is cut.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use datasets::{ColumnMap, Events};
use engine::engine::Engine;
use engine::policy::{DEFAULT_POLICY, Policy, Wanted};
use engine::shell::answer::answer;
use engine::shell::wire::Detail;
use features::event::Event;
use features::history::Limits;
use tests::Client;

use crate::cli::binary;

/// A fresh folder of this name for one test.
pub(crate) fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("gyr-it-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

/// A made-up table in the columns of the cloudwalk set, and what `gyr import` makes of it.
fn data(name: &str, rows: u64) -> PathBuf {
    let folder = folder(name);
    let mut chance = tests::Chance(rows);
    let mut text = String::from(
        "transaction_id,merchant_id,user_id,card_number,transaction_date,transaction_amount,device_id,has_cbk\n",
    );
    for row in 0..rows {
        let minute = row * 7;
        text.push_str(&format!(
            "{},{},{},434505******{:04},2019-11-{:02}T{:02}:{:02}:15.811098,{}.{:02},{},{}\n",
            21_320_398 + row,
            chance.below(40),
            chance.below(60),
            chance.below(80),
            1 + minute / 1_440,
            minute / 60 % 24,
            minute % 60,
            1 + chance.below(900),
            chance.below(100),
            if chance.happens(4) {
                String::new()
            } else {
                (285_000 + chance.below(50)).to_string()
            },
            if chance.happens(10) { "TRUE" } else { "FALSE" },
        ));
    }
    let file = folder.join("table.csv");
    fs::write(&file, text).unwrap();
    let map = ColumnMap::built_in("cloudwalk").unwrap();
    let data = folder.join("data");
    let report = datasets::import(&[file], &map, &data, &mut |_| ()).unwrap();
    assert_eq!((report.events, report.rejected), (rows, 0), "{:?}", report.reasons);
    data
}

/// The events of a folder in order, as they are sent.
fn stream(data: &Path) -> Vec<Event> {
    Events::open(data).unwrap().map(|item| item.unwrap().event.unwrap()).collect()
}

fn engine() -> Engine {
    Engine::new(Policy::check(DEFAULT_POLICY, None, Wanted::Judging).unwrap(), Limits::default())
}

/// What an engine without any shell around it answers; nothing for what is not scored.
fn answers(engine: &Engine, events: &[Event]) -> Vec<Option<String>> {
    events
        .iter()
        .map(|event| {
            let mut event = event.clone();
            if !event.is_score_requested() {
                engine.record(&mut event, || ());
                return None;
            }
            let (outcome, ()) = engine.decide(&mut event, || ());
            Some(answer(&outcome.policy, &event, &outcome, Detail::Full))
        })
        .collect()
}

/// An answer without what belongs to its request.
fn cut(answer: &str) -> String {
    match answer.find(",\"record\":") {
        Some(at) => format!("{}}}", &answer[..at]),
        None => answer.to_owned(),
    }
}

/// A running `gyr serve` on a free port.
struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    fn start(data_dir: &Path) -> Server {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let process = Command::new(binary())
            .args(["serve", "--clock", "events", "--model", "none", "--listen"])
            .arg(address.to_string())
            .arg("--data-dir")
            .arg(data_dir)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Server { process, address }
    }

    /// A connection, as soon as the service listens.
    fn client(&mut self) -> Client {
        loop {
            if let Ok(client) = Client::connect(self.address) {
                return client;
            }
            let ended = self.process.try_wait().unwrap();
            assert!(ended.is_none(), "the service ended at its start: {ended:?}");
            std::thread::yield_now();
        }
    }

    /// `kill -9`.
    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Sends an event to the door it belongs to; the answer of a scored one.
fn send(client: &mut Client, event: &Event) -> std::io::Result<Option<String>> {
    let scored = event.is_score_requested();
    let path = if scored { "/v1/score?detail=full" } else { "/v1/events" };
    let (status, body) = client.send("POST", path, event.json())?;
    assert!(matches!(status, 200 | 202), "{status}: {body}\n{}", event.json());
    assert!(
        body.contains("\"state\":\"durable\"") || body.contains("\"state\":\"pending\""),
        "{body}"
    );
    Ok(scored.then_some(body))
}

pub(crate) fn http_score_and_backtest_agree() {
    let data = data("doors", 1_500);
    let events = stream(&data);
    let wanted: Vec<String> = answers(&engine(), &events).into_iter().flatten().collect();

    let mut server = Server::start(&data.join("service"));
    let mut client = server.client();
    let http: Vec<String> =
        events.iter().filter_map(|event| send(&mut client, event).unwrap()).collect();
    assert_eq!(http.len(), wanted.len());
    for (http, wanted) in http.iter().zip(&wanted) {
        assert_eq!(&cut(http), wanted);
    }

    let run = |arguments: &[&str]| {
        let output = Command::new(binary()).args(arguments).current_dir(&data).output().unwrap();
        let talk = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "gyr {arguments:?}: {talk}");
    };
    run(&["score", ".", "--model", "none", "--out", "score.ndjson"]);
    fs::write(data.join("house.policy"), DEFAULT_POLICY).unwrap();
    let backtest = ["backtest", "--data", ".", "--policy", "house.policy", "--model", "none"];
    run(&[&backtest[..], &["--out", "report.html", "--decisions", "backtest.ndjson"]].concat());
    for file in ["score.ndjson", "backtest.ndjson"] {
        let text = fs::read_to_string(data.join(file)).unwrap();
        assert!(text.lines().eq(wanted.iter().map(String::as_str)), "{file} differs");
    }
}

pub(crate) fn repeats_are_answered_from_the_journal() {
    let data = data("repeats", 60);
    let events = stream(&data);
    let mut server = Server::start(&data.join("service"));
    let mut client = server.client();
    let mut send_all = || {
        let untimed = |answer: String| {
            answer.split(",\"timing_us\"").next().unwrap().trim_end_matches('}').to_owned()
        };
        let answers = events.iter().map(|event| send(&mut client, event).unwrap().map(untimed));
        answers.collect::<Vec<_>>()
    };
    // A repeat is the stored answer, its place in the journal included.
    let (first, again) = (send_all(), send_all());
    assert!(first == again, "a repeat got another answer");
    let changed = events[0].json().replacen("\"amount_minor\":", "\"amount_minor\":9", 1);
    let (status, _) = client.send("POST", "/v1/score", &changed).unwrap();
    assert_eq!(status, 409, "the same id with another body");
    // What was folded once is what a fresh engine has after one pass.
    let fresh = engine();
    answers(&fresh, &events);
    let probe = events[0].json().replacen("\"event_id\":\"", "\"event_id\":\"probe-", 1);
    let (_, what_if) = client.send("POST", "/v1/evaluate?detail=full", &probe).unwrap();
    let mut event = Event::read(probe.as_bytes(), None).unwrap();
    let outcome = fresh.what_if(&mut event);
    assert_eq!(cut(&what_if), answer(&outcome.policy, &event, &outcome, Detail::Full));
}

pub(crate) fn nothing_durable_is_lost_by_a_kill() {
    let data = data("kill", 400);
    let events = stream(&data);
    let wanted = answers(&engine(), &events);
    let service = data.join("service");
    let mut received: Vec<Option<String>> = Vec::new();
    for stop in [150, 151, 320, events.len()] {
        let mut server = Server::start(&service);
        let mut client = server.client();
        // All that was acknowledged before the kill is still there, in the same words.
        for (event, answer) in events.iter().zip(&received).filter(|(_, answer)| answer.is_some()) {
            let id = event.text(features::field::ids::EVENT_ID).unwrap();
            let tenant = event.number(features::field::ids::TENANT_ID);
            let path = format!("/v1/decisions/{id}?tenant_id={tenant}");
            let (status, stored) = client.send("GET", &path, "").unwrap();
            assert_eq!(status, 200, "{id} was acknowledged and is gone");
            assert_eq!(cut(&stored), cut(answer.as_ref().unwrap()));
        }
        while received.len() < stop {
            let answer = send(&mut client, &events[received.len()]).unwrap();
            if let Some(answer) = &answer {
                assert!(answer.contains("\"state\":\"durable\""), "one caller waits for the disk");
            }
            received.push(answer);
        }
        server.kill();
    }
    for (received, wanted) in received.iter().zip(&wanted) {
        assert_eq!(received.as_deref().map(cut), *wanted, "the bits after a restart differ");
    }
}
