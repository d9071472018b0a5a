//! Small worlds for story tests: all of it, or one fraud story among a few hundred customers.

use features::event::Event;
use features::field::{EventType, FieldId};

use super::atlas::Atlas;
use super::batch::{Kind, Truth};
use super::crew::{Playbook, Underworld};
use super::population::Population;
use super::stage::Actor;
use super::wallet::{PlainWallet, Wallet};
use super::{Happenings, Options, Peak, Settings, Shard, World};

/// What a small world gave.
pub(crate) struct Played {
    /// Events in the order of time, labels among them.
    pub(crate) events: Vec<Event>,
    /// The truth of some, with the place of its event.
    pub(crate) truths: Vec<(usize, Truth)>,
    /// The lines, as they were written.
    pub(crate) lines: Vec<String>,
}

impl Played {
    /// Events of one type that are fraud, with their truths.
    pub(crate) fn frauds(&self, event_type: EventType) -> Vec<(&Event, &Truth)> {
        let all = self.truths.iter().filter(|(_, truth)| truth.typology().is_some());
        let all = all.map(|(place, truth)| (&self.events[*place], truth));
        all.filter(|(event, _)| event.event_type() == event_type).collect()
    }

    /// Events of one type.
    pub(crate) fn of(&self, event_type: EventType) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(move |event| event.event_type() == event_type)
    }

    /// Fraud events (scored attempts with a typology) over the episodes that had any.
    pub(crate) fn events_per_episode(&self) -> f64 {
        let frauds: Vec<u64> = self
            .truths
            .iter()
            .filter(|(_, truth)| truth.typology().is_some())
            .map(|(_, truth)| truth.episode())
            .collect();
        let mut episodes = frauds.clone();
        episodes.sort_unstable();
        episodes.dedup();
        frauds.len() as f64 / episodes.len().max(1) as f64
    }
}

/// The text of a field, for asserts.
pub(crate) fn text(event: &Event, field: FieldId) -> &str {
    event.text(field).unwrap_or("")
}

/// First of September 2026.
pub(crate) const START_MS: i64 = 1_788_220_800_000;

/// A world of honest customers only.
pub(crate) fn honest(seed: u64, accounts: u32, days: u32) -> Played {
    run(seed, accounts, days, &mut PlainWallet, None)
}

/// A world of 300 honest customers and this fraud alone, so often that there is much of it.
pub(crate) fn play(playbook: &'static Playbook, seed: u64, days: u32) -> Played {
    play_against(playbook, seed, days, &mut PlainWallet)
}

/// The same against another wallet.
pub(crate) fn play_against(
    playbook: &'static Playbook,
    seed: u64,
    days: u32,
    wallet: &mut dyn Wallet,
) -> Played {
    run(seed, 300, days, wallet, Some(playbook))
}

fn run(
    seed: u64,
    accounts: u32,
    days: u32,
    wallet: &mut dyn Wallet,
    playbook: Option<&'static Playbook>,
) -> Played {
    let mut settings = Settings::default();
    // One story has the weight of all, and there is at least an episode or two a day.
    settings.fraud.prevalence_bps = 9_000.0;
    settings.fraud.begin_at_once();
    for plan in &mut settings.fraud.typologies {
        plan.weight = 0.0;
    }
    if let Some(playbook) = playbook {
        settings.fraud.typologies[playbook.typology as usize].weight = 1.0;
    }
    let atlas = Atlas::built_in();
    let peaks = vec![Peak::GoldenWeek, Peak::NewYear, Peak::LabourDay];
    let options = Options { seed, days, accounts, start_ms: START_MS, peaks, settings, atlas };
    let mut world = World::new(options).unwrap();
    let mut roots: Vec<Box<dyn Actor>> =
        vec![Box::new(Population::new(0..accounts)), Box::new(Happenings)];
    if let Some(playbook) = playbook {
        roots.push(Box::new(Underworld::of(vec![playbook])));
    }
    world.shards = vec![Shard::with(&world.ground, 0, 0..accounts, roots)];
    let mut played = Played { events: Vec::new(), truths: Vec::new(), lines: Vec::new() };
    while world.play_step(wallet) {
        for emitted in world.events() {
            if let Some(truth) = emitted.truth {
                assert_eq!(emitted.kind, Kind::Scored);
                played.truths.push((played.events.len(), *truth));
            }
            let event = Event::read(emitted.line.as_bytes(), None)
                .unwrap_or_else(|faults| panic!("{}: {faults:?}", emitted.line));
            assert!(event.warnings().is_empty(), "{}: {:?}", emitted.line, event.warnings());
            played.events.push(event);
            played.lines.push(emitted.line.to_owned());
        }
    }
    played
}
