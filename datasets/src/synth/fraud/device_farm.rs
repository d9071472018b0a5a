//! T14, the device farm behind other abuse: racks of phones, or of what passes for phones, for hire.
//!
//! A rack hosts accounts that are not meant for anybody's use: it opens them in series, keeps them
//! warm by logging in to many at a time, and serves its customers through them, who want coupons
//! redeemed or a few stolen cards linked; warm accounts are sold. A robot works in waves, account
//! after account within seconds, several waves a day.
//!
//! The devices of a naive rack are all of one make, lie still, attest again and again, have just
//! been started, and share an access point; many of them are emulators, and each serves several
//! accounts. A crew that was stopped slows its waves, splits them over more devices and lines, lets
//! accounts rest, redeems less, and hides more of the signs: models are drawn as people have them,
//! sensors get noise, an account gets a device of its own. A share of the naive has that by luck.
//!
//! At stake is the worth of each coupon. What happens to cards and sold accounts is other stories'
//! loss. A rack stops after some days, when its accounts are gone, or when its crew gives up; then
//! it drops all accounts.

use crate::synth::act::{Act, Note, Outcome};
use crate::synth::asset::{Country, Device, Network, Place, probe};
use crate::synth::chance::{Chance, mix};
use crate::synth::crew::{Brief, Craft, Playbook};
use crate::synth::people;
use crate::synth::stage::{Actor, Stage};
use crate::synth::story::{Story, Typology, Vector};

use super::cash_out::thief::{
    DAY_MS, Exit, Thief, after, goes_on, is_good, is_prepared, log_uniform, paced, rest_ms, uniform,
};
use super::promo_farm::{Coupon, Sort, in_china};

#[cfg(test)]
mod tests;

/// T14.
pub(crate) const PLAYBOOK: Playbook =
    Playbook { typology: Typology::DeviceFarm, events: 680.0, least: 50.0, begin };

/// Accounts of a rack, even on the logarithm, and the fewest that still show what it is.
const ACCOUNTS: (f64, f64) = (40.0, 500.0);
const ACCOUNTS_MIN: f64 = 8.0;
/// How long a rack works in days, likewise, and how many waves it does in a day.
const DAYS: (f64, f64) = (2.0, 9.0);
const WAVES_A_DAY: f64 = 3.0;
/// From one account to the next within a wave, in seconds.
const GAP_S: (f64, f64) = (3.0, 40.0);
/// Share of racks of emulators.
const EMULATED: f64 = 0.45;
/// Accounts on a device that serves several, even on the logarithm.
const ON_A_DEVICE: (f64, f64) = (3.0, 15.0);
/// Share of accounts with a device of their own whatever the crew's care.
const ALONE: f64 = 0.10;
/// Share of accounts that the rack took over, and their age in days, even on the logarithm.
const TAKEN_OVER: f64 = 0.35;
const TAKEN_OVER_DAYS: (f64, f64) = (4.0, 240.0);
/// Signs of a phone on a rack, and how often one shows it when nothing is done about it.
const SIGNS: [(u16, f64); 3] =
    [(probe::SENSOR_STATIC, 0.80), (probe::DEV_MODE, 0.40), (probe::ROOTED, 0.30)];
/// Recent attestations of a device that nobody reins in: the mean, some of them many times more.
const ATTESTS: f64 = 7.0;
/// Share of logins before which a naive rack starts the device again, and how long that is ago, in
/// seconds.
const STARTED_AGAIN: f64 = 0.5;
const STARTED_S: (f64, f64) = (20.0, 240.0);
/// Share of acts that tell where the rack is, and how far a careful one lets positions stray, in
/// kilometres.
const POSITIONED: f64 = 0.7;
const STRAY_KM: f64 = 6.0;
/// Time in which a robot fills in the form: median in milliseconds, deviation of the logarithm.
const FORM_MS: (f64, f64) = (9_000.0, 0.8);
/// Share of the accounts still to come that a wave brings.
const FILLED: (f64, f64) = (0.3, 1.0);
/// Share of the accounts that are logged in to, or redeem, in a wave; cards linked in one.
const SWEPT: (f64, f64) = (0.2, 0.8);
const REDEEMED: (f64, f64) = (0.1, 0.6);
const CARDS: (f64, f64) = (3.0, 20.0);
/// Share of warm accounts that are sold after they were logged in to.
const SOLD: f64 = 0.03;
/// Stops of an account before it is dropped.
const STOPS_MAX: u8 = 3;
/// Share of logins after which the device tells of itself.
const TELEMETRY: f64 = 0.2;

/// A kind of work that is done account after account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    /// Opens accounts, or enters those that it took over.
    Fill,
    /// Logs in to keep accounts warm.
    Sweep,
    /// Redeems coupons for a customer.
    Redeem,
    /// Links cards of a customer.
    Link,
}

