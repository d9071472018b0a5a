//! Values over facts alone, computed together: what the rules of a policy compare that no single
//! fact says, such as a ratio of two of them.
//!
//! The same registers and loops that compute the facts of an event, with facts in the place of the
//! readings; equal parts are computed once, in whichever formulas they stand. Cost: a nanosecond or
//! two a value, no allocation once the registers have grown.

use std::collections::HashMap;

use crate::expr::{Expr, UNKNOWN};
use crate::program::{Draft, Program};

/// Expressions over facts, ready to be computed; see the module's essay.
#[derive(Clone, Debug, Default)]
pub struct Formulas {
    /// The facts that are read: they fill the first registers.
    inputs: Vec<u16>,
    program: Program,
}

impl Formulas {
    /// Takes expressions over facts; whatever else they name is unknown.
    pub fn new<'a>(exprs: impl IntoIterator<Item = &'a Expr>) -> Formulas {
        let (mut inputs, mut numbers) = (Vec::new(), HashMap::new());
        let mut draft = Draft::default();
        for expr in exprs {
            let over_inputs = expr.clone().map(&mut |node| match node {
                Expr::Fact(fact) => Expr::Reading(*numbers.entry(fact).or_insert_with(|| {
                    inputs.push(fact);
                    inputs.len() as u16 - 1
                })),
                Expr::Reading(_) => Expr::Constant(UNKNOWN),
                other => other,
            });
            draft.fact(&over_inputs);
        }
        let program = draft.finish(inputs.len());
        Formulas { inputs, program }
    }

    /// Computes every formula; the value of one lies in its [`Self::register`].
    pub fn compute(&self, fact: impl Fn(u16) -> f64, registers: &mut Vec<f64>) {
        registers.clear();
        registers.extend(self.inputs.iter().map(|input| fact(*input)));
        registers.resize(self.program.registers(), UNKNOWN);
        self.program.compute(registers);
    }

    /// Where the value of the formula of this index lies, in the order in which they were given.
    pub fn register(&self, index: usize) -> usize {
        self.program.register(index)
    }

    /// Number of values that are computed.
    pub fn cost(&self) -> usize {
        self.program.registers() - self.inputs.len()
    }
}
