//! T18: friendly fraud, own purchases that are disputed after the trip.
//!
//! A real traveller, with his own phone and his own card, buys something large or lets a shop
//! convert the price to his currency, and after his return tells his bank that he never did. At the
//! counter nothing at all is wrong; only what the card has disputed before could warn. A few do it
//! on every trip. Hides nothing else: the dispute itself follows from the labels of the world.

use crate::synth::act::{Act, Ending, Extra, Funding, Pay, Who};
use crate::synth::asset::{Account, Card, Country, Health, Network, Persona};
use crate::synth::chance::mix;
use crate::synth::crew::{Brief, Craft, Playbook};
use crate::synth::market::Trade;
use crate::synth::resident::customer::Customer;
use crate::synth::stage::{Actor, Stage};
use crate::synth::story::{Story, Typology, Vector};

use super::cash_out::thief::{DAY_MS, after, goes_on, price_fen, uniform};

pub(crate) const PLAYBOOK: Playbook =
    Playbook { typology: Typology::FriendlyFraud, events: 1.5, least: 1.5, begin };

/// Purchases of a trip that will be disputed, with their weights.
const DISPUTED: [(u8, f64); 3] = [(1, 0.5), (2, 0.3), (3, 0.2)];
/// Share of them that the shop converts to the currency of the card.
const CONVERTED: f64 = 0.45;
/// Share of travellers who do it again, and after how many days.
const REPEATERS: f64 = 0.08;
const REPEAT_DAYS: (f64, f64) = (25.0, 120.0);
/// A large purchase costs at least so much, and the wallet's limit is not tried, in CNY.
const LARGE_CNY: f64 = 400.0;
const MOST_CNY: f64 = 36_000.0;
/// Days between two of them.
const APART_DAYS: (i64, i64) = (0, 3);
/// China is eight hours ahead.
const CHINA_MIN: i16 = 480;

/// What is bought when it is the size that tempts, and when it is the conversion.
const LARGE: [(Trade, f64); 5] = [
    (Trade::Hotel, 0.45),
    (Trade::Retail, 0.35),
    (Trade::Electronics, 0.10),
    (Trade::Luxury, 0.05),
    (Trade::Jewellery, 0.05),
];
const CONVERTED_AT: [(Trade, f64); 3] =
    [(Trade::Hotel, 0.45), (Trade::Retail, 0.45), (Trade::Luxury, 0.10)];

/// A traveller who will dispute.
#[derive(Debug)]
struct Traveller {
    brief: Brief,
    account: u64,
    /// Purchases to come on this trip.
    left: u8,
    is_repeater: bool,
    phase: Phase,
}

/// What a traveller does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Finds an hour to go shopping.
    Plan,
    /// Buys.
    Buy,
}

/// Whether somebody is a visitor in mainland China now, with a card that works and an account that
/// is not frozen.
fn is_visiting(account: &Account, now_ms: i64) -> bool {
    let is_visitor = matches!(account.persona, Persona::Tourist | Persona::Business);
    is_visitor && is_in_china(account) && own_card(account).is_some() && !is_frozen(account, now_ms)
}

/// Whether the phone of a visitor says that he has come: it roams, or has a local SIM.
fn is_in_china(account: &Account) -> bool {
    let device = &account.device;
    device.tz_offset_min == CHINA_MIN && (device.is_roaming || device.sim_country == Country::CN)
}

fn is_frozen(account: &Account, now_ms: i64) -> bool {
    now_ms < account.frozen_until_ms
}

/// A linked card that works.
fn own_card(account: &Account) -> Option<Card> {
    account.cards.iter().find(|card| card.health == Health::Live && !card.is_stolen).copied()
}

fn begin(stage: &mut Stage<'_>, brief: Brief) -> Option<Box<dyn Actor>> {
    let now_ms = stage.now_ms;
    let fits = |account: &Account| is_visiting(account, now_ms);
    let account = stage.accounts.victim(&mut stage.chance, fits)?;
    let left = stage.chance.weigh(&DISPUTED);
    let is_repeater = stage.chance.hit(REPEATERS);
    Some(Box::new(Traveller { brief, account, left, is_repeater, phase: Phase::Plan }))
}

impl Actor for Traveller {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let account = stage.accounts.get(self.account)?;
        if !is_visiting(account, stage.now_ms) {
            return self.next_trip(stage);
        }
        match self.phase {
            Phase::Plan => {
                self.phase = Phase::Buy;
                Some(self.hour(stage))
            }
            Phase::Buy => self.buy(stage),
        }
    }
}

impl Traveller {
    /// A time for shopping, today or on one of the next days.
    fn hour(&self, stage: &mut Stage<'_>) -> i64 {
        let days = stage.chance.between(APART_DAYS.0, APART_DAYS.1);
        let day_ms = DAY_MS as i64;
        let today_ms = stage.now_ms.div_euclid(day_ms) * day_ms;
        let calendar = &stage.ground.calendar;
        let at_ms = calendar.moment(today_ms + days * day_ms, CHINA_MIN, &mut stage.chance);
        if stage.now_ms < at_ms { at_ms } else { at_ms + day_ms }
    }

