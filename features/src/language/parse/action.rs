//! What follows from a rule or a band: verbs joined by `and`.

use super::{Kind, Name, Parsed, Parser, Spanned, Spelling, Stop, faults, quoted};
use crate::language::ast::Action;
use crate::language::power::Power;
use crate::language::words::{DELAYED, FROZEN, VERBS, Verb, is_clause};

impl<'a> Parser<'a> {
    pub(super) fn actions(&mut self, then: &mut Vec<Spanned<Action>>) -> Parsed<()> {
        loop {
            let start = self.span();
            let node = self.action()?;
            then.push(Spanned { node, span: self.span_from(start) });
            let joint = self.span();
            if self.take_word("and") {
                if self.is_at_border() || self.word().is_some_and(is_clause) {
                    let message = format!("got {} after `and`, wanted an action", self.got());
                    self.report(faults::NO_OPERAND, joint, message, None);
                    return Ok(());
                }
                continue;
            }
            if !(self.take(&Kind::Comma) || self.take_word("or")) {
                return Ok(());
            }
            let message = format!("got {}, wanted `and`", quoted(self.slice(joint)));
            let help = "a rule votes for all of its actions; they are joined by `and`";
            self.report(faults::UNEXPECTED, joint, message, Some(help.to_owned()));
        }
    }

    fn action(&mut self) -> Parsed<Action> {
        if let Some(word @ ("approve" | "allow" | "accept" | "block" | "deny")) = self.word() {
            let help = match word {
                "block" | "deny" => "write `decline`",
                _ => "a rule cannot approve; an `exempt` statement lowers the votes it names",
            };
            let message = format!("got `{word}`, wanted an action");
            self.report(faults::CHOICE, self.span(), message, Some(help.to_owned()));
            return Err(Stop);
        }
        Ok(match self.choice("an action", &VERBS)?.node {
            Verb::Decline => Action::Decline,
            Verb::Challenge => self.challenge()?,
            Verb::Hold => Action::Hold { ms: self.duration("how long to hold")?.node },
            Verb::Review => Action::Review,
            Verb::Limit => Action::Limit { amount: Box::new(self.operand_expression(Power::Sum)?) },
            Verb::Warn => Action::Warn,
            Verb::Tag => self.tag()?,
            Verb::Add => self.add()?,
            Verb::Freeze => Action::Freeze(self.choice("what to freeze", &FROZEN)?.node),
            Verb::Notify => Action::Notify,
            Verb::Delay => {
                self.choice("what to delay", &DELAYED)?;
                Action::DelaySettlement
            }
        })
    }

    /// `account mule_suspect for 7d`
    fn tag(&mut self) -> Parsed<Action> {
        let entity = self.name("an entity such as `account`", Spelling::Lower)?;
        let tag = self.name("a tag", Spelling::Plain)?;
        self.check_tag(&entity, &tag);
        if !self.take_word("for") {
            let help = "a tag has an end: write `for 7d`".to_owned();
            return Err(self.unexpected("`for` and a duration", Some(help)));
        }
        let ms = self.duration("how long the tag stays")?.node;
        Ok(Action::Tag { entity, tag, ms })
    }

    /// `card to @blocked_cards for 30d`
    fn add(&mut self) -> Parsed<Action> {
        let entity = self.name("an entity such as `card`", Spelling::Lower)?;
        let help = || Some("write `add card to @blocked_cards`".to_owned());
        if !self.take_word("to") {
            return Err(self.unexpected("`to` and a list", help()));
        }
        let span = self.span();
        let Kind::List(list) = *self.kind() else {
            return Err(self.unexpected("a list such as `@blocked_cards`", help()));
        };
        self.advance();
        let list = Name { node: list.to_owned(), span };
        let ms = match self.take_word("for") {
            true => Some(self.duration("how long it stays on the list")?.node),
            false => None,
        };
        Ok(Action::Add { entity, list, ms })
    }

    fn challenge(&mut self) -> Parsed<Action> {
        let mut strength = None;
        let (mut prove, mut forbid, mut with) = (Vec::new(), Vec::new(), Vec::new());
        while let Some(word) = self.word() {
            let span = self.span();
            let is_new = match word {
                "strength" => strength.is_none(),
                "prove" => prove.is_empty(),
                "forbid" => forbid.is_empty(),
                "with" => with.is_empty(),
                _ => break,
            };
            if !is_new {
                let message = format!("got `{word}` twice in one challenge");
                self.report(faults::REPEATED, span, message, None);
            }
            self.advance();
            match word {
                "strength" => strength = Some(self.name("a strength", Spelling::Upper)?),
                "prove" => prove = self.names("what must be proved", Spelling::Lower)?,
                "forbid" => forbid = self.names("a factor", Spelling::Lower)?,
                _ => with = self.names("a factor", Spelling::Lower)?,
            }
        }
        Ok(Action::Challenge { strength, prove, forbid, with })
    }
}
