//! Sets of values: what a condition leaves open for one subject.
//!
//! A set is an interval with open or closed ends, or a list, without some values, and says apart
//! whether *unknown* belongs to it. Sets are kept in one form, so that equal ones compare equal:
//! whole numbers have closed ends, and where only a few of them are left they are a list.

use features::ranges::Range;

/// Whole numbers up to this many are listed one by one.
const LISTED_MAX: f64 = 64.0;

/// A set of values; see the module's essay.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Allowed {
    low: f64,
    is_above_low: bool,
    high: f64,
    is_below_high: bool,
    is_whole: bool,
    /// Sorted; when given, the ends say nothing.
    only: Option<Vec<f64>>,
    /// Sorted, inside of the ends.
    except: Vec<f64>,
    pub(super) may_be_unknown: bool,
}

impl Allowed {
    /// Every known value.
    pub(super) fn known() -> Allowed {
        Allowed {
            low: f64::NEG_INFINITY,
            is_above_low: false,
            high: f64::INFINITY,
            is_below_high: false,
            is_whole: false,
            only: None,
            except: Vec::new(),
            may_be_unknown: false,
        }
    }

    /// Unknown alone.
    pub(super) fn unknown() -> Allowed {
        Allowed { only: Some(Vec::new()), may_be_unknown: true, ..Allowed::known() }
    }

    /// The known values below a bound.
    pub(super) fn below(bound: f64, or_equal: bool) -> Allowed {
        Allowed { high: bound, is_below_high: !or_equal, ..Allowed::known() }
    }

    /// The known values above a bound.
    pub(super) fn above(bound: f64, or_equal: bool) -> Allowed {
        Allowed { low: bound, is_above_low: !or_equal, ..Allowed::known() }
    }

    /// These values.
    pub(super) fn only(values: &[f64]) -> Allowed {
        Allowed { only: Some(sorted(values)), ..Allowed::known() }
    }

    /// Every known value but these.
    pub(super) fn except(values: &[f64]) -> Allowed {
        Allowed { except: sorted(values), ..Allowed::known() }
    }

    /// The values of a range.
    pub(super) fn of(range: &Range) -> Allowed {
        if !range.may_be_known() {
            return Allowed::unknown();
        }
        let allowed = Allowed {
            low: range.low,
            high: range.high,
            is_whole: range.is_whole,
            may_be_unknown: range.may_be_unknown,
            ..Allowed::known()
        };
        allowed.settled()
    }

    /// Whether no known value is left.
    pub(super) fn is_never_known(&self) -> bool {
        match &self.only {
            Some(values) => values.is_empty(),
            None => {
                self.high < self.low
                    || self.low == self.high && (self.is_above_low || self.is_below_high)
            }
        }
    }

    /// Whether nothing is left, not even unknown.
    pub(super) fn is_empty(&self) -> bool {
        !self.may_be_unknown && self.is_never_known()
    }

    /// What belongs to both.
    pub(super) fn and(&self, other: &Allowed) -> Allowed {
        let may_be_unknown = self.may_be_unknown && other.may_be_unknown;
        let is_whole = self.is_whole || other.is_whole;
        if let Some(values) = &self.only {
            let left = values.iter().copied().filter(|value| other.has(*value)).collect();
            return Allowed { only: Some(left), is_whole, may_be_unknown, ..Allowed::known() };
        }
        if other.only.is_some() {
            return other.and(self);
        }
        let (low, is_above_low) =
            tighter((self.low, self.is_above_low), (other.low, other.is_above_low), 1.0);
        let (high, is_below_high) =
            tighter((self.high, self.is_below_high), (other.high, other.is_below_high), -1.0);
        let mut except = self.except.clone();
        except.extend(&other.except);
        let except = sorted(&except);
        Allowed {
            low,
            is_above_low,
            high,
            is_below_high,
            is_whole,
            only: None,
            except,
            may_be_unknown,
        }
        .settled()
    }

    /// Whether the other set lies in this one.
    pub(super) fn covers(&self, other: &Allowed) -> bool {
        if other.may_be_unknown && !self.may_be_unknown {
            return false;
        }
        if other.is_never_known() {
            return true;
        }
        match (&self.only, &other.only) {
            (_, Some(values)) => values.iter().all(|value| self.has(*value)),
            (Some(_), None) => false,
            (None, None) => {
                let low = self.low < other.low
                    || self.low == other.low && (!self.is_above_low || other.is_above_low);
                let high = other.high < self.high
                    || self.high == other.high && (!self.is_below_high || other.is_below_high);
                let whole = !self.is_whole || other.is_whole;
                low && high && whole && self.except.iter().all(|value| !other.has(*value))
            }
        }
    }

