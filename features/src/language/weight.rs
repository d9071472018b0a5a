//! What a fact rests on: whether it weighs where a person comes from, and whether it is a weak
//! signal and nothing else.
//!
//! **Origin.** Nationality, language and the country of a document may be held against other fields
//! (the phone speaks the language of the card's country) and must not count by themselves. Held
//! against means: one side of `==` or `!=` whose other side is no constant. Whether such a field is
//! there at all, and how many different ones were seen, says nothing of where somebody comes from.
//! What compares with a constant, groups by it alone or hands it on as a number weighs it.
//!
//! **Weak signals.** A VPN, a public Wi-Fi, an old phone and their like are what honest travellers
//! have; what reads nothing but these, beside what kind of event it is, must not refuse anybody.
//!
//! Both follow from the definitions alone, so no name can hide them: [`Weights`] goes through all
//! definitions once, each after those that it uses.

use super::define::Definitions;
use crate::expr::{Expr, Op};
use crate::field::{FieldId, ids};
use crate::plan::{KeyPart, Measure, Plan};
use crate::window::Aggregate;

/// Fields that tell where a person comes from.
pub const ORIGIN: [FieldId; 4] =
    [ids::ACCOUNT_NATIONALITY, ids::DEVICE_LANGUAGE, ids::DEVICE_LANGUAGE_REGION, ids::DOC_COUNTRY];

/// Fields that are too weak to decide by themselves.
pub const WEAK: [FieldId; 11] = [
    ids::NETWORK_IS_VPN,
    ids::NETWORK_WIFI_PUBLIC,
    ids::DEVICE_MODEL,
    ids::DEVICE_OS_VERSION,
    ids::DEVICE_OS_PATCH_DATE,
    ids::DEVICE_ROAMING,
    ids::DEVICE_TZ_OFFSET_MIN,
    ids::ACCOUNT_NATIONALITY,
    ids::DEVICE_LANGUAGE,
    ids::DEVICE_LANGUAGE_REGION,
    ids::DOC_COUNTRY,
];

/// Fields that say what kind of event it is and nothing about it.
const NEUTRAL: [FieldId; 4] = [ids::EVENT_TIME_MS, ids::CHANNEL, ids::KIND, ids::FUNDING];

/// How firm the ground of a fact is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ground {
    /// It reads no more than what kind of event it is.
    None,
    /// It reads weak signals.
    Weak,
    /// It reads something else.
    Firm,
}

/// What is to be known of one fact.
#[derive(Clone, Copy, Debug)]
struct Weight {
    /// The field of [`ORIGIN`] that it weighs.
    origin: Option<FieldId>,
    /// Whether it is such a field and nothing done to it.
    is_plain: bool,
    ground: Ground,
}

/// The weights of facts, by their index.
#[derive(Clone, Debug)]
pub struct Weights(Vec<Weight>);

impl Weights {
    /// The weights of all definitions, by their index.
    pub fn of(definitions: &Definitions) -> Weights {
        let mut weights = Weights(Vec::with_capacity(definitions.definitions.len()));
        for definition in &definitions.definitions {
            let known = Known { weights: &weights, measures: &definitions.measures };
            let weight = Weight {
                origin: known.origin(&definition.expr),
                is_plain: known.is_plain(&definition.expr),
                ground: known.ground(&definition.expr),
            };
            weights.0.push(weight);
        }
        weights
    }

    /// The same by the index of the facts of a plan of these definitions.
    pub fn of_plan(&self, definitions: &mut Definitions, plan: &Plan) -> Weights {
        let strange = Weight { origin: None, is_plain: false, ground: Ground::Firm };
        let of_fact = |name: &str, definitions: &mut Definitions| {
            definitions.fact(name).and_then(|index| self.0.get(index)).copied().unwrap_or(strange)
        };
        Weights(plan.facts().iter().map(|fact| of_fact(&fact.name, definitions)).collect())
    }

    /// The field of [`ORIGIN`] that a fact weighs by itself, if it does.
    pub fn origin_of(&self, fact: usize) -> Option<FieldId> {
        self.0.get(fact).and_then(|weight| weight.origin)
    }

