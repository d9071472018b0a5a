//! What the demo shows while it runs, and what it says at the end.
//!
//! On a terminal a panel stands at the bottom and is drawn a few times a second; above it scroll
//! single decisions worth a look: fraud that was stopped or got through, and good customers who
//! were refused. Elsewhere there is one line for each simulated day. All money is what was at
//! stake in fraud, as the truth of the world has it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use datasets::synth::{Emitted, Kind, Truth};
use hdrhistogram::Histogram;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;

use super::super::common::{self, count, percent};
use super::super::days::{DAY_MS, print_time};
use crate::backtest::share;

/// Between two drawings of the panel.
const DRAW_EVERY: Duration = Duration::from_millis(120);
/// Slower answers count as this slow.
const LATENCY_MAX_US: u64 = 60_000_000;
/// Between two decisions that scroll by.
const STORY_EVERY: Duration = Duration::from_millis(350);

/// What the service answered.
#[derive(Debug)]
pub(super) struct Heard {
    decision: String,
    factor: Option<String>,
    reason: Option<String>,
    took: Duration,
}

impl Heard {
    /// The parts of an answer that the panel shows.
    pub(super) fn of(answer: &Value, took: Duration) -> Heard {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Heard {
            decision: text(&answer["decision"]).unwrap_or_default(),
            factor: text(&answer["hints"]["options"][0]["factor"]),
            reason: text(&answer["reasons"][0]["code"]),
            took,
        }
    }
}

/// Decisions on one kind of people.
#[derive(Clone, Copy, Debug, Default)]
struct Decided {
    approved: u64,
    challenged: u64,
    declined: u64,
}

impl Decided {
    fn add(&mut self, decision: &str) {
        match decision {
            "approve" => self.approved += 1,
            "challenge" => self.challenged += 1,
            _ => self.declined += 1,
        }
    }

    fn total(self) -> u64 {
        self.approved + self.challenged + self.declined
    }
}

/// What became of a fraud story.
#[derive(Clone, Copy, Debug, Default)]
struct Story {
    attempts: u64,
    stopped: u64,
    stake_fen: i64,
    loss_fen: i64,
}

/// The demo's view.
#[derive(Debug)]
pub(super) struct Panel {
    url: String,
    accounts: u32,
    start_ms: i64,
    end_ms: i64,
    now_ms: i64,
    bar: ProgressBar,
    drawn: Instant,
    told: Instant,
    began: Instant,
    day: i64,
    events: u64,
    labels: u64,
    good: Decided,
    bad: Decided,
    look_alikes: Decided,
    stories: BTreeMap<&'static str, Story>,
    latency_us: Histogram<u64>,
}

