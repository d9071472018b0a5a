//! Which second factor to ask for, given who must be proven and which attack is suspected.
//!
//! Two people can be asked: the wallet user and the cardholder. A thief with stolen card data in a
//! wallet of his own passes every factor of the wallet, so the suspicion decides *whom* to prove,
//! eligibility decides *what* may be asked (`eligibility`), the floor how little is enough
//! (`floor`), and the expected cost of `economics` which of the rest comes first. Options within a
//! set ratio of the best follow, at most three, and one fallback over another channel.
//!
//! When a stolen card and a takeover are both likely, two factors must be passed together; their
//! bypass is multiplied vector by vector, since the suspicion is what the two have in common. Only
//! those who gain by the event have to be stopped: a thief with somebody's card takes nothing by
//! signing in to his own wallet, so at a login the wallet user is proven, and the cardholder later. A
//! coached victim passes every proof, so only a hold and a warning are offered. A challenge that a
//! rule demands is answered with factors that do not fit the suspicion rather than not at all, but
//! never with one that proves the wrong person, unless the rule itself names the factor.
//!
//! What was proven a short while ago on the same device need not be proven again (`memory`), and a
//! policy whose settings leave a floor without a factor is refused (`soundness`).
//!
//! `choose` allocates nothing; `hints` makes the lists of the answer.

pub mod eligibility;
pub mod exemption;
pub mod factors;
pub mod floor;
pub mod memory;
pub mod soundness;
pub mod three_ds;

pub use crate::situation::{FACTS, Situation};

use crate::decision::{
    Action, Combine, Factor, FactorSet, Forbidden, HintOption, Hints, OnPass, Proof, Proofs,
    Strength,
};
use crate::economics::{Ask, Economics, Stake, gainers};
use crate::reason::{MessageKey, codes, messages};
use crate::situation::ThreeDsStatus;
use crate::vector::{self, Group, Posterior, Vector};
use eligibility::{Eligibility, eligibility};
use factors::{Channel, Kind, kind};
use floor::{Floor, FloorTerms, floor};

/// Options beside the fallback.
const OPTIONS_MAX: usize = 3;

/// Options and the fallback.
const PICKS_MAX: usize = OPTIONS_MAX + 1;

/// A device that passed a strong proof may count as trusted after this time.
const TRUST_AFTER_H: u32 = 24;

/// Limits stay low this long after a credential was changed with a weak proof.
const LOW_LIMITS_H: u32 = 24;

/// What one rule demands of a challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand {
    /// Least strength.
    pub strength: Strength,
    /// Who must be proven.
    pub prove: Proofs,
    /// What must not be asked.
    pub forbid: FactorSet,
    /// One of these must be asked; empty leaves the choice open.
    pub only: FactorSet,
}

impl Demand {
    /// The demand in an action of a rule, `None` when it is no challenge.
    pub fn of(action: &Action) -> Option<Demand> {
        match *action {
            Action::Challenge { strength, prove, forbid, only } => {
                Some(Demand { strength: strength.unwrap_or_default(), prove, forbid, only })
            }
            Action::Decline
            | Action::Hold { .. }
            | Action::Review
            | Action::LimitTo { .. }
            | Action::FreezeAccount
            | Action::FreezeCard
            | Action::NotifyCustomer
            | Action::DelaySettlement
            | Action::WarnInterstitial => None,
        }
    }

    /// Whether the event brings what it asks for: the issuer authenticated the cardholder, silently or
    /// not, and that is all that is wanted.
    pub fn is_met_by_event(&self, situation: &Situation) -> bool {
        let silent = kind(Factor::ThreeDsFrictionless);
        situation.card.three_ds_status == ThreeDsStatus::Authenticated
            && self.only.contains(Factor::ThreeDsFrictionless)
            && silent.proves.cover(self.prove)
            && self.strength <= silent.strength_max
    }

    /// Whether it wants a proof and not only a pause.
    fn wants_proof(&self) -> bool {
        self.strength != Strength::None || !self.prove.is_empty()
    }

    /// Whether asking all of `members` meets it.
    fn is_met_by(&self, members: &[Single]) -> bool {
        let is_named = self.only.is_empty() || members.iter().any(|s| self.only.contains(s.factor));
        let is_strong = members.iter().any(|single| {
            let is_wanted = self.prove.is_empty()
                || single.kind.proves.contains(Proof::LegalIdentity)
                || self.prove.iter().any(|proof| single.kind.proves.contains(proof));
            is_wanted && self.strength <= single.kind.strength_max
        });
        is_named && is_strong && proven_by(members).cover(self.prove)
    }
}

