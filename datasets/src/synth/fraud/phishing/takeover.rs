//! The takeover of an account, from the login to the last purchase, and shifts of them.
//!
//! A crew works through stolen logins, victim after victim: it logs in from a phone and a line of
//! its own, sometimes resets the password, adds a factor or raises the limit, and then spends what
//! the account can reach, now and then through stolen cards of other people that it links first.
//! The first act on each account that is settled calls up the next victim, so a crew that has had
//! enough ends its shift there. A professional lets a taken account rest before he spends, comes
//! from a line near the victim, takes less at a time and changes phones. Phishing, relay and
//! stuffing differ by their [`Means`] only.

use super::intruder::{
    HISTORY_MS, HOUR_MS, Intruder, MINUTE_MS, Turn, base, equip, heed, proxy, reach_fen, shopping,
    takes_place, victim,
};
use super::spree::{GIVES_UP, Plan, Spree};
use crate::synth::act::Outcome;
use crate::synth::asset::{Country, Device, Network, Place};
use crate::synth::chance::{Chance, mix};
use crate::synth::crew::{Brief, Craft};
use crate::synth::people;
use crate::synth::stage::{Actor, Stage};
use crate::synth::story::{Story, Typology, Vector};

/// From one victim to the next at the usual pace.
const NEXT_VICTIM_MIN: f64 = 35.0;
/// Victims worked from one phone before the next is taken, by a crew that does not spread.
const VICTIMS_OF_A_PHONE: u32 = 5;
/// Time between the steps of a takeover, and before a stopped login is tried again.
const DWELL_S: (i64, i64) = (20, 150);
const RETRY_S: (i64, i64) = (20, 400);
/// The spree takes no longer than this at the usual pace.
const SPREE_MIN: i64 = 40;
const PURCHASES: (i64, i64) = (3, 8);
/// A person types a code in this time: the median, and the deviation of its logarithm.
const CODE_MS: f64 = 14_000.0;
const CODE_SIGMA: f64 = 0.4;
/// Share of relayed codes that reach the wallet from the address they were typed at.
const ONE_LINE: f64 = 0.15;
/// Factors that an intruder enrols for himself, and limits that he sets, in CNY fen.
const NEW_FACTORS: [&str; 3] = ["totp", "push_number_match", "passkey"];
const NEW_LIMITS_FEN: [i64; 3] = [2_000_000, 3_000_000, 5_000_000];
/// Stolen cards tried on an account at most, share of thieves whom one is enough, and of cards of
/// naive crews that carry the victim's name.
const CARDS_MAX: u8 = 3;
const ONE_CARD: f64 = 0.6;
const NAMES_FIT: f64 = 0.06;
/// How long a card that was linked rests, as a share of what the account did.
const CARD_RESTS: f64 = 0.1;
/// Addresses of a crew that does not spread.
const ADDRESSES: u32 = 2;
/// Share of naive crews that let the app see where they are.
const LOCATED: f64 = 0.55;

/// Where a line of a naive crew comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    Home,
    Mobile,
    Vpn,
    Hosting,
}

/// How a crew gets into accounts, and what it does there.
#[derive(Debug)]
pub(crate) struct Means {
    pub(crate) typology: Typology,
    pub(crate) vector: Vector,
    /// How it logs in.
    pub(crate) method: &'static str,
    /// Share of takeovers by a stolen session, which take no login.
    pub(crate) hijacked: f64,
    /// By how much a relayed code is later than one typed at once, least and most.
    pub(crate) relay_ms: Option<(i64, i64)>,
    /// Share of sessions that a link in a message or on a page led into.
    pub(crate) lured: f64,
    /// Share of lines that come out near the victim, also of naive crews.
    pub(crate) near: f64,
    /// The other lines.
    pub(crate) lines: [(Line, f64); 4],
    pub(crate) password_reset: f64,
    pub(crate) factor_add: f64,
    pub(crate) limit_raise: f64,
    /// Share of takeovers that link stolen cards of other people.
    pub(crate) other_cards: f64,
    /// Share taken of what the account can reach, least and most.
    pub(crate) share: (f64, f64),
    /// Probability to try a stopped login again.
    pub(crate) insists: f64,
}

/// The steps on an account, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    LogIn,
    ResetPassword,
    AddFactor,
    RaiseLimit,
    LinkCard,
    Spend,
}

