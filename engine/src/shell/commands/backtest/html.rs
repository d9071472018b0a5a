//! The numbers of a backtest for people: one page, one file, no script, nothing fetched.
//!
//! The page answers in the order in which an analyst asks: is it worth it, whom does it stop, which
//! rules do the work and which are idle or out of their band, where would a threshold be better,
//! which fraud stories get through, how well the suspected attack fits, which good customers are
//! troubled more than others, and what changes against the policy in force. Every text from outside
//! (names, titles, ids) is escaped. The style sheet lies beside this file and goes inside.

mod attack;
mod fairness;

use super::super::common::{count, percent, usd};
use super::super::days::{print_day, print_time};
use super::json::{DECISIONS, OVERLAPS, value_share};
use super::plot::{Axis, Chart, Line, Size, key, share_bar};
use super::{Findings, Side};
use crate::backtest::{Decided, Diff, Report, Step, Tally, Truth, Volume, share};
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
    let named = |code: &str| format!("{code} {}", datasets::synth::title(code));
    let stories = report.stories.iter().map(|(code, decided)| (named(code), decided));
    body.push_str(&by_name("By story", "story", stories));
    body.push_str(&attack::section(report));
    body.push_str(&fairness::section(report));
    let types = report.types.iter();
    let types = types.map(|(event_type, decided)| (event_type.name().to_owned(), decided));
    body.push_str(&by_name("By event type", "event type", types));
    body.push_str(&by_day(report));
    document(&format!("Backtest of {}", escape(&policy.name)), &body)
}

/// A page of this title, which is safe, and body.
pub(super) fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title}</title>\n<style>\n{STYLE}</style></head>\n<body><main>\n{body}\
         </main></body>\n</html>\n"
    )
}

