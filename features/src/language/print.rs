//! The canonical line of an expression: how the engine calls an anonymous aggregate, and how it
//! explains a rule.
//!
//! Two expressions have the same line exactly when they are the same tree, however they were laid
//! out: parentheses stand only where the tree needs them, blanks are single, and a duration has one
//! spelling. Parsing the line gives the tree back (a seeded test holds this); `-5` as a single
//! number, which no text gives but folding may, comes back negated.

use std::fmt::Write as _;

use super::ast::{Aggregate, Expr, ExprNode, Name, Over, Sequence, Unit};
use super::power::Power;

/// Milliseconds in each unit that canonical durations use, the longest first. Weeks are left out,
/// because windows are spoken of in days.
const UNITS: [(i64, &str); 5] =
    [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"), (1, "ms")];

/// The canonical one-line text of an expression, such as
/// `count(card_link where outcome == declined) by device over 24h`.
pub fn print(expr: &Expr) -> String {
    let mut out = String::new();
    write_expr(&mut out, expr, Power::Where);
    out
}

/// The canonical spelling of a duration: in the largest unit up to days that is exact. One day is
/// `24h`, as in the names of facts; two are `2d`, and a week is `7d`.
pub fn print_duration(ms: i64) -> String {
    if ms == 86_400_000 {
        return "24h".to_owned();
    }
    let exact = UNITS.iter().find(|(length, _)| ms != 0 && ms % length == 0);
    let (length, unit) = exact.unwrap_or(&(1, "ms"));
    format!("{}{unit}", ms / length)
}

/// Writes an expression where nothing looser than `least` may stand without parentheses.
fn write_expr(out: &mut String, expr: &Expr, least: Power) {
    if Power::of(&expr.node) < least {
        out.push('(');
        write_node(out, &expr.node);
        out.push(')');
    } else {
        write_node(out, &expr.node);
    }
}

fn write_node(out: &mut String, node: &ExprNode) {
    let power = Power::of(node);
    match node {
        ExprNode::Number { value, unit } => write_number(out, *value, unit.as_ref()),
        ExprNode::Text(text) => write_text(out, text),
        ExprNode::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        ExprNode::Name(name) => out.push_str(name),
        ExprNode::List(name) => {
            out.push('@');
            out.push_str(name);
        }
        ExprNode::Not(inner) => {
            out.push_str("not ");
            write_expr(out, inner, power);
        }
        ExprNode::Negate(inner) => {
            out.push('-');
            write_expr(out, inner, power);
        }
        ExprNode::Binary { op, left, right } => {
            // Comparisons do not chain, so that neither side may be one; the others lean left.
            let loosest = if power == Power::Compare { power.tighter() } else { power };
            write_pair(out, (left, loosest), op.name(), (right, power.tighter()));
        }
        ExprNode::Between { value, low, high, negated } => {
            let word = if *negated { "not between" } else { "between" };
            write_pair(out, (value, Power::Sum), word, (low, Power::Sum));
            out.push_str(" and ");
            write_expr(out, high, Power::Sum);
        }
        ExprNode::In { value, items, negated } => {
            write_expr(out, value, Power::Sum);
            out.push_str(if *negated { " not in " } else { " in " });
            write_items(out, items);
        }
        ExprNode::Missing(inner) => {
            out.push_str("missing(");
            write_expr(out, inner, Power::Where);
            out.push(')');
        }
        ExprNode::OrElse { value, other } => {
            write_pair(out, (value, power), "or else", (other, power.tighter()));
        }
        ExprNode::If { condition, then, other } => {
            out.push_str("if ");
            write_expr(out, condition, power);
            out.push_str(" then ");
            // A sequence right after `then` would read as a step of one that began before it.
            if has_sequence(then) {
                out.push('(');
                write_expr(out, then, Power::Where);
                out.push(')');
            } else {
                write_expr(out, then, power);
            }
            out.push_str(" else ");
            write_expr(out, other, power);
        }
        ExprNode::Where { source, condition } => {
            write_pair(out, (source, power), "where", (condition, power.tighter()));
        }
        ExprNode::Tagged { entity, tag, negated } => {
            out.push_str(&entity.node);
            out.push_str(if *negated { " not tagged " } else { " tagged " });
            out.push_str(&tag.node);
        }
        ExprNode::Sequence(sequence) => write_sequence(out, sequence),
        ExprNode::Call { function, arguments } => {
            out.push_str(&function.node);
            out.push('(');
            write_arguments(out, arguments);
            out.push(')');
        }
        ExprNode::Aggregate(aggregate) => write_aggregate(out, aggregate),
    }
}

fn write_pair(out: &mut String, left: (&Expr, Power), word: &str, right: (&Expr, Power)) {
    write_expr(out, left.0, left.1);
    out.push(' ');
    out.push_str(word);
    out.push(' ');
    write_expr(out, right.0, right.1);
}

fn write_items(out: &mut String, items: &[Expr]) {
    if let [Expr { node: ExprNode::List(name), .. }] = items {
        out.push('@');
        out.push_str(name);
        return;
    }
    out.push('(');
    for (index, item) in items.iter().enumerate() {
        out.push_str(if index == 0 { "" } else { ", " });
        write_expr(out, item, Power::Negate);
    }
    out.push(')');
}

fn write_arguments(out: &mut String, arguments: &[Expr]) {
    for (index, argument) in arguments.iter().enumerate() {
        out.push_str(if index == 0 { "" } else { ", " });
        // An aggregate whose last words are `by a` would take the next argument for another key.
        if has_open_keys(argument) {
            out.push('(');
            write_expr(out, argument, Power::Where);
            out.push(')');
        } else {
            write_expr(out, argument, Power::Where);
        }
    }
}

/// Whether an aggregate or a sequence somewhere in the expression ends with its keys. Parentheses
/// too many leave no trace in the tree.
fn has_open_keys(expr: &Expr) -> bool {
    let mut found = false;
    expr.walk(&mut |part| {
        found |= match &part.node {
            ExprNode::Aggregate(a) => {
                let is_closed = a.over.is_some() || a.offset_ms != 0 || a.including_this;
                !a.by.is_empty() && !is_closed
            }
            ExprNode::Sequence(sequence) => !sequence.by.is_empty(),
            _ => false,
        };
    });
    found
}

fn has_sequence(expr: &Expr) -> bool {
    let mut found = false;
    expr.walk(&mut |part| found |= matches!(part.node, ExprNode::Sequence(_)));
    found
}

fn write_sequence(out: &mut String, sequence: &Sequence) {
    for (index, step) in sequence.steps.iter().enumerate() {
        out.push_str(if index == 0 { "" } else { " then " });
        match &step.source.node {
            ExprNode::Where { source, condition } => {
                write_expr(out, source, Power::Primary);
                out.push('[');
                write_expr(out, condition, Power::Where);
                out.push(']');
            }
            _ => write_expr(out, &step.source, Power::Primary),
        }
        if let Some(ms) = step.within_ms {
            out.push_str(" within ");
            out.push_str(&print_duration(ms));
        }
    }
    write_keys(out, " by ", &sequence.by);
}

fn write_keys(out: &mut String, word: &str, keys: &[Name]) {
    for (index, key) in keys.iter().enumerate() {
        out.push_str(if index == 0 { word } else { ", " });
        out.push_str(&key.node);
    }
}

fn write_aggregate(out: &mut String, aggregate: &Aggregate) {
    out.push_str(aggregate.kind.node.name());
    out.push('(');
    if let Some(value) = &aggregate.value {
        write_expr(out, value, Power::Conditional);
        out.push_str(" of ");
    }
    write_expr(out, &aggregate.source, Power::Where);
    out.push(')');
    write_keys(out, " by ", &aggregate.by);
    write_keys(out, " matching ", &aggregate.matching);
    match &aggregate.over {
        Some(Over::Window) => out.push_str(" over window"),
        Some(Over::Span { ms, .. }) => {
            out.push_str(" over ");
            out.push_str(&print_duration(*ms));
        }
        None => {}
    }
    if aggregate.offset_ms != 0 {
        out.push_str(" offset ");
        out.push_str(&print_duration(aggregate.offset_ms));
    }
    if aggregate.including_this {
        out.push_str(" including this");
    }
}

fn write_number(out: &mut String, value: f64, unit: Option<&Unit>) {
    // Writing to a String cannot fail, so the results carry no information.
    let _ = match unit {
        None => write!(out, "{}", decimal(value, 0)),
        Some(Unit::Percent) => write!(out, "{}%", decimal(value, 2)),
        Some(Unit::BasisPoints) => write!(out, "{} bps", decimal(value, 4)),
        // Durations are whole milliseconds below 2^53, so the cast is exact.
        Some(Unit::Duration) => write!(out, "{}", print_duration(value as i64)),
        Some(Unit::Kilometre) => write!(out, "{} km", decimal(value, 0)),
        Some(Unit::Currency(code)) => write!(out, "{} {code}", decimal(value, 0)),
    };
}

/// The shortest decimal that reads back as `value`, with its point moved `shift` places to the
/// right. The point is moved in the text, because a product with 100 could round to another number.
fn decimal(value: f64, shift: i32) -> String {
    let scientific = format!("{:e}", value.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits = mantissa.replace('.', "");
    let point = exponent.parse::<i32>().unwrap_or(0) + 1 + if value == 0.0 { 0 } else { shift };
    let sign = if value < 0.0 { "-" } else { "" };
    let length = digits.len() as i32;
    if point <= 0 {
        format!("{sign}0.{}{digits}", "0".repeat(point.unsigned_abs() as usize))
    } else if length <= point {
        format!("{sign}{digits}{}", "0".repeat((point - length) as usize))
    } else {
        let (whole, part) = digits.split_at(point as usize);
        format!("{sign}{whole}.{part}")
    }
}

fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ => out.push(c),
        }
    }
    out.push('"');
}