/// The step after one that is done: each has its own probability, and spending is the last.
/// A reset tells the owner, so who hides does without.
fn next_step(done: Step, means: &Means, disguise: f64, chance: &mut Chance) -> Step {
    [
        (Step::ResetPassword, means.password_reset * (1.0 - disguise)),
        (Step::AddFactor, means.factor_add),
        (Step::RaiseLimit, means.limit_raise),
        (Step::LinkCard, means.other_cards),
    ]
    .into_iter()
    .filter(|(step, _)| done < *step)
    .find(|(_, probability)| chance.hit(*probability))
    .map_or(Step::Spend, |(step, _)| step)
}

/// One account that is taken over.
#[derive(Debug)]
pub(crate) struct Takeover {
    means: &'static Means,
    brief: Brief,
    thief: Intruder,
    step: Step,
    /// Logins tried, then cards tried.
    tries: u8,
    spree: Spree,
    /// Victims of the shift that are still to be called up.
    victims: u32,
    /// How many more victims this phone serves.
    phone: u32,
}

impl Takeover {
    /// The takeover of an account, from this phone or a new one.
    pub(crate) fn of(
        stage: &mut Stage<'_>,
        means: &'static Means,
        brief: Brief,
        victim: u64,
        device: Option<Device>,
    ) -> Option<Takeover> {
        let craft = stage.craft(brief.crew);
        let account = stage.accounts.get(victim)?;
        let (residence, home) = (account.holder.residence, account.home);
        let reach_fen = reach_fen(account);
        let base = base(stage, brief.crew);
        let device = match device {
            Some(device) => device,
            None => equip(stage, &craft, base.country, residence),
        };
        let network = line(stage, means, &craft, brief.crew, (base.country, residence));
        let (place, city) = position(stage, &craft, base, home);
        let is_lured = stage.chance.hit(means.lured);
        let link = stage.chance.pick(&["web_link", "message_link"]);
        let mut session = stage.session(means.method, if is_lured { link } else { "direct" });
        let mut step = Step::LogIn;
        if stage.chance.hit(means.hijacked) {
            step = next_step(step, means, craft.disguise, &mut stage.chance);
            session.since_ms -= stage.chance.between(1, 20) * HOUR_MS;
        }
        let (least, most) = means.share;
        let share = least + (most - least) * stage.chance.unit();
        let fen = (reach_fen as f64 * share) as i64;
        let plan = Plan { fen, purchases: PURCHASES, minutes: SPREE_MIN, city, pace_min: 0.0 };
        let spree = Spree::of(&mut stage.chance, &craft, &plan);
        let story = Story::fraud(means.typology, means.vector, brief.episode, brief.crew);
        let thief = Intruder { victim, device, network, place, session, story };
        let is_own = stage.chance.hit(craft.disguise);
        let phone = if is_own { 1 } else { (VICTIMS_OF_A_PHONE / craft.spread.max(1)).max(1) };
        Some(Takeover { means, brief, thief, step, tries: 0, spree, victims: 0, phone })
    }

    /// The first takeover of a shift with this many victims, least and most, in a world of full
    /// size. A shift of less than one victim takes place only so often.
    pub(crate) fn shift(
        stage: &mut Stage<'_>,
        means: &'static Means,
        brief: Brief,
        (least, most): (i64, i64),
    ) -> Option<Takeover> {
        let victims = stage.chance.between(least, most) as f64 * brief.size;
        takes_place(stage, victims).then_some(())?;
        let victim = victim(stage, HISTORY_MS, |_| true)?;
        let first = Takeover::of(stage, means, brief, victim, None)?;
        let victims = (victims.round() as u32).max(1) - 1;
        Some(Takeover { victims, ..first })
    }

    /// Calls up the next victim of the shift, from the same phone as long as it serves.
    fn call_next(&mut self, stage: &mut Stage<'_>) {
        let victims = std::mem::take(&mut self.victims);
        if victims == 0 {
            return;
        }
        let craft = stage.craft(self.brief.crew);
        let device = (1 < self.phone).then_some(self.thief.device);
        let Some(victim) = victim(stage, HISTORY_MS, |_| true) else { return };
        let next = Takeover::of(stage, self.means, self.brief, victim, device);
        let Some(next) = next else { return };
        let phone = if device.is_some() { self.phone - 1 } else { next.phone };
        let gap_min = 1.0 + stage.chance.exponential(NEXT_VICTIM_MIN / craft.pace);
        let at_ms = stage.now_ms + (gap_min * MINUTE_MS as f64) as i64;
        stage.spawn(at_ms, Box::new(Takeover { victims: victims - 1, phone, ..next }));
    }

