//! T19: refunds as a source of money.
//!
//! Somebody with his own card buys what can be given back, and gives it back: to another
//! instrument, which turns the card's limit into cash (and sometimes the goods are kept), or to the
//! card itself once its currency has fallen by enough, as refunds are converted at the rate of
//! their own day. He does it again and again. The purchases are ordinary and stay so in the truth;
//! the claims are the fraud, and what is at stake is the gain. Some abusers are customers of long
//! standing, others use accounts that were bought, more of them when the crew has learnt to split
//! its work.

use crate::synth::act::{Act, Ending, Extra, Funding, Outcome, Pay};
use crate::synth::asset::{Account, Card, Health, Merchant, Persona};
use crate::synth::crew::{Brief, Craft, Playbook, Reaction};
use crate::synth::market::Trade;
use crate::synth::people;
use crate::synth::rates::Rates;
use crate::synth::resident::customer::Customer;
use crate::synth::stage::{Actor, Stage};
use crate::synth::story::{Story, Typology, Vector};

use super::cash_out::thief::{
    DAY_MS, HOUR_MS, MINUTE_MS, Thief, after, is_good, paced, price_fen, rest_ms, uniform,
};

pub(crate) const PLAYBOOK: Playbook =
    Playbook { typology: Typology::RefundAbuse, events: 5.5, least: 2.3, begin };

/// How often it is done, and the least that shows a habit.
const TIMES: (i64, i64) = (3, 15);
const TIMES_MIN: f64 = 2.0;
/// A claim on the exchange rate is worth it from here on, and is waited for so long.
const FX_MOVE: f64 = 0.015;
const FX_WAIT_DAYS: i64 = 25;
/// Days until a redirected refund is asked for, and between two purchases.
const CLAIM_DAYS: (f64, f64) = (0.3, 6.0);
const PAUSE_DAYS: (f64, f64) = (0.3, 4.0);
/// Share of abusers who begin with redirected refunds.
const REDIRECTS: f64 = 0.6;
/// Share of redirected refunds for which the goods are kept, and what the others gain: the cost of
/// cash from a card.
const KEEPS_GOODS: f64 = 0.3;
const CASH_GAIN: f64 = 0.05;
/// Share of redirected refunds that go to the balance; the others to another card, if there is one.
const TO_BALANCE: f64 = 0.7;
/// Share of abusers who are customers of long standing.
const CUSTOMERS: f64 = 0.5;
/// Age of an account before its owner comes to this, in days; and of bought accounts.
const HISTORY_DAYS: f64 = 30.0;
const BOUGHT_DAYS: (f64, f64) = (25.0, 220.0);
/// Most accounts that a crew uses, and most purchases that wait at a time.
const SEATS_MAX: usize = 4;
const OPEN_MAX: usize = 6;
/// Share of purchases that are tickets; the others are goods.
const TICKETS: f64 = 0.4;
/// Days from purchase to departure, and what one purchase costs, in CNY.
const DEPARTURE_DAYS: (f64, f64) = (32.0, 80.0);
const PRICE_CNY: (f64, f64) = (60.0, 14_000.0);
/// Share of a price that comes back.
const REFUNDED: [(f64, f64); 3] = [(1.0, 0.75), (0.95, 0.15), (0.90, 0.10)];

/// How the gain is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// The refund goes to another instrument.
    Redirect,
    /// The refund waits until the rate has moved.
    Arbitrage,
}

/// What was bought and can be given back.
#[derive(Debug, Clone, Copy)]
struct Purchase {
    event: u64,
    seat: usize,
    card: Card,
    merchant: Merchant,
    fen: i64,
    bought_ms: i64,
    is_ticket: bool,
    style: Style,
}

/// Somebody who lives on refunds.
#[derive(Debug)]
struct Abuser {
    brief: Brief,
    seats: [u64; SEATS_MAX],
    seats_known: usize,
    turn: usize,
    /// Purchases to come.
    left: u32,
    style: Style,
    buys_ms: i64,
    /// Purchases that will be given back, and when.
    open: Vec<(i64, Purchase)>,
}

/// Whether somebody shops from home, with a history and a card that works.
fn is_at_home(account: &Account, now_ms: i64) -> bool {
    let is_homely = matches!(account.persona, Persona::Resident | Persona::Shopper);
    let is_old = account.created_ms + (HISTORY_DAYS * DAY_MS) as i64 <= now_ms;
    is_homely && is_old && account.frozen_until_ms <= now_ms && working_card(account).is_some()
}

