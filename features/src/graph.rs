//! Who belongs together: an online union of accounts that forgets.
//!
//! An event links its account with each **item** that it carries: device, card, document, e-mail
//! address. Accounts that share an item belong together, and so do those who belong with one of
//! them: a **component**. [`Graph::record`] adds an event's links, [`Graph::mark_fraud`] what
//! became known of an account; [`Graph::read`] answers for an event **as if its links were there
//! already**, and records nothing. Everything counts accounts, the event's own among them, except
//! where it says otherwise:
//!
//! - `size`: accounts of the component; 1 is an account that shares nothing.
//! - `fraud`: those of them that are known as fraud.
//! - `age_spread_ms`: population standard deviation of when they were opened, to the second, over
//!   those whose opening was recorded; unknown with fewer than two. The first opening that is
//!   recorded for an account stays.
//! - `fraud_two_steps`: *other* accounts known as fraud that share an item with the event's account
//!   (one step) or with an account that does (two).
//!
//! **Forgetting.** A union cannot be undone, so links live in forests: one opens at every multiple
//! of [`STEP_MS`] of event time, empty, and from then on every event is recorded in it and in the
//! older ones. A question of time `t` is put to the youngest forest that opened at least
//! [`MEMORY_MS`] before `t`. So a link seen in the last 90 days always counts, one last seen 180
//! days ago or more never does, and in between it depends on the day. An event that comes late is
//! recorded in the forests that opened before it happened; a forest leaves when no question of the
//! last [`GRACE_MS`] needs it, and an older question whose forest has left reads unknown. Answers
//! are as of the last record, also to a question of an earlier time. Marks do not age: every forest
//! learns of a mark, and so does one that meets the account later.
//!
//! **Hubs.** An item that [`HUB`] accounts share takes no further account: a link with it joins
//! nothing. That is decided when the link comes, so the first [`HUB`] stay together; in a younger
//! forest the item starts anew.
//!
//! **Bounded.** A forest holds at most `entities_max` nodes (accounts and items) and as many
//! [`Chunk`]s of links. It then takes no new node, and a question with a node that it does not know
//! reads unknown; one among known nodes reads what they are without those that were turned away,
//! who are counted. As many marks are kept; what is marked beyond that is known to the present
//! forests alone. An account lists its first [`LISTED`] items; a walk
//! for `fraud_two_steps` ends after [`VISITS`] nodes, nearest first.
//!
//! Except for these bounds and for openings that contradict each other, the answers are a function
//! of the *set* of events and marks: order of arrival does not show.
//!
//! **How.** Only accounts stand in the union-find: an item is represented by its first account,
//! which its key finds beside its index. So a question about a component without fraud reads the
//! index, `parents` (4 bytes an account) and the [`Sums`] of a root (half a cache line), nothing
//! else. A component's frauds bound the walk: no others, no walk; all found, its end.
//!
//! Cost of a reading: for each of up to five nodes a look-up in a hash table, then a root (paths are
//! short: the smaller joins the larger, and recording halves them). The nodes do not wait for each
//! other, so their cache misses overlap: 50 ns where all is cached, 600 ns where nothing is. A walk
//! costs 0.2 us where fraud is near and 2 us in a ring of 30; the worst found, 200 accounts that
//! share 200 devices, 60 us. Of a record: look-ups in each of two forests (three in the first
//! [`GRACE_MS`] of a step), a scan of the account's items, a union where the link is new. Bytes in a
//! forest: 52 an account, 12 an item, 32 for every seven links beyond a node's first, and 17 a slot
//! of a hash table; about 65 a node.

use std::collections::{HashMap, HashSet, VecDeque};

use foldhash::fast::FixedState;

use crate::expr::UNKNOWN;
use crate::limits::{DAY_MS, FUTURE_MS, TIME_MAX_MS, TIME_MIN_MS};

/// A link seen this long ago is always remembered.
const MEMORY_MS: i64 = 90 * DAY_MS;

/// A forest opens at every multiple of this; no link counts for `MEMORY_MS + STEP_MS`. Half of it
/// would forget sooner, at the price of a third forest.
const STEP_MS: i64 = 90 * DAY_MS;

/// How many openings before the present one a question goes back.
const STEPS_BACK: i64 = MEMORY_MS / STEP_MS;

/// How far before the newest event a question is certain to find its forest: as far as an event may
/// be dated ahead, so that a clock ahead of others takes nothing from them.
const GRACE_MS: i64 = FUTURE_MS;

/// Accounts that an item joins.
const HUB: u16 = 200;

/// Items that an account lists.
const LISTED: u16 = 64;

/// Nodes that one walk visits, the event's account included.
const VISITS: usize = 500;

/// Kinds of items.
const KINDS: usize = 4;

const _: () = assert!(MEMORY_MS % STEP_MS == 0);
// Seconds since the earliest time fit 32 bits; their squares and 2^32 of these fit 96.
const _: () = assert!((TIME_MAX_MS - TIME_MIN_MS) / 1_000 <= u32::MAX as i64);

/// Accounts known as fraud.
type Marks = HashSet<u64, FixedState>;

/// The nodes of one event, each by the hash of its key; kinds are told apart here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Nodes {
    pub(crate) account: Option<u64>,
    pub(crate) device: Option<u64>,
    pub(crate) card: Option<u64>,
    pub(crate) document: Option<u64>,
    pub(crate) email: Option<u64>,
}

/// What is known of the company an event's account keeps; NaN is unknown. The module's essay
/// defines each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Reading {
    pub(crate) size: f64,
    pub(crate) fraud: f64,
    pub(crate) age_spread_ms: f64,
    pub(crate) fraud_two_steps: f64,
}

/// What is held and what was given up, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Census {
    /// Accounts in the oldest forest, the fullest.
    pub(crate) accounts: usize,
    /// Items in the oldest forest.
    pub(crate) items: usize,
    /// Nodes, links and marks turned away for want of room, each time and in each forest.
    pub(crate) refused: u64,
}