    /// The ground of a fact.
    pub fn ground_of_fact(&self, fact: usize) -> Ground {
        self.0.get(fact).map_or(Ground::Firm, |weight| weight.ground)
    }

    /// The field of [`ORIGIN`] that an expression over facts weighs by itself, if it does.
    pub fn origin(&self, expr: &Expr) -> Option<FieldId> {
        Known { weights: self, measures: &[] }.origin(expr)
    }

    /// The weakest ground on which a condition over facts can be true.
    pub fn ground(&self, condition: &Expr) -> Ground {
        Known { weights: self, measures: &[] }.ground_of(condition, true)
    }

    fn get(&self, fact: u16) -> Weight {
        let strange = Weight { origin: None, is_plain: false, ground: Ground::Firm };
        self.0.get(usize::from(fact)).copied().unwrap_or(strange)
    }
}

/// What expressions stand on: earlier facts, and the windows that they read.
struct Known<'a> {
    weights: &'a Weights,
    measures: &'a [Measure],
}

impl Known<'_> {
    fn origin(&self, expr: &Expr) -> Option<FieldId> {
        match expr {
            Expr::Key(field) | Expr::Field(field) | Expr::Listed(field, _) => {
                ORIGIN.contains(field).then_some(*field)
            }
            Expr::Fact(fact) => self.weights.get(*fact).origin,
            Expr::Reading(measure) => {
                self.measures.get(usize::from(*measure)).and_then(|m| self.origin_counted(m))
            }
            Expr::Constant(_)
            | Expr::Has(_)
            | Expr::IsType(_)
            | Expr::Component(_)
            | Expr::Missing(_) => None,
            Expr::Binary(Op::Equal | Op::NotEqual, left, right)
                if !is_constant(left) && !is_constant(right) =>
            {
                let sides = [left, right].into_iter().filter(|side| !self.is_plain(side));
                sides.into_iter().find_map(|side| self.origin(side))
            }
            Expr::Not(inner) | Expr::Negate(inner) | Expr::In(inner, _) => self.origin(inner),
            Expr::Binary(_, left, right) | Expr::OrElse(left, right) => {
                self.origin(left).or_else(|| self.origin(right))
            }
            Expr::If(when, then, other) => {
                [when, then, other].into_iter().find_map(|part| self.origin(part))
            }
            Expr::Choose(parts) | Expr::Call(_, parts) => {
                parts.iter().find_map(|part| self.origin(part))
            }
        }
    }

    /// What a window weighs. How many different ones there are says nothing of any of them, and a
    /// key of several parts groups what is alike.
    fn origin_counted(&self, measure: &Measure) -> Option<FieldId> {
        let value = measure.value.as_ref().filter(|_| measure.aggregate != Aggregate::Distinct);
        let by_one = match measure.read_by.as_slice() {
            [KeyPart::Field(field)] => ORIGIN.contains(field).then_some(*field),
            [KeyPart::Fact(fact)] => self.weights.get(*fact).origin,
            _ => None,
        };
        by_one
            .or_else(|| self.origin(&measure.condition))
            .or_else(|| value.and_then(|value| self.origin(&value.expr)))
    }

    /// Whether it is a field of [`ORIGIN`] with nothing done to it, or with others for want of it.
    fn is_plain(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Key(field) => ORIGIN.contains(field),
            Expr::Fact(fact) => self.weights.get(*fact).is_plain,
            Expr::OrElse(left, right) => self.is_plain(left) || self.is_plain(right),
            _ => false,
        }
    }

    /// The ground of a value: the firmest of what it reads.
    fn ground(&self, expr: &Expr) -> Ground {
        let mut ground = Ground::None;
        expr.walk(&mut |node| {
            let here = match node {
                Expr::Field(field)
                | Expr::Key(field)
                | Expr::Has(field)
                | Expr::Listed(field, _) => ground_of_field(*field),
                Expr::Fact(fact) => self.weights.get(*fact).ground,
                Expr::Reading(_) | Expr::Component(_) => Ground::Firm,
                _ => Ground::None,
            };
            ground = ground.max(here);
        });
        ground
    }

    /// The weakest ground on which a condition can be this.
    fn ground_of(&self, condition: &Expr, is_true: bool) -> Ground {
        match condition {
            Expr::Not(inner) => self.ground_of(inner, !is_true),
            Expr::Binary(op @ (Op::And | Op::Or), left, right) => {
                let sides = [left, right].map(|side| self.ground_of(side, is_true));
                let needs_both = (*op == Op::And) == is_true;
                if needs_both { sides[0].max(sides[1]) } else { sides[0].min(sides[1]) }
            }
            other => self.ground(other),
        }
    }
}

