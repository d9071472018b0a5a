//! What a world should look like, and whether it does.
//!
//! Wanted figures come from the settings; a few that the settings do not hold (how many rightful
//! users pass a factor, the share of fraud by value) are the published ones and stand here. Counts
//! of the same customer are not independent, so the standard error of a share assumes that so many
//! events tell as much as one.

use std::collections::BTreeMap;

use features::field::{EventType, FACTORS, FieldId, ids};
use features::geo;
use serde::Serialize;

use super::delay::Teller;
use super::honest::{Answers, Linked, Part};
use super::wanted::{trade_name, wanted_amount, wanted_hours, wanted_stories};
use super::{CHINA_MS, DAY_MS, Tally};
use crate::synth::calendar::{Calendar, Peak};
use crate::synth::fraud::PLAYBOOKS;
use crate::synth::market::Trade;
use crate::synth::settings::{Amount, Amounts, Hours, Settings};
use crate::synth::story::Typology;

/// Attempted fraud by value, in 1/10,000 of what honest customers move, and how far it may be off:
/// it follows from the stories, and single large ones move it.
const FRAUD_VALUE_BPS: f64 = 45.0;
const FRAUD_VALUE_RANGE: (f64, f64) = (0.4, 2.5);
/// The same by count: it drifts and comes in bursts.
const FRAUD_COUNT_RANGE: (f64, f64) = (0.6, 1.7);
/// The rate of fraud moves at least so much from week to week, as the deviation of its logarithm.
const DRIFT_LEAST: f64 = 0.15;
const DRIFT_MOST: f64 = 1.5;
const DRIFT_WEEKS: usize = 6;
/// Stories that begin after this day of the world are late ones.
const LATE_DAY: u32 = 90;
/// How far the share of a story may be off, and how many events and episodes it must be expected to
/// have.
const STORY_RANGE: (f64, f64) = (0.4, 2.5);
const STORY_EVENTS: f64 = 100.0;
const STORY_EPISODES: f64 = 12.0;
/// A share of fewer than so many says nothing.
const LEAST: f64 = 30.0;
/// Countries with at least this share of the cards are told one by one.
const COUNTRY_LEAST: f64 = 0.04;
/// Days around a festival to which it is compared.
const NEIGHBOURS_DAYS: i64 = 7;
/// Hours in which nearly everybody sleeps.
const NIGHT: std::ops::Range<usize> = 1..6;

/// Share of rightful users who pass a factor, as published; for codes by text message at home, and
/// what is left of it abroad.
const SUCCESS: [(&str, f64); 9] = [
    ("passkey", 0.97),
    ("device_biometric", 0.97),
    ("push_number_match", 0.90),
    ("totp", 0.91),
    ("sms_otp", 0.86),
    ("payment_pin", 0.95),
    ("cvv_reentry", 0.93),
    ("three_ds_challenge", 0.80),
    ("passport_selfie", 0.60),
];
const SMS_ROAMING: f64 = 0.72;

/// One figure of a world beside the one that was asked for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// What it belongs to: `payments`, `amounts`, `hours`, `cards`, `networks`, `fraud`, `stories`,
    /// `labels`, `challenges` or `festivals`.
    pub group: &'static str,
    /// What is compared.
    pub name: String,
    /// What was found, in `unit`.
    pub got: f64,
    /// What was asked for.
    pub wanted: f64,
    /// The least that passes.
    pub low: f64,
    /// The most that passes.
    pub high: f64,
    /// Unit of the four numbers: `%`, `bps`, `CNY`, or empty for plain numbers.
    pub unit: &'static str,
    /// Whether the figure lies within the bounds.
    pub is_met: bool,
}

impl Check {
    /// Group, name, what was found, what was wanted, the bounds, and `met` or `off`: a row to
    /// print.
    pub fn cells(&self) -> [String; 6] {
        let number = |value| number(value, self.unit);
        [
            self.group.to_owned(),
            self.name.clone(),
            number(self.got),
            number(self.wanted),
            format!("{} .. {}", number(self.low), number(self.high)),
            if self.is_met { "met" } else { "off" }.to_owned(),
        ]
    }
}

