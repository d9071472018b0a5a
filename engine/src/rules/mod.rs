//! Many opinions: the rules of a policy over the facts of one event.
//!
//! A [`RuleSet`] is checked once and evaluated for every event; all rules are evaluated, nothing
//! stops evaluation. Each rule is hit, missed or **undecided** (its condition is unknown because a
//! fact is missing; the fact is named). A rule in shadow is evaluated and reported, and votes
//! nothing. An exemption that is hit suppresses the rules it names, never those of class limit or
//! block.
//!
//! All conditions are evaluated at once by an `index`; rules in force and event types are looked
//! at afterwards and beforehand. `Expr::value` says what the answer is, and a test holds both
//! against each other. Cost: see there; no allocation but the lists of hits.

mod action;
pub(crate) mod band;
mod check;
mod columns;
pub mod cost;
mod example;
mod index;
pub(crate) mod lint;
mod normal;
mod outline;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::collections::HashSet;

use features::expr::Expr;
use features::field::{EventType, Types};

use self::index::{Index, Scratch};
use self::normal::{Conjunction, Normaliser};
use crate::reason::ReasonCode;
use crate::resolve::Vote;

pub use band::Band;
pub use check::CODES;
pub(crate) use check::check;
pub use columns::{Answers, ByColumn, ROWS_MAX, Rows};
pub use lint::{CODES as LINTS, of_the_day};
pub use outline::{Compared, Outline, Test, Unit};
pub(crate) use outline::{Outlines, outlines, scope, units};

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
    /// What it votes for when its condition is unknown, if anything.
    pub undecided: Option<Vote>,
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
    conditions: Conditions,
}

/// The conditions of rules, and behind them those of exemptions, ready to be evaluated.
#[derive(Clone, Debug, Default)]
struct Conditions {
    /// An index for each different set of conditions that some type of event has.
    indices: Vec<Index>,
    /// For each type of event, by its number, which of them.
    of_type: Vec<usize>,
    /// For each rule, the facts that it reads, in the order in which it names them.
    reads: Vec<Box<[u16]>>,
    /// Rules that vote when their condition is unknown, sorted.
    speaks_unknown: Vec<u16>,
    /// For each rule, what its hits are looked at for: near each other, as the rules themselves are
    /// not.
    standing: Vec<Standing>,
}

/// Whether and how long a rule counts.
#[derive(Clone, Copy, Debug)]
struct Standing {
    /// First instant at which it is no longer in force.
    until_ms: i64,
    is_shadow: bool,
}

/// What the rules said of one event; indices into [`RuleSet::rules`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hits {
    /// Rules that vote.
    pub hit: Vec<u16>,
    /// Rules in shadow that would have voted.
    pub shadow: Vec<u16>,
    /// Rules that would have voted, and the exemption that suppressed each: they were hit, or are
    /// undecided and say what follows then.
    pub suppressed: Vec<(u16, u16)>,
    /// Rules that could not be decided, and the first fact each was missing.
    pub undecided: Vec<(u16, u16)>,
}

thread_local! {
    static SCRATCH: Cell<Scratch> = Cell::default();
}

impl RuleSet {
    /// Rules and exemptions, ready to be evaluated. Their conditions are over facts.
    pub fn new(rules: Vec<Rule>, exemptions: Vec<Exemption>) -> RuleSet {
        let conditions = Conditions::new(&rules, &exemptions);
        RuleSet { rules, exemptions, conditions }
    }

    /// Evaluates every rule that looks at this type of event, at this event time.
    pub fn evaluate(&self, event_type: EventType, time_ms: i64, facts: &[f64]) -> Hits {
        let mut hits = Hits::default();
        let Some(index) = self.conditions.of_type.get(event_type as usize) else { return hits };
        // Taken and given back: whoever evaluates inside an evaluation would get another one.
        let mut scratch = SCRATCH.take();
        self.conditions.indices[*index].evaluate(facts, &mut scratch);
        self.list(time_ms, facts, &scratch, &mut hits);
        SCRATCH.set(scratch);
        hits
    }

    /// Bytes of what its conditions are evaluated by.
    pub fn index_bytes(&self) -> usize {
        self.conditions.indices.iter().map(Index::bytes).sum()
    }

    fn list(&self, time_ms: i64, facts: &[f64], found: &Scratch, hits: &mut Hits) {
        // Behind the rules come exemptions, which say nothing by themselves.
        let in_force = |index: u16| {
            let standing = self.conditions.standing.get(usize::from(index));
            standing.filter(|standing| time_ms < standing.until_ms)
        };
        found.hits(|index| match in_force(index) {
            Some(rule) if rule.is_shadow => hits.shadow.push(index),
            Some(_) => hits.hit.push(index),
            None => {}
        });
        found.undecided(|index| {
            if in_force(index).is_some() {
                hits.undecided.push((index, self.conditions.first_missing(index, facts)));
            }
        });
        self.exempt(time_ms, found, hits);
    }

