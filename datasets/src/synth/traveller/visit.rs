//! Visits: who comes when, for how long, with which habits. All of it is a pure function of the
//! seed, the slot and the number of the visit.
//!
//! A slot of a traveller lives in cycles of a fixed number of days, shifted from slot to slot. In
//! each cycle there is one visit: the account is opened or taken up again, some days later comes the
//! arrival, then the stay. The length of a cycle follows from the share of accounts that shall be
//! active on a day. Arrivals are drawn towards days of high volume. Whether anything begins on a day
//! costs a few nanoseconds ([`Rhythm::may_begin`]); only then is the whole visit drawn.
//!
//! The next tourist of a slot is mostly somebody else, with another account; on business and to the
//! family mostly the same people come again.

use crate::synth::asset::{Country, Persona};
use crate::synth::chance::{Chance, mix};
use crate::synth::ground::Ground;
use crate::synth::people::{DAY_MS, HOUR_MS, MINUTE_MS};

/// China's clock against UTC.
pub(super) const CHINA_MIN: i16 = 480;
const CHINA_MS: i64 = CHINA_MIN as i64 * MINUTE_MS;

/// Longest stay as a multiple of the median, and longest lead as a multiple of the mean.
const STAY_CUT: f64 = 4.5;
const LEAD_CUT: f64 = 5.0;
/// Days of a cycle among which the arrival is drawn, at least.
const ARRIVALS_LEAST: i64 = 14;
/// Days that are drawn for an arrival before one is taken whatever its volume.
const ARRIVAL_DRAWS: u64 = 4;
/// A volume at which every day that is drawn is taken.
const VOLUME_MOST: f64 = 2.0;
/// A flight home to China, with the way to the airport.
const JOURNEY_MS: i64 = 20 * HOUR_MS;

/// Days of a business trip in one country, and the most countries of one trip.
pub(super) const LEG_DAYS: (i64, i64) = (2, 5);
const LEGS: [(u8, f64); 3] = [(1, 0.45), (2, 0.33), (3, 0.22)];
/// Stay with the family: median in days, deviation of its logarithm, share of days with the app.
const FAMILY_DAYS: (f64, f64) = (18.0, 0.5);
const FAMILY_USE: f64 = 0.6;
/// Share of visits for which a known account is not used before the arrival.
const ARRIVES_UNPREPARED: f64 = 0.7;

/// Travellers who come again with the same account; in place of the others come new customers.
const TOURISTS_BACK: f64 = 0.30;
const BUSINESS_BACK: f64 = 0.92;
const FAMILY_BACK: f64 = 0.88;
/// Visits of one account at most.
const VISITS_MOST: i64 = 40;

/// Names of streams of chance.
const SLOT: u64 = 0x736c_6f74;
const CYCLE: u64 = 0x6379_636c;
const ACCOUNT: u64 = 0x6163_636f;
const VISIT: u64 = 0x7669_7369;
const BACK: u64 = 0x6261_636b;

/// How the phone of a traveller is online.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// The home operator roams: addresses stay those of home.
    Roaming,
    /// A local eSIM, from the first hours after the arrival.
    Local,
    /// Only where there is Wi-Fi.
    Wifi,
}

/// Habits of a traveller during one visit, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Habits(u16);

/// A habit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Habit {
    /// Lets the app know the position.
    Locates,
    /// Uses a VPN.
    Vpn,
    /// Splits larger purchases to avoid the fee.
    Splits,
    /// Buys one thing that is many times as dear as everything else.
    Luxury,
    /// Buys tickets for friends.
    Friends,
    /// Is awake at night, by work or jet lag.
    Owl,
    /// Opens a prepaid pass.
    Pass,
    /// Has others top the balance up.
    TopUp,
    /// Takes the coupon for new customers.
    Coupon,
    /// Proves the identity at once.
    Proves,
    /// Takes the cards out of the wallet in the end.
    Unlinks,
    /// Hurries from code to code after the landing.
    Hurries,
}

