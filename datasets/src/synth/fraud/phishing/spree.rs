//! Spending what an account can reach: purchases, one after the other, until it is empty or closed.
//!
//! Each purchase takes its part of what is left from one purse of the account (a card, the pass,
//! the balance), mostly for goods that can be sold again, in a shop of the thief's city or online.
//! A refusal moves on to the next purse, too little money or a stop by the wallet to smaller
//! amounts; after a few setbacks in a row the thief leaves. Crews that have learnt buy less at a
//! time, more slowly, and more of what anybody buys.

use super::intruder::{Intruder, MINUTE_MS, SMALLEST_FEN, Turn, beside, heed};
use crate::synth::act::{Act, Ending, Extra, Funding, Outcome, Pay, Refusal, Who};
use crate::synth::asset::{Account, Card, Country};
use crate::synth::chance::Chance;
use crate::synth::crew::Craft;
use crate::synth::market::Trade;
use crate::synth::stage::Stage;

/// The wallet takes no larger payment, in CNY fen; it is a limit in US dollars, so this is below.
pub(crate) const DEAREST_FEN: i64 = 3_000_000;
/// After so many setbacks in a row a thief leaves the account.
pub(crate) const GIVES_UP: u8 = 3;
/// Deviation of the logarithm of the amounts of a spree.
const UNEVEN: f64 = 0.35;
/// What turns into cash.
const RESALE: [(Trade, f64); 5] = [
    (Trade::Electronics, 0.32),
    (Trade::GiftCards, 0.3),
    (Trade::Gaming, 0.16),
    (Trade::Luxury, 0.12),
    (Trade::Jewellery, 0.1),
];
/// What does not stand out.
const ORDINARY: [(Trade, f64); 3] = [(Trade::Retail, 0.5), (Trade::InApp, 0.3), (Trade::Food, 0.2)];
/// Share of purchases of a naive thief that do not stand out.
const ORDINARY_SHARE: f64 = 0.2;
/// What hiding adds to it.
const ORDINARY_LEARNT: f64 = 0.75;
/// Share of purchases in shops, where there is a shop within reach.
const IN_PERSON: f64 = 0.55;
/// How purchases in a shop are made.
const AT_TILL: [(&str, f64); 3] =
    [("merchant_qr_dynamic", 0.4), ("merchant_qr_static", 0.3), ("payment_code", 0.3)];

/// Purchases that take what an account can reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spree {
    /// What is still to be taken, in CNY fen.
    left_fen: i64,
    /// In how many purchases.
    purchases: u32,
    /// Time for each at the usual pace.
    gap_ms: i64,
    /// City whose shops are within reach; without one all is bought online.
    city: Option<u16>,
    pace_min: f64,
    /// Number of the purse that pays.
    purse: usize,
    setbacks: u8,
}

/// How much a story spends, in how many purchases, within what time at the usual pace.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) fen: i64,
    pub(crate) purchases: (i64, i64),
    pub(crate) minutes: i64,
    pub(crate) city: Option<u16>,
    /// The slowest tempo: stories differ in how soon the owner notices.
    pub(crate) pace_min: f64,
}

impl Spree {
    /// A spree as planned, by a crew of this craft.
    pub(crate) fn of(chance: &mut Chance, craft: &Craft, plan: &Plan) -> Spree {
        let (least, most) = plan.purchases;
        let purchases = chance.between(least, most) as u32 + craft.spread.max(1) - 1;
        Spree {
            left_fen: (plan.fen as f64 * craft.amount) as i64,
            purchases,
            gap_ms: plan.minutes * MINUTE_MS / i64::from(purchases.max(1)),
            city: plan.city,
            pace_min: plan.pace_min,
            purse: 0,
            setbacks: 0,
        }
    }

    /// Buys once.
    pub(crate) fn step(&mut self, stage: &mut Stage<'_>, thief: &Intruder, crew: u64) -> Turn {
        let craft = stage.craft(crew);
        let Some(account) = stage.accounts.get(thief.victim) else { return Turn::Leave };
        let Some(purse) = purse(account, self.purse) else { return Turn::Leave };
        let most_fen = purse.most_fen(account).min(self.left_fen).max(SMALLEST_FEN);
        let even_fen = self.left_fen as f64 / f64::from(self.purchases.max(1));
        let fen = (even_fen * stage.chance.log_normal(1.0, UNEVEN)) as i64;
        // Dear things cost whole yuan.
        let fen = if 10_000 <= fen { fen / 100 * 100 } else { fen };
        let fen = fen.clamp(SMALLEST_FEN, most_fen);
        let outcome = buy(stage, thief, &craft, &purse, fen, self.city);
        if let Some(turn) = heed(stage, crew, thief.victim, &outcome) {
            return turn;
        }
        if !self.settle(&outcome, fen) {
            return Turn::Leave;
        }
        let gap = (0.3 + 0.6 * stage.chance.unit()) / craft.pace.max(self.pace_min);
        Turn::Next(outcome.at_ms + 5_000 + (self.gap_ms as f64 * gap) as i64)
    }

    /// Books what came of a purchase; says whether there is another.
    fn settle(&mut self, outcome: &Outcome, fen: i64) -> bool {
        self.setbacks += 1;
        match outcome.ending {
            Ending::Done => {
                self.left_fen -= fen;
                self.purchases = self.purchases.saturating_sub(1);
                self.setbacks = 0;
            }
            Ending::Refused(Refusal::Technical) => {}
            Ending::Refused(Refusal::Funds) => self.left_fen /= 2,
            Ending::Refused(_) | Ending::Void => self.purse += 1,
            Ending::Blocked | Ending::Failed | Ending::Abandoned | Ending::Held => {
                self.left_fen = self.left_fen * 3 / 5;
            }
        }
        self.setbacks < GIVES_UP && 0 < self.purchases && SMALLEST_FEN <= self.left_fen
    }
}