    fn log_in(&mut self, stage: &mut Stage<'_>) -> Turn {
        let code = self.relayed_code(stage);
        let Some(outcome) = self.thief.log_in(stage, u16::from(self.tries), code) else {
            return Turn::Leave;
        };
        if let Some(turn) = self.heed(stage, &outcome) {
            return turn;
        }
        self.tries += 1;
        if outcome.ending.is_done() {
            self.tries = 0;
            return self.go_on(stage, &outcome);
        }
        // A demand for a passkey or an approval on the victim's phone is the end; some insist.
        let insists = self.tries < GIVES_UP && stage.chance.hit(self.means.insists);
        let (least, most) = RETRY_S;
        let at_ms = outcome.at_ms + stage.chance.between(least, most) * 1_000;
        if insists { Turn::Next(at_ms) } else { Turn::Leave }
    }

    fn heed(&self, stage: &mut Stage<'_>, outcome: &Outcome) -> Option<Turn> {
        heed(stage, self.brief.crew, self.thief.victim, outcome)
    }

    /// How late the code came that the victim typed into the crew's page, and from which address.
    fn relayed_code(&self, stage: &mut Stage<'_>) -> Option<(u32, u32)> {
        let (least, most) = self.means.relay_ms?;
        let craft = stage.craft(self.brief.crew);
        let account = stage.accounts.get(self.thief.victim)?;
        let (country, key) = (account.home.country, account.key);
        let typed_ms = stage.chance.log_normal(CODE_MS, CODE_SIGMA) as i64;
        let late_ms = typed_ms + stage.chance.between(least, most);
        // A page that runs over the very line of the victim leaves no second address.
        let is_one_line = stage.chance.hit(ONE_LINE + 0.5 * craft.disguise);
        let own = self.thief.network.ip;
        let typed_from = stage.ground.atlas.home_line(country, key).ip;
        Some((late_ms as u32, if is_one_line { own } else { typed_from }))
    }

    fn change(&mut self, stage: &mut Stage<'_>) -> Turn {
        let (what, limit_fen) = match self.step {
            Step::AddFactor => (("factor_add", Some(stage.chance.pick(&NEW_FACTORS))), None),
            Step::RaiseLimit => (("limit", None), Some(stage.chance.pick(&NEW_LIMITS_FEN))),
            Step::LogIn | Step::ResetPassword | Step::LinkCard | Step::Spend => {
                (("password", None), None)
            }
        };
        let outcome = self.thief.change(stage, what, limit_fen, "user");
        if let Some(turn) = self.heed(stage, &outcome) {
            return turn;
        }
        if outcome.ending.is_stopped() {
            // One stop is a warning: he takes what he can get at once.
            self.step = Step::RaiseLimit;
        }
        self.go_on(stage, &outcome)
    }

    /// Takes up the next step; a professional lets the account rest before he takes anything.
    fn go_on(&mut self, stage: &mut Stage<'_>, outcome: &Outcome) -> Turn {
        let craft = stage.craft(self.brief.crew);
        self.step = next_step(self.step, self.means, craft.disguise, &mut stage.chance);
        let is_taking = matches!(self.step, Step::LinkCard | Step::Spend);
        let rest_h =
            if is_taking { craft.patience_h * (0.7 + 0.6 * stage.chance.unit()) } else { 0.0 };
        Turn::Next(dwell_ms(stage, &craft, outcome) + (rest_h * HOUR_MS as f64) as i64)
    }

    fn link(&mut self, stage: &mut Stage<'_>) -> Turn {
        let craft = stage.craft(self.brief.crew);
        let Some(account) = stage.accounts.get(self.thief.victim) else { return Turn::Leave };
        let name = account.holder.name;
        let ground = stage.ground;
        let country = ground.atlas.home_country(&ground.settings, &mut stage.chance);
        let mut card = people::stolen_card(stage, self.brief.crew, country);
        if stage.chance.hit(NAMES_FIT + (1.0 - NAMES_FIT) * 0.5 * craft.disguise) {
            card.name = name;
        }
        self.tries += 1;
        let outcome = self.thief.link(stage, &card, self.tries);
        if let Some(turn) = self.heed(stage, &outcome) {
            return turn;
        }
        let is_enough = outcome.ending.is_done() && stage.chance.hit(ONE_CARD);
        if CARDS_MAX <= self.tries || outcome.ending.is_stopped() || is_enough {
            self.step = Step::Spend;
        }
        // A card that was linked just now is looked at closely.
        let rest_ms = (craft.patience_h * CARD_RESTS * HOUR_MS as f64) as i64;
        Turn::Next(dwell_ms(stage, &craft, &outcome) + rest_ms)
    }
}

