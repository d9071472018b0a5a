//! The history against polars: a million payments as rolling expressions, and the catalogue's own
//! features over a simulated world as joins.
//!
//! Polars sees all events at once. Where it rolls, it knows of late events too early: what an event
//! could not have seen yet is taken off by a join of the late events with those they came too late
//! for. Where it joins, each scored event meets the earlier ones of its key, and sums up those in its
//! window. The world is read here as plain JSON: what an outcome inherits from the event that it
//! refers to, and what counts as what, is said anew.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use datasets::synth::{Atlas, Options, Settings, World};
use features::catalog;
use features::event::Event;
use features::history::{History, Limits};
use features::language::define::Origin;
use features::language::parse;
use features::limits::DAY_MS;
use polars::prelude::*;
use polars_time::prelude::*;
use serde_json::Value;
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
    let payments: Vec<Payment> = payments(seed, 1_000_000, 45).collect();
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

/// What is taken from the events in a window.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Take {
    Count,
    Sum,
    Mean,
    Max,
    Stddev,
    /// Different values of a column.
    Distinct(&'static str),
    /// Time of the newest event.
    Newest,
}

use Take::{Count, Distinct, Max, Mean, Newest, Stddev, Sum};

/// A family of windows: its name before each window, the windows, whose they are (or whose on the
/// side that asks, and on the side that happened), and what is taken from which events.
struct Family(&'static str, &'static str, &'static str, Take, &'static str);

