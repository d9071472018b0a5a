//! Where a line may be broken, and which tokens stand together without a blank.

use crate::language::ast::{Action, Example, Expr, ExprNode, Name, Op, Spanned, Statement};
use crate::language::lexer::{Kind, Token};
use crate::language::parse::Reading;

/// A place before a token.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Gap {
    /// The line is not broken here.
    Closed,
    /// Broken together with all others of its depth.
    Together(u32),
    /// Broken where the line is full.
    Full(u32),
}

impl Gap {
    pub(super) fn depth(self) -> Option<u32> {
        match self {
            Gap::Closed => None,
            Gap::Together(depth) | Gap::Full(depth) => Some(depth),
        }
    }
}

/// What is known of the place before each token.
pub(super) struct Gaps {
    pub(super) gaps: Vec<Gap>,
    /// Whether no blank stands before the token.
    pub(super) is_glued: Vec<bool>,
    /// For each opening bracket the one that closes it; zero for every other token.
    pub(super) closing: Vec<usize>,
    /// For each token the innermost bracket around it.
    around: Vec<Option<usize>>,
    starts: Vec<u32>,
}

impl Gaps {
    pub(super) fn of(reading: &Reading<'_>) -> Gaps {
        let tokens = &reading.tokens;
        let (closing, around) = brackets(tokens);
        let mut gaps = Gaps {
            gaps: vec![Gap::Closed; tokens.len()],
            is_glued: vec![false; tokens.len()],
            closing,
            around,
            starts: tokens.iter().map(|token| token.span.start).collect(),
        };
        gaps.glue_signs(tokens);
        for statement in &reading.policy.statements {
            gaps.statement(&statement.node);
        }
        gaps
    }

    /// The innermost bracket around a token that stands at `start` or after it.
    pub(super) fn bracket(&self, start: usize, token: usize) -> Option<usize> {
        self.around[token].filter(|bracket| start <= *bracket)
    }

    fn glue_signs(&mut self, tokens: &[Token<'_>]) {
        for index in 1..tokens.len() {
            let (before, here) = (&tokens[index - 1].kind, &tokens[index].kind);
            let is_inside = matches!(before, Kind::LeftParen | Kind::LeftBracket);
            let is_closing = matches!(
                here,
                Kind::RightParen | Kind::RightBracket | Kind::Comma | Kind::LeftBracket
            );
            let is_empty = *before == Kind::LeftBrace && *here == Kind::RightBrace;
            self.is_glued[index] = is_inside || is_closing || is_empty;
        }
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Use(_) => {}
            Statement::Let(item) => self.expr(&item.body, 0),
            Statement::Set(item) => self.expr(&item.value, 0),
            Statement::List(item) => {
                for entry in item.entries.iter().skip(1) {
                    self.open(self.token(entry.span.start), Gap::Full(1));
                }
                // Before the `=` and the `from`.
                self.open(self.token(item.kind.span.start) - 1, Gap::Together(0));
                if let Some(path) = &item.from {
                    self.open(self.token(path.span.start) - 1, Gap::Together(0));
                }
            }
            Statement::Feature(item) => {
                if let Some(first) = item.windows.first() {
                    let brace = self.token(first.span.start) - 1;
                    let end = self.closing[brace];
                    self.is_glued[brace..=end].fill(true);
                }
                self.expr(&item.body, 0);
            }
            Statement::Band(item) => {
                self.names(&item.on);
                self.actions(&item.then);
            }
            Statement::Rule(item) => {
                self.names(&item.on);
                self.expr(&item.when, 0);
                self.actions(&item.then);
                self.actions(&item.undecided);
                for (name, _) in item.suspects.iter().skip(1) {
                    self.open(self.token(name.span.start), Gap::Full(0));
                }
                item.hits.iter().chain(&item.misses).for_each(|example| self.example(example));
            }
            Statement::Exempt(item) => {
                self.names(&item.on);
                self.expr(&item.when, 0);
                self.names(&item.from);
            }
        }
    }

    fn names(&mut self, names: &[Name]) {
        for name in names.iter().skip(1) {
            self.open(self.token(name.span.start), Gap::Full(0));
        }
    }

    fn actions(&mut self, actions: &[Spanned<Action>]) {
        for (index, action) in actions.iter().enumerate() {
            if 0 < index {
                // The `and` before it.
                self.open(self.token(action.span.start) - 1, Gap::Together(0));
            }
            match &action.node {
                Action::Challenge { prove, forbid, with, .. } => {
                    for names in [prove, forbid, with] {
                        let Some(first) = names.first() else { continue };
                        self.open(self.token(first.span.start) - 1, Gap::Full(1));
                        for name in names.iter().skip(1) {
                            self.open(self.token(name.span.start), Gap::Full(2));
                        }
                    }
                }
                Action::Limit { amount } => self.expr(amount, 1),
                _ => {}
            }
        }
    }

    fn example(&mut self, example: &Example) {
        for (index, (fact, value)) in example.facts.iter().enumerate() {
            if 0 < index || example.on.is_some() {
                self.open(self.token(fact.span.start), Gap::Full(0));
            }
            self.expr(fact, 1);
            self.expr(value, 1);
        }
    }

    /// The first token that starts at or after a byte.
    fn token(&self, byte: u32) -> usize {
        self.starts.partition_point(|start| *start < byte)
    }

    fn open(&mut self, token: usize, gap: Gap) {
        self.gaps[token] = gap;
    }

    /// The tokens of an expression without the parentheses around it.
    fn inner(&self, expr: &Expr) -> (usize, usize) {
        let (mut start, mut end) = (self.token(expr.span.start), self.token(expr.span.end));
        while self.closing[start] + 1 == end {
            (start, end) = (start + 1, end - 1);
        }
        (start, end)
    }

