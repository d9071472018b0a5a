//! T16, credit bust-out: somebody uses a card up and never pays it back.
//!
//! A debtor lives in a Chinese city with a wallet and a credit card in a good name: his own, or one
//! that stands for nobody. For 30 to 120 days he buys what everybody buys, a fifth more each week,
//! and pays his bills, so the issuer is content. Then, within one to three days, he spends nine
//! tenths and more of his line on jewellery, electronics, gift cards and what else sells again,
//! tries on until the issuer says that there is no more, and is not seen again. He has his own
//! phone, line and city to the end: nothing is stolen, and what is bought could be the one large
//! purchase of a tourist. The weeks before are covers; each purchase of the last days is a stake,
//! which the bank learns to be lost when the bills come.
//!
//! Crews that learn split the work over several debtors, ask for less at a time, wait longer before
//! the last days, stretch them, and in disguise let amounts rise step by step and buy half of it
//! where nobody wonders. Most episodes begin days before the end, some with the whole ramp ahead.

use super::cash_out::thief::{DAY_MS, HOUR_MS, MINUTE_MS, Till, after, is_good, paced, price_fen};
use super::mule_ring::hand::{Hand, waking};
use crate::synth::act::{Act, Ending, Funding, Outcome, Pay};
use crate::synth::asset::{Card, Country, Persona};
use crate::synth::crew::{Brief, Playbook};
use crate::synth::people;
use crate::synth::resident::customer::Customer;
use crate::synth::stage::{Actor, Stage};
use crate::synth::story::{Story, Typology, Vector};

/// T16.
pub(crate) const PLAYBOOK: Playbook =
    Playbook { typology: Typology::BustOut, events: 16.5, least: 5.0, begin };

/// Purchases that use a line up; a smaller world has smaller lines.
const PURCHASES: (f64, f64) = (8.0, 28.0);
const FEWEST_PURCHASES: u32 = 2;
/// What one of them costs, in yuan, and the deviation of its logarithm among those of a debtor.
const TICKET_YUAN: (f64, f64) = (500.0, 3_200.0);
const TICKET_SIGMA: f64 = 0.45;
/// Nothing smaller is worth it and nothing larger is tried, in yuan: the wallet has a limit.
const LEAST_YUAN: f64 = 60.0;
const MOST_YUAN: f64 = 33_000.0;
/// Share of the line that he means to use.
const USED: (f64, f64) = (0.90, 1.0);
/// How long that takes, in hours.
const SPREE_H: (f64, f64) = (24.0, 72.0);
/// Tries when the line is used up.
const LAST_TRIES: (i64, i64) = (1, 3);
/// Refusals in a row after which he knows that nothing works any more.
const REFUSALS: u8 = 3;
/// Of an amount that the wallet stopped, so much is tried next.
const RETREAT: f64 = 0.6;
/// A careful debtor spends at most so many times the largest amount before.
const CAREFUL_STEP: f64 = 2.4;
/// The whole ramp, in days.
const RAMP_DAYS: (f64, f64) = (30.0, 120.0);
/// What is left of it when an episode begins, in days; and the share that has nearly all ahead.
const LEFT_DAYS: (f64, f64) = (1.5, 8.0);
const WHOLE_RAMP: f64 = 0.15;
/// Age of the account when nearly all is ahead, in days.
const BEGUN_DAYS: f64 = 2.0;
/// By how much spend grows in a week.
const WEEKLY_GROWTH: f64 = 1.2;
/// Purchases a week in the beginning, and what one costs: median in yuan, deviation of the
/// logarithm. Number and amount have equal parts in the growth.
const FIRST_A_WEEK: f64 = 4.0;
const FIRST_YUAN: (f64, f64) = (48.0, 0.7);
/// Debtors that the work is split over, at most.
const DEBTORS_MAX: u32 = 4;
/// Share of debtors who are nobody, without disguise: their number is more often not a real one.
const NOBODY: f64 = 0.4;

/// Somebody who will not pay his card.
struct Debtor {
    hand: Hand,
    account: u64,
    /// When the last days begin.
    spree_ms: i64,
    /// Between two purchases of the last days.
    gap_ms: f64,
    ticket_yuan: f64,
    /// What the issuer still grants, and what of it he still means to use, in fen.
    room_fen: i64,
    goal_fen: i64,
    last_tries: i64,
    is_careful: bool,
    /// The largest amount that went through, in yuan.
    largest_yuan: f64,
    refusals: u8,
    /// Share of the usual amount that he asks for after stops.
    ease: f64,
}