/// Everything that is summed up; what begins with `_` is a part of one of the [`ratios`], the rest is
/// the catalogue's.
const FAMILIES: &[Family] = &[
    Family("card_attempt_count", "5m 1h 24h 7d 30d", "card", Count, "card_attempt"),
    Family("card_approved_count", "1h 24h 7d 30d 90d", "card", Count, "approved"),
    Family("card_approved_amount", "1h 24h 7d 30d 90d", "card", Sum, "approved"),
    Family("card_declined_count", "5m 1h 24h 7d", "card", Count, "declined"),
    Family("card_link_attempt_count", "1h 24h 7d 30d", "card", Count, "card_link"),
    Family("card_distinct_accounts", "24h 7d 30d 90d", "card", Distinct("account"), "card_use"),
    Family("card_distinct_devices", "24h 7d 30d", "card", Distinct("device"), "card_use"),
    Family("card_decline_nsf_count", "24h 7d", "card", Count, "short_of_funds"),
    Family("card_cvv_fail_count", "1h 24h 7d", "card", Count, "cvv_wrong"),
    Family("_card_mean", "90d", "card", Mean, "approved"),
    Family("_card_stddev", "90d", "card", Stddev, "approved"),
    Family("_card_newest", "90d", "card", Newest, "card_attempt"),
    Family("account_attempt_count", "1m 5m 1h 24h 7d 30d", "account", Count, "attempt"),
    Family("account_approved_count", "1h 24h 7d 30d 90d", "account", Count, "approved"),
    Family("account_approved_amount", "1h 24h 7d 30d 90d", "account", Sum, "approved"),
    Family("account_declined_count", "5m 1h 24h 7d", "account", Count, "declined"),
    Family("account_link_attempt_count", "5m 1h 24h 7d", "account", Count, "card_link"),
    Family("account_link_success_count", "24h 7d 30d", "account", Count, "link_verified"),
    Family("account_login_fail_count", "5m 1h 24h", "account", Count, "login_failed"),
    Family("account_login_success_count", "24h 7d", "account", Count, "login_passed"),
    Family("account_otp_send_count", "5m 1h 24h", "account", Count, "sms_sent"),
    Family("account_profile_change_count", "1h 24h 7d", "account", Count, "profile_change"),
    Family("account_transfer_out_count", "1h 24h 7d", "account", Count, "outflow"),
    Family("account_transfer_out_amount", "1h 24h 7d 30d", "account", Sum, "outflow"),
    Family("account_refund_count", "7d 30d 90d", "account", Count, "refund"),
    Family("account_amount_mean", "30d 90d", "account", Mean, "approved"),
    Family("account_amount_std", "30d 90d", "account", Stddev, "approved"),
    Family("account_distinct_cards", "1h 24h 7d 30d 90d", "account", Distinct("card"), "card_use"),
    Family("account_distinct_devices", "24h 7d 30d", "account", Distinct("device"), "any"),
    Family("account_distinct_ips", "1h 24h 7d", "account", Distinct("ip"), "any"),
    Family("account_distinct_ip_countries", "24h 7d 30d", "account", Distinct("ip_country"), "any"),
    Family(
        "account_distinct_merchants",
        "1h 24h 7d 30d",
        "account",
        Distinct("merchant"),
        "payment",
    ),
    Family("account_distinct_mccs", "24h 7d 30d", "account", Distinct("mcc"), "payment"),
    Family(
        "account_distinct_beneficiaries",
        "24h 7d 30d",
        "account",
        Distinct("beneficiary"),
        "transfer",
    ),
    Family("_account_payments", "24h 7d", "account", Count, "payment"),
    Family("_account_max", "90d", "account", Max, "approved"),
    Family("_account_newest", "90d", "account", Newest, "attempt"),
    Family("_account_in", "1h 24h 7d", "account", Count, "inflow"),
    Family("_account_in_amount", "1h 24h 7d 30d", "account", Sum, "inflow"),
    Family("_account_got", "1h 24h 7d", "account of beneficiary", Count, "transfer"),
    Family("_account_got_amount", "1h 24h 7d 30d", "account of beneficiary", Sum, "transfer"),
    Family("_account_passed", "90d", "account", Count, "challenge_passed"),
    Family("_account_ended", "90d", "account", Count, "challenge_ended"),
    Family("device_attempt_count", "5m 1h 24h 7d", "device", Count, "attempt"),
    Family("device_declined_count", "5m 1h 24h", "device", Count, "declined"),
    Family("device_link_attempt_count", "5m 1h 24h 7d", "device", Count, "card_link"),
    Family("device_login_fail_count", "5m 1h 24h", "device", Count, "login_failed"),
    Family("device_distinct_cards", "1h 24h 7d 30d", "device", Distinct("card"), "card_use"),
    Family("device_distinct_accounts", "1h 24h 7d 30d", "device", Distinct("account"), "any"),
    Family("ip_attempt_count", "1m 5m 1h 24h", "ip", Count, "attempt"),
    Family("ip_declined_count", "5m 1h 24h", "ip", Count, "declined"),
    Family("ip_login_fail_count", "1m 5m 1h 24h", "ip", Count, "login_failed"),
    Family("ip_distinct_accounts", "1h 24h 7d", "ip", Distinct("account"), "any"),
    Family("ip_distinct_cards", "1h 24h", "ip", Distinct("card"), "card_use"),
    Family("merchant_attempt_count", "5m 1h 24h 7d", "merchant", Count, "payment"),
    Family("merchant_approved_amount", "1h 24h 7d 30d", "merchant", Sum, "approved"),
    Family("merchant_declined_count", "5m 1h 24h", "merchant", Count, "declined"),
    Family("merchant_amount_mean", "30d", "merchant", Mean, "approved"),
    Family("merchant_distinct_cards", "1h 24h 7d", "merchant", Distinct("card"), "card_attempt"),
    Family("merchant_distinct_accounts", "1h 24h 7d", "merchant", Distinct("account"), "payment"),
    Family("_merchant_approved", "30d", "merchant", Count, "approved"),
    Family("_merchant_stddev", "30d", "merchant", Stddev, "approved"),
    Family("_merchant_payments", "24h 7d 30d", "merchant", Count, "payment"),
    Family("_merchant_foreign", "24h 30d", "merchant", Count, "foreign_payment"),
    Family("_merchant_refunds", "7d 30d", "merchant", Count, "refund"),
    Family("_merchant_fraud", "7d+7d 30d+7d 90d+7d", "merchant", Count, "fraud_known"),
    Family("_merchant_known", "7d+7d 30d+7d 90d+7d", "merchant", Count, "payment"),
    Family("bin_link_attempt_count", "1m 5m 1h 24h", "bin", Count, "card_link"),
    Family("bin_declined_count", "5m 1h 24h", "bin", Count, "declined"),
    Family("bin_distinct_cards", "5m 1h 24h", "bin", Distinct("card"), "card_use"),
    Family("bin_distinct_accounts", "5m 1h 24h", "bin", Distinct("account"), "card_link"),
    Family("_bin_decided", "1h 24h", "bin", Count, "decided"),
    Family("_issuer_declined", "24h", "issuer_region", Count, "declined"),
    Family("_issuer_decided", "24h", "issuer_region", Count, "decided"),
    Family("beneficiary_inflow_count", "1h 24h 7d", "beneficiary", Count, "transfer"),
    Family("beneficiary_inflow_amount", "1h 24h 7d", "beneficiary", Sum, "transfer"),
    Family(
        "beneficiary_distinct_senders",
        "1h 24h 7d 30d",
        "beneficiary",
        Distinct("account"),
        "transfer",
    ),
    Family("_all_fraud", "90d+7d", "everybody", Count, "fraud_known"),
    Family("_all_passed", "90d", "everybody", Count, "challenge_passed"),
    Family("_all_ended", "90d", "everybody", Count, "challenge_ended"),
];

