//! The stage: where an actor's attempt becomes events, and gets its answer.
//!
//! An attempt is written as one scored event, shown to the wallet, and played to its end at once:
//! the challenge, the issuer's answer, what it changes on the account, when a fraud becomes known.
//! The actor knows how it ended; the events that tell of it wait in the outbox until their time
//! comes, so the stream is in order and the wallet never hears of anything early. The same actor at
//! the same step draws the same chance whatever others do, so that two worlds that differ only in
//! the wallet's policy stay comparable.

use foldhash::{HashMap, HashMapExt};

use super::act::{Act, Ending, Funding, Note, Outcome, Refusal, Who};
use super::asset::{Account, Card, Persona};
use super::batch::{Batch, Kind, Truth};
use super::challenge::{self, Trial};
use super::chance::{Chance, mix};
use super::crew::{Asset, Craft, Crews, Reaction};
use super::ground::Ground;
use super::issuer;
use super::labels;
use super::outbox::Outbox;
use super::story::Story;
use super::wallet::{Answer, Ask, Wallet};
use super::wire::{EventId, Line};
use super::{express, notes};

/// Whoever acts in the world, one step at a time.
pub(crate) trait Actor: Send {
    /// Acts at `stage.now_ms`, with at most one attempt, and says when it acts next; `None` when it
    /// is done.
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64>;
}

/// An actor that enters at this time.
pub(crate) struct Entrance {
    pub(crate) at_ms: i64,
    pub(crate) actor: Box<dyn Actor>,
}

/// What an actor sees and can do during a step.
pub(crate) struct Stage<'w> {
    /// The time of the step.
    pub(crate) now_ms: i64,
    /// Chance of this step alone.
    pub(crate) chance: Chance,
    /// What never changes.
    pub(crate) ground: &'w Ground,
    /// The accounts of this shard.
    pub(crate) accounts: &'w mut Accounts,
    pub(super) crews: &'w mut Crews,
    pub(super) ledger: &'w mut Ledger,
    pub(super) outbox: &'w mut Outbox,
    pub(super) wallet: &'w mut dyn Wallet,
    pub(super) batch: &'w mut Batch,
    pub(super) entrances: &'w mut Vec<Entrance>,
}

/// What a shard counts and remembers beside its accounts.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) shard: u32,
    pub(super) slots: u32,
    pub(super) next_event: u64,
    pub(super) next_key: u64,
    /// Scored events of honest customers since the last midnight.
    pub(super) honest_today: u64,
    /// Issuers that are down, until when.
    pub(super) outages: Vec<(u32, i64)>,
    pub(super) line: Line,
}

impl Ledger {
    pub(super) fn new(shard: u32, slots: u32) -> Ledger {
        Ledger {
            shard,
            slots,
            next_event: 0,
            next_key: 0,
            honest_today: 0,
            outages: Vec::new(),
            line: Line::default(),
        }
    }
}