impl Actor for Takeover {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let turn = match self.step {
            Step::LogIn => self.log_in(stage),
            Step::ResetPassword | Step::AddFactor | Step::RaiseLimit => self.change(stage),
            Step::LinkCard => self.link(stage),
            Step::Spend => self.spree.step(stage, &self.thief, self.brief.crew),
        };
        if turn != Turn::Quit {
            self.call_next(stage);
        }
        turn.time_ms()
    }
}

/// Some dozens of seconds after an act was answered.
fn dwell_ms(stage: &mut Stage<'_>, craft: &Craft, outcome: &Outcome) -> i64 {
    let (least, most) = DWELL_S;
    let dwell_s = stage.chance.between(least, most) as f64 / craft.pace;
    outcome.at_ms + (dwell_s * 1_000.0) as i64
}

/// The line a takeover comes from: a crew has a few addresses, and more as it spreads.
fn line(
    stage: &mut Stage<'_>,
    means: &Means,
    craft: &Craft,
    crew: u64,
    (base, victim): (Country, Country),
) -> Network {
    if stage.chance.hit(means.near.max(craft.disguise)) {
        return proxy(stage, victim);
    }
    let atlas = &stage.ground.atlas;
    let addresses = u64::from(ADDRESSES * craft.spread.max(1));
    let key = mix(crew, stage.chance.below(addresses)) >> 4;
    match stage.chance.weigh(&means.lines) {
        Line::Home => atlas.home_line(base, key),
        Line::Mobile => atlas.mobile(base, key),
        Line::Vpn => atlas.vpn(if stage.chance.hit(0.5) { victim } else { base }, key),
        Line::Hosting => atlas.datacenter(key),
    }
}

/// What the phone tells of its position, and the city whose shops are within reach: the truth,
/// nothing, or a place near the victim's home, from where nothing can be reached.
fn position(
    stage: &mut Stage<'_>,
    craft: &Craft,
    base: Place,
    home: Place,
) -> (Option<Place>, Option<u16>) {
    if stage.chance.hit(0.5 * craft.disguise) {
        return (Some(stage.ground.atlas.near(home.city, 10.0, &mut stage.chance)), None);
    }
    let is_located = stage.chance.hit(LOCATED * (1.0 - craft.disguise));
    (is_located.then_some(base), shopping(base))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEANS: Means = Means {
        typology: Typology::TakeoverByPhishing,
        vector: Vector::V2,
        method: "password",
        hijacked: 0.0,
        relay_ms: None,
        lured: 0.0,
        near: 0.0,
        lines: [(Line::Home, 1.0), (Line::Mobile, 0.0), (Line::Vpn, 0.0), (Line::Hosting, 0.0)],
        password_reset: 0.35,
        factor_add: 0.5,
        limit_raise: 0.25,
        other_cards: 0.35,
        share: (0.8, 1.0),
        insists: 0.5,
    };

    fn path(chance: &mut Chance, means: &Means) -> Vec<Step> {
        let mut path = vec![Step::LogIn];
        while path.last() != Some(&Step::Spend) {
            path.push(next_step(path[path.len() - 1], means, 0.0, chance));
        }
        path
    }

    #[test]
    fn the_steps_of_a_takeover_come_in_their_order_and_end_in_spending() {
        let mut chance = Chance::of(1, &[]);
        for _ in 0..500 {
            let path = path(&mut chance, &MEANS);
            assert!(path.is_sorted() && path.len() <= 6, "{path:?}");
        }
    }

    #[test]
    fn each_step_is_taken_as_often_as_the_means_say() {
        let mut chance = Chance::of(2, &[]);
        let paths: Vec<Vec<Step>> = (0..4_000).map(|_| path(&mut chance, &MEANS)).collect();
        let share =
            |step| paths.iter().filter(|path| path.contains(&step)).count() as f64 / 4_000.0;
        assert!((share(Step::ResetPassword) - 0.35).abs() < 0.03);
        assert!((share(Step::AddFactor) - 0.5).abs() < 0.03);
        assert!((share(Step::RaiseLimit) - 0.25).abs() < 0.03);
        assert!((share(Step::LinkCard) - 0.35).abs() < 0.03);
    }
}
