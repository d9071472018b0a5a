//! Lists as files, both ways.
//!
//! ```csv
//! value,reason,until,scope
//! 203.0.113.0/24,"data centre, seen in card testing",2027-06-30,card_link payment
//! 198.51.100.7,ticket 4711,,
//! ```
//!
//! Text in UTF-8, cells apart by commas and in double quotes where they hold one (a quote inside is
//! doubled), a header first, empty lines and lines that begin with `#` passed over. A column `value`
//! and any of `reason`, `source`, `who`, `from`, `until` and `scope`; further columns that an export
//! has (`tenant_id`, `hits`) are read over. A time is milliseconds or a day: from its beginning,
//! until its end. A scope is names of event types, apart by blanks. An empty cell says nothing.
//!
//! A file with a fault is refused as a whole, and all its faults are told.

use std::borrow::Cow;
use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::key::Key;
use super::{read_scope, write_scope};
use crate::diagnostic::{Diagnostic, Place, nearest};
use crate::event::days_since_1970;
use crate::field::Types;
use crate::language::ast::ListKind;
use crate::limits::{DAY_MS, LIST_ENTRIES_MAX, LIST_FAULTS_MAX, TIME_MAX_MS, TIME_MIN_MS};
use crate::pan::holds_card_number;

/// Diagnostics of list files: code and meaning.
pub const CODES: &[(&str, &str)] = &[
    (HEADER, "header that is missing or not understood"),
    (CELLS, "row with another number of cells than the header, or with an open quote"),
    (VALUE, "value that the kind of list does not take"),
    (CARD, "card number"),
    (TIME, "time that cannot be read, or an end that is not after the beginning"),
    (SCOPE, "scope that names what is no event type"),
    (TWICE, "value that stands twice"),
    (TOO_MANY, "more entries than a list may hold"),
    (LONG, "text that is too long or holds control characters"),
    (MORE, "more faults than are shown"),
    ("L011", "entry of a request that is not understood"),
];

const HEADER: &str = "L001";
const CELLS: &str = "L002";
const VALUE: &str = "L003";
const CARD: &str = "L004";
const TIME: &str = "L005";
const SCOPE: &str = "L006";
const TWICE: &str = "L007";
const TOO_MANY: &str = "L008";
const LONG: &str = "L009";
const MORE: &str = "L010";

const COLUMNS: [&str; 7] = ["value", "reason", "source", "who", "from", "until", "scope"];

/// Columns that an export has and nobody reads.
const READ_OVER: [&str; 2] = ["tenant_id", "hits"];

/// Bytes of a text beside the value, as of the fields that carry it.
const REASON_BYTES_MAX: usize = 128;
const SOURCE_BYTES_MAX: usize = 64;

/// One entry as a file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The value, network, range, prefix or domain.
    pub value: String,
    /// Why; may be empty.
    pub reason: String,
    /// Where it comes from; may be empty.
    pub source: String,
    /// Who put it there; may be empty.
    pub who: String,
    /// From when, in milliseconds; `None` from ever.
    pub from_ms: Option<i64>,
    /// Until when, in milliseconds; `None` for ever.
    pub until_ms: Option<i64>,
    /// Types of events it counts for.
    pub scope: Types,
}

impl Row {
    /// An entry that is nothing but a value.
    pub fn of(value: &str) -> Row {
        Row {
            value: value.to_owned(),
            reason: String::new(),
            source: String::new(),
            who: String::new(),
            from_ms: None,
            until_ms: None,
            scope: Types::ANY,
        }
    }
}

/// The faults of one file, as many as are shown.
#[derive(Debug, Default)]
struct Faults {
    list: Vec<Diagnostic>,
    more: u64,
}

impl Faults {
    fn at(&mut self, row: u64, code: &'static str, message: impl Into<String>) {
        self.add(Diagnostic::error(code, Place::Row(row), message));
    }

    fn add(&mut self, fault: Diagnostic) {
        if self.list.len() < LIST_FAULTS_MAX {
            self.list.push(fault);
        } else {
            self.more += 1;
        }
    }
}

