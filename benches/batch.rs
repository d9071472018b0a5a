//! The past of every row of a table at once, Parquet to Parquet: 28 rolling features of four keys.
//!
//! `IN` has `event_id, ts, card, device, ip, merchant, amount_cents`, in order of time. `OUT` gets, for
//! windows `(t - W, t]` with the row itself: count, sum, mean and largest amount by card over 1 h,
//! 24 h, 7 d and 30 d and by merchant over 24 h; count and different cards by device and by address
//! over 1 h and 24 h. Two threads read; then, for one key after the other, they sweep over the table,
//! and gather, encode and write its answers stretch by stretch. Some rows are recounted from `OUT`
//! afterwards.
//!
//! Without `IN` a small table is made, so that the bench runs anywhere.
//!
//! `cargo bench -p benches --features offline --bench batch -- IN OUT`
#![allow(clippy::print_stdout, clippy::disallowed_methods, missing_docs)]

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use benches::{Payment, payments, peak_bytes};
use datasets::{Chunks, NumbersWriter, read_numbers};
use features::columns::{Answers, Ask, Columns, Sweeper};
use features::limits::{DAY_MS, HOUR_MS};
use features::window::Aggregate;

/// Rows of a stretch, which become a row group.
const STRETCH: usize = 128 * 1_024;

const THREADS: usize = 2;

/// Rows that are recounted.
const RECOUNTED: usize = 50;

const KEYS: usize = 4;

const INPUT: [&str; 7] = ["event_id", "ts", "card", "device", "ip", "merchant", "amount_cents"];

