//! Files of networks on the disk: read at the start, and again when the process is told to.
//!
//! At the start all files must be sound: whatever is wrong with any of them is told, and nothing
//! runs. Later each stands for itself: a sound file takes the place of its predecessor, a bad one
//! leaves it there and is told. A request sees one set of files from its beginning to its end.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use features::diagnostic::render;
use features::networks::{NetworkFile, Networks};

use super::commands::common::Failure;

/// Files by their paths, the most trusted first, and what they hold now.
#[derive(Debug)]
pub(crate) struct NetworkFiles {
    paths: Vec<PathBuf>,
    current: ArcSwap<Networks>,
}

impl NetworkFiles {
    /// Reads the files; every fault of all of them is in the failure.
    pub(crate) fn open(paths: &[PathBuf]) -> Result<NetworkFiles, Failure> {
        let networks = read_all(paths)?;
        Ok(NetworkFiles { paths: paths.to_vec(), current: ArcSwap::from_pointee(networks) })
    }

    /// What the files held when they were last read.
    pub(crate) fn current(&self) -> Guard<Arc<Networks>> {
        self.current.load()
    }

    /// Reads the files again. The sound ones are in force after this; the failure tells of the
    /// others, and what was kept in their place.
    pub(crate) fn reload(&self) -> Result<(), Failure> {
        let running = self.current.load_full();
        let mut failures = Vec::new();
        let files = self.paths.iter().zip(running.files()).map(|(path, running)| {
            read(path).unwrap_or_else(|failure| {
                let label = running.label();
                failures.push(failure.after(&format!("kept the running {label}: ")));
                Arc::clone(running)
            })
        });
        let networks = Networks::new(files.collect());
        self.current.store(Arc::new(networks));
        together(failures)
    }
}

/// Reads files once, for a command.
pub(crate) fn read_all(paths: &[PathBuf]) -> Result<Networks, Failure> {
    let (mut files, mut failures) = (Vec::new(), Vec::new());
    for path in paths {
        match read(path) {
            Ok(file) => files.push(file),
            Err(failure) => failures.push(failure),
        }
    }
    together(failures)?;
    Ok(Networks::new(files))
}

fn read(path: &Path) -> Result<Arc<NetworkFile>, Failure> {
    let bytes = fs::read(path).map_err(|error| Failure::reading(path, &error))?;
    let name = path.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
    let hash = blake3::hash(&bytes).to_hex();
    let file = NetworkFile::read(&name, &bytes, &hash[..16]).map_err(|faults| {
        let drawn = render(&path.display().to_string(), "", &faults);
        Failure::Findings(drawn.trim_end().to_owned())
    })?;
    Ok(Arc::new(file))
}

/// Several failures as one: of the environment when all of them are.
fn together(failures: Vec<Failure>) -> Result<(), Failure> {
    let lines: Vec<String> = failures.iter().map(ToString::to_string).collect();
    let text = lines.join("\n");
    let is_environment = |failure: &Failure| matches!(failure, Failure::Environment(_));
    match failures.as_slice() {
        [] => Ok(()),
        failures if failures.iter().all(is_environment) => Err(Failure::Environment(text)),
        _ => Err(Failure::Findings(text)),
    }
}