/// Who belongs together; see the module's essay.
#[derive(Debug)]
pub(crate) struct Graph {
    entities_max: usize,
    newest: i64,
    /// Consecutive generations, oldest first.
    forests: VecDeque<Forest>,
    /// Emptied forests, whose tables serve again.
    spare: Vec<Forest>,
    marks: Marks,
    refused: u64,
}

/// Links of events since one opening.
#[derive(Debug, Default)]
struct Forest {
    /// The opening, in steps.
    generation: i64,
    nodes_max: usize,
    account_index: HashMap<u64, u32, FixedState>,
    /// One a kind, so that kinds cannot collide.
    item_index: [HashMap<u64, Known, FixedState>; KINDS],
    parents: Vec<u32>,
    /// Of a component, at its root.
    sums: Vec<Sums>,
    accounts: Vec<Account>,
    /// The accounts of each item, all of them.
    items: Vec<List>,
    lists: Lists,
    /// Whether a node was turned away, so that a missing one may be a known one.
    is_full: bool,
}

/// An item as its key finds it, with what a question needs of it.
#[derive(Clone, Copy, Debug)]
struct Known {
    item: u32,
    /// Its first account, which stands for it.
    first: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Account {
    items: List,
    is_fraud: bool,
    is_opened: bool,
}

/// What a component adds up to: integers, so that the order of joining does not matter.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(32))]
struct Sums {
    accounts: u32,
    fraud: u32,
    /// Accounts whose opening is known.
    opened: u32,
    squares_high: u32,
    squares_low: u64,
    /// Of openings, in seconds.
    sum: u64,
}

const _: () = assert!(size_of::<Sums>() == 32 && size_of::<Account>() == 16);

impl Reading {
    const UNKNOWN: Reading =
        Reading { size: UNKNOWN, fraud: UNKNOWN, age_spread_ms: UNKNOWN, fraud_two_steps: UNKNOWN };
}

impl Nodes {
    fn items(&self) -> [Option<u64>; KINDS] {
        [self.device, self.card, self.document, self.email]
    }
}

impl Graph {
    /// A graph without links, of at most so many nodes a forest.
    pub(crate) fn new(entities_max: usize) -> Graph {
        Graph {
            // A walk numbers accounts and items together.
            entities_max: entities_max.min(1 << 31),
            newest: i64::MIN,
            forests: VecDeque::new(),
            spare: Vec::new(),
            marks: HashSet::default(),
            refused: 0,
        }
    }

    /// Records the links of an event that happened at `at_ms`; `opened_ms` is when its account was
    /// opened, where that is known. Without an account there is nothing to link.
    pub(crate) fn record(&mut self, nodes: &Nodes, at_ms: i64, opened_ms: Option<i64>) {
        let Some(account) = nodes.account else { return };
        self.advance(at_ms);
        let generation = at_ms.div_euclid(STEP_MS);
        for forest in self.forests.iter_mut().take_while(|f| f.generation <= generation) {
            self.refused += forest.record(account, &nodes.items(), opened_ms, &self.marks);
        }
    }

    /// At `at_ms` it became known that the account is a fraud's.
    pub(crate) fn mark_fraud(&mut self, account: u64, at_ms: i64) {
        self.advance(at_ms);
        if self.marks.len() < self.entities_max || self.marks.contains(&account) {
            self.marks.insert(account);
        } else {
            self.refused += 1;
        }
        self.forests.iter_mut().for_each(|forest| forest.mark(account));
    }

    /// Answers for an event at `at_ms` as if its links were there already.
    pub(crate) fn read(&self, nodes: &Nodes, at_ms: i64) -> Reading {
        let Some(account) = nodes.account else { return Reading::UNKNOWN };
        let generation = at_ms.div_euclid(STEP_MS) - STEPS_BACK;
        let oldest = self.forests.front().map_or(generation, |forest| forest.generation);
        let Ok(index) = usize::try_from(generation - oldest) else { return Reading::UNKNOWN };
        match self.forests.get(index) {
            Some(forest) => forest.read(account, &nodes.items(), &self.marks),
            // It would open now.
            None => Forest::default().read(account, &nodes.items(), &self.marks),
        }
    }

    /// What is held.
    pub(crate) fn census(&self) -> Census {
        let held = self.forests.front().map(|forest| (forest.accounts.len(), forest.items.len()));
        let (accounts, items) = held.unwrap_or_default();
        Census { accounts, items, refused: self.refused }
    }

    /// Opens the forests that an event of this time calls for and closes those that nobody asks.
    fn advance(&mut self, at_ms: i64) {
        if at_ms <= self.newest {
            return;
        }
        self.newest = at_ms;
        let first = at_ms.saturating_sub(GRACE_MS).div_euclid(STEP_MS) - STEPS_BACK;
        while self.forests.front().is_some_and(|forest| forest.generation < first) {
            if let Some(mut forest) = self.forests.pop_front() {
                forest.clear();
                self.spare.push(forest);
            }
        }
        let next = self.forests.back().map_or(first, |forest| forest.generation + 1);
        for generation in next..=at_ms.div_euclid(STEP_MS) {
            let spare = self.spare.pop().unwrap_or_default();
            self.forests.push_back(Forest { generation, nodes_max: self.entities_max, ..spare });
        }
    }
}

impl Forest {
    fn clear(&mut self) {
        self.account_index.clear();
        self.item_index.iter_mut().for_each(HashMap::clear);
        self.parents.clear();
        self.sums.clear();
        self.accounts.clear();
        self.items.clear();
        self.lists.chunks.clear();
        self.is_full = false;
    }

    /// Records an event's links; says how many nodes and links were turned away.
    fn record(
        &mut self,
        key: u64,
        keys: &[Option<u64>; KINDS],
        opened_ms: Option<i64>,
        marks: &Marks,
    ) -> u64 {
        let (own, items) = self.find_all(key, keys);
        let Some(account) = own.or_else(|| self.add_account(key, marks)) else { return 1 };
        if let Some(opened_ms) = opened_ms
            && !self.accounts[account as usize].is_opened
        {
            self.accounts[account as usize].is_opened = true;
            let root = self.find(account);
            self.sums[root as usize].add_opening(opened_ms);
        }
        let mut refused = 0;
        for (kind, key) in keys.iter().enumerate() {
            let Some(key) = *key else { continue };
            let item = items[kind].or_else(|| self.add_item(kind, key, account));
            refused += u64::from(item.is_none_or(|item| !self.link(account, item)));
        }
        refused
    }