fn working_card(account: &Account) -> Option<Card> {
    account.cards.iter().find(|card| card.health == Health::Live && !card.is_stolen).copied()
}

fn begin(stage: &mut Stage<'_>, brief: Brief) -> Option<Box<dyn Actor>> {
    let craft = stage.craft(brief.crew);
    let now_ms = stage.now_ms;
    let mut seats = [0; SEATS_MAX];
    let mut seats_known = 0;
    if stage.chance.hit(CUSTOMERS) {
        let customer =
            stage.accounts.victim(&mut stage.chance, |account| is_at_home(account, now_ms));
        if let Some(customer) = customer {
            seats[0] = customer;
            seats_known = 1;
        }
    }
    while seats_known < (craft.spread as usize).clamp(1, SEATS_MAX) {
        seats[seats_known] = bought_account(stage, brief.crew);
        seats_known += 1;
    }
    let times = stage.chance.between(TIMES.0, TIMES.1) as f64 * brief.size;
    let is_plain = stage.chance.hit(REDIRECTS) && !is_good(&craft, &mut stage.chance);
    Some(Box::new(Abuser {
        brief,
        seats,
        seats_known,
        turn: 0,
        left: times.max(TIMES_MIN).round() as u32,
        style: if is_plain { Style::Redirect } else { Style::Arbitrage },
        buys_ms: now_ms,
        open: Vec::new(),
    }))
}

/// An account with a past and a card in its holder's name.
fn bought_account(stage: &mut Stage<'_>, crew: u64) -> u64 {
    let ground = stage.ground;
    let claims = ground.atlas.home_country(&ground.settings, &mut stage.chance);
    let age_ms = (uniform(&mut stage.chance, BOUGHT_DAYS) * DAY_MS) as i64;
    let phone = people::phone(stage, claims);
    let nowhere = (ground.atlas.home_line(claims, phone.key), None);
    let thief = Thief::settle(stage, crew, claims, age_ms, Some(phone), nowhere);
    thief.give_own_card(stage);
    thief.account
}

impl Actor for Abuser {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let craft = stage.craft(self.brief.crew);
        let due = self.open.iter().position(|(due_ms, _)| *due_ms <= stage.now_ms);
        if let Some(place) = due {
            let (_, purchase) = self.open.swap_remove(place);
            self.claim(stage, &purchase)?;
        } else if self.can_buy() && self.buys_ms <= stage.now_ms {
            self.buy(stage, &craft)?;
        }
        self.wakes_ms(stage.now_ms)
    }
}

impl Abuser {
    fn story(&self) -> Story {
        let Brief { episode, crew, .. } = self.brief;
        Story::fraud(Typology::RefundAbuse, Vector::V8, episode, crew)
    }

    /// Buys something that can be given back.
    fn buy(&mut self, stage: &mut Stage<'_>, craft: &Craft) -> Option<()> {
        let now_ms = stage.now_ms;
        self.left -= 1;
        let seat = self.turn % self.seats_known;
        self.turn += 1;
        let account = stage.accounts.get(self.seats[seat])?;
        let (card, home) = (working_card(account)?, account.home.country);
        let is_ticket = stage.chance.hit(TICKETS);
        let trade = if is_ticket {
            Trade::Travel
        } else {
            stage.chance.weigh(&[
                (Trade::InApp, 0.35),
                (Trade::Retail, 0.45),
                (Trade::Electronics, 0.20),
            ])
        };
        let merchant = stage.ground.market.online(trade, &mut stage.chance, now_ms);
        let usual = stage.ground.market.amount_fen(trade, &mut stage.chance) as f64 / 100.0;
        let yuan = usual * uniform(&mut stage.chance, (0.9, 2.5)) * craft.amount;
        let fen = price_fen(yuan.clamp(PRICE_CNY.0, PRICE_CNY.1));
        let days = uniform(&mut stage.chance, DEPARTURE_DAYS);
        let extra = if is_ticket {
            Extra::Travel {
                departure_ms: now_ms + (days * DAY_MS) as i64,
                passengers: stage.chance.weigh(&[(1, 0.6), (2, 0.4)]),
                name_match: stage.chance.weigh(&[("exact", 0.7), ("strong", 0.3)]),
                is_refundable: true,
            }
        } else {
            Extra::Delivery { country: home, discount_fen: 0 }
        };
        let kind = if is_ticket { "travel" } else { "in_app" };
        let pay = Pay { kind, fen, funding: Funding::Card(&card), merchant: &merchant, extra };
        // Whoever buys does nothing wrong yet.
        let outcome = attempt(stage, self.seats[seat], self.story().cover(), &Act::Pay(pay))?;
        if outcome.ending == Ending::Void {
            return None;
        }
        let pause_ms = paced(uniform(&mut stage.chance, PAUSE_DAYS) * DAY_MS, craft);
        self.buys_ms = after(&outcome, pause_ms);
        if !outcome.ending.is_done() {
            return Some(());
        }
        let purchase = Purchase {
            event: outcome.event,
            seat,
            card,
            merchant,
            fen,
            bought_ms: now_ms,
            is_ticket,
            style: self.style,
        };
        let rest_ms = rest_ms(craft, &mut stage.chance);
        self.open.push((after(&outcome, rest_ms + purchase.wait_ms(stage)), purchase));
        Some(())
    }

