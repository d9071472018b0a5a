//! T02, enumeration of a card range: which numbers of this issuer exist?
//!
//! A robot runs through the account numbers of one eight-digit range, each with its proper check
//! digit and a guessed date and security code, and links every one of them somewhere. Nearly all
//! are refused; a hit in a hundred is what it is for. Devices are emulated and thrown away after
//! some tries, addresses change with them, accounts are opened by the dozen and used in turn. A
//! robot does not wait for answers and does not mind single stops. A crew that was stopped in rows
//! slows down, changes devices sooner, and works on several ranges at once so that each of them
//! sees less than what an alarm counts.

use super::cash_out::thief::{Exit, HOUR_MS, Thief, is_good, log_uniform, paced, uniform, verdict};
use crate::synth::act::{Act, Ending, Outcome};
use crate::synth::asset::{Card, Country, Device, Health, Network};
use crate::synth::chance::{Chance, mix};
use crate::synth::crew::{Brief, Craft, Playbook, Reaction};
use crate::synth::people;
use crate::synth::stage::{Actor, Stage};
use crate::synth::story::{Story, Typology, Vector};

pub(crate) const PLAYBOOK: Playbook =
    Playbook { typology: Typology::BinEnumeration, events: 78_000.0, least: 140.0, begin };

/// Attempts of an attack, even on the logarithm, and the fewest that still show what it is.
const ATTEMPTS: (f64, f64) = (2_000.0, 400_000.0);
const ATTEMPTS_MIN: f64 = 120.0;
/// How long it lasts, likewise; and the gap between attempts that this is held to, in milliseconds.
const HOURS: (f64, f64) = (0.2, 48.0);
const GAP_MS: (f64, f64) = (20.0, 8_000.0);
/// Share of the numbers that exist and whose date and code were guessed.
const HIT_RATE: (f64, f64) = (0.002, 0.018);
/// Tries on one device before it is thrown away.
const TRIES: (f64, f64) = (3.0, 120.0);
const TRIES_MIN: f64 = 2.0;
/// Accounts of an attack, beyond which they are used again.
const ACCOUNTS: (f64, f64) = (6.0, 60.0);
const ACCOUNTS_MAX: f64 = 400.0;
/// Share of devices that are emulated; the others are racks of old phones.
const EMULATED: f64 = 0.75;
/// Ranges that are tried at the same time, at most.
const RANGES_MAX: u32 = 8;
/// Stops in a row that a robot does not notice.
const STOPS_UNNOTICED: u8 = 3;
/// Account numbers of a range: the digits between the range and the check digit.
const NUMBERS: u64 = 10_000_000;

/// The check digit that follows these digits.
fn check_digit(number: u64) -> u64 {
    let (mut sum, mut left, mut is_doubled) = (0, number, true);
    while 0 < left {
        let digit = left % 10;
        let twice = 2 * digit;
        sum += if is_doubled { twice / 10 + twice % 10 } else { digit };
        left /= 10;
        is_doubled = !is_doubled;
    }
    (10 - sum % 10) % 10
}

/// The last four digits of an account number of a range.
fn last4(bin8: u32, number: u64) -> u16 {
    let digits = u64::from(bin8) * NUMBERS + number % NUMBERS;
    (digits % 1_000 * 10 + check_digit(digits)) as u16
}

/// A robot and its attack.
#[derive(Debug)]
struct Robot {
    brief: Brief,
    exit: Exit,
    den: Country,
    /// Where the issuers of the ranges are.
    from: Country,
    /// The first of its ranges; another after it was changed.
    range: u64,
    /// Where it starts in a range, and how far it steps.
    first: u64,
    stride: u64,
    tried: u64,
    attempts_left: u32,
    gap_ms: f64,
    hit_rate: f64,
    accounts: Vec<u64>,
    accounts_wanted: f64,
    tries: f64,
    /// The seat: who tries, and how often still.
    seat: Option<Thief>,
    tries_left: u32,
    tried_in_session: u8,
    stops: u8,
}

