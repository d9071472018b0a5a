//! Travellers: tourists (P1), business travellers (P2) and family visitors (P4).
//!
//! A visit is one actor that lives from the first act, at home or at the airport, until the account
//! is left behind. It sets the wallet up (`setup`), plans each local day at its midnight, opens the
//! app once, and does its errands in their order (`purchase`), each from the network and the place
//! where a traveller would be (`surroundings`). Who travels when is decided by `visit`, which the
//! population asks. Between the days it sleeps; it holds about 300 bytes and allocates only when
//! something has to be tried again.
//!
//! Much of it looks like fraud and is told so in the truth: bursts after the landing (L01), wallets
//! set up at home (L02), a new SIM card (L03), own cards tried in turn (L05), split payments (L09),
//! one dear purchase (L10), business trips (L11), tickets for friends (L14), nights (L16), papers of
//! three countries (L17).

use super::act::{Act, Ending, Note, Who};
use super::asset::{Account, Device, Network, Persona, Place, Session, probe};
use super::market::Trade;
use super::people::{self, DAY_MS, HOUR_MS, MINUTE_MS};
use super::stage::{Actor, Stage};
use super::story::{LookAlike, Story};

mod purchase;
mod setup;
mod surroundings;
#[cfg(test)]
mod tests;
mod visit;

use purchase::Pending;
use setup::Todo;
use surroundings::Stay;
use visit::{Habit, Line, day_of, midnight_ms};

pub(crate) use visit::{Rhythm, Visit, owner};

const SECOND_MS: i64 = 1_000;

/// Payments that are planned for a day at most.
const MOMENTS: usize = 24;
/// Moments of a day are kept in units of this.
const TICK_MS: i64 = 2_000;

/// The power of the volume that a day's payments follow.
const VOLUME_OF_DAY: f64 = 0.7;
/// A traveller has just landed for so long.
const LANDED_MS: i64 = 3 * HOUR_MS;
/// Codes scanned within that time by those in a hurry.
const HURRY: (i64, i64) = (4, 9);
/// A new SIM card, and a wallet set up at home, are new for so long.
const NOVELTY_MS: i64 = DAY_MS;
/// On a day that begins in another city nothing is paid before this time of the day.
const TRAVELS_UNTIL_MS: i64 = 9 * HOUR_MS;
/// Nights after the arrival in which those awake buy something, and how often.
const OWL_NIGHTS: i64 = 4;
const OWL_PAYS: f64 = 0.75;
/// Hours of the night, on the local clock.
const NIGHT: (i64, i64) = (2, 5);

/// Days without a payment on which the app is opened all the same.
const LOOKS_IN: f64 = 0.6;
/// Logins that begin with a mistyped password.
const MISTYPED: f64 = 0.02;
/// Sessions in which the device tells of itself.
const TELEMETRY: f64 = 0.08;
/// Phones restarted since the day before, and updates of the app that change the fingerprint.
const RESTARTED: f64 = 0.25;
const FINGERPRINT_MOVES: f64 = 0.7;
/// After being stopped, those who try again that day.
const TRIES_AGAIN: f64 = 0.45;
/// A tourist's account is forgotten so long after the visit, when refunds have come.
const FORGOTTEN_MS: i64 = 6 * DAY_MS;

/// What the next step is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The account is opened, or used again.
    Begin,
    /// The next task of setting the wallet up.
    Setup,
    /// A local day begins.
    Dawn,
    /// The app is opened.
    Login { streak: u8 },
    /// The next payment of the plan.
    Errand,
    /// Something is tried again, or its next part is done.
    Again,
    /// The flight home is called.
    Leave,
    /// Back home.
    Home,
    /// Nobody remembers the visit.
    Gone,
}

/// The payments of a day, in order.
#[derive(Debug, Clone, Copy)]
struct Plan {
    ticks: [u16; MOMENTS],
    count: u8,
    next: u8,
}

