//! What the commands share: how they fail, what they read a policy and a model from, where they
//! write, and how they show numbers and progress to a person.
//!
//! A [`Failure`] ends a command and knows its exit code. A [`Failure::Hangup`] is none: whoever
//! read our output has seen enough (`gyr score FILE | head`). An [`Output`] appears under its name
//! when it is complete and not before. Progress is drawn on standard error when that is a terminal.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use datasets::synth::{Atlas, Options, Peak, Settings, World};
use features::diagnostic::{Diagnostic, Place, render};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use models::ModelDraft;

use super::days::{DAY_MS, Day};
use crate::explain::show::thousands;
use crate::policy::{DEFAULT_MODEL, DEFAULT_POLICY, Policy, Sources, Wanted};

/// Columns of a table on a terminal.
const TABLE_WIDTH: u16 = 120;

/// The simulated world of these options.
///
/// # Errors
/// What is wrong with them, each under the name of its command-line option.
pub(crate) fn new_world(options: Options) -> Result<World, Failure> {
    World::new(options).map_err(|faults| {
        let line = |fault: &Diagnostic| match &fault.place {
            Place::Field(option) => format!("--{option}: {} ({})", fault.message, fault.code),
            _ => fault.to_string(),
        };
        Failure::Usage(faults.iter().map(line).collect::<Vec<_>>().join("\n"))
    })
}

/// A simulated world of all seasons in which every story is told from its first day on: what plays
/// for weeks cannot wait for what emerges after months.
///
/// # Errors
/// As [`new_world`].
pub(crate) fn eventful_world(
    seed: u64,
    days: u32,
    accounts: u32,
    start: Day,
    mut settings: Settings,
) -> Result<World, Failure> {
    settings.fraud.begin_at_once();
    new_world(Options {
        seed,
        days,
        accounts,
        start_ms: start.0 * DAY_MS,
        peaks: Peak::ALL.to_vec(),
        settings,
        atlas: Atlas::built_in(),
    })
}

/// Why a command ended before its work was done, or with something to complain about.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Exit code 1: an input has faults, or a check found something.
    Findings(String),
    /// Exit code 2: the arguments do not fit together.
    Usage(String),
    /// Exit code 3: a file, a port or a disk.
    Environment(String),
    /// Exit code 0: the reader of our output went away.
    Hangup,
}

impl Failure {
    /// The code that the process ends with.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Failure::Hangup => 0,
            Failure::Findings(_) => 1,
            Failure::Usage(_) => 2,
            Failure::Environment(_) => 3,
        }
    }

    /// The same, with words before its text.
    pub(crate) fn after(self, words: &str) -> Failure {
        let told = |text| format!("{words}{text}");
        match self {
            Failure::Findings(text) => Failure::Findings(told(text)),
            Failure::Usage(text) => Failure::Usage(told(text)),
            Failure::Environment(text) => Failure::Environment(told(text)),
            Failure::Hangup => Failure::Hangup,
        }
    }

    /// A file that could not be read.
    pub(crate) fn reading(path: &Path, error: &io::Error) -> Failure {
        Failure::Environment(format!("cannot read {}: {error}", path.display()))
    }

    /// A file that could not be written.
    pub(crate) fn writing(path: &Path, error: &io::Error) -> Failure {
        Failure::Environment(format!("cannot write {}: {error}", path.display()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Findings(text) | Failure::Usage(text) | Failure::Environment(text) => {
                f.write_str(text)
            }
            Failure::Hangup => Ok(()),
        }
    }
}

impl From<datasets::Error> for Failure {
    fn from(error: datasets::Error) -> Failure {
        use datasets::Error;
        match &error {
            Error::UnknownMap { .. } => Failure::Usage(error.to_string()),
            Error::Map { .. } | Error::Form { .. } => Failure::Findings(error.to_string()),
            Error::Write { path, source }
                if path == Path::new("-") && source.kind() == io::ErrorKind::BrokenPipe =>
            {
                Failure::Hangup
            }
            _ => Failure::Environment(error.to_string()),
        }
    }
}

