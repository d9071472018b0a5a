//! How a batch of records lies in a segment.
//!
//! A frame is a 72-byte header and a payload, of one of three kinds. A *batch* carries records and
//! extends the hash chain. A *seal* repeats where the history stands; it is written after the
//! flush of a batch, so its presence proves that the batch had reached the disk. An *end* closes a
//! segment and proves that the next one exists. The history before a seal or an end fixes all its
//! bytes, so they are simply compared.
//!
//! A batch ends on a page boundary; a seal starts there and the next batch follows it in the same
//! page. So the pages of an acknowledged batch are never written again, and every frame starts at
//! a page boundary or one header behind it. The header checksum covers the frame's place too: a
//! frame found elsewhere is not a frame.
//!
//! Pure: bytes in, bytes out. Checking a batch costs one CRC-32 and one BLAKE3 pass over it.

use std::ops::Range;

/// The BLAKE3 value that binds a batch to everything before it; zeros before the first.
pub(super) type Chain = [u8; 32];

/// Batches end on multiples of this, which no common device's sector is larger than.
pub(super) const PAGE_BYTES: usize = 4096;

/// Length of a frame's header, which is the whole of a seal and of an end.
pub(super) const HEADER_BYTES: usize = 72;

/// Length of what stands before a record's payload: its kind and its length.
pub(super) const RECORD_HEADER_BYTES: usize = 5;

const MAGIC: u32 = u32::from_le_bytes(*b"GYRF");

/// The part of the header that the chain covers; the chain value itself follows it.
const CHAINED_BYTES: usize = 32;

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Records.
    Batch = 1,
    /// A mark that everything before it is durable.
    Seal = 2,
    /// The last frame of a finished segment.
    End = 3,
}

/// Where a frame starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Number of the segment; the first is 1.
    pub(super) segment: u64,
    /// Bytes from the start of its file.
    pub(super) offset: u64,
}

/// Where the history stands between two frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Sequence of the newest record; 0 before the first.
    pub(super) sequence: u64,
    /// Chain value of the newest batch.
    pub(super) chain: Chain,
}

/// The fixed part of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: Kind,
    pub(super) payload_bytes: u32,
    pub(super) count: u32,
    /// Sequence of the first record; of the next one to come in a seal or an end.
    pub(super) first_sequence: u64,
    /// Every record up to this sequence was durable when the frame was written.
    pub(super) durable: u64,
    pub(super) chain: Chain,
    pub(super) payload_crc: u32,
}

/// What stands at one place of a segment.
#[derive(Debug)]
pub(super) enum Step {
    /// A whole batch that continues the history.
    Batch {
        /// Where its records lie in the image.
        payload: Range<usize>,
        /// Where the next frame starts.
        next: usize,
        head: Head,
    },
    /// The expected seal; the next frame follows at once.
    Seal,
    /// The expected end of the segment.
    End,
    /// Zeros up to the end of the file: nothing was ever written here.
    Blank,
    /// Anything else, with what is wrong about it.
    Invalid(&'static str),
}

impl Head {
    /// Before the first record.
    pub(super) const START: Head = Head { sequence: 0, chain: [0; 32] };
}

impl Header {
    /// The header as it lies on disk.
    pub(super) fn encode(&self, place: Place) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[0..4].copy_from_slice(&MAGIC.to_le_bytes());
        bytes[4] = self.kind as u8;
        bytes[8..12].copy_from_slice(&self.payload_bytes.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.count.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.first_sequence.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.durable.to_le_bytes());
        bytes[32..64].copy_from_slice(&self.chain);
        bytes[64..68].copy_from_slice(&self.payload_crc.to_le_bytes());
        let crc = header_crc(&bytes, place);
        bytes[68..72].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// The header that starts `bytes`, if one written for this very place stands there unharmed.
    pub(super) fn decode(bytes: &[u8], place: Place) -> Option<Header> {
        let bytes = bytes.get(..HEADER_BYTES)?;
        if u32_at(bytes, 0) != MAGIC || u32_at(bytes, 68) != header_crc(bytes, place) {
            return None;
        }
        let kind = match bytes[4] {
            1 => Kind::Batch,
            2 => Kind::Seal,
            3 => Kind::End,
            _ => return None,
        };
        Some(Header {
            kind,
            payload_bytes: u32_at(bytes, 8),
            count: u32_at(bytes, 12),
            first_sequence: u64_at(bytes, 16),
            durable: u64_at(bytes, 24),
            chain: chain_at(bytes, 32),
            payload_crc: u32_at(bytes, 64),
        })
    }

