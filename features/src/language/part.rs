//! Parts of a condition that was checked as a whole: what each is worth over facts, and how its
//! number is to be read to a person.
//!
//! Explanations show a condition as it is written, part by part. A part is resolved here by the
//! same pass as the whole, so it cannot mean anything else; it defines no fact that the whole has
//! not defined.

use super::ast;
use super::define::Definitions;
use super::resolve::{Resolver, Type};
use crate::expr::Expr;
use crate::field::{Kind, Types};
use crate::window::Aggregate;

/// How a number is to be read.
#[derive(Clone, Debug, PartialEq)]
pub enum Quantity {
    /// 1 true, 0 false.
    Truth,
    /// A plain number.
    Number,
    /// Minor units of this currency.
    Money(String),
    /// Minor units of the event's own currency.
    OwnMoney,
    /// Milliseconds.
    Duration,
    /// Milliseconds since the epoch.
    Time,
    /// Kilometres.
    Distance,
    /// A country by its code.
    Country,
    /// A text by its number: only equality means something.
    Text,
    /// The index of one of these names.
    Category(Vec<String>),
}

/// Where a part stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// In the condition of a rule on these types.
    Rule(Types),
    /// In the body of a `let`.
    Let,
}

impl Definitions {
    /// What a `let` name stands for.
    pub fn let_body(&self, name: &str) -> Option<&ast::Expr> {
        self.lets.get(name)
    }

    /// A part that is a condition, over facts; `None` when it cannot be resolved alone.
    pub fn part(&mut self, part: &ast::Expr, standing: Standing) -> Option<Expr> {
        self.resolved(part, standing, false).map(|(expr, _)| expr)
    }

    /// How the number of a part that is a value is to be read; `None` when it cannot be resolved
    /// alone, such as the bare name of a category.
    pub fn quantity(&mut self, part: &ast::Expr, standing: Standing) -> Option<Quantity> {
        let (_, kind) = self.resolved(part, standing, true)?;
        quantity_of(&kind)
    }

    /// How the number of the fact of this index is to be read.
    pub fn fact_quantity(&self, index: usize) -> Option<Quantity> {
        quantity_of(self.types.get(index)?)
    }

    /// Whether the fact of this index counts events or different values.
    pub fn is_count(&self, index: usize) -> bool {
        let Some(Expr::Reading(measure)) = self.definitions.get(index).map(|d| &d.expr) else {
            return false;
        };
        let measure = self.measures.get(usize::from(*measure));
        measure.is_some_and(|m| matches!(m.aggregate, Aggregate::Count | Aggregate::Distinct))
    }

    fn resolved(
        &mut self,
        part: &ast::Expr,
        standing: Standing,
        is_value: bool,
    ) -> Option<(Expr, Type)> {
        let mut faults = Vec::new();
        let mut resolver = match standing {
            Standing::Rule(on) => Resolver::for_rule(self, on, &mut faults),
            Standing::Let => Resolver::for_event(self, &mut faults),
        };
        let (expr, kind) = if is_value { resolver.value(part) } else { resolver.expression(part) };
        if !faults.is_empty() || kind == Type::Broken {
            return None;
        }
        Some((self.over_facts(expr), kind))
    }
}

fn quantity_of(kind: &Type) -> Option<Quantity> {
    Some(match kind {
        Type::Bool => Quantity::Truth,
        Type::Number => Quantity::Number,
        Type::Money(code) => Quantity::Money(code.clone()),
        Type::OwnMoney => Quantity::OwnMoney,
        Type::Duration => Quantity::Duration,
        Type::Time => Quantity::Time,
        Type::Distance => Quantity::Distance,
        Type::Key(Kind::Country) => Quantity::Country,
        Type::Key(_) => Quantity::Text,
        Type::Category(names) => Quantity::Category(names.clone()),
        Type::Broken => return None,
    })
}
