//! A world on disk: events, labels, truth and `world.json`.
//!
//! The first two are what `gyr import` makes too, so whatever reads an import reads a world. The
//! truth lies beside them, one line for each scored event that belongs to a fraud, to a crook's
//! cover or to an honest pattern that looks like fraud; any other event is an ordinary act of an
//! honest customer. Each of the three is NDJSON, a Parquet table, or both; the tables hold the
//! events as the engine reads them. All files get their names together, `world.json` last: where it
//! stands, the others are whole. Whether the disk has room, and whether the folder holds the other
//! form of another world, is asked before the first event.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

#[cfg(feature = "offline")]
use features::event::Event;
#[cfg(feature = "offline")]
use features::field::{EventType, Types};
use serde::Serialize;

use super::batch::{Emitted, Kind};
use crate::error::Error;
use crate::files::{Complete, Format, Hashed, Output};
#[cfg(feature = "offline")]
use crate::parquet::{EventsWriter, TruthWriter};

/// Files of a world, without the forms.
const STEMS: [&str; 3] = ["events", "labels", "truth"];

/// The files as NDJSON.
const LINES: [&str; 3] = ["events.ndjson", "labels.ndjson", "truth.ndjson"];

/// The files as Parquet.
#[cfg(feature = "offline")]
const TABLES: [&str; 3] = ["events.parquet", "labels.parquet", "truth.parquet"];

/// Bytes that an account takes on disk for each day, on the average of a month: measured.
const ACCOUNT_DAY_BYTES: [(Format, u64); 2] = [(Format::Ndjson, 2_600), (Format::Parquet, 400)];

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
    lines: Option<Lines>,
    #[cfg(feature = "offline")]
    tables: Option<Tables>,
    written: Written,
}

