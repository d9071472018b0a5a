//! A world on disk: `events.ndjson`, `labels.ndjson`, `truth.ndjson` and `world.json`.
//!
//! The first two are what `gyr import` makes too, so whatever reads an import reads a world. The
//! truth lies beside them, one line for each scored event that belongs to a fraud, to a crook's
//! cover or to an honest pattern that looks like fraud; any other event is an ordinary act of an
//! honest customer. All files get their names together, `world.json` last: where it stands, the
//! others are whole. Whether the disk has room is asked before the first event.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::batch::{Emitted, Kind};
use crate::error::Error;
use crate::files::{Complete, Output};

/// Files of a world.
const FILES: [&str; 3] = ["events.ndjson", "labels.ndjson", "truth.ndjson"];

/// Bytes that an account takes on disk for each day, on the average of a month: measured.
const ACCOUNT_DAY_BYTES: u64 = 2_600;

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Written {
    /// Events, without labels.
    pub events: u64,
    /// Events on which the wallet decided.
    pub scored: u64,
    /// Labels.
    pub labels: u64,
    /// Scored events with a fraud story.
    pub frauds: u64,
    /// Scored events that look like fraud and are none.
    pub look_alikes: u64,
    /// Lost to fraud, in CNY fen.
    pub loss_fen: i64,
    /// Fraud events of each story.
    pub by_typology: BTreeMap<&'static str, u64>,
    /// Bytes of all files.
    pub bytes: u64,
    /// The BLAKE3 of each file, in hex.
    pub files: BTreeMap<&'static str, String>,
}

/// The files of a world that is being played.
#[derive(Debug)]
pub struct WorldFiles {
    folder: PathBuf,
    outputs: [Hashed; FILES.len()],
    line: Vec<u8>,
    written: Written,
}

#[derive(Debug)]
struct Hashed {
    output: Output,
    path: PathBuf,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl Hashed {
    fn create(path: PathBuf) -> Result<Hashed, Error> {
        let output = Output::create(&path)?;
        Ok(Hashed { output, path, hasher: blake3::Hasher::new(), bytes: 0 })
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
        self.output.write_all(bytes).map_err(|source| Error::write(&self.path, source))
    }
}

impl WorldFiles {
    /// Starts the files in a folder, which is made if need be.
    ///
    /// # Errors
    /// [`Error::Write`] when the folder cannot be written, or its disk has less room than a world of
    /// so many accounts and days takes.
    pub fn create(folder: &Path, accounts: u32, days: u32) -> Result<WorldFiles, Error> {
        fs::create_dir_all(folder).map_err(|source| Error::write(folder, source))?;
        check_room(folder, u64::from(accounts) * u64::from(days) * ACCOUNT_DAY_BYTES)?;
        let [events, labels, truth] = FILES.map(|name| Hashed::create(folder.join(name)));
        Ok(WorldFiles {
            folder: folder.to_owned(),
            outputs: [events?, labels?, truth?],
            line: Vec::new(),
            written: Written {
                events: 0,
                scored: 0,
                labels: 0,
                frauds: 0,
                look_alikes: 0,
                loss_fen: 0,
                by_typology: BTreeMap::new(),
                bytes: 0,
                files: BTreeMap::new(),
            },
        })
    }

    /// Writes an event and its truth.
    ///
    /// # Errors
    /// [`Error::Write`], on a full disk for example.
    pub fn put(&mut self, emitted: &Emitted<'_>) -> Result<(), Error> {
        let written = &mut self.written;
        let place = match emitted.kind {
            Kind::Scored => {
                written.scored += 1;
                written.events += 1;
                0
            }
            Kind::Recorded => {
                written.events += 1;
                0
            }
            Kind::Label => {
                written.labels += 1;
                1
            }
        };
        self.line.clear();
        self.line.extend_from_slice(emitted.line.as_bytes());
        self.line.push(b'\n');
        self.outputs[place].put(&self.line)?;
        if let Some(truth) = emitted.truth {
            if let Some(typology) = truth.typology() {
                written.frauds += 1;
                *written.by_typology.entry(typology).or_default() += 1;
            }
            written.look_alikes += u64::from(truth.look_alike().is_some());
            written.loss_fen += truth.loss_fen();
            self.line.clear();
            truth.write(&mut self.line);
            self.outputs[2].put(&self.line)?;
        }
        Ok(())
    }

    /// Completes the files and gives them their names; `manifest` says what was asked for and goes
    /// into `world.json` with what was written.
    ///
    /// # Errors
    /// [`Error::Write`]; then none of the files stands under its name, or the manifest is missing.
    pub fn finish(mut self, manifest: &impl Serialize) -> Result<Written, Error> {
        #[derive(Serialize)]
        struct Document<'a, M> {
            world: &'a M,
            written: &'a Written,
        }
        let mut complete: Vec<Complete> = Vec::new();
        for (name, hashed) in FILES.into_iter().zip(self.outputs) {
            self.written.bytes += hashed.bytes;
            self.written.files.insert(name, hashed.hasher.finalize().to_hex().to_string());
            complete.push(hashed.output.complete()?);
        }
        let path = self.folder.join("world.json");
        let mut output = Output::create(&path)?;
        let document = Document { world: manifest, written: &self.written };
        serde_json::to_writer_pretty(&mut output, &document)
            .map_err(|source| Error::write(&path, source.into()))?;
        complete.push(output.complete()?);
        for file in complete {
            file.publish()?;
        }
        Ok(self.written)
    }
}

/// Refuses a disk that has not the room.
fn check_room(folder: &Path, wanted: u64) -> Result<(), Error> {
    const MIB: u64 = 1 << 20;
    let room = fs4::available_space(folder).map_err(|source| Error::write(folder, source))?;
    if room < wanted {
        let text = format!(
            "no room: this world takes about {} MiB, the disk has {} MiB",
            wanted / MIB,
            room / MIB
        );
        let source = std::io::Error::new(std::io::ErrorKind::StorageFull, text);
        return Err(Error::write(folder, source));
    }
    Ok(())
}
