//! L04, a new phone: the same person, SIM and places, and everything about the device is new.
//!
//! The app is restored from a backup and asks for a login, with a passkey that was synced, an approval
//! on the old phone or the password; the old phone also makes the new one the trusted one, a fingerprint
//! or face is enrolled, and the day goes on with ordinary errands. The old phone is silent from
//! then on. A thief who takes an account over does the same things in the same order, faster.

use super::super::act::{Ending, Outcome};
use super::super::asset::{Account, Device, Persona, Session, probe};
use super::super::people;
use super::super::resident::customer::{
    Customer, DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Spot, insists, pause,
};
use super::super::resident::errand::errand_of_the_day;
use super::super::stage::{Actor, Stage};
use super::super::story::{LookAlike, Story};

/// A phone lasts so many days in the mean.
const PHONE_DAYS: f64 = 800.0;
/// Nobody replaces a phone earlier.
const OLD_ENOUGH_MS: i64 = 90 * DAY_MS;
/// People who stay with their system.
const SAME_SYSTEM: f64 = 0.85;
/// How long the new phone has been set up when the wallet is opened on it, in minutes.
const SET_UP_MIN: (i64, i64) = (12, 120);
/// Those who still have the old phone at hand and say yes to the new one there.
const OLD_AT_HAND: f64 = 0.85;
/// Errands on the day of the new phone.
const ERRANDS: (i64, i64) = (0, 3);
const STORY: Story = Story {
    typology: None,
    look_alike: Some(LookAlike::NewPhone),
    vector: None,
    episode: 0,
    actor: 0,
    stake_fen: 0,
};

/// Whoever gets a new phone next.
struct Replacements;

/// Lets customers change their phones.
pub(super) fn begin(stage: &mut Stage<'_>) {
    let at_ms = stage.now_ms + stage.chance.between(HOUR_MS, DAY_MS);
    stage.spawn(at_ms, Box::new(Replacements));
}

fn wants_another(account: &Account, now_ms: i64) -> bool {
    super::is_settled(account)
        && account.device.installed_ms < now_ms - OLD_ENOUGH_MS
        && account.created_ms < now_ms - OLD_ENOUGH_MS
}

impl Actor for Replacements {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let now_ms = stage.now_ms;
        let fits = |account: &Account| wants_another(account, now_ms);
        if let Some(account) = stage.accounts.victim(&mut stage.chance, fits)
            && let Some(customer) = Customer::find(stage, account)
        {
            let day_ms = now_ms.div_euclid(DAY_MS) * DAY_MS + DAY_MS;
            let zone_min = customer.device.tz_offset_min;
            let at_ms = stage.ground.calendar.moment(day_ms, zone_min, &mut stage.chance);
            let device = successor(stage, &customer.device);
            let is_old_at_hand = stage.chance.hit(OLD_AT_HAND);
            let phase = Phase::Login;
            let change =
                NewPhone { account, device, is_old_at_hand, phase, tries: 0, session: None };
            stage.spawn(at_ms, Box::new(change));
        }
        let personas = stage.ground.settings.personas;
        let share = personas.resident.share + personas.shopper.share;
        Some(super::next_ms(stage, f64::from(stage.slots()) * share / PHONE_DAYS))
    }
}

