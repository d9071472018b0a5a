//! `gyr backtest`: what a policy would have done with the past, and what that is worth.
//!
//! Events are folded through one engine for each policy, in step, so that both judge the same event
//! with their own past. The numbers are `engine::backtest`'s; this file feeds it, and `html` and
//! `json` write what it says. Events marked as tests are answered and not counted.

use std::path::{Path, PathBuf};

use clap::Args;
use features::event::Event;
use features::field::ids;
use features::history::Limits;

use super::common::{self, Failure, ModelChoice, Output, count, percent, usd};
use super::dataset::{BadRows, Known, NetworkArguments, Reading, id_of};
use super::days::{DAY_MS, Day};
use crate::backtest::{Case, Diff, Fairness, Origin, Report, Suspicion, Truth, share};
use crate::changes;
use crate::engine::{Engine, Outcome};
use crate::policy::{Policy, Wanted};
use crate::shell::answer::answer;
use crate::shell::wire::Detail;
use compare::WorldArguments;

mod compare;
mod html;
mod json;
mod plot;

/// Replays events through a policy and reports decisions, rules, money and thresholds.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gyr backtest --data data --policy my.policy --out report.html
  gyr backtest --data data --policy new.policy --against old.policy --out report.html --json r.json
  gyr backtest --data data --policy my.policy --model none --out rules.html
  gyr backtest --data data --from 2026-10-01 --policy my.policy --out report.html
  gyr backtest --data data --policy my.policy --out report.html --decisions decisions.ndjson
  gyr backtest --data world --truth world/truth.ndjson --out report.html
  gyr backtest --compare --out compare.html             against simpler ways of deciding

Truth is what the labels say today; events without a label are shown apart and widen the bounds of
the result. New windows in a policy are exact: everything is folded from the raw events. The page is
one file without scripts; --json has the same numbers, --decisions the answers of `gyr score`.")]
pub(crate) struct Arguments {
    /// A folder of events and labels, as `gyr import` makes it.
    #[arg(long, value_name = "DIR", required_unless_present = "compare")]
    data: Option<PathBuf>,
    #[command(flatten)]
    world: WorldArguments,
    #[command(flatten)]
    networks: NetworkArguments,
    /// Judge by the truth of a simulated world instead of its labels: its truth.ndjson. Every event
    /// is then known, with its fraud story or the honest pattern that looks like one.
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
    /// The policy; `default`, or nothing, is the built-in one.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Judge from this day on; what came before only fills the windows.
    #[arg(long, value_name = "DAY")]
    from: Option<Day>,
    /// A policy to compare with, such as the one in force, or `default`; with the same model.
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// The model they go with, or `none`; without this, the built-in one.
    #[arg(long, value_name = "FILE|none")]
    model: Option<ModelChoice>,
    /// Where the page goes.
    #[arg(long, value_name = "REPORT.html")]
    out: PathBuf,
    /// Write the numbers as JSON; `-` is standard output.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write every decision of the policy as NDJSON.
    #[arg(long, value_name = "FILE")]
    decisions: Option<PathBuf>,
}

/// Which policy and model were judged with.
#[derive(Clone, Debug)]
struct Identity {
    name: String,
    version: String,
    model: Option<(String, String)>,
}

impl Identity {
    fn of(policy: &Policy) -> Identity {
        let model = policy.model();
        Identity {
            name: policy.name().to_owned(),
            version: policy.version().to_owned(),
            model: model.map(|model| (model.name().to_owned(), model.version().to_owned())),
        }
    }
}

/// A policy and what became of the events with it.
#[derive(Clone, Debug)]
struct Side {
    policy: Identity,
    report: Report,
}

/// Everything that the page and the JSON show.
#[derive(Clone, Debug)]
struct Findings {
    folder: String,
    events: u64,
    bad_rows: u64,
    candidate: Side,
    against: Option<(Side, Diff)>,
}

/// An engine that fills a report.
struct Lane {
    engine: Engine,
    side: Side,
}

impl Lane {
    fn new(path: Option<&Path>, model: Option<&ModelChoice>) -> Result<Lane, Failure> {
        Ok(Lane::of(common::load_policy(path, model, Wanted::Judging)?))
    }

