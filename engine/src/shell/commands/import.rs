//! `gyr import`: somebody else's table becomes events and labels in our form.

use std::path::PathBuf;

use clap::Args;
use datasets::{ColumnMap, Report};
use serde_json::json;

use super::common::{self, Failure};
use super::days::print_time;

/// Reasons for refusal that are shown.
const REASONS_MAX: usize = 10;

/// Turns tables (CSV, plain or gzip) into a folder of events and labels, by a column map.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gyr import --map handbook transactions.csv.gz --out data
  gyr import --map my-map.toml january.csv february.csv --out data
  gunzip -c big.csv.gz | gyr import --map my-map.toml - --out data --json

The folder gets events.ndjson and labels.ndjson, sorted by time, rejected.ndjson with every refused
row and why, and import.json with the counts. Column maps are small TOML files; the README of
`datasets` explains them. Built in are: handbook, sparkov, paysim, ecommerce, evalml, cloudwalk.")]
pub(crate) struct Arguments {
    /// The column map: the name of a built-in one, or a file.
    #[arg(long, value_name = "NAME|FILE")]
    map: String,
    /// The tables, in the order of their rows; `-` is standard input.
    #[arg(value_name = "IN", required = true)]
    inputs: Vec<PathBuf>,
    /// The folder for the result; made if need be.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Write the report as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let map = ColumnMap::find(&arguments.map)?;
    let mut bar = None;
    let report = datasets::import(&arguments.inputs, &map, &arguments.out, &mut |progress| {
        let bar = bar.get_or_insert_with(|| common::progress("importing", progress.total_bytes));
        bar.set_position(progress.bytes);
    })?;
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    if arguments.json {
        let value = serde_json::to_value(&report).unwrap_or_else(|error| json!(error.to_string()));
        common::print_json(&value)?;
    } else {
        common::print(&describe(&report))?;
    }
    if report.events == 0 {
        return Err(Failure::Findings("no row became an event".to_owned()));
    }
    Ok(())
}

fn describe(report: &Report) -> String {
    let mut table = common::table(&["", "#rows"]);
    let mut row = |name: &str, number: u64| {
        table.add_row([name, &common::count(number)]);
    };
    row("rows read", report.rows);
    row("events", report.events);
    for (event_type, number) in &report.by_type {
        row(&format!("  {event_type}"), *number);
    }
    row("labels", report.fraud + report.legit);
    row("  fraud", report.fraud);
    row("  legit", report.legit);
    row("unlabelled", report.unlabelled);
    row("rejected", report.rejected);
    let mut text = table.trim_fmt();
    if let (Some(first), Some(last)) = (report.first_time_ms, report.last_time_ms) {
        text.push_str(&format!("\nfrom {} to {}", print_time(first), print_time(last)));
    }
    if !report.reasons.is_empty() {
        let mut table = common::table(&["#rows", "code", "field", "column", "first such row"]);
        for reason in report.reasons.iter().take(REASONS_MAX) {
            table.add_row([
                &common::count(reason.rows),
                reason.code,
                &reason.field,
                &reason.column,
                &reason.example,
            ]);
        }
        text.push_str("\nwhy rows were rejected (all of them are in rejected.ndjson):\n");
        text.push_str(&table.trim_fmt());
    }
    text
}
