//! Words of a line with their places, and what single words mean.

use features::diagnostic::{Diagnostic, Place};
use features::language::define::Definitions;
use features::language::{ast, parse};
use features::limits::{DAY_MS, HOUR_MS, MINUTE_MS};
use serde_json::{Value as Json, json};

use super::{Value, ZERO_MS};

/// A stretch of the text with its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    /// What is written there.
    pub(super) text: &'a str,
    /// Offset of its first byte.
    pub(super) start: usize,
}

impl<'a> Part<'a> {
    /// Where it stands.
    pub(super) fn place(self) -> Place {
        Place::Text { start: self.start as u32, end: (self.start + self.text.len()) as u32 }
    }

    /// A fault at this place.
    pub(super) fn fault(self, code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(code, self.place(), message)
    }

    /// From the beginning of this to the end of a later part of the same line.
    pub(super) fn up_to(self, line: Part<'a>, last: Part<'a>) -> Part<'a> {
        let end = last.start + last.text.len();
        Part { text: &line.text[self.start - line.start..end - line.start], start: self.start }
    }

    /// Without blanks around.
    pub(super) fn trim(self) -> Part<'a> {
        let text = self.text.trim_start();
        Part { text: text.trim_end(), start: self.start + self.text.len() - text.len() }
    }

    /// What stands before and after a byte of it.
    pub(super) fn split_at_letter(self, at: usize) -> (Part<'a>, Part<'a>) {
        let after = Part { text: &self.text[at + 1..], start: self.start + at + 1 };
        (Part { text: &self.text[..at], start: self.start }, after)
    }

    /// What stands before and after the first `=`.
    pub(super) fn split_member(self) -> Option<(Part<'a>, Part<'a>)> {
        Some(self.split_at_letter(self.text.find('=')?))
    }
}

