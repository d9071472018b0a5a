//! T11, mule ring by transfers: money of victims hops through wallets until nobody can tell whose
//! it was.
//!
//! Money comes in as a top-up that a stranger paid, or as a transfer from a wallet that was filled
//! before. It rests for some minutes, then most of it hops to a wallet of the next layer; the last
//! layer sends it to a bank or abroad. What leaves the wallet for good is the stake: hops within
//! the ring cost nothing yet, or the same money would be lost three times. Once stopped, the ring
//! waits for hours, keeps a tenth and uses more wallets; recruited students lend it good names.
//!
//! How the crew acts through its wallets is in [`hand`], which the other stories of crews with
//! wallets of their own share.

use std::collections::BTreeMap;

use crate::synth::act::{Act, Funding, Outcome};
use crate::synth::asset::{Country, Persona};
use crate::synth::chance::mix;
use crate::synth::crew::{Brief, Playbook};
use crate::synth::market::Trade;
use crate::synth::stage::{Actor, Stage};
use crate::synth::story::{Typology, Vector};

pub(super) mod hand;

use hand::{DAY_MS, HOUR_MS, Hand, MINUTE_MS, Purchase, is_lost, waking, whole_yuan};

/// T11.
pub(crate) const PLAYBOOK: Playbook =
    Playbook { typology: Typology::MuleRing, events: 400.0, least: 60.0, begin };

/// Wallets of a ring.
const MEMBERS: (f64, f64) = (6.0, 60.0);
/// A smaller ring has no layers to speak of.
const FEWEST_MEMBERS: u32 = 5;
/// How long a ring works, in days.
const DAYS: (f64, f64) = (3.0, 14.0);
/// Sums that come in each day, for each wallet of the first layer.
const INFLOWS_A_DAY: f64 = 0.7;
/// A sum that comes in: median in CNY fen, deviation of its logarithm, least and most.
const INFLOW_FEN: (f64, f64, f64, f64) = (180_000.0, 0.8, 20_000.0, 1_500_000.0);
/// Of all sums, how many come by transfer from a wallet that was filled before.
const BY_TRANSFER: f64 = 0.35;
/// What such a wallet holds, in CNY fen.
const FEEDER_FEN: (f64, f64) = (1_500_000.0, 6_000_000.0);
/// How long a sum rests: median minutes and the deviation of the logarithm.
const HOLD_MIN: (f64, f64) = (18.0, 0.8);
/// How long it rests after the ring was stopped, in hours.
const WARY_HOLD_H: (f64, f64) = (2.0, 12.0);
/// Share that is forwarded.
const FORWARDED: (f64, f64) = (0.80, 0.98);
/// Share that is forwarded at most after the ring was stopped.
const WARY_FORWARDED: f64 = 0.90;
/// What a mule spends like anybody else, as a share of a sum.
const OWN_SPEND: f64 = 0.05;
/// Of all members, the residents who lend their own wallet: without and with disguise.
const RECRUITED: (f64, f64) = (0.10, 0.40);
/// Of the crew's own wallets, how many are opened when the ring begins.
const OPENED_NOW: f64 = 0.35;
/// How often a careless crew runs its next wallet on the same phone as the last.
const SHARED_PHONE: f64 = 0.4;
/// How often a sum that was stopped is tried again.
const RETRIES: u8 = 2;
/// A remainder below this is not worth a hop, in CNY fen.
const CRUMBS_FEN: i64 = 5_000;

fn begin(stage: &mut Stage<'_>, brief: Brief) -> Option<Box<dyn Actor>> {
    let hand = Hand::of(stage, brief, Typology::MuleRing, Vector::V7);
    let count = hand.many(&mut stage.chance, MEMBERS, FEWEST_MEMBERS);
    let layers = stage.chance.between(2, 3) as u8;
    let days = hand.between(&mut stage.chance, DAYS);
    let mut ring = Ring {
        hand,
        members: Vec::with_capacity(count as usize + 1),
        layers,
        until_ms: stage.now_ms + (days * DAY_MS) as i64,
        known: BTreeMap::new(),
        tasks: Vec::new(),
    };
    ring.gather(stage, count);
    Some(Box::new(ring))
}

