//! Rules as written to rules as they run: every name resolved, every fault reported at once.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use features::diagnostic::{Diagnostic, Place, nearest};
use features::expr::Expr;
use features::field::{EventType, Types};
use features::language::FAULTS_MAX;
use features::language::ast::{self, Name, Span, Spanned, Statement};
use features::language::define::Definitions;
use features::limits::{CONDITIONS_COST_MAX, RULES_MAX};
use features::plan::Plan;

use super::normal::Normaliser;
use super::{Exemption, Rule, RuleSet, action, example};
use crate::decision::Action;
use crate::reason::{MESSAGES, MessageKey, REASONS, ReasonCode};
use crate::resolve::{Class, Vote};
use crate::vector::{self, Vector};

/// Diagnostics of rules and settings: code and meaning.
pub const CODES: &[(&str, &str)] = &[
    ("P201", "unknown event type, or one that is not scored"),
    ("P202", "unknown reason code"),
    ("P203", "unknown message key"),
    ("P204", "unknown strength, proof, factor or attack vector"),
    ("P205", "rule or exemption defined twice"),
    ("P206", "exemption that names no rule it may suppress"),
    ("P207", "rule without a reason"),
    ("P208", "amount limit that is no constant amount in CNY"),
    ("P209", "setting that does not exist or does not fit"),
    ("P210", "example that does not hold"),
    ("P211", "example with what is no fact of the rule, or with a value that does not fit"),
    ("P212", "band that is empty, meets another one, or never applies"),
    ("P213", "tag or list entry that cannot be given"),
    ("P214", "more rules, or conditions that cost more, than can be evaluated"),
    ("P215", "file that a text names and that cannot be read"),
    ("P216", "file used twice or in a circle, or with a name of its own"),
    ("P217", "settings that leave a floor without a factor, or a factor without a use"),
];

const DAY_MS: i64 = 86_400_000;

/// Rules and exemptions of a text, with conditions over definitions: not yet bound to a plan.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    set: RuleSet,
}

impl Draft {
    /// Number of rules.
    pub(crate) fn len(&self) -> usize {
        self.set.rules.len()
    }

    /// Indices of the definitions that the conditions read.
    pub(crate) fn wanted(&self) -> Vec<usize> {
        let mut wanted = Vec::new();
        let rules = self.set.rules.iter().map(|rule| &rule.when);
        for when in rules.chain(self.set.exemptions.iter().map(|e| &e.when)) {
            when.walk(&mut |node| {
                if let Expr::Fact(fact) = node {
                    wanted.push(usize::from(*fact));
                }
            });
        }
        wanted.sort_unstable();
        wanted.dedup();
        wanted
    }

    /// The same rules over the facts of a plan that keeps all of [`Self::wanted`].
    pub(crate) fn bind(mut self, definitions: &Definitions, plan: &Plan) -> RuleSet {
        let slot = |fact: u16| {
            let name = definitions.name(usize::from(fact));
            plan.find(name).expect("the plan keeps every wanted fact") as u16
        };
        let bind = |when: &mut Expr| {
            let unbound = std::mem::replace(when, Expr::Constant(0.0));
            *when = unbound.map(&mut |node| match node {
                Expr::Fact(fact) => Expr::Fact(slot(fact)),
                other => other,
            });
        };
        self.set.rules.iter_mut().for_each(|rule| bind(&mut rule.when));
        self.set.exemptions.iter_mut().for_each(|exemption| bind(&mut exemption.when));
        RuleSet::new(self.set.rules, self.set.exemptions)
    }
}

/// The rules that exemptions may name.
struct Known<'a> {
    rules: &'a [Rule],
    /// Where each stands in `rules`, by name.
    places: &'a HashMap<&'a str, usize>,
}

/// Checks the `rule` and `exempt` statements of a text, in time linear in it; faults are added to `faults`.
pub(crate) fn check(
    policy: &ast::Policy,
    definitions: &mut Definitions,
    faults: &mut Vec<Diagnostic>,
) -> Draft {
    let mut draft = Draft::default();
    // Of rules of one name the first is meant.
    let mut places = HashMap::new();
    for statement in &policy.statements {
        if let Statement::Rule(rule) = &statement.node {
            let index = draft.set.rules.len();
            match places.entry(rule.name.node.as_str()) {
                Entry::Vacant(place) => drop(place.insert(index)),
                Entry::Occupied(_) => {
                    let message = format!("rule `{}` is defined twice", rule.name.node);
                    faults.push(fault("P205", rule.name.span, message));
                }
            }
            draft.set.rules.push(check_rule(rule, index as u16, definitions, faults));
        }
    }
    let mut names = HashSet::new();
    for statement in &policy.statements {
        if let Statement::Exempt(exempt) = &statement.node {
            if !names.insert(exempt.name.node.as_str()) {
                let message = format!("exemption `{}` is defined twice", exempt.name.node);
                faults.push(fault("P205", exempt.name.span, message));
            }
            let rules = Known { rules: &draft.set.rules, places: &places };
            let exemption = check_exemption(exempt, &rules, definitions, faults);
            draft.set.exemptions.push(exemption);
        }
    }
    check_cost(policy, &draft.set, faults);
    draft
}

