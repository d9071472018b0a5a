//! Every code of the one table is raised by its example, and what is then said is checked in.
//!
//! `tests/snapshots/CODE.txt` holds the input and what is said of it. After a change of words, run
//! with `GYR_BLESS=1` to write them anew, and read the difference.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use datasets::synth::{Atlas, Settings};
use datasets::{ColumnMap, Error};
use engine::census::Census;
use engine::engine::Engine;
use engine::policy::{DEFAULT_POLICY, Policy, Sources, Wanted};
use engine::shell::codes::{self, Door, Example};
use features::diagnostic::{Diagnostic, render};
use features::event::Event;
use features::history::Limits;
use features::language::ast::ListKind;
use features::networks::NetworkFile;
use models::{Model, ModelDraft};

use crate::tidy::{root, sources};

/// Inputs and answers longer than this are cut.
const SHOWN_MAX: usize = 1_200;

/// A folder of its own that goes away again.
struct Scratch(PathBuf);

impl Scratch {
    fn new(code: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("gyr-codes-{}-{code}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Scratch(path)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).expect("a temporary file");
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is left to the system.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Everything that is said of an input: faults, else warnings.
fn said(code: &str, example: &Example) -> String {
    let text = example.text();
    match example {
        Example::Policy(_) | Example::Made(Door::Policy, _) => of_policy(code, &text),
        Example::Data(policy, events) => of_data(policy, events),
        Example::Event(_) | Example::Made(Door::Event, _) => {
            let received = code.starts_with("E007") || code.starts_with("E031");
            let read = Event::read(text.as_bytes(), received.then_some(1_790_000_000_000));
            match read {
                Ok(event) => {
                    let warnings = event.warnings().iter().map(|warning| warning.diagnostic());
                    lines(&warnings.collect::<Vec<_>>())
                }
                Err(faults) => lines(&faults),
            }
        }
        Example::Model(..) => {
            let facts = ["amount_usd"];
            let faults = match ModelDraft::read(&text) {
                Ok(draft) => Model::check(draft, &facts).err().unwrap_or_default(),
                Err(faults) => faults,
            };
            faults.iter().map(|fault| format!("{fault}\n")).collect()
        }
        Example::LightGbm(_) => {
            let faults = models::lightgbm(&text, "small").err().unwrap_or_default();
            faults.iter().map(|fault| format!("{fault}\n")).collect()
        }
        Example::Map(..) => {
            render("shop.toml", &text, &ColumnMap::parse(&text).err().unwrap_or_default())
        }
        Example::Rows(map, _) => of_rows(code, map, &text),
        Example::World(_) => {
            let faults = Settings::read(&text).err().unwrap_or_default();
            render("world.toml", &text, &faults)
        }
        Example::Table(name, _) => {
            let scratch = Scratch::new(code);
            scratch.file(name, &text);
            match Atlas::read(&scratch.0) {
                Err(Error::Reference { diagnostics, .. }) => lines(&diagnostics),
                Err(error) => error.to_string(),
                Ok(_) => String::new(),
            }
        }
        Example::Networks(_) | Example::Made(Door::Networks, _) => {
            lines(&NetworkFile::read("list.csv", text.as_bytes(), "").err().unwrap_or_default())
        }
        Example::List(_) | Example::Made(Door::List, _) => {
            lines(&features::lists::read_rows(ListKind::Cidr, &text).err().unwrap_or_default())
        }
        Example::Story(_) | Example::Made(Door::Story, _) => {
            let policy = Policy::check(DEFAULT_POLICY, None, Wanted::AllFeatures).expect("sound");
            let faults = engine::story::read(&text, &policy).err().unwrap_or_default();
            render("x.story", &text, &faults)
        }
        Example::Elsewhere(_) => String::new(),
    }
}

fn lines(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(|diagnostic| format!("{diagnostic}\n")).collect()
}

fn of_policy(code: &str, text: &str) -> String {
    let sources = Sources::alone("x.policy", text);
    let found = match Policy::check_sources(&sources, None, Wanted::AllFeatures) {
        Err(faults) => faults,
        Ok(policy) => {
            let is_strict = code == "P315";
            let mut warnings = policy.warnings().to_vec();
            // The first day of 2026.
            warnings.extend(engine::rules::of_the_day(
                sources.parsed(),
                1_767_225_600_000,
                is_strict,
            ));
            warnings
        }
    };
    sources.render(&found)
}

fn of_data(text: &str, events: &[(&str, u32)]) -> String {
    let sources = Sources::alone("x.policy", text);
    let policy = Policy::check_sources(&sources, None, Wanted::Judging).expect("it is sound");
    let engine = Engine::new(policy, Limits::default());
    let policy = engine.policy();
    let mut census = Census::new(policy.rules(), policy.plan());
    let mut number = 100;
    for (event, times) in events {
        for _ in 0..*times {
            number += 1;
            let json = event.replace("{n}", &number.to_string());
            let mut event =
                Event::read(json.as_bytes(), None).unwrap_or_else(|e| panic!("{json}: {e:?}"));
            let (kind, time) = (event.event_type(), event.time());
            let (outcome, ()) = engine.decide(&mut event, || ());
            let (rules, hits) = (policy.rules(), &outcome.judgement.hits);
            census.add(rules, (kind, time), &outcome.facts, hits);
        }
    }
    sources.render(&census.warnings(sources.parsed(), policy.rules(), policy.plan()))
}

fn of_rows(code: &str, map: &str, text: &str) -> String {
    let scratch = Scratch::new(code);
    let path = scratch.file("in.csv", text);
    let map = ColumnMap::built_in(map).expect("a built-in map");
    match datasets::import(&[path], &map, &scratch.0.join("out"), &mut |_| ()) {
        Ok(report) => {
            let line = |reason: &datasets::Reason| {
                format!(
                    "{} at {} {}: {}\n",
                    reason.code, reason.column, reason.field, reason.example
                )
            };
            report.reasons.iter().map(line).collect()
        }
        Err(Error::Map { diagnostics, .. }) => lines(&diagnostics),
        Err(error) => error.to_string(),
    }
}

fn cut(text: &str) -> String {
    let text = text.trim_end();
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{} ..", &text[..end]),
        None => text.to_owned(),
    }
}

#[test]
fn every_code_is_shown_once() {
    let bless = std::env::var_os("GYR_BLESS").is_some();
    let mut wrong = String::new();
    let mut files = BTreeSet::new();
    for code in codes::all() {
        if code.stage == "run" {
            continue;
        }
        let Some(example) = codes::example(code.code) else {
            let _ = writeln!(wrong, "{}: there is no example", code.code);
            continue;
        };
        if let Example::Elsewhere(_) = example {
            continue;
        }
        let said = said(code.code, example);
        if !said.contains(code.code) {
            let _ = writeln!(wrong, "{}: its example says: {said}", code.code);
            continue;
        }
        let page = format!(
            "{}  {}: {}\n\n{}\n\n---\n\n{}\n",
            code.code,
            code.stage,
            code.meaning,
            cut(&example.text()),
            cut(&said)
        );
        let name = format!("{}.txt", code.code);
        let path = root().join("tests/snapshots").join(&name);
        if bless {
            std::fs::write(&path, &page).expect("the snapshot can be written");
        } else if std::fs::read_to_string(&path).ok().as_deref() != Some(page.as_str()) {
            let _ = writeln!(wrong, "{name} is not what is said now:\n{page}");
        }
        files.insert(name);
    }
    for entry in std::fs::read_dir(root().join("tests/snapshots")).expect("the folder") {
        let entry = entry.expect("a readable entry");
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_folder = entry.file_type().expect("a kind").is_dir();
        if !is_folder && !files.contains(&name) {
            let _ = writeln!(wrong, "{name} is of no code");
        }
    }
    assert!(wrong.is_empty(), "run with GYR_BLESS=1 after a change of words\n{wrong}");
}

#[test]
fn codes_are_unique_and_every_example_has_a_code() {
    let all = codes::all();
    let mut seen = BTreeSet::new();
    for code in &all {
        assert!(seen.insert(code.code), "{} stands twice in the table", code.code);
        assert!(codes::STAGES.iter().any(|(stage, _)| *stage == code.stage), "{code:?}");
    }
    let mut shown = BTreeSet::new();
    for (code, example) in codes::examples() {
        assert!(seen.contains(code), "{code} has an example and is in no table");
        assert!(shown.insert(code), "{code} has two examples");
        if let Example::Elsewhere(why) = example {
            let path = why.rsplit(": ").next().unwrap_or(why);
            let path = path.rsplit(" in ").next().unwrap_or(path);
            let path = path.split(' ').next().unwrap_or(path);
            assert!(root().join(path).is_file(), "{code}: {path}");
        }
    }
}

/// Whoever raises a code puts it into its table: no source names one that the table lacks.
#[test]
fn every_code_that_a_source_names_is_in_the_table() {
    let known: BTreeSet<&str> = codes::all().iter().map(|code| code.code).collect();
    for (name, text) in sources() {
        if name.starts_with("tests/") || name.contains("tests") || name.ends_with("examples.rs") {
            continue;
        }
        // Tests below the code may make codes up.
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(&text);
        for word in text.split('"').skip(1).step_by(2) {
            let is_code = word.len() == 4
                && word.starts_with(['P', 'E', 'M', 'D', 'N', 'L', 'S', 'C'])
                && word[1..].bytes().all(|byte| byte.is_ascii_digit());
            assert!(!is_code || known.contains(word), "{name} names {word}");
        }
    }
}

#[test]
fn the_document_of_codes_is_the_table() {
    let path = root().join("engine/CODES.md");
    let document = codes::document();
    if std::env::var_os("GYR_BLESS").is_some() {
        std::fs::write(&path, &document).expect("the document can be written");
    }
    let written = std::fs::read_to_string(&path).expect("engine/CODES.md");
    assert!(written == document, "write it anew with `gyr codes --markdown > engine/CODES.md`");
}
