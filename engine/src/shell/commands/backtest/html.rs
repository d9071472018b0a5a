//! The numbers of a backtest for people: one page, one file, no script, nothing fetched.
//!
//! The page answers in the order in which an analyst asks: is it worth it, whom does it stop, which
//! rules do the work and which are idle or out of their band, where would a threshold be better,
//! which fraud stories get through, and what changes against the policy in force. Every text from
//! outside (names, titles, ids) is escaped. The style sheet lies beside this file and goes inside.

use std::fmt::Write as _;

use super::super::common::{count, percent, usd};
use super::super::days::{print_day, print_time};
use super::json::DECISIONS;
use super::plot::{Axis, Chart, Line, share_bar};
use super::{Findings, Side};
use crate::backtest::{Decided, Diff, Report, RuleReport, Step, Tally, Truth, Volume, share};
use crate::decision::Decision;

const STYLE: &str = include_str!("style.css");

/// False-positive rates at which the table of thresholds looks.
const RATES: [f64; 7] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05];

/// The page.
pub(super) fn page(findings: &Findings) -> String {
    let Side { policy, report } = &findings.candidate;
    let mut body = header(findings);
    body.push_str(&cards(report));
    body.push_str(&decisions(report));
    if let Some((other, diff)) = &findings.against {
        body.push_str(&changes(&findings.candidate, other, diff));
    }
    body.push_str(&rules(report));
    body.push_str(&thresholds(report));
    body.push_str(&by_name("By fraud story", "story", report.typologies.iter().map(|(n, d)| (n.as_str(), d))));
    body.push_str(&by_name("By event type", "event type", report.types.iter().map(|(t, d)| (t.name(), d))));
    body.push_str(&by_day(report));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Backtest of {}</title>\n<style>\n{STYLE}</style></head>\n<body><main>\n{body}\
         </main></body>\n</html>\n",
        escape(&policy.name)
    )
}

/// Text that may stand in an element or a quoted attribute.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

fn header(findings: &Findings) -> String {
    let Side { policy, report } = &findings.candidate;
    let model = match &policy.model {
        Some((name, version)) => format!("model {} <code>{version}</code>", escape(name)),
        None => "no model".to_owned(),
    };
    let period = match report.period_ms {
        Some((first, last)) => format!("{} to {}", print_time(first), print_time(last)),
        None => "nothing was judged".to_owned(),
    };
    format!(
        "<h1>Backtest of {}</h1>\n<p class=\"soft\">policy <code>{}</code>, {model} &middot; {} &middot; \
         {period} &middot; {} events read, {} judged{}</p>\n",
        escape(&policy.name),
        policy.version,
        escape(&findings.folder),
        count(findings.events),
        count(report.decisions.total().total().events),
        match findings.bad_rows {
            0 => String::new(),
            bad => format!(", {} bad rows left out", count(bad)),
        }
    )
}

fn card(value: &str, name: &str, note: &str) -> String {
    format!("<div class=\"card\"><small>{name}</small><b>{value}</b><small>{note}</small></div>")
}

fn cards(report: &Report) -> String {
    let money = &report.money;
    let (low, high) = money.bounds();
    let all = report.decisions.total();
    let saved = money.fraud_declined as f64 + money.fraud_challenged;
    let blocked = money.genuine_declined as f64 + money.genuine_challenged;
    let rate = |part: Volume, whole: Volume| percent(share(part.events, whole.events));
    let cards = [
        card(&usd(money.net()), "saved minus good money blocked", &if low < high {
            format!("{} to {}, as the unlabelled declines may be", usd(low), usd(high))
        } else {
            "over the labelled events".to_owned()
        }),
        card(&usd(saved), "fraud kept out", &format!("{} got through", usd(money.fraud_missed))),
        card(&usd(blocked), "good money blocked", &format!(
            "{} of it by challenges that genuine customers fail",
            usd(money.genuine_challenged)
        )),
        card(
            &rate(report.decisions.decline.genuine, all.genuine),
            "genuine events declined",
            &format!("{} challenged", rate(report.decisions.challenge.genuine, all.genuine)),
        ),
        card(
            &rate(report.decisions.decline.fraud, all.fraud),
            "frauds declined",
            &format!("{} challenged", rate(report.decisions.challenge.fraud, all.fraud)),
        ),
    ];
    format!("<div class=\"cards\">{}</div>\n", cards.concat())
}

/// Shares of the three decisions, as a bar.
fn decision_bar(volume_of: impl Fn(Decision) -> u64) -> String {
    let all: u64 = DECISIONS.iter().map(|decision| volume_of(*decision)).sum();
    if all == 0 {
        return String::new();
    }
    share_bar(&DECISIONS.map(|d| (d.name(), volume_of(d) as f64 / all as f64)))
}

