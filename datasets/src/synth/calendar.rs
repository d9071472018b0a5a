//! When do people pay? The year with its festivals, the week, and the hours of a day.
//!
//! The volume of a moment is a multiple of the usual: weekends lie a little above the other days,
//! and three festivals tower over their neighbouring weeks. A festival rises and falls within
//! twelve hours around the midnights of its edges. Festivals follow the clock of China, wherever
//! the customer is, as that is where the wallet is used; the hours of a day follow the local clock.
//! The lunar New Year comes from a table of 2020 to 2040; worlds of other years go without it.
//! Asking costs a binary search.

use jiff::civil::{Date, Time, date};
use jiff::tz::Offset;

use super::chance::Chance;
use super::settings::{Hours, Peaks, Settings};

/// Milliseconds of an hour.
const HOUR_MS: i64 = 3_600_000;

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * HOUR_MS;

/// China has one clock, eight hours ahead of UTC.
const CHINA_MS: i64 = 8 * HOUR_MS;

/// How long a festival takes to rise and to fall, around the midnight of its edge.
const RAMP_MS: i64 = 12 * HOUR_MS;

/// New Year's Day of the lunar calendar, as China's almanac gives it.
const NEW_YEARS: [Date; 21] = [
    date(2020, 1, 25),
    date(2021, 2, 12),
    date(2022, 2, 1),
    date(2023, 1, 22),
    date(2024, 2, 10),
    date(2025, 1, 29),
    date(2026, 2, 17),
    date(2027, 2, 6),
    date(2028, 1, 26),
    date(2029, 2, 13),
    date(2030, 2, 3),
    date(2031, 1, 23),
    date(2032, 2, 11),
    date(2033, 1, 31),
    date(2034, 2, 19),
    date(2035, 2, 8),
    date(2036, 1, 28),
    date(2037, 2, 15),
    date(2038, 2, 4),
    date(2039, 1, 24),
    date(2040, 2, 12),
];

/// A festival that moves the volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peak {
    /// 1 to 8 October.
    GoldenWeek,
    /// Eight days from the eve of the lunar New Year.
    NewYear,
    /// 1 to 5 May.
    LabourDay,
}

impl Peak {
    /// All of them.
    pub const ALL: [Peak; 3] = [Peak::GoldenWeek, Peak::NewYear, Peak::LabourDay];

    /// All names, in the same order.
    pub const NAMES: [&'static str; 3] = ["golden_week", "new_year", "labour_day"];

    /// The name: `golden_week`, `new_year` or `labour_day`.
    pub fn name(self) -> &'static str {
        Peak::NAMES[self as usize]
    }

    /// The festival of this name.
    pub fn parse(name: &str) -> Option<Peak> {
        Peak::ALL.into_iter().find(|peak| peak.name() == name)
    }

    fn factor(self, peaks: &Peaks) -> f64 {
        match self {
            Peak::GoldenWeek => peaks.golden_week,
            Peak::NewYear => peaks.new_year,
            Peak::LabourDay => peaks.labour_day,
        }
    }

    /// First day and number of days in a year.
    fn days(self, year: i16) -> Option<(Date, i64)> {
        match self {
            Peak::GoldenWeek => Some((date(year, 10, 1), 8)),
            Peak::LabourDay => Some((date(year, 5, 1), 5)),
            Peak::NewYear => {
                let day = NEW_YEARS.iter().find(|day| day.year() == year)?;
                // The table starts in January, so no eve falls into another year.
                Some((day.yesterday().ok()?, 8))
            }
        }
    }
}

/// One festival of one year, in UTC.
#[derive(Debug, Clone, Copy)]
struct Festival {
    peak: Peak,
    start_ms: i64,
    end_ms: i64,
    factor: f64,
}

/// The volume over the year and the hours of the day.
#[derive(Debug, Clone)]
pub(crate) struct Calendar {
    /// In order of time; they are weeks apart.
    festivals: Vec<Festival>,
    workday: f64,
    weekend: f64,
    hours: Hours,
}

impl Calendar {
    /// A calendar with these festivals.
    pub(crate) fn new(settings: &Settings, peaks: &[Peak]) -> Calendar {
        let years = 2_000..=2_100;
        let mut festivals: Vec<Festival> = years
            .flat_map(|year| peaks.iter().map(move |peak| (*peak, year)))
            .filter_map(|(peak, year)| {
                let (first, days) = peak.days(year)?;
                let start_ms = utc_midnight_ms(first) - CHINA_MS;
                let factor = peak.factor(&settings.peaks);
                Some(Festival { peak, start_ms, end_ms: start_ms + days * DAY_MS, factor })
            })
            .collect();
        festivals.sort_by_key(|festival| festival.start_ms);
        festivals.dedup_by_key(|festival| festival.start_ms);
        // A usual week sums to seven days, so that 1 is its mean.
        let workday = 7.0 / (5.0 + 2.0 * settings.peaks.weekend);
        let weekend = settings.peaks.weekend * workday;
        Calendar { festivals, workday, weekend, hours: settings.hours }
    }

