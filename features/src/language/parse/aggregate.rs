//! Aggregates: what is taken from which events, by whom, over how long.

use super::expression::{Tree, is_duration, operator_word};
use super::{Kind, Name, Parsed, Parser, Span, Spelling, faults, quoted};
use crate::language::ast::{Aggregate, AggregateKind, ExprNode, Over, Spanned};
use crate::language::power::Power;
use crate::language::print_duration;
use crate::language::words::is_reserved;

/// Words that people put before a window where `over` must stand.
const LOOSE: [&str; 9] =
    ["during", "for", "in", "last", "past", "since", "the", "window", "within"];

impl<'a> Parser<'a> {
    /// The rest of an aggregate whose kind was taken; the current token is its bracket.
    pub(super) fn aggregate(&mut self, kind: Spanned<AggregateKind>) -> Parsed<Tree> {
        let open = self.span();
        self.advance();
        let head = self.nested(Power::Conditional)?;
        let (value, source) = if self.take_word("of") {
            (Some(head), self.nested(Power::Where)?)
        } else {
            (None, self.continued(head, Power::Where)?)
        };
        let is_choice = matches!(kind.node, AggregateKind::Min | AggregateKind::Max);
        if is_choice && value.is_none() && self.take(&Kind::Comma) {
            let function = Name { node: kind.node.name().to_owned(), span: kind.span };
            return self.arguments(function, open, vec![source.expr], source.height);
        }
        self.close(open, &Kind::RightParen)?;
        self.check_value(&kind, value.is_some());
        let height = value.as_ref().map_or(0, |value| value.height).max(source.height);
        let mut aggregate = Aggregate {
            kind,
            value: value.map(|value| value.expr),
            source: source.expr,
            by: Vec::new(),
            matching: Vec::new(),
            over: None,
            offset_ms: 0,
            including_this: false,
        };
        while self.suffix(&mut aggregate)? {}
        let span = self.span_from(aggregate.kind.span);
        self.node(ExprNode::Aggregate(Box::new(aggregate)), span, height)
    }

    fn check_value(&mut self, kind: &Spanned<AggregateKind>, has_value: bool) {
        if kind.node.takes_value() == has_value {
            return;
        }
        let name = kind.node.name();
        let (message, help) = if has_value {
            let help = "`distinct(value of source)` counts values".to_owned();
            (format!("got a value in `{name}(..)`, wanted a source alone"), help)
        } else {
            let help = format!("write `{name}(value of source)`; the source `any` is every event");
            (format!("got `{name}(..)` without a value, wanted `value of source`"), help)
        };
        self.report(faults::AGGREGATE_VALUE, kind.span, message, Some(help));
    }

    /// Reads one of the parts that follow the bracket; false when there is none.
    fn suffix(&mut self, aggregate: &mut Aggregate) -> Parsed<bool> {
        if let Some(count) = self.loose_window() {
            self.bare_window(aggregate, count)?;
            return Ok(true);
        }
        if self.is_at_border() {
            return Ok(false);
        }
        let span = self.span();
        let is_repeated = match self.word().map_or("", operator_word) {
            "by" => {
                self.advance();
                let keys = self.keys()?;
                !std::mem::replace(&mut aggregate.by, keys).is_empty()
            }
            "matching" => {
                self.advance();
                if aggregate.by.is_empty() {
                    let message = "got `matching` without `by` before it".to_owned();
                    let help = "write `by beneficiary matching account`".to_owned();
                    self.report(faults::UNEXPECTED, span, message, Some(help));
                }
                let keys = self.keys()?;
                !std::mem::replace(&mut aggregate.matching, keys).is_empty()
            }
            "over" => {
                self.advance();
                let over = self.window()?;
                aggregate.over.replace(over).is_some()
            }
            "offset" => {
                self.advance();
                let offset = self.duration("a duration")?.node;
                std::mem::replace(&mut aggregate.offset_ms, offset) != 0
            }
            "including" => {
                self.advance();
                if !self.take_word("this") {
                    return Err(self.unexpected("`this` after `including`", None));
                }
                std::mem::replace(&mut aggregate.including_this, true)
            }
            _ => return Ok(false),
        };
        if is_repeated {
            let message = format!("got {} twice in one aggregate", quoted(self.slice(span)));
            self.report(faults::REPEATED, span, message, None);
        }
        Ok(true)
    }

    /// The keys after `by`. A comma goes on with them only before a name, so that an aggregate can
    /// be an argument.
    pub(super) fn keys(&mut self) -> Parsed<Vec<Name>> {
        let mut keys = vec![self.name("an entity", Spelling::Lower)?];
        while *self.kind() == Kind::Comma && self.word_at(1).is_some_and(|word| !is_reserved(word))
        {
            self.advance();
            keys.push(self.name("an entity", Spelling::Lower)?);
        }
        Ok(keys)
    }

    fn window(&mut self) -> Parsed<Over> {
        if self.take_word("window") {
            return Ok(Over::Window);
        }
        let ms = self.duration("a duration such as 24h, or `window`")?.node;
        Ok(Over::Span { ms, text: print_duration(ms) })
    }

    /// How many words stand before a window that `over` does not introduce, if there is one.
    fn loose_window(&self) -> Option<usize> {
        let is_loose = |ahead: &usize| self.word_at(*ahead).is_some_and(|w| LOOSE.contains(&w));
        let words = (0..3).take_while(is_loose).count();
        is_duration(&self.token(words).kind).then_some(words)
    }

    /// Reports a window without `over` and takes it all the same.
    fn bare_window(&mut self, aggregate: &mut Aggregate, words: usize) -> Parsed<()> {
        let start = self.span();
        (0..words).for_each(|_| self.advance());
        let length = self.duration("a duration")?;
        let span = Span { start: start.start, end: length.span.end };
        let text = print_duration(length.node);
        let message = format!("got {} without `over`", quoted(self.slice(span)));
        let help = format!("write `over {}`", self.slice(length.span));
        self.report(faults::NO_OVER, span, message, Some(help));
        aggregate.over = Some(Over::Span { ms: length.node, text });
        Ok(())
    }
}
