//! T17: a merchant that sells nothing.
//!
//! A small shop is opened, or an empty one bought, to turn cards into cash. Payers who want money
//! from their own cards, and a few with stolen ones, "buy" round sums all day long; the shop is
//! paid out the same day and hands nine tenths back. Some payers use the shop's own phone, some
//! never see the shop and pay a picture of its code from another city. When payments are stopped
//! the shop asks for less, prints another code, or moves. Hides who the payers are: each is an
//! ordinary account with a card; those that are new are opened, proven and linked before their
//! first sale.

use std::f64::consts::PI;

use crate::synth::act::{Act, Ending, Extra, Funding, Note, Outcome, Pay, Refusal, Who};
use crate::synth::asset::{Card, Country, Device, Merchant, Network, Place};
use crate::synth::chance::{Chance, mix};
use crate::synth::crew::{Brief, Craft, Playbook, Reaction};
use crate::synth::people;
use crate::synth::stage::{Actor, Stage};
use crate::synth::story::{Story, Typology, Vector};

use super::cash_out::thief::{
    DAY_MS, HOUR_MS, MINUTE_MS, Thief, after, log_uniform, paced, rest_ms, uniform,
};

pub(crate) const PLAYBOOK: Playbook =
    Playbook { typology: Typology::MerchantCollusion, events: 560.0, least: 20.0, begin };

/// Fake sales on a day, and days until the shop closes.
const SALES_A_DAY: (f64, f64) = (20.0, 300.0);
const RUN_DAYS: (f64, f64) = (3.0, 12.0);
/// The least of both that still shows what the shop is.
const SALES_A_DAY_MIN: f64 = 8.0;
const RUN_DAYS_MIN: f64 = 0.7;
/// Accounts that pay.
const PAYERS: (f64, f64) = (5.0, 50.0);
const PAYERS_MIN: f64 = 4.0;
/// Sales for each payer that is won while the shop runs.
const SALES_PER_RECRUIT: f64 = 6.0;
/// Share of payers with stolen cards; the others spend their own limit.
const STOLEN: f64 = 0.15;
/// Share of payers with their own card whose account is an old one already, and its age in days.
const SETTLED: f64 = 0.4;
const SETTLED_DAYS: (f64, f64) = (20.0, 500.0);
/// Share of payers who show their passport after opening an account.
const PROVEN: f64 = 0.6;
/// Share of payers on the shop's phone, and of those who pay a picture of the code from elsewhere,
/// when nobody cares.
const ON_SHOP_PHONE: f64 = 0.5;
const REMOTE: f64 = 0.25;
/// Share of sales at the counter among payers in town, how far from their usual place the others
/// are in kilometres, and how many phones tell their position.
const AT_COUNTER: f64 = 0.5;
const STROLL_KM: (f64, f64) = (0.2, 7.0);
const TOLD: f64 = 0.85;
/// Share of shops that were bought with a past, and their age in days; of the others, those that
/// rested since they were opened.
const BOUGHT: f64 = 0.22;
const BOUGHT_DAYS: (f64, f64) = (90.0, 2_000.0);
const RESTED: f64 = 0.4;
const RESTED_DAYS: (f64, f64) = (5.0, 50.0);
/// Share of shops that settle on the same day, that are of the smallest tier, that sell at night.
const SAME_DAY: f64 = 0.82;
const MICRO: f64 = 0.8;
const NIGHTLY: f64 = 0.35;
/// One ticket in CNY: log-normal, within these.
const TICKET_CNY: f64 = 420.0;
const TICKET_SIGMA: f64 = 0.8;
const TICKET_RANGE_CNY: (f64, f64) = (30.0, 9_800.0);
/// Opening hours by the shop's clock.
const OPENS_H: f64 = 9.0;
const CLOSES_H: f64 = 23.0;
/// Most codes that a shop hangs out.
const CODES_MAX: u32 = 4;
/// A shop that moves goes so far, in kilometres, or to another city.
const MOVE_KM: (f64, f64) = (3.0, 40.0);
const OTHER_CITY: f64 = 0.3;
/// Share of payers who do not come again after the wallet stopped them.
const SCARED: f64 = 0.2;
/// China's clock.
const CHINA_MS: f64 = 8.0 * HOUR_MS;
/// Names the stream that says where a remote payer sits.
const SEAT: u64 = 0x5EA7;

