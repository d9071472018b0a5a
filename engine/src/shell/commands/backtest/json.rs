//! The numbers of a backtest for machines: the same that the page shows, unrounded.
//!
//! Money is whole US cents under names that end in `usd_minor`, shares are 0 to 1, a share of
//! nothing is `null`. Keys and lists have a fixed order, so equal backtests give equal bytes.

use serde_json::{Map, Value, json};

use super::super::days::{print_day, print_time};
use super::Findings;
use crate::backtest::{
    Decided, Diff, ExemptionReport, Fit, Money, Report, Step, Tally, Treated, Treatment, Truth,
    Volume, share,
};
use crate::decision::Decision;
use crate::vector::Vector;

/// The decisions, from mild to severe.
pub(super) const DECISIONS: [Decision; 3] =
    [Decision::Approve, Decision::Challenge, Decision::Decline];

/// All of it.
pub(super) fn document(findings: &Findings) -> Value {
    let mut value = json!({
        "data": {
            "folder": findings.folder,
            "events": findings.events,
            "bad_rows": findings.bad_rows,
        },
        "candidate": side(&findings.candidate.policy, &findings.candidate.report),
    });
    if let Some((other, flips)) = &findings.against {
        value["against"] = side(&other.policy, &other.report);
        value["diff"] = diff(flips);
    }
    value
}

fn side(policy: &super::Identity, report: &Report) -> Value {
    let stories = report.stories.iter().map(|(name, d)| (name.clone(), decided(d)));
    let types = report.types.iter().map(|(name, d)| (name.name().to_owned(), decided(d)));
    let days: Vec<Value> = report
        .days
        .iter()
        .map(|(day, d)| json!({ "day": print_day(*day), "decisions": decided(d) }))
        .collect();
    json!({
        "policy": { "name": policy.name, "version": policy.version },
        "model": policy.model.as_ref().map(|(name, version)| {
            json!({ "name": name, "version": version })
        }),
        "judged": report.decisions.total().total().events,
        "first": report.period_ms.map(|(first, _)| print_time(first)),
        "last": report.period_ms.map(|(_, last)| print_time(last)),
        "without_value": report.without_value,
        "decisions": decided(&report.decisions),
        "without_limits": decided(&report.without_limits),
        "fraud_value_stopped": report.value_stopped(),
        "genuine_touched": good(report, Decided::touched),
        "genuine_declined": good(report, |decided| decided.decline),
        "money": money(&report.money),
        "rules": (0..report.rules.len()).map(|at| rule(at, report)).collect::<Vec<_>>(),
        "exemptions": report.exemptions.iter().map(|e| exemption(e, report)).collect::<Vec<_>>(),
        "stories": stories.collect::<Map<String, Value>>(),
        "event_types": types.collect::<Map<String, Value>>(),
        "days": days,
        "sweep": {
            "auc_roc": report.sweep.auc_roc(),
            "steps": report.sweep.steps().iter().map(step).collect::<Vec<_>>(),
        },
        "suspected_attack": {
            "all": fit(&report.suspicion.all),
            "touched": fit(&report.suspicion.touched),
        },
        "good_by_origin": {
            "issuer_country": treatment(&report.fairness.issuers),
            "nationality": treatment(&report.fairness.nationalities),
        },
    })
}

fn treatment(treatment: &Treatment) -> Value {
    let country = |treated: &Treated| {
        json!({
            "country": treated.country,
            "events": treated.events,
            "challenged": share(treated.challenged, treated.events),
            "declined": share(treated.declined, treated.events),
            "touched": treated.touched(),
            "of_mean": treated.of_mean,
            "too_often": treated.is_too_often(),
        })
    };
    json!({
        "events": treatment.events(),
        "touched": treatment.mean(),
        "countries": treatment.shown().iter().map(country).collect::<Vec<_>>(),
    })
}

fn volume(volume: Volume) -> Value {
    json!({ "events": volume.events, "usd_minor": volume.usd_minor })
}

fn tally(tally: &Tally) -> Value {
    let entries = Truth::ALL.map(|truth| (truth.name().to_owned(), volume(tally.of(truth))));
    Value::Object(entries.into_iter().collect())
}

fn decided(decided: &Decided) -> Value {
    let entries = DECISIONS.map(|d| (d.name().to_owned(), tally(decided.of(d))));
    Value::Object(entries.into_iter().collect())
}

