//! What rules and bands ask for, as written to what is voted for: actions of the decision, and
//! effects on what later events find.

use std::sync::Arc;

use features::diagnostic::{Diagnostic, nearest};
use features::field::{self, FieldId, Kind, Shape, Types};
use features::language::ast::{self, ListKind, Name, Span, Spanned};
use features::language::define::{Definitions, KEYS};
use features::limits::LISTS_MAX;
use features::lists::is_listable;

use super::check::{fault, named, unknown};
use crate::decision::{Action, Effect, Factor, FactorSet, Proof, Proofs, Strength};

/// Where actions stand.
pub(super) struct Scope<'a> {
    /// The events they are for.
    pub(super) on: Types,
    /// Name of the rule or band.
    pub(super) by: &'a Arc<str>,
}

/// The actions and effects of a `then`; what is broken is reported and left out.
pub(super) fn check(
    written: &[Spanned<ast::Action>],
    scope: &Scope<'_>,
    definitions: &mut Definitions,
    faults: &mut Vec<Diagnostic>,
) -> (Vec<Action>, Vec<Effect>) {
    let mut actions = Vec::new();
    let mut effects = Vec::new();
    for Spanned { node, span } in written {
        effects.extend(effect(node, scope, definitions, faults));
        actions.extend(action(node, *span, definitions, faults));
    }
    (actions, effects)
}

/// What an action leaves for later events, if it is one of those.
fn effect(
    action: &ast::Action,
    scope: &Scope<'_>,
    definitions: &mut Definitions,
    faults: &mut Vec<Diagnostic>,
) -> Option<Effect> {
    let (field, list, ms) = match action {
        ast::Action::Tag { entity, tag, ms } => {
            let is_entity = |name: &str| KEYS.iter().any(|(alias, _)| *alias == name);
            let field = carried(entity, is_entity, scope, faults)?;
            let Some(number) = definitions.tag(&entity.node, &tag.node) else {
                faults.push(fault(
                    "P110",
                    tag.span,
                    format!("more than {LISTS_MAX} lists and tags"),
                ));
                return None;
            };
            (field, definitions.lists()[usize::from(number)].name().to_owned(), Some(*ms))
        }
        ast::Action::Add { entity, list, ms } => {
            let field = carried(entity, |_| true, scope, faults)?;
            let kind = list_kind(list, definitions, faults)?;
            if !takes(kind, field) {
                let (wanted, path) = (wanted_by(kind), field.path());
                let message = format!("`@{}` holds {wanted}, got `{path}`", list.node);
                faults.push(fault("P213", entity.span, message));
                return None;
            }
            (field, list.node.clone(), *ms)
        }
        ast::Action::Decline
        | ast::Action::Challenge { .. }
        | ast::Action::Hold { .. }
        | ast::Action::Review
        | ast::Action::Limit { .. }
        | ast::Action::Warn
        | ast::Action::Freeze(_)
        | ast::Action::Notify
        | ast::Action::DelaySettlement => return None,
    };
    Some(Effect { list: list.into(), field, ms, by: Arc::clone(scope.by) })
}

/// The field that an entity's name stands for, or a path, where some event of the scope has it.
fn carried(
    name: &Name,
    is_allowed: impl Fn(&str) -> bool,
    scope: &Scope<'_>,
    faults: &mut Vec<Diagnostic>,
) -> Option<FieldId> {
    let path = KEYS.iter().find(|(alias, _)| *alias == name.node).map(|(_, path)| *path);
    let found = field::find(path.unwrap_or(&name.node)).filter(|_| is_allowed(&name.node));
    let Some(field) = found else {
        let known = KEYS.iter().map(|(alias, _)| *alias);
        unknown(name, "P213", "entity", known, faults);
        return None;
    };
    let on = field.field().on;
    // What is derived is said to be on no type at all.
    if on != Types::NONE && on.intersect(scope.on) == Types::NONE {
        let message = format!("no event of this rule carries `{}`", name.node);
        faults.push(fault("P213", name.span, message));
        return None;
    }
    Some(field)
}

