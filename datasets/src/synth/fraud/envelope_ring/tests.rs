//! Rings, as they are seen from outside.

use std::collections::{BTreeMap, BTreeSet};

use features::event::Event;
use features::field::{EventType, ids};

use super::*;
use crate::synth::batch::Truth;
use crate::synth::tests_support::{Played, play, play_against, text};
use crate::synth::wallet::{Answer, Ask, Wallet};

/// Rings of full size, and the smallest that there are.
static FULL: Playbook = Playbook { events: 320.0, ..PLAYBOOK };
static LEAST: Playbook = Playbook { events: 40_000.0, ..PLAYBOOK };

/// Acts of one type by episode.
fn episodes(played: &Played, event_type: EventType) -> BTreeMap<u64, Vec<(&Event, &Truth)>> {
    let mut episodes: BTreeMap<u64, Vec<_>> = BTreeMap::new();
    for (event, truth) in played.frauds(event_type) {
        episodes.entry(truth.episode()).or_default().push((event, truth));
    }
    episodes
}

fn fen(event: &Event) -> f64 {
    event.number(ids::BASE_MINOR)
}

fn share_of(events: &[&Event], fits: impl Fn(&Event) -> bool) -> f64 {
    events.iter().filter(|event| fits(event)).count() as f64 / events.len().max(1) as f64
}

#[test]
fn bets_are_of_fifty_to_two_hundred_yuan_and_shared_without_a_rest() {
    let played = play(&PLAYBOOK, 31, 14);
    let mut sent: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for (event, truth) in played.frauds(EventType::RedEnvelopeSend) {
        assert_eq!((truth.vector(), truth.stake_fen()), (Some("V7"), 0));
        assert!((5_000.0..=20_000.0).contains(&fen(event)), "{event:?}");
        let shares = event.number(ids::SHARES);
        sent.insert(text(event, ids::ENVELOPE_ID).to_owned(), (fen(event), shares));
    }
    assert!(150 < sent.len(), "{}", sent.len());
    for (event, _) in played.frauds(EventType::RedEnvelopeClaim) {
        let left = sent.get_mut(text(event, ids::ENVELOPE_ID)).expect("it was sent before");
        *left = (left.0 - fen(event), left.1 - 1.0);
    }
    assert!(sent.values().all(|(fen, shares)| 0.0 <= *fen && 0.0 <= *shares), "{sent:?}");
    // Only what the end of the world cut off is unclaimed.
    let whole = sent.values().filter(|left| **left == (0.0, 0.0)).count();
    assert!(95 * sent.len() < 100 * whole, "{whole} of {}", sent.len());
}

#[test]
fn most_claims_are_faster_than_a_hand_and_many_are_not() {
    let played = play(&PLAYBOOK, 32, 16);
    let claims: Vec<&Event> =
        played.frauds(EventType::RedEnvelopeClaim).into_iter().map(|(event, _)| event).collect();
    let fast = share_of(&claims, |event| event.number(ids::LATENCY_MS) < 800.0);
    let slow = share_of(&claims, |event| 2_000.0 <= event.number(ids::LATENCY_MS));
    assert!((0.45..0.8).contains(&fast) && 0.15 < slow, "{fast} and {slow} of {}", claims.len());
    // The same wallet is in the same hands all evening.
    let mut by_wallet: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
    for claim in &claims {
        let is_fast = claim.number(ids::LATENCY_MS) < 800.0;
        by_wallet.entry(text(claim, ids::ACCOUNT_ID)).or_default().push(is_fast);
    }
    let mixed = by_wallet.values().filter(|all| all.contains(&true) && all.contains(&false));
    // But for those whose crew learnt meanwhile.
    assert!(20 * mixed.count() < by_wallet.len());
}

