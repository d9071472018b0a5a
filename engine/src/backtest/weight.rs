//! What each rule and each exemption is worth, by leaving it out.
//!
//! A rule that hits much fraud may be worth nothing, because others hit the same. So every case on
//! which rules voted is decided again without each of them, and once more without all of law and
//! policy; every case on which an exemption spoke is decided again as if it had not. Only the
//! decision is made again, from the same facts and the same probability, and cases without a hit,
//! which are nearly all, are not looked at. What would come of it in the world (a customer who
//! proves who he is asks once and not each time) is not played.

use super::{Case, Report, Tally, share};
use crate::decision::Decision;
use crate::policy::{Judgement, Policy};
use crate::resolve::Class;
use crate::rules::{Exemption, Hits, Rule};

/// How the hits of a rule compare with what its author expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Band {
    /// Nothing is expected, or nothing was looked at.
    Unset,
    /// Fewer hits than expected.
    Below,
    /// As expected.
    Within,
    /// More hits than expected.
    Above,
}

impl Band {
    /// The lower-case word for it.
    pub fn name(self) -> &'static str {
        match self {
            Band::Unset => "unset",
            Band::Below => "below",
            Band::Within => "within",
            Band::Above => "above",
        }
    }
}

/// What one rule did.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleReport {
    /// Its name.
    pub name: String,
    /// What it catches.
    pub title: String,
    /// Who answers for it.
    pub owner: String,
    /// Whether it only watched.
    pub is_shadow: bool,
    /// Share of the events it looks at that it is expected to hit.
    pub expect: Option<(f64, f64)>,
    /// Events that it looked at: of its types, while it was in force.
    pub seen: u64,
    /// Events that it could not decide, because a fact was missing.
    pub undecided: u64,
    /// Hits that an exemption took away; they are not among the hits.
    pub suppressed: u64,
    /// Events that it hit; for a rule in shadow, that it would have hit.
    pub hits: Tally,
    /// Hits where no other voting rule was hit.
    pub alone: Tally,
    /// Cases that would be let through without this rule, all else as it is.
    pub marginal: Tally,
}

impl RuleReport {
    pub(super) fn new(rule: &Rule) -> RuleReport {
        RuleReport {
            name: rule.name.clone(),
            title: rule.title.clone(),
            owner: rule.owner.clone(),
            is_shadow: rule.is_shadow,
            expect: rule.expect,
            seen: 0,
            undecided: 0,
            suppressed: 0,
            hits: Tally::default(),
            alone: Tally::default(),
            marginal: Tally::default(),
        }
    }

    /// Share of the events it looked at that it hit; `None` when it looked at none.
    pub fn share(&self) -> Option<f64> {
        share(self.hits.total().events, self.seen)
    }

    /// Where the share of hits stands against what was expected.
    pub fn band(&self) -> Band {
        let (Some((low, high)), Some(share)) = (self.expect, self.share()) else {
            return Band::Unset;
        };
        if share < low {
            Band::Below
        } else if share <= high {
            Band::Within
        } else {
            Band::Above
        }
    }
}

/// What one exemption did.
#[derive(Clone, Debug, PartialEq)]
pub struct ExemptionReport {
    /// Its name.
    pub name: String,
    /// Cases on which it took the vote of a rule away.
    pub spoke: Tally,
    /// Those of them that were let through and would not be without it.
    pub released: Tally,
}

impl ExemptionReport {
    pub(super) fn new(exemption: &Exemption) -> ExemptionReport {
        let (spoke, released) = (Tally::default(), Tally::default());
        ExemptionReport { name: exemption.name.clone(), spoke, released }
    }
}

impl Report {
    /// Share by which an exemption raises the value of the fraud that is let through; `None` when
    /// none would be without it.
    pub fn fraud_raised(&self, exemption: &ExemptionReport) -> Option<f64> {
        let released = exemption.released.fraud.usd_minor;
        let before = self.decisions.approve.fraud.usd_minor - released;
        (0 < before).then(|| released as f64 / before as f64)
    }

    /// The other rules that voted on the same cases as this one, with how many cases; most first.
    pub fn overlaps(&self, rule: u16) -> Vec<(u16, u64)> {
        let pairs = self.together.iter().filter_map(|((a, b), cases)| {
            let other = if *a == rule { Some(*b) } else { (*b == rule).then_some(*a) };
            other.map(|other| (other, *cases))
        });
        let mut pairs: Vec<(u16, u64)> = pairs.collect();
        pairs.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        pairs
    }

    /// Decides a case again without each rule that voted on it and each exemption that spoke.
    pub(super) fn weigh(
        &mut self,
        policy: &Policy,
        facts: &[f64],
        case: &Case<'_>,
        judgement: &Judgement,
    ) {
        let hits = &judgement.hits;
        let decision = judgement.verdict.decision;
        let again = |hits: &Hits| policy.decide_on(facts, hits, judgement);
        for (place, rule) in hits.hit.iter().enumerate() {
            for other in &hits.hit[place + 1..] {
                *self.together.entry((*rule.min(other), *rule.max(other))).or_default() += 1;
            }
            if decision != Decision::Approve
                && again(&without(hits, |hit| hit == *rule)) == Decision::Approve
            {
                self.rules[usize::from(*rule)].marginal.count(case);
            }
        }
        let is_limit = |rule: u16| {
            let class = policy.rules().rules[usize::from(rule)].vote.class;
            matches!(class, Class::Guard | Class::Limit)
        };
        let has_limit = hits.hit.iter().any(|rule| is_limit(*rule));
        let opinion = if has_limit { again(&without(hits, is_limit)) } else { decision };
        self.without_limits.of_mut(opinion).count(case);
        self.fairness.add(case, opinion);
        let mut speakers: Vec<u16> = hits.suppressed.iter().map(|(_, by)| *by).collect();
        speakers.sort_unstable();
        speakers.dedup();
        for exemption in speakers {
            let report = &mut self.exemptions[usize::from(exemption)];
            report.spoke.count(case);
            let silent = |by: u16| by == exemption;
            if decision == Decision::Approve && again(&heard(hits, silent)) != Decision::Approve {
                report.released.count(case);
            }
        }
    }
}

/// The hits without the votes of some rules.
fn without(hits: &Hits, is_left_out: impl Fn(u16) -> bool) -> Hits {
    let mut fewer = hits.clone();
    fewer.hit.retain(|rule| !is_left_out(*rule));
    fewer
}

/// The hits as if some exemptions had not spoken. A rule that two of them take away stays away.
fn heard(hits: &Hits, is_silent: impl Fn(u16) -> bool) -> Hits {
    let mut more = hits.clone();
    more.suppressed.retain(|(_, by)| !is_silent(*by));
    let back = hits.suppressed.iter().filter(|(_, by)| is_silent(*by)).map(|(rule, _)| *rule);
    // One that is undecided votes as such again.
    more.hit.extend(back.filter(|rule| hits.undecided.iter().all(|(open, _)| open != rule)));
    more.hit.sort_unstable();
    more.hit.dedup();
    more
}
