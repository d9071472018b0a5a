//! The check of a column map: from the draft that TOML gives to a map that holds.
//!
//! The draft is walked once; every fault becomes a diagnostic with its place in the text, and the
//! walk goes on. What the sources of single fields may say is checked in `source`; here are the map
//! as a whole, its kinds of rows, what each event type requires, and the label.

use std::ops::Range;

use features::diagnostic::{Diagnostic, Place, nearest};
use features::field::{self, EventType, FIELDS, FieldId, OBJECTS, ids};
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::{Column, ColumnMap, Form, Known, LabelMap, Mapped, Source, Variant};
use crate::cell::{Finer, parse_duration, parse_fixed};

const MAP_KEYS: [&str; 8] =
    ["name", "about", "event_type", "base_rate", "usd_rate", "fields", "when", "label"];
const CHOICE_KEYS: [&str; 2] = ["column", "values"];
const LABEL_KEYS: [&str; 7] = ["column", "fraud", "legit", "source", "delay", "known", "typology"];

type Key<'t> = Spanned<DeString<'t>>;
pub(super) type Value<'t> = Spanned<DeValue<'t>>;

/// Reads a map; all faults at once.
pub(super) fn check(text: &str) -> Result<ColumnMap, Vec<Diagnostic>> {
    let (root, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let told = |error: &toml::de::Error| {
            let span = error.span().unwrap_or(0..0);
            fault("D001", &span, format!("not TOML: {}", error.message()))
        };
        return Err(errors.iter().map(told).collect());
    }
    let mut check = Check { faults: Vec::new(), columns: Vec::new() };
    let map = check.map(root.get_ref(), text);
    let mut faults = check.faults;
    faults.sort_by_key(|fault| match fault.place {
        Place::Text { start, .. } => start,
        Place::Field(_) | Place::Row(_) | Place::Whole => 0,
    });
    match map {
        Some(map) if faults.is_empty() => Ok(map),
        Some(_) | None => Err(faults),
    }
}

pub(super) fn fault(code: &'static str, span: &Range<usize>, message: String) -> Diagnostic {
    // A map is a text of a few kilobytes; a place beyond 32 bits could not be pointed at anyway.
    let place = Place::Text { start: span.start as u32, end: span.end as u32 };
    Diagnostic::error(code, place, message)
}

pub(super) fn suggest(
    fault: Diagnostic,
    name: &str,
    known: impl IntoIterator<Item = &'static str>,
) -> Diagnostic {
    match nearest(name, known) {
        Some(near) => fault.help(format!("did you mean {near:?}?")),
        None => fault,
    }
}

/// The walk: what is wrong so far, and the columns named so far.
pub(super) struct Check {
    pub(super) faults: Vec<Diagnostic>,
    columns: Vec<Column>,
}

/// A field of the event that the map names, not yet checked for an event type.
struct Entry {
    span: Range<usize>,
    field: FieldId,
    /// Nothing where it is at fault: then the field is not missing as well.
    source: Option<Source>,
}

impl Check {
    pub(super) fn tell(
        &mut self,
        code: &'static str,
        span: &Range<usize>,
        message: impl Into<String>,
    ) {
        self.faults.push(fault(code, span, message.into()));
    }

    fn map(&mut self, root: &DeTable<'_>, text: &str) -> Option<ColumnMap> {
        self.unknown_keys(root, &MAP_KEYS);
        let whole = 0..0;
        let name = self.text(root, "name", &whole);
        let about = self.text(root, "about", &whole);
        let common = match self.table(root, "fields", &whole) {
            Some(table) => self.entries(table),
            None => Vec::new(),
        };
        let base_rate_e9 = self.rate(root, "base_rate");
        let usd_rate_e9 = self.rate(root, "usd_rate");
        let rated = [(base_rate_e9, ids::BASE_MINOR), (usd_rate_e9, ids::USD_MINOR)];
        let mut own = self.own_entries(root);
        for entry in common.iter().chain(own.iter().flat_map(|(_, entries)| entries)) {
            if rated.iter().any(|(rate, field)| rate.is_some() && *field == entry.field) {
                let path = entry.field.path();
                self.tell("D010", &entry.span, format!("{path} is given here and by a rate"));
            }
        }
        let (chooser, kinds) = self.event_types(root)?;
        let mut variants = Vec::with_capacity(kinds.len());
        for (when, event_type, span) in kinds {
            let at = own.iter().position(|(key, _)| *key.get_ref() == when.as_str());
            let entries = at.map(|at| own.swap_remove(at).1).unwrap_or_default();
            let fields = self.variant(event_type, &common, entries, &span);
            variants.push(Variant { when, event_type, fields });
        }
        for (key, _) in &own {
            let fault = fault(
                "D006",
                &key.span(),
                format!("no row is {:?}: `event_type` does not list it", key.get_ref()),
            );
            self.faults.push(
                match nearest(key.get_ref(), variants.iter().map(|v| v.when.as_str())) {
                    Some(near) => fault.help(format!("did you mean {near:?}?")),
                    None => fault,
                },
            );
        }
        let label = match root.get("label") {
            Some(value) => Some(self.label(value)?),
            None => None,
        };
        let columns = std::mem::take(&mut self.columns);
        let (name, about, text) = (name?, about?, text.to_owned());
        Some(ColumnMap {
            name,
            about,
            text,
            columns,
            chooser,
            variants,
            base_rate_e9,
            usd_rate_e9,
            label,
        })
    }