fn list_kind(
    name: &Name,
    definitions: &Definitions,
    faults: &mut Vec<Diagnostic>,
) -> Option<ListKind> {
    let lists = definitions.lists();
    if let Some(number) = definitions.list(&name.node) {
        return Some(lists[usize::from(number)].kind());
    }
    let diagnostic = fault("P213", name.span, format!("unknown list `@{}`", name.node));
    faults.push(match nearest(&name.node, lists.iter().map(|list| list.name())) {
        Some(near) => diagnostic.help(format!("did you mean `@{near}`?")),
        None => diagnostic.help("declare it: `list name \"title\" = value ()`"),
    });
    None
}

/// Whether values of a field can be entries of a list of this kind.
fn takes(kind: ListKind, field: FieldId) -> bool {
    let is_text = matches!(field.kind(), Kind::Id | Kind::Text { .. });
    let is_number =
        matches!(field.field().shape, Shape::Digits { .. }) || field.path() == "card.bin";
    match kind {
        ListKind::Value => is_listable(field.kind()),
        ListKind::Cidr => field.kind() == Kind::Ip,
        ListKind::Prefix | ListKind::Domain => is_text,
        ListKind::Bin => is_text && is_number,
    }
}

fn wanted_by(kind: ListKind) -> &'static str {
    match kind {
        ListKind::Value => "ids, texts, codes, addresses and whole numbers",
        ListKind::Cidr => "addresses and networks",
        ListKind::Prefix => "beginnings of texts",
        ListKind::Domain => "domains",
        ListKind::Bin => "first digits of card numbers",
    }
}

/// What one action asks for; `None` where it is broken, and for effects.
fn action(
    action: &ast::Action,
    span: Span,
    definitions: &mut Definitions,
    faults: &mut Vec<Diagnostic>,
) -> Option<Action> {
    let factors = |names: &[Name], faults: &mut Vec<Diagnostic>| {
        let known = || Factor::ALL.iter().map(|f| f.name());
        let found: Vec<Factor> = names
            .iter()
            .filter_map(|name| named(name, "P204", "factor", Factor::parse, known(), faults))
            .collect();
        FactorSet::of(&found)
    };
    Some(match action {
        ast::Action::Decline => Action::Decline,
        ast::Action::Review => Action::Review,
        ast::Action::Warn => Action::WarnInterstitial,
        ast::Action::Freeze(ast::FreezeWhat::Account) => Action::FreezeAccount,
        ast::Action::Freeze(ast::FreezeWhat::Card) => Action::FreezeCard,
        ast::Action::Notify => Action::NotifyCustomer,
        ast::Action::DelaySettlement => Action::DelaySettlement,
        ast::Action::Tag { .. } | ast::Action::Add { .. } => return None,
        ast::Action::Hold { ms } => Action::Hold { ms: *ms },
        ast::Action::Limit { amount } => match definitions.constant(amount) {
            Ok((minor, Some(currency))) if currency == "CNY" => {
                Action::LimitTo { minor: minor as i64 }
            }
            Ok(_) => {
                faults.push(fault("P208", span, "got another value, wanted an amount in CNY"));
                return None;
            }
            Err(found) => {
                faults.extend(found);
                return None;
            }
        },
        ast::Action::Challenge { strength, prove, forbid, with } => {
            let strength = strength.as_ref().and_then(|name| {
                let names = ["S1", "S2", "S3", "S4"];
                named(name, "P204", "strength", Strength::parse, names, faults)
            });
            let proofs: Vec<Proof> = prove
                .iter()
                .filter_map(|name| {
                    let names = Proof::ALL.iter().map(|p| p.name());
                    named(name, "P204", "proof", Proof::parse, names, faults)
                })
                .collect();
            Action::Challenge {
                strength,
                prove: Proofs::of(&proofs),
                forbid: factors(forbid, faults),
                only: factors(with, faults),
            }
        }
    })
}
