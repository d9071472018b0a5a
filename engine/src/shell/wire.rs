//! The JSON of an answer: `domain` nouns to wire names, in one fixed order.
//!
//! Core types are not serialized; these structs borrow from them and are written once. Equal
//! content gives equal bytes: members have one order, lists have theirs from the verdict, numbers
//! are written in the shortest form that reads back to the same bits. What belongs to one request
//! alone (its place in the journal, its timing) is not here.

use std::collections::BTreeMap;

use features::event::Event;
use features::field::{FieldId, ids};
use features::plan::{Fact, Reading};
use features::scheme::Refusals;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Deserializer, Value};

use crate::decision::{
    Costs, Decision, Exemption, Exploration, HintOption, Hints, Modifier, Proofs, ReasonLine,
    ThreeDs, Verdict,
};
use crate::retry::Advice;
use crate::steering::Steered;
use crate::stepup::three_ds::IssuerData;

/// How much an answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// What an authorisation needs: decision, actions, score, hints, message.
    Minimal,
    /// Everything, facts included.
    Full,
    /// What the wallet's app may hear: no score, no reason, see `client`.
    Client,
}

/// The members every answer has.
#[derive(Serialize)]
pub(crate) struct Head<'a> {
    pub(crate) event_id: &'a str,
    pub(crate) decision_id: String,
    pub(crate) decision: &'static str,
    pub(crate) actions: Vec<ActionForm>,
    pub(crate) risk_score: Option<u16>,
    pub(crate) band: Option<&'a str>,
    pub(crate) hints: Option<HintsForm<'a>>,
    pub(crate) customer_message_key: Option<&'static str>,
    pub(crate) valid_until_ms: i64,
    pub(crate) ruleset_version: &'a str,
    pub(crate) model_version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) networks: Option<&'a [String]>,
    pub(crate) degraded: Vec<&'static str>,
}

/// The members of a full answer, after [`Head`].
#[derive(Serialize)]
pub(crate) struct Rest<'a> {
    pub(crate) p_fraud: Option<f64>,
    pub(crate) typology_posterior: BTreeMap<&'static str, f64>,
    pub(crate) reasons: Vec<ReasonForm>,
    pub(crate) effects: Vec<EffectForm<'a>>,
    pub(crate) exemption: Option<ExemptionForm>,
    pub(crate) iso8583_suggest: Option<&'static str>,
    pub(crate) three_ds_suggest: Option<&'static str>,
    pub(crate) three_ds: Option<RequestForm>,
    pub(crate) retry: Option<RetryForm>,
    pub(crate) expected_cost_usd: Option<CostsForm>,
    pub(crate) steering: SteeringForm,
    pub(crate) rules: RulesForm<'a>,
    pub(crate) policy_version: String,
    pub(crate) feature_schema_hash: &'a str,
    pub(crate) calibration_version: Option<&'a str>,
    pub(crate) warnings: Vec<WarningForm>,
    pub(crate) facts: FactsForm<'a>,
}

#[derive(Serialize)]
pub(crate) struct ActionForm {
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    until_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_minor: Option<i64>,
}

/// What comes onto a list, and until when.
#[derive(Serialize)]
pub(crate) struct EffectForm<'a> {
    list: &'a str,
    field: &'static str,
    until_ms: Option<i64>,
    by: &'a str,
}

#[derive(Serialize)]
pub(crate) struct ReasonForm {
    code: &'static str,
    num: u16,
    contribution: Option<f64>,
    source: &'static str,
}

#[derive(Serialize)]
pub(crate) struct HintsForm<'a> {
    required: bool,
    floor: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    remembered: Option<&'static str>,
    must_prove: Vec<&'static str>,
    options: Vec<OptionForm>,
    combine: &'static str,
    forbidden: Vec<ForbiddenForm>,
    on_pass: OnPassForm,
    on_fail: OnFailForm,
    on_abandon: OnFailForm,
    bound_to: BoundForm<'a>,
    message_key: &'static str,
}

/// What the proof is for: it holds for an event that says the same of all of these.
const BOUND: [FieldId; 17] = [
    ids::ACCOUNT_ID,
    ids::DEVICE_DEVICE_ID,
    ids::AMOUNT_MINOR,
    ids::CURRENCY,
    ids::FUNDING,
    ids::CARD_CARD_TOKEN,
    ids::MERCHANT_MERCHANT_ID,
    ids::BENEFICIARY_ID,
    ids::RECIPIENT_ID,
    ids::GROUP_ID_HASH,
    ids::DEST_HASH,
    ids::PASS_ID,
    ids::INTERMEDIARY_ID,
    ids::ORIGINAL_PAYMENT_ID,
    ids::FIELD,
    ids::NEW_VALUE_HASH,
    ids::NEW_LIMIT_MINOR,
];

