//! T24, SMS pumping: codes by the thousand, sent to numbers that earn on every message.
//!
//! A robot with a few accounts asks for code after code to numbers of dear networks abroad and
//! answers none of them; the operator there shares the fee. Each visit to an account is a login,
//! the scored request, and behind it a row of codes that are sent once more and once more. Nothing
//! is taken from a customer: what is lost is the price of the messages. A crew that was stopped
//! asks for fewer codes at a visit, comes back later, and keeps more accounts, down to what no
//! limit on one account notices.

use super::cash_out::thief::{
    Exit, HOUR_MS, Thief, after, goes_on, is_prepared, log_uniform, paced, uniform,
};
use crate::synth::act::{Act, Ending, Note, Outcome};
use crate::synth::asset::Country;
use crate::synth::chance::mix;
use crate::synth::crew::{Brief, Craft, Playbook};
use crate::synth::people;
use crate::synth::stage::{Actor, Stage};
use crate::synth::story::{Story, Typology, Vector};

pub(crate) const PLAYBOOK: Playbook =
    Playbook { typology: Typology::SmsPumping, events: 265.0, least: 8.0, begin };

/// Codes of an attack, even on the logarithm, and the fewest that still show what it is.
const CODES: (f64, f64) = (1_000.0, 8_000.0);
const CODES_MIN: f64 = 60.0;
/// Codes at one visit of an account, and the fewest.
const AT_A_VISIT: (f64, f64) = (6.0, 24.0);
const AT_A_VISIT_MIN: f64 = 2.0;
/// From one code to the next, and from one visit to the next, in seconds.
const RESEND_S: (f64, f64) = (4.0, 35.0);
const VISIT_S: (f64, f64) = (30.0, 400.0);
/// A crew that was slowed lets an account alone for so long, in hours.
const ALONE_H: f64 = 1.1;
const ACCOUNTS: (i64, i64) = (2, 6);
const ACCOUNTS_MAX: usize = 60;
/// Share of robots on emulators.
const EMULATED: f64 = 0.5;
/// Share of visits in which the password is wrong and a code is asked for to reset it.
const FORGOTTEN: f64 = 0.2;
/// Visits in a row that were stopped before the robot leaves the account.
const STOPS_MAX: u8 = 6;

/// Numbers of dear networks: country and first three digits, and the country that they claim.
const PREFIXES: [(&str, Country); 10] = [
    ("994501", Country(*b"AZ")),
    ("992918", Country(*b"TJ")),
    ("998901", Country(*b"UZ")),
    ("996555", Country(*b"KG")),
    ("371200", Country(*b"LV")),
    ("370600", Country(*b"LT")),
    ("234803", Country(*b"NG")),
    ("880171", Country(*b"BD")),
    ("213661", Country(*b"DZ")),
    ("62812", Country(*b"ID")),
];
/// Ordinary numbers that a careful robot mixes in.
const ORDINARY: [&str; 4] = ["1415", "44771", "60123", "65912"];

/// A robot that asks for codes.
#[derive(Debug)]
struct Pump {
    brief: Brief,
    exit: Exit,
    den: Country,
    address: u64,
    is_emulated: bool,
    codes_left: u32,
    accounts: Vec<u64>,
    accounts_wanted: usize,
    turn: usize,
    /// The prefix of the hour.
    prefix: usize,
    stops: u8,
}

fn begin(stage: &mut Stage<'_>, brief: Brief) -> Option<Box<dyn Actor>> {
    let craft = stage.craft(brief.crew);
    let (ground, address) = (stage.ground, stage.key());
    let chance = &mut stage.chance;
    let pump = Pump {
        brief,
        exit: Exit::draw(&craft, chance),
        den: ground.atlas.home_country(&ground.settings, chance),
        address,
        is_emulated: chance.hit(EMULATED),
        codes_left: (log_uniform(chance, CODES) * brief.size).max(CODES_MIN) as u32,
        accounts: Vec::new(),
        accounts_wanted: chance.between(ACCOUNTS.0, ACCOUNTS.1) as usize,
        turn: 0,
        prefix: chance.below(PREFIXES.len() as u64) as usize,
        stops: 0,
    };
    Some(Box::new(pump))
}

