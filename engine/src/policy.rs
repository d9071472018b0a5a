//! A policy: one text with everything that turns facts into a decision, checked, and its judgement.
//!
//! [`Policy::check_sources`] takes the texts and the model they go with and gives a policy or
//! everything that is wrong. [`Policy::judge`] is pure: the same facts, the same policy and the same
//! steering give the same judgement, bit for bit, for ever. The rules and the model give their opinions there and meet
//! only in `resolve`.

use std::sync::Arc;

use features::catalog;
use features::diagnostic::{Diagnostic, Place, Severity};
use features::field::EventType;
use features::language::ast::{self, Statement};
use features::language::define::{Definitions, Feature, Origin};
use features::language::first_faults;
use features::language::weight::Weights;
use features::plan::Plan;
use models::{Model, ModelDraft};

use crate::decision::{Decision, Verdict};
use crate::economics::Economics;
use crate::reason::ReasonCode;
use crate::resolve;
use crate::rules::cost::{self, Cost};
use crate::rules::{self, Band, Hits, Outline, Outlines, RuleSet, Unit, band, lint};
use crate::steering::{Steered, Steering};
use crate::stepup::{self, Situation, soundness};

mod learning;
mod lists;
mod sources;

pub use learning::Unlearnable;
pub use sources::{Position, Sources};

/// The policy that comes with the engine.
pub const DEFAULT_POLICY: &str = include_str!("../policies/default.policy");

/// The model that comes with the engine, as text.
pub const DEFAULT_MODEL: &str = include_str!("../policies/default.model.json");

/// Contributions below this many log-odds are no reason.
const CONTRIBUTION_MIN: f64 = 0.1;

/// Which facts a policy keeps.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'a> {
    /// What the rules, the model and the decision read.
    Judging,
    /// That, and every feature that the catalogue and the policy define.
    AllFeatures,
    /// The features of these names alone: for tables of facts, where nothing is judged.
    Only(&'a [String]),
}

/// A checked policy; see the module's essay.
#[derive(Debug)]
pub struct Policy {
    name: String,
    version: String,
    schema: String,
    warnings: Vec<Diagnostic>,
    features: Vec<Feature>,
    /// For each feature why no model may learn from it, if so.
    unlearnable: Vec<Option<Unlearnable>>,
    plan: Arc<Plan>,
    /// For each list of the plan who uses it, in words.
    list_users: Vec<Vec<String>>,
    rules: RuleSet,
    /// How the conditions of rules and exemptions are written.
    outlines: Outlines,
    /// How each fact of the plan is shown.
    units: Vec<Unit>,
    model: Option<Model>,
    /// For each feature of the model, the reason that its contribution gives.
    model_reasons: Vec<Option<ReasonCode>>,
    bands: Vec<Band>,
    economics: Economics,
    situation: Vec<u16>,
}

/// What a policy makes of the facts of one event.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The decision with its reasons and hints.
    pub verdict: Verdict,
    /// What each rule said.
    pub hits: Hits,
    /// The model's probability of fraud, when there is a model.
    pub probability: Option<f64>,
    /// The band that holds the probability: its place in [`Policy::bands`].
    pub band: Option<u16>,
    /// What it was told of the decisions before it.
    pub steering: Steering,
}

impl Judgement {
    /// What it tells to the decisions after it.
    pub fn steered(&self) -> Steered {
        Steered {
            challenge_price_usd: self.steering.challenge_price_usd,
            askable: self.verdict.askable,
            is_challenge: self.verdict.decision == Decision::Challenge,
            exploration: self.verdict.exploration,
        }
    }
}

/// What rules and model say of the facts of one event.
struct Opinion<'a> {
    hits: &'a Hits,
    probability: Option<f64>,
    band: Option<u16>,
    contributions: &'a [(ReasonCode, f64)],
}

impl Policy {
    /// Checks one text that stands alone and the model it goes with.
    ///
    /// # Errors
    /// As [`Self::check_sources`]; places are in the text.
    pub fn check(
        text: &str,
        draft: Option<ModelDraft>,
        wanted: Wanted<'_>,
    ) -> Result<Policy, Vec<Diagnostic>> {
        Policy::check_sources(&Sources::alone("policy", text), draft, wanted)
    }

