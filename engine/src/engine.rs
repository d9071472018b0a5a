//! The engine: one history, one policy, and three lines.
//!
//! Everything that decides goes through [`Engine::decide`]: the service, files on the command line
//! and backtests. [`Engine::record`] takes what is not scored; [`Engine::what_if`] answers without
//! recording. The core cannot fail: what is wrong with an event was said when it was read.

use std::sync::{Arc, PoisonError, RwLock};

use features::event::Event;
use features::history::{History, Limits, Recorded};

use crate::policy::{Judgement, Policy};

/// History and policy together.
#[derive(Debug)]
pub struct Engine {
    history: History,
    // Held for the length of one `Arc` clone: a decision keeps its policy from start to end.
    policy: RwLock<Arc<Policy>>,
}

/// A decided event.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The policy that decided.
    pub policy: Arc<Policy>,
    /// The facts it was decided on, laid out by the policy's plan; NaN is unknown.
    pub facts: Vec<f64>,
    /// What became of the event in the history.
    pub recorded: Recorded,
    /// The judgement.
    pub judgement: Judgement,
}

impl Engine {
    /// An engine without a past.
    pub fn new(policy: Policy, limits: Limits) -> Engine {
        let history = History::new(Arc::clone(policy.plan()), limits);
        Engine { history, policy: RwLock::new(Arc::new(policy)) }
    }

    /// The policy in force.
    pub fn policy(&self) -> Arc<Policy> {
        Arc::clone(&self.policy.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The history.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Decides on an event and records it. `in_order` runs in the order of the fold.
    pub fn decide<T>(&self, event: &mut Event, in_order: impl FnOnce() -> T) -> (Outcome, T) {
        let policy = self.policy();
        let mut facts = Vec::with_capacity(policy.plan().facts().len());
        let (recorded, ordered) = self.history.observe(event, &mut facts, in_order);
        let judgement = policy.judge(event.event_type(), event.time(), &facts);
        (Outcome { policy, facts, recorded, judgement }, ordered)
    }

    /// Decides on an event as if it came now, and records nothing.
    pub fn what_if(&self, event: &mut Event) -> Outcome {
        let policy = self.policy();
        let mut facts = Vec::with_capacity(policy.plan().facts().len());
        self.history.evaluate(event, &mut facts);
        let judgement = policy.judge(event.event_type(), event.time(), &facts);
        Outcome { policy, facts, recorded: Recorded::Test, judgement }
    }

    /// Records an event that nobody waits for. `in_order` runs in the order of the fold.
    pub fn record<T>(&self, event: &mut Event, in_order: impl FnOnce() -> T) -> (Recorded, T) {
        self.history.record(event, in_order)
    }

    /// Puts another policy in force, between two decisions.
    ///
    /// # Errors
    /// Gives the policy back when it keeps other facts: their past must first be folded again.
    pub fn install(&self, policy: Policy) -> Result<(), Box<Policy>> {
        if policy.schema() != self.policy().schema() {
            return Err(Box::new(policy));
        }
        *self.policy.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(policy);
        Ok(())
    }
}
