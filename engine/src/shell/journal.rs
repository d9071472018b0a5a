//! The journal: one ordered, hash-chained log of everything that was accepted and decided.
//!
//! A caller reserves a [`Slot`], which fixes the record's place in the order, and commits the
//! record when it is ready; the [`Receipt`] says when it is on the disk. Window state, lists,
//! policies and idempotency are folds over these records: [`Journal::open`] gives all of them in
//! order before it starts to write, and [`records`] reads them beside a running service.
//!
//! [`Journal`] says what it promises. Hidden below: `queue` (order, back-pressure, receipts),
//! `writer` (group commit), `frame` and `segment` (the bytes), `replay` and `recover` (the start).
//!
//! Cost: one write and one flush a batch, one small write for its seal; a batch takes whole pages
//! of 4 KiB. A start reads everything, one segment in memory at a time.

mod frame;
mod index;
mod queue;
mod recover;
mod replay;
mod segment;
mod writer;

#[cfg(test)]
mod faults;
#[cfg(test)]
mod tests;

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

pub use queue::{Receipt, Slot};
pub use recover::Replay;
pub use replay::Records;

use frame::PAGE_BYTES;
use index::Index;
use queue::Queue;
use writer::Writer;

/// The kind of the empty record that stands for a slot which was dropped without a commit.
pub const ABANDONED: u8 = 0;

/// The longest payload of one record, in bytes.
pub const RECORD_BYTES_MAX: usize = 64 << 20;

/// The limits of a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Length of a segment file, made in advance; at least 16 KiB. A larger batch makes its
    /// segment larger.
    pub segment_bytes: u64,
    /// Bytes of records in one batch; a single larger record makes a batch of its own.
    pub batch_bytes_max: u32,
    /// Records in one batch.
    pub batch_records_max: u32,
    /// Reserved and committed records that wait for the journal thread.
    pub queue_records_max: u32,
}

/// One record of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its place in the order; the first record has 1 and none is left out.
    pub sequence: u64,
    /// What the payload is, in the caller's own numbering, or [`ABANDONED`].
    pub kind: u8,
    /// The record as it was committed.
    pub payload: Vec<u8>,
}

/// What was found in a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Records, abandoned ones included; also the sequence of the newest.
    pub records: u64,
    /// Segment files.
    pub segments: u64,
    /// Length of all segment files together, their unused ends included.
    pub bytes: u64,
    /// Bytes of an unfinished write at the end, which the next start cuts off.
    pub torn_bytes: u64,
    /// Hash chain value over everything up to the newest record.
    pub hash: [u8; 32],
}

/// Whether the journal takes records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It does.
    Running,
    /// A disk operation has failed; only a new start can write again.
    Failed {
        /// The operation, the path and the error of the operating system.
        reason: Arc<str>,
    },
}

/// Why a journal could not be opened, read or written.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused an operation.
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The operation, as a verb.
        doing: &'static str,
        /// The refusal.
        source: io::Error,
    },
    /// Another process, or another part of this one, has the journal open.
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// The files are not what was written, at or below what was acknowledged.
    Corrupt {
        /// The segment.
        path: PathBuf,
        /// Where it starts to be wrong, in bytes from the start of the file.
        offset: u64,
        /// What is wrong.
        what: String,
    },
    /// A segment was written by a program with another format.
    Version {
        /// The segment.
        path: PathBuf,
        /// Its format version.
        version: u32,
    },
    /// A limit makes no sense.
    Options {
        /// Which one, and what it must be.
        what: &'static str,
    },
    /// The journal had failed before it was closed.
    Failed {
        /// As in [`State::Failed`].
        reason: Arc<str>,
    },
}

/// A journal that takes records; dropping it is closing it.
///
/// Its promises hold for kills and power cuts at any moment, on a device that keeps what it has
/// flushed and writes a sector whole or not at all:
///
/// 1. The order on the disk is the order of reservation, and when a record is durable so is every
///    record before it.
/// 2. A receipt says true only after a flush that covers the record has succeeded. Every later
///    start reads such a record back, or refuses.
/// 3. A start cuts off only what no receipt can have covered, and says how many bytes. Anything
///    else that is not exactly as written is [`Error::Corrupt`].
/// 4. After a failed write or flush nothing is accepted, acknowledged or retried.
///
/// What tells a torn write from a changed byte is a seal behind each batch, written before its
/// receipts are answered and flushed with the next batch, or after 10 ms without one. So a change
/// in an acknowledged record is always found, with one exception: it is in the very last batch and
/// a power cut came before the seal was flushed.
///
/// The hash chain has no key. Whoever can rewrite every file can compute it anew, and can cut off
/// the newest records; a [`Summary::hash`] kept elsewhere shows both.
#[derive(Debug)]
pub struct Journal {
    queue: Arc<Queue>,
    index: Arc<Index>,
    dir: PathBuf,
    recovered: Summary,
    thread: Option<JoinHandle<()>>,
    /// Given back last, after the thread has ended.
    _lock: File,
}

