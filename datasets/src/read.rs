//! Files of events, read back in the order in which things became known.
//!
//! `Events` gives the events of a folder or a file one by one. In a folder, `events.ndjson` and
//! `labels.ndjson` are merged: an event stands at its time, a label at the time it became known,
//! and at equal times the event comes first, so a fold over the stream never knows a truth too
//! early. Lines are cut and parsed in other threads, a block of lines at a time and in order, so
//! that the fold is not slowed; a few blocks wait at most, whatever the size of the file. A line
//! that is no event is handed out with its diagnostics at the place of the line before it. Tables
//! of events in Parquet come through the same stream, a row for a line. `labels` gives the truth of
//! each event as it is known today, for training and measuring, never for facts.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use features::diagnostic::Diagnostic;
use features::event::Event;
use features::field::{EventType, ids};
use features::networks::Networks;

use crate::error::Error;
use crate::files::{self, Content, Hash, Text};
use crate::pipeline::{self, Ordered};

/// Bytes of lines that are parsed at once.
const BLOCK_BYTES: usize = 256 * 1024;

/// A longer line is no event in any way; a file without line ends must not fill the memory.
const LINE_BYTES_MAX: usize = 1 << 20;

/// What an act turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It was fraud.
    Fraud,
    /// It was not.
    Legit,
}

impl Verdict {
    /// The name in the label event.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Fraud => "fraud",
            Verdict::Legit => "legit",
        }
    }
}

/// Which of the two files of a folder a line comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The events of the folder, or the single file that was opened.
    Events,
    /// The labels of the folder.
    Labels,
}

/// One line of a file, or one row of a table.
#[derive(Debug)]
pub struct Item {
    /// The number of the line or row in its file, from one; blank lines count.
    pub row: u64,
    /// The file it comes from.
    pub source: Source,
    /// The event, or everything that is wrong with the line.
    pub event: Result<Event, Vec<Diagnostic>>,
}

/// The events of a folder or file, in order.
#[derive(Debug)]
pub struct Events {
    events: Stream,
    labels: Option<Stream>,
}

impl Events {
    /// Opens a folder with `events.ndjson` and perhaps `labels.ndjson` (each may be `.ndjson.gz`
    /// or `.parquet` instead; of several the first of these counts), or one file, known by its
    /// content: NDJSON, plain or gzip, or a table of events in Parquet; or NDJSON on standard input
    /// for `-`.
    ///
    /// Folders are expected to be sorted as `import` and the simulator write them; a single file is
    /// read in its own order.
    ///
    /// # Errors
    /// [`Error::Open`] when a file is missing or unreadable, [`Error::NeedsOffline`] when it is
    /// Parquet and the build has not that feature, [`Error::Form`] when it is a table of something
    /// else, [`Error::Read`] when it is broken.
    pub fn open(path: &Path) -> Result<Events, Error> {
        Events::open_with(path, &Networks::default())
    }

    /// The same, and looks up the addresses of the events.
    ///
    /// # Errors
    /// As [`Events::open`].
    pub fn open_with(path: &Path, networks: &Networks) -> Result<Events, Error> {
        let open = |path: &Path| Stream::open(path, networks);
        if !path.is_dir() {
            return Ok(Events { events: open(path)?, labels: None });
        }
        let events = open(&in_folder(path, "events").unwrap_or(path.join("events.ndjson")))?;
        let labels = in_folder(path, "labels").map(|path| open(&path)).transpose()?;
        Ok(Events { events, labels })
    }

    /// Bytes of the files that lie behind us, for progress; compressed bytes of compressed files.
    pub fn position(&self) -> u64 {
        self.events.position + self.labels.as_ref().map_or(0, |labels| labels.position)
    }

    /// Bytes of the files; `None` for standard input.
    pub fn total_bytes(&self) -> Option<u64> {
        let labels = self.labels.as_ref().map_or(Some(0), |labels| labels.size);
        Some(self.events.size? + labels?)
    }
}

/// The file of this stem in a folder, plain or else compressed or else a table.
fn in_folder(folder: &Path, stem: &str) -> Option<PathBuf> {
    let names = ["ndjson", "ndjson.gz", "parquet"].map(|form| format!("{stem}.{form}"));
    names.iter().map(|name| folder.join(name)).find(|path| path.exists())
}