/// Refuses more than can be evaluated, and names what costs most.
fn check_cost(policy: &ast::Policy, set: &RuleSet, faults: &mut Vec<Diagnostic>) {
    let names = || {
        let rules = policy.statements.iter().filter_map(|statement| match &statement.node {
            Statement::Rule(rule) => Some(&rule.name),
            _ => None,
        });
        let exemptions = policy.statements.iter().filter_map(|statement| match &statement.node {
            Statement::Exempt(exempt) => Some(&exempt.name),
            _ => None,
        });
        rules.chain(exemptions)
    };
    if let Some(first) = names().nth(RULES_MAX) {
        let number = names().count();
        let message = format!("got {number} rules and exemptions, wanted at most {RULES_MAX}");
        faults.push(fault("P214", first.span, message));
        return;
    }
    let rules = set.rules.iter().map(|rule| &rule.when);
    let all = rules.chain(set.exemptions.iter().map(|exemption| &exemption.when));
    let mut normaliser = Normaliser::default();
    let costs: Vec<usize> = all.map(|when| normaliser.cost(when)).collect();
    let whole: usize = costs.iter().sum();
    if whole <= CONDITIONS_COST_MAX {
        return;
    }
    if let Some((cost, name)) = costs.into_iter().zip(names()).max_by_key(|(cost, _)| *cost) {
        let message = format!("all conditions cost {whole}, wanted at most {CONDITIONS_COST_MAX}");
        let help = format!("`{}` costs most: {cost}", name.node);
        faults.push(fault("P214", name.span, message).help(help));
    }
}

pub(super) fn fault(code: &'static str, span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(code, Place::Text { start: span.start, end: span.end }, message)
}

/// Reports an unknown name, with the known one that is nearest.
///
/// None is looked for any more when there are more faults than are shown: nobody would read it, and
/// a long text of nothing but unknown names would take for ever.
pub(super) fn unknown<'a>(
    name: &Name,
    code: &'static str,
    what: &str,
    known: impl IntoIterator<Item = &'a str>,
    faults: &mut Vec<Diagnostic>,
) {
    let diagnostic = fault(code, name.span, format!("unknown {what} `{}`", name.node));
    let near = if faults.len() < FAULTS_MAX { nearest(&name.node, known) } else { None };
    faults.push(match near {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic,
    });
}

/// Finds a name in a table, or reports it with its nearest neighbour.
pub(super) fn named<T>(
    name: &Name,
    code: &'static str,
    what: &str,
    find: impl Fn(&str) -> Option<T>,
    known: impl IntoIterator<Item = &'static str>,
    faults: &mut Vec<Diagnostic>,
) -> Option<T> {
    let found = find(&name.node);
    if found.is_none() {
        unknown(name, code, what, known, faults);
    }
    found
}

fn check_rule(
    rule: &ast::Rule,
    index: u16,
    definitions: &mut Definitions,
    faults: &mut Vec<Diagnostic>,
) -> Rule {
    let on = check_types(&rule.on, faults);
    let before = faults.len();
    let when = check_condition(&rule.when, on, definitions, faults);
    // An example of a broken condition or of unknown types proves nothing.
    if before == faults.len() && on != Types::NONE {
        example::check(rule, &when, on, definitions, faults);
    }
    let by: Arc<str> = rule.name.node.as_str().into();
    let mut asked = |written: &[Spanned<ast::Action>], faults: &mut Vec<Diagnostic>| {
        let scope = action::Scope { on, by: &by };
        action::check(written, &scope, definitions, faults)
    };
    let (actions, effects) = asked(&rule.then, faults);
    let undecided = (!rule.undecided.is_empty()).then(|| asked(&rule.undecided, faults));
    let class = match rule.class.as_ref().map(|class| class.node) {
        Some(ast::Class::Limit) => Class::Limit,
        Some(ast::Class::Block) => Class::Block,
        Some(ast::Class::Hard) => Class::Hard,
        Some(ast::Class::Challenge) => Class::Challenge,
        None if actions.contains(&Action::Decline) => Class::Hard,
        None => Class::Challenge,
    };
    let reason = match &rule.because {
        Some(name) => check_reason(name, faults),
        None => {
            let message = format!("rule `{}` gives no reason", rule.name.node);
            let help = "add `because` and a reason code";
            faults.push(fault("P207", rule.name.span, message).help(help));
            None
        }
    };
    let message = check_message(rule.message.as_ref(), faults);
    let mut suspects = [0.0; vector::COUNT];
    for (name, weight) in &rule.suspects {
        let names = Vector::ALL.iter().map(|v| v.name());
        let found = named(name, "P204", "attack vector", Vector::parse, names, faults);
        if let Some(vector) = found {
            suspects[vector as usize] = *weight;
        }
    }
    let vote = Vote {
        rule: index,
        class,
        actions,
        effects,
        reason: reason.unwrap_or(crate::reason::codes::SYS_DEGRADED),
        message,
        suspects,
        cooldown_ms: rule.cooldown_ms.unwrap_or(0),
    };
    Rule {
        name: rule.name.node.clone(),
        title: rule.title.clone(),
        owner: rule.owner.clone().unwrap_or_default(),
        expect: rule.expect,
        on,
        is_shadow: rule.shadow,
        until_ms: rule.until.as_ref().and_then(|day| end_of_day(&day.node)),
        when,
        undecided: undecided.map(|(actions, effects)| Vote { actions, effects, ..vote.clone() }),
        vote,
    }
}

