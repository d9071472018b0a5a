//! What a decision costs: money at risk, and the expected cost of approving, asking and refusing.
//!
//! Approving a genuine customer costs nothing; everything else is priced in USD against that. With
//! p the calibrated probability of fraud and A the amount at risk:
//!
//! ```text
//! approve    p * Lf               Lf = e (A (1 - rho) (1 - sigma) + fee + handling + monitoring)
//! decline    (1 - p) * Ld         Ld = m A + chi CLV + contact
//! challenge  fee_f + p b_f (1 - sigma_f) Lf + (1 - p) Kf
//!            Kf = (1 - s_f) (m A + chi_c CLV) + s_f c_sec sec_f + mu
//! ```
//!
//! The exposure e is the share of the suspected attackers who gain by the event (`stake_under`), 1
//! wherever money leaves. Fee, handling and monitoring are those of a chargeback, and zero where
//! nobody paid who could charge back.
//!
//! Every number in it is a setting that the policy text may change (`set margin = 1.2%`), the price
//! and strength of each factor included; none is a constant elsewhere. `set` refuses unknown names
//! and values out of range, `check` what does not fit together. The formulas are plain arithmetic
//! and total: an unknown amount is priced like a linked card, an unknown benefit like an account of
//! a farm, neither as nothing.

mod factors;
mod stake;

use std::fmt;

use features::diagnostic::nearest;

pub use factors::FactorPrice;
pub use stake::{Held, Stake, gainers};

use crate::decision::{Costs, Factor};