/// Everything the choice of a factor depends on, beside what rules demand.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The facts.
    pub situation: &'a Situation,
    /// The suspected attack.
    pub posterior: &'a Posterior,
    /// Prices and limits.
    pub economics: &'a Economics,
    /// What is at stake.
    pub stake: &'a Stake,
    /// Probability of fraud, 0 to 1.
    pub probability: f64,
    /// Strength of a proof of the wallet user that still counts.
    pub remembered: Option<Strength>,
}

/// One factor with its numbers in this situation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Single {
    /// Which.
    pub factor: Factor,
    /// Its fixed properties.
    pub kind: Kind,
    /// Probability that an attacker passes, by number of vector.
    pub passes: [f64; vector::COUNT],
    /// What asking it does under the suspicion.
    pub ask: Ask,
    /// Share of genuine customers who give up.
    pub abandon: f64,
    /// Expected cost in USD.
    pub cost: f64,
}

/// What will be asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    picks: [Option<Single>; PICKS_MAX],
    combine: Combine,
    ask: Ask,
    floor: Strength,
    must_prove: Proofs,
    unfit: FactorSet,
    terms: FloorTerms,
}

impl Choice {
    /// The options in order.
    pub fn picked(&self) -> impl Iterator<Item = &Single> {
        self.picks.iter().flatten()
    }

    /// What asking the best option, or all options together, does.
    pub fn ask(&self) -> &Ask {
        &self.ask
    }

    /// Whether two proofs stand in for a stronger one, so that what they allow must wait.
    pub fn is_stand_in(&self) -> bool {
        let is_weaker = self.picked().all(|single| single.kind.strength_max < self.floor);
        self.terms == FloorTerms::OrTwo && self.combine == Combine::All && is_weaker
    }

    /// Whether what a pass allows starts with a notice and low limits.
    pub fn has_low_limits(&self) -> bool {
        let is_weak = self.picked().any(|single| single.kind.strength_max < Strength::S3);
        self.terms == FloorTerms::LowLimits && is_weak
    }
}

/// Whom the suspicion wants proven, and whether a pause would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Need {
    proves: Proofs,
    pause: Pause,
}

/// What place holds and warnings have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pause {
    /// Only they help.
    Only,
    /// They help as proofs do.
    Allowed,
    /// They do not answer the suspicion.
    Never,
}

/// How strictly factors must fit the suspicion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// Not more of the attackers may pass than the settings allow.
    Strict,
    /// Any eligible factor that proves the right person will do.
    Loose,
}

/// The factors that a question leaves, in a fixed place each.
struct Field {
    singles: [Option<Single>; Factor::ALL.len()],
}

/// The weight of a machine from which nobody is asked. Most frauds at a login are automation, so its
/// prior alone (0.69) must not refuse a person whom a question would let in.
const MACHINE_SURE: f64 = 0.7;

/// The factors to ask, or `None` when none may be asked: without a demand also when nothing would
/// stop the suspected attack.
pub fn choose(
    question: &Question<'_>,
    demands: impl Iterator<Item = Demand> + Clone,
) -> Option<Choice> {
    let is_forced = demands.clone().next().is_some();
    if MACHINE_SURE <= question.posterior.weight(Vector::V9) && !is_forced {
        return None;
    }
    let gainers = gainers(question.situation, question.posterior);
    let gaining = &Question { posterior: &gainers, ..*question };
    let is_named = demands.clone().any(|demand| !demand.only.is_empty());
    let field = field_of(question, gaining, demands.clone());
    let least = floor(question.situation, question.economics).after(question.remembered);
    let needs = needs(gaining, demands.clone(), is_named);
    let fits = if is_named {
        &[Fit::Loose][..]
    } else if is_forced {
        &[Fit::Strict, Fit::Loose][..]
    } else {
        &[Fit::Strict][..]
    };
    fits.iter().find_map(|fit| {
        needs.iter().flatten().find_map(|need| {
            let search = Search { question: gaining, field: &field, least, need: *need, fit: *fit };
            search.best(demands.clone())
        })
    })
}

