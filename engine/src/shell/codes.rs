//! Every code that anything here complains with: what it means, where it arises, and an example.
//!
//! Each part of the system keeps the table of its own codes beside the code that raises them; here
//! they are put together, in the order of what happens to a policy and to events: **text** (it can
//! be read), **check** (its names, types and rules make sense), **lint** (it is sound and odd),
//! **data** (what it does with the past), and then the inputs: events, models, data sets, networks,
//! lists, stories, and what the service answers at **run** time. `engine/CODES.md` and `gyr codes`
//! are made of this table; a test runs every example and holds that it raises its code.

use std::fmt::Write as _;

mod examples;

pub use examples::{Door, Example, examples};

use crate::rules::{CODES, LINTS};
use crate::shell::http::problem_titles;
use crate::{census, story};

/// One code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// `P103`, or a word for what the service answers.
    pub code: &'static str,
    /// Where it arises.
    pub stage: &'static str,
    /// What it means; this never changes.
    pub meaning: &'static str,
}

/// Every code, stage after stage.
pub fn all() -> Vec<Code> {
    let mut all = Vec::new();
    let mut add = |stage: &'static str, table: &[(&'static str, &'static str)]| {
        let codes = table.iter().map(|(code, meaning)| Code { code, stage, meaning });
        all.extend(codes);
    };
    add("text", features::language::CODES);
    add("check", features::language::define::CODES);
    add("check", CODES);
    add("lint", LINTS);
    add("data", census::CODES);
    let events = features::event::CODES.iter();
    add("event", &events.map(|(code, _, meaning)| (*code, *meaning)).collect::<Vec<_>>());
    add("model", models::CODES);
    add("dataset", datasets::CODES);
    add("network", features::networks::CODES);
    add("list", features::lists::CODES);
    add("story", story::CODES);
    add("run", &problem_titles());
    all
}

/// What a stage is, for people.
pub const STAGES: &[(&str, &str)] = &[
    ("text", "a policy text is read"),
    ("check", "names, types and rules of a policy are checked"),
    ("lint", "warnings about a sound policy"),
    ("data", "warnings about what a policy does with events of the past"),
    ("event", "an event is read"),
    ("model", "a model is read or trained"),
    ("dataset", "tables, worlds and their reference tables are read"),
    ("network", "files of networks are read"),
    ("list", "files of lists are read"),
    ("story", "stories are read and told"),
    ("run", "the service answers a request that it cannot serve"),
];

/// The example of a code.
pub fn example(code: &str) -> Option<&'static Example> {
    examples().iter().find(|(known, _)| *known == code).map(|(_, example)| example)
}

/// The document of all codes, in Markdown.
pub fn document() -> String {
    let all = all();
    let mut text = String::from(
        "# Codes\n\n\
         Every complaint has a code whose meaning never changes. `gyr codes CODE` shows an input that raises it, and\n\
         `tests/snapshots/` what is then said. This page is written by `gyr codes --markdown`; a test holds the two together.\n",
    );
    for (stage, about) in STAGES {
        let codes: Vec<&Code> = all.iter().filter(|code| code.stage == *stage).collect();
        if codes.is_empty() {
            continue;
        }
        // Writing to a String cannot fail.
        let _ = write!(text, "\n## {stage}: {about}\n\n| Code | Means |\n|---|---|\n");
        for code in codes {
            let _ = writeln!(text, "| `{}` | {} |", code.code, code.meaning);
        }
    }
    text
}
