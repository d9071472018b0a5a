//! T22: other people's money through a code that is not what it seems.
//!
//! A sticker: a crook glues his own code over that of a shop, and for a day or two honest guests
//! pay him for their noodles, with their own phones, until the owner misses the money; then he goes
//! on to the next counter. A skim: he stands behind somebody who shows a payment code, scans it
//! within seconds and charges a little less than what would ask questions. The guests are real
//! customers of the world; residents pay in their own city with their position, visitors without.
//! Nobody else knows which shop it was: what is seen is a young merchant, or a private code, that
//! moves.

use crate::synth::act::{Act, Extra, Funding, Note, Outcome, Pay, Who};
use crate::synth::asset::{Account, Card, Country, Device, Health, Merchant, Persona, Place};
use crate::synth::chance::{Chance, mix};
use crate::synth::crew::{Brief, Craft, Playbook, Reaction};
use crate::synth::market::Trade;
use crate::synth::people;
use crate::synth::resident::customer::{Customer, Spot};
use crate::synth::stage::{Actor, Stage};
use crate::synth::story::{Story, Typology, Vector};

use super::cash_out::thief::{
    DAY_MS, HOUR_MS, after, is_good, log_uniform, paced, rest_ms, uniform,
};

pub(crate) const PLAYBOOK: Playbook =
    Playbook { typology: Typology::QrSwap, events: 110.0, least: 12.0, begin };

/// Share of episodes with a sticker; the others skim.
const STICKERS: f64 = 0.7;
/// Days that it lasts.
const RUN_DAYS: (f64, f64) = (1.0, 3.0);
/// Guests who pay a sticker on a day, and codes skimmed on a day.
const GUESTS_A_DAY: (f64, f64) = (30.0, 150.0);
const SKIMS_A_DAY: (f64, f64) = (4.0, 15.0);
/// The least of both that still shows the pattern.
const GUESTS_A_DAY_MIN: f64 = 5.0;
const SKIMS_A_DAY_MIN: f64 = 3.0;
/// What a guest pays, in CNY.
const BILL_CNY: (f64, f64) = (10.0, 60.0);
/// How prices end, in fen.
const ENDINGS_FEN: [i64; 5] = [0, 0, 50, 80, 90];
/// What a skimmed code is charged, in CNY, with weights.
const SKIM_CNY: [(f64, f64); 4] = [(999.0, 0.55), (998.0, 0.20), (980.0, 0.15), (888.0, 0.10)];
/// Age of a skimmed code in seconds: scanned on the spot, or from a picture that was sent on.
const SCANNED_S: (f64, f64) = (3.0, 0.6);
const SENT_ON_S: (f64, f64) = (28.0, 0.7);
const SENT_ON: f64 = 0.35;
/// Share of naive stickers with the private code of a person; the others belong to a merchant.
const PRIVATE: f64 = 0.4;
/// Share of merchants that were opened long before, and how long, in days.
const AGED: f64 = 0.3;
const AGED_DAYS: (f64, f64) = (60.0, 2_000.0);
/// Most codes that a crew has at a time.
const CODES_MAX: u32 = 4;
/// Days between two counters.
const STAY_DAYS: (f64, f64) = (0.7, 1.3);
/// Hours in which guests pay, on the shop's clock.
const OPENS_H: f64 = 9.0;
const CLOSES_H: f64 = 22.0;
const CHINA_MS: f64 = 8.0 * HOUR_MS;
const CHINA_MIN: i16 = 480;

/// How the money is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trick {
    Sticker,
    Skim,
}

/// Somebody with a code of his own.
#[derive(Debug)]
struct Swapper {
    brief: Brief,
    trick: Trick,
    merchant: Merchant,
    phone: Device,
    /// Where the counter is, which may be elsewhere than the merchant says.
    counter: Place,
    /// Whether the merchant tells each new address.
    is_registered: bool,
    is_announced: bool,
    gap_ms: f64,
    moves_ms: i64,
    ends_ms: i64,
}

/// Whether somebody may stand at a counter in this city: who lives there, or visits the country.
fn is_guest(account: &Account, city: u16, now_ms: i64) -> bool {
    account.frozen_until_ms <= now_ms
        && working_card(account).is_some()
        && (lives_in(account, city) || is_visiting(account))
}

fn lives_in(account: &Account, city: u16) -> bool {
    account.persona == Persona::Resident && account.home.city == city
}

