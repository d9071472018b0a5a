//! Which attack is suspected: nine vectors and how likely each is, if this is fraud at all.
//!
//! The weights decide which factor may be asked (a thief with a stolen card passes every factor of
//! his own wallet) and are shown as `typology_posterior`. The rule is simple on purpose: a prior by
//! kind of event, weighing as much as half a rule, plus the suspicions of every rule that voted,
//! plus what a few facts hint at; then divided by the sum, and no vector above 0.9, because nobody
//! is that sure. Unknown facts hint at nothing. Sums are integers, so the order of votes cannot
//! matter; nothing allocates. All numbers here are assumptions to be replaced by labels; the priors
//! follow how often each kind of fraud is seen.

use features::field::EventType;

use crate::situation::{Funding, Situation};

/// How a fraud would be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Vector {
    /// Stolen card data in the thief's own account.
    V1,
    /// Account taken over, no relay.
    V2,
    /// Account taken over with a real-time relay.
    V3,
    /// SIM swap.
    V4,
    /// Malware or a stolen unlocked device.
    V5,
    /// A victim who is coached to do it.
    V6,
    /// Mule, synthetic person or launderer with an identity of his own.
    V7,
    /// Abuse by the customer himself.
    V8,
    /// Automation.
    V9,
}

/// Number of vectors.
pub const COUNT: usize = 9;

impl Vector {
    /// Every vector, by number.
    pub const ALL: [Vector; COUNT] = [
        Vector::V1,
        Vector::V2,
        Vector::V3,
        Vector::V4,
        Vector::V5,
        Vector::V6,
        Vector::V7,
        Vector::V8,
        Vector::V9,
    ];

    /// The name on the wire and in policies.
    pub fn name(self) -> &'static str {
        match self {
            Vector::V1 => "V1",
            Vector::V2 => "V2",
            Vector::V3 => "V3",
            Vector::V4 => "V4",
            Vector::V5 => "V5",
            Vector::V6 => "V6",
            Vector::V7 => "V7",
            Vector::V8 => "V8",
            Vector::V9 => "V9",
        }
    }

    /// What it is, in a few words.
    pub fn meaning(self) -> &'static str {
        match self {
            Vector::V1 => "stolen card data in the thief's own account",
            Vector::V2 => "account taken over, no relay",
            Vector::V3 => "account taken over with a real-time relay",
            Vector::V4 => "SIM swap",
            Vector::V5 => "malware or a stolen unlocked device",
            Vector::V6 => "a victim who is coached to do it",
            Vector::V7 => "mule, synthetic person or launderer with an identity of his own",
            Vector::V8 => "abuse by the customer himself",
            Vector::V9 => "automation",
        }
    }

    /// The vector of this name.
    pub fn parse(name: &str) -> Option<Vector> {
        Vector::ALL.into_iter().find(|vector| vector.name() == name)
    }

    /// What the attack misuses, which decides what can stop it.
    pub fn group(self) -> Group {
        match self {
            Vector::V1 => Group::Card,
            Vector::V2 | Vector::V3 | Vector::V4 | Vector::V5 => Group::Account,
            Vector::V6 => Group::Victim,
            Vector::V7 | Vector::V8 => Group::Identity,
            Vector::V9 => Group::Machine,
        }
    }
}

/// What an attack misuses. The declaration order breaks ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Somebody else's card: the cardholder must be proven.
    Card,
    /// Somebody else's account: the wallet user must be proven.
    Account,
    /// Somebody's trust: only time and a warning help.
    Victim,
    /// His own identity: limits, holds and review help, a second factor does not.
    Identity,
    /// Nobody is there: there is nobody to challenge.
    Machine,
}

/// How likely each vector is, if the event is fraud. The weights sum to one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Posterior([f64; COUNT]);

/// The heaviest weight that any evidence gives.
const WEIGHT_MAX: f64 = 0.9;

/// Weight of the prior against one full suspicion of a rule.
const PRIOR_MASS: f64 = 0.5;