impl Stage<'_> {
    /// A fresh id, for a device, an account, a session, an episode.
    pub(crate) fn key(&mut self) -> u64 {
        self.ledger.next_key += 1;
        let name = u64::from(self.ledger.shard) << 44 | self.ledger.next_key;
        (mix(self.ground.seed, name) >> 4).max(1)
    }

    /// A session that is opened now.
    pub(crate) fn session(
        &mut self,
        auth: &'static str,
        referrer: &'static str,
    ) -> super::asset::Session {
        super::asset::Session { key: self.key(), auth, since_ms: self.now_ms, referrer }
    }

    /// Lets another actor enter, not before now.
    pub(crate) fn spawn(&mut self, at_ms: i64, actor: Box<dyn Actor>) {
        self.entrances.push(Entrance { at_ms: at_ms.max(self.now_ms), actor });
    }

    /// Account slots of this shard: how large it is.
    pub(crate) fn slots(&self) -> u32 {
        self.ledger.slots
    }

    /// An issuer answers nothing until this time.
    pub(crate) fn outage(&mut self, issuer: u32, until_ms: i64) {
        let now_ms = self.now_ms;
        self.ledger.outages.retain(|(_, until)| now_ms < *until);
        self.ledger.outages.push((issuer, until_ms));
    }

    /// What a crew has learnt so far.
    pub(crate) fn craft(&self, crew: u64) -> Craft {
        self.crews.craft(crew)
    }

    /// Tells a crew how its last act ended.
    pub(crate) fn learn(&mut self, crew: u64, outcome: &Outcome) -> Reaction {
        self.crews.learn(crew, outcome, &self.ground.settings, &mut self.chance)
    }

    /// A crew pays for something.
    pub(crate) fn buy(&mut self, crew: u64, asset: Asset) {
        let costs = &self.ground.settings.fraud.costs_usd;
        let usd = match asset {
            Asset::StolenCard => costs.stolen_card,
            Asset::SmsNumber => costs.sms_number,
            Asset::AgedAccount => costs.aged_account,
            Asset::RentedIdentity => costs.rented_identity,
        };
        self.crews.spend(crew, usd);
    }

    /// Makes an unscored event, now or later.
    pub(crate) fn note(&mut self, at_ms: i64, note: &Note<'_>) {
        notes::write(self, at_ms.max(self.now_ms), note);
    }

    pub(super) fn event_id(&mut self) -> EventId {
        self.ledger.next_event += 1;
        EventId { shard: self.ledger.shard, number: self.ledger.next_event }
    }

    /// Makes a scored request and plays it to its end.
    pub(crate) fn attempt(&mut self, who: &Who<'_>, act: &Act<'_>) -> Outcome {
        let event = self.event_id();
        let account = self.accounts.get(who.account);
        let is_frozen = account.is_some_and(|account| self.now_ms < account.frozen_until_ms);
        if is_frozen || !has_means(account, act) {
            return Outcome::void(self.now_ms + 1_000);
        }
        let is_new_device = account.is_none_or(|account| account.device.key != who.device.key);
        let is_proven = challenge::is_proven_before(&mut self.chance, who, act);
        let line = &mut self.ledger.line;
        express::write(line, event, self.now_ms, who, (act, is_proven), account, self.ground);
        let item = self.batch.push(self.now_ms, line.bytes(), Kind::Scored);
        let ask = Ask {
            line: self.batch.line(item),
            event_type: express::event_type(act),
            is_new_device,
            lot: self.chance.unit(),
        };
        let answer = self.wallet.decide(&ask);
        if !who.story.is_fraud() {
            self.ledger.honest_today += 1;
        }
        let (ending, at_ms, was_challenged) = self.play(event, who, (act, is_proven), &answer);
        let stake_fen = who.story.stake_fen;
        let outcome = Outcome { ending, at_ms, event: event.number, was_challenged, stake_fen };
        if ending.is_done() {
            self.settle(who, act, at_ms);
        }
        if 0 < who.story.stake_fen {
            let staked_usd =
                self.ground.rates.cents(who.story.stake_fen, self.now_ms) as f64 / 100.0;
            let left = if ending.is_done() { self.ground.settings.fraud.resale_share } else { 0.0 };
            self.crews.earn(who.story.actor, staked_usd, staked_usd * left);
        }
        if who.story != Story::HONEST {
            self.batch.tell(item, Truth::of(event, &who.story, ending));
        }
        labels::draw(self, event, who, act, &outcome);
        outcome
    }

    /// What follows the wallet's answer: challenge, then issuer or ledger.
    fn play(
        &mut self,
        event: EventId,
        who: &Who<'_>,
        (act, is_proven): (&Act<'_>, bool),
        answer: &Answer,
    ) -> (Ending, i64, bool) {
        let now_ms = self.now_ms;
        let (mut at_ms, mut was_challenged) = (now_ms + 300, false);
        match answer {
            Answer::Decline => return (Ending::Blocked, now_ms + 600, false),
            Answer::Hold => return (Ending::Held, now_ms + 2_000, false),
            Answer::Challenge { .. } => {
                let trial = challenge::play(self, event, who, act, answer);
                if let Trial::Lost { ending, at_ms } = trial {
                    return (ending, at_ms, true);
                }
                was_challenged = true;
                at_ms = trial.at_ms();
            }
            Answer::Approve => {}
        }
        let (refusal, answered_ms) = issuer::answer(self, event, who, (act, is_proven), at_ms);
        let ending = refusal.map_or(Ending::Done, Ending::Refused);
        (ending, answered_ms, was_challenged)
    }

    /// What a request that went through changes on the account.
    fn settle(&mut self, who: &Who<'_>, act: &Act<'_>, at_ms: i64) {
        let now_ms = self.now_ms;
        let new_pass = matches!(act, Act::Load { .. }).then(|| self.key());
        let cents = |fen| self.ground.rates.cents(fen, now_ms);
        let Some(account) = self.accounts.get_mut(who.account) else { return };
        match *act {
            Act::Login { .. } if who.device.key == account.device.key => {
                if account.trusted_ms == 0 {
                    account.trusted_ms = at_ms;
                }
            }
            Act::Change { field, factor, .. } => change(account, field, factor, at_ms),
            Act::Verify { result: "pass", .. } => {
                account.kyc = account.kyc.max(3);
                account.factors.passport = at_ms;
            }
            Act::Link { card, .. } => {
                account.cards.retain(|linked| linked.key != card.key);
                account.cards.push(Card { linked_ms: at_ms, ..*card });
            }
            Act::Pay(pay) => {
                account.ytd_cents += cents(pay.fen);
                match pay.funding {
                    Funding::Card(_) => {}
                    Funding::Pass => spend_pass(account, pay.fen),
                    Funding::Balance => account.balance_fen -= pay.fen,
                }
            }
            Act::Load { fen, .. } => {
                account.ytd_cents += cents(fen);
                load_pass(account, fen, now_ms, new_pass.unwrap_or_default());
            }
            Act::TopUp { fen, .. } | Act::ClaimEnvelope { fen, .. } => account.balance_fen += fen,
            Act::Transfer { fen, to, .. } => {
                account.balance_fen -= fen;
                if let Some(receiver) = self.accounts.get_mut(to) {
                    receiver.balance_fen += fen;
                }
            }
            Act::SendEnvelope { fen, .. } | Act::Withdraw { fen, .. } => account.balance_fen -= fen,
            Act::Refund { fen, to: "balance", .. } => account.balance_fen += fen,
            Act::Open { .. }
            | Act::Login { .. }
            | Act::Verify { .. }
            | Act::Refund { .. }
            | Act::Redeem { .. } => {}
        }
    }
}

