//! T12, red-envelope ring: bets are settled by envelopes in a closed chat group.
//!
//! The house runs a group of some dozen wallets: a hub or a few, wallets of its own that keep the
//! game going, and residents who bet from their own wallet and phone. All evening somebody sends an
//! envelope of 50 to 200 yuan and two or three others share it; the hub has its part in most. A
//! wallet that ran dry buys in by a top-up. The house's wallets are run by bots that claim faster
//! than a hand can, on phones of the crew; players have hands. At night the hub gathers what the
//! wallets hold, by transfers or by envelopes, and cashes it out the next day. After some days, or
//! sooner when it was stopped there, the ring moves to a new group with half of its wallets.
//!
//! A ring ends when the envelopes that it meant to send are sent, after weeks in any case, or when
//! its crew gives up. Once stopped it gathers by the other means and, as its craft grows, sends
//! fewer envelopes an evening, sets up more hubs, bets less, lets new wallets rest, and has bots
//! that wait like people, on clean phones.
//!
//! The stake is what the hub cashes out: envelopes and transfers within the ring move the same
//! money in circles, and buying in is a payment that nobody takes back.

use std::collections::BTreeMap;

use crate::synth::act::{Act, Funding, Outcome};
use crate::synth::asset::{Account, Country, Persona};
use crate::synth::chance::{Chance, mix};
use crate::synth::crew::{Brief, Playbook};
use crate::synth::market::Trade;
use crate::synth::people;
use crate::synth::stage::{Actor, Stage};
use crate::synth::story::{Typology, Vector};

use super::mule_ring::hand::{
    DAY_MS, HOUR_MS, Hand, MINUTE_MS, Purchase, is_lost, waking, whole_yuan,
};

#[cfg(test)]
mod tests;

/// T12.
pub(crate) const PLAYBOOK: Playbook =
    Playbook { typology: Typology::EnvelopeRing, events: 3_000.0, least: 70.0, begin };

