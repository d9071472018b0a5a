//! T01, card testing from a list: which of these stolen cards still work?
//!
//! A tester holds a batch from a few countries and links card after card on a few accounts and
//! phones, every few seconds for the length of a run, then rests. What links is taken off again, to
//! be sold; now and then a payment of a few yuan makes sure. The naive tester sits on one line with
//! an emulator and types everybody's card under one name or the names on the list. One whose tempo
//! was cut links a card here and a card there: so many a day on each account, round robin over
//! accounts, phones and addresses that grow with `spread`, down to two on each of forty and more.

use super::cash_out::thief::{
    DAY_MS, Exit, HOUR_MS, MINUTE_MS, Thief, Till, after, goes_on, is_good, is_prepared,
    log_uniform, paced, price_fen, rest_ms, uniform, verdict,
};
use crate::synth::act::{Act, Ending, Funding, Note, Outcome};
use crate::synth::asset::{Card, Country, Device, Health, Place};
use crate::synth::chance::{Chance, mix};
use crate::synth::crew::{Brief, Craft, Playbook};
use crate::synth::market::Trade;
use crate::synth::people;
use crate::synth::stage::{Actor, Stage};
use crate::synth::story::{Story, Typology, Vector};

pub(crate) const PLAYBOOK: Playbook =
    Playbook { typology: Typology::CardTesting, events: 430.0, least: 45.0, begin };

/// Cards in a batch: log-normal, within what a test of it can show and what is sold at once.
const BATCH_MEDIAN: f64 = 300.0;
const BATCH_SIGMA: f64 = 1.2;
const BATCH: (f64, f64) = (12.0, 3_000.0);
/// Countries that a batch comes from.
const COUNTRIES: (i64, i64) = (1, 6);
/// Accounts beyond the first: Poisson; and how many the most patient tester keeps.
const MORE_ACCOUNTS_MEAN: f64 = 4.0;
const ACCOUNTS_MAX: usize = 60;
const DEVICES: (i64, i64) = (1, 3);
/// Share of naive testers on emulators.
const EMULATED: f64 = 0.6;
/// Between two cards, and how long a tester keeps at it before he rests.
const GAP_S: (f64, f64) = (4.0, 25.0);
const RUN_MIN: (f64, f64) = (20.0, 90.0);
const REST_H: (f64, f64) = (6.0, 18.0);
/// Share of a batch that works.
const HIT_RATE: (f64, f64) = (0.08, 0.35);
/// Share of hits that a payment makes sure of, in yuan.
const MICRO: f64 = 0.25;
const MICRO_YUAN: (f64, f64) = (1.0, 14.0);
/// Share of testers who type one name for all cards.
const ONE_NAME: f64 = 0.4;
/// Share of hits that are taken off the account again.
const TAKEN_OFF: f64 = 0.7;
/// Stops in a row that are bad luck; on one account, before the tester takes the next; and stops
/// with no card tried between, before he gives up.
const STOPS_BY_LUCK: u8 = 1;
const STOPS_ON_ACCOUNT: u8 = 3;
const STOPS_MAX: u8 = 24;
/// Cards a day on one account at full tempo, once the tester counts them; it falls with the square
/// of the tempo, down to two.
const DAILY: f64 = 30.0;
const DAILY_MIN: f64 = 2.0;

/// How many cards a day a tester allows himself on one account; `None` while nothing has slowed
/// him.
fn daily_links(craft: &Craft) -> Option<f64> {
    let is_slowed = craft.pace < 0.95;
    is_slowed.then(|| (DAILY * craft.pace * craft.pace).max(DAILY_MIN))
}

/// A tester and his batch.
#[derive(Debug)]
struct Tester {
    brief: Brief,
    /// Where he is, and what his phone tells of it.
    den: Country,
    place: Option<Place>,
    exit: Exit,
    /// The first of his addresses.
    address: u64,
    is_emulated: bool,
    one_name: Option<u64>,
    countries: [Country; COUNTRIES.1 as usize],
    countries_known: u8,
    hit_rate: f64,
    cards_left: u32,
    /// Accounts and devices that he wanted when nothing had spread him yet.
    accounts_wanted: usize,
    devices_wanted: usize,
    /// Accounts that are open, one line each; devices are those of the accounts.
    accounts: Vec<u64>,
    devices: usize,
    /// The account at hand, and cards until the next one.
    seat: Option<Thief>,
    turn: usize,
    stint_left: u32,
    tried_in_session: u8,
    /// Stops in a row on this account, and on any.
    stops_here: u8,
    stops: u8,
    run_ends_ms: i64,
    phase: Phase,
}

