//! Lists of a million entries of every kind: nanoseconds a look-up, bytes an entry.
//!
//! Each list is built, opened as a history opens it, and asked for values that are in it and values
//! that are not, in random order, so that each look-up misses the caches of a processor as in life.
//! The answers are known beforehand and are checked.
//!
//! `cargo bench -p benches --bench lists -- [ENTRIES]`
#![allow(clippy::print_stdout, clippy::disallowed_methods, missing_docs)]

use std::hint::black_box;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Instant;

use benches::{Chance, resident_bytes};
use features::field::EventType;
use features::language::ast::ListKind;
use features::lists::{Declared, KINDS, Lists, Row};

/// When it is asked.
const NOW: i64 = 1_790_000_000_000;

/// Look-ups of one kind; each value is asked once.
const ASKED: usize = 500_000;

fn main() {
    let is_test = !std::env::args().any(|argument| argument == "--bench");
    let entries = std::env::args().find_map(|argument| argument.parse::<u64>().ok());
    let entries = entries.unwrap_or(if is_test { 2_000 } else { 1_000_000 });
    println!("| Kind | Entries | keys of | load ns | bytes an entry | hit ns | miss ns |");
    println!("|---|---:|---|---:|---:|---:|---:|");
    for (name, kind) in KINDS {
        bench(name, kind, entries);
    }
}

fn bench(name: &str, kind: ListKind, entries: u64) {
    let began = Instant::now();
    let mut declared = Declared::new(name, "", kind);
    for number in 0..entries {
        let row = Row { reason: "seen in card testing".into(), ..Row::of(&entry(kind, number)) };
        declared.start_with(&row).unwrap_or_else(|wanted| panic!("{wanted}: {row:?}"));
    }
    let load = began.elapsed().as_nanos() as f64 / entries as f64;
    let held = declared.len() as f64;
    let before = resident_bytes();
    let lists = Lists::new(&[Arc::new(declared)]);
    let bytes = (resident_bytes() - before) as f64 / held;
    let mut chance = Chance(20_261_127);
    let hits: Vec<String> =
        (0..ASKED).map(|_| within(kind, &entry(kind, chance.below(entries)))).collect();
    let misses: Vec<String> = (0..ASKED as u64).map(|number| outside(kind, number)).collect();
    let hit = timed(&lists, &hits, Some(true));
    let miss = timed(&lists, &misses, Some(false));
    let keys = lengths(kind);
    println!("| {name} | {held} | {keys} | {load:.0} | {bytes:.0} | {hit:.0} | {miss:.0} |");
}

fn timed(lists: &Lists, values: &[String], wanted: Option<bool>) -> f64 {
    let began = Instant::now();
    let mut right = 0;
    for value in values {
        let found = lists.holds(0, black_box(value), NOW, EventType::Payment);
        right += usize::from(found == wanted);
    }
    let took = began.elapsed().as_nanos() as f64 / values.len() as f64;
    assert_eq!(right, values.len(), "{wanted:?}");
    took
}

/// How many different lengths the entries have.
fn lengths(kind: ListKind) -> &'static str {
    match kind {
        ListKind::Value => "one length",
        ListKind::Prefix => "8 lengths",
        ListKind::Bin => "2 lengths",
        ListKind::Cidr => "9 lengths",
        ListKind::Domain => "2 numbers of labels",
    }
}

/// Spreads a number over 64 bits.
fn spread(number: u64) -> u64 {
    let number = (number ^ number >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ number >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ number >> 31
}

fn entry(kind: ListKind, number: u64) -> String {
    let mixed = spread(number + 1);
    match kind {
        ListKind::Value => format!("tok_{mixed:016x}"),
        ListKind::Prefix => format!("p{:016x}", mixed)[..8 + number as usize % 8].to_owned(),
        // Half of the card ranges of eight digits beside a few of six.
        ListKind::Bin if number.is_multiple_of(100) => format!("9{:05}", number / 100 % 100_000),
        ListKind::Bin => format!("{:08}", number * 37 % 80_000_000),
        ListKind::Cidr => {
            let length = 20 + number as u32 % 9;
            let address = (number as u32).wrapping_mul(3_617) << 4 & 0x7fff_ffff;
            let kept = u32::MAX << (32 - length);
            format!("{}/{length}", Ipv4Addr::from_bits(address & kept))
        }
        ListKind::Domain if number.is_multiple_of(2) => format!("{mixed:012x}.com"),
        ListKind::Domain => format!("shop.{mixed:012x}.org"),
    }
}

/// A value that an entry covers.
fn within(kind: ListKind, entry: &str) -> String {
    match kind {
        ListKind::Value => entry.to_owned(),
        ListKind::Prefix => format!("{entry}.rest-of-it"),
        ListKind::Bin => format!("{entry:0<8}"),
        ListKind::Cidr => entry.split('/').next().unwrap_or_default().to_owned(),
        ListKind::Domain => format!("www.{entry}"),
    }
}

/// A value that no entry covers.
fn outside(kind: ListKind, number: u64) -> String {
    let mixed = spread(number) | 1 << 63;
    match kind {
        ListKind::Value => format!("card_{mixed:016x}"),
        ListKind::Prefix => format!("q{mixed:016x}.rest-of-it"),
        ListKind::Bin => format!("8{:07}", mixed % 10_000_000),
        ListKind::Cidr => Ipv4Addr::from_bits(mixed as u32 | 1 << 31).to_string(),
        ListKind::Domain => format!("www.shop.{mixed:016x}.net"),
    }
}
