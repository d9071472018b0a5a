//! `gyr backtest --compare`: what the policy saves against simpler ways of deciding.
//!
//! A rival must meet the crooks that it makes: whoever is let through comes back, whoever is stopped
//! tries something else. So each way of deciding plays its own copy of the same simulated world,
//! from the same seed, and what it costs there is added up by `backtest::Bill`: money taken,
//! disputes, customers refused, customers asked, fees. Nothing is expected; losses and the ends of
//! challenges are what happened.
//!
//! All ways run the whole policy for the sake of its facts and differ in what becomes of its answer.
//! What the limits of law, card schemes and policy stop is stopped in every way, and is nobody's
//! insult: an insult is a genuine customer turned away because somebody thought him a thief.
//! The threshold is chosen with hindsight: the one that would have cost least in the worlds in which
//! everything is approved, all together. The first days fill windows and let
//! labels come in; they are played and not counted.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use clap::Args;
use datasets::synth::{Answer, Ask, Emitted, Kind, Settings, Wallet, World};
use features::event::Event;
use features::field::ids;
use features::history::Limits;
use indicatif::ProgressBar;

use super::super::common::{self, Failure, ModelChoice, Output, count, percent};
use super::super::days::{DAY_MS, Day};
use super::Identity;
use crate::backtest::{Actor, Asked, Bill, Ending, share};
use crate::changes;
use crate::decision::{Decision, Factor, ReasonLine, Source as ReasonSource};
use crate::economics::Stake;
use crate::engine::{Engine, Outcome};
use crate::policy::{Policy, Wanted};
use crate::reason::codes;
use crate::shell::wallet::answer_of;

mod page;

/// Thresholds stand an eighth of a doubling of the odds apart.
const BINS_PER_DOUBLING: f64 = 8.0;

/// The simulated world of a comparison.
#[derive(Clone, Debug, Args)]
pub(super) struct WorldArguments {
    /// Compare the policy with simpler ways of deciding, each in its own copy of a simulated world.
    #[arg(long, conflicts_with_all = ["data", "truth", "from", "against", "decisions"])]
    pub(super) compare: bool,
    /// The first seed of the simulated worlds.
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with = "data")]
    seed: u64,
    /// How many worlds, with one seed after the other.
    #[arg(long, value_name = "N", default_value = "3", conflicts_with = "data")]
    worlds: NonZeroUsize,
    /// How many days each world goes on.
    #[arg(long, value_name = "N", default_value_t = 60, conflicts_with = "data")]
    days: u32,
    /// How many of them are played before counting begins.
    #[arg(long, value_name = "N", default_value_t = 20, conflicts_with = "data")]
    warm_up: u32,
    /// How many accounts at a time.
    #[arg(long, value_name = "N", default_value_t = 4_000, conflicts_with = "data")]
    accounts: u32,
    /// The first day.
    #[arg(long, value_name = "DAY", default_value = "2026-09-01", conflicts_with = "data")]
    start: Day,
}

/// A way of deciding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// The policy with its model.
    Policy,
    /// Its rules without a model.
    Rules,
    /// The model alone: decline from a threshold on.
    Threshold,
    /// Whatever the policy challenges is asked for a code by text message.
    SmsInstead,
    /// Everything is asked for a code by text message.
    SmsForEveryone,
    /// Everything is approved.
    ApproveAll,
}

impl Way {
    const ALL: [Way; 6] = [
        Way::Policy,
        Way::Rules,
        Way::Threshold,
        Way::SmsInstead,
        Way::SmsForEveryone,
        Way::ApproveAll,
    ];