/// Features that are made of sums: name and expression.
fn ratios() -> Vec<(String, Expr)> {
    let number = |value: f64| lit(value);
    let over = |a: Expr, b: Expr| when(b.clone().neq(number(0.0))).then(a / b).otherwise(lit(NULL));
    let larger = |a: Expr, b: Expr| when(a.clone().gt(b.clone())).then(a).otherwise(b);
    // Deviations of at least a tenth of the mean and of 5 CNY, of at least three amounts.
    let zscore = |count: &str, mean: &str, stddev: &str| {
        let least = larger(number(0.1) * col(mean), number(500.0));
        let score = (col("base") - col(mean)) / larger(col(stddev), least);
        when(col(count).gt_eq(number(3.0))).then(score).otherwise(lit(NULL))
    };
    let since = |key: &str, newest: &str| {
        let seconds = (col("time") - col(newest)) / number(1_000.0);
        let capped = when(col(newest).is_null()).then(number(7_776_000.0)).otherwise(seconds);
        when(col(key).is_null()).then(lit(NULL)).otherwise(capped)
    };
    let mut all = Vec::new();
    let mut add = |name: &str, expr: Expr| all.push((name.to_owned(), expr));
    for window in ["30d", "90d"] {
        let [count, mean, stddev] = ["approved_count", "amount_mean", "amount_std"]
            .map(|n| format!("account_{n}_{window}"));
        add(&format!("account_amount_zscore_{window}"), zscore(&count, &mean, &stddev));
        add(&format!("account_amount_ratio_mean_{window}"), over(col("base"), col(mean)));
    }
    add("account_amount_ratio_max_90d", over(col("base"), col("_account_max_90d")));
    let cv = over(col("account_amount_std_30d"), col("account_amount_mean_30d"));
    let is_enough = col("account_approved_count_30d").gt_eq(number(3.0));
    add("account_amount_cv_30d", when(is_enough).then(cv).otherwise(lit(NULL)));
    add(
        "card_amount_zscore_90d",
        zscore("card_approved_count_90d", "_card_mean_90d", "_card_stddev_90d"),
    );
    let merchant =
        zscore("_merchant_approved_30d", "merchant_amount_mean_30d", "_merchant_stddev_30d");
    add("merchant_amount_zscore_30d", merchant);
    let day = larger(col("account_approved_amount_24h"), number(500.0));
    let hour = number(24.0) * col("account_approved_amount_1h");
    add("account_spend_acceleration", hour / day);
    add("card_seconds_since_last_attempt", since("card", "_card_newest_90d"));
    add("account_seconds_since_last_attempt", since("account", "_account_newest_90d"));
    for window in ["1h", "24h", "7d", "30d"] {
        let both = |a: &str, b: &str| col(format!("{a}_{window}")) + col(format!("{b}_{window}"));
        if window != "30d" {
            add(&format!("account_inflow_count_{window}"), both("_account_in", "_account_got"));
        }
        let amount = both("_account_in_amount", "_account_got_amount");
        add(&format!("account_inflow_amount_{window}"), amount);
    }
    for window in ["24h", "7d"] {
        let merchants = col(format!("account_distinct_merchants_{window}"));
        let share = over(merchants, col(format!("_account_payments_{window}")));
        add(&format!("account_new_merchant_share_{window}"), share);
    }
    for (part, name, window) in [
        ("_merchant_refunds", "merchant_refund_rate", "7d"),
        ("_merchant_refunds", "merchant_refund_rate", "30d"),
        ("_merchant_foreign", "merchant_foreign_card_share", "24h"),
        ("_merchant_foreign", "merchant_foreign_card_share", "30d"),
    ] {
        let payments = col(format!("_merchant_payments_{window}"));
        add(&format!("{name}_{window}"), over(col(format!("{part}_{window}")), payments));
    }
    let hours = col("_merchant_payments_30d") / number(720.0) + number(1.0);
    add("merchant_burst_ratio_1h", col("merchant_attempt_count_1h") / hours);
    let region = (col("_issuer_declined_24h") + number(50.0 * 0.05))
        / (col("_issuer_decided_24h") + number(50.0));
    for window in ["1h", "24h"] {
        let prior = number(50.0) * region.clone().fill_null(number(0.05));
        let declined = col(format!("bin_declined_count_{window}")) + prior;
        let decided = col(format!("_bin_decided_{window}")) + number(50.0);
        add(&format!("bin_decline_ratio_{window}"), declined / decided);
    }
    let everywhere = (col("_all_fraud_90d+7d") + number(20.0 * 0.0028))
        / (col("_all_card_attempts_90d+7d") + number(20.0));
    for window in ["7d", "30d", "90d"] {
        let fraud = col(format!("_merchant_fraud_{window}+7d"));
        let known = col(format!("_merchant_known_{window}+7d")) + number(20.0);
        let rate = (fraud + number(20.0) * everywhere.clone()) / known;
        add(&format!("merchant_fraud_rate_{window}"), rate);
    }
    let usual =
        (col("_all_passed_90d") + number(20.0 * 0.85)) / (col("_all_ended_90d") + number(20.0));
    let passed = col("_account_passed_90d") + number(4.0) * usual;
    add("challenge_pass_ratio_90d", passed / (col("_account_ended_90d") + number(4.0)));
    all
}

