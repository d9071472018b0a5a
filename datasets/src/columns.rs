//! Here is a table that somebody else made. Which event is each of its rows?
//!
//! A column map is a small TOML text that answers this: the event type, a column or a constant for
//! each field of the event, and where the truth stands. The README of this crate gives the form. A
//! map is read as a draft, checked against the table of event fields, and only then a `ColumnMap`;
//! the check reports every fault at once, with its place in the text and the name that was probably
//! meant. A map that passes can only fail on rows, never as a whole, except that an input may lack
//! its columns, which is told before the first row. What a typology or a label says never becomes
//! an event field, so a feature cannot read the answer.

use std::path::Path;

use features::diagnostic::{Diagnostic, nearest};
use features::field::{EventType, FieldId};

use crate::cell::TimeForm;
use crate::error::Error;

mod check;

mod source;

#[cfg(test)]
mod tests;

/// The names of the maps that come with the crate.
pub const BUILT_IN: [&str; 6] =
    ["handbook", "sparkov", "paysim", "ecommerce", "evalml", "cloudwalk"];

const TEXTS: [&str; 6] = [
    include_str!("../maps/handbook.toml"),
    include_str!("../maps/sparkov.toml"),
    include_str!("../maps/paysim.toml"),
    include_str!("../maps/ecommerce.toml"),
    include_str!("../maps/evalml.toml"),
    include_str!("../maps/cloudwalk.toml"),
];

/// How the columns of a table become events and labels; checked.
#[derive(Debug, Clone)]
pub struct ColumnMap {
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) text: String,
    /// Every column that is named, each once.
    pub(crate) columns: Vec<Column>,
    /// The column that chooses the variant; there is one variant where there is none.
    pub(crate) chooser: Option<usize>,
    pub(crate) variants: Vec<Variant>,
    pub(crate) base_rate_e9: Option<i64>,
    pub(crate) usd_rate_e9: Option<i64>,
    pub(crate) label: Option<LabelMap>,
}

/// A column by its header, and where the map names it first.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// One kind of row.
#[derive(Debug, Clone)]
pub(crate) struct Variant {
    /// The value of the choosing column; empty where none chooses.
    pub(crate) when: String,
    pub(crate) event_type: EventType,
    /// In the order in which they are written: the top level first, then object by object.
    pub(crate) fields: Vec<Mapped>,
}

/// An event field and where its value comes from.
#[derive(Debug, Clone)]
pub(crate) struct Mapped {
    pub(crate) field: FieldId,
    pub(crate) source: Source,
}

/// Where a value comes from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// The same for every row, as JSON.
    Constant(String),
    /// The number of the row over all inputs, behind a prefix.
    RowNumber { prefix: String },
    /// A cell of the row.
    Cell { column: usize, form: Form },
}

/// How the text of a cell becomes a value.
#[derive(Debug, Clone)]
pub(crate) enum Form {
    /// The text itself behind a prefix.
    Text { prefix: String },
    /// A keyed hash of the text behind a prefix.
    Token { key: [u8; 32], prefix: String },
    /// The leading digits of a card number.
    First { digits: usize },
    /// The trailing digits of a card number.
    Last { digits: usize },
    /// What a table says for the text, as JSON; else what the other form makes of it.
    Values { known: Vec<(String, String)>, otherwise: Otherwise },
    /// Decimal text of major units. The currency is that of the named field of the same row, or the
    /// base currency.
    Major { currency: Option<FieldId>, negative: Negative },
    /// Whole minor units.
    Minor { currency: Option<FieldId>, negative: Negative },
    /// An instant.
    Time(TimeForm),
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// Yes or no.
    Flag,
    /// One of the names of an enum.
    Name(&'static [&'static str]),
    /// The three letters of a currency.
    Currency,
    /// A month as `MM/YY`.
    Month,
}

/// What becomes of a text that a value table does not list.
#[derive(Debug, Clone)]
pub(crate) enum Otherwise {
    /// This JSON.
    Constant(String),
    /// Whatever this form makes of it.
    Form(Box<Form>),
}

/// What becomes of an amount below zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Negative {
    /// The row is rejected.
    Rejected,
    /// The event goes without the field.
    Absent,
}

/// Where the truth stands.
#[derive(Debug, Clone)]
pub(crate) struct LabelMap {
    pub(crate) column: usize,
    pub(crate) fraud: Vec<String>,
    pub(crate) legit: Vec<String>,
    /// Who said so, as JSON.
    pub(crate) source: String,
    pub(crate) known: Known,
    pub(crate) typology: Option<Source>,
}

/// When the truth became known.
#[derive(Debug, Clone)]
pub(crate) enum Known {
    /// This long after the event.
    After { delay_ms: i64 },
    /// At the time in a column.
    Cell { column: usize, form: TimeForm },
}

impl ColumnMap {
    /// Reads and checks the text of a map.
    ///
    /// # Errors
    /// Every fault of the text, in the order of their places in it (`Place::Text`).
    pub fn parse(text: &str) -> Result<ColumnMap, Vec<Diagnostic>> {
        check::check(text)
    }

    /// The built-in map of this name.
    pub fn built_in(name: &str) -> Option<ColumnMap> {
        let at = BUILT_IN.iter().position(|known| *known == name)?;
        Some(ColumnMap::parse(TEXTS[at]).expect("a test reads every built-in map"))
    }

    /// The built-in map of this name, else the map in the file of this name.
    ///
    /// # Errors
    /// [`Error::UnknownMap`] when there is neither, [`Error::Open`] when the file cannot be read,
    /// [`Error::Map`] with every fault when its text is faulty.
    pub fn find(name_or_path: &str) -> Result<ColumnMap, Error> {
        if let Some(map) = ColumnMap::built_in(name_or_path) {
            return Ok(map);
        }
        let path = Path::new(name_or_path);
        if !path.exists() {
            let name = name_or_path.to_owned();
            return Err(Error::UnknownMap { name, nearest: nearest(name_or_path, BUILT_IN) });
        }
        let text = std::fs::read_to_string(path).map_err(|source| Error::open(path, source))?;
        ColumnMap::parse(&text).map_err(|diagnostics| Error::Map {
            name: name_or_path.to_owned(),
            text,
            diagnostics,
        })
    }

    /// The name the map gives itself.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the map is for, in one line.
    pub fn about(&self) -> &str {
        &self.about
    }

    /// The BLAKE3 of the map's text, in hex: two imports with one hash used one map.
    pub fn hash(&self) -> String {
        blake3::hash(self.text.as_bytes()).to_hex().to_string()
    }
}
