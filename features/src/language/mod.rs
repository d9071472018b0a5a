//! The policy language: one text form for the catalogue, an analyst's own features and the rules.
//!
//! [`parse`] turns a text into an [`ast::Policy`] and every fault in it; [`print`] turns an
//! expression back into its canonical line. A statement starts with its keyword in the first
//! column; elsewhere newlines are blanks, and `#` starts a comment. After a fault reading goes on
//! at the next clause or statement. Parsing is total and linear: no text makes it panic, loop or
//! overflow the stack, and beyond each of the limits below stands a fault, never a cut.
//!
//! Reserved, never names: `and between by else false if in missing not null of or over then true`
//! `when where`. Other words are read by position: aggregates (`count`, ..) before a `(`, except
//! that `min(a, b)` and `max(a, b)` are calls; `matching`, `offset` and `including this` after an
//! aggregate; `window` after `over`; `tagged` after an operand; `then` goes on with a sequence where
//! a name and then `[` or `within` follow it; clause keywords where an operator could stand;
//! statement keywords in the first column. So fields such as `kind` or `message` keep their names.

pub mod ast;
pub mod complete;
pub mod define;
mod faults;
mod format;
mod lexer;
mod parse;
pub mod part;
mod power;
mod print;
mod resolve;
pub mod weight;
mod words;

#[cfg(test)]
mod tests;

pub use faults::{CODES, first_faults, text_of};
pub use format::format;
pub use parse::{parse, parse_part};
pub use print::{print, print_duration};
pub use words::{Role, Word, words};

/// The longest text that is read, in bytes.
pub const TEXT_BYTES_MAX: usize = 4 << 20;

/// The longest name, in bytes.
pub const NAME_BYTES_MAX: usize = 128;

/// How deep parentheses, calls, aggregates, conditionals and prefix operators may stand in each
/// other.
pub const NESTING_MAX: u32 = 64;

/// How many nodes high the tree of one expression may be; `a or b or c` is three high.
pub const HEIGHT_MAX: u32 = 256;

/// How many faults are reported one by one; a last one counts the others.
pub const FAULTS_MAX: usize = 50;

/// How many windows a family of features, how many typologies or examples a rule, how many facts an
/// example and how many steps a sequence may name.
pub const PARTS_MAX: usize = 64;
