use std::collections::{BTreeMap, BTreeSet};

use super::*;

const DAY: i64 = DAY_MS;
/// A multiple of the step, so that days count from an opening.
const START: i64 = 200 * STEP_MS;

fn nodes(account: u64, device: Option<u64>) -> Nodes {
    Nodes { account: Some(account), device, ..Nodes::default() }
}

impl Graph {
    /// Looks for an event's nodes in rounds.
    fn seek(&self, nodes: &Nodes, at: i64) -> Sought {
        let mut sought = Sought::new(nodes, at);
        self.fetch_index(&sought);
        self.locate(&mut sought);
        self.touch(&sought);
        self.touch_roots(&sought);
        sought
    }

    fn ask(&self, nodes: &Nodes, at: i64) -> Reading {
        self.read(&self.seek(nodes, at))
    }

    fn take(&mut self, nodes: &Nodes, at: i64, opened: Option<i64>) {
        self.record(&self.seek(nodes, at), opened);
        assert!(self.forests.len() <= FORESTS);
    }
}

fn day(days: i64) -> i64 {
    START + days * DAY
}

/// Answers bit for bit, so that unknown equals unknown.
fn bits(reading: Reading) -> [u64; 4] {
    let Reading { size, fraud, age_spread_ms, fraud_two_steps } = reading;
    [size, fraud, age_spread_ms, fraud_two_steps].map(f64::to_bits)
}

struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let a = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let b = (a ^ a >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        (b ^ b >> 31) % limit
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Event(Nodes, i64, Option<i64>),
    Mark(u64, i64),
}

/// A random story: half a year in each hundred events, some of them late by hours or weeks.
fn story(seed: u64, accounts: u64, items: u64, length: u64) -> Vec<Step> {
    let mut chance = Chance(seed);
    let mut now = START + (chance.below(90 * 24) * 3_600_000) as i64;
    (0..length)
        .map(|_| {
            now += (chance.below(86 * 3_600) * 1_000) as i64;
            let late = match chance.below(10) {
                0 => chance.below(20 * 3_600_000),
                1 => chance.below(100 * DAY as u64),
                _ => 0,
            };
            let account = chance.below(accounts);
            if chance.below(12) == 0 {
                return Step::Mark(account, now);
            }
            let mut item = || (chance.below(3) == 0).then(|| chance.below(items));
            let [device, card, document, email] = [item(), item(), item(), item()];
            let nodes = Nodes { account: Some(account), device, card, document, email };
            let opened = START - (account * account % 977) as i64 * 7_654_321;
            Step::Event(nodes, now - late as i64, (chance.below(3) != 0).then_some(opened))
        })
        .collect()
}

/// All links with their times, and a search over them for every question.
#[derive(Default)]
struct Oracle {
    events: Vec<(Nodes, i64, Option<i64>)>,
    marks: BTreeSet<u64>,
    newest: i64,
}

impl Oracle {
    fn take(&mut self, step: Step) {
        match step {
            Step::Event(nodes, at, opened) => {
                self.events.push((nodes, at, opened));
                self.newest = self.newest.max(at);
            }
            Step::Mark(account, at) => {
                self.marks.insert(account);
                self.newest = self.newest.max(at);
            }
        }
    }

