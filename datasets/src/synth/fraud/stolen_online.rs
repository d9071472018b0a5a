//! T04, stolen cards for goods and tickets online.
//!
//! At night on a weekend, when the holder sleeps, a thief abroad enters a wallet through a tunnel
//! that ends in the issuer's country, links a stolen card and buys one to four things at once: a
//! phone or a camera that goes to a forwarder, gift cards, or a ticket for tomorrow in the name of
//! whoever paid him for it. Who hides well books a flight of next week in a plausible name, has
//! goods sent to the holder's country, takes an address like a home there, and lets the card rest.

use super::cash_out::thief::{
    DAY_MS, Exit, HOUR_MS, MINUTE_MS, Thief, Till, after, goes_on, is_good, is_prepared,
    log_uniform, paced, price_fen, rest_ms, uniform,
};
use crate::synth::act::{Ending, Extra, Funding, Outcome};
use crate::synth::asset::Country;
use crate::synth::chance::Chance;
use crate::synth::crew::{Brief, Craft, Playbook};
use crate::synth::market::Trade;
use crate::synth::people;
use crate::synth::stage::{Actor, Stage};
use crate::synth::story::{Story, Typology, Vector};

pub(crate) const PLAYBOOK: Playbook =
    Playbook { typology: Typology::StolenCardOnline, events: 4.1, least: 4.1, begin };

const PURCHASES: (i64, i64) = (1, 4);
const YUAN: (f64, f64) = (600.0, 9_000.0);
const GAP_MIN: (f64, f64) = (4.0, 45.0);
/// Share of thieves who wait for the night of a weekend, and its hours where the issuer is.
const WEEKEND_NIGHTS: f64 = 0.6;
const NIGHT_H: (f64, f64) = (0.0, 5.0);
/// What is bought.
const GOODS: [(Trade, f64); 3] =
    [(Trade::Electronics, 0.40), (Trade::GiftCards, 0.25), (Trade::Travel, 0.35)];
/// What those who hide buy instead, at best so often.
const ORDINARY: [(Trade, f64); 2] = [(Trade::Retail, 0.6), (Trade::InApp, 0.4)];
const ORDINARY_AT_BEST: f64 = 0.8;
/// From purchase to departure, in hours; and of those who hide.
const LEAD_H: (f64, f64) = (3.0, 47.0);
const LEAD_HIDDEN_H: (f64, f64) = (60.0, 400.0);
/// Where forwarders are.
const FORWARDERS: [(Country, f64); 7] = [
    (Country(*b"HK"), 3.0),
    (Country(*b"AE"), 2.0),
    (Country(*b"MY"), 2.0),
    (Country(*b"KZ"), 1.0),
    (Country(*b"GE"), 1.0),
    (Country(*b"LT"), 1.0),
    (Country(*b"US"), 1.0),
];
/// Share of thieves who come through a tunnel to the issuer's country, of the others than those
/// with an address like a home there.
const TUNNELLED: f64 = 0.65;
/// Share of phones that tell where they are.
const LOCATED: f64 = 0.45;
/// Cards that are tried, and refusals before the next.
const CARDS: (i64, i64) = (1, 3);
const REFUSALS: u8 = 2;
/// What is asked after a refusal.
const RETREAT: f64 = 0.6;
/// Wallets that the work is split over, at most.
const WALLETS_MAX: u32 = 4;

/// The next night of a weekend where the clock is so far ahead of UTC.
fn weekend_night_ms(now_ms: i64, tz_offset_min: i16, chance: &mut Chance) -> i64 {
    let offset_ms = i64::from(tz_offset_min) * MINUTE_MS as i64;
    let day_ms = DAY_MS as i64;
    let today = (now_ms + offset_ms).div_euclid(day_ms);
    let hour_ms = (uniform(chance, NIGHT_H) * HOUR_MS) as i64;
    // Day 2 of the era was a Saturday; the nights are those that end on Saturday and on Sunday.
    let night = |day: i64| day * day_ms + hour_ms - offset_ms;
    let is_weekend = |day: &i64| (day - 2).rem_euclid(7) < 2;
    let mut nights = (today..today + 9).filter(is_weekend).map(night);
    nights.find(|night_ms| now_ms <= *night_ms).unwrap_or(now_ms)
}

/// A thief who shops online.
#[derive(Debug)]
struct Online {
    brief: Brief,
    /// In his wallet, once he has entered one.
    thief: Option<Thief>,
    from: Country,
    den: Country,
    begins_ms: i64,
    wallets_left: u32,
    purchases_a_wallet: i64,
    purchases_left: i64,
    cards_left: i64,
    links: u8,
    card: u64,
    refusals: u8,
    /// Share of the amounts that he asks for after refusals.
    share: f64,
    phase: Phase,
}

