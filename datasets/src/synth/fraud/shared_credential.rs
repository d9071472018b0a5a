//! T20, a shared or stolen password used beside its owner: two places at once.
//!
//! The owner does something at home, and minutes later somebody with the same password is there in
//! another country: a login, a few purchases of ordinary size. It goes on for days, as long as
//! nobody minds. A thief who was stopped, or knows better from the start, comes back from a VPN
//! exit or a rented home in the owner's country, and does not tell where his phone is.

use super::phishing::intruder::{
    HISTORY_MS, HOUR_MS, Intruder, MINUTE_MS, SMALLEST_FEN, Turn, base, equip, heed, proxy,
    reach_fen, shopping, takes_place, victim,
};
use super::phishing::spree::{Plan, Spree};
use crate::synth::act::{Act, Extra, Funding, Pay};
use crate::synth::asset::{Persona, Place};
use crate::synth::crew::{Brief, Playbook};
use crate::synth::market::Trade;
use crate::synth::resident::customer::Customer;
use crate::synth::stage::{Actor, Stage};
use crate::synth::story::{Story, Typology, Vector};

/// T20.
pub(crate) const PLAYBOOK: Playbook =
    Playbook { typology: Typology::SharedCredential, events: 4.0, least: 4.0, begin };

/// Times that owner and thief are there together.
const MEETINGS: (i64, i64) = (2, 6);
/// From the owner's act to the thief's login, in minutes.
const GAP_MIN: (i64, i64) = (3, 45);
/// From one meeting to the next, in hours.
const APART_H: (i64, i64) = (2, 30);
/// Purchases at one meeting, what they sum to in CNY fen, and within how many minutes.
const PURCHASES: (i64, i64) = (1, 3);
const SPENT_FEN: (f64, f64) = (60_000.0, 0.9);
const SPREE_MIN: i64 = 30;
/// Share of meetings before which the thief logs in again, and of sessions that he found open.
const LOGS_IN: f64 = 0.6;
const FOUND_OPEN: f64 = 0.5;
/// Share of later meetings at which even a naive thief hides behind a VPN.
const HIDES: f64 = 0.4;
/// Share of naive thieves whose phone tells where it is.
const LOCATED: f64 = 0.7;
/// Share of the owner's acts that are a small purchase; the others only open the app.
const OWNER_BUYS: f64 = 0.5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Owner,
    LogIn,
    Spend,
}

/// A password that two people use.
#[derive(Debug)]
struct Sharing {
    brief: Brief,
    thief: Intruder,
    base: Place,
    phase: Phase,
    meetings: u32,
    /// Whether the thief has a session, and whether he was stopped.
    is_in: bool,
    is_hiding: bool,
    spree: Spree,
}

fn begin(stage: &mut Stage<'_>, brief: Brief) -> Option<Box<dyn Actor>> {
    takes_place(stage, brief.size).then_some(())?;
    let craft = stage.craft(brief.crew);
    let base = base(stage, brief.crew);
    let lives_elsewhere = |persona, home: Place| {
        matches!(persona, Persona::Resident | Persona::Shopper) && home.city != base.city
    };
    let owner =
        victim(stage, HISTORY_MS, |account| lives_elsewhere(account.persona, account.home))?;
    let residence = stage.accounts.get(owner)?.holder.residence;
    let device = equip(stage, &craft, base.country, residence);
    let network = stage.ground.atlas.home_line(base.country, brief.crew);
    let is_in = stage.chance.hit(FOUND_OPEN);
    let thief = Intruder {
        victim: owner,
        device,
        network,
        place: stage.chance.hit(LOCATED * (1.0 - craft.disguise)).then_some(base),
        session: stage.session("password", "direct"),
        story: Story::fraud(PLAYBOOK.typology, Vector::V2, brief.episode, brief.crew),
    };
    let meetings = stage.chance.between(MEETINGS.0, MEETINGS.1) as u32;
    let plan = Plan { fen: 0, purchases: PURCHASES, minutes: SPREE_MIN, city: None, pace_min: 0.0 };
    let spree = Spree::of(&mut stage.chance, &craft, &plan);
    let is_hiding = stage.chance.hit(craft.disguise);
    Some(Box::new(Sharing {
        brief,
        thief,
        base,
        phase: Phase::Owner,
        meetings,
        is_in,
        is_hiding,
        spree,
    }))
}

impl Sharing {
    /// The owner does something small at home, and knows of nothing.
    fn owner(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let account = stage.accounts.get(self.thief.victim)?;
        let (owner, card) = (Customer::of(account), account.cards.last().copied());
        let reach_fen = reach_fen(account);
        let spot = owner.at_home(stage);
        let session = owner.session(stage, "direct");
        let story = owner.story(stage, &spot.network);
        match card.filter(|_| stage.chance.hit(OWNER_BUYS)) {
            Some(card) => {
                let merchant = owner.online(stage, Trade::InApp);
                let fen = stage.ground.market.amount_fen(Trade::InApp, &mut stage.chance);
                let (funding, extra) = (Funding::Card(&card), Extra::None);
                let pay = Pay { kind: "in_app", fen, funding, merchant: &merchant, extra };
                stage.attempt(&owner.who(&spot, &session, story), &Act::Pay(pay));
            }
            None => {
                owner.login(stage, &spot, &session, story);
            }
        }
        self.arrive(stage, reach_fen)
    }

