//! What a policy would have done: judgements and their truth, folded into a report.
//!
//! [`Report`] takes one [`Case`] after the other and holds what an analyst asks afterwards: who was
//! stopped and who was not, what each rule found and what it found alone, how much fraud was kept
//! out and how much honest business with it, and how both would move with a threshold on the
//! model's probability. [`Diff`] sets two policies side by side on the same cases. Reading events,
//! folding them through an engine and drawing the result are for others; nothing here does I/O, and
//! the same cases in the same order give the same report.
//!
//! Money is US cents and never guessed: an event without a value counts as an event and adds no
//! money. Truth may be unknown; such events stand in a column of their own and widen the bounds of
//! the result instead of passing for genuine. Memory does not grow with the number of cases: the
//! sweep keeps a bin for each 1/32 of a doubling of the odds of fraud.

mod bill;
mod fairness;
mod suspicion;
mod weight;

use std::collections::BTreeMap;

use features::field::EventType;

use crate::decision::{Combine, Decision};
use crate::policy::{Judgement, Policy};
use crate::rules::RuleSet;
use crate::vector::Vector;

pub use bill::{Actor, Asked, Bill, Ending};
pub use fairness::{Fairness, Origin, Treated, Treatment};
pub use suspicion::{Fit, Sureness, Suspicion};
pub use weight::{Band, ExemptionReport, RuleReport};

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;
/// Flips that are kept one by one.
const FLIPS_MAX: usize = 20;

/// What an event turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Truth {
    /// Labelled fraud.
    Fraud,
    /// Labelled anything else.
    Genuine,
    /// Nobody has said so far.
    Unknown,
}

impl Truth {
    /// Every truth, in the order of a table.
    pub const ALL: [Truth; 3] = [Truth::Fraud, Truth::Genuine, Truth::Unknown];

    /// The lower-case word for it.
    pub fn name(self) -> &'static str {
        match self {
            Truth::Fraud => "fraud",
            Truth::Genuine => "genuine",
            Truth::Unknown => "unknown",
        }
    }
}

/// One judged event with what is known of it today.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// Its id.
    pub event_id: &'a str,
    /// What happened.
    pub event_type: EventType,
    /// When, in milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// What it moves, in US cents; `None` when it moves nothing or no rate is known.
    pub usd_minor: Option<i64>,
    /// What it turned out to be.
    pub truth: Truth,
    /// Code of the fraud story, or of the honest pattern that looks like one, where it is told.
    pub story: Option<&'a str>,
    /// The attack that a fraud is, where it is told.
    pub vector: Option<Vector>,
    /// Where the customer comes from.
    pub origin: Origin,
}

/// How many events, worth how much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    /// Events.
    pub events: u64,
    /// Their value in US cents.
    pub usd_minor: i64,
}

impl Volume {
    fn add(&mut self, other: Volume) {
        self.events += other.events;
        self.usd_minor = self.usd_minor.saturating_add(other.usd_minor);
    }
}

/// Volumes apart by truth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Fraud.
    pub fraud: Volume,
    /// Not fraud.
    pub genuine: Volume,
    /// Without a label.
    pub unknown: Volume,
}

impl Tally {
    /// The volume of one truth.
    pub fn of(&self, truth: Truth) -> Volume {
        match truth {
            Truth::Fraud => self.fraud,
            Truth::Genuine => self.genuine,
            Truth::Unknown => self.unknown,
        }
    }

    /// The volume of all three.
    pub fn total(&self) -> Volume {
        let mut total = self.fraud;
        total.add(self.genuine);
        total.add(self.unknown);
        total
    }

    /// Share of fraud among the labelled events; `None` when none is labelled.
    pub fn precision(&self) -> Option<f64> {
        share(self.fraud.events, self.fraud.events + self.genuine.events)
    }

    fn count(&mut self, case: &Case<'_>) {
        let volume = Volume { events: 1, usd_minor: case.usd_minor.unwrap_or(0) };
        match case.truth {
            Truth::Fraud => self.fraud.add(volume),
            Truth::Genuine => self.genuine.add(volume),
            Truth::Unknown => self.unknown.add(volume),
        }
    }

    fn add(&mut self, other: &Tally) {
        self.fraud.add(other.fraud);
        self.genuine.add(other.genuine);
        self.unknown.add(other.unknown);
    }
}

/// Tallies apart by decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decided {
    /// Let through.
    pub approve: Tally,
    /// Asked for a proof, or made to wait.
    pub challenge: Tally,
    /// Refused.
    pub decline: Tally,
}

impl Decided {
    /// The tally of one decision.
    pub fn of(&self, decision: Decision) -> &Tally {
        match decision {
            Decision::Approve => &self.approve,
            Decision::Challenge => &self.challenge,
            Decision::Decline => &self.decline,
        }
    }

