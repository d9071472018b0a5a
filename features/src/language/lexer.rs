//! From a text to its tokens.
//!
//! The lexer never refuses: a mistake whose meaning is plain (`&&`, `'text'`, `5 min`, a full-width
//! comma) is reported and read as what was meant, and a character that means nothing is reported
//! and skipped, so that the parser goes on to the faults that follow. Units belong to their number:
//! the lexer hands out fractions and milliseconds. Each byte is looked at a bounded number of
//! times.

mod number;

use crate::diagnostic::Diagnostic;

use super::NAME_BYTES_MAX;
use super::ast::{Op, Span, Unit};
use super::faults::{self, Faults, place, quoted};

/// One token.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind<'a>,
    pub(super) span: Span,
    /// Whether it stands in the first column, where statements start.
    pub(super) is_at_margin: bool,
}

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind<'a> {
    /// A name or a word of the language.
    Word(&'a str),
    /// A number, its unit already applied (see [`super::ast::ExprNode::Number`]).
    Number {
        value: f64,
        unit: Option<Unit>,
    },
    /// `2027-06-30`
    Date,
    /// What stands between double quotes, with escapes resolved.
    Text(String),
    /// `@name`, without the sign.
    List(&'a str),
    LeftParen,
    RightParen,
    LeftBrace,
    RightBrace,
    LeftBracket,
    RightBracket,
    Comma,
    /// `=`
    Assign,
    /// `..`
    Dots,
    /// An operator written as a sign; those written as words are [`Kind::Word`].
    Sign(Op),
    /// The end of the text; the last token, and only that.
    End,
}

/// What a text is made of.
pub(super) struct Lexed<'a> {
    /// Closed by [`Kind::End`].
    pub(super) tokens: Vec<Token<'a>>,
    /// Where the comments are, each from its `#` to the end of its line.
    pub(super) comments: Vec<Span>,
    /// What is wrong with them.
    pub(super) faults: Faults,
}

/// The tokens of a text from byte `from` on.
pub(super) fn lex(text: &str, from: usize) -> Lexed<'_> {
    let (tokens, comments, faults) = (Vec::new(), Vec::new(), Faults::default());
    let mut lexer = Lexer { text, at: from, tokens, comments, faults };
    if text[from..].starts_with('\u{feff}') {
        lexer.at += '\u{feff}'.len_utf8();
    }
    let first = lexer.at;
    while let Some(c) = lexer.peek() {
        lexer.token(c);
    }
    lexer.push(Kind::End, lexer.at);
    for token in &mut lexer.tokens {
        let start = token.span.start as usize;
        token.is_at_margin = start == first || text.as_bytes()[..start].last() == Some(&b'\n');
    }
    Lexed { tokens: lexer.tokens, comments: lexer.comments, faults: lexer.faults }
}

