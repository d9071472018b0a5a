//! One row of a table becomes one line of events and, where the truth is known, one of labels.
//!
//! A `Layout` binds a column map to the header of one input, so that a row is converted without
//! looking anything up by name. Cells are cut to their text and written as JSON straight into a
//! buffer; an empty cell is an absent field. Every fault of a row is gathered, with its column.
//! Both lines are read back by `Event::read`, the same door that the service has, so nothing is
//! written that the engine would refuse. Cost: about a microsecond a row beside the reading back.

use std::collections::BTreeMap;
use std::sync::Arc;

use features::diagnostic::{Diagnostic, Place, nearest};
use features::event::Event;
use features::field::{FieldId, ids};
use features::money::{Currency, Money};
use features::pan;

use crate::cell::{self, Finer};
use crate::columns::{
    ColumnMap, Form, Known, LabelMap, Mapped, Negative, Otherwise, Source, Variant,
};
use crate::json;
use crate::read::Verdict;

/// The cells of a row as they lie behind each other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cells<'a> {
    pub(crate) text: &'a [u8],
    /// Where each cell ends in `text`, counted from `start`.
    pub(crate) ends: &'a [u32],
    pub(crate) start: u32,
}

impl<'a> Cells<'a> {
    /// The text of a cell without blanks around it; `None` when it is not UTF-8.
    fn get(&self, index: usize) -> Option<&'a str> {
        let start = if index == 0 { self.start } else { self.ends[index - 1] };
        let bytes = &self.text[start as usize..self.ends[index] as usize];
        str::from_utf8(bytes.trim_ascii()).ok()
    }
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) code: &'static str,
    /// The event field that could not be made, empty where the row as a whole is wrong.
    pub(crate) field: String,
    /// The column it comes from, empty where it comes from none.
    pub(crate) column: String,
    pub(crate) message: String,
}

/// A converted row: its line lies in the buffer, followed by that of its label.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) event: Event,
    pub(crate) event_bytes: usize,
    pub(crate) label: Option<Label>,
}

/// A label that was written behind its event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Label {
    pub(crate) known_time_ms: i64,
    pub(crate) verdict: Verdict,
    pub(crate) bytes: usize,
}

/// A column map bound to a header.
#[derive(Debug)]
pub(crate) struct Layout {
    map: Arc<ColumnMap>,
    /// The cell of each column of the map.
    cells: Vec<usize>,
    width: usize,
    /// `"name":` of each field, by variant.
    keys: Vec<Vec<String>>,
    by_choice: BTreeMap<String, usize>,
}

/// Whether a value was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    Yes,
    Absent,
}

impl Layout {
    /// Binds the map to a header; all columns that are missing are told at once.
    pub(crate) fn bind(map: &Arc<ColumnMap>, header: &[String]) -> Result<Layout, Vec<Diagnostic>> {
        let mut missing = Vec::new();
        let mut cells = Vec::with_capacity(map.columns.len());
        for column in &map.columns {
            match header.iter().position(|name| *name == column.name) {
                Some(at) => cells.push(at),
                None => {
                    let place = Place::Text { start: column.start, end: column.end };
                    let message = format!("the input has no column {:?}", column.name);
                    let fault = Diagnostic::error("D011", place, message);
                    missing.push(match nearest(&column.name, header.iter().map(String::as_str)) {
                        Some(near) => fault.help(format!("did you mean {near:?}?")),
                        None => fault.help(format!("its columns are {}", header.join(", "))),
                    });
                }
            }
        }
        if !missing.is_empty() {
            return Err(missing);
        }
        let key = |mapped: &Mapped| {
            let path = mapped.field.path();
            format!("\"{}\":", path.split_once('.').map_or(path, |(_, name)| name))
        };
        let keys = map.variants.iter().map(|v| v.fields.iter().map(key).collect()).collect();
        let choices = map.variants.iter().enumerate();
        let by_choice = choices.map(|(index, variant)| (variant.when.clone(), index)).collect();
        let (map, width) = (Arc::clone(map), header.len());
        Ok(Layout { map, cells, width, keys, by_choice })
    }

    /// Converts a row: appends the line of the event, then that of its label, to `out`.
    ///
    /// `number` counts rows over all inputs. On faults `out` is left as it was.
    pub(crate) fn convert(
        &self,
        cells: Cells<'_>,
        number: u64,
        out: &mut Vec<u8>,
    ) -> Result<Made, Vec<Fault>> {
        let start = out.len();
        let made = self.convert_whole(cells, number, out);
        if made.is_err() {
            out.truncate(start);
        }
        made
    }

