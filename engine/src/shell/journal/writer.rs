//! The journal thread: group commit.
//!
//! It takes whatever has been committed, writes it as one batch, flushes once, writes the seal and
//! then releases the callers in order. While a flush runs the next batch collects, so no timer is
//! needed and the load sets the batch size. A seal costs no flush of its own: it rides on the next
//! batch's, or is flushed when nothing has come for a moment.
//!
//! Any failed operation ends the thread and the journal with it: nothing is retried on a file
//! whose flush has failed, and nobody is told "durable" by it.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::frame::{self, HEADER_BYTES, Head, Kind, PAGE_BYTES, Place};
use super::index::Index;
use super::queue::{Entry, Queue, Taken};
use super::segment::{Disk, Named};
use super::{Error, Options};

/// How long nothing must come before the newest seal is flushed for its own sake.
const SEAL_PATIENCE: Duration = Duration::from_millis(10);

/// The state of the thread; [`Writer::run`] is its body.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Arc<Queue>,
    index: Arc<Index>,
    disk: Arc<Disk>,
    options: Options,
    segment: Named,
    /// Where the next frame goes.
    place: Place,
    head: Head,
    is_seal_flushed: bool,
    /// The next segment, zero-filled by a thread of its own once this one is half full.
    spare: Option<JoinHandle<Result<Named, Error>>>,
    frame: Vec<u8>,
}

impl Writer {
    /// A writer that goes on in `segment` at the place behind `head`, all of it durable.
    pub(super) fn new(
        queue: Arc<Queue>,
        index: Arc<Index>,
        disk: Disk,
        options: Options,
        (segment, place, head): (Named, Place, Head),
    ) -> Writer {
        Writer {
            queue,
            index,
            disk: Arc::new(disk),
            options,
            segment,
            place,
            head,
            is_seal_flushed: true,
            spare: None,
            frame: Vec::new(),
        }
    }

    /// Serves the queue until it is closed or an operation fails.
    pub(super) fn run(mut self) {
        // The batch in hand outlives the failure, so that whoever is told "false" finds the reason.
        let mut batch = Vec::new();
        if let Err(error) = self.serve(&mut batch) {
            self.queue.fail(&error.to_string());
        }
    }

    fn serve(&mut self, batch: &mut Vec<Entry>) -> Result<(), Error> {
        loop {
            let patience = (!self.is_seal_flushed).then_some(SEAL_PATIENCE);
            match self.queue.take(batch, patience) {
                Taken::Batch => self.commit(batch)?,
                Taken::Idle => self.flush_seal()?,
                Taken::Closed => return self.flush_seal(),
            }
        }
    }

    /// Makes a batch durable and releases its callers.
    fn commit(&mut self, batch: &mut Vec<Entry>) -> Result<(), Error> {
        let first_sequence = self.head.sequence + 1;
        let place = self.append(batch)?;
        // The seal comes before the release: whoever is told "durable" has a mark that vouches.
        let sealed = self.seal();
        self.index.note(first_sequence, place);
        #[cfg(test)]
        self.disk.faults.note_durable(self.head.sequence);
        self.queue.set_durable(self.head.sequence);
        batch.drain(..).for_each(Entry::acknowledge);
        sealed?;
        self.prepare_spare();
        Ok(())
    }

    /// Writes and flushes a batch; tells where it starts.
    fn append(&mut self, batch: &[Entry]) -> Result<Place, Error> {
        frame::start_batch(&mut self.frame);
        for entry in batch {
            frame::push_record(&mut self.frame, entry.kind, &entry.payload);
        }
        // One page is kept for the seal and the end of the segment.
        let page = PAGE_BYTES as u64;
        let end = (self.place.offset + self.frame.len() as u64).next_multiple_of(page) + page;
        if self.options.segment_bytes < end && self.place.offset != page {
            self.roll()?;
        }
        let place = self.place;
        let count = u32::try_from(batch.len()).expect("a batch is bounded by a u32");
        let head = frame::finish_batch(&mut self.frame, count, place, self.head);
        self.disk.write(&self.segment, &self.frame, place.offset)?;
        self.disk.sync(&self.segment)?;
        self.head = head;
        self.place.offset += self.frame.len() as u64;
        Ok(place)
    }

    fn seal(&mut self) -> Result<(), Error> {
        let seal = frame::mark(Kind::Seal, self.place, self.head);
        self.disk.write(&self.segment, &seal, self.place.offset)?;
        self.place.offset += HEADER_BYTES as u64;
        self.is_seal_flushed = false;
        Ok(())
    }

    fn flush_seal(&mut self) -> Result<(), Error> {
        if !self.is_seal_flushed {
            self.disk.sync(&self.segment)?;
            self.is_seal_flushed = true;
        }
        Ok(())
    }

    /// Goes on in a new segment.
    ///
    /// The order is what recovery relies on: the next segment has its name before this one says
    /// that it has ended, and nothing is written to the next before that is on the disk.
    fn roll(&mut self) -> Result<(), Error> {
        let number = self.place.segment + 1;
        let bytes = self.options.segment_bytes;
        let prepared = self.spare.take().and_then(|spare| spare.join().ok()?.ok());
        let spare = match prepared {
            Some(spare) => spare,
            // It was not asked for yet, or the disk was full; this time the answer counts.
            None => self.disk.prepare(bytes)?,
        };
        let next = self.disk.adopt(spare, number, bytes, self.head)?;
        let end = frame::mark(Kind::End, self.place, self.head);
        self.disk.write(&self.segment, &end, self.place.offset)?;
        self.disk.sync(&self.segment)?;
        self.segment = next;
        self.place = Place { segment: number, offset: PAGE_BYTES as u64 };
        Ok(())
    }

    fn prepare_spare(&mut self) {
        if self.spare.is_some() || self.place.offset < self.options.segment_bytes / 2 {
            return;
        }
        let disk = Arc::clone(&self.disk);
        let bytes = self.options.segment_bytes;
        let thread = thread::Builder::new().name("journal-spare".to_owned());
        // Without a thread the spare is made when it is needed.
        self.spare = thread.spawn(move || disk.prepare(bytes)).ok();
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if thread::panicking() {
            // Nobody may wait for a journal that nobody writes.
            self.queue.fail("the journal thread has panicked");
        }
        if let Some(spare) = self.spare.take() {
            // The lock is given back after this thread, and the spare is then the next owner's.
            let _ = spare.join();
        }
    }
}