/// What a tester does next.
#[derive(Debug, Clone, Copy)]
enum Phase {
    /// Opens an account, or enters a bought one.
    Enter,
    /// Links the next card.
    Link,
    /// Makes sure of a card by paying a little.
    Micro(u64),
}

fn begin(stage: &mut Stage<'_>, brief: Brief) -> Option<Box<dyn Actor>> {
    let craft = stage.craft(brief.crew);
    let ground = stage.ground;
    let (address, name) = (stage.key(), stage.key());
    let chance = &mut stage.chance;
    let home = |chance: &mut Chance| ground.atlas.home_country(&ground.settings, chance);
    let den = home(chance);
    let countries_known = chance.between(COUNTRIES.0, COUNTRIES.1) as u8;
    let countries = std::array::from_fn(|_| home(chance));
    let place = chance.hit(0.5).then(|| {
        let city = ground.atlas.city_in(den, chance);
        ground.atlas.near(city, 8.0, chance)
    });
    let batch = chance.log_normal(BATCH_MEDIAN, BATCH_SIGMA).min(BATCH.1) * brief.size;
    let tester = Tester {
        brief,
        den,
        place,
        exit: Exit::draw(&craft, chance),
        address,
        is_emulated: chance.hit(EMULATED) && !is_good(&craft, chance),
        one_name: chance.hit(ONE_NAME).then_some(name),
        countries,
        countries_known,
        hit_rate: uniform(chance, HIT_RATE),
        cards_left: batch.max(BATCH.0) as u32,
        accounts_wanted: 1 + chance.poisson(MORE_ACCOUNTS_MEAN * brief.size.sqrt()) as usize,
        devices_wanted: chance.between(DEVICES.0, DEVICES.1) as usize,
        accounts: Vec::new(),
        devices: 0,
        seat: None,
        turn: 0,
        stint_left: 0,
        tried_in_session: 0,
        stops_here: 0,
        stops: 0,
        run_ends_ms: stage.now_ms + (uniform(chance, RUN_MIN) * MINUTE_MS) as i64,
        phase: Phase::Enter,
    };
    Some(Box::new(tester))
}

impl Actor for Tester {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let next_ms = self.act(stage);
        if next_ms.is_none() {
            // Nobody comes back to these accounts.
            for account in self.accounts.drain(..) {
                stage.accounts.remove(account);
            }
        }
        next_ms
    }
}

impl Tester {
    fn act(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let craft = stage.craft(self.brief.crew);
        let phase = self.phase;
        let (outcome, span_ms) = match phase {
            Phase::Enter => self.enter(stage, &craft),
            Phase::Link => self.link(stage, &craft)?,
            Phase::Micro(card) => self.make_sure(stage, &craft, card)?,
        };
        let goes_on = match phase {
            Phase::Enter => is_prepared(stage, self.brief.crew, &outcome),
            Phase::Link | Phase::Micro(_) => self.count(stage, &outcome),
        };
        let is_over = outcome.ending == Ending::Void
            || STOPS_MAX <= self.stops
            || self.cards_left == 0 && !matches!(self.phase, Phase::Micro(_))
            || !goes_on;
        if is_over {
            return None;
        }
        self.take_turn(stage, &craft, &outcome);
        Some(self.rest(stage, &craft, after(&outcome, span_ms)))
    }

    fn story(&self) -> Story {
        let vector = if self.is_emulated { Vector::V9 } else { Vector::V1 };
        Story::fraud(Typology::CardTesting, vector, self.brief.episode, self.brief.crew)
    }

    /// Counts stops and tells the crew; whether it goes on.
    fn count(&mut self, stage: &mut Stage<'_>, outcome: &Outcome) -> bool {
        let is_stopped = outcome.ending.is_stopped();
        self.stops = if is_stopped { self.stops + 1 } else { 0 };
        self.stops_here = if is_stopped { self.stops_here + 1 } else { 0 };
        let told = verdict(outcome, self.stops, STOPS_BY_LUCK);
        told.is_none_or(|told| goes_on(stage, self.brief.crew, &told))
    }

    /// How many accounts the work is split over.
    fn accounts_target(&self, craft: &Craft) -> usize {
        (self.accounts_wanted * craft.spread.max(1) as usize).min(ACCOUNTS_MAX)
    }

