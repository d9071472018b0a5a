//! A table goes in; sorted events, their labels, and what was refused come out.
//!
//! Rows are read in one thread, converted and read back in a few more, and gathered here in the
//! order of the files. Events are sorted by their time and labels by the time they became known,
//! both stable in the order of the files, so the same inputs and map give the same bytes, whatever
//! the number of threads. A row that fails is written to `rejected.ndjson` with every reason and
//! counted; the import goes on. All files are written under temporary names and get their own
//! together at the end, `import.json` last: where it stands, the others are whole. Memory is
//! bounded by the sorter's blocks and some 50 bytes for each row.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use features::field::ids;
use serde::Serialize;

use crate::columns::ColumnMap;
use crate::error::Error;
use crate::files::Output;
use crate::pipeline;
use crate::read::Verdict;
use crate::row::Fault;
use crate::sort::{BLOCK_BYTES, Sorter};
use crate::table::{Chunk, Part, Tables};

#[cfg(test)]
mod tests;

/// How far an import has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the input files read so far.
    pub bytes: u64,
    /// Bytes of all input files; unknown where one is standard input.
    pub total_bytes: Option<u64>,
    /// Rows done so far.
    pub rows: u64,
}

/// What an import did; `import.json` holds the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The name of the column map.
    pub map: String,
    /// The BLAKE3 of its text, in hex.
    pub map_blake3: String,
    /// The inputs in the order in which they were read.
    pub inputs: Vec<InputReport>,
    /// Rows of all inputs, headers not counted.
    pub rows: u64,
    /// Events written.
    pub events: u64,
    /// Events written, by type.
    pub by_type: BTreeMap<&'static str, u64>,
    /// Events whose row says fraud.
    pub fraud: u64,
    /// Events whose row says legit.
    pub legit: u64,
    /// Events whose row does not say.
    pub unlabelled: u64,
    /// Rows that became no event.
    pub rejected: u64,
    /// Why, the most frequent first; a row with several faults counts for each.
    pub reasons: Vec<Reason>,
    /// Time of the earliest event, in milliseconds since 1970 UTC.
    pub first_time_ms: Option<i64>,
    /// Time of the latest event, in milliseconds since 1970 UTC.
    pub last_time_ms: Option<i64>,
}

/// One input of an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InputReport {
    /// Its file name without folders; `-` for standard input.
    pub name: String,
    /// The BLAKE3 of its bytes as they lie on disk, in hex.
    pub blake3: String,
    /// Its rows, the header not counted.
    pub rows: u64,
}

/// A kind of fault and how often it was met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Its code: `D0..` for a cell, `E...` for an event that was refused.
    pub code: &'static str,
    /// The event field, empty where the row as a whole is wrong.
    pub field: String,
    /// The column, empty where there is none.
    pub column: String,
    /// The message of the first such row.
    pub example: String,
    /// Rows with this fault.
    pub rows: u64,
}

/// One line of `rejected.ndjson`.
#[derive(Debug, Serialize)]
struct RejectedLine<'a> {
    file: &'a str,
    row: u64,
    reasons: Vec<RejectedReason<'a>>,
}

#[derive(Debug, Serialize)]
struct RejectedReason<'a> {
    code: &'a str,
    field: &'a str,
    column: &'a str,
    message: &'a str,
}

/// A chunk after conversion.
#[derive(Debug)]
enum Converted {
    Rows {
        lines: Vec<u8>,
        made: Vec<Made>,
        rejected: Vec<(u64, Vec<Fault>)>,
        rows: u64,
        bytes: u64,
    },
    End {
        rows: u64,
        blake3: String,
    },
}

/// A converted row: where its lines lie is said by their lengths, one behind the other.
#[derive(Debug)]
struct Made {
    row: u64,
    id_hash: u64,
    time_ms: i64,
    event_type: &'static str,
    event_bytes: usize,
    label: Option<crate::row::Label>,
}

