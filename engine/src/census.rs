//! What the rules of a policy do with events: how often each is asked, hits, cannot say, and why.
//!
//! A [`Census`] takes what the rules said of one event after the other and ends in a line for each
//! rule and in warnings: a rule that is never decided, one that a stronger rule always hits with,
//! one whose share of hits is not what its author expected, one that misses its facts more often
//! than not, an exemption that never applies. Memory is a few numbers for each rule and each fact
//! that it misses. The same events in the same order give the same census.
//!
//! A share is only told to be out of its band when chance does not explain it: hits count as off
//! when they are more than three standard deviations (of a Poisson count, and at least three hits)
//! beyond what the band allows. A rule is only told to be hidden by another from
//! [`HIDDEN_MIN`] hits on.

use std::collections::BTreeMap;

use features::diagnostic::{Diagnostic, Place};
use features::field::EventType;
use features::language::ast::{self, Span, Statement};
use features::plan::Plan;

use crate::rules::{Hits, RuleSet, lint};

/// Warnings about what a policy does with events: code and meaning.
pub const CODES: &[(&str, &str)] = &[
    ("P401", "a rule that could never be decided"),
    ("P402", "a rule that hits only where a rule hits that votes as strongly"),
    ("P403", "a rule that hits more or less often than it says"),
    ("P404", "a rule that misses what it reads more often than not"),
    ("P405", "an exemption that never applied"),
    ("P406", "a list that no event was in"),
];

/// Hits from which on a rule is told to be hidden by another.
pub const HIDDEN_MIN: u64 = 10;

/// What one rule did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// Events that it was asked about: of its types, while it was in force.
    pub asked: u64,
    /// Events that it hit, suppressed ones left out; for one in shadow, that it would have hit.
    pub hits: u64,
    /// Hits that an exemption took away.
    pub suppressed: u64,
    /// Events of which it could not say.
    pub undecided: u64,
    /// For each fact by its number, how often its absence left the rule undecided.
    pub missing: BTreeMap<u16, u64>,
    /// Voting rules that were hit, suppressed or not, on every event that it hit.
    with: Option<Vec<u16>>,
}

impl Line {
    /// Share of the events that it hit; `None` when it was never asked.
    pub fn share(&self) -> Option<f64> {
        crate::backtest::share(self.hits, self.asked)
    }

    /// Share of the events that it could not decide; `None` when it was never asked.
    pub fn undecided_share(&self) -> Option<f64> {
        crate::backtest::share(self.undecided, self.asked)
    }

    /// The fact that was missing most often.
    pub fn most_missing(&self) -> Option<u16> {
        let most =
            self.missing.iter().max_by_key(|(fact, times)| (**times, std::cmp::Reverse(**fact)));
        most.map(|(fact, _)| *fact)
    }

    fn hit(&mut self, rule: u16, voting: &[u16]) {
        match &mut self.with {
            None => {
                self.with = Some(voting.iter().copied().filter(|other| *other != rule).collect())
            }
            Some(with) => with.retain(|other| voting.contains(other)),
        }
    }
}

/// What the rules of a policy did with the events so far.
#[derive(Clone, Debug)]
pub struct Census {
    /// Events that were judged.
    pub events: u64,
    /// A line for each rule, in the order of the policy.
    pub rules: Vec<Line>,
    /// How often each exemption took a hit away, in the order of the policy.
    pub exemptions: Vec<u64>,
    /// How often a rule's question to each list was answered yes, by the list's name.
    pub lists: BTreeMap<String, u64>,
    /// The facts that are such questions.
    asks: Vec<(usize, String)>,
}

impl Census {
    /// Of no events yet. `plan` lays out the facts that the rules read.
    pub fn new(rules: &RuleSet, plan: &Plan) -> Census {
        let names = plan.facts().iter().map(|fact| fact.name.split_once(" in @"));
        let asks: Vec<(usize, String)> = names
            .enumerate()
            .filter_map(|(fact, name)| name.map(|(_, list)| (fact, list.to_owned())))
            .collect();
        Census {
            lists: asks.iter().map(|(_, list)| (list.clone(), 0)).collect(),
            asks,
            events: 0,
            rules: vec![Line::default(); rules.rules.len()],
            exemptions: vec![0; rules.exemptions.len()],
        }
    }

