//! Texts that nobody would write: whatever the bytes, reading, laying out and completing end, with
//! at most as many faults as are shown.

use super::random::{Dice, check};
use crate::catalog;
use crate::language::complete::{Outside, complete};
use crate::language::define::Origin;
use crate::language::{FAULTS_MAX, format, parse, text_of};

/// What must hold for the bytes of any file.
fn check_bytes(bytes: &[u8], seed: u64) {
    match text_of(bytes) {
        Ok(text) => {
            check(text, seed);
            let laid_out = format(text);
            assert_eq!(laid_out.is_ok(), parse(text).1.is_empty(), "seed {seed}");
            if let Err(faults) = laid_out {
                assert!(faults.len() <= FAULTS_MAX + 1, "seed {seed}");
            }
        }
        Err(fault) => assert_eq!(fault.code, "P039", "seed {seed}"),
    }
}

#[test]
fn random_bytes_are_read_or_refused() {
    for seed in 0..20_000 {
        let mut dice = Dice(seed ^ 0x62_u64.rotate_left(40));
        let length = dice.below(200);
        // Half of them are ASCII, so that they are texts.
        let most = dice.pick(&[0x80, 0x100]);
        let bytes: Vec<u8> = (0..length).map(|_| dice.below(most) as u8).collect();
        check_bytes(&bytes, seed);
    }
}

#[test]
fn the_catalogue_cut_off_anywhere_is_read() {
    let text = catalog::TEXT;
    let mut dice = Dice(0x63);
    for seed in 0..300 {
        let at = dice.below(text.len());
        // Not before the end of a file: cuts inside characters are no texts.
        check_bytes(&text.as_bytes()[..at.min(20_000)], seed);
        let start = text.floor_char_boundary(at);
        let end = text.floor_char_boundary((start + 2_000).min(text.len()));
        check_bytes(&text.as_bytes()[start..end], seed);
    }
}

#[test]
fn the_catalogue_with_changed_bytes_is_read() {
    let text = catalog::TEXT.as_bytes();
    for seed in 0..1_500 {
        let mut dice = Dice(seed ^ 0x64_u64.rotate_left(40));
        let start = dice.below(text.len() - 3_000);
        let mut bytes = text[start..start + 3_000].to_vec();
        for _ in 0..1 + dice.below(40) {
            let at = dice.below(bytes.len());
            match dice.below(4) {
                0 => bytes[at] = dice.below(0x100) as u8,
                1 => bytes[at] = dice.pick(b"()[]{}\"#@=.,-\n\t 5x"),
                2 => drop(bytes.remove(at)),
                _ => {
                    let from = dice.below(bytes.len() - 20);
                    let piece = bytes[from..from + 20].to_vec();
                    drop(bytes.splice(at..at, piece));
                }
            }
        }
        check_bytes(&bytes, seed);
    }
}

#[test]
fn completion_answers_at_any_place_of_any_text() {
    let mut definitions = catalog::definitions();
    for seed in 0..2_000 {
        let mut dice = Dice(seed ^ 0x65_u64.rotate_left(40));
        let mut text = super::random::policy(&mut dice);
        if dice.below(2) == 0 {
            let odd = dice.pick(&["(", "\"", "卡", "@", "then ", "\n", "in (", "= ", "by ", "{"]);
            let at = text.floor_char_boundary(dice.below(text.len()));
            text.insert_str(at, odd);
        }
        let (policy, _) = parse(&text);
        // Names of random texts mean what they mean in the catalogue, or nothing.
        if seed == 0 {
            definitions.add(&policy, Origin::Policy);
        }
        let at = dice.below(text.len() + 9);
        let found = complete(&text, at, &policy, &mut definitions, &Outside::default());
        assert!(found.start <= text.len(), "seed {seed}");
        assert!(found.candidates.iter().all(|c| !c.text.is_empty()), "seed {seed}");
    }
}

#[test]
fn a_long_text_of_unknown_names_is_checked_in_one_pass() {
    // With a suggestion for each, this would take hours.
    let lets = (0..40_000).map(|n| format!("let a{n} = unheard_of_{n} > 1\n"));
    let (policy, faults) = parse(&lets.collect::<String>());
    assert_eq!(faults, []);
    let found = catalog::definitions().add(&policy, Origin::Policy);
    assert_eq!(found.len(), 40_000);
    let helped = found.iter().filter(|fault| fault.help.is_some()).count();
    assert!(helped <= FAULTS_MAX, "{helped}");
}
