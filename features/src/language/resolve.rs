//! Expressions: what names mean, which types and units fit, which events a window counts.
//!
//! One pass from the syntax tree to [`Expr`], collecting every fault on the way: a part with a
//! fault has the type [`Type::Broken`], which fits everything, so that one mistake is said once.
//! Where an event type and a field share a name (`label`), a comparison means the field and a
//! condition the event type.

use super::ast::{self, ExprNode, Unit};
use super::define::{Definitions, KEYS, both, fault, key_field, key_of_text, unknown};
use crate::diagnostic::Diagnostic;
use crate::expr::{Component, Expr, FUNCTIONS, Function, Op, Scope};
use crate::field::{self, EventType, FieldId, Kind, Types};
use crate::limits::{DAY_MS, EXPRESSION_NODES_MAX, LETS_NESTED_MAX, LISTS_MAX};
use crate::lists::is_listable;
use crate::money;
use crate::plan::{Definition, Reading};

mod past;

/// Amounts of the wallet itself, which keeps its books in the base currency.
const IN_BASE_CURRENCY: [&str; 5] = [
    "account.balance_minor",
    "benefit_minor",
    "loss_minor",
    "new_limit_minor",
    "pass_balance_before_minor",
];

/// The type of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Type {
    Bool,
    Number,
    /// Minor units of a currency.
    Money(String),
    /// Minor units of whatever currency the event has.
    OwnMoney,
    /// Milliseconds.
    Duration,
    /// Milliseconds since the epoch.
    Time,
    Distance,
    /// A text, id, country, currency or address.
    Key(Kind),
    Category(Vec<String>),
    /// Already reported.
    Broken,
}

impl Type {
    pub(crate) fn of_field(field: FieldId) -> Type {
        match field.kind() {
            Kind::Bool => Type::Bool,
            Kind::Int { .. } | Kind::Float { .. } if field.path().ends_with("_km") => {
                Type::Distance
            }
            Kind::Int { .. } if field.path() == "event_age_ms" => Type::Duration,
            Kind::Int { .. } | Kind::Float { .. } | Kind::YearMonth | Kind::Set(_) => Type::Number,
            Kind::Time | Kind::Date => Type::Time,
            Kind::Money
                if field.path().ends_with("base_minor")
                    || IN_BASE_CURRENCY.contains(&field.path()) =>
            {
                Type::Money("CNY".to_owned())
            }
            Kind::Money if field.path().ends_with("usd_minor") => Type::Money("USD".to_owned()),
            Kind::Money => Type::OwnMoney,
            Kind::Enum(names) => Type::Category(names.iter().map(|n| (*n).to_owned()).collect()),
            kind @ (Kind::Country | Kind::Currency | Kind::Id | Kind::Text { .. } | Kind::Ip) => {
                Type::Key(kind)
            }
        }
    }

    pub(crate) fn is_key(&self) -> bool {
        matches!(self, Type::Key(_))
    }

    pub(crate) fn reading(&self) -> Reading {
        match self {
            Type::Bool => Reading::Bool,
            Type::Category(names) => Reading::Category(names.clone()),
            Type::Key(_) => Reading::Key,
            Type::Number
            | Type::Money(_)
            | Type::OwnMoney
            | Type::Duration
            | Type::Time
            | Type::Distance
            | Type::Broken => Reading::Number,
        }
    }

    pub(crate) fn describe(&self) -> String {
        match self {
            Type::Bool => "a condition".to_owned(),
            Type::Number => "a number".to_owned(),
            Type::Money(code) => format!("an amount in {code}"),
            Type::OwnMoney => "an amount in the event's own currency".to_owned(),
            Type::Duration => "a duration".to_owned(),
            Type::Time => "a time".to_owned(),
            Type::Distance => "a distance".to_owned(),
            Type::Key(Kind::Country) => "a country".to_owned(),
            Type::Key(Kind::Currency) => "a currency".to_owned(),
            Type::Key(_) => "a text".to_owned(),
            Type::Category(names) => format!("one of {}", shortened(names)),
            Type::Broken => "something broken".to_owned(),
        }
    }

