//! An explanation as text for a terminal and as JSON for a program: what `gyr policy explain` and
//! `GET /v1/decisions/{event_id}/explain` say.

mod amount;

use std::fmt::Write as _;
use std::sync::Arc;

use features::field::EventType;
use features::plan::{Fact, Reading};
use serde_json::{Map, Value, json};

use crate::decision::Decision;
use crate::engine::Engine;
use crate::explain::{
    Explanation, Flip, Form, Need, Part, RuleFinding, Share, State, TestFinding, explain,
};
use crate::policy::Policy;
use crate::rules::Rule;
use crate::shell::record::Record;
use crate::shell::wire;
use crate::steering::Steering;

pub(crate) use amount::{AmountTold, amounts};

/// Whether a rule is of a section.
type IsState = fn(State) -> bool;

/// Rules that came near and are told one by one.
const NEAR_MAX: usize = 5;

/// Facts of the model that are told.
const SHARES_MAX: usize = 5;

/// Flips to each decision that are told in a text.
const FLIPS_MAX: usize = 5;

/// Facts that are the amount of an event.
const AMOUNTS: [&str; 3] = ["amount_minor", "base_minor", "usd_minor"];

/// Why a recorded answer cannot be explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unexplained {
    /// It is not an answer of this form.
    Unreadable,
    /// Another policy or model decided: which.
    DecidedBy(String),
}