    /// What was not simply let through.
    pub fn touched(&self) -> Tally {
        let mut touched = self.challenge;
        touched.add(&self.decline);
        touched
    }

    /// All decisions together.
    pub fn total(&self) -> Tally {
        let mut total = self.approve;
        total.add(&self.challenge);
        total.add(&self.decline);
        total
    }

    fn of_mut(&mut self, decision: Decision) -> &mut Tally {
        match decision {
            Decision::Approve => &mut self.approve,
            Decision::Challenge => &mut self.challenge,
            Decision::Decline => &mut self.decline,
        }
    }
}

/// The result in money, US cents. Challenges count with the shares of customers and attackers that
/// the policy's own factor table expects to pass.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Money {
    /// Fraud that was refused.
    pub fraud_declined: i64,
    /// Fraud that is expected to fail a challenge.
    pub fraud_challenged: f64,
    /// Fraud that got through: approved, or expected to pass the challenge.
    pub fraud_missed: f64,
    /// Genuine business that was refused.
    pub genuine_declined: i64,
    /// Genuine business that is expected to fail a challenge.
    pub genuine_challenged: f64,
    /// Refused events whose truth nobody knows.
    pub unknown_declined: i64,
}

impl Money {
    /// Money saved minus good money blocked, over the labelled events.
    pub fn net(&self) -> f64 {
        self.fraud_declined as f64 + self.fraud_challenged
            - self.genuine_declined as f64
            - self.genuine_challenged
    }

    /// The net if all refused events without a label were genuine, and if all were fraud.
    pub fn bounds(&self) -> (f64, f64) {
        let unknown = self.unknown_declined as f64;
        (self.net() - unknown, self.net() + unknown)
    }

    fn add(&mut self, case: &Case<'_>, judgement: &Judgement) {
        let usd = case.usd_minor.unwrap_or(0);
        match (judgement.verdict.decision, case.truth) {
            (Decision::Approve, Truth::Fraud) => self.fraud_missed += usd as f64,
            (Decision::Approve, Truth::Genuine | Truth::Unknown) => {}
            (Decision::Challenge, Truth::Fraud) => {
                let (_, passing) = pass_shares(judgement);
                self.fraud_challenged += usd as f64 * (1.0 - passing);
                self.fraud_missed += usd as f64 * passing;
            }
            (Decision::Challenge, Truth::Genuine) => {
                let (passing, _) = pass_shares(judgement);
                self.genuine_challenged += usd as f64 * (1.0 - passing);
            }
            (Decision::Challenge, Truth::Unknown) => {}
            (Decision::Decline, Truth::Fraud) => add_cents(&mut self.fraud_declined, usd),
            (Decision::Decline, Truth::Genuine) => add_cents(&mut self.genuine_declined, usd),
            (Decision::Decline, Truth::Unknown) => add_cents(&mut self.unknown_declined, usd),
        }
    }
}

/// Everything that a backtest says of one policy.
#[derive(Clone, Debug)]
pub struct Report {
    /// Time of the earliest and latest case; `None` before the first.
    pub period_ms: Option<(i64, i64)>,
    /// Cases that carry no value.
    pub without_value: u64,
    /// All cases by decision.
    pub decisions: Decided,
    /// The same if the rules of law and policy were left out: what is a matter of opinion.
    pub without_limits: Decided,
    /// The same for each type of event, in numbering order.
    pub types: BTreeMap<EventType, Decided>,
    /// The same for each story that is told: fraud, or honest and like it.
    pub stories: BTreeMap<String, Decided>,
    /// The same for each UTC day, in days since 1970.
    pub days: BTreeMap<i64, Decided>,
    /// Rules in the order of the policy.
    pub rules: Vec<RuleReport>,
    /// Exemptions in the order of the policy.
    pub exemptions: Vec<ExemptionReport>,
    /// Cases on which two rules voted together, by their places in the order of the policy, the
    /// smaller first.
    pub together: BTreeMap<(u16, u16), u64>,
    /// The result in money.
    pub money: Money,
    /// What a threshold on the probability would have found.
    pub sweep: Sweep,
    /// How well the suspected attack fits the true one.
    pub suspicion: Suspicion,
    /// How good customers are treated, by where they come from.
    pub fairness: Fairness,
}

impl Report {
    /// An empty report on these rules.
    pub fn new(rules: &RuleSet) -> Report {
        Report {
            period_ms: None,
            without_value: 0,
            decisions: Decided::default(),
            without_limits: Decided::default(),
            types: BTreeMap::new(),
            stories: BTreeMap::new(),
            days: BTreeMap::new(),
            rules: rules.rules.iter().map(RuleReport::new).collect(),
            exemptions: rules.exemptions.iter().map(ExemptionReport::new).collect(),
            together: BTreeMap::new(),
            money: Money::default(),
            sweep: Sweep::new(),
            suspicion: Suspicion::default(),
            fairness: Fairness::default(),
        }
    }