/// The members of an event that a proof is bound to, as the event has them.
struct BoundForm<'a>(&'a Event);

impl Serialize for BoundForm<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for field in BOUND {
            if let Some(text) = self.0.text(field) {
                map.serialize_entry(field.path(), text)?;
            } else if let Some(bits) = self.0.bits(field).filter(|_| is_amount(field)) {
                map.serialize_entry(field.path(), &(bits as i64))?;
            }
        }
        map.end()
    }
}

fn is_amount(field: FieldId) -> bool {
    field == ids::AMOUNT_MINOR || field == ids::NEW_LIMIT_MINOR
}

#[derive(Serialize)]
struct OptionForm {
    factor: &'static str,
    rank: usize,
    strength: &'static str,
    proves: String,
    expected_pass_legit: f64,
    expected_abandon_legit: f64,
    expected_pass_fraud: f64,
    expected_cost_usd: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    three_ds: Option<ThreeDsForm>,
    ttl_s: u32,
    max_attempts: u8,
}

#[derive(Serialize)]
struct ThreeDsForm {
    challenge_ind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    trans_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    req_auth_method: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prior_auth_method: Option<&'static str>,
}

/// What goes to the card's issuer.
#[derive(Serialize)]
pub(crate) struct RequestForm {
    #[serde(flatten)]
    request: ThreeDsForm,
    issuer_data: IssuerForm,
}

/// What is not known is left out.
#[derive(Serialize)]
struct IssuerForm {
    #[serde(skip_serializing_if = "Option::is_none")]
    account_age_indicator: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_change_indicator: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password_change_indicator: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_account_indicator: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    add_card_attempts_day: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    past_transactions_day: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    past_transactions_year: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purchases_last_6_months: Option<u32>,
    suspicious_activity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery_timeframe: Option<&'static str>,
}

/// Whether and when a refused card may be tried again.
#[derive(Serialize)]
pub(crate) struct RetryForm {
    advice: &'static str,
    not_before_ms: Option<i64>,
    declined_24h: Option<u64>,
    declined_30d: Option<u64>,
    declined_same_amount_30d: Option<u64>,
}

#[derive(Serialize)]
struct ForbiddenForm {
    factor: &'static str,
    why: &'static str,
}

#[derive(Serialize)]
struct OnPassForm {
    decision: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit_to_minor: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit_for_h: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trust_device_after_h: Option<u32>,
}

#[derive(Serialize)]
struct OnFailForm {
    decision: &'static str,
    cooldown_s: u32,
}

#[derive(Serialize)]
pub(crate) struct ExemptionForm {
    sca_scope: &'static str,
    exempt_low_value: bool,
    exempt_tra: bool,
    exempt_recurring: bool,
    exempt_trusted: bool,
    exempt_corporate: bool,
    exempt_transit: bool,
    tra_checks: ChecksForm,
    low_value_count_since_sca: Option<u32>,
    low_value_sum_since_sca_eur_minor: Option<i64>,
    liability_shift_expected: bool,
}

#[derive(Serialize)]
struct ChecksForm {
    abnormal_spend: bool,
    unusual_device: bool,
    malware: bool,
    known_scenario: bool,
    abnormal_payer_location: bool,
    high_risk_payee_location: bool,
}

#[derive(Serialize)]
pub(crate) struct CostsForm {
    approve: f64,
    challenge: Option<f64>,
    decline: f64,
}

/// What a decision was made with, and what it tells to those after it.
#[derive(Serialize, Deserialize)]
pub(crate) struct SteeringForm {
    challenge_price_usd: f64,
    askable: f64,
    exploration: Option<ExplorationForm>,
}

#[derive(Serialize, Deserialize)]
struct ExplorationForm {
    propensity: f64,
    explored: bool,
    at_risk_usd: f64,
}

/// What the rules said, by name.
#[derive(Serialize)]
pub(crate) struct RulesForm<'a> {
    pub(crate) hit: Vec<&'a str>,
    pub(crate) suppressed: Vec<SuppressedForm<'a>>,
    pub(crate) shadow: Vec<&'a str>,
    pub(crate) undecided: Vec<UndecidedForm<'a>>,
}

#[derive(Serialize)]
pub(crate) struct SuppressedForm<'a> {
    pub(crate) rule: &'a str,
    pub(crate) by: &'a str,
}

#[derive(Serialize)]
pub(crate) struct UndecidedForm<'a> {
    pub(crate) rule: &'a str,
    pub(crate) missing: &'a str,
}

#[derive(Serialize)]
pub(crate) struct WarningForm {
    pub(crate) code: &'static str,
    pub(crate) detail: String,
}