fn ground_of_field(field: FieldId) -> Ground {
    if NEUTRAL.contains(&field) {
        Ground::None
    } else if WEAK.contains(&field) {
        Ground::Weak
    } else {
        Ground::Firm
    }
}

/// Whether it is the same for all events.
fn is_constant(expr: &Expr) -> bool {
    let mut reads = false;
    expr.walk(&mut |node| {
        reads |= matches!(
            node,
            Expr::Field(_)
                | Expr::Key(_)
                | Expr::Has(_)
                | Expr::IsType(_)
                | Expr::Listed(..)
                | Expr::Reading(_)
                | Expr::Fact(_)
                | Expr::Component(_)
        );
    });
    !reads
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;
    use crate::language::define::Origin;
    use crate::language::parse;

    fn weights(text: &str) -> (Definitions, Weights) {
        let (policy, faults) = parse(text);
        assert_eq!(faults, []);
        let mut definitions = catalog::definitions();
        assert_eq!(definitions.add(&policy, Origin::Policy), []);
        let weights = Weights::of(&definitions);
        (definitions, weights)
    }

    fn feature(kind: &str, expression: &str) -> (Option<FieldId>, Ground) {
        let text = format!("feature f \"it\" unit {kind} missing unknown = {expression}");
        let (mut definitions, weights) = weights(&text);
        let fact = definitions.fact("f").expect("it was just defined");
        (weights.origin_of(fact), weights.0[fact].ground)
    }

    #[test]
    fn no_fact_of_the_catalogue_weighs_where_a_person_comes_from() {
        let (definitions, weights) = weights("");
        for feature in definitions.features() {
            let origin = weights.origin_of(feature.definition);
            assert_eq!(origin.map(FieldId::path), None, "{}", feature.name);
        }
    }

    #[test]
    fn to_hold_against_another_field_is_no_weight_and_anything_else_is() {
        for sound in [
            "account.nationality == card.issuer_country",
            "(account.nationality or else card.issuer_country) != geo.country",
            "missing(doc_country)",
            "distinct(account.nationality of any) by device over 7d >= 3",
        ] {
            assert_eq!(feature("flag", sound).0, None, "{sound}");
        }
        for (weighing, field) in [
            ("account.nationality == \"NG\"", ids::ACCOUNT_NATIONALITY),
            ("not (account.nationality in (\"NG\", \"RO\"))", ids::ACCOUNT_NATIONALITY),
            ("base_minor > 1 CNY and device.language == \"ru\"", ids::DEVICE_LANGUAGE),
            (
                "count(identity_verification where doc_country == \"CN\") by account over 7d > 1",
                ids::DOC_COUNTRY,
            ),
            ("count(payment) by account.nationality over 7d > 9", ids::ACCOUNT_NATIONALITY),
            (
                "last(device.language_region of payment) by account == \"RU\"",
                ids::DEVICE_LANGUAGE_REGION,
            ),
        ] {
            assert_eq!(feature("flag", weighing).0, Some(field), "{weighing}");
        }
        assert_eq!(feature("key", "account.nationality").0, Some(ids::ACCOUNT_NATIONALITY));
    }

    #[test]
    fn the_ground_of_a_fact_is_the_firmest_that_it_reads() {
        for (expression, ground) in [
            ("payment and kind == bill", Ground::None),
            ("ip_is_vpn", Ground::Weak),
            ("os_patch_age_days > 900 and payment", Ground::Weak),
            ("ip_is_vpn and base_minor > 1 CNY", Ground::Firm),
            ("ip_is_tor", Ground::Firm),
        ] {
            assert_eq!(feature("flag", expression).1, ground, "{expression}");
        }
    }
}
