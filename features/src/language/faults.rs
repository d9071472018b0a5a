//! What can be wrong with a policy text before its names are looked up, one stable code for each.
//!
//! The table [`CODES`] is the only place where a code gets its meaning; the functions that find a
//! fault name it by constant, and the tests hold that each code is raised by some text. [`Faults`]
//! gathers them within its limit and keeps one fault for one place: what a reader of tokens trips
//! over again after a fault is an echo, not news.

use crate::diagnostic::{Diagnostic, Place};

use super::FAULTS_MAX;
use super::ast::Span;

pub(super) const TEXT_TOO_LONG: &str = "P001";
pub(super) const MORE_FAULTS: &str = "P002";
pub(super) const CHARACTER: &str = "P003";
pub(super) const HIDDEN_CHARACTER: &str = "P004";
pub(super) const TEXT_NOT_CLOSED: &str = "P005";
pub(super) const ESCAPE: &str = "P006";
pub(super) const QUOTES: &str = "P007";
pub(super) const COMMENT: &str = "P008";
pub(super) const NAME_SPELLING: &str = "P009";
pub(super) const NAME_TOO_LONG: &str = "P010";
pub(super) const NUMBER: &str = "P011";
pub(super) const UNIT: &str = "P012";
pub(super) const CURRENCY: &str = "P013";
pub(super) const DURATION: &str = "P014";
pub(super) const DATE: &str = "P015";
pub(super) const FOREIGN_OPERATOR: &str = "P016";
pub(super) const KEYWORD_CASE: &str = "P017";
pub(super) const ASSIGNMENT: &str = "P018";
pub(super) const IS_NULL: &str = "P019";
pub(super) const NO_OPERAND: &str = "P020";
pub(super) const CHAINED: &str = "P021";
pub(super) const LOOSE_PREFIX: &str = "P022";
pub(super) const TOO_DEEP: &str = "P023";
pub(super) const TOO_HIGH: &str = "P024";
pub(super) const UNEXPECTED: &str = "P025";
pub(super) const RESERVED: &str = "P026";
pub(super) const NO_OVER: &str = "P027";
pub(super) const AGGREGATE_VALUE: &str = "P028";
pub(super) const REPEATED: &str = "P029";
pub(super) const STATEMENT: &str = "P030";
pub(super) const INDENTED: &str = "P031";
pub(super) const POLICY_NAME: &str = "P032";
pub(super) const CLAUSE: &str = "P033";
pub(super) const NO_CLAUSE: &str = "P034";
pub(super) const CHOICE: &str = "P035";
pub(super) const RANGE: &str = "P036";
pub(super) const WINDOW_STEM: &str = "P037";
pub(super) const TOO_MANY: &str = "P038";
pub(super) const ENCODING: &str = "P039";

/// Every fault that [`super::parse`] can report, with its meaning. The meaning of a code never
/// changes.
pub static CODES: &[(&str, &str)] = &[
    (TEXT_TOO_LONG, "the text is longer than is read"),
    (MORE_FAULTS, "there are more faults than are shown"),
    (CHARACTER, "a character that means nothing here"),
    (HIDDEN_CHARACTER, "an invisible character that can make a text look like another"),
    (TEXT_NOT_CLOSED, "a text without its closing quote"),
    (ESCAPE, "an unknown escape in a text"),
    (QUOTES, "a text in other quotes than double ones"),
    (COMMENT, "a comment that does not start with #"),
    (NAME_SPELLING, "a name in the wrong case or with foreign letters"),
    (NAME_TOO_LONG, "a name that is too long"),
    (NUMBER, "a number that cannot be read exactly"),
    (UNIT, "an unknown or misspelt unit"),
    (CURRENCY, "a currency that is not an ISO 4217 code in capitals"),
    (DURATION, "a duration that is zero, too long or not whole milliseconds"),
    (DATE, "a day that does not exist, or a date where none can stand"),
    (FOREIGN_OPERATOR, "an operator of another language"),
    (KEYWORD_CASE, "a word of the language in capitals"),
    (ASSIGNMENT, "= where == is meant, or the other way round"),
    (IS_NULL, "a test for absence in the words of another language"),
    (NO_OPERAND, "an operator with nothing after it"),
    (CHAINED, "comparisons in a chain"),
    (LOOSE_PREFIX, "not where it needs parentheses"),
    (TOO_DEEP, "an expression nested too deep"),
    (TOO_HIGH, "an expression of too many operators in a row"),
    (UNEXPECTED, "something other than the grammar wants here"),
    (RESERVED, "a word of the language where a name must stand"),
    (NO_OVER, "a window without over"),
    (AGGREGATE_VALUE, "an aggregate with a value it does not take, or without the one it wants"),
    (REPEATED, "something that may stand once and stands twice"),
    (STATEMENT, "an unknown statement"),
    (INDENTED, "a statement that does not start in the first column"),
    (POLICY_NAME, "policy anywhere but at the start"),
    (CLAUSE, "a clause that the statement does not have"),
    (NO_CLAUSE, "a clause that the statement must have"),
    (CHOICE, "a word outside a closed list"),
    (RANGE, "a number outside the range it must be in"),
    (WINDOW_STEM, "windows after a name that does not end in _"),
    (TOO_MANY, "more parts in a list than may stand there"),
    (ENCODING, "bytes that are not UTF-8 text"),
];