    /// The nodes of an event, where they are known. Look-ups stand together and do not wait for
    /// each other: their cache misses overlap.
    fn find_all(
        &self,
        key: u64,
        keys: &[Option<u64>; KINDS],
    ) -> (Option<u32>, [Option<Known>; KINDS]) {
        let own = self.account_index.get(&key).copied();
        let mut items = [None; KINDS];
        for (kind, key) in keys.iter().enumerate() {
            items[kind] = key.and_then(|key| self.item_index[kind].get(&key).copied());
        }
        (own, items)
    }

    /// Takes a new account, where there is room.
    fn add_account(&mut self, key: u64, marks: &Marks) -> Option<u32> {
        if self.nodes_max <= self.nodes() {
            self.is_full = true;
            return None;
        }
        let account = self.accounts.len() as u32;
        let is_fraud = marks.contains(&key);
        self.account_index.insert(key, account);
        self.accounts.push(Account { is_fraud, ..Account::default() });
        self.parents.push(account);
        self.sums.push(Sums { accounts: 1, fraud: u32::from(is_fraud), ..Sums::default() });
        Some(account)
    }

    /// Takes a new item of an account, where there is room for it and its link.
    fn add_item(&mut self, kind: usize, key: u64, account: u32) -> Option<Known> {
        if self.nodes_max <= self.nodes() || !self.has_room_for_link() {
            self.is_full = true;
            return None;
        }
        let known = Known { item: self.items.len() as u32, first: account };
        self.item_index[kind].insert(key, known);
        self.items.push(List::default());
        Some(known)
    }

    /// Links an account with an item, unless it is already or the item is a hub; says whether
    /// there was room for that.
    fn link(&mut self, account: u32, known: Known) -> bool {
        let item = known.item;
        if self.is_linked(account, item) || HUB <= self.items[item as usize].len {
            return true;
        }
        if !self.has_room_for_link() {
            return false;
        }
        self.lists.push(&mut self.items[item as usize], account);
        let listed = &mut self.accounts[account as usize].items;
        if listed.len < LISTED {
            self.lists.push(listed, item);
        }
        self.union(account, known.first);
        true
    }

    fn has_room_for_link(&self) -> bool {
        self.lists.chunks.len() + 2 <= self.nodes_max.max(2)
    }

    fn mark(&mut self, key: u64) {
        let Some(account) = self.account_index.get(&key).copied() else { return };
        let known = &mut self.accounts[account as usize].is_fraud;
        if !std::mem::replace(known, true) {
            let root = self.find(account);
            self.sums[root as usize].fraud += 1;
        }
    }

    fn read(&self, key: u64, keys: &[Option<u64>; KINDS], marks: &Marks) -> Reading {
        let (own, items) = self.find_all(key, keys);
        let is_strange =
            |(item, key): (&Option<Known>, &Option<u64>)| item.is_none() && key.is_some();
        if self.is_full && (own.is_none() || items.iter().zip(keys).any(is_strange)) {
            return Reading::UNKNOWN;
        }
        let mut total = Sums::default();
        let mut roots = [u32::MAX; 1 + KINDS];
        match own {
            Some(own) => {
                roots[KINDS] = self.root(own);
                total = self.sums[roots[KINDS] as usize];
            }
            None => {
                total.accounts = 1;
                total.fraud = u32::from(marks.contains(&key));
            }
        }
        for (kind, known) in items.iter().enumerate() {
            let Some(known) = known else { continue };
            let root = self.root(known.first);
            let sums = &self.sums[root as usize];
            // Only a large component can have a hub: no look at the item otherwise.
            let is_closed = || u32::from(HUB) <= sums.accounts && self.is_closed(own, known.item);
            if !roots.contains(&root) && !is_closed() {
                total.join(sums);
                roots[kind] = root;
            }
        }
        let mut fraud_two_steps = 0;
        if total.fraud != 0 {
            let is_own = own
                .map_or_else(|| marks.contains(&key), |own| self.accounts[own as usize].is_fraud);
            let others = total.fraud - u32::from(is_own);
            if others != 0 {
                fraud_two_steps = self.fraud_two_steps(own, &items, others);
            }
        }
        Reading {
            size: f64::from(total.accounts),
            fraud: f64::from(total.fraud),
            age_spread_ms: total.spread_ms(),
            fraud_two_steps: f64::from(fraud_two_steps),
        }
    }

    /// Walks from the event's account over its items and `items` to accounts, and once more;
    /// `others` are all frauds that there are to find.
    fn fraud_two_steps(
        &self,
        own: Option<u32>,
        items: &[Option<Known>; KINDS],
        others: u32,
    ) -> u32 {
        let mut walk = Walk::new();
        if let Some(own) = own {
            walk.visit(Walk::account(own));
        }
        let mut from = walk.len;
        for known in items.iter().flatten().filter(|known| !self.is_closed(own, known.item)) {
            walk.visit(Walk::item(known.item));
        }
        if let Some(own) = own {
            let listed = &self.accounts[own as usize].items;
            self.lists.iter(listed).for_each(|item| _ = walk.visit(Walk::item(item)));
        }
        let mut found = 0;
        // From items to accounts, to their items, to the accounts of these.
        for _ in 0..3 {
            let to = walk.len;
            for at in from..to {
                let node = walk.nodes[at];
                let (index, is_item) = (Walk::index(node), Walk::is_item(node));
                let list = if is_item { &self.items[index] } else { &self.accounts[index].items };
                for next in self.lists.iter(list) {
                    let fresh =
                        walk.visit(if is_item { Walk::account(next) } else { Walk::item(next) });
                    if fresh && is_item && self.accounts[next as usize].is_fraud {
                        found += 1;
                        if found == others {
                            return found;
                        }
                    }
                }
                if walk.len == VISITS {
                    return found;
                }
            }
            from = to;
        }
        found
    }

