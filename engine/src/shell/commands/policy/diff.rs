//! `gyr policy diff`: what changed between two policies, in their words and on events.
//!
//! Statements are compared by name and clause by clause, as trees: layout, comments and order do not
//! matter. On events both decide in step, through the machinery of the backtest.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use features::language::ast::{self, Expr, ExprNode, Name, Span, Spanned, Statement};
use features::language::{print, print_duration};
use serde_json::{Map, Value, json};

use super::super::backtest::{self, Comparison};
use super::super::common::{self, Failure, ModelChoice, count, usd};
use super::super::dataset::NetworkArguments;
use crate::backtest::{RuleReport, Tally, Truth};
use crate::policy::{Policy, Sources, Wanted};
use crate::shell::explained::wrapped;

/// Shows what changed from one policy to another: its statements, and what they decide.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gyr policy diff old.policy new.policy
  gyr policy diff old.policy new.policy --data data            and what is decided differently
  gyr policy diff default my.policy                            against the built-in policy
  gyr policy diff old.policy new.policy --data world --truth world/truth.ndjson --json

Statements are compared by name: layout, comments and order do not matter. With --data both decide
on the same events, each with its own past; money counts by what the labels say today. Differences
leave the exit code at 0.")]
pub(crate) struct Arguments {
    /// The policy before; `default` is the built-in one.
    #[arg(value_name = "A")]
    before: PathBuf,
    /// The policy after; `default` is the built-in one.
    #[arg(value_name = "B")]
    after: PathBuf,
    /// Events to decide with both: a folder of `gyr import` or `gyr simulate`, or NDJSON.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Judge by the truth of a simulated world instead of its labels: its truth.ndjson.
    #[arg(long, value_name = "FILE", requires = "data")]
    truth: Option<PathBuf>,
    #[command(flatten)]
    networks: NetworkArguments,
    /// The model they go with, or `none`; without this, the built-in one.
    #[arg(long, value_name = "FILE|none")]
    model: Option<ModelChoice>,
    /// Write JSON.
    #[arg(long)]
    json: bool,
}

/// A clause that changed: what it was and what it is; empty where there is none.
#[derive(Debug, PartialEq)]
struct Clause {
    name: &'static str,
    before: String,
    after: String,
}

/// A statement that changed.
#[derive(Debug, PartialEq)]
enum Change {
    Added,
    Removed,
    Changed(Vec<Clause>),
}

