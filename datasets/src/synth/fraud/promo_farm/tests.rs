use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use features::event::Event;
use features::field::{EventType, ids};

use super::*;
use crate::synth::tests_support::{START_MS, play, play_against, text};
use crate::synth::wallet::{Answer, Ask, PlainWallet, Wallet};
use crate::synth::{Atlas, Options, Settings, Shard, World};

/// A whole farm every other day, and two small ones a day.
static WHOLE: Playbook = Playbook { events: 324.0, ..PLAYBOOK };
static SMALL: Playbook = Playbook { events: 1_600.0, ..PLAYBOOK };

/// One episode in an empty world.
struct Alone {
    playbook: &'static Playbook,
    actor: Option<Box<dyn Actor>>,
    seen: Arc<Mutex<(usize, usize)>>,
}

impl Actor for Alone {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let brief = Brief { episode: 1, crew: 0, size: 1.0 };
        let actor = self.actor.take().or_else(|| (self.playbook.begin)(stage, brief));
        let mut actor = actor.expect("an episode");
        let next_ms = actor.step(stage);
        self.actor = Some(actor);
        let accounts = stage.accounts.len();
        let mut seen = self.seen.lock().unwrap();
        *seen = (seen.0.max(accounts), accounts);
        next_ms
    }
}

/// How many accounts an episode has at a time, and how many it leaves behind.
pub(in crate::synth::fraud) fn accounts_of(playbook: &'static Playbook) -> (usize, usize) {
    let (settings, atlas) = (Settings::default(), Atlas::built_in());
    let (seed, days, accounts, start_ms) = (3, 60, 100, START_MS);
    let options = Options { seed, days, accounts, start_ms, peaks: Vec::new(), settings, atlas };
    let mut world = World::new(options).unwrap();
    let seen = Arc::new(Mutex::new((0, 0)));
    let alone = Alone { playbook, actor: None, seen: Arc::clone(&seen) };
    world.shards = vec![Shard::with(&world.ground, 0, 0..accounts, vec![Box::new(alone)])];
    while world.play_step(&mut PlainWallet) {}
    *seen.lock().unwrap()
}

#[test]
fn most_accounts_share_a_device_with_many_and_some_have_one_for_themselves() {
    let played = play(&WHOLE, 31, 14);
    let mut users: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for event_type in [EventType::AccountOpen, EventType::PromoRedemption] {
        for (event, _) in played.frauds(event_type) {
            let device = text(event, ids::DEVICE_DEVICE_ID);
            users.entry(device).or_default().insert(text(event, ids::ACCOUNT_ID));
        }
    }
    let count = |fits: fn(usize) -> bool| {
        users.values().map(BTreeSet::len).filter(|users| fits(*users)).sum::<usize>() as f64
    };
    let all = count(|_| true);
    assert!(1_000.0 < all, "{all}");
    let (crowded, alone) = (count(|users| 5 <= users) / all, count(|users| users == 1) / all);
    assert!((0.5..0.85).contains(&crowded), "{crowded}");
    assert!((0.12..0.4).contains(&alone), "{alone}");
    assert!(count(|users| 42 < users) < 0.05 * all);
}

#[test]
fn coupons_are_those_of_everybody_and_their_worth_is_all_that_is_lost() {
    let played = play(&SMALL, 32, 14);
    let mut by_customers = BTreeSet::new();
    let frauds: BTreeMap<usize, i64> = (played.truths.iter())
        .filter(|(_, truth)| truth.typology().is_some())
        .map(|(place, truth)| (*place, truth.stake_fen()))
        .collect();
    for (place, event) in played.events.iter().enumerate() {
        let is_coupon = event.event_type() == EventType::PromoRedemption;
        match frauds.get(&place) {
            Some(stake_fen) if is_coupon => {
                assert_eq!(*stake_fen as f64, event.number(ids::BENEFIT_MINOR));
                assert!((100..=10_000).contains(stake_fen), "{}", event.json());
            }
            Some(stake_fen) => assert_eq!(*stake_fen, 0, "{}", event.json()),
            None if is_coupon => drop(by_customers.insert(text(event, ids::CAMPAIGN_ID))),
            None => {}
        }
    }
    let redeemed = played.frauds(EventType::PromoRedemption);
    let shared =
        redeemed.iter().filter(|(event, _)| by_customers.contains(text(event, ids::CAMPAIGN_ID)));
    let (shared, all) = (shared.count(), redeemed.len());
    assert!(100 < all && all < 2 * shared, "{shared} of {all}");
}

