//! Columns of numbers, whole: out of a Parquet file, and into one as cheaply as the format allows.
//!
//! Who computes over columns wants neither cells of text nor rows. [`read_numbers`] gives the named
//! columns as integers, decoded by polars, row groups side by side. What is written is encoded here:
//! [`Chunks`] become the bytes of columns of a row group on whichever thread made their numbers, and a
//! [`NumbersWriter`] puts them behind one another as they come. Nothing is compressed and nothing
//! looked up: integers are written as differences, packed into as many bits as some of them need,
//! floats as they are. Any reader of Parquet reads it.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use polars::prelude::{
    ChunkedArray, Column, DataFrame, DataType, ParallelStrategy, ParquetReader, PolarsError,
    PolarsNumericType, SerReader,
};
use polars_parquet_format::thrift::protocol::TCompactOutputProtocol;
use polars_parquet_format::{
    ColumnChunk, FieldRepetitionType, FileMetaData, RowGroup, SchemaElement, Type,
};

use super::told;
use crate::error::Error;
use crate::files::Output;

mod chunks;

pub use chunks::Chunks;

/// First and last bytes of a Parquet file.
const MAGIC: &[u8; 4] = b"PAR1";

/// The columns of these names, in their order: integers and times (in the unit they are kept in).
///
/// # Errors
/// [`Error::Open`] and [`Error::Read`]; [`Error::Form`] when a column is missing, holds anything else
/// or has a null.
pub fn read_numbers(path: &Path, names: &[&str]) -> Result<Vec<Vec<i64>>, Error> {
    let open = || File::open(path).map_err(|source| Error::open(path, source));
    let failed = |error| Error::read(path, told(error));
    let metadata = ParquetReader::new(open()?).get_metadata().map_err(failed)?.clone();
    let mut columns: Vec<Vec<i64>> = names.iter().map(|_| vec![0; metadata.num_rows]).collect();
    // Row groups with the places their numbers go to, the first one last.
    let mut groups = Vec::new();
    let mut places: Vec<&mut [i64]> = columns.iter_mut().map(Vec::as_mut_slice).collect();
    let mut start = 0;
    for group in &metadata.row_groups {
        let rows = group.num_rows();
        let places = places.iter_mut().filter_map(|place| place.split_off_mut(..rows));
        groups.push((start, rows, places.collect::<Vec<_>>()));
        start += rows;
    }
    groups.reverse();
    let groups = Mutex::new(groups);
    let next = || groups.lock().ok()?.pop();
    let read = || -> Result<(), Error> {
        while let Some((start, rows, places)) = next() {
            let frame = ParquetReader::new(open()?)
                .with_columns(Some(names.iter().map(|name| (*name).to_owned()).collect()))
                .with_slice(Some((start, rows)))
                .read_parallel(ParallelStrategy::None)
                .finish()
                .map_err(failed)?;
            for (name, place) in names.iter().zip(places) {
                let is_whole = numbers(&frame, name, place).map_err(failed)?;
                let message = || format!("column {name:?} is not all integers");
                is_whole.then_some(()).ok_or_else(|| Error::form(path, None, message()))?;
            }
        }
        Ok(())
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(read)).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, _>| match thread.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        threads.into_iter().try_for_each(join)
    })?;
    Ok(columns)
}

/// Puts the numbers of a column into their place; false when they are not all integers.
fn numbers(frame: &DataFrame, name: &str, place: &mut [i64]) -> Result<bool, PolarsError> {
    let column = frame.column(name)?;
    let is_whole = column.dtype().is_integer() || column.dtype().is_temporal();
    if !is_whole || column.null_count() != 0 {
        return Ok(false);
    }
    let column: Column = column.to_physical_repr();
    match column.dtype() {
        DataType::Int32 => put(column.i32()?, i64::from, place),
        DataType::Int64 => put(column.i64()?, |number| number, place),
        _ => put(column.cast(&DataType::Int64)?.i64()?, |number| number, place),
    }
    Ok(true)
}