/// Weights are summed as integers of this fraction of one.
const UNIT: f64 = 1_048_576.0;

/// Suspicions above this are the author's mistake and count as this.
const SUSPICION_MAX: f64 = 1_000.0;

impl Posterior {
    /// The posterior of these weights, whatever their sum; negative and unknown ones are nothing.
    pub fn of(weights: [f64; COUNT]) -> Posterior {
        let mut sums = [0; COUNT];
        add(&mut sums, &weights, 1.0);
        normalised(sums)
    }

    /// The weight of one vector.
    pub fn weight(&self, vector: Vector) -> f64 {
        self.0[vector as usize]
    }

    /// The weights by number of vector.
    pub fn weights(&self) -> &[f64; COUNT] {
        &self.0
    }

    /// The summed weight of taking over an account by any means that asks for the wallet user and
    /// where the device itself is not in the wrong hands (V2 to V4).
    pub fn takeover(&self) -> f64 {
        self.weight(Vector::V2) + self.weight(Vector::V3) + self.weight(Vector::V4)
    }

    /// The heaviest group of vectors; in a tie, the one declared first.
    pub fn group(&self) -> Group {
        let mut best = (Group::Card, f64::NEG_INFINITY);
        for group in [Group::Card, Group::Account, Group::Victim, Group::Identity, Group::Machine] {
            let members = Vector::ALL.into_iter().filter(|vector| vector.group() == group);
            let weight = members.map(|vector| self.weight(vector)).sum();
            if best.1 < weight {
                best = (group, weight);
            }
        }
        best.0
    }

    /// The heaviest vector of the heaviest group; in a tie, the lower number.
    pub fn leading(&self) -> Vector {
        let group = self.group();
        let mut best = (Vector::V1, f64::NEG_INFINITY);
        for vector in Vector::ALL.into_iter().filter(|vector| vector.group() == group) {
            if best.1 < self.weight(vector) {
                best = (vector, self.weight(vector));
            }
        }
        best.0
    }

    /// The three heaviest vectors with their weights, heaviest first; ties by number.
    pub fn top(&self) -> [(Vector, f64); 3] {
        let mut sorted = Vector::ALL.map(|vector| (vector, self.weight(vector)));
        sorted.sort_by(|left, right| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0)));
        [sorted[0], sorted[1], sorted[2]]
    }
}

/// The posterior of an event: its prior, the suspicions of the rules that voted (by number of
/// vector, 0 to 1 each) and the hints of its facts.
pub fn posterior<'a>(
    situation: &Situation,
    suspicions: impl IntoIterator<Item = &'a [f64; COUNT]>,
) -> Posterior {
    let mut sums = [0; COUNT];
    add(&mut sums, &prior(situation), PRIOR_MASS);
    for suspicion in suspicions {
        add(&mut sums, suspicion, 1.0);
    }
    for hint in &HINTS {
        if (hint.holds)(situation) {
            add(&mut sums, &hint.adds, 1.0);
        }
    }
    normalised(sums)
}

fn add(sums: &mut [i64; COUNT], weights: &[f64; COUNT], mass: f64) {
    for (sum, weight) in sums.iter_mut().zip(weights) {
        // Not-a-number fails the comparison and adds nothing.
        if 0.0 < *weight {
            let share = (weight.min(SUSPICION_MAX) * mass * UNIT).round();
            *sum = sum.saturating_add(share as i64);
        }
    }
}

fn normalised(sums: [i64; COUNT]) -> Posterior {
    let total: i64 = sums.iter().fold(0, |total, sum| total.saturating_add(*sum));
    if total == 0 {
        return Posterior([1.0 / COUNT as f64; COUNT]);
    }
    let mut weights = sums.map(|sum| sum as f64 / total as f64);
    let heaviest = (0..COUNT).find(|at| WEIGHT_MAX < weights[*at]);
    if let Some(heaviest) = heaviest {
        let others = 1.0 - weights[heaviest];
        for (at, weight) in weights.iter_mut().enumerate() {
            *weight = if at == heaviest {
                WEIGHT_MAX
            } else if 0.0 < others {
                *weight * (1.0 - WEIGHT_MAX) / others
            } else {
                (1.0 - WEIGHT_MAX) / (COUNT - 1) as f64
            };
        }
    }
    Posterior(weights)
}