/// Signs of two characters, then those of one; the first that fits is taken.
static SIGNS: [(&str, Kind<'static>); 19] = [
    ("==", Kind::Sign(Op::Equal)),
    ("!=", Kind::Sign(Op::NotEqual)),
    ("<=", Kind::Sign(Op::LessEqual)),
    (">=", Kind::Sign(Op::GreaterEqual)),
    ("..", Kind::Dots),
    ("<", Kind::Sign(Op::Less)),
    (">", Kind::Sign(Op::Greater)),
    ("+", Kind::Sign(Op::Add)),
    ("-", Kind::Sign(Op::Subtract)),
    ("*", Kind::Sign(Op::Multiply)),
    ("/", Kind::Sign(Op::Divide)),
    ("(", Kind::LeftParen),
    (")", Kind::RightParen),
    ("{", Kind::LeftBrace),
    ("}", Kind::RightBrace),
    ("[", Kind::LeftBracket),
    ("]", Kind::RightBracket),
    (",", Kind::Comma),
    ("=", Kind::Assign),
];

/// Operators of other languages and look-alikes from other keyboards, with what they are read as.
static FOREIGN: [(&str, &str, Kind<'static>); 22] = [
    ("===", "==", Kind::Sign(Op::Equal)),
    ("!==", "!=", Kind::Sign(Op::NotEqual)),
    ("=>", ">=", Kind::Sign(Op::GreaterEqual)),
    ("=<", "<=", Kind::Sign(Op::LessEqual)),
    ("<>", "!=", Kind::Sign(Op::NotEqual)),
    ("&&", "and", Kind::Word("and")),
    ("&", "and", Kind::Word("and")),
    ("||", "or", Kind::Word("or")),
    ("|", "or", Kind::Word("or")),
    ("!", "not", Kind::Word("not")),
    ("≥", ">=", Kind::Sign(Op::GreaterEqual)),
    ("≤", "<=", Kind::Sign(Op::LessEqual)),
    ("≠", "!=", Kind::Sign(Op::NotEqual)),
    ("−", "-", Kind::Sign(Op::Subtract)),
    ("–", "-", Kind::Sign(Op::Subtract)),
    ("×", "*", Kind::Sign(Op::Multiply)),
    ("÷", "/", Kind::Sign(Op::Divide)),
    ("（", "(", Kind::LeftParen),
    ("）", ")", Kind::RightParen),
    ("，", ",", Kind::Comma),
    ("＝", "=", Kind::Assign),
    ("…", "..", Kind::Dots),
];

/// Quotes that are not ours, and those that may close them.
const FOREIGN_QUOTES: [(char, &[char]); 4] =
    [('\'', &['\'']), ('`', &['`']), ('‘', &['’', '‘']), ('“', &['”', '“'])];

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    tokens: Vec<Token<'a>>,
    comments: Vec<Span>,
    faults: Faults,
}

impl<'a> Lexer<'a> {
    /// Reads one token, or skips what is none; always moves on.
    fn token(&mut self, c: char) {
        if c.is_ascii_digit() {
            self.number();
        } else if is_name_start(c) {
            self.word();
        } else if is_hidden(c) {
            self.hidden(c);
        } else if c.is_whitespace() {
            self.at += c.len_utf8();
        } else if c == '"' {
            self.quoted_text();
        } else if c == '#' {
            self.comment();
        } else if c == '@' {
            self.list_name();
        } else if !(self.foreign_comment() || self.foreign_quote(c) || self.sign()) {
            self.stray(c);
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn span(&self, start: usize) -> Span {
        // All files of a policy together are much shorter than 4 GiB, so that offsets fit.
        Span { start: start as u32, end: self.at as u32 }
    }

    fn push(&mut self, kind: Kind<'a>, start: usize) {
        let span = self.span(start);
        self.tokens.push(Token { kind, span, is_at_margin: false });
    }

    fn fault(&mut self, code: &'static str, span: Span, message: String, help: &str) {
        let fault = Diagnostic::error(code, place(span), message);
        self.faults.add(if help.is_empty() { fault } else { fault.help(help) });
    }

    /// Moves over the characters that `belongs` takes and returns them.
    fn run(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// Moves over a name: segments joined by dots, or capitals, which may hold `-` inside
    /// (`VEL-09`).
    fn name(&mut self) -> &'a str {
        let start = self.at;
        self.run(is_name_part);
        let is_upper = is_upper(&self.text[start..self.at]);
        while let Some(joint) = self.peek() {
            let next = self.rest()[joint.len_utf8()..].chars().next().unwrap_or(' ');
            let is_segment = joint == '.' && is_name_start(next);
            let is_number = is_upper && joint == '-' && matches!(next, 'A'..='Z' | '0'..='9');
            if !(is_segment || is_number) {
                break;
            }
            self.at += 1;
            self.run(is_name_part);
        }
        &self.text[start..self.at]
    }

    fn word(&mut self) {
        let start = self.at;
        let name = self.name();
        self.check_name(name, start);
        self.push(Kind::Word(name), start);
    }

    fn list_name(&mut self) {
        let start = self.at;
        self.at += 1;
        if !self.peek().is_some_and(is_name_start) {
            let message = "got `@` alone, wanted the name of a list after it".to_owned();
            self.fault(faults::CHARACTER, self.span(start), message, "");
            return;
        }
        let name = self.name();
        self.check_name(name, start);
        self.push(Kind::List(name), start);
    }

    fn check_name(&mut self, name: &str, start: usize) {
        let span = self.span(start);
        if NAME_BYTES_MAX < name.len() {
            let message =
                format!("got a name of {} bytes, wanted at most {NAME_BYTES_MAX}", name.len());
            self.fault(faults::NAME_TOO_LONG, span, message, "");
        } else if !(is_lower(name) || is_upper(name)) {
            let message = format!("got {}, wanted lower_snake or UPPER_SNAKE", quoted(name));
            let help = match name.is_ascii() {
                true => format!("write `{}`", snake(name)),
                false => "names are made of a-z, 0-9 and _".to_owned(),
            };
            self.fault(faults::NAME_SPELLING, span, message, &help);
        }
    }

    fn quoted_text(&mut self) {
        let start = self.at;
        self.at += 1;
        let mut content = String::new();
        loop {
            content.push_str(self.run(|c| !matches!(c, '"' | '\\' | '\n' | '\r')));
            match self.peek() {
                Some('"') => {
                    self.at += 1;
                    break;
                }
                Some('\\') => content.extend(self.escape()),
                _ => {
                    let message = "got the end of the line, wanted the closing `\"`".to_owned();
                    let help = "a line break inside a text is written `\\n`";
                    self.fault(faults::TEXT_NOT_CLOSED, self.span(start), message, help);
                    break;
                }
            }
        }
        self.check_hidden(start);
        self.push(Kind::Text(content), start);
    }

    /// Reads one escape; an unknown one stands for the character after the backslash.
    fn escape(&mut self) -> Option<char> {
        let start = self.at;
        self.at += 1;
        let c = self.peek().filter(|c| !matches!(c, '\n' | '\r'))?;
        self.at += c.len_utf8();
        let known = [('n', '\n'), ('r', '\r'), ('t', '\t'), ('"', '"'), ('\\', '\\')];
        if let Some((_, meant)) = known.iter().find(|(written, _)| *written == c) {
            return Some(*meant);
        }
        let message = format!("got `\\{c}`, wanted one of `\\\"` `\\\\` `\\n` `\\r` `\\t`");
        self.fault(
            faults::ESCAPE,
            self.span(start),
            message,
            "a backslash itself is written twice",
        );
        Some(c)
    }

    fn comment(&mut self) {
        let start = self.at;
        self.run(|c| c != '\n');
        self.check_hidden(start);
        self.comments.push(self.span(start));
    }

    fn foreign_comment(&mut self) -> bool {
        let is_comment = self.rest().starts_with("//");
        if is_comment {
            let start = self.at;
            self.at += 2;
            let message = "got `//`, wanted `#` before a comment".to_owned();
            self.fault(faults::COMMENT, self.span(start), message, "");
            self.comment();
        }
        is_comment
    }

    /// Reads a text in quotes of another language, if it is closed on its line.
    fn foreign_quote(&mut self, c: char) -> bool {
        let Some((open, close)) = FOREIGN_QUOTES.iter().find(|(open, _)| *open == c) else {
            return false;
        };
        let start = self.at;
        let inside = &self.rest()[open.len_utf8()..];
        // The search stops at the first of both, so that a line full of quotes is not read again
        // for each.
        let is_end = |c: char| c == '\n' || close.contains(&c);
        let Some(end) = inside.find(is_end).filter(|end| !inside[*end..].starts_with('\n')) else {
            return false;
        };
        let content = &inside[..end];
        let closing = inside[end..].chars().next().map_or(0, char::len_utf8);
        self.at += open.len_utf8() + end + closing;
        let message = format!("got {}, wanted double quotes", quoted(&self.text[start..self.at]));
        let help = format!("write \"{}\"", content.chars().take(40).collect::<String>());
        self.fault(faults::QUOTES, self.span(start), message, &help);
        self.check_hidden(start);
        self.push(Kind::Text(content.to_owned()), start);
        true
    }

    fn sign(&mut self) -> bool {
        let rest = self.rest();
        let start = self.at;
        let foreign = FOREIGN.iter().find(|(sign, ..)| rest.starts_with(sign));
        let own = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign));
        // `!=` is ours although it starts with the foreign `!`: the longer sign is meant.
        match (foreign, own) {
            (Some((sign, meant, kind)), own) if own.is_none_or(|(s, _)| s.len() < sign.len()) => {
                self.at += sign.len();
                let message = format!("got `{sign}`, wanted `{meant}`");
                self.fault(faults::FOREIGN_OPERATOR, self.span(start), message, "");
                self.push(kind.clone(), start);
                true
            }
            (_, Some((sign, kind))) => {
                self.at += sign.len();
                self.push(kind.clone(), start);
                true
            }
            (_, None) => false,
        }
    }

    fn stray(&mut self, c: char) {
        let start = self.at;
        self.at += c.len_utf8();
        let help = match c {
            ';' => "statements and clauses need no separator",
            '%' => "a percent sign follows its number",
            '\'' | '`' | '‘' | '’' | '“' | '”' => "a text stands in double quotes",
            _ => "",
        };
        let message = format!("got `{c}`, which means nothing here");
        self.fault(faults::CHARACTER, self.span(start), message, help);
    }

    /// Reports the invisible characters between `start` and here.
    fn check_hidden(&mut self, start: usize) {
        let piece = &self.text[start..self.at];
        for (offset, c) in piece.char_indices().filter(|(_, c)| is_hidden(*c)) {
            let at = start + offset;
            self.report_hidden(c, at);
        }
    }

    fn hidden(&mut self, c: char) {
        self.report_hidden(c, self.at);
        self.at += c.len_utf8();
    }

    fn report_hidden(&mut self, c: char, at: usize) {
        let span = Span { start: at as u32, end: (at + c.len_utf8()) as u32 };
        let message =
            format!("got the invisible character U+{:04X}, wanted visible text", c as u32);
        self.fault(faults::HIDDEN_CHARACTER, span, message, "delete it");
    }
}

/// Characters that are not seen but change what is seen: a reviewer must be able to trust the text
/// on the screen.
fn is_hidden(c: char) -> bool {
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}');
    let isolates = matches!(c, '\u{2066}'..='\u{2069}');
    let is_empty = matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}');
    turns || isolates || is_empty || (c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn is_name_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether a name is lower snake case, perhaps in segments joined by dots.
pub(super) fn is_lower(name: &str) -> bool {
    name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.'))
}

/// Whether a name is upper snake case, perhaps in parts joined by `-`.
pub(super) fn is_upper(name: &str) -> bool {
    let is_inside = |b| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-');
    name.starts_with(|c: char| c.is_ascii_uppercase()) && name.bytes().all(is_inside)
}

/// `DeviceId` as `device_id`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    let mut was_small = false;
    for c in name.chars() {
        if was_small && c.is_ascii_uppercase() {
            out.push('_');
        }
        was_small = c.is_ascii_lowercase() || c.is_ascii_digit();
        out.push(c.to_ascii_lowercase());
    }
    out
}
