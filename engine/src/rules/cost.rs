//! What each rule costs, and what would be spared without it.

use features::expr::Expr;
use features::plan::Plan;
use features::plan::needs::{Footing, Needs};

use super::RuleSet;

/// The price of one rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Number of the rule in its policy.
    pub rule: usize,
    /// Nodes of its condition.
    pub nodes: u32,
    /// Facts that its condition rests on.
    pub facts: usize,
    /// Questions to the past that these ask.
    pub questions: usize,
    /// Facts that nothing else needs.
    pub own_facts: usize,
    /// Questions that nothing else asks.
    pub own_questions: usize,
    /// Tables that nothing else asks.
    pub own_tables: usize,
}

impl Cost {
    /// One number to order by: nodes and eight for each question that would be spared.
    pub fn weight(&self) -> usize {
        self.nodes as usize + 8 * self.own_questions
    }
}

/// The cost of every rule, the most expensive first. `kept` are facts that others than the rules
/// read: the model and the decision.
pub(crate) fn costs(set: &RuleSet, plan: &Plan, kept: &[usize]) -> Vec<Cost> {
    let footing = Footing::new(plan);
    let needs_of = |when: &Expr| {
        let mut facts = Vec::new();
        when.walk(&mut |node| {
            if let Expr::Fact(fact) = node {
                facts.push(usize::from(*fact));
            }
        });
        footing.of(facts)
    };
    let mut users = Users::default();
    let of_rules: Vec<Needs> = set.rules.iter().map(|rule| needs_of(&rule.when)).collect();
    of_rules.iter().for_each(|needs| users.add(needs));
    set.exemptions.iter().for_each(|exemption| users.add(&needs_of(&exemption.when)));
    users.add(&footing.of(kept.iter().copied()));
    let mut costs: Vec<Cost> = set
        .rules
        .iter()
        .zip(&of_rules)
        .enumerate()
        .map(|(rule, (checked, needs))| Cost {
            rule,
            nodes: checked.when.cost(),
            facts: needs.facts.len(),
            questions: needs.questions.len(),
            own_facts: alone(&users.facts, &needs.facts),
            own_questions: alone(&users.questions, &needs.questions),
            own_tables: alone(&users.tables, &needs.tables),
        })
        .collect();
    costs.sort_by_key(|cost| (std::cmp::Reverse(cost.weight()), cost.rule));
    costs
}

/// How many need each fact, question and table.
#[derive(Default)]
struct Users {
    facts: Vec<u32>,
    questions: Vec<u32>,
    tables: Vec<u32>,
}

impl Users {
    fn add(&mut self, needs: &Needs) {
        count(&mut self.facts, &needs.facts);
        count(&mut self.questions, &needs.questions);
        count(&mut self.tables, &needs.tables);
    }
}

fn count(users: &mut Vec<u32>, needed: &[usize]) {
    for item in needed {
        if users.len() <= *item {
            users.resize(item + 1, 0);
        }
        users[*item] += 1;
    }
}

fn alone(users: &[u32], needed: &[usize]) -> usize {
    needed.iter().filter(|item| users[**item] == 1).count()
}

#[cfg(test)]
mod tests {
    use crate::policy::{Policy, Wanted};

    #[test]
    fn what_a_rule_alone_needs_is_counted() {
        let text = "rule a \"\" on payment when count(payment) by card over 1h > 5 then review because VELOCITY_CARD\n\
                    rule b \"\" on payment when count(payment) by card over 1h > 9 and count(payment) by pass over 1h > 3 \
                    then review because VELOCITY_CARD";
        let policy = Policy::check(text, None, Wanted::Judging).unwrap();
        let costs = policy.costs();
        let told: Vec<_> =
            costs.iter().map(|c| (c.rule, c.questions, c.own_questions, c.own_tables)).collect();
        assert_eq!(told, [(1, 2, 1, 1), (0, 1, 0, 0)]);
        assert_eq!((costs[0].facts, costs[0].own_facts), (2, 1));
    }
}