/// Text that may stand in an element or a quoted attribute.
pub(super) fn escape(text: &str) -> String {
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

/// A table: columns that begin with `#` are numbers and stand right.
pub(super) fn grid(columns: &[&str], rows: &str) -> String {
    let head = |column: &&str| match column.strip_prefix('#') {
        Some(name) => format!("<th class=\"n\">{name}</th>"),
        None => format!("<th>{column}</th>"),
    };
    let heads: String = columns.iter().map(head).collect();
    format!("<div class=\"scroll\"><table><tr>{heads}</tr>{rows}</table></div>\n")
}

pub(super) fn cell(text: &str) -> String {
    format!("<td>{text}</td>")
}

pub(super) fn number(text: &str) -> String {
    format!("<td class=\"n\">{text}</td>")
}

/// A number with a smaller line under it.
fn number_with(text: &str, note: &str) -> String {
    format!("<td class=\"n\">{text}<small>{note}</small></td>")
}

fn volume_cell(volume: Volume) -> String {
    number_with(&count(volume.events), &cents(volume.usd_minor))
}

pub(super) fn row(cells: &[String]) -> String {
    format!("<tr>{}</tr>", cells.concat())
}

fn cents(usd_minor: i64) -> String {
    usd(usd_minor as f64)
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
    let mut parts = vec![
        format!("policy <code>{}</code>", policy.version),
        model,
        escape(&findings.folder),
        period,
        format!("{} events read", count(findings.events)),
        format!("{} judged", count(report.decisions.total().total().events)),
    ];
    if 0 < findings.bad_rows {
        parts.push(format!("{} bad rows left out", count(findings.bad_rows)));
    }
    let name = escape(&policy.name);
    format!("<h1>Backtest of {name}</h1>\n<p class=\"soft\">{}</p>\n", parts.join(" &middot; "))
}

pub(super) fn card(value: &str, name: &str, note: &str) -> String {
    format!("<div class=\"card\"><small>{name}</small><b>{value}</b><small>{note}</small></div>")
}

fn cards(report: &Report) -> String {
    let money = &report.money;
    let (low, high) = money.bounds();
    let all = report.decisions.total();
    let saved = money.fraud_declined as f64 + money.fraud_challenged;
    let blocked = money.genuine_declined as f64 + money.genuine_challenged;
    let rate = |part: Volume, whole: Volume| percent(share(part.events, whole.events));
    let bounds = if low < high {
        format!("{} to {}, as the unlabelled declines may be", usd(low), usd(high))
    } else {
        "over the labelled events".to_owned()
    };
    let by_challenge = format!(
        "{} of it by challenges that genuine customers fail",
        usd(money.genuine_challenged)
    );
    let missed = format!("{} got through", usd(money.fraud_missed));
    let Decided { challenge, decline, .. } = &report.decisions;
    let asked = |truth| format!("{} challenged", rate(challenge.of(truth), all.of(truth)));
    let refused = |truth| rate(decline.of(truth), all.of(truth));
    let touched = |decided: &Decided| rate(decided.touched().genuine, decided.total().genuine);
    let of_value = format!(
        "{} of their value; without the limits of law and policy {} of the events",
        percent(value_share(report.decisions.touched().genuine, all.genuine)),
        touched(&report.without_limits)
    );
    let cards = [
        card(&usd(money.net()), "saved minus good money blocked", &bounds),
        card(&usd(saved), "fraud kept out", &missed),
        card(&usd(blocked), "good money blocked", &by_challenge),
        card(
            &percent(report.value_stopped()),
            "of the value of fraud not simply approved",
            &missed,
        ),
        card(&touched(&report.decisions), "genuine events not simply approved", &of_value),
        card(&refused(Truth::Genuine), "genuine events declined", &asked(Truth::Genuine)),
        card(&refused(Truth::Fraud), "frauds declined", &asked(Truth::Fraud)),
    ];
    format!("<div class=\"cards\">{}</div>\n", cards.concat())
}

/// Shares of the three decisions, as the cell of a bar.
fn bar_cell(events_of: impl Fn(Decision) -> u64) -> String {
    let all: u64 = DECISIONS.iter().map(|decision| events_of(*decision)).sum();
    let part =
        |decision: Decision| (decision.name(), share(events_of(decision), all).unwrap_or(0.0));
    let bar = if all == 0 { String::new() } else { share_bar(&DECISIONS.map(part)) };
    format!("<td class=\"wide\">{bar}</td>")
}

fn decisions(report: &Report) -> String {
    let mut rows = String::new();
    for truth in Truth::ALL {
        let of = |decision| report.decisions.of(decision).of(truth);
        let all = report.decisions.total().of(truth);
        let decided = |decision| {
            let volume: Volume = of(decision);
            let rate = percent(share(volume.events, all.events));
            let note = format!("{rate} &middot; {}", cents(volume.usd_minor));
            number_with(&count(volume.events), &note)
        };
        let mut cells = vec![cell(truth.name())];
        cells.extend(DECISIONS.map(decided));
        cells.extend([volume_cell(all), bar_cell(|decision| of(decision).events)]);
        rows.push_str(&row(&cells));
    }
    let note = match report.without_value {
        0 => String::new(),
        some => format!("<p class=\"soft\">{} events carry no value in USD.</p>", count(some)),
    };
    let keys = DECISIONS.map(|decision| key(decision.name(), decision.name()));
    let table = grid(&["", "#approve", "#challenge", "#decline", "#all", ""], &rows);
    format!("<h2>Decisions by truth</h2><p>{}</p>{note}{table}", keys.join(" "))
}

fn changes(candidate: &Side, other: &Side, diff: &Diff) -> String {
    let flipped = diff.flipped();
    let (before, after) = (other.report.money.net(), candidate.report.money.net());
    let mut html = format!(
        "<h2>Against {} <code>{}</code></h2><p>{} decisions flip: {} frauds, {} genuine, {} \
         unlabelled. The result changes by <b>{}</b>, from {} to {}.</p>",
        escape(&other.policy.name),
        other.policy.version,
        count(flipped.total().events),
        count(flipped.fraud.events),
        count(flipped.genuine.events),
        count(flipped.unknown.events),
        usd(after - before),
        usd(before),
        usd(after),
    );
    let mut rows = String::new();
    for ((before, after), tally) in diff.pairs.iter().filter(|((b, a), _)| b != a) {
        let mut cells = vec![cell(&flip_name(*before, *after))];
        cells.extend(Truth::ALL.map(|truth| volume_cell(tally.of(truth))));
        rows.push_str(&row(&cells));
    }
    html.push_str(&grid(&["flip", "#fraud", "#genuine", "#unknown"], &rows));
    html.push_str(&largest_flips(diff));
    html.push_str(&changed_rules(&candidate.report, &other.report));
    html
}

fn flip_name(before: Decision, after: Decision) -> String {
    format!("{} &rarr; {}", before.name(), after.name())
}

fn largest_flips(diff: &Diff) -> String {
    let mut rows = String::new();
    for flip in &diff.largest {
        rows.push_str(&row(&[
            cell(&format!("<code>{}</code>", escape(&flip.event_id))),
            cell(&print_time(flip.time_ms)),
            cell(&flip_name(flip.before, flip.after)),
            cell(flip.truth.name()),
            number(&cents(flip.usd_minor)),
        ]));
    }
    if rows.is_empty() {
        return rows;
    }
    let table = grid(&["event", "time", "flip", "truth", "#value"], &rows);
    format!("<details><summary>The flips that are worth most</summary>{table}</details>")
}

/// Rules whose hits differ, or that only one of the two policies has.
fn changed_rules(candidate: &Report, other: &Report) -> String {
    let find = |report: &Report, name: &str| {
        report.rules.iter().find(|rule| rule.name == name).map(|rule| rule.hits)
    };
    let gone = other.rules.iter().filter(|rule| find(candidate, &rule.name).is_none());
    let hits_cell = |hits: Option<Tally>| match hits {
        Some(hits) => {
            let note = format!("{} precise", percent(hits.precision()));
            number_with(&count(hits.total().events), &note)
        }
        None => number("-"),
    };
    let mut rows = String::new();
    for rule in candidate.rules.iter().chain(gone) {
        let (before, after) = (find(other, &rule.name), find(candidate, &rule.name));
        if before != after {
            let name = cell(&format!("<code>{}</code>", escape(&rule.name)));
            rows.push_str(&row(&[name, hits_cell(before), hits_cell(after)]));
        }
    }
    if rows.is_empty() {
        return rows;
    }
    let table = grid(&["rule", "#hits before", "#hits now"], &rows);
    format!("<details open><summary>Rules whose hits differ</summary>{table}</details>")
}

fn rules(report: &Report) -> String {
    let mut ordered: Vec<usize> = (0..report.rules.len()).collect();
    // The rules that do most come first; among equals the order of the policy stays.
    ordered.sort_by_key(|at| std::cmp::Reverse(report.rules[*at].hits.total().events));
    let rows: String = ordered.into_iter().map(|at| rule_row(at, report)).collect();
    let columns = [
        "rule",
        "#hits",
        "expected",
        "#alone",
        "#worth",
        "#precision",
        "#recall",
        "#caught",
        "#blocked",
        "#undecided",
    ];
    format!(
        "<h2>Rules</h2><p class=\"soft\">Hits are shares of the events that a rule looks at; \
         alone means that no other voting rule was hit; under it the rules that hit with it \
         most often. Its worth is the value of the fraud that would be approved without it, under \
         it that of genuine events. Recall is over all frauds of the backtest, caught and blocked \
         are the value of the fraud and of the genuine events it hit.</p>{}{}",
        grid(&columns, &rows),
        exemptions(report)
    )
}

fn exemptions(report: &Report) -> String {
    let mut rows = String::new();
    for exemption in &report.exemptions {
        rows.push_str(&row(&[
            cell(&format!("<code>{}</code>", escape(&exemption.name))),
            volume_cell(exemption.spoke.total()),
            volume_cell(exemption.released.genuine),
            volume_cell(exemption.released.fraud),
            number(&percent(report.fraud_raised(exemption))),
        ]));
    }
    if rows.is_empty() {
        return rows;
    }
    let columns =
        ["exemption", "#spoke", "#genuine let through", "#fraud let through", "#fraud raised by"];
    format!(
        "<h2>Exemptions</h2><p class=\"soft\">Let through is what would not be without it; the \
         last column is its share in the value of all fraud that is approved.</p>{}",
        grid(&columns, &rows)
    )
}

fn rule_row(at: usize, report: &Report) -> String {
    let rule = &report.rules[at];
    let others = report.overlaps(at as u16).into_iter().take(OVERLAPS);
    let others: Vec<String> = others
        .map(|(other, cases)| {
            let name = escape(&report.rules[usize::from(other)].name);
            format!("{name} {}", count(cases))
        })
        .collect();
    let hits = rule.hits.total().events;
    let expected = match rule.expect {
        Some((low, high)) => format!(
            "<span class=\"tag {0}\">{0}</span><small>{1} .. {2}</small>",
            rule.band().name(),
            percent(Some(low)),
            percent(Some(high))
        ),
        None => String::new(),
    };
    let shadow = if rule.is_shadow { " <span class=\"tag\">shadow</span>" } else { "" };
    let exempted = match rule.suppressed {
        0 => String::new(),
        some => format!(", {} exempted", count(some)),
    };
    let of_value = format!("{} of value", percent(report.value_recall(rule)));
    let cells = [
        cell(&format!(
            "<code>{}</code>{shadow}<small>{}</small>",
            escape(&rule.name),
            escape(&rule.title)
        )),
        number_with(&count(hits), &(percent(rule.share()) + &exempted)),
        cell(&expected),
        number_with(&count(rule.alone.total().events), &others.join("<br>")),
        number_with(&cents(rule.marginal.fraud.usd_minor), &cents(rule.marginal.genuine.usd_minor)),
        number(&percent(rule.hits.precision())),
        number_with(&percent(report.recall(rule)), &of_value),
        number(&cents(rule.hits.fraud.usd_minor)),
        number(&cents(rule.hits.genuine.usd_minor)),
        number(&percent(share(rule.undecided, rule.seen))),
    ];
    let class = if hits == 0 { " class=\"quiet\"" } else { "" };
    format!("<tr{class}>{}</tr>", cells.concat())
}

fn thresholds(report: &Report) -> String {
    let steps = report.sweep.steps();
    let Some(auc) = report.sweep.auc_roc() else {
        return String::new();
    };
    let columns = [
        "#threshold",
        "#frauds found",
        "#genuine flagged",
        "#precision",
        "#caught",
        "#blocked",
        "#saved minus blocked",
    ];
    format!(
        "<h2>A threshold on the model's probability</h2><p class=\"soft\">What the model alone \
         would do: area under the ROC curve {auc:.4}. The first row is the threshold with the \
         best result.</p>{}<div class=\"apart\">{}</div>",
        threshold_charts(&steps),
        grid(&columns, &threshold_rows(&steps))
    )
}

fn threshold_charts(steps: &[Step]) -> String {
    let recall = |step: &Step| Some((step.false_positive_rate?, 100.0 * step.recall?));
    // Flagging everybody costs all good money; where the loss is beyond the best gain, the curve
    // has nothing more to say and would only flatten the rest.
    let best = steps.iter().map(Step::net_usd_minor).max().unwrap_or(0);
    let net = |step: &Step| {
        let is_shown = -best <= step.net_usd_minor();
        is_shown.then_some((step.false_positive_rate?, step.net_usd_minor() as f64))
    };
    let curve = Chart {
        title: "Share of frauds found by share of genuine events flagged",
        size: Size::Half,
        x_name: "genuine events flagged",
        x_axis: Axis::Logarithmic,
        x_text: short_percent,
        y_text: |y| format!("{y:.0} %"),
        lines: vec![Line {
            name: "frauds found",
            class: "accent",
            points: steps.iter().filter_map(recall).collect(),
        }],
    };
    let money = Chart {
        title: "Fraud kept out minus good money blocked by share of genuine events flagged",
        y_text: short_usd,
        lines: vec![Line {
            name: "saved minus blocked, if flagged events were declined",
            class: "approve",
            points: steps.iter().filter_map(net).collect(),
        }],
        ..curve.clone()
    };
    format!("<div class=\"pair\">{}{}</div>", figure(&curve), figure(&money))
}

fn figure(chart: &Chart) -> String {
    format!("<div class=\"card\">{}{}</div>", chart.legend(), chart.draw())
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
    let step_row = |step: &Step| {
        row(&[
            number(&format!("{:.5}", step.threshold)),
            number(&percent(step.recall)),
            number(&percent(step.false_positive_rate)),
            number(&percent(step.flagged.precision())),
            number(&cents(step.flagged.fraud.usd_minor)),
            number(&cents(step.flagged.genuine.usd_minor)),
            number(&cents(step.net_usd_minor())),
        ])
    };
    best.into_iter().chain(chosen).map(step_row).collect()
}

fn by_name<'a>(
    title: &str,
    column: &str,
    groups: impl Iterator<Item = (String, &'a Decided)>,
) -> String {
    let mut rows = String::new();
    for (name, decided) in groups {
        let all = decided.total().total();
        let events = |decision| decided.of(decision).total().events;
        let mut cells = vec![cell(&escape(name.trim_end())), volume_cell(all)];
        cells.extend(DECISIONS.map(|d| number(&percent(share(events(d), all.events)))));
        cells.push(number(&cents(decided.approve.total().usd_minor)));
        cells.push(bar_cell(events));
        rows.push_str(&row(&cells));
    }
    if rows.is_empty() {
        return rows;
    }
    let columns = [column, "#events", "#approve", "#challenge", "#decline", "#approved value", ""];
    format!("<h2>{title}</h2>{}", grid(&columns, &rows))
}

fn by_day(report: &Report) -> String {
    let line = |name, class, value: fn(&Decided) -> i64| Line {
        name,
        class,
        points: report.days.iter().map(|(day, d)| (*day as f64, value(d) as f64)).collect(),
    };
    let chart = Chart {
        title: "Value by day",
        size: Size::Full,
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
    format!("<h2>By day</h2>{}\n", figure(&chart))
}

/// A share as percent without trailing zeros, for an axis.
fn short_percent(share: f64) -> String {
    let text = format!("{:.6}", 100.0 * share);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
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
    fn labels_of_an_axis_are_short() {
        let texts = [0.0, 5_000.0, 150_000.0, -2_340_000_000.0].map(short_usd);
        assert_eq!(texts, ["0", "50", "1.5k", "-23.4M"]);
        let texts = [1.0, 0.1, 1e-3, 1e-6].map(short_percent);
        assert_eq!(texts, ["100 %", "10 %", "0.1 %", "0.0001 %"]);
    }
}