    /// Adds what the rules said of one event with these facts.
    pub fn add(
        &mut self,
        rules: &RuleSet,
        (kind, time_ms): (EventType, i64),
        facts: &[f64],
        hits: &Hits,
    ) {
        self.events += 1;
        for (fact, list) in &self.asks {
            if facts.get(*fact) == Some(&1.0)
                && let Some(times) = self.lists.get_mut(list)
            {
                *times += 1;
            }
        }
        for (rule, line) in rules.rules.iter().zip(&mut self.rules) {
            let in_force = rule.until_ms.is_none_or(|until| time_ms < until);
            line.asked += u64::from(in_force && rule.on.contains(kind));
        }
        let mut voting = hits.hit.clone();
        voting.extend(hits.suppressed.iter().map(|(rule, _)| *rule));
        for rule in hits.hit.iter().chain(&hits.shadow) {
            self.rules[usize::from(*rule)].hits += 1;
            self.rules[usize::from(*rule)].hit(*rule, &voting);
        }
        for (rule, by) in &hits.suppressed {
            self.rules[usize::from(*rule)].suppressed += 1;
            self.rules[usize::from(*rule)].hit(*rule, &voting);
            self.exemptions[usize::from(*by)] += 1;
        }
        for (rule, fact) in &hits.undecided {
            let line = &mut self.rules[usize::from(*rule)];
            line.undecided += 1;
            *line.missing.entry(*fact).or_default() += 1;
        }
    }

    /// The rule that hides another one, if one does.
    pub fn hidden_by(&self, rules: &RuleSet, rule: usize) -> Option<u16> {
        let line = &self.rules[rule];
        if line.hits + line.suppressed < HIDDEN_MIN {
            return None;
        }
        let vote = &rules.rules[rule].vote;
        let mut with = line.with.iter().flatten().copied();
        with.find(|other| {
            let candidate = &rules.rules[usize::from(*other)];
            let is_stronger = lint::is_as_strong(&candidate.vote, vote);
            // Of two that hide each other, the first one stays.
            let is_mutual = lint::is_as_strong(vote, &candidate.vote)
                && self.rules[usize::from(*other)]
                    .with
                    .iter()
                    .flatten()
                    .any(|r| usize::from(*r) == rule);
            is_stronger && (!is_mutual || usize::from(*other) < rule)
        })
    }

    /// Whether a rule hits more (`Greater`) or less often than its author expected, beyond chance.
    pub fn is_off(&self, rules: &RuleSet, rule: usize) -> Option<std::cmp::Ordering> {
        let (low, high) = rules.rules[rule].expect?;
        let line = &self.rules[rule];
        let (asked, hits) = (line.asked as f64, line.hits as f64);
        let slack = |expected: f64| (3.0 * expected.sqrt()).max(3.0);
        if high * asked + slack(high * asked) < hits {
            Some(std::cmp::Ordering::Greater)
        } else if hits < low * asked - slack(low * asked) {
            Some(std::cmp::Ordering::Less)
        } else {
            None
        }
    }

