//! The documents are true: paths exist, rules parse, tables equal the code.

use std::collections::BTreeSet;

use engine::decision::{Decision, Factor};
use engine::economics::Economics;
use engine::engine::Engine;
use engine::policy::{DEFAULT_MODEL, DEFAULT_POLICY, Policy, Wanted};
use features::event::Event;
use features::history::Limits;
use features::language::{Role, format, words};
use models::ModelDraft;

use crate::tidy::root;

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

const DOCUMENTS: [&str; 10] = [
    "README.md",
    "ARCHITECTURE.md",
    "features/README.md",
    "engine/README.md",
    "engine/RULES.md",
    "engine/CODES.md",
    "models/README.md",
    "datasets/README.md",
    "benches/README.md",
    "tests/README.md",
];

#[test]
fn every_path_in_a_document_exists() {
    let members = ["features/", "models/", "engine/", "datasets/", "benches/", "tests/"];
    for document in DOCUMENTS {
        let text = read(document);
        for span in text.split('`').skip(1).step_by(2) {
            let word = span.split_whitespace().next().unwrap_or_default();
            let is_path = members.iter().any(|member| word.starts_with(member));
            let is_path = is_path && !word.contains('{') && !word.contains('*');
            assert!(!is_path || root().join(word).exists(), "{document} names `{word}`");
        }
    }
}

#[test]
fn every_rule_in_a_document_is_sound() {
    let mut rules = 0;
    for document in DOCUMENTS {
        let text = read(document);
        let mut block = String::new();
        for line in text.lines().chain([""]) {
            match line.strip_prefix("    ") {
                Some(code) if !block.is_empty() || code.starts_with("rule ") => {
                    block.push_str(code);
                    block.push('\n');
                }
                _ if !block.is_empty() => {
                    let faults = Policy::check(&block, None, Wanted::Judging).err();
                    assert_eq!(faults, None, "{document}:\n{block}");
                    block.clear();
                    rules += 1;
                }
                _ => {}
            }
        }
    }
    assert!(1 <= rules, "no document shows a rule");
}

/// The blocks of a document that are fenced as this: what stands beside the word, and the text.
fn fenced<'a>(document: &'a str, word: &str) -> Vec<(&'a str, &'a str)> {
    let blocks = document.split("\n```").skip(1).step_by(2);
    let parts = blocks.filter_map(|block| block.split_once('\n'));
    let of_word = parts.filter_map(|(info, text)| {
        let (first, beside) = info.split_once(' ').unwrap_or((info, ""));
        (first == word).then_some((beside, text))
    });
    of_word.collect()
}

#[test]
fn every_policy_in_the_language_reference_is_sound_or_has_the_fault_it_shows() {
    let page = read("engine/RULES.md");
    let sound = fenced(&page, "policy");
    for (_, text) in &sound {
        let faults = Policy::check(text, None, Wanted::Judging).err();
        assert_eq!(faults, None, "{text}");
        assert_eq!(format(text).as_deref(), Ok(&*format!("{text}\n")), "gyr policy fmt");
    }
    let broken = fenced(&page, "policy-fault");
    for (code, text) in &broken {
        let faults = Policy::check(text, None, Wanted::Judging).err().unwrap_or_default();
        assert!(faults.iter().any(|fault| fault.code == *code), "{text}\n{code}: {faults:?}");
    }
    assert!(8 <= sound.len() && 10 <= broken.len(), "{} and {}", sound.len(), broken.len());
}

#[test]
fn every_policy_file_is_laid_out_by_gyr_policy_fmt() {
    let mut files = 0;
    let ours = ["engine/policies", "engine/src/shell/commands/policy/new", "features/src/catalog"];
    for folder in ours {
        let entries = std::fs::read_dir(root().join(folder)).expect("the folder is there");
        for path in entries.map(|entry| entry.expect("it can be listed").path()) {
            if path.extension().is_some_and(|extension| extension == "policy") {
                let text = std::fs::read_to_string(&path).expect("it can be read");
                let name = path.display();
                assert!(format(&text).as_ref() == Ok(&text), "run `gyr policy fmt {name}`");
                files += 1;
            }
        }
    }
    assert!(10 <= files, "{files} policy files");
}

#[test]
fn the_written_grammar_has_the_words_of_the_parser() {
    let page = read("engine/RULES.md");
    let [(_, grammar)] = fenced(&page, "ebnf")[..] else { panic!("one block holds the grammar") };
    let is_word = |word: &&str| word.starts_with(|c: char| c.is_alphabetic());
    let written: BTreeSet<&str> = grammar
        .lines()
        .filter(|line| !line.contains("(*"))
        .flat_map(|line| line.split('"').skip(1).step_by(2))
        .filter(is_word)
        .collect();
    let roles = [Role::Aggregate, Role::Function, Role::Unit, Role::Component];
    let known: BTreeSet<&str> = words()
        .iter()
        .filter(|word| !roles.contains(&word.role) && !matches!(word.word, "unknown" | "any"))
        .flat_map(|word| word.word.split(' '))
        .collect();
    assert_eq!(written, known);
    for word in words() {
        assert!(page.contains(word.word.trim_end_matches(" else")), "`{}` is nowhere", word.word);
    }
}

