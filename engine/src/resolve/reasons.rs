//! Why: the reasons of a verdict, in their written order and within their limits.
//!
//! First that it is an exploration, if it is one, and what was refused behind it. Else what decided:
//! votes by severity, class and number of the rule, the cause (cost rule, no
//! factor) behind every class of its severity. Then that a part was missing, if one was. Then what
//! the model adds, heaviest first, and what lowered the risk. An approval that nothing spoke for or
//! against still has a reason. Last the exemptions from strong authentication that it proposes. Entries are found one after another by a strict order instead of
//! being sorted, so the only list made is the one that is given out.

use std::cmp::Reverse;

use super::{Bench, Class, Ruling};
use crate::decision::{Decision, Exemption, ReasonLine, Source};
use crate::reason::{ReasonCode, codes};

/// Most reasons of a verdict, and most of one class.
const REASONS_MAX: usize = 8;
const REASONS_OF_CLASS_MAX: usize = 2;

/// From this probability on an approval without other reasons says that the risk is elevated.
pub(super) const ELEVATED: f64 = 0.01;

impl Bench<'_> {
    /// At most eight reasons and two of a class: votes and the cause by severity, class and rule;
    /// then what the model adds, heaviest first; then what lowered the risk.
    pub(super) fn reasons(
        &self,
        ruling: &Ruling,
        exemptions: &[ReasonCode],
        proposed: Option<&Exemption>,
        contributions: &[(ReasonCode, f64)],
    ) -> Vec<ReasonLine> {
        let mut list = Reasons(Vec::with_capacity(REASONS_MAX));
        if ruling.is_explored {
            list.add(codes::EXPLORATION, None, Source::Policy);
        }
        self.add_votes(ruling, &mut list);
        if self.probability.is_none() {
            // Whatever else there is to say, that a part was missing is said.
            list.make_room(codes::SYS_DEGRADED);
            list.add(codes::SYS_DEGRADED, None, Source::Policy);
        }
        let is_approved = ruling.decision == Decision::Approve;
        let is_quiet = is_approved && (list.0.is_empty() || self.remembered.is_some());
        let context = self.lowering_context();
        if is_quiet && let Some(code) = context {
            list.add(code, None, Source::Policy);
        }
        let mut last: Option<(f64, u16)> = None;
        while let Some(next) = heaviest_after(contributions, last) {
            list.add(next.0, Some(next.1), Source::Model);
            last = Some((next.1.abs(), next.0.num()));
        }
        for code in exemptions {
            let is_list = *code == codes::LIST_ALLOW;
            list.add(*code, None, if is_list { Source::List } else { Source::Policy });
        }
        if list.0.is_empty() {
            let is_elevated = self.probability.is_some_and(|p| ELEVATED <= p);
            let is_new = self.situation.device.account_age_hours < 24.0;
            let (code, source) = if is_elevated {
                (codes::MODEL_ELEVATED, Source::Model)
            } else if is_new {
                (codes::NEW_DEVICE, Source::Policy)
            } else {
                (codes::TRUSTED_CONTEXT, Source::Policy)
            };
            list.add(code, None, source);
        }
        // Behind what decided: what may be claimed because of it.
        for (is_proposed, code) in [
            (proposed.is_some_and(|found| found.low_value), codes::EXEMPT_LOW_VALUE),
            (proposed.is_some_and(|found| found.tra), codes::EXEMPT_TRA),
        ] {
            if is_proposed {
                list.add(code, None, Source::Policy);
            }
        }
        list.0
    }

    /// Votes and the cause, in their written order.
    fn add_votes(&self, ruling: &Ruling, list: &mut Reasons) {
        // The cause stands behind every class at its severity.
        let decided = if ruling.is_explored { Decision::Decline } else { ruling.decision };
        let cause = ruling.cause.reason(decided);
        let mut last = None;
        loop {
            let votes = self.votes.iter().map(|vote| {
                let key = (Reverse(vote.severity()), Rank::Vote(vote.class), vote.rule);
                (key, (vote.reason, vote.class.source()))
            });
            let own = cause.map(|said| ((Reverse(ruling.severity), Rank::Cause, 0), said));
            let next = votes.chain(own).filter(|(key, _)| last.is_none_or(|last| last < *key));
            let Some((key, (code, source))) = next.min_by_key(|(key, _)| *key) else { return };
            list.add(code, None, source);
            last = Some(key);
        }
    }

    /// What speaks for the customer, if anything does.
    fn lowering_context(&self) -> Option<ReasonCode> {
        let is_trusted = self.situation.device.is_trusted == Some(true);
        let is_on_trip = self.situation.past.hours_since_arrival <= 720.0
            && 2.0 <= self.situation.card.name_match;
        if is_trusted || self.remembered.is_some() {
            Some(codes::TRUSTED_CONTEXT)
        } else if is_on_trip {
            Some(codes::TRAVELLER_CONTEXT)
        } else {
            None
        }
    }
}

/// A class, or behind all classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Vote(Class),
    Cause,
}

/// Reasons in the making, held to their limits.
struct Reasons(Vec<ReasonLine>);

impl Reasons {
    fn of_class(&self, code: ReasonCode) -> usize {
        self.0.iter().filter(|line| line.code.class() == code.class()).count()
    }

    /// Takes away what would keep this reason out, from the end.
    fn make_room(&mut self, code: ReasonCode) {
        self.0.truncate(REASONS_MAX - 1);
        if REASONS_OF_CLASS_MAX <= self.of_class(code)
            && let Some(at) = self.0.iter().rposition(|line| line.code.class() == code.class())
        {
            self.0.remove(at);
        }
    }

    fn add(&mut self, code: ReasonCode, contribution: Option<f64>, source: Source) {
        let of_class = self.of_class(code);
        let is_said = self.0.iter().any(|line| line.code == code);
        if !is_said && of_class < REASONS_OF_CLASS_MAX && self.0.len() < REASONS_MAX {
            self.0.push(ReasonLine { code, contribution, source });
        }
    }
}

/// The heaviest contribution that comes after `last` (its weight and number); ties by number.
fn heaviest_after(
    contributions: &[(ReasonCode, f64)],
    last: Option<(f64, u16)>,
) -> Option<(ReasonCode, f64)> {
    let is_after = |code: ReasonCode, weight: f64| {
        last.is_none_or(|(least, num)| weight < least || (weight == least && num < code.num()))
    };
    contributions
        .iter()
        .filter(|(code, weight)| weight.is_finite() && is_after(*code, weight.abs()))
        .min_by(|left, right| {
            right.1.abs().total_cmp(&left.1.abs()).then(left.0.num().cmp(&right.0.num()))
        })
        .copied()
}