fn check_exemption(
    exempt: &ast::Exempt,
    known: &Known<'_>,
    definitions: &mut Definitions,
    faults: &mut Vec<Diagnostic>,
) -> Exemption {
    let on = check_types(&exempt.on, faults);
    let when = check_condition(&exempt.when, on, definitions, faults);
    let mut from = Vec::new();
    for name in &exempt.from {
        let Some(&index) = known.places.get(name.node.as_str()) else {
            let names = known.rules.iter().map(|rule| rule.name.as_str());
            unknown(name, "P206", "rule", names, faults);
            continue;
        };
        if matches!(known.rules[index].vote.class, Class::Guard | Class::Limit | Class::Block) {
            let message = format!("`{}` is a limit or a block: nothing exempts from it", name.node);
            faults.push(fault("P206", name.span, message));
        }
        from.push(index as u16);
    }
    Exemption {
        name: exempt.name.node.clone(),
        on,
        until_ms: exempt.until.as_ref().and_then(|day| end_of_day(&day.node)),
        when,
        from,
        reason: exempt.because.as_ref().and_then(|name| check_reason(name, faults)),
    }
}

/// The message key of this name, if one is given.
pub(super) fn check_message(
    name: Option<&Name>,
    faults: &mut Vec<Diagnostic>,
) -> Option<MessageKey> {
    let keys = MESSAGES.iter().map(|m| m.key);
    named(name?, "P203", "message key", MessageKey::find, keys, faults)
}

pub(super) fn check_reason(name: &Name, faults: &mut Vec<Diagnostic>) -> Option<ReasonCode> {
    let codes = REASONS.iter().map(|reason| reason.code);
    named(name, "P202", "reason code", ReasonCode::find, codes, faults)
}

/// The types a rule looks at: all scored ones when it names none.
pub(super) fn check_types(names: &[Name], faults: &mut Vec<Diagnostic>) -> Types {
    let scored: Vec<EventType> = EventType::ALL.into_iter().filter(|t| t.is_scored()).collect();
    if names.is_empty() {
        return Types::of(&scored);
    }
    let find = |name: &str| EventType::parse(name).filter(|t| t.is_scored());
    let known = || scored.iter().map(|t| t.name()).collect::<Vec<_>>();
    let types: Vec<EventType> = names
        .iter()
        .filter_map(|name| named(name, "P201", "scored event type", find, known(), faults))
        .collect();
    Types::of(&types)
}

fn check_condition(
    when: &ast::Expr,
    on: Types,
    definitions: &mut Definitions,
    faults: &mut Vec<Diagnostic>,
) -> Expr {
    definitions.condition(when, on).unwrap_or_else(|found| {
        faults.extend(found);
        Expr::Constant(0.0)
    })
}

/// The first instant after a day written `2027-06-30`, in milliseconds; days are proleptic
/// Gregorian (Howard Hinnant, "chrono-compatible low-level date algorithms").
pub(super) fn end_of_day(day: &str) -> Option<i64> {
    let mut parts = day.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some((days + 1) * DAY_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_where_the_next_begins() {
        assert_eq!(end_of_day("1970-01-01"), Some(DAY_MS));
        assert_eq!(end_of_day("2024-02-29"), Some(1_709_251_200_000));
        assert_eq!(end_of_day("2027-06-30"), Some(1_814_400_000_000));
        assert_eq!(end_of_day("2027-06"), None);
    }
}