/// Whether the payer has what the request takes.
fn has_means(account: Option<&Account>, act: &Act<'_>) -> bool {
    let Some(account) = account else { return matches!(act, Act::Login { .. }) };
    let pass_fen = account.pass.map_or(0, |pass| pass.balance_fen);
    match act {
        Act::Pay(pay) => match pay.funding {
            Funding::Card(_) => true,
            Funding::Pass => pay.fen <= pass_fen,
            Funding::Balance => pay.fen <= account.balance_fen,
        },
        Act::Transfer { fen, funding, .. } => {
            matches!(funding, Funding::Card(_)) || *fen <= account.balance_fen
        }
        Act::SendEnvelope { fen, .. } | Act::Withdraw { fen, .. } => *fen <= account.balance_fen,
        _ => true,
    }
}

/// How long a prepaid pass is valid.
const PASS_VALID_MS: i64 = 90 * 86_400_000;

fn load_pass(account: &mut Account, fen: i64, now_ms: i64, key: u64) {
    let pass = account.pass.get_or_insert(super::asset::Pass {
        key,
        opened_ms: now_ms,
        balance_fen: 0,
        expiry_ms: now_ms + PASS_VALID_MS,
    });
    pass.balance_fen += fen;
}

fn spend_pass(account: &mut Account, fen: i64) {
    if let Some(pass) = &mut account.pass {
        pass.balance_fen -= fen;
    }
}