/// Wallets of a closed group. Small worlds have the smaller groups, but none below the least.
const GROUP: (f64, f64) = (10.0, 80.0);
/// Evenings on which a ring plays.
const EVENINGS: (f64, f64) = (3.0, 14.0);
/// Envelopes of an evening.
const ENVELOPES: (f64, f64) = (40.0, 200.0);
/// An evening with fewer envelopes is no game; small worlds have fewer evenings instead.
const FEWEST_ENVELOPES: f64 = 8.0;
/// A ring that was slowed down has this many envelopes an evening at least.
const SLOWEST_EVENING: u32 = 4;
/// A ring does not go on for longer, in days.
const LONGEST_DAYS: f64 = 30.0;
/// When an evening begins, by the clock of China, and how long it lasts at the usual pace, in
/// hours.
const OPENS_H: (f64, f64) = (18.5, 20.5);
const EVENING_H: f64 = 4.0;
/// How long a ring stays in a group, in days.
const STAYS_DAYS: (f64, f64) = (3.0, 7.0);
/// Stops in a group after which it moves at once.
const STOPS_BEAR: u32 = 6;
/// Share of wallets that move along.
const MOVES_ALONG: f64 = 0.5;
/// Share of members that are residents who bet.
const PLAYERS: f64 = 0.25;
/// Share of the house's wallets that are opened for a group, and within how many hours.
const OPENED_NOW: f64 = 0.2;
const OPENED_WITHIN_H: f64 = 5.0;
/// Share of the house's wallets, of a crew without care, that run on an emulator or a rigged phone.
const RIGGED: f64 = 0.5;
/// Share of the house's wallets that come with money, and how much, in CNY fen.
const FILLED: f64 = 0.75;
const FLOAT_FEN: (f64, f64) = (15_000.0, 60_000.0);
/// What a wallet buys in for when it ran dry, in CNY fen.
const BUY_IN_FEN: (f64, f64) = (20_000.0, 80_000.0);
/// Envelopes in CNY fen: the even bets of most, and amounts that bring luck.
const BETS_FEN: [i64; 5] = [5_000, 10_000, 10_000, 15_000, 20_000];
const LUCKY_FEN: [i64; 6] = [5_200, 6_600, 8_800, 12_800, 16_800, 18_800];
/// Share of bets that bring luck, of a crew without care.
const LUCKY: f64 = 0.2;
/// Most that an envelope holds, in CNY fen.
const ENVELOPE_MAX_FEN: i64 = 20_000;
/// How many share an envelope.
const SHARES: (i64, i64) = (2, 3);
/// How often the hub is among them.
const HUB_SHARES: f64 = 0.8;
/// Share of the house's wallets that a bot claims for, of a crew without care as fast as it can.
const BOTS: f64 = 0.80;
/// How long a claim takes: of a bot, of a bot that waits like people do, and of a hand.
const BOT_MS: Latency = (330.0, 0.35, 110.0, 790.0);
const WAITING_BOT_MS: Latency = (4_500.0, 0.6, 900.0, 30_000.0);
const HAND_MS: Latency = (14_000.0, 0.8, 2_000.0, 120_000.0);
/// How long after the game the hub begins to gather, in hours, and what it gathers of a wallet.
const GATHERS_AFTER_H: (f64, f64) = (1.0, 3.0);
const GATHERED: (f64, f64) = (0.30, 0.95);
/// Share of rings whose hub gathers by envelopes at first.
const BY_ENVELOPE: f64 = 0.4;
/// Minutes between the wallets that are emptied, on average.
const GATHER_GAP_MIN: f64 = 3.0;
/// What is less is left where it is, in CNY fen.
const CRUMBS_FEN: i64 = 8_000;
/// Share of what a hub holds that it cashes out, and the least that is worth it, in CNY fen.
const CASHED_OUT: (f64, f64) = (0.80, 0.98);
const CASH_OUT_MIN_FEN: i64 = 10_000;
/// In how many parts, with their weights, and the share that all but the last of them take.
const PARTS: [(u8, f64); 3] = [(1, 0.5), (2, 0.35), (3, 0.15)];
const PART: (f64, f64) = (0.45, 0.85);
/// How often what was stopped is tried again.
const RETRIES: u8 = 2;
/// Share of the house's wallets that buy something on the day after a game, as anybody might.
const SPENDS: f64 = 0.15;
/// What China's clock is ahead of the world's.
const CHINA_MS: i64 = 8 * HOUR_MS as i64;

/// Median, deviation of the logarithm, least and most of a time in milliseconds.
type Latency = (f64, f64, f64, f64);

fn begin(stage: &mut Stage<'_>, brief: Brief) -> Option<Box<dyn Actor>> {
    let hand = Hand::of(stage, brief, Typology::EnvelopeRing, Vector::V7);
    let chance = &mut stage.chance;
    let largest = GROUP.0 + (GROUP.1 - GROUP.0) * brief.size;
    let wallets = hand.between(chance, (GROUP.0, largest)).round() as usize;
    let wanted = hand.between(chance, ENVELOPES) * brief.size;
    let an_evening = wanted.max(FEWEST_ENVELOPES);
    let evenings = (hand.between(chance, EVENINGS) * wanted / an_evening).round().max(1.0);
    let mut ring = Ring {
        hand,
        wallets,
        an_evening,
        left: (an_evening * evenings).round() as u32,
        tonight: 0,
        until_ms: stage.now_ms + (LONGEST_DAYS * DAY_MS) as i64,
        group: 0,
        moves_ms: 0,
        stops_before: 0,
        by_envelope: stage.chance.hit(BY_ENVELOPE),
        members: Vec::with_capacity(wallets),
        known: BTreeMap::new(),
        tasks: Vec::new(),
    };
    ring.settle(stage);
    ring.await_evening(stage, stage.now_ms + HOUR_MS as i64);
    Some(Box::new(ring))
}

struct Ring {
    hand: Hand,
    /// How many wallets a group has.
    wallets: usize,
    /// Envelopes of an evening at the usual pace.
    an_evening: f64,
    /// Envelopes that are to be sent yet, and those of them that are for tonight.
    left: u32,
    tonight: u32,
    until_ms: i64,
    /// The chat group, until when it is used, and the stops before it was.
    group: u64,
    moves_ms: i64,
    stops_before: u32,
    /// Whether the hub gathers by envelopes.
    by_envelope: bool,
    /// The hubs come first.
    members: Vec<Member>,
    /// When a wallet first paid a hub.
    known: BTreeMap<(u64, u64), i64>,
    /// What is to be done, and when.
    tasks: Vec<(i64, Job)>,
}

