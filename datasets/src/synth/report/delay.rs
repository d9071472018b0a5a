//! How long the truth takes to become known, by channel.
//!
//! A world ends before all of its labels have come, so delays are kept by the week of the act: a
//! share "known after 30 days" is taken among acts that were watched long enough. One report tells
//! of all acts against a card or an account at once, with one delay, and counts once.

use std::collections::BTreeMap;

use features::event::Event;
use features::field::ids;

use super::DAY_MS;
use super::count::Recent;
use crate::synth::settings::{Channel, Labels};
use crate::synth::story::Vector;

/// Days at which shares are compared.
pub(super) const HORIZONS_DAYS: [f64; 5] = [7.0, 30.0, 60.0, 90.0, 120.0];

/// Quarters of a day in the first days, then whole days; later is not told apart.
const QUARTERS: usize = 32;
const DAYS: usize = 200;
const BINS: usize = QUARTERS + DAYS;
const FIRST_DAYS: f64 = QUARTERS as f64 / 4.0;

/// Reports that may still tell of further acts.
const REPORTS_MOST: usize = 1 << 14;

/// How a truth became known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Teller {
    EarlyWarning,
    Chargeback,
    FriendlyChargeback,
    Takeover,
    SimSwap,
    Scam,
}

impl Teller {
    pub(super) const ALL: [Teller; 6] = [
        Teller::EarlyWarning,
        Teller::Chargeback,
        Teller::FriendlyChargeback,
        Teller::Takeover,
        Teller::SimSwap,
        Teller::Scam,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Teller::EarlyWarning => "early warnings",
            Teller::Chargeback => "chargebacks, third party",
            Teller::FriendlyChargeback => "chargebacks, first party",
            Teller::Takeover => "reports of takeovers",
            Teller::SimSwap => "reports of SIM swaps",
            Teller::Scam => "reports of scams",
        }
    }

    pub(super) fn channel(self, labels: &Labels) -> Channel {
        match self {
            Teller::EarlyWarning => labels.early_warning,
            Teller::Chargeback => labels.chargeback,
            Teller::FriendlyChargeback => labels.friendly_chargeback,
            Teller::Takeover => labels.takeover_report,
            Teller::SimSwap => labels.sim_swap_report,
            Teller::Scam => labels.scam_report,
        }
    }
}

/// Delays of one channel, by the week of the act.
type ByWeek = BTreeMap<i64, Box<[u32; BINS]>>;

/// Delays of all channels.
#[derive(Debug)]
pub(super) struct Delays {
    by_teller: [ByWeek; Teller::ALL.len()],
    reports: Recent<()>,
    /// Time of the latest label.
    last_ms: i64,
}

/// Shares of a channel known after some days, and what they should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Known {
    pub(super) days: f64,
    /// Reports among which the share was taken.
    pub(super) reports: u64,
    pub(super) got: f64,
    pub(super) wanted: f64,
}

impl Delays {
    pub(super) fn new() -> Delays {
        let by_teller = std::array::from_fn(|_| BTreeMap::new());
        Delays { by_teller, reports: Recent::new(REPORTS_MOST), last_ms: i64::MIN }
    }

    /// A label of an act; `culprit` is the attack behind it, where it was one.
    pub(super) fn add(&mut self, event: &Event, culprit: Option<Option<Vector>>) {
        let Some(known_ms) = event.bits(ids::KNOWN_TIME_MS).map(|bits| bits as i64) else {
            return;
        };
        self.last_ms = self.last_ms.max(known_ms);
        let teller = match (event.text(ids::SOURCE), culprit) {
            (Some("early_warning"), _) => Teller::EarlyWarning,
            // Nobody's fraud, and yet disputed: misuse by the payer.
            (Some("chargeback"), None | Some(Some(Vector::V8))) => Teller::FriendlyChargeback,
            (Some("chargeback"), Some(_)) => Teller::Chargeback,
            (Some("customer_report"), Some(Some(Vector::V4))) => Teller::SimSwap,
            (Some("customer_report"), Some(Some(Vector::V6))) => Teller::Scam,
            (Some("customer_report"), Some(_)) => Teller::Takeover,
            _ => return,
        };
        let delay_ms = known_ms - event.time();
        // What one report tells has one delay, to the millisecond.
        let report = (delay_ms as u64) << 3 | teller as u64;
        if self.reports.put(report, ()) {
            let week = event.time().div_euclid(7 * DAY_MS);
            let bins = self.by_teller[teller as usize].entry(week);
            bins.or_insert_with(|| Box::new([0; BINS]))[bin(delay_ms)] += 1;
        }
    }

    /// Shares known after the horizons that the world was long enough for.
    pub(super) fn horizons(&self, teller: Teller, labels: &Labels) -> Vec<Known> {
        self.curve(teller, labels, &HORIZONS_DAYS)
    }