    /// The place behind a batch with this header.
    pub(super) fn end_of_batch(&self, place: Place) -> Place {
        let end = place.offset + HEADER_BYTES as u64 + u64::from(self.payload_bytes);
        Place { offset: end.next_multiple_of(PAGE_BYTES as u64), ..place }
    }
}

/// Empties the buffer and leaves room for the header of a batch.
pub(super) fn start_batch(buffer: &mut Vec<u8>) {
    buffer.clear();
    buffer.resize(HEADER_BYTES, 0);
}

/// Appends one record to the batch in the buffer.
pub(super) fn push_record(buffer: &mut Vec<u8>, kind: u8, payload: &[u8]) {
    let bytes = u32::try_from(payload.len()).expect("the queue refuses payloads over its limit");
    buffer.push(kind);
    buffer.extend_from_slice(&bytes.to_le_bytes());
    buffer.extend_from_slice(payload);
}

/// Completes the batch in the buffer, padded to the page; tells where the history stands then.
pub(super) fn finish_batch(buffer: &mut Vec<u8>, count: u32, place: Place, head: Head) -> Head {
    let payload = &buffer[HEADER_BYTES..];
    let mut header = Header {
        kind: Kind::Batch,
        payload_bytes: u32::try_from(payload.len()).expect("a batch is far below 4 GiB"),
        count,
        first_sequence: head.sequence + 1,
        durable: head.sequence,
        chain: [0; 32],
        payload_crc: crc32fast::hash(payload),
    };
    header.chain = next_chain(&head.chain, &header.encode(place), payload);
    buffer[..HEADER_BYTES].copy_from_slice(&header.encode(place));
    let length = header.end_of_batch(place).offset - place.offset;
    buffer.resize(usize::try_from(length).expect("a batch fits in memory"), 0);
    Head { sequence: head.sequence + u64::from(count), chain: header.chain }
}

/// A seal or an end, which the history before it determines.
pub(super) fn mark(kind: Kind, place: Place, head: Head) -> [u8; HEADER_BYTES] {
    let header = Header {
        kind,
        payload_bytes: 0,
        count: 0,
        first_sequence: head.sequence + 1,
        durable: head.sequence,
        chain: head.chain,
        payload_crc: 0,
    };
    header.encode(place)
}

/// Reads what stands at `place` of the segment whose whole content is `image`.
pub(super) fn step(image: &[u8], place: Place, head: Head) -> Step {
    let at = usize::try_from(place.offset).expect("an image fits in memory");
    let rest = image.get(at..).unwrap_or_default();
    if rest.starts_with(&mark(Kind::Seal, place, head)) {
        return Step::Seal;
    }
    if rest.starts_with(&mark(Kind::End, place, head)) {
        return Step::End;
    }
    match Header::decode(rest, place) {
        Some(header) if header.kind == Kind::Batch => read_batch(rest, at, place, head, &header),
        Some(_) => Step::Invalid("a mark that does not fit the records before it"),
        None if is_blank(rest) => Step::Blank,
        None => Step::Invalid("no intact frame header"),
    }
}

/// The newest durable watermark in any intact frame header at or behind `place`.
///
/// This is what tells rot from a torn write: nothing is written behind a batch before that batch
/// is durable.
pub(super) fn newest_watermark(image: &[u8], place: Place) -> Option<u64> {
    let from = usize::try_from(place.offset).expect("an image fits in memory");
    (from / PAGE_BYTES * PAGE_BYTES..image.len())
        .step_by(PAGE_BYTES)
        .flat_map(|page| [page, page + HEADER_BYTES])
        .filter(|offset| from <= *offset)
        .filter_map(|offset| {
            let bytes = image.get(offset..)?;
            Header::decode(bytes, Place { offset: offset as u64, ..place })
        })
        .map(|header| header.durable)
        .max()
}

/// The record at `at` of a batch's payload: its kind and where its own payload lies.
pub(super) fn record(payload: &[u8], at: usize) -> Option<(u8, Range<usize>)> {
    let header = payload.get(at..)?.get(..RECORD_HEADER_BYTES)?;
    let start = at + RECORD_HEADER_BYTES;
    let end = start.checked_add(usize::try_from(u32_at(header, 1)).ok()?)?;
    (end <= payload.len()).then_some((header[0], start..end))
}

/// True when every byte is zero.
pub(super) fn is_blank(bytes: &[u8]) -> bool {
    used_bytes(bytes) == 0
}

/// Length of the slice without the zeros at its end.
pub(super) fn used_bytes(bytes: &[u8]) -> usize {
    // Whole pages are compared at the speed of memory, and most of a fresh segment is blank pages.
    let mut end = bytes.len();
    while PAGE_BYTES <= end && bytes[end - PAGE_BYTES..end] == [0; PAGE_BYTES] {
        end -= PAGE_BYTES;
    }
    bytes[..end].iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
}

/// Little-endian `u32` at an offset that the caller has checked.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("a slice of four bytes"))
}

