//! The population: who is active today?
//!
//! Every midnight in UTC all slots are looked at. Who lives in a slot, when a traveller comes and
//! whether a resident opens the app today are pure functions of the seed, the slot and the day, so
//! a slot in which nothing happens costs some nanoseconds a day and no memory. Travellers become
//! actors for the length of their visit; residents and shoppers for a day. Accounts of lasting
//! customers are made when they are first active, as if they had been opened long before, and are
//! kept; those of tourists go with them.

use std::ops::Range;

use super::asset::Persona;
use super::chance::{Chance, mix};
use super::ground::Ground;
use super::people::{self, DAY_MS};
use super::stage::{Actor, Stage};
use super::traveller::{Rhythm, Traveller, owner};
use super::{resident, shopper};

/// Names of streams of chance.
const PERSONA: u64 = 0x7065_7273;
const ACTIVE: u64 = 0x6163_7469;
const AGE: u64 = 0x6167_6520;

/// How much more often than the mean the most active lasting customer is active, less one; the
/// least active one is as much less active.
const ACTIVITY_SPREAD: f64 = 0.6;
/// Age of lasting accounts when the world begins, in days.
const OLDER_DAYS: (i64, i64) = (25, 1_100);

/// All customers of a shard.
#[derive(Debug)]
pub(crate) struct Population {
    slots: Range<u32>,
}

impl Population {
    /// The customers of these slots.
    pub(crate) fn new(slots: Range<u32>) -> Population {
        Population { slots }
    }
}

impl Actor for Population {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let midnight = Midnight::of(stage.ground, stage.now_ms);
        for slot in self.slots.clone() {
            midnight.visit(stage, slot);
        }
        Some(stage.now_ms + DAY_MS)
    }
}

/// What is the same for all slots at a midnight.
struct Midnight {
    now_ms: i64,
    /// Days since 1970.
    day: i64,
    is_first: bool,
    /// Upper ends of the personas' shares of the slots.
    ends: [(Persona, f64); 5],
    tourist: Rhythm,
    business: Rhythm,
    family: Rhythm,
}

impl Midnight {
    fn of(ground: &Ground, now_ms: i64) -> Midnight {
        Midnight {
            now_ms,
            day: now_ms.div_euclid(DAY_MS),
            is_first: now_ms == ground.start_ms,
            ends: ends(ground),
            tourist: Rhythm::of(ground, Persona::Tourist),
            business: Rhythm::of(ground, Persona::Business),
            family: Rhythm::of(ground, Persona::Family),
        }
    }

    fn visit(&self, stage: &mut Stage<'_>, slot: u32) {
        match persona(&self.ends, stage.ground.seed, slot) {
            Persona::Tourist => self.travel(stage, slot, &self.tourist),
            Persona::Business => self.travel(stage, slot, &self.business),
            Persona::Family => self.travel(stage, slot, &self.family),
            Persona::Resident if self.is_active(stage.ground, slot, Persona::Resident) => {
                let account = admit(stage, slot, Persona::Resident);
                resident::day(stage, account, self.now_ms);
            }
            Persona::Shopper if self.is_active(stage.ground, slot, Persona::Shopper) => {
                let account = admit(stage, slot, Persona::Shopper);
                shopper::day(stage, account, self.now_ms);
            }
            Persona::Resident | Persona::Shopper | Persona::Crook => {}
        }
    }

    /// Sends a traveller off whose visit begins tomorrow on China's calendar: nowhere does that day
    /// begin before this midnight. The first midnight also finds those who are on their way.
    fn travel(&self, stage: &mut Stage<'_>, slot: u32, rhythm: &Rhythm) {
        let ground = stage.ground;
        if self.is_first {
            let number = rhythm.current(ground.seed, slot, self.day);
            if rhythm.days(ground, slot, number).0 <= self.day {
                self.send(stage, slot, rhythm, number);
            }
        }
        let Some(number) = rhythm.may_begin(ground.seed, slot, self.day + 1) else { return };
        if rhythm.days(ground, slot, number).0 == self.day + 1 {
            self.send(stage, slot, rhythm, number);
        }
    }

