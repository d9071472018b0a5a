//! What facts rest on: other facts, questions to the past, and the tables that answer them.

use crate::expr::Expr;
use crate::plan::{KeyPart, Plan};

/// What some facts rest on, themselves included; each once, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Facts, by their place in the vector.
    pub facts: Vec<usize>,
    /// Questions to the past, by number.
    pub questions: Vec<usize>,
    /// Tables that are asked, by number.
    pub tables: Vec<usize>,
}

/// Finds what facts of a plan rest on. Built once, asked often.
#[derive(Debug)]
pub struct Footing<'a> {
    plan: &'a Plan,
    /// The look-up of each question; none for those to the graph.
    lookups: Vec<Option<usize>>,
}

impl Footing<'_> {
    /// For this plan.
    pub fn new(plan: &Plan) -> Footing<'_> {
        let mut lookups = vec![None; plan.readings];
        for (index, lookup) in plan.lookups.iter().enumerate() {
            for question in &lookup.questions {
                lookups[usize::from(question.reading)] = Some(index);
            }
        }
        Footing { plan, lookups }
    }

    /// What these facts rest on.
    pub fn of(&self, facts: impl IntoIterator<Item = usize>) -> Needs {
        let mut needs = Needs::default();
        let mut open: Vec<usize> = facts.into_iter().collect();
        while let Some(fact) = open.pop() {
            let Some(expr) = self.plan.exprs.get(fact) else { continue };
            if !add(&mut needs.facts, fact) {
                continue;
            }
            expr.walk(&mut |node| match node {
                Expr::Fact(fact) => open.push(usize::from(*fact)),
                Expr::Reading(reading) => {
                    let reading = usize::from(*reading);
                    add(&mut needs.questions, reading);
                    if let Some(lookup) = self.lookups.get(reading).copied().flatten() {
                        let lookup = &self.plan.lookups[lookup];
                        add(&mut needs.tables, lookup.table);
                        open.extend(lookup.key.iter().filter_map(|part| match part {
                            KeyPart::Fact(fact) => Some(usize::from(*fact)),
                            KeyPart::Field(_) => None,
                        }));
                    }
                }
                _ => {}
            });
        }
        needs
    }
}

/// Adds to a sorted list; false when it was there.
fn add(list: &mut Vec<usize>, item: usize) -> bool {
    match list.binary_search(&item) {
        Ok(_) => false,
        Err(place) => {
            list.insert(place, item);
            true
        }
    }
}