fn begin(stage: &mut Stage<'_>, brief: Brief) -> Option<Box<dyn Actor>> {
    let hand = Hand::of(stage, brief, Typology::BustOut, Vector::V8);
    let purchases = hand.many(&mut stage.chance, PURCHASES, FEWEST_PURCHASES);
    let debtors = hand.craft.spread.clamp(1, DEBTORS_MAX).min(purchases.div_ceil(FEWEST_PURCHASES));
    let each = f64::from(purchases) / f64::from(debtors);
    let first = Debtor::new(stage, hand, each);
    for _ in 1..debtors {
        let debtor = Debtor::new(stage, hand, each);
        let apart_ms = hand.gap_ms(&mut stage.chance, DAY_MS);
        stage.spawn(waking(stage.now_ms + apart_ms), Box::new(debtor));
    }
    Some(Box::new(first))
}

/// A country whose issuers can be counted on.
pub(super) fn served_country(stage: &mut Stage<'_>) -> Country {
    let ground = stage.ground;
    let failing = &ground.settings.issuers.failing;
    let mut draw = || ground.atlas.home_country(&ground.settings, &mut stage.chance);
    let is_served = |country: &Country| failing.iter().all(|(other, _)| other != country);
    (0..16).map(|_| draw()).find(is_served).unwrap_or(Country(*b"US"))
}

/// A new credit card in this name, of an issuer in this country.
pub(super) fn credit_card(stage: &mut Stage<'_>, country: Country, name: u64) -> Card {
    let (key, ground, now_ms) = (stage.key(), stage.ground, stage.now_ms);
    let mut draw = || ground.atlas.card(country, now_ms, &mut stage.chance);
    let credit = (0..16).map(|_| draw()).find(|card| card.funding == "credit");
    let card = credit.unwrap_or_else(draw);
    Card { key, name, ..card }
}

/// Somewhere that takes cards.
fn till_for_cards(mut find: impl FnMut() -> Till) -> Till {
    // Private codes do not, so he goes next door.
    let first = find();
    let others = (0..4).map(|_| find());
    std::iter::once(first).chain(others).find(|till| !till.merchant.is_personal).unwrap_or(first)
}

impl Debtor {
    /// A debtor whose line bears so many purchases.
    fn new(stage: &mut Stage<'_>, hand: Hand, purchases: f64) -> Debtor {
        let craft = hand.craft;
        let chance = &mut stage.chance;
        let ticket_yuan = hand.between(chance, TICKET_YUAN);
        let line_fen = price_fen((ticket_yuan * purchases).max(100.0));
        let ramp_days = hand.between(chance, RAMP_DAYS);
        let left_days = if chance.hit(WHOLE_RAMP) {
            ramp_days - BEGUN_DAYS
        } else {
            hand.between(chance, LEFT_DAYS)
        };
        let age_ms = ((ramp_days - left_days) * DAY_MS) as i64;
        let left_ms = left_days * DAY_MS + craft.patience_h * HOUR_MS;
        let spree_h = hand.between(chance, SPREE_H);
        let used = hand.between(chance, USED);
        Debtor {
            hand,
            spree_ms: waking(stage.now_ms + left_ms as i64),
            gap_ms: spree_h * HOUR_MS / purchases,
            ticket_yuan,
            room_fen: line_fen,
            goal_fen: (used * line_fen as f64) as i64,
            last_tries: chance.between(LAST_TRIES.0, LAST_TRIES.1),
            is_careful: is_good(&craft, chance),
            largest_yuan: 0.0,
            refusals: 0,
            ease: 1.0,
            account: settle(stage, &hand, age_ms, line_fen),
        }
    }

    /// By how much spend has grown since the account was opened.
    fn growth(&self, stage: &Stage<'_>, customer: &Customer) -> f64 {
        let weeks = (stage.now_ms - customer.created_ms) as f64 / (7.0 * DAY_MS);
        WEEKLY_GROWTH.powf(weeks)
    }