/// Whether the phone of a visitor says that he has come: it roams, or has a local SIM.
fn is_visiting(account: &Account) -> bool {
    let device = &account.device;
    let is_visitor = matches!(account.persona, Persona::Tourist | Persona::Business);
    let is_here = device.is_roaming || device.sim_country == Country::CN;
    is_visitor && is_here && device.tz_offset_min == CHINA_MIN
}

fn working_card(account: &Account) -> Option<Card> {
    account.cards.iter().find(|card| card.health == Health::Live && !card.is_stolen).copied()
}

/// A counter where there are customers: in the city of a random resident, else in a large one.
fn counter(stage: &mut Stage<'_>) -> Option<Place> {
    let ground = stage.ground;
    let is_resident = |account: &Account| account.persona == Persona::Resident;
    let resident = stage.accounts.victim(&mut stage.chance, is_resident);
    let home = resident.and_then(|key| stage.accounts.get(key)).map(|account| account.home.city);
    let city = home.unwrap_or_else(|| ground.atlas.china(&mut stage.chance));
    let trade = stage.chance.weigh(&[(Trade::Food, 0.7), (Trade::Retail, 0.3)]);
    ground.market.shop(city, trade, &mut stage.chance, stage.now_ms).place
}

fn begin(stage: &mut Stage<'_>, brief: Brief) -> Option<Box<dyn Actor>> {
    let craft = stage.craft(brief.crew);
    let counter = counter(stage)?;
    let phone = people::phone(stage, Country::CN);
    let (key, qr, terminal) = (stage.key(), stage.key(), stage.key());
    let now_ms = stage.now_ms;
    let chance = &mut stage.chance;
    let trick = if chance.hit(STICKERS) { Trick::Sticker } else { Trick::Skim };
    let is_private = trick == Trick::Sticker && chance.hit(PRIVATE) && !is_good(&craft, chance);
    let age_days = if chance.hit(AGED.max(craft.disguise)) {
        log_uniform(chance, AGED_DAYS)
    } else {
        // The papers of a small merchant take a day or two, and fresh ones may rest.
        uniform(chance, (0.0, 2.0)) + rest_ms(&craft, chance) / DAY_MS
    };
    let is_kitchen = chance.hit(0.65);
    let merchant = Merchant {
        key,
        mcc: if is_kitchen { 5812 } else { 5411 },
        place: Some(counter),
        country: Country::CN,
        onboarded_ms: now_ms - (age_days * DAY_MS) as i64,
        qr,
        terminal: if trick == Trick::Skim { terminal } else { 0 },
        tier: "micro",
        settlement: if chance.hit(0.7) { "t0" } else { "t1" },
        is_personal: is_private,
        goods: if is_kitchen { "service" } else { "physical" },
    };
    let (range, least) = match trick {
        Trick::Sticker => (GUESTS_A_DAY, GUESTS_A_DAY_MIN),
        Trick::Skim => (SKIMS_A_DAY, SKIMS_A_DAY_MIN),
    };
    let a_day = (log_uniform(chance, range) * brief.size).max(least);
    let is_registered = chance.hit(0.5);
    let moves_ms = now_ms + (uniform(chance, STAY_DAYS) * DAY_MS) as i64;
    let ends_ms = now_ms + (uniform(chance, RUN_DAYS) * DAY_MS) as i64;
    Some(Box::new(Swapper {
        brief,
        trick,
        merchant,
        phone,
        counter,
        is_registered,
        is_announced: false,
        gap_ms: (CLOSES_H - OPENS_H) * HOUR_MS / a_day,
        moves_ms,
        ends_ms,
    }))
}

impl Actor for Swapper {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let now_ms = stage.now_ms;
        if self.ends_ms <= now_ms {
            return None;
        }
        if !self.is_announced {
            self.is_announced = true;
            // The code may be years old; what is new is that it hangs here.
            self.tell(stage, "qr_reissued");
        }
        if self.moves_ms <= now_ms {
            self.move_on(stage);
        }
        let craft = stage.craft(self.brief.crew);
        let pause_ms = stage.chance.exponential(paced(self.gap_ms, &craft));
        let city = self.counter.city;
        let fits = |account: &Account| is_guest(account, city, now_ms);
        let Some(guest) = stage.accounts.victim(&mut stage.chance, fits) else {
            return Some(self.opening(now_ms + pause_ms as i64 + 1));
        };
        let outcome = self.take(stage, &craft, guest)?;
        match stage.learn(self.brief.crew, &outcome) {
            Reaction::Continue => {}
            Reaction::Change => self.change(stage),
            Reaction::Quit => return None,
        }
        Some(self.opening(after(&outcome, pause_ms)))
    }
}

