//! Crews: who commits fraud, how often, and what they learn.
//!
//! For each typology a few crews live in a shard. Every midnight the underworld draws how many
//! episodes of each typology begin that day, so that attempted fraud has its share of what honest
//! customers did the day before; the rate drifts from week to week. An episode belongs to a crew,
//! and the crew's craft outlives it: after refusals in a row a crew that can learn slows down,
//! splits its work, asks for less, waits longer or buys better assets. Crews whose work does not
//! pay (refused more often than not, or less earned than its assets cost) give up their trade to
//! others that copy what works, and more is begun of the stories that get through. So fraud moves to
//! where a frozen policy is weakest.

use std::fmt;

use super::act::Outcome;
use super::chance::{Chance, mix};
use super::fraud::PLAYBOOKS;
use super::settings::Settings;
use super::stage::{Actor, Stage};
use super::story::Typology;

const DAY_MS: i64 = 86_400_000;

/// Crews of each typology in a shard.
const CREWS: u64 = 6;
/// A typology should begin about so often in a shard, or its episodes are made smaller.
const EPISODES_A_DAY: f64 = 0.5;
/// Episodes are never made smaller than this.
const SIZE_MIN: f64 = 0.001;
/// Share of the crews of a typology that are looked at each week for giving up.
const FAILING: f64 = 0.6;
/// A crew that gives up is followed by one that copies the best, or by a beginner; one that works
/// copies the best when that one is ahead by so much of all attempts.
const COPIES: f64 = 0.8;
const AHEAD: f64 = 0.05;

/// Least share of its usual rate that a typology keeps when all of its crews are stopped.
const APPEAL_MIN: f64 = 0.1;

/// What a crew pays for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asset {
    /// Data of a stolen card.
    StolenCard,
    /// A number that receives text messages, for a fresh account.
    SmsNumber,
    /// A wallet account with a history.
    AgedAccount,
    /// A passport and its owner's face.
    RentedIdentity,
}

/// How a typology is played.
pub(crate) struct Playbook {
    pub(crate) typology: Typology,
    /// Scored fraud events of a mean episode of size 1, undefended.
    pub(crate) events: f64,
    /// The same of an episode that is as small as can be and still shows what it is.
    pub(crate) least: f64,
    /// Begins an episode now; `None` when there is nobody to do it to.
    pub(crate) begin: fn(&mut Stage<'_>, Brief) -> Option<Box<dyn Actor>>,
}

impl fmt::Debug for Playbook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.typology.code())
    }
}

/// What an episode is told when it begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Brief {
    pub(crate) episode: u64,
    pub(crate) crew: u64,
    /// Shrinks the numbers of an episode in small worlds, from 0 (not included) to 1.
    pub(crate) size: f64,
}

/// What a crew has learnt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Craft {
    /// Learning speed: 0 naive, 0.3 normal, 0.8 professional.
    pub(crate) skill: f64,
    /// Tempo; 1 is that of the story, 0.1 is ten times slower.
    pub(crate) pace: f64,
    /// Over how many times more devices, addresses and accounts the same work is split.
    pub(crate) spread: u32,
    /// Share of the usual amounts.
    pub(crate) amount: f64,
    /// How long fresh assets rest before they are used, in hours.
    pub(crate) patience_h: f64,
    /// From 0 to 1: how likely good assets are bought.
    pub(crate) disguise: f64,
}

impl Craft {
    fn beginner(settings: &Settings, chance: &mut Chance) -> Craft {
        let crews = &settings.fraud.crews;
        let skill = chance.weigh(&[
            (crews.naive.skill, crews.naive.share),
            (crews.normal.skill, crews.normal.share),
            (crews.professional.skill, crews.professional.share),
        ]);
        Craft { skill, pace: 1.0, spread: 1, amount: 1.0, patience_h: 0.0, disguise: 0.0 }
    }