    /// A purchase like anybody's.
    fn ramp(&mut self, stage: &mut Stage<'_>, customer: &Customer) -> Option<i64> {
        let growth = self.growth(stage, customer).sqrt();
        let (median, sigma) = FIRST_YUAN;
        let yuan = stage.chance.log_normal(median * growth, sigma).clamp(3.0, MOST_YUAN);
        let till = till_for_cards(|| Till::ordinary(stage, customer.home.city));
        let story = self.hand.story().cover();
        let outcome = self.pay(stage, customer, &till, price_fen(yuan), story)?;
        if outcome.ending.is_done() {
            self.largest_yuan = self.largest_yuan.max(yuan);
        }
        let gap_ms = stage.chance.exponential(7.0 * DAY_MS / (FIRST_A_WEEK * growth));
        Some(waking(after(&outcome, gap_ms)).min(self.spree_ms).max(outcome.at_ms))
    }

    /// A purchase of the last days.
    fn spree(&mut self, stage: &mut Stage<'_>, customer: &Customer) -> Option<i64> {
        let craft = self.hand.craft;
        let fen = self.price(stage)?;
        let till = till_for_cards(|| Till::of_resale(stage, &craft, customer.home.city));
        let story = self.hand.story().staking(fen);
        let outcome = self.pay(stage, customer, &till, fen, story)?;
        if outcome.ending == Ending::Void || !self.hand.heed(stage, &outcome) {
            return None;
        }
        self.note(&outcome, fen);
        if self.last_tries <= 0 || REFUSALS <= self.refusals {
            return None;
        }
        let is_refused = matches!(outcome.ending, Ending::Refused(_));
        let gap_ms = if is_refused { 6.0 * MINUTE_MS } else { paced(self.gap_ms, &craft) };
        let pause_ms = stage.chance.exponential(gap_ms).max(MINUTE_MS);
        Some(waking(after(&outcome, pause_ms)))
    }

    /// What the next purchase of the last days costs, in fen; `None` when it is not worth it.
    fn price(&self, stage: &mut Stage<'_>) -> Option<i64> {
        let usual = self.ticket_yuan * self.hand.craft.amount * self.ease;
        if usual < LEAST_YUAN {
            return None;
        }
        let mut yuan = stage.chance.log_normal(usual, TICKET_SIGMA);
        if self.is_careful && 0.0 < self.largest_yuan {
            yuan = yuan.min(CAREFUL_STEP * self.largest_yuan);
        }
        if 0 < self.goal_fen {
            // The last one takes what is left.
            yuan = yuan.min(self.goal_fen as f64 / 100.0);
        }
        Some(price_fen(yuan.clamp(LEAST_YUAN, MOST_YUAN)))
    }

    /// Keeps the accounts of a purchase that was tried.
    fn note(&mut self, outcome: &Outcome, fen: i64) {
        if self.goal_fen <= 0 {
            self.last_tries -= 1;
        }
        match outcome.ending {
            Ending::Done => {
                self.room_fen -= fen;
                self.goal_fen -= fen;
                self.refusals = 0;
                self.largest_yuan = self.largest_yuan.max(fen as f64 / 100.0);
                // A rest that is smaller than any purchase is as good as none.
                if (self.goal_fen as f64) < 100.0 * LEAST_YUAN {
                    self.goal_fen = 0;
                }
            }
            Ending::Refused(_) => self.refusals += 1,
            Ending::Blocked | Ending::Failed | Ending::Abandoned | Ending::Held | Ending::Void => {
                self.ease *= RETREAT;
            }
        }
    }

    fn pay(
        &self,
        stage: &mut Stage<'_>,
        customer: &Customer,
        till: &Till,
        fen: i64,
        story: Story,
    ) -> Option<Outcome> {
        let card = *stage.accounts.get(self.account)?.cards.first()?;
        // The issuer looks at what the line still bears.
        let card = Card { limit_fen: self.room_fen, ..card };
        let (spot, referrer) = match till.merchant.place {
            Some(place) => (customer.in_town(stage, place), "qr_scan"),
            None => (customer.at_home(stage), "direct"),
        };
        let session = customer.session(stage, referrer);
        let Till { merchant, kind, extra, .. } = till;
        let funding = Funding::Card(&card);
        let pay = Pay { kind, fen, funding, merchant, extra: *extra };
        Some(stage.attempt(&customer.who(&spot, &session, story), &Act::Pay(pay)))
    }
}

