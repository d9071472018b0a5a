//! Tables of events read back: each row becomes the JSON of its event again.
//!
//! Whoever reads events wants them through one door, so a row is written as the JSON that it came
//! from, objects nested and enrolled factors as a list, and `Event::read` judges it like any other.
//! A file is known by its columns when it is opened: each must be a field that an event may carry,
//! of its type, and the envelope must be there; everything that does not fit is told at once. Row
//! groups are decoded one at a time, and a long one in parts, so memory does not grow with the
//! file.

use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use features::diagnostic::nearest;
use features::field::{self, FieldId, Kind, OBJECTS, Source, Types, ids};
use polars::prelude::{
    BooleanChunked, Column, DataFrame, DataType, FileMetadata, Float64Chunked, Int64Chunked,
    ParallelStrategy, ParquetReader, PolarsError, SerReader, StringChunked,
};

use super::events::{fields_of, type_of};
use super::told;
use crate::error::Error;
use crate::json;

/// Rows that are decoded at once.
const FRAME_ROWS: usize = 32 * 1024;

/// Rows that one thread turns into events before it takes others.
const PART_ROWS: usize = 256;

/// Faults of the columns that are told one by one.
const FAULTS_SHOWN: usize = 8;

/// A table of events that is being read.
pub(crate) struct EventsReader {
    path: PathBuf,
    size: u64,
    metadata: FileMetadata,
    plan: Arc<Plan>,
    /// Parts of row groups that are still to be decoded, the next one last.
    slices: Vec<(usize, Range<usize>)>,
    frame: Arc<Vec<Cells>>,
    /// Rows of the frame that have not been handed out.
    rest: Range<usize>,
    handed_out: usize,
}

impl std::fmt::Debug for EventsReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventsReader").field("path", &self.path).finish_non_exhaustive()
    }
}

impl EventsReader {
    /// Opens the file, reads its footer and looks at its columns.
    pub(crate) fn open(path: &Path) -> Result<EventsReader, Error> {
        let file = File::open(path).map_err(|source| Error::open(path, source))?;
        let size = file.metadata().map_err(|source| Error::open(path, source))?.len();
        let mut reader = ParquetReader::new(file);
        let failed = |error| Error::read(path, told(error));
        let schema = reader.schema().map_err(failed)?;
        let metadata = FileMetadata::clone(reader.get_metadata().map_err(failed)?);
        let columns: Vec<(&str, DataType)> = schema
            .iter()
            .map(|(name, field)| (name.as_str(), DataType::from_arrow_field(field)))
            .collect();
        let plan = Plan::of(&columns).map_err(|faults| {
            let shown = faults[..faults.len().min(FAULTS_SHOWN)].join("; ");
            let more = match faults.len().saturating_sub(FAULTS_SHOWN) {
                0 => String::new(),
                more => format!("; and {more} more"),
            };
            let wanted = "wanted a table of events as `gyr simulate` writes it";
            Error::form(path, None, format!("{shown}{more}; {wanted}"))
        })?;
        let groups = metadata.row_groups.iter().map(|group| group.num_rows()).enumerate();
        let mut slices: Vec<(usize, Range<usize>)> = groups
            .flat_map(|(group, rows)| {
                let starts = (0..rows).step_by(FRAME_ROWS);
                starts.map(move |start| (group, start..rows.min(start + FRAME_ROWS)))
            })
            .collect();
        slices.reverse();
        Ok(EventsReader {
            path: path.to_owned(),
            size,
            metadata,
            plan: Arc::new(plan),
            slices,
            frame: Arc::default(),
            rest: 0..0,
            handed_out: 0,
        })
    }

    /// The next rows; `None` behind the last.
    pub(crate) fn next(&mut self) -> Result<Option<Rows>, Error> {
        while self.rest.is_empty() {
            let Some((group, slice)) = self.slices.pop() else { return Ok(None) };
            self.rest = 0..slice.len();
            self.frame = self.load(group, slice).map(Arc::new).map_err(|error| {
                self.slices.clear();
                self.rest = 0..0;
                Error::read(&self.path, told(error))
            })?;
        }
        let end = self.rest.end.min(self.rest.start + PART_ROWS);
        let range = std::mem::replace(&mut self.rest.start, end)..end;
        let first_row = self.handed_out as u64 + 1;
        self.handed_out += range.len();
        let share = self.handed_out as f64 / self.metadata.num_rows.max(1) as f64;
        Ok(Some(Rows {
            plan: Arc::clone(&self.plan),
            frame: Arc::clone(&self.frame),
            range,
            first_row,
            position: (self.size as f64 * share) as u64,
        }))
    }