/// A visit that is going on.
#[derive(Debug)]
pub(crate) struct Traveller {
    visit: Visit,
    phase: Phase,
    /// The day that is lived, counted from 1970 on China's calendar.
    day: i64,
    /// The last day that was planned.
    planned_day: i64,
    plan: Plan,
    session: Session,
    /// The app is open for today.
    is_in: bool,
    /// The VPN is on today.
    is_hidden: bool,
    has_landed: bool,
    has_local_sim: bool,
    has_splurged: bool,
    /// The next payment is the ride back.
    rides_back: bool,
    stay: Stay,
    todo: Todo,
    /// Tries of what is being tried.
    tries: u8,
    /// The next own card to link.
    card: u8,
    /// Own cards that could not be linked when one was needed at the till, by bit: they stay in the pocket.
    left_in_pocket: u8,
    /// The account of a friend whose code was used; 0 for none.
    invited_by: u64,
    /// The wallet asked for the passport because of what was spent.
    was_asked: bool,
    last_ms: i64,
    pending: Option<Box<Pending>>,
}

/// What an act is done with.
#[derive(Debug, Clone, Copy)]
struct Bearing {
    device: Device,
    network: Network,
    place: Option<Place>,
    story: Story,
}

impl Plan {
    const EMPTY: Plan = Plan { ticks: [0; MOMENTS], count: 0, next: 0 };

    fn add(&mut self, after_ms: i64) {
        if usize::from(self.count) < MOMENTS {
            self.ticks[usize::from(self.count)] =
                (after_ms / TICK_MS).clamp(0, i64::from(u16::MAX)) as u16;
            self.count += 1;
        }
    }

    /// Moves the next payment to this time since midnight; false when there is none.
    fn shift(&mut self, after_ms: i64) -> bool {
        let next = &mut self.ticks[usize::from(self.next)..usize::from(self.count)];
        let Some(tick) = next.first_mut() else { return false };
        *tick = (after_ms / TICK_MS).clamp(0, i64::from(u16::MAX)) as u16;
        true
    }

    fn sort(&mut self) {
        self.ticks[..usize::from(self.count)].sort_unstable();
    }

    /// Time since the day's midnight of the next payment.
    fn peek(&self) -> Option<i64> {
        let ticks = self.ticks[..usize::from(self.count)].get(usize::from(self.next))?;
        Some(i64::from(*ticks) * TICK_MS)
    }
}

impl Actor for Traveller {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        match self.phase {
            Phase::Begin => self.begin(stage),
            Phase::Setup => self.set_up(stage),
            Phase::Dawn => self.dawn(stage),
            Phase::Login { streak } => self.log_in(stage, streak),
            Phase::Errand => self.errand(stage),
            Phase::Again => self.again(stage),
            Phase::Leave => self.leave(stage),
            Phase::Home => self.come_home(stage),
            Phase::Gone => {
                stage.accounts.remove(self.visit.account);
                None
            }
        }
    }
}

impl Traveller {
    /// A traveller who enters when the visit begins, or later when it has begun already.
    pub(crate) fn new(visit: Visit) -> Traveller {
        let nobody = Session { key: 0, auth: "pin", since_ms: 0, referrer: "direct" };
        Traveller {
            visit,
            phase: Phase::Begin,
            day: 0,
            planned_day: 0,
            plan: Plan::EMPTY,
            session: nobody,
            is_in: false,
            is_hidden: false,
            has_landed: false,
            has_local_sim: false,
            has_splurged: false,
            rides_back: false,
            stay: Stay::nowhere(visit.home),
            todo: Todo::default(),
            tries: 0,
            card: 0,
            left_in_pocket: 0,
            invited_by: 0,
            was_asked: false,
            last_ms: 0,
            pending: None,
        }
    }

    fn go(&mut self, phase: Phase, at_ms: i64) -> Option<i64> {
        self.phase = phase;
        Some(at_ms)
    }

    /// The account, or none when it is gone.
    fn account<'s>(&self, stage: &'s Stage<'_>) -> Option<&'s Account> {
        stage.accounts.get(self.visit.account)
    }

    fn who<'b>(&'b self, bearing: &'b Bearing) -> Who<'b> {
        who(self.visit.account, bearing, &self.session)
    }