/// Trades that a shop without goods claims, with what it would sell: those of most small shops.
const FACADES: [(u16, &str); 5] = [
    (5812, "service"),
    (5814, "service"),
    (5411, "physical"),
    (5311, "physical"),
    (5651, "physical"),
];
/// How honest prices end, in fen.
const ENDINGS_FEN: [i64; 5] = [0, 0, 50, 80, 90];

/// How a ticket is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rounding {
    /// To hundreds, or to tens below.
    Round,
    /// Ends with .88, which brings luck.
    Lucky,
    /// As an honest bill would.
    Plain,
}

/// Who pays at the shop.
#[derive(Debug, Clone, Copy)]
struct Payer {
    account: u64,
    /// Not before this time: fresh cards rest.
    ready_ms: i64,
    is_stolen: bool,
    is_remote: bool,
}

/// Somebody who is about to become a payer.
#[derive(Debug, Clone, Copy)]
struct Recruit {
    thief: Thief,
    card: Card,
    is_stolen: bool,
    is_remote: bool,
    next: Enrolment,
}

/// What a recruit does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Enrolment {
    /// Opens the account, or enters a bought one.
    Enter,
    /// Shows a passport.
    Prove,
    /// Links the card, at this attempt.
    Link(u8),
}

/// The shop and its people.
#[derive(Debug)]
struct Shop {
    brief: Brief,
    merchant: Merchant,
    /// The phone from which the shop is run.
    phone: Device,
    /// Codes that it hangs out.
    codes: u32,
    payers: Vec<Payer>,
    /// Payers that are still to be won.
    wanted: u32,
    recruit: Option<Recruit>,
    /// Mean time between sales while it is open.
    gap_ms: f64,
    is_nightly: bool,
    is_announced: bool,
    closes_ms: i64,
}

fn begin(stage: &mut Stage<'_>, brief: Brief) -> Option<Box<dyn Actor>> {
    let craft = stage.craft(brief.crew);
    let phone = people::phone(stage, Country::CN);
    let (key, code) = (stage.key(), stage.key());
    let (ground, now_ms) = (stage.ground, stage.now_ms);
    let chance = &mut stage.chance;
    let city = ground.atlas.china(chance);
    let age_days = if chance.hit(BOUGHT) {
        uniform(chance, BOUGHT_DAYS)
    } else if chance.hit(RESTED.max(craft.disguise)) {
        uniform(chance, RESTED_DAYS)
    } else {
        0.0
    };
    let (mcc, goods) = chance.pick(&FACADES);
    let merchant = Merchant {
        key,
        mcc,
        place: Some(ground.atlas.near(city, 10.0, chance)),
        country: Country::CN,
        onboarded_ms: now_ms - (age_days * DAY_MS) as i64,
        qr: code,
        terminal: 0,
        tier: if chance.hit(MICRO) { "micro" } else { "small" },
        settlement: if chance.hit(SAME_DAY) { "t0" } else { "t1" },
        is_personal: false,
        goods,
    };
    // Sales and days shrink alike, so that a small episode is a short one and not a thin one.
    let shrink = brief.size.sqrt();
    let sales_a_day = (log_uniform(chance, SALES_A_DAY) * shrink).max(SALES_A_DAY_MIN);
    let run_days = (log_uniform(chance, RUN_DAYS) * shrink).max(RUN_DAYS_MIN);
    let payers = (log_uniform(chance, PAYERS) * brief.size).max(PAYERS_MIN);
    let is_nightly = chance.hit(NIGHTLY);
    let open_h = if is_nightly { 24.0 } else { CLOSES_H - OPENS_H };
    Some(Box::new(Shop {
        brief,
        merchant,
        phone,
        codes: 1,
        payers: Vec::new(),
        wanted: payers.round() as u32,
        recruit: None,
        gap_ms: open_h * HOUR_MS / sales_a_day,
        is_nightly,
        is_announced: 0.0 < age_days,
        closes_ms: now_ms + (run_days * DAY_MS) as i64,
    }))
}