impl Iterator for Events {
    type Item = Result<Item, Error>;

    fn next(&mut self) -> Option<Result<Item, Error>> {
        let event_time = match self.events.peek_time() {
            Ok(time) => time,
            Err(error) => return Some(Err(error)),
        };
        let Some(labels) = &mut self.labels else {
            return self.events.take(Source::Events).map(Ok);
        };
        let label_time = match labels.peek_time() {
            Ok(time) => time,
            Err(error) => return Some(Err(error)),
        };
        match (event_time, label_time) {
            (Some(event), Some(label)) if label < event => labels.take(Source::Labels).map(Ok),
            (None, _) => labels.take(Source::Labels).map(Ok),
            (Some(_), _) => self.events.take(Source::Events).map(Ok),
        }
    }
}

type Blocks = Ordered<Result<Block, Error>>;

/// One file of lines or rows.
#[derive(Debug)]
struct Stream {
    blocks: Blocks,
    lines: std::vec::IntoIter<Line>,
    head: Option<Line>,
    /// Time of the latest line, where a line that is no event takes its place.
    time: i64,
    position: u64,
    size: Option<u64>,
}

/// Lines that were parsed together, and how far in the file they end.
#[derive(Debug)]
struct Block {
    lines: Vec<Line>,
    position: u64,
}

#[derive(Debug)]
struct Line {
    row: u64,
    event: Result<Event, Vec<Diagnostic>>,
}

impl Stream {
    fn open(path: &Path, networks: &Networks) -> Result<Stream, Error> {
        let input = files::open(path, Hash::Unwanted)?;
        let networks = networks.clone();
        if input.content == Content::Parquet {
            return Ok(Stream::of(table(path, networks)?, input.size));
        }
        let mut cutter = Cutter {
            path: path.to_owned(),
            text: input.text,
            count: input.count,
            rest: Vec::new(),
            row: 1,
            state: State::Start,
        };
        let blocks = pipeline::spawn(
            move || cutter.next().transpose(),
            move |lines: Result<Lines, Error>| lines.map(|lines| parse(&lines, &networks)),
        );
        Ok(Stream::of(blocks, input.size))
    }

    fn of(blocks: Blocks, size: Option<u64>) -> Stream {
        let lines = Vec::new().into_iter();
        Stream { blocks, lines, head: None, time: i64::MIN, position: 0, size }
    }

    /// The time of the next line, which is kept; `None` at the end.
    fn peek_time(&mut self) -> Result<Option<i64>, Error> {
        while self.head.is_none() {
            if let Some(line) = self.lines.next() {
                if let Ok(event) = &line.event {
                    self.time = order_time(event);
                }
                self.head = Some(line);
                break;
            }
            let Some(block) = self.blocks.next() else { return Ok(None) };
            let block = block?;
            self.position = block.position;
            self.lines = block.lines.into_iter();
        }
        Ok(Some(self.time))
    }

    fn take(&mut self, source: Source) -> Option<Item> {
        self.head.take().map(|Line { row, event }| Item { row, source, event })
    }
}

/// The rows of a table of events.
#[cfg(feature = "offline")]
fn table(path: &Path, networks: Networks) -> Result<Blocks, Error> {
    use crate::parquet::{EventsReader, Rows};

    if path == Path::new("-") {
        let message = "is Parquet, which is read from a file and not from standard input";
        return Err(Error::form(path, None, message));
    }
    let mut reader = EventsReader::open(path)?;
    let parse = move |rows: Rows| {
        let mut lines = Vec::new();
        rows.for_each(|row, json| lines.push(Line { row, event: read(json, &networks) }));
        Block { lines, position: rows.position }
    };
    Ok(pipeline::spawn(
        move || reader.next().transpose(),
        move |rows: Result<Rows, Error>| rows.map(&parse),
    ))
}

#[cfg(not(feature = "offline"))]
fn table(path: &Path, _: Networks) -> Result<Blocks, Error> {
    Err(Error::NeedsOffline { path: path.to_owned() })
}

fn read(json: &[u8], networks: &Networks) -> Result<Event, Vec<Diagnostic>> {
    Event::read_with(json, None, |ip| networks.look_up(ip))
}