fn decisions(report: &Report) -> String {
    let mut rows = String::new();
    for truth in Truth::ALL {
        let of = |decision| report.decisions.of(decision).of(truth);
        let all = report.decisions.total().of(truth);
        let cells = DECISIONS.map(|decision| {
            let volume = of(decision);
            format!(
                "<td class=\"n\">{}<small>{} &middot; {}</small></td>",
                count(volume.events),
                percent(share(volume.events, all.events)),
                usd(volume.usd_minor as f64)
            )
        });
        let _ = write!(
            rows,
            "<tr><td>{}</td>{}<td class=\"n\">{}<small>{}</small></td><td>{}</td></tr>",
            truth.name(),
            cells.concat(),
            count(all.events),
            usd(all.usd_minor as f64),
            decision_bar(|decision| of(decision).events)
        );
    }
    let note = match report.without_value {
        0 => String::new(),
        some => format!("<p class=\"soft\">{} events carry no value in USD.</p>", count(some)),
    };
    format!(
        "<h2>Decisions by truth</h2>{note}<div class=\"scroll\"><table><tr><th></th>\
         <th class=\"n\">approve</th><th class=\"n\">challenge</th><th class=\"n\">decline</th>\
         <th class=\"n\">all</th><th></th></tr>{rows}</table></div>\n"
    )
}

fn changes(candidate: &Side, other: &Side, diff: &Diff) -> String {
    let flipped = diff.flipped();
    let gain = candidate.report.money.net() - other.report.money.net();
    let mut html = format!(
        "<h2>Against {} <code>{}</code></h2><p>{} decisions flip: {} frauds, {} genuine, {} \
         unlabelled. The result changes by <b>{}</b>, from {} to {}.</p>",
        escape(&other.policy.name),
        other.policy.version,
        count(flipped.total().events),
        count(flipped.fraud.events),
        count(flipped.genuine.events),
        count(flipped.unknown.events),
        usd(gain),
        usd(other.report.money.net()),
        usd(candidate.report.money.net()),
    );
    let mut rows = String::new();
    for ((before, after), tally) in diff.pairs.iter().filter(|((b, a), _)| b != a) {
        let cells = Truth::ALL.map(|truth| volume_cell(tally.of(truth)));
        let _ = write!(
            rows,
            "<tr><td>{} &rarr; {}</td>{}</tr>",
            before.name(),
            after.name(),
            cells.concat()
        );
    }
    let _ = write!(
        html,
        "<div class=\"scroll\"><table><tr><th>flip</th><th class=\"n\">fraud</th>\
         <th class=\"n\">genuine</th><th class=\"n\">unknown</th></tr>{rows}</table></div>"
    );
    html.push_str(&largest_flips(diff));
    html.push_str(&changed_rules(&candidate.report, &other.report));
    html
}

fn largest_flips(diff: &Diff) -> String {
    let mut rows = String::new();
    for flip in &diff.largest {
        let _ = write!(
            rows,
            "<tr><td><code>{}</code></td><td>{}</td><td>{} &rarr; {}</td><td>{}</td>\
             <td class=\"n\">{}</td></tr>",
            escape(&flip.event_id),
            print_time(flip.time_ms),
            flip.before.name(),
            flip.after.name(),
            flip.truth.name(),
            usd(flip.usd_minor as f64)
        );
    }
    if rows.is_empty() {
        return rows;
    }
    format!(
        "<p class=\"soft\" style=\"margin-top:16px\">The flips that are worth most:</p>\
         <div class=\"scroll\"><table><tr><th>event</th><th>time</th><th>flip</th><th>truth</th>\
         <th class=\"n\">value</th></tr>{rows}</table></div>\n"
    )
}

/// Rules whose hits differ, or that only one of the two policies has.
fn changed_rules(candidate: &Report, other: &Report) -> String {
    let find = |report: &Report, name: &str| {
        report.rules.iter().find(|rule| rule.name == name).map(|rule| rule.hits)
    };
    let gone = other.rules.iter().filter(|rule| find(candidate, &rule.name).is_none());
    let mut rows = String::new();
    for rule in candidate.rules.iter().chain(gone) {
        let (before, after) = (find(other, &rule.name), find(candidate, &rule.name));
        if before == after {
            continue;
        }
        let cell = |hits: Option<Tally>| match hits {
            Some(hits) => format!(
                "<td class=\"n\">{}<small>{} precise</small></td>",
                count(hits.total().events),
                percent(hits.precision())
            ),
            None => "<td class=\"n\">-</td>".to_owned(),
        };
        let _ = write!(
            rows,
            "<tr><td><code>{}</code></td>{}{}</tr>",
            escape(&rule.name),
            cell(before),
            cell(after)
        );
    }
    if rows.is_empty() {
        return rows;
    }
    format!(
        "<p class=\"soft\" style=\"margin-top:16px\">Rules whose hits differ:</p><div \
         class=\"scroll\"><table><tr><th>rule</th><th class=\"n\">hits before</th><th \
         class=\"n\">hits now</th></tr>{rows}</table></div>\n"
    )
}

