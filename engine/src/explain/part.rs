//! A condition over facts, part by part: what holds, what was read, and what would have to turn.

use super::show::{shown, size};
use crate::policy::Policy;
use crate::rules::{Compared, Outline, Test, Unit, scope};

/// A part of a condition and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// How it is built.
    pub form: Form,
    /// Whether it holds; `None` is unknown.
    pub truth: Option<bool>,
    /// The parts it is built from, in the order of the text.
    pub parts: Vec<Part>,
}

/// How a part is built.
#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    /// All parts must hold.
    All,
    /// One part must hold.
    Any,
    /// The part must not hold.
    Not,
    /// A name that stands for the part.
    Let(String),
    /// A condition that is not taken apart.
    Test(TestFinding),
}

/// A condition that is not taken apart, and what it read.
#[derive(Clone, Debug, PartialEq)]
pub struct TestFinding {
    /// As it is written.
    pub text: String,
    /// The facts it reads, in the order of the text.
    pub values: Vec<ValueRead>,
    /// For a comparison of known numbers: how far from its border.
    pub gap: Option<Gap>,
}

/// A fact that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueRead {
    /// Which: an index into the plan's facts.
    pub fact: u16,
    /// Its name.
    pub name: String,
    /// Its value; NaN is unknown.
    pub value: f64,
    /// The value for a person, `unknown` where there is none.
    pub shown: String,
}

/// How far a compared value is from the border of what holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Gap {
    /// The compared value.
    pub value: f64,
    /// The value for a person.
    pub shown: String,
    /// Whether the border is above the value (`true`) or below it.
    pub is_below: bool,
    /// The distance to the border, zero or more, in the unit of the value.
    pub by: f64,
    /// The distance for a person.
    pub by_shown: String,
    /// The distance as a share of the border's size, to tell near misses from far ones.
    pub share: f64,
}

/// A condition and how it stands: one that makes a rule true, or one that would have to turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Need {
    /// The condition.
    pub test: TestFinding,
    /// Whether it must hold, or must not.
    pub must_hold: bool,
    /// Whether it holds now; `None` is unknown.
    pub truth: Option<bool>,
}

impl Part {
    /// The condition of these facts.
    pub(super) fn of(outline: &Outline, policy: &Policy, facts: &[f64]) -> Part {
        let truth = known(outline.truth(facts));
        let of =
            |parts: &[Outline]| parts.iter().map(|part| Part::of(part, policy, facts)).collect();
        let (form, parts) = match outline {
            Outline::All(parts) => (Form::All, of(parts)),
            Outline::Any(parts) => (Form::Any, of(parts)),
            Outline::Not(part) => (Form::Not, vec![Part::of(part, policy, facts)]),
            Outline::Let(name, body) => {
                (Form::Let(name.clone()), vec![Part::of(body, policy, facts)])
            }
            Outline::Test(test) => (Form::Test(TestFinding::of(test, policy, facts)), Vec::new()),
        };
        Part { form, truth, parts }
    }

    /// The conditions that its truth rests on, when it is true or false.
    pub(super) fn support(&self) -> Vec<Need> {
        let mut needs = Vec::new();
        self.rest_on(self.truth == Some(true), &mut needs);
        needs
    }

    /// Adds what makes this part `holds`; only asked where it is so.
    fn rest_on(&self, holds: bool, needs: &mut Vec<Need>) {
        match &self.form {
            Form::Test(test) => {
                needs.push(Need { test: test.clone(), must_hold: holds, truth: self.truth });
            }
            Form::Let(_) => self.parts.iter().for_each(|part| part.rest_on(holds, needs)),
            Form::Not => self.parts.iter().for_each(|part| part.rest_on(!holds, needs)),
            Form::All | Form::Any if self.takes_all(holds) => {
                self.parts.iter().for_each(|part| part.rest_on(holds, needs));
            }
            // One is enough: the first one that is so.
            Form::All | Form::Any => {
                if let Some(part) = self.parts.iter().find(|part| part.truth == Some(holds)) {
                    part.rest_on(holds, needs);
                }
            }
        }
    }

    /// Whether every part must be `holds` for this one to be so.
    fn takes_all(&self, holds: bool) -> bool {
        match self.form {
            Form::All => holds,
            Form::Any => !holds,
            Form::Not | Form::Let(_) | Form::Test(_) => true,
        }
    }