/// How likely each habit is, for tourists, business travellers and family visitors.
const HABITS: [(Habit, [f64; 3]); 12] = [
    (Habit::Locates, [0.91, 0.88, 0.91]),
    // Set from the settings below.
    (Habit::Vpn, [0.0, 0.0, 0.0]),
    (Habit::Splits, [0.06, 0.02, 0.06]),
    (Habit::Luxury, [0.15, 0.10, 0.12]),
    (Habit::Friends, [0.11, 0.10, 0.13]),
    (Habit::Owl, [0.18, 0.20, 0.12]),
    (Habit::Pass, [0.08, 0.01, 0.04]),
    (Habit::TopUp, [0.03, 0.02, 0.12]),
    (Habit::Coupon, [0.12, 0.05, 0.12]),
    (Habit::Proves, [0.85, 0.92, 0.85]),
    (Habit::Unlinks, [0.18, 0.04, 0.06]),
    (Habit::Hurries, [0.45, 0.0, 0.15]),
];

/// Of those who use a VPN, how often it is on.
pub(super) const VPN_ON: f64 = 0.73;

/// One visit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Visit {
    /// Key of the account.
    pub(crate) account: u64,
    pub(crate) persona: Persona,
    /// Country that the traveller comes from.
    pub(crate) home: Country,
    /// When the account is opened; before `begin_ms` for one that exists already.
    pub(crate) opened_ms: i64,
    /// The first act: the account is opened or used again.
    pub(crate) begin_ms: i64,
    pub(crate) arrival_ms: i64,
    pub(crate) leave_ms: i64,
    /// Whether the same account comes back after this visit.
    pub(crate) comes_back: bool,
    /// Countries that a business trip leads to.
    pub(super) legs: u8,
    pub(super) line: Line,
    pub(super) habits: Habits,
}

/// How the visits of one kind of traveller follow each other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rhythm {
    persona: Persona,
    /// Days from one cycle to the next.
    cycle: i64,
    lead_most: i64,
    stay_most: i64,
    same_day_share: f64,
    lead_mean: f64,
    stay_median: f64,
    stay_sigma: f64,
    comes_back: f64,
}

impl Habits {
    pub(super) fn has(self, habit: Habit) -> bool {
        self.0 & 1 << habit as u16 != 0
    }

    fn draw(ground: &Ground, persona: Persona, chance: &mut Chance) -> Habits {
        let column = match persona {
            Persona::Business => 1,
            Persona::Family => 2,
            Persona::Tourist | Persona::Resident | Persona::Shopper | Persona::Crook => 0,
        };
        let vpn = (ground.settings.networks.vpn_share / VPN_ON).min(1.0);
        HABITS.iter().fold(Habits(0), |habits, (habit, shares)| {
            let share = if *habit == Habit::Vpn { vpn } else { shares[column] };
            let bit = if chance.hit(share) { 1 << *habit as u16 } else { 0 };
            Habits(habits.0 | bit)
        })
    }
}

/// Mean of a log-normal.
fn mean(median: f64, sigma: f64) -> f64 {
    median * (sigma * sigma / 2.0).exp()
}

impl Rhythm {
    /// The rhythm of tourists, business travellers or family visitors.
    pub(crate) fn of(ground: &Ground, persona: Persona) -> Rhythm {
        let (trips, personas) = (&ground.settings.trips, &ground.settings.personas);
        let (stay_median, stay_sigma, used) = match persona {
            Persona::Business => {
                let leg = (LEG_DAYS.0 + LEG_DAYS.1) as f64 / 2.0;
                let legs: f64 = LEGS.iter().map(|(legs, share)| f64::from(*legs) * share).sum();
                (leg * legs, 0.0, 1.0)
            }
            Persona::Family => (FAMILY_DAYS.0, FAMILY_DAYS.1, FAMILY_USE),
            Persona::Tourist | Persona::Resident | Persona::Shopper | Persona::Crook => {
                (trips.length_median_days, trips.length_sigma, 1.0)
            }
        };
        let is_tourist = persona == Persona::Tourist;
        let active_share = personas.of(persona).active_share.max(1e-3);
        let lead_most = (LEAD_CUT * trips.lead_mean_days) as i64 + 1;
        let stay_most = match persona {
            Persona::Business => LEG_DAYS.1 * LEGS.len() as i64,
            _ => (STAY_CUT * stay_median) as i64 + 1,
        };
        let cycle = (mean(stay_median, stay_sigma) * used / active_share).round() as i64;
        Rhythm {
            persona,
            cycle: cycle.max(lead_most + stay_most + ARRIVALS_LEAST),
            lead_most,
            stay_most,
            same_day_share: if is_tourist { trips.same_day_share } else { ARRIVES_UNPREPARED },
            lead_mean: trips.lead_mean_days,
            stay_median,
            stay_sigma,
            comes_back: match persona {
                Persona::Business => BUSINESS_BACK,
                Persona::Family => FAMILY_BACK,
                Persona::Tourist | Persona::Resident | Persona::Shopper | Persona::Crook => {
                    TOURISTS_BACK
                }
            },
        }
    }

