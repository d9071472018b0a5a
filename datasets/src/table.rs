//! Tables in chunks of rows: CSV, plain or gzip, and with the feature `offline` Parquet.
//!
//! A `Tables` goes through all inputs one after the other and hands out chunks of a few thousand
//! rows, each bound to the header of its input, so that conversion can run in several threads while
//! the next chunk is read. Cells lie behind each other in one buffer; nothing is allocated for a
//! row. The end of an input is a chunk of its own that carries the input's hash.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use csv::{ByteRecord, ReaderBuilder};

use crate::columns::ColumnMap;
use crate::error::Error;
use crate::files::{self, Content, Hash, Text};
use crate::row::{Cells, Layout};

/// Rows of one chunk: enough that hand-overs cost nothing, few enough to keep all threads busy.
const CHUNK_ROWS: usize = 4_096;

/// What comes next of the inputs.
#[derive(Debug)]
pub(crate) enum Part {
    /// Some rows of the current input.
    Rows(Chunk),
    /// The current input is at its end.
    End { rows: u64, blake3: String },
}

/// Rows of one input.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) layout: Arc<Layout>,
    /// The number of the first row in its input, from one.
    pub(crate) first_row: u64,
    /// The number of the first row over all inputs, from one.
    pub(crate) first_number: u64,
    /// Bytes of all inputs read so far.
    pub(crate) bytes_read: u64,
    text: Vec<u8>,
    ends: Vec<u32>,
    /// Where the cells of each row end in `ends`.
    rows: Vec<u32>,
}

impl Chunk {
    /// The rows in order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Cells<'_>> {
        let mut first = 0;
        self.rows.iter().map(move |end| {
            let range = first as usize..*end as usize;
            let start = if first == 0 { 0 } else { self.ends[first as usize - 1] };
            first = *end;
            Cells { text: &self.text, ends: &self.ends[range], start }
        })
    }
}

/// All inputs of an import, one after the other.
#[derive(Debug)]
pub(crate) struct Tables {
    inputs: VecDeque<PathBuf>,
    map: Arc<ColumnMap>,
    current: Option<Current>,
    /// Rows of the inputs that are done.
    rows_before: u64,
    bytes_before: u64,
}

#[derive(Debug)]
struct Current {
    path: PathBuf,
    layout: Arc<Layout>,
    rows: u64,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Csv {
        reader: Box<csv::Reader<Text>>,
        count: Arc<AtomicU64>,
        record: ByteRecord,
    },
    #[cfg(feature = "offline")]
    Parquet(crate::parquet::Reader),
}

impl Tables {
    /// Nothing is opened before the first chunk is asked for.
    pub(crate) fn new(inputs: &[PathBuf], map: Arc<ColumnMap>) -> Tables {
        let inputs = inputs.iter().cloned().collect();
        Tables { inputs, map, current: None, rows_before: 0, bytes_before: 0 }
    }

    /// The next part; `None` behind the end of the last input.
    pub(crate) fn next(&mut self) -> Result<Option<Part>, Error> {
        let mut current = match self.current.take() {
            Some(current) => current,
            None => match self.inputs.pop_front() {
                Some(path) => open(path, &self.map)?,
                None => return Ok(None),
            },
        };
        let mut chunk = Chunk {
            layout: Arc::clone(&current.layout),
            first_row: current.rows + 1,
            first_number: self.rows_before + current.rows + 1,
            bytes_read: 0,
            text: Vec::new(),
            ends: Vec::new(),
            rows: Vec::with_capacity(CHUNK_ROWS),
        };
        let bytes = current.fill(&mut chunk)?;
        if chunk.rows.is_empty() {
            self.rows_before += current.rows;
            self.bytes_before += bytes;
            let blake3 = current.source.into_hash(&current.path)?;
            return Ok(Some(Part::End { rows: current.rows, blake3 }));
        }
        chunk.bytes_read = self.bytes_before + bytes;
        current.rows += chunk.rows.len() as u64;
        self.current = Some(current);
        Ok(Some(Part::Rows(chunk)))
    }
}