    /// Volume at a moment as a multiple of the usual.
    pub(crate) fn volume(&self, ms: i64) -> f64 {
        let day = (ms + CHINA_MS).div_euclid(DAY_MS);
        // 1 January 1970 was a Thursday, the fourth day from Monday.
        let weekday = (day + 3).rem_euclid(7);
        let of_week = if weekday < 5 { self.workday } else { self.weekend };
        let Some(festival) = self.near(ms) else { return of_week };
        let ramp = |since: i64| ((since + RAMP_MS / 2) as f64 / RAMP_MS as f64).clamp(0.0, 1.0);
        let share = ramp(ms - festival.start_ms).min(ramp(festival.end_ms - ms));
        of_week * (1.0 + share * (festival.factor - 1.0))
    }

    /// The festival of a moment, from the midnight of its first day to that after its last.
    pub(crate) fn peak(&self, ms: i64) -> Option<Peak> {
        let festival = self.near(ms)?;
        let is_within = festival.start_ms <= ms && ms < festival.end_ms;
        is_within.then_some(festival.peak)
    }

    /// A time on the local day whose date is that of the UTC midnight `day_ms`.
    pub(crate) fn moment(&self, day_ms: i64, tz_offset_min: i16, chance: &mut Chance) -> i64 {
        let hours = &self.hours;
        let hour = if chance.hit(hours.even_share) {
            24.0 * chance.unit()
        } else {
            let is_evening = chance.hit(hours.evening_share);
            let middle = if is_evening { hours.evening_h } else { hours.noon_h };
            // Settings keep the middle within the day, so at least two draws of five fall into it.
            let mut hour = chance.normal(middle, hours.sigma_h);
            while !(0.0..24.0).contains(&hour) {
                hour = chance.normal(middle, hours.sigma_h);
            }
            hour
        };
        let local_ms = (hour * HOUR_MS as f64) as i64;
        day_ms - i64::from(tz_offset_min) * 60_000 + local_ms.min(DAY_MS - 1)
    }

    /// The festival that moves the volume of a moment, if any.
    fn near(&self, ms: i64) -> Option<&Festival> {
        let half = RAMP_MS / 2;
        let at = self.festivals.partition_point(|festival| festival.end_ms + half <= ms);
        self.festivals.get(at).filter(|festival| festival.start_ms - half <= ms)
    }
}