#[test]
fn a_group_is_closed_and_is_left_after_some_days() {
    let played = play(&FULL, 33, 24);
    let (mut kept, mut left) = (0, 0);
    for sends in episodes(&played, EventType::RedEnvelopeSend).values() {
        let mut groups: BTreeMap<&str, (i64, i64, BTreeSet<&str>)> = BTreeMap::new();
        for (event, _) in sends.iter().filter(|(event, _)| event.has(ids::GROUP_ID_HASH)) {
            let time_ms = event.time();
            let group = groups
                .entry(text(event, ids::GROUP_ID_HASH))
                .or_insert_with(|| (time_ms, time_ms, BTreeSet::new()));
            group.1 = time_ms;
            group.2.insert(text(event, ids::ACCOUNT_ID));
        }
        for (first, last, wallets) in groups.values() {
            // It leaves on the first evening after its time is over.
            assert!(((last - first) as f64) < (STAYS_DAYS.1 + 1.5) * DAY_MS);
            assert!(wallets.len() <= GROUP.1 as usize, "{}", wallets.len());
        }
        let mut groups: Vec<_> = groups.into_values().collect();
        groups.sort_by_key(|(first, ..)| *first);
        for pair in groups.windows(2) {
            assert!(pair[0].1 < pair[1].0, "two groups at once");
            kept += pair[0].2.intersection(&pair[1].2).count();
            left += pair[0].2.difference(&pair[1].2).count();
        }
    }
    assert!(20 < left, "no ring has moved");
    assert!((0.2..0.8).contains(&(kept as f64 / (kept + left) as f64)), "{kept} kept, {left} left");
}

#[test]
fn hubs_gather_at_night_and_only_what_they_cash_out_is_at_stake() {
    let played = play(&FULL, 34, 12);
    let (mut gathered, mut nightly) = (BTreeMap::<(u64, &str), BTreeSet<&str>>::new(), 0);
    let mut moves = 0;
    for event_type in [EventType::Transfer, EventType::RedEnvelopeSend] {
        for (event, truth) in played.frauds(event_type) {
            let hub = match event_type {
                EventType::Transfer => text(event, ids::BENEFICIARY_ID),
                _ => text(event, ids::RECIPIENT_ID),
            };
            if hub.is_empty() || 0 < truth.stake_fen() {
                continue;
            }
            let hour = (event.time() + CHINA_MS) / HOUR_MS as i64 % 24;
            moves += 1;
            nightly += u32::from(!(9..21).contains(&hour));
            let from = text(event, ids::ACCOUNT_ID);
            gathered.entry((truth.episode(), hub)).or_default().insert(from);
        }
    }
    assert!(100 < moves && 9 * moves < 10 * nightly, "{nightly} of {moves}");
    assert!(gathered.values().any(|from| 10 < from.len()), "{gathered:?}");
    let staked: BTreeMap<u64, i64> =
        played.truths.iter().fold(BTreeMap::new(), |mut all, (_, truth)| {
            *all.entry(truth.episode()).or_default() += truth.loss_fen();
            all
        });
    let withdrawals = played.frauds(EventType::Withdrawal);
    assert!(5 < withdrawals.len());
    for (event, truth) in &withdrawals {
        assert_eq!(truth.stake_fen() as f64, fen(event));
        let hub = text(event, ids::ACCOUNT_ID);
        assert!(gathered.contains_key(&(truth.episode(), hub)), "{hub} has gathered nothing");
    }
    // No more is lost than came in with the wallets and by buying in.
    let mut came: BTreeMap<u64, f64> = BTreeMap::new();
    for (event, truth) in played.frauds(EventType::ThirdPartyTopup) {
        *came.entry(truth.episode()).or_default() += fen(event);
    }
    let mut seen = BTreeSet::new();
    for (place, truth) in &played.truths {
        let event = &played.events[*place];
        if truth.episode() != 0 && seen.insert((truth.episode(), text(event, ids::ACCOUNT_ID))) {
            *came.entry(truth.episode()).or_default() += event.number(ids::ACCOUNT_BALANCE_MINOR);
        }
    }
    for (episode, staked) in &staked {
        let came = came.get(episode).copied().unwrap_or_default();
        assert!(*staked as f64 <= came, "{staked} of {came}");
    }
}