    /// The thief gets ready, minutes later.
    fn arrive(&mut self, stage: &mut Stage<'_>, reach_fen: i64) -> Option<i64> {
        let craft = stage.craft(self.brief.crew);
        let residence = stage.accounts.get(self.thief.victim)?.holder.residence;
        if self.is_hiding {
            let is_rented = stage.chance.hit(craft.disguise);
            let key = stage.key();
            self.thief.network = match is_rented {
                true => proxy(stage, residence),
                false => stage.ground.atlas.vpn(residence, key),
            };
            self.thief.place = None;
        }
        let (median_fen, sigma) = SPENT_FEN;
        let fen = stage.chance.log_normal(median_fen, sigma) as i64;
        let city = if self.is_hiding { None } else { shopping(self.base) };
        let fen = fen.min(reach_fen).max(SMALLEST_FEN);
        let plan = Plan { fen, purchases: PURCHASES, minutes: SPREE_MIN, city, pace_min: 0.0 };
        self.spree = Spree::of(&mut stage.chance, &craft, &plan);
        self.phase =
            if self.is_in && !stage.chance.hit(LOGS_IN) { Phase::Spend } else { Phase::LogIn };
        let gap_min = stage.chance.between(GAP_MIN.0, GAP_MIN.1) as f64 / craft.pace;
        Some(stage.now_ms + (gap_min * MINUTE_MS as f64) as i64)
    }

    fn log_in(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        self.thief.session = stage.session("password", "direct");
        let outcome = self.thief.log_in(stage, 0, None)?;
        heed(stage, self.brief.crew, self.thief.victim, &outcome).is_none().then_some(())?;
        if outcome.ending.is_done() {
            self.is_in = true;
            self.phase = Phase::Spend;
            let craft = stage.craft(self.brief.crew);
            let rest_ms = (craft.patience_h * HOUR_MS as f64) as i64;
            return Some(outcome.at_ms + rest_ms + stage.chance.between(20, 300) * 1_000);
        }
        self.part(stage, outcome.at_ms, outcome.ending.is_stopped())
    }

    fn spend(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        match self.spree.step(stage, &self.thief, self.brief.crew) {
            Turn::Next(at_ms) => Some(at_ms),
            Turn::Leave => {
                let now_ms = stage.now_ms;
                self.part(stage, now_ms, false)
            }
            Turn::Quit => None,
        }
    }

    /// Until the next time, if there is one.
    fn part(&mut self, stage: &mut Stage<'_>, at_ms: i64, was_stopped: bool) -> Option<i64> {
        self.meetings = self.meetings.checked_sub(1).filter(|left| 0 < *left)?;
        let is_open = stage.accounts.get(self.thief.victim)?.frozen_until_ms <= at_ms;
        self.is_hiding |= was_stopped || stage.chance.hit(HIDES);
        self.phase = Phase::Owner;
        let hours = stage.chance.between(APART_H.0, APART_H.1);
        is_open.then_some(at_ms + hours * HOUR_MS)
    }
}

impl Actor for Sharing {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        match self.phase {
            Phase::Owner => self.owner(stage),
            Phase::LogIn => self.log_in(stage),
            Phase::Spend => self.spend(stage),
        }
    }
}

#[cfg(test)]
mod tests {
    use features::field::{EventType, ids};

    use super::*;
    use crate::synth::tests_support::{play, text};

    static BOOK: Playbook = PLAYBOOK;

    #[test]
    fn the_owner_was_there_within_the_hour_on_another_phone() {
        let played = play(&BOOK, 5, 4);
        let logins = played.frauds(EventType::Login);
        assert!(10 < logins.len(), "{}", logins.len());
        let met = logins.iter().filter(|(login, _)| {
            let account = text(login, ids::ACCOUNT_ID);
            let device = text(login, ids::DEVICE_DEVICE_ID);
            played.events.iter().any(|event| {
                event.is_score_requested()
                    && (0..HOUR_MS).contains(&(login.time() - event.time()))
                    && text(event, ids::ACCOUNT_ID) == account
                    && text(event, ids::DEVICE_DEVICE_ID) != device
            })
        });
        let met = met.count();
        // Crews that have learnt leave more time between.
        assert!(logins.len() < 2 * met, "{met} of {}", logins.len());
    }

    #[test]
    fn some_thieves_show_where_they_are_and_some_come_from_the_owners_country() {
        let played = play(&BOOK, 6, 8);
        let logins = played.frauds(EventType::Login);
        let home = logins.iter().filter(|(login, _)| {
            text(login, ids::NETWORK_IP_COUNTRY) == text(login, ids::ACCOUNT_RESIDENCE_COUNTRY)
        });
        let home = home.count();
        assert!(0 < home && home < logins.len(), "{home} of {}", logins.len());
        assert!(logins.iter().any(|(login, _)| login.has(ids::GEO_LAT)));
        assert!(logins.iter().any(|(login, _)| !login.has(ids::GEO_LAT)));
    }

    #[test]
    fn an_episode_has_as_many_events_as_the_playbook_says() {
        let measured = play(&BOOK, 9, 10).events_per_episode();
        assert!((0.67..1.5).contains(&(measured / BOOK.events)), "{measured}");
    }
}