/// Kind and name of a statement.
type Key = (&'static str, String);

/// Changed statements.
type Changes = BTreeMap<Key, Change>;

/// The clauses of a statement, each with its name.
type Clauses = Vec<(&'static str, String)>;

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let model = arguments.model.as_ref();
    let open = |path: &PathBuf| -> Result<(Sources, Policy), Failure> {
        let sources = common::policy_sources(Some(path))?;
        let policy = common::sound_policy(&sources, model, Wanted::Judging)?;
        Ok((sources, policy))
    };
    let (before, policy_before) = open(&arguments.before)?;
    let (after, policy_after) = open(&arguments.after)?;
    let changes = changes(&before, &after);
    let names = (policy_before.version().to_owned(), policy_after.version().to_owned());
    let comparison = match &arguments.data {
        None => None,
        Some(data) => Some(backtest::compare(
            data,
            &arguments.networks,
            arguments.truth.as_deref(),
            policy_before,
            policy_after,
        )?),
    };
    if arguments.json {
        common::print_json(&document(&changes, comparison.as_ref(), &names))?;
    } else {
        common::print(&text(&changes, comparison.as_ref()))?;
    }
    comparison.map_or(Ok(()), |comparison| comparison.finish())
}

/// Statements of either text by kind and name, with their clauses.
fn clauses_of(sources: &Sources) -> BTreeMap<Key, Clauses> {
    let text = sources.text();
    let mut found = BTreeMap::new();
    for statement in &sources.parsed().statements {
        let (kind, name, clauses) = match &statement.node {
            // What a used file says stands in its place.
            Statement::Use(_) => continue,
            Statement::Let(item) => ("let", &item.name, vec![("is", print(&item.body))]),
            Statement::Set(item) => ("set", &item.name, vec![("is", print(&item.value))]),
            Statement::List(item) => ("list", &item.name, of_list(item, sources)),
            Statement::Feature(item) => ("feature", &item.name, of_feature(item)),
            Statement::Band(item) => {
                ("band", &item.name, vec![("says", sliced(text, statement.span))])
            }
            Statement::Rule(item) => ("rule", &item.name, of_rule(item, text)),
            Statement::Exempt(item) => ("exempt", &item.name, of_exempt(item)),
        };
        found.insert((kind, name.node.clone()), clauses);
    }
    found
}

fn changes(before: &Sources, after: &Sources) -> Changes {
    let mut left = clauses_of(before);
    let mut found = Changes::new();
    for (key, clauses) in clauses_of(after) {
        let Some(old) = left.remove(&key) else {
            found.insert(key, Change::Added);
            continue;
        };
        let changed: Vec<Clause> = old
            .into_iter()
            .zip(clauses)
            .filter(|(old, new)| old != new)
            .map(|((name, before), (_, after))| Clause { name, before, after })
            .collect();
        if !changed.is_empty() {
            found.insert(key, Change::Changed(changed));
        }
    }
    found.extend(left.into_keys().map(|key| (key, Change::Removed)));
    found
}

/// A stretch of the text on one line, without comments.
fn sliced(text: &str, span: Span) -> String {
    let slice = text.get(span.start as usize..span.end as usize).unwrap_or_default();
    let code = slice.lines().map(|line| line.split(" #").next().unwrap_or_default());
    let words: Vec<&str> = code
        .filter(|line| !line.trim_start().starts_with('#'))
        .flat_map(str::split_whitespace)
        .collect();
    words.join(" ")
}

fn names(names: &[Name]) -> String {
    names.iter().map(|name| name.node.as_str()).collect::<Vec<_>>().join(", ")
}

fn name(name: &Option<Name>) -> String {
    name.as_ref().map_or(String::new(), |name| name.node.clone())
}

fn actions(actions: &[Spanned<ast::Action>], text: &str) -> String {
    actions.iter().map(|action| sliced(text, action.span)).collect::<Vec<_>>().join(" and ")
}

fn of_rule(rule: &ast::Rule, text: &str) -> Clauses {
    let class = rule.class.as_ref().map_or(String::new(), |class| sliced(text, class.span));
    let suspects = rule.suspects.iter().map(|(name, weight)| format!("{} {weight}", name.node));
    let expect = rule.expect.map_or(String::new(), |(low, high)| {
        format!("{}% .. {}%", rounded(100.0 * low), rounded(100.0 * high))
    });
    let examples = |examples: &[ast::Example]| {
        examples.iter().map(|example| sliced(text, example.span)).collect::<Vec<_>>().join(" ")
    };
    vec![
        ("title", rule.title.clone()),
        ("as", class),
        ("on", names(&rule.on)),
        ("when", print(&rule.when)),
        ("then", actions(&rule.then, text)),
        ("undecided", actions(&rule.undecided, text)),
        ("because", name(&rule.because)),
        ("message", name(&rule.message)),
        ("cooldown", rule.cooldown_ms.map_or(String::new(), print_duration)),
        ("suspects", suspects.collect::<Vec<_>>().join(", ")),
        ("expect", expect),
        ("owner", rule.owner.clone().unwrap_or_default()),
        ("until", name(&rule.until)),
        ("shadow", if rule.shadow { "shadow".to_owned() } else { String::new() }),
        ("hits", examples(&rule.hits)),
        ("misses", examples(&rule.misses)),
    ]
}

/// A share as it was written: the reader multiplied it by a hundredth.
fn rounded(value: f64) -> f64 {
    (value * 1e9).round() / 1e9
}

fn of_exempt(exempt: &ast::Exempt) -> Clauses {
    vec![
        ("title", exempt.title.clone()),
        ("on", names(&exempt.on)),
        ("when", print(&exempt.when)),
        ("from", names(&exempt.from)),
        ("because", name(&exempt.because)),
        ("owner", exempt.owner.clone().unwrap_or_default()),
        ("until", name(&exempt.until)),
    ]
}

fn of_feature(feature: &ast::Feature) -> Clauses {
    let windows: Vec<&str> = feature.windows.iter().map(|w| w.node.text.as_str()).collect();
    vec![
        ("title", feature.title.clone()),
        ("windows", windows.join(", ")),
        ("unit", name(&feature.unit)),
        ("missing", name(&feature.missing)),
        ("is", print(&feature.body)),
    ]
}

fn of_list(list: &ast::List, sources: &Sources) -> Clauses {
    let texts = list
        .entries
        .iter()
        .map(|entry| Expr { node: ExprNode::Text(entry.node.clone()), span: entry.span });
    let entries: Vec<String> = texts.map(|text| print(&text)).collect();
    let file = list.from.as_ref().and_then(|path| sources.list_file(path));
    let lines = file.map_or(String::new(), |file| {
        let hash = blake3::hash(file.text.as_bytes()).to_hex();
        format!("{} lines, {}", count(file.text.lines().count() as u64), &hash[..8])
    });
    vec![
        ("title", list.title.clone()),
        ("kind", list.kind.node.name().to_owned()),
        ("entries", entries.join(", ")),
        ("from", list.from.as_ref().map_or(String::new(), |path| path.node.clone())),
        ("file", lines),
    ]
}

fn text(changes: &Changes, comparison: Option<&Comparison>) -> String {
    let mut out = String::new();
    if changes.is_empty() {
        out.push_str("Both say the same.\n");
    }
    for ((kind, name), change) in changes {
        match change {
            Change::Added => out.push_str(&format!("+ {kind} {name}\n")),
            Change::Removed => out.push_str(&format!("- {kind} {name}\n")),
            Change::Changed(clauses) => {
                out.push_str(&format!("~ {kind} {name}\n"));
                for Clause { name, before, after } in clauses {
                    let of = |text: &str| {
                        let text = if text.is_empty() { "nothing" } else { text };
                        wrapped(text, 16)
                    };
                    out.push_str(&format!("    {name:<10}- {}\n", of(before)));
                    out.push_str(&format!("    {:<10}+ {}\n", "", of(after)));
                }
            }
        }
    }
    if let Some(comparison) = comparison {
        out.push('\n');
        out.push_str(&on_events(comparison));
    }
    out.truncate(out.trim_end().len());
    out
}

fn on_events(comparison: &Comparison) -> String {
    let diff = &comparison.diff;
    let flipped = diff.flipped().total();
    let (before, after) = (&comparison.before, &comparison.after);
    let decided = before.decisions.total().total().events;
    let mut out = format!("{} of {} decisions differ\n", count(flipped.events), count(decided));
    if 0 < flipped.events {
        let mut table = common::table(&[
            "before",
            "after",
            "#events",
            "#fraud",
            "#genuine",
            "#unknown",
            "#fraud USD",
            "#genuine USD",
        ]);
        for ((from, to), tally) in diff.pairs.iter().filter(|((from, to), _)| from != to) {
            let events = |truth: Truth| count(tally.of(truth).events);
            let money = |truth: Truth| usd(tally.of(truth).usd_minor as f64);
            table.add_row([
                from.name().to_owned(),
                to.name().to_owned(),
                count(tally.total().events),
                events(Truth::Fraud),
                events(Truth::Genuine),
                events(Truth::Unknown),
                money(Truth::Fraud),
                money(Truth::Genuine),
            ]);
        }
        out.push_str(&format!("{table}\n"));
    }
    let moved = rules_moved(comparison);
    if !moved.is_empty() {
        let mut table = common::table(&["rule", "#hits before", "#after", "#fraud", "#genuine"]);
        for Moved { name, before, after } in &moved {
            let signed = |truth: Truth| {
                signed(after.of(truth).events as i64 - before.of(truth).events as i64)
            };
            table.add_row([
                (*name).to_owned(),
                count(before.total().events),
                count(after.total().events),
                signed(Truth::Fraud),
                signed(Truth::Genuine),
            ]);
        }
        out.push_str(&format!("\nRules whose hits differ\n{table}\n"));
    }
    out.push_str(&format!(
        "\nSaved minus good money blocked: {}, before {}",
        usd(after.money.net()),
        usd(before.money.net())
    ));
    out
}

/// A rule whose hits differ; without hits where it is not in a policy.
struct Moved<'c> {
    name: &'c str,
    before: Tally,
    after: Tally,
}

