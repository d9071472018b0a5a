//! Expressions, by binding power (see [`Power`]): an operand, then as many operators as bind
//! tightly enough.

use super::{Kind, Name, Parsed, Parser, Span, Spelling, Stop, faults, is_upper, quoted};
use crate::language::ast::{AggregateKind, Expr, ExprNode, Op, Sequence, Spanned, Step, Unit};
use crate::language::power::Power;
use crate::language::words::{CONTINUING, is_continuing, is_reserved};
use crate::language::{HEIGHT_MAX, NESTING_MAX};

/// An expression and how many nodes high its tree is.
pub(super) struct Tree {
    pub(super) expr: Expr,
    pub(super) height: u32,
}

/// What stands after an operand and goes on with the expression.
#[derive(Clone, Copy, PartialEq)]
enum Infix {
    Where,
    OrElse,
    Op(Op),
    /// `=`, which is read as `==`.
    Assign,
    In,
    NotIn,
    Between,
    NotBetween,
    Tagged,
    NotTagged,
    /// `is null` and its like, which is read as `missing(..)`.
    Is,
}

impl Infix {
    fn power(self) -> Power {
        match self {
            Infix::Where => Power::Where,
            Infix::OrElse => Power::OrElse,
            Infix::Op(op) => Power::of_op(op),
            Infix::Assign
            | Infix::In
            | Infix::NotIn
            | Infix::Between
            | Infix::NotBetween
            | Infix::Tagged
            | Infix::NotTagged
            | Infix::Is => Power::Compare,
        }
    }
}

impl<'a> Parser<'a> {
    /// An expression of any form.
    pub(super) fn whole_expression(&mut self) -> Parsed<Expr> {
        self.operand_expression(Power::Where)
    }

    /// An expression that binds at least as tightly as `least`.
    pub(super) fn operand_expression(&mut self, least: Power) -> Parsed<Expr> {
        Ok(self.expression(least)?.expr)
    }

    /// An expression inside another, counted against the nesting limit.
    pub(super) fn nested(&mut self, least: Power) -> Parsed<Tree> {
        if self.depth == NESTING_MAX {
            let message = format!("got an expression nested deeper than {NESTING_MAX}");
            let help = "name a part of it with `let`".to_owned();
            self.report(faults::TOO_DEEP, self.span(), message, Some(help));
            return Err(Stop);
        }
        self.depth += 1;
        let tree = self.expression(least);
        self.depth -= 1;
        tree
    }

    fn expression(&mut self, least: Power) -> Parsed<Tree> {
        let first = self.operand(least)?;
        self.continued(first, least)
    }

    /// Goes on with what stands after `left`.
    pub(super) fn continued(&mut self, mut left: Tree, least: Power) -> Parsed<Tree> {
        let mut newest = None;
        while let Some(infix) = self.infix() {
            let power = infix.power();
            if power < least {
                break;
            }
            if power == Power::Compare && newest == Some(Power::Compare) {
                let message = format!("got {} after a comparison, wanted `and`", self.got());
                let help = "comparisons do not chain: write `a < b and b < c`".to_owned();
                self.report(faults::CHAINED, self.span(), message, Some(help));
            }
            newest = Some(power);
            left = self.extended(left, infix)?;
        }
        Ok(left)
    }

    /// A node over children of which the highest has `height`.
    pub(super) fn node(&mut self, node: ExprNode, span: Span, height: u32) -> Parsed<Tree> {
        if height < HEIGHT_MAX {
            return Ok(Tree { expr: Expr { node, span }, height: height + 1 });
        }
        let message = format!("got more than {HEIGHT_MAX} operators one over the other");
        let help = "use `in (..)` for many values, or name parts with `let`".to_owned();
        self.report(faults::TOO_HIGH, span, message, Some(help));
        Err(Stop)
    }

    fn leaf(&mut self, node: ExprNode) -> Parsed<Tree> {
        let span = self.span();
        self.advance();
        self.node(node, span, 0)
    }

