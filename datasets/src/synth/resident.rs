//! Residents: expatriates and students who live with the wallet (P3).
//!
//! A day of a resident is one actor: the app is opened once, then come the errands of the day at
//! the hours people keep, mostly at the same few shops, paid by card or from the balance; now and
//! then a bill, a subscription, the rent, money from home. Whoever is stopped or refused tries
//! again or lets it be. Students of one campus share its address (L12), some phones are hopelessly
//! old (L15), on festival days all of it doubles (L07): the truth says so, the events do not.
//!
//! What friends do with each other (split bills, red envelopes) is a happening of their circle. A
//! day costs one allocation and a few microseconds for each errand.

use super::act::{Act, Ending, Extra};
use super::asset::{Place, Session};
use super::chance::mix;
use super::people;
use super::stage::{Actor, Stage};
use super::story::{LookAlike, Story};

pub(crate) mod chore;
pub(crate) mod customer;
pub(crate) mod errand;
pub(crate) mod till;

use chore::{CHORES, Chore, Linking, Return};
use customer::{Customer, DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Spot, insists, pause, travel_ms};
use errand::{bill, errand_of_the_day, subscription};
use till::{After, Purchase};

/// Errands of a day at most.
const ERRANDS: usize = 16;
/// Of these, chores at most.
const CHORES_MAX: usize = 4;
/// Bills and subscriptions on an active day.
const BILLS: f64 = 0.11;
const DEBITS: f64 = 0.10;
/// Cards linked on an active day: once or twice a year.
const LINKS: f64 = 0.012;
/// Phones restarted since the last active day.
const RESTARTED: f64 = 0.3;
/// A new build of the app changes what the soft fingerprint sees.
const FINGERPRINT_MOVES: f64 = 0.7;
/// Logins that begin with a mistyped password.
const MISTYPED: f64 = 0.02;
/// An update is fresh for so long after the app is opened for the first time.
const FRESH_UPDATE_MS: i64 = 2 * HOUR_MS;
/// Whoever was out a moment ago is still out.
const LINGERS_MS: i64 = 25 * MINUTE_MS;
/// Goods bought in the app, and in shops, that go back.
const RETURNED_ONLINE: f64 = 0.03;
const RETURNED_SHOP: f64 = 0.004;

/// What is done at an errand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Buy,
    Bill,
    Debit,
    Link,
    Chore(Chore),
}

#[derive(Debug, Clone, Copy)]
struct Errand {
    /// Seconds after the day was planned.
    after_s: u32,
    deed: Deed,
}

/// What somebody is about to do, or to try again.
#[derive(Debug)]
enum Task {
    Buy(Purchase),
    /// A chore, with the tries so far.
    Chore(Chore, u8),
    Link(Linking),
}

/// A day of a resident.
struct Day {
    account: u64,
    planned_ms: i64,
    errands: [Errand; ERRANDS],
    count: u8,
    next: u8,
    /// Login tries so far, while there is no session.
    tries: u8,
    session: Option<Session>,
    /// What comes before the next errand, and when.
    task: Option<(i64, Task)>,
    /// Where this resident was last, and when.
    seen: Option<(Place, i64)>,
    /// The app was updated today.
    is_updated: bool,
}

/// Plans the day of a resident account that begins at this UTC midnight.
pub(crate) fn day(stage: &mut Stage<'_>, account: u64, day_ms: i64) {
    let Some(is_updated) = wake_phone(stage, account) else { return };
    let Some(customer) = Customer::find(stage, account) else { return };
    let mut day = Day {
        account,
        planned_ms: stage.now_ms,
        errands: [Errand { after_s: 0, deed: Deed::Buy }; ERRANDS],
        count: 0,
        next: 0,
        tries: 0,
        session: None,
        task: None,
        seen: None,
        is_updated,
    };
    day.plan(stage, &customer, day_ms);
    let first_ms = match day.errands[..usize::from(day.count)].first() {
        Some(errand) => day.due_ms(errand) - stage.chance.between(15 * SECOND_MS, 90 * SECOND_MS),
        // A day without an errand: the app is opened all the same.
        None => day.moment(stage, &customer, day_ms),
    };
    stage.spawn(first_ms, Box::new(day));
}

