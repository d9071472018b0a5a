//! What must not refuse anybody: where a person comes from, and signals that honest travellers
//! give.
//!
//! Both are asked of the facts that a condition reads, down to the fields that these rest on
//! ([`features::language::weight`]), so that a name in between hides nothing. Limits are the law's
//! and may name countries; nothing else may.

use features::diagnostic::Diagnostic;
use features::expr::Expr;
use features::language::ast::{self, Name};
use features::language::weight::{Ground, Weights};

use super::warning;
use crate::decision::Action;
use crate::resolve::Class;
use crate::rules::Rule;

/// Reports a rule that refuses on weak signals alone, or weighs where a person comes from.
pub(super) fn rule(text: &ast::Rule, rule: &Rule, weights: &Weights, found: &mut Vec<Diagnostic>) {
    if rule.vote.class != Class::Limit {
        origin(("rule", &text.name), &text.when, &rule.when, weights, found);
    }
    let is_refusal = rule.vote.actions.contains(&Action::Decline);
    if is_refusal && weights.ground(&rule.when) == Ground::Weak {
        let message = format!("rule `{}` can refuse on weak signals alone", text.name.node);
        let help = "a VPN, a public Wi-Fi, an old phone and their like are what honest travellers \
            have: ask for more beside them, or for a proof";
        found.push(warning("P316", text.when.span, message).help(help));
    }
}

/// Reports a condition that weighs where a person comes from.
pub(super) fn origin(
    (what, name): (&str, &Name),
    at: &ast::Expr,
    when: &Expr,
    weights: &Weights,
    found: &mut Vec<Diagnostic>,
) {
    let Some(field) = weights.origin(when) else { return };
    let message = format!("{what} `{}` weighs `{}` by itself", name.node, field.path());
    let help = "where a person comes from may be held against other fields, such as the card's \
        country, and must not count alone";
    found.push(warning("P317", at.span, message).help(help));
}