/// Where a column comes from in the JSON of an event: the first of these that is there.
const COLUMNS: [(&str, &[&str]); 25] = [
    ("type", &["/event_type"]),
    ("time", &["/event_time_ms"]),
    ("id", &["/event_id"]),
    ("business_id", &["/payment_id", "/topup_id", "/transfer_id", "/withdrawal_id", "/refund_id"]),
    ("ref", &["/ref_id", "/original_payment_id", "/payment_id"]),
    ("outcome", &["/outcome"]),
    ("factor", &["/factor"]),
    ("result", &["/result"]),
    ("de39", &["/de39"]),
    ("cvv", &["/cvv_result"]),
    ("label", &["/label"]),
    ("to_instrument", &["/to_instrument"]),
    // From here on: what an outcome inherits when it does not say it itself.
    ("account", &["/account_id"]),
    ("device", &["/device/device_id"]),
    ("card", &["/card/card_token"]),
    ("bin", &["/card/bin8", "/card/bin6"]),
    ("scheme", &["/card/network"]),
    ("issuer_country", &["/card/issuer_country"]),
    ("ip", &["/network/ip"]),
    ("ip_country", &["/network/ip_country"]),
    ("merchant", &["/merchant/merchant_id"]),
    ("mcc", &["/merchant/mcc"]),
    ("beneficiary", &["/beneficiary_id"]),
    ("base", &["/base_minor"]),
    ("funding", &["/funding"]),
];
const INHERITED: usize = 12;