    fn convert_whole(
        &self,
        cells: Cells<'_>,
        number: u64,
        out: &mut Vec<u8>,
    ) -> Result<Made, Vec<Fault>> {
        if cells.ends.len() != self.width {
            let message = format!("has {} cells, the header has {}", cells.ends.len(), self.width);
            return Err(vec![whole_row("D020", message)]);
        }
        let row = Row { layout: self, cells, number };
        let variant = row.variant().map_err(|fault| vec![fault])?;
        let start = out.len();
        let mut faults = Vec::new();
        row.event(variant, out, &mut faults);
        let truth = row.truth(&mut faults);
        if !faults.is_empty() {
            return Err(faults);
        }
        let fields = &self.map.variants[variant].fields;
        let event = Event::read(&out[start..], None).map_err(|d| row.refused(&d, fields))?;
        let event_bytes = out.len() - start;
        let label = match (&self.map.label, truth) {
            (Some(map), Some(truth)) => Some(row.label(map, truth, &event, out)?),
            (Some(_) | None, _) => None,
        };
        Ok(Made { event, event_bytes, label })
    }
}

fn whole_row(code: &'static str, message: String) -> Fault {
    Fault { code, field: String::new(), column: String::new(), message }
}

/// A row under conversion.
struct Row<'a> {
    layout: &'a Layout,
    cells: Cells<'a>,
    number: u64,
}

/// What a row says about the truth.
struct Truth {
    verdict: Verdict,
    /// Nothing where it follows from the time of the event.
    known_time_ms: Option<i64>,
}

