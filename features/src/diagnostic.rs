//! One voice for "this is wrong": what is wrong with an event, a policy text, a model or a file.
//!
//! A check never stops at the first fault: it gathers a `Vec<Diagnostic>` and hands all of them
//! back together, so that whoever wrote the input repairs it once. A diagnostic carries a stable
//! code, a severity, the place, a lower-case message without full stop that says what was got and
//! what was wanted, and, where we can guess it, the next step as help. Codes are grouped by what
//! was read: `E` events, `P` policy text, `M` models, `C` configuration, `D` datasets and imports,
//! `N` files of networks. `render` draws diagnostics over a source text with line, column and a
//! caret for people; machines take the fields. Nothing here is on the hot path: a valid input
//! builds no diagnostic.

use std::fmt;
use std::fmt::Write as _;

/// Whether a diagnostic makes its input unusable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The input is refused.
    Error,
    /// The input is used, but somebody should look.
    Warning,
}

impl Severity {
    /// The lower-case word used in every printed and serialised form.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// Where in the input a diagnostic points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A field of an event or a key of a document, by its dotted path (`device.device_id`).
    Field(String),
    /// A span of a source text in bytes, from `start` up to but not including `end`.
    Text {
        /// First byte of the span.
        start: u32,
        /// First byte after the span.
        end: u32,
    },
    /// A row of a file, counted from one as people do.
    Row(u64),
    /// The input as a whole.
    Whole,
}

/// One thing that is wrong with an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code such as `E005`; the meaning of a code never changes.
    pub code: &'static str,
    /// Whether the input is refused because of it.
    pub severity: Severity,
    /// Where to look.
    pub place: Place,
    /// What was got and what was wanted.
    pub message: String,
    /// The next step, where it can be guessed.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A diagnostic that refuses the input.
    pub fn error(code: &'static str, place: Place, message: impl Into<String>) -> Diagnostic {
        Diagnostic { code, severity: Severity::Error, place, message: message.into(), help: None }
    }

    /// A diagnostic that lets the input pass.
    pub fn warning(code: &'static str, place: Place, message: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, place, message) }
    }

    /// The same diagnostic with the next step attached.
    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// Whether the input is refused because of this diagnostic.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    /// One line without source text: `error E007 at device.os: got 3, wanted text (help: ..)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.severity.name(), self.code)?;
        match &self.place {
            Place::Field(path) => write!(f, " at {path}")?,
            Place::Text { start, end } => write!(f, " at bytes {start}..{end}")?,
            Place::Row(row) => write!(f, " at row {row}")?,
            Place::Whole => {}
        }
        write!(f, ": {}", self.message)?;
        match &self.help {
            Some(help) => write!(f, " (help: {help})"),
            None => Ok(()),
        }
    }
}

/// The known name that `name` was most likely meant to be, or `None` when nothing is near.
///
/// Near means an edit distance (insert, delete, replace, swap of neighbours) of at most a third of
/// the length of `name`, and at least one. Letter case is ignored. Ties go to the earlier name.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = folded(name);
    let limit = (wanted.len() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for candidate in known {
        let letters = folded(candidate);
        if letters.len().abs_diff(wanted.len()) > limit {
            continue;
        }
        let distance = edit_distance(&wanted, &letters);
        if distance <= limit && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// All diagnostics drawn over their source text, for people.
///
/// Spans of text become `name:line:column` with the line and carets under the span; other places
/// are written as words. Columns count characters from one. A span that runs over the end of its
/// line is cut there. The order of the diagnostics is kept.
pub fn render(source_name: &str, source: &str, diagnostics: &[Diagnostic]) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics {
        render_one(source_name, source, diagnostic, &mut out);
    }
    out
}

fn render_one(source_name: &str, source: &str, diagnostic: &Diagnostic, out: &mut String) {
    let head =
        format!("{} {}: {}", diagnostic.severity.name(), diagnostic.code, diagnostic.message);
    // Writing to a String cannot fail, so the results below carry no information.
    let _ = match &diagnostic.place {
        Place::Text { start, end } => {
            let spot = Spot::find(source, *start as usize, *end as usize);
            writeln!(
                out,
                "{source_name}:{}:{}: {head}\n   | {}\n   | {}{}",
                spot.line,
                spot.column,
                spot.text,
                spot.indent,
                "^".repeat(spot.width)
            )
        }
        Place::Field(path) => writeln!(out, "{source_name}: {path}: {head}"),
        Place::Row(row) => writeln!(out, "{source_name}: row {row}: {head}"),
        Place::Whole => writeln!(out, "{source_name}: {head}"),
    };
    if let Some(help) = &diagnostic.help {
        let _ = writeln!(out, "   = help: {help}");
    }
}

/// A span of a source text, as a person sees it.
struct Spot<'a> {
    line: usize,
    column: usize,
    text: &'a str,
    indent: String,
    width: usize,
}

