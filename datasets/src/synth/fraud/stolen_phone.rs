//! T23, a stolen unlocked phone, or one with malware on it: everything looks like the owner.
//!
//! A thief snatches a phone while it is open, makes its biometric or its PIN his own, links a card
//! from the same bag or cards that he has from elsewhere, and spends in the shops around within the
//! hour, until the phone is locked or wiped. Malware does the like from afar, at night, over the
//! owner's own line, and buys online. Thieves who saw the PIN change nothing. There is no time for
//! patience here: the owner will notice; crews that have learnt take less and buy what anybody
//! buys.

use super::phishing::intruder::{
    DAY_MS, HOUR_MS, Intruder, MINUTE_MS, Turn, at_home, beside, heed, reach_fen, takes_place,
    victim,
};
use super::phishing::spree::{Plan, Spree};
use crate::synth::act::Outcome;
use crate::synth::asset::{Account, Card, Country, Persona, probe};
use crate::synth::chance::Chance;
use crate::synth::crew::{Brief, Playbook};
use crate::synth::people;
use crate::synth::resident::customer::Spot;
use crate::synth::stage::{Actor, Stage};
use crate::synth::story::{Story, Typology, Vector};

/// T23.
pub(crate) const PLAYBOOK: Playbook =
    Playbook { typology: Typology::StolenPhone, events: 7.0, least: 7.0, begin };

/// Share of phones that are snatched; the others have malware on them.
const SNATCHED: f64 = 0.72;
/// Share of victims that are looked for among those who live where the wallet is used.
const RESIDENT: f64 = 0.5;
/// Shares of thieves who enrol their own finger, and who set a new PIN.
const NEW_BIOMETRIC: f64 = 0.5;
const NEW_PIN: f64 = 0.5;
/// Shares of thieves who link a card from the same bag, and cards that they have from elsewhere.
const CARD_FROM_BAG: f64 = 0.3;
const CARDS_FROM_ELSEWHERE: f64 = 0.25;
const CARDS_MAX: i64 = 3;
/// Signs of malware, and how often each shows.
const OVERLAY: f64 = 0.6;
const CONTROLLED: f64 = 0.35;
/// Minutes that the spending takes.
const SPREE_MIN: (f64, f64) = (5.0, 60.0);
const PURCHASES: (i64, i64) = (3, 9);
/// Share of what can be reached that is taken.
const SHARE: (f64, f64) = (0.25, 0.9);
/// However careful he is, a thief has no more time than this stretches it to.
const PACE_MIN: f64 = 0.2;
/// Malware works between these hours of the owner's night.
const NIGHT_H: (i64, i64) = (1, 5);
/// Time between two acts, in seconds.
const DWELL_S: (i64, i64) = (15, 90);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    AwaitNight,
    SetPin,
    Link,
    Spend,
}

/// A phone in the wrong hands.
#[derive(Debug)]
struct Theft {
    brief: Brief,
    /// The thief, on the owner's phone.
    thief: Intruder,
    phase: Phase,
    /// Cards still to be linked: of the owner, then of others.
    from_bag: u8,
    from_elsewhere: u8,
    tried: u8,
    spree: Spree,
}

fn begin(stage: &mut Stage<'_>, brief: Brief) -> Option<Box<dyn Actor>> {
    takes_place(stage, brief.size).then_some(())?;
    let is_resident = stage.chance.hit(RESIDENT);
    let is_trusted = |account: &Account| account.trusted_ms != 0;
    let lives_here = |account: &Account| !is_resident || account.persona == Persona::Resident;
    let key = victim(stage, DAY_MS, |account| is_trusted(account) && lives_here(account))
        .or_else(|| victim(stage, DAY_MS, is_trusted))?;
    let account = stage.accounts.get(key)?.clone();
    let theft = if stage.chance.hit(SNATCHED) {
        snatch(stage, brief, &account)
    } else {
        infect(stage, brief, &account)
    };
    Some(Box::new(theft))
}