    /// Share of the days of a stay on which the app is used.
    pub(super) fn use_share(persona: Persona) -> f64 {
        if persona == Persona::Family { FAMILY_USE } else { 1.0 }
    }

    fn base(&self, seed: u64, slot: u32) -> u64 {
        mix(mix(seed, SLOT), u64::from(slot))
    }

    /// The cycle that a day lies in, and the day's place there.
    fn place(&self, base: u64, day: i64) -> (i64, i64) {
        let shift = (base % self.cycle as u64) as i64;
        ((day - shift).div_euclid(self.cycle), (day - shift).rem_euclid(self.cycle))
    }

    /// Days from opening to arrival.
    fn lead(&self, lots: u64) -> i64 {
        let lot = (lots >> 40) as f64 / (1_u64 << 24) as f64;
        if lot < self.same_day_share {
            return 0;
        }
        let rest = (lot - self.same_day_share) / (1.0 - self.same_day_share).max(1e-9);
        let days = -self.lead_mean * (1.0 - rest).max(1e-9).ln();
        (days.ceil() as i64).clamp(1, self.lead_most)
    }

    /// The place in the cycle of the arrival that is drawn at this turn.
    fn arrival(&self, lots: u64, draw: u64) -> i64 {
        let span = (self.cycle - self.lead_most - self.stay_most) as u64;
        self.lead_most + (mix(lots, draw) % span) as i64
    }

    /// The number of the visit that may begin on this day, counted from 1970: a quick look that
    /// lets through all that do and few that do not.
    pub(crate) fn may_begin(&self, seed: u64, slot: u32, day: i64) -> Option<i64> {
        let base = self.base(seed, slot);
        let (cycle, place) = self.place(base, day);
        let lots = mix(base ^ CYCLE, cycle as u64);
        let lead = self.lead(lots);
        let begins = |draw| self.arrival(lots, draw) - lead == place;
        (0..ARRIVAL_DRAWS).any(begins).then_some(cycle)
    }

    /// The number of the visit whose cycle this day lies in.
    pub(crate) fn current(&self, seed: u64, slot: u32, day: i64) -> i64 {
        self.place(self.base(seed, slot), day).0
    }

    /// The days, counted from 1970 on China's calendar, on which a visit begins and arrives.
    pub(crate) fn days(&self, ground: &Ground, slot: u32, number: i64) -> (i64, i64) {
        let base = self.base(ground.seed, slot);
        let shift = (base % self.cycle as u64) as i64;
        let lots = mix(base ^ CYCLE, number as u64);
        let day = |draw| number * self.cycle + shift + self.arrival(lots, draw);
        let is_taken = |draw: &u64| {
            let volume = ground.calendar.volume((day(*draw) + 2) * DAY_MS);
            let lot = (mix(lots ^ VISIT, *draw) >> 11) as f64 / (1_u64 << 53) as f64;
            lot < volume / VOLUME_MOST
        };
        let draw = (0..ARRIVAL_DRAWS - 1).find(is_taken).unwrap_or(ARRIVAL_DRAWS - 1);
        (day(draw) - self.lead(lots), day(draw))
    }

