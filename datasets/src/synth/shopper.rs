//! Shoppers: customers abroad who buy in the app and have it sent home (P5).
//!
//! They never come to China: network, phone and cards are of their own country, few hide behind a
//! VPN. A day is one actor that opens the app, looks around and rarely buys: goods that are sent
//! home, or digital ones; sometimes with a coupon. Six in a hundred purchases go back.

use super::act::Ending;
use super::asset::{Country, Session};
use super::market::Trade;
use super::people;
use super::resident::chore::{Linking, Return, redeem};
use super::resident::customer::{Customer, DAY_MS, MINUTE_MS, SECOND_MS, Spot, insists, pause};
use super::resident::errand::delivery;
use super::resident::till::{After, Means, Purchase};
use super::stage::{Actor, Stage};

/// Sessions behind a VPN, and those on mobile data.
const VPN: f64 = 0.03;
const MOBILE: f64 = 0.27;
/// Purchases that go back.
const RETURNED: f64 = 0.06;
/// Visits on which a coupon is taken, and a card is linked.
const COUPON: f64 = 0.12;
const LINKS: f64 = 0.02;

/// A visit of a shopper to the app.
struct Visit {
    account: u64,
    session: Option<Session>,
    /// Login tries so far.
    tries: u8,
    /// Things still to be bought.
    wanted: u8,
    has_coupon: bool,
    links: Option<(i64, Linking)>,
    wants_card: bool,
    again: Option<(i64, Purchase)>,
}

/// Plans the day of a shopper's account that begins at this UTC midnight.
pub(crate) fn day(stage: &mut Stage<'_>, account: u64, day_ms: i64) {
    let now_ms = stage.now_ms;
    let Some(shopper) = stage.accounts.get_mut(account) else { return };
    let before = shopper.device.app_build;
    people::keep_up(&mut shopper.device, now_ms);
    shopper.device.fingerprint += u32::from(shopper.device.app_build != before);
    let (zone_min, cards) = (shopper.device.tz_offset_min, shopper.cards.len());
    let habits = stage.ground.settings.personas.shopper;
    let volume = stage.ground.calendar.volume(day_ms + DAY_MS / 2);
    let chance = &mut stage.chance;
    let mean = habits.payments_mean * volume;
    let wanted = chance.negative_binomial(mean, habits.payments_dispersion).min(8) as u8;
    let visit = Visit {
        account,
        session: None,
        tries: 0,
        wanted,
        has_coupon: chance.hit(COUPON),
        links: None,
        wants_card: chance.hit(LINKS) || cards == 0 && 0 < wanted,
        again: None,
    };
    let at_ms = stage.ground.calendar.moment(day_ms, zone_min, chance);
    let at_ms = if at_ms <= now_ms { at_ms + DAY_MS } else { at_ms };
    stage.spawn(at_ms, Box::new(visit));
}

impl Visit {
    fn open(&mut self, stage: &mut Stage<'_>, customer: &Customer) -> Option<i64> {
        let spot = spot(stage, customer);
        let session = customer.session(stage, "direct");
        let story = customer.story(stage, &spot.network);
        let outcome = customer.login(stage, &spot, &session, story);
        if outcome.ending == Ending::Done {
            self.session = Some(session);
            return self.browse(stage, outcome.at_ms);
        }
        self.tries += 1;
        let tries_again = insists(&mut stage.chance, outcome.ending, self.tries - 1);
        tries_again.then(|| pause(&mut stage.chance, outcome.at_ms))
    }

    /// When the visit goes on after this time; `None` when it is over.
    fn browse(&self, stage: &mut Stage<'_>, from_ms: i64) -> Option<i64> {
        let waiting = [self.links.map(|(at_ms, _)| at_ms), self.again.map(|(at_ms, _)| at_ms)];
        if let Some(at_ms) = waiting.into_iter().flatten().min() {
            return Some(at_ms.max(from_ms));
        }
        let is_over = self.wanted == 0 && !self.has_coupon && !self.wants_card;
        let looks_ms = (stage.chance.log_normal(5.0, 0.8) * MINUTE_MS as f64) as i64;
        (!is_over).then_some(from_ms + looks_ms + 5 * SECOND_MS)
    }

    /// Does one thing; false when the account is frozen.
    fn act(&mut self, stage: &mut Stage<'_>, customer: &Customer, session: &Session) -> bool {
        let spot = spot(stage, customer);
        let story = customer.story(stage, &spot.network);
        let who = customer.who(&spot, session, story);
        if let Some((_, linking)) = self.links.take() {
            self.links = linking.step(stage, &who);
        } else if let Some((_, purchase)) = self.again.take() {
            let after = purchase.pay(stage, &who);
            return self.settle(stage, after, &purchase);
        } else if self.wants_card {
            self.wants_card = false;
            let linking = Linking::begin(stage, customer);
            self.links = linking.and_then(|linking| linking.step(stage, &who));
        } else if self.has_coupon {
            self.has_coupon = false;
            redeem(stage, &who);
        } else if 0 < self.wanted {
            self.wanted -= 1;
            let Some(purchase) = want(stage, customer) else { return true };
            let after = purchase.pay(stage, &who);
            return self.settle(stage, after, &purchase);
        }
        true
    }

    fn settle(&mut self, stage: &mut Stage<'_>, after: After, purchase: &Purchase) -> bool {
        match after {
            After::Paid { event, card, .. } if stage.chance.hit(RETURNED) => {
                let Purchase { fen, merchant, .. } = *purchase;
                let account = self.account;
                Return { account, payment: event, fen, card, merchant }.send(stage);
            }
            After::Paid { .. } | After::Over => {}
            After::Again { at_ms, purchase } => self.again = Some((at_ms, purchase)),
            After::Frozen => return false,
        }
        true
    }
}