    /// Takes the votes away that exemptions suppress.
    fn exempt(&self, time_ms: i64, found: &Scratch, hits: &mut Hits) {
        if self.voters(hits).next().is_none() {
            return;
        }
        for (index, exemption) in self.exemptions.iter().enumerate() {
            let in_force = exemption.until_ms.is_none_or(|until| time_ms < until);
            if in_force && found.is_hit(self.rules.len() + index) {
                let is_named = |rule: &u16| exemption.from.contains(rule);
                let mut named: Vec<(u16, u16)> =
                    self.voters(hits).filter(is_named).map(|rule| (rule, index as u16)).collect();
                named.sort_unstable();
                hits.suppressed.extend(named);
                hits.hit.retain(|rule| !is_named(rule));
            }
        }
    }

    /// What the rules vote for: those that are hit, and those undecided ones that say what follows
    /// then.
    pub fn votes(&self, hits: &Hits) -> Vec<&Vote> {
        let vote = |index: u16| {
            let rule = &self.rules[usize::from(index)];
            let is_hit = hits.hit.contains(&index);
            if is_hit { &rule.vote } else { rule.undecided.as_ref().unwrap_or(&rule.vote) }
        };
        self.voters(hits).map(vote).collect()
    }

    /// The rules that vote, as far as no exemption suppressed them.
    fn voters<'a>(&'a self, hits: &'a Hits) -> impl Iterator<Item = u16> + 'a {
        let speaks = &self.conditions.speaks_unknown;
        let undecided = if speaks.is_empty() { &[][..] } else { &hits.undecided };
        let undecided = undecided.iter().map(|(rule, _)| *rule);
        let undecided = undecided.filter(|rule| speaks.binary_search(rule).is_ok());
        let is_left = |rule: &u16| hits.suppressed.iter().all(|(suppressed, _)| suppressed != rule);
        hits.hit.iter().copied().chain(undecided).filter(is_left)
    }
}

impl Conditions {
    fn new(rules: &[Rule], exemptions: &[Exemption]) -> Conditions {
        let mut normaliser = Normaliser::default();
        let of_rules = rules.iter().map(|rule| (rule.on, &rule.when));
        let of_exemptions = exemptions.iter().map(|exemption| (exemption.on, &exemption.when));
        let all: Vec<(Types, Vec<Conjunction>)> = of_rules
            .chain(of_exemptions)
            .map(|(on, when)| (on, normaliser.alternatives(when)))
            .collect();
        let (mut sets, mut indices, mut of_type) = (Vec::new(), Vec::new(), Vec::new());
        for event_type in EventType::ALL {
            let set: Vec<u16> = (0..)
                .zip(&all)
                .filter_map(|(number, (on, _))| on.contains(event_type).then_some(number))
                .collect();
            let known = sets.iter().position(|known| *known == set);
            of_type.push(known.unwrap_or_else(|| {
                let conditions =
                    set.iter().map(|number| (*number, all[usize::from(*number)].1.as_slice()));
                indices.push(Index::new(conditions, all.len(), &normaliser));
                sets.push(set.clone());
                sets.len() - 1
            }));
        }
        let reads = rules.iter().map(|rule| facts_read(&rule.when)).collect();
        let speaks = |rule: &Rule| rule.undecided.is_some() && !rule.is_shadow;
        let speaks_unknown =
            (0..).zip(rules).filter(|(_, rule)| speaks(rule)).map(|(number, _)| number).collect();
        let standing = rules.iter().map(|rule| Standing {
            until_ms: rule.until_ms.unwrap_or(i64::MAX),
            is_shadow: rule.is_shadow,
        });
        Conditions { indices, of_type, reads, speaks_unknown, standing: standing.collect() }
    }

    /// The first fact of an unknown condition that is missing.
    fn first_missing(&self, rule: u16, facts: &[f64]) -> u16 {
        let is_missing =
            |fact: &&u16| facts.get(usize::from(**fact)).is_none_or(|value| value.is_nan());
        self.reads[usize::from(rule)].iter().find(is_missing).copied().unwrap_or(u16::MAX)
    }
}

fn facts_read(when: &Expr) -> Box<[u16]> {
    let (mut facts, mut known) = (Vec::new(), HashSet::new());
    when.walk(&mut |node| {
        if let Expr::Fact(fact) = node
            && known.insert(*fact)
        {
            facts.push(*fact);
        }
    });
    facts.into()
}
