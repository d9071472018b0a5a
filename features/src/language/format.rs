//! One layout for every policy: `gyr policy fmt`.
//!
//! What is written comes from the tokens and comments alone, never from how the lines were broken
//! before; so formatting twice changes nothing. Tokens are copied as they are, which keeps
//! `5_000 USD` and `0.30%`; the tree only says where a line may be broken ([`gaps`]), and how deep.
//! A range of tokens that fits its line stays whole; one that does not is broken at its outermost
//! gaps, and each part is looked at again ([`layout`]).
//!
//! A comment after a token keeps its place after that token and ends the line; one on its own line
//! keeps its own line. Blank lines remain between statements, one at most.

mod gaps;
mod layout;

use crate::diagnostic::Diagnostic;

use super::ast::Span;
use super::parse::{Mark, Reading, read};
use super::{TEXT_BYTES_MAX, first_faults, parse};
use gaps::Gaps;
use layout::Writer;

/// Columns of a line that is broken where it can be.
const WIDTH: usize = 110;

/// The text in the house layout.
///
/// # Errors
/// The faults of a text that cannot be read, as [`parse`] gives them.
pub fn format(text: &str) -> Result<String, Vec<Diagnostic>> {
    if TEXT_BYTES_MAX < text.len() {
        return Err(parse(text).1);
    }
    let reading = read(text, 0);
    if !reading.faults.is_empty() {
        return Err(first_faults(reading.faults, reading.more));
    }
    let notes = Notes::of(text, &reading);
    let gaps = Gaps::of(&reading);
    let mut writer = Writer::new(text, &reading, &gaps, &notes);
    let starts: Vec<usize> = statements(&reading).collect();
    let end = reading.tokens.len() - 1;
    for (index, start) in starts.iter().enumerate() {
        writer.statement(*start, starts.get(index + 1).copied().unwrap_or(end));
    }
    Ok(writer.finish())
}

/// The tokens that start a statement.
fn statements<'r>(reading: &'r Reading<'_>) -> impl Iterator<Item = usize> + 'r {
    reading.marks.iter().filter(|mark| mark.is_statement).map(|mark| mark.token)
}

/// The comments of a text, each beside a token.
struct Notes {
    /// For each token, the comments on lines of their own before it.
    before: Vec<Vec<Note>>,
    /// For each token, the comment after it on its line.
    after: Vec<Option<Span>>,
    /// For each token, whether a blank line stands right before it.
    is_apart: Vec<bool>,
}

/// A comment on a line of its own.
struct Note {
    span: Span,
    /// Whether a blank line stands right before it.
    is_apart: bool,
    /// Whether it is indented as part of the statement before it.
    is_inside: bool,
}

impl Notes {
    fn of(text: &str, reading: &Reading<'_>) -> Notes {
        let count = reading.tokens.len();
        let mut notes = Notes {
            before: std::iter::repeat_with(Vec::new).take(count).collect(),
            after: vec![None; count],
            is_apart: vec![false; count],
        };
        let mut comments = reading.comments.iter().peekable();
        // The end of what was looked at last, and whether the statement before may still go on.
        let (mut seen, mut is_inside) = (0, false);
        for (index, token) in reading.tokens.iter().enumerate() {
            while let Some(comment) = comments.next_if(|c| c.start < token.span.start) {
                let between = &text[seen as usize..comment.start as usize];
                let breaks = between.matches('\n').count();
                seen = comment.end;
                if breaks == 0 && 0 < index {
                    notes.after[index - 1] = Some(*comment);
                    continue;
                }
                let is_apart = 1 < breaks;
                is_inside &= !is_apart && between.ends_with([' ', '\t']);
                notes.before[index].push(Note { span: *comment, is_apart, is_inside });
            }
            let between = &text[seen as usize..token.span.start as usize];
            notes.is_apart[index] = 1 < between.matches('\n').count();
            (seen, is_inside) = (token.span.end, true);
        }
        notes
    }
}

/// The clauses of the statement in `start..end`: the range of each with its keyword. What stands
/// before the first is the head.
fn clauses(marks: &[Mark], start: usize, end: usize) -> Vec<(usize, usize, &'static str)> {
    let inside = |mark: &&Mark| start < mark.token && mark.token < end && !mark.is_statement;
    let marks: Vec<&Mark> = marks.iter().filter(inside).collect();
    let end_of = |index: usize| marks.get(index + 1).map_or(end, |next| next.token);
    marks.iter().enumerate().map(|(i, mark)| (mark.token, end_of(i), mark.keyword)).collect()
}
