//! The state behind the steering of decisions: the price of a challenge, and what was explored.
//!
//! Three numbers and a count, that every decision reads and some move, each in single atomic steps
//! and without a lock. Decisions made one after the other get the same steering every time; of
//! decisions made at once each gets one that was right a moment ago, and the sums are integers, so
//! no order shows in them. What counts for judging again is not the order but the record, which
//! keeps what a decision was made with. A start hands the records over again ([`Helm::restore`]):
//! state and stream go on as if nothing had happened, but for a move of the price that parallel
//! decisions saw in another order than the journal; the price of the newest record then holds.

use std::sync::atomic::{AtomicU64, Ordering};

use features::event::Event;
use features::field::ids;

use crate::economics::Economics;
use crate::policy::Judgement;
use crate::steering::{BATCH, Steered, Steering, lot, next_price, within};

/// Expected customers are summed as integers of this fraction of one: in any order the same.
const UNIT: f64 = 1_048_576.0;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// Bits of the cents in what is kept of a day.
const CENTS_BITS: u32 = 40;

/// Which event is to be steered.
#[derive(Clone, Copy, Debug)]
pub struct Occasion {
    /// A number that is the event's own, from its id.
    pub id: u64,
    /// When it happened, in milliseconds since 1970.
    pub time_ms: i64,
}

impl Occasion {
    /// That of an event.
    pub fn of(event: &Event) -> Occasion {
        Occasion { id: event.bits(ids::EVENT_ID).unwrap_or_default(), time_ms: event.time() }
    }
}

/// The state of an engine's steering; see the module's essay.
#[derive(Debug)]
pub struct Helm {
    /// The bits of the price in USD; not a number as long as it never moved.
    price: AtomicU64,
    /// Expected genuine customers of this batch who could have been challenged.
    askable: AtomicU64,
    /// Those of them who were.
    challenged: AtomicU64,
    /// The day and what is explored of it, see [`Day`].
    day: AtomicU64,
}

impl Default for Helm {
    fn default() -> Helm {
        Helm {
            price: AtomicU64::new(f64::NAN.to_bits()),
            askable: AtomicU64::new(0),
            challenged: AtomicU64::new(0),
            day: AtomicU64::new(0),
        }
    }
}

/// A day and the cents at risk that were explored on it.
#[derive(Clone, Copy)]
struct Day {
    number: u64,
    cents: u64,
}

impl Day {
    fn of(time_ms: i64) -> u64 {
        // Nothing happens before 1970.
        u64::try_from(time_ms.div_euclid(DAY_MS)).unwrap_or(0)
    }

    fn unpacked(bits: u64) -> Day {
        Day { number: bits >> CENTS_BITS, cents: bits & ((1 << CENTS_BITS) - 1) }
    }

    fn packed(self) -> u64 {
        self.number << CENTS_BITS | self.cents.min((1 << CENTS_BITS) - 1)
    }
}

impl Helm {
    /// The price of a challenge now, USD.
    pub fn price_usd(&self, economics: &Economics) -> f64 {
        if economics.challenge_budget == 0.0 {
            return economics.challenge_price_usd;
        }
        within(economics, f64::from_bits(self.price.load(Ordering::Relaxed)))
    }

    /// What was explored of the newest day, USD at risk.
    pub fn explored_usd(&self) -> f64 {
        Day::unpacked(self.day.load(Ordering::Relaxed)).cents as f64 / 100.0
    }

    /// The steering of an event that does not count: the price of now, and nothing is explored.
    pub fn look(&self, economics: &Economics) -> Steering {
        Steering { challenge_price_usd: self.price_usd(economics), ..Steering::at_rest(economics) }
    }

    /// Judges an event that counts, and takes note of what was decided.
    pub fn steer(
        &self,
        economics: &Economics,
        occasion: Occasion,
        judge: impl FnOnce(Steering) -> Judgement,
    ) -> Judgement {
        self.begin(occasion.time_ms);
        let is_drawn = is_drawn(economics, occasion.id);
        let stake = cents(economics.exploration_amount_usd);
        let has_room = self.set_aside(economics, occasion.time_ms, stake, is_drawn);
        let judgement = judge(Steering {
            challenge_price_usd: self.price_usd(economics),
            propensity: if has_room { economics.exploration_share } else { 0.0 },
            is_drawn: is_drawn && has_room,
        });
        let steered = judgement.steered();
        if is_drawn && has_room {
            let unused = stake.saturating_sub(steered.explored_cents());
            self.change(occasion.time_ms, |cents| Some(cents.saturating_sub(unused)));
        }
        self.count(economics, &steered);
        judgement
    }

