//! The past of every row of a table at once, Parquet to Parquet: 28 rolling features of four keys.
//!
//! `IN` has `event_id, ts, card, device, ip, merchant, amount_cents`, in order of time. `OUT` gets, for
//! windows `(t - W, t]` with the row itself: count, sum, mean and largest amount by card over 1 h,
//! 24 h, 7 d and 30 d and by merchant over 24 h; count and different cards by device and by address
//! over 1 h and 24 h. Two threads sweep over the keys, then gather stretches of rows, which
//! are written in order. Some rows are recounted from `OUT` afterwards.
//!
//! Without `IN` a small table is made, so that the bench runs anywhere.
//!
//! `cargo bench -p benches --features offline --bench batch -- IN OUT`
#![allow(clippy::print_stdout, clippy::disallowed_methods, missing_docs)]

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock};
use std::time::Instant;

use benches::{Payment, payments, peak_bytes};
use datasets::{Numbers, NumbersWriter, read_numbers};
use features::columns::{Answers, Ask, Columns, sweep};
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
    keys: [Vec<u64>; KEYS],
    amounts: Vec<i64>,
    cards: Vec<i64>,
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
    let swept: [OnceLock<Answers>; KEYS] = Default::default();
    let spent = Mutex::new([0.0; KEYS + 1]);
    // The longest one first, so that both threads end together.
    each(KEYS, |key| {
        let start = Instant::now();
        let answers = swept_by(&table, key);
        lock(&spent)[key] += start.elapsed().as_secs_f64();
        assert!(swept[key].set(answers).is_ok(), "each key is swept once");
    });
    let answers = swept.map(|answers| answers.into_inner().expect("each key is swept"));
    let turn = Turn { writer: Mutex::new((0, writer)), changed: Condvar::new() };
    each(table.ids.len().div_ceil(STRETCH), |stretch| {
        let start = Instant::now();
        let columns = gather(&table, &answers, stretch);
        lock(&spent)[KEYS] += start.elapsed().as_secs_f64();
        turn.write(stretch, columns);
    });
    let done = began.elapsed().as_secs_f64();
    let (_, writer) = turn.writer.into_inner().expect("no thread panicked");
    writer.finish().expect("the output is complete");
    let kept = began.elapsed().as_secs_f64();
    let rows = table.ids.len();
    println!(
        "{rows} rows, {} features, {THREADS} threads: {done:.2} s, {:.0} rows/s; {kept:.2} s until \
         the disk has them",
        names.len(),
        rows as f64 / done,
    );
    let spent = lock(&spent);
    print!("read {read:.2} s; seconds of a thread to sweep by");
    PLAN.iter().zip(*spent).for_each(|((key, ..), seconds)| print!(" {key} {seconds:.2}"));
    println!(", to gather {:.2}; peak {:.0} MB", spent[KEYS], peak_bytes() as f64 / 1e6);
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
            "mean" => (Aggregate::Mean, Some(0)),
            "max" => (Aggregate::Max, Some(0)),
            _ => (Aggregate::Distinct, Some(1)),
        };
        Ask { aggregate, column, window_ms: Some(window), including_this: true }
    };
    windows.iter().flat_map(|(_, window)| parts.iter().map(|part| ask(part, *window))).collect()
}

fn read(path: &Path) -> Table {
    let columns = read_numbers(path, &INPUT).expect("the input has its columns");
    let [ids, times, cards, devices, ips, merchants, amounts] =
        columns.try_into().expect("one for each name");
    let keys = |numbers: Vec<i64>| numbers.into_iter().map(|key| key as u64).collect();
    let keys = [keys(cards.clone()), keys(merchants), keys(devices), keys(ips)];
    Table { ids, times, keys, amounts, cards }
}

/// Does so many tasks on all threads, each thread the next one when it is done with one.
fn each(tasks: usize, work: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let task = next.fetch_add(1, Ordering::Relaxed);
                    if tasks <= task {
                        break;
                    }
                    work(task);
                }
            });
        }
    });
}

fn swept_by(table: &Table, key: usize) -> Answers {
    let (_, windows, parts) = PLAN[key];
    let values: &[&[i64]] = &[&table.amounts, &table.cards];
    sweep(&asks(windows, parts), Columns { keys: &table.keys[key], times: &table.times, values })
}

/// The columns of a stretch of rows.
fn gather(table: &Table, answers: &[Answers; KEYS], stretch: usize) -> Vec<Numbers> {
    let range = stretch * STRETCH..table.ids.len().min((stretch + 1) * STRETCH);
    let mut columns = vec![Numbers::Long(table.ids[range.clone()].to_vec())];
    for ((_, windows, parts), answers) in PLAN.into_iter().zip(answers) {
        let first = columns.len();
        let parts = windows.iter().flat_map(|_| parts);
        columns.extend(parts.map(|part| match *part {
            "mean" => Numbers::Float(Vec::with_capacity(STRETCH)),
            "sum" => Numbers::Long(Vec::with_capacity(STRETCH)),
            _ => Numbers::Short(Vec::with_capacity(STRETCH)),
        }));
        let columns = &mut columns[first..];
        answers.each(range.clone(), |answers| {
            for (column, answer) in columns.iter_mut().zip(answers) {
                match column {
                    Numbers::Float(column) => column.push(*answer),
                    Numbers::Long(column) => column.push(*answer as i64),
                    Numbers::Short(column) => column.push(*answer as i32),
                }
            }
        });
    }
    columns
}

/// The file, which takes one stretch after the other.
struct Turn {
    writer: Mutex<(usize, NumbersWriter)>,
    changed: Condvar,
}

impl Turn {
    /// Writes the columns of a stretch, after those of the one before.
    fn write(&self, stretch: usize, columns: Vec<Numbers>) {
        let mut turn = lock(&self.writer);
        while turn.0 != stretch {
            turn = self.changed.wait(turn).expect("no thread panicked");
        }
        turn.1.write(columns).expect("the output can be written");
        turn.0 += 1;
        self.changed.notify_all();
    }
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
                            let cards = within.clone().map(|other| table.cards[other]);
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
    let column = |part: fn(&Payment) -> i64| Numbers::Long(rows.iter().map(part).collect());
    let columns = vec![
        column(|row| row.id),
        column(|row| row.time),
        column(|row| row.card),
        column(|row| row.device),
        column(|row| row.ip),
        column(|row| row.merchant),
        column(|row| row.amount),
    ];
    writer.write(columns).expect("the table can be written");
    writer.finish().expect("the table is complete");
}