impl Swapper {
    /// A change of the merchant, by the crook's phone.
    fn tell(&self, stage: &mut Stage<'_>, update: &'static str) {
        let (merchant, device) = (&self.merchant, Some(&self.phone));
        stage.note(stage.now_ms, &Note::Merchant { merchant, update, device });
    }

    /// On to the next counter.
    fn move_on(&mut self, stage: &mut Stage<'_>) {
        let days = uniform(&mut stage.chance, STAY_DAYS);
        self.moves_ms = stage.now_ms + (days * DAY_MS) as i64;
        if let Some(next) = counter(stage) {
            self.counter = next;
            if self.is_registered {
                self.merchant.place = Some(next);
                self.tell(stage, "relocated");
            }
        }
    }

    /// The wallet has stopped him: a merchant's code instead of a private one, or another counter.
    fn change(&mut self, stage: &mut Stage<'_>) {
        self.merchant.qr = stage.key();
        if self.merchant.is_personal {
            self.merchant.key = stage.key();
            self.merchant.is_personal = false;
            self.merchant.onboarded_ms = stage.now_ms;
            return self.tell(stage, "onboarded");
        }
        self.tell(stage, "qr_reissued");
        self.move_on(stage);
    }

    /// Takes a guest's money; `None` when he has no card any more.
    fn take(&self, stage: &mut Stage<'_>, craft: &Craft, guest: u64) -> Option<Outcome> {
        let account = stage.accounts.get(guest)?;
        let (device, card) = (account.device, working_card(account)?);
        let is_local = lives_in(account, self.counter.city);
        let customer = Customer::of(account);
        let spot = if is_local {
            customer.in_town(stage, self.counter)
        } else {
            // Where a visitor was last is not known, so his phone does not say where he is now.
            Spot { network: stage.ground.atlas.mobile(device.sim_country, guest), place: None }
        };
        let is_skim = self.trick == Trick::Skim;
        let session = customer.session(stage, if is_skim { "direct" } else { "qr_scan" });
        let (kind, fen, extra, vector) = if is_skim {
            self.skim(stage, craft)
        } else {
            // Whoever pays a sticker is the rightful user, and passes whatever the wallet asks.
            ("merchant_qr_static", bill_fen(stage, craft), Extra::None, Vector::V6)
        };
        let Brief { episode, crew, .. } = self.brief;
        let who = Who {
            account: guest,
            device: &device,
            network: &spot.network,
            place: spot.place,
            session: &session,
            story: Story::fraud(Typology::QrSwap, vector, episode, crew).staking(fen),
        };
        let merchant = self.code(craft, &mut stage.chance);
        let funding = Funding::Card(&card);
        let pay = Pay { kind, fen, funding, merchant: &merchant, extra };
        Some(stage.attempt(&who, &Act::Pay(pay)))
    }

    /// One of the codes that he has: a crew that splits its work signs up several merchants.
    fn code(&self, craft: &Craft, chance: &mut Chance) -> Merchant {
        let number = chance.below(u64::from(craft.spread.clamp(1, CODES_MAX)));
        if number == 0 {
            return self.merchant;
        }
        let derived = |key: u64| (mix(key, number) >> 4).max(1);
        Merchant { key: derived(self.merchant.key), qr: derived(self.merchant.qr), ..self.merchant }
    }

    /// A code that was photographed from behind.
    fn skim(&self, stage: &mut Stage<'_>, craft: &Craft) -> (&'static str, i64, Extra, Vector) {
        let chance = &mut stage.chance;
        let yuan = chance.weigh(&SKIM_CNY) * craft.amount;
        let is_sent_on = chance.hit(SENT_ON * (1.0 - craft.disguise));
        let (median_s, sigma) = if is_sent_on { SENT_ON_S } else { SCANNED_S };
        let age_ms = (chance.log_normal(median_s, sigma) * 1_000.0) as u32;
        let vector = if is_sent_on { Vector::V2 } else { Vector::V5 };
        ("payment_code", yuan.round() as i64 * 100, Extra::Code { age_ms }, vector)
    }

    /// This time, or the next opening after it.
    fn opening(&self, at_ms: i64) -> i64 {
        let hour = (at_ms as f64 + CHINA_MS).rem_euclid(DAY_MS) / HOUR_MS;
        if (OPENS_H..CLOSES_H).contains(&hour) {
            return at_ms;
        }
        let wait_h = (OPENS_H - hour).rem_euclid(24.0);
        at_ms + (wait_h * HOUR_MS) as i64
    }
}