    /// Checks all texts of a policy and the model it goes with.
    ///
    /// # Errors
    /// The faults of the texts (`P...`, placed in [`Sources::text`], in the order of the text) and
    /// then of the model (`M...`): the first
    /// [`features::language::FAULTS_MAX`] and the number of the others.
    pub fn check_sources(
        sources: &Sources,
        draft: Option<ModelDraft>,
        wanted: Wanted<'_>,
    ) -> Result<Policy, Vec<Diagnostic>> {
        let parsed = sources.parsed();
        let (of_texts, more) = sources.faults();
        let mut found = of_texts.to_vec();
        let mut definitions = catalog::definitions();
        let list_file = |path: &ast::Name| sources.list_file(path);
        found.extend(definitions.add_with(parsed, Origin::Policy, &list_file));
        let rules = rules::check(parsed, &mut definitions, &mut found);
        let bands = band::check(parsed, rules.len(), &mut definitions, &mut found);
        if draft.is_none() {
            found.extend(band::without_model(parsed));
        }
        lists::declare_tags(parsed, &mut definitions);
        let economics = check_settings(parsed, &mut definitions, &mut found);
        let read_by_decision: Vec<usize> = stepup::FACTS
            .iter()
            .map(|name| definitions.fact(name).expect("a test names every fact of the decision"))
            .collect();
        let mut keep = rules.wanted();
        keep.extend(&read_by_decision);
        let of_model: Vec<String> = draft.iter().flat_map(|d| d.features.clone()).collect();
        keep.extend(of_model.iter().filter_map(|name| definitions.fact(name)));
        choose(wanted, &mut definitions, &mut keep, &mut found);
        let plan = Arc::new(definitions.plan(&keep));
        let model = check_model(draft, &plan, &mut found);
        found.sort_by_key(|diagnostic| match diagnostic.place {
            Place::Whole => (0, 0),
            Place::Text { start, .. } => (0, start),
            Place::Field(_) | Place::Row(_) => (1, 0),
        });
        let (faults, mut warnings): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|d| d.severity == Severity::Error);
        if !faults.is_empty() {
            return Err(first_faults(faults, more));
        }
        let weights = Weights::of(&definitions);
        let of_plan = weights.of_plan(&mut definitions, &plan);
        let rules = match wanted {
            Wanted::Only(_) => RuleSet::default(),
            _ => {
                let rules = rules.bind(&definitions, &plan);
                let features = definitions.features();
                let own_bytes = sources.files().next().map_or(0, |(_, text)| text.len() as u32);
                let odd =
                    lint::check(parsed, own_bytes, &rules, (&plan, &of_plan), features, &of_model);
                warnings.extend(odd);
                rules
            }
        };
        let list_users = lists::users(parsed, &rules, &mut definitions, &plan);
        // For tables of facts the decision's own inputs are not kept; nothing is judged then.
        let slot = |index: &usize| {
            plan.find(definitions.name(*index)).map_or(u16::MAX, |slot| slot as u16)
        };
        Ok(Policy {
            list_users,
            name: parsed.name.as_ref().map_or("unnamed", |name| &name.node).to_owned(),
            version: short_hash(sources.files().map(|(_, text)| text).chain([catalog::TEXT])),
            schema: schema_hash(&plan),
            warnings: lint::settle(warnings),
            situation: read_by_decision.iter().map(slot).collect(),
            outlines: rules::outlines(parsed, &rules, &mut definitions, &plan),
            units: rules::units(&plan, &mut definitions),
            rules,
            model_reasons: model.as_ref().map_or(Vec::new(), |m| reasons_of(m, &definitions)),
            unlearnable: learning::unlearnable(&definitions, &weights),
            features: definitions.features().to_vec(),
            plan,
            model,
            bands,
            economics,
        })
    }

    /// What was found in the text that does not keep it from running.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// The name it gives itself.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// 16 hex digits of the content: all texts and the catalogue they build on.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// 16 hex digits of the facts it keeps: their names, order and definitions.
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// Every feature it could keep.
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// Why no model may learn from a feature; `None` when one may, and for what is no feature.
    pub fn unlearnable(&self, name: &str) -> Option<Unlearnable> {
        let place = self.features.iter().position(|feature| feature.name == name)?;
        self.unlearnable[place]
    }

    /// What it keeps.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Who uses a list, in words, sorted: rules, exemptions, bands and features; empty for a list
    /// that nobody uses and for one that is none.
    pub fn users_of_list(&self, name: &str) -> &[String] {
        let place = self.plan.lists().iter().position(|list| list.name() == name);
        place.map_or(&[], |place| &self.list_users[place])
    }

    /// Its rules.
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// How the condition of each rule is written, in the order of the rules.
    pub fn outlines(&self) -> &[Outline] {
        &self.outlines.rules
    }

    /// How the condition of each exemption is written, in the order of the exemptions.
    pub fn exemption_outlines(&self) -> &[Outline] {
        &self.outlines.exemptions
    }

    /// How the value of a fact of the plan is shown to a person.
    pub fn unit(&self, fact: u16) -> &Unit {
        &self.units[usize::from(fact)]
    }

    /// Its bands of the model's probability.
    pub fn bands(&self) -> &[Band] {
        &self.bands
    }

    /// Its model.
    pub fn model(&self) -> Option<&Model> {
        self.model.as_ref()
    }

    /// What it costs to be right and to be wrong, and the limits of the decision.
    pub fn economics(&self) -> &Economics {
        &self.economics
    }

    /// What each rule costs, the most expensive first.
    pub fn costs(&self) -> Vec<Cost> {
        let of_model = self.model.iter().flat_map(|model| model.features());
        let mut kept: Vec<usize> = of_model.filter_map(|name| self.plan.find(name)).collect();
        kept.extend(self.situation.iter().map(|slot| usize::from(*slot)));
        cost::costs(&self.rules, &self.plan, &kept)
    }

    /// Judges facts laid out by [`Self::plan`], of an event of this type and time (milliseconds).
    pub fn judge(
        &self,
        event_type: EventType,
        time_ms: i64,
        facts: &[f64],
        steering: Steering,
    ) -> Judgement {
        let hits = self.rules.evaluate(event_type, time_ms, facts);
        let probability = self.model.as_ref().map(|model| model.score(facts));
        let band = probability.and_then(|p| band::find(&self.bands, event_type, p));
        let contributions = self.contributions(facts);
        let opinion = Opinion { hits: &hits, probability, band, contributions: &contributions };
        let verdict = self.verdict(facts, &opinion, steering);
        Judgement { verdict, hits, probability, band, steering }
    }

    /// What would be decided on these facts, with the probability and the band of a judgement, if the
    /// rules had said this.
    pub fn decide_on(&self, facts: &[f64], hits: &Hits, judged: &Judgement) -> Decision {
        let Judgement { probability, band, steering, .. } = *judged;
        let opinion = Opinion { hits, probability, band, contributions: &[] };
        self.verdict(facts, &opinion, steering).decision
    }

    /// What a decision knows of the event with these facts.
    pub fn situation(&self, facts: &[f64]) -> Situation {
        let mut values = [f64::NAN; stepup::FACTS.len()];
        for (value, slot) in values.iter_mut().zip(&self.situation) {
            *value = facts.get(usize::from(*slot)).copied().unwrap_or(f64::NAN);
        }
        Situation::read(&values)
    }

    fn verdict(&self, facts: &[f64], opinion: &Opinion<'_>, steering: Steering) -> Verdict {
        let Opinion { hits, probability, band, contributions } = *opinion;
        let mut votes = self.rules.votes(hits);
        votes.extend(band.and_then(|band| self.bands[usize::from(band)].vote.as_ref()));
        let mut exemptions: Vec<ReasonCode> = hits
            .suppressed
            .iter()
            .filter_map(|(_, by)| self.rules.exemptions[usize::from(*by)].reason)
            .collect();
        exemptions.dedup();
        resolve::resolve(
            &self.situation(facts),
            probability,
            &votes,
            &exemptions,
            contributions,
            &self.economics,
            steering,
        )
    }

    /// What the model's features add to the log-odds, as reasons, strongest first.
    fn contributions(&self, facts: &[f64]) -> Vec<(ReasonCode, f64)> {
        let Some(model) = &self.model else { return Vec::new() };
        let mut shares = vec![0.0; model.features().len()];
        model.attribute(facts, &mut shares);
        let mut reasons: Vec<(ReasonCode, f64)> = Vec::new();
        for (share, reason) in shares.iter().zip(&self.model_reasons) {
            let Some(reason) = reason else { continue };
            match reasons.iter_mut().find(|(code, _)| code == reason) {
                Some((_, sum)) => *sum += share,
                None => reasons.push((*reason, *share)),
            }
        }
        reasons.retain(|(_, share)| CONTRIBUTION_MIN <= share.abs());
        reasons.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(&b.0)));
        reasons
    }
}

