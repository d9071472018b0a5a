//! Rented names, as they are seen from outside.

use std::collections::{BTreeMap, BTreeSet};

use features::event::Event;
use features::field::{EventType, ids};

use super::*;
use crate::synth::batch::Truth;
use crate::synth::fraud::cash_out::thief::played::{median, yuan};
use crate::synth::tests_support::{Played, play, play_against, text};
use crate::synth::wallet::{self, Answer, Ask, PlainWallet};

/// Accounts that were proved with each document.
fn proved(played: &Played) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut proved: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (proof, _) in played.frauds(EventType::IdentityVerification) {
        let account = text(proof, ids::ACCOUNT_ID);
        proved.entry(text(proof, ids::DOC_HASH)).or_default().insert(account);
    }
    proved
}

#[test]
fn one_passport_proves_several_wallets_and_the_camera_likes_it_a_little_less() {
    let played = play(&PLAYBOOK, 71, 20);
    let wallets: Vec<usize> = proved(&played).values().map(BTreeSet::len).collect();
    assert!(wallets.iter().all(|wallets| *wallets <= WALLETS_A_PASSPORT), "{wallets:?}");
    let several = wallets.iter().filter(|wallets| 3 <= **wallets).count();
    assert!(wallets.len() < 2 * several, "{several} of {}", wallets.len());
    let proofs = played.frauds(EventType::IdentityVerification);
    let rented: BTreeSet<&str> =
        proofs.iter().map(|(proof, _)| text(proof, ids::EVENT_ID)).collect();
    let (mut theirs, mut honest) = (Vec::new(), Vec::new());
    for proof in played.of(EventType::IdentityVerification) {
        let is_rented = rented.contains(text(proof, ids::EVENT_ID));
        let seen = if is_rented { &mut theirs } else { &mut honest };
        seen.push(proof.number(ids::LIVENESS_SCORE));
    }
    // How often a camera likes an honest face more: a half is no difference, one is a sure sign.
    let below = |seen: &f64| honest.iter().filter(|other| seen < other).count();
    let pairs = (theirs.len() * honest.len()) as f64;
    let area = theirs.iter().map(below).sum::<usize>() as f64 / pairs;
    assert!((0.55..0.88).contains(&area), "{area}");
    let failed = proofs.iter().filter(|(proof, _)| text(proof, ids::RESULT) == "fail").count();
    assert!(0 < failed && 3 * failed < proofs.len(), "{failed} of {} failed", proofs.len());
}

#[test]
fn a_wallet_buys_snacks_before_it_is_used_in_one_way() {
    let played = play(&PLAYBOOK, 72, 25);
    let mut snacks: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for (place, truth) in played.truths.iter().filter(|(_, truth)| truth.episode() != 0) {
        let event = &played.events[*place];
        if truth.typology().is_none() {
            assert_eq!(truth.stake_fen(), 0);
            snacks.entry(text(event, ids::ACCOUNT_ID)).or_default().push(yuan(event));
        }
    }
    let mut purchases: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for (payment, truth) in played.frauds(EventType::Payment) {
        assert_eq!(truth.stake_fen() as f64, payment.number(ids::BASE_MINOR));
        purchases.entry(text(payment, ids::ACCOUNT_ID)).or_default().push(yuan(payment));
    }
    let mules: BTreeSet<&str> = played
        .frauds(EventType::ThirdPartyTopup)
        .into_iter()
        .inspect(|(_, truth)| assert_eq!(truth.stake_fen(), 0))
        .map(|(sum, _)| text(sum, ids::ACCOUNT_ID))
        .collect();
    assert!(mules.iter().all(|mule| !purchases.contains_key(mule)));
    assert!(mules.len() < purchases.len() && purchases.len() < 3 * mules.len());
    for exit in [EventType::Withdrawal, EventType::Transfer] {
        for (sum, truth) in played.frauds(exit) {
            assert_eq!(truth.stake_fen() as f64, sum.number(ids::BASE_MINOR));
        }
    }
    let aged = purchases.keys().filter(|account| snacks.contains_key(**account)).count();
    assert!(2 * purchases.len() < 3 * aged, "{aged} of {} bought snacks", purchases.len());
    let rises = purchases.iter().filter_map(|(account, amounts)| {
        snacks.get(account).map(|snacks| median(amounts.clone()) / median(snacks.clone()))
    });
    let rise = median(rises.collect());
    assert!((8.0..60.0).contains(&rise), "{rise} times a snack");
}

