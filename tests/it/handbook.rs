//! The published window features of the Fraud Detection Handbook, on an excerpt made here.
//!
//! The CSV has the columns and the habits of the real set (two decimals, fraud amounts multiplied
//! in floating point, ISO times without zone); the 14 features are recounted from their published
//! definitions and must come out of `engine/policies/handbook.policy` under their published names.

use std::collections::HashMap;
use std::fmt::Write as _;

use datasets::{ColumnMap, Events};
use engine::policy::{Policy, Wanted};
use features::field::{EventType, ids};
use features::history::{History, Limits};
use tests::Chance;

use crate::parity::folder;

const POLICY: &str = include_str!("../../engine/policies/handbook.policy");
const DAY: i64 = 86_400;

struct Row {
    id: u64,
    customer: u64,
    terminal: u64,
    amount: f64,
    second: i64,
    is_fraud: bool,
}

fn rows() -> Vec<Row> {
    let seed = 14;
    println!("seed {seed}");
    let mut chance = Chance(seed);
    let mut second = 0;
    // Fewer for each customer and terminal than are kept raw: every window is exact.
    (0..4_000)
        .map(|id| {
            second += 1 + chance.below(1_800) as i64;
            let is_fraud = chance.happens(20);
            let amount = (100 + chance.below(20_000)) as f64 / 100.0;
            // As the published generator does it: the noise of the product is part of the file.
            let amount = if is_fraud { amount * 5.0 } else { amount };
            let (customer, terminal) = (chance.below(12), chance.below(9));
            Row { id, customer, terminal, amount, second, is_fraud }
        })
        .collect()
}

fn csv(rows: &[Row]) -> String {
    let mut text = String::from(
        "TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_TIME_SECONDS,\
         TX_TIME_DAYS,TX_FRAUD,TX_FRAUD_SCENARIO\n",
    );
    for row in rows {
        // 2018-04-01 was a Sunday; the excerpt stays within April, May and June.
        let day = row.second / DAY;
        let (month, day_of_month) = match day {
            0..30 => (4, day + 1),
            30..61 => (5, day - 29),
            _ => (6, day - 60),
        };
        let clock = row.second % DAY;
        let (hour, minute, second) = (clock / 3_600, clock / 60 % 60, clock % 60);
        writeln!(
            text,
            "{},2018-{month:02}-{day_of_month:02}T{hour:02}:{minute:02}:{second:02},{},{},{},{},{day},{},0",
            row.id,
            row.customer,
            row.terminal,
            row.amount,
            row.second,
            u8::from(row.is_fraud),
        )
        .expect("a string takes everything");
    }
    text
}

/// The published definitions, counted from all rows before and with this one.
fn published(rows: &[Row], index: usize) -> Vec<(String, f64)> {
    let row = &rows[index];
    let day = row.second / DAY;
    let mut features = vec![
        // Day 0 was a Sunday.
        ("tx_during_weekend".to_owned(), f64::from(u8::from(day % 7 == 0 || day % 7 == 6))),
        ("tx_during_night".to_owned(), f64::from(u8::from(row.second % DAY / 3_600 <= 6))),
        ("tx_amount".to_owned(), row.amount),
    ];
    for days in [1, 7, 30] {
        let within = |other: &&Row, from: i64, to: i64| from < other.second && other.second <= to;
        let own: Vec<&Row> = rows[..=index]
            .iter()
            .filter(|other| other.customer == row.customer)
            .filter(|other| within(other, row.second - days * DAY, row.second))
            .collect();
        let mean = own.iter().map(|r| r.amount).sum::<f64>() / own.len() as f64;
        let delayed: Vec<&Row> = rows[..=index]
            .iter()
            .filter(|other| other.terminal == row.terminal)
            .filter(|o| within(o, row.second - (7 + days) * DAY, row.second - 7 * DAY))
            .collect();
        let frauds = delayed.iter().filter(|r| r.is_fraud).count();
        let risk = if delayed.is_empty() { 0.0 } else { frauds as f64 / delayed.len() as f64 };
        features.extend([
            (format!("customer_id_nb_tx_{days}day_window"), own.len() as f64),
            (format!("customer_id_avg_amount_{days}day_window"), mean),
            (format!("terminal_id_nb_tx_{days}day_window"), delayed.len() as f64),
            (format!("terminal_id_risk_{days}day_window"), risk),
        ]);
    }
    features
}

#[test]
fn the_published_features_are_reproduced() {
    let folder = folder("handbook");
    let rows = rows();
    let file = folder.join("transactions.csv");
    std::fs::write(&file, csv(&rows)).expect("a temporary file");
    let map = ColumnMap::built_in("handbook").expect("a built-in map");
    let data = folder.join("data");
    let report = datasets::import(&[file], &map, &data, &mut |_| ()).expect("the import");
    assert_eq!((report.events, report.rejected), (rows.len() as u64, 0));

    let policy = Policy::check(POLICY, None, Wanted::AllFeatures).expect("the policy is sound");
    let plan = policy.plan();
    let slots: HashMap<&str, usize> =
        plan.facts().iter().enumerate().map(|(slot, fact)| (fact.name.as_str(), slot)).collect();
    let history = History::new(plan.clone(), Limits::default());
    let mut facts = Vec::new();
    let mut index = 0;
    for item in Events::open(&data).expect("the data") {
        let mut event = item.expect("a readable file").event.expect("a valid event");
        if event.event_type() == EventType::Label {
            history.record(&mut event, || ());
            continue;
        }
        history.observe(&mut event, &mut facts, || ());
        for (name, wanted) in published(&rows, index) {
            let got = facts[slots[name.as_str()]];
            let is_count = name.contains("_nb_tx_") || name.contains("_during_");
            let near = if is_count { got == wanted } else { (got - wanted).abs() <= 1e-6 };
            let id = event.text(ids::EVENT_ID).unwrap_or_default();
            assert!(near, "{name} of {id}: got {got}, published {wanted}");
        }
        index += 1;
    }
    assert_eq!(index, rows.len());
}
