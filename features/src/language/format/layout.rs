//! From tokens to lines: what fits stays on its line, what does not is broken from outside inwards.

use super::gaps::{Gap, Gaps};
use super::{Note, Notes, WIDTH, clauses};
use crate::language::ast::{Op, Span};
use crate::language::lexer::Kind;
use crate::language::parse::Reading;

/// How far clauses stand inside their statement.
const INDENT: usize = 2;

/// How far what is broken inside a part stands inside it.
const DEEPER: usize = 2;

/// A bracket further right than this does not pull the lines after it under itself.
const BRACKET_MAX: usize = 66;

/// Where the lines of a range go on when it is broken.
#[derive(Clone, Copy)]
struct Margin {
    column: usize,
    /// Whether an operator stands left of the column, so that the operands stand in it.
    is_hanging: bool,
}

impl Margin {
    fn at(column: usize) -> Margin {
        Margin { column, is_hanging: false }
    }
}

/// How a clause goes with its neighbours.
#[derive(Clone, Copy, PartialEq)]
enum Class {
    /// Whom it judges, or what a feature is: packed on lines.
    Head,
    /// Has its own lines.
    Alone,
    /// One example on each line.
    Examples,
    /// What follows and all the rest: packed on lines.
    Tail,
}

fn class(statement: &str, clause: &str) -> Class {
    match (statement, clause) {
        ("rule" | "exempt", "as" | "on") | (_, "id" | "unit" | "missing") => Class::Head,
        (_, "when" | "=") => Class::Alone,
        (_, "hits" | "misses") => Class::Examples,
        _ => Class::Tail,
    }
}

