//! The history against a judge that keeps every event and recounts.
//!
//! Random payments, as a service gets them: 1 % late by up to ten minutes, 0.2 % too late to count,
//! 1 % sent twice, a tenth on eight busy accounts and a fifth at five busy merchants. Every fact must
//! equal the recount bit for bit where the window holds at most the events that are kept raw, and so
//! must every fact of single or of different values anywhere. At busier keys a window may reach
//! further back, to the beginning of the one tile at its far edge and never beyond: the judge finds
//! by the count how many events that adds, and every other fact of the window must be the recount of
//! exactly these. A window that ends in the past may also miss what lies in the tile at its end.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::Arc;

use features::catalog;
use features::event::Event;
use features::history::{History, Limits, Recorded};
use features::language::define::Origin;
use features::language::parse;
use features::limits::{DAY_MS, DISTINCT_MAX, HOUR_MS, LATENESS_MS, MINUTE_MS, RAW_MAX};
use features::plan::Plan;
use tests::{Chance, Naive, Payment, Seen, What};

use crate::http::House;

/// Amounts from which on a payment is large.
const LARGE_FEN: i64 = 50_000;

const BUSY_ACCOUNTS: u64 = 8;
const BUSY_MERCHANTS: u64 = 5;

/// One question: a feature, and what the judge recounts.
#[derive(Clone, Copy, Debug)]
struct Question {
    key: &'static str,
    what: What,
    /// None is for life.
    window: Option<i64>,
    offset: i64,
    is_large: bool,
    with_own: bool,
}

impl Question {
    fn feature(&self, name: &str) -> String {
        let events = if self.is_large { "payment where base_minor >= 500 CNY" } else { "payment" };
        let mut text = format!("feature {name} \"\" = {} by {}", self.what.text(events), self.key);
        let mut add = |word: &str, ms: i64| {
            let _ = write!(text, " {word} {}m", ms / MINUTE_MS);
        };
        if let Some(window) = self.window {
            add("over", window);
        }
        if 0 < self.offset {
            add("offset", self.offset);
        }
        if self.with_own {
            text.push_str(" including this");
        }
        text
    }

    /// Whether it is answered from rows and last sightings alone, so that tiles do not show.
    fn is_always_exact(&self) -> bool {
        let is_of_tiles = !self.what.is_scanned()
            && !matches!(self.what, What::Distinct | What::Last | What::SinceLast);
        !is_of_tiles || self.window.is_none()
    }
}

/// What is asked of accounts and of merchants; of each window that is not only scanned its count
/// comes first.
fn questions() -> Vec<Question> {
    use What::*;
    let minutes = |n: i64| Some(n * MINUTE_MS);
    let (hour, day, week) = (Some(HOUR_MS), Some(DAY_MS), Some(7 * DAY_MS));
    let (month, quarter, life) = (Some(30 * DAY_MS), Some(90 * DAY_MS), None);
    let account: [(&[What], Option<i64>); 6] = [
        (&[Count], minutes(5)),
        (&[Count, Repeats, GapMin, Min], day),
        (&[Count, Sum, Distinct, Concentration, Rising, Falling, GapCv], week),
        (&[Count, Max, Min, Stddev, Entropy, Changes], month),
        (&[Count, Mean, First, Last, SinceLast, Median, Rank, Mode, HourRarity], quarter),
        (&[Count, Sum, First, SinceFirst, SinceLast], life),
    ];
    let merchant: [(&[What], Option<i64>); 6] = [
        (&[Count, Last, SinceFirst, Rising, GapMin, Distinct], hour),
        (&[Count, Min, Mean, First, SinceLast, Distinct, Entropy, Repeats], day),
        (&[Count, Sum, Stddev, SinceFirst, Distinct, Mode, Rank, GapCv], week),
        (&[Count, Sum, Max, Min, First, Last, Median, Falling, HourRarity], month),
        (&[Count, Mean, Stddev, Max, SinceFirst, Concentration, Changes], quarter),
        (&[Count, Max, First, Last, SinceFirst], life),
    ];
    let mut all = Vec::new();
    for (key, groups) in [("account", account), ("merchant", merchant)] {
        let plain =
            |what| Question { key, what, window: day, offset: 0, is_large: false, with_own: false };
        for (whats, window) in groups {
            all.extend(whats.iter().map(|what| Question { window, ..plain(*what) }));
        }
        let own = |what, window| Question { window, with_own: true, ..plain(what) };
        all.extend([own(SinceFirst, quarter), own(Median, day), own(Mean, week), own(Mode, month)]);
        let large = |what| Question { window: month, is_large: true, ..plain(what) };
        all.extend([large(Count), large(Rising), large(GapMin), large(Last)]);
        all.push(Question { window: minutes(1_500), offset: 3 * HOUR_MS, ..plain(Count) });
        all.push(Question { window: week, offset: 7 * DAY_MS, ..plain(Count) });
    }
    all
}

