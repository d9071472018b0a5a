//! Lists of a policy: the tags that its rules leave, and who uses which list.

use features::expr::Expr;
use features::language::ast::{self, Action, Spanned, Statement};
use features::language::define::Definitions;
use features::plan::Plan;

use crate::rules::RuleSet;

/// A statement that may leave something on a list: in words, and what it does.
fn leaving(statement: &Statement) -> Option<(String, impl Iterator<Item = &Spanned<Action>>)> {
    let (user, then, undecided) = match statement {
        Statement::Rule(rule) => {
            (format!("rule {}", rule.name.node), &rule.then, rule.undecided.as_slice())
        }
        Statement::Band(band) => (format!("band {}", band.name.node), &band.then, &[][..]),
        Statement::Use(_)
        | Statement::Let(_)
        | Statement::List(_)
        | Statement::Set(_)
        | Statement::Feature(_)
        | Statement::Exempt(_) => return None,
    };
    Some((user, then.iter().chain(undecided)))
}

/// Declares the tags that rules and bands leave, so that they are kept and can be looked at also
/// where nobody asks for them. One too many is left out: nothing is kept under it.
pub(super) fn declare_tags(policy: &ast::Policy, definitions: &mut Definitions) {
    for (_, actions) in policy.statements.iter().filter_map(|s| leaving(&s.node)) {
        for action in actions {
            if let Action::Tag { entity, tag, .. } = &action.node {
                let _ = definitions.tag(&entity.node, &tag.node);
            }
        }
    }
}

/// For each list of the plan who uses it, in words, sorted: rules and exemptions that ask it, rules
/// and bands that leave something on it, and facts that others ask for.
pub(super) fn users(
    policy: &ast::Policy,
    rules: &RuleSet,
    definitions: &mut Definitions,
    plan: &Plan,
) -> Vec<Vec<String>> {
    let mut users: Vec<Vec<String>> = vec![Vec::new(); plan.lists().len()];
    let mut of_facts: Vec<Vec<u16>> = Vec::with_capacity(plan.facts().len());
    for fact in plan.facts() {
        let asked = definitions.fact(&fact.name).map(|index| definitions.lists_of(index));
        of_facts.push(asked.unwrap_or_default());
    }
    let mut is_read = vec![false; plan.facts().len()];
    let mut ask = |user: String, when: &Expr| {
        when.walk(&mut |node| {
            let Expr::Fact(fact) = node else { return };
            let fact = usize::from(*fact);
            is_read[fact] = true;
            of_facts[fact].iter().for_each(|list| users[usize::from(*list)].push(user.clone()));
        });
    };
    for rule in &rules.rules {
        ask(format!("rule {}", rule.name), &rule.when);
    }
    for exemption in &rules.exemptions {
        ask(format!("exemption {}", exemption.name), &exemption.when);
    }
    for (fact, asked) in of_facts.iter().enumerate().filter(|(fact, _)| !is_read[*fact]) {
        for list in asked {
            users[usize::from(*list)].push(format!("feature {}", plan.facts()[fact].name));
        }
    }
    for (user, actions) in policy.statements.iter().filter_map(|s| leaving(&s.node)) {
        for action in actions {
            let name = match &action.node {
                Action::Tag { entity, tag, .. } => format!("{}:{}", entity.node, tag.node),
                Action::Add { list, .. } => list.node.clone(),
                _ => continue,
            };
            let list = plan.lists().iter().position(|list| list.name() == name);
            if let Some(list) = list {
                users[list].push(user.clone());
            }
        }
    }
    for users in &mut users {
        users.sort_unstable();
        users.dedup();
    }
    users
}
