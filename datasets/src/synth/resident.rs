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
use super::asset::Session;
use super::market::Trade;
use super::people;
use super::stage::{Actor, Stage};
use super::story::{LookAlike, Story};

pub(crate) mod chore;
pub(crate) mod customer;
pub(crate) mod till;

use chore::{CHORES, Chore, Linking, Return};
use customer::{Customer, DAY_MS, HOUR_MS, SECOND_MS, Spot, Trait, insists, pause};
use till::{After, Means, Purchase};

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
/// Goods bought in the app, and in shops, that go back.
const RETURNED_ONLINE: f64 = 0.03;
const RETURNED_SHOP: f64 = 0.004;
/// Subscriptions of a customer, and what they cost a month in CNY fen.
const MANDATES: u64 = 2;
const SUBSCRIPTIONS_FEN: [i64; 5] = [12_00, 15_00, 25_00, 30_00, 68_00];

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

/// What is tried again.
#[derive(Debug)]
enum Again {
    Buy(Purchase),
    Chore(Chore),
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
    again: Option<(i64, Again)>,
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
        again: None,
        is_updated,
    };
    day.plan(stage, &customer, day_ms);
    let first_ms = match day.errands[..usize::from(day.count)].first() {
        Some(errand) => day.due_ms(errand) - stage.chance.between(15, 90) * SECOND_MS,
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
    let up_ms = stage.chance.between(0, 10) * HOUR_MS;
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
        self.planned_ms + i64::from(errand.after_s) * SECOND_MS
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
        let story = customer.story(stage, &spot.network);
        if self.is_updated && story.look_alike != Some(LookAlike::NewPhone) {
            Story::like(LookAlike::UpdateWave)
        } else {
            story
        }
    }

    /// When this day goes on; `None` when it is over.
    fn wake_ms(&self, now_ms: i64) -> Option<i64> {
        let errand = self.errands[..usize::from(self.count)].get(usize::from(self.next));
        let due_ms = errand.map(|errand| self.due_ms(errand));
        let again_ms = self.again.as_ref().map(|(at_ms, _)| *at_ms);
        let next_ms = match (due_ms, again_ms) {
            (Some(due), Some(again)) => Some(due.min(again)),
            (due, again) => due.or(again),
        };
        next_ms.map(|at_ms| at_ms.max(now_ms + SECOND_MS))
    }

    /// Opens the app; gives when the day goes on.
    fn open(&mut self, stage: &mut Stage<'_>, customer: &Customer) -> Option<i64> {
        let spot = customer.at_home(stage);
        let story = self.story(stage, customer, &spot);
        let mut session = customer.session(stage, "direct");
        if self.tries == 0 && stage.chance.hit(MISTYPED) {
            self.tries = 1;
            session.auth = "password";
            let (method, name) = (session.auth, customer.holder.phone);
            let act = Act::Login { method, outcome: "bad_password", name, streak: 1, code: None };
            stage.attempt(&customer.who(&spot, &session, story), &act);
            return Some(stage.now_ms + stage.chance.between(6, 40) * SECOND_MS);
        }
        let outcome = customer.login(stage, &spot, &session, story);
        if outcome.ending == Ending::Done {
            self.session = Some(session);
            return self.wake_ms(outcome.at_ms);
        }
        self.tries += 1;
        let tries_again = insists(&mut stage.chance, outcome.ending, self.tries - 1);
        tries_again.then(|| pause(&mut stage.chance, outcome.at_ms))
    }

    /// Does what is due; false when the account is frozen.
    fn act(&mut self, stage: &mut Stage<'_>, customer: &Customer, session: &Session) -> bool {
        let is_due = self.again.as_ref().is_some_and(|(at_ms, _)| *at_ms <= stage.now_ms);
        if let Some((_, again)) = self.again.take_if(|_| is_due) {
            return match again {
                Again::Buy(purchase) => self.buy(stage, customer, session, purchase),
                Again::Chore(chore) => self.see_to(stage, customer, session, chore, 1),
                Again::Link(linking) => self.link(stage, customer, session, linking),
            };
        }
        let errands = &self.errands[..usize::from(self.count)];
        let Some(errand) = errands.get(usize::from(self.next)) else { return true };
        let deed = errand.deed;
        self.next += 1;
        let purchase = match deed {
            Deed::Buy => errand_of_the_day(stage, customer),
            Deed::Bill => bill(stage, customer),
            Deed::Debit => subscription(stage, customer),
            Deed::Link => {
                let linking = Linking::begin(stage, customer);
                return linking.is_none_or(|linking| self.link(stage, customer, session, linking));
            }
            Deed::Chore(chore) => return self.see_to(stage, customer, session, chore, 0),
        };
        purchase.is_none_or(|purchase| self.buy(stage, customer, session, purchase))
    }

    fn buy(
        &mut self,
        stage: &mut Stage<'_>,
        customer: &Customer,
        session: &Session,
        purchase: Purchase,
    ) -> bool {
        let spot = spot_of(stage, customer, &purchase);
        let story = self.story(stage, customer, &spot);
        match purchase.pay(stage, &customer.who(&spot, session, story)) {
            After::Paid { event, card, .. } => {
                let is_online = purchase.merchant.place.is_none();
                let share = if is_online { RETURNED_ONLINE } else { RETURNED_SHOP };
                let can_return = matches!(purchase.extra, Extra::None | Extra::Delivery { .. });
                if can_return && stage.chance.hit(share) {
                    let Purchase { fen, merchant, .. } = purchase;
                    let back =
                        Return { account: self.account, payment: event, fen, card, merchant };
                    back.send(stage);
                }
            }
            After::Again { at_ms, purchase } => self.again = Some((at_ms, Again::Buy(purchase))),
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
        let spot = customer.at_home(stage);
        let story = self.story(stage, customer, &spot);
        let Some(outcome) = chore.perform(stage, customer, &customer.who(&spot, session, story))
        else {
            return true;
        };
        if tries == 0 && insists(&mut stage.chance, outcome.ending, tries) {
            let at_ms = pause(&mut stage.chance, outcome.at_ms);
            self.again = Some((at_ms, Again::Chore(chore)));
        }
        outcome.ending != Ending::Void
    }

    fn link(
        &mut self,
        stage: &mut Stage<'_>,
        customer: &Customer,
        session: &Session,
        linking: Linking,
    ) -> bool {
        let spot = customer.at_home(stage);
        let story = self.story(stage, customer, &spot);
        let next = linking.step(stage, &customer.who(&spot, session, story));
        if let Some((at_ms, linking)) = next {
            self.again = Some((at_ms, Again::Link(linking)));
        }
        true
    }
}