/// The questions as features: the first is `q0`.
fn policy() -> String {
    let features = questions().into_iter().enumerate();
    let features: Vec<String> = features.map(|(n, q)| q.feature(&format!("q{n}"))).collect();
    features.join("\n")
}

fn plan(text: &str) -> Arc<Plan> {
    let (policy, faults) = parse(text);
    assert_eq!(faults, []);
    let mut definitions = catalog::definitions();
    assert_eq!(definitions.add(&policy, Origin::Policy), []);
    let own = definitions.features().iter().filter(|f| !f.is_builtin).map(|f| f.definition);
    let own: Vec<usize> = own.collect();
    Arc::new(definitions.plan(&own))
}

fn read(payment: &Payment) -> Event {
    Event::read(payment.json().as_bytes(), None).expect("the event is valid")
}

/// `count` random payments over about `days`, in order of receipt, some fifty an account.
pub(crate) fn payments(seed: u64, count: u64, days: i64) -> impl Iterator<Item = Payment> {
    payments_within(seed, count, days * DAY_MS)
}

fn payments_within(seed: u64, count: u64, length_ms: i64) -> impl Iterator<Item = Payment> {
    let mut chance = Chance(seed);
    let start = 1_750_000_000_000;
    let step = length_ms / count as i64;
    (0..count).map(move |id| {
        let received = start + id as i64 * step + chance.below(step as u64 / 2) as i64;
        let late = chance.happens(100);
        let behind = if late { chance.below(LATENESS_MS as u64) as i64 } else { 0 };
        let busy = chance.happens(5);
        // Each of the busy ones is twice as busy as the next.
        let busiest = u64::from(chance.bits().trailing_zeros()).min(BUSY_MERCHANTS - 1);
        Payment {
            id,
            account: chance.below(1 + count / 50),
            card: chance.below(30_000),
            device: chance.below(25_000),
            merchant: if busy { busiest } else { BUSY_MERCHANTS + chance.below(1 + count / 25) },
            fen: 100 + chance.below(100_000) as i64,
            time: received - behind,
            received,
        }
    })
}

/// The same as they are sent: with busy accounts, prices and cards that come again, events that are
/// too late to count, and one in a hundred sent twice, at once or up to a thousand events later.
fn sent(seed: u64, count: u64, length_ms: i64) -> impl Iterator<Item = Payment> {
    let mut chance = Chance(!seed);
    let mut first = payments_within(seed, count, length_ms);
    let mut again: BTreeMap<(u64, u64), Payment> = BTreeMap::new();
    let mut number = 0;
    std::iter::from_fn(move || {
        if let Some(due) = again.first_entry().filter(|due| due.key().0 <= number) {
            return Some(due.remove());
        }
        let Some(mut payment) = first.next() else { return again.pop_first().map(|due| due.1) };
        number += 1;
        if chance.happens(10) {
            payment.account = chance.below(BUSY_ACCOUNTS);
        }
        if !chance.happens(10) {
            payment.card = payment.account * 4 + chance.below(4);
        }
        if chance.happens(2) {
            payment.fen = 5_000 * (1 + chance.below(20) as i64);
        }
        if chance.happens(500) {
            payment.time = payment.received - LATENESS_MS - 1 - chance.below(600_000) as i64;
        }
        if chance.happens(100) {
            let later = if chance.happens(2) { 0 } else { chance.below(1_000) };
            again.insert((number + later, payment.id), payment.clone());
        }
        Some(payment)
    })
}

