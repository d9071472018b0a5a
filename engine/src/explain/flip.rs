//! Counterfactuals: the smallest changes that turn a decision.

use features::expr::Expr;
use features::field::EventType;
use features::plan::Reading;

use super::part::is_moment;
use super::show::{is_whole, shown};
use crate::decision::Decision;
use crate::policy::{Judgement, Policy};
use crate::rules::{Compared, Test, scope};

/// How many changes are judged at most.
pub const CANDIDATES_MAX: usize = 4_096;

/// Facts that say which event it is: nothing that could have been otherwise.
const FIXED: [&str; 2] = ["event_type", "event_time_ms"];

/// A change of one fact that turns the decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Flip {
    /// Which fact: an index into the plan's facts.
    pub fact: u16,
    /// Its name.
    pub name: String,
    /// What it is; NaN is unknown.
    pub from: f64,
    /// What it would have to be.
    pub to: f64,
    /// What it is, for a person.
    pub from_shown: String,
    /// What it would have to be, for a person.
    pub to_shown: String,
    /// The change as a share of the larger of both; infinite from unknown.
    pub share: f64,
    /// What is then decided.
    pub decision: Decision,
}

/// An amount at which the decision turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AmountFlip {
    /// The amount nearest to the event's own, in its minor units.
    pub amount_minor: i64,
    /// What is then decided.
    pub decision: Decision,
}

/// Changes of one fact that rules read which turn the decision: of each fact the smallest change to
/// each decision, the smallest of all first.
pub(super) fn flips(
    policy: &Policy,
    event_type: EventType,
    time_ms: i64,
    facts: &[f64],
    judged: &Judgement,
) -> Vec<Flip> {
    let now = judged.verdict.decision;
    let mut changed = facts.to_vec();
    let mut flips: Vec<Flip> = Vec::new();
    for (fact, to) in candidates(policy, event_type, time_ms, facts) {
        let slot = usize::from(fact);
        let from = facts[slot];
        let share = relative(from, to);
        changed[slot] = to;
        let decision =
            policy.judge(event_type, time_ms, &changed, judged.steering).verdict.decision;
        changed[slot] = from;
        if decision == now {
            continue;
        }
        let unit = policy.unit(fact);
        let flip = Flip {
            fact,
            name: policy.plan().facts()[slot].name.clone(),
            from,
            to,
            from_shown: shown(from, unit),
            to_shown: shown(to, unit),
            share,
            decision,
        };
        match flips.iter_mut().find(|known| known.fact == fact && known.decision == decision) {
            Some(known) if share < known.share => *known = flip,
            Some(_) => {}
            None => flips.push(flip),
        }
    }
    flips.sort_by(|a, b| a.share.total_cmp(&b.share).then(a.fact.cmp(&b.fact)));
    flips
}

fn relative(from: f64, to: f64) -> f64 {
    if from.is_nan() {
        return f64::INFINITY;
    }
    (to - from).abs() / from.abs().max(to.abs()).max(f64::MIN_POSITIVE)
}

/// Facts and values at which some condition of a voting rule turns.
fn candidates(
    policy: &Policy,
    event_type: EventType,
    time_ms: i64,
    facts: &[f64],
) -> Vec<(u16, f64)> {
    let mut found: Vec<(u16, f64)> = Vec::new();
    let rules = policy.rules().rules.iter().zip(policy.outlines());
    for (rule, outline) in rules {
        let in_force = rule.until_ms.is_none_or(|until| time_ms < until);
        if rule.is_shadow || !in_force || !rule.on.contains(event_type) {
            continue;
        }
        outline.each_test(&mut |test| {
            for fact in &test.reads {
                of_fact(policy, test, *fact, facts, &mut found);
            }
        });
    }
    found.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    found.dedup_by(|a, b| a.0 == b.0 && a.1 == b.1);
    if CANDIDATES_MAX < found.len() {
        let share = |(fact, to): &(u16, f64)| relative(facts[usize::from(*fact)], *to);
        found.sort_by(|a, b| share(a).total_cmp(&share(b)));
        found.truncate(CANDIDATES_MAX);
    }
    found
}