    /// The address that goes with the account at this turn.
    fn address_of(&self, craft: &Craft, turn: usize) -> u64 {
        mix(self.address, (turn % craft.spread.max(1) as usize) as u64)
    }

    /// Until the next card.
    fn gap_ms(&self, craft: &Craft, chance: &mut Chance) -> f64 {
        let gap_ms = paced(uniform(chance, GAP_S) * 1_000.0, craft);
        let Some(daily) = daily_links(craft) else { return gap_ms };
        let seats = self.accounts.len().max(1) as f64;
        gap_ms.max(DAY_MS / (daily * seats) * uniform(chance, (0.4, 1.6)))
    }

    fn enter(&mut self, stage: &mut Stage<'_>, craft: &Craft) -> (Outcome, f64) {
        let age_ms = Thief::account_age_ms(craft, &mut stage.chance);
        let claims = self.country(&mut stage.chance);
        let is_further = self.devices < self.devices_wanted * craft.spread.max(1) as usize;
        let device = self.device(stage, craft, is_further);
        let address = self.address_of(craft, self.accounts.len());
        let network = self.exit.network(&stage.ground.atlas, self.den, address);
        let mut thief =
            Thief::settle(stage, self.brief.crew, claims, age_ms, device, (network, self.place));
        let outcome = thief.enter(stage, self.story());
        if !outcome.ending.is_done() {
            return (outcome, paced(90_000.0, craft));
        }
        self.turn = self.accounts.len();
        self.accounts.push(thief.account);
        self.devices += usize::from(is_further);
        self.sit(thief, craft);
        let rest_ms = rest_ms(craft, &mut stage.chance);
        (outcome, rest_ms + uniform(&mut stage.chance, (20_000.0, 120_000.0)))
    }

    fn country(&self, chance: &mut Chance) -> Country {
        self.countries[chance.below(u64::from(self.countries_known)) as usize]
    }

    /// The device of the next account: a further one, or one of those in use. `None` for the
    /// ordinary phone that an account comes with.
    fn device(&self, stage: &mut Stage<'_>, craft: &Craft, is_further: bool) -> Option<Device> {
        if is_further || self.accounts.is_empty() {
            return self.is_emulated.then(|| people::emulator(stage, craft.disguise));
        }
        let old = stage.chance.pick(&self.accounts);
        stage.accounts.get(old).map(|account| account.device)
    }

    fn sit(&mut self, thief: Thief, craft: &Craft) {
        self.seat = Some(thief);
        self.tried_in_session = 0;
        self.stops_here = 0;
        let share = self.cards_left as usize / self.accounts_target(craft).max(1);
        self.stint_left = if daily_links(craft).is_some() { 1 } else { share.max(4) as u32 };
        self.phase = Phase::Link;
    }

    fn link(&mut self, stage: &mut Stage<'_>, craft: &Craft) -> Option<(Outcome, f64)> {
        let thief = self.seat?;
        let from = self.country(&mut stage.chance);
        let mut card = people::stolen_card(stage, self.brief.crew, from);
        let knows_cvv = self.appraise(&mut card, &mut stage.chance);
        let own_name = stage.accounts.get(thief.account)?.holder.name;
        card.name = match self.one_name {
            _ if stage.chance.hit(0.8 * craft.disguise) => own_name,
            Some(name) => name,
            None => card.name,
        };
        self.tried_in_session = self.tried_in_session.saturating_add(1);
        let median_ms = if self.is_emulated { 1_800.0 } else { 9_000.0 };
        let link = Act::Link {
            card: &card,
            entry: "manual",
            entry_ms: stage.chance.log_normal(median_ms, 0.5) as u32,
            is_pasted: stage.chance.hit(0.6),
            knows_cvv,
            attempt: self.tried_in_session,
        };
        let outcome = thief.attempt(stage, self.story(), &link);
        // A card that the wallet stops says nothing of itself: it goes back on the list.
        if !outcome.ending.is_stopped() {
            self.cards_left -= 1;
        }
        self.stint_left = self.stint_left.saturating_sub(1);
        if outcome.ending.is_done() {
            if stage.chance.hit(MICRO) {
                self.phase = Phase::Micro(card.key);
                return Some((outcome, uniform(&mut stage.chance, (8_000.0, 60_000.0))));
            }
            self.take_off(stage, &thief, card.key, outcome.at_ms);
        }
        Some((outcome, self.gap_ms(craft, &mut stage.chance)))
    }