/// The entries of a file for a list of this kind, each value in its canonical form.
///
/// # Errors
/// All faults with their rows, at most [`LIST_FAULTS_MAX`] and one that counts the rest.
pub fn read_rows(kind: ListKind, text: &str) -> Result<Vec<Row>, Vec<Diagnostic>> {
    let mut faults = Faults::default();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = (1..).zip(text.lines().map(str::trim));
    let mut lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let rows = match lines.next() {
        None => {
            let message = "the file is empty, wanted a header such as `value,reason,until`";
            faults.add(Diagnostic::error(HEADER, Place::Whole, message));
            Vec::new()
        }
        // Without a sound header, nothing that stands below it can be understood.
        Some((row, header)) => match columns(row, header, &mut faults) {
            Some(columns) => all(kind, &columns, lines, &mut faults),
            None => Vec::new(),
        },
    };
    if faults.more != 0 {
        let message = format!("{} more faults are not shown", faults.more);
        faults.list.push(Diagnostic::error(MORE, Place::Whole, message));
    }
    if faults.list.is_empty() { Ok(rows) } else { Err(faults.list) }
}

/// The name of each column; `None` when the header has a fault.
fn columns<'a>(row: u64, header: &'a str, faults: &mut Faults) -> Option<Vec<Cow<'a, str>>> {
    let before = faults.list.len();
    let Some(columns) = cells(header) else {
        faults.at(row, HEADER, "a quote is open");
        return None;
    };
    for (place, name) in columns.iter().enumerate() {
        let known = || COLUMNS.into_iter().chain(READ_OVER);
        if !known().any(|known| known == name) {
            let fault = Diagnostic::error(HEADER, Place::Row(row), "unknown column");
            faults.add(match nearest(name, known()) {
                Some(near) => fault.help(format!("did you mean `{near}`?")),
                None => fault.help(format!("the columns are {}", COLUMNS.join(", "))),
            });
        } else if columns[..place].contains(name) {
            faults.at(row, HEADER, format!("the column `{name}` stands twice"));
        }
    }
    if !columns.iter().any(|name| name == "value") {
        faults.at(row, HEADER, "wanted a column `value`");
    }
    (faults.list.len() == before).then_some(columns)
}

fn all<'a>(
    kind: ListKind,
    columns: &[Cow<'_, str>],
    lines: impl Iterator<Item = (u64, &'a str)>,
    faults: &mut Faults,
) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut seen: HashMap<String, u64, FixedState> = HashMap::default();
    for (number, line) in lines {
        let Some(row) = one(kind, columns, (number, line), faults) else { continue };
        if let Some(first) = seen.insert(row.value.clone(), number) {
            faults.at(number, TWICE, format!("the value stands in row {first} already"));
        }
        rows.push(row);
        if LIST_ENTRIES_MAX < rows.len() {
            faults.at(number, TOO_MANY, format!("more than {LIST_ENTRIES_MAX} entries"));
            break;
        }
    }
    rows
}

