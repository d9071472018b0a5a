//! What a decision cost, once its truth and its end are known.
//!
//! The cost rule compares expectations; this adds up what came of them, by the same formulas and the
//! same settings, so that ways of deciding can be compared in money. A fraud that went through costs
//! what it took, less what is recovered or borne by the issuer, and a dispute. A genuine customer
//! costs nothing when he is let through, his attention when he passes a challenge, and margin and
//! attrition when he is turned away. The shadow price of the challenge budget is no money that
//! anybody pays and is left out.

use std::ops::AddAssign;

use crate::economics::{Economics, Stake};

/// Costs in USD, apart by who pays for what.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bill {
    /// What frauds took, less what comes back.
    pub lost_usd: f64,
    /// Fees, work and scheme ratios for each fraud that went through.
    pub disputes_usd: f64,
    /// Genuine customers who were refused.
    pub refused_usd: f64,
    /// Genuine customers who were asked: their attention, or what is lost when they do not pass.
    pub asked_usd: f64,
    /// Fees of factors, whoever was asked.
    pub fees_usd: f64,
}

/// Who acted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Actor {
    /// A customer in his own right.
    Genuine,
    /// A fraud, and what it took in USD: nothing when it was stopped, or only prepared another.
    Fraud {
        /// What was taken.
        took_usd: f64,
    },
}

/// What came of a decision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ending {
    /// It went on without a question.
    Approved,
    /// It was refused.
    Refused,
    /// A proof was asked for.
    Asked(Asked),
}

/// What came of a challenge.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Asked {
    /// Fees of the factors that were used.
    pub fees_usd: f64,
    /// Attention they took, in seconds.
    pub seconds: f64,
    /// Whether it was passed.
    pub is_passed: bool,
    /// Share of a loss that the issuer bears, because it was its own challenge that was passed.
    pub shifted: f64,
}

impl Bill {
    /// The bill of one decision.
    pub fn of(economics: &Economics, stake: &Stake, actor: Actor, ending: Ending) -> Bill {
        let mut bill = Bill::default();
        if let Ending::Asked(asked) = ending {
            bill.fees_usd = asked.fees_usd;
        }
        match (actor, ending) {
            (Actor::Fraud { took_usd }, _) if 0.0 < took_usd => {
                let shifted = match ending {
                    Ending::Asked(asked) => asked.shifted,
                    Ending::Approved | Ending::Refused => 0.0,
                };
                let net = Stake { amount_usd: took_usd, exposure: 1.0, ..*stake };
                let whole = economics.loss_approved(&net);
                let disputes = economics.loss_approved(&Stake { amount_usd: 0.0, ..net });
                bill.lost_usd = (whole - disputes) * (1.0 - shifted);
                bill.disputes_usd = disputes * (1.0 - shifted);
            }
            (Actor::Fraud { .. }, _) | (Actor::Genuine, Ending::Approved) => {}
            (Actor::Genuine, Ending::Refused) => bill.refused_usd = economics.loss_declined(stake),
            (Actor::Genuine, Ending::Asked(asked)) if asked.is_passed => {
                bill.asked_usd = economics.second_usd * asked.seconds;
            }
            (Actor::Genuine, Ending::Asked(_)) => {
                bill.asked_usd = economics.loss_turned_away(stake);
            }
        }
        bill
    }

    /// All of it.
    pub fn total_usd(&self) -> f64 {
        self.lost_usd + self.disputes_usd + self.refused_usd + self.asked_usd + self.fees_usd
    }
}

impl AddAssign for Bill {
    fn add_assign(&mut self, other: Bill) {
        self.lost_usd += other.lost_usd;
        self.disputes_usd += other.disputes_usd;
        self.refused_usd += other.refused_usd;
        self.asked_usd += other.asked_usd;
        self.fees_usd += other.fees_usd;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAKE: Stake = Stake {
        amount_usd: 140.0,
        recovery: 0.05,
        shifted: 0.0,
        customer_value_usd: 12.0,
        attrition: 0.20,
        exposure: 1.0,
        is_owed: false,
        is_disputable: true,
    };

    fn bill(actor: Actor, ending: Ending) -> Bill {
        Bill::of(&Economics::default(), &STAKE, actor, ending)
    }

    #[test]
    fn each_end_costs_what_the_formulas_say() {
        let fraud = Actor::Fraud { took_usd: 140.0 };
        let stopped = Actor::Fraud { took_usd: 0.0 };
        let passed = Asked { fees_usd: 0.12, seconds: 35.0, is_passed: true, shifted: 0.9 };
        let failed = Asked { is_passed: false, ..passed };
        let near = |bill: Bill, usd: f64| {
            assert!((bill.total_usd() - usd).abs() < 1e-9, "{bill:?}, wanted {usd}");
        };
        // 140 less a twentieth, and 29.50 for the dispute: 162.50.
        near(bill(fraud, Ending::Approved), 162.5);
        near(bill(fraud, Ending::Asked(passed)), 0.12 + 16.25);
        near(bill(stopped, Ending::Refused), 0.0);
        near(bill(stopped, Ending::Asked(failed)), 0.12);
        near(bill(Actor::Genuine, Ending::Approved), 0.0);
        // Margin 1.68, attrition 2.40, contact 1.00.
        near(bill(Actor::Genuine, Ending::Refused), 5.08);
        near(bill(Actor::Genuine, Ending::Asked(passed)), 0.12 + 0.175);
        // Margin 1.68 and 3 % of 12.
        near(bill(Actor::Genuine, Ending::Asked(failed)), 0.12 + 2.04);
    }

    #[test]
    fn bills_add_up_by_part() {
        let mut sum = bill(Actor::Genuine, Ending::Refused);
        sum += bill(Actor::Fraud { took_usd: 10.0 }, Ending::Approved);
        assert_eq!((sum.lost_usd, sum.disputes_usd), (9.5, 29.5));
        assert!((sum.refused_usd - 5.08).abs() < 1e-9);
    }
}
