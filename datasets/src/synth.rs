//! The wallet world: customers, crooks and everything around them, simulated event by event.
//!
//! A [`World`] is played forward and gives the events of a wallet in the order of time, with the
//! truth beside them: who is a crook, in which story, and which honest pattern only looks like one.
//! Played by itself it stands against a wallet without a risk engine ([`World::play_hour`], on
//! several threads); played against a [`Wallet`] it is a closed loop, in which crooks learn from
//! refusals and honest customers meet challenges ([`World::play_step`]).
//!
//! What holds: one seed is one stream, byte for byte, whatever the number of threads; nothing that
//! is read into features knows the truth; every number of the world is a setting (`world.toml`).
//! Accounts are split over shards that never meet, so memory is bounded by the accounts that are
//! active, not by the events, and shards can be played side by side.

mod chance;

mod story;

mod asset;

mod act;

mod settings;

mod atlas;

mod calendar;

mod rates;

mod market;

mod ground;

mod wire;

mod batch;

mod outbox;

mod wallet;

mod express;

mod stage;

mod notes;

mod issuer;

mod challenge;

mod labels;

mod crew;

mod people;

mod resident;

mod shopper;

mod traveller;

mod population;

mod happening;

mod fraud;

mod report;

mod write;

mod truth;

#[cfg(test)]
mod tests_support;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

use features::diagnostic::{Diagnostic, Place};

pub use atlas::{Atlas, Source};
pub use batch::{Batch, Emitted, Kind, Truth};
pub use calendar::Peak;
pub use report::{Check, Fact, Tally};
pub use settings::Settings;
pub use story::title;
pub use truth::Truths;
pub use wallet::{Answer, Ask, PlainWallet, Wallet};
pub use write::{WorldFiles, Written};

use calendar::Calendar;
use chance::Chance;
use crew::{Crews, Underworld};
use ground::Ground;
use market::Market;
use outbox::Outbox;
use population::Population;
use rates::Rates;
use stage::{Accounts, Actor, Entrance, Ledger, Stage};

const DAY_MS: i64 = 86_400_000;
const HOUR_MS: i64 = 3_600_000;

/// Account slots of a shard. What happens among fewer accounts than this can meet; the number does
/// not depend on the machine, so neither does the world.
const SHARD_SLOTS: u32 = 20_000;

/// Days and accounts that can be asked for.
const DAYS: Range<u32> = 1..3_651;
const ACCOUNTS: Range<u32> = 100..20_000_001;

/// What world is wanted.
#[derive(Debug)]
pub struct Options {
    /// The seed: the same gives the same world.
    pub seed: u64,
    /// How many days it lasts.
    pub days: u32,
    /// How many accounts there are at a time; those of tourists make room for others.
    pub accounts: u32,
    /// The first day: a midnight in UTC, in milliseconds since 1970.
    pub start_ms: i64,
    /// The peaks of the year that happen.
    pub peaks: Vec<Peak>,
    /// The numbers of the world.
    pub settings: Settings,
    /// Places, networks and cards.
    pub atlas: Atlas,
}

impl Options {
    /// Everything that is wrong with them.
    fn faults(&self) -> Vec<Diagnostic> {
        let mut faults = Vec::new();
        let mut ranged = |name: &str, got: u32, wanted: &Range<u32>| {
            if !wanted.contains(&got) {
                let (low, high) = (wanted.start, wanted.end - 1);
                let message = format!("got {got}, wanted {low} to {high}");
                faults.push(Diagnostic::error("D070", Place::Field(name.to_owned()), message));
            }
        };
        ranged("days", self.days, &DAYS);
        ranged("accounts", self.accounts, &ACCOUNTS);
        if self.start_ms.rem_euclid(DAY_MS) != 0 {
            let message = format!("got {} ms, wanted a midnight in UTC", self.start_ms);
            faults.push(Diagnostic::error("D070", Place::Field("start".to_owned()), message));
        }
        faults
    }
}

/// A wallet world on its way.
#[derive(Debug)]
pub struct World {
    ground: Ground,
    peaks: Vec<Peak>,
    shards: Vec<Shard>,
    /// Where the events of the last stretch lie: shard and place, in the order of time.
    order: Vec<(u32, u32)>,
    now_ms: i64,
}

