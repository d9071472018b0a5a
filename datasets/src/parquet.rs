//! Apache Parquet in and out, by polars: nothing outside of this module names it.
//!
//! Reading gives cells as text, some hundred thousand rows at a time, so that Parquet goes through
//! the same column maps as CSV. Writing gathers a row group column by column and hands it over when
//! it is full; wide tables get shorter groups, so that a group stays within a fixed number of
//! bytes. Events have tables of their own: `events` writes them and the truth of a world, `rows`
//! reads them back, `table` is the file below.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use polars::io::parquet::write::BatchedWriter;
use polars::prelude::{
    Column, DataFrame, DataType, IntoColumn, NamedFrom, ParquetReader, ParquetWriter, PlSmallStr,
    PolarsError, Schema, SerReader, Series,
};

use crate::error::Error;
use crate::files::Output;
use crate::write::Columns;

mod events;

mod numbers;

mod rows;

mod table;

#[cfg(test)]
mod tests;

pub(crate) use events::{EventsWriter, TruthWriter};
pub use numbers::{Chunks, NumbersWriter, read_numbers};
pub(crate) use rows::{EventsReader, Rows};

/// Bytes of floats that one row group may hold before it is written.
const GROUP_BYTES: usize = 64 << 20;

/// Rows of a group of a narrow table, and rows that are read at once.
const GROUP_ROWS_MAX: usize = 128 * 1024;

/// What polars said, as an error of the file.
fn told(error: PolarsError) -> io::Error {
    match error {
        PolarsError::IO { error, .. } => io::Error::new(error.kind(), error.to_string()),
        other => io::Error::other(other.to_string()),
    }
}

/// The cells of a Parquet file as text.
#[derive(Debug)]
pub(crate) struct Reader {
    path: PathBuf,
    size: u64,
    names: Vec<String>,
    rows: usize,
    /// The first row of the batch in memory, its columns as text, and its rows.
    batch_start: usize,
    batch: Vec<Column>,
    batch_rows: usize,
}

impl Reader {
    /// Opens the file and reads its footer.
    pub(crate) fn open(path: &Path) -> Result<Reader, Error> {
        let file = File::open(path).map_err(|source| Error::open(path, source))?;
        let size = file.metadata().map_err(|source| Error::open(path, source))?.len();
        let mut reader = ParquetReader::new(file);
        let failed = |error| Error::read(path, told(error));
        let names =
            reader.schema().map_err(failed)?.iter_names().map(|name| name.to_string()).collect();
        let rows = reader.get_metadata().map_err(failed)?.num_rows;
        let (path, batch) = (path.to_owned(), Vec::new());
        Ok(Reader { path, size, names, rows, batch_start: 0, batch, batch_rows: 0 })
    }

    /// The names of the columns.
    pub(crate) fn header(&self) -> Vec<String> {
        self.names.clone()
    }

    /// How far in the file a row lies, by its share of the rows.
    pub(crate) fn bytes_read(&self, row: u64) -> u64 {
        if self.rows == 0 {
            return self.size;
        }
        (u128::from(self.size) * u128::from(row) / self.rows as u128) as u64
    }

    /// Up to `most` rows from `first` (counted from 0) on; a null is an empty cell.
    pub(crate) fn rows(&mut self, first: u64, most: usize) -> Result<Vec<Vec<&str>>, Error> {
        let first = usize::try_from(first).unwrap_or(usize::MAX);
        if self.rows <= first {
            return Ok(Vec::new());
        }
        if first < self.batch_start || self.batch_start + self.batch_rows <= first {
            self.load(first).map_err(|error| Error::read(&self.path, told(error)))?;
        }
        let from = first - self.batch_start;
        let to = (from + most).min(self.batch_rows);
        let columns: Result<Vec<_>, PolarsError> =
            self.batch.iter().map(|column| column.str()).collect();
        let columns = columns.map_err(|error| Error::read(&self.path, told(error)))?;
        let row = |at: usize| columns.iter().map(|column| column.get(at).unwrap_or("")).collect();
        Ok((from..to).map(row).collect())
    }

