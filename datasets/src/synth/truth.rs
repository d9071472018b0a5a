//! The truth file of a world, read back for reports: never for facts, rules or models.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde::Deserialize;

use super::story::{LookAlike, Typology};
use crate::error::Error;
use crate::read::Verdict;

/// Codes of what lies behind the scored events of a world.
#[derive(Debug, Default)]
pub struct Truths {
    codes: HashMap<Box<str>, Code>,
}

#[derive(Debug, Clone, Copy)]
enum Code {
    Fraud(Typology),
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
    #[serde(borrow)]
    look_alike: Option<&'a str>,
}

impl Truths {
    /// Reads `truth.ndjson`.
    ///
    /// # Errors
    /// A file that cannot be opened or read, and the first line of another form.
    pub fn read(path: &Path) -> Result<Truths, Error> {
        let file = File::open(path).map_err(|source| Error::open(path, source))?;
        let mut codes = HashMap::new();
        for (index, line) in BufReader::with_capacity(1 << 18, file).lines().enumerate() {
            let row = index as u64 + 1;
            let line = line.map_err(|source| Error::read(path, source))?;
            let parsed: Result<Row<'_>, _> = serde_json::from_str(&line);
            let parsed = parsed.map_err(|error| {
                let text = format!("{error}; wanted a line of the truth file of `gyr simulate`");
                Error::form(path, Some(row), text)
            })?;
            let code = code_of(&parsed).map_err(|got| {
                let text = format!("got the code {got:?}, wanted T01 to T24 or L01 to L18");
                Error::form(path, Some(row), text)
            })?;
            codes.insert(Box::from(parsed.event_id), code);
        }
        Ok(Truths { codes })
    }

    /// Whether a scored event was fraud, and the code of its fraud story or of the honest pattern
    /// that looks like one. Events that the file does not name are ordinary.
    pub fn of(&self, event_id: &str) -> (Verdict, Option<&'static str>) {
        match self.codes.get(event_id) {
            Some(Code::Fraud(typology)) => (Verdict::Fraud, Some(typology.code())),
            Some(Code::LooksLike(pattern)) => (Verdict::Legit, Some(pattern.code())),
            Some(Code::Cover) | None => (Verdict::Legit, None),
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
    let known = match (row.typology, row.look_alike) {
        (Some(code), _) => Typology::parse(code).map(Code::Fraud),
        (None, Some(code)) => LookAlike::parse(code).map(Code::LooksLike),
        (None, None) => Some(Code::Cover),
    };
    known.ok_or_else(|| row.typology.or(row.look_alike).unwrap_or_default().to_owned())
}
