//! The nouns of a verdict: what was decided, what goes with it, and which proof to ask for.
//!
//! Everything here is plain data that any caller may build and compare. A `Verdict` is free of
//! clocks and identities: holds and cool-downs are lengths, the moment they count from is added by
//! whoever writes the answer, so the same facts under the same policy give equal verdicts on any
//! day. Orders are part of the meaning: `Decision`, `Strength` and the factors are declared from
//! weak to strong or in the order in which ties are broken, and lists inside a verdict are sorted.
//! Names (`name()`) are those of the wire and of the policy text. A verdict costs up to six small
//! lists; an approval has no hints and allocates the reasons only.

use std::sync::Arc;

use features::field::FieldId;

use crate::economics::Stake;
use crate::reason::{MessageKey, ReasonCode};
use crate::vector::Posterior;

/// What the caller is told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// Let it happen.
    Approve,
    /// Ask for the proof in the hints, or wait out the hold, before it may happen.
    Challenge,
    /// Refuse it.
    Decline,
}

impl Decision {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Decision::Approve => "approve",
            Decision::Challenge => "challenge",
            Decision::Decline => "decline",
        }
    }
}

/// What a rule may vote for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Refuse.
    Decline,
    /// Keep the money back.
    Hold {
        /// Length in milliseconds from the event.
        ms: i64,
    },
    /// Ask for proof. The hints must satisfy every such vote.
    Challenge {
        /// The least strength; `None` leaves it to the floor of the event.
        strength: Option<Strength>,
        /// Who must be proven, beside those whom the suspected attack calls for.
        prove: Proofs,
        /// Factors that must not be asked.
        forbid: FactorSet,
        /// One of these must be asked; empty leaves the choice to the cost rule. Naming factors
        /// takes the judgement whether they fit the suspected attack from the engine.
        only: FactorSet,
    },
    /// Put it before an analyst.
    Review,
    /// Allow at most this much.
    LimitTo {
        /// Minor units of the base currency.
        minor: i64,
    },
    /// Stop all use of the account.
    FreezeAccount,
    /// Stop all use of the card.
    FreezeCard,
    /// Tell the customer over an independent address.
    NotifyCustomer,
    /// Pay the merchant later.
    DelaySettlement,
    /// Show the warning page before anything else.
    WarnInterstitial,
}

/// What goes with a decision. The declaration order is the order in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Modifier {
    /// Put it before an analyst.
    Review,
    /// Keep the money back for this long.
    HoldFor {
        /// Length in milliseconds from the event.
        ms: i64,
    },
    /// Allow at most this much.
    LimitTo {
        /// Minor units of the base currency.
        minor: i64,
    },
    /// Stop all use of the account.
    FreezeAccount,
    /// Stop all use of the card.
    FreezeCard,
    /// Tell the customer over an independent address.
    NotifyCustomer,
    /// Pay the merchant later.
    DelaySettlement,
    /// Show the warning page before anything else.
    WarnInterstitial,
    /// Refuse repeats for this long.
    BlockRetryFor {
        /// Length in milliseconds from the event.
        ms: i64,
    },
}

/// What a verdict leaves for later events: a value of this event comes onto a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// The list; of a tag, the entity and the tag with a colon between.
    pub list: Arc<str>,
    /// Which of the event's values.
    pub field: FieldId,
    /// For how long, in milliseconds from the event; `None` until somebody takes it off.
    pub ms: Option<i64>,
    /// Name of the rule or band that says so.
    pub by: Arc<str>,
}

/// A way to prove something, or to gain time. Declared in lexical order of the names, which is the
/// last word in a tie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Factor {
    /// Wait, so that the victim or the issuer can react.
    CoolOffHold,
    /// The card's security code once more.
    CvvReentry,
    /// Local biometric that unlocks a key bound to this device.
    DeviceBiometric,
    /// The amount of a small debit, read from the card statement.
    MicroAmount,
    /// WebAuthn credential.
    Passkey,
    /// Passport picture and liveness.
    PassportSelfie,
    /// The wallet's payment PIN.
    PaymentPin,
    /// Approval with a number on another trusted device.
    PushNumberMatch,
    /// One-time code by text message.
    SmsOtp,
    /// A call from support.
    SupportCallback,
    /// The issuer's own challenge.
    ThreeDsChallenge,
    /// The issuer's own choice: it authenticates silently, or challenges after all.
    ThreeDsFrictionless,
    /// One-time code of an authenticator app.
    Totp,
    /// A page that asks whether somebody is guiding the customer.
    WarningInterstitial,
}