/// Reads one row; all that is wrong with it is told, and then it is left out.
fn one(
    kind: ListKind,
    columns: &[Cow<'_, str>],
    (number, line): (u64, &str),
    faults: &mut Faults,
) -> Option<Row> {
    let Some(cells) = cells(line) else {
        faults.at(number, CELLS, "a quote is open");
        return None;
    };
    if cells.len() != columns.len() {
        let message =
            format!("got {} cells, wanted the {} of the header", cells.len(), columns.len());
        faults.at(number, CELLS, message);
        return None;
    }
    let before = faults.list.len() as u64 + faults.more;
    let cell = |name: &str| {
        let place = columns.iter().position(|column| column == name);
        place.map_or("", |place| &*cells[place])
    };
    // A card range cannot hold a card number, however its two sides read together.
    let is_card = |text: &str| kind != ListKind::Bin && holds_card_number(text);
    let mut value = String::new();
    match Key::read(kind, cell("value")) {
        // What was got is not repeated: it may be a card number in disguise.
        Err(wanted) => faults.at(number, VALUE, format!("value: wanted {wanted}")),
        Ok(_) if is_card(cell("value")) => {
            faults.at(number, CARD, "value: a card number; send a token instead");
        }
        Ok(key) => value = key.value,
    }
    let mut text = |name: &str, most: usize| {
        let text = cell(name);
        if most < text.len() || text.contains(char::is_control) {
            let message = format!("{name}: wanted up to {most} bytes without control characters");
            faults.at(number, LONG, message);
        }
        if holds_card_number(text) {
            faults.at(number, CARD, format!("{name}: a card number"));
        }
        text.to_owned()
    };
    let reason = text("reason", REASON_BYTES_MAX);
    let (source, who) = (text("source", SOURCE_BYTES_MAX), text("who", SOURCE_BYTES_MAX));
    let mut time = |name: &str, of_day: i64| match read_time(cell(name), of_day) {
        Ok(time) => time,
        Err(()) => {
            let message =
                format!("{name}: wanted milliseconds since 1970 or a day such as 2027-06-30");
            faults.at(number, TIME, message);
            None
        }
    };
    let (from_ms, until_ms) = (time("from", 0), time("until", DAY_MS));
    if let (Some(from), Some(until)) = (from_ms, until_ms)
        && until <= from
    {
        faults.at(number, TIME, "until: ends before it begins");
    }
    let scope = read_scope(cell("scope"));
    if scope.is_none() {
        faults.at(number, SCOPE, "scope: wanted names of event types, apart by blanks");
    }
    let is_sound = faults.list.len() as u64 + faults.more == before;
    let row = Row { value, reason, source, who, from_ms, until_ms, scope: scope? };
    is_sound.then_some(row)
}

/// A time of a file: milliseconds, or so much into a day; `None` for an empty cell.
fn read_time(cell: &str, of_day: i64) -> Result<Option<i64>, ()> {
    if cell.is_empty() {
        return Ok(None);
    }
    let day = || days_since_1970(cell).map(|days| days * DAY_MS + of_day);
    let time = cell.parse::<i64>().ok().or_else(day);
    time.filter(|time| (TIME_MIN_MS..=TIME_MAX_MS).contains(time)).map(Some).ok_or(())
}

/// The cells of a line; `None` when a quote is open or stands where none may.
fn cells(line: &str) -> Option<Vec<Cow<'_, str>>> {
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_start();
        if let Some(quoted) = rest.strip_prefix('"') {
            let (cell, behind) = quoted_cell(quoted)?;
            cells.push(cell);
            rest = behind.trim_start();
            match rest.strip_prefix(',') {
                Some(next) => rest = next,
                None => return rest.is_empty().then_some(cells),
            }
        } else {
            match rest.split_once(',') {
                Some((cell, next)) => {
                    cells.push(Cow::Borrowed(cell.trim_end()));
                    rest = next;
                }
                None => {
                    cells.push(Cow::Borrowed(rest.trim_end()));
                    return Some(cells);
                }
            }
        }
    }
}

/// A cell from behind its first quote, and what stands behind its last one.
fn quoted_cell(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut end = text.find('"')?;
    let mut is_plain = true;
    while text[end + 1..].starts_with('"') {
        is_plain = false;
        end = end + 2 + text[end + 2..].find('"')?;
    }
    let cell = &text[..end];
    let cell = if is_plain { Cow::Borrowed(cell) } else { Cow::Owned(cell.replace("\"\"", "\"")) };
    Some((cell, &text[end + 1..]))
}

/// Writes the header of an export.
pub fn write_header(out: &mut String) {
    out.push_str(&COLUMNS.join(","));
    READ_OVER.iter().for_each(|name| {
        out.push(',');
        out.push_str(name);
    });
    out.push('\n');
}

/// Writes an entry of an export, which [`read_rows`] reads again.
pub fn write_row(row: &Row, tenant: Option<u32>, hits: u64, out: &mut String) {
    let time = |time: Option<i64>| time.map_or_else(String::new, |time| time.to_string());
    let cells = [
        quoted(&row.value),
        quoted(&row.reason),
        quoted(&row.source),
        quoted(&row.who),
        Cow::Owned(time(row.from_ms)),
        Cow::Owned(time(row.until_ms)),
        Cow::Owned(write_scope(row.scope)),
        Cow::Owned(tenant.map_or_else(String::new, |tenant| tenant.to_string())),
        Cow::Owned(hits.to_string()),
    ];
    out.push_str(&cells.join(","));
    out.push('\n');
}

/// A cell as it is written: in quotes where it would be read otherwise.
fn quoted(cell: &str) -> Cow<'_, str> {
    let is_odd = cell.contains(['"', ',']) || cell.starts_with('#') || cell.trim() != cell;
    if is_odd {
        Cow::Owned(format!("\"{}\"", cell.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(cell)
    }
}