    fn is_bare(&self, expr: &Expr) -> bool {
        self.inner(expr).0 == self.token(expr.span.start)
    }

    fn expr(&mut self, expr: &Expr, depth: u32) {
        let deeper = depth + 1;
        let (start, _) = self.inner(expr);
        match &expr.node {
            ExprNode::Number { .. }
            | ExprNode::Text(_)
            | ExprNode::Bool(_)
            | ExprNode::Name(_)
            | ExprNode::List(_)
            | ExprNode::Tagged { .. } => {}
            ExprNode::Not(inner) => self.expr(inner, deeper),
            ExprNode::Negate(inner) => {
                self.is_glued[start + 1] = true;
                self.expr(inner, deeper);
            }
            ExprNode::Missing(inner) => {
                self.is_glued[start + 1] = true;
                self.expr(inner, deeper);
            }
            ExprNode::Binary { op, left, right } => {
                self.chain(group(*op), left, depth);
                self.after(left, Gap::Together(depth));
                self.expr(right, deeper);
            }
            ExprNode::Between { value, low, high, .. } => {
                for part in [value, low, high] {
                    self.expr(part, deeper);
                }
            }
            ExprNode::In { value, items, .. } => {
                self.expr(value, deeper);
                self.arguments(items, deeper);
            }
            ExprNode::OrElse { value, other } => {
                if matches!(value.node, ExprNode::OrElse { .. }) && self.is_bare(value) {
                    self.expr(value, depth);
                } else {
                    self.expr(value, deeper);
                }
                self.after(value, Gap::Together(depth));
                self.expr(other, deeper);
            }
            ExprNode::If { condition, then, other } => {
                self.expr(condition, deeper + 1);
                self.after(condition, Gap::Together(deeper));
                self.expr(then, deeper + 1);
                self.after(then, Gap::Together(depth));
                let is_next_case = matches!(other.node, ExprNode::If { .. }) && self.is_bare(other);
                self.expr(other, if is_next_case { depth } else { deeper });
            }
            ExprNode::Where { source, condition } => {
                self.expr(source, deeper);
                let word = self.token(source.span.end);
                if !self.is_glued[word] {
                    self.open(word, Gap::Together(depth));
                }
                self.expr(condition, deeper);
            }
            ExprNode::Sequence(sequence) => {
                for (index, step) in sequence.steps.iter().enumerate() {
                    if 0 < index {
                        self.open(self.token(step.source.span.start) - 1, Gap::Together(depth));
                    }
                    self.expr(&step.source, deeper);
                }
            }
            ExprNode::Call { function, arguments } => {
                self.is_glued[start + 1] = true;
                if function.node == "choose" {
                    for argument in arguments.iter().skip(2).step_by(2) {
                        self.open(self.token(argument.span.start), Gap::Together(deeper));
                    }
                    arguments.iter().for_each(|argument| self.expr(argument, deeper + 1));
                } else {
                    self.arguments(arguments, deeper);
                }
            }
            ExprNode::Aggregate(aggregate) => {
                self.is_glued[start + 1] = true;
                if let Some(value) = &aggregate.value {
                    self.expr(value, deeper + 1);
                    self.after(value, Gap::Together(deeper));
                }
                self.expr(&aggregate.source, deeper + 1);
                for keys in [&aggregate.by, &aggregate.matching] {
                    let Some(first) = keys.first() else { continue };
                    self.open(self.token(first.span.start) - 1, Gap::Full(deeper + 1));
                    for key in keys.iter().skip(1) {
                        self.open(self.token(key.span.start), Gap::Full(deeper + 2));
                    }
                }
            }
        }
    }

    /// The left side of an operator: one of the same kind goes on with the same chain.
    fn chain(&mut self, kind: u8, left: &Expr, depth: u32) {
        match &left.node {
            ExprNode::Binary { op, .. } if group(*op) == kind && self.is_bare(left) => {
                self.expr(left, depth);
            }
            _ => self.expr(left, depth + 1),
        }
    }

    fn arguments(&mut self, arguments: &[Expr], depth: u32) {
        for (index, argument) in arguments.iter().enumerate() {
            if 0 < index {
                self.open(self.token(argument.span.start), Gap::Full(depth));
            }
            self.expr(argument, depth + 1);
        }
    }

    /// Opens the gap before the token that follows an expression.
    fn after(&mut self, expr: &Expr, gap: Gap) {
        self.open(self.token(expr.span.end), gap);
    }
}

/// Operators that are broken together.
fn group(op: Op) -> u8 {
    match op {
        Op::Or => 0,
        Op::And => 1,
        Op::Equal | Op::NotEqual | Op::Less | Op::LessEqual | Op::Greater | Op::GreaterEqual => 2,
        Op::Add | Op::Subtract => 3,
        Op::Multiply | Op::Divide => 4,
    }
}

/// For each opening bracket its closing one, and for each token the innermost bracket around it.
fn brackets(tokens: &[Token<'_>]) -> (Vec<usize>, Vec<Option<usize>>) {
    let mut closing = vec![0; tokens.len()];
    let mut around = vec![None; tokens.len()];
    let mut open: Vec<usize> = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        around[index] = open.last().copied();
        match token.kind {
            Kind::LeftParen | Kind::LeftBrace | Kind::LeftBracket => open.push(index),
            Kind::RightParen | Kind::RightBrace | Kind::RightBracket => {
                if let Some(start) = open.pop() {
                    closing[start] = index;
                }
            }
            _ => {}
        }
    }
    (closing, around)
}