#[test]
fn careless_accounts_redeem_at_once_and_careful_ones_rest_for_days() {
    let played = play(&WHOLE, 33, 20);
    let mut opened = BTreeMap::new();
    for (open, _) in played.frauds(EventType::AccountOpen) {
        opened.insert(text(open, ids::ACCOUNT_ID), open.time());
    }
    let mut rested_days: BTreeMap<&str, f64> = BTreeMap::new();
    for (coupon, _) in played.frauds(EventType::PromoRedemption) {
        if let Some(opened_ms) = opened.get(text(coupon, ids::ACCOUNT_ID)) {
            let days = (coupon.time() - opened_ms) as f64 / DAY_MS;
            rested_days.entry(text(coupon, ids::ACCOUNT_ID)).or_insert(days);
        }
    }
    let all = rested_days.len() as f64;
    let at_once = rested_days.values().filter(|days| **days < 1.2).count() as f64 / all;
    assert!((0.5..0.95).contains(&at_once), "{at_once}");
    let longest = rested_days.values().fold(0.0_f64, |longest, days| longest.max(*days));
    assert!((4.0..12.0).contains(&longest), "{longest}");
    let covers = played.truths.iter().filter(|(place, truth)| {
        truth.typology().is_none()
            && truth.episode() != 0
            && played.events[*place].event_type() == EventType::Login
    });
    assert!(20 < covers.count());
}

/// A wallet that lets a device open two accounts a day, and redeem a campaign once.
#[derive(Default)]
struct OneToADevice {
    opened: BTreeMap<(String, i64), u32>,
    redeemed: BTreeMap<(String, String), String>,
}

impl Wallet for OneToADevice {
    fn decide(&mut self, ask: &Ask<'_>) -> Answer {
        let event = Event::read(ask.line.as_bytes(), None).unwrap();
        let device = text(&event, ids::DEVICE_DEVICE_ID).to_owned();
        let is_fine = match ask.event_type {
            "account_open" => {
                let day = event.time() / DAY_MS as i64;
                let opened = self.opened.entry((device, day)).or_default();
                *opened += 1;
                *opened <= 2
            }
            "promo_redemption" => {
                let account = text(&event, ids::ACCOUNT_ID).to_owned();
                let campaign = text(&event, ids::CAMPAIGN_ID).to_owned();
                let first = self.redeemed.entry((device, campaign));
                *first.or_insert_with(|| account.clone()) == account
            }
            _ => true,
        };
        if is_fine { Answer::Approve } else { Answer::Decline }
    }

    fn record(&mut self, _line: &str) {}
}

#[test]
fn crews_that_run_into_limits_on_devices_slip_below_them_in_time() {
    let played = play_against(&WHOLE, 35, 60, &mut OneToADevice::default());
    let mut stopped = [(0.0, 0.0); 3];
    for event_type in [EventType::AccountOpen, EventType::PromoRedemption] {
        for (event, truth) in played.frauds(event_type) {
            let third = ((event.time() - START_MS) as f64 / (20.0 * DAY_MS)) as usize;
            stopped[third].0 += 1.0;
            stopped[third].1 += f64::from(u8::from(truth.is_stopped()));
        }
    }
    let share = stopped.map(|(all, of_them)| of_them / all);
    assert!(0.2 < share[0] && share[2] < 0.75 * share[0], "{share:?} of {stopped:?}");
    assert!(0.0 < share[2], "{share:?}");
}

#[test]
fn a_farm_has_as_many_events_as_the_playbook_says_and_leaves_no_account_behind() {
    let measured = play(&WHOLE, 9, 40).events_per_episode();
    assert!((0.67..1.5).contains(&(measured / PLAYBOOK.events)), "{measured}");
    let (most, left) = accounts_of(&PLAYBOOK);
    assert!(10 < most && left == 0, "{left} of {most}");
}
