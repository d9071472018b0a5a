//! T10, third-party top-up laundering: a seller of cheap wallet balance.
//!
//! An intermediary sells balance below its price and pays with stolen cards or illicit cash. Most
//! buyers are honest residents who found a bargain and spend it as usual; others are wallets of the
//! crew, which pass the money on. The naive seller has no licence, or a payer for every sale; the
//! careful one looks like an agent, writes the full price, keeps one payer to a wallet and splits
//! the trade over several intermediaries. Each stays below 500 dollars a sale and changes its name
//! monthly.
//!
//! The stake is a sale that a stolen card pays: the cardholder takes it back. Cash that is washed
//! is fraud without a loss to the wallet.

use crate::synth::act::Act;
use crate::synth::asset::{Country, Persona};
use crate::synth::chance::mix;
use crate::synth::crew::{Brief, Playbook};
use crate::synth::market::Trade;
use crate::synth::stage::{Actor, Stage};
use crate::synth::story::{Typology, Vector};

use super::mule_ring::hand::{DAY_MS, HOUR_MS, Hand, Purchase, is_lost, waking, whole_yuan};

/// T10.
pub(crate) const PLAYBOOK: Playbook =
    Playbook { typology: Typology::TopupLaundering, events: 700.0, least: 33.0, begin };

/// Beneficiaries a day.
const A_DAY: (f64, f64) = (20.0, 400.0);
/// Fewer are no trade.
const FEWEST_A_DAY: u32 = 5;
/// How long an episode lasts, in days.
const DAYS: (f64, f64) = (3.0, 10.0);
/// How long an intermediary keeps its name.
const NAME_DAYS: f64 = 30.0;
/// A sale: median in CNY fen, deviation of the logarithm, least.
const SALE_FEN: (f64, f64, f64) = (70_000.0, 0.7, 8_000.0);
/// Every sale stays below this, in US cents.
const CEILING_CENTS: i64 = 500_00;
/// What the buyer saves.
const DISCOUNT: (f64, f64) = (0.05, 0.15);
/// Share of crews that write the full price and a small fee whatever their care.
const FULL_PRICE: f64 = 0.15;
/// Sales that stolen cards pay.
const BY_STOLEN_CARD: f64 = 0.5;
/// Sales to the crew's own wallets; the others go to people who know nothing.
const TO_OWN: f64 = 0.4;
/// Own wallets for each daily sale to them.
const OWN_WALLETS: f64 = 0.5;
/// Share of credits of own wallets that are passed on; the others are spent as anybody would.
const PASSED_ON: f64 = 0.55;
/// How long a credit rests in an own wallet, mean.
const REST_H: f64 = 3.0;
/// Share of a credit that is passed on.
const PASSED_SHARE: (f64, f64) = (0.7, 0.97);
/// Careless sellers without a licence.
const UNLICENSED: f64 = 0.6;

fn begin(stage: &mut Stage<'_>, brief: Brief) -> Option<Box<dyn Actor>> {
    let hand = Hand::of(stage, brief, Typology::TopupLaundering, Vector::V7);
    let a_day = hand.many(&mut stage.chance, A_DAY, FEWEST_A_DAY);
    let own = (f64::from(a_day) * TO_OWN * OWN_WALLETS).ceil() as usize;
    let days = hand.between(&mut stage.chance, DAYS);
    let has_licence = stage.chance.hit(hand.craft.disguise) || !stage.chance.hit(UNLICENSED);
    // The name may be of any age up to the month for which it is kept.
    let named_ms = stage.now_ms - (stage.chance.unit() * NAME_DAYS * DAY_MS) as i64;
    Some(Box::new(Seller {
        hand,
        mean_gap_ms: DAY_MS / f64::from(a_day),
        until_ms: stage.now_ms + (days * DAY_MS) as i64,
        name: stage.key(),
        named_ms,
        licence: if has_licence { "agent" } else { "unknown" },
        is_full_price: stage
            .chance
            .hit(FULL_PRICE + (1.0 - FULL_PRICE) * 0.6 * hand.craft.disguise),
        own: vec![0; own],
        next_sale_ms: stage.now_ms,
        credits: Vec::new(),
    }))
}

/// The seller at work.
struct Seller {
    hand: Hand,
    /// Between two sales at the usual pace.
    mean_gap_ms: f64,
    until_ms: i64,
    /// What its intermediaries' ids derive from, and since when.
    name: u64,
    named_ms: i64,
    licence: &'static str,
    is_full_price: bool,
    /// Wallets of the crew; 0 for one that is still to be bought.
    own: Vec<u64>,
    next_sale_ms: i64,
    /// Credits of own wallets that are to leave.
    credits: Vec<Credit>,
}

#[derive(Clone, Copy)]
struct Credit {
    due_ms: i64,
    account: u64,
    fen: i64,
}

impl Seller {
    /// One of the intermediaries in use, under the name of the month.
    fn intermediary(&mut self, stage: &mut Stage<'_>) -> u64 {
        if (NAME_DAYS * DAY_MS) as i64 <= stage.now_ms - self.named_ms {
            self.name = stage.key();
            self.named_ms = stage.now_ms;
        }
        let fronts = u64::from(self.hand.craft.spread.max(1));
        mix(self.name, stage.chance.below(fronts)) >> 4
    }