/// What he does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Waits for the night.
    Wait,
    /// Opens a wallet, or enters a bought one.
    Enter,
    /// Buys something small with the account's own card.
    Cover,
    /// Links a stolen card.
    Link,
    /// Buys.
    Buy,
}

fn begin(stage: &mut Stage<'_>, brief: Brief) -> Option<Box<dyn Actor>> {
    let craft = stage.craft(brief.crew);
    let (ground, now_ms) = (stage.ground, stage.now_ms);
    let chance = &mut stage.chance;
    let from = ground.atlas.home_country(&ground.settings, chance);
    let is_night_owl = chance.hit(WEEKEND_NIGHTS);
    let night_ms = weekend_night_ms(now_ms, ground.atlas.tz_offset_min(from), chance);
    let purchases = chance.between(PURCHASES.0, PURCHASES.1);
    let wallets = craft.spread.clamp(1, WALLETS_MAX).min(purchases as u32);
    let mut actor = Online {
        brief,
        thief: None,
        from,
        den: ground.atlas.home_country(&ground.settings, chance),
        begins_ms: if is_night_owl { night_ms } else { now_ms },
        wallets_left: wallets,
        purchases_a_wallet: (purchases + i64::from(wallets) - 1) / i64::from(wallets),
        purchases_left: 0,
        cards_left: 0,
        links: 0,
        card: 0,
        refusals: 0,
        share: 1.0,
        phase: Phase::Wait,
    };
    actor.unpack(chance);
    actor.phase = Phase::Wait;
    Some(Box::new(actor))
}

impl Actor for Online {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let next_ms = self.act(stage);
        if next_ms.is_none() {
            self.leave(stage);
        }
        next_ms
    }
}

impl Online {
    fn act(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let craft = stage.craft(self.brief.crew);
        let outcome = match (self.phase, self.thief) {
            (Phase::Wait, _) => {
                self.phase = Phase::Enter;
                return Some(self.begins_ms);
            }
            (Phase::Cover, Some(thief)) => return Some(self.cover(stage, &craft, &thief)),
            (Phase::Link, Some(thief)) => self.link(stage, &craft, &thief),
            (Phase::Buy, Some(thief)) => self.buy(stage, &craft, &thief)?,
            (Phase::Enter, _) | (_, None) => self.enter(stage, &craft),
        };
        let goes_on = match self.phase {
            Phase::Buy => goes_on(stage, self.brief.crew, &outcome),
            Phase::Wait | Phase::Enter | Phase::Cover | Phase::Link => {
                is_prepared(stage, self.brief.crew, &outcome)
            }
        };
        if outcome.ending == Ending::Void || !goes_on {
            return None;
        }
        match self.phase {
            Phase::Link => self.linked(stage, &craft, &outcome),
            Phase::Buy => self.bought(stage, &craft, &outcome),
            Phase::Wait | Phase::Enter | Phase::Cover => self.entered(stage, &craft, &outcome),
        }
    }

    fn story(&self) -> Story {
        let Brief { episode, crew, .. } = self.brief;
        Story::fraud(Typology::StolenCardOnline, Vector::V1, episode, crew)
    }

    /// Makes ready what a wallet starts with.
    fn unpack(&mut self, chance: &mut Chance) {
        self.purchases_left = self.purchases_a_wallet;
        self.cards_left = chance.between(CARDS.0, CARDS.1);
        self.links = 0;
        self.refusals = 0;
        self.share = 1.0;
        self.phase = Phase::Enter;
    }

    /// A wallet abroad, on a line that ends where the issuer is, or does not.
    fn enter(&mut self, stage: &mut Stage<'_>, craft: &Craft) -> Outcome {
        let (ground, key) = (stage.ground, stage.key());
        let chance = &mut stage.chance;
        let is_fitting = is_good(craft, chance);
        let claims = if is_fitting || chance.hit(0.3) { self.from } else { self.den };
        let age_ms = Thief::account_age_ms(craft, chance);
        let exit = if is_good(craft, chance) {
            Exit::ResidentialProxy
        } else {
            chance.weigh(&[
                (Exit::Vpn, TUNNELLED),
                (Exit::HomeLine, (1.0 - TUNNELLED) * 0.5),
                (Exit::Mobile, (1.0 - TUNNELLED) * 0.5),
            ])
        };
        let is_direct = matches!(exit, Exit::HomeLine | Exit::Mobile);
        let ends_in = if is_direct { self.den } else { self.from };
        let network = exit.network(&ground.atlas, ends_in, key);
        let place = chance.hit(LOCATED).then(|| {
            // A good phone says that it is where its line ends.
            let seen_in = if is_fitting { ends_in } else { self.den };
            let city = ground.atlas.city_in(seen_in, chance);
            ground.atlas.near(city, 12.0, chance)
        });
        let device = people::phone(stage, if is_fitting { self.from } else { self.den });
        let mut thief =
            Thief::settle(stage, self.brief.crew, claims, age_ms, Some(device), (network, place));
        if thief.is_aged {
            thief.give_own_card(stage);
        }
        let outcome = thief.enter(stage, self.story());
        self.thief = Some(thief);
        outcome
    }