    fn of(policy: Policy) -> Lane {
        let side = Side { policy: Identity::of(&policy), report: Report::new(policy.rules()) };
        Lane { engine: Engine::new(policy, Limits::default()), side }
    }

    fn decide(&mut self, event: &mut Event, case: Option<&Case<'_>>) -> Outcome {
        let outcome = changes::decide(&self.engine, event);
        if let Some(case) = case {
            self.side.report.add(&outcome.policy, &outcome.facts, case, &outcome.judgement);
        }
        outcome
    }
}

/// Two policies on the same events.
pub(crate) struct Comparison {
    /// What the one before did.
    pub(crate) before: Report,
    /// What the one after did.
    pub(crate) after: Report,
    /// Where they differ.
    pub(crate) diff: Diff,
    reading: Reading,
}

impl Comparison {
    /// Exit code 1 when rows were bad, for the end of a command.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        self.reading.finish()
    }
}

/// Decides the events of a folder or file with two policies in step.
pub(crate) fn compare(
    data: &Path,
    networks: &NetworkArguments,
    truth: Option<&Path>,
    before: Policy,
    after: Policy,
) -> Result<Comparison, Failure> {
    let known = Known::read(data, truth, i64::MAX)?;
    let mut reading = Reading::open(data, networks, "replaying", BadRows::PassOver)?;
    let mut after = Lane::of(after);
    let mut against = (Lane::of(before), Diff::default());
    replay(&mut reading, &known, i64::MIN, &mut after, Some(&mut against), &mut None)?;
    reading.end();
    let (before, diff) = against;
    Ok(Comparison { before: before.side.report, after: after.side.report, diff, reading })
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    // Clap lets nobody through who gives neither.
    match &arguments.data {
        Some(data) => replay_and_report(arguments, data),
        None => compare::run(arguments),
    }
}

fn replay_and_report(arguments: &Arguments, data: &Path) -> Result<(), Failure> {
    let model = arguments.model.as_ref();
    let mut candidate = Lane::new(arguments.policy.as_deref(), model)?;
    let other = arguments.against.as_deref().map(|path| Lane::new(Some(path), model));
    let mut against = other.transpose()?.map(|lane| (lane, Diff::default()));
    let known = Known::read(data, arguments.truth.as_deref(), i64::MAX)?;
    let mut reading = Reading::open(data, &arguments.networks, "replaying", BadRows::PassOver)?;
    // Files are opened first: a folder that cannot be written is told before the work.
    let create =
        |path: &Option<PathBuf>| path.as_deref().map(|path| Output::create(Some(path))).transpose();
    let mut page = Output::create(Some(&arguments.out))?;
    let numbers = create(&arguments.json)?;
    let mut decisions = create(&arguments.decisions)?;
    let from_ms = arguments.from.map_or(i64::MIN, |day| day.0.saturating_mul(DAY_MS));
    replay(&mut reading, &known, from_ms, &mut candidate, against.as_mut(), &mut decisions)?;
    reading.end();
    let findings = Findings {
        folder: data.display().to_string(),
        events: reading.read,
        bad_rows: reading.bad,
        candidate: candidate.side,
        against: against.map(|(lane, diff)| (lane.side, diff)),
    };
    // Files first: whoever reads the numbers from standard output may stop reading.
    if let Some(output) = decisions {
        output.finish()?;
    }
    page.put(html::page(&findings).as_bytes())?;
    page.finish()?;
    if let Some(mut output) = numbers {
        output.line(&format!("{:#}", json::document(&findings)))?;
        output.finish()?;
    }
    common::say(&summary(&findings));
    reading.finish()
}