/// Little-endian `u64` at an offset that the caller has checked.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("a slice of eight bytes"))
}

/// Chain value at an offset that the caller has checked.
pub(super) fn chain_at(bytes: &[u8], at: usize) -> Chain {
    bytes[at..at + 32].try_into().expect("a slice of 32 bytes")
}

fn read_batch(rest: &[u8], at: usize, place: Place, head: Head, header: &Header) -> Step {
    if header.first_sequence != head.sequence + 1 || header.durable != head.sequence {
        return Step::Invalid("a batch out of sequence");
    }
    let length = header.end_of_batch(place).offset - place.offset;
    let payload_end = HEADER_BYTES + header.payload_bytes as usize;
    let Some(frame) = usize::try_from(length).ok().and_then(|length| rest.get(..length)) else {
        return Step::Invalid("a batch that runs over the end of the file");
    };
    let payload = &frame[HEADER_BYTES..payload_end];
    if crc32fast::hash(payload) != header.payload_crc {
        return Step::Invalid("a batch whose payload does not match its checksum");
    }
    if next_chain(&head.chain, frame, payload) != header.chain {
        return Step::Invalid("a batch that does not continue the hash chain");
    }
    if !is_blank(&frame[payload_end..]) {
        return Step::Invalid("a batch with bytes in its padding");
    }
    if count_records(payload) != Some(header.count) {
        return Step::Invalid("a batch whose records do not match its count");
    }
    Step::Batch {
        payload: at + HEADER_BYTES..at + payload_end,
        next: at + frame.len(),
        head: Head { sequence: head.sequence + u64::from(header.count), chain: header.chain },
    }
}

fn count_records(payload: &[u8]) -> Option<u32> {
    let (mut at, mut count) = (0, 0);
    while at < payload.len() {
        at = record(payload, at)?.1.end;
        count += 1;
    }
    Some(count)
}

fn next_chain(previous: &Chain, header: &[u8], payload: &[u8]) -> Chain {
    let mut hasher = blake3::Hasher::new();
    hasher.update(previous).update(&header[..CHAINED_BYTES]).update(payload);
    hasher.finalize().into()
}