/// What happened to the phone since it was last used; whether its app is a new one.
fn wake_phone(stage: &mut Stage<'_>, account: u64) -> Option<bool> {
    let now_ms = stage.now_ms;
    let restarted = stage.chance.hit(RESTARTED);
    let moves = stage.chance.hit(FINGERPRINT_MOVES);
    let up_ms = stage.chance.between(0, 10 * HOUR_MS);
    let device = &mut stage.accounts.get_mut(account)?.device;
    let before = device.app_build;
    people::keep_up(device, now_ms);
    let is_updated = device.app_build != before;
    if restarted {
        device.booted_ms = (now_ms - up_ms).max(device.booted_ms);
    }
    if is_updated && moves {
        device.fingerprint += 1;
    }
    Some(is_updated)
}

impl Day {
    fn due_ms(&self, errand: &Errand) -> i64 {
        // Nothing happens on the full second.
        let rest_ms = mix(self.account, u64::from(errand.after_s)) % SECOND_MS as u64;
        self.planned_ms + i64::from(errand.after_s) * SECOND_MS + rest_ms as i64
    }

    /// A time of this day that has not passed.
    fn moment(&self, stage: &mut Stage<'_>, customer: &Customer, day_ms: i64) -> i64 {
        let zone_min = customer.device.tz_offset_min;
        let at_ms = stage.ground.calendar.moment(day_ms, zone_min, &mut stage.chance);
        // East of Greenwich the local day began before the midnight that it is named by.
        if at_ms <= self.planned_ms { at_ms + DAY_MS } else { at_ms }
    }

    fn add(&mut self, stage: &mut Stage<'_>, customer: &Customer, day_ms: i64, deed: Deed) {
        if usize::from(self.count) < ERRANDS {
            let at_ms = self.moment(stage, customer, day_ms);
            let after_s = ((at_ms - self.planned_ms) / SECOND_MS).max(0) as u32;
            self.errands[usize::from(self.count)] = Errand { after_s, deed };
            self.count += 1;
        }
    }

    /// Draws the errands of the day and puts them in order.
    fn plan(&mut self, stage: &mut Stage<'_>, customer: &Customer, day_ms: i64) {
        let habits = stage.ground.settings.personas.resident;
        let volume = stage.ground.calendar.volume(day_ms + DAY_MS / 4);
        let (mean, dispersion) = (habits.payments_mean * volume, habits.payments_dispersion);
        let chance = &mut stage.chance;
        let payments = chance.negative_binomial(mean, dispersion) as usize;
        for _ in 0..payments.min(ERRANDS - CHORES_MAX) {
            self.add(stage, customer, day_ms, Deed::Buy);
        }
        for (deed, share) in [(Deed::Bill, BILLS), (Deed::Debit, DEBITS), (Deed::Link, LINKS)] {
            if stage.chance.hit(share) {
                self.add(stage, customer, day_ms, deed);
            }
        }
        for (chore, usual) in CHORES {
            if stage.chance.hit(chore.share(usual, customer)) {
                self.add(stage, customer, day_ms, Deed::Chore(chore));
            }
        }
        self.errands[..usize::from(self.count)].sort_unstable_by_key(|errand| errand.after_s);
    }

    /// The truth about an act on this network.
    fn story(&self, stage: &Stage<'_>, customer: &Customer, spot: &Spot) -> Story {
        let since_ms = self.session.map_or(stage.now_ms, |session| session.since_ms);
        if self.is_updated && stage.now_ms < since_ms + FRESH_UPDATE_MS {
            Story::like(LookAlike::UpdateWave)
        } else {
            customer.story(stage, &spot.network)
        }
    }