/// Eligible factors that no rule forbids, with their numbers. A rule that wants a challenge does not
/// leave it to the issuer whether there is one, unless it says so.
fn field_of(
    question: &Question<'_>,
    gaining: &Question<'_>,
    demands: impl Iterator<Item = Demand>,
) -> Field {
    let silent = FactorSet::of(&[Factor::ThreeDsFrictionless]);
    let forbidden = demands.fold(FactorSet::NONE, |set, demand| {
        let is_silent_meant = demand.only.contains(Factor::ThreeDsFrictionless);
        let unsaid = if is_silent_meant { FactorSet::NONE } else { silent };
        set.union(demand.forbid).union(unsaid)
    });
    let mut singles = [None; Factor::ALL.len()];
    for factor in Factor::ALL {
        if forbidden.contains(factor) {
            continue;
        }
        let found = eligibility(factor, question.situation, question.posterior, question.economics);
        if let Eligibility::Eligible { bypass_times, success_max } = found {
            singles[factor as usize] = Some(single(gaining, factor, bypass_times, success_max));
        }
    }
    Field { singles }
}

fn single(question: &Question<'_>, factor: Factor, bypass_times: f64, success_max: f64) -> Single {
    let price = question.economics.asked(factor);
    let passes = price.bypass.map(|bypass| (bypass * bypass_times).min(1.0));
    let ask = Ask {
        fee_usd: price.fee_usd,
        bypass: weighed(question.posterior, |vector| passes[vector]),
        shifted: question.economics.shifted_by(factor, question.stake),
        success: price.success.min(success_max),
        seconds: price.seconds,
    };
    let cost = question.economics.cost_challenge(question.probability, question.stake, &ask);
    let abandon = price.abandon;
    Single { factor, kind: kind(factor), passes, ask, abandon, cost }
}

/// The mean over the suspected vectors, by number of vector.
fn weighed(posterior: &Posterior, of: impl Fn(usize) -> f64) -> f64 {
    posterior.weights().iter().enumerate().map(|(vector, weight)| weight * of(vector)).sum()
}

/// Two factors that must both be passed. Given the vector, passing one says nothing of the other.
fn both(posterior: &Posterior, first: &Single, second: &Single) -> Ask {
    Ask {
        fee_usd: first.ask.fee_usd + second.ask.fee_usd,
        bypass: weighed(posterior, |vector| first.passes[vector] * second.passes[vector]),
        shifted: first.ask.shifted.max(second.ask.shifted),
        success: first.ask.success * second.ask.success,
        seconds: first.ask.seconds + second.ask.seconds,
    }
}

/// What the suspicion needs, most wanted first.
fn needs(
    question: &Question<'_>,
    demands: impl Iterator<Item = Demand> + Clone,
    is_named: bool,
) -> [Option<Need>; 2] {
    const CARDHOLDER: Proofs = Proofs::of(&[Proof::Cardholder]);
    const USER: Proofs = Proofs::of(&[Proof::WalletUser]);
    let wants_proof = demands.clone().any(|demand| demand.wants_proof());
    if is_named {
        return [Some(Need { proves: Proofs::NONE, pause: Pause::Allowed }), None];
    }
    let posterior = question.posterior;
    let limit = question.economics.combine_above;
    let is_mixed = limit < posterior.weight(Vector::V1) && limit < posterior.takeover();
    let mixed = Need { proves: CARDHOLDER.union(USER), pause: Pause::Never };
    let pause = |pause| if wants_proof { Pause::Never } else { pause };
    let leading = match posterior.group() {
        Group::Card => Need { proves: CARDHOLDER, pause: Pause::Never },
        Group::Account => Need { proves: USER, pause: Pause::Never },
        Group::Victim => Need { proves: Proofs::NONE, pause: pause(Pause::Only) },
        Group::Identity => Need { proves: Proofs::NONE, pause: pause(Pause::Allowed) },
        Group::Machine => Need { proves: Proofs::NONE, pause: Pause::Never },
    };
    if is_mixed { [Some(mixed), Some(leading)] } else { [Some(leading), None] }
}

/// Who is proven. The card's code is sold with stolen card data, so it answers for nobody.
fn proven_by(members: &[Single]) -> Proofs {
    let sound = members.iter().filter(|single| single.factor != Factor::CvvReentry);
    sound.fold(Proofs::NONE, |proofs, single| proofs.union(single.kind.proves))
}