    /// One lesson: the crew cannot see what gave it away, so it turns most of its knobs a little.
    fn improve(&mut self, settings: &Settings, chance: &mut Chance) {
        const TURNED: f64 = 0.7;
        const SLOWEST: f64 = 0.02;
        const SPREAD_MAX: u32 = 12;
        const SMALLEST: f64 = 0.2;
        const PATIENCE_MAX_H: f64 = 120.0;
        if chance.hit(TURNED) {
            self.pace = (self.pace * settings.fraud.learning.retreat).max(SLOWEST);
        }
        if chance.hit(TURNED) {
            self.spread = (self.spread + 1 + self.spread / 2).min(SPREAD_MAX);
        }
        if chance.hit(TURNED) {
            self.amount = (self.amount * 0.75).max(SMALLEST);
        }
        if chance.hit(TURNED) {
            self.patience_h = (self.patience_h * 1.6 + 12.0).min(PATIENCE_MAX_H);
        }
        if chance.hit(TURNED) {
            self.disguise = (self.disguise + 0.25).min(0.95);
        }
    }
}

/// What a crew does after it was told how its last act ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reaction {
    /// On with it.
    Continue,
    /// It has changed its ways: its craft is to be read again.
    Change,
    /// The episode is given up.
    Quit,
}

#[derive(Debug)]
struct Crew {
    key: u64,
    craft: Craft,
    refused_in_a_row: u32,
    /// Acts that went through and that were stopped, in the last weeks, halved each week.
    done: f64,
    stopped: f64,
    /// What it tried to take, what is left to it of what it took, and what it paid in the same
    /// weeks, in US dollars.
    staked_usd: f64,
    earned_usd: f64,
    spent_usd: f64,
}

impl Crew {
    fn new(key: u64, craft: Craft) -> Crew {
        Crew {
            key,
            craft,
            refused_in_a_row: 0,
            done: 0.0,
            stopped: 0.0,
            staked_usd: 0.0,
            earned_usd: 0.0,
            spent_usd: 0.0,
        }
    }

    /// Whether its work does not pay.
    fn is_failing(&self) -> bool {
        // Stories without a stake sell what they find out, and live by getting through.
        self.done < self.stopped || (0.0 < self.staked_usd && self.earned_usd <= self.spent_usd)
    }

    /// Half of what it remembers is forgotten.
    fn fade(&mut self) {
        let counts = [&mut self.done, &mut self.stopped, &mut self.earned_usd, &mut self.spent_usd];
        counts.into_iter().for_each(|count| *count /= 2.0);
    }

    fn success(&self) -> f64 {
        (self.done + 1.0) / (self.done + self.stopped + 2.0)
    }
}

/// The crews of a shard.
#[derive(Debug)]
pub(crate) struct Crews {
    by_typology: Vec<Vec<Crew>>,
}

impl Crews {
    pub(super) fn new(settings: &Settings, seed: u64, shard: u32) -> Crews {
        let crews = |typology: Typology| {
            let crew = |number: u64| {
                let name = [u64::from(shard), typology as u64, number];
                let mut chance = Chance::of(mix(seed, 0xC4E7), &name);
                // The typology stands in the key, so that a crew is found by it.
                let key = (u64::from(shard) << 16 | number) * 32 + typology as u64;
                let craft = Craft::beginner(settings, &mut chance);
                Crew::new(key + 32, craft)
            };
            (0..CREWS).map(crew).collect()
        };
        Crews { by_typology: Typology::ALL.into_iter().map(crews).collect() }
    }

    fn find(&mut self, key: u64) -> Option<&mut Crew> {
        let crews = self.by_typology.get_mut((key % 32) as usize)?;
        crews.iter_mut().find(|crew| crew.key == key)
    }

    pub(super) fn craft(&self, key: u64) -> Craft {
        const NOBODY: Craft =
            Craft { skill: 0.0, pace: 1.0, spread: 1, amount: 1.0, patience_h: 0.0, disguise: 0.0 };
        let crews = self.by_typology.get((key % 32) as usize);
        let crew = crews.and_then(|crews| crews.iter().find(|crew| crew.key == key));
        crew.map_or(NOBODY, |crew| crew.craft)
    }

