//! Refusals that are approved to learn what they were.
//!
//! Who refuses never hears whether he was right: a model that is trained on what was approved
//! believes its own refusals for ever. So a small share of the small refusals is approved, drawn by
//! the id of the event, and every one that could have been drawn says with which probability
//! ([`Exploration::propensity`]): weighed by its inverse, those that were stand for all of them.
//!
//! Only what rests on an opinion about fraud is explored: payments that the cost rule or fraud rules
//! refuse, of a small amount, where the model is not sure. Never what a list, a limit, a law or the
//! guard refuses, nor what freezes, limits or holds; never where a proof was due and none could be
//! asked; and never where a device or a victim is in a thief's hands (V5, V6), who would come back
//! for more. A drawn refusal becomes an approval without more ado, says so as its first reason, and
//! claims no exemption from strong authentication. What the rules that refused would have put on lists
//! they do not: that would refuse the customer a moment later, and nothing were learned. What other
//! rules leave stays.

use features::field::EventType;

use super::{Bench, Cause, Class, Ruling, Vote};
use crate::decision::{Action, Decision, Exploration};
use crate::vector::Vector;

impl Bench<'_> {
    /// Turns a refusal that is drawn into an approval, and says of each that could have been.
    pub(super) fn explore(&self, ruling: Ruling) -> (Ruling, Option<Exploration>) {
        if !self.may_be_explored(&ruling) {
            return (ruling, None);
        }
        let exploration = Exploration {
            propensity: self.steering.propensity,
            is_explored: self.steering.is_drawn,
            at_risk_usd: self.stake.amount_usd,
        };
        if !exploration.is_explored {
            return (ruling, Some(exploration));
        }
        let ruling =
            Ruling { decision: Decision::Approve, is_explored: true, hold_ms: None, ..ruling };
        (ruling, Some(exploration))
    }

    fn may_be_explored(&self, ruling: &Ruling) -> bool {
        let economics = self.economics;
        let is_of_opinion = match ruling.cause {
            Cause::Votes | Cause::Cost => self.votes.iter().all(|vote| is_opinion(vote)),
            Cause::NoFactor | Cause::Failed => false,
        };
        0.0 < economics.exploration_share
            && ruling.decision == Decision::Decline
            && self.situation.event == Some(EventType::Payment)
            && self.stake.amount_usd <= economics.exploration_amount_usd
            && self.probability.is_some_and(|p| p < economics.exploration_below)
            && is_of_opinion
            && !matches!(self.posterior.leading(), Vector::V5 | Vector::V6)
    }
}

/// Whether a vote is no more than an opinion about fraud, which may prove wrong.
fn is_opinion(vote: &Vote) -> bool {
    let is_of_fraud = match vote.class {
        Class::Hard | Class::Challenge => true,
        Class::Guard | Class::Limit | Class::Block => false,
    };
    let is_binding = vote.actions.iter().any(|action| match action {
        Action::Hold { .. }
        | Action::LimitTo { .. }
        | Action::FreezeAccount
        | Action::FreezeCard => true,
        Action::Decline
        | Action::Challenge { .. }
        | Action::Review
        | Action::NotifyCustomer
        | Action::DelaySettlement
        | Action::WarnInterstitial => false,
    });
    is_of_fraud && !is_binding
}
