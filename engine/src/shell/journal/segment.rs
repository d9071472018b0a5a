//! Segment files: their names, their header page, and every disk operation of the journal.
//!
//! A segment is a file with a number in its name. Its first page is the header, which binds it to
//! the history before it; frames follow. It is filled with zeros and flushed under the name
//! `spare` before it gets its number, so appends change no metadata, "disk full" is met in the
//! background, and a numbered file that is shorter than its header says has been cut.
//!
//! Each operation reports the path with the error. Nothing here retries: after a failed flush the
//! kernel may forget what it could not write, and a second flush would lie.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::Error;
#[cfg(test)]
use super::faults::{Faults, Op};
use super::frame::{self, Chain, Head, PAGE_BYTES};

/// Version of the on-disk format.
const FORMAT_VERSION: u32 = 1;

/// Length of the segment header; the rest of its page is zero.
const HEADER_BYTES: usize = 76;

const MAGIC: [u8; 8] = *b"GYRJRNL\0";

/// Zeros written and flushed at once, so that preparing a spare never holds the disk for long.
const FILL_BYTES: usize = 4 << 20;

/// Name of the segment in preparation.
pub(super) const SPARE: &str = "spare";

/// An open file that knows its path.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) path: PathBuf,
    file: File,
}

/// The directory of one journal.
#[derive(Debug)]
pub(super) struct Disk {
    pub(super) dir: PathBuf,
    #[cfg(test)]
    pub(super) faults: std::sync::Arc<Faults>,
}

/// The file name of a segment.
pub(super) fn name(number: u64) -> String {
    format!("{number:010}.journal")
}

/// The header page of segment `number`, which starts behind `head`.
pub(super) fn header(number: u64, bytes: u64, head: Head) -> [u8; PAGE_BYTES] {
    let mut page = [0; PAGE_BYTES];
    page[0..8].copy_from_slice(&MAGIC);
    page[8..12].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
    page[16..24].copy_from_slice(&number.to_le_bytes());
    page[24..32].copy_from_slice(&(head.sequence + 1).to_le_bytes());
    page[32..40].copy_from_slice(&bytes.to_le_bytes());
    page[40..72].copy_from_slice(&head.chain);
    let crc = crc32fast::hash(&page[..72]);
    page[72..HEADER_BYTES].copy_from_slice(&crc.to_le_bytes());
    page
}

/// Checks the header of a whole segment against the history before it.
pub(super) fn check_header(
    path: &Path,
    image: &[u8],
    number: u64,
    head: Head,
) -> Result<(), Error> {
    let corrupt = |what: &str| Error::corrupt(path, 0, what);
    let Some(page) = image.get(..PAGE_BYTES) else {
        return Err(corrupt("a segment shorter than its header"));
    };
    if page[0..8] != MAGIC || frame::u32_at(page, 72) != crc32fast::hash(&page[..72]) {
        return Err(corrupt("no intact segment header"));
    }
    let version = frame::u32_at(page, 8);
    if version != FORMAT_VERSION {
        return Err(Error::Version { path: path.to_owned(), version });
    }
    if frame::u64_at(page, 16) != number {
        return Err(corrupt("a segment under the name of another"));
    }
    if frame::u64_at(page, 24) != head.sequence + 1 {
        return Err(corrupt("a segment that does not start behind the last record before it"));
    }
    let chain: Chain = frame::chain_at(page, 40);
    if chain != head.chain {
        return Err(corrupt("a segment that does not continue the hash chain"));
    }
    if !frame::is_blank(&page[12..16]) || !frame::is_blank(&page[HEADER_BYTES..]) {
        return Err(corrupt("bytes outside the fields of the segment header"));
    }
    if (image.len() as u64) < frame::u64_at(page, 32) {
        return Err(corrupt("a segment shorter than it was made"));
    }
    Ok(())
}

/// Numbers of the segments in a directory, in order.
pub(super) fn list(dir: &Path) -> Result<Vec<u64>, Error> {
    let entries = fs::read_dir(dir).map_err(|source| Error::io(dir, "list", source))?;
    let mut numbers = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| Error::io(dir, "list", source))?;
        let file_name = entry.file_name();
        let Some(number) = file_name.to_str().and_then(|text| text.strip_suffix(".journal")) else {
            continue;
        };
        // A file with a number that we would write otherwise is a stray copy, not a segment.
        numbers.extend(
            number.parse().ok().filter(|number| file_name.to_str() == Some(&name(*number))),
        );
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// The whole content of a segment; `None` when there is no such file.
pub(super) fn read(dir: &Path, number: u64) -> Result<Option<Vec<u8>>, Error> {
    let path = dir.join(name(number));
    match fs::read(&path) {
        Ok(image) => Ok(Some(image)),
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::io(&path, "read", source)),
    }
}

/// Makes the directory when needed and takes the lock that one process at a time may hold.
pub(super) fn lock(dir: &Path) -> Result<File, Error> {
    make_dir(dir).map_err(|source| Error::io(dir, "create", source))?;
    let path = dir.join("lock");
    let file = File::create(&path).map_err(|source| Error::io(&path, "create", source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Locked { path }),
        Err(TryLockError::Error(source)) => Err(Error::io(&path, "lock", source)),
    }
}

