//! The suspected attack against the true one: how well it fits, what is taken for what, how sure.

use super::super::super::common::{count, percent};
use super::{cell, grid, number, row};
use crate::backtest::{Fit, Report, Sureness, Suspicion};
use crate::vector::Vector;

/// The section; empty when nobody tells the attacks.
pub(super) fn section(report: &Report) -> String {
    let Suspicion { all, touched } = &report.suspicion;
    if all.frauds == 0 {
        return String::new();
    }
    let rows = fit_row("all frauds", all) + &fit_row("not simply approved", touched);
    let columns =
        ["", "#frauds", "#heaviest is right", "#log loss", "#log loss of the plain prior"];
    format!(
        "<h2>Suspected attack</h2><p class=\"soft\">Mean log loss of the weight that the true \
         attack had, in nats: knowing nothing has 2.20, and 0.11 is the least, as no weight is \
         above 0.9. Below, frauds by their true attack and the one that weighed most, and how \
         often the heaviest is right by the weight it had.</p>{}<div class=\"pair\">\
         <div>{}</div><div>{}</div></div>",
        grid(&columns, &rows),
        confusion(all),
        sureness(all),
    )
}

fn nats(loss: Option<f64>) -> String {
    loss.map_or_else(|| "-".to_owned(), |loss| format!("{loss:.3}"))
}

fn fit_row(name: &str, fit: &Fit) -> String {
    row(&[
        cell(name),
        number(&count(fit.frauds)),
        number(&percent(fit.right_share())),
        number(&nats(fit.log_loss())),
        number(&nats(fit.prior_log_loss())),
    ])
}

fn confusion(fit: &Fit) -> String {
    let mut rows = String::new();
    for truth in Vector::ALL {
        let line = Vector::ALL.map(|heaviest| fit.confused(truth, heaviest));
        if line.iter().all(|frauds| *frauds == 0) {
            continue;
        }
        let mut cells = vec![cell(&format!("{}<small>{}</small>", truth.name(), truth.meaning()))];
        cells.extend(
            line.map(|frauds| number(&if frauds == 0 { String::new() } else { count(frauds) })),
        );
        rows.push_str(&row(&cells));
    }
    let names = Vector::ALL.map(|vector| format!("#{}", vector.name()));
    let mut columns = vec!["true, by heaviest"];
    columns.extend(names.iter().map(String::as_str));
    grid(&columns, &rows)
}

fn sureness(fit: &Fit) -> String {
    let band_row = |band: &Sureness| {
        row(&[
            number(&percent(band.said())),
            number(&percent(band.right_share())),
            number(&count(band.frauds)),
        ])
    };
    let rows: String = fit.sureness().map(band_row).collect();
    grid(&["#weight of the heaviest", "#it is right", "#frauds"], &rows)
}
