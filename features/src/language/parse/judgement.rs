//! Rules, bands and exemptions: whom they judge, when, and who answers for it; what follows stands
//! in [`super::action`], examples in [`super::example`].

use super::statement::Form;
use super::{Kind, Name, Parsed, Parser, Spanned, Spelling, Stop, faults, is_upper};
use crate::language::ast::{Action, Band, Class, Example, Exempt, Expr, Op, Rule, Span};
use crate::language::words::CLASSES;

pub(super) const RULE: Form = Form {
    keyword: "rule",
    clauses: &[
        "as",
        "on",
        "when",
        "then",
        "undecided",
        "because",
        "message",
        "cooldown",
        "suspects",
        "expect",
        "owner",
        "until",
        "shadow",
        "hits",
        "misses",
    ],
    required: &["when", "then"],
};

pub(super) const BAND: Form =
    Form { keyword: "band", clauses: &["=", "on", "then", "because", "message"], required: &["="] };

pub(super) const EXEMPT: Form = Form {
    keyword: "exempt",
    clauses: &["on", "when", "from", "because", "owner", "until"],
    required: &["when", "from"],
};

/// What the clauses of a rule, a band or an exemption said so far.
#[derive(Default)]
struct Said {
    class: Option<Spanned<Class>>,
    on: Vec<Name>,
    when: Option<Expr>,
    then: Vec<Spanned<Action>>,
    undecided: Vec<Spanned<Action>>,
    from: Vec<Name>,
    because: Option<Name>,
    message: Option<Name>,
    cooldown_ms: Option<i64>,
    suspects: Vec<(Name, f64)>,
    expect: Option<(f64, f64)>,
    owner: Option<String>,
    until: Option<Name>,
    shadow: bool,
    range: Option<(f64, f64)>,
    hits: Vec<Example>,
    misses: Vec<Example>,
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
            undecided: said.undecided,
            because: said.because,
            message: said.message,
            cooldown_ms: said.cooldown_ms,
            suspects: said.suspects,
            expect: said.expect,
            owner: said.owner,
            until: said.until,
            shadow: said.shadow,
            hits: said.hits,
            misses: said.misses,
        })
    }

    pub(super) fn band(&mut self, start: Span) -> Parsed<Band> {
        let name = self.name("the name of the band", Spelling::Plain)?;
        let (title, said) = self.said(&BAND, &name, start);
        let (low, high) = said.range.ok_or(Stop)?;
        Ok(Band {
            name,
            title,
            low,
            high,
            on: said.on,
            then: said.then,
            because: said.because,
            message: said.message,
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
            "undecided" => self.actions(&mut said.undecided)?,
            "=" => said.range = Some(self.shares()?),
            "hits" => self.examples(&mut said.hits)?,
            "misses" => self.examples(&mut said.misses)?,
            "from" => said.from = self.names("the name of a rule", Spelling::Plain)?,
            "because" => said.because = Some(self.name("a reason code", Spelling::Upper)?),
            "message" => said.message = Some(self.name("a message code", Spelling::Upper)?),
            "cooldown" => said.cooldown_ms = Some(self.duration("a duration")?.node),
            "suspects" => said.suspects = self.suspects()?,
            "expect" => said.expect = Some(self.shares()?),
            "owner" => said.owner = Some(self.quoted_text("the owner in double quotes")?.node),
            "until" => said.until = Some(self.date()?),
            _ => said.shadow = true,
        }
        Ok(())
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
    fn shares(&mut self) -> Parsed<(f64, f64)> {
        let low = self.share("the lowest share, such as 0.01%")?;
        let is_dash = *self.kind() == Kind::Sign(Op::Subtract) || self.word() == Some("to");
        if !self.take(&Kind::Dots) {
            let help = is_dash.then(|| "a range is written 0.01% .. 0.30%".to_owned());
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
