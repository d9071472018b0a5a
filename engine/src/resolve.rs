//! Where all opinions meet: votes of rules, the model's probability and the costs, to one verdict.
//!
//! **The lattice.** Every vote has a severity, that of its strongest action: decline over hold over
//! challenge over review over approve. The severity of the votes together is their maximum, so the
//! order of votes cannot matter and one more vote never softens what they demand (the cost rule may
//! read its suspicion, or a hold that saves money, in the customer's favour). The class of a vote
//! (guard over limit over block list over hard rule over must-challenge) decides who speaks:
//! reasons stand by severity, then class, then number of the rule, and the first of them gives the
//! message and the answer codes. Exempted votes are not passed in; their exemptions are.
//!
//! **The cost rule** works in the room that the votes leave. A decline stands. A demanded challenge
//! may become a decline when that is cheaper, never an approval; a hold likewise. Without votes the
//! cheapest of approving, asking and refusing wins, a tie going to the milder. From a set
//! probability on (0.9) the verdict is decline, unless a coached victim or the customer himself is
//! behind it. A sale is refused for a dispute to come only where its buyer is likelier to dispute it
//! than not: nothing at the counter tells him from an honest one, so his issuer is asked if he has
//! not answered yet. Without a probability the votes decide alone. What a challenge costs beyond its
//! written price (see `steering`) counts against those that the cost rule asks for, and not against
//! those that a rule demands.
//!
//! **Exploring.** A small refusal that rests on fraud rules or on the probability alone may be
//! approved all the same, when it is drawn: see `exploration`.
//!
//! **Answered already.** What a payment brings is not asked again: where a rule leaves it to the
//! issuer how to authenticate, and he has done so for this payment, the rule's demand is met.
//!
//! **Remembering.** What the customer proved a short while ago on the same device lowers the
//! probability that costs are weighed with, and no vote.
//!
//! **Failed challenges.** Where two different factors failed within half an hour the device is refused
//! on this account for a while; the account is frozen only if it is likely taken over.
//!
//! **No factor.** A demanded challenge that no eligible factor can answer becomes a hold where
//! money can wait, else a decline. A hold is answered as a challenge whose only option is to wait:
//! a caller who reads nothing but the decision does not let held money go.
//!
//! The same input gives the same verdict, bit for bit; nothing here can fail.

mod exploration;
mod reasons;

use std::cmp::Reverse;

use features::field::EventType;

use crate::decision::{
    Action, Costs, Decision, Effect, Hints, Modifier, ScaScope, Source, Strength, Verdict,
    risk_score,
};
use crate::economics::{Economics, Held, Stake};
use crate::reason::{MessageKey, ReasonCode, Scheme, codes, messages};
use crate::situation::Situation;
use crate::steering::{Steering, lot};
use crate::stepup::exemption::{Scenario, exemption};
use crate::stepup::three_ds::{self, Standing};
use crate::stepup::{self, Choice, Demand, Question, Terms, memory};
use crate::vector::{self, Group, Posterior, Vector, posterior};

/// A verdict is void after this time.
const VALID_FOR_MS: i64 = 300_000;

/// Cool-down after a failed challenge when no rule says otherwise: half an hour.
const ON_FAIL_COOLDOWN_MS: i64 = 1_800_000;

const HOUR_MS: f64 = 3_600_000.0;

/// No hold and no cool-down is longer than this: every wait has an end that somebody can see.
const WAIT_MS_MAX: i64 = 366 * 24 * 3_600_000;

/// So many different factors failed on one device are not a slip any more.
const FAILED_FACTORS: f64 = 2.0;

/// A takeover that is likelier than this stops the account and not the device alone.
const TAKEOVER_LIKELY: f64 = 0.5;

/// A sale is not refused for a dispute of its buyer that is less likely than this.
const DISPUTE_LIKELY: f64 = 0.5;

const MINUTE_MS: f64 = 60_000.0;

/// Where a rule stands in the lattice, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Form and card-data guard.
    Guard,
    /// Law and policy limits.
    Limit,
    /// Block lists.
    Block,
    /// Hard fraud rules.
    Hard,
    /// Rules that want proof, review or anything milder.
    Challenge,
}

impl Class {
    fn source(self) -> Source {
        match self {
            Class::Guard | Class::Limit => Source::Policy,
            Class::Block => Source::List,
            Class::Hard | Class::Challenge => Source::Rule,
        }
    }
}

