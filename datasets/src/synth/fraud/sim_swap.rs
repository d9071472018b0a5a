//! T07, SIM swap: the victim's number moves to a card in the thief's phone.
//!
//! A crew picks accounts with much in reach, has the operator move the number, and some hours later
//! gets in by a code that now comes to its own phone. It mostly sets a new password and removes the
//! factors that still belong to the victim; it sends the balance to one to three mules and spends
//! the rest. Where the code is not accepted it sometimes calls the support desk. A day or more
//! later the victim has the number back on a new card. Not every operator tells of a swap. A
//! professional waits before he goes in, takes less than all, and uses more mules.

use super::phishing::intruder::{
    DAY_MS, HISTORY_MS, HOUR_MS, Intruder, SMALLEST_FEN, Turn, base, equip, heed, proxy, reach_fen,
    shopping, takes_place, victim,
};
use super::phishing::spree::{GIVES_UP, Plan, Spree};
use crate::synth::act::{Act, Ending, Funding, Note, Outcome};
use crate::synth::chance::{Chance, mix};
use crate::synth::crew::{Brief, Craft, Playbook};
use crate::synth::stage::{Actor, Stage};
use crate::synth::story::{Story, Typology, Vector};

/// T07.
pub(crate) const PLAYBOOK: Playbook =
    Playbook { typology: Typology::SimSwap, events: 9.5, least: 9.5, begin };

/// Accounts that are looked at before one is worth the bribe.
const LOOKED_AT: u32 = 6;
/// From the swap to the recovery, in hours.
const WAIT_H: (f64, f64) = (0.2, 12.0);
/// A victim without signal is at the operator's within this time, whatever the crew's patience.
const WAIT_MOST_H: f64 = 80.0;
/// Share of operators that tell the wallet of a swap.
const TOLD: f64 = 0.65;
/// Share of refused recoveries that go on by the support desk.
const BY_SUPPORT: f64 = 0.2;
/// Probability that a refused recovery is tried again.
const INSISTS: f64 = 0.5;
/// A person types a code in this time, median and deviation of the logarithm.
const CODE_MS: (f64, f64) = (13_000.0, 0.4);
/// Share of lines near the victim, also of naive crews.
const NEAR: f64 = 0.45;
/// Share of crews whose phone tells where it is.
const LOCATED: f64 = 0.5;
/// Shares of crews that set a new password though the code let them in, and that remove factors of
/// the victim; how many they remove at most.
const NEW_PASSWORD: f64 = 0.7;
const DISARMS: f64 = 0.7;
const DISARMED_MAX: u8 = 2;
/// Mules of a crew that get money of one victim.
const MULES: (i64, i64) = (1, 3);
/// Share of the balance that is taken, and of what can be taken in a day: nobody is alarmed, so it
/// goes on for longer than a day's limit.
const OF_BALANCE: (f64, f64) = (0.9, 1.0);
const OF_REACH: (f64, f64) = (0.9, 1.9);
const PURCHASES: (i64, i64) = (3, 8);
const SPREE_MIN: i64 = 60;
/// When the victim has the number back.
const BACK_H: (i64, i64) = (24, 96);
/// Time between two acts, in seconds.
const DWELL_S: (i64, i64) = (30, 240);
/// Names the mules of a crew.
const MULE: u64 = 0x4D55_4C45;

/// Where the story is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Swap,
    Recover,
    CallSupport,
    SetPassword,
    Disarm,
    Send,
    Spend,
    GiveBack,
}

/// One number that is taken, with the account behind it.
#[derive(Debug)]
struct Swap {
    brief: Brief,
    thief: Intruder,
    phase: Phase,
    /// Recoveries refused, then factors removed, then transfers refused.
    tries: u8,
    mules: u32,
    spree: Spree,
}

