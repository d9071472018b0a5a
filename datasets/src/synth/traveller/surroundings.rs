//! Where a traveller is, and over which network.
//!
//! At home it is the line at home or the carrier's; after the landing it is the airport's Wi-Fi, the
//! hotel's, a cafe's, the home carrier that roams (with addresses of home), or a local SIM card, any
//! of it perhaps behind a VPN. The city changes every few days, on business the country. Positions
//! stay near the city in which one lodges, so that nobody moves faster than a train by night.

use super::visit::{LEG_DAYS, VPN_ON};
use super::{Bearing, HOUR_MS, Line, MINUTE_MS, Persona, Traveller, people};
use crate::synth::act::Note;
use crate::synth::asset::{Country, Network, Place};
use crate::synth::chance::{Chance, mix};
use crate::synth::stage::Stage;

/// Carriers give a phone another address about so often.
const LEASE_MS: i64 = 6 * HOUR_MS;
/// The time spent at the airport, and how many are on its Wi-Fi there.
const AIRPORT_MS: i64 = 50 * MINUTE_MS;
const AIRPORT_WIFI: f64 = 0.6;
/// Of the sessions at home, those over mobile data.
const MOBILE_AT_HOME: f64 = 0.35;
/// Public Wi-Fi in town and indoors, against the mean of both.
const WIFI_IN_TOWN: f64 = 0.6;
const WIFI_INDOORS: f64 = 1.2;
/// Positions that the phone knows when it may tell them.
const HAS_FIX: f64 = 0.94;
/// Hotels of a city, and cafes with Wi-Fi.
const HOTELS: u64 = 120;
const CAFES: u64 = 60;
/// How far from its middle one lodges in a city.
const LODGING_KM: f64 = 3.0;
/// Nights that a tourist spends in one city.
const NIGHTS: (i64, i64) = (2, 5);
/// Tourists who spend some of these nights in Hong Kong or Macao.
const BEYOND_THE_MAINLAND: f64 = 0.05;
/// Business trips that begin on the mainland, and later legs there.
const BEGINS_IN_CHINA: f64 = 0.8;
const RETURNS_TO_CHINA: f64 = 0.4;
/// Where other legs of a business trip lead.
const LEGS: [(Country, f64); 7] = [
    (Country(*b"HK"), 0.30),
    (Country(*b"SG"), 0.20),
    (Country(*b"JP"), 0.15),
    (Country(*b"KR"), 0.12),
    (Country(*b"TH"), 0.10),
    (Country(*b"MY"), 0.08),
    (Country(*b"MO"), 0.05),
];
/// Where VPNs of tourists come out, if not at home.
const EXITS: [Country; 4] = [Country(*b"HK"), Country(*b"SG"), Country(*b"US"), Country(*b"JP")];
const EXIT_AT_HOME: f64 = 0.55;
/// Phones whose clock does not follow the place, and phones off the mobile data that roam all the
/// same.
const CLOCK_OF_HOME: f64 = 0.03;
const ROAMS_IDLE: f64 = 0.7;
/// With a local SIM card: the phone's account of the change is told, the operator's answer is there.
const SIM_CHANGE_TOLD: f64 = 0.35;
const OPERATOR_ASKED: f64 = 0.8;
/// A Chinese SIM card.
const LOCAL_OPERATORS: [(u32, f64); 3] = [(46_000, 0.5), (46_001, 0.3), (46_011, 0.2)];

/// Names of streams of chance.
const FAMILY_HOME: u64 = 0x6661_6d69;
const AIRPORT: u64 = 0x6169_7270;
const HOTEL: u64 = 0x686f_7465;
const CAFE: u64 = 0x6361_6665;
const IDLE: u64 = 0x6964_6c65;

/// Where something is done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Spot {
    /// At the hotel, with family, at home.
    Indoors,
    /// At this place in town.
    Town(Place),
}

/// Where one lodges.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stay {
    pub(super) city: u16,
    pub(super) country: Country,
    pub(super) lodging: Place,
    /// Where one was last.
    pub(super) place: Place,
    /// The first day in the next city.
    pub(super) until_day: i64,
    /// The hotel's network, or the family's line.
    site: u64,
}

impl Stay {
    /// Not on the way yet.
    pub(super) fn nowhere(home: Country) -> Stay {
        let place = Place { lat_e3: 0, lon_e3: 0, country: home, city: 0 };
        Stay { city: 0, country: home, lodging: place, place, until_day: 0, site: 0 }
    }
}