/// All settings of the cost rule and of the step-up policy. Money is in USD where a name ends in
/// `_usd`, in major units of the base currency where it ends in `_base`, in euro for `_eur`.
#[derive(Debug, Clone, PartialEq)]
pub struct Economics {
    /// Share of an approved fraud that is recovered.
    pub recovery: f64,
    /// The same for money that is held back first.
    pub recovery_hold: f64,
    /// The same for the prepaid pass.
    pub recovery_pass: f64,
    /// Share of the loss that the issuer bears when the cardholder was authenticated before.
    pub liability_shift: f64,
    /// The same when the challenge is 3DS and is passed.
    pub liability_shift_challenge: f64,
    /// Share of the genuine cardholders whom the issuer authenticates silently when it may choose.
    pub frictionless_share: f64,
    /// Fee of a chargeback.
    pub chargeback_fee_usd: f64,
    /// Work on one dispute.
    pub handling_usd: f64,
    /// Price of one more fraud in the ratios that card schemes watch.
    pub monitoring_usd: f64,
    /// Net margin on an amount.
    pub margin: f64,
    /// What that is multiplied by near the threshold of a scheme.
    pub monitoring_times: f64,
    /// The share of a scheme's threshold that is used up, as the acquirer says.
    pub scheme_ratio: f64,
    /// From which share on fraud is priced as near the threshold.
    pub scheme_ratio_near: f64,
    /// What a customer contributes in a year.
    pub customer_value_usd: f64,
    /// The same for one who comes again.
    pub customer_value_returning_usd: f64,
    /// The same for a resident.
    pub customer_value_resident_usd: f64,
    /// Probability that a wrong refusal loses a customer on a trip.
    pub attrition_trip: f64,
    /// The same for all others.
    pub attrition: f64,
    /// The same for a failed challenge.
    pub attrition_challenge: f64,
    /// A contact with support.
    pub contact_usd: f64,
    /// A second of a customer's time.
    pub second_usd: f64,
    /// Price of one challenge out of the budget, where nothing presses on it.
    pub challenge_price_usd: f64,
    /// What it may rise to; above what refusing a genuine customer costs, the budget would be kept
    /// by refusals.
    pub challenge_price_max_usd: f64,
    /// Share of the genuine customers who may be challenged; 0 leaves the price as it is written.
    pub challenge_budget: f64,
    /// Share of the refusals that may be explored which are: approved, to learn what they were. 0
    /// explores nothing.
    pub exploration_share: f64,
    /// Largest amount at risk of an explored refusal.
    pub exploration_amount_usd: f64,
    /// From this probability on nothing is explored.
    pub exploration_below: f64,
    /// Amounts at risk that may be explored on one day, UTC, together.
    pub exploration_budget_usd: f64,
    /// Another number draws other refusals.
    pub exploration_seed: f64,
    /// At risk when a card is linked, or when an amount is not known.
    pub stake_card_link_usd: f64,
    /// At risk when a session starts or a profile changes.
    pub stake_session_usd: f64,
    /// At risk when an identity is verified.
    pub stake_identity_usd: f64,
    /// At risk when an account is opened.
    pub stake_account_open_usd: f64,
    /// Share of a third-party top-up that leaves before it could be held.
    pub topup_leave_share: f64,
    /// Share of the loss that a refund to the instrument that paid puts at stake.
    pub refund_exposure: f64,
    /// Base currency for one USD, where an event carries base amounts only.
    pub base_per_usd: f64,
    /// USD for one euro, for the exemption limits.
    pub usd_per_eur: f64,
    /// Probability that factors are ranked by when no model spoke.
    pub probability_unknown: f64,
    /// From this probability on, refuse, unless the victim acts himself or the customer abuses.
    pub decline_from: f64,
    /// A factor that leaves more of the loss than this does not fit.
    pub fit_limit: f64,
    /// The same for holds and warnings.
    pub fit_limit_pause: f64,
    /// Two suspicions above this call for two proofs.
    pub combine_above: f64,
    /// Options may cost this multiple of the best.
    pub option_cost_ratio: f64,
    /// SIM and phone number must be this old to receive codes.
    pub sim_age_hours: f64,
    /// Factors must be enrolled this long.
    pub factor_age_hours: f64,
    /// How long money waits when a hold stands in for a factor.
    pub hold_hours: f64,
    /// Payments up to this need no proof on a known device.
    pub floor_payment_base: f64,
    /// Payments from this on need S3 and a proven cardholder.
    pub floor_payment_usd: f64,
    /// Loads of the pass above this need a proven cardholder.
    pub floor_load_base: f64,
    /// Transfers to a new receiver above this need S3.
    pub floor_transfer_base: f64,
    /// Logins on a new device that reach more than this need S3.
    pub floor_login_usd: f64,
    /// Minutes for which a proof counts again for what the customer does with his own account, up to
    /// 60.
    pub memory_self_min: f64,
    /// The same for payments to shops.
    pub memory_shop_min: f64,
    /// The same for money to somebody else.
    pub memory_person_min: f64,
    /// Largest amount for a day after a credential was changed with a weak proof.
    pub limit_after_change_base: f64,
    /// How long a device on an account is refused after two different factors failed.
    pub freeze_min: f64,
    /// From this value on, support may call.
    pub callback_from_usd: f64,
    /// Largest amount of the low-value exemption.
    pub exempt_low_value_eur: f64,
    /// Payments since the last strong authentication from which it is used up by their number.
    pub exempt_low_value_count: f64,
    /// Sum of them up to which it may be used whatever their number.
    pub exempt_low_value_sum_eur: f64,
    /// Share of the provider's remote card payments, by value, that is fraud. The law's table makes of
    /// it the largest amount of the risk-analysis exemption.
    pub provider_fraud_rate: f64,
    factors: [FactorPrice; Factor::ALL.len()],
}

/// What asking for one factor, or for two together, does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ask {
    /// Fees.
    pub fee_usd: f64,
    /// Share of the suspected attackers who pass.
    pub bypass: f64,
    /// Share of the loss that moves to the issuer when it is passed.
    pub shifted: f64,
    /// Share of genuine customers who pass.
    pub success: f64,
    /// Seconds of attention it takes.
    pub seconds: f64,
}

impl Ask {
    /// Share of the loss that remains ours (`Bf`): an attacker passes and the issuer does not pay.
    pub fn residual(&self) -> f64 {
        self.bypass * (1.0 - self.shifted)
    }
}