impl Actor for Visit {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let customer = Customer::find(stage, self.account)?;
        let Some(session) = self.session else { return self.open(stage, &customer) };
        if !self.act(stage, &customer, &session) {
            return None;
        }
        self.browse(stage, stage.now_ms)
    }
}

/// Where a shopper is: at home, rarely hidden.
fn spot(stage: &mut Stage<'_>, customer: &Customer) -> Spot {
    /// Exits of VPNs that shoppers take.
    const EXITS: [Country; 3] = [Country(*b"US"), Country(*b"NL"), Country(*b"SG")];
    let ground = stage.ground;
    let lot = stage.chance.unit();
    let network = if lot < VPN {
        ground.atlas.vpn(stage.chance.pick(&EXITS), customer.key)
    } else if lot < VPN + MOBILE {
        customer.mobile(ground, stage.now_ms)
    } else {
        ground.atlas.home_line(customer.home.country, customer.key)
    };
    Spot { network, place: customer.fix(&mut stage.chance, customer.home) }
}

/// Something that a shopper buys.
fn want(stage: &mut Stage<'_>, customer: &Customer) -> Option<Purchase> {
    let trade = stage.chance.weigh(&[
        (Trade::InApp, 0.68),
        (Trade::Electronics, 0.05),
        (Trade::Gaming, 0.20),
        (Trade::GiftCards, 0.03),
        (Trade::Luxury, 0.04),
    ]);
    let merchant = customer.online(stage, trade);
    let fen = stage.ground.market.amount_fen(trade, &mut stage.chance);
    let means = Means::choose(stage, customer, fen)?;
    let extra = delivery(stage, customer, &merchant, fen);
    Some(Purchase { kind: "in_app", fen, merchant, extra, means, look: None, tries: 0 })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::sync::LazyLock;

    use features::event::Event;
    use features::field::{EventType, ids};

    use super::super::tests_support::{START_MS, text};
    use super::super::{Options, Peak, Settings, World};
    use super::*;

    static WORLD: LazyLock<Vec<Event>> = LazyLock::new(world);

    /// A world of shoppers alone.
    fn world() -> Vec<Event> {
        let mut settings = Settings::default();
        settings.fraud.prevalence_bps = 1e-9;
        let personas = &mut settings.personas;
        for habits in [
            &mut personas.tourist,
            &mut personas.business,
            &mut personas.resident,
            &mut personas.family,
        ] {
            habits.share = 0.0;
        }
        personas.shopper.share = 1.0;
        let peaks = vec![Peak::GoldenWeek];
        let atlas = super::super::Atlas::built_in();
        let (seed, days, accounts, start_ms) = (4, 30, 800, START_MS);
        let options = Options { seed, days, accounts, start_ms, peaks, settings, atlas };
        let mut world = World::new(options).unwrap();
        let mut events = Vec::new();
        while world.play_hour(1) {
            let lines = world.events().map(|emitted| emitted.line.to_owned());
            events.extend(lines.map(|line| Event::read(line.as_bytes(), None).unwrap()));
        }
        events
    }

    fn is_of_shopper(event: &Event) -> bool {
        // The only payments of a world without residents that are no group's are shoppers'.
        event.event_type() == EventType::Payment && text(event, ids::KIND) == "in_app"
    }

    #[test]
    fn a_tenth_is_active_and_buys_a_third_of_the_time() {
        let events = &*WORLD;
        let logins = events.iter().filter(|event| event.event_type() == EventType::Login);
        let mut visits = BTreeSet::new();
        for login in logins {
            visits.insert((text(login, ids::ACCOUNT_ID), login.time() / DAY_MS));
        }
        let bought = events.iter().filter(|event| is_of_shopper(event)).count();
        let share = visits.len() as f64 / 800.0 / 30.0;
        let mean = bought as f64 / visits.len() as f64;
        assert!((0.07..0.14).contains(&share), "{share}");
        assert!((0.2..0.45).contains(&mean), "{mean}");
    }

    #[test]
    fn goods_go_home_and_some_come_back() {
        let events = &*WORLD;
        let mut sent: BTreeMap<bool, u32> = BTreeMap::new();
        for event in events.iter().filter(|event| event.has(ids::DELIVERY_COUNTRY)) {
            let home = text(event, ids::ACCOUNT_RESIDENCE_COUNTRY);
            *sent.entry(text(event, ids::DELIVERY_COUNTRY) == home).or_default() += 1;
        }
        assert!(!sent.contains_key(&false) && 100 < sent[&true], "{sent:?}");
        let bought = events.iter().filter(|event| is_of_shopper(event)).count() as f64;
        let returned = events.iter().filter(|e| e.event_type() == EventType::Refund).count();
        let share = returned as f64 / bought;
        assert!((0.02..0.11).contains(&share), "{share}");
    }

    #[test]
    fn few_hide_and_none_is_in_china() {
        let events = &*WORLD;
        let bought: Vec<&Event> = events.iter().filter(|event| is_of_shopper(event)).collect();
        let hidden = bought.iter().filter(|event| event.number(ids::NETWORK_IS_VPN) == 1.0).count();
        let share = hidden as f64 / bought.len() as f64;
        assert!(share < 0.08, "{share}");
        assert!(bought.iter().all(|event| text(event, ids::NETWORK_IP_COUNTRY) != "CN"));
    }
}
