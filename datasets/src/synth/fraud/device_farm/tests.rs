//! Racks, as they are seen from outside.

use std::collections::{BTreeMap, BTreeSet};

use features::event::Event;
use features::field::{EventType, FieldId, ids};

use super::super::promo_farm::tests::accounts_of;
use super::*;
use crate::synth::batch::Truth;
use crate::synth::fraud::cash_out::thief::played::median;
use crate::synth::tests_support::{Played, START_MS, play, play_against, text};
use crate::synth::wallet::{Answer, Ask, PlainWallet, Wallet};

/// A whole rack every other day.
static WHOLE: Playbook = Playbook { events: 324.0, ..PLAYBOOK };

/// Acts of racks.
fn acts(played: &Played) -> impl Iterator<Item = (&Event, &Truth)> {
    let frauds = played.truths.iter().filter(|(_, truth)| truth.typology().is_some());
    frauds.map(|(place, truth)| (&played.events[*place], truth))
}

/// Acts of each rack, in the order of time, of racks that did more than a few.
fn racks(played: &Played) -> Vec<Vec<&Event>> {
    let mut racks: BTreeMap<u64, Vec<&Event>> = BTreeMap::new();
    for (act, truth) in acts(played) {
        racks.entry(truth.episode()).or_default().push(act);
    }
    racks.into_values().filter(|acts| 50 < acts.len()).collect()
}

/// Share of acts with the value of a field that is met most, among those that have one.
fn largest_share(acts: &[&Event], field: FieldId) -> f64 {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for value in acts.iter().filter_map(|act| act.text(field)) {
        *counts.entry(value).or_default() += 1;
    }
    let most = counts.values().max().copied().unwrap_or(0);
    f64::from(most) / f64::from(counts.values().sum::<u32>().max(1))
}

#[test]
fn devices_of_a_rack_are_of_one_make_at_one_access_point() {
    let played = play(&WHOLE, 41, 30);
    let racks = racks(&played);
    assert!(8 < racks.len(), "{}", racks.len());
    let alike =
        |field, share: f64| racks.iter().filter(|acts| share < largest_share(acts, field)).count();
    let makes = alike(ids::DEVICE_MODEL, 0.5);
    assert!(racks.len() < 2 * makes, "{makes} of {}", racks.len());
    let on_wifi = racks.iter().filter(|acts| acts[0].has(ids::NETWORK_BSSID_HASH)).count();
    let points = alike(ids::NETWORK_BSSID_HASH, 0.5);
    assert!(0 < on_wifi && on_wifi < 2 * points, "{points} of {on_wifi}");
}

#[test]
fn signs_of_a_rack_are_common_but_never_sure() {
    let played = play(&WHOLE, 42, 40);
    let (mut devices, mut signs) = (BTreeMap::new(), [0.0; 3]);
    for act in racks(&played).into_iter().flatten() {
        let accounts: &mut BTreeSet<&str> =
            devices.entry(text(act, ids::DEVICE_DEVICE_ID)).or_default();
        if accounts.insert(text(act, ids::ACCOUNT_ID)) {
            signs[0] += f64::from(u8::from(act.bits(ids::DEVICE_SENSOR_STATIC) == Some(1)));
            signs[1] += f64::from(u8::from(act.bits(ids::DEVICE_IS_EMULATOR) == Some(1)));
            signs[2] += f64::from(u8::from(2.0 < act.number(ids::DEVICE_ATTEST_RECENT_COUNT)));
        }
    }
    let accounts: usize = devices.values().map(BTreeSet::len).sum();
    let shares = signs.map(|sign| sign / accounts as f64);
    assert!((0.4..0.86).contains(&shares[0]), "{shares:?}");
    assert!((0.1..0.7).contains(&shares[1]), "{shares:?}");
    assert!((0.3..0.86).contains(&shares[2]), "{shares:?}");
    let alone = devices.values().filter(|accounts| accounts.len() == 1).count() as f64;
    let alone = alone / accounts as f64;
    assert!((0.12..0.5).contains(&alone), "{alone}");
}

#[test]
fn work_comes_in_waves_and_only_coupons_are_at_stake() {
    let played = play(&WHOLE, 43, 30);
    let (mut gaps_s, mut pauses) = (Vec::new(), 0);
    for acts in racks(&played) {
        for pair in acts.windows(2) {
            gaps_s.push((pair[1].time() - pair[0].time()) as f64 / 1_000.0);
        }
        pauses +=
            acts.windows(2).filter(|pair| 3_600_000 < pair[1].time() - pair[0].time()).count();
    }
    let gap_s = median(gaps_s);
    assert!((3.0..60.0).contains(&gap_s), "{gap_s} s from act to act");
    assert!(20 < pauses, "{pauses}");
    let mut kinds = BTreeSet::new();
    for (act, truth) in acts(&played) {
        kinds.insert(act.event_type() as usize);
        let is_coupon = act.event_type() == EventType::PromoRedemption;
        let worth = if is_coupon { act.number(ids::BENEFIT_MINOR) } else { 0.0 };
        assert_eq!(truth.stake_fen() as f64, worth, "{}", act.json());
        assert_eq!(truth.vector(), Some("V9"));
    }
    assert_eq!(kinds.len(), 4, "opened, logged in, redeemed and linked");
}

/// A wallet that lets no device in which lies still or is an emulator.
struct NoRacks;

impl Wallet for NoRacks {
    fn decide(&mut self, ask: &Ask<'_>) -> Answer {
        let signs = [r#""sensor_static":true"#, r#""is_emulator":true"#];
        let is_rack = signs.iter().any(|sign| ask.line.contains(sign));
        if is_rack { Answer::Decline } else { Answer::Approve }
    }

    fn record(&mut self, _line: &str) {}
}

/// The share of what racks did in the last third of these worlds that shows what racks are known by.
fn shown(wallet: &mut dyn Wallet) -> f64 {
    let (mut all, mut shown) = (0.0, 0.0);
    for seed in 44..48 {
        let played = play_against(&WHOLE, seed, 60, wallet);
        let late = |act: &(&Event, &Truth)| 40.0 * DAY_MS < (act.0.time() - START_MS) as f64;
        for (act, _) in acts(&played).filter(late) {
            let signs = [ids::DEVICE_SENSOR_STATIC, ids::DEVICE_IS_EMULATOR];
            all += 1.0;
            shown += f64::from(u8::from(signs.iter().any(|sign| act.bits(*sign) == Some(1))));
        }
    }
    println!("{shown} of {all}");
    shown / all
}

#[test]
fn crews_that_are_known_by_their_devices_learn_to_hide_the_signs() {
    let (free, pursued) = (shown(&mut PlainWallet), shown(&mut NoRacks));
    assert!(
        0.0 < pursued && pursued < 0.75 * free,
        "{pursued} where they are refused, else {free}"
    );
}

#[test]
fn a_rack_has_as_many_events_as_the_playbook_says_and_leaves_no_account_behind() {
    let measured = play(&WHOLE, 10, 60).events_per_episode();
    assert!((0.67..1.5).contains(&(measured / PLAYBOOK.events)), "{measured}");
    let (most, left) = accounts_of(&PLAYBOOK);
    assert!(10 < most && left == 0, "{left} of {most}");
}
