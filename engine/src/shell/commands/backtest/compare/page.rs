//! The comparison as a page and as JSON.

use serde_json::{Map, Value, json};

use super::super::super::common::{count, percent};
use super::super::html::{self, card, cell, escape, grid, number, row};
use super::super::plot;
use super::{Bill, Counts, Course, Findings, Way};
use crate::backtest::share;

/// The parts of a bill: name, class of the colour, value.
fn parts(bill: &Bill) -> [(&'static str, &'static str, f64); 5] {
    [
        ("taken by fraud", "decline", bill.lost_usd),
        ("disputes", "unknown", bill.disputes_usd),
        ("good customers refused", "accent", bill.refused_usd),
        ("good customers asked", "challenge", bill.asked_usd),
        ("fees of factors", "approve", bill.fees_usd),
    ]
}

/// The page.
pub(super) fn page(findings: &Findings) -> String {
    let name = escape(&findings.policy.name);
    let body = [
        header(findings),
        costs(findings),
        ways(findings),
        look_alikes(findings),
        reasons(findings),
    ]
    .concat();
    html::document(&format!("{name} against simpler ways"), &body)
}

fn header(findings: &Findings) -> String {
    let worlds = &findings.worlds;
    let model = match &findings.policy.model {
        Some((name, version)) => format!("model {} <code>{version}</code>", escape(name)),
        None => "no model".to_owned(),
    };
    let events = findings.of(Way::Policy).map_or(0, Course::events);
    let lead = match findings.lead() {
        Some((way, lead)) if 0.0 <= lead => {
            card(&percent(Some(lead)), "cheaper than the next", way.name())
        }
        Some((way, lead)) => card(&percent(Some(-lead)), "dearer than", way.name()),
        None => String::new(),
    };
    let own = findings.of(Way::Policy);
    let cost = own.map_or(String::new(), |course| {
        card(&format!("{:.0} USD", course.cost()), "cost of 1,000 events", "what was lost and paid")
    });
    let asked = own.map_or(String::new(), |course| {
        let genuine = &course.genuine;
        let declined = percent(share(genuine.declined, genuine.events));
        card(
            &percent(share(genuine.challenged, genuine.events)),
            "of the good events challenged",
            &format!("{declined} declined"),
        )
    });
    format!(
        "<h1>{} against simpler ways</h1>\n<p class=\"soft\">policy <code>{}</code> &middot; {model} \
         &middot; {} simulated worlds of {} accounts, seeds from {} &middot; days {} to {} of each \
         &middot; {} events</p>\n<div class=\"cards\">{cost}{lead}{asked}</div>\n",
        escape(&findings.policy.name),
        findings.policy.version,
        worlds.worlds,
        count(u64::from(worlds.accounts)),
        worlds.seed,
        worlds.warm_up,
        worlds.days,
        count(events),
    )
}

/// Bars of the bills, one below the other on one scale.
fn costs(findings: &Findings) -> String {
    let most = findings.total.iter().map(|(_, course)| course.cost()).fold(0.0, f64::max);
    let bar = |(way, course): &(Way, Course)| {
        let scaled = parts(&course.bill)
            .map(|(_, class, usd)| (class, course.per_thousand(usd) / f64::max(most, 1e-9)));
        row(&[
            cell(way.name()),
            number(&format!("{:.0}", course.cost())),
            format!("<td class=\"broad\">{}</td>", plot::share_bar(&scaled)),
        ])
    };
    let bars: String = findings.total.iter().map(bar).collect();
    let keys = parts(&Bill::default()).map(|(name, class, _)| plot::key(name, class)).join(" ");
    format!(
        "<h2>Cost of 1,000 events</h2>\n<p class=\"soft\">US dollars; every way meets the crooks that it \
         makes, in a copy of the same world.</p>\n{}<p class=\"apart\">{keys}</p>\n",
        grid(&["way", "#USD", ""], &bars)
    )
}

fn ways(findings: &Findings) -> String {
    let line = |(way, course): &(Way, Course)| {
        let usd = |usd: f64| number(&format!("{:.1}", course.per_thousand(usd)));
        let note = match course.threshold {
            Some(threshold) => format!("{}; here about {threshold:.3}", way.meaning()),
            None => way.meaning().to_owned(),
        };
        let mut cells =
            vec![format!("<td class=\"named\">{}<small>{note}</small></td>", way.name())];
        cells.extend(parts(&course.bill).map(|(_, _, part)| usd(part)));
        cells.push(usd(course.bill.total_usd()));
        cells.push(number(&percent(course.fraud.kept())));
        let genuine = &course.genuine;
        cells.push(number(&percent(share(genuine.challenged, genuine.events))));
        cells.push(number(&percent(share(genuine.declined, genuine.events))));
        cells.push(number(&percent(genuine.insult_rate())));
        row(&cells)
    };
    let rows: String = findings.total.iter().map(line).collect();
    let columns = [
        "way",
        "#taken",
        "#disputes",
        "#refused",
        "#asked",
        "#fees",
        "#all",
        "#fraud value kept",
        "#good challenged",
        "#good declined",
        "#good insulted",
    ];
    let mut names = vec!["seed".to_owned()];
    names.extend(findings.total.iter().map(|(way, _)| format!("#{}", way.name())));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let by_world = |(seed, costs): &(u64, Vec<f64>)| {
        let mut cells = vec![cell(&seed.to_string())];
        cells.extend(costs.iter().map(|cost| number(&format!("{cost:.0}"))));
        row(&cells)
    };
    let worlds: String = findings.by_world.iter().map(by_world).collect();
    format!(
        "<h2>Ways of deciding</h2>\n<p class=\"soft\">US dollars for 1,000 events. The fraud value kept is a \
         share of what was still tried: crooks who are stopped try less.</p>\n{}<h2>World by world</h2>\n<p class=\"soft\">US dollars for 1,000 \
         events.</p>\n{}",
        grid(&columns, &rows),
        grid(&names, &worlds)
    )
}

