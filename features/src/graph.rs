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
//! **How.** Only accounts stand in the union-find: an item is represented by its first account, with
//! which it is born linked. So a question about a component without fraud reads of each node a slot
//! of the index and the node itself, and the [`Sums`] of each root, nothing else. A component's
//! frauds bound the walk: no others, no walk; all found, its end.
//!
//! **Rounds.** Where nothing is cached, a node is three reads that wait for each other. [`Sought`]
//! takes an event through them in rounds ([`Graph::fetch_index`], [`Graph::locate`],
//! [`Graph::touch`], [`Graph::touch_roots`]; the graph must not change between them): each asks for
//! memory of all nodes in all forests concerned, and whoever waits for other memory asks for it
//! there too. What is found are hints: whoever uses one compares the whole key and searches where it
//! does not fit, so that no answer depends on them.
//!
//! Cost of an event of four nodes in each of two forests of a million accounts: 75 ns for the rounds,
//! 35 ns to read and 60 ns to record where all is cached; where nothing is, 750 ns for the rounds, or
//! 600 ns where others wait in them too, then 50 ns to read and 100 ns to record. A walk
//! costs 0.2 us where fraud is near and 2 us in a ring of 30; the worst found, 200 accounts that
//! share 200 devices, 60 us. A union and a root are short paths: the smaller joins the larger, and
//! recording halves them. Nothing is copied when a forest grows, but for a part in 256 of its index.
//! Bytes in a forest: 64 an account, 24 an item, 32 for every seven links beyond a node's first, and
//! 9 to 14 of the index for each; about 57 a node.

#[cfg(test)]
mod tests;

use std::collections::{HashSet, VecDeque};

use foldhash::fast::FixedState;

use crate::expr::UNKNOWN;
use crate::index::Index;
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

/// Forests that stand at a time: as far back as a question goes, the present one, and one more
/// while the newest event is within [`GRACE_MS`] of an opening.
const FORESTS: usize = STEPS_BACK as usize + 2;

/// Kinds of nodes: the account, then items.
const KINDS: usize = 5;

/// The kind of an account.
const ACCOUNT: usize = 0;

const _: () = assert!(MEMORY_MS % STEP_MS == 0 && GRACE_MS <= STEP_MS);
// Seconds since the earliest time fit 32 bits; their squares and 2^32 of these fit 96.
const _: () = assert!((TIME_MAX_MS - TIME_MIN_MS) / 1_000 <= u32::MAX as i64);

/// Accounts known as fraud.
type Marks = HashSet<u64, FixedState>;

/// Keys of an event's nodes, by kind.
type Keys = [Option<u64>; KINDS];

/// Where they most likely stand in one forest.
type Likely = [Option<Node>; KINDS];

/// The nodes of one event, each by the hash of its key; kinds are told apart here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Nodes {
    pub(crate) account: Option<u64>,
    pub(crate) device: Option<u64>,
    pub(crate) card: Option<u64>,
    pub(crate) document: Option<u64>,
    pub(crate) email: Option<u64>,
}

/// An event's nodes on their way to being found; see the module's essay on rounds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sought {
    keys: Keys,
    at_ms: i64,
    /// One for each forest that stands.
    likely: [Likely; FORESTS],
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
    marks: Marks,
    refused: u64,
}

/// Links of events since one opening.
#[derive(Debug, Default)]
struct Forest {
    /// The opening, in steps.
    generation: i64,
    nodes_max: usize,
    /// Finds accounts and items as [`Node`]s.
    index: Index,
    accounts: Shelves<Account>,
    items: Shelves<Item>,
    lists: Lists,
    /// Whether a node was turned away, so that a missing one may be a known one.
    is_full: bool,
}

/// An account or an item of a forest as one number: accounts even, items odd.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Node(u32);

/// A cache line, so that a root is found and added up in one read.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Account {
    key: u64,
    /// Itself at a root.
    parent: u32,
    /// The first [`LISTED`].
    items: List,
    is_fraud: bool,
    is_opened: bool,
    /// Of its component, at the root.
    sums: Sums,
}

#[derive(Clone, Copy, Debug)]
struct Item {
    key: u64,
    /// All of them; the first one stands for the item.
    accounts: List,
    kind: u8,
}

/// What a component adds up to: integers, so that the order of joining does not matter.
#[derive(Clone, Copy, Debug, Default)]
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

const _: () = assert!(size_of::<Account>() == 64 && size_of::<Item>() == 24);