fn rules_moved(comparison: &Comparison) -> Vec<Moved<'_>> {
    let hits = |rules: &[RuleReport], name: &str| {
        rules.iter().find(|rule| rule.name == name).map_or(Tally::default(), |rule| rule.hits)
    };
    let (before, after) = (&comparison.before.rules, &comparison.after.rules);
    let gone = before.iter().filter(|rule| after.iter().all(|other| other.name != rule.name));
    let all = after.iter().chain(gone);
    all.map(|rule| Moved {
        name: &rule.name,
        before: hits(before, &rule.name),
        after: hits(after, &rule.name),
    })
    .filter(|moved| moved.before != moved.after)
    .collect()
}

fn signed(difference: i64) -> String {
    let sign = match difference {
        0 => "",
        1.. => "+",
        _ => "-",
    };
    format!("{sign}{}", count(difference.unsigned_abs()))
}

fn document(
    changes: &Changes,
    comparison: Option<&Comparison>,
    (before, after): &(String, String),
) -> Value {
    let statements = changes.iter().map(|((kind, name), change)| {
        let (word, clauses) = match change {
            Change::Added => ("added", &[][..]),
            Change::Removed => ("removed", &[][..]),
            Change::Changed(clauses) => ("changed", &clauses[..]),
        };
        let clauses: Map<String, Value> = clauses
            .iter()
            .map(|clause| {
                let pair = json!({ "before": clause.before, "after": clause.after });
                (clause.name.to_owned(), pair)
            })
            .collect();
        json!({ "kind": kind, "name": name, "change": word, "clauses": clauses })
    });
    let mut value = json!({
        "before": before,
        "after": after,
        "statements": statements.collect::<Vec<_>>(),
    });
    if let Some(comparison) = comparison {
        value["decisions"] = decisions(comparison);
    }
    value
}