/// The explanation of a recorded answer by the policy that gave it: its facts are judged once more.
/// With the engine, and what the journal keeps of the event, amounts that turn the decision too.
///
/// # Errors
/// When another policy or model gave it, or it cannot be read.
pub(crate) fn of_answer(
    policy: &Arc<Policy>,
    answer: &str,
    kept: Option<(&Engine, &Record<'_>)>,
) -> Result<Value, Unexplained> {
    let answer: Value = serde_json::from_str(answer).map_err(|_| Unexplained::Unreadable)?;
    let own = format!("{}@{}", policy.name(), policy.version());
    let of = answer["policy_version"].as_str().unwrap_or_default();
    let model = policy.model().map(|model| model.version());
    if of != own || answer["model_version"].as_str() != model {
        let model = answer["model_version"].as_str().unwrap_or("no model");
        return Err(Unexplained::DecidedBy(format!("{of} with {model}")));
    }
    let plan = policy.plan();
    let recorded = &answer["facts"];
    let value = |fact: &Fact| match (&fact.reading, &recorded[&fact.name]) {
        (Reading::Bool, Value::Bool(value)) => f64::from(u8::from(*value)),
        (Reading::Category(names), Value::String(name)) => {
            let index = names.iter().position(|known| known == name);
            index.map_or(f64::NAN, |index| index as f64)
        }
        (_, value) => value.as_f64().unwrap_or(f64::NAN),
    };
    let facts: Vec<f64> = plan.facts().iter().map(value).collect();
    let of = |name: &str| plan.find(name).map(|slot| facts[slot]).filter(|value| !value.is_nan());
    // A cast of a float saturates; what is no event type is found nowhere.
    let event_type = of("event_type").and_then(|index| EventType::ALL.get(index as usize).copied());
    let (Some(event_type), Some(time)) = (event_type, of("event_time_ms")) else {
        return Err(Unexplained::Unreadable);
    };
    let steering = wire::steered(&answer)
        .map_or_else(|| Steering::at_rest(policy.economics()), |steered| steered.steering());
    let told = explain(policy, event_type, time as i64, &facts, steering);
    let amounts = kept.and_then(|(engine, record)| {
        let event = record.read().ok()?;
        let is_whole = record.facts.len() == plan.facts().len();
        is_whole.then(|| amount::amounts_of_record(engine, policy, &event, &record.facts, steering))
    });
    let mut value = document(policy, &told, &amounts.unwrap_or_default());
    value["event_id"] = answer["event_id"].clone();
    value["policy_version"] = json!(own);
    Ok(value)
}

/// The explanation as JSON.
pub(crate) fn document(policy: &Policy, told: &Explanation, amounts: &[AmountTold]) -> Value {
    let verdict = &told.judgement.verdict;
    let reasons: Vec<&str> = verdict.reasons.iter().map(|line| line.code.code()).collect();
    let rules: Vec<Value> = told.rules.iter().map(|finding| rule_json(policy, finding)).collect();
    let amounts = amounts.iter().map(
        |amount| json!({ "amount_minor": amount.amount_minor, "decision": amount.decision.name() }),
    );
    json!({
        "decision": verdict.decision.name(),
        "reasons": reasons,
        "p_fraud": told.judgement.probability,
        "band": band_of(policy, told),
        "rules": rules,
        "model": told.shares.iter().map(share_json).collect::<Vec<_>>(),
        "flips": told.flips.iter().map(flip_json).collect::<Vec<_>>(),
        "amount_flips": amounts.collect::<Vec<_>>(),
    })
}

fn rule_json(policy: &Policy, finding: &RuleFinding) -> Value {
    let rule = rule_of(policy, finding);
    let needs = |needs: &[Need]| needs.iter().map(need_json).collect::<Vec<_>>();
    let mut value = json!({
        "rule": rule.name,
        "title": rule.title,
        "state": finding.state.name(),
        "condition": part_json(&finding.condition),
        "because": needs(&finding.because),
        "lacking": needs(&finding.lacking),
    });
    let unspared = finding.unspared.iter().map(|unspared| {
        let name = &policy.rules().exemptions[usize::from(unspared.exemption)].name;
        json!({ "exemption": name, "lacking": needs(&unspared.lacking) })
    });
    value["unspared"] = unspared.collect();
    if let State::Suppressed(by) = finding.state {
        value["by"] = json!(policy.rules().exemptions[usize::from(by)].name);
    }
    value
}

fn part_json(part: &Part) -> Value {
    let parts = || part.parts.iter().map(part_json).collect::<Vec<_>>();
    let mut value = match &part.form {
        Form::All => json!({ "all": parts() }),
        Form::Any => json!({ "any": parts() }),
        Form::Not => json!({ "not": part.parts.first().map(part_json) }),
        Form::Let(name) => json!({ "name": name, "is": part.parts.first().map(part_json) }),
        Form::Test(test) => test_json(test, part.truth),
    };
    value["truth"] = json!(part.truth);
    value
}

fn test_json(test: &TestFinding, truth: Option<bool>) -> Value {
    let number = |value: f64| if value.is_nan() { Value::Null } else { json!(value) };
    let values = test.values.iter().map(|read| {
        (read.name.clone(), json!({ "value": number(read.value), "shown": read.shown }))
    });
    let mut value = json!({
        "test": test.text,
        "values": values.collect::<Map<String, Value>>(),
        "said": test.said(truth),
    });
    if let Some(gap) = &test.gap {
        value["margin"] = json!({
            "value": gap.value,
            "by": gap.by,
            "border": if gap.is_below { "above" } else { "below" },
        });
    }
    value
}

fn need_json(need: &Need) -> Value {
    let mut value = test_json(&need.test, need.truth);
    value["truth"] = json!(need.truth);
    value["must_hold"] = json!(need.must_hold);
    value
}

fn share_json(share: &Share) -> Value {
    json!({ "fact": share.name, "shown": share.shown, "log_odds": share.log_odds })
}

fn flip_json(flip: &Flip) -> Value {
    let from = if flip.from.is_nan() { Value::Null } else { json!(flip.from) };
    json!({
        "fact": flip.name, "from": from, "to": flip.to,
        "from_shown": flip.from_shown, "to_shown": flip.to_shown,
        "decision": flip.decision.name(),
    })
}

/// The band that holds the model's probability.
fn band_of<'p>(policy: &'p Policy, told: &Explanation) -> Option<&'p str> {
    let band = policy.bands().get(usize::from(told.judgement.band?))?;
    Some(&band.name)
}

fn rule_of<'p>(policy: &'p Policy, finding: &RuleFinding) -> &'p Rule {
    &policy.rules().rules[usize::from(finding.rule)]
}