    fn is_linked(&self, account: u32, item: u32) -> bool {
        let listed = &self.accounts[account as usize].items;
        self.lists.iter(listed).any(|listed| listed == item)
            || listed.len == LISTED
                && self.lists.iter(&self.items[item as usize]).any(|linked| linked == account)
    }

    /// Whether the item is a hub that the account is not linked with: its link would join nothing.
    fn is_closed(&self, account: Option<u32>, item: u32) -> bool {
        HUB <= self.items[item as usize].len
            && !account.is_some_and(|account| self.is_linked(account, item))
    }

    fn union(&mut self, a: u32, b: u32) {
        let (mut large, mut small) = (self.find(a), self.find(b));
        if large == small {
            return;
        }
        if self.sums[large as usize].accounts < self.sums[small as usize].accounts {
            std::mem::swap(&mut large, &mut small);
        }
        self.parents[small as usize] = large;
        let sums = self.sums[small as usize];
        self.sums[large as usize].join(&sums);
    }

    /// The root of an account's component; halves the path to it.
    fn find(&mut self, mut account: u32) -> u32 {
        while self.parents[account as usize] != account {
            let above = self.parents[self.parents[account as usize] as usize];
            self.parents[account as usize] = above;
            account = above;
        }
        account
    }

    /// The root of an account's component.
    fn root(&self, mut account: u32) -> u32 {
        while self.parents[account as usize] != account {
            account = self.parents[account as usize];
        }
        account
    }

    fn nodes(&self) -> usize {
        self.accounts.len() + self.items.len()
    }
}

impl Sums {
    fn add_opening(&mut self, opened_ms: i64) {
        let seconds = (opened_ms.clamp(TIME_MIN_MS, TIME_MAX_MS) - TIME_MIN_MS) as u64 / 1_000;
        self.opened += 1;
        self.sum += seconds;
        self.set_squares(self.squares() + u128::from(seconds) * u128::from(seconds));
    }

    fn join(&mut self, other: &Sums) {
        self.accounts += other.accounts;
        self.fraud += other.fraud;
        self.opened += other.opened;
        self.sum += other.sum;
        self.set_squares(self.squares() + other.squares());
    }

    fn spread_ms(&self) -> f64 {
        if self.opened < 2 {
            return UNKNOWN;
        }
        // n * squares - sum^2 is exact in integers; only the root rounds.
        let (n, sum) = (u128::from(self.opened), u128::from(self.sum));
        let spread = n * self.squares() - sum * sum;
        1_000.0 * (spread as f64).sqrt() / f64::from(self.opened)
    }

    fn squares(&self) -> u128 {
        u128::from(self.squares_high) << 64 | u128::from(self.squares_low)
    }

    fn set_squares(&mut self, squares: u128) {
        self.squares_high = (squares >> 64) as u32;
        self.squares_low = squares as u64;
    }
}

/// A list of indices that only grows: the first one here, the rest in chunks.
#[derive(Clone, Copy, Debug, Default)]
struct List {
    first: u32,
    /// The newest chunk.
    more: u32,
    len: u16,
}

/// Half a cache line of a list.
#[derive(Clone, Copy, Debug)]
#[repr(align(32))]
struct Chunk {
    /// The chunk filled before this one.
    older: u32,
    entries: [u32; CHUNK],
}

const CHUNK: usize = 7;

const _: () = assert!(size_of::<Chunk>() == 32 && size_of::<List>() == 12);

/// What lists share.
#[derive(Debug, Default)]
struct Lists {
    chunks: Vec<Chunk>,
}

impl Lists {
    /// Appends to a list; takes at most one chunk.
    fn push(&mut self, list: &mut List, value: u32) {
        if list.len == 0 {
            list.first = value;
        } else {
            let slot = usize::from(list.len - 1) % CHUNK;
            if slot == 0 {
                self.chunks.push(Chunk { older: list.more, entries: [0; CHUNK] });
                list.more = (self.chunks.len() - 1) as u32;
            }
            self.chunks[list.more as usize].entries[slot] = value;
        }
        list.len += 1;
    }

    /// The first entry, then chunk by chunk from the newest.
    fn iter<'a>(&'a self, list: &List) -> impl Iterator<Item = u32> + use<'a> {
        let first = (list.len != 0).then_some(list.first);
        let mut left = usize::from(list.len.saturating_sub(1));
        let mut chunk = list.more as usize;
        let rest = std::iter::from_fn(move || {
            if left == 0 {
                return None;
            }
            let here = &self.chunks[chunk];
            let count = (left - 1) % CHUNK + 1;
            left -= count;
            chunk = here.older as usize;
            Some(&here.entries[..count])
        });
        first.into_iter().chain(rest.flatten().copied())
    }
}

/// The nodes that a walk has visited, in order: accounts even, items odd.
struct Walk {
    nodes: [u32; VISITS],
    len: usize,
    /// Open addressing, at most half full: where in `nodes` a node stands, plus one.
    cells: [u16; CELLS],
}

const CELLS: usize = 1_024;

const _: () = assert!(2 * VISITS <= CELLS && CELLS.is_power_of_two());

impl Walk {
    fn new() -> Walk {
        Walk { nodes: [0; VISITS], len: 0, cells: [0; CELLS] }
    }

    fn account(index: u32) -> u32 {
        index << 1
    }

    fn item(index: u32) -> u32 {
        index << 1 | 1
    }

    fn is_item(node: u32) -> bool {
        node & 1 == 1
    }

    fn index(node: u32) -> usize {
        (node >> 1) as usize
    }