fn begin(stage: &mut Stage<'_>, brief: Brief) -> Option<Box<dyn Actor>> {
    takes_place(stage, brief.size).then_some(())?;
    let craft = stage.craft(brief.crew);
    let account = richest(stage)?;
    let holder = stage.accounts.get(account)?.holder;
    let reach_fen = reach_fen(stage.accounts.get(account)?);
    let base = base(stage, brief.crew);
    // The card is one of the victim's operator, wherever the phone around it comes from.
    let mut device = equip(stage, &craft, base.country, holder.phone_country);
    device.sim_country = holder.phone_country;
    device.sim_operator = stage.ground.atlas.sim_operator(holder.phone_country);
    device.is_roaming = base.country != holder.phone_country;
    let network = if stage.chance.hit(NEAR.max(craft.disguise)) {
        proxy(stage, holder.phone_country)
    } else {
        let key = mix(brief.crew, stage.chance.below(4)) >> 4;
        stage.ground.atlas.mobile(base.country, key)
    };
    let is_located = stage.chance.hit(LOCATED * (1.0 - craft.disguise));
    let (least, most) = OF_REACH;
    let fen = reach_fen as f64 * (least + (most - least) * stage.chance.unit());
    let plan = Plan {
        fen: fen as i64,
        purchases: PURCHASES,
        minutes: SPREE_MIN,
        city: shopping(base),
        pace_min: 0.0,
    };
    let spree = Spree::of(&mut stage.chance, &craft, &plan);
    let thief = Intruder {
        victim: account,
        device,
        network,
        place: is_located.then_some(base),
        session: stage.session("otp_sms", "direct"),
        story: Story::fraud(PLAYBOOK.typology, Vector::V4, brief.episode, brief.crew),
    };
    let mules = stage.chance.between(MULES.0, MULES.1) as u32 + craft.spread.max(1) - 1;
    Some(Box::new(Swap { brief, thief, phase: Phase::Swap, tries: 0, mules, spree }))
}

/// The account with the most in reach among some.
fn richest(stage: &mut Stage<'_>) -> Option<u64> {
    let found: Vec<u64> =
        (0..LOOKED_AT).filter_map(|_| victim(stage, HISTORY_MS, |_| true)).collect();
    // What is held counts more than what a card may lend: it cannot be disputed.
    found.into_iter().max_by_key(|key| {
        stage.accounts.get(*key).map_or(0, |account| reach_fen(account) + 20 * account.balance_fen)
    })
}

/// Hours from the swap to the recovery: evenly on the logarithm, and no less than patience asks.
fn wait_h(chance: &mut Chance, craft: &Craft) -> f64 {
    let (least, most) = WAIT_H;
    let usual_h = least * (most / least).powf(chance.unit());
    usual_h.max(craft.patience_h).min(WAIT_MOST_H)
}

impl Swap {
    fn swap(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let now_ms = stage.now_ms;
        if stage.chance.hit(TOLD) {
            stage.accounts.get_mut(self.thief.victim)?.sim_changed_ms = now_ms;
            let account = self.thief.victim;
            stage.note(now_ms, &Note::Sim { account, changed_ms: Some(now_ms), ported_ms: None });
        }
        self.phase = Phase::Recover;
        let craft = stage.craft(self.brief.crew);
        Some(now_ms + (wait_h(&mut stage.chance, &craft) * HOUR_MS as f64) as i64)
    }

    fn recover(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let (median_ms, sigma) = CODE_MS;
        let typed_ms = stage.chance.log_normal(median_ms, sigma) as u32;
        let code =
            (self.thief.session.auth == "otp_sms").then_some((typed_ms, self.thief.network.ip));
        let outcome = self.thief.log_in(stage, u16::from(self.tries), code)?;
        if heed(stage, self.brief.crew, self.thief.victim, &outcome).is_some() {
            return self.give_back(stage);
        }
        self.tries += 1;
        if outcome.ending.is_done() {
            self.tries = 0;
            let has_new_password = self.thief.session.auth == "password";
            let wants_one = !has_new_password && stage.chance.hit(NEW_PASSWORD);
            self.phase = if wants_one { Phase::SetPassword } else { self.after_password(stage) };
            return Some(self.pause(stage, &outcome));
        }
        if self.thief.session.auth == "otp_sms" && stage.chance.hit(BY_SUPPORT) {
            self.phase = Phase::CallSupport;
        } else if GIVES_UP <= self.tries || !stage.chance.hit(INSISTS) {
            return self.give_back(stage);
        }
        Some(self.pause(stage, &outcome))
    }

