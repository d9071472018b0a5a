//! Worked thresholds, lessons that follow from them, and the table of settings.

use features::field::EventType;

use super::*;
use crate::situation::Situation;
use crate::vector::Vector;

/// A tourist's card payment, with the default assumptions.
fn stake(amount_usd: f64) -> Stake {
    Stake {
        amount_usd,
        recovery: 0.05,
        shifted: 0.0,
        customer_value_usd: 12.0,
        attrition: 0.20,
        exposure: 1.0,
        is_owed: false,
        is_disputable: true,
    }
}

#[test]
fn who_is_refused_a_refund_disputes_and_no_sale_is_lost() {
    let economics = Economics::default();
    let refund = Stake { is_owed: true, ..stake(140.0) };
    let dispute = economics.chargeback_fee_usd + economics.handling_usd;
    let sale = economics.margin * 140.0;
    let more = economics.loss_declined(&refund) - economics.loss_declined(&stake(140.0));
    assert!((more - (dispute - sale)).abs() < 1e-9, "{more}");
    let large = Stake { amount_usd: 1_400.0, ..refund };
    assert_eq!(economics.loss_declined(&large), economics.loss_declined(&refund));
}

#[test]
fn what_nobody_paid_for_costs_no_dispute() {
    let economics = Economics::default();
    for event in EventType::ALL {
        let situation = Situation { event: Some(event), ..Situation::unknown() };
        let stake = economics.stake(&situation, Held::No);
        let taken = stake.amount_usd * (1.0 - stake.recovery);
        let more = economics.loss_approved(&stake) - taken;
        let is_free = matches!(
            event,
            EventType::AccountOpen | EventType::PromoRedemption | EventType::RedEnvelopeClaim
        );
        let dispute = economics.loss_approved(&self::stake(0.0));
        let expected = if is_free { 0.0 } else { dispute };
        assert!((more - expected).abs() < 1e-9, "{}: {more}", event.name());
    }
}

fn ask(economics: &Economics, factor: Factor, vector: Vector) -> Ask {
    let price = economics.factor(factor);
    let shifted = match factor {
        Factor::ThreeDsChallenge => economics.liability_shift_challenge,
        _ => 0.0,
    };
    Ask {
        fee_usd: price.fee_usd,
        bypass: price.bypass[vector as usize],
        shifted,
        success: price.success,
        seconds: price.seconds,
    }
}

/// The cheapest of the three, a tie going to the milder.
fn cheapest(costs: &Costs) -> &'static str {
    let challenge = costs.challenge.unwrap_or(f64::INFINITY);
    if costs.approve <= challenge && costs.approve <= costs.decline {
        "approve"
    } else if challenge <= costs.decline {
        "challenge"
    } else {
        "decline"
    }
}