/// Codes that a crew asks for at a visit: fewer the slower it has become.
fn codes_at_visit(usual: f64, craft: &Craft) -> u32 {
    (usual * craft.pace.min(1.0)).max(AT_A_VISIT_MIN).round() as u32
}

impl Actor for Pump {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let next_ms = self.act(stage);
        if next_ms.is_none() {
            // Nobody comes back to these accounts.
            for account in self.accounts.drain(..) {
                stage.accounts.remove(account);
            }
        }
        next_ms
    }
}

impl Pump {
    fn act(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let craft = stage.craft(self.brief.crew);
        let target = (self.accounts_wanted * craft.spread.max(1) as usize).min(ACCOUNTS_MAX);
        let ((outcome, thief), goes_on) = if self.accounts.len() < target {
            let opened = self.open(stage, &craft);
            (opened, is_prepared(stage, self.brief.crew, &opened.0))
        } else {
            let visited = self.visit(stage, &craft)?;
            (visited, goes_on(stage, self.brief.crew, &visited.0))
        };
        if outcome.ending == Ending::Void || !goes_on {
            return None;
        }
        self.stops = if outcome.ending.is_stopped() { self.stops + 1 } else { 0 };
        if STOPS_MAX <= self.stops {
            return None;
        }
        // Who is not let in asks for no code there.
        let sent_ms = match outcome.ending.is_done() {
            true => self.ask(stage, &craft, &thief, outcome.at_ms),
            false => outcome.at_ms,
        };
        if self.codes_left == 0 {
            return None;
        }
        let gap_ms = self.gap_ms(stage, &craft);
        Some(after(&Outcome { at_ms: sent_ms, ..outcome }, gap_ms))
    }

    fn story(&self) -> Story {
        let Brief { episode, crew, .. } = self.brief;
        Story::fraud(Typology::SmsPumping, Vector::V9, episode, crew)
    }

    /// Until the next visit; a slowed crew comes back to an account when its hour is over.
    fn gap_ms(&self, stage: &mut Stage<'_>, craft: &Craft) -> f64 {
        let gap_ms = paced(uniform(&mut stage.chance, VISIT_S) * 1_000.0, craft);
        if 1.0 <= craft.pace {
            return gap_ms;
        }
        gap_ms.max(ALONE_H * HOUR_MS / self.accounts.len().max(1) as f64)
    }

    fn address_of(&self, craft: &Craft, turn: usize) -> u64 {
        mix(self.address, (turn % craft.spread.max(1) as usize) as u64)
    }

    /// Another account, in the country of the prefix or of a decent one.
    fn open(&mut self, stage: &mut Stage<'_>, craft: &Craft) -> (Outcome, Thief) {
        let ground = stage.ground;
        let age_ms = Thief::account_age_ms(craft, &mut stage.chance);
        let claims = if stage.chance.hit(0.5) {
            ground.atlas.home_country(&ground.settings, &mut stage.chance)
        } else {
            PREFIXES[self.prefix].1
        };
        let address = self.address_of(craft, self.accounts.len());
        let network = self.exit.network(&ground.atlas, self.den, address);
        let is_fake = self.is_emulated && !stage.chance.hit(craft.disguise);
        let device = is_fake.then(|| people::emulator(stage, craft.disguise));
        let mut thief =
            Thief::settle(stage, self.brief.crew, claims, age_ms, device, (network, None));
        let outcome = thief.enter(stage, self.story());
        if outcome.ending.is_done() {
            self.accounts.push(thief.account);
        }
        (outcome, thief)
    }

    /// Logs in to the next account.
    fn visit(&mut self, stage: &mut Stage<'_>, craft: &Craft) -> Option<(Outcome, Thief)> {
        self.turn = (self.turn + 1) % self.accounts.len();
        let account = self.accounts[self.turn];
        let known = stage.accounts.get(account)?;
        let (device, name) = (known.device, known.holder.phone);
        let address = self.address_of(craft, self.turn);
        let network = self.exit.network(&stage.ground.atlas, self.den, address);
        let session = stage.session("password", "direct");
        let thief = Thief { account, device, network, place: None, session, is_aged: true };
        let is_forgotten = stage.chance.hit(FORGOTTEN);
        let (method, outcome, streak) = match is_forgotten {
            true => ("password", "bad_password", 1),
            false => ("otp_sms", "success", 0),
        };
        let login = Act::Login { method, outcome, name, streak, code: None };
        Some((thief.attempt(stage, self.story(), &login), thief))
    }

