//! Rules and exemptions: whom they judge, when, what follows, and who answers for it.

use super::statement::Form;
use super::{
    CLAUSES, Kind, Name, Parsed, Parser, Spanned, Spelling, Stop, faults, is_upper, quoted,
};
use crate::language::ast::{Action, Class, Exempt, Expr, Op, Rule, Span};
use crate::language::power::Power;

const RULE: Form = Form {
    keyword: "rule",
    clauses: &[
        "as", "on", "when", "then", "because", "message", "cooldown", "suspects", "expect",
        "owner", "until", "shadow",
    ],
    required: &["when", "then"],
};

const EXEMPT: Form = Form {
    keyword: "exempt",
    clauses: &["on", "when", "from", "because", "owner", "until"],
    required: &["when", "from"],
};

const CLASSES: [(&str, Class); 4] = [
    ("limit", Class::Limit),
    ("block", Class::Block),
    ("hard", Class::Hard),
    ("challenge", Class::Challenge),
];

/// The verbs of `then`.
#[derive(Clone, Copy)]
enum Verb {
    Decline,
    Challenge,
    Hold,
    Review,
    Limit,
    Warn,
}

const VERBS: [(&str, Verb); 6] = [
    ("decline", Verb::Decline),
    ("challenge", Verb::Challenge),
    ("hold", Verb::Hold),
    ("review", Verb::Review),
    ("limit", Verb::Limit),
    ("warn", Verb::Warn),
];

/// What the clauses of a rule or an exemption said so far.
#[derive(Default)]
struct Said {
    class: Option<Spanned<Class>>,
    on: Vec<Name>,
    when: Option<Expr>,
    then: Vec<Spanned<Action>>,
    from: Vec<Name>,
    because: Option<Name>,
    message: Option<Name>,
    cooldown_ms: Option<i64>,
    suspects: Vec<(Name, f64)>,
    expect: Option<(f64, f64)>,
    owner: Option<String>,
    until: Option<Name>,
    shadow: bool,
}

impl<'a> Parser<'a> {
    pub(super) fn rule(&mut self, start: Span) -> Parsed<Rule> {
        let name = self.name("the name of the rule", Spelling::Plain)?;
        let (title, said) = self.said(&RULE, &name, start);
        if said.then.is_empty() {
            return Err(Stop);
        }
        Ok(Rule {
            name,
            title,
            class: said.class,
            on: said.on,
            when: said.when.ok_or(Stop)?,
            then: said.then,
            because: said.because,
            message: said.message,
            cooldown_ms: said.cooldown_ms,
            suspects: said.suspects,
            expect: said.expect,
            owner: said.owner,
            until: said.until,
            shadow: said.shadow,
        })
    }

    pub(super) fn exempt(&mut self, start: Span) -> Parsed<Exempt> {
        let name = self.name("the name of the exemption", Spelling::Plain)?;
        let (title, said) = self.said(&EXEMPT, &name, start);
        if said.from.is_empty() {
            return Err(Stop);
        }
        Ok(Exempt {
            name,
            title,
            on: said.on,
            when: said.when.ok_or(Stop)?,
            from: said.from,
            because: said.because,
            owner: said.owner,
            until: said.until,
        })
    }

    fn said(&mut self, form: &Form, name: &Name, start: Span) -> (String, Said) {
        let title = self.title();
        let (mut said, mut seen) = (Said::default(), Vec::new());
        while let Some(clause) = self.next_clause(form, &mut seen) {
            if self.clause(clause, &mut said).is_err() {
                self.skip_to_clause(form, &seen);
            }
        }
        self.check_required(form, name, start, &seen);
        (title, said)
    }

    /// Reads the clause whose keyword was taken.
    fn clause(&mut self, keyword: &str, said: &mut Said) -> Parsed<()> {
        match keyword {
            "as" => said.class = Some(self.choice("the class of the rule", &CLASSES)?),
            "on" => said.on = self.names("an event type", Spelling::Lower)?,
            "when" => said.when = Some(self.whole_expression()?),
            "then" => self.actions(&mut said.then)?,
            "from" => said.from = self.names("the name of a rule", Spelling::Plain)?,
            "because" => said.because = Some(self.name("a reason code", Spelling::Upper)?),
            "message" => said.message = Some(self.name("a message code", Spelling::Upper)?),
            "cooldown" => said.cooldown_ms = Some(self.duration("a duration")?.node),
            "suspects" => said.suspects = self.suspects()?,
            "expect" => said.expect = Some(self.band()?),
            "owner" => said.owner = Some(self.quoted_text("the owner in double quotes")?.node),
            "until" => said.until = Some(self.date()?),
            _ => said.shadow = true,
        }
        Ok(())
    }

    fn actions(&mut self, then: &mut Vec<Spanned<Action>>) -> Parsed<()> {
        loop {
            let start = self.span();
            let node = self.action()?;
            then.push(Spanned { node, span: self.span_from(start) });
            let joint = self.span();
            if self.take_word("and") {
                if self.is_at_border() || self.word().is_some_and(|word| CLAUSES.contains(&word)) {
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
        })
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

    fn suspects(&mut self) -> Parsed<Vec<(Name, f64)>> {
        let mut suspects: Vec<(Name, f64)> = Vec::new();
        loop {
            let name = self.name("a typology such as V1", Spelling::Upper)?;
            self.check_parts(suspects.len(), "typologies", name.span)?;
            let weight = self.share("a weight such as 0.7")?;
            if weight.node <= 0.0 || 1.0 < weight.node {
                let message =
                    format!("got the weight {}, wanted one in (0, 1]", self.slice(weight.span));
                self.report(faults::RANGE, weight.span, message, None);
            }
            if suspects.iter().any(|(known, _)| known.node == name.node) {
                let message = format!("got the typology `{}` twice", name.node);
                self.report(faults::REPEATED, name.span, message, None);
            }
            suspects.push((name, weight.node));
            let is_lone = self.word().is_some_and(is_upper);
            if is_lone {
                self.report_lone();
            }
            if !(is_lone || self.take(&Kind::Comma)) {
                return Ok(suspects);
            }
        }
    }

    /// `lowest .. highest`, two shares.
    fn band(&mut self) -> Parsed<(f64, f64)> {
        let low = self.share("the lowest share, such as 0.01%")?;
        let is_dash = *self.kind() == Kind::Sign(Op::Subtract) || self.word() == Some("to");
        if !self.take(&Kind::Dots) {
            let help = is_dash.then(|| "a band is written 0.01% .. 0.30%".to_owned());
            return Err(self.unexpected("`..`", help));
        }
        let high = self.share("the highest share, such as 0.30%")?;
        let span = self.span_from(low.span);
        if 1.0 < high.node {
            let message = format!("got {}, wanted at most 100%", self.slice(high.span));
            let help = "a share without `%` is a fraction: 0.5 is 50%".to_owned();
            self.report(faults::RANGE, high.span, message, Some(help));
        } else if high.node < low.node {
            let message = format!("got {}, wanted the lower share first", self.slice(span));
            self.report(faults::RANGE, span, message, None);
        }
        Ok((low.node, high.node))
    }

    fn date(&mut self) -> Parsed<Name> {
        let span = self.span();
        if *self.kind() != Kind::Date {
            return Err(self.unexpected("a date such as 2027-06-30", None));
        }
        self.advance();
        Ok(Name { node: self.slice(span).to_owned(), span })
    }
}