/// Reads the records of a journal from the first on, checking all of it.
///
/// The journal may be in use: what was durable at the call is there, newer records may be.
///
/// # Errors
///
/// The iterator gives one error, of reading or of corruption, and then ends.
pub fn records(dir: &Path) -> Records {
    Records::new(dir)
}

/// Checks a whole journal without changing it; it may be in use.
///
/// # Errors
///
/// The first corruption with its path and offset, or a failed read.
pub fn verify(dir: &Path) -> Result<Summary, Error> {
    let mut records = Records::new(dir);
    records.finish()?;
    Ok(records.summary())
}

impl Journal {
    /// Locks the journal in `dir`, made if it is not there, and prepares to replay it.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`] when it is open elsewhere, [`Error::Options`], or a failed operation.
    pub fn open(dir: &Path, options: Options) -> Result<Replay, Error> {
        Replay::open(dir, options)
    }

    fn start(
        writer: Writer,
        queue: Arc<Queue>,
        index: Arc<Index>,
        recovered: Summary,
        (dir, lock): (PathBuf, File),
    ) -> Result<Journal, Error> {
        let thread = thread::Builder::new().name("journal".to_owned()).spawn(move || writer.run());
        let thread = thread.map_err(|source| Error::io(&dir, "start the thread of", source))?;
        Ok(Journal { queue, index, dir, recovered, thread: Some(thread), _lock: lock })
    }

    /// Takes the next place in the order, or none when the queue is full or the journal failed.
    ///
    /// Neither waits nor allocates, so it may be called under the lock that orders the events.
    pub fn reserve(&self) -> Option<Slot> {
        self.queue.reserve()
    }

    /// Sequence of the newest place that was taken, 0 before the first.
    pub fn reserved(&self) -> u64 {
        self.queue.reserved()
    }

    /// Reads the records from the first on, beside the writing; see [`records`].
    pub fn records(&self) -> Records {
        records(&self.dir)
    }

    /// Sequence of the newest durable record; every record up to it is durable too.
    pub fn durable(&self) -> u64 {
        self.queue.durable()
    }

    /// Whether records are taken.
    pub fn state(&self) -> State {
        self.queue.state()
    }

    /// What was found, and cut off, when this journal was opened.
    pub fn recovered(&self) -> Summary {
        self.recovered
    }

    /// Reads one record back; `None` when there is no durable record of this sequence.
    ///
    /// # Errors
    ///
    /// A failed read, or [`Error::Corrupt`] when the checksum of its batch does not match.
    pub fn read(&self, sequence: u64) -> Result<Option<Record>, Error> {
        if self.durable() < sequence {
            return Ok(None);
        }
        self.index.read(&self.dir, sequence)
    }

    /// Writes and flushes what has been committed, abandons open slots and gives the lock back.
    ///
    /// # Errors
    ///
    /// [`Error::Failed`] when the journal had failed, or fails now.
    pub fn close(mut self) -> Result<(), Error> {
        match self.join() {
            State::Running => Ok(()),
            State::Failed { reason } => Err(Error::Failed { reason }),
        }
    }

    fn join(&mut self) -> State {
        self.queue.close();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been noted as a failure by the writer's own drop.
            let _ = thread.join();
        }
        self.queue.state()
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.join();
    }
}

impl Options {
    fn check(&self) -> Result<(), Error> {
        let wrong = |what| Err(Error::Options { what });
        if self.segment_bytes < 4 * PAGE_BYTES as u64 {
            return wrong("segment_bytes must be at least 16384");
        }
        if self.batch_records_max == 0 || self.queue_records_max == 0 {
            return wrong("batch_records_max and queue_records_max must be at least 1");
        }
        if (1 << 30) < self.batch_bytes_max {
            return wrong("batch_bytes_max must be at most 1 GiB");
        }
        Ok(())
    }
}

impl Error {
    fn io(path: &Path, doing: &'static str, source: io::Error) -> Error {
        Error::Io { path: path.to_owned(), doing, source }
    }

    fn corrupt(path: &Path, offset: u64, what: &str) -> Error {
        Error::Corrupt { path: path.to_owned(), offset, what: what.to_owned() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Io { path, doing, source } => {
                write!(f, "cannot {doing} {}: {source}", path.display())
            }
            Error::Locked { path } => {
                write!(f, "the journal is open elsewhere: {} is locked", path.display())
            }
            Error::Corrupt { path, offset, what } => {
                write!(f, "the journal is corrupt: {} at byte {offset}: {what}", path.display())
            }
            Error::Version { path, version } => {
                write!(f, "{} has format version {version}, unknown here", path.display())
            }
            Error::Options { what } => write!(f, "journal: {what}"),
            Error::Failed { reason } => write!(f, "the journal has failed: {reason}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Io { source, .. } => Some(source),
            Error::Locked { .. }
            | Error::Corrupt { .. }
            | Error::Version { .. }
            | Error::Options { .. }
            | Error::Failed { .. } => None,
        }
    }
}