fn replay(
    reading: &mut Reading,
    known: &Known,
    from_ms: i64,
    candidate: &mut Lane,
    mut against: Option<&mut (Lane, Diff)>,
    decisions: &mut Option<Output>,
) -> Result<(), Failure> {
    while let Some(mut event) = reading.next()? {
        // Each policy makes its own.
        if changes::is_of_rule(&event) {
            continue;
        }
        // An engine gives outcomes the fields of the event they refer to: each takes its own copy.
        let copy = against.is_some().then(|| event.clone());
        if !event.is_score_requested() {
            candidate.engine.record(&mut event, || ());
            if let (Some((lane, _)), Some(mut copy)) = (against.as_deref_mut(), copy) {
                lane.engine.record(&mut copy, || ());
            }
            continue;
        }
        let id = id_of(&event).to_owned();
        let is_counted = !event.is_test() && from_ms <= event.time();
        let case = is_counted.then(|| case_of(&event, &id, known));
        let outcome = candidate.decide(&mut event, case.as_ref());
        if let Some(output) = decisions {
            output.line(&answer(&outcome.policy, &event, &outcome, Detail::Full))?;
        }
        if let (Some((lane, diff)), Some(mut copy)) = (against.as_deref_mut(), copy) {
            let before = lane.decide(&mut copy, case.as_ref()).judgement.verdict.decision;
            if let Some(case) = &case {
                diff.add(case, before, outcome.judgement.verdict.decision);
            }
        }
    }
    Ok(())
}

fn case_of<'a>(event: &Event, id: &'a str, known: &'a Known) -> Case<'a> {
    let (truth, story) = known.of(id);
    Case {
        event_id: id,
        event_type: event.event_type(),
        time_ms: event.time(),
        usd_minor: event.bits(ids::USD_MINOR).map(|bits| bits as i64),
        truth,
        story,
        vector: known.vector(id),
        origin: Origin::of(event),
    }
}

/// The result in a few lines, for the terminal.
fn summary(findings: &Findings) -> String {
    let report = &findings.candidate.report;
    let all = report.decisions.total();
    let (low, high) = report.money.bounds();
    let rate = |truth: Truth| {
        let declined = report.decisions.decline.of(truth).events;
        let challenged = report.decisions.challenge.of(truth).events;
        let whole = all.of(truth).events;
        format!(
            "{} {}: {} declined, {} challenged",
            count(whole),
            truth.name(),
            percent(share(declined, whole)),
            percent(share(challenged, whole))
        )
    };
    let is_met = |truth: &Truth| 0 < all.of(*truth).events;
    let mut lines: Vec<String> = Truth::ALL.into_iter().filter(is_met).map(rate).collect();
    let (touched, opinion) = (report.decisions.touched(), report.without_limits.touched());
    lines.push(format!(
        "not simply approved: {} of the value of fraud, {} of the genuine events and {} of their \
         value; {} and {} without the limits of law and policy",
        percent(report.value_stopped()),
        percent(share(touched.genuine.events, all.genuine.events)),
        percent(json::value_share(touched.genuine, all.genuine)),
        percent(share(opinion.genuine.events, all.genuine.events)),
        percent(json::value_share(opinion.genuine, all.genuine)),
    ));
    let Suspicion { all, touched } = &report.suspicion;
    if let (Some(loss), Some(prior)) = (all.log_loss(), all.prior_log_loss()) {
        lines.push(format!(
            "suspected attack: the leading one is right in {} of the frauds and in {} of those not \
             simply approved; log loss {loss:.3}, of the plain prior {prior:.3}",
            percent(all.right_share()),
            percent(touched.right_share()),
        ));
    }
    let Fairness { issuers, nationalities } = &report.fairness;
    for (what, treatment) in [("with cards of", issuers), ("from", nationalities)] {
        let countries: Vec<&str> = treatment
            .shown()
            .into_iter()
            .filter_map(|treated| treated.is_too_often().then_some(treated.country))
            .collect();
        if !countries.is_empty() {
            lines.push(format!(
                "good customers {what} {} are troubled more than twice as often as the mean",
                countries.join(", ")
            ));
        }
    }
    lines.push(format!("saved minus good money blocked: {}", usd(report.money.net())));
    if low < high {
        lines.push(format!("between {} and {}, as the unlabelled are", usd(low), usd(high)));
    }
    if let Some((other, diff)) = &findings.against {
        lines.push(format!(
            "{} decisions flip, the result changes by {}",
            count(diff.flipped().total().events),
            usd(report.money.net() - other.report.money.net())
        ));
    }
    lines.join("\n")
}