/// The width of the tile in which an event of this age may lie, as the window's essay promises.
fn tile_ms(age: i64) -> i64 {
    let widths = [
        (HOUR_MS, MINUTE_MS),
        (DAY_MS, 15 * MINUTE_MS),
        (7 * DAY_MS, 2 * HOUR_MS),
        (30 * DAY_MS, 8 * HOUR_MS),
    ];
    widths.iter().find(|(most, _)| age <= *most).map_or(DAY_MS, |(_, width)| *width)
}

/// What the judge has found.
#[derive(Debug, Default)]
struct Findings {
    /// Facts that had to be equal and were.
    exact: u64,
    /// Facts of busier keys, equal to the recount of a window that may be longer by a tile.
    tiled: u64,
    /// Windows that end in the past and missed some of the tile at their end.
    cut: u64,
    /// By window in hours and the seconds of the tile at its far edge: how many seconds longer the
    /// longest window was than asked for.
    longest: BTreeMap<(i64, i64), i64>,
}

/// The judge of one kind of key.
struct Judge {
    /// Where the fact of each question lies.
    questions: Vec<(usize, Question)>,
    /// How many events before each window counted, where the window went on into a tile.
    before: Vec<(Option<i64>, usize)>,
}

impl Judge {
    fn new(key: &str, plan: &Plan) -> Judge {
        let questions = questions().into_iter().enumerate().filter(|(_, q)| q.key == key);
        let slot = |n: usize| plan.find(&format!("q{n}")).expect("it is in the plan");
        let questions = questions.map(|(n, question)| (slot(n), question)).collect();
        Judge { questions, before: Vec::new() }
    }

    /// Recounts every fact that an event has of one key.
    fn check(&mut self, naive: &Naive, payment: &Payment, facts: &[f64], found: &mut Findings) {
        self.before.clear();
        for (slot, question) in &self.questions {
            let got = facts[*slot];
            let Question { what, window, offset, .. } = *question;
            let reach = window.map_or(i64::MIN, |window| payment.time - offset - window);
            let is_raw = naive.newer_than(reach) <= RAW_MAX;
            let before = if is_raw || question.is_always_exact() {
                found.exact += 1;
                0
            } else {
                found.tiled += 1;
                if what == What::Count {
                    let before = counted_before(naive, question, payment, got, found);
                    if offset == 0 && !question.is_large {
                        self.before.push((window, before));
                    }
                    continue;
                }
                let known = self.before.iter().find(|(of, _)| *of == window);
                known.expect("a window's count is asked for first").1
            };
            let wanted = recount(naive, question, payment, before);
            let is_near = what.is_rounded() && (got - wanted).abs() <= 1e-9 * wanted.abs().max(1.0);
            let is_same = got.to_bits() == wanted.to_bits() || got.is_nan() && wanted.is_nan();
            assert!(is_same || is_near, "{question:?} of {payment:?}: got {got}, wanted {wanted}");
        }
    }
}

fn seen(payment: &Payment) -> Seen {
    Seen { time: payment.time, amount: payment.fen, other: payment.card }
}

/// The answer by definition, of the window and so many events before it.
fn recount(naive: &Naive, question: &Question, payment: &Payment, before: usize) -> f64 {
    let Question { what, window, offset, .. } = *question;
    let in_window = naive.window_and_before(payment.time, window, offset, before);
    let own = seen(payment);
    let answer = if question.is_large || question.with_own {
        let is_asked = |s: &Seen| !question.is_large || LARGE_FEN <= s.amount;
        let events = in_window.iter().copied().chain(question.with_own.then_some(own));
        what.of(&events.filter(is_asked).collect::<Vec<_>>(), own)
    } else {
        what.of(in_window, own)
    };
    if what == What::Distinct { answer.min(DISTINCT_MAX as f64) } else { answer }
}