#[derive(Clone, Copy)]
struct Member {
    account: u64,
    /// Does nothing in the group before.
    ready_ms: i64,
    /// Drawn once from 0 to 1: a bot claims for those below its share.
    lot: f64,
    /// A resident who bets, not a wallet of the house.
    is_player: bool,
}

/// What is to be done.
#[derive(Clone, Copy)]
enum Job {
    /// A wallet is opened.
    Open { account: u64 },
    /// The evening begins.
    Evening,
    /// Somebody sends an envelope.
    Bet,
    /// Somebody claims a share.
    Claim(Share),
    /// A wallet hands over to a hub what is due.
    Gather(Debt),
    /// A hub's money leaves in so many parts.
    CashOut { hub: u64, parts: u8, tries: u8 },
    /// A wallet buys something.
    Spend { account: u64 },
}

/// What a wallet is to hand over to a hub; counted when its turn first comes.
#[derive(Clone, Copy)]
struct Debt {
    account: u64,
    hub: u64,
    due_fen: Option<i64>,
    tries: u8,
}

/// A part of an envelope, and who is to claim it.
#[derive(Clone, Copy)]
struct Share {
    account: u64,
    envelope: u64,
    group: u64,
    sent_ms: i64,
    fen: i64,
    tries: u8,
}

impl Ring {
    fn plan(&mut self, due_ms: i64, job: Job) {
        self.tasks.push((due_ms, job));
    }

    /// Opens a chat group, with the wallets that move along and new ones in place of the others.
    fn settle(&mut self, stage: &mut Stage<'_>) {
        let days = self.hand.between(&mut stage.chance, STAYS_DAYS);
        self.group = stage.key();
        self.moves_ms = stage.now_ms + (days * DAY_MS) as i64;
        self.stops_before = self.hand.stops;
        self.members.retain(|one| !is_lost(stage, one.account) && stage.chance.hit(MOVES_ALONG));
        while self.members.len() < self.wallets {
            // The house sets the group up before it lets others in.
            let is_open = self.wallets < 2 * self.members.len();
            let is_player = is_open && stage.chance.hit(2.0 * PLAYERS);
            let player = if is_player { self.player(stage) } else { None };
            let newcomer = player.unwrap_or_else(|| self.wallet(stage));
            self.members.push(newcomer);
        }
        // Hubs are wallets of the house that have been there for longest.
        self.members.sort_by_key(|one| (one.is_player, one.ready_ms));
    }

    /// A wallet of the house: one with a past, or one that is to be opened within hours.
    fn wallet(&mut self, stage: &mut Stage<'_>) -> Member {
        let lot = stage.chance.unit();
        if stage.chance.hit(OPENED_NOW) {
            let account = stage.key();
            let opened_ms = stage.now_ms + (stage.chance.unit() * OPENED_WITHIN_H * HOUR_MS) as i64;
            self.plan(opened_ms, Job::Open { account });
            let ready_ms = opened_ms + (self.hand.craft.patience_h * HOUR_MS + MINUTE_MS) as i64;
            return Member { account, ready_ms, lot, is_player: false };
        }
        let age_ms = self.hand.age_ms(&mut stage.chance);
        let mut account = self.bring(stage, age_ms);
        if stage.chance.hit(FILLED) {
            account.balance_fen = self.hand.between(&mut stage.chance, FLOAT_FEN) as i64;
        }
        let key = account.key;
        stage.accounts.insert(account);
        Member { account: key, ready_ms: stage.now_ms, lot, is_player: false }
    }

    /// An account for the house, on a phone or on what passes for one.
    fn bring(&self, stage: &mut Stage<'_>, age_ms: i64) -> Account {
        let mut account = self.hand.recruit(stage, age_ms);
        let disguise = self.hand.craft.disguise;
        if stage.chance.hit(RIGGED * (1.0 - disguise)) {
            account.device = people::emulator(stage, disguise);
        }
        account
    }