fn money(money: &Money) -> Value {
    let cents = |value: f64| value.round() as i64;
    let (low, high) = money.bounds();
    json!({
        "fraud_declined_usd_minor": money.fraud_declined,
        "fraud_challenged_usd_minor": cents(money.fraud_challenged),
        "fraud_missed_usd_minor": cents(money.fraud_missed),
        "genuine_declined_usd_minor": money.genuine_declined,
        "genuine_challenged_usd_minor": cents(money.genuine_challenged),
        "unknown_declined_usd_minor": money.unknown_declined,
        "net_usd_minor": cents(money.net()),
        "net_low_usd_minor": cents(low),
        "net_high_usd_minor": cents(high),
    })
}

/// Shares of the genuine events and of their value, with the rules of law and policy and without.
fn good(report: &Report, part: fn(&Decided) -> Tally) -> Value {
    let shares = |decided: &Decided| {
        let (part, whole) = (part(decided).genuine, decided.total().genuine);
        json!({ "events": share(part.events, whole.events), "value": value_share(part, whole) })
    };
    json!({ "all": shares(&report.decisions), "without_limits": shares(&report.without_limits) })
}

/// A part of the value of a whole; `None` of none.
pub(super) fn value_share(part: Volume, whole: Volume) -> Option<f64> {
    (0 < whole.usd_minor).then(|| part.usd_minor as f64 / whole.usd_minor as f64)
}

fn exemption(exemption: &ExemptionReport, report: &Report) -> Value {
    json!({
        "name": exemption.name,
        "spoke": tally(&exemption.spoke),
        "released": tally(&exemption.released),
        "fraud_raised": report.fraud_raised(exemption),
    })
}

/// How many rules that vote on the same cases are named.
pub(super) const OVERLAPS: usize = 3;

fn rule(at: usize, report: &Report) -> Value {
    let rule = &report.rules[at];
    let overlaps = report.overlaps(at as u16).into_iter().take(OVERLAPS);
    let overlaps = overlaps
        .map(|(other, cases)| {
            json!({ "rule": report.rules[usize::from(other)].name, "cases": cases })
        })
        .collect::<Vec<_>>();
    json!({
        "name": rule.name,
        "title": rule.title,
        "owner": rule.owner,
        "shadow": rule.is_shadow,
        "seen": rule.seen,
        "hits": tally(&rule.hits),
        "alone": tally(&rule.alone),
        "marginal": tally(&rule.marginal),
        "overlaps": overlaps,
        "suppressed": rule.suppressed,
        "undecided": rule.undecided,
        "undecided_share": share(rule.undecided, rule.seen),
        "share": rule.share(),
        "expect": rule.expect.map(|(low, high)| [low, high]),
        "band": rule.band().name(),
        "precision": rule.hits.precision(),
        "recall": report.recall(rule),
        "value_recall": report.value_recall(rule),
    })
}

fn fit(fit: &Fit) -> Value {
    let by_vector = |of: &dyn Fn(Vector) -> Value| {
        let entries = Vector::ALL.map(|vector| (vector.name().to_owned(), of(vector)));
        Value::Object(entries.into_iter().collect())
    };
    let sureness = fit.sureness().map(
        |band| json!({ "said": band.said(), "right": band.right_share(), "frauds": band.frauds }),
    );
    json!({
        "frauds": fit.frauds,
        "right": fit.right_share(),
        "log_loss": fit.log_loss(),
        "prior_log_loss": fit.prior_log_loss(),
        "confusion": by_vector(&|truth| {
            by_vector(&|heaviest| json!(fit.confused(truth, heaviest)))
        }),
        "sureness": sureness.collect::<Vec<_>>(),
    })
}

fn step(step: &Step) -> Value {
    json!({
        "threshold": step.threshold,
        "flagged": tally(&step.flagged),
        "recall": step.recall,
        "false_positive_rate": step.false_positive_rate,
        "precision": step.flagged.precision(),
        "net_usd_minor": step.net_usd_minor(),
    })
}

fn diff(diff: &Diff) -> Value {
    let pairs: Vec<Value> = diff
        .pairs
        .iter()
        .map(|((before, after), t)| {
            json!({ "against": before.name(), "candidate": after.name(), "cases": tally(t) })
        })
        .collect();
    let largest: Vec<Value> = diff
        .largest
        .iter()
        .map(|flip| {
            json!({
                "event_id": flip.event_id,
                "time": print_time(flip.time_ms),
                "usd_minor": flip.usd_minor,
                "truth": flip.truth.name(),
                "against": flip.before.name(),
                "candidate": flip.after.name(),
            })
        })
        .collect();
    json!({ "flipped": tally(&diff.flipped()), "pairs": pairs, "largest": largest })
}
