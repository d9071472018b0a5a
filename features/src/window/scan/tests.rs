//! Each aggregate against a recount that goes another way, and all of them through the language.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::event::Event;
use crate::history::{History, Limits};
use crate::language::define::{Definitions, Origin};
use crate::language::parse;
use crate::limits::{HOUR_MS, MINUTE_MS};

/// Seeded chance (SplitMix64): a seed means the same events for ever.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % end
    }
}

/// Events of one seed: few or many, with few or many different values, often at the same time.
struct Case {
    times: Vec<i64>,
    values: Vec<i64>,
    own: i64,
}

impl Case {
    fn new(seed: u64) -> Case {
        let mut chance = Chance(seed);
        let longest = [3, 12, SCAN_MAX as u64 + 1][chance.below(3) as usize];
        let length = chance.below(longest);
        let different = [2, 5, 1_000, 1 << 52][chance.below(4) as usize];
        let apart = [1, 3, 10_000_000_000][chance.below(3) as usize];
        let mut value = || chance.below(different) as i64 - different as i64 / 3;
        let values: Vec<i64> = (0..length).map(|_| value()).collect();
        let own = value();
        let mut time = 1_790_000_000_000;
        let mut later = |_: &i64| {
            time += chance.below(apart) as i64;
            time
        };
        let times = values.iter().map(&mut later).collect();
        Case { times, values, own }
    }

    fn scan(&self, aggregate: Aggregate) -> f64 {
        scan(aggregate, &self.times, &mut self.values.clone(), Some(self.own), 1.0)
    }

    fn counts(&self) -> BTreeMap<i64, usize> {
        let mut counts = BTreeMap::new();
        self.values.iter().for_each(|value| *counts.entry(*value).or_insert(0) += 1);
        counts
    }
}

fn same(seed: u64, aggregate: Aggregate, got: f64, wanted: f64) {
    let near = (got - wanted).abs() <= 1e-12 * wanted.abs().max(1.0);
    assert!(
        near || got.is_nan() && wanted.is_nan(),
        "seed {seed}, {aggregate:?}: got {got}, wanted {wanted}"
    );
}

fn naive_median(values: &[i64]) -> f64 {
    let mut left = values.to_vec();
    left.sort_by_key(|value| std::cmp::Reverse(*value));
    while 2 < left.len() {
        left.pop();
        left.remove(0);
    }
    match left.as_slice() {
        [] => f64::NAN,
        [one] => *one as f64,
        both => (both[0] + both[1]) as f64 / 2.0,
    }
}

fn naive_run(values: &[i64], sign: i64) -> f64 {
    let mut length = 0;
    for start in (0..values.len()).rev() {
        let tail = &values[start..];
        let grows = |i: usize| sign * tail[i] < sign * tail[i + 1];
        if (0..tail.len() - 1).all(grows) {
            length = tail.len();
        }
    }
    length as f64
}

fn naive_mode(values: &[i64]) -> f64 {
    let mut best = (0, 0, f64::NAN);
    for (index, value) in values.iter().enumerate() {
        let count = values.iter().filter(|v| *v == value).count();
        if best < (count, index, f64::NEG_INFINITY) {
            best = (count, index, *value as f64);
        }
    }
    best.2
}

fn naive_gap_cv(times: &[i64]) -> f64 {
    let newest = &times[times.len().saturating_sub(10)..];
    let gaps: Vec<f64> = newest.windows(2).map(|t| (t[1] - t[0]) as f64).collect();
    if gaps.len() < 2 {
        return f64::NAN;
    }
    let n = gaps.len() as f64;
    let mean = gaps.iter().sum::<f64>() / n;
    let variance = gaps.iter().map(|gap| (gap - mean) * (gap - mean)).sum::<f64>() / n;
    if mean == 0.0 { f64::NAN } else { variance.sqrt() / mean }
}