/// Amount, vector, factor; then as printed: Lf, Ld, and in percent p* without a challenge, p1 from
/// approving to asking, p2 from asking to refusing.
type Row = (f64, Vector, Factor, [&'static str; 5]);

// A table reads by columns, so it is laid out by hand.
#[rustfmt::skip]
const WORKED: [Row; 13] = [
    (5.0,     Vector::V1, Factor::ThreeDsChallenge, ["34.3",   "3.5",  "9.2",  "1.44", "88"]),
    (5.0,     Vector::V1, Factor::Passkey,          ["34.3",   "3.5",  "9.2",  "9.7",  "9.2"]),
    (28.0,    Vector::V1, Factor::ThreeDsChallenge, ["56.1",   "3.7",  "6.2",  "0.98", "85"]),
    (28.0,    Vector::V2, Factor::Passkey,          ["56.1",   "3.7",  "6.2",  "0.35", "86"]),
    (28.0,    Vector::V2, Factor::SmsOtp,           ["56.1",   "3.7",  "6.2",  "0.74", "49"]),
    (140.0,   Vector::V1, Factor::ThreeDsChallenge, ["162.5",  "5.1",  "3.0",  "0.51", "75"]),
    (140.0,   Vector::V1, Factor::PassportSelfie,   ["162.5",  "5.1",  "3.0",  "1.6",  "12"]),
    (140.0,   Vector::V2, Factor::Passkey,          ["162.5",  "5.1",  "3.0",  "0.14", "75"]),
    (700.0,   Vector::V1, Factor::ThreeDsChallenge, ["694.5",  "11.8", "1.7",  "0.31", "63"]),
    (700.0,   Vector::V2, Factor::SmsOtp,           ["694.5",  "11.8", "1.7",  "0.23", "20"]),
    (3_000.0, Vector::V1, Factor::ThreeDsChallenge, ["2879.5", "39.4", "1.35", "0.27", "58"]),
    (3_000.0, Vector::V1, Factor::Passkey,          ["2879.5", "39.4", "1.35", "0.87", "1.37"]),
    (3_000.0, Vector::V2, Factor::Passkey,          ["2879.5", "39.4", "1.35", "0.04", "57"]),
];

/// The row whose challenge is never the cheapest, and the one where it nearly never is.
const NEVER: usize = 1;
const ALMOST_NEVER: usize = 11;

/// Where the cheapest answer stops being `name`, in percent, going up from 0.
fn end_of(name: &str, of: impl Fn(f64) -> Costs) -> f64 {
    let (mut below, mut above) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = f64::midpoint(below, above);
        if cheapest(&of(middle)) == name { below = middle } else { above = middle }
    }
    100.0 * below
}

/// Equal as far as a number is printed: within half a unit of its last digit, and what a half of it
/// rounds to.
fn is_printed(found: f64, printed: &str, units: f64) -> bool {
    let digits = printed.split_once('.').map_or(0, |(_, digits)| digits.len());
    let unit = 0.1_f64.powi(digits as i32);
    let written: f64 = printed.parse().expect("a number");
    (found - written).abs() <= units * unit * 1.02
}

#[test]
fn the_worked_thresholds_come_out_as_printed() {
    let economics = Economics::default();
    for (at, (amount, vector, factor, printed)) in WORKED.into_iter().enumerate() {
        let row = format!("{amount} {} {}", vector.name(), factor.name());
        let stake = stake(amount);
        let ask = ask(&economics, factor, vector);
        let (fraud, refused) = (economics.loss_approved(&stake), economics.loss_declined(&stake));
        let challenged = economics.loss_challenged(&stake, &ask);
        let residual = ask.bypass * (1.0 - ask.shifted);
        let alone = 100.0 * refused / (refused + fraud);
        let dearer = ask.fee_usd + challenged;
        let from = 100.0 * dearer / ((1.0 - residual) * fraud + challenged);
        let spared = refused - dearer;
        let to = 100.0 * spared / (refused - challenged + residual * fraud);
        let found = [fraud, refused, alone, from, to];
        for (column, (found, printed)) in found.into_iter().zip(printed).enumerate() {
            // Where the band is empty, its upper end is printed as p*.
            let units = if (at, column) == (NEVER, 4) { 1.0 } else { 0.5 };
            assert!(is_printed(found, printed, units), "{row}: column {column} is {found}");
        }
        // The three costs themselves turn where the formulas say.
        let costs = |percent: f64| economics.costs(percent / 100.0, &stake, Some(&ask));
        let is_asked = |percent: f64| cheapest(&costs(percent)) == "challenge";
        if at == NEVER {
            assert!(to < from, "{row}: the band is empty");
            assert!((0..=10_000).all(|step| !is_asked(f64::from(step) / 100.0)), "{row}");
            continue;
        }
        assert!(!is_asked(from * 0.999) && is_asked(from * 1.001), "{row}: p1 {from}");
        assert!(is_asked(to * 0.999) && !is_asked(to * 1.001), "{row}: p2 {to}");
        let without = end_of("approve", |p| economics.costs(p, &stake, None));
        assert!((without - alone).abs() < 1e-6, "{row}: p* {without}");
        assert_eq!(to - from < 1.0, at == ALMOST_NEVER, "{row}: asked from {from} to {to} %");
    }
}

#[test]
fn the_approve_threshold_falls_with_the_amount() {
    let economics = Economics::default();
    let ask = ask(&economics, Factor::ThreeDsChallenge, Vector::V1);
    let mut last = 100.0;
    for amount in [5.0, 28.0, 140.0, 700.0, 3_000.0] {
        let found = end_of("approve", |p| economics.costs(p, &stake(amount), Some(&ask)));
        assert!(found < last, "{amount}: {found}");
        last = found;
    }
}

#[test]
fn the_challenge_band_closes_when_the_factor_does_not_fit_the_vector() {
    let economics = Economics::default();
    let width = |factor, vector| {
        let ask = ask(&economics, factor, vector);
        (0..=10_000)
            .filter(|p| {
                let costs = economics.costs(f64::from(*p) / 1e4, &stake(28.0), Some(&ask));
                cheapest(&costs) == "challenge"
            })
            .count()
    };
    assert!(8_000 < width(Factor::ThreeDsChallenge, Vector::V1));
    assert!(8_000 < width(Factor::Passkey, Vector::V2));
    assert_eq!(width(Factor::Passkey, Vector::V1), 0);
    assert_eq!(width(Factor::SmsOtp, Vector::V4), 0);
    assert_eq!(width(Factor::Passkey, Vector::V6), 0);
}

#[test]
fn with_a_good_factor_outright_declines_are_rare() {
    let economics = Economics::default();
    for (factor, vector) in [(Factor::ThreeDsChallenge, Vector::V1), (Factor::Passkey, Vector::V2)]
    {
        let ask = ask(&economics, factor, vector);
        for amount in [5.0, 28.0, 140.0, 700.0, 3_000.0] {
            let costs = economics.costs(0.55, &stake(amount), Some(&ask));
            assert_eq!(cheapest(&costs), "challenge", "{amount} {}", factor.name());
        }
    }
}

#[test]
fn every_setting_can_be_set_and_is_held_to_its_range() {
    let mut economics = Economics::default();
    for name in Economics::names() {
        let before = economics.clone();
        assert!(economics.set(&name, f64::NAN).is_err(), "{name}");
        assert!(economics.set(&name, -1.0).is_err(), "{name}");
        assert!(economics.set(&name, 1e12).is_err(), "{name}");
        assert_eq!(economics, before, "{name} changed by a refused value");
        economics.set(&name, 0.765).or_else(|_| economics.set(&name, 2.0)).expect("fits");
        assert_ne!(economics, before, "{name} did not change");
    }
    assert_eq!(Economics::default().check(), Ok(()));
}

#[test]
fn the_table_names_every_setting_once() {
    let mut names = Economics::names();
    let all = names.len();
    assert_eq!(all, SETTINGS.len() + Factor::ALL.len() * 13);
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all);
    // Two lines of the table must not share a slot.
    let mut economics = Economics::default();
    for (at, setting) in SETTINGS.iter().enumerate() {
        *(setting.slot)(&mut economics) = at as f64;
    }
    for (at, setting) in SETTINGS.iter().enumerate() {
        assert_eq!(*(setting.slot)(&mut economics), at as f64, "{}", setting.name);
    }
}

