//! Stories: what happens, and what must then be known and decided.
//!
//! A policy proves itself with stories: a few events in the words of the event form, and after each
//! what is expected of it, facts as well as decisions. [`read`] takes a text and the policy it is
//! about and gives its stories or everything that is wrong with it; [`Story::tell`] folds the
//! events through an engine of its own and says of each expectation whether it held and, where it
//! did not, what came instead. Both are pure. The form, line by line:
//!
//! ```text
//! story pair "Two payments with one card"
//!   with any      account_id=a1
//!   with payment  amount_minor=10000 currency=CNY funding=intl_card card.card_token=c1 merchant.merchant_id=m1
//!   at -2d   payment  id=p1
//!   at 0     payment  amount_minor=20000
//!   expect card_attempt_count_{1h,7d} = 0, 1
//!   expect challenge because FRESH_CARD_SPEND
//!   expect rule fresh_card hit
//!   expect factor sms_otp forbidden
//! ```
//!
//! - `with any ...` and `with TYPE ...` set members of later events; an event's own members win over
//!   those of its type, and these over those of `any`, which are left out where the event type has
//!   no such member. `PATH=none` takes a member away.
//! - `at OFFSET TYPE ...` is an event, so long before or after [`ZERO_MS`]: `-6d`, `-23h30m`, `0`,
//!   `1500ms`. `id=NAME` names it (else `e1`, `e2`, ... by position), `received=OFFSET` says when it
//!   came in (else when it happened or, for a label, became known).
//! - Values: `true`, `false`, `null`, numbers, `@-3d` for a time, `[a,b]`, anything else is text;
//!   quotes keep a text a text. `factors.passkey.enrolled_ms=@-9d` enrols a factor. Of an amount in
//!   CNY and its `base_minor` (in USD: `usd_minor`) that differ, the more particular one is meant.
//! - Left out, and then filled in: `schema_version=1`, `channel=app_ios`, `payment_id` (the event's
//!   id), `method=password` and `login_name_hash=n1` of a login, `decline_class` by the outcome
//!   where no `de39` tells it, `consent_ms` and `known_time_ms` (the event's time).
//! - `expect NAME = VALUE` is about the event above it, as it was observed: `unknown`, `true` or
//!   `false` of a condition, a name of a category, a text, or a number, for which any constant of
//!   the policy language may stand (`2/3`, `ln(1 + 100)`, `5%`, `20 USD`), within 10^-9 of it. NAME
//!   is a fact that the policy keeps, spelt as answers spell it.
//! - `expect decision DECISION because CODE, ..` (or without the word `decision`): what was decided
//!   of a scored event, with these reasons among those given.
//! - `expect rule NAME STATE`: `hit`, `missed`, `undecided`, `shadow` or `suppressed`.
//! - `expect factor NAME STATE`: `offered`, `forbidden` or `absent` from the answer.
//! - `expect action NAME`: what goes with the decision (`hold`, `review`, `warn`, ...).
//! - `expect message KEY`: what the customer reads. `expect band NAME`: where the model's probability
//!   stands.
//! - `expect exempt NAME`: what may be claimed (`low_value`, `tra`, ... or `none`). `expect three_ds
//!   NUMBER`: the challenge indicator (or `none`). `expect retry ADVICE`: what may follow a refusal
//!   (`never_retry`, ... or `none`), of an issuer's answer as well.
//!
//! Cost: one fold of each event and one judgement; a story has a history of its own, so stories do
//! not see each other and may be told in any order.

mod event;
mod read;
mod tell;
mod words;

#[cfg(test)]
mod tests;

use features::diagnostic::Place;
use features::event::Event;

use crate::decision::{Decision, Factor};
use crate::reason::{MessageKey, ReasonCode};

pub use read::read;
pub use tell::{Check, Told};

/// The hour of all stories: 2026-07-15T04:00:00Z, a Wednesday, noon in China.
pub const ZERO_MS: i64 = 1_784_088_000_000;

/// The stories that the policy of the house is held to: file name and text.
pub const HOUSE: &[(&str, &str)] = &[
    ("cards.story", include_str!("../policies/stories/cards.story")),
    ("fraud.story", include_str!("../policies/stories/fraud.story")),
    ("honest.story", include_str!("../policies/stories/honest.story")),
    ("issuer.story", include_str!("../policies/stories/issuer.story")),
];

/// How many faults of a text are reported one by one; a last one counts the others.
pub const FAULTS_MAX: usize = 50;

/// Diagnostics of stories: code and meaning.
pub const CODES: &[(&str, &str)] = &[
    ("S001", "a line that does not begin with story, with, at or expect"),
    ("S002", "a line before the first story"),
    ("S003", "a story without a name and a title in quotes"),
    ("S004", "two stories of one name"),
    ("S005", "a quote or bracket that stays open"),
    ("S006", "an unknown event type"),
    ("S007", "a time that cannot be read"),
    ("S008", "a member that is not written PATH=VALUE, or whose value cannot be read"),
    ("S009", "an event that the engine refuses"),
    ("S010", "an expectation before the first event"),
    ("S011", "an expectation that cannot be read"),
    ("S012", "an unknown fact, rule, reason, factor, action, message or band"),
    ("S013", "a value that the fact can never have"),
    ("S014", "a decision expected of an event that is not decided"),
    ("S015", "a story that expects nothing"),
    ("S016", "more faults than are shown"),
];