impl World {
    /// A world at its first moment.
    ///
    /// # Errors
    /// Options out of range, all of them.
    pub fn new(options: Options) -> Result<World, Vec<Diagnostic>> {
        let faults = options.faults();
        if !faults.is_empty() {
            return Err(faults);
        }
        let Options { seed, days, accounts, start_ms, peaks, settings, atlas } = options;
        let end_ms = start_ms + i64::from(days) * DAY_MS;
        let atlas = atlas.balanced(&settings.issuers);
        let market = Market::new(seed, accounts, &atlas, &settings, start_ms);
        let calendar = Calendar::new(&settings, &peaks);
        let rates = Rates::new(seed, start_ms, end_ms);
        let ground = Ground { seed, settings, atlas, market, calendar, rates, start_ms, end_ms };
        let count = accounts.div_ceil(SHARD_SLOTS);
        let shard = |index: u32| {
            let from = u64::from(accounts) * u64::from(index) / u64::from(count);
            let to = u64::from(accounts) * u64::from(index + 1) / u64::from(count);
            Shard::new(&ground, index, from as u32..to as u32)
        };
        let shards = (0..count).map(shard).collect();
        Ok(World { ground, peaks, shards, order: Vec::new(), now_ms: start_ms })
    }

    /// First moment of the world, in milliseconds since 1970.
    pub fn start_ms(&self) -> i64 {
        self.ground.start_ms
    }

    /// First moment after the world.
    pub fn end_ms(&self) -> i64 {
        self.ground.end_ms
    }

    /// The moment up to which it has been played.
    pub fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// The numbers of the world.
    pub fn settings(&self) -> &Settings {
        &self.ground.settings
    }

    /// Where places, networks and cards come from.
    pub fn sources(&self) -> &[Source] {
        self.ground.atlas.sources()
    }

    /// The peaks of the year that happen.
    pub fn peaks(&self) -> &[Peak] {
        &self.peaks
    }

    /// Honest and crooked accounts that are in memory.
    pub fn live_accounts(&self) -> usize {
        self.shards.iter().map(|shard| shard.accounts.len()).sum()
    }

    /// Plays an hour against a wallet without a risk engine, on so many threads; false when the
    /// world has ended. [`World::events`] has what happened.
    pub fn play_hour(&mut self, threads: usize) -> bool {
        if self.ground.end_ms <= self.now_ms {
            return false;
        }
        let until_ms = (self.now_ms + HOUR_MS).min(self.ground.end_ms);
        let ground = &self.ground;
        let share = self.shards.len().div_ceil(threads.max(1));
        std::thread::scope(|scope| {
            for shards in self.shards.chunks_mut(share) {
                scope.spawn(move || {
                    for shard in shards {
                        shard.batch.clear();
                        shard.play_until(until_ms, ground, &mut PlainWallet);
                    }
                });
            }
        });
        self.now_ms = until_ms;
        self.merge();
        true
    }

    /// Plays the next step of one actor, or hands out one event that was due, against this wallet;
    /// false when the world has ended. [`World::events`] has what happened: nothing, or a little.
    pub fn play_step(&mut self, wallet: &mut dyn Wallet) -> bool {
        self.order.clear();
        let next = |shard: &Shard| shard.next_ms().filter(|next| *next < self.ground.end_ms);
        let times = self.shards.iter().enumerate();
        let first = times.filter_map(|(place, shard)| Some((next(shard)?, place))).min();
        let Some((now_ms, place)) = first else {
            self.now_ms = self.ground.end_ms;
            return false;
        };
        self.now_ms = now_ms;
        let shard = &mut self.shards[place];
        shard.batch.clear();
        shard.step(&self.ground, wallet);
        self.order.extend((0..shard.batch.len()).map(|index| (place as u32, index as u32)));
        true
    }

    /// What happened in the last stretch that was played, in the order of time.
    pub fn events(&self) -> impl Iterator<Item = Emitted<'_>> {
        let get =
            |(shard, index): &(u32, u32)| self.shards[*shard as usize].batch.get(*index as usize);
        self.order.iter().map(get)
    }

    /// Orders the events of all shards by time; of equal times by shard.
    fn merge(&mut self) {
        self.order.clear();
        let first = |(place, shard): (usize, &Shard)| {
            shard.batch.time_ms(0).map(|time_ms| Reverse((time_ms, place as u32, 0_u32)))
        };
        let mut heads: BinaryHeap<_> = self.shards.iter().enumerate().filter_map(first).collect();
        while let Some(Reverse((_, place, index))) = heads.pop() {
            self.order.push((place, index));
            let next = self.shards[place as usize].batch.time_ms(index as usize + 1);
            if let Some(time_ms) = next {
                heads.push(Reverse((time_ms, place, index + 1)));
            }
        }
    }
}

