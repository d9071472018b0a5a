//! T08, credential stuffing: pairs of names and passwords from other people's breaches, by machine.
//!
//! Of a list of tens of thousands of pairs the world shows the stretch that one run gets through
//! here. A client without a screen tries each name once to three times, from a pool of rented
//! addresses that it goes around, a few tries on each. Many names do not exist, most passwords are
//! wrong, one in hundreds is right: that account is sold on, and hours later a person takes it over
//! for little money. A blocked client slows down and moves on; crews that have learnt use more
//! addresses, more clients and handshakes like those of the app.

use super::phishing::intruder::{HOUR_MS, takes_place, victim};
use super::phishing::takeover::{Line, Means, Takeover};
use crate::synth::act::{Act, Ending, Outcome, Who};
use crate::synth::asset::{Country, Device, Network, Session};
use crate::synth::chance::{Chance, mix};
use crate::synth::crew::{Brief, Craft, Playbook, Reaction};
use crate::synth::people;
use crate::synth::stage::{Actor, Stage};
use crate::synth::story::{Story, Typology, Vector};

/// T08.
pub(crate) const PLAYBOOK: Playbook =
    Playbook { typology: Typology::CredentialStuffing, events: 420.0, least: 21.0, begin };

/// Tries of a run: the median, the deviation of its logarithm, and the fewest that are a run.
const TRIES: (f64, f64, f64) = (360.0, 0.6, 20.0);
/// Share of names that have an account here.
const KNOWN: f64 = 0.6;
/// Share of right pairs among those of names that are known, least and most of a list.
const RIGHT: (f64, f64) = (0.001, 0.02);
/// Passwords that are in a breach list are so much likelier to be the right ones.
const RIGHT_IF_BREACHED: f64 = 8.0;
/// Tries on one name, and on one address before the next.
const PER_NAME: (i64, i64) = (1, 3);
const PER_ADDRESS: (i64, i64) = (1, 5);
/// Addresses of a run that does not spread, by its tries, and the fewest.
const TRIES_OF_AN_ADDRESS: f64 = 45.0;
const ADDRESSES_MIN: u32 = 2;
/// Tries that a client makes before it passes for another one.
const TRIES_OF_A_CLIENT: (i64, i64) = (60, 400);
/// Time between tries: the median and the deviation of its logarithm; so much longer when blocked.
const GAP_MS: f64 = 1_400.0;
const GAP_SIGMA: f64 = 0.6;
const WHEN_BLOCKED: f64 = 5.0;
/// Share of addresses in data centres; the others are rented homes all over the world.
const HOSTING: f64 = 0.45;
/// Handshakes of tools have numbers from here on; apps have lower ones.
const TOOLS: u16 = 900;
/// A right pair is sold on within these hours.
const SOLD_H: (i64, i64) = (1, 48);

/// What a right password gives to whom it is sold: a small takeover.
const MEANS: Means = Means {
    typology: Typology::CredentialStuffing,
    vector: Vector::V2,
    method: "password",
    hijacked: 0.0,
    relay_ms: None,
    lured: 0.0,
    near: 0.3,
    lines: [(Line::Home, 0.2), (Line::Mobile, 0.3), (Line::Vpn, 0.35), (Line::Hosting, 0.15)],
    password_reset: 0.15,
    factor_add: 0.15,
    limit_raise: 0.05,
    other_cards: 0.1,
    share: (0.08, 0.3),
    insists: 0.4,
};

/// A run through a stretch of a list.
#[derive(Debug)]
struct Run {
    brief: Brief,
    story: Story,
    left: u32,
    right: f64,
    addresses: u32,
    client: Device,
    client_left: i64,
    network: Network,
    network_left: i64,
    session: Session,
    /// The name that is tried: the account, 0 for a name that has none, and the tries left.
    account: u64,
    name: u64,
    name_left: i64,
    streak: u16,
}