    /// When this day goes on, not before this time; `None` when it is over.
    fn wake_ms(&self, stage: &mut Stage<'_>, from_ms: i64) -> Option<i64> {
        let errand = self.errands[..usize::from(self.count)].get(usize::from(self.next));
        // Whatever is under way comes first: errands wait.
        let task_ms = self.task.as_ref().map(|(at_ms, _)| *at_ms);
        let next_ms = task_ms.or_else(|| errand.map(|errand| self.due_ms(errand)));
        let gap_ms = stage.chance.between(9 * SECOND_MS, 60 * SECOND_MS);
        next_ms.map(|at_ms| if from_ms < at_ms { at_ms } else { from_ms + gap_ms })
    }

    /// Goes there, or, when nothing calls, home unless that is too far for the time that passed.
    fn stand(&mut self, stage: &mut Stage<'_>, customer: &Customer, at: Option<Place>) -> Spot {
        let now_ms = stage.now_ms;
        let lingers = self.seen.filter(|(last, since_ms)| {
            now_ms < since_ms + travel_ms(*last, customer.home).max(LINGERS_MS)
        });
        let here = at.or(lingers.map(|(last, _)| last)).unwrap_or(customer.home);
        self.seen = Some((here, now_ms));
        if here == customer.home { customer.at_home(stage) } else { customer.in_town(stage, here) }
    }

    /// Where somebody stands who is about to buy something, or is not.
    fn counter(&self) -> Option<Place> {
        match &self.task {
            Some((_, Task::Buy(purchase))) => purchase.merchant.place,
            _ => None,
        }
    }

    /// Opens the app, mostly at the first counter; gives when the day goes on.
    fn open(&mut self, stage: &mut Stage<'_>, customer: &Customer) -> Option<i64> {
        let first = self.errands[..usize::from(self.count)].get(usize::from(self.next)).copied();
        if let Some(errand) = first.filter(|errand| self.tries == 0 && errand.deed == Deed::Buy) {
            let purchase = errand_of_the_day(stage, customer);
            let due_ms = self.due_ms(&errand);
            self.task = purchase.map(|purchase| (due_ms, Task::Buy(purchase)));
            self.next += 1;
        }
        let spot = self.stand(stage, customer, self.counter());
        let story = self.story(stage, customer, &spot);
        let mut session = customer.session(stage, "direct");
        if self.tries == 0 && stage.chance.hit(MISTYPED) {
            self.tries = 1;
            session.auth = "password";
            let (method, name) = (session.auth, customer.holder.phone);
            let act = Act::Login { method, outcome: "bad_password", name, streak: 1, code: None };
            stage.attempt(&customer.who(&spot, &session, story), &act);
            return Some(stage.now_ms + stage.chance.between(6 * SECOND_MS, 40 * SECOND_MS));
        }
        let outcome = customer.login(stage, &spot, &session, story);
        if outcome.ending == Ending::Done {
            self.session = Some(session);
            return self.wake_ms(stage, outcome.at_ms);
        }
        self.tries += 1;
        let tries_again = insists(&mut stage.chance, outcome.ending, self.tries - 1);
        tries_again.then(|| pause(&mut stage.chance, outcome.at_ms))
    }

    /// Does what is due; false when the account is frozen.
    fn act(&mut self, stage: &mut Stage<'_>, customer: &Customer, session: &Session) -> bool {
        let task = self.task.take().map(|(_, task)| task);
        match task.or_else(|| self.begin(stage, customer)) {
            Some(Task::Buy(purchase)) => self.buy(stage, customer, session, purchase),
            Some(Task::Chore(chore, tries)) => self.see_to(stage, customer, session, chore, tries),
            Some(Task::Link(linking)) => {
                let spot = self.stand(stage, customer, None);
                let story = self.story(stage, customer, &spot);
                let next = linking.step(stage, &customer.who(&spot, session, story));
                self.task = next.map(|(at_ms, linking)| (at_ms, Task::Link(linking)));
                true
            }
            None => true,
        }
    }