/// The place of a span.
pub(super) fn place(span: Span) -> Place {
    Place::Text { start: span.start, end: span.end }
}

/// At most this many characters of the text are quoted in a message.
const QUOTED_MAX: usize = 40;

/// A piece of the text as it is quoted in a message: its first line, cut when it is long.
pub(super) fn quoted(piece: &str) -> String {
    let mut shown: String = piece.chars().take(QUOTED_MAX + 1).collect();
    if let Some(end) = shown.find(['\n', '\r']) {
        shown.truncate(end);
    }
    let is_whole = shown.len() == piece.len() && shown.chars().count() <= QUOTED_MAX;
    if is_whole {
        return format!("`{shown}`");
    }
    format!("`{}..`", shown.chars().take(QUOTED_MAX).collect::<String>())
}

fn start(fault: &Diagnostic) -> u32 {
    match fault.place {
        Place::Text { start, .. } => start,
        Place::Field(_) | Place::Row(_) | Place::Whole => 0,
    }
}

/// The faults found so far: the first ones whole, the others counted.
#[derive(Default)]
pub(super) struct Faults {
    found: Vec<Diagnostic>,
    more: u64,
    newest: Option<u32>,
}

impl Faults {
    /// Whether further faults are only counted, so that nobody needs to know them well.
    pub(super) fn is_full(&self) -> bool {
        self.found.len() == FAULTS_MAX
    }

    /// Takes a fault, unless the one before it stood at the same place.
    pub(super) fn add(&mut self, fault: Diagnostic) {
        let start = start(&fault);
        if self.newest == Some(start) {
            return;
        }
        self.newest = Some(start);
        if self.found.len() < FAULTS_MAX {
            self.found.push(fault);
        } else {
            self.more += 1;
        }
    }

    /// The faults of two passes in the order of the text, one for each place, the first pass before
    /// the second, and how many there are beyond them.
    pub(super) fn settle(self, second: Faults) -> (Vec<Diagnostic>, u64) {
        let mut more = self.more + second.more;
        let mut all = self.found;
        all.extend(second.found);
        all.sort_by_key(start);
        all.dedup_by_key(|fault| start(fault));
        more += all.len().saturating_sub(FAULTS_MAX) as u64;
        all.truncate(FAULTS_MAX);
        (all, more)
    }
}

/// The first [`FAULTS_MAX`] faults, and one that counts the others: those left out here and `more`
/// that were left out before.
pub fn first_faults(mut faults: Vec<Diagnostic>, mut more: u64) -> Vec<Diagnostic> {
    more += faults.len().saturating_sub(FAULTS_MAX) as u64;
    faults.truncate(FAULTS_MAX);
    if 0 < more {
        let message = format!("got {more} more faults than are shown");
        let fault = Diagnostic::error(MORE_FAULTS, Place::Whole, message);
        faults.push(fault.help("repair these first and check again"));
    }
    faults
}

/// The text that a file holds.
///
/// # Errors
/// The fault of bytes that are not UTF-8, with the first of them.
pub fn text_of(bytes: &[u8]) -> Result<&str, Diagnostic> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
        let message = format!("got byte 0x{byte:02x} in line {line}, wanted UTF-8 text");
        Diagnostic::error(ENCODING, Place::Whole, message).help("save the file as UTF-8")
    })
}