/// An account that the rack hosts.
#[derive(Debug, Clone, Copy)]
struct Tenant {
    account: u64,
    /// The device on which it lives.
    slot: usize,
    /// Nothing is asked of it before.
    rests_until_ms: i64,
    is_new: bool,
    coupons: u8,
    stops: u8,
}

/// A rack at work.
#[derive(Debug)]
struct Rack {
    brief: Brief,
    place: Place,
    exit: Exit,
    /// What its lines and its access point derive from.
    line: u64,
    is_emulated: bool,
    /// The make that is bought by the dozen.
    make: Device,
    devices: Vec<Device>,
    /// The device that is being filled, and accounts until the next one.
    slot: usize,
    slot_left: u32,
    unopened: u32,
    tenants: Vec<Tenant>,
    work: Work,
    /// Accounts that the wave still goes through, by account; for `Fill` each is 0.
    wave: Vec<u64>,
    until_ms: i64,
}

fn begin(stage: &mut Stage<'_>, brief: Brief) -> Option<Box<dyn Actor>> {
    let craft = stage.craft(brief.crew);
    let (ground, line) = (stage.ground, stage.key());
    let make = people::phone(stage, Country::CN);
    let now_ms = stage.now_ms;
    let chance = &mut stage.chance;
    let city = ground.atlas.china(chance);
    Some(Box::new(Rack {
        brief,
        place: ground.atlas.near(city, STRAY_KM, chance),
        exit: Exit::draw(&craft, chance),
        line,
        is_emulated: chance.hit(EMULATED) && !is_good(&craft, chance),
        make,
        devices: Vec::new(),
        slot: 0,
        slot_left: 0,
        unopened: (log_uniform(chance, ACCOUNTS) * brief.size).max(ACCOUNTS_MIN) as u32,
        tenants: Vec::new(),
        work: Work::Fill,
        wave: Vec::new(),
        until_ms: now_ms + (log_uniform(chance, DAYS) * DAY_MS) as i64,
    }))
}

impl Rack {
    fn story(&self) -> Story {
        Story::fraud(Typology::DeviceFarm, Vector::V9, self.brief.episode, self.brief.crew)
    }

    /// Plans a wave and gives when it begins; `None` when nothing is left to do.
    fn plan(&mut self, stage: &mut Stage<'_>, craft: &Craft) -> Option<i64> {
        let is_first = self.tenants.is_empty();
        if is_first && self.unopened == 0 {
            return None;
        }
        let chance = &mut stage.chance;
        let wait_ms = match is_first {
            true => 0.0,
            false => chance.exponential(paced(DAY_MS / WAVES_A_DAY, craft)),
        };
        let at_ms = stage.now_ms + 1_000 + wait_ms as i64;
        if self.until_ms <= at_ms {
            return None;
        }
        self.work = if is_first || 0 < self.unopened && chance.hit(0.6) {
            Work::Fill
        } else {
            chance.weigh(&[(Work::Sweep, 0.45), (Work::Redeem, 0.35), (Work::Link, 0.2)])
        };
        let ready = self.tenants.iter().filter(|tenant| tenant.rests_until_ms <= at_ms);
        let ready: Vec<u64> = ready.map(|tenant| tenant.account).collect();
        self.wave = match self.work {
            Work::Fill => {
                let share = uniform(chance, FILLED);
                vec![0; (f64::from(self.unopened) * share).ceil() as usize]
            }
            Work::Sweep => some_of(chance, ready, SWEPT),
            Work::Redeem => some_of(chance, ready, REDEEMED),
            Work::Link => {
                let cards = log_uniform(chance, CARDS) as usize;
                let picks = 0..cards.min(ready.len());
                picks.map(|_| chance.pick(&ready)).collect()
            }
        };
        Some(at_ms)
    }

    /// A device for the next account, its own or one that serves several; gives its number.
    fn seat(&mut self, stage: &mut Stage<'_>, craft: &Craft) -> usize {
        let is_alone = is_good(craft, &mut stage.chance) || stage.chance.hit(ALONE);
        if !is_alone && 0 < self.slot_left {
            self.slot_left -= 1;
            return self.slot;
        }
        let device = self.device(stage, craft);
        self.devices.push(device);
        let slot = self.devices.len() - 1;
        if !is_alone {
            let accounts = log_uniform(&mut stage.chance, ON_A_DEVICE);
            self.slot_left = (accounts / f64::from(craft.spread.max(1))) as u32;
            self.slot_left = self.slot_left.saturating_sub(1);
            self.slot = slot;
        }
        slot
    }