    fn load(&self, group: usize, slice: Range<usize>) -> Result<Vec<Cells>, PolarsError> {
        // A file of this row group alone: the reader would go through all groups before it.
        let group = self.metadata.row_groups[group].clone();
        let metadata = FileMetadata {
            num_rows: group.num_rows(),
            row_groups: vec![group],
            ..self.metadata.clone()
        };
        let mut reader = ParquetReader::new(File::open(&self.path)?)
            .read_parallel(ParallelStrategy::Columns)
            .with_slice(Some((slice.start, slice.len())))
            .set_rechunk(true);
        reader.set_metadata(Arc::new(metadata));
        let frame: DataFrame = reader.finish()?;
        if frame.height() != slice.len() {
            let message = format!("got {} rows, wanted {}", frame.height(), slice.len());
            return Err(PolarsError::ComputeError(message.into()));
        }
        frame.columns().iter().map(Cells::of).collect()
    }
}

/// A column of a frame.
#[derive(Debug)]
enum Cells {
    Int(Int64Chunked),
    Float(Float64Chunked),
    Bool(BooleanChunked),
    Text(StringChunked),
    /// Null throughout.
    Null,
}

impl Cells {
    fn of(column: &Column) -> Result<Cells, PolarsError> {
        if column.null_count() == column.len() {
            return Ok(Cells::Null);
        }
        match column.dtype() {
            DataType::Int64 => column.i64().cloned().map(Cells::Int),
            DataType::Float64 => column.f64().cloned().map(Cells::Float),
            DataType::Boolean => column.bool().cloned().map(Cells::Bool),
            _ => column.str().cloned().map(Cells::Text),
        }
    }
}

/// Some rows, to be turned into events in any thread.
#[derive(Debug)]
pub(crate) struct Rows {
    plan: Arc<Plan>,
    frame: Arc<Vec<Cells>>,
    range: Range<usize>,
    /// The number of the first of them in the file, from one.
    pub(crate) first_row: u64,
    /// Bytes of the file up to their end, by their share of the rows.
    pub(crate) position: u64,
}

impl Rows {
    /// Calls `each` with the number of each row and its event as JSON.
    pub(crate) fn for_each(&self, mut each: impl FnMut(u64, &[u8])) {
        let mut line = Vec::with_capacity(2_048);
        for (number, row) in (self.first_row..).zip(self.range.clone()) {
            line.clear();
            self.plan.write(&self.frame, row, &mut line);
            each(number, &line);
        }
    }
}

/// How a row becomes JSON: the top level, then each object.
#[derive(Debug)]
struct Plan {
    groups: Vec<Group>,
}

/// The members of one object; the first group is the top level.
#[derive(Debug)]
struct Group {
    object: Option<&'static str>,
    members: Vec<Member>,
    /// Enrolled factors: what each begins with, and its members.
    factors: Vec<(String, Vec<Member>)>,
}

#[derive(Debug)]
struct Member {
    /// The name in quotes and a colon.
    key: String,
    column: usize,
    form: Form,
}

/// How a cell is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// As what it is.
    Plain,
    /// As a list of the names between commas.
    List,
    /// As a number, but zero as null: an operator's answer that no change is known.
    Answer,
}

impl Member {
    fn new(name: &str, column: usize, field: FieldId) -> Member {
        let answers = [ids::LAST_SIM_CHANGE_MS, ids::LAST_PORT_MS, ids::LAST_DEVICE_CHANGE_MS];
        let form = match field.kind() {
            Kind::Set(_) => Form::List,
            _ if answers.contains(&field) => Form::Answer,
            _ => Form::Plain,
        };
        Member { key: format!("\"{name}\":"), column, form }
    }

    /// Writes the member and a comma, unless its cell is null.
    fn write(&self, frame: &[Cells], row: usize, out: &mut Vec<u8>) {
        let mark = out.len();
        out.extend_from_slice(self.key.as_bytes());
        let is_there = match &frame[self.column] {
            Cells::Int(cells) => cells.get(row).map(|number| match (self.form, number) {
                (Form::Answer, 0) => out.extend_from_slice(b"null"),
                _ => json::push_number(out, number),
            }),
            Cells::Float(cells) => cells.get(row).map(|number| push_float(out, number)),
            Cells::Bool(cells) => cells.get(row).map(|flag| json::push_number(out, flag)),
            Cells::Text(cells) => cells.get(row).map(|text| match self.form {
                Form::List => push_list(out, text),
                Form::Plain | Form::Answer => json::push_quoted(out, text),
            }),
            Cells::Null => None,
        };
        match is_there {
            Some(()) => out.push(b','),
            None => out.truncate(mark),
        }
    }
}

/// JSON has no words for what is not finite; as a text it is refused under the name of its field.
fn push_float(out: &mut Vec<u8>, number: f64) {
    if number.is_finite() {
        json::push_number(out, number);
    } else {
        json::push_quoted(out, &number.to_string());
    }
}

