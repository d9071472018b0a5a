//! Where to start looking for a record by its sequence.
//!
//! One entry stands for the first batch of each segment and for one batch in every 256 KiB after
//! it, so a terabyte of journal takes about 100 MB of index and a look-up passes 64 frame headers
//! at most. Entries are made by the start's replay and by the journal thread, for durable batches
//! only.

use std::path::Path;
use std::sync::{PoisonError, RwLock};

use super::frame::{self, HEADER_BYTES, Header, Kind, Place};
use super::segment::{self, Named};
use super::{Error, Record};

/// Distance between two entries in one segment.
const STRIDE_BYTES: u64 = 256 << 10;

/// The entries in the order of the journal.
#[derive(Debug, Default)]
pub(super) struct Index {
    entries: RwLock<Vec<Entry>>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    first_sequence: u64,
    place: Place,
}

impl Index {
    /// Notes a batch, if it is far enough from the one noted before.
    pub(super) fn note(&self, first_sequence: u64, place: Place) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        let is_near = entries.last().is_some_and(|last| {
            last.place.segment == place.segment && place.offset < last.place.offset + STRIDE_BYTES
        });
        if !is_near {
            entries.push(Entry { first_sequence, place });
        }
    }

    /// Reads a record that is durable.
    pub(super) fn read(&self, dir: &Path, sequence: u64) -> Result<Option<Record>, Error> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let after = entries.partition_point(|entry| entry.first_sequence <= sequence);
        let entry = after.checked_sub(1).map(|before| entries[before]);
        drop(entries);
        let Some(Entry { mut place, .. }) = entry else {
            return Ok(None);
        };
        let file = Named::open(dir.join(segment::name(place.segment)))?;
        loop {
            let mut bytes = [0; HEADER_BYTES];
            file.read(&mut bytes, place.offset)?;
            match Header::decode(&bytes, place) {
                Some(header) if header.kind == Kind::Seal => place.offset += HEADER_BYTES as u64,
                Some(header) if header.kind == Kind::Batch => {
                    let index = sequence.checked_sub(header.first_sequence);
                    match index {
                        Some(index) if index < u64::from(header.count) => {
                            return read_record(&file, place, &header, index).map(Some);
                        }
                        _ => place = header.end_of_batch(place),
                    }
                }
                _ => {
                    let what = "no intact frame header on the way to a durable record";
                    return Err(Error::corrupt(&file.path, place.offset, what));
                }
            }
        }
    }
}

/// Reads the record that has `index` others before it in its batch.
fn read_record(file: &Named, place: Place, header: &Header, index: u64) -> Result<Record, Error> {
    let mut payload = vec![0; header.payload_bytes as usize];
    file.read(&mut payload, place.offset + HEADER_BYTES as u64)?;
    let corrupt = |what| Error::corrupt(&file.path, place.offset, what);
    if crc32fast::hash(&payload) != header.payload_crc {
        return Err(corrupt("a batch whose payload does not match its checksum"));
    }
    let mut at = 0;
    for _ in 0..index {
        let (_, range) = frame::record(&payload, at).ok_or_else(|| corrupt("a cut record"))?;
        at = range.end;
    }
    let (kind, range) = frame::record(&payload, at).ok_or_else(|| corrupt("a cut record"))?;
    Ok(Record { sequence: header.first_sequence + index, kind, payload: payload[range].to_vec() })
}
