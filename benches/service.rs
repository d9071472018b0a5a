//! Requests a second over loopback: `POST /v1/score` beside a bare axum echo in the same run.
//!
//! Closed loop, 64 connections, one generator thread; the service and the echo run on the same
//! number of worker threads. The echo reads a body of the same size and answers with the bytes of a
//! real answer, so the quotient is what the engine and its journal cost. Answers are hashed.
//! Durable answers wait for the disk, so the service is measured twice: as it is, and by what-if
//! (`/v1/evaluate`), which records nothing.
//!
//! `cargo bench -p benches --bench service -- [SECONDS]`
#![allow(clippy::print_stdout, clippy::disallowed_methods, missing_docs)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use benches::{Digest, traffic};
use engine::shell::http::router;
use engine::shell::serve::{
    Clock, DURABLE_WAIT_MS, JOURNAL, ModelSource, PATIENCE, ServeOptions, Service,
};
use features::history::Limits;
use hdrhistogram::Histogram;

const CONNECTIONS: usize = 64;

/// One connection's share: requests sent, latencies, hash of the answers.
struct Share {
    sent: u64,
    times: Histogram<u64>,
    digest: Digest,
}

fn main() {
    let is_test = !std::env::args().any(|argument| argument == "--bench");
    let seconds = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    let length = match seconds {
        Some(seconds) => Duration::from_secs(seconds),
        None if is_test => Duration::from_millis(200),
        None => Duration::from_secs(8),
    };
    let texts = traffic(11, if is_test { 3_000 } else { 600_000 }, 100_000);
    let texts: Vec<String> = texts.into_iter().filter(|t| t.contains("\"payment_id\"")).collect();

    let folder = std::env::temp_dir().join(format!("gyr-bench-{}", std::process::id()));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("threads");
    let options = ServeOptions {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        data_dir: folder.clone(),
        policy: None,
        model: ModelSource::BuiltIn,
        networks: Vec::new(),
        limits: Limits::default(),
        journal: JOURNAL,
        durable_wait_ms: DURABLE_WAIT_MS,
        patience: PATIENCE,
        clock: Clock::Events,
    };
    let service = Service::open(&options).expect("the service opens");
    let address = start(&runtime, router(service));
    let warm = exchange(address, "/v1/score?detail=minimal", &texts[0]);

    let reply = Bytes::from(warm);
    let echo = Router::new().route(
        "/echo",
        post(move |body: Bytes| {
            let reply = reply.clone();
            async move {
                std::hint::black_box(body.len());
                ([("content-type", "application/json")], reply)
            }
        }),
    );
    let echo = start(&runtime, echo);

    let bare = load("bare echo", echo, "/echo", &texts, length);
    let what_if = load("/v1/evaluate", address, "/v1/evaluate?detail=minimal", &texts, length);
    let score =
        load("/v1/score, durable", address, "/v1/score?detail=minimal", &texts[1..], length);
    println!("evaluate / echo {:.2}, score / echo {:.2}", what_if / bare, score / bare);
    let _ = std::fs::remove_dir_all(&folder);
    std::process::exit(0);
}

fn start(runtime: &tokio::runtime::Runtime, router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("a socket");
    let address = listener.local_addr().expect("an address");
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
        axum::serve(listener, router).await.expect("the server runs");
    });
    address
}

/// Loads a server for a while; prints and gives requests a second.
fn load(name: &str, address: SocketAddr, path: &str, texts: &[String], length: Duration) -> f64 {
    let stop = AtomicBool::new(false);
    let next = AtomicUsize::new(0);
    let began = Instant::now();
    let shares: Vec<Share> = std::thread::scope(|scope| {
        let run = || connection(address, path, texts, &next, &stop);
        let running: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(run)).collect();
        std::thread::sleep(length);
        stop.store(true, Ordering::Relaxed);
        running.into_iter().map(|share| share.join().expect("a connection ends")).collect()
    });
    let seconds = began.elapsed().as_secs_f64();
    let mut times = Histogram::<u64>::new_with_bounds(1, 60_000_000_000, 3).expect("sound bounds");
    let (mut sent, mut answers) = (0, 0_u64);
    for share in shares {
        times.add(share.times).expect("histograms of one kind");
        sent += share.sent;
        // Whoever asks first depends on the moment: the sum of the hashes does not.
        answers = answers.wrapping_add(share.digest.0);
    }
    let rate = sent as f64 / seconds;
    let at = |quantile| times.value_at_quantile(quantile);
    println!(
        "{name:<20}{rate:>9.0} requests/s  p50 {:>6} us  p99 {:>6} us  answers {answers:016x}",
        at(0.5),
        at(0.99)
    );
    rate
}

fn connection(
    address: SocketAddr,
    path: &str,
    texts: &[String],
    next: &AtomicUsize,
    stop: &AtomicBool,
) -> Share {
    let mut share = Share {
        sent: 0,
        times: Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("sound bounds"),
        digest: Digest(0),
    };
    let mut reader = connect(address);
    while !stop.load(Ordering::Relaxed) {
        let text = &texts[next.fetch_add(1, Ordering::Relaxed) % texts.len()];
        let began = Instant::now();
        let answer = ask(&mut reader, path, text);
        share.times.saturating_record(began.elapsed().as_micros() as u64);
        share.sent += 1;
        let mut digest = Digest::default();
        let decided = answer.split(",\"record\"").next().unwrap_or_default();
        digest.add(decided.as_bytes());
        share.digest.0 = share.digest.0.wrapping_add(digest.0);
    }
    share
}

fn exchange(address: SocketAddr, path: &str, text: &str) -> String {
    ask(&mut connect(address), path, text)
}

fn connect(address: SocketAddr) -> BufReader<TcpStream> {
    let stream = TcpStream::connect(address).expect("the server listens");
    stream.set_nodelay(true).expect("a socket");
    BufReader::new(stream)
}

fn ask(reader: &mut BufReader<TcpStream>, path: &str, text: &str) -> String {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{text}",
        text.len()
    );
    reader.get_mut().write_all(head.as_bytes()).expect("the server reads");
    let (mut length, mut line) = (0, String::new());
    loop {
        line.clear();
        reader.read_line(&mut line).expect("the server answers");
        let header = line.trim_end();
        assert!(!line.is_empty(), "the server hung up");
        if header.is_empty() {
            break;
        }
        if header.starts_with("HTTP/1.1") {
            assert!(header.contains(" 200 "), "{header}");
        }
        let lower = header.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("the whole body");
    String::from_utf8(body).expect("UTF-8")
}
