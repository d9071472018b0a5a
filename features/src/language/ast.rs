//! The syntax tree: what a policy text says, before anybody has asked whether it makes sense.
//!
//! The tree keeps every name as it was written, with its place in the text, so that whoever finds a
//! fault in it later can point at the very word. Nothing here is resolved: an event type, a `let`
//! name and a fact are all a [`ExprNode::Name`]. Values are already in the unit that arithmetic
//! wants (shares as fractions, durations in milliseconds), but the unit stays beside the number, so
//! that the checker can refuse `5 km < 24h`.
//!
//! Invariants (kept by [`super::parse`]): a tree is at most [`super::HEIGHT_MAX`] nodes high, so
//! that recursion over it is safe; durations of windows, offsets, holds and cooldowns are positive
//! whole milliseconds; numbers are finite, not negative (a sign is a [`ExprNode::Negate`]) and
//! below 2^53. Parentheses leave no node.

/// A stretch of the source text, in bytes; `end` is exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

/// Something and the place it was written at.
#[derive(Debug, Clone, PartialEq)]
pub struct Spanned<T> {
    /// What was written.
    pub node: T,
    /// Where.
    pub span: Span,
}

/// A name as written, with its place.
pub type Name = Spanned<String>;

/// One policy text. After a fault it holds the statements that could still be read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Policy {
    /// The name in `policy "name"`, if the text starts so.
    pub name: Option<Name>,
    /// The statements in the order of the text.
    pub statements: Vec<Spanned<Statement>>,
}

/// One statement; its span goes from its keyword to its last token.
#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    /// `use "file"`
    Use(Use),
    /// `let name = expression`
    Let(Let),
    /// `list name "title" = kind ("entry", ..) from "file"`
    List(List),
    /// `set name = expression`
    Set(Set),
    /// `feature name "title" .. = expression`
    Feature(Feature),
    /// `band name "title" = low .. high then ..`
    Band(Band),
    /// `rule name "title" when .. then ..`
    Rule(Rule),
    /// `exempt name "title" when .. from ..`
    Exempt(Exempt),
}

/// Another file whose statements stand here too.
#[derive(Debug, Clone, PartialEq)]
pub struct Use {
    /// Where the file is, as written: relative to the file that names it.
    pub path: Spanned<String>,
}

/// A named condition or value over one event.
#[derive(Debug, Clone, PartialEq)]
pub struct Let {
    /// Lower snake case, without dots.
    pub name: Name,
    /// What the name stands for.
    pub body: Expr,
}

/// A cost or a limit of the policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Set {
    /// Lower snake case, without dots.
    pub name: Name,
    /// Its value, a constant expression.
    pub value: Expr,
}

/// A named list and the entries it starts with.
#[derive(Debug, Clone, PartialEq)]
pub struct List {
    /// Lower snake case, without dots; used as `@name`.
    pub name: Name,
    /// What the list is for; empty when not given.
    pub title: String,
    /// How a value is looked up in it.
    pub kind: Spanned<ListKind>,
    /// The entries as written; may be empty.
    pub entries: Vec<Spanned<String>>,
    /// A file with further entries, as written: relative to the file that names it.
    pub from: Option<Spanned<String>>,
}

/// How a list matches a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListKind {
    /// The whole value.
    Value,
    /// An address in a network, such as `10.0.0.0/8`.
    Cidr,
    /// The start of the value.
    Prefix,
    /// A domain and everything below it.
    Domain,
    /// The first digits of a card number, or a range of them.
    Bin,
}

/// A fact computed from history, once or once for each window.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    /// The name, or with windows the stem, which then ends in `_`.
    pub name: Name,
    /// The windows in braces; empty when there are none.
    pub windows: Vec<Spanned<Window>>,
    /// What the fact says; empty when not given.
    pub title: String,
    /// The catalogue number, such as `VEL-09`.
    pub id: Option<Name>,
    /// The unit of the value, such as `count`.
    pub unit: Option<Name>,
    /// What stands for the value when there is none, such as `zero`.
    pub missing: Option<Name>,
    /// How the fact is computed.
    pub body: Expr,
}