    /// Whether the account of a visit is that of the visit before.
    fn is_back(&self, ground: &Ground, slot: u32, number: i64) -> bool {
        let lots = mix(self.base(ground.seed, slot) ^ BACK, number as u64);
        ((lots >> 11) as f64 / (1_u64 << 53) as f64) < self.comes_back
    }

    /// A visit.
    pub(crate) fn visit(&self, ground: &Ground, slot: u32, number: i64) -> Visit {
        let chance = &mut Chance::of(ground.seed, &[VISIT, u64::from(slot), number as u64]);
        let (begin_day, arrival_day) = self.days(ground, slot, number);
        let legs = chance.weigh(&LEGS);
        let stay = self.stay(legs, chance);
        let first = self.first(ground, slot, number);
        let (account, home) = owner(ground, slot, first);
        // Planes land in the day and in the evening, and leave in the day.
        let arrival_ms = midnight_ms(arrival_day) + chance.between(6 * 60, 22 * 60) * MINUTE_MS;
        let leave_ms = midnight_ms(arrival_day + stay - 1)
            + if stay == 1 { 23 * HOUR_MS } else { chance.between(9 * 60, 21 * 60) * MINUTE_MS };
        let begin_ms = if begin_day == arrival_day {
            arrival_ms + chance.between(8, 35) * MINUTE_MS
        } else {
            let zone_min = ground.atlas.tz_offset_min(home);
            let at_ms = ground.calendar.moment(begin_day * DAY_MS, zone_min, chance);
            at_ms.min(arrival_ms - JOURNEY_MS)
        };
        let opened_ms =
            if first == number { begin_ms } else { self.days(ground, slot, first).0 * DAY_MS };
        let networks = &ground.settings.networks;
        let roaming = networks.roaming_share;
        let line = chance.weigh(&[
            (Line::Roaming, roaming),
            (Line::Local, networks.local_esim_share),
            (Line::Wifi, 1.0 - roaming - networks.local_esim_share),
        ]);
        let comes_back = self.is_back(ground, slot, number + 1);
        let habits = Habits::draw(ground, self.persona, chance);
        Visit {
            account,
            persona: self.persona,
            home,
            opened_ms,
            begin_ms,
            arrival_ms,
            leave_ms,
            comes_back,
            legs,
            line,
            habits,
        }
    }

    /// Days of the stay, the day of arrival and that of leaving among them.
    fn stay(&self, legs: u8, chance: &mut Chance) -> i64 {
        let days = if self.persona == Persona::Business {
            (0..legs).map(|_| chance.between(LEG_DAYS.0, LEG_DAYS.1)).sum()
        } else {
            chance.log_normal(self.stay_median, self.stay_sigma).round() as i64
        };
        days.clamp(1, self.stay_most)
    }

    /// The number of the visit that opened the account of this one.
    fn first(&self, ground: &Ground, slot: u32, number: i64) -> i64 {
        let mut first = number;
        while number - first < VISITS_MOST && self.is_back(ground, slot, first) {
            first -= 1;
        }
        first
    }
}

/// Key and country of the owner of a slot's account; the owner before and the owner after are
/// somebody else.
pub(crate) fn owner(ground: &Ground, slot: u32, number: i64) -> (u64, Country) {
    let chance = &mut Chance::of(ground.seed, &[ACCOUNT, u64::from(slot), number as u64]);
    let account = (chance.bits() >> 4).max(1);
    (account, ground.atlas.home_country(&ground.settings, chance))
}

impl Visit {
    /// Whether this visit opens its account.
    pub(crate) fn is_first(&self) -> bool {
        self.begin_ms == self.opened_ms
    }
}

/// The midnight that begins a day on China's calendar.
pub(super) fn midnight_ms(day: i64) -> i64 {
    day * DAY_MS - CHINA_MS
}

/// The day on China's calendar, counted from 1970.
pub(super) fn day_of(ms: i64) -> i64 {
    (ms + CHINA_MS).div_euclid(DAY_MS)
}
