//! The truth file of a world, read back for reports: never for facts, rules or models.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde::Deserialize;

use super::story::{LookAlike, Typology, Vector};
use crate::error::Error;
use crate::files::{self, Content, Hash, Text};
use crate::read::Verdict;

/// Rows of a table that are taken at once.
#[cfg(feature = "offline")]
const ROWS: usize = 4_096;

/// Codes of what lies behind the scored events of a world.
#[derive(Debug, Default)]
pub struct Truths {
    codes: HashMap<Box<str>, Code>,
}

#[derive(Debug, Clone, Copy)]
enum Code {
    Fraud(Typology, Option<Vector>),
    LooksLike(LookAlike),
    /// A crook's cover.
    Cover,
}

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    event_id: &'a str,
    #[serde(borrow)]
    typology: Option<&'a str>,
    /// Missing in files of earlier versions.
    #[serde(borrow)]
    vector: Option<&'a str>,
    #[serde(borrow)]
    look_alike: Option<&'a str>,
}

impl Truths {
    /// Reads the truth of a world: `truth.ndjson`, plain or gzip, or `truth.parquet`, known by its
    /// content.
    ///
    /// # Errors
    /// A file that cannot be opened or read, the first row of another form, and
    /// [`Error::NeedsOffline`] for Parquet in a build without that feature.
    pub fn read(path: &Path) -> Result<Truths, Error> {
        let input = files::open(path, Hash::Unwanted)?;
        let mut truths = Truths::default();
        match input.content {
            Content::Plain | Content::Gzip => truths.add_lines(path, input.text)?,
            Content::Parquet => truths.add_table(path)?,
        }
        Ok(truths)
    }

    fn add_lines(&mut self, path: &Path, text: Text) -> Result<(), Error> {
        for (row, line) in (1..).zip(BufReader::with_capacity(1 << 18, text).lines()) {
            let line = line.map_err(|source| Error::read(path, source))?;
            let parsed: Row<'_> = serde_json::from_str(&line).map_err(|error| {
                let text = format!("{error}; wanted a line of the truth file of `gyr simulate`");
                Error::form(path, Some(row), text)
            })?;
            self.add(path, row, &parsed)?;
        }
        Ok(())
    }

    #[cfg(feature = "offline")]
    fn add_table(&mut self, path: &Path) -> Result<(), Error> {
        let mut table = crate::parquet::Reader::open(path)?;
        let header = table.header();
        let place = |name: &str| {
            header.iter().position(|column| column == name).ok_or_else(|| {
                let text = format!("there is no column {name:?}; wanted a truth of `gyr simulate`");
                Error::form(path, None, text)
            })
        };
        let places =
            [place("event_id")?, place("typology")?, place("vector")?, place("look_alike")?];
        let mut row = 0;
        loop {
            let rows = table.rows(row, ROWS)?;
            if rows.is_empty() {
                return Ok(());
            }
            for cells in rows {
                row += 1;
                let said = places.map(|place| Some(cells[place]).filter(|code| !code.is_empty()));
                let [_, typology, vector, look_alike] = said;
                let event_id = cells[places[0]];
                self.add(path, row, &Row { event_id, typology, vector, look_alike })?;
            }
        }
    }

    #[cfg(not(feature = "offline"))]
    fn add_table(&mut self, path: &Path) -> Result<(), Error> {
        Err(Error::NeedsOffline { path: path.to_owned() })
    }

    fn add(&mut self, path: &Path, row: u64, said: &Row<'_>) -> Result<(), Error> {
        let code = code_of(said).map_err(|got| {
            let text = format!("got the code {got:?}, wanted T01 to T24, V1 to V9 or L01 to L18");
            Error::form(path, Some(row), text)
        })?;
        self.codes.insert(Box::from(said.event_id), code);
        Ok(())
    }

    /// Whether a scored event was fraud, and the code of its fraud story or of the honest pattern
    /// that looks like one. Events that the file does not name are ordinary.
    pub fn of(&self, event_id: &str) -> (Verdict, Option<&'static str>) {
        match self.codes.get(event_id) {
            Some(Code::Fraud(typology, _)) => (Verdict::Fraud, Some(typology.code())),
            Some(Code::LooksLike(pattern)) => (Verdict::Legit, Some(pattern.code())),
            Some(Code::Cover) | None => (Verdict::Legit, None),
        }
    }

    /// The attack that a fraud is, `V1` to `V9`; `None` for anything else, and when the file, of an
    /// earlier version, does not say.
    pub fn vector(&self, event_id: &str) -> Option<&'static str> {
        match self.codes.get(event_id) {
            Some(Code::Fraud(_, vector)) => vector.map(Vector::name),
            Some(Code::LooksLike(_) | Code::Cover) | None => None,
        }
    }

    /// Number of events that are named.
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Whether none is named.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }
}

fn code_of(row: &Row<'_>) -> Result<Code, String> {
    let unknown = |code: &str| code.to_owned();
    match (row.typology, row.look_alike) {
        (Some(code), _) => {
            let typology = Typology::parse(code).ok_or_else(|| unknown(code))?;
            let vector = row.vector.map(|code| Vector::parse(code).ok_or_else(|| unknown(code)));
            Ok(Code::Fraud(typology, vector.transpose()?))
        }
        (None, Some(code)) => {
            LookAlike::parse(code).map(Code::LooksLike).ok_or_else(|| unknown(code))
        }
        (None, None) => Ok(Code::Cover),
    }
}
