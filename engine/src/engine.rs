//! The engine: one history, one policy, and three lines.
//!
//! Everything that decides goes through [`Engine::decide`]: the service, files on the command line
//! and backtests. [`Engine::record`] takes what is not scored; [`Engine::what_if`] answers without
//! recording. What a decision must know of those before it, the price of a challenge and what may be
//! explored, stands at the [`Helm`], which outlives histories and policies. The core cannot fail: what is wrong with an event was said when it was read.
//!
//! A policy goes with a history of the facts that it keeps; both are replaced together, between two
//! folds. [`Engine::install`] takes a policy of the same facts. One of other facts needs their past
//! first: a [`Staged`] policy is given the events of old by its caller, then [`Engine::follow`]s
//! those that come, and [`Engine::promote`] puts it in force when it has all of them. Until then the
//! old one decides, so nobody ever reads a measure that is not filled. [`Engine::install_since`] is
//! for who has no events of old: what happened before is then unknown, never zero.
//!
//! **Nothing is lost.** A fold holds the read side of the lock around history and policy from its
//! beginning to its end. Whoever holds the write side has nobody folding beside it: every event is
//! either in the history that is replaced, and was handed to the staged one in the order of the
//! fold, or it waits and goes to the new one.
//!
//! Cost: taking and giving back the lock, two atomic steps. A copy of each event while a staged
//! policy follows, which is for as long as it takes to fold the last few records.

use std::mem;
use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak,
};

use features::event::Event;
use features::history::{History, Limits, Recorded};

use crate::helm::{Helm, Occasion};
use crate::policy::{Judgement, Policy};
use crate::steering::Steered;

/// History and policy together; see the module's essay.
#[derive(Debug)]
pub struct Engine {
    // Read for the length of a fold, written to replace what is in it.
    live: RwLock<Live>,
    helm: Helm,
}

/// What decides.
#[derive(Debug)]
struct Live {
    history: Arc<History>,
    policy: Arc<Policy>,
    /// Where copies of the folded events go, as long as a staged policy wants them.
    follower: Weak<Events>,
}

/// Copies of events, in the order of the fold.
type Events = Mutex<Vec<Event>>;

/// A policy that is not in force yet, and the past of its facts as far as it is folded.
#[derive(Debug)]
pub struct Staged {
    policy: Policy,
    history: History,
    /// What the engine folded since this follows, as far as it is not folded here.
    followed: Arc<Events>,
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
    pub fn new(policy: impl Into<Arc<Policy>>, limits: Limits) -> Engine {
        let policy = policy.into();
        let history = Arc::new(History::new(Arc::clone(policy.plan()), limits));
        let live = Live { history, policy, follower: Weak::new() };
        Engine { live: RwLock::new(live), helm: Helm::default() }
    }

    /// The policy in force.
    pub fn policy(&self) -> Arc<Policy> {
        Arc::clone(&self.live().policy)
    }

    /// The history and the policy in force, which go together.
    pub fn history_and_policy(&self) -> (Arc<History>, Arc<Policy>) {
        let live = self.live();
        (Arc::clone(&live.history), Arc::clone(&live.policy))
    }

    /// The history of the policy in force.
    pub fn history(&self) -> Arc<History> {
        Arc::clone(&self.live().history)
    }

    /// Decides on an event and records it. `in_order` runs in the order of the fold; it must not
    /// ask the engine anything.
    pub fn decide<T>(&self, event: &mut Event, in_order: impl FnOnce() -> T) -> (Outcome, T) {
        let live = self.live();
        let policy = Arc::clone(&live.policy);
        let mut facts = Vec::with_capacity(policy.plan().facts().len());
        let in_order = live.passing_on(event, in_order);
        let (recorded, ordered) = live.history.observe(event, &mut facts, in_order);
        drop(live);
        let judgement = self.judge(event, &policy, &facts, recorded);
        (Outcome { policy, facts, recorded, judgement }, ordered)
    }

    /// Decides on an event as if it came now, and records nothing.
    pub fn what_if(&self, event: &mut Event) -> Outcome {
        let live = self.live();
        let policy = Arc::clone(&live.policy);
        let mut facts = Vec::with_capacity(policy.plan().facts().len());
        live.history.evaluate(event, &mut facts);
        drop(live);
        let judgement = self.judge(event, &policy, &facts, Recorded::Test);
        Outcome { policy, facts, recorded: Recorded::Test, judgement }
    }

    /// Judges with the steering of now. What does not count in the history does not count there,
    /// and is never explored.
    fn judge(
        &self,
        event: &Event,
        policy: &Policy,
        facts: &[f64],
        recorded: Recorded,
    ) -> Judgement {
        let judge = |steering| policy.judge(event.event_type(), event.time(), facts, steering);
        match recorded {
            Recorded::Yes => self.helm.steer(policy.economics(), Occasion::of(event), judge),
            Recorded::TooLate | Recorded::Test | Recorded::Repeated | Recorded::Refused => {
                judge(self.helm.look(policy.economics()))
            }
        }
    }

