//! What happens to many at once, or to a cast of its own.
//!
//! Festivals and issuers that are down, updates that sweep over the phones, families on one phone,
//! circles of friends: honest life that looks like fraud, beside the dry notices (rates, merchants,
//! telemetry) that a wallet hears all day. Each kind is a root actor that lives as long as its
//! world and comes up at random, so often that it fits the size of the shard. Nothing here knows of
//! any fraud, and no customer is moved: who takes part acts from where the account says that its
//! owner lives.

use super::act::Act;
use super::asset::{Account, Persona, Session};
use super::resident::customer::{Customer, DAY_MS, SECOND_MS};
use super::resident::errand::spot_of;
use super::resident::till::{After, Purchase};
use super::stage::{Actor, Stage};

mod circle;
mod company;
mod crowd;
mod new_phone;
mod notices;
mod outage;
mod update;

/// Lets everything in that happens by itself in a world.
pub(crate) fn begin(stage: &mut Stage<'_>) {
    notices::begin(stage);
    circle::begin(stage);
    new_phone::begin(stage);
    company::begin(stage);
    crowd::begin(stage);
    outage::begin(stage);
    update::begin(stage);
}

/// When the next thing comes of those that come so often a day.
fn next_ms(stage: &mut Stage<'_>, per_day: f64) -> i64 {
    let gap_ms = stage.chance.exponential(DAY_MS as f64 / per_day.max(1e-6));
    stage.now_ms + gap_ms.min(1e13) as i64 + SECOND_MS
}

/// Whether the account's owner stays where the account says: residents, and shoppers abroad.
fn is_settled(account: &Account) -> bool {
    matches!(account.persona, Persona::Resident | Persona::Shopper)
}

/// Somebody who comes for one purchase and sees it through.
struct Buyer {
    account: u64,
    purchase: Purchase,
    session: Option<Session>,
}

impl Buyer {
    /// Comes in at this time.
    fn enter(stage: &mut Stage<'_>, at_ms: i64, account: u64, purchase: Purchase) {
        stage.spawn(at_ms, Box::new(Buyer { account, purchase, session: None }));
    }
}

impl Actor for Buyer {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let customer = Customer::find(stage, self.account)?;
        let spot = spot_of(stage, &customer, &self.purchase);
        let session = match self.session {
            Some(session) => session,
            None => customer.session(stage, "direct"),
        };
        self.session = Some(session);
        let story = customer.story(stage, &spot.network);
        match self.purchase.pay(stage, &customer.who(&spot, &session, story)) {
            After::Again { at_ms, purchase } => {
                self.purchase = purchase;
                Some(at_ms)
            }
            After::Paid { .. } | After::Over | After::Frozen => None,
        }
    }
}

