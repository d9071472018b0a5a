//! A Parquet table that is written row by row, one row group at a time.
//!
//! Values are gathered by column; a row that says nothing of a column has a null there. A column
//! that is null throughout a group is never gathered at all, so wide and sparse tables cost what
//! they hold. A full group is encoded, compressed with Zstandard and handed to the file, which
//! counts and hashes its bytes; what stays in memory of it is its entry of the footer. The same rows
//! give the same bytes.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use polars::io::parquet::write::BatchedWriter;
use polars::prelude::{
    BooleanChunkedBuilder, ChunkedBuilder, Column, DataFrame, DataType, Float64Type, Int64Type,
    IntoColumn, IntoSeries, ParquetWriter, PlSmallStr, PrimitiveChunkedBuilder, Schema, Series,
    StringChunkedBuilder,
};

use super::told;
use crate::error::Error;
use crate::files::Hashed;

/// Rows of a group: a group of events holds a few ten megabytes, and the footer stays small.
const GROUP_ROWS: usize = 32 * 1024;

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Int,
    Float,
    Bool,
    Text,
}

impl Type {
    /// The name of polars for it.
    pub(super) fn data_type(self) -> DataType {
        match self {
            Type::Int => DataType::Int64,
            Type::Float => DataType::Float64,
            Type::Bool => DataType::Boolean,
            Type::Text => DataType::String,
        }
    }
}

/// A value that is not null.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'v> {
    Int(i64),
    Float(f64),
    Bool(bool),
    Text(&'v str),
}

/// The file, shared with the writer of polars, which never gives back what it writes to.
struct Handle(Arc<Mutex<Hashed>>);

impl Write for Handle {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).flush()
    }
}

enum Cells {
    Int(PrimitiveChunkedBuilder<Int64Type>),
    Float(PrimitiveChunkedBuilder<Float64Type>),
    Bool(BooleanChunkedBuilder),
    Text(StringChunkedBuilder),
}

impl Cells {
    fn new(name: PlSmallStr, kind: Type) -> Cells {
        match kind {
            Type::Int => Cells::Int(PrimitiveChunkedBuilder::new(name, 0)),
            Type::Float => Cells::Float(PrimitiveChunkedBuilder::new(name, 0)),
            Type::Bool => Cells::Bool(BooleanChunkedBuilder::new(name, 0)),
            Type::Text => Cells::Text(StringChunkedBuilder::new(name, 0)),
        }
    }

    fn push_null(&mut self) {
        match self {
            Cells::Int(cells) => cells.append_null(),
            Cells::Float(cells) => cells.append_null(),
            Cells::Bool(cells) => cells.append_null(),
            Cells::Text(cells) => cells.append_null(),
        }
    }

    fn push(&mut self, value: Value<'_>) {
        match (self, value) {
            (Cells::Int(cells), Value::Int(value)) => cells.append_value(value),
            (Cells::Float(cells), Value::Float(value)) => cells.append_value(value),
            (Cells::Bool(cells), Value::Bool(value)) => cells.append_value(value),
            (Cells::Text(cells), Value::Text(value)) => cells.append_value(value),
            (_, value) => panic!("{value:?} is not of the type of its column"),
        }
    }

    fn finish(self) -> Series {
        match self {
            Cells::Int(cells) => cells.finish().into_series(),
            Cells::Float(cells) => cells.finish().into_series(),
            Cells::Bool(cells) => cells.finish().into_series(),
            Cells::Text(cells) => cells.finish().into_series(),
        }
    }
}

/// One column of the group that is being gathered.
struct Gathered {
    name: PlSmallStr,
    kind: Type,
    /// The rows of the group up to the latest value; none when there is no value.
    cells: Option<Cells>,
    rows: usize,
}

impl Gathered {
    fn push(&mut self, row: usize, value: Value<'_>) {
        let cells = self.cells.get_or_insert_with(|| Cells::new(self.name.clone(), self.kind));
        (self.rows..row).for_each(|_| cells.push_null());
        cells.push(value);
        self.rows = row + 1;
    }

    /// The column of a group of so many rows; the next group begins.
    fn take(&mut self, rows: usize) -> Column {
        let behind = self.rows..rows;
        self.rows = 0;
        match self.cells.take() {
            Some(mut cells) => {
                behind.for_each(|_| cells.push_null());
                cells.finish().into_column()
            }
            None => {
                Series::full_null(self.name.clone(), rows, &self.kind.data_type()).into_column()
            }
        }
    }
}

/// A table on its way into a file.
pub(super) struct Table {
    path: PathBuf,
    output: Arc<Mutex<Hashed>>,
    batched: BatchedWriter<Handle>,
    columns: Vec<Gathered>,
    rows: usize,
    group_rows: usize,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Table {
    /// Starts the file with these columns.
    pub(super) fn create(
        path: &Path,
        columns: impl IntoIterator<Item = (&'static str, Type)>,
    ) -> Result<Table, Error> {
        let gathered = |(name, kind): (&'static str, Type)| Gathered {
            name: name.into(),
            kind,
            cells: None,
            rows: 0,
        };
        let columns: Vec<Gathered> = columns.into_iter().map(gathered).collect();
        let mut schema = Schema::default();
        for column in &columns {
            schema.with_column(column.name.clone(), column.kind.data_type());
        }
        let output = Arc::new(Mutex::new(Hashed::create(path)?));
        let batched = ParquetWriter::new(Handle(Arc::clone(&output))).batched(&schema);
        let batched = batched.map_err(|error| Error::write(path, told(error)))?;
        let path = path.to_owned();
        Ok(Table { path, output, batched, columns, rows: 0, group_rows: GROUP_ROWS })
    }

    /// The same table with groups of another size.
    #[cfg(test)]
    pub(super) fn in_groups_of(self, group_rows: usize) -> Table {
        Table { group_rows, ..self }
    }

    /// Puts a value into a column of the current row, at most once.
    ///
    /// # Panics
    /// When the value is not of the column's type.
    pub(super) fn put(&mut self, column: usize, value: Value<'_>) {
        self.columns[column].push(self.rows, value);
    }

    /// Ends the current row.
    pub(super) fn end_row(&mut self) -> Result<(), Error> {
        self.rows += 1;
        if self.rows < self.group_rows { Ok(()) } else { self.write_group() }
    }

    fn write_group(&mut self) -> Result<(), Error> {
        let rows = std::mem::take(&mut self.rows);
        let columns = self.columns.iter_mut().map(|column| column.take(rows)).collect();
        DataFrame::new(rows, columns)
            .and_then(|frame| self.batched.write_batch(&frame))
            .map_err(|error| Error::write(&self.path, told(error)))
    }

    /// Writes what is gathered and the footer; the file waits for its name.
    pub(super) fn finish(mut self) -> Result<Hashed, Error> {
        if 0 < self.rows {
            self.write_group()?;
        }
        self.batched.finish().map_err(|error| Error::write(&self.path, told(error)))?;
        drop(self.batched);
        let output = Arc::into_inner(self.output).expect("the writer that shared it is gone");
        Ok(output.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}