/// One window of a feature family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// As written, without blanks; it ends the name of the fact (`24h`).
    pub text: String,
    /// Its length in milliseconds, more than zero.
    pub ms: i64,
}

/// A range of the model's probability with a name, and what follows inside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Band {
    /// Lower snake case, without dots.
    pub name: Name,
    /// What the range means; empty when not given.
    pub title: String,
    /// The lowest probability inside, a fraction in [0, 1].
    pub low: f64,
    /// The lowest probability above, a fraction in [0, 1].
    pub high: f64,
    /// The event types it holds for; empty for all that are scored.
    pub on: Vec<Name>,
    /// What follows; may be empty, then the band only has its name in the answer.
    pub then: Vec<Spanned<Action>>,
    /// The reason code, in upper snake case.
    pub because: Option<Name>,
    /// The message code for the customer, in upper snake case.
    pub message: Option<Name>,
}

/// A rule: a condition, what to do when it holds, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Lower snake case, without dots.
    pub name: Name,
    /// What the rule catches; empty when not given.
    pub title: String,
    /// Its place in the lattice of votes, when said.
    pub class: Option<Spanned<Class>>,
    /// The event types it judges; empty for all that are scored.
    pub on: Vec<Name>,
    /// The condition.
    pub when: Expr,
    /// What the rule votes for; at least one.
    pub then: Vec<Spanned<Action>>,
    /// What it votes for when the condition is unknown; may be empty.
    pub undecided: Vec<Spanned<Action>>,
    /// The reason code, in upper snake case.
    pub because: Option<Name>,
    /// The message code for the customer, in upper snake case.
    pub message: Option<Name>,
    /// How long the rule stays quiet for the same subject, in milliseconds.
    pub cooldown_ms: Option<i64>,
    /// Typologies the rule speaks for, each with its weight in (0, 1].
    pub suspects: Vec<(Name, f64)>,
    /// The share of events it should hit: lowest and highest, fractions in [0, 1].
    pub expect: Option<(f64, f64)>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The last day it is in force, `YYYY-MM-DD`, a day that exists.
    pub until: Option<Name>,
    /// Whether it only records its vote.
    pub shadow: bool,
    /// Facts for which the condition must hold.
    pub hits: Vec<Example>,
    /// Facts for which it must not: it is false or unknown.
    pub misses: Vec<Example>,
}

/// Facts to try a rule with: `{ card_link, device_distinct_cards_24h = 5 }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// From brace to brace.
    pub span: Span,
    /// The event type; without one the first that the rule judges.
    pub on: Option<Name>,
    /// What each fact is: something the rule reads as one fact, and its value. Facts that are not
    /// named are unknown.
    pub facts: Vec<(Expr, Expr)>,
}

/// The class of a rule: which votes its own vote outweighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A legal or contractual limit.
    Limit,
    /// A block list.
    Block,
    /// A hard rule, which no exemption lowers.
    Hard,
    /// A rule that wants proof.
    Challenge,
}

/// What a rule votes for.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Refuse.
    Decline,
    /// Ask for proof.
    Challenge {
        /// The least strength, such as `S3`.
        strength: Option<Name>,
        /// What must be proved.
        prove: Vec<Name>,
        /// Methods that must not be used.
        forbid: Vec<Name>,
        /// Methods that must be used.
        with: Vec<Name>,
    },
    /// Let it wait.
    Hold {
        /// For how long, in milliseconds.
        ms: i64,
    },
    /// Put it before a person.
    Review,
    /// Allow no more than an amount.
    Limit {
        /// The amount.
        amount: Box<Expr>,
    },
    /// Show the customer a warning first.
    Warn,
    /// Note something about an entity, for a while.
    Tag {
        /// Which of the event's entities, such as `account`.
        entity: Name,
        /// The tag, in lower snake case.
        tag: Name,
        /// For how long, in milliseconds.
        ms: i64,
    },
    /// Put one of the event's values on a list.
    Add {
        /// The entity or field whose value is put there.
        entity: Name,
        /// The list, without its sign.
        list: Name,
        /// For how long, in milliseconds; without it until somebody takes it off.
        ms: Option<i64>,
    },
    /// Stop all use of something.
    Freeze(FreezeWhat),
    /// Tell the customer over an independent address.
    Notify,
    /// Pay the merchant later.
    DelaySettlement,
}