    /// Whether a known value belongs to it.
    fn has(&self, value: f64) -> bool {
        if let Some(values) = &self.only {
            return values.contains(&value);
        }
        let above = self.low < value || self.low == value && !self.is_above_low;
        let below = value < self.high || self.high == value && !self.is_below_high;
        let whole = !self.is_whole || value.fract() == 0.0;
        above && below && whole && !self.except.contains(&value)
    }

    /// The same set in its one form.
    fn settled(mut self) -> Allowed {
        if self.is_whole {
            if self.low.is_finite() {
                let up = if self.is_above_low { self.low.floor() + 1.0 } else { self.low.ceil() };
                (self.low, self.is_above_low) = (up, false);
            }
            if self.high.is_finite() {
                let down =
                    if self.is_below_high { self.high.ceil() - 1.0 } else { self.high.floor() };
                (self.high, self.is_below_high) = (down, false);
            }
        }
        if self.is_never_known() {
            let may_be_unknown = self.may_be_unknown;
            return Allowed { only: Some(Vec::new()), may_be_unknown, ..Allowed::known() };
        }
        if self.is_whole && self.high - self.low < LISTED_MAX {
            let count = (self.high - self.low) as u32;
            let all = (0..=count).map(|step| self.low + f64::from(step));
            let left: Vec<f64> = all.filter(|value| !self.except.contains(value)).collect();
            let may_be_unknown = self.may_be_unknown;
            return Allowed {
                only: Some(left),
                is_whole: true,
                may_be_unknown,
                ..Allowed::known()
            };
        }
        let ends = (self.low, self.high);
        self.except.retain(|value| ends.0 <= *value && *value <= ends.1);
        self
    }
}

/// The tighter of two ends; `side` is 1 for the lower, -1 for the upper end.
fn tighter(a: (f64, bool), b: (f64, bool), side: f64) -> (f64, bool) {
    if a.0 == b.0 {
        return (a.0, a.1 || b.1);
    }
    if side * a.0 < side * b.0 { b } else { a }
}

fn sorted(values: &[f64]) -> Vec<f64> {
    // Adding zero makes the negative zero the positive one.
    let mut values: Vec<f64> =
        values.iter().filter(|value| !value.is_nan()).map(|value| value + 0.0).collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sets of every form, held against the values that they have one by one.
    #[test]
    fn intersection_and_covering_agree_with_the_values() {
        let whole = Range { low: 0.0, high: f64::INFINITY, is_whole: true, may_be_unknown: true };
        let sets = [
            Allowed::known(),
            Allowed::unknown(),
            Allowed::below(3.0, false),
            Allowed::below(3.0, true),
            Allowed::above(3.0, false),
            Allowed::above(2.5, true),
            Allowed::only(&[3.0, 1.0, 2.5]),
            Allowed::only(&[]),
            Allowed::except(&[3.0]),
            Allowed::of(&Range::TRUTH),
            Allowed::of(&Range::UNKNOWN),
            Allowed::of(&whole),
            Allowed::of(&whole).and(&Allowed::below(3.0, false)),
            Allowed::of(&Range::between(0.0, 1.0)),
        ];
        let values = [-1.0, 0.0, 0.5, 1.0, 2.0, 2.5, 2.75, 3.0, 3.5, 4.0, 1e12, f64::NAN];
        let has = |set: &Allowed, value: f64| {
            if value.is_nan() { set.may_be_unknown } else { set.has(value) }
        };
        for a in &sets {
            for b in &sets {
                let both = a.and(b);
                for value in values {
                    let wanted = has(a, value) && has(b, value);
                    assert_eq!(has(&both, value), wanted, "{value} in {a:?} and {b:?}");
                    if a.covers(b) && has(b, value) {
                        assert!(has(a, value), "{value}: {a:?} covers {b:?}");
                    }
                }
                assert!(a.covers(&both) && b.covers(&both), "{a:?} and {b:?} give {both:?}");
                if both.is_empty() {
                    assert!(values.iter().all(|value| !(has(a, *value) && has(b, *value))));
                }
            }
            assert!(a.covers(a), "{a:?}");
        }
        assert!(Allowed::above(3.0, true).and(&Allowed::below(3.0, false)).is_empty());
        let between = Allowed::above(3.0, false).and(&Allowed::below(4.0, false));
        assert!(!between.is_empty() && Allowed::of(&whole).and(&between).is_empty());
        assert!(Allowed::of(&Range::TRUTH).and(&Allowed::except(&[0.0, 1.0])).is_empty());
    }
}