    /// Asks for codes, one after the other; gives the time of the last.
    fn ask(&mut self, stage: &mut Stage<'_>, craft: &Craft, thief: &Thief, at_ms: i64) -> i64 {
        let usual = log_uniform(&mut stage.chance, AT_A_VISIT);
        let codes = codes_at_visit(usual, craft).min(self.codes_left);
        self.codes_left -= codes;
        if stage.chance.hit(0.1) {
            self.prefix = stage.chance.below(PREFIXES.len() as u64) as usize;
        }
        let mut sent_ms = at_ms as f64;
        for _ in 0..codes {
            let is_mixed_in = stage.chance.hit(0.4 * craft.disguise);
            let dest_prefix =
                if is_mixed_in { stage.chance.pick(&ORDINARY) } else { PREFIXES[self.prefix].0 };
            let who = thief.who(self.story());
            stage.note(sent_ms as i64, &Note::CodeSent { who: &who, dest_prefix });
            sent_ms += uniform(&mut stage.chance, RESEND_S) * 1_000.0;
        }
        sent_ms as i64
    }
}

#[cfg(test)]
mod tests {
    use features::field::{EventType, ids};

    use super::*;
    use crate::synth::fraud::cash_out::thief::played::{distinct, episodes};
    use crate::synth::tests_support::{play, text};

    /// Two attacks a day.
    const OFTEN: Playbook = Playbook { events: 80.0, ..PLAYBOOK };

    #[test]
    fn a_slowed_robot_asks_for_fewer_codes_than_a_limit_of_five_notices() {
        let naive =
            Craft { skill: 0.0, pace: 1.0, spread: 1, amount: 1.0, patience_h: 0.0, disguise: 0.0 };
        assert!(5 < codes_at_visit(AT_A_VISIT.0, &naive));
        let slow = Craft { pace: 0.15, ..naive };
        assert!(codes_at_visit(AT_A_VISIT.1, &slow) < 5);
        assert_eq!(codes_at_visit(AT_A_VISIT.0, &slow), 2);
    }

    #[test]
    fn every_prefix_is_a_country_and_three_digits() {
        for prefix in PREFIXES.map(|(prefix, _)| prefix).iter().chain(&ORDINARY) {
            assert!((4..=6).contains(&prefix.len()), "{prefix}");
            assert!(prefix.bytes().all(|byte| byte.is_ascii_digit()));
        }
    }

    #[test]
    fn codes_are_asked_for_by_the_hundred_and_never_answered() {
        let played = play(&OFTEN, 61, 6);
        let codes: Vec<_> = played
            .of(EventType::ChallengeIssued)
            .filter(|code| {
                PREFIXES.iter().any(|(prefix, _)| *prefix == text(code, ids::DEST_PREFIX))
            })
            .collect();
        let logins = played.frauds(EventType::Login).len();
        assert!(300 < codes.len(), "{} codes", codes.len());
        assert!(4 * logins < codes.len(), "{logins} logins for {} codes", codes.len());
        assert!(codes.iter().all(|code| text(code, ids::FACTOR) == "sms_otp"));
    }

    #[test]
    fn a_few_accounts_come_back_again_and_again() {
        let played = play(&OFTEN, 62, 6);
        let visits = episodes(&played, EventType::Login);
        let long: Vec<_> = visits.values().filter(|visits| 30 < visits.len()).collect();
        assert!(!long.is_empty());
        for visits in long {
            assert!(6 * distinct(visits, ids::ACCOUNT_ID) < 5 * visits.len());
        }
    }

    #[test]
    fn nothing_is_at_stake_but_the_messages() {
        let played = play(&OFTEN, 63, 6);
        assert!(played.truths.iter().all(|(_, truth)| truth.stake_fen() == 0));
    }
}
