//! `gyr policy check`: everything that is wrong with a policy at once, and what it amounts to.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use features::diagnostic::{Diagnostic, Place};
use features::language::ast::Statement;
use serde_json::{Value, json};

use super::super::common::{self, Failure, ModelChoice};
use super::super::dataset::NetworkArguments;
use super::data;
use crate::census::Census;
use crate::policy::{Policy, Sources, Wanted};
use crate::rules::cost::Cost;
use crate::rules::lint;

/// Finds every fault of a policy and what is odd about it, and says what it holds and costs.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gyr policy check my.policy                        with the built-in model
  gyr policy check my.policy --model none           rules alone
  gyr policy check my.policy --model my.model.json  with the model it is meant for
  gyr policy check my.policy --data data            and what its rules do with these events
  gyr policy check my.policy --costs                and what each rule costs
  gyr policy check my.policy --strict --deny-warnings
  gyr policy check - --json < my.policy             for an editor
  gyr policy check default --costs                  the built-in policy

`gyr codes CODE` says what a code means. Exit code 1 when the policy has faults; warnings leave it
at 0 unless they are denied.")]
pub(crate) struct Arguments {
    /// The policy; `-` is standard input, `default` the built-in one.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The model it goes with, or `none`; without this, the built-in one.
    #[arg(long, value_name = "FILE|none")]
    model: Option<ModelChoice>,
    /// Fold these events through the policy, and tell what each rule does with them.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    networks: NetworkArguments,
    /// Show what each rule costs, the most expensive first.
    #[arg(long)]
    costs: bool,
    /// Warn of rules without owner or expected band too.
    #[arg(long)]
    strict: bool,
    /// End with code 1 when there are warnings.
    #[arg(long)]
    deny_warnings: bool,
    /// Write JSON: faults, warnings, the summary, costs and the census.
    #[arg(long)]
    json: bool,
}

/// Rules that the table of costs shows.
const COSTS_SHOWN: usize = 20;

/// A sound policy with all that was found out about it.
struct Found {
    policy: Arc<Policy>,
    warnings: Vec<Diagnostic>,
    costs: Vec<Cost>,
    census: Option<Census>,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let sources = common::policy_sources(Some(&arguments.file))?;
    let model = arguments.model.as_ref();
    let checked = match common::check_policy(&sources, model, Wanted::Judging)? {
        Ok(policy) => Ok(look_at(Arc::new(policy), &sources, arguments)?),
        Err(faults) => Err(faults),
    };
    if arguments.json {
        common::print_json(&report(&sources, &checked))?;
    } else {
        common::print(&describe(&sources, model, &checked))?;
    }
    let counted = |number: usize, noun: &str| {
        let plural = if number == 1 { "" } else { "s" };
        Failure::Findings(format!("{}: {number} {noun}{plural}", sources.name()))
    };
    match checked {
        Ok(found) if arguments.deny_warnings && !found.warnings.is_empty() => {
            Err(counted(found.warnings.len(), "warning"))
        }
        Ok(_) => Ok(()),
        Err(faults) => {
            Err(counted(faults.iter().filter(|fault| fault.is_error()).count(), "fault"))
        }
    }
}

/// Gathers what there is to say of a sound policy.
fn look_at(
    policy: Arc<Policy>,
    sources: &Sources,
    arguments: &Arguments,
) -> Result<Found, Failure> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now_ms = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
    let mut warnings = policy.warnings().to_vec();
    warnings.extend(lint::of_the_day(sources.parsed(), now_ms, arguments.strict));
    let census = match &arguments.data {
        Some(data) => Some(data::take(&policy, data, &arguments.networks)?),
        None => None,
    };
    if let Some(census) = &census {
        warnings.extend(census.warnings(sources.parsed(), policy.rules(), policy.plan()));
    }
    let costs = if arguments.costs { policy.costs() } else { Vec::new() };
    Ok(Found { policy, warnings: lint::settle(warnings), costs, census })
}

fn describe(
    sources: &Sources,
    model: Option<&ModelChoice>,
    checked: &Result<Found, Vec<Diagnostic>>,
) -> String {
    let found = match checked {
        Err(faults) => return common::draw_faults(sources, model, faults),
        Ok(found) => found,
    };
    let policy = &found.policy;
    let mut text = common::draw_faults(sources, model, &found.warnings);
    if !text.is_empty() {
        text.push('\n');
    }
    let summary = Summary::of(sources, policy);
    let counted = |number: usize, noun: &str| format!("{} {noun}", common::count(number as u64));
    let lines = [
        ("policy", format!("{} {}", policy.name(), policy.version())),
        (
            "model",
            match policy.model() {
                Some(model) => format!("{} {}", model.name(), model.version()),
                None => "none".to_owned(),
            },
        ),
        (
            "rules",
            format!(
                "{}, {} in shadow, {}",
                counted(summary.rules, "voting"),
                summary.shadow,
                counted(summary.exemptions, "exemptions"),
            ),
        ),
        (
            "features",
            format!("{} of its own, {}", summary.own_features, counted(summary.lists, "lists")),
        ),
        ("facts", counted(summary.facts, "kept for every event")),
        (
            "cost",
            format!(
                "{}, {} in {}",
                counted(summary.nodes as usize, "nodes at most for the rules of one event"),
                counted(summary.questions, "questions to the past"),
                counted(summary.tables, "tables"),
            ),
        ),
    ];
    for (name, value) in lines {
        text.push_str(&format!("{name:<9}{value}\n"));
    }
    if !found.costs.is_empty() {
        text.push_str(&format!("\n{}\n\n", describe_costs(policy, &found.costs)));
    }
    if let Some(census) = &found.census {
        text.push_str(&format!("\n{}\n\n", data::describe(policy, census)));
    }
    text.push_str(&format!("{}: no faults, {} warnings", sources.name(), found.warnings.len()));
    text
}