/// One attempt to answer a question.
struct Search<'a> {
    question: &'a Question<'a>,
    field: &'a Field,
    least: Floor,
    need: Need,
    fit: Fit,
}

impl Search<'_> {
    fn singles(&self) -> impl Iterator<Item = &Single> {
        self.field.singles.iter().flatten()
    }

    fn best(&self, demands: impl Iterator<Item = Demand> + Clone) -> Option<Choice> {
        let mut alone: [Option<Single>; Factor::ALL.len()] = [None; Factor::ALL.len()];
        for single in self.singles() {
            if self.is_answer(&[*single], &single.ask, demands.clone()) {
                alone[single.factor as usize] = Some(*single);
            }
        }
        alone.sort_unstable_by(by_rank);
        let best_alone = alone[0];
        let persons = demands
            .clone()
            .fold(self.need.proves.union(self.least.proves), |all, d| all.union(d.prove));
        // A strong floor that the cardholder must meet: a strong proof of the user and the issuer's
        // silent answer do it together.
        let is_of_both =
            Strength::S3 <= self.least.strength && self.least.proves.contains(Proof::Cardholder);
        let wants_two = self.need.pause == Pause::Only
            || self.least.terms == FloorTerms::OrTwo
            || is_of_both
            || persons.iter().nth(1).is_some();
        if wants_two || best_alone.is_none() {
            let pair = self.best_pair(&alone, demands.clone());
            if let Some((first, second, ask, cost)) = pair
                && best_alone.is_none_or(|single| cost < single.cost)
            {
                let picks = [Some(first), Some(second), None, None];
                return Some(self.choice(picks, Combine::All, ask, demands));
            }
        }
        let best = best_alone?;
        let limit = best.cost * self.question.economics.option_cost_ratio;
        let mut picks = [None; PICKS_MAX];
        // The issuer is asked once, with one wish: the cheaper.
        let issuer = alone.iter().flatten().map(|s| s.factor).find(|factor| factor.is_three_ds());
        let is_other_wish = |one: &Single| one.factor.is_three_ds() && issuer != Some(one.factor);
        let near = alone.iter().flatten().filter(|s| s.cost <= limit && !is_other_wish(s));
        for (pick, single) in picks.iter_mut().zip(near.take(OPTIONS_MAX)) {
            *pick = Some(*single);
        }
        let is_used = |channel: Channel| picks.iter().flatten().any(|s| s.kind.channel == channel);
        let fallback = alone.iter().flatten().find(|single| !is_used(single.kind.channel)).copied();
        if let Some(free) = picks.iter().position(Option::is_none) {
            picks[free] = fallback;
        }
        Some(self.choice(picks, Combine::Any, best.ask, demands))
    }

    /// The cheapest two that answer together. One that answers alone needs no second, but for
    /// pauses, which add up.
    fn best_pair(
        &self,
        alone: &[Option<Single>],
        demands: impl Iterator<Item = Demand> + Clone,
    ) -> Option<(Single, Single, Ask, f64)> {
        let question = self.question;
        let mut best: Option<(Single, Single, Ask, f64)> = None;
        for first in self.singles() {
            for second in self.singles().filter(|second| first.factor < second.factor) {
                let is_redundant = |single: &Single| {
                    !single.kind.is_pause()
                        && alone.iter().flatten().any(|one| one.factor == single.factor)
                };
                let is_one_request = first.factor.is_three_ds() && second.factor.is_three_ds();
                if is_one_request || is_redundant(first) || is_redundant(second) {
                    continue;
                }
                let ask = both(question.posterior, first, second);
                if !self.is_answer(&[*first, *second], &ask, demands.clone()) {
                    continue;
                }
                let cost =
                    question.economics.cost_challenge(question.probability, question.stake, &ask);
                if best.is_none_or(|(_, _, _, least)| cost < least) {
                    let (first, second) =
                        if second.cost < first.cost { (second, first) } else { (first, second) };
                    best = Some((*first, *second, ask, cost));
                }
            }
        }
        best
    }

    /// Whether asking these answers the suspicion, the floor and every demand.
    fn is_answer(
        &self,
        members: &[Single],
        ask: &Ask,
        mut demands: impl Iterator<Item = Demand>,
    ) -> bool {
        let economics = self.question.economics;
        let pauses = members.iter().filter(|single| single.kind.is_pause()).count();
        let is_pause = pauses == members.len();
        if !is_pause && (0 < pauses || self.need.pause == Pause::Only) {
            return false;
        }
        if is_pause && self.need.pause == Pause::Never {
            return false;
        }
        let limit = if is_pause { economics.fit_limit_pause } else { economics.fit_limit };
        if self.fit == Fit::Strict && limit < ask.residual() {
            return false;
        }
        let is_strong =
            members.iter().any(|single| self.least.strength <= single.kind.strength_max);
        let is_above_floor = is_pause
            || ((is_strong || self.is_stand_in(members))
                && proven_by(members).cover(self.need.proves.union(self.least.proves)));
        is_above_floor && demands.all(|demand| demand.is_met_by(members))
    }

    /// Whether these are two independent proofs where the floor takes such.
    fn is_stand_in(&self, members: &[Single]) -> bool {
        let [first, second] = members else { return false };
        self.least.terms == FloorTerms::OrTwo
            && first.kind.channel != second.kind.channel
            && members.iter().all(|single| Strength::S2 <= single.kind.strength)
    }

    fn choice(
        &self,
        picks: [Option<Single>; PICKS_MAX],
        combine: Combine,
        ask: Ask,
        demands: impl Iterator<Item = Demand>,
    ) -> Choice {
        let is_pause = picks.iter().flatten().all(|single| single.kind.is_pause());
        let mut floor = if is_pause { Strength::None } else { self.least.strength };
        let mut must_prove =
            if is_pause { Proofs::NONE } else { self.need.proves.union(self.least.proves) };
        let mut unfit = FactorSet::NONE;
        for demand in demands {
            floor = floor.max(demand.strength);
            must_prove = must_prove.union(demand.prove);
            unfit = unfit.union(demand.forbid);
        }
        for single in self.singles() {
            let is_picked = picks.iter().flatten().any(|pick| pick.factor == single.factor);
            let is_wrong_person = !single.kind.proves.cover(self.need.proves);
            let limit = self.question.economics.fit_limit;
            let is_weak = self.fit == Fit::Strict && limit < single.ask.residual();
            if !is_picked && !single.kind.is_pause() && (is_wrong_person || is_weak) {
                unfit = unfit.union(FactorSet::of(&[single.factor]));
            }
        }
        let terms = if is_pause { FloorTerms::Plain } else { self.least.terms };
        Choice { picks, combine, ask, floor, must_prove, unfit, terms }
    }
}