/// What one rule votes for. Built when a policy is checked, borrowed when an event is judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Vote {
    /// Number of the rule in its policy.
    pub rule: u16,
    /// Where it stands in the lattice.
    pub class: Class,
    /// What it asks for.
    pub actions: Vec<Action>,
    /// What it leaves for later events.
    pub effects: Vec<Effect>,
    /// Why.
    pub reason: ReasonCode,
    /// What the customer reads when this vote leads.
    pub message: Option<MessageKey>,
    /// Suspicion of each vector, 0 to 1.
    pub suspects: [f64; vector::COUNT],
    /// How long repeats are refused, in milliseconds; 0 for not at all.
    pub cooldown_ms: i64,
}

/// How strong an action is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Severity {
    Approve,
    Review,
    Challenge,
    Hold,
    Decline,
}

impl Vote {
    fn severity(&self) -> Severity {
        self.actions.iter().map(severity).max().unwrap_or(Severity::Approve)
    }
}

fn severity(action: &Action) -> Severity {
    match action {
        Action::Decline => Severity::Decline,
        Action::Hold { .. } => Severity::Hold,
        Action::Challenge { .. } => Severity::Challenge,
        Action::Review
        | Action::LimitTo { .. }
        | Action::FreezeAccount
        | Action::FreezeCard
        | Action::NotifyCustomer
        | Action::DelaySettlement
        | Action::WarnInterstitial => Severity::Review,
    }
}

/// Who decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// The strongest vote, or the lack of any.
    Votes,
    /// The cost rule on the probability.
    Cost,
    /// A challenge was demanded and no factor may be asked.
    NoFactor,
    /// Different factors failed on this device a short while ago.
    Failed,
}

impl Cause {
    /// The reason that stands for it.
    fn reason(self, decision: Decision) -> Option<(ReasonCode, Source)> {
        match (self, decision) {
            (Cause::Cost, Decision::Decline) => Some((codes::MODEL_HIGH_RISK, Source::Model)),
            (Cause::Cost, Decision::Challenge) => Some((codes::MODEL_ELEVATED, Source::Model)),
            (Cause::NoFactor, _) => Some((codes::POL_NO_ELIGIBLE_FACTOR, Source::Policy)),
            (Cause::Failed, _) => Some((codes::CHALLENGE_FAILED, Source::Policy)),
            (Cause::Votes, _) | (Cause::Cost, Decision::Approve) => None,
        }
    }
}

/// The decision, before anything is written around it.
struct Ruling {
    decision: Decision,
    cause: Cause,
    /// How strong the decision is on the scale of votes.
    severity: Severity,
    choice: Option<Choice>,
    costs: Option<Costs>,
    hold_ms: Option<i64>,
    /// Whether it is a refusal that was turned into an approval; cause and severity are then those
    /// of the refusal.
    is_explored: bool,
}

/// Everything a ruling is made from.
struct Bench<'a> {
    situation: &'a Situation,
    economics: &'a Economics,
    votes: &'a [&'a Vote],
    probability: Option<f64>,
    /// The probability that costs are weighed with: what was proven lately lowers it.
    belief: Option<f64>,
    /// Strength of a proof that still counts.
    remembered: Option<Strength>,
    posterior: Posterior,
    stake: Stake,
    severity: Severity,
    steering: Steering,
}