/// The most expensive rules, for people.
fn describe_costs(policy: &Policy, costs: &[Cost]) -> String {
    let columns =
        ["rule", "#nodes", "#facts", "#questions", "#own facts", "#own questions", "#own tables"];
    let mut table = common::table(&columns);
    for cost in costs.iter().take(COSTS_SHOWN) {
        let numbers = [
            cost.nodes as usize,
            cost.facts,
            cost.questions,
            cost.own_facts,
            cost.own_questions,
            cost.own_tables,
        ];
        let name = policy.rules().rules[cost.rule].name.clone();
        let cells = numbers.map(|number| common::count(number as u64));
        table.add_row(std::iter::once(name).chain(cells));
    }
    let left = costs.len().saturating_sub(COSTS_SHOWN);
    let more = if left == 0 { String::new() } else { format!("\nand {left} cheaper rules") };
    format!("{}{more}", table.trim_fmt())
}

/// What a policy holds and costs.
struct Summary {
    rules: usize,
    shadow: usize,
    exemptions: usize,
    lists: usize,
    own_features: usize,
    facts: usize,
    nodes: u32,
    questions: usize,
    tables: usize,
}

impl Summary {
    fn of(sources: &Sources, policy: &Policy) -> Summary {
        let set = policy.rules();
        let shadow = set.rules.iter().filter(|rule| rule.is_shadow).count();
        let parsed = sources.parsed();
        let is_list = |statement: &Statement| matches!(statement, Statement::List(_));
        let conditions = set.rules.iter().map(|rule| rule.when.cost());
        Summary {
            rules: set.rules.len() - shadow,
            shadow,
            exemptions: set.exemptions.len(),
            lists: parsed.statements.iter().filter(|s| is_list(&s.node)).count(),
            own_features: policy.features().iter().filter(|f| !f.is_builtin).count(),
            facts: policy.plan().facts().len(),
            nodes: conditions.chain(set.exemptions.iter().map(|e| e.when.cost())).sum(),
            questions: policy.plan().tables().map(|(_, asked)| asked).sum(),
            tables: policy.plan().tables().count(),
        }
    }
}

fn report(sources: &Sources, checked: &Result<Found, Vec<Diagnostic>>) -> Value {
    let entries = |list: &[Diagnostic]| -> Vec<Value> {
        list.iter().map(|diagnostic| entry(sources, diagnostic)).collect()
    };
    let found = match checked {
        Err(faults) => return json!({ "file": sources.name(), "diagnostics": entries(faults) }),
        Ok(found) => found,
    };
    let policy = &found.policy;
    let summary = Summary::of(sources, policy);
    let costs = found.costs.iter().map(|cost| {
        json!({
            "rule": policy.rules().rules[cost.rule].name,
            "nodes": cost.nodes,
            "facts": cost.facts,
            "questions": cost.questions,
            "own_facts": cost.own_facts,
            "own_questions": cost.own_questions,
            "own_tables": cost.own_tables,
        })
    });
    json!({
        "costs": costs.collect::<Vec<_>>(),
        "census": found.census.as_ref().map(|census| data::entry(policy, census)),
        "file": sources.name(),
        "diagnostics": entries(&found.warnings),
        "policy": { "name": policy.name(), "version": policy.version() },
        "model": policy.model().map(|model| {
            json!({ "name": model.name(), "version": model.version() })
        }),
        "rules": summary.rules,
        "shadow_rules": summary.shadow,
        "exemptions": summary.exemptions,
        "lists": summary.lists,
        "own_features": summary.own_features,
        "facts": summary.facts,
        "cost": {
            "nodes": summary.nodes,
            "questions": summary.questions,
            "tables": summary.tables,
        },
    })
}

/// One diagnostic for a machine; lines and columns count from one, columns in characters.
fn entry(sources: &Sources, diagnostic: &Diagnostic) -> Value {
    let mut value = json!({
        "code": diagnostic.code,
        "severity": diagnostic.severity.name(),
        "message": diagnostic.message,
        "help": diagnostic.help,
    });
    match &diagnostic.place {
        Place::Text { .. } => {
            if let Some(position) = sources.position(&diagnostic.place) {
                value["file"] = json!(position.file);
                value["line"] = json!(position.line);
                value["column"] = json!(position.column);
                value["start"] = json!(position.bytes.start);
                value["end"] = json!(position.bytes.end);
            }
        }
        Place::Field(path) => value["field"] = json!(path),
        Place::Row(row) => value["row"] = json!(row),
        Place::Whole => {}
    }
    value
}
