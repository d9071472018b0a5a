//! Bands: ranges of the model's probability with a name, and what follows inside one.
//!
//! At most one band of a type of event holds a probability: bands that meet are a fault. What a
//! band asks for is a vote like that of a rule, with a number behind those of all rules, so that
//! rules speak first.

use std::collections::HashSet;
use std::sync::Arc;

use features::diagnostic::{Diagnostic, Place};
use features::field::{EventType, Types};
use features::language::FAULTS_MAX;
use features::language::ast::{self, Statement};
use features::language::define::Definitions;

use super::action;
use super::check::{check_message, check_reason, check_types, fault};
use crate::decision::Action;
use crate::reason::codes;
use crate::resolve::{Class, Vote};
use crate::vector;

/// A range of the model's probability, checked.
#[derive(Clone, Debug)]
pub struct Band {
    /// Its name.
    pub name: String,
    /// What it means.
    pub title: String,
    /// The lowest probability inside.
    pub low: f64,
    /// The lowest probability above; at 1 that, too, is inside.
    pub high: f64,
    /// Types of events it holds for.
    pub on: Types,
    /// What follows inside; `None` where it is a name alone.
    pub vote: Option<Vote>,
}

impl Band {
    fn holds(&self, probability: f64) -> bool {
        let is_below = probability < self.high || 1.0 <= self.high && probability <= self.high;
        self.low <= probability && is_below
    }
}

/// The band that holds a probability on an event of this type: its place in `bands`.
pub(crate) fn find(bands: &[Band], event_type: EventType, probability: f64) -> Option<u16> {
    let holds = |band: &Band| band.on.contains(event_type) && band.holds(probability);
    bands.iter().position(holds).map(|place| place as u16)
}

/// Checks the `band` statements of a text; `rules` is the number of its rules.
pub(crate) fn check(
    policy: &ast::Policy,
    rules: usize,
    definitions: &mut Definitions,
    faults: &mut Vec<Diagnostic>,
) -> Vec<Band> {
    let written = policy.statements.iter().filter_map(|statement| match &statement.node {
        Statement::Band(band) => Some(band),
        _ => None,
    });
    let written: Vec<&ast::Band> = written.collect();
    let number = |place: usize| (rules + place).min(usize::from(u16::MAX)) as u16;
    let bands: Vec<Band> = (0..)
        .zip(&written)
        .map(|(place, band)| check_band(band, number(place), definitions, faults))
        .collect();
    let mut names = HashSet::new();
    for band in &written {
        if !names.insert(band.name.node.as_str()) {
            let message = format!("band `{}` is defined twice", band.name.node);
            faults.push(fault("P205", band.name.span, message));
        }
    }
    for (first, second) in meeting(&bands) {
        // Said at both places: either may be the one to mend.
        for (one, other) in [(second, first), (first, second)] {
            let (one, other) = (written[one], written[other]);
            let message = format!(
                "band `{}` is {} and meets `{}`, which is {}",
                one.name.node,
                range(one),
                other.name.node,
                range(other)
            );
            let help = "give each probability one band for each type of event";
            faults.push(fault("P212", one.name.span, message).help(help));
        }
    }
    bands
}

/// Places of bands that hold the same probability of the same type of event, as many pairs as faults
/// are shown.
///
/// By their lower ends a band meets only those that begin before it ends. Sound bands lie above each
/// other, one for each type, so the work is linear in their number but for sorting them.
fn meeting(bands: &[Band]) -> Vec<(usize, usize)> {
    let holds_any = |band: &Band| band.low < band.high && band.on != Types::NONE;
    let mut by_low: Vec<usize> = (0..bands.len()).filter(|band| holds_any(&bands[*band])).collect();
    by_low.sort_by(|one, other| bands[*one].low.total_cmp(&bands[*other].low));
    let mut pairs = Vec::new();
    for (turn, one) in by_low.iter().enumerate() {
        let band = &bands[*one];
        let above = by_low[turn + 1..].iter().take_while(|other| bands[**other].low < band.high);
        for other in above {
            if band.on.intersect(bands[*other].on) != Types::NONE {
                pairs.push((*one.min(other), *one.max(other)));
            }
            if FAULTS_MAX <= pairs.len() {
                return pairs;
            }
        }
    }
    pairs
}

/// Warnings about bands that never apply, because no model gives a probability.
pub(crate) fn without_model(policy: &ast::Policy) -> impl Iterator<Item = Diagnostic> {
    policy.statements.iter().filter_map(|statement| match &statement.node {
        Statement::Band(band) => {
            let place = Place::Text { start: band.name.span.start, end: band.name.span.end };
            let message =
                format!("band `{}` never applies: there is no model here", band.name.node);
            Some(Diagnostic::warning("P212", place, message))
        }
        _ => None,
    })
}

fn range(band: &ast::Band) -> String {
    format!("{} % .. {} %", band.low * 100.0, band.high * 100.0)
}

fn check_band(
    band: &ast::Band,
    number: u16,
    definitions: &mut Definitions,
    faults: &mut Vec<Diagnostic>,
) -> Band {
    let on = check_types(&band.on, faults);
    let by: Arc<str> = band.name.node.as_str().into();
    let scope = action::Scope { on, by: &by };
    let (actions, effects) = action::check(&band.then, &scope, definitions, faults);
    let reason = band.because.as_ref().and_then(|name| check_reason(name, faults));
    let message = check_message(band.message.as_ref(), faults);
    if band.high <= band.low {
        let message = format!("band `{}` is empty: {}", band.name.node, range(band));
        faults.push(fault("P212", band.name.span, message));
    }
    let is_decline = actions.contains(&Action::Decline);
    let vote = Vote {
        rule: number,
        class: if is_decline { Class::Hard } else { Class::Challenge },
        actions,
        effects,
        reason: reason.unwrap_or(if is_decline {
            codes::MODEL_HIGH_RISK
        } else {
            codes::MODEL_ELEVATED
        }),
        message,
        suspects: [0.0; vector::COUNT],
        cooldown_ms: 0,
    };
    Band {
        name: band.name.node.clone(),
        title: band.title.clone(),
        low: band.low,
        high: band.high,
        on,
        vote: (!band.then.is_empty()).then_some(vote),
    }
}