impl Reading {
    const UNKNOWN: Reading =
        Reading { size: UNKNOWN, fraud: UNKNOWN, age_spread_ms: UNKNOWN, fraud_two_steps: UNKNOWN };

    /// Of an account that is alone and whose opening is not known.
    fn of_stranger(is_fraud: bool) -> Reading {
        let fraud = f64::from(u8::from(is_fraud));
        Reading { size: 1.0, fraud, age_spread_ms: UNKNOWN, fraud_two_steps: 0.0 }
    }
}

impl Sought {
    /// The nodes of an event at `at_ms`, looked for nowhere yet.
    pub(crate) fn new(nodes: &Nodes, at_ms: i64) -> Sought {
        // Without an account there is nothing to link.
        let keys = match nodes.account {
            Some(_) => [nodes.account, nodes.device, nodes.card, nodes.document, nodes.email],
            None => [None; KINDS],
        };
        Sought { keys, at_ms, likely: Default::default() }
    }

    /// The key of the event's account.
    pub(crate) fn account(&self) -> Option<u64> {
        self.keys[ACCOUNT]
    }

    /// The newest forest that the event belongs to.
    fn generation(&self) -> i64 {
        self.at_ms.div_euclid(STEP_MS)
    }
}

impl Node {
    fn account(index: u32) -> Node {
        Node(index << 1)
    }

    fn item(index: u32) -> Node {
        Node(index << 1 | 1)
    }

    fn is_item(self) -> bool {
        self.0 & 1 == 1
    }

    fn index(self) -> usize {
        (self.0 >> 1) as usize
    }
}