    /// Asks for the money back.
    fn claim(&mut self, stage: &mut Stage<'_>, purchase: &Purchase) -> Option<()> {
        let key = self.seats[purchase.seat];
        let refunded = stage.chance.weigh(&REFUNDED);
        let fen = (purchase.fen as f64 * refunded) as i64;
        let other = stage.accounts.get(key).and_then(|account| {
            account.cards.iter().find(|card| card.key != purchase.card.key).copied()
        });
        let moved = purchase.moved(&stage.ground.rates, stage.now_ms);
        let (to, card, stake_fen) = match purchase.style {
            Style::Redirect => {
                let gain = if stage.chance.hit(KEEPS_GOODS) { 1.0 } else { CASH_GAIN };
                let stake_fen = (fen as f64 * gain) as i64;
                match other.filter(|_| !stage.chance.hit(TO_BALANCE)) {
                    Some(other) => ("other_card", Some(other), stake_fen),
                    None => ("balance", None, stake_fen),
                }
            }
            Style::Arbitrage => {
                ("original", Some(purchase.card), (fen as f64 * moved).max(0.0) as i64)
            }
        };
        let reason = if purchase.is_ticket {
            "cancelled"
        } else {
            stage.chance.weigh(&[("goods_returned", 0.6), ("not_received", 0.25), ("other", 0.15)])
        };
        let is_worth_it = purchase.style == Style::Redirect || FX_MOVE <= moved;
        // A refund that gains nothing is like any other.
        let story =
            if is_worth_it { self.story().staking(stake_fen) } else { self.story().cover() };
        let act = Act::Refund {
            payment: purchase.event,
            original_fen: purchase.fen,
            fen,
            reason,
            to,
            by: "user",
            card: card.as_ref(),
            merchant: Some(&purchase.merchant),
        };
        let outcome = attempt(stage, key, story, &act)?;
        if is_worth_it {
            match stage.learn(self.brief.crew, &outcome) {
                Reaction::Continue => {}
                // The rate asks no questions.
                Reaction::Change => self.style = Style::Arbitrage,
                Reaction::Quit => return None,
            }
        }
        (outcome.ending != Ending::Void).then_some(())
    }

    fn can_buy(&self) -> bool {
        0 < self.left && self.open.len() < OPEN_MAX
    }

    /// When something is due next; `None` when all is done.
    fn wakes_ms(&self, now_ms: i64) -> Option<i64> {
        let due_ms = self.open.iter().map(|(due_ms, _)| *due_ms);
        let next_ms = due_ms.chain(self.can_buy().then_some(self.buys_ms)).min()?;
        Some(next_ms.max(now_ms + MINUTE_MS as i64))
    }
}

impl Purchase {
    /// By how much the card's currency has fallen since the purchase, as a share of the price: what
    /// a refund at this time gains.
    fn moved(&self, rates: &Rates, at_ms: i64) -> f64 {
        let rate = |ms| rates.rate_e9(self.card.currency, ms) as f64;
        1.0 - rate(at_ms) / rate(self.bought_ms)
    }

    /// How long the claim waits.
    fn wait_ms(&self, stage: &mut Stage<'_>) -> f64 {
        if self.style == Style::Redirect {
            return uniform(&mut stage.chance, CLAIM_DAYS) * DAY_MS;
        }
        // He looks once a day; a rate is known to nobody before its day, so this only spares the
        // world from waking him in vain.
        let rates = &stage.ground.rates;
        let after_days = |days: i64| self.bought_ms + days * DAY_MS as i64;
        let days = (1..FX_WAIT_DAYS).find(|days| FX_MOVE <= self.moved(rates, after_days(*days)));
        let hour = uniform(&mut stage.chance, (0.1, 3.0));
        days.unwrap_or(FX_WAIT_DAYS) as f64 * DAY_MS + hour * HOUR_MS
    }
}