    pub(super) fn learn(
        &mut self,
        key: u64,
        outcome: &Outcome,
        settings: &Settings,
        chance: &mut Chance,
    ) -> Reaction {
        let Some(crew) = self.find(key) else { return Reaction::Continue };
        // Where money is taken, what only prepares it tells a crew nothing when it goes through.
        let is_preparation = outcome.stake_fen == 0 && 0.0 < crew.staked_usd;
        if outcome.ending.is_done() {
            if !is_preparation {
                crew.done += 1.0;
                crew.refused_in_a_row = 0;
            }
            return Reaction::Continue;
        }
        if !outcome.ending.is_stopped() {
            return Reaction::Continue;
        }
        crew.stopped += 1.0;
        crew.refused_in_a_row += 1;
        let learning = &settings.fraud.learning;
        if crew.refused_in_a_row < learning.refusals {
            return Reaction::Continue;
        }
        crew.refused_in_a_row = 0;
        if chance.hit(crew.craft.skill) {
            crew.craft.improve(settings, chance);
            return if chance.hit(learning.quit) { Reaction::Quit } else { Reaction::Change };
        }
        // Who does not understand why tries on for a while, or gives up.
        if chance.hit(0.5) { Reaction::Quit } else { Reaction::Continue }
    }

    /// A crew paid for something.
    pub(super) fn spend(&mut self, key: u64, usd: f64) {
        if let Some(crew) = self.find(key) {
            crew.spent_usd += usd;
        }
    }

    /// A crew tried to take so much, and so much is left to it.
    pub(super) fn earn(&mut self, key: u64, staked_usd: f64, earned_usd: f64) {
        if let Some(crew) = self.find(key) {
            crew.staked_usd += staked_usd;
            crew.earned_usd += earned_usd;
        }
    }

    /// How much of its usual rate a typology keeps: what gets through draws others.
    fn appeal(&self, typology: Typology) -> f64 {
        let crews = &self.by_typology[typology as usize];
        let success: f64 = crews.iter().map(Crew::success).sum();
        // Squared, as profit falls faster than success: what a stopped act cost is lost as well.
        (success / crews.len() as f64).powi(2).max(APPEAL_MIN)
    }

    /// A week is over: crews that fail make room for others, and what works is copied.
    fn settle(&mut self, settings: &Settings, chance: &mut Chance) {
        for crews in &mut self.by_typology {
            let best = crews.iter().max_by(|a, b| a.success().total_cmp(&b.success()));
            let Some((key, craft, success)) =
                best.map(|crew| (crew.key, crew.craft, crew.success()))
            else {
                continue;
            };
            for crew in crews.iter_mut().filter(|crew| crew.key != key) {
                if crew.is_failing() && chance.hit(FAILING * (1.0 - crew.craft.skill)) {
                    let beginner = Craft::beginner(settings, chance);
                    let copied = Craft { skill: beginner.skill, ..craft };
                    let next = if chance.hit(COPIES) { copied } else { beginner };
                    *crew = Crew::new(crew.key, next);
                } else if crew.success() + AHEAD < success && chance.hit(COPIES) {
                    crew.craft = Craft { skill: crew.craft.skill, ..craft };
                }
            }
            crews.iter_mut().for_each(Crew::fade);
        }
    }

    fn pick(&self, typology: Typology, chance: &mut Chance) -> Option<u64> {
        let crews = &self.by_typology[typology as usize];
        // Crews that get through work more.
        let place = chance.weighted(crews.iter().map(Crew::success));
        crews.get(place).map(|crew| crew.key)
    }
}

/// The root of all fraud in a shard.
pub(super) struct Underworld {
    playbooks: Vec<&'static Playbook>,
    /// The drift of each typology's rate, as a logarithm.
    drift: [f64; Typology::ALL.len()],
    /// Honest scored events of a usual day so far.
    honest: f64,
    episodes: u64,
}

impl Underworld {
    pub(super) fn new() -> Underworld {
        Underworld::of(PLAYBOOKS.iter().collect())
    }