impl Actor for Day {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let customer = Customer::find(stage, self.account)?;
        let Some(session) = self.session else { return self.open(stage, &customer) };
        if !self.act(stage, &customer, &session) {
            return None;
        }
        self.wake_ms(stage.now_ms)
    }
}

/// Where a purchase is made from: at the shop, or wherever the customer is.
pub(crate) fn spot_of(stage: &mut Stage<'_>, customer: &Customer, purchase: &Purchase) -> Spot {
    match purchase.merchant.place {
        Some(place) => customer.in_town(stage, place),
        None => customer.at_home(stage),
    }
}

/// Something that a resident buys on an ordinary day.
pub(crate) fn errand_of_the_day(stage: &mut Stage<'_>, customer: &Customer) -> Option<Purchase> {
    let kinds = stage.ground.settings.payments.kinds;
    let kind = stage.chance.weigh(&[
        ("merchant_qr_static", kinds.merchant_qr),
        ("payment_code", kinds.payment_code),
        ("transit", kinds.transit),
        ("in_app", kinds.in_app),
        ("travel", kinds.travel),
    ]);
    match kind {
        "transit" => at_a_shop(stage, customer, kind, Trade::Transit),
        "in_app" => online(stage, customer),
        "travel" => ticket(stage, customer),
        _ => {
            let trade = stage.chance.weigh(&[
                (Trade::Food, 0.64),
                (Trade::Retail, 0.33),
                (Trade::Electronics, 0.012),
                (Trade::Hotel, 0.010),
                (Trade::Luxury, 0.004),
                (Trade::Government, 0.004),
            ]);
            at_a_shop(stage, customer, kind, trade)
        }
    }
}

/// A purchase at a counter.
pub(crate) fn at_a_shop(
    stage: &mut Stage<'_>,
    customer: &Customer,
    kind: &'static str,
    trade: Trade,
) -> Option<Purchase> {
    /// Small shops mostly show a printed code, large ones a fresh one for each sale.
    const PRINTED: (f64, f64) = (0.75, 0.10);
    let merchant = customer.shop(stage, trade);
    let fen = stage.ground.market.amount_fen(trade, &mut stage.chance);
    let means = Means::choose(stage, customer, fen)?;
    let is_small = matches!(merchant.tier, "micro" | "small");
    let printed = if is_small { PRINTED.0 } else { PRINTED.1 };
    let chance = &mut stage.chance;
    let (kind, extra) = match kind {
        "merchant_qr_static" if !chance.hit(printed) => ("merchant_qr_dynamic", Extra::None),
        "payment_code" => (kind, Extra::Code { age_ms: code_age_ms(stage) }),
        _ => (kind, Extra::None),
    };
    if merchant.is_personal && means != Means::Balance {
        // Personal codes do not take cards, and residents know it.
        return None;
    }
    Some(Purchase { kind, fen, merchant, extra, means, look: None, tries: 0 })
}