    /// Counts one case with its facts. The policy is the one that the report was made for.
    pub fn add(&mut self, policy: &Policy, facts: &[f64], case: &Case<'_>, judgement: &Judgement) {
        let decision = judgement.verdict.decision;
        let (first, last) = self.period_ms.unwrap_or((case.time_ms, case.time_ms));
        self.period_ms = Some((first.min(case.time_ms), last.max(case.time_ms)));
        self.without_value += u64::from(case.usd_minor.is_none());
        self.decisions.of_mut(decision).count(case);
        self.types.entry(case.event_type).or_default().of_mut(decision).count(case);
        let day = case.time_ms.div_euclid(DAY_MS);
        self.days.entry(day).or_default().of_mut(decision).count(case);
        if let Some(story) = case.story {
            if !self.stories.contains_key(story) {
                self.stories.insert(story.to_owned(), Decided::default());
            }
            let decided = self.stories.get_mut(story).expect("it was put there just now");
            decided.of_mut(decision).count(case);
        }
        self.money.add(case, judgement);
        if let Some(probability) = judgement.probability {
            self.sweep.add(probability, case);
        }
        if let Some(vector) = case.vector {
            self.suspicion.add(vector, &policy.situation(facts), &judgement.verdict);
        }
        self.add_rules(policy.rules(), case, judgement);
        self.weigh(policy, facts, case, judgement);
    }

    /// Share of all frauds of the backtest that a rule hit; `None` when there is no fraud.
    pub fn recall(&self, rule: &RuleReport) -> Option<f64> {
        share(rule.hits.fraud.events, self.decisions.total().fraud.events)
    }

    /// Share of the value of all frauds that a rule hit; `None` when they have none.
    pub fn value_recall(&self, rule: &RuleReport) -> Option<f64> {
        let all = self.decisions.total().fraud.usd_minor;
        (0 < all).then(|| rule.hits.fraud.usd_minor as f64 / all as f64)
    }

    /// Share of the value of all frauds that was not simply let through; `None` when they have none.
    pub fn value_stopped(&self) -> Option<f64> {
        let all = self.decisions.total().fraud.usd_minor;
        (0 < all).then(|| self.decisions.touched().fraud.usd_minor as f64 / all as f64)
    }

    fn add_rules(&mut self, rules: &RuleSet, case: &Case<'_>, judgement: &Judgement) {
        for (rule, report) in rules.rules.iter().zip(&mut self.rules) {
            let in_force = rule.until_ms.is_none_or(|until| case.time_ms < until);
            report.seen += u64::from(in_force && rule.on.contains(case.event_type));
        }
        let hits = &judgement.hits;
        for index in &hits.hit {
            let report = &mut self.rules[usize::from(*index)];
            report.hits.count(case);
            if hits.hit.len() == 1 {
                report.alone.count(case);
            }
        }
        for index in &hits.shadow {
            let report = &mut self.rules[usize::from(*index)];
            report.hits.count(case);
            if hits.hit.is_empty() {
                report.alone.count(case);
            }
        }
        for (index, _) in &hits.suppressed {
            self.rules[usize::from(*index)].suppressed += 1;
        }
        for (index, _) in &hits.undecided {
            self.rules[usize::from(*index)].undecided += 1;
        }
    }
}

/// Doublings of the odds below and above even odds that have bins of their own.
const DOUBLINGS: i64 = 24;
/// Bins of one doubling, as a power of two: the mantissa bits that number them.
const BIN_BITS: i64 = 5;
/// Number of the bin that begins at odds of 2^-24, before the offset.
const FIRST_BIN: i64 = (1023 - DOUBLINGS) << BIN_BITS;
const BINS: usize = ((2 * DOUBLINGS) << BIN_BITS) as usize + 1;

/// Cases by probability, in bins of 1/32 of a doubling of the odds: finer than any decision needs.
#[derive(Clone, Debug)]
pub struct Sweep {
    bins: Vec<Tally>,
}

/// What is flagged from one threshold on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Least probability that is flagged.
    pub threshold: f64,
    /// Cases at or above it.
    pub flagged: Tally,
    /// Share of the frauds that is flagged; `None` when there is no fraud.
    pub recall: Option<f64>,
    /// Share of the genuine events that is flagged; `None` when there is none.
    pub false_positive_rate: Option<f64>,
}

impl Step {
    /// Fraud refused minus genuine business refused, in US cents, if flagged events were declined.
    pub fn net_usd_minor(&self) -> i64 {
        self.flagged.fraud.usd_minor.saturating_sub(self.flagged.genuine.usd_minor)
    }
}

impl Sweep {
    fn new() -> Sweep {
        Sweep { bins: vec![Tally::default(); BINS] }
    }

