//! What never changes while a world runs, and is shared by all its shards.

use super::atlas::Atlas;
use super::calendar::Calendar;
use super::market::Market;
use super::rates::Rates;
use super::settings::Settings;

/// The ground that actors stand on.
#[derive(Debug)]
pub(crate) struct Ground {
    pub(crate) seed: u64,
    pub(crate) settings: Settings,
    pub(crate) atlas: Atlas,
    pub(crate) market: Market,
    pub(crate) calendar: Calendar,
    pub(crate) rates: Rates,
    /// First moment of the world: a midnight in UTC.
    pub(crate) start_ms: i64,
    /// First moment after it.
    pub(crate) end_ms: i64,
}