    /// Begins the next errand, if there is any need of it.
    fn begin(&mut self, stage: &mut Stage<'_>, customer: &Customer) -> Option<Task> {
        let errands = &self.errands[..usize::from(self.count)];
        let deed = errands.get(usize::from(self.next))?.deed;
        self.next += 1;
        match deed {
            Deed::Buy => errand_of_the_day(stage, customer).map(Task::Buy),
            Deed::Bill => bill(stage, customer).map(Task::Buy),
            Deed::Debit => subscription(stage, customer).map(Task::Buy),
            Deed::Link => Linking::begin(stage, customer).map(Task::Link),
            Deed::Chore(chore) => Some(Task::Chore(chore, 0)),
        }
    }

    fn buy(
        &mut self,
        stage: &mut Stage<'_>,
        customer: &Customer,
        session: &Session,
        purchase: Purchase,
    ) -> bool {
        let place = purchase.merchant.place;
        if let (Some(place), Some((last, since_ms))) = (place, self.seen) {
            let there_ms = since_ms + travel_ms(last, place);
            if stage.now_ms < there_ms {
                self.task = Some((there_ms, Task::Buy(purchase)));
                return true;
            }
        }
        // A debit is the merchant's doing: it has no network and no phone to look strange.
        let by_machine = purchase.kind == "auto_debit";
        let spot =
            if by_machine { customer.at_home(stage) } else { self.stand(stage, customer, place) };
        let story = if by_machine { Story::HONEST } else { self.story(stage, customer, &spot) };
        match purchase.pay(stage, &customer.who(&spot, session, story)) {
            After::Paid { event, card, .. } => {
                let share = if place.is_none() { RETURNED_ONLINE } else { RETURNED_SHOP };
                let can_return = matches!(purchase.extra, Extra::None | Extra::Delivery { .. });
                if can_return && stage.chance.hit(share) {
                    let Purchase { fen, merchant, .. } = purchase;
                    let account = self.account;
                    Return { account, payment: event, fen, card, merchant }.send(stage);
                }
            }
            After::Again { at_ms, purchase } => self.task = Some((at_ms, Task::Buy(purchase))),
            After::Over => {}
            After::Frozen => return false,
        }
        true
    }

    fn see_to(
        &mut self,
        stage: &mut Stage<'_>,
        customer: &Customer,
        session: &Session,
        chore: Chore,
        tries: u8,
    ) -> bool {
        let spot = self.stand(stage, customer, None);
        let story = self.story(stage, customer, &spot);
        let who = customer.who(&spot, session, story);
        let Some(outcome) = chore.perform(stage, customer, &who) else { return true };
        if insists(&mut stage.chance, outcome.ending, tries) {
            let at_ms = pause(&mut stage.chance, outcome.at_ms);
            self.task = Some((at_ms, Task::Chore(chore, tries + 1)));
        }
        outcome.ending != Ending::Void
    }
}

impl Actor for Day {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let customer = Customer::find(stage, self.account)?;
        let Some(session) = self.session else { return self.open(stage, &customer) };
        if !self.act(stage, &customer, &session) {
            return None;
        }
        self.wake_ms(stage, stage.now_ms)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::sync::LazyLock;

    use features::event::Event;
    use features::field::{EventType, ids};

    use super::super::tests_support::{Played, honest, text};
    use super::*;

    const DAYS: u32 = 20;

    static WORLD: LazyLock<Played> = LazyLock::new(|| honest(3, 900, DAYS));

    fn is_of_resident(event: &Event) -> bool {
        event.event_type().is_scored() && text(event, ids::ACCOUNT_RESIDENCE_COUNTRY) == "CN"
    }

