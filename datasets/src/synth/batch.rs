//! What a stretch of the world gave: lines in order, and the truth of some of them.

use std::io::Write as _;

use super::act::Ending;
use super::story::{LookAlike, Story, Typology, Vector};
use super::wire::EventId;

/// Which file a line goes to, and whether the wallet is asked about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An event on which the wallet decides.
    Scored,
    /// Any other event.
    Recorded,
    /// A label, at the time it became known.
    Label,
}

/// The truth behind a scored event, which no event shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Truth {
    event: EventId,
    story: Story,
    loss_fen: i64,
    is_stopped: bool,
}

impl Truth {
    pub(super) fn of(event: EventId, story: &Story, ending: Ending) -> Truth {
        let loss_fen = if ending.is_done() { story.stake_fen } else { 0 };
        Truth { event, story: *story, loss_fen, is_stopped: ending.is_stopped() }
    }

    /// Code of the fraud story, `T01` to `T24`; `None` for an honest act.
    pub fn typology(&self) -> Option<&'static str> {
        self.story.typology.map(Typology::code)
    }

    /// The attack, `V1` to `V9`; `None` for an honest act.
    pub fn vector(&self) -> Option<&'static str> {
        self.story.vector.map(Vector::name)
    }

    /// Code of the honest pattern that looks like fraud, `L01` to `L18`.
    pub fn look_alike(&self) -> Option<&'static str> {
        self.story.look_alike.map(LookAlike::code)
    }

    /// The episode, unique in the world; 0 for none.
    pub fn episode(&self) -> u64 {
        self.story.episode
    }

    /// The crook or crew, unique in the world; 0 for none.
    pub fn actor(&self) -> u64 {
        self.story.actor
    }

    /// What is lost if the act goes through, in CNY fen.
    pub fn stake_fen(&self) -> i64 {
        self.story.stake_fen
    }

    /// What was lost, in CNY fen.
    pub fn loss_fen(&self) -> i64 {
        self.loss_fen
    }

    /// Whether the wallet stopped it: declined, held, or by a challenge that was not passed.
    pub fn is_stopped(&self) -> bool {
        self.is_stopped
    }

    /// The id of the event.
    pub fn event_id(&self) -> String {
        format!("e{}-{}", self.event.shard, self.event.number)
    }

    /// The line of the truth file, with its line end.
    pub fn write(&self, into: &mut Vec<u8>) {
        let quoted = |code: Option<&str>| code.map_or("null".to_owned(), |c| format!("\"{c}\""));
        // Writing into a vector cannot fail.
        let _ = writeln!(
            into,
            "{{\"event_id\":\"{}\",\"typology\":{},\"vector\":{},\"episode\":{},\"actor\":{},\
             \"look_alike\":{},\"stake_minor\":{},\"loss_minor\":{}}}",
            self.event_id(),
            quoted(self.typology()),
            quoted(self.vector()),
            self.episode(),
            self.actor(),
            quoted(self.look_alike()),
            self.stake_fen(),
            self.loss_fen(),
        );
    }
}

/// One event of the world.
#[derive(Debug, Clone, Copy)]
pub struct Emitted<'a> {
    /// When it is heard of, in milliseconds since 1970 UTC: its own time, for a label the time it
    /// became known.
    pub time_ms: i64,
    /// The event as one line of JSON, without the line end.
    pub line: &'a str,
    /// What kind of line it is.
    pub kind: Kind,
    /// The truth behind it, unless it is an ordinary act of an honest customer.
    pub truth: Option<&'a Truth>,
}

#[derive(Debug, Clone, Copy)]
struct Item {
    time_ms: i64,
    start: u32,
    end: u32,
    kind: Kind,
    /// Place in the truths plus one; 0 for none.
    truth: u32,
}

/// Lines in the order of their times.
#[derive(Debug, Default)]
pub struct Batch {
    text: Vec<u8>,
    items: Vec<Item>,
    truths: Vec<Truth>,
}

impl Batch {
    /// The events, in order.
    pub fn iter(&self) -> impl Iterator<Item = Emitted<'_>> {
        (0..self.items.len()).map(|index| self.get(index))
    }

    /// Number of events.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(super) fn get(&self, index: usize) -> Emitted<'_> {
        let item = self.items[index];
        let truth = (item.truth as usize).checked_sub(1).map(|place| &self.truths[place]);
        Emitted { time_ms: item.time_ms, line: self.line(index), kind: item.kind, truth }
    }

    pub(super) fn time_ms(&self, index: usize) -> Option<i64> {
        self.items.get(index).map(|item| item.time_ms)
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.items.clear();
        self.truths.clear();
    }

    /// Adds a line, which ends with its line end; gives its place.
    pub(super) fn push(&mut self, time_ms: i64, line: &[u8], kind: Kind) -> usize {
        let start = self.text.len() as u32;
        self.text.extend_from_slice(line);
        let end = self.text.len() as u32;
        self.items.push(Item { time_ms, start, end, kind, truth: 0 });
        self.items.len() - 1
    }

    /// Says the truth of a line.
    pub(super) fn tell(&mut self, index: usize, truth: Truth) {
        self.truths.push(truth);
        self.items[index].truth = self.truths.len() as u32;
    }

    /// A line without its line end.
    pub(super) fn line(&self, index: usize) -> &str {
        let item = self.items[index];
        let bytes = &self.text[item.start as usize..item.end as usize - 1];
        // Every word that is written comes from a `str`.
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}