/// The midnight in UTC at which a date begins there.
fn utc_midnight_ms(date: Date) -> i64 {
    let midnight = date.to_datetime(Time::midnight());
    let timestamp = Offset::UTC.to_timestamp(midnight).expect("a date of this century");
    timestamp.as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn china_ms(date: Date, hour: i64) -> i64 {
        utc_midnight_ms(date) - CHINA_MS + hour * HOUR_MS
    }

    fn calendar() -> Calendar {
        Calendar::new(&Settings::default(), &Peak::ALL)
    }

    /// Mean volume over whole days of China.
    fn mean(calendar: &Calendar, first: Date, days: i64) -> f64 {
        let start_ms = china_ms(first, 0);
        let sum: f64 = (0..24 * days).map(|hour| calendar.volume(start_ms + hour * HOUR_MS)).sum();
        sum / (24 * days) as f64
    }

    #[test]
    fn peaks_are_known_by_name() {
        for peak in Peak::ALL {
            assert_eq!(Peak::parse(peak.name()), Some(peak));
        }
        assert_eq!(Peak::parse("golden week"), None);
    }

    #[test]
    fn every_new_year_is_a_new_moon_of_winter() {
        // The new moon of 6 January 2000, 18:14 UTC, and the mean length of a month.
        let known_days = 5.76;
        let month_days = 29.530_588;
        let epoch_ms = utc_midnight_ms(date(2000, 1, 1));
        for (day, year) in NEW_YEARS.iter().zip(2020..) {
            assert_eq!(day.year(), year);
            assert!(date(year, 1, 20) < *day && *day < date(year, 2, 22), "{day}");
            // Noon in China; true months differ from the mean one by up to 14 hours.
            let days = (china_ms(*day, 12) - epoch_ms) as f64 / DAY_MS as f64 - known_days;
            let phase = (days / month_days).fract() * month_days;
            let off = phase.min(month_days - phase);
            assert!(off < 1.1, "{day} is {off} days from a new moon");
        }
    }

    #[test]
    fn festivals_last_from_their_first_to_their_last_midnight() {
        let calendar = calendar();
        let spans = [
            (Peak::GoldenWeek, date(2025, 10, 1), date(2025, 10, 8)),
            (Peak::LabourDay, date(2026, 5, 1), date(2026, 5, 5)),
            (Peak::NewYear, date(2026, 2, 16), date(2026, 2, 23)),
            (Peak::NewYear, date(2020, 1, 24), date(2020, 1, 31)),
        ];
        for (peak, first, last) in spans {
            let start_ms = china_ms(first, 0);
            let end_ms = china_ms(last, 24);
            assert_eq!(calendar.peak(start_ms - 1), None, "{first}");
            assert_eq!(calendar.peak(start_ms), Some(peak), "{first}");
            assert_eq!(calendar.peak(end_ms - 1), Some(peak), "{last}");
            assert_eq!(calendar.peak(end_ms), None, "{last}");
        }
        assert_eq!(calendar.peak(china_ms(date(2045, 10, 3), 9)), Some(Peak::GoldenWeek));
    }

    #[test]
    fn volume_peaks_by_the_factors_of_the_settings() {
        let calendar = calendar();
        let check = |first: Date, days: i64, factor: f64| {
            let quiet = Calendar::new(&Settings::default(), &[]);
            let ratio = mean(&calendar, first, days) / mean(&quiet, first, days);
            // The ramps take a sixteenth of a day off at each edge.
            assert!(0.96 * factor < ratio && ratio <= factor, "{first}: {ratio}");
            let noon = china_ms(first, 36);
            assert!((calendar.volume(noon) / quiet.volume(noon) - factor).abs() < 1e-9, "{first}");
        };
        check(date(2025, 10, 1), 8, 1.9);
        check(date(2026, 2, 16), 8, 1.6);
        check(date(2026, 5, 1), 5, 1.5);
    }

    #[test]
    fn shoulders_ramp_within_a_day() {
        let calendar = calendar();
        let midnight = china_ms(date(2025, 10, 1), 0);
        let volumes: Vec<f64> =
            (-9..=9).map(|hour| calendar.volume(midnight + hour * HOUR_MS)).collect();
        assert!(volumes.windows(2).all(|pair| pair[0] <= pair[1]), "{volumes:?}");
        assert!((volumes[18] / volumes[0] - 1.9).abs() < 1e-9, "{volumes:?}");
        assert!((volumes[9] / volumes[0] - 1.45).abs() < 1e-9, "{volumes:?}");
    }

    #[test]
    fn a_usual_week_averages_one_and_weekends_lie_above() {
        let calendar = calendar();
        let monday = date(2026, 3, 2);
        assert!((mean(&calendar, monday, 7) - 1.0).abs() < 1e-9);
        let ratio = mean(&calendar, date(2026, 3, 7), 2) / mean(&calendar, monday, 5);
        assert!((ratio - 1.08).abs() < 1e-9, "{ratio}");
    }

    #[test]
    fn festivals_that_are_switched_off_are_usual_days() {
        let calendar = Calendar::new(&Settings::default(), &[Peak::NewYear]);
        let day = china_ms(date(2025, 10, 3), 12);
        assert_eq!(calendar.peak(day), None);
        assert!(calendar.volume(day) < 1.1);
        assert_eq!(calendar.peak(china_ms(date(2026, 2, 18), 12)), Some(Peak::NewYear));
    }

    #[test]
    fn moments_follow_the_local_clock() {
        let calendar = calendar();
        let mut chance = Chance::of(11, &[1]);
        let day_ms = utc_midnight_ms(date(2026, 3, 2));
        let draws = 40_000;
        for tz_offset_min in [480, 0, -300] {
            let mut by_hour = [0_u32; 24];
            for _ in 0..draws {
                let ms = calendar.moment(day_ms, tz_offset_min, &mut chance);
                let local_ms = ms + i64::from(tz_offset_min) * 60_000;
                assert_eq!(local_ms.div_euclid(DAY_MS) * DAY_MS, day_ms);
                by_hour[(local_ms.rem_euclid(DAY_MS) / HOUR_MS) as usize] += 1;
            }
            let share = |from: usize, to: usize| {
                f64::from(by_hour[from..to].iter().sum::<u32>()) / f64::from(draws)
            };
            // An even 4 % leaves 0.04 * 5 / 24 before five o'clock, and the noon normal nearly
            // none.
            assert!((share(0, 5) - 0.0085).abs() < 0.003, "{}", share(0, 5));
            // Half of 96 % lies within two and a half hours of each middle with probability 0.744.
            assert!((share(10, 15) - 0.395).abs() < 0.03, "{}", share(10, 15));
            assert!(0.33 < share(17, 22) && share(17, 22) < 0.43, "{}", share(17, 22));
        }
    }
}