/// The key of a node in the index: equal keys of different kinds must not crowd there.
fn spread(kind: usize, key: u64) -> u64 {
    (key ^ kind as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

impl Graph {
    /// A graph without links, of at most so many nodes a forest.
    pub(crate) fn new(entities_max: usize) -> Graph {
        Graph {
            // Accounts and items share the numbers of an index.
            entities_max: entities_max.min((1 << 31) - 1),
            newest: i64::MIN,
            forests: VecDeque::new(),
            marks: HashSet::default(),
            refused: 0,
        }
    }

    /// First round: fetches where the search for each node begins.
    pub(crate) fn fetch_index(&self, sought: &Sought) {
        self.concerned(sought).for_each(|(forest, _)| forest.fetch_index(&sought.keys));
    }

    /// Second round: finds where each node most likely stands.
    pub(crate) fn locate(&self, sought: &mut Sought) {
        let generation = sought.generation();
        for (forest, likely) in self.forests.iter().zip(&mut sought.likely) {
            *likely = match forest.generation <= generation {
                true => forest.locate(&sought.keys),
                false => Likely::default(),
            };
        }
    }

    /// Third round: reads the nodes.
    pub(crate) fn touch(&self, sought: &Sought) -> u64 {
        self.concerned(sought).fold(0, |near, (forest, likely)| near ^ forest.touch(likely))
    }

    /// Fourth round: reads what the nodes lead to.
    pub(crate) fn touch_roots(&self, sought: &Sought) -> u64 {
        let touch = |(forest, likely): (&Forest, _)| forest.touch_roots(&sought.keys, likely);
        self.concerned(sought).map(touch).fold(0, |near, read| near ^ read)
    }

    /// The forests that an event is recorded in, the one its question is put to among them.
    fn concerned<'a>(
        &'a self,
        sought: &'a Sought,
    ) -> impl Iterator<Item = (&'a Forest, &'a Likely)> {
        let generation = sought.generation();
        self.forests.iter().zip(&sought.likely).take_while(move |(f, _)| f.generation <= generation)
    }

    /// Records the links of an event; `opened_ms` is when its account was opened, where that is
    /// known. Without an account there is nothing to link.
    pub(crate) fn record(&mut self, sought: &Sought, opened_ms: Option<i64>) {
        let Some(account) = sought.account() else { return };
        self.advance(sought.at_ms);
        let generation = sought.generation();
        let forests = self.forests.iter_mut().take_while(|f| f.generation <= generation);
        for (forest, likely) in forests.zip(&sought.likely) {
            let nodes = (&sought.keys, likely);
            self.refused += forest.record(account, nodes, opened_ms, &self.marks);
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

    /// Answers for an event as if its links were there already.
    pub(crate) fn read(&self, sought: &Sought) -> Reading {
        let Some(account) = sought.account() else { return Reading::UNKNOWN };
        let generation = sought.generation() - STEPS_BACK;
        let oldest = self.forests.front().map_or(generation, |forest| forest.generation);
        let Ok(index) = usize::try_from(generation - oldest) else { return Reading::UNKNOWN };
        match self.forests.get(index) {
            Some(forest) => {
                forest.read(account, (&sought.keys, &sought.likely[index]), &self.marks)
            }
            // It would open now.
            None => Reading::of_stranger(self.marks.contains(&account)),
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
            self.forests.pop_front();
        }
        let next = self.forests.back().map_or(first, |forest| forest.generation + 1);
        for generation in next..=at_ms.div_euclid(STEP_MS) {
            let nodes_max = self.entities_max;
            self.forests.push_back(Forest { generation, nodes_max, ..Forest::default() });
        }
    }
}

impl Forest {
    fn fetch_index(&self, keys: &Keys) {
        for (kind, key) in keys.iter().enumerate() {
            key.iter().for_each(|key| self.index.fetch(spread(kind, *key)));
        }
    }

    fn locate(&self, keys: &Keys) -> Likely {
        let mut likely = Likely::default();
        for (kind, key) in keys.iter().enumerate() {
            likely[kind] = key.and_then(|key| self.index.likely(spread(kind, key))).map(Node);
        }
        likely
    }

    fn touch(&self, likely: &Likely) -> u64 {
        let touch = |node: &Node| match node.is_item() {
            true => self.items[node.index()].key,
            false => self.accounts[node.index()].key,
        };
        likely.iter().flatten().map(touch).fold(0, |near, read| near ^ read)
    }

    fn touch_roots(&self, keys: &Keys, likely: &Likely) -> u64 {
        let sums = |account: u32| self.sums(self.root(account)).accounts;
        let [own, items @ ..] = likely;
        let own = own.filter(|node| !node.is_item()).map(|node| node.index() as u32);
        let mut near = own.map_or(0, sums);
        let mut may_link = false;
        for (item, key) in items.iter().zip(&keys[1..]) {
            let accounts =
                item.filter(|node| node.is_item()).map(|n| self.items[n.index()].accounts);
            // What an account brought into the forest itself asks for nothing else.
            if let Some(accounts) = accounts
                && own != Some(accounts.first)
            {
                near ^= sums(accounts.first) ^ self.lists.touch(&accounts);
                may_link = true;
            }
            may_link |= accounts.is_none() && key.is_some();
        }
        if let Some(own) = own
            && may_link
        {
            near ^= self.lists.touch(&self.accounts[own as usize].items);
        }
        u64::from(near)
    }

    /// Records an event's links; says how many nodes and links were turned away.
    fn record(
        &mut self,
        key: u64,
        nodes: (&Keys, &Likely),
        opened_ms: Option<i64>,
        marks: &Marks,
    ) -> u64 {
        let [own, items @ ..] = self.find_all(nodes);
        let Some(account) = own.or_else(|| self.add_account(key, marks)) else { return 1 };
        if let Some(opened_ms) = opened_ms
            && !self.accounts[account as usize].is_opened
        {
            self.accounts[account as usize].is_opened = true;
            let root = self.find(account);
            self.accounts[root as usize].sums.add_opening(opened_ms);
        }
        let mut refused = 0;
        for (kind, (key, item)) in (ACCOUNT + 1..).zip(nodes.0[1..].iter().zip(items)) {
            let Some(key) = *key else { continue };
            let has_room = match item {
                Some(item) => self.link(account, item),
                None => self.add_item(kind, key, account),
            };
            refused += u64::from(!has_room);
        }
        refused
    }

    /// Indices of an event's nodes, where they are known.
    fn find_all(&self, (keys, likely): (&Keys, &Likely)) -> [Option<u32>; KINDS] {
        let mut found = [None; KINDS];
        for (kind, key) in keys.iter().enumerate() {
            found[kind] = key.and_then(|key| self.find_node(kind, key, likely[kind]));
        }
        found
    }

    /// Index of the node with this key, `likely` it.
    fn find_node(&self, kind: usize, key: u64, likely: Option<Node>) -> Option<u32> {
        let has_key = |node: Node| match node.is_item() {
            true => self
                .items
                .get(node.index())
                .is_some_and(|item| item.key == key && usize::from(item.kind) == kind),
            false => {
                kind == ACCOUNT
                    && self.accounts.get(node.index()).is_some_and(|account| account.key == key)
            }
        };
        let search =
            || self.index.find(spread(kind, key), |number| has_key(Node(number))).map(Node);
        let found = likely.filter(|node| has_key(*node)).or_else(search);
        found.map(|node| node.index() as u32)
    }

    /// Takes a new account, where there is room.
    fn add_account(&mut self, key: u64, marks: &Marks) -> Option<u32> {
        if self.nodes_max <= self.nodes() {
            self.is_full = true;
            return None;
        }
        let account = self.accounts.len() as u32;
        let is_fraud = marks.contains(&key);
        self.index.insert(spread(ACCOUNT, key), Node::account(account).0);
        let items = List::default();
        let sums = Sums { accounts: 1, fraud: u32::from(is_fraud), ..Sums::default() };
        let parent = account;
        self.accounts.push(Account { key, parent, items, is_fraud, is_opened: false, sums });
        Some(account)
    }

    /// Takes a new item with its first link; says whether there was room for that.
    fn add_item(&mut self, kind: usize, key: u64, account: u32) -> bool {
        if self.nodes_max <= self.nodes() || !self.has_room_for_link() {
            self.is_full = true;
            return false;
        }
        let item = self.items.len() as u32;
        self.index.insert(spread(kind, key), Node::item(item).0);
        self.items.push(Item { key, accounts: List::default(), kind: kind as u8 });
        self.add_link(account, item);
        true
    }

    /// Links an account with an item, unless it is already or the item is a hub; says whether
    /// there was room for that.
    fn link(&mut self, account: u32, item: u32) -> bool {
        let accounts = self.items[item as usize].accounts;
        if self.is_linked(account, item) || HUB <= accounts.len {
            return true;
        }
        if !self.has_room_for_link() {
            return false;
        }
        self.add_link(account, item);
        self.union(accounts.first, account);
        true
    }

    fn add_link(&mut self, account: u32, item: u32) {
        self.lists.push(&mut self.items[item as usize].accounts, account);
        let listed = &mut self.accounts[account as usize].items;
        if listed.len < LISTED {
            self.lists.push(listed, item);
        }
    }

    fn has_room_for_link(&self) -> bool {
        self.lists.chunks.len() + 2 <= self.nodes_max.max(2)
    }

    fn mark(&mut self, key: u64) {
        let Some(account) = self.find_node(ACCOUNT, key, None) else { return };
        let known = &mut self.accounts[account as usize].is_fraud;
        if !std::mem::replace(known, true) {
            let root = self.find(account);
            self.accounts[root as usize].sums.fraud += 1;
        }
    }

    fn read(&self, key: u64, nodes: (&Keys, &Likely), marks: &Marks) -> Reading {
        let found = self.find_all(nodes);
        let is_strange =
            |(index, key): (&Option<u32>, &Option<u64>)| index.is_none() && key.is_some();
        if self.is_full && found.iter().zip(nodes.0).any(is_strange) {
            return Reading::UNKNOWN;
        }
        let [own, items @ ..] = found;
        let mut total = Sums::default();
        let mut roots = [u32::MAX; KINDS];
        match own {
            Some(own) => {
                roots[ACCOUNT] = self.root(own);
                total = *self.sums(roots[ACCOUNT]);
            }
            None => {
                total.accounts = 1;
                total.fraud = u32::from(marks.contains(&key));
            }
        }
        for (root, item) in (ACCOUNT + 1..).zip(items) {
            let Some(item) = item else { continue };
            let of_item = self.root(self.items[item as usize].accounts.first);
            if !roots.contains(&of_item) && !self.is_closed(own, item) {
                total.join(self.sums(of_item));
                roots[root] = of_item;
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
    fn fraud_two_steps(&self, own: Option<u32>, items: &[Option<u32>], others: u32) -> u32 {
        let mut walk = Walk::new();
        if let Some(own) = own {
            walk.visit(Node::account(own));
        }
        let mut from = walk.len;
        for item in items.iter().flatten().filter(|item| !self.is_closed(own, **item)) {
            walk.visit(Node::item(*item));
        }
        if let Some(own) = own {
            let listed = &self.accounts[own as usize].items;
            self.lists.iter(listed).for_each(|item| _ = walk.visit(Node::item(item)));
        }
        let mut found = 0;
        // From items to accounts, to their items, to the accounts of these.
        for _ in 0..3 {
            let to = walk.len;
            for at in from..to {
                let node = walk.nodes[at];
                let (index, is_item) = (node.index(), node.is_item());
                let list = match is_item {
                    true => &self.items[index].accounts,
                    false => &self.accounts[index].items,
                };
                for next in self.lists.iter(list) {
                    let fresh =
                        walk.visit(if is_item { Node::account(next) } else { Node::item(next) });
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

    /// Whether the account is linked with the item: one of its first account or of the shorter
    /// list. An account's list may lack some, an item's does not.
    fn is_linked(&self, account: u32, item: u32) -> bool {
        let accounts = &self.items[item as usize].accounts;
        if accounts.first == account {
            return true;
        }
        let items = &self.accounts[account as usize].items;
        match items.len < LISTED && items.len <= accounts.len {
            true => self.lists.iter(items).any(|listed| listed == item),
            false => self.lists.iter(accounts).any(|linked| linked == account),
        }
    }

    /// Whether the item is a hub that the account is not linked with: its link would join nothing.
    fn is_closed(&self, account: Option<u32>, item: u32) -> bool {
        HUB <= self.items[item as usize].accounts.len
            && !account.is_some_and(|account| self.is_linked(account, item))
    }

    fn union(&mut self, a: u32, b: u32) {
        let (mut large, mut small) = (self.find(a), self.find(b));
        if large == small {
            return;
        }
        if self.sums(large).accounts < self.sums(small).accounts {
            std::mem::swap(&mut large, &mut small);
        }
        self.accounts[small as usize].parent = large;
        let sums = *self.sums(small);
        self.accounts[large as usize].sums.join(&sums);
    }

    /// The root of an account's component; halves the path to it.
    fn find(&mut self, mut account: u32) -> u32 {
        loop {
            let parent = self.accounts[account as usize].parent;
            if parent == account {
                return account;
            }
            let above = self.accounts[parent as usize].parent;
            self.accounts[account as usize].parent = above;
            account = above;
        }
    }

    /// The root of an account's component.
    fn root(&self, mut account: u32) -> u32 {
        loop {
            let parent = self.accounts[account as usize].parent;
            if parent == account {
                return account;
            }
            account = parent;
        }
    }

    fn sums(&self, root: u32) -> &Sums {
        &self.accounts[root as usize].sums
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
#[repr(Rust, packed)]
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

const _: () = assert!(size_of::<Chunk>() == 32 && size_of::<List>() == 10);

/// What lists share.
#[derive(Debug, Default)]
struct Lists {
    chunks: Shelves<Chunk>,
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

    /// Reads the newest chunk of a list, to have it near.
    fn touch(&self, list: &List) -> u32 {
        self.chunks.get(list.more as usize).map_or(0, |chunk| chunk.older)
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

/// A vector that copies nothing when it grows: it would keep the payments of that moment waiting.
#[derive(Debug)]
struct Shelves<T> {
    /// All full but the last.
    shelves: Vec<Vec<T>>,
}

/// Places of a shelf.
const SHELF: usize = 1 << 14;

impl<T> Default for Shelves<T> {
    fn default() -> Shelves<T> {
        Shelves { shelves: Vec::new() }
    }
}

impl<T> Shelves<T> {
    fn len(&self) -> usize {
        self.shelves.last().map_or(0, |last| (self.shelves.len() - 1) * SHELF + last.len())
    }

    fn get(&self, index: usize) -> Option<&T> {
        self.shelves.get(index / SHELF)?.get(index % SHELF)
    }

    fn push(&mut self, value: T) {
        match self.shelves.last_mut().filter(|last| last.len() < SHELF) {
            Some(last) => last.push(value),
            None => {
                let mut shelf = Vec::with_capacity(SHELF);
                shelf.push(value);
                self.shelves.push(shelf);
            }
        }
    }
}

impl<T> std::ops::Index<usize> for Shelves<T> {
    type Output = T;

    fn index(&self, index: usize) -> &T {
        &self.shelves[index / SHELF][index % SHELF]
    }
}

impl<T> std::ops::IndexMut<usize> for Shelves<T> {
    fn index_mut(&mut self, index: usize) -> &mut T {
        &mut self.shelves[index / SHELF][index % SHELF]
    }
}

/// The nodes that a walk has visited, in order.
struct Walk {
    nodes: [Node; VISITS],
    len: usize,
    /// Open addressing, at most half full: where in `nodes` a node stands, plus one.
    cells: [u16; CELLS],
}

const CELLS: usize = 1_024;

const _: () = assert!(2 * VISITS <= CELLS && CELLS.is_power_of_two());

impl Walk {
    fn new() -> Walk {
        Walk { nodes: [Node(0); VISITS], len: 0, cells: [0; CELLS] }
    }

    /// Whether the node is a new one and there was room for it.
    fn visit(&mut self, node: Node) -> bool {
        let hash = node.0.wrapping_mul(0x9E37_79B9) >> (u32::BITS - CELLS.ilog2());
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
