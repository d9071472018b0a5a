//! What a posterior promises, on every kind of event and on random evidence.

use features::field::EventType;

use super::clues::CLUES;
use super::*;
use crate::situation::Funding;

fn of_event(event: EventType) -> Situation {
    Situation { event: Some(event), ..Situation::unknown() }
}

fn pure(vector: Vector, suspicion: f64) -> [f64; COUNT] {
    let mut weights = [0.0; COUNT];
    weights[vector as usize] = suspicion;
    weights
}

/// SplitMix64 (Steele, Lea and Flood 2014).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn flag(&mut self) -> Option<bool> {
        [None, Some(false), Some(true)][self.below(3) as usize]
    }

    fn number(&mut self, choices: &[f64]) -> f64 {
        choices[self.below(choices.len() as u64) as usize]
    }

    /// Any event with any of the facts that clues read, a third of them unknown.
    fn situation(&mut self) -> Situation {
        const HOURS: [f64; 6] = [f64::NAN, f64::NAN, 1.0, 50.0, 100.0, 9_000.0];
        let event = EventType::ALL[self.below(EventType::ALL.len() as u64) as usize];
        let mut s = of_event(event);
        s.funding = if self.below(2) == 0 { Funding::Card } else { Funding::Other };
        s.card.name_match = self.number(&[f64::NAN, 0.0, 1.0, 2.0, 3.0]);
        s.card.linked_age_hours = self.number(&HOURS);
        s.device.cards_24h = self.number(&[f64::NAN, 0.0, 4.0]);
        s.past.bin_zscore_5m = self.number(&[f64::NAN, 0.0, 9.0]);
        s.device.integrity_level = self.number(&[f64::NAN, 0.0, 3.0]);
        s.device.accounts_7d = self.number(&[f64::NAN, 1.0, 2.0, 7.0]);
        s.is_login_failed = self.flag();
        s.device.account_age_hours = self.number(&HOURS);
        s.past.account_age_hours = self.number(&HOURS);
        s.session.is_link_referred = self.flag();
        s.session.sim_change_age_hours = self.number(&HOURS);
        s.session.password_change_age_hours = self.number(&HOURS);
        s.session.factor_change_age_hours = self.number(&HOURS);
        s.device.bio_enrol_age_hours = self.number(&HOURS);
        s.device.is_bio_changed = self.flag();
        s.device.is_trusted = self.flag();
        s.device.is_remote_controlled = self.flag();
        s.device.is_in_call = self.flag();
        s.past.is_ip_at_place = self.flag();
        s
    }

    fn votes(&mut self) -> Vec<[f64; COUNT]> {
        let count = self.below(5);
        (0..count).map(|_| [(); COUNT].map(|()| self.number(&[0.0, 0.0, 0.0, 0.3, 0.9]))).collect()
    }
}

/// Seed, and how often.
const CHANCE: (u64, usize) = (7, 20_000);

#[test]
fn priors_are_whole_and_leave_no_vector_out() {
    for event in EventType::ALL {
        for funding in [Funding::Card, Funding::TourPass, Funding::Other, Funding::Unknown] {
            let situation = Situation { funding, ..of_event(event) };
            let percent = super::prior::weights(&situation);
            let sum: f64 = percent.iter().sum();
            assert!((sum - 100.0).abs() < 1e-9, "{} sums to {sum}", event.name());
            assert!(percent.iter().all(|weight| (0.5..=88.0).contains(weight)), "{}", event.name());
        }
    }
}

#[test]
fn without_evidence_the_posterior_is_the_prior() {
    for event in EventType::ALL {
        let situation = of_event(event);
        let silent = [[0.0; COUNT], [f64::NAN; COUNT], [-1.0; COUNT], [f64::NEG_INFINITY; COUNT]];
        assert_eq!(posterior(&situation, []), prior(&situation), "{}", event.name());
        assert_eq!(posterior(&situation, &silent), prior(&situation), "{}", event.name());
        let percent = super::prior::weights(&situation);
        for vector in Vector::ALL {
            let written = percent[vector as usize] / 100.0;
            let off = (prior(&situation).weight(vector) - written).abs();
            assert!(off < 0.01, "{} on {}", vector.name(), event.name());
        }
    }
    let unknown = Situation::unknown();
    assert!(CLUES.iter().all(|clue| (clue.holds)(&unknown).is_none()), "a clue from nothing");
}

