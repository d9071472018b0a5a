//! What a sound journal does; `damage` holds what it does when disk, power or files fail.

mod damage;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;

use super::faults::{self, Chance, Files};
use super::frame::PAGE_BYTES;
use super::*;

const SMALL: Options = Options {
    segment_bytes: 4 * PAGE_BYTES as u64,
    batch_bytes_max: 6_000,
    batch_records_max: 4,
    queue_records_max: 64,
};

/// A directory of its own, gone after the test; in memory where the system has such a place.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Scratch {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let memory = Path::new("/dev/shm");
        let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let dir = base.join(format!("gyr-journal-{}-{count}", std::process::id()));
        // A killed run may have left a folder, and process ids come again.
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        Scratch(dir)
    }

    fn holding(files: &Files) -> Scratch {
        let scratch = Scratch::new();
        faults::store(&scratch.0, files);
        scratch
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The payload that every test gives the record of this sequence: 0 to 699 bytes of its own.
fn payload(sequence: u64) -> Vec<u8> {
    let mut chance = Chance(sequence);
    let length = chance.below(700);
    (0..length).map(|_| chance.next() as u8).collect()
}

fn start(dir: &Path, options: Options) -> Journal {
    Journal::open(dir, options).unwrap().start().unwrap()
}

/// Commits the next record and waits for it.
fn write(journal: &Journal) -> bool {
    let Some(slot) = journal.reserve() else {
        return false;
    };
    let sequence = slot.sequence();
    slot.commit(kind(sequence), payload(sequence)).wait()
}

fn kind(sequence: u64) -> u8 {
    1 + (sequence % 5) as u8
}

/// The number of records in a sound journal, each of which is as [`write`] wrote it.
fn count(records: impl Iterator<Item = Result<Record, Error>>) -> Result<u64, Error> {
    let mut count = 0;
    for record in records {
        let record = record?;
        count += 1;
        assert_eq!(record.sequence, count);
        assert_eq!((record.kind, &record.payload), (kind(count), &payload(count)));
    }
    Ok(count)
}

/// A closed journal of this many records, in batches of one.
fn closed(records: u64) -> Files {
    let scratch = Scratch::new();
    let journal = start(&scratch.0, SMALL);
    assert!((0..records).all(|_| write(&journal)));
    journal.close().unwrap();
    faults::load(&scratch.0)
}

#[test]
fn records_read_back_across_segments_and_starts() {
    let scratch = Scratch::new();
    for round in 0..4 {
        let mut replay = Journal::open(&scratch.0, SMALL).unwrap();
        assert_eq!(count(&mut replay).unwrap(), round * 25);
        let journal = replay.start().unwrap();
        assert_eq!((journal.durable(), journal.recovered().records), (round * 25, round * 25));
        for _ in 0..25 {
            assert!(write(&journal));
        }
        for sequence in 1..=journal.durable() {
            let record = journal.read(sequence).unwrap().unwrap();
            assert_eq!((record.sequence, record.payload), (sequence, payload(sequence)));
        }
        assert_eq!(journal.read(0).unwrap(), None);
        assert_eq!(journal.read(journal.durable() + 1).unwrap(), None);
        journal.close().unwrap();
    }
    let summary = verify(&scratch.0).unwrap();
    assert_eq!((summary.records, summary.torn_bytes), (100, 0));
    assert!(20 < summary.segments);
    assert_eq!(summary.bytes, summary.segments * SMALL.segment_bytes);
}

#[test]
fn the_hash_follows_the_records() {
    let hash = |files: &Files| verify(&Scratch::holding(files).0).unwrap().hash;
    assert_eq!(hash(&closed(9)), hash(&closed(9)));
    assert_ne!(hash(&closed(9)), hash(&closed(8)));
    assert_eq!(verify(&Scratch::new().0).unwrap().hash, [0; 32]);
}

#[test]
fn commits_in_any_order_are_written_in_the_order_of_reservation() {
    let scratch = Scratch::new();
    let journal = start(&scratch.0, SMALL);
    let mut slots: Vec<Slot> = (0..60).map(|_| journal.reserve().unwrap()).collect();
    let mut chance = Chance(7);
    let mut receipts = Vec::new();
    while !slots.is_empty() {
        let slot = slots.swap_remove(chance.below(slots.len() as u64) as usize);
        let sequence = slot.sequence();
        receipts.push(slot.commit(kind(sequence), payload(sequence)));
    }
    assert!(receipts.into_iter().all(Receipt::wait));
    assert_eq!(count(records(&scratch.0)).unwrap(), 60);
}

#[test]
fn a_record_waits_for_the_slots_before_it_and_a_dropped_slot_is_abandoned() {
    let scratch = Scratch::new();
    let journal = start(&scratch.0, SMALL);
    let [first, second, third] = [0; 3].map(|_| journal.reserve().unwrap());
    let mut third = Box::pin(third.commit(5, b"third".to_vec()).durable());
    assert!(first.commit(4, b"first".to_vec()).wait());
    let mut context = Context::from_waker(Waker::noop());
    assert_eq!(third.as_mut().poll(&mut context), Poll::Pending);
    assert_eq!(journal.durable(), 1);
    drop(second);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert!(runtime.block_on(third));
    assert_eq!(journal.durable(), 3);
    let kinds: Vec<u8> = records(&scratch.0).map(|record| record.unwrap().kind).collect();
    assert_eq!(kinds, [4, ABANDONED, 5]);
}

#[test]
fn a_caller_may_stop_waiting() {
    let scratch = Scratch::new();
    let journal = start(&scratch.0, SMALL);
    for sequence in 1..=40 {
        drop(journal.reserve().unwrap().commit(kind(sequence), payload(sequence)));
    }
    assert!(write(&journal));
    assert_eq!(journal.durable(), 41);
    assert_eq!(count(records(&scratch.0)).unwrap(), 41);
}

#[test]
fn a_record_larger_than_a_segment_makes_its_segment_larger() {
    let scratch = Scratch::new();
    let journal = start(&scratch.0, SMALL);
    let large = vec![3; 10 * PAGE_BYTES];
    assert!(write(&journal));
    for _ in 0..2 {
        assert!(journal.reserve().unwrap().commit(9, large.clone()).wait());
        assert!(journal.reserve().unwrap().commit(9, vec![4]).wait());
    }
    assert_eq!(journal.read(4).unwrap().unwrap().payload, large);
    journal.close().unwrap();
    let journal = start(&scratch.0, SMALL);
    assert_eq!(journal.recovered().records, 5);
    assert_eq!(journal.read(2).unwrap().unwrap().payload, large);
}

#[test]
fn a_look_up_finds_every_record_of_a_long_segment() {
    let scratch = Scratch::new();
    let options = Options { segment_bytes: 4 << 20, batch_records_max: 3, ..SMALL };
    let journal = start(&scratch.0, options);
    let mut receipts = Vec::new();
    while receipts.len() < 900 {
        let Some(slot) = journal.reserve() else {
            continue;
        };
        let sequence = slot.sequence();
        receipts.push(slot.commit(kind(sequence), payload(sequence)));
    }
    assert!(receipts.into_iter().all(Receipt::wait));
    let check = |journal: &Journal| {
        for sequence in (1..=900).rev() {
            let record = journal.read(sequence).unwrap().unwrap();
            assert_eq!((record.sequence, record.payload), (sequence, payload(sequence)));
        }
    };
    check(&journal);
    journal.close().unwrap();
    check(&start(&scratch.0, options));
}

#[test]
fn eight_threads_replay_in_the_order_of_reservation() {
    let scratch = Scratch::new();
    let options =
        Options { segment_bytes: 1 << 20, batch_records_max: 256, queue_records_max: 512, ..SMALL };
    let journal = start(&scratch.0, options);
    let fold: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for worker in 0..8_u64 {
            let (journal, fold) = (&journal, &fold);
            scope.spawn(move || {
                let mut last = None;
                for turn in 0..1_000_u64 {
                    let mut bytes = [worker.to_le_bytes(), turn.to_le_bytes()].concat();
                    bytes.extend(payload(worker * 1_000 + turn));
                    let slot = loop {
                        let mut fold = fold.lock().unwrap();
                        if let Some(slot) = journal.reserve() {
                            fold.push(bytes.clone());
                            assert_eq!(slot.sequence(), fold.len() as u64);
                            break slot;
                        }
                        drop(fold);
                        thread::yield_now();
                    };
                    let receipt = slot.commit(1, bytes);
                    if turn % 100 == 99 {
                        assert!(receipt.wait());
                    } else {
                        last = Some(receipt);
                    }
                }
                assert!(last.unwrap().wait());
            });
        }
    });
    journal.close().unwrap();
    let replayed: Vec<Vec<u8>> =
        records(&scratch.0).map(|record| record.unwrap().payload).collect();
    assert!(replayed == fold.into_inner().unwrap());
}

