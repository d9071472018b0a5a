//! By how much the amount of an event would have to differ for another decision.
//!
//! With another amount everything that follows from it is another too: sums with this event, its
//! rank among those before, the same amount in other currencies. So an engine is asked, not a single
//! fact changed. [`amounts`] asks one whose past ends before the event. A recorded decision lies in
//! the middle of what its history has seen since, so [`amounts_of_record`] asks what follows from the
//! amount as of a millisecond before the event, and takes the answer only where the recorded facts
//! come out of it: what was recorded is left as it is, and nothing is told from a past that looks
//! different now.

use std::sync::Arc;

use features::event::Event;
use features::field::ids;
use features::language::part::Quantity;
use serde_json::{Value, json};

use crate::decision::Decision;
use crate::engine::Engine;
use crate::explain::{amount_flips, shown};
use crate::policy::Policy;
use crate::rules::Unit;
use crate::steering::Steering;

/// An amount that turns the decision, ready to be shown.
#[derive(Clone, Debug)]
pub(crate) struct AmountTold {
    /// The amount in minor units of the event's currency.
    pub(crate) amount_minor: i64,
    /// The amount for a person.
    pub(crate) shown: String,
    /// The event's own amount for a person.
    pub(crate) own: String,
    /// What is then decided.
    pub(crate) decision: Decision,
}

/// Amounts at which the decision on an event turns that would come next; none for an event without
/// an amount.
pub(crate) fn amounts(engine: &Engine, event: &Event) -> Vec<AmountTold> {
    let Some(versions) = Versions::of(event) else { return Vec::new() };
    versions.told(&mut |amount| {
        let mut changed = versions.with(amount, event.time())?;
        Some(engine.what_if(&mut changed).judgement.verdict.decision)
    })
}

/// The same for an event that the engine has seen, decided by this policy on these facts and with
/// this steering; none as well where the past of the event is not what it was.
pub(crate) fn amounts_of_record(
    engine: &Engine,
    policy: &Arc<Policy>,
    event: &Event,
    facts: &[f64],
    steering: Steering,
) -> Vec<AmountTold> {
    let Some(versions) = Versions::of(event) else { return Vec::new() };
    // Just before itself: an event is not its own past.
    let facts_with = |amount| {
        let outcome = engine.what_if(&mut versions.with(amount, event.time() - 1)?);
        Arc::ptr_eq(&outcome.policy, policy).then_some(outcome.facts)
    };
    let Some(own) = facts_with(versions.own) else { return Vec::new() };
    versions.told(&mut |amount| {
        let changed = changed(facts, &own, &facts_with(amount)?)?;
        Some(policy.judge(event.event_type(), event.time(), &changed, steering).verdict.decision)
    })
}

/// Recorded facts with those replaced that follow from the amount: what differs between the facts
/// with the own amount and with another one. `None` where the own ones are not what was recorded.
fn changed(recorded: &[f64], own: &[f64], other: &[f64]) -> Option<Vec<f64>> {
    let one = |((recorded, own), other): ((&f64, &f64), &f64)| {
        if own.to_bits() == other.to_bits() {
            Some(*recorded)
        } else {
            (own.to_bits() == recorded.to_bits()).then_some(*other)
        }
    };
    recorded.iter().zip(own).zip(other).map(one).collect()
}

/// An event, and what it would be with other amounts.
struct Versions<'a> {
    event: &'a Event,
    document: Value,
    own: i64,
}

impl<'a> Versions<'a> {
    fn of(event: &'a Event) -> Option<Versions<'a>> {
        let own = event.bits(ids::AMOUNT_MINOR).map(|bits| bits as i64).filter(|own| 0 < *own)?;
        let document = serde_json::from_str(event.json()).ok()?;
        Some(Versions { event, document, own })
    }

    /// The event with another amount at another time; what is told in other currencies follows at
    /// the same rate.
    fn with(&self, amount: i64, time_ms: i64) -> Option<Event> {
        let mut changed = self.document.clone();
        changed["amount_minor"] = json!(amount);
        changed["event_time_ms"] = json!(time_ms);
        for twin in ["base_minor", "usd_minor"] {
            if let Some(told) = changed[twin].as_i64() {
                let scaled = i128::from(told) * i128::from(amount) / i128::from(self.own);
                changed[twin] = json!(i64::try_from(scaled).unwrap_or(i64::MAX).max(1));
            }
        }
        let (received, finding) = (self.event.received(), self.event.looked_up().cloned());
        let text = changed.to_string();
        Event::read_with(text.as_bytes(), Some(received), |_| finding.clone()).ok()
    }

    fn told(&self, decide: &mut dyn FnMut(i64) -> Option<Decision>) -> Vec<AmountTold> {
        let currency = self.event.text(ids::CURRENCY).unwrap_or_default().to_owned();
        let unit = Unit::Of(Quantity::Money(currency));
        let flips = amount_flips(self.own, decide);
        let told = flips.into_iter().map(|flip| AmountTold {
            amount_minor: flip.amount_minor,
            shown: shown(flip.amount_minor as f64, &unit),
            own: shown(self.own as f64, &unit),
            decision: flip.decision,
        });
        told.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_follows_from_the_amount_is_replaced_and_only_as_it_was_recorded() {
        let recorded = [1.0, f64::NAN, 3.0, 4.0];
        // The first fact looks different today, and does not follow from the amount.
        let own = [9.0, f64::NAN, 3.0, 4.0];
        let with = |other: [f64; 4]| changed(&recorded, &own, &other);
        assert_eq!(with([9.0, f64::NAN, 30.0, 4.0]).unwrap()[2..], [30.0, 4.0]);
        assert_eq!(with([9.0, 2.0, 3.0, 4.0]).unwrap()[..2], [1.0, 2.0]);
        assert_eq!(with([8.0, f64::NAN, 30.0, 4.0]), None);
    }
}