/// The ring at work.
struct Ring {
    hand: Hand,
    /// Accounts; 0 for one that is burnt. The first fills others, the rest stand in layers.
    members: Vec<u64>,
    layers: u8,
    until_ms: i64,
    /// When a member first paid another one.
    known: BTreeMap<(u16, u16), i64>,
    tasks: Vec<Task>,
}

/// What is to be done next by a member.
#[derive(Clone, Copy)]
struct Task {
    due_ms: i64,
    member: u16,
    job: Job,
}

#[derive(Clone, Copy)]
enum Job {
    /// The wallet is opened.
    Join,
    /// A sum comes in, to whichever member is free.
    Inflow,
    /// A sum moves on from a member of this layer.
    Forward { layer: u8, fen: i64, tries: u8 },
    /// The member spends a little.
    Spend { fen: i64 },
}

impl Ring {
    /// Recruits the members and sets the first tasks.
    fn gather(&mut self, stage: &mut Stage<'_>, count: u32) {
        let feeder = self.wallet(stage, false);
        if let Some(account) = stage.accounts.get_mut(feeder) {
            account.balance_fen += self.hand.between(&mut stage.chance, FEEDER_FEN) as i64;
        }
        self.members.push(feeder);
        let recruited = RECRUITED.0 + (RECRUITED.1 - RECRUITED.0) * self.hand.craft.disguise;
        for member in 1..=count as u16 {
            let student = if stage.chance.hit(recruited) { self.student(stage) } else { None };
            let is_new = student.is_none() && stage.chance.hit(OPENED_NOW);
            let account = student.unwrap_or_else(|| self.wallet(stage, is_new));
            self.members.push(account);
            if is_new {
                let due_ms = stage.now_ms + self.hand.gap_ms(&mut stage.chance, 3.0 * HOUR_MS);
                self.tasks.push(Task { due_ms, member, job: Job::Join });
            }
        }
        let first = stage.now_ms + self.hand.gap_ms(&mut stage.chance, 4.0 * HOUR_MS);
        self.tasks.push(Task { due_ms: waking(first), member: 0, job: Job::Inflow });
    }

    /// A wallet of the crew's own, opened now or long ago; a careless crew runs several on a phone.
    fn wallet(&self, stage: &mut Stage<'_>, is_new: bool) -> u64 {
        let age_ms = if is_new { 0 } else { self.hand.age_ms(&mut stage.chance) };
        let mut account = self.hand.recruit(stage, age_ms);
        let last = self.members.last().and_then(|last| stage.accounts.get(*last));
        let shared = last.filter(|last| last.persona == Persona::Crook).map(|last| last.device);
        if let Some(device) = shared
            && stage.chance.hit(SHARED_PHONE * (1.0 - self.hand.craft.disguise))
        {
            account.device = device;
        }
        let key = account.key;
        stage.accounts.insert(account);
        key
    }

    /// A resident who lends the wallet for a fee, not yet one of the ring.
    fn student(&self, stage: &mut Stage<'_>) -> Option<u64> {
        let members = &self.members;
        stage.accounts.victim(&mut stage.chance, |account| {
            account.persona == Persona::Resident
                && 2 <= account.kyc
                && !members.contains(&account.key)
        })
    }

    /// Members of a layer, as a range of their numbers: half and more stand in the first.
    fn layer(&self, layer: u8) -> std::ops::Range<usize> {
        let count = self.members.len() - 1;
        let last = (count / 5).max(1);
        let second = if self.layers == 3 { (count / 4).max(1) } else { 0 };
        let first = count - last - second;
        match layer {
            1 => 1..1 + first,
            2 if self.layers == 3 => 1 + first..1 + first + second,
            _ => 1 + first + second..1 + count,
        }
    }

    /// A usable member of a layer. A careless ring sends all to one hub; spread makes more of them.
    fn receiver(&self, stage: &mut Stage<'_>, layer: u8) -> Option<u16> {
        let range = self.layer(layer);
        let open = |member: &usize| self.members[*member] != 0 && !self.is_joining(*member);
        let hubs = if layer == 1 { range.len() } else { self.hand.craft.spread.max(1) as usize };
        let usable: Vec<usize> = range.filter(open).take(hubs).collect();
        (!usable.is_empty()).then(|| stage.chance.pick(&usable) as u16)
    }