impl Factor {
    /// Every factor, in lexical order.
    pub const ALL: [Factor; 14] = [
        Factor::CoolOffHold,
        Factor::CvvReentry,
        Factor::DeviceBiometric,
        Factor::MicroAmount,
        Factor::Passkey,
        Factor::PassportSelfie,
        Factor::PaymentPin,
        Factor::PushNumberMatch,
        Factor::SmsOtp,
        Factor::SupportCallback,
        Factor::ThreeDsChallenge,
        Factor::ThreeDsFrictionless,
        Factor::Totp,
        Factor::WarningInterstitial,
    ];

    /// The name on the wire and in policies.
    pub fn name(self) -> &'static str {
        match self {
            Factor::CoolOffHold => "cool_off_hold",
            Factor::CvvReentry => "cvv_reentry",
            Factor::DeviceBiometric => "device_biometric",
            Factor::MicroAmount => "micro_amount",
            Factor::Passkey => "passkey",
            Factor::PassportSelfie => "passport_selfie",
            Factor::PaymentPin => "payment_pin",
            Factor::PushNumberMatch => "push_number_match",
            Factor::SmsOtp => "sms_otp",
            Factor::SupportCallback => "support_callback",
            Factor::ThreeDsChallenge => "three_ds_challenge",
            Factor::ThreeDsFrictionless => "three_ds_frictionless",
            Factor::Totp => "totp",
            Factor::WarningInterstitial => "warning_interstitial",
        }
    }

    /// Whether it is a request to the card's issuer over EMV 3-D Secure.
    pub fn is_three_ds(self) -> bool {
        matches!(self, Factor::ThreeDsChallenge | Factor::ThreeDsFrictionless)
    }

    /// The factor of this name.
    pub fn parse(name: &str) -> Option<Factor> {
        Factor::ALL.into_iter().find(|factor| factor.name() == name)
    }
}

/// A set of factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct FactorSet(u16);

impl FactorSet {
    /// No factor.
    pub const NONE: FactorSet = FactorSet(0);

    /// The set of these factors.
    pub const fn of(factors: &[Factor]) -> FactorSet {
        let mut bits = 0;
        let mut at = 0;
        while at < factors.len() {
            bits |= 1 << factors[at] as u16;
            at += 1;
        }
        FactorSet(bits)
    }

    /// Whether the set holds this factor.
    pub const fn contains(self, factor: Factor) -> bool {
        self.0 & (1 << factor as u16) != 0
    }

    /// Whether the set holds nothing.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Factors in either set.
    pub const fn union(self, other: FactorSet) -> FactorSet {
        FactorSet(self.0 | other.0)
    }

    /// Factors in both sets.
    pub const fn intersect(self, other: FactorSet) -> FactorSet {
        FactorSet(self.0 & other.0)
    }

    /// The factors of the set in lexical order.
    pub fn iter(self) -> impl Iterator<Item = Factor> {
        Factor::ALL.into_iter().filter(move |factor| self.contains(*factor))
    }
}

/// How much a proof is worth; levels like those of NIST SP 800-63B.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Strength {
    /// Nothing is proven.
    #[default]
    None,
    /// Knowledge, or card data once more.
    S1,
    /// Possession shown by a one-time code.
    S2,
    /// Device-bound cryptography or verified biometric.
    S3,
    /// Identity proven anew.
    S4,
}

impl Strength {
    /// The name on the wire and in policies.
    pub fn name(self) -> &'static str {
        match self {
            Strength::None => "none",
            Strength::S1 => "S1",
            Strength::S2 => "S2",
            Strength::S3 => "S3",
            Strength::S4 => "S4",
        }
    }

    /// The strength of this name.
    pub fn parse(name: &str) -> Option<Strength> {
        [Strength::None, Strength::S1, Strength::S2, Strength::S3, Strength::S4]
            .into_iter()
            .find(|strength| strength.name() == name)
    }
}

/// Whom a factor proves to be present.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Proof {
    /// The person the card was issued to.
    Cardholder,
    /// The person the wallet belongs to.
    WalletUser,
    /// The person of the identity document; stands for the other two as well.
    LegalIdentity,
}