    fn set_password(&mut self, stage: &mut Stage<'_>, by: &'static str) -> Option<i64> {
        let outcome = self.thief.change(stage, ("password", None), None, by);
        let is_over = heed(stage, self.brief.crew, self.thief.victim, &outcome).is_some();
        self.phase = match (by, outcome.ending.is_done()) {
            ("support", true) => Phase::Recover,
            ("support", false) => return self.give_back(stage),
            (_, true) => self.after_password(stage),
            (_, false) => Phase::Send,
        };
        if by == "support" {
            self.thief.session = stage.session("password", "direct");
        }
        if is_over { self.give_back(stage) } else { Some(self.pause(stage, &outcome)) }
    }

    fn after_password(&self, stage: &mut Stage<'_>) -> Phase {
        if stage.chance.hit(DISARMS) { Phase::Disarm } else { Phase::Send }
    }

    /// Removes a factor that still belongs to the victim.
    fn disarm(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let factors = stage.accounts.get(self.thief.victim)?.factors;
        let enrolled = [
            ("passkey", factors.passkey),
            ("push_number_match", factors.push),
            ("totp", factors.totp),
            ("device_biometric", factors.biometric),
        ];
        let factor = enrolled.into_iter().find(|(_, enrolled_ms)| *enrolled_ms != 0);
        let Some((factor, _)) = factor.filter(|_| self.tries < DISARMED_MAX) else {
            return self.send_next(stage);
        };
        let outcome = self.thief.change(stage, ("factor_remove", Some(factor)), None, "user");
        if heed(stage, self.brief.crew, self.thief.victim, &outcome).is_some() {
            return self.give_back(stage);
        }
        self.tries = if outcome.ending.is_done() { self.tries + 1 } else { DISARMED_MAX };
        Some(self.pause(stage, &outcome))
    }

    fn send_next(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        self.phase = Phase::Send;
        self.tries = 0;
        Some(stage.now_ms + 1_000)
    }

    /// Sends a part of the balance to the next mule.
    fn send(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let balance_fen = stage.accounts.get(self.thief.victim)?.balance_fen;
        let craft = stage.craft(self.brief.crew);
        let (least, most) = OF_BALANCE;
        let share = (least + (most - least) * stage.chance.unit()) * craft.amount;
        let fen = (balance_fen as f64 * share / f64::from(self.mules.max(1))) as i64;
        if self.mules == 0 || fen < SMALLEST_FEN {
            self.phase = Phase::Spend;
            return Some(stage.now_ms + 1_000);
        }
        let number = u64::from(self.mules);
        let act = Act::Transfer {
            to: mix(self.brief.crew, MULE + number) >> 4,
            kind: if number.is_multiple_of(2) { "bank" } else { "wallet" },
            fen,
            known_since_ms: 0,
            memo: "none",
            funding: Funding::Balance,
        };
        let outcome = stage.attempt(&self.thief.who(fen), &act);
        if heed(stage, self.brief.crew, self.thief.victim, &outcome).is_some() {
            return self.give_back(stage);
        }
        self.mules -= 1;
        if outcome.ending.is_stopped() || outcome.ending == Ending::Void {
            // What the wallet holds back it holds back from all mules.
            self.tries += 1;
            if GIVES_UP <= self.tries {
                return self.give_back(stage);
            }
        }
        Some(self.pause(stage, &outcome))
    }

    fn spend(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        match self.spree.step(stage, &self.thief, self.brief.crew) {
            Turn::Next(at_ms) => Some(at_ms),
            Turn::Leave | Turn::Quit => self.give_back(stage),
        }
    }