impl Panel {
    /// A view on a world of these times.
    pub(super) fn new(url: &str, accounts: u32, start_ms: i64, end_ms: i64) -> Panel {
        let is_watched = common::is_watched();
        let target = match is_watched {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(Some((end_ms - start_ms) as u64), target);
        let style = ProgressStyle::with_template("\n{prefix}\n[{bar:60}]\n{msg}");
        let style = style.expect("the template above is valid").progress_chars("=> ");
        bar.set_style(style);
        let now = Instant::now();
        Panel {
            url: url.to_owned(),
            accounts,
            start_ms,
            end_ms,
            now_ms: start_ms,
            bar,
            drawn: now,
            told: now,
            began: now,
            day: 0,
            events: 0,
            labels: 0,
            good: Decided::default(),
            bad: Decided::default(),
            look_alikes: Decided::default(),
            stories: BTreeMap::new(),
            latency_us: Histogram::new_with_max(LATENCY_MAX_US, 3).expect("the bounds are sound"),
        }
    }

    /// Counts an event and its answer, and draws when it is time.
    pub(super) fn show(&mut self, emitted: &Emitted<'_>, heard: Option<Heard>) {
        self.now_ms = emitted.time_ms;
        self.events += 1;
        self.labels += u64::from(emitted.kind == Kind::Label);
        if let (Kind::Scored, Some(heard)) = (emitted.kind, heard) {
            self.decided(emitted, &heard);
        }
        if DRAW_EVERY <= self.drawn.elapsed() {
            self.draw();
        }
        let day = (self.now_ms - self.start_ms) / DAY_MS;
        if self.day < day {
            self.day = day;
            if !common::is_watched() {
                common::say(&format!("{}  {}", print_time(self.now_ms), self.line()));
            }
        }
    }

    fn decided(&mut self, emitted: &Emitted<'_>, heard: &Heard) {
        self.latency_us.saturating_record(heard.took.as_micros() as u64);
        let truth = emitted.truth;
        match truth.and_then(Truth::typology) {
            Some(typology) => {
                self.bad.add(&heard.decision);
                let story = self.stories.entry(typology).or_default();
                story.attempts += 1;
                let truth = truth.expect("a story is part of a truth");
                story.stopped += u64::from(truth.is_stopped());
                story.stake_fen += truth.stake_fen();
                story.loss_fen += truth.loss_fen();
            }
            None => self.good.add(&heard.decision),
        }
        if truth.is_some_and(|truth| truth.look_alike().is_some()) {
            self.look_alikes.add(&heard.decision);
        }
        if STORY_EVERY <= self.told.elapsed() {
            self.tell(emitted, heard);
        }
    }

    /// Lets a decision scroll by, if it is worth a look.
    fn tell(&mut self, emitted: &Emitted<'_>, heard: &Heard) {
        let truth = emitted.truth;
        let typology = truth.and_then(Truth::typology);
        let is_stopped = truth.is_some_and(Truth::is_stopped);
        let verdict = match (typology, heard.decision.as_str()) {
            (Some(_), _) if is_stopped => "caught ",
            (Some(_), _) if truth.is_some_and(|truth| 0 < truth.loss_fen()) => "MISSED ",
            (None, "decline") => "refused",
            _ => return,
        };
        self.told = Instant::now();
        let event: Value = serde_json::from_str(emitted.line).unwrap_or(Value::Null);
        let amount = event["amount_minor"].as_i64();
        let amount = amount.map_or(String::new(), |fen| format!("{} CNY", count_fen(fen)));
        let what = match typology {
            Some(code) => code,
            None => truth.and_then(Truth::look_alike).unwrap_or("good customer"),
        };
        let answer = match &heard.factor {
            Some(factor) => format!("{} by {factor}", heard.decision),
            None => heard.decision.clone(),
        };
        self.bar.println(format!(
            "{}  {verdict}  {:<17} {:>12}  {:<36} {:<22} {what}",
            &print_time(emitted.time_ms)[5..16],
            event["event_type"].as_str().unwrap_or_default(),
            amount,
            answer,
            heard.reason.as_deref().unwrap_or_default(),
        ));
    }

    fn draw(&mut self) {
        self.drawn = Instant::now();
        self.bar.set_position((self.now_ms - self.start_ms) as u64);
        let days = (self.end_ms - self.start_ms) / DAY_MS;
        self.bar.set_prefix(format!(
            "{} customers, {} (day {} of {days}), decided by {}",
            count(u64::from(self.accounts)),
            &print_time(self.now_ms)[..16],
            self.day + 1,
            self.url,
        ));
        self.bar.set_message(self.text());
    }

    fn money(&self) -> (i64, i64) {
        let add = |(stake, loss): (i64, i64), story: &Story| {
            (stake + story.stake_fen, loss + story.loss_fen)
        };
        self.stories.values().fold((0, 0), add)
    }

    /// One line, for a log.
    fn line(&self) -> String {
        let (stake, loss) = self.money();
        format!(
            "{} events, {} decided, fraud at stake {} CNY, lost {} CNY, p99 {} us",
            count(self.events),
            count(self.good.total() + self.bad.total()),
            count_fen(stake),
            count_fen(loss),
            self.latency_us.value_at_quantile(0.99),
        )
    }

    fn text(&self) -> String {
        let rate = self.events as f64 / self.began.elapsed().as_secs_f64().max(0.001);
        let (stake, loss) = self.money();
        let quantile = |q| self.latency_us.value_at_quantile(q) as f64 / 1_000.0;
        let mut text = String::new();
        let mut row = |name: &str, decided: Decided| {
            let of = |part| percent(share(part, decided.total()));
            // Writing into a text cannot fail.
            let _ = writeln!(
                text,
                "{name:<18} {:>9}   approved {:>8}   challenged {:>8}   declined {:>8}",
                count(decided.total()),
                of(decided.approved),
                of(decided.challenged),
                of(decided.declined),
            );
        };
        row("good customers", self.good);
        row("  look like fraud", self.look_alikes);
        row("fraud attempts", self.bad);
        let _ = writeln!(
            text,
            "money at stake     {} CNY: kept {}, lost {} CNY",
            count_fen(stake),
            percent(share((stake - loss).unsigned_abs(), stake.unsigned_abs())),
            count_fen(loss),
        );
        let _ = write!(
            text,
            "{} events, {} a second; an answer over HTTP takes {:.2} ms (p50), {:.2} ms (p99)",
            count(self.events),
            count(rate as u64),
            quantile(0.5),
            quantile(0.99),
        );
        text
    }

    /// Takes the panel away.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }

    /// The week in tables, and what to do next.
    pub(super) fn summary(&self, is_too_late: bool) -> String {
        let mut table = common::table(&[
            "fraud story",
            "#attempts",
            "#stopped",
            "#at stake, CNY",
            "#lost, CNY",
        ]);
        for (code, story) in &self.stories {
            table.add_row([
                format!("{code} {}", datasets::synth::title(code)),
                count(story.attempts),
                percent(share(story.stopped, story.attempts)),
                count_fen(story.stake_fen),
                count_fen(story.loss_fen),
            ]);
        }
        let warning = match is_too_late {
            true => {
                "\nThe service calls this week too late to count: start it with --clock events.\n"
            }
            false => "",
        };
        let labels = count(self.labels);
        format!(
            "{}\n\n{}\n{labels} labels became known; most come weeks later.\n{warning}\n\
             next:\n  gyr simulate --days 60 --policy default --out world    the same world as files\n  \
             gyr backtest --data world --truth world/truth.ndjson --out report.html\n  \
             gyr serve                                              your own service",
            table.trim_fmt(),
            self.text(),
        )
    }
}

/// An amount in whole CNY, for people.
fn count_fen(fen: i64) -> String {
    count(fen.unsigned_abs() / 100)
}
