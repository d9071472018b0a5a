//! Files on both sides: inputs that are opened by what they hold, and outputs that appear whole.
//!
//! An input is plain or gzip by its first bytes, whatever it is called; `-` is standard input. What
//! is read is counted in bytes of the file, so that progress is right for compressed files too, and
//! can be hashed on the way. An output is written under a hidden temporary name beside its final
//! one and renamed when it is complete, so that no half file is ever found under the name that was
//! asked for; a dropped output takes its temporary file with it.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

use crate::error::Error;

/// The bytes of a file as they lie on disk, counted and hashed.
#[derive(Debug)]
pub(crate) struct Raw {
    // The bytes that were read to tell the content come again first.
    head: Cursor<Vec<u8>>,
    rest: Source,
    hasher: Option<blake3::Hasher>,
    count: Arc<AtomicU64>,
}

#[derive(Debug)]
enum Source {
    File(File),
    Stdin(io::Stdin),
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Source::File(file) => file.read(buffer),
            Source::Stdin(stdin) => stdin.read(buffer),
        }
    }
}

impl Read for Raw {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = match self.head.read(buffer)? {
            0 => self.rest.read(buffer)?,
            got => got,
        };
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&buffer[..got]);
        }
        self.count.fetch_add(got as u64, Ordering::Relaxed);
        Ok(got)
    }
}

/// Whether an input is hashed while it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    /// Its BLAKE3 is wanted at the end.
    Wanted,
    /// It is not.
    Unwanted,
}

/// What the first bytes of a file say it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// Text, or anything else that is read as it lies.
    Plain,
    /// A gzip stream, or several behind each other.
    Gzip,
    /// An Apache Parquet file.
    Parquet,
}

/// An opened input: its text, its size, and how much of the file has been read.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) text: Text,
    pub(crate) content: Content,
    /// Bytes of the file; `None` for standard input.
    pub(crate) size: Option<u64>,
    /// Bytes of the file read so far.
    pub(crate) count: Arc<AtomicU64>,
}

/// The decoded bytes of an input.
#[derive(Debug)]
pub(crate) enum Text {
    Plain(Box<BufReader<Raw>>),
    Gzip(Box<MultiGzDecoder<BufReader<Raw>>>),
}

impl Read for Text {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Text::Plain(raw) => raw.read(buffer),
            Text::Gzip(decoder) => decoder.read(buffer),
        }
    }
}

impl Text {
    /// Reads what is left of the file and gives the BLAKE3 of all of it, if it was wanted.
    pub(crate) fn into_hash(self) -> io::Result<Option<blake3::Hash>> {
        let mut raw = match self {
            Text::Plain(raw) => *raw,
            Text::Gzip(decoder) => decoder.into_inner(),
        };
        io::copy(&mut raw, &mut io::sink())?;
        Ok(raw.into_inner().hasher.map(|hasher| hasher.finalize()))
    }
}

/// Bytes read from an input at once.
const READ_BYTES: usize = 128 * 1024;

/// Opens a file, or standard input for `-`, and looks at what it holds.
pub(crate) fn open(path: &Path, hash: Hash) -> Result<Input, Error> {
    let (mut rest, size) = if path == Path::new("-") {
        (Source::Stdin(io::stdin()), None)
    } else {
        let file = File::open(path).map_err(|source| Error::open(path, source))?;
        let meta = file.metadata().map_err(|source| Error::open(path, source))?;
        if meta.is_dir() {
            return Err(Error::form(path, None, "is a folder, a file is wanted"));
        }
        (Source::File(file), Some(meta.len()))
    };
    let mut head = Vec::with_capacity(4);
    rest.by_ref().take(4).read_to_end(&mut head).map_err(|source| Error::read(path, source))?;
    let content = match head.as_slice() {
        [0x1f, 0x8b, ..] => Content::Gzip,
        b"PAR1" => Content::Parquet,
        _ => Content::Plain,
    };
    let count = Arc::new(AtomicU64::new(0));
    let hasher = (hash == Hash::Wanted).then(blake3::Hasher::new);
    let raw = Raw { head: Cursor::new(head), rest, hasher, count: Arc::clone(&count) };
    let raw = BufReader::with_capacity(READ_BYTES, raw);
    let text = match content {
        Content::Gzip => Text::Gzip(Box::new(MultiGzDecoder::new(raw))),
        Content::Plain | Content::Parquet => Text::Plain(Box::new(raw)),
    };
    Ok(Input { text, content, size, count })
}

/// An output file that gets its name when it is complete.
#[derive(Debug)]
pub(crate) struct Output {
    file: BufWriter<File>,
    temporary: Temporary,
    path: PathBuf,
}

/// A file that is removed when it is dropped, unless it was renamed before.
#[derive(Debug)]
pub(crate) struct Temporary {
    path: PathBuf,
}

impl Temporary {
    /// Where it lies.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // It may be gone already because it was renamed; nothing else can be done here.
        let _ = fs::remove_file(&self.path);
    }
}

/// The hidden name beside `path` under which it is written.
fn temporary_name(path: &Path) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    path.with_file_name(format!(".{name}.partial"))
}

impl Output {
    /// Starts the file; `path` itself is not touched before [`finish`](Output::finish).
    pub(crate) fn create(path: &Path) -> Result<Output, Error> {
        let temporary = temporary_name(path);
        let file = File::create(&temporary).map_err(|source| Error::write(path, source))?;
        Ok(Output {
            file: BufWriter::with_capacity(1 << 18, file),
            temporary: Temporary { path: temporary },
            path: path.to_owned(),
        })
    }

    /// Another handle on the file, for a writer that wants to own one and flushes by itself.
    #[cfg(feature = "offline")]
    pub(crate) fn file(&self) -> io::Result<File> {
        self.file.get_ref().try_clone()
    }