/// Code and message of a cell that does not fit its field.
type Unfit = (&'static str, String);

impl<'a> Row<'a> {
    fn map(&self) -> &'a ColumnMap {
        &self.layout.map
    }

    fn cell(&self, column: usize) -> Result<&'a str, Unfit> {
        let text = self.cells.get(self.layout.cells[column]);
        text.ok_or_else(|| ("D028", "got bytes that are not UTF-8".to_owned()))
    }

    fn fault(&self, (code, message): Unfit, field: &str, column: Option<usize>) -> Fault {
        let column = column.map_or("", |column| &self.map().columns[column].name).to_owned();
        Fault { code, field: field.to_owned(), column, message }
    }

    fn variant(&self) -> Result<usize, Fault> {
        let Some(column) = self.map().chooser else { return Ok(0) };
        let text =
            self.cell(column).map_err(|unfit| self.fault(unfit, "event_type", Some(column)))?;
        self.layout.by_choice.get(text).copied().ok_or_else(|| {
            let message = format!("got {}, which the map gives no event type", cell::shown(text));
            self.fault(("D024", message), "event_type", Some(column))
        })
    }

    /// Writes the line of the event.
    fn event(&self, variant: usize, out: &mut Vec<u8>, faults: &mut Vec<Fault>) {
        let keys = &self.layout.keys[variant];
        let variant = &self.map().variants[variant];
        out.extend_from_slice(b"{\"event_type\":\"");
        out.extend_from_slice(variant.event_type.name().as_bytes());
        out.push(b'"');
        let mut object = None;
        for (mapped, key) in variant.fields.iter().zip(keys) {
            let mark = out.len();
            let own = mapped.field.path().split_once('.').map(|(object, _)| object);
            if own != object && object.is_some() {
                out.push(b'}');
            }
            out.push(b',');
            if let Some(name) = own.filter(|_| own != object) {
                json::push_quoted(out, name);
                out.extend_from_slice(b":{");
            }
            out.extend_from_slice(key.as_bytes());
            match self.value(variant, mapped, out) {
                Ok(Written::Yes) => object = own,
                Ok(Written::Absent) => out.truncate(mark),
                Err(unfit) => {
                    out.truncate(mark);
                    let column = match &mapped.source {
                        Source::Cell { column, .. } => Some(*column),
                        Source::Constant(_) | Source::RowNumber { .. } => None,
                    };
                    faults.push(self.fault(unfit, mapped.field.path(), column));
                }
            }
        }
        if object.is_some() {
            out.push(b'}');
        }
        self.converted(variant, out, faults);
        out.push(b'}');
    }

    /// Writes the amounts that follow from `amount_minor` by the rates of the map.
    fn converted(&self, variant: &Variant, out: &mut Vec<u8>, faults: &mut Vec<Fault>) {
        let map = self.map();
        let rates = [("base_minor", map.base_rate_e9), ("usd_minor", map.usd_rate_e9)];
        if rates.iter().all(|(_, rate)| rate.is_none()) {
            return;
        }
        let Some(amount) = self.amount(variant) else { return };
        for (path, rate) in rates {
            let Some(rate_e9) = rate else { continue };
            let Some(money) = amount.to_base(rate_e9) else {
                let message = "beyond the largest amount after conversion".to_owned();
                faults.push(self.fault(("D022", message), path, None));
                continue;
            };
            out.push(b',');
            json::push_quoted(out, path);
            out.push(b':');
            json::push_number(out, money.minor);
        }
    }

    /// The amount of the event with its currency, if a good cell says it; a faulty one has been
    /// told where it was written.
    fn amount(&self, variant: &Variant) -> Option<Money> {
        let mapped = variant.fields.iter().find(|mapped| mapped.field == ids::AMOUNT_MINOR)?;
        let Source::Cell { column, form } = &mapped.source else { return None };
        let text = self.cell(*column).ok()?;
        match form {
            Form::Major { currency, .. } => self.major(variant, *currency, text).ok(),
            Form::Minor { currency, .. } => {
                let currency = self.currency(variant, *currency).ok()?;
                Some(Money { minor: whole_number(text).ok()?, currency })
            }
            _ => None,
        }
    }

    fn value(
        &self,
        variant: &Variant,
        mapped: &Mapped,
        out: &mut Vec<u8>,
    ) -> Result<Written, Unfit> {
        match &mapped.source {
            Source::Constant(json) => out.extend_from_slice(json.as_bytes()),
            Source::RowNumber { prefix } if prefix.is_empty() => {
                json::push_number(out, self.number);
            }
            Source::RowNumber { prefix } => {
                json::push_quoted(out, &format!("{prefix}{}", self.number));
            }
            Source::Cell { column, form } => {
                let text = self.cell(*column)?;
                if text.is_empty() {
                    return Ok(Written::Absent);
                }
                return self.form(variant, form, text, out);
            }
        }
        Ok(Written::Yes)
    }

    fn form(
        &self,
        variant: &Variant,
        form: &Form,
        text: &str,
        out: &mut Vec<u8>,
    ) -> Result<Written, Unfit> {
        match form {
            Form::Text { prefix } if prefix.is_empty() => json::push_quoted(out, text),
            Form::Text { prefix } => json::push_quoted(out, &format!("{prefix}{text}")),
            Form::Token { key, prefix } => {
                json::push_quoted(out, &format!("{prefix}{}", token(key, text)));
            }
            Form::First { digits } => match first_digits(text, *digits) {
                Some(digits) => json::push_quoted(out, digits),
                None => return Ok(Written::Absent),
            },
            Form::Last { digits } => match last_digits(text, *digits) {
                Some(digits) => json::push_quoted(out, digits),
                None => return Ok(Written::Absent),
            },
            Form::Values { known, otherwise } => {
                let at = known.binary_search_by(|(key, _)| key.as_str().cmp(text));
                match (at, otherwise) {
                    (Ok(at), _) => out.extend_from_slice(known[at].1.as_bytes()),
                    (Err(_), Otherwise::Constant(json)) => out.extend_from_slice(json.as_bytes()),
                    (Err(_), Otherwise::Form(form)) => return self.form(variant, form, text, out),
                }
            }
            Form::Major { currency, negative } => {
                let minor = self.major(variant, *currency, text)?.minor;
                return Ok(push_minor(minor, *negative, out));
            }
            Form::Minor { negative, .. } => {
                return Ok(push_minor(whole_number(text)?, *negative, out));
            }
            Form::Time(form) => {
                let time = form.parse(text).ok_or_else(|| unfit("D023", text, form.wanted()))?;
                json::push_number(out, time);
            }
            Form::Integer => json::push_number(out, whole_number(text)?),
            Form::Number => {
                let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
                json::push_number(out, number.ok_or_else(|| unfit("D021", text, "a number"))?);
            }
            Form::Flag => {
                let flag =
                    flag(text).ok_or_else(|| unfit("D024", text, "true or false, 1 or 0"))?;
                out.extend_from_slice(if flag { b"true" } else { b"false" });
            }
            Form::Name(names) if names.contains(&text) => json::push_quoted(out, text),
            Form::Name(names) => {
                return Err(unfit("D024", text, &format!("one of {}", names.join(", "))));
            }
            Form::Currency if Currency::parse(text).is_some() => json::push_quoted(out, text),
            Form::Currency => {
                return Err(unfit("D025", text, "an ISO 4217 currency with minor units"));
            }
            Form::Month => {
                let month = cell::parse_month(text).ok_or_else(|| unfit("D023", text, "MM/YY"))?;
                json::push_number(out, month);
            }
        }
        Ok(Written::Yes)
    }

    fn major(
        &self,
        variant: &Variant,
        currency: Option<FieldId>,
        text: &str,
    ) -> Result<Money, Unfit> {
        let currency = self.currency(variant, currency)?;
        Money::parse(text, currency).map_err(|refused| {
            ("D022", format!("got {}, {refused} ({currency:?})", cell::shown(text)))
        })
    }

    /// The currency that a field of this row says; the base currency where no field is named.
    fn currency(&self, variant: &Variant, field: Option<FieldId>) -> Result<Currency, Unfit> {
        let Some(field) = field else { return Ok(Currency::CNY) };
        let named = || ("D025", format!("got no currency with minor units in {}", field.path()));
        let mapped =
            variant.fields.iter().find(|mapped| mapped.field == field).ok_or_else(named)?;
        let mut json = Vec::with_capacity(8);
        self.value(variant, mapped, &mut json)?;
        let code = json.get(1..4).and_then(|code| str::from_utf8(code).ok());
        code.filter(|_| json.len() == 5).and_then(Currency::parse).ok_or_else(named)
    }

    /// What the row says about the truth; nothing where its cell is empty.
    fn truth(&self, faults: &mut Vec<Fault>) -> Option<Truth> {
        let label = self.map().label.as_ref()?;
        let verdict = match self.cell(label.column) {
            Ok("") => return None,
            Ok(text) if label.fraud.iter().any(|known| known == text) => Ok(Verdict::Fraud),
            Ok(text) if label.legit.iter().any(|known| known == text) => Ok(Verdict::Legit),
            Ok(text) => {
                let (fraud, legit) = (label.fraud.join(", "), label.legit.join(", "));
                Err(unfit("D026", text, &format!("{fraud} for fraud or {legit} for legit")))
            }
            Err(unfit) => Err(unfit),
        };
        let known_time_ms = match label.known {
            Known::After { .. } => Ok(None),
            Known::Cell { column, form } => self.cell(column).and_then(|text| {
                let time = form.parse(text).ok_or_else(|| unfit("D023", text, form.wanted()));
                time.map(Some)
            }),
        };
        if let (Err(unfit), Known::Cell { column, .. }) = (&known_time_ms, &label.known) {
            faults.push(self.fault(unfit.clone(), "known_time_ms", Some(*column)));
        }
        match verdict {
            Ok(verdict) => Some(Truth { verdict, known_time_ms: known_time_ms.ok()? }),
            Err(unfit) => {
                faults.push(self.fault(unfit, "label", Some(label.column)));
                None
            }
        }
    }

    /// Writes the line of the label.
    fn label(
        &self,
        map: &LabelMap,
        truth: Truth,
        event: &Event,
        out: &mut Vec<u8>,
    ) -> Result<Label, Vec<Fault>> {
        let start = out.len();
        let delay_ms = match map.known {
            Known::After { delay_ms } => delay_ms,
            Known::Cell { .. } => 0,
        };
        let verdict = truth.verdict;
        let known = truth.known_time_ms.unwrap_or(event.time().saturating_add(delay_ms));
        let id = event.text(ids::EVENT_ID).unwrap_or_default();
        out.extend_from_slice(b"{\"event_type\":\"label\",\"event_id\":");
        json::push_quoted(out, &format!("label-{id}"));
        out.extend_from_slice(b",\"channel\":\"batch\",\"event_time_ms\":");
        json::push_number(out, event.time());
        out.extend_from_slice(b",\"ref_id\":");
        json::push_quoted(out, id);
        out.extend_from_slice(b",\"ref_type\":\"event\",\"label\":");
        json::push_quoted(out, verdict.name());
        out.extend_from_slice(b",\"source\":");
        out.extend_from_slice(map.source.as_bytes());
        out.extend_from_slice(b",\"known_time_ms\":");
        json::push_number(out, known);
        if let (Some(source), Verdict::Fraud) = (&map.typology, verdict) {
            let mark = out.len();
            out.extend_from_slice(b",\"typology\":");
            let mapped = Mapped { field: ids::TYPOLOGY, source: source.clone() };
            let variant = &self.map().variants[0];
            match self.value(variant, &mapped, out) {
                Ok(Written::Yes) => {}
                Ok(Written::Absent) => out.truncate(mark),
                Err(unfit) => return Err(vec![self.fault(unfit, "typology", None)]),
            }
        }
        out.push(b'}');
        Event::read(&out[start..], None).map_err(|diagnostics| self.refused(&diagnostics, &[]))?;
        Ok(Label { known_time_ms: known, verdict, bytes: out.len() - start })
    }

    /// What the engine's door said, with the columns that the fields come from.
    fn refused(&self, diagnostics: &[Diagnostic], fields: &[Mapped]) -> Vec<Fault> {
        let fault = |diagnostic: &Diagnostic| {
            let path = match &diagnostic.place {
                Place::Field(path) => path.as_str(),
                Place::Text { .. } | Place::Row(_) | Place::Whole => "",
            };
            let source = fields.iter().find(|mapped| mapped.field.path() == path);
            let column = source.and_then(|mapped| match &mapped.source {
                Source::Cell { column, .. } => Some(*column),
                Source::Constant(_) | Source::RowNumber { .. } => None,
            });
            let message = if self.repeats_card_number(&diagnostic.message) {
                "the value is refused and not repeated, it may be a card number".to_owned()
            } else {
                diagnostic.message.clone()
            };
            self.fault((diagnostic.code, message), path, column)
        };
        diagnostics.iter().map(fault).collect()
    }

    /// Whether a message says a cell of this row that may be a card number; limits that the message
    /// names are long runs of digits too.
    fn repeats_card_number(&self, message: &str) -> bool {
        let cells = (0..self.cells.ends.len()).filter_map(|index| self.cells.get(index));
        cells.filter(|text| cell::may_hold_card_number(text)).any(|text| message.contains(text))
            || pan::holds_card_number(message)
    }
}