/// Cheaper first, then stronger, then lower fee, then by name; nothing comes last.
fn by_rank(left: &Option<Single>, right: &Option<Single>) -> std::cmp::Ordering {
    match (left, right) {
        (Some(left), Some(right)) => left
            .cost
            .total_cmp(&right.cost)
            .then(right.kind.strength.cmp(&left.kind.strength))
            .then(left.ask.fee_usd.total_cmp(&right.ask.fee_usd))
            .then(left.factor.cmp(&right.factor)),
        (Some(_), None) => std::cmp::Ordering::Less,
        (None, Some(_)) => std::cmp::Ordering::Greater,
        (None, None) => std::cmp::Ordering::Equal,
    }
}

/// What the verdict adds to a choice.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// Largest amount after a pass, minor units of the base currency.
    pub limit_to_minor: Option<i64>,
    /// Cool-down after a failure.
    pub on_fail_cooldown_s: u32,
    /// `threeDSRequestorChallengeInd` for the issuer's challenge.
    pub challenge_ind: &'static str,
    /// What the customer reads; `None` takes the message of the best option.
    pub message: Option<MessageKey>,
}

/// The hints for a choice.
pub fn hints(question: &Question<'_>, choice: &Choice, terms: &Terms) -> Hints {
    let options = choice.picked().map(|single| option(question, single, terms)).collect();
    let is_strong = choice.picked().next().is_some_and(|best| {
        let proves_user = best.kind.proves.cover(Proofs::of(&[Proof::WalletUser]));
        proves_user && Strength::S3 <= best.kind.strength
    });
    let is_low = choice.has_low_limits();
    let low_minor = (100.0 * question.economics.limit_after_change_base) as i64;
    let limits = [terms.limit_to_minor, is_low.then_some(low_minor)];
    Hints {
        floor: choice.floor,
        remembered: question.remembered,
        must_prove: choice.must_prove,
        options,
        combine: choice.combine,
        forbidden: forbidden(question, choice.unfit),
        on_pass: OnPass {
            limit_to_minor: limits.into_iter().flatten().min(),
            limit_for_h: is_low.then_some(LOW_LIMITS_H),
            trust_device_after_h: is_strong.then_some(TRUST_AFTER_H),
        },
        on_fail_cooldown_s: terms.on_fail_cooldown_s,
        message: terms.message.unwrap_or_else(|| message(question, choice)),
    }
}