/// Which model a policy goes with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ModelChoice {
    /// None: the rules decide alone.
    None,
    /// A file.
    File(PathBuf),
}

impl FromStr for ModelChoice {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<ModelChoice, Self::Err> {
        Ok(match text {
            "none" => ModelChoice::None,
            path => ModelChoice::File(PathBuf::from(path)),
        })
    }
}

/// The text of a file, or of standard input for `-`.
pub(crate) fn read_text(path: &Path) -> Result<String, Failure> {
    let bytes = read_bytes(path)?;
    String::from_utf8(bytes).map_err(|_| {
        let error = io::Error::new(io::ErrorKind::InvalidData, "it is no UTF-8 text");
        Failure::reading(path, &error)
    })
}

/// The bytes of a file, or of standard input for `-`.
pub(crate) fn read_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(path)
    };
    read.map_err(|error| Failure::reading(path, &error))
}

/// The file of a policy; `None` where nothing is given, or the word that stands for the policy that
/// comes with the engine. A file of that name is `./default`.
pub(crate) fn policy_file(given: Option<&Path>) -> Option<&Path> {
    given.filter(|path| *path != Path::new("default"))
}

/// The texts of a policy and of all files it names: of a file, or of the policy that comes with the
/// engine, as [`policy_file`] says.
pub(crate) fn policy_sources(given: Option<&Path>) -> Result<Sources, Failure> {
    let Some(path) = policy_file(given) else {
        return Ok(Sources::alone("built-in policy", DEFAULT_POLICY));
    };
    let bytes = read_bytes(path)?;
    let mut read = |name: &str| fs::read(name).map_err(|error| error.to_string());
    Ok(Sources::gather(&path.display().to_string(), &bytes, &mut read))
}

/// The text of the chosen model file; without a choice, of the model that comes with the engine.
fn model_source(choice: Option<&ModelChoice>) -> Result<Option<String>, Failure> {
    Ok(match choice {
        Some(ModelChoice::None) => None,
        Some(ModelChoice::File(path)) => Some(read_text(path)?),
        None => Some(DEFAULT_MODEL.to_owned()),
    })
}

/// What a model is called in messages.
fn model_name(choice: Option<&ModelChoice>) -> String {
    match choice {
        Some(ModelChoice::File(path)) => path.display().to_string(),
        Some(ModelChoice::None) => "no model".to_owned(),
        None => "built-in model".to_owned(),
    }
}

/// Reads and checks a policy and its model; every fault of both is in the failure.
pub(crate) fn load_policy(
    path: Option<&Path>,
    choice: Option<&ModelChoice>,
    wanted: Wanted<'_>,
) -> Result<Policy, Failure> {
    sound_policy(&policy_sources(path)?, choice, wanted)
}

/// Checks the texts of a policy and its model; every fault of both is in the failure.
pub(crate) fn sound_policy(
    sources: &Sources,
    choice: Option<&ModelChoice>,
    wanted: Wanted<'_>,
) -> Result<Policy, Failure> {
    let checked = check_policy(sources, choice, wanted)?;
    checked.map_err(|faults| Failure::Findings(draw_faults(sources, choice, &faults)))
}

/// Checks the texts of a policy and its model. The outer failure is a file that cannot be read.
pub(crate) fn check_policy(
    sources: &Sources,
    choice: Option<&ModelChoice>,
    wanted: Wanted<'_>,
) -> Result<Result<Policy, Vec<Diagnostic>>, Failure> {
    let text = model_source(choice)?;
    Ok(match text.map(|text| ModelDraft::read(&text)).transpose() {
        Ok(draft) => Policy::check_sources(sources, draft, wanted),
        // The policy is checked all the same, so that its author reads everything at once.
        Err(of_model) => {
            let checked = Policy::check_sources(sources, None, wanted);
            let mut faults = checked.err().unwrap_or_default();
            faults.extend(of_model.into_iter().map(|fault| {
                let place = Place::Field(fault.place);
                let diagnostic = Diagnostic::error(fault.code, place, fault.message);
                Diagnostic { help: fault.help, ..diagnostic }
            }));
            Err(faults)
        }
    })
}

