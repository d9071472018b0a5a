//! From tokens to the tree, by recursive descent.
//!
//! Here stand the tools of the parser; [`statement`] reads statements and their clauses,
//! [`judgement`] what rules, bands and exemptions say, [`action`] what they vote for and [`example`]
//! how they are tried, [`expression`] and [`aggregate`] what they compute.
//! A function that cannot go on reports its fault once and returns [`Stop`]; the loop over clauses
//! takes that, moves to the next clause or statement, and goes on. A mistake that can be mended
//! (`=` for `==`, `becuase`) is reported and read as what was meant.
//!
//! Every loop takes a token in each round or ends, so that the time is linear; recursion is counted
//! against [`super::NESTING_MAX`], and the height of what is built against [`super::HEIGHT_MAX`].

mod action;
mod aggregate;
mod example;
mod expression;
mod judgement;
mod statement;

use std::ops::Range;

use crate::diagnostic::{Diagnostic, Place, nearest};

use super::ast::{Name, Policy, Span, Spanned, Unit};
use super::faults::{self, Faults, place, quoted};
use super::lexer::{self, Kind, Token, is_lower, is_upper};
use super::words::{
    CLAUSES, CONTINUING, Known, PROOFS, STATEMENTS, find, is_clause, is_continuing, is_reserved,
    is_statement, names,
};
use super::{NAME_BYTES_MAX, PARTS_MAX, TEXT_BYTES_MAX};
use crate::limits::ID_BYTES_MAX;

/// Reads a policy text: the statements that could be read, and every fault, in the order of the
/// text.
///
/// The text is good when there is no fault. After a fault the policy holds what could still be
/// understood, so that its names can be checked as far as they are there; it must not be put in
/// force.
pub fn parse(text: &str) -> (Policy, Vec<Diagnostic>) {
    let (policy, faults, more) = parse_part(text, 0..text.len());
    (policy, faults::first_faults(faults, more))
}

/// Reads the part of a longer text that stands in `range` as if it were a text of its own, with
/// places that count from the start of the whole; with the first faults comes how many more there
/// are.
///
/// The range must lie inside the text, on the borders of characters.
pub fn parse_part(text: &str, range: Range<usize>) -> (Policy, Vec<Diagnostic>, u64) {
    if TEXT_BYTES_MAX < range.len() {
        let message = format!("got {} bytes, wanted at most {TEXT_BYTES_MAX}", range.len());
        let fault = Diagnostic::error(faults::TEXT_TOO_LONG, Place::Whole, message);
        return (
            Policy::default(),
            vec![fault.help("long lists of values belong outside the text")],
            0,
        );
    }
    let reading = read(&text[..range.end], range.start);
    (reading.policy, reading.faults, reading.more)
}

/// All that is learnt from reading a text.
pub(super) struct Reading<'a> {
    pub(super) policy: Policy,
    pub(super) tokens: Vec<Token<'a>>,
    pub(super) comments: Vec<Span>,
    pub(super) marks: Vec<Mark>,
    pub(super) faults: Vec<Diagnostic>,
    /// Faults beyond those that are kept.
    pub(super) more: u64,
}

/// The keywords of the clauses of a statement, in the order in which people write them.
pub(super) fn clauses_of(statement: &str) -> &'static [&'static str] {
    let forms = [&statement::FEATURE, &judgement::BAND, &judgement::RULE, &judgement::EXEMPT];
    forms.into_iter().find(|form| form.keyword == statement).map_or(&[], |form| form.clauses)
}

/// A token that starts a statement or a clause, in the order of the text.
pub(super) struct Mark {
    /// The index of the token.
    pub(super) token: usize,
    /// What it was read as, also when it is misspelt.
    pub(super) keyword: &'static str,
    /// Whether it starts a statement rather than a clause.
    pub(super) is_statement: bool,
}

/// Reads a text from byte `first` on; it must not be longer than is read.
pub(super) fn read(text: &str, first: usize) -> Reading<'_> {
    let lexer::Lexed { tokens, comments, faults } = lexer::lex(text, first);
    let mut parser = Parser {
        text,
        first,
        tokens,
        at: 0,
        depth: 0,
        marks: Vec::new(),
        faults: Faults::default(),
    };
    let policy = parser.policy();
    let (faults, more) = faults.settle(parser.faults);
    Reading { policy, tokens: parser.tokens, comments, marks: parser.marks, faults, more }
}