/// The words of a line without its comment; quotes and brackets keep theirs together. `None` where
/// one of them stays open.
pub(super) fn words_of(line: Part<'_>) -> Option<Vec<Part<'_>>> {
    let mut words = Vec::new();
    let mut begun: Option<usize> = None;
    let mut is_quoted = false;
    let mut depth = 0;
    let mut end = line.text.len();
    for (at, letter) in line.text.char_indices() {
        match letter {
            '"' => is_quoted = !is_quoted,
            '[' if !is_quoted => depth += 1,
            ']' if !is_quoted => depth -= 1,
            '#' if !is_quoted => {
                end = at;
                break;
            }
            _ => {}
        }
        if letter.is_whitespace() && !is_quoted && depth == 0 {
            words.extend(begun.take().map(|from| (from, at)));
        } else {
            begun = begun.or(Some(at));
        }
    }
    words.extend(begun.map(|from| (from, end)));
    let part =
        |(from, to): (usize, usize)| Part { text: &line.text[from..to], start: line.start + from };
    (!is_quoted && depth == 0).then(|| words.into_iter().map(part).collect())
}

/// Splits outside of quotes and brackets of any kind; `None` where one of them stays open.
pub(super) fn split_outside(whole: Part<'_>, splits: char) -> Option<Vec<Part<'_>>> {
    let mut parts = Vec::new();
    let mut from = 0;
    let mut is_quoted = false;
    let mut depth = 0;
    let part =
        |from: usize, to: usize| Part { text: &whole.text[from..to], start: whole.start + from };
    for (at, letter) in whole.text.char_indices() {
        match letter {
            '"' => is_quoted = !is_quoted,
            '[' | '(' if !is_quoted => depth += 1,
            ']' | ')' if !is_quoted => depth -= 1,
            _ => {}
        }
        if letter == splits && !is_quoted && depth == 0 {
            parts.push(part(from, at).trim());
            from = at + letter.len_utf8();
        }
    }
    parts.push(part(from, whole.text.len()).trim());
    (!is_quoted && depth == 0).then_some(parts)
}

/// The text between quotes.
pub(super) fn quoted(text: &str) -> Option<&str> {
    text.strip_prefix('"')?.strip_suffix('"')
}

/// A value of a member of an event; the error says what was wanted.
pub(super) fn json_of(part: Part<'_>) -> Result<Json, String> {
    if let Some(list) = part.text.strip_prefix('[') {
        let list = list.strip_suffix(']').ok_or("a list ends with ]")?;
        let items = split_outside(Part { text: list, start: part.start + 1 }, ',')
            .ok_or("a quote or bracket stays open")?;
        return items.into_iter().map(json_of).collect::<Result<Vec<_>, _>>().map(Json::Array);
    }
    if let Some(offset) = part.text.strip_prefix('@') {
        return Ok(json!(ZERO_MS + offset_ms(offset)?));
    }
    if let Some(text) = quoted(part.text) {
        return Ok(json!(text));
    }
    Ok(match part.text {
        "" => return Err("got no value".to_owned()),
        "true" => json!(true),
        "false" => json!(false),
        "null" => Json::Null,
        text => match (text.parse::<i64>(), number_of(text)) {
            (Ok(integer), _) => json!(integer),
            (Err(_), Some(number)) => json!(number),
            (Err(_), None) => json!(text),
        },
    })
}

/// A number written in digits, so that `nan` and `inf` stay texts.
fn number_of(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.starts_with(|letter: char| letter.is_ascii_digit()).then(|| text.parse().ok())?
}

/// `-23h30m` in milliseconds; the error says what was wanted.
pub(super) fn offset_ms(text: &str) -> Result<i64, String> {
    let wrong = || format!("got `{text}`, wanted an offset such as -23h30m, 1500ms or 0");
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(wrong());
    }
    let mut sum = 0_i64;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit()).ok_or_else(wrong)?;
        let (count, tail) = rest.split_at(digits);
        let letters = tail.find(|letter: char| letter.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let unit = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => MINUTE_MS,
            "h" => HOUR_MS,
            "d" => DAY_MS,
            "w" => 7 * DAY_MS,
            _ => return Err(wrong()),
        };
        let length = count.parse::<i64>().ok().and_then(|count| count.checked_mul(unit));
        // A millennium each way: beyond it no event is accepted, and no sum overflows.
        let far = 366_000 * DAY_MS;
        sum = length.map(|ms| sum.saturating_add(ms)).filter(|s| *s < far).ok_or_else(wrong)?;
        rest = tail;
    }
    Ok(sign * sum)
}

/// A value that is expected of a fact; the error says what was wanted.
pub(super) fn value_of(part: Part<'_>) -> Result<Value, String> {
    if let Some(text) = quoted(part.text) {
        return Ok(Value::Name(text.to_owned()));
    }
    let is_name = |text: &str| {
        text.starts_with(|l: char| l.is_ascii_alphabetic())
            && text.chars().all(|l| l.is_ascii_alphanumeric() || l == '_')
    };
    match part.text {
        "" => Err("got no value".to_owned()),
        "unknown" => Ok(Value::Unknown),
        "true" => Ok(Value::Bool(true)),
        "false" => Ok(Value::Bool(false)),
        text => match number_of(text) {
            Some(number) => Ok(Value::Number(number)),
            None if is_name(text) => Ok(Value::Name(text.to_owned())),
            None => constant(text).map(Value::Number),
        },
    }
}

/// The value of a constant of the policy language.
fn constant(text: &str) -> Result<f64, String> {
    let (policy, faults) = parse(&format!("let wanted = {text}\n"));
    let body = policy.statements.into_iter().find_map(|statement| match statement.node {
        ast::Statement::Let(item) => Some(item.body),
        _ => None,
    });
    let value = match body {
        Some(body) if faults.is_empty() => Definitions::default().constant(&body),
        _ => Err(faults),
    };
    value.map(|(number, _)| number).map_err(|faults| {
        let told: Vec<String> = faults.into_iter().map(|fault| fault.message).collect();
        format!("got `{text}`, wanted a constant; {}", told.join("; "))
    })
}