    fn fits(&self, other: &Type) -> bool {
        match (self, other) {
            (Type::Broken, _) | (_, Type::Broken) => true,
            (Type::Key(a), Type::Key(b)) => {
                let plain = |kind: &Kind| matches!(kind, Kind::Id | Kind::Text { .. });
                a == b || plain(a) && plain(b)
            }
            (a, b) => a == b,
        }
    }
}

fn shortened(names: &[String]) -> String {
    match names {
        [a, b, c, d, _, ..] => format!("{a}, {b}, {c}, {d}, ..."),
        few => few.join(", "),
    }
}

/// Where an expression stands, which decides what it may name.
#[derive(Clone, Copy, PartialEq)]
enum Context {
    /// A condition or value over one event: no history.
    Event,
    /// The body of a feature, with the window of its family.
    Feature(Option<i64>),
    /// The condition of a rule on these types.
    Rule(Types),
}

/// Resolves expressions of one statement.
pub(crate) struct Resolver<'a> {
    known: &'a mut Definitions,
    context: Context,
    faults: &'a mut Vec<Diagnostic>,
    /// Nodes that may still be written out, and `let` names we are inside of.
    nodes_left: u32,
    lets_open: u32,
}

type Typed = (Expr, Type);

const BROKEN: Typed = (Expr::Constant(f64::NAN), Type::Broken);