/// Turns tables into `events.ndjson`, `labels.ndjson`, `rejected.ndjson` and `import.json` in
/// `out_dir`, which is made if need be.
///
/// Inputs are CSV, plain or gzip, or with the feature `offline` Parquet; `-` is standard input.
/// They are told apart by content. `on_progress` is called every few thousand rows.
///
/// # Errors
/// Unreadable inputs, columns that the map names and an input lacks, a disk that cannot be written.
/// Nothing of a failed import stands under the final names. Faulty rows are no error.
pub fn import(
    inputs: &[PathBuf],
    map: &ColumnMap,
    out_dir: &Path,
    on_progress: &mut dyn FnMut(Progress),
) -> Result<Report, Error> {
    fs::create_dir_all(out_dir).map_err(|source| Error::write(out_dir, source))?;
    let sizes = inputs.iter().map(|path| fs::metadata(path).ok().map(|meta| meta.len()));
    let total_bytes = sizes.sum::<Option<u64>>();
    let mut tables = Tables::new(inputs, Arc::new(map.clone()));
    let produce = move || tables.next().transpose();
    let chunks = pipeline::spawn(produce, |part: Result<Part, Error>| part.map(convert));
    let mut gathered = Gathered::new(inputs, map, out_dir)?;
    for chunk in chunks {
        if let Some(bytes) = gathered.take(chunk?)? {
            on_progress(Progress { bytes, total_bytes, rows: gathered.report.rows });
        }
    }
    gathered.finish(out_dir)
}

fn convert(part: Part) -> Converted {
    match part {
        Part::Rows(chunk) => convert_rows(&chunk),
        Part::End { rows, blake3 } => Converted::End { rows, blake3 },
    }
}

fn convert_rows(chunk: &Chunk) -> Converted {
    let mut lines = Vec::with_capacity(1 << 20);
    let (mut made, mut rejected) = (Vec::new(), Vec::new());
    let mut rows = 0;
    for cells in chunk.rows() {
        let row = chunk.first_row + rows;
        match chunk.layout.convert(cells, chunk.first_number + rows, &mut lines) {
            Ok(done) => made.push(Made {
                row,
                id_hash: done.event.bits(ids::EVENT_ID).unwrap_or_default(),
                time_ms: done.event.time(),
                event_type: done.event.event_type().name(),
                event_bytes: done.event_bytes,
                label: done.label,
            }),
            Err(faults) => rejected.push((row, faults)),
        }
        rows += 1;
    }
    Converted::Rows { lines, made, rejected, rows, bytes: chunk.bytes_read }
}

/// Everything that is gathered over the rows.
struct Gathered<'a> {
    names: Vec<String>,
    map: &'a ColumnMap,
    events: Sorter,
    labels: Sorter,
    rejected: Output,
    rejected_path: PathBuf,
    /// Hashes of the event ids so far: 64 bits, so two ids of ten million rows are taken for one
    /// with a chance of three in a million.
    ids: HashSet<u64>,
    reasons: BTreeMap<(&'static str, String, String), (u64, String)>,
    report: Report,
}

