//! The files of a folder of reference tables, row by row, with all that is broken kept together.
//!
//! A missing file is no fault: it is passed over and the caller looks with `has`. A file that is
//! there must have the columns that are wanted and at least one row; what is wrong with single rows
//! is told with the name of the file and the number of the row (behind the header, from one; in
//! lists the number of the line), the first fifty in full, the rest as a number. Only what the disk
//! or the compressed stream does wrong ends the reading at once. Memory holds one row at a time.

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use csv::{ByteRecord, ReaderBuilder};
use features::diagnostic::{Diagnostic, Place, nearest};

use crate::error::Error;
use crate::files::{self, Hash, Input};

use super::tables::{PARTS, Part, Source};

/// Bytes of text that a file may hold, well above the largest published table.
const TEXT_BYTES_MAX: u64 = 64 << 20;

/// Faults that are told in full.
const FAULTS_MAX: usize = 50;

/// What is wrong with a row: a code, what was got and what was wanted.
pub(super) type Fault = (&'static str, String);

/// A folder that is being read.
#[derive(Debug)]
pub(super) struct Reader<'f> {
    folder: &'f Path,
    sources: Vec<Source>,
    faults: Vec<Diagnostic>,
    more: u64,
}

impl<'f> Reader<'f> {
    /// A folder that exists.
    pub(super) fn open(folder: &'f Path) -> Result<Reader<'f>, Error> {
        let meta = fs::metadata(folder).map_err(|source| Error::open(folder, source))?;
        if !meta.is_dir() {
            return Err(Error::form(folder, None, "is a file, a folder of tables is wanted"));
        }
        Ok(Reader { folder, sources: Vec::new(), faults: Vec::new(), more: 0 })
    }

    /// Whether the file of a part was there.
    pub(super) fn has(&self, part: Part) -> bool {
        self.sources.iter().any(|source| source.part == part.name)
    }

    /// Notes a fault of a row.
    pub(super) fn tell(&mut self, part: Part, row: u64, (code, message): Fault) {
        let message = format!("{}: {message}", part.file);
        self.keep(Diagnostic::error(code, Place::Row(row), message));
    }

    /// Notes a fault of a file as a whole.
    fn tell_whole(&mut self, part: Part, code: &'static str, message: &str, help: Option<String>) {
        let fault = Diagnostic::error(code, Place::Whole, format!("{}: {message}", part.file));
        self.keep(match help {
            Some(help) => fault.help(help),
            None => fault,
        });
    }

    fn keep(&mut self, fault: Diagnostic) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(fault);
        } else {
            self.more += 1;
        }
    }

    /// Gives the wanted columns of each row of a part's file, if it is there.
    pub(super) fn table<const N: usize>(
        &mut self,
        part: Part,
        columns: [&str; N],
        mut each: impl FnMut(u64, [&str; N]) -> Result<(), Fault>,
    ) -> Result<(), Error> {
        let Some((path, mut input)) = self.input(part)? else { return Ok(()) };
        let text = (&mut input.text).take(TEXT_BYTES_MAX);
        let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text);
        let mut record = ByteRecord::new();
        let broken = |error: csv::Error| match error.into_kind() {
            csv::ErrorKind::Io(source) => Error::read(&path, source),
            kind => Error::form(&path, None, format!("not CSV: {kind:?}")),
        };
        reader.read_byte_record(&mut record).map_err(broken)?;
        let width = record.len();
        let places = self.places(part, &record, columns);
        let mut rows = 0;
        while places.is_some() && reader.read_byte_record(&mut record).map_err(broken)? {
            rows += 1;
            let cells = cells(&record, width, places.unwrap_or([0; N]));
            if let Err(fault) = cells.and_then(|cells| each(rows, cells)) {
                self.tell(part, rows, fault);
            }
        }
        let left = reader.into_inner().limit();
        if places.is_some() && rows == 0 {
            self.tell_whole(part, "D061", "got no rows behind the header, wanted some", None);
        }
        self.close(part, &path, input, rows, left)
    }

    /// Gives each line of a part's file, if it is there; empty lines and comments are left out.
    pub(super) fn list(
        &mut self,
        part: Part,
        mut each: impl FnMut(u64, &str) -> Result<(), Fault>,
    ) -> Result<(), Error> {
        let Some((path, mut input)) = self.input(part)? else { return Ok(()) };
        let mut text = BufReader::new((&mut input.text).take(TEXT_BYTES_MAX));
        let mut line = Vec::new();
        let (mut number, mut rows) = (0, 0);
        loop {
            line.clear();
            let got = text.read_until(b'\n', &mut line);
            if got.map_err(|source| Error::read(&path, source))? == 0 {
                break;
            }
            number += 1;
            let line = line.trim_ascii();
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            rows += 1;
            if let Err(fault) = utf8(line).and_then(|line| each(number, line)) {
                self.tell(part, number, fault);
            }
        }
        let left = text.into_inner().limit();
        if rows == 0 {
            self.tell_whole(part, "D061", "got no lines, wanted some", None);
        }
        self.close(part, &path, input, rows, left)
    }

    /// What was read, unless anything was broken or there was nothing to read.
    pub(super) fn finish(self) -> Result<Vec<Source>, Error> {
        if !self.faults.is_empty() {
            let (folder, diagnostics, more) = (self.folder.to_owned(), self.faults, self.more);
            return Err(Error::Reference { folder, diagnostics, more });
        }
        if self.sources.is_empty() {
            let files = PARTS.map(|part| part.file).join(", ");
            let message = format!("holds no reference table, wanted at least one of {files}");
            return Err(Error::form(self.folder, None, message));
        }
        Ok(self.sources)
    }

    /// Opens the file of a part; `None` when there is none.
    fn input(&self, part: Part) -> Result<Option<(PathBuf, Input)>, Error> {
        let path = self.folder.join(part.file);
        match files::open(&path, Hash::Wanted) {
            Ok(input) => Ok(Some((path, input))),
            Err(Error::Open { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Where the wanted columns stand; each that lacks is a fault.
    fn places<const N: usize>(
        &mut self,
        part: Part,
        header: &ByteRecord,
        columns: [&str; N],
    ) -> Option<[usize; N]> {
        let names: Vec<&str> =
            header.iter().map(|name| std::str::from_utf8(name).unwrap_or_default()).collect();
        let mut places = [0; N];
        let mut is_whole = true;
        for (place, column) in places.iter_mut().zip(columns) {
            if let Some(found) = names.iter().position(|name| *name == column) {
                *place = found;
                continue;
            }
            is_whole = false;
            let near = nearest(column, names.iter().copied());
            let help = near.map(|near| format!("is {near:?} that column?"));
            self.tell_whole(part, "D060", &format!("got no column {column:?}, wanted one"), help);
        }
        is_whole.then_some(places)
    }

    /// Notes a file that was read, with `left` bytes still allowed.
    fn close(
        &mut self,
        part: Part,
        path: &Path,
        input: Input,
        rows: u64,
        left: u64,
    ) -> Result<(), Error> {
        if left == 0 {
            let message =
                format!("holds {} MiB of text or more, wanted less", TEXT_BYTES_MAX >> 20);
            return Err(Error::form(path, None, message));
        }
        let hash = input.text.into_hash().map_err(|source| Error::read(path, source))?;
        let blake3 = hash.map(|hash| hash.to_hex().to_string()).unwrap_or_default();
        self.sources.push(Source { part: part.name, file: part.file, rows, blake3 });
        Ok(())
    }
}

/// The cells at these places of a row that has as many as its header.
fn cells<const N: usize>(
    record: &ByteRecord,
    width: usize,
    places: [usize; N],
) -> Result<[&str; N], Fault> {
    if record.len() != width {
        return Err(("D061", format!("got {} columns, wanted {width}", record.len())));
    }
    let mut cells = [""; N];
    for (cell, place) in cells.iter_mut().zip(places) {
        *cell = utf8(&record[place])?;
    }
    Ok(cells)
}

fn utf8(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes)
        .map_err(|_| ("D061", "got bytes that are not UTF-8, wanted text".to_owned()))
}
