//! A rule's condition as it is written, part by part: what an explanation shows of it.
//!
//! The evaluator runs one expression for each rule and forgets how it was written. An [`Outline`]
//! keeps that: `and`, `or`, `not` and the `let` names it was built from, and for each condition
//! below them its text, its expression over the facts of the policy, the facts it reads, and, for a
//! comparison of numbers, both sides. It is made once, when a policy is checked, and read only when
//! somebody asks why.

use std::collections::HashMap;

use features::expr::{Expr, Op, Scope};
use features::field::Types;
use features::language::ast::{self, ExprNode, Statement};
use features::language::define::{Definitions, Feature};
use features::language::part::{Quantity, Standing};
use features::language::print;
use features::plan::Plan;

use super::RuleSet;

/// A part of a condition; see the module's essay.
#[derive(Clone, Debug, PartialEq)]
pub enum Outline {
    /// Parts that must all hold.
    All(Vec<Outline>),
    /// Parts of which one must hold.
    Any(Vec<Outline>),
    /// A part that must not hold.
    Not(Box<Outline>),
    /// A name and what it stands for.
    Let(String, Box<Outline>),
    /// A condition that is not taken apart.
    Test(Box<Test>),
}

/// A condition that is not taken apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// As it is written, on one line.
    pub text: String,
    /// Over the facts of the policy.
    pub expr: Expr,
    /// The facts it reads, in the order of the text, each once.
    pub reads: Vec<u16>,
    /// What is compared, when the condition compares numbers.
    pub compared: Option<Compared>,
}

/// A comparison of numbers: a value and the range it must be in.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// The value.
    pub value: Expr,
    /// The least value that holds, and whether that itself holds.
    pub from: Option<(Expr, bool)>,
    /// The greatest value that holds, and whether that itself holds.
    pub to: Option<(Expr, bool)>,
    /// How the numbers are read.
    pub unit: Unit,
}

/// How a number is shown to a person.
#[derive(Clone, Debug, PartialEq)]
pub enum Unit {
    /// By its type in the language.
    Of(Quantity),
    /// A number in the unit that a feature names, such as `hours`.
    Named(String),
}

/// The conditions of a policy as they are written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outlines {
    /// Of the rules, in their order.
    pub(crate) rules: Vec<Outline>,
    /// Of the exemptions, in their order.
    pub(crate) exemptions: Vec<Outline>,
}

/// The outlines of all rules and exemptions.
pub(crate) fn outlines(
    parsed: &ast::Policy,
    set: &RuleSet,
    definitions: &mut Definitions,
    plan: &Plan,
) -> Outlines {
    let statements = || parsed.statements.iter().map(|statement| &statement.node);
    let rules = statements().filter_map(|statement| match statement {
        Statement::Rule(rule) => Some(&rule.when),
        _ => None,
    });
    let exemptions = statements().filter_map(|statement| match statement {
        Statement::Exempt(exempt) => Some(&exempt.when),
        _ => None,
    });
    let slots = plan.facts().iter().map(|fact| fact.name.as_str()).zip(0..).collect();
    let mut drawing = Drawing { definitions, slots };
    let mut draw =
        |(written, on): (&ast::Expr, Types)| drawing.condition(written, Standing::Rule(on));
    Outlines {
        rules: rules.zip(set.rules.iter().map(|rule| rule.on)).map(&mut draw).collect(),
        exemptions: exemptions.zip(set.exemptions.iter().map(|e| e.on)).map(&mut draw).collect(),
    }
}

/// How the value of each fact of a plan is shown.
pub(crate) fn units(plan: &Plan, definitions: &mut Definitions) -> Vec<Unit> {
    let mut of = |name: &str| {
        let named = feature(definitions, name).and_then(unit_of_feature);
        named.or_else(|| {
            let index = definitions.fact(name)?;
            if definitions.is_count(index) {
                return Some(Unit::Named("count".to_owned()));
            }
            definitions.fact_quantity(index).map(Unit::Of)
        })
    };
    let plain = Unit::Of(Quantity::Number);
    plan.facts().iter().map(|fact| of(&fact.name).unwrap_or(plain.clone())).collect()
}

/// The feature of this name. Features stand in the order of their definitions.
fn feature<'d>(definitions: &'d mut Definitions, name: &str) -> Option<&'d Feature> {
    let index = definitions.fact(name)?;
    let features = definitions.features();
    let at = features.binary_search_by_key(&index, |feature| feature.definition).ok()?;
    features.get(at)
}

/// The unit that a feature of plain numbers names.
fn unit_of_feature(feature: &Feature) -> Option<Unit> {
    let plain = ["", "flag", "category", "level", "nats", "cosine", "sine"];
    (!plain.contains(&feature.unit.as_str())).then(|| Unit::Named(feature.unit.clone()))
}

struct Drawing<'a> {
    definitions: &'a mut Definitions,
    /// Places of the plan's facts by name.
    slots: HashMap<&'a str, u16>,
}

