//! Where one field of an event comes from, checked: a constant, a row number or a cell.
//!
//! Which options a source may take, and what a constant may be, follows from the kind of the event
//! field, so a field that is added to the table of events can be mapped without a change here.

use std::ops::Range;

use features::field::{FieldId, Kind, ids};
use features::money::Currency;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::check::{Check, Value, fault, suggest};
use super::{Form, Negative, Otherwise, Source};
use crate::cell::{TimeForm, parse_iso};
use crate::json;

const SOURCE_KEYS: [&str; 13] = [
    "column",
    "row_number",
    "prefix",
    "token",
    "first",
    "last",
    "values",
    "otherwise",
    "unit",
    "negative",
    "time",
    "start",
    "month",
];

impl Check {
    /// Where the value of a field comes from.
    pub(super) fn source(&mut self, field: FieldId, value: &Value<'_>) -> Option<Source> {
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

    fn values(
        &mut self,
        field: FieldId,
        values: &Value<'_>,
        options: &DeTable<'_>,
    ) -> Option<Form> {
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
            let message =
                "a time needs `time`: \"iso\", \"seconds\", \"milliseconds\" or \"hours\"";
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
    pub(super) fn constant(&mut self, field: FieldId, value: &Value<'_>) -> Option<String> {
        let kind = field.kind();
        let given = value.get_ref();
        let json = match kind {
            Kind::Bool => given.as_bool().map(|is| is.to_string()),
            Kind::Int { min, max } => {
                as_i64(given).filter(|n| (min..=max).contains(n)).map(text_of)
            }
            Kind::Money | Kind::YearMonth => as_i64(given).map(text_of),
            Kind::Float { min, max } => {
                as_f64(given).filter(|n| (min..=max).contains(n)).map(|n| n.to_string())
            }
            Kind::Time => given.as_str().and_then(parse_iso).or_else(|| as_i64(given)).map(text_of),
            Kind::Enum(names) => {
                given.as_str().filter(|name| names.contains(name)).map(json::quoted)
            }
            Kind::Country => given.as_str().filter(|code| is_capitals(code, 2)).map(json::quoted),
            Kind::Currency => {
                given.as_str().filter(|code| Currency::parse(code).is_some()).map(json::quoted)
            }
            Kind::Id | Kind::Text { .. } | Kind::Ip | Kind::Date => {
                given.as_str().map(json::quoted)
            }
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
}

/// The form of a cell whose field needs no options.
fn plain(kind: Kind) -> Form {
    match kind {
        Kind::Bool => Form::Flag,
        Kind::Int { .. } | Kind::YearMonth => Form::Integer,
        Kind::Float { .. } => Form::Number,
        Kind::Enum(names) | Kind::Set(names) => Form::Name(names),
        Kind::Currency => Form::Currency,
        Kind::Country
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