    #[test]
    fn residents_are_active_a_third_of_the_days_and_pay_three_or_four_times() {
        let played = &*WORLD;
        let residents = played.events.iter().filter(|event| is_of_resident(event));
        let mut active: BTreeMap<(&str, i64), u32> = BTreeMap::new();
        let mut accounts = BTreeSet::new();
        for event in residents {
            let account = text(event, ids::ACCOUNT_ID);
            accounts.insert(account);
            let day = (event.time() + 8 * HOUR_MS) / DAY_MS;
            let is_payment = event.event_type() == EventType::Payment;
            if is_payment || event.event_type() == EventType::Login {
                *active.entry((account, day)).or_default() += u32::from(is_payment);
            }
        }
        let share = active.len() as f64 / accounts.len() as f64 / f64::from(DAYS);
        let payments = f64::from(active.values().sum::<u32>()) / active.len() as f64;
        assert!((0.27..0.45).contains(&share), "{share}");
        assert!((2.8..4.6).contains(&payments), "{payments}");
    }

    #[test]
    fn students_of_a_campus_share_its_address() {
        let played = &*WORLD;
        let mut by_ip: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for event in played.events.iter().filter(|event| is_of_resident(event)) {
            if text(event, ids::NETWORK_IP_USAGE) == "education" {
                let ip = text(event, ids::NETWORK_IP);
                by_ip.entry(ip).or_default().insert(text(event, ids::ACCOUNT_ID));
            }
        }
        let most = by_ip.values().map(BTreeSet::len).max().unwrap_or(0);
        assert!(6 <= most, "{most} students on one address");
        let tagged = played.truths.iter().filter(|(_, truth)| truth.look_alike() == Some("L12"));
        let tagged: Vec<_> = tagged.collect();
        assert!(100 < tagged.len(), "{}", tagged.len());
        for (place, _) in tagged {
            assert_eq!(text(&played.events[*place], ids::NETWORK_IP_USAGE), "education");
        }
    }

    #[test]
    fn payers_at_home_are_few_and_licensed() {
        let played = &*WORLD;
        let mut payers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for event in played.of(EventType::ThirdPartyTopup) {
            let account = text(event, ids::ACCOUNT_ID);
            payers.entry(account).or_default().insert(text(event, ids::PAYER_REF_HASH));
            let licence = text(event, ids::INTERMEDIARY_LICENCE);
            assert!(["licensed", "agent"].contains(&licence), "{licence}");
            assert!(event.number(ids::BASE_MINOR) <= 1_200_000.0);
        }
        assert!(30 < payers.len(), "{}", payers.len());
        assert!(payers.values().all(|payers| payers.len() <= 2));
    }

    #[test]
    fn nobody_spends_what_the_balance_does_not_hold() {
        let played = &*WORLD;
        let outflows = played.events.iter().filter(|event| {
            event.event_type().is_scored() && text(event, ids::FUNDING) == "balance"
        });
        let mut count = 0;
        for event in outflows {
            count += 1;
            let balance = event.number(ids::ACCOUNT_BALANCE_MINOR);
            assert!(event.number(ids::BASE_MINOR) <= balance, "{}", event.json());
        }
        assert!(100 < count, "{count}");
    }

    #[test]
    fn old_phones_are_told_as_such_and_stay_few() {
        let played = &*WORLD;
        let scored = played.events.iter().filter(|event| is_of_resident(event)).count();
        let old = played.truths.iter().filter(|(_, truth)| truth.look_alike() == Some("L15"));
        let old: Vec<_> = old.collect();
        for (place, _) in &old {
            let integrity = text(&played.events[*place], ids::DEVICE_INTEGRITY);
            assert!(["not_evaluated", ""].contains(&integrity), "{integrity}");
        }
        let share = old.len() as f64 / scored as f64;
        assert!(share < 0.06, "{share}");
    }

    #[test]
    fn a_day_is_small() {
        assert!(std::mem::size_of::<Day>() <= 640, "{}", std::mem::size_of::<Day>());
    }
}