/// What on an account pays.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Purse {
    Card(Card),
    Pass,
    Balance,
}

impl Purse {
    fn funding(&self) -> Funding<'_> {
        match self {
            Purse::Card(card) => Funding::Card(card),
            Purse::Pass => Funding::Pass,
            Purse::Balance => Funding::Balance,
        }
    }

    /// The most that one purchase may take from it.
    fn most_fen(&self, account: &Account) -> i64 {
        match self {
            Purse::Card(_) => DEAREST_FEN,
            Purse::Pass => account.pass.map_or(0, |pass| pass.balance_fen),
            Purse::Balance => account.balance_fen,
        }
    }
}

/// A purse of an account by number, around and around: cards from the newest, pass, balance.
fn purse(account: &Account, number: usize) -> Option<Purse> {
    let cards = account.cards.iter().rev().map(|card| Purse::Card(*card));
    let pass = account.pass.filter(|pass| SMALLEST_FEN <= pass.balance_fen).map(|_| Purse::Pass);
    let balance = (SMALLEST_FEN <= account.balance_fen).then_some(Purse::Balance);
    cards.chain(pass).chain(balance).cycle().nth(number)
}

/// Buys for so much: mostly what can be sold again, in a shop of the city or online.
fn buy(
    stage: &mut Stage<'_>,
    thief: &Intruder,
    craft: &Craft,
    purse: &Purse,
    fen: i64,
    city: Option<u16>,
) -> Outcome {
    let (market, now_ms) = (&stage.ground.market, stage.now_ms);
    let chance = &mut stage.chance;
    let is_ordinary = chance.hit(ORDINARY_SHARE + ORDINARY_LEARNT * craft.disguise);
    let trade = chance.weigh(if is_ordinary { &ORDINARY[..] } else { &RESALE[..] });
    let has_till = !matches!(trade, Trade::GiftCards | Trade::Gaming | Trade::InApp);
    let shop = city.filter(|_| has_till && chance.hit(IN_PERSON));
    let merchant = match shop {
        Some(city) => market.shop(city, trade, chance, now_ms),
        None => market.online(trade, chance, now_ms),
    };
    let kind = if shop.is_some() { chance.weigh(&AT_TILL) } else { "in_app" };
    let extra = match kind {
        "payment_code" => Extra::Code { age_ms: chance.between(2_000, 40_000) as u32 },
        "in_app" if trade == Trade::Electronics => {
            Extra::Delivery { country: Country::CN, discount_fen: 0 }
        }
        _ => Extra::None,
    };
    // A phone that tells its position is at the till when it pays there.
    let till = thief.place.and(merchant.place).filter(|_| shop.is_some());
    let place = till.map(|place| beside(place, chance)).or(thief.place);
    let pay = Pay { kind, fen, funding: purse.funding(), merchant: &merchant, extra };
    stage.attempt(&Who { place, ..thief.who(fen) }, &Act::Pay(pay))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spree(craft: &Craft) -> Spree {
        let plan =
            Plan { fen: 1_000_000, purchases: (4, 4), minutes: 40, city: None, pace_min: 0.0 };
        Spree::of(&mut Chance::of(1, &[]), craft, &plan)
    }

    fn ended(ending: Ending) -> Outcome {
        Outcome { ending, at_ms: 1, event: 1, was_challenged: false, stake_fen: 1 }
    }

    const NAIVE: Craft =
        Craft { skill: 0.0, pace: 1.0, spread: 1, amount: 1.0, patience_h: 0.0, disguise: 0.0 };

    #[test]
    fn a_crew_that_has_learnt_takes_less_in_more_purchases() {
        let learnt = spree(&Craft { amount: 0.5, spread: 4, ..NAIVE });
        assert_eq!((learnt.left_fen, learnt.purchases), (500_000, 7));
        assert_eq!((spree(&NAIVE).left_fen, spree(&NAIVE).purchases), (1_000_000, 4));
    }

    #[test]
    fn a_thief_leaves_after_three_setbacks_in_a_row() {
        let mut spree = spree(&NAIVE);
        assert!(spree.settle(&ended(Ending::Blocked), 0));
        assert!(spree.settle(&ended(Ending::Failed), 0));
        assert!(spree.settle(&ended(Ending::Done), 1_000));
        assert!(spree.settle(&ended(Ending::Blocked), 0));
        assert!(spree.settle(&ended(Ending::Refused(Refusal::Suspicion)), 0));
        assert!(!spree.settle(&ended(Ending::Held), 0));
    }

    #[test]
    fn a_refused_card_is_put_away_and_an_empty_one_asked_for_less() {
        let mut spree = spree(&NAIVE);
        spree.settle(&ended(Ending::Refused(Refusal::Suspicion)), 0);
        assert_eq!((spree.purse, spree.left_fen), (1, 1_000_000));
        spree.settle(&ended(Ending::Refused(Refusal::Funds)), 0);
        assert_eq!((spree.purse, spree.left_fen), (1, 500_000));
    }

    #[test]
    fn a_spree_ends_when_the_last_purchase_is_done() {
        let mut spree = spree(&NAIVE);
        let bought = (0..4).map(|_| spree.settle(&ended(Ending::Done), 100_000));
        assert_eq!(bought.collect::<Vec<bool>>(), [true, true, true, false]);
    }
}