/// An attempt from home, in a session of its own; `None` when the account is gone.
fn attempt(stage: &mut Stage<'_>, account: u64, story: Story, act: &Act<'_>) -> Option<Outcome> {
    let customer = Customer::find(stage, account)?;
    let spot = customer.at_home(stage);
    let session = customer.session(stage, "direct");
    Some(stage.attempt(&customer.who(&spot, &session, story), act))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use features::event::Event;
    use features::field::{EventType, ids};

    use super::*;
    use crate::synth::tests_support::{Played, START_MS, play, play_against, text};
    use crate::synth::wallet::{Answer, Ask, Wallet};

    /// The purchase that a refund gives back.
    fn purchase<'a>(played: &'a Played, refund: &Event) -> &'a Event {
        let id = text(refund, ids::ORIGINAL_PAYMENT_ID);
        let mut payments = played.of(EventType::Payment);
        payments.find(|payment| text(payment, ids::PAYMENT_ID) == id).expect("what was bought")
    }

    #[test]
    fn every_claim_follows_a_purchase_that_was_nothing_but_one() {
        let played = play(&PLAYBOOK, 21, 12);
        let claims = played.frauds(EventType::Refund);
        assert!(10 < claims.len(), "{}", claims.len());
        assert!(played.frauds(EventType::Payment).is_empty());
        for (claim, truth) in claims {
            let bought = purchase(&played, claim);
            assert!(bought.time() < claim.time());
            assert_eq!(bought.bits(ids::BASE_MINOR), claim.bits(ids::ORIGINAL_BASE_MINOR));
            assert!(claim.number(ids::BASE_MINOR) <= bought.number(ids::BASE_MINOR));
            assert!(truth.stake_fen() as f64 <= claim.number(ids::BASE_MINOR));
        }
    }

    #[test]
    fn money_goes_elsewhere_or_the_rate_has_moved() {
        let played = play(&PLAYBOOK, 22, 32);
        let rates = Rates::new(22, START_MS, START_MS + 32 * DAY_MS as i64);
        let (mut redirected, mut waited) = (0, 0);
        for (claim, truth) in played.frauds(EventType::Refund) {
            if text(claim, ids::TO_INSTRUMENT) != "original" {
                redirected += 1;
                continue;
            }
            waited += 1;
            let bought = purchase(&played, claim);
            let rate =
                |at_ms| rates.rate_e9(text(bought, ids::CARD_BILLING_CURRENCY), at_ms) as f64;
            let moved = 1.0 - rate(claim.time()) / rate(bought.time());
            assert!(FX_MOVE <= moved, "{moved}");
            let gain = moved * claim.number(ids::BASE_MINOR);
            assert!((gain - truth.stake_fen() as f64).abs() < 2.0, "{gain}");
        }
        assert!(10 < redirected && 3 < waited, "{redirected} {waited}");
    }

    #[test]
    fn it_is_done_again_and_again_but_not_for_ever() {
        let played = play(&PLAYBOOK, 23, 35);
        let mut by_episode: BTreeMap<u64, u32> = BTreeMap::new();
        for (_, truth) in played.frauds(EventType::Refund) {
            *by_episode.entry(truth.episode()).or_default() += 1;
        }
        let most = by_episode.values().max().copied().unwrap_or_default();
        assert!(5 < most && most <= TIMES.1 as u32, "{most}");
    }

    /// Holds every refund to another instrument.
    struct Desk;

    impl Wallet for Desk {
        fn decide(&mut self, ask: &Ask<'_>) -> Answer {
            let is_redirected =
                ask.event_type == "refund" && !ask.line.contains(r#""to_instrument":"original""#);
            if is_redirected { Answer::Hold } else { Answer::Approve }
        }

        fn record(&mut self, _line: &str) {}
    }

    #[test]
    fn who_is_held_learns_to_wait_for_the_rate() {
        let share = |played: &Played, from_day: i64| {
            let from_ms = START_MS + from_day * DAY_MS as i64;
            let claims = played.frauds(EventType::Refund);
            let late: Vec<_> = claims.iter().filter(|(claim, _)| from_ms < claim.time()).collect();
            let is_redirected = |claim: &Event| text(claim, ids::TO_INSTRUMENT) != "original";
            let redirected = late.iter().filter(|(claim, _)| is_redirected(claim)).count();
            redirected as f64 / late.len().max(1) as f64
        };
        let free = share(&play(&PLAYBOOK, 24, 30), 15);
        let held = share(&play_against(&PLAYBOOK, 24, 30, &mut Desk), 15);
        assert!(held < free, "{held} {free}");
    }
}