    fn operand(&mut self, least: Power) -> Parsed<Tree> {
        let span = self.span();
        if self.is_at_border() || self.is_at_clause() {
            return Err(self.no_operand());
        }
        match self.kind().clone() {
            Kind::Number { value, unit } => self.leaf(ExprNode::Number { value, unit }),
            Kind::Text(text) => self.leaf(ExprNode::Text(text)),
            Kind::List(name) => self.leaf(ExprNode::List(name.to_owned())),
            Kind::Word(word) => self.word_operand(word, least),
            Kind::Sign(Op::Subtract) => {
                self.advance();
                let inner = self.nested(Power::Negate)?;
                let node = ExprNode::Negate(Box::new(inner.expr));
                self.node(node, self.span_from(span), inner.height)
            }
            Kind::LeftParen => {
                let mut inner = self.bracketed()?;
                inner.expr.span = self.span_from(span);
                Ok(inner)
            }
            Kind::Date => {
                let message = format!("got {}, wanted no date here", self.got());
                let help = "a date stands only after `until`".to_owned();
                self.report(faults::DATE, span, message, Some(help));
                Err(Stop)
            }
            Kind::RightParen
            | Kind::LeftBrace
            | Kind::RightBrace
            | Kind::LeftBracket
            | Kind::RightBracket
            | Kind::Comma
            | Kind::Assign
            | Kind::Dots
            | Kind::Sign(_)
            | Kind::End => Err(self.no_operand()),
        }
    }

    /// `( expression )`, the current token being the bracket.
    fn bracketed(&mut self) -> Parsed<Tree> {
        let open = self.span();
        self.advance();
        let inner = self.nested(Power::Where)?;
        self.close(open, &Kind::RightParen)?;
        Ok(inner)
    }

    /// Reports that there is no operand where one must stand.
    fn no_operand(&mut self) -> Stop {
        let wanted = "a condition or a value";
        let before = &self.tokens[self.at.saturating_sub(1)];
        let is_operator = match before.kind {
            Kind::Sign(_) => true,
            Kind::Word(word) => is_continuing(word),
            _ => false,
        };
        // The next statement may be far away, so that the fault stands where something is missing.
        if is_operator || self.is_at_border() {
            let span = before.span;
            let sign = quoted(self.slice(span));
            let message = format!("got {} after {sign}, wanted {wanted}", self.got());
            self.report(faults::NO_OPERAND, span, message, None);
            return Stop;
        }
        let is_missing = self.word() == Some("missing");
        let help = is_missing.then(|| "the test for absence is written `missing(x)`".to_owned());
        self.unexpected(wanted, help)
    }

    fn word_operand(&mut self, word: &'a str, least: Power) -> Parsed<Tree> {
        let span = self.span();
        let is_applied = self.token(1).kind == Kind::LeftParen;
        match self.prefix_word(word) {
            "true" => self.leaf(ExprNode::Bool(true)),
            "false" => self.leaf(ExprNode::Bool(false)),
            "not" => self.negation(least),
            "if" => self.conditional(),
            "missing" if is_applied => {
                self.advance();
                let inner = self.bracketed()?;
                let node = ExprNode::Missing(Box::new(inner.expr));
                self.node(node, self.span_from(span), inner.height)
            }
            "null" => {
                let message = "got `null`, which is no value here".to_owned();
                let help = "whether a value is absent is asked with `missing(x)`".to_owned();
                self.report(faults::IS_NULL, span, message, Some(help));
                self.leaf(ExprNode::Name(word.to_owned()))
            }
            reserved if is_reserved(reserved) => Err(self.no_operand()),
            name => match AggregateKind::ALL.into_iter().find(|kind| kind.name() == name) {
                Some(kind) if is_applied => {
                    self.advance();
                    self.aggregate(Spanned { node: kind, span })
                }
                _ if is_applied => {
                    self.advance();
                    let open = self.span();
                    self.advance();
                    let function = Name { node: word.to_owned(), span };
                    self.arguments(function, open, Vec::new(), 0)
                }
                _ => {
                    let first = self.source()?;
                    if self.is_at_step() { self.sequence(first) } else { Ok(first) }
                }
            },
        }
    }

    /// A name and perhaps a condition on it in brackets.
    fn source(&mut self) -> Parsed<Tree> {
        let name = self.name_operand()?;
        let open = self.span();
        if !self.take(&Kind::LeftBracket) {
            return Ok(name);
        }
        let condition = self.nested(Power::Where)?;
        self.close(open, &Kind::RightBracket)?;
        let span = self.span_from(name.expr.span);
        let height = name.height.max(condition.height);
        let (source, condition) = (Box::new(name.expr), Box::new(condition.expr));
        self.node(ExprNode::Where { source, condition }, span, height)
    }

    /// Whether a further step of a sequence starts here, and not the clause `then` or that of an
    /// `if`: the one name after it is followed by a condition in brackets or by `within`.
    fn is_at_step(&self) -> bool {
        let is_name = self.word_at(1).is_some_and(|word| !is_reserved(word));
        let is_limited = self.word_at(2) == Some("within");
        self.word() == Some("then")
            && is_name
            && (is_limited || self.token(2).kind == Kind::LeftBracket)
    }

