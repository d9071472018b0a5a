//! The past of every row of a table at once, Parquet to Parquet: 28 rolling features of four keys.
//!
//! `IN` has `event_id, ts, card, device, ip, merchant, amount_cents`, in order of time. `OUT` gets, for
//! windows `(t - W, t]` with the row itself: count, sum, mean and largest amount by card over 1 h,
//! 24 h, 7 d and 30 d and by merchant over 24 h; count and different cards by device and by address
//! over 1 h and 24 h. Two threads take what is next: a stretch of one key's rows to fold, or a
//! stretch that is folded to write. Some rows are recounted from `OUT` afterwards.
//!
//! Without `IN` a small table is made, so that the bench runs anywhere.
//!
//! `cargo bench -p benches --features offline --bench batch -- IN OUT`
#![allow(clippy::print_stdout, clippy::disallowed_methods, missing_docs)]

use std::collections::{HashSet, VecDeque};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Instant;

use benches::{Payment, payments, peak_bytes};
use datasets::{Numbers, NumbersWriter, read_numbers};
use features::columns::{Ask, Columns, Fold};
use features::history::Limits;
use features::limits::{DAY_MS, HOUR_MS};
use features::window::Aggregate;

/// Rows of a stretch, which become a row group.
const STRETCH: usize = 128 * 1_024;

/// Stretches that may be folded before they are written.
const AHEAD: usize = 6;

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
    let work = Work::new(&table, writer);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| work.run());
        }
    });
    let done = began.elapsed().as_secs_f64();
    let Work { writer, state, .. } = work;
    writer.into_inner().expect("no thread panicked").finish().expect("the output is complete");
    let kept = began.elapsed().as_secs_f64();
    let rows = table.ids.len();
    println!(
        "{rows} rows, {} features, {THREADS} threads: {done:.2} s, {:.0} rows/s; {kept:.2} s until \
         the disk has them",
        names.len(),
        rows as f64 / done,
    );
    let State { spent, .. } = state.into_inner().expect("no thread panicked");
    print!("read {read:.2} s; seconds of a thread to fold by");
    PLAN.iter().zip(spent).for_each(|((key, ..), seconds)| print!(" {key} {seconds:.2}"));
    println!(", to write {:.2}; peak {:.0} MB", spent[KEYS], peak_bytes() as f64 / 1e6);
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

/// What the threads share.
struct Work<'t> {
    table: &'t Table,
    stretches: usize,
    folds: [Mutex<Fold>; KEYS],
    /// By key: the answers of stretches that are folded and not yet written.
    answers: [Mutex<VecDeque<Vec<f64>>>; KEYS],
    writer: Mutex<NumbersWriter>,
    state: Mutex<State>,
    changed: Condvar,
}

/// How far the work is; stretches are folded in order by each key, and written in order.
#[derive(Default)]
struct State {
    folded: [usize; KEYS],
    is_folding: [bool; KEYS],
    written: usize,
    is_writing: bool,
    /// Seconds of a thread: for each key, then for writing.
    spent: [f64; KEYS + 1],
}

#[derive(Clone, Copy)]
enum Task {
    Fold(usize),
    Write,
}

impl<'t> Work<'t> {
    fn new(table: &'t Table, writer: NumbersWriter) -> Work<'t> {
        let limits = Limits { raw_max: 8_192, ..Limits::default() };
        let fold = |(_, windows, parts): (_, &[Window], &[&str])| {
            Mutex::new(Fold::new(&asks(windows, parts), limits))
        };
        Work {
            table,
            stretches: table.ids.len().div_ceil(STRETCH),
            folds: PLAN.map(fold),
            answers: Default::default(),
            writer: Mutex::new(writer),
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// One thread: takes a task after the other until all is written.
    fn run(&self) {
        let mut state = lock(&self.state);
        while state.written < self.stretches {
            let Some(task) = state.next(self.stretches) else {
                state = self.changed.wait(state).expect("no thread panicked");
                continue;
            };
            let stretch = state.begin(task);
            drop(state);
            let start = Instant::now();
            match task {
                Task::Fold(key) => self.fold(key, stretch),
                Task::Write => self.write(stretch),
            }
            state = lock(&self.state);
            state.end(task, start.elapsed().as_secs_f64());
            self.changed.notify_all();
        }
    }

    fn range(&self, stretch: usize) -> Range<usize> {
        stretch * STRETCH..self.table.ids.len().min((stretch + 1) * STRETCH)
    }

    fn fold(&self, key: usize, stretch: usize) {
        let range = self.range(stretch);
        let (_, windows, parts) = PLAN[key];
        let mut answers = vec![0.0; range.len() * windows.len() * parts.len()];
        let rows = Columns {
            keys: &self.table.keys[key][range.clone()],
            times: &self.table.times[range.clone()],
            values: &[&self.table.amounts[range.clone()], &self.table.cards[range]],
        };
        lock(&self.folds[key]).fold(rows, &mut answers);
        lock(&self.answers[key]).push_back(answers);
    }

    fn write(&self, stretch: usize) {
        let range = self.range(stretch);
        let mut columns = vec![Numbers::Long(self.table.ids[range].to_vec())];
        for ((_, windows, parts), answers) in PLAN.into_iter().zip(&self.answers) {
            let answers = lock(answers).pop_front().unwrap_or_default();
            let asks = windows.len() * parts.len();
            for ask in 0..asks {
                let column = answers.iter().skip(ask).step_by(asks);
                columns.push(match parts[ask % parts.len()] {
                    "mean" => Numbers::Float(column.copied().collect()),
                    "sum" => Numbers::Long(column.map(|sum| *sum as i64).collect()),
                    _ => Numbers::Short(column.map(|number| *number as i32).collect()),
                });
            }
        }
        lock(&self.writer).write(columns).expect("the output can be written");
    }
}

impl State {
    /// What can be done now: the oldest stretch first, so that little waits to be written.
    fn next(&self, stretches: usize) -> Option<Task> {
        if !self.is_writing && self.folded.iter().all(|folded| self.written < *folded) {
            return Some(Task::Write);
        }
        let end = stretches.min(self.written + AHEAD);
        let free = (0..KEYS).filter(|key| !self.is_folding[*key] && self.folded[*key] < end);
        free.min_by_key(|key| self.folded[*key]).map(Task::Fold)
    }

    /// Takes a task; gives the stretch it is about.
    fn begin(&mut self, task: Task) -> usize {
        match task {
            Task::Fold(key) => {
                self.is_folding[key] = true;
                self.folded[key]
            }
            Task::Write => {
                self.is_writing = true;
                self.written
            }
        }
    }

    fn end(&mut self, task: Task, seconds: f64) {
        match task {
            Task::Fold(key) => {
                self.is_folding[key] = false;
                self.folded[key] += 1;
                self.spent[key] += seconds;
            }
            Task::Write => {
                self.is_writing = false;
                self.written += 1;
                self.spent[KEYS] += seconds;
            }
        }
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