/// The verdict on one event.
///
/// `probability` is calibrated, 0 to 1; anything else counts as no model. `exemptions` are the
/// reasons of exemptions that suppressed a vote. `contributions` are what the model's features add
/// to the log-odds, as reasons.
pub fn resolve(
    situation: &Situation,
    probability: Option<f64>,
    votes: &[&Vote],
    exemptions: &[ReasonCode],
    contributions: &[(ReasonCode, f64)],
    economics: &Economics,
    steering: Steering,
) -> Verdict {
    let severity = votes.iter().map(|vote| vote.severity()).max().unwrap_or(Severity::Approve);
    let is_held = actions(votes).any(|action| matches!(action, Action::Hold { .. }));
    let posterior = posterior(situation, votes.iter().map(|vote| &vote.suspects));
    let probability = probability.filter(|p| (0.0..=1.0).contains(p));
    let remembered = memory::remembered(situation, &posterior, economics);
    let belief = |p: f64| {
        remembered.map_or(p, |strength| memory::belief(p, strength, &posterior, economics))
    };
    let bench = Bench {
        situation,
        economics,
        votes,
        probability,
        belief: probability.map(belief),
        remembered,
        posterior,
        stake: economics.stake_under(
            situation,
            if is_held { Held::Yes } else { Held::No },
            &posterior,
        ),
        severity,
        steering,
    };
    let (ruling, exploration) = bench.explore(bench.rule());
    let actions = bench.modifiers(&ruling);
    let is_quiet = votes.is_empty() && !ruling.is_explored;
    let scenario = if is_quiet { Scenario::Quiet } else { Scenario::Suspected };
    let choice = ruling.choice.as_ref();
    let stake = &bench.stake;
    let exemption = exemption(situation, economics, stake, ruling.decision, scenario, choice);
    let reasons = bench.reasons(&ruling, exemptions, exemption.as_ref(), contributions);
    let lead = reasons.first().map(|line| line.code);
    let message = bench.message(&ruling);
    let scope = exemption.as_ref().map(|exemption| exemption.sca_scope);
    let hints = bench.hints(&ruling, &actions, lead, scope, message);
    let message = message.or(hints.as_ref().map(|hints| hints.message));
    let three_ds = match ruling.decision {
        Decision::Decline => None,
        Decision::Challenge => asked_of_issuer(hints.as_ref()),
        Decision::Approve => {
            let asked = exemption.as_ref().filter(|_| three_ds::goes_to_issuer(situation));
            asked.map(|found| three_ds::wish_of_approval(situation, found, bench.standing()))
        }
    };
    Verdict {
        decision: ruling.decision,
        actions,
        effects: effects(votes, &ruling),
        p_fraud: bench.probability,
        risk_score: bench.probability.map(risk_score),
        posterior: bench.posterior,
        hints,
        exemption,
        message,
        iso8583: bench.iso8583(ruling.decision, lead),
        three_ds,
        reasons,
        askable: bench.askable(),
        stake: bench.stake,
        costs: ruling.costs,
        exploration,
        valid_for_ms: VALID_FOR_MS,
    }
}

fn actions<'a>(votes: &'a [&'a Vote]) -> impl Iterator<Item = &'a Action> + Clone {
    votes.iter().flat_map(|vote| vote.actions.iter())
}

/// What the votes leave for later events: of the same value on the same list, what lasts longest.
/// Those for a refusal leave nothing where it is explored: whoever is let through to learn what he
/// does must not find himself on a list at the next event.
fn effects(votes: &[&Vote], ruling: &Ruling) -> Vec<Effect> {
    let is_void = |vote: &&&Vote| ruling.is_explored && vote.severity() == Severity::Decline;
    let valid = votes.iter().filter(|vote| !is_void(vote));
    let mut all: Vec<Effect> = valid.flat_map(|vote| vote.effects.iter().cloned()).collect();
    let ends = |effect: &Effect| effect.ms.unwrap_or(i64::MAX);
    all.sort_by(|a, b| {
        let (a_ends, b_ends) = (Reverse(ends(a)), Reverse(ends(b)));
        (&a.list, a.field, a_ends, &a.by).cmp(&(&b.list, b.field, b_ends, &b.by))
    });
    all.dedup_by(|later, kept| (&later.list, later.field) == (&kept.list, kept.field));
    all
}

/// The challenge indicator of the issuer's challenge, if the hints ask for one.
fn asked_of_issuer(hints: Option<&Hints>) -> Option<&'static str> {
    let options = hints.map_or(&[][..], |hints| &hints.options);
    options.iter().find_map(|option| option.three_ds).map(|three_ds| three_ds.challenge_ind)
}