/// Adds the chosen features to the definitions to keep, or reports names that are none.
fn choose(
    wanted: Wanted<'_>,
    definitions: &mut Definitions,
    keep: &mut Vec<usize>,
    found: &mut Vec<Diagnostic>,
) {
    let names = match wanted {
        Wanted::Judging => return,
        Wanted::AllFeatures => {
            keep.extend(definitions.features().iter().map(|feature| feature.definition));
            return;
        }
        Wanted::Only(names) => {
            keep.clear();
            names
        }
    };
    for name in names {
        match definitions.fact(name) {
            Some(index) => keep.push(index),
            None => found.push(Diagnostic::error(
                "P101",
                Place::Whole,
                format!("unknown feature `{name}`"),
            )),
        }
    }
}

fn check_settings(
    policy: &ast::Policy,
    definitions: &mut Definitions,
    found: &mut Vec<Diagnostic>,
) -> Economics {
    let mut economics = Economics::default();
    let mut places: Vec<(&str, Place)> = Vec::new();
    for statement in &policy.statements {
        let Statement::Set(set) = &statement.node else { continue };
        let place = Place::Text { start: set.name.span.start, end: set.name.span.end };
        places.push((&set.name.node, place.clone()));
        match definitions.constant(&set.value) {
            Ok((value, currency)) => {
                // Amounts are written in dollars and kept as major units of them.
                let value = if currency.is_some() { value / 100.0 } else { value };
                if let Err(fault) = economics.set(&set.name.node, value) {
                    found.push(Diagnostic::error("P209", place, fault.to_string()));
                }
            }
            Err(faults) => found.extend(faults),
        }
    }
    // What contradicts itself is shown at the last setting without which it would not.
    let healed_by = |is_healed: &dyn Fn(&Economics) -> bool| {
        let heals = |name: &str| {
            let mut undone = economics.clone();
            let default = Economics::default().get(name);
            default.is_some_and(|value| undone.set(name, value).is_ok() && is_healed(&undone))
        };
        let last = places.iter().rev().find(|(name, _)| heals(name));
        last.or(places.last()).map_or(Place::Whole, |(_, place)| place.clone())
    };
    for fault in economics.check().err().unwrap_or_default() {
        let place = healed_by(&|undone| {
            let left = undone.check().err().unwrap_or_default();
            !left.iter().any(|other| other.is_like(&fault))
        });
        found.push(Diagnostic::error("P209", place, fault.to_string()));
    }
    for fault in soundness::check(&economics) {
        let place = healed_by(&|undone| {
            !soundness::check(undone).iter().any(|other| other.is_like(&fault))
        });
        found.push(Diagnostic::error("P217", place, fault.to_string()));
    }
    economics
}

