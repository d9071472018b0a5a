//! Facts and scores, written for whoever works on them next.
//!
//! `FactsWriter` writes a row for each event: its id, its time, every fact, and its label if that
//! is wanted. `ScoresWriter` writes the id and the probability of fraud. The extension of the path
//! says the form: `.parquet` (with the feature `offline`), `.csv` or `.ndjson`, the last two also
//! with `.gz`; `-` is NDJSON on standard output. A fact that is missing (NaN), and one that is not
//! finite, is null: an empty cell in CSV. Floats are written shortest so that they read back bit
//! for bit. Rows are streamed; Parquet gathers one row group at a time. A file gets its name when
//! it is finished, so a run that breaks off leaves none.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::files::Sink;
use crate::json;
use crate::read::Verdict;

/// Whether a table of facts has a column `label`: 1 fraud, 0 legit, null unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelColumn {
    /// It ends with one.
    With,
    /// It has none.
    Without,
}

/// Writes the facts of events.
#[derive(Debug)]
pub struct FactsWriter {
    table: Table,
}

impl FactsWriter {
    /// Starts a table with the columns `event_id`, `event_time_ms`, one for each name, and `label`
    /// if it is wanted.
    ///
    /// # Errors
    /// [`Error::NeedsOffline`] for `.parquet` in a build without that feature, [`Error::Form`] for
    /// an extension that is not known, [`Error::Write`] when the file cannot be made.
    pub fn create(path: &Path, names: &[&str], labels: LabelColumn) -> Result<FactsWriter, Error> {
        let columns =
            Columns { time: true, names: owned(names), label: labels == LabelColumn::With };
        Ok(FactsWriter { table: Table::create(path, columns)? })
    }

    /// Writes one row; `facts` are in the order of the names.
    ///
    /// # Errors
    /// [`Error::Write`], which a full disk may also report at a later row or at the end.
    ///
    /// # Panics
    /// When the number of facts is not that of the names.
    pub fn write(
        &mut self,
        event_id: &str,
        event_time_ms: i64,
        facts: &[f64],
        label: Option<Verdict>,
    ) -> Result<(), Error> {
        self.table.row(event_id, event_time_ms, facts, label)
    }

    /// Completes the file and gives it its name; the number of rows.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn finish(self) -> Result<u64, Error> {
        self.table.finish()
    }
}

/// Writes the scores of events: `event_id`, `p_fraud`.
#[derive(Debug)]
pub struct ScoresWriter {
    table: Table,
}

impl ScoresWriter {
    /// Starts a table of scores.
    ///
    /// # Errors
    /// As [`FactsWriter::create`].
    pub fn create(path: &Path) -> Result<ScoresWriter, Error> {
        let columns = Columns { time: false, names: owned(&["p_fraud"]), label: false };
        Ok(ScoresWriter { table: Table::create(path, columns)? })
    }

    /// Writes one row.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn write(&mut self, event_id: &str, p_fraud: f64) -> Result<(), Error> {
        self.table.row(event_id, 0, &[p_fraud], None)
    }

    /// Completes the file and gives it its name; the number of rows.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn finish(self) -> Result<u64, Error> {
        self.table.finish()
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// The columns behind `event_id`.
#[derive(Debug)]
pub(crate) struct Columns {
    pub(crate) time: bool,
    pub(crate) names: Vec<String>,
    pub(crate) label: bool,
}

#[derive(Debug)]
struct Table {
    path: PathBuf,
    columns: Columns,
    form: Form,
    line: Vec<u8>,
    rows: u64,
}

#[derive(Debug)]
enum Form {
    Csv(Sink),
    Ndjson(Sink),
    #[cfg(feature = "offline")]
    Parquet(Box<crate::parquet::Writer>),
}

impl Table {
    fn create(path: &Path, columns: Columns) -> Result<Table, Error> {
        let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        let stem = name.strip_suffix(".gz").unwrap_or(&name);
        let form = if name.ends_with(".parquet") {
            parquet(path, &columns)?
        } else if stem.ends_with(".csv") {
            Form::Csv(Sink::create(path)?)
        } else if stem.ends_with(".ndjson") || name == "-" {
            Form::Ndjson(Sink::create(path)?)
        } else {
            let message = "the extension is not .parquet, .csv, .ndjson, .csv.gz or .ndjson.gz";
            return Err(Error::form(path, None, message));
        };
        let mut table = Table { path: path.to_owned(), columns, form, line: Vec::new(), rows: 0 };
        table.header().map_err(|source| Error::write(path, source))?;
        Ok(table)
    }