/// What a meal or a bottle of water costs.
fn bill_fen(stage: &mut Stage<'_>, craft: &Craft) -> i64 {
    let yuan = log_uniform(&mut stage.chance, BILL_CNY) * craft.amount;
    yuan as i64 * 100 + stage.chance.pick(&ENDINGS_FEN)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use features::event::Event;
    use features::field::{EventType, ids};

    use super::*;
    use crate::synth::batch::Truth;
    use crate::synth::tests_support::{Played, play, play_against, text};
    use crate::synth::wallet::{Answer, Ask, Wallet};

    /// What was taken in each episode.
    fn episodes(played: &Played) -> BTreeMap<u64, Vec<(&Event, &Truth)>> {
        let mut episodes: BTreeMap<u64, Vec<(&Event, &Truth)>> = BTreeMap::new();
        for (event, truth) in played.frauds(EventType::Payment) {
            episodes.entry(truth.episode()).or_default().push((event, truth));
        }
        episodes
    }

    fn is_skim(event: &Event) -> bool {
        text(event, ids::KIND) == "payment_code"
    }

    #[test]
    fn many_guests_pay_small_bills_to_one_code() {
        let played = play(&PLAYBOOK, 22, 8);
        let episodes = episodes(&played);
        let stickers = episodes.values().filter(|taken| !is_skim(taken[0].0));
        let largest = stickers.max_by_key(|taken| taken.len()).expect("a sticker was glued");
        assert!(30 < largest.len(), "{}", largest.len());
        let payers: BTreeSet<&str> =
            largest.iter().map(|(event, _)| text(event, ids::ACCOUNT_ID)).collect();
        assert!(8 < payers.len(), "{}", payers.len());
        for (event, truth) in largest {
            assert_eq!(truth.vector(), Some("V6"));
            let fen = event.number(ids::BASE_MINOR);
            assert!((1_000.0..=6_090.0).contains(&fen), "{fen}");
        }
        let last = largest.iter().map(|(event, _)| event.time()).max().unwrap();
        let first = largest.iter().map(|(event, _)| event.time()).min().unwrap();
        assert!(last - first <= 3 * DAY_MS as i64);
    }

    #[test]
    fn a_skimmed_code_is_charged_just_below_what_asks_questions() {
        let played = play(&PLAYBOOK, 23, 10);
        let episodes = episodes(&played);
        let skims: Vec<&(&Event, &Truth)> =
            episodes.values().flatten().filter(|(event, _)| is_skim(event)).collect();
        assert!(10 < skims.len(), "{}", skims.len());
        let seconds = |event: &Event| event.number(ids::CODE_AGE_MS) / 1_000.0;
        for (event, truth) in &skims {
            assert!(event.number(ids::BASE_MINOR) < 100_000.0);
            assert!(matches!(truth.vector(), Some("V2" | "V5")));
        }
        let fast = skims.iter().filter(|(event, _)| seconds(event) < 10.0).count();
        assert!(skims.len() < 2 * fast, "{fast} of {}", skims.len());
    }

    #[test]
    fn guests_pay_with_their_own_phones_and_cards() {
        let played = play(&PLAYBOOK, 24, 6);
        let crooks: BTreeSet<&str> = played
            .of(EventType::MerchantUpdate)
            .map(|event| text(event, ids::DEVICE_DEVICE_ID))
            .collect();
        for (event, _) in episodes(&played).values().flatten() {
            assert!(!crooks.contains(text(event, ids::DEVICE_DEVICE_ID)), "{event:?}");
            assert_eq!(text(event, ids::FUNDING), "intl_card");
        }
    }

    /// Declines what private codes charge to cards.
    struct NoPrivateCodes;

    impl Wallet for NoPrivateCodes {
        fn decide(&mut self, ask: &Ask<'_>) -> Answer {
            let is_private = ask.line.contains(r#""personal_qr":true"#);
            if is_private && ask.event_type == "payment" {
                Answer::Decline
            } else {
                Answer::Approve
            }
        }

        fn record(&mut self, _line: &str) {}
    }

    #[test]
    fn a_private_code_that_is_refused_becomes_a_merchants() {
        let played = play_against(&PLAYBOOK, 25, 30, &mut NoPrivateCodes);
        let became = episodes(&played).into_values().any(|taken| {
            let is_private =
                |(event, _): &(&Event, &Truth)| event.bits(ids::MERCHANT_PERSONAL_QR) == Some(1);
            taken.first().is_some_and(is_private) && !taken.last().is_some_and(is_private)
        });
        assert!(became);
    }
}