fn open(path: PathBuf, map: &Arc<ColumnMap>) -> Result<Current, Error> {
    let input = files::open(&path, Hash::Wanted)?;
    let (header, source) = match input.content {
        Content::Plain | Content::Gzip => {
            let mut reader = ReaderBuilder::new().flexible(true).from_reader(input.text);
            let header = reader.byte_headers().map_err(|error| csv_error(&path, 0, error))?;
            let header = header.iter().map(|name| String::from_utf8_lossy(name.trim_ascii()));
            let header: Vec<String> = header.map(|name| name.into_owned()).collect();
            let (reader, record) = (Box::new(reader), ByteRecord::new());
            (header, Source::Csv { reader, count: input.count, record })
        }
        #[cfg(feature = "offline")]
        Content::Parquet => {
            let reader = crate::parquet::Reader::open(&path)?;
            (reader.header(), Source::Parquet(reader))
        }
        #[cfg(not(feature = "offline"))]
        Content::Parquet => return Err(Error::NeedsOffline { path }),
    };
    if header.iter().all(String::is_empty) {
        return Err(Error::form(&path, None, "is empty, a header with column names is wanted"));
    }
    let layout = Layout::bind(map, &header).map_err(|diagnostics| Error::Map {
        name: format!("column map {} for {}", map.name, path.display()),
        text: map.text.clone(),
        diagnostics,
    })?;
    Ok(Current { path, layout: Arc::new(layout), rows: 0, source })
}

fn csv_error(path: &Path, row: u64, error: csv::Error) -> Error {
    match error.into_kind() {
        csv::ErrorKind::Io(source) => Error::read(path, source),
        kind => Error::form(path, Some(row), format!("not CSV: {kind:?}")),
    }
}

impl Current {
    /// Fills the chunk and tells how many bytes of the input have been read.
    fn fill(&mut self, chunk: &mut Chunk) -> Result<u64, Error> {
        match &mut self.source {
            Source::Csv { reader, count, record } => {
                while chunk.rows.len() < CHUNK_ROWS {
                    let row = self.rows + chunk.rows.len() as u64 + 1;
                    let more = reader.read_byte_record(record);
                    if !more.map_err(|error| csv_error(&self.path, row, error))? {
                        break;
                    }
                    push_row(chunk, record.iter(), &self.path, row)?;
                }
                Ok(count.load(Ordering::Relaxed))
            }
            #[cfg(feature = "offline")]
            Source::Parquet(reader) => {
                let first = self.rows;
                for (row, cells) in (first + 1..).zip(reader.rows(first, CHUNK_ROWS)?) {
                    push_row(chunk, cells.iter().map(|cell| cell.as_bytes()), &self.path, row)?;
                }
                Ok(reader.bytes_read(first + chunk.rows.len() as u64))
            }
        }
    }
}

/// Bytes of text in one chunk, so that places in it fit 32 bits whatever a file holds.
const CHUNK_BYTES_MAX: usize = 1 << 30;

fn push_row<'c>(
    chunk: &mut Chunk,
    cells: impl Iterator<Item = &'c [u8]>,
    path: &Path,
    row: u64,
) -> Result<(), Error> {
    for cell in cells {
        chunk.text.extend_from_slice(cell);
        chunk.ends.push(chunk.text.len() as u32);
    }
    if CHUNK_BYTES_MAX < chunk.text.len() {
        return Err(Error::form(path, Some(row), "rows are too long, a quote may be left open"));
    }
    chunk.rows.push(chunk.ends.len() as u32);
    Ok(())
}

impl Source {
    fn into_hash(self, path: &Path) -> Result<String, Error> {
        let failed = |source: io::Error| Error::read(path, source);
        let text = match self {
            Source::Csv { reader, .. } => reader.into_inner(),
            #[cfg(feature = "offline")]
            Source::Parquet(_) => files::open(path, Hash::Wanted)?.text,
        };
        let hash = text.into_hash().map_err(failed)?;
        Ok(hash.map_or_else(String::new, |hash| hash.to_hex().to_string()))
    }
}