#[test]
fn a_wallet_that_ran_dry_buys_in_before_it_bets() {
    let played = play(&PLAYBOOK, 35, 12);
    for event_type in [EventType::Transfer, EventType::RedEnvelopeSend, EventType::Withdrawal] {
        for (event, _) in played.frauds(event_type) {
            assert!(fen(event) <= event.number(ids::ACCOUNT_BALANCE_MINOR), "{event:?}");
        }
    }
    let bought = played.frauds(EventType::ThirdPartyTopup);
    for (event, truth) in &bought {
        assert!(event.number(ids::ACCOUNT_BALANCE_MINOR) < ENVELOPE_MAX_FEN as f64);
        assert_eq!(truth.stake_fen(), 0);
    }
    let sent = played.frauds(EventType::RedEnvelopeSend).len();
    assert!(10 < bought.len() && 2 * bought.len() < sent, "{} for {sent}", bought.len());
}

/// Declines claims that no hand can make, and all transfers.
struct BotCheck;

impl Wallet for BotCheck {
    fn decide(&mut self, ask: &Ask<'_>) -> Answer {
        let latency_ms = ask.line.split(r#""latency_ms":"#).nth(1).and_then(|rest| {
            rest.split([',', '}']).next().and_then(|number| number.parse::<u32>().ok())
        });
        let is_bot = latency_ms.is_some_and(|ms| ms < 800);
        if is_bot || ask.event_type == "transfer" { Answer::Decline } else { Answer::Approve }
    }

    fn record(&mut self, _line: &str) {}
}

#[test]
fn a_ring_that_is_stopped_learns_to_wait_and_gathers_by_envelopes() {
    let latest = |played: &Played| {
        let claims = played.frauds(EventType::RedEnvelopeClaim);
        let all: Vec<&Event> = claims.into_iter().map(|(event, _)| event).collect();
        let late = &all[all.len() / 2..];
        share_of(late, |event| event.number(ids::LATENCY_MS) < 800.0)
    };
    // Few rings of a world hand anything in once they are stopped, so several worlds are counted.
    let seeds = [36, 37, 38, 39];
    let left_alone = seeds.map(|seed| play(&PLAYBOOK, seed, 30));
    let hunted = seeds.map(|seed| play_against(&PLAYBOOK, seed, 30, &mut BotCheck));
    let (naive, wary) = (latest(&left_alone[0]), latest(&hunted[0]));
    assert!(wary < 0.8 * naive, "{wary} after stops, {naive} without");
    let to_one = |(event, _): &&(&Event, &Truth)| event.has(ids::RECIPIENT_ID);
    let by_envelope =
        |played: &Played| played.frauds(EventType::RedEnvelopeSend).iter().filter(to_one).count();
    let handed_in = |worlds: &[Played]| {
        let envelopes: usize = worlds.iter().map(by_envelope).sum();
        let transfers: usize = worlds.iter().map(|w| w.frauds(EventType::Transfer).len()).sum();
        envelopes as f64 / (envelopes + transfers) as f64
    };
    let (free, forced) = (handed_in(&left_alone), handed_in(&hunted));
    assert!(free < forced, "{free} without stops, {forced} after");
}

#[test]
fn an_episode_has_as_many_events_as_the_playbook_says() {
    for (book, size, days) in [(&FULL, 1.0, 24), (&LEAST, 0.02, 60)] {
        let measured = [37, 39].map(|seed| play(book, seed, days).events_per_episode());
        let share = measured.iter().sum::<f64>() / 2.0 / (PLAYBOOK.events * size);
        assert!((0.67..1.5).contains(&share), "{measured:?} at size {size}");
    }
}

#[test]
fn parts_of_an_envelope_make_it_whole() {
    let mut chance = Chance::of(38, &[1]);
    for _ in 0..500 {
        let parts = split(5_000, 3, &mut chance);
        assert!(parts.iter().all(|fen| 0 < *fen) && parts.iter().sum::<i64>() == 5_000);
    }
}
