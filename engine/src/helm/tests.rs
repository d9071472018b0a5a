use std::thread;

use features::field::EventType;

use super::*;
use crate::decision::{Decision, Exploration};
use crate::policy::{Policy, Wanted};

const NOW: i64 = 1_790_000_000_000;

/// The default settings with one changed.
fn with(name: &str, value: f64) -> Economics {
    let mut economics = Economics::default();
    economics.set(name, value).expect("it is a setting and in range");
    economics
}

/// A judgement that can be made into any other.
fn judgement(steering: Steering) -> Judgement {
    let policy = Policy::check("", None, Wanted::Judging).expect("an empty policy is one");
    let unknown = vec![f64::NAN; policy.plan().facts().len()];
    policy.judge(EventType::Payment, NOW, &unknown, steering)
}

/// Decides on `events`, each of which a share of customers would be challenged on that falls as the
/// price rises: all of `open` at the written price, none at five times that.
fn run(helm: &Helm, economics: &Economics, events: u64, open: f64) -> f64 {
    let blank = judgement(Steering::at_rest(economics));
    let mut challenged = 0;
    for event in 0..events {
        let occasion = Occasion { id: lot(event).to_bits(), time_ms: NOW };
        helm.steer(economics, occasion, |steering| {
            let mut judgement = Judgement { steering, ..blank.clone() };
            judgement.verdict.askable = 0.99;
            let over = steering.challenge_price_usd / economics.challenge_price_usd - 1.0;
            if lot(event ^ 0x5555) < open * (1.0 - over / 4.0).max(0.0) {
                judgement.verdict.decision = Decision::Challenge;
                challenged += 1;
            }
            judgement
        });
    }
    f64::from(challenged) / events as f64
}

#[test]
fn the_share_of_challenges_comes_to_the_budget_and_the_price_falls_back() {
    let (helm, economics) = (Helm::default(), Economics::default());
    assert!(0.08 < run(&helm, &economics, 5_000, 0.10), "it moves slowly");
    run(&helm, &economics, 100_000, 0.10);
    let share = run(&helm, &economics, 100_000, 0.10);
    assert!((share - 0.03).abs() < 0.003, "{share}");
    assert!(0.3 < helm.price_usd(&economics), "{}", helm.price_usd(&economics));
    run(&helm, &economics, 60_000, 0.01);
    assert_eq!(helm.price_usd(&economics), economics.challenge_price_usd);
}

#[test]
fn without_a_budget_the_price_is_as_it_is_written() {
    let economics = with("challenge_budget", 0.0);
    let helm = Helm::default();
    assert!(0.4 < run(&helm, &economics, 20_000, 0.5));
    assert_eq!(helm.price_usd(&economics), 0.15);
}

#[test]
fn what_was_recorded_brings_the_state_back() {
    let (helm, again, economics) = (Helm::default(), Helm::default(), Economics::default());
    let blank = judgement(Steering::at_rest(&economics));
    let mut explored = 0;
    for event in 0..30_000_u64 {
        let occasion = Occasion { id: event, time_ms: NOW + event as i64 * 10_000 };
        let made = helm.steer(&economics, occasion, |steering| {
            let mut judgement = Judgement { steering, ..blank.clone() };
            judgement.verdict.askable = lot(event);
            if event.is_multiple_of(7) {
                judgement.verdict.decision = Decision::Challenge;
            } else if event.is_multiple_of(2) {
                judgement.verdict.exploration = Some(Exploration {
                    propensity: steering.propensity,
                    is_explored: steering.is_drawn,
                    at_risk_usd: 12.34,
                });
                explored += u32::from(steering.is_drawn);
            }
            judgement
        });
        let steered = made.steered();
        assert_eq!(steered.steering().challenge_price_usd, made.steering.challenge_price_usd);
        again.restore(&economics, occasion.time_ms, &steered);
        let state = |helm: &Helm| {
            let sums = [&helm.askable, &helm.challenged, &helm.day];
            (sums.map(|sum| sum.load(Ordering::Relaxed)), helm.price_usd(&economics).to_bits())
        };
        assert_eq!(state(&helm), state(&again), "after {event}");
    }
    assert!(economics.challenge_price_usd < helm.price_usd(&economics));
    // Three days and a half, sixteen of them a day.
    assert!((48..=64).contains(&explored), "{explored}");
}

#[test]
fn a_budget_of_a_day_is_never_overdrawn_and_the_next_day_has_its_own() {
    let economics = with("exploration_share", 0.5);
    let helm = Helm::default();
    let blank = judgement(Steering::at_rest(&economics));
    let explore = |event: u64, time_ms: i64| {
        let steer = |steering: Steering| {
            let mut judgement = Judgement { steering, ..blank.clone() };
            judgement.verdict.exploration = Some(Exploration {
                propensity: steering.propensity,
                is_explored: steering.is_drawn,
                at_risk_usd: 19.99,
            });
            judgement
        };
        let made = helm.steer(&economics, Occasion { id: event, time_ms }, steer).steered();
        made.exploration.expect("it was set")
    };
    thread::scope(|scope| {
        for part in 0..4_u64 {
            scope.spawn(move || {
                (0..500).for_each(|at| {
                    explore(part * 500 + at, NOW);
                })
            });
        }
    });
    assert!(180.0 < helm.explored_usd() && helm.explored_usd() <= 200.0);
    let late = explore(7, NOW);
    assert_eq!((late.propensity, late.is_explored), (0.0, false), "it is used up");
    let tomorrow = NOW + DAY_MS;
    let next: Vec<Exploration> = (0..8).map(|event| explore(event, tomorrow)).collect();
    assert!(next.iter().all(|exploration| exploration.propensity == 0.5));
    assert!(next.iter().any(|exploration| exploration.is_explored));
    assert_eq!(explore(9, NOW).propensity, 0.0, "that day is over");
}

#[test]
fn a_share_of_nothing_explores_nothing_and_another_seed_draws_others() {
    let drawn = |economics: &Economics| {
        let ids = 0..10_000_u64;
        ids.filter(|id| is_drawn(economics, *id)).collect::<Vec<_>>()
    };
    let economics = Economics::default();
    let usual = drawn(&economics);
    assert!((60..140).contains(&usual.len()), "{}", usual.len());
    assert_ne!(drawn(&with("exploration_seed", 1.0)), usual);
    assert!(drawn(&with("exploration_share", 0.0)).is_empty());
}