impl<'a> Gathered<'a> {
    fn new(inputs: &[PathBuf], map: &'a ColumnMap, out_dir: &Path) -> Result<Gathered<'a>, Error> {
        let name = |path: &PathBuf| match path.file_name() {
            Some(name) => name.to_string_lossy().into_owned(),
            None => path.display().to_string(),
        };
        let rejected_path = out_dir.join("rejected.ndjson");
        Ok(Gathered {
            names: inputs.iter().map(name).collect(),
            map,
            events: Sorter::new(&out_dir.join("events.ndjson"), BLOCK_BYTES),
            labels: Sorter::new(&out_dir.join("labels.ndjson"), BLOCK_BYTES),
            rejected: Output::create(&rejected_path)?,
            rejected_path,
            ids: HashSet::new(),
            reasons: BTreeMap::new(),
            report: Report {
                map: map.name.clone(),
                map_blake3: map.hash(),
                inputs: Vec::new(),
                rows: 0,
                events: 0,
                by_type: BTreeMap::new(),
                fraud: 0,
                legit: 0,
                unlabelled: 0,
                rejected: 0,
                reasons: Vec::new(),
                first_time_ms: None,
                last_time_ms: None,
            },
        })
    }

    /// Takes one chunk; gives the bytes read so far where rows were taken.
    fn take(&mut self, converted: Converted) -> Result<Option<u64>, Error> {
        let (lines, made, rejected, rows, bytes) = match converted {
            Converted::Rows { lines, made, rejected, rows, bytes } => {
                (lines, made, rejected, rows, bytes)
            }
            Converted::End { rows, blake3 } => {
                let name = self.names[self.report.inputs.len()].clone();
                self.report.inputs.push(InputReport { name, blake3, rows });
                return Ok(None);
            }
        };
        self.report.rows += rows;
        let mut refused = rejected.into_iter().peekable();
        let mut rest = lines.as_slice();
        for made in made {
            while let Some((row, faults)) = refused.next_if(|(row, _)| *row < made.row) {
                self.reject(row, &faults)?;
            }
            let (event, behind) = rest.split_at(made.event_bytes);
            let (label, behind) = behind.split_at(made.label.map_or(0, |label| label.bytes));
            rest = behind;
            self.add(&made, event, label)?;
        }
        for (row, faults) in refused {
            self.reject(row, &faults)?;
        }
        Ok(Some(bytes))
    }

    fn add(&mut self, made: &Made, event: &[u8], label: &[u8]) -> Result<(), Error> {
        if !self.ids.insert(made.id_hash) {
            let message = "an earlier row has the same event id".to_owned();
            let field = ids::EVENT_ID.path().to_owned();
            let fault = Fault { code: "D027", field, column: String::new(), message };
            return self.reject(made.row, &[fault]);
        }
        self.events.push(made.time_ms, event)?;
        let report = &mut self.report;
        report.events += 1;
        *report.by_type.entry(made.event_type).or_default() += 1;
        let first = report.first_time_ms.map_or(made.time_ms, |first| first.min(made.time_ms));
        let last = report.last_time_ms.map_or(made.time_ms, |last| last.max(made.time_ms));
        (report.first_time_ms, report.last_time_ms) = (Some(first), Some(last));
        match made.label {
            Some(written) => {
                match written.verdict {
                    Verdict::Fraud => report.fraud += 1,
                    Verdict::Legit => report.legit += 1,
                }
                self.labels.push(written.known_time_ms, label)
            }
            None => {
                report.unlabelled += 1;
                Ok(())
            }
        }
    }

    fn reject(&mut self, row: u64, faults: &[Fault]) -> Result<(), Error> {
        self.report.rejected += 1;
        for fault in faults {
            let key = (fault.code, fault.field.clone(), fault.column.clone());
            self.reasons.entry(key).or_insert_with(|| (0, fault.message.clone())).0 += 1;
        }
        let reasons = faults.iter().map(|fault| RejectedReason {
            code: fault.code,
            field: &fault.field,
            column: &fault.column,
            message: &fault.message,
        });
        let file = &self.names[self.report.inputs.len()];
        let line = RejectedLine { file, row, reasons: reasons.collect() };
        write_json_line(&mut self.rejected, &line)
            .map_err(|source| Error::write(&self.rejected_path, source))
    }

    fn finish(mut self, out_dir: &Path) -> Result<Report, Error> {
        self.report.reasons = reasons(self.reasons);
        let path = out_dir.join("import.json");
        let mut summary = Output::create(&path)?;
        serde_json::to_writer_pretty(&mut summary, &self.report)
            .map_err(std::io::Error::from)
            .and_then(|()| summary.write_all(b"\n"))
            .map_err(|source| Error::write(&path, source))?;
        let mut files = vec![self.events.finish()?];
        // Without a label column there is no file of labels, as of sets that have none.
        if self.map.label.is_some() {
            files.push(self.labels.finish()?);
        }
        files.push(self.rejected.complete()?);
        files.push(summary.complete()?);
        // An older import in this folder is no longer whole from here on.
        for name in ["import.json", "labels.ndjson"] {
            match fs::remove_file(out_dir.join(name)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::write(&out_dir.join(name), error));
                }
                Ok(()) | Err(_) => {}
            }
        }
        for file in files {
            file.publish()?;
        }
        Ok(self.report)
    }
}

fn write_json_line(out: &mut Output, line: &impl Serialize) -> std::io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

fn reasons(counted: BTreeMap<(&'static str, String, String), (u64, String)>) -> Vec<Reason> {
    let reason =
        |((code, field, column), (rows, example))| Reason { code, field, column, example, rows };
    let mut reasons: Vec<Reason> = counted.into_iter().map(reason).collect();
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.rows));
    reasons
}