/// A number with three digits that count, and its unit.
fn number(value: f64, unit: &str) -> String {
    let digits = match value.abs() {
        size if size < 1.0 => 3,
        size if size < 10.0 => 2,
        size if size < 100.0 => 1,
        _ => 0,
    };
    let space = if unit.is_empty() { "" } else { " " };
    format!("{value:.digits$}{space}{unit}")
}

/// How far a share may be off: a margin, and how many events tell as much as one.
#[derive(Debug, Clone, Copy)]
struct Slack {
    margin: f64,
    cluster: f64,
}

/// The checks so far.
struct Sheet {
    group: &'static str,
    checks: Vec<Check>,
}

impl Sheet {
    fn add(
        &mut self,
        name: impl Into<String>,
        got: f64,
        wanted: f64,
        bounds: (f64, f64),
        unit: &'static str,
    ) {
        let (low, high) = bounds;
        let is_met = low <= got && got <= high;
        let (group, name) = (self.group, name.into());
        self.checks.push(Check { group, name, got, wanted, low, high, unit, is_met });
    }

    /// A share that was counted; left out when there is too little to count.
    fn share(&mut self, name: impl Into<String>, got: Part, wanted: f64, slack: Slack) {
        self.share_between(name, got, (wanted, wanted), slack);
    }

    /// A share that is wanted between two; the second is shown.
    fn share_between(
        &mut self,
        name: impl Into<String>,
        got: Part,
        (least, wanted): (f64, f64),
        slack: Slack,
    ) {
        let independent = got.whole as f64 / slack.cluster;
        if independent < LEAST {
            return;
        }
        let spread = (wanted * (1.0 - wanted) / independent).max(0.0).sqrt();
        let off = slack.margin + 3.0 * spread;
        let bounds = (100.0 * (least - off).max(0.0), 100.0 * (wanted + off).min(1.0));
        let share = got.part as f64 / got.whole as f64;
        self.add(name, 100.0 * share, 100.0 * wanted, bounds, "%");
    }
}

/// All checks for which enough was seen.
pub(super) fn all(tally: &Tally, settings: &Settings, peaks: &[Peak]) -> Vec<Check> {
    let mut sheet = Sheet { group: "payments", checks: Vec::new() };
    kinds(&mut sheet, tally, settings);
    sheet.group = "amounts";
    amounts(&mut sheet, tally, &settings.amounts);
    sheet.group = "hours";
    hours(&mut sheet, tally, &settings.hours);
    sheet.group = "cards";
    issuers(&mut sheet, tally, settings);
    links(&mut sheet, tally, settings);
    declines(&mut sheet, tally, settings);
    sheet.group = "networks";
    networks(&mut sheet, tally, settings);
    sheet.group = "fraud";
    fraud(&mut sheet, tally, settings);
    sheet.group = "stories";
    stories(&mut sheet, tally, settings);
    sheet.group = "labels";
    labels(&mut sheet, tally, settings);
    sheet.group = "challenges";
    challenges(&mut sheet, tally);
    sheet.group = "festivals";
    festivals(&mut sheet, tally, settings, peaks);
    sheet.checks
}

/// The place of a name in an enum of the field table.
fn place(field: FieldId, name: &str) -> usize {
    let names = field.kind().names().unwrap_or_default();
    names.iter().position(|known| *known == name).unwrap_or(usize::MAX)
}

fn counted(counters: &[u64], field: FieldId, names: &[&str]) -> u64 {
    names.iter().filter_map(|name| counters.get(place(field, name))).sum()
}

fn kinds(sheet: &mut Sheet, tally: &Tally, settings: &Settings) {
    let kinds = &settings.payments.kinds;
    let counters = &tally.customers.kinds;
    let whole = counters.iter().sum();
    let rows: [(&[&str], f64); 7] = [
        (&["merchant_qr_static", "merchant_qr_dynamic"], kinds.merchant_qr),
        (&["payment_code"], kinds.payment_code),
        (&["transit"], kinds.transit),
        (&["in_app"], kinds.in_app),
        (&["travel"], kinds.travel),
        (&["bill"], kinds.bill),
        (&["auto_debit", "other"], kinds.other),
    ];
    for (names, wanted) in rows {
        let part = counted(counters, ids::KIND, names);
        let slack = Slack { margin: 0.01 + 0.10 * wanted, cluster: 6.0 };
        let name = format!("{} during a trip", names.join(" or "));
        sheet.share(name, Part { part, whole }, wanted, slack);
    }
}

