//! What the customers of these stories do alike: where they are, how they open the app, what about
//! them looks like fraud.
//!
//! A [`Customer`] is what an act needs of an account, copied out of it so that the stage is free to
//! change the account meanwhile. Habits (the campus, the favourite shops, whether the balance or
//! the card pays) are not stored: they are derived from the account's key, so they stay the same
//! for years and cost nothing. A customer without an account is gone, and its story ends.

use features::geo::distance_km;

use super::super::act::{Act, Ending, Outcome, Who};
use super::super::asset::{
    Account, Country, Device, Holder, Merchant, Network, Place, Session, probe,
};
use super::super::chance::{Chance, mix};
use super::super::ground::Ground;
use super::super::market::Trade;
use super::super::stage::Stage;
use super::super::story::{LookAlike, Story};

/// A second.
pub(crate) const SECOND_MS: i64 = 1_000;
/// A minute.
pub(crate) const MINUTE_MS: i64 = 60 * SECOND_MS;
/// An hour.
pub(crate) const HOUR_MS: i64 = 60 * MINUTE_MS;
/// A day.
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;

/// Customers who let the app know where they are, and how often the phone knows it.
const LOCATES: f64 = 0.88;
const HAS_FIX: f64 = 0.94;
/// Carriers give a phone another address about so often.
const MOBILE_LEASE_MS: i64 = 8 * HOUR_MS;
/// Of the sessions at home, those on mobile data all the same.
const MOBILE_AT_HOME: f64 = 0.25;
/// Residents who read the news of home through a VPN, and how often it is on.
const HAS_VPN: f64 = 0.22;
const VPN_ON: f64 = 0.25;
/// Students among the residents.
const STUDENTS: f64 = 0.55;
/// Of all account slots, the students; and how many of them share a campus network.
const STUDENT_SLOTS: f64 = 0.18 * STUDENTS;
const CAMPUS_SIZE: f64 = 300.0;
/// Errands of a student that are done on the campus network.
const ON_CAMPUS: f64 = 0.45;
/// Customers who pay from the balance while it lasts.
const BALANCE_FIRST: f64 = 0.5;
/// Purchases at one of a few favourite shops, and how many each trade has.
const FAVOURITE: f64 = 0.65;
const FAVOURITES: u64 = 4;
/// A phone is new on its first day.
const NEW_PHONE_MS: i64 = DAY_MS;

/// What is asked of an account's key, each with its own answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trait {
    Locates = 1,
    Vpn,
    Student,
    Campus,
    BalanceFirst,
    Opening,
    Shop,
    Payer,
    Friend,
    Landlord,
    Bank,
    Bill,
    Mandate,
}

/// A customer who is about to act.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Customer {
    pub(crate) key: u64,
    pub(crate) created_ms: i64,
    pub(crate) device: Device,
    pub(crate) holder: Holder,
    pub(crate) home: Place,
    pub(crate) balance_fen: i64,
    /// How many cards are linked.
    pub(crate) cards: usize,
    has_biometric: bool,
    has_passkey: bool,
}

/// Where somebody acts from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spot {
    pub(crate) network: Network,
    pub(crate) place: Option<Place>,
}

impl Customer {
    /// The customer behind an account; `None` when the account is gone.
    pub(crate) fn find(stage: &Stage<'_>, account: u64) -> Option<Customer> {
        stage.accounts.get(account).map(Customer::of)
    }

    /// The customer behind this account.
    pub(crate) fn of(account: &Account) -> Customer {
        Customer {
            key: account.key,
            created_ms: account.created_ms,
            device: account.device,
            holder: account.holder,
            home: account.home,
            balance_fen: account.balance_fen,
            cards: account.cards.len(),
            has_biometric: account.factors.biometric != 0,
            has_passkey: account.factors.passkey != 0,
        }
    }

    /// The same customer with another phone in hand.
    pub(crate) fn on(&self, device: Device) -> Customer {
        Customer { device, ..*self }
    }

    /// A number that belongs to this customer for good.
    pub(crate) fn own(&self, of: Trait, place: u64) -> u64 {
        (mix(mix(self.key, of as u64), place) >> 4).max(1)
    }