    /// A further device of the rack.
    fn device(&self, stage: &mut Stage<'_>, craft: &Craft) -> Device {
        let has_own_model = is_good(craft, &mut stage.chance);
        let mut device = if self.is_emulated {
            let emulator = people::emulator(stage, craft.disguise);
            in_china(stage, emulator)
        } else {
            people::phone(stage, Country::CN)
        };
        // An emulator does not pass for a make of another system.
        let can_be_alike = device.os == self.make.os || !self.is_emulated;
        if can_be_alike && !has_own_model {
            device.os = self.make.os;
            device.model = self.make.model;
            device.os_version = self.make.os_version;
            device.app_build = self.make.app_build;
        }
        if !self.is_emulated {
            let integrity = if has_own_model { device.integrity } else { self.make.integrity };
            device = self.racked(&mut stage.chance, craft, Device { integrity, ..device });
        }
        if !is_good(craft, &mut stage.chance) {
            let mean = stage.chance.exponential(ATTESTS * (1.0 - craft.disguise));
            device.attests = stage.chance.poisson(mean) as u16;
        }
        device
    }

    /// What lying on a rack does to a phone.
    fn racked(&self, chance: &mut Chance, craft: &Craft, mut phone: Device) -> Device {
        let shown = 1.0 - craft.disguise;
        for (sign, share) in SIGNS {
            if chance.hit(share * shown) {
                phone.probes |= sign;
            }
        }
        if phone.probes & probe::ROOTED != 0 {
            phone.integrity = chance.pick(&["basic", "none", "device"]);
        }
        if chance.hit(0.5) {
            phone.bio_enrolled_ms = 0;
        }
        phone
    }

    /// The line of a device: as many as the crew spreads its work over, one access point for all
    /// unless it hides that too.
    fn network(&self, stage: &Stage<'_>, craft: &Craft, slot: usize) -> Network {
        let atlas = &stage.ground.atlas;
        let lines = craft.spread.max(1) as usize;
        let address = mix(self.line, (slot % lines) as u64);
        let mut network = self.exit.network(atlas, Country::CN, address);
        let hides = Chance::of(self.line, &[slot as u64]).hit(craft.disguise);
        if network.connection == "wifi" && !hides {
            network.bssid = atlas.home_line(Country::CN, self.line).bssid;
        }
        network
    }

    /// Sits down at an account, in a session of its own.
    fn sit(&self, stage: &mut Stage<'_>, craft: &Craft, account: u64, slot: usize) -> Thief {
        let ground = stage.ground;
        let strays = is_good(craft, &mut stage.chance);
        let place = match strays {
            true => ground.atlas.near(self.place.city, STRAY_KM, &mut stage.chance),
            false => self.place,
        };
        let place = stage.chance.hit(POSITIONED).then_some(place);
        let network = self.network(stage, craft, slot);
        let method = stage.chance.weigh(&[("password", 0.3), ("pin", 0.4), ("biometric", 0.3)]);
        let session = stage.session(method, "direct");
        let device = self.devices[slot];
        Thief { account, device, network, place, session, is_aged: true }
    }

    /// Brings in one more account: opens it, or logs in to one that was taken over.
    fn fill(&mut self, stage: &mut Stage<'_>, craft: &Craft) -> Outcome {
        self.unopened = self.unopened.saturating_sub(1);
        let is_new = !stage.chance.hit(TAKEN_OVER);
        let days = log_uniform(&mut stage.chance, TAKEN_OVER_DAYS);
        let age_ms = if is_new { 0 } else { (days * DAY_MS) as i64 };
        let ground = stage.ground;
        let claims = ground.atlas.home_country(&ground.settings, &mut stage.chance);
        let slot = self.seat(stage, craft);
        let mut account = people::crook(stage, self.brief.crew, claims, age_ms);
        account.home = self.place;
        account.device = self.devices[slot];
        account.trusted_ms = 0;
        if account.device.bio_enrolled_ms == 0 {
            account.factors.biometric = 0;
        }
        if !is_new {
            account.kyc = stage.chance.weigh(&[(1, 0.3), (2, 0.35), (3, 0.35)]);
        }
        let key = account.key;
        stage.accounts.insert(account);
        let thief = self.sit(stage, craft, key, slot);
        let outcome = if is_new {
            let form_fill_ms = stage.chance.log_normal(FORM_MS.0, FORM_MS.1) as u32;
            thief.attempt(stage, self.story(), &Act::Open { form_fill_ms, referral: None })
        } else {
            self.log_in(stage, &thief)
        };
        if !outcome.ending.is_done() {
            stage.accounts.remove(key);
            return outcome;
        }
        let rests_until_ms = outcome.at_ms + rest_ms(craft, &mut stage.chance) as i64;
        let tenant = Tenant { account: key, slot, rests_until_ms, is_new, coupons: 0, stops: 0 };
        self.tenants.push(tenant);
        outcome
    }

