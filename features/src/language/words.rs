//! Every word that means something by itself, with its meaning in one line: the one table that the
//! parser reads by, and that editors colour and complete by.
//!
//! Which words are reserved and which go on with an expression is said here too; where a word may
//! stand is the parser's business ([`super::parse`]).

use std::sync::LazyLock;

use super::ast::{AggregateKind, Class, FreezeWhat, ListKind};
use crate::expr::{Component, FUNCTIONS, Function};

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Starts a statement, in the first column.
    Statement,
    /// Starts a clause of a statement.
    Clause,
    /// Joins, negates or limits what stands in an expression.
    Operator,
    /// Is a value by itself.
    Constant,
    /// Asks history, before a bracket.
    Aggregate,
    /// Computes, before a bracket.
    Function,
    /// Follows a number.
    Unit,
    /// Says how a list is looked up.
    ListKind,
    /// Says which votes a rule outweighs.
    Class,
    /// Says what follows.
    Action,
    /// Says more about an action.
    Detail,
    /// A fact of a component of the graph.
    Component,
}

impl Role {
    /// The word for it in answers to programs.
    pub fn name(self) -> &'static str {
        match self {
            Role::Statement => "statement",
            Role::Clause => "clause",
            Role::Operator => "operator",
            Role::Constant => "constant",
            Role::Aggregate => "aggregate",
            Role::Function => "function",
            Role::Unit => "unit",
            Role::ListKind => "list_kind",
            Role::Class => "class",
            Role::Action => "action",
            Role::Detail => "detail",
            Role::Component => "component",
        }
    }
}

/// A word of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    /// As it is written.
    pub word: &'static str,
    /// What it is.
    pub role: Role,
    /// What it means, in one line.
    pub says: &'static str,
}

/// Every word, by role and then in the order in which people think of them.
pub fn words() -> &'static [Word] {
    static WORDS: LazyLock<Vec<Word>> = LazyLock::new(|| {
        let mut words = Vec::new();
        let mut add = |role, word, says| words.push(Word { word, role, says });
        STATEMENTS.iter().for_each(|w| add(Role::Statement, w.word, w.says));
        CLAUSES.iter().for_each(|w| add(Role::Clause, w.word, w.says));
        OPERATORS.iter().for_each(|w| add(Role::Operator, w.word, w.says));
        CONSTANTS.iter().for_each(|w| add(Role::Constant, w.word, w.says));
        AggregateKind::ALL.iter().for_each(|k| add(Role::Aggregate, k.name(), aggregate(*k)));
        FUNCTIONS.iter().for_each(|(name, f, _)| add(Role::Function, *name, function(*f)));
        CALLS.iter().for_each(|w| add(Role::Function, w.word, w.says));
        TIMES.iter().for_each(|w| add(Role::Unit, w.word, w.says));
        UNITS.iter().for_each(|w| add(Role::Unit, w.word, w.says));
        LIST_KINDS.iter().for_each(|w| add(Role::ListKind, w.word, w.says));
        CLASSES.iter().for_each(|w| add(Role::Class, w.word, w.says));
        VERBS.iter().for_each(|w| add(Role::Action, w.word, w.says));
        PROOFS.iter().for_each(|w| add(Role::Detail, w.word, w.says));
        FROZEN.iter().for_each(|w| add(Role::Detail, w.word, w.says));
        DELAYED.iter().for_each(|w| add(Role::Detail, w.word, w.says));
        DETAILS.iter().for_each(|w| add(Role::Detail, w.word, w.says));
        Component::ALL.iter().for_each(|c| add(Role::Component, c.name(), component(*c)));
        words
    });
    &WORDS
}

/// A word, what the parser makes of it, and its meaning.
pub(super) struct Known<T> {
    pub(super) word: &'static str,
    pub(super) node: T,
    pub(super) says: &'static str,
}

const fn known<T>(word: &'static str, node: T, says: &'static str) -> Known<T> {
    Known { word, node, says }
}

const fn plain(word: &'static str, says: &'static str) -> Known<()> {
    known(word, (), says)
}

/// The entry of a word in a table.
pub(super) fn find<T>(table: &'static [Known<T>], word: &str) -> Option<&'static Known<T>> {
    table.iter().find(|known| known.word == word)
}

/// The words of a table.
pub(super) fn names<T>(table: &'static [Known<T>]) -> impl Iterator<Item = &'static str> {
    table.iter().map(|known| known.word)
}

pub(super) fn is_statement(word: &str) -> bool {
    find(&STATEMENTS, word).is_some()
}

pub(super) fn is_clause(word: &str) -> bool {
    find(&CLAUSES, word).is_some()
}

/// Whether a word is never a name.
pub(super) fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&word)
}

/// Whether a word may follow an operand and go on with the expression.
pub(super) fn is_continuing(word: &str) -> bool {
    CONTINUING.contains(&word)
}

