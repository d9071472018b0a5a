//! A world for people: one page, one file, no script, nothing fetched.
//!
//! The page answers in the order in which one asks: how large is it and does it look as it should,
//! what do honest customers do, how much fraud is there and when, which stories play, when does the
//! truth come out, and what imitates fraud. Wanted figures stand beside those that were found, or
//! as dashed lines in the plots. The style sheet lies beside this file and goes inside.

use features::geo;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::chart::{Axis, Chart, Mark, Series, Size};
use super::check::{Check, cards_by_country, types_by_count};
use super::delay::{Teller, normal_below};
use super::wanted::{trade_name, wanted_amount, wanted_hours, wanted_stories};
use super::{DAY_MS, Tally};
use crate::synth::calendar::Peak;
use crate::synth::market::Trade;
use crate::synth::settings::Settings;
use crate::synth::story::{LookAlike, Typology};

const STYLE: &str = include_str!("style.css");

/// Bins of a histogram of amounts that are drawn as one point.
const STRETCH: usize = 5;
/// Their width, as a natural logarithm.
const STRETCH_LOG: f64 = 0.25;

/// A curve of fewer reports is no curve.
const REPORTS_LEAST: u64 = 10;

/// Colours of several series in one chart.
const COLOURS: [&str; 6] = ["accent", "green", "amber", "red", "violet", "grey"];

/// The page of a world.
pub(super) fn page(tally: &Tally, title: &str, settings: &Settings, peaks: &[Peak]) -> String {
    let checks = super::check::all(tally, settings, peaks);
    let title = escape(title);
    let mut body = format!("<h1>{title}</h1>\n{}", summary(tally, &checks));
    body.push_str(&checks_table(&checks));
    body.push_str(&customers(tally, settings));
    body.push_str(&days(tally, settings));
    body.push_str(&stories(tally, settings));
    body.push_str(&labels(tally, settings));
    body.push_str(&look_alikes(tally));
    body.push_str(&types(tally));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title}</title>\n<style>\n{STYLE}</style></head>\n<body><main>\n{body}\
         </main></body>\n</html>\n"
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

/// A table: columns that begin with `#` are numbers and stand right.
fn grid(columns: &[&str], rows: &str) -> String {
    let head = |column: &&str| match column.strip_prefix('#') {
        Some(name) => format!("<th class=\"n\">{name}</th>"),
        None => format!("<th>{column}</th>"),
    };
    let heads: String = columns.iter().map(head).collect();
    format!("<div class=\"scroll\"><table><tr>{heads}</tr>{rows}</table></div>\n")
}

fn cell(text: &str) -> String {
    format!("<td>{text}</td>")
}

fn number(text: &str) -> String {
    format!("<td class=\"n\">{text}</td>")
}

/// A bar as long as this share of the cell.
fn bar(share: f64, class: &str) -> String {
    format!(
        "<td class=\"wide\"><svg class=\"bar\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" \
         aria-hidden=\"true\"><rect class=\"fill {class}\" x=\"0\" y=\"0\" width=\"{:.2}\" \
         height=\"10\"/></svg></td>",
        100.0 * share.clamp(0.0, 1.0)
    )
}

fn row(cells: &[String]) -> String {
    format!("<tr>{}</tr>", cells.concat())
}

/// A number in groups of three digits.
fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if 0 < index && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with a letter for its size: `1.2k`, `34M`.
fn short(number: f64) -> String {
    for (size, letter) in [(1e9, "G"), (1e6, "M"), (1e3, "k")] {
        if size <= number.abs() {
            return format!("{}{letter}", (number / size * 10.0).round() / 10.0);
        }
    }
    format!("{}", (number * 100.0).round() / 100.0)
}

fn yuan(fen: i64) -> String {
    format!("{} CNY", short((fen as f64 / 100.0).round()))
}

fn percent(share: f64) -> String {
    if share.is_finite() { format!("{:.2} %", 100.0 * share) } else { "-".to_owned() }
}

/// The date of a day since 1970, as `2026-09-01`.
fn date(day: i64) -> String {
    let start = Timestamp::from_millisecond(day * DAY_MS);
    let date = start.map(|start| TimeZone::UTC.to_datetime(start).date());
    date.map_or_else(|_| day.to_string(), |date| date.to_string())
}

/// Month and day, for an axis.
fn short_date(day: f64) -> String {
    let date = date(day as i64);
    date.get(5..).unwrap_or(&date).to_owned()
}

fn card(value: &str, name: &str, note: &str) -> String {
    format!("<div class=\"card\"><small>{name}</small><b>{value}</b><small>{note}</small></div>")
}