    fn is_joining(&self, member: usize) -> bool {
        let mut joining = self.tasks.iter().filter(|task| matches!(task.job, Job::Join));
        joining.any(|task| usize::from(task.member) == member)
    }

    /// Whether the ring has been stopped and takes care.
    fn is_wary(&self) -> bool {
        0 < self.hand.stops || 0.0 < self.hand.craft.patience_h
    }

    /// When a sum that arrived now moves on.
    fn rest(&self, stage: &mut Stage<'_>) -> i64 {
        let hold = if self.is_wary() {
            self.hand.between(&mut stage.chance, WARY_HOLD_H) * HOUR_MS
        } else {
            stage.chance.log_normal(HOLD_MIN.0, HOLD_MIN.1) * MINUTE_MS / self.hand.craft.pace
        };
        stage.now_ms + hold as i64
    }

    fn join(&mut self, stage: &mut Stage<'_>, member: u16) -> Option<()> {
        let account = self.members[usize::from(member)];
        if let Some(owner) = stage.accounts.get_mut(account) {
            owner.created_ms = stage.now_ms;
        }
        let form_fill_ms = stage.chance.between(18_000, 140_000) as u32;
        let open = Act::Open { form_fill_ms, referral: None };
        let outcome = self.hand.fraud(stage, account, 0, &open)?;
        if !outcome.ending.is_done() {
            stage.accounts.remove(account);
            self.members[usize::from(member)] = 0;
        }
        Some(())
    }

    /// A sum comes in, and the next one is awaited.
    fn inflow(&mut self, stage: &mut Stage<'_>) -> Option<()> {
        let firsts = self.layer(1).len() as f64;
        let mean_ms = DAY_MS / (INFLOWS_A_DAY * firsts);
        let due_ms = waking(stage.now_ms + self.hand.gap_ms(&mut stage.chance, mean_ms));
        if due_ms < self.until_ms {
            self.tasks.push(Task { due_ms, member: 0, job: Job::Inflow });
        }
        let Some(member) = self.receiver(stage, 1) else {
            return Some(());
        };
        let (median, sigma, least, most) = INFLOW_FEN;
        let fen = stage.chance.log_normal(median, sigma).clamp(least, most);
        let fen = whole_yuan(fen * self.hand.craft.amount);
        let feeder = self.members[0];
        let held = stage.accounts.get(feeder).map_or(0, |account| account.balance_fen);
        let outcome = if fen <= held && stage.chance.hit(BY_TRANSFER) {
            self.transfer(stage, 0, member, fen)?
        } else {
            self.top_up(stage, member, fen)?
        };
        self.burn(stage, member);
        if outcome.ending.is_done() {
            let job = Job::Forward { layer: 1, fen, tries: 0 };
            let due_ms = self.rest(stage).max(outcome.at_ms);
            self.tasks.push(Task { due_ms, member, job });
        }
        Some(())
    }

    fn top_up(&mut self, stage: &mut Stage<'_>, member: u16, fen: i64) -> Option<Outcome> {
        let account = self.members[usize::from(member)];
        let channels = u64::from(self.hand.craft.spread) + 1;
        let intermediary = mix(self.hand.brief.crew, stage.chance.below(channels)) >> 4;
        // A careful ring lets one payer stand for all of a wallet's victims.
        let is_one = stage.chance.hit(self.hand.craft.disguise);
        let payer = if is_one { mix(account, 11) >> 4 } else { stage.key() };
        let holders = [("no", 0.5), ("unknown", 0.3), ("yes", 0.2 + self.hand.craft.disguise)];
        let means =
            [("bank", 5.0), ("card", 2.0), ("cash", 1.5), ("unknown", 1.0), ("crypto", 0.5)];
        let top_up = Act::TopUp {
            intermediary,
            licence: stage.chance.weigh(&[("licensed", 0.6), ("agent", 0.4)]),
            fen,
            paid_fen: fen + fen * stage.chance.between(5, 30) / 1_000,
            payer,
            payer_is_holder: stage.chance.weigh(&holders),
            instrument: stage.chance.weigh(&means),
            payer_country: Country::CN,
        };
        self.hand.fraud(stage, account, 0, &top_up)
    }