fn put<T: PolarsNumericType>(
    numbers: &ChunkedArray<T>,
    wide: impl Fn(T::Native) -> i64,
    mut place: &mut [i64],
) {
    for part in numbers.downcast_iter() {
        let (now, later) = place.split_at_mut(part.len());
        now.iter_mut().zip(part.values().iter()).for_each(|(into, number)| *into = wide(*number));
        place = later;
    }
}

/// Writes columns of numbers in row groups, in whatever order they come.
#[derive(Debug)]
pub struct NumbersWriter {
    path: PathBuf,
    output: Output,
    names: Vec<String>,
    /// Bytes that were written.
    offset: usize,
    /// What is there, by row group and column.
    groups: Vec<Vec<Option<ColumnChunk>>>,
}

impl NumbersWriter {
    /// Starts the file.
    ///
    /// # Errors
    /// [`Error::Write`] when it cannot be created.
    pub fn create(path: &Path, names: &[&str]) -> Result<NumbersWriter, Error> {
        let mut output = Output::create(path)?;
        output.write_all(MAGIC).map_err(|source| Error::write(path, source))?;
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let (path, offset, groups) = (path.to_owned(), MAGIC.len(), Vec::new());
        Ok(NumbersWriter { path, output, names, offset, groups })
    }

    /// Writes some columns of a row group, from the `first` name on.
    ///
    /// # Errors
    /// [`Error::Write`].
    ///
    /// # Panics
    /// When there are more columns than names.
    pub fn write(&mut self, group: usize, first: usize, chunks: &Chunks) -> Result<(), Error> {
        if self.groups.len() <= group {
            self.groups.resize_with(group + 1, || vec![None; self.names.len()]);
        }
        let described = chunks.described(&self.names[first..], self.offset);
        let columns = &mut self.groups[group][first..first + described.len()];
        columns.iter_mut().zip(described).for_each(|(column, chunk)| *column = Some(chunk));
        self.offset += chunks.bytes().len();
        self.output.write_all(chunks.bytes()).map_err(|source| Error::write(&self.path, source))
    }

    /// Writes the footer, flushes the file to the disk and gives it its name.
    ///
    /// # Errors
    /// [`Error::Write`], also when a row group lacks a column, or has columns of several lengths or of
    /// other types than the first one.
    pub fn finish(self) -> Result<(), Error> {
        let NumbersWriter { path, mut output, names, groups, .. } = self;
        let groups: Option<Vec<RowGroup>> = groups.into_iter().map(row_group).collect();
        let are_alike = |pair: &[RowGroup]| types(&pair[0]).eq(types(&pair[1]));
        let groups = groups.filter(|groups| groups.windows(2).all(are_alike));
        let incomplete = || io::Error::other("columns are missing or differ in length or type");
        let footer = groups.ok_or_else(incomplete).and_then(|groups| footer(&names, groups));
        let written = footer.and_then(|footer| {
            output.write_all(&footer)?;
            output.write_all(&(footer.len() as u32).to_le_bytes())?;
            output.write_all(MAGIC)
        });
        written.map_err(|source| Error::write(&path, source))?;
        output.finish()
    }
}

/// Columns as a row group, when all are there and of one length.
fn row_group(columns: Vec<Option<ColumnChunk>>) -> Option<RowGroup> {
    let columns: Vec<ColumnChunk> = columns.into_iter().collect::<Option<_>>()?;
    let described = || columns.iter().filter_map(|column| column.meta_data.as_ref());
    let rows = described().map(|column| column.num_values).next()?;
    let size = described().map(|column| column.total_compressed_size).sum();
    let is_even = described().all(|column| column.num_values == rows);
    is_even.then(|| RowGroup::new(columns, size, rows, None, None, size, None))
}

fn types(group: &RowGroup) -> impl Iterator<Item = Type> {
    group.columns.iter().filter_map(|column| column.meta_data.as_ref()).map(|column| column.type_)
}

