//! `gyr simulate`: a wallet world with its truth, from a seed.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread;

use clap::{Args, ValueEnum};
use datasets::Format;
use datasets::synth::{
    Atlas, Check, Emitted, Fact, Options, Peak, Settings, Tally, World, WorldFiles, Written,
};
use features::diagnostic::{Diagnostic, render};
use features::event::Event;
use features::history::Limits;
use serde_json::{Value, json};

use super::common::{self, Failure, ModelChoice, Output, count, percent};
use super::days::{DAY_MS, Day};
use crate::backtest::share;
use crate::engine::Engine;
use crate::policy::Wanted;
use crate::shell::wallet::EngineWallet;

/// Simulates a wallet: customers, crooks, issuers, labels, with the truth beside them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gyr simulate --out world
  gyr simulate --seed 7 --days 120 --accounts 50000 --out world --report world.html
  gyr simulate --policy default --out defended         crooks meet the house policy and learn
  gyr simulate --world my-world.toml --reference ../ref --peaks golden_week --out world

The folder gets events.ndjson and labels.ndjson, as every command reads them, truth.ndjson (fraud
story, attack, episode, actor, look-alike, stake and loss of each event that is not ordinary) and
world.json; with --format parquet, tables instead, which every command reads too. One seed is one world, byte for byte. --report compares the world with what was asked
for. The world's numbers are in datasets/src/synth/world.toml; --world changes any of them.")]
pub(crate) struct Arguments {
    /// The seed.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How many days.
    #[arg(long, value_name = "N", default_value_t = 30)]
    days: u32,
    /// How many accounts at a time.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    accounts: u32,
    /// The first day.
    #[arg(long, value_name = "DAY", default_value = "2026-09-01")]
    start: Day,
    /// The peaks of the year that happen: golden_week, new_year, labour_day, or `none`.
    #[arg(long, value_name = "NAME,..", default_value = "golden_week,new_year,labour_day")]
    peaks: Peaks,
    /// Let this policy decide, and the world react: a file, or `default`; without this, the wallet
    /// has no risk engine.
    #[arg(long, value_name = "FILE|default")]
    policy: Option<PathBuf>,
    /// The model that the policy goes with, or `none`; without this, the built-in one.
    #[arg(long, value_name = "FILE|none", requires = "policy")]
    model: Option<ModelChoice>,
    /// Change numbers of the world by this TOML file.
    #[arg(long, value_name = "FILE")]
    world: Option<PathBuf>,
    /// Real reference tables (card ranges, addresses by country, data centres, ...) in this folder;
    /// without this, small built-in ones.
    #[arg(long, value_name = "DIR")]
    reference: Option<PathBuf>,
    /// Where the world goes; made if need be.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The forms of the files; parquet needs the analyst's build.
    #[arg(
        long,
        value_enum,
        value_name = "FORM,..",
        value_delimiter = ',',
        default_value = "ndjson"
    )]
    format: Vec<FormatChoice>,
    /// Compare the world with its settings, as a page.
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Threads; the world does not depend on them. Against a policy there is one.
    #[arg(long, value_name = "N", conflicts_with = "policy")]
    threads: Option<NonZeroUsize>,
    /// Write what was made as JSON.
    #[arg(long)]
    json: bool,
}

/// A form of the files.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatChoice {
    /// One event on each line, as JSON.
    Ndjson,
    /// A column for each field.
    Parquet,
}

/// Peaks of the year, as people list them.
#[derive(Clone, Debug)]
struct Peaks(Vec<Peak>);

impl std::str::FromStr for Peaks {
    type Err = String;

    fn from_str(text: &str) -> Result<Peaks, String> {
        if text == "none" {
            return Ok(Peaks(Vec::new()));
        }
        let parse = |name: &str| {
            Peak::parse(name).ok_or_else(|| {
                let names: Vec<&str> = Peak::ALL.into_iter().map(Peak::name).collect();
                format!("got {name:?}, wanted {}, or none", names.join(", "))
            })
        };
        text.split(',').map(parse).collect::<Result<Vec<Peak>, String>>().map(Peaks)
    }
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut world = open(arguments)?;
    let mut wallet = arguments.policy.as_deref().map(|path| wallet(path, arguments)).transpose()?;
    let mut report = arguments.report.as_deref().map(Reporting::open).transpose()?;
    let Arguments { out, accounts, days, .. } = arguments;
    let mut files = WorldFiles::create(out, *accounts, *days, &formats(arguments))?;
    let bar = common::progress_days(arguments.days);
    let threads = arguments.threads.map_or_else(cores, NonZeroUsize::get);
    loop {
        let goes_on = match &mut wallet {
            Some(wallet) => world.play_step(wallet),
            None => world.play_hour(threads),
        };
        if !goes_on {
            break;
        }
        for emitted in world.events() {
            files.put(&emitted)?;
            if let Some(report) = &mut report {
                report.hear(&emitted);
            }
        }
        bar.set_position((world.now_ms() - world.start_ms()) as u64 / DAY_MS as u64);
    }
    bar.finish_and_clear();
    let written = files.finish(&manifest(arguments, &world))?;
    let title = format!("Seed {}, {} days", arguments.seed, arguments.days);
    let checks = report.map(|report| report.finish(&world, &title)).transpose()?;
    if arguments.json {
        return common::print_json(&serde_json::to_value(&written).unwrap_or(Value::Null));
    }
    let checks = checks.map_or(String::new(), |checks| format!("{checks}\n\n"));
    common::print(&format!("{checks}{}", describe(arguments, &written)))
}

