//! Sequences of events against a judge that keeps every event and tries every way to follow them.
//!
//! Random logins, changes of the profile, transfers and payments of few accounts on few devices, in
//! bursts: many at the same millisecond, a tenth late by up to ten minutes, some too late to count,
//! some without a device, so that a key or a condition is unknown. One account is busier than what a
//! sequence looks back at.

use std::collections::HashMap;
use std::sync::Arc;

use features::catalog;
use features::event::Event;
use features::history::{History, Limits, Recorded};
use features::language::define::Origin;
use features::language::parse;
use features::limits::{HOUR_MS, LATENESS_MS, MINUTE_MS, SCAN_MAX};
use features::plan::Plan;
use tests::{Chance, Naive, Seen, followed};

const KINDS: [&str; 4] = ["login", "profile_change", "transfer", "payment"];

/// What a step may be: a kind of event or any, and the least level it must have.
type Step = (Option<&'static str>, Option<i64>);

/// A sequence as it is written and as the judge is told.
struct Asked {
    by: &'static str,
    steps: Vec<Step>,
    within: Vec<i64>,
}

impl Asked {
    fn text(&self) -> String {
        let step = |(number, (kind, level)): (usize, &Step)| {
            let kind = kind.unwrap_or("any");
            let level = level.map_or(String::new(), |l| format!("[device.sim_count >= {l}]"));
            let within = number.checked_sub(1).map(|before| self.within[before]);
            let within = within.map_or(String::new(), |ms| format!(" within {ms}ms"));
            format!("{kind}{level}{within}")
        };
        let steps: Vec<String> = self.steps.iter().enumerate().map(step).collect();
        format!("{} by {}", steps.join(" then "), self.by)
    }

    fn is_step(&self, number: usize, seen: &Seen) -> bool {
        let (kind, level) = self.steps[number];
        kind.is_none_or(|kind| KINDS[seen.other as usize] == kind)
            && level.is_none_or(|level| level <= seen.amount)
    }
}

fn asked() -> Vec<Asked> {
    let seconds = |n: i64| n * 1_000;
    let of = |kind: &'static str| (Some(kind), None);
    let at_least = |kind: &'static str, level| (Some(kind), Some(level));
    let asked = |by, steps: &[Step], within: &[i64]| Asked {
        by,
        steps: steps.to_vec(),
        within: within.to_vec(),
    };
    vec![
        asked("account", &[of("login"), of("transfer")], &[HOUR_MS]),
        asked("account", &[of("transfer"), of("transfer")], &[seconds(2)]),
        asked("account", &[of("login"), of("login"), of("login")], &[1, MINUTE_MS]),
        asked(
            "account",
            &[at_least("login", 2), of("profile_change"), at_least("transfer", 1)],
            &[10 * MINUTE_MS, HOUR_MS],
        ),
        asked("device", &[of("payment"), at_least("payment", 3)], &[MINUTE_MS]),
        asked(
            "account, device",
            &[(None, Some(3)), of("login"), (None, None)],
            &[10 * MINUTE_MS, seconds(30)],
        ),
        asked("account", &[of("payment"); 8], &[3 * MINUTE_MS; 7]),
        asked(
            "account",
            &[(None, Some(2)), of("login"), (None, Some(2)), of("login"), (None, Some(1))],
            &[seconds(20), MINUTE_MS, seconds(5), seconds(40)],
        ),
        asked("device", &[at_least("login", 3), of("payment")], &[24 * HOUR_MS]),
    ]
}

fn plan(asked: &[Asked]) -> Arc<Plan> {
    let features = asked.iter().enumerate();
    let text: Vec<String> =
        features.map(|(n, asked)| format!("feature s{n} \"\" = {}", asked.text())).collect();
    let (policy, faults) = parse(&text.join("\n"));
    assert_eq!(faults, []);
    let mut definitions = catalog::definitions();
    assert_eq!(definitions.add(&policy, Origin::Policy), []);
    let own = definitions.features().iter().filter(|f| !f.is_builtin).map(|f| f.definition);
    let own: Vec<usize> = own.collect();
    Arc::new(definitions.plan(&own))
}

/// An event: what happened, to whom, on which device, at which level, when, and when it came.
#[derive(Clone, Debug)]
struct Happened {
    id: u64,
    kind: usize,
    account: u64,
    device: Option<u64>,
    level: Option<i64>,
    time: i64,
    received: i64,
}

impl Happened {
    fn read(&self) -> Event {
        let rest = match KINDS[self.kind] {
            "login" => r#""outcome":"success","method":"password","login_name_hash":"n1""#,
            "profile_change" => r#""field":"phone""#,
            "transfer" => {
                r#""beneficiary_id":"b1","amount_minor":100,"currency":"CNY","funding":"balance""#
            }
            _ => {
                r#""payment_id":"p1","kind":"merchant_qr_static","funding":"balance","merchant":{"merchant_id":"m1"},"amount_minor":100,"currency":"CNY""#
            }
        };
        let level = self.level.map_or(String::new(), |level| format!(r#","sim_count":{level}"#));
        let device = self.device.map_or(String::new(), |device| {
            format!(r#","device":{{"device_id":"d{device}","os":"ios"{level}}}"#)
        });
        let Happened { id, account, time, received, .. } = self;
        let kind = KINDS[self.kind];
        let json = format!(
            r#"{{"event_id":"e{id}","event_type":"{kind}","account_id":"a{account}","channel":"app_ios","event_time_ms":{time},"received_time_ms":{received},{rest}{device}}}"#
        );
        Event::read(json.as_bytes(), None).expect("the event is valid")
    }

    fn seen(&self) -> Seen {
        // An unknown level is at least nothing.
        Seen { time: self.time, amount: self.level.unwrap_or(-1), other: self.kind as u64 }
    }

    /// Who the events of this key belong to.
    fn key(&self, by: &str) -> Option<(u64, u64)> {
        match by {
            "account" => Some((self.account, u64::MAX)),
            "device" => self.device.map(|device| (u64::MAX, device)),
            _ => self.device.map(|device| (self.account, device)),
        }
    }
}

fn happened(seed: u64, count: u64) -> impl Iterator<Item = Happened> {
    let mut chance = Chance(seed);
    let mut now = 1_750_000_000_000;
    (0..count).map(move |id| {
        now += match chance.below(4) {
            0 => 0,
            1 => chance.below(2_000) as i64,
            2 => chance.below(20_000) as i64,
            _ => chance.below(60_000) as i64,
        };
        let behind = match chance.below(200) {
            0 => LATENESS_MS + 1 + chance.below(60_000) as i64,
            1..20 => chance.below(LATENESS_MS as u64) as i64,
            _ => 0,
        };
        let device = (!chance.happens(10)).then(|| chance.below(9));
        let is_busy = chance.happens(2);
        Happened {
            id,
            kind: chance.below(4) as usize,
            account: if is_busy { 0 } else { chance.below(30) },
            device,
            level: device.filter(|_| !chance.happens(8)).map(|_| chance.below(4) as i64),
            time: now - behind,
            received: now,
        }
    })
}

#[test]
fn sequences_agree_with_a_judge_that_tries_every_way() {
    let seed = 20_270_301;
    println!("seed {seed}");
    let asked = asked();
    let plan = plan(&asked);
    let slots: Vec<usize> =
        (0..asked.len()).map(|n| plan.find(&format!("s{n}")).expect("it is in the plan")).collect();
    let history = History::new(Arc::clone(&plan), Limits::default());
    let mut pasts: HashMap<(&str, (u64, u64)), Naive> = HashMap::new();
    let mut facts = Vec::new();
    // By sequence: false, true, unknown, and those asked of more than are looked at.
    let mut found = vec![[0; 4]; asked.len()];
    for event in happened(seed, 20_000) {
        let (recorded, ()) = history.observe(&mut event.read(), &mut facts, || ());
        for ((question, slot), found) in asked.iter().zip(&slots).zip(&mut found) {
            let got = facts[*slot];
            let is_last = question.is_step(question.within.len(), &event.seen());
            let wanted = match event.key(question.by) {
                _ if !is_last => 0.0,
                None => f64::NAN,
                Some(key) => {
                    let reach = question.within.iter().sum();
                    let past = pasts.entry((question.by, key)).or_default();
                    let seen = past.window(event.time, Some(reach), 0);
                    found[3] += usize::from(SCAN_MAX < seen.len());
                    let is_step = |step: usize, seen: &Seen| question.is_step(step, seen);
                    f64::from(u8::from(followed(seen, &question.within, event.time, is_step)))
                }
            };
            let is_same = got == wanted || got.is_nan() && wanted.is_nan();
            assert!(is_same, "{} of {event:?}: got {got}, wanted {wanted}", question.text());
            let place = if got.is_nan() { 2 } else { usize::from(got == 1.0) };
            found[place] += 1;
        }
        if recorded == Recorded::Yes {
            for by in ["account", "device", "account, device"] {
                if let Some(key) = event.key(by) {
                    pasts.entry((by, key)).or_default().record(event.seen());
                }
            }
        }
    }
    println!("{found:?}");
    for (question, [no, yes, unknown, _]) in asked.iter().zip(&found) {
        assert!(30 < *no && 30 < *yes, "{}: {no} {yes}", question.text());
        // An event with a level has a device, and one that is not the last step is not asked.
        let may_lack =
            question.by != "account" && question.steps.last().is_some_and(|s| s.1.is_none());
        assert_eq!(0 < *unknown, may_lack, "{}", question.text());
    }
    assert!(found.iter().any(|[.., beyond]| 100 < *beyond), "{found:?}");
}

#[test]
fn what_follows_what_does_not_hang_on_the_order_of_arrival() {
    let seed = 20_270_302;
    println!("seed {seed}");
    let asked = asked();
    let plan = plan(&asked);
    let mut chance = Chance(seed);
    // At one millisecond the order of arrival is the order: here each has its own.
    let mut base: Vec<Happened> = happened(seed, 3_000).collect();
    for (number, event) in (0..).zip(&mut base) {
        event.time = 1_750_000_000_000 + number * 700 + chance.below(700) as i64;
        event.received = event.time;
        event.account %= 2;
    }
    let end = base[base.len() - 1].time;
    let mut answers = Vec::new();
    for _ in 0..5 {
        for index in (1..base.len()).rev() {
            base.swap(index, chance.below(index as u64 + 1) as usize);
        }
        let history = History::new(Arc::clone(&plan), Limits::default());
        for event in &base {
            history.record(&mut event.read(), || ());
        }
        let mut bits = Vec::new();
        let mut facts = Vec::new();
        for id in 0..200_u64 {
            let time = end - id as i64 * 999;
            let asker = Happened {
                id: 1_000_000 + id,
                kind: id as usize % KINDS.len(),
                account: id % 2,
                device: Some(id % 9),
                level: Some(3),
                time,
                received: time,
            };
            history.evaluate(&mut asker.read(), &mut facts);
            bits.extend(facts.iter().map(|fact| fact.to_bits()));
        }
        answers.push(bits);
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "the order of arrival shows");
    let held = answers[0].iter().filter(|bits| **bits == 1.0_f64.to_bits()).count();
    assert!(100 < held && held + 100 < answers[0].len(), "{held} of {}", answers[0].len());
}