    fn transfer(&mut self, stage: &mut Stage<'_>, from: u16, to: u16, fen: i64) -> Option<Outcome> {
        let known_since_ms = self.known.get(&(from, to)).copied().unwrap_or(0);
        let memos = [("none", 6.0), ("goods", 2.0), ("loan", 1.0), ("rent", 1.0)];
        let transfer = Act::Transfer {
            to: self.members[usize::from(to)],
            kind: "wallet",
            fen,
            known_since_ms,
            memo: stage.chance.weigh(&memos),
            funding: Funding::Balance,
        };
        let outcome = self.hand.fraud(stage, self.members[usize::from(from)], 0, &transfer)?;
        if outcome.ending.is_done() {
            self.known.entry((from, to)).or_insert(stage.now_ms);
        }
        Some(outcome)
    }

    /// Most of a sum moves on, a little is spent, and what was stopped is tried again.
    fn forward(&mut self, stage: &mut Stage<'_>, from: Task, fen: i64) -> Option<()> {
        let Job::Forward { layer, tries, .. } = from.job else {
            return Some(());
        };
        let mut share = self.hand.between(&mut stage.chance, FORWARDED);
        if self.is_wary() {
            share = share.min(WARY_FORWARDED);
        }
        let onward = whole_yuan(fen as f64 * share);
        let to = if layer < self.layers { self.receiver(stage, layer + 1) } else { None };
        let outcome = match to {
            Some(to) => self.transfer(stage, from.member, to, onward)?,
            None => {
                let account = self.members[usize::from(from.member)];
                self.hand.exit(stage, account, onward, onward)?
            }
        };
        self.burn(stage, from.member);
        let next_ms = self.rest(stage).max(outcome.at_ms);
        if outcome.ending.is_done() {
            if let Some(member) = to {
                let job = Job::Forward { layer: layer + 1, fen: onward, tries: 0 };
                self.tasks.push(Task { due_ms: next_ms, member, job });
            }
            let own = (fen as f64 * OWN_SPEND) as i64;
            if stage.chance.hit(0.5) {
                let due_ms =
                    waking(outcome.at_ms + self.hand.gap_ms(&mut stage.chance, 8.0 * HOUR_MS));
                self.tasks.push(Task { due_ms, member: from.member, job: Job::Spend { fen: own } });
            }
        } else if outcome.ending.is_stopped() && tries < RETRIES && CRUMBS_FEN < fen / 2 {
            let job = Job::Forward { layer, fen: fen / 2, tries: tries + 1 };
            self.tasks.push(Task { due_ms: next_ms, member: from.member, job });
        }
        Some(())
    }

    /// A frozen wallet is of no use any more.
    fn burn(&mut self, stage: &Stage<'_>, member: u16) {
        let account = &mut self.members[usize::from(member)];
        if is_lost(stage, *account) {
            *account = 0;
        }
    }
}

impl Actor for Ring {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let next = (0..self.tasks.len()).min_by_key(|task| self.tasks[*task].due_ms)?;
        let task = self.tasks.swap_remove(next);
        match task.job {
            Job::Join => self.join(stage, task.member)?,
            Job::Inflow => self.inflow(stage)?,
            Job::Forward { fen, .. } => self.forward(stage, task, fen)?,
            Job::Spend { fen } => {
                let account = self.members[usize::from(task.member)];
                let trade = stage.chance.pick(&[Trade::Food, Trade::Retail]);
                let purchase = Purchase { trade, fen: fen.max(800), card: None };
                self.hand.buy(stage, account, purchase, self.hand.story().cover());
            }
        }
        let due_ms = self.tasks.iter().map(|task| task.due_ms).min()?;
        Some(due_ms.max(stage.now_ms + 1_000))
    }
}