/// How honest patterns fare that look like fraud.
fn look_alikes(findings: &Findings) -> String {
    let stories = findings.look_alikes();
    // Each pattern counts once, however common it is.
    let rates: Vec<f64> = stories.iter().filter_map(|(_, counts)| counts.insult_rate()).collect();
    let mean = (!rates.is_empty()).then(|| rates.iter().sum::<f64>() / rates.len() as f64);
    let line = |(code, counts): &(&'static str, Counts)| {
        let times = counts.insult_rate().zip(mean).map(|(one, mean)| one / mean);
        row(&[
            cell(&format!("{code} {}", datasets::synth::title(code))),
            number(&count(counts.events)),
            number(&percent(share(counts.challenged, counts.events))),
            number(&percent(share(counts.declined, counts.events))),
            number(&percent(share(counts.turned_away, counts.events))),
            number(&percent(counts.insult_rate())),
            number(&times.map_or("-".to_owned(), |times| format!("{times:.1}"))),
        ])
    };
    let rows: String = stories.iter().map(line).collect();
    let columns = [
        "look-alike",
        "#events",
        "#challenged",
        "#declined",
        "#turned away",
        "#insulted",
        "#times the mean",
    ];
    format!(
        "<h2>Honest patterns that look like fraud</h2>\n<p class=\"soft\">Insulted is who was \
         turned away (refused, or asked and not passed) by an opinion and not by a limit of law, scheme or \
         policy; {} on average.</p>\n{}",
        percent(mean),
        grid(&columns, &rows)
    )
}

/// Why genuine customers were stopped.
fn reasons(findings: &Findings) -> String {
    let line = |(code, counts, usd): &(&'static str, Counts, f64)| {
        row(&[
            cell(&format!("<code>{code}</code>")),
            number(&count(counts.challenged)),
            number(&count(counts.declined)),
            number(&count(counts.turned_away)),
            number(&format!("{usd:.0}")),
        ])
    };
    let rows: String = findings.reasons().iter().map(line).collect();
    let columns = ["leading reason", "#challenged", "#declined", "#turned away", "#USD"];
    format!("<h2>Why genuine customers were stopped</h2>\n{}", grid(&columns, &rows))
}

/// All of it for machines: USD unrounded, shares 0 to 1.
pub(super) fn document(findings: &Findings) -> Value {
    let worlds = &findings.worlds;
    let ways: Vec<Value> =
        findings.total.iter().map(|(way, course)| course_of(*way, course)).collect();
    let by_world: Vec<Value> = findings
        .by_world
        .iter()
        .map(|(seed, costs)| {
            let costs = findings.total.iter().zip(costs);
            let costs: Map<String, Value> =
                costs.map(|((way, _), cost)| (way.name().to_owned(), json!(cost))).collect();
            json!({ "seed": seed, "usd_per_1000": costs })
        })
        .collect();
    json!({
        "policy": { "name": findings.policy.name, "version": findings.policy.version },
        "model": findings.policy.model.as_ref().map(|(name, version)| {
            json!({ "name": name, "version": version })
        }),
        "worlds": worlds.worlds,
        "accounts": worlds.accounts,
        "days": worlds.days,
        "warm_up": worlds.warm_up,
        "lead": findings.lead().map(|(way, lead)| json!({ "next": way.name(), "share": lead })),
        "ways": ways,
        "by_world": by_world,
    })
}

fn course_of(way: Way, course: &Course) -> Value {
    let bill = &course.bill;
    let stories = course.stories.iter();
    let stories: Map<String, Value> =
        stories.map(|(code, counts)| ((*code).to_owned(), counts_of(counts))).collect();
    json!({
        "way": way.name(),
        "usd_per_1000": course.cost(),
        "bill_usd": {
            "lost": bill.lost_usd,
            "disputes": bill.disputes_usd,
            "refused": bill.refused_usd,
            "asked": bill.asked_usd,
            "fees": bill.fees_usd,
        },
        "threshold": course.threshold,
        "genuine": counts_of(&course.genuine),
        "fraud": counts_of(&course.fraud),
        "stories": stories,
        "reasons": course.reasons.iter().map(|(code, (counts, usd))| {
            let mut value = counts_of(counts);
            value["cost_usd"] = json!(usd);
            ((*code).to_owned(), value)
        }).collect::<Map<String, Value>>(),
    })
}

fn counts_of(counts: &Counts) -> Value {
    json!({
        "events": counts.events,
        "challenged": counts.challenged,
        "declined": counts.declined,
        "turned_away": counts.turned_away,
        "insulted": counts.insulted,
        "usd": counts.usd,
        "challenged_usd": counts.challenged_usd,
        "declined_usd": counts.declined_usd,
        "stake_usd": counts.stake_usd,
        "taken_usd": counts.taken_usd,
    })
}