const OUTCOMES: [&str; 7] = [
    "auth_result",
    "challenge_issued",
    "challenge_result",
    "label",
    "dispute",
    "refund",
    "review_outcome",
];
const SCORED: [&str; 14] = [
    "account_open",
    "login",
    "identity_verification",
    "profile_change",
    "card_link",
    "payment",
    "tour_pass_topup",
    "third_party_topup",
    "transfer",
    "red_envelope_send",
    "red_envelope_claim",
    "withdrawal",
    "refund",
    "promo_redemption",
];
const ATTEMPTS: [&str; 6] = [
    "payment",
    "tour_pass_topup",
    "third_party_topup",
    "transfer",
    "red_envelope_send",
    "withdrawal",
];

/// A number for each text, so that all columns are whole numbers.
#[derive(Default)]
struct Codes(HashMap<String, i64>);

impl Codes {
    fn code(&mut self, value: &Value) -> Option<i64> {
        match value {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => {
                let next = -1 - self.0.len() as i64;
                Some(*self.0.entry(text.clone()).or_insert(next))
            }
            _ => None,
        }
    }

    /// Whether a column is one of these names; an absent one is none.
    fn is(&self, column: &str, names: &[&str]) -> Expr {
        let code = |name: &&str| self.0.get(*name).copied().unwrap_or(i64::MIN);
        let same = names.iter().map(|name| col(column).eq(lit(code(name))));
        let any = same.reduce(|a, b| a.or(b)).expect("at least one name");
        any.fill_null(lit(false))
    }

    /// What the catalogue calls so.
    fn events(&self, name: &str) -> Expr {
        let of = |names: &[&str]| self.is("type", names);
        let auth = |outcomes: &[&str]| of(&["auth_result"]).and(self.is("outcome", outcomes));
        let declined = || auth(&["declined"]);
        let ended = |results: &[&str]| of(&["challenge_result"]).and(self.is("result", results));
        let card_attempt = || {
            let by_card = of(&ATTEMPTS).and(self.is("funding", &["intl_card"]));
            of(&["tour_pass_topup"]).or(by_card)
        };
        match name {
            "attempt" => of(&ATTEMPTS),
            "card_attempt" => card_attempt(),
            "card_use" => of(&["card_link"]).or(card_attempt()),
            "approved" => auth(&["approved", "partial"]).and(self.is("ref_type", &ATTEMPTS)),
            "link_verified" => {
                auth(&["approved", "partial"]).and(self.is("ref_type", &["card_link"]))
            }
            "declined" => declined(),
            "short_of_funds" => declined().and(self.is("de39", &["51"])),
            "cvv_wrong" => of(&["auth_result"]).and(self.is("cvv", &["N"])),
            "decided" => auth(&["approved", "partial", "declined"]),
            "login_passed" => of(&["login"]).and(self.is("outcome", &["success"])),
            "login_failed" => of(&["login"]).and(self.is("outcome", &["success"]).not()),
            "sms_sent" => of(&["challenge_issued"]).and(self.is("factor", &["sms_otp"])),
            "challenge_passed" => ended(&["passed"]),
            "challenge_ended" => ended(&["passed", "failed", "abandoned", "timeout"]),
            "outflow" => of(&["transfer", "red_envelope_send", "withdrawal"]),
            "inflow" => of(&["third_party_topup", "red_envelope_claim"])
                .or(of(&["refund"]).and(self.is("to_instrument", &["balance"]))),
            "foreign_payment" => of(&["payment"]).and(self.is("funding", &["intl_card"])),
            // Two labels that say the same of one event are one.
            "fraud_known" => of(&["label"]).and(self.is("label", &["fraud"])).and(col("is_first")),
            "any" => of(&["label"]).not(),
            event_type => of(&[event_type]),
        }
    }
}

/// The length of a window in milliseconds and how far back it ends: `30d+7d` ends 7 days ago.
fn window_of(text: &str) -> (i64, i64) {
    let span = |text: &str| {
        let (count, unit) = text.split_at(text.len() - 1);
        let unit = match unit {
            "m" => 60_000,
            "h" => 3_600_000,
            _ => DAY_MS,
        };
        count.parse::<i64>().expect("a number") * unit
    };
    match text.split_once('+') {
        Some((window, offset)) => (span(window), span(offset)),
        None => (span(text), 0),
    }
}

