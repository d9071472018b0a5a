//! Events and truths as tables.
//!
//! A table of events has a column for each field that its event types may carry, under the field's
//! dotted path and in the order of the field table: integers, times, amounts and months as Int64,
//! numbers as Float64, booleans, and everything else as text in the form of the JSON; a set is its
//! names between commas. What an event does not say is null. What reading an event fills in by
//! itself (the score request, an amount that follows from another) stands in the table like the
//! rest, so that analysts see what the engine sees. Derived fields have no column: they come again
//! when the event is read.

use std::path::Path;

use features::event::Event;
use features::field::{FieldId, Kind, Source, Types};
use jiff::ToSpan;
use jiff::civil::{Date, date};

use super::table::{Table, Type, Value};
use crate::error::Error;
use crate::files::Hashed;
use crate::synth::Truth;

/// The type of the column of a field.
pub(super) fn type_of(kind: Kind) -> Type {
    match kind {
        Kind::Int { .. } | Kind::Time | Kind::Money | Kind::YearMonth => Type::Int,
        Kind::Float { .. } => Type::Float,
        Kind::Bool => Type::Bool,
        Kind::Enum(_)
        | Kind::Set(_)
        | Kind::Country
        | Kind::Currency
        | Kind::Id
        | Kind::Text { .. }
        | Kind::Ip
        | Kind::Date => Type::Text,
    }
}

/// The fields that have a column in a table of events of these types.
pub(super) fn fields_of(types: Types) -> impl Iterator<Item = FieldId> {
    FieldId::all().filter(move |id| {
        let field = id.field();
        field.source != Source::Derived && field.on.intersect(types) != Types::NONE
    })
}

/// Writes events as a table.
#[derive(Debug)]
pub(crate) struct EventsWriter {
    table: Table,
    fields: Vec<FieldId>,
    types: Types,
    text: String,
}

impl EventsWriter {
    /// Starts a table for events of these types.
    pub(crate) fn create(path: &Path, types: Types) -> Result<EventsWriter, Error> {
        let fields: Vec<FieldId> = fields_of(types).collect();
        let columns = fields.iter().map(|field| (field.path(), type_of(field.kind())));
        let table = Table::create(path, columns)?;
        Ok(EventsWriter { table, fields, types, text: String::new() })
    }

    /// Writes an event that was just read.
    ///
    /// # Panics
    /// When its type is not among those of the table.
    pub(crate) fn put(&mut self, event: &Event) -> Result<(), Error> {
        assert!(self.types.contains(event.event_type()), "an event of the table's types");
        for (column, field) in self.fields.iter().enumerate() {
            if let Some(value) = value_of(event, *field, &mut self.text) {
                self.table.put(column, value);
            }
        }
        self.table.end_row()
    }

    /// Writes the rest; the file waits for its name.
    pub(crate) fn finish(self) -> Result<Hashed, Error> {
        self.table.finish()
    }

    /// The same writer with groups of another size.
    #[cfg(test)]
    pub(crate) fn in_groups_of(self, rows: usize) -> EventsWriter {
        EventsWriter { table: self.table.in_groups_of(rows), ..self }
    }
}

/// The value of a field, if the event has it; `text` holds what has to be put together.
fn value_of<'v>(event: &'v Event, field: FieldId, text: &'v mut String) -> Option<Value<'v>> {
    let bits = event.bits(field)?;
    match field.kind() {
        Kind::Int { .. } | Kind::Time | Kind::Money | Kind::YearMonth => {
            Some(Value::Int(bits as i64))
        }
        Kind::Float { .. } => Some(Value::Float(f64::from_bits(bits))),
        Kind::Bool => Some(Value::Bool(bits == 1)),
        Kind::Enum(_)
        | Kind::Country
        | Kind::Currency
        | Kind::Id
        | Kind::Text { .. }
        | Kind::Ip => event.text(field).map(Value::Text),
        Kind::Set(names) => {
            let held = names.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1);
            let held: Vec<&str> = held.map(|(_, name)| *name).collect();
            *text = held.join(",");
            Some(Value::Text(text))
        }
        Kind::Date => {
            const START: Date = date(1970, 1, 1);
            *text = START.checked_add((bits as i64).days()).ok()?.to_string();
            Some(Value::Text(text))
        }
    }
}

/// The columns of the truth, in their order.
const TRUTH_COLUMNS: [(&str, Type); 8] = [
    ("event_id", Type::Text),
    ("typology", Type::Text),
    ("vector", Type::Text),
    ("episode", Type::Int),
    ("actor", Type::Int),
    ("look_alike", Type::Text),
    ("stake_minor", Type::Int),
    ("loss_minor", Type::Int),
];

/// Writes the truth of a world as a table.
#[derive(Debug)]
pub(crate) struct TruthWriter {
    table: Table,
}

impl TruthWriter {
    /// Starts the table.
    pub(crate) fn create(path: &Path) -> Result<TruthWriter, Error> {
        Ok(TruthWriter { table: Table::create(path, TRUTH_COLUMNS)? })
    }

    /// Writes one row.
    pub(crate) fn put(&mut self, truth: &Truth) -> Result<(), Error> {
        let event_id = truth.event_id();
        // Both numbers are a shard and a count within it, far below 2^63.
        let (episode, actor) = (truth.episode() as i64, truth.actor() as i64);
        let cells = [
            Some(Value::Text(&event_id)),
            truth.typology().map(Value::Text),
            truth.vector().map(Value::Text),
            Some(Value::Int(episode)),
            Some(Value::Int(actor)),
            truth.look_alike().map(Value::Text),
            Some(Value::Int(truth.stake_fen())),
            Some(Value::Int(truth.loss_fen())),
        ];
        for (column, value) in cells.into_iter().enumerate() {
            if let Some(value) = value {
                self.table.put(column, value);
            }
        }
        self.table.end_row()
    }

    /// Writes the rest; the file waits for its name.
    pub(crate) fn finish(self) -> Result<Hashed, Error> {
        self.table.finish()
    }
}
