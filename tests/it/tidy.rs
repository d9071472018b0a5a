//! The style holds: crates are named where the code map says, files stay readable.

use std::path::{Path, PathBuf};

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_path_buf()
}

/// Every Rust source of the project, with its path from the root and its text.
pub(crate) fn sources() -> Vec<(String, String)> {
    let mut open: Vec<PathBuf> = ["features", "models", "engine", "datasets", "benches", "tests"]
        .iter()
        .map(|member| root().join(member))
        .collect();
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the project") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let name = path.strip_prefix(root()).expect("below the root");
                let text = std::fs::read_to_string(&path).expect("UTF-8");
                found.push((name.to_string_lossy().into_owned(), text));
            }
        }
    }
    found.sort();
    assert!(50 < found.len(), "the walk found {} files", found.len());
    found
}

/// Paths of files that name a crate outside comments.
fn naming(word: &str) -> Vec<String> {
    let names = |text: &str| {
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        code.into_iter().any(|line| {
            [format!("{word}::"), format!("use {word}")].iter().any(|w| line.contains(w.as_str()))
        })
    };
    sources().into_iter().filter(|(_, text)| names(text)).map(|(name, _)| name).collect()
}

pub(crate) fn floors() {
    let allowed: [(&str, &[&str]); 7] = [
        ("polars", &["datasets/src/", "tests/it/"]),
        ("linfa", &["models/src/train"]),
        ("forust_ml", &["models/src/"]),
        ("dashmap", &["engine/src/shell/http/idempotency.rs"]),
        ("maxminddb", &["features/src/networks/mmdb.rs"]),
        ("axum", &["engine/src/shell/", "benches/", "tests/it/"]),
        ("tokio", &["engine/src/shell/", "engine/src/main.rs", "benches/", "tests/it/"]),
    ];
    for (word, places) in allowed {
        let found = naming(word);
        assert!(!found.is_empty(), "nothing names {word}: is the check still looking?");
        for name in found {
            let fits = places.iter().any(|place| name.starts_with(place));
            assert!(fits || name == "tests/it/tidy.rs", "{name} names {word}");
        }
    }
    for (name, text) in sources() {
        let below = |floor: &str| name.starts_with(floor);
        let says = |word: &str| {
            text.contains(&format!("use {word}")) || text.contains(&format!(" {word}::"))
        };
        assert!(!(below("features/src") && (says("models") || says("engine"))), "{name} looks up");
        assert!(!(below("models/src") && (says("features") || says("engine"))), "{name} looks up");
        assert!(!(below("datasets/src") && (says("models") || says("engine"))), "{name} looks up");
        let is_core =
            below("engine/src") && !below("engine/src/shell") && name != "engine/src/main.rs";
        assert!(!(is_core && text.contains("crate::shell")), "{name} looks up to the shell");
    }
}

#[test]
fn files_stay_readable() {
    // A data table may be long; code over a thousand lines is two things.
    let tables = ["engine/src/reason.rs", "features/src/field/table.rs"];
    for (name, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= 1_000 || tables.contains(&name.as_str()), "{name} has {lines} lines");
        let is_tests = name.ends_with("/tests.rs") || name.contains("/tests/");
        assert!(is_tests || text.starts_with("//!"), "{name} does not say what it is for");
    }
}

#[test]
fn nothing_is_left_for_another_day() {
    for (name, text) in sources().into_iter().filter(|(name, _)| name != "tests/it/tidy.rs") {
        // What takes too long for every day may wait for its own command; nothing else may.
        let text = text.replace("#[ignore = \"takes", "");
        for word in ["todo!", "unimplemented!", "FIXME", "TODO", "#[ignore"] {
            assert!(!text.contains(word), "{name} says {word}");
        }
    }
}