/// Faults of a policy and its model, each drawn over the file it is in.
pub(crate) fn draw_faults(
    sources: &Sources,
    choice: Option<&ModelChoice>,
    faults: &[Diagnostic],
) -> String {
    let (of_model, of_policy): (Vec<Diagnostic>, Vec<Diagnostic>) = faults
        .iter()
        .cloned()
        .partition(|fault| fault.code.starts_with('M') && matches!(fault.place, Place::Field(_)));
    let mut text = sources.render(&of_policy);
    text.push_str(&render(&model_name(choice), "", &of_model));
    text.trim_end().to_owned()
}

/// Where a result goes: standard output, or a file that gets its name when it is complete.
#[derive(Debug)]
pub(crate) struct Output {
    path: PathBuf,
    place: Destination,
}

#[derive(Debug)]
enum Destination {
    Stdout(BufWriter<io::StdoutLock<'static>>),
    File { file: BufWriter<File>, temporary: PathBuf },
}

impl Output {
    /// Starts a file, or standard output without a path or for `-`.
    pub(crate) fn create(path: Option<&Path>) -> Result<Output, Failure> {
        let Some(path) = path.filter(|path| *path != Path::new("-")) else {
            let stdout = BufWriter::with_capacity(1 << 16, io::stdout().lock());
            let path = PathBuf::from("standard output");
            return Ok(Output { path, place: Destination::Stdout(stdout) });
        };
        let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        let temporary = path.with_file_name(format!(".{name}.partial"));
        let file = File::create(&temporary).map_err(|error| Failure::writing(path, &error))?;
        let file = BufWriter::with_capacity(1 << 16, file);
        Ok(Output { path: path.to_owned(), place: Destination::File { file, temporary } })
    }

    /// Adds bytes.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let written = match &mut self.place {
            Destination::Stdout(stdout) => stdout.write_all(bytes),
            Destination::File { file, .. } => file.write_all(bytes),
        };
        written.map_err(|error| self.failure(&error))
    }

    /// Adds a line.
    pub(crate) fn line(&mut self, text: &str) -> Result<(), Failure> {
        self.put(text.as_bytes())?;
        self.put(b"\n")
    }

    /// Writes out what is left, and gives a file its name.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        let finished = match &mut self.place {
            Destination::Stdout(stdout) => stdout.flush(),
            Destination::File { file, temporary } => file
                .flush()
                .and_then(|()| file.get_ref().sync_all())
                .and_then(|()| fs::rename(temporary, &self.path)),
        };
        finished.map_err(|error| self.failure(&error))
    }

    fn failure(&self, error: &io::Error) -> Failure {
        match (&self.place, error.kind()) {
            (Destination::Stdout(_), io::ErrorKind::BrokenPipe) => Failure::Hangup,
            _ => Failure::writing(&self.path, error),
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // Work that broke off leaves nothing behind. A complete file has its own name by now, and
        // where even removing fails nothing else can be done.
        if let Destination::File { temporary, .. } = &self.place {
            let _ = fs::remove_file(temporary);
        }
    }
}

/// Writes one text to standard output.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut output = Output::create(None)?;
    output.line(text)?;
    output.finish()
}

/// Writes one JSON document to standard output, laid out for people.
pub(crate) fn print_json(value: &serde_json::Value) -> Result<(), Failure> {
    print(&format!("{value:#}"))
}