    /// Takes note of a decision that was made before a restart. In the order in which they were
    /// made, these bring the state back.
    pub fn restore(&self, economics: &Economics, time_ms: i64, steered: &Steered) {
        self.begin(time_ms);
        let explored = steered.explored_cents();
        if 0 < explored {
            self.change(time_ms, |cents| Some(cents.saturating_add(explored)));
        }
        self.price.store(steered.challenge_price_usd.to_bits(), Ordering::Relaxed);
        self.count(economics, steered);
    }

    /// Begins the day of this moment, if it has not begun.
    fn begin(&self, time_ms: i64) {
        let number = Day::of(time_ms);
        let newer = |bits| {
            (Day::unpacked(bits).number < number).then_some(Day { number, cents: 0 }.packed())
        };
        // Nothing to do where it has begun.
        let _ = self.day.fetch_update(Ordering::Relaxed, Ordering::Relaxed, newer);
    }

    /// Changes what was explored on the day of this moment; whether it did.
    fn change(&self, time_ms: i64, change: impl Fn(u64) -> Option<u64>) -> bool {
        let changed = |bits| {
            let day = Day::unpacked(bits);
            let is_today = day.number == Day::of(time_ms);
            let cents = is_today.then(|| change(day.cents)).flatten()?;
            Some(Day { cents, ..day }.packed())
        };
        self.day.fetch_update(Ordering::Relaxed, Ordering::Relaxed, changed).is_ok()
    }

    /// Whether the budget of the day has room for the largest amount, which is set aside for an
    /// event that is drawn.
    fn set_aside(&self, economics: &Economics, time_ms: i64, stake: u64, is_drawn: bool) -> bool {
        if economics.exploration_share == 0.0 {
            return false;
        }
        let budget = cents(economics.exploration_budget_usd);
        let with = |spent: u64| spent.checked_add(stake).filter(|sum| *sum <= budget);
        if is_drawn {
            return self.change(time_ms, with);
        }
        let day = Day::unpacked(self.day.load(Ordering::Relaxed));
        day.number == Day::of(time_ms) && with(day.cents).is_some()
    }

    /// Counts a decision against the budget of challenges; the one that fills a batch moves the
    /// price.
    fn count(&self, economics: &Economics, steered: &Steered) {
        // A cast of a float saturates, and not-a-number becomes nothing.
        let units = (steered.askable * UNIT).round() as u64;
        if economics.challenge_budget == 0.0 || units == 0 {
            return;
        }
        if steered.is_challenge {
            self.challenged.fetch_add(units, Ordering::Relaxed);
        }
        let askable = self.askable.fetch_add(units, Ordering::Relaxed) + units;
        let is_full = (BATCH * UNIT) as u64 <= askable;
        // Of several who find it full one empties it; the others belong to the next batch.
        let empty = || {
            self.askable.compare_exchange(askable, 0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        };
        if is_full && empty() {
            let challenged = self.challenged.swap(0, Ordering::Relaxed) as f64 / askable as f64;
            let price = next_price(economics, self.price_usd(economics), challenged);
            self.price.store(price.to_bits(), Ordering::Relaxed);
        }
    }
}

impl Steered {
    fn explored_cents(&self) -> u64 {
        let explored = self.exploration.filter(|exploration| exploration.is_explored);
        explored.map_or(0, |exploration| cents(exploration.at_risk_usd))
    }
}

/// Whether the lot of an event is among those that are explored.
fn is_drawn(economics: &Economics, id: u64) -> bool {
    lot(id ^ economics.exploration_seed.to_bits()) < economics.exploration_share
}

/// US cents of an amount, rounded up: a budget is not overdrawn by rounding.
fn cents(usd: f64) -> u64 {
    // A cast of a float saturates, and not-a-number becomes nothing.
    (usd * 100.0).ceil() as u64
}

#[cfg(test)]
mod tests;