/// What is wrong with a setting.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// No setting has this name.
    Unknown {
        /// The name as written.
        name: String,
        /// The name that was likely meant.
        nearest: Option<String>,
    },
    /// The value is not within the limits of the setting.
    OutOfRange {
        /// The setting.
        name: String,
        /// The value as given.
        value: f64,
        /// Smallest value.
        least: f64,
        /// Largest value.
        most: f64,
    },
    /// More genuine customers pass a factor and give it up than there are.
    Shares {
        /// The factor.
        factor: Factor,
        /// Share that passes.
        success: f64,
        /// Share that gives up.
        abandon: f64,
    },
    /// Two settings contradict each other.
    Inconsistent {
        /// The setting that must not be smaller, with its value.
        larger: (&'static str, f64),
        /// The setting that must not be larger, with its value.
        smaller: (&'static str, f64),
        /// Why.
        why: &'static str,
    },
}

impl Fault {
    /// Whether it is the same finding as another one, whatever its numbers.
    pub fn is_like(&self, other: &Fault) -> bool {
        match (self, other) {
            (Fault::Unknown { name: a, .. }, Fault::Unknown { name: b, .. })
            | (Fault::OutOfRange { name: a, .. }, Fault::OutOfRange { name: b, .. }) => a == b,
            (Fault::Shares { factor: a, .. }, Fault::Shares { factor: b, .. }) => a == b,
            (
                Fault::Inconsistent { larger: a, smaller: c, .. },
                Fault::Inconsistent { larger: b, smaller: d, .. },
            ) => (a.0, c.0) == (b.0, d.0),
            _ => false,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Unknown { name, nearest: Some(nearest) } => {
                write!(f, "unknown setting `{name}`, wanted perhaps `{nearest}`")
            }
            Fault::Unknown { name, nearest: None } => write!(f, "unknown setting `{name}`"),
            Fault::OutOfRange { name, value, least, most } => {
                write!(f, "got {value} for `{name}`, wanted a number from {least} to {most}")
            }
            Fault::Shares { factor, success, abandon } => {
                let name = factor.name();
                write!(
                    f,
                    "got {success} for `{name}_success` and {abandon} for `{name}_abandon`, \
                     wanted no more than 1 together"
                )
            }
            Fault::Inconsistent { larger, smaller, why } => write!(
                f,
                "got `{}` {} below `{}` {}: {why}",
                larger.0, larger.1, smaller.0, smaller.1
            ),
        }
    }
}

/// One line of the table of settings.
struct Setting {
    name: &'static str,
    least: f64,
    most: f64,
    slot: fn(&mut Economics) -> &mut f64,
}

const fn setting(
    name: &'static str,
    least: f64,
    most: f64,
    slot: fn(&mut Economics) -> &mut f64,
) -> Setting {
    Setting { name, least, most, slot }
}

/// No card is expected to lose more than this before its issuer stops it, USD.
const STAKE_CARD_MAX: f64 = 600.0;

/// Largest sum of money that a setting may name, in major units.
const MONEY_MAX: f64 = 1e9;

// A table reads by columns, so it is laid out by hand.
#[rustfmt::skip]
const SETTINGS: [Setting; 61] = [
    setting("recovery",                    0.0, 1.0,       |e| &mut e.recovery),
    setting("recovery_hold",               0.0, 1.0,       |e| &mut e.recovery_hold),
    setting("recovery_pass",               0.0, 1.0,       |e| &mut e.recovery_pass),
    setting("liability_shift",             0.0, 1.0,       |e| &mut e.liability_shift),
    setting("liability_shift_challenge",   0.0, 1.0,       |e| &mut e.liability_shift_challenge),
    setting("frictionless_share",          0.0, 1.0,       |e| &mut e.frictionless_share),
    setting("chargeback_fee_usd",          0.0, MONEY_MAX, |e| &mut e.chargeback_fee_usd),
    setting("handling_usd",                0.0, MONEY_MAX, |e| &mut e.handling_usd),
    setting("monitoring_usd",              0.0, MONEY_MAX, |e| &mut e.monitoring_usd),
    setting("monitoring_times",            1.0, 100.0,     |e| &mut e.monitoring_times),
    setting("scheme_ratio",                0.0, 100.0,     |e| &mut e.scheme_ratio),
    setting("scheme_ratio_near",           0.0, 1.0,       |e| &mut e.scheme_ratio_near),
    setting("margin",                      0.0, 1.0,       |e| &mut e.margin),
    setting("customer_value_usd",          0.0, MONEY_MAX, |e| &mut e.customer_value_usd),
    setting("customer_value_returning_usd", 0.0, MONEY_MAX, |e| &mut e.customer_value_returning_usd),
    setting("customer_value_resident_usd", 0.0, MONEY_MAX, |e| &mut e.customer_value_resident_usd),
    setting("attrition_trip",              0.0, 1.0,       |e| &mut e.attrition_trip),
    setting("attrition",                   0.0, 1.0,       |e| &mut e.attrition),
    setting("attrition_challenge",         0.0, 1.0,       |e| &mut e.attrition_challenge),
    setting("contact_usd",                 0.0, MONEY_MAX, |e| &mut e.contact_usd),
    setting("second_usd",                  0.0, 1.0,       |e| &mut e.second_usd),
    setting("challenge_price_usd",         0.0, MONEY_MAX, |e| &mut e.challenge_price_usd),
    setting("challenge_price_max_usd",     0.0, MONEY_MAX, |e| &mut e.challenge_price_max_usd),
    setting("challenge_budget",            0.0, 1.0,       |e| &mut e.challenge_budget),
    setting("exploration_share",           0.0, 1.0,       |e| &mut e.exploration_share),
    setting("exploration_amount_usd",      0.0, MONEY_MAX, |e| &mut e.exploration_amount_usd),
    setting("exploration_below",           0.0, 1.0,       |e| &mut e.exploration_below),
    setting("exploration_budget_usd",      0.0, MONEY_MAX, |e| &mut e.exploration_budget_usd),
    setting("exploration_seed",            0.0, MONEY_MAX, |e| &mut e.exploration_seed),
    setting("stake_card_link_usd",         0.0, STAKE_CARD_MAX, |e| &mut e.stake_card_link_usd),
    setting("stake_session_usd",           0.0, MONEY_MAX, |e| &mut e.stake_session_usd),
    setting("stake_identity_usd",          0.0, MONEY_MAX, |e| &mut e.stake_identity_usd),
    setting("stake_account_open_usd",      0.0, MONEY_MAX, |e| &mut e.stake_account_open_usd),
    setting("topup_leave_share",           0.0, 1.0,       |e| &mut e.topup_leave_share),
    setting("refund_exposure",             0.0, 1.0,       |e| &mut e.refund_exposure),
    setting("base_per_usd",                0.001, 100_000.0, |e| &mut e.base_per_usd),
    setting("usd_per_eur",                 0.1, 10.0,      |e| &mut e.usd_per_eur),
    setting("probability_unknown",         0.0, 1.0,       |e| &mut e.probability_unknown),
    setting("decline_from",                0.5, 1.0,       |e| &mut e.decline_from),
    setting("fit_limit",                   0.0, 1.0,       |e| &mut e.fit_limit),
    setting("fit_limit_pause",             0.0, 1.0,       |e| &mut e.fit_limit_pause),
    setting("combine_above",               0.0, 1.0,       |e| &mut e.combine_above),
    setting("option_cost_ratio",           1.0, 100.0,     |e| &mut e.option_cost_ratio),
    setting("sim_age_hours",               0.0, 8_760.0,   |e| &mut e.sim_age_hours),
    setting("factor_age_hours",            0.0, 8_760.0,   |e| &mut e.factor_age_hours),
    setting("hold_hours",                  0.0, 8_760.0,   |e| &mut e.hold_hours),
    setting("floor_payment_base",          0.0, MONEY_MAX, |e| &mut e.floor_payment_base),
    setting("floor_payment_usd",           0.0, MONEY_MAX, |e| &mut e.floor_payment_usd),
    setting("floor_load_base",             0.0, MONEY_MAX, |e| &mut e.floor_load_base),
    setting("floor_transfer_base",         0.0, MONEY_MAX, |e| &mut e.floor_transfer_base),
    setting("floor_login_usd",             0.0, MONEY_MAX, |e| &mut e.floor_login_usd),
    setting("memory_self_min",             0.0, 60.0,      |e| &mut e.memory_self_min),
    setting("memory_shop_min",             0.0, 60.0,      |e| &mut e.memory_shop_min),
    setting("memory_person_min",           0.0, 60.0,      |e| &mut e.memory_person_min),
    setting("limit_after_change_base",     0.0, MONEY_MAX, |e| &mut e.limit_after_change_base),
    setting("freeze_min",                  0.0, 10_080.0,  |e| &mut e.freeze_min),
    setting("callback_from_usd",           0.0, MONEY_MAX, |e| &mut e.callback_from_usd),
    setting("exempt_low_value_eur",        0.0, MONEY_MAX, |e| &mut e.exempt_low_value_eur),
    setting("exempt_low_value_count",      0.0, 1_000.0,   |e| &mut e.exempt_low_value_count),
    setting("exempt_low_value_sum_eur",    0.0, MONEY_MAX, |e| &mut e.exempt_low_value_sum_eur),
    setting("provider_fraud_rate",         0.0, 1.0,       |e| &mut e.provider_fraud_rate),
];

impl Default for Economics {
    /// Assumptions, each to be replaced by what a wallet measures of itself.
    fn default() -> Economics {
        Economics {
            recovery: 0.05,
            recovery_hold: 0.35,
            recovery_pass: 0.15,
            liability_shift: 0.9,
            liability_shift_challenge: 0.9,
            frictionless_share: 0.64,
            chargeback_fee_usd: 20.0,
            handling_usd: 8.0,
            monitoring_usd: 1.5,
            monitoring_times: 4.0,
            scheme_ratio: 0.0,
            scheme_ratio_near: 0.7,
            margin: 0.012,
            customer_value_usd: 12.0,
            customer_value_returning_usd: 30.0,
            customer_value_resident_usd: 45.0,
            attrition_trip: 0.20,
            attrition: 0.35,
            attrition_challenge: 0.03,
            contact_usd: 1.0,
            second_usd: 0.005,
            challenge_price_usd: 0.15,
            challenge_price_max_usd: 3.0,
            challenge_budget: 0.03,
            exploration_share: 0.01,
            exploration_amount_usd: 20.0,
            exploration_below: 0.6,
            exploration_budget_usd: 200.0,
            exploration_seed: 0.0,
            stake_card_link_usd: 220.0,
            stake_session_usd: 260.0,
            stake_identity_usd: 150.0,
            stake_account_open_usd: 4.0,
            topup_leave_share: 0.8,
            refund_exposure: 0.05,
            base_per_usd: 7.14,
            usd_per_eur: 1.08,
            probability_unknown: 0.1,
            decline_from: 0.9,
            fit_limit: 0.5,
            fit_limit_pause: 0.75,
            combine_above: 0.25,
            option_cost_ratio: 1.25,
            sim_age_hours: 72.0,
            factor_age_hours: 24.0,
            hold_hours: 24.0,
            floor_payment_base: 200.0,
            floor_payment_usd: 1_000.0,
            floor_load_base: 500.0,
            floor_transfer_base: 1_000.0,
            floor_login_usd: 500.0,
            memory_self_min: 20.0,
            memory_shop_min: 60.0,
            memory_person_min: 20.0,
            limit_after_change_base: 2_000.0,
            freeze_min: 30.0,
            callback_from_usd: 1_000.0,
            exempt_low_value_eur: 30.0,
            exempt_low_value_count: 5.0,
            exempt_low_value_sum_eur: 100.0,
            provider_fraud_rate: 0.001_3,
            factors: factors::DEFAULTS,
        }
    }
}

impl Economics {
    /// Changes one setting: a name of the table, or `FACTOR_fee_usd`, `FACTOR_success`,
    /// `FACTOR_abandon`, `FACTOR_seconds`, `FACTOR_bypass_v1` to `_v9` with the name of a factor.
    ///
    /// # Errors
    /// [`Fault::Unknown`] and [`Fault::OutOfRange`]; the setting then keeps its value.
    pub fn set(&mut self, name: &str, value: f64) -> Result<(), Fault> {
        if let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) {
            return put((setting.slot)(self), name, value, (setting.least, setting.most));
        }
        if let Some((slot, range)) = factors::slot(&mut self.factors, name) {
            return put(slot, name, value, range);
        }
        let names = Economics::names();
        let nearest = nearest(name, names.iter().map(String::as_str)).map(str::to_owned);
        Err(Fault::Unknown { name: name.to_owned(), nearest })
    }

    /// The value of a setting; `None` when there is none of this name.
    pub fn get(&self, name: &str) -> Option<f64> {
        let mut copy = self.clone();
        match SETTINGS.iter().find(|setting| setting.name == name) {
            Some(setting) => Some(*(setting.slot)(&mut copy)),
            None => factors::slot(&mut copy.factors, name).map(|(slot, _)| *slot),
        }
    }

    /// The names of all settings, those of the factors last.
    pub fn names() -> Vec<String> {
        let table = SETTINGS.iter().map(|setting| setting.name.to_owned());
        table.chain(factors::names()).collect()
    }

    /// Checks that the settings fit together.
    ///
    /// # Errors
    /// Every [`Fault`] there is.
    pub fn check(&self) -> Result<(), Vec<Fault>> {
        let mut faults = Vec::new();
        let mut copy = self.clone();
        for setting in &SETTINGS {
            let value = *(setting.slot)(&mut copy);
            let range = (setting.least, setting.most);
            faults.extend(put(&mut 0.0, setting.name, value, range).err());
        }
        for name in factors::names() {
            if let Some((slot, range)) = factors::slot(&mut copy.factors, &name) {
                let value = *slot;
                faults.extend(put(&mut 0.0, &name, value, range).err());
            }
        }
        for factor in Factor::ALL {
            let FactorPrice { success, abandon, .. } = *self.factor(factor);
            if 1.0 + 1e-9 < success + abandon {
                faults.push(Fault::Shares { factor, success, abandon });
            }
        }
        let mut at_least = |larger, smaller, why| faults.extend(inconsistent(larger, smaller, why));
        at_least(
            ("recovery_hold", self.recovery_hold),
            ("recovery", self.recovery),
            "holding money back cannot recover less of it",
        );
        at_least(
            ("attrition_trip", self.attrition_trip),
            ("attrition_challenge", self.attrition_challenge),
            "a failed challenge cannot lose more customers than a refusal",
        );
        at_least(
            ("attrition", self.attrition),
            ("attrition_challenge", self.attrition_challenge),
            "a failed challenge cannot lose more customers than a refusal",
        );
        at_least(
            ("fit_limit_pause", self.fit_limit_pause),
            ("fit_limit", self.fit_limit),
            "a hold proves nothing and is allowed more",
        );
        at_least(
            ("challenge_price_max_usd", self.challenge_price_max_usd),
            ("challenge_price_usd", self.challenge_price_usd),
            "the price of a challenge begins there and only rises",
        );
        at_least(
            ("exempt_low_value_sum_eur", self.exempt_low_value_sum_eur),
            ("exempt_low_value_eur", self.exempt_low_value_eur),
            "the sum is that of several payments",
        );
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// Share of a loss that moves to the issuer when this factor is passed: most of it when the
    /// issuer itself authenticates, silently or not, and has not done so before; else nothing.
    pub fn shifted_by(&self, factor: Factor, stake: &Stake) -> f64 {
        let is_open = stake.shifted <= 0.0;
        if is_open && factor.is_three_ds() { self.liability_shift_challenge } else { 0.0 }
    }

    /// The price and strength of one factor.
    pub fn factor(&self, factor: Factor) -> &FactorPrice {
        &self.factors[factor as usize]
    }

    /// What asking for a factor does. An issuer that may choose challenges whom it does not
    /// authenticate silently; everything else does what its row says.
    pub fn asked(&self, factor: Factor) -> FactorPrice {
        let price = self.factor(factor);
        if factor == Factor::ThreeDsFrictionless {
            let challenge = self.factor(Factor::ThreeDsChallenge);
            price.or_challenged(challenge, self.frictionless_share)
        } else {
            *price
        }
    }

    /// Loss when a fraud is approved (`Lf`).
    pub fn loss_approved(&self, stake: &Stake) -> f64 {
        let taken = stake.amount_usd * (1.0 - stake.recovery) * (1.0 - stake.shifted);
        let dispute = if stake.is_disputable {
            self.chargeback_fee_usd
                + self.handling_usd
                + self.monitoring_usd * self.monitoring_factor()
        } else {
            0.0
        };
        stake.exposure * (taken + dispute)
    }

    /// Near a scheme's threshold one more fraud weighs more.
    fn monitoring_factor(&self) -> f64 {
        if self.scheme_ratio_near < self.scheme_ratio { self.monitoring_times } else { 1.0 }
    }

    /// Loss when a genuine customer is refused (`Ld`): the margin on a sale, or the dispute by which
    /// he gets what he is owed.
    pub fn loss_declined(&self, stake: &Stake) -> f64 {
        let forgone = if stake.is_owed {
            self.chargeback_fee_usd + self.handling_usd
        } else {
            self.margin * stake.amount_usd
        };
        forgone + stake.attrition * stake.customer_value_usd + self.contact_usd
    }

    /// Loss when a genuine customer does not pass a challenge.
    pub fn loss_turned_away(&self, stake: &Stake) -> f64 {
        self.margin * stake.amount_usd + self.attrition_challenge * stake.customer_value_usd
    }

    /// Loss when a genuine customer is challenged (`Kf`).
    pub fn loss_challenged(&self, stake: &Stake, ask: &Ask) -> f64 {
        (1.0 - ask.success) * self.loss_turned_away(stake)
            + ask.success * self.second_usd * ask.seconds
            + self.challenge_price_usd
    }

    /// Expected cost of a challenge, for a probability from 0 to 1.
    pub fn cost_challenge(&self, probability: f64, stake: &Stake, ask: &Ask) -> f64 {
        ask.fee_usd
            + probability * ask.residual() * self.loss_approved(stake)
            + (1.0 - probability) * self.loss_challenged(stake, ask)
    }

    /// Expected costs of all ways out, for a probability from 0 to 1.
    pub fn costs(&self, probability: f64, stake: &Stake, ask: Option<&Ask>) -> Costs {
        Costs {
            approve: probability * self.loss_approved(stake),
            decline: (1.0 - probability) * self.loss_declined(stake),
            challenge: ask.map(|ask| self.cost_challenge(probability, stake, ask)),
        }
    }
}

fn put(slot: &mut f64, name: &str, value: f64, range: (f64, f64)) -> Result<(), Fault> {
    let (least, most) = range;
    if least <= value && value <= most {
        *slot = value;
        return Ok(());
    }
    Err(Fault::OutOfRange { name: name.to_owned(), value, least, most })
}

fn inconsistent(
    larger: (&'static str, f64),
    smaller: (&'static str, f64),
    why: &'static str,
) -> Option<Fault> {
    (larger.1 < smaller.1).then_some(Fault::Inconsistent { larger, smaller, why })
}

#[cfg(test)]
mod tests;