    /// Takes note of a decision of old, which is recorded and not made again.
    pub fn resume(&self, event: &Event, steered: &Steered) {
        let policy = self.policy();
        self.helm.restore(policy.economics(), event.time(), steered);
    }

    /// What decisions are told of those before them.
    pub fn helm(&self) -> &Helm {
        &self.helm
    }

    /// Records an event that nobody waits for. `in_order` as in [`Engine::decide`].
    pub fn record<T>(&self, event: &mut Event, in_order: impl FnOnce() -> T) -> (Recorded, T) {
        let live = self.live();
        let in_order = live.passing_on(event, in_order);
        live.history.record(event, in_order)
    }

    /// Puts another policy of the same facts in force, between two folds.
    ///
    /// # Errors
    /// Gives the policy back when it keeps other facts: [`Engine::stage`] it.
    pub fn install(&self, policy: Policy) -> Result<(), Box<Policy>> {
        let mut live = self.write();
        if policy.schema() != live.policy.schema() {
            return Err(Box::new(policy));
        }
        live.policy = Arc::new(policy);
        Ok(())
    }

    /// Puts a policy of other facts in force without their past: whatever reaches back to before
    /// `since_ms` reads unknown. No event that was folded so far may have happened after that.
    pub fn install_since(&self, policy: Policy, since_ms: i64) {
        let limits = self.history().limits();
        let history = Arc::new(History::new_since(Arc::clone(policy.plan()), limits, since_ms));
        let mut live = self.write();
        let replaced = live.replace(policy, history);
        drop(live);
        drop(replaced);
    }

    /// A policy to be put in force when its past is folded.
    pub fn stage(&self, policy: Policy) -> Staged {
        let history = History::new(Arc::clone(policy.plan()), self.history().limits());
        Staged { policy, history, followed: Arc::default() }
    }

    /// From now on hands a copy of each event that is folded to a staged policy, and to no other
    /// one. `now` runs when nobody folds: what it sees ends with the last event that is not handed
    /// over, and the staged policy needs every event up to there.
    pub fn follow<T>(&self, staged: &Staged, now: impl FnOnce() -> T) -> T {
        let mut live = self.write();
        live.follower = Arc::downgrade(&staged.followed);
        now()
    }

    /// Puts a staged policy in force, between two folds, when it has folded what was handed over
    /// too. Gives the replaced history back: dropping a large one takes a while.
    ///
    /// # Errors
    /// Gives the staged policy back when it does not follow, or another one does since: it has not
    /// seen all that happened.
    pub fn promote(&self, staged: Staged) -> Result<Arc<History>, Box<Staged>> {
        // Nobody is kept waiting but for the few events that come during this.
        staged.fold_followed();
        let mut live = self.write();
        if !live.follower.upgrade().is_some_and(|events| Arc::ptr_eq(&events, &staged.followed)) {
            return Err(Box::new(staged));
        }
        staged.fold_followed();
        live.follower = Weak::new();
        let Staged { policy, history, .. } = staged;
        Ok(live.replace(policy, Arc::new(history)))
    }

