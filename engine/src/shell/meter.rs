//! What the service counts and times, and the page that shows it.
//!
//! Counters are atomics of `prometheus-client`, kept as handles where they are hot: decisions, and
//! one handle for each rule of the policy in force. Times go into `hdrhistogram`s, one set for each
//! of eight shards behind a mutex; a worker always takes the same shard, so recording waits for
//! nobody but the page, which holds a shard for the 30 us of a sum. A request costs one such lock,
//! six histogram increments and its counters: about 0.2 us.
//!
//! The page is OpenMetrics text. Quantiles are over the last one to two minutes, exact to 1 %; the
//! counts and sums beside them are for life. Labels are rules, routes, tables, lists and codes:
//! never an id of a customer, a card, a device or an address.

use std::cell::Cell;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use features::history::Census;
use hdrhistogram::Histogram;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::http::problem::Problem;
use crate::decision::Decision;
use crate::policy::Policy;
use crate::rules::{Hits, Rule};

/// Media type of the page.
pub(crate) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

const SHARDS: usize = 8;

/// After this long the page starts a new set of quantiles, and forgets the last but one.
const TURN: Duration = Duration::from_secs(60);

const QUANTILES: [f64; 4] = [0.5, 0.9, 0.99, 0.999];

/// A part of the way of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// From bytes to an event.
    Parse,
    /// Reading the past and recording the present, with the wait for its turn.
    Fold,
    /// Rules, model and decision.
    Judge,
    /// Writing the answer and handing the record to the journal.
    Encode,
    /// Waiting for the disk.
    Durable,
    /// From the first look at the request to the finished answer.
    Total,
}

impl Stage {
    const ALL: [Stage; 6] =
        [Stage::Parse, Stage::Fold, Stage::Judge, Stage::Encode, Stage::Durable, Stage::Total];

    fn name(self) -> &'static str {
        match self {
            Stage::Parse => "parse",
            Stage::Fold => "fold",
            Stage::Judge => "judge",
            Stage::Encode => "encode",
            Stage::Durable => "durable",
            Stage::Total => "total",
        }
    }
}

/// What the page shows of others.
#[derive(Debug)]
pub(crate) struct Levels {
    /// What the history holds.
    pub(crate) census: Census,
    /// Sequence of the newest durable record.
    pub(crate) durable: u64,
    /// Whether the journal takes records.
    pub(crate) is_journal_running: bool,
    /// Name and version of each file of networks.
    pub(crate) networks: Vec<String>,
    /// Price of a challenge, and what was explored of the newest day, in USD.
    pub(crate) steering_usd: (f64, f64),
}