/// What an [`Action::Freeze`] stops the use of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FreezeWhat {
    /// The account.
    Account,
    /// The card.
    Card,
}

/// An exemption: a condition that silences the rules it names.
#[derive(Debug, Clone, PartialEq)]
pub struct Exempt {
    /// Lower snake case, without dots.
    pub name: Name,
    /// Why the exemption exists; empty when not given.
    pub title: String,
    /// The event types it holds for; empty for all that are scored.
    pub on: Vec<Name>,
    /// The condition.
    pub when: Expr,
    /// The rules it silences; at least one.
    pub from: Vec<Name>,
    /// The reason code, in upper snake case.
    pub because: Option<Name>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The last day it is in force, `YYYY-MM-DD`, a day that exists.
    pub until: Option<Name>,
}

/// An expression; its span includes the parentheses around it.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub node: ExprNode,
    /// Where it stands.
    pub span: Span,
}

/// The forms of an expression.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprNode {
    /// A number.
    Number {
        /// Fraction for `%` and `bps`, milliseconds for a duration, kilometres, major units for a
        /// currency.
        value: f64,
        /// The unit it was written with.
        unit: Option<Unit>,
    },
    /// A text in double quotes, without them.
    Text(String),
    /// `true` or `false`.
    Bool(bool),
    /// A name, not yet resolved.
    Name(String),
    /// `@name`, without the sign.
    List(String),
    /// `not a`
    Not(Box<Expr>),
    /// `-a`
    Negate(Box<Expr>),
    /// Two operands and an operator between them.
    Binary {
        /// The operator.
        op: Op,
        /// Left of it.
        left: Box<Expr>,
        /// Right of it.
        right: Box<Expr>,
    },
    /// `value between low and high`, both ends included.
    Between {
        /// What is compared.
        value: Box<Expr>,
        /// The lowest value that counts.
        low: Box<Expr>,
        /// The highest value that counts.
        high: Box<Expr>,
        /// `not between`
        negated: bool,
    },
    /// `value in (a, b)` or `value in @list`.
    In {
        /// What is looked up.
        value: Box<Expr>,
        /// Names, texts and numbers (also negated), or one [`ExprNode::List`].
        items: Vec<Expr>,
        /// `not in`
        negated: bool,
    },
    /// `missing(a)`: whether there is no value.
    Missing(Box<Expr>),
    /// `value or else other`: the second where the first has no value.
    OrElse {
        /// The value wanted.
        value: Box<Expr>,
        /// What stands in for it.
        other: Box<Expr>,
    },
    /// `if condition then a else b`
    If {
        /// What decides.
        condition: Box<Expr>,
        /// The value when it holds.
        then: Box<Expr>,
        /// The value when it does not.
        other: Box<Expr>,
    },
    /// `source where condition`, or `source[condition]` after a name: the events of a source for
    /// which a condition holds.
    Where {
        /// The events.
        source: Box<Expr>,
        /// The condition on each of them.
        condition: Box<Expr>,
    },
    /// `entity tagged name`: whether an entity of the event carries a tag.
    Tagged {
        /// Which entity, such as `account`.
        entity: Name,
        /// The tag, in lower snake case.
        tag: Name,
        /// `not tagged`
        negated: bool,
    },
    /// `login[cond] then transfer within 24h by account`
    Sequence(Box<Sequence>),
    /// `function(a, b)`
    Call {
        /// The name before the parenthesis.
        function: Name,
        /// The arguments; may be empty.
        arguments: Vec<Expr>,
    },
    /// `count(source) by key over 24h`
    Aggregate(Box<Aggregate>),
}

/// Events that follow one another, the last being the scored event.
#[derive(Debug, Clone, PartialEq)]
pub struct Sequence {
    /// The events in order of time; at least two.
    pub steps: Vec<Step>,
    /// The entities that the events share; empty for everybody's.
    pub by: Vec<Name>,
}

