//! Stories that the catalogue must tell right: events in, facts out, each number worked out by hand.
//!
//! A story lies in `features/stories/GROUP.story`; `engine::story` describes its form, reads it and
//! tells it, here under a policy without rules that keeps every fact.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use engine::policy::{Policy, Wanted as Facts};
use engine::story::{self, Story, Value, Wanted};
use features::catalog::definitions;
use features::diagnostic::render;

macro_rules! groups {
    ($($test:ident $group:literal)*) => {
        const GROUPS: &[&str] = &[$($group),*];
        $(
            #[test]
            fn $test() {
                hold(&[$group]);
            }
        )*
    };
}

groups! {
    stories_velocity "velocity"
    stories_amount "amount"
    stories_diversity "diversity"
    stories_geography "geography"
    stories_device "device"
    stories_network "network"
    stories_card "card"
    stories_wallet "wallet"
    stories_authentication "authentication"
    stories_merchant "merchant"
    stories_currency "currency"
    stories_time "time"
    stories_graph "graph"
}

/// The catalogue alone.
static CATALOGUE: LazyLock<Arc<Policy>> = LazyLock::new(|| {
    Arc::new(Policy::check("", None, Facts::AllFeatures).expect("an empty policy is sound"))
});

#[test]
fn stories_hold() {
    hold(GROUPS);
}

#[test]
fn the_house_policy_is_held_to_every_story_of_its_folder() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../engine/policies/stories");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let told: Vec<&str> = story::HOUSE.iter().map(|(name, _)| *name).collect();
    assert_eq!(told, files, "`HOUSE` names the files of the folder");
}

#[test]
fn every_story_file_is_told() {
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    for name in names {
        let group = name.strip_suffix(".story");
        assert!(group.is_some_and(|g| GROUPS.contains(&g)), "no test tells the stories of {name}");
    }
}

#[test]
fn every_feature_is_told_by_a_story() {
    let mut told: HashMap<String, Vec<Value>> = HashMap::new();
    for group in GROUPS {
        for story in stories_of(group) {
            for expectation in story.expectations() {
                let Wanted::Fact { name, value } = &expectation.wanted else { continue };
                let values = told.entry(name.clone()).or_default();
                if !values.contains(value) {
                    values.push(value.clone());
                }
            }
        }
    }
    let known = definitions();
    let number = |name: &str| told.get(name).map_or(0, Vec::len);
    let untold: Vec<String> = known
        .features()
        .iter()
        .filter(|feature| number(&feature.name) < 2)
        .map(|feature| format!("{} {}: {}", feature.id, feature.name, number(&feature.name)))
        .collect();
    let all = known.features().len();
    assert!(
        untold.is_empty(),
        "{} of {all} features are told with fewer than two values:\n{}",
        untold.len(),
        untold.join("\n")
    );
}

fn folder() -> PathBuf {
    crate::tidy::root().join("features/stories")
}

/// Tells the stories of these groups; all that is wrong with any of them fails the test at once.
fn hold(groups: &[&str]) {
    let mut failures = Vec::new();
    for group in groups {
        let stories = stories_of(group);
        let mut checks = 0;
        for story in &stories {
            let told = story.tell(&CATALOGUE);
            checks += told.checks.len();
            failures.extend(told.checks.iter().filter(|check| !check.holds).map(|check| {
                let place = format!("{group}.story:{}: {}", check.line, story.name);
                format!("{place}: {}: got {}, wanted {}", check.subject, check.got, check.wanted)
            }));
        }
        println!("{group}.story: {} stories, {checks} facts", stories.len());
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

/// The stories of a group.
fn stories_of(group: &str) -> Vec<Story> {
    let file = format!("{group}.story");
    let text = std::fs::read_to_string(folder().join(&file)).unwrap();
    story::read(&text, &CATALOGUE)
        .unwrap_or_else(|faults| panic!("\n{}", render(&file, &text, &faults)))
}