impl Actor for Shop {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        if self.closes_ms <= stage.now_ms {
            return None;
        }
        if !self.is_announced {
            self.is_announced = true;
            self.tell(stage, "onboarded");
        }
        let craft = stage.craft(self.brief.crew);
        if self.recruit.is_some() {
            return self.enrol(stage, &craft);
        }
        let is_short = (self.payers.len() as f64) < PAYERS_MIN;
        if 0 < self.wanted && (is_short || stage.chance.hit(1.0 / SALES_PER_RECRUIT)) {
            self.wanted -= 1;
            let recruit = self.find(stage, &craft);
            if let Some(recruit) = recruit {
                self.recruit = Some(recruit);
                return self.enrol(stage, &craft);
            }
            // Somebody with an old account came in, who is there already.
            return Some(self.opening(stage.now_ms + MINUTE_MS as i64));
        }
        self.sell(stage, &craft)
    }
}

impl Shop {
    fn story(&self, is_stolen: bool) -> Story {
        let vector = if is_stolen { Vector::V1 } else { Vector::V8 };
        let Brief { episode, crew, .. } = self.brief;
        Story::fraud(Typology::MerchantCollusion, vector, episode, crew)
    }

    /// A change of the shop, by its own phone.
    fn tell(&self, stage: &mut Stage<'_>, update: &'static str) {
        let (merchant, device) = (&self.merchant, Some(&self.phone));
        stage.note(stage.now_ms, &Note::Merchant { merchant, update, device });
    }

    /// Finds the next payer: somebody who has yet to enrol, or `None` when the payer found can
    /// start at once.
    fn find(&mut self, stage: &mut Stage<'_>, craft: &Craft) -> Option<Recruit> {
        let ground = stage.ground;
        let chance = &mut stage.chance;
        let claims = ground.atlas.home_country(&ground.settings, chance);
        let is_stolen = chance.hit(STOLEN);
        let is_settled = !is_stolen && chance.hit(SETTLED.max(craft.disguise));
        let care = (1.0 - craft.disguise) / f64::from(craft.spread.max(1));
        let is_on_shop_phone = chance.hit(ON_SHOP_PHONE * care);
        let is_remote = !is_on_shop_phone && chance.hit(REMOTE * (1.0 - craft.disguise));
        let age_ms = if is_settled {
            (log_uniform(chance, SETTLED_DAYS) * DAY_MS) as i64
        } else if is_stolen {
            Thief::account_age_ms(craft, chance)
        } else {
            0
        };
        let device = if is_on_shop_phone { self.phone } else { people::phone(stage, Country::CN) };
        let here = (self.line(stage, device.key), self.merchant.place);
        let thief = Thief::settle(stage, self.brief.crew, claims, age_ms, Some(device), here);
        let payer = Payer { account: thief.account, ready_ms: stage.now_ms, is_stolen, is_remote };
        if is_settled {
            thief.give_own_card(stage);
            self.payers.push(payer);
            return None;
        }
        let card = if is_stolen {
            thief.buy_card(stage, self.brief.crew, craft, claims)
        } else {
            own_card(stage, &thief)
        };
        Some(Recruit { thief, card, is_stolen, is_remote, next: Enrolment::Enter })
    }

