//! Examples of a rule: facts in braces, for which it must or must not hold.

use super::{Kind, Parsed, Parser, Spelling};
use crate::language::ast::{Example, Expr};
use crate::language::power::Power;

impl<'a> Parser<'a> {
    /// The examples after `hits` or `misses`: at least one.
    pub(super) fn examples(&mut self, examples: &mut Vec<Example>) -> Parsed<()> {
        loop {
            self.check_parts(examples.len(), "examples", self.span())?;
            examples.push(self.example()?);
            if *self.kind() != Kind::LeftBrace {
                return Ok(());
            }
        }
    }

    fn example(&mut self) -> Parsed<Example> {
        let open = self.span();
        if !self.take(&Kind::LeftBrace) {
            let help = "such as `{ payment, amount_usd = 250 }`".to_owned();
            return Err(self.unexpected("an example in { }", Some(help)));
        }
        let is_type = matches!(self.token(1).kind, Kind::Comma | Kind::RightBrace);
        let mut on = None;
        if is_type && self.word().is_some() {
            on = Some(self.name("an event type", Spelling::Lower)?);
            self.take(&Kind::Comma);
        }
        let mut facts = Vec::new();
        while *self.kind() != Kind::RightBrace {
            self.check_parts(facts.len(), "facts in one example", self.span())?;
            facts.push(self.given()?);
            if !self.take(&Kind::Comma) {
                break;
            }
        }
        self.close(open, &Kind::RightBrace)?;
        Ok(Example { span: self.span_from(open), on, facts })
    }

    /// `fact = constant`
    fn given(&mut self) -> Parsed<(Expr, Expr)> {
        let fact = self.known_fact()?;
        self.assign()?;
        Ok((fact, self.operand_expression(Power::Sum)?))
    }
}