/// Outcomes take over what they do not say and the event that they refer to does.
fn inherited(events: LazyFrame, codes: &Codes) -> LazyFrame {
    let taken = COLUMNS[INHERITED..].iter().map(|(name, _)| *name);
    let origin = |id: &str| {
        let columns = taken.clone().map(|name| col(name).alias(format!("of_{name}")));
        let columns = columns.chain([col(id).alias("of_id"), col("type").alias("ref_type")]);
        let events = events.clone().filter(codes.is("type", &SCORED)).filter(col(id).is_not_null());
        events.select(columns.collect::<Vec<_>>())
    };
    let origins = concat([origin("id"), origin("business_id")], UnionArgs::default());
    let origins = origins.expect("two frames of the same columns");
    let is_outcome = codes.is("type", &OUTCOMES);
    let reference = when(is_outcome).then(col("ref")).otherwise(lit(NULL)).cast(DataType::Int64);
    let filled =
        taken.clone().map(|name| coalesce(&[col(name), col(format!("of_{name}"))]).alias(name));
    let filled = filled.collect::<Vec<_>>();
    events
        .drop(cols(["ref_type"]))
        .with_column(reference.alias("asked_id"))
        .join(origins, [col("asked_id")], [col("of_id")], JoinArgs::new(JoinType::Left))
        .with_columns(filled)
        .select(event_columns())
}

fn event_columns() -> Vec<Expr> {
    ["seq", "ref_type"].into_iter().chain(COLUMNS.iter().map(|(name, _)| *name)).map(col).collect()
}

/// What happened to each scored event's key before it, summed up by family.
fn summed_up(events: &LazyFrame, by: &str, codes: &Codes) -> LazyFrame {
    let (asking, happened) = by.split_once(" of ").unwrap_or((by, by));
    let families: Vec<&Family> = FAMILIES.iter().filter(|family| family.2 == by).collect();
    let kinds: BTreeSet<&str> = families.iter().map(|family| family.4).collect();
    let flags = kinds.iter().map(|name| codes.events(name).alias(format!("is_{name}")));
    let is_any = kinds.iter().map(|name| col(format!("is_{name}"))).reduce(|a, b| a.or(b));
    let values: BTreeSet<&str> = families
        .iter()
        .filter_map(|family| match family.3 {
            Distinct(column) => Some(column),
            _ => None,
        })
        .chain(["base"])
        .collect();
    let values = values.into_iter().map(|name| col(name).alias(format!("value_{name}")));
    let rows = [col(happened).alias("key"), col("seq").alias("row"), col("time").alias("then")];
    let rows = events
        .clone()
        .filter(col(happened).is_not_null())
        .select(rows.into_iter().chain(values).chain(flags).collect::<Vec<_>>())
        .filter(is_any.expect("some family"));
    let asks = events.clone().filter(codes.is("type", &SCORED)).filter(col(asking).is_not_null());
    let asks = asks.select([col(asking).alias("key"), col("seq"), col("time")]);
    let mut sums = Vec::new();
    for Family(stem, windows, _, take, of) in &families {
        for window in windows.split(' ') {
            let (length, offset) = window_of(window);
            let age = || col("time") - col("then") - lit(offset);
            let is_in = age().gt_eq(lit(0)).and(age().lt(lit(length))).and(col(format!("is_{of}")));
            let taken = |value: &str| when(is_in.clone()).then(col(value)).otherwise(lit(NULL));
            let sum = match take {
                Count => is_in.sum(),
                Sum => taken("value_base").sum(),
                Mean => taken("value_base").mean(),
                Max => taken("value_base").max(),
                Stddev => taken("value_base").std(0),
                Distinct(column) => {
                    col(format!("value_{column}")).filter(is_in).drop_nulls().n_unique()
                }
                Newest => taken("then").max(),
            };
            sums.push(sum.cast(DataType::Float64).alias(format!("{stem}_{window}")));
        }
    }
    let is_before = col("row").lt(col("seq")).and(col("then").lt_eq(col("time")));
    let pairs = asks.clone().join(rows, [col("key")], [col("key")], JoinArgs::new(JoinType::Inner));
    let sums = pairs.filter(is_before).group_by([col("seq")]).agg(sums);
    // Without an earlier event there are none, no sum and no different value.
    let none = families.iter().filter(|f| matches!(f.3, Count | Sum | Distinct(_))).flat_map(|f| {
        f.1.split(' ').map(|window| col(format!("{}_{window}", f.0)).fill_null(lit(0.0)))
    });
    asks.select([col("seq")])
        .join(sums, [col("seq")], [col("seq")], JoinArgs::new(JoinType::Left))
        .with_columns(none.collect::<Vec<_>>())
}