impl Proof {
    /// Every proof, in the order of an answer.
    pub const ALL: [Proof; 3] = [Proof::Cardholder, Proof::WalletUser, Proof::LegalIdentity];

    /// The name on the wire and in policies.
    pub fn name(self) -> &'static str {
        match self {
            Proof::Cardholder => "cardholder",
            Proof::WalletUser => "user",
            Proof::LegalIdentity => "identity",
        }
    }

    /// The proof of this name.
    pub fn parse(name: &str) -> Option<Proof> {
        Proof::ALL.into_iter().find(|proof| proof.name() == name)
    }
}

/// A set of proofs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Proofs(u8);

impl Proofs {
    /// No proof.
    pub const NONE: Proofs = Proofs(0);

    /// The set of these proofs.
    pub const fn of(proofs: &[Proof]) -> Proofs {
        let mut bits = 0;
        let mut at = 0;
        while at < proofs.len() {
            bits |= 1 << proofs[at] as u8;
            at += 1;
        }
        Proofs(bits)
    }

    /// Whether the set holds this proof.
    pub const fn contains(self, proof: Proof) -> bool {
        self.0 & (1 << proof as u8) != 0
    }

    /// Whether the set holds nothing.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Proofs in either set.
    pub const fn union(self, other: Proofs) -> Proofs {
        Proofs(self.0 | other.0)
    }

    /// Whether these proofs are enough where `wanted` is asked: legal identity stands for all.
    pub const fn cover(self, wanted: Proofs) -> bool {
        wanted.0 & !self.0 == 0 || self.contains(Proof::LegalIdentity)
    }

    /// The proofs of the set in the order of an answer.
    pub fn iter(self) -> impl Iterator<Item = Proof> {
        Proof::ALL.into_iter().filter(move |proof| self.contains(*proof))
    }
}

/// Who gave a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A fraud rule.
    Rule,
    /// The model or the cost rule on its probability.
    Model,
    /// A block, watch or allow list.
    List,
    /// A limit, a legal rule or the policy itself.
    Policy,
}

impl Source {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Source::Rule => "rule",
            Source::Model => "model",
            Source::List => "list",
            Source::Policy => "policy",
        }
    }
}

/// One reason of a verdict.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReasonLine {
    /// What is said.
    pub code: ReasonCode,
    /// Log-odds that the model gives to it; `None` where no model speaks.
    pub contribution: Option<f64>,
    /// Who says it.
    pub source: Source,
}

/// What to put into the request to the issuer's 3DS server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThreeDs {
    /// `threeDSRequestorChallengeInd`.
    pub challenge_ind: &'static str,
    /// `transType`; `None` where nothing is bought (card linking).
    pub trans_type: Option<&'static str>,
    /// `threeDSReqAuthMethod`: how the wallet user signed in; `None` where it is not known.
    pub req_auth_method: Option<&'static str>,
    /// `threeDSReqPriorAuthMethod`: how the cardholder was proven before; `None` where he was not.
    pub prior_auth_method: Option<&'static str>,
}

/// One factor that may be asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HintOption {
    /// Which.
    pub factor: Factor,
    /// Its strength; of a range, the lower end.
    pub strength: Strength,
    /// Whom it proves.
    pub proves: Proofs,
    /// Share of genuine customers who pass.
    pub expected_pass_legit: f64,
    /// Share of genuine customers who give up.
    pub expected_abandon_legit: f64,
    /// Share of the suspected attackers who pass.
    pub expected_pass_fraud: f64,
    /// Expected cost of asking it, in USD.
    pub expected_cost_usd: f64,
    /// For the issuer's challenge: how to ask.
    pub three_ds: Option<ThreeDs>,
    /// How long the customer may take, in seconds.
    pub ttl_s: u32,
    /// How often the customer may try.
    pub max_attempts: u8,
}

/// How the options of a challenge combine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Combine {
    /// One of them is enough.
    Any,
    /// Every one must be passed.
    All,
}

impl Combine {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Combine::Any => "any",
            Combine::All => "all",
        }
    }
}

/// A factor that the customer has but must not be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forbidden {
    /// Which.
    pub factor: Factor,
    /// Why not.
    pub why: ReasonCode,
}

