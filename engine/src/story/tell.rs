//! Telling: the events of a story folded, and each expectation held against what came.

use std::sync::Arc;

use features::event::{Event, hash_text};
use features::expr::key_number;
use features::geo;
use features::history::Limits;
use features::money::Currency;
use features::plan::Reading;

use super::{
    ActionName, ExemptName, Expectation, FactorState, RuleState, Step, Story, Value, Wanted,
};
use crate::changes;
use crate::decision::{Decision, Factor, Modifier, Verdict};
use crate::engine::{Engine, Outcome};
use crate::explain::lacking;
use crate::policy::Policy;
use crate::reason::ReasonCode;
use crate::retry;
use crate::rules::Hits;

/// How far a number may be from the wanted one, of the larger of both.
const TOLERANCE: f64 = 1e-9;

/// Entities that a story may speak of.
const ENTITIES_MAX: usize = 10_000;

/// A story that was told.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Its expectations and what became of each, in the order of the text.
    pub checks: Vec<Check>,
    /// Rules whose condition was true of any of its events, whether they voted or not; indices into
    /// the policy's rules, ascending.
    pub fired: Vec<u16>,
}

/// An expectation and what came.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// The line it stands at, counted from one.
    pub line: u32,
    /// What it is about: `decision`, `rule NAME`, or the name of a fact.
    pub subject: String,
    /// What was expected.
    pub wanted: String,
    /// What came.
    pub got: String,
    /// Whether that is what was expected.
    pub holds: bool,
}

impl Told {
    /// Whether everything came as expected.
    pub fn holds(&self) -> bool {
        self.checks.iter().all(|check| check.holds)
    }
}

impl Story {
    /// Folds the events and checks what is expected of them, under the policy it was read for.
    pub fn tell(&self, policy: &Arc<Policy>) -> Told {
        let limits = Limits { entities_max: ENTITIES_MAX, ..Limits::default() };
        let engine = Engine::new(Arc::clone(policy), limits);
        let mut told = Told { checks: Vec::new(), fired: Vec::new() };
        let mut latest = None;
        for step in &self.steps {
            match step {
                Step::Event(event) => {
                    let mut event = event.as_ref().clone();
                    let outcome = changes::decide(&engine, &mut event);
                    let hits = &outcome.judgement.hits;
                    told.fired.extend(hits.hit.iter().chain(&hits.shadow));
                    told.fired.extend(hits.suppressed.iter().map(|(rule, _)| rule));
                    latest = Some((event, outcome));
                }
                Step::Expect(expectation) => {
                    if let Some((event, outcome)) = &latest {
                        told.checks.push(check(expectation, event, outcome));
                    }
                }
            }
        }
        told.fired.sort_unstable();
        told.fired.dedup();
        told
    }
}

fn check(expectation: &Expectation, event: &Event, outcome: &Outcome) -> Check {
    let verdict = &outcome.judgement.verdict;
    let (subject, wanted, got, holds) = match &expectation.wanted {
        Wanted::Fact { name, value } => {
            let plan = outcome.policy.plan();
            let (got, reading) = match plan.find(name) {
                Some(index) => (outcome.facts[index], &plan.facts()[index].reading),
                // The story was read for a policy that keeps the fact.
                None => (f64::NAN, &Reading::Number),
            };
            let holds = agrees(got, value, reading);
            (name.clone(), value.to_string(), shown(got, reading), holds)
        }
        Wanted::Decision { decision, because } => {
            let given: Vec<ReasonCode> = verdict.reasons.iter().map(|line| line.code).collect();
            let holds =
                verdict.decision == *decision && because.iter().all(|code| given.contains(code));
            let got = decided(verdict.decision, &given);
            ("decision".to_owned(), decided(*decision, because), got, holds)
        }
        Wanted::Rule { name, state } => {
            let (got, why) = rule_state(outcome, name);
            let told = format!("{}{why}", got.name());
            (format!("rule {name}"), state.name().to_owned(), told, got == *state)
        }
        Wanted::Factor { factor, state } => {
            let got = factor_state(verdict, *factor);
            let subject = format!("factor {}", factor.name());
            (subject, state.name().to_owned(), got.name().to_owned(), got == *state)
        }
        Wanted::Action(name) => {
            let names: Vec<&str> = verdict.actions.iter().map(|a| action(*a).name()).collect();
            let got = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            ("action".to_owned(), name.name().to_owned(), got, names.contains(&name.name()))
        }
        Wanted::Message(key) => {
            let got = verdict.message.map_or("none", |message| message.key());
            ("message".to_owned(), key.key().to_owned(), got.to_owned(), got == key.key())
        }
        Wanted::Band(name) => {
            let bands = outcome.policy.bands();
            let band = outcome.judgement.band.and_then(|band| bands.get(usize::from(band)));
            let got = band.map_or("none", |band| band.name.as_str());
            ("band".to_owned(), name.clone(), got.to_owned(), got == name)
        }
        Wanted::Exempt(name) => {
            let claims = claimed(verdict);
            let got = if claims.is_empty() { "none".to_owned() } else { claims.join(", ") };
            let holds = got == name.name() || claims.contains(&name.name());
            ("exempt".to_owned(), name.name().to_owned(), got, holds)
        }
        Wanted::ThreeDs(code) => {
            let got = verdict.three_ds.unwrap_or("none");
            ("three_ds".to_owned(), code.clone(), got.to_owned(), got == code)
        }
        Wanted::Retry(name) => {
            let situation = outcome.policy.situation(&outcome.facts);
            let advised = retry::advise(event, &situation, verdict);
            let got = advised.map_or("none", |(advice, _)| advice.name());
            ("retry".to_owned(), name.name().to_owned(), got.to_owned(), got == name.name())
        }
    };
    Check { line: expectation.line, subject, wanted, got, holds }
}