/// A profile change by the user.
fn change(field: &'static str, factor: Option<&'static str>, auth: &'static str) -> Act<'static> {
    Act::Change { field, factor, new_limit_fen: None, by: "user", auth }
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::sync::LazyLock;

    use features::event::Event;
    use features::field::{EventType, ids};

    use super::super::tests_support::{START_MS, text};
    use super::super::{Atlas, Options, Peak, Settings, World};
    use super::*;

    /// A scored or other event with the look-alike that it is part of.
    pub(super) type Told = (Event, Option<&'static str>);

    /// A world without fraud from this day on.
    pub(super) fn played(seed: u64, start_ms: i64, accounts: u32, days: u32) -> Vec<Told> {
        let mut settings = Settings::default();
        settings.fraud.prevalence_bps = 1e-9;
        let peaks = vec![Peak::GoldenWeek, Peak::NewYear, Peak::LabourDay];
        let atlas = Atlas::built_in();
        let options = Options { seed, days, accounts, start_ms, peaks, settings, atlas };
        let mut world = World::new(options).unwrap();
        let mut told = Vec::new();
        while world.play_hour(1) {
            for emitted in world.events() {
                let event = Event::read(emitted.line.as_bytes(), None)
                    .unwrap_or_else(|faults| panic!("{}: {faults:?}", emitted.line));
                assert!(event.warnings().is_empty(), "{}: {:?}", emitted.line, event.warnings());
                let look_alike = emitted.truth.filter(|truth| truth.typology().is_none());
                told.push((event, look_alike.and_then(|truth| truth.look_alike())));
            }
        }
        told
    }

    /// 1,500 customers from September into Golden Week.
    static AUTUMN: LazyLock<Vec<Told>> = LazyLock::new(|| played(5, START_MS, 1_500, 36));

    fn of<'a>(told: &'a [Told], code: &'a str) -> impl Iterator<Item = &'a Event> {
        let of_code = move |(_, look_alike): &&Told| *look_alike == Some(code);
        told.iter().filter(of_code).map(|(event, _)| event)
    }

    #[test]
    fn an_autumn_has_every_notice_and_every_happening() {
        let told = &*AUTUMN;
        let mut types: BTreeMap<&str, u32> = BTreeMap::new();
        let mut codes: BTreeMap<&str, u32> = BTreeMap::new();
        for (event, look_alike) in told {
            *types.entry(event.event_type().name()).or_default() += 1;
            *codes.entry(look_alike.unwrap_or("-")).or_default() += 1;
        }
        for event_type in [
            EventType::FxRate,
            EventType::MerchantUpdate,
            EventType::DeviceSignal,
            EventType::SimSignal,
            EventType::ListUpdate,
            EventType::IssuerHealth,
            EventType::RedEnvelopeSend,
            EventType::RedEnvelopeClaim,
        ] {
            assert!(types.contains_key(event_type.name()), "{event_type:?}: {types:?}");
        }
        for code in ["L04", "L06", "L07", "L08", "L12", "L15", "L18"] {
            assert!(codes.contains_key(code), "{code}: {codes:?}");
        }
        let scored = told.iter().filter(|(event, _)| event.event_type().is_scored()).count();
        for (code, count) in codes.iter().filter(|(code, _)| **code != "-") {
            let share = f64::from(*count) / scored as f64;
            assert!(share < 0.25, "{code} is {share} of all");
        }
    }

    #[test]
    fn a_new_phone_logs_in_then_becomes_trusted_and_the_old_one_is_silent() {
        let told = &*AUTUMN;
        let mut changed = 0;
        for trusted in of(told, "L04") {
            let is_trust = trusted.event_type() == EventType::ProfileChange
                && text(trusted, ids::FIELD) == "device_trust";
            if !is_trust {
                continue;
            }
            changed += 1;
            let account = text(trusted, ids::ACCOUNT_ID);
            let device = text(trusted, ids::DEVICE_DEVICE_ID);
            let own = told.iter().map(|(event, _)| event).filter(|event| {
                event.event_type().is_scored() && text(event, ids::ACCOUNT_ID) == account
            });
            let (before, after): (Vec<&Event>, Vec<&Event>) =
                own.partition(|event| event.time() < trusted.time());
            let has_login = before.iter().any(|event| {
                event.event_type() == EventType::Login
                    && text(event, ids::DEVICE_DEVICE_ID) == device
            });
            assert!(has_login, "{}", trusted.json());
            for event in after.iter().filter(|event| event.has(ids::DEVICE_DEVICE_ID)) {
                assert_eq!(text(event, ids::DEVICE_DEVICE_ID), device, "{}", event.json());
            }
        }
        assert!(3 <= changed, "{changed} new phones");
    }

    #[test]
    fn an_outage_strands_long_known_cards_of_the_issuer_that_is_down() {
        let down = AUTUMN.iter().map(|(event, _)| event).filter(|event| {
            event.event_type() == EventType::IssuerHealth && text(event, ids::HEALTH) == "outage"
        });
        let down: BTreeSet<&str> = down.map(|event| text(event, ids::CARD_ISSUER_ID)).collect();
        let (mut stranded, mut others) = (0, 0);
        for event in of(&AUTUMN, "L08").filter(|event| event.has(ids::CARD_ISSUER_ID)) {
            let linked_ms = event.number(ids::CARD_LINKED_TIME_MS) as i64;
            let is_down = down.contains(text(event, ids::CARD_ISSUER_ID));
            assert!(!is_down || linked_ms + DAY_MS < event.time(), "{}", event.json());
            *if is_down { &mut stranded } else { &mut others } += 1;
        }
        // Some take another card after they were refused.
        assert!(5 <= stranded && 2 * others < stranded, "{stranded}, {others} with other cards");
    }

    #[test]
    fn a_company_is_on_one_phone_and_in_one_city() {
        let told = &*AUTUMN;
        let mut accounts: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for event in of(told, "L06").filter(|event| event.has(ids::DEVICE_DEVICE_ID)) {
            let device = text(event, ids::DEVICE_DEVICE_ID);
            accounts.entry(device).or_default().insert(text(event, ids::ACCOUNT_ID));
        }
        let several = accounts.values().filter(|accounts| 1 < accounts.len()).count();
        assert!(0 < several && several < accounts.len(), "{several} of {}", accounts.len());
        assert!(accounts.values().all(|accounts| accounts.len() <= 4));
    }

    #[test]
    fn rates_come_once_a_day_and_the_rest_with_the_accounts() {
        let days = 36.0;
        let count = |event_type: EventType| {
            AUTUMN.iter().filter(|(event, _)| event.event_type() == event_type).count() as f64
        };
        let rates = count(EventType::FxRate);
        assert!(rates.rem_euclid(days) < 1e-9 && 10.0 * days <= rates, "{rates}");
        // At least 0.002 and 0.001 for each of 1,500 slots; travellers' phones add to it.
        let (telemetry, sims) = (count(EventType::DeviceSignal), count(EventType::SimSignal));
        assert!(2.0 < telemetry / days && 0.9 < sims / days, "{telemetry}, {sims}");
    }
}
