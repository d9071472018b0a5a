//! `gyr features`: the catalogue of everything a rule or a model can read, with a policy's own.

use std::path::PathBuf;

use clap::Args;
use features::language::define::Feature;
use features::language::print_duration;
use serde_json::json;

use super::common::{self, Failure, ModelChoice};
use super::names;
use crate::policy::Wanted;

/// Lists the features that rules and models can read: the built-in ones and a policy's own.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gyr features                          everything that comes with the engine
  gyr features 'card_*' '*_1h'          what the patterns match
  gyr features --policy my.policy       with the features that my.policy defines
  gyr features --json | jq '.[].name'   for a program

A window of `life` has no end. `missing` says what a feature reads when there is nothing to read.")]
pub(crate) struct Arguments {
    /// Show only names that match, with `*` and `?` as in a shell.
    #[arg(value_name = "PATTERN")]
    patterns: Vec<String>,
    /// Add the features that this policy defines.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Write JSON: one array of objects.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let path = arguments.policy.as_deref();
    let policy = common::load_policy(path, Some(&ModelChoice::None), Wanted::Judging)?;
    let all: Vec<&str> = policy.features().iter().map(|feature| feature.name.as_str()).collect();
    let chosen = names::choose(&arguments.patterns, &all)?;
    let features: Vec<&Feature> =
        policy.features().iter().filter(|feature| chosen.contains(&feature.name)).collect();
    if arguments.json {
        let entries = features.iter().map(|feature| entry(feature)).collect();
        return common::print_json(&serde_json::Value::Array(entries));
    }
    let mut table = common::table(&["name", "entity", "windows", "unit", "missing", "meaning"]);
    for feature in &features {
        table.add_row([
            &feature.name,
            &feature.entity,
            &windows(feature).join(" "),
            &feature.unit,
            &feature.missing,
            &feature.title,
        ]);
    }
    common::print(&table.trim_fmt())?;
    common::say(&format!("{} features", common::count(features.len() as u64)));
    Ok(())
}

/// A feature as JSON, here and in `GET /v1/features`.
pub(crate) fn entry(feature: &Feature) -> serde_json::Value {
    json!({
        "name": feature.name,
        "id": feature.id,
        "entity": feature.entity,
        "windows": windows(feature),
        "windows_ms": feature.windows_ms,
        "unit": feature.unit,
        "missing": feature.missing,
        "meaning": feature.title,
        "cost": feature.cost,
        "is_builtin": feature.is_builtin,
    })
}

/// The window lengths as the language writes them.
fn windows(feature: &Feature) -> Vec<String> {
    let name = |ms: &i64| if *ms == 0 { "life".to_owned() } else { print_duration(*ms) };
    feature.windows_ms.iter().map(name).collect()
}