fn begin(stage: &mut Stage<'_>, brief: Brief) -> Option<Box<dyn Actor>> {
    let craft = stage.craft(brief.crew);
    let (median, sigma, fewest) = TRIES;
    let tries = stage.chance.log_normal(median, sigma) * brief.size;
    takes_place(stage, tries / fewest).then_some(())?;
    let tries = tries.max(fewest);
    let (least, most) = RIGHT;
    let right = least * (most / least).powf(stage.chance.unit());
    let addresses = ((tries / TRIES_OF_AN_ADDRESS) as u32).max(ADDRESSES_MIN) * craft.spread.max(1);
    let client = people::emulator(stage, craft.disguise);
    let session = stage.session("password", "direct");
    let network = address(stage, &craft, brief, addresses);
    Some(Box::new(Run {
        brief,
        story: Story::fraud(PLAYBOOK.typology, Vector::V9, brief.episode, brief.crew),
        left: tries as u32,
        right,
        addresses,
        client,
        client_left: stage.chance.between(TRIES_OF_A_CLIENT.0, TRIES_OF_A_CLIENT.1),
        network,
        network_left: stage.chance.between(PER_ADDRESS.0, PER_ADDRESS.1),
        session,
        account: 0,
        name: 0,
        name_left: 0,
        streak: 0,
    }))
}

/// One address of the run's pool, as its clients look from outside.
fn address(stage: &mut Stage<'_>, craft: &Craft, brief: Brief, addresses: u32) -> Network {
    let number = stage.chance.below(u64::from(addresses));
    let key = mix(brief.episode, number) >> 4;
    let ground = stage.ground;
    // What an address is does not change between two visits to it.
    let mut chance = Chance::of(ground.seed, &[key]);
    let mut network = if chance.hit(HOSTING * (1.0 - craft.disguise)) {
        ground.atlas.datacenter(key)
    } else {
        let country: Country = ground.atlas.home_country(&ground.settings, &mut chance);
        ground.atlas.residential_proxy(country, key)
    };
    if !stage.chance.hit(craft.disguise) {
        network.tls = TOOLS + (brief.crew % 5) as u16;
    }
    network
}

impl Run {
    /// Goes on to the next name, address and client where the last is used up.
    fn prepare(&mut self, stage: &mut Stage<'_>, craft: &Craft) {
        if self.name_left <= 0 {
            let known = stage.chance.hit(KNOWN).then(|| victim(stage, 0, |_| true)).flatten();
            self.account = known.unwrap_or(0);
            let account = stage.accounts.get(self.account);
            self.name = account.map_or(0, |account| account.holder.phone);
            if self.name == 0 {
                self.name = stage.key();
            }
            self.name_left = stage.chance.between(PER_NAME.0, PER_NAME.1);
            self.streak = 0;
        }
        if self.network_left <= 0 {
            self.network = address(stage, craft, self.brief, self.addresses);
            self.network_left = stage.chance.between(PER_ADDRESS.0, PER_ADDRESS.1);
            self.session = stage.session("password", "direct");
        }
        if self.client_left <= 0 {
            self.client = people::emulator(stage, craft.disguise);
            let (least, most) = TRIES_OF_A_CLIENT;
            self.client_left = stage.chance.between(least, most) / i64::from(craft.spread.max(1));
        }
    }

    /// How the try ends before anybody asks for more.
    fn result(&self, stage: &mut Stage<'_>) -> &'static str {
        let Some(account) = stage.accounts.get(self.account) else { return "unknown_account" };
        let times = if account.is_breached { RIGHT_IF_BREACHED } else { 1.0 };
        if stage.chance.hit(self.right * times) { "success" } else { "bad_password" }
    }

    /// Sells the right password on.
    fn sell(&mut self, stage: &mut Stage<'_>) {
        let buyer = Takeover::of(stage, &MEANS, self.brief, self.account, None);
        let after_ms = stage.chance.between(SOLD_H.0, SOLD_H.1) * HOUR_MS;
        if let Some(buyer) = buyer {
            stage.spawn(stage.now_ms + after_ms, Box::new(buyer));
        }
        self.name_left = 0;
    }

    fn who(&self) -> Who<'_> {
        Who {
            account: self.account,
            device: &self.client,
            network: &self.network,
            place: None,
            session: &self.session,
            story: self.story,
        }
    }

    fn attempt(&mut self, stage: &mut Stage<'_>) -> Outcome {
        let outcome = self.result(stage);
        let (name, streak) = (self.name, self.streak);
        let act = Act::Login { method: "password", outcome, name, streak, code: None };
        let ended = stage.attempt(&self.who(), &act);
        self.left -= 1;
        self.name_left -= 1;
        self.network_left -= 1;
        self.client_left -= 1;
        self.streak += 1;
        if outcome == "success" && ended.ending != Ending::Blocked {
            self.sell(stage);
        }
        ended
    }
}