fn amounts(sheet: &mut Sheet, tally: &Tally, amounts: &Amounts) {
    /// Prices end as shops let them end, which moves small ones most.
    const MARGIN: f64 = 0.10;
    const SMALL_CNY: f64 = 10.0;
    for trade in Trade::ALL {
        let histogram = &tally.customers.amounts[trade as usize];
        let (Some(median), count) = (histogram.median(), histogram.count() as f64) else {
            continue;
        };
        if count < LEAST {
            continue;
        }
        let Amount { median_cny, sigma } = wanted_amount(trade, amounts);
        let margin = if median_cny < SMALL_CNY { 2.0 * MARGIN } else { MARGIN };
        // The standard error of a median is 1.25 times that of a mean; customers have habits.
        let off = margin + 3.0 * 1.253 * sigma * (2.0 / count).sqrt();
        let bounds = (median_cny / (1.0 + off), median_cny * (1.0 + off));
        let name = format!("median amount, {}", trade_name(trade));
        sheet.add(name, median / 100.0, median_cny, bounds, "CNY");
    }
}

fn hours(sheet: &mut Sheet, tally: &Tally, settings: &Hours) {
    /// What the rest of a party, a retry or a day of arrival moves.
    const MARGIN: f64 = 0.06;
    let counters = &tally.customers.hours;
    let whole: u64 = counters.iter().sum();
    let independent = whole as f64 / 2.0;
    if independent < 10.0 * LEAST {
        return;
    }
    let wanted = wanted_hours(settings);
    let shares = counters.map(|count| count as f64 / whole as f64);
    let apart = shares.iter().zip(&wanted).map(|(got, wanted)| (got - wanted).abs());
    let distance = apart.sum::<f64>() / 2.0;
    // What remains by chance alone: half the sum of the mean errors of all hours.
    let error = |p: f64| (2.0 * p * (1.0 - p) / (std::f64::consts::PI * independent)).sqrt();
    let noise = wanted.iter().map(|p| error(*p)).sum::<f64>() / 2.0;
    let high = 100.0 * (MARGIN + 2.0 * noise);
    let name = "distance of the hours of the day from the wanted ones";
    sheet.add(name, 100.0 * distance, 0.0, (0.0, high), "%");
    let night = Part { part: counters[NIGHT].iter().sum(), whole };
    let slack = Slack { margin: 0.012, cluster: 2.0 };
    let name = format!("payments from {} to {} o'clock", NIGHT.start, NIGHT.end);
    sheet.share(name, night, wanted[NIGHT].iter().sum(), slack);
}

/// Cards that were linked or tried, by issuer country, the most frequent first.
pub(super) fn cards_by_country(tally: &Tally) -> Vec<(u16, u64)> {
    let mut counts: BTreeMap<u16, u64> = BTreeMap::new();
    for card in tally.customers.cards.values() {
        *counts.entry(card.issuer).or_default() += 1;
    }
    let mut counts: Vec<(u16, u64)> = counts.into_iter().collect();
    counts.sort_by_key(|(country, count)| (std::cmp::Reverse(*count), *country));
    counts
}

fn issuers(sheet: &mut Sheet, tally: &Tally, settings: &Settings) {
    let counts = cards_by_country(tally);
    let whole: u64 = counts.iter().map(|(_, count)| count).sum();
    let (mut told, mut told_wanted) = (0, 0.0);
    let mut share = |name: String, part, wanted: f64, relative: f64| {
        let slack = Slack { margin: 0.01 + relative * wanted, cluster: 1.5 };
        sheet.share(name, Part { part, whole }, wanted, slack);
    };
    for (country, wanted) in &settings.issuers.countries {
        if *wanted < COUNTRY_LEAST {
            continue;
        }
        let packed = geo::pack_country(country.code());
        let found = counts.iter().find(|(known, _)| Some(*known) == packed);
        let part = found.map_or(0, |(_, count)| *count);
        told += part;
        told_wanted += wanted;
        share(format!("cards from {}", country.code()), part, *wanted, 0.15);
    }
    share("cards from other countries".to_owned(), whole - told, 1.0 - told_wanted, 0.15);
    for (name, wanted) in settings.issuers.schemes.shares() {
        let scheme = place(ids::CARD_NETWORK, name);
        let of_scheme = tally.customers.cards.values().filter(|c| usize::from(c.scheme) == scheme);
        share(format!("cards of {name}"), of_scheme.count() as u64, wanted, 0.08);
    }
}