fn begin(stage: &mut Stage<'_>, brief: Brief) -> Option<Box<dyn Actor>> {
    let craft = stage.craft(brief.crew);
    let (ground, range) = (stage.ground, stage.key());
    let chance = &mut stage.chance;
    let attempts = log_uniform(chance, ATTEMPTS);
    let gap_ms = log_uniform(chance, HOURS) * HOUR_MS / attempts;
    let robot = Robot {
        brief,
        exit: Exit::draw(&craft, chance),
        den: ground.atlas.home_country(&ground.settings, chance),
        from: ground.atlas.home_country(&ground.settings, chance),
        range,
        first: chance.below(NUMBERS),
        // Neighbours in a row, or far apart for those who hide; odd, so that none comes twice.
        stride: if is_good(&craft, chance) { 2 * chance.below(NUMBERS / 2) + 1 } else { 1 },
        tried: 0,
        attempts_left: (attempts * brief.size).max(ATTEMPTS_MIN) as u32,
        gap_ms: gap_ms.clamp(GAP_MS.0, GAP_MS.1),
        hit_rate: log_uniform(chance, HIT_RATE),
        accounts: Vec::new(),
        accounts_wanted: log_uniform(chance, ACCOUNTS),
        tries: log_uniform(chance, TRIES),
        seat: None,
        tries_left: 0,
        tried_in_session: 0,
        stops: 0,
    };
    Some(Box::new(robot))
}

impl Actor for Robot {
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

impl Robot {
    fn act(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let craft = stage.craft(self.brief.crew);
        let (outcome, span_ms, told) = match self.seat(stage, &craft) {
            Some(thief) => {
                let (outcome, span_ms) = self.guess(stage, &craft, &thief);
                let is_stopped = outcome.ending.is_stopped();
                self.stops = if is_stopped { self.stops.saturating_add(1) } else { 0 };
                (outcome, span_ms, verdict(&outcome, self.stops, STOPS_UNNOTICED))
            }
            None => {
                let (outcome, span_ms) = self.open(stage, &craft);
                (outcome, span_ms, Some(outcome).filter(|told| told.ending.is_stopped()))
            }
        };
        match told.map(|told| stage.learn(self.brief.crew, &told)) {
            Some(Reaction::Quit) => return None,
            Some(Reaction::Change) => self.change(stage),
            Some(Reaction::Continue) | None => {}
        }
        if self.attempts_left == 0 || outcome.ending == Ending::Void {
            return None;
        }
        // It does not wait for the answer.
        Some(stage.now_ms + span_ms.max(1.0) as i64)
    }

    fn story(&self) -> Story {
        let Brief { episode, crew, .. } = self.brief;
        Story::fraud(Typology::BinEnumeration, Vector::V9, episode, crew)
    }

    /// Until the next try.
    fn gap_ms(&self, craft: &Craft, chance: &mut Chance) -> f64 {
        chance.exponential(paced(self.gap_ms, craft))
    }

    /// A card of one of the ranges, as the atlas draws it from the range's name: the same each time.
    fn range_card(&self, stage: &Stage<'_>, craft: &Craft) -> Card {
        let ranges = craft.spread.clamp(1, RANGES_MAX);
        let name = [self.range, self.tried % u64::from(ranges)];
        let mut chance = Chance::of(stage.ground.seed, &name);
        stage.ground.atlas.card(self.from, stage.now_ms, &mut chance)
    }

    /// Tries the next number.
    fn guess(&mut self, stage: &mut Stage<'_>, craft: &Craft, thief: &Thief) -> (Outcome, f64) {
        let (key, name) = (stage.key(), stage.key());
        let range = self.range_card(stage, craft);
        let number = (self.first + self.tried.wrapping_mul(self.stride)) % NUMBERS;
        let chance = &mut stage.chance;
        let is_hit = chance.hit(self.hit_rate);
        let month = 1 + chance.below(12) as u32;
        let card = Card {
            key,
            name,
            last4: last4(range.bin8, number),
            expiry_ym: range.expiry_ym / 100 * 100 + month,
            health: if is_hit { Health::Live } else { Health::Invalid },
            is_stolen: true,
            ..range
        };
        self.tried += 1;
        self.attempts_left -= 1;
        self.tries_left -= 1;
        self.tried_in_session = self.tried_in_session.saturating_add(1);
        let link = Act::Link {
            card: &card,
            entry: "manual",
            entry_ms: chance.log_normal(420.0, 0.6) as u32,
            is_pasted: chance.hit(0.5),
            knows_cvv: is_hit,
            attempt: self.tried_in_session,
        };
        let outcome = thief.attempt(stage, self.story(), &link);
        (outcome, self.gap_ms(craft, &mut stage.chance))
    }

    /// Who tries next. A used-up device is thrown away for another one on another address, and one
    /// of the accounts goes with it, by the tokens that the robot copied; `None` while it wants more
    /// accounts than it has.
    fn seat(&mut self, stage: &mut Stage<'_>, craft: &Craft) -> Option<Thief> {
        if 0 < self.tries_left {
            return self.seat;
        }
        let wanted = self.accounts_wanted * f64::from(craft.spread.max(1));
        if self.accounts.len() < wanted.min(ACCOUNTS_MAX) as usize {
            return None;
        }
        let (device, network) = self.client(stage, craft);
        let account = stage.chance.pick(&self.accounts);
        let session = stage.session("password", "direct");
        self.seat = Some(Thief { account, device, network, place: None, session, is_aged: true });
        self.seat
    }