fn volume_cell(volume: Volume) -> String {
    format!(
        "<td class=\"n\">{}<small>{}</small></td>",
        count(volume.events),
        usd(volume.usd_minor as f64)
    )
}

fn rules(report: &Report) -> String {
    let mut ordered: Vec<&RuleReport> = report.rules.iter().collect();
    // The rules that do most come first; among equals the order of the policy stays.
    ordered.sort_by_key(|rule| std::cmp::Reverse(rule.hits.total().events));
    let rows: String = ordered.into_iter().map(|rule| rule_row(rule, report)).collect();
    format!(
        "<h2>Rules</h2><p class=\"soft\">Hits are shares of the events that a rule looks at; alone \
         means that no other voting rule was hit. Recall is over all frauds of the backtest, caught \
         and blocked are the value of the fraud and of the genuine events it hit.</p>\
         <div class=\"scroll\"><table><tr><th>rule</th><th class=\"n\">hits</th><th>expected</th>\
         <th class=\"n\">alone</th><th class=\"n\">precision</th><th class=\"n\">recall</th>\
         <th class=\"n\">caught</th><th class=\"n\">blocked</th><th class=\"n\">undecided</th>\
         </tr>{rows}</table></div>\n"
    )
}

fn rule_row(rule: &RuleReport, report: &Report) -> String {
    let hits = rule.hits.total().events;
    let expected = match rule.expect {
        Some((low, high)) => format!(
            "<span class=\"tag {}\">{}</span><small>{} .. {}</small>",
            rule.band().name(),
            rule.band().name(),
            percent(Some(low)),
            percent(Some(high))
        ),
        None => String::new(),
    };
    let shadow = if rule.is_shadow { " <span class=\"tag\">shadow</span>" } else { "" };
    let suppressed = match rule.suppressed {
        0 => String::new(),
        some => format!("<small>{} exempted</small>", count(some)),
    };
    format!(
        "<tr{}><td><code>{}</code>{shadow}<small>{}</small></td>\
         <td class=\"n\">{}<small>{}</small>{suppressed}</td><td>{expected}</td><td class=\"n\">{}</td>\
         <td class=\"n\">{}</td><td class=\"n\">{}<small>{} of value</small></td>\
         <td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
        if hits == 0 { " class=\"quiet\"" } else { "" },
        escape(&rule.name),
        escape(&rule.title),
        count(hits),
        percent(rule.share()),
        count(rule.alone.total().events),
        percent(rule.hits.precision()),
        percent(report.recall(rule)),
        percent(report.value_recall(rule)),
        usd(rule.hits.fraud.usd_minor as f64),
        usd(rule.hits.genuine.usd_minor as f64),
        percent(share(rule.undecided, rule.seen)),
    )
}

fn thresholds(report: &Report) -> String {
    let steps = report.sweep.steps();
    let Some(auc) = report.sweep.auc_roc() else {
        return String::new();
    };
    let recall = |step: &Step| Some((step.false_positive_rate?, 100.0 * step.recall?));
    let net = |step: &Step| Some((step.false_positive_rate?, step.net_usd_minor() as f64));
    let x_text = |x: f64| format!("{} %", 100.0 * x);
    let curve = Chart {
        title: "Share of frauds found by share of genuine events flagged",
        x_name: "genuine events flagged",
        x_axis: Axis::Logarithmic,
        x_text,
        y_text: |y| format!("{y:.0} %"),
        lines: vec![Line {
            name: "frauds found",
            class: "accent",
            points: steps.iter().filter_map(recall).collect(),
        }],
    };
    let money = Chart {
        title: "Fraud kept out minus good money blocked by share of genuine events flagged",
        x_name: "genuine events flagged",
        y_text: short_usd,
        lines: vec![Line {
            name: "saved minus blocked, if flagged events were declined",
            class: "approve",
            points: steps.iter().filter_map(net).collect(),
        }],
        ..curve.clone()
    };
    let figure = |chart: &Chart| {
        format!("<div class=\"card\">{}{}</div>", chart.legend(), chart.draw())
    };
    format!(
        "<h2>A threshold on the model's probability</h2><p class=\"soft\">What the model alone would \
         do: area under the ROC curve {auc:.4}. The first row is the threshold with the best \
         result.</p><div class=\"pair\">{}{}</div><div class=\"scroll\" style=\"margin-top:16px\">\
         <table><tr><th class=\"n\">threshold</th><th class=\"n\">frauds found</th>\
         <th class=\"n\">genuine flagged</th><th class=\"n\">precision</th><th class=\"n\">caught</th>\
         <th class=\"n\">blocked</th><th class=\"n\">saved minus blocked</th></tr>{}</table></div>\n",
        figure(&curve),
        figure(&money),
        threshold_rows(&steps)
    )
}