impl Bench<'_> {
    fn question(&self) -> Question<'_> {
        Question {
            situation: self.situation,
            posterior: &self.posterior,
            economics: self.economics,
            stake: &self.stake,
            probability: self.belief.unwrap_or(self.economics.probability_unknown),
            remembered: self.remembered,
        }
    }

    fn rule(&self) -> Ruling {
        let ruling = self.ruling();
        let is_stand_in = ruling.choice.as_ref().is_some_and(Choice::is_stand_in);
        if !is_stand_in {
            return ruling;
        }
        // Two proofs that stand in for a stronger one are worth it only with time to object.
        let wait_ms = (self.economics.hold_hours * HOUR_MS) as i64;
        Ruling { hold_ms: Some(ruling.hold_ms.unwrap_or(0).max(wait_ms)), ..ruling }
    }

    fn ruling(&self) -> Ruling {
        let hold_ms = actions(self.votes).filter_map(|action| match action {
            Action::Hold { ms } => Some((*ms).clamp(0, WAIT_MS_MAX)),
            _ => None,
        });
        let hold_ms = hold_ms.max();
        let plain = |probability| self.economics.costs(probability, &self.stake, None);
        let ruling = |decision, cause, severity| Ruling {
            decision,
            cause,
            severity,
            choice: None,
            costs: self.belief.map(plain),
            hold_ms,
            is_explored: false,
        };
        if self.severity == Severity::Decline {
            return ruling(Decision::Decline, Cause::Votes, Severity::Decline);
        }
        if FAILED_FACTORS <= self.situation.session.failed_factors_30m {
            return ruling(Decision::Decline, Cause::Failed, Severity::Decline);
        }
        let leading = self.posterior.leading();
        let is_refusable = leading != Vector::V6 && leading != Vector::V8;
        if is_refusable && self.probability.is_some_and(|p| self.economics.decline_from <= p) {
            return ruling(Decision::Decline, Cause::Cost, Severity::Decline);
        }
        let demands = actions(self.votes).filter_map(Demand::of);
        let demands = demands.filter(|demand| !demand.is_met_by_event(self.situation));
        let is_forced = demands.clone().next().is_some();
        if !is_forced && !self.is_worth_asking() {
            let decision = if hold_ms.is_some() { Decision::Challenge } else { Decision::Approve };
            return ruling(decision, Cause::Votes, self.severity);
        }
        let choice = stepup::choose(&self.question(), demands);
        if is_forced && choice.is_none() {
            return self.without_factor(ruling(
                Decision::Decline,
                Cause::NoFactor,
                Severity::Decline,
            ));
        }
        match self.belief {
            Some(probability) => self.cheapest(probability, is_forced, choice, hold_ms),
            None => Ruling { choice, ..ruling(Decision::Challenge, Cause::Votes, self.severity) },
        }
    }

    /// Whether a challenge could be cheaper than approving: it costs genuine customers at least its
    /// price, and a refusal is dearer still or found by the full comparison.
    fn is_worth_asking(&self) -> bool {
        let Some(probability) = self.belief else { return false };
        let least = (1.0 - probability) * self.steering.challenge_price_usd;
        let costs = self.economics.costs(probability, &self.stake, None);
        least < costs.approve || costs.decline < costs.approve
    }

    /// Money that can wait waits; anything else is refused.
    fn without_factor(&self, refused: Ruling) -> Ruling {
        let can_wait = self.situation.is_outflow()
            || self.situation.event == Some(EventType::ThirdPartyTopup)
            || refused.hold_ms.is_some();
        if !can_wait {
            return refused;
        }
        let stand_in_ms = (self.economics.hold_hours * HOUR_MS) as i64;
        Ruling {
            decision: Decision::Challenge,
            severity: Severity::Hold,
            hold_ms: Some(refused.hold_ms.unwrap_or(0).max(stand_in_ms)),
            ..refused
        }
    }

    /// The cheapest answer that the votes allow; in a tie the milder.
    fn cheapest(
        &self,
        probability: f64,
        is_forced: bool,
        choice: Option<Choice>,
        hold_ms: Option<i64>,
    ) -> Ruling {
        let ask = choice.as_ref().map(Choice::ask);
        let mut costs = self.economics.costs(probability, &self.stake, ask);
        if !is_forced && let Some(challenge) = &mut costs.challenge {
            let dearer = self.steering.challenge_price_usd - self.economics.challenge_price_usd;
            *challenge += (1.0 - probability) * dearer;
        }
        let challenge = costs.challenge.unwrap_or(f64::INFINITY);
        let approve = if is_forced { f64::INFINITY } else { costs.approve };
        let is_spared = probability < DISPUTE_LIKELY && self.is_own_sale();
        let decline = if is_spared { f64::INFINITY } else { costs.decline };
        let (decision, cause, choice) = if approve <= challenge && approve <= decline {
            let held = if hold_ms.is_some() { Decision::Challenge } else { Decision::Approve };
            (held, Cause::Votes, None)
        } else if challenge <= decline {
            let cause = if is_forced { Cause::Votes } else { Cause::Cost };
            (Decision::Challenge, cause, choice)
        } else {
            (Decision::Decline, Cause::Cost, None)
        };
        let severity = match decision {
            Decision::Approve => self.severity,
            Decision::Challenge => self.severity.max(Severity::Challenge),
            Decision::Decline => Severity::Decline,
        };
        let costs = Some(costs);
        Ruling { decision, cause, severity, choice, costs, hold_ms, is_explored: false }
    }

    /// Whether the likeliest attacker buys for himself, to dispute it later.
    fn is_own_sale(&self) -> bool {
        let is_sale = self.situation.event == Some(EventType::Payment);
        is_sale && self.posterior.leading() == Vector::V8
    }

    /// The expected genuine customers who could have been asked here.
    fn askable(&self) -> f64 {
        let is_somebody_there = self.situation.is_mit != Some(true);
        let is_open = self.severity != Severity::Decline && is_somebody_there;
        self.probability.filter(|_| is_open).map_or(0.0, |probability| 1.0 - probability)
    }

    /// How sure an approval is, as far as the issuer cares.
    fn standing(&self) -> Standing {
        let is_low = self.probability.is_some_and(|p| p < reasons::ELEVATED);
        if is_low && self.severity == Severity::Approve {
            Standing::Clear
        } else {
            Standing::Doubtful
        }
    }

    /// What goes with the decision. A refusal leaves nothing to hold, to limit or to warn of.
    fn modifiers(&self, ruling: &Ruling) -> Vec<Modifier> {
        let is_declined = ruling.decision == Decision::Decline;
        let mut found: Vec<Modifier> = actions(self.votes)
            .filter_map(|action| match action {
                Action::Review => Some(Modifier::Review),
                Action::FreezeAccount => Some(Modifier::FreezeAccount),
                Action::FreezeCard => Some(Modifier::FreezeCard),
                Action::NotifyCustomer => Some(Modifier::NotifyCustomer),
                Action::DelaySettlement => Some(Modifier::DelaySettlement),
                Action::WarnInterstitial => (!is_declined).then_some(Modifier::WarnInterstitial),
                Action::Decline
                | Action::Hold { .. }
                | Action::Challenge { .. }
                | Action::LimitTo { .. } => None,
            })
            .collect();
        if ruling.cause == Cause::Failed {
            found.push(Modifier::BlockRetryFor { ms: self.freeze_ms() });
            if TAKEOVER_LIKELY < self.posterior.takeover() + self.posterior.weight(Vector::V5) {
                found.push(Modifier::FreezeAccount);
            }
        } else if is_declined {
            found.extend(self.cooldown_ms().map(|ms| Modifier::BlockRetryFor { ms }));
        } else {
            found.extend(ruling.hold_ms.map(|ms| Modifier::HoldFor { ms }));
            found.extend(self.limit_minor().map(|minor| Modifier::LimitTo { minor }));
            if ruling.cause == Cause::NoFactor {
                found.push(Modifier::Review);
            }
            if ruling.choice.as_ref().is_some_and(Choice::has_low_limits) {
                found.push(Modifier::NotifyCustomer);
            }
            let is_scam = self.posterior.group() == Group::Victim;
            if is_scam && ruling.decision == Decision::Challenge {
                found.push(Modifier::WarnInterstitial);
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The lowest limit that any vote sets.
    fn limit_minor(&self) -> Option<i64> {
        let limits = actions(self.votes).filter_map(|action| match action {
            Action::LimitTo { minor } => Some(*minor),
            _ => None,
        });
        limits.min()
    }

    /// The longest cool-down of the votes, moved by up to a fifth so that it cannot be timed.
    fn cooldown_ms(&self) -> Option<i64> {
        let longest = self.votes.iter().max_by_key(|vote| (vote.cooldown_ms, vote.rule))?;
        if longest.cooldown_ms <= 0 {
            return None;
        }
        let seed = self.situation.time_ms.to_bits() ^ u64::from(longest.rule);
        Some(jittered(longest.cooldown_ms.min(WAIT_MS_MAX), seed))
    }

    /// How long a device is refused after failed factors, moved like a cool-down.
    fn freeze_ms(&self) -> i64 {
        let ms = (self.economics.freeze_min * MINUTE_MS) as i64;
        let own = self.cooldown_ms().unwrap_or(0);
        own.max(jittered(ms, self.situation.time_ms.to_bits()))
    }

    /// The message of the vote that leads, if the votes decided and it brings one.
    fn message(&self, ruling: &Ruling) -> Option<MessageKey> {
        if ruling.cause != Cause::Votes {
            return match ruling.decision {
                Decision::Decline if ruling.cause == Cause::Failed => Some(messages::TRY_LATER),
                Decision::Decline => Some(messages::DECLINE_GENERIC),
                Decision::Approve | Decision::Challenge => None,
            };
        }
        let leaders = self.votes.iter().filter(|vote| vote.severity() == ruling.severity);
        let leader =
            leaders.filter(|vote| vote.message.is_some()).min_by_key(|v| (v.class, v.rule));
        let said = leader.and_then(|vote| vote.message);
        match ruling.decision {
            Decision::Decline => said.or(Some(messages::DECLINE_GENERIC)),
            Decision::Challenge => said,
            // A review is nobody's business but ours.
            Decision::Approve => {
                let is_warned =
                    actions(self.votes).any(|action| *action == Action::WarnInterstitial);
                is_warned.then_some(messages::SCAM_WARNING)
            }
        }
    }

    fn hints(
        &self,
        ruling: &Ruling,
        modifiers: &[Modifier],
        lead: Option<ReasonCode>,
        scope: Option<ScaScope>,
        message: Option<MessageKey>,
    ) -> Option<Hints> {
        if ruling.decision != Decision::Challenge {
            return None;
        }
        let of_reason = lead.and_then(ReasonCode::three_ds);
        let is_suspected = !self.votes.is_empty();
        let limit_to_minor = modifiers.iter().find_map(|modifier| match modifier {
            Modifier::LimitTo { minor } => Some(*minor),
            _ => None,
        });
        let cooldown_ms = self.cooldown_ms().unwrap_or(ON_FAIL_COOLDOWN_MS);
        let terms = Terms {
            limit_to_minor,
            on_fail_cooldown_s: u32::try_from(cooldown_ms / 1_000).unwrap_or(u32::MAX),
            challenge_ind: three_ds::wish_of_challenge(
                self.situation,
                scope,
                of_reason,
                is_suspected,
            ),
            message,
        };
        let question = self.question();
        Some(match &ruling.choice {
            Some(choice) => stepup::hints(&question, choice, &terms),
            None => stepup::hold_hints(&question, ruling.hold_ms.unwrap_or(0), &terms),
        })
    }

    /// DE39 for events that a host authorises. A challenge is the soft decline that asks for more.
    fn iso8583(&self, decision: Decision, lead: Option<ReasonCode>) -> Option<&'static str> {
        let is_authorised = match self.situation.event? {
            EventType::CardLink
            | EventType::Payment
            | EventType::TourPassTopup
            | EventType::ThirdPartyTopup
            | EventType::Transfer
            | EventType::RedEnvelopeSend
            | EventType::RedEnvelopeClaim
            | EventType::Withdrawal
            | EventType::Refund => true,
            EventType::AccountOpen
            | EventType::Login
            | EventType::IdentityVerification
            | EventType::ProfileChange
            | EventType::CardUnlink
            | EventType::TourPassClose
            | EventType::PromoRedemption
            | EventType::AuthResult
            | EventType::ChallengeIssued
            | EventType::ChallengeResult
            | EventType::DeviceSignal
            | EventType::SimSignal
            | EventType::MerchantUpdate
            | EventType::ListUpdate
            | EventType::Label
            | EventType::Dispute
            | EventType::ReviewOutcome
            | EventType::FxRate
            | EventType::IssuerHealth => false,
        };
        if !is_authorised {
            return None;
        }
        let is_visa = self.situation.card.network == Some("visa");
        let scheme = if is_visa { Scheme::Visa } else { Scheme::Other };
        match decision {
            Decision::Approve => Some("00"),
            Decision::Challenge if self.situation.is_card_funded() => {
                codes::MODEL_ELEVATED.de39(scheme)
            }
            Decision::Challenge => lead.and_then(|code| code.de39(scheme)),
            Decision::Decline => lead.and_then(|code| code.de39(scheme)).or(Some("05")),
        }
    }
}

/// A length moved by up to a fifth either way, by a number that only we know how to make.
fn jittered(ms: i64, seed: u64) -> i64 {
    (ms as f64 * (0.8 + 0.4 * lot(seed))) as i64
}

#[cfg(test)]
mod outbound;

#[cfg(test)]
mod tests;