    /// A resident who bets and is not yet in the group.
    fn player(&self, stage: &mut Stage<'_>) -> Option<Member> {
        let members = &self.members;
        let account = stage.accounts.victim(&mut stage.chance, |account| {
            account.persona == Persona::Resident
                && ENVELOPE_MAX_FEN <= account.balance_fen
                && members.iter().all(|member| member.account != account.key)
        })?;
        Some(Member { account, ready_ms: stage.now_ms, lot: 1.0, is_player: true })
    }

    /// How many hubs the crew sets up, at the head of the members.
    fn hubs(&self) -> usize {
        (self.hand.craft.spread as usize).clamp(1, self.members.len() / 5)
    }

    fn hub(&self, stage: &mut Stage<'_>) -> u64 {
        self.members[stage.chance.below(self.hubs() as u64) as usize].account
    }

    /// Members that may do something now.
    fn present(&self, stage: &Stage<'_>) -> Vec<Member> {
        let is_ready = |one: &&Member| one.ready_ms <= stage.now_ms && !is_lost(stage, one.account);
        self.members.iter().filter(is_ready).copied().collect()
    }

    /// Waits for the next evening that begins after a time, unless all is over.
    fn await_evening(&mut self, stage: &mut Stage<'_>, after_ms: i64) {
        let due_ms = next_at(after_ms, self.hand.between(&mut stage.chance, OPENS_H));
        if 0 < self.left && due_ms < self.until_ms {
            self.plan(due_ms, Job::Evening);
        }
    }

    fn open_evening(&mut self, stage: &mut Stage<'_>) {
        // Where it was stopped too often, it does not stay.
        if self.moves_ms <= stage.now_ms || self.stops_before + STOPS_BEAR <= self.hand.stops {
            self.settle(stage);
        }
        let envelopes = (self.an_evening * self.hand.craft.pace).round() as u32;
        self.tonight = envelopes.max(SLOWEST_EVENING).min(self.left);
        self.plan(stage.now_ms, Job::Bet);
    }

    /// The game is over for today: the hubs gather and cash out, and tomorrow is another day.
    fn close_evening(&mut self, stage: &mut Stage<'_>) {
        let after_h = self.hand.between(&mut stage.chance, GATHERS_AFTER_H);
        let mut due_ms = stage.now_ms + (after_h * HOUR_MS) as i64;
        for place in 0..self.members.len() {
            let Member { account, is_player, .. } = self.members[place];
            if is_player {
                continue;
            }
            if self.hubs() <= place {
                let hub = self.hub(stage);
                self.plan(due_ms, Job::Gather(Debt { account, hub, due_fen: None, tries: 0 }));
                due_ms += self.hand.gap_ms(&mut stage.chance, GATHER_GAP_MIN * MINUTE_MS);
            }
            if stage.chance.hit(SPENDS) {
                let at_ms = stage.now_ms + stage.chance.exponential(9.0 * HOUR_MS) as i64;
                self.plan(waking(at_ms), Job::Spend { account });
            }
        }
        for place in 0..self.hubs() {
            let hub = self.members[place].account;
            let at_ms = waking(due_ms + self.hand.gap_ms(&mut stage.chance, 3.0 * HOUR_MS));
            let parts = stage.chance.weigh(&PARTS);
            self.plan(at_ms, Job::CashOut { hub, parts, tries: 0 });
        }
        self.await_evening(stage, stage.now_ms + 6 * HOUR_MS as i64);
    }

    /// What the next envelope holds.
    fn bet_fen(&self, chance: &mut Chance) -> i64 {
        let craft = self.hand.craft;
        let is_lucky = chance.hit(LUCKY + (1.0 - LUCKY) * 0.8 * craft.disguise);
        let fen = if is_lucky { chance.pick(&LUCKY_FEN) } else { chance.pick(&BETS_FEN) };
        whole_yuan(fen as f64 * craft.amount)
    }