    /// A share in `[0, 1)` that belongs to this customer for good.
    pub(crate) fn lot(&self, of: Trait) -> f64 {
        (self.own(of, 0) >> 8) as f64 / (1_u64 << 52) as f64
    }

    /// Whether this resident studies.
    pub(crate) fn is_student(&self) -> bool {
        self.lot(Trait::Student) < STUDENTS
    }

    /// Whether the balance pays before the card.
    pub(crate) fn pays_from_balance(&self) -> bool {
        self.lot(Trait::BalanceFirst) < BALANCE_FIRST
    }

    /// Where this customer acts from when nothing calls them out: home, or the campus.
    pub(crate) fn at_home(&self, stage: &mut Stage<'_>) -> Spot {
        let ground = stage.ground;
        let place = self.fix(&mut stage.chance, self.home);
        let country = self.home.country;
        if self.lot(Trait::Vpn) < HAS_VPN && stage.chance.hit(VPN_ON) {
            return Spot { network: ground.atlas.vpn(self.exit(), self.key), place };
        }
        let network = if stage.chance.hit(MOBILE_AT_HOME) {
            self.mobile(ground, stage.now_ms)
        } else if country == Country::CN && self.is_student() {
            self.campus(ground, stage.slots())
        } else {
            ground.atlas.home_line(country, self.key)
        };
        Spot { network, place }
    }

    /// Where this customer acts from when at a place in town.
    pub(crate) fn in_town(&self, stage: &mut Stage<'_>, place: Place) -> Spot {
        let ground = stage.ground;
        let is_near_campus = place.city == self.home.city && self.is_student();
        let network = if is_near_campus && stage.chance.hit(ON_CAMPUS) {
            self.campus(ground, stage.slots())
        } else {
            self.mobile(ground, stage.now_ms)
        };
        Spot { network, place: self.fix(&mut stage.chance, place) }
    }

    /// The carrier's network in the country of the home.
    pub(crate) fn mobile(&self, ground: &Ground, now_ms: i64) -> Network {
        let lease = now_ms.div_euclid(MOBILE_LEASE_MS) as u64;
        ground.atlas.mobile(self.home.country, mix(self.key, lease))
    }

    /// The campus network: one site has one address for hundreds.
    fn campus(&self, ground: &Ground, slots: u32) -> Network {
        let cities = ground.atlas.cities();
        let inland = cities.iter().take_while(|city| city.country == Country::CN);
        let sum: f64 = inland.map(|city| city.weight).sum();
        let share = cities[usize::from(self.home.city)].weight / sum.max(f64::MIN_POSITIVE);
        let students = f64::from(slots) * STUDENT_SLOTS * share;
        let sites = 1 + (students / CAMPUS_SIZE) as u64;
        let site = mix(u64::from(self.home.city), self.own(Trait::Campus, 0) % sites);
        ground.atlas.shared(self.home.country, site, "education")
    }

    /// Where a VPN of theirs comes out.
    fn exit(&self) -> Country {
        /// For those whose own country is where they live.
        const USUAL: Country = Country(*b"SG");
        let nationality = self.holder.nationality;
        if nationality == self.home.country { USUAL } else { nationality }
    }

    /// The position that the phone tells, give or take a hundred metres.
    pub(crate) fn fix(&self, chance: &mut Chance, place: Place) -> Option<Place> {
        let tells = self.lot(Trait::Locates) < LOCATES && chance.hit(HAS_FIX);
        tells.then(|| Place {
            lat_e3: place.lat_e3 + chance.between(-1, 1) as i32,
            lon_e3: place.lon_e3 + chance.between(-1, 1) as i32,
            ..place
        })
    }

    /// A shop of this trade, often one of the favourites.
    pub(crate) fn shop(&self, stage: &mut Stage<'_>, trade: Trade) -> Merchant {
        let ground = stage.ground;
        let city = self.home.city;
        if !stage.chance.hit(FAVOURITE) {
            return ground.market.shop(city, trade, &mut stage.chance, stage.now_ms);
        }
        let mut taste = self.taste(ground, trade, stage.chance.below(FAVOURITES));
        ground.market.shop(city, trade, &mut taste, ground.start_ms)
    }