#[test]
fn every_story_in_a_document_comes_true() {
    let policy = Policy::check(DEFAULT_POLICY, None, Wanted::AllFeatures).expect("sound");
    let policy = std::sync::Arc::new(policy);
    let mut stories = 0;
    for document in DOCUMENTS {
        let text = read(document);
        let mut block = String::new();
        for line in text.lines().chain([""]) {
            match line.strip_prefix("    ") {
                Some(code) if !block.is_empty() || code.starts_with("story ") => {
                    block.push_str(code);
                    block.push('\n');
                }
                _ if !block.is_empty() => {
                    let read = engine::story::read(&block, &policy);
                    for story in read.unwrap_or_else(|faults| panic!("{document}: {faults:?}")) {
                        let told = story.tell(&policy);
                        assert!(told.holds(), "{document}: {told:#?}");
                        stories += 1;
                    }
                    block.clear();
                }
                _ => {}
            }
        }
    }
    assert!(1 <= stories, "no document tells a story");
}

#[test]
fn every_invariant_has_a_test_of_its_number() {
    let page = read("ARCHITECTURE.md");
    let section = page.split("## Invariants").nth(1).expect("the section").split("\n## ").next();
    let section = section.expect("its end");
    let numbers = section.lines().filter_map(|line| line.split_once(". **")?.0.parse::<u32>().ok());
    let tests = read("tests/it/invariants.rs");
    let mut count = 0;
    for number in numbers {
        let name = format!("fn invariant_{number:02}_");
        assert!(tests.contains(&name), "invariant {number} has no test");
        count += 1;
    }
    assert_eq!(tests.matches("fn invariant_").count(), count, "a test without its invariant");
}

#[test]
fn the_commands_of_the_readme_are_what_ci_runs() {
    let readme = read("README.md");
    let test = "cargo test --workspace --all-features";
    assert!(readme.contains(test), "the README names its test command");
    assert!(read(".ci/run").contains(test), ".ci/run calls it");
}

#[test]
fn the_first_request_of_the_readme_gets_the_answer_it_promises() {
    let readme = read("README.md");
    let body = readme.split("-d '").nth(1).expect("a request").split("}'\n").next();
    let now = 1_795_000_000_i64;
    let body = format!("{}}}", body.expect("its end"))
        .replace("'$now'", &now.to_string())
        .replace("'$((now - 600))'", &(now - 600).to_string());
    let mut event = Event::read(body.as_bytes(), None).expect("a valid event");
    let model = ModelDraft::read(DEFAULT_MODEL).expect("the bundled model");
    let policy = Policy::check(DEFAULT_POLICY, Some(model), Wanted::Judging).expect("sound");
    let outcome = Engine::new(policy, Limits::default()).what_if(&mut event);
    let verdict = &outcome.judgement.verdict;
    assert_eq!(verdict.decision, Decision::Challenge);
    let first = verdict.hints.as_ref().expect("hints").options[0].factor;
    assert_eq!(first, Factor::ThreeDsFrictionless);
    assert_eq!(verdict.p_fraud.map(|p| (100.0 * p).round()), Some(3.0));
    assert_eq!(verdict.reasons[0].code.code(), "FRESH_CARD_SPEND");
}

#[test]
fn the_budgets_are_documented_with_their_defaults() {
    let page = read("engine/RULES.md");
    let section = page.split("\n## Budgets\n").nth(1).expect("a section on budgets");
    let section = section.split("\n## ").next().unwrap_or_default();
    let mut named = Vec::new();
    for line in section.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let name = cells[1].trim_matches('`');
        let value = cells[2].strip_suffix('%').map_or_else(
            || cells[2].parse::<f64>().expect("a number"),
            |percent| percent.parse::<f64>().expect("a number") / 100.0,
        );
        let mut economics = Economics::default();
        economics.set(name, value).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert_eq!(economics, Economics::default(), "{name} is documented as {value}");
        named.push(name.to_owned());
    }
    let is_of_budgets =
        |name: &String| name.starts_with("exploration_") || name.starts_with("challenge_");
    let mut all: Vec<String> = Economics::names().into_iter().filter(is_of_budgets).collect();
    all.sort();
    named.sort();
    assert_eq!(named, all);
}

#[test]
fn the_table_of_features_is_the_catalogue() {
    let page = read("features/README.md");
    let window = |ms: &i64| match ms {
        0 => "life".to_owned(),
        ms => features::language::print_duration(*ms),
    };
    let mut rows = 0;
    for feature in features::catalog::definitions().features() {
        let windows: Vec<String> = feature.windows_ms.iter().map(window).collect();
        let row = format!(
            "| `{}` | {} | {} | {} | {} | {} | {} | {} |\n",
            feature.name,
            feature.id,
            feature.entity,
            windows.join(", "),
            feature.unit,
            feature.missing,
            feature.cost,
            feature.title
        );
        assert!(page.contains(&row), "features/README.md lacks\n{row}");
        rows += 1;
    }
    assert_eq!(page.matches("\n| `").count(), rows, "the page has rows that no feature has");
}
