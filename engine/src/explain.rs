//! Why, why not, and what else: a judgement taken apart for a person.
//!
//! [`explain`] judges facts once more and says of every rule that looks at such events what became
//! of each of its conditions: whether it holds, which values it read, and by how much a comparison
//! was missed or met. For a rule that was hit it names the conditions that made it so; for one that
//! was not, the fewest that would have to turn, the first of them first. [`Explanation::flips`] are
//! counterfactuals: changes of one fact that rules read which turn the decision, the smallest
//! relative change first. Each was judged before it is told, so it is true by construction; it is a
//! statement about the policy, not about the world, where facts move together. For the amount of an
//! event, [`amount_flips`] asks a whole engine instead.
//!
//! Everything here is pure. Cost: one judgement for each threshold of each rule of the event's type,
//! at most [`CANDIDATES_MAX`]; nothing of it is near the path of a decision.

mod flip;
mod part;
pub(crate) mod show;

#[cfg(test)]
mod tests;

use features::field::EventType;

use crate::decision::Decision;
use crate::policy::{Judgement, Policy};
use crate::steering::Steering;

pub use flip::{AmountFlip, CANDIDATES_MAX, Flip, amount_flips};
pub use part::{Form, Gap, Need, Part, TestFinding, ValueRead};
pub use show::shown;

/// A judgement with its reasons, rule by rule.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// What was judged.
    pub judgement: Judgement,
    /// Every rule that looks at such events, in the order of the policy.
    pub rules: Vec<RuleFinding>,
    /// What the model made of its facts, the strongest first; none without a model.
    pub shares: Vec<Share>,
    /// Changes of one fact that turn the decision, the smallest first.
    pub flips: Vec<Flip>,
}

/// What one fact adds to the model's log-odds of fraud.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// Its name.
    pub name: String,
    /// Its value for a person.
    pub shown: String,
    /// What it adds; below zero it speaks for a genuine customer.
    pub log_odds: f64,
}

/// What became of one rule.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleFinding {
    /// Which: an index into the policy's rules.
    pub rule: u16,
    /// What it said.
    pub state: State,
    /// Its condition, part by part.
    pub condition: Part,
    /// For a rule whose condition is true, the conditions that make it so.
    pub because: Vec<Need>,
    /// For any other, the fewest conditions that would have to turn for it to be true; empty when
    /// no turning can make it so.
    pub lacking: Vec<Need>,
    /// For a rule that votes, the exemptions that name it and what each lacks.
    pub unspared: Vec<Unspared>,
}

/// An exemption that might have spared a rule and did not.
#[derive(Clone, Debug, PartialEq)]
pub struct Unspared {
    /// Which: an index into the policy's exemptions.
    pub exemption: u16,
    /// The fewest conditions that would have to turn for it to hold; empty when none can.
    pub lacking: Vec<Need>,
}

/// What a rule said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It votes.
    Hit,
    /// It would vote, and only watches.
    Shadow,
    /// It would vote, and the exemption of this index takes its vote.
    Suppressed(u16),
    /// Its condition is unknown.
    Undecided,
    /// Its condition is false.
    Missed,
    /// It is no longer in force.
    OutOfForce,
}

impl State {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            State::Hit => "hit",
            State::Shadow => "shadow",
            State::Suppressed(_) => "suppressed",
            State::Undecided => "undecided",
            State::Missed => "missed",
            State::OutOfForce => "out_of_force",
        }
    }
}

impl Explanation {
    /// The flips to a decision, the smallest change first.
    pub fn flips_to(&self, decision: Decision) -> impl Iterator<Item = &Flip> {
        self.flips.iter().filter(move |flip| flip.decision == decision)
    }
}

