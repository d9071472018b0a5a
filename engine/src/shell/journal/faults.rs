//! A disk that fails on demand and remembers what was asked of it. Tests only.
//!
//! [`Faults`] sits in front of every disk operation of a journal. It can refuse the n-th one, and
//! it keeps a log from which [`after_power_cut`] makes what a disk may hold when the power goes.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// What a device writes as a whole or not at all.
const SECTOR_BYTES: usize = 512;

/// The files of a directory by name.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// One disk operation, or the news that a record has been called durable.
#[derive(Clone, Debug)]
pub(super) enum Op {
    Create {
        file: String,
    },
    Write {
        file: String,
        offset: u64,
        bytes: Vec<u8>,
    },
    Sync {
        file: String,
    },
    /// A flush that failed: the kernel forgets what it could not write.
    Forget {
        file: String,
    },
    Rename {
        from: String,
        to: String,
    },
    SyncDir,
    Durable {
        sequence: u64,
    },
}

/// Which operations fail.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Plan {
    #[default]
    None,
    /// The n-th one, counted from 1.
    Once(u64),
    /// The n-th one and all that follow.
    From(u64),
}

#[derive(Debug, Default)]
pub(super) struct Faults {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    plan: Plan,
    count: u64,
    log: Vec<Op>,
}

/// A seeded stream of numbers (SplitMix64).
pub(super) struct Chance(pub(super) u64);

impl Faults {
    pub(super) fn new(plan: Plan) -> Faults {
        Faults { state: Mutex::new(State { plan, ..State::default() }) }
    }

    /// Operations so far.
    pub(super) fn count(&self) -> u64 {
        self.lock().count
    }

    /// Goes on with another plan, counting anew.
    pub(super) fn set_plan(&self, plan: Plan) {
        let mut state = self.lock();
        (state.plan, state.count) = (plan, 0);
    }

    pub(super) fn log(&self) -> Vec<Op> {
        self.lock().log.clone()
    }

    /// True when the newest entry of the log is a flush.
    pub(super) fn is_flushed(&self) -> bool {
        matches!(self.lock().log.last(), Some(Op::Sync { .. }))
    }

    pub(super) fn note_durable(&self, sequence: u64) {
        self.lock().log.push(Op::Durable { sequence });
    }

    pub(super) fn before(&self, op: Op) -> io::Result<()> {
        let mut state = self.lock();
        state.count += 1;
        if !state.plan.fails(state.count) {
            state.log.push(op);
            return Ok(());
        }
        if let Op::Sync { file } = op {
            state.log.push(Op::Forget { file });
        }
        Err(io::Error::other("planned fault"))
    }

    /// As [`Faults::before`]; a write that fails has written its first half.
    pub(super) fn write(&self, path: &Path, to: &File, bytes: &[u8], at: u64) -> io::Result<()> {
        let op = |bytes: &[u8]| Op::Write { file: name(path), offset: at, bytes: bytes.to_vec() };
        self.before(op(bytes)).inspect_err(|_| {
            let half = &bytes[..bytes.len() / 2];
            to.write_all_at(half, at).expect("half a write");
            self.lock().log.push(op(half));
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Plan {
    fn fails(self, count: u64) -> bool {
        match self {
            Plan::None => false,
            Plan::Once(at) => count == at,
            Plan::From(at) => at <= count,
        }
    }
}

impl Chance {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// The file name in a path of the journal.
pub(super) fn name(path: &Path) -> String {
    path.file_name().expect("a file").to_string_lossy().into_owned()
}

/// The files of a directory, but for the lock.
pub(super) fn load(dir: &Path) -> Files {
    let entries = fs::read_dir(dir).expect("a directory");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let files = paths.filter(|path| name(path) != "lock");
    files.map(|path| (name(&path), fs::read(&path).expect("a file"))).collect()
}

/// Makes the directory hold just these files.
pub(super) fn store(dir: &Path, files: &Files) {
    for stale in load(dir).keys().filter(|name| !files.contains_key(*name)) {
        fs::remove_file(dir.join(stale)).expect("removed");
    }
    for (name, bytes) in files {
        fs::write(dir.join(name), bytes).expect("written");
    }
}

/// One state a disk may be in when the power goes after `log`, which began with `files` on it.
///
/// What was flushed is there. Of other writes to a file any set of sectors may be, and of other
/// changes of names the first few.
pub(super) fn after_power_cut(files: &Files, log: &[Op], chance: &mut Chance) -> Files {
    let mut inodes: Vec<Inode> = Vec::new();
    let mut live = BTreeMap::new();
    for (name, bytes) in files {
        live.insert(name.clone(), inodes.len());
        inodes.push(Inode { flushed: bytes.clone(), pending: Vec::new() });
    }
    let mut names = vec![live.clone()];
    for op in log {
        match op {
            Op::Create { file } => {
                live.insert(file.clone(), inodes.len());
                inodes.push(Inode::default());
                names.push(live.clone());
            }
            Op::Write { file, offset, bytes } => {
                inodes[live[file]].pending.push((*offset, bytes.clone()));
            }
            Op::Sync { file } => inodes[live[file]].flush(),
            Op::Forget { file } => inodes[live[file]].pending.clear(),
            Op::Rename { from, to } => {
                let inode = live.remove(from).expect("a file to rename");
                live.insert(to.clone(), inode);
                names.push(live.clone());
            }
            Op::SyncDir => names = vec![live.clone()],
            Op::Durable { .. } => {}
        }
    }
    let survivors = names.swap_remove(chance.below(names.len() as u64) as usize);
    survivors.into_iter().map(|(name, inode)| (name, inodes[inode].cut(chance))).collect()
}

#[derive(Default)]
struct Inode {
    flushed: Vec<u8>,
    pending: Vec<(u64, Vec<u8>)>,
}

impl Inode {
    fn flush(&mut self) {
        for (offset, bytes) in self.pending.drain(..) {
            apply(&mut self.flushed, offset as usize, &bytes);
        }
    }

    fn cut(&self, chance: &mut Chance) -> Vec<u8> {
        let mut content = self.flushed.clone();
        // None, all, or a coin for each sector.
        let odds = chance.below(3);
        for (offset, bytes) in &self.pending {
            let (mut at, end) = (*offset as usize, *offset as usize + bytes.len());
            while at < end {
                let next = (at + 1).next_multiple_of(SECTOR_BYTES).min(end);
                if odds == 2 || (odds == 1 && chance.below(2) == 0) {
                    apply(&mut content, at, &bytes[at - *offset as usize..next - *offset as usize]);
                }
                at = next;
            }
        }
        content
    }
}

fn apply(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let length = content.len().max(offset + bytes.len());
    content.resize(length, 0);
    content[offset..offset + bytes.len()].copy_from_slice(bytes);
}
