//! The history against polars: the same windows as rolling expressions, on the same million events.
//!
//! Polars sees all events at once, so it knows of late ones too early: what an event could not have
//! seen yet is taken off by a join of the late events with those they came too late for.

use std::sync::Arc;

use features::catalog;
use features::event::Event;
use features::history::{History, Limits};
use features::language::define::Origin;
use features::language::parse;
use features::limits::DAY_MS;
use polars::prelude::*;
use polars_time::prelude::*;
use tests::Payment;

use crate::oracle::payments;

const POLICY: &str = r#"
feature count_1d "" = count(payment) by account over 1d
feature sum_7d "" = sum(base_minor of payment) by account over 7d
feature count_7d "" = count(payment) by account over 7d
feature sum_30d "" = sum(base_minor of payment) by account over 30d
feature max_30d "" = max(base_minor of payment) by account over 30d including this
feature mean_7d "" = avg(base_minor of payment) by account over 7d including this
"#;

fn folded(payments: &[Payment]) -> Vec<Vec<f64>> {
    let (policy, faults) = parse(POLICY);
    assert_eq!(faults, []);
    let mut definitions = catalog::definitions();
    assert_eq!(definitions.add(&policy, Origin::Policy), []);
    let own = definitions.features().iter().filter(|f| !f.is_builtin).map(|f| f.definition);
    let own: Vec<usize> = own.collect();
    let history = History::new(Arc::new(definitions.plan(&own)), Limits::default());
    let mut facts = Vec::new();
    payments
        .iter()
        .map(|payment| {
            let json = payment.json();
            let mut event = Event::read(json.as_bytes(), None).expect("the event is valid");
            history.observe(&mut event, &mut facts, || ());
            facts.clone()
        })
        .collect()
}

fn frame(payments: &[Payment]) -> DataFrame {
    let column = |f: fn(&Payment) -> i64| payments.iter().map(f).collect::<Vec<i64>>();
    let newest = payments.iter().scan(i64::MIN, |newest, p| {
        let late = p.time < *newest;
        *newest = (*newest).max(p.time);
        Some(late)
    });
    df!(
        "seq" => (0..payments.len() as i64).collect::<Vec<_>>(),
        "time" => column(|p| p.time),
        "account" => column(|p| p.account as i64),
        "fen" => column(|p| p.fen),
        "late" => newest.collect::<Vec<bool>>(),
    )
    .expect("columns of one length")
}

fn rolling(days: i64) -> RollingOptionsDynamicWindow {
    RollingOptionsDynamicWindow {
        window_size: Duration::parse(&format!("{}i", days * DAY_MS)),
        min_periods: 1,
        closed_window: ClosedWindow::Right,
        fn_params: None,
    }
}

/// Sums and counts by polars, the event itself and what came after it taken off.
fn recounted(all: &DataFrame) -> DataFrame {
    let one = lit(1_i64);
    let over = |e: Expr| e.over([col("account")]).expect("a window over a column");
    let base = all.clone().lazy().sort(["account", "time"], SortMultipleOptions::default());
    let base = base.with_column(one.alias("one")).with_columns([
        over(col("one").rolling_sum_by(col("time"), rolling(1))).alias("count_1d"),
        over(col("one").rolling_sum_by(col("time"), rolling(7))).alias("count_7d"),
        over(col("fen").rolling_sum_by(col("time"), rolling(7))).alias("sum_7d"),
        over(col("fen").rolling_sum_by(col("time"), rolling(30))).alias("sum_30d"),
        over(col("fen").rolling_max_by(col("time"), rolling(30))).alias("max_30d"),
    ]);
    let late = all.clone().lazy().filter(col("late")).select([
        col("account"),
        col("seq").alias("late_seq"),
        col("time").alias("late_time"),
        col("fen").alias("late_fen"),
    ]);
    let age = || col("time") - col("late_time");
    let within = |days: i64, value: Expr| {
        when(age().lt(lit(days * DAY_MS))).then(value).otherwise(lit(0_i64)).sum()
    };
    let unseen = all
        .clone()
        .lazy()
        .join(late, [col("account")], [col("account")], JoinArgs::new(JoinType::Inner))
        .filter(col("late_seq").gt(col("seq")).and(col("late_time").lt_eq(col("time"))))
        .group_by([col("seq")])
        .agg([
            within(1, lit(1_i64)).alias("unseen_count_1d"),
            within(7, lit(1_i64)).alias("unseen_count_7d"),
            within(7, col("late_fen")).alias("unseen_sum_7d"),
            within(30, col("late_fen")).alias("unseen_sum_30d"),
        ]);
    base.join(unseen, [col("seq")], [col("seq")], JoinArgs::new(JoinType::Left))
        .sort(["seq"], SortMultipleOptions::default())
        .collect()
        .expect("polars computes the windows")
}

#[test]
fn a_million_random_events_agree_with_polars() {
    let seed = 4_242;
    println!("seed {seed}");
    let payments = payments(seed, 1_000_000, 45);
    let facts = folded(&payments);
    let table = recounted(&frame(&payments));
    let column = |name: &str| {
        let column = table.column(name).expect("it was computed").cast(&DataType::Int64);
        let column = column.expect("integers");
        column.i64().expect("integers").iter().map(|v| v.unwrap_or(0)).collect::<Vec<i64>>()
    };
    let names = ["count_1d", "count_7d", "sum_7d", "sum_30d"];
    let seen: Vec<Vec<i64>> = names.iter().map(|name| column(name)).collect();
    let unseen: Vec<Vec<i64>> =
        names.iter().map(|name| column(&format!("unseen_{name}"))).collect();
    let max = column("max_30d");
    let unseen_any = &unseen[3];
    let mut compared = 0;
    for (row, payment) in payments.iter().enumerate() {
        let own = [1, 1, payment.fen, payment.fen];
        let known = |i: usize| (seen[i][row] - unseen[i][row] - own[i]) as f64;
        let [count_1d, count_7d, sum_7d, sum_30d] = [known(0), known(1), known(2), known(3)];
        // Facts come in order of definition: count_1d, sum_7d, count_7d, sum_30d, max_30d, mean_7d.
        let got = &facts[row];
        assert_eq!(got[..4], [count_1d, sum_7d, count_7d, sum_30d], "{payment:?}");
        if unseen_any[row] == 0 {
            let mean = (sum_7d + payment.fen as f64) / (count_7d + 1.0);
            assert_eq!(got[4..], [max[row] as f64, mean], "{payment:?}");
            compared += 1;
        }
    }
    assert!(900_000 < compared, "only {compared} maxima were compared");
}