/// An actor with its place in the world.
struct Playing {
    actor: Box<dyn Actor>,
    /// Its number among all that ever entered, which names its chance.
    number: u64,
    steps: u64,
}

/// A part of the world that never meets the others.
struct Shard {
    accounts: Accounts,
    crews: Crews,
    ledger: Ledger,
    outbox: Outbox,
    batch: Batch,
    /// When who acts: time, order of entry, place among the actors.
    wakes: BinaryHeap<Reverse<(i64, u64, u32)>>,
    actors: Vec<Option<Playing>>,
    free: Vec<u32>,
    entrances: Vec<Entrance>,
    entered: u64,
    woken: u64,
}

impl std::fmt::Debug for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "shard {} with {} actors", self.ledger.shard, self.wakes.len())
    }
}

impl Shard {
    fn new(ground: &Ground, index: u32, slots: Range<u32>) -> Shard {
        let roots: Vec<Box<dyn Actor>> = vec![
            Box::new(Population::new(slots.clone())),
            Box::new(Underworld::new()),
            Box::new(Happenings),
        ];
        Shard::with(ground, index, slots, roots)
    }

    fn with(ground: &Ground, index: u32, slots: Range<u32>, roots: Vec<Box<dyn Actor>>) -> Shard {
        let mut shard = Shard {
            accounts: Accounts::new(),
            crews: Crews::new(&ground.settings, ground.seed, index),
            ledger: Ledger::new(index, slots.end - slots.start),
            outbox: Outbox::until(ground.end_ms),
            batch: Batch::default(),
            wakes: BinaryHeap::new(),
            actors: Vec::new(),
            free: Vec::new(),
            entrances: Vec::new(),
            entered: 0,
            woken: 0,
        };
        for actor in roots {
            shard.enter(Entrance { at_ms: ground.start_ms, actor });
        }
        shard
    }

    fn next_ms(&self) -> Option<i64> {
        let wake = self.wakes.peek().map(|wake| wake.0.0);
        match (self.outbox.next_ms(), wake) {
            (Some(due), Some(wake)) => Some(due.min(wake)),
            (due, wake) => due.or(wake),
        }
    }

    fn play_until(&mut self, until_ms: i64, ground: &Ground, wallet: &mut dyn Wallet) {
        while self.next_ms().is_some_and(|next| next < until_ms) {
            self.step(ground, wallet);
        }
    }

    /// Hands out the next event that is due, or lets the next actor act.
    fn step(&mut self, ground: &Ground, wallet: &mut dyn Wallet) {
        let wake = self.wakes.peek().map(|wake| wake.0.0);
        let due = self.outbox.next_ms();
        if due.is_some_and(|due| wake.is_none_or(|wake| due <= wake)) {
            if let Some(waiting) = self.outbox.pop() {
                let item = self.batch.push(waiting.time_ms, &waiting.line, waiting.kind);
                wallet.record(self.batch.line(item));
            }
            return;
        }
        let Some(Reverse((now_ms, _, place))) = self.wakes.pop() else { return };
        let Some(mut playing) = self.actors[place as usize].take() else { return };
        let chance =
            Chance::of(ground.seed, &[u64::from(self.ledger.shard), playing.number, playing.steps]);
        playing.steps += 1;
        let mut stage = Stage {
            now_ms,
            chance,
            ground,
            accounts: &mut self.accounts,
            crews: &mut self.crews,
            ledger: &mut self.ledger,
            outbox: &mut self.outbox,
            wallet,
            batch: &mut self.batch,
            entrances: &mut self.entrances,
        };
        match playing.actor.step(&mut stage) {
            Some(next_ms) => {
                self.woken += 1;
                self.actors[place as usize] = Some(playing);
                self.wakes.push(Reverse((next_ms.max(now_ms), self.woken, place)));
            }
            None => self.free.push(place),
        }
        let mut entrances = std::mem::take(&mut self.entrances);
        for entrance in entrances.drain(..) {
            self.enter(entrance);
        }
        self.entrances = entrances;
    }

    fn enter(&mut self, entrance: Entrance) {
        self.entered += 1;
        self.woken += 1;
        let playing = Playing { actor: entrance.actor, number: self.entered, steps: 0 };
        let place = match self.free.pop() {
            Some(place) => {
                self.actors[place as usize] = Some(playing);
                place
            }
            None => {
                self.actors.push(Some(playing));
                (self.actors.len() - 1) as u32
            }
        };
        self.wakes.push(Reverse((entrance.at_ms, self.woken, place)));
    }
}

/// Starts what happens to many at once.
struct Happenings;

impl Actor for Happenings {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        happening::begin(stage);
        None
    }
}