impl Drawing<'_> {
    fn condition(&mut self, written: &ast::Expr, standing: Standing) -> Outline {
        match &written.node {
            ExprNode::Binary { op: ast::Op::And, .. } => {
                Outline::All(self.chain(written, ast::Op::And, standing))
            }
            ExprNode::Binary { op: ast::Op::Or, .. } => {
                Outline::Any(self.chain(written, ast::Op::Or, standing))
            }
            ExprNode::Not(inner) => Outline::Not(Box::new(self.condition(inner, standing))),
            ExprNode::Name(name) => match self.definitions.let_body(name).cloned() {
                Some(body) => {
                    let body = self.condition(&body, Standing::Let);
                    Outline::Let(name.clone(), Box::new(body))
                }
                None => self.test(written, standing),
            },
            _ => self.test(written, standing),
        }
    }

    /// The parts of `a and b and c`, which leans left.
    fn chain(&mut self, written: &ast::Expr, chained: ast::Op, standing: Standing) -> Vec<Outline> {
        let mut links = Vec::new();
        let mut open = written;
        while let ExprNode::Binary { op, left, right } = &open.node
            && *op == chained
        {
            links.push(right.as_ref());
            open = left;
        }
        links.push(open);
        links.reverse();
        links.into_iter().map(|link| self.condition(link, standing)).collect()
    }

    fn test(&mut self, written: &ast::Expr, standing: Standing) -> Outline {
        let resolved = self.definitions.part(written, standing).unwrap_or(Expr::Constant(f64::NAN));
        let expr = self.bound(resolved);
        let compared = self.compared(written, &expr, standing);
        let mut reads = Vec::new();
        expr.walk(&mut |node| {
            if let Expr::Fact(fact) = node
                && !reads.contains(fact)
            {
                reads.push(*fact);
            }
        });
        Outline::Test(Box::new(Test { text: print(written), expr, reads, compared }))
    }

    /// An expression over definitions as one over the facts of the plan.
    fn bound(&self, expr: Expr) -> Expr {
        expr.map(&mut |node| match node {
            Expr::Fact(fact) => {
                let slot = self.slots.get(self.definitions.name(usize::from(fact)));
                slot.map_or(Expr::Constant(f64::NAN), |slot| Expr::Fact(*slot))
            }
            other => other,
        })
    }

    fn compared(
        &mut self,
        written: &ast::Expr,
        expr: &Expr,
        standing: Standing,
    ) -> Option<Compared> {
        let (left, op) = match &written.node {
            ExprNode::Binary { op, left, .. } => (left, *op),
            ExprNode::Between { value, negated: false, .. } => (value, ast::Op::And),
            _ => return None,
        };
        let unit = self.unit(left, standing)?;
        let sides = |expr: &Expr| match expr {
            Expr::Binary(op, a, b) => Some((*op, a.as_ref().clone(), b.as_ref().clone())),
            _ => None,
        };
        let (found, a, b) = sides(expr)?;
        let (value, from, to) = match (op, found) {
            (ast::Op::Less, Op::Less) => (a, None, Some((b, false))),
            (ast::Op::LessEqual, Op::LessEqual) => (a, None, Some((b, true))),
            // What is greater was turned around.
            (ast::Op::Greater, Op::Less) => (b, Some((a, false)), None),
            (ast::Op::GreaterEqual, Op::LessEqual) => (b, Some((a, true)), None),
            (ast::Op::Equal, Op::Equal) => (a, Some((b.clone(), true)), Some((b, true))),
            // `between` became two comparisons.
            (ast::Op::And, Op::And) => {
                let (_, low, value) = sides(&a)?;
                let (_, _, high) = sides(&b)?;
                (value, Some((low, true)), Some((high, true)))
            }
            _ => return None,
        };
        Some(Compared { value, from, to, unit })
    }

    /// How the value of a comparison is shown; `None` when it is no amount of anything.
    fn unit(&mut self, left: &ast::Expr, standing: Standing) -> Option<Unit> {
        let quantity = self.definitions.quantity(left, standing)?;
        match quantity {
            Quantity::Truth | Quantity::Text | Quantity::Country | Quantity::Category(_) => None,
            Quantity::Number => {
                let named = match &left.node {
                    ExprNode::Name(name) => {
                        feature(self.definitions, name).and_then(unit_of_feature)
                    }
                    _ => None,
                };
                Some(named.unwrap_or(Unit::Of(Quantity::Number)))
            }
            quantity => Some(Unit::Of(quantity)),
        }
    }
}

impl Outline {
    /// What the condition says of these facts: 1, 0, or NaN for unknown. The same as the expression
    /// that the rule is evaluated by.
    pub fn truth(&self, facts: &[f64]) -> f64 {
        let joined = |parts: &[Outline], deciding: f64| {
            let mut joined = 1.0 - deciding;
            for part in parts {
                let truth = part.truth(facts);
                if truth == deciding {
                    return deciding;
                }
                if truth.is_nan() {
                    joined = f64::NAN;
                }
            }
            joined
        };
        match self {
            Outline::All(parts) => joined(parts, 0.0),
            Outline::Any(parts) => joined(parts, 1.0),
            Outline::Not(part) => 1.0 - part.truth(facts),
            Outline::Let(_, body) => body.truth(facts),
            Outline::Test(test) => test.expr.value(scope(facts)),
        }
    }

    /// Calls `f` on every condition that is not taken apart, in the order of the text.
    pub fn each_test<'a>(&'a self, f: &mut dyn FnMut(&'a Test)) {
        match self {
            Outline::All(parts) | Outline::Any(parts) => {
                parts.iter().for_each(|part| part.each_test(f));
            }
            Outline::Not(part) | Outline::Let(_, part) => part.each_test(f),
            Outline::Test(test) => f(test),
        }
    }
}

/// Facts alone, as rules see them.
pub(crate) fn scope(facts: &[f64]) -> Scope<'_> {
    Scope { event: None, readings: &[], facts }
}