/// Puts the wallet of a debtor among the accounts: that of a resident of this age, with one card.
fn settle(stage: &mut Stage<'_>, hand: &Hand, age_ms: i64, line_fen: i64) -> u64 {
    let country = served_country(stage);
    let opened_ms = stage.now_ms - age_ms;
    let mut account = people::open(stage, Persona::Resident, opened_ms, country);
    // Nobody robs him, and no story of residents counts on him.
    account.persona = Persona::Crook;
    let card = credit_card(stage, country, account.holder.name);
    let linked_ms = account.cards.first().map_or(opened_ms, |card| card.linked_ms);
    account.cards = vec![Card { limit_fen: line_fen, linked_ms, ..card }];
    if stage.chance.hit(NOBODY * (1.0 - hand.craft.disguise)) {
        let lines = [("mobile", 0.60), ("prepaid", 0.28), ("voip", 0.12)];
        account.holder.phone_line = stage.chance.weigh(&lines);
    }
    let key = account.key;
    stage.accounts.insert(account);
    key
}

impl Actor for Debtor {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let awake_ms = waking(stage.now_ms);
        if stage.now_ms < awake_ms {
            return Some(awake_ms);
        }
        let customer = Customer::find(stage, self.account)?;
        let next_ms = if stage.now_ms < self.spree_ms {
            self.ramp(stage, &customer)
        } else {
            self.spree(stage, &customer)
        };
        if next_ms.is_none() {
            // Nobody comes back to it.
            stage.accounts.remove(self.account);
        }
        next_ms
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use features::event::Event;
    use features::field::{EventType, ids};

    use super::*;
    use crate::synth::batch::Truth;
    use crate::synth::fraud::cash_out::thief::played::{median, yuan};
    use crate::synth::tests_support::{Played, play, play_against, text};
    use crate::synth::wallet::{Answer, Ask, Wallet};

    type Told<'a> = (&'a Event, &'a Truth);

    /// What each debtor did: the purchases before the last days, and those of them.
    fn debtors(played: &Played) -> BTreeMap<&str, (Vec<Told<'_>>, Vec<Told<'_>>)> {
        let mut debtors: BTreeMap<&str, (Vec<_>, Vec<_>)> = BTreeMap::new();
        for (place, truth) in played.truths.iter().filter(|(_, truth)| truth.episode() != 0) {
            let event = &played.events[*place];
            let (covers, frauds) = debtors.entry(text(event, ids::ACCOUNT_ID)).or_default();
            if truth.typology().is_some() { frauds } else { covers }.push((event, truth));
        }
        debtors.retain(|_, (_, frauds)| !frauds.is_empty());
        debtors
    }

    fn hours(from: &Told<'_>, to: &Told<'_>) -> f64 {
        (to.0.time() - from.0.time()) as f64 / HOUR_MS
    }

    #[test]
    fn a_line_is_used_up_within_days_until_the_issuer_says_no_more() {
        let played = play(&PLAYBOOK, 61, 30);
        let debtors = debtors(&played);
        let end_ms = played.events.iter().map(Event::time).max().unwrap();
        let (mut spree_h, mut over, mut at_the_end) = (Vec::new(), 0, 0);
        for (_, frauds) in debtors.values() {
            let last = frauds.last().unwrap();
            for (purchase, truth) in frauds {
                assert_eq!(purchase.number(ids::BASE_MINOR) as i64, truth.stake_fen());
                assert_eq!(truth.vector(), Some("V8"));
            }
            // Those whose last days are not cut by the end of the world.
            if last.0.time() < end_ms - 2 * DAY_MS as i64 && 5 < frauds.len() {
                spree_h.push(hours(&frauds[0], last));
                over += 1;
                at_the_end += u32::from(last.1.loss_fen() == 0);
            }
        }
        assert!(100 < over, "{over}");
        assert!(6 * over < 10 * at_the_end, "{at_the_end} of {over} end with a refusal");
        let middle_h = median(spree_h);
        assert!((20.0..80.0).contains(&middle_h), "{middle_h} h");
    }

    #[test]
    fn most_debtors_are_near_the_end_when_they_appear_and_some_far_from_it() {
        let played = play(&PLAYBOOK, 62, 30);
        let all: BTreeSet<&str> = played
            .truths
            .iter()
            .filter(|(place, truth)| truth.episode() != 0 && *place < played.events.len() / 2)
            .map(|(place, _)| text(&played.events[*place], ids::ACCOUNT_ID))
            .collect();
        let debtors = debtors(&played);
        let seen = all.iter().filter(|account| debtors.contains_key(*account)).count();
        assert!(7 * all.len() < 10 * seen && seen < all.len(), "{seen} of {}", all.len());
        let waits = debtors.values().filter_map(|(covers, frauds)| {
            covers.first().map(|cover| hours(cover, &frauds[0]) / 24.0)
        });
        let wait_days = median(waits.collect());
        assert!((1.0..9.0).contains(&wait_days), "{wait_days} days");
    }