impl Spot<'_> {
    fn find(source: &str, start: usize, end: usize) -> Spot<'_> {
        let start = floor_char(source, start);
        let end = floor_char(source, end).max(start);
        let line_start = source[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = source[start..].find('\n').map_or(source.len(), |at| start + at);
        let before = &source[line_start..start];
        // Tabs are kept in the indent, so that the carets stand under the span in any tab width.
        let indent = before.chars().map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        Spot {
            line: source[..line_start].matches('\n').count() + 1,
            column: before.chars().count() + 1,
            text: source[line_start..line_end].trim_end_matches('\r'),
            indent,
            width: source[start..end.min(line_end)].chars().count().max(1),
        }
    }
}

/// The start of the character that holds byte `at`, or the end of the text.
fn floor_char(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn folded(name: &str) -> Vec<char> {
    name.chars().flat_map(char::to_lowercase).collect()
}

/// Optimal string alignment distance; three rows are enough because a swap looks two rows back.
fn edit_distance(a: &[char], b: &[char]) -> usize {
    let mut older = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut row = vec![0; b.len() + 1];
    for i in 1..=a.len() {
        row[0] = i;
        for j in 1..=b.len() {
            let replace = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replace.min(last[j] + 1).min(row[j - 1] + 1);
            let is_swap = 1 < i && 1 < j && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if is_swap {
                least = least.min(older[j - 2] + 1);
            }
            row[j] = least;
        }
        std::mem::swap(&mut older, &mut last);
        std::mem::swap(&mut last, &mut row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_drawn_with_line_column_and_carets() {
        let source = "rule a\n\twhen amont >= 5\n";
        let start = source.find("amont").unwrap() as u32;
        let place = Place::Text { start, end: start + 5 };
        let fault = Diagnostic::error("P012", place, "unknown name \"amont\"")
            .help("did you mean \"amount\"?");
        assert_eq!(
            render("x.policy", source, &[fault]),
            "x.policy:2:7: error P012: unknown name \"amont\"\n   | \twhen amont >= 5\n   \
             | \t     ^^^^^\n   = help: did you mean \"amount\"?\n"
        );
    }

    #[test]
    fn a_span_outside_the_text_or_inside_a_character_is_still_drawn() {
        for (start, end) in [(0, 0), (1, 99), (99, 120), (3, 1), (u32::MAX, u32::MAX)] {
            let fault = Diagnostic::warning("P001", Place::Text { start, end }, "odd");
            assert!(render("t", "añ\nb", &[fault]).contains("warning P001: odd"));
        }
    }

    #[test]
    fn other_places_are_written_as_words() {
        let field = Diagnostic::error("E007", Place::Field("device.os".into()), "got 3");
        let row = Diagnostic::error("D001", Place::Row(7), "short");
        let whole = Diagnostic::error("E001", Place::Whole, "empty");
        let text = render("f", "", &[field.clone(), row, whole]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "f: device.os: error E007: got 3",
                "f: row 7: error D001: short",
                "f: error E001: empty"
            ]
        );
        assert_eq!(field.help("ask").to_string(), "error E007 at device.os: got 3 (help: ask)");
    }

    #[test]
    fn the_nearest_name_is_found_and_far_names_are_not() {
        let known = ["amount_minor", "currency", "channel", "seq"];
        assert_eq!(nearest("amuont_minor", known), Some("amount_minor"));
        assert_eq!(nearest("Channel", known), Some("channel"));
        assert_eq!(nearest("sqe", known), Some("seq"));
        assert_eq!(nearest("velocity", known), None);
        assert_eq!(nearest("", known), None);
    }

    #[test]
    fn the_distance_counts_a_swap_as_one() {
        let d = |a: &str, b: &str| edit_distance(&folded(a), &folded(b));
        assert_eq!(
            (d("ab", "ba"), d("abc", "abc"), d("", "abc"), d("kitten", "sitting")),
            (1, 0, 3, 3)
        );
    }
}