    /// Whether the node is a new one and there was room for it.
    fn visit(&mut self, node: u32) -> bool {
        let hash = node.wrapping_mul(0x9E37_79B9) >> (u32::BITS - CELLS.ilog2());
        let mut cell = hash as usize;
        while self.cells[cell] != 0 {
            if self.nodes[usize::from(self.cells[cell]) - 1] == node {
                return false;
            }
            cell = (cell + 1) % CELLS;
        }
        if self.len == VISITS {
            return false;
        }
        self.nodes[self.len] = node;
        self.len += 1;
        self.cells[cell] = self.len as u16;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    const DAY: i64 = DAY_MS;
    /// A multiple of the step, so that days count from an opening.
    const START: i64 = 200 * STEP_MS;

    fn nodes(account: u64, device: Option<u64>) -> Nodes {
        Nodes { account: Some(account), device, ..Nodes::default() }
    }

    fn day(days: i64) -> i64 {
        START + days * DAY
    }

    /// Answers bit for bit, so that unknown equals unknown.
    fn bits(reading: Reading) -> [u64; 4] {
        let Reading { size, fraud, age_spread_ms, fraud_two_steps } = reading;
        [size, fraud, age_spread_ms, fraud_two_steps].map(f64::to_bits)
    }

    struct Chance(u64);

    impl Chance {
        fn below(&mut self, limit: u64) -> u64 {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let a = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let b = (a ^ a >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
            (b ^ b >> 31) % limit
        }
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Event(Nodes, i64, Option<i64>),
        Mark(u64, i64),
    }

    /// A random story: half a year in each hundred events, some of them late by hours or weeks.
    fn story(seed: u64, accounts: u64, items: u64, length: u64) -> Vec<Step> {
        let mut chance = Chance(seed);
        let mut now = START + (chance.below(90 * 24) * 3_600_000) as i64;
        (0..length)
            .map(|_| {
                now += (chance.below(86 * 3_600) * 1_000) as i64;
                let late = match chance.below(10) {
                    0 => chance.below(20 * 3_600_000),
                    1 => chance.below(100 * DAY as u64),
                    _ => 0,
                };
                let account = chance.below(accounts);
                if chance.below(12) == 0 {
                    return Step::Mark(account, now);
                }
                let mut item = || (chance.below(3) == 0).then(|| chance.below(items));
                let [device, card, document, email] = [item(), item(), item(), item()];
                let nodes = Nodes { account: Some(account), device, card, document, email };
                let opened = START - (account * account % 977) as i64 * 7_654_321;
                Step::Event(nodes, now - late as i64, (chance.below(3) != 0).then_some(opened))
            })
            .collect()
    }

    /// All links with their times, and a search over them for every question.
    #[derive(Default)]
    struct Oracle {
        events: Vec<(Nodes, i64, Option<i64>)>,
        marks: BTreeSet<u64>,
        newest: i64,
    }

    impl Oracle {
        fn take(&mut self, step: Step) {
            match step {
                Step::Event(nodes, at, opened) => {
                    self.events.push((nodes, at, opened));
                    self.newest = self.newest.max(at);
                }
                Step::Mark(account, at) => {
                    self.marks.insert(account);
                    self.newest = self.newest.max(at);
                }
            }
        }

        fn read(&self, nodes: &Nodes, at: i64) -> Reading {
            let forest = |at: i64| at.div_euclid(90 * DAY) - 1;
            if forest(at) < forest(self.newest - DAY) {
                return Reading::UNKNOWN;
            }
            let since = forest(at) * 90 * DAY;
            let seen = self.events.iter().filter(|(_, at, _)| since <= *at);
            let mut shared: BTreeMap<(usize, u64), BTreeSet<u64>> = BTreeMap::new();
            let mut openings = BTreeMap::new();
            for (nodes, _, opened) in seen.copied().chain([(*nodes, at, None)]) {
                openings.extend(opened.map(|opened| (nodes.account.unwrap(), opened)));
                for (kind, item) in nodes.items().into_iter().enumerate() {
                    let Some(item) = item else { continue };
                    shared.entry((kind, item)).or_default().insert(nodes.account.unwrap());
                }
            }
            let widen = |from: &BTreeSet<u64>| {
                let touching = shared.values().filter(|accounts| !accounts.is_disjoint(from));
                touching.flatten().chain(from).copied().collect::<BTreeSet<u64>>()
            };
            let own = BTreeSet::from([nodes.account.unwrap()]);
            let mut two_steps = widen(&widen(&own));
            let mut all = two_steps.clone();
            loop {
                let wider = widen(&all);
                if wider == all {
                    break;
                }
                all = wider;
            }
            two_steps.remove(&nodes.account.unwrap());
            let opened: Vec<f64> =
                all.iter().filter_map(|account| openings.get(account)).map(|o| *o as f64).collect();
            let n = opened.len() as f64;
            let mean = opened.iter().sum::<f64>() / n;
            let variance = opened.iter().map(|o| (o - mean) * (o - mean)).sum::<f64>() / n;
            Reading {
                size: all.len() as f64,
                fraud: all.intersection(&self.marks).count() as f64,
                age_spread_ms: if opened.len() < 2 { UNKNOWN } else { variance.sqrt() },
                fraud_two_steps: two_steps.intersection(&self.marks).count() as f64,
            }
        }
    }

    #[test]
    fn any_story_reads_as_a_search_over_all_its_links() {
        let (mut joined, mut unknown) = (0, 0);
        for seed in 0..60 {
            let (accounts, items) = [(12, 10), (40, 15), (90, 60), (300, 90)][seed as usize % 4];
            let mut graph = Graph::new(10_000);
            let mut oracle = Oracle { newest: i64::MIN / 2, ..Oracle::default() };
            for (index, step) in story(seed, accounts, items, 500).into_iter().enumerate() {
                if let Step::Event(nodes, at, _) = step {
                    let (ours, theirs) = (graph.read(&nodes, at), oracle.read(&nodes, at));
                    let exact = |r: Reading| {
                        let r = Reading { age_spread_ms: 0.0, ..r };
                        bits(r)
                    };
                    let near = |a: f64, b: f64| a.is_nan() && b.is_nan() || (a - b).abs() < 1_000.0;
                    assert!(
                        exact(ours) == exact(theirs)
                            && near(ours.age_spread_ms, theirs.age_spread_ms),
                        "seed {seed}, step {index}, {nodes:?}: {ours:?}, expected {theirs:?}"
                    );
                    joined += usize::from(2.0 < ours.size && ours.size < 30.0);
                    unknown += usize::from(ours.size.is_nan());
                }
                tell(&mut graph, step);
                oracle.take(step);
            }
            assert_eq!(graph.refused, 0, "seed {seed}");
        }
        assert!(4_000 < joined && 50 < unknown, "{joined} joined, {unknown} unknown");
    }

    fn tell(graph: &mut Graph, step: Step) {
        match step {
            Step::Event(nodes, at, opened) => graph.record(&nodes, at, opened),
            Step::Mark(account, at) => graph.mark_fraud(account, at),
        }
    }

    #[test]
    fn the_same_story_reads_the_same_bits_in_any_order() {
        for seed in 0..20 {
            let steps = story(seed, 60, 40, 300);
            let told = |steps: &[Step]| {
                let mut graph = Graph::new(10_000);
                steps.iter().for_each(|step| tell(&mut graph, *step));
                graph
            };
            let mut mixed = steps.clone();
            let mut chance = Chance(seed);
            for at in (1..mixed.len()).rev() {
                mixed.swap(at, chance.below(at as u64 + 1) as usize);
            }
            let (one, two, three) = (told(&steps), told(&steps), told(&mixed));
            assert_eq!(format!("{one:?}"), format!("{two:?}"), "seed {seed}");
            for step in &steps {
                let Step::Event(nodes, at, _) = step else { continue };
                let expected = bits(one.read(nodes, *at));
                assert_eq!(bits(three.read(nodes, *at)), expected, "seed {seed}, {nodes:?}");
            }
        }
    }

    #[test]
    fn who_shares_nothing_is_alone_and_who_is_nobody_is_unknown() {
        let mut graph = Graph::new(100);
        let alone = Reading { size: 1.0, fraud: 0.0, age_spread_ms: UNKNOWN, fraud_two_steps: 0.0 };
        assert_eq!(bits(graph.read(&nodes(1, Some(1)), day(0))), bits(alone));
        graph.record(&nodes(1, Some(1)), day(0), Some(day(-9)));
        assert_eq!(bits(graph.read(&nodes(1, Some(1)), day(1))), bits(alone));
        let nobody = Nodes { device: Some(1), ..Nodes::default() };
        graph.record(&nobody, day(2), None);
        assert_eq!(bits(graph.read(&nobody, day(2))), bits(Reading::UNKNOWN));
        // A stranger joins those whose device it comes with; its own opening is not told.
        let joined = graph.read(&nodes(2, Some(1)), day(2));
        assert_eq!((joined.size, joined.fraud), (2.0, 0.0));
        assert!(joined.age_spread_ms.is_nan());
        // Keys of different kinds may be equal.
        let card = Nodes { account: Some(2), card: Some(1), ..Nodes::default() };
        assert_eq!(graph.read(&card, day(2)).size, 1.0);
        assert_eq!(graph.census(), Census { accounts: 1, items: 1, refused: 0 });
    }

    #[test]
    fn a_link_is_remembered_for_ninety_days_and_gone_after_a_hundred_and_eighty() {
        for first in [0, 1, 44, 89] {
            let mut graph = Graph::new(100);
            graph.record(&nodes(1, Some(7)), day(first), None);
            graph.record(&nodes(2, Some(7)), day(first), None);
            let size = |graph: &Graph, at| graph.read(&nodes(1, None), day(at)).size;
            // Whether time has passed in events or not.
            for with_events in [false, true] {
                for at in first..=first + 400 {
                    if with_events {
                        graph.record(&nodes(3, None), day(at), None);
                    }
                    let expected = if at < 180 { 2.0 } else { 1.0 };
                    assert_eq!(size(&graph, at), expected, "first {first}, at {at}");
                }
            }
            // The forest of such an old question has left.
            assert!(size(&graph, first).is_nan());
        }
    }

    #[test]
    fn a_link_that_is_seen_again_is_as_young_as_that() {
        let mut graph = Graph::new(100);
        for at in [10, 100] {
            graph.record(&nodes(1, Some(7)), day(at), None);
            graph.record(&nodes(2, Some(7)), day(at), None);
        }
        assert_eq!(graph.read(&nodes(1, None), day(269)).size, 2.0);
        assert_eq!(graph.read(&nodes(1, None), day(270)).size, 1.0);
    }

    #[test]
    fn a_late_event_joins_the_forests_that_opened_before_it() {
        let mut graph = Graph::new(100);
        graph.record(&nodes(1, Some(7)), day(100), None);
        graph.record(&nodes(2, Some(7)), day(80), None);
        assert_eq!(graph.read(&nodes(1, None), day(100)).size, 2.0);
        // The forest of day 90 has never heard of the second account.
        assert_eq!(graph.read(&nodes(1, None), day(180)).size, 1.0);
        // Older than all that is held: nobody could ask for it.
        graph.record(&nodes(3, Some(7)), day(-1), None);
        assert_eq!(graph.read(&nodes(1, None), day(100)).size, 2.0);
    }

    #[test]
    fn a_clock_that_runs_ahead_takes_nothing_from_the_others() {
        let mut graph = Graph::new(100);
        graph.record(&nodes(1, Some(7)), day(10), None);
        graph.record(&nodes(2, Some(7)), day(10), None);
        graph.record(&nodes(3, None), day(180) + DAY / 2, None);
        assert_eq!(graph.read(&nodes(1, None), day(180) - 1).size, 2.0);
        graph.record(&nodes(3, None), day(181), None);
        assert!(graph.read(&nodes(1, None), day(180) - 1).size.is_nan());
    }

    #[test]
    fn marks_count_once_in_every_forest_and_do_not_age() {
        let mut graph = Graph::new(100);
        graph.mark_fraud(2, day(0));
        graph.record(&nodes(1, Some(7)), day(0), None);
        graph.record(&nodes(2, Some(7)), day(1), None);
        graph.record(&nodes(2, Some(7)), day(95), None);
        graph.record(&nodes(1, Some(7)), day(95), None);
        graph.record(&nodes(3, Some(7)), day(95), None);
        for at in [96, 180, 269] {
            graph.mark_fraud(3, day(96));
            let reading = graph.read(&nodes(1, None), day(at));
            assert_eq!((reading.size, reading.fraud, reading.fraud_two_steps), (3.0, 2.0, 2.0));
            let reading = graph.read(&nodes(2, None), day(at));
            assert_eq!((reading.size, reading.fraud, reading.fraud_two_steps), (3.0, 2.0, 1.0));
        }
        // Nothing is left of the links, but the account itself is known.
        let reading = graph.read(&nodes(2, None), day(900));
        assert_eq!((reading.size, reading.fraud, reading.fraud_two_steps), (1.0, 1.0, 0.0));
        graph.record(&nodes(2, Some(8)), day(900), None);
        let reading = graph.read(&nodes(4, Some(8)), day(900));
        assert_eq!((reading.size, reading.fraud, reading.fraud_two_steps), (2.0, 1.0, 1.0));
    }

    #[test]
    fn a_hub_joins_two_hundred_and_no_more() {
        let mut graph = Graph::new(10_000);
        for account in 1..=250 {
            let expected = if account <= 200 { account as f64 } else { 1.0 };
            let event = nodes(account, Some(7));
            assert_eq!(graph.read(&event, day(0)).size, expected);
            graph.record(&event, day(0), None);
            assert_eq!(graph.read(&event, day(0)).size, expected);
        }
        assert_eq!(graph.read(&nodes(1, Some(7)), day(0)).size, 200.0);
        // A known link with a hub still leads to those it joined, whatever else the account has.
        for device in 100..200 {
            graph.record(&nodes(200, Some(device)), day(0), None);
            graph.record(&nodes(200, Some(7)), day(0), None);
        }
        graph.mark_fraud(1, day(0));
        let reading = graph.read(&nodes(200, Some(7)), day(0));
        assert_eq!((reading.size, reading.fraud_two_steps), (200.0, 1.0));
        let reading = graph.read(&nodes(250, Some(7)), day(0));
        assert_eq!((reading.size, reading.fraud_two_steps), (1.0, 0.0));
        // Nor is a closed hub a step between accounts that belong together by other ways.
        for (account, item) in [(250, 900), (251, 900), (251, 901), (252, 901), (252, 902)] {
            graph.record(&nodes(account, Some(item)), day(0), None);
        }
        graph.record(&nodes(2, Some(902)), day(0), None);
        let reading = graph.read(&nodes(250, Some(7)), day(0));
        assert_eq!((reading.size, reading.fraud, reading.fraud_two_steps), (203.0, 1.0, 0.0));
        // In a younger forest the item starts anew.
        graph.record(&nodes(250, Some(7)), day(90), None);
        graph.record(&nodes(1, Some(7)), day(90), None);
        assert_eq!(graph.read(&nodes(250, None), day(180)).size, 2.0);
        assert_eq!(graph.census().refused, 0);
    }

    #[test]
    fn two_steps_are_two_and_leave_out_oneself() {
        let mut graph = Graph::new(100);
        // 1 -device 1- 2 -card 2- 3 -device 3- 4
        let card = |account| Nodes { account: Some(account), card: Some(2), ..Nodes::default() };
        graph.record(&nodes(1, Some(1)), day(0), None);
        graph.record(&nodes(2, Some(1)), day(0), None);
        graph.record(&card(2), day(0), None);
        graph.record(&card(3), day(0), None);
        graph.record(&nodes(3, Some(3)), day(0), None);
        graph.record(&nodes(4, Some(3)), day(0), None);
        let two_steps = |graph: &Graph, nodes: &Nodes| graph.read(nodes, day(0)).fraud_two_steps;
        graph.mark_fraud(1, day(0));
        graph.mark_fraud(4, day(0));
        let account = |account| nodes(account, None);
        assert_eq!([1, 2, 3, 4].map(|a| two_steps(&graph, &account(a))), [0.0, 2.0, 2.0, 0.0]);
        graph.mark_fraud(2, day(0));
        assert_eq!([1, 2, 3, 4].map(|a| two_steps(&graph, &account(a))), [1.0, 2.0, 3.0, 1.0]);
        assert_eq!(graph.read(&account(1), day(0)).fraud, 3.0);
        // As if the event's links were there already: for a stranger, and for one of them.
        assert_eq!(two_steps(&graph, &nodes(9, Some(3))), 2.0);
        assert_eq!(two_steps(&graph, &nodes(1, Some(3))), 2.0);
        assert_eq!(two_steps(&graph, &account(1)), 1.0);
    }

    #[test]
    fn a_link_repeated_changes_nothing() {
        let event = |account| Nodes {
            account: Some(account),
            device: Some(1),
            card: Some(2),
            document: Some(account),
            email: Some(3),
        };
        let mut graph = Graph::new(1_000);
        (0..3).for_each(|account| graph.record(&event(account), day(0), Some(day(account as i64))));
        // More items than an account lists.
        let many = |graph: &mut Graph| {
            (0..100).for_each(|device| graph.record(&nodes(7, Some(device)), day(0), None));
        };
        many(&mut graph);
        let once = format!("{:?}", graph.forests);
        for opened in [None, Some(day(0)), Some(day(50))] {
            (0..3).for_each(|account| graph.record(&event(account), day(0), opened));
            many(&mut graph);
        }
        assert_eq!(format!("{:?}", graph.forests), once);
    }

    #[test]
    fn the_spread_of_openings_is_exact_to_the_second() {
        let mut graph = Graph::new(10_000);
        for account in 0..1_000 {
            // Half in 2000, half in 2099: the largest squares there are.
            let base = if account % 2 == 0 { TIME_MIN_MS } else { TIME_MAX_MS };
            graph.record(&nodes(account, Some(account / 100)), day(0), Some(base));
            graph.record(&nodes(account, Some(account / 100 + 1)), day(0), None);
        }
        let expected = (TIME_MAX_MS - TIME_MIN_MS) as f64 / 2.0;
        let reading = graph.read(&nodes(5, None), day(0));
        assert_eq!((reading.size, reading.age_spread_ms), (1_000.0, expected));
        // A batch within a minute.
        for account in 0..3 {
            let opened = day(0) + 20_000 * account as i64;
            graph.record(&nodes(5_000 + account, Some(5_000)), day(0), Some(opened));
        }
        let spread = graph.read(&nodes(5_000, None), day(0)).age_spread_ms;
        assert!((spread - 16_329.931_618_554_52).abs() < 1e-6, "{spread}");
    }

    #[test]
    fn a_full_forest_keeps_what_it_knows_and_does_not_know_the_rest() {
        let mut graph = Graph::new(6);
        for account in 1..=3 {
            graph.record(&nodes(account, Some(account / 2)), day(0), None);
        }
        assert_eq!(graph.census(), Census { accounts: 3, items: 2, refused: 0 });
        // Room for one: the account comes in, its device does not; both forests say so.
        graph.record(&nodes(4, Some(9)), day(0), None);
        graph.record(&nodes(5, Some(1)), day(0), None);
        graph.record(&nodes(5, Some(1)), day(0), None);
        let refused = graph.census().refused;
        assert_eq!(refused, 3 * graph.forests.len() as u64);
        assert_eq!(graph.read(&nodes(2, Some(1)), day(0)).size, 2.0);
        assert!(graph.read(&nodes(5, Some(1)), day(0)).size.is_nan());
        assert!(graph.read(&nodes(2, Some(8)), day(0)).size.is_nan());
        // What is known still joins.
        graph.record(&nodes(1, Some(1)), day(0), None);
        assert_eq!(graph.read(&nodes(2, Some(1)), day(0)).size, 3.0);
        assert_eq!(graph.census().refused, refused);
        // Another forest has room again.
        assert_eq!(graph.read(&nodes(5, Some(1)), day(400)).size, 1.0);
        graph.record(&nodes(5, Some(1)), day(400), None);
        assert_eq!(graph.census(), Census { accounts: 1, items: 1, refused });
        assert_eq!(graph.read(&nodes(6, Some(1)), day(400)).size, 2.0);
        // Marks are as many as nodes.
        (0..10).for_each(|account| graph.mark_fraud(account, day(400)));
        assert_eq!((graph.marks.len(), graph.census().refused), (6, refused + 4));
    }

    #[test]
    fn links_are_bounded_as_nodes_are() {
        let (accounts, items) = (40, 60);
        let mut graph = Graph::new(100);
        for account in 0..accounts {
            for item in 0..items {
                graph.record(&nodes(account, Some(item)), day(0), None);
            }
        }
        for forest in &graph.forests {
            assert!(forest.nodes() <= 100 && forest.lists.chunks.len() <= 100);
        }
        assert!(0 < graph.census().refused);
        assert_eq!(
            graph.read(&nodes(0, Some(1)), day(0)).size,
            graph.read(&nodes(1, Some(0)), day(0)).size
        );
    }

    #[test]
    fn a_walk_is_bounded_and_takes_the_nearest_first() {
        let mut graph = Graph::new(100_000);
        // 30 devices of the account, each with 30 others, who share a device with 10 more each.
        for device in 0..30 {
            graph.record(&nodes(0, Some(device)), day(0), None);
            for other in 1..=30 {
                let account = device * 1_000 + other;
                graph.record(&nodes(account, Some(device)), day(0), None);
                for far in 0..10 {
                    graph.record(&nodes(account, Some(100_000 + account)), day(0), None);
                    let event = nodes(1_000_000 + account * 10 + far, Some(100_000 + account));
                    graph.record(&event, day(0), None);
                }
            }
        }
        graph.mark_fraud(1_000_000 + 29_030 * 10, day(0));
        let reading = graph.read(&nodes(0, None), day(0));
        assert_eq!((reading.size, reading.fraud, reading.fraud_two_steps), (9_901.0, 1.0, 0.0));
        (0..30)
            .for_each(|device| (1..=30).for_each(|o| graph.mark_fraud(device * 1_000 + o, day(0))));
        let reading = graph.read(&nodes(0, None), day(0));
        // 500 visits: oneself, 30 devices, 469 of the 900 accounts.
        assert_eq!((reading.fraud, reading.fraud_two_steps), (901.0, 469.0));
    }

    #[test]
    fn paths_are_short_however_a_component_grew() {
        let mut graph = Graph::new(100_000);
        for account in (0..2_000).chain((2_000..4_000).rev()) {
            graph.record(&nodes(account, Some(account)), day(0), None);
            graph.record(&nodes(account, Some(account + 1)), day(0), None);
        }
        let forest = &graph.forests[0];
        let depth = |mut account: u32| {
            let start = account;
            let above = |account: u32| forest.parents[account as usize];
            let mut steps = 0;
            while above(account) != account {
                account = above(account);
                steps += 1;
            }
            assert_eq!(account, forest.root(start));
            steps
        };
        assert_eq!(forest.accounts.len(), 4_000);
        assert!((0..4_000).map(depth).max() <= Some(12));
        assert_eq!(graph.read(&nodes(0, None), day(0)).size, 4_000.0);
    }

    #[test]
    fn a_list_gives_back_what_was_pushed() {
        let mut lists = Lists::default();
        let mut held = [List::default(); 3];
        for value in 0..200 {
            for (index, list) in held.iter_mut().enumerate() {
                assert_eq!(lists.iter(list).count(), value as usize);
                lists.push(list, value * 3 + index as u32);
            }
        }
        for (index, list) in held.iter().enumerate() {
            let mut values: Vec<u32> = lists.iter(list).collect();
            assert_eq!(values[0], index as u32);
            values.sort_unstable();
            assert!(values.into_iter().eq((0..200).map(|value| value * 3 + index as u32)));
        }
    }
}