fn push_list(out: &mut Vec<u8>, names: &str) {
    out.push(b'[');
    for name in names.split(',').filter(|_| !names.is_empty()) {
        json::push_quoted(out, name);
        out.push(b',');
    }
    close(out, b']');
}

/// Ends what began, over the comma behind its last part.
fn close(out: &mut Vec<u8>, end: u8) {
    if out.last() == Some(&b',') {
        out.pop();
    }
    out.push(end);
}

impl Plan {
    /// The plan for a file with these columns.
    ///
    /// # Errors
    /// Everything that does not fit.
    fn of(columns: &[(&str, DataType)]) -> Result<Plan, Vec<String>> {
        let mut faults = Vec::new();
        let mut found: Vec<(FieldId, usize)> = Vec::new();
        for (at, (name, data_type)) in columns.iter().enumerate() {
            match column_field(name, data_type) {
                Ok(field) => found.push((field, at)),
                Err(fault) => faults.push(fault),
            }
        }
        let envelope = FieldId::all().filter(|id| id.field().required == Types::ANY);
        for field in envelope.filter(|id| found.iter().all(|(known, _)| known != id)) {
            faults.push(format!("there is no column {:?}", field.path()));
        }
        if faults.is_empty() { Ok(Plan::arranged(found)) } else { Err(faults) }
    }

    fn arranged(mut found: Vec<(FieldId, usize)>) -> Plan {
        // Files of other hands may have their columns in any order.
        found.sort_unstable();
        let objects = OBJECTS.iter().map(|object| Some(object.name));
        let mut groups: Vec<Group> = std::iter::once(None)
            .chain(objects)
            .map(|object| Group { object, members: Vec::new(), factors: Vec::new() })
            .collect();
        for (field, column) in found {
            let segments: Vec<&str> = field.path().split('.').collect();
            match segments[..] {
                ["factors", factor, name] => {
                    let begin = format!("{{\"factor\":\"{factor}\",");
                    let member = Member::new(name, column, field);
                    let group = groups.iter_mut().find(|group| group.object == Some("auth_ctx"));
                    let factors = &mut group.expect("an object of the table").factors;
                    match factors.last_mut().filter(|(known, _)| *known == begin) {
                        Some((_, members)) => members.push(member),
                        None => factors.push((begin, vec![member])),
                    }
                }
                [object, name] => {
                    let group = groups.iter_mut().find(|group| group.object == Some(object));
                    let group = group.expect("a dotted path lies in an object of the table");
                    group.members.push(Member::new(name, column, field));
                }
                _ => groups[0].members.push(Member::new(field.path(), column, field)),
            }
        }
        Plan { groups }
    }

    /// Writes a row as JSON.
    fn write(&self, frame: &[Cells], row: usize, out: &mut Vec<u8>) {
        out.push(b'{');
        for group in &self.groups {
            let mark = out.len();
            if let Some(object) = group.object {
                json::push_quoted(out, object);
                out.extend_from_slice(b":{");
            }
            let begin = out.len();
            for member in &group.members {
                member.write(frame, row, out);
            }
            write_factors(&group.factors, frame, row, out);
            if group.object.is_some() {
                if out.len() == begin {
                    out.truncate(mark);
                } else {
                    close(out, b'}');
                    out.push(b',');
                }
            }
        }
        close(out, b'}');
    }
}

/// Writes the list of enrolled factors and a comma, unless none is enrolled.
fn write_factors(
    factors: &[(String, Vec<Member>)],
    frame: &[Cells],
    row: usize,
    out: &mut Vec<u8>,
) {
    let mark = out.len();
    out.extend_from_slice(b"\"factors_enrolled\":[");
    let list = out.len();
    for (begin, members) in factors {
        let mark = out.len();
        out.extend_from_slice(begin.as_bytes());
        let factor = out.len();
        members.iter().for_each(|member| member.write(frame, row, out));
        if out.len() == factor {
            out.truncate(mark);
        } else {
            close(out, b'}');
            out.push(b',');
        }
    }
    if out.len() == list {
        out.truncate(mark);
    } else {
        close(out, b']');
        out.push(b',');
    }
}

/// The field that a column holds.
fn column_field(name: &str, data_type: &DataType) -> Result<FieldId, String> {
    let Some(id) = field::find(name) else {
        let known = fields_of(Types::ANY).map(FieldId::path);
        return Err(match nearest(name, known) {
            Some(near) => format!("column {name:?} is no field (did you mean {near:?}?)"),
            None => format!("column {name:?} is no field"),
        });
    };
    if id.field().source == Source::Derived {
        return Err(format!("column {name:?} is a field that reading an event computes"));
    }
    let wanted = type_of(id.kind()).data_type();
    // Writers that see only nulls may give such a column no type at all.
    if *data_type == wanted || *data_type == DataType::Null {
        return Ok(id);
    }
    Err(format!("column {name:?} is {data_type}, wanted {wanted}"))
}
