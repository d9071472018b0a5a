//! L08, an issuer that is down: payments fail for technical reasons, and people try again.
//!
//! The wave of declines on one card range has the shape of an enumeration. What tells it apart: the
//! answers are technical, the cards are known for long, and the operator says that the issuer is
//! down. Some incidents only degrade the issuer and pass without a wave.

use super::super::act::Note;
use super::super::asset::{Account, Card, Persona};
use super::super::resident::customer::{Customer, DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};
use super::super::resident::errand::errand_of_the_day;
use super::super::resident::till::{Means, Purchase};
use super::super::stage::{Actor, Stage};
use super::super::story::LookAlike;
use super::Buyer;

/// Incidents a day: one for so many account slots, at least and at most so many.
const SLOTS_AN_INCIDENT: f64 = 60_000.0;
const INCIDENTS: (f64, f64) = (0.2, 0.35);
/// Incidents that only degrade the issuer.
const DEGRADED: f64 = 0.3;
/// How long one lasts: median minutes and the deviation of the logarithm.
const LASTS_MIN: (f64, f64) = (55.0, 0.7);
/// Customers whom it strands: one of so many slots, at least and at most so many.
const SLOTS_A_CUSTOMER: u32 = 120;
const CUSTOMERS: (u32, u32) = (5, 40);
/// Looks for such a customer for each one that is to be found.
const LOOKS: u32 = 5;

/// Cards of the wave are known for longer than this.
const KNOWN_MS: i64 = 7 * DAY_MS;

/// Where the next incident comes from.
struct Incidents;

/// An issuer that is down.
struct Outage {
    card: Card,
    until_ms: i64,
    gap_ms: f64,
    /// Customers still to be stranded, and looks for them.
    left: u32,
    looks: u32,
}

/// Lets issuers fail now and then.
pub(super) fn begin(stage: &mut Stage<'_>) {
    let at_ms = next(stage);
    stage.spawn(at_ms, Box::new(Incidents));
}

fn next(stage: &mut Stage<'_>) -> i64 {
    let per_day = f64::from(stage.slots()) / SLOTS_AN_INCIDENT;
    super::next_ms(stage, per_day.clamp(INCIDENTS.0, INCIDENTS.1))
}

impl Actor for Incidents {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        if let Some(card) = someones_card(stage) {
            let (median, sigma) = LASTS_MIN;
            let lasts_min = stage.chance.log_normal(median, sigma).clamp(12.0, 300.0);
            let until_ms = stage.now_ms + (lasts_min * MINUTE_MS as f64) as i64;
            let is_degraded = stage.chance.hit(DEGRADED);
            let health = if is_degraded { "degraded" } else { "outage" };
            // The operator hears of it after some minutes, and gives a guess of its end.
            let told_ms = stage.now_ms + stage.chance.between(30, 300) * SECOND_MS;
            let guess_ms = (until_ms + stage.chance.between(-10, 40) * MINUTE_MS)
                .max(told_ms + 10 * MINUTE_MS);
            stage.note(told_ms, &Note::Issuer { card: &card, health, until_ms: guess_ms });
            let ok = Note::Issuer { card: &card, health: "ok", until_ms: 0 };
            stage.note(until_ms.max(told_ms) + MINUTE_MS, &ok);
            if !is_degraded {
                stage.outage(card.issuer, until_ms);
                let count = (stage.slots() / SLOTS_A_CUSTOMER).clamp(CUSTOMERS.0, CUSTOMERS.1);
                let looks = count * LOOKS;
                let gap_ms = (until_ms - stage.now_ms) as f64 / f64::from(looks);
                let outage = Outage { card, until_ms, gap_ms, left: count, looks };
                stage.spawn(stage.now_ms + MINUTE_MS, Box::new(outage));
            }
        }
        Some(next(stage).max(stage.now_ms + HOUR_MS))
    }
}

/// A card that somebody who is not on the way has linked.
fn someones_card(stage: &mut Stage<'_>) -> Option<Card> {
    let has_card = |account: &Account| super::is_settled(account) && !account.cards.is_empty();
    let account = stage.accounts.victim(&mut stage.chance, has_card)?;
    stage.accounts.get(account)?.cards.first().copied()
}

impl Outage {
    /// A customer of the issuer wants to pay just now.
    fn strand(&self, stage: &mut Stage<'_>) -> Option<()> {
        let issuer = self.card.issuer;
        let known_ms = stage.now_ms - KNOWN_MS;
        let of_issuer = |card: &Card| card.issuer == issuer && card.linked_ms < known_ms;
        let account = stage.accounts.victim(&mut stage.chance, |account| {
            account.persona == Persona::Resident && account.cards.iter().any(of_issuer)
        })?;
        let customer = Customer::find(stage, account)?;
        let card = *stage.accounts.get(account)?.cards.iter().find(|card| of_issuer(card))?;
        let wanted = errand_of_the_day(stage, &customer)?;
        let means = Means::Card(card.key);
        let purchase = Purchase { means, look: Some(LookAlike::IssuerOutage), ..wanted };
        if !purchase.merchant.is_personal {
            Buyer::enter(stage, stage.now_ms, account, purchase);
        }
        Some(())
    }
}

impl Actor for Outage {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        self.looks = self.looks.checked_sub(1)?;
        // Often nobody of this issuer wants to pay just then.
        if self.strand(stage).is_some() {
            self.left = self.left.checked_sub(1)?;
        }
        let gap_ms = stage.chance.exponential(self.gap_ms) as i64 + SECOND_MS;
        let next_ms = stage.now_ms + gap_ms;
        (next_ms < self.until_ms).then_some(next_ms)
    }
}
