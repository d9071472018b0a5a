//! L07, festivals: a shop takes in an hour what it takes in a week.
//!
//! On the days of a festival fairs and food streets open, each a merchant of its city that
//! residents flock to. The burst has the shape of a cash-out, but the payers are many and
//! different, the sums are small and every shop of the city is busy at the same time.

use super::super::act::Extra;
use super::super::asset::{Merchant, Persona};
use super::super::market::Trade;
use super::super::resident::customer::{Customer, DAY_MS, HOUR_MS, SECOND_MS};
use super::super::resident::till::{Means, Purchase};
use super::super::stage::{Actor, Stage};
use super::super::story::LookAlike;
use super::Buyer;

/// Account slots for each fair of a day.
const SLOTS_A_FAIR: f64 = 2_500.0;
/// Of the residents of a city, those who come to a fair; and how many come at least and at most.
const VISITORS: f64 = 0.25;
const VISITORS_FEW: f64 = 5.0;
const VISITORS_MANY: f64 = 70.0;
/// How long a fair lasts, in hours.
const HOURS: (f64, f64) = (1.0, 4.0);

/// Opens fairs when there is a festival.
struct Fairs;

/// A fair: a busy merchant.
struct Fair {
    merchant: Merchant,
    trade: Trade,
    left: u16,
    gap_s: f64,
}

/// Lets fairs open on the days of festivals.
pub(super) fn begin(stage: &mut Stage<'_>) {
    // Early morning in China.
    let at_ms = stage.now_ms + 22 * HOUR_MS + stage.chance.between(0, HOUR_MS);
    stage.spawn(at_ms, Box::new(Fairs));
}

impl Actor for Fairs {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let next_ms = stage.now_ms + DAY_MS;
        if stage.ground.calendar.peak(stage.now_ms).is_some() {
            let fairs = 1 + stage.chance.poisson(f64::from(stage.slots()) / SLOTS_A_FAIR);
            for _ in 0..fairs {
                open(stage);
            }
        }
        Some(next_ms)
    }
}

/// Opens a fair for today.
fn open(stage: &mut Stage<'_>) {
    let ground = stage.ground;
    let city = ground.atlas.china(&mut stage.chance);
    let trade = if stage.chance.hit(0.7) { Trade::Food } else { Trade::Retail };
    let merchant = ground.market.shop(city, trade, &mut stage.chance, stage.now_ms);
    if merchant.is_personal {
        return;
    }
    let inland = ground.atlas.cities().iter().take_while(|c| c.country == merchant.country);
    let sum: f64 = inland.map(|city| city.weight).sum();
    let share = ground.atlas.cities()[usize::from(city)].weight / sum.max(f64::MIN_POSITIVE);
    let residents = f64::from(stage.slots()) * ground.settings.personas.resident.share * share;
    let visitors = (residents * VISITORS).clamp(VISITORS_FEW, VISITORS_MANY);
    let hours = HOURS.0 + (HOURS.1 - HOURS.0) * stage.chance.unit();
    let fair = Fair { merchant, trade, left: visitors as u16, gap_s: hours * 3_600.0 / visitors };
    let at_ms = stage.now_ms + stage.chance.between(3 * HOUR_MS, 13 * HOUR_MS);
    stage.spawn(at_ms, Box::new(fair));
}

impl Fair {
    /// Somebody of the city pays at the fair.
    fn welcome(&self, stage: &mut Stage<'_>) -> Option<()> {
        let city = self.merchant.place?.city;
        let account = stage.accounts.victim(&mut stage.chance, |account| {
            account.persona == Persona::Resident && account.home.city == city
        })?;
        let customer = Customer::find(stage, account)?;
        let fen = stage.ground.market.amount_fen(self.trade, &mut stage.chance);
        let purchase = Purchase {
            kind: "merchant_qr_static",
            fen,
            merchant: self.merchant,
            extra: Extra::None,
            means: Means::choose(stage, &customer, fen)?,
            look: Some(LookAlike::FestivalPeak),
            tries: 0,
        };
        Buyer::enter(stage, stage.now_ms, account, purchase);
        Some(())
    }
}

impl Actor for Fair {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        self.left = self.left.checked_sub(1)?;
        // A small world may have nobody in this city.
        let _ = self.welcome(stage);
        let gap_s = stage.chance.exponential(self.gap_s);
        Some(stage.now_ms + (gap_s * SECOND_MS as f64) as i64)
    }
}
