//! Files to events and back: the annex of Gyrfalcon that touches tables.
//!
//! Three doors. [`import`] turns somebody's table into events, labels and a list of what was
//! refused, by a [`ColumnMap`]; maps for six public sets are built in, their data are not.
//! [`Events`] reads events back in the order in which things became known, and [`labels`] the truth
//! of each. The [`FactsWriter`] and [`ScoresWriter`] give facts and scores to analysts. CSV and
//! NDJSON need nothing; Parquet, for tables in, tables out and events both ways, needs the cargo
//! feature `offline`, which brings polars, and polars stays here. With it whole columns of numbers
//! can be read and written, too: `read_numbers` and `NumbersWriter`.
//!
//! What holds: every event that leaves an import has passed `Event::read`, the door of the service;
//! the same inputs give the same bytes; a file never stands half written under its name; bad rows
//! are counted and shown, not dropped; whatever looks like a card number is not repeated.

mod codes;

mod error;

mod files;

mod pipeline;

mod cell;

mod json;

mod sort;

mod columns;

mod read;

mod row;

#[cfg(feature = "offline")]
mod parquet;

mod table;

mod import;

mod write;

pub mod synth;

#[cfg(test)]
mod scratch;

pub use codes::CODES;
pub use columns::{BUILT_IN, ColumnMap};
pub use error::Error;
pub use files::Format;
pub use import::{InputReport, Progress, Reason, Report, import};
#[cfg(feature = "offline")]
pub use parquet::{Chunks, NumbersWriter, read_numbers};
pub use read::{Events, Item, Labels, Source, Truth, Verdict, labels};
pub use write::{FactsWriter, LabelColumn, ScoresWriter};