#[test]
fn every_aggregate_equals_its_recount() {
    for seed in 0..4_000 {
        let case = Case::new(seed);
        let n = case.values.len() as f64;
        let counts = case.counts();
        let or_nan = |value: f64| if case.values.is_empty() { f64::NAN } else { value };
        let check = |aggregate, wanted| same(seed, aggregate, case.scan(aggregate), wanted);

        let entropy: f64 = counts.values().map(|c| *c as f64 * (n / *c as f64).ln()).sum();
        check(Aggregate::Entropy, or_nan(entropy / n));
        let equal = case.values.iter().flat_map(|a| case.values.iter().filter(move |b| a == *b));
        check(Aggregate::Concentration, or_nan(equal.count() as f64 / (n * n)));
        check(Aggregate::Median, naive_median(&case.values));
        let place = |value: &i64| match value.cmp(&case.own) {
            std::cmp::Ordering::Less => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Greater => 0.0,
        };
        check(Aggregate::Rank, or_nan(case.values.iter().map(place).sum::<f64>() / n));
        let repeats = counts.get(&case.own).copied().unwrap_or(0);
        check(Aggregate::Repeats, repeats as f64);
        check(Aggregate::Rising, naive_run(&case.values, 1));
        check(Aggregate::Falling, naive_run(&case.values, -1));
        let mut runs = case.values.clone();
        runs.dedup();
        check(Aggregate::Changes, runs.len().saturating_sub(1) as f64);
        check(Aggregate::Mode, naive_mode(&case.values));
        let mut shortest = f64::NAN;
        for (index, time) in case.times.iter().enumerate() {
            let others = case.times[index + 1..].iter().map(|other| (other - time) as f64);
            shortest = others.fold(shortest, f64::min);
        }
        check(Aggregate::GapMin, shortest);
        // Times so far apart leave little of the recount's own digits.
        let (got, wanted) = (case.scan(Aggregate::GapCv), naive_gap_cv(&case.times));
        let near = (got - wanted).abs() <= 1e-7 || got.is_nan() && wanted.is_nan();
        assert!(near, "seed {seed}, gap_cv: got {got}, wanted {wanted}");
    }
}

/// Hours of a day, as they are kept.
fn rarity(hours: &[f64], own: f64, scale: f64) -> f64 {
    let kept = |hour: f64| (hour * scale).round() as i64;
    let mut values: Vec<i64> = hours.iter().map(|hour| kept(*hour)).collect();
    let times = vec![0; values.len()];
    scan(Aggregate::HourRarity, &times, &mut values, Some(kept(own)), scale)
}

#[test]
fn the_rarity_of_an_hour_is_the_logarithm_of_its_density() {
    let tau = std::f64::consts::TAU;
    // The Bessel function by its series.
    let mut terms = (1..40).scan(1.0, |term, k| {
        *term *= 9.0 / f64::from(k * k);
        Some(*term)
    });
    let bessel = 1.0 + terms.by_ref().sum::<f64>();
    for seed in 0..500 {
        let mut chance = Chance(seed);
        let mut hour = || chance.below(24_000_000) as f64 / 1e6;
        let hours: Vec<f64> = (0..10 + seed as usize % 119).map(|_| hour()).collect();
        let own = hour();
        let angle = |hour: f64| hour / 24.0 * tau;
        let kernel = |hour: &f64| {
            (6.0 * (angle(own).cos() * angle(*hour).cos() + angle(own).sin() * angle(*hour).sin()))
                .exp()
                / (tau * bessel)
        };
        let density = hours.iter().map(kernel).sum::<f64>() / hours.len() as f64;
        let got = rarity(&hours, own, 1e6);
        assert!((got + density.ln()).abs() < 1e-9, "seed {seed}: got {got}, density {density}");
        let whole: Vec<f64> = hours.iter().map(|hour| hour.floor()).collect();
        let (one, million) = (rarity(&whole, 3.0, 1.0), rarity(&whole, 3.0, 1e6));
        assert!((one - million).abs() < 1e-9, "seed {seed}: {one} {million}");
    }
    // A density: over the whole circle it sums to one.
    let hours = [0.5, 1.0, 2.0, 2.0, 23.5, 13.0, 13.5, 7.25, 22.0, 0.0];
    let steps = 2_400;
    let mass: f64 = (0..steps)
        .map(|step| (-rarity(&hours, f64::from(step) / 100.0, 1e6)).exp() * tau / 2_400.0)
        .sum();
    assert!((mass - 1.0).abs() < 1e-9, "{mass}");
    // Midnight is one hour from 23 and from 1, and noon is far from all of them.
    let night = [23.0, 23.0, 23.0, 23.0, 23.0, 1.0, 1.0, 1.0, 1.0, 1.0];
    assert!(rarity(&night, 0.0, 1.0) < 0.5 && 10.0 < rarity(&night, 12.0, 1.0));
    assert!(rarity(&night[1..], 0.0, 1.0).is_nan());
}