/// Makes a directory and its parents so that their names survive a power cut.
fn make_dir(dir: &Path) -> std::io::Result<()> {
    let missing: Vec<&Path> = dir.ancestors().take_while(|path| !path.exists()).collect();
    fs::create_dir_all(dir)?;
    for path in missing {
        // The parent of a one-part relative path is spelled as an empty path.
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

impl Named {
    /// Opens a file of the journal for reading.
    pub(super) fn open(path: PathBuf) -> Result<Named, Error> {
        let file = File::open(&path).map_err(|source| Error::io(&path, "open", source))?;
        Ok(Named { path, file })
    }

    /// Fills `bytes` from `offset`.
    pub(super) fn read(&self, bytes: &mut [u8], offset: u64) -> Result<(), Error> {
        let read = self.file.read_exact_at(bytes, offset);
        read.map_err(|source| Error::io(&self.path, "read", source))
    }
}

impl Disk {
    pub(super) fn new(dir: &Path) -> Disk {
        Disk {
            dir: dir.to_owned(),
            #[cfg(test)]
            faults: std::sync::Arc::default(),
        }
    }

    /// Opens an existing segment for writing.
    pub(super) fn open(&self, number: u64) -> Result<Named, Error> {
        let path = self.dir.join(name(number));
        let file = File::options().read(true).write(true).open(&path);
        let file = file.map_err(|source| Error::io(&path, "open", source))?;
        Ok(Named { path, file })
    }

    /// Makes a spare of `bytes` zeros that are on the disk when this returns.
    pub(super) fn prepare(&self, bytes: u64) -> Result<Named, Error> {
        let path = self.dir.join(SPARE);
        #[cfg(test)]
        self.check(&path, "create", Op::Create { file: SPARE.to_owned() })?;
        let mut options = File::options();
        let file = options.read(true).write(true).create(true).truncate(true).open(&path);
        let spare = match file {
            Ok(file) => Named { path, file },
            Err(source) => return Err(Error::io(&path, "create", source)),
        };
        let zeros = vec![0; FILL_BYTES.min(usize::try_from(bytes).unwrap_or(FILL_BYTES))];
        let mut offset = 0;
        while offset < bytes {
            let left = usize::try_from(bytes - offset).unwrap_or(FILL_BYTES);
            let chunk = &zeros[..zeros.len().min(left)];
            self.write(&spare, chunk, offset)?;
            self.sync(&spare)?;
            offset += chunk.len() as u64;
        }
        Ok(spare)
    }

    /// Turns a spare into segment `number`, durable under its name.
    pub(super) fn adopt(
        &self,
        spare: Named,
        number: u64,
        bytes: u64,
        head: Head,
    ) -> Result<Named, Error> {
        self.write(&spare, &header(number, bytes, head), 0)?;
        self.sync(&spare)?;
        let path = self.dir.join(name(number));
        #[cfg(test)]
        self.check(&path, "name", Op::Rename { from: SPARE.to_owned(), to: name(number) })?;
        fs::rename(&spare.path, &path).map_err(|source| Error::io(&path, "name", source))?;
        self.sync_dir()?;
        Ok(Named { path, file: spare.file })
    }

    /// Writes to the page cache.
    pub(super) fn write(&self, to: &Named, bytes: &[u8], offset: u64) -> Result<(), Error> {
        #[cfg(test)]
        if let Err(source) = self.faults.write(&to.path, &to.file, bytes, offset) {
            return Err(Error::io(&to.path, "write", source));
        }
        let written = to.file.write_all_at(bytes, offset);
        written.map_err(|source| Error::io(&to.path, "write", source))
    }

    /// Waits until everything written to the file is on the disk.
    pub(super) fn sync(&self, file: &Named) -> Result<(), Error> {
        #[cfg(test)]
        self.check(&file.path, "flush", Op::Sync { file: super::faults::name(&file.path) })?;
        file.file.sync_data().map_err(|source| Error::io(&file.path, "flush", source))
    }

    /// Waits until names made or changed in the directory are on the disk.
    pub(super) fn sync_dir(&self) -> Result<(), Error> {
        #[cfg(test)]
        self.check(&self.dir, "flush", Op::SyncDir)?;
        let synced = File::open(&self.dir).and_then(|dir| dir.sync_all());
        synced.map_err(|source| Error::io(&self.dir, "flush", source))
    }

    /// Removes what an interrupted preparation left.
    pub(super) fn remove_spare(&self) -> Result<(), Error> {
        let path = self.dir.join(SPARE);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::io(&path, "remove", source))
            }
            _ => Ok(()),
        }
    }

    #[cfg(test)]
    fn check(&self, path: &Path, doing: &'static str, op: Op) -> Result<(), Error> {
        self.faults.before(op).map_err(|source| Error::io(path, doing, source))
    }
}