    /// The fewest conditions that must turn for this part to be `holds`: none where it is so
    /// already, `None` where a constant stands against it. Of equally few, the nearest.
    pub(super) fn turn(&self, holds: bool) -> Option<Vec<Need>> {
        if self.truth == Some(holds) {
            return Some(Vec::new());
        }
        match &self.form {
            Form::Test(test) if test.values.is_empty() => None,
            Form::Test(test) => {
                Some(vec![Need { test: test.clone(), must_hold: holds, truth: self.truth }])
            }
            Form::Let(_) => self.parts.first()?.turn(holds),
            Form::Not => self.parts.first()?.turn(!holds),
            Form::All | Form::Any if self.takes_all(holds) => {
                let turned: Option<Vec<Vec<Need>>> =
                    self.parts.iter().map(|part| part.turn(holds)).collect();
                Some(turned?.into_iter().flatten().collect())
            }
            Form::All | Form::Any => {
                let ways = self.parts.iter().filter_map(|part| part.turn(holds));
                ways.min_by(|a, b| {
                    let far = |needs: &[Need]| needs.iter().map(Need::share).fold(0.0, f64::max);
                    a.len().cmp(&b.len()).then(far(a).total_cmp(&far(b)))
                })
            }
        }
    }
}

impl Need {
    /// How far the condition is from turning; what cannot be measured is far.
    fn share(&self) -> f64 {
        self.test.gap.as_ref().map_or(f64::INFINITY, |gap| gap.share)
    }
}

impl TestFinding {
    fn of(test: &Test, policy: &Policy, facts: &[f64]) -> TestFinding {
        let plan = policy.plan().facts();
        let values = test.reads.iter().map(|fact| {
            let slot = usize::from(*fact);
            let value = facts.get(slot).copied().unwrap_or(f64::NAN);
            let unit = policy.unit(*fact);
            ValueRead {
                fact: *fact,
                name: plan[slot].name.clone(),
                value,
                shown: shown(value, unit),
            }
        });
        let gap = test.compared.as_ref().and_then(|compared| Gap::of(compared, facts));
        TestFinding { text: test.text.clone(), values: values.collect(), gap }
    }

    /// The facts it reads and does not know.
    pub fn missing(&self) -> impl Iterator<Item = &ValueRead> {
        self.values.iter().filter(|read| read.value.is_nan())
    }

    /// In words: what it read, and by how much it holds or does not.
    pub fn said(&self, truth: Option<bool>) -> String {
        let named = |read: &ValueRead| format!("{} is {}", read.name, read.shown);
        let Some(truth) = truth else {
            let names: Vec<&str> = self.missing().map(|read| read.name.as_str()).collect();
            return match names.as_slice() {
                [] => "unknown".to_owned(),
                names => format!("unknown without {}", names.join(", ")),
            };
        };
        let Some(gap) = &self.gap else {
            return match self.values.as_slice() {
                [] => format!("always {truth}"),
                // A fact that is a condition itself says all.
                [read] if read.name == self.text => format!("is {}", read.shown),
                values => values.iter().map(named).collect::<Vec<_>>().join(", "),
            };
        };
        let margin = match (truth, gap.by == 0.0, gap.is_below) {
            (_, true, _) => "exactly at the border".to_owned(),
            (true, _, true) => format!("{} below the border", gap.by_shown),
            (true, _, false) => format!("{} above the border", gap.by_shown),
            (false, _, true) => format!("{} short", gap.by_shown),
            (false, _, false) => format!("{} too much", gap.by_shown),
        };
        let said = format!("is {}, {margin}", gap.shown);
        match self.values.as_slice() {
            [_] => said,
            values => {
                let all: Vec<String> =
                    values.iter().map(|read| format!("{} {}", read.name, read.shown)).collect();
                format!("{said} ({})", all.join(", "))
            }
        }
    }
}

impl Gap {
    /// The distance to the nearest border; `None` when a side is unknown.
    fn of(compared: &Compared, facts: &[f64]) -> Option<Gap> {
        let scope = scope(facts);
        let value = compared.value.value(scope);
        if value.is_nan() {
            return None;
        }
        let mut borders = Vec::new();
        for (border, _) in compared.from.iter().chain(&compared.to) {
            let border = border.value(scope);
            if border.is_nan() {
                return None;
            }
            borders.push(border);
        }
        let nearest =
            borders.into_iter().min_by(|a, b| (a - value).abs().total_cmp(&(b - value).abs()))?;
        let by = (nearest - value).abs();
        Some(Gap {
            value,
            shown: shown(value, &compared.unit),
            is_below: value < nearest,
            by,
            by_shown: size(by, &compared.unit),
            share: by / nearest.abs().max(value.abs()).max(f64::MIN_POSITIVE),
        })
    }
}

/// 1, 0 or NaN as a truth value.
fn known(truth: f64) -> Option<bool> {
    (!truth.is_nan()).then_some(truth == 1.0)
}

/// Whether a fact is a moment in time, which nobody can move alone.
pub(super) fn is_moment(unit: &Unit) -> bool {
    matches!(unit, Unit::Of(features::language::part::Quantity::Time))
}