impl WorldFiles {
    /// Starts the files in these forms in a folder, which is made if need be.
    ///
    /// # Errors
    /// [`Error::NeedsOffline`] for Parquet in a build without that feature, before anything is
    /// touched; [`Error::Write`] when the folder cannot be written, or its disk has less room than a
    /// world of so many accounts and days takes; [`Error::Form`] when the folder holds events,
    /// labels or a truth in a form that is not asked for, which would be taken for this world's.
    pub fn create(
        folder: &Path,
        accounts: u32,
        days: u32,
        formats: &[Format],
    ) -> Result<WorldFiles, Error> {
        #[cfg(not(feature = "offline"))]
        if formats.contains(&Format::Parquet) {
            return Err(Error::NeedsOffline { path: folder.join("events.parquet") });
        }
        fs::create_dir_all(folder).map_err(|source| Error::write(folder, source))?;
        check_strangers(folder, formats)?;
        let sizes = ACCOUNT_DAY_BYTES.iter().filter(|(format, _)| formats.contains(format));
        let account_day: u64 = sizes.map(|(_, bytes)| bytes).sum();
        check_room(folder, u64::from(accounts) * u64::from(days) * account_day)?;
        let wants = |format: Format| formats.contains(&format).then_some(folder);
        Ok(WorldFiles {
            folder: folder.to_owned(),
            lines: wants(Format::Ndjson).map(Lines::create).transpose()?,
            #[cfg(feature = "offline")]
            tables: wants(Format::Parquet).map(Tables::create).transpose()?,
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
        written.scored += u64::from(emitted.kind == Kind::Scored);
        match emitted.kind {
            Kind::Scored | Kind::Recorded => written.events += 1,
            Kind::Label => written.labels += 1,
        }
        if let Some(truth) = emitted.truth {
            if let Some(typology) = truth.typology() {
                written.frauds += 1;
                *written.by_typology.entry(typology).or_default() += 1;
            }
            written.look_alikes += u64::from(truth.look_alike().is_some());
            written.loss_fen += truth.loss_fen();
        }
        if let Some(lines) = &mut self.lines {
            lines.put(emitted)?;
        }
        #[cfg(feature = "offline")]
        if let Some(tables) = &mut self.tables {
            tables.put(emitted)?;
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
        let mut files: Vec<(&str, Hashed)> = Vec::new();
        if let Some(lines) = self.lines {
            files.extend(LINES.into_iter().zip(lines.outputs));
        }
        #[cfg(feature = "offline")]
        if let Some(tables) = self.tables {
            files.extend(TABLES.into_iter().zip(tables.finish()?));
        }
        let mut complete: Vec<Complete> = Vec::new();
        for (name, file) in files {
            let (bytes, hash, file) = file.complete()?;
            self.written.bytes += bytes;
            self.written.files.insert(name, hash.to_hex().to_string());
            complete.push(file);
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

/// The files as NDJSON.
#[derive(Debug)]
struct Lines {
    outputs: [Hashed; LINES.len()],
    line: Vec<u8>,
}

impl Lines {
    fn create(folder: &Path) -> Result<Lines, Error> {
        let [events, labels, truth] = LINES.map(|name| Hashed::create(&folder.join(name)));
        Ok(Lines { outputs: [events?, labels?, truth?], line: Vec::new() })
    }

    fn put(&mut self, emitted: &Emitted<'_>) -> Result<(), Error> {
        let [events, labels, truths] = &mut self.outputs;
        self.line.clear();
        self.line.extend_from_slice(emitted.line.as_bytes());
        self.line.push(b'\n');
        match emitted.kind {
            Kind::Scored | Kind::Recorded => events.put(&self.line)?,
            Kind::Label => labels.put(&self.line)?,
        }
        if let Some(truth) = emitted.truth {
            self.line.clear();
            truth.write(&mut self.line);
            truths.put(&self.line)?;
        }
        Ok(())
    }
}

/// The files as Parquet.
#[cfg(feature = "offline")]
#[derive(Debug)]
struct Tables {
    events: EventsWriter,
    labels: EventsWriter,
    truth: TruthWriter,
}

#[cfg(feature = "offline")]
impl Tables {
    fn create(folder: &Path) -> Result<Tables, Error> {
        let [events, labels, truth] = TABLES.map(|name| folder.join(name));
        Ok(Tables {
            events: EventsWriter::create(&events, Types::ANY)?,
            labels: EventsWriter::create(&labels, Types::of(&[EventType::Label]))?,
            truth: TruthWriter::create(&truth)?,
        })
    }

    fn put(&mut self, emitted: &Emitted<'_>) -> Result<(), Error> {
        let event = Event::read(emitted.line.as_bytes(), None);
        let event = event.expect("every event of the world is sound, as its tests say");
        match emitted.kind {
            Kind::Scored | Kind::Recorded => self.events.put(&event)?,
            Kind::Label => self.labels.put(&event)?,
        }
        emitted.truth.map_or(Ok(()), |truth| self.truth.put(truth))
    }

    fn finish(self) -> Result<[Hashed; TABLES.len()], Error> {
        Ok([self.events.finish()?, self.labels.finish()?, self.truth.finish()?])
    }
}

/// Refuses a folder with files that whoever reads the world would find beside or before its own.
fn check_strangers(folder: &Path, formats: &[Format]) -> Result<(), Error> {
    for stem in STEMS {
        for (format, extension) in [
            (Format::Ndjson, "ndjson"),
            (Format::Ndjson, "ndjson.gz"),
            (Format::Parquet, "parquet"),
        ] {
            let path = folder.join(format!("{stem}.{extension}"));
            if !formats.contains(&format) && path.exists() {
                let message = "is there already and would be taken for a part of this world \
                               (help: remove it, write this form too, or choose another folder)";
                return Err(Error::form(&path, None, message));
            }
        }
    }
    Ok(())
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
        let source = io::Error::new(io::ErrorKind::StorageFull, text);
        return Err(Error::write(folder, source));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Folder;

    #[test]
    fn a_world_does_not_come_to_lie_beside_another_form_of_another_one() {
        let folder = Folder::new("strangers");
        let stranger = folder.file("labels.parquet", b"PAR1");
        let error = WorldFiles::create(&folder.path(""), 100, 1, &[Format::Ndjson]).unwrap_err();
        assert!(error.to_string().contains("labels.parquet: is there already"), "{error}");
        fs::remove_file(stranger).unwrap();
        let files = WorldFiles::create(&folder.path(""), 100, 1, &[Format::Ndjson]).unwrap();
        let written = files.finish(&"nothing").unwrap();
        assert_eq!(written.files.keys().copied().collect::<Vec<_>>(), LINES);
        let names = ["events.ndjson", "labels.ndjson", "truth.ndjson", "world.json"];
        assert_eq!(folder.names(), names);
        WorldFiles::create(&folder.path(""), 100, 1, &[Format::Ndjson]).unwrap();
    }

    #[cfg(not(feature = "offline"))]
    #[test]
    fn tables_without_the_feature_are_refused_before_the_folder_is_made() {
        let folder = Folder::new("no-tables").path("world");
        let error = WorldFiles::create(&folder, 100, 1, &[Format::Parquet]).unwrap_err();
        assert!(error.to_string().contains("`offline`"), "{error}");
        assert!(!folder.exists());
    }
}
