//! `gyr policy explain`: why an event was decided as it was, or what a rule says.

use std::path::PathBuf;

use clap::Args;
use features::event::Event;
use features::history::Limits;
use features::language::ast::{self, Statement};
use features::language::part::Quantity;
use serde_json::{Value, json};

use super::super::common::{self, Failure, ModelChoice, count};
use super::super::dataset::{BadRows, NetworkArguments, Reading, id_of};
use crate::changes;
use crate::engine::Engine;
use crate::explain::{self, shown};
use crate::policy::{Policy, Sources, Wanted};
use crate::reason::ReasonCode;
use crate::rules::{Outline, Unit};
use crate::shell::explained::{self, wrapped};

/// Says why an event was decided as it was, and what would have turned it; or what one rule says.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gyr policy explain --policy my.policy --event payment.json
  gyr policy explain --policy my.policy --event payment.json --data data   with its past
  gyr policy explain --policy my.policy --data data --id p4711             an event of the past
  gyr policy explain --policy my.policy --data data --id p4711 --all --json
  gyr policy explain --rule device_many_cards                              a rule in words

For every rule that looks at such events: whether it was hit, missed or could not be decided, which
values its conditions read, and by how much they were missed or met. Then what would turn the
decision: changes of one fact, and of the amount with everything that follows from it. Without
--data an event has no past, and what asks for one is zero or unknown.")]
pub(crate) struct Arguments {
    /// The policy; `default`, or nothing, is the built-in one.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The model it goes with, or `none`; without this, the built-in one.
    #[arg(long, value_name = "FILE|none")]
    model: Option<ModelChoice>,
    /// The event, one as JSON; `-` is standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "id")]
    event: Option<PathBuf>,
    /// Events that came before it: a folder of `gyr import` or `gyr simulate`, or NDJSON.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The event of --data with this id; what came before it is its past.
    #[arg(long, value_name = "EVENT_ID", requires = "data")]
    id: Option<String>,
    #[command(flatten)]
    networks: NetworkArguments,
    /// Say what this rule says, instead of an event.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["event", "data", "id"])]
    rule: Option<String>,
    /// Show every rule with every condition.
    #[arg(long)]
    all: bool,
    /// Write JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let sources = common::policy_sources(arguments.policy.as_deref())?;
    let policy = common::sound_policy(&sources, arguments.model.as_ref(), Wanted::Judging)?;
    if let Some(name) = &arguments.rule {
        return explain_rule(&sources, &policy, name, arguments.json);
    }
    let engine = Engine::new(policy, Limits::default());
    let event = match (&arguments.event, &arguments.id) {
        (Some(path), _) => {
            let text = common::read_text(path)?;
            let event = Event::read(text.trim().as_bytes(), None).map_err(|faults| {
                let lines: Vec<String> =
                    faults.iter().map(|fault| format!("{}: {fault}", path.display())).collect();
                Failure::Findings(lines.join("\n"))
            })?;
            fold_before(&engine, arguments, Some(&event))?;
            event
        }
        (None, Some(id)) => fold_before(&engine, arguments, None)?.ok_or_else(|| {
            Failure::Findings(format!("no event of these data has the id `{id}`"))
        })?,
        (None, None) => {
            let what = "wanted --event FILE, --id EVENT_ID with --data DIR, or --rule NAME";
            return Err(Failure::Usage(what.to_owned()));
        }
    };
    if !event.event_type().is_scored() {
        let what = format!("`{}` is not decided, only recorded", event.event_type().name());
        return Err(Failure::Findings(what));
    }
    explain_event(&engine, &event, arguments)
}

