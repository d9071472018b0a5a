//! What the rules of a policy do with the events of a folder: a table, and warnings.

use std::path::Path;
use std::sync::Arc;

use features::history::Limits;
use serde_json::{Value, json};

use super::super::common::{self, Failure, count, percent};
use super::super::dataset::{BadRows, NetworkArguments, Reading};
use crate::census::Census;
use crate::engine::Engine;
use crate::policy::Policy;

/// Folds the events once through an engine with this policy; events marked as tests are answered
/// and not counted.
pub(super) fn take(
    policy: &Arc<Policy>,
    data: &Path,
    networks: &NetworkArguments,
) -> Result<Census, Failure> {
    let mut reading = Reading::open(data, networks, "checking", BadRows::PassOver)?;
    let engine = Engine::new(Arc::clone(policy), Limits::default());
    let mut census = Census::new(policy.rules(), policy.plan());
    while let Some(mut event) = reading.next()? {
        if !event.is_score_requested() {
            engine.record(&mut event, || ());
            continue;
        }
        let (kind, time_ms, is_test) = (event.event_type(), event.time(), event.is_test());
        let (outcome, ()) = engine.decide(&mut event, || ());
        if !is_test {
            let (rules, hits) = (policy.rules(), &outcome.judgement.hits);
            census.add(rules, (kind, time_ms), &outcome.facts, hits);
        }
    }
    reading.end();
    reading.finish()?;
    Ok(census)
}

/// The census for people.
pub(super) fn describe(policy: &Policy, census: &Census) -> String {
    let mut table = common::table(&[
        "rule",
        "#asked",
        "#hits",
        "#share",
        "#expected",
        "#undecided",
        "missing most",
        "#suppressed",
    ]);
    for (rule, line) in policy.rules().rules.iter().zip(&census.rules) {
        let expected = rule.expect.map_or("-".to_owned(), |(low, high)| {
            format!("{} .. {}", percent(Some(low)), percent(Some(high)))
        });
        let missing =
            line.most_missing().and_then(|fact| policy.plan().facts().get(usize::from(fact)));
        let name =
            if rule.is_shadow { format!("{} (shadow)", rule.name) } else { rule.name.clone() };
        table.add_row([
            name,
            count(line.asked),
            count(line.hits),
            percent(line.share()),
            expected,
            percent(line.undecided_share()),
            missing.map_or(String::new(), |fact| fact.name.clone()),
            count(line.suppressed),
        ]);
    }
    let quiet =
        census.rules.iter().filter(|line| 0 < line.asked && line.hits + line.suppressed == 0);
    format!(
        "{}\n{} events; {} rules never hit",
        table.trim_fmt(),
        count(census.events),
        quiet.count()
    )
}

/// The census for a program.
pub(super) fn entry(policy: &Policy, census: &Census) -> Value {
    let rules = policy.rules();
    let fact =
        |fact: u16| policy.plan().facts().get(usize::from(fact)).map(|fact| fact.name.as_str());
    let lines = rules.rules.iter().zip(&census.rules).enumerate().map(|(index, (rule, line))| {
        json!({
            "rule": rule.name,
            "shadow": rule.is_shadow,
            "asked": line.asked,
            "hits": line.hits,
            "share": line.share(),
            "expect": rule.expect.map(|(low, high)| [low, high]),
            "undecided": line.undecided,
            "missing_most": line.most_missing().and_then(fact),
            "suppressed": line.suppressed,
            "hidden_by": census.hidden_by(rules, index).map(|other| &rules.rules[usize::from(other)].name),
        })
    });
    let exemptions = rules.exemptions.iter().zip(&census.exemptions);
    let exemptions = exemptions
        .map(|(exemption, applied)| json!({ "exemption": exemption.name, "applied": applied }));
    json!({
        "events": census.events,
        "rules": lines.collect::<Vec<_>>(),
        "exemptions": exemptions.collect::<Vec<_>>(),
        "lists": census.lists,
    })
}