    fn live(&self) -> RwLockReadGuard<'_, Live> {
        // What is written is written in single steps, so a panic elsewhere leaves nothing half done.
        self.live.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Live> {
        self.live.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Live {
    fn replace(&mut self, policy: Policy, history: Arc<History>) -> Arc<History> {
        self.policy = Arc::new(policy);
        mem::replace(&mut self.history, history)
    }

    /// What is to run in the order of the fold of this event: copying it comes first, since the
    /// fold changes it.
    fn passing_on<T, F: FnOnce() -> T>(
        &self,
        event: &Event,
        in_order: F,
    ) -> impl FnOnce() -> T + use<T, F> {
        let copy = self.follower.upgrade().map(|events| (events, event.clone()));
        move || {
            if let Some((events, event)) = copy {
                lock(&events).push(event);
            }
            in_order()
        }
    }
}

impl Staged {
    /// The policy.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Folds an event of old. The order must be that in which the engine folded them.
    pub fn record(&self, event: &mut Event) {
        self.history.record(event, || ());
    }

    /// Folds what was handed over so far.
    fn fold_followed(&self) {
        loop {
            let mut events = mem::take(&mut *lock(&self.followed));
            if events.is_empty() {
                return;
            }
            events.iter_mut().for_each(|event| self.record(event));
        }
    }
}

fn lock(events: &Events) -> MutexGuard<'_, Vec<Event>> {
    events.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;

    use super::*;
    use crate::policy::Wanted;

    const NOW: i64 = 1_790_000_000_000;
    const BEFORE: &str = r#"feature seen "" = count(payment) by account over 1d"#;
    const AFTER: &str = r#"feature seen "" = count(payment) by account over 1d
feature spent "" = sum(base_minor of payment) by card over 2h
feature first "" = since_first(payment) by card
"#;

    fn policy(text: &str) -> Policy {
        Policy::check(text, None, Wanted::AllFeatures).unwrap_or_else(|faults| panic!("{faults:?}"))
    }

    fn engine(text: &str) -> Engine {
        Engine::new(policy(text), Limits::default())
    }

    fn payment(id: u64) -> Event {
        let (time, account, card) = (NOW + id as i64 * 1_000, id % 7, id % 5);
        let json = format!(
            r#"{{"event_id":"e{id}","event_type":"payment","account_id":"a{account}",
            "channel":"app_ios","event_time_ms":{time},"received_time_ms":{time},
            "payment_id":"p{id}","amount_minor":100,"kind":"merchant_qr_static","currency":"CNY",
            "funding":"intl_card","merchant":{{"merchant_id":"m1"}},
            "card":{{"card_token":"c{card}"}},"device":{{"device_id":"d1"}}}}"#
        );
        Event::read(json.as_bytes(), None).unwrap_or_else(|faults| panic!("{faults:?}"))
    }

    fn bits(facts: &[f64]) -> Vec<u64> {
        facts.iter().map(|fact| fact.to_bits()).collect()
    }

    #[test]
    fn a_promoted_policy_has_the_facts_of_a_start_whatever_came_meanwhile() {
        let engine = engine(BEFORE);
        let next = AtomicU64::new(0);
        // What was folded, in its order, with what was decided on it.
        let log: Mutex<Vec<u64>> = Mutex::default();
        let decided: Mutex<Vec<(u64, Outcome)>> = Mutex::default();
        let decide = || {
            let id = next.fetch_add(1, Ordering::Relaxed);
            let (outcome, ()) = engine.decide(&mut payment(id), || log.lock().unwrap().push(id));
            decided.lock().unwrap().push((id, outcome));
        };
        let is_done = || 5_000 < next.load(Ordering::Relaxed);
        let staged = engine.stage(policy(AFTER));
        (0..500).for_each(|_| decide());
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !is_done() {
                        decide()
                    }
                });
            }
            let of_old = engine.follow(&staged, || log.lock().unwrap().clone());
            of_old.into_iter().for_each(|id| staged.record(&mut payment(id)));
            engine.promote(staged).expect("it follows");
            assert!(!is_done(), "the others go on while it is promoted");
        });
        let (log, mut decided) = (log.into_inner().unwrap(), decided.into_inner().unwrap());
        assert_eq!(engine.history().census().events, log.len() as u64);
        let after = engine.policy();
        assert!(after.plan().find("spent").is_some());
        let again = Engine::new(policy(AFTER), Limits::default());
        let mut compared = 0;
        decided.sort_by_key(|(id, _)| *id);
        for id in log {
            let (wanted, ()) = again.decide(&mut payment(id), || ());
            let (_, outcome) = &decided[id as usize];
            if outcome.policy.version() == after.version() {
                assert_eq!(bits(&outcome.facts), bits(&wanted.facts), "{id}");
                compared += 1;
            }
        }
        assert!(0 < compared);
        println!("{compared} of {} decided by the promoted policy", decided.len());
    }

    #[test]
    fn who_has_not_seen_everything_is_not_promoted() {
        let engine = engine(BEFORE);
        let (first, second) = (engine.stage(policy(AFTER)), engine.stage(policy(AFTER)));
        let first = *engine.promote(first).expect_err("it does not follow");
        engine.follow(&first, || ());
        engine.decide(&mut payment(1), || ());
        engine.follow(&second, || ());
        engine.decide(&mut payment(2), || ());
        assert!(engine.promote(first).is_err(), "it has not seen the second event");
        second.record(&mut payment(1));
        let replaced = engine.promote(second).expect("it follows");
        assert_eq!(replaced.census().events, 2);
        assert_eq!(engine.history().census().events, 2);
    }

    #[test]
    fn a_policy_without_a_past_does_not_know_it_until_its_windows_have_passed() {
        let engine = engine(BEFORE);
        let fact = |id: u64, name: &str| {
            let (outcome, ()) = engine.decide(&mut payment(id), || ());
            outcome.facts[outcome.policy.plan().find(name).expect("it is kept")]
        };
        fact(0, "seen");
        assert!(engine.install(policy(AFTER)).is_err());
        engine.install_since(policy(AFTER), NOW);
        assert!(fact(35, "seen").is_nan());
        assert!(fact(70, "spent").is_nan());
        // Seconds: two hours, and a day, after the beginning.
        assert_eq!(fact(7_200, "spent"), 200.0);
        assert!(fact(7_210, "seen").is_nan());
        assert_eq!(fact(86_401, "seen"), 3.0);
        assert!(fact(86_405, "first").is_nan());
    }
}
