//! What the world can do to us: files that cannot be opened, read, written or understood as a
//! whole.
//!
//! Faults of single rows are no `Error`: they are counted, shown and passed over by the import, and
//! handed out as diagnostics by the reader. An `Error` ends the work. Its text always names the
//! path, and the row where one is known, and says what to do next where that can be guessed (a full
//! disk, a missing cargo feature). Faults of a column map keep their diagnostics, so that the
//! caller can draw them over the map's text.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use features::diagnostic::{Diagnostic, render};

/// Why a file could not be read or written.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The file or folder could not be opened.
    Open {
        /// The path as it was given.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Reading broke off: the disk, the pipe or the compressed stream failed.
    Read {
        /// The path as it was given.
        path: PathBuf,
        /// What the operating system or the decoder said.
        source: io::Error,
    },
    /// A file could not be created, written or renamed; a full disk is the usual cause.
    Write {
        /// The path that was being written.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file as a whole does not have the form it should have.
    Form {
        /// The path as it was given.
        path: PathBuf,
        /// The row where it was noticed, counted from one, if there is one.
        row: Option<u64>,
        /// What was got and what was wanted.
        message: String,
    },
    /// A column map is faulty or does not fit the input; all faults at once.
    Map {
        /// The name of the map or the path it came from.
        name: String,
        /// The text of the map, to draw the faults over.
        text: String,
        /// Every fault.
        diagnostics: Vec<Diagnostic>,
    },
    /// No built-in map has this name and no file is there either.
    UnknownMap {
        /// What was asked for.
        name: String,
        /// The built-in map that was probably meant.
        nearest: Option<&'static str>,
    },
    /// Reference tables have broken rows; those of all files at once.
    Reference {
        /// The folder of the tables.
        folder: PathBuf,
        /// What is wrong, each with its file in the message and its row.
        diagnostics: Vec<Diagnostic>,
        /// How many more there are.
        more: u64,
    },
    /// The work needs a part that this build leaves out.
    NeedsOffline {
        /// The path that asks for it.
        path: PathBuf,
    },
}

impl Error {
    pub(crate) fn open(path: &Path, source: io::Error) -> Error {
        Error::Open { path: path.to_owned(), source }
    }

    pub(crate) fn read(path: &Path, source: io::Error) -> Error {
        Error::Read { path: path.to_owned(), source }
    }

    pub(crate) fn write(path: &Path, source: io::Error) -> Error {
        Error::Write { path: path.to_owned(), source }
    }

    pub(crate) fn form(path: &Path, row: Option<u64>, message: impl Into<String>) -> Error {
        Error::Form { path: path.to_owned(), row, message: message.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Open { path, source } => write!(f, "cannot open {}: {source}", path.display()),
            Error::Read { path, source } => write!(f, "cannot read {}: {source}", path.display()),
            Error::Write { path, source } => {
                write!(f, "cannot write {}: {source}", path.display())?;
                if source.kind() == io::ErrorKind::StorageFull {
                    f.write_str(" (help: free some space or choose another folder)")?;
                }
                Ok(())
            }
            Error::Form { path, row: Some(row), message } => {
                write!(f, "{} row {row}: {message}", path.display())
            }
            Error::Form { path, row: None, message } => write!(f, "{}: {message}", path.display()),
            Error::Map { name, text, diagnostics } => {
                f.write_str(render(name, text, diagnostics).trim_end())
            }
            Error::UnknownMap { name, nearest } => {
                write!(f, "no built-in column map and no file is called {name:?}")?;
                match nearest {
                    Some(nearest) => write!(f, " (help: did you mean {nearest:?}?)"),
                    None => write!(f, " (help: built in are {})", crate::BUILT_IN.join(", ")),
                }
            }
            Error::Reference { folder, diagnostics, more } => {
                let count = diagnostics.len() as u64 + more;
                let faults = if count == 1 { "fault" } else { "faults" };
                write!(f, "{count} {faults} in the reference tables in {}", folder.display())?;
                diagnostics.iter().try_for_each(|diagnostic| write!(f, "\n  {diagnostic}"))?;
                if 0 < *more {
                    write!(f, "\n  and {more} more")?;
                }
                Ok(())
            }
            Error::NeedsOffline { path } => write!(
                f,
                "{} is Parquet, which this build leaves out (help: build with the cargo feature \
                 `offline`, or use .csv or .ndjson)",
                path.display()
            ),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Open { source, .. }
            | Error::Read { source, .. }
            | Error::Write { source, .. } => Some(source),
            Error::Form { .. }
            | Error::Map { .. }
            | Error::UnknownMap { .. }
            | Error::Reference { .. }
            | Error::NeedsOffline { .. } => None,
        }
    }
}