/// The values of a fact at which a condition turns.
fn of_fact(policy: &Policy, test: &Test, fact: u16, facts: &[f64], found: &mut Vec<(u16, f64)>) {
    let Some(now) = facts.get(usize::from(fact)).copied() else { return };
    let described = &policy.plan().facts()[usize::from(fact)];
    if FIXED.contains(&described.name.as_str()) || is_moment(policy.unit(fact)) {
        return;
    }
    let mut add = |value: f64| {
        if value.is_finite() && value != now {
            found.push((fact, value));
        }
    };
    match &described.reading {
        Reading::Bool => [0.0, 1.0].into_iter().for_each(add),
        Reading::Category(names) => {
            // Those that the condition names, and one that it does not.
            let named = constants(&test.expr);
            let index =
                |value: &f64| value.fract() == 0.0 && (0.0..names.len() as f64).contains(value);
            named.iter().copied().filter(index).for_each(&mut add);
            let other = (0..names.len()).map(|index| index as f64).find(|i| !named.contains(i));
            other.into_iter().for_each(add);
        }
        // A text that would match is nobody's guess.
        Reading::Key => {}
        Reading::Number => {
            let Some(compared) = &test.compared else { return };
            let is_counted = is_whole(policy.unit(fact));
            for border in borders(compared, fact, facts) {
                // Beside the border, by the least that is one more or can be read.
                let step = if is_counted { 1.0 } else { readable_step(border) };
                let at = if is_counted { border.floor() } else { border };
                for value in [at - step, at, at + step, border.ceil()] {
                    let is_sensible = 0.0 <= value || now < 0.0 || border < 0.0;
                    if is_sensible && (!is_counted || value.fract() == 0.0) {
                        add(value);
                    }
                }
            }
        }
    }
}

/// One in the fourth digit.
fn readable_step(value: f64) -> f64 {
    let size = value.abs().max(1e-6);
    10_f64.powi(size.log10().floor() as i32 - 3)
}

fn constants(expr: &Expr) -> Vec<f64> {
    let mut found = Vec::new();
    expr.walk(&mut |node| match node {
        Expr::Constant(value) => found.push(*value),
        Expr::In(_, list) => found.extend(list),
        _ => {}
    });
    found
}

/// Values of a fact at which a comparison turns, where both sides are straight lines of it.
fn borders(compared: &Compared, fact: u16, facts: &[f64]) -> Vec<f64> {
    let mut changed = facts.to_vec();
    let mut difference = |border: &Expr, value: f64| {
        changed[usize::from(fact)] = value;
        compared.value.value(scope(&changed)) - border.value(scope(&changed))
    };
    let mut found = Vec::new();
    for (border, _) in compared.from.iter().chain(&compared.to) {
        let (at_zero, at_one) = (difference(border, 0.0), difference(border, 1.0));
        let slope = at_one - at_zero;
        let root = -at_zero / slope;
        let is_straight =
            root.is_finite() && difference(border, root).abs() <= 1e-6 * at_zero.abs().max(1.0);
        if is_straight {
            found.push(root);
        }
    }
    found
}

/// Amounts at which the decision turns, above and below the event's own: at most one each way, the
/// nearest that a search finds.
///
/// `decide` judges the event with another amount, `None` where there is none. The search doubles
/// its way out in steps of a quarter and halves back in, so an amount is exact when the decision
/// turns once on that stretch.
pub fn amount_flips(
    amount_minor: i64,
    decide: &mut dyn FnMut(i64) -> Option<Decision>,
) -> Vec<AmountFlip> {
    let Some(now) = decide(amount_minor) else { return Vec::new() };
    let mut found = Vec::new();
    for is_up in [false, true] {
        let mut near = amount_minor;
        for _ in 0..STEPS_MAX {
            let next = if is_up { near + (near / 4).max(1) } else { near - (near / 5).max(1) };
            if !(1..=AMOUNT_MAX).contains(&next) {
                break;
            }
            let Some(decision) = decide(next) else { break };
            if decision == now {
                near = next;
                continue;
            }
            found.push(turn(near, next, decision, now, decide));
            break;
        }
    }
    found
}

/// The most steps out: from one cent to a million it takes 86.
const STEPS_MAX: usize = 128;

/// Beyond this nobody pays.
const AMOUNT_MAX: i64 = 100_000_000_000;

/// The amount nearest to `near`, where the decision is `now`, at which it is another one.
fn turn(
    mut near: i64,
    mut far: i64,
    mut decision: Decision,
    now: Decision,
    decide: &mut dyn FnMut(i64) -> Option<Decision>,
) -> AmountFlip {
    while 1 < (far - near).abs() {
        let middle = near + (far - near) / 2;
        match decide(middle) {
            Some(other) if other != now => (far, decision) = (middle, other),
            _ => near = middle,
        }
    }
    AmountFlip { amount_minor: far, decision }
}