/// Words that are never names.
const RESERVED: [&str; 17] = [
    "and", "between", "by", "else", "false", "if", "in", "missing", "not", "null", "of", "or",
    "over", "then", "true", "when", "where",
];

/// Words that may follow an operand; `is` is of other languages, and told so.
pub(super) const CONTINUING: [&str; 17] = [
    "and",
    "between",
    "by",
    "else",
    "in",
    "including",
    "is",
    "matching",
    "not",
    "of",
    "offset",
    "or",
    "over",
    "tagged",
    "then",
    "where",
    "within",
];

/// Words that start a statement.
pub(super) static STATEMENTS: [Known<()>; 9] = [
    plain("policy", "the policy's own name, first if at all"),
    plain("use", "another file, whose statements stand here"),
    plain("let", "a condition or value over one event, under a name"),
    plain("list", "values under a name, used as `in @name`"),
    plain("set", "a cost or a limit of the decision"),
    plain("feature", "a fact computed from history, one for each window"),
    plain("band", "a range of the model's probability, and what follows in it"),
    plain("rule", "a condition, and what it votes for"),
    plain("exempt", "a condition that silences the rules it names, never limits or blocks"),
];

/// Words that start a clause of some statement.
pub(super) static CLAUSES: [Known<()>; 19] = [
    plain("as", "the class of the rule: which votes it outweighs"),
    plain("on", "the event types that are judged; without it all that are scored"),
    plain("when", "the condition"),
    plain("then", "what follows when the condition is true"),
    plain("undecided", "what follows when the condition is unknown"),
    plain("from", "the rules that are silenced, or the file with a list's entries"),
    plain("because", "the reason code of the answer"),
    plain("message", "what the customer is told"),
    plain("cooldown", "how long repeats are refused"),
    plain("suspects", "the typologies it speaks for, each with a weight in (0, 1]"),
    plain("expect", "the share of events it should hit, lowest and highest"),
    plain("owner", "who answers for it"),
    plain("until", "the last day it is in force"),
    plain("shadow", "watches without voting"),
    plain("hits", "facts for which the condition must be true"),
    plain("misses", "facts for which the condition must not be true"),
    plain("id", "the catalogue number"),
    plain("unit", "the unit of the value"),
    plain("missing", "what stands for the value when there is none"),
];

/// Words inside expressions.
static OPERATORS: [Known<()>; 21] = [
    plain("and", "both are true"),
    plain("or", "one of both is true"),
    plain("not", "the other way round; unknown stays unknown"),
    plain("in", "is one of several values, or on a list"),
    plain("between", "from the lower to the higher value, both included"),
    plain("or else", "the second where the first is unknown"),
    plain("if", "one of two values, by a condition"),
    plain("then", "the value of `if` when its condition is true, or the next step of a sequence"),
    plain("else", "the value of `if` when its condition is not true"),
    plain("where", "of these events, those for which a condition is true"),
    plain("of", "the value that is taken from each event"),
    plain("by", "the entities whose events are looked at"),
    plain("matching", "what the scored event gives in place of the entities after `by`"),
    plain("over", "how far back is looked"),
    plain("window", "the window of the family of features"),
    plain("offset", "how far the window is moved back"),
    plain("including", "`including this`: the scored event counts too"),
    plain("this", "the scored event, in `including this`"),
    plain("within", "how soon a step follows the one before"),
    plain("tagged", "whether an entity carries a tag"),
    plain("missing", "`missing(x)`: whether there is no value"),
];

static CONSTANTS: [Known<()>; 4] = [
    plain("true", "a condition that always holds"),
    plain("false", "a condition that never holds"),
    plain("unknown", "no value"),
    plain("any", "every event that is no label"),
];

/// Functions that are no arithmetic.
static CALLS: [Known<()>; 2] = [
    plain("choose", "the first category whose condition is true"),
    plain("component", "a fact about the accounts that are connected with the event's own"),
];

/// Units of time, with their length in milliseconds.
pub(super) static TIMES: [Known<u64>; 6] = [
    known("ms", 1, "milliseconds"),
    known("s", 1_000, "seconds"),
    known("m", 60_000, "minutes"),
    known("h", 3_600_000, "hours"),
    known("d", 86_400_000, "days"),
    known("w", 604_800_000, "weeks"),
];

/// The other units, beside the currencies of ISO 4217.
pub(super) static UNITS: [Known<()>; 3] =
    [plain("%", "hundredths"), plain("bps", "ten thousandths"), plain("km", "kilometres")];

pub(super) static LIST_KINDS: [Known<ListKind>; 5] = [
    known("value", ListKind::Value, "the whole value"),
    known("cidr", ListKind::Cidr, "an address in a network such as 10.0.0.0/8"),
    known("prefix", ListKind::Prefix, "the start of the value"),
    known("domain", ListKind::Domain, "a domain and everything below it"),
    known("bin", ListKind::Bin, "the first digits of a card number"),
];