    /// Opens another account, or enters a bought one, on a device and address of its own.
    fn open(&mut self, stage: &mut Stage<'_>, craft: &Craft) -> (Outcome, f64) {
        let (device, network) = self.client(stage, craft);
        let age_ms = Thief::account_age_ms(craft, &mut stage.chance);
        let mut thief =
            Thief::settle(stage, self.brief.crew, self.from, age_ms, Some(device), (network, None));
        let outcome = thief.enter(stage, self.story());
        if outcome.ending.is_done() {
            self.accounts.push(thief.account);
            self.seat = Some(thief);
        } else {
            self.tries_left = 0;
        }
        (outcome, self.gap_ms(craft, &mut stage.chance).max(3_000.0))
    }

    /// A device and an address, for so many tries.
    fn client(&mut self, stage: &mut Stage<'_>, craft: &Craft) -> (Device, Network) {
        let tries = self.tries / f64::from(craft.spread.max(1));
        let tries = tries * uniform(&mut stage.chance, (0.5, 1.5));
        self.tries_left = tries.max(TRIES_MIN) as u32;
        self.tried_in_session = 0;
        let address = stage.key();
        let network = self.exit.network(&stage.ground.atlas, self.den, address);
        (self.device(stage, craft), network)
    }

    fn device(&self, stage: &mut Stage<'_>, craft: &Craft) -> Device {
        if stage.chance.hit(EMULATED) && !is_good(craft, &mut stage.chance) {
            people::emulator(stage, craft.disguise)
        } else {
            people::phone(stage, self.from)
        }
    }

    /// After a lesson: a fresh seat, and half the time another issuer's range.
    fn change(&mut self, stage: &mut Stage<'_>) {
        self.tries_left = 0;
        self.stops = 0;
        if stage.chance.hit(0.5) {
            let ground = stage.ground;
            self.from = ground.atlas.home_country(&ground.settings, &mut stage.chance);
            self.range = mix(self.range, 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use features::field::{EventType, ids};

    use super::*;
    use crate::synth::fraud::cash_out::thief::played::{distinct, episodes, median};
    use crate::synth::tests_support::{Played, play};

    /// Attacks that are a few dozen times smaller, and more of them.
    const SMALL: Playbook = Playbook { events: 8_000.0, ..PLAYBOOK };

    fn played(seed: u64) -> Played {
        play(&SMALL, seed, 10)
    }

    #[test]
    fn check_digits_are_those_of_known_test_numbers() {
        assert_eq!(check_digit(411_111_111_111_111), 1);
        assert_eq!(check_digit(555_555_555_555_444), 4);
        assert_eq!(check_digit(601_111_111_111_111), 7);
    }

    #[test]
    fn neighbours_of_a_range_end_in_numbers_close_to_each_other() {
        let ends: Vec<i32> = (0..50).map(|n| i32::from(last4(40_000_000, 1_234 + n))).collect();
        for pair in ends.windows(2) {
            let step = (pair[1] - pair[0]).rem_euclid(10_000);
            assert!((1..20).contains(&step), "{} after {}", pair[1], pair[0]);
        }
    }

    #[test]
    fn a_robot_tries_many_numbers_of_one_range_quickly() {
        let played = played(21);
        let episodes = episodes(&played, EventType::CardLink);
        let attempts = episodes.values().map(|links| links.len() as f64).collect();
        assert!(ATTEMPTS_MIN <= median(attempts));
        for links in episodes.values() {
            assert!(20 * distinct(links, ids::CARD_BIN8) < links.len());
            let gaps = links.windows(2).map(|pair| (pair[1].0.time() - pair[0].0.time()) as f64);
            assert!(median(gaps.collect()) < 9_000.0);
        }
    }

    #[test]
    fn nearly_all_that_a_robot_tries_is_refused() {
        let played = played(22);
        let links = played.frauds(EventType::CardLink).len() as f64;
        let answers = played.of(EventType::AuthResult);
        let approved = answers.filter(|answer| answer.json().contains("\"approved\"")).count();
        // Customers link cards too, and are answered; there are few of them.
        assert!((approved as f64) < 0.2 * links, "{approved} of {links}");
    }

    #[test]
    fn a_robot_is_spread_over_devices_and_addresses() {
        let played = played(23);
        for links in episodes(&played, EventType::CardLink).values() {
            assert!(2 <= distinct(links, ids::DEVICE_DEVICE_ID));
            let addresses = distinct(links, ids::NETWORK_IP);
            assert!(2 <= addresses, "{addresses} for {} tries", links.len());
        }
    }
}