    /// The next step of whoever is about to become a payer.
    fn enrol(&mut self, stage: &mut Stage<'_>, craft: &Craft) -> Option<i64> {
        let mut recruit = self.recruit.take()?;
        let story = self.story(recruit.is_stolen);
        let outcome = match recruit.next {
            Enrolment::Enter => recruit.thief.enter(stage, story),
            Enrolment::Prove => prove(stage, &recruit.thief, story),
            Enrolment::Link(attempt) if recruit.is_stolen => {
                recruit.thief.link(stage, story, &recruit.card, attempt)
            }
            Enrolment::Link(attempt) => link_own(stage, &recruit, story, attempt),
        };
        let is_done = outcome.ending.is_done();
        let next = match recruit.next {
            Enrolment::Enter if is_done => {
                let proves = !recruit.is_stolen && stage.chance.hit(PROVEN);
                Some(if proves { Enrolment::Prove } else { Enrolment::Link(1) })
            }
            Enrolment::Enter => None,
            Enrolment::Prove => Some(Enrolment::Link(1)),
            Enrolment::Link(_) if is_done => {
                let ready_ms = after(&outcome, rest_ms(craft, &mut stage.chance));
                let Recruit { thief, is_stolen, is_remote, .. } = recruit;
                let account = thief.account;
                self.payers.push(Payer { account, ready_ms, is_stolen, is_remote });
                None
            }
            Enrolment::Link(attempt) => (attempt < 2).then_some(Enrolment::Link(attempt + 1)),
        };
        self.recruit = next.map(|next| Recruit { next, ..recruit });
        self.heed(stage, &outcome)?;
        let gap_ms = uniform(&mut stage.chance, (20_000.0, 120_000.0));
        Some(self.opening(after(&outcome, paced(gap_ms, craft))))
    }

    /// One fake sale.
    fn sell(&mut self, stage: &mut Stage<'_>, craft: &Craft) -> Option<i64> {
        let now_ms = stage.now_ms;
        if self.payers.is_empty() {
            return None;
        }
        let place = stage.chance.below(self.payers.len() as u64) as usize;
        let payer = self.payers[place];
        if now_ms < payer.ready_ms {
            let earliest = self.payers.iter().map(|payer| payer.ready_ms).min()?;
            let pause_ms = stage.chance.exponential(paced(self.gap_ms, craft));
            return Some(self.opening(earliest.max(now_ms + pause_ms as i64 + 1)));
        }
        let account = stage.accounts.get(payer.account);
        let Some((device, card)) =
            account.and_then(|account| Some((account.device, *account.cards.first()?)))
        else {
            self.payers.swap_remove(place);
            return Some(self.opening(now_ms + MINUTE_MS as i64));
        };
        let outcome = self.charge(stage, craft, &payer, &device, &card);
        if self.is_lost(&outcome, &mut stage.chance) {
            self.payers.swap_remove(place);
        }
        self.heed(stage, &outcome)?;
        let pause_ms = stage.chance.exponential(paced(self.gap_ms, craft));
        Some(self.opening(after(&outcome, pause_ms)))
    }

    fn charge(
        &self,
        stage: &mut Stage<'_>,
        craft: &Craft,
        payer: &Payer,
        device: &Device,
        card: &Card,
    ) -> Outcome {
        let auth = stage.chance.weigh(&[("pin", 0.5), ("biometric", 0.4), ("passkey", 0.1)]);
        let session = stage.session(auth, "qr_scan");
        let (network, place) = self.whereabouts(stage, payer, device);
        let codes = u64::from(self.codes.max(craft.spread.min(CODES_MAX)));
        let number = stage.chance.below(codes);
        // The first code keeps its id, the others are derived from it.
        let qr = if number == 0 { self.merchant.qr } else { mix(self.merchant.qr, number) >> 4 };
        let merchant = Merchant { qr, ..self.merchant };
        let fen = ticket_fen(craft, &mut stage.chance);
        let kind = stage.chance.weigh(&[
            ("merchant_qr_static", 0.75),
            ("merchant_qr_dynamic", 0.15),
            ("payment_code", 0.10),
        ]);
        let age_ms = stage.chance.log_normal(6_000.0, 0.8) as u32;
        let extra = if kind == "payment_code" { Extra::Code { age_ms } } else { Extra::None };
        let story = self.story(payer.is_stolen).staking(fen);
        let who = Who {
            account: payer.account,
            device,
            network: &network,
            place,
            session: &session,
            story,
        };
        let pay = Pay { kind, fen, funding: Funding::Card(card), merchant: &merchant, extra };
        stage.attempt(&who, &Act::Pay(pay))
    }