    fn log_in(&self, stage: &mut Stage<'_>, thief: &Thief) -> Outcome {
        let name = stage.accounts.get(thief.account).map_or(0, |own| own.holder.phone);
        let method = thief.session.auth;
        let login = Act::Login { method, outcome: "success", name, streak: 0, code: None };
        thief.attempt(stage, self.story(), &login)
    }

    /// Logs in to an account, on a device that was perhaps started again for it.
    fn sweep(&mut self, stage: &mut Stage<'_>, craft: &Craft, tenant: &Tenant) -> Outcome {
        if stage.chance.hit(STARTED_AGAIN * (1.0 - craft.disguise)) {
            let ago_ms = uniform(&mut stage.chance, STARTED_S) * 1_000.0;
            self.devices[tenant.slot].booted_ms = stage.now_ms - ago_ms as i64;
        }
        people::keep_up(&mut self.devices[tenant.slot], stage.now_ms);
        let thief = self.sit(stage, craft, tenant.account, tenant.slot);
        let outcome = self.log_in(stage, &thief);
        if outcome.ending.is_done() && stage.chance.hit(TELEMETRY) {
            let who = thief.who(self.story());
            stage.note(outcome.at_ms + 1_500, &Note::Telemetry(&who));
        }
        outcome
    }

    fn redeem(&self, stage: &mut Stage<'_>, craft: &Craft, tenant: &Tenant) -> Outcome {
        let is_first = tenant.is_new && tenant.coupons == 0;
        let sort = if is_first { Sort::NewUser } else { Sort::Monthly };
        let Coupon { campaign, benefit_fen, kind } = Coupon::choose(stage, self.brief, sort);
        let thief = self.sit(stage, craft, tenant.account, tenant.slot);
        let act = Act::Redeem { campaign, benefit_fen, kind, referrer: None };
        thief.attempt(stage, self.story().staking(benefit_fen), &act)
    }

    fn link(&self, stage: &mut Stage<'_>, craft: &Craft, tenant: &Tenant) -> Outcome {
        let ground = stage.ground;
        let from = ground.atlas.home_country(&ground.settings, &mut stage.chance);
        let thief = self.sit(stage, craft, tenant.account, tenant.slot);
        let card = thief.buy_card(stage, self.brief.crew, craft, from);
        thief.link(stage, self.story(), &card, 1)
    }

    /// Does the wave's work on the next account.
    fn serve(&mut self, stage: &mut Stage<'_>, craft: &Craft, account: u64) -> Option<Outcome> {
        if self.work == Work::Fill {
            return Some(self.fill(stage, craft));
        }
        let place = self.tenants.iter().position(|tenant| tenant.account == account)?;
        let tenant = self.tenants[place];
        let outcome = match self.work {
            Work::Redeem => self.redeem(stage, craft, &tenant),
            Work::Link => self.link(stage, craft, &tenant),
            Work::Sweep | Work::Fill => self.sweep(stage, craft, &tenant),
        };
        let after = &mut self.tenants[place];
        after.coupons += u8::from(self.work == Work::Redeem && outcome.ending.is_done());
        after.stops += u8::from(outcome.ending.is_stopped());
        let is_sold = self.work == Work::Sweep && stage.chance.hit(SOLD);
        if is_sold || STOPS_MAX <= after.stops {
            self.tenants.swap_remove(place);
            stage.accounts.remove(account);
        }
        Some(outcome)
    }

    fn work(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let craft = stage.craft(self.brief.crew);
        let Some(account) = self.wave.pop() else { return self.plan(stage, &craft) };
        let Some(outcome) = self.serve(stage, &craft, account) else {
            return Some(stage.now_ms + 1_000);
        };
        let crew = self.brief.crew;
        let goes_on = match self.work {
            Work::Fill | Work::Sweep => is_prepared(stage, crew, &outcome),
            Work::Redeem | Work::Link => goes_on(stage, crew, &outcome),
        };
        let gap_ms = paced(uniform(&mut stage.chance, GAP_S) * 1_000.0, &craft);
        goes_on.then_some(after(&outcome, gap_ms))
    }
}

/// A share of the accounts, each as likely as any other.
fn some_of(chance: &mut Chance, accounts: Vec<u64>, shares: (f64, f64)) -> Vec<u64> {
    let share = uniform(chance, shares);
    accounts.into_iter().filter(|_| chance.hit(share)).collect()
}

impl Actor for Rack {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let next_ms = self.work(stage);
        if next_ms.is_none() {
            // Nobody comes back to these accounts.
            for tenant in self.tenants.drain(..) {
                stage.accounts.remove(tenant.account);
            }
        }
        next_ms
    }
}
