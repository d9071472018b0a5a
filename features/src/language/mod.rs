//! The policy language: one text form for the built-in catalogue, an analyst's own features, and the rules.
//!
//! [`parse`] turns a text into an [`ast::Policy`] and every fault in it; [`print`] turns an expression back into its
//! canonical line, which names anonymous aggregates and explains hits. Whether the names mean anything is asked by whoever
//! takes the tree. A statement starts with its keyword in the first column; elsewhere newlines are blanks, and `#`
//! starts a comment. After a fault reading goes on at the next clause, or at the next statement keyword in the first column.
//!
//! The reserved words, which are never names: `and between by else false if in missing not null of or over then true when
//! where`. All others are read by position: `count sum avg min max stddev distinct first last since_first since_last` are
//! aggregates before a `(` (but `min(a, b)` and `max(a, b)`, with a comma, are calls), `matching`, `offset`
//! and `including this` continue an aggregate, `window` is the window of a family after `over`, a clause keyword (`on as because message
//! cooldown suspects expect owner until shadow id unit from`) where an operator could stand ends the expression, and a
//! statement keyword (`policy let list set feature rule exempt`) counts in the first column. So fields such as
//! `kind`, `reason`, `outcome` or `message` keep their names inside expressions.
//!
//! The parser is total and takes time linear in the text: no input makes it panic, loop or overflow the stack. The limits
//! are the constants below; beyond each of them stands a fault, never a cut.

pub mod ast;
pub mod define;
mod faults;
mod lexer;
mod parse;
mod power;
mod print;
mod resolve;

#[cfg(test)]
mod tests;

pub use faults::CODES;
pub use parse::parse;
pub use print::{print, print_duration};

/// The longest text that is read, in bytes.
pub const TEXT_BYTES_MAX: usize = 1 << 20;

/// The longest name, in bytes.
pub const NAME_BYTES_MAX: usize = 128;

/// How deep parentheses, calls, aggregates, conditionals and prefix operators may stand in each other.
pub const NESTING_MAX: u32 = 64;

/// How many nodes high the tree of one expression may be; `a or b or c` is three high.
pub const HEIGHT_MAX: u32 = 256;

/// How many faults are reported one by one; a last one counts the others.
pub const FAULTS_MAX: usize = 50;

/// How many windows a family of features, and how many typologies a rule may name.
pub const PARTS_MAX: usize = 64;