    /// Somebody sends an envelope to the group, or buys in to do so later.
    fn bet(&mut self, stage: &mut Stage<'_>) -> Option<()> {
        let fen = self.bet_fen(&mut stage.chance);
        let mut able = self.present(stage);
        able.retain(|one| !one.is_player || fen <= balance_fen(stage, one.account));
        if able.len() < 2 {
            self.close_evening(stage);
            return Some(());
        }
        let from = stage.chance.pick(&able).account;
        let is_dry = balance_fen(stage, from) < fen;
        let outcome = if is_dry { self.buy_in(stage, from)? } else { self.send(stage, from, fen)? };
        // Who bought in bets later, and that bet is still one of tonight's.
        self.tonight -= u32::from(!(is_dry && outcome.ending.is_done()));
        if self.tonight == 0 {
            self.close_evening(stage);
        } else {
            let mean_ms = EVENING_H * HOUR_MS / self.an_evening;
            let next_ms = outcome.at_ms + self.hand.gap_ms(&mut stage.chance, mean_ms);
            self.plan(next_ms, Job::Bet);
        }
        Some(())
    }

    fn send(&mut self, stage: &mut Stage<'_>, from: u64, fen: i64) -> Option<Outcome> {
        let claimers = self.claimers(stage, from);
        let (envelope, group, shares) = (stage.key(), self.group, claimers.len() as u16);
        let act = Act::SendEnvelope { envelope, fen, shares, group, to: 0 };
        let outcome = self.hand.fraud(stage, from, 0, &act)?;
        if outcome.ending.is_done() {
            self.left -= 1;
            let parts = split(fen, claimers.len(), &mut stage.chance);
            for (account, fen) in claimers.into_iter().zip(parts) {
                let due_ms = outcome.at_ms + self.latency_ms(stage, account);
                let sent_ms = outcome.at_ms;
                let share = Share { account, envelope, group, sent_ms, fen, tries: 0 };
                self.plan(due_ms, Job::Claim(share));
            }
        }
        Some(outcome)
    }

    /// Who shares an envelope: mostly the hub, and others.
    fn claimers(&self, stage: &mut Stage<'_>, from: u64) -> Vec<u64> {
        let mut others: Vec<u64> = self.present(stage).iter().map(|one| one.account).collect();
        others.retain(|account| *account != from);
        let (shares, hub) = (stage.chance.between(SHARES.0, SHARES.1) as usize, self.hub(stage));
        let mut claimers = Vec::with_capacity(shares);
        if others.contains(&hub) && stage.chance.hit(HUB_SHARES) {
            others.retain(|account| *account != hub);
            claimers.push(hub);
        }
        while claimers.len() < shares && !others.is_empty() {
            let place = stage.chance.below(others.len() as u64) as usize;
            claimers.push(others.swap_remove(place));
        }
        claimers
    }

    /// How long it takes until a wallet claims.
    fn latency_ms(&self, stage: &mut Stage<'_>, account: u64) -> i64 {
        let hasty = BOTS * (1.0 - self.hand.craft.disguise);
        let claimer = self.members.iter().find(|one| one.account == account);
        let (median, sigma, least, most) = match claimer {
            Some(one) if one.lot < hasty => BOT_MS,
            Some(one) if one.lot < BOTS => WAITING_BOT_MS,
            Some(_) | None => HAND_MS,
        };
        stage.chance.log_normal(median, sigma).clamp(least, most) as i64
    }

    fn claim(&mut self, stage: &mut Stage<'_>, share: Share) -> Option<()> {
        let Share { account, envelope, group, sent_ms, fen, tries } = share;
        let latency_ms = (stage.now_ms - sent_ms).clamp(0, i64::from(u32::MAX)) as u32;
        let act = Act::ClaimEnvelope { envelope, fen, group, latency_ms };
        let outcome = self.hand.fraud(stage, account, 0, &act)?;
        if outcome.ending.is_stopped() && tries < RETRIES {
            // It is left to somebody else, or to nobody.
            let account = stage.chance.pick(&self.members).account;
            let due_ms = outcome.at_ms + self.latency_ms(stage, account);
            self.plan(due_ms, Job::Claim(Share { account, tries: tries + 1, ..share }));
        }
        Some(())
    }