/// Card attempts of everybody in 90 days, 7 days ago, at each scored event: too many for pairs, so
/// they are moved 7 days on and rolled.
fn all_card_attempts(events: &LazyFrame, codes: &Codes) -> LazyFrame {
    let stream = |filter: Expr, moved: i64, one: i64| {
        let columns = [
            (col("time") + lit(moved)).alias("time"),
            lit(one).alias("one"),
            when(lit(one == 0)).then(col("seq")).otherwise(lit(NULL)).alias("seq"),
        ];
        events.clone().filter(filter).select(columns)
    };
    let attempts = stream(codes.events("card_attempt"), 7 * DAY_MS, 1);
    let asks = stream(codes.is("type", &SCORED), 0, 0);
    let both =
        concat([attempts, asks], UnionArgs::default()).expect("two frames of the same columns");
    both.sort(["time"], SortMultipleOptions::default())
        .with_column(col("one").rolling_sum_by(col("time"), rolling(90)).alias("sum"))
        .filter(col("seq").is_not_null())
        .select([col("seq"), col("sum").cast(DataType::Float64).alias("_all_card_attempts_90d+7d")])
}

/// A world of every story, in the order in which things became known.
fn world() -> Vec<String> {
    let seed = 60;
    println!("seed {seed}");
    let mut settings = Settings::default();
    settings.fraud.prevalence_bps = 800.0;
    for plan in &mut settings.fraud.typologies {
        (plan.from_day, plan.weight) = (0, 1.0);
    }
    let (atlas, start_ms) = (Atlas::built_in(), 1_788_220_800_000);
    let options =
        Options { seed, days: 35, accounts: 250, start_ms, peaks: Vec::new(), settings, atlas };
    let mut world = World::new(options).expect("a small world");
    let mut lines = Vec::new();
    while world.play_hour(1) {
        lines.extend(world.events().map(|emitted| emitted.line.to_owned()));
    }
    lines
}

/// The world as a table of whole numbers; what is absent is null.
fn table(lines: &[String], codes: &mut Codes) -> DataFrame {
    let mut columns = vec![Vec::new(); COLUMNS.len()];
    for line in lines {
        let event: Value = serde_json::from_str(line).expect("a line of JSON");
        for ((_, paths), column) in COLUMNS.iter().zip(&mut columns) {
            let value = paths.iter().find_map(|path| event.pointer(path));
            column.push(value.and_then(|value| codes.code(value)));
        }
    }
    let height = lines.len();
    let named =
        COLUMNS.iter().zip(columns).map(|((name, _), column)| Column::new((*name).into(), column));
    let seq = Column::new("seq".into(), (0..height as i64).collect::<Vec<_>>());
    let no_type = Column::new("ref_type".into(), vec![None::<i64>; height]);
    DataFrame::new(height, [seq, no_type].into_iter().chain(named).collect())
        .expect("columns of one length")
}