#[test]
fn an_unknown_setting_gets_its_nearest_name() {
    let fault = Economics::default().set("margn", 0.01).unwrap_err();
    assert_eq!(fault.to_string(), "unknown setting `margn`, wanted perhaps `margin`");
    let fault = Economics::default().set("sms_otp_succes", 0.01).unwrap_err();
    assert!(fault.to_string().contains("`sms_otp_success`"), "{fault}");
    let fault = Economics::default().set("zzz", 0.01).unwrap_err();
    assert_eq!(fault.to_string(), "unknown setting `zzz`");
}

#[test]
fn all_contradictions_are_reported_at_once() {
    let economics = Economics {
        recovery: 0.5,
        attrition_challenge: 0.4,
        fit_limit: 0.9,
        exempt_low_value_sum_eur: 10.0,
        margin: f64::NAN,
        ..Economics::default()
    };
    let faults = economics.check().unwrap_err();
    assert_eq!(faults.len(), 6, "{faults:?}");
    assert!(matches!(&faults[0], Fault::OutOfRange { name, .. } if name == "margin"));
    assert_eq!(
        faults[1].to_string(),
        "got `recovery_hold` 0.35 below `recovery` 0.5: holding money back cannot recover \
         less of it"
    );
}

#[test]
fn a_cheaper_fraud_is_never_dearer_to_approve() {
    let economics = Economics::default();
    let open = economics.loss_approved(&stake(700.0));
    let shifted = economics.loss_approved(&Stake { shifted: 0.9, ..stake(700.0) });
    let held = economics.loss_approved(&Stake { recovery: 0.35, ..stake(700.0) });
    assert!(shifted < held && held < open);
}

#[test]
fn near_a_schemes_threshold_every_fraud_weighs_more() {
    let far = Economics { scheme_ratio: 0.7, ..Economics::default() };
    let near = Economics { scheme_ratio: 0.71, ..Economics::default() };
    let loss = |economics: &Economics| economics.loss_approved(&stake(0.0));
    assert_eq!((loss(&far), loss(&near)), (29.5, 34.0));
}

#[test]
fn customers_who_pass_and_give_up_are_no_more_than_there_are() {
    let mut economics = Economics::default();
    economics.set("totp_abandon", 0.2).expect("in range");
    let faults = economics.check().unwrap_err();
    assert_eq!(
        faults[0].to_string(),
        "got 0.91 for `totp_success` and 0.2 for `totp_abandon`, wanted no more than 1 together"
    );
}

#[test]
fn every_setting_says_its_value() {
    let mut economics = Economics::default();
    economics.set("margin", 0.02).expect("in range");
    economics.set("sms_otp_bypass_v4", 0.5).expect("in range");
    assert_eq!(economics.get("margin"), Some(0.02));
    assert_eq!(economics.get("sms_otp_bypass_v4"), Some(0.5));
    assert_eq!(economics.get("no_such"), None);
    assert!(Economics::names().iter().all(|name| economics.get(name).is_some()));
}
