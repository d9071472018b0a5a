//! What aggregates and facts of the graph mean, and where they may stand.

use crate::expr::{Component, Expr};
use crate::field::{EventType, Types};
use crate::language::ast::{AggregateKind, Statement};
use crate::language::define::{Definitions, Origin};
use crate::language::{parse, print};
use crate::plan::Reading;

/// Definitions of a text, and the codes of its faults.
fn defined(text: &str) -> (Definitions, Vec<&'static str>) {
    let (policy, faults) = parse(text);
    assert_eq!(faults, [], "{text}");
    let mut definitions = Definitions::default();
    let faults = definitions.add(&policy, Origin::Policy);
    (definitions, faults.iter().map(|fault| fault.code).collect())
}

/// The codes of the faults of a feature with this body.
fn codes(body: &str) -> Vec<&'static str> {
    defined(&format!("feature f \"\" = {body}")).1
}

#[test]
fn every_aggregate_is_read_printed_and_fits_its_type() {
    for kind in AggregateKind::ALL {
        let name = kind.name();
        let call = match kind.takes_value() {
            true => format!("{name}(base_minor of payment) by account over 24h"),
            false => format!("{name}(payment) by account over 24h"),
        };
        assert_eq!(print(&super::expression(&call)), call);
        let fits: Vec<&str> = ["5", "5 CNY", "5m"]
            .into_iter()
            .filter(|other| codes(&format!("{call} > {other}")).is_empty())
            .collect();
        let wanted = match name {
            "sum" | "avg" | "min" | "max" | "stddev" | "first" | "last" | "median" | "mode" => {
                "5 CNY"
            }
            "since_first" | "since_last" | "gap_min" => "5m",
            _ => "5",
        };
        assert_eq!(fits, [wanted], "{name}");
    }
    let favourite = defined("feature f \"\" = mode(funding of payment) by account over 24h").0;
    assert!(
        matches!(&favourite.definitions[0].reading, Reading::Category(names) if names.len() > 1)
    );
}

#[test]
fn only_sums_are_kept_for_all_time() {
    let scanned = |kind: &&AggregateKind| AggregateKind::Distinct as u8 <= **kind as u8;
    for kind in AggregateKind::ALL.iter().filter(scanned) {
        let of = if kind.takes_value() { "base_minor of payment" } else { "payment" };
        let call = format!("{}({of}) by account", kind.name());
        let wanted: &[&str] = match kind {
            AggregateKind::First
            | AggregateKind::Last
            | AggregateKind::SinceFirst
            | AggregateKind::SinceLast => &[],
            _ => &["P107"],
        };
        assert_eq!(codes(&call), wanted, "{call}");
        let offset: &[&str] = if *kind == AggregateKind::Distinct { &["P107"] } else { &[] };
        assert_eq!(codes(&format!("{call} over 24h offset 1h")), offset, "{call}");
    }
}

#[test]
fn a_fact_of_the_graph_stands_in_features_and_rules() {
    let text =
        "feature f \"\" = component(size) + component(fraud) or else component(fraud_two_steps)
feature g \"\" = component(age_spread) < 2h
rule r when component(fraud) >= 2 and component(fraud) < 9 then review";
    let (mut definitions, faults) = defined(text);
    assert_eq!(faults, [""; 0]);
    let feature = &definitions.features()[0];
    assert_eq!((feature.entity.as_str(), feature.windows_ms.len()), ("component", 0));
    let mut found = Vec::new();
    definitions.definitions[0].expr.walk(&mut |node| {
        if let Expr::Component(component) = node {
            found.push(*component);
        }
    });
    assert_eq!(found, [Component::Size, Component::Fraud, Component::FraudTwoSteps]);

    let (policy, _) = parse(text);
    let Statement::Rule(rule) = &policy.statements[2].node else { panic!("{policy:?}") };
    let when = definitions.condition(&rule.when, Types::of(&[EventType::Payment])).unwrap();
    let fact = definitions.fact("component(fraud)").unwrap();
    let mut facts = 0;
    when.walk(&mut |node| match node {
        Expr::Fact(index) => {
            assert_eq!(usize::from(*index), fact);
            facts += 1;
        }
        Expr::Component(_) => panic!("a rule sees facts alone"),
        _ => {}
    });
    assert_eq!(facts, 2);
    assert_eq!(definitions.definitions[fact].expr, Expr::Component(Component::Fraud));
}

