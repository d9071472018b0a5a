//! A wallet with this engine, for the simulated world to play against.
//!
//! Each event of the world goes through the same doors as one of the service: read, decide, record.
//! What the engine answers comes back to the world as it would reach a customer: approved, asked
//! for a second factor, declined.

use datasets::synth::{Answer, Ask, Wallet};
use features::event::Event;

use crate::changes;
use crate::decision::{Combine, Decision};
use crate::engine::{Engine, Outcome};

/// An engine behind the world's wallet.
#[derive(Debug)]
pub struct EngineWallet {
    engine: Engine,
}

impl EngineWallet {
    /// A wallet that this engine decides for.
    pub fn new(engine: Engine) -> EngineWallet {
        EngineWallet { engine }
    }

    /// Decides on an event of the world.
    ///
    /// # Panics
    /// When the world makes an event that the engine refuses, which its tests rule out.
    pub fn judge(&mut self, line: &str) -> Outcome {
        changes::decide(&self.engine, &mut read(line))
    }
}

impl Wallet for EngineWallet {
    fn decide(&mut self, ask: &Ask<'_>) -> Answer {
        answer_of(&self.judge(ask.line))
    }

    fn record(&mut self, line: &str) {
        self.engine.record(&mut read(line), || ());
    }
}

fn read(line: &str) -> Event {
    Event::read(line.as_bytes(), None)
        .unwrap_or_else(|faults| panic!("the world made a faulty event: {faults:?}: {line}"))
}

/// What an outcome means to whoever asked.
pub fn answer_of(outcome: &Outcome) -> Answer {
    let verdict = &outcome.judgement.verdict;
    match (verdict.decision, &verdict.hints) {
        (Decision::Approve, _) => Answer::Approve,
        (Decision::Decline, _) | (Decision::Challenge, None) => Answer::Decline,
        (Decision::Challenge, Some(hints)) => Answer::Challenge {
            factors: hints.options.iter().map(|option| option.factor.name()).collect(),
            is_all: hints.combine == Combine::All,
        },
    }
}
