//! An outcome as its answer: the text that HTTP, `gyr score` and `gyr backtest` share.
//!
//! [`answer`] is a function of policy, event and outcome alone, so the same event under the same
//! policy and past gives the same bytes through every door. What belongs to a request, its record
//! and its timing, is put behind it by [`with_record`].

use features::event::Event;
use features::field::ids;
use features::history::Recorded;
use serde::Serialize;

use super::client::client;
use super::wire::{self, Detail, FactsForm, Head, Rest, RulesForm};
use super::wire::{RequestForm, SuppressedForm, UndecidedForm, WarningForm};
use crate::decision::Verdict;
use crate::engine::Outcome;
use crate::policy::Policy;
use crate::retry;
use crate::situation::Situation;
use crate::stepup::three_ds;

#[derive(Serialize)]
struct FullAnswer<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    #[serde(flatten)]
    rest: Rest<'a>,
}

/// The answer to an event, as JSON.
pub fn answer(policy: &Policy, event: &Event, outcome: &Outcome, detail: Detail) -> String {
    let head = head(policy, event, outcome);
    let text = match detail {
        Detail::Minimal => serde_json::to_string(&head),
        Detail::Full | Detail::Client => {
            serde_json::to_string(&FullAnswer { head, rest: rest(policy, event, outcome) })
        }
    };
    // Text keys and finite numbers: there is nothing in an answer that JSON cannot say.
    let text = text.expect("an answer is always JSON");
    if detail == Detail::Client { client(&text) } else { text }
}

/// The answer with a member behind its last one; `value` is JSON.
pub fn with_member(answer: &str, name: &str, value: &str) -> String {
    let open = answer.strip_suffix('}').unwrap_or(answer);
    format!("{open},\"{name}\":{value}}}")
}

/// The answer with where it is recorded and, for a fresh one, how long it took; both are JSON.
pub fn with_record(answer: &str, record: &str, timing_us: Option<&str>) -> String {
    let recorded = with_member(answer, "record", record);
    match timing_us {
        Some(timing) => with_member(&recorded, "timing_us", timing),
        None => recorded,
    }
}

fn head<'a>(policy: &'a Policy, event: &'a Event, outcome: &'a Outcome) -> Head<'a> {
    let verdict = &outcome.judgement.verdict;
    let event_id = event.text(ids::EVENT_ID).unwrap_or_default();
    let model_version = policy.model().map(|model| model.version());
    let mut degraded = Vec::new();
    if policy.model().is_none() {
        degraded.push("model");
    }
    if outcome.recorded == Recorded::TooLate {
        degraded.push("too_late_to_count");
    }
    degraded.extend(event.warnings().iter().map(|warning| warning.name()));
    degraded.dedup();
    Head {
        event_id,
        decision_id: decision_id(policy, event, event_id),
        decision: verdict.decision.name(),
        actions: wire::actions(verdict, event.time()),
        risk_score: verdict.risk_score,
        band: outcome.judgement.band.map(|band| policy.bands()[usize::from(band)].name.as_str()),
        hints: verdict.hints.as_ref().map(|hints| wire::hints(hints, event)),
        customer_message_key: verdict.message.map(|message| message.key()),
        valid_until_ms: event.time() + verdict.valid_for_ms,
        ruleset_version: policy.version(),
        model_version,
        networks: event.looked_up().map(|finding| &finding.networks[..]),
        degraded,
    }
}

fn rest<'a>(policy: &'a Policy, event: &'a Event, outcome: &'a Outcome) -> Rest<'a> {
    let verdict = &outcome.judgement.verdict;
    let model_version = policy.model().map(|model| model.version());
    let situation = policy.situation(&outcome.facts);
    let retry = retry::advise(event, &situation, verdict);
    let warning = |warning: &features::event::Warning| {
        let diagnostic = warning.diagnostic();
        WarningForm { code: warning.name(), detail: diagnostic.message }
    };
    Rest {
        p_fraud: verdict.p_fraud,
        typology_posterior: verdict.posterior.top().iter().map(|(v, w)| (v.name(), *w)).collect(),
        reasons: verdict.reasons.iter().map(wire::reason).collect(),
        effects: wire::effects(verdict, event.time()),
        exemption: verdict.exemption.as_ref().map(wire::exemption),
        iso8583_suggest: verdict.iso8583,
        three_ds_suggest: verdict.three_ds,
        three_ds: three_ds(&situation, verdict),
        retry: retry.map(|(advice, refusals)| wire::retry(advice, &refusals, event.time())),
        expected_cost_usd: verdict.costs.as_ref().map(wire::costs),
        steering: wire::steering(&outcome.judgement.steered()),
        rules: rules(policy, outcome),
        policy_version: format!("{}@{}", policy.name(), policy.version()),
        feature_schema_hash: policy.schema(),
        // The calibration is part of the model's file and its version.
        calibration_version: model_version,
        warnings: event.warnings().iter().map(warning).collect(),
        facts: FactsForm { facts: policy.plan().facts(), values: &outcome.facts },
    }
}

/// What goes to the card's issuer, where a request to him is suggested.
fn three_ds(situation: &Situation, verdict: &Verdict) -> Option<RequestForm> {
    let request = three_ds::request(situation, verdict.three_ds?);
    let data = three_ds::issuer_data(situation, verdict.exemption.as_ref()?);
    Some(wire::request(&request, &data))
}

fn rules<'a>(policy: &'a Policy, outcome: &Outcome) -> RulesForm<'a> {
    let hits = &outcome.judgement.hits;
    let set = policy.rules();
    let rule = |index: &u16| set.rules[usize::from(*index)].name.as_str();
    let facts = policy.plan().facts();
    let fact = |index: u16| facts.get(usize::from(index)).map_or("", |fact| fact.name.as_str());
    RulesForm {
        hit: hits.hit.iter().map(rule).collect(),
        suppressed: hits
            .suppressed
            .iter()
            .map(|(index, by)| SuppressedForm {
                rule: rule(index),
                by: &set.exemptions[usize::from(*by)].name,
            })
            .collect(),
        shadow: hits.shadow.iter().map(rule).collect(),
        undecided: hits
            .undecided
            .iter()
            .map(|(index, missing)| UndecidedForm { rule: rule(index), missing: fact(*missing) })
            .collect(),
    }
}

/// 16 hex digits: of which event, by which policy and model.
fn decision_id(policy: &Policy, event: &Event, event_id: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&event.bits(ids::TENANT_ID).unwrap_or(0).to_le_bytes());
    hasher.update(policy.version().as_bytes());
    hasher.update(policy.model().map_or("", |model| model.version()).as_bytes());
    hasher.update(event_id.as_bytes());
    hasher.finalize().to_hex()[..16].to_owned()
}
