use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;

use super::faults::{self, Chance, Faults, Files, Op, Plan};
use super::frame::{HEADER_BYTES, PAGE_BYTES};
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

fn newest_segment(files: &Files) -> String {
    files.keys().rfind(|name| name.ends_with(".journal")).unwrap().clone()
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

/// A write that reached the disk up to some byte leaves the zeros of the spare behind that byte.
#[test]
fn a_write_torn_at_any_byte_loses_nothing_before_it() {
    let whole = closed(4);
    let name = newest_segment(&whole);
    let scratch = Scratch::holding(&whole);
    let start_of_last = {
        let mut last = 0;
        for offset in (PAGE_BYTES..whole[&name].len()).step_by(PAGE_BYTES) {
            if !frame::is_blank(&whole[&name][offset + HEADER_BYTES..offset + PAGE_BYTES]) {
                last = offset;
            }
        }
        last + if last == PAGE_BYTES { 0 } else { HEADER_BYTES }
    };
    let used = frame::used_bytes(&whole[&name]);
    for cut in start_of_last..=used {
        let mut files = whole.clone();
        files.get_mut(&name).unwrap()[cut..].fill(0);
        fs::write(scratch.0.join(&name), &files[&name]).unwrap();
        let mut replay = Journal::open(&scratch.0, SMALL).unwrap();
        let found = count(&mut replay).unwrap();
        assert!((3..=4).contains(&found), "cut at {cut}: {found} records");
        let is_whole = used - HEADER_BYTES <= cut;
        assert!(found == 4 || !is_whole, "cut at {cut}");
        // Each start writes its repair, so a sample will do.
        if cut % 16 == 0 {
            let journal = replay.start().unwrap();
            assert_eq!(journal.durable(), found);
            assert!(write(&journal));
            journal.close().unwrap();
            assert_eq!(count(records(&scratch.0)).unwrap(), found + 1, "cut at {cut}");
            faults::store(&scratch.0, &files);
        }
    }
}

#[test]
fn a_shortened_file_is_never_taken_for_a_torn_write() {
    let whole = closed(9);
    for (name, bytes) in whole.iter().filter(|(name, _)| name.ends_with(".journal")) {
        let scratch = Scratch::holding(&whole);
        for length in (0..bytes.len()).step_by(97) {
            fs::write(scratch.0.join(name), &bytes[..length]).unwrap();
            let error = verify(&scratch.0).unwrap_err();
            assert!(matches!(error, Error::Corrupt { .. }), "{name} cut to {length}: {error}");
        }
    }
}

/// Flips each byte of a journal that was killed right after its newest record was acknowledged.
#[test]
fn a_changed_byte_is_found_wherever_it_may_cost_an_acknowledged_record() {
    const RECORDS: u64 = 7;
    let scratch = Scratch::new();
    let journal = start(&scratch.0, SMALL);
    assert!((0..RECORDS).all(|_| write(&journal)));
    let killed = faults::load(&scratch.0);
    drop(journal);
    let newest = newest_segment(&killed);
    let seal = frame::used_bytes(&killed[&newest]) - HEADER_BYTES;
    assert!(3 <= killed.len());
    let scratch = Scratch::holding(&killed);
    for (name, bytes) in killed.iter().filter(|(name, _)| name.ends_with(".journal")) {
        let mut bytes = bytes.clone();
        for at in 0..bytes.len() {
            let flip = 1 << (at % 8);
            bytes[at] ^= flip;
            fs::write(scratch.0.join(name), &bytes).unwrap();
            match count(records(&scratch.0)) {
                Err(Error::Corrupt { path, .. }) => assert_eq!(faults::name(&path), *name),
                Err(error) => panic!("byte {at} of {name}: {error}"),
                Ok(found) => {
                    assert_eq!(found, RECORDS, "byte {at} of {name}");
                    assert!(*name == newest && seal <= at, "byte {at} of {name} went unnoticed");
                    assert_ne!(verify(&scratch.0).unwrap().torn_bytes, 0);
                }
            }
            bytes[at] ^= flip;
        }
        fs::write(scratch.0.join(name), &bytes).unwrap();
    }
}

#[test]
fn a_missing_swapped_or_foreign_segment_is_refused() {
    let whole = closed(20);
    let foreign = {
        let scratch = Scratch::new();
        let journal = start(&scratch.0, SMALL);
        for sequence in 1..=20 {
            let slot = journal.reserve().unwrap();
            assert!(slot.commit(kind(sequence) + 1, payload(sequence)).wait());
        }
        drop(journal);
        faults::load(&scratch.0)
    };
    let names: Vec<&String> = whole.keys().filter(|name| name.ends_with(".journal")).collect();
    assert!(5 <= names.len());
    let check = |files: &Files, what: &str| {
        let scratch = Scratch::holding(files);
        let found = verify(&scratch.0);
        assert!(matches!(found, Err(Error::Corrupt { .. })), "{what}: {found:?}");
        let refused = Journal::open(&scratch.0, SMALL).unwrap().start();
        assert!(matches!(refused, Err(Error::Corrupt { .. })), "{what}");
        assert_eq!(&faults::load(&scratch.0), files, "{what}: a refused journal was changed");
    };
    for (index, &name) in names.iter().enumerate() {
        let mut files = whole.clone();
        files.remove(name);
        check(&files, &format!("{name} missing"));
        let mut files = whole.clone();
        files.insert(name.clone(), foreign[name].clone());
        check(&files, &format!("{name} from another journal"));
        let mut files = whole.clone();
        files.insert(name.clone(), whole[names[(index + 1) % names.len()]].clone());
        check(&files, &format!("{name} replaced by its neighbor"));
    }
    let mut files = whole.clone();
    files.insert(segment::name(names.len() as u64 + 2), whole[names[2]].clone());
    check(&files, "a segment behind a gap");
}

#[test]
fn a_segment_of_another_format_version_is_refused_by_its_version() {
    let mut files = closed(1);
    let image = files.get_mut(&segment::name(1)).unwrap();
    image[8] = 2;
    let crc = crc32fast::hash(&image[..72]);
    image[72..76].copy_from_slice(&crc.to_le_bytes());
    let scratch = Scratch::holding(&files);
    assert!(matches!(verify(&scratch.0), Err(Error::Version { version: 2, .. })));
}

/// A sound journal whose newest write is torn in the middle.
fn torn() -> Files {
    let mut files = closed(5);
    let newest = newest_segment(&files);
    let image = files.get_mut(&newest).unwrap();
    let used = frame::used_bytes(image);
    image[used - HEADER_BYTES - 30..].fill(0);
    files
}

/// Starts the journal in `dir` on a disk with faults and writes twelve records, three at a time.
///
/// Tells the newest record that was acknowledged, by a receipt or by the start itself.
fn write_twelve(dir: &Path, faults: &Arc<Faults>) -> Result<u64, Error> {
    let mut replay = Journal::open(dir, SMALL)?;
    replay.disk.faults = Arc::clone(faults);
    let journal = replay.start()?;
    let mut acknowledged = journal.durable();
    faults.note_durable(acknowledged);
    for _ in 0..4 {
        let slots = [0; 3].map(|_| journal.reserve());
        let receipts = slots.map(|slot| {
            let sequence = slot.as_ref()?.sequence();
            Some((sequence, slot?.commit(kind(sequence), payload(sequence))))
        });
        let mut is_refused = false;
        for (sequence, receipt) in receipts.into_iter().flatten() {
            let is_durable = receipt.wait();
            assert!(!(is_durable && is_refused), "{sequence} is durable, one before it is not");
            is_refused |= !is_durable;
            acknowledged = if is_durable { sequence } else { acknowledged };
        }
        if is_refused {
            assert!(matches!(journal.state(), State::Failed { .. }));
            assert!(journal.reserve().is_none());
            assert_eq!(journal.durable(), acknowledged);
            assert!(journal.close().is_err());
            return Ok(acknowledged);
        }
    }
    Ok(acknowledged)
}

/// Opens what a crash left, checks it and goes on with it.
fn survives(files: &Files, acknowledged: u64, what: &str) {
    let scratch = Scratch::holding(files);
    let mut replay = Journal::open(&scratch.0, SMALL).unwrap();
    let found = count(&mut replay).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(acknowledged <= found, "{what}: {found} of {acknowledged} acknowledged records");
    let journal = replay.start().unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!((0..3).all(|_| write(&journal)), "{what}");
    journal.close().unwrap();
    assert_eq!(count(records(&scratch.0)).unwrap(), found + 3, "{what}");
}

#[test]
fn every_disk_operation_may_fail_and_no_acknowledged_record_is_lost() {
    for (base, floor) in [(Files::new(), 0), (torn(), 4)] {
        for plan in [Plan::Once, Plan::From] {
            for at in 1.. {
                let faults = Arc::new(Faults::new(plan(at)));
                let scratch = Scratch::holding(&base);
                let acknowledged = write_twelve(&scratch.0, &faults).unwrap_or(floor);
                survives(&faults::load(&scratch.0), acknowledged, &format!("{:?}", plan(at)));
                if faults.count() < at {
                    assert!(12 <= acknowledged);
                    break;
                }
            }
        }
    }
}

/// The newest record that was called durable in a log.
fn newest_durable(log: &[Op]) -> u64 {
    let durable = log.iter().rev().find_map(|op| match op {
        Op::Durable { sequence } => Some(*sequence),
        _ => None,
    });
    durable.unwrap_or(0)
}

#[test]
fn a_power_cut_at_any_operation_loses_no_acknowledged_record() {
    const SEED: u64 = 20_261_124;
    let mut chance = Chance(SEED);
    for (base, floor) in [(Files::new(), 0), (torn(), 4)] {
        let log = log_of_twelve(&base);
        for cut in 0..=log.len() {
            for _ in 0..4 {
                let files = faults::after_power_cut(&base, &log[..cut], &mut chance);
                let durable = floor.max(newest_durable(&log[..cut]));
                survives(&files, durable, &format!("seed {SEED}, cut after {cut}"));
                if chance.below(16) != 0 {
                    continue;
                }
                // The power goes again while the journal recovers and goes on.
                let again = log_of_twelve(&files);
                for second in 0..=again.len() {
                    let files = faults::after_power_cut(&files, &again[..second], &mut chance);
                    let durable = durable.max(newest_durable(&again[..second]));
                    survives(&files, durable, &format!("seed {SEED}, cut {cut} and {second}"));
                }
            }
        }
    }
}

fn log_of_twelve(base: &Files) -> Vec<Op> {
    let scratch = Scratch::holding(base);
    let faults = Arc::new(Faults::default());
    write_twelve(&scratch.0, &faults).unwrap();
    faults.log()
}

/// After a failed flush the page cache shows records that the disk never got.
#[test]
fn a_restart_after_a_failed_flush_does_not_trust_the_page_cache() {
    const SEED: u64 = 58;
    let mut chance = Chance(SEED);
    for at in 1.. {
        let scratch = Scratch::new();
        let faults = Arc::new(Faults::new(Plan::Once(at)));
        // A start that fails has acknowledged nothing.
        let _ = write_twelve(&scratch.0, &faults);
        let is_past_the_end = faults.count() < at;
        faults.set_plan(Plan::None);
        let before = faults.log().len();
        write_twelve(&scratch.0, &faults).unwrap();
        let log = faults.log();
        for cut in before..=log.len() {
            let files = faults::after_power_cut(&Files::new(), &log[..cut], &mut chance);
            let what = format!("seed {SEED}, fault {at}, cut after {cut}");
            survives(&files, newest_durable(&log[..cut]), &what);
        }
        if is_past_the_end {
            break;
        }
    }
}
