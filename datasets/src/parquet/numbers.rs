//! Columns of numbers, whole: out of a Parquet file, and into one as cheaply as the format allows.
//!
//! Who computes over columns wants neither cells of text nor rows. [`read_numbers`] gives the named
//! columns as integers. A [`NumbersWriter`] takes one row group after another and writes it without
//! compression and without statistics: small integers become dictionary codes of a few bits, the
//! rest lies there as it is, and any reader of Parquet reads it.

use std::fs::File;
use std::path::{Path, PathBuf};

use polars::io::parquet::write::BatchedWriter;
use polars::prelude::{
    Column, DataFrame, DataType, Float64Chunked, Int32Chunked, Int64Chunked, IntoColumn,
    ParquetCompression, ParquetReader, ParquetWriter, PlSmallStr, PolarsError, Schema, SerReader,
    StatisticsOptions,
};

use super::told;
use crate::error::Error;
use crate::files::Output;

/// The columns of these names, in their order: integers and times (in the unit they are kept in).
///
/// # Errors
/// [`Error::Open`] and [`Error::Read`]; [`Error::Form`] when a column is missing, holds anything else
/// or has a null.
pub fn read_numbers(path: &Path, names: &[&str]) -> Result<Vec<Vec<i64>>, Error> {
    let file = File::open(path).map_err(|source| Error::open(path, source))?;
    let wanted = names.iter().map(|name| (*name).to_owned()).collect();
    let frame = ParquetReader::new(file).with_columns(Some(wanted)).finish();
    let frame = frame.map_err(|error| Error::read(path, told(error)))?;
    let column = |name: &&str| {
        let numbers = numbers(&frame, name).map_err(|error| Error::read(path, told(error)))?;
        let message = || format!("column {name:?} is not all integers");
        numbers.ok_or_else(|| Error::form(path, None, message()))
    };
    names.iter().map(column).collect()
}

fn numbers(frame: &DataFrame, name: &str) -> Result<Option<Vec<i64>>, PolarsError> {
    let column = frame.column(name)?;
    let is_whole = column.dtype().is_integer() || column.dtype().is_temporal();
    if !is_whole || column.null_count() != 0 {
        return Ok(None);
    }
    let column = column.cast(&DataType::Int64)?;
    let mut numbers = Vec::with_capacity(column.len());
    for part in column.i64()?.downcast_iter() {
        numbers.extend_from_slice(part.values());
    }
    Ok(Some(numbers))
}

/// The values of one column in one row group.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    /// Integers of 32 bits.
    Short(Vec<i32>),
    /// Integers of 64 bits.
    Long(Vec<i64>),
    /// Floats.
    Float(Vec<f64>),
}

impl Numbers {
    fn data_type(&self) -> DataType {
        match self {
            Numbers::Short(_) => DataType::Int32,
            Numbers::Long(_) => DataType::Int64,
            Numbers::Float(_) => DataType::Float64,
        }
    }

    fn into_column(self, name: PlSmallStr) -> Column {
        match self {
            Numbers::Short(values) => Int32Chunked::from_vec(name, values).into_column(),
            Numbers::Long(values) => Int64Chunked::from_vec(name, values).into_column(),
            Numbers::Float(values) => Float64Chunked::from_vec(name, values).into_column(),
        }
    }
}

/// Writes columns of numbers in row groups.
pub struct NumbersWriter {
    path: PathBuf,
    output: Output,
    names: Vec<PlSmallStr>,
    batched: Option<BatchedWriter<File>>,
}

impl std::fmt::Debug for NumbersWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NumbersWriter").field("path", &self.path).finish_non_exhaustive()
    }
}

impl NumbersWriter {
    /// Starts the file; the types of the columns are those of the first row group.
    ///
    /// # Errors
    /// [`Error::Write`] when it cannot be created.
    pub fn create(path: &Path, names: &[&str]) -> Result<NumbersWriter, Error> {
        let output = Output::create(path)?;
        let names = names.iter().map(|name| PlSmallStr::from_str(name)).collect();
        Ok(NumbersWriter { path: path.to_owned(), output, names, batched: None })
    }

    /// Writes a row group, on this thread: a column for each name, all of one length.
    ///
    /// # Errors
    /// [`Error::Write`], also when columns are missing or differ in length or from the first group.
    pub fn write(&mut self, columns: Vec<Numbers>) -> Result<(), Error> {
        let failed = |error| Error::write(&self.path, told(error));
        let names = self.names.iter().cloned();
        let mut schema = Schema::default();
        for (name, numbers) in names.clone().zip(&columns) {
            schema.with_column(name, numbers.data_type());
        }
        let columns: Vec<Column> = columns
            .into_iter()
            .zip(names)
            .map(|(numbers, name)| numbers.into_column(name))
            .collect();
        let rows = columns.first().map_or(0, Column::len);
        let frame = DataFrame::new(rows, columns).map_err(failed)?;
        if self.batched.is_none() {
            let file = self.output.file().map_err(|source| Error::write(&self.path, source))?;
            let writer = ParquetWriter::new(file)
                .with_compression(ParquetCompression::Uncompressed)
                .with_statistics(StatisticsOptions::empty())
                .set_parallel(false);
            self.batched = Some(writer.batched(&schema).map_err(failed)?);
        }
        let Some(batched) = &mut self.batched else { return Ok(()) };
        batched.write_batch(&frame).map_err(failed)
    }

    /// Writes the footer, flushes the file to the disk and gives it its name.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn finish(self) -> Result<(), Error> {
        if let Some(batched) = &self.batched {
            batched.finish().map_err(|error| Error::write(&self.path, told(error)))?;
        }
        self.output.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Folder;

    #[test]
    fn numbers_come_back() {
        let folder = Folder::new("numbers");
        let path = folder.path("numbers.parquet");
        let mut writer = NumbersWriter::create(&path, &["short", "long", "share"]).unwrap();
        for start in [0, 70_000_i32] {
            let rows = start..start + 70_000;
            let short = Numbers::Short(rows.clone().map(|row| row % 9).collect());
            let long = Numbers::Long(rows.clone().map(|row| i64::from(row) << 33).collect());
            writer.write(vec![short, long, Numbers::Float(rows.map(f64::from).collect())]).unwrap();
        }
        writer.finish().unwrap();
        let columns = read_numbers(&path, &["long", "short"]).unwrap();
        assert_eq!(columns[0], (0..140_000).map(|row| row << 33).collect::<Vec<i64>>());
        assert_eq!(columns[1], (0..140_000).map(|row| row % 9).collect::<Vec<i64>>());
        let error = read_numbers(&path, &["share"]).unwrap_err().to_string();
        assert!(error.ends_with("column \"share\" is not all integers"), "{error}");
        assert!(read_numbers(&path, &["none"]).is_err());
    }
}