/// The world that the arguments ask for; everything wrong with them at once.
fn open(arguments: &Arguments) -> Result<World, Failure> {
    let settings = match &arguments.world {
        Some(path) => {
            let text = common::read_text(path)?;
            let name = path.display().to_string();
            let drawn = |faults: Vec<Diagnostic>| Failure::Findings(render(&name, &text, &faults));
            Settings::read(&text).map_err(drawn)?
        }
        None => Settings::default(),
    };
    let atlas = match &arguments.reference {
        Some(folder) => Atlas::read(folder)?,
        None => Atlas::built_in(),
    };
    let options = Options {
        seed: arguments.seed,
        days: arguments.days,
        accounts: arguments.accounts,
        start_ms: arguments.start.0 * DAY_MS,
        peaks: arguments.peaks.0.clone(),
        settings,
        atlas,
    };
    common::new_world(options)
}

/// The forms that the arguments ask for.
fn formats(arguments: &Arguments) -> Vec<Format> {
    let form = |choice: &FormatChoice| match choice {
        FormatChoice::Ndjson => Format::Ndjson,
        FormatChoice::Parquet => Format::Parquet,
    };
    arguments.format.iter().map(form).collect()
}

/// A report on the world as it is made.
struct Reporting {
    tally: Tally,
    page: Output,
}

impl Reporting {
    /// Opens the page first: a folder that cannot be written is told before the work.
    fn open(path: &Path) -> Result<Reporting, Failure> {
        Ok(Reporting { tally: Tally::new(), page: Output::create(Some(path))? })
    }

    fn hear(&mut self, emitted: &Emitted<'_>) {
        let event = Event::read(emitted.line.as_bytes(), None);
        let event = event.expect("every event of the world is sound, as its tests say");
        self.tally.add(&event, emitted.truth.map(Fact::from).as_ref());
    }

    /// Writes the page; gives the checks as a table, the ones that are not met last.
    fn finish(mut self, world: &World, title: &str) -> Result<String, Failure> {
        let (settings, peaks) = (world.settings(), world.peaks());
        self.page.put(self.tally.page(title, settings, peaks).as_bytes())?;
        self.page.finish()?;
        let checks = self.tally.checks(settings, peaks);
        let mut table = common::table(&["", "figure", "#got", "#wanted", "#from .. to", ""]);
        let (met, missed): (Vec<Check>, Vec<Check>) =
            checks.into_iter().partition(|check| check.is_met);
        let count = met.len() + missed.len();
        for check in met.iter().chain(&missed) {
            table.add_row(check.cells());
        }
        Ok(format!("{}\n{} of {count} figures as wanted", table.trim_fmt(), met.len()))
    }
}

/// The wallet that decides by a policy.
fn wallet(path: &Path, arguments: &Arguments) -> Result<EngineWallet, Failure> {
    let policy = common::load_policy(Some(path), arguments.model.as_ref(), Wanted::Judging)?;
    Ok(EngineWallet::new(Engine::new(policy, Limits::default())))
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// What was asked for, for `world.json`: everything that the bytes depend on.
fn manifest(arguments: &Arguments, world: &World) -> Value {
    json!({
        "seed": arguments.seed,
        "days": arguments.days,
        "accounts": arguments.accounts,
        "start": arguments.start.to_string(),
        "peaks": arguments.peaks.0.iter().map(|peak| peak.name()).collect::<Vec<_>>(),
        "policy": arguments.policy,
        "model": arguments.model.as_ref().map(|model| format!("{model:?}")),
        "reference": world.sources(),
    })
}

fn describe(arguments: &Arguments, written: &Written) -> String {
    let mut table = common::table(&["", "#number", ""]);
    let mut row = |name: &str, number: u64, note: String| {
        table.add_row([name.to_owned(), count(number), note]);
    };
    row("events", written.events, format!("{} MB", written.bytes / 1_000_000));
    row("  scored", written.scored, String::new());
    let rate = percent(share(written.frauds, written.scored));
    row("  fraud", written.frauds, format!("{rate} of the scored, attempted"));
    row("  looks like fraud", written.look_alikes, "honest".to_owned());
    row("labels", written.labels, "of what became known in these days".to_owned());
    let folder = arguments.out.display();
    let has_lines = formats(arguments).contains(&Format::Ndjson);
    let form = if has_lines { "ndjson" } else { "parquet" };
    format!(
        "{}\nlost to fraud: {} CNY\n\nnext: gyr score {folder} --detail minimal | head -3\n      \
         gyr backtest --data {folder} --truth {folder}/truth.{form} --out report.html",
        table.trim_fmt(),
        count(written.loss_fen.unsigned_abs() / 100),
    )
}