    /// Flushes everything to the disk. What fails on a full disk fails here at the latest.
    pub(crate) fn complete(self) -> Result<Complete, Error> {
        let Output { file, temporary, path } = self;
        let sync = |file: File| file.sync_all();
        match file.into_inner().map_err(io::IntoInnerError::into_error).and_then(sync) {
            Ok(()) => Ok(Complete { temporary, path }),
            Err(source) => Err(Error::write(&path, source)),
        }
    }

    /// Completes the file and gives it its name.
    pub(crate) fn finish(self) -> Result<(), Error> {
        self.complete()?.publish()
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A written file that waits for its name, so that several can get theirs together.
#[derive(Debug)]
pub(crate) struct Complete {
    temporary: Temporary,
    path: PathBuf,
}

impl Complete {
    /// The same file, to get another name; it must be in the same file system.
    pub(crate) fn renamed(self, path: &Path) -> Complete {
        Complete { path: path.to_owned(), ..self }
    }

    /// The file without a claim to a name.
    pub(crate) fn into_temporary(self) -> Temporary {
        self.temporary
    }

    /// Gives the file its name, over an older file of that name.
    pub(crate) fn publish(self) -> Result<(), Error> {
        fs::rename(&self.temporary.path, &self.path)
            .map_err(|source| Error::write(&self.path, source))
    }
}

/// A form in which a world of events can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// One event on each line, as JSON: `.ndjson`.
    Ndjson,
    /// A column for each field, with the cargo feature `offline`: `.parquet`.
    Parquet,
}

/// An output whose bytes are counted and hashed on their way.
#[derive(Debug)]
pub(crate) struct Hashed {
    output: Output,
    path: PathBuf,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl Hashed {
    pub(crate) fn create(path: &Path) -> Result<Hashed, Error> {
        let output = Output::create(path)?;
        Ok(Hashed { output, path: path.to_owned(), hasher: blake3::Hasher::new(), bytes: 0 })
    }

    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.write_all(bytes).map_err(|source| Error::write(&self.path, source))
    }

    /// The number of bytes, their BLAKE3, and the file that waits for its name.
    pub(crate) fn complete(self) -> Result<(u64, blake3::Hash, Complete), Error> {
        Ok((self.bytes, self.hasher.finalize(), self.output.complete()?))
    }
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.output.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

/// Where rows go: a file that appears whole, compressed or not, or standard output.
#[derive(Debug)]
pub(crate) enum Sink {
    Plain(Output),
    Gzip(Box<GzEncoder<Output>>),
    Stdout(BufWriter<io::Stdout>),
}

impl Sink {
    /// Starts an output; `.gz` names are compressed, `-` is standard output.
    pub(crate) fn create(path: &Path) -> Result<Sink, Error> {
        if path == Path::new("-") {
            return Ok(Sink::Stdout(BufWriter::new(io::stdout())));
        }
        let output = Output::create(path)?;
        if path.extension().is_some_and(|extension| extension == "gz") {
            let level = flate2::Compression::fast();
            return Ok(Sink::Gzip(Box::new(GzEncoder::new(output, level))));
        }
        Ok(Sink::Plain(output))
    }

    /// Writes what is left and gives the file its name.
    pub(crate) fn finish(self, path: &Path) -> Result<(), Error> {
        match self {
            Sink::Plain(output) => output.finish(),
            Sink::Gzip(encoder) => {
                encoder.finish().map_err(|source| Error::write(path, source))?.finish()
            }
            Sink::Stdout(mut stdout) => stdout.flush().map_err(|source| Error::write(path, source)),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Sink::Plain(output) => output.write(bytes),
            Sink::Gzip(encoder) => encoder.write(bytes),
            Sink::Stdout(stdout) => stdout.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Sink::Plain(output) => output.flush(),
            Sink::Gzip(encoder) => encoder.flush(),
            Sink::Stdout(stdout) => stdout.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Folder;

    #[test]
    fn a_file_is_known_by_its_content_and_not_by_its_name() {
        let folder = Folder::new("content");
        let path = folder.path("odd.txt");
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(b"one,two\n").unwrap();
        fs::write(&path, encoder.finish().unwrap()).unwrap();
        let mut input = open(&path, Hash::Wanted).unwrap();
        let mut text = String::new();
        input.text.read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), input.content), ("one,two\n", Content::Gzip));
        let hash = input.text.into_hash().unwrap();
        assert_eq!(hash, Some(blake3::hash(&fs::read(&path).unwrap())));
        assert_eq!(input.size, Some(input.count.load(Ordering::Relaxed)));
    }

    #[test]
    fn an_output_has_no_name_before_it_is_complete() {
        let folder = Folder::new("output");
        let path = folder.path("out.txt");
        let mut output = Output::create(&path).unwrap();
        output.write_all(b"half").unwrap();
        assert!(!path.exists());
        drop(output);
        assert_eq!(folder.names(), Vec::<String>::new());
        let mut output = Output::create(&path).unwrap();
        output.write_all(b"whole").unwrap();
        output.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(folder.names(), ["out.txt"]);
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = open(Path::new("/nowhere/at.csv"), Hash::Unwanted).unwrap_err();
        assert!(error.to_string().starts_with("cannot open /nowhere/at.csv: "), "{error}");
    }

    #[test]
    fn a_full_disk_is_told_with_the_path() {
        if !Path::new("/dev/full").exists() {
            return;
        }
        let full = File::options().write(true).open("/dev/full").unwrap();
        let source = (&full).write_all(b"x").unwrap_err();
        let error = Error::write(Path::new("/data/events.ndjson"), source).to_string();
        assert!(error.contains("/data/events.ndjson") && error.contains("free some space"));
    }
}