    fn read(&self, nodes: &Nodes, at: i64) -> Reading {
        let forest = |at: i64| at.div_euclid(90 * DAY) - 1;
        if forest(at) < forest(self.newest - DAY) {
            return Reading::UNKNOWN;
        }
        let since = forest(at) * 90 * DAY;
        let seen = self.events.iter().filter(|(_, at, _)| since <= *at);
        let mut shared: BTreeMap<(usize, u64), BTreeSet<u64>> = BTreeMap::new();
        let mut openings = BTreeMap::new();
        for (nodes, _, opened) in seen.copied().chain([(*nodes, at, None)]) {
            openings.extend(opened.map(|opened| (nodes.account.unwrap(), opened)));
            let items = [nodes.device, nodes.card, nodes.document, nodes.email];
            for (kind, item) in items.into_iter().enumerate() {
                let Some(item) = item else { continue };
                shared.entry((kind, item)).or_default().insert(nodes.account.unwrap());
            }
        }
        let widen = |from: &BTreeSet<u64>| {
            let touching = shared.values().filter(|accounts| !accounts.is_disjoint(from));
            touching.flatten().chain(from).copied().collect::<BTreeSet<u64>>()
        };
        let own = BTreeSet::from([nodes.account.unwrap()]);
        let mut two_steps = widen(&widen(&own));
        let mut all = two_steps.clone();
        loop {
            let wider = widen(&all);
            if wider == all {
                break;
            }
            all = wider;
        }
        two_steps.remove(&nodes.account.unwrap());
        let opened: Vec<f64> =
            all.iter().filter_map(|account| openings.get(account)).map(|o| *o as f64).collect();
        let n = opened.len() as f64;
        let mean = opened.iter().sum::<f64>() / n;
        let variance = opened.iter().map(|o| (o - mean) * (o - mean)).sum::<f64>() / n;
        Reading {
            size: all.len() as f64,
            fraud: all.intersection(&self.marks).count() as f64,
            age_spread_ms: if opened.len() < 2 { UNKNOWN } else { variance.sqrt() },
            fraud_two_steps: two_steps.intersection(&self.marks).count() as f64,
        }
    }
}

#[test]
fn any_story_reads_as_a_search_over_all_its_links() {
    let (mut joined, mut unknown) = (0, 0);
    for seed in 0..60 {
        let (accounts, items) = [(12, 10), (40, 15), (90, 60), (300, 90)][seed as usize % 4];
        let mut graph = Graph::new(10_000);
        let mut oracle = Oracle { newest: i64::MIN / 2, ..Oracle::default() };
        for (index, step) in story(seed, accounts, items, 500).into_iter().enumerate() {
            if let Step::Event(nodes, at, _) = step {
                let (ours, theirs) = (graph.ask(&nodes, at), oracle.read(&nodes, at));
                let exact = |r: Reading| {
                    let r = Reading { age_spread_ms: 0.0, ..r };
                    bits(r)
                };
                let near = |a: f64, b: f64| a.is_nan() && b.is_nan() || (a - b).abs() < 1_000.0;
                assert!(
                    exact(ours) == exact(theirs) && near(ours.age_spread_ms, theirs.age_spread_ms),
                    "seed {seed}, step {index}, {nodes:?}: {ours:?}, expected {theirs:?}"
                );
                joined += usize::from(2.0 < ours.size && ours.size < 30.0);
                unknown += usize::from(ours.size.is_nan());
            }
            tell(&mut graph, step);
            oracle.take(step);
        }
        assert_eq!(graph.refused, 0, "seed {seed}");
    }
    assert!(4_000 < joined && 50 < unknown, "{joined} joined, {unknown} unknown");
}

fn tell(graph: &mut Graph, step: Step) {
    match step {
        Step::Event(nodes, at, opened) => graph.take(&nodes, at, opened),
        Step::Mark(account, at) => graph.mark_fraud(account, at),
    }
}

#[test]
fn the_same_story_reads_the_same_bits_in_any_order() {
    for seed in 0..20 {
        let steps = story(seed, 60, 40, 300);
        let told = |steps: &[Step]| {
            let mut graph = Graph::new(10_000);
            steps.iter().for_each(|step| tell(&mut graph, *step));
            graph
        };
        let mut mixed = steps.clone();
        let mut chance = Chance(seed);
        for at in (1..mixed.len()).rev() {
            mixed.swap(at, chance.below(at as u64 + 1) as usize);
        }
        let (one, two, three) = (told(&steps), told(&steps), told(&mixed));
        assert_eq!(format!("{one:?}"), format!("{two:?}"), "seed {seed}");
        for step in &steps {
            let Step::Event(nodes, at, _) = step else { continue };
            let expected = bits(one.ask(nodes, *at));
            assert_eq!(bits(three.ask(nodes, *at)), expected, "seed {seed}, {nodes:?}");
        }
    }
}