/// Writes statements one after the other.
pub(super) struct Writer<'a> {
    text: &'a str,
    reading: &'a Reading<'a>,
    gaps: &'a Gaps,
    notes: &'a Notes,
    /// For each token the characters of all tokens before it on one endless line.
    widths: Vec<usize>,
    /// For each token how many line breaks the comments before it force.
    forced: Vec<usize>,
    /// The token whose comments were written before its statement.
    led: usize,
    /// The column in which each token was written.
    columns: Vec<usize>,
    out: String,
    column: usize,
    /// Whether the next token must start a line.
    is_line_over: bool,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        text: &'a str,
        reading: &'a Reading<'a>,
        gaps: &'a Gaps,
        notes: &'a Notes,
    ) -> Writer<'a> {
        let count = reading.tokens.len();
        let (mut widths, mut forced) = (vec![0], vec![0]);
        for (index, token) in reading.tokens.iter().enumerate() {
            let width = slice(text, token.span).chars().count();
            let blank = usize::from(!gaps.is_glued[index]);
            widths.push(widths[index] + blank + width);
            let after = index.checked_sub(1).and_then(|before| notes.after[before]);
            let is_forced = after.is_some() || !notes.before[index].is_empty();
            forced.push(forced[index] + usize::from(is_forced));
        }
        Writer {
            text,
            reading,
            gaps,
            notes,
            widths,
            forced,
            led: usize::MAX,
            columns: vec![0; count],
            out: String::with_capacity(text.len()),
            column: 0,
            is_line_over: false,
        }
    }

    /// Writes the statement of the tokens `start..end`, and before it the comments that lead to it.
    pub(super) fn statement(&mut self, start: usize, end: usize) {
        self.lead(start);
        let marks = &self.reading.marks;
        let keyword = slice(self.text, self.reading.tokens[start].span);
        if !matches!(keyword, "feature" | "band" | "rule" | "exempt") {
            self.layout(start, end, "", 0, Margin::at(INDENT));
            return;
        }
        let clauses = clauses(marks, start, end);
        let mut rest = clauses.as_slice();
        let mut head_end = rest.first().map_or(end, |clause| clause.0);
        if keyword == "band" {
            if self.fits(start, end, 0, 0, rest.len()) {
                self.layout(start, rest[0].1, "", 0, Margin::at(INDENT));
                self.packed(&rest[1..]);
                return;
            }
            if rest[0].2 == "=" {
                (head_end, rest) = (rest[0].1, &rest[1..]);
            }
        }
        self.layout(start, head_end, "", 0, Margin::at(INDENT));
        while let Some(first) = rest.first() {
            let class_of = |clause: &(usize, usize, &str)| class(keyword, clause.2);
            let run = rest.iter().take_while(|c| class_of(c) == class_of(first)).count();
            let (clauses, others) = rest.split_at(run);
            match class_of(first) {
                Class::Head | Class::Tail => {
                    self.is_line_over = true;
                    self.packed(clauses);
                }
                Class::Alone => clauses.iter().for_each(|clause| {
                    self.is_line_over = true;
                    self.clause(*clause);
                }),
                Class::Examples => clauses.iter().for_each(|clause| self.examples(*clause)),
            }
            rest = others;
        }
    }

    /// The whole text, after the comments at its end.
    pub(super) fn finish(mut self) -> String {
        self.lead(self.reading.tokens.len() - 1);
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
        self.out
    }

    /// Comments and blank lines before a statement, or before the end.
    fn lead(&mut self, start: usize) {
        for Note { span, is_apart, is_inside } in &self.notes.before[start] {
            self.new_line(if *is_inside { INDENT } else { 0 }, *is_apart);
            self.comment(*span);
        }
        let is_end = self.reading.tokens[start].kind == Kind::End;
        if !is_end {
            self.new_line(0, self.notes.is_apart[start]);
        }
        self.is_line_over = false;
        self.led = start;
    }

    /// Clauses one after the other, on one line where they fit. Otherwise each that says what
    /// follows stands alone, and the others share lines.
    fn packed(&mut self, clauses: &[(usize, usize, &'static str)]) {
        let (Some(first), Some(last)) = (clauses.first(), clauses.last()) else { return };
        let is_whole = self.fits(first.0, last.1, 2, INDENT, clauses.len() - 1);
        let is_action = |keyword| matches!(keyword, "then" | "undecided");
        let mut is_after_action = false;
        for clause in clauses {
            let is_alone = !is_whole && (is_action(clause.2) || is_after_action);
            self.is_line_over |= is_alone || !self.fits(clause.0, clause.1, 2, INDENT, 0);
            self.clause(*clause);
            is_after_action = is_action(clause.2);
        }
    }

    /// A clause, two blanks after what stands on the line.
    fn clause(&mut self, (start, end, keyword): (usize, usize, &str)) {
        let column = self.next_column(2, INDENT) + keyword.len() + 1;
        let is_hanging = matches!(keyword, "when" | "then" | "undecided" | "=");
        self.layout(start, end, "  ", INDENT, Margin { column, is_hanging });
    }

    /// `hits` or `misses`, the braces under each other in both.
    fn examples(&mut self, (start, end, _): (usize, usize, &str)) {
        self.is_line_over = true;
        self.put(start, "", INDENT);
        let column = INDENT + "misses ".len();
        let mut at = start + 1;
        while at < end {
            let after = self.gaps.closing[at] + 1;
            let lead = " ".repeat(column.saturating_sub(self.column).max(1));
            self.layout(at, after, &lead, column, Margin::at(column + DEEPER));
            self.is_line_over = true;
            at = after;
        }
    }

    /// Writes the tokens `start..end`: after `lead` on the line, or at `indent` where a line starts.
    fn layout(&mut self, start: usize, end: usize, lead: &str, indent: usize, margin: Margin) {
        let gaps = self.gaps;
        let open = |token: &usize| gaps.gaps[*token].depth();
        let outermost = (start + 1..end).filter_map(|token| open(&token)).min();
        let is_whole = self.fits(start, end, lead.len(), indent, 0);
        let Some(depth) = outermost.filter(|_| !is_whole) else {
            self.put(start, lead, indent);
            for token in start + 1..end {
                let blank = if gaps.is_glued[token] { "" } else { " " };
                self.put(token, blank, margin.column);
            }
            return;
        };
        let is_cut = |token: &usize| open(token) == Some(depth);
        let mut from = start;
        let mut place = (lead, indent, Margin::at(margin.column + DEEPER));
        let first = (start + 1..end).find(|token| is_cut(token));
        if let Some(bracket) = first.and_then(|cut| gaps.bracket(start, cut)) {
            // What stands before the bracket is no part of what is broken inside it.
            from = bracket + 1;
            self.layout(start, from, lead, indent, place.2);
            let column = self.column_inside(bracket).min(BRACKET_MAX);
            let lead = if gaps.is_glued[from] { "" } else { " " };
            place = (lead, column, Margin::at(column + DEEPER));
        }
        for cut in (from + 1..end).filter(is_cut).chain([end]) {
            self.layout(from, cut, place.0, place.1, place.2);
            if cut == end {
                return;
            }
            let bracket = gaps.bracket(start, cut).map(|bracket| self.column_inside(bracket));
            let column = bracket.filter(|c| *c <= BRACKET_MAX).unwrap_or(margin.column);
            let is_hanging = margin.is_hanging && bracket.is_none();
            let indent = if is_hanging { self.hanging(cut, column) } else { column };
            let next = (cut + 1..end).find(|token| is_cut(token)).unwrap_or(end);
            let is_broken = matches!(gaps.gaps[cut], Gap::Together(_));
            self.is_line_over |= is_broken || !self.fits(cut, next, 1, indent, 0);
            place = (" ", indent, Margin::at(column + DEEPER));
            from = cut;
        }
    }

    /// Where an operator stands so that its operand stands in the column.
    fn hanging(&self, token: usize, column: usize) -> usize {
        let tokens = &self.reading.tokens;
        let is_word = |at: usize, word: &str| tokens[at].kind == Kind::Word(word);
        let is_operator = match tokens[token].kind {
            Kind::Word("and") => true,
            Kind::Word("or") => !is_word(token + 1, "else"),
            Kind::Sign(Op::Add | Op::Subtract | Op::Multiply | Op::Divide) => true,
            _ => false,
        };
        let width = slice(self.text, tokens[token].span).len() + 1;
        match column.checked_sub(width) {
            Some(left) if is_operator && INDENT <= left => left,
            _ => column,
        }
    }

    /// The column of what stands right after a bracket that was written.
    fn column_inside(&self, bracket: usize) -> usize {
        let is_brace = self.reading.tokens[bracket].kind == Kind::LeftBrace;
        self.columns[bracket] + if is_brace { 2 } else { 1 }
    }

    /// The column of the next token: `lead` characters on, or `indent` on a new line.
    fn next_column(&self, lead: usize, indent: usize) -> usize {
        if self.is_line_over { indent } else { self.column + lead }
    }

    /// Whether tokens fit on the line, with `more` blanks than usual among them.
    fn fits(&self, start: usize, end: usize, lead: usize, indent: usize, more: usize) -> bool {
        let blank = usize::from(!self.gaps.is_glued[start]);
        let width = self.widths[end] - self.widths[start] - blank;
        let is_forced = self.forced[start + 1] < self.forced[end];
        !is_forced && self.next_column(lead, indent) + width + more <= WIDTH
    }

    /// Writes one token and the comments that belong to it.
    fn put(&mut self, token: usize, lead: &str, indent: usize) {
        if self.led != token {
            for note in &self.notes.before[token] {
                self.new_line(indent, false);
                self.comment(note.span);
            }
        }
        if self.is_line_over {
            self.new_line(indent, false);
            self.is_line_over = false;
        } else {
            self.write(lead);
        }
        self.columns[token] = self.column;
        self.write(slice(self.text, self.reading.tokens[token].span));
        if let Some(comment) = self.notes.after[token] {
            self.write("  ");
            self.comment(comment);
        }
    }

    fn comment(&mut self, span: Span) {
        self.write(slice(self.text, span).trim_end());
        self.is_line_over = true;
    }

    /// Ends the line, if one was begun, and starts the next.
    fn new_line(&mut self, indent: usize, is_apart: bool) {
        if !self.out.is_empty() {
            self.out.push_str(if is_apart { "\n\n" } else { "\n" });
        }
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.column = indent;
    }

    fn write(&mut self, piece: &str) {
        self.out.push_str(piece);
        self.column += piece.chars().count();
    }
}

fn slice(text: &str, span: Span) -> &str {
    &text[span.start as usize..span.end as usize]
}