#[test]
fn the_edges_are_what_the_docs_say() {
    let scan_of = |aggregate, values: &[i64], own: Option<i64>| {
        let times: Vec<i64> = (0..values.len() as i64).collect();
        scan(aggregate, &times, &mut values.to_vec(), own, 1.0)
    };
    let unknown = |aggregate, values: &[i64], own: Option<i64>| {
        assert!(scan_of(aggregate, values, own).is_nan(), "{aggregate:?} of {values:?}");
    };
    for aggregate in [Aggregate::Entropy, Aggregate::Concentration, Aggregate::Median] {
        unknown(aggregate, &[], Some(1));
    }
    unknown(Aggregate::Mode, &[], Some(1));
    unknown(Aggregate::Rank, &[], Some(1));
    unknown(Aggregate::Rank, &[1, 2], None);
    unknown(Aggregate::Repeats, &[1, 2], None);
    unknown(Aggregate::HourRarity, &[3; 20], None);
    unknown(Aggregate::GapMin, &[1], None);
    unknown(Aggregate::GapCv, &[1, 1], None);
    unknown(Aggregate::Sum, &[1, 2], Some(1));
    let simultaneous = scan(Aggregate::GapCv, &[5; 4], &mut [0; 4], None, 1.0);
    assert!(simultaneous.is_nan());
    assert_eq!(scan(Aggregate::GapMin, &[5; 4], &mut [0; 4], None, 1.0), 0.0);
    assert_eq!(scan_of(Aggregate::Repeats, &[], Some(1)), 0.0);
    assert_eq!(scan_of(Aggregate::Rising, &[], None), 0.0);
    assert_eq!(scan_of(Aggregate::Rising, &[7], None), 1.0);
    assert_eq!(scan_of(Aggregate::Rising, &[9, 1, 2, 2, 3], None), 2.0);
    assert_eq!(scan_of(Aggregate::Falling, &[9, 1, 2, 2, 1], None), 2.0);
    assert_eq!(scan_of(Aggregate::Changes, &[1, 1, 2, 1], None), 2.0);
    assert_eq!(scan_of(Aggregate::Mode, &[1, 1, 2, 2, 3], None), 2.0);
    assert_eq!(scan_of(Aggregate::Mode, &[2, 2, 1, 1, 3], None), 1.0);
    assert_eq!(scan_of(Aggregate::Entropy, &[4; 9], None).to_bits(), 0.0_f64.to_bits());
    assert_eq!(scan_of(Aggregate::GapCv, &[0; SCAN_MAX], None), 0.0);
    // Sums of values far from zero do not overflow.
    let far = 4_000_000_000_000_000_000;
    assert_eq!(scan_of(Aggregate::Median, &[far, far], None), far as f64);
    assert_eq!(scan_of(Aggregate::Median, &[far, -far], None), 0.0);
}

/// Whether some events, each after the one before in the order given, are the steps up to `step`, the
/// last of them before `until` events and less than `within` milliseconds before `at`.
fn naive_sequence(case: &Case, within: &[i64], step: usize, until: usize, at: i64) -> bool {
    (0..until).any(|event| {
        let is_step = case.values[event] >> step & 1 == 1;
        let time = case.times[event];
        is_step
            && at - time < within[step]
            && (step == 0 || naive_sequence(case, within, step - 1, event, time))
    })
}

#[test]
fn a_sequence_equals_its_recount() {
    let mut followed = [0; 2];
    for seed in 0..20_000 {
        let mut chance = Chance(seed);
        let steps = 1 + chance.below(7) as usize;
        let within: Vec<i64> = (0..steps).map(|_| 1 + chance.below(12) as i64).collect();
        let rarely = 1 + chance.below(3);
        let mut time = 0;
        let mut case = Case { times: Vec::new(), values: Vec::new(), own: 0 };
        for _ in 0..chance.below(20) {
            time += chance.below(5).saturating_sub(2) as i64;
            let bits = (0..rarely).fold(u64::MAX, |bits, _| bits & chance.below(1 << steps));
            case.times.push(time);
            case.values.push(bits as i64);
        }
        let at = time + chance.below(3) as i64;
        let got = sequence(&case.times, &case.values, &within, at);
        let wanted = naive_sequence(&case, &within, steps - 1, case.times.len(), at);
        assert_eq!(got == 1.0, wanted, "seed {seed}, within {within:?}");
        followed[usize::from(wanted)] += usize::from(1 < steps);
    }
    assert!(followed.iter().all(|count| 2_000 < *count), "{followed:?}");
}