    /// The fields that only rows of one kind have: `[when.VALUE]`.
    fn own_entries<'t>(&mut self, root: &'t DeTable<'t>) -> Vec<(&'t Key<'t>, Vec<Entry>)> {
        let Some(when) = root.get("when") else { return Vec::new() };
        let Some(table) = when.get_ref().as_table() else {
            self.tell("D004", &when.span(), "`when` is a table for each value of a column");
            return Vec::new();
        };
        let mut own = Vec::with_capacity(table.len());
        for (key, value) in table {
            match value.get_ref().as_table() {
                Some(fields) => own.push((key, self.entries(fields))),
                None => self.tell("D004", &value.span(), "a table of event fields is wanted here"),
            }
        }
        own
    }

    /// The event types, each with the value that chooses it and the place that says so.
    #[expect(clippy::type_complexity, reason = "three plain things that one caller takes apart")]
    fn event_types(
        &mut self,
        root: &DeTable<'_>,
    ) -> Option<(Option<usize>, Vec<(String, EventType, Range<usize>)>)> {
        let Some(value) = root.get("event_type") else {
            self.tell("D003", &(0..0), "`event_type` is missing: a name, or a column and values");
            return None;
        };
        if let Some(name) = value.get_ref().as_str() {
            let event_type = self.event_type(name, &value.span())?;
            return Some((None, vec![(String::new(), event_type, value.span())]));
        }
        let Some(table) = value.get_ref().as_table() else {
            self.tell("D004", &value.span(), "an event type is wanted, or a column and values");
            return None;
        };
        self.unknown_keys(table, &CHOICE_KEYS);
        let column = self.column(table, &value.span());
        let values = self.table(table, "values", &value.span())?;
        let mut kinds = Vec::with_capacity(values.len());
        for (key, value) in values {
            let Some(name) = value.get_ref().as_str() else {
                self.tell("D004", &value.span(), "an event type is wanted, in quotes");
                continue;
            };
            if let Some(event_type) = self.event_type(name, &value.span()) {
                kinds.push((key.get_ref().to_string(), event_type, value.span()));
            }
        }
        Some((Some(column?), kinds))
    }

    fn event_type(&mut self, name: &str, span: &Range<usize>) -> Option<EventType> {
        let event_type = EventType::parse(name);
        if event_type.is_none() {
            let fault = fault("D006", span, format!("unknown event type {name:?}"));
            self.faults.push(suggest(fault, name, EventType::NAMES));
        }
        event_type
    }

    /// All fields of one section, nested objects laid flat.
    fn entries(&mut self, table: &DeTable<'_>) -> Vec<Entry> {
        let mut entries = Vec::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            match value.get_ref().as_table() {
                Some(members) if is_object(name, members) => {
                    for (member, value) in members {
                        let path = format!("{name}.{}", member.get_ref());
                        entries.extend(self.entry(&path, &member.span(), value));
                    }
                }
                Some(_) | None => entries.extend(self.entry(name, &key.span(), value)),
            }
        }
        entries
    }

    fn entry(&mut self, path: &str, span: &Range<usize>, value: &Value<'_>) -> Option<Entry> {
        let Some(field) = field::find(path) else {
            let fault = fault("D005", span, format!("unknown event field {path:?}"));
            let known = FIELDS.iter().map(|field| field.path);
            self.faults.push(suggest(fault, path, known));
            return None;
        };
        if field.field().source != field::Source::Given || field == ids::EVENT_TYPE {
            self.tell("D005", span, format!("{path} follows from others and is not mapped"));
            return None;
        }
        let source = self.source(field, value);
        Some(Entry { span: span.clone(), field, source })
    }

    /// The fields of one kind of row: those of all rows and its own, in the order of writing.
    fn variant(
        &mut self,
        event_type: EventType,
        common: &[Entry],
        own: Vec<Entry>,
        span: &Range<usize>,
    ) -> Vec<Mapped> {
        let mut fields: Vec<Mapped> = Vec::with_capacity(common.len() + own.len());
        let mut named: Vec<FieldId> = Vec::with_capacity(fields.capacity());
        for Entry { span, field, source } in common.iter().chain(&own) {
            let path = field.path();
            if !field.field().on.contains(event_type) {
                self.tell(
                    "D008",
                    span,
                    format!("{path} does not stand on a {}", event_type.name()),
                );
            }
            if named.contains(field) {
                self.tell("D010", span, format!("{path} is given twice"));
            }
            named.push(*field);
            fields.extend(source.clone().map(|source| Mapped { field: *field, source }));
        }
        let missing = missing(event_type, &named, &fields);
        if !missing.is_empty() {
            let missing: Vec<&str> = missing.into_iter().map(FieldId::path).collect();
            let (name, missing) = (event_type.name(), missing.join(", "));
            self.tell("D009", span, format!("a {name} needs {missing}, not mapped here"));
        }
        fields.sort_by_key(|mapped| {
            let object = object_of(mapped.field.path());
            (object.map(|name| OBJECTS.iter().position(|known| known.name == name)), mapped.field)
        });
        fields
    }

    fn label(&mut self, value: &Value<'_>) -> Option<LabelMap> {
        let span = value.span();
        let Some(table) = value.get_ref().as_table() else {
            self.tell("D004", &span, "`label` is a table");
            return None;
        };
        self.unknown_keys(table, &LABEL_KEYS);
        let column = self.column(table, &span);
        let fraud = self.texts(table, "fraud", &span);
        let legit = self.texts(table, "legit", &span);
        if let (Some(fraud), Some(legit)) = (&fraud, &legit)
            && let Some(both) = fraud.iter().find(|text| legit.contains(text))
        {
            self.tell("D010", &span, format!("{both:?} means both fraud and legit"));
        }
        let source = match table.get("source") {
            Some(value) => self.constant(ids::SOURCE, value),
            None => {
                self.tell("D003", &span, "`source` is missing: who said so, such as \"simulator\"");
                None
            }
        };
        let known = self.known(table, &span);
        let typology = match table.get("typology") {
            Some(value) => Some(self.source(ids::TYPOLOGY, value)?),
            None => None,
        };
        let (column, fraud, legit, source) = (column?, fraud?, legit?, source?);
        Some(LabelMap { column, fraud, legit, source, known: known?, typology })
    }

    fn known(&mut self, table: &DeTable<'_>, span: &Range<usize>) -> Option<Known> {
        match (table.get("delay"), table.get("known")) {
            (Some(delay), None) => {
                let text = self.as_text("delay", delay)?;
                let delay_ms = parse_duration(&text);
                if delay_ms.is_none() {
                    let message = "`delay` is a length of time such as \"7d\" or \"0d\"";
                    self.tell("D004", &delay.span(), message);
                }
                delay_ms.map(|delay_ms| Known::After { delay_ms })
            }
            (None, Some(known)) => {
                let Source::Cell { column, form: Form::Time(form) } =
                    self.source(ids::KNOWN_TIME_MS, known)?
                else {
                    self.tell("D004", &known.span(), "`known` is a column with its time form");
                    return None;
                };
                Some(Known::Cell { column, form })
            }
            (Some(_), Some(known)) => {
                self.tell("D010", &known.span(), "`delay` and `known` are given, one is wanted");
                None
            }
            (None, None) => {
                self.tell("D003", span, "`delay` or `known` is missing: when the truth was known");
                None
            }
        }
    }

    fn rate(&mut self, root: &DeTable<'_>, key: &str) -> Option<i64> {
        let value = root.get(key)?;
        let number = match value.get_ref() {
            DeValue::Float(number) => Some(number.as_str().to_owned()),
            DeValue::Integer(number) => Some(number.as_str().to_owned()),
            DeValue::String(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => None,
        };
        let rate = number.and_then(|text| parse_fixed(&text, 9, Finer::Refused));
        let rate = rate.filter(|rate| 0 < *rate);
        if rate.is_none() {
            let message = format!("`{key}` is a number above 0 with at most nine decimal places");
            self.tell("D004", &value.span(), message);
        }
        rate
    }

    /// The column a source names, remembered once for all sources that name it.
    pub(super) fn column(&mut self, table: &DeTable<'_>, span: &Range<usize>) -> Option<usize> {
        let Some(value) = table.get("column") else {
            self.tell("D003", span, "`column` is missing");
            return None;
        };
        let name = self.as_text("column", value)?;
        if let Some(at) = self.columns.iter().position(|column| column.name == name) {
            return Some(at);
        }
        let span = value.span();
        self.columns.push(Column { name, start: span.start as u32, end: span.end as u32 });
        Some(self.columns.len() - 1)
    }

    pub(super) fn unknown_keys(&mut self, table: &DeTable<'_>, known: &'static [&'static str]) {
        for (key, _) in table {
            let name = key.get_ref().as_ref();
            if !known.contains(&name) {
                let fault = fault("D002", &key.span(), format!("unknown key {name:?}"));
                self.faults.push(suggest(fault, name, known.iter().copied()));
            }
        }
    }

    pub(super) fn text(
        &mut self,
        table: &DeTable<'_>,
        key: &str,
        span: &Range<usize>,
    ) -> Option<String> {
        match table.get(key) {
            Some(value) => self.as_text(key, value),
            None => {
                self.tell("D003", span, format!("`{key}` is missing"));
                None
            }
        }
    }

    fn texts(
        &mut self,
        table: &DeTable<'_>,
        key: &str,
        span: &Range<usize>,
    ) -> Option<Vec<String>> {
        let place = table.get(key).map_or(span.clone(), Spanned::span);
        let list = table.get(key).and_then(|value| value.get_ref().as_array());
        let texts = list.and_then(|list| {
            let texts = list.iter().map(|item| item.get_ref().as_str().map(str::to_owned));
            texts.collect::<Option<Vec<String>>>()
        });
        let texts = texts.filter(|texts| !texts.is_empty());
        if texts.is_none() {
            self.tell("D004", &place, format!("`{key}` is a list of cell texts in quotes"));
        }
        texts
    }

    fn table<'t>(
        &mut self,
        table: &'t DeTable<'t>,
        key: &str,
        span: &Range<usize>,
    ) -> Option<&'t DeTable<'t>> {
        let found = table.get(key).and_then(|value| value.get_ref().as_table());
        if found.is_none() {
            let place = table.get(key).map_or(span.clone(), Spanned::span);
            self.tell("D003", &place, format!("the table `{key}` is missing"));
        }
        found
    }

    pub(super) fn as_text(&mut self, key: &str, value: &Value<'_>) -> Option<String> {
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.tell("D004", &value.span(), format!("`{key}` is a text in quotes"));
        }
        text.map(str::to_owned)
    }

    pub(super) fn one_of<'k>(
        &mut self,
        key: &str,
        value: &Value<'_>,
        known: &[&'k str],
    ) -> Option<&'k str> {
        let got = value.get_ref().as_str().unwrap_or_default();
        let found = known.iter().copied().find(|name| *name == got);
        if found.is_none() {
            let wanted: Vec<String> = known.iter().map(|name| format!("{name:?}")).collect();
            self.tell("D004", &value.span(), format!("`{key}` is {}", wanted.join(" or ")));
        }
        found
    }
}

