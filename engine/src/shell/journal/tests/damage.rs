//! Torn writes, changed bytes, lost files, failing disks and power cuts.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use super::super::faults::{self, Chance, Faults, Files, Op, Plan};
use super::super::frame::{self, HEADER_BYTES, PAGE_BYTES};
use super::super::{Error, Journal, Options, State, records, segment, verify};
use super::{SMALL, Scratch, closed, count, kind, payload, start, write};

fn newest_segment(files: &Files) -> String {
    files.keys().rfind(|name| name.ends_with(".journal")).unwrap().clone()
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
fn a_start_vouches_for_the_newest_batch_it_found() {
    let mut files = closed(3);
    let newest = newest_segment(&files);
    let image = files.get_mut(&newest).unwrap();
    let seal = frame::used_bytes(image) - HEADER_BYTES;
    image[seal..].fill(0);
    let scratch = Scratch::holding(&files);
    let journal = start(&scratch.0, SMALL);
    assert_eq!(journal.durable(), 3);
    let mut files = faults::load(&scratch.0);
    files.get_mut(&newest).unwrap()[seal - PAGE_BYTES + HEADER_BYTES + 9] ^= 4;
    drop(journal);
    let found = verify(&Scratch::holding(&files).0);
    assert!(matches!(found, Err(Error::Corrupt { .. })), "{found:?}");
}

#[test]
fn the_newest_seal_is_flushed_at_the_close_and_when_nothing_more_comes() {
    let scratch = Scratch::new();
    let faults = Arc::new(Faults::default());
    // So large that no spare is made, whose flushes would be taken for the seal's.
    let options = Options { segment_bytes: 1 << 20, ..SMALL };
    let mut replay = Journal::open(&scratch.0, options).unwrap();
    replay.disk.faults = Arc::clone(&faults);
    let journal = replay.start().unwrap();
    assert!(write(&journal));
    assert!((0..5_000_000).any(|_| {
        thread::yield_now();
        faults.is_flushed()
    }));
    assert!(write(&journal));
    journal.close().unwrap();
    assert!(faults.is_flushed());
}

#[test]
fn a_look_up_notices_a_changed_byte() {
    let scratch = Scratch::new();
    let journal = start(&scratch.0, SMALL);
    assert!(write(&journal));
    let path = scratch.0.join(segment::name(1));
    let mut bytes = fs::read(&path).unwrap();
    for at in [PAGE_BYTES + 1, PAGE_BYTES + HEADER_BYTES] {
        bytes[at] ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert!(matches!(journal.read(1), Err(Error::Corrupt { .. })), "byte {at}");
        bytes[at] ^= 1;
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
        let Err(Error::Corrupt { offset, .. }) = found else {
            panic!("{what}: {found:?}");
        };
        let refused = Journal::open(&scratch.0, SMALL).unwrap().start();
        assert!(matches!(refused, Err(Error::Corrupt { .. })), "{what}");
        assert_eq!(&faults::load(&scratch.0), files, "{what}: a refused journal was changed");
        offset
    };
    for (index, &name) in names.iter().enumerate() {
        let mut files = whole.clone();
        files.remove(name);
        check(&files, &format!("{name} missing"));
        let mut files = whole.clone();
        files.insert(name.clone(), foreign[name].clone());
        let offset = check(&files, &format!("{name} from another journal"));
        assert_eq!(offset, 0, "the header of a segment tells before its frames do");
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