    fn load(&mut self, first: usize) -> Result<(), PolarsError> {
        let file = File::open(&self.path)?;
        let slice = Some((first, GROUP_ROWS_MAX));
        let frame = ParquetReader::new(file).with_slice(slice).finish()?;
        self.batch_rows = frame.height();
        self.batch_start = first;
        let columns = frame.columns().iter().map(|column| column.cast(&DataType::String));
        self.batch = columns.collect::<Result<Vec<Column>, PolarsError>>()?;
        Ok(())
    }
}

/// Writes rows of facts in row groups.
pub(crate) struct Writer {
    path: PathBuf,
    output: Output,
    batched: BatchedWriter<File>,
    columns: Vec<PlSmallStr>,
    group_rows: usize,
    has_time: bool,
    has_label: bool,
    ids: Vec<String>,
    times: Vec<i64>,
    facts: Vec<Vec<Option<f64>>>,
    labels: Vec<Option<i32>>,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Writer {
    /// Starts the file; the schema is fixed here.
    pub(crate) fn create(path: &Path, columns: &Columns) -> Result<Writer, Error> {
        let output = Output::create(path)?;
        let file = output.file().map_err(|source| Error::write(path, source))?;
        let names: Vec<PlSmallStr> =
            columns.names.iter().map(|name| name.as_str().into()).collect();
        let mut schema = Schema::default();
        schema.with_column("event_id".into(), DataType::String);
        if columns.time {
            schema.with_column("event_time_ms".into(), DataType::Int64);
        }
        for name in &names {
            schema.with_column(name.clone(), DataType::Float64);
        }
        if columns.label {
            schema.with_column("label".into(), DataType::Int32);
        }
        let batched = ParquetWriter::new(file).batched(&schema);
        let batched = batched.map_err(|error| Error::write(path, told(error)))?;
        let group_rows = GROUP_BYTES / (16 * (names.len() + 2));
        Ok(Writer {
            path: path.to_owned(),
            output,
            batched,
            group_rows: group_rows.clamp(1, GROUP_ROWS_MAX),
            has_time: columns.time,
            has_label: columns.label,
            ids: Vec::new(),
            times: Vec::new(),
            facts: vec![Vec::new(); names.len()],
            labels: Vec::new(),
            columns: names,
        })
    }

    /// Adds a row.
    pub(crate) fn row(
        &mut self,
        event_id: &str,
        time_ms: i64,
        facts: &[f64],
        label: Option<u8>,
    ) -> Result<(), Error> {
        self.ids.push(event_id.to_owned());
        self.times.push(time_ms);
        self.labels.push(label.map(i32::from));
        for (column, fact) in self.facts.iter_mut().zip(facts) {
            column.push(Some(*fact).filter(|fact| fact.is_finite()));
        }
        if self.group_rows <= self.ids.len() { self.write_group() } else { Ok(()) }
    }

    fn write_group(&mut self) -> Result<(), Error> {
        let rows = self.ids.len();
        let mut columns = vec![Series::new("event_id".into(), &self.ids).into_column()];
        if self.has_time {
            columns.push(Series::new("event_time_ms".into(), &self.times).into_column());
        }
        for (name, facts) in self.columns.iter().zip(&self.facts) {
            columns.push(Series::new(name.clone(), facts).into_column());
        }
        if self.has_label {
            columns.push(Series::new("label".into(), &self.labels).into_column());
        }
        let frame = DataFrame::new(rows, columns);
        frame
            .and_then(|frame| self.batched.write_batch(&frame))
            .map_err(|error| Error::write(&self.path, told(error)))?;
        self.ids.clear();
        self.times.clear();
        self.labels.clear();
        self.facts.iter_mut().for_each(Vec::clear);
        Ok(())
    }

    /// Writes what is gathered and the footer, and gives the file its name.
    pub(crate) fn finish(mut self) -> Result<(), Error> {
        if !self.ids.is_empty() {
            self.write_group()?;
        }
        self.batched.finish().map_err(|error| Error::write(&self.path, told(error)))?;
        self.output.finish()
    }
}