/// A profile change, as the account then shows it.
fn change(account: &mut Account, field: &str, factor: Option<&str>, at_ms: i64) {
    match field {
        "phone" => account.phone_changed_ms = at_ms,
        "email" => account.email_changed_ms = at_ms,
        "password" => account.password_changed_ms = at_ms,
        "pin" => account.pin_changed_ms = at_ms,
        "device_trust" => account.trusted_ms = at_ms,
        "factor_add" | "factor_remove" => {
            let since_ms = if field == "factor_add" { at_ms } else { 0 };
            let factors = &mut account.factors;
            match factor {
                Some("passkey") => factors.passkey = since_ms,
                Some("device_biometric") => factors.biometric = since_ms,
                Some("push_number_match") => factors.push = since_ms,
                Some("totp") => factors.totp = since_ms,
                Some("sms_otp") => factors.sms = since_ms,
                Some("payment_pin") => factors.pin = since_ms,
                Some("passport_selfie") => factors.passport = since_ms,
                Some(_) | None => {}
            }
        }
        _ => {}
    }
}

/// The live accounts of a shard.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    places: HashMap<u64, u32>,
    all: Vec<Account>,
}

/// Draws before a search for a victim gives up.
const VICTIM_DRAWS: u32 = 64;

impl Accounts {
    pub(super) fn new() -> Accounts {
        Accounts { places: HashMap::new(), all: Vec::new() }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// The account with this key.
    pub(crate) fn get(&self, key: u64) -> Option<&Account> {
        self.places.get(&key).map(|place| &self.all[*place as usize])
    }

    /// The account with this key, to change it.
    pub(crate) fn get_mut(&mut self, key: u64) -> Option<&mut Account> {
        self.places.get(&key).map(|place| &mut self.all[*place as usize])
    }

    /// Adds an account, or puts another in its place.
    pub(crate) fn insert(&mut self, account: Account) {
        match self.places.get(&account.key) {
            Some(place) => self.all[*place as usize] = account,
            None => {
                self.places.insert(account.key, self.all.len() as u32);
                self.all.push(account);
            }
        }
    }

    /// Takes an account out.
    pub(crate) fn remove(&mut self, key: u64) -> Option<Account> {
        let place = self.places.remove(&key)? as usize;
        let account = self.all.swap_remove(place);
        if let Some(moved) = self.all.get(place) {
            self.places.insert(moved.key, place as u32);
        }
        Some(account)
    }

    /// A random honest account that fits, if a few dozen draws find one.
    pub(crate) fn victim(
        &self,
        chance: &mut Chance,
        fits: impl Fn(&Account) -> bool,
    ) -> Option<u64> {
        if self.all.is_empty() {
            return None;
        }
        for _ in 0..VICTIM_DRAWS {
            let account = &self.all[chance.below(self.all.len() as u64) as usize];
            if account.persona != Persona::Crook && fits(account) {
                return Some(account.key);
            }
        }
        None
    }
}

/// The issuer that an act asks, by its card.
pub(super) fn card_of<'a>(act: &Act<'a>) -> Option<&'a Card> {
    match *act {
        Act::Link { card, .. } | Act::Load { card, .. } => Some(card),
        Act::Pay(pay) => match pay.funding {
            Funding::Card(card) => Some(card),
            Funding::Pass | Funding::Balance => None,
        },
        Act::Transfer { funding: Funding::Card(card), .. } => Some(card),
        Act::Refund { card, .. } => card,
        _ => None,
    }
}

/// The money of an act in CNY fen; `None` for acts without.
pub(super) fn money_of(act: &Act<'_>) -> Option<i64> {
    match *act {
        Act::Pay(pay) => Some(pay.fen),
        Act::Load { fen, .. }
        | Act::TopUp { fen, .. }
        | Act::Transfer { fen, .. }
        | Act::SendEnvelope { fen, .. }
        | Act::ClaimEnvelope { fen, .. }
        | Act::Withdraw { fen, .. }
        | Act::Refund { fen, .. } => Some(fen),
        Act::Open { .. }
        | Act::Login { .. }
        | Act::Verify { .. }
        | Act::Change { .. }
        | Act::Link { .. }
        | Act::Redeem { .. } => None,
    }
}

/// Whether a refusal tells that the card itself is of no use.
impl Refusal {
    pub(crate) fn is_final(self) -> bool {
        matches!(self, Refusal::Blocked | Refusal::Data | Refusal::NotPermitted)
    }
}
