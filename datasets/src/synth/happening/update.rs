//! L18, an update sweeps over the phones: many devices look different within hours.
//!
//! Phones take up a new build of the app by themselves over days ([`people::keep_up`]). When a
//! build comes out, the wallet also pushes it: within hours half of the phones have it, their soft
//! fingerprint moves, and some of them are asked to log in again. It has the shape of a device farm
//! that resets its phones; what tells it apart is that it meets everybody at once.

use super::super::asset::{Account, probe};
use super::super::people;
use super::super::resident::customer::{Customer, DAY_MS, HOUR_MS, MINUTE_MS};
use super::super::stage::{Actor, Stage};
use super::super::story::{LookAlike, Story};

/// How often somebody looks whether a build has come out, and at how many phones.
const LOOK_MS: i64 = 2 * HOUR_MS;
const LOOKS: u32 = 24;
/// How long the push lasts, and how many of the phones it reaches.
const PUSH_MS: i64 = 8 * HOUR_MS;
const REACHED: f64 = 0.5;
const STEP_MS: i64 = 2 * MINUTE_MS;
/// Phones whose fingerprint moves.
const MOVED: f64 = 0.8;
/// Customers who are asked to log in again.
const LOGGED_OUT: f64 = 0.25;
/// After a push nobody looks for so long, as builds come out every other week.
const WATCHES_AGAIN_MS: i64 = 5 * DAY_MS;

/// Watches for new builds and pushes them.
struct Push {
    /// The newest build that was seen; 0 before the first look.
    build: u32,
    /// While it is pushed: until when.
    until_ms: i64,
}

/// Somebody who was logged out by an update.
struct LoggedOut {
    account: u64,
}

/// Lets updates come.
pub(super) fn begin(stage: &mut Stage<'_>) {
    let at_ms = stage.now_ms + stage.chance.between(HOUR_MS, 3 * HOUR_MS);
    stage.spawn(at_ms, Box::new(Push { build: 0, until_ms: 0 }));
}

/// The build that somebody's phone would have by now.
fn build_of_anybody(stage: &mut Stage<'_>) -> u32 {
    let Some(account) = stage.accounts.victim(&mut stage.chance, is_kept_up) else { return 0 };
    let device = stage.accounts.get(account).map(|account| account.device);
    device.map_or(0, |mut device| {
        people::keep_up(&mut device, stage.now_ms);
        device.app_build
    })
}

fn is_kept_up(account: &Account) -> bool {
    account.device.probes & probe::UNPROBED == 0
}

impl Push {
    fn look(&mut self, stage: &mut Stage<'_>) -> i64 {
        let newest = (0..LOOKS).map(|_| build_of_anybody(stage)).max().unwrap_or(0);
        let is_out = 0 < self.build && self.build < newest;
        self.build = self.build.max(newest);
        if is_out {
            self.until_ms = stage.now_ms + PUSH_MS;
        }
        stage.now_ms + if is_out { STEP_MS } else { LOOK_MS }
    }

    /// Updates the phones of one step.
    fn push(&self, stage: &mut Stage<'_>) {
        let share = REACHED * STEP_MS as f64 / PUSH_MS as f64;
        let phones = stage.chance.poisson(stage.accounts.len() as f64 * share);
        let build = self.build;
        let is_old = |account: &Account| is_kept_up(account) && account.device.app_build < build;
        for _ in 0..phones {
            let Some(key) = stage.accounts.victim(&mut stage.chance, is_old) else { return };
            let moves = stage.chance.hit(MOVED);
            let Some(account) = stage.accounts.get_mut(key) else { return };
            account.device.app_build = build;
            account.device.fingerprint += u32::from(moves);
            let is_settled = super::is_settled(account);
            if is_settled && stage.chance.hit(LOGGED_OUT) {
                let after_ms = stage.chance.exponential(1.5 * HOUR_MS as f64) as i64;
                let at_ms = stage.now_ms + after_ms + MINUTE_MS;
                stage.spawn(at_ms, Box::new(LoggedOut { account: key }));
            }
        }
    }
}

impl Actor for Push {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        if self.until_ms <= stage.now_ms {
            return Some(self.look(stage));
        }
        self.push(stage);
        let next_ms = stage.now_ms + STEP_MS;
        let is_over = self.until_ms <= next_ms;
        Some(if is_over { stage.now_ms + WATCHES_AGAIN_MS } else { next_ms })
    }
}

impl Actor for LoggedOut {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let customer = Customer::find(stage, self.account)?;
        let spot = customer.at_home(stage);
        let session = customer.session(stage, "push_notice");
        let story = Story::like(LookAlike::UpdateWave);
        customer.login(stage, &spot, &session, story);
        None
    }
}