    fn entered(&mut self, stage: &mut Stage<'_>, craft: &Craft, outcome: &Outcome) -> Option<i64> {
        if !outcome.ending.is_done() {
            return self.next_wallet(stage, craft, outcome);
        }
        let is_aged = self.thief.is_some_and(|thief| thief.is_aged);
        self.phase = if is_aged { Phase::Cover } else { Phase::Link };
        let chance = &mut stage.chance;
        let minutes = uniform(chance, (2.0, 25.0));
        Some(after(outcome, minutes * MINUTE_MS + 0.3 * rest_ms(craft, chance)))
    }

    fn cover(&mut self, stage: &mut Stage<'_>, craft: &Craft, thief: &Thief) -> i64 {
        let till = Till::at(stage, 0, Trade::InApp);
        let outcome = thief.spend_for_cover(stage, self.story(), &till);
        self.phase = Phase::Link;
        after(&outcome, paced(uniform(&mut stage.chance, (0.3, 8.0)) * HOUR_MS, craft))
    }

    fn link(&mut self, stage: &mut Stage<'_>, craft: &Craft, thief: &Thief) -> Outcome {
        let card = thief.buy_card(stage, self.brief.crew, craft, self.from);
        self.card = card.key;
        self.cards_left -= 1;
        self.links += 1;
        thief.link(stage, self.story(), &card, self.links)
    }

    fn linked(&mut self, stage: &mut Stage<'_>, craft: &Craft, outcome: &Outcome) -> Option<i64> {
        let chance = &mut stage.chance;
        let minutes = paced(uniform(chance, (1.0, 15.0)), craft);
        if outcome.ending.is_done() {
            self.phase = Phase::Buy;
            self.refusals = 0;
            return Some(after(outcome, minutes * MINUTE_MS + rest_ms(craft, chance)));
        }
        if self.cards_left <= 0 {
            return self.next_wallet(stage, craft, outcome);
        }
        Some(after(outcome, minutes * MINUTE_MS))
    }

    fn buy(&self, stage: &mut Stage<'_>, craft: &Craft, thief: &Thief) -> Option<Outcome> {
        let card = thief.linked(stage, self.card)?;
        // Shops where nothing stands out have many honest customers and no name for fraud.
        let is_ordinary = stage.chance.hit(ORDINARY_AT_BEST * craft.disguise);
        let trade = stage.chance.weigh(if is_ordinary { &ORDINARY[..] } else { &GOODS[..] });
        let till = self.till(stage, craft, trade);
        let yuan = log_uniform(&mut stage.chance, YUAN) * craft.amount * self.share;
        let fen = thief.below_the_line(stage, craft, price_fen(yuan.max(80.0)));
        let story = self.story().staking(fen);
        Some(thief.pay(stage, story, &till, fen, Funding::Card(&card)))
    }

    /// An online shop, and what it is told about the goods.
    fn till(&self, stage: &mut Stage<'_>, craft: &Craft, trade: Trade) -> Till {
        let (ground, now_ms) = (stage.ground, stage.now_ms);
        let chance = &mut stage.chance;
        let merchant = ground.market.online(trade, chance, now_ms);
        let is_hidden = is_good(craft, chance);
        let (kind, extra) = match trade {
            Trade::Travel => {
                let lead_h = uniform(chance, if is_hidden { LEAD_HIDDEN_H } else { LEAD_H });
                let names: &[(&str, f64)] = if is_hidden {
                    &[("exact", 0.4), ("strong", 0.4), ("weak", 0.2)]
                } else {
                    &[("none", 0.75), ("weak", 0.25)]
                };
                let extra = Extra::Travel {
                    departure_ms: now_ms + (lead_h * HOUR_MS) as i64,
                    passengers: chance.weigh(&[(1, 0.6), (2, 0.25), (3, 0.1), (4, 0.05)]),
                    name_match: chance.weigh(names),
                    is_refundable: chance.hit(0.2),
                };
                ("travel", extra)
            }
            Trade::GiftCards | Trade::InApp => ("in_app", Extra::None),
            _ => {
                let country = if is_hidden { self.from } else { chance.weigh(&FORWARDERS) };
                ("in_app", Extra::Delivery { country, discount_fen: 0 })
            }
        };
        Till { merchant, kind, extra, is_remote: false }
    }