fn decisions(comparison: &Comparison) -> Value {
    let tally = |tally: &Tally| {
        let of = |truth: Truth| {
            let volume = tally.of(truth);
            json!({ "events": volume.events, "usd_minor": volume.usd_minor })
        };
        json!({
            "fraud": of(Truth::Fraud), "genuine": of(Truth::Genuine), "unknown": of(Truth::Unknown),
        })
    };
    let pairs = comparison.diff.pairs.iter().filter(|((from, to), _)| from != to);
    let pairs = pairs.map(|((from, to), hits)| {
        json!({ "before": from.name(), "after": to.name(), "events": tally(hits) })
    });
    let rules = rules_moved(comparison).into_iter().map(|moved| {
        json!({
            "rule": moved.name, "before": tally(&moved.before), "after": tally(&moved.after),
        })
    });
    json!({
        "decided": comparison.before.decisions.total().total().events,
        "differ": comparison.diff.flipped().total().events,
        "pairs": pairs.collect::<Vec<_>>(),
        "rules": rules.collect::<Vec<_>>(),
        "net_usd_minor": {
            "before": comparison.before.money.net(), "after": comparison.after.money.net(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(before: &str, after: &str) -> Changes {
        changes(&Sources::alone("a", before), &Sources::alone("b", after))
    }

    #[test]
    fn statements_are_compared_by_name_and_clause_by_clause() {
        let before = "let big = base_minor > 100 CNY\nset seats = 1\n\
            rule a \"A\" on payment when big then decline because X owner \"x\" expect 0.1% .. 2%\n\
            rule gone \"\" when big then review because X\n";
        let after = "# a comment\nset seats = 2\n\
            rule a \"A\" on payment\n  when big and\n  missing(geo.country) # why\n  \
            then decline and review because X owner \"y\" expect 0.1% .. 2% shadow\n\
            rule new \"\" when big then review because X\nlet big = (base_minor > 100 CNY)\n";
        let found = between(before, after);
        let keys: Vec<String> = found.keys().map(|(kind, name)| format!("{kind} {name}")).collect();
        assert_eq!(keys, ["rule a", "rule gone", "rule new", "set seats"]);
        let Change::Changed(clauses) = &found[&("rule", "a".to_owned())] else { panic!("changed") };
        let told: Vec<String> =
            clauses.iter().map(|c| format!("{}: {} | {}", c.name, c.before, c.after)).collect();
        let wanted = [
            "when: big | big and missing(geo.country)",
            "then: decline | decline and review",
            "owner: x | y",
            "shadow:  | shadow",
        ];
        assert_eq!(told, wanted);
        assert_eq!(found[&("rule", "new".to_owned())], Change::Added);
        assert_eq!(found[&("rule", "gone".to_owned())], Change::Removed);
    }

    #[test]
    fn layout_comments_and_order_are_no_difference() {
        let before = "let a = payment\nlet b = login\nrule r \"\" when a then review because X\n";
        let after = "let b = login # same\n\nlet a =\n  payment\nrule r \"\"\n  when a\n  then review\n  because X\n";
        assert_eq!(between(before, after), Changes::new());
    }
}
