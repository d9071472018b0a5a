//! The dry notices that a wallet hears all day: rates, merchants, telemetry, lists.
//!
//! None of them is scored. Rates are the same for the whole world, so one shard tells them; all
//! else is told by each shard for its own customers and in proportion to them.

use super::super::act::Note;
use super::super::asset::{Country, Device, Merchant};
use super::super::chance::mix;
use super::super::market::Trade;
use super::super::people;
use super::super::resident::customer::{Customer, DAY_MS, HOUR_MS, MINUTE_MS};
use super::super::stage::{Actor, Stage};

/// When the rates of a day are fixed: a quarter past nine in China.
const FIXING_MS: i64 = HOUR_MS + 15 * MINUTE_MS;
/// Notices about merchants a day: one for so many account slots, at least and at most so many.
const SLOTS_A_MERCHANT: f64 = 5_000.0;
const MERCHANTS: (f64, f64) = (0.5, 8.0);
/// Entries on watch lists a day.
const ENTRIES: f64 = 0.3;
/// Telemetry, and answers of operators, for each account slot and day.
const TELEMETRY: f64 = 0.002;
const SIMS: f64 = 0.001;
/// Names the phone of a merchant.
const OWNER: u64 = 0x6f77_6e72;

/// A kind of notice that comes again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Notice {
    Rates,
    Merchant,
    Telemetry,
    Sim,
    Entry,
}

/// Lets all notices come.
pub(super) fn begin(stage: &mut Stage<'_>) {
    if stage.ledger.shard == 0 {
        stage.spawn(stage.now_ms + FIXING_MS, Box::new(Notice::Rates));
    }
    for notice in [Notice::Merchant, Notice::Telemetry, Notice::Sim, Notice::Entry] {
        let at_ms = notice.next_ms(stage);
        stage.spawn(at_ms, Box::new(notice));
    }
}

impl Notice {
    fn next_ms(self, stage: &mut Stage<'_>) -> i64 {
        let slots = f64::from(stage.slots());
        let per_day = match self {
            Notice::Rates => return stage.now_ms + DAY_MS,
            Notice::Merchant => (slots / SLOTS_A_MERCHANT).clamp(MERCHANTS.0, MERCHANTS.1),
            Notice::Telemetry => slots * TELEMETRY,
            Notice::Sim => slots * SIMS,
            Notice::Entry => ENTRIES,
        };
        super::next_ms(stage, per_day)
    }
}

impl Actor for Notice {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        match self {
            Notice::Rates => rates(stage),
            Notice::Merchant => merchant(stage),
            Notice::Telemetry => telemetry(stage),
            Notice::Sim => sim(stage),
            Notice::Entry => entry(stage),
        }
        Some(self.next_ms(stage))
    }
}

fn rates(stage: &mut Stage<'_>) {
    let (now_ms, rates) = (stage.now_ms, &stage.ground.rates);
    for currency in rates.currencies() {
        let rate_e9 = rates.rate_e9(currency, now_ms);
        stage.note(now_ms, &Note::Rate { currency, rate_e9 });
    }
}

/// A merchant of any city, of the trades that move most.
fn any_merchant(stage: &mut Stage<'_>) -> Merchant {
    let ground = stage.ground;
    let city = ground.atlas.china(&mut stage.chance);
    let trade = stage.chance.weigh(&[
        (Trade::Food, 0.55),
        (Trade::Retail, 0.35),
        (Trade::Electronics, 0.05),
        (Trade::Hotel, 0.05),
    ]);
    ground.market.shop(city, trade, &mut stage.chance, stage.now_ms)
}

/// The phone with which a merchant is managed.
fn owners_phone(stage: &mut Stage<'_>, merchant: &Merchant) -> Device {
    let key = mix(merchant.key, OWNER) >> 4;
    Device { key, ..people::phone(stage, Country::CN) }
}

fn merchant(stage: &mut Stage<'_>) {
    /// Merchants among whom the youngest is the one that was onboarded.
    const CANDIDATES: usize = 24;
    let update = stage.chance.weigh(&[
        ("onboarded", 0.40),
        ("qr_reissued", 0.30),
        ("relocated", 0.10),
        ("status_changed", 0.20),
    ]);
    let mut merchant = any_merchant(stage);
    match update {
        "onboarded" => {
            for _ in 1..CANDIDATES {
                let other = any_merchant(stage);
                if merchant.onboarded_ms < other.onboarded_ms {
                    merchant = other;
                }
            }
        }
        "qr_reissued" => merchant.qr = stage.key(),
        "relocated" => {
            // Around the corner, or into the next quarter.
            merchant.place = merchant.place.map(|mut place| {
                place.lat_e3 += stage.chance.between(-12, 12) as i32;
                place.lon_e3 += stage.chance.between(-12, 12) as i32;
                place
            });
        }
        _ => {}
    }
    let device = owners_phone(stage, &merchant);
    let device = Some(&device);
    stage.note(stage.now_ms, &Note::Merchant { merchant: &merchant, update, device });
}

/// Telemetry of somebody's phone between two payments.
fn telemetry(stage: &mut Stage<'_>) {
    let Some(account) = stage.accounts.victim(&mut stage.chance, super::is_settled) else { return };
    let Some(customer) = Customer::find(stage, account) else { return };
    let spot = customer.at_home(stage);
    let session = customer.session(stage, "direct");
    let story = customer.story(stage, &spot.network);
    let who = customer.who(&spot, &session, story);
    stage.note(stage.now_ms, &Note::Telemetry(&who));
}

/// The operator says when the SIM of somebody's number last changed.
fn sim(stage: &mut Stage<'_>) {
    let Some(account) = stage.accounts.victim(&mut stage.chance, |_| true) else { return };
    let changed_ms = stage.accounts.get(account).map_or(0, |account| account.sim_changed_ms);
    let changed_ms = (0 < changed_ms).then_some(changed_ms);
    // Few take their number along to another operator, and then the SIM changes too.
    let ported_ms = changed_ms.filter(|_| stage.chance.hit(0.3));
    stage.note(stage.now_ms, &Note::Sim { account, changed_ms, ported_ms });
}

/// An analyst wants to see more of somebody.
fn entry(stage: &mut Stage<'_>) {
    let (list, prefix, reason) = stage.chance.weigh(&[
        (("watched_merchants", 'm', "complaints"), 0.6),
        (("watched_devices", 'd', "analyst"), 0.4),
    ]);
    let entry = if prefix == 'm' {
        any_merchant(stage).key
    } else {
        let account = stage.accounts.victim(&mut stage.chance, |_| true);
        let device = account.and_then(|account| stage.accounts.get(account));
        device.map_or(1, |account| account.device.key)
    };
    stage.note(stage.now_ms, &Note::List { list, kind: "watch", entry, prefix, reason });
}
