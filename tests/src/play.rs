//! A simulated world without a risk engine, as the house rules see it.

use datasets::synth::{Kind, Options, World};
use engine::backtest::{Case, Origin, Report, Truth};
use engine::engine::Engine;
use engine::policy::{DEFAULT_POLICY, Policy, Wanted};
use engine::vector::Vector;
use features::event::Event;
use features::field::ids;
use features::history::Limits;

/// What the house rules, without a model, make of every scored event of a world that does not heed
/// them, against the truth.
///
/// # Panics
/// When the options are not sound.
pub fn backtest(options: Options) -> Report {
    let mut world = World::new(options).expect("the options are sound");
    let policy = Policy::check(DEFAULT_POLICY, None, Wanted::Judging).expect("the pack is sound");
    let mut report = Report::new(policy.rules());
    let engine = Engine::new(policy, Limits::default());
    while world.play_hour(1) {
        for emitted in world.events() {
            let mut event = Event::read(emitted.line.as_bytes(), None).expect("a valid event");
            if emitted.kind != Kind::Scored {
                engine.record(&mut event, || ());
                continue;
            }
            let story = emitted.truth.and_then(|truth| truth.typology());
            let (outcome, ()) = engine.decide(&mut event, || ());
            let case = Case {
                event_id: "",
                event_type: event.event_type(),
                time_ms: event.time(),
                usd_minor: event.bits(ids::USD_MINOR).map(|bits| bits as i64),
                truth: if story.is_some() { Truth::Fraud } else { Truth::Genuine },
                story,
                vector: emitted.truth.and_then(|truth| truth.vector()).and_then(Vector::parse),
                origin: Origin::of(&event),
            };
            report.add(&outcome.policy, &outcome.facts, &case, &outcome.judgement);
        }
    }
    report
}