    fn name(self) -> &'static str {
        match self {
            Way::Policy => "this policy",
            Way::Rules => "its rules alone",
            Way::Threshold => "one threshold",
            Way::SmsInstead => "SMS instead",
            Way::SmsForEveryone => "SMS for everyone",
            Way::ApproveAll => "approve all",
        }
    }

    fn meaning(self) -> &'static str {
        match self {
            Way::Policy => "rules, model, costs and the factor that fits",
            Way::Rules => "the same without the model",
            Way::Threshold => {
                "the model alone: refused from one probability on, chosen in hindsight"
            }
            Way::SmsInstead => "as this policy, but every challenge is a code by text message",
            Way::SmsForEveryone => "every scored event is asked for a code by text message",
            Way::ApproveAll => "nobody is stopped but by a limit",
        }
    }
}

/// What an event takes if it goes through, and what it took; nothing for a genuine one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Fraud {
    stake_usd: f64,
    taken_usd: f64,
}

/// What a way did with the events of some kind.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Counts {
    events: u64,
    challenged: u64,
    declined: u64,
    /// Refused, or asked and not passed.
    turned_away: u64,
    /// Turned away by opinion, not by a limit.
    insulted: u64,
    usd: f64,
    challenged_usd: f64,
    declined_usd: f64,
    /// What frauds would have taken and took.
    stake_usd: f64,
    taken_usd: f64,
}

impl Counts {
    fn add(&mut self, decided: &Decided, is_through: bool, fraud: Fraud) {
        let Decided { decision, usd, is_bound, .. } = *decided;
        self.events += 1;
        self.usd += usd;
        self.insulted += u64::from(!is_through && !is_bound);
        self.stake_usd += fraud.stake_usd;
        self.taken_usd += fraud.taken_usd;
        self.turned_away += u64::from(!is_through);
        match decision {
            Decision::Approve => {}
            Decision::Challenge => {
                self.challenged += 1;
                self.challenged_usd += usd;
            }
            Decision::Decline => {
                self.declined += 1;
                self.declined_usd += usd;
            }
        }
    }

    fn merge(&mut self, other: &Counts) {
        self.events += other.events;
        self.challenged += other.challenged;
        self.declined += other.declined;
        self.turned_away += other.turned_away;
        self.insulted += other.insulted;
        self.usd += other.usd;
        self.challenged_usd += other.challenged_usd;
        self.declined_usd += other.declined_usd;
        self.stake_usd += other.stake_usd;
        self.taken_usd += other.taken_usd;
    }

    /// Share of what frauds would have taken that they did not.
    fn kept(&self) -> Option<f64> {
        (0.0 < self.stake_usd).then(|| 1.0 - self.taken_usd / self.stake_usd)
    }

    fn insult_rate(&self) -> Option<f64> {
        share(self.insulted, self.events)
    }
}

/// What a way did in its world.
#[derive(Clone, Debug, Default, PartialEq)]
struct Course {
    bill: Bill,
    genuine: Counts,
    fraud: Counts,
    /// Genuine events that were not simply approved, by the reason that led, with what they cost.
    reasons: BTreeMap<&'static str, (Counts, f64)>,
    /// By story: fraud, or honest and like it.
    stories: BTreeMap<&'static str, Counts>,
    /// For choosing a threshold.
    bins: Bins,
    /// The threshold, of the way that has one.
    threshold: Option<f64>,
}

impl Course {
    fn merge(&mut self, other: &Course) {
        self.bill += other.bill;
        self.genuine.merge(&other.genuine);
        self.fraud.merge(&other.fraud);
        for (reason, (counts, usd)) in &other.reasons {
            let sum = self.reasons.entry(reason).or_default();
            sum.0.merge(counts);
            sum.1 += usd;
        }
        for (story, counts) in &other.stories {
            self.stories.entry(story).or_default().merge(counts);
        }
    }

    fn events(&self) -> u64 {
        self.genuine.events + self.fraud.events
    }

    /// Dollars for a thousand events.
    fn per_thousand(&self, usd: f64) -> f64 {
        usd * 1_000.0 / self.events().max(1) as f64
    }

    fn cost(&self) -> f64 {
        self.per_thousand(self.bill.total_usd())
    }
}

/// What approving and refusing would cost, by bin of probability.
type Bins = BTreeMap<i32, (f64, f64)>;

