//! The figures that the settings ask for, in the form in which they are seen.

use super::delay::normal_below;
use super::honest::HOURS;
use crate::synth::market::Trade;
use crate::synth::settings::{Amount, Amounts, Hours, Settings};
use crate::synth::story::Typology;

/// How much is paid in a trade.
pub(super) fn wanted_amount(trade: Trade, amounts: &Amounts) -> Amount {
    match trade {
        Trade::Transit => amounts.transit,
        Trade::Food => amounts.food,
        Trade::Retail => amounts.retail,
        Trade::InApp => amounts.in_app,
        Trade::Travel => amounts.travel,
        Trade::Hotel => amounts.hotel,
        Trade::Luxury => amounts.luxury,
        Trade::Electronics => amounts.electronics,
        Trade::Jewellery => amounts.jewellery,
        Trade::GiftCards => amounts.gift_cards,
        Trade::Gaming => amounts.gaming,
        Trade::Bill => amounts.bill,
        Trade::Government => amounts.government,
    }
}

/// What people call a trade.
pub(super) fn trade_name(trade: Trade) -> &'static str {
    match trade {
        Trade::Transit => "transit",
        Trade::Food => "food",
        Trade::Retail => "retail",
        Trade::InApp => "in the app",
        Trade::Travel => "travel",
        Trade::Hotel => "hotel",
        Trade::Luxury => "luxury",
        Trade::Electronics => "electronics",
        Trade::Jewellery => "jewellery",
        Trade::GiftCards => "gift cards",
        Trade::Gaming => "games",
        Trade::Bill => "bills",
        Trade::Government => "government",
    }
}

/// Share of the payments in each hour of the day that the settings ask for.
pub(super) fn wanted_hours(hours: &Hours) -> [f64; HOURS] {
    let normal = |middle: f64, hour: usize| {
        let below = |h: f64| normal_below((h - middle) / hours.sigma_h);
        let whole = below(24.0) - below(0.0);
        (below(hour as f64 + 1.0) - below(hour as f64)) / whole
    };
    std::array::from_fn(|hour| {
        let noon = (1.0 - hours.evening_share) * normal(hours.noon_h, hour);
        let evening = hours.evening_share * normal(hours.evening_h, hour);
        hours.even_share / 24.0 + (1.0 - hours.even_share) * (noon + evening)
    })
}

/// Days of the world on which a story is played.
fn days_played(settings: &Settings, typology: Typology, days: i64) -> f64 {
    (days - i64::from(settings.fraud.plan(typology).from_day)).max(0) as f64
}

/// Share of the fraud events that each story should have in a world of so many days.
pub(super) fn wanted_stories(settings: &Settings, days: i64) -> [f64; Typology::ALL.len()] {
    let weighed = Typology::ALL.map(|typology| {
        settings.fraud.plan(typology).weight * days_played(settings, typology, days)
    });
    let whole = weighed.iter().sum::<f64>().max(f64::MIN_POSITIVE);
    weighed.map(|weight| weight / whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wanted_hours_are_a_whole_with_two_tops() {
        let hours = wanted_hours(&Settings::default().hours);
        assert!((hours.iter().sum::<f64>() - 1.0).abs() < 1e-6);
        assert!(hours[8] < hours[12] && hours[15] < hours[12] && hours[15] < hours[19]);
        // The even share alone fills the night.
        assert!((hours[3] - 0.04 / 24.0).abs() < 2e-4, "{}", hours[3]);
    }

    #[test]
    fn stories_that_begin_later_are_wanted_less() {
        let settings = Settings::default();
        let year = wanted_stories(&settings, 365);
        assert!((year.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        let relay = |shares: &[f64; 24]| shares[Typology::TakeoverByRelay as usize];
        assert_eq!(relay(&wanted_stories(&settings, 30)), 0.0);
        let phishing = year[Typology::TakeoverByPhishing as usize];
        assert!((relay(&year) / phishing - 0.5 * (365.0 - 92.0) / 365.0).abs() < 1e-9);
    }
}