    fn add(&mut self, probability: f64, case: &Case<'_>) {
        self.bins[bin(probability)].count(case);
    }

    /// Every threshold at which something changes, highest first.
    pub fn steps(&self) -> Vec<Step> {
        let mut all = Tally::default();
        self.bins.iter().for_each(|bin| all.add(bin));
        let mut flagged = Tally::default();
        let mut steps = Vec::new();
        for (index, bin) in self.bins.iter().enumerate().rev() {
            if bin.total().events == 0 {
                continue;
            }
            flagged.add(bin);
            steps.push(Step {
                threshold: lower_edge(index),
                flagged,
                recall: share(flagged.fraud.events, all.fraud.events),
                false_positive_rate: share(flagged.genuine.events, all.genuine.events),
            });
        }
        steps
    }

    /// Area under the ROC curve: the chance that a fraud has a higher probability than a genuine
    /// event, cases of one bin counting half. `None` when either kind is absent.
    pub fn auc_roc(&self) -> Option<f64> {
        let (mut area, mut frauds, mut genuine) = (0.0, 0u64, 0u64);
        for bin in self.bins.iter().rev() {
            area += bin.genuine.events as f64 * (frauds as f64 + bin.fraud.events as f64 / 2.0);
            frauds += bin.fraud.events;
            genuine += bin.genuine.events;
        }
        let pairs = frauds as f64 * genuine as f64;
        (0.0 < pairs).then(|| area / pairs)
    }
}

/// The bin of a probability: exponent and leading mantissa bits of its odds, which grow with it.
fn bin(probability: f64) -> usize {
    let odds = probability / (1.0 - probability);
    let leading = (odds.to_bits() >> (52 - BIN_BITS)) as i64;
    (leading - FIRST_BIN).clamp(0, BINS as i64 - 1) as usize
}

/// The least probability of a bin; everything below the second bin is in the first.
fn lower_edge(index: usize) -> f64 {
    if index == 0 {
        return 0.0;
    }
    let odds = f64::from_bits(((index as i64 + FIRST_BIN) as u64) << (52 - BIN_BITS));
    odds / (1.0 + odds)
}

/// One event that two policies decide differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flip {
    /// Its id.
    pub event_id: String,
    /// When, in milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// What it moves, in US cents.
    pub usd_minor: i64,
    /// What it turned out to be.
    pub truth: Truth,
    /// What the policy in force decides.
    pub before: Decision,
    /// What the candidate decides.
    pub after: Decision,
}

/// Two policies on the same cases: which decisions flip, and what that is worth.
#[derive(Clone, Debug, Default)]
pub struct Diff {
    /// Tally of the cases for each pair of decisions, the candidate's inside the other's.
    pub pairs: BTreeMap<(Decision, Decision), Tally>,
    /// The flips worth most, largest first; among equals the earlier.
    pub largest: Vec<Flip>,
}

impl Diff {
    /// Counts one case that both policies decided.
    pub fn add(&mut self, case: &Case<'_>, before: Decision, after: Decision) {
        self.pairs.entry((before, after)).or_default().count(case);
        if before == after {
            return;
        }
        let usd_minor = case.usd_minor.unwrap_or(0);
        let place = self.largest.partition_point(|flip| usd_minor <= flip.usd_minor);
        if place < FLIPS_MAX {
            self.largest.truncate(FLIPS_MAX - 1);
            self.largest.insert(
                place,
                Flip {
                    event_id: case.event_id.to_owned(),
                    time_ms: case.time_ms,
                    usd_minor,
                    truth: case.truth,
                    before,
                    after,
                },
            );
        }
    }

    /// All cases that flip.
    pub fn flipped(&self) -> Tally {
        let mut flipped = Tally::default();
        for ((before, after), tally) in &self.pairs {
            if before != after {
                flipped.add(tally);
            }
        }
        flipped
    }
}

/// Shares of genuine customers and of attackers who are expected to pass the challenge. One that
/// offers nothing to prove only delays: it stops nobody.
fn pass_shares(judgement: &Judgement) -> (f64, f64) {
    let Some(hints) = &judgement.verdict.hints else {
        return (1.0, 1.0);
    };
    let options = match hints.combine {
        Combine::Any => &hints.options[..hints.options.len().min(1)],
        Combine::All => &hints.options[..],
    };
    options.iter().fold((1.0, 1.0), |(genuine, fraud), option| {
        (genuine * option.expected_pass_legit, fraud * option.expected_pass_fraud)
    })
}

fn add_cents(sum: &mut i64, cents: i64) {
    *sum = sum.saturating_add(cents);
}

/// A part of a whole, 0 to 1; `None` of nothing.
pub fn share(part: u64, whole: u64) -> Option<f64> {
    (0 < whole).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests;