    /// Buys what will be disputed.
    fn buy(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let craft = stage.craft(self.brief.crew);
        let (ground, now_ms) = (stage.ground, stage.now_ms);
        let account = stage.accounts.get(self.account)?;
        let (device, card) = (account.device, own_card(account)?);
        let customer = Customer::of(account);
        let session = customer.session(stage, "qr_scan");
        let network = line(stage, self.account, device.sim_country);
        let is_converted = stage.chance.hit(CONVERTED);
        let trade = stage.chance.weigh(if is_converted { &CONVERTED_AT[..] } else { &LARGE });
        let city = ground.atlas.china(&mut stage.chance);
        let mut shop = || ground.market.shop(city, trade, &mut stage.chance, now_ms);
        // Private codes do not take cards, so he goes next door.
        let merchant = (0..4).map(|_| shop()).find(|shop| !shop.is_personal)?;
        let fen = self.price(stage, &craft, trade, is_converted);
        let story =
            Story::fraud(Typology::FriendlyFraud, Vector::V8, self.brief.episode, self.brief.crew);
        let who = Who {
            account: self.account,
            device: &device,
            network: &network,
            // The account does not say in which city its owner is, so neither does his phone.
            place: None,
            session: &session,
            story: story.staking(fen),
        };
        let kind = stage.chance.weigh(&[("merchant_qr_dynamic", 0.6), ("merchant_qr_static", 0.4)]);
        let extra = if is_converted { Extra::Dcc } else { Extra::None };
        let funding = Funding::Card(&card);
        let pay = Pay { kind, fen, funding, merchant: &merchant, extra };
        let outcome = stage.attempt(&who, &Act::Pay(pay));
        if outcome.ending == Ending::Void || !goes_on(stage, self.brief.crew, &outcome) {
            return None;
        }
        // A purchase that does not go through is one less to dispute.
        self.left -= 1;
        if self.left == 0 {
            return self.next_trip(stage);
        }
        self.phase = Phase::Plan;
        Some(after(&outcome, 60_000.0))
    }

    fn price(&self, stage: &mut Stage<'_>, craft: &Craft, trade: Trade, is_converted: bool) -> i64 {
        let usual = stage.ground.market.amount_fen(trade, &mut stage.chance) as f64 / 100.0;
        let yuan = if is_converted {
            usual * uniform(&mut stage.chance, (0.8, 1.8))
        } else {
            usual.max(LARGE_CNY) * uniform(&mut stage.chance, (1.0, 1.4))
        };
        price_fen((yuan * craft.amount).clamp(20.0, MOST_CNY))
    }

    /// A repeater tries again on a later trip, if he is there then.
    fn next_trip(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        if !self.is_repeater {
            return None;
        }
        self.is_repeater = stage.chance.hit(0.5);
        self.left = stage.chance.weigh(&DISPUTED);
        self.phase = Phase::Plan;
        let days = uniform(&mut stage.chance, REPEAT_DAYS);
        Some(stage.now_ms + (days * DAY_MS) as i64)
    }
}

/// The line a visitor is on: a VPN, the hotel's or shop's Wi-Fi, or the phone's own.
fn line(stage: &mut Stage<'_>, account: u64, sim_country: Country) -> Network {
    let ground = stage.ground;
    let networks = &ground.settings.networks;
    if stage.chance.hit(networks.vpn_share) {
        return ground.atlas.vpn(sim_country, account);
    }
    if stage.chance.hit(networks.public_wifi_share) {
        let site = mix(account, stage.now_ms.div_euclid(DAY_MS as i64) as u64);
        return ground.atlas.shared(Country::CN, site % 4_096, "business");
    }
    ground.atlas.mobile(sim_country, account)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use features::field::{EventType, ids};

    use super::*;
    use crate::synth::tests_support::{play, text};

    #[test]
    fn one_to_three_purchases_of_a_trip_will_be_disputed() {
        let played = play(&PLAYBOOK, 18, 10);
        let frauds = played.frauds(EventType::Payment);
        assert!(20 < frauds.len(), "{}", frauds.len());
        let mut by_episode: BTreeMap<u64, u32> = BTreeMap::new();
        for (_, truth) in &frauds {
            *by_episode.entry(truth.episode()).or_default() += 1;
        }
        assert!(by_episode.values().all(|count| *count <= 3), "{by_episode:?}");
        // Nothing but payments is fraud here.
        let all = played.truths.iter().filter(|(_, truth)| truth.typology().is_some()).count();
        assert_eq!(all, frauds.len());
    }

    #[test]
    fn what_will_be_disputed_is_large_or_converted() {
        let played = play(&PLAYBOOK, 19, 10);
        let frauds = played.frauds(EventType::Payment);
        let is_converted = |event| features::event::Event::bits(event, ids::DCC) == Some(1);
        let converted = frauds.iter().filter(|(event, _)| is_converted(event)).count();
        assert!(0 < converted && converted < frauds.len(), "{converted} of {}", frauds.len());
        for (event, _) in frauds.iter().filter(|(event, _)| !is_converted(event)) {
            assert!(10_000.0 <= event.number(ids::BASE_MINOR), "{event:?}");
        }
    }

    #[test]
    fn the_phone_and_the_card_are_the_travellers_own() {
        let played = play(&PLAYBOOK, 20, 10);
        let honest: Vec<(&str, &str)> = played
            .of(EventType::Payment)
            .filter(|e| e.has(ids::DEVICE_DEVICE_ID))
            .map(|e| (text(e, ids::ACCOUNT_ID), text(e, ids::DEVICE_DEVICE_ID)))
            .collect();
        for (event, truth) in played.frauds(EventType::Payment) {
            assert_eq!(truth.vector(), Some("V8"));
            assert_eq!(text(event, ids::FUNDING), "intl_card");
            let (account, device) =
                (text(event, ids::ACCOUNT_ID), text(event, ids::DEVICE_DEVICE_ID));
            // A few get a new phone on the way.
            let mut others = honest.iter().filter(|(other, _)| *other == account);
            assert!(others.any(|(_, phone)| *phone == device), "{event:?}");
        }
    }
}