fn summary(tally: &Tally, checks: &[Check]) -> String {
    let total = tally.total();
    let events: u64 = tally.types.iter().sum();
    let scored = total.honest + total.frauds;
    let met = checks.iter().filter(|check| check.is_met).count();
    let period = match tally.period() {
        Some((first, last)) => format!("{} to {}", date(first), date(last)),
        None => "no event".to_owned(),
    };
    let of_value = total.stake_fen as f64 / total.honest_fen.max(1) as f64;
    let cards = [
        card(&format!("{met} of {}", checks.len()), "checks met", "the others are below"),
        card(&short(events as f64), "events", &format!("{} of them scored", short(scored as f64))),
        card(&yuan(total.honest_fen), "moved by honest customers", "over all scored events"),
        card(
            &format!("{:.1} bps", total.fraud_bps()),
            "attempted fraud by count",
            &format!("{} events", count(total.frauds)),
        ),
        card(
            &format!("{:.1} bps", 10_000.0 * of_value),
            "attempted fraud by value",
            &format!("{} lost of {}", yuan(total.loss_fen), yuan(total.stake_fen)),
        ),
    ];
    format!("<p class=\"soft\">{period}</p>\n<div class=\"cards\">{}</div>\n", cards.concat())
}

fn checks_table(checks: &[Check]) -> String {
    let mut rows = String::new();
    for check in checks {
        let [group, name, got, wanted, bounds, verdict] = check.cells();
        rows.push_str(&row(&[
            cell(&group),
            cell(&escape(&name)),
            number(&got),
            number(&wanted),
            number(&bounds),
            cell(&format!("<span class=\"tag {verdict}\">{verdict}</span>")),
        ]));
    }
    let columns = ["", "figure", "#found", "#wanted", "#may be", ""];
    format!("<h2>Is it the world that was asked for?</h2>{}", grid(&columns, &rows))
}

fn customers(tally: &Tally, settings: &Settings) -> String {
    let hours = hours_chart(tally, settings).figure();
    let small = [Trade::Transit, Trade::Food, Trade::InApp, Trade::Retail];
    let large = [Trade::Travel, Trade::Hotel, Trade::Luxury, Trade::Electronics];
    let small =
        amounts_chart(tally, settings, "Everyday amounts; dashed as wanted", &small).figure();
    let large = amounts_chart(tally, settings, "Large amounts; dashed as wanted", &large).figure();
    let issuers = issuers(tally, settings);
    format!(
        "<h2>Honest customers</h2>{hours}<div class=\"pair apart\">{small}{large}</div>{issuers}"
    )
}

fn hours_chart(tally: &Tally, settings: &Settings) -> Chart {
    let counters = &tally.customers.hours;
    let whole = counters.iter().sum::<u64>().max(1) as f64;
    let middle = |hour: usize| hour as f64 + 0.5;
    let found = counters.iter().enumerate();
    let wanted = wanted_hours(&settings.hours);
    let wanted = wanted.iter().enumerate();
    Chart {
        title: "Payments at counters by local hour",
        size: Size::Full,
        x_name: "hour of the local day",
        x_axis: Axis::Linear,
        x_text: |x| format!("{x}"),
        y_text: |y| format!("{y} %"),
        series: vec![
            Series {
                name: "found".to_owned(),
                class: "accent",
                mark: Mark::Bars(1.0),
                points: found.map(|(h, n)| (middle(h), 100.0 * *n as f64 / whole)).collect(),
            },
            Series {
                name: "wanted".to_owned(),
                class: "amber",
                mark: Mark::Dashed,
                points: wanted.map(|(h, share)| (middle(h), 100.0 * share)).collect(),
            },
        ],
    }
}

/// Amounts of some trades on a logarithmic axis, each beside the log-normal that is wanted.
fn amounts_chart(
    tally: &Tally,
    settings: &Settings,
    title: &'static str,
    trades: &[Trade],
) -> Chart {
    let mut series = Vec::new();
    for (trade, class) in trades.iter().zip(COLOURS) {
        let histogram = &tally.customers.amounts[*trade as usize];
        if histogram.count() == 0 {
            continue;
        }
        let found: Vec<(f64, f64)> = histogram
            .shares(STRETCH)
            .into_iter()
            .map(|(fen, share)| (fen / 100.0, 100.0 * share))
            .collect();
        let amount = wanted_amount(*trade, &settings.amounts);
        let below = |log: f64| normal_below((log - amount.median_cny.ln()) / amount.sigma);
        let wanted = |(yuan, _): &(f64, f64)| {
            let (log, half) = (yuan.ln(), STRETCH_LOG / 2.0);
            (*yuan, 100.0 * (below(log + half) - below(log - half)))
        };
        // Outside of three deviations there is nothing to see.
        let is_seen = |(yuan, share): &(f64, f64)| {
            0.0 < *share || (yuan.ln() - amount.median_cny.ln()).abs() < 3.0 * amount.sigma
        };
        let points: Vec<(f64, f64)> = found.into_iter().filter(is_seen).collect();
        let wanted = points.iter().map(wanted).collect();
        let name = trade_name(*trade);
        let mark = Mark::Line;
        series.push(Series { name: name.to_owned(), class, mark, points });
        series.push(Series { name: String::new(), class, mark: Mark::Dashed, points: wanted });
    }
    Chart {
        title,
        size: Size::Half,
        x_name: "CNY",
        x_axis: Axis::Logarithmic,
        x_text: short,
        y_text: |y| format!("{y} %"),
        series,
    }
}