    fn header(&mut self) -> io::Result<()> {
        let Form::Csv(sink) = &mut self.form else { return Ok(()) };
        let mut header = "event_id".to_owned();
        let time = self.columns.time.then_some("event_time_ms");
        let label = self.columns.label.then_some("label");
        for name in
            time.into_iter().chain(self.columns.names.iter().map(String::as_str)).chain(label)
        {
            header.push(',');
            header.push_str(name);
        }
        writeln!(sink, "{header}")
    }

    fn row(
        &mut self,
        event_id: &str,
        time_ms: i64,
        facts: &[f64],
        label: Option<Verdict>,
    ) -> Result<(), Error> {
        assert!(facts.len() == self.columns.names.len(), "as many facts as names");
        self.rows += 1;
        let label = label.map(|verdict| u8::from(verdict == Verdict::Fraud));
        self.line.clear();
        let sink = match &mut self.form {
            Form::Csv(sink) => {
                csv_line(&self.columns, &mut self.line, event_id, time_ms, facts, label);
                sink
            }
            Form::Ndjson(sink) => {
                json_line(&self.columns, &mut self.line, event_id, time_ms, facts, label);
                sink
            }
            #[cfg(feature = "offline")]
            Form::Parquet(writer) => return writer.row(event_id, time_ms, facts, label),
        };
        sink.write_all(&self.line).map_err(|source| Error::write(&self.path, source))
    }

    fn finish(self) -> Result<u64, Error> {
        match self.form {
            Form::Csv(sink) | Form::Ndjson(sink) => sink.finish(&self.path)?,
            #[cfg(feature = "offline")]
            Form::Parquet(writer) => writer.finish()?,
        }
        Ok(self.rows)
    }
}

#[cfg(feature = "offline")]
fn parquet(path: &Path, columns: &Columns) -> Result<Form, Error> {
    Ok(Form::Parquet(Box::new(crate::parquet::Writer::create(path, columns)?)))
}

#[cfg(not(feature = "offline"))]
fn parquet(path: &Path, _: &Columns) -> Result<Form, Error> {
    Err(Error::NeedsOffline { path: path.to_owned() })
}

fn csv_line(
    columns: &Columns,
    line: &mut Vec<u8>,
    event_id: &str,
    time_ms: i64,
    facts: &[f64],
    label: Option<u8>,
) {
    push_csv_text(line, event_id);
    if columns.time {
        line.push(b',');
        json::push_number(line, time_ms);
    }
    for fact in facts {
        line.push(b',');
        if fact.is_finite() {
            push_float(line, *fact);
        }
    }
    if columns.label {
        line.push(b',');
        if let Some(label) = label {
            json::push_number(line, label);
        }
    }
    line.push(b'\n');
}

fn json_line(
    columns: &Columns,
    line: &mut Vec<u8>,
    event_id: &str,
    time_ms: i64,
    facts: &[f64],
    label: Option<u8>,
) {
    line.extend_from_slice(b"{\"event_id\":");
    json::push_quoted(line, event_id);
    if columns.time {
        line.extend_from_slice(b",\"event_time_ms\":");
        json::push_number(line, time_ms);
    }
    for (name, fact) in columns.names.iter().zip(facts) {
        line.push(b',');
        json::push_quoted(line, name);
        line.push(b':');
        if fact.is_finite() {
            push_float(line, *fact);
        } else {
            line.extend_from_slice(b"null");
        }
    }
    if columns.label {
        line.extend_from_slice(b",\"label\":");
        match label {
            Some(label) => json::push_number(line, label),
            None => line.extend_from_slice(b"null"),
        }
    }
    line.extend_from_slice(b"}\n");
}