#[test]
fn where_nodes_were_looked_for_changes_nothing() {
    for seed in 0..20 {
        // The last ones fill their forests.
        let nodes_max = if seed < 15 { 10_000 } else { 60 };
        let mut graphs = [(); 3].map(|()| Graph::new(nodes_max));
        let mut last = Sought::default();
        for (index, step) in story(seed, 60, 40, 500).into_iter().enumerate() {
            let Step::Event(nodes, at, opened) = step else {
                graphs.iter_mut().for_each(|graph| tell(graph, step));
                continue;
            };
            let found = graphs[0].seek(&nodes, at);
            let nowhere = Sought::new(&nodes, at);
            // Where another event's nodes are, in another forest.
            let mut elsewhere = Sought { likely: last.likely, ..nowhere.clone() };
            elsewhere.likely.rotate_left(1);
            last = found.clone();
            let all = [found, nowhere, elsewhere];
            let read = |(graph, sought): (&Graph, _)| bits(graph.read(sought));
            let readings: Vec<_> = graphs.iter().zip(&all).map(read).collect();
            assert!(readings.iter().all(|r| *r == readings[0]), "seed {seed}, step {index}");
            graphs.iter_mut().zip(&all).for_each(|(graph, sought)| graph.record(sought, opened));
        }
        let [found, nowhere, elsewhere] = graphs.map(|graph| format!("{graph:?}"));
        assert!(found == nowhere && found == elsewhere, "seed {seed}");
    }
}

#[test]
fn keys_that_look_alike_to_the_index_are_told_apart() {
    // Of one segment and with the same 32 bits there, as accounts and as devices.
    let look = |kind, key| (spread(kind, key) >> 56, spread(kind, key) as u32);
    let alike = |kind| {
        let keys = (0..1 << 16).map(|high| 77 | (high << 32));
        keys.filter(move |key| look(kind, *key) == look(kind, 77)).take(20).collect::<Vec<u64>>()
    };
    let (accounts, devices) = (alike(ACCOUNT), alike(1));
    assert_eq!((accounts.len(), devices.len()), (20, 20));
    let mut graph = Graph::new(1_000);
    // Each account shares a device with the one before it, in pairs.
    for (index, account) in accounts.iter().enumerate() {
        graph.take(&nodes(*account, Some(devices[index / 2])), day(0), None);
    }
    assert_eq!(graph.census(), Census { accounts: 20, items: 10, refused: 0 });
    graph.mark_fraud(accounts[7], day(0));
    for (index, account) in accounts.iter().enumerate() {
        let reading = graph.ask(&nodes(*account, None), day(0));
        let fraud = if index / 2 == 3 { 1.0 } else { 0.0 };
        assert_eq!((reading.size, reading.fraud), (2.0, fraud), "account {index}");
        // One that nobody has yet, and one that is another's.
        assert_eq!(graph.ask(&nodes(*account, Some(devices[15])), day(0)).size, 2.0);
        let joined = if index / 2 == 0 { 2.0 } else { 4.0 };
        assert_eq!(graph.ask(&nodes(*account, Some(devices[0])), day(0)).size, joined);
    }
    // A device that looks like an account does, and a card with a device's key.
    let key = accounts[0] ^ 1;
    assert_eq!(spread(1, key), spread(ACCOUNT, accounts[0]));
    assert_eq!(graph.ask(&nodes(accounts[4], Some(key)), day(0)).size, 2.0);
    graph.take(&nodes(accounts[4], Some(key)), day(0), None);
    assert_eq!(graph.ask(&nodes(9, Some(key)), day(0)).size, 3.0);
    assert_eq!(graph.ask(&nodes(key, None), day(0)).size, 1.0);
    let card = Nodes { account: Some(accounts[0]), card: Some(devices[4]), ..Nodes::default() };
    assert_eq!(graph.ask(&card, day(0)).size, 2.0);
}

