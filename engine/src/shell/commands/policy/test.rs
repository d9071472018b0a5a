//! `gyr policy test`: a policy held to the examples of its rules and to its stories.
//!
//! Examples stand in the rules and are tried when the policy is checked, so a policy that gets this
//! far keeps them; stories are files beside it. What neither makes fire is named: a rule without
//! proof is a rule that may do anything.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use features::diagnostic::render;
use features::language::ast::{self, Statement};
use serde_json::{Value, json};

use super::super::common::{self, Failure, ModelChoice, count};
use crate::policy::{Policy, Sources, Wanted};
use crate::shell::explained::wrapped;
use crate::story::{self, Check, Story};

/// Holds a policy to the examples of its rules and to stories of what must be decided.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gyr policy test                                   the built-in policy and its own stories
  gyr policy test my.policy                         with all files stories/*.story beside it
  gyr policy test my.policy cards.story --model my.model.json
  gyr policy test my.policy stories --json

A story, in a file such as stories/cards.story:
  story many_cards \"Cards tried one after the other\"
    with any  account_id=a1 device.device_id=d1
    at -10m   card_link  card.card_token=c1
    at 0      card_link  card.card_token=c2
    expect rule device_many_cards missed
    expect approve

Exit code 1 when an example or an expectation does not hold, or a file has faults. Rules that no
story and no example fires are named and change nothing.")]
pub(crate) struct Arguments {
    /// The policy; `default`, or nothing, is the built-in one.
    #[arg(value_name = "POLICY")]
    policy: Option<PathBuf>,
    /// Files of stories, or folders of them; without any, those of `stories` beside the policy.
    #[arg(value_name = "STORY")]
    stories: Vec<PathBuf>,
    /// The model it goes with, or `none`; without this none, as a model trained again must not
    /// break what a story says of the rules.
    #[arg(long, value_name = "FILE|none")]
    model: Option<ModelChoice>,
    /// Write JSON: what was tried, what failed, and which rules nothing fires.
    #[arg(long)]
    json: bool,
}

/// A file of stories.
struct File {
    name: String,
    text: String,
}

/// An expectation that did not hold.
struct Failed {
    file: String,
    story: String,
    check: Check,
}

/// What came of everything that was tried.
struct Findings {
    policy: Arc<Policy>,
    name: String,
    hits: usize,
    misses: usize,
    files: usize,
    stories: usize,
    expectations: usize,
    failed: Vec<Failed>,
    /// For each rule, whether an example or a story fires it.
    is_fired: Vec<bool>,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let path = common::policy_file(arguments.policy.as_deref());
    let sources = common::policy_sources(path)?;
    let model = arguments.model.as_ref().unwrap_or(&ModelChoice::None);
    let policy = common::sound_policy(&sources, Some(model), Wanted::AllFeatures)?;
    let files = story_files(path, &arguments.stories)?;
    let findings = told(&sources, Arc::new(policy), &files)?;
    if arguments.json {
        common::print_json(&report(&findings))?;
    } else {
        common::print(&describe(&findings))?;
    }
    match findings.failed.len() {
        0 => Ok(()),
        1 => Err(Failure::Findings(format!("{}: 1 expectation does not hold", findings.name))),
        failed => Err(Failure::Findings(format!(
            "{}: {} expectations do not hold",
            findings.name,
            count(failed as u64)
        ))),
    }
}

/// The files that were asked for, or those that lie beside the policy.
fn story_files(policy: Option<&Path>, asked: &[PathBuf]) -> Result<Vec<File>, Failure> {
    let mut paths = Vec::new();
    match (policy, asked) {
        (None, []) => {
            let file = |(name, text): &(&str, &str)| File {
                name: (*name).to_owned(),
                text: (*text).to_owned(),
            };
            return Ok(story::HOUSE.iter().map(file).collect());
        }
        (Some(policy), []) => {
            let folder = policy.parent().unwrap_or(Path::new("")).join("stories");
            if folder.is_dir() {
                paths = stories_in(&folder)?;
            }
        }
        (_, asked) => {
            for path in asked {
                if path.is_dir() {
                    paths.extend(stories_in(path)?);
                } else {
                    paths.push(path.clone());
                }
            }
        }
    }
    let read = |path: &PathBuf| {
        let text = common::read_text(path)?;
        Ok(File { name: path.display().to_string(), text })
    };
    paths.iter().map(read).collect()
}

/// The files `*.story` of a folder, by name.
fn stories_in(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = fs::read_dir(folder).map_err(|error| Failure::reading(folder, &error))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| Failure::reading(folder, &error))?.path();
        if path.extension().is_some_and(|extension| extension == "story") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Tells every story; the faults of all files are one failure.
fn told(sources: &Sources, policy: Arc<Policy>, files: &[File]) -> Result<Findings, Failure> {
    let mut faults = String::new();
    let mut stories: Vec<(&File, Vec<Story>)> = Vec::new();
    for file in files {
        match story::read(&file.text, &policy) {
            Ok(read) => stories.push((file, read)),
            Err(found) => faults.push_str(&render(&file.name, &file.text, &found)),
        }
    }
    if !faults.is_empty() {
        return Err(Failure::Findings(faults.trim_end().to_owned()));
    }
    let rules = policy.rules().rules.len();
    let mut findings = Findings {
        name: sources.name().to_owned(),
        hits: 0,
        misses: 0,
        files: files.len(),
        stories: 0,
        expectations: 0,
        failed: Vec::new(),
        is_fired: vec![false; rules],
        policy,
    };
    for rule in rules_of(sources.parsed()) {
        findings.hits += rule.hits.len();
        findings.misses += rule.misses.len();
        let set = &findings.policy.rules().rules;
        let index = set.iter().position(|checked| checked.name == rule.name.node);
        if let (Some(index), false) = (index, rule.hits.is_empty()) {
            findings.is_fired[index] = true;
        }
    }
    for (file, stories) in stories {
        for story in stories {
            let told = story.tell(&findings.policy);
            findings.stories += 1;
            findings.expectations += told.checks.len();
            for rule in told.fired {
                findings.is_fired[usize::from(rule)] = true;
            }
            let failed = told.checks.into_iter().filter(|check| !check.holds);
            findings.failed.extend(failed.map(|check| Failed {
                file: file.name.clone(),
                story: story.name.clone(),
                check,
            }));
        }
    }
    Ok(findings)
}

fn rules_of(parsed: &ast::Policy) -> impl Iterator<Item = &ast::Rule> {
    parsed.statements.iter().filter_map(|statement| match &statement.node {
        Statement::Rule(rule) => Some(rule),
        _ => None,
    })
}

impl Findings {
    /// Names of the rules that nothing fires.
    fn unfired(&self) -> Vec<&str> {
        let rules = self.policy.rules().rules.iter().zip(&self.is_fired);
        rules.filter(|(_, fired)| !**fired).map(|(rule, _)| rule.name.as_str()).collect()
    }
}

fn describe(findings: &Findings) -> String {
    let mut text = String::new();
    if !findings.failed.is_empty() {
        let mut table = common::table(&["place", "story", "about", "wanted", "got"]);
        for Failed { file, story, check } in &findings.failed {
            let place = format!("{file}:{}", check.line);
            let cells = [&place, story, &check.subject, &check.wanted, &check.got];
            table.add_row(cells.map(String::as_str));
        }
        text.push_str(&format!("{table}\n\n"));
    }
    let number = |number: usize| count(number as u64);
    let held = findings.expectations - findings.failed.len();
    text.push_str(&format!("policy    {} {}\n", findings.policy.name(), findings.policy.version()));
    text.push_str(&format!(
        "examples  {} hits and {} misses in its rules, all as they say\n",
        number(findings.hits),
        number(findings.misses)
    ));
    text.push_str(&format!(
        "stories   {} in {} files, {} of {} expectations hold\n",
        number(findings.stories),
        number(findings.files),
        number(held),
        number(findings.expectations)
    ));
    let unfired = findings.unfired();
    let rules = findings.is_fired.len();
    text.push_str(&format!(
        "coverage  {} of {} rules are fired by an example or a story",
        number(rules - unfired.len()),
        number(rules)
    ));
    if !unfired.is_empty() {
        let names = format!("nothing fires {}", unfired.join(", "));
        text.push_str(&format!("\n          {}", wrapped(&names, 10)));
    }
    text
}

fn report(findings: &Findings) -> Value {
    let failed = |Failed { file, story, check }: &Failed| {
        json!({
            "file": file, "line": check.line, "story": story, "about": check.subject,
            "wanted": check.wanted, "got": check.got,
        })
    };
    json!({
        "policy": { "name": findings.policy.name(), "version": findings.policy.version() },
        "examples": { "hits": findings.hits, "misses": findings.misses },
        "files": findings.files,
        "stories": findings.stories,
        "expectations": findings.expectations,
        "failed": findings.failed.iter().map(failed).collect::<Vec<_>>(),
        "rules": findings.is_fired.len(),
        "rules_nothing_fires": findings.unfired(),
    })
}