/// Where an event stands in the stream: labels where they became known.
fn order_time(event: &Event) -> i64 {
    let known = event.bits(ids::KNOWN_TIME_MS).filter(|_| event.event_type() == EventType::Label);
    known.map_or(event.time(), |bits| bits as i64)
}

/// Whole lines as they lie in the file.
struct Lines {
    text: Vec<u8>,
    first_row: u64,
    position: u64,
}

fn parse(lines: &Lines, networks: &Networks) -> Block {
    let rows = (lines.first_row..).zip(lines.text.split(|byte| *byte == b'\n'));
    let full =
        rows.map(|(row, line)| (row, line.trim_ascii())).filter(|(_, line)| !line.is_empty());
    let parsed = full.map(|(row, line)| Line { row, event: read(line, networks) });
    Block { lines: parsed.collect(), position: lines.position }
}

/// Cuts a file into blocks of whole lines.
struct Cutter {
    path: PathBuf,
    text: Text,
    count: Arc<AtomicU64>,
    /// The beginning of a line whose end has not been read.
    rest: Vec<u8>,
    row: u64,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Inside,
    Done,
}

impl Cutter {
    fn next(&mut self) -> Result<Option<Lines>, Error> {
        while self.state != State::Done {
            let mut text = std::mem::take(&mut self.rest);
            let got = match (&mut self.text).take(BLOCK_BYTES as u64).read_to_end(&mut text) {
                Ok(got) => got,
                Err(source) => {
                    self.state = State::Done;
                    return Err(Error::read(&self.path, source));
                }
            };
            if self.state == State::Start && text.starts_with(b"\xef\xbb\xbf") {
                text.drain(..3);
            }
            self.state = if got == 0 { State::Done } else { State::Inside };
            let whole = match self.state {
                State::Done => text.len(),
                State::Start | State::Inside => {
                    text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
                }
            };
            self.rest = text.split_off(whole);
            if LINE_BYTES_MAX < self.rest.len() {
                self.state = State::Done;
                let row = self.row + count_lines(&text);
                let message = "a line is longer than 1 MiB, one event on each line is wanted";
                return Err(Error::form(&self.path, Some(row), message));
            }
            if !text.is_empty() {
                let first_row = self.row;
                self.row += count_lines(&text);
                let position = self.count.load(Ordering::Relaxed);
                return Ok(Some(Lines { text, first_row, position }));
            }
        }
        Ok(None)
    }
}

fn count_lines(text: &[u8]) -> u64 {
    text.iter().filter(|byte| **byte == b'\n').count() as u64
}

/// What is known of an event's truth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    /// Fraud or legit.
    pub verdict: Verdict,
    /// When that became known, in milliseconds since 1970 UTC.
    pub known_time_ms: i64,
    /// The code of the fraud story, where the label gives one.
    pub typology: Option<Box<str>>,
}

/// The truth of events by their ids, as it is known at some time.
#[derive(Debug, Default)]
pub struct Labels {
    by_event: HashMap<Box<str>, Ranked>,
}

#[derive(Debug)]
struct Ranked {
    truth: Truth,
    rank: u8,
}

impl Labels {
    /// The truth of the event with this id.
    pub fn get(&self, event_id: &str) -> Option<&Truth> {
        self.by_event.get(event_id).map(|ranked| &ranked.truth)
    }

    /// Events whose truth is known.
    pub fn len(&self) -> usize {
        self.by_event.len()
    }

    /// Whether no truth is known at all.
    pub fn is_empty(&self) -> bool {
        self.by_event.is_empty()
    }

    /// Takes a label; the one that became known latest holds, at equal times the better source, and
    /// of equal sources the later line.
    fn add(&mut self, label: &Event) {
        let is_of_event = label.text(ids::REF_TYPE).is_none_or(|ref_type| ref_type == "event");
        let verdict = match label.text(ids::LABEL) {
            Some("fraud") => Verdict::Fraud,
            Some("legit") => Verdict::Legit,
            Some(_) | None => return,
        };
        let (Some(id), true) = (label.text(ids::REF_ID), is_of_event) else { return };
        let known_time_ms = order_time(label);
        let rank = rank(label.text(ids::SOURCE).unwrap_or_default());
        let known = self.by_event.get(id);
        if known
            .is_some_and(|known| (known_time_ms, rank) < (known.truth.known_time_ms, known.rank))
        {
            return;
        }
        let typology = label.text(ids::TYPOLOGY).map(Box::from);
        let truth = Truth { verdict, known_time_ms, typology };
        self.by_event.insert(Box::from(id), Ranked { truth, rank });
    }
}