/// The explanation for a person. `all` shows every rule with every condition.
pub(crate) fn text(
    policy: &Policy,
    told: &Explanation,
    amounts: &[AmountTold],
    all: bool,
) -> String {
    let mut out = String::new();
    let verdict = &told.judgement.verdict;
    let reasons: Vec<&str> = verdict.reasons.iter().map(|line| line.code.code()).collect();
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(
        out,
        "decision  {} because {}",
        verdict.decision.name(),
        wrapped(&reasons.join(", "), 10)
    );
    if let Some(probability) = told.judgement.probability {
        let band = band_of(policy, told).map_or(String::new(), |band| format!(", in `{band}`"));
        let _ = writeln!(out, "model     {:.2} % likely to be fraud{band}", 100.0 * probability);
    }
    if let Some(costs) = &verdict.costs {
        let usd = |cost: f64| format!("{cost:.2} USD");
        let challenge = costs.challenge.map_or_else(|| "not asked".to_owned(), usd);
        let (approve, decline) = (usd(costs.approve), usd(costs.decline));
        let _ = writeln!(
            out,
            "costs     approve {approve}, challenge {challenge}, decline {decline} on average"
        );
    }
    let of = |is_state: IsState| told.rules.iter().filter(move |f| is_state(f.state));
    let sections: [(&str, IsState); 4] = [
        ("Rules that were hit", |state| state == State::Hit),
        ("Rules that were hit and suppressed", |state| matches!(state, State::Suppressed(_))),
        ("Rules in shadow that would have been hit", |state| state == State::Shadow),
        ("Rules that could not be decided", |state| state == State::Undecided),
    ];
    for (title, is_state) in sections {
        let findings: Vec<&RuleFinding> = of(is_state).collect();
        if findings.is_empty() {
            continue;
        }
        let _ = write!(out, "\n{title}\n");
        for finding in findings {
            write_rule(&mut out, policy, finding, all);
        }
    }
    let mut missed: Vec<&RuleFinding> =
        of(|state| matches!(state, State::Missed | State::OutOfForce)).collect();
    if all {
        if !missed.is_empty() {
            out.push_str("\nRules that were missed\n");
        }
        missed.iter().for_each(|finding| write_rule(&mut out, policy, finding, true));
    } else {
        missed.retain(|finding| finding.state == State::Missed && !finding.lacking.is_empty());
        missed.sort_by(|a, b| near(a).0.cmp(&near(b).0).then(near(a).1.total_cmp(&near(b).1)));
        let others = told.rules.len()
            - of(|state| !matches!(state, State::Missed | State::OutOfForce)).count();
        if !missed.is_empty() {
            out.push_str("\nNearest misses\n");
        }
        for finding in missed.iter().take(NEAR_MAX) {
            write_rule(&mut out, policy, finding, false);
        }
        let others = others - missed.len().min(NEAR_MAX);
        if 0 < others {
            let _ = writeln!(out, "  and {others} more rules that were missed (--all shows them)");
        }
    }
    if !told.shares.is_empty() {
        out.push_str("\nWhat the model made of it\n");
    }
    for Share { name, shown, log_odds } in told.shares.iter().take(SHARES_MAX) {
        let _ = writeln!(out, "  {log_odds:+.2}     {name} is {shown}");
    }
    write_flips(&mut out, told, amounts);
    out.truncate(out.trim_end().len());
    out
}

/// How near a rule came: conditions that lack, and the widest of their margins.
fn near(finding: &RuleFinding) -> (usize, f64) {
    let share = |need: &Need| need.test.gap.as_ref().map_or(1.0, |gap| gap.share);
    (finding.lacking.len(), finding.lacking.iter().map(share).fold(0.0, f64::max))
}

fn write_rule(out: &mut String, policy: &Policy, finding: &RuleFinding, all: bool) {
    let rule = rule_of(policy, finding);
    let by = match finding.state {
        State::Suppressed(by) => {
            format!(" (by {})", policy.rules().exemptions[usize::from(by)].name)
        }
        State::OutOfForce => " (no longer in force)".to_owned(),
        _ => String::new(),
    };
    let title = if rule.title.is_empty() { String::new() } else { format!("  {}", rule.title) };
    let _ = writeln!(out, "  {}{by}{title}", rule.name);
    if all {
        write_part(out, &finding.condition, 2);
        return;
    }
    let (word, needs) = if finding.because.is_empty() {
        ("lacks", &finding.lacking)
    } else {
        ("since", &finding.because)
    };
    write_needs(out, word, needs);
    for unspared in &finding.unspared {
        let name = &policy.rules().exemptions[usize::from(unspared.exemption)].name;
        let _ = writeln!(out, "    not spared by {name}");
        write_needs(out, "lacks", &unspared.lacking);
    }
}

fn write_needs(out: &mut String, word: &str, needs: &[Need]) {
    for (index, need) in needs.iter().enumerate() {
        let word = if index == 0 { word } else { "" };
        let negated = if need.must_hold { "" } else { "not " };
        let line = format!("{negated}{}: {}", need.test.text, need.test.said(need.truth));
        let _ = writeln!(out, "    {word:<6}{}", wrapped(&line, 10));
    }
}

fn write_part(out: &mut String, part: &Part, depth: usize) {
    let indent = "  ".repeat(depth);
    let sign = match part.truth {
        Some(true) => "yes",
        Some(false) => "no ",
        None => "?  ",
    };
    let head = match &part.form {
        Form::All => "all of".to_owned(),
        Form::Any => "one of".to_owned(),
        Form::Not => "not".to_owned(),
        Form::Let(name) => name.clone(),
        Form::Test(test) => format!("{}: {}", test.text, test.said(part.truth)),
    };
    let _ = writeln!(out, "{indent}{sign} {head}");
    part.parts.iter().for_each(|below| write_part(out, below, depth + 1));
}