#[test]
fn a_fact_of_the_graph_has_a_name_and_is_no_field_of_one_event() {
    assert_eq!(codes("component(sise)"), ["P101"]);
    assert_eq!(codes("component()"), ["P103"]);
    assert_eq!(codes("component(size, fraud)"), ["P103"]);
    assert_eq!(codes("component(5)"), ["P103"]);
    assert_eq!(codes("component(size) > 2h"), ["P103"]);
    assert_eq!(codes("count(payment where component(size) > 2) by account over 24h"), ["P105"]);
    assert_eq!(defined("let x = component(size) > 2").1, ["P105"]);
}

#[test]
fn a_sequence_is_a_condition_over_the_past_of_its_keys() {
    let text = "let fresh = device.install_age_s < 86_400
feature f \"\" = login[fresh] then profile_change within 1h then transfer[base_minor > 5 CNY] within 2h by account";
    let (definitions, faults) = defined(text);
    assert_eq!(faults, [""; 0]);
    assert_eq!(definitions.definitions[0].reading, Reading::Bool);
    let [measure] = definitions.measures.as_slice() else { panic!("one measure") };
    let (minute, hour) = (60_000, 3_600_000);
    assert_eq!(
        (measure.window_ms, measure.within.as_slice()),
        (Some(3 * hour), &[hour, 2 * hour][..])
    );
    let types = Types::of(&[EventType::Login, EventType::ProfileChange]);
    assert_eq!(measure.condition.possible_types(), types);
    let feature = &definitions.features()[0];
    assert_eq!(
        (feature.entity.as_str(), feature.windows_ms.as_slice()),
        ("account", &[3 * hour][..])
    );

    // Other times are another question, the same times the same one.
    let two = |within: &str| format!("login then transfer within {within} by account");
    let text = format!("feature a \"\" = {}\nfeature b \"\" = not ({})", two("60m"), two("1h"));
    assert_eq!(defined(&text).0.measures.len(), 1);
    let text = format!("feature a \"\" = {}\nfeature b \"\" = {}", two("1h"), two("90s"));
    let measures = defined(&text).0.measures;
    assert_eq!(measures.iter().map(|m| m.within[0]).collect::<Vec<_>>(), [hour, 3 * minute / 2]);
}

#[test]
fn a_sequence_that_no_events_can_follow_is_refused() {
    let steps = |count: usize| {
        let later = " then transfer within 1h".repeat(count - 1);
        format!("login{later} by account")
    };
    assert_eq!(codes(&steps(8)), [""; 0]);
    assert_eq!(codes(&steps(9)), ["P112"]);
    assert_eq!(codes("login then transfer within 1h"), ["P112"]);
    assert_eq!(codes("login then transfer within 1h by card"), ["P112"]);
    assert_eq!(codes("login then transfer within 121d by account"), ["P107"]);
    assert_eq!(codes("login then transfer within 1h by colour"), ["P106"]);
    assert_eq!(codes("login then base_minor within 1h by account"), ["P104"]);
    assert_eq!(codes("login[5] then transfer within 1h by account"), ["P104"]);
    let sequence = "login then transfer within 1h by account";
    assert_eq!(defined(&format!("let x = {sequence}")).1, ["P105"]);

    // A step sees its own event and nothing of history, and is told so.
    let text = "feature past \"\" = count(login) by account over 1h
feature f \"\" = login[past > 3] then transfer within 1h by account";
    let (policy, _) = parse(text);
    let faults = Definitions::default().add(&policy, Origin::Policy);
    assert_eq!(faults.iter().map(|fault| fault.code).collect::<Vec<_>>(), ["P105"]);
    assert!(faults[0].help.as_ref().is_some_and(|help| help.contains("its own event")));

    // The last step is the event that is judged.
    let (policy, _) = parse(&format!("rule r when {sequence} then review because X"));
    let Statement::Rule(rule) = &policy.statements[0].node else { panic!("{policy:?}") };
    let on = |kind| Definitions::default().condition(&rule.when, Types::of(&[kind]));
    assert!(on(EventType::Transfer).is_ok());
    let faults = on(EventType::Login).expect_err("no login is a transfer");
    assert_eq!(faults.iter().map(|fault| fault.code).collect::<Vec<_>>(), ["P112"]);
}