    /// Whether a card of the batch works; whether its security code is right.
    fn appraise(&self, card: &mut Card, chance: &mut Chance) -> bool {
        if chance.hit(self.hit_rate) {
            card.health = Health::Live;
            return true;
        }
        let (health, knows_cvv) = chance.weigh(&[
            ((Health::Invalid, true), 0.40),
            ((Health::Blocked, true), 0.25),
            ((Health::NotPermitted, true), 0.10),
            ((Health::Live, false), 0.25),
        ]);
        card.health = health;
        knows_cvv
    }

    fn take_off(&self, stage: &mut Stage<'_>, thief: &Thief, card: u64, at_ms: i64) {
        if stage.chance.hit(TAKEN_OFF) {
            let who = thief.who(self.story());
            stage.note(at_ms + 2_000, &Note::Unlink { who: &who, card });
        }
    }

    fn make_sure(
        &mut self,
        stage: &mut Stage<'_>,
        craft: &Craft,
        key: u64,
    ) -> Option<(Outcome, f64)> {
        let thief = self.seat?;
        let card = thief.linked(stage, key)?;
        let till = Till::at(stage, 0, Trade::InApp);
        let fen = price_fen(log_uniform(&mut stage.chance, MICRO_YUAN));
        let story = self.story().staking(fen);
        let outcome = thief.pay(stage, story, &till, fen, Funding::Card(&card));
        self.take_off(stage, &thief, key, outcome.at_ms);
        self.phase = Phase::Link;
        Some((outcome, self.gap_ms(craft, &mut stage.chance)))
    }

    /// Goes on to the next account when this one has had its share or is no good.
    fn take_turn(&mut self, stage: &mut Stage<'_>, craft: &Craft, outcome: &Outcome) {
        if !matches!(self.phase, Phase::Link) {
            return;
        }
        let is_burnt = STOPS_ON_ACCOUNT <= self.stops_here;
        if is_burnt && self.turn < self.accounts.len() {
            stage.accounts.remove(self.accounts.swap_remove(self.turn));
        }
        if 0 < self.stint_left && !is_burnt {
            return;
        }
        if self.accounts.is_empty()
            || self.accounts.len() < self.accounts_target(craft) && !is_burnt
        {
            self.phase = Phase::Enter;
            return;
        }
        self.turn = (self.turn + 1) % self.accounts.len();
        let account = self.accounts[self.turn];
        let Some(device) = stage.accounts.get(account).map(|account| account.device) else {
            self.accounts.swap_remove(self.turn);
            self.phase = Phase::Enter;
            return;
        };
        let address = self.address_of(craft, self.turn);
        let network = self.exit.network(&stage.ground.atlas, self.den, address);
        let mut session = stage.session("pin", "direct");
        session.since_ms = outcome.at_ms;
        let place = self.place;
        self.sit(Thief { account, device, network, place, session, is_aged: true }, craft);
    }