    /// The rest of a sequence whose first step was taken; the current token is its `then`.
    fn sequence(&mut self, first: Tree) -> Parsed<Tree> {
        let start = first.expr.span;
        let mut height = first.height;
        let mut steps = vec![Step { source: first.expr, within_ms: None }];
        while self.is_at_step() {
            self.check_parts(steps.len(), "steps", self.span())?;
            self.advance();
            let source = self.source()?;
            if !self.take_word("within") {
                let help = "write how soon it follows: `then transfer within 24h`".to_owned();
                return Err(self.unexpected("`within` and a duration", Some(help)));
            }
            let within_ms = Some(self.duration("a duration such as 24h")?.node);
            height = height.max(source.height);
            steps.push(Step { source: source.expr, within_ms });
        }
        let by = if self.take_word("by") { self.keys()? } else { Vec::new() };
        let node = ExprNode::Sequence(Box::new(Sequence { steps, by }));
        self.node(node, self.span_from(start), height)
    }

    /// The word in lower case if it is one of those that start an operand, written in capitals;
    /// that is a fault.
    fn prefix_word(&mut self, word: &'a str) -> &'a str {
        let prefixes = ["not", "true", "false", "if", "missing", "null"];
        match prefixes.into_iter().find(|p| is_upper(word) && p.eq_ignore_ascii_case(word)) {
            Some(lower) => {
                self.report_capitals(lower);
                lower
            }
            None => word,
        }
    }

    fn report_capitals(&mut self, lower: &str) {
        let message = format!("got {}, wanted `{lower}`", self.got());
        let help = "the words of the language are in lower case".to_owned();
        self.report(faults::KEYWORD_CASE, self.span(), message, Some(help));
    }

    fn name_operand(&mut self) -> Parsed<Tree> {
        let spelling =
            if self.word().is_some_and(is_upper) { Spelling::Upper } else { Spelling::Any };
        let name = self.name("a name", spelling)?;
        self.node(ExprNode::Name(name.node), name.span, 0)
    }

    fn negation(&mut self, least: Power) -> Parsed<Tree> {
        let span = self.span();
        if Power::Not < least {
            let message = "got `not` after an operator that binds tighter".to_owned();
            let help = "write `(not ..)`".to_owned();
            self.report(faults::LOOSE_PREFIX, span, message, Some(help));
        }
        self.advance();
        let inner = self.nested(Power::Not)?;
        let node = ExprNode::Not(Box::new(inner.expr));
        self.node(node, self.span_from(span), inner.height)
    }

    fn conditional(&mut self) -> Parsed<Tree> {
        let span = self.span();
        self.advance();
        let condition = self.nested(Power::Conditional)?;
        if !self.take_word("then") {
            return Err(self.unexpected("`then` for the `if`", None));
        }
        let then = self.nested(Power::Conditional)?;
        if !self.take_word("else") {
            return Err(self.unexpected("`else` for the `if`", None));
        }
        let other = self.nested(Power::Conditional)?;
        let height = condition.height.max(then.height).max(other.height);
        let node = ExprNode::If {
            condition: Box::new(condition.expr),
            then: Box::new(then.expr),
            other: Box::new(other.expr),
        };
        self.node(node, self.span_from(span), height)
    }

    /// The rest of a call: further arguments, of which the highest has `height`, and the bracket.
    pub(super) fn arguments(
        &mut self,
        function: Name,
        open: Span,
        mut arguments: Vec<Expr>,
        mut height: u32,
    ) -> Parsed<Tree> {
        while *self.kind() != Kind::RightParen {
            let argument = self.nested(Power::Where)?;
            height = height.max(argument.height);
            arguments.push(argument.expr);
            if !self.take(&Kind::Comma) {
                break;
            }
        }
        self.close(open, &Kind::RightParen)?;
        let span = self.span_from(function.span);
        self.node(ExprNode::Call { function, arguments }, span, height)
    }

    /// The operator at the current token, if one stands there. No name can stand after an operand,
    /// so capitals are read as operators too.
    fn infix(&self) -> Option<Infix> {
        let word = match *self.kind() {
            Kind::Sign(op) => return Some(Infix::Op(op)),
            Kind::Assign => return Some(Infix::Assign),
            Kind::Word(word) => operator_word(word),
            _ => return None,
        };
        let next = self.word_at(1).map_or("", operator_word);
        match (word, next) {
            ("where", _) => Some(Infix::Where),
            ("or", "else") => Some(Infix::OrElse),
            ("or", _) => Some(Infix::Op(Op::Or)),
            ("and", _) => Some(Infix::Op(Op::And)),
            ("in", _) => Some(Infix::In),
            ("not", "in") => Some(Infix::NotIn),
            ("between", _) => Some(Infix::Between),
            ("not", "between") => Some(Infix::NotBetween),
            ("tagged", _) => Some(Infix::Tagged),
            ("not", "tagged") => Some(Infix::NotTagged),
            ("is", _) => Some(Infix::Is),
            _ => None,
        }
    }

    /// `left` with the operator at the current token and what belongs to it.
    fn extended(&mut self, left: Tree, infix: Infix) -> Parsed<Tree> {
        if let Some(word) = self.word().filter(|word| is_upper(word)) {
            self.report_capitals(operator_word(word));
        }
        let sign = self.span();
        self.advance();
        match infix {
            Infix::Where => self.pair(left, Power::Conditional, |source, condition| {
                ExprNode::Where { source, condition }
            }),
            Infix::OrElse => {
                self.advance();
                self.pair(left, Power::Or, |value, other| ExprNode::OrElse { value, other })
            }
            Infix::Op(op @ (Op::Equal | Op::NotEqual)) if self.is_at_null() => {
                let is_negated = op == Op::NotEqual;
                self.absence(left, sign, is_negated)
            }
            Infix::Op(op) => self.binary(left, op),
            Infix::Assign => {
                let message = "got `=`, wanted `==`".to_owned();
                self.report(faults::ASSIGNMENT, sign, message, Some("`==` compares".to_owned()));
                self.binary(left, Op::Equal)
            }
            Infix::In => self.membership(left, false),
            Infix::NotIn => {
                self.advance();
                self.membership(left, true)
            }
            Infix::Between => self.between(left, false),
            Infix::NotBetween => {
                self.advance();
                self.between(left, true)
            }
            Infix::Tagged => self.tagged(left, false),
            Infix::NotTagged => {
                self.advance();
                self.tagged(left, true)
            }
            Infix::Is => self.is_test(left, sign),
        }
    }

    fn tagged(&mut self, left: Tree, negated: bool) -> Parsed<Tree> {
        let span = left.expr.span;
        let ExprNode::Name(entity) = left.expr.node else {
            let written = quoted(self.slice(span));
            let message = format!("got {written} before `tagged`, wanted the name of an entity");
            let help = "such as `account tagged watched`".to_owned();
            self.report(faults::UNEXPECTED, span, message, Some(help));
            return Err(Stop);
        };
        let entity = Name { node: entity, span };
        let tag = self.name("a tag", Spelling::Plain)?;
        self.check_tag(&entity, &tag);
        let node = ExprNode::Tagged { entity, tag, negated };
        self.node(node, self.span_from(span), 0)
    }

    /// What an example knows: an expression that its rule reads as one fact.
    pub(super) fn known_fact(&mut self) -> Parsed<Expr> {
        let mut left = self.expression(Power::Sum)?;
        let is_test = |infix: &Infix| {
            matches!(infix, Infix::In | Infix::NotIn | Infix::Tagged | Infix::NotTagged)
        };
        if let Some(infix) = self.infix().filter(is_test) {
            left = self.extended(left, infix)?;
        }
        Ok(left.expr)
    }

    fn pair(
        &mut self,
        left: Tree,
        least: Power,
        make: impl FnOnce(Box<Expr>, Box<Expr>) -> ExprNode,
    ) -> Parsed<Tree> {
        let right = self.expression(least)?;
        let span = self.span_from(left.expr.span);
        let height = left.height.max(right.height);
        self.node(make(Box::new(left.expr), Box::new(right.expr)), span, height)
    }

    fn binary(&mut self, left: Tree, op: Op) -> Parsed<Tree> {
        let least = Power::of_op(op).tighter();
        self.pair(left, least, |left, right| ExprNode::Binary { op, left, right })
    }

    fn between(&mut self, value: Tree, negated: bool) -> Parsed<Tree> {
        let low = self.expression(Power::Sum)?;
        if !self.take_word("and") {
            return Err(self.unexpected("`and` for the `between`", None));
        }
        let high = self.expression(Power::Sum)?;
        let span = self.span_from(value.expr.span);
        let height = value.height.max(low.height).max(high.height);
        let node = ExprNode::Between {
            value: Box::new(value.expr),
            low: Box::new(low.expr),
            high: Box::new(high.expr),
            negated,
        };
        self.node(node, span, height)
    }

    fn membership(&mut self, value: Tree, negated: bool) -> Parsed<Tree> {
        let items = self.items()?;
        let span = self.span_from(value.expr.span);
        let node = ExprNode::In { value: Box::new(value.expr), items, negated };
        // A negated number makes the items two high at most.
        self.node(node, span, value.height.max(2))
    }

    fn items(&mut self) -> Parsed<Vec<Expr>> {
        let open = self.span();
        if matches!(self.kind(), Kind::List(_)) {
            return Ok(vec![self.item()?]);
        }
        if !self.take(&Kind::LeftParen) {
            let help = match self.kind() {
                Kind::Word(word) if !self.is_at_border() => Some(format!("write `in ({word})`")),
                Kind::LeftBracket => Some("several values stand in ( )".to_owned()),
                _ => None,
            };
            return Err(self.unexpected("`(` or a list such as `@name`", help));
        }
        let mut items = Vec::new();
        loop {
            if let Kind::List(name) = *self.kind() {
                let help = format!("write `in @{name}`, and join several by `or`");
                return Err(self.unexpected("a name, a text or a number", Some(help)));
            }
            items.push(self.item()?);
            if !self.take(&Kind::Comma) || *self.kind() == Kind::RightParen {
                break;
            }
        }
        self.close(open, &Kind::RightParen)?;
        Ok(items)
    }

    fn item(&mut self) -> Parsed<Expr> {
        let span = self.span();
        let is_number = |kind: &Kind<'a>| matches!(kind, Kind::Number { .. });
        match self.kind() {
            Kind::Number { .. } | Kind::Text(_) | Kind::List(_) => {}
            Kind::Word(_) => return Ok(self.name_operand()?.expr),
            Kind::Sign(Op::Subtract) if is_number(&self.token(1).kind) => {
                self.advance();
                let inner = Box::new(self.operand_expression(Power::Primary)?);
                return Ok(Expr { node: ExprNode::Negate(inner), span: self.span_from(span) });
            }
            _ => return Err(self.unexpected("a name, a text or a number", None)),
        }
        self.operand_expression(Power::Primary)
    }

    fn is_at_null(&self) -> bool {
        let nulls = ["null", "nil"];
        self.word().is_some_and(|word| nulls.iter().any(|n| n.eq_ignore_ascii_case(word)))
    }

    /// `is null` and its like; any other `is` is read as `==`.
    fn is_test(&mut self, left: Tree, sign: Span) -> Parsed<Tree> {
        let is_negated = self.take_word("not");
        let absences = ["missing", "unknown", "none", "absent", "empty"];
        if self.is_at_null() || self.word().is_some_and(|word| absences.contains(&word)) {
            return self.absence(left, sign, is_negated);
        }
        let op = if is_negated { Op::NotEqual } else { Op::Equal };
        let message = format!("got `is`, wanted `{}`", op.name());
        self.report(faults::IS_NULL, sign, message, None);
        self.binary(left, op)
    }

    /// Reports a test for absence in foreign words, the current token being the last of them, and
    /// mends it.
    fn absence(&mut self, left: Tree, sign: Span, is_negated: bool) -> Parsed<Tree> {
        self.advance();
        let written = quoted(self.slice(self.span_from(sign)));
        let message = format!("got {written}, wanted `missing(..)`");
        let not = if is_negated { "not " } else { "" };
        let inner = quoted(self.slice(left.expr.span));
        let help = format!("write `{not}missing({})`", inner.trim_matches('`'));
        self.report(faults::IS_NULL, sign, message, Some(help));
        let span = self.span_from(left.expr.span);
        let missing = ExprNode::Missing(Box::new(left.expr));
        let tree = self.node(missing, span, left.height)?;
        if !is_negated {
            return Ok(tree);
        }
        self.node(ExprNode::Not(Box::new(tree.expr)), span, tree.height)
    }
}

/// The operator that a word in capitals stands for; any other word itself.
pub(super) fn operator_word(word: &str) -> &str {
    let capitals = |known: &&&str| is_upper(word) && known.eq_ignore_ascii_case(word);
    CONTINUING.iter().find(capitals).copied().unwrap_or(word)
}

/// Whether a token is a duration.
pub(super) fn is_duration(kind: &Kind<'_>) -> bool {
    matches!(kind, Kind::Number { unit: Some(Unit::Duration), .. })
}