impl<'a> Resolver<'a> {
    pub(crate) fn for_event(
        known: &'a mut Definitions,
        faults: &'a mut Vec<Diagnostic>,
    ) -> Resolver<'a> {
        Resolver::new(known, Context::Event, faults)
    }

    pub(crate) fn for_feature(
        known: &'a mut Definitions,
        window_ms: Option<i64>,
        faults: &'a mut Vec<Diagnostic>,
    ) -> Resolver<'a> {
        Resolver::new(known, Context::Feature(window_ms), faults)
    }

    pub(crate) fn for_rule(
        known: &'a mut Definitions,
        on: Types,
        faults: &'a mut Vec<Diagnostic>,
    ) -> Resolver<'a> {
        Resolver::new(known, Context::Rule(on), faults)
    }

    fn new(
        known: &'a mut Definitions,
        context: Context,
        faults: &'a mut Vec<Diagnostic>,
    ) -> Resolver<'a> {
        Resolver { known, context, faults, nodes_left: EXPRESSION_NODES_MAX, lets_open: 0 }
    }

    /// The expression and its type; faults are collected.
    pub(crate) fn expression(&mut self, expr: &ast::Expr) -> Typed {
        match self.nodes_left {
            0 => return BROKEN,
            1 => {
                self.nodes_left = 0;
                return self.too_large(expr.span);
            }
            _ => self.nodes_left -= 1,
        }
        match &expr.node {
            ExprNode::Number { value, unit } => self.number(expr.span, *value, unit.as_ref()),
            ExprNode::Bool(value) => (Expr::Constant(f64::from(u8::from(*value))), Type::Bool),
            ExprNode::Name(name) => self.name(expr.span, name, Wanted::Condition),
            ExprNode::Text(_) | ExprNode::List(_) => {
                let message = "got a text or list alone, wanted a comparison with it";
                self.broken(fault("P105", expr.span, message))
            }
            ExprNode::Not(inner) => (Expr::Not(Box::new(self.condition(inner))), Type::Bool),
            ExprNode::Negate(inner) => {
                let (value, kind) = self.value(inner);
                (Expr::Negate(Box::new(value)), kind)
            }
            ExprNode::Binary { op, left, right } => self.binary(expr.span, *op, left, right),
            ExprNode::Between { value, low, high, negated } => {
                let above = self.compare(expr.span, ast::Op::GreaterEqual, value, low);
                let below = self.compare(expr.span, ast::Op::LessEqual, value, high);
                (negate_if(*negated, both(Op::And, above, below)), Type::Bool)
            }
            ExprNode::In { value, items, negated } => {
                (negate_if(*negated, self.membership(value, items)), Type::Bool)
            }
            ExprNode::Missing(inner) => (Expr::Missing(Box::new(self.value(inner).0)), Type::Bool),
            ExprNode::OrElse { value, other } => {
                let (value, kind) = self.value(value);
                let (other, other_kind) = self.value_as(other, &kind);
                self.expect(expr.span, &kind, &other_kind);
                (Expr::OrElse(Box::new(value), Box::new(other)), kind)
            }
            ExprNode::If { condition, then, other } => {
                let condition = self.condition(condition);
                let (then, kind) = self.value(then);
                let (other, other_kind) = self.value_as(other, &kind);
                self.expect(expr.span, &kind, &other_kind);
                (Expr::If(Box::new(condition), Box::new(then), Box::new(other)), kind)
            }
            ExprNode::Where { source, condition } => {
                let source = self.condition(source);
                let condition = self.condition(condition);
                (both(Op::And, source, condition), Type::Bool)
            }
            ExprNode::Tagged { entity, tag, negated } => {
                (negate_if(*negated, self.tagged(entity, tag)), Type::Bool)
            }
            ExprNode::Sequence(sequence) => self.sequence(expr, sequence),
            ExprNode::Call { function, arguments } => self.call(function, arguments),
            ExprNode::Aggregate(aggregate) => self.aggregate(expr, aggregate),
        }
    }

    fn too_large(&mut self, span: ast::Span) -> Typed {
        let message = "the expression grows too large when its names are written out";
        self.broken(fault("P111", span, message))
    }

    fn broken(&mut self, diagnostic: Diagnostic) -> Typed {
        self.faults.push(diagnostic);
        BROKEN
    }

    fn expect(&mut self, span: ast::Span, wanted: &Type, got: &Type) {
        if !wanted.fits(got) {
            let message = format!("got {}, wanted {}", got.describe(), wanted.describe());
            let mut diagnostic = fault("P103", span, message);
            if *wanted == Type::OwnMoney || *got == Type::OwnMoney {
                diagnostic = diagnostic.help("use base_minor (CNY) or usd_minor (USD)");
            }
            self.faults.push(diagnostic);
        }
    }

    fn condition(&mut self, expr: &ast::Expr) -> Expr {
        let (resolved, kind) = self.expression(expr);
        if kind != Type::Bool && kind != Type::Broken {
            let message = format!("got {}, wanted a condition", kind.describe());
            self.faults.push(fault("P104", expr.span, message));
        }
        resolved
    }

    /// Like [`Self::expression`], but a name means a field before it means an event type.
    pub(crate) fn value(&mut self, expr: &ast::Expr) -> Typed {
        match &expr.node {
            ExprNode::Name(name) => self.name(expr.span, name, Wanted::Value),
            _ => self.expression(expr),
        }
    }

    /// A value beside one of a known type: there, a bare name may be a category or a country.
    fn value_as(&mut self, expr: &ast::Expr, kind: &Type) -> Typed {
        match (&expr.node, kind) {
            (ExprNode::Name(name), Type::Category(names)) => {
                if let Some(index) = names.iter().position(|n| n == name) {
                    return (Expr::Constant(index as f64), kind.clone());
                }
                if self.means_something(name) {
                    return self.value(expr);
                }
                let known: Vec<&str> = names.iter().map(String::as_str).collect();
                self.broken(unknown(expr.span, "category", name, &known))
            }
            (ExprNode::Name(text) | ExprNode::Text(text), Type::Key(key)) => {
                let is_name = matches!(expr.node, ExprNode::Name(_));
                if is_name && self.means_something(text) {
                    return self.value(expr);
                }
                match key_of_text(*key, text) {
                    Some(number) => (Expr::Constant(number), kind.clone()),
                    None => {
                        let wanted = kind.describe();
                        let message = format!("got `{text}`, wanted {wanted}");
                        self.broken(fault("P103", expr.span, message))
                    }
                }
            }
            (ExprNode::Text(text), Type::Category(names)) => {
                match names.iter().position(|n| n == text) {
                    Some(index) => (Expr::Constant(index as f64), kind.clone()),
                    None => {
                        let known: Vec<&str> = names.iter().map(String::as_str).collect();
                        self.broken(unknown(expr.span, "category", text, &known))
                    }
                }
            }
            _ => self.value(expr),
        }
    }

    /// A value and the constant that it is said to be.
    pub(super) fn given(&mut self, left: &ast::Expr, right: &ast::Expr) -> (Expr, f64) {
        let (expr, kind) = self.value(left);
        if kind == Type::Broken {
            return (expr, f64::NAN);
        }
        let has_unknown =
            matches!(&kind, Type::Category(names) if names.iter().any(|n| n == "unknown"));
        if !has_unknown && matches!(&right.node, ExprNode::Name(name) if name == "unknown") {
            return (expr, f64::NAN);
        }
        let before = self.faults.len();
        let (constant, other) = self.value_as(right, &kind);
        // A moment has no form of its own: it is written in milliseconds.
        if !matches!((&kind, &other), (Type::Time, Type::Number)) {
            self.expect(right.span, &kind, &other);
        }
        let value = constant.value(Scope::EMPTY);
        if value.is_nan() && before == self.faults.len() {
            self.not_a_constant(right.span);
        }
        (expr, value)
    }

    fn means_something(&self, name: &str) -> bool {
        self.known.lets.contains_key(name)
            || self.known.feature_index(name).is_some()
            || field::find(name).is_some()
            || key_field(name).is_some()
    }

    fn number(&mut self, span: ast::Span, value: f64, unit: Option<&Unit>) -> Typed {
        let (value, kind) = match unit {
            None | Some(Unit::Percent | Unit::BasisPoints) => (value, Type::Number),
            Some(Unit::Duration) => (value, Type::Duration),
            Some(Unit::Kilometre) => (value, Type::Distance),
            Some(Unit::Currency(code)) => match money::exponent(code) {
                Some(exponent) => {
                    let minor = (value * 10_f64.powi(i32::from(exponent))).round();
                    (minor, Type::Money(code.clone()))
                }
                None => {
                    let message = format!("unknown currency `{code}`");
                    return self.broken(fault("P101", span, message));
                }
            },
        };
        (Expr::Constant(value), kind)
    }

    fn name(&mut self, span: ast::Span, name: &str, wanted: Wanted) -> Typed {
        // A label is knowledge about an event, not one more thing that happened.
        if name == "any" {
            let events = Types::ANY.without(Types::of(&[EventType::Label]));
            return (Expr::IsType(events), Type::Bool);
        }
        // `unknown` fits every type; beside a category, that category's own name goes first.
        if name == "unknown" {
            return (Expr::Constant(f64::NAN), Type::Broken);
        }
        if let Some(body) = self.known.lets.get(name).cloned() {
            if LETS_NESTED_MAX <= self.lets_open {
                return self.too_large(span);
            }
            let context = std::mem::replace(&mut self.context, Context::Event);
            self.lets_open += 1;
            let reported = self.faults.len();
            let resolved = self.expression(&body);
            // What is wrong inside was reported where the name is defined; what only grew too
            // large here is pointed at here.
            let grew = self.faults.drain(reported..).any(|fault| fault.code == "P111");
            self.lets_open -= 1;
            self.context = context;
            return if grew { self.too_large(span) } else { resolved };
        }
        if let Some(index) = self.known.feature_index(name)
            && field::find(name).is_none()
        {
            if self.context == Context::Event {
                let message = format!("`{name}` is a fact of history, wanted fields of one event");
                return self.broken(fault("P105", span, message));
            }
            return (Expr::Fact(index as u16), self.known.types[index].clone());
        }
        let event_type = EventType::parse(name);
        if let Some(event_type) = event_type
            && wanted == Wanted::Condition
        {
            return (Expr::IsType(Types::of(&[event_type])), Type::Bool);
        }
        if let Some(field) = field::find(name).or_else(|| key_field(name)) {
            return self.field(span, field);
        }
        if event_type.is_some() {
            let message = format!("`{name}` is an event type, wanted a value");
            return self.broken(fault("P105", span, message));
        }
        let diagnostic = unknown(span, "name", name, &self.known.suggested_names());
        self.broken(diagnostic)
    }

    fn field(&mut self, span: ast::Span, field: FieldId) -> Typed {
        if let Context::Rule(on) = self.context
            && field.field().on.intersect(on) == Types::NONE
        {
            let mut types = EventType::ALL.into_iter().filter(|kind| on.contains(*kind));
            let event = match (types.next(), types.next()) {
                (Some(one), None) => one.name(),
                _ => "event of this rule",
            };
            let message = format!("no {event} carries `{}`", field.path());
            return self.broken(fault("P109", span, message));
        }
        let kind = Type::of_field(field);
        let expr = match field.kind() {
            _ if kind.is_key() => Expr::Key(field),
            // Dates are kept in days, times in milliseconds.
            Kind::Date => both(Op::Multiply, Expr::Field(field), Expr::Constant(DAY_MS as f64)),
            _ => Expr::Field(field),
        };
        (expr, kind)
    }

    fn binary(
        &mut self,
        span: ast::Span,
        op: ast::Op,
        left: &ast::Expr,
        right: &ast::Expr,
    ) -> Typed {
        match op {
            ast::Op::And | ast::Op::Or => {
                let (left, right) = (self.condition(left), self.condition(right));
                let op = if op == ast::Op::And { Op::And } else { Op::Or };
                (both(op, left, right), Type::Bool)
            }
            ast::Op::Equal
            | ast::Op::NotEqual
            | ast::Op::Less
            | ast::Op::LessEqual
            | ast::Op::Greater
            | ast::Op::GreaterEqual => (self.compare(span, op, left, right), Type::Bool),
            ast::Op::Add | ast::Op::Subtract | ast::Op::Multiply | ast::Op::Divide => {
                self.arithmetic(span, op, left, right)
            }
        }
    }

    fn compare(
        &mut self,
        span: ast::Span,
        op: ast::Op,
        left: &ast::Expr,
        right: &ast::Expr,
    ) -> Expr {
        let (a, kind) = self.value(left);
        let (b, other) = self.value_as(right, &kind);
        self.expect(span, &kind, &other);
        let ordered = !matches!(op, ast::Op::Equal | ast::Op::NotEqual);
        if ordered && matches!(kind, Type::Key(_) | Type::Category(_) | Type::Bool) {
            let message = format!("{} has no order, wanted == or !=", kind.describe());
            self.faults.push(fault("P103", span, message));
        }
        match op {
            ast::Op::Equal => both(Op::Equal, a, b),
            ast::Op::NotEqual => both(Op::NotEqual, a, b),
            ast::Op::Less => both(Op::Less, a, b),
            ast::Op::LessEqual => both(Op::LessEqual, a, b),
            ast::Op::Greater => both(Op::Less, b, a),
            _ => both(Op::LessEqual, b, a),
        }
    }

    fn arithmetic(
        &mut self,
        span: ast::Span,
        op: ast::Op,
        left: &ast::Expr,
        right: &ast::Expr,
    ) -> Typed {
        let (a, left) = self.value(left);
        let (b, right) = self.value(right);
        let scalar = |kind: &Type| matches!(kind, Type::Number | Type::Broken);
        let measured = |kind: &Type| !matches!(kind, Type::Bool | Type::Key(_) | Type::Category(_));
        let kind = match op {
            ast::Op::Multiply if scalar(&left) && measured(&right) => Some(right.clone()),
            ast::Op::Multiply if scalar(&right) && measured(&left) => Some(left.clone()),
            ast::Op::Divide if scalar(&right) && measured(&left) => Some(left.clone()),
            ast::Op::Divide if left.fits(&right) && measured(&left) => Some(Type::Number),
            ast::Op::Subtract if left == Type::Time && right == Type::Time => Some(Type::Duration),
            ast::Op::Add | ast::Op::Subtract if left == Type::Time && right == Type::Duration => {
                Some(Type::Time)
            }
            ast::Op::Add | ast::Op::Subtract
                if left.fits(&right) && measured(&left) && left != Type::Time =>
            {
                Some(left.clone())
            }
            _ => None,
        };
        let Some(kind) = kind else {
            let (l, r) = (left.describe(), right.describe());
            let message = format!("`{}` does not take {l} and {r}", op.name());
            return self.broken(fault("P103", span, message));
        };
        let op = match op {
            ast::Op::Add => Op::Add,
            ast::Op::Subtract => Op::Subtract,
            ast::Op::Multiply => Op::Multiply,
            _ => Op::Divide,
        };
        (both(op, a, b), kind)
    }

    fn membership(&mut self, value: &ast::Expr, items: &[ast::Expr]) -> Expr {
        let (expr, kind) = self.value(value);
        if let [ast::Expr { node: ExprNode::List(name), span }] = items {
            return self.in_list(*span, name, expr, &kind);
        }
        let mut numbers = Vec::new();
        for item in items {
            let (constant, item_kind) = self.value_as(item, &kind);
            self.expect(item.span, &kind, &item_kind);
            match constant {
                Expr::Constant(number) => numbers.push(number),
                Expr::Negate(inner) => match *inner {
                    // Not the negative zero, which no value is looked up as.
                    Expr::Constant(number) => numbers.push(0.0 - number),
                    _ => self.not_a_constant(item.span),
                },
                _ => self.not_a_constant(item.span),
            }
        }
        numbers.sort_by(f64::total_cmp);
        Expr::In(Box::new(expr), numbers)
    }

    fn not_a_constant(&mut self, span: ast::Span) {
        self.faults.push(fault("P105", span, "got a value that varies, wanted a constant"));
    }

    /// A tag is a list of values that is named for the entity and the tag.
    fn tagged(&mut self, entity: &ast::Name, tag: &ast::Name) -> Expr {
        let Some(field) = key_field(&entity.node) else {
            let known: Vec<&str> = KEYS.iter().map(|(alias, _)| *alias).collect();
            let mut diagnostic = unknown(entity.span, "entity", &entity.node, &known);
            diagnostic.code = "P106";
            return self.broken(diagnostic).0;
        };
        let Some(list) = self.known.tag(&entity.node, &tag.node) else {
            let message = format!("more than {LISTS_MAX} lists and tags are defined");
            return self.broken(fault("P110", tag.span, message)).0;
        };
        let (expr, _) = self.field(entity.span, field);
        listed(expr, list).unwrap_or(BROKEN.0)
    }

    fn in_list(&mut self, span: ast::Span, name: &str, expr: Expr, kind: &Type) -> Expr {
        let Some(list) = self.known.list(name) else {
            let known: Vec<&str> = self.known.lists().iter().map(|list| list.name()).collect();
            let diagnostic = unknown(span, "list", name, &known);
            return self.broken(diagnostic).0;
        };
        if *kind == Type::Broken {
            return BROKEN.0;
        }
        let declared = &self.known.lists()[usize::from(list)];
        if let (ast::ListKind::Value, Type::Key(kind)) = (declared.kind(), kind)
            && declared.values().any(|value| key_of_text(*kind, value).is_none())
        {
            let message = format!("list `{name}` has entries that are no {kind:?}");
            self.faults.push(fault("P108", span, message));
        }
        match listed(expr, list) {
            Some(expr) => expr,
            None => {
                let message = format!("got {}, wanted a field of the event", kind.describe());
                let help = "lists hold ids, texts, codes, addresses and whole numbers";
                self.broken(fault("P105", span, message).help(help)).0
            }
        }
    }

    fn call(&mut self, function: &ast::Name, arguments: &[ast::Expr]) -> Typed {
        if function.node == "choose" {
            return self.choose(function, arguments);
        }
        if function.node == "component" {
            return self.component(function, arguments);
        }
        let found = FUNCTIONS.iter().find(|(name, ..)| *name == function.node);
        let Some((name, function_kind, count)) = found else {
            let names: Vec<&str> =
                FUNCTIONS.iter().map(|(n, ..)| *n).chain(["choose", "component"]).collect();
            return self.broken(unknown(function.span, "function", &function.node, &names));
        };
        if arguments.is_empty() || count.is_some_and(|count| count != arguments.len()) {
            let wanted = count.unwrap_or(1);
            let message =
                format!("got {} arguments for `{name}`, wanted {wanted}", arguments.len());
            return self.broken(fault("P103", function.span, message));
        }
        let typed: Vec<Typed> = arguments.iter().map(|a| self.value(a)).collect();
        let first = typed[0].1.clone();
        let kind = match function_kind {
            Function::Abs | Function::Round | Function::Floor => first,
            Function::Min | Function::Max | Function::Clamp => {
                for (argument, (_, kind)) in arguments.iter().zip(&typed) {
                    self.expect(argument.span, &first, kind);
                }
                first
            }
            Function::DistanceKm => Type::Distance,
            Function::Hour | Function::Weekday => {
                self.expect(arguments[0].span, &Type::Time, &first);
                Type::Number
            }
            Function::ZoneOffsetMin => {
                self.expect(arguments[0].span, &Type::Key(Kind::Country), &first);
                Type::Number
            }
            Function::Ln | Function::Sqrt | Function::Modulo | Function::Sin | Function::Cos => {
                Type::Number
            }
        };
        (Expr::Call(*function_kind, typed.into_iter().map(|(e, _)| e).collect()), kind)
    }

    /// `choose(home, c1, away, c2)`: the first category whose condition is true.
    fn choose(&mut self, function: &ast::Name, arguments: &[ast::Expr]) -> Typed {
        let mut names = Vec::new();
        let mut conditions = Vec::new();
        for pair in arguments.chunks(2) {
            let [ast::Expr { node: ExprNode::Name(name), .. }, condition] = pair else {
                let message = "wanted pairs of a category and its condition";
                return self.broken(fault("P103", function.span, message));
            };
            names.push(name.clone());
            conditions.push(self.condition(condition));
        }
        (Expr::Choose(conditions), Type::Category(names))
    }

    /// `component(size)`: one fact about the component of the graph that the event belongs to.
    fn component(&mut self, function: &ast::Name, arguments: &[ast::Expr]) -> Typed {
        if self.context == Context::Event {
            let message = "got a fact of the graph, wanted fields of one event";
            return self.broken(fault("P105", function.span, message));
        }
        let [ast::Expr { node: ExprNode::Name(name), span }] = arguments else {
            let message = "wanted one name, such as `component(size)`";
            return self.broken(fault("P103", function.span, message));
        };
        let Some(component) = Component::ALL.into_iter().find(|c| c.name() == name) else {
            let names = Component::ALL.map(Component::name);
            return self.broken(unknown(*span, "fact of a component", name, &names));
        };
        let kind = match component {
            Component::AgeSpread => Type::Duration,
            Component::Size | Component::Fraud | Component::FraudTwoSteps => Type::Number,
        };
        let name = format!("component({name})");
        self.fact_in_rule(name, Expr::Component(component), kind)
    }

    /// A reading of the past: in a rule it becomes a fact of its own, so that a record of facts is
    /// enough to judge again.
    fn fact_in_rule(&mut self, name: String, expr: Expr, kind: Type) -> Typed {
        match self.context {
            Context::Rule(_) => {
                let definition = Definition { name, reading: kind.reading(), expr };
                (Expr::Fact(self.known.define(definition, kind.clone()) as u16), kind)
            }
            Context::Event | Context::Feature(_) => (expr, kind),
        }
    }
}

/// Which meaning of a name goes first.
#[derive(Clone, Copy, PartialEq)]
enum Wanted {
    Condition,
    Value,
}

/// Whether a value is in a list, where it is a field or a choice of fields; a choice of answers is
/// the answer to a choice.
fn listed(expr: Expr, list: u16) -> Option<Expr> {
    let inner = |expr: Box<Expr>| listed(*expr, list).map(Box::new);
    Some(match expr {
        Expr::Key(field) | Expr::Field(field) if is_listable(field.kind()) => {
            Expr::Listed(field, list)
        }
        Expr::Constant(value) if value.is_nan() => Expr::Constant(value),
        Expr::OrElse(value, other) => Expr::OrElse(inner(value)?, inner(other)?),
        Expr::If(condition, then, other) => Expr::If(condition, inner(then)?, inner(other)?),
        _ => return None,
    })
}

fn negate_if(negated: bool, expr: Expr) -> Expr {
    if negated { Expr::Not(Box::new(expr)) } else { expr }
}
