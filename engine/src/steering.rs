//! Steering: what a decision must know of the decisions before it, in two numbers and a draw.
//!
//! **The challenge budget.** A challenge disturbs a customer, and only a share of the genuine ones
//! may be disturbed (`set challenge_budget`). The bound is held by its price: the cost rule pays it
//! for each challenge, so when the budget is scarce the challenges that bring least are given up
//! first. The price begins as it is written (`challenge_price_usd`), rises while more genuine
//! customers are challenged than the budget allows, falls back while fewer are, and stays below
//! `challenge_price_max_usd`. It moves once for every [`BATCH`] genuine customers, by a tenth at
//! most, so that an attack of an afternoon does not set the price of the week. Nobody knows who is
//! genuine; what is counted is expected: 1 - p of each decision that a customer could have been
//! challenged on. Challenges that rules demand fill the budget like all others, but only those of
//! the cost rule answer to its price.
//!
//! **Exploration.** A share of the refusals that `resolve` may explore is approved, within an amount
//! at risk for each day (`set exploration_budget_usd`, days of event time, UTC). The draw is a
//! function of the event's id and `exploration_seed`: nobody can call it again until it suits him.
//! What is at risk is set aside before the judgement and what was not used given back, so the
//! budget holds under any load. A day that is over explores no more, whatever comes late.
//!
//! **One door for both.** [`Policy::judge`](crate::policy::Policy::judge) takes a [`Steering`] and
//! stays pure: the same facts and the same steering give the same verdict. What a decision was made
//! with is in its record ([`Steered`]), so it can be judged again without those before it. The state
//! behind it is the [`Helm`](crate::helm::Helm).

use crate::decision::Exploration;
use crate::economics::Economics;

/// So many genuine customers, in expectation, between two moves of the price.
pub const BATCH: f64 = 1_000.0;

/// The most that the price moves at once, as a share of it.
const STEP: f64 = 0.1;

/// Beside the share the price moves by this, so that a price of nothing can rise.
const STEP_USD: f64 = 0.01;

/// What a decision must know of the decisions before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Steering {
    /// Price of one challenge of the cost rule, USD.
    pub challenge_price_usd: f64,
    /// Probability with which a refusal that may be explored is; 0 when none may be.
    pub propensity: f64,
    /// Whether this event is drawn; never when the propensity is 0.
    pub is_drawn: bool,
}

impl Steering {
    /// As if nothing had been decided before: the price as it is written, nothing explored.
    pub fn at_rest(economics: &Economics) -> Steering {
        let challenge_price_usd = economics.challenge_price_usd;
        Steering { challenge_price_usd, propensity: 0.0, is_drawn: false }
    }
}

/// What a decision tells of itself to those after it; a record keeps it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Steered {
    /// The price it was made with, USD.
    pub challenge_price_usd: f64,
    /// How many genuine customers could have been asked, in expectation, 0 to 1.
    pub askable: f64,
    /// Whether a challenge was decided.
    pub is_challenge: bool,
    /// For a refusal that may be explored, whether it was.
    pub exploration: Option<Exploration>,
}

impl Steered {
    /// What it was made with; judging the same facts with it gives the same again.
    pub fn steering(&self) -> Steering {
        Steering {
            challenge_price_usd: self.challenge_price_usd,
            propensity: self.exploration.map_or(0.0, |exploration| exploration.propensity),
            is_drawn: self.exploration.is_some_and(|exploration| exploration.is_explored),
        }
    }
}

/// The price after a batch in which this share of the genuine customers was challenged.
pub fn next_price(economics: &Economics, price_usd: f64, challenged: f64) -> f64 {
    let excess = (challenged / economics.challenge_budget - 1.0).clamp(-1.0, 1.0);
    let moved = price_usd + STEP * excess * (price_usd + STEP_USD);
    within(economics, moved)
}

/// The nearest price that is allowed; of one that is not a number, the written one.
pub(crate) fn within(economics: &Economics, price_usd: f64) -> f64 {
    let least = economics.challenge_price_usd;
    price_usd.max(least).min(economics.challenge_price_max_usd.max(least))
}

/// A lot from 0 to 1, 1 excluded, that is as good as drawn and the same every time.
pub(crate) fn lot(seed: u64) -> f64 {
    // SplitMix64 (Steele, Lea and Flood 2014): one step is enough to spread neighbouring seeds.
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    // The top 53 bits are exact in a float.
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests;