fn threshold_rows(steps: &[Step]) -> String {
    // Of equal results the strictest threshold is the best: it troubles the fewest.
    let best = steps.iter().rev().max_by_key(|step| step.net_usd_minor());
    let within = |rate: &f64| {
        let fits = |step: &&Step| step.false_positive_rate.is_some_and(|found| found <= *rate);
        steps.iter().take_while(fits).last()
    };
    let mut chosen: Vec<&Step> = RATES.iter().filter_map(within).collect();
    chosen.dedup_by(|a, b| a.threshold == b.threshold);
    let row = |step: &Step| {
        format!(
            "<tr><td class=\"n\">{:.5}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td></tr>",
            step.threshold,
            percent(step.recall),
            percent(step.false_positive_rate),
            percent(step.flagged.precision()),
            usd(step.flagged.fraud.usd_minor as f64),
            usd(step.flagged.genuine.usd_minor as f64),
            usd(step.net_usd_minor() as f64)
        )
    };
    best.into_iter().chain(chosen).map(row).collect()
}

fn by_name<'a>(
    title: &str,
    column: &str,
    groups: impl Iterator<Item = (&'a str, &'a Decided)>,
) -> String {
    let mut rows = String::new();
    for (name, decided) in groups {
        let all = decided.total().total();
        let events = |decision| decided.of(decision).total().events;
        let cells = DECISIONS
            .map(|d| format!("<td class=\"n\">{}</td>", percent(share(events(d), all.events))));
        let _ = write!(
            rows,
            "<tr><td>{}</td>{}{}<td class=\"n\">{}</td><td class=\"bar wide\">{}</td></tr>",
            escape(name),
            volume_cell(all),
            cells.concat(),
            usd(decided.approve.total().usd_minor as f64),
            decision_bar(events)
        );
    }
    if rows.is_empty() {
        return rows;
    }
    format!(
        "<h2>{title}</h2><div class=\"scroll\"><table><tr><th>{column}</th><th class=\"n\">events</th>\
         <th class=\"n\">approve</th><th class=\"n\">challenge</th><th class=\"n\">decline</th>\
         <th class=\"n\">approved value</th><th></th></tr>{rows}</table></div>\n"
    )
}

fn by_day(report: &Report) -> String {
    let line = |name, class, value: fn(&Decided) -> i64| Line {
        name,
        class,
        points: report.days.iter().map(|(day, d)| (*day as f64, value(d) as f64)).collect(),
    };
    let chart = Chart {
        title: "Value by day",
        x_name: "day (UTC)",
        x_axis: Axis::Linear,
        x_text: |day| print_day(day as i64)[5..].to_owned(),
        y_text: short_usd,
        lines: vec![
            line("fraud approved", "decline", |d| d.approve.fraud.usd_minor),
            line("fraud declined or challenged", "approve", |d| {
                d.decline.fraud.usd_minor + d.challenge.fraud.usd_minor
            }),
            line("genuine declined", "challenge", |d| d.decline.genuine.usd_minor),
        ],
    };
    format!("<h2>By day</h2><div class=\"card\">{}{}</div>\n", chart.legend(), chart.draw())
}

/// Cents as short dollars for an axis.
fn short_usd(cents: f64) -> String {
    let dollars = cents / 100.0;
    for (size, letter) in [(1e9, "G"), (1e6, "M"), (1e3, "k")] {
        if size <= dollars.abs() {
            return format!("{}{letter}", (dollars / size * 10.0).round() / 10.0);
        }
    }
    format!("{dollars}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_from_outside_cannot_become_markup() {
        assert_eq!(escape("<b a='\"'>&"), "&lt;b a=&#39;&quot;&#39;&gt;&amp;");
    }

    #[test]
    fn an_axis_of_money_is_short() {
        let texts = [0.0, 5_000.0, 150_000.0, -2_340_000_000.0].map(short_usd);
        assert_eq!(texts, ["0", "50", "1.5k", "-23.4M"]);
    }
}