    /// The time of the next card, after the night when the run is over.
    fn rest(&mut self, stage: &mut Stage<'_>, craft: &Craft, next_ms: i64) -> i64 {
        let is_slowed = daily_links(craft).is_some();
        if is_slowed || next_ms < self.run_ends_ms || !matches!(self.phase, Phase::Link) {
            return next_ms;
        }
        let chance = &mut stage.chance;
        let next_ms = next_ms + (uniform(chance, REST_H) * HOUR_MS) as i64;
        self.run_ends_ms = next_ms + (uniform(chance, RUN_MIN) * MINUTE_MS) as i64;
        next_ms
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use features::event::Event;
    use features::field::{EventType, ids};

    use super::*;
    use crate::synth::fraud::cash_out::thief::played::{distinct, episodes, median, yuan};
    use crate::synth::tests_support::{START_MS, play, play_against, text};
    use crate::synth::wallet::{Answer, Ask, Wallet};

    /// A few whole batches a day.
    const OFTEN: Playbook = Playbook { events: 50.0, ..PLAYBOOK };

    const NAIVE: Craft =
        Craft { skill: 0.0, pace: 1.0, spread: 1, amount: 1.0, patience_h: 0.0, disguise: 0.0 };

    #[test]
    fn a_tester_who_was_never_stopped_counts_nothing() {
        assert_eq!(daily_links(&NAIVE), None);
    }

    #[test]
    fn a_slowed_tester_links_at_most_two_cards_a_day_on_an_account() {
        let slow = Craft { pace: 0.2, ..NAIVE };
        assert_eq!(daily_links(&slow), Some(2.0));
        let slowing = Craft { pace: 0.8, ..NAIVE };
        assert!((15.0..25.0).contains(&daily_links(&slowing).unwrap_or(0.0)));
    }

    #[test]
    fn a_tester_tries_many_cards_within_minutes() {
        // Batches differ a hundredfold: the median of one world's is anywhere from 50 to 190.
        let worlds: Vec<_> = (11..23).map(|seed| play(&OFTEN, seed, 8)).collect();
        let of_world = |played| episodes(played, EventType::CardLink).into_values();
        let cards = worlds.iter().flat_map(of_world).map(|links| links.len() as f64).collect();
        let cards = median(cards);
        assert!((80.0..140.0).contains(&cards), "{cards} cards of a batch");
        let episodes = episodes(&worlds[0], EventType::CardLink);
        let mut gaps_s = Vec::new();
        for links in episodes.values() {
            assert!(distinct(links, ids::CARD_CARD_TOKEN) == links.len());
            let times = links.windows(2).map(|pair| pair[1].0.time() - pair[0].0.time());
            gaps_s.extend(times.map(|gap_ms| gap_ms as f64 / 1_000.0));
        }
        let gap_s = median(gaps_s);
        assert!((4.0..40.0).contains(&gap_s), "{gap_s} s from card to card");
    }

    #[test]
    fn a_tester_has_many_cards_on_few_accounts_and_devices() {
        let played = play(&OFTEN, 12, 8);
        let episodes = episodes(&played, EventType::CardLink);
        let crowded = episodes.values().filter(|links| {
            5 * distinct(links, ids::ACCOUNT_ID) < 4 * links.len()
                && distinct(links, ids::DEVICE_DEVICE_ID) <= DEVICES.1 as usize
        });
        assert!(episodes.len() < 2 * crowded.count());
    }

    #[test]
    fn a_payment_that_makes_sure_costs_a_few_yuan_and_follows_a_hit() {
        let played = play(&OFTEN, 13, 8);
        let links = played.frauds(EventType::CardLink).len();
        let payments = played.frauds(EventType::Payment);
        assert!(!payments.is_empty());
        assert!(payments.len() * 6 < links, "{} after {links} links", payments.len());
        for (payment, truth) in payments {
            assert!((1.0..=14.0).contains(&yuan(payment)), "{}", payment.json());
            assert_eq!(truth.stake_fen() as f64, payment.number(ids::BASE_MINOR));
        }
    }

    #[test]
    fn emulated_testers_are_robots_and_the_others_thieves() {
        let played = play(&OFTEN, 14, 8);
        let mut by_vector = [0, 0];
        for (_, truth) in played.frauds(EventType::CardLink) {
            by_vector[usize::from(truth.vector() == Some("V9"))] += 1;
        }
        assert!(0 < by_vector[0] && 0 < by_vector[1], "{by_vector:?}");
    }

    /// A wallet that lets a device try five cards a day.
    #[derive(Default)]
    struct FiveCards(BTreeMap<(String, i64), u32>);

    impl Wallet for FiveCards {
        fn decide(&mut self, ask: &Ask<'_>) -> Answer {
            if ask.event_type != "card_link" {
                return Answer::Approve;
            }
            let event = Event::read(ask.line.as_bytes(), None).unwrap();
            let device = text(&event, ids::DEVICE_DEVICE_ID).to_owned();
            let tried = self.0.entry((device, event.time() / DAY_MS as i64)).or_default();
            *tried += 1;
            if *tried <= 5 { Answer::Approve } else { Answer::Decline }
        }

        fn record(&mut self, _line: &str) {}
    }

    #[test]
    fn crews_that_run_into_a_limit_on_devices_slip_below_it_in_time() {
        let days = 56;
        let played = play_against(&OFTEN, 15, days, &mut FiveCards::default());
        let mut stopped = [(0, 0); 4];
        for (link, truth) in played.frauds(EventType::CardLink) {
            let quarter = (link.time() - START_MS) / (i64::from(days) / 4 * DAY_MS as i64);
            let (all, of_them) = &mut stopped[quarter as usize];
            *all += 1;
            *of_them += u32::from(truth.is_stopped());
        }
        let share = stopped.map(|(all, of_them)| f64::from(of_them) / f64::from(all));
        assert!(0.1 < share[0] && share[3] < 0.75 * share[0], "{share:?}");
        assert!(0.0 < share[3], "{share:?}");
    }
}