impl Actor for Run {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let craft = stage.craft(self.brief.crew);
        self.prepare(stage, &craft);
        let outcome = self.attempt(stage);
        // Who has the wrong password does not learn what else would be asked.
        let is_wrong = matches!(outcome.ending, Ending::Failed | Ending::Abandoned);
        let has_quit = !is_wrong && stage.learn(self.brief.crew, &outcome) == Reaction::Quit;
        if has_quit || self.left == 0 {
            return None;
        }
        let mut gap_ms = stage.chance.log_normal(GAP_MS, GAP_SIGMA) / craft.pace;
        if outcome.ending == Ending::Blocked {
            self.network_left = 0;
            gap_ms *= WHEN_BLOCKED;
        }
        // A machine does not wait for answers that take a person's time.
        Some(stage.now_ms + 200 + gap_ms as i64)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use features::field::{EventType, ids};

    use super::*;
    use crate::synth::tests_support::{Played, honest, play, text};

    static BOOK: Playbook = PLAYBOOK;

    /// Tries of the machines, by run.
    fn runs(played: &Played) -> BTreeMap<u64, Vec<&features::event::Event>> {
        let mut runs: BTreeMap<u64, Vec<_>> = BTreeMap::new();
        for (login, truth) in played.frauds(EventType::Login) {
            if truth.vector() == Some("V9") {
                runs.entry(truth.episode()).or_default().push(login);
            }
        }
        runs
    }

    #[test]
    fn a_run_tries_many_names_a_few_times_each_and_hardly_any_password_is_right() {
        let played = play(&BOOK, 5, 5);
        let runs = runs(&played);
        assert!(!runs.is_empty());
        let mut tries: BTreeMap<(u64, &str), u32> = BTreeMap::new();
        let (mut all, mut right) = (0.0, 0.0);
        for (episode, logins) in &runs {
            for login in logins {
                all += 1.0;
                right += f64::from(u8::from(text(login, ids::OUTCOME) == "success"));
                let name = text(login, ids::LOGIN_NAME_HASH);
                if !login.has(ids::ACCOUNT_ID) {
                    *tries.entry((*episode, name)).or_default() += 1;
                }
            }
        }
        assert!(right / all < 0.05, "{right} of {all}");
        assert!(tries.values().all(|tries| (1..=3).contains(tries)));
    }

    #[test]
    fn a_run_goes_around_its_addresses() {
        let played = play(&BOOK, 6, 5);
        for logins in runs(&played).values().filter(|logins| 100 < logins.len()) {
            let addresses: BTreeSet<&str> =
                logins.iter().map(|login| text(login, ids::NETWORK_IP)).collect();
            assert!(2 <= addresses.len(), "{addresses:?}");
            let stays = logins.windows(6).filter(|six| {
                let first = text(six[0], ids::NETWORK_IP);
                six.iter().all(|login| text(login, ids::NETWORK_IP) == first)
            });
            assert!(stays.count() * 2 < logins.len());
        }
    }

    #[test]
    fn naive_tools_shake_hands_like_no_app_does() {
        let world = honest(7, 300, 3);
        let apps: BTreeSet<&str> =
            world.events.iter().filter_map(|event| event.text(ids::NETWORK_TLS_FP)).collect();
        assert!(!apps.is_empty());
        let is_tool = |print: &str| print[1..].parse().is_ok_and(|number: u16| TOOLS <= number);
        assert!(apps.iter().all(|print| !is_tool(print)), "{apps:?}");
        let played = play(&BOOK, 7, 3);
        let runs = runs(&played);
        let prints = runs.values().flatten().map(|login| text(login, ids::NETWORK_TLS_FP));
        let tools = prints.clone().filter(|print| is_tool(print)).count();
        assert!(0 < tools, "of {}", prints.count());
    }

    #[test]
    fn an_episode_has_as_many_events_as_the_playbook_says() {
        let measured = play(&BOOK, 9, 30).events_per_episode();
        assert!((0.67..1.5).contains(&(measured / BOOK.events)), "{measured}");
    }
}