/// Declines the third wallet on a document.
#[derive(Default)]
struct TwoToADocument {
    accounts: BTreeMap<String, BTreeSet<String>>,
}

impl wallet::Wallet for TwoToADocument {
    fn decide(&mut self, ask: &Ask<'_>) -> Answer {
        if ask.event_type != "identity_verification" {
            return PlainWallet.decide(ask);
        }
        let event = Event::read(ask.line.as_bytes(), None).unwrap();
        let accounts = self.accounts.entry(text(&event, ids::DOC_HASH).to_owned()).or_default();
        accounts.insert(text(&event, ids::ACCOUNT_ID).to_owned());
        if accounts.len() <= 2 { Answer::Approve } else { Answer::Decline }
    }

    fn record(&mut self, _line: &str) {}
}

#[test]
fn crews_whose_documents_are_known_rent_more_of_them() {
    let rented = |played: &Played| {
        let mut documents: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (proof, _) in played.frauds(EventType::IdentityVerification) {
            let document = text(proof, ids::DOC_HASH);
            documents.entry(text(proof, ids::ACCOUNT_ID)).or_default().insert(document);
        }
        let all: BTreeSet<&str> = documents.values().flatten().copied().collect();
        let twice = documents.values().filter(|documents| 1 < documents.len()).count();
        (all.len() as f64 / documents.len() as f64, twice)
    };
    let (usual, twice) = rented(&play(&PLAYBOOK, 73, 30));
    assert_eq!(twice, 0);
    let stopped = play_against(&PLAYBOOK, 73, 30, &mut TwoToADocument::default());
    let (more, twice) = rented(&stopped);
    assert!(0 < twice);
    assert!(1.3 * usual < more, "{more} documents a wallet, {usual} where nobody looks");
    // Who has none to show is used for less.
    let proofs = stopped.frauds(EventType::IdentityVerification);
    let is_proved = |(_, truth): &&(&Event, &Truth)| !truth.is_stopped();
    let proved: BTreeSet<&str> =
        proofs.iter().filter(is_proved).map(|(proof, _)| text(proof, ids::ACCOUNT_ID)).collect();
    let tried: BTreeSet<&str> =
        proofs.iter().map(|(proof, _)| text(proof, ids::ACCOUNT_ID)).collect();
    let payments = stopped.frauds(EventType::Payment);
    let of = |is_of: &dyn Fn(&str) -> bool| {
        let paid = payments.iter().filter(|(payment, _)| is_of(text(payment, ids::ACCOUNT_ID)));
        median(paid.map(|(payment, _)| yuan(payment)).collect())
    };
    let usual = of(&|account| proved.contains(account));
    let less = of(&|account| tried.contains(account) && !proved.contains(account));
    assert!(2.0 * less < usual, "{less} yuan unproved, {usual} proved");
}

#[test]
fn a_crew_in_a_small_world_shares_a_passport_between_episodes() {
    static LEAST: Playbook = Playbook { events: 12_000.0, ..PLAYBOOK };
    let played = play(&LEAST, 74, 80);
    let measured = played.events_per_episode();
    assert!(1.0 < measured && measured < 6.0, "{measured}");
    let most = proved(&played).values().map(BTreeSet::len).max();
    assert!(most.is_some_and(|most| 1 < most), "{most:?}");
}

#[test]
fn an_episode_has_as_many_events_as_the_playbook_says() {
    let measured = play(&PLAYBOOK, 75, 30).events_per_episode();
    let ratio = measured / PLAYBOOK.events;
    // The end of the world cuts what began late.
    assert!((0.75..1.2).contains(&ratio), "{measured}");
}