/// A window with the name it has in a column.
type Window = (&'static str, i64);

const HOUR: Window = ("1h", HOUR_MS);
const DAY: Window = ("24h", DAY_MS);
const WEEK: Window = ("7d", 7 * DAY_MS);
const MONTH: Window = ("30d", 30 * DAY_MS);

/// The four keys, in the order of the columns of the output.
const PLAN: [(&str, &[Window], &[&str]); KEYS] = [
    ("card", &[HOUR, DAY, WEEK, MONTH], &["cnt", "sum", "mean", "max"]),
    ("merchant", &[DAY], &["cnt", "sum", "mean", "max"]),
    ("device", &[HOUR, DAY], &["cnt", "cards"]),
    ("ip", &[HOUR, DAY], &["cnt", "cards"]),
];

/// What is read.
struct Table {
    ids: Vec<i64>,
    times: Vec<i64>,
    keys: [Vec<i64>; KEYS],
    amounts: Vec<i64>,
}

impl Table {
    fn cards(&self) -> &[i64] {
        &self.keys[0]
    }
}

/// Memory of a thread that gathers.
#[derive(Default)]
struct Gathered {
    counts: Vec<Vec<u32>>,
    numbers: Vec<Vec<f64>>,
    chunks: Chunks,
}

fn main() {
    let paths = std::env::args().filter(|argument| argument.ends_with(".parquet"));
    let paths: Vec<PathBuf> = paths.map(PathBuf::from).collect();
    let folder = std::env::temp_dir().join(format!("gyr-batch-{}", std::process::id()));
    match paths.as_slice() {
        [from, into] => run(from, into),
        _ => {
            std::fs::create_dir_all(&folder).expect("a folder for the tables");
            let (from, into) = (folder.join("in.parquet"), folder.join("out.parquet"));
            make(&from);
            run(&from, &into);
            let _ = std::fs::remove_dir_all(&folder);
        }
    }
}

fn run(from: &Path, into: &Path) {
    let began = Instant::now();
    let table = read(from);
    let read = began.elapsed().as_secs_f64();
    let names = columns();
    let named: Vec<&str> =
        ["event_id"].into_iter().chain(names.iter().map(String::as_str)).collect();
    let writer = NumbersWriter::create(into, &named).expect("the output can be written");
    let writer = Mutex::new(writer);
    let mut sweeper = Sweeper::new(THREADS);
    let mut gathered: [Gathered; THREADS] = Default::default();
    let (mut swept, mut dealt) = ([0.0; KEYS], [0.0; KEYS]);
    let mut first = 0;
    for key in 0..KEYS {
        let start = Instant::now();
        let answers = swept_by(&table, key, &mut sweeper);
        swept[key] = start.elapsed().as_secs_f64();
        each(table.ids.len().div_ceil(STRETCH), &mut gathered, |gathered, stretch| {
            gather(&table, key, &answers, stretch, gathered);
            let written = lock(&writer).write(stretch, first, &gathered.chunks);
            written.expect("the output can be written");
        });
        let (_, windows, parts) = PLAN[key];
        first += windows.len() * parts.len() + usize::from(key == 0);
        dealt[key] = start.elapsed().as_secs_f64() - swept[key];
    }
    let done = began.elapsed().as_secs_f64();
    let writer = writer.into_inner().expect("no thread panicked");
    writer.finish().expect("the output is complete");
    let kept = began.elapsed().as_secs_f64();
    let rows = table.ids.len();
    println!(
        "{rows} rows, {} features, {THREADS} threads: {done:.2} s, {:.0} rows/s; {kept:.2} s until \
         the disk has them",
        names.len(),
        rows as f64 / done,
    );
    print!("seconds to read {read:.2}; to sweep, and to gather, encode and write, by");
    let spent = swept.iter().zip(dealt);
    let spent = PLAN
        .iter()
        .zip(spent)
        .map(|((key, ..), (swept, dealt))| format!(" {key} {swept:.2} {dealt:.2}"));
    println!("{}; peak {:.0} MB", spent.collect::<String>(), peak_bytes() as f64 / 1e6);
    check(&table, into, &names);
}

/// The columns of the output, in order.
fn columns() -> Vec<String> {
    let mut names = Vec::new();
    for (key, windows, parts) in PLAN {
        for (window, _) in windows {
            names.extend(parts.iter().map(|part| format!("{key}_{part}_{window}")));
        }
    }
    names
}

fn asks(windows: &[Window], parts: &[&str]) -> Vec<Ask> {
    let ask = |part: &str, window: i64| {
        let (aggregate, column) = match part {
            "cnt" => (Aggregate::Count, None),
            "sum" => (Aggregate::Sum, Some(0)),
            "max" => (Aggregate::Max, Some(0)),
            _ => (Aggregate::Distinct, Some(1)),
        };
        Ask { aggregate, column, window_ms: Some(window), including_this: true }
    };
    // The mean is the sum over the count.
    let parts = || parts.iter().filter(|part| **part != "mean");
    windows.iter().flat_map(|(_, window)| parts().map(|part| ask(part, *window))).collect()
}

fn read(path: &Path) -> Table {
    let columns = read_numbers(path, &INPUT).expect("the input has its columns");
    let [ids, times, cards, devices, ips, merchants, amounts] =
        columns.try_into().expect("one for each name");
    Table { ids, times, keys: [cards, merchants, devices, ips], amounts }
}

/// Does so many tasks on a thread for each memory, each thread the next one when it is done with one.
fn each(tasks: usize, memories: &mut [Gathered], work: impl Fn(&mut Gathered, usize) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for memory in memories {
            scope.spawn(|| {
                loop {
                    let task = next.fetch_add(1, Ordering::Relaxed);
                    if tasks <= task {
                        break;
                    }
                    work(memory, task);
                }
            });
        }
    });
}

fn swept_by<'a>(table: &Table, key: usize, sweeper: &'a mut Sweeper) -> Answers<'a> {
    let (_, windows, parts) = PLAN[key];
    let values: &[&[i64]] = &[&table.amounts, table.cards()];
    let rows = Columns { keys: &table.keys[key], times: &table.times, values };
    sweeper.sweep(&asks(windows, parts), rows)
}