/// Facts by name: numbers, booleans, category names, null for unknown.
pub(crate) struct FactsForm<'a> {
    pub(crate) facts: &'a [Fact],
    pub(crate) values: &'a [f64],
}

impl Serialize for FactsForm<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.facts.len()))?;
        for (fact, value) in self.facts.iter().zip(self.values) {
            let category = |names: &Vec<String>| names.get(*value as usize).cloned();
            match &fact.reading {
                _ if value.is_nan() => map.serialize_entry(&fact.name, &())?,
                Reading::Bool => map.serialize_entry(&fact.name, &(*value == 1.0))?,
                Reading::Category(names) => map.serialize_entry(&fact.name, &category(names))?,
                Reading::Number | Reading::Key => map.serialize_entry(&fact.name, value)?,
            }
        }
        map.end()
    }
}

/// The actions beside a decision on an event of this time.
pub(crate) fn actions(verdict: &Verdict, time_ms: i64) -> Vec<ActionForm> {
    let form = |action, until_ms, to_minor| ActionForm { action, until_ms, to_minor };
    let name = |modifier: &Modifier| match modifier {
        Modifier::Review => form("review", None, None),
        Modifier::HoldFor { ms } => form("hold_until_ms", Some(time_ms + ms), None),
        Modifier::LimitTo { minor } => form("limit_to_minor", None, Some(*minor)),
        Modifier::FreezeAccount => form("freeze_account", None, None),
        Modifier::FreezeCard => form("freeze_card", None, None),
        Modifier::NotifyCustomer => form("notify_customer", None, None),
        Modifier::DelaySettlement => form("delay_settlement", None, None),
        Modifier::WarnInterstitial => form("warn_interstitial", None, None),
        Modifier::BlockRetryFor { ms } => form("block_retry_until_ms", Some(time_ms + ms), None),
    };
    verdict.actions.iter().map(name).collect()
}

/// What a verdict on an event of this time leaves for later ones.
pub(crate) fn effects(verdict: &Verdict, time_ms: i64) -> Vec<EffectForm<'_>> {
    let effects = verdict.effects.iter().map(|effect| EffectForm {
        list: &effect.list,
        field: effect.field.path(),
        until_ms: effect.ms.map(|ms| time_ms.saturating_add(ms)),
        by: &effect.by,
    });
    effects.collect()
}

pub(crate) fn reason(line: &ReasonLine) -> ReasonForm {
    ReasonForm {
        code: line.code.code(),
        num: line.code.num(),
        contribution: line.contribution,
        source: line.source.name(),
    }
}

/// The hints of a verdict on this event.
pub(crate) fn hints<'a>(hints: &Hints, event: &'a Event) -> HintsForm<'a> {
    let forbidden = |f: &crate::decision::Forbidden| ForbiddenForm {
        factor: f.factor.name(),
        why: f.why.code(),
    };
    HintsForm {
        required: true,
        floor: hints.floor.name(),
        remembered: hints.remembered.map(|strength| strength.name()),
        must_prove: hints.must_prove.iter().map(|proof| proof.name()).collect(),
        options: hints.options.iter().enumerate().map(option).collect(),
        combine: hints.combine.name(),
        forbidden: hints.forbidden.iter().map(forbidden).collect(),
        on_pass: OnPassForm {
            decision: "approve",
            limit_to_minor: hints.on_pass.limit_to_minor,
            limit_for_h: hints.on_pass.limit_for_h,
            trust_device_after_h: hints.on_pass.trust_device_after_h,
        },
        on_fail: OnFailForm { decision: "decline", cooldown_s: hints.on_fail_cooldown_s },
        on_abandon: OnFailForm { decision: "decline", cooldown_s: 0 },
        bound_to: BoundForm(event),
        message_key: hints.message.key(),
    }
}

fn option((index, option): (usize, &HintOption)) -> OptionForm {
    OptionForm {
        factor: option.factor.name(),
        rank: index + 1,
        strength: option.strength.name(),
        proves: letters(option.proves),
        expected_pass_legit: option.expected_pass_legit,
        expected_abandon_legit: option.expected_abandon_legit,
        expected_pass_fraud: option.expected_pass_fraud,
        expected_cost_usd: option.expected_cost_usd,
        three_ds: option.three_ds.as_ref().map(three_ds),
        ttl_s: option.ttl_s,
        max_attempts: option.max_attempts,
    }
}

fn three_ds(request: &ThreeDs) -> ThreeDsForm {
    ThreeDsForm {
        challenge_ind: request.challenge_ind,
        trans_type: request.trans_type,
        req_auth_method: request.req_auth_method,
        prior_auth_method: request.prior_auth_method,
    }
}