    /// What an honest act at this moment looks like.
    fn story(&self, stage: &Stage<'_>, account: &Account) -> Story {
        let (now_ms, visit) = (stage.now_ms, &self.visit);
        let since_arrival_ms = now_ms - visit.arrival_ms;
        let is_away = 0 <= since_arrival_ms;
        let look = if visit.persona == Persona::Business && 1 < visit.legs {
            LookAlike::BusinessTraveller
        } else if people::is_mixed(account) {
            LookAlike::MixedCountries
        } else if is_away && since_arrival_ms < LANDED_MS {
            LookAlike::JustLanded
        } else if self.has_local_sim && now_ms - self.sim_ms() < NOVELTY_MS {
            LookAlike::LocalEsim
        } else if visit.is_first()
            && visit.begin_ms < visit.arrival_ms
            && since_arrival_ms < NOVELTY_MS
        {
            LookAlike::SetUpAtHome
        } else if account.device.probes & probe::UNPROBED != 0 {
            LookAlike::OldPhone
        } else if stage.ground.calendar.peak(now_ms).is_some() {
            LookAlike::FestivalPeak
        } else {
            return Story::HONEST;
        };
        Story::like(look)
    }

    /// When a local SIM card goes into the phone, some hours after the landing.
    fn sim_ms(&self) -> i64 {
        let lot = super::chance::mix(self.visit.account, self.visit.arrival_ms as u64);
        self.visit.arrival_ms + 15 * MINUTE_MS + (lot % (6 * HOUR_MS) as u64) as i64
    }

    /// A local day begins, or what is left of the day of arrival.
    fn dawn(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let now_ms = stage.now_ms;
        if now_ms < self.visit.arrival_ms {
            // The account is ready; the suitcase is not.
            return self.go(Phase::Dawn, self.visit.arrival_ms + 8 * MINUTE_MS);
        }
        if self.visit.leave_ms <= now_ms {
            return self.leave(stage);
        }
        self.account(stage)?;
        self.day = day_of(now_ms);
        self.planned_day = self.day;
        self.is_in &= self.day_ms() <= self.session.since_ms;
        self.pending = None;
        self.rides_back = false;
        self.plan = Plan::EMPTY;
        self.is_hidden = self.hides(stage);
        let mut from_ms = now_ms;
        if !self.has_landed {
            self.land(stage);
        } else if self.stay.until_day <= self.day {
            self.move_on(stage);
            from_ms = self.day_ms() + TRAVELS_UNTIL_MS;
        }
        self.wake_phone(stage);
        let is_used = stage.chance.hit(Rhythm::use_share(self.visit.persona));
        if !is_used && !self.is_arrival_day() {
            return self.tomorrow(now_ms);
        }
        self.plan_day(stage, from_ms);
        self.plan_tasks(stage);
        self.open_app(stage)
    }

    fn day_ms(&self) -> i64 {
        midnight_ms(self.day)
    }

    fn is_arrival_day(&self) -> bool {
        day_of(self.visit.arrival_ms) == self.day
    }

    /// What happened to the phone over night.
    fn wake_phone(&self, stage: &mut Stage<'_>) {
        let now_ms = stage.now_ms;
        let is_restarted = stage.chance.hit(RESTARTED);
        let moves = stage.chance.hit(FINGERPRINT_MOVES);
        let Some(account) = stage.accounts.get_mut(self.visit.account) else { return };
        let device = &mut account.device;
        let before = device.app_build;
        people::keep_up(device, now_ms);
        device.fingerprint += u32::from(moves && device.app_build != before);
        if is_restarted {
            device.booted_ms = now_ms;
        }
    }