/// Explains what a policy makes of facts laid out by its plan, of an event of this type and time
/// (milliseconds), told this of the decisions before it.
pub fn explain(
    policy: &Policy,
    event_type: EventType,
    time_ms: i64,
    facts: &[f64],
    steering: Steering,
) -> Explanation {
    let judgement = policy.judge(event_type, time_ms, facts, steering);
    let flips = flip::flips(policy, event_type, time_ms, facts, &judgement);
    let rules = findings(policy, &judgement, event_type, time_ms, facts);
    Explanation { judgement, rules, shares: shares(policy, facts), flips }
}

/// What the model made of its facts.
fn shares(policy: &Policy, facts: &[f64]) -> Vec<Share> {
    let Some(model) = policy.model() else { return Vec::new() };
    let mut log_odds = vec![0.0; model.features().len()];
    model.attribute(facts, &mut log_odds);
    let mut shares: Vec<Share> = Vec::new();
    for (name, log_odds) in model.features().iter().zip(log_odds) {
        let shown = policy.plan().find(name).map_or_else(String::new, |slot| {
            shown(facts.get(slot).copied().unwrap_or(f64::NAN), policy.unit(slot as u16))
        });
        if log_odds != 0.0 {
            shares.push(Share { name: name.clone(), shown, log_odds });
        }
    }
    shares.sort_by(|a, b| b.log_odds.abs().total_cmp(&a.log_odds.abs()));
    shares
}

/// The fewest conditions that would have to turn for a rule to be true of these facts; none when it
/// is, or when no turning can make it so.
pub fn lacking(policy: &Policy, rule: u16, facts: &[f64]) -> Vec<Need> {
    let outline = policy.outlines().get(usize::from(rule));
    let condition = outline.map(|outline| Part::of(outline, policy, facts));
    condition.and_then(|condition| condition.turn(true)).unwrap_or_default()
}

/// What became of every rule that looks at such events.
fn findings(
    policy: &Policy,
    judgement: &Judgement,
    event_type: EventType,
    time_ms: i64,
    facts: &[f64],
) -> Vec<RuleFinding> {
    let hits = &judgement.hits;
    let rules = policy.rules().rules.iter().zip(policy.outlines()).zip(0_u16..);
    let of_type = rules.filter(|((rule, _), _)| rule.on.contains(event_type));
    of_type
        .map(|((rule, outline), index)| {
            let condition = Part::of(outline, policy, facts);
            let suppressed = hits.suppressed.iter().find(|(rule, _)| *rule == index);
            let state = if rule.until_ms.is_some_and(|until| until <= time_ms) {
                State::OutOfForce
            } else if hits.hit.contains(&index) {
                State::Hit
            } else if hits.shadow.contains(&index) {
                State::Shadow
            } else if let Some((_, by)) = suppressed {
                State::Suppressed(*by)
            } else if condition.truth.is_none() {
                State::Undecided
            } else {
                State::Missed
            };
            let is_true = condition.truth == Some(true);
            let because = if is_true { condition.support() } else { Vec::new() };
            let lacking =
                if is_true { Vec::new() } else { condition.turn(true).unwrap_or_default() };
            let unspared = match state {
                State::Hit => unspared(policy, index, event_type, time_ms, facts),
                _ => Vec::new(),
            };
            RuleFinding { rule: index, state, condition, because, lacking, unspared }
        })
        .collect()
}

/// The exemptions in force that name a rule which votes all the same.
fn unspared(
    policy: &Policy,
    rule: u16,
    event_type: EventType,
    time_ms: i64,
    facts: &[f64],
) -> Vec<Unspared> {
    let exemptions = policy.rules().exemptions.iter().zip(policy.exemption_outlines()).zip(0_u16..);
    let naming = exemptions.filter(|((exemption, _), _)| {
        exemption.from.contains(&rule)
            && exemption.on.contains(event_type)
            && exemption.until_ms.is_none_or(|until| time_ms < until)
    });
    naming
        .map(|((_, outline), exemption)| {
            let lacking = Part::of(outline, policy, facts).turn(true).unwrap_or_default();
            Unspared { exemption, lacking }
        })
        .collect()
}