#[test]
fn one_event_is_one_step_and_the_time_is_less_than_said() {
    let asked = |times: &[i64], steps: &[i64], within: &[i64]| sequence(times, steps, within, 100);
    assert_eq!(asked(&[], &[], &[10]), 0.0);
    assert_eq!(asked(&[91], &[1], &[10]), 1.0);
    assert_eq!(asked(&[90], &[1], &[10]), 0.0);
    // What could be both steps is one of them; a second such event is the other.
    assert_eq!(asked(&[95], &[0b11], &[10, 10]), 0.0);
    assert_eq!(asked(&[95, 95], &[0b11, 0b11], &[10, 10]), 1.0);
    // At one time the order is that of arrival.
    assert_eq!(asked(&[95, 95], &[0b01, 0b10], &[10, 10]), 1.0);
    assert_eq!(asked(&[95, 95], &[0b10, 0b01], &[10, 10]), 0.0);
    // A later beginning counts, though an earlier one was too early.
    assert_eq!(asked(&[10, 85, 93], &[0b01, 0b01, 0b10], &[10, 10]), 1.0);
    // Something else between two steps does not part them.
    assert_eq!(asked(&[85, 86, 93], &[0b01, 0b100, 0b10], &[10, 10]), 1.0);
}

#[test]
fn what_a_text_is_numbered_does_not_show_in_the_last_bit() {
    for seed in 0..200 {
        let case = Case::new(seed);
        let mut renumbered = case.values.clone();
        renumbered.iter_mut().for_each(|value| *value = value.wrapping_mul(0x9E37_79B9_7F4B) >> 8);
        let other = Case { values: renumbered, ..Case::new(seed) };
        if case.counts().len() == other.counts().len() {
            let (a, b) = (case.scan(Aggregate::Entropy), other.scan(Aggregate::Entropy));
            assert_eq!(a.to_bits(), b.to_bits(), "seed {seed}");
        }
    }
}

const POLICY: &str = r#"
feature median "" = median(base_minor of payment) by account over 24h
feature half "" = median(base_minor / 3 of payment) by account over 24h
feature rank "" = rank(base_minor of payment) by account over 24h
feature rank_with_this "" = rank(base_minor of payment) by account over 24h including this
feature refunded "" = rank(base_minor of refund) by account over 24h
feature repeats "" = repeats(merchant of payment) by account over 24h
feature repeats_before "" = repeats(merchant of payment) by account over 24h offset 1h
feature rising "" = rising(base_minor of payment) by account over 24h including this
feature falling "" = falling(base_minor of payment) by account over 24h
feature changes "" = changes(merchant of payment) by account over 24h
feature favourite "" = mode(merchant of payment) by account over 24h
feature entropy "" = entropy(merchant of payment) by account over 24h
feature share "" = concentration(merchant of payment) by account over 24h
feature gap_min "" = gap_min(payment) by account over 24h
feature gap_cv "" = gap_cv(payment where base_minor > 1 CNY) by account over 24h
feature hour "" = hour_rarity(hour(event_time_ms) of payment) by account over 24h
feature received "" = repeats(base_minor of transfer) by beneficiary matching account over 24h
feature place "" = median(distance_km(0, 0, 0, merchant.lon) of payment) by account over 24h
"#;

/// A history of these facts, and a way to ask it by name.
struct World {
    history: History,
    facts: Vec<f64>,
}

const LOGIN: &str = r#""outcome":"success","method":"password","login_name_hash":"n1""#;

const START: i64 = 1_790_000_000_000;

impl World {
    fn new() -> World {
        let (policy, faults) = parse(POLICY);
        assert_eq!(faults, []);
        let mut definitions = Definitions::default();
        assert_eq!(definitions.add(&policy, Origin::Policy), []);
        let wanted: Vec<usize> = definitions.features().iter().map(|f| f.definition).collect();
        let plan = Arc::new(definitions.plan(&wanted));
        World { history: History::new(plan, Limits::default()), facts: Vec::new() }
    }

    /// Observes an event of account `a1` at so many milliseconds.
    fn observe(&mut self, after: i64, kind: &str, rest: &str) {
        let time = START + after;
        let json = format!(
            r#"{{"event_id":"e{after}","event_type":"{kind}","account_id":"a1","channel":"app_ios",
            "event_time_ms":{time},"received_time_ms":{time},{rest}}}"#
        );
        let mut event = Event::read(json.as_bytes(), None).unwrap();
        self.history.observe(&mut event, &mut self.facts, || ());
    }

    fn pay(&mut self, after: i64, merchant: &str, fen: i64) {
        let rest = format!(
            r#""payment_id":"p{after}","kind":"merchant_qr_static","funding":"balance",
            "merchant":{{"merchant_id":"{merchant}","lat":0,"lon":1.5}},
            "amount_minor":{fen},"currency":"CNY""#
        );
        self.observe(after, "payment", &rest);
    }

    fn fact(&self, name: &str) -> f64 {
        self.facts[self.history.plan().find(name).unwrap()]
    }
}