impl Traveller {
    /// What the next act is done with, and from where.
    pub(super) fn bearing(&mut self, stage: &mut Stage<'_>, spot: Spot) -> Option<Bearing> {
        let now_ms = stage.now_ms;
        let is_due = self.visit.line == Line::Local && self.sim_ms() <= now_ms;
        if is_due && self.has_landed && !self.has_local_sim && self.stay.country == Country::CN {
            self.change_sim(stage);
        }
        let account = self.account(stage)?;
        let (device, home) = (account.device, account.home);
        let story = self.story(stage, account);
        let is_home = now_ms < self.visit.arrival_ms || !self.has_landed;
        let place = match spot {
            Spot::Town(place) => place,
            Spot::Indoors if is_home => home,
            Spot::Indoors if now_ms < self.visit.arrival_ms + AIRPORT_MS => self.stay.place,
            Spot::Indoors => self.stay.lodging,
        };
        let network = if is_home {
            self.network_at_home(stage)
        } else {
            self.network_away(stage, spot, device.sim_country)
        };
        self.stay.place = place;
        let tells = self.visit.habits.has(super::Habit::Locates) && stage.chance.hit(HAS_FIX);
        let place = tells.then(|| Place {
            lat_e3: place.lat_e3 + stage.chance.between(-1, 1) as i32,
            lon_e3: place.lon_e3 + stage.chance.between(-1, 1) as i32,
            ..place
        });
        Some(Bearing { device, network, place, story })
    }

    /// The address that a carrier gives at this time.
    fn mobile(&self, stage: &Stage<'_>, country: Country) -> Network {
        let lease = stage.now_ms.div_euclid(LEASE_MS) as u64;
        stage.ground.atlas.mobile(country, mix(self.visit.account, lease))
    }

    fn network_at_home(&self, stage: &mut Stage<'_>) -> Network {
        let home = self.visit.home;
        if stage.chance.hit(MOBILE_AT_HOME) {
            self.mobile(stage, home)
        } else {
            stage.ground.atlas.home_line(home, self.visit.account)
        }
    }

    fn network_away(&self, stage: &mut Stage<'_>, spot: Spot, sim: Country) -> Network {
        let (ground, visit) = (stage.ground, &self.visit);
        let country = self.stay.country;
        if self.is_hidden {
            return self.vpn(stage);
        }
        let is_at_airport = stage.now_ms < visit.arrival_ms + AIRPORT_MS;
        if is_at_airport && (visit.line == Line::Wifi || stage.chance.hit(AIRPORT_WIFI)) {
            let site = mix(AIRPORT, u64::from(self.stay.city) * 4 + stage.chance.below(4));
            return ground.atlas.shared(country, site, "business");
        }
        if visit.line == Line::Wifi || stage.chance.hit(self.wifi_share(stage, spot)) {
            return self.wifi(stage, spot);
        }
        // Who roams keeps an address of the country of the SIM card.
        self.mobile(stage, sim)
    }

    /// Public Wi-Fi among the sessions with mobile data and without a VPN, so that it has its share
    /// of all sessions.
    fn wifi_share(&self, stage: &Stage<'_>, spot: Spot) -> f64 {
        let networks = &stage.ground.settings.networks;
        let only_wifi = 1.0 - networks.roaming_share - networks.local_esim_share;
        let open = (networks.public_wifi_share / (1.0 - networks.vpn_share)).min(1.0);
        let share = ((open - only_wifi) / (1.0 - only_wifi).max(0.01)).max(0.0);
        let here = if spot == Spot::Indoors { WIFI_INDOORS } else { WIFI_IN_TOWN };
        (share * here).min(1.0)
    }

    fn wifi(&self, stage: &mut Stage<'_>, spot: Spot) -> Network {
        let (atlas, country) = (&stage.ground.atlas, self.stay.country);
        match spot {
            Spot::Indoors if self.visit.persona == Persona::Family => {
                atlas.home_line(country, self.stay.site)
            }
            Spot::Indoors => atlas.shared(country, self.stay.site, "business"),
            Spot::Town(_) => {
                let site = u64::from(self.stay.city) * CAFES + stage.chance.below(CAFES);
                atlas.shared(country, mix(CAFE, site), "business")
            }
        }
    }

    /// The VPN of the firm, or one that tourists subscribe to: the same exit for a day.
    fn vpn(&self, stage: &Stage<'_>) -> Network {
        let (atlas, visit) = (&stage.ground.atlas, &self.visit);
        if visit.persona == Persona::Business {
            return atlas.vpn(visit.home, visit.account);
        }
        let own = &mut Chance::of(visit.account, &[self.day as u64]);
        let exit = if own.hit(EXIT_AT_HOME) { visit.home } else { own.pick(&EXITS) };
        atlas.vpn(exit, own.bits())
    }

    /// The plane has landed: the phone finds a network and another clock.
    pub(super) fn land(&mut self, stage: &mut Stage<'_>) {
        self.has_landed = true;
        self.day = super::day_of(stage.now_ms);
        // A visit that began before the world is somewhere on its way.
        let landed_on = self.visit.arrival_ms.max(stage.ground.start_ms);
        let city = self.first_city(stage);
        self.stay_in(stage, city);
        if stage.now_ms < landed_on + HOUR_MS {
            let ground = stage.ground;
            self.stay.place = ground.atlas.near(city, 12.0, &mut stage.chance);
        }
    }

    /// Whether the phone is booked into a network of this country as a guest.
    fn roams(&self, sim: Country, country: Country) -> bool {
        let own = &mut Chance::of(self.visit.account, &[IDLE, self.visit.arrival_ms as u64]);
        sim != country && (self.visit.line != Line::Wifi || own.hit(ROAMS_IDLE))
    }