fn add_bins(sum: &mut Bins, bins: &Bins) {
    for (bin, (approve, refuse)) in bins {
        let sum = sum.entry(*bin).or_default();
        sum.0 += approve;
        sum.1 += refuse;
    }
}

/// The lower end of the bin from which on refusing would have cost least.
fn best_threshold(bins: &Bins) -> f64 {
    let whole: f64 = bins.values().map(|(approve, _)| approve).sum();
    let (mut cost, mut best) = (whole, (whole, f64::INFINITY));
    for (bin, (approve, refuse)) in bins.iter().rev() {
        cost += refuse - approve;
        if cost < best.0 {
            best = (cost, f64::from(*bin));
        }
    }
    let odds = (best.1 / BINS_PER_DOUBLING).exp2();
    if odds.is_finite() { odds / (1.0 + odds) } else { 1.0 }
}

fn bin_of(probability: f64) -> i32 {
    let odds = probability / (1.0 - probability);
    // A cast saturates.
    (odds.log2() * BINS_PER_DOUBLING).floor().clamp(-1e6, 1e6) as i32
}

/// Everything that the page, the table and the JSON show.
struct Findings {
    policy: Identity,
    worlds: WorldArguments,
    /// By way, all worlds together.
    total: Vec<(Way, Course)>,
    /// Dollars for a thousand events by way, world by world.
    by_world: Vec<(u64, Vec<f64>)>,
}

/// Plays the ways against each other and writes what came of it.
pub(super) fn run(arguments: &super::Arguments) -> Result<(), Failure> {
    let worlds = &arguments.world;
    if worlds.days <= worlds.warm_up {
        let text =
            format!("--warm-up {}: wanted fewer than --days {}", worlds.warm_up, worlds.days);
        return Err(Failure::Usage(text));
    }
    let load = |model: Option<&ModelChoice>| {
        common::load_policy(arguments.policy.as_deref(), model, Wanted::Judging)
    };
    let policy = Identity::of(&load(arguments.model.as_ref())?);
    let mut output = Output::create(Some(&arguments.out))?;
    let numbers = arguments.json.as_deref().map(|path| Output::create(Some(path))).transpose()?;
    let seeds: Vec<u64> = (worlds.seed..).take(worlds.worlds.get()).collect();
    // What has been played first gives the threshold; a stage of its own lets both cores work.
    let first = Way::ALL.into_iter().filter(|way| *way != Way::Threshold);
    let first: Vec<Game> = games(&seeds, first, None);
    let bar = common::progress_days(worlds.days * (seeds.len() * Way::ALL.len()) as u32);
    let mut courses = play_all(worlds, &first, &load, arguments.model.as_ref(), &bar)?;
    let free = courses.iter().filter(|((way, _), _)| *way == Way::ApproveAll);
    let mut bins = BTreeMap::new();
    free.for_each(|(_, course)| add_bins(&mut bins, &course.bins));
    let threshold = best_threshold(&bins);
    let second: Vec<Game> = games(&seeds, [Way::Threshold], Some(threshold));
    let late = play_all(worlds, &second, &load, arguments.model.as_ref(), &bar)?;
    courses.extend(late);
    bar.finish_and_clear();
    let findings = findings(policy, worlds, &seeds, &courses);
    output.put(page::page(&findings).as_bytes())?;
    output.finish()?;
    if let Some(mut numbers) = numbers {
        numbers.line(&format!("{:#}", page::document(&findings)))?;
        numbers.finish()?;
    }
    common::print(&table(&findings))
}

/// One way in one world.
struct Game {
    way: Way,
    seed: u64,
    threshold: Option<f64>,
}

fn games(seeds: &[u64], ways: impl IntoIterator<Item = Way>, threshold: Option<f64>) -> Vec<Game> {
    let game = |way, seed: &u64| Game { way, seed: *seed, threshold };
    let pairs = ways.into_iter().flat_map(|way| seeds.iter().map(move |seed| (way, seed)));
    pairs.map(|(way, seed)| game(way, seed)).collect()
}