    #[test]
    fn the_purchases_are_large_and_sell_again_but_nothing_looks_stolen() {
        let played = play(&PLAYBOOK, 63, 20);
        let (mut rises, mut first_steps) = (Vec::new(), Vec::new());
        for (covers, frauds) in debtors(&played).into_values() {
            let all = || covers.iter().chain(&frauds).map(|(event, _)| event);
            for field in [ids::DEVICE_DEVICE_ID, ids::CARD_CARD_TOKEN] {
                let values: BTreeSet<&str> = all().map(|event| text(event, field)).collect();
                assert_eq!(values.len(), 1, "{values:?}");
            }
            assert!(all().all(|event| text(event, ids::CARD_NAME_MATCH) == "exact"));
            if 2 < covers.len() && 2 < frauds.len() {
                let amounts = |of: &[Told<'_>]| of.iter().map(|(e, _)| yuan(e)).collect::<Vec<_>>();
                let (before, last) = (amounts(&covers), amounts(&frauds));
                first_steps.push(last[0] / before.iter().copied().fold(0.0, f64::max));
                rises.push(median(last) / median(before));
            }
        }
        let rise = median(rises);
        assert!((5.0..30.0).contains(&rise), "{rise} times the usual amount");
        // Some rise step by step, below what asks for a second factor; others do not.
        let is_small = |step: &&f64| **step <= 1.01 * CAREFUL_STEP;
        let small = first_steps.iter().filter(is_small).count();
        assert!(0 < small && small < first_steps.len(), "{small} of {}", first_steps.len());
        let frauds = played.frauds(EventType::Payment);
        let resale = [5944.0, 5732.0, 5816.0, 5947.0];
        let sells = |(event, _): &&Told<'_>| resale.contains(&event.number(ids::MERCHANT_MCC));
        let sold = frauds.iter().filter(sells).count() as f64 / frauds.len() as f64;
        assert!((0.6..0.98).contains(&sold), "{sold} of the purchases sell again");
    }

    /// Declines purchases from 250 yuan on.
    struct SmallOnly;

    impl Wallet for SmallOnly {
        fn decide(&mut self, ask: &Ask<'_>) -> Answer {
            let event = Event::read(ask.line.as_bytes(), None).unwrap();
            let is_large = ask.event_type == "payment" && 250.0 <= yuan(&event);
            if is_large { Answer::Decline } else { Answer::Approve }
        }

        fn record(&mut self, _line: &str) {}
    }

    #[test]
    fn who_is_stopped_asks_for_less_and_the_next_ones_of_the_crew_do_from_the_start() {
        let played = play_against(&PLAYBOOK, 64, 40, &mut SmallOnly);
        for (_, frauds) in debtors(&played).values() {
            let stops = frauds.iter().filter(|(_, truth)| truth.is_stopped()).count();
            assert!(stops < 12, "{stops} stops of {}", frauds.len());
        }
        // What the debtors of the later half ask for at first, of whom none was stopped himself.
        let first = |played: &Played| {
            let debtors = debtors(played);
            let mut firsts: Vec<_> = debtors.values().map(|(_, frauds)| frauds[0].0).collect();
            firsts.sort_by_key(|first| first.time());
            median(firsts[firsts.len() / 2..].iter().map(|first| yuan(first)).collect())
        };
        let (usual, less) = (first(&play(&PLAYBOOK, 64, 40)), first(&played));
        assert!(less < 0.8 * usual, "{less} yuan, {usual} where nobody is stopped");
    }

    #[test]
    fn a_small_world_has_small_lines() {
        static LEAST: Playbook = Playbook { events: 16_000.0, ..PLAYBOOK };
        let played = play(&LEAST, 66, 60);
        let measured = played.events_per_episode();
        assert!(1.0 < measured && measured < 6.0, "{measured}");
    }

    #[test]
    fn an_episode_has_as_many_events_as_the_playbook_says() {
        let measured = play(&PLAYBOOK, 65, 30).events_per_episode();
        assert!((0.8..1.25).contains(&(measured / PLAYBOOK.events)), "{measured}");
    }
}