/// The names of the exemptions that may be claimed.
fn claimed(verdict: &Verdict) -> Vec<&'static str> {
    let Some(found) = &verdict.exemption else { return Vec::new() };
    let claims = [
        (found.low_value, ExemptName::LowValue),
        (found.tra, ExemptName::Tra),
        (found.recurring, ExemptName::Recurring),
        (found.trusted, ExemptName::Trusted),
        (found.transit, ExemptName::Transit),
    ];
    claims.iter().filter(|(may, _)| *may).map(|(_, name)| name.name()).collect()
}

fn decided(decision: Decision, because: &[ReasonCode]) -> String {
    let codes: Vec<&str> = because.iter().map(|code| code.code()).collect();
    match codes.as_slice() {
        [] => decision.name().to_owned(),
        codes => format!("{} because {}", decision.name(), codes.join(", ")),
    }
}

/// What a rule said, and a word on why where that is known.
fn rule_state(outcome: &Outcome, name: &str) -> (RuleState, String) {
    let set = outcome.policy.rules();
    let Hits { hit, shadow, suppressed, undecided } = &outcome.judgement.hits;
    let Some(index) = set.rules.iter().position(|rule| rule.name == name) else {
        return (RuleState::Missed, String::new());
    };
    let index = index as u16;
    if hit.contains(&index) {
        return (RuleState::Hit, String::new());
    }
    if shadow.contains(&index) {
        return (RuleState::Shadow, String::new());
    }
    if let Some((_, by)) = suppressed.iter().find(|(rule, _)| *rule == index) {
        return (RuleState::Suppressed, format!(" by {}", set.exemptions[usize::from(*by)].name));
    }
    if let Some((_, missing)) = undecided.iter().find(|(rule, _)| *rule == index) {
        let fact = outcome.policy.plan().facts().get(usize::from(*missing));
        let why = fact.map_or(String::new(), |fact| format!(" without {}", fact.name));
        return (RuleState::Undecided, why);
    }
    // Of a rule that should have been hit, the first condition that kept it.
    let first = lacking(&outcome.policy, index, &outcome.facts).into_iter().next();
    let why = first.map_or(String::new(), |need| {
        format!(", {}: {}", need.test.text, need.test.said(need.truth))
    });
    (RuleState::Missed, why)
}

fn factor_state(verdict: &Verdict, factor: Factor) -> FactorState {
    let Some(hints) = &verdict.hints else { return FactorState::Absent };
    if hints.options.iter().any(|option| option.factor == factor) {
        FactorState::Offered
    } else if hints.forbidden.iter().any(|forbidden| forbidden.factor == factor) {
        FactorState::Forbidden
    } else {
        FactorState::Absent
    }
}

fn action(modifier: Modifier) -> ActionName {
    match modifier {
        Modifier::Review => ActionName::Review,
        Modifier::HoldFor { .. } => ActionName::Hold,
        Modifier::LimitTo { .. } => ActionName::Limit,
        Modifier::FreezeAccount => ActionName::FreezeAccount,
        Modifier::FreezeCard => ActionName::FreezeCard,
        Modifier::NotifyCustomer => ActionName::Notify,
        Modifier::DelaySettlement => ActionName::DelaySettlement,
        Modifier::WarnInterstitial => ActionName::Warn,
        Modifier::BlockRetryFor { .. } => ActionName::BlockRetry,
    }
}

fn agrees(got: f64, wanted: &Value, reading: &Reading) -> bool {
    match (wanted, reading) {
        (Value::Unknown, _) => got.is_nan(),
        (Value::Number(number), Reading::Number) => {
            (got - number).abs() <= TOLERANCE * got.abs().max(number.abs()).max(1e-3)
        }
        (Value::Bool(value), Reading::Bool) => got == f64::from(u8::from(*value)),
        (Value::Name(name), Reading::Category(names)) => {
            names.iter().position(|known| known == name).is_some_and(|index| got == index as f64)
        }
        (Value::Name(text), Reading::Key) => {
            let country = geo::pack_country(text).map(u64::from);
            let currency = Currency::parse(text).map(Currency::bits);
            let texts = [Some(hash_text(text)), country, currency];
            texts.into_iter().flatten().any(|bits| got == key_number(bits))
        }
        _ => false,
    }
}

fn shown(got: f64, reading: &Reading) -> String {
    match reading {
        _ if got.is_nan() => "unknown".to_owned(),
        Reading::Number => got.to_string(),
        Reading::Bool => (got == 1.0).to_string(),
        Reading::Category(names) => {
            names.get(got as usize).cloned().unwrap_or_else(|| got.to_string())
        }
        Reading::Key => format!("a text of number {got}"),
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::Unknown => f.write_str("unknown"),
            Value::Number(number) => write!(f, "{number}"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Name(name) => f.write_str(name),
        }
    }
}