/// How a fraud of this kind of event is usually carried out.
fn prior(situation: &Situation) -> [f64; COUNT] {
    let Some(event) = situation.event else { return [1.0 / COUNT as f64; COUNT] };
    match event {
        EventType::AccountOpen => [0.10, 0.0, 0.0, 0.0, 0.0, 0.0, 0.25, 0.10, 0.55],
        EventType::Login => [0.0, 0.55, 0.10, 0.05, 0.08, 0.02, 0.0, 0.0, 0.20],
        EventType::IdentityVerification => [0.20, 0.05, 0.0, 0.0, 0.0, 0.0, 0.55, 0.05, 0.15],
        EventType::ProfileChange => [0.0, 0.55, 0.12, 0.12, 0.10, 0.06, 0.0, 0.0, 0.05],
        EventType::CardLink | EventType::CardUnlink => {
            [0.60, 0.08, 0.02, 0.0, 0.03, 0.0, 0.04, 0.0, 0.23]
        }
        EventType::Payment => match situation.funding {
            Funding::Card | Funding::TourPass | Funding::Unknown => {
                [0.47, 0.15, 0.05, 0.03, 0.06, 0.05, 0.04, 0.10, 0.05]
            }
            Funding::Other => [0.0, 0.42, 0.10, 0.07, 0.12, 0.13, 0.08, 0.05, 0.03],
        },
        EventType::TourPassTopup | EventType::TourPassClose => {
            [0.65, 0.12, 0.03, 0.03, 0.03, 0.0, 0.09, 0.03, 0.02]
        }
        EventType::ThirdPartyTopup => [0.15, 0.0, 0.0, 0.0, 0.0, 0.20, 0.60, 0.05, 0.0],
        EventType::Transfer | EventType::RedEnvelopeSend | EventType::Withdrawal => {
            [0.02, 0.25, 0.08, 0.12, 0.07, 0.26, 0.20, 0.0, 0.0]
        }
        EventType::RedEnvelopeClaim => [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.45, 0.15, 0.40],
        EventType::Refund => [0.0, 0.15, 0.0, 0.0, 0.0, 0.0, 0.20, 0.60, 0.05],
        EventType::PromoRedemption => [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.10, 0.35, 0.55],
        EventType::AuthResult
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
        | EventType::IssuerHealth => [1.0 / COUNT as f64; COUNT],
    }
}

/// What a fact hints at.
struct Hint {
    adds: [f64; COUNT],
    holds: fn(&Situation) -> bool,
}

