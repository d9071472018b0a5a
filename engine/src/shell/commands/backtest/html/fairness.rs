//! Whom the policy troubles: good customers by where their card and they come from.

use super::super::super::common::{count, percent};
use super::{cell, grid, number, row};
use crate::backtest::{Report, Treated, Treatment};

/// The section; empty when no good customer says where he comes from.
pub(super) fn section(report: &Report) -> String {
    let fairness = &report.fairness;
    let tables = table("country of the issuer", &fairness.issuers)
        + &table("nationality", &fairness.nationalities);
    if tables.is_empty() {
        return tables;
    }
    format!(
        "<h2>Good customers by origin</h2><p class=\"soft\">Genuine events that were challenged or \
         declined, without the limits of law and policy, by where the card and the customer come \
         from: the ten largest countries, and all whose customers are troubled more than twice as \
         often as the mean on 200 events and more. A few hundred events move by chance, so a mark \
         asks for a second look.</p><div class=\"pair\">{tables}</div>"
    )
}

fn table(name: &str, treatment: &Treatment) -> String {
    let events = treatment.events();
    if events == 0 {
        return String::new();
    }
    let all = row(&[
        cell("all"),
        number(&count(events)),
        String::from("<td></td><td></td>"),
        number(&percent(treatment.mean())),
        number("1.00"),
    ]);
    let rows: String = treatment.shown().iter().map(treated_row).collect();
    let columns = [name, "#genuine", "#challenged", "#declined", "#either", "#times the mean"];
    format!("<div>{}</div>", grid(&columns, &(all + &rows)))
}

fn treated_row(treated: &Treated) -> String {
    let of = |part: u64| percent(crate::backtest::share(part, treated.events));
    let times = treated.of_mean.map_or_else(|| "-".to_owned(), |times| format!("{times:.2}"));
    let mark =
        if treated.is_too_often() { " <span class=\"tag above\">too often</span>" } else { "" };
    row(&[
        cell(&format!("{}{mark}", treated.country)),
        number(&count(treated.events)),
        number(&of(treated.challenged)),
        number(&of(treated.declined)),
        number(&percent(treated.touched())),
        number(&times),
    ])
}
