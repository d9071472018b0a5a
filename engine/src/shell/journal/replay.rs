//! Reading a journal from its first record, and judging how it ends.
//!
//! [`Records`] checks everything it passes: segment headers, checksums, the hash chain, the
//! sequence, the zeros between and behind frames. Where the frames stop it decides between two
//! cases. Bytes that nothing vouches for are a torn write: no acknowledged record can be there.
//! If any intact frame further on says that a record at this place was durable, or a next segment
//! says that history went on, the place is corrupt and there is no history to give.
//!
//! It needs no lock and may read beside a running service: whatever vouches for a place was
//! written after the place, so before a place is called corrupt it is read once more.
//!
//! Memory: one segment at a time.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::frame::{self, HEADER_BYTES, Head, PAGE_BYTES, Place, Step};
use super::index::Index;
use super::segment;
use super::{Error, Record, Summary};

/// The records of a journal in order; ends after the first error, for good.
#[derive(Debug)]
pub struct Records {
    dir: PathBuf,
    /// The whole content of the segment being read.
    image: Vec<u8>,
    /// Where the next frame starts; segment 0 is before the first.
    place: Place,
    head: Head,
    /// What is left of the batch being read, in the image.
    batch: Range<usize>,
    /// Sequence of the record yielded last.
    sequence: u64,
    /// Bytes of the segments before this one.
    bytes_before: u64,
    last: Last,
    tail: Option<Tail>,
    is_broken: bool,
    pub(super) index: Index,
}

/// What stands before the place where the history ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Last {
    /// The header of the segment; the end of the one before it is, or belongs, at this place.
    SegmentHeader(Place),
    /// A batch that starts here.
    Batch(Place),
    /// A seal that starts here.
    Seal(Place),
}

/// How the history ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tail {
    /// Where the next frame belongs; segment 0 in an empty directory.
    pub(super) place: Place,
    pub(super) head: Head,
    pub(super) last: Last,
    /// A torn write: where it starts and how many bytes it takes.
    pub(super) torn: Option<(Place, u64)>,
}

const BEFORE_ALL: Place = Place { segment: 0, offset: 0 };

impl Records {
    /// Prepares to read the journal in `dir`; reads nothing yet.
    pub(super) fn new(dir: &Path) -> Records {
        Records {
            dir: dir.to_owned(),
            image: Vec::new(),
            place: BEFORE_ALL,
            head: Head::START,
            batch: 0..0,
            sequence: 0,
            bytes_before: 0,
            last: Last::SegmentHeader(BEFORE_ALL),
            tail: None,
            is_broken: false,
            index: Index::default(),
        }
    }

    /// Goes on behind the end: the iterator then gives what has been written since it ended.
    ///
    /// # Errors
    ///
    /// A failed read.
    pub fn resume(&mut self) -> Result<(), Error> {
        if self.tail.is_none() || self.is_broken {
            return Ok(());
        }
        if let Some(image) = segment::read(&self.dir, self.place.segment)? {
            self.image = image;
        }
        self.tail = None;
        Ok(())
    }

    /// What has been read so far; of the whole journal once the iterator has ended without error.
    pub fn summary(&self) -> Summary {
        Summary {
            records: self.sequence,
            segments: self.place.segment,
            bytes: self.bytes_before + self.image.len() as u64,
            torn_bytes: self.tail.and_then(|tail| tail.torn).map_or(0, |(_, bytes)| bytes),
            hash: self.head.chain,
        }
    }

    /// Checks all that has not been read yet and tells how the history ends.
    pub(super) fn finish(&mut self) -> Result<Tail, Error> {
        loop {
            if let Some(tail) = self.tail {
                self.sequence = self.head.sequence;
                return Ok(tail);
            }
            self.advance()?;
        }
    }

    /// Goes to the next batch, or sets the tail.
    fn advance(&mut self) -> Result<(), Error> {
        let first = self.try_advance();
        if !matches!(first, Err(Error::Corrupt { .. })) {
            return first;
        }
        let Some(image) = segment::read(&self.dir, self.place.segment)? else {
            return first;
        };
        self.image = image;
        self.try_advance()
    }