    fn send(&self, stage: &mut Stage<'_>, slot: u32, rhythm: &Rhythm, number: i64) {
        let visit = rhythm.visit(stage.ground, slot, number);
        if self.now_ms < visit.leave_ms {
            stage.spawn(visit.begin_ms, Box::new(Traveller::new(visit)));
        }
    }

    /// Whether a lasting customer opens the app today.
    fn is_active(&self, ground: &Ground, slot: u32, persona: Persona) -> bool {
        let of_slot = mix(mix(ground.seed, ACTIVE), u64::from(slot));
        let share = ground.settings.personas.of(persona).active_share;
        let own = share * (1.0 + ACTIVITY_SPREAD * (2.0 * unit(of_slot) - 1.0));
        unit(mix(of_slot, self.day as u64)) < own
    }
}

/// A share in `[0, 1)` of a hash.
fn unit(hash: u64) -> f64 {
    (hash >> 11) as f64 / (1_u64 << 53) as f64
}

/// Upper ends of the personas' shares.
fn ends(ground: &Ground) -> [(Persona, f64); 5] {
    let mut end = 0.0;
    ground.settings.personas.shares().map(|(persona, share)| {
        end += share;
        (persona, end)
    })
}

/// Who lives in a slot.
fn persona(ends: &[(Persona, f64); 5], seed: u64, slot: u32) -> Persona {
    let lot = unit(mix(mix(seed, PERSONA), u64::from(slot)));
    let found = ends.iter().find(|(_, end)| lot < *end);
    // The shares sum to one but for rounding.
    found.map_or(Persona::Tourist, |(persona, _)| *persona)
}

/// The account of a lasting customer, made when it is first needed.
fn admit(stage: &mut Stage<'_>, slot: u32, persona: Persona) -> u64 {
    let (account, home) = owner(stage.ground, slot, 0);
    if stage.accounts.get(account).is_none() {
        let chance = &mut Chance::of(stage.ground.seed, &[AGE, u64::from(slot)]);
        let minutes = chance.between(OLDER_DAYS.0 * 1_440, OLDER_DAYS.1 * 1_440);
        let opened_ms = stage.ground.start_ms - minutes * people::MINUTE_MS;
        people::admit(stage, account, persona, opened_ms, home);
    }
    account
}

#[cfg(test)]
mod tests {
    use super::super::tests_support::START_MS;
    use super::super::{Atlas, Options, Settings, World};
    use super::*;

    const SLOTS: u32 = 20_000;

    fn world() -> World {
        let (settings, atlas) = (Settings::default(), Atlas::built_in());
        let peaks = Vec::new();
        let (seed, days, accounts) = (11, 3, SLOTS);
        World::new(Options { seed, days, accounts, start_ms: START_MS, peaks, settings, atlas })
            .unwrap()
    }

    #[test]
    fn slots_are_shared_out_to_the_personas() {
        let world = world();
        let ends = ends(&world.ground);
        for (wanted, share) in world.ground.settings.personas.shares() {
            let is = |slot: &u32| persona(&ends, 11, *slot) == wanted;
            let got = (0..SLOTS).filter(is).count() as f64 / f64::from(SLOTS);
            assert!((got - share).abs() < 0.012, "{wanted:?}: {got}, wanted {share}");
        }
    }

    #[test]
    fn lasting_customers_are_active_as_often_as_they_should() {
        let world = world();
        for (of, wanted) in [(Persona::Resident, 0.35), (Persona::Shopper, 0.10)] {
            let mut active = 0;
            for day in 0..20 {
                let midnight = Midnight::of(&world.ground, START_MS + day * DAY_MS);
                active += (0..SLOTS).filter(|s| midnight.is_active(&world.ground, *s, of)).count();
            }
            let got = active as f64 / f64::from(20 * SLOTS);
            assert!((got - wanted).abs() < 0.01, "{of:?}: {got}, wanted {wanted}");
        }
    }

    #[test]
    fn only_those_who_were_active_are_in_memory() {
        let mut world = world();
        while world.now_ms() < START_MS + DAY_MS {
            world.play_hour(2);
        }
        let live = world.live_accounts() as f64 / f64::from(SLOTS);
        // On a day: 8 % of 52 % tourists with some on their lead, 10 % of 13 % and 17 %, 17 % of
        // 10 %, 35 % of 18 %, and crooks.
        assert!(0.10 < live && live < 0.22, "{live}");
    }
}
