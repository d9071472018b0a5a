//! The simulated world is one that fraud people would believe, and one that can be checked.
//!
//! Worlds here are small and have far more fraud than life, so that every story happens often
//! enough to be measured. What must hold of any world is asked of several seeds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use datasets::synth::{
    Answer, Ask, Atlas, Check, Emitted, Fact, Kind, Options, Peak, PlainWallet, Settings, Tally,
    Truth, Wallet, World,
};
use engine::engine::{Engine, Outcome};
use engine::policy::{DEFAULT_POLICY, Policy, Wanted};
use engine::shell::wallet::answer_of;
use features::event::Event;
use features::field::{self, EventType};
use features::history::Limits;
use features::ranges::Range;
use models::measure::Ranking;
use models::{CalibrationKind, Learner, Model, TrainConfig, TrainingSet, train};

const SEEDS: [u64; 3] = [1, 2, 3];
const DAY_MS: i64 = 86_400_000;
/// First of September 2026.
const START_MS: i64 = 1_788_220_800_000;

fn options(seed: u64, accounts: u32, days: u32, prevalence_bps: f64) -> Options {
    let mut settings = Settings::default();
    settings.fraud.prevalence_bps = prevalence_bps;
    let peaks = Peak::ALL.to_vec();
    Options { seed, days, accounts, start_ms: START_MS, peaks, settings, atlas: Atlas::built_in() }
}

/// A world with every story from its first day.
fn at_once(mut options: Options) -> World {
    options.settings.fraud.begin_at_once();
    World::new(options).unwrap()
}

/// The same with as much of each story as of any other.
fn evenly(mut options: Options) -> Options {
    for plan in &mut options.settings.fraud.typologies {
        plan.weight = 1.0;
    }
    options
}

/// The house rules without a model, beside or before a wallet.
struct Watch {
    engine: Engine,
    /// Whether the rules decide, or only watch a wallet without a risk engine.
    decides: bool,
    seen: Option<Outcome>,
}

impl Watch {
    fn new(decides: bool) -> Watch {
        let policy = Policy::check(DEFAULT_POLICY, None, Wanted::AllFeatures).unwrap();
        Watch { engine: Engine::new(policy, Limits::default()), decides, seen: None }
    }
}

impl Wallet for Watch {
    fn decide(&mut self, ask: &Ask<'_>) -> Answer {
        let mut event = Event::read(ask.line.as_bytes(), None).unwrap();
        let (outcome, ()) = self.engine.decide(&mut event, || ());
        let answer = if self.decides { answer_of(&outcome) } else { PlainWallet.decide(ask) };
        self.seen = Some(outcome);
        answer
    }

    fn record(&mut self, line: &str) {
        let mut event = Event::read(line.as_bytes(), None).unwrap();
        self.engine.record(&mut event, || ());
    }
}