#[test]
fn two_hundred_features_of_the_catalogue_agree_with_polars() {
    let lines = world();
    let mut codes = Codes::default();
    let frame = table(&lines, &mut codes).lazy();
    let is_fraud = codes.is("type", &["label"]).and(codes.is("label", &["fraud"]));
    let first = when(is_fraud).then(col("seq")).otherwise(lit(NULL)).min();
    let first = first.over([col("ref")]).expect("a window over a column");
    // A refund inherits from its payment, and a label from a refund.
    let events = inherited(inherited(frame, &codes), &codes)
        .with_columns([
            (col("scheme") * lit(1_000_000) + col("issuer_country")).alias("issuer_region"),
            lit(0_i64).alias("everybody"),
            col("seq").eq(first).fill_null(lit(false)).alias("is_first"),
        ])
        .sort(["seq"], SortMultipleOptions::default());
    let events = events.collect().expect("polars inherits").lazy();
    let keys: BTreeSet<&str> = FAMILIES.iter().map(|family| family.2).collect();
    let mut all = events.clone().filter(codes.is("type", &SCORED));
    for sums in keys.into_iter().map(|by| summed_up(&events, by, &codes)) {
        let sums = sums.collect().expect("polars sums up").lazy();
        all = all.join(sums, [col("seq")], [col("seq")], JoinArgs::new(JoinType::Left));
    }
    let rolled = all_card_attempts(&events, &codes);
    all = all.join(rolled, [col("seq")], [col("seq")], JoinArgs::new(JoinType::Left));
    let ratios = ratios();
    let exprs = ratios.iter().map(|(name, expr)| expr.clone().alias(name.as_str()));
    let all = all.with_columns(exprs.collect::<Vec<_>>());
    let all = all.sort(["seq"], SortMultipleOptions::default());
    let wanted = all.collect().expect("polars computes the features");

    // Counts, sums and the like are whole numbers and must be equal; the rest may round.
    let exact = FAMILIES.iter().filter(|family| !family.0.starts_with('_')).flat_map(|family| {
        let is_exact = !matches!(family.3, Mean | Stddev);
        family.1.split(' ').map(move |window| (format!("{}_{window}", family.0), is_exact))
    });
    let features: Vec<(String, bool)> =
        exact.chain(ratios.into_iter().map(|(name, _)| (name, false))).collect();
    let definitions = catalog::definitions();
    let find = |name: &str| {
        let feature = definitions.features().iter().find(|feature| feature.name == name);
        feature.unwrap_or_else(|| panic!("{name} is not in the catalogue")).definition
    };
    let plan = definitions.plan(&features.iter().map(|(name, _)| find(name)).collect::<Vec<_>>());
    // Busy keys too are compared exactly: all their events are kept raw.
    let limits = Limits { raw_max: 32_768, ..Limits::default() };
    let history = History::new(Arc::new(plan), limits);
    let facts = lines.iter().map(|line| {
        let mut event = Event::read(line.as_bytes(), None).expect("a world's event is valid");
        let mut facts = Vec::new();
        history.observe(&mut event, &mut facts, || ());
        facts
    });
    let facts: Vec<Vec<f64>> = facts.collect();
    let seq = wanted.column("seq").expect("a column").i64().expect("whole numbers");
    let seq: Vec<usize> = seq.iter().map(|seq| seq.expect("a number") as usize).collect();
    let mut telling = 0;
    for (name, is_exact) in &features {
        let column = wanted.column(name).expect("it was computed").f64().expect("numbers");
        let slot = history.plan().find(name).expect("it is planned");
        let mut told = BTreeSet::new();
        for (wanted, seq) in column.iter().zip(&seq) {
            let (got, wanted) = (facts[*seq][slot], wanted.unwrap_or(f64::NAN));
            let slack = if *is_exact { 0.0 } else { 1e-9 * wanted.abs().max(got.abs()) };
            let is_same = got.is_nan() && wanted.is_nan() || (got - wanted).abs() <= slack;
            assert!(is_same, "{name}: got {got}, polars has {wanted} for {}", lines[*seq]);
            told.insert(got.to_bits());
        }
        // One that is always zero or unknown agrees too easily.
        telling += usize::from(3 <= told.len());
        if told.len() < 3 {
            println!("{name} has {} values", told.len());
        }
    }
    println!(
        "{} features agree over {} scored of {} events, {telling} of them with three values or more",
        features.len(),
        seq.len(),
        lines.len()
    );
    assert!(200 <= features.len() && 180 <= telling, "{} and {telling}", features.len());
}