/// A fault was reported and the construct cannot be finished.
struct Stop;

type Parsed<T> = Result<T, Stop>;

/// How a name must be spelt.
#[derive(Clone, Copy, PartialEq)]
enum Spelling {
    /// Lower snake case, without dots: what a policy declares.
    Plain,
    /// Lower snake case in segments: what a policy mentions.
    Lower,
    /// Upper snake case.
    Upper,
    /// Either, also with `-` inside.
    Any,
}

struct Parser<'a> {
    text: &'a str,
    /// Where the part that is read starts in the text.
    first: usize,
    tokens: Vec<Token<'a>>,
    at: usize,
    depth: u32,
    marks: Vec<Mark>,
    faults: Faults,
}

impl<'a> Parser<'a> {
    /// The token `ahead` of the current one; past the end it is the end.
    fn token(&self, ahead: usize) -> &Token<'a> {
        let last = self.tokens.len() - 1;
        &self.tokens[last.min(self.at + ahead)]
    }

    fn kind(&self) -> &Kind<'a> {
        &self.token(0).kind
    }

    fn span(&self) -> Span {
        self.token(0).span
    }

    /// The span from `start` to the last token taken.
    fn span_from(&self, start: Span) -> Span {
        let last = self.tokens[self.at.saturating_sub(1)].span.end;
        Span { start: start.start, end: last.max(start.end) }
    }

    fn slice(&self, span: Span) -> &'a str {
        &self.text[span.start as usize..span.end as usize]
    }

    /// Takes the keyword of a statement or a clause and notes where it stands.
    fn take_keyword(&mut self, keyword: &'static str, is_statement: bool) {
        self.marks.push(Mark { token: self.at, keyword, is_statement });
        self.advance();
    }

    fn advance(&mut self) {
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
    }

    fn word_at(&self, ahead: usize) -> Option<&'a str> {
        match self.token(ahead).kind {
            Kind::Word(word) => Some(word),
            _ => None,
        }
    }

    fn word(&self) -> Option<&'a str> {
        self.word_at(0)
    }

    fn take_word(&mut self, wanted: &str) -> bool {
        let found = self.word() == Some(wanted);
        if found {
            self.advance();
        }
        found
    }

    fn take(&mut self, wanted: &Kind<'static>) -> bool {
        let found = self.kind() == wanted;
        if found {
            self.advance();
        }
        found
    }

    /// Whether the text ends here or the next statement starts.
    fn is_at_border(&self) -> bool {
        let token = self.token(0);
        let is_statement = self.word().is_some_and(is_statement);
        *self.kind() == Kind::End || (token.is_at_margin && is_statement)
    }

    /// Whether a word stands in the first column that was probably meant to start a statement.
    fn is_at_misspelt_statement(&self) -> bool {
        let is_near = |word| !is_clause(word) && nearest_word(word, names(&STATEMENTS)).is_some();
        self.token(0).is_at_margin && self.word().is_some_and(is_near)
    }

    /// Whether the current token is the first of its line.
    fn is_first_of_line(&self) -> bool {
        let before = &self.text[..self.span().start as usize];
        before.trim_end_matches([' ', '\t']).ends_with('\n')
    }

    /// Whether a clause starts here rather than a name that is spelt like its keyword: what follows
    /// could not follow an operand. `unit count` is a clause, `unit == 3` and `unit because X`
    /// start with a name.
    fn is_at_clause(&self) -> bool {
        let Some(word) = self.word().filter(|word| is_clause(word)) else {
            return false;
        };
        match &self.token(1).kind {
            Kind::Word(next) if self.token(1).is_at_margin && is_statement(next) => false,
            Kind::Word(next) => !is_continuing(next) && !is_clause(next),
            Kind::Text(_) | Kind::Number { .. } | Kind::Date => true,
            Kind::LeftBrace => matches!(word, "hits" | "misses"),
            _ => word == "missing" && self.token(1).kind != Kind::LeftParen,
        }
    }

    fn report(&mut self, code: &'static str, span: Span, message: String, help: Option<String>) {
        let mut fault = Diagnostic::error(code, place(span), message);
        fault.help = help;
        self.faults.add(fault);
    }

    /// Reports that the current token is not what the grammar wants.
    fn unexpected(&mut self, wanted: &str, help: Option<String>) -> Stop {
        let message = format!("got {}, wanted {wanted}", self.got());
        self.report(faults::UNEXPECTED, self.span(), message, help);
        Stop
    }

    /// The current token in the words of a message.
    fn got(&self) -> String {
        match self.kind() {
            Kind::End => "the end of the text".to_owned(),
            Kind::Word(word) if self.is_at_border() => format!("the next statement `{word}`"),
            _ => quoted(self.slice(self.span())),
        }
    }

    /// A name, such as `wanted` says.
    fn name(&mut self, wanted: &str, spelling: Spelling) -> Parsed<Name> {
        let word = match self.kind() {
            Kind::Word(word) if !self.is_at_border() && !self.is_at_clause() => *word,
            Kind::Text(text) if is_lower(text) || is_upper(text) => {
                let help = format!("write {text} without quotes");
                return Err(self.unexpected(wanted, Some(help)));
            }
            _ => return Err(self.unexpected(wanted, None)),
        };
        let span = self.span();
        if is_reserved(word) {
            let message = format!("got `{word}`, a word of the language, wanted {wanted}");
            self.report(faults::RESERVED, span, message, None);
            return Err(Stop);
        }
        self.advance();
        self.check_spelling(word, span, wanted, spelling);
        Ok(Name { node: word.to_owned(), span })
    }

    /// Reports that a list has a name of more bytes than the events that change it can carry.
    fn check_list_name(&mut self, span: Span, bytes: usize) {
        if (ID_BYTES_MAX + 1..=NAME_BYTES_MAX).contains(&bytes) {
            let message =
                format!("got the name of a list of {bytes} bytes, wanted at most {ID_BYTES_MAX}");
            self.report(faults::NAME_TOO_LONG, span, message, None);
        }
    }

    /// The same of a tag, whose list is named for the entity too.
    fn check_tag(&mut self, entity: &Name, tag: &Name) {
        let colon = 1;
        self.check_list_name(tag.span, entity.node.len() + colon + tag.node.len());
    }

    fn check_spelling(&mut self, word: &str, span: Span, wanted: &str, spelling: Spelling) {
        let is_right = match spelling {
            Spelling::Plain => is_lower(word) && !word.contains('.'),
            Spelling::Lower => is_lower(word),
            Spelling::Upper => is_upper(word) && !word.contains('-'),
            Spelling::Any => true,
        };
        if is_right {
            return;
        }
        let (form, right) = match spelling {
            Spelling::Plain => ("in lower_snake", word.to_lowercase().replace(['.', '-'], "_")),
            Spelling::Lower | Spelling::Any => ("in lower_snake", word.to_lowercase()),
            Spelling::Upper => ("in UPPER_SNAKE", word.to_uppercase().replace(['.', '-'], "_")),
        };
        let message = format!("got {}, wanted {wanted} {form}", quoted(word));
        let help = format!("write {}", quoted(&right));
        self.report(faults::NAME_SPELLING, span, message, Some(help));
    }

    /// One name or several with commas between them.
    fn names(&mut self, wanted: &str, spelling: Spelling) -> Parsed<Vec<Name>> {
        let mut names = vec![self.name(wanted, spelling)?];
        while self.take(&Kind::Comma) || self.is_at_lone_name() {
            names.push(self.name(wanted, spelling)?);
        }
        Ok(names)
    }

    /// Reports a name that follows another without the comma, if one stands here.
    fn is_at_lone_name(&mut self) -> bool {
        let is_name = |word: &str| {
            let clauses = names(&CLAUSES).chain(names(&PROOFS));
            let mut words = names(&STATEMENTS).chain(clauses).chain(CONTINUING);
            let is_near = nearest_word(word, words.by_ref()).is_some();
            !is_near
                && ![&STATEMENTS[..], &CLAUSES, &PROOFS].iter().any(|t| find(t, word).is_some())
        };
        let is_lone = self.word().is_some_and(is_name);
        if is_lone {
            self.report_lone();
        }
        is_lone
    }

    fn report_lone(&mut self) {
        let message = format!("got {}, wanted `,` before it", self.got());
        self.report(faults::UNEXPECTED, self.span(), message, None);
    }

    fn quoted_text(&mut self, wanted: &str) -> Parsed<Spanned<String>> {
        let span = self.span();
        if let Kind::Text(text) = self.kind() {
            let node = text.clone();
            self.advance();
            return Ok(Spanned { node, span });
        }
        let is_bare = !self.is_at_border() && matches!(self.kind(), Kind::Word(_));
        let help = is_bare.then(|| format!("write \"{}\"", self.slice(span)));
        Err(self.unexpected(wanted, help))
    }

    /// A duration in milliseconds, longer than zero.
    fn duration(&mut self, wanted: &str) -> Parsed<Spanned<i64>> {
        let span = self.span();
        let Kind::Number { value, unit: Some(Unit::Duration) } = *self.kind() else {
            let is_number = matches!(self.kind(), Kind::Number { .. });
            let help = match is_number {
                true => "a duration has a unit: ms s m h d w",
                false => "a duration is written such as 30m, 24h or 7d",
            };
            return Err(self.unexpected(wanted, Some(help.to_owned())));
        };
        self.advance();
        if value <= 0.0 {
            let message = format!("got {}, wanted {wanted} longer than zero", self.slice(span));
            self.report(faults::DURATION, span, message, None);
        }
        // The lexer gives whole milliseconds below 2^53.
        Ok(Spanned { node: (value as i64).max(1), span })
    }

    /// Takes the word of a closed list, or reports which ones there are.
    fn choice<T: Copy>(
        &mut self,
        wanted: &str,
        choices: &'static [Known<T>],
    ) -> Parsed<Spanned<T>> {
        let span = self.span();
        let word = self.word().filter(|_| !self.is_at_border());
        if let Some(known) = word.and_then(|word| find(choices, word)) {
            self.advance();
            return Ok(Spanned { node: known.node, span });
        }
        let names: Vec<&str> = names(choices).collect();
        let message = format!("got {}, wanted {wanted}: {}", self.got(), names.join(", "));
        let help = word.and_then(|word| did_you_mean(word, names));
        self.report(faults::CHOICE, span, message, help);
        Err(Stop)
    }

    /// The path of a file in double quotes, not empty.
    fn path(&mut self) -> Parsed<Spanned<String>> {
        let path = self.quoted_text("the path of a file in double quotes")?;
        if path.node.is_empty() {
            let message = "got an empty path, wanted that of a file".to_owned();
            self.report(faults::UNEXPECTED, path.span, message, None);
        }
        Ok(path)
    }

    /// Reports one part too many in a list of at most [`PARTS_MAX`].
    fn check_parts(&mut self, count: usize, what: &str, span: Span) -> Parsed<()> {
        if count < PARTS_MAX {
            return Ok(());
        }
        let message = format!("got more than {PARTS_MAX} {what}");
        self.report(faults::TOO_MANY, span, message, None);
        Err(Stop)
    }

    /// Takes the bracket that closes the one at `open`.
    fn close(&mut self, open: Span, bracket: &Kind<'static>) -> Parsed<()> {
        if self.take(bracket) {
            return Ok(());
        }
        if self.faults.is_full() {
            // Counting lines for a message that nobody will read would make the time quadratic.
            return Err(self.unexpected("a bracket", None));
        }
        let line = self.text[self.first..open.start as usize].matches('\n').count() + 1;
        let sign = match *bracket {
            Kind::RightParen => "`)`",
            Kind::RightBracket => "`]`",
            _ => "`}`",
        };
        let wanted = format!("{sign} for the {} in line {line}", quoted(self.slice(open)));
        let help = self.word().and_then(|word| did_you_mean(word, CONTINUING));
        Err(self.unexpected(&wanted, help))
    }
}

/// The help that names the nearest known word, if one is near.
fn did_you_mean<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<String> {
    nearest_word(word, known).map(|name| format!("did you mean `{name}`?"))
}

/// The nearest known word. Very short words are near to too many, and those too long for a name are
/// not measured.
fn nearest_word<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    if (3..=NAME_BYTES_MAX).contains(&word.len()) { nearest(word, known) } else { None }
}