/// How many events before the window were counted: some of the tile at its far edge, no others. A
/// window that ends in the past may end in a tile as well, which then does not count.
fn counted_before(
    naive: &Naive,
    question: &Question,
    payment: &Payment,
    got: f64,
    found: &mut Findings,
) -> usize {
    let (to, newest) = (payment.time - question.offset, naive.newest().unwrap_or(payment.time));
    let from = to - question.window.unwrap_or_default();
    let tile_at = |edge: i64| {
        let tile = Question { window: Some(tile_ms(newest - edge)), offset: 0, ..*question };
        recount(naive, &tile, &Payment { time: edge, ..payment.clone() }, 0)
    };
    let exact = recount(naive, question, payment, 0);
    let least = if question.offset == 0 { exact } else { exact - tile_at(to) };
    let most = exact + tile_at(from);
    assert!(
        least <= got && got <= most,
        "{question:?} of {payment:?}: got {got}, wanted {least} to {most}"
    );
    found.cut += u64::from(got < exact);
    let before = (got - exact).max(0.0) as usize;
    if 0 < before && question.offset == 0 && !question.is_large {
        let oldest = naive.get(naive.up_to(from) - before).time;
        let hours = question.window.unwrap_or_default() / HOUR_MS;
        let longest = found.longest.entry((hours, tile_ms(newest - from) / 1_000)).or_default();
        *longest = (*longest).max((from - oldest) / 1_000);
    }
    before
}

/// Folds so many events and recounts the facts of each; of a busy key those of one event in `spared`.
fn check(seed: u64, count: u64, length_ms: i64, spared: u64) -> Findings {
    println!("seed {seed}, {count} events");
    let plan = plan(&policy());
    let history = History::new(Arc::clone(&plan), Limits::default());
    let mut judges = ["account", "merchant"].map(|key| Judge::new(key, &plan));
    let mut pasts: [HashMap<u64, Naive>; 2] = Default::default();
    // The door of the service: an id that was answered is not folded again.
    let mut answered = HashSet::new();
    let (mut repeats, mut too_late) = (0, 0);
    let mut found = Findings::default();
    let mut facts = Vec::new();
    for payment in sent(seed, count, length_ms) {
        if !answered.insert(payment.id) {
            repeats += 1;
            continue;
        }
        let (recorded, ()) = history.observe(&mut read(&payment), &mut facts, || ());
        let keys = [payment.account, payment.merchant];
        for ((judge, pasts), key) in judges.iter_mut().zip(&mut pasts).zip(keys) {
            let past = pasts.entry(key).or_default();
            // Recounting a busy key is what takes the time.
            if past.newer_than(i64::MIN) <= RAW_MAX || payment.id % spared == 0 {
                judge.check(past, &payment, &facts, &mut found);
            }
            if recorded == Recorded::Yes {
                past.record(seen(&payment));
            }
        }
        let is_too_late = LATENESS_MS < payment.received - payment.time;
        assert_eq!(recorded == Recorded::TooLate, is_too_late, "{payment:?}");
        too_late += u64::from(is_too_late);
    }
    let census = history.census();
    assert_eq!((census.events, census.late), (count, too_late));
    println!("{repeats} sent twice, {too_late} too late, {found:?}");
    assert!(count / 125 < repeats && count / 625 < too_late, "{repeats}, {too_late}");
    found
}

/// The lengths of windows in hours that reached into tiles: where the bound was put to the test.
fn tried(found: &Findings) -> Vec<i64> {
    let mut hours: Vec<i64> = found.longest.keys().map(|(hours, _)| *hours).collect();
    hours.dedup();
    hours
}

// Not quite a million together: the judge takes its time, and is not optimised in a test build.

#[test]
fn a_quarter_of_a_year_agrees_with_the_recount() {
    let found = check(20_260_724, 200_000, 100 * DAY_MS, 100);
    assert_eq!(tried(&found), [168, 720, 2_160]);
}

#[test]
fn busy_days_agree_with_the_recount() {
    let found = check(20_260_725, 70_000, 2 * DAY_MS, 100);
    assert_eq!(tried(&found), [24]);
}

#[test]
fn a_rush_agrees_with_the_recount() {
    let found = check(20_260_726, 40_000, 3 * HOUR_MS, 100);
    assert_eq!(tried(&found), [1]);
}

#[test]
#[ignore = "takes eight minutes: cargo test --release -p tests --test it -- --ignored ten_million"]
fn ten_million_random_events_agree_with_the_recount() {
    let found = check(20_260_801, 10_000_000, 100 * DAY_MS, 200);
    assert_eq!(tried(&found), [24, 168, 720, 2_160]);
}