/// What follows when the challenge is passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnPass {
    /// Largest amount then allowed, minor units of the base currency.
    pub limit_to_minor: Option<i64>,
    /// Hours for which the limit stands for everything the account does; `None` when it is for this
    /// act alone.
    pub limit_for_h: Option<u32>,
    /// Hours after which the device may count as trusted; `None` when the proof is too weak for it.
    pub trust_device_after_h: Option<u32>,
}

/// Which proof to ask for, in which order, and what follows.
#[derive(Debug, Clone, PartialEq)]
pub struct Hints {
    /// Least strength that was asked for.
    pub floor: Strength,
    /// Strength of a proof a short while ago that counts here, so that the floor is lower.
    pub remembered: Option<Strength>,
    /// Who must be proven.
    pub must_prove: Proofs,
    /// What may be asked, best first.
    pub options: Vec<HintOption>,
    /// Whether one option is enough.
    pub combine: Combine,
    /// What must not be asked.
    pub forbidden: Vec<Forbidden>,
    /// What follows a pass: approval, with these bounds.
    pub on_pass: OnPass,
    /// Cool-down after a failure, in seconds; the decision is then decline.
    pub on_fail_cooldown_s: u32,
    /// What the customer reads.
    pub message: MessageKey,
}

/// Whether strong customer authentication is a legal duty here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScaScope {
    /// Both payment services are in the EEA or the United Kingdom.
    InScope,
    /// Only one is.
    OneLegOut,
    /// None is.
    OutOfScope,
    /// A country is not known.
    Unknown,
}

impl ScaScope {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            ScaScope::InScope => "in_scope",
            ScaScope::OneLegOut => "one_leg_out",
            ScaScope::OutOfScope => "out_of_scope",
            ScaScope::Unknown => "unknown",
        }
    }
}

/// The six checks of transaction risk analysis; `true` is a finding against an exemption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraChecks {
    /// Spending or behaviour out of the usual.
    pub abnormal_spend: bool,
    /// Unusual information about device or software.
    pub unusual_device: bool,
    /// Signs of malware in the session.
    pub malware: bool,
    /// A known fraud scenario.
    pub known_scenario: bool,
    /// The payer is somewhere unusual.
    pub abnormal_payer_location: bool,
    /// The payee is somewhere with high risk.
    pub high_risk_payee_location: bool,
}

impl TraChecks {
    /// Whether nothing was found.
    pub fn is_clear(self) -> bool {
        !(self.abnormal_spend
            || self.unusual_device
            || self.malware
            || self.known_scenario
            || self.abnormal_payer_location
            || self.high_risk_payee_location)
    }
}

/// Which exemptions from strong authentication could be claimed; the caller decides what to send.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exemption {
    /// Whether there is a duty at all.
    pub sca_scope: ScaScope,
    /// Small remote amount; the issuer keeps the decisive counter.
    pub low_value: bool,
    /// Low risk by transaction risk analysis.
    pub tra: bool,
    /// A mandate that was authenticated once.
    pub recurring: bool,
    /// The cardholder told the issuer to trust the payee.
    pub trusted: bool,
    /// Transport fare.
    pub transit: bool,
    /// What the analysis looked at.
    pub tra_checks: TraChecks,
    /// Payments since the cardholder last passed a challenge; `None` where it is not known.
    pub low_value_count: Option<u32>,
    /// The sum of them in euro cents, rather more than less; `None` where it is not known.
    pub low_value_eur_minor: Option<i64>,
    /// Whether the issuer is expected to bear a fraud.
    pub liability_shift_expected: bool,
}

/// What the three ways out would cost on average, in USD against approving a genuine customer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Costs {
    /// Approve as it is.
    pub approve: f64,
    /// Refuse.
    pub decline: f64,
    /// Ask the best factor; `None` when none may be asked or none was looked for.
    pub challenge: Option<f64>,
}

/// What became of a refusal that may be explored: approved, to learn whether it was fraud.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exploration {
    /// The probability with which such a refusal was approved at that moment; what is learnt from
    /// one counts for the inverse of it. 0 when the budget of the day is used up, or nothing that
    /// does not count is explored.
    pub propensity: f64,
    /// Whether it was approved.
    pub is_explored: bool,
    /// The amount at risk, USD.
    pub at_risk_usd: f64,
}