/// Folds what came before an event: before the one that is given, or up to the one of the id that
/// is asked for, which is given back.
fn fold_before(
    engine: &Engine,
    arguments: &Arguments,
    given: Option<&Event>,
) -> Result<Option<Event>, Failure> {
    let Some(data) = &arguments.data else { return Ok(None) };
    let mut reading = Reading::open(data, &arguments.networks, "folding", BadRows::PassOver)?;
    while let Some(mut event) = reading.next()? {
        if given.is_none() && arguments.id.as_deref() == Some(id_of(&event)) {
            reading.end();
            return Ok(Some(event));
        }
        // An event is not its own past, nor is what came after it.
        let is_before = given.is_none_or(|given| {
            event.received() <= given.received() && id_of(&event) != id_of(given)
        });
        // What rules left on lists they leave again.
        if !is_before || changes::is_of_rule(&event) {
            continue;
        }
        if event.is_score_requested() {
            changes::decide(engine, &mut event);
        } else {
            engine.record(&mut event, || ());
        }
    }
    reading.end();
    Ok(None)
}

fn explain_event(engine: &Engine, event: &Event, arguments: &Arguments) -> Result<(), Failure> {
    let outcome = engine.what_if(&mut event.clone());
    let policy = &outcome.policy;
    let steering = outcome.judgement.steering;
    let (kind, time_ms) = (event.event_type(), event.time());
    let told = explain::explain(policy, kind, time_ms, &outcome.facts, steering);
    let amounts = explained::amounts(engine, event);
    if arguments.json {
        let mut value = explained::document(policy, &told, &amounts);
        value["event_id"] = json!(id_of(event));
        value["policy_version"] = json!(format!("{}@{}", policy.name(), policy.version()));
        return common::print_json(&value);
    }
    let time = shown(event.time() as f64, &Unit::Of(Quantity::Time));
    let mut text = format!("event     {}, {}, {time}\n", id_of(event), event.event_type().name());
    text.push_str(&format!("policy    {} {}\n", policy.name(), policy.version()));
    text.push_str(&explained::text(policy, &told, &amounts, arguments.all));
    common::print(&text)
}

/// What one rule says: as it is written, what it reads, and what that costs.
fn explain_rule(
    sources: &Sources,
    policy: &Policy,
    name: &str,
    is_json: bool,
) -> Result<(), Failure> {
    let set = policy.rules();
    let written = sources.parsed().statements.iter().find_map(|statement| match &statement.node {
        Statement::Rule(rule) if rule.name.node == name => Some((rule, statement.span)),
        _ => None,
    });
    let index = set.rules.iter().position(|rule| rule.name == name);
    let (Some((rule, span)), Some(index)) = (written, index) else {
        let names = set.rules.iter().map(|rule| rule.name.as_str());
        let near = features::diagnostic::nearest(name, names)
            .map_or(String::new(), |near| format!(", did you mean `{near}`?"));
        let what = format!("{}: no rule is called `{name}`{near}", sources.name());
        return Err(Failure::Findings(what));
    };
    let outline = &policy.outlines()[index];
    let mut reads: Vec<u16> = Vec::new();
    outline.each_test(&mut |test| {
        for fact in &test.reads {
            if !reads.contains(fact) {
                reads.push(*fact);
            }
        }
    });
    let facts: Vec<FactTold> = reads.iter().map(|fact| FactTold::of(policy, *fact)).collect();
    let nodes = set.rules[index].when.cost();
    let text = sources.text().get(span.start as usize..span.end as usize).unwrap_or_default();
    if is_json {
        return common::print_json(&json!({
            "rule": name,
            "title": rule.title,
            "owner": rule.owner,
            "text": text,
            "conditions": conditions(policy, index),
            "reads": facts.iter().map(FactTold::json).collect::<Vec<_>>(),
            "cost": { "nodes": nodes, "facts": facts.iter().map(|fact| fact.cost).sum::<u32>() },
        }));
    }
    let mut out = format!("{text}\n\nIn words: {}\n", wrapped(&words(policy, index, rule), 0));
    out.push_str("\nReads\n");
    let mut table = common::table(&["fact", "unit", "windows", "#cost", "says"]);
    for fact in &facts {
        let cost = count(u64::from(fact.cost));
        table.add_row([&fact.name, &fact.unit, &fact.windows, &cost, &fact.title]);
    }
    out.push_str(&format!("{table}\n"));
    let of_facts: u32 = facts.iter().map(|fact| fact.cost).sum();
    out.push_str(&format!(
        "\nCosts {} nodes for the rule, {} for facts that only it may need",
        count(u64::from(nodes)),
        count(u64::from(of_facts))
    ));
    common::print(&out)
}

