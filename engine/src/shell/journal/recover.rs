//! From what is on the disk to a journal that can be written again.
//!
//! A torn write is replaced by zeros, so that nothing of it can ever be taken for a later frame.
//! The newest frames are written once more before they are flushed: after a flush that failed in
//! an earlier process, the kernel may hold them as clean pages that never reached the disk. Only
//! then is what was replayed called durable. Every step may be cut off by a crash; the next start
//! comes to the same history.

use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::frame::{self, HEADER_BYTES, Head, Kind, PAGE_BYTES, Place};
use super::queue::Queue;
use super::replay::{Last, Records, Tail};
use super::segment::{self, Disk, Named};
use super::writer::Writer;
use super::{Error, Journal, Options, Record, Summary};

/// A locked journal whose records are read before writing starts.
#[derive(Debug)]
pub struct Replay {
    records: Records,
    pub(super) disk: Disk,
    options: Options,
    lock: File,
}

impl Replay {
    pub(super) fn open(dir: &Path, options: Options) -> Result<Replay, Error> {
        options.check()?;
        let lock = segment::lock(dir)?;
        Ok(Replay { records: Records::new(dir), disk: Disk::new(dir), options, lock })
    }

    /// What has been read so far.
    pub fn summary(&self) -> Summary {
        self.records.summary()
    }

    /// Checks what the caller left unread, repairs the end and starts writing behind it.
    ///
    /// # Errors
    ///
    /// Corruption anywhere in the journal; any failed read, write or flush. Nothing is changed
    /// before the whole journal has been found sound.
    pub fn start(mut self) -> Result<Journal, Error> {
        let tail = self.records.finish()?;
        let recovered = self.records.summary();
        self.disk.remove_spare()?;
        let (segment, place) = if tail.place.segment == 0 {
            let place = Place { segment: 1, offset: PAGE_BYTES as u64 };
            (self.make_first()?, place)
        } else {
            self.repair(&tail)?
        };
        let queue = Arc::new(Queue::new(self.options, tail.head.sequence));
        let index = Arc::new(self.records.index);
        let dir = self.disk.dir.clone();
        let writer = Writer::new(
            Arc::clone(&queue),
            Arc::clone(&index),
            self.disk,
            self.options,
            (segment, place, tail.head),
        );
        Journal::start(writer, queue, index, recovered, (dir, self.lock))
    }

    fn make_first(&self) -> Result<Named, Error> {
        let bytes = self.options.segment_bytes;
        let spare = self.disk.prepare(bytes)?;
        self.disk.adopt(spare, 1, bytes, Head::START)
    }

    /// Makes the end of the history clean and durable; tells where writing goes on.
    fn repair(&self, tail: &Tail) -> Result<(Named, Place), Error> {
        let segment = self.disk.open(tail.place.segment)?;
        let mut place = tail.place;
        // Names first: an end must not reach the disk before the name of the segment behind it.
        self.disk.sync_dir()?;
        if let Some((torn, bytes)) = tail.torn {
            let file = self.disk.open(torn.segment)?;
            let zeros = vec![0; usize::try_from(bytes).expect("it was read into memory")];
            // The flush of what comes to stand here will cover them.
            self.disk.write(&file, &zeros, torn.offset)?;
        }
        match tail.last {
            Last::SegmentHeader(Place { segment: 0, .. }) => {}
            Last::SegmentHeader(end) => {
                let file = self.disk.open(end.segment)?;
                let mark = frame::mark(Kind::End, end, tail.head);
                self.disk.write(&file, &mark, end.offset)?;
                self.write_again(&file, end.offset..end.offset + HEADER_BYTES as u64)?;
                self.disk.sync(&file)?;
            }
            Last::Batch(batch) => {
                self.write_again(&segment, batch.offset..place.offset)?;
                self.disk.sync(&segment)?;
                self.seal(&segment, place, tail.head)?;
                place.offset += HEADER_BYTES as u64;
            }
            Last::Seal(seal) => self.seal(&segment, seal, tail.head)?,
        }
        Ok((segment, place))
    }

    fn seal(&self, segment: &Named, place: Place, head: Head) -> Result<(), Error> {
        self.disk.write(segment, &frame::mark(Kind::Seal, place, head), place.offset)?;
        self.disk.sync(segment)
    }

    /// Writes a frame once more, and the seal before it that was to be flushed with it.
    fn write_again(&self, file: &Named, frame: Range<u64>) -> Result<(), Error> {
        let start = frame.start - frame.start % PAGE_BYTES as u64;
        let length = usize::try_from(frame.end - start).expect("it was read into memory");
        let mut bytes = vec![0; length];
        file.read(&mut bytes, start)?;
        self.disk.write(file, &bytes, start)
    }
}

impl Iterator for Replay {
    type Item = Result<Record, Error>;

    fn next(&mut self) -> Option<Result<Record, Error>> {
        self.records.next()
    }
}