#[test]
fn the_language_reads_them_from_history() {
    let mut world = World::new();
    world.pay(0, "m1", 1_000);
    for name in ["median", "rank", "rank_with_this", "entropy", "gap_min", "gap_cv", "hour"] {
        let wanted = if name == "rank_with_this" { 0.5 } else { f64::NAN };
        let got = world.fact(name);
        assert!(got == wanted || got.is_nan() && wanted.is_nan(), "{name}: {got}");
    }
    assert_eq!((world.fact("repeats"), world.fact("changes"), world.fact("rising")), (0., 0., 1.));
    world.pay(MINUTE_MS, "m2", 2_000);
    world.pay(3 * MINUTE_MS, "m2", 4_000);
    world.pay(2 * HOUR_MS, "m1", 3_000);
    // Before it: 1000 at m1, 2000 and 4000 at m2.
    let near = |got: f64, wanted: f64| assert!((got - wanted).abs() < 1e-9, "{got} {wanted}");
    near(world.fact("median"), 2_000.0);
    // What is not whole is kept to the sixth digit.
    assert_eq!(world.fact("half"), 666.666667);
    near(world.fact("rank"), 2.0 / 3.0);
    near(world.fact("rank_with_this"), 2.5 / 4.0);
    near(world.fact("repeats"), 1.0);
    near(world.fact("repeats_before"), 1.0);
    near(world.fact("rising"), 1.0);
    near(world.fact("falling"), 1.0);
    near(world.fact("changes"), 1.0);
    near(world.fact("entropy"), 3.0_f64.ln() - 2.0 / 3.0 * 2.0_f64.ln());
    near(world.fact("share"), 5.0 / 9.0);
    near(world.fact("gap_min"), MINUTE_MS as f64);
    near(world.fact("gap_cv"), 1.0 / 3.0);
    let away = crate::geo::distance_km(0.0, 0.0, 0.0, 1.5);
    assert_eq!(world.fact("place"), (away * 1e6).round() / 1e6);
    assert_eq!(world.fact("favourite"), crate::expr::key_number(crate::event::hash_text("m2")));
    assert!(world.fact("hour").is_nan() && world.fact("refunded").is_nan());

    // A login has no amount and no merchant of its own; its hour it has.
    world.observe(3 * HOUR_MS, "login", LOGIN);
    assert!(world.fact("rank").is_nan() && world.fact("repeats").is_nan());
    near(world.fact("median"), 2_500.0);
    near(world.fact("falling"), 2.0);
    // A transfer is no payment: its own amount is compared all the same, and never counted.
    let transfer = r#""beneficiary_id":"a1","amount_minor":3000,"currency":"CNY""#;
    world.observe(4 * HOUR_MS, "transfer", transfer);
    near(world.fact("rank"), 2.5 / 4.0);
    near(world.fact("rank_with_this"), 2.5 / 4.0);
    near(world.fact("rising"), 1.0);
    near(world.fact("received"), 0.0);
    world.observe(5 * HOUR_MS, "transfer", transfer);
    near(world.fact("received"), 1.0);
}

#[test]
fn only_the_newest_events_with_a_value_count() {
    let mut world = World::new();
    for index in 0..SCAN_MAX as i64 + 40 {
        world.pay(index * 1_000, "m1", 100 * (index + 1));
    }
    world.observe(1_000_000, "login", LOGIN);
    let newest = 40..SCAN_MAX as i64 + 40;
    let sum: i64 = newest.map(|index| 100 * (index + 1)).sum();
    assert_eq!(world.fact("median"), sum as f64 / SCAN_MAX as f64);
    assert_eq!(world.fact("rising"), SCAN_MAX as f64);
    world.pay(1_001_000, "m1", 1);
    // All hours are the same: the height of one kernel.
    assert!((world.fact("hour") - 0.046).abs() < 1e-3);
    assert_eq!(world.fact("rank_with_this"), 0.5 / SCAN_MAX as f64);
    assert_eq!(world.fact("repeats"), SCAN_MAX as f64);
    assert_eq!(world.fact("rising"), 1.0);
}

#[test]
fn an_aggregate_of_single_events_needs_a_window() {
    for text in ["entropy(merchant of payment) by account", "gap_min(payment) by account"] {
        let (policy, _) = parse(&format!("feature f \"\" = {text}"));
        let faults = Definitions::default().add(&policy, Origin::Policy);
        let codes: Vec<&str> = faults.iter().map(|fault| fault.code).collect();
        assert_eq!(codes, ["P107"], "{text}");
    }
}