/// Whether a key opens a nested object of the event and is no field of its own.
fn is_object(name: &str, members: &DeTable<'_>) -> bool {
    let is_source = members.contains_key("column") || members.contains_key("row_number");
    !is_source && FIELDS.iter().any(|field| object_of(field.path) == Some(name))
}

fn object_of(path: &str) -> Option<&str> {
    path.split_once('.').map(|(object, _)| object)
}

/// Fields that the event type requires, or that an amount needs for its currency, and that are not
/// named.
fn missing(event_type: EventType, named: &[FieldId], fields: &[Mapped]) -> Vec<FieldId> {
    let is_required = |field: &field::Field| {
        let is_meant = field.source == field::Source::Given && field.path != "event_type";
        let Some(name) = object_of(field.path) else { return is_meant };
        let object = OBJECTS.iter().find(|object| object.name == name);
        // Fields of an object are required where the object is, or where it was begun.
        let is_there = named.iter().any(|other| object_of(other.path()) == Some(name))
            || object.is_some_and(|object| object.required.contains(event_type));
        is_meant && is_there
    };
    let required = FieldId::all().filter(|id| {
        let field = id.field();
        field.required.contains(event_type) && is_required(field)
    });
    let currencies = fields.iter().filter_map(|mapped| match &mapped.source {
        Source::Cell { form: Form::Major { currency, .. }, .. } => *currency,
        Source::Cell { .. } | Source::Constant(_) | Source::RowNumber { .. } => None,
    });
    let mut missing: Vec<FieldId> = required.chain(currencies).collect();
    missing.retain(|id| !named.contains(id));
    missing.sort();
    missing.dedup();
    missing
}