#[test]
fn a_journal_reads_whole_beside_its_writer() {
    let scratch = Scratch::new();
    let journal = start(&scratch.0, SMALL);
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let (journal, is_done) = (&journal, &is_done);
        scope.spawn(move || {
            assert!((0..600).all(|_| write(journal)));
            is_done.store(true, Ordering::Release);
        });
        let mut reads = 0;
        while !is_done.load(Ordering::Acquire) || reads < 3 {
            let durable = journal.durable();
            assert!(durable <= count(records(&scratch.0)).unwrap());
            assert!(durable <= verify(&scratch.0).unwrap().records);
            reads += 1;
        }
    });
    assert_eq!(verify(&scratch.0).unwrap().records, 600);
}

#[test]
fn a_reader_that_came_to_the_end_goes_on_with_what_was_written_since() {
    let scratch = Scratch::new();
    let journal = start(&scratch.0, SMALL);
    assert_eq!(journal.reserved(), 0);
    thread::scope(|scope| {
        let journal = &journal;
        scope.spawn(move || assert!((0..600).all(|_| write(journal))));
        let (mut records, mut ends) = (journal.records(), 0);
        let mut all = Vec::new();
        while all.len() < 600 {
            all.extend(records.by_ref());
            records.resume().unwrap();
            ends += 1;
        }
        assert_eq!(count(all.into_iter()).unwrap(), 600);
        println!("{ends} ends");
    });
    assert_eq!((journal.reserved(), journal.durable()), (600, 600));
    let open = journal.reserve().unwrap();
    assert_eq!((journal.reserved(), open.sequence()), (601, 601));
}

#[test]
fn a_journal_has_one_owner() {
    let scratch = Scratch::new();
    let replay = Journal::open(&scratch.0, SMALL).unwrap();
    assert!(matches!(Journal::open(&scratch.0, SMALL), Err(Error::Locked { .. })));
    let journal = replay.start().unwrap();
    let error = Journal::open(&scratch.0, SMALL).unwrap_err();
    assert!(error.to_string().contains(&*scratch.0.join("lock").to_string_lossy()), "{error}");
    drop(journal);
    start(&scratch.0, SMALL);
}

#[test]
fn limits_that_make_no_sense_are_refused() {
    let scratch = Scratch::new();
    for options in [
        Options { segment_bytes: 16_383, ..SMALL },
        Options { batch_records_max: 0, ..SMALL },
        Options { queue_records_max: 0, ..SMALL },
        Options { batch_bytes_max: u32::MAX, ..SMALL },
    ] {
        let refused = Journal::open(&scratch.0, options);
        assert!(matches!(refused, Err(Error::Options { .. })), "{options:?}");
    }
}