#[test]
fn what_is_sent_twice_counts_once_behind_the_service_and_twice_in_a_bare_history() {
    // A history has no memory of ids: who folds without the service is the door himself.
    let bare =
        History::new(plan(r#"feature seen "" = count(payment) by account"#), Limits::default());
    let mut facts = Vec::new();
    let payment = payments(1, 1_000, 1).next().expect("a thousand payments");
    for seen in [0.0, 1.0, 2.0] {
        bare.observe(&mut read(&payment), &mut facts, || ());
        assert_eq!(facts, [seen]);
    }

    let seed = 20_260_802;
    println!("seed {seed}");
    let is_number = |q: &Question| matches!(q.what, What::Count | What::Distinct | What::Rising);
    let asked: Vec<(usize, Question)> =
        questions().into_iter().enumerate().filter(|(_, q)| is_number(q)).collect();
    let names: Vec<String> = asked.iter().map(|(n, _)| format!("q{n}")).collect();
    let tests: Vec<String> = names.iter().map(|name| format!("{name} < 0")).collect();
    let rule = format!(
        "rule never \"\" on payment when {} then decline because VELOCITY_ACCOUNT",
        tests.join(" or ")
    );
    let house = House::with("oracle", |_, options| {
        let text = format!("policy \"oracle\"\n{}\n{rule}\n", policy());
        std::fs::write(options.policy.as_ref().expect("a policy"), text).expect("a folder");
    });
    let mut pasts: [HashMap<u64, Naive>; 2] = Default::default();
    let mut answers: HashMap<u64, String> = HashMap::new();
    let mut repeats = 0;
    for payment in sent(seed, 1_500, 3 * DAY_MS) {
        let reply = house.post("/v1/score", &payment.json());
        if let Some(first) = answers.get(&payment.id) {
            assert!(reply.is_replayed() && reply.decision() == first, "{payment:?}");
            repeats += 1;
            continue;
        }
        assert!(!reply.is_replayed(), "{payment:?}");
        answers.insert(payment.id, reply.decision().to_owned());
        let answer = reply.json();
        for (name, (_, question)) in names.iter().zip(&asked) {
            let of_merchant = question.key == "merchant";
            let key = if of_merchant { payment.merchant } else { payment.account };
            let past = pasts[usize::from(of_merchant)].entry(key).or_default();
            let wanted = recount(past, question, &payment, 0);
            assert_eq!(answer["facts"][name], wanted, "{question:?} of {payment:?}");
        }
        if answer["record"]["applied"] == true {
            pasts[0].entry(payment.account).or_default().record(seen(&payment));
            pasts[1].entry(payment.merchant).or_default().record(seen(&payment));
        }
    }
    assert!(5 < repeats, "{repeats}");
}

#[test]
fn any_order_of_arrival_leaves_the_same_state() {
    let seed = 77;
    println!("seed {seed}");
    let plan = plan(&policy());
    let mut chance = Chance(seed);
    let base: Vec<Payment> = payments(seed, 4_000, 2).collect();
    let start = base[0].time;
    let mut answers = Vec::new();
    for _ in 0..5 {
        let mut shuffled = base.clone();
        for index in (1..shuffled.len()).rev() {
            shuffled.swap(index, chance.below(index as u64 + 1) as usize);
        }
        let history = History::new(Arc::clone(&plan), Limits::default());
        for payment in &mut shuffled {
            // Received at once: late by the clock of nobody, in any order.
            payment.account %= 3;
            payment.merchant %= 2;
            payment.received = payment.time;
            history.record(&mut read(payment), || ());
        }
        let mut facts = Vec::new();
        let mut bits = Vec::new();
        for account in 0..3 {
            let asker = Payment {
                id: 9_999_999,
                account,
                merchant: account % 2,
                time: start + 3 * DAY_MS,
                received: start + 3 * DAY_MS,
                ..base[0].clone()
            };
            history.evaluate(&mut read(&asker), &mut facts);
            bits.push(facts.iter().map(|f| f.to_bits()).collect::<Vec<_>>());
        }
        answers.push(bits);
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "the order of arrival shows");
}
