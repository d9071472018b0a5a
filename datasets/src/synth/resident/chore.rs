//! What a resident does beside paying: fill the balance, pay friends and the rent, take money out,
//! change the profile, link a card, use a coupon, bring goods back.
//!
//! Payers, landlord, bank and old friends belong to the customer for good and are derived from the
//! account, so the same few names come back for years, which is what tells them from mules. None of
//! it is hurried and none of it empties the balance.

use super::super::act::{Act, Ending, Funding, Note, Outcome, Who};
use super::super::asset::{Card, Country, Merchant, Session};
use super::super::chance::mix;
use super::super::market::Audience;
use super::super::people;
use super::super::stage::{Actor, Stage};
use super::super::story::{LookAlike, Story};
use super::customer::{Customer, DAY_MS, HOUR_MS, SECOND_MS, Trait, insists, pause};

/// Something to be seen to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chore {
    /// Family at home fills the balance through an intermediary.
    TopUp,
    /// A share of something goes to an old friend.
    Friend,
    /// The rent of the month.
    Rent,
    /// Money goes to the own bank.
    Withdraw,
    /// A setting changes.
    Change,
    /// A coupon or cashback.
    Redeem,
    /// A card that is not used any more leaves the wallet.
    Unlink,
}

/// How often each chore comes up on an active day; an active resident has about ten in a month.
pub(super) const CHORES: [(Chore, f64); 7] = [
    (Chore::TopUp, 0.09),
    (Chore::Friend, 0.09),
    (Chore::Rent, 0.05),
    (Chore::Withdraw, 0.025),
    (Chore::Change, 0.012),
    (Chore::Redeem, 0.07),
    (Chore::Unlink, 0.004),
];

/// A balance below this makes the customer ask for money so many times more often; one above that,
/// or a customer who pays by card, so many times more seldom.
const LOW_FEN: i64 = 30_000;
const LOW_TOPS_UP: f64 = 2.0;
const HIGH_FEN: i64 = 250_000;
const HIGH_TOPS_UP: f64 = 0.15;
const CARD_TOPS_UP: f64 = 0.3;
/// A high balance is taken out so many times more often.
const HIGH_WITHDRAWS: f64 = 4.0;
/// A top-up: median in CNY fen, deviation of its logarithm, least and most.
const TOPUP_FEN: (f64, f64, i64, i64) = (150_000.0, 0.6, 20_000, 1_200_000);
/// The fee of an honest intermediary, as a share.
const TOPUP_FEE: (f64, f64) = (0.004, 0.025);
/// Members of the family who pay, and licensed intermediaries of a country.
const PAYERS: u64 = 2;
const INTERMEDIARIES: u64 = 3;
/// Names the intermediaries among all numbers.
const INTERMEDIARY: u64 = 0x746f_7075;
/// Old friends outside the circle of this town.
const FRIENDS: u64 = 3;
/// A transfer to a friend: median in CNY fen and deviation of its logarithm.
const FRIEND_FEN: (f64, f64) = (11_000.0, 0.9);
/// A month's rent, in CNY fen.
const RENT_FEN: (i64, i64) = (180_000, 650_000);
/// Nobody takes out less than this, in CNY fen.
const WITHDRAWN_LEAST_FEN: i64 = 20_000;
/// The benefit of a coupon: median in CNY fen and deviation of its logarithm.
const BENEFIT_FEN: (f64, f64) = (600.0, 0.7);
/// Below so many cards none is taken out.
const CARDS_TO_SPARE: usize = 3;

impl Chore {
    /// Probability of this chore on an active day of this customer.
    pub(super) fn share(self, usual: f64, customer: &Customer) -> f64 {
        let is_high = HIGH_FEN < customer.balance_fen;
        let times = match self {
            Chore::TopUp if is_high => HIGH_TOPS_UP,
            Chore::TopUp if !customer.pays_from_balance() => CARD_TOPS_UP,
            Chore::TopUp if customer.balance_fen < LOW_FEN => LOW_TOPS_UP,
            Chore::Withdraw if is_high => HIGH_WITHDRAWS,
            Chore::Rent if customer.is_student() => 0.0,
            _ => 1.0,
        };
        usual * times
    }