/// A talk line on standard error; nobody listening is no reason to stop.
pub(crate) fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Whether a person watches standard error.
pub(crate) fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// A progress bar over bytes, or a counter when their number is not known; drawn for people only.
pub(crate) fn progress(what: &'static str, bytes: Option<u64>) -> ProgressBar {
    let target =
        if is_watched() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let (bar, template) = match bytes {
        Some(bytes) => (
            ProgressBar::with_draw_target(Some(bytes), target),
            "{msg} [{bar:32}] {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
        ),
        None => (ProgressBar::with_draw_target(None, target), "{msg} {bytes}, {bytes_per_sec}"),
    };
    let style = ProgressStyle::with_template(template).expect("the template above is valid");
    bar.set_style(style.progress_chars("=> "));
    bar.set_message(what);
    bar
}

/// A progress bar over simulated days; drawn for people only.
pub(crate) fn progress_days(days: u32) -> ProgressBar {
    let target =
        if is_watched() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(u64::from(days)), target);
    let template = "simulating [{bar:32}] day {pos} of {len}, {eta} left";
    let style = ProgressStyle::with_template(template).expect("the template above is valid");
    bar.set_style(style.progress_chars("=> "));
    bar
}

/// An empty table with these columns; those that begin with `#` are numbers and stand right.
pub(crate) fn table(columns: &[&str]) -> Table {
    let mut table = Table::new();
    // On a terminal long texts are broken; for a program every row stays one line.
    if io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(TABLE_WIDTH);
    }
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.style_mut().row_separator = presets::NOTHING.row_separator;
    table.set_header(columns.iter().map(|column| column.trim_start_matches('#')));
    for (index, column) in columns.iter().enumerate() {
        if column.starts_with('#')
            && let Some(column) = table.column_mut(index)
        {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// A count with its thousands apart: `1,169,723`.
pub(crate) fn count(number: u64) -> String {
    thousands(&number.to_string())
}

/// Cents as whole dollars: `-1,234 USD`, rounded half away from zero.
pub(crate) fn usd(cents: f64) -> String {
    let dollars = (cents / 100.0).round();
    let sign = if dollars < 0.0 { "-" } else { "" };
    format!("{sign}{} USD", count(dollars.abs() as u64))
}

/// A share as percent with two decimals, a dash when it is not defined.
pub(crate) fn percent(share: Option<f64>) -> String {
    match share {
        Some(share) if share.is_finite() => format!("{:.2} %", 100.0 * share),
        _ => "-".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        let counts = [0, 999, 1_000, 1_169_723].map(count);
        assert_eq!(counts, ["0", "999", "1,000", "1,169,723"]);
        let sums = [0.0, 149.0, 150.0, -123_456.0, -1.0].map(usd);
        assert_eq!(sums, ["0 USD", "1 USD", "2 USD", "-1,235 USD", "0 USD"]);
        let shares = [Some(0.5), Some(0.000_04), None, Some(f64::NAN)].map(percent);
        assert_eq!(shares, ["50.00 %", "0.00 %", "-", "-"]);
    }

    #[test]
    fn a_model_can_be_left_out_by_name() {
        assert_eq!("none".parse(), Ok(ModelChoice::None));
        assert_eq!("./none".parse(), Ok(ModelChoice::File(PathBuf::from("./none"))));
    }

    #[test]
    fn a_file_appears_when_it_is_complete_and_leaves_nothing_when_it_is_not() {
        let folder = std::env::temp_dir().join(format!("gyr-output-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("result.json");
        let mut broken_off = Output::create(Some(&path)).unwrap();
        broken_off.line("half").unwrap();
        drop(broken_off);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        let mut output = Output::create(Some(&path)).unwrap();
        output.line("whole").unwrap();
        assert!(!path.exists());
        output.finish().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole\n");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_missing_file_is_the_environments_fault_and_a_bad_model_is_a_finding() {
        let missing = read_text(Path::new("/nowhere/at/all")).unwrap_err();
        assert_eq!(missing.exit_code(), 3);
        assert!(missing.to_string().contains("cannot read /nowhere/at/all"), "{missing}");
    }
}