#[test]
fn who_shares_nothing_is_alone_and_who_is_nobody_is_unknown() {
    let mut graph = Graph::new(100);
    let alone = Reading { size: 1.0, fraud: 0.0, age_spread_ms: UNKNOWN, fraud_two_steps: 0.0 };
    assert_eq!(bits(graph.ask(&nodes(1, Some(1)), day(0))), bits(alone));
    graph.take(&nodes(1, Some(1)), day(0), Some(day(-9)));
    assert_eq!(bits(graph.ask(&nodes(1, Some(1)), day(1))), bits(alone));
    let nobody = Nodes { device: Some(1), ..Nodes::default() };
    graph.take(&nobody, day(2), None);
    assert_eq!(bits(graph.ask(&nobody, day(2))), bits(Reading::UNKNOWN));
    // A stranger joins those whose device it comes with; its own opening is not told.
    let joined = graph.ask(&nodes(2, Some(1)), day(2));
    assert_eq!((joined.size, joined.fraud), (2.0, 0.0));
    assert!(joined.age_spread_ms.is_nan());
    // Keys of different kinds may be equal.
    let card = Nodes { account: Some(2), card: Some(1), ..Nodes::default() };
    assert_eq!(graph.ask(&card, day(2)).size, 1.0);
    assert_eq!(graph.census(), Census { accounts: 1, items: 1, refused: 0 });
}

#[test]
fn a_link_is_remembered_for_ninety_days_and_gone_after_a_hundred_and_eighty() {
    for first in [0, 1, 44, 89] {
        let mut graph = Graph::new(100);
        graph.take(&nodes(1, Some(7)), day(first), None);
        graph.take(&nodes(2, Some(7)), day(first), None);
        let size = |graph: &Graph, at| graph.ask(&nodes(1, None), day(at)).size;
        // Whether time has passed in events or not.
        for with_events in [false, true] {
            for at in first..=first + 400 {
                if with_events {
                    graph.take(&nodes(3, None), day(at), None);
                }
                let expected = if at < 180 { 2.0 } else { 1.0 };
                assert_eq!(size(&graph, at), expected, "first {first}, at {at}");
            }
        }
        // The forest of such an old question has left.
        assert!(size(&graph, first).is_nan());
    }
}

#[test]
fn a_link_that_is_seen_again_is_as_young_as_that() {
    let mut graph = Graph::new(100);
    for at in [10, 100] {
        graph.take(&nodes(1, Some(7)), day(at), None);
        graph.take(&nodes(2, Some(7)), day(at), None);
    }
    assert_eq!(graph.ask(&nodes(1, None), day(269)).size, 2.0);
    assert_eq!(graph.ask(&nodes(1, None), day(270)).size, 1.0);
}

#[test]
fn a_late_event_joins_the_forests_that_opened_before_it() {
    let mut graph = Graph::new(100);
    graph.take(&nodes(1, Some(7)), day(100), None);
    graph.take(&nodes(2, Some(7)), day(80), None);
    assert_eq!(graph.ask(&nodes(1, None), day(100)).size, 2.0);
    // The forest of day 90 has never heard of the second account.
    assert_eq!(graph.ask(&nodes(1, None), day(180)).size, 1.0);
    // Older than all that is held: nobody could ask for it.
    graph.take(&nodes(3, Some(7)), day(-1), None);
    assert_eq!(graph.ask(&nodes(1, None), day(100)).size, 2.0);
}

#[test]
fn a_clock_that_runs_ahead_takes_nothing_from_the_others() {
    let mut graph = Graph::new(100);
    graph.take(&nodes(1, Some(7)), day(10), None);
    graph.take(&nodes(2, Some(7)), day(10), None);
    graph.take(&nodes(3, None), day(180) + DAY / 2, None);
    assert_eq!(graph.ask(&nodes(1, None), day(180) - 1).size, 2.0);
    graph.take(&nodes(3, None), day(181), None);
    assert!(graph.ask(&nodes(1, None), day(180) - 1).size.is_nan());
}