pub(super) static CLASSES: [Known<Class>; 4] = [
    known("limit", Class::Limit, "a legal or contractual limit, which nothing exempts from"),
    known("block", Class::Block, "a block list, which nothing exempts from"),
    known("hard", Class::Hard, "a hard rule"),
    known("challenge", Class::Challenge, "a rule that wants proof"),
];

/// The verbs of `then` and `undecided`.
#[derive(Clone, Copy)]
pub(super) enum Verb {
    Decline,
    Challenge,
    Hold,
    Review,
    Limit,
    Warn,
    Tag,
    Add,
    Freeze,
    Notify,
    Delay,
}

pub(super) static VERBS: [Known<Verb>; 11] = [
    known("decline", Verb::Decline, "refuse"),
    known("challenge", Verb::Challenge, "ask for proof"),
    known("hold", Verb::Hold, "keep the money back for a while"),
    known("review", Verb::Review, "put it before a person"),
    known("limit", Verb::Limit, "allow no more than an amount"),
    known("warn", Verb::Warn, "show the customer a warning first"),
    known("tag", Verb::Tag, "note something about an entity, for a while"),
    known("add", Verb::Add, "put a value of the event on a list"),
    known("freeze", Verb::Freeze, "stop all use of the card or the account"),
    known("notify", Verb::Notify, "tell the customer over an independent address"),
    known("delay", Verb::Delay, "`delay settlement`: pay the merchant later"),
];

/// Words that continue a challenge.
pub(super) static PROOFS: [Known<()>; 4] = [
    plain("strength", "the least strength of the proof, S1 to S4"),
    plain("prove", "who or what must be proved"),
    plain("forbid", "factors that must not be asked"),
    plain("with", "factors of which one must be asked"),
];

pub(super) static FROZEN: [Known<FreezeWhat>; 2] = [
    known("account", FreezeWhat::Account, "the account"),
    known("card", FreezeWhat::Card, "the card"),
];

pub(super) static DELAYED: [Known<()>; 1] = [plain("settlement", "that the merchant is paid")];

static DETAILS: [Known<()>; 2] = [
    plain("for", "how long a tag or a list entry stays"),
    plain("to", "the list that a value is added to"),
];

fn aggregate(kind: AggregateKind) -> &'static str {
    match kind {
        AggregateKind::Count => "how many events",
        AggregateKind::Sum => "the sum of a value",
        AggregateKind::Avg => "the mean of a value",
        AggregateKind::Min => "the least value",
        AggregateKind::Max => "the greatest value",
        AggregateKind::Stddev => "the standard deviation of a value",
        AggregateKind::Distinct => "how many different values",
        AggregateKind::First => "the value at the earliest event",
        AggregateKind::Last => "the value at the latest event",
        AggregateKind::SinceFirst => "the time since the earliest event",
        AggregateKind::SinceLast => "the time since the latest event",
        AggregateKind::Entropy => "how evenly events spread over the values, in nats",
        AggregateKind::Concentration => "the chance that two events have the same value",
        AggregateKind::Median => "the middle value",
        AggregateKind::Rank => "the share of values below the scored event's own, 0 to 1",
        AggregateKind::Repeats => "how many events have the scored event's own value",
        AggregateKind::Rising => "how many of the latest values grow",
        AggregateKind::Falling => "how many of the latest values shrink",
        AggregateKind::Changes => "how often the value changes from event to event",
        AggregateKind::Mode => "the most frequent value",
        AggregateKind::GapMin => "the shortest time from one event to the next",
        AggregateKind::GapCv => "how unevenly the latest events follow each other",
        AggregateKind::HourRarity => "how unusual the scored event's own hour is",
    }
}

fn function(function: Function) -> &'static str {
    match function {
        Function::Abs => "the value without its sign",
        Function::Min => "the least of the known values",
        Function::Max => "the greatest of the known values",
        Function::Ln => "the natural logarithm",
        Function::Sqrt => "the square root",
        Function::Round => "the nearest whole number",
        Function::Floor => "the whole number at or below",
        Function::Modulo => "what is left after a division",
        Function::Sin => "the sine of an angle in radians",
        Function::Cos => "the cosine of an angle in radians",
        Function::Clamp => "a value kept between a lowest and a highest",
        Function::Hour => "the hour of the day of a time, in UTC",
        Function::Weekday => "the day of the week of a time, Monday is 1",
        Function::DistanceKm => "the distance of two places: latitude, longitude, twice",
        Function::ZoneOffsetMin => "minutes of local time ahead of UTC, by country and longitude",
    }
}

fn component(component: Component) -> &'static str {
    match component {
        Component::Size => "the number of connected accounts",
        Component::Fraud => "how many of them are known as fraudulent",
        Component::AgeSpread => "the standard deviation of when they were opened",
        Component::FraudTwoSteps => "how many known as fraudulent are at most two steps away",
    }
}