/// A phone that is snatched in the street, in China.
fn snatch(stage: &mut Stage<'_>, brief: Brief, account: &Account) -> Theft {
    let craft = stage.craft(brief.crew);
    let (now_ms, ground) = (stage.now_ms, stage.ground);
    let Spot { network, place: home } = at_home(stage, account);
    let chance = &mut stage.chance;
    let is_local = account.home.country == Country::CN;
    let city = if is_local { account.home.city } else { ground.atlas.china(chance) };
    // Where a traveller is the world does not tell, so his phone does not either.
    let place = home.filter(|_| is_local).map(|place| beside(place, chance));
    let mut device = account.device;
    let is_enrolled = chance.hit(NEW_BIOMETRIC);
    if is_enrolled {
        device.bio_enrolled_ms = now_ms;
        device.probes |= probe::BIO_CHANGED;
    }
    let (least, most) = SPREE_MIN;
    let minutes = (least * (most / least).powf(chance.unit())) as i64;
    let plan = plan(chance, account, minutes, Some(city));
    let spree = Spree::of(chance, &craft, &plan);
    let phase = if chance.hit(NEW_PIN) { Phase::SetPin } else { Phase::Link };
    let from_bag = u8::from(chance.hit(CARD_FROM_BAG));
    let has_others = chance.hit(CARDS_FROM_ELSEWHERE);
    let from_elsewhere = if has_others { chance.between(1, CARDS_MAX) as u8 } else { 0 };
    let session = stage.session(if is_enrolled { "biometric" } else { "pin" }, "direct");
    let story = Story::fraud(PLAYBOOK.typology, Vector::V5, brief.episode, brief.crew);
    let thief = Intruder { victim: account.key, device, network, place, session, story };
    Theft { brief, thief, phase, from_bag, from_elsewhere, tried: 0, spree }
}

/// A phone that somebody works from afar.
fn infect(stage: &mut Stage<'_>, brief: Brief, account: &Account) -> Theft {
    let craft = stage.craft(brief.crew);
    let Spot { network, place } = at_home(stage, account);
    let chance = &mut stage.chance;
    let mut device = account.device;
    for (sign, shown) in [(probe::OVERLAY, OVERLAY), (probe::REMOTE_CONTROL, CONTROLLED)] {
        if chance.hit(shown * (1.0 - craft.disguise)) {
            device.probes |= sign;
        }
    }
    let minutes = chance.between(20, 60);
    let plan = plan(chance, account, minutes, None);
    let spree = Spree::of(chance, &craft, &plan);
    let session = stage.session("pin", "direct");
    let story = Story::fraud(PLAYBOOK.typology, Vector::V5, brief.episode, brief.crew);
    let thief = Intruder { victim: account.key, device, network, place, session, story };
    let phase = Phase::AwaitNight;
    Theft { brief, thief, phase, from_bag: 0, from_elsewhere: 0, tried: 0, spree }
}

fn plan(chance: &mut Chance, account: &Account, minutes: i64, city: Option<u16>) -> Plan {
    let (least, most) = SHARE;
    let share = least + (most - least) * chance.unit();
    let fen = (reach_fen(account) as f64 * share) as i64;
    Plan { fen, purchases: PURCHASES, minutes, city, pace_min: PACE_MIN }
}

/// How long it is until the night of a place with this offset from UTC; nothing when it is night.
fn until_night_ms(now_ms: i64, tz_offset_min: i16) -> i64 {
    let local_ms = (now_ms + i64::from(tz_offset_min) * MINUTE_MS).rem_euclid(DAY_MS);
    let (from_h, to_h) = NIGHT_H;
    let is_night = (from_h * HOUR_MS..to_h * HOUR_MS).contains(&local_ms);
    if is_night { 0 } else { (from_h * HOUR_MS - local_ms).rem_euclid(DAY_MS) }
}

/// A card of the account's holder that is not linked: what else was in the bag.
fn card_from_bag(stage: &Stage<'_>, account: &Account) -> Option<Card> {
    let cards =
        (0..people::pocket(account)).map(|place| people::own_card(stage.ground, account, place));
    let is_linked = |card: &Card| account.cards.iter().any(|linked| linked.key == card.key);
    let card = cards.into_iter().find(|card| !is_linked(card))?;
    Some(Card { is_stolen: true, ..card })
}

impl Theft {
    fn await_night(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        self.phase = Phase::Spend;
        let wait_ms = until_night_ms(stage.now_ms, self.thief.device.tz_offset_min);
        let late_ms = stage.chance.below(90) as i64 * MINUTE_MS;
        self.thief.session.since_ms = stage.now_ms + wait_ms + late_ms;
        Some(self.thief.session.since_ms + MINUTE_MS)
    }