fn issuers(tally: &Tally, settings: &Settings) -> String {
    /// Countries in the table.
    const MOST: usize = 15;
    let found = cards_by_country(tally);
    let whole = found.iter().map(|(_, count)| count).sum::<u64>().max(1) as f64;
    let mut rows = String::new();
    for (country, cards) in found.iter().take(MOST) {
        let code = geo::country_code(*country).unwrap_or("?");
        let wanted = settings.issuers.countries.iter().find(|(known, _)| known.code() == code);
        let share = *cards as f64 / whole;
        rows.push_str(&row(&[
            cell(code),
            number(&count(*cards)),
            number(&percent(share)),
            number(&wanted.map_or("-".to_owned(), |(_, share)| percent(*share))),
            bar(share * 4.0, "accent"),
        ]));
    }
    let columns = ["issuer country", "#cards linked", "#found", "#wanted", ""];
    grid(&columns, &rows)
}

fn days(tally: &Tally, settings: &Settings) -> String {
    let by_day = |value: fn(&super::Day) -> f64| -> Vec<(f64, f64)> {
        tally.days.iter().map(|(day, numbers)| (*day as f64, value(numbers))).collect()
    };
    let bars = |title, name: &str, class, points| Chart {
        title,
        size: Size::Half,
        x_name: "day (China)",
        x_axis: Axis::Linear,
        x_text: short_date,
        y_text: short,
        series: vec![Series { name: name.to_owned(), class, mark: Mark::Bars(1.0), points }],
    };
    let honest = bars(
        "Scored events of honest customers by day",
        "events",
        "accent",
        by_day(|day| day.honest as f64),
    );
    let frauds = bars("Attempted fraud by day", "events", "red", by_day(|day| day.frauds as f64));
    let first = tally.period().map_or(0, |(first, _)| first) + 1;
    let middle = |week: usize| first as f64 + 7.0 * week as f64 + 3.5;
    let weeks = tally.weeks();
    let rates = weeks.iter().enumerate().map(|(week, sum)| (middle(week), sum.fraud_bps()));
    let wanted = settings.fraud.prevalence_bps;
    let rate = Chart {
        title: "Attempted fraud by week, in bps of the honest events",
        size: Size::Full,
        x_name: "week",
        x_axis: Axis::Linear,
        x_text: short_date,
        y_text: short,
        series: vec![
            Series {
                name: "found".to_owned(),
                class: "red",
                mark: Mark::Bars(7.0),
                points: rates.collect(),
            },
            Series {
                name: "wanted on average".to_owned(),
                class: "amber",
                mark: Mark::Dashed,
                points: (0..weeks.len()).map(|week| (middle(week), wanted)).collect(),
            },
        ],
    };
    format!(
        "<h2>Over time</h2><div class=\"pair\">{}{}</div>{}",
        honest.figure(),
        frauds.figure(),
        rate.figure()
    )
}

fn stories(tally: &Tally, settings: &Settings) -> String {
    let days = tally.period().map_or(0, |(first, last)| last - first);
    let wanted = wanted_stories(settings, days);
    let events = tally.frauds.iter().map(|fraud| fraud.events).sum::<u64>().max(1) as f64;
    let value = tally.frauds.iter().map(|fraud| fraud.stake_fen).sum::<i64>().max(1) as f64;
    let most = tally.frauds.iter().map(|fraud| fraud.events).max().unwrap_or(0).max(1) as f64;
    let dearest = tally.frauds.iter().map(|fraud| fraud.stake_fen).max().unwrap_or(0).max(1) as f64;
    let mut rows = String::new();
    for (typology, wanted) in Typology::ALL.into_iter().zip(wanted) {
        let fraud = tally.frauds[typology as usize];
        rows.push_str(&row(&[
            cell(&format!("{} {}", typology.code(), typology.title())),
            number(&count(fraud.events)),
            number(&percent(fraud.events as f64 / events)),
            number(&percent(wanted)),
            bar(fraud.events as f64 / most, "accent"),
            number(&yuan(fraud.stake_fen)),
            number(&percent(fraud.stake_fen as f64 / value)),
            bar(fraud.stake_fen as f64 / dearest, "red"),
            number(&yuan(fraud.loss_fen)),
        ]));
    }
    let columns = ["story", "#events", "#share", "#wanted", "", "#at stake", "#share", "", "#lost"];
    format!("<h2>Fraud stories</h2>{}", grid(&columns, &rows))
}