/// Everything that was decided about one event.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Approve, challenge or decline.
    pub decision: Decision,
    /// What goes with it, in the order of the type.
    pub actions: Vec<Modifier>,
    /// What it leaves for later events, by list and value; each once, the longest one.
    pub effects: Vec<Effect>,
    /// Calibrated probability of fraud; `None` when no model spoke.
    pub p_fraud: Option<f64>,
    /// The probability on the scale 0..=999; `None` when no model spoke.
    pub risk_score: Option<u16>,
    /// How likely each attack is, if it is fraud.
    pub posterior: Posterior,
    /// Why, most decisive first; one to eight.
    pub reasons: Vec<ReasonLine>,
    /// What to ask; present exactly when the decision is a challenge.
    pub hints: Option<Hints>,
    /// Exemptions from strong authentication; for card-funded events only.
    pub exemption: Option<Exemption>,
    /// What the customer reads; `None` when there is nothing to say.
    pub message: Option<MessageKey>,
    /// DE39 for a host that answers in ISO 8583.
    pub iso8583: Option<&'static str>,
    /// `threeDSRequestorChallengeInd` for the authorisation.
    pub three_ds: Option<&'static str>,
    /// What is at stake, as the cost rule saw it.
    pub stake: Stake,
    /// What the cost rule compared; `None` without a probability.
    pub costs: Option<Costs>,
    /// For a refusal that may be explored, whether it was.
    pub exploration: Option<Exploration>,
    /// How many genuine customers, in expectation, could have been asked for a proof: the
    /// probability of a genuine one, 0 where none is known, where a rule refused, and where no
    /// customer is there.
    pub askable: f64,
    /// How long the verdict stands, in milliseconds from the event.
    pub valid_for_ms: i64,
}

/// The probability on a scale for people: 500 at odds of 1 to 1,000, 50 more for each
/// doubling of the odds, held within 0..=999.
pub fn risk_score(probability: f64) -> u16 {
    let odds = probability / (1.0 - probability);
    // A cast of a float to an integer saturates, and not-a-number becomes zero.
    (500.0 + 50.0 * (odds * 1_000.0).log2()).round().clamp(0.0, 999.0) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_risk_score_has_the_written_check_values() {
        for (probability, score) in
            [(0.001, 500), (0.01, 667), (0.1, 840), (0.5, 998), (0.0, 0), (1.0, 999), (1e-9, 0)]
        {
            assert_eq!(risk_score(probability), score, "at {probability}");
        }
        assert_eq!(risk_score(f64::NAN), 0);
    }

    #[test]
    fn the_risk_score_never_falls_when_the_probability_rises() {
        let mut last = 0;
        for step in 0..=100_000 {
            let score = risk_score(f64::from(step) / 100_000.0);
            assert!(last <= score, "step {step}");
            last = score;
        }
    }

    #[test]
    fn factors_stand_in_lexical_order_and_their_names_lead_back() {
        for (at, factor) in Factor::ALL.into_iter().enumerate() {
            assert_eq!(factor as usize, at);
            assert_eq!(Factor::parse(factor.name()), Some(factor));
        }
        assert!(Factor::ALL.windows(2).all(|pair| pair[0].name() < pair[1].name()));
        assert_eq!(Factor::parse("password"), None);
    }

    #[test]
    fn legal_identity_stands_for_cardholder_and_wallet_user() {
        let both = Proofs::of(&[Proof::Cardholder, Proof::WalletUser]);
        assert!(Proofs::of(&[Proof::LegalIdentity]).cover(both));
        assert!(both.cover(Proofs::of(&[Proof::Cardholder])));
        assert!(!Proofs::of(&[Proof::Cardholder]).cover(both));
        assert!(Proofs::NONE.cover(Proofs::NONE));
        assert!(!both.cover(Proofs::of(&[Proof::LegalIdentity])));
    }

    #[test]
    fn sets_list_their_members_in_order() {
        let set = FactorSet::of(&[Factor::Totp, Factor::Passkey]);
        assert_eq!(set.iter().collect::<Vec<_>>(), [Factor::Passkey, Factor::Totp]);
        assert!(set.intersect(FactorSet::of(&[Factor::SmsOtp])).is_empty());
        assert!(FactorSet::NONE.union(set).contains(Factor::Totp));
    }
}