/// What the catalogue says of a fact.
struct FactTold {
    name: String,
    unit: String,
    windows: String,
    title: String,
    cost: u32,
}

impl FactTold {
    fn of(policy: &Policy, fact: u16) -> FactTold {
        let name = policy.plan().facts()[usize::from(fact)].name.clone();
        let Some(feature) = policy.features().iter().find(|feature| feature.name == name) else {
            let is_field = features::field::find(&name).is_some();
            let title =
                if is_field { "a field of the event" } else { "computed for the rule alone" };
            let cost = if is_field { 1 } else { 9 };
            let unit = unit_word(policy.unit(fact));
            return FactTold { name, unit, windows: String::new(), title: title.to_owned(), cost };
        };
        let window = |ms: &i64| match ms {
            0 => "life".to_owned(),
            ms => features::language::print_duration(*ms),
        };
        FactTold {
            name,
            unit: feature.unit.clone(),
            windows: feature.windows_ms.iter().map(window).collect::<Vec<_>>().join(", "),
            title: feature.title.clone(),
            cost: feature.cost,
        }
    }

    fn json(&self) -> Value {
        json!({
            "fact": self.name, "unit": self.unit, "windows": self.windows,
            "cost": self.cost, "says": self.title,
        })
    }
}

/// The word for a unit.
fn unit_word(unit: &Unit) -> String {
    match unit {
        Unit::Named(name) => name.clone(),
        Unit::Of(quantity) => match quantity {
            Quantity::Truth => "flag".to_owned(),
            Quantity::Number => String::new(),
            Quantity::Money(code) => code.clone(),
            Quantity::OwnMoney => "own currency".to_owned(),
            Quantity::Duration => "duration".to_owned(),
            Quantity::Time => "time".to_owned(),
            Quantity::Distance => "km".to_owned(),
            Quantity::Country => "country".to_owned(),
            Quantity::Text => "text".to_owned(),
            Quantity::Category(_) => "category".to_owned(),
        },
    }
}

/// The texts of the conditions of a rule, in their order.
fn conditions(policy: &Policy, index: usize) -> Vec<&str> {
    let mut texts = Vec::new();
    policy.outlines()[index].each_test(&mut |test| texts.push(test.text.as_str()));
    texts
}

/// The rule as a sentence.
fn words(policy: &Policy, index: usize, rule: &ast::Rule) -> String {
    let on: Vec<&str> = rule.on.iter().map(|name| name.node.as_str()).collect();
    let on = if on.is_empty() { "every scored event".to_owned() } else { on.join(", ") };
    let shadow = if rule.shadow { ", only watching" } else { "" };
    let until = rule.until.as_ref().map_or(String::new(), |day| format!(" until {}", day.node));
    let because = rule.because.as_ref().and_then(|name| ReasonCode::find(&name.node));
    let because = because.map_or(String::new(), |code| {
        format!("; the reason is {}: {}", code.code(), code.reason().meaning)
    });
    let owner =
        rule.owner.as_ref().map_or(String::new(), |name| format!("; {name} answers for it"));
    let condition = sentence(&policy.outlines()[index]);
    format!("on {on}{until}{shadow}, when {condition}{because}{owner}.")
}

/// A condition as a phrase.
fn sentence(outline: &Outline) -> String {
    let joined = |parts: &[Outline], word: &str| {
        let phrase = |part: &Outline| match part {
            Outline::All(_) | Outline::Any(_) => format!("({})", sentence(part)),
            Outline::Not(_) | Outline::Let(..) | Outline::Test(_) => sentence(part),
        };
        parts.iter().map(phrase).collect::<Vec<_>>().join(word)
    };
    match outline {
        Outline::All(parts) => joined(parts, " and "),
        Outline::Any(parts) => joined(parts, " or "),
        Outline::Not(part) => format!("not {}", joined(std::slice::from_ref(part.as_ref()), "")),
        Outline::Let(name, body) => format!("{name} ({})", sentence(body)),
        Outline::Test(test) => test.text.clone(),
    }
}