/// Whether issuers of a country work at all.
fn is_served(settings: &Settings, country: u16) -> bool {
    let code = geo::country_code(country);
    settings.issuers.failing.iter().all(|(failing, _)| Some(failing.code()) != code)
}

fn links(sheet: &mut Sheet, tally: &Tally, settings: &Settings) {
    let is_counted =
        |card: &&Linked| card.at_first_try.is_some() && is_served(settings, card.issuer);
    let cards = || tally.customers.cards.values().filter(is_counted);
    let whole = cards().count() as u64;
    let among = |is: fn(&Linked) -> bool| Part {
        part: cards().filter(|card| is(card)).count() as u64,
        whole,
    };
    let slack = Slack { margin: 0.05, cluster: 1.0 };
    let links = &settings.links;
    sheet.share(
        "cards linked at the first try",
        among(|c| c.at_first_try == Some(true)),
        links.first_try,
        slack,
    );
    sheet.share("cards linked in the end", among(|c| c.in_the_end), links.after_retries, slack);
}

fn declines(sheet: &mut Sheet, tally: &Tally, settings: &Settings) {
    let served = tally.customers.answers.iter().filter(|(c, _)| is_served(settings, **c));
    let mut all = Answers::default();
    for (_, answers) in served {
        all.first = all.first.plus(answers.first);
        all.later = all.later.plus(answers.later);
        for (sum, count) in all.classes.iter_mut().zip(answers.classes) {
            *sum += count;
        }
    }
    let declines = &settings.issuers.declines;
    let first = Slack { margin: 0.02, cluster: 2.0 };
    let name = "payments declined by issuers on the first day of a card";
    sheet.share(name, all.first, declines.first_abroad, first);
    let later = Slack { margin: 0.008, cluster: 2.0 };
    sheet.share("payments declined by issuers later", all.later, declines.usual, later);
    let classes = &declines.classes;
    let rows: [(&str, &[&str], f64); 5] = [
        ("not enough money", &["nsf"], classes.funds),
        ("not permitted", &["not_permitted"], classes.not_permitted),
        ("suspicion", &["suspected_fraud", "do_not_honour"], classes.suspicion),
        ("technical", &["technical"], classes.technical),
        ("other", &["other", "attempts"], classes.other),
    ];
    let whole = all.first.part + all.later.part;
    for (name, codes, wanted) in rows {
        let part = counted(&all.classes, ids::DECLINE_CLASS, codes);
        let slack = Slack { margin: 0.05, cluster: 1.5 };
        sheet.share(format!("declines for {name}"), Part { part, whole }, wanted, slack);
    }
}

fn networks(sheet: &mut Sheet, tally: &Tally, settings: &Settings) {
    let sessions = tally.customers.sessions;
    let networks = &settings.networks;
    // A session is drawn alone, a SIM card is chosen once for a trip.
    let (session, trip) = (4.0, 10.0);
    let mut share = |name: &str, part, least, wanted: f64, cluster| {
        let slack = Slack { margin: 0.02 + 0.12 * wanted, cluster };
        sheet.share_between(name, Part { part, whole: sessions.all }, (least, wanted), slack);
    };
    let (vpn, wifi) = (networks.vpn_share, networks.public_wifi_share);
    let (local, roaming) = (networks.local_esim_share, networks.roaming_share);
    share("visitors' sessions behind a VPN", sessions.vpn, vpn, vpn, session);
    share("visitors' sessions on public Wi-Fi", sessions.public_wifi, wifi, wifi, session);
    share("visitors' sessions with a local SIM", sessions.local_sim, local, local, trip);
    // A phone may be booked in as a guest without any data.
    share("visitors' sessions that roam", sessions.roaming, roaming, 1.0 - local, trip);
}