fn check_model(
    draft: Option<ModelDraft>,
    plan: &Plan,
    found: &mut Vec<Diagnostic>,
) -> Option<Model> {
    let facts: Vec<&str> = plan.facts().iter().map(|fact| fact.name.as_str()).collect();
    match Model::check(draft?, &facts) {
        Ok(model) => Some(model),
        Err(faults) => {
            found.extend(faults.into_iter().map(|fault| {
                let diagnostic =
                    Diagnostic::error(fault.code, Place::Field(fault.place), fault.message);
                match fault.help {
                    Some(help) => diagnostic.help(help),
                    None => diagnostic,
                }
            }));
            None
        }
    }
}

/// The reason a model's feature gives, by its group in the catalogue.
const GROUP_REASONS: &[(&str, &str)] = &[
    ("VEL", "VELOCITY_ACCOUNT"),
    ("AMT", "AMOUNT_UNUSUAL"),
    ("DIV", "DEVICE_MANY_ACCOUNTS"),
    ("GEO", "LOCATION_INCONSISTENT"),
    ("DEV", "NEW_DEVICE"),
    ("NET", "IP_REPUTATION"),
    ("CRD", "FRESH_CARD_SPEND"),
    ("WAL", "PASS_LOAD_VELOCITY"),
    ("AUT", "RESET_THEN_SPEND"),
    ("MER", "MERCHANT_RISK"),
    ("FXC", "FX_ANOMALY"),
    ("TIM", "MODEL_ANOMALY"),
    ("GRA", "LINKED_TO_FRAUD"),
];