    /// What is odd, in the order of the text. `policy` is the text of the rules, `plan` names facts.
    pub fn warnings(&self, policy: &ast::Policy, rules: &RuleSet, plan: &Plan) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        let (mut rule, mut exemption) = (0, 0);
        for statement in &policy.statements {
            match &statement.node {
                Statement::Rule(text) if rule < self.rules.len() => {
                    self.of_rule(rule, text, rules, plan, &mut found);
                    rule += 1;
                }
                Statement::Exempt(text) if exemption < self.exemptions.len() => {
                    let met = rules.exemptions[exemption].from.iter().any(|rule| {
                        let line = &self.rules[usize::from(*rule)];
                        0 < line.hits + line.suppressed
                    });
                    if met && self.exemptions[exemption] == 0 {
                        let message = format!(
                            "exemption `{}` never applied, though rules that it names were hit",
                            text.name.node
                        );
                        let help = "see whether its condition can hold where they hit";
                        found.push(warning("P405", text.name.span, message).help(help));
                    }
                    exemption += 1;
                }
                Statement::List(text) if self.lists.get(&text.name.node) == Some(&0) => {
                    let message = format!("no event was in the list `{}`", text.name.node);
                    let help = "see whether its entries are written as events write them";
                    found.push(warning("P406", text.name.span, message).help(help));
                }
                _ => {}
            }
        }
        if self.events == 0 {
            found.clear();
        }
        found
    }

    fn of_rule(
        &self,
        rule: usize,
        text: &ast::Rule,
        rules: &RuleSet,
        plan: &Plan,
        found: &mut Vec<Diagnostic>,
    ) {
        let line = &self.rules[rule];
        let name = &text.name.node;
        let missing = line
            .most_missing()
            .and_then(|fact| plan.facts().get(usize::from(fact)))
            .map_or("a fact", |fact| fact.name.as_str());
        let mut tell = |code, message: String, help: &str| {
            found.push(warning(code, text.name.span, message).help(help));
        };
        if 0 < line.asked && line.undecided == line.asked {
            let message = format!(
                "rule `{name}` could not be decided on any of {} events: `{missing}` was missing",
                line.asked
            );
            tell("P401", message, "read something that the events carry, or say `or else`");
        } else if line.undecided_share().is_some_and(|share| 0.5 < share) {
            let message = format!(
                "rule `{name}` could not be decided on {} of {} events, most often for want of `{missing}`",
                line.undecided, line.asked
            );
            tell("P404", message, "see why the value is missing, or say `or else`");
        }
        if let Some(other) = self.hidden_by(rules, rule) {
            let message = format!(
                "each of the {} hits of rule `{name}` is one of rule `{}`, which votes as strongly",
                line.hits + line.suppressed,
                rules.rules[usize::from(other)].name
            );
            tell("P402", message, "leave it out, unless it is there for its reason alone");
        }
        if let (Some(off), Some((low, high)), Some(share)) =
            (self.is_off(rules, rule), rules.rules[rule].expect, line.share())
        {
            let word = if off.is_gt() { "more" } else { "less" };
            let message = format!(
                "rule `{name}` hits {:.3} % of its events, {word} than the expected {:.3} % to {:.3} %",
                100.0 * share,
                100.0 * low,
                100.0 * high
            );
            tell("P403", message, "mend the condition, or what is expected of it");
        }
    }
}

fn warning(code: &'static str, span: Span, message: String) -> Diagnostic {
    Diagnostic::warning(code, Place::Text { start: span.start, end: span.end }, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Policy, Wanted};

    const TEXT: &str = "\
rule a \"\" on payment when merchant.mcc == 5944 then decline because MERCHANT_RISK expect 0% .. 1%
rule b \"\" on payment when merchant.mcc == 5945 then challenge because MERCHANT_RISK expect 10% .. 20%
rule c \"\" on payment when merchant.mcc == 5946 then review because MERCHANT_RISK
exempt e \"\" on payment when merchant.mcc == 5947 from a because TRUSTED_CONTEXT";

    fn codes(events: &[Hits]) -> Vec<&'static str> {
        let policy = Policy::check(TEXT, None, Wanted::Judging).unwrap();
        let mut census = Census::new(policy.rules(), policy.plan());
        for hits in events {
            census.add(policy.rules(), (EventType::Payment, 0), &[], hits);
        }
        let (parsed, _) = features::language::parse(TEXT);
        census.warnings(&parsed, policy.rules(), policy.plan()).iter().map(|w| w.code).collect()
    }

    fn hit(rules: &[u16]) -> Hits {
        Hits { hit: rules.to_vec(), ..Hits::default() }
    }

    #[test]
    fn what_chance_explains_is_not_told() {
        assert_eq!(codes(&vec![Hits::default(); 20]), [""; 0]);
        assert_eq!(codes(&[hit(&[0]), hit(&[1]), hit(&[0, 1])]), ["P405"]);
    }

    #[test]
    fn bands_hidden_rules_and_missing_facts_are_told() {
        let quiet = vec![Hits::default(); 1_000];
        assert_eq!(codes(&quiet), ["P403"], "b hits less than it says");
        let both = vec![hit(&[0, 1]); 12];
        assert_eq!(codes(&both), ["P403", "P402", "P403", "P405"]);
        let apart = [vec![hit(&[0, 1]); 12], vec![hit(&[1]); 1]].concat();
        assert_eq!(codes(&apart), ["P403", "P403", "P405"]);
        let undecided = Hits { undecided: vec![(2, 0)], ..Hits::default() };
        assert_eq!(codes(&vec![undecided.clone(); 8]), ["P401"]);
        assert_eq!(codes(&[vec![undecided; 8], vec![Hits::default(); 4]].concat()), ["P404"]);
    }
}