/// Proofs as the schema has them: C cardholder, U wallet user, I legal identity.
fn letters(proofs: Proofs) -> String {
    let letter = |proof: crate::decision::Proof| match proof {
        crate::decision::Proof::Cardholder => 'C',
        crate::decision::Proof::WalletUser => 'U',
        crate::decision::Proof::LegalIdentity => 'I',
    };
    proofs.iter().map(letter).collect()
}

pub(crate) fn exemption(exemption: &Exemption) -> ExemptionForm {
    let checks = exemption.tra_checks;
    ExemptionForm {
        sca_scope: exemption.sca_scope.name(),
        exempt_low_value: exemption.low_value,
        exempt_tra: exemption.tra,
        exempt_recurring: exemption.recurring,
        exempt_trusted: exemption.trusted,
        // Consumers cannot use the processes that this one asks for.
        exempt_corporate: false,
        exempt_transit: exemption.transit,
        tra_checks: ChecksForm {
            abnormal_spend: checks.abnormal_spend,
            unusual_device: checks.unusual_device,
            malware: checks.malware,
            known_scenario: checks.known_scenario,
            abnormal_payer_location: checks.abnormal_payer_location,
            high_risk_payee_location: checks.high_risk_payee_location,
        },
        low_value_count_since_sca: exemption.low_value_count,
        low_value_sum_since_sca_eur_minor: exemption.low_value_eur_minor,
        liability_shift_expected: exemption.liability_shift_expected,
    }
}

pub(crate) fn request(request: &ThreeDs, data: &IssuerData) -> RequestForm {
    RequestForm {
        request: three_ds(request),
        issuer_data: IssuerForm {
            account_age_indicator: data.account_age,
            account_change_indicator: data.account_change,
            password_change_indicator: data.password_change,
            payment_account_indicator: data.payment_account,
            add_card_attempts_day: data.add_card_attempts_day,
            past_transactions_day: data.past_transactions_day,
            past_transactions_year: data.past_transactions_year,
            purchases_last_6_months: data.purchases_6_months,
            suspicious_activity: data.suspicious_activity,
            delivery_timeframe: data.delivery_timeframe,
        },
    }
}

/// Advice on an event of this time after so many refusals.
pub(crate) fn retry(advice: Advice, refusals: &Refusals, time_ms: i64) -> RetryForm {
    let count = |number: f64| number.is_finite().then_some(number as u64);
    let wait_ms = match advice {
        Advice::RetryAfter { ms } => ms,
        Advice::NeverRetry
        | Advice::LimitReached
        | Advice::AuthenticateFirst
        | Advice::UpdateDataFirst => None,
    };
    RetryForm {
        advice: advice.name(),
        not_before_ms: wait_ms.map(|ms| time_ms + ms),
        declined_24h: count(refusals.day),
        declined_30d: count(refusals.month),
        declined_same_amount_30d: count(refusals.same_amount_month),
    }
}

pub(crate) fn costs(costs: &Costs) -> CostsForm {
    CostsForm { approve: costs.approve, challenge: costs.challenge, decline: costs.decline }
}

pub(crate) fn steering(steered: &Steered) -> SteeringForm {
    SteeringForm {
        challenge_price_usd: steered.challenge_price_usd,
        askable: steered.askable,
        exploration: steered.exploration.map(|exploration| ExplorationForm {
            propensity: exploration.propensity,
            explored: exploration.is_explored,
            at_risk_usd: exploration.at_risk_usd,
        }),
    }
}

impl SteeringForm {
    fn steered(&self, is_challenge: bool) -> Steered {
        Steered {
            challenge_price_usd: self.challenge_price_usd,
            askable: self.askable,
            is_challenge,
            exploration: self.exploration.as_ref().map(|exploration| Exploration {
                propensity: exploration.propensity,
                is_explored: exploration.explored,
                at_risk_usd: exploration.at_risk_usd,
            }),
        }
    }
}

/// How the decision of a recorded answer was steered; `None` for an answer that does not say.
pub(crate) fn steered(answer: &Value) -> Option<Steered> {
    let form = SteeringForm::deserialize(answer.get("steering")?).ok()?;
    Some(form.steered(answer["decision"] == Decision::Challenge.name()))
}

/// The same, of the text of an answer, most of which is facts that are not read.
///
/// A quote inside a text of the answer is escaped, so the names of members cannot be found in one,
/// and the facts come last.
pub(crate) fn steered_in(answer: &str) -> Option<Steered> {
    let behind = |name: &str| answer.split_once(name).map(|(_, rest)| rest);
    let decision = behind("\"decision\":\"")?.split('"').next()?;
    let mut forms = Deserializer::from_str(behind(",\"steering\":")?).into_iter::<SteeringForm>();
    Some(forms.next()?.ok()?.steered(decision == Decision::Challenge.name()))
}

#[cfg(test)]
mod tests;
