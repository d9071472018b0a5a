//! What stands in a policy and does nothing: names that nobody uses, exemptions that meet nothing,
//! rules that are over, and rules that say less about themselves than they should.

use std::collections::HashSet;

use features::diagnostic::Diagnostic;
use features::field::Types;
use features::language::ast::{self, Action, ExprNode, Spanned, Statement};

use super::super::check::end_of_day;
use super::super::{Exemption, RuleSet};
use super::warning;

/// Reports lets, lists and features that nothing names, of the first `own_bytes` of the text.
/// `kept` are names that others read.
pub(super) fn names(
    policy: &ast::Policy,
    own_bytes: u32,
    kept: &[String],
    found: &mut Vec<Diagnostic>,
) {
    let mut used = Used { names: kept.iter().cloned().collect(), lists: HashSet::new() };
    let mut has_rules = false;
    for statement in &policy.statements {
        match &statement.node {
            Statement::Let(item) => used.in_expr(&item.body),
            Statement::Set(item) => used.in_expr(&item.value),
            Statement::Feature(item) => used.in_expr(&item.body),
            Statement::Rule(rule) => {
                has_rules = true;
                used.in_expr(&rule.when);
                used.in_actions(rule.then.iter().chain(&rule.undecided));
            }
            Statement::Exempt(exempt) => used.in_expr(&exempt.when),
            Statement::Band(band) => used.in_actions(band.then.iter()),
            Statement::List(_) | Statement::Use(_) => {}
        }
    }
    // A policy without rules is there for what it defines.
    if !has_rules {
        return;
    }
    // What a file brings along serves others too.
    let of_this_text = policy.statements.iter().filter(|statement| statement.span.end <= own_bytes);
    for statement in of_this_text {
        let (what, name, is_used) = match &statement.node {
            Statement::Let(item) => ("let", &item.name, used.names.contains(&item.name.node)),
            Statement::List(item) => ("list", &item.name, used.lists.contains(&item.name.node)),
            Statement::Feature(item) => {
                let stem = &item.name.node;
                let family =
                    item.windows.iter().map(|window| format!("{stem}{}", window.node.text));
                let is_used = used.names.contains(stem)
                    || family.into_iter().any(|name| used.names.contains(&name));
                ("feature", &item.name, is_used)
            }
            _ => continue,
        };
        if !is_used {
            let message = format!("nothing names the {what} `{}`", name.node);
            found.push(warning("P310", name.span, message).help("leave it out, or use it"));
        }
    }
}

struct Used {
    names: HashSet<String>,
    lists: HashSet<String>,
}

impl Used {
    fn in_expr(&mut self, expr: &ast::Expr) {
        expr.walk(&mut |node| match &node.node {
            ExprNode::Name(name) => {
                self.names.insert(name.clone());
            }
            ExprNode::List(name) => {
                self.lists.insert(name.clone());
            }
            // Keys may be facts.
            ExprNode::Aggregate(aggregate) => {
                let keys = aggregate.by.iter().chain(&aggregate.matching);
                self.names.extend(keys.map(|name| name.node.clone()));
            }
            _ => {}
        });
    }

    fn in_actions<'a>(&mut self, actions: impl Iterator<Item = &'a Spanned<Action>>) {
        for action in actions {
            if let Action::Add { list, .. } = &action.node {
                self.lists.insert(list.node.clone());
            }
        }
    }
}

/// Reports rules that an exemption names in vain.
pub(super) fn exemption(
    text: &ast::Exempt,
    exemption: &Exemption,
    set: &RuleSet,
    found: &mut Vec<Diagnostic>,
) {
    for name in &text.from {
        let Some(rule) = set.rules.iter().find(|rule| rule.name == name.node) else { continue };
        if rule.on.intersect(exemption.on) == Types::NONE {
            let message = format!(
                "exemption `{}` never meets rule `{}`: they have no event type in common",
                text.name.node, rule.name
            );
            let help = "name the event types of the rule, or another rule";
            found.push(warning("P311", name.span, message).help(help));
        } else if rule.is_shadow {
            let message =
                format!("rule `{}` is in shadow: it casts no vote to exempt from", rule.name);
            found.push(warning("P312", name.span, message).help("leave it out"));
        }
    }
}

/// What depends on the day, and what only strict authors want to hear: rules and exemptions that
/// are no longer in force at `now_ms`, and with `is_strict` rules without owner or expected band.
pub fn of_the_day(policy: &ast::Policy, now_ms: i64, is_strict: bool) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for statement in &policy.statements {
        let (what, name, until) = match &statement.node {
            Statement::Rule(rule) => ("rule", &rule.name, &rule.until),
            Statement::Exempt(exempt) => ("exemption", &exempt.name, &exempt.until),
            _ => continue,
        };
        if let Some(day) = until
            && end_of_day(&day.node).is_some_and(|end| end <= now_ms)
        {
            let message = format!(
                "{what} `{}` is no longer in force since the end of {}",
                name.node, day.node
            );
            found.push(
                warning("P307", day.span, message).help("leave it out, or give it more time"),
            );
        }
        if let Statement::Rule(rule) = &statement.node
            && is_strict
        {
            let missing = match (&rule.owner, rule.expect) {
                (None, None) => "neither owner nor expected band",
                (None, Some(_)) => "no owner",
                (Some(_), None) => "no expected band",
                (Some(_), Some(_)) => continue,
            };
            let message = format!("rule `{}` has {missing}", rule.name.node);
            let help = "add `owner \"team\"` and `expect 0% .. 1%`";
            found.push(warning("P315", rule.name.span, message).help(help));
        }
    }
    found
}