fn unfit(code: &'static str, text: &str, wanted: &str) -> Unfit {
    (code, format!("got {}, wanted {wanted}", cell::shown(text)))
}

fn whole_number(text: &str) -> Result<i64, Unfit> {
    cell::parse_fixed(text, 0, Finer::Refused).ok_or_else(|| unfit("D021", text, "a whole number"))
}

fn push_minor(minor: i64, negative: Negative, out: &mut Vec<u8>) -> Written {
    if minor < 0 && negative == Negative::Absent {
        return Written::Absent;
    }
    json::push_number(out, minor);
    Written::Yes
}

fn flag(text: &str) -> Option<bool> {
    let is = |names: [&str; 3]| names.iter().any(|name| text.eq_ignore_ascii_case(name));
    match (is(["true", "1", "yes"]), is(["false", "0", "no"])) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        (false, false) => None,
    }
}

/// 128 bits of the keyed BLAKE3 of the text, a letter from `a` to `p` for each four of them.
///
/// Letters only: one hex token in a thousand would hold a run of digits that passes for a card
/// number, and its rows would be refused.
fn token(key: &[u8; 32], text: &str) -> String {
    let hash = blake3::keyed_hash(key, text.as_bytes());
    let halves = hash.as_bytes()[..16].iter().flat_map(|byte| [byte >> 4, byte & 15]);
    halves.map(|half| char::from(b'a' + half)).collect()
}