#[test]
fn marks_count_once_in_every_forest_and_do_not_age() {
    let mut graph = Graph::new(100);
    graph.mark_fraud(2, day(0));
    graph.take(&nodes(1, Some(7)), day(0), None);
    graph.take(&nodes(2, Some(7)), day(1), None);
    graph.take(&nodes(2, Some(7)), day(95), None);
    graph.take(&nodes(1, Some(7)), day(95), None);
    graph.take(&nodes(3, Some(7)), day(95), None);
    for at in [96, 180, 269] {
        graph.mark_fraud(3, day(96));
        let reading = graph.ask(&nodes(1, None), day(at));
        assert_eq!((reading.size, reading.fraud, reading.fraud_two_steps), (3.0, 2.0, 2.0));
        let reading = graph.ask(&nodes(2, None), day(at));
        assert_eq!((reading.size, reading.fraud, reading.fraud_two_steps), (3.0, 2.0, 1.0));
    }
    // Nothing is left of the links, but the account itself is known.
    let reading = graph.ask(&nodes(2, None), day(900));
    assert_eq!((reading.size, reading.fraud, reading.fraud_two_steps), (1.0, 1.0, 0.0));
    graph.take(&nodes(2, Some(8)), day(900), None);
    let reading = graph.ask(&nodes(4, Some(8)), day(900));
    assert_eq!((reading.size, reading.fraud, reading.fraud_two_steps), (2.0, 1.0, 1.0));
}

#[test]
fn a_hub_joins_two_hundred_and_no_more() {
    let mut graph = Graph::new(10_000);
    for account in 1..=250 {
        let expected = if account <= 200 { account as f64 } else { 1.0 };
        let event = nodes(account, Some(7));
        assert_eq!(graph.ask(&event, day(0)).size, expected);
        graph.take(&event, day(0), None);
        assert_eq!(graph.ask(&event, day(0)).size, expected);
    }
    assert_eq!(graph.ask(&nodes(1, Some(7)), day(0)).size, 200.0);
    // A known link with a hub still leads to those it joined, whatever else the account has.
    for device in 100..200 {
        graph.take(&nodes(200, Some(device)), day(0), None);
        graph.take(&nodes(200, Some(7)), day(0), None);
    }
    graph.mark_fraud(1, day(0));
    let reading = graph.ask(&nodes(200, Some(7)), day(0));
    assert_eq!((reading.size, reading.fraud_two_steps), (200.0, 1.0));
    let reading = graph.ask(&nodes(250, Some(7)), day(0));
    assert_eq!((reading.size, reading.fraud_two_steps), (1.0, 0.0));
    // Nor is a closed hub a step between accounts that belong together by other ways.
    for (account, item) in [(250, 900), (251, 900), (251, 901), (252, 901), (252, 902)] {
        graph.take(&nodes(account, Some(item)), day(0), None);
    }
    graph.take(&nodes(2, Some(902)), day(0), None);
    let reading = graph.ask(&nodes(250, Some(7)), day(0));
    assert_eq!((reading.size, reading.fraud, reading.fraud_two_steps), (203.0, 1.0, 0.0));
    // In a younger forest the item starts anew.
    graph.take(&nodes(250, Some(7)), day(90), None);
    graph.take(&nodes(1, Some(7)), day(90), None);
    assert_eq!(graph.ask(&nodes(250, None), day(180)).size, 2.0);
    assert_eq!(graph.census().refused, 0);
}

#[test]
fn two_steps_are_two_and_leave_out_oneself() {
    let mut graph = Graph::new(100);
    // 1 -device 1- 2 -card 2- 3 -device 3- 4
    let card = |account| Nodes { account: Some(account), card: Some(2), ..Nodes::default() };
    graph.take(&nodes(1, Some(1)), day(0), None);
    graph.take(&nodes(2, Some(1)), day(0), None);
    graph.take(&card(2), day(0), None);
    graph.take(&card(3), day(0), None);
    graph.take(&nodes(3, Some(3)), day(0), None);
    graph.take(&nodes(4, Some(3)), day(0), None);
    let two_steps = |graph: &Graph, nodes: &Nodes| graph.ask(nodes, day(0)).fraud_two_steps;
    graph.mark_fraud(1, day(0));
    graph.mark_fraud(4, day(0));
    let account = |account| nodes(account, None);
    assert_eq!([1, 2, 3, 4].map(|a| two_steps(&graph, &account(a))), [0.0, 2.0, 2.0, 0.0]);
    graph.mark_fraud(2, day(0));
    assert_eq!([1, 2, 3, 4].map(|a| two_steps(&graph, &account(a))), [1.0, 2.0, 3.0, 1.0]);
    assert_eq!(graph.ask(&account(1), day(0)).fraud, 3.0);
    // As if the event's links were there already: for a stranger, and for one of them.
    assert_eq!(two_steps(&graph, &nodes(9, Some(3))), 2.0);
    assert_eq!(two_steps(&graph, &nodes(1, Some(3))), 2.0);
    assert_eq!(two_steps(&graph, &account(1)), 1.0);
}

