//! The check of a column map: from the draft that TOML gives to a map that holds.
//!
//! The draft is walked once; every fault becomes a diagnostic with its place in the text, and the
//! walk goes on. Which options a source may take follows from the kind of the event field, so a
//! field that is added to the table of events can be mapped without a change here.

use std::ops::Range;

use features::diagnostic::{Diagnostic, Place, nearest};
use features::field::{self, EventType, FIELDS, FieldId, Kind, OBJECTS, ids};
use features::money::Currency;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::{
    Column, ColumnMap, Form, Known, LabelMap, Mapped, Negative, Otherwise, Source, Variant,
};
use crate::cell::{Finer, TimeForm, parse_duration, parse_fixed, parse_iso};
use crate::json;

const MAP_KEYS: [&str; 8] =
    ["name", "about", "event_type", "base_rate", "usd_rate", "fields", "when", "label"];
const SOURCE_KEYS: [&str; 13] = [
    "column", "row_number", "prefix", "token", "first", "last", "values", "otherwise", "unit",
    "negative", "time", "start", "month",
];
const CHOICE_KEYS: [&str; 2] = ["column", "values"];
const LABEL_KEYS: [&str; 7] = ["column", "fraud", "legit", "source", "delay", "known", "typology"];

type Key<'t> = Spanned<DeString<'t>>;
type Value<'t> = Spanned<DeValue<'t>>;

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

fn fault(code: &'static str, span: &Range<usize>, message: String) -> Diagnostic {
    // A map is a text of a few kilobytes; a place beyond 32 bits could not be pointed at anyway.
    let place = Place::Text { start: span.start as u32, end: span.end as u32 };
    Diagnostic::error(code, place, message)
}

fn suggest(fault: Diagnostic, name: &str, known: impl IntoIterator<Item = &'static str>) -> Diagnostic {
    match nearest(name, known) {
        Some(near) => fault.help(format!("did you mean {near:?}?")),
        None => fault,
    }
}

struct Check {
    faults: Vec<Diagnostic>,
    columns: Vec<Column>,
}

/// A field of the event that the map names, with its source, not yet checked for an event type.
struct Entry {
    span: Range<usize>,
    mapped: Mapped,
}