    fn first_city(&self, stage: &mut Stage<'_>) -> u16 {
        let (ground, visit) = (stage.ground, &self.visit);
        match visit.persona {
            Persona::Family => {
                let own = &mut Chance::of(ground.seed, &[FAMILY_HOME, visit.account]);
                ground.atlas.china(own)
            }
            Persona::Business if !stage.chance.hit(BEGINS_IN_CHINA) => self.foreign_city(stage),
            _ => ground.atlas.china(&mut stage.chance),
        }
    }

    /// A city of another country that business leads to, but not home.
    fn foreign_city(&self, stage: &mut Stage<'_>) -> u16 {
        let ground = stage.ground;
        let away = |country: &&(Country, f64)| country.0 != self.visit.home;
        let weights = LEGS.iter().filter(away).map(|(_, weight)| *weight);
        let place = stage.chance.weighted(weights);
        let country = LEGS.iter().filter(away).nth(place).map_or(Country::CN, |leg| leg.0);
        ground.atlas.city_in(country, &mut stage.chance)
    }

    /// Another city; on business perhaps another country.
    pub(super) fn move_on(&mut self, stage: &mut Stage<'_>) {
        let ground = stage.ground;
        let city = match self.visit.persona {
            Persona::Family => return,
            Persona::Business if stage.chance.hit(RETURNS_TO_CHINA) => {
                ground.atlas.china(&mut stage.chance)
            }
            Persona::Business => self.foreign_city(stage),
            _ if stage.chance.hit(BEYOND_THE_MAINLAND) => {
                let country = stage.chance.pick(&[Country(*b"HK"), Country(*b"MO")]);
                ground.atlas.city_in(country, &mut stage.chance)
            }
            _ => ground.atlas.china(&mut stage.chance),
        };
        self.stay_in(stage, city);
    }

    fn stay_in(&mut self, stage: &mut Stage<'_>, city: u16) {
        let ground = stage.ground;
        let chance = &mut stage.chance;
        let country = ground.atlas.cities()[usize::from(city)].country;
        let (nights, site) = match self.visit.persona {
            Persona::Family => (super::DAY_MS, mix(FAMILY_HOME, self.visit.account)),
            Persona::Business => (chance.between(LEG_DAYS.0, LEG_DAYS.1), chance.below(HOTELS)),
            _ => (chance.between(NIGHTS.0, NIGHTS.1), chance.below(HOTELS)),
        };
        let site = match self.visit.persona {
            Persona::Family => site,
            _ => mix(HOTEL, u64::from(city) * HOTELS + site),
        };
        let lodging = ground.atlas.near(city, LODGING_KM, chance);
        let until_day = self.day.saturating_add(nights);
        self.stay = Stay { city, country, lodging, place: lodging, until_day, site };
        let keeps_clock = chance.hit(CLOCK_OF_HOME);
        let zone_min = ground.atlas.tz_offset_min(country);
        let Some(account) = stage.accounts.get_mut(self.visit.account) else { return };
        let device = &mut account.device;
        if !keeps_clock {
            device.tz_offset_min = zone_min;
        }
        device.is_roaming = self.roams(device.sim_country, country);
    }

    /// A local eSIM goes into the phone; the number of the account stays what it was.
    fn change_sim(&mut self, stage: &mut Stage<'_>) {
        self.has_local_sim = true;
        let now_ms = stage.now_ms;
        let operator = stage.chance.weigh(&LOCAL_OPERATORS);
        let is_told = stage.chance.hit(SIM_CHANGE_TOLD);
        let Some(account) = stage.accounts.get_mut(self.visit.account) else { return };
        let device = &mut account.device;
        device.sim_operator = operator;
        device.sim_country = Country::CN;
        device.sims = 2;
        device.is_roaming = false;
        if is_told {
            account.sim_changed_ms = self.sim_ms();
        }
        if stage.chance.hit(OPERATOR_ASKED) {
            let note = Note::Sim { account: self.visit.account, changed_ms: None, ported_ms: None };
            stage.note(now_ms + 500, &note);
        }
    }

    /// The phone is back on its home network.
    pub(super) fn unpack(&self, stage: &mut Stage<'_>) {
        let ground = stage.ground;
        let Some(account) = stage.accounts.get_mut(self.visit.account) else { return };
        let phone_country = account.holder.phone_country;
        let device = &mut account.device;
        device.sim_country = phone_country;
        device.sim_operator = ground.atlas.sim_operator(phone_country);
        device.is_roaming = phone_country != self.visit.home;
        device.tz_offset_min = ground.atlas.tz_offset_min(self.visit.home);
        people::keep_up(device, stage.now_ms);
    }

    /// Whether a VPN is on in a session at home or away.
    pub(super) fn hides(&self, stage: &mut Stage<'_>) -> bool {
        self.visit.habits.has(super::Habit::Vpn) && stage.chance.hit(VPN_ON)
    }
}