type Courses = BTreeMap<(Way, u64), Course>;

/// Plays all games, on as many threads as there are cores.
fn play_all(
    worlds: &WorldArguments,
    games: &[Game],
    load: &(impl Fn(Option<&ModelChoice>) -> Result<Policy, Failure> + Sync),
    model: Option<&ModelChoice>,
    bar: &ProgressBar,
) -> Result<Courses, Failure> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Result<Courses, Failure>> = Mutex::new(Ok(Courses::new()));
    let work = || {
        while let Some(game) = games.get(next.fetch_add(1, Ordering::Relaxed)) {
            let model = if game.way == Way::Rules { Some(&ModelChoice::None) } else { model };
            let played = load(model).and_then(|policy| play(worlds, game, policy, bar));
            let mut done = done.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            match (&mut *done, played) {
                (Ok(courses), Ok(course)) => {
                    courses.insert((game.way, game.seed), course);
                }
                (Ok(_), Err(failure)) => *done = Err(failure),
                (Err(_), _) => return,
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Plays one world against one way.
fn play(
    worlds: &WorldArguments,
    game: &Game,
    policy: Policy,
    bar: &ProgressBar,
) -> Result<Course, Failure> {
    let WorldArguments { days, accounts, start, .. } = *worlds;
    let settings = Settings::default();
    let mut world = common::eventful_world(game.seed, days, accounts, start, settings)?;
    let engine = Engine::new(policy, Limits::default());
    let mut player = Player {
        way: game.way,
        threshold: game.threshold,
        from_ms: world.start_ms() + i64::from(worlds.warm_up) * DAY_MS,
        policy: engine.policy(),
        engine,
        asked: None,
        open: HashMap::new(),
        course: Course { threshold: game.threshold, ..Course::default() },
    };
    let mut day = 0;
    while step(&mut world, &mut player) {
        let now = (world.now_ms() - world.start_ms()) / DAY_MS;
        bar.inc((now - day).max(0) as u64);
        day = now;
    }
    let open = std::mem::take(&mut player.open);
    // In the order of their ids: sums of floats depend on it.
    let open: BTreeMap<String, Open> = open.into_iter().collect();
    open.into_values().for_each(|open| player.close(open));
    Ok(player.course)
}

fn step(world: &mut World, player: &mut Player) -> bool {
    let goes_on = world.play_step(player);
    for emitted in world.events() {
        if emitted.kind == Kind::Scored {
            player.hear(&emitted);
        }
    }
    goes_on
}

/// A wallet that decides in one way and keeps the bill.
struct Player {
    way: Way,
    threshold: Option<f64>,
    /// Counted from here on.
    from_ms: i64,
    policy: std::sync::Arc<Policy>,
    engine: Engine,
    /// The event that was decided last.
    asked: Option<Decided>,
    /// Challenges whose end is not known, by event.
    open: HashMap<String, Open>,
    course: Course,
}

/// A decided event.
struct Decided {
    id: String,
    decision: Decision,
    is_all: bool,
    offered: usize,
    probability: Option<f64>,
    /// The reason that led.
    reason: &'static str,
    /// Whether a limit decided.
    is_bound: bool,
    stake: Stake,
    usd: f64,
}

/// A challenge that is not over.
struct Open {
    decided: Decided,
    /// `None` for a genuine event.
    fraud: Option<Fraud>,
    story: Option<&'static str>,
    asked: Asked,
    passed: usize,
}

impl Wallet for Player {
    fn decide(&mut self, ask: &Ask<'_>) -> Answer {
        let mut event = read(ask.line);
        let id = event.text(ids::EVENT_ID).unwrap_or_default().to_owned();
        let usd = event.bits(ids::USD_MINOR).map_or(0.0, |bits| bits as i64 as f64 / 100.0);
        let is_own = matches!(self.way, Way::Policy | Way::Rules);
        let outcome = if is_own {
            changes::decide(&self.engine, &mut event)
        } else {
            self.engine.decide(&mut event, || ()).0
        };
        let answer = self.answer(&outcome);
        let (decision, is_all, offered) = match &answer {
            Answer::Approve => (Decision::Approve, false, 0),
            Answer::Challenge { factors, is_all } => (Decision::Challenge, *is_all, factors.len()),
            Answer::Hold | Answer::Decline => (Decision::Decline, false, 0),
        };
        let is_bound = is_bound(&outcome);
        let Outcome { judgement, .. } = outcome;
        let (probability, stake) = (judgement.probability, judgement.verdict.stake);
        let reason = judgement.verdict.reasons.first().map_or("", |line| line.code.code());
        self.asked = Some(Decided {
            id,
            decision,
            is_all,
            offered,
            probability,
            reason,
            is_bound,
            stake,
            usd,
        });
        answer
    }

    fn record(&mut self, line: &str) {
        let mut event = read(line);
        let of = event.text(ids::REF_ID).map(str::to_owned);
        let result = event.text(ids::RESULT).map(str::to_owned);
        let factor = event.text(ids::FACTOR).and_then(Factor::parse);
        self.engine.record(&mut event, || ());
        let (Some(of), Some(result), Some(factor)) = (of, result, factor) else { return };
        let Some(open) = self.open.get_mut(&of) else { return };
        let economics = self.policy.economics();
        let price = economics.factor(factor);
        open.asked.fees_usd += price.fee_usd;
        open.asked.seconds += price.seconds;
        if matches!(result.as_str(), "passed" | "issuer_frictionless") {
            open.passed += 1;
            open.asked.shifted =
                open.asked.shifted.max(economics.shifted_by(factor, &open.decided.stake));
        }
    }
}

impl Player {
    fn answer(&self, outcome: &Outcome) -> Answer {
        if is_bound(outcome) {
            return answer_of(outcome);
        }
        let sms = || Answer::Challenge { factors: vec![Factor::SmsOtp.name()], is_all: false };
        match self.way {
            Way::Policy | Way::Rules => answer_of(outcome),
            Way::Threshold => match (outcome.judgement.probability, self.threshold) {
                (Some(probability), Some(threshold)) if threshold <= probability => Answer::Decline,
                _ => Answer::Approve,
            },
            Way::SmsInstead => match answer_of(outcome) {
                Answer::Challenge { .. } => sms(),
                other => other,
            },
            Way::SmsForEveryone => sms(),
            Way::ApproveAll => Answer::Approve,
        }
    }

    /// Hears the truth of the event that was decided last.
    fn hear(&mut self, emitted: &Emitted<'_>) {
        let Some(decided) = self.asked.take() else { return };
        if emitted.time_ms < self.from_ms {
            return;
        }
        let truth = emitted.truth;
        let story = truth.and_then(|truth| truth.typology().or(truth.look_alike()));
        let economics = self.policy.economics();
        let usd_of = |fen: i64| economics.usd_of_base(fen as f64);
        let fraud = truth.filter(|truth| truth.typology().is_some()).map(|truth| Fraud {
            stake_usd: usd_of(truth.stake_fen()),
            taken_usd: usd_of(truth.loss_fen()),
        });
        let actor = actor_of(fraud);
        if self.way == Way::ApproveAll
            && let Some(probability) = decided.probability
        {
            let cost = |ending| Bill::of(economics, &decided.stake, actor, ending).total_usd();
            let refused = match actor {
                Actor::Genuine => cost(Ending::Refused),
                Actor::Fraud { .. } => 0.0,
            };
            let bin = self.course.bins.entry(bin_of(probability)).or_default();
            bin.0 += cost(Ending::Approved);
            bin.1 += refused;
        }
        let open = Open { decided, fraud, story, asked: Asked::default(), passed: 0 };
        if open.decided.decision == Decision::Challenge {
            self.open.insert(open.decided.id.clone(), open);
        } else {
            self.close(open);
        }
    }

    /// Counts an event whose end is known.
    fn close(&mut self, open: Open) {
        let Open { decided, fraud, story, mut asked, passed } = open;
        asked.is_passed = if decided.is_all { decided.offered <= passed } else { 0 < passed };
        let ending = match decided.decision {
            Decision::Approve => Ending::Approved,
            Decision::Challenge => Ending::Asked(asked),
            Decision::Decline => Ending::Refused,
        };
        let is_through = match ending {
            Ending::Approved => true,
            Ending::Refused => false,
            Ending::Asked(asked) => asked.is_passed,
        };
        let economics = self.policy.economics();
        let bill = Bill::of(economics, &decided.stake, actor_of(fraud), ending);
        self.course.bill += bill;
        if fraud.is_none() && decided.decision != Decision::Approve {
            let sum = self.course.reasons.entry(decided.reason).or_default();
            sum.0.add(&decided, is_through, Fraud::default());
            sum.1 += bill.total_usd();
        }
        let counts = match fraud {
            None => &mut self.course.genuine,
            Some(_) => &mut self.course.fraud,
        };
        let fraud = fraud.unwrap_or_default();
        counts.add(&decided, is_through, fraud);
        if let Some(story) = story {
            let counts = self.course.stories.entry(story).or_default();
            counts.add(&decided, is_through, fraud);
        }
    }
}

/// Whether the limits of law, schemes and policy decided: they bind every way of deciding. Where the
/// proof that is demanded cannot be had, who demands it decided.
fn is_bound(outcome: &Outcome) -> bool {
    let verdict = &outcome.judgement.verdict;
    let is_demand = |line: &&ReasonLine| line.code != codes::POL_NO_ELIGIBLE_FACTOR;
    let is_limit = |line: &ReasonLine| line.source == ReasonSource::Policy;
    let leading = verdict.reasons.iter().find(is_demand);
    verdict.decision != Decision::Approve && leading.is_some_and(is_limit)
}

fn actor_of(fraud: Option<Fraud>) -> Actor {
    match fraud {
        Some(fraud) => Actor::Fraud { took_usd: fraud.taken_usd },
        None => Actor::Genuine,
    }
}

fn read(line: &str) -> Event {
    Event::read(line.as_bytes(), None)
        .unwrap_or_else(|faults| panic!("the world made a faulty event: {faults:?}: {line}"))
}

fn findings(
    policy: Identity,
    worlds: &WorldArguments,
    seeds: &[u64],
    courses: &Courses,
) -> Findings {
    let sum = |way: Way| {
        let mut total = Course::default();
        for course in seeds.iter().filter_map(|seed| courses.get(&(way, *seed))) {
            total.merge(course);
            total.threshold = course.threshold;
        }
        (way, total)
    };
    let cost = |way: Way, seed: u64| courses.get(&(way, seed)).map_or(f64::NAN, Course::cost);
    let of_world = |seed: &u64| (*seed, Way::ALL.map(|way| cost(way, *seed)).to_vec());
    Findings {
        policy,
        worlds: worlds.clone(),
        total: Way::ALL.map(sum).to_vec(),
        by_world: seeds.iter().map(of_world).collect(),
    }
}

impl Findings {
    fn of(&self, way: Way) -> Option<&Course> {
        self.total.iter().find(|(other, _)| *other == way).map(|(_, course)| course)
    }

    /// How much cheaper the policy is than the cheapest of the others, as a share of that.
    fn lead(&self) -> Option<(Way, f64)> {
        let own = self.of(Way::Policy)?.cost();
        let others = self.total.iter().filter(|(way, _)| *way != Way::Policy);
        let (way, course) = others.min_by(|a, b| a.1.cost().total_cmp(&b.1.cost()))?;
        (0.0 < course.cost()).then(|| (*way, 1.0 - own / course.cost()))
    }

    /// Why the policy stopped genuine customers, the dearest reason first.
    fn reasons(&self) -> Vec<(&'static str, Counts, f64)> {
        let reasons = self.of(Way::Policy).into_iter().flat_map(|course| &course.reasons);
        let mut sorted: Vec<_> =
            reasons.map(|(code, (counts, usd))| (*code, *counts, *usd)).collect();
        sorted.sort_by(|a, b| b.2.total_cmp(&a.2));
        sorted
    }

    /// Honest patterns that look like fraud with what the policy did with them.
    fn look_alikes(&self) -> Vec<(&'static str, Counts)> {
        let stories = self.of(Way::Policy).into_iter().flat_map(|course| &course.stories);
        stories.filter(|(code, _)| code.starts_with('L')).map(|(code, c)| (*code, *c)).collect()
    }
}

/// The comparison for the terminal.
fn table(findings: &Findings) -> String {
    let mut table = common::table(&[
        "way",
        "#USD per 1,000 events",
        "#taken",
        "#disputes",
        "#refused",
        "#asked",
        "#fees",
        "#fraud value kept",
        "#good challenged",
        "#good declined",
    ]);
    for (way, course) in &findings.total {
        let usd = |usd: f64| format!("{:.1}", course.per_thousand(usd));
        let bill = &course.bill;
        table.add_row([
            way.name().to_owned(),
            usd(bill.total_usd()),
            usd(bill.lost_usd),
            usd(bill.disputes_usd),
            usd(bill.refused_usd),
            usd(bill.asked_usd),
            usd(bill.fees_usd),
            percent(course.fraud.kept()),
            percent(share(course.genuine.challenged, course.genuine.events)),
            percent(share(course.genuine.declined, course.genuine.events)),
        ]);
    }
    let lead = match findings.lead() {
        Some((way, lead)) => {
            format!("{} cheaper than the next, {}", percent(Some(lead)), way.name())
        }
        None => "nothing to compare".to_owned(),
    };
    let events = findings.of(Way::Policy).map_or(0, Course::events);
    format!(
        "{}\n{lead}\n{} events of {} worlds with {} accounts, days {} to {}",
        table.trim_fmt(),
        count(events),
        findings.worlds.worlds,
        count(u64::from(findings.worlds.accounts)),
        findings.worlds.warm_up,
        findings.worlds.days,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(cost: f64) -> Course {
        let bill = Bill { lost_usd: cost, ..Bill::default() };
        let genuine = Counts { events: 1_000, ..Counts::default() };
        Course { bill, genuine, ..Course::default() }
    }

    #[test]
    fn the_threshold_is_the_one_that_would_have_cost_least() {
        let mut bins = Bins::new();
        // Refusing pays from the third bin on: 9 + 1 + 2 instead of 9 + 20 + 30.
        for (bin, costs) in
            [(-80, (0.0, 50.0)), (-40, (9.0, 10.0)), (-16, (20.0, 1.0)), (0, (30.0, 2.0))]
        {
            bins.insert(bin, costs);
        }
        let odds = 0.25;
        assert!((best_threshold(&bins) - odds / (1.0 + odds)).abs() < 1e-12);
        assert_eq!(bin_of(0.2), -16);
        assert_eq!(best_threshold(&Bins::new()), 1.0);
    }

    #[test]
    fn the_lead_is_against_the_cheapest_of_the_others() {
        let total = [(Way::Policy, 80.0), (Way::Rules, 100.0), (Way::ApproveAll, 300.0)];
        let findings = Findings {
            policy: Identity { name: String::new(), version: String::new(), model: None },
            worlds: WorldArguments {
                compare: true,
                seed: 1,
                worlds: NonZeroUsize::MIN,
                days: 2,
                warm_up: 1,
                accounts: 9,
                start: Day(0),
            },
            total: total.map(|(way, cost)| (way, with(cost))).to_vec(),
            by_world: Vec::new(),
        };
        let (way, lead) = findings.lead().unwrap();
        assert_eq!(way, Way::Rules);
        assert!((lead - 0.2).abs() < 1e-12, "{lead}");
    }
}