fn reasons_of(model: &Model, definitions: &Definitions) -> Vec<Option<ReasonCode>> {
    let features = definitions.features();
    let reason = |name: &String| {
        let feature = features.iter().find(|feature| feature.name == *name)?;
        if feature.id.starts_with("VEL") && feature.entity == "card" {
            return ReasonCode::find("VELOCITY_CARD");
        }
        // What is wanted and how is nobody's fault: the model weighs all else by it.
        if feature.is_builtin && feature.id.is_empty() && feature.unit == "category" {
            return None;
        }
        let group = GROUP_REASONS.iter().find(|(group, _)| feature.id.starts_with(group));
        ReasonCode::find(group.map_or("MODEL_ANOMALY", |(_, code)| *code))
    };
    model.features().iter().map(reason).collect()
}

/// The whole layout goes into the hash: equal names may stand for different definitions.
fn schema_hash(plan: &Plan) -> String {
    short_hash([format!("{plan:?}").as_str()].into_iter())
}

/// 16 hex digits of BLAKE3 over the parts, each with its length.
fn short_hash<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> String {
        match Policy::check(text, None, Wanted::AllFeatures) {
            Ok(_) => String::new(),
            Err(faults) => features::diagnostic::render("policy", text, &faults),
        }
    }

    #[test]
    fn the_house_policies_are_sound() {
        assert_eq!(faults(DEFAULT_POLICY), "");
        assert_eq!(faults(include_str!("../policies/handbook.policy")), "");
        let policy = Policy::check(DEFAULT_POLICY, None, Wanted::Judging).expect("it is sound");
        assert!(30 <= policy.rules().rules.len());
        assert_eq!(policy.warnings(), []);
    }

    #[test]
    fn settings_that_contradict_each_other_are_shown_where_they_are_made() {
        let told = faults("set margin = 1%\nset recovery = 50%\nset second_usd = 0.01");
        assert!(told.contains("P209") && told.contains("policy:2:5"), "{told}");
        let fees = ["passkey", "device_biometric", "push_number_match", "passport_selfie"];
        let mut text: String =
            fees.iter().map(|name| format!("set {name}_fee_usd = 900\n")).collect();
        text += "set margin = 1%\n";
        let told = faults(&text);
        assert!(told.contains("P217") && told.contains("policy:4:5"), "{told}");
        assert!(!faults(&text.replacen("set passkey_fee_usd = 900\n", "", 1)).contains("S3"));
    }

    #[test]
    fn what_is_wanted_is_no_reason_and_all_else_that_a_model_knows_is_one() {
        let is_told = |name: &str| {
            let text = models::one_question(-1.0, 1.0).replace("amount_usd", name);
            let model = ModelDraft::read(&text).expect("a sound model");
            let policy = Policy::check("", Some(model), Wanted::Judging).expect("it is sound");
            policy.model_reasons[0].is_some()
        };
        for name in ["event_wanted", "payment_kind", "payment_funding", "session_opened_by"] {
            assert!(!is_told(name), "{name}");
        }
        for name in ["kyc_level", "card_network", "card_authenticated", "is_night_local"] {
            assert!(is_told(name), "{name}");
        }
    }

    #[test]
    fn tables_of_facts_keep_the_chosen_features_alone() {
        let names = ["account_attempt_count_1h".to_owned(), "amount_log".to_owned()];
        let policy = Policy::check("", None, Wanted::Only(&names)).expect("it is sound");
        let kept: Vec<&str> = policy.plan().facts().iter().map(|f| f.name.as_str()).collect();
        assert_eq!(kept, names);
        let unknown = ["no_such_feature".to_owned()];
        assert!(Policy::check("", None, Wanted::Only(&unknown)).is_err());
    }
}