/// The phone that follows another one.
fn successor(stage: &mut Stage<'_>, old: &Device) -> Device {
    /// Phones that are looked at before another system is taken after all.
    const LOOKS: u32 = 6;
    let mut device = people::phone(stage, old.sim_country);
    if stage.chance.hit(SAME_SYSTEM) {
        for _ in 0..LOOKS {
            if device.os == old.os {
                break;
            }
            device = people::phone(stage, old.sim_country);
        }
    }
    Device {
        fingerprint: 0,
        language: old.language,
        tz_offset_min: old.tz_offset_min,
        sim_operator: old.sim_operator,
        sim_country: old.sim_country,
        sims: old.sims,
        is_roaming: old.is_roaming,
        probes: device.probes & !probe::UNPROBED,
        ..device
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The app is opened on the new phone.
    Login,
    /// The new phone becomes the trusted one.
    Trust,
    /// A fingerprint or face is enrolled.
    Enrol,
    /// So many errands of the day are left.
    Errands(u8),
}

struct NewPhone {
    account: u64,
    device: Device,
    is_old_at_hand: bool,
    phase: Phase,
    tries: u8,
    session: Option<Session>,
}

impl NewPhone {
    fn login(&mut self, stage: &mut Stage<'_>, customer: &Customer, spot: &Spot) -> Option<i64> {
        if self.tries == 0 {
            let now_ms = stage.now_ms;
            let set_up_ms = now_ms - stage.chance.between(SET_UP_MIN.0, SET_UP_MIN.1) * MINUTE_MS;
            self.device.booted_ms = set_up_ms;
            self.device.bio_enrolled_ms = set_up_ms + 3 * MINUTE_MS;
            self.device.installed_ms = now_ms - 4 * MINUTE_MS;
        }
        let auth = match customer.opens_by(stage.ground) {
            "passkey" => "passkey",
            _ if self.is_old_at_hand => "push",
            _ => "password",
        };
        let session = stage.session(auth, "direct");
        let customer = customer.on(self.device);
        let outcome = customer.login(stage, spot, &session, STORY);
        if outcome.ending != Ending::Done {
            return self.later(stage, &outcome);
        }
        self.session = Some(session);
        // From here on the old phone is silent.
        let account = stage.accounts.get_mut(self.account)?;
        account.device = self.device;
        account.trusted_ms = 0;
        self.go_on(stage, Phase::Trust, outcome.at_ms)
    }

    fn later(&mut self, stage: &mut Stage<'_>, outcome: &Outcome) -> Option<i64> {
        self.tries += 1;
        insists(&mut stage.chance, outcome.ending, self.tries - 1)
            .then(|| pause(&mut stage.chance, outcome.at_ms))
    }

    fn go_on(&mut self, stage: &mut Stage<'_>, phase: Phase, from_ms: i64) -> Option<i64> {
        self.phase = phase;
        self.tries = 0;
        let median_s = if matches!(phase, Phase::Errands(_)) { 4_500.0 } else { 45.0 };
        let gap_s = stage.chance.log_normal(median_s, 0.7);
        (phase != Phase::Errands(0)).then(|| from_ms + (gap_s * SECOND_MS as f64) as i64)
    }

    /// What comes after the phone is trusted or could not be.
    fn after_trust(&mut self, stage: &mut Stage<'_>, from_ms: i64) -> Option<i64> {
        if self.device.bio_enrolled_ms != 0 {
            return self.go_on(stage, Phase::Enrol, from_ms);
        }
        self.run_errands(stage, from_ms)
    }

    fn run_errands(&mut self, stage: &mut Stage<'_>, from_ms: i64) -> Option<i64> {
        let account = stage.accounts.get(self.account)?;
        let is_resident = account.persona == Persona::Resident;
        let errands = stage.chance.between(ERRANDS.0, ERRANDS.1) as u8;
        self.go_on(stage, Phase::Errands(if is_resident { errands } else { 0 }), from_ms)
    }

    fn change(
        &mut self,
        stage: &mut Stage<'_>,
        customer: &Customer,
        spot: &Spot,
        session: &Session,
    ) -> Option<i64> {
        let is_trust = self.phase == Phase::Trust;
        let act = if is_trust {
            let auth = if self.is_old_at_hand { "push" } else { "otp_sms" };
            super::change("device_trust", None, auth)
        } else {
            super::change("factor_add", Some("device_biometric"), "pin")
        };
        let outcome = stage.attempt(&customer.who(spot, session, STORY), &act);
        if outcome.ending != Ending::Done
            && let Some(at_ms) = self.later(stage, &outcome)
        {
            return Some(at_ms);
        }
        if is_trust {
            self.after_trust(stage, outcome.at_ms)
        } else {
            self.run_errands(stage, outcome.at_ms)
        }
    }
}

impl Actor for NewPhone {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let customer = Customer::find(stage, self.account)?;
        let spot = customer.at_home(stage);
        let Some(session) = self.session else { return self.login(stage, &customer, &spot) };
        let Phase::Errands(left) = self.phase else {
            return self.change(stage, &customer, &spot, &session);
        };
        if let Some(mut purchase) = errand_of_the_day(stage, &customer) {
            purchase.look = Some(LookAlike::NewPhone);
            super::Buyer::enter(stage, stage.now_ms, self.account, purchase);
        }
        self.go_on(stage, Phase::Errands(left.checked_sub(1)?), stage.now_ms)
    }
}