    pub(super) fn of(playbooks: Vec<&'static Playbook>) -> Underworld {
        Underworld { playbooks, drift: [0.0; Typology::ALL.len()], honest: 0.0, episodes: 0 }
    }

    /// The drift of the week that begins.
    fn drift(&mut self, settings: &Settings, chance: &mut Chance) {
        let memory = settings.fraud.drift_memory;
        let fresh = settings.fraud.drift_sigma * (1.0 - memory * memory).sqrt();
        // Near two thirds of the variance move all of them together; the squares sum to one.
        let common = 0.8 * chance.normal(0.0, 1.0);
        for drift in &mut self.drift {
            let own = 0.6 * chance.normal(0.0, 1.0);
            *drift = memory * *drift + fresh * (common + own);
        }
    }

    /// What honest customers do in a day; a guess on the first.
    fn measure(&mut self, stage: &mut Stage<'_>) {
        /// Scored events of an account on an average day, until they have been counted.
        const GUESS: f64 = 0.6;
        let counted = std::mem::take(&mut stage.ledger.honest_today) as f64;
        let is_first = stage.now_ms == stage.ground.start_ms;
        self.honest = match (is_first, self.honest) {
            (true, _) => f64::from(stage.slots()) * GUESS,
            (false, honest) => 0.5 * honest + 0.5 * counted,
        };
    }
}

impl Actor for Underworld {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let day = (stage.now_ms - stage.ground.start_ms) / DAY_MS;
        let ground = stage.ground;
        let settings = &ground.settings;
        self.measure(stage);
        if day % 7 == 0 {
            let mut chance = stage.chance.clone();
            self.drift(settings, &mut chance);
            stage.crews.settle(settings, &mut chance);
            stage.chance = chance;
        }
        let plans = &settings.fraud.typologies;
        let appeal = Typology::ALL.map(|typology| stage.crews.appeal(typology));
        // What one story loses by being stopped, the others gain.
        let drawn: f64 = plans.iter().zip(appeal).map(|(plan, appeal)| plan.weight * appeal).sum();
        let wanted = self.honest * settings.fraud.prevalence_bps / 10_000.0;
        for playbook in self.playbooks.clone() {
            let typology = playbook.typology;
            let plan = &plans[typology as usize];
            if day < i64::from(plan.from_day) || plan.weight <= 0.0 {
                continue;
            }
            let events = wanted * plan.weight * appeal[typology as usize] / drawn;
            let size = (events / playbook.events / EPISODES_A_DAY).clamp(SIZE_MIN, 1.0);
            let each = (playbook.events * size).max(playbook.least);
            let mean = events / each * self.drift[typology as usize].exp();
            for _ in 0..stage.chance.poisson(mean) {
                let Some(crew) = stage.crews.pick(typology, &mut stage.chance) else { continue };
                self.episodes += 1;
                let episode = u64::from(stage.ledger.shard) << 32 | self.episodes;
                let at_ms = stage.now_ms + stage.chance.below(DAY_MS as u64) as i64;
                let brief = Brief { episode, crew, size };
                stage.spawn(at_ms, Box::new(Opening { playbook, brief, looks_left: LOOKS }));
            }
        }
        Some(stage.now_ms + DAY_MS)
    }
}

/// An episode that begins when its time has come, or as soon as there is somebody to do it to.
struct Opening {
    playbook: &'static Playbook,
    brief: Brief,
    looks_left: u8,
}

/// How often a crew looks for a victim, and how long it waits in between.
const LOOKS: u8 = 24;
const BETWEEN_LOOKS_MS: i64 = 2 * 3_600_000;

impl Actor for Opening {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        match (self.playbook.begin)(stage, self.brief) {
            Some(actor) => stage.spawn(stage.now_ms, actor),
            None if 0 < self.looks_left => {
                self.looks_left -= 1;
                return Some(stage.now_ms + BETWEEN_LOOKS_MS);
            }
            None => {}
        }
        None
    }
}