    /// A wallet that ran dry is credited by somebody who was paid elsewhere.
    fn buy_in(&mut self, stage: &mut Stage<'_>, account: u64) -> Option<Outcome> {
        let craft = self.hand.craft;
        let fen = whole_yuan(self.hand.between(&mut stage.chance, BUY_IN_FEN) * craft.amount);
        let channels = u64::from(craft.spread) + 1;
        let licences = [("licensed", 0.6), ("agent", 0.35), ("unknown", 0.05)];
        let holders = [("yes", 0.5 + craft.disguise), ("unknown", 0.3), ("no", 0.2)];
        let means = [("bank", 5.0), ("cash", 3.0), ("card", 1.0), ("crypto", 0.5)];
        let top_up = Act::TopUp {
            intermediary: mix(self.hand.brief.crew, stage.chance.below(channels)) >> 4,
            licence: stage.chance.weigh(&licences),
            fen,
            paid_fen: fen + fen * stage.chance.between(5, 30) / 1_000,
            payer: mix(account, 19) >> 4,
            payer_is_holder: stage.chance.weigh(&holders),
            instrument: stage.chance.weigh(&means),
            payer_country: Country::CN,
        };
        self.hand.fraud(stage, account, 0, &top_up)
    }

    /// A wallet hands over what it holds, in envelopes as large as they get, or all at once.
    fn gather(&mut self, stage: &mut Stage<'_>, debt: Debt) -> Option<()> {
        let Debt { account, hub, due_fen, tries } = debt;
        let share = self.hand.between(&mut stage.chance, GATHERED);
        let held_fen = balance_fen(stage, account);
        let due_fen = due_fen.unwrap_or_else(|| whole_yuan(held_fen as f64 * share)).min(held_fen);
        if due_fen < CRUMBS_FEN || is_lost(stage, account) || is_lost(stage, hub) {
            return Some(());
        }
        let is_envelope = self.by_envelope;
        let (fen, outcome) = if is_envelope {
            let fen = due_fen.min(ENVELOPE_MAX_FEN);
            (fen, self.hand_in(stage, debt, fen)?)
        } else {
            (due_fen, self.transfer(stage, debt, due_fen)?)
        };
        let again_ms =
            outcome.at_ms + self.hand.gap_ms(&mut stage.chance, GATHER_GAP_MIN * MINUTE_MS);
        if outcome.ending.is_done() {
            self.plan(again_ms, Job::Gather(Debt { due_fen: Some(due_fen - fen), ..debt }));
        } else if outcome.ending.is_stopped() && tries < RETRIES {
            self.by_envelope = !is_envelope;
            let rest = Debt { due_fen: Some(due_fen), tries: tries + 1, ..debt };
            self.plan(again_ms, Job::Gather(rest));
        }
        Some(())
    }

    /// An envelope for the hub alone.
    fn hand_in(&mut self, stage: &mut Stage<'_>, debt: Debt, fen: i64) -> Option<Outcome> {
        let Debt { account, hub, .. } = debt;
        let envelope = stage.key();
        let act = Act::SendEnvelope { envelope, fen, shares: 1, group: 0, to: hub };
        let outcome = self.hand.fraud(stage, account, 0, &act)?;
        if outcome.ending.is_done() {
            let due_ms = outcome.at_ms + self.latency_ms(stage, hub);
            // Nobody else may claim it.
            let (sent_ms, tries) = (outcome.at_ms, RETRIES);
            let share = Share { account: hub, envelope, group: 0, sent_ms, fen, tries };
            self.plan(due_ms, Job::Claim(share));
        }
        Some(outcome)
    }

    fn transfer(&mut self, stage: &mut Stage<'_>, debt: Debt, fen: i64) -> Option<Outcome> {
        let Debt { account, hub, .. } = debt;
        let transfer = Act::Transfer {
            to: hub,
            kind: "wallet",
            fen,
            known_since_ms: self.known.get(&(account, hub)).copied().unwrap_or(0),
            memo: stage.chance.weigh(&[("none", 8.0), ("goods", 1.0), ("loan", 1.0)]),
            funding: Funding::Balance,
        };
        let outcome = self.hand.fraud(stage, account, 0, &transfer)?;
        if outcome.ending.is_done() {
            self.known.entry((account, hub)).or_insert(stage.now_ms);
        }
        Some(outcome)
    }