fn write_flips(out: &mut String, told: &Explanation, amounts: &[AmountTold]) {
    if told.flips.is_empty() && amounts.is_empty() {
        return;
    }
    out.push_str("\nWhat would turn it\n");
    let mut lines = 0;
    for decision in [Decision::Approve, Decision::Challenge, Decision::Decline] {
        for amount in amounts.iter().filter(|amount| amount.decision == decision) {
            let (shown, own) = (&amount.shown, &amount.own);
            let _ = writeln!(
                out,
                "  {:<10}with an amount of {shown} instead of {own}",
                decision.name()
            );
            lines += 1;
        }
        // Where whole amounts were tried, one number of them alone is no news.
        let is_news = |flip: &&Flip| amounts.is_empty() || !AMOUNTS.contains(&flip.name.as_str());
        for flip in told.flips_to(decision).filter(is_news).take(FLIPS_MAX) {
            let Flip { name, from_shown, to_shown, .. } = flip;
            let was = if flip.from.is_nan() { "and not unknown" } else { "instead of" };
            let from = if flip.from.is_nan() { "" } else { from_shown.as_str() };
            let line = format!("were {name} {to_shown} {was} {from}");
            let _ = writeln!(out, "  {:<10}{}", decision.name(), line.trim_end());
            lines += 1;
        }
    }
    let more = (told.flips.len() + amounts.len()).saturating_sub(lines);
    if 0 < more {
        let _ = writeln!(out, "  and {more} more that take a larger change");
    }
}

/// A list of words broken into lines, the later ones indented.
pub(crate) fn wrapped(words: &str, indent: usize) -> String {
    let mut text = String::new();
    let mut column = indent;
    for word in words.split(' ') {
        if column != indent && WIDTH < column + 1 + word.len() {
            text.push('\n');
            text.push_str(&" ".repeat(indent));
            column = indent;
        } else if column != indent {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += word.len();
    }
    text
}

/// Columns of a text.
const WIDTH: usize = 100;

#[cfg(test)]
mod tests {
    use features::event::Event;
    use features::history::Limits;
    use models::{ModelDraft, one_question};

    use super::*;
    use crate::engine::Engine;
    use crate::policy::Wanted;
    use crate::shell::answer::answer;
    use crate::shell::wire::Detail;
    use crate::steering::Steered;

    fn payment(cents: u64) -> Event {
        let json = format!(
            r#"{{"event_id":"e{cents}","event_type":"payment","event_time_ms":1790000000000,
            "channel":"app_ios","account_id":"a1","payment_id":"p1","kind":"in_app",
            "funding":"intl_card","amount_minor":{cents},"currency":"USD","usd_minor":{cents},
            "base_minor":{cents},"merchant":{{"merchant_id":"m1"}},
            "card":{{"card_token":"c1","network":"visa","funding":"credit","issuer_country":"US"}},
            "device":{{"device_id":"d1"}}}}"#
        );
        Event::read(json.as_bytes(), None).unwrap_or_else(|faults| panic!("{faults:?}"))
    }

    #[test]
    fn a_recorded_answer_is_judged_with_the_price_that_it_was_made_with() {
        // Whatever the amount, one payment in twenty is a fraud.
        let model = || ModelDraft::read(&one_question(-3.0, -3.0)).expect("a sound model");
        let engine = || {
            let text = "set challenge_price_max_usd = 1000\n";
            let policy = Policy::check(text, Some(model()), Wanted::Judging).expect("it is sound");
            Engine::new(policy, Limits::default())
        };
        let mut turned = 0;
        for step in 0..60 {
            let mut event = payment((100.0 * 1.2_f64.powi(step)) as u64);
            let rest = engine().what_if(&mut event.clone()).judgement.verdict.decision;
            let dear = engine();
            let steered = Steered {
                challenge_price_usd: 900.0,
                askable: 0.0,
                is_challenge: false,
                exploration: None,
            };
            dear.resume(&event, &steered);
            let (outcome, ()) = dear.decide(&mut event, || ());
            let answer = answer(&outcome.policy, &event, &outcome, Detail::Full);
            let told = of_answer(&outcome.policy, &answer, None).expect("it can be explained");
            let verdict = &outcome.judgement.verdict;
            assert_eq!(told["decision"], verdict.decision.name());
            assert_eq!(told["p_fraud"], json!(verdict.p_fraud));
            turned += u32::from(verdict.decision != rest);
        }
        assert!(0 < turned, "the price decides nowhere, so this shows nothing");
    }
}