fn labels(tally: &Tally, settings: &Settings) -> String {
    let days: Vec<f64> = (1..32).map(|quarter| f64::from(quarter) / 4.0).collect();
    let days: Vec<f64> = days.into_iter().chain((8..180).map(f64::from)).collect();
    let mut series = Vec::new();
    for (teller, class) in Teller::ALL.into_iter().zip(COLOURS) {
        let curve = tally.delays.curve(teller, &settings.labels, &days);
        if curve.first().is_none_or(|known| known.reports < REPORTS_LEAST) {
            continue;
        }
        let found = curve.iter().map(|known| (known.days, 100.0 * known.got)).collect();
        let wanted = curve.iter().map(|known| (known.days, 100.0 * known.wanted)).collect();
        let name = teller.name();
        series.push(Series { name: name.to_owned(), class, mark: Mark::Line, points: found });
        series.push(Series { name: String::new(), class, mark: Mark::Dashed, points: wanted });
    }
    let chart = Chart {
        title: "Share of the truth that is known after so many days; dashed as wanted",
        size: Size::Full,
        x_name: "days after the act",
        x_axis: Axis::Logarithmic,
        x_text: |x| format!("{x}"),
        y_text: |y| format!("{y} %"),
        series,
    };
    format!(
        "<h2>When the truth becomes known</h2><p class=\"soft\">Only acts that were watched long \
         enough count, and only what became known within that time.</p>{}",
        chart.figure()
    )
}

fn look_alikes(tally: &Tally) -> String {
    let whole = tally.total().honest.max(1) as f64;
    let most = tally.look_alikes.iter().max().copied().unwrap_or(0).max(1) as f64;
    let mut rows = String::new();
    for pattern in LookAlike::ALL {
        let events = tally.look_alikes[pattern as usize];
        rows.push_str(&row(&[
            cell(&format!("{} {}", pattern.code(), pattern.title())),
            number(&count(events)),
            number(&percent(events as f64 / whole)),
            bar(events as f64 / most, "green"),
        ]));
    }
    let columns = ["honest pattern", "#events", "#of honest events", ""];
    format!("<h2>What only looks like fraud</h2>{}", grid(&columns, &rows))
}

fn types(tally: &Tally) -> String {
    let types = types_by_count(tally);
    let whole = types.iter().map(|(_, events)| events).sum::<u64>().max(1) as f64;
    let most = types.first().map_or(1, |(_, events)| *events) as f64;
    let mut rows = String::new();
    for (event_type, events) in types {
        rows.push_str(&row(&[
            cell(event_type.name()),
            cell(if event_type.is_scored() { "scored" } else { "" }),
            number(&count(events)),
            number(&percent(events as f64 / whole)),
            bar(events as f64 / most, "accent"),
        ]));
    }
    format!("<h2>Event types</h2>{}", grid(&["type", "", "#events", "#share", ""], &rows))
}

#[cfg(test)]
mod tests {
    use super::super::CHINA_MS;
    use super::*;

    #[test]
    fn texts_from_outside_cannot_become_markup() {
        assert_eq!(escape("<b a='\"'>&"), "&lt;b a=&#39;&quot;&#39;&gt;&amp;");
    }

    #[test]
    fn numbers_are_short_for_people() {
        let texts = [0.0, 12.345, 1_500.0, -2_340_000_000.0].map(short);
        assert_eq!(texts, ["0", "12.35", "1.5k", "-2.3G"]);
        assert_eq!(yuan(123_456_789), "1.2M CNY");
        assert_eq!(count(1_169_723), "1,169,723");
    }

    #[test]
    fn days_are_those_of_china() {
        // Half past midnight of the first of September 2026 in China is still August in UTC.
        let ms = 1_788_220_800_000 - CHINA_MS + DAY_MS / 48;
        assert_eq!(date((ms + CHINA_MS).div_euclid(DAY_MS)), "2026-09-01");
        assert_eq!(short_date(20_697.0), "09-01");
    }
}