/// The hints for a hold alone: the customer can do nothing but wait this long.
pub fn hold_hints(question: &Question<'_>, hold_ms: i64, terms: &Terms) -> Hints {
    let hold = single(question, Factor::CoolOffHold, 1.0, 1.0);
    let waits_s = u32::try_from(hold_ms / 1_000).unwrap_or(u32::MAX);
    Hints {
        floor: Strength::None,
        remembered: None,
        must_prove: Proofs::NONE,
        options: vec![HintOption { ttl_s: waits_s, ..option(question, &hold, terms) }],
        combine: Combine::Any,
        forbidden: forbidden(question, FactorSet::NONE),
        on_pass: OnPass {
            limit_to_minor: terms.limit_to_minor,
            limit_for_h: None,
            trust_device_after_h: None,
        },
        on_fail_cooldown_s: terms.on_fail_cooldown_s,
        message: terms.message.unwrap_or(messages::HOLD),
    }
}

fn option(question: &Question<'_>, single: &Single, terms: &Terms) -> HintOption {
    let three_ds = single.factor.is_three_ds().then(|| {
        let is_left_to_issuer = single.factor == Factor::ThreeDsFrictionless;
        let wish = if is_left_to_issuer { three_ds::NO_PREFERENCE } else { terms.challenge_ind };
        three_ds::request(question.situation, wish)
    });
    HintOption {
        factor: single.factor,
        strength: single.kind.strength,
        proves: single.kind.proves,
        expected_pass_legit: single.ask.success,
        expected_abandon_legit: single.abandon,
        expected_pass_fraud: single.ask.bypass,
        expected_cost_usd: single.cost,
        three_ds,
        ttl_s: single.kind.ttl_s,
        max_attempts: single.kind.max_attempts,
    }
}

/// Every factor that must not be asked, in lexical order, with the reason.
fn forbidden(question: &Question<'_>, unfit: FactorSet) -> Vec<Forbidden> {
    let why = |factor: Factor| {
        let Question { situation, posterior, economics, .. } = *question;
        match eligibility(factor, situation, posterior, economics) {
            Eligibility::Forbidden(why) => Some(Forbidden { factor, why }),
            Eligibility::Eligible { .. } if unfit.contains(factor) => {
                Some(Forbidden { factor, why: codes::FACTOR_NOT_FIT_VECTOR })
            }
            Eligibility::Eligible { .. } | Eligibility::Absent => None,
        }
    };
    Factor::ALL.into_iter().filter_map(why).collect()
}

/// The message of the best option.
fn message(question: &Question<'_>, choice: &Choice) -> MessageKey {
    let sms =
        eligibility(Factor::SmsOtp, question.situation, question.posterior, question.economics);
    let is_sms_out = sms == Eligibility::Forbidden(codes::FACTOR_SIM_RECENT);
    match choice.picked().next().map(|single| single.factor) {
        Some(Factor::WarningInterstitial) => messages::SCAM_WARNING,
        Some(Factor::CoolOffHold) if question.posterior.group() == Group::Victim => {
            messages::SCAM_WARNING
        }
        Some(Factor::CoolOffHold) => messages::HOLD,
        Some(
            Factor::CvvReentry
            | Factor::MicroAmount
            | Factor::ThreeDsChallenge
            | Factor::ThreeDsFrictionless,
        ) => messages::VERIFY_CARD,
        Some(Factor::PassportSelfie) => messages::VERIFY_IDENTITY,
        Some(
            Factor::DeviceBiometric
            | Factor::Passkey
            | Factor::PaymentPin
            | Factor::PushNumberMatch
            | Factor::SmsOtp
            | Factor::SupportCallback
            | Factor::Totp,
        )
        | None => {
            if is_sms_out {
                messages::VERIFY_OTHER
            } else {
                messages::VERIFY_YOU
            }
        }
    }
}

#[cfg(test)]
mod tests;