/// One story, ready to be told.
#[derive(Clone, Debug)]
pub struct Story {
    /// Its name, the only one of its text.
    pub name: String,
    /// What it tells.
    pub title: String,
    /// The line it begins at, counted from one.
    pub line: u32,
    steps: Vec<Step>,
}

impl Story {
    /// What happens in it, in the order of the text.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.steps.iter().filter_map(|step| match step {
            Step::Event(event) => Some(&**event),
            Step::Expect(_) => None,
        })
    }

    /// What it expects, in the order of the text.
    pub fn expectations(&self) -> impl Iterator<Item = &Expectation> {
        self.steps.iter().filter_map(|step| match step {
            Step::Event(_) => None,
            Step::Expect(expectation) => Some(expectation),
        })
    }
}

#[derive(Clone, Debug)]
enum Step {
    Event(Box<Event>),
    Expect(Expectation),
}

/// Something that must be so after the event above it.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// The line it stands at, counted from one.
    pub line: u32,
    /// Where it stands in the text.
    pub place: Place,
    /// What must be so.
    pub wanted: Wanted,
}

/// What must be so.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// A fact has a value.
    Fact {
        /// Its name.
        name: String,
        /// The value.
        value: Value,
    },
    /// The decision, and reasons that are among those given.
    Decision {
        /// What is decided.
        decision: Decision,
        /// Reasons that must be given, in any order and beside others.
        because: Vec<ReasonCode>,
    },
    /// What a rule said.
    Rule {
        /// Its name.
        name: String,
        /// What it said.
        state: RuleState,
    },
    /// How a factor stands in the hints.
    Factor {
        /// Which.
        factor: Factor,
        /// How.
        state: FactorState,
    },
    /// What goes with the decision.
    Action(ActionName),
    /// What the customer reads.
    Message(MessageKey),
    /// The band that holds the model's probability.
    Band(String),
    /// An exemption that may be claimed.
    Exempt(ExemptName),
    /// The challenge indicator, or `none`.
    ThreeDs(String),
    /// What may follow a refusal.
    Retry(RetryName),
}

/// A value as an expectation writes it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Not known.
    Unknown,
    /// A number, in the unit that the fact is kept in.
    Number(f64),
    /// A truth value.
    Bool(bool),
    /// A category or text.
    Name(String),
}

/// A closed list of words.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $word:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$of])* $word,)*
        }

        impl $name {
            /// Every one of them.
            pub const ALL: &[$name] = &[$($name::$word),*];

            /// The word in a story.
            pub fn name(self) -> &'static str {
                match self {
                    $($name::$word => $text,)*
                }
            }
        }
    };
}

words! {
    /// What a rule said of an event.
    RuleState {
        /// Its condition is true, and it votes.
        Hit = "hit",
        /// Its condition is not true, or it does not look at such events.
        Missed = "missed",
        /// Its condition is unknown.
        Undecided = "undecided",
        /// Its condition is true, and it only watches.
        Shadow = "shadow",
        /// Its condition is true, and an exemption takes its vote.
        Suppressed = "suppressed",
    }
}

words! {
    /// How a factor stands in the hints.
    FactorState {
        /// It may be asked.
        Offered = "offered",
        /// It must not be asked.
        Forbidden = "forbidden",
        /// The answer does not speak of it.
        Absent = "absent",
    }
}

words! {
    /// What may go with a decision.
    ActionName {
        /// Put before an analyst.
        Review = "review",
        /// Money kept back.
        Hold = "hold",
        /// At most an amount.
        Limit = "limit",
        /// No use of the account.
        FreezeAccount = "freeze_account",
        /// No use of the card.
        FreezeCard = "freeze_card",
        /// The customer told elsewhere.
        Notify = "notify",
        /// The merchant paid later.
        DelaySettlement = "delay_settlement",
        /// The warning page.
        Warn = "warn",
        /// Repeats refused for a while.
        BlockRetry = "block_retry",
    }
}

words! {
    /// What may be claimed instead of strong authentication.
    ExemptName {
        /// A small amount.
        LowValue = "low_value",
        /// Low risk by analysis.
        Tra = "tra",
        /// A mandate.
        Recurring = "recurring",
        /// A payee whom the cardholder trusts.
        Trusted = "trusted",
        /// A fare.
        Transit = "transit",
        /// Nothing.
        None = "none",
    }
}

words! {
    /// What may follow a refusal.
    RetryName {
        /// Nothing.
        NeverRetry = "never_retry",
        /// Nothing for now.
        LimitReached = "limit_reached",
        /// Another attempt with authentication.
        AuthenticateFirst = "authenticate_first",
        /// Another attempt with other data.
        UpdateDataFirst = "update_data_first",
        /// Another attempt later.
        RetryAfter = "retry_after",
        /// Nothing was refused.
        None = "none",
    }
}