/// Counters, histograms and the page; see the module's essay.
#[derive(Debug)]
pub(crate) struct Meter {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    faults: Family<CodeLabels, Counter>,
    /// By the number of the decision.
    decisions: [Counter; 3],
    rules: Family<RuleLabels, Counter>,
    /// Handles into `rules` for the policy in force.
    rule_counts: ArcSwap<RuleCounts>,
    replayed: Counter,
    degraded: Family<PartLabels, Counter>,
    panics: Counter,
    journal_records: Counter,
    journal_durable: Gauge,
    journal_up: Gauge,
    challenge_price: Gauge<f64, AtomicU64>,
    explored: Gauge<f64, AtomicU64>,
    entities: Family<TableLabels, Gauge>,
    evictions: Family<TableLabels, Counter>,
    list_entries: Family<ListLabels, Gauge>,
    list_refusals: Counter,
    late: Counter,
    build: Family<BuildLabels, Gauge>,
    networks: Family<FileLabels, Gauge>,
    shards: [Mutex<Times>; SHARDS],
    last_turn: Mutex<Turn>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabels {
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DecisionLabels {
    decision: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RuleLabels {
    rule: String,
    mode: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PartLabels {
    part: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TableLabels {
    table: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ListLabels {
    list: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FileLabels {
    file: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BuildLabels {
    version: &'static str,
    policy: String,
    model: String,
}

/// The counters of one policy's rules, by the rules' numbers.
#[derive(Debug)]
struct RuleCounts {
    policy: Arc<Policy>,
    /// Hits that voted, or would have voted for a rule in shadow.
    hits: Vec<Counter>,
}

/// One shard: what was timed by some of the workers.
#[derive(Debug)]
struct Times {
    histograms: Histograms,
    counts: [u64; Stage::ALL.len()],
    sums_ns: [u64; Stage::ALL.len()],
}

type Histograms = [Histogram<u64>; Stage::ALL.len()];

/// The set of quantiles before the one that is being filled.
#[derive(Debug)]
struct Turn {
    before: Histograms,
    since: Instant,
}

impl Meter {
    /// All counters at zero, for this policy.
    pub(crate) fn new(policy: &Arc<Policy>) -> Meter {
        let mut registry = Registry::with_prefix("gyr");
        let decisions = Family::<DecisionLabels, Counter>::default();
        let rules = Family::default();
        let rule_counts = ArcSwap::from_pointee(RuleCounts::new(policy, &rules));
        let mut meter = Meter {
            requests: Family::default(),
            faults: Family::default(),
            decisions: [Decision::Approve, Decision::Challenge, Decision::Decline].map(
                |decision| {
                    decisions.get_or_create_owned(&DecisionLabels { decision: decision.name() })
                },
            ),
            rules,
            rule_counts,
            replayed: Counter::default(),
            degraded: Family::default(),
            panics: Counter::default(),
            journal_records: Counter::default(),
            journal_durable: Gauge::default(),
            journal_up: Gauge::default(),
            challenge_price: Gauge::default(),
            explored: Gauge::default(),
            entities: Family::default(),
            evictions: Family::default(),
            list_entries: Family::default(),
            list_refusals: Counter::default(),
            late: Counter::default(),
            build: Family::default(),
            networks: Family::default(),
            shards: std::array::from_fn(|_| Mutex::new(Times::new())),
            last_turn: Mutex::new(Turn { before: histograms(), since: Instant::now() }),
            registry: Registry::default(),
        };
        registry.register("decisions", "Decisions given", decisions);
        meter.register(&mut registry);
        meter.show_policy(policy);
        meter.registry = registry;
        meter
    }

    fn register(&self, to: &mut Registry) {
        to.register("requests", "Requests answered", self.requests.clone());
        to.register("faults", "Faults found in requests, by code", self.faults.clone());
        to.register("rule_hits", "Hits of each rule", self.rules.clone());
        to.register("idempotent_replays", "Answers given again", self.replayed.clone());
        to.register("degraded", "Answers that lacked a part", self.degraded.clone());
        to.register("panics", "Requests given up because of a bug", self.panics.clone());
        let records = self.journal_records.clone();
        to.register("journal_records", "Records handed to the journal", records);
        let durable = self.journal_durable.clone();
        to.register("journal_durable_sequence", "Sequence of the newest durable record", durable);
        to.register("journal_up", "Whether the journal takes records", self.journal_up.clone());
        let price = self.challenge_price.clone();
        to.register("challenge_price_usd", "Price of a challenge, from the budget", price);
        let explored = self.explored.clone();
        to.register("explored_usd", "Amounts at risk explored on the newest day", explored);
        to.register("state_entities", "Entities held, by table", self.entities.clone());
        to.register("evictions", "Entities given up, by table", self.evictions.clone());
        to.register("list_entries", "Entries kept, by list", self.list_entries.clone());
        let refusals = self.list_refusals.clone();
        to.register("list_refusals", "Changes of lists that no list took", refusals);
        to.register("late_events", "Events too late to count", self.late.clone());
        to.register("build_info", "What runs here", self.build.clone());
        to.register("networks_info", "Files addresses are looked up in", self.networks.clone());
    }

    /// Counts for another policy from now on; the counters of rules of the same name go on.
    pub(crate) fn install(&self, policy: &Arc<Policy>) {
        self.rule_counts.store(Arc::new(RuleCounts::new(policy, &self.rules)));
        self.show_policy(policy);
        // It may keep other tables and lists; the next page fills in those that there are.
        self.entities.clear();
        self.evictions.clear();
        self.list_entries.clear();
    }

    fn show_policy(&self, policy: &Policy) {
        self.build.clear();
        let model = policy.model().map_or("none", |model| model.version());
        let labels = BuildLabels {
            version: env!("CARGO_PKG_VERSION"),
            policy: policy.version().to_owned(),
            model: model.to_owned(),
        };
        self.build.get_or_create(&labels).set(1);
    }

    /// Counts an answer of any kind.
    pub(crate) fn answered(&self, route: &'static str, status: u16) {
        self.requests.get_or_create(&RequestLabels { route, status }).inc();
    }

    /// Counts a problem and the faults that it lists.
    pub(crate) fn faults(&self, problem: &Problem) {
        self.faults.get_or_create(&CodeLabels { code: problem.case.code() }).inc();
        for fault in &problem.errors {
            self.faults.get_or_create(&CodeLabels { code: fault.code }).inc();
        }
    }

    /// Counts a decision and the rules behind it.
    pub(crate) fn decided(&self, policy: &Arc<Policy>, decision: Decision, hits: &Hits) {
        self.decisions[decision as usize].inc();
        let counts = self.rule_counts.load();
        // Between two policies a decision may be of the other one; its rules have other numbers.
        if !Arc::ptr_eq(&counts.policy, policy) {
            return RuleCounts::new(policy, &self.rules).count(hits, &self.rules);
        }
        counts.count(hits, &self.rules);
    }

    /// Counts an answer that was given again.
    pub(crate) fn replayed(&self) {
        self.replayed.inc();
    }

    /// Counts an answer that lacked a part.
    pub(crate) fn degraded(&self, part: &'static str) {
        self.degraded.get_or_create(&PartLabels { part }).inc();
    }

    /// Counts a request that a bug has ended.
    pub(crate) fn panicked(&self) {
        self.panics.inc();
    }

    /// Counts a record that the journal has taken.
    pub(crate) fn committed(&self) {
        self.journal_records.inc();
    }

    /// Notes how long parts of one request took.
    pub(crate) fn timed(&self, times: &[(Stage, Duration)]) {
        let mut shard = self.shards[shard_index()].lock().unwrap_or_else(PoisonError::into_inner);
        for (stage, time) in times {
            let ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
            let index = *stage as usize;
            shard.histograms[index].saturating_record(ns);
            shard.counts[index] += 1;
            shard.sums_ns[index] = shard.sums_ns[index].saturating_add(ns);
        }
    }

    /// The page, as OpenMetrics text.
    pub(crate) fn page(&self, levels: &Levels) -> String {
        for (table, entities, evictions) in &levels.census.tables {
            let labels = TableLabels { table: table.clone() };
            self.entities.get_or_create(&labels).set(*entities as i64);
            let counter = self.evictions.get_or_create_owned(&labels);
            counter.inner().store(*evictions, Ordering::Relaxed);
        }
        for (list, entries) in &levels.census.lists {
            let labels = ListLabels { list: list.clone() };
            self.list_entries.get_or_create(&labels).set(*entries as i64);
        }
        self.list_refusals.inner().store(levels.census.list_refusals, Ordering::Relaxed);
        self.late.inner().store(levels.census.late, Ordering::Relaxed);
        self.journal_durable.set(levels.durable as i64);
        self.journal_up.set(i64::from(levels.is_journal_running));
        self.challenge_price.set(levels.steering_usd.0);
        self.explored.set(levels.steering_usd.1);
        self.networks.clear();
        for file in &levels.networks {
            self.networks.get_or_create(&FileLabels { file: file.clone() }).set(1);
        }
        let mut page = String::new();
        text::encode_registry(&mut page, &self.registry).expect("writing to a String cannot fail");
        self.write_stages(&mut page, Instant::now());
        page.push_str("# EOF\n");
        page
    }

    fn write_stages(&self, page: &mut String, now: Instant) {
        let mut turn = self.last_turn.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = TURN <= now.duration_since(turn.since);
        let mut current = Times::new();
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            current.add(&shard);
            if is_due {
                shard.histograms.iter_mut().for_each(Histogram::reset);
            }
        }
        page.push_str(
            "# HELP gyr_stage_seconds Time of each part of a decision.\n\
             # TYPE gyr_stage_seconds summary\n\
             # UNIT gyr_stage_seconds seconds\n",
        );
        for stage in Stage::ALL {
            let (index, name) = (stage as usize, stage.name());
            let mut shown = current.histograms[index].clone();
            shown.add(&turn.before[index]).expect("all histograms have the same bounds");
            for quantile in QUANTILES {
                let seconds = shown.value_at_quantile(quantile) as f64 / 1e9;
                // Writing to a String cannot fail.
                let _ = writeln!(
                    page,
                    "gyr_stage_seconds{{stage=\"{name}\",quantile=\"{quantile}\"}} {seconds}"
                );
            }
            let (sum, count) = (current.sums_ns[index] as f64 / 1e9, current.counts[index]);
            let _ = writeln!(page, "gyr_stage_seconds_sum{{stage=\"{name}\"}} {sum}");
            let _ = writeln!(page, "gyr_stage_seconds_count{{stage=\"{name}\"}} {count}");
        }
        if is_due {
            *turn = Turn { before: current.histograms, since: now };
        }
    }
}

impl RuleCounts {
    /// Every rule is there from the start: one that never hits shows as zero.
    fn new(policy: &Arc<Policy>, family: &Family<RuleLabels, Counter>) -> RuleCounts {
        let counter = |rule: &Rule| {
            let mode = if rule.is_shadow { "shadow" } else { "enforce" };
            family.get_or_create_owned(&RuleLabels { rule: rule.name.clone(), mode })
        };
        let hits = policy.rules().rules.iter().map(counter).collect();
        RuleCounts { policy: Arc::clone(policy), hits }
    }

    fn count(&self, hits: &Hits, family: &Family<RuleLabels, Counter>) {
        for rule in hits.hit.iter().chain(&hits.shadow) {
            self.hits[usize::from(*rule)].inc();
        }
        for (rule, _) in &hits.suppressed {
            let rule = self.policy.rules().rules[usize::from(*rule)].name.clone();
            family.get_or_create(&RuleLabels { rule, mode: "exempted" }).inc();
        }
    }
}

impl Times {
    fn new() -> Times {
        Times {
            histograms: histograms(),
            counts: [0; Stage::ALL.len()],
            sums_ns: [0; Stage::ALL.len()],
        }
    }

    fn add(&mut self, other: &MutexGuard<'_, Times>) {
        for index in 0..Stage::ALL.len() {
            let added = self.histograms[index].add(&other.histograms[index]);
            added.expect("all histograms have the same bounds");
            self.counts[index] += other.counts[index];
            self.sums_ns[index] = self.sums_ns[index].saturating_add(other.sums_ns[index]);
        }
    }
}

/// 100 ns to 10 s at two digits: 21 KiB a stage.
fn histograms() -> Histograms {
    std::array::from_fn(|_| {
        Histogram::new_with_bounds(100, 10_000_000_000, 2).expect("the bounds are in order")
    })
}

/// The shard of this thread; threads are dealt out in turn.
fn shard_index() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static MINE: Cell<Option<usize>> = const { Cell::new(None) };
    }
    MINE.with(|mine| {
        mine.get().unwrap_or_else(|| {
            let index = NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS;
            mine.set(Some(index));
            index
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Wanted;

    const POLICY: &str = r#"policy "small"
rule pays "A payment"
  on payment
  when base_minor >= 0 CNY
  then review  because VELOCITY_ACCOUNT  owner "tests"
"#;

    fn meter() -> (Meter, Arc<Policy>) {
        let policy = Policy::check(POLICY, None, Wanted::Judging);
        let policy = Arc::new(policy.unwrap_or_else(|faults| panic!("{faults:?}")));
        (Meter::new(&policy), policy)
    }

    fn page(meter: &Meter) -> String {
        let tables = vec![("card".to_owned(), 3, 2)];
        let lists = vec![("blocked_cards".to_owned(), 5)];
        let census =
            Census { tables, events: 9, late: 4, lists, list_refusals: 6, ..Census::default() };
        let networks = vec!["city@1764201600".to_owned()];
        let steering_usd = (0.15, 12.5);
        meter.page(&Levels {
            census,
            durable: 17,
            is_journal_running: true,
            networks,
            steering_usd,
        })
    }

    #[test]
    fn the_page_shows_what_was_counted() {
        let (meter, policy) = meter();
        meter.answered("/v1/score", 200);
        meter.committed();
        let hits = Hits { hit: vec![0], suppressed: vec![(0, 0)], ..Hits::default() };
        meter.decided(&policy, Decision::Decline, &hits);
        let page = page(&meter);
        for line in [
            "gyr_requests_total{route=\"/v1/score\",status=\"200\"} 1",
            "gyr_decisions_total{decision=\"decline\"} 1",
            "gyr_decisions_total{decision=\"approve\"} 0",
            "gyr_rule_hits_total{rule=\"pays\",mode=\"enforce\"} 1",
            "gyr_rule_hits_total{rule=\"pays\",mode=\"exempted\"} 1",
            "gyr_state_entities{table=\"card\"} 3",
            "gyr_evictions_total{table=\"card\"} 2",
            "gyr_list_entries{list=\"blocked_cards\"} 5",
            "gyr_list_refusals_total 6",
            "gyr_late_events_total 4",
            "gyr_journal_records_total 1",
            "gyr_journal_durable_sequence 17",
            "gyr_challenge_price_usd 0.15",
            "gyr_explored_usd 12.5",
            "gyr_networks_info{file=\"city@1764201600\"} 1",
        ] {
            assert!(page.lines().any(|found| found == line), "{line} is not in\n{page}");
        }
        assert!(page.ends_with("# EOF\n"));
    }

    #[test]
    fn quantiles_forget_and_counts_do_not() {
        let (meter, _) = meter();
        meter.timed(&[(Stage::Judge, Duration::from_micros(50))]);
        let start = meter.last_turn.lock().unwrap().since;
        let line = |turns: u32, wanted: &str| {
            let mut page = String::new();
            meter.write_stages(&mut page, start + TURN * turns);
            assert!(page.lines().any(|found| found == wanted), "{wanted} is not in\n{page}");
        };
        let seconds = "gyr_stage_seconds{stage=\"judge\",quantile=\"0.5\"}";
        line(0, &format!("{seconds} 0.000050175"));
        line(1, &format!("{seconds} 0.000050175"));
        line(2, &format!("{seconds} 0.000050175"));
        line(3, &format!("{seconds} 0"));
        line(3, "gyr_stage_seconds_count{stage=\"judge\"} 1");
        line(3, "gyr_stage_seconds_sum{stage=\"judge\"} 0.00005");
    }

    #[test]
    fn a_policy_of_the_same_rules_goes_on_counting() {
        let (meter, policy) = meter();
        meter.decided(&policy, Decision::Approve, &Hits { hit: vec![0], ..Hits::default() });
        let other = format!("{POLICY}\n# another version\n");
        let other = Arc::new(Policy::check(&other, None, Wanted::Judging).unwrap());
        meter.install(&other);
        meter.decided(&other, Decision::Approve, &Hits { hit: vec![0], ..Hits::default() });
        let page = page(&meter);
        assert!(page.contains("gyr_rule_hits_total{rule=\"pays\",mode=\"enforce\"} 2"), "{page}");
        assert!(page.contains(other.version()) && !page.contains(policy.version()));
    }
}
