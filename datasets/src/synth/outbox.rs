//! Events that are known already and wait for their time: answers, labels, disputes.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::batch::Kind;

/// A line that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) time_ms: i64,
    order: u64,
    pub(super) kind: Kind,
    pub(super) line: Box<[u8]>,
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Waiting) -> bool {
        (self.time_ms, self.order) == (other.time_ms, other.order)
    }
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Waiting) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Waiting) -> Ordering {
        (self.time_ms, self.order).cmp(&(other.time_ms, other.order))
    }
}

/// Lines by their times; of equal times the one that was posted first.
#[derive(Debug)]
pub(super) struct Outbox {
    waiting: BinaryHeap<Reverse<Waiting>>,
    posted: u64,
    /// Nothing from here on is kept: the world will have ended.
    end_ms: i64,
}

impl Outbox {
    /// An empty one, for a world that ends then.
    pub(super) fn until(end_ms: i64) -> Outbox {
        Outbox { waiting: BinaryHeap::new(), posted: 0, end_ms }
    }

    /// Keeps a line until its time; one beyond the end of the world is dropped.
    pub(super) fn post(&mut self, time_ms: i64, kind: Kind, line: &[u8]) {
        if self.end_ms <= time_ms {
            return;
        }
        self.posted += 1;
        let line = Box::from(line);
        self.waiting.push(Reverse(Waiting { time_ms, order: self.posted, kind, line }));
    }

    /// Time of the earliest.
    pub(super) fn next_ms(&self) -> Option<i64> {
        self.waiting.peek().map(|waiting| waiting.0.time_ms)
    }

    /// The earliest.
    pub(super) fn pop(&mut self) -> Option<Waiting> {
        self.waiting.pop().map(|waiting| waiting.0)
    }
}