    /// Draws the moments of the day's payments, none before this time.
    fn plan_day(&mut self, stage: &mut Stage<'_>, from_ms: i64) {
        let (now_ms, day_ms, visit) = (stage.now_ms, self.day_ms(), self.visit);
        let calendar = &stage.ground.calendar;
        let habits = stage.ground.settings.personas.of(visit.persona);
        // Arrivals follow the volume as well, so only a part of it is left to the day.
        let volume = calendar.volume(day_ms + DAY_MS / 2).powf(VOLUME_OF_DAY);
        let volume = volume / Rhythm::use_share(visit.persona);
        let chance = &mut stage.chance;
        let mean = habits.payments_mean * volume;
        let payments = chance.negative_binomial(mean, habits.payments_dispersion);
        let until_ms = visit.leave_ms.min(day_ms + DAY_MS);
        for _ in 0..payments.min(MOMENTS as u64) {
            let at_ms = calendar.moment(self.day * DAY_MS, visit::CHINA_MIN, chance);
            if from_ms < at_ms && at_ms < until_ms {
                self.plan.add(at_ms - day_ms);
            }
        }
        let hurry_ms = visit.arrival_ms + LANDED_MS - now_ms;
        if self.is_arrival_day() && visit.habits.has(Habit::Hurries) && 0 < hurry_ms {
            for _ in 0..chance.between(HURRY.0, HURRY.1) {
                let after_ms = chance.between(3 * MINUTE_MS, hurry_ms.max(4 * MINUTE_MS));
                self.plan.add(now_ms - day_ms + after_ms);
            }
        }
        let nights = self.day - day_of(visit.arrival_ms);
        let is_awake = visit.habits.has(Habit::Owl) && (1..=OWL_NIGHTS).contains(&nights);
        if is_awake && from_ms <= day_ms + NIGHT.0 * HOUR_MS && chance.hit(OWL_PAYS) {
            for _ in 0..chance.between(1, 2) {
                self.plan.add(chance.between(NIGHT.0 * HOUR_MS, NIGHT.1 * HOUR_MS - 1));
            }
        }
        self.plan.sort();
    }

    /// Whether it is night, and this traveller is known to be awake.
    fn is_awake_at_night(&self, now_ms: i64) -> bool {
        let hour = (now_ms - self.day_ms()).div_euclid(HOUR_MS);
        self.visit.habits.has(Habit::Owl) && (NIGHT.0..NIGHT.1).contains(&hour)
    }

    /// The app is opened shortly before the first thing of the day.
    fn open_app(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let now_ms = stage.now_ms;
        if self.is_in {
            return self.resume(now_ms);
        }
        let first_ms = match self.plan.peek() {
            Some(after_ms) => self.day_ms() + after_ms,
            None if self.todo.is_empty() && !stage.chance.hit(LOOKS_IN) => {
                return self.tomorrow(now_ms);
            }
            None => {
                let calendar = &stage.ground.calendar;
                calendar.moment(self.day * DAY_MS, visit::CHINA_MIN, &mut stage.chance)
            }
        };
        let before_ms = stage.chance.between(15, 120) * SECOND_MS;
        self.tries = 0;
        self.go(Phase::Login { streak: 0 }, (first_ms - before_ms).max(now_ms + SECOND_MS))
    }