/// One event of a sequence.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// A name, or an [`ExprNode::Where`] of a name and the condition in its brackets.
    pub source: Expr,
    /// The longest time since the step before, in milliseconds, more than zero; `None` exactly in
    /// the first step.
    pub within_ms: Option<i64>,
}

/// The unit of a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unit {
    /// `%`; the value is already divided by 100.
    Percent,
    /// `bps`; the value is already divided by 10 000.
    BasisPoints,
    /// `ms s m h d w`; the value is in milliseconds, a whole number.
    Duration,
    /// `km`
    Kilometre,
    /// An ISO 4217 code; the value is in major units as written.
    Currency(String),
}

/// An operator between two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `or`
    Or,
    /// `and`
    And,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
}

/// What an aggregate makes of the events of its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AggregateKind {
    /// How many events.
    Count,
    /// The sum of a value.
    Sum,
    /// The mean of a value.
    Avg,
    /// The least value.
    Min,
    /// The greatest value.
    Max,
    /// The standard deviation of a value.
    Stddev,
    /// How many different values.
    Distinct,
    /// The value at the earliest event.
    First,
    /// The value at the latest event.
    Last,
    /// Milliseconds since the earliest event.
    SinceFirst,
    /// Milliseconds since the latest event.
    SinceLast,
    /// How evenly events spread over the different values, in nats.
    Entropy,
    /// The chance that two events drawn with replacement have the same value.
    Concentration,
    /// The middle value.
    Median,
    /// Where the scored event's own value stands among the others, from 0 to 1.
    Rank,
    /// How many events have the scored event's own value.
    Repeats,
    /// How many of the latest events form a run of growing values.
    Rising,
    /// How many of the latest events form a run of shrinking values.
    Falling,
    /// How often the value changes from one event to the next.
    Changes,
    /// The most frequent value.
    Mode,
    /// Milliseconds of the shortest time from one event to the next.
    GapMin,
    /// How unevenly the latest events follow each other.
    GapCv,
    /// How unusual the scored event's own hour is among the others.
    HourRarity,
}

/// A question to history.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// What is made of the events.
    pub kind: Spanned<AggregateKind>,
    /// The value taken from each event; `None` exactly where [`AggregateKind::takes_value`] says
    /// so.
    pub value: Option<Expr>,
    /// Which events; with a condition it is an [`ExprNode::Where`].
    pub source: Expr,
    /// The entities whose history is asked; empty for everybody's.
    pub by: Vec<Name>,
    /// `by beneficiary matching account`: what the scored event gives in place of the entities
    /// above, one for each; empty when it gives the same ones.
    pub matching: Vec<Name>,
    /// The window; without one, all that is kept.
    pub over: Option<Over>,
    /// How far the window is shifted into the past, in milliseconds; zero when not said.
    pub offset_ms: i64,
    /// Whether the event that is being scored counts too.
    pub including_this: bool,
}

/// The window of an aggregate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Over {
    /// `over window`: the window of the feature family.
    Window,
    /// A length of time.
    Span {
        /// In milliseconds, more than zero.
        ms: i64,
        /// The canonical spelling, the same for `over 1d` and `over 24h` (see
        /// [`super::print_duration`]).
        text: String,
    },
}

impl AggregateKind {
    /// Every kind, in the order of the essay in [`super`].
    pub const ALL: [AggregateKind; 23] = [
        AggregateKind::Count,
        AggregateKind::Sum,
        AggregateKind::Avg,
        AggregateKind::Min,
        AggregateKind::Max,
        AggregateKind::Stddev,
        AggregateKind::Distinct,
        AggregateKind::First,
        AggregateKind::Last,
        AggregateKind::SinceFirst,
        AggregateKind::SinceLast,
        AggregateKind::Entropy,
        AggregateKind::Concentration,
        AggregateKind::Median,
        AggregateKind::Rank,
        AggregateKind::Repeats,
        AggregateKind::Rising,
        AggregateKind::Falling,
        AggregateKind::Changes,
        AggregateKind::Mode,
        AggregateKind::GapMin,
        AggregateKind::GapCv,
        AggregateKind::HourRarity,
    ];