fn header_crc(bytes: &[u8], place: Place) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&place.segment.to_le_bytes());
    hasher.update(&place.offset.to_le_bytes());
    hasher.update(&bytes[..68]);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place = Place { segment: 3, offset: PAGE_BYTES as u64 };
    const HEAD: Head = Head { sequence: 40, chain: [7; 32] };

    /// A page of zeros and behind it a batch of two records.
    fn image() -> (Vec<u8>, Head) {
        let mut batch = Vec::new();
        start_batch(&mut batch);
        push_record(&mut batch, 9, b"first");
        push_record(&mut batch, 8, b"");
        let head = finish_batch(&mut batch, 2, PLACE, HEAD);
        (vec![0; PAGE_BYTES].into_iter().chain(batch).collect(), head)
    }

    #[test]
    fn a_batch_reads_back_and_ends_on_a_page() {
        let (image, expected) = image();
        let Step::Batch { payload, next, head } = step(&image, PLACE, HEAD) else {
            panic!("no batch");
        };
        assert_eq!((next, head), (2 * PAGE_BYTES, expected));
        assert_eq!(image.len(), 2 * PAGE_BYTES);
        let payload = &image[payload];
        let (kind, first) = record(payload, 0).unwrap();
        assert_eq!((kind, &payload[first.clone()]), (9, &b"first"[..]));
        let (kind, second) = record(payload, first.end).unwrap();
        assert_eq!((kind, second.len(), second.end), (8, 0, payload.len()));
        assert_eq!(record(payload, second.end), None);
    }

    #[test]
    fn a_batch_is_valid_in_one_place_and_behind_one_history_only() {
        let (image, _) = image();
        let elsewhere = Place { segment: 4, ..PLACE };
        let other_chain = Head { chain: [8; 32], ..HEAD };
        let other_sequence = Head { sequence: 41, ..HEAD };
        assert!(matches!(step(&image, elsewhere, HEAD), Step::Invalid(_)));
        assert!(matches!(step(&image, PLACE, other_chain), Step::Invalid(_)));
        assert!(matches!(step(&image, PLACE, other_sequence), Step::Invalid(_)));
    }

    #[test]
    fn a_mark_is_known_by_every_byte() {
        for (kind, expected) in [(Kind::Seal, "Seal"), (Kind::End, "End")] {
            let mut image = vec![0; 2 * PAGE_BYTES];
            image[PAGE_BYTES..PAGE_BYTES + HEADER_BYTES].copy_from_slice(&mark(kind, PLACE, HEAD));
            assert_eq!(format!("{:?}", step(&image, PLACE, HEAD)), expected);
            for byte in PAGE_BYTES..PAGE_BYTES + HEADER_BYTES {
                image[byte] ^= 0x10;
                assert!(matches!(step(&image, PLACE, HEAD), Step::Invalid(_)), "byte {byte}");
                image[byte] ^= 0x10;
            }
        }
    }

    #[test]
    fn used_bytes_stop_behind_the_last_byte_that_is_not_zero() {
        let mut bytes = vec![0; 3 * PAGE_BYTES + 5];
        assert_eq!(used_bytes(&bytes), 0);
        for at in [0, 1, PAGE_BYTES - 1, PAGE_BYTES, 3 * PAGE_BYTES + 4] {
            bytes[at] = 1;
            assert_eq!(used_bytes(&bytes), at + 1);
        }
    }

    #[test]
    fn the_newest_watermark_is_found_behind_rot() {
        let (mut image, head) = image();
        image.resize(4 * PAGE_BYTES, 0);
        let behind = Place { offset: 2 * PAGE_BYTES as u64, ..PLACE };
        assert_eq!(newest_watermark(&image, PLACE), Some(40));
        image[2 * PAGE_BYTES..2 * PAGE_BYTES + HEADER_BYTES].copy_from_slice(&mark(
            Kind::Seal,
            behind,
            head,
        ));
        image[PAGE_BYTES] ^= 1;
        assert_eq!(newest_watermark(&image, PLACE), Some(42));
        let after = Place { offset: behind.offset + 1, ..PLACE };
        assert_eq!(newest_watermark(&image, after), None);
    }
}
