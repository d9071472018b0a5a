//! Examples that a rule carries: facts for which it must hit, and facts for which it must not.
//!
//! An example says what some facts of the rule are; all others are unknown. So a rule proves itself
//! whenever its policy is checked, and an example that does not hold is told with the first part of
//! the condition that stood in the way, and with what that part read.

use std::collections::BTreeMap;

use features::diagnostic::Diagnostic;
use features::expr::{Expr, Scope};
use features::field::{EventType, Types};
use features::language::ast::{self, Example, ExprNode, Op};
use features::language::define::Definitions;
use features::language::print;

use super::check::fault;

/// Facts that a message shows.
const SHOWN_MAX: usize = 4;

/// Tries all examples of a rule with this condition over definitions.
pub(super) fn check(
    rule: &ast::Rule,
    when: &Expr,
    on: Types,
    definitions: &mut Definitions,
    faults: &mut Vec<Diagnostic>,
) {
    let examples = rule.hits.iter().map(|example| (example, true));
    for (example, must_hit) in examples.chain(rule.misses.iter().map(|example| (example, false))) {
        let Some(trial) = read(example, rule, when, on, definitions, faults) else { continue };
        let truth = trial.truth(when);
        if (truth == 1.0) == must_hit {
            continue;
        }
        let (part, part_truth) =
            trial.decisive(&rule.when, definitions).unwrap_or((&rule.when, truth));
        let said = format!("`{}` is {}", print(part), word(part_truth));
        let message = match must_hit {
            true => format!("the example does not hit, the condition is {}: {said}", word(truth)),
            false => format!("the example hits: {said}"),
        };
        let diagnostic = fault("P210", example.span, message);
        let read = trial.read_by(part, definitions);
        faults.push(if read.is_empty() { diagnostic } else { diagnostic.help(read) });
    }
}

fn word(truth: f64) -> &'static str {
    match truth {
        1.0 => "true",
        0.0 => "false",
        _ => "unknown",
    }
}

/// The facts of one example.
struct Trial {
    on: Types,
    /// By definition.
    facts: Vec<f64>,
    /// What was written for each.
    written: BTreeMap<usize, String>,
}

/// Reads an example; `None` after a fault.
fn read(
    example: &Example,
    rule: &ast::Rule,
    when: &Expr,
    on: Types,
    definitions: &mut Definitions,
    faults: &mut Vec<Diagnostic>,
) -> Option<Trial> {
    let before = faults.len();
    let kinds = match &example.on {
        Some(name) => match EventType::parse(&name.node).filter(|kind| on.contains(*kind)) {
            Some(kind) => vec![kind],
            None => {
                let message = format!("`{}` is no event type of this rule", name.node);
                faults.push(fault("P211", name.span, message));
                return None;
            }
        },
        None if rule.on.is_empty() => {
            EventType::ALL.into_iter().filter(|kind| on.contains(*kind)).collect()
        }
        None => rule.on.iter().filter_map(|name| EventType::parse(&name.node)).collect(),
    };
    // Without a type it is of the first that can have all these facts.
    let mut given = None;
    for kind in kinds {
        let of_kind = values(example, kind, definitions);
        let is_sound = of_kind.iter().all(Result::is_ok);
        if is_sound || given.is_none() {
            given = Some((kind, of_kind));
        }
        if is_sound {
            break;
        }
    }
    let (kind, given) = given?;
    let reads = facts_of(when);
    let mut facts = vec![f64::NAN; reads.last().map_or(0, |last| last + 1)];
    let mut written = BTreeMap::new();
    let event_type = definitions.fact("event_type");
    if let Some(slot) = event_type.and_then(|index| facts.get_mut(index)) {
        *slot = f64::from(kind as u8);
    }
    for ((left, right), given) in example.facts.iter().zip(given) {
        let (index, value) = match given {
            Ok(given) => given,
            Err(found) => {
                let recoded = found.into_iter().map(|fault| Diagnostic { code: "P211", ..fault });
                faults.extend(recoded);
                continue;
            }
        };
        if reads.binary_search(&index).is_err() {
            let message = format!("the rule does not read `{}`", print(left));
            let names: Vec<String> =
                reads.iter().map(|fact| format!("`{}`", definitions.name(*fact))).collect();
            let help = format!("it reads {}", names.join(", "));
            faults.push(fault("P211", left.span, message).help(help));
        } else if written.insert(index, print(right)).is_some() {
            let message = format!("`{}` is given twice", print(left));
            faults.push(fault("P211", left.span, message));
        } else {
            facts[index] = value;
        }
    }
    let on = Types::of(&[kind]);
    (before == faults.len()).then_some(Trial { on, facts, written })
}

/// What an example says of events of one type: facts by their index, and their values.
fn values(
    example: &Example,
    kind: EventType,
    definitions: &mut Definitions,
) -> Vec<Result<(usize, f64), Vec<Diagnostic>>> {
    let on = Types::of(&[kind]);
    example.facts.iter().map(|(left, right)| definitions.given(left, right, on)).collect()
}

/// Definitions that an expression reads, in their order.
fn facts_of(expr: &Expr) -> Vec<usize> {
    let mut facts = Vec::new();
    expr.walk(&mut |node| {
        if let Expr::Fact(fact) = node {
            facts.push(usize::from(*fact));
        }
    });
    facts.sort_unstable();
    facts.dedup();
    facts
}

impl Trial {
    fn truth(&self, condition: &Expr) -> f64 {
        condition.value(Scope { event: None, readings: &[], facts: &self.facts })
    }

    fn truth_of(&self, part: &ast::Expr, definitions: &mut Definitions) -> Option<f64> {
        definitions.condition(part, self.on).ok().map(|part| self.truth(&part))
    }

    /// The part of a condition that made it what it is, and what that part is: of an `and` that is
    /// not true the first side that is not, of an `or` that is true the first side that is.
    fn decisive<'e>(
        &self,
        condition: &'e ast::Expr,
        definitions: &mut Definitions,
    ) -> Option<(&'e ast::Expr, f64)> {
        let truth = self.truth_of(condition, definitions)?;
        let ExprNode::Binary { op, left, right } = &condition.node else {
            return Some((condition, truth));
        };
        let wanted_open = match op {
            Op::And if truth != 1.0 => false,
            Op::Or if truth == 1.0 => true,
            _ => return Some((condition, truth)),
        };
        let left_truth = self.truth_of(left, definitions)?;
        let is_left = (left_truth == 1.0) == wanted_open;
        self.decisive(if is_left { left } else { right }, definitions)
    }

    /// What a part of the condition read, in words.
    fn read_by(&self, part: &ast::Expr, definitions: &mut Definitions) -> String {
        let Ok(condition) = definitions.condition(part, self.on) else { return String::new() };
        let facts = facts_of(&condition);
        let of_event = definitions.fact("event_type");
        let shown = facts.iter().filter(|fact| Some(**fact) != of_event).take(SHOWN_MAX);
        let said = shown.map(|fact| match self.written.get(fact) {
            Some(written) => format!("`{}` is {written}", definitions.name(*fact)),
            None => format!("`{}` is not given", definitions.name(*fact)),
        });
        said.collect::<Vec<_>>().join(", ")
    }
}
