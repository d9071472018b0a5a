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

#[cfg(test)]
mod tests;

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