#[test]
fn a_link_repeated_changes_nothing() {
    let event = |account| Nodes {
        account: Some(account),
        device: Some(1),
        card: Some(2),
        document: Some(account),
        email: Some(3),
    };
    let mut graph = Graph::new(1_000);
    (0..3).for_each(|account| graph.take(&event(account), day(0), Some(day(account as i64))));
    // More items than an account lists, the last one of as many accounts.
    let many = |graph: &mut Graph| {
        (0..100).for_each(|device| graph.take(&nodes(7, Some(device)), day(0), None));
        (100..180).for_each(|account| graph.take(&nodes(account, Some(555)), day(0), None));
        graph.take(&nodes(7, Some(555)), day(0), None);
    };
    many(&mut graph);
    let once = format!("{:?}", graph.forests);
    for opened in [None, Some(day(0)), Some(day(50))] {
        (0..3).for_each(|account| graph.take(&event(account), day(0), opened));
        many(&mut graph);
    }
    assert_eq!(format!("{:?}", graph.forests), once);
}

#[test]
fn the_spread_of_openings_is_exact_to_the_second() {
    let mut graph = Graph::new(10_000);
    for account in 0..1_000 {
        // Half in 2000, half in 2099: the largest squares there are.
        let base = if account % 2 == 0 { TIME_MIN_MS } else { TIME_MAX_MS };
        graph.take(&nodes(account, Some(account / 100)), day(0), Some(base));
        graph.take(&nodes(account, Some(account / 100 + 1)), day(0), None);
    }
    let expected = (TIME_MAX_MS - TIME_MIN_MS) as f64 / 2.0;
    let reading = graph.ask(&nodes(5, None), day(0));
    assert_eq!((reading.size, reading.age_spread_ms), (1_000.0, expected));
    // A batch within a minute.
    for account in 0..3 {
        let opened = day(0) + 20_000 * account as i64;
        graph.take(&nodes(5_000 + account, Some(5_000)), day(0), Some(opened));
    }
    let spread = graph.ask(&nodes(5_000, None), day(0)).age_spread_ms;
    assert!((spread - 16_329.931_618_554_52).abs() < 1e-6, "{spread}");
}

#[test]
fn a_full_forest_keeps_what_it_knows_and_does_not_know_the_rest() {
    let mut graph = Graph::new(6);
    for account in 1..=3 {
        graph.take(&nodes(account, Some(account / 2)), day(0), None);
    }
    assert_eq!(graph.census(), Census { accounts: 3, items: 2, refused: 0 });
    // Room for one: the account comes in, its device does not; both forests say so.
    graph.take(&nodes(4, Some(9)), day(0), None);
    graph.take(&nodes(5, Some(1)), day(0), None);
    graph.take(&nodes(5, Some(1)), day(0), None);
    let refused = graph.census().refused;
    assert_eq!(refused, 3 * graph.forests.len() as u64);
    assert_eq!(graph.ask(&nodes(2, Some(1)), day(0)).size, 2.0);
    assert!(graph.ask(&nodes(5, Some(1)), day(0)).size.is_nan());
    assert!(graph.ask(&nodes(2, Some(8)), day(0)).size.is_nan());
    // What is known still joins.
    graph.take(&nodes(1, Some(1)), day(0), None);
    assert_eq!(graph.ask(&nodes(2, Some(1)), day(0)).size, 3.0);
    assert_eq!(graph.census().refused, refused);
    // Another forest has room again.
    assert_eq!(graph.ask(&nodes(5, Some(1)), day(400)).size, 1.0);
    graph.take(&nodes(5, Some(1)), day(400), None);
    assert_eq!(graph.census(), Census { accounts: 1, items: 1, refused });
    assert_eq!(graph.ask(&nodes(6, Some(1)), day(400)).size, 2.0);
    // Marks are as many as nodes.
    (0..10).for_each(|account| graph.mark_fraud(account, day(400)));
    assert_eq!((graph.marks.len(), graph.census().refused), (6, refused + 4));
}

