//! Shops without goods, as they are seen from outside.

use std::collections::{BTreeMap, BTreeSet};

use features::event::Event;
use features::field::{EventType, ids};

use super::*;
use crate::synth::tests_support::{Played, play, play_against, text};
use crate::synth::wallet::{Answer, Ask, Wallet};

const NAIVE: Craft =
    Craft { skill: 0.0, pace: 1.0, spread: 1, amount: 1.0, patience_h: 0.0, disguise: 0.0 };

/// Fake sales by merchant.
fn sales(played: &Played) -> BTreeMap<String, Vec<&Event>> {
    let mut sales: BTreeMap<String, Vec<&Event>> = BTreeMap::new();
    for (event, _) in played.frauds(EventType::Payment) {
        sales.entry(text(event, ids::MERCHANT_MERCHANT_ID).to_owned()).or_default().push(event);
    }
    sales
}

#[test]
fn a_shop_without_goods_sells_to_the_same_few_all_day() {
    let played = play(&PLAYBOOK, 17, 8);
    let sales = sales(&played);
    let busiest = sales.values().max_by_key(|sales| sales.len()).expect("a shop was opened");
    assert!(40 < busiest.len(), "{}", busiest.len());
    let payers: BTreeSet<&str> = busiest.iter().map(|event| text(event, ids::ACCOUNT_ID)).collect();
    assert!(payers.len() * 3 < busiest.len(), "{} of {}", payers.len(), busiest.len());
}

#[test]
fn the_phone_of_a_shop_pays_in_it() {
    let played = play(&PLAYBOOK, 17, 8);
    let shops = sales(&played);
    let runs: BTreeSet<&str> = played
        .of(EventType::MerchantUpdate)
        .filter(|event| shops.contains_key(text(event, ids::MERCHANT_MERCHANT_ID)))
        .map(|event| text(event, ids::DEVICE_DEVICE_ID))
        .collect();
    let frauds = played.frauds(EventType::Payment);
    let pays = |(event, _): &&(&Event, _)| runs.contains(text(event, ids::DEVICE_DEVICE_ID));
    let own = frauds.iter().filter(pays).count();
    assert!(0 < own && own < frauds.len(), "{own} of {}", frauds.len());
}

#[test]
fn a_new_payer_opens_and_links_before_paying() {
    let played = play(&PLAYBOOK, 19, 6);
    let opened = played.frauds(EventType::AccountOpen);
    assert!(!opened.is_empty());
    let linked = played.frauds(EventType::CardLink);
    for (event, _) in played.frauds(EventType::Payment) {
        let account = text(event, ids::ACCOUNT_ID);
        let is_new = opened.iter().any(|(open, _)| text(open, ids::ACCOUNT_ID) == account);
        let before =
            |link: &Event| text(link, ids::ACCOUNT_ID) == account && link.time() < event.time();
        assert!(!is_new || linked.iter().any(|(link, _)| before(link)), "{event:?}");
    }
}

/// Declines half of the payments.
struct Strict;

impl Wallet for Strict {
    fn decide(&mut self, ask: &Ask<'_>) -> Answer {
        let is_stopped = ask.event_type == "payment" && ask.lot < 0.8;
        if is_stopped { Answer::Decline } else { Answer::Approve }
    }

    fn record(&mut self, _line: &str) {}
}

#[test]
fn a_shop_that_is_stopped_prints_another_code_or_moves() {
    // Moves for each shop that was opened.
    let moves = |played: &Played| -> f64 {
        let shops = sales(played);
        let is_shop = |e: &&Event| shops.contains_key(text(e, ids::MERCHANT_MERCHANT_ID));
        let updates = played.of(EventType::MerchantUpdate).filter(is_shop);
        let moved = updates.filter(|event| text(event, ids::UPDATE) != "onboarded").count();
        moved as f64 / shops.len() as f64
    };
    let left_alone = moves(&play(&PLAYBOOK, 38, 12));
    let hunted = moves(&play_against(&PLAYBOOK, 38, 12, &mut Strict));
    assert!(left_alone < 0.5 && 2.0 * left_alone < hunted, "{left_alone} and {hunted}");
}

#[test]
fn naive_tickets_are_round_and_those_of_a_mask_are_not() {
    let mut chance = Chance::of(17, &[1]);
    let mut odd = |craft: &Craft| {
        let tickets = (0..2_000).map(|_| ticket_fen(craft, &mut chance));
        tickets.filter(|fen| fen % 1_000 != 0 && fen % 100 != 88).count() as f64 / 2_000.0
    };
    let (naive, masked) = (odd(&NAIVE), odd(&Craft { disguise: 0.95, ..NAIVE }));
    assert!(0.1 < naive && naive < 0.25, "{naive}");
    assert!(0.6 < masked && masked < 0.9, "{masked}");
}

#[test]
fn a_shop_moves_by_the_kilometres_it_says() {
    let from = Place { lat_e3: 1_000, lon_e3: 110_000, country: Country::CN, city: 3 };
    let mut chance = Chance::of(17, &[2]);
    for _ in 0..50 {
        let to = moved(from, 20.0, &mut chance);
        let km = features::geo::distance_km(
            1.0,
            110.0,
            f64::from(to.lat_e3) / 1e3,
            f64::from(to.lon_e3) / 1e3,
        );
        assert!((km - 20.0).abs() < 0.5 && to.city == 3, "{km}");
    }
}