#[test]
fn weights_sum_to_one_none_is_above_nine_tenths_and_none_is_nothing() {
    println!("seed {}", CHANCE.0);
    let mut chance = Chance(CHANCE.0);
    for _ in 0..CHANCE.1 {
        let (situation, votes) = (chance.situation(), chance.votes());
        let found = posterior(&situation, &votes);
        let sum: f64 = found.weights().iter().sum();
        assert!((sum - 1.0).abs() < 1e-9, "{sum}");
        assert!(found.weights().iter().all(|weight| (WEIGHT_MIN..=WEIGHT_MAX).contains(weight)));
    }
    assert_eq!(Posterior::of(pure(Vector::V3, 1.0)).weight(Vector::V3), 0.9);
    assert_eq!(Posterior::of([0.0; COUNT]).weight(Vector::V5), 1.0 / 9.0);
}

/// The odds between any two vectors leave those of the prior by no more than the factors of what is
/// known: the leading weight can be no larger than the evidence makes it.
#[test]
fn the_leading_weight_is_bounded_by_the_evidence() {
    println!("seed {}", CHANCE.0);
    let mut chance = Chance(CHANCE.0);
    for _ in 0..CHANCE.1 {
        let (situation, votes) = (chance.situation(), chance.votes());
        let most = votes.iter().flatten().fold(0.0_f64, |most, one| most.max(*one));
        let mut bound = 1.0 + SUSPICION * most * most;
        for clue in &CLUES {
            let Some(holds) = (clue.holds)(&situation) else { continue };
            let factors = if holds { &clue.seen } else { &clue.unseen };
            let least = factors.iter().fold(f64::INFINITY, |a, b| a.min(*b));
            bound *= factors.iter().fold(0.0_f64, |a, b| a.max(*b)) / least;
        }
        let odds = |weight: f64| weight / (1.0 - weight);
        let (lead, weight) = posterior(&situation, &votes).top()[0];
        let gain = odds(weight) / odds(prior(&situation).weight(lead));
        assert!(gain <= bound * (1.0 + 1e-9), "{gain} of at most {bound}");
    }
}

#[test]
fn the_order_and_the_repetition_of_votes_do_not_matter() {
    println!("seed {}", CHANCE.0);
    let mut chance = Chance(CHANCE.0);
    for _ in 0..1_000 {
        let (situation, votes) = (chance.situation(), chance.votes());
        let forth = posterior(&situation, &votes);
        assert_eq!(posterior(&situation, votes.iter().rev()), forth);
        assert_eq!(posterior(&situation, votes.iter().chain(&votes)), forth);
    }
}

#[test]
fn what_speaks_for_a_vector_never_makes_it_lighter() {
    println!("seed {}", CHANCE.0);
    let mut chance = Chance(CHANCE.0);
    for _ in 0..2_000 {
        let (situation, mut votes) = (chance.situation(), chance.votes());
        let before = posterior(&situation, &votes);
        for vector in Vector::ALL {
            let mut last = before.weight(vector);
            for suspicion in [0.2, 0.5, 1.0, f64::INFINITY] {
                votes.push(pure(vector, suspicion));
                let now = posterior(&situation, &votes).weight(vector);
                votes.pop();
                assert!(last <= now + 1e-12, "{} falls from {last} to {now}", vector.name());
                last = now;
            }
        }
    }
}