impl Check {
    fn tell(&mut self, code: &'static str, span: &Range<usize>, message: impl Into<String>) {
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
            if rated.iter().any(|(rate, field)| rate.is_some() && *field == entry.mapped.field) {
                let path = entry.mapped.field.path();
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
            self.faults.push(match nearest(key.get_ref(), variants.iter().map(|v| v.when.as_str())) {
                Some(near) => fault.help(format!("did you mean {near:?}?")),
                None => fault,
            });
        }
        let label = match root.get("label") {
            Some(value) => Some(self.label(value)?),
            None => None,
        };
        let columns = std::mem::take(&mut self.columns);
        let (name, about, text) = (name?, about?, text.to_owned());
        Some(ColumnMap {
            name, about, text, columns, chooser, variants, base_rate_e9, usd_rate_e9, label,
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
        let is_own = [ids::EVENT_TYPE, ids::RECEIVED_TIME_MS].contains(&field);
        if field.field().source != field::Source::Given || is_own {
            self.tell("D005", span, format!("{path} is not given by a map, it follows from others"));
            return None;
        }
        let source = self.source(field, value)?;
        Some(Entry { span: span.clone(), mapped: Mapped { field, source } })
    }

    fn source(&mut self, field: FieldId, value: &Value<'_>) -> Option<Source> {
        let Some(table) = value.get_ref().as_table() else {
            return self.constant(field, value).map(Source::Constant);
        };
        self.unknown_keys(table, &SOURCE_KEYS);
        if let Some(prefix) = table.get("row_number") {
            let text = self.as_text("row_number", prefix)?;
            if 1 < table.len() {
                self.tell("D008", &value.span(), "`row_number` stands alone, its text is a prefix");
            }
            let is_number = matches!(field.kind(), Kind::Int { .. });
            if !is_number && field.kind() != Kind::Id || is_number && !text.is_empty() {
                let message = format!("{} takes no row number of this form", field.path());
                self.tell("D008", &prefix.span(), message);
            }
            return Some(Source::RowNumber { prefix: text });
        }
        let column = self.column(table, &value.span());
        let form = self.form(field, table, &value.span());
        Some(Source::Cell { column: column?, form: form? })
    }

    /// The form of a cell, which the kind of the field and the options decide.
    fn form(&mut self, field: FieldId, table: &DeTable<'_>, span: &Range<usize>) -> Option<Form> {
        let kind = field.kind();
        self.unfit_options(field, table);
        if let Some(values) = table.get("values") {
            return self.values(field, values, table);
        }
        if let Some(otherwise) = table.get("otherwise") {
            self.tell("D008", &otherwise.span(), "`otherwise` goes with `values`");
        }
        match kind {
            Kind::Money => self.money(field, table, span),
            Kind::Time => self.time(table, span).map(Form::Time),
            Kind::Id | Kind::Text { .. } => self.text_form(table),
            Kind::YearMonth if table.contains_key("month") => {
                let month = table.get("month")?;
                self.one_of("month", month, &["MM/YY"]).map(|_| Form::Month)
            }
            Kind::Bool
            | Kind::Int { .. }
            | Kind::Float { .. }
            | Kind::Enum(_)
            | Kind::Set(_)
            | Kind::Country
            | Kind::Currency
            | Kind::Ip
            | Kind::Date
            | Kind::YearMonth => Some(plain(kind)),
        }
    }

    fn unfit_options(&mut self, field: FieldId, table: &DeTable<'_>) {
        let fit: &[&str] = match field.kind() {
            Kind::Id | Kind::Text { .. } => {
                &["prefix", "token", "first", "last", "values", "otherwise"]
            }
            Kind::Bool | Kind::Int { .. } | Kind::Enum(_) | Kind::Country | Kind::Currency => {
                &["values", "otherwise"]
            }
            Kind::Money => &["unit", "negative"],
            Kind::Time => &["time", "start"],
            Kind::YearMonth => &["month"],
            Kind::Float { .. } | Kind::Set(_) | Kind::Ip | Kind::Date => &[],
        };
        for (key, _) in table {
            let name = key.get_ref().as_ref();
            if SOURCE_KEYS[2..].contains(&name) && !fit.contains(&name) {
                let wanted = match fit {
                    [] => "it takes no options".to_owned(),
                    fit => format!("it takes {}", fit.join(", ")),
                };
                let message = format!("`{name}` does not fit {}; {wanted}", field.path());
                self.tell("D008", &key.span(), message);
            }
        }
    }

    fn values(&mut self, field: FieldId, values: &Value<'_>, options: &DeTable<'_>) -> Option<Form> {
        let Some(table) = values.get_ref().as_table() else {
            self.tell("D004", &values.span(), "a table of cell text to value is wanted");
            return None;
        };
        for other in ["prefix", "token", "first", "last"] {
            if let Some(option) = options.get(other) {
                self.tell("D008", &option.span(), format!("`{other}` does not go with `values`"));
            }
        }
        let mut known = Vec::with_capacity(table.len());
        for (key, value) in table {
            if let Some(json) = self.constant(field, value) {
                known.push((key.get_ref().to_string(), json));
            }
        }
        let otherwise = match options.get("otherwise") {
            Some(value) => Otherwise::Constant(self.constant(field, value)?),
            None => Otherwise::Form(Box::new(plain(field.kind()))),
        };
        Some(Form::Values { known, otherwise })
    }

    fn text_form(&mut self, table: &DeTable<'_>) -> Option<Form> {
        let cuts = ["token", "first", "last"].iter().filter_map(|name| table.get(*name));
        let cuts: Vec<&Value<'_>> = cuts.collect();
        if let [_, second, ..] = cuts.as_slice() {
            self.tell("D008", &second.span(), "only one of `token`, `first` and `last` can hold");
        }
        let prefix = match table.get("prefix") {
            Some(value) => self.as_text("prefix", value)?,
            None => String::new(),
        };
        if let Some(value) = table.get("token") {
            let key = self.as_text("token", value)?;
            let key = blake3::derive_key("gyrfalcon datasets column token v1", key.as_bytes());
            return Some(Form::Token { key, prefix });
        }
        for (name, most) in [("first", 8), ("last", 4)] {
            let Some(value) = table.get(name) else { continue };
            let digits = value.get_ref().as_integer().and_then(|n| n.as_str().parse().ok());
            return match digits.filter(|digits| (1..=most).contains(digits)) {
                Some(digits) if name == "first" => Some(Form::First { digits }),
                Some(digits) => Some(Form::Last { digits }),
                None => {
                    let message = format!("`{name}` is a number of digits from 1 to {most}");
                    self.tell("D004", &value.span(), message);
                    None
                }
            };
        }
        Some(Form::Text { prefix })
    }

    fn money(&mut self, field: FieldId, table: &DeTable<'_>, span: &Range<usize>) -> Option<Form> {
        let negative = match table.get("negative") {
            Some(value) => self.one_of("negative", value, &["absent"]).map(|_| Negative::Absent)?,
            None => Negative::Rejected,
        };
        let currency = currency_of(field);
        let Some(unit) = table.get("unit") else {
            let message = format!("{} needs `unit`: \"major\" or \"minor\"", field.path());
            self.tell("D003", span, message);
            return None;
        };
        Some(match self.one_of("unit", unit, &["major", "minor"])? {
            "major" => Form::Major { currency, negative },
            _ => Form::Minor { currency, negative },
        })
    }

    fn time(&mut self, table: &DeTable<'_>, span: &Range<usize>) -> Option<TimeForm> {
        let Some(value) = table.get("time") else {
            let message = "a time needs `time`: \"iso\", \"seconds\", \"milliseconds\" or \"hours\"";
            self.tell("D003", span, message);
            return None;
        };
        let known = ["iso", "seconds", "milliseconds", "hours"];
        let form = self.one_of("time", value, &known)?;
        let start = table.get("start");
        if let (Some(start), false) = (start, form == "hours") {
            self.tell("D008", &start.span(), "`start` goes with `time = \"hours\"`");
        }
        Some(match form {
            "iso" => TimeForm::Iso,
            "seconds" => TimeForm::Seconds,
            "milliseconds" => TimeForm::Milliseconds,
            _ => {
                let start_ms = start.and_then(|start| parse_iso(start.get_ref().as_str()?));
                if start_ms.is_none() {
                    let place = start.map_or(span.clone(), Spanned::span);
                    let message = "hours need `start`, the ISO 8601 time of hour 0, in quotes";
                    self.tell("D003", &place, message);
                }
                TimeForm::Hours { start_ms: start_ms? }
            }
        })
    }

    /// A constant of the field, as JSON.
    fn constant(&mut self, field: FieldId, value: &Value<'_>) -> Option<String> {
        let kind = field.kind();
        let given = value.get_ref();
        let json = match kind {
            Kind::Bool => given.as_bool().map(|is| is.to_string()),
            Kind::Int { min, max } => as_i64(given).filter(|n| (min..=max).contains(n)).map(text_of),
            Kind::Money | Kind::YearMonth => as_i64(given).map(text_of),
            Kind::Float { min, max } => {
                as_f64(given).filter(|n| (min..=max).contains(n)).map(|n| n.to_string())
            }
            Kind::Time => given.as_str().and_then(parse_iso).or_else(|| as_i64(given)).map(text_of),
            Kind::Enum(names) => given.as_str().filter(|name| names.contains(name)).map(json::quoted),
            Kind::Country => given.as_str().filter(|code| is_capitals(code, 2)).map(json::quoted),
            Kind::Currency => {
                given.as_str().filter(|code| Currency::parse(code).is_some()).map(json::quoted)
            }
            Kind::Id | Kind::Text { .. } | Kind::Ip | Kind::Date => given.as_str().map(json::quoted),
            Kind::Set(_) => None,
        };
        if json.is_none() {
            let message = format!("{} is {}", field.path(), wanted(kind));
            let fault = fault("D007", &value.span(), message);
            self.faults.push(match (given.as_str(), kind.names()) {
                (Some(got), Some(names)) => suggest(fault, got, names.iter().copied()),
                _ => fault,
            });
        }
        json
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
        for entry in common.iter().chain(&own) {
            let path = entry.mapped.field.path();
            if !entry.mapped.field.field().on.contains(event_type) {
                let message = format!("{path} does not stand on a {}", event_type.name());
                self.tell("D008", &entry.span, message);
            }
            if fields.iter().any(|other| other.field == entry.mapped.field) {
                self.tell("D010", &entry.span, format!("{path} is given twice"));
            }
            fields.push(entry.mapped.clone());
        }
        let mapped = |field: FieldId| fields.iter().any(|other| other.field == field);
        let mut missing: Vec<&str> = FieldId::all()
            .filter(|id| is_required(id.field(), event_type, &fields) && !mapped(*id))
            .map(FieldId::path)
            .filter(|path| *path != "event_type")
            .collect();
        missing.extend(fields.iter().filter_map(|field| match &field.source {
            Source::Cell { form: Form::Major { currency: Some(currency), .. }, .. } => {
                Some(*currency).filter(|currency| !mapped(*currency)).map(FieldId::path)
            }
            Source::Cell { .. } | Source::Constant(_) | Source::RowNumber { .. } => None,
        }));
        missing.dedup();
        if !missing.is_empty() {
            let missing = missing.join(", ");
            let message = format!("a {} needs {missing}, not mapped here", event_type.name());
            self.tell("D009", span, message);
        }
        fields.sort_by_key(|mapped| {
            let object = mapped.field.path().split_once('.').map(|(object, _)| object);
            (object.map(|name| OBJECTS.iter().position(|o| o.name == name)), mapped.field)
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
    fn column(&mut self, table: &DeTable<'_>, span: &Range<usize>) -> Option<usize> {
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

    fn unknown_keys(&mut self, table: &DeTable<'_>, known: &'static [&'static str]) {
        for (key, _) in table {
            let name = key.get_ref().as_ref();
            if !known.contains(&name) {
                let fault = fault("D002", &key.span(), format!("unknown key {name:?}"));
                self.faults.push(suggest(fault, name, known.iter().copied()));
            }
        }
    }

    fn text(&mut self, table: &DeTable<'_>, key: &str, span: &Range<usize>) -> Option<String> {
        match table.get(key) {
            Some(value) => self.as_text(key, value),
            None => {
                self.tell("D003", span, format!("`{key}` is missing"));
                None
            }
        }
    }

    fn texts(&mut self, table: &DeTable<'_>, key: &str, span: &Range<usize>) -> Option<Vec<String>> {
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

    fn as_text(&mut self, key: &str, value: &Value<'_>) -> Option<String> {
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.tell("D004", &value.span(), format!("`{key}` is a text in quotes"));
        }
        text.map(str::to_owned)
    }

    fn one_of<'k>(&mut self, key: &str, value: &Value<'_>, known: &[&'k str]) -> Option<&'k str> {
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
    !is_source && OBJECTS.iter().any(|object| object.name == name)
}

/// Whether an event of this type with these fields must have this one as well.
fn is_required(field: &field::Field, event_type: EventType, fields: &[Mapped]) -> bool {
    if field.source != field::Source::Given || !field.required.contains(event_type) {
        return false;
    }
    let Some((object, _)) = field.path.split_once('.') else { return true };
    let is_member = |path: &str| path.split_once('.').is_some_and(|(name, _)| name == object);
    let must = OBJECTS.iter().find(|known| known.name == object);
    must.is_some_and(|known| known.required.contains(event_type))
        || fields.iter().any(|mapped| is_member(mapped.field.path()))
}

/// The form of a cell whose field needs no options.
fn plain(kind: Kind) -> Form {
    match kind {
        Kind::Bool => Form::Flag,
        Kind::Int { .. } | Kind::YearMonth => Form::Integer,
        Kind::Float { .. } => Form::Number,
        Kind::Enum(names) | Kind::Set(names) => Form::Name(names),
        Kind::Country
        | Kind::Currency
        | Kind::Id
        | Kind::Text { .. }
        | Kind::Ip
        | Kind::Date
        | Kind::Time
        | Kind::Money => Form::Text { prefix: String::new() },
    }
}

/// The field with the currency of a money field; `None` for amounts in the base currency and in US
/// cents, which have its exponent.
fn currency_of(field: FieldId) -> Option<FieldId> {
    match field.path() {
        "amount_minor" | "fee_minor" | "promo_discount_minor" => Some(ids::CURRENCY),
        "card_amount_minor" => Some(ids::CARD_CURRENCY),
        "paid_minor" => Some(ids::PAID_CURRENCY),
        _ => None,
    }
}

fn as_i64(value: &DeValue<'_>) -> Option<i64> {
    value.as_integer().and_then(|number| i64::from_str_radix(number.as_str(), number.radix()).ok())
}

fn as_f64(value: &DeValue<'_>) -> Option<f64> {
    let float = value.as_float().and_then(|number| number.as_str().parse::<f64>().ok());
    float.filter(|number| number.is_finite()).or_else(|| as_i64(value).map(|number| number as f64))
}

fn text_of(number: i64) -> String {
    number.to_string()
}

fn is_capitals(code: &str, length: usize) -> bool {
    code.len() == length && code.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// What a constant of this kind looks like, in words.
fn wanted(kind: Kind) -> String {
    match kind {
        Kind::Bool => "true or false".to_owned(),
        Kind::Int { min, max } => format!("a whole number from {min} to {max}"),
        Kind::Float { min, max } => format!("a number from {min} to {max}"),
        Kind::Time => "an ISO 8601 time in quotes, or milliseconds".to_owned(),
        Kind::Money => "a whole number of minor units".to_owned(),
        Kind::Enum(names) => format!("one of {}", names.join(", ")),
        Kind::Set(_) => "a set of names, which a map cannot give".to_owned(),
        Kind::Country => "two capital letters of ISO 3166-1".to_owned(),
        Kind::Currency => "a currency of ISO 4217 with minor units".to_owned(),
        Kind::Id | Kind::Text { .. } => "a text in quotes".to_owned(),
        Kind::Ip => "a network address in quotes".to_owned(),
        Kind::Date => "a day such as \"2026-07-31\"".to_owned(),
        Kind::YearMonth => "a month such as 202607".to_owned(),
    }
}