/// Plays a world to its end against a wallet.
fn play<W: Wallet>(world: &mut World, wallet: &mut W, mut each: impl FnMut(&mut W, Emitted<'_>)) {
    while world.play_step(wallet) {
        for emitted in world.events() {
            each(wallet, emitted);
        }
    }
}

fn typology(emitted: &Emitted<'_>) -> Option<&'static str> {
    emitted.truth.and_then(Truth::typology)
}

#[test]
fn a_month_has_no_fault_and_no_unknown_word_and_every_kind_of_event() {
    let mut world = at_once(options(1, 2_500, 30, 1_500.0));
    let (mut types, mut stories) = (BTreeSet::new(), BTreeSet::new());
    let mut last_ms = START_MS;
    while world.play_hour(2) {
        for emitted in world.events() {
            let read = Event::read(emitted.line.as_bytes(), None);
            let event = read.unwrap_or_else(|faults| panic!("{}\n{faults:?}", emitted.line));
            assert!(event.warnings().is_empty(), "{}\n{:?}", emitted.line, event.warnings());
            assert!(last_ms <= emitted.time_ms, "out of order: {}", emitted.line);
            last_ms = emitted.time_ms;
            if emitted.kind != Kind::Label {
                assert_eq!(event.time(), emitted.time_ms, "{}", emitted.line);
            }
            assert_eq!(event.is_score_requested(), emitted.kind == Kind::Scored);
            types.insert(event.event_type());
            let truth = emitted.truth;
            stories.extend(truth.and_then(Truth::typology));
            stories.extend(truth.and_then(Truth::look_alike));
        }
    }
    let missing: Vec<_> = EventType::ALL.iter().filter(|kind| !types.contains(*kind)).collect();
    assert!(missing.is_empty(), "never happened: {missing:?}");
    let codes = (1..=24).map(|n| format!("T{n:02}")).chain((1..=18).map(|n| format!("L{n:02}")));
    // The New Year is not in September.
    let codes = codes.filter(|code| code != "L13");
    let missing: Vec<String> = codes.filter(|code| !stories.contains(code.as_str())).collect();
    assert!(missing.is_empty(), "never told: {missing:?}");
}

/// What is known of facts before any event is seen holds of every event, unit `share` included.
#[test]
fn no_fact_steps_out_of_what_it_can_be() {
    let mut world = at_once(options(4, 800, 20, 2_000.0));
    let mut watch = Watch::new(true);
    let policy = watch.engine.policy();
    let plan = policy.plan();
    let of_unit_share = |name: &str| {
        policy.features().iter().any(|feature| feature.name == name && feature.unit == "share")
    };
    let shares: Vec<bool> = plan.facts().iter().map(|fact| of_unit_share(&fact.name)).collect();
    let bounded =
        |(range, is_share): (Range, &bool)| if *is_share { range.of_share() } else { range };
    let ranges_of =
        |kind: EventType| plan.ranges(kind).into_iter().zip(&shares).map(bounded).collect();
    let ranges: BTreeMap<EventType, Vec<Range>> =
        EventType::ALL.iter().map(|kind| (*kind, ranges_of(*kind))).collect();
    let mut judged = 0;
    play(&mut world, &mut watch, |watch, emitted| {
        let Some(outcome) = watch.seen.take() else { return };
        let event = Event::read(emitted.line.as_bytes(), None).unwrap();
        judged += 1;
        for (index, (value, range)) in
            outcome.facts.iter().zip(&ranges[&event.event_type()]).enumerate()
        {
            let name = &plan.facts()[index].name;
            assert!(range.has(*value), "{name} is {value}, not in {range:?}: {}", emitted.line);
        }
    });
    assert!(1_000 < judged, "{judged} events were judged");
}

/// One seed is one world, whatever the number of threads.
pub(crate) fn seeded() {
    let hash = |seed: u64, threads: usize| {
        // Several shards, so that threads have something to share.
        let mut world = World::new(options(seed, 45_000, 2, 28.0)).unwrap();
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        while world.play_hour(threads) {
            for emitted in world.events() {
                for byte in emitted.line.bytes() {
                    hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
                }
            }
        }
        hash
    };
    let alone = hash(5, 1);
    assert_eq!(alone, hash(5, 3));
    assert_ne!(alone, hash(6, 1));
}

#[test]
fn hour_by_hour_and_step_by_step_are_the_same_world() {
    let mut by_hour = World::new(options(9, 400, 4, 200.0)).unwrap();
    let mut lines = Vec::new();
    while by_hour.play_hour(2) {
        lines.extend(by_hour.events().map(|emitted| emitted.line.to_owned()));
    }
    let mut by_step = World::new(options(9, 400, 4, 200.0)).unwrap();
    let mut steps = Vec::new();
    play(&mut by_step, &mut PlainWallet, |_, emitted| steps.push(emitted.line.to_owned()));
    assert_eq!(lines, steps);
}

/// What the truth file says cannot be read from events.
pub(crate) fn secret() {
    // What the truth file says has no name among the fields of events, but for the id.
    for name in ["vector", "episode", "actor", "look_alike", "stake_minor"] {
        assert_eq!(field::find(name), None, "{name} can be read by features");
    }
    let mut world = at_once(options(2, 400, 20, 400.0));
    let mut truths = 0;
    while world.play_hour(1) {
        for emitted in world.events() {
            let event: serde_json::Value = serde_json::from_str(emitted.line).unwrap();
            // Fields of labels that analysts may fill; the world leaves them empty.
            assert!(event.get("typology").is_none(), "{}", emitted.line);
            truths += usize::from(emitted.truth.is_some());
        }
    }
    assert!(1_000 < truths, "{truths}");
}

#[test]
fn a_world_looks_as_it_was_asked_to_and_labels_come_when_they_should() {
    for seed in SEEDS {
        // Five months, so that the delays of labels can be seen to their ends.
        let options = options(seed, 3_000, 150, 300.0);
        let (settings, peaks) = (options.settings.clone(), options.peaks.clone());
        let mut world = World::new(options).unwrap();
        let mut tally = Tally::new();
        while world.play_hour(2) {
            for emitted in world.events() {
                let event = Event::read(emitted.line.as_bytes(), None).unwrap();
                tally.add(&event, emitted.truth.map(Fact::from).as_ref());
            }
        }
        let checks = tally.checks(&settings, &peaks);
        let (met, off): (Vec<&Check>, Vec<&Check>) = checks.iter().partition(|check| check.is_met);
        let delays = met.iter().filter(|check| check.group == "labels").count();
        assert!(6 <= delays, "seed {seed}: {delays} figures of label delays");
        // Bounds of three standard errors, and some ninety of them.
        assert!(78 <= met.len() && off.len() <= 3, "seed {seed}: {} met, off: {off:#?}", met.len());
    }
}

#[test]
fn two_stories_emerge_after_the_third_month_and_the_rate_of_fraud_drifts() {
    let mut variances = Vec::new();
    for seed in SEEDS {
        let mut world = World::new(evenly(options(seed, 1_500, 126, 1_000.0))).unwrap();
        let mut first_day: BTreeMap<&'static str, i64> = BTreeMap::new();
        let mut weeks = vec![(0_u64, 0_u64); 18];
        while world.play_hour(2) {
            for emitted in world.events().filter(|emitted| emitted.kind == Kind::Scored) {
                let day = (emitted.time_ms - START_MS) / DAY_MS;
                let week = &mut weeks[(day / 7) as usize];
                week.1 += 1;
                if let Some(code) = typology(&emitted) {
                    week.0 += 1;
                    first_day.entry(code).or_insert(day);
                }
            }
        }
        let late: Vec<_> = first_day.iter().filter(|(_, day)| 90 <= **day).collect();
        assert!(2 <= late.len(), "seed {seed}: {first_day:?}");
        let logs: Vec<f64> =
            weeks.iter().map(|(fraud, all)| (*fraud as f64 / *all as f64).ln()).collect();
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        let variance =
            logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / (logs.len() - 1) as f64;
        println!("seed {seed}: weekly sigma {:.3}", variance.sqrt());
        variances.push(variance);
    }
    // Neighbouring weeks are alike, so four months of one world tell little; three together tell.
    let sigma = (variances.iter().sum::<f64>() / variances.len() as f64).sqrt();
    assert!(0.15 <= sigma, "weekly sigma {sigma:.3}");
}

/// A scored event as the engine saw it and as it was.
struct Row {
    facts: Vec<f64>,
    time_ms: i64,
    typology: Option<&'static str>,
    episode: u64,
    is_look_alike: bool,
}

/// A world against a wallet without a risk engine, through the eyes of the house policy.
struct Seen {
    seed: u64,
    names: Vec<String>,
    rows: Vec<Row>,
}

impl Seen {
    fn new(seed: u64) -> Seen {
        let mut world = at_once(options(seed, 1_500, SEEN_DAYS, 600.0));
        let mut watch = Watch::new(false);
        let policy = watch.engine.policy();
        let names: Vec<String> = policy.features().iter().map(|f| f.name.clone()).collect();
        let mut rows = Vec::new();
        play(&mut world, &mut watch, |watch, emitted| {
            let Some(outcome) = watch.seen.take() else { return };
            let plan = outcome.policy.plan();
            let value = |name: &String| plan.find(name).map_or(f64::NAN, |at| outcome.facts[at]);
            rows.push(Row {
                facts: names.iter().map(value).collect(),
                time_ms: emitted.time_ms,
                typology: typology(&emitted),
                episode: emitted.truth.map_or(0, Truth::episode),
                is_look_alike: emitted.truth.is_some_and(|truth| truth.look_alike().is_some()),
            });
        });
        Seen { seed, names, rows }
    }
}

const SEEN_DAYS: u32 = 40;

/// The same worlds for every test that looks at facts.
static SEEN: LazyLock<[Seen; 3]> = LazyLock::new(|| SEEDS.map(Seen::new));

/// Unknown stands below every value.
fn order(fact: f64) -> f64 {
    if fact.is_nan() { f64::NEG_INFINITY } else { fact }
}

#[test]
fn no_single_feature_separates_fraud_from_honest_customers() {
    for Seen { seed, names, rows } in &*SEEN {
        let labels: Vec<u8> = rows.iter().map(|row| u8::from(row.typology.is_some())).collect();
        for (column, name) in names.iter().enumerate() {
            let values: Vec<f64> = rows.iter().map(|row| order(row.facts[column])).collect();
            let area = Ranking::new(&values, &labels).auc_roc();
            // Whichever way the fact points.
            let area = area.max(1.0 - area);
            assert!(area <= 0.93, "seed {seed}: {name} alone has AUC {area:.3}");
        }
    }
}

#[test]
fn in_every_feature_one_episode_in_seven_looks_like_an_honest_pattern() {
    for Seen { seed, names, rows } in &*SEEN {
        let mut episodes: BTreeMap<u64, Vec<&Row>> = BTreeMap::new();
        for row in rows.iter().filter(|row| row.typology.is_some()) {
            episodes.entry(row.episode).or_default().push(row);
        }
        for (column, name) in names.iter().enumerate() {
            let sorted = |rows: &mut dyn Iterator<Item = &Row>| {
                let mut values: Vec<f64> = rows.map(|row| order(row.facts[column])).collect();
                values.sort_by(f64::total_cmp);
                values
            };
            // Inside: where nine in ten of the look-alikes are.
            let honest = sorted(&mut rows.iter().filter(|row| row.is_look_alike));
            let (low, high) = (honest[honest.len() / 20], honest[honest.len() * 19 / 20]);
            let is_inside = |rows: &&Vec<&Row>| {
                let values = sorted(&mut rows.iter().copied());
                (low..=high).contains(&values[values.len() / 2])
            };
            let inside = episodes.values().filter(is_inside).count();
            let share = inside as f64 / episodes.len() as f64;
            assert!(0.15 <= share, "seed {seed}: {name}: {share:.3} of the episodes");
        }
    }
}

/// Facts that tell of cards, and facts that tell of devices; a count of cards on a device is both.
fn is_of_card(name: &str) -> bool {
    ["card_", "bin_", "link", "issuer_", "cards", "cvv"].iter().any(|part| name.contains(part))
}

fn is_of_device(name: &str) -> bool {
    ["device", "app_", "bio_"].iter().any(|part| name.contains(part))
}

/// Share of each story's events, on the later days, that a model finds at two false alarms in
/// a thousand, trained without some facts.
fn found(seen: &Seen, is_left_out: fn(&str) -> bool) -> BTreeMap<&'static str, (f64, f64)> {
    let kept = (0..seen.names.len()).filter(|column| !is_left_out(&seen.names[*column]));
    let kept: Vec<usize> = kept.collect();
    let split_ms = START_MS + i64::from(SEEN_DAYS) * DAY_MS / 2;
    let (early, late): (Vec<&Row>, Vec<&Row>) =
        seen.rows.iter().partition(|row| row.time_ms < split_ms);
    let flat = |rows: &[&Row]| -> Vec<f64> {
        rows.iter().flat_map(|row| kept.iter().map(|column| row.facts[*column])).collect()
    };
    let label = |row: &&Row| u8::from(row.typology.is_some());
    let names: Vec<String> = kept.iter().map(|column| seen.names[*column].clone()).collect();
    let set = TrainingSet {
        names: names.clone(),
        rows: flat(&early),
        labels: early.iter().map(label).collect(),
        weights: None,
        times: early.iter().map(|row| row.time_ms).collect(),
    };
    let config = TrainConfig {
        name: "ablation".to_owned(),
        learner: Learner::boosted(),
        calibration: CalibrationKind::None,
        hold_out_share: 0.0,
        kept_negatives: 1.0,
        delay_ms: 0,
        seed: 1,
        note: String::new(),
    };
    let facts: Vec<&str> = names.iter().map(String::as_str).collect();
    let model = Model::check(train(&set, &config).unwrap(), &facts).unwrap();
    let rows = flat(&late);
    let scores: Vec<f64> = rows.chunks(kept.len()).map(|row| model.margin(row)).collect();
    let labels: Vec<u8> = late.iter().map(label).collect();
    let threshold = Ranking::new(&scores, &labels).threshold_at_fpr(0.002);
    let mut stories: BTreeMap<&'static str, (f64, f64)> = BTreeMap::new();
    for (row, score) in late.iter().zip(&scores) {
        if let Some(code) = row.typology {
            let story = stories.entry(code).or_default();
            story.0 += f64::from(u8::from(threshold <= *score));
            story.1 += 1.0;
        }
    }
    stories
}

#[test]
fn card_facts_carry_card_stories_and_device_facts_carry_device_stories() {
    let recall = |is_left_out: fn(&str) -> bool| {
        let mut stories: BTreeMap<&'static str, (f64, f64)> = BTreeMap::new();
        for seen in &*SEEN {
            for (code, (hits, all)) in found(seen, is_left_out) {
                let story = stories.entry(code).or_default();
                (story.0, story.1) = (story.0 + hits, story.1 + all);
            }
        }
        stories
    };
    let (whole, no_card, no_device) = (recall(|_| false), recall(is_of_card), recall(is_of_device));
    let share = |stories: &BTreeMap<&str, (f64, f64)>, codes: &dyn Fn(&str) -> bool| {
        let chosen = stories.iter().filter(|(code, _)| codes(code)).map(|(_, story)| story);
        let (hits, all) = chosen.fold((0.0, 0.0), |sum, (hits, all)| (sum.0 + hits, sum.1 + all));
        hits / all
    };
    for (code, (hits, all)) in &whole {
        println!(
            "{code} {all:>6} events, found {:.3}, without cards {:.3}, without devices {:.3}",
            hits / all,
            no_card[code].0 / all,
            no_device[code].0 / all
        );
    }
    // Testing, enumeration and online shopping live by stolen cards too, so they are not compared.
    for (name, without, codes, kin) in [
        ("cards", &no_card, &["T03", "T09"][..], &["T01", "T02", "T04"][..]),
        ("devices", &no_device, &["T05", "T13", "T14"][..], &[][..]),
    ] {
        let own = |code: &str| codes.contains(&code);
        let others = |code: &str| !codes.contains(&code) && !kin.contains(&code);
        let lost_own = share(&whole, &own) - share(without, &own);
        let lost_others = share(&whole, &others) - share(without, &others);
        println!("without {name}: {lost_own:.3} of theirs lost, {lost_others:.3} of the others'");
        assert!(lost_others < lost_own, "without {name}: {lost_own:.3}, others {lost_others:.3}");
    }
}

#[test]
fn the_house_rules_catch_some_of_every_story_and_all_of_none() {
    // Attempts and those that were not simply approved, over all seeds.
    let mut stories: BTreeMap<&'static str, (u64, u64)> = BTreeMap::new();
    // Some stories are told fifty times in three worlds, which may be caught all by luck.
    for seed in 1..=6 {
        let mut world = at_once(evenly(options(seed, 800, 45, 800.0)));
        let mut watch = Watch::new(true);
        play(&mut world, &mut watch, |watch, emitted| {
            let Some(outcome) = watch.seen.take() else { return };
            let Some(code) = typology(&emitted) else { return };
            let story = stories.entry(code).or_default();
            story.0 += 1;
            story.1 += u64::from(answer_of(&outcome) != Answer::Approve);
        });
    }
    let recall = |(all, touched): &(u64, u64)| *touched as f64 / *all as f64;
    let table: Vec<String> = stories
        .iter()
        .map(|(code, story)| format!("{code} {:>6} attempts, recall {:.3}", story.0, recall(story)))
        .collect();
    println!("{}", table.join("\n"));
    assert_eq!(stories.len(), 24, "{table:#?}");
    let extreme: Vec<_> = stories
        .iter()
        .filter(|(_, story)| story.1 == 0 || story.1 == story.0)
        .map(|(code, _)| code)
        .collect();
    assert!(extreme.is_empty(), "too easy or out of reach: {extreme:?}\n{table:#?}");
}

/// Value at stake in fraud and value stopped, by week since the rules began to decide.
fn weeks_of_enforcement(seed: u64) -> [(i64, i64); 10] {
    // The rules look on for six weeks, so that windows fill and labels arrive, and then decide.
    const LIVE_MS: i64 = START_MS + 42 * DAY_MS;
    let mut world = at_once(options(seed, 8_000, 112, 300.0));
    let policy = Policy::check(DEFAULT_POLICY, None, Wanted::Judging).unwrap();
    let engine = Engine::new(policy, Limits::default());
    let mut watch = Watch { engine, decides: false, seen: None };
    let mut weeks = [(0, 0); 10];
    play(&mut world, &mut watch, |watch, emitted| {
        watch.decides = LIVE_MS <= emitted.time_ms;
        watch.seen = None;
        let Some(truth) = emitted.truth.filter(|truth| truth.typology().is_some()) else {
            return;
        };
        let week = (emitted.time_ms - LIVE_MS).div_euclid(7 * DAY_MS);
        if let Some(week) = usize::try_from(week).ok().and_then(|week| weeks.get_mut(week)) {
            week.0 += truth.stake_fen();
            week.1 += if truth.is_stopped() { truth.stake_fen() } else { 0 };
        }
    });
    weeks
}

#[test]
fn a_frozen_rule_set_loses_a_quarter_of_its_value_recall_within_eight_weeks() {
    let worlds: Vec<_> = std::thread::scope(|scope| {
        let plays = SEEDS.map(|seed| scope.spawn(move || weeks_of_enforcement(seed)));
        plays.into_iter().map(|play| play.join().unwrap()).collect()
    });
    let recall = |weeks: &[(i64, i64)]| {
        let add = |sum: (i64, i64), week: &(i64, i64)| (sum.0 + week.0, sum.1 + week.1);
        let (stake, stopped) = weeks.iter().fold((0, 0), add);
        stopped as f64 / stake as f64
    };
    let (mut first, mut last) = (Vec::new(), Vec::new());
    for (seed, weeks) in SEEDS.into_iter().zip(worlds) {
        let (before, after) = (recall(&weeks[..2]), recall(&weeks[8..]));
        let course = weeks.map(|week| format!("{:.2}", recall(&[week]))).join(" ");
        println!("seed {seed}: value recall {before:.3}, eight weeks later {after:.3}: {course}");
        assert!(after < before, "seed {seed}: {before:.3}, then {after:.3}: {course}");
        first.extend_from_slice(&weeks[..2]);
        last.extend_from_slice(&weeks[8..]);
    }
    // A fortnight of one world hangs on a few large stakes; three together tell.
    let (before, after) = (recall(&first), recall(&last));
    println!("together: {before:.3}, then {after:.3}");
    assert!(after <= 0.75 * before, "together: {before:.3}, then {after:.3}");
}