/// Most facts are counts and sums, and whole numbers print several times faster than floats do.
fn push_float(line: &mut Vec<u8>, number: f64) {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let is_negative_zero = number == 0.0 && number.is_sign_negative();
    if number.trunc() == number && number.abs() < EXACT && !is_negative_zero {
        json::push_number(line, number as i64);
    } else {
        json::push_number(line, number);
    }
}

/// A text as one cell. A leading `=`, `+`, `-` or `@` gets an apostrophe before it: a spreadsheet
/// would take the id that somebody else made up for a formula.
fn push_csv_text(line: &mut Vec<u8>, text: &str) {
    let is_formula = text.starts_with(['=', '+', '-', '@']);
    if !is_formula && !text.contains(['"', ',', '\n', '\r']) {
        line.extend_from_slice(text.as_bytes());
        return;
    }
    line.push(b'"');
    if is_formula {
        line.push(b'\'');
    }
    line.extend_from_slice(text.replace('"', "\"\"").as_bytes());
    line.push(b'"');
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::scratch::Folder;

    const NAMES: [&str; 3] = ["count_1h", "mean", "gap"];

    fn write_two(path: &Path, labels: LabelColumn) {
        let mut writer = FactsWriter::create(path, &NAMES, labels).unwrap();
        writer.write("e1", 17, &[3.0, 0.1 + 0.2, f64::NAN], Some(Verdict::Fraud)).unwrap();
        writer.write("=e,2", 18, &[-0.0, 1e300, f64::INFINITY], None).unwrap();
        assert_eq!(writer.finish().unwrap(), 2);
    }

    #[test]
    fn csv_has_a_header_and_empty_cells_for_what_is_missing() {
        let folder = Folder::new("facts-csv");
        write_two(&folder.path("facts.csv"), LabelColumn::With);
        let text = folder.text("facts.csv");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "event_id,event_time_ms,count_1h,mean,gap,label");
        assert_eq!(lines[1], "e1,17,3,0.30000000000000004,,1");
        assert!(lines[2].starts_with("\"'=e,2\",18,-0,1000"), "{}", lines[2]);
        assert!(lines[2].ends_with("0,,"), "{}", lines[2]);
        assert_eq!(lines.len(), 3);
    }

    #[test]
    fn ndjson_reads_back_bit_for_bit() {
        let folder = Folder::new("facts-ndjson");
        write_two(&folder.path("facts.ndjson.gz"), LabelColumn::Without);
        let file = std::fs::File::open(folder.path("facts.ndjson.gz")).unwrap();
        let mut text = String::new();
        flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
        let rows: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(rows[0]["mean"].as_f64(), Some(0.1 + 0.2));
        assert_eq!(rows[0]["gap"], serde_json::Value::Null);
        assert_eq!(rows[1]["event_id"], "=e,2");
        assert_eq!(rows[1]["mean"].as_f64(), Some(1e300));
        assert_eq!(rows[1].get("label"), None);
    }

    #[test]
    fn scores_are_two_columns() {
        let folder = Folder::new("scores");
        let mut writer = ScoresWriter::create(&folder.path("scores.csv")).unwrap();
        writer.write("e1", 0.25).unwrap();
        writer.finish().unwrap();
        assert_eq!(folder.text("scores.csv"), "event_id,p_fraud\ne1,0.25\n");
    }

    #[test]
    fn an_unfinished_table_leaves_no_file() {
        let folder = Folder::new("unfinished");
        let mut writer = ScoresWriter::create(&folder.path("scores.csv")).unwrap();
        writer.write("e1", 0.25).unwrap();
        drop(writer);
        assert_eq!(folder.names(), Vec::<String>::new());
    }

    #[test]
    fn an_unknown_extension_is_told_with_those_that_are_known() {
        let error = ScoresWriter::create(Path::new("scores.xlsx")).unwrap_err().to_string();
        assert!(error.contains("scores.xlsx") && error.contains(".ndjson"), "{error}");
    }

    #[cfg(not(feature = "offline"))]
    #[test]
    fn parquet_without_the_feature_names_it() {
        let error = ScoresWriter::create(Path::new("scores.parquet")).unwrap_err().to_string();
        assert!(error.contains("`offline`"), "{error}");
    }
}