    fn bought(&mut self, stage: &mut Stage<'_>, craft: &Craft, outcome: &Outcome) -> Option<i64> {
        self.purchases_left -= 1;
        if outcome.ending.is_done() {
            self.refusals = 0;
        } else {
            self.refusals += 1;
            self.share *= RETREAT;
        }
        if self.purchases_left <= 0 {
            return self.next_wallet(stage, craft, outcome);
        }
        if REFUSALS <= self.refusals {
            if self.cards_left <= 0 {
                return self.next_wallet(stage, craft, outcome);
            }
            self.phase = Phase::Link;
        }
        let minutes = paced(uniform(&mut stage.chance, GAP_MIN), craft);
        Some(after(outcome, minutes * MINUTE_MS))
    }

    /// Drops the wallet: nobody comes back to it.
    fn leave(&mut self, stage: &mut Stage<'_>) {
        if let Some(thief) = self.thief.take() {
            stage.accounts.remove(thief.account);
        }
    }

    /// Goes on in another wallet, if the work is split over more.
    fn next_wallet(
        &mut self,
        stage: &mut Stage<'_>,
        craft: &Craft,
        outcome: &Outcome,
    ) -> Option<i64> {
        self.leave(stage);
        self.wallets_left = self.wallets_left.saturating_sub(1);
        if self.wallets_left == 0 {
            return None;
        }
        self.unpack(&mut stage.chance);
        Some(after(outcome, paced(uniform(&mut stage.chance, (0.5, 6.0)) * HOUR_MS, craft)))
    }
}

#[cfg(test)]
mod tests {
    use features::event::Event;
    use features::field::{EventType, ids};

    use super::*;
    use crate::synth::fraud::cash_out::thief::played::{episodes, share, yuan};
    use crate::synth::tests_support::{play, text};

    #[test]
    fn weekend_nights_are_nights_of_weekends_where_the_holder_lives() {
        let mut chance = Chance::of(3, &[1]);
        for (number, tz_offset_min) in [(0, 480), (1, -300), (2, 0), (3, 545), (4, -570)] {
            for hour in 0..200 {
                let now_ms = 1_700_000_000_000 + number + hour * HOUR_MS as i64;
                let night_ms = weekend_night_ms(now_ms, tz_offset_min, &mut chance);
                assert!((0..=8 * DAY_MS as i64).contains(&(night_ms - now_ms)));
                let local_ms = night_ms + i64::from(tz_offset_min) * MINUTE_MS as i64;
                let hours = local_ms.div_euclid(HOUR_MS as i64);
                assert!((0..5).contains(&hours.rem_euclid(24)), "hour {hours}");
                // The first day of the era was a Thursday.
                let weekday = (hours.div_euclid(24) + 4).rem_euclid(7);
                assert!(weekday == 6 || weekday == 0, "weekday {weekday}");
            }
        }
    }

    #[test]
    fn a_thief_buys_one_to_four_dear_things() {
        let played = play(&PLAYBOOK, 41, 10);
        let episodes = episodes(&played, EventType::Payment);
        assert!(5 < episodes.len());
        for purchases in episodes.values() {
            assert!(purchases.len() <= PURCHASES.1 as usize + WALLETS_MAX as usize);
            for (purchase, truth) in purchases {
                assert!((80.0..=YUAN.1).contains(&yuan(purchase)), "{}", purchase.json());
                assert_eq!(truth.stake_fen() as f64, purchase.number(ids::BASE_MINOR));
                assert!(["in_app", "travel"].contains(&text(purchase, ids::KIND)));
            }
        }
    }

    #[test]
    fn most_tickets_leave_within_two_days_and_are_for_somebody_else() {
        let played = play(&PLAYBOOK, 42, 14);
        let purchases = played.frauds(EventType::Payment);
        let tickets: Vec<&Event> = purchases
            .into_iter()
            .map(|(event, _)| event)
            .filter(|event| event.has(ids::TRAVEL_DEPARTURE_MS))
            .collect();
        assert!(5 < tickets.len());
        let soon = tickets.iter().filter(|ticket| {
            let lead_ms = ticket.number(ids::TRAVEL_DEPARTURE_MS) - ticket.time() as f64;
            lead_ms < 48.0 * HOUR_MS
        });
        let soon = soon.count() as f64 / tickets.len() as f64;
        assert!((0.4..0.98).contains(&soon), "{soon}");
        let others = share(&tickets, ids::TRAVEL_PAX_NAME_MATCH, &["none", "weak"]);
        assert!((0.4..0.99).contains(&others), "{others}");
    }

    #[test]
    fn many_lines_end_where_the_card_comes_from() {
        let played = play(&PLAYBOOK, 43, 10);
        let purchases = played.frauds(EventType::Payment);
        let fitting = purchases.iter().filter(|(event, _)| {
            text(event, ids::NETWORK_IP_COUNTRY) == text(event, ids::CARD_ISSUER_COUNTRY)
        });
        let share = fitting.count() as f64 / purchases.len() as f64;
        assert!((0.4..0.99).contains(&share), "{share}");
    }
}