    /// Where a payer is: at the counter, or wherever he is in town with a picture of the code; some
    /// are never in this town.
    fn whereabouts(
        &self,
        stage: &mut Stage<'_>,
        payer: &Payer,
        device: &Device,
    ) -> (Network, Option<Place>) {
        let is_there = !payer.is_remote && stage.chance.hit(AT_COUNTER);
        let is_told = stage.chance.hit(TOLD);
        if is_there {
            return (self.line(stage, device.key), self.merchant.place.filter(|_| is_told));
        }
        let base =
            if payer.is_remote { Some(seat(stage, payer.account)) } else { self.merchant.place };
        let km = log_uniform(&mut stage.chance, STROLL_KM);
        let place = base.map(|base| moved(base, km, &mut stage.chance));
        let atlas = &stage.ground.atlas;
        let network = if payer.is_remote && stage.chance.hit(0.6) {
            atlas.home_line(Country::CN, payer.account)
        } else {
            atlas.mobile(Country::CN, payer.account)
        };
        (network, place.filter(|_| is_told))
    }

    /// Whether a payer does not come again.
    fn is_lost(&self, outcome: &Outcome, chance: &mut Chance) -> bool {
        match outcome.ending {
            Ending::Done => false,
            Ending::Void => true,
            Ending::Blocked | Ending::Failed | Ending::Abandoned | Ending::Held => {
                chance.hit(SCARED)
            }
            // The limit is used up, or this sum was too much.
            Ending::Refused(Refusal::Funds) => chance.hit(0.3),
            Ending::Refused(Refusal::Suspicion) => chance.hit(0.5),
            Ending::Refused(Refusal::Technical | Refusal::Other) => false,
            Ending::Refused(Refusal::Blocked | Refusal::Data | Refusal::NotPermitted) => true,
        }
    }

    /// Tells the crew how it went; `None` when it closes the shop.
    fn heed(&mut self, stage: &mut Stage<'_>, outcome: &Outcome) -> Option<()> {
        match stage.learn(self.brief.crew, outcome) {
            Reaction::Continue => {}
            Reaction::Change => self.evade(stage),
            Reaction::Quit => return None,
        }
        Some(())
    }

    /// Another code, or another address.
    fn evade(&mut self, stage: &mut Stage<'_>) {
        if stage.chance.hit(0.5) {
            self.codes = (self.codes + 1).min(CODES_MAX);
            self.merchant.qr = stage.key();
            return self.tell(stage, "qr_reissued");
        }
        let atlas = &stage.ground.atlas;
        let old = self.merchant.place;
        let is_far = stage.chance.hit(OTHER_CITY);
        self.merchant.place = old.map(|old| {
            if is_far {
                let city = atlas.china(&mut stage.chance);
                return atlas.near(city, 10.0, &mut stage.chance);
            }
            moved(old, log_uniform(&mut stage.chance, MOVE_KM), &mut stage.chance)
        });
        self.tell(stage, "relocated");
    }

    /// The line of a phone in the shop: its Wi-Fi, or the phone's own.
    fn line(&self, stage: &mut Stage<'_>, device: u64) -> Network {
        let atlas = &stage.ground.atlas;
        if device == self.phone.key || stage.chance.hit(0.4) {
            atlas.shared(Country::CN, self.merchant.key, "business")
        } else {
            atlas.mobile(Country::CN, device)
        }
    }

    /// This time, or the next opening after it.
    fn opening(&self, at_ms: i64) -> i64 {
        let local_ms = (at_ms as f64 + CHINA_MS).rem_euclid(DAY_MS);
        let hour = local_ms / HOUR_MS;
        if self.is_nightly || (OPENS_H..CLOSES_H).contains(&hour) {
            return at_ms;
        }
        let wait_h = (OPENS_H - hour).rem_euclid(24.0);
        // Not all shops open at the same minute.
        let late_ms = self.merchant.key % (40 * 60_000);
        at_ms + (wait_h * HOUR_MS) as i64 + late_ms as i64
    }
}