fn footer(names: &[String], groups: Vec<RowGroup>) -> io::Result<Vec<u8>> {
    let element = |name: &str, physical: Option<Type>, children: Option<i32>| {
        let needed = physical.map(|_| FieldRepetitionType::REQUIRED);
        let name = name.to_owned();
        SchemaElement::new(physical, None, needed, name, children, None, None, None, None, None)
    };
    let mut schema = vec![element("root", None, Some(names.len() as i32))];
    let types = groups.first().into_iter().flat_map(types);
    schema.extend(names.iter().zip(types).map(|(name, kind)| element(name, Some(kind), None)));
    let rows = groups.iter().map(|group| group.num_rows).sum();
    let by = format!("gyrfalcon {}", env!("CARGO_PKG_VERSION"));
    let metadata = FileMetaData::new(1, schema, rows, groups, None, by, None, None, None);
    let mut footer = Vec::new();
    metadata
        .write_to_out_protocol(&mut TCompactOutputProtocol::new(&mut footer))
        .map_err(io::Error::other)?;
    Ok(footer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Folder;

    #[test]
    fn numbers_come_back() {
        let folder = Folder::new("numbers");
        let path = folder.path("numbers.parquet");
        let names = ["zero", "bit", "short", "wide", "edges", "long", "far", "share"];
        let mut writer = NumbersWriter::create(&path, &names).unwrap();
        let whole: [fn(i32) -> i32; 5] = [
            |_| 0,
            |row| row % 2,
            |row| row % 1_000 * 7,
            |row| row << 9,
            |row| (row % 3).wrapping_mul(i32::MAX),
        ];
        let long = |row: i32| i64::from(row % 77) << 33;
        let far = |row: i32| i64::from(row % 3).wrapping_mul(i64::MAX);
        let mut chunks = Chunks::default();
        // The last columns of the last group come first.
        for (group, rows) in [(1, 70_000..140_003), (0, 0..70_000)] {
            chunks.clear();
            chunks.long(rows.clone().map(long));
            chunks.long(rows.clone().map(far));
            chunks.float(rows.clone().map(f64::from));
            writer.write(group, whole.len(), &chunks).unwrap();
            chunks.clear();
            whole.iter().for_each(|column| chunks.short(rows.clone().map(column)));
            writer.write(group, 0, &chunks).unwrap();
        }
        writer.finish().unwrap();
        let rows = 0..140_003;
        let columns = read_numbers(&path, &names[..7]).unwrap();
        for (column, wanted) in columns.iter().zip(whole) {
            assert!(column.iter().copied().eq(rows.clone().map(|row| i64::from(wanted(row)))));
        }
        assert!(columns[5].iter().copied().eq(rows.clone().map(long)));
        assert!(columns[6].iter().copied().eq(rows.map(far)));
        let frame = ParquetReader::new(File::open(&path).unwrap()).finish().unwrap();
        let shares = frame.column("share").unwrap().f64().unwrap();
        assert!(shares.into_no_null_iter().eq((0..140_003).map(f64::from)));
        let error = read_numbers(&path, &["share"]).unwrap_err().to_string();
        assert!(error.ends_with("column \"share\" is not all integers"), "{error}");
        assert!(read_numbers(&path, &["none"]).is_err());
    }
    #[test]
    fn an_incomplete_file_does_not_appear() {
        let folder = Folder::new("incomplete");
        let path = folder.path("numbers.parquet");
        let columns: [fn(&mut Chunks); 4] = [
            |_| {},
            |chunks| chunks.short([1, 2].into_iter()),
            |chunks| chunks.short([1].into_iter()),
            |chunks| chunks.long([1, 2].into_iter()),
        ];
        let write = |groups: &[[usize; 2]]| {
            let mut writer = NumbersWriter::create(&path, &["one", "two"])?;
            for (group, added) in groups.iter().enumerate() {
                let mut chunks = Chunks::default();
                added.iter().for_each(|number| columns[*number](&mut chunks));
                writer.write(group, 0, &chunks)?;
            }
            writer.finish()
        };
        for groups in [[[1, 0], [1, 1]], [[1, 1], [1, 2]], [[1, 1], [1, 3]]] {
            assert!(write(&groups).is_err(), "{groups:?}");
            assert!(!path.exists());
        }
        write(&[[1, 3], [1, 3]]).unwrap();
        assert_eq!(read_numbers(&path, &["two"]).unwrap(), [[1, 2, 1, 2]]);
    }
}