const HINTS: [Hint; 16] = [
    // A SIM changed within three days, then within a week.
    hint(&[(Vector::V4, 0.8)], |s| s.session.sim_change_age_hours < 72.0),
    hint(&[(Vector::V4, 0.3)], |s| {
        72.0 <= s.session.sim_change_age_hours && s.session.sim_change_age_hours < 168.0
    }),
    // A device that is new to an account which is not.
    hint(&[(Vector::V2, 0.5)], Situation::is_device_new_to_old_account),
    hint(&[(Vector::V2, 0.3)], |s| {
        s.session.password_change_age_hours < 24.0 && s.device.account_age_hours < 24.0
    }),
    hint(&[(Vector::V2, 0.3)], |s| {
        s.session.factor_change_age_hours < 24.0 && s.device.account_age_hours < 24.0
    }),
    hint(&[(Vector::V2, 0.2)], |s| {
        s.session.is_password_breached == Some(true) && s.device.account_age_hours < 24.0
    }),
    hint(&[(Vector::V3, 0.3), (Vector::V2, 0.2)], |s| {
        s.session.is_link_referred && s.device.account_age_hours < 24.0
    }),
    // The known device in other hands.
    hint(&[(Vector::V5, 0.4)], |s| {
        s.device.is_bio_changed == Some(true) || s.device.bio_enrol_age_hours < 24.0
    }),
    hint(&[(Vector::V6, 0.5), (Vector::V5, 0.3)], |s| s.device.is_remote_controlled == Some(true)),
    hint(&[(Vector::V6, 0.4)], |s| s.device.is_in_call == Some(true) && s.is_payee_new()),
    // A card that is not the wallet user's.
    hint(&[(Vector::V1, 0.5)], |s| s.card.name_match <= 1.0),
    hint(&[(Vector::V1, 0.3)], |s| {
        s.is_card_funded() && s.past.account_age_hours < 72.0 && s.card.linked_age_hours < 24.0
    }),
    // Machines: emulators, many cards or accounts on one device, bursts on a range or address.
    hint(&[(Vector::V9, 0.6)], |s| s.device.is_emulator == Some(true)),
    hint(&[(Vector::V1, 0.3), (Vector::V9, 0.3)], |s| 3.0 <= s.device.cards_24h),
    hint(&[(Vector::V9, 0.5)], |s| {
        6.0 <= s.device.accounts_7d
            || 8.0 <= s.past.bin_zscore_5m
            || 20.0 <= s.past.ip_login_fails_5m
    }),
    // Money that passes straight through.
    hint(&[(Vector::V7, 0.5)], |s| 0.8 <= s.past.pass_through_24h && s.is_outflow()),
];