/// A clue that comes to be known to hold lifts the vector that shows it most.
#[test]
fn clues_lift_the_vector_that_shows_them_most() {
    let check = |at: usize, event: EventType, lifted: Vector, set: fn(&mut Situation)| {
        let clue = &CLUES[at];
        let mut loud = of_event(event);
        set(&mut loud);
        assert_eq!((clue.holds)(&loud), Some(true), "clue {at}");
        let most = clue.seen.iter().fold(0.0_f64, |a, b| a.max(*b));
        assert_eq!(clue.seen[lifted as usize], most, "clue {at}");
        let (before, after) = (prior(&loud), posterior(&loud, []));
        assert!(before.weight(lifted) < after.weight(lifted), "clue {at}");
    };
    let link = (EventType::CardLink, Vector::V9);
    check(0, link.0, link.1, |s| s.card.name_match = 0.0);
    check(1, EventType::Payment, Vector::V1, |s| s.card.linked_age_hours = 2.0);
    check(2, link.0, link.1, |s| s.device.cards_24h = 4.0);
    check(3, link.0, link.1, |s| s.past.bin_zscore_5m = 9.0);
    check(4, link.0, link.1, |s| s.device.integrity_level = 0.0);
    check(5, EventType::Login, Vector::V2, |s| s.device.accounts_7d = 2.0);
    check(6, EventType::AccountOpen, Vector::V8, |s| s.device.accounts_7d = 7.0);
    check(7, EventType::Login, Vector::V9, |s| s.is_login_failed = Some(true));
    check(8, EventType::Payment, Vector::V3, |s| {
        s.device.account_age_hours = 1.0;
        s.past.account_age_hours = 9_000.0;
    });
    check(9, EventType::Login, Vector::V3, |s| s.session.is_link_referred = Some(true));
    check(10, EventType::Transfer, Vector::V4, |s| {
        s.session.sim_change_age_hours = 5.0;
        s.device.account_age_hours = 1.0;
        s.past.account_age_hours = 100.0;
    });
    check(11, EventType::Payment, Vector::V4, |s| s.session.password_change_age_hours = 2.0);
    check(12, EventType::Payment, Vector::V4, |s| s.session.factor_change_age_hours = 2.0);
    check(13, EventType::Payment, Vector::V5, |s| s.device.bio_enrol_age_hours = 2.0);
    check(13, EventType::Payment, Vector::V5, |s| s.device.is_bio_changed = Some(true));
    check(14, EventType::ThirdPartyTopup, Vector::V6, |s| s.device.is_trusted = Some(true));
    check(15, EventType::Transfer, Vector::V6, |s| s.device.is_remote_controlled = Some(true));
    check(16, EventType::Transfer, Vector::V6, |s| s.device.is_in_call = Some(true));
    check(17, EventType::Transfer, Vector::V7, |s| s.past.is_ip_at_place = Some(true));
}

#[test]
fn a_local_sim_in_a_known_phone_is_no_swap() {
    let mut situation = of_event(EventType::Payment);
    situation.session.sim_change_age_hours = 5.0;
    situation.past.account_age_hours = 9_000.0;
    situation.device.account_age_hours = 8_000.0;
    let known = posterior(&situation, []);
    situation.device.account_age_hours = 1.0;
    let new = posterior(&situation, []);
    assert!(known.weight(Vector::V4) < 0.02 && 0.5 < new.weight(Vector::V4));
}

#[test]
fn one_full_suspicion_outweighs_every_prior_and_half_a_one_only_moves_it() {
    for event in EventType::ALL {
        for vector in Vector::ALL {
            let full = pure(vector, 1.0);
            let found = posterior(&of_event(event), [&full]);
            assert_eq!(found.leading(), vector, "{} on {}", vector.name(), event.name());
            assert_eq!(found.top()[0].0, vector);
            // More than full is the author's mistake and counts as full.
            assert_eq!(posterior(&of_event(event), [&pure(vector, 40.0)]), found);
        }
    }
    let payment = of_event(EventType::Payment);
    let doubted = posterior(&payment, [&pure(Vector::V5, 0.3)]);
    assert!(doubted.leading() == Vector::V1 && 0.1 < doubted.weight(Vector::V5));
}

#[test]
fn names_lead_back_and_groups_cover_all() {
    for (at, vector) in Vector::ALL.into_iter().enumerate() {
        assert_eq!(Vector::parse(vector.name()), Some(vector));
        assert_eq!(vector as usize, at);
    }
    assert_eq!(Vector::parse("V10"), None);
    let split = Posterior::of([0.25, 0.1, 0.1, 0.1, 0.1, 0.35, 0.0, 0.0, 0.0]);
    assert_eq!(split.group(), Group::Account);
    assert_eq!(split.leading(), Vector::V2);
}
