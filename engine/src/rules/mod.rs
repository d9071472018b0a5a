//! Many opinions: the rules of a policy over the facts of one event.
//!
//! A [`RuleSet`] is checked once and evaluated for every event; all rules are evaluated, nothing
//! stops evaluation. Each rule is hit, missed or **undecided** (its condition is unknown because a
//! fact is missing; the fact is named). A rule in shadow is evaluated and reported, and votes
//! nothing. An exemption that is hit suppresses the rules it names, never those of class limit or
//! block. Cost: the nodes of the conditions whose event types match; no allocation but the lists
//! of hits.

mod check;
pub(crate) mod lint;
mod outline;

use features::expr::{Expr, Scope};
use features::field::{EventType, Types};

use crate::reason::ReasonCode;
use crate::resolve::Vote;

pub use check::CODES;
pub(crate) use check::check;
pub use lint::CODES as LINTS;
pub use outline::{Compared, Outline, Test, Unit};
pub(crate) use outline::{outlines, scope, units};

/// One rule, checked.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name: stable across versions of a policy.
    pub name: String,
    /// What it catches.
    pub title: String,
    /// Who answers for it.
    pub owner: String,
    /// Share of events it is expected to hit.
    pub expect: Option<(f64, f64)>,
    /// Event types it looks at.
    pub on: Types,
    /// Whether it only watches.
    pub is_shadow: bool,
    /// First instant at which it is no longer in force, in milliseconds.
    pub until_ms: Option<i64>,
    /// Its condition over facts.
    pub when: Expr,
    /// What it votes for.
    pub vote: Vote,
}

/// One exemption, checked.
#[derive(Clone, Debug)]
pub struct Exemption {
    /// Its name.
    pub name: String,
    /// Event types it looks at.
    pub on: Types,
    /// First instant at which it is no longer in force, in milliseconds.
    pub until_ms: Option<i64>,
    /// Its condition over facts.
    pub when: Expr,
    /// Indices of the rules it suppresses.
    pub from: Vec<u16>,
    /// The reason shown, if any.
    pub reason: Option<ReasonCode>,
}

/// The rules and exemptions of a policy.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    /// Rules in the order of the text.
    pub rules: Vec<Rule>,
    /// Exemptions in the order of the text.
    pub exemptions: Vec<Exemption>,
}

/// What the rules said of one event; indices into [`RuleSet::rules`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hits {
    /// Rules that vote.
    pub hit: Vec<u16>,
    /// Rules in shadow that would have voted.
    pub shadow: Vec<u16>,
    /// Rules that were hit, and the exemption that suppressed each.
    pub suppressed: Vec<(u16, u16)>,
    /// Rules that could not be decided, and the first fact each was missing.
    pub undecided: Vec<(u16, u16)>,
}

impl RuleSet {
    /// Evaluates every rule that looks at this type of event, at this event time.
    pub fn evaluate(&self, event_type: EventType, time_ms: i64, facts: &[f64]) -> Hits {
        let scope = Scope { event: None, readings: &[], facts };
        let mut hits = Hits::default();
        for (index, rule) in self.rules.iter().enumerate() {
            let in_force = rule.until_ms.is_none_or(|until| time_ms < until);
            if !in_force || !rule.on.contains(event_type) {
                continue;
            }
            let index = index as u16;
            let truth = rule.when.value(scope);
            if truth.is_nan() {
                hits.undecided.push((index, first_missing(&rule.when, facts)));
            } else if truth == 1.0 && rule.is_shadow {
                hits.shadow.push(index);
            } else if truth == 1.0 {
                hits.hit.push(index);
            }
        }
        if !hits.hit.is_empty() {
            self.exempt(event_type, time_ms, scope, &mut hits);
        }
        hits
    }

    fn exempt(&self, event_type: EventType, time_ms: i64, scope: Scope<'_>, hits: &mut Hits) {
        for (index, exemption) in self.exemptions.iter().enumerate() {
            let in_force = exemption.until_ms.is_none_or(|until| time_ms < until);
            let names_one = exemption.from.iter().any(|rule| hits.hit.contains(rule));
            if !in_force || !names_one || !exemption.on.contains(event_type) {
                continue;
            }
            if exemption.when.value(scope) == 1.0 {
                let suppressed = |rule: &u16| exemption.from.contains(rule);
                hits.suppressed.extend(
                    hits.hit.iter().filter(|r| suppressed(r)).map(|rule| (*rule, index as u16)),
                );
                hits.hit.retain(|rule| !suppressed(rule));
            }
        }
    }
}

/// The first fact of an unknown condition that is missing.
fn first_missing(when: &Expr, facts: &[f64]) -> u16 {
    let mut missing = None;
    when.walk(&mut |node| {
        if let Expr::Fact(fact) = node
            && facts.get(usize::from(*fact)).is_none_or(|value| value.is_nan())
        {
            missing = missing.or(Some(*fact));
        }
    });
    missing.unwrap_or(u16::MAX)
}