fn fraud(sheet: &mut Sheet, tally: &Tally, settings: &Settings) {
    let total = tally.total();
    let wanted = settings.fraud.prevalence_bps;
    let scaled = |(low, high): (f64, f64), wanted: f64| (low * wanted, high * wanted);
    // As many frauds as it takes for the bursts to even out a little.
    if LEAST * 10_000.0 <= total.honest as f64 * wanted {
        let bounds = scaled(FRAUD_COUNT_RANGE, wanted);
        sheet.add("attempted fraud by count", total.fraud_bps(), wanted, bounds, "bps");
        let by_value = 10_000.0 * total.stake_fen as f64 / total.honest_fen.max(1) as f64;
        let wanted = FRAUD_VALUE_BPS * wanted / 28.0;
        let bounds = scaled(FRAUD_VALUE_RANGE, wanted);
        sheet.add("attempted fraud by value", by_value, wanted, bounds, "bps");
    }
    let weeks = tally.weeks();
    let rates = weeks.iter().map(|week| week.fraud_bps()).filter(|rate| 0.0 < *rate);
    let logs: Vec<f64> = rates.filter(|rate| rate.is_finite()).map(f64::ln).collect();
    if DRIFT_WEEKS <= logs.len() && 0.0 < settings.fraud.drift_sigma {
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        let squares: f64 = logs.iter().map(|log| (log - mean).powi(2)).sum();
        let sigma = (squares / (logs.len() - 1) as f64).sqrt();
        let bounds = (DRIFT_LEAST, DRIFT_MOST);
        let name = "deviation of the weekly rate of fraud, as a logarithm";
        sheet.add(name, sigma, settings.fraud.drift_sigma, bounds, "");
    }
}

fn stories(sheet: &mut Sheet, tally: &Tally, settings: &Settings) {
    let Some((first, last)) = tally.period() else { return };
    let days = last - first;
    let whole: u64 = tally.frauds.iter().map(|fraud| fraud.events).sum();
    for (typology, wanted) in Typology::ALL.into_iter().zip(wanted_stories(settings, days)) {
        let expected = whole as f64 * wanted;
        let episodes = expected / PLAYBOOKS[typology as usize].least;
        if expected < STORY_EVENTS || episodes < STORY_EPISODES {
            continue;
        }
        let got = tally.frauds[typology as usize].events as f64 / whole as f64;
        let (low, high) = STORY_RANGE;
        let bounds = (100.0 * low * wanted, 100.0 * high * wanted);
        let name = format!("{} {}", typology.code(), typology.title());
        sheet.add(name, 100.0 * got, 100.0 * wanted, bounds, "%");
    }
    let is_late = |typology: &Typology| {
        let plan = settings.fraud.plan(*typology);
        // A fortnight is enough for the first episode.
        LATE_DAY < plan.from_day && 0.0 < plan.weight && i64::from(plan.from_day) + 14 < days
    };
    let late: Vec<Typology> = Typology::ALL.into_iter().filter(is_late).collect();
    if !late.is_empty() {
        let is_seen_late = |typology: &&Typology| {
            let fraud = tally.frauds[**typology as usize];
            0 < fraud.events && i64::from(LATE_DAY) <= fraud.first_day - first
        };
        let seen = late.iter().filter(is_seen_late).count() as f64;
        let wanted = late.len() as f64;
        let name = format!("stories that appear only after {LATE_DAY} days");
        sheet.add(name, seen, wanted, (wanted, wanted), "");
    }
}

fn labels(sheet: &mut Sheet, tally: &Tally, settings: &Settings) {
    for teller in Teller::ALL {
        for known in tally.delays.horizons(teller, &settings.labels) {
            let part = (known.got * known.reports as f64).round() as u64;
            let got = Part { part, whole: known.reports };
            // Chargebacks follow the warnings that precede them.
            let margin = if teller == Teller::Chargeback { 0.08 } else { 0.05 };
            let name = format!("{} known after {} days", teller.name(), known.days);
            sheet.share(name, got, known.wanted.min(1.0), Slack { margin, cluster: 1.0 });
        }
    }
}

