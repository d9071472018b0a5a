//! The table of words holds every word that the parser reads by.

use std::collections::BTreeSet;

use super::super::parse::clauses_of;
use super::super::words::{STATEMENTS, names};
use crate::language::{Role, words};

fn known() -> BTreeSet<&'static str> {
    words().iter().flat_map(|word| word.word.split(' ')).collect()
}

#[test]
fn every_clause_of_every_statement_is_in_the_table() {
    let clauses: BTreeSet<&str> =
        words().iter().filter(|w| w.role == Role::Clause).map(|w| w.word).collect();
    let used: BTreeSet<&str> = names(&STATEMENTS).flat_map(clauses_of).copied().collect();
    let used: BTreeSet<&str> = used.into_iter().filter(|clause| *clause != "=").collect();
    assert_eq!(used, clauses);
}

#[test]
fn every_word_that_the_parser_takes_is_in_the_table() {
    let sources = [
        include_str!("../parse.rs"),
        include_str!("../parse/action.rs"),
        include_str!("../parse/aggregate.rs"),
        include_str!("../parse/example.rs"),
        include_str!("../parse/expression.rs"),
        include_str!("../parse/judgement.rs"),
        include_str!("../parse/statement.rs"),
    ];
    let known = known();
    let mut taken = 0;
    for source in sources {
        for piece in source.split("take_word(\"").skip(1) {
            let word = piece.split('"').next().unwrap();
            assert!(known.contains(word), "{word}");
            taken += 1;
        }
    }
    assert!(10 <= taken, "{taken} words were found: are they taken otherwise?");
}

#[test]
fn every_word_says_what_it_means_in_one_line_and_stands_once_in_its_role() {
    let mut seen = BTreeSet::new();
    for word in words() {
        assert!(!word.says.is_empty() && !word.says.contains('\n'), "{word:?}");
        assert!(seen.insert((word.role.name(), word.word)), "{word:?} stands twice");
    }
}