    /// Does it; `None` when there was no need after all.
    pub(super) fn perform(
        self,
        stage: &mut Stage<'_>,
        customer: &Customer,
        who: &Who<'_>,
    ) -> Option<Outcome> {
        match self {
            Chore::TopUp => Some(top_up(stage, customer, who)),
            Chore::Friend => pay_friend(stage, customer, who),
            Chore::Rent => pay_rent(stage, customer, who),
            Chore::Withdraw => withdraw(stage, customer, who),
            Chore::Change => Some(change(stage, who)),
            Chore::Redeem => Some(redeem(stage, who)),
            Chore::Unlink => {
                unlink(stage, customer, who);
                None
            }
        }
    }
}

/// A licensed intermediary that families of a country use.
fn intermediary(seed: u64, country: Country, place: u64) -> u64 {
    let [first, second] = country.0.map(u64::from);
    mix(mix(seed, INTERMEDIARY), (first << 16) | (second << 8) | (place % INTERMEDIARIES)) >> 4
}

fn top_up(stage: &mut Stage<'_>, customer: &Customer, who: &Who<'_>) -> Outcome {
    let country = customer.holder.nationality;
    let payer = customer.own(Trait::Payer, stage.chance.below(PAYERS));
    let chance = &mut stage.chance;
    let (median, sigma, least, most) = TOPUP_FEN;
    // Families send round sums.
    let fen = (chance.log_normal(median, sigma) as i64).clamp(least, most) / 10_000 * 10_000;
    let fee = TOPUP_FEE.0 + (TOPUP_FEE.1 - TOPUP_FEE.0) * chance.unit();
    let act = Act::TopUp {
        intermediary: intermediary(stage.ground.seed, country, payer),
        licence: if chance.hit(0.9) { "licensed" } else { "agent" },
        fen,
        paid_fen: fen + (fen as f64 * fee) as i64,
        payer,
        payer_is_holder: chance.weigh(&[("no", 0.70), ("yes", 0.24), ("unknown", 0.06)]),
        instrument: chance.weigh(&[("bank", 0.74), ("card", 0.20), ("unknown", 0.06)]),
        payer_country: country,
    };
    stage.attempt(who, &act)
}

/// When a customer first paid somebody who belongs to the account, if that is past.
fn known_since(customer: &Customer, receiver: u64, now_ms: i64) -> i64 {
    /// Within this time after the account was opened all of them were paid once.
    const ACQUAINTED_MS: u64 = 60 * DAY_MS as u64;
    let since_ms = customer.created_ms + (receiver % ACQUAINTED_MS) as i64;
    if since_ms < now_ms { since_ms } else { 0 }
}

fn pay_friend(stage: &mut Stage<'_>, customer: &Customer, who: &Who<'_>) -> Option<Outcome> {
    let to = customer.own(Trait::Friend, stage.chance.below(FRIENDS));
    let (median, sigma) = FRIEND_FEN;
    let fen = stage.chance.log_normal(median, sigma) as i64 / 100 * 100;
    if fen == 0 || customer.balance_fen < fen {
        return None;
    }
    let act = Act::Transfer {
        to,
        kind: stage.chance.weigh(&[("wallet", 0.8), ("bank", 0.15), ("remittance", 0.05)]),
        fen,
        known_since_ms: known_since(customer, to, stage.now_ms),
        memo: stage.chance.weigh(&[("none", 0.75), ("goods", 0.2), ("loan", 0.05)]),
        funding: Funding::Balance,
    };
    Some(stage.attempt(who, &act))
}

