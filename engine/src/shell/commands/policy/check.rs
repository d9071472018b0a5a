//! `gyr policy check`: everything that is wrong with a policy at once, and what it amounts to.

use std::path::PathBuf;

use clap::Args;
use features::diagnostic::{Diagnostic, Place};
use features::language::ast::Statement;
use serde_json::{Value, json};

use super::super::common::{self, Failure, ModelChoice};
use crate::policy::{Policy, Sources, Wanted};

/// Finds every fault of a policy, and says what it holds and costs.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gyr policy check my.policy                        with the built-in model
  gyr policy check my.policy --model none           rules alone
  gyr policy check my.policy --model my.model.json  with the model it is meant for
  gyr policy check - --json < my.policy             for an editor

Exit code 1 when the policy has faults; warnings leave it at 0.")]
pub(crate) struct Arguments {
    /// The policy; `-` is standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The model it goes with, or `none`; without this, the built-in one.
    #[arg(long, value_name = "FILE|none")]
    model: Option<ModelChoice>,
    /// Write JSON: faults, warnings and the summary.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let sources = common::policy_sources(Some(&arguments.file))?;
    let model = arguments.model.as_ref();
    let checked = common::check_policy(&sources, model, Wanted::Judging)?;
    if arguments.json {
        common::print_json(&report(&sources, &checked))?;
    } else {
        common::print(&describe(&sources, model, &checked))?;
    }
    match checked {
        Ok(_) => Ok(()),
        Err(faults) => {
            let number = faults.iter().filter(|fault| fault.is_error()).count();
            let noun = if number == 1 { "fault" } else { "faults" };
            Err(Failure::Findings(format!("{}: {number} {noun}", sources.name())))
        }
    }
}

fn describe(
    sources: &Sources,
    model: Option<&ModelChoice>,
    checked: &Result<Policy, Vec<Diagnostic>>,
) -> String {
    let policy = match checked {
        Err(faults) => return common::draw_faults(sources, model, faults),
        Ok(policy) => policy,
    };
    let mut text = common::draw_faults(sources, model, policy.warnings());
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
    text.push_str(&format!("{}: no faults, {} warnings", sources.name(), policy.warnings().len()));
    text
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

fn report(sources: &Sources, checked: &Result<Policy, Vec<Diagnostic>>) -> Value {
    let entries = |list: &[Diagnostic]| -> Vec<Value> {
        list.iter().map(|diagnostic| entry(sources, diagnostic)).collect()
    };
    let policy = match checked {
        Err(faults) => return json!({ "file": sources.name(), "diagnostics": entries(faults) }),
        Ok(policy) => policy,
    };
    let summary = Summary::of(sources, policy);
    json!({
        "file": sources.name(),
        "diagnostics": entries(policy.warnings()),
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