    /// A shop of this trade in the app, often one of the favourites.
    pub(crate) fn online(&self, stage: &mut Stage<'_>, trade: Trade) -> Merchant {
        let ground = stage.ground;
        if !stage.chance.hit(FAVOURITE) {
            return ground.market.online(trade, &mut stage.chance, stage.now_ms);
        }
        let mut taste = self.taste(ground, trade, stage.chance.below(FAVOURITES));
        ground.market.online(trade, &mut taste, ground.start_ms)
    }

    /// The favourite of a trade at this place.
    pub(crate) fn taste(&self, ground: &Ground, trade: Trade, place: u64) -> Chance {
        Chance::of(ground.seed, &[self.key, Trait::Shop as u64, trade as u64, place])
    }

    /// How this customer opens the app: always the same way, as far as it is set up.
    pub(crate) fn opens_by(&self, ground: &Ground) -> &'static str {
        let shares = &ground.settings.sessions;
        let lot = self.lot(Trait::Opening);
        if lot < shares.biometric && self.has_biometric {
            "biometric"
        } else if lot < shares.biometric + shares.passkey && self.has_passkey {
            "passkey"
        } else {
            "pin"
        }
    }

    /// A session of this customer that is opened now, without a login.
    pub(crate) fn session(&self, stage: &mut Stage<'_>, referrer: &'static str) -> Session {
        let auth = self.opens_by(stage.ground);
        stage.session(auth, referrer)
    }

    /// Who acts.
    pub(crate) fn who<'a>(&'a self, spot: &'a Spot, session: &'a Session, story: Story) -> Who<'a> {
        Who {
            account: self.key,
            device: &self.device,
            network: &spot.network,
            place: spot.place,
            session,
            story,
        }
    }

    /// The login that opens a session.
    pub(crate) fn login(
        &self,
        stage: &mut Stage<'_>,
        spot: &Spot,
        session: &Session,
        story: Story,
    ) -> Outcome {
        let name = self.holder.phone;
        let method = session.auth;
        let act = Act::Login { method, outcome: "success", name, streak: 0, code: None };
        stage.attempt(&self.who(spot, session, story), &act)
    }

    /// What about this customer looks like fraud at this moment, whatever is done.
    pub(crate) fn story(&self, stage: &Stage<'_>, network: &Network) -> Story {
        let now_ms = stage.now_ms;
        let held_ms = now_ms - self.device.installed_ms;
        if self.device.probes & probe::UNPROBED != 0 {
            Story::like(LookAlike::OldPhone)
        } else if held_ms < NEW_PHONE_MS && DAY_MS < now_ms - self.created_ms {
            Story::like(LookAlike::NewPhone)
        } else if network.usage == "education" {
            Story::like(LookAlike::SharedNetwork)
        } else if stage.ground.calendar.peak(now_ms).is_some() {
            Story::like(LookAlike::FestivalPeak)
        } else {
            Story::HONEST
        }
    }
}

/// Whether an honest customer, stopped by the wallet, tries once more.
pub(crate) fn insists(chance: &mut Chance, ending: Ending, tries: u8) -> bool {
    /// Retries after the wallet stopped something, and after an issuer or a network failed.
    const AFTER_STOP: (f64, u8) = (0.45, 2);
    const AFTER_REFUSAL: (f64, u8) = (0.6, 3);
    let (share, most) = match ending {
        Ending::Done | Ending::Void => return false,
        Ending::Refused(_) => AFTER_REFUSAL,
        Ending::Blocked | Ending::Failed | Ending::Abandoned | Ending::Held => AFTER_STOP,
    };
    tries < most && chance.hit(share)
}

/// How long the way from one place to another takes.
pub(crate) fn travel_ms(from: Place, to: Place) -> i64 {
    /// Across a city, by whatever is at hand.
    const KM_A_MINUTE: f64 = 0.6;
    let degrees = |e3: i32| f64::from(e3) / 1e3;
    let (north, east) = (degrees(from.lat_e3), degrees(from.lon_e3));
    let km = distance_km(north, east, degrees(to.lat_e3), degrees(to.lon_e3));
    (km / KM_A_MINUTE * MINUTE_MS as f64) as i64
}

/// When somebody tries again after an attempt whose end was known at this time.
pub(crate) fn pause(chance: &mut Chance, known_ms: i64) -> i64 {
    known_ms + (chance.log_normal(75.0, 0.9) * SECOND_MS as f64) as i64 + 5 * SECOND_MS
}