fn pay_rent(stage: &mut Stage<'_>, customer: &Customer, who: &Who<'_>) -> Option<Outcome> {
    let to = customer.own(Trait::Landlord, 0);
    let span = (RENT_FEN.1 - RENT_FEN.0) as u64 / 10_000;
    let fen = RENT_FEN.0 + (to % span) as i64 * 10_000;
    if customer.balance_fen < fen {
        return None;
    }
    let act = Act::Transfer {
        to,
        kind: "bank",
        fen,
        known_since_ms: known_since(customer, to, stage.now_ms),
        memo: "rent",
        funding: Funding::Balance,
    };
    Some(stage.attempt(who, &act))
}

fn withdraw(stage: &mut Stage<'_>, customer: &Customer, who: &Who<'_>) -> Option<Outcome> {
    let share = 0.2 + 0.5 * stage.chance.unit();
    let fen = (customer.balance_fen as f64 * share) as i64 / 1_000 * 1_000;
    if fen < WITHDRAWN_LEAST_FEN {
        return None;
    }
    let dest = customer.own(Trait::Bank, 0);
    let is_local = stage.chance.hit(0.8);
    let act = Act::Withdraw {
        fen,
        dest,
        dest_kind: if is_local { "bank" } else { "remittance" },
        dest_country: if is_local { customer.home.country } else { customer.holder.nationality },
        name_match: stage.chance.weigh(&[("exact", 0.92), ("strong", 0.08)]),
        added_ms: known_since(customer, dest, stage.now_ms),
    };
    Some(stage.attempt(who, &act))
}

fn change(stage: &mut Stage<'_>, who: &Who<'_>) -> Outcome {
    const FIELDS: [(&str, f64); 8] = [
        ("limit", 20.0),
        ("password", 22.0),
        ("factor_add", 20.0),
        ("auto_debit_mandate", 16.0),
        ("pin", 8.0),
        ("email", 6.0),
        ("phone", 5.0),
        ("payment_default", 8.0),
    ];
    let chance = &mut stage.chance;
    let field = chance.weigh(&FIELDS);
    let factors = [("passkey", 0.5), ("totp", 0.2), ("push_number_match", 0.3)];
    let act = Act::Change {
        field,
        factor: (field == "factor_add").then(|| chance.weigh(&factors)),
        new_limit_fen: (field == "limit").then(|| chance.between(2, 30) * 100_000),
        by: if chance.hit(0.97) { "user" } else { "support" },
        auth: if chance.hit(0.8) { who.session.auth } else { "otp_sms" },
    };
    stage.attempt(who, &act)
}

/// Uses a coupon of one of the campaigns of the month.
pub(crate) fn redeem(stage: &mut Stage<'_>, who: &Who<'_>) -> Outcome {
    let market = &stage.ground.market;
    let chance = &mut stage.chance;
    let place = chance.below(Audience::Everybody.campaigns());
    let (median, sigma) = BENEFIT_FEN;
    let act = Act::Redeem {
        campaign: market.campaign(Audience::Everybody, place, stage.now_ms),
        benefit_fen: chance.log_normal(median, sigma) as i64,
        kind: if place.is_multiple_of(2) { "coupon" } else { "cashback" },
        referrer: None,
    };
    stage.attempt(who, &act)
}

fn unlink(stage: &mut Stage<'_>, customer: &Customer, who: &Who<'_>) {
    if customer.cards < CARDS_TO_SPARE {
        return;
    }
    let account = stage.accounts.get(customer.key);
    let oldest = account.and_then(|a| a.cards.iter().min_by_key(|card| card.linked_ms));
    if let Some(card) = oldest.map(|card| card.key) {
        stage.note(stage.now_ms, &Note::Unlink { who, card });
    }
}

/// A card of the customer's own that is about to be linked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Linking {
    card: Card,
    attempt: u8,
}