#[test]
fn links_are_bounded_as_nodes_are() {
    let (accounts, items) = (40, 60);
    let mut graph = Graph::new(100);
    for account in 0..accounts {
        for item in 0..items {
            graph.take(&nodes(account, Some(item)), day(0), None);
        }
    }
    for forest in &graph.forests {
        assert!(forest.nodes() <= 100 && forest.lists.chunks.len() <= 100);
    }
    assert!(0 < graph.census().refused);
    assert_eq!(
        graph.ask(&nodes(0, Some(1)), day(0)).size,
        graph.ask(&nodes(1, Some(0)), day(0)).size
    );
}

#[test]
fn a_walk_is_bounded_and_takes_the_nearest_first() {
    let mut graph = Graph::new(100_000);
    // 30 devices of the account, each with 30 others, who share a device with 10 more each.
    for device in 0..30 {
        graph.take(&nodes(0, Some(device)), day(0), None);
        for other in 1..=30 {
            let account = device * 1_000 + other;
            graph.take(&nodes(account, Some(device)), day(0), None);
            for far in 0..10 {
                graph.take(&nodes(account, Some(100_000 + account)), day(0), None);
                let event = nodes(1_000_000 + account * 10 + far, Some(100_000 + account));
                graph.take(&event, day(0), None);
            }
        }
    }
    graph.mark_fraud(1_000_000 + 29_030 * 10, day(0));
    let reading = graph.ask(&nodes(0, None), day(0));
    assert_eq!((reading.size, reading.fraud, reading.fraud_two_steps), (9_901.0, 1.0, 0.0));
    (0..30).for_each(|device| (1..=30).for_each(|o| graph.mark_fraud(device * 1_000 + o, day(0))));
    let reading = graph.ask(&nodes(0, None), day(0));
    // 500 visits: oneself, 30 devices, 469 of the 900 accounts.
    assert_eq!((reading.fraud, reading.fraud_two_steps), (901.0, 469.0));
}

#[test]
fn paths_are_short_however_a_component_grew() {
    let mut graph = Graph::new(100_000);
    for account in (0..2_000).chain((2_000..4_000).rev()) {
        graph.take(&nodes(account, Some(account)), day(0), None);
        graph.take(&nodes(account, Some(account + 1)), day(0), None);
    }
    let forest = &graph.forests[0];
    let depth = |mut account: u32| {
        let start = account;
        let above = |account: u32| forest.accounts[account as usize].parent;
        let mut steps = 0;
        while above(account) != account {
            account = above(account);
            steps += 1;
        }
        assert_eq!(account, forest.root(start));
        steps
    };
    assert_eq!(forest.accounts.len(), 4_000);
    assert!((0..4_000).map(depth).max() <= Some(12));
    assert_eq!(graph.ask(&nodes(0, None), day(0)).size, 4_000.0);
}

#[test]
fn a_list_gives_back_what_was_pushed() {
    let mut lists = Lists::default();
    let mut held = [List::default(); 3];
    for value in 0..200 {
        for (index, list) in held.iter_mut().enumerate() {
            assert_eq!(lists.iter(list).count(), value as usize);
            lists.push(list, value * 3 + index as u32);
        }
    }
    for (index, list) in held.iter().enumerate() {
        let mut values: Vec<u32> = lists.iter(list).collect();
        assert_eq!(values[0], index as u32);
        values.sort_unstable();
        assert!(values.into_iter().eq((0..200).map(|value| value * 3 + index as u32)));
    }
}
