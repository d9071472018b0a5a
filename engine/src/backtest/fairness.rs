//! Whom a policy troubles: good customers by where their card and they come from.
//!
//! Where a person comes from weighs nothing in a decision, but what weighs may go together with it:
//! a bank that declines much, a network that all visitors of a country share. So the good customers
//! who were not simply let through are counted by country of the issuer and by nationality, and held
//! against all of them together. What limits of law and policy stop is left out: an embargo is meant
//! to hit a country, and it is nobody's opinion of a customer.

use std::collections::BTreeMap;

use features::event::Event;
use features::field::{FieldId, ids};
use features::geo;

use super::{Case, Decided, Truth, share};
use crate::decision::Decision;

/// How many of the largest countries are shown.
const SHOWN: usize = 10;

/// From so many events on a share says something about a country.
const ENOUGH: u64 = 200;

/// How many times the mean is too much.
const TOO_OFTEN: f64 = 2.0;

/// Where a customer comes from, as far as the event says: codes of countries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Where the card was issued.
    pub issuer: Option<&'static str>,
    /// The nationality of the customer.
    pub nationality: Option<&'static str>,
}

impl Origin {
    /// What an event says.
    pub fn of(event: &Event) -> Origin {
        let country = |field: FieldId| geo::country_code(event.bits(field)? as u16);
        Origin {
            issuer: country(ids::CARD_ISSUER_COUNTRY),
            nationality: country(ids::ACCOUNT_NATIONALITY),
        }
    }
}

/// How good customers are treated, by where they come from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fairness {
    /// By country of the card's issuer.
    pub issuers: Treatment,
    /// By nationality.
    pub nationalities: Treatment,
}

impl Fairness {
    pub(super) fn add(&mut self, case: &Case<'_>, decision: Decision) {
        self.issuers.add(case.origin.issuer, case, decision);
        self.nationalities.add(case.origin.nationality, case, decision);
    }
}

/// Decisions on good customers by country.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Treatment(BTreeMap<&'static str, Decided>);

/// How the good customers of one country were treated. Counts are of events.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Treated {
    /// The country.
    pub country: &'static str,
    /// Good events.
    pub events: u64,
    /// Those that were challenged.
    pub challenged: u64,
    /// Those that were declined.
    pub declined: u64,
    /// The share of both as a multiple of the mean of all countries; `None` when that is zero.
    pub of_mean: Option<f64>,
}

impl Treated {
    /// Share of the good events that were challenged or declined.
    pub fn touched(&self) -> Option<f64> {
        share(self.challenged + self.declined, self.events)
    }

    /// Whether they are troubled more than twice as often as all together, on at least 200 events.
    pub fn is_too_often(&self) -> bool {
        ENOUGH <= self.events && self.of_mean.is_some_and(|times| TOO_OFTEN < times)
    }
}

impl Treatment {
    fn add(&mut self, country: Option<&'static str>, case: &Case<'_>, decision: Decision) {
        if let (Some(country), Truth::Genuine) = (country, case.truth) {
            self.0.entry(country).or_default().of_mut(decision).count(case);
        }
    }

    /// Good events whose country is known.
    pub fn events(&self) -> u64 {
        self.0.values().map(|decided| decided.total().genuine.events).sum()
    }

    /// Share of them that was challenged or declined; `None` when there are none.
    pub fn mean(&self) -> Option<f64> {
        let touched = self.0.values().map(|decided| decided.touched().genuine.events).sum();
        share(touched, self.events())
    }

    /// The ten countries with the most good events, and any other that is troubled too often, most
    /// events first.
    pub fn shown(&self) -> Vec<Treated> {
        let mean = self.mean().filter(|mean| 0.0 < *mean);
        let treated = |(country, decided): (&&'static str, &Decided)| {
            let events = decided.total().genuine.events;
            let share = share(decided.touched().genuine.events, events);
            Treated {
                country,
                events,
                challenged: decided.challenge.genuine.events,
                declined: decided.decline.genuine.events,
                of_mean: share.zip(mean).map(|(share, mean)| share / mean),
            }
        };
        let mut all: Vec<Treated> = self.0.iter().map(treated).collect();
        all.sort_by(|a, b| b.events.cmp(&a.events).then(a.country.cmp(b.country)));
        let mut place = 0..;
        all.retain(|treated| place.next().is_some_and(|at| at < SHOWN) || treated.is_too_often());
        all
    }
}

#[cfg(test)]
mod tests {
    use features::field::EventType;

    use super::*;

    fn case(issuer: Option<&'static str>, truth: Truth) -> Case<'static> {
        Case {
            event_id: "e",
            event_type: EventType::Payment,
            time_ms: 0,
            usd_minor: None,
            truth,
            story: None,
            vector: None,
            origin: Origin { issuer, nationality: None },
        }
    }

    /// So many good events of a country, of which so many were challenged and declined.
    fn treat(fairness: &mut Fairness, country: &'static str, counts: [u64; 3]) {
        let [events, challenged, declined] = counts;
        for at in 0..events {
            let decision = match at {
                at if at < challenged => Decision::Challenge,
                at if at < challenged + declined => Decision::Decline,
                _ => Decision::Approve,
            };
            fairness.add(&case(Some(country), Truth::Genuine), decision);
        }
    }

    #[test]
    fn who_is_troubled_twice_as_often_is_told_once_there_are_enough_of_them() {
        let mut fairness = Fairness::default();
        // 1,600 events, of which 2 % were touched.
        for (country, counts) in
            [("US", [1_000, 10, 2]), ("JP", [200, 6, 3]), ("FR", [199, 10, 0]), ("BR", [201, 1, 0])]
        {
            treat(&mut fairness, country, counts);
        }
        // Neither frauds nor what nobody knows, nor who says nothing of himself.
        for truth in [Truth::Fraud, Truth::Unknown] {
            fairness.add(&case(Some("US"), truth), Decision::Decline);
        }
        fairness.add(&case(None, Truth::Genuine), Decision::Decline);
        let issuers = &fairness.issuers;
        assert_eq!((issuers.events(), issuers.mean()), (1_600, Some(0.02)));
        let shown = issuers.shown();
        let names: Vec<&str> = shown.iter().map(|treated| treated.country).collect();
        assert_eq!(names, ["US", "BR", "JP", "FR"]);
        let japan = shown[2];
        assert_eq!((japan.challenged, japan.declined, japan.touched()), (6, 3, Some(0.045)));
        assert!((japan.of_mean.unwrap() - 2.25).abs() < 1e-12, "{japan:?}");
        let too_often: Vec<&str> =
            shown.iter().filter(|t| t.is_too_often()).map(|t| t.country).collect();
        assert_eq!(too_often, ["JP"], "France has one event too few");
        assert_eq!(fairness.nationalities, Treatment::default());
        assert_eq!((fairness.nationalities.mean(), fairness.nationalities.shown()), (None, vec![]));
    }

    #[test]
    fn the_ten_largest_are_shown_and_whoever_else_is_troubled_too_often() {
        let mut fairness = Fairness::default();
        let large = ["AU", "CA", "DE", "ES", "FR", "GB", "IT", "JP", "KR", "US"];
        large.into_iter().for_each(|country| treat(&mut fairness, country, [300, 3, 0]));
        treat(&mut fairness, "BR", [250, 2, 0]);
        treat(&mut fairness, "NL", [200, 20, 0]);
        let shown = fairness.issuers.shown();
        let names: Vec<&str> = shown.iter().map(|treated| treated.country).collect();
        assert_eq!(names, [&large[..], &["NL"]].concat());
    }
}