/// How far a source is believed against others that speak at the same time.
fn rank(source: &str) -> u8 {
    match source {
        "analyst" => 4,
        "chargeback" => 3,
        "customer_report" => 2,
        "early_warning" => 1,
        _ => 0,
    }
}

/// Reads the labels of a folder (its `labels.ndjson`, else `.ndjson.gz`, else `.parquet`; none when
/// there is no such file) or the label events of one file.
///
/// Labels of entities, and labels that say neither fraud nor legit, are passed over, and so is what
/// became known after `known_by_ms`: a correction that comes later leaves the truth of that time.
///
/// # Errors
/// Unreadable files, and the first line that is no event: truth that is lost unseen would train a
/// wrong model.
pub fn labels(path: &Path, known_by_ms: i64) -> Result<Labels, Error> {
    let file = if path.is_dir() { in_folder(path, "labels") } else { Some(path.to_owned()) };
    let mut labels = Labels::default();
    let Some(file) = file else { return Ok(labels) };
    for item in Events::open(&file)? {
        let Item { row, event, .. } = item?;
        let event = event.map_err(|faults| {
            let told: Vec<String> = faults.iter().map(Diagnostic::to_string).collect();
            Error::form(&file, Some(row), told.join("; "))
        })?;
        if event.event_type() == EventType::Label && order_time(&event) <= known_by_ms {
            labels.add(&event);
        }
    }
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::scratch::Folder;

    const T: i64 = 1_700_000_000_000;

    fn login(id: &str, time: i64) -> String {
        format!(
            "{{\"event_type\":\"login\",\"event_id\":\"{id}\",\"account_id\":\"a1\",\
             \"event_time_ms\":{time},\"channel\":\"web\",\"outcome\":\"success\",\
             \"method\":\"password\",\"login_name_hash\":\"h1\"}}"
        )
    }

    fn label(of: &str, verdict: &str, source: &str, known: i64) -> String {
        format!(
            "{{\"event_type\":\"label\",\"event_id\":\"l-{of}-{source}-{known}\",\
             \"event_time_ms\":{T},\"channel\":\"batch\",\"ref_id\":\"{of}\",\
             \"ref_type\":\"event\",\"label\":\"{verdict}\",\"source\":\"{source}\",\
             \"known_time_ms\":{known}}}"
        )
    }

    fn ids_of(events: Events) -> Vec<String> {
        let id = |item: Result<Item, Error>| match item.unwrap().event {
            Ok(event) => event.text(ids::EVENT_ID).unwrap().to_owned(),
            Err(_) => "?".to_owned(),
        };
        events.map(id).collect()
    }

    #[test]
    fn a_label_stands_where_it_became_known_and_behind_an_event_of_that_time() {
        let folder = Folder::new("merge-labels");
        let events = [login("e1", T), login("e2", T + 5), login("e3", T + 9)].join("\n");
        let known =
            [label("e1", "fraud", "analyst", T + 5), label("e2", "legit", "analyst", T + 7)];
        folder.file("events.ndjson", events);
        folder.file("labels.ndjson", known.join("\n") + "\n");
        let events = Events::open(&folder.path("")).unwrap();
        let ids = ids_of(events);
        let first = format!("l-e1-analyst-{}", T + 5);
        let second = format!("l-e2-analyst-{}", T + 7);
        assert_eq!(ids, ["e1", "e2", first.as_str(), second.as_str(), "e3"]);
    }

    #[test]
    fn a_line_that_is_no_event_is_handed_out_in_its_place() {
        let folder = Folder::new("bad-line");
        let text = format!("{}\n\n  \r\n{{broken\n{}\n", login("e1", T), login("e2", T + 1));
        let events = Events::open(&folder.file("mixed.ndjson", text)).unwrap();
        let items: Vec<Item> = events.map(Result::unwrap).collect();
        let rows: Vec<(u64, bool)> = items.iter().map(|i| (i.row, i.event.is_ok())).collect();
        assert_eq!(rows, [(1, true), (4, false), (5, true)]);
    }

    #[test]
    fn thousands_of_lines_keep_their_order_and_the_position_ends_at_the_size() {
        let folder = Folder::new("many-lines");
        let count = 20_000;
        let lines: String = (0..count).map(|i| login(&format!("e{i}"), T + i) + "\n").collect();
        let path = folder.path("events.ndjson.gz");
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(lines.as_bytes()).unwrap();
        std::fs::write(&path, encoder.finish().unwrap()).unwrap();
        let mut events = Events::open(&folder.path("")).unwrap();
        let mut seen = 0;
        for item in events.by_ref() {
            let item = item.unwrap();
            assert_eq!(item.event.unwrap().text(ids::EVENT_ID).unwrap(), format!("e{seen}"));
            seen += 1;
            assert_eq!(item.row, seen as u64);
        }
        assert_eq!(seen, count);
        assert_eq!(Some(events.position()), events.total_bytes());
        assert_eq!(events.total_bytes(), Some(std::fs::metadata(&path).unwrap().len()));
    }

    #[test]
    fn a_file_without_line_ends_is_an_error_and_not_a_full_memory() {
        let folder = Folder::new("endless-line");
        let path = folder.file("blob.ndjson", vec![b'x'; 3 << 20]);
        let error = Events::open(&path).unwrap().next().unwrap().unwrap_err().to_string();
        assert!(error.contains("row 1: a line is longer than 1 MiB"), "{error}");
    }

    #[test]
    fn a_broken_gzip_stream_is_an_error_and_not_the_end() {
        let folder = Folder::new("broken-gzip");
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all((login("e1", T) + "\n").as_bytes()).unwrap();
        let mut bytes = encoder.finish().unwrap();
        bytes.truncate(bytes.len() - 9);
        let path = folder.file("events.gz", bytes);
        let error = Events::open(&path).unwrap().find_map(Result::err).unwrap();
        assert!(error.to_string().contains("cannot read"), "{error}");
    }

    #[test]
    fn the_latest_known_truth_holds_and_the_better_source_at_equal_times() {
        let folder = Folder::new("truth");
        let lines = [
            label("e1", "fraud", "analyst", T + 9),
            label("e1", "legit", "chargeback", T + 5),
            label("e2", "fraud", "early_warning", T + 5),
            label("e2", "legit", "analyst", T + 5),
            label("e2", "fraud", "customer_report", T + 5),
            label("e2", "suspicious", "analyst", T + 8),
        ];
        folder.file("labels.ndjson", lines.join("\n"));
        let as_of = |known_by_ms| labels(&folder.path(""), known_by_ms).unwrap();
        let labels = as_of(i64::MAX);
        assert_eq!(labels.len(), 2);
        let truth = labels.get("e1").unwrap();
        assert_eq!((truth.verdict, truth.known_time_ms), (Verdict::Fraud, T + 9));
        assert_eq!(labels.get("e2").unwrap().verdict, Verdict::Legit);
        assert_eq!(labels.get("e3"), None);
        // A correction is not known before it is made, and hides nothing until then.
        let truth = as_of(T + 8);
        assert_eq!(truth.get("e1").unwrap().verdict, Verdict::Legit);
        assert!(as_of(T + 4).is_empty());
    }

    #[test]
    fn a_faulty_label_is_an_error_with_its_row() {
        let folder = Folder::new("faulty-label");
        let good = label("e1", "fraud", "analyst", T);
        let text = format!("{good}\n{}", "{\"event_type\":\"label\"}");
        folder.file("labels.ndjson", text);
        let error = labels(&folder.path(""), i64::MAX).unwrap_err().to_string();
        assert!(error.contains("labels.ndjson row 2: "), "{error}");
    }

    #[cfg(not(feature = "offline"))]
    #[test]
    fn a_table_of_events_without_the_feature_names_it() {
        let folder = Folder::new("no-offline");
        folder.file("events.parquet", b"PAR1");
        let error = Events::open(&folder.path("")).unwrap_err().to_string();
        assert!(error.contains("events.parquet") && error.contains("`offline`"), "{error}");
    }

    #[test]
    fn a_folder_without_events_names_the_file_that_is_missing() {
        let folder = Folder::new("no-events");
        let error = Events::open(&folder.path("")).unwrap_err().to_string();
        assert!(error.contains("events.ndjson"), "{error}");
    }
}