/// Encodes the columns of a key for a stretch of rows; the ids come with the first key.
fn gather(table: &Table, key: usize, answers: &Answers<'_>, stretch: usize, into: &mut Gathered) {
    let range = stretch * STRETCH..table.ids.len().min((stretch + 1) * STRETCH);
    let (_, windows, parts) = PLAN[key];
    let Gathered { counts, numbers, chunks } = into;
    let asks = asks(windows, parts);
    let counted = asks.iter().filter(|ask| ask.is_count()).count();
    let (counts, numbers) = (emptied(counts, counted), emptied(numbers, asks.len() - counted));
    answers.append(range.clone(), counts, numbers);
    chunks.clear();
    if key == 0 {
        chunks.long(table.ids[range].iter().copied());
    }
    let (mut count, mut number) = (0, 0);
    for part in windows.iter().flat_map(|_| parts) {
        match *part {
            "cnt" | "cards" => {
                chunks.short(counts[count].iter().map(|count| *count as i32));
                count += 1;
            }
            "sum" => {
                chunks.long(numbers[number].iter().map(|sum| *sum as i64));
                number += 1;
            }
            // Behind both.
            "mean" => {
                let of = numbers[number - 1].iter().zip(&counts[count - 1]);
                chunks.float(of.map(|(sum, count)| sum / f64::from(*count)));
            }
            _ => {
                chunks.short(numbers[number].iter().map(|largest| *largest as i32));
                number += 1;
            }
        }
    }
}

/// So many empty columns, in the memory that is there.
fn emptied<T>(columns: &mut Vec<Vec<T>>, count: usize) -> &mut [Vec<T>] {
    columns.resize_with(columns.len().max(count), Vec::new);
    let columns = &mut columns[..count];
    columns.iter_mut().for_each(Vec::clear);
    columns
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no thread panicked")
}

/// Recounts some rows by a look at every row, and compares what the output says of them.
fn check(table: &Table, path: &Path, names: &[String]) {
    let whole: Vec<&str> =
        names.iter().map(String::as_str).filter(|name| !name.contains("mean")).collect();
    let columns = read_numbers(path, &whole).expect("the output can be read");
    let rows = table.ids.len();
    let sample: Vec<usize> = (1..=RECOUNTED).map(|part| rows * part / RECOUNTED - 1).collect();
    for row in &sample {
        let mut column = columns.iter().zip(&whole);
        for ((_, windows, parts), keys) in PLAN.into_iter().zip(&table.keys) {
            let same: Vec<usize> = (0..=*row).filter(|other| keys[*other] == keys[*row]).collect();
            for (_, window) in windows {
                let from = table.times[*row] - window;
                let within = same.iter().copied().filter(|other| from < table.times[*other]);
                let amounts = within.clone().map(|other| table.amounts[other]);
                for part in parts.iter().filter(|part| **part != "mean") {
                    let wanted = match *part {
                        "cnt" => within.clone().count() as i64,
                        "sum" => amounts.clone().sum(),
                        "max" => amounts.clone().max().unwrap_or_default(),
                        _ => {
                            let cards = within.clone().map(|other| table.cards()[other]);
                            cards.collect::<HashSet<i64>>().len() as i64
                        }
                    };
                    let (got, name) = column.next().expect("a column for each");
                    assert_eq!(got[*row], wanted, "{name} of row {row}");
                }
            }
        }
    }
    println!("{} rows recounted", sample.len());
}

/// A small table of the same form.
fn make(path: &Path) {
    let rows = payments(200_000);
    let mut writer = NumbersWriter::create(path, &INPUT).expect("the table can be written");
    let parts: [fn(&Payment) -> i64; INPUT.len()] = [
        |row| row.id,
        |row| row.time,
        |row| row.card,
        |row| row.device,
        |row| row.ip,
        |row| row.merchant,
        |row| row.amount,
    ];
    let mut chunks = Chunks::default();
    parts.iter().for_each(|part| chunks.long(rows.iter().map(part)));
    writer.write(0, 0, &chunks).expect("the table can be written");
    writer.finish().expect("the table is complete");
}