const fn hint(adds: &[(Vector, f64)], holds: fn(&Situation) -> bool) -> Hint {
    let mut weights = [0.0; COUNT];
    let mut at = 0;
    while at < adds.len() {
        weights[adds[at].0 as usize] = adds[at].1;
        at += 1;
    }
    Hint { adds: weights, holds }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_event(event: EventType) -> Situation {
        Situation { event: Some(event), ..Situation::unknown() }
    }

    fn pure(vector: Vector) -> [f64; COUNT] {
        let mut weights = [0.0; COUNT];
        weights[vector as usize] = 1.0;
        weights
    }

    #[test]
    fn every_prior_sums_to_one() {
        for event in EventType::ALL {
            for funding in [Funding::Card, Funding::Other] {
                let sum: f64 = prior(&Situation { funding, ..of_event(event) }).iter().sum();
                assert!((sum - 1.0).abs() < 1e-9, "{} sums to {sum}", event.name());
            }
        }
    }

    #[test]
    fn weights_sum_to_one_and_none_is_above_nine_tenths() {
        for vector in Vector::ALL {
            for suspicions in 0..20 {
                let evidence = vec![pure(vector); suspicions];
                let found = posterior(&of_event(EventType::Transfer), &evidence);
                let sum: f64 = found.weights().iter().sum();
                assert!((sum - 1.0).abs() < 1e-9, "{sum}");
                assert!(found.weights().iter().all(|weight| *weight <= 0.9));
            }
        }
        assert_eq!(Posterior::of(pure(Vector::V3)).weight(Vector::V3), 0.9);
    }

    #[test]
    fn one_full_suspicion_outweighs_every_prior() {
        for event in EventType::ALL {
            for vector in Vector::ALL {
                let found = posterior(&of_event(event), [&pure(vector)]);
                assert_eq!(found.leading(), vector, "{} on {}", vector.name(), event.name());
                assert_eq!(found.top()[0].0, vector);
            }
        }
    }

    #[test]
    fn the_order_of_votes_does_not_matter() {
        let suspicions = [[0.1; COUNT], pure(Vector::V2), [0.7; COUNT], pure(Vector::V9)];
        let forth = posterior(&of_event(EventType::Payment), &suspicions);
        let back = posterior(&of_event(EventType::Payment), suspicions.iter().rev());
        assert_eq!(forth, back);
    }

    #[test]
    fn nonsense_suspicions_are_nothing() {
        let quiet = posterior(&of_event(EventType::Login), []);
        let nonsense = [[f64::NAN; COUNT], [-1.0; COUNT], [f64::NEG_INFINITY; COUNT]];
        assert_eq!(posterior(&of_event(EventType::Login), &nonsense), quiet);
        let loud = posterior(&of_event(EventType::Login), [&[f64::INFINITY; COUNT]]);
        assert!(loud.weights().iter().all(|weight| weight.is_finite()));
        assert_eq!(Posterior::of([0.0; COUNT]).weight(Vector::V5), 1.0 / 9.0);
    }

    #[test]
    fn facts_hint_at_their_vector() {
        let check = |vector: Vector, event: EventType, change: fn(&mut Situation)| {
            let quiet = of_event(event);
            let mut loud = quiet.clone();
            change(&mut loud);
            let (before, after) = (posterior(&quiet, []), posterior(&loud, []));
            assert!(before.weight(vector) < after.weight(vector), "{}", vector.name());
        };
        check(Vector::V4, EventType::Transfer, |s| s.session.sim_change_age_hours = 5.0);
        check(Vector::V4, EventType::Transfer, |s| s.session.sim_change_age_hours = 100.0);
        check(Vector::V2, EventType::Payment, |s| {
            s.device.account_age_hours = 1.0;
            s.past.account_age_hours = 9_000.0;
        });
        check(Vector::V2, EventType::Payment, |s| {
            s.device.account_age_hours = 1.0;
            s.session.password_change_age_hours = 2.0;
        });
        check(Vector::V2, EventType::Payment, |s| {
            s.device.account_age_hours = 1.0;
            s.session.factor_change_age_hours = 2.0;
        });
        check(Vector::V2, EventType::Payment, |s| {
            s.device.account_age_hours = 1.0;
            s.session.is_password_breached = Some(true);
        });
        check(Vector::V3, EventType::Login, |s| {
            s.device.account_age_hours = 0.0;
            s.session.is_link_referred = true;
        });
        check(Vector::V5, EventType::Payment, |s| s.device.bio_enrol_age_hours = 2.0);
        check(Vector::V5, EventType::Payment, |s| s.device.is_bio_changed = Some(true));
        check(Vector::V6, EventType::Transfer, |s| s.device.is_remote_controlled = Some(true));
        check(Vector::V6, EventType::Transfer, |s| s.device.is_in_call = Some(true));
        check(Vector::V1, EventType::Payment, |s| s.card.name_match = 0.0);
        check(Vector::V1, EventType::CardLink, |s| {
            s.past.account_age_hours = 2.0;
            s.card.linked_age_hours = 0.0;
        });
        check(Vector::V9, EventType::CardLink, |s| s.device.is_emulator = Some(true));
        check(Vector::V9, EventType::CardLink, |s| s.device.cards_24h = 4.0);
        check(Vector::V9, EventType::CardLink, |s| s.past.bin_zscore_5m = 9.0);
        check(Vector::V7, EventType::Transfer, |s| s.past.pass_through_24h = 0.9);
    }

    #[test]
    fn a_new_phone_of_a_new_customer_hints_at_nothing() {
        let mut situation = of_event(EventType::Payment);
        situation.device.account_age_hours = 0.0;
        situation.past.account_age_hours = 0.0;
        assert_eq!(posterior(&situation, []), posterior(&of_event(EventType::Payment), []));
    }

    #[test]
    fn names_lead_back_and_groups_cover_all() {
        for (at, vector) in Vector::ALL.into_iter().enumerate() {
            assert_eq!(Vector::parse(vector.name()), Some(vector));
            assert_eq!(vector as usize, at);
        }
        assert_eq!(Vector::parse("V10"), None);
        let split = Posterior::of([0.25, 0.1, 0.1, 0.1, 0.1, 0.35, 0.0, 0.0, 0.0]);
        assert_eq!(split.group(), Group::Account);
        assert_eq!(split.leading(), Vector::V2);
    }
}