/// The leading digits of a card number, if it has so many. More than six are given only of numbers
/// of 16 digits or more, as PCI truncation asks.
fn first_digits(text: &str, digits: usize) -> Option<&str> {
    if 6 < digits && text.len() < 16 {
        return None;
    }
    text.get(..digits).filter(|head| head.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The trailing digits of a card number, if it shows so many.
fn last_digits(text: &str, digits: usize) -> Option<&str> {
    let tail = text.get(text.len().checked_sub(digits)?..);
    tail.filter(|tail| tail.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_keyed_stable_and_free_of_digits() {
        let key = blake3::derive_key("test", b"one");
        let other = blake3::derive_key("test", b"two");
        let made = token(&key, "4111111111111111");
        assert_eq!(made.len(), 32);
        assert!(made.bytes().all(|byte| byte.is_ascii_lowercase()));
        assert_eq!(made, token(&key, "4111111111111111"));
        assert_ne!(made, token(&other, "4111111111111111"));
        assert_ne!(made, token(&key, "4111111111111112"));
    }

    #[test]
    fn truncation_keeps_what_pci_allows() {
        assert_eq!(first_digits("4111111111111111", 8), Some("41111111"));
        assert_eq!(first_digits("378282246310005", 8), None);
        assert_eq!(first_digits("378282246310005", 6), Some("378282"));
        assert_eq!(first_digits("650487******9884", 6), Some("650487"));
        assert_eq!(first_digits("650487******9884", 8), None);
        assert_eq!(last_digits("650487******9884", 4), Some("9884"));
        assert_eq!(last_digits("511781******250", 4), None);
        assert_eq!(last_digits("25", 4), None);
    }

    #[test]
    fn flags_are_words_or_digits() {
        let flags = ["TRUE", "0", "Yes", "2"].map(flag);
        assert_eq!(flags, [Some(true), Some(false), Some(true), None]);
    }
}