fn challenges(sheet: &mut Sheet, tally: &Tally) {
    for (factor, wanted) in SUCCESS {
        let Some(place) = FACTORS.iter().position(|known| *known == factor) else { continue };
        let trials = tally.customers.trials[place];
        let least = if factor == "sms_otp" { SMS_ROAMING } else { wanted };
        let got = Part { part: trials.passed, whole: trials.all };
        let slack = Slack { margin: 0.03, cluster: 1.0 };
        let name = format!("rightful users who pass {factor}");
        sheet.share_between(name, got, (least, wanted), slack);
    }
}

fn festivals(sheet: &mut Sheet, tally: &Tally, settings: &Settings, peaks: &[Peak]) {
    /// Travellers who are there cannot all come at once.
    const MARGIN: f64 = 0.25;
    let Some((first, last)) = tally.period() else { return };
    let calendar = Calendar::new(settings, peaks);
    let noon_ms = |day: i64| day * DAY_MS + DAY_MS / 2 - CHINA_MS;
    let peak = |day: i64| calendar.peak(noon_ms(day));
    let mut day = first + 1;
    while day < last {
        let Some(festival) = peak(day) else {
            day += 1;
            continue;
        };
        let start = day;
        while peak(day) == Some(festival) {
            day += 1;
        }
        // The days next to it rise and fall.
        let (before, after) =
            (start - 1 - NEIGHBOURS_DAYS..start - 1, day + 1..day + 1 + NEIGHBOURS_DAYS);
        if before.start <= first || last < after.end {
            continue;
        }
        let seen = |day: i64| tally.days.get(&day).map_or(0.0, |day| day.honest as f64);
        let mean = |of: &dyn Fn(i64) -> f64| {
            let around: f64 = before.clone().chain(after.clone()).map(of).sum();
            let within: f64 = (start..day).map(of).sum();
            within / (day - start) as f64 / (around / (2 * NEIGHBOURS_DAYS) as f64).max(1e-9)
        };
        let wanted = mean(&|day| calendar.volume(noon_ms(day)));
        let bounds = (wanted * (1.0 - MARGIN), wanted * (1.0 + MARGIN));
        let name = format!("volume at {} against the weeks around it", festival.name());
        sheet.add(name, mean(&seen), wanted, bounds, "");
    }
}

/// Event types in the order of how often they were seen.
pub(super) fn types_by_count(tally: &Tally) -> Vec<(EventType, u64)> {
    let mut types: Vec<(EventType, u64)> =
        EventType::ALL.into_iter().map(|kind| (kind, tally.types[kind as usize])).collect();
    types.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    types.retain(|(_, count)| 0 < *count);
    types
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet() -> Sheet {
        Sheet { group: "payments", checks: Vec::new() }
    }

    #[test]
    fn a_share_may_be_off_by_its_margin_and_three_standard_errors() {
        let mut sheet = sheet();
        let slack = Slack { margin: 0.05, cluster: 1.0 };
        sheet.share("at the edge", Part { part: 640, whole: 1_000 }, 0.5, slack);
        let check = &sheet.checks[0];
        // Three standard errors of a thousand are 4.74 percent.
        assert!((check.high - 59.743).abs() < 1e-3 && !check.is_met, "{check:?}");
        sheet.share("within", Part { part: 590, whole: 1_000 }, 0.5, slack);
        assert!(sheet.checks[1].is_met);
    }

    #[test]
    fn a_share_of_too_few_is_left_out() {
        let mut sheet = sheet();
        let slack = Slack { margin: 0.05, cluster: 4.0 };
        sheet.share("of few", Part { part: 100, whole: 119 }, 0.5, slack);
        assert!(sheet.checks.is_empty());
    }

    #[test]
    fn numbers_are_printed_with_three_digits_and_their_unit() {
        let texts = [(0.0284, "%"), (3.456, "%"), (45.21, "bps"), (4_213.7, "CNY"), (0.31, "")];
        let texts = texts.map(|(value, unit)| number(value, unit));
        assert_eq!(texts, ["0.028 %", "3.46 %", "45.2 bps", "4214 CNY", "0.310"]);
    }
}