    /// Who is credited: a wallet of the crew, or somebody who knows nothing.
    fn beneficiary(&mut self, stage: &mut Stage<'_>) -> u64 {
        let buyer = if stage.chance.hit(TO_OWN) {
            None
        } else {
            stage.accounts.victim(&mut stage.chance, |account| account.persona == Persona::Resident)
        };
        buyer.unwrap_or_else(|| {
            let slot = stage.chance.below(self.own.len() as u64) as usize;
            if self.own[slot] == 0 || is_lost(stage, self.own[slot]) {
                let age_ms = self.hand.age_ms(&mut stage.chance);
                let account = self.hand.recruit(stage, age_ms);
                self.own[slot] = account.key;
                stage.accounts.insert(account);
            }
            self.own[slot]
        })
    }

    /// What a sale is worth, below the ceiling.
    fn price(&self, stage: &mut Stage<'_>) -> i64 {
        let (median, sigma, least) = SALE_FEN;
        let fen = stage.chance.log_normal(median, sigma) * self.hand.craft.amount;
        let dollar_fen = 100_000_000.0 / stage.ground.rates.cents(1_000_000, stage.now_ms) as f64;
        let ceiling = CEILING_CENTS as f64 / 100.0 * dollar_fen * 0.995;
        whole_yuan(fen.clamp(least, ceiling) - 50.0)
    }

    fn sell(&mut self, stage: &mut Stage<'_>) -> Option<()> {
        let gap_ms = self.hand.gap_ms(&mut stage.chance, self.mean_gap_ms);
        self.next_sale_ms = waking(stage.now_ms + gap_ms.max(2_000));
        let (account, intermediary) = (self.beneficiary(stage), self.intermediary(stage));
        let fen = self.price(stage);
        let craft = self.hand.craft;
        let is_stolen = stage.chance.hit(BY_STOLEN_CARD);
        let paid_share = if self.is_full_price {
            1.0 + self.hand.between(&mut stage.chance, (0.003, 0.03))
        } else {
            1.0 - self.hand.between(&mut stage.chance, DISCOUNT)
        };
        // A careful seller shows the same payer for all credits of a wallet.
        let is_one_payer = stage.chance.hit(0.2 + 0.8 * craft.disguise);
        let payer = if is_one_payer { mix(account, 13) >> 4 } else { stage.key() };
        let cash =
            [("cash", 3.0), ("bank", 3.0), ("unknown", 2.0), ("crypto", 1.0), ("voucher", 1.0)];
        let holders = [("no", 1.0), ("unknown", 1.0), ("yes", 0.4 + 1.6 * craft.disguise)];
        let top_up = Act::TopUp {
            intermediary,
            licence: self.licence,
            fen,
            paid_fen: (fen as f64 * paid_share) as i64,
            payer,
            payer_is_holder: stage.chance.weigh(&holders),
            instrument: if is_stolen { "card" } else { stage.chance.weigh(&cash) },
            payer_country: payer_country(stage, account),
        };
        let stake_fen = if is_stolen { fen } else { 0 };
        let outcome = self.hand.fraud(stage, account, stake_fen, &top_up)?;
        if outcome.ending.is_done() && self.own.contains(&account) {
            let rest_ms = (craft.patience_h + stage.chance.exponential(REST_H)) * HOUR_MS;
            let due_ms = waking(outcome.at_ms + rest_ms as i64);
            self.credits.push(Credit { due_ms, account, fen });
        }
        Some(())
    }

    /// A credit of an own wallet is passed on, or spent as anybody would.
    fn pass_on(&mut self, stage: &mut Stage<'_>, credit: Credit) -> Option<()> {
        if stage.chance.hit(PASSED_ON) {
            let share = self.hand.between(&mut stage.chance, PASSED_SHARE);
            let fen = whole_yuan(credit.fen as f64 * share);
            self.hand.exit(stage, credit.account, fen, 0)?;
        } else {
            let trades = [(Trade::Food, 3.0), (Trade::Retail, 3.0), (Trade::GiftCards, 1.0)];
            let trade = stage.chance.weigh(&trades);
            let usual = stage.ground.market.amount_fen(trade, &mut stage.chance);
            let purchase = Purchase { trade, fen: usual.min(credit.fen), card: None };
            self.hand.buy(stage, credit.account, purchase, self.hand.story().cover());
        }
        Some(())
    }
}

/// Where the payer is said to be: mostly where the buyer comes from.
fn payer_country(stage: &mut Stage<'_>, account: u64) -> Country {
    let home = stage.accounts.get(account).map(|account| account.holder.nationality);
    let ground = stage.ground;
    match home.filter(|_| stage.chance.hit(0.6)) {
        Some(country) => country,
        None => ground.atlas.home_country(&ground.settings, &mut stage.chance),
    }
}

impl Actor for Seller {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let due = self.credits.iter().position(|credit| credit.due_ms <= stage.now_ms);
        match due {
            Some(due) => {
                let credit = self.credits.swap_remove(due);
                self.pass_on(stage, credit)?;
            }
            None if self.next_sale_ms <= stage.now_ms => self.sell(stage)?,
            None => {}
        }
        if self.until_ms <= self.next_sale_ms {
            self.next_sale_ms = i64::MAX;
        }
        let next_ms = self.credits.iter().map(|credit| credit.due_ms).min();
        let next_ms = next_ms.unwrap_or(i64::MAX).min(self.next_sale_ms);
        (next_ms != i64::MAX).then_some(next_ms.max(stage.now_ms + 1_000))
    }
}