    /// Shares known after each of these days, which ascend. Delays beyond the longest horizon that
    /// was watched have not come, so shares are of what comes before it.
    pub(super) fn curve(&self, teller: Teller, labels: &Labels, days: &[f64]) -> Vec<Known> {
        let channel = teller.channel(labels);
        let Some((watched_days, bins)) = self.watched(teller) else { return Vec::new() };
        let reports: u64 = bins.iter().sum();
        let whole = share_known(channel, watched_days);
        let known = |days: f64| {
            let within: u64 = bins[..edge(days)].iter().sum();
            let wanted = share_known(channel, days) / whole;
            Known { days, reports, got: within as f64 / reports as f64, wanted }
        };
        days.iter().copied().filter(|days| *days < watched_days).map(known).collect()
    }

    /// The time for which acts were watched, in days, and their delays within that time: the
    /// longest that leaves at least half of the reports.
    fn watched(&self, teller: Teller) -> Option<(f64, Vec<u64>)> {
        let by_week = &self.by_teller[teller as usize];
        let all: u64 = by_week.values().flat_map(|bins| bins.iter()).map(|n| u64::from(*n)).sum();
        let within = |days: f64| {
            let mut sum = vec![0; edge(days)];
            for (week, bins) in by_week {
                let end_ms = (week + 1) * 7 * DAY_MS;
                if end_ms + (days * DAY_MS as f64) as i64 <= self.last_ms {
                    for (sum, count) in sum.iter_mut().zip(bins.iter()) {
                        *sum += u64::from(*count);
                    }
                }
            }
            sum
        };
        let longest = [180.0, 150.0, 120.0, 90.0, 60.0, 45.0, 30.0, 21.0, 14.0, 8.0];
        let tries = longest.into_iter().map(|days| (days, within(days)));
        let has_most = |(_, bins): &(f64, Vec<u64>)| {
            let reports = bins.iter().sum::<u64>();
            0 < reports && all <= 2 * reports
        };
        tries.into_iter().find(has_most)
    }
}

/// The bin of a delay.
fn bin(delay_ms: i64) -> usize {
    let days = delay_ms as f64 / DAY_MS as f64;
    let bin = if days < FIRST_DAYS { days * 4.0 } else { (days - FIRST_DAYS) + QUARTERS as f64 };
    (bin as usize).min(BINS - 1)
}

/// The first bin at or after this many days.
fn edge(days: f64) -> usize {
    bin((days * DAY_MS as f64).ceil() as i64)
}

/// Share of a log-normal delay that is over after so many days.
fn share_known(channel: Channel, days: f64) -> f64 {
    normal_below((days / channel.median_days).ln() / channel.sigma)
}

/// Share of the standard normal below a value (Abramowitz and Stegun 26.2.17, to 7.5e-8).
pub(super) fn normal_below(z: f64) -> f64 {
    const FACTORS: [f64; 5] =
        [0.319_381_530, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
    let t = 1.0 / (1.0 + 0.231_641_9 * z.abs());
    let series = FACTORS.iter().rev().fold(0.0, |sum, factor| (sum + factor) * t);
    let tail = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * series;
    if z < 0.0 { tail } else { 1.0 - tail }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::settings::Settings;

    #[test]
    fn the_normal_distribution_has_its_known_shares() {
        for (z, share) in [(0.0, 0.5), (1.0, 0.841_344_7), (-1.959_964, 0.025), (3.0, 0.998_650_1)]
        {
            assert!((normal_below(z) - share).abs() < 1e-6, "{z}");
        }
    }

    #[test]
    fn channels_have_the_published_shares() {
        let labels = Settings::default().labels;
        // Shares in percent after 7, 30, 60, 90 and 120 days.
        let wanted = [
            (Teller::EarlyWarning, [28.0, 85.0, 96.0, 99.0, 99.5]),
            (Teller::Chargeback, [6.0, 61.0, 87.0, 95.0, 98.0]),
            (Teller::FriendlyChargeback, [0.0, 33.0, 80.0, 94.0, 98.0]),
            (Teller::Takeover, [95.0, 99.6, 100.0, 100.0, 100.0]),
            (Teller::Scam, [79.0, 97.0, 99.0, 100.0, 100.0]),
        ];
        for (teller, shares) in wanted {
            for (days, wanted) in HORIZONS_DAYS.into_iter().zip(shares) {
                let got = 100.0 * share_known(teller.channel(&labels), days);
                assert!((got - wanted).abs() < 1.3, "{teller:?} after {days} d: {got}");
            }
        }
    }

    #[test]
    fn a_horizon_is_an_edge_of_the_bins() {
        let day_ms = DAY_MS;
        for days in [1, 7, 8, 30, 120] {
            let at = edge(days as f64);
            assert_eq!(bin(days * day_ms), at);
            assert_eq!(bin(days * day_ms - 1) + 1, at);
        }
        assert_eq!(bin(i64::MAX / 2), BINS - 1);
    }
}