/// How long a payment code was on the screen when it was scanned.
fn code_age_ms(stage: &mut Stage<'_>) -> u32 {
    (stage.chance.log_normal(6.5, 0.6) * 1_000.0).min(55_000.0) as u32
}

fn online(stage: &mut Stage<'_>, customer: &Customer) -> Option<Purchase> {
    let trade = stage.chance.weigh(&[
        (Trade::InApp, 0.82),
        (Trade::Gaming, 0.12),
        (Trade::GiftCards, 0.02),
        (Trade::Electronics, 0.03),
        (Trade::Government, 0.01),
    ]);
    let merchant = customer.online(stage, trade);
    let fen = stage.ground.market.amount_fen(trade, &mut stage.chance);
    let means = Means::choose(stage, customer, fen)?;
    let extra = delivery(stage, customer, &merchant, fen);
    Some(Purchase { kind: "in_app", fen, merchant, extra, means, look: None, tries: 0 })
}

/// Goods go home, at times with something off the price.
pub(crate) fn delivery(
    stage: &mut Stage<'_>,
    customer: &Customer,
    merchant: &super::asset::Merchant,
    fen: i64,
) -> Extra {
    /// Purchases with a discount, which is a share of the price.
    const DISCOUNTED: f64 = 0.22;
    if merchant.goods != "physical" {
        return Extra::None;
    }
    let chance = &mut stage.chance;
    let share = if chance.hit(DISCOUNTED) { 0.03 + 0.15 * chance.unit() } else { 0.0 };
    Extra::Delivery { country: customer.home.country, discount_fen: (fen as f64 * share) as i64 }
}

fn ticket(stage: &mut Stage<'_>, customer: &Customer) -> Option<Purchase> {
    let merchant = customer.online(stage, Trade::Travel);
    let fen = stage.ground.market.amount_fen(Trade::Travel, &mut stage.chance);
    let means = Means::choose(stage, customer, fen)?;
    let chance = &mut stage.chance;
    let lead_days = chance.log_normal(7.0, 1.0).clamp(0.1, 120.0);
    let extra = Extra::Travel {
        departure_ms: stage.now_ms + (lead_days * DAY_MS as f64) as i64,
        passengers: chance.weigh(&[(1, 0.7), (2, 0.22), (4, 0.08)]),
        name_match: chance.weigh(&[("exact", 0.85), ("strong", 0.09), ("none", 0.06)]),
        is_refundable: chance.hit(0.6),
    };
    Some(Purchase { kind: "travel", fen, merchant, extra, means, look: None, tries: 0 })
}

fn bill(stage: &mut Stage<'_>, customer: &Customer) -> Option<Purchase> {
    /// Payees of a customer's bills: electricity, phone, gas.
    const PAYEES: u64 = 3;
    let place = stage.chance.below(PAYEES);
    let ground = stage.ground;
    let mut taste = customer.taste(ground, Trade::Bill, place);
    let merchant = ground.market.online(Trade::Bill, &mut taste, ground.start_ms);
    let fen = ground.market.amount_fen(Trade::Bill, &mut stage.chance);
    let means = Means::choose(stage, customer, fen)?;
    let is_own_name = !stage.chance.hit(0.03);
    let payee = customer.own(Trait::Bill, if is_own_name { place } else { PAYEES });
    let extra = Extra::Bill { payee, is_own_name };
    Some(Purchase { kind: "bill", fen, merchant, extra, means, look: None, tries: 0 })
}

/// A subscription that is debited: the same amount each month.
fn subscription(stage: &mut Stage<'_>, customer: &Customer) -> Option<Purchase> {
    let ground = stage.ground;
    let place = stage.chance.below(MANDATES);
    let mandate = customer.own(Trait::Mandate, place);
    let mut taste = customer.taste(ground, Trade::InApp, FIRST_SUBSCRIBED + place);
    let merchant = ground.market.online(Trade::InApp, &mut taste, ground.start_ms);
    let fen = SUBSCRIPTIONS_FEN[mandate as usize % SUBSCRIPTIONS_FEN.len()];
    let means = Means::choose(stage, customer, fen)?;
    let extra = Extra::Mandate { mandate };
    Some(Purchase { kind: "auto_debit", fen, merchant, extra, means, look: None, tries: 0 })
}

/// Subscriptions are with merchants that come after the favourites.
const FIRST_SUBSCRIBED: u64 = 100;

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
        println!("{} residents, active {share:.3}, {payments:.2} payments", accounts.len());
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
            assert!(event.number(ids::BASE_MINOR) <= 12_000_00.0);
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