impl Linking {
    /// The next card of the pocket, or a new one.
    pub(crate) fn begin(stage: &mut Stage<'_>, customer: &Customer) -> Option<Linking> {
        /// Cards that came after those of the pocket.
        const LATER: u64 = 1_000_000;
        let account = stage.accounts.get(customer.key)?;
        let is_linked = |card: &Card| account.cards.iter().any(|linked| linked.key == card.key);
        let pocket = (0..people::pocket(account))
            .map(|index| people::own_card(stage.ground, account, index))
            .find(|card| !is_linked(card));
        let later = people::pocket(account) + stage.chance.below(LATER);
        let card = pocket.unwrap_or_else(|| people::own_card(stage.ground, account, later));
        Some(Linking { card, attempt: 1 })
    }

    /// Tries to link it; gives when to try again and how, unless that was it.
    pub(crate) fn step(self, stage: &mut Stage<'_>, who: &Who<'_>) -> Option<(i64, Linking)> {
        /// Attempts that somebody makes with one card.
        const MOST: u8 = 4;
        /// Attempts that are followed by another one: the issuer refused for good, or not.
        const FINAL_TRIED_AGAIN: f64 = 0.5;
        const REFUSED_TRIED_AGAIN: f64 = 0.75;
        let retried = Story::like(LookAlike::IssuerDeclineRetry);
        let story = if 1 < self.attempt { retried } else { who.story };
        let chance = &mut stage.chance;
        let entry = chance.weigh(&[("manual", 0.55), ("ocr", 0.35), ("nfc_tap", 0.10)]);
        let seconds = if entry == "manual" { 26.0 } else { 9.0 };
        let act = Act::Link {
            card: &self.card,
            entry,
            entry_ms: (chance.log_normal(seconds, 0.4) * SECOND_MS as f64) as u32,
            is_pasted: entry == "manual" && chance.hit(0.04),
            knows_cvv: !chance.hit(0.02),
            attempt: self.attempt,
        };
        let outcome = stage.attempt(&Who { story, ..*who }, &act);
        let goes_on = match outcome.ending {
            Ending::Refused(refusal) if refusal.is_final() => stage.chance.hit(FINAL_TRIED_AGAIN),
            Ending::Refused(_) => stage.chance.hit(REFUSED_TRIED_AGAIN),
            ending => insists(&mut stage.chance, ending, self.attempt - 1),
        };
        if !goes_on || MOST <= self.attempt {
            return None;
        }
        let at_ms = pause(&mut stage.chance, outcome.at_ms);
        Some((at_ms, Linking { attempt: self.attempt + 1, ..self }))
    }
}

/// Goods that go back some days after they were bought.
pub(crate) struct Return {
    pub(crate) account: u64,
    pub(crate) payment: u64,
    pub(crate) fen: i64,
    pub(crate) card: Option<Card>,
    pub(crate) merchant: Merchant,
}

impl Return {
    /// Sends them back after hours or days.
    pub(crate) fn send(self, stage: &mut Stage<'_>) {
        let days = stage.chance.log_normal(2.5, 0.8);
        let at_ms = stage.now_ms + (days * DAY_MS as f64) as i64 + HOUR_MS;
        stage.spawn(at_ms, Box::new(self));
    }
}

impl Actor for Return {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let customer = Customer::find(stage, self.account)?;
        let spot = customer.at_home(stage);
        let session: Session = customer.session(stage, "direct");
        let story = customer.story(stage, &spot.network);
        let chance = &mut stage.chance;
        let whole = chance.hit(0.8);
        let share = if whole { 1.0 } else { 0.2 + 0.7 * chance.unit() };
        let act = Act::Refund {
            payment: self.payment,
            original_fen: self.fen,
            fen: ((self.fen as f64 * share) as i64).max(1),
            reason: chance.weigh(&[
                ("goods_returned", 0.50),
                ("cancelled", 0.22),
                ("not_received", 0.14),
                ("price_change", 0.08),
                ("duplicate", 0.06),
            ]),
            to: if self.card.is_none() { "balance" } else { "original" },
            by: if chance.hit(0.65) { "merchant" } else { "user" },
            card: self.card.as_ref(),
            merchant: Some(&self.merchant),
        };
        stage.attempt(&customer.who(&spot, &session, story), &act);
        None
    }
}