    fn try_advance(&mut self) -> Result<(), Error> {
        loop {
            if self.place.segment == 0 {
                if segment::list(&self.dir)?.is_empty() {
                    return self.end(None);
                }
                self.enter_next(BEFORE_ALL)?;
            }
            match frame::step(&self.image, self.place, self.head) {
                Step::Batch { payload, next, head } => {
                    self.index.note(self.head.sequence + 1, self.place);
                    self.last = Last::Batch(self.place);
                    self.batch = payload;
                    self.place.offset = next as u64;
                    self.head = head;
                    return Ok(());
                }
                Step::Seal => {
                    self.last = Last::Seal(self.place);
                    self.place.offset += HEADER_BYTES as u64;
                }
                Step::End => {
                    let end = self.place;
                    if self.used_from(end.offset + HEADER_BYTES as u64) != 0 {
                        return Err(self.corrupt("bytes behind the end of a segment"));
                    }
                    self.enter_next(end)?;
                }
                Step::Blank => return self.judge_end("no record"),
                Step::Invalid(what) => return self.judge_end(what),
            }
        }
    }

    /// Goes to the header of the next segment, which must be there.
    fn enter_next(&mut self, end: Place) -> Result<(), Error> {
        let number = self.place.segment + 1;
        let path = self.dir.join(segment::name(number));
        let Some(image) = segment::read(&self.dir, number)? else {
            return Err(Error::corrupt(&path, 0, "a segment is missing"));
        };
        segment::check_header(&path, &image, number, self.head)?;
        self.bytes_before += self.image.len() as u64;
        self.image = image;
        self.place = Place { segment: number, offset: PAGE_BYTES as u64 };
        self.last = Last::SegmentHeader(end);
        Ok(())
    }

    /// The frames stop here with `what`: either the history ends or the place is corrupt.
    fn judge_end(&mut self, what: &str) -> Result<(), Error> {
        let watermark = frame::newest_watermark(&self.image, self.place);
        if watermark.is_some_and(|durable| self.head.sequence < durable) {
            return Err(self.corrupt(&format!("{what}, where an acknowledged record belongs")));
        }
        let torn = match self.used_from(self.place.offset) {
            0 => None,
            bytes => Some((self.place, bytes)),
        };
        let newest = segment::list(&self.dir)?.last().copied();
        if newest.is_none_or(|newest| newest <= self.place.segment) {
            return self.end(torn);
        }
        // The next segment gets its name before this one gets its end, and stays blank until then.
        let next = segment::read(&self.dir, self.place.segment + 1)?;
        let is_blank = next.is_some_and(|next| next.get(PAGE_BYTES..).is_some_and(frame::is_blank));
        if !is_blank || newest != Some(self.place.segment + 1) {
            return Err(self.corrupt(&format!("{what}, and yet there are later segments")));
        }
        self.enter_next(self.place)?;
        self.end(torn)
    }

    fn end(&mut self, torn: Option<(Place, u64)>) -> Result<(), Error> {
        let Records { place, head, last, .. } = *self;
        self.tail = Some(Tail { place, head, last, torn });
        Ok(())
    }

    /// Bytes from `offset` to the last one that is not zero.
    fn used_from(&self, offset: u64) -> u64 {
        let offset = usize::try_from(offset).expect("an image fits in memory");
        self.image.get(offset..).map_or(0, frame::used_bytes) as u64
    }

    fn corrupt(&self, what: &str) -> Error {
        let path = self.dir.join(segment::name(self.place.segment));
        Error::corrupt(&path, self.place.offset, what)
    }
}

impl Iterator for Records {
    type Item = Result<Record, Error>;

    fn next(&mut self) -> Option<Result<Record, Error>> {
        while self.batch.is_empty() {
            if self.tail.is_some() || self.is_broken {
                return None;
            }
            if let Err(error) = self.advance() {
                self.is_broken = true;
                return Some(Err(error));
            }
        }
        let payload = &self.image[self.batch.clone()];
        let (kind, range) = frame::record(payload, 0).expect("a batch is checked as a whole");
        self.batch.start += range.end;
        self.sequence += 1;
        Some(Ok(Record { sequence: self.sequence, kind, payload: payload[range].to_vec() }))
    }
}