    /// A hub sends out a part of what it holds.
    fn cash_out(&mut self, stage: &mut Stage<'_>, hub: u64, parts: u8, tries: u8) -> Option<()> {
        let part = if parts <= 1 { 1.0 } else { self.hand.between(&mut stage.chance, PART) };
        let share = part * self.hand.between(&mut stage.chance, CASHED_OUT);
        let fen = whole_yuan(balance_fen(stage, hub) as f64 * share);
        if fen < CASH_OUT_MIN_FEN || is_lost(stage, hub) {
            return Some(());
        }
        let outcome = self.hand.exit(stage, hub, fen, fen)?;
        let again_ms = waking(outcome.at_ms + self.hand.gap_ms(&mut stage.chance, 1.5 * HOUR_MS));
        if outcome.ending.is_done() && 1 < parts {
            self.plan(again_ms, Job::CashOut { hub, parts: parts - 1, tries });
        } else if outcome.ending.is_stopped() && tries < RETRIES {
            // In smaller parts.
            self.plan(again_ms, Job::CashOut { hub, parts: parts + 1, tries: tries + 1 });
        }
        Some(())
    }

    fn open(&mut self, stage: &mut Stage<'_>, key: u64) -> Option<()> {
        let account = Account { key, ..self.bring(stage, 0) };
        stage.accounts.insert(account);
        let form_fill_ms = stage.chance.between(18_000, 140_000) as u32;
        let act = Act::Open { form_fill_ms, referral: None };
        let outcome = self.hand.fraud(stage, key, 0, &act)?;
        if !outcome.ending.is_done() {
            stage.accounts.remove(key);
        }
        Some(())
    }

    /// A wallet of the house buys something for cover.
    fn spend(&self, stage: &mut Stage<'_>, account: u64) {
        let trade = stage.chance.pick(&[Trade::Food, Trade::Retail]);
        let fen = stage.ground.market.amount_fen(trade, &mut stage.chance);
        if fen <= balance_fen(stage, account) {
            let purchase = Purchase { trade, fen, card: None };
            self.hand.buy(stage, account, purchase, self.hand.story().cover());
        }
    }
}

impl Actor for Ring {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let next = (0..self.tasks.len()).min_by_key(|task| self.tasks[*task].0)?;
        match self.tasks.swap_remove(next).1 {
            Job::Open { account } => self.open(stage, account)?,
            Job::Evening => self.open_evening(stage),
            Job::Bet => self.bet(stage)?,
            Job::Claim(share) => self.claim(stage, share)?,
            Job::Gather(debt) => self.gather(stage, debt)?,
            Job::CashOut { hub, parts, tries } => self.cash_out(stage, hub, parts, tries)?,
            Job::Spend { account } => self.spend(stage, account),
        }
        let due_ms = self.tasks.iter().map(|task| task.0).min()?;
        // Bots claim within milliseconds of each other.
        Some(due_ms.max(stage.now_ms + 1))
    }
}

fn balance_fen(stage: &Stage<'_>, account: u64) -> i64 {
    stage.accounts.get(account).map_or(0, |account| account.balance_fen)
}

/// The parts of an envelope: around even ones, at random, nothing left over.
fn split(mut fen: i64, parts: usize, chance: &mut Chance) -> Vec<i64> {
    let mut shares = Vec::with_capacity(parts);
    for left in (2..=parts as i64).rev() {
        let drawn = fen as f64 / left as f64 * 2.0 * chance.unit();
        let share = (drawn as i64).clamp(1, (fen - left).max(1));
        shares.push(share);
        fen -= share;
    }
    shares.push(fen);
    shares
}

/// The next time at which China's clocks show this hour.
fn next_at(ms: i64, hour: f64) -> i64 {
    ms + ((hour * HOUR_MS) as i64 - ms - CHINA_MS).rem_euclid(DAY_MS as i64)
}