    /// How the app is opened: always the same way, as far as it is set up.
    fn opens_by(&self, stage: &Stage<'_>) -> &'static str {
        let shares = &stage.ground.settings.sessions;
        let Some(account) = self.account(stage) else { return "pin" };
        let lot = super::chance::mix(account.key, 0x6f70_656e) >> 11;
        let lot = lot as f64 / (1_u64 << 53) as f64;
        let factors = &account.factors;
        if lot < shares.biometric && factors.biometric != 0 {
            "biometric"
        } else if lot < shares.biometric + shares.passkey && factors.passkey != 0 {
            "passkey"
        } else if factors.pin != 0 {
            "pin"
        } else {
            "otp_sms"
        }
    }

    fn log_in(&mut self, stage: &mut Stage<'_>, streak: u8) -> Option<i64> {
        let bearing = self.bearing(stage, surroundings::Spot::Indoors)?;
        let name = self.account(stage)?.holder.phone;
        if streak == 0 && stage.chance.hit(MISTYPED) {
            self.session = stage.session("password", "direct");
            let outcome = "bad_password";
            let act = Act::Login { method: "password", outcome, name, streak: 1, code: None };
            let end = stage.attempt(&self.who(&bearing), &act);
            let pause_ms = stage.chance.between(6, 40) * SECOND_MS;
            return self.go(Phase::Login { streak: 1 }, end.at_ms + pause_ms);
        }
        let method = self.opens_by(stage);
        let referrer = stage.chance.weigh(&[
            ("direct", 0.80),
            ("push_notice", 0.12),
            ("qr_scan", 0.05),
            ("deeplink", 0.03),
        ]);
        self.session = stage.session(method, referrer);
        let streak = u16::from(streak);
        let act = Act::Login { method, outcome: "success", name, streak, code: None };
        let end = stage.attempt(&self.who(&bearing), &act);
        if end.ending.is_done() {
            self.is_in = true;
            self.tries = 0;
            self.last_ms = stage.now_ms;
            if stage.chance.hit(TELEMETRY) {
                stage.note(end.at_ms + 2 * SECOND_MS, &Note::Telemetry(&self.who(&bearing)));
            }
            return self.resume(end.at_ms);
        }
        self.tries += 1;
        if end.ending != Ending::Void && self.tries <= 2 && stage.chance.hit(TRIES_AGAIN) {
            let pause_ms = stage.chance.log_normal(6.0 * MINUTE_MS as f64, 1.0) as i64;
            return self.go(Phase::Login { streak: 0 }, end.at_ms + pause_ms);
        }
        self.tomorrow(end.at_ms)
    }

    /// Goes on with whatever comes next: a task, something to try again, a payment, another day.
    fn resume(&mut self, after_ms: i64) -> Option<i64> {
        let soon_ms = after_ms + 2 * SECOND_MS;
        if !self.todo.is_empty() {
            return self.go(Phase::Setup, soon_ms + 20 * SECOND_MS);
        }
        if after_ms < self.visit.arrival_ms {
            return self.go(Phase::Dawn, self.visit.arrival_ms + 8 * MINUTE_MS);
        }
        let again_ms = self.pending.as_ref().map(|pending| pending.at_ms);
        let next_ms = self.plan.peek().map(|ms| self.day_ms() + ms);
        let (phase, at_ms) = match (again_ms, next_ms) {
            (Some(again_ms), Some(next_ms)) if next_ms < again_ms => (Phase::Errand, next_ms),
            (Some(again_ms), _) => (Phase::Again, again_ms),
            (None, Some(next_ms)) => (Phase::Errand, next_ms),
            // Whoever set the wallet up today has the rest of the day to plan.
            (None, None) if self.planned_day < day_of(after_ms) => {
                return self.go(Phase::Dawn, soon_ms);
            }
            (None, None) => return self.tomorrow(after_ms),
        };
        if self.visit.leave_ms <= at_ms.max(soon_ms) {
            return self.go(Phase::Leave, self.visit.leave_ms.max(soon_ms));
        }
        self.go(phase, at_ms.max(soon_ms))
    }

    /// Nothing more today.
    fn tomorrow(&mut self, after_ms: i64) -> Option<i64> {
        self.pending = None;
        self.todo = Todo::default();
        if after_ms < self.visit.arrival_ms {
            return self.go(Phase::Dawn, self.visit.arrival_ms + 8 * MINUTE_MS);
        }
        let midnight = midnight_ms(day_of(after_ms) + 1);
        if self.visit.leave_ms <= midnight {
            return self.go(Phase::Leave, self.visit.leave_ms.max(after_ms));
        }
        self.go(Phase::Dawn, midnight)
    }

    /// The visit ends at the airport: the balance goes home, the pass is closed.
    fn leave(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let end_ms = self.take_out(stage);
        let home_ms = end_ms + JOURNEY_HOME_MS + stage.chance.between(0, 36) * HOUR_MS;
        self.go(Phase::Home, home_ms)
    }
}

/// Who acts with these bearings.
fn who<'b>(account: u64, bearing: &'b Bearing, session: &'b Session) -> Who<'b> {
    let Bearing { device, network, place, story } = bearing;
    Who { account, device, network, place: *place, session, story: *story }
}

/// From the airport to the own sofa.
const JOURNEY_HOME_MS: i64 = 14 * HOUR_MS;