    fn set_pin(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let outcome = self.thief.change(stage, ("pin", None), None, "user");
        self.phase = Phase::Link;
        self.go_on(stage, &outcome)
    }

    /// Links the next card, or goes shopping when there is none.
    fn link(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let account = stage.accounts.get(self.thief.victim)?;
        let from_bag = card_from_bag(stage, account).filter(|_| 0 < self.from_bag);
        let card = match from_bag {
            Some(card) => {
                self.from_bag -= 1;
                card
            }
            None if 0 < self.from_elsewhere => {
                self.from_elsewhere -= 1;
                let ground = stage.ground;
                let country = ground.atlas.home_country(&ground.settings, &mut stage.chance);
                people::stolen_card(stage, self.brief.crew, country)
            }
            None => {
                self.phase = Phase::Spend;
                return self.spend(stage);
            }
        };
        self.tried += 1;
        let outcome = self.thief.link(stage, &card, self.tried);
        self.go_on(stage, &outcome)
    }

    fn go_on(&mut self, stage: &mut Stage<'_>, outcome: &Outcome) -> Option<i64> {
        if heed(stage, self.brief.crew, self.thief.victim, outcome).is_some() {
            return None;
        }
        Some(outcome.at_ms + stage.chance.between(DWELL_S.0, DWELL_S.1) * 1_000)
    }

    fn spend(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        match self.spree.step(stage, &self.thief, self.brief.crew) {
            Turn::Next(at_ms) => Some(at_ms),
            Turn::Leave | Turn::Quit => None,
        }
    }
}

impl Actor for Theft {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        // An owner who has another phone by now has shut this one out.
        let own = stage.accounts.get(self.thief.victim)?.device.key;
        if own != self.thief.device.key {
            return None;
        }
        match self.phase {
            Phase::AwaitNight => self.await_night(stage),
            Phase::SetPin => self.set_pin(stage),
            Phase::Link => self.link(stage),
            Phase::Spend => self.spend(stage),
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

    #[test]
    fn malware_waits_for_the_owners_night() {
        let noon_ms = 1_788_220_800_000 + 12 * HOUR_MS;
        assert_eq!(until_night_ms(noon_ms, 0), 13 * HOUR_MS);
        assert_eq!(until_night_ms(noon_ms, 8 * 60), 5 * HOUR_MS);
        assert_eq!(until_night_ms(noon_ms, -10 * 60), 0);
    }

    #[test]
    fn everything_is_done_on_the_owners_phone() {
        let played = play(&BOOK, 5, 8);
        let frauds = played.truths.iter().filter(|(_, truth)| truth.typology().is_some());
        let frauds: Vec<_> = frauds.map(|(place, _)| &played.events[*place]).collect();
        assert!(30 < frauds.len(), "{}", frauds.len());
        assert!(frauds.iter().all(|event| event.has(ids::AUTH_CTX_DEVICE_TRUSTED_SINCE_MS)));
        let changed = frauds.iter().filter(|e| e.number(ids::DEVICE_BIO_CHANGED) == 1.0).count();
        assert!(0 < changed && changed < frauds.len(), "{changed} of {}", frauds.len());
        assert!(!played.frauds(EventType::ProfileChange).is_empty());
        assert!(!played.frauds(EventType::CardLink).is_empty());
    }

    #[test]
    fn the_spending_is_over_before_the_owner_can_do_much() {
        let played = play(&BOOK, 6, 8);
        let mut spans: BTreeMap<u64, (i64, i64)> = BTreeMap::new();
        for (payment, truth) in played.frauds(EventType::Payment) {
            assert_eq!(truth.vector(), Some("V5"));
            let time_ms = payment.time();
            let span = spans.entry(truth.episode()).or_insert((time_ms, time_ms));
            *span = (span.0.min(time_ms), span.1.max(time_ms));
        }
        assert!(5 < spans.len());
        assert!(spans.values().all(|(first, last)| last - first < 6 * HOUR_MS), "{spans:?}");
        let shops = played.frauds(EventType::Payment);
        assert!(shops.iter().any(|(payment, _)| text(payment, ids::KIND).contains("qr")));
    }

    #[test]
    fn an_episode_has_as_many_events_as_the_playbook_says() {
        let measured = play(&BOOK, 9, 10).events_per_episode();
        assert!((0.67..1.5).contains(&(measured / BOOK.events)), "{measured}");
    }
}