/// Where a payer who never comes to the shop sits: always at the same place.
fn seat(stage: &Stage<'_>, account: u64) -> Place {
    let chance = &mut Chance::of(stage.ground.seed, &[SEAT, account]);
    let city = stage.ground.atlas.china(chance);
    stage.ground.atlas.near(city, 9.0, chance)
}

/// A place so many kilometres away, in any direction.
fn moved(from: Place, km: f64, chance: &mut Chance) -> Place {
    let angle = 2.0 * PI * chance.unit();
    // A thousandth of a degree is some 111 m.
    let (north, east) = (km / 0.111 * angle.sin(), km / 0.111 * angle.cos());
    Place {
        lat_e3: (from.lat_e3 + north as i32).clamp(-89_000, 89_000),
        lon_e3: (from.lon_e3 + east as i32).clamp(-179_000, 179_000),
        ..from
    }
}

/// What one ticket is made out for.
fn ticket_fen(craft: &Craft, chance: &mut Chance) -> i64 {
    let (least, most) = TICKET_RANGE_CNY;
    let yuan = chance.log_normal(TICKET_CNY * craft.amount, TICKET_SIGMA).clamp(least, most);
    // Who hides well writes bills like everybody else.
    let plain = 0.2 + 0.6 * craft.disguise;
    let rounding = chance.weigh(&[
        (Rounding::Plain, plain),
        (Rounding::Round, (1.0 - plain) * 0.6),
        (Rounding::Lucky, (1.0 - plain) * 0.4),
    ]);
    match rounding {
        Rounding::Round if 200.0 <= yuan => (yuan / 100.0).round() as i64 * 10_000,
        Rounding::Round => (yuan / 10.0).round() as i64 * 1_000,
        Rounding::Lucky => yuan as i64 * 100 + 88,
        Rounding::Plain => yuan as i64 * 100 + chance.pick(&ENDINGS_FEN),
    }
}

/// A card that a recruit holds himself.
fn own_card(stage: &mut Stage<'_>, thief: &Thief) -> Card {
    let ground = stage.ground;
    let key = stage.key();
    let holder = stage.accounts.get(thief.account).map(|account| account.holder);
    let country = holder.map_or(Country(*b"US"), |holder| holder.residence);
    let name = holder.map_or(key, |holder| holder.name);
    Card { key, name, ..ground.atlas.card(country, stage.now_ms, &mut stage.chance) }
}

fn prove(stage: &mut Stage<'_>, thief: &Thief, story: Story) -> Outcome {
    let holder = stage.accounts.get(thief.account).map(|account| account.holder);
    let chance = &mut stage.chance;
    let act = Act::Verify {
        document: holder.map_or(0, |holder| holder.document),
        country: holder.map_or(Country(*b"US"), |holder| holder.nationality),
        name: holder.map_or(0, |holder| holder.name),
        nfc: chance.weigh(&[("verified", 0.6), ("not_read", 0.4)]),
        liveness: 1.0 - 0.12 * chance.unit(),
        face: 1.0 - 0.15 * chance.unit(),
        result: "pass",
        attempt: 1,
    };
    thief.attempt(stage, story, &act)
}

fn link_own(stage: &mut Stage<'_>, recruit: &Recruit, story: Story, attempt: u8) -> Outcome {
    let entry = stage.chance.weigh(&[("manual", 0.55), ("ocr", 0.35), ("nfc_tap", 0.10)]);
    let median_ms = if entry == "manual" { 21_000.0 } else { 6_000.0 };
    let act = Act::Link {
        card: &recruit.card,
        entry,
        entry_ms: stage.chance.log_normal(median_ms, 0.45) as u32,
        is_pasted: false,
        knows_cvv: true,
        attempt,
    };
    recruit.thief.attempt(stage, story, &act)
}

#[cfg(test)]
mod tests;