    /// The story is over but for the victim, who gets the number back.
    fn give_back(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        self.phase = Phase::GiveBack;
        let hours = stage.chance.between(BACK_H.0, BACK_H.1);
        Some(stage.now_ms + hours * HOUR_MS)
    }

    fn have_back(&self, stage: &mut Stage<'_>) {
        let (account, now_ms) = (self.thief.victim, stage.now_ms);
        let Some(own) = stage.accounts.get_mut(account) else { return };
        let was_told = now_ms - own.sim_changed_ms < 10 * DAY_MS;
        if was_told {
            own.sim_changed_ms = now_ms;
            stage.note(now_ms, &Note::Sim { account, changed_ms: Some(now_ms), ported_ms: None });
        }
    }

    fn pause(&self, stage: &mut Stage<'_>, outcome: &Outcome) -> i64 {
        let pace = stage.craft(self.brief.crew).pace;
        let seconds = stage.chance.between(DWELL_S.0, DWELL_S.1) as f64 / pace;
        outcome.at_ms + (seconds * 1_000.0) as i64
    }
}

impl Actor for Swap {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        match self.phase {
            Phase::Swap => self.swap(stage),
            Phase::Recover => self.recover(stage),
            Phase::CallSupport => self.set_password(stage, "support"),
            Phase::SetPassword => self.set_password(stage, "user"),
            Phase::Disarm => self.disarm(stage),
            Phase::Send => self.send(stage),
            Phase::Spend => self.spend(stage),
            Phase::GiveBack => {
                self.have_back(stage);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use features::field::{EventType, ids};

    use super::*;
    use crate::synth::tests_support::{play, text};

    static BOOK: Playbook = PLAYBOOK;

    fn craft(patience_h: f64) -> Craft {
        Craft { skill: 0.0, pace: 1.0, spread: 1, amount: 1.0, patience_h, disguise: 0.0 }
    }

    #[test]
    fn the_recovery_follows_within_twelve_hours_or_as_late_as_patience_asks() {
        let mut chance = Chance::of(1, &[]);
        for _ in 0..1_000 {
            let hours = wait_h(&mut chance, &craft(0.0));
            assert!((0.2..=12.0).contains(&hours), "{hours}");
            let hours = wait_h(&mut chance, &craft(40.0));
            assert!((40.0..=40.0).contains(&hours), "{hours}");
            let hours = wait_h(&mut chance, &craft(500.0));
            assert!((80.0..=80.0).contains(&hours), "{hours}");
        }
    }

    #[test]
    fn the_number_moves_before_the_password_is_recovered_and_comes_back() {
        let played = play(&BOOK, 5, 12);
        let mut signals: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
        for signal in played.of(EventType::SimSignal) {
            signals.entry(text(signal, ids::ACCOUNT_ID)).or_default().push(signal.time());
        }
        let logins = played.frauds(EventType::Login);
        assert!(10 < logins.len(), "{}", logins.len());
        let told = logins.iter().filter(|(login, _)| {
            let times = signals.get(text(login, ids::ACCOUNT_ID));
            times.is_some_and(|times| times.iter().any(|time| *time < login.time()))
        });
        let told = told.count();
        assert!(logins.len() < 2 * told && told < logins.len(), "{told} of {}", logins.len());
        assert!(signals.values().any(|times| 2 <= times.len()));
    }

    #[test]
    fn the_balance_goes_to_a_few_new_payees_and_is_at_stake() {
        let played = play(&BOOK, 6, 12);
        let transfers = played.frauds(EventType::Transfer);
        assert!(!transfers.is_empty());
        for (transfer, truth) in transfers {
            assert!(!transfer.has(ids::BENEFICIARY_FIRST_SEEN_MS));
            assert_eq!(transfer.number(ids::BASE_MINOR) as i64, truth.stake_fen());
            assert_eq!(truth.vector(), Some("V4"));
        }
    }

    #[test]
    fn an_episode_has_as_many_events_as_the_playbook_says() {
        let measured = play(&BOOK, 9, 14).events_per_episode();
        assert!((0.67..1.5).contains(&(measured / BOOK.events)), "{measured}");
    }
}