    /// The word in the text.
    pub fn name(self) -> &'static str {
        match self {
            AggregateKind::Count => "count",
            AggregateKind::Sum => "sum",
            AggregateKind::Avg => "avg",
            AggregateKind::Min => "min",
            AggregateKind::Max => "max",
            AggregateKind::Stddev => "stddev",
            AggregateKind::Distinct => "distinct",
            AggregateKind::First => "first",
            AggregateKind::Last => "last",
            AggregateKind::SinceFirst => "since_first",
            AggregateKind::SinceLast => "since_last",
            AggregateKind::Entropy => "entropy",
            AggregateKind::Concentration => "concentration",
            AggregateKind::Median => "median",
            AggregateKind::Rank => "rank",
            AggregateKind::Repeats => "repeats",
            AggregateKind::Rising => "rising",
            AggregateKind::Falling => "falling",
            AggregateKind::Changes => "changes",
            AggregateKind::Mode => "mode",
            AggregateKind::GapMin => "gap_min",
            AggregateKind::GapCv => "gap_cv",
            AggregateKind::HourRarity => "hour_rarity",
        }
    }

    /// Whether it wants `value of source`; the others want a source alone.
    pub fn takes_value(self) -> bool {
        match self {
            AggregateKind::Count
            | AggregateKind::SinceFirst
            | AggregateKind::SinceLast
            | AggregateKind::GapMin
            | AggregateKind::GapCv => false,
            AggregateKind::Sum
            | AggregateKind::Avg
            | AggregateKind::Min
            | AggregateKind::Max
            | AggregateKind::Stddev
            | AggregateKind::Distinct
            | AggregateKind::First
            | AggregateKind::Last
            | AggregateKind::Entropy
            | AggregateKind::Concentration
            | AggregateKind::Median
            | AggregateKind::Rank
            | AggregateKind::Repeats
            | AggregateKind::Rising
            | AggregateKind::Falling
            | AggregateKind::Changes
            | AggregateKind::Mode
            | AggregateKind::HourRarity => true,
        }
    }
}

impl Op {
    /// The word or sign in the text.
    pub fn name(self) -> &'static str {
        match self {
            Op::Or => "or",
            Op::And => "and",
            Op::Equal => "==",
            Op::NotEqual => "!=",
            Op::Less => "<",
            Op::LessEqual => "<=",
            Op::Greater => ">",
            Op::GreaterEqual => ">=",
            Op::Add => "+",
            Op::Subtract => "-",
            Op::Multiply => "*",
            Op::Divide => "/",
        }
    }
}

impl Expr {
    /// Calls `f` for this expression and everything in it, parents first, in the order of the text;
    /// for an aggregate that is its value, then its source.
    pub fn walk(&self, f: &mut dyn FnMut(&Expr)) {
        f(self);
        match &self.node {
            ExprNode::Number { .. }
            | ExprNode::Text(_)
            | ExprNode::Bool(_)
            | ExprNode::Name(_)
            | ExprNode::List(_)
            | ExprNode::Tagged { .. } => {}
            ExprNode::Not(inner) | ExprNode::Negate(inner) | ExprNode::Missing(inner) => {
                inner.walk(f)
            }
            ExprNode::Binary { left, right, .. } => {
                left.walk(f);
                right.walk(f);
            }
            ExprNode::Between { value, low, high, .. } => {
                value.walk(f);
                low.walk(f);
                high.walk(f);
            }
            ExprNode::In { value, items, .. } => {
                value.walk(f);
                items.iter().for_each(|item| item.walk(f));
            }
            ExprNode::OrElse { value, other } => {
                value.walk(f);
                other.walk(f);
            }
            ExprNode::If { condition, then, other } => {
                condition.walk(f);
                then.walk(f);
                other.walk(f);
            }
            ExprNode::Where { source, condition } => {
                source.walk(f);
                condition.walk(f);
            }
            ExprNode::Sequence(sequence) => sequence.steps.iter().for_each(|s| s.source.walk(f)),
            ExprNode::Call { arguments, .. } => arguments.iter().for_each(|a| a.walk(f)),
            ExprNode::Aggregate(aggregate) => {
                if let Some(value) = &aggregate.value {
                    value.walk(f);
                }
                aggregate.source.walk(f);
            }
        }
    }
}
